"""Columns of a snapshot as the file has them, and their hash."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Days, Floats
from abcxyz.core.classes.segments import ABC, XYZ
from abcxyz.errors import InputError
from abcxyz.history.database import Database

__all__ = [
    "CODES",
    "COLUMNS",
    "DAYS",
    "check_customers",
    "days_of",
    "delete_snapshot",
    "digest",
    "numbers_of_days",
    "segment_of",
]

CODES = ("abc", "xyz", "steady_abc", "steady_xyz")
"""Columns of classes."""

DAYS = ("first_day", "last_day")
"""Columns of dates, in the file as days since 1970."""

COLUMNS = ("customer", *CODES, "value", "cv", "orders", *DAYS)
"""Columns of a snapshot, in the order on which `digest` depends."""

_CHUNK = 1 << 16  # identifiers written as text at a time

_NO_DAY = np.iinfo(np.int64).min


def segment_of(abc: int, xyz: int) -> str:
    """Return the name of a segment from its two codes; ``N`` is not classified."""
    return "N" if abc < 0 or xyz < 0 else ABC[abc] + XYZ[xyz]


def check_customers(customers: npt.NDArray[Any]) -> None:
    """Check that all customers can be stored.

    Raises
    ------
    InputError
        A customer is neither a whole number nor text.
    """
    if customers.dtype.kind in "iu":
        return
    for place, customer in enumerate(customers.tolist()):
        if type(customer) is not str and (
            isinstance(customer, bool) or not isinstance(customer, (str, int))
        ):
            raise InputError(
                "the history keeps customers that are whole numbers or text, not {customer!r} at "
                "position {place}; convert them first",
                customer=customer,
                place=place,
            )


def numbers_of_days(days: Days) -> Floats:
    """Return dates as days since 1970; NaN for none."""
    numbers = days.astype("M8[D]").astype(np.int64)
    known: Floats = np.where(numbers == _NO_DAY, np.nan, numbers)
    return known


def days_of(numbers: Floats) -> Days:
    """Return dates from days since 1970; NaN is none."""
    missing = np.isnan(numbers)
    days = np.where(missing, 0, numbers).astype(np.int64)
    days[missing] = _NO_DAY
    return days.astype("M8[D]")


def delete_snapshot(db: Database, number: int) -> None:
    """Delete a snapshot with its columns, inside a transaction.

    Contents that no other snapshot has stay until `drop_unused`.
    """
    for table in ("snapshot_column", "forgotten"):
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
    for start in range(0, len(snapshot.customers), _CHUNK):
        part = repr(snapshot.customers[start : start + _CHUNK].tolist())
        hashed.update(part.encode("utf-8", "surrogatepass"))
    for name in COLUMNS[1:]:
        array = getattr(snapshot, name)
        if name in CODES:
            # As they are read back.
            array = array.astype(np.int8)
        if array.dtype.kind == "f":
            array = np.where(np.isnan(array), np.nan, array)
        elif array.dtype.kind == "M":
            array = array.astype("M8[D]").astype(np.int64)
        hashed.update(array.dtype.kind.encode())
        hashed.update(np.ascontiguousarray(array).tobytes())
    return hashed.hexdigest()
