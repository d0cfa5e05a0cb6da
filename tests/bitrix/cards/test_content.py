"""Texts on cards."""

from __future__ import annotations

from typing import Any, cast

from attrs import evolve, frozen
from tests.bitrix.sink_helpers import shown, sink_of
from tests.emulators.bitrix24.harness import Rig, analysis_of
from tests.emulators.bitrix24.portal import COMPANY

from abcxyz import Analysis


@frozen
class Advised:
    """Stand-in for an action of the core."""

    words: str

    def text(self, lang: str) -> str:
        """Return the text."""
        return self.words


def advised(*words: str) -> Analysis:
    """Make an analysis with an advice for each company."""
    plain = analysis_of({f"CO_{place}": "AX" for place in range(1, len(words) + 1)})
    return evolve(plain, actions=cast("Any", tuple(Advised(one) for one in words)))


def test_hostile_text_arrives_as_text(site: Rig) -> None:
    """Quotes, formulas, brackets, emoji and bidi signs reach the card unchanged."""
    hostile = "=cmd|' /C calc'!A0 <script>&\"[0]\u202e\N{PILE OF POO}%" + "д" * 10_000
    report = sink_of(site).write(advised(hostile, "звонить"), dry_run=False)
    assert dict(report.failed) == {}
    assert shown(site, COMPANY, 1)["ADVICE"] == hostile
    assert shown(site, COMPANY, 2)["ADVICE"] == "звонить"


def test_trimmed_text_is_no_change(site: Rig) -> None:
    """Whitespace and line ends that the portal normalises are no change."""
    words = "звонить \r\n писать\n"
    assert sink_of(site).write(advised(words), dry_run=False).written == 1
    site.portal.row(COMPANY, 1)["ufCrmAbcxyzAdvice"] = "звонить\r\nписать "
    assert sink_of(site).write(advised(words), dry_run=False).written == 0


def test_advice_that_only_counts_days_is_not_rewritten(site: Rig) -> None:
    """A number that grows every day is no change; a new text is."""
    sink_of(site).write(advised("молчит 12 дней"), dry_run=False)
    assert sink_of(site).write(advised("молчит 13 дней"), dry_run=False).written == 0
    assert shown(site, COMPANY, 1)["ADVICE"] == "молчит 12 дней"
    assert sink_of(site).write(advised("звонить 13 дней"), dry_run=False).written == 1
    assert shown(site, COMPANY, 1)["ADVICE"] == "звонить 13 дней"
