"""Order history: the order days of every customer, with running sums for any past day."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Bools, Floats, Ints, freeze
from abcxyz.core.sales.customer_numbers import CustomerNumbers
from abcxyz.core.sales.transactions import Transactions
from abcxyz.errors import InputError

__all__ = ["OrderHistory", "OrderHistoryCollector", "collect_orders", "day_number"]

_MIDDLE = 1 << 31  # days before and after 1970-01-01, in 32 bits
_MANY = 1 << 22  # lines after which the collected ones are reduced to days
_TABLE = 1 << 24  # cells of a table of positions by customer and day, 64 megabytes
_SPARSE = 16  # entries of a customer, on average, up to which all of them are counted
_FAR = 1 << 20  # more than any gap between two days


def day_number(day: date) -> int:
    """Return the number of days since 1970-01-01."""
    return int(np.datetime64(day, "D").astype(np.int64))


@frozen(kw_only=True)
class OrderHistory:
    """Days with sales or returns of n customers, and running sums over them.

    Parameters
    ----------
    customers
        (n,) identifiers.
    keys
        (m,) row of the customer and day, sorted: ``row << 32 | day + 2**31``, with the day counted
        from 1970-01-01.
    net
        (m,) money of the day, returns deducted.
    bought
        (m,) revenue of the day's sales alone; a day with more than 0 is an order day.
    returned
        (m,) money of the day's returns, positive.
    """

    __hash__ = None  # type: ignore[assignment]

    customers: npt.NDArray[Any] = field(eq=SAME_ARRAYS)
    keys: Ints = field(eq=SAME_ARRAYS)
    net: Floats = field(eq=SAME_ARRAYS)
    bought: Floats = field(eq=SAME_ARRAYS)
    returned: Floats = field(eq=SAME_ARRAYS)
    sums: Sums = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "sums", Sums(self))

    def __len__(self) -> int:
        return len(self.customers)

    @functools.cached_property
    def span(self) -> tuple[int, int]:
        """First and last day, counted from 1970-01-01; (0, -1) without any."""
        if not len(self.keys):
            return 0, -1
        days = (self.keys & 0xFFFFFFFF) - _MIDDLE
        return int(days.min()), int(days.max())

    @functools.cached_property
    def starts(self) -> Ints:
        """(n,) position in *keys* of each customer's first entry."""
        return np.searchsorted(self.keys, np.arange(len(self), dtype=np.int64) << 32)

    def mean_gaps(self, day: int) -> Floats:
        """Return each customer's mean days between orders before a day; NaN without a gap."""
        last, first = self.sums.orders[self.before(day)], self.sums.orders[self.starts]
        gaps = last - first - 1
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (self.sums.gap[last] - self.sums.gap[first]) / gaps
        return np.where(gaps > 0, mean, np.nan)

    def before(self, day: int) -> Ints:
        """Return for every customer the position in *keys* of the first entry from *day* on."""
        table = self._positions
        if table is not None:
            first, last = self.span
            return table[:, min(max(day, first), last + 1) - first].astype(np.int64)
        if len(self.keys) > _SPARSE * len(self):
            rows = np.arange(len(self), dtype=np.int64) << 32
            return np.searchsorted(self.keys, rows | (day + _MIDDLE))
        # Counting all entries is cheaper than a search for every customer among a few of each.
        earlier = np.zeros(len(self.keys) + 1, dtype=np.int64)
        np.cumsum(self.days < day, out=earlier[1:])
        ends = np.append(self.starts[1:], len(self.keys))
        places: Ints = self.starts + earlier[ends] - earlier[self.starts]
        return places

    @functools.cached_property
    def days(self) -> npt.NDArray[np.int32]:
        """(m,) days of the entries, counted from 1970-01-01."""
        return ((self.keys & 0xFFFFFFFF) - _MIDDLE).astype(np.int32)

    @functools.cached_property
    def _positions(self) -> npt.NDArray[np.int32] | None:
        """(n, days + 1) answers of `before`, where the table is small: many days are asked."""
        first, last = self.span
        width = last - first + 2
        if not len(self.keys) or len(self) * width > _TABLE:
            return None
        place = (self.keys >> 32) * width + ((self.keys & 0xFFFFFFFF) - _MIDDLE - first + 1)
        entries = np.zeros(len(self) * width, dtype=np.int32)
        entries[place] = 1  # of a customer and day there is one entry
        return np.cumsum(entries, dtype=np.int32).reshape(len(self), width)

    def until(self, day: int) -> OrderHistory:
        """Return the history as known before a day; customers without entries are left out."""
        earlier = (self.keys & 0xFFFFFFFF) < day + _MIDDLE
        known = np.zeros(len(self), dtype=bool)
        known[self.keys[earlier] >> 32] = True
        part = OrderHistory(
            customers=self.customers,
            keys=self.keys[earlier],
            net=self.net[earlier],
            bought=self.bought[earlier],
            returned=self.returned[earlier],
        )
        return part if known.all() else part.take(np.flatnonzero(known))

    def take(self, rows: Ints) -> OrderHistory:
        """Select customers by their rows, ascending."""
        place = np.full(len(self), -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        owner = place[self.keys >> 32]
        chosen = owner >= 0
        return OrderHistory(
            customers=self.customers[rows],
            keys=(owner[chosen] << 32) | (self.keys[chosen] & 0xFFFFFFFF),
            net=self.net[chosen],
            bought=self.bought[chosen],
            returned=self.returned[chosen],
        )


class Sums:
    """Running sums over the entries of a history; entry *i* is the sum of the first *i*.

    Attributes
    ----------
    net, bought, returned
        (m + 1,) running sums of money.
    orders
        (m + 1,) running number of order days; positions in the attributes below.
    day
        (k,) the order days.
    gap, gap_square
        (k + 1,) running sums over the gap before each order day, 0 for a customer's first.
    longest
        (k,) the customer's longest gap up to each order day.
    money
        (k,) revenue of each order day.
    """

    def __init__(self, history: OrderHistory) -> None:
        money = (history.net, history.bought, history.returned)
        self.net, self.bought, self.returned = _each(_running, money)
        is_order = history.bought > 0
        self.orders: Ints = np.zeros(len(is_order) + 1, dtype=np.int64)
        np.cumsum(is_order, out=self.orders[1:])
        keys, self.money = history.keys, history.bought
        if not is_order.all():
            keys, self.money = keys[is_order], self.money[is_order]
        owner = keys >> 32
        self.day: Ints = (keys & 0xFFFFFFFF) - _MIDDLE
        gap = np.zeros(len(owner))
        gap[1:] = np.where(owner[1:] == owner[:-1], self.day[1:] - self.day[:-1], 0)
        self.gap, self.gap_square = _running(gap), _running(gap * gap)
        # The running maximum within a customer: each customer's gaps exceed those before.
        raised = owner * _FAR
        self.longest: Floats = np.maximum.accumulate(raised + gap) - raised


def _running(values: Floats) -> Floats:
    sums = np.zeros(len(values) + 1)
    np.cumsum(values, out=sums[1:])
    return sums


def _each(work: Callable[[Floats], Floats], money: Iterable[Floats]) -> list[Floats]:
    """Apply a function to arrays: once to one that stands in several places."""
    done: dict[int, Floats] = {}
    return [done[id(one)] if id(one) in done else done.setdefault(id(one), work(one))
            for one in money]  # fmt: skip


Money = Sequence[Floats]
"""Net money, revenue of sales alone, and money of returns, of the same entries."""


class OrderHistoryCollector:
    """Collector of the order days of every customer, one batch of sales at a time.

    Memory is 32 bytes per customer and day with a sale or a return.

    Parameters
    ----------
    metric
        What the money of a day is: ``profit`` (amounts less cost), or else the revenue.
    until
        Sales from this day on are ignored; None for all.
    since
        Sales before this day are ignored; None for all.
    """

    def __init__(
        self,
        metric: str = "revenue",
        until: date | None = None,
        *,
        since: date | None = None,
    ) -> None:
        self._metric = metric
        self._since, self._until = since, until
        self._labels: npt.NDArray[Any] | None = None
        self._coder = CustomerNumbers(1)
        self._parts: list[tuple[Ints, Money]] = []
        self._loose = 0

    def name(self, labels: npt.NDArray[Any]) -> None:
        """Set the identifiers of customers that were added as positions in *labels*."""
        self._labels = labels

    def watch(self, sales: Transactions | Iterable[Transactions]) -> Iterator[Transactions]:
        """Yield the batches unchanged, and add each."""
        for batch in [sales] if isinstance(sales, Transactions) else sales:
            self.add(batch)
            yield batch

    def add(self, batch: Transactions) -> None:
        """Add a batch of sales."""
        for limit, sign in ((self._since, 1), (self._until, -1)):
            if limit is not None:
                away = (batch.day - np.datetime64(limit)).astype(np.int64)
                inside = away >= 0 if sign > 0 else away < 0
                batch = batch if inside.all() else batch.take(inside)
        if not len(batch):
            return
        code, low, shift = self._coder.code(batch)
        if shift:
            self._parts = [(keys + (shift << 32), money) for keys, money in self._parts]
        keys = (code.astype(np.int64) - low) << 32
        keys += batch.day.astype(np.int64) + _MIDDLE
        amount = np.asarray(batch.amount, dtype=np.float64)
        net = amount
        if self._metric == "profit":
            if batch.cost is None:
                raise InputError(
                    "the metric profit needs the cost of each sale; give the transactions a cost"
                )
            net = amount - batch.cost
        bought, returned = amount, np.zeros(len(amount))
        if (amount < 0).any():
            bought, returned = np.maximum(amount, 0.0), np.maximum(-amount, 0.0)
        # Sorted when many are there: a batch for itself would be sorted twice.
        self._parts.append((keys, (net, bought, returned)))
        self._loose += len(keys)
        if self._loose > _MANY:
            self._reduce()

    def _reduce(self) -> None:
        keys = np.concatenate([np.zeros(0, np.int64), *(one for one, _ in self._parts)])
        money = [np.zeros(0), np.zeros(0), np.zeros(0)]
        for place, first in enumerate(money):
            money[place] = np.concatenate([first, *(one[place] for _, one in self._parts)])
        if all(net is bought for _, (net, bought, _) in self._parts):
            money[1] = money[0]
        self._parts = [_by_day(keys, money)]
        self._loose = 0

    def close(self) -> OrderHistory:
        """Return the history of all customers added."""
        self._reduce()
        keys, money = self._parts[0]
        known: Bools = np.zeros(self._coder.size, dtype=bool)
        known[keys >> 32] = True
        if not known.all():
            row = np.cumsum(known) - 1
            keys = (row[keys >> 32] << 32) | (keys & 0xFFFFFFFF)
        net, bought, returned = _each(freeze, money)
        customers = self._coder.customers(known)
        return OrderHistory(
            customers=freeze(customers if self._labels is None else self._labels[customers]),
            keys=freeze(keys),
            net=net,
            bought=bought,
            returned=returned,
        )


def _by_day(keys: Ints, money: Money) -> tuple[Ints, Money]:
    """Add up the money of entries with equal keys, and sort by key."""
    if not len(keys):
        return keys, money
    if (keys[1:] < keys[:-1]).any():
        order = _order(keys)
        keys, money = keys[order], _each(lambda one: one[order] if one.any() else one, money)
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    if len(starts) == len(keys):
        return keys, money
    return keys[starts], _each(lambda one: np.add.reduceat(one, starts), money)


def _order(keys: Ints) -> Ints:
    """Return the places of keys in ascending order; equal ones stand as they came.

    Numbers that hold a key and its place are sorted several times as fast as places by keys.
    """
    row, day = keys >> 32, keys & 0xFFFFFFFF
    first = int(day.min())
    width, bits = int(day.max()) - first + 1, len(keys).bit_length()
    if (int(row.max()) + 1) * width >= 1 << (63 - bits):
        return np.argsort(keys, kind="stable")
    packed: Ints = ((row * width + (day - first)) << bits) | np.arange(len(keys))
    packed.sort()
    return packed & ((1 << bits) - 1)


def collect_orders(
    sales: Transactions | Iterable[Transactions],
    *,
    until: date | None = None,
    metric: str = "revenue",
) -> OrderHistory:
    """Return the order history of sales, at once or in batches.

    Examples
    --------
    >>> sales = Transactions(["a", "a", "b"], [date(2026, 1, 5), date(2026, 2, 5),
    ...                      date(2026, 2, 9)], [50, 50, 10])
    >>> history = collect_orders(sales)
    >>> history.customers.tolist(), history.bought.tolist()
    (['a', 'b'], [50.0, 50.0, 10.0])
    """
    collector = OrderHistoryCollector(metric, until)
    for _ in collector.watch(sales):
        pass
    return collector.close()
