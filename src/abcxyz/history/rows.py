"""Conversion between snapshots and rows of the file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Days, Floats, freeze
from abcxyz.core.classes.segments import ABC, XYZ
from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.errors import InputError
from abcxyz.history.database import Database

__all__ = [
    "CHUNK",
    "COLUMNS",
    "arrays_of",
    "delete_snapshot",
    "digest",
    "rows_of",
    "segment_of",
    "sorted_places",
    "stored_rows",
]

_CODES = ("abc", "xyz", "steady_abc", "steady_xyz")
_DAYS = ("first_day", "last_day")

COLUMNS = ("customer", "place", *_CODES, "value", "cv", "orders", *_DAYS)
"""Columns of one customer's row, in the order of the file, on which `digest` depends; `place` is
the customer's position in the snapshot."""

CHUNK = 1 << 16
"""Number of rows converted to Python values at a time."""

_NO_DAY = np.iinfo(np.int64).min


def segment_of(abc: int, xyz: int) -> str:
    """Return the name of a segment from its two codes; ``N`` is not classified."""
    return "N" if abc < 0 or xyz < 0 else ABC[abc] + XYZ[xyz]


def sorted_places(customers: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Return the order of the rows in the file: appending is much faster than inserting.

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
    """Return the rows at *places* as columns of plain Python values; NaN and NaT become NULL."""
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
            # SQLite stores NaN as NULL.
            values = part.tolist()
        columns.append(values)
    return columns


def stored_rows(db: Database, number: int, count: int, whole: Sequence[bool]) -> npt.NDArray[Any]:
    """Read the rows of a snapshot; *whole* says whether its ids and its values are integers.

    Raises
    ------
    ValueError, TypeError
        There are more or fewer rows, or of another type.
    """
    # Before the memory for them is taken: a damaged number may be in the billions.
    (present,) = db.execute(
        "SELECT count(*) FROM customer_state WHERE snapshot = ?", (number,)
    ).fetchone()
    if present != count:
        raise ValueError
    kind = dtype_of(whole_ids=whole[0], whole_values=whole[1])
    columns = ", ".join(COLUMNS)
    statement = f"SELECT {columns} FROM customer_state WHERE snapshot = ?"  # noqa: S608
    return np.fromiter(db.execute(statement, (number,)), kind, count)


def dtype_of(*, whole_ids: bool, whole_values: bool) -> np.dtype[Any]:
    """Return the numpy type of a row, so that rows are read without building a list."""
    kinds: dict[str, Any] = dict.fromkeys(COLUMNS, np.int64)
    kinds |= dict.fromkeys(_CODES, np.int8)
    kinds["customer"] = np.int64 if whole_ids else object
    kinds["value"] = np.int64 if whole_values else np.float64
    kinds |= dict.fromkeys(("cv", *_DAYS), np.float64)
    return np.dtype(list(kinds.items()))


def arrays_of(rows: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
    """Convert rows to the columns of a snapshot, in its order."""
    order = np.empty(len(rows), dtype=np.intp)
    order[rows["place"]] = np.arange(len(rows))
    columns = {name: rows[name][order] for name in COLUMNS if name != "place"}
    columns["customers"] = columns.pop("customer")
    for name in _DAYS:
        columns[name] = _days(columns[name])
    return {name: freeze(column) for name, column in columns.items()}


def _days(numbers: Floats) -> Days:
    missing = np.isnan(numbers)
    days = np.where(missing, 0, numbers).astype(np.int64)
    days[missing] = _NO_DAY
    return days.astype("M8[D]")


def delete_snapshot(db: Database, number: int) -> None:
    """Delete a snapshot with its rows, inside a transaction."""
    for table in ("customer_state", "forgotten"):
        db.execute(f"DELETE FROM {table} WHERE snapshot = ?", (number,))  # noqa: S608
    db.execute("DELETE FROM snapshot WHERE number = ?", (number,))


def digest(snapshot: Any) -> str:
    """Return a hash of the content, by which a repeated save and damage are recognised.

    Parameters
    ----------
    snapshot
        A snapshot, or its columns as attributes.
    """
    hashed = hashlib.sha256()
    for start in range(0, len(snapshot.customers), CHUNK):
        part = repr(snapshot.customers[start : start + CHUNK].tolist())
        hashed.update(part.encode("utf-8", "surrogatepass"))
    for name in COLUMNS[2:]:
        array = getattr(snapshot, name)
        if name in _CODES:
            # As they are read back.
            array = array.astype(np.int8)
        if array.dtype.kind == "f":
            array = np.where(np.isnan(array), np.nan, array)
        elif array.dtype.kind == "M":
            array = array.astype("M8[D]").astype(np.int64)
        hashed.update(array.dtype.kind.encode())
        hashed.update(np.ascontiguousarray(array).tobytes())
    return hashed.hexdigest()
