"""Alignment of two lists of customers: the position of each customer in either list."""

from __future__ import annotations

from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from abcxyz._arrays import Ints

__all__ = ["Alignment", "align"]


@frozen
class Alignment:
    """Positions of the u customers of two lists.

    Parameters
    ----------
    customers
        (u,) customers of the second list in its order, then those of the first list only.
    before, after
        (u,) positions in the first and in the second list; -1 where absent.
    """

    customers: npt.NDArray[Any]
    before: Ints
    after: Ints

    def of_before(self, column: npt.NDArray[Any], missing: Any) -> npt.NDArray[Any]:
        """Reorder a column of the first list to the common order."""
        return _taken(column, self.before, missing)

    def of_after(self, column: npt.NDArray[Any], missing: Any) -> npt.NDArray[Any]:
        """Reorder a column of the second list to the common order."""
        return _taken(column, self.after, missing)


def _taken(column: npt.NDArray[Any], places: Ints, missing: Any) -> npt.NDArray[Any]:
    if not len(column):
        return np.full(len(places), missing, dtype=column.dtype)
    taken = column[places]
    absent = places < 0
    if absent.any():
        taken[absent] = missing
    return taken


def align(before: npt.NDArray[Any], after: npt.NDArray[Any]) -> Alignment:
    """Match the customers of two lists.

    Parameters
    ----------
    before, after
        Identifiers, each once per list.

    Examples
    --------
    >>> aligned = align(np.array(["a", "b"]), np.array(["c", "b"]))
    >>> aligned.customers.tolist(), aligned.before.tolist(), aligned.after.tolist()
    (['c', 'b', 'a'], [-1, 1, 0], [0, 1, -1])
    """
    here = np.arange(len(after))
    if np.array_equal(before, after):
        return Alignment(after, here, here)
    places = _find(before, after)
    left = np.ones(len(before), dtype=bool)
    left[places[places >= 0]] = False
    gone = np.flatnonzero(left)
    kind = before.dtype if before.dtype == after.dtype else np.dtype(object)
    return Alignment(
        np.concatenate([after.astype(kind), before[gone].astype(kind)]),
        np.concatenate([places, gone]),
        np.concatenate([here, np.full(len(gone), -1)]),
    )


def _find(known: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> Ints:
    """Return the position of each wanted identifier among the known ones; -1 where absent."""
    if not (known.dtype.kind in "iu" and wanted.dtype.kind in "iu"):
        place = dict(zip(known.tolist(), range(len(known)), strict=True))
        found = map(place.get, wanted.tolist(), repeat(-1))
        return np.fromiter(found, np.int64, len(wanted))
    if not len(known):
        return np.full(len(wanted), -1)
    order = np.argsort(known, kind="stable")
    nearest = order[np.minimum(np.searchsorted(known, wanted, sorter=order), len(known) - 1)]
    return np.where(known[nearest] == wanted, nearest, -1)
