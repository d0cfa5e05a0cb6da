"""The command ``abcxyz pilot`` against an emulated base."""

from __future__ import annotations

import copy
import io
import json
from pathlib import Path
from typing import Any

import pytest
from tests.emulators.onec.base import FAULTS, PROPERTY, Base, Company
from tests.onec.sink_fixtures import PLACE, Make, analysis, company, shown, sink

from abcxyz.cli import main
from abcxyz_onec.sink import PLACES

__all__ = ["company", "sink"]

AS_OF = "2026-03-10"


@pytest.fixture
def cards(company: Company) -> list[str]:
    """Add three test partners without sales."""
    return [company.customer(f"Тест {number}") for number in (1, 2, 3)]


@pytest.fixture(params=PLACES)
def into(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def job(base: Base, into: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Job that reads the base and writes to it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ONEC_PASSWORD", "пароль-7Щ")
    options = (
        f'kind = "onec"\nurl = "{base.url}"\nuser = "Робот"\n'
        'password = { env = "ONEC_PASSWORD" }\n'
    )
    text = (
        f'[window]\nperiod = "12M"\n[[source]]\n{options}[[sink]]\n{options}into = "{into}"\n'
        f'property = "{PROPERTY}"\nnative_jobs_off = true\n'
    )
    path = tmp_path / "job.toml"
    path.write_text(text, encoding="utf-8")
    return path


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, Any]:
    """Run the command; return exit code, output and report."""
    code = main(["pilot", "job.toml", "--as-of", AS_OF, *words])
    report = json.loads(Path("pilot-report.json").read_text(encoding="utf-8"))
    return code, capsys.readouterr().out, report


def stored(company: Company, into: str) -> list[dict[str, Any]]:
    """Return the rows of the target, without the versions that every write changes."""
    rows = copy.deepcopy(company.store.rows[PLACE[into]])
    for row in rows:
        row.pop("DataVersion", None)
    return sorted(rows, key=str)


@pytest.mark.parametrize("classified", [False, True])
def test_pilot_writes_test_cards_and_restores_them(
    sink: Make,
    job: Path,
    company: Company,
    cards: list[str],
    into: str,
    classified: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Cards with a class and without are written and restored; all others stay."""
    if classified:
        company.sold += [(cards[0], day, 9.0, 0.0, f"d{n}") for n, (_, day, *_) in
                         enumerate(company.sold[:5])]  # fmt: skip
        sink(into).write(analysis(company), dry_run=False)
    before = stored(company, into)
    named = [part for card in cards for part in ("--card", card)]
    code, out, report = run(capsys, *named, "--yes")
    assert code == 0, out
    assert stored(company, into) == before
    assert [step["step"] for step in report["steps"]] == [
        "check",
        "check",
        "read",
        "write",
        "undo",
    ]
    counts = report["steps"][3]["counts"]
    assert (counts["written"], counts["written again"]) == (3, 0)
    whole = json.dumps(report, ensure_ascii=False)
    for part in ("пароль", "127.0.0.1", cards[0], "Тест", "Альфа", "Робот"):
        assert part not in whole
    assert not Path("pilot-undo.json").exists()


@pytest.mark.parametrize("into", ["extra"], indirect=True)
def test_an_interrupted_pilot_is_undone(
    job: Path,
    base: Base,
    company: Company,
    cards: list[str],
    into: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Cards that could not be restored are restored later by --undo."""
    base.faults.append(FAULTS["busy"].__class__(when="DELETE", status=503, times=99))
    named = [part for card in cards for part in ("--card", card)]
    code, out, _ = run(capsys, *named, "--yes")
    assert code == 3
    assert set(shown(company, into)) == set(cards)
    base.faults.clear()
    code, out, report = run(capsys, "--undo")
    assert code == 0, out
    assert report["steps"][0]["counts"] == {"restored": 3}
    assert shown(company, into) == {}


@pytest.mark.parametrize("into", ["extra"], indirect=True)
def test_pilot_asks_and_names_missing_cards(
    job: Path,
    base: Base,
    cards: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without consent nothing is written; an unknown card ends the pilot before a write."""
    monkeypatch.setattr("sys.stdin", io.StringIO("нет\n"))
    code, *_ = run(capsys, "--card", cards[0])
    assert (code, base.writes) == (0, [])
    code, _, report = run(capsys, "--card", "nobody", "--yes")
    assert (code, base.writes) == (3, [])
    assert report["steps"][-1]["counts"]["cards not there"] == 1
