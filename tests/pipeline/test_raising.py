"""Alerts of a run: which are raised, what each sink receives, and what the outbox keeps of it."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from abcxyz import Alert, Settings, Transactions, analyze
from abcxyz.config import Job, Part
from abcxyz.core.analysis.record import Analysis
from abcxyz.errors import UnavailableError
from abcxyz.history import History, RaisedAlert
from abcxyz.pipeline.outcome import SinkOutcome
from abcxyz.pipeline.raising import Raising
from abcxyz.plugins import WriteReport

MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (date(2026, 3, day) for day in (2, 3, 4, 5))
A_MONTH = [date(2026, month, 5) for month in (1, 2)]
#: Of class A and X, of class B and Z, and of class C and Z.
SALES = Transactions(
    ["a", "a", "b", "c"], [*A_MONTH, A_MONTH[0], A_MONTH[1]], [80.0, 80.0, 30.0, 5.0]
)


def part(kind: str, label: str) -> Part:
    return Part("sink", kind, {}, str, label)


MAIL, CRM = part("mail", "mail"), part("crm", "crm")


def job(*sinks: Part) -> Job:
    return Job(
        path=Path("job.toml"), settings=Settings(period="2M"), sources=(), sinks=sinks,
        history_job="north",
    )  # fmt: skip


SCOPE = {"job": job().identity, "fingerprint": job().settings.fingerprint}


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with History(tmp_path / "history.db") as opened:
        yield opened


def alert(kind: str, customer: Any = "a", age: int = 3, prefix: str = "") -> Alert:
    return Alert(
        kind=kind, key=f"{prefix}{kind}:{customer}", customer=f"{prefix}{customer}", money=10.0,
        age=age,
    )  # fmt: skip


@functools.cache
def classified() -> Analysis:
    return analyze(SALES, as_of=date(2026, 3, 1), settings=job().settings)


def analysis(*alerts: Alert, **steady: Any) -> Analysis:
    """Analysis with these alerts; *steady* are other steady classes."""
    made = classified()
    other: dict[str, Any] = {name: np.array(one) for name, one in steady.items()}
    snapshot = evolve(made.snapshot, **other)
    return evolve(made, alerts=alerts, snapshot=snapshot)


NEAR, DEAD, LEAD = alert("near_a", "b"), alert("dead_money", "c"), alert("lead_waiting", "l")


def keys(made: Analysis) -> tuple[set[str], set[str]]:
    """Return the keys raised, and those that are quiet."""
    raised = {one.key for one in made.raised}
    assert raised | made.quiet == {one.key for one in made.alerts}
    return raised, set(made.quiet)


def test_without_a_history_every_sink_receives_every_alert() -> None:
    raising = Raising(None, job(MAIL), MONDAY)
    made = analysis(NEAR, DEAD)
    assert raising.enter(made) is made
    shown = evolve(made, alerts=[DEAD])
    assert raising.for_sink("mail", shown, made) is shown
    raising.confirm(SinkOutcome(kind="mail", dry_run=False), shown, made)
    raising.finish()


def waiting(history: History) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """Return key -> sinks that have it, and sinks that wait for it."""
    return {one.key: (one.delivered, one.waiting) for one in history.standing_alerts(**SCOPE)}


BOTH, NONE = frozenset({"mail", "crm"}), frozenset[str]()
ONLY = {name: frozenset({name}) for name in ("mail", "crm")}


def test_a_sink_receives_what_it_has_not_confirmed(history: History) -> None:
    """Per sink: a failure, a dry run, what a sink leaves, a snooze; each with the next run."""
    made = analysis(NEAR, DEAD, LEAD)
    raising = Raising(history, job(MAIL, CRM), MONDAY)
    entered = raising.enter(made)
    assert keys(entered) == ({NEAR.key, DEAD.key, LEAD.key}, set())
    assert raising.for_sink("mail", entered, entered) is entered
    done = WriteReport(written=3, alerts_left=[DEAD.key, "another"])
    raising.confirm(SinkOutcome(kind="mail", dry_run=False, report=done), entered, entered)
    assert waiting(history) == {
        NEAR.key: (ONLY["mail"], ONLY["crm"]),
        DEAD.key: (NONE, BOTH),
        LEAD.key: (ONLY["mail"], ONLY["crm"]),
    }
    tries = history._db.execute("SELECT sink, state, dated, tries FROM delivery ORDER BY 1, 2")
    assert [
        *[("crm", "raised", "2026-03-02", 0)] * 3,
        *[("mail", "delivered", "2026-03-02", 1)] * 2,
        ("mail", "failed", "2026-03-02", 1),
    ] == tries.fetchall()
    before = waiting(history)
    looked = SinkOutcome(kind="crm", dry_run=True, report=WriteReport(written=3))
    raising.confirm(looked, entered, entered)
    assert waiting(history) == before
    problem = UnavailableError("the CRM is closed; come again")
    raising.confirm(SinkOutcome(kind="crm", dry_run=False, problem=problem), entered, entered)
    raising.finish()
    assert waiting(history) == before

    # On the next day: raised is what some sink is still to receive, and each receives its own.
    raising = Raising(history, job(MAIL, CRM), TUESDAY)
    history.snooze(LEAD.key, WEDNESDAY)
    entered = raising.enter(made)
    assert keys(entered) == ({NEAR.key, DEAD.key}, {LEAD.key})
    assert entered.alerts == made.alerts
    assert keys(raising.for_sink("mail", entered, entered)) == ({DEAD.key}, {NEAR.key, LEAD.key})
    assert keys(raising.for_sink("crm", entered, entered)) == ({NEAR.key, DEAD.key}, {LEAD.key})
    assert raising.for_sink("crm", entered, entered) is entered
    for sink in ("mail", "crm"):
        report = WriteReport(written=1)
        raising.confirm(SinkOutcome(kind=sink, dry_run=False, report=report), entered, entered)
    assert waiting(history) == {
        NEAR.key: (BOTH, NONE),
        DEAD.key: (BOTH, NONE),
        LEAD.key: (ONLY["mail"], ONLY["crm"]),
    }

    # The snooze ends: the sink that has not received it does.
    raising = Raising(history, job(MAIL, CRM), WEDNESDAY)
    entered = raising.enter(made)
    assert keys(entered) == ({LEAD.key}, {NEAR.key, DEAD.key})
    assert keys(raising.for_sink("mail", entered, entered))[0] == set()
    assert keys(raising.for_sink("crm", entered, entered))[0] == {LEAD.key}


def test_what_is_first_raised_today_is_raised_by_a_repeated_run(history: History) -> None:
    """But no sink receives it again, and what is snoozed is not raised."""
    made = analysis(NEAR, DEAD)
    for day, raised in ((MONDAY, True), (MONDAY, True), (TUESDAY, False)):
        raising = Raising(history, job(MAIL), day)
        entered = raising.enter(made)
        assert keys(entered)[0] == ({NEAR.key, DEAD.key} if raised else set())
        shown = raising.for_sink("mail", entered, entered)
        first = not waiting(history)[NEAR.key][0]
        assert keys(shown)[0] == ({NEAR.key, DEAD.key} if first else set())
        report = WriteReport(written=2)
        raising.confirm(SinkOutcome(kind="mail", dry_run=False, report=report), entered, entered)
    history.snooze(NEAR.key, THURSDAY)
    raising = Raising(history, job(MAIL), WEDNESDAY)
    assert keys(raising.enter(analysis(NEAR, LEAD)))[0] == {LEAD.key}


def test_a_job_without_sinks_delivers_by_its_run(history: History) -> None:
    made = analysis(NEAR, DEAD)
    history.snooze(DEAD.key, TUESDAY)
    raising = Raising(history, job(), MONDAY)
    assert keys(raising.enter(made))[0] == {NEAR.key}
    raising.finish()
    itself = frozenset({""})
    assert waiting(history) == {NEAR.key: (itself, NONE), DEAD.key: (NONE, itself)}
    raising = Raising(history, job(), TUESDAY)
    assert keys(raising.enter(made)) == ({DEAD.key}, {NEAR.key})
    # A job with sinks is not done by its run.
    raising = Raising(history, job(MAIL), WEDNESDAY)
    raising.enter(analysis(LEAD))
    raising.finish()
    assert waiting(history)[LEAD.key] == (NONE, frozenset({"mail"}))


@pytest.mark.parametrize("whole", [True, False])
def test_alerts_shown_under_other_keys(history: History, whole: bool) -> None:
    """Anonymised ones go by their place; where some are left out, by their key."""
    made = analysis(NEAR, DEAD)
    raising = Raising(history, job(MAIL), MONDAY)
    raising.enter(made)
    report = WriteReport(written=1)
    history.confirm_alerts("mail", [NEAR.key], MONDAY, **SCOPE)
    raising = Raising(history, job(MAIL), TUESDAY)
    entered = raising.enter(made)
    hidden = [alert("near_a", "b", prefix="x"), alert("dead_money", "c", prefix="x")]
    shown = evolve(entered, alerts=hidden if whole else [DEAD], quiet=frozenset())
    handed = raising.for_sink("mail", shown, entered)
    assert handed.alerts == shown.alerts
    assert set(handed.quiet) == ({hidden[0].key} if whole else set())
    left = [hidden[1].key if whole else DEAD.key]
    report = WriteReport(written=1, alerts_left=left)
    raising.confirm(SinkOutcome(kind="mail", dry_run=False, report=report), shown, entered)
    assert waiting(history)[DEAD.key] == (NONE, ONLY["mail"])
    report = WriteReport(written=1)
    raising.confirm(SinkOutcome(kind="mail", dry_run=False, report=report), shown, entered)
    assert waiting(history)[DEAD.key] == (ONLY["mail"], NONE)


FELL, LOST = alert("fell_from_a", "b", age=3), alert("x_became_z", "c", age=0)


def test_an_event_that_no_run_has_delivered_is_one_of_the_next(history: History) -> None:
    """Older by the days since it was seen; a state that is gone, and one that is there, are not.

    The events stand after those of the run, once: also where the run finds one of them again.
    """
    Raising(history, job(MAIL), MONDAY).enter(analysis(FELL, LOST, NEAR, alert("dead_money", "x")))
    again = evolve(LOST, age=7)
    entered = Raising(history, job(MAIL), THURSDAY).enter(analysis(NEAR, again))
    assert tuple(entered.alerts) == (NEAR, again, evolve(FELL, age=6))
    assert keys(entered) == ({NEAR.key, LOST.key, FELL.key}, set())
    # A clock that goes back makes nothing younger.
    entered = Raising(history, job(MAIL), MONDAY).enter(analysis())
    assert set(entered.alerts) == {evolve(FELL, age=6), again}
    # Delivered, it is over.
    raising = Raising(history, job(MAIL), THURSDAY)
    entered = raising.enter(analysis())
    report = WriteReport(written=1)
    raising.confirm(SinkOutcome(kind="mail", dry_run=False, report=report), entered, entered)
    assert not Raising(history, job(MAIL), THURSDAY).enter(analysis()).alerts


@pytest.mark.parametrize(
    ("kind", "customer", "classes", "holds"),
    [
        ("fell_from_a", "b", {}, True),
        ("fell_from_a", "b", {"steady_abc": [0, 0, 2]}, False),
        ("fell_from_a", "b", {"steady_abc": [0, -1, 2]}, True),
        ("fell_from_a", "a", {"steady_abc": [-1, 1, 2]}, True),
        ("fell_from_a", "a", {"steady_abc": [0, 1, 2]}, False),
        ("x_became_z", "b", {"steady_xyz": [0, 2, 2]}, True),
        ("x_became_z", "b", {"steady_xyz": [0, 1, 2]}, False),
        ("x_became_z", "b", {"steady_abc": [0, -1, 2], "steady_xyz": [0, -1, 2]}, False),
        ("x_became_z", "a", {"steady_abc": [0, 1, 2], "steady_xyz": [0, 2, 2]}, False),
        ("fell_from_a", "gone", {}, True),
        ("x_became_z", "gone", {}, True),
    ],
)
def test_an_event_that_was_undone_is_not_told(
    history: History, kind: str, customer: str, classes: dict[str, Any], holds: bool
) -> None:
    """By the steady class of its customer now; what is not known of one who is gone is told."""
    event = alert(kind, customer)
    Raising(history, job(MAIL), MONDAY).enter(analysis(event))
    entered = Raising(history, job(MAIL), TUESDAY).enter(analysis(**classes))
    assert entered.alerts == ((evolve(event, age=4),) if holds else ())


def test_an_event_of_an_older_file_is_not_carried(history: History) -> None:
    """It kept the key alone."""
    Raising(history, job(MAIL), MONDAY).enter(analysis(FELL))
    history._db.execute("UPDATE raised SET alert = NULL")
    ((waits,), entered) = (
        history.waiting_alerts(**SCOPE),
        Raising(history, job(MAIL), TUESDAY).enter(analysis()),
    )
    assert waits == RaisedAlert(key=FELL.key, since=MONDAY, seen=MONDAY, waiting=ONLY["mail"])
    assert entered.alerts == ()
