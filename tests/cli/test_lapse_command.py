"""``abcxyz lapse`` and the outcomes of calls, on a file of sales and on a job."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.core.landmarks.worlds import END, made_world

from abcxyz import CallOutcome, HistoryError, Transactions
from abcxyz.cli import main
from abcxyz.history import History

DAY = ("--as-of", END.isoformat())


def write_sales(path: Path, sales: Transactions) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["customer", "date", "amount"])
        writer.writerows(
            zip(
                (f"C{one}" for one in sales.customer),
                sales.day.astype(str),
                sales.amount,
                strict=True,
            )
        )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a file of sales and a job over it."""
    folder = tmp_path_factory.mktemp("lapse")
    write_sales(folder / "sales.csv", made_world(3, n=400, days=720, churn=0.25, last=240)[0])
    (folder / "job.toml").write_text(
        '[[source]]\nkind = "file"\npath = "sales.csv"\n[history]\npath = "history.db"\n'
    )
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("sales.csv", "job.toml"):
        (tmp_path / name).write_bytes((made / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_json(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> Any:
    assert main([*argv, "--json"]) == code
    return json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("folder")
def test_json_has_the_promised_shape_on_a_file_and_on_a_job(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = run_json(capsys, "lapse", "sales.csv", *DAY, "--horizon", "90d")
    assert shown["basis"] in ("learned", "silence")
    assert shown["horizon_days"] == 90
    assert set(shown["judged"]) == {
        "auc", "auc_low", "auc_high", "brier", "brier_base", "rows",
    }  # fmt: skip
    for one in shown["customers"]:
        assert set(one) == {
            "customer", "segment", "probability", "money", "expected_loss", "reasons",
        }  # fmt: skip
    in_a = [one["segment"][0] == "A" for one in shown["customers"]]
    assert in_a == sorted(in_a, reverse=True)
    assert 0 < sum(in_a) < len(in_a)
    calls = shown["calls"]["customers"]
    assert calls
    losses = [one["expected_loss"] for one in calls]
    assert losses == sorted(losses, reverse=True)
    assert {one["customer"] for one in calls} <= {one["customer"] for one in shown["customers"]}
    growth = shown["growth"]["customers"]
    assert growth
    gains = [one["expected_gain"] for one in growth]
    assert gains == sorted(gains, reverse=True)
    of_job = run_json(capsys, "lapse", "job.toml", *DAY, "--horizon", "90d")
    assert of_job == shown


def test_a_job_that_asks_for_the_rule_tries_the_rule_on_the_past(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (folder / "job.toml").open("a") as file:
        file.write('[alerts]\nlapse = "rule"\n')
    shown = run_json(capsys, "lapse", "job.toml", *DAY, "--backtest")
    assert shown["calls"]["basis"] == "rule"
    assert {one["basis"] for one in shown["backtest"]["days"]} == {"rule"}
    assert main(["lapse", "job.toml", *DAY]) == 0
    assert "The list: by the rule (no probabilities: a silence beyond" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_text_names_those_to_call_in_either_language(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lapse", "sales.csv", *DAY, "--backtest"]) == 0
    text = capsys.readouterr().out
    assert "To call:" in text
    assert "The list on past days" in text
    assert "May reach class A within" in text
    assert main(["lapse", "sales.csv", *DAY, "--lang", "ru"]) == 0
    russian = capsys.readouterr().out
    assert "молчит" in russian
    assert "Могут дойти до класса A" in russian


def bad_sales(customers: Iterable[object], days: Iterable[date]) -> Transactions:
    who = list(customers)
    return Transactions(who, list(days), np.full(len(who), 100.0))


def test_too_short_a_history_falls_back_to_the_rule(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = END - timedelta(days=50)
    write_sales(
        folder / "short.csv",
        bad_sales(range(20), (first + timedelta(days=k) for k in range(20))),
    )
    shown = run_json(capsys, "lapse", "short.csv", *DAY)
    assert shown["basis"] == "rule"
    assert shown["judged"] is None
    assert {one["probability"] for one in shown["customers"]} == {None}
    assert "too few to learn from" in shown["calls"]["why"]


def test_customers_who_all_bought_once_fall_back_to_the_rule(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = END - timedelta(days=700)
    write_sales(
        folder / "once.csv",
        bad_sales(range(600), (first + timedelta(days=k) for k in range(600))),
    )
    assert main(["lapse", "once.csv", "--as-of", (first + timedelta(days=601)).isoformat()]) == 0
    assert "no probabilities" in capsys.readouterr().out


@pytest.mark.usefixtures("folder")
def test_what_cannot_be_answered_is_refused_with_its_cure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    late = (END + timedelta(days=150)).isoformat()
    assert main(["lapse", "sales.csv", "--as-of", late]) == 2
    assert "everyone would look silent" in capsys.readouterr().err
    assert main(["lapse", "sales.csv", *DAY, "--horizon", "2000d"]) == 2
    assert "the longest possible is 6" in capsys.readouterr().err
    assert main(["lapse", "sales.csv", *DAY, "--horizon", "soon"]) == 2
    assert "write it as 90d" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_an_outcome_silences_the_customer_and_makes_the_next_call_new(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def lapses(day: date) -> dict[str, Any]:
        shown = run_json(capsys, "alerts", "job.toml", "--as-of", day.isoformat(), "--new")
        return {one["customer"]: one for one in shown if one["kind"] == "lapsed_a"}

    first = lapses(END)
    second = lapses(END + timedelta(days=1))
    for who in second.keys() & first.keys():  # its probability has risen
        assert second[who]["key"] != first[who]["key"]
        assert second[who]["facts"]["probability"] > first[who]["facts"]["probability"]
    who, alert = next(
        (who, one)
        for who, one in first.items()
        if one["facts"]["usual"] < 20 and who not in second
    )
    usual = max(alert["facts"]["usual"], 7)
    called = ("history", "outcome", who, "called", "--date", (END + timedelta(days=1)).isoformat())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("abcxyz.cli.commands.dynamics.history.today", lambda: END + timedelta(40))
        assert run_json(capsys, *called)["new"] is True
        assert run_json(capsys, *called)["new"] is False
    assert [one["outcome"] for one in run_json(capsys, "history", "outcome", who)] == ["called"]
    waiting = lapses(END + timedelta(days=2))
    assert who not in waiting
    shown = run_json(capsys, "lapse", "job.toml", "--as-of", (END + timedelta(2)).isoformat())
    assert shown["calls"]["waiting"] == 1
    again = lapses(END + timedelta(days=int(usual) + 3))
    assert again[who]["key"].split(":called-")[0] == ":".join(alert["key"].split(":")[:3])
    assert lapses(END + timedelta(days=int(usual) + 4)).keys().isdisjoint({who})


@pytest.mark.usefixtures("folder")
def test_outcomes_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    run_json(capsys, "alerts", "job.toml", *DAY)
    key = run_json(capsys, "alerts", "job.toml", *DAY)[0]["customer"]
    for words, message in (
        (("nobody", "called"), "is in no snapshot and no alert"),
        ((key, "gone"), "use one of called, ordered, lost"),
        ((key, "called", "--date", "2999-01-01"), "is after today"),
        ((key, "called", "--date", "soon"), "--date 'soon' is not a date"),
    ):
        assert main(["history", "outcome", *words]) == 2
        assert message in capsys.readouterr().err
    assert main(["history", key, "called"]) == 2
    assert "one word too many" in capsys.readouterr().err
    assert main(["history", "outcome", "--lang", "ru"]) == 0
    assert "Итоги звонков не записаны" in capsys.readouterr().out


def test_outcomes_are_listed_by_job_and_erased_with_the_customer(tmp_path: Path) -> None:
    with History(tmp_path / "history.db") as history:
        history.record_raised(["lapsed_a:7:2026-01-01"], date(2026, 2, 1))
        day = date(2026, 2, 3)
        lost = CallOutcome(customer=7, day=day, outcome="lost")
        assert history.add_outcome(lost)
        assert history.add_outcome(lost, job="sales")
        with pytest.raises(HistoryError, match="'8' is in no snapshot"):
            history.add_outcome(CallOutcome(customer=8, day=day, outcome="lost"))
        assert len(history.outcomes()) == 2
        assert len(history.outcomes(7, job="sales@abc")) == 2
        assert len(history.outcomes(job="other")) == 1
        assert history.outcomes(8) == ()
        assert history.erase(7)["outcomes"] == 2
        assert history.outcomes() == ()
