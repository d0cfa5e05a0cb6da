"""The pilot: check, read, write to a few cards, compare, restore, report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.pipeline import plugin
from tests.pipeline.plugin import AS_OF, Shop

from abcxyz.config import Job, parse_job
from abcxyz.core.analysis.record import Analysis
from abcxyz.errors import ConfigError, UnavailableError
from abcxyz.pipeline import PilotStep, pilot, restore_pilot
from abcxyz.plugins import Factory, PilotTarget, WriteReport, hookimpl
from abcxyz.registry import Registry, load
from abcxyz.testing.sinks import segments_of

JOB = """
[window]
period = "12M"
[[source]]
kind = "shop"
[[sink]]
kind = "cards"
path = "cards.json"
"""
CARDS = ["T1", "T2", "T3"]


class Cards:
    """Sink to a file of cards, with faults on demand."""

    fault = ""

    def __init__(self, path: Path) -> None:
        self.path = path

    def _read(self) -> dict[str, dict[str, Any]]:
        return dict(json.loads(self.path.read_text()))

    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        """Fail: a pilot must not write to every card."""
        raise AssertionError

    def read_cards(self, customers: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Return the chosen cards."""
        return {key: card for key, card in self._read().items() if key in customers}

    def write_cards(self, analysis: Analysis, customers: Sequence[str]) -> WriteReport:
        """Write the chosen segments."""
        shown = self._read()
        wanted = {key: one for key, one in segments_of(analysis).items() if key in customers}
        changed = [key for key, one in wanted.items() if shown[key].get("segment") != one]
        for key in changed:
            shown[key]["segment"] = wanted[key] + ("?" if self.fault == "unstable" else "")
        self.path.write_text(json.dumps(shown))
        if self.fault == "dies":
            raise UnavailableError("the CRM is closed to Ann Smith; come again")
        return WriteReport(written=len(changed), unchanged=len(wanted) - len(changed))

    def restore_cards(self, before: Mapping[str, Mapping[str, Any]]) -> WriteReport:
        """Restore the cards."""
        if self.fault == "no undo":
            raise UnavailableError("the CRM is closed; come again")
        self.path.write_text(json.dumps({**self._read(), **before}))
        return WriteReport(written=len(before))


class _Plugin:
    @hookimpl
    def abcxyz_sources(self) -> Mapping[str, Factory]:
        return {"shop": Shop}

    @hookimpl
    def abcxyz_sinks(self) -> Mapping[str, Factory]:
        return {"cards": Cards, "crm": plugin.Crm}


@pytest.fixture
def registry() -> Registry:
    """Registry of the sink of this test."""
    return load(extra=[_Plugin()])


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Job beside a file of four cards."""
    cards = {**{key: {"name": "Ann Smith", "segment": None} for key in CARDS}, "X": {}}
    (tmp_path / "cards.json").write_text(json.dumps(cards))
    return parse_job(JOB, tmp_path / "job.toml")


def shown(job: Job) -> Any:
    """Read the file of cards."""
    return json.loads((job.path.parent / "cards.json").read_text())


def run(job: Job, registry: Registry, **more: Any) -> Any:
    """Run a pilot of three cards."""
    options: dict[str, Any] = {
        "cards": CARDS,
        "as_of": AS_OF,
        "undo_file": job.path.parent / "undo.json",
        "registry": registry,
    }
    return pilot(job, **{**options, **more})


def test_cards_are_written_checked_and_restored(job: Job, registry: Registry) -> None:
    """Every step passes, the cards show what they showed, and no undo file stays."""
    before = shown(job)
    report = run(job, registry)
    assert report.passed
    assert [step.name for step in report.steps] == ["check", "check", "read", "write", "undo"]
    assert report.steps[3].counts["written"] == 3
    assert report.steps[3].counts["cards that differ from before"] == 3
    assert report.steps[3].counts["written again"] == 0
    assert shown(job) == before
    assert not (job.path.parent / "undo.json").exists()
    assert issubclass(Cards, PilotTarget)


@pytest.mark.parametrize("fault", ["dies", "unstable"])
def test_cards_are_restored_after_a_failure(
    job: Job, registry: Registry, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed or repeated write fails the pilot, and the cards are restored all the same."""
    monkeypatch.setattr(Cards, "fault", fault)
    before = shown(job)
    report = run(job, registry)
    assert not report.passed
    assert [step.name for step in report.steps][-2:] == ["write", "undo"]
    assert shown(job) == before


def test_report_holds_no_personal_data(
    job: Job, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither keys nor names nor details of errors are in the report."""
    monkeypatch.setattr(Cards, "fault", "dies")
    whole = json.dumps(run(job, registry, cards=["T1", "X"]).to_dict())
    for part in ("T1", "Ann", "shop.example", str(job.path.parent)):
        assert part not in whole
    assert '"sales"' in whole


def test_interrupted_pilot_is_restored_later(
    job: Job, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If restoring fails, a private file keeps the cards, and nothing is written before."""
    before = shown(job)
    monkeypatch.setattr(Cards, "fault", "no undo")
    assert not run(job, registry).passed
    undo = job.path.parent / "undo.json"
    assert undo.stat().st_mode & 0o077 == 0
    monkeypatch.setattr(Cards, "fault", "")
    with pytest.raises(ConfigError, match="--undo"):
        run(job, registry)
    assert shown(job) != before
    report = restore_pilot(job, undo, registry=registry)
    assert report.passed
    assert report.as_of == AS_OF
    assert shown(job) == before
    assert not undo.exists()


def test_missing_card_stops_before_the_write(job: Job, registry: Registry) -> None:
    """A card that is not there is named, and nothing is written."""
    before = shown(job)
    report = run(job, registry, cards=["T1", "gone"])
    assert not report.passed
    assert "gone" in str(report.steps[-1].problem)
    assert shown(job) == before


def test_real_customers_are_noted_and_a_refusal_writes_nothing(
    job: Job, registry: Registry
) -> None:
    """Cards with sales are pointed out, and without consent nothing is written."""
    before = shown(job)
    asked: list[int] = []

    def confirm(steps: Sequence[PilotStep]) -> bool:
        asked.append(steps[-1].counts["cards with sales"])
        return False

    report = run(job, registry, cards=["C1"], confirm=confirm)
    assert asked == [1]
    assert "real customers" in report.steps[-1].notes[-1]
    assert shown(job) == before


@pytest.mark.parametrize("cards", [[], ["T1", "T1"], ["1", "2", "3", "4"]])
def test_cards_are_one_to_three_different_ones(
    job: Job, registry: Registry, cards: list[str]
) -> None:
    """Other numbers of cards are refused before the job is built."""
    with pytest.raises(ConfigError, match="1 to 3 different cards"):
        run(job, registry, cards=cards, as_of=date(2026, 1, 1))


def test_sink_without_a_pilot_is_left_alone(tmp_path: Path, registry: Registry) -> None:
    """A sink that offers no pilot is checked only."""
    job = parse_job(JOB.replace('"cards"', '"crm"'), tmp_path / "job.toml")
    report = run(job, registry)
    assert report.passed
    assert [step.name for step in report.steps] == ["check", "check", "read"]
    assert not (tmp_path / "cards.json").exists()
