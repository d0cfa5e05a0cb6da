"""Row numbers of customers over batches of transactions."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Bools, Ints
from abcxyz.core.sales.transactions import Transactions

__all__ = ["CustomerNumbers"]

_STEP = 1 << 10
_SMALL = 1 << 16  # a range of ids up to this size always counts as compact
_DENSE, _LOOSE = 4, 16  # ids per line of a batch, for a table of any size and for one in _ROOM
_ROOM = 1 << 30  # bytes


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
        self._labels: npt.NDArray[Any] | None = None  # of all batches so far
        self._last: tuple[npt.NDArray[Any], Ints] | None = None  # other labels and their rows

    @property
    def size(self) -> int:
        """Number of rows assigned."""
        if self._labels is not None:
            return len(self._labels)
        return self._high - self._low + 1 if self._codes is None else len(self._codes)

    def code(self, batch: Transactions) -> tuple[npt.NDArray[Any], int, int]:
        """Return integers of a batch, the one of row 0, and how far earlier rows shift up."""
        customers = batch.customer
        if batch.labels is not None and not self.size:
            self._labels = batch.labels
        if self._labels is not None:
            if batch.labels is self._labels:
                return customers, 0, 0
            self._number(self._labels.tolist())
            self._labels = None
        if batch.labels is not None:
            if self._last is None or self._last[0] is not batch.labels:
                self._last = batch.labels, self._number(batch.labels.tolist())
            return self._last[1][customers], 0, 0
        if self._codes is None and customers.dtype.kind in "iu":
            low, high = int(customers.min()), int(customers.max())
            shift = 0
            # Codes often begin at 0; a smaller one in a later batch would shift all rows. A shift
            # by whole steps leaves customers with the thread of their documents.
            low = 0 if 0 < low <= (high - low) >> 3 else low - low % _STEP
            if self.size:
                low, high = min(low, self._low), max(high, self._high)
                shift = self._low - low
            lines = max(len(customers), self.size)
            loose = min(_LOOSE * lines, self._room)
            if high - low < max(_SMALL, _DENSE * lines, loose):
                self._low, self._high = low, high
                return customers, low, shift
        return self._number(customers.tolist()), 0, 0

    def _number(self, customers: list[Any]) -> Ints:
        """Return the rows of identifiers by a table of all of them."""
        if self._codes is None:
            # A missing key gets the next number.
            self._codes = defaultdict()
            self._codes.default_factory = self._codes.__len__
            for one in range(self._low, self._high + 1):
                self._codes[one]
        return np.fromiter(map(self._codes.__getitem__, customers), np.int64, len(customers))

    def customers(self, known: Bools) -> npt.NDArray[Any]:
        """Return the identifiers of the *known* row numbers."""
        if self._labels is not None:
            return self._labels[known]
        if self._codes is None:
            customers = np.flatnonzero(known)
            customers += self._low
            return customers
        keys = list(itertools.compress(self._codes, known.tolist()))
        if all(isinstance(key, int) for key in keys):
            return np.array(keys)
        ids = np.empty(len(keys), dtype=object)
        ids[:] = keys
        return ids
