"""The guard against writes that would wipe classes by mistake."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from tests.pipeline.plugin import AS_OF, PLUGIN
from tests.pipeline.test_command import CRM, RUN, SHOP, Place

from abcxyz.config import parse_job
from abcxyz.errors import ConfigError
from abcxyz.pipeline import Outcome, run
from abcxyz.plugins import WritePlan
from abcxyz.registry import load

__all__ = ["place"]

from tests.pipeline.test_command import place


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "s3cr3t-token")


def carried_out(folder: Path, more: str, *, apply: bool = True, sure: bool = True) -> Outcome:
    """Run a job whose sink knows fewer customers."""
    job = parse_job(SHOP + CRM + more, folder / "job.toml")
    return run(
        job,
        as_of=AS_OF,
        apply=apply,
        registry=load(extra=[PLUGIN]),
        confirm=None if sure else (lambda _sink, _plan: False),
    )


def cards(folder: Path, segments: dict[str, str]) -> None:
    """Write the file of cards."""
    (folder / "crm.json").write_text(json.dumps(segments))


@pytest.mark.parametrize("apply", [True, False])
def test_too_few_cards_are_refused_before_the_first_write(tmp_path: Path, apply: bool) -> None:
    """With more unmatched customers than allowed nothing is written, also in a dry run."""
    [sink] = carried_out(tmp_path, "unknown = 11\n", apply=apply).sinks
    assert "11 of 20 customers have no card under their key" in str(sink.problem)
    assert "max_unmatched = 0.5" in str(sink.problem)
    assert not (tmp_path / "crm.json").exists()


@pytest.mark.parametrize("more", ["unknown = 10\n", "unknown = 11\nmax_unmatched = 0.6\n"])
def test_the_share_is_settable(tmp_path: Path, more: str) -> None:
    """Half is allowed, and a larger share by ``max_unmatched``."""
    [sink] = carried_out(tmp_path, more).sinks
    assert sink.complete
    assert (tmp_path / "crm.json").exists()


@pytest.mark.parametrize("share", ["1.5", "-0.1", '"much"'])
def test_a_share_outside_0_to_1_is_refused(tmp_path: Path, share: str) -> None:
    """The job names the line."""
    with pytest.raises(ConfigError, match=r"job\.toml:6: max_unmatched"):
        parse_job(f'{SHOP}[[sink]]\nkind = "crm"\npath = "c"\nmax_unmatched = {share}\n')


def test_a_plan_without_cards_has_no_shares() -> None:
    """An empty analysis and an empty target are no reason to stop."""
    plan = WritePlan(customers=0, matched=0)
    assert (plan.unmatched_share, plan.changed_share) == (0.0, 0.0)


def test_over_half_of_the_classes_need_consent(tmp_path: Path) -> None:
    """Without consent nothing is written, and the plan is in the outcome."""
    cards(tmp_path, {"gone": "AX", "C1": "?", "C2": "?"})
    before = (tmp_path / "crm.json").read_text()
    [sink] = carried_out(tmp_path, "", sure=False).sinks
    assert "3 of 3 cards would change their class, 1 of them would lose it" in str(sink.problem)
    assert (tmp_path / "crm.json").read_text() == before
    assert sink.plan is not None
    assert (sink.plan.classified, sink.plan.cleared) == (3, 1)


def test_half_of_the_classes_need_none(tmp_path: Path) -> None:
    """A change of half of the classes, and a first write, are usual."""
    assert carried_out(tmp_path, "", sure=False).sinks[0].complete
    shown = json.loads((tmp_path / "crm.json").read_text())
    cards(tmp_path, {one: "?" if place < 10 else shown[one] for place, one in enumerate(shown)})
    assert carried_out(tmp_path, "", sure=False).sinks[0].complete


@pytest.mark.parametrize(("answer", "written"), [("yes\n", True), ("да\n", True), ("\n", False)])
def test_the_command_asks(
    place: Place, monkeypatch: pytest.MonkeyPatch, answer: str, written: bool
) -> None:
    """``--apply`` shows how many cards change their class, and asks."""
    place.job(SHOP + CRM)
    cards(place.folder, {"gone": "AX", "C1": "?"})
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    code, out, _ = place.call(*RUN, "--apply")
    assert "crm: cards that change class: 2 of 2, 1 of them lose it. Write? Type yes:" in out
    assert code == (0 if written else 3)
    assert ("gone" not in (place.folder / "crm.json").read_text()) == written
    assert ("--yes" in out) != written


def test_the_question_stays_out_of_json(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``--json`` the question goes to stderr, and the output stays one object."""
    place.job(SHOP + CRM)
    cards(place.folder, {"gone": "AX", "C1": "?"})
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    code, out, err = place.call(*RUN, "--apply", "--json")
    assert code == 3
    assert "Type yes:" in err
    [sink] = json.loads(out)["sinks"]
    assert sink["plan"]["changed"] == 2
    assert "--yes" in sink["problem"]


def test_yes_asks_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``--yes``, and in a dry run, nothing is read from the terminal."""
    place.job(SHOP + CRM)
    cards(place.folder, {"gone": "AX", "C1": "?"})
    monkeypatch.setattr("sys.stdin", None)
    code, out, _ = place.call(*RUN)
    assert code == 0
    assert "cards that change class: 2 of 2" in out
    assert place.call(*RUN, "--apply", "--yes")[0] == 0
    assert "gone" not in (place.folder / "crm.json").read_text()
