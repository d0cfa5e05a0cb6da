"""Money of every customer in spans of days, and the order days, summed batch by batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Bools, Floats, Ints, Numbers, freeze
from abcxyz.core.sales.rhythm import OrderDays, Rhythm
from abcxyz.core.sales.sum_tables import grown
from abcxyz.loops.compiled import ROW_PAYS, loops

__all__ = ["CustomerSums"]

_BOUGHT, _RETURNED, _COST = range(3)  # sums of a span
_FIRST, _LAST, _MONEY = range(3)  # columns of the marks
_NO_MARKS = np.inf, -np.inf, 0.0
_CHUNK = 1 << 17  # rows whose places stay in the CPU cache
#: What a customer without lines has: sums of the spans; the first and the last order day, and
#: the sales of the last one, which lie beside each other in memory; spans with an amount of 0.
_COLUMNS: dict[str, Any] = {"sums": 0.0, "marks": _NO_MARKS, "zeros": 0}


class CustomerSums:
    """Running sums of n customers over s spans of days: 16 bytes for each, 24 with costs.

    Parameters
    ----------
    edges
        (s + 1,) first day of each span, of 63 at most, and the day after the last, counted from
        1970-01-01; all lines are of these days.
    costs
        Whether to add up costs too.

    Attributes
    ----------
    rhythm
        Gaps between order days, which are days with more than 0 bought; None where they are those
        of the panel, because no line has an amount of 0.

    Notes
    -----
    The lines of a customer are added in the order in which they come, so that the sums depend on
    no other customer, no batch, and not on whether the loops are compiled.
    """

    def __init__(
        self,
        edges: Sequence[int],
        *,
        costs: bool = False,
        table: Mapping[str, npt.NDArray[Any]] | None = None,
        rhythm: Rhythm | None = None,
    ) -> None:
        self.edges, self.rhythm = tuple(edges), rhythm
        self._width = 3 if costs else 2
        lengths = np.diff(self.edges)
        self._lookup = freeze(np.repeat(np.arange(len(lengths), dtype=np.int64), lengths))
        self._orders = OrderDays((0, len(self._lookup)))
        self._table: dict[str, npt.NDArray[Any]] = {
            "sums": np.zeros((0, len(lengths) * self._width)),
            "marks": np.zeros((0, len(_NO_MARKS))),
            "zeros": np.zeros(0, np.uint64),
            **(table or {}),
        }
        self._lines = self._without_amount = 0

    def __len__(self) -> int:
        return len(self._table["zeros"])

    def grow(self, size: int, shift: int) -> None:
        """Make room for *size* row numbers, after a shift up of those added."""
        used = len(self)
        if not shift and size <= used:
            return
        self._orders.shift(shift)
        room = max(size, used + shift)
        room += room >> 4 if used else 0
        for name, column in self._table.items():
            larger = grown(column, room, shift)
            if name == "marks":
                larger[:shift] = larger[shift + used :] = _COLUMNS[name]
            self._table[name] = larger

    def add(
        self,
        code: npt.NDArray[np.generic],
        low: int,
        day: Ints,
        amount: Numbers,
        cost: Numbers | None,
    ) -> None:
        """Add lines of the customers with the row numbers *code* - *low*."""
        self._lines += len(code)
        amount = amount.astype(np.float64, copy=False)
        cost = np.empty(0) if cost is None or self._width <= _COST else cost.astype(np.float64)
        kernel = loops("landmarks", self._lines, ROW_PAYS)
        if kernel is not None:
            if code.dtype not in (np.int32, np.int64):
                code = code.astype(np.int64)
            rows = loops("rows", self._lines, 0)
            assert rows is not None
            bits, words = self._orders.table(len(self), rows)
            whole = (freeze(np.ascontiguousarray(one)) for one in (code, day, amount, cost))
            self._without_amount += kernel.add_money(
                next(whole), low, next(whole), self.edges[0], next(whole), next(whole),
                self._lookup, len(self.edges) - 1, self._width,
                *(one.reshape(-1) for one in self._table.values()), bits, words,
                np.empty(kernel.ROOM, np.int64),
            )  # fmt: skip
            if words:
                return
        for start in range(0, len(code), _CHUNK):
            part = slice(start, start + _CHUNK)
            row, place = code[part].astype(np.int64) - low, day[part] - self.edges[0]
            sold = amount[part] > 0
            self._orders.add(row[sold], place[sold].astype(np.int32))
            if kernel is None:
                self._add_chunk(row, place, amount[part], cost[part])

    def _add_chunk(self, row: Ints, place: Ints, amount: Floats, cost: Floats) -> None:
        sums, marks, zeros = self._table.values()
        first, last, money = marks.T
        span = self._lookup[place]
        cell = row * sums.shape[1] + span * self._width
        np.add.at(sums.reshape(-1), cell + (amount < 0), np.abs(amount))
        if self._width > _COST:
            np.add.at(sums.reshape(-1), cell + _COST, cost)
        empty = amount == 0
        self._without_amount += int(np.count_nonzero(empty))
        np.bitwise_or.at(zeros, row[empty], np.uint64(1) << span[empty].astype(np.uint64))
        sold = amount > 0
        row, on, paid = row[sold], (place[sold] + self.edges[0]).astype(np.float64), amount[sold]
        before = last[row]
        np.minimum.at(first, row, on)
        np.maximum.at(last, row, on)
        latest = last[row]
        money[row[latest > before]] = 0.0
        final = on == latest
        np.add.at(money, row[final], paid[final])

    def close(self, known: Bools) -> CustomerSums:
        """Return the sums of the *known* row numbers alone; no lines are added afterwards."""
        rows = slice(len(known)) if known.all() else np.flatnonzero(known)
        table = {name: freeze(one[rows]) for name, one in self._table.items()}
        return self._like(table, self._orders.close(known) if self._without_amount else None)

    def take(self, rows: Ints) -> CustomerSums:
        """Return the sums of some customers; -1 is one without lines."""
        table, rhythm = {}, None
        for name, column in self._table.items():
            taken = column[rows]
            taken[rows < 0] = _COLUMNS[name]
            table[name] = freeze(taken)
        if self.rhythm is not None:
            starts = self.rhythm.starts
            counts = np.where(rows < 0, 0, np.diff(starts)[rows])
            ends = np.concatenate(([0], np.cumsum(counts)))
            gaps = np.repeat(starts[rows] - ends[:-1], counts) + np.arange(ends[-1])
            rhythm = Rhythm(starts=freeze(ends), gaps=freeze(self.rhythm.gaps[gaps]))
        return self._like(table, rhythm)

    def _like(self, table: Mapping[str, npt.NDArray[Any]], rhythm: Rhythm | None) -> CustomerSums:
        return CustomerSums(self.edges, costs=self._width > _COST, table=table, rhythm=rhythm)

    @property
    def ordered(self) -> Bools:
        """(n,) whether the customer has an order."""
        return np.asarray(self._table["marks"][:, _LAST] >= self.edges[0])

    @property
    def last_money(self) -> Floats:
        """(n,) money of the sales of the last order day."""
        return np.ascontiguousarray(self._table["marks"][:, _MONEY])

    def days(self) -> tuple[Ints, Ints]:
        """Return the (n,) days of the first and the last order; they mean nothing without one."""
        marks = np.where(self.ordered[:, None], self._table["marks"], 0)
        return marks[:, _FIRST].astype(np.int64), marks[:, _LAST].astype(np.int64)

    def bought(self, since: int, until: int) -> Floats:
        """Return the (n,) money of sales from *since* up to *until*.

        Both are edges, or lie outside of all days.
        """
        return self._between(since, until, _BOUGHT)

    def returned(self, since: int, until: int) -> Floats:
        """Return the (n,) money of returns, positive; see `bought`."""
        return self._between(since, until, _RETURNED)

    def net(self, since: int, until: int) -> Floats:
        """Return the (n,) money, returns and costs deducted; see `bought`."""
        total = self.bought(since, until) - self.returned(since, until)
        return total - self._between(since, until, _COST) if self._width > _COST else total

    def any_lines(self, since: int, until: int) -> Bools:
        """Return whether the (n,) customers have any line; see `bought`."""
        mask = sum(1 << span for span in self._spans(since, until))
        empty = (self._table["zeros"] & np.uint64(mask)) > 0
        moved = self.bought(since, until) + self.returned(since, until) > 0
        return np.asarray(moved | empty)

    def _between(self, since: int, until: int, column: int) -> Floats:
        total = np.zeros(len(self))
        for span in self._spans(since, until):
            total += self._table["sums"][:, span * self._width + column]
        return total

    def _spans(self, since: int, until: int) -> list[int]:
        ends = zip(self.edges[:-1], self.edges[1:], strict=True)
        return [k for k, (start, end) in enumerate(ends) if since <= start and end <= until]
