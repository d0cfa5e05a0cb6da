"""Comparison of cards with an analysis, and the written values."""

from __future__ import annotations

from datetime import date

import pytest
from tests.bitrix.sink_helpers import SEGMENTS, item_writes, shown, sink_of
from tests.emulators.bitrix24.harness import Rig, analysis_of
from tests.emulators.bitrix24.portal import COMPANY, CONTACT, LEAD

from abcxyz import score_prospects
from abcxyz_bitrix.cards.own_fields import PREFIX


def test_card_shows_the_segment(site: Rig) -> None:
    """A card gets segment, tag, classes, figures, priority and the day."""
    report = sink_of(site).write(analysis_of(SEGMENTS, values={"CO_1": 1234.567}), dry_run=False)
    assert (report.written, dict(report.failed)) == (4, {})
    card = shown(site, COMPANY, 1)
    assert card.pop("MARK")
    assert str(card.pop("SINCE"))[:10] == "2026-05-28"
    assert card == {
        "SEGMENT": "AX", "TAG": "AX - приоритетный клиент", "ADVICE": None, "ABC": "A", "XYZ": "X",
        "VALUE": 1234.57, "CV": 0.25, "PREVIOUS": None, "PRIORITY": 1,
    }  # fmt: skip
    assert shown(site, COMPANY, 2)["PRIORITY"] in (None, "", 0)
    assert site.portal.choice(CONTACT, 1, f"{PREFIX}SEGMENT") == "AZ"


def test_second_run_writes_nothing(site: Rig) -> None:
    """A repeated analysis, even a week later, changes no card and starts no automation."""
    sink_of(site).write(analysis_of(SEGMENTS), dry_run=False)
    writes, events = len(site.portal.state.writes), len(site.portal.state.events)
    site.clock.advance(7 * 86400)
    report = sink_of(site).write(analysis_of(SEGMENTS, as_of=date(2026, 5, 30)), dry_run=False)
    assert (report.written, report.unchanged) == (0, 4)
    assert (len(site.portal.state.writes), len(site.portal.state.events)) == (writes, events)


def test_only_what_differs_is_sent(site: Rig) -> None:
    """A customer who moved gets the new segment, the previous one and the day, others nothing."""
    sink_of(site).write(analysis_of(SEGMENTS), dry_run=False)
    before = len(item_writes(site))
    moved = analysis_of(SEGMENTS | {"CO_2": "BX"}, as_of=date(2026, 5, 31))
    report = sink_of(site).write(moved, dry_run=False)
    assert (report.written, report.unchanged) == (1, 3)
    assert item_writes(site)[before:] == [("company", 2)]
    assert "ufCrmAbcxyzAbc" not in site.portal.state.writes[-1].fields
    card = shown(site, COMPANY, 2)
    assert (card["SEGMENT"], card["PREVIOUS"], str(card["SINCE"])[:10]) == (
        "BX", "BY", "2026-05-31",
    )  # fmt: skip


@pytest.mark.parametrize(("how", "segment"), [("mark", "NONE"), ("clear", None)])
def test_unclassified_customers_are_cleared(site: Rig, how: str, segment: str | None) -> None:
    """A customer who left the analysis, or has no class any more, loses the segment once."""
    sink_of(site).write(analysis_of(SEGMENTS), dry_run=False)
    later = analysis_of({"CO_1": "AX", "CO_2": "", "C_1": "AZ"}, as_of=date(2026, 6, 1))
    for written in (2, 0):
        report = sink_of(site, unclassified=how).write(later, dry_run=False)
        assert report.written == written
    for number, before in ((2, "BY"), (3, "CZ")):
        card = shown(site, COMPANY, number)
        assert (card["SEGMENT"], card["PREVIOUS"]) == (segment, before)
        assert not card["TAG"]
        assert not card["VALUE"]


def test_untouched_cards_stay_untouched(site: Rig) -> None:
    """A company that was never classified is not written."""
    sink_of(site).write(analysis_of({"CO_1": "AX", "CO_2": ""}), dry_run=False)
    assert item_writes(site) == [("company", 1)]


def test_most_valuable_customers_come_first(site: Rig) -> None:
    """Cards are written by falling value."""
    values = {"CO_1": 5.0, "CO_2": 500.0, "CO_3": 50.0, "C_1": 1.0}
    sink_of(site).write(analysis_of(SEGMENTS, values=values), dry_run=False)
    assert item_writes(site) == [("company", 2), ("company", 3), ("company", 1), ("contact", 1)]


def test_customers_of_another_system_meet_by_tax_number(site: Rig) -> None:
    """Tax numbers identify cards; unknown customers are counted, not failed."""
    site.portal.add_requisite(COMPANY, 2, inn="7707083893")
    site.portal.add_requisite(COMPANY, 3, inn="7707083893")
    sink = sink_of(site, customer_id="inn")
    report = sink.write(analysis_of({"7707083893": "AX", "0000000000": "CZ"}), dry_run=False)
    assert (report.written, dict(report.failed)) == (2, {})
    assert item_writes(site) == [("company", 2), ("company", 3)]
    assert any(note == "клиентов без карточки с таким ключом на портале: 1" for note in sink.notes)


def test_any_field_may_be_the_key(site: Rig) -> None:
    """A field of the card may be the key."""
    site.portal.row(COMPANY, 3)["originId"] = "1С-000017"
    report = sink_of(site, customer_id="origin_id").write(
        analysis_of({"1С-000017": "AX"}), dry_run=False
    )
    assert (report.written, item_writes(site)) == (1, [("company", 3)])


def test_leads_get_grade_score_and_reasons(site: Rig) -> None:
    """A scored lead shows its class, score and reasons; an unscored one is not written."""
    lead = site.portal.add_lead("Новый")
    site.portal.add_lead("Неизвестный")
    scores = score_prospects(
        {"id": [f"L_{lead}", "L_2"], "employees": [250, None], "turnover": [9e8, None],
         "industry": ["retail", None], "region": ["77", None]},
    )  # fmt: skip
    assert scores.to_records()[0]["grade"] is not None
    assert scores.to_records()[1]["grade"] is None
    sink = sink_of(site)
    report = sink.write(analysis_of(SEGMENTS, prospects=scores), dry_run=False)
    assert (report.written, dict(report.failed)) == (5, {})
    card = shown(site, LEAD, lead)
    assert card["SEGMENT"] == str(scores.to_records()[0]["grade"]).replace("-", "")
    assert card["SCORE"] == scores.to_records()[0]["score"]
    assert card["ADVICE"] == scores[0].sentence("ru")
    assert sink.write(analysis_of(SEGMENTS, prospects=scores), dry_run=False).written == 0
