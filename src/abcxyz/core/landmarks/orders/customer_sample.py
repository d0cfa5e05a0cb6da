"""Sample of customers by their identifiers, the same for any order and batches of the lines."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Bools, Ints
from abcxyz.core.sales.sum_tables import grown

__all__ = ["MOST_CUSTOMERS", "CustomerSample", "identifier_hashes", "sample_of"]

MOST_CUSTOMERS = 4_000
"""Customers that are learned from, at most."""

_BLOCK = 1 << 14  # identifiers hashed at once
_LONGEST = 64  # characters of an identifier that are hashed one by one
_NONE = np.iinfo(np.uint64).max


def identifier_hashes(customers: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """Return a hash of each identifier as text: 7 and "7" are the same customer.

    Notes
    -----
    FNV-1a over the characters, mixed by the finaliser of MurmurHash3: similar identifiers have
    unlike hashes. A long identifier is hashed by its BLAKE2 digest.

    Examples
    --------
    >>> one, other = identifier_hashes(np.array([7, 17])), identifier_hashes(np.array(["7"]))
    >>> bool(one[0] == other[0]), bool(one[0] == one[1])
    (True, False)
    """
    hashes = np.empty(len(customers), np.uint64)
    for start in range(0, len(customers), _BLOCK):
        part = customers[start : start + _BLOCK]
        if part.dtype.kind not in "iu":
            cells = part.tolist()
            if {*map(type, cells)} != {str} or max(map(len, cells)) > _LONGEST:
                cells = [*map(_shortened, cells)]
            part = np.array(cells, dtype=np.str_)
        text = np.ascontiguousarray(part.astype(np.str_))
        letters = text.view(np.uint32).reshape(len(text), -1)
        found = np.full(len(text), 0xCBF29CE484222325, np.uint64)
        for column in letters.T:
            mixed = (found ^ column) * np.uint64(0x100000001B3)
            found = np.where(column, mixed, found)  # shorter texts are filled with zeros
        for shift, factor in ((33, 0xFF51AFD7ED558CCD), (33, 0xC4CEB9FE1A85EC53), (33, 1)):
            found = (found ^ (found >> np.uint64(shift))) * np.uint64(factor)
        hashes[start : start + _BLOCK] = found
    return hashes


def _shortened(customer: object) -> str:
    text = str(customer)
    if len(text) <= _LONGEST:
        return text
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()


def sample_of(customers: npt.NDArray[Any], most: int | None = None) -> Ints:
    """Return the rows of the customers with the smallest hashes, ascending.

    Parameters
    ----------
    customers
        (n,) identifiers.
    most
        Their number; None for `MOST_CUSTOMERS`. Customers with equal hashes are taken together.
    """
    most = MOST_CUSTOMERS if most is None else most
    if len(customers) <= most:
        return np.arange(len(customers))
    hashes = identifier_hashes(customers)
    return np.flatnonzero(hashes <= np.partition(hashes, most - 1)[most - 1])


class CustomerSample:
    """Sample of the customers of a stream, as `sample_of` takes it of all of them.

    A customer who is in the sample of all is in that of the customers met so far, so that no line
    of such a customer is lost.
    """

    def __init__(self) -> None:
        self._hashes = np.empty(0, np.uint64)
        self._limit = _NONE - np.uint64(1)

    def grow(self, size: int, shift: int) -> None:
        """Make room for *size* row numbers, after a shift up of those met."""
        used = len(self._hashes)
        if shift or size > used:
            self._hashes = grown(self._hashes, max(size, used + shift), shift)
            self._hashes[:shift] = _NONE
            self._hashes[shift + used :] = _NONE

    def unknown(self, rows: Ints) -> Ints:
        """Return the row numbers that have not been met."""
        unmet = ~self.met
        if not unmet.any():
            return np.empty(0, np.intp)
        present = np.zeros(len(self._hashes), dtype=bool)
        present[rows] = True
        return np.flatnonzero(present & unmet)

    def meet(self, rows: Ints, customers: npt.NDArray[Any]) -> None:
        """Add customers by their row numbers."""
        self._hashes[rows] = np.minimum(identifier_hashes(customers), _NONE - np.uint64(1))
        inside = self._hashes[self._hashes <= self._limit]
        if len(inside) > MOST_CUSTOMERS:
            self._limit = np.partition(inside, MOST_CUSTOMERS - 1)[MOST_CUSTOMERS - 1]

    @property
    def met(self) -> Bools:
        """Which row numbers have been met."""
        return np.asarray(self._hashes != _NONE)

    @property
    def chosen(self) -> Bools:
        """Which row numbers are in the sample."""
        return np.asarray(self._hashes <= self._limit)
