"""Money of calendar months before a day."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from abcxyz._arrays import Floats, Ints
from abcxyz.core.landmarks.orders.order_history import OrderHistory, day_number
from abcxyz.core.sales.calendar import period_start, shift_period

__all__ = ["MONTHS", "first_of_months", "monthly_sums"]

MONTHS = 24
"""Number of months; the last is that of the day before, up to this day."""


def first_of_months(as_of: date) -> date:
    """Return the first day of the first of the `MONTHS` months before a day.

    Examples
    --------
    >>> first_of_months(date(2026, 11, 1)), first_of_months(date(2026, 11, 2))
    (datetime.date(2024, 11, 1), datetime.date(2024, 12, 1))
    """
    last = period_start(as_of - timedelta(days=1), "month")
    return shift_period(last, "month", 1 - MONTHS)


def monthly_sums(history: OrderHistory, as_of: date, rows: Ints) -> Floats:
    """Return the (k, 24) money of the months before a day, returns deducted.

    Parameters
    ----------
    history
        Orders of n customers.
    as_of
        Sales from this day on are left out.
    rows
        (k,) rows of customers, ascending.
    """
    part = history.take(rows)
    first = first_of_months(as_of)
    starts = [day_number(shift_period(first, "month", k)) for k in range(MONTHS)]
    edges = [*starts, day_number(as_of)]
    month = np.searchsorted(edges, part.days, side="right") - 1
    inside = (month >= 0) & (month < MONTHS)
    cell = ((part.keys >> 32) * MONTHS + month)[inside]
    sums = np.bincount(cell, weights=part.net[inside], minlength=len(rows) * MONTHS)
    return sums.astype(np.float64).reshape(-1, MONTHS)
