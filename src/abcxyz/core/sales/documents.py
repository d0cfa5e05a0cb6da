"""Distinct count of sales documents whose lines may be in different batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Bools, Floats, Ints, Numbers
from abcxyz.core.sums import NEAR

__all__ = ["Documents"]

_PLAIN = 1 << 31  # document numbers from 0 up to this are their own numbers


class _Numbers(dict[Any, int]):
    """Document -> number: a small integer itself, anything else counted downwards from -1."""

    def __missing__(self, document: Any) -> int:
        plain = isinstance(document, int) and 0 <= document < _PLAIN
        number = int(document) if plain else -1 - len(self)
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
        self, lookup: npt.NDArray[np.intp], window: tuple[int, int], *, spans_days: bool = False
    ) -> None:
        self._lookup, self._window, self._spans_days = lookup, window, spans_days
        self._numbers = _Numbers()
        self._parts: list[tuple[Ints, Ints, Floats, Floats]] = []

    def shift(self, by: int) -> None:
        """Shift the row numbers of the customers up."""
        self._parts = [(keys + by, place, sums, sizes) for keys, place, sums, sizes in self._parts]

    def add(
        self,
        code: npt.NDArray[np.intp],
        document: npt.NDArray[Any],
        place: Ints,
        amount: Numbers,
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
        keys = (self._number(document) << 32) | code
        self._parts.append(self._reduce(keys, place, money, np.abs(money)))

    def _number(self, document: npt.NDArray[Any]) -> Ints:
        kind = document.dtype.kind
        if kind in "iu" and len(document) and document.min() >= 0 and document.max() < _PLAIN:
            return document.astype(np.int64)
        return np.fromiter(
            map(self._numbers.__getitem__, document.tolist()), np.int64, len(document)
        )

    def _reduce(
        self, keys: Ints, place: Ints, sums: Floats, sizes: Floats
    ) -> tuple[Ints, Ints, Floats, Floats]:
        """Group by document: the first day, the sum, the sum of absolute values."""
        # The lines of a document are mostly adjacent, so that few keys are left to sort.
        keys, place, sums, sizes = _runs(self._starts(keys, place), keys, place, sums, sizes)
        order = np.argsort(keys, kind="stable") if self._spans_days else np.lexsort((place, keys))
        keys, place, sums, sizes = keys[order], place[order], sums[order], sizes[order]
        return _runs(self._starts(keys, place), keys, place, sums, sizes)

    def _starts(self, keys: Ints, place: Ints) -> npt.NDArray[np.intp]:
        """Return where a row is of another document than the row before it."""
        differs: Bools = np.ones(len(keys), dtype=bool)
        differs[1:] = keys[1:] != keys[:-1]
        if not self._spans_days:
            differs[1:] |= place[1:] != place[:-1]
        return np.flatnonzero(differs)

    def close(self, orders: Ints, grid: Numbers | None, value: Numbers | None) -> None:
        """Add the documents to *orders*, and to *grid* and *value* for the metric ``count``."""
        if not self._parts:
            return
        columns = [np.concatenate(parts) for parts in zip(*self._parts, strict=True)]
        keys, place, sums, sizes = self._reduce(*columns)
        code = keys & 0xFFFFFFFF
        # Kopecks as floats leave rounding errors where the lines of a document cancel out.
        sale = sums >= -NEAR * sizes
        spanned = sale & (place >= 0) & (place < len(self._lookup))
        inside = sale & (place >= self._window[0]) & (place < self._window[1])
        np.add.at(orders, code[inside], 1)
        if grid is not None:
            np.add.at(grid, (code[spanned], self._lookup[place[spanned]]), 1)
        if value is not None:
            np.add.at(value, code[inside], 1)


def _runs(
    starts: npt.NDArray[np.intp], keys: Ints, place: Ints, sums: Floats, sizes: Floats
) -> tuple[Ints, Ints, Floats, Floats]:
    """Reduce runs of adjacent rows that begin at *starts*."""
    if len(starts) == len(keys):
        return keys, place, sums, sizes
    return (
        keys[starts],
        np.minimum.reduceat(place, starts),
        np.add.reduceat(sums, starts),
        np.add.reduceat(sizes, starts),
    )
