"""History commands on a sales file and on a job."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from abcxyz.cli import main
from abcxyz.demo import demo_sales

SALES = ("--period", "3M", "--as-of", "2026-10-15")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Working directory with two years of sales."""
    sales = demo_sales(customers=60).transactions
    assert sales.document is not None
    with (tmp_path / "sales.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["customer", "date", "amount", "document"])
        writer.writerows(
            zip(sales.customer, sales.day.astype(str), sales.amount, sales.document, strict=True)
        )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> str:
    """Run a command and return its output."""
    assert code == main(argv)
    return capsys.readouterr().out


def run_json(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> Any:
    return json.loads(run(capsys, *argv, "--json", code=code))


@pytest.mark.usefixtures("folder")
def test_the_past_is_filled_in_once(capsys: pytest.CaptureFixture[str]) -> None:
    """A backfill saves half a year of snapshots, and a second one saves none."""
    first = run(capsys, "backfill", "sales.csv", "--from", "2026-04", *SALES)
    assert ["2026-04-30", "2026-09-30"] == [first.splitlines()[i][:10] for i in (0, -1)]
    assert 6 == first.count("customers saved")
    again = run(capsys, "backfill", "sales.csv", "--from", "2026-04", *SALES, "--lang", "ru")
    assert 6 == again.count("без изменений")
    assert "30.09.2026" in again


@pytest.mark.usefixtures("folder")
def test_history_lists_and_follows(capsys: pytest.CaptureFixture[str]) -> None:
    """`history` lists snapshots, follows one customer and reports an unknown one."""
    run(capsys, "backfill", "sales.csv", "--from", "2026-07", *SALES)
    snapshots = run_json(capsys, "history")
    assert [("2026-07-31", "3M"), ("2026-08-31", "3M"), ("2026-09-30", "3M")] == [
        (one["dated"], one["period"]) for one in snapshots
    ]
    assert "Settings" in run(capsys, "history")
    customer = Path("sales.csv").read_text("utf-8").splitlines()[1].split(",")[0]
    states = run_json(capsys, "history", customer)
    assert [one["dated"] for one in snapshots] == [one["dated"] for one in states]
    assert "31.08.2026" in run(capsys, "history", customer, "--lang", "ru")
    assert 2 == main(["history", "nobody"])
    assert "'nobody' is in no snapshot of history.db" in capsys.readouterr().err
    assert 2 == main(["history", "--history", "absent.db"])
    assert not Path("absent.db").exists()


def test_a_customer_of_several_jobs_is_listed_by_job(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two states of one date name their settings and jobs; of one job they are left out."""
    customer = (folder / "sales.csv").read_text("utf-8").splitlines()[1].partition(",")[0]
    run(capsys, "backfill", "sales.csv", "--from", "2026-09", *SALES)
    year = (*SALES[2:], "--period", "12M")
    run(capsys, "backfill", "sales.csv", "--from", "2026-09", *year)
    (folder / "more.csv").write_text((folder / "sales.csv").read_text("utf-8"), "utf-8")
    run(capsys, "backfill", "more.csv", "--from", "2026-09", *SALES)
    head, *rows = run(capsys, "history", customer).splitlines()
    assert ["Settings", "Job"] == head.split()[-2:]
    assert 3 == len({tuple(row.split()[-2:]) for row in rows}) == len(rows)
    head, *rows = run(capsys, "history", customer, "--job", "more.csv").splitlines()
    assert "Job" not in head
    assert 1 == len(rows)


@pytest.mark.usefixtures("folder")
def test_compare_shows_paths_and_money(capsys: pytest.CaptureFixture[str]) -> None:
    """Windows apart compare without a warning, overlapping ones with one."""
    run(capsys, "backfill", "sales.csv", "--from", "2026-04", *SALES)
    result = run_json(capsys, "compare", "2026-06", "2026-09-30", "--by", "abc")
    assert ("2026-06-30", "2026-09-30", False) == (
        result["before"], result["after"], result["overlap"],
    )  # fmt: skip
    assert sum(path["customers"] for path in result["paths"]) == sum(result["events"].values())
    assert result["events"].get("lost", 0) == len(result["lost"])
    for path in result["paths"]:
        assert path["low"] <= path["rate"] <= path["high"]
    assert "" == capsys.readouterr().err
    text = run(capsys, "compare", "2026-08", "2026-09", "--lang", "ru", "--by", "group")
    assert "С 31.08.2026 по 30.09.2026" in text
    assert 0 == main(["compare", "2026-08", "2026-09", "--steadied"])
    assert "no transition probabilities" in capsys.readouterr().err
    for wrong, message in (("2020-01", "dated in 2020-01"), ("soon", "'soon' is no month")):
        assert 2 == main(["compare", wrong, "2026-09"])
        assert message in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_other_settings_are_compared_on_purpose_only(capsys: pytest.CaptureFixture[str]) -> None:
    """With two rules in a history a date is ambiguous and a mixed pair refused."""
    run(capsys, "backfill", "sales.csv", "--from", "2026-08", *SALES)
    shares = ("--abc", "shares:0.8,0.95")
    run(capsys, "backfill", "sales.csv", "--from", "2026-09", *SALES, *shares)
    assert 2 == main(["compare", "2026-08", "2026-09"])
    assert "2 snapshots of 2026-09-30" in capsys.readouterr().err
    settings_of = {one["dated"]: one["settings"] for one in run_json(capsys, "history")}
    assert 2 == main(["compare", "2026-08", "2026-09", "--settings", settings_of["2026-09-30"]])
    capsys.readouterr()
    assert "2026-09-30" in settings_of


@pytest.mark.usefixtures("folder")
def test_alerts_are_raised_once_snoozed_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """Listed alerts exit with 10; snoozed ones are omitted, new ones are new once."""
    run(capsys, "backfill", "sales.csv", "--from", "2026-06", "--as-of", "2026-09-15",
         "--period", "3M")  # fmt: skip
    command = ("alerts", "sales.csv", *SALES, "--alerts-exit-code")
    result = run_json(capsys, *command, code=10)
    assert result
    assert {"kind", "key", "money", "age", "owner", "since", "advice"} <= set(result[0])
    assert {"2026-10-15"} == {one["since"] for one in result}
    assert all(one["advice"]["action"] for one in result)
    rest = run_json(capsys, *command, "--snooze", result[0]["key"], code=10 if result[1:] else 0)
    assert [one["key"] for one in result[1:]] == [one["key"] for one in rest]
    # The day after, within the same month: already in the history.
    later = ("alerts", "sales.csv", "--period", "3M", "--as-of", "2026-10-16", "--new")
    fresh = {one["key"] for one in run_json(capsys, *later)}
    assert fresh.isdisjoint(one["key"] for one in result)
    text = run(capsys, *command, "--lang", "ru", code=10)
    assert "Сигнал" in text
    every = ("--snooze", *[part for one in result for part in (one["key"], "--snooze")][:-1])
    assert "Nothing needs a person now" in run(capsys, *command, *every)
    woken = ("alerts", "sales.csv", "--period", "3M", "--as-of", "2026-10-29")
    assert {one["key"] for one in result} & {one["key"] for one in run_json(capsys, *woken)}


def test_a_playbook_of_ones_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Texts of a custom playbook reach the alerts; a damaged file is named."""
    lines = [f'[segments.{a}{x}]\nen = "Do as we say"' for a in "ABC" for x in "XYZ"]
    (folder / "own.toml").write_text("\n".join(lines), "utf-8")
    result = run_json(capsys, "alerts", "sales.csv", *SALES, "--playbook", "own.toml")
    assert result
    assert all(one["advice"]["action"].endswith("Do as we say") for one in result)
    (folder / "own.toml").write_text("[segments", "utf-8")
    assert 2 == main(["alerts", "sales.csv", *SALES, "--playbook", "own.toml"])
    assert "own.toml cannot be read" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_sales_ahead_are_the_same_for_the_command_and_the_question(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Both have the range; too many periods are refused, and by the question not known."""
    run(capsys, "backfill", "sales.csv", "--from", "2025-01", *SALES)
    history = ["--history", "history.db", "--lang", "en"]
    found = run_json(capsys, "forecast", "--periods", "3", *history)
    assert found["known"] >= 21
    assert [one["since"] for one in found["periods"]] == ["2026-10-01", "2026-11-01", "2026-12-01"]
    assert found["low"] < found["expected"] < found["high"]
    total = sum(one["expected"] for one in found["periods"])
    assert found["expected"] == pytest.approx(total, abs=0.02)
    for segment in ([], ["--segment", "A"]):
        command = run_json(capsys, "forecast", "--periods", "1", *segment, *history)
        phrase = f"forecast {'segment A' if segment else 'sales'} for 1 month"
        answer = run_json(capsys, "ask", phrase, *history)
        same = [one for one in command if one != "method"]
        assert {one: answer["value"][one] for one in same} == {one: command[one] for one in same}
    assert "8 times in ten" in run(capsys, "forecast", "--periods", "2", *history)
    assert "Не больше" in run(capsys, "forecast", "--periods", "2", *history[:2], "--lang", "ru")
    assert main(["forecast", "--periods", "12", *history]) == 2
    assert "history is too short" in capsys.readouterr().err
    unknown = run_json(capsys, "ask", "forecast for 12 months", *history, code=1)
    assert unknown["status"] == "unknown"
    assert "history is too short" in unknown["sentence"]
    assert main(["forecast", "--segment", "A", *history]) == 2
    assert "add --periods" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_forecast_from_rolling_windows(capsys: pytest.CaptureFixture[str]) -> None:
    """Monthly snapshots are thinned to quarters; too few are refused."""
    run(capsys, "backfill", "sales.csv", "--from", "2025-06", *SALES)
    result = run_json(capsys, "forecast")
    assert ("2026-09-30", 5, 2) == (
        result["after"], result["transitions"], len(result["held_back"]),
    )  # fmt: skip
    assert 1 == pytest.approx(sum(one["share"] for one in result["states"].values()))
    assert "Nothing changes" in run(capsys, "forecast")
    assert "Прогноз" in run(capsys, "forecast", "--lang", "ru", "--by", "segment")
    Path("history.db").unlink()
    run(capsys, "backfill", "sales.csv", "--from", "2026-01", *SALES)
    assert 2 == main(["forecast", "--lang", "ru"])
    assert "заполните историю" in capsys.readouterr().err


def test_a_job_has_its_own_sales_and_history(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A job backfills and raises alerts like its sales file."""
    (folder / "job.toml").write_text(
        """
        [window]
        period = "3M"

        [history]
        path = "own.db"

        [[source]]
        kind = "csv"
        path = "sales.csv"
        """,
        "utf-8",
    )
    as_of = ("--as-of", "2026-10-15")
    run(capsys, "backfill", "job.toml", "--from", "2026-07", *as_of)
    run(capsys, "backfill", "sales.csv", "--from", "2026-07", *SALES, "--history", "two.db")
    histories = [run_json(capsys, "history", "--history", name) for name in ("own.db", "two.db")]
    owners = [{one.pop("job") for one in snapshots} for snapshots in histories]
    assert histories[0] == histories[1]
    assert {"sales.csv"} == owners[1]
    assert not Path("history.db").exists()
    listed = [
        run_json(capsys, "alerts", *command)
        for command in (("job.toml", *as_of), ("sales.csv", *SALES, "--history", "two.db"))
    ]
    assert listed[0] == listed[1]
    assert listed[0]


COMMANDS = (
    ("backfill", "sales.csv", "--from", "2026-05", *SALES),
    ("alerts", "sales.csv", *SALES, "--json"),
    ("compare", "2026-06", "2026-09", "--json"),
    ("history", "--json"),
)
#: All of them in one process: starting four costs more than what they do.
RUN_ALL = f"""
from abcxyz.cli import main
for command in {COMMANDS!r}:
    print(command)
    assert main(list(command)) == 0
"""


def test_same_sales_same_bytes(folder: Path) -> None:
    """Two processes with different hash seeds give the same output and history."""
    printed, files = [], []
    for seed in ("1", "2"):
        home = folder / seed
        home.mkdir()
        (home / "sales.csv").write_bytes((folder / "sales.csv").read_bytes())
        printed.append(
            subprocess.run(
                [sys.executable, "-c", RUN_ALL],
                cwd=home,
                env={**os.environ, "PYTHONHASHSEED": seed},
                capture_output=True,
                check=True,
            ).stdout
        )
        files.append((home / "history.db").read_bytes())
    assert printed[0] == printed[1]
    assert len(printed[0].splitlines()) > 2 * len(COMMANDS)
    assert files[0] == files[1]
