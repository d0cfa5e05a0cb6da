"""Deals at risk as alerts of a job: one per deal and reason, until it changes."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from tests.builtin.test_crm_sources import TABLES
from tests.pipeline.test_crm import AS_OF, JOB, SALES

from abcxyz import Alert, AlertRules
from abcxyz.builtin.crm_files import CrmFiles
from abcxyz.cli import main
from abcxyz.config import parse_job
from abcxyz.core.advice.crm_facts import CrmFacts, DealReason
from abcxyz.core.analysis.analyze import with_facts
from abcxyz.core.sales.calendar import Window
from abcxyz.crm import CrmAnalysis, DealRisks, analyze_crm
from abcxyz.pipeline import Outcome, run
from abcxyz.report.anonymization import anonymize

PAST = date(2026, 4, 1)


def job_in(
    folder: Path, planned: date = PAST, more: str = "", *, as_of: date = AS_OF, owner: str = "ann"
) -> Outcome:
    """Run a job whose deals 3 (of class A) and 6 (of class C) stay long and have a planned day.

    Deal 4 has a planned activity, so the others are known to have none.
    """
    heading, *rows = (
        *TABLES["deals"],
        f"6,sales,2026-03-05T09:00:00+03:00,NEW,80,{owner},CO_3,16",
    )
    tables = TABLES | {
        "deals": (f"{heading},planned", *(f"{one},{planned}" for one in rows)),
        "stage_changes": (*TABLES["stage_changes"], "6,NEW,2026-03-05T09:00:00+03:00"),
    }
    crm = folder / "crm"
    crm.mkdir(exist_ok=True)
    for name, lines in tables.items():
        (crm / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "sales.csv").write_text("\n".join(SALES) + "\n", encoding="utf-8")
    (folder / "job.toml").write_text(JOB.format(more=more), encoding="utf-8")
    return run(parse_job(JOB.format(more=more), folder / "job.toml"), as_of=as_of)


def risks(alerts: tuple[Alert, ...]) -> dict[tuple[object, object], Alert]:
    """Return deal and reason -> alert of the deals at risk."""
    return {
        (one.facts["deal"], one.facts["reason"]): one
        for one in alerts
        if one.kind == "deal_at_risk"
    }


def test_each_reason_is_an_alert_and_no_fact_is_told_twice(tmp_path: Path) -> None:
    """The stalled deal of class A is one alert already; its planned day is another fact."""
    outcome = job_in(tmp_path)
    assert outcome.enricher is None
    found = risks(outcome.analysis.alerts)
    assert set(found) == {("3", "planned"), ("6", "planned"), ("6", "stuck")}
    stalled = [one for one in outcome.analysis.alerts if one.kind == "stalled_deal"]
    assert [one.facts["deal"] for one in stalled] == ["3"]
    assert not [one for one in outcome.analysis.alerts if one.kind == "no_next_step"]
    alert = found["3", "planned"]
    assert alert.key == "deal_at_risk:3:2026-04-01:planned"
    assert (alert.customer, alert.money, alert.owner, alert.age) == ("CO_1", 700.0, "ann", 9)
    assert alert.sentence() == (
        "Deal 3 of CO_1 (AX) is at risk (NEW): the planned day 2026-04-01 is past; 700"
    )
    assert found["6", "stuck"].sentence("ru").replace("\N{NO-BREAK SPACE}", " ") == (
        "Сделка 6 клиента CO_3 (CX) под угрозой (NEW): 36 дн. на стадии, обычно до 3; 80"
    )
    assert Alert.from_dict(json.loads(json.dumps(alert.to_dict()))) == alert


def test_an_alert_is_raised_once_and_again_when_it_changes(tmp_path: Path) -> None:
    first = risks(job_in(tmp_path).raised)
    assert ("3", "planned") in first
    again = job_in(tmp_path, as_of=date(2026, 4, 11))
    assert ("3", "planned") in risks(again.analysis.alerts)
    assert not risks(again.raised)
    moved = job_in(tmp_path, date(2026, 4, 20), as_of=date(2026, 4, 12))
    assert set(risks(moved.analysis.alerts)) == {("6", "stuck")}
    late = job_in(tmp_path, date(2026, 4, 20), as_of=date(2026, 4, 22))
    assert set(risks(late.raised)) == {("3", "planned"), ("6", "planned")}


def test_money_of_a_deal_counts_once_in_the_summary(tmp_path: Path) -> None:
    """Deals 3 and 6 have two alerts each, about the same money."""
    analysis = job_in(tmp_path).analysis
    others = sum(
        one.money or 0.0
        for one in analysis.alerts
        if "deal" not in one.facts and one.kind not in ("near_a", "dead_money")
    )
    assert analysis.summary().money_at_risk == pytest.approx(others + 700.0 + 80.0)


def test_so_many_deals_per_employee_those_with_the_most_money(tmp_path: Path) -> None:
    more = "[alerts]\nrisky_deals = 1"
    assert set(risks(job_in(tmp_path, more=more).analysis.alerts)) == {("3", "planned")}
    (tmp_path / "two").mkdir()
    other = job_in(tmp_path / "two", more=more, owner="bob")
    both = {("3", "planned"), ("6", "planned"), ("6", "stuck")}
    assert set(risks(other.analysis.alerts)) == both


def test_a_job_names_the_customers_of_class_a(tmp_path: Path) -> None:
    crm = job_in(tmp_path).analysis.crm
    assert isinstance(crm, CrmAnalysis)
    report = crm.reports["risks"]
    assert isinstance(report, DealRisks)
    assert {one.deal: one.important for one in report.deals} == {"3": True, "6": False}
    assert report.deals[0].reasons()[-1] == "the customer is of class A"
    document = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert document["crm"]["reports"]["risks"]["deals"][0]["important"] is True


def test_reports_that_are_not_named_raise_no_alerts(tmp_path: Path) -> None:
    assert not risks(job_in(tmp_path, more="reports = ['stuck']").analysis.alerts)


def test_the_command_lists_them_and_anonymous_ones_name_no_deal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    analysis = job_in(tmp_path).analysis
    assert main(["alerts", str(tmp_path / "job.toml"), "--as-of", str(AS_OF)]) == 0
    assert "is at risk (NEW): the planned day 2026-04-01 is past" in capsys.readouterr().out
    hidden = [one for one in anonymize(analysis, b"k" * 16).alerts if one.kind == "deal_at_risk"]
    assert len(hidden) == 3
    assert not {"3", "6"} & {one.facts["deal"] for one in hidden}
    assert not [one for one in hidden if "CO_" in one.sentence() or "CO_" in one.key]


def test_facts_of_the_records_alone(tmp_path: Path) -> None:
    """Without classes nothing is named; a deal without a customer is an alert all the same."""
    analysis = job_in(tmp_path).analysis
    crm = CrmFiles(tmp_path / "crm", zone="Europe/Moscow").crm(Window(date(2025, 4, 1), AS_OF))
    made = analyze_crm(crm, as_of=AS_OF)
    listed = {(one.deal, one.reason) for one in made.facts().risks}
    assert listed >= {("3", "stuck"), ("6", "planned")}
    reason = DealReason(deal=9, reason="fell", since=PAST, details=[0.5, 0.25], money=10.0)
    full = with_facts(analysis, CrmFacts(risks=[reason]), alert_rules=AlertRules())
    (alert,) = risks(full.alerts).values()
    assert (alert.customer, alert.after) == (9, "N")
    assert "the probability fell from 50.0% to 25.0% within 7 days" in alert.sentence()
