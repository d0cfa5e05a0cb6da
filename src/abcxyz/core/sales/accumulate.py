"""Running sums per customer and bucket over batches of transactions."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Bools, Ints, Numbers, freeze
from abcxyz.core.minor_units import MINOR_PLACES, exact_money_and_size
from abcxyz.core.sales.calendar import Periods
from abcxyz.core.sales.customer_numbers import CustomerNumbers
from abcxyz.core.sales.documents import Documents
from abcxyz.core.sales.partitioned_rows import LARGE, PartitionedRows
from abcxyz.core.sales.rhythm import OrderDays
from abcxyz.core.sales.sum_tables import (
    NEVER,
    as_floats,
    dates,
    empty_facts,
    first_rows,
    grown,
    in_major_units,
    squeeze,
    with_gaps,
)
from abcxyz.core.sales.transactions import Transactions
from abcxyz.errors import InputError
from abcxyz.loops.compiled import CELL_PAYS, ROW_PAYS, loops
from abcxyz.loops.threads import run_parts, thread_count

__all__ = ["RunningSums"]

_CHUNK = 1 << 17  # rows whose codes stay in the CPU cache between passes
_EXACT_SUM = 2.0**62
_FIRST, _LAST, _ORDERS, _SEEN = range(4)
_KNOWN, _SPANNED, _INSIDE = 1, 2, 4
_THREADS = 4


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

    Notes
    -----
    Many lines are added by compiled loops if numba is installed, to the same arrays and in the
    same order, so that the sums do not depend on it.
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
        self._lookup = periods.lookup
        start = periods.edges[0]
        self._origin = int(np.datetime64(start, "D").astype(np.int64))
        self._window = (periods.window.since - start).days, (periods.window.until - start).days
        back = (periods.lookback.since - start).days, (periods.lookback.until - start).days
        self._bounds = (self._origin, *back, *self._window)
        self._stretched = self._window != (0, len(self._lookup))
        self._documents = Documents(self._lookup, self._window, spans_days=document_spans_days)
        self._bound = self._lines = 0
        self._size = 0.0
        self._minor: bool | None = None  # whether sums are in minor units; None at first
        self._packed = False
        self._kernel: ModuleType | None = None  # the compiled loops over rows, once they are used
        self._waiting: PartitionedRows | None = None
        self._waits_by_line = True
        width = periods.count
        self._grid: Numbers = np.zeros((0, width), np.int64)
        self._value: Numbers = np.zeros(0, np.int64)
        # Columns one after the other; compiled loops have the facts of a customer in one line.
        self._facts = np.zeros((0, 4), np.int32, order="F")

    def add(
        self, code: npt.NDArray[Any], low: int, size: int, shift: int, batch: Transactions
    ) -> None:
        """Add a batch whose customers have the rows *code* - *low*, all below *size*."""
        whole = self._exact(batch)
        money = self._money(batch) if whole is None else whole
        amount = money if self._metric == "lines" else batch.amount
        self._lines += len(money)
        kernel = loops("rows", self._lines, ROW_PAYS)
        self._packed = self._packed or kernel is not None
        self._grow(size, shift, money.dtype)
        ticks = batch.day.view(np.int64)
        if shift:
            # Also for a batch without documents: earlier batches may have had them.
            self._documents.shift(shift)
            if self._order_days is not None:
                self._order_days.shift(shift)
        document = None if self._metric == "lines" else batch.document
        if kernel is not None:
            self._add_compiled(kernel, code, low, ticks, money, amount, document)
            return
        self._add_waiting()
        for at in range(0, len(code), _CHUNK):
            rows = slice(at, at + _CHUNK)
            self._add_chunk(
                (code[rows] - low).astype(np.intp, copy=False),
                ticks[rows] - self._origin,
                money[rows],
                amount[rows] >= 0,
                by_line=document is None,
            )
        if document is not None:
            self._documents.add(code - low, document, ticks - self._origin, amount)

    def _add_compiled(
        self,
        kernel: ModuleType,
        code: npt.NDArray[Any],
        low: int,
        day: Ints,
        money: Numbers,
        amount: Numbers,
        document: npt.NDArray[Any] | None,
    ) -> None:
        # Read-only and contiguous: each kind of array is compiled for itself.
        code, day, money, amount = (
            freeze(np.ascontiguousarray(one)) for one in (code, day, money, amount)
        )
        if code.dtype not in (np.int32, np.int64):
            code = freeze((code - low).astype(np.int64))
            low = 0
        self._facts = np.ascontiguousarray(self._facts)
        threads = 1 << (min(thread_count(), _THREADS).bit_length() - 1)
        if document is not None:
            self._documents.add_compiled(
                kernel, threads, code, low, document, day, amount, self._bounds
            )
        by_line = document is None
        self._kernel = kernel
        if self._sums_size() > LARGE:
            money = freeze(money.astype(self._grid.dtype, copy=False))
            self._wait(code, low, day, money, amount, threads, by_line=by_line)
            return
        bits, words = np.zeros(0, np.uint64), 0
        if self._order_days is not None:
            bits, words = self._order_days.table(len(self._facts), kernel)
            if not words:
                sale = (amount >= 0) & (day >= self._bounds[0] + self._bounds[1])
                place = (day[sale] - self._origin).astype(np.int32)
                self._order_days.add((code[sale] - low).astype(np.intp), place)
        run_parts(
            lambda part: kernel.add_rows(
                part, threads, code, low, day, money, amount, self._bounds, freeze(self._lookup),
                self._periods.count, by_line or self._metric != "count", by_line,
                self._grid.reshape(-1), self._value, self._facts.reshape(-1), bits, words,
                np.empty(kernel.ROOM, np.int64),
            ),
            threads,
        )  # fmt: skip

    def _sums_size(self) -> int:
        """Return the bytes of all sums."""
        days = 0 if self._order_days is None else self._order_days.table_size(len(self._facts))
        return self._grid.nbytes + self._value.nbytes + self._facts.nbytes + days

    def _wait(
        self,
        code: npt.NDArray[Any],
        low: int,
        day: Ints,
        money: Numbers,
        amount: Numbers,
        threads: int,
        *,
        by_line: bool,
    ) -> None:
        """Deal the rows out to ranges of customers, and add up when there is no room for more."""
        if self._waiting is None:
            kernel = loops("partitions", self._lines, 0)
            assert kernel is not None  # as the loops over rows, which are used already
            self._waiting = PartitionedRows(kernel, threads)
        if self._waits_by_line != by_line:
            self._add_waiting()
        self._waits_by_line = by_line
        size, start = len(self._facts), 0
        while start < len(code):
            room = self._waiting.room(size, self._sums_size())
            if not room:
                self._add_waiting()
                continue
            rows = slice(start, start + room)
            self._waiting.add(
                code[rows], low, size, day[rows], money[rows], amount[rows],
                self._bounds[0] + self._bounds[1],
            )  # fmt: skip
            start += room

    def _add_waiting(self) -> None:
        """Add up the rows that wait."""
        waiting = self._waiting
        if waiting is None or not len(waiting):
            return
        records, starts = waiting.take()
        bits, words = np.zeros(0, np.uint64), 0
        if self._order_days is not None:
            assert self._kernel is not None
            bits, words = self._order_days.table(len(self._facts), self._kernel)
            if not words:
                code, day = waiting.order_days(records, starts)
                self._order_days.add(code, (day + self._bounds[1]).astype(np.int32))
        by_line = self._waits_by_line
        waiting.add_up(
            records, starts, self._bounds, self._lookup, self._periods.count,
            counted=by_line or self._metric != "count", by_line=by_line,
            grid=self._grid.reshape(-1), value=self._value, facts=self._facts.reshape(-1),
            bits=bits, words=words,
        )  # fmt: skip

    def _exact(self, batch: Transactions) -> Ints | None:
        """Return float amounts as integers of the minor unit while all batches allow it."""
        if self._minor is False or self._metric not in ("revenue", "profit"):
            return None
        profit = self._metric == "profit"
        if profit and batch.cost is None:
            return None
        found = exact_money_and_size(batch.amount, batch.cost if profit else None)
        if found is not None:
            self._size += found[1]
        if found is None or self._size >= _EXACT_SUM:
            if self._minor:
                self._add_waiting()
                self._grid, self._value = in_major_units(self._grid), in_major_units(self._value)
            self._minor = False
            return None
        self._minor = True
        return found[0]

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
        if shift or (kind.kind == "f" and self._grid.dtype.kind != "f"):
            self._add_waiting()
        if kind.kind == "f":
            self._grid, self._value = as_floats(self._grid), as_floats(self._value)
        used = len(self._facts)
        if shift == 0 and size <= used:
            return
        # Spare room limits the cost of copying: moving a large table takes as long as filling it.
        room = size + (size >> 4) if used or self._packed else size
        self._grid = grown(self._grid, room, shift)
        if self._stretched:
            self._value = grown(self._value, room, shift)
        facts = empty_facts(room, packed=self._packed)
        facts[shift : shift + used] = self._facts
        self._facts = facts

    def _add_chunk(
        self,
        code: npt.NDArray[np.intp],
        place: Ints,
        money: Numbers,
        sale: Bools,
        *,
        by_line: bool,
    ) -> None:
        facts = self._facts
        day = place.astype(np.int32)
        sold = (code, day) if sale.all() else (code[sale], day[sale])
        np.minimum.at(facts[:, _FIRST], *sold)
        np.maximum.at(facts[:, _LAST], *sold)
        if self._order_days is not None:
            self._order_days.add(*sold)
        counts = by_line or self._metric != "count"
        within = (place >= 0) & (place < len(self._lookup))
        seen = facts[:, _SEEN]
        if not within.all():
            seen[code[~within]] |= _KNOWN
            code, place, money, sale = code[within], place[within], money[within], sale[within]
        if counts:
            bucket = code * self._periods.count
            bucket += self._lookup[place]
            with np.errstate(over="ignore"):  # refused by the panel, with the customer
                np.add.at(self._grid.reshape(-1), bucket, money)
        within = (place >= self._window[0]) & (place < self._window[1])
        if not within.all():
            seen[code[~within]] |= _KNOWN | _SPANNED
            code, money, sale = code[within], money[within], sale[within]
        if counts and self._stretched:
            with np.errstate(over="ignore"):
                np.add.at(self._value, code, money)
        seen[code] = _KNOWN | _SPANNED | _INSIDE
        if by_line:
            # A number of the column's type: with a conversion, numpy is forty times slower.
            np.add.at(facts[:, _ORDERS], code if sale.all() else code[sale], np.int32(1))

    def close(self, coder: CustomerNumbers) -> dict[str, Any]:
        """Return the fields of the panel; unused row numbers are removed."""
        self._add_waiting()
        self._waiting = None
        grid, facts = self._grid[: coder.size], self._facts[: coder.size]
        value: Numbers = self._value[: coder.size]
        known = facts[:, _SEEN] > 0
        rhythm = None if self._order_days is None else self._order_days.close(known)
        orders = facts[:, _ORDERS].astype(np.int64)
        counted = self._metric == "count"
        self._documents.close(
            orders, grid if counted else None, value if counted and self._stretched else None
        )
        kernel = loops("partitions", grid.size, CELL_PAYS)
        if kernel is not None and self._minor and not self._stretched and self._packed:
            floats, value = grid.view(np.float64), np.empty(len(grid))
            first, last = np.empty((2, len(grid)), np.int64)
            left = kernel.squeeze(
                grid, facts, 10.0**MINOR_PLACES, self._origin, floats, value, orders, first, last
            )
            grid, facts, orders, value, first, last = (
                first_rows(one, left) for one in (floats, facts, orders, value, first, last)
            )
            days = first.view("M8[D]"), last.view("M8[D]")
            inside = spanned = facts[:, _SEEN] & _SPANNED > 0
        else:
            if not known.all():
                grid, facts, orders = (squeeze(one, known) for one in (grid, facts, orders))
                value = squeeze(value, known) if self._stretched else value
            seen = facts[:, _SEEN]
            inside, spanned = seen & _INSIDE > 0, seen & _SPANNED > 0
            if not self._stretched:
                value, inside = grid.sum(axis=1), spanned
            if self._minor:
                value, grid = in_major_units(value), in_major_units(grid)
            days = (
                dates(facts[:, _FIRST], NEVER.max, self._origin),
                dates(facts[:, _LAST], NEVER.min, self._origin),
            )
        return {
            "customers": freeze(coder.customers(known)),
            "periods": self._periods,
            "metric": self._metric,
            "value": freeze(with_gaps(value, inside)),
            "sales": freeze(with_gaps(grid, spanned)),
            "orders": freeze(orders),
            "first_day": freeze(days[0]),
            "last_day": freeze(days[1]),
            "rhythm": rhythm,
        }
