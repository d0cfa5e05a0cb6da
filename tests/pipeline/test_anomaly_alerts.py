"""Figures of a CRM that are not as usual, as alerts of a job."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

from abcxyz import Alert
from abcxyz.config import parse_job
from abcxyz.crm import CrmAnalysis
from abcxyz.pipeline import Outcome, run
from abcxyz.report.anonymization import anonymize

JOB = """
[[source]]
kind = "csv"
path = "sales.csv"

[[sink]]
kind = "json"
path = "out.json"

[history]
path = "history.sqlite"

[crm]
source = "files"
path = "crm"
zone = "UTC"
{more}
"""
FIRST = date(2026, 1, 5)
WEEKS, A_DAY = 30, 8
BAD = 24  # the week of which next to nothing is won


def job_in(folder: Path, weeks: int, more: str = "") -> Outcome:
    """Run a job on the day after so many weeks."""
    crm = folder / "crm"
    if not crm.exists():
        crm.mkdir()
        _write(folder, crm)
    day = FIRST + timedelta(days=7 * weeks)
    return run(parse_job(JOB.format(more=more), folder / "job.toml"), as_of=day)


def _write(folder: Path, crm: Path) -> None:
    """Write deals that are decided on the day of their creation: half of them are won."""
    deals = ["deal,funnel,created,stage,amount,customer,source"]
    changes = ["deal,stage,entered"]
    number = 0
    for week in range(WEEKS):
        for weekday in range(5):
            day = FIRST + timedelta(days=7 * week + weekday)
            for place in range(A_DAY):
                number += 1
                # A quarter of the other source was won before, and none of it in the bad week.
                source = "ads" if place % 2 else "fair"
                won = (place + week) % 8 < 4
                if week == BAD and source == "ads":
                    won = False
                stage = "WON" if won else "LOST"
                deals.append(f"{number},sales,{day}T09:00:00Z,{stage},100,c{number % 50},{source}")
                changes += [f"{number},NEW,{day}T09:00:00Z", f"{number},{stage},{day}T15:00:00Z"]
    (crm / "deals.csv").write_text("\n".join(deals), "utf-8")
    (crm / "stage_changes.csv").write_text("\n".join(changes), "utf-8")
    (crm / "stages.csv").write_text("stage,semantics\nNEW,P\nWON,S\nLOST,F\n", "utf-8")
    sales = ["customer,date,amount"]
    sales += [f"c{i},{FIRST + timedelta(days=7 * week)},10" for i in (1, 2) for week in range(31)]
    (folder / "sales.csv").write_text("\n".join(sales), "utf-8")


def unusual(outcome: Outcome) -> list[Alert]:
    return [one for one in outcome.analysis.alerts if one.about_figure]


def test_an_alarm_is_an_alert_raised_once_until_two_quiet_weeks(tmp_path: Path) -> None:
    """It stands among the alerts with its money, and goes when the figure is as usual again."""
    assert not unusual(job_in(tmp_path, BAD))
    found = job_in(tmp_path, BAD + 1)
    keys = {one.key for one in unusual(found)}
    (alert,) = [one for one in found.raised if one.facts.get("metric") == "win_rate"]
    assert alert.key == f"anomaly_fall:win_rate@{FIRST + timedelta(days=7 * BAD)}"
    assert alert.money == 1000.0
    assert alert.owner is None
    assert "\n" not in alert.sentence()
    sentence = alert.sentence()
    assert sentence.startswith("win rate: 25.0% from 2026-06-22 to 2026-06-28, expected 50")
    assert "Carried by ads 50% → 0%. Did the leads of ads change" in sentence
    assert "доля выигранных среди закрытых: 25,0\xa0%" in alert.sentence("ru")
    again = job_in(tmp_path, BAD + 2)
    assert keys & {one.key for one in unusual(again)}
    assert not keys & {one.key for one in again.raised}
    # The deals of the week are old enough for the conversion a week later, and so is its end.
    assert not unusual(job_in(tmp_path, BAD + 4))


def test_what_was_announced_raises_no_alert(tmp_path: Path) -> None:
    day = FIRST + timedelta(days=7 * BAD)
    more = f"[[changes]]\nday = {day}\nwhat = 'no ads'"
    assert not unusual(job_in(tmp_path, BAD + 1, more))


def test_small_money_and_reports_that_are_not_named_raise_none(tmp_path: Path) -> None:
    assert not [one for one in unusual(job_in(tmp_path, BAD + 1, "min_money = 5000")) if one.money]
    assert not unusual(job_in(tmp_path, BAD + 1, "reports = ['funnel']"))
    assert unusual(job_in(tmp_path, BAD + 1, "reports = ['anomalies']"))


def test_documents_hold_the_alarms(tmp_path: Path) -> None:
    """The document has figures, reason and questions; an anonymous one names no group."""
    analysis = job_in(tmp_path, BAD + 1).analysis
    assert isinstance(analysis.crm, CrmAnalysis)
    document = json.loads((tmp_path / "out.json").read_text("utf-8"))
    rows = document["crm"]["reports"]["anomalies"]["alarms"]
    (row,) = [one for one in rows if one["metric"] == "win_rate"]
    assert (row["value"], row["since"], row["money"]) == (0.25, "2026-06-22", -1000.0)
    assert row["questions"]
    (line,) = [one for one in analysis.crm.records() if one.get("metric") == "win_rate"]
    assert line["sentence"].startswith("win rate: 25.0% from 2026-06-22 to 2026-06-28")
    assert "Did the leads of ads change" in line["sentence"]
    written = json.dumps([one.to_dict() for one in anonymize(analysis, b"k" * 16).alerts])
    assert "anomaly_fall" in written
    assert "ads" not in written
    assert Alert.from_dict(analysis.alerts[0].to_dict()) == analysis.alerts[0]
