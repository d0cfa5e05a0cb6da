"""Distinct count of sales documents whose lines may be in different batches."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Days, Floats, Ints, Numbers
from abcxyz.core.sums import NEAR

__all__ = ["Documents"]


class Documents:
    """Collector of the sales documents of every customer.

    Parameters
    ----------
    lookup
        Bucket of each day of the span.
    window
        First day of the window and the day after it, as days from the start of the span.

    Notes
    -----
    A document belongs to the day of its first line. A document whose lines add up to less than
    zero is a return, which does not count as a sales document.
    """

    def __init__(self, lookup: npt.NDArray[np.intp], window: tuple[int, int]) -> None:
        self._lookup, self._window = lookup, window
        self._numbers: defaultdict[Any, int] = defaultdict()
        self._numbers.default_factory = self._numbers.__len__
        self._keys: list[Ints] = []
        self._days: list[Ints] = []
        self._sums: list[Floats] = []
        self._sizes: list[Floats] = []

    def shift(self, by: int) -> None:
        """Shift the row numbers of the customers up."""
        self._keys = [keys + by for keys in self._keys]

    def add(
        self,
        code: npt.NDArray[np.intp],
        document: npt.NDArray[Any],
        day: Days,
        amount: Numbers,
        origin: np.int64,
    ) -> None:
        """Add the lines of a batch, reduced to documents."""
        number = self._numbers.__getitem__
        numbers = np.fromiter(map(number, document.tolist()), np.int64, len(document))
        place = day.astype("M8[D]").astype(np.int64) - origin
        money = amount.astype(np.float64)
        keys, days, sums, sizes = _reduce((numbers << 32) | code, place, money, np.abs(money))
        self._keys.append(keys)
        self._days.append(days)
        self._sums.append(sums)
        self._sizes.append(sizes)

    def close(self, orders: Ints, grid: Numbers | None, value: Numbers | None) -> None:
        """Add the documents to *orders*, and to *grid* and *value* for the metric ``count``."""
        if not self._keys:
            return
        keys, place, sums, sizes = _reduce(
            np.concatenate(self._keys),
            np.concatenate(self._days),
            np.concatenate(self._sums),
            np.concatenate(self._sizes),
        )
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


def _reduce(
    keys: Ints, days: Ints, sums: Floats, sizes: Floats
) -> tuple[Ints, Ints, Floats, Floats]:
    """Group by key: the first day, the sum, the sum of absolute values."""
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    return (
        keys[starts],
        np.minimum.reduceat(days[order], starts),
        np.add.reduceat(sums[order], starts),
        np.add.reduceat(sizes[order], starts),
    )
