"""Files as older versions of the library wrote them, a row per customer and snapshot."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from abcxyz import Snapshot
from abcxyz.core.sales.panel import Panel
from abcxyz.history import History
from abcxyz.history.schema import APPLICATION, MIGRATIONS

_STATE = ("abc", "xyz", "steady_abc", "steady_xyz", "value", "cv", "orders")


def write_older(
    path: Path,
    version: int,
    snapshots: Sequence[Snapshot],
    *,
    job: str = "",
    panels: Sequence[Panel] = (),
    owners: Mapping[Any, str] | None = None,
    more: Sequence[str] = (),
) -> None:
    """Write snapshots as a version before 7 did, and run *more* statements.

    Parameters
    ----------
    path
        The new file.
    version
        Version of the schema, 1 to 6.
    snapshots, panels
        Snapshots and, from version 5 on, the panels that they were made of.
    job
        Their job, from version 3 on.
    owners
        Customer -> owner, stored with the panels.
    """
    new = path.with_name("as-now.db")
    with History(new) as history:
        for one in snapshots:
            history.save(one, job=job)
    old = sqlite3.connect(path)
    with contextlib.closing(old), old:
        for step in MIGRATIONS[:version]:
            old.executescript(step)
        old.execute("ATTACH ? AS new", (str(new),))
        columns = [row[1] for row in old.execute("PRAGMA main.table_info(snapshot)")]
        names = ", ".join(columns)
        old.execute(f"INSERT INTO main.snapshot ({names}) SELECT {names} FROM new.snapshot")
        for number, one in enumerate(snapshots, 1):
            panel = panels[number - 1] if panels else None
            texts = [_texts(one, panel, owners or {}, i) for i in range(len(one))]
            for place, text in enumerate(texts):
                row = {"snapshot": number, "customer": _plain(one.customers[place])}
                row |= {"place": place, "first_day": _day(one, "first_day", place)}
                row |= {"last_day": _day(one, "last_day", place)}
                row |= {name: _plain(getattr(one, name)[place]) for name in _STATE}
                if panel is not None:
                    row |= dict(zip(("sales", "owner"), text, strict=True))
                marks = ", ".join("?" * len(row))
                old.execute(
                    f"INSERT INTO customer_state ({', '.join(row)}) VALUES ({marks})",
                    [*row.values()],
                )
            if panel is not None:
                written = json.dumps(texts, ensure_ascii=True, separators=(",", ":"))
                digest = hashlib.sha256(written.encode()).hexdigest()
                old.execute(
                    "UPDATE main.snapshot SET details = ? WHERE number = ?", (digest, number)
                )
        for statement in more:
            old.execute(statement)
        old.execute(f"PRAGMA main.application_id = {APPLICATION}")
        old.execute(f"PRAGMA main.user_version = {version}")
    new.unlink()


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return None if value != value else value


def _day(snapshot: Snapshot, name: str, place: int) -> int | None:
    day = getattr(snapshot, name)[place].astype("M8[D]")
    return None if np.isnat(day) else int(day.astype(np.int64))


def _texts(
    snapshot: Snapshot, panel: Panel | None, owners: Mapping[Any, str], place: int
) -> tuple[str | None, str | None]:
    if panel is None:
        return None, None
    amounts = panel.sales[place].tolist()
    empty = all(one != one for one in amounts)
    sales = None if empty else json.dumps(amounts, separators=(",", ":")).replace("NaN", "null")
    return sales, owners.get(_plain(snapshot.customers[place])) or None
