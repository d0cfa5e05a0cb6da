"""``abcxyz crm``: text, JSON and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from abcxyz.cli import main

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


def test_a_window_of_months(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["crm", "flow", folder, "--zone", "UTC", "--from", "2026-05-02", "--to", "2026-05-31"]
    assert main([*argv, "--json"]) == 0
    row = json.loads(capsys.readouterr().out)["stages"][0]
    assert (row["at_start"], row["created"], row["won"], row["at_end"]) == (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["sla"], "activities"),
        (["losses", "--margin", "0.5"], "has no option margin"),
        (["flow"], "needs a window"),
        (["sla", "--holidays", "{folder}/stages.csv"], "which is no day"),
    ],
)
def test_refusals(
    folder: str, capsys: pytest.CaptureFixture[str], argv: list[str], message: str
) -> None:
    filled = [word.format(folder=folder) for word in argv]
    assert main(["crm", filled[0], folder, "--zone", "UTC", *filled[1:]]) == 2
    assert message in capsys.readouterr().err
