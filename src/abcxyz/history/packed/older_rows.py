"""Conversion of files of older versions, which have a row per customer and snapshot."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np

from abcxyz._arrays import Numbers
from abcxyz.core.sales.calendar import Periods, Window
from abcxyz.history.database import Database
from abcxyz.history.details import details_digest
from abcxyz.history.packed.columns import write_columns, write_details
from abcxyz.history.rows import CODES, COLUMNS, DAYS, days_of
from abcxyz.toolkit.parsing import parse_json

__all__ = ["pack_rows"]

_DAMAGED = "-"  # no hash: what was damaged before stays so, and is told when it is read

Texts = Sequence[tuple[str | None, str | None]]


def pack_rows(db: Database) -> None:
    """Convert the rows of all snapshots to columns, and drop them, inside a transaction.

    A snapshot whose rows are no longer what was saved is as damaged afterwards as it was before.
    """
    rows = db.execute(
        "SELECT number, customers, whole_ids, whole_values, details, since, until, bucket "
        "FROM snapshot ORDER BY dated, number"
    ).fetchall()
    for number, count, whole_ids, whole_values, content, since, until, bucket in rows:
        try:
            columns = _columns(db, number, count, whole_ids, whole_values)
            customers = write_columns(db, number, SimpleNamespace(**columns))
        except (ValueError, TypeError, IndexError):
            continue  # without columns it is damaged
        if content is None:
            continue
        window = Window(date.fromisoformat(since), date.fromisoformat(until))
        texts = db.execute(
            "SELECT sales, owner FROM customer_state WHERE snapshot = ? ORDER BY place", (number,)
        ).fetchall()
        known = _DAMAGED
        try:
            sales = _sales(texts, Periods.over(window, bucket).count)
            owners = [owner or "" for _, owner in texts]
            write_details(db, number, customers, sales, owners)
            if _digest(texts) == content:
                known = details_digest(sales, owners)
        except (ValueError, TypeError):
            pass
        db.execute("UPDATE snapshot SET details = ? WHERE number = ?", (known, number))
    for statement in (
        "DROP VIEW customer_history", "DROP VIEW customer_sales", "DROP TABLE customer_state",
    ):  # fmt: skip
        db.execute(statement)


def _columns(
    db: Database, number: int, count: int, whole_ids: bool, whole_values: bool
) -> dict[str, Any]:
    """Read the rows of a snapshot as columns, in its order."""
    # Before the memory for them is taken: a damaged number may be in the billions.
    (present,) = db.execute(
        "SELECT count(*) FROM customer_state WHERE snapshot = ?", (number,)
    ).fetchone()
    if present != count:
        raise ValueError(number)
    kinds: dict[str, Any] = dict.fromkeys((*COLUMNS, "place"), np.int64)
    kinds |= dict.fromkeys(CODES, np.int8)
    kinds["customer"] = np.int64 if whole_ids else object
    kinds["value"] = np.int64 if whole_values else np.float64
    kinds |= dict.fromkeys(("cv", *DAYS), np.float64)
    statement = f"SELECT {', '.join(kinds)} FROM customer_state WHERE snapshot = ?"  # noqa: S608
    rows = np.fromiter(db.execute(statement, (number,)), np.dtype([*kinds.items()]), count)
    order = np.empty(count, dtype=np.intp)
    order[rows["place"]] = np.arange(count)
    columns = {name: rows[name][order] for name in COLUMNS}
    columns["customers"] = columns.pop("customer")
    for name in DAYS:
        columns[name] = days_of(columns[name])
    return columns


def _sales(texts: Texts, buckets: int) -> Numbers:
    """Return (n, p) sales from lists in JSON; a row of NaN without one."""
    nothing = f"[{','.join(['null'] * buckets)}]"
    written = ",".join(nothing if text is None else text for text, _ in texts)
    values = parse_json(f"[{written}]")
    sales = np.array(values)
    if sales.dtype.kind not in "if":  # a row without sales among the others, or no row at all
        sales = np.array(values, dtype=np.float64)
    return sales.reshape(len(texts), buckets)


def _digest(texts: Texts) -> str:
    written = json.dumps(texts, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()
