"""Consecutive monthly runs of a job and their history."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from abcxyz.config import parse_job
from abcxyz.demo import demo_sales
from abcxyz.errors import ConfigError, HistoryError
from abcxyz.history import History
from abcxyz.pipeline import Outcome, run

JOB = """
[history]
path = "history.db"

[[source]]
kind = "csv"
path = "sales.csv"

[[sink]]
kind = "jsonl"
path = "out.jsonl"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Folder with two years of sales."""
    sales = demo_sales().transactions
    frame = pd.DataFrame({"customer": sales.customer, "date": sales.day, "amount": sales.amount})
    frame.to_csv(tmp_path / "sales.csv", index=False)
    return tmp_path


def carried_out(folder: Path, month: int, *, text: str = JOB, year: int = 2026) -> Outcome:
    """Run the job on the first of a month."""
    return run(parse_job(text, folder / "job.toml"), as_of=date(year, month, 1))


def test_a_run_is_compared_with_the_month_before(folder: Path) -> None:
    """The second month, also if repeated, is compared with the first."""
    first = carried_out(folder, 10)
    assert first.analysis.transitions is None
    second = carried_out(folder, 11)
    assert second.analysis.previous is not None
    assert date(2026, 9, 30) == second.analysis.previous.dated
    again = carried_out(folder, 11)
    assert again.analysis.previous == second.analysis.previous
    assert again.analysis.snapshot == second.analysis.snapshot
    assert (True, False) == (second.saved, again.saved)


def test_a_snapshot_of_a_year_before_is_found(folder: Path) -> None:
    """Yearly attrition is relative to the same month of the last year."""
    short = JOB + '[window]\nperiod = "6M"\n'
    carried_out(folder, 11, text=short, year=2025)
    carried_out(folder, 10, text=short)
    now = carried_out(folder, 11, text=short).analysis
    assert now.year_ago is not None
    assert now.previous is not None
    assert (date(2025, 10, 31), date(2026, 9, 30)) == (now.year_ago.dated, now.previous.dated)


def test_snapshots_of_other_settings_are_not_compared(folder: Path) -> None:
    """A changed window starts a separate history."""
    carried_out(folder, 10)
    other = carried_out(folder, 11, text=JOB + '[window]\nperiod = "6M"\n')
    assert other.analysis.previous is None


def test_an_alert_is_raised_once(folder: Path) -> None:
    """An alert that persists for a month is not raised again; 10 is for new ones."""
    first = carried_out(folder, 10)
    assert first.raised == first.analysis.alerts
    assert first.raised
    assert (0, 10) == (first.exit_code(), first.exit_code(alerts=True))
    old = {alert.key for alert in first.raised}
    second = carried_out(folder, 11)
    assert {alert.key for alert in second.raised} == {
        alert.key for alert in second.analysis.alerts
    } - old


def test_a_silenced_alert_is_not_raised(folder: Path) -> None:
    """A snoozed alert is omitted until its date."""
    key = carried_out(folder, 11).raised[0].key
    with History(folder / "history.db") as history:
        history.snooze(key, date(2026, 12, 1))
    again = carried_out(folder, 11)
    assert key not in {alert.key for alert in again.raised}
    assert key in {alert.key for alert in again.analysis.alerts}


def test_limits_of_alerts_and_words_of_advice_are_the_jobs(folder: Path) -> None:
    """The tables alerts and playbook change alerts and advice."""
    (folder / "words.toml").write_text('[segments.AX]\nen = "Call"\n')
    text = JOB + '[alerts]\nnear = 0.5\n[playbook]\npath = "words.toml"\n'
    usual, other = carried_out(folder, 11), carried_out(folder, 11, text=text)
    near = [sum(alert.kind == "near_a" for alert in one.analysis.alerts) for one in (usual, other)]
    assert near[0] < near[1]
    assert '"recommendation": "Call' in (folder / "out.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ("[alerts]\nnear = 2\n", "job.toml:12: the alert option near is 2.0; give a share"),
        ('[playbook]\npath = "no.toml"\n', "the playbook .*no.toml cannot be read"),
    ],
)
def test_wrong_advice_stops_the_run(folder: Path, tables: str, message: str) -> None:
    """An invalid playbook is reported before anything is read."""
    with pytest.raises(ConfigError, match=message):
        carried_out(folder, 11, text=JOB + tables)
    assert not (folder / "history.db").exists()


def test_a_damaged_history_stops_the_run(folder: Path) -> None:
    """A foreign file in place of the history stays unchanged and stops the run."""
    (folder / "history.db").write_bytes(b"not a database" * 100)
    with pytest.raises(HistoryError):
        carried_out(folder, 11)
    assert not (folder / "out.jsonl").exists()
