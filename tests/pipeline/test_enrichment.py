"""Enrichment as a whole: whose values stand, which facts are merged, and what is noted."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from tests.builtin.test_crm_sources import folder_of

from abcxyz import AlertRules, Settings, Transactions, Window, analyze
from abcxyz.config import Adapters, Part, read_job
from abcxyz.core.advice.crm_facts import (
    CrmFacts,
    Deal,
    DealReason,
    LeadContact,
    OverdueRequest,
    TimeSpent,
)
from abcxyz.core.analysis.record import Analysis
from abcxyz.crm import BusinessCalendar, CrmAnalysis, CrmData, CrmSettings, Deals, Stage, StageMap
from abcxyz.errors import AbcxyzError, ConfigError, UnavailableError
from abcxyz.history import History
from abcxyz.pipeline.crm import CrmInput, open_crm, read_source
from abcxyz.pipeline.enrich import _merged, _renamed, enrich
from abcxyz.progress import RunProgress
from abcxyz.tables.loaders import read_scorecard
from abcxyz.toolkit.redaction import Redactor

AS_OF = date(2026, 3, 1)
WINDOW = Window(date(2026, 1, 1), AS_OF)
STAGES = StageMap({"sales": ["NEW", Stage("WON", semantics="S")]})


@functools.cache
def classified() -> Analysis:
    days = [date(2026, 1, 5), date(2026, 2, 5)]
    sales = Transactions(["7", "7", "8"], [*days, days[0]], [90.0, 90.0, 10.0])
    return analyze(sales, as_of=AS_OF, settings=Settings(period="2M"))


def part(role: str, label: str, **more: Any) -> Part:
    return Part(role, label, {}, str, label, **more)


class Plain:
    """Enricher that knows what it is given."""

    def __init__(self, known: Any = (), leads: Any = (), fails: str = "") -> None:
        self.known, self.leads, self.fails = dict(known), dict(leads), fails
        self.asked: list[Any] = []

    def customers(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
        self.asked.append([*ids])
        return self.known

    def prospects(self) -> Mapping[str, Mapping[str, object]]:
        if self.fails:
            raise ValueError(self.fails)
        return self.leads


class Filler(Plain):
    """Enricher that fills in by what stands."""

    def fill(
        self, known: Mapping[str, Mapping[str, object]]
    ) -> Mapping[str, Mapping[str, object]]:
        self.asked.append({one: dict(values) for one, values in known.items()})
        return {one: self.known[one] for one in known if one in self.known}

    def enrichment_notes(self) -> Sequence[str]:
        return [f"{len(self.asked)} calls"]


class Facts:
    """Adapter that offers facts."""

    def __init__(self, facts: CrmFacts, identity: str | None = None) -> None:
        self.given, self.identity = facts, identity
        self.asked: list[Window] = []

    def facts(self, window: Window) -> CrmFacts:
        self.asked.append(window)
        return self.given


class Named(Facts):
    """Adapter that names its system."""

    def system_identity(self) -> str:
        assert self.identity is not None
        return self.identity


class Watched(RunProgress):
    """Progress that notes the stages."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def begin(self, stage: str, what: str) -> None:
        self.calls.append((stage, what))

    def end(self) -> None:
        self.calls.append("end")


def enriched(
    *enrichers: tuple[Part, Any], sources: Any = (), sinks: Any = (), crm: Any = None, **more: Any
) -> tuple[Analysis, AbcxyzError | None, list[str], list[Any]]:
    """Enrich with these adapters; return analysis, problem, notes and stages."""
    notes: list[str] = []
    watched = Watched()
    adapters = Adapters(tuple(sources), enrichers, tuple(sinks), frozenset(), crm)
    made, problem = enrich(
        classified(), adapters, card=read_scorecard(None), rules=AlertRules(), notes=notes,
        progress=watched, redactor=Redactor(["s3cr3t"]), **more,
    )  # fmt: skip
    return made, problem, [str(one) for one in notes], watched.calls


FIRST: dict[str, dict[str, object]] = {
    "7": {"region": "77", "employees": 40},
    "9": {"region": "50"},
}
SECOND: dict[str, dict[str, object]] = {
    "7": {"region": "78", "employees": 400, "industry": "F"},
    "8": {"region": "77"},
}


def plain(values: Mapping[Any, Mapping[str, object]]) -> dict[Any, dict[str, object]]:
    return {one: dict(inner) for one, inner in values.items()}


@pytest.mark.parametrize("prefer", [False, True])
def test_the_first_value_stands_unless_the_new_one_is_preferred(prefer: bool) -> None:
    one, other = Plain(FIRST), Plain(SECOND)
    made, problem, notes, stages = enriched(
        (part("enricher", "one"), one), (part("enricher", "two", prefer_new=prefer), other)
    )
    assert one.asked == other.asked == [["7", "8"]]
    assert problem is None
    stands = SECOND["7"] if prefer else {**FIRST["7"], "industry": "F"}
    assert plain(made.attributes) == {"7": stands, "8": {"region": "77"}, "9": {"region": "50"}}
    assert made.prospects is None
    saying = "replace others of another class" if prefer else (
        "are of another class than those that stand"
    )  # fmt: skip
    assert notes == [f"two: its values {saying}: employees 1, region 1"]
    assert stages == [("enrich", "one"), "end", ("enrich", "two"), "end"]


@pytest.mark.parametrize("prefer", [False, True])
def test_a_filler_is_told_what_stands(prefer: bool) -> None:
    """Of every customer, and of all leads so far; its contradictions are counted together."""
    leads = {"L1": {"employees": 40, "region": "77"}}
    filler = Filler(
        {"7": {"region": "78"}, "L1": {"employees": 400}, "L2": {"turnover": 3e9}},
        {"L2": {"region": "50"}, "L1": {"region": "50"}},
    )
    made, problem, notes, _ = enriched(
        (part("enricher", "one"), Plain(FIRST, leads)),
        (part("enricher", "two", prefer_new=prefer), filler),
    )
    assert problem is None
    region = "50" if prefer else "77"
    assert filler.asked == [
        {"7": FIRST["7"], "8": {}},
        {"L1": {"employees": 40, "region": region}, "L2": {"region": "50"}},
    ]
    assert made.attributes["7"]["region"] == ("78" if prefer else "77")
    assert made.prospects is not None
    assert list(made.prospects.ids) == ["L1", "L2"]
    assert notes[0] == "two: 2 calls"
    assert notes[1].endswith(": employees 1, region 2")
    assert len(notes) == 2


def test_a_filler_without_leads_is_asked_once() -> None:
    filler = Filler({"7": {"region": "78"}})
    made, _, notes, _ = enriched((part("enricher", "one"), filler))
    assert filler.asked == [{"7": {}, "8": {}}]
    assert plain(made.attributes) == {"7": {"region": "78"}}
    assert (made.prospects, notes) == (None, ["one: 1 calls"])


def test_a_failure_leaves_what_stood_and_is_the_first(capsys: Any) -> None:
    """Neither values nor notes of it are kept; the next ones are called."""
    closed = "closed to s3cr3t"
    made, problem, notes, stages = enriched(
        (part("enricher", "one"), Filler({"7": {"region": "77"}}, fails=closed)),
        (part("enricher", "two"), Plain(FIRST, {"L1": {"employees": 900}})),
        (part("enricher", "three"), Plain(SECOND, fails="later")),
    )
    assert str(problem) == (
        "the enricher one failed (ValueError: closed to ***); its author can mend that"
    )
    assert plain(made.attributes) == FIRST
    assert made.prospects is not None
    assert list(made.prospects.ids) == ["L1"]
    assert notes == []
    names = ["one", "two", "three"]
    assert stages == [call for name in names for call in (("enrich", name), "end")]


def test_nothing_found_is_the_same_analysis() -> None:
    """But attributes of nobody are attributes, and a failure is told."""
    assert enriched()[0] is classified()
    made, problem, _, _ = enriched((part("enricher", "one"), Plain(fails="closed")))
    assert made is classified()
    assert problem is not None
    made, problem, _, _ = enriched((part("enricher", "one"), Plain()))
    assert made is not classified()
    assert (dict(made.attributes), problem) == ({}, None)


def deal(name: str, customer: Any = "a", stuck: bool | None = None) -> Deal:
    return Deal(deal=name, customer=customer, since=AS_OF, stuck=stuck)


def request(customer: Any) -> OverdueRequest:
    return OverdueRequest(rule="r", object="o", begun="created", due=AS_OF, customer=customer)


def reason(customer: Any) -> DealReason:
    return DealReason(deal=1, reason="stuck", since=AS_OF, details=[1], customer=customer)


CONTACT = LeadContact(lead="l", created=AS_OF)


def test_facts_get_the_common_names() -> None:
    facts = CrmFacts(
        owners={1: "ann"}, deals=[deal("d", 1)], time_spent=[TimeSpent(customer=2, hours=1.5)],
        contacts=[CONTACT], requests=[request(3), request(None)], risks=[reason(None), reason(4)],
    )  # fmt: skip
    assert _renamed(facts, lambda one: f"c{one}") == CrmFacts(
        owners={"c1": "ann"}, deals=[deal("d", "c1")],
        time_spent=[TimeSpent(customer="c2", hours=1.5)], contacts=[CONTACT],
        requests=[request("c3"), request(None)], risks=[reason(None), reason("c4")],
    )  # fmt: skip


def test_facts_of_several_systems_are_one() -> None:
    """The first owner stands; a deal whose stay is judged is told by that alone."""
    judged, other = deal("d", stuck=False), deal("e")
    one = CrmFacts(
        owners={"a": "ann", "b": "bob"}, deals=[deal("d"), other, deal("d", "b")],
        time_spent=[TimeSpent(customer="a", hours=1)], requests=[request("a")],
    )  # fmt: skip
    two = CrmFacts(
        owners={"b": "eve", "c": "eve"}, deals=[judged], contacts=[CONTACT], risks=[reason("a")],
        time_spent=[TimeSpent(customer="b", hours=2)], requests=[request("b")],
    )  # fmt: skip
    assert _merged([one, two]) == CrmFacts(
        owners={"a": "ann", "b": "bob", "c": "eve"},
        deals=[other, deal("d", "b"), judged],
        time_spent=[TimeSpent(customer="a", hours=1), TimeSpent(customer="b", hours=2)],
        contacts=[CONTACT],
        requests=[request("a"), request("b")],
        risks=[reason("a")],
    )
    assert _merged(iter([one])) == one
    assert _merged([]) == CrmFacts()


def owned(owner: str) -> CrmFacts:
    old = AS_OF - timedelta(days=30)
    return CrmFacts(owners={7: owner}, deals=[Deal(deal=owner, customer=7, since=old, amount=5.0)])


def test_every_system_is_asked_once_in_the_window() -> None:
    """Enrichers first, then sources, then sinks; those without a name each."""
    adapters = [
        *(Named(owned("ann"), "x"), Named(owned("bob"), "y"), Named(owned("eve"), "x")),
        *(Facts(owned("joe")), Facts(owned("kim"))),
    ]
    sources = [(part("source", f"s{n}"), adapters[n]) for n in (1, 2, 3)]
    sinks = [(part("sink", "plain"), object()), (part("sink", "k4"), adapters[4])]
    enrichers = [(part("enricher", "e0"), adapters[0])]
    made, problem, _, stages = enriched(*enrichers, sources=sources, sinks=sinks)
    assert problem is None
    assert [one.asked for one in adapters] == [[WINDOW], [WINDOW], [], [WINDOW], [WINDOW]]
    stalled = [one for one in made.alerts if one.kind == "stalled_deal"]
    assert {one.facts["deal"] for one in stalled} == {"ann", "bob", "joe", "kim"}
    assert {one.owner for one in made.alerts if one.customer == "7"} <= {"ann"}
    assert [call[1] for call in stages if call != "end"] == ["e0", "s1", "s2", "s3", "k4"]


def crm_data(until: Any = None, **columns: Any) -> CrmData:
    usual: dict[str, Any] = {
        "deal": [1, 2], "funnel": ["sales"] * 2, "stage": ["NEW", "WON"],
        "created": ["2026-01-10T09:00:00Z"] * 2, "customer": [7, 8], "amount": [10.0, 20.0],
        "currency": ["EUR", "USD"],
    }  # fmt: skip
    return CrmData(deals=Deals(**(usual | columns)), stages=STAGES, until=until)


HOLIDAYS = BusinessCalendar(holidays=[date(2026, 2, 23)])


class Records:
    """Source of the records of a CRM."""

    def __init__(self, fails: str = "") -> None:
        self.fails = fails
        self.asked: list[Window] = []

    def crm(self, window: Window, *, tables: frozenset[str] | None = None) -> CrmData:
        self.asked.append(window)
        if self.fails:
            raise KeyError(self.fails)
        return crm_data(np.datetime64("2026-03-01T00:00:00"))


class Remarkable(Records):
    """Source with remarks and a calendar."""

    def remarks(self) -> Sequence[str]:
        return ["the currency was guessed"]

    def working_calendar(self) -> BusinessCalendar | None:
        return HOLIDAYS


def test_records_are_read_with_what_the_source_tells() -> None:
    source, settings = Records(), CrmSettings()
    made = read_source(part("crm", "files"), source, WINDOW, settings, Redactor())
    whole = crm_data(np.datetime64("2026-03-01T00:00:00"))
    assert made == CrmInput(whole, settings, None, (), WINDOW.since)
    assert source.asked == [WINDOW]
    assert (made.classes, made.past_classes) == (None, None)
    told = read_source(part("crm", "files"), Remarkable(), WINDOW, settings, Redactor())
    assert told.remarks == ("the currency was guessed",)
    assert told.calendar is not None
    assert told.calendar.holidays == HOLIDAYS.holidays
    euros = read_source(
        part("crm", "files"), Records(), WINDOW, CrmSettings(currency="EUR"), Redactor()
    )
    assert str(euros.crm.deals.amount) == "[10. nan]"


def test_a_failing_crm_is_named_without_secrets() -> None:
    with pytest.raises(AbcxyzError) as told:
        read_source(part("crm", "files"), Records("s3cr3t"), WINDOW, CrmSettings(),
                    Redactor(["s3cr3t"]))  # fmt: skip
    assert "files failed (KeyError: '***'); its author can mend that" in str(told.value)
    assert told.value.__cause__ is None
    assert told.value.__context__ is None
    made, problem, _, stages = enriched(crm=(part("crm", "files"), Records("s3cr3t")))
    assert made is classified()
    assert str(problem) == str(told.value)
    assert stages == [("enrich", "files"), "end"]


def test_the_crm_is_reported_on_by_the_classes_of_the_day() -> None:
    """In the window of the analysis; earlier classes count until the day after its result."""
    asked: list[Any] = []

    def past(*words: Any) -> dict[date, dict[Any, str]]:
        asked.append(words)
        return {date(2026, 2, 1): {7: "C"}}

    source, place = Remarkable(), part("crm", "files", id_prefix="")
    made, problem, _, stages = enriched(crm=(place, source), past_classes=past)
    assert problem is None
    assert source.asked == [WINDOW]
    assert asked[0][0] is place
    assert isinstance(made.crm, CrmAnalysis)
    assert (made.crm.as_of, made.crm.window) == (AS_OF, WINDOW)
    assert stages == [("enrich", "files"), "end"]
    assert "the currency was guessed" in str(made.crm.to_dict())


JOB = '[[source]]\nkind = "csv"\npath = "s.csv"\n[[sink]]\nkind = "json"\npath = "o.json"\n'
CRM = '[crm]\nsource = "files"\npath = "crm"\nzone = "Europe/Moscow"\n'


def test_the_crm_of_a_job_is_read_from_its_window_on(tmp_path: Path) -> None:
    folder_of(tmp_path / "crm")
    path = tmp_path / "job.toml"
    path.write_text(JOB + CRM + '[window]\nperiod = "3M"\n', encoding="utf-8")
    today = date(2026, 4, 10)
    made = open_crm(path, today=today)
    assert made.since == date(2026, 1, 1)
    assert made.crm.moment(today) == made.crm.until
    assert (made.classes, made.past_classes) == (None, None)
    earlier = open_crm(path, today=today, as_of=date(2026, 3, 1))
    assert (earlier.since, len(earlier.crm.deals)) == (date(2025, 12, 1), 2)
    assert open_crm(path, today=today, since=date(2026, 3, 15)).since == date(2026, 3, 15)
    for option in ("zone", "decimal"):
        with pytest.raises(ConfigError) as told:
            open_crm(path, today=today, **{option: ","})  # type: ignore[arg-type]
        assert str(told.value) == (
            f"job.toml is a job: write {option} under [crm] instead of on the command line"
        )
    other = tmp_path / "other.TOML"
    other.write_text(JOB, encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        open_crm(other, today=today)
    assert str(told.value) == (
        "other.TOML names no CRM; add a table [crm] with a source and its options"
    )


def test_files_are_read_to_their_end_or_to_a_day(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "crm")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = open_crm(folder, today=date(2026, 3, 1), zone="Europe/Moscow")
        until = open_crm(
            folder, today=date(2026, 3, 1), as_of=date(2026, 3, 10), zone="Europe/Moscow"
        )
    assert (len(whole.crm.deals), len(until.crm.deals)) == (5, 3)
    assert (whole.since, whole.calendar, whole.settings) == (None, None, CrmSettings())
    assert whole.crm.zone == until.crm.zone == "Europe/Moscow"
    assert whole.remarks == until.remarks


def test_a_problem_of_ours_stays_as_it_is() -> None:
    problem = UnavailableError("the CRM is closed; come again")

    class Closed(Records):
        """Source that is closed."""

        def crm(self, window: Window, *, tables: frozenset[str] | None = None) -> CrmData:
            raise problem

    with pytest.raises(UnavailableError) as told:
        read_source(part("crm", "files"), Closed(), WINDOW, CrmSettings(), Redactor())
    assert told.value is problem
    made, found, _, _ = enriched(crm=(part("crm", "files"), Closed()))
    assert found is problem
    assert made == evolve(classified())


def test_the_classes_of_a_job_are_those_of_its_history(tmp_path: Path) -> None:
    """The newest result before the day, and all of them from the day after each on."""
    folder_of(tmp_path / "crm")
    path = tmp_path / "job.toml"
    text = JOB + CRM + '[window]\nperiod = "2M"\n[history]\npath = "history.db"\n'
    path.write_text(text, encoding="utf-8")
    job = read_job(path)
    # Of the customers of the deals, CO_1 falls and CO_3 rises; x has no deal.
    sums = [[90.0, 9.0, 1.0, 50.0], [1.0, 9.0, 90.0, 50.0]]
    with History(tmp_path / "history.db") as history:
        for month, amounts in zip((3, 4), sums, strict=True):
            sales = Transactions(
                ["CO_1", "CO_2", "CO_3", "x"], [date(2026, month - 1, 5)] * 4, amounts
            )
            made = analyze(sales, as_of=date(2026, month, 1), settings=job.settings)
            history.save(made.snapshot, job=job.identity)
    # The deal of CO_2 was lost before the window.
    first, last = {"CO_1": "A", "CO_3": "C"}, {"CO_1": "C", "CO_3": "A"}
    today = date(2026, 5, 10)
    now = open_crm(path, today=today)
    assert now.past_classes == {date(2026, 3, 1): first, date(2026, 4, 1): last}
    assert now.classes == last
    early = open_crm(path, today=today, as_of=date(2026, 3, 20))
    assert early.classes == {"CO_1": "A", "CO_2": "B"}  # CO_3 has its deal from the day on
    assert early.past_classes == {date(2026, 3, 1): early.classes}
    assert open_crm(path, today=today, as_of=date(2026, 2, 20)).classes is None
