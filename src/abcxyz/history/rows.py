"""Snapshots to rows of the file, and back."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Days, Floats, freeze
from abcxyz.core.classes.segments import ABC, XYZ
from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.errors import InputError

__all__ = [
    "CHUNK",
    "COLUMNS",
    "arrays_of",
    "digest",
    "dtype_of",
    "rows_of",
    "segment_of",
    "sorted_places",
]

_CODES = ("abc", "xyz", "steady_abc", "steady_xyz")
_DAYS = ("first_day", "last_day")

COLUMNS = ("customer", "place", *_CODES, "value", "cv", "orders", *_DAYS)
"""Of one customer, in the order of the file, which `digest` keeps; `place` is the customer's
position in the snapshot."""

CHUNK = 1 << 16
"""Rows turned into Python values at a time."""

_NO_DAY = np.iinfo(np.int64).min


def segment_of(abc: int, xyz: int) -> str:
    """Name a segment by its two codes; ``N`` is not classified."""
    return "N" if abc < 0 or xyz < 0 else ABC[abc] + XYZ[xyz]


def sorted_places(customers: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Order the rows as the file does: appending is much faster than inserting in between.

    Raises
    ------
    InputError
        A customer is neither a whole number nor text.
    """
    if customers.dtype.kind in "iu":
        return np.argsort(customers, kind="stable")
    known = customers.tolist()
    for place, customer in enumerate(known):
        if type(customer) is not str and (
            isinstance(customer, bool) or not isinstance(customer, (str, int))
        ):
            raise InputError(
                "the history keeps customers that are whole numbers or text, not {customer!r} at "
                "position {place}; convert them first",
                customer=customer,
                place=place,
            )
    if all(type(customer) is str for customer in known):
        order = sorted(range(len(known)), key=known.__getitem__)
    else:
        order = sorted(range(len(known)), key=lambda i: (isinstance(known[i], str), known[i]))
    return np.array(order, dtype=np.intp)


def rows_of(snapshot: Snapshot, places: npt.NDArray[np.intp]) -> list[list[Any]]:
    """Take rows as columns of plain Python values; NaN and NaT become NULL."""
    columns = []
    for name in COLUMNS:
        if name == "place":
            columns.append(places.tolist())
            continue
        part = (snapshot.customers if name == "customer" else getattr(snapshot, name))[places]
        if part.dtype.kind == "M":
            days = part.astype("M8[D]").astype(np.int64)
            values = days.tolist()
            for place in np.flatnonzero(days == _NO_DAY).tolist():
                values[place] = None
        else:
            # SQLite itself stores NaN as NULL.
            values = part.tolist()
        columns.append(values)
    return columns


def dtype_of(*, whole_ids: bool, whole_values: bool) -> np.dtype[Any]:
    """Describe a row for numpy, which then takes rows as they come; no list is ever built."""
    kinds: dict[str, Any] = dict.fromkeys(COLUMNS, np.int64)
    kinds |= dict.fromkeys(_CODES, np.int8)
    kinds["customer"] = np.int64 if whole_ids else object
    kinds["value"] = np.int64 if whole_values else np.float64
    kinds |= dict.fromkeys(("cv", *_DAYS), np.float64)
    return np.dtype(list(kinds.items()))


def arrays_of(rows: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
    """Turn rows into the columns of a snapshot, in its order."""
    order = np.empty(len(rows), dtype=np.intp)
    order[rows["place"]] = np.arange(len(rows))
    found = {name: rows[name][order] for name in COLUMNS if name != "place"}
    found["customers"] = found.pop("customer")
    for name in _DAYS:
        found[name] = _days(found[name])
    return {name: freeze(column) for name, column in found.items()}


def _days(numbers: Floats) -> Days:
    missing = np.isnan(numbers)
    days = np.where(missing, 0, numbers).astype(np.int64)
    days[missing] = _NO_DAY
    return days.astype("M8[D]")


def digest(snapshot: Snapshot) -> str:
    """Sum up the content, so that a second save of it is recognised."""
    found = hashlib.sha256()
    for start in range(0, len(snapshot), CHUNK):
        part = repr(snapshot.customers[start : start + CHUNK].tolist())
        found.update(part.encode("utf-8", "surrogatepass"))
    for name in COLUMNS[2:]:
        array = getattr(snapshot, name)
        if array.dtype.kind == "f":
            array = np.where(np.isnan(array), np.nan, array)
        elif array.dtype.kind == "M":
            array = array.astype("M8[D]").astype(np.int64)
        found.update(array.dtype.kind.encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
