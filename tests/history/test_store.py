"""Lists, choices and messages of a history, each as a whole."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import attrs
import numpy as np
import pytest
from tests.history.test_details import analyzed
from tests.history.test_history import made

from abcxyz import Settings, Shares, Window
from abcxyz.core.advice.calls import CallOutcome
from abcxyz.errors import AbcxyzError, HistoryError, InputError
from abcxyz.history import CustomerState, Details, History, RaisedAlert, SnapshotInfo
from abcxyz.history.packed.columns import read_owners, read_sales, write_details
from abcxyz.history.packed.encoding import pack, place_of, unpack
from abcxyz.history.schema import MIGRATIONS

FEBRUARY, MARCH, APRIL = (date(2026, month, 1) for month in (2, 3, 4))
SHARES = Settings(period="2M", abc=Shares())


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with History(tmp_path / "history.db") as opened:
        yield opened


def test_the_list_is_whole(history: History) -> None:
    """Every field, the oldest first and then in the order of saving."""
    wanted = []
    saved = [(APRIL, ""), (FEBRUARY, "b@2"), (FEBRUARY, "a@1"), (MARCH, "a@1")]
    for number, (day, job) in enumerate(saved, 1):
        one = made(day, customers=("a", "b", "c", "d")[: number % 2 + 2])
        history.save(one, job=job)
        wanted.append(
            SnapshotInfo(
                number=number,
                job=job,
                dated=one.dated,
                as_of=day,
                window=Window(one.periods.window.since, one.periods.window.until),
                fingerprint=one.settings.fingerprint,
                customers=number % 2 + 2,
                settings=one.settings.to_dict(),
            )
        )
    assert (wanted[1], wanted[2], wanted[3], wanted[0]) == history.snapshots()
    assert (wanted[2], wanted[3]) == history.snapshots(job="a@1") == history.snapshots_of("a")
    assert (wanted[0],) == history.snapshots(job="c") == history.snapshots_of("")
    assert () == history.snapshots(SHARES)
    assert history.snapshots() == history.snapshots(Settings(period="2M"))
    assert history.snapshots() == history.snapshots_of(None)
    assert frozenset("abc") == history.customers()


def test_states_of_a_customer_are_whole(history: History) -> None:
    """The state in each snapshot, with both classes and every gap."""
    first = made(FEBRUARY, customers=("b", "a", "c"))
    second = attrs.evolve(made(MARCH, customers=("c", "b")), value=np.array([7, 9]))
    history.save(second)
    history.save(first, job="north")
    print_ = first.settings.fingerprint

    def state(job: str, dated: date, segments: str, *rest: object) -> CustomerState:
        segment, steady = segments.split()
        value, cv, orders, last = rest
        return CustomerState(
            job=job, dated=dated, fingerprint=print_, segment=segment, steady_segment=steady,
            value=value, cv=cv, orders=orders, last_day=last,  # type: ignore[arg-type]
        )  # fmt: skip

    day = date(2026, 1, 5)
    assert (
        state("north", first.dated, "N N", None, None, 2, None),
        state("", second.dated, "AZ BZ", 7, 1.0025, 0, day),
    ) == history.customer("c")
    assert (
        state("north", first.dated, "AZ BZ", 100.25, 1.0025, 0, day),
        state("", second.dated, "BX BX", 9, None, 1, None),
    ) == history.customer("b")
    assert () == history.customer(7)
    assert [int, float] == [type(history.customer(one)[-1].value) for one in ("b", "a")]


def test_a_customer_is_found_from_near_the_last_place() -> None:
    """Wherever the search begins, and without reading the frames that are farther."""
    numbers = np.random.default_rng(3).permutation(30_000)
    content = pack(numbers)
    for place in (0, 8191, 8192, 20_000, 29_999):
        for near in (0, 8191, 8192, 29_999, 90_000):
            assert place == place_of(content, int(numbers[place]), near)
    assert place_of(content, 30_000, 20_000) is None
    assert place_of(pack(numbers[:0]), 1) is None
    # The last frame is no longer compressed numbers.
    damaged = content[:-40] + bytes(40)
    with pytest.raises(ValueError, match=r"\w"):
        unpack(damaged)
    assert 20 == place_of(damaged, int(numbers[20]))
    with pytest.raises(ValueError, match=r"\w"):
        place_of(damaged, int(numbers[20]), 29_999)


def test_of_several_jobs_the_last_saved_counts(history: History) -> None:
    """Where no job is named: of a date, and of the newest date before a day."""
    north, south = (made(FEBRUARY, customers=tuple(names)) for names in ("abn", "abs"))
    older = made(date(2026, 1, 1))
    for one, job in ((north, "north"), (older, "north"), (south, "south")):
        history.save(one, job=job)
    dated, settings = north.dated, north.settings
    assert south == history.at(dated, settings)
    assert south == history.latest(APRIL)
    assert older == history.latest(dated) == history.at(older.dated, settings)
    assert history.at(APRIL, settings) is None
    assert history.at(dated, SHARES) is None
    for job, one in (("north", north), ("south", south)):
        assert one == history.at(dated, settings, job=job) == history.latest(APRIL, job=job)


def test_a_choice_is_told_with_its_remedy(history: History, tmp_path: Path) -> None:
    """None of a date lists the dates, several list jobs and settings."""
    path = tmp_path / "history.db"
    with pytest.raises(HistoryError) as told:
        history.get(MARCH)
    assert str(told.value) == f"{path} holds no snapshot of 2026-03-01; it holds -"
    one, other = made(FEBRUARY), made(FEBRUARY, settings=SHARES)
    dated = one.dated
    for snapshot, job in ((made(APRIL), "b@2"), (one, "b@2"), (one, ""), (other, "b@2")):
        history.save(snapshot, job=job)
    with pytest.raises(HistoryError) as told:
        history.get(MARCH)
    assert str(told.value) == (
        f"{path} holds no snapshot of 2026-03-01; it holds 2026-01-31, 2026-03-31"
    )
    with pytest.raises(HistoryError) as told:
        history.get(made(APRIL).dated, job="c")
    assert str(told.value) == f"{path} holds no snapshot of 2026-03-31; it holds -"
    prints = (one.settings.fingerprint, other.settings.fingerprint)
    with pytest.raises(HistoryError) as told:
        history.get(dated)
    assert str(told.value) == (
        f"{path} holds 3 snapshots of 2026-01-31, of several jobs or settings; name one of "
        f"b@2 {prints[0]}, {prints[0]}, b@2 {prints[1]}"
    )
    assert other == history.get(dated, fingerprint=prints[1]) == history.get(dated, SHARES)
    assert one == history.get(dated, one.settings, job="b") == history.get(dated, job="")
    # The settings count, where both are given.
    assert other == history.get(dated, SHARES, fingerprint=prints[0])


def test_what_is_saved_is_one_row(history: History) -> None:
    """Every column of a snapshot, and hours that are replaced without its rows."""
    one = attrs.evolve(made(), value=np.array([7, 8, 9]), customers=np.array([3, 2, 1]))
    row = {
        "number": 1, "job": "north", "dated": "2026-02-28",
        "fingerprint": one.settings.fingerprint,
        "as_of": "2026-03-15", "since": "2026-01-01", "until": "2026-03-01", "bucket": "month",
        "settings": json.dumps(one.settings.to_dict(), sort_keys=True), "customers": 3,
        "whole_ids": 1, "whole_values": 1, "details": None,
        "totals": "[[1, 1, 0], [7.0, 8.0, 0.0]]", "hours": None,
    }  # fmt: skip

    def stored() -> dict[str, object]:
        found = history._db.execute("SELECT * FROM snapshot")
        (values,) = found.fetchall()
        names = [column[0] for column in found.description]
        return {k: v for k, v in zip(names, values, strict=True) if k != "digest"}

    assert history.save(one, job="north")
    assert row == stored()
    assert not history.save(one, job="north", hours=(1.5, 0.0, 2.0))
    assert {**row, "hours": "[1.5, 0.0, 2.0]"} == stored()
    assert not history.save(one, job="north")
    assert {**row, "hours": "[1.5, 0.0, 2.0]"} == stored()
    fewer = made()
    assert history.save(fewer, job="north", hours=(1.0, 1.0, 1.0))
    assert (0, 0, "[1.0, 1.0, 1.0]") == tuple(
        stored()[name] for name in ("whole_ids", "whole_values", "hours")
    )


def test_equal_content_of_another_kind_is_other_content(history: History) -> None:
    """Whole and decimal money, numbers and their text, NaN and NaN of other bits."""
    one = made(customers=(1, 2, 3))
    whole = attrs.evolve(one, value=np.array([1, 2, 3]))
    assert history.save(whole)
    assert history.save(attrs.evolve(one, value=np.array([1.0, 2.0, 3.0])))
    text = attrs.evolve(whole, customers=np.array(["1", "2", "3"], dtype=object))
    assert history.save(text)
    assert not history.save(text)
    nan = np.array([1.0, np.nan, np.nan])
    assert history.save(attrs.evolve(whole, cv=nan))
    assert not history.save(attrs.evolve(whole, cv=np.copysign(nan, [1, -1, 1])))
    assert not history.save(attrs.evolve(whole, cv=nan, abc=whole.abc.astype(np.int64)))


@pytest.mark.parametrize("customer", [True, 1.5, None, b"a"])
def test_other_identifiers_are_refused_by_place(history: History, customer: object) -> None:
    one = made(customers=("a", customer, "b"))
    with pytest.raises(InputError) as told:
        history.save(one)
    assert str(told.value) == (
        f"the history keeps customers that are whole numbers or text, not {customer!r} at "
        "position 1; convert them first"
    )


def test_a_customer_twice_is_named(history: History) -> None:
    with pytest.raises(InputError) as told:
        history.save(made(customers=(5, 7, 9, 7)))
    assert str(told.value) == "the snapshot holds the customer 7 twice; add its sales up first"
    assert () == history.snapshots()


def test_customers_are_numbered_as_they_come(history: History) -> None:
    """Once in the file, numbers apart from text; a customer of no snapshot has no number."""
    customers = np.array([10, "b", 9, "a", "10", -1], dtype=object)
    history.save(attrs.evolve(made(customers=tuple("pqrstu")), customers=customers))
    history.save(made(FEBRUARY, customers=(3, 10, 1)))
    numbered = [(0, 10), (1, "b"), (2, 9), (3, "a"), (4, "10"), (5, -1), (6, 3), (7, 1)]
    find = "SELECT number, id FROM customer ORDER BY number"
    assert numbered == history._db.execute(find).fetchall()
    history.save(made(FEBRUARY, customers=(1, 4)))
    assert [*numbered[:6], (7, 1), (8, 4)] == history._db.execute(find).fetchall()


@pytest.mark.parametrize("size", [3, 4, 5, 8, 9])
def test_columns_are_written_piece_by_piece(
    history: History, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Also where the last piece is a part, or is whole; the hash does not depend on them."""
    history.save(made(customers=[*range(size)]), job="whole")
    monkeypatch.setattr("abcxyz.history.rows._CHUNK", 4)
    monkeypatch.setattr("abcxyz.history.packed.encoding._FRAME", 4)
    one = made(customers=[*range(size)])
    assert not history.save(one, job="whole") or size > 4
    assert history.save(one, job="pieces")
    assert one == history.get(one.dated, job="pieces")


def test_a_snapshot_that_is_gone(history: History, tmp_path: Path) -> None:
    history.save(made())
    (info,) = history.snapshots()
    message = (
        f"{tmp_path / 'history.db'} is damaged: a snapshot does not hold what was saved; restore "
        "it from a copy, or delete it and fill it again with backfill"
    )
    other = attrs.evolve(info, number=2)
    for read in (history.load, history.details):
        with pytest.raises(HistoryError) as told:
            read(other)
        assert str(told.value) == message


def test_settings_of_an_own_rule_are_passed(history: History, tmp_path: Path) -> None:
    """A snapshot made by a rule that the file cannot describe is read with its settings."""
    one = made()
    history.save(one)
    history._db.execute("UPDATE snapshot SET settings = replace(settings, 'shares', 'mine')")
    history._db.execute("UPDATE snapshot SET settings = json_set(settings, '$.abc.rule', 'mine')")
    with pytest.raises(HistoryError) as told:
        history.latest(APRIL)
    assert str(told.value) == (
        f"a snapshot in {tmp_path / 'history.db'} was made by a rule of your own; pass the "
        "settings that made it"
    )
    assert one == history.latest(APRIL, one.settings)


def test_several_changes_are_one(history: History) -> None:
    """An error inside takes all of them back, and the next one begins anew."""

    def stop() -> None:
        with history.transaction():
            history.save(made(FEBRUARY))
            history.snooze("k", APRIL)
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        stop()
    assert () == history.snapshots()
    assert frozenset() == history.snoozed(MARCH)
    with history.transaction():
        history.save(made(FEBRUARY))
        history.save(made(MARCH))
    assert 2 == len(history.snapshots())
    assert not history._db._db.in_transaction


def test_a_file_for_reading_is_not_changed(tmp_path: Path) -> None:
    """It has to exist and to be of this version; nothing is written, also by mistake."""
    path = tmp_path / "history.db"
    with pytest.raises(HistoryError) as told:
        History(path, read_only=True)
    assert str(told.value) == (
        f"there is no history at {path}; save a snapshot first, or check the path"
    )
    with History(path) as history:
        history.save(made())
    content = path.read_bytes()
    with History(path, read_only=True) as history:
        assert made() == history.get(made().dated)
        with pytest.raises(HistoryError, match=r"cannot be used .*readonly database"):
            history.save(made(APRIL))
    assert content == path.read_bytes()
    older = tmp_path / "older.db"
    with sqlite3.connect(older) as base:
        base.executescript(MIGRATIONS[0])
        base.execute("PRAGMA application_id = 0x61627879")
        base.execute("PRAGMA user_version = 1")
    base.close()
    content = older.read_bytes()
    with pytest.raises(HistoryError) as told:
        History(older, read_only=True)
    assert str(told.value) == (
        f"{older} is of an older version and is opened for reading only; run abcxyz history on "
        "it once, which updates it"
    )
    assert content == older.read_bytes()


def test_a_file_of_another_program_is_named(tmp_path: Path) -> None:
    """Unless it is empty, which a history may begin in."""
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE x (y)")
    base.close()
    with pytest.raises(HistoryError) as told:
        History(path)
    assert str(told.value) == f"{path} is a database of another program; name another file"
    (tmp_path / "empty.db").touch()
    with History(tmp_path / "empty.db") as history:
        assert history.save(made())


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("ArithmeticError", ZeroDivisionError("x")),
        ("AttributeError", AttributeError("x")),
        ("LookupError", KeyError("x")),
        ("TypeError", TypeError("x")),
        ("ValueError", ValueError("x")),
        ("UnicodeDecodeError", UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x")),
    ],
)
def test_whatever_damage_causes_is_told(
    history: History, tmp_path: Path, kind: str, problem: Exception
) -> None:
    """Of any kind that values of another type cause while they are read."""
    with pytest.raises(HistoryError) as told, history._db.decoding():
        raise problem
    assert str(told.value) == (
        f"{tmp_path / 'history.db'} is not a history, or is damaged ({problem}); restore it from "
        "a copy, or delete it and fill it again with backfill"
    )
    assert kind in {one.__name__ for one in type(told.value.__cause__).__mro__}


def test_our_own_errors_pass(history: History) -> None:
    """Also those that are errors of values."""
    own = InputError("{name} is wrong", name="it")
    assert isinstance(own, AbcxyzError)
    with pytest.raises(InputError) as told, history._db.decoding():
        raise own
    assert told.value is own


def test_outcomes_are_told_apart(history: History, tmp_path: Path) -> None:
    """By customer, day, outcome and job; the same is logged once, and a stranger refused."""
    history.save(made(customers=("b", 7, "c d")), job="north@1")
    called = CallOutcome(customer="7", day=MARCH, outcome="called")
    rows = [
        (called, "north@1"),
        (attrs.evolve(called, outcome="lost"), "north@1"),
        (attrs.evolve(called, day=FEBRUARY), "north@1"),
        (attrs.evolve(called, customer="b"), "south@2"),
        (attrs.evolve(called, customer="c d"), ""),
    ]
    for one, job in rows:
        assert history.add_outcome(one, job=job)
        assert not history.add_outcome(one, job=job)
    order = [rows[i][0] for i in (2, 0, 1, 3, 4)]
    assert tuple(order) == history.outcomes()
    assert tuple(order[i] for i in (0, 1, 2, 4)) == history.outcomes(job="north@1")
    assert (order[4],) == history.outcomes(job="north")
    assert (order[3], order[4]) == history.outcomes(job="south@2")
    assert tuple(order[:3]) == history.outcomes(7)
    assert (order[3],) == history.outcomes("b")
    assert () == history.outcomes("b", job="north@1")
    with pytest.raises(HistoryError) as told:
        history.add_outcome(attrs.evolve(called, customer="8"))
    assert str(told.value) == (
        f"the customer '8' is in no snapshot and no alert of {tmp_path / 'history.db'}; check the "
        "identifier"
    )


def test_sales_without_customers_or_periods(tmp_path: Path) -> None:
    """An empty snapshot, and one whose window holds no period, have details as others do."""
    whole = analyzed()
    empty = attrs.evolve(
        whole.panel,
        rhythm=None,
        **{
            name: getattr(whole.panel, name)[:0]
            for name in ("customers", "value", "sales", "orders", "first_day", "last_day")
        },
    )
    columns = ("customers", "abc", "xyz", "value", "cv", "orders", "first_day", "last_day",
               "steady_abc", "steady_xyz")  # fmt: skip
    nobody = attrs.evolve(
        whole.snapshot, **{name: getattr(whole.snapshot, name)[:0] for name in columns}
    )
    with History(tmp_path / "h.db") as history:
        history.save(nobody, panel=empty)
        (info,) = history.snapshots()
        details = history.details(info)
        assert details is not None
        assert ((0, 2), ()) == (details.sales.shape, details.owners)
        assert () == history.check()


def test_details_without_periods(history: History) -> None:
    """Nobody has sales where the window holds no period."""
    none, who = Details(sales=np.empty((2, 0)), owners=("ann", "")), np.array([0, 1])
    write_details(history._db, 1, who, none.sales, none.owners)
    assert (2, 0) == read_sales(history._db, 1, who, 0).shape
    assert none.owners == read_owners(history._db, 1, 2)


@pytest.mark.parametrize("record", [CustomerState, Details, RaisedAlert, SnapshotInfo])
def test_records_are_made_by_names(record: type[attrs.AttrsInstance]) -> None:
    """Fields may be added anywhere later."""
    assert {True} == {one.kw_only for one in attrs.fields(record)}
