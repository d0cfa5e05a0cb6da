"""Records that the routes share: checked rows in, sums per customer out."""

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
"""A moment that is missing."""

NEVER = np.iinfo(np.int32)
"""Its ends stand for no day at all."""


@frozen(eq=False)
class Rows:
    """Checked columns; *money* is what is added up, *amount* says what is a sale."""

    ids: Any
    ticks: Ints
    per_day: int
    money: Numbers
    amount: Numbers


@define
class OrderRows:
    """Rows for the rhythm: the number of the customer, the place of the day, whether a sale."""

    code: npt.NDArray[Any] = field(factory=lambda: np.empty(0, np.int64))
    place: npt.NDArray[Any] = field(factory=lambda: np.empty(0, np.int64))

    def rhythm(self, order: npt.NDArray[Any] | None, customers: int) -> Rhythm:
        """Find the gaps of the customers, put into *order*."""
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
    """Sums per customer; *rank* orders them, *seen* is 1 for buckets and 2 for the window."""

    customers: npt.NDArray[Any]
    rank: npt.NDArray[Any] | None
    value: Numbers
    sales: Numbers
    orders: Ints
    first: npt.NDArray[np.int32]
    last: npt.NDArray[np.int32]
    seen: npt.NDArray[np.uint8]


def is_stretched(periods: Periods) -> bool:
    """Say whether the buckets reach beyond the window."""
    return periods.span != periods.window


def window_places(periods: Periods) -> tuple[int, int]:
    """Return the window as days counted from the first bucket on."""
    start = periods.edges[0]
    return (periods.window.since - start).days, (periods.window.until - start).days


def origin_of(periods: Periods) -> int:
    """Return the day on which the first bucket begins, counted from 1970 on."""
    return int(np.datetime64(periods.edges[0], "D").astype(np.int64))


def no_date(count: int) -> InputError:
    """Say that rows have no date."""
    return InputError(
        "{name} are missing in {count} row(s); leave those rows out", name="days", count=count
    )
