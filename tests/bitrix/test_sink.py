"""The sink, against an emulated portal over TCP."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from tests.bitrix.sink_helpers import SEGMENTS, item_writes, sink_of
from tests.emulators.bitrix24.harness import START, Rig, analysis_of, rig
from tests.emulators.bitrix24.portal import COMPANY, Portal, VirtualClock

from abcxyz.errors import AuthenticationError, ConfigError
from abcxyz.http import OutcomeUnknownError
from abcxyz.plugins import Preflight, Sink, WritePlan
from abcxyz.toolkit.catalogue import translate


def test_sink_implements_the_protocols(site: Rig) -> None:
    """The sink is a sink and has a preflight."""
    sink = sink_of(site)
    assert isinstance(sink, Sink)
    assert isinstance(sink, Preflight)


def test_dry_run_changes_nothing(site: Rig) -> None:
    """A dry run makes no field and writes no card, and estimates a run."""
    sink = sink_of(site)
    report = sink.write(analysis_of(SEGMENTS), dry_run=True)
    assert (report.written, report.unchanged, report.failed) == (4, 0, {})
    assert site.portal.state.writes == []
    assert site.portal.state.user_fields == {}
    assert any("карточек к записи 4, запросов: 1" in note for note in sink.notes)


def test_one_refused_card_stops_no_other(site: Rig) -> None:
    """A locked and a deleted company are reported by key and reason; the rest is written."""
    site.portal.lock(COMPANY, 2)
    site.portal.delete(COMPANY, 3)
    report = sink_of(site).write(analysis_of(SEGMENTS), dry_run=False)
    assert report.written == 2
    assert set(report.failed) == {"CO_2", "CO_3"}
    assert "прав" in report.failed["CO_2"]


def test_silently_ignored_field_is_noticed(site: Rig) -> None:
    """If the portal accepts an update and drops a field of it, the card counts as failed."""
    sink = sink_of(site)
    sink.write(analysis_of(SEGMENTS), dry_run=False)
    known = site.portal.state.kinds[COMPANY].fields
    known["ufCrmAbcxyzTag"] = evolve(known["ufCrmAbcxyzTag"], access="r")
    report = sink.write(analysis_of(SEGMENTS | {"CO_1": "AY"}), dry_run=False)
    assert report.failed == {"CO_1": "Битрикс24 не принял TAG"}


def test_budget_leaves_the_rest_to_the_next_run() -> None:
    """With a budget the run stops in time, and the next one goes on where it ended."""
    with rig(costs={"crm.item.update": 1.0}) as site:
        segments = {f"CO_{site.portal.add_company()}": "AX" for _ in range(300)}
        worth = {name: float(name[3:]) for name in segments}
        analysis = analysis_of(segments, values=worth)
        runs = []
        for _ in range(6):
            sink = sink_of(site, budget="100s")
            start = site.clock()
            runs.append(sink.write(analysis, dry_run=False).written)
            assert site.clock() - start < 135
            if not sink.left:
                break
        assert sum(runs) == 300
        assert len(runs) >= 3
        first = [number for _, number in item_writes(site)][: runs[0]]
    assert first == sorted(first, reverse=True)


def test_preflight_names_all_that_is_missing() -> None:
    """Scopes of the chosen channels and the right to make fields are named at once."""
    portal = Portal(clock=VirtualClock(START))
    portal.hook.scopes = frozenset({"crm", "sale"})
    portal.hook.user = 2
    with rig(portal) as site, pytest.raises(AuthenticationError) as caught:
        sink_of(site, tasks=True, notify=True).preflight()
    for missing in ("scope im", "scope task", "scope department", "change the settings"):
        assert missing in str(caught.value)


def test_preflight_lists_unused_scopes(site: Rig) -> None:
    """Scopes that the sink does not need are listed."""
    notes = sink_of(site).preflight()
    assert any("not needed here" in note and "sale" in note for note in notes)


def test_fatal_refusal_stops(site: Rig) -> None:
    """An invalid webhook ends the run instead of failing every card."""
    sink = sink_of(site)
    sink.write(analysis_of(SEGMENTS), dry_run=False)
    site.portal.hook.secret = "another"
    with pytest.raises(AuthenticationError):
        sink.write(analysis_of(SEGMENTS | {"CO_1": "AY"}), dry_run=False)


@pytest.mark.parametrize(
    "options", [{"priority": ["AA"]}, {"lang": "de"}, {"unclassified": "drop"}, {"customer": "x"}]
)
def test_wrong_options_are_refused(site: Rig, options: dict[str, Any]) -> None:
    """An option that is not understood is refused before any request."""
    with pytest.raises(ConfigError, match="use one of"):
        sink_of(site, **options)
    assert site.portal.journal.total == 0


def test_answers_without_rows_are_no_empty_portal(site: Rig) -> None:
    """If the list of cards comes back damaged, nothing is cleared."""
    sink = sink_of(site)
    sink.write(analysis_of(SEGMENTS), dry_run=False)
    before = len(site.portal.state.writes)
    site.portal.faults.add("not_json", "crm.item.list", times=None)
    with pytest.raises(OutcomeUnknownError):
        sink.write(analysis_of({"CO_1": "AX"}), dry_run=False)
    assert len(site.portal.state.writes) == before


def test_what_is_missing_is_named_in_russian() -> None:
    """The names of scopes and rights are translated with the sentence."""
    portal = Portal(clock=VirtualClock(START))
    portal.hook.scopes = frozenset({"im"})
    portal.hook.user = 2
    with rig(portal) as site, pytest.raises(AuthenticationError) as caught:
        sink_of(site, tasks=True).preflight()
    shown = translate(caught.value, "ru")
    assert "область crm, область department" in shown
    assert "право изменять настройки CRM" in shown
    assert "scope" not in shown


def test_plan_is_shown_before_the_first_write(site: Rig) -> None:
    """The guard sees matches and classes, and what it raises leaves nothing changed."""
    plans: list[WritePlan] = []

    def refuse(plan: WritePlan) -> None:
        plans.append(plan)
        raise ConfigError("refused")

    sink = sink_of(site)
    sink.guard_writes(refuse)
    with pytest.raises(ConfigError, match="refused"):
        sink.write(analysis_of({"7707083893": "AX", "CO_1": "AX", "CO_99": "BY"}), dry_run=False)
    assert site.portal.state.writes == []
    assert site.portal.state.user_fields == {}
    assert plans == [WritePlan(customers=3, matched=1)]
    sink.guard_writes(lambda _plan: None)
    sink.write(analysis_of(SEGMENTS), dry_run=False)
    sink.guard_writes(refuse)
    with pytest.raises(ConfigError, match="refused"):
        sink.write(analysis_of({"CO_1": "AX", "CO_2": "AZ"}), dry_run=False)
    assert plans[1] == WritePlan(customers=2, matched=2, classified=4, changed=3, cleared=2)
