"""Insertion of the rows of a snapshot."""

from __future__ import annotations

import itertools
import sqlite3
from collections import Counter
from typing import Any

from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.errors import InputError
from abcxyz.history.database import Database
from abcxyz.history.details import DETAILS, Details
from abcxyz.history.rows import CHUNK, COLUMNS, rows_of, sorted_places

__all__ = ["insert_rows"]

_WRITTEN = ("snapshot", *COLUMNS, *DETAILS)
_INSERT = (
    f"INSERT INTO customer_state ({', '.join(_WRITTEN)}) "  # noqa: S608 - constants
    f"VALUES ({', '.join('?' * len(_WRITTEN))})"
)
_NOTHING = (None,) * len(DETAILS)


def insert_rows(
    db: Database, snapshot: Snapshot, number: int | None, details: Details | None
) -> None:
    """Insert the rows of a snapshot, inside a transaction.

    Raises
    ------
    InputError
        A customer appears twice, or is neither a whole number nor text.
    """
    order = sorted_places(snapshot.customers)
    try:
        for start in range(0, len(order), CHUNK):
            places = order[start : start + CHUNK]
            more = (
                itertools.repeat(_NOTHING)
                if details is None
                else [details.rows[i] for i in places.tolist()]
            )
            columns = rows_of(snapshot, places)
            db.executemany(
                _INSERT,
                ((number, *row, *extra) for *row, extra in zip(*columns, more, strict=False)),
            )
    except sqlite3.IntegrityError:
        raise InputError(
            "the snapshot holds the customer {customer!r} twice; add its sales up first",
            customer=_twice(snapshot.customers.tolist()),
        ) from None
    except (UnicodeEncodeError, OverflowError) as problem:
        raise InputError(
            "a customer cannot be kept in the history ({reason}); identifiers are text of "
            "valid characters or whole numbers of 64 bits",
            reason=str(problem),
        ) from problem


def _twice(customers: list[Any]) -> object:
    return next(customer for customer, count in Counter(customers).items() if count > 1)
