"""Identifiers as rows of a table, and the order of rows by deal and moment."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Bools, Ints

__all__ = ["IN_ORDER", "packed_order", "repeated", "rows_of", "run_starts", "time_order"]

IN_ORDER = slice(None)
"""Positions of rows that are in order already: taking them copies nothing."""

#: Bits of a positive int64.
_BITS = 63
_PART = 1 << 18


def _dense(ids: npt.NDArray[Any]) -> tuple[int, int] | None:
    """Return the smallest and largest of whole numbers that a lookup table is small for."""
    if ids.dtype.kind not in "iu" or not len(ids):
        return None
    low, high = int(ids.min()), int(ids.max())
    return (low, high) if high - low < 8 * len(ids) + 1024 else None


def rows_of(ids: npt.NDArray[Any], table: npt.NDArray[Any]) -> Ints:
    """Return for each of *ids* its row in the unique ids *table*; -1 where it has none."""
    if not len(table):
        return np.full(len(ids), -1, dtype=np.int64)
    if ids.dtype.kind in "iu" and table.dtype.kind in "iu":
        bounds = _dense(table)
        if bounds is None:
            order = np.argsort(table, kind="stable")
            places = np.minimum(np.searchsorted(table[order], ids), len(table) - 1)
            rows = order[places]
            return np.asarray(np.where(table[rows] == ids, rows, -1), dtype=np.int64)
        low, high = bounds
        # One more place, which stays empty, for the ids outside of the table.
        lookup = np.full(high - low + 2, -1, dtype=np.int64)
        lookup[table[::-1] - low] = np.arange(len(table) - 1, -1, -1)
        found = np.empty(len(ids), dtype=np.int64)
        # By parts, so that the steps between take little memory.
        for start in range(0, len(ids), _PART):
            part = ids[start : start + _PART]
            known = (part >= low) & (part <= high)
            found[start : start + _PART] = lookup[np.where(known, part - low, high - low + 1)]
        return found
    place = {str(one): row for row, one in enumerate(table.tolist())}
    return np.fromiter((place.get(str(one), -1) for one in ids.tolist()), np.int64, len(ids))


def repeated(ids: npt.NDArray[Any]) -> Bools:
    """Return for every id whether an equal one stands before it."""
    again = np.zeros(len(ids), dtype=bool)
    if ids.dtype.kind == "O":
        seen: set[str] = set()
        for place, one in enumerate(map(str, ids.tolist())):
            again[place] = one in seen
            seen.add(one)
        return again
    if len(ids) < 2 or (ids[1:] > ids[:-1]).all():
        return again
    bounds = _dense(ids)
    if bounds is not None and np.bincount(ids - bounds[0]).max() == 1:
        return again
    again[:] = True
    again[np.unique(ids, return_index=True)[1]] = False
    return again


def time_order(rows: Ints, moments: npt.NDArray[np.datetime64]) -> Any:
    """Return the positions that sort by row, then by moment; equal ones keep their order.

    Notes
    -----
    Key and position are packed into one whole number: sorting those is several times as quick
    as sorting positions by two keys. `IN_ORDER` is returned where nothing has to be moved.
    """
    if len(rows) < 2:
        return IN_ORDER
    seconds = moments.astype("M8[s]").astype(np.int64)
    by_time = seconds[1:] >= seconds[:-1]
    if bool((((rows[1:] == rows[:-1]) & by_time) | (rows[1:] > rows[:-1])).all()):
        return IN_ORDER
    order: Ints | None = None
    if not by_time.all():
        order = packed_order(seconds)
    last = packed_order(rows if order is None else rows[order])
    return last if order is None else order[last]


def packed_order(keys: Ints) -> Ints:
    """Return the positions that sort whole numbers, equal ones in their order."""
    bits = len(keys).bit_length()
    low, high = (int(keys.min()), int(keys.max())) if len(keys) else (0, 0)
    if (high - low).bit_length() + bits > _BITS:
        return np.argsort(keys, kind="stable")
    packed: Ints = keys.astype(np.int64)
    packed -= low
    packed <<= bits
    places: Any = np.arange(len(keys), dtype=np.int32 if bits < 32 else np.int64)
    packed |= places
    packed.sort()
    packed &= (1 << bits) - 1
    return packed


def run_starts(rows: npt.NDArray[Any]) -> Ints:
    """Return the positions at which a run of equal values begins."""
    if not len(rows):
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]])
