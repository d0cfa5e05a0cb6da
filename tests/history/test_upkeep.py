"""Upkeep of a history: counts, remainders and messages as a whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import attrs
import numpy as np
import pytest
from tests.history.test_history import alert, made

from abcxyz import Snapshot
from abcxyz.core.advice.calls import CallOutcome
from abcxyz.errors import HistoryError
from abcxyz.history import History

FEBRUARY, MARCH, APRIL = (date(2026, month, 1) for month in (2, 3, 4))
SWAP = (
    "UPDATE snapshot_column SET packed = (SELECT packed FROM snapshot_column WHERE name = 'cv') "
    "WHERE name = 'orders'"
)
TABLES = ("snapshot", "customer", "snapshot_column", "forgotten", "raised", "delivery", "snooze",
          "outcome", "deal_state")  # fmt: skip


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with History(tmp_path / "history.db") as opened:
        yield opened


def without(snapshot: Snapshot, *customers: object) -> Snapshot:
    """Return a snapshot without some customers."""
    left = np.array([one not in customers for one in snapshot.customers.tolist()])
    names = ("customers", "abc", "xyz", "value", "cv", "orders", "first_day", "last_day",
             "steady_abc", "steady_xyz")  # fmt: skip
    columns: dict[str, Any] = {name: getattr(snapshot, name)[left] for name in names}
    return attrs.evolve(snapshot, **columns)


def sizes(history: History) -> dict[str, int]:
    """Return the number of rows of every table."""
    return {
        name: history._db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in TABLES
    }


def fill(history: History) -> list[Snapshot]:
    """Store something of the customers ``a`` to ``e`` in every table."""
    whole = [made(day, customers=tuple("dbeac")) for day in (FEBRUARY, MARCH)]
    for one in whole:
        history.save(one, job="north")
    keys = [f"fell_from_a:{one}:2026" for one in "aab"]
    alerts = [alert(keys[0], "a"), alert("near_a:a", "a"), alert(keys[2], "b")]
    history.raise_alerts(alerts, MARCH, job="north", sinks=["crm", "mail"])
    # By the key alone, where the customer is a part of it.
    history.record_raised(["stalled:12:a", "stalled:12:ab"], MARCH, reader="list")
    for key in (keys[0], "near_a:a", "x:a:y", "x:ab:y", keys[2]):
        history.snooze(key, APRIL)
    for day in (4, 5, 6, 7, 8):
        history.add_outcome(CallOutcome(customer="a", day=date(2026, 3, day), outcome="called"))
    history.add_outcome(CallOutcome(customer="b", day=MARCH, outcome="lost"))
    row = ("NEW", "", None, None, None, None, None, None)
    deals = [(n, "a", *row) for n in range(6)]
    history.save_deals([*deals, (9, "b", *row)], day=MARCH, at=1)
    return whole


def test_a_customer_is_erased_from_everything(history: History) -> None:
    """The counts are those of a trial, each of its own table, and nothing else is touched."""
    whole = fill(history)
    before = sizes(history)
    counts = {"snapshots": 2, "alerts": 3, "snoozes": 3, "outcomes": 5, "deals": 6}
    assert MappingProxyType(counts) == history.erase("a", dry_run=True)
    assert before == sizes(history)
    done = history.erase("a")
    assert counts == done
    with pytest.raises(TypeError):
        done["alerts"] = 0  # type: ignore[index]
    assert sizes(history) == {
        **before, "customer": 4, "forgotten": 2, "raised": 2, "delivery": 2, "snooze": 2,
        "outcome": 1, "deal_state": 1,
    }  # fmt: skip
    assert [without(one, "a") for one in whole] == [
        history.load(one) for one in history.snapshots()
    ]
    assert {0} == {*history.erase("a").values()}
    assert history.raised_keys(reader="list") == {"stalled:12:ab"}
    assert [CallOutcome(customer="b", day=MARCH, outcome="lost")] == [*history.outcomes()]


def test_erased_customers_are_counted_by_class(history: History) -> None:
    """In any order, from any place; what stays is the snapshot without them."""
    (first, second) = fill(history)
    for number, who in enumerate(("d", "c", "b", "a"), 1):
        history.erase(who)
        left = "dcba"[:number]
        assert [(5 - number, number)] * 2 == [
            (one.customers, one.forgotten) for one in history.snapshots()
        ]
        assert [without(first, *left), without(second, *left)] == [
            history.load(one) for one in history.snapshots()
        ]
        assert () == history.check()
    codes = zip(first.abc.tolist(), first.xyz.tolist(), first.customers.tolist(), strict=True)
    expected: dict[tuple[int, int], int] = {}
    for abc, xyz, who in codes:
        if who != "e":
            expected[abc, xyz] = expected.get((abc, xyz), 0) + 1
    assert max(expected.values()) == 2
    rows = history._db.execute(
        "SELECT abc, xyz, customers FROM forgotten WHERE snapshot = 1 ORDER BY 1, 2"
    ).fetchall()
    assert [(*key, expected[key]) for key in sorted(expected)] == rows


@pytest.mark.parametrize(
    "change",
    [f"{SWAP} AND snapshot = 2", "UPDATE snapshot SET details = digest WHERE number = 2"],
)
def test_a_damaged_snapshot_is_erased_from_nowhere(history: History, change: str) -> None:
    """The damage is in one of the customer's snapshots."""
    fill(history)
    history._db.execute(change)
    before = sizes(history)
    with pytest.raises(HistoryError, match="a snapshot does not hold what was saved"):
        history.erase("a")
    assert before == sizes(history)


def test_only_what_ended_before_a_day_is_dropped(history: History) -> None:
    """The day itself stays: of snapshots, ended alerts, outcomes and snoozes of the job."""
    for day in (FEBRUARY, MARCH, APRIL):
        for job in ("north", "south"):
            history.save(made(day), job=job)
    cut = made(MARCH).dated
    early, late = date(2026, 2, 27), date(2026, 3, 1)
    for job in ("north", "south"):
        history.raise_alerts([alert("near_a:1"), alert("near_a:4")], early, job=job, sinks=["crm"])
        history.raise_alerts([alert("near_a:2"), alert("near_a:4")], cut, job=job, sinks=["crm"])
        history.raise_alerts([alert("near_a:3")], late, job=job, sinks=["crm"])
        for day in (early, cut, late):
            history.add_outcome(CallOutcome(customer="a", day=day, outcome="lost"), job=job)
    # Active since long, and not seen on its day: it has not ended.
    history._db.execute("UPDATE raised SET seen = '2026-01-01' WHERE key = 'near_a:3'")
    for number, day in enumerate((early, cut, late)):
        history.snooze(str(number), day)
    assert 1 == history.prune(cut, job="north")
    assert [("north", cut), ("south", made(FEBRUARY).dated), ("south", cut)] == sorted(
        (one.job, one.dated) for one in history.snapshots() if one.dated <= cut
    )
    assert [("north", "2"), ("north", "3"), ("north", "4"), ("south", "1"), ("south", "2"),
            ("south", "3"), ("south", "4")] == history._db.execute(
        "SELECT job, substr(key, 8) FROM raised JOIN delivery ON delivery.alert = number "
        "ORDER BY job, key"
    ).fetchall()  # fmt: skip
    assert [7] == [*history._db.execute("SELECT count(*) FROM delivery").fetchone()]
    assert [cut, late] == [one.day for one in history.outcomes(job="north")]
    assert [early, cut, late] == [one.day for one in history.outcomes(job="south")]
    assert {"1", "2"} == history.snoozed(date(2026, 1, 1))
    assert 0 == history.prune(cut, job="north")
    assert 2 == history.prune(date(2027, 1, 1), job="north")
    assert 0 == len([one for one in history.snapshots() if one.job == "north"])


def test_the_check_names_every_damaged_snapshot(history: History) -> None:
    """By date and job, the oldest first; the others are sound."""
    for day in (APRIL, MARCH, FEBRUARY):
        history.save(made(day), job="north")
    history.save(made(MARCH))
    assert () == history.check()
    history._db.execute(f"{SWAP} AND snapshot IN (1, 3, 4)")
    assert ("2026-01-31 north", "2026-02-28", "2026-03-31 north") == history.check()


def test_the_check_reports_a_broken_file(tmp_path: Path) -> None:
    """What SQLite finds is passed on, before the snapshots."""
    path = tmp_path / "history.db"
    with History(path) as history:
        history.save(made(customers=[*range(3000)]))
        history._db.execute("PRAGMA writable_schema = ON")
        history._db.execute("UPDATE sqlite_master SET sql = replace(sql, 'NOT NULL', '') "
                            "WHERE name = 'raised'")  # fmt: skip
        history._db.execute("UPDATE sqlite_master SET sql = replace(sql, 'tries INTEGER NOT NULL',"
                            " 'tries INTEGER NOT NULL CHECK (tries < 0)') "
                            "WHERE name = 'delivery'")  # fmt: skip
    with History(path) as history:
        history._db.execute("PRAGMA ignore_check_constraints = ON")
        history._db.execute("INSERT INTO delivery VALUES (1, 'crm', 'raised', '2026', 0)")
        history._db.execute("PRAGMA ignore_check_constraints = OFF")
        history._db.execute(SWAP)
        assert ("CHECK constraint failed in delivery", "2026-02-28") == history.check()


def test_vacuum_returns_the_size(history: History, tmp_path: Path) -> None:
    """Of the file on the disk, which no log lengthens."""
    fill(history)
    before = history.vacuum()
    history._db.execute("DELETE FROM packed")
    history.save(made(customers=[*range(2000)]))
    history._db.execute("DELETE FROM packed")
    after = history.vacuum()
    assert before <= after == (tmp_path / "history.db").stat().st_size
    assert 0 == (tmp_path / "history.db-wal").stat().st_size


@pytest.mark.parametrize(
    ("place", "reason"),
    [("no/copy.db", "No such file or directory"), ("", "Is a directory")],
)
def test_a_copy_that_cannot_be_written(
    history: History, tmp_path: Path, place: str, reason: str
) -> None:
    """The reason is told, and nothing is left beside it."""
    (tmp_path / "there").mkdir()
    target = tmp_path / "there" / place
    with pytest.raises(HistoryError) as told:
        history.backup(target)
    assert str(told.value) == (
        f"the copy {target} cannot be written ({reason}); check the folder and its rights"
    )
    assert [] == [*(tmp_path / "there").iterdir()]
    assert {"history.db", "history.db-shm", "history.db-wal", "there"} == {
        one.name for one in tmp_path.iterdir()
    }


def test_a_copy_is_one_file(history: History, tmp_path: Path) -> None:
    """Its path is returned; it needs no log beside it, and replaces what was there."""
    whole = fill(history)
    target = tmp_path / "copy.db"
    target.write_bytes(b"old")
    assert target == history.backup(str(target))
    with sqlite3.connect(target) as copy:
        assert [("delete",)] == copy.execute("PRAGMA journal_mode").fetchall()
    copy.close()
    with History(target, read_only=True) as again:
        assert whole == [again.load(one) for one in again.snapshots()]
