"""Records shared by both routes: checked rows, and sums per customer."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import define, field, frozen

from abcxyz._arrays import Ints, Numbers
from abcxyz.core.sales.calendar import Periods
from abcxyz.core.sales.rhythm import OrderDays, Rhythm
from abcxyz.errors import InputError

__all__ = [
    "NAT",
    "NEVER",
    "OrderRows",
    "RowSums",
    "Rows",
    "is_stretched",
    "no_date",
    "origin_of",
    "window_places",
]

NAT = np.iinfo(np.int64).min
"""Value of a missing time."""

NEVER = np.iinfo(np.int32)
"""Its limits mark a missing first (`max`) or last (`min`) day."""


@frozen(eq=False)
class Rows:
    """Checked columns; *money* is aggregated, the sign of *amount* distinguishes sales."""

    ids: Any
    ticks: Ints
    per_day: int
    money: Numbers
    amount: Numbers


@define
class OrderRows:
    """Sales for the order rhythm: code of the customer, and day from the first bucket on."""

    code: npt.NDArray[Any] = field(factory=lambda: np.empty(0, np.int64))
    place: npt.NDArray[Any] = field(factory=lambda: np.empty(0, np.int64))

    def rhythm(self, order: npt.NDArray[Any] | None, customers: int) -> Rhythm:
        """Return the gaps between order days of the customers, sorted by *order*."""
        code = self.code
        if order is not None:
            ranks = np.empty(customers, np.int64)
            ranks[order] = np.arange(customers)
            code = ranks[code]
        collected = OrderDays()
        collected.add(code.astype(np.intp, copy=False), self.place.astype(np.int64, copy=False))
        return collected.close(np.ones(customers, np.bool_))


@frozen(eq=False)
class RowSums:
    """Sums per customer; *rank* is the sort key.

    Bits of *seen*: 1 for a row in a bucket, 2 for a row in the window.
    """

    customers: npt.NDArray[Any]
    rank: npt.NDArray[Any] | None
    value: Numbers
    sales: Numbers
    orders: Ints
    first: npt.NDArray[np.int32]
    last: npt.NDArray[np.int32]
    seen: npt.NDArray[np.uint8]


def is_stretched(periods: Periods) -> bool:
    """Return whether the buckets extend beyond the window."""
    return periods.span != periods.window


def window_places(periods: Periods) -> tuple[int, int]:
    """Return the start and end of the window, in days from the start of the first bucket."""
    start = periods.edges[0]
    return (periods.window.since - start).days, (periods.window.until - start).days


def origin_of(periods: Periods) -> int:
    """Return the first day of the first bucket, in days from 1970-01-01."""
    return int(np.datetime64(periods.edges[0], "D").astype(np.int64))


def no_date(count: int) -> InputError:
    """Return the error for rows without a date."""
    return InputError(
        "{name} are missing in {count} row(s); leave those rows out", name="days", count=count
    )
