"""Columns of snapshots in the file: written, read, erased, and each content stored once."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Bools, Ints, Numbers, freeze
from abcxyz.errors import InputError
from abcxyz.history.database import Database
from abcxyz.history.packed.encoding import (
    pack,
    pack_texts,
    place_of,
    unpack,
    unpack_at,
    unpack_texts,
)
from abcxyz.history.rows import CODES, COLUMNS, DAYS, check_customers, days_of, numbers_of_days

__all__ = [
    "drop_unused",
    "numbers_in",
    "read_arrays",
    "read_columns",
    "read_owners",
    "read_sales",
    "read_state",
    "write_columns",
    "write_details",
]


def write_columns(db: Database, number: int, columns: Any) -> Ints:
    """Store the columns of a snapshot, inside a transaction.

    Parameters
    ----------
    db
        The file.
    number
        Number of the snapshot.
    columns
        A snapshot, or its columns as attributes.

    Returns
    -------
    numpy.ndarray
        (n,) numbers of its customers in the file.

    Raises
    ------
    InputError
        A customer appears twice, or is neither a whole number nor text.
    """
    customers = _numbered(db, columns.customers)
    _put(db, number, "customer", pack(customers))
    for name in COLUMNS[1:]:
        column = getattr(columns, name)
        _put(db, number, name, pack(numbers_of_days(column) if name in DAYS else column))
    return customers


def write_details(
    db: Database, number: int, customers: Ints, sales: Numbers, owners: Sequence[str]
) -> None:
    """Store the sales by bucket and the owners of a snapshot, inside a transaction.

    Parameters
    ----------
    db, number
        As in `write_columns`.
    customers
        (n,) numbers of the customers in the file.
    sales, owners
        As in `Details`.

    Notes
    -----
    A bucket has the customers with sales in it, by their number in the file, so that it is the
    same in every snapshot whose window holds it, and is stored once.
    """
    order = np.argsort(customers, kind="stable")
    sold: Bools = np.ones(len(sales), dtype=bool)
    if sales.dtype.kind == "f":
        sold = ~np.asarray(np.isnan(sales).all(axis=1))
    _put(db, number, "sold", pack(sold.astype(np.int8)))
    for bucket in range(sales.shape[1]):
        column = sales[order, bucket]
        # By bits, because a zero may have a sign.
        bits = column.view(np.int64) if column.dtype.kind == "f" else column
        some = np.not_equal(bits, 0) & sold[order]
        who = pack(customers[order[some]])
        content = len(who).to_bytes(4, "little") + who + pack(column[some])
        _put(db, number, f"sales {bucket}", content)
    _put(db, number, "owner", pack_texts(owners))


def read_columns(db: Database, number: int, count: int, *, whole_ids: bool) -> dict[str, Any]:
    """Return the columns of a snapshot in its order.

    Parameters
    ----------
    db, number
        As in `write_columns`.
    count
        How many customers it has.
    whole_ids
        Whether all its customers are whole numbers.

    Raises
    ------
    ValueError, TypeError, LookupError
        It is damaged.
    """
    found = _contents(db, number, ("customer", *COLUMNS[1:]))
    customers = unpack(found["customer"], count)
    known = _customers(db)
    if count and not 0 <= customers.min() <= customers.max() < len(known):
        raise ValueError(number)
    ids = known[customers]
    if whole_ids:
        ids = np.array(ids.tolist(), dtype=np.int64)
    columns: dict[str, Any] = {"customers": freeze(ids)}
    for name in COLUMNS[1:]:
        column = unpack(found[name], count)
        if name in CODES:
            column = column.astype(np.int8)
        columns[name] = freeze(days_of(column) if name in DAYS else column)
    return columns


def read_arrays(db: Database, number: int, count: int, *names: str) -> list[Numbers]:
    """Return some columns of a snapshot as they are stored; errors as in `read_columns`.

    The column ``customer`` is the numbers of the customers in the file; days are those since 1970.
    """
    found = _contents(db, number, names)
    return [unpack(found[name], count) for name in names]


def read_state(db: Database, number: int, customer: int, near: int = 0) -> SimpleNamespace | None:
    """Return the columns of one customer, by number, and the place, sought first at *near*.

    None where the snapshot does not have the customer.
    """
    found = _contents(db, number, ("customer", *COLUMNS[1:]))
    place = place_of(found["customer"], customer, near)
    if place is None:
        return None
    values: dict[str, Any] = {name: unpack_at(found[name], place) for name in COLUMNS[1:]}
    return SimpleNamespace(place=place, **values)


def read_sales(db: Database, number: int, customers: Ints, buckets: int) -> Numbers:
    """Return (n, p) sales by bucket of a snapshot's customers; errors as in `read_columns`."""
    names = ["sold", *(f"sales {bucket}" for bucket in range(buckets))]
    found = _contents(db, number, names)
    place = np.full(int(customers.max(initial=0)) + 1, -1)
    place[customers] = np.arange(len(customers))
    columns = []
    for name in names[1:]:
        content = found[name]
        size = 4 + int.from_bytes(content[:4], "little")
        who, amounts = unpack(content[4:size]), unpack(content[size:])
        rows = place[who]
        if len(who) != len(amounts) or rows.min(initial=0) < 0 or who.min(initial=0) < 0:
            raise ValueError(number)
        column = np.zeros(len(customers), dtype=amounts.dtype)
        column[rows] = amounts
        columns.append(column)
    sales = np.stack(columns, axis=1) if columns else np.zeros((len(customers), 0))
    sold = unpack(found["sold"], len(customers)) != 0
    if sales.dtype.kind == "f":
        sales[~sold] = np.nan
    return freeze(sales)


def read_owners(db: Database, number: int, count: int) -> tuple[str, ...]:
    """Return the owners of the customers of a snapshot; errors as in `read_columns`."""
    return tuple(unpack_texts(_contents(db, number, ("owner",))["owner"], count))


def numbers_in(db: Database, customers: Iterable[Any]) -> dict[Any, int]:
    """Return customer -> number in the file, of those that it knows."""
    find = "SELECT number FROM customer WHERE id = ?"
    found = ((one, db.execute(find, (one,)).fetchone()) for one in customers)
    return {one: row[0] for one, row in found if row is not None}


def drop_unused(db: Database) -> None:
    """Drop the contents and the customers that are in no snapshot any more."""
    db.execute("DELETE FROM packed WHERE number NOT IN (SELECT packed FROM snapshot_column)")
    used = np.zeros(len(_customers(db)) + 1, dtype=bool)
    for (content,) in db.execute(
        "SELECT content FROM packed WHERE number IN "
        "(SELECT packed FROM snapshot_column WHERE name = 'customer')"
    ):
        used[unpack(content)] = True
    rows = db.execute("SELECT number FROM customer").fetchall()
    db.executemany(
        "DELETE FROM customer WHERE number = ?", [row for row in rows if not used[row[0]]]
    )


def _numbered(db: Database, customers: npt.NDArray[Any]) -> Ints:
    """Return the numbers of customers in the file, which learns the new ones."""
    check_customers(customers)
    known: dict[Any, int] = dict(db.execute("SELECT id, number FROM customer").fetchall())
    listed = customers.tolist()
    new = [one for one in listed if one not in known]
    (last,) = db.execute("SELECT coalesce(max(number), -1) FROM customer").fetchone()
    known |= {one: place for place, one in enumerate(new, last + 1)}
    try:
        db.executemany(
            "INSERT INTO customer (number, id) VALUES (?, ?)",
            zip(range(last + 1, last + 1 + len(new)), new, strict=True),
        )
    except sqlite3.IntegrityError:
        raise _twice(listed) from None
    except (UnicodeEncodeError, OverflowError) as problem:
        raise InputError(
            "a customer cannot be kept in the history ({reason}); identifiers are text of "
            "valid characters or whole numbers of 64 bits",
            reason=str(problem),
        ) from problem
    numbers = np.array([known[one] for one in listed], dtype=np.int64)
    if len(np.unique(numbers)) < len(numbers):
        raise _twice(listed)
    return numbers


def _twice(customers: list[Any]) -> InputError:
    return InputError(
        "the snapshot holds the customer {customer!r} twice; add its sales up first",
        customer=next(one for one, count in Counter(customers).items() if count > 1),
    )


#: Connection -> state of the file, and its customers: one result asks for them several times.
_KNOWN: WeakKeyDictionary[Database, tuple[object, npt.NDArray[Any]]] = WeakKeyDictionary()


def _customers(db: Database) -> npt.NDArray[Any]:
    """Return the customers of the file by number."""
    state, read = db.state, _KNOWN.get(db)
    if read is not None and read[0] == state:
        return read[1]
    rows = db.execute("SELECT number, id FROM customer ORDER BY number").fetchall()
    (last,) = rows[-1:] or ((-1, None),)
    # Before the memory is taken: a damaged number may be in the billions.
    if last[0] >= 2 * len(rows) + 10**7:
        raise ValueError(last[0])
    known = np.empty(last[0] + 1, dtype=object)
    for number, one in rows:
        known[number] = one
    _KNOWN[db] = state, freeze(known)
    return known


def _put(db: Database, number: int, name: str, content: bytes) -> None:
    digest = hashlib.sha256(content).digest()
    db.execute("INSERT OR IGNORE INTO packed (digest, content) VALUES (?, ?)", (digest, content))
    db.execute(
        "INSERT OR REPLACE INTO snapshot_column SELECT ?, ?, number FROM packed WHERE digest = ?",
        (number, name, digest),
    )


def _contents(db: Database, number: int, names: Sequence[str]) -> Mapping[str, bytes]:
    """Return name -> content of columns of a snapshot, each compared with its hash."""
    statement = (
        "SELECT name, content, digest FROM snapshot_column JOIN packed "  # noqa: S608
        f"ON packed = number WHERE snapshot = ? AND name IN ({', '.join('?' * len(names))})"
    )
    found = {}
    for name, content, digest in db.execute(statement, (number, *names)).fetchall():
        # One number is read out of a content, so that the hash of the snapshot is of no help.
        if hashlib.sha256(content).digest() != digest:
            raise ValueError(name)
        found[name] = content
    return found
