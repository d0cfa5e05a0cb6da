"""Outbox of alerts: the whole of what the file holds after each step."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import pytest

from abcxyz import Alert
from abcxyz.errors import HistoryError
from abcxyz.history import History, RaisedAlert

MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (date(2026, 3, day) for day in (2, 3, 4, 5))
SCOPE = {"job": "north", "fingerprint": "f1"}


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with History(tmp_path / "history.db") as opened:
        yield opened


def alert(key: str, customer: Any = "a", money: float = 10.5) -> Alert:
    """Alert with a fact."""
    return Alert(
        kind=key.partition(":")[0], key=key, customer=customer, money=money, age=3,
        facts={"hours": 2.5},
    )  # fmt: skip


A, B = alert("fell_from_a:a"), alert("near_a:b", 7)


def raised(history: History) -> list[tuple[Any, ...]]:
    return history._db.execute(
        "SELECT reader, job, fingerprint, key, customer, since, seen, ended FROM raised "
        "ORDER BY number"
    ).fetchall()


def deliveries(history: History) -> list[tuple[Any, ...]]:
    return history._db.execute(
        "SELECT key, sink, state, dated, tries FROM delivery "
        "JOIN raised ON number = delivery.alert ORDER BY number, sink"
    ).fetchall()


def entry(one: Alert, since: date, seen: date, **sinks: frozenset[str]) -> RaisedAlert:
    return RaisedAlert(key=one.key, since=since, seen=seen, alert=one, **sinks)


def test_entries_and_deliveries_are_whole(history: History) -> None:
    """Rows of both tables, and what each question about them returns."""
    both = frozenset({"crm", "mail"})
    entries = history.raise_alerts([B, A], MONDAY, **SCOPE, sinks=["mail", "crm"])
    first = entry(A, MONDAY, MONDAY, waiting=both)
    second = entry(B, MONDAY, MONDAY, waiting=both)
    assert {B.key: second, A.key: first} == entries
    scope = ("", "north", "f1")
    assert raised(history) == [
        (*scope, A.key, "a", "2026-03-02", "2026-03-02", 0),
        (*scope, B.key, 7, "2026-03-02", "2026-03-02", 0),
    ]
    assert [
        (key, sink, "raised", "2026-03-02", 0) for key in (A.key, B.key) for sink in sorted(both)
    ] == deliveries(history)
    assert (first, second) == history.waiting_alerts(**SCOPE) == history.standing_alerts(**SCOPE)

    history.confirm_alerts("crm", [A.key, B.key], MONDAY, **SCOPE)
    history.confirm_alerts("mail", [B.key], TUESDAY, failed=[A.key], **SCOPE)
    history.confirm_alerts("mail", [], WEDNESDAY, failed=[A.key, B.key], **SCOPE)
    assert [
        (A.key, "crm", "delivered", "2026-03-02", 1),
        (A.key, "mail", "failed", "2026-03-04", 2),
        (B.key, "crm", "delivered", "2026-03-02", 1),
        (B.key, "mail", "delivered", "2026-03-03", 1),
    ] == deliveries(history)
    first = entry(A, MONDAY, MONDAY, delivered=frozenset({"crm"}), waiting=frozenset({"mail"}))
    second = entry(B, MONDAY, MONDAY, delivered=both)
    assert (first,) == history.waiting_alerts(**SCOPE)
    assert (first, second) == history.standing_alerts(**SCOPE)

    # Only one of them holds on the next day, with another fact.
    changed = alert(B.key, "b", 20.0)
    entries = history.raise_alerts([changed], WEDNESDAY, **SCOPE, sinks=["crm", "mail"])
    assert {B.key: entry(changed, MONDAY, WEDNESDAY, delivered=both)} == entries
    assert () == history.waiting_alerts(**SCOPE)
    assert tuple(entries.values()) == history.standing_alerts(**SCOPE)
    scope = ("", "north", "f1")
    assert raised(history) == [
        (*scope, A.key, "a", "2026-03-02", "2026-03-02", 1),
        (*scope, B.key, "b", "2026-03-02", "2026-03-04", 0),
    ]
    for other in ({}, {"job": "north"}, {"fingerprint": "f1"}, {"job": "x", "fingerprint": "f1"}):
        assert () == history.standing_alerts(**other)
        assert frozenset() == history.raised_keys(**other)
    assert {A.key, B.key} == history.raised_keys(**SCOPE)
    assert frozenset() == history.raised_keys(reader="x", **SCOPE)


def test_what_a_sink_is_due() -> None:
    """What waits for it, and what nobody has received."""
    one = RaisedAlert(key="k", since=MONDAY, seen=MONDAY)
    assert one.is_due("crm")
    assert attrs.evolve(one, waiting=frozenset({"mail"})).is_due("crm")
    got = attrs.evolve(one, delivered=frozenset({"mail"}), waiting=frozenset({"crm"}))
    assert [True, False, False] == [got.is_due(sink) for sink in ("crm", "mail", "other")]


@pytest.mark.parametrize(("key", "comes"), [("near_a:b", True), ("lapsed_a:b:2026", False),
                                            ("anomaly_fall:won", False)])  # fmt: skip
def test_an_alert_that_comes_back(history: History, key: str, comes: bool) -> None:
    """It is new again, with the day of its return and for every sink, unless it is of ONCE."""
    for day, keys in ((MONDAY, [key]), (TUESDAY, []), (WEDNESDAY, [key]), (THURSDAY, [key])):
        entries = history.raise_alerts(map(alert, keys), day, sinks=["crm"])
        due = [one for one, found in entries.items() if found.is_due("crm")]
        assert due == (keys if day == MONDAY or (comes and day == WEDNESDAY) else [])
        history.confirm_alerts("crm", due, day)
    ((*_, since, seen, ended),) = raised(history)
    assert ("2026-03-04" if comes else "2026-03-02", "2026-03-05", 0) == (since, seen, ended)
    (delivered,) = deliveries(history)
    assert (key, "crm", "delivered", since, 1) == delivered


def test_a_day_before_the_latest_run_changes_nothing(history: History) -> None:
    """Neither the fact, nor the day last seen, nor what has ended; a new one is entered."""
    history.raise_alerts([A], TUESDAY)
    history.raise_alerts([B], WEDNESDAY)
    before = raised(history)
    entries = history.raise_alerts([alert(A.key, "z"), alert("near_a:c", "c")], MONDAY)
    assert [*before, ("", "", "", "near_a:c", "c", "2026-03-02", "2026-03-02", 0)] == raised(
        history
    )
    assert entry(A, TUESDAY, TUESDAY, waiting=frozenset({""})) == entries[A.key]
    # The same day ends what holds no more.
    history.raise_alerts([], WEDNESDAY)
    assert [1, 1, 1] == [row[-1] for row in raised(history)]


def test_a_key_alone_is_recorded_by_its_reader(history: History) -> None:
    """Without alert and customer, and apart from those of runs."""
    listed = {"key": "list", **SCOPE}
    reader = {"reader": listed.pop("key"), **SCOPE}
    assert {"k": MONDAY} == history.record_raised(["k"], MONDAY, **reader)
    assert [("list", "north", "f1", "k", None, "2026-03-02", "2026-03-02", 0)] == raised(history)
    assert [(None,)] == history._db.execute("SELECT alert FROM raised").fetchall()
    assert {"k"} == history.raised_keys(**reader)
    assert frozenset() == history.raised_keys(**SCOPE)
    assert () == history.standing_alerts(**SCOPE)
    assert {"k": TUESDAY} == history.record_raised(["k"], TUESDAY, **SCOPE)
    assert (RaisedAlert(key="k", since=TUESDAY, seen=TUESDAY),) == history.standing_alerts(**SCOPE)


@pytest.mark.parametrize("written", ['{"kind": "near_a"}', "[]", "{", '{"other": 1}'])
def test_an_alert_of_another_version_is_none(history: History, written: str) -> None:
    history.raise_alerts([A], MONDAY)
    history._db.execute("UPDATE raised SET alert = ?", (written,))
    assert (RaisedAlert(key=A.key, since=MONDAY, seen=MONDAY, waiting=frozenset({""})),) == (
        history.standing_alerts()
    )


@pytest.mark.parametrize("column", ["since", "seen"])
def test_a_damaged_day_is_told(history: History, tmp_path: Path, column: str) -> None:
    history.raise_alerts([A], MONDAY)
    history._db.execute(f"UPDATE raised SET {column} = 'soon'")
    with pytest.raises(HistoryError) as told:
        history.standing_alerts()
    assert str(told.value) == (
        f"{tmp_path / 'history.db'} is not a history, or is damaged (Invalid isoformat string: "
        "'soon'); restore it from a copy, or delete it and fill it again with backfill"
    )


def test_a_snooze_is_one_row(history: History) -> None:
    """The last word counts; its day is the first one that is not silent."""
    for key, until in (("a", WEDNESDAY), ("b", TUESDAY), ("a", TUESDAY), ("b", WEDNESDAY)):
        history.snooze(key, until)
    assert [("a", "2026-03-03"), ("b", "2026-03-04")] == history._db.execute(
        "SELECT key, until FROM snooze"
    ).fetchall()
    assert [{"a", "b"}, {"b"}, set()] == [
        history.snoozed(day) for day in (MONDAY, TUESDAY, WEDNESDAY)
    ]


def test_half_of_a_character_is_refused_and_changes_nothing(history: History) -> None:
    """JSON of a CRM may hold a lone surrogate, which no file of text can."""
    history.raise_alerts([A], MONDAY, **SCOPE)
    before = raised(history)
    with pytest.raises(HistoryError, match=r"half of a character") as problem:
        history.raise_alerts([A, alert("stalled_deal:\ud800")], TUESDAY, **SCOPE)
    assert "\\ud800" in str(problem.value)
    assert raised(history) == before


def test_an_alert_of_the_same_day_is_as_of_its_last_run(history: History) -> None:
    """An earlier day changes nothing."""
    dear, dearest = alert(A.key, "b", 11.5), alert(A.key, "c", 99.0)
    history.raise_alerts([A], TUESDAY, **SCOPE, sinks=["mail"])
    (again,) = history.raise_alerts([dear], TUESDAY, **SCOPE, sinks=["mail"]).values()
    assert again == entry(dear, TUESDAY, TUESDAY, waiting=frozenset({"mail"}))
    history.raise_alerts([dearest], MONDAY, **SCOPE, sinks=["mail"])
    assert [one[4:7] for one in raised(history)] == [("b", "2026-03-03", "2026-03-03")]
