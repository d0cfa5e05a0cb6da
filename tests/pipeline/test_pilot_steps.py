"""Steps of a pilot as a whole: counts, notes, problems, durations, the file to restore from."""

from __future__ import annotations

import json
import platform
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import define, field
from tests.plugins.test_registry import plugin

from abcxyz import Quality, QualityIssue, Transactions, Window
from abcxyz.config import Job, parse_job
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.errors import AdapterError, ConfigError, InputError, UnavailableError
from abcxyz.pipeline import PilotStep, pilot, restore_pilot
from abcxyz.pipeline.pilots.report import PilotReport
from abcxyz.plugins import WriteReport
from abcxyz.registry import load
from abcxyz.toolkit.catalogue import Catalogue
from abcxyz.toolkit.clock import ManualClock

AS_OF = date(2026, 7, 1)
KEYS = ["T1", "T2", "T3"]


class Shop:
    """Source of six sales of two months, of customers T1 and 9, with an account."""

    clock: ManualClock
    fails = False

    def transactions(self, window: Window) -> Iterator[Transactions]:
        assert window == Window(date(2026, 4, 1), AS_OF)
        self.clock.sleep(3.0)
        days = [date(2026, 4, 5), date(2026, 4, 30), date(2026, 6, 1)]
        for customers in (["T1", "9", "T1"], ["9", "9", "8"]):
            yield Transactions(customers, days, [1.0, 2.0, 3.0])
        if self.fails:
            raise UnavailableError("the shop is closed; come again")

    def data_quality(self) -> Quality:
        return Quality(9, 6, [QualityIssue("no_date", 3, 5.0, "left_out")])

    def preflight(self) -> Sequence[str]:
        self.clock.sleep(2.0)
        return ["open"]


@define
class Calls:
    """What a sink was asked for, in order; and its faults by the number of the call."""

    log: list[tuple[str, Any]] = field(factory=list)
    faults: dict[str, Callable[..., Any]] = field(factory=dict)


class Cards:
    """Sink to cards in memory; its calls can be replaced one by one."""

    calls: Calls
    cards: dict[str, dict[str, Any]]
    clock: ManualClock
    ready = True

    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        raise AssertionError

    def preflight(self) -> Sequence[str]:
        self.clock.sleep(5.0)
        if not self.ready:
            raise UnavailableError("the cards are closed; come again")
        return []

    def _answer(self, name: str, usual: Callable[..., Any], *words: Any) -> Any:
        count = sum(one == name for one, _ in self.calls.log)
        self.clock.sleep(1.0)
        return self.calls.faults.get(f"{name} {count}", usual)(*words)

    def read_cards(self, customers: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        self.calls.log.append(("read", list(customers)))
        return self._answer("read", self._read, customers)  # type: ignore[no-any-return]

    def _read(self, customers: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        return {one: dict(self.cards[one]) for one in customers if one in self.cards}

    def write_cards(self, analysis: Analysis, customers: Sequence[str]) -> WriteReport:
        snapshot = analysis.snapshot
        segments = dict(zip(snapshot.customers.tolist(), snapshot.segment.tolist(), strict=True))
        wanted = {one: SEGMENTS[segments[one]] for one in customers}
        self.calls.log.append(("write", wanted))
        return self._answer("write", self._write, wanted)  # type: ignore[no-any-return]

    def _write(self, wanted: Mapping[str, str]) -> WriteReport:
        changed = [one for one, text in wanted.items() if self.cards[one].get("segment") != text]
        for one in changed:
            self.cards[one]["segment"] = wanted[one]
        return WriteReport(written=len(changed), unchanged=len(wanted) - len(changed))

    def restore_cards(self, before: Mapping[str, Mapping[str, Any]]) -> WriteReport:
        self.calls.log.append(("restore", {one: dict(card) for one, card in before.items()}))
        return self._answer("restore", self._restore, before)  # type: ignore[no-any-return]

    def _restore(self, before: Mapping[str, Mapping[str, Any]]) -> WriteReport:
        self.cards.update({one: dict(card) for one, card in before.items()})
        return WriteReport(written=len(before))


SHOP = '[window]\nperiod = "3M"\n[[source]]\nkind = "shop"\n'
CARDS = '[[sink]]\nkind = "cards"\n'


class World:
    """A job, its adapters, and the clock that they share."""

    def __init__(self, folder: Path, text: str) -> None:
        self.clock, self.calls, self.undo = ManualClock(0.5), Calls(), folder / "undo.json"
        self.cards: dict[str, dict[str, Any]] = {
            one: {"name": "Ann", "segment": None} for one in KEYS
        }
        self.cards["X"] = {"segment": "AX"}
        shared = {"clock": self.clock, "calls": self.calls, "cards": self.cards}
        self.shop, self.sink = (type(one.__name__, (one,), shared) for one in (Shop, Cards))
        mine = plugin(
            "mine", abcxyz_sources={"shop": self.shop}, abcxyz_sinks={"cards": self.sink}
        )
        self.registry = load(extra=[mine])
        self.job: Job = parse_job(text, folder / "job.toml")

    def run(self, keys: Sequence[str] = KEYS, **more: Any) -> PilotReport:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return pilot(
                self.job, cards=keys, as_of=AS_OF, undo_file=self.undo, registry=self.registry,
                clock=self.clock, **more,
            )  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, SHOP + CARDS)


def problems(report: PilotReport) -> list[tuple[str, str]]:
    return [(one.name, str(one.problem)) for one in report.steps if one.problem is not None]


def test_a_pilot_as_a_whole(world: World) -> None:
    """Every count and duration; the cards get different segments, and show the old ones again."""
    before = json.loads(json.dumps(world.cards))
    report = world.run()
    assert world.cards == before
    assert not world.undo.exists()
    note = report.steps[2].notes[-1]
    assert str(note) == "1 of the named cards have sales: they belong to real customers"
    assert report.steps == (
        PilotStep("check", "shop", 2.0, {}, ["open"]),
        PilotStep("check", "cards", 5.0, {}, []),
        PilotStep(
            "read", "shop", 3.0,
            {"sales": 6, "customers": 3, "months": 2, "quality: no_date": 3,
             "cards with sales": 1},
            [note],
        ),
        PilotStep(
            "write", "cards", 4.0,
            {"written": 3, "unchanged": 0, "cards that differ from before": 3, "written again": 0},
        ),
        PilotStep("undo", "cards", 2.0, {"restored": 3}),
    )  # fmt: skip
    shown = {one: before[one] for one in KEYS}
    segments = {"T1": "AX", "T2": "BZ", "T3": "CZ"}
    assert world.calls.log == [
        *(("read", KEYS), ("write", segments), ("read", KEYS), ("write", segments)),
        *(("restore", shown), ("read", KEYS)),
    ]
    assert report.to_dict() == {
        "abcxyz": version("abcxyz"),
        "python": platform.python_version(),
        "system": platform.system(),
        "as_of": "2026-07-01",
        "passed": True,
        "steps": [one.to_dict() for one in report.steps],
    }


def test_the_invented_sales_are_large_and_steady_medium_and_small(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the first card in every month, of the second rising in every other, of the third once."""
    seen: list[Analysis] = []
    plain = world.sink.write_cards  # type: ignore[attr-defined]

    def watched(self: Any, analysis: Analysis, customers: Sequence[str]) -> WriteReport:
        seen.append(analysis)
        return plain(self, analysis, customers)  # type: ignore[no-any-return]

    monkeypatch.setattr(world.sink, "write_cards", watched)
    assert world.run().passed
    assert seen[0].panel.customers.tolist() == KEYS
    assert seen[0].panel.sales.tolist() == [[1000.0] * 3, [100.0, 0.0, 200.0], [10.0, 0.0, 0.0]]


@pytest.mark.parametrize("keys", [["T1"], ["T3", "T1"]])
def test_so_many_cards_as_are_named(world: World, keys: list[str]) -> None:
    report = world.run(keys)
    assert report.passed
    assert report.steps[3].counts["written"] == len(keys) == len(world.calls.log[1][1])
    assert [*world.calls.log[1][1]] == keys


@pytest.mark.parametrize("keys", [[], ["T1", "T1"], ["T1", "T2", "T3", "X"]])
def test_the_named_cards_are_counted(world: World, keys: list[str]) -> None:
    with pytest.raises(ConfigError) as told:
        world.run(keys)
    assert str(told.value) == (
        f"a pilot writes to 1 to 3 different cards, and {len(keys)} are named; name test cards "
        "that no customer owns"
    )
    assert world.calls.log == []


def test_a_failed_check_ends_it_before_the_sales_are_read(world: World) -> None:
    """Each adapter is checked, also after one that failed."""
    world.sink.ready = False  # type: ignore[attr-defined]
    report = world.run(confirm=lambda _: pytest.fail("asked"))
    assert problems(report) == [("check", "the cards are closed; come again")]
    assert [(one.name, one.seconds) for one in report.steps] == [("check", 2.0), ("check", 5.0)]
    assert not report.passed


def test_a_failed_source_ends_it_before_the_cards(tmp_path: Path) -> None:
    """Of several sources each is read."""
    world = World(tmp_path, SHOP + '[[source]]\nkind = "shop"\n' + CARDS)
    world.shop.fails = True  # type: ignore[attr-defined]
    report = world.run(confirm=lambda _: pytest.fail("asked"))
    reason = "after 6 lines, the last of 2026-06-01: the shop is closed; come again"
    assert [one.name for one in report.steps] == ["check"] * 3 + ["read"] * 2
    for (name, why), label in zip(problems(report), ("shop", "shop-2"), strict=True):
        assert (name, label in why, reason in why) == ("read", True, True)
    # What was counted until then.
    assert report.steps[3].counts == {"sales": 6}


def test_it_asks_with_the_steps_so_far(world: World) -> None:
    asked: list[list[str]] = []

    def confirm(steps: Sequence[PilotStep]) -> bool:
        asked.append([one.name for one in steps])
        return False

    report = world.run(confirm=confirm)
    assert asked == [["check", "check", "read"]]
    assert (report.passed, world.calls.log, len(report.steps)) == (True, [], 3)


def test_cards_that_are_not_there_are_counted(world: World) -> None:
    report = world.run(["T1", "gone", "lost"])
    assert problems(report) == [
        ("write", "there is no card gone, lost; create test cards, or correct the keys")
    ]
    assert report.steps[-1].counts == {"cards not there": 2}
    assert [name for name, _ in world.calls.log] == ["read"]
    assert not world.undo.exists()


def report_of(
    written: int, unchanged: int, failed: Sequence[str] = (), notes: Sequence[str] = ()
) -> Callable[..., WriteReport]:
    return lambda _: WriteReport(
        written=written, unchanged=unchanged, failed=dict.fromkeys(failed, "no right"), notes=notes
    )


@pytest.mark.parametrize(
    ("fault", "answer", "expected"),
    [
        ("write 1", report_of(2, 0), "1 of the named cards were not written"),
        ("write 1", report_of(0, 2), "1 of the named cards were not written"),
        ("write 1", report_of(0, 0), "3 of the named cards were not written"),
        ("write 1", report_of(1, 0, ["T1", "T2"]), "2 of the cards were refused"),
        (
            "write 2",
            report_of(2, 1),
            "a second write changed 2 cards again: what is written differs from what is read back",
        ),
        ("write 2", report_of(0, 2, ["T3"]), "1 of the cards were refused"),
    ],
)
def test_a_write_that_is_not_right_is_told(
    world: World, fault: str, answer: Callable[..., Any], expected: str
) -> None:
    """And the cards are restored all the same."""
    before = json.loads(json.dumps(world.cards))
    world.calls.faults |= {"write 2": report_of(0, 3), fault: answer}
    report = world.run()
    assert problems(report) == [("write", expected)]
    assert isinstance(report.steps[3].problem, AdapterError)
    assert [one.name for one in report.steps[3:]] == ["write", "undo"]
    assert world.cards == before
    assert not world.undo.exists()


@pytest.mark.parametrize(("written", "unchanged"), [(3, 0), (0, 3), (1, 2), (2, 2)])
def test_a_write_of_all_cards_is_right(world: World, written: int, unchanged: int) -> None:
    """Changed or not; also where a card has several records."""
    world.calls.faults["write 1"] = report_of(written, unchanged)
    world.calls.faults["write 2"] = report_of(0, 3)
    report = world.run()
    assert report.passed
    counts = report.steps[3].counts
    assert (counts["written"], counts["unchanged"]) == (written, unchanged)
    # Nothing was written in truth.
    assert (counts["cards that differ from before"], counts["written again"]) == (0, 0)


def test_cards_that_differ_are_counted(world: World) -> None:
    """A field that is empty is as one that is not there; a card that vanishes differs."""
    shown = {"T1": {"name": "Ann"}, "T2": {"name": "Ann", "segment": "AX", "new": None}}
    world.calls.faults["read 2"] = lambda _: shown
    assert world.run().steps[3].counts["cards that differ from before"] == 2


def test_notes_and_refusals_of_the_writes_are_listed(world: World) -> None:
    """Those of both writes and of the restoring, each customer with its reason."""
    world.calls.faults["write 1"] = report_of(3, 0, notes=["first"])
    world.calls.faults["write 2"] = report_of(0, 3, ["T2"], ["second"])
    world.calls.faults["restore 1"] = report_of(3, 0, notes=["third"])
    steps = world.run().steps
    assert steps[3].notes == ["first", "second", "T2: no right"]
    assert steps[4].notes == ["third"]
    assert steps[3].counts["written again"] == 0


def test_a_restoring_that_fails_leaves_the_file(world: World) -> None:
    """Refused, or without an effect; the message names the cards and the file."""
    before = {one: dict(world.cards[one]) for one in KEYS}
    world.calls.faults["restore 1"] = report_of(2, 0, ["T1"])
    report = world.run()
    assert problems(report) == [("undo", "1 of the cards were refused")]
    assert report.steps[-1].counts == {"restored": 2}
    saved = {"as_of": "2026-07-01", "0": before}
    assert json.loads(world.undo.read_text()) == saved
    with pytest.raises(ConfigError) as told:
        world.run()
    assert str(told.value) == (
        f"{world.undo} holds the cards of a pilot that was interrupted; restore them first with "
        "--undo"
    )
    world.calls.log.clear()
    world.calls.faults["restore 1"] = report_of(3, 0)
    world.cards["T2"].pop("segment")
    report = restore_pilot(world.job, world.undo, registry=world.registry, clock=world.clock)
    ((name, why),) = problems(report)
    assert (name, why) == (
        "undo",
        f"the cards T1, T3 do not show what they showed before; {world.undo} holds it, try --undo",
    )
    assert json.loads(world.undo.read_text()) == saved
    world.calls.faults.clear()
    world.calls.log.clear()
    report = restore_pilot(world.job, world.undo, registry=world.registry, clock=world.clock)
    assert (report.passed, report.as_of) == (True, AS_OF)
    assert report.steps == (PilotStep("undo", "cards", 2.0, {"restored": 3}),)
    assert world.calls.log == [("restore", before), ("read", KEYS)]
    assert not world.undo.exists()


def test_several_sinks_are_restored_each_by_its_place(tmp_path: Path) -> None:
    """A sink that could not be restored ends the pilot, and stays in the file alone."""
    world = World(tmp_path, SHOP + '[[sink]]\nkind = "jsonl"\npath = "o.jsonl"\n' + CARDS + CARDS)
    before = {one: dict(world.cards[one]) for one in KEYS}
    held: list[Any] = []

    def look(wanted: Any) -> WriteReport:
        held.append(json.loads(world.undo.read_text()))
        return WriteReport(written=3)

    def fail(_: Any) -> WriteReport:
        raise UnavailableError("closed; come again")

    same = report_of(0, 3)
    world.calls.faults |= {"write 1": look, "write 2": same, "write 3": look, "write 4": same}
    world.calls.faults["restore 2"] = fail
    report = world.run()
    assert [(one.name, one.adapter) for one in report.steps[5:]] == [
        *(("write", "cards-1"), ("undo", "cards-1"), ("write", "cards-2"), ("undo", "cards-2"))
    ]
    assert problems(report) == [("undo", "closed; come again")]
    assert held == [{"as_of": "2026-07-01", "1": before}, {"as_of": "2026-07-01", "2": before}]
    assert json.loads(world.undo.read_text()) == held[1]
    assert world.undo.stat().st_mode & 0o777 == 0o600
    # A file with the cards of both, as after a kill.
    world.undo.write_text(json.dumps({**held[0], **held[1]}))
    world.calls.faults.clear()
    report = restore_pilot(world.job, world.undo, registry=world.registry)
    assert [(one.name, one.adapter) for one in report.steps] == [
        ("undo", "cards-1"), ("undo", "cards-2"),
    ]  # fmt: skip
    assert not world.undo.exists()


def test_a_failed_sink_is_the_last(tmp_path: Path) -> None:
    world = World(tmp_path, SHOP + CARDS + CARDS)
    world.calls.faults["write 1"] = report_of(0, 0)
    assert [one.name for one in world.run().steps[4:]] == ["write", "undo"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"0": {}}', "null"])
def test_a_file_without_cards_is_refused(world: World, text: str) -> None:
    world.undo.write_text(text)
    world.undo.chmod(0o600)
    with pytest.raises(ConfigError) as told:
        restore_pilot(world.job, world.undo, registry=world.registry)
    assert str(told.value) == f"{world.undo} holds no cards of a pilot; name another file"


def test_a_foreign_failure_names_the_sink(world: World) -> None:
    def fail(_: Any) -> WriteReport:
        raise ValueError("T1")

    world.calls.faults["write 1"] = fail
    ((name, why),) = problems(world.run())
    assert (name, why) == (
        "write",
        "the sink cards failed (ValueError: T1); its author can mend that",
    )


message = Catalogue().message
HARMLESS = {"count": 3, "status": "x" * 300, "minutes": 2.5, "kind": True, "hours": ["Ann"],
            "missing": {"Ann": 1}, "method": None, "name": "Ann"}  # fmt: skip


def test_a_report_holds_phrases_and_harmless_details() -> None:
    """Plain values by name: text is cut, several values and other names are left out."""
    shown = {"count": 3, "status": "x" * 200, "minutes": 2.5, "kind": True, "method": "None"}
    phrase = "{count} of the named cards have sales: they belong to real customers"
    known = message(phrase, **HARMLESS)
    step = PilotStep("write", "cards", 1.26, {"written": 3}, ["Ann", known])
    plain = {"step": "write", "adapter": "cards", "ok": True, "seconds": 1.3,
             "counts": {"written": 3}, "problem": None}  # fmt: skip
    assert step.to_dict() == {**plain, "notes": [{"text": phrase, "details": shown}]}
    step.notes.clear()
    step.problem = AdapterError("{count} of the cards were refused", **HARMLESS)
    told = {"class": "AdapterError", "text": step.problem.template, "details": shown}
    assert step.to_dict() == {**plain, "notes": [], "ok": False, "problem": told}
    # A phrase of nobody may be text with the names in it.
    step.problem = InputError("the card of Ann is closed; come again", count=3)
    assert step.to_dict()["problem"] == {"class": "InputError"}
    assert not PilotReport(AS_OF, [PilotStep("check"), step]).passed
    assert PilotReport(AS_OF, [PilotStep("check")]).passed
    assert PilotStep("check") == PilotStep("check", "", 0.0, {}, [], None)
    assert np.isclose(PilotStep("check", seconds=0.04).to_dict()["seconds"], 0.0)
