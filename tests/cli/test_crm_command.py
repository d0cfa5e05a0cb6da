"""``abcxyz crm``: text, JSON and refusals."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from abcxyz.cli import main
from abcxyz.crm import REPORTS

DEALS = """deal,funnel,created,stage,amount,owner,customer
1,sales,2026-05-01T09:00:00+03:00,WON,100,Anna,a
2,sales,2026-05-02T10:00:00+03:00,NEW,50,"\x1b[31mBoris",b
"""
CHANGES = """deal,stage,entered
1,NEW,2026-05-01T09:00:00+03:00
1,WON,2026-05-03T09:00:00+03:00
2,NEW,2026-05-02T10:00:00+03:00
"""
STAGES = "stage,semantics\nNEW,P\nWON,S\n"


@pytest.fixture
def folder(tmp_path: Path) -> str:
    for name, text in {"deals": DEALS, "stage_changes": CHANGES, "stages": STAGES}.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return str(tmp_path)


def test_the_funnel_as_json(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["crm", "funnel", folder, "--zone", "Europe/Moscow", "--json"]) == 0
    table = json.loads(capsys.readouterr().out)["funnels"]["sales"]
    assert table["deals"] == 2
    keys = {"stage", "touched", "reached", "all", "skipped", "conversion", "cumulative", "low"}
    assert keys | {"high", "lost_here", "open_here"} <= set(table["stages"][0])
    assert [row["reached"] for row in table["stages"]] == [2, 1]


def test_a_past_day(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["crm", "funnel", folder, "--zone", "Europe/Moscow", "--as-of", "2026-05-03", "--json"]
    assert main(argv) == 0
    assert json.loads(capsys.readouterr().out)["funnels"]["sales"]["won"] == 0


def test_text_in_russian_without_escape_codes(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["crm", "managers", folder, "--zone", "Europe/Moscow", "--lang", "ru"]) == 0
    out = capsys.readouterr().out
    assert "Сумма выигранных" in out
    assert "\x1b" not in out


def test_a_terminal_shows_what_is_read_and_made(
    folder: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source and every report are named on a terminal, and nothing in a pipe."""
    argv = ["crm", "all", folder, "--zone", "Europe/Moscow", "--lang", "ru"]
    assert main(argv) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(argv) == 0
    shown = capsys.readouterr().err
    assert f"чтение {folder} …" in shown
    assert "отчёт managers …" in shown
    assert main(["crm", "managers", folder, "--zone", "Europe/Moscow"]) == 0
    assert "making the report managers …" in capsys.readouterr().err


def test_a_window_of_months(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["crm", "flow", folder, "--zone", "UTC", "--from", "2026-05-02", "--to", "2026-05-31"]
    assert main([*argv, "--json"]) == 0
    row = json.loads(capsys.readouterr().out)["stages"][0]
    assert (row["at_start"], row["created"], row["won"], row["at_end"]) == (1, 1, 1, 1)


def test_a_month_ends_the_window_with_its_last_day(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["crm", "flow", folder, "--zone", "UTC", "--from", "2026-05", "--to", "2026-05"]
    assert main([*argv, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["window"] == ["2026-05-01", "2026-06-01"]


def test_a_funnel_of_no_deals_says_so(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["crm", "funnel", folder, "--zone", "UTC", "--as-of", "2020-01-01"]
    assert main(argv) == 0
    assert capsys.readouterr().out.startswith("No deal began in this window.")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["sla"], "activities"),
        (["losses", "--margin", "0.5"], "has no option margin"),
        (["flow"], "needs a window"),
        (["stuck", "--from", "2026-05"], "shows one day"),
        (["all", "--by", "stage"], "name one report"),
        (["managers", "--funnel", "service"], "service"),
        (["sla", "--holidays", "{folder}/stages.csv"], "which is no day"),
        (["sla", "--holidays", "{folder}/none.txt"], "cannot be read"),
        (["funnel", "--horizon", "-1"], "number of days above 0"),
        (["funnel", "--horizon", "nan"], "number of days above 0"),
        (["sources", "--margin", "30"], "is not between 0 and 1"),
        (["funnel", "--by", "stage"], "give the stage too"),
    ],
)
def test_refusals(
    folder: str, capsys: pytest.CaptureFixture[str], argv: list[str], message: str
) -> None:
    filled = [word.format(folder=folder) for word in argv]
    assert main(["crm", filled[0], folder, "--zone", "UTC", *filled[1:]]) == 2
    assert message in capsys.readouterr().err


def test_every_report_at_once(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["crm", "all", folder, "--zone", "Europe/Moscow"]
    assert main([*argv, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert {"products", "activity", "sla"} <= set(result["missing"])
    assert "product_lines" in result["missing"]["products"]
    assert result["reports"]["funnel"]["funnels"]["sales"]["deals"] == 2
    assert set(result["reports"]) | set(result["missing"]) == {*REPORTS, "anomalies"}
    assert result["reports"]["anomalies"]["alarms"] == []
    assert main([*argv, "--lang", "ru", "--margin", "0.3"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "нужна таблица product_lines" in out


def test_announced_changes_are_measured_with_all_reports(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    register = tmp_path / "changes.toml"
    register.write_text('[[changes]]\nday = 2026-05-02\nwhat = "videos"\n', encoding="utf-8")
    argv = ["crm", "all", folder, "--zone", "UTC", "--json", "--changes", str(register)]
    assert main(argv) == 0
    (refused,) = json.loads(capsys.readouterr().out)["reports"]["effects"]["refused"]
    assert refused["what"] == "videos"


def test_the_days_off_of_a_country(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The first of May was a day off: a lead of it, answered on the fourth, is in time."""
    pytest.importorskip("holidays")
    for name, text in {
        "activities": "activity,kind,started,direction,done,deal\n"
        "1,call,2026-05-04T10:00:00+03:00,out,yes,1\n",
        "leads": "lead,created,deal\n7,2026-05-01T09:00:00+03:00,1\n",
    }.items():
        (Path(folder) / f"{name}.csv").write_text(text, encoding="utf-8")
    argv = ["crm", "sla", folder, "--zone", "Europe/Moscow", "--json"]
    for more, met in (([], 0), (["--holidays", "RU"], 1)):
        assert main([*argv, *more]) == 0
        (total, _) = json.loads(capsys.readouterr().out)["levels"]
        assert total["met"] == met


@pytest.mark.parametrize("report", [one for one in REPORTS if one != "offers"])
def test_the_options_of_every_report(
    report: str, folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in {
        "activities": "activity,kind,started,deal\n1,call,2026-05-02T12:00:00Z,1\n",
        "leads": "lead,created,deal\n7,2026-05-01T06:00:00Z,1\n",
        "product_lines": "deal,product,amount\n1,pump,100\n2,pipe,50\n",
    }.items():
        (Path(folder) / f"{name}.csv").write_text(text, encoding="utf-8")
    deals = DEALS + "3,service,2026-05-02T10:00:00+03:00,NEW,70,Anna,c\n"
    (Path(folder) / "deals.csv").write_text(deals, encoding="utf-8")
    changes = CHANGES + "3,NEW,2026-05-02T10:00:00+03:00\n"
    (Path(folder) / "stage_changes.csv").write_text(changes, encoding="utf-8")
    argv = ["crm", report, folder, "--zone", "Europe/Moscow", "--funnel", "sales"]
    if REPORTS[report].windowed:
        argv += ["--from", "2026-05-01", "--to", "2026-05-31"]
    assert main([*argv, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["report"] == report
    assert "service" not in json.dumps(result)
    assert main([*argv, "--lang", "ru"]) == 0
    assert re.search("[а-я]{4}", capsys.readouterr().out)


def test_the_classes_are_those_of_a_file_of_sales(
    folder: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    calls = ["activity,kind,started,seconds,done,deal"]
    calls += ["1,call,2026-05-02T10:00:00+03:00,300,yes,1"]
    calls += ["2,call,2026-05-02T11:00:00+03:00,900,yes,2"]
    (tmp_path / "activities.csv").write_text("\n".join(calls) + "\n", encoding="utf-8")
    sales = tmp_path / "sales.csv"
    lines = [f"{who},2026-0{month}-05,{money}" for who, money in (("a", 9000), ("c", 90), ("b", 5))
             for month in (1, 2, 3, 4)]  # fmt: skip
    sales.write_text("\n".join(["customer,date,amount", *lines]) + "\n", encoding="utf-8")
    argv = ["crm", "activity", folder, "--zone", "Europe/Moscow"]
    assert main([*argv, "--sales", str(sales), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    shares = {one["customer_class"]: one["time_share"] for one in shown["classes"]}
    assert (shares, shown["classes_of"]) == ({"A": 0.25, "C": 0.75}, None)
    assert main([*argv, "--as-of", "2026-06-01"]) == 0
    assert "deals won from 2025-06-01 to 2026-05-31" in capsys.readouterr().out
    sales.write_text("customer,date,amount\nx,2026-04-05,1\n", encoding="utf-8")
    assert main([*argv, "--sales", str(sales)]) == 2
    assert "such as 'a'" in capsys.readouterr().err
    assert main(["crm", "funnel", folder, "--zone", "UTC", "--sales", str(sales)]) == 2
    assert "does not use the classes" in capsys.readouterr().err
