"""History file: exact storage, and safety among processes."""

from __future__ import annotations

import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from abcxyz import Alert, Periods, Settings, Shares, Snapshot
from abcxyz.core.analysis.past import result_of
from abcxyz.errors import HistoryError, InputError
from abcxyz.history import SCHEMA_VERSION, History

MARCH = date(2026, 3, 15)
HOSTILE = ["<script>", "=1+1", "'; DROP TABLE snapshot; --", "Ёж 🦔", "\u202eabc", "x" * 10_000]


def made(
    as_of: date = MARCH, customers: Any = ("b", "a", "c"), settings: Settings | None = None
) -> Snapshot:
    """Snapshot in which every nullable column has a gap."""
    settings = Settings(period="2M") if settings is None else settings
    n = len(customers)
    value = np.linspace(100.25, 1, n)
    value[-1] = np.nan
    days = np.full(n, np.datetime64("2026-01-05"))
    days[-1] = np.datetime64("NaT", "D")
    kind = np.int64 if isinstance(customers[0], int) else object
    return Snapshot(
        as_of=as_of,
        periods=settings.periods(as_of),
        settings=settings,
        customers=np.array(customers, dtype=kind),
        abc=np.resize(np.array([0, 1, -1], dtype=np.int8), n),
        xyz=np.resize(np.array([2, 0, -1], dtype=np.int8), n),
        value=value,
        cv=value / 100,
        orders=np.arange(n),
        first_day=days,
        last_day=days,
        steady_abc=np.resize(np.array([1, 1, -1], dtype=np.int8), n),
    )


def alert(key: str, customer: str = "a", kind: str = "fell_from_a") -> Alert:
    """Alert with a fact."""
    return Alert(kind=kind, key=key, customer=customer, money=10.5, age=3, facts={"hours": 2.5})


@pytest.mark.parametrize(
    "customers",
    [("b", "a", "c"), (9, 2, 7), ("10", "9", "Я"), HOSTILE],
    ids=["text", "numbers", "digits", "hostile"],
)
def test_a_snapshot_comes_back_as_it_was(tmp_path: Path, customers: tuple[Any, ...]) -> None:
    """Order, gaps, types and both classes survive saving and loading."""
    snapshot = made(customers=customers)
    with History(tmp_path / "history.db") as history:
        history.save(snapshot)
        result = history.get(snapshot.dated)
    assert snapshot == result
    assert snapshot.customers.dtype == result.customers.dtype


def test_numbers_and_text_are_different_customers(tmp_path: Path) -> None:
    """The number 7 and the text "7" have separate rows."""
    customers = np.array([7, "7", 10, "a"], dtype=object)
    snapshot = attrs.evolve(made(customers=("p", "q", "r", "s")), customers=customers)
    with History(tmp_path / "history.db") as history:
        history.save(snapshot)
        assert [7, "7", 10, "a"] == history.get(snapshot.dated).customers.tolist()
        assert ["AZ", "BX"] == [history.customer(one)[0].segment for one in (7, "7")]


def test_whole_money_stays_whole(tmp_path: Path) -> None:
    """Integer money beyond the exact range of floats is stored exactly."""
    kopecks = np.array([2**53 + 1, -5, 0])
    snapshot = attrs.evolve(made(), value=kopecks)
    with History(tmp_path / "history.db") as history:
        history.save(snapshot)
        result = history.get(snapshot.dated).value
    assert ([2**53 + 1, -5, 0], np.dtype(np.int64)) == (result.tolist(), result.dtype)


def test_saving_twice_changes_nothing(tmp_path: Path) -> None:
    """Date and settings identify a snapshot; other content replaces it."""
    with History(tmp_path / "history.db") as history:
        assert [True, False] == [history.save(made()), history.save(made())]
        # Another day of the same month has the same complete months before it.
        assert not history.save(made(date(2026, 3, 31)))
        fewer = made(customers=("a", "b"))
        assert history.save(fewer)
        assert [2] == [one.customers for one in history.snapshots()]
        assert fewer == history.get(fewer.dated)


def test_other_settings_are_another_snapshot(tmp_path: Path) -> None:
    """Results of two rules coexist, and a reader has to select one."""
    shares = Settings(period="2M", abc=Shares())
    with History(tmp_path / "history.db") as history:
        history.save(made())
        history.save(made(settings=shares))
        assert shares == history.get(date(2026, 2, 28), shares).settings
        with pytest.raises(HistoryError, match="2 snapshots of 2026-02-28"):
            history.get(date(2026, 2, 28))


def test_the_latest_is_strictly_before(tmp_path: Path) -> None:
    """A second run of a month gets the previous month, not itself."""
    january, february = made(date(2026, 2, 1)), made(date(2026, 3, 1))
    with History(tmp_path / "history.db") as history:
        for snapshot in (february, january):
            history.save(snapshot)
        assert january == history.latest(february.dated)
        assert february == history.latest(date(2026, 3, 1))
        assert history.latest(january.dated) is None
        assert january == history.latest(february.dated, january.settings)
        assert history.latest(february.dated, Settings()) is None


def test_history_of_one_customer(tmp_path: Path) -> None:
    """A customer's states are listed from the oldest, with raw and steadied class."""
    with History(tmp_path / "history.db") as history:
        for month in (4, 2):
            history.save(made(date(2026, month, 1)))
        result = history.customer("b")
        assert [date(2026, 1, 31), date(2026, 3, 31)] == [one.dated for one in result]
        assert ("AZ", "BZ", 100.25) == (
            result[0].segment,
            result[0].steady_segment,
            result[0].value,
        )
        assert ("N", None) == (history.customer("c")[0].segment, history.customer("c")[0].last_day)
        assert () == history.customer("'; DROP TABLE snapshot; --")


def test_snapshots_can_be_queried_in_sql(tmp_path: Path) -> None:
    """An exported table has segments and days for SQL clients."""
    with History(tmp_path / "history.db") as history:
        history.save(made())
        path = history.export(tmp_path / "tables.db")
        with pytest.raises(HistoryError, match="cannot be written"):
            history.export(tmp_path / "no" / "tables.db")
    assert {"history.db", "tables.db"} == {one.name for one in tmp_path.iterdir()}
    database = sqlite3.connect(path)
    rows = database.execute(
        "SELECT dated, segment, steady_segment, first_day FROM customer_history ORDER BY customer"
    ).fetchall()
    database.close()
    assert [
        ("2026-02-28", "BX", "BX", "2026-01-05"),
        ("2026-02-28", "AZ", "BZ", "2026-01-05"),
        ("2026-02-28", "N", "N", None),
    ] == rows


@pytest.mark.parametrize(
    ("customers", "message"),
    [
        (("a", "b", "a"), "'a' twice"),
        (("a", 1.5, "b"), "not 1.5 at position 1"),
        (("a", "\ud800", "b"), "cannot be kept"),
    ],
)
def test_customers_that_cannot_be_stored_are_named(
    tmp_path: Path, customers: tuple[Any, ...], message: str
) -> None:
    """A refused snapshot writes nothing."""
    with History(tmp_path / "history.db") as history:
        history.save(made(date(2026, 2, 1)))
        with pytest.raises(InputError, match=message):
            history.save(made(customers=customers))
        assert [date(2026, 1, 31)] == [one.dated for one in history.snapshots()]


KILLED = """
import os, signal, sys
from tests_made import made
from abcxyz.history import History
from abcxyz.history.packed import columns
put = columns._put
history = History(sys.argv[1])
history._db.execute("PRAGMA cache_size = 4")  # so that unfinished work does reach the disk
def killed(db, number, name, content):
    if name == "orders":
        os.kill(os.getpid(), signal.SIGKILL)
    put(db, number, name, content)
columns._put = killed
history.save(made(customers=[*range(20000)]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_killed_process_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """A process killed during a save leaves no partial snapshot."""
    path = tmp_path / "history.db"
    (tmp_path / "tests_made.py").write_text(Path(__file__).read_text("utf-8"), "utf-8")
    before = made(date(2026, 2, 1))
    with History(path) as history:
        history.save(before)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(path)], cwd=tmp_path, capture_output=True, check=False
    )
    assert -signal.SIGKILL == done.returncode, done.stderr
    assert path.with_name("history.db-wal").stat().st_size > 100_000
    with History(path) as history:
        assert before == history.latest(date(2027, 1, 1))
        assert [(1,)] == history._db.execute("SELECT count(*) FROM snapshot").fetchall()
        assert frozenset("abc") == history.customers()
        assert [("ok",)] == history._db.execute("PRAGMA integrity_check").fetchall()
        assert history.save(made())


def test_two_readers_see_the_old_state_while_a_writer_writes(tmp_path: Path) -> None:
    """Readers neither wait for a writer nor see its uncommitted work."""
    path = tmp_path / "history.db"
    old = made()
    new = made(customers=("x", "y", "z"))
    with History(path) as history:
        history.save(old)
    seen: list[Snapshot] = []

    def read() -> None:
        with History(path, timeout=0.1) as reader:
            seen.append(reader.get(old.dated))

    with History(path) as writer:
        readers = [threading.Thread(target=read) for _ in range(2)]
        with writer._db.writing():
            writer._db.execute("DELETE FROM snapshot_column")
            writer._db.execute("DELETE FROM packed")
            for reader in readers:
                reader.start()
            for reader in readers:
                reader.join()
        assert [old, old] == seen
        writer.save(new)
    read()
    assert new == seen[-1]


def test_a_second_writer_waits_or_says_so(tmp_path: Path) -> None:
    """A busy file is reported with the cure, not with SQLite's traceback."""
    path = tmp_path / "history.db"
    with (
        History(path) as first,
        History(path, timeout=0.05) as second,
        first._db.writing(),
        pytest.raises(HistoryError, match="wait until the other process is done"),
    ):
        second.save(made())


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_a_file_of_an_older_version_is_brought_up(tmp_path: Path, version: int) -> None:
    """Snapshots, raised and snoozed alerts of older versions serve every job."""
    # A process that is killed imports this file without the other tests.
    from tests.history.older_files import write_older

    path = tmp_path / "history.db"
    snapshot = made()
    more = [
        "INSERT INTO main.alert VALUES ('', 'old', '2026-01-05')",
        "INSERT INTO main.alert VALUES ('abcxyz alerts f00', 'k', '2026-01-06')",
        "INSERT INTO main.snooze VALUES ('old', '2026-04-01')",
    ]
    write_older(path, version, [snapshot], more=more if version == 2 else ())
    with History(path) as history:
        assert SCHEMA_VERSION == history.version
        assert snapshot == history.get(snapshot.dated)
        assert snapshot == history.latest(date(2027, 1, 1), snapshot.settings, job="north")
        assert "" == history.snapshots()[0].job
        assert 3 == len(history.customers())
        assert () == history.check()
        assert (result_of(snapshot),) == history.past_results(snapshot.settings.fingerprint)
        if version == 2:
            assert {"old"} == history.snoozed(MARCH)
            # Raised by the older version, so no job raises it again.
            entry = history.raise_alerts([alert("old")], MARCH, job="north", sinks=["crm"])["old"]
            assert (date(2026, 1, 5), False) == (entry.since, entry.is_due("crm"))
            listed = history.record_raised(
                ["k"], MARCH, reader="abcxyz alerts", job="north", fingerprint="f00"
            )
            assert {"k": date(2026, 1, 6)} == listed


def test_a_newer_file_is_refused_untouched(tmp_path: Path) -> None:
    """A file of a later version is refused and unchanged."""
    path = tmp_path / "history.db"
    with History(path) as history:
        history._db.execute("PRAGMA user_version = 99")
    content = path.read_bytes()
    with pytest.raises(
        HistoryError, match=f"version 99, and this program reads up to {SCHEMA_VERSION}"
    ):
        History(path)
    assert content == path.read_bytes()


def test_a_foreign_database_is_refused_untouched(tmp_path: Path) -> None:
    """Another program's SQLite file is refused and unchanged."""
    path = tmp_path / "other.db"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE snapshot (mine)")
    database.commit()
    database.close()
    content = path.read_bytes()
    with pytest.raises(HistoryError, match="of another program"):
        History(path)
    assert content == path.read_bytes()


def test_damaged_files_are_named(tmp_path: Path) -> None:
    """A non-database and a file with lost rows are reported as damaged."""
    text = tmp_path / "notes.txt"
    text.write_text("customer;segment\n" * 100)
    with pytest.raises(HistoryError, match=r"notes\.txt is not a history"):
        History(text)
    with pytest.raises(HistoryError, match="there is no history"):
        History(tmp_path / "absent.db", create=False)
    assert not (tmp_path / "absent.db").exists()
    with History(tmp_path / "history.db") as history:
        history.save(made())
        history._db.execute("DELETE FROM customer WHERE id = 'a'")
        with pytest.raises(HistoryError, match="does not hold what was saved"):
            history.get(made().dated)


def test_a_missing_date_is_answered_with_the_available_dates(tmp_path: Path) -> None:
    """The error for an unknown date lists the dates in the history."""
    with History(tmp_path / "history.db") as history:
        history.save(made())
        with pytest.raises(HistoryError, match="no snapshot of 2020-01-31; it holds 2026-02-28"):
            history.get(date(2020, 1, 31))


def test_an_alert_is_new_once(tmp_path: Path) -> None:
    """A key has its first date, a new one on return, and one per reader."""
    monday, tuesday = date(2026, 3, 2), date(2026, 3, 3)
    with History(tmp_path / "history.db") as history:
        assert {"a": monday, "b": monday} == history.record_raised(["b", "a"], monday)
        assert {"b": monday, "c": tuesday} == history.record_raised(["b", "c"], tuesday)
        assert {"a": tuesday} == history.record_raised(["a"], tuesday)
        assert {"a": monday} == history.record_raised(["a"], monday, reader="another")
        assert {"a": tuesday} == history.record_raised(["a"], date(2026, 3, 4))


def test_a_snoozed_alert_wakes_on_its_day(tmp_path: Path) -> None:
    """A snooze lasts through the day before its date, and can be ended early."""
    with History(tmp_path / "history.db") as history:
        history.snooze("a", date(2026, 3, 10))
        assert {"a"} == history.snoozed(date(2026, 3, 9))
        assert set() == history.snoozed(date(2026, 3, 10))
        history.snooze("a", date(2026, 3, 1))
        assert set() == history.snoozed(date(2026, 3, 9))


def test_periods_that_no_settings_give_come_back(tmp_path: Path) -> None:
    """The window is stored, so a hand-made one is restored."""
    periods = Periods.before(made().as_of, 2, "month", bucket="week")
    snapshot = attrs.evolve(made(), periods=periods)
    with History(tmp_path / "history.db") as history:
        history.save(snapshot)
        assert periods == history.get(snapshot.dated).periods


def test_jobs_keep_their_snapshots_apart(tmp_path: Path) -> None:
    """Two jobs of the same settings overwrite neither each other nor what has no job."""
    north, south, nobody = (made(customers=("a", "b", c)) for c in "nsx")
    with History(tmp_path / "history.db") as history:
        assert history.save(nobody)
        assert nobody == history.latest(date(2027, 1, 1), job="north@1")
        assert history.save(north, job="north@1")
        assert history.save(south, job="south@2")
        assert not history.save(north, job="north@1")
        for job, snapshot in (("north@1", north), ("south@2", south), ("other", nobody)):
            assert snapshot == history.latest(date(2027, 1, 1), north.settings, job=job)
            assert snapshot == history.at(north.dated, north.settings, job=job)
        assert history.at(MARCH, north.settings, job="north@1") is None
        assert south == history.get(south.dated, job="south")
        with pytest.raises(HistoryError, match=r"3 snapshots .* of several jobs or settings"):
            history.get(south.dated)


def test_an_alert_goes_to_each_sink_once(tmp_path: Path) -> None:
    """Confirmed sinks get it no more, failed ones again, and a new sink only what nobody got."""
    monday, tuesday = date(2026, 3, 2), date(2026, 3, 3)
    with History(tmp_path / "history.db") as history:

        def due(today: date, *sinks: str, job: str = "north") -> list[str]:
            entries = history.raise_alerts([alert("k")], today, job=job, sinks=sinks)
            return [sink for sink in sinks if entries["k"].is_due(sink)]

        assert ["crm", "mail"] == due(monday, "crm", "mail")
        history.confirm_alerts("crm", ["k"], monday, job="north")
        history.confirm_alerts("mail", [], monday, failed=["k"], job="north")
        assert ["mail"] == due(monday, "crm", "mail", "later")
        (waiting,) = history.waiting_alerts(job="north")
        assert (alert("k"), frozenset({"mail"})) == (waiting.alert, waiting.waiting)
        history.confirm_alerts("mail", ["k"], tuesday, job="north")
        assert [] == due(tuesday, "crm", "mail", "later")
        assert () == history.waiting_alerts(job="north")
        # A failure after the confirmation takes nothing back.
        history.confirm_alerts("mail", [], tuesday, failed=["k"], job="north")
        assert [] == due(tuesday, "mail")
        assert ["crm"] == due(tuesday, "crm", job="south")


def test_a_clock_that_goes_back_raises_nothing_again(tmp_path: Path) -> None:
    """A day before the latest run neither ends an alert nor raises one that ended since."""
    days = [date(2026, 3, day) for day in (2, 3, 4, 5)]
    with History(tmp_path / "history.db") as history:

        def run(today: date, *keys: str) -> set[str]:
            entries = history.raise_alerts(map(alert, keys), today, sinks=["crm"])
            due = {key for key, entry in entries.items() if entry.is_due("crm")}
            history.confirm_alerts("crm", due, today)
            return due

        assert {"a", "b"} == run(days[1], "a", "b")
        assert {"c"} == run(days[2], "a", "c")
        assert set() == run(days[0], "b")  # ended since, and raised before
        assert set() == run(days[1], "a", "b", "c")
        assert set() == run(days[2], "a", "c")
        assert {"b"} == run(days[3], "a", "b", "c")  # back after its end, which is new
        assert set() == run(days[3], "a", "b", "c")


def test_an_erased_customer_leaves_counts_only(tmp_path: Path) -> None:
    """No byte of the customer stays; totals, other rows and later reads do."""
    path = tmp_path / "history.db"
    who = "C-s3cr3t"
    snapshots = [made(date(2026, month, 1), customers=("b", who, "c")) for month in (2, 3)]
    with History(path) as history:
        for snapshot in snapshots:
            history.save(snapshot, job="north")
        alerts = [alert(f"fell_from_a:{who}:2026-01-31", who), alert("near_a:b", "b")]
        history.raise_alerts(alerts, MARCH, job="north", sinks=["crm"])
        history.record_raised([f"lapsed_a:{who}:2026-01-05"], MARCH, reader="abcxyz alerts")
        history.snooze(f"lapsed_a:{who}:2026-01-05", date(2027, 1, 1))
        counts = {"snapshots": 2, "alerts": 2, "snoozes": 1, "outcomes": 0, "deals": 0}
        assert counts == history.erase(who, dry_run=True)
        assert snapshots[1] == history.get(snapshots[1].dated)
        assert counts == history.erase(who)
        assert {*counts.values()} != {0} == {*history.erase(who).values()}
        assert [(2, 1), (2, 1)] == [(one.customers, one.forgotten) for one in history.snapshots()]
        after = history.latest(date(2027, 1, 1), job="north")
        assert after is not None
        assert ["b", "c"] == after.customers.tolist()
        assert [100.25, 1] != after.value.tolist()[:1]
        assert () == history.check()
        (entry,) = history.waiting_alerts(job="north")
        assert "near_a:b" == entry.key
    assert who.encode() not in b"".join(one.read_bytes() for one in tmp_path.iterdir())


def test_numbers_and_text_are_erased_together(tmp_path: Path) -> None:
    """The identifier of a command line is text, and the history may hold it as a number."""
    customers = np.array([7, "7", 10, "a"], dtype=object)
    snapshot = attrs.evolve(made(customers=("p", "q", "r", "s")), customers=customers)
    with History(tmp_path / "history.db") as history:
        history.save(snapshot)
        assert 2 == history.erase("7")["snapshots"]
        assert [10, "a"] == history.get(snapshot.dated).customers.tolist()
        assert history.get(snapshot.dated).orders.tolist() == snapshot.orders.tolist()[2:]


def test_old_snapshots_and_ended_alerts_are_dropped(tmp_path: Path) -> None:
    """Retention counts by job, and takes nothing that is still needed."""
    months = [made(date(2026, month, 1)) for month in (1, 2, 3)]
    with History(tmp_path / "history.db") as history:
        for snapshot in months:
            history.save(snapshot, job="north")
            history.save(snapshot, job="south")
        history.raise_alerts([alert("a"), alert("b")], date(2026, 1, 1), job="north")
        history.raise_alerts([alert("b")], date(2026, 1, 2), job="north")
        assert 2 == history.prune(date(2026, 2, 1), job="north")
        assert [1, 3] == [len(history.snapshots(job=job)) for job in ("north", "south")]
        keys = history._db.execute("SELECT key FROM raised").fetchall()
        assert [("b",)] == keys
        assert () == history.check()


def test_a_changed_snapshot_is_refused(tmp_path: Path) -> None:
    """A value changed in the file is noticed when it is read, and by the check."""
    with History(tmp_path / "history.db") as history:
        history.save(made(), job="north")
        assert () == history.check()
        history._db.execute(
            "UPDATE snapshot_column SET packed = (SELECT packed FROM snapshot_column "
            "WHERE name = 'cv') WHERE name = 'value'"
        )
        with pytest.raises(HistoryError, match="does not hold what was saved"):
            history.get(made().dated)
        assert ("2026-02-28 north",) == history.check()
        with pytest.raises(HistoryError, match="does not hold what was saved"):
            history.erase("b")
        assert 3 == history.snapshots()[0].customers


def test_a_copy_is_whole_and_private(tmp_path: Path) -> None:
    """The copy of an open history is a history; files of a history are for their owner alone."""
    with History(tmp_path / "history.db") as history:
        history.save(made())
        copy = history.backup(tmp_path / "copy.db")
        assert history.vacuum() > 0
        if sys.platform != "win32":
            modes = {stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()}
            assert {0o600} == modes
        with pytest.raises(HistoryError, match="cannot be written"):
            history.backup(tmp_path / "no" / "copy.db")
    with History(copy, create=False) as history:
        assert made() == history.get(made().dated)
    assert {"history.db", "copy.db"} == {one.name for one in tmp_path.iterdir()}


def test_commits_survive_a_power_failure(tmp_path: Path) -> None:
    """A commit is on the disk before a sink relies on it."""
    with History(tmp_path / "history.db") as history:
        assert [(2,)] == history._db.execute("PRAGMA synchronous").fetchall()
