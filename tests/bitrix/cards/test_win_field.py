"""The win probability on the cards of deals: by option, written only where it changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import attrs
import pytest
from tests.bitrix.crm_world import fill
from tests.bitrix.sink_helpers import item_writes, sink_of
from tests.emulators.bitrix24.harness import START, Rig, analysis_of, free, rig
from tests.emulators.bitrix24.portal import DEAL, Portal, VirtualClock

from abcxyz import Analysis, Window
from abcxyz.cli import main
from abcxyz.crm import CrmAnalysis, CrmData, WinProbability, analyze_crm
from abcxyz_bitrix.cards.own_fields import PREFIX
from abcxyz_bitrix.crm_source import BitrixCrm

FIELD = f"{PREFIX}WIN"
DAY = date(2026, 5, 28)


@pytest.fixture
def deals_site() -> Iterator[Rig]:
    """Serve a portal with sixty deals of three companies."""
    portal = Portal(clock=VirtualClock(START), limits=free())
    fill(portal, 60)
    with rig(portal) as made:
        yield made


def read(site: Rig) -> CrmData:
    source = BitrixCrm(client=site.client, zone="Europe/Moscow")
    return source.crm(Window(date(2026, 1, 1), DAY))


def with_crm(crm: CrmData) -> Analysis:
    return attrs.evolve(analysis_of({"CO_1": "AX"}), crm=analyze_crm(crm, as_of=DAY))


def win_of(analysis: Analysis) -> WinProbability:
    assert isinstance(analysis.crm, CrmAnalysis)
    made = analysis.crm.reports["win"]
    assert isinstance(made, WinProbability)
    return made


def shown(site: Rig) -> dict[str, Any]:
    """Return deal -> what its field shows, where it shows something."""
    values = {f"D_{number}": site.portal.value(DEAL, number, FIELD) for number in range(1, 61)}
    return {deal: int(value) for deal, value in values.items() if value not in (None, "")}


def writes(site: Rig) -> list[int]:
    return [number for entity, number in item_writes(site) if entity == "deal"]


def test_open_deals_show_their_probability_in_percent(deals_site: Rig) -> None:
    analysis = with_crm(read(deals_site))
    win = win_of(analysis)
    assert win.basis == "stage_rates"
    sink = sink_of(deals_site, win_probability=True)
    planned = sink.write(analysis, dry_run=True)
    assert planned.written == len(win.deals) + 1
    assert any("WIN" in note for note in planned.notes)
    assert writes(deals_site) == []
    assert FIELD not in {one.code for one in deals_site.portal.state.user_fields.values()}
    assert sink.write(analysis, dry_run=False).written == len(win.deals) + 1
    assert sorted(writes(deals_site)) == sorted(int(one.deal[2:]) for one in win.deals)
    assert shown(deals_site) == {one.deal: round(100 * one.probability) for one in win.deals}


def test_only_a_change_is_written_and_a_decided_deal_loses_it(deals_site: Rig) -> None:
    sink = sink_of(deals_site, win_probability=True)
    analysis = with_crm(read(deals_site))
    sink.write(analysis, dry_run=False)
    before, done = shown(deals_site), len(writes(deals_site))
    again = sink.write(analysis, dry_run=False)
    assert (again.written, len(writes(deals_site))) == (0, done)
    assert again.unchanged >= len(before)
    # One deal is won; the probability of another one changes by ten points.
    first, second = (one.deal for one in win_of(analysis).deals[:2])
    number = int(first.removeprefix("D_"))
    category = deals_site.portal.value(DEAL, number, "categoryId")
    won = deals_site.portal.stage("WON", category)
    deals_site.portal.move(DEAL, number, won, at="2026-05-27T10:00:00+03:00")
    later = with_crm(read(deals_site))
    win = win_of(later)
    moved = [
        attrs.evolve(one, probability=one.probability + 0.1 * (one.deal == second))
        for one in win.deals
    ]
    assert isinstance(later.crm, CrmAnalysis)
    reports = {**later.crm.reports, "win": attrs.evolve(win, deals=tuple(moved))}
    later = attrs.evolve(later, crm=attrs.evolve(later.crm, reports=reports))
    expected = {one.deal: round(100 * one.probability) for one in moved}
    sink.write(later, dry_run=False)
    assert shown(deals_site) == expected
    changed = {int(deal[2:]) for deal in before if expected.get(deal) != before[deal]}
    assert sorted(writes(deals_site)[done:]) == sorted(changed)
    assert {number, int(second[2:])} <= changed


def test_without_the_option_no_deal_has_the_field(deals_site: Rig) -> None:
    sink_of(deals_site).write(with_crm(read(deals_site)), dry_run=False)
    assert writes(deals_site) == []
    assert not any(
        one.entity == "CRM_DEAL" for one in deals_site.portal.state.user_fields.values()
    )


def test_deals_of_another_system_are_not_written(deals_site: Rig) -> None:
    crm = read(deals_site)
    sink = sink_of(deals_site, win_probability=True, lang="en")
    assert crm.changes is not None
    deals = crm.deals.with_columns(created=crm.deals.created + 60)
    changes = crm.changes.with_columns(entered=crm.changes.entered + 60)
    strange = with_crm(attrs.evolve(crm, deals=deals, changes=changes))
    notes = sink.write(strange, dry_run=False).notes
    assert any("were created at other times" in note for note in notes)
    renamed = attrs.evolve(
        crm,
        deals=crm.deals.with_columns(deal="deal " + crm.deals.deal),
        changes=crm.changes.with_columns(deal="deal " + crm.changes.deal),
        activities=None,
        leads=None,
        lines=None,
        values=None,
    )
    notes = sink.write(with_crm(renamed), dry_run=False).notes
    assert "the deals of the CRM are not those of Bitrix24; none is written" in notes
    assert writes(deals_site) == []


def test_without_probabilities_it_says_why(deals_site: Rig) -> None:
    sink = sink_of(deals_site, win_probability=True, lang="en")
    notes = sink.write(analysis_of({"CO_1": "AX"}), dry_run=False).notes
    assert "no CRM was read, so no deal has a probability; add [crm] to the job" in notes
    crm = attrs.evolve(read(deals_site), changes=None)
    notes = sink.write(with_crm(crm), dry_run=False).notes
    assert any("there is no history of the stages" in note for note in notes)
    assert writes(deals_site) == []


def test_uninstalling_removes_the_field(
    deals_site: Rig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sink_of(deals_site, win_probability=True).write(with_crm(read(deals_site)), dry_run=False)
    monkeypatch.setenv("HOOK", deals_site.server.webhook)
    options = ["--webhook-env", "HOOK", "--insecure-loopback", "--yes"]
    assert main(["bitrix24", "uninstall", *options]) == 0
    assert f"deal: {FIELD}" in capsys.readouterr().out
    assert deals_site.portal.state.user_fields == {}
