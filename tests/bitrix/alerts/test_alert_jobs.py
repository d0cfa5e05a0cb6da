"""Alerts of whole jobs: decided once by the history, then posted to the portal as decided."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.emulators.bitrix24.harness import free
from tests.emulators.bitrix24.portal import COMPANY, LEAD, Portal

from abcxyz.cli import main
from abcxyz.config import read_job
from abcxyz.history import History
from abcxyz.pipeline import Outcome, run
from abcxyz_bitrix.alerts.ledger import marker
from abcxyz_bitrix.sales.checkpoint import Checkpoint

AS_OF = date(2026, 7, 15)
JOB = """
[window]
period = "12M"

[history]
path = "history.db"

[[source]]
kind = "bitrix24"
webhook = { env = "HOOK" }
insecure_loopback = true
plan = "enterprise"

[[sink]]
kind = "bitrix24"
webhook = { env = "HOOK" }
insecure_loopback = true
plan = "enterprise"
timeline = true
"""


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Portal]:
    """Serve a portal with a year of sales of twenty companies, a job beside."""
    monkeypatch.chdir(tmp_path)
    made = Portal(limits=free())
    random_ = random.Random(3)
    for number in range(20):
        made.add_company(f"Компания {number}")
    for number in range(400):
        month = 1 + number % 12
        day = date(2025 if month > 6 else 2026, month, random_.randint(1, 28))
        amount = random_.randint(1, 9) * 1000 / (1 + number % 20)
        made.add_won_deal(round(amount, 2), f"{day}T12:00:00+03:00", company=1 + number % 20)
    (tmp_path / "job.toml").write_text(JOB, encoding="utf-8")
    with made.serve() as server:
        monkeypatch.setenv("HOOK", server.webhook)
        yield made


def carried_out(folder: Path, *, apply: bool = True, as_of: date = AS_OF) -> Outcome:
    """Run the job."""
    outcome = run(read_job(folder / "job.toml"), as_of=as_of, apply=apply)
    assert [one.problem for one in outcome.sinks] == [None] * len(outcome.sinks)
    assert outcome.enricher is None
    return outcome


def comments(portal: Portal) -> list[dict[str, Any]]:
    """Read what was posted to the timelines."""
    return list(portal.state.stores["comments"].rows.values())


def posted(portal: Portal, key: str) -> int:
    """Count the comments about one alert."""
    return sum(marker(key) in row["COMMENT"] for row in comments(portal))


def test_a_snoozed_alert_is_never_posted(portal: Portal, tmp_path: Path) -> None:
    """An alert snoozed before its first posting is not posted; others are."""
    looked = carried_out(tmp_path, apply=False)
    assert len(looked.raised) > 1
    snoozed, *others = [one.key for one in looked.raised]
    with History(tmp_path / "history.db") as history:
        history.snooze(snoozed, date(2026, 8, 1))
    carried_out(tmp_path)
    assert posted(portal, snoozed) == 0
    assert [posted(portal, key) for key in others] == [1] * len(others)


def test_what_was_raised_is_not_raised_again(portal: Portal, tmp_path: Path) -> None:
    """An alert of an earlier run stays in the analysis; a new ledger does not post it again."""
    first = carried_out(tmp_path)
    assert first.raised
    before = len(comments(portal))
    (tmp_path / "bitrix24-ledger.sqlite").unlink()
    portal.state.stores["comments"].rows.clear()
    later = carried_out(tmp_path, as_of=date(2026, 7, 16))
    assert {one.key for one in first.raised} <= {one.key for one in later.analysis.alerts}
    assert later.raised == ()
    assert comments(portal) == []
    assert before == len(first.raised)


def test_a_dry_run_marks_no_alert_as_raised(portal: Portal, tmp_path: Path) -> None:
    """After a dry run of yesterday the alerts are still new, and posted today."""
    looked = carried_out(tmp_path, apply=False)
    assert comments(portal) == []
    carried_out(tmp_path, as_of=date(2026, 7, 16))
    assert [posted(portal, one.key) for one in looked.raised] == [1] * len(looked.raised)


def test_a_snooze_that_ends_raises_the_alert(portal: Portal, tmp_path: Path) -> None:
    """Snoozed before it was ever posted, an alert is posted when the snooze is over."""
    snoozed = carried_out(tmp_path, apply=False).raised[0].key
    with History(tmp_path / "history.db") as history:
        history.snooze(snoozed, date(2026, 7, 16))
    carried_out(tmp_path)
    assert posted(portal, snoozed) == 0
    carried_out(tmp_path, as_of=date(2026, 7, 16))
    assert posted(portal, snoozed) == 1


def test_alerts_beyond_the_budget_are_posted_next_day(portal: Portal, tmp_path: Path) -> None:
    """Alerts beyond the budget of one day are handed to the sink on the next one."""
    job = tmp_path / "job.toml"
    job.write_text(JOB + 'budget = "0.001s"\n', encoding="utf-8")
    first = carried_out(tmp_path)
    assert first.raised
    assert comments(portal) == []
    job.write_text(JOB, encoding="utf-8")
    carried_out(tmp_path, as_of=date(2026, 7, 16))
    assert [posted(portal, one.key) for one in first.raised] == [1] * len(first.raised)


def test_an_erased_customer_is_in_no_file(
    portal: Portal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """History, ledger and checkpoint hold the customer no more; the others stay raised."""
    job = tmp_path / "job.toml"
    job.write_text(JOB.replace('"enterprise"\n', '"enterprise"\ncheckpoint = "c.db"\n', 1))
    raised = [one for one in carried_out(tmp_path).raised if one.customer is not None]
    gone, others = str(raised[0].customer), {str(one.customer) for one in raised[1:]}
    assert others - {gone}
    checkpoint = Checkpoint(tmp_path / "c.db")
    checkpoint.begin("other", 50, 1000.0)
    checkpoint.add(0, 50, [["D_1", gone, "2026-02-03", 100.0, None]], {})
    # What a kill in the middle of a transaction leaves.
    (tmp_path / "c.db-journal").write_bytes(gone.encode())
    names = ["history.db", "bitrix24-ledger.sqlite", "c.db", "c.db-journal"]

    def holding(customer: str) -> list[str]:
        whole = re.compile(customer.encode() + rb"(?!\d)")
        files = sorted(tmp_path.glob("*"))
        return sorted(one.name for one in files if whole.search(one.read_bytes()))

    assert sorted(names) == holding(gone)
    assert main(["forget", gone, "job.toml", "--json"]) == 0
    counted = json.loads(capsys.readouterr().out)
    assert sorted(names) == holding(gone)
    assert main(["forget", gone, "job.toml", "--apply", "--json"]) == 0
    erased = json.loads(capsys.readouterr().out)
    assert sorted(names) == sorted(Path(name).name for name in erased["erased"])
    assert {**counted, "applied": True} == erased
    assert holding(gone) == []
    assert all({"history.db", "bitrix24-ledger.sqlite"} <= {*holding(one)} for one in others)
    again = carried_out(tmp_path, as_of=date(2026, 7, 16))
    assert again.analysis.snapshot.customers.size == 20
    others_keys = [one.key for one in raised if str(one.customer) != gone]
    assert [posted(portal, key) for key in others_keys] == [1] * len(others_keys)


ENRICHER = """
[enricher]
kind = "bitrix24"
webhook = { env = "HOOK" }
insecure_loopback = true
plan = "enterprise"
attributes = { turnover = "REVENUE", employees = "EMPLOYEES" }
values = { employees = { EMPLOYEES_4 = 900 } }
"""
LONG_AGO = "2026-06-20T10:00:00+03:00"


def _busy(portal: Portal) -> tuple[int, int]:
    """Add a stalled deal, meetings with the smallest customer, and a waiting lead."""
    deal = portal.add_deal(
        "", companyId=1, opportunity=7000, createdTime=LONG_AGO, assignedById=1,
        lastActivityTime=LONG_AGO, lastActivityBy=2,
    )  # fmt: skip
    for month in (1, 3, 5):
        portal.add_activity(
            COMPANY, 20, at=f"2026-0{month}-10T10:00:00+03:00", user=1, TYPE_ID=1, COMPLETED="Y",
            START_TIME=portal.state.zone.seconds(f"2026-0{month}-10T10:00:00+03:00"),
            END_TIME=portal.state.zone.seconds(f"2026-0{month}-10T11:30:00+03:00"),
        )  # fmt: skip
    portal.add_company("Большая", revenue=3e9, employees="EMPLOYEES_4")
    lead = portal.add_lead("Новый", companyId=21, createdTime="2026-07-01T10:00:00+03:00")
    return deal, lead


@pytest.mark.parametrize("enricher", ["", ENRICHER])
def test_facts_of_the_portal_raise_alerts(portal: Portal, tmp_path: Path, enricher: str) -> None:
    """A stalled deal and time spent fire with a source alone, a waiting lead with an enricher."""
    deal, lead = _busy(portal)
    (tmp_path / "job.toml").write_text(JOB + enricher, encoding="utf-8")
    by_kind = {one.kind: one for one in carried_out(tmp_path).raised}
    stalled = by_kind["stalled_deal"]
    assert (stalled.customer, stalled.facts["deal"], stalled.age) == ("CO_1", f"D_{deal}", 25)
    assert (stalled.money, stalled.owner) == (7000.0, "1")
    assert (by_kind["dead_money"].customer, by_kind["dead_money"].facts["hours"]) == ("CO_20", 4.5)
    assert ("lead_waiting" in by_kind) is bool(enricher)
    assert posted(portal, stalled.key) == 1
    places = {(row["ENTITY_TYPE"], row["ENTITY_ID"]) for row in comments(portal)}
    assert ("deal", deal) in places
    assert (("lead", lead) in places) is bool(enricher)


def test_one_portal_is_read_once(portal: Portal, tmp_path: Path) -> None:
    """With an enricher of the same portal the facts of the source are not read."""
    _busy(portal)
    (tmp_path / "job.toml").write_text(JOB + ENRICHER, encoding="utf-8")
    alerts = carried_out(tmp_path, apply=False).analysis.alerts
    assert [one.facts["hours"] for one in alerts if one.kind == "dead_money"] == [4.5]
    assert len([one for one in alerts if one.kind == "stalled_deal"]) == 1


def test_a_lead_that_was_called_waits_no_more(portal: Portal, tmp_path: Path) -> None:
    """A call that a person made is a contact; an incoming letter or one of a robot is none."""
    _, lead = _busy(portal)
    (tmp_path / "job.toml").write_text(JOB + ENRICHER, encoding="utf-8")

    def waiting() -> bool:
        kinds = {one.kind for one in carried_out(tmp_path, apply=False).analysis.alerts}
        return "lead_waiting" in kinds

    when = "2026-07-01T15:00:00+03:00"
    portal.add_activity(LEAD, lead, at=when, user=1, TYPE_ID=4, COMPLETED="Y", DIRECTION=1)
    portal.add_activity(
        LEAD, lead, at=when, user=1, TYPE_ID=4, COMPLETED="Y", DIRECTION=2, STATUS=3
    )
    portal.add_activity(LEAD, lead, at=when, user=1, TYPE_ID=2, COMPLETED="N", DIRECTION=2)
    assert waiting()
    portal.add_activity(LEAD, lead, at=when, user=1, TYPE_ID=2, COMPLETED="Y", DIRECTION=2)
    assert not waiting()
