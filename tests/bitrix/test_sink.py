"""The sink, against an emulated portal over TCP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, cast

import pytest
from attrs import evolve, frozen
from tests.emulators.bitrix24.harness import START, Rig, analysis_of, free, rig
from tests.emulators.bitrix24.portal import COMPANY, CONTACT, LEAD, Portal, VirtualClock

from abcxyz import Analysis, score_prospects
from abcxyz.errors import AuthenticationError, ConfigError
from abcxyz.http import OutcomeUnknownError
from abcxyz.plugins import Preflight, Sink
from abcxyz_bitrix.cards.own_fields import PREFIX, SEGMENT_ITEMS, SPECS, installed, remove
from abcxyz_bitrix.rest.limits import seconds_of
from abcxyz_bitrix.sink import BitrixSink

SEGMENTS = {"CO_1": "AX", "CO_2": "BY", "CO_3": "CZ", "C_1": "AZ"}


@pytest.fixture
def site() -> Iterator[Rig]:
    """Serve a portal with three companies and a contact."""
    with rig(limits=free()) as made:
        for title in ("Ромашка", "Лютик", "Василёк"):
            made.portal.add_company(title)
        made.portal.add_contact("Иван")
        yield made


def sink_of(site: Rig, **options: Any) -> BitrixSink:
    """Make a sink."""
    return BitrixSink(client=site.client, **options)


def shown(site: Rig, entity: int, number: int) -> dict[str, Any]:
    """Read the own fields of a card."""
    portal = site.portal
    found = {
        spec.code: portal.value(entity, number, PREFIX + spec.code)
        for spec in SPECS
        if entity in spec.entities
    }
    return found | {"SEGMENT": portal.choice(entity, number, f"{PREFIX}SEGMENT")}


def item_writes(site: Rig) -> list[tuple[str, int]]:
    """List the changes of cards that were really made."""
    return [(w.entity, w.id) for w in site.portal.state.writes if w.method == "crm.item.update"]


# -- fields -------------------------------------------------------------------------------------


def test_sink_keeps_its_promises_by_shape(site: Rig) -> None:
    """The sink is a sink and has a preflight."""
    sink = sink_of(site)
    assert isinstance(sink, Sink)
    assert isinstance(sink, Preflight)


def test_dry_run_changes_nothing(site: Rig) -> None:
    """A dry run makes no field and writes no card, and says what a run would take."""
    sink = sink_of(site)
    report = sink.write(analysis_of(SEGMENTS), dry_run=True)
    assert (report.written, report.unchanged, report.failed) == (4, 0, {})
    assert site.portal.state.writes == []
    assert site.portal.state.user_fields == {}
    assert any("карточек к записи 4, запросов: 1" in note for note in sink.notes)


def test_fields_are_made_once_with_both_languages(site: Rig) -> None:
    """The first run makes the fields with Russian and English labels; the second none."""
    sink_of(site).write(analysis_of(SEGMENTS), dry_run=False)
    made = dict(site.portal.state.user_fields)
    sink_of(site).write(analysis_of(SEGMENTS), dry_run=False)
    assert site.portal.state.user_fields == made
    segment = site.portal.user_field(COMPANY, f"{PREFIX}SEGMENT")
    assert segment.labels["EDIT_FORM_LABEL"]["ru"] == "Сегмент ABC/XYZ"
    assert segment.labels["EDIT_FORM_LABEL"]["en"] == "ABC/XYZ segment"
    assert [item["XML_ID"] for item in segment.items] == list(SEGMENT_ITEMS)


def test_field_of_another_type_is_left_alone(site: Rig) -> None:
    """A field of the same name and another type stops the sink before it writes."""
    site.client.call(
        "crm.company.userfield.add",
        {"fields": {"FIELD_NAME": "ABCXYZ_VALUE", "USER_TYPE_ID": "string"}},
    )
    with pytest.raises(ConfigError, match="UF_CRM_ABCXYZ_VALUE exists"):
        sink_of(site).write(analysis_of(SEGMENTS), dry_run=False)
    assert item_writes(site) == []
    assert site.portal.user_field(COMPANY, f"{PREFIX}VALUE").type == "string"


@pytest.mark.parametrize("kind", ["reset_after", "truncated", "reset_before"])
def test_lost_answer_of_a_new_field_is_settled_by_looking(site: Rig, kind: str) -> None:
    """If the answer to a new field is lost, the field is looked for and made just once."""
    site.portal.faults.add(kind, "crm.company.userfield.add", skip=3)
    sink_of(site).write(analysis_of(SEGMENTS), dry_run=False)
    codes = [
        uf.code for uf in site.portal.state.user_fields.values() if uf.entity == "CRM_COMPANY"
    ]
    assert sorted(codes) == sorted(
        PREFIX + spec.code for spec in SPECS if COMPANY in spec.entities
    )


def test_deleted_list_item_comes_back(site: Rig) -> None:
    """An item that somebody deleted from the list is put back; the others keep their numbers."""
    sink_of(site).write(analysis_of(SEGMENTS), dry_run=False)
    segment = site.portal.user_field(COMPANY, f"{PREFIX}SEGMENT")
    before = {item["XML_ID"]: item["ID"] for item in segment.items if item["XML_ID"] != "CX"}
    segment.items = [item for item in segment.items if item["XML_ID"] != "CX"]
    sink_of(site).write(analysis_of(SEGMENTS | {"CO_3": "CX"}), dry_run=False)
    assert site.portal.choice(COMPANY, 3, f"{PREFIX}SEGMENT") == "CX"
    after = {item["XML_ID"]: item["ID"] for item in segment.items}
    assert before.items() <= after.items()


@pytest.mark.parametrize("prefix", ["UF_ABC_", "UF_CRM_abc_", "UF_CRM_" + "A" * 40, "UF_CRM_1_"])
def test_bad_prefix_is_refused(site: Rig, prefix: str) -> None:
    """A prefix that the portal would change or cut is refused at once."""
    with pytest.raises(ConfigError, match="fields_prefix"):
        sink_of(site, fields_prefix=prefix)


def test_other_prefix_is_used(site: Rig) -> None:
    """The job may choose its own prefix."""
    sink_of(site, fields_prefix="UF_CRM_OUR_").write(analysis_of(SEGMENTS), dry_run=False)
    assert site.portal.choice(COMPANY, 1, "UF_CRM_OUR_SEGMENT") == "AX"


# -- cards --------------------------------------------------------------------------------------


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
    """The same analysis once more, even a week later, changes no card and starts no automation."""
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
def test_who_is_no_longer_classified_is_cleared(site: Rig, how: str, segment: str | None) -> None:
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
    """A company that was never classified is not written to at all."""
    sink_of(site).write(analysis_of({"CO_1": "AX", "CO_2": ""}), dry_run=False)
    assert item_writes(site) == [("company", 1)]


def test_most_valuable_customers_come_first(site: Rig) -> None:
    """Cards are written by falling value."""
    values = {"CO_1": 5.0, "CO_2": 500.0, "CO_3": 50.0, "C_1": 1.0}
    sink_of(site).write(analysis_of(SEGMENTS, values=values), dry_run=False)
    assert item_writes(site) == [("company", 2), ("company", 3), ("company", 1), ("contact", 1)]


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


@frozen
class Advised:
    """An action as the core makes it."""

    words: str

    def text(self, lang: str) -> str:
        """Say it."""
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
    """Spaces and line ends that the portal trims or turns are no reason to write again."""
    words = "звонить \r\n писать\n"
    assert sink_of(site).write(advised(words), dry_run=False).written == 1
    site.portal.row(COMPANY, 1)["ufCrmAbcxyzAdvice"] = "звонить\r\nписать "
    assert sink_of(site).write(advised(words), dry_run=False).written == 0


def test_advice_that_only_counts_days_is_not_rewritten(site: Rig) -> None:
    """A number that grows every day is no reason to write; other words are."""
    sink_of(site).write(advised("молчит 12 дней"), dry_run=False)
    assert sink_of(site).write(advised("молчит 13 дней"), dry_run=False).written == 0
    assert shown(site, COMPANY, 1)["ADVICE"] == "молчит 12 дней"
    assert sink_of(site).write(advised("звонить 13 дней"), dry_run=False).written == 1
    assert shown(site, COMPANY, 1)["ADVICE"] == "звонить 13 дней"


# -- keys ---------------------------------------------------------------------------------------


def test_customers_of_another_system_meet_by_tax_number(site: Rig) -> None:
    """Keys that are tax numbers find their cards; strangers are counted, not failed."""
    site.portal.add_requisite(COMPANY, 2, inn="7707083893")
    site.portal.add_requisite(COMPANY, 3, inn="7707083893")
    sink = sink_of(site, customer_id="inn")
    report = sink.write(analysis_of({"7707083893": "AX", "0000000000": "CZ"}), dry_run=False)
    assert (report.written, dict(report.failed)) == (2, {})
    assert item_writes(site) == [("company", 2), ("company", 3)]
    assert any(note == "клиентов без карточки с таким ключом на портале: 1" for note in sink.notes)


def test_any_field_may_be_the_key(site: Rig) -> None:
    """A field of the card finds it as well."""
    site.portal.row(COMPANY, 3)["originId"] = "1С-000017"
    report = sink_of(site, customer_id="origin_id").write(
        analysis_of({"1С-000017": "AX"}), dry_run=False
    )
    assert (report.written, item_writes(site)) == (1, [("company", 3)])


# -- leads --------------------------------------------------------------------------------------


def test_leads_get_grade_score_and_reasons(site: Rig) -> None:
    """A scored lead shows its class, its points and why; an unscored one is left alone."""
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


# -- time, rights, undoing ----------------------------------------------------------------------


def test_what_does_not_fit_is_left_to_the_next_run() -> None:
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


@pytest.mark.parametrize(("text", "seconds"), [("6h", 21600), ("90m", 5400), ("1h30m", 5400)])
def test_budget_is_read(text: str, seconds: float) -> None:
    """A budget is written in hours and minutes."""
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "6", "h", "6 parsecs", "-1h", "0h"])
def test_nonsense_budget_is_refused(text: str) -> None:
    """Anything else is refused with an example."""
    with pytest.raises(ConfigError, match="6h or 90m"):
        seconds_of(text)


def test_preflight_names_all_that_is_missing() -> None:
    """Scopes of the chosen channels and the right to make fields are named at once."""
    portal = Portal(clock=VirtualClock(START))
    portal.hook.scopes = frozenset({"crm", "sale"})
    portal.hook.user = 2
    with rig(portal) as site, pytest.raises(AuthenticationError) as caught:
        sink_of(site, tasks=True, notify=True).preflight()
    for missing in ("scope im", "scope task", "scope department", "change the settings"):
        assert missing in str(caught.value)


def test_preflight_says_what_is_needless(site: Rig) -> None:
    """Scopes that nothing here needs are pointed out."""
    notes = sink_of(site).preflight()
    assert any("not needed here" in note and "sale" in note for note in notes)


def test_fatal_refusal_stops(site: Rig) -> None:
    """A webhook that is no good ends the run instead of failing every card."""
    sink = sink_of(site)
    sink.write(analysis_of(SEGMENTS), dry_run=False)
    site.portal.hook.secret = "another"
    with pytest.raises(AuthenticationError):
        sink.write(analysis_of(SEGMENTS | {"CO_1": "AY"}), dry_run=False)


def test_own_fields_are_taken_away_again(site: Rig) -> None:
    """Undoing removes the adapter's fields and no other one."""
    sink_of(site).write(analysis_of(SEGMENTS), dry_run=False)
    site.client.call(
        "crm.company.userfield.add",
        {"fields": {"FIELD_NAME": "ABCXYZ_FOREIGN", "USER_TYPE_ID": "string"}},
    )
    gone = remove(site.client, COMPANY, PREFIX)
    assert len(gone) == len([spec for spec in SPECS if COMPANY in spec.entities])
    assert installed(site.client, COMPANY, PREFIX) == {}
    kept = site.portal.state.user_fields.values()
    left = [uf.code for uf in kept if uf.entity == "CRM_COMPANY"]
    assert left == ["UF_CRM_ABCXYZ_FOREIGN"]


@pytest.mark.parametrize("kind", ["reset_after", "truncated"])
def test_lost_answers_do_not_stop_the_undoing(site: Rig, kind: str) -> None:
    """If the answer to a removal is lost, the field that is gone counts as removed."""
    sink_of(site).write(analysis_of(SEGMENTS), dry_run=False)
    site.portal.faults.add(kind, "crm.company.userfield.delete", skip=2)
    remove(site.client, COMPANY, PREFIX)
    assert installed(site.client, COMPANY, PREFIX) == {}


@pytest.mark.parametrize("kind", ["reset_after", "truncated"])
def test_lost_answer_of_a_restored_list_is_settled(site: Rig, kind: str) -> None:
    """If the answer to a mended list is lost, no item comes twice and the run goes on."""
    sink_of(site).write(analysis_of(SEGMENTS), dry_run=False)
    segment = site.portal.user_field(COMPANY, f"{PREFIX}SEGMENT")
    segment.items = [item for item in segment.items if item["XML_ID"] != "CX"]
    site.portal.faults.add(kind, "crm.company.userfield.update")
    report = sink_of(site).write(analysis_of(SEGMENTS | {"CO_3": "CX"}), dry_run=False)
    assert (report.written, dict(report.failed)) == (1, {})
    assert sorted(item["XML_ID"] for item in segment.items) == sorted(SEGMENT_ITEMS)


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
