"""Jobs with a CRM: both halves in one run, for sinks and alerts."""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.builtin.test_crm_sources import MARCH, TABLES, folder_of

from abcxyz import WebhookDocument, json_schema
from abcxyz.builtin.crm_files import CrmFiles
from abcxyz.cli import main
from abcxyz.cli.inputs.sales_input import open_sales_input
from abcxyz.config import parse_job, read_job
from abcxyz.core.analysis.analyze import analyze_reading
from abcxyz.crm import CrmAnalysis, CrmSettings, analyze_crm
from abcxyz.crm.reports.activity import ActivityReport
from abcxyz.errors import InputError
from abcxyz.pipeline import Outcome, run
from abcxyz.report.anonymization import anonymize
from abcxyz.tables.export.summary import summary_text

JOB = """
[[source]]
kind = "csv"
path = "sales.csv"

[[sink]]
kind = "json"
path = "out.json"

[[sink]]
kind = "jsonl"
path = "out.jsonl"
crm = "crm.jsonl"

[history]
path = "history.sqlite"

[crm]
source = "files"
path = "crm"
zone = "Europe/Moscow"
{more}
"""
#: Customer of class A, and the smaller ones.
SALES = ["customer,date,amount"] + [
    f"{customer},2026-{month:02}-05,{amount}"
    for customer, amount in (("CO_1", 9000), ("CO_2", 500), ("CO_3", 100))
    for month in (1, 2, 3)
]
AS_OF = date(2026, 4, 10)


def job_in(folder: Path, more: str = "", **tables: tuple[str, ...]) -> Outcome:
    """Run the job of a folder, with other tables of the CRM if wanted."""
    (folder / "sales.csv").write_text("\n".join(SALES) + "\n", encoding="utf-8")
    crm = folder_of(folder / "crm")
    for name, lines in tables.items():
        (crm / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return run(parse_job(JOB.format(more=more), folder / "job.toml"), as_of=AS_OF)


def crm_alerts(outcome: Outcome) -> dict[str, list[tuple[Any, ...]]]:
    """Return the alerts about the CRM: kind -> customer, money, owner."""
    kinds: dict[str, list[tuple[Any, ...]]] = {}
    for one in outcome.analysis.alerts:
        if one.kind in ("sla_overdue", "stalled_deal", "no_next_step"):
            kinds.setdefault(one.kind, []).append((one.customer, one.money, one.owner))
    return kinds


def test_one_run_makes_both_halves(tmp_path: Path) -> None:
    """The sales are classified and the CRM is reported on; sinks receive both."""
    outcome = job_in(tmp_path)
    assert outcome.enricher is None
    crm = outcome.analysis.crm
    assert isinstance(crm, CrmAnalysis)
    assert (crm.as_of, crm.window.until) == (AS_OF, AS_OF)
    assert {"funnel", "losses", "sla", "stuck"} <= set(crm.reports)
    assert list(crm.missing) == ["products", "offers"]
    document = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, json_schema("summary"))
    assert document["crm"]["reports"]["funnel"]["funnels"]["sales"]["stages"][0]["reached"] == 4
    lines = (tmp_path / "crm.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["report"] for line in lines} == {
        name for name, report in crm.reports.items() if report.rows()
    }


def test_alerts_of_the_crm_stand_among_the_others(tmp_path: Path) -> None:
    """Lead 13 got a letter in time; the open deal of the A customer is stuck, with its money."""
    outcome = job_in(tmp_path)
    assert crm_alerts(outcome) == {"stalled_deal": [("CO_1", 700.0, "ann")]}
    (alert,) = [one for one in outcome.analysis.alerts if one.kind == "stalled_deal"]
    assert alert in outcome.raised
    assert alert.sentence() == (
        "Deal 3 of CO_1 (AX) has been in NEW for 36 days, usual are up to 3; 700"
    )
    assert alert.key == "stalled_deal:3:2026-03-05"


def test_a_late_answer_and_a_missing_step_raise_alerts(tmp_path: Path) -> None:
    """A lead nobody answered, with the money of its deal; a deal of C without a planned step."""
    deals = (*TABLES["deals"], "6,sales,2026-04-08T09:00:00+03:00,NEW,80,bob,CO_3,16")
    changes = (*TABLES["stage_changes"], "6,NEW,2026-04-08T09:00:00+03:00")
    leads = (TABLES["leads"][0], "13,2026-03-05T08:00:00+03:00,3")
    acts = TABLES["activities"][:2]
    outcome = job_in(tmp_path, deals=deals, stage_changes=changes, leads=leads, activities=acts)
    assert crm_alerts(outcome) == {
        "sla_overdue": [("CO_1", 700.0, None)],
        "stalled_deal": [("CO_1", 700.0, "ann")],
        "no_next_step": [("CO_3", 80.0, "bob")],
    }
    sentences = {one.kind: one.sentence("ru") for one in outcome.analysis.alerts}
    assert "не запланирован следующий шаг" in sentences["no_next_step"]
    assert "просрочено дней: 36" in sentences["sla_overdue"]
    again = job_in(tmp_path, deals=deals, stage_changes=changes, leads=leads, activities=acts)
    assert {one.key for one in again.analysis.alerts} == {
        one.key for one in outcome.analysis.alerts
    }


def test_a_planned_activity_is_a_next_step(tmp_path: Path) -> None:
    """Deals with one, and deals of a CRM that keeps no plans, raise nothing."""
    deals = (*TABLES["deals"], "6,sales,2026-04-08T09:00:00+03:00,NEW,80,bob,CO_3,16")
    changes = (*TABLES["stage_changes"], "6,NEW,2026-04-08T09:00:00+03:00")
    acts = (*TABLES["activities"], "9,call,2026-04-09T10:00:00+03:00,out,no,6")
    outcome = job_in(tmp_path, deals=deals, stage_changes=changes, activities=acts)
    assert "no_next_step" not in crm_alerts(outcome)


def test_a_failing_crm_leaves_the_other_half(tmp_path: Path) -> None:
    """The sales are classified and written; the outcome holds the reason."""
    outcome = job_in(tmp_path, deals=("deal,funnel", "1,sales"))
    assert outcome.analysis.crm is None
    assert "has no column for created, stage" in str(outcome.enricher)
    assert all(sink.complete for sink in outcome.sinks)
    assert "crm" not in json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))


def test_settings_choose_reports_and_mark_changes(tmp_path: Path) -> None:
    more = "reports = ['funnel']\n[[changes]]\nday = 2026-03-10\nwhat = 'new script'"
    crm = job_in(tmp_path, more).analysis.crm
    assert isinstance(crm, CrmAnalysis)
    assert list(crm.reports) == ["funnel"]
    assert crm.to_dict()["changes"] == [
        {"day": "2026-03-10", "what": "new script", "stage": "", "funnel": ""}
    ]


def test_a_report_that_is_named_and_impossible_is_an_error(tmp_path: Path) -> None:
    crm = CrmFiles(folder_of(tmp_path / "crm"), zone="UTC").crm(MARCH, tables=frozenset())
    with pytest.raises(InputError, match="needs the table stage_changes"):
        analyze_crm(crm, settings=CrmSettings(reports=["funnel"]))


def test_the_webhook_document_holds_the_crm(tmp_path: Path) -> None:
    analysis = job_in(tmp_path).analysis
    assert analysis.crm is not None
    sent = WebhookDocument(analysis.summary(), crm=analysis.crm.to_dict())
    document = json.loads(json.dumps(sent.to_dict()))
    jsonschema.validate(document, json_schema("analysis"))
    assert WebhookDocument.from_dict(document) == sent


def test_an_anonymous_analysis_holds_no_crm(tmp_path: Path) -> None:
    """Names of deals, leads and managers are not in it."""
    analysis = job_in(tmp_path).analysis
    safe = anonymize(analysis, b"k" * 16)
    assert safe.crm is None
    written = summary_text(safe) + json.dumps([one.to_dict() for one in safe.alerts])
    assert "CO_1" not in written
    assert len(safe.alerts) == len(analysis.alerts)


def test_the_command_takes_the_classes_of_the_result_in_the_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the first run they are those of the won deals."""
    (tmp_path / "job.toml").write_text(JOB.format(more=""), encoding="utf-8")
    job_in(tmp_path)
    argv = ["crm", "activity", str(tmp_path / "job.toml"), "--as-of", AS_OF.isoformat(), "--json"]
    assert main(argv) == 0
    known = json.loads(capsys.readouterr().out)
    assert known["classes_of"] is None
    assert {one["customer_class"] for one in known["classes"]} >= {"A"}
    (tmp_path / "history.sqlite").unlink()
    assert main(argv) == 0
    assert json.loads(capsys.readouterr().out)["classes_of"] == ["2025-04-01", "2026-04-01"]


def test_the_time_goes_to_the_class_that_the_customer_had_on_the_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """CO_2 is of class B until a large order in April: by the run, the command and the page."""
    calls = [("03-30", 2), ("03-31", 1), ("04-01", 2), ("04-30", 2), ("05-01", 2), ("05-02", 4)]
    folder_of(tmp_path / "crm")
    (tmp_path / "crm" / "activities.csv").write_text(
        "activity,kind,started,direction,done,deal\n"
        + "".join(
            f"{i},call,2026-{day}T00:10:00+03:00,out,yes,{deal}\n"
            for i, (day, deal) in enumerate(calls)
        ),
        encoding="utf-8",
    )
    path = tmp_path / "job.toml"
    path.write_text(JOB.format(more=""), encoding="utf-8")
    for as_of, more in ((AS_OF, []), (date(2026, 5, 10), ["CO_2,2026-04-20,90000"])):
        (tmp_path / "sales.csv").write_text("\n".join(SALES + more) + "\n", encoding="utf-8")
        outcome = run(read_job(path), as_of=as_of)
        assert isinstance(outcome.analysis.crm, CrmAnalysis)
        made = outcome.analysis.crm.reports["activity"]
        assert isinstance(made, ActivityReport)
        assert made.classes_since == date(2026, 4, 1)
        counts = {one.customer_class: one.activities for one in made.classes if one.activities}
        if as_of == AS_OF:
            assert counts == {"A": 1, "B": 2}
    assert isinstance(made, ActivityReport)
    # Before April the classes of May count, which the report says; of CO_1 it is B by then.
    assert (counts, made.before_classes) == ({"A": 2, "B": 3, "C": 1}, 2)
    assert "begins on 2026-04-01" in made.explain()
    argv = ["crm", "activity", str(path), "--as-of", "2026-05-10", "--json"]
    assert main(argv) == 0
    known = json.loads(capsys.readouterr().out)
    assert known["classes"] == made.to_dict()["classes"]
    assert (known["classes_since"], known["before_classes"]) == ("2026-04-01", 2)
    options = argparse.Namespace(
        file=[str(path)], as_of="2026-05-10", history=None, history_job=None, lang=None
    )
    with open_sales_input(options) as sales:
        alone = analyze_reading(sales.reading, as_of=sales.as_of, settings=sales.settings)
        looked = sales.enrich(alone).crm
    assert isinstance(looked, CrmAnalysis)
    assert looked.reports["activity"].to_dict() == made.to_dict()
    # As of the day of the first run the history held nothing of April.
    argv[4] = AS_OF.isoformat()
    assert main(argv) == 0
    early = json.loads(capsys.readouterr().out)["classes"]
    assert {one["customer_class"]: one["activities"] for one in early} == {"A": 1, "B": 2, "C": 0}
