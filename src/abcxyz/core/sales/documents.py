"""Distinct count of sales documents whose lines may be in different batches."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Bools, Floats, Ints, Numbers, freeze
from abcxyz.core.sums import NEAR
from abcxyz.loops.threads import run_parts

__all__ = ["Documents"]

_LEAST, _MOST = np.iinfo(np.int64).min, np.iinfo(np.int64).max
_MIDDLE = 1 << 31  # days before and after the start of the span, in 32 bits
_STEP = 1 << 17  # rows for which a table makes room at once

#: Columns of the reduced documents: number, owner (row number of the customer, and the day if
#: it is a part of the key), place (day from the start of the span), sum, sum of absolute values.
Reduced = tuple[Ints, Ints, Ints, Floats, Floats]


class _Numbers(dict[Any, int]):
    """Document -> number: an integer itself, anything else counted from the lowest integer."""

    def __missing__(self, document: Any) -> int:
        plain = isinstance(document, int) and _LEAST <= document <= _MOST
        number = int(document) if plain else _LEAST + len(self)
        self[document] = number
        return number


class Documents:
    """Collector of the sales documents of every customer.

    Parameters
    ----------
    lookup
        Bucket of each day of the span.
    window
        First day of the window and the day after it, as days from the start of the span.
    spans_days
        Whether a document may have lines of several days.

    Notes
    -----
    A document is identified by customer, number and day, because numbers begin anew each year in
    1C and each shift at a till. With *spans_days* it is identified by customer and number, and
    belongs to the day of its first line. A document whose lines add up to less than zero is a
    return, which does not count as a sales document.
    """

    def __init__(
        self, lookup: npt.NDArray[Any], window: tuple[int, int], *, spans_days: bool = False
    ) -> None:
        self._lookup, self._window, self._spans_days = lookup, window, spans_days
        self._numbers = _Numbers()
        self._parts: list[Reduced] = []
        self._tables: list[_Table] = []

    def shift(self, by: int) -> None:
        """Shift the row numbers of the customers up."""
        self._parts = [(one[0], one[1] + (by << 32), *one[2:]) for one in self._parts]
        for table in self._tables:
            table.shift(by)

    def add(
        self, code: npt.NDArray[Any], document: npt.NDArray[Any], place: Ints, amount: Numbers
    ) -> None:
        """Add the lines of a batch, reduced to documents.

        Parameters
        ----------
        code
            (lines,) row numbers of the customers.
        document
            (lines,) identifiers of the documents.
        place
            (lines,) days from the start of the span.
        amount
            (lines,) money.
        """
        money = amount.astype(np.float64)
        owner = code.astype(np.int64) << 32
        if not self._spans_days:
            owner |= place + _MIDDLE
        self._parts.append(_reduced(self.numbers(document), owner, place, money, np.abs(money)))

    def numbers(self, document: npt.NDArray[Any]) -> Ints:
        """Return an integer for every identifier."""
        if document.dtype.kind in "iu":
            return document.astype(np.int64, copy=False)
        number = self._numbers.__getitem__
        return np.fromiter(map(number, document.tolist()), np.int64, len(document))

    def add_compiled(
        self,
        kernel: ModuleType,
        parts: int,
        code: npt.NDArray[Any],
        low: int,
        document: npt.NDArray[Any],
        day: Ints,
        amount: Numbers,
        bounds: tuple[int, ...],
    ) -> None:
        """Add the lines of a batch with compiled loops, in *parts* threads.

        Further parameters are those of ``add_documents`` of `abcxyz.loops.rows`.
        """
        if not self._tables:
            self._tables = [_Table(kernel, part, parts) for part in range(parts)]
            for one in self._parts:
                number, owner, place, sums, sizes = one
                rows = (owner >> 32, 0, place + bounds[0], sums, sizes, number)
                self._fill(rows, bounds)
            self._parts = []
        rows = (code, low, day, amount, np.empty(0), self.numbers(document))
        self._fill(rows, bounds)

    def _fill(self, rows: tuple[Any, ...], bounds: tuple[int, ...]) -> None:
        frozen = tuple(freeze(one) if isinstance(one, np.ndarray) else one for one in rows)
        keyed = not self._spans_days
        run_parts(
            lambda part: self._tables[part].add(frozen, bounds, keyed=keyed), len(self._tables)
        )

    def close(self, orders: Ints, grid: Numbers | None, value: Numbers | None) -> None:
        """Add the documents to *orders*, and to *grid* and *value* for the metric ``count``."""
        parts = [table.reduced() for table in self._tables]
        if self._parts:
            columns: Any = [
                np.concatenate(column) for column in zip(*parts, *self._parts, strict=True)
            ]
            parts = [_reduced(*columns)]
        for _, owner, place, sums, sizes in parts:
            code = owner >> 32
            # Kopecks as floats leave rounding errors where the lines of a document cancel out.
            sale = sums >= -NEAR * sizes
            spanned = sale & (place >= 0) & (place < len(self._lookup))
            inside = sale & (place >= self._window[0]) & (place < self._window[1])
            np.add.at(orders, code[inside], 1)
            if grid is not None:
                np.add.at(grid, (code[spanned], self._lookup[place[spanned]]), 1)
            if value is not None:
                np.add.at(value, code[inside], 1)


class _Table:
    """Hash table of the documents of the customers of one thread."""

    def __init__(self, kernel: ModuleType, part: int, parts: int) -> None:
        self._kernel, self._part, self._parts = kernel, part, parts
        self._count = 0
        self._columns: list[npt.NDArray[Any]] = [
            np.empty(0, kind) for kind in (np.int32, np.int64, np.int32, np.float64, np.float64)
        ]
        self._slots = np.full(2 * _STEP, -1, np.int32)
        self._keyed = True

    def add(self, rows: tuple[Any, ...], bounds: tuple[int, ...], *, keyed: bool) -> None:
        """Add rows: code, low, day, amount, absolute amounts or none, document."""
        code, low, *columns = rows
        self._keyed = keyed
        for start in range(0, len(code), _STEP):
            some = slice(start, start + _STEP)
            self._make_room(len(code[some]))
            day, amount, magnitude, document = (one[some] for one in columns)
            self._count = self._kernel.add_documents(
                self._part, self._parts, code[some], low, day, amount, magnitude, document,
                bounds, keyed, self._count, *self._columns, self._slots,
                np.empty(self._kernel.ROOM, np.int64),
            )  # fmt: skip

    def _make_room(self, rows: int) -> None:
        need = self._count + rows
        if need > len(self._columns[0]):
            for column in self._columns:
                column.resize(need + (need >> 2), refcheck=False)
        if 2 * need > len(self._slots):
            self._place(4 * len(self._slots))

    def _place(self, slots: int) -> None:
        self._slots = np.full(slots, -1, np.int32)
        who, number, place = self._columns[:3]
        self._kernel.place_documents(self._count, who, number, place, self._keyed, self._slots)

    def shift(self, by: int) -> None:
        """Shift the row numbers of the customers up."""
        self._columns[0][: self._count] += by
        self._place(len(self._slots))

    def reduced(self) -> Reduced:
        """Return the documents."""
        who, number, place, sums, sizes = (one[: self._count] for one in self._columns)
        owner = who.astype(np.int64) << 32
        days = place.astype(np.int64)
        if self._keyed:
            owner |= days + _MIDDLE
        return number, owner, days, sums, sizes


def _reduced(number: Ints, owner: Ints, place: Ints, sums: Floats, sizes: Floats) -> Reduced:
    """Group by number and owner: the first day, the sum, the sum of absolute values."""
    # The lines of a document are mostly adjacent, so that few keys are left to sort.
    number, owner, place, sums, sizes = _runs(number, owner, place, sums, sizes)
    order = np.lexsort((owner, number))
    return _runs(number[order], owner[order], place[order], sums[order], sizes[order])


def _runs(number: Ints, owner: Ints, place: Ints, sums: Floats, sizes: Floats) -> Reduced:
    """Reduce runs of adjacent rows of one document."""
    differs: Bools = np.ones(len(number), dtype=bool)
    differs[1:] = (number[1:] != number[:-1]) | (owner[1:] != owner[:-1])
    starts = np.flatnonzero(differs)
    if len(starts) == len(number):
        return number, owner, place, sums, sizes
    return (
        number[starts],
        owner[starts],
        np.minimum.reduceat(place, starts),
        np.add.reduceat(sums, starts),
        np.add.reduceat(sizes, starts),
    )
