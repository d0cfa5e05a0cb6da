"""Customers by periods: batches of transactions added up, without holding them all."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Bools, Days, Ints, Numbers, freeze
from abcxyz.core.display import html_table
from abcxyz.core.sales.calendar import Periods
from abcxyz.core.sales.documents import Documents
from abcxyz.core.sales.rhythm import OrderDays, Rhythm
from abcxyz.core.sales.transactions import Transactions
from abcxyz.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["METRICS", "Panel", "aggregate", "aggregate_all", "with_gaps"]

METRICS = ("revenue", "profit", "count")
"""What a customer's value may be: money, money less cost, or sales documents."""

_CHUNK = 1 << 17  # rows whose codes stay in the cache between several passes
_SMALL = 1 << 16  # a range of ids that is taken for compact however few appear
_DENSE, _LOOSE = 4, 16  # ids per line of a batch, for a table of any size and for one in _ROOM
_ROOM = 1 << 30  # bytes
_EMPTY = MappingProxyType({"first": np.iinfo(np.int32).max, "last": np.iinfo(np.int32).min})


@frozen(kw_only=True)
class Panel:
    """A table of n customers by p buckets, known as panel data.

    Parameters
    ----------
    customers
        (n,) identifiers, each once: whole numbers ascending, others in order of appearance.
    periods
        The window and its buckets.
    metric
        What was added up, one of `METRICS`.
    value
        (n,) the metric over the window; NaN without sales in it.
    sales
        (n, p) the metric per bucket; a row of NaN without sales in any.
    orders
        (n,) sales documents in the window; a return is none.
    first_day, last_day
        (n,) days of the first and the last sale that was read, returns apart; NaT without one.
    rhythm
        Gaps between the order days that were read, where they were asked for.
    """

    customers: npt.NDArray[Any] = field(eq=SAME_ARRAYS)
    periods: Periods
    metric: str
    value: Numbers = field(eq=SAME_ARRAYS)
    sales: Numbers = field(eq=SAME_ARRAYS)
    orders: Ints = field(eq=SAME_ARRAYS)
    first_day: Days = field(eq=SAME_ARRAYS)
    last_day: Days = field(eq=SAME_ARRAYS)
    rhythm: Rhythm | None = None

    def __len__(self) -> int:
        return len(self.customers)

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame, one row per customer, one column per bucket's first day."""
        import pandas as pd

        buckets = [day.isoformat() for day in self.periods.edges[:-1]]
        frame = pd.DataFrame(self.sales, columns=buckets)
        frame.insert(0, "customer", self.customers)
        return frame.assign(
            value=self.value, orders=self.orders, first_day=self.first_day, last_day=self.last_day
        )

    def _repr_html_(self) -> str:
        heads = ("customers", "window", "buckets", "metric", "orders")
        row = (
            f"{len(self):,}",
            str(self.periods.window),
            f"{self.periods.count} ({self.periods.bucket})",
            self.metric,
            f"{int(self.orders.sum()):,}",
        )
        return html_table("Panel", heads, [row])


def aggregate(
    batches: Iterable[Transactions],
    periods: Periods,
    *,
    metric: str = "revenue",
    rhythm: bool = False,
) -> Panel:
    """Add up sales per customer and bucket, one batch at a time.

    Parameters
    ----------
    batches
        Sales in any order. Lines outside the buckets add nothing, but their customers are known.
    periods
        The window and its buckets.
    metric
        ``revenue``: amounts. ``profit``: amounts less cost. ``count``: sales documents, where
        one whose lines add up to less than zero is a return and counts 0; lines without a
        document are one each.
    rhythm
        Also keep the gaps between each customer's order days, which tell who is late; 8 bytes
        more per order day.

    Returns
    -------
    Panel

    Raises
    ------
    InputError
        Unknown metric, no cost for the profit, integers that add up beyond 64 bits.

    Notes
    -----
    Memory is bounded by customers x buckets, and by 32 bytes per document where documents are
    given: their lines may lie in different batches. Whole-number ids with gaps take the place of
    the gaps as well, up to 4 ids per line of a batch, or 16 within 1 GiB. Integer amounts
    (kopecks) add up exactly.

    Examples
    --------
    >>> from datetime import date
    >>> sales = Transactions([7, 9, 7], [date(2026, 1, 5), date(2025, 7, 1), date(2026, 2, 5)],
    ...                      [100, 50, 25])
    >>> panel = aggregate([sales], Periods.parse("2M", date(2026, 3, 1)))
    >>> panel.customers.tolist(), panel.value.tolist(), panel.sales.tolist()
    ([7, 9], [125.0, nan], [[100.0, 25.0], [nan, nan]])
    """
    if metric not in METRICS:
        raise InputError(
            "the metric {metric!r} is unknown; use one of {known}",
            metric=metric,
            known=", ".join(METRICS),
        )
    (panel,) = aggregate_all(batches, periods, (metric,), rhythm=rhythm)
    return panel


def aggregate_all(
    batches: Iterable[Transactions],
    periods: Periods,
    metrics: Iterable[str],
    *,
    rhythm: bool = False,
) -> tuple[Panel, ...]:
    """Add up several metrics in one pass; besides `METRICS` also ``lines``, whatever they hold.

    The rhythm is kept in the first panel. First and last days of ``lines`` are those of any line.
    """
    coder = _Coder(_ROOM // (8 * periods.count))
    order_days = OrderDays() if rhythm else None
    sums = [
        _Sums(periods, metric, order_days if place == 0 else None)
        for place, metric in enumerate(metrics)
    ]
    for batch in batches:
        if len(batch):
            code, shift = coder.code(batch.customer)
            for one in sums:
                one.add(code, coder.size, shift, batch)
    return tuple(one.panel(coder) for one in sums)


class _Coder:
    """Give every customer a number: itself less the smallest one where ids are compact.

    Parameters
    ----------
    room
        How many numbers are affordable though few of them may appear: a stream's first batch
        shows a part of the customers only.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._low, self._high = 0, -1
        self._codes: defaultdict[Any, int] | None = None

    @property
    def size(self) -> int:
        """How many numbers are given out."""
        return self._high - self._low + 1 if self._codes is None else len(self._codes)

    def code(self, customers: npt.NDArray[Any]) -> tuple[npt.NDArray[np.intp], int]:
        """Give the customers of a batch numbers; say by how much earlier numbers move up."""
        if self._codes is None and customers.dtype.kind in "iu":
            low, high = int(customers.min()), int(customers.max())
            shift = 0
            if self.size:
                low, high = min(low, self._low), max(high, self._high)
                shift = self._low - low
            lines = max(len(customers), self.size)
            loose = min(_LOOSE * lines, self._room)
            if high - low < max(_SMALL, _DENSE * lines, loose):
                self._low, self._high = low, high
                return (customers - low).astype(np.intp, copy=False), shift
        if self._codes is None:
            # A look-up that misses gives the next number.
            self._codes = defaultdict()
            self._codes.default_factory = self._codes.__len__
            for one in range(self._low, self._high + 1):
                self._codes[one]
        number = self._codes.__getitem__
        return np.fromiter(map(number, customers.tolist()), np.intp, len(customers)), 0

    def customers(self, known: Bools) -> npt.NDArray[Any]:
        """Return the identifiers of the *known* numbers."""
        if self._codes is None:
            return np.flatnonzero(known) + self._low
        keys = list(itertools.compress(self._codes, known.tolist()))
        if all(isinstance(key, int) for key in keys):
            return np.array(keys)
        found = np.empty(len(keys), dtype=object)
        found[:] = keys
        return found


class _Sums:
    """Running sums of a panel."""

    def __init__(self, periods: Periods, metric: str, order_days: OrderDays | None) -> None:
        self._periods, self._metric, self._order_days = periods, metric, order_days
        self._lookup = periods.lookup.astype(np.intp)
        start = periods.edges[0]
        self._origin = np.datetime64(start, "D").astype(np.int64)
        self._window = (periods.window.since - start).days, (periods.window.until - start).days
        self._stretched = self._window != (0, len(self._lookup))
        self._documents = Documents(self._lookup, self._window)
        self._bound = 0
        empty = np.zeros(0, np.int64)
        self._arrays: dict[str, npt.NDArray[Any]] = {
            "grid": empty,
            "value": empty,
            "known": np.zeros(0, np.bool_),
            "inside": np.zeros(0, np.bool_),
            "spanned": np.zeros(0, np.bool_),
            "orders": empty,
            "first": np.zeros(0, np.int32),
            "last": np.zeros(0, np.int32),
        }

    def add(self, code: npt.NDArray[np.intp], size: int, shift: int, batch: Transactions) -> None:
        """Add a batch whose customers carry the numbers *code* below *size*."""
        money = self._money(batch)
        self._grow(size, shift, money.dtype)
        by_line = batch.document is None or self._metric == "lines"
        if batch.document is not None and not by_line:
            if shift:
                self._documents.shift(shift)
            self._documents.add(code, batch.document, batch.day, batch.amount, self._origin)
        ticks = batch.day.view(np.int64) if batch.day.dtype == "M8[D]" else batch.day.astype(int)
        if self._order_days is not None:
            self._order_days.shift(shift)
        for at in range(0, len(code), _CHUNK):
            rows = slice(at, at + _CHUNK)
            self._add_chunk(
                code[rows],
                ticks[rows] - self._origin,
                money[rows],
                (money if self._metric == "lines" else batch.amount)[rows] >= 0,
                by_line=by_line,
            )

    def _money(self, batch: Transactions) -> Numbers:
        if self._metric == "lines":
            return np.ones(len(batch), dtype=np.int64)
        if self._metric == "count":
            return (batch.amount >= 0).view(np.int8).astype(np.int64)
        money = batch.amount
        if self._metric == "profit":
            if batch.cost is None:
                raise InputError(
                    "the metric profit needs the cost of each sale; give the transactions a cost"
                )
            money = money - batch.cost
        if money.dtype.kind == "i":
            self._bound += len(money) * max(abs(int(money.max())), abs(int(money.min())))
            if self._bound >= 2**63:
                raise InputError(
                    "{name} may add up beyond 64 bits; pass them as float64", name="amounts"
                )
        return money

    def _grow(self, size: int, shift: int, kind: np.dtype[Any]) -> None:
        arrays, p = self._arrays, self._periods.count
        if kind.kind == "f":
            for name in ("grid", "value"):
                arrays[name] = arrays[name].astype(np.float64, copy=False)
        if shift == 0 and size <= len(arrays["known"]):
            return
        # Some room to grow keeps the copying below the adding; a first batch fits exactly.
        used = len(arrays["known"])
        room = size + (size >> 3) if used else size
        for name, old in arrays.items():
            width = p if name == "grid" else 1
            # Untouched zeros cost no memory; full() would touch them.
            fresh = np.zeros(room * width, old.dtype)
            if name in _EMPTY:
                fresh.fill(_EMPTY[name])
            fresh[shift * width : (shift + used) * width] = old[: max(0, room - shift) * width]
            arrays[name] = fresh

    def _add_chunk(
        self,
        code: npt.NDArray[np.intp],
        place: Ints,
        money: Numbers,
        sale: Bools,
        *,
        by_line: bool,
    ) -> None:
        arrays = self._arrays
        day = place.astype(np.int32)
        sold = (code, day) if sale.all() else (code[sale], day[sale])
        np.minimum.at(arrays["first"], *sold)
        np.maximum.at(arrays["last"], *sold)
        if self._order_days is not None:
            self._order_days.add(*sold)
        counts = by_line or self._metric != "count"
        within = (place >= 0) & (place < len(self._lookup))
        if not within.all():
            arrays["known"][code[~within]] = True
            code, place, money, sale = code[within], place[within], money[within], sale[within]
        if counts:
            bucket = code * self._periods.count
            bucket += self._lookup[place]
            np.add.at(arrays["grid"], bucket, money)
        arrays["spanned"][code] = True
        if self._stretched:
            within = (place >= self._window[0]) & (place < self._window[1])
            code, money, sale = code[within], money[within], sale[within]
            if counts:
                np.add.at(arrays["value"], code, money)
            arrays["inside"][code] = True
        if by_line:
            np.add.at(arrays["orders"], code if sale.all() else code[sale], 1)

    def panel(self, coder: _Coder) -> Panel:
        """Close the sums; gaps between compact numbers fall out."""
        arrays, p = self._arrays, self._periods.count
        known = (arrays["known"] | arrays["spanned"])[: coder.size]
        rhythm = None if self._order_days is None else self._order_days.close(known)
        grid = arrays["grid"][: coder.size * p].reshape(-1, p)
        value, orders = arrays["value"][: coder.size], arrays["orders"][: coder.size]
        counted = self._metric == "count"
        self._documents.close(orders, grid if counted else None, value if counted else None)
        customers = coder.customers(known)
        inside, spanned, first, last = (
            arrays[name][: coder.size] for name in ("inside", "spanned", "first", "last")
        )
        if not known.all():
            grid, value, orders = (_squeeze(one, known) for one in (grid, value, orders))
            inside, spanned = inside[known], spanned[known]
            first, last = first[known], last[known]
        if not self._stretched:
            value, inside = grid.sum(axis=1), spanned
        return Panel(
            customers=freeze(customers),
            periods=self._periods,
            metric=self._metric,
            value=freeze(with_gaps(value, inside)),
            sales=freeze(with_gaps(grid, spanned)),
            orders=freeze(orders),
            first_day=freeze(self._days(first, _EMPTY["first"])),
            last_day=freeze(self._days(last, _EMPTY["last"])),
            rhythm=rhythm,
        )

    def _days(self, place: npt.NDArray[np.int32], empty: int) -> Days:
        days = (place + self._origin).astype("M8[D]")
        days[place == empty] = np.datetime64("NaT", "D")
        return days


def _squeeze(array: npt.NDArray[Any], known: Bools) -> npt.NDArray[Any]:
    """Move the known rows together in place: a copy of the table would double the memory."""
    end = 0
    for start in range(0, len(array), _CHUNK):
        rows = slice(start, start + _CHUNK)
        kept = array[rows][known[rows]]
        array[end : end + len(kept)] = kept
        end += len(kept)
    return array[:end]


def with_gaps(money: Numbers, present: Bools) -> Numbers:
    """Put NaN where nothing was sold; whole numbers stay so where nobody lacks sales."""
    if present.all():
        return money
    money = money.astype(np.float64)
    money[~present] = np.nan
    return money
