"""Sales by bucket and responsible employee of the customers of a snapshot, beside its classes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Numbers
from abcxyz.core.sales.calendar import Periods, Window
from abcxyz.core.sales.panel import Panel
from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.errors import InputError
from abcxyz.history.database import Database
from abcxyz.history.packed.columns import read_arrays, read_owners, read_sales
from abcxyz.history.records import SnapshotInfo

__all__ = ["Details", "StoredDetails", "details_digest", "details_of"]


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

    @property
    def digest(self) -> str:
        """Hash of both columns."""
        return details_digest(self.sales, self.owners)


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


def details_digest(sales: Numbers, owners: Sequence[str]) -> str:
    """Return a hash of both columns, in the order of the snapshot."""
    if sales.dtype.kind == "f":
        sales = np.where(np.isnan(sales), np.nan, sales)
    hashed = hashlib.sha256(f"{sales.dtype.kind}{sales.shape}".encode())
    hashed.update(np.ascontiguousarray(sales).tobytes())
    hashed.update(json.dumps(owners, ensure_ascii=True, separators=(",", ":")).encode())
    return hashed.hexdigest()


def stored_details(db: Database, number: int, count: int, buckets: int) -> Details:
    """Read the details of a snapshot; errors as in `read_columns`."""
    (customers,) = read_arrays(db, number, count, "customer")
    return Details(
        sales=read_sales(db, number, customers, buckets), owners=read_owners(db, number, count)
    )


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
            details, content = self._details(info.number)
            if details is not None and details.digest != content:
                raise self._db.damaged()
            return details

    def _details(self, number: int) -> tuple[Details | None, str | None]:
        """Read details with their hash of the save, without comparing them."""
        found = self._db.execute(
            "SELECT details, since, until, bucket, customers FROM snapshot WHERE number = ?",
            (number,),
        ).fetchone()
        if found is None:
            raise self._db.damaged()
        content, since, until, bucket, count = found
        if content is None:
            return None, None
        window = Window(date.fromisoformat(since), date.fromisoformat(until))
        try:
            details = stored_details(self._db, number, count, Periods.over(window, bucket).count)
        except (LookupError, TypeError, ValueError):
            raise self._db.damaged() from None
        return details, content
