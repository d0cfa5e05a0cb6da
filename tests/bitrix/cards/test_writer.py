"""Cards on a portal that does not empty fields."""

from __future__ import annotations

from datetime import date

import pytest
from tests.bitrix.sink_helpers import item_writes, shown, sink_of
from tests.emulators.bitrix24.harness import Rig, analysis_of
from tests.emulators.bitrix24.portal import COMPANY

BEFORE = {"CO_1": "AX", "CO_2": "AY", "CO_3": "BZ"}
AFTER = {"CO_3": "BZ"}
LATER = date(2026, 6, 1)


def test_former_customer_keeps_no_priority(site: Rig) -> None:
    """Where a field is not emptied it shows a value that means none, and this is reported."""
    sink_of(site).write(analysis_of(BEFORE), dry_run=False)
    site.portal.state.keeps_emptied = True
    report = sink_of(site, lang="en").write(analysis_of(AFTER, as_of=LATER), dry_run=False)
    assert set(report.failed) == {"CO_1", "CO_2"}
    assert "does not empty" in report.failed["CO_1"]
    for number in (1, 2):
        card = shown(site, COMPANY, number)
        assert (card["SEGMENT"], card["PRIORITY"], card["ABC"]) == ("NONE", 0, "-")


def test_one_card_is_tried_in_each_run(site: Rig) -> None:
    """Later runs try one such card, so that the others are written once only."""
    sink_of(site).write(analysis_of(BEFORE), dry_run=False)
    site.portal.state.keeps_emptied = True
    sink_of(site).write(analysis_of(AFTER, as_of=LATER), dry_run=False)
    count = len(item_writes(site))
    report = sink_of(site).write(analysis_of(AFTER, as_of=LATER), dry_run=False)
    assert len(item_writes(site)) == count
    assert (report.written, report.unchanged, len(report.failed)) == (0, 2, 1)


@pytest.mark.parametrize("how", ["mark", "clear"])
def test_cards_are_emptied_once_the_portal_does(site: Rig, how: str) -> None:
    """As soon as the portal empties fields again, all these cards are emptied."""
    sink_of(site).write(analysis_of(BEFORE), dry_run=False)
    site.portal.state.keeps_emptied = True
    sink_of(site, unclassified=how).write(analysis_of(AFTER, as_of=LATER), dry_run=False)
    site.portal.state.keeps_emptied = False
    again = sink_of(site, unclassified=how).write(analysis_of(AFTER, as_of=LATER), dry_run=False)
    assert (again.written, dict(again.failed)) == (2, {})
    for number in (1, 2):
        card = shown(site, COMPANY, number)
        assert not any(card[code] for code in ("PRIORITY", "ABC", "TAG", "VALUE"))
    again = sink_of(site, unclassified=how).write(analysis_of(AFTER, as_of=LATER), dry_run=False)
    assert again.written == 0


def test_customer_without_priority_any_more(site: Rig) -> None:
    """A customer who falls from AX to BY does not stay priority 1 on such a portal either."""
    sink_of(site).write(analysis_of({"CO_1": "AX"}), dry_run=False)
    site.portal.state.keeps_emptied = True
    report = sink_of(site).write(analysis_of({"CO_1": "BY"}), dry_run=False)
    assert set(report.failed) == {"CO_1"}
    card = shown(site, COMPANY, 1)
    assert (card["SEGMENT"], card["PRIORITY"]) == ("BY", 0)
