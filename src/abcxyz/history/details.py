"""Sales by bucket and responsible employee of the customers of a snapshot, beside its classes."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Numbers, freeze
from abcxyz.core.sales.calendar import Periods, Window
from abcxyz.core.sales.panel import Panel
from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.errors import InputError
from abcxyz.history.database import Database
from abcxyz.history.records import SnapshotInfo
from abcxyz.toolkit.parsing import parse_json

__all__ = [
    "DETAILS",
    "Details",
    "StoredDetails",
    "details_digest",
    "details_of",
    "read_details",
    "stored_texts",
]

DETAILS = ("sales", "owner")
"""Columns of a customer's row that may be empty: sales as a list in JSON, and the owner."""


@frozen(kw_only=True)
class Details:
    """Sales by bucket, and the owners, of the n customers of a snapshot, in its order.

    Parameters
    ----------
    sales
        (n, p) the metric per bucket; a row of NaN without sales.
    owners
        (n,) responsible employee; empty text where unknown.
    """

    __hash__ = None  # type: ignore[assignment]

    sales: Numbers = field(eq=SAME_ARRAYS)
    owners: tuple[str, ...]

    def panel(self, snapshot: Snapshot) -> Panel:
        """Return the panel that the snapshot was made of; the days of orders are not known."""
        return Panel(
            customers=snapshot.customers,
            periods=snapshot.periods,
            metric=snapshot.settings.metric,
            value=snapshot.value,
            sales=self.sales,
            orders=snapshot.orders,
            first_day=snapshot.first_day,
            last_day=snapshot.last_day,
        )

    @functools.cached_property
    def rows(self) -> list[tuple[str | None, str | None]]:
        """(n,) texts of both columns, in the order of the snapshot."""
        owners = (one or None for one in self.owners)
        return list(zip(_texts(self.sales), owners, strict=True))

    @property
    def digest(self) -> str:
        """Hash of both columns as they are stored."""
        return details_digest(self.rows)


def details_of(
    snapshot: Snapshot, panel: Panel, owners: Mapping[Any, str] | None = None
) -> Details:
    """Return the details of a snapshot from the panel that it was made of.

    Raises
    ------
    InputError
        The panel is of other customers, or of another window.
    """
    same = len(panel) == len(snapshot) and (
        panel.customers is snapshot.customers
        or panel.customers.tolist() == snapshot.customers.tolist()
    )
    if not same or panel.periods.edges != snapshot.periods.edges:
        raise InputError("the panel is not that of the snapshot; pass the one it was made of")
    known = owners or {}
    return Details(
        sales=panel.sales,
        owners=tuple(
            str(known.get(one) or known.get(str(one)) or "") for one in snapshot.customers.tolist()
        ),
    )


def _texts(sales: Numbers) -> list[str | None]:
    """Return each row as a list in JSON; None for a row without sales."""
    if not len(sales):
        return []
    if not sales.shape[1]:
        return [None] * len(sales)
    # One call of the encoder in C for all rows, and no comma between brackets inside of a row.
    written = json.dumps(sales.tolist(), separators=(",", ":")).replace("NaN", "null")
    empty = np.zeros(len(sales), dtype=bool)
    if sales.dtype.kind == "f":
        empty |= np.isnan(sales).all(axis=1)
    rows = written[2:-2].split("],[")
    return [None if none else f"[{row}]" for row, none in zip(rows, empty, strict=True)]


def read_details(rows: Sequence[tuple[str | None, str | None]], buckets: int) -> Details:
    """Return details from the texts of both columns, in the order of the snapshot.

    Raises
    ------
    ValueError, TypeError
        They are damaged.
    """
    nothing = f"[{','.join(['null'] * buckets)}]"
    written = ",".join(nothing if text is None else text for text, _ in rows)
    values = parse_json(f"[{written}]")
    sales = np.array(values)
    if sales.dtype.kind not in "if":  # a row without sales among the others, or no row at all
        sales = np.array(values, dtype=np.float64)
    sales = sales.reshape(len(rows), buckets)
    return Details(sales=freeze(sales), owners=tuple(owner or "" for _, owner in rows))


def details_digest(rows: Sequence[tuple[str | None, str | None]]) -> str:
    """Return a hash of the texts of both columns, in the order of the snapshot."""
    written = json.dumps(rows, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


def stored_texts(db: Database, number: int) -> list[tuple[str | None, str | None]]:
    """Return the texts of both columns of a snapshot, in its order."""
    return db.execute(
        f"SELECT {', '.join(DETAILS)} FROM customer_state "  # noqa: S608 - constants
        "WHERE snapshot = ? ORDER BY place",
        (number,),
    ).fetchall()


class StoredDetails:
    """Methods of a history for the sales and owners of its snapshots."""

    _db: Database

    def details(self, info: SnapshotInfo) -> Details | None:
        """Read the sales by bucket and the owners of a snapshot of the list.

        Returns
        -------
        Details or None
            None where they were not saved, as by an older version.

        Raises
        ------
        HistoryError
            It is there no more, or is not what was saved.
        """
        with self._db.decoding(), self._db.reading():
            found = self._db.execute(
                "SELECT details, since, until, bucket FROM snapshot WHERE number = ?",
                (info.number,),
            ).fetchone()
            if found is None:
                raise self._db.damaged()
            content, since, until, bucket = found
            if content is None:
                return None
            rows = stored_texts(self._db, info.number)
            if details_digest(rows) != content:
                raise self._db.damaged()
            window = Window(date.fromisoformat(since), date.fromisoformat(until))
            return read_details(rows, Periods.over(window, bucket).count)
