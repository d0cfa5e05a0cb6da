"""Running sums per customer and bucket over batches of transactions."""

from __future__ import annotations

import itertools
from collections import defaultdict
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Bools, Days, Ints, Numbers, freeze
from abcxyz.core.sales.calendar import Periods
from abcxyz.core.sales.documents import Documents
from abcxyz.core.sales.rhythm import OrderDays
from abcxyz.core.sales.transactions import Transactions
from abcxyz.errors import InputError

__all__ = ["CustomerNumbers", "RunningSums", "with_gaps"]

_CHUNK = 1 << 17  # rows whose codes stay in the CPU cache between passes
_SMALL = 1 << 16  # a range of ids up to this size always counts as compact
_DENSE, _LOOSE = 4, 16  # ids per line of a batch, for a table of any size and for one in _ROOM
_ROOM = 1 << 30  # bytes
_EMPTY = MappingProxyType({"first": np.iinfo(np.int32).max, "last": np.iinfo(np.int32).min})


class CustomerNumbers:
    """Row numbers of customers: the id minus the smallest id if ids are compact.

    Parameters
    ----------
    buckets
        Columns of the table of sums. They limit how many unused numbers are affordable, since
        the first batch of a stream contains only a part of the customers.
    """

    def __init__(self, buckets: int) -> None:
        self._room = _ROOM // (8 * buckets)
        self._low, self._high = 0, -1
        self._codes: defaultdict[Any, int] | None = None

    @property
    def size(self) -> int:
        """Number of rows assigned."""
        return self._high - self._low + 1 if self._codes is None else len(self._codes)

    def code(self, customers: npt.NDArray[Any]) -> tuple[npt.NDArray[np.intp], int]:
        """Return the row numbers of a batch, and by how much earlier numbers shift up."""
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
            # A missing key gets the next number.
            self._codes = defaultdict()
            self._codes.default_factory = self._codes.__len__
            for one in range(self._low, self._high + 1):
                self._codes[one]
        number = self._codes.__getitem__
        return np.fromiter(map(number, customers.tolist()), np.intp, len(customers)), 0

    def customers(self, known: Bools) -> npt.NDArray[Any]:
        """Return the identifiers of the *known* row numbers."""
        if self._codes is None:
            return np.flatnonzero(known) + self._low
        keys = list(itertools.compress(self._codes, known.tolist()))
        if all(isinstance(key, int) for key in keys):
            return np.array(keys)
        ids = np.empty(len(keys), dtype=object)
        ids[:] = keys
        return ids


class RunningSums:
    """Running sums of one metric.

    Parameters
    ----------
    periods
        The window and its buckets.
    metric
        What is added up: a metric of `Panel`, or ``lines``.
    order_days
        Collector of the order days; None to skip them.
    document_spans_days
        As in `abcxyz.core.sales.panel.aggregate`.
    """

    def __init__(
        self,
        periods: Periods,
        metric: str,
        order_days: OrderDays | None,
        *,
        document_spans_days: bool = False,
    ) -> None:
        self._periods, self._metric, self._order_days = periods, metric, order_days
        self._lookup = periods.lookup.astype(np.intp)
        start = periods.edges[0]
        self._origin = np.datetime64(start, "D").astype(np.int64)
        self._window = (periods.window.since - start).days, (periods.window.until - start).days
        self._stretched = self._window != (0, len(self._lookup))
        self._documents = Documents(self._lookup, self._window, spans_days=document_spans_days)
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
        """Add a batch whose customers have the row numbers *code*, all below *size*."""
        money = self._money(batch)
        self._grow(size, shift, money.dtype)
        by_line = batch.document is None or self._metric == "lines"
        ticks = batch.day.view(np.int64) if batch.day.dtype == "M8[D]" else batch.day.astype(int)
        if shift:
            # Also for a batch without documents: earlier batches may have had them.
            self._documents.shift(shift)
        if batch.document is not None and not by_line:
            self._documents.add(code, batch.document, ticks - self._origin, batch.amount)
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
        # Spare room limits the cost of copying; the first batch is allocated exactly.
        used = len(arrays["known"])
        room = size + (size >> 3) if used else size
        for name, old in arrays.items():
            width = p if name == "grid" else 1
            # The pages of zeros() are not allocated until written; full() would write them.
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

    def close(self, coder: CustomerNumbers) -> dict[str, Any]:
        """Return the fields of the panel; unused row numbers are removed."""
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
        return {
            "customers": freeze(customers),
            "periods": self._periods,
            "metric": self._metric,
            "value": freeze(with_gaps(value, inside)),
            "sales": freeze(with_gaps(grid, spanned)),
            "orders": freeze(orders),
            "first_day": freeze(self._days(first, _EMPTY["first"])),
            "last_day": freeze(self._days(last, _EMPTY["last"])),
            "rhythm": rhythm,
        }

    def _days(self, place: npt.NDArray[np.int32], empty: int) -> Days:
        days = (place + self._origin).astype("M8[D]")
        days[place == empty] = np.datetime64("NaT", "D")
        return days


def _squeeze(array: npt.NDArray[Any], known: Bools) -> npt.NDArray[Any]:
    """Compact the known rows in place: a copy of the table would double the memory."""
    end = 0
    for start in range(0, len(array), _CHUNK):
        rows = slice(start, start + _CHUNK)
        part = array[rows][known[rows]]
        array[end : end + len(part)] = part
        end += len(part)
    return array[:end]


def with_gaps(money: Numbers, present: Bools) -> Numbers:
    """Put NaN where nothing was sold; integers stay integers if all customers have sales."""
    if present.all():
        return money
    money = money.astype(np.float64)
    money[~present] = np.nan
    return money
