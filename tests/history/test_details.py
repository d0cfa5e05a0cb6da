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
from tests.history.older_files import write_older

from abcxyz import Settings, Transactions, analyze
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.dynamics.backfill import backfill_panels
from abcxyz.errors import HistoryError, InputError
from abcxyz.history import SCHEMA_VERSION, History

SWAP = (
    "UPDATE snapshot_column SET packed = (SELECT packed FROM snapshot_column WHERE name = '{}') "
    "WHERE name = '{}'"
)
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


def test_what_is_not_known_comes_back(tmp_path: Path) -> None:
    """A row without sales, a number that is none within one, a zero with a sign, and no date."""
    made = analyzed()
    days = made.snapshot.last_day
    sales = np.array([[np.nan, np.nan], [np.nan, -0.0], [1.1, 0.0]])[: len(made.panel)]
    with History(tmp_path / "h.db") as history:
        history.save(
            attrs.evolve(made.snapshot, last_day=np.array([days[0], "NaT"], days.dtype)),
            panel=attrs.evolve(made.panel, sales=sales),
        )
        (info,) = history.snapshots()
        assert np.isnat(history.load(info).last_day).tolist() == [False, True]
        details = history.details(info)
    assert details is not None
    np.testing.assert_array_equal(details.sales, sales)
    assert np.signbit(details.sales[1, 1])


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


@pytest.mark.parametrize(
    "change",
    [
        SWAP.format("sales 1", "sales 0"),
        SWAP.format("value", "owner"),
        "DELETE FROM snapshot_column WHERE name = 'sold'",
        "UPDATE snapshot SET details = '-'",
    ],
)
def test_changed_sales_are_refused(tmp_path: Path, change: str) -> None:
    made, path = analyzed(), tmp_path / "h.db"
    with History(path) as history:
        history.save(made.snapshot, panel=made.panel, owners=OWNERS)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute(change)
    with History(path) as history:
        (info,) = history.snapshots()
        assert made.snapshot == history.load(info)
        assert 1 == len(history.check())
        with pytest.raises(HistoryError, match="damaged"):
            history.details(info)


def test_the_sales_of_a_month_are_stored_once(tmp_path: Path) -> None:
    """Windows that overlap share their months; a deleted snapshot leaves nothing behind."""
    days = [date(2026, month, day) for month in range(1, 9) for day in (3, 17)]
    amounts = [5.0 + i / 4 for i in range(16)]
    sales = Transactions(["a", "b"] * 8, days, amounts)
    pairs = backfill_panels(
        sales, since=date(2026, 3, 1), as_of=date(2026, 9, 1), settings=Settings(period="3M")
    )
    with History(tmp_path / "h.db") as history:
        for snapshot, panel in pairs:
            history.save(snapshot, panel=panel)
        find = (
            "SELECT count(DISTINCT packed), count(*) FROM snapshot_column WHERE name LIKE 'sales%'"
        )
        stored = len(history.snapshots())
        assert [(8, 3 * stored)] == history._db.execute(find).fetchall()
        assert () == history.check()
        history.prune(date(2026, 9, 1), job="")
        for table in ("snapshot_column", "packed", "customer"):
            assert [(0,)] == history._db.execute(f"SELECT count(*) FROM {table}").fetchall()


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
    """The table has a row per customer and month with sales, and they add up to the value."""
    made, path = analyzed(), tmp_path / "tables.db"
    with History(tmp_path / "h.db") as history:
        history.save(made.snapshot, panel=made.panel, owners=OWNERS, job="north")
        history.export(path, since=made.snapshot.dated)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        rows = db.execute(
            "SELECT customer, owner, bucket, since, amount FROM customer_sales ORDER BY 1, 3"
        ).fetchall()
    assert [row[:4] for row in rows] == [
        ("a", OWNERS["a"], 2, "2026-02-01"),
        ("b", None, 1, "2026-01-01"),
        ("b", None, 2, "2026-02-01"),
    ]
    amounts = made.panel.sales
    assert [row[4] for row in rows] == [amounts[1, 1], amounts[0, 0], amounts[0, 1]]


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("customers", [("b", "a", "c"), (7, 9, 8)])
def test_an_older_file_loses_nothing(tmp_path: Path, whole: bool, customers: Any) -> None:
    """Snapshots, sales and owners are as they were, to the last bit, and the rows are gone."""
    made = analyzed(whole, customers)
    path = tmp_path / "old.db"
    write_older(path, 6, [made.snapshot], job="north", panels=[made.panel], owners=OWNERS)
    with History(path) as history:
        assert SCHEMA_VERSION == history.version
        (info,) = history.snapshots()
        assert made.snapshot == history.load(info)
        details = history.details(info)
        assert details is not None
        np.testing.assert_array_equal(details.sales, made.panel.sales)
        assert details.sales.dtype == made.panel.sales.dtype
        assert [OWNERS.get(one, "") for one in made.panel.customers.tolist()] == [*details.owners]
        assert () == history.check()
        assert not history.save(made.snapshot, panel=made.panel, owners=OWNERS, job="north")
        tables = history._db.execute("SELECT name FROM sqlite_master").fetchall()
        assert not {"customer_state", "customer_history"} & {name for (name,) in tables}


@pytest.mark.parametrize(
    ("change", "loads"),
    [
        ("UPDATE customer_state SET sales = '[1,2]' WHERE place = 0", True),
        ("UPDATE customer_state SET sales = '[1' WHERE place = 0", True),
        ("UPDATE customer_state SET owner = 'x'", True),
        ("UPDATE customer_state SET value = 3.5 WHERE place = 0", False),
        ("DELETE FROM customer_state WHERE place = 0", False),
    ],
)
def test_what_was_damaged_before_stays_so(tmp_path: Path, change: str, loads: bool) -> None:
    """The conversion of an older file is not taken for the save of what it finds."""
    made, path = analyzed(), tmp_path / "old.db"
    write_older(path, 6, [made.snapshot], panels=[made.panel], owners=OWNERS, more=[change])
    with History(path) as history:
        (info,) = history.snapshots()
        assert 1 == len(history.check())
        with pytest.raises(HistoryError, match="damaged"):
            history.details(info) if loads else history.load(info)
        if loads:
            assert made.snapshot == history.load(info)


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
