"""The command ``abcxyz pilot`` against an emulated portal."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.bitrix.sink_helpers import item_writes, shown, sink_of
from tests.emulators.bitrix24.harness import START, Rig, analysis_of, free, rig
from tests.emulators.bitrix24.portal import COMPANY, Portal, VirtualClock

from abcxyz.cli import main

CARDS = ["--card", "CO_1", "--card", "CO_2", "--card", "CO_3"]


@pytest.fixture
def site() -> Iterator[Rig]:
    """Serve a portal with three test companies and a customer."""
    with rig(Portal(clock=VirtualClock(START), limits=free())) as made:
        for title in ("Тест 1", "Тест 2", "Тест 3", "ООО «Ромашка»"):
            made.portal.add_company(title)
        for month in range(1, 5):
            made.portal.add_won_deal(100, f"2026-0{month}-05T10:00:00+03:00", company=4)
        yield made


@pytest.fixture
def job(site: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Job that reads the portal and writes to it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOOK", site.server.webhook)
    options = 'webhook = { env = "HOOK" }\ninsecure_loopback = true\n'
    text = (
        f'[window]\nperiod = "12M"\n[[source]]\nkind = "bitrix24"\n{options}'
        f'[[sink]]\nkind = "bitrix24"\n{options}lang = "en"\n'
    )
    path = tmp_path / "job.toml"
    path.write_text(text)
    return path


def filled(site: Rig, number: int) -> dict[str, Any]:
    """Read the fields of a company that hold something."""
    return {code: value for code, value in shown(site, COMPANY, number).items() if value}


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, Any]:
    """Run the command; return exit code, output and report."""
    code = main(["pilot", "job.toml", "--as-of", "2026-05-20", *words])
    report = Path("pilot-report.json")
    return (
        code,
        capsys.readouterr().out,
        json.loads(report.read_text()) if report.exists() else None,
    )


def test_pilot_writes_three_cards_and_restores_them(
    site: Rig, job: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The cards are written and restored; the others, one of a former customer, stay."""
    sink_of(site).write(analysis_of({"CO_4": "AX", "CO_2": "BZ"}), dry_run=False)
    before = {number: filled(site, number) for number in range(1, 5)}
    count = len(item_writes(site))
    code, out, report = run(capsys, *CARDS, "--yes")
    assert code == 0, out
    assert {number: filled(site, number) for number in range(1, 5)} == before
    assert {number for _, number in item_writes(site)[count:]} == {1, 2, 3}
    assert report["passed"]
    assert report["steps"][2]["counts"] == {
        "sales": 4,
        "customers": 1,
        "months": 4,
        "cards with sales": 0,
    }
    whole = json.dumps(report, ensure_ascii=False)
    for part in (site.portal.hook.secret, "127.0.0.1", "CO_", "Ромашка", "Тест"):
        assert part not in whole


def test_pilot_on_a_new_portal_leaves_empty_fields(
    site: Rig, job: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the fields do not exist yet, they are made, and empty on every card at the end."""
    code, out, _ = run(capsys, *CARDS, "--yes", "--lang", "ru")
    assert code == 0, out
    assert "испытание пройдено" in out
    assert filled(site, 1) == {}


def test_pilot_asks_before_it_writes(
    site: Rig, job: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without consent nothing is written and no field is made."""
    monkeypatch.setattr("sys.stdin", io.StringIO("no\n"))
    code, out, report = run(capsys, *CARDS)
    assert code == 0
    assert "Type yes" in out
    assert site.portal.state.writes == []
    assert [step["step"] for step in report["steps"]] == ["check", "check", "read"]


def test_portal_that_drops_a_field_fails_the_pilot(
    site: Rig, job: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A card that does not show what was written fails the pilot, and the cards are restored."""
    site.portal.lock(COMPANY, 2)
    code, out, report = run(capsys, *CARDS, "--yes")
    assert code == 3
    assert not report["passed"]
    assert filled(site, 1) == {}
    assert "CO_2" in out
    assert "CO_2" not in json.dumps(report)
