"""Sales by bucket and owners beside a snapshot: exact, verified, erased, and of older files."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from abcxyz import Settings, Transactions, analyze
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.dynamics.backfill import backfill_panels
from abcxyz.errors import HistoryError, InputError
from abcxyz.history import SCHEMA_VERSION, History
from abcxyz.history.schema import MIGRATIONS

OWNERS = {"a": "Ёлкина «A»", "c": "\u202eabc"}


def analyzed(whole: bool = False, customers: Any = ("b", "a", "c")) -> Analysis:
    """Sales of three customers, one of them before the window only."""
    days = [date(2026, 1, 5), date(2026, 2, 9), date(2026, 2, 10), date(2025, 3, 1)]
    amounts = [100, 25, -7, 5] if whole else [100.1, 0.1 + 0.2, -7.25, 5.0]
    who = [customers[i] for i in (0, 1, 0, 2)]
    return analyze(
        Transactions(who, days, amounts), as_of=date(2026, 3, 1), settings=Settings(period="2M")
    )


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("customers", [("b", "a", "c"), (7, 9, 8)])
def test_sales_and_owners_come_back(tmp_path: Path, whole: bool, customers: Any) -> None:
    """The panel of a saved snapshot makes the same analysis again."""
    made = analyzed(whole, customers)
    with History(tmp_path / "h.db") as history:
        assert history.save(made.snapshot, panel=made.panel, owners=OWNERS)
        assert not history.save(made.snapshot, panel=made.panel, owners=OWNERS)
        assert not history.save(made.snapshot)
        (info,) = history.snapshots()
        details, snapshot = history.details(info), history.load(info)
    assert details is not None
    panel = details.panel(snapshot)
    np.testing.assert_array_equal(panel.sales, made.panel.sales)
    assert attrs.evolve(made.panel, rhythm=None) == panel
    assert [OWNERS.get(one, "") for one in snapshot.customers.tolist()] == [*details.owners]


def test_what_is_not_known_is_null_in_the_file(tmp_path: Path) -> None:
    """A customer without sales has no list of numbers, and a date that is none is no number."""
    made = analyzed()
    days = made.snapshot.last_day
    sales = made.panel.sales.copy()
    sales[0] = np.nan
    with History(tmp_path / "h.db") as history:
        history.save(
            attrs.evolve(made.snapshot, last_day=np.array([days[0], "NaT"], days.dtype)),
            panel=attrs.evolve(made.panel, sales=sales),
        )
        (info,) = history.snapshots()
        assert np.isnat(history.load(info).last_day).tolist() == [False, True]
    with contextlib.closing(sqlite3.connect(tmp_path / "h.db")) as base:
        rows = base.execute(
            "SELECT last_day IS NULL, sales IS NULL FROM customer_state ORDER BY place"
        ).fetchall()
    assert rows == [(0, 1), (1, 0)]


def test_a_snapshot_without_sales_gets_them_later(tmp_path: Path) -> None:
    made = analyzed()
    with History(tmp_path / "h.db") as history:
        history.save(made.snapshot)
        (info,) = history.snapshots()
        assert history.details(info) is None
        assert history.save(made.snapshot, panel=made.panel)
        (info,) = history.snapshots()
        assert history.details(info) is not None
        assert made.snapshot == history.load(info)


def test_a_panel_of_other_customers_is_refused(tmp_path: Path) -> None:
    made = analyzed()
    other = attrs.evolve(made.panel, customers=made.panel.customers[::-1])
    with History(tmp_path / "h.db") as history:
        with pytest.raises(InputError, match="not that of the snapshot"):
            history.save(made.snapshot, panel=other)
        assert () == history.snapshots()


@pytest.mark.parametrize("change", ["sales = '[1,2]'", "owner = 'x'", "sales = NULL"])
def test_changed_sales_are_refused(tmp_path: Path, change: str) -> None:
    made, path = analyzed(), tmp_path / "h.db"
    with History(path) as history:
        history.save(made.snapshot, panel=made.panel, owners=OWNERS)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute(f"UPDATE customer_state SET {change} WHERE customer = 'b'")
    with History(path) as history:
        (info,) = history.snapshots()
        assert made.snapshot == history.load(info)
        assert 1 == len(history.check())
        with pytest.raises(HistoryError, match="damaged"):
            history.details(info)


def test_an_erased_customer_leaves_no_sales(tmp_path: Path) -> None:
    made, path = analyzed(), tmp_path / "h.db"
    with History(path) as history:
        history.save(made.snapshot, panel=made.panel, owners=OWNERS)
        history.erase("a")
        (info,) = history.snapshots()
        details = history.details(info)
        assert details is not None
        assert len(details.owners) == 1
        assert () == history.check()
    assert b"\xd0\x81\xd0\xbb\xd0\xba\xd0\xb8\xd0\xbd\xd0\xb0" not in path.read_bytes()


def test_analysts_read_sales_by_month(tmp_path: Path) -> None:
    """The view has a row per customer and month with sales, and they add up to the value."""
    made, path = analyzed(), tmp_path / "h.db"
    with History(path) as history:
        history.save(made.snapshot, panel=made.panel, owners=OWNERS, job="north")
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        rows = db.execute(
            "SELECT customer, owner, bucket, since, amount FROM customer_sales ORDER BY 1, 3"
        ).fetchall()
    assert [row[:4] for row in rows] == [
        ("a", OWNERS["a"], 2, "2026-02-01"),
        ("b", None, 1, "2026-01-01"),
        ("b", None, 2, "2026-02-01"),
    ]
    # SQLite may round the last binary digit of a number in JSON.
    assert [row[4] for row in rows] == pytest.approx([0.3, 100.1, -7.25], rel=1e-15)


def test_an_older_file_loses_nothing(tmp_path: Path) -> None:
    """A file of every version with jobs is brought up, with its snapshots and without sales."""
    made = analyzed()
    with History(tmp_path / "new.db") as history:
        history.save(made.snapshot, job="north")
    path = tmp_path / "old.db"
    with (
        contextlib.closing(sqlite3.connect(tmp_path / "new.db")) as new,
        contextlib.closing(sqlite3.connect(path)) as old,
        old,
    ):
        for step in MIGRATIONS[:3]:
            old.executescript(step)
        for table in ("snapshot", "customer_state"):
            names = [row[1] for row in old.execute(f"PRAGMA table_info({table})")]
            for row in new.execute(f"SELECT {', '.join(names)} FROM {table}"):
                old.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})", row)
        old.execute("PRAGMA user_version = 3")
        old.execute(f"PRAGMA application_id = {0x61627879}")
    with History(path) as history:
        assert SCHEMA_VERSION == history.version
        (info,) = history.snapshots()
        assert made.snapshot == history.load(info)
        assert history.details(info) is None
        assert history.save(made.snapshot, panel=made.panel, job="north")


def test_the_past_is_filled_with_sales() -> None:
    """Each date of a backfill comes with the panel that an analysis of that date makes."""
    days = [date(2026, month, day) for month in (1, 2, 3, 4) for day in (3, 17)]
    sales = Transactions(["a", "b"] * 4, days, [5.0, 7.5, 1.25, 3, 4, 9, 10, 2])
    settings = Settings(period="2M")
    for snapshot, panel in backfill_panels(
        sales, since=date(2026, 2, 1), as_of=date(2026, 5, 1), settings=settings
    ):
        alone = analyze(sales, as_of=snapshot.as_of, settings=settings)
        np.testing.assert_array_equal(panel.sales, alone.panel.sales)
        assert snapshot.customers.tolist() == panel.customers.tolist()
