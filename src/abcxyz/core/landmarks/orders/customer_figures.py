"""Figures of customers on a day, their orders and money before it: what features are made of."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Codes, Floats, Ints
from abcxyz.core.landmarks.orders.order_history import OrderHistory, Sums

__all__ = ["MONEY_SPANS", "ORDER_SPANS", "SEASON", "Classes", "CustomerFigures", "figures_of"]

MONEY_SPANS = (90, 180, 365)
"""Days before the day over which money is added up."""

ORDER_SPANS = (30, 60, 90, 120, 150, 180, 365)
"""Days before the day over which order days are counted."""

SEASON = 365
"""Days after which the season is the same."""

Classes = tuple[Codes, Floats, float]
"""(n,) class codes, (n,) values, and the value from which a customer is of class A."""


@frozen(kw_only=True, eq=False)
class CustomerFigures:
    """What was known of n customers before a day.

    Parameters
    ----------
    day
        The day, counted from 1970-01-01.
    known
        (n,) whether the customer had ordered.
    count, silence, tenure
        (n,) number of order days, days since the last and since the first of them; NaN for the
        days without one.
    squares, longest
        (n,) sum of the squares of the gaps between order days, and the longest gap.
    orders
        Days of `ORDER_SPANS` -> (n,) order days within them.
    season
        (n,) order days within the horizon, a year ago.
    bought
        Days of `MONEY_SPANS` -> (n,) money of sales within them.
    total, last_money
        (n,) money of all sales, and of those of the last order day.
    returned, net_year
        (n,) money of returns within 180 days, and money of a year, returns deducted.
    classes, earlier
        Classes by the value over the window of the settings, and (n,) those 90 days before.
    """

    day: int
    known: Bools
    count: Floats
    silence: Floats
    tenure: Floats
    squares: Floats
    longest: Floats
    orders: Mapping[int, Floats]
    season: Floats
    bought: Mapping[int, Floats]
    total: Floats
    last_money: Floats
    returned: Floats
    net_year: Floats
    classes: Classes
    earlier: Codes


def figures_of(
    history: OrderHistory, day: int, horizon: int, classes: Classes, earlier: Codes
) -> CustomerFigures:
    """Return the figures of the customers of a history on any day.

    Parameters
    ----------
    horizon
        Days of the season.
    classes, earlier
        As in `CustomerFigures`.
    """
    sums = history.sums
    entries: dict[int, Ints] = {}

    def at(days: int) -> Ints:
        if days not in entries:
            entries[days] = history.before(day - days)
        return entries[days]

    now, start = at(0), history.starts
    last, first = sums.orders[now], sums.orders[start]
    count = (last - first).astype(np.float64)
    known = count > 0
    latest, earliest, longest, last_money = _ends(sums, first, last)

    def orders(since: int, until: int = 0) -> Floats:
        return (sums.orders[at(until)] - sums.orders[at(since)]).astype(np.float64)

    return CustomerFigures(
        day=day,
        known=known,
        count=count,
        silence=np.where(known, day - latest, np.nan),
        tenure=np.where(known, day - earliest, np.nan),
        squares=sums.gap_square[last] - sums.gap_square[first],
        longest=longest,
        orders={days: orders(days) for days in ORDER_SPANS},
        season=orders(SEASON, SEASON - horizon),
        bought={days: sums.bought[now] - sums.bought[at(days)] for days in MONEY_SPANS},
        total=sums.bought[now] - sums.bought[start],
        last_money=last_money,
        returned=sums.returned[now] - sums.returned[at(180)],
        net_year=sums.net[now] - sums.net[at(365)],
        classes=classes,
        earlier=earlier,
    )


def _ends(sums: Sums, first: Ints, last: Ints) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the last and first order day, the longest gap and the money of the last order.

    Of customers without an order the figures of another, which are masked.
    """
    if not len(sums.day):
        nothing = np.zeros(len(first))
        return nothing, nothing, nothing, nothing
    latest, earliest = np.maximum(last - 1, 0), np.minimum(first, len(sums.day) - 1)
    days = sums.day.astype(np.float64)
    return days[latest], days[earliest], sums.longest[latest], sums.money[latest]
