"""Enricher ``dadata`` over loopback HTTP: attributes, limits, cache, refusals, privacy."""

from __future__ import annotations

import json
import random
import traceback
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.emulators import dadata as emulator
from tests.emulators.dadata import record

from abcxyz.companies.dadata.enricher import DadataEnricher
from abcxyz.errors import (
    AdapterError,
    AuthenticationError,
    BadDataError,
    ConfigError,
    UnavailableError,
)
from abcxyz.toolkit.backoff import Backoff
from abcxyz.toolkit.clock import ManualClock, local_date

NOW = 1_795_953_600.0  # 2026-11-29 12:00 UTC
BUILDER, PLANT, TWIN, PERSON = "7709000010", "5406000025", "9715000051", "770900001057"
WELL_KNOWN = record("7825706086", "ООО АГРО")


def inns(count: int) -> list[str]:
    weights = (2, 4, 10, 3, 5, 9, 4, 6, 8)
    found = []
    for n in range(20_000_000, 20_000_000 + count):
        digits = f"{n:09d}"
        total = sum(w * int(d) for w, d in zip(weights, digits, strict=True))
        found.append(f"{digits}{total % 11 % 10}")
    return found


@pytest.fixture
def service() -> Iterator[emulator.Service]:
    firms = [
        WELL_KNOWN,
        record(BUILDER, 'ООО "ПРИМЕР-СТРОЙ"', okved="41.20", employees=12, revenue=117_900_000),
        record(PLANT, 'АО "ПРИМЕР-ЗАВОД"', city="Новосибирск", region="54", okved="25.11"),
    ]
    with emulator.serving(*firms) as running:
        yield running


Made = Callable[..., DadataEnricher]


@pytest.fixture
def made(service: emulator.Service, tmp_path: Path) -> Iterator[Made]:
    opened = []

    def make(**options: Any) -> DadataEnricher:
        settings: dict[str, Any] = {
            "token": emulator.KEY,
            "cache": tmp_path / "answers.db",
            "base_url": service.url,
            "clock": ManualClock(NOW),
            "backoff": Backoff(random=lambda: 0.5),
        }
        enricher = DadataEnricher(**settings | options)
        opened.append(enricher)
        return enricher

    yield make
    for one in opened:
        one.close()


def test_attributes_have_dates_and_sources(made: Made) -> None:
    """Turnover of a year, industry by code, region, status; unknown numbers are left out."""
    found = made().customers([BUILDER, "7707000030", PERSON, "no number"])
    assert found == {
        BUILDER: {
            "turnover": 117_900_000.0,
            "turnover_as_of": "2025-12-31",
            "turnover_source": "dadata",
            "employees": 12,
            "employees_as_of": "2025-12-31",
            "employees_source": "dadata",
            "industry": "F",
            "industry_as_of": "2026-11-20",
            "industry_source": "dadata",
            "industry_code": "41.20",
            "region": "77",
            "region_as_of": "2026-11-20",
            "region_source": "dadata",
            "status": "active",
            "status_as_of": "2026-11-20",
            "status_source": "dadata",
            "founded": 2017,
            "founded_source": "dadata",
            "legal_form": "ООО",
            "legal_form_source": "dadata",
        }
    }


def test_requests_have_the_agreed_form(made: Made, service: emulator.Service) -> None:
    """Main organisations alone are asked for."""
    made().customers([BUILDER])
    assert service.queries[-1] == {
        "query": BUILDER,
        "branch_type": "MAIN",
        "type": "LEGAL",
        "count": 2,
    }


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({"paid": False}, {"turnover", "employees"}),
        ({"employees": None, "revenue": None}, {"turnover", "employees"}),
        ({"employees": "x", "revenue": "many"}, {"turnover", "employees"}),
        ({"year": 2023}, {"turnover"}),
        ({"okved": "4120"}, {"industry"}),
        ({"okved_type": "2001"}, {"industry"}),
        ({"address": None}, {"region"}),
        ({"state": None}, {"status", "founded"}),
        ({"opf": None}, {"legal_form"}),
        ({"finance": "none", "address": [], "state": 5, "opf": "x"},
         {"turnover", "region", "status", "founded", "legal_form"}),
    ],
)  # fmt: skip
def test_absent_fields_are_unknown(
    made: Made, service: emulator.Service, fields: dict[str, Any], missing: set[str]
) -> None:
    """Null, absent, unreadable or too old is left out, never 0."""
    service.records[1:] = [record(BUILDER, "-", **fields)]
    found = made().customers([BUILDER])[BUILDER]
    names = {"turnover", "employees", "industry", "region", "status", "founded", "legal_form"}
    # The number of employees has the year of the statement for its date.
    missing = missing | ({"employees"} if fields.get("year") == 2023 else set())
    assert names - set(found) == missing


def test_numbers_may_be_text_and_dates_negative(made: Made, service: emulator.Service) -> None:
    """An amount with spaces and a comma is a number; a time before 1970 is a year."""
    state = {"status": "LIQUIDATING", "registration_date": -86_400_000, "actuality_date": None}
    service.records[1:] = [
        record(BUILDER, "-", employees="12", revenue="118 250 000,50", state=state)
    ]
    found = made().customers([BUILDER])[BUILDER]
    assert (found["employees"], found["turnover"], found["founded"]) == (12, 118_250_000.5, 1969)
    assert found["status"] == "liquidating"


def test_branches_and_persons_are_not_taken(made: Made, service: emulator.Service) -> None:
    """A branch that comes first is passed over; a person's record is as if not found."""
    branch = record(BUILDER, "-", employees=3, branch="BRANCH")
    service.records[1:] = [branch, record(BUILDER, "-"), record(PLANT, "-", kind="INDIVIDUAL")]
    found = made().customers([BUILDER, PLANT])
    assert set(found) == {BUILDER}
    assert found[BUILDER]["employees"] == 120


def test_no_number_of_a_person_is_sent_and_nothing_personal_kept(
    made: Made, service: emulator.Service, tmp_path: Path
) -> None:
    """Requests and every byte of the cache hold neither persons nor the key."""
    enricher = made(by=["inn", "name"])
    enricher.fill({PERSON: {"name": "Примеров Пример"}, "L2": {"inn": PERSON}, BUILDER: {},
                   "L3": {"name": "Примеров Пример Примерович"}})  # fmt: skip
    sent = json.dumps(service.queries, ensure_ascii=False)
    assert PERSON not in sent
    assert "Примеров" not in sent
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert BUILDER.encode() in stored
    for trace in (*emulator.PERSONAL, PERSON, emulator.KEY, "ПРИМЕР-СТРОЙ"):
        assert trace.encode() not in stored
        assert trace.encode("unicode_escape") not in stored
    assert any("natural person" in note for note in enricher.enrichment_notes())
    assert any("1 names without the legal form" in note for note in enricher.enrichment_notes())


def test_a_second_run_asks_nothing(made: Made, service: emulator.Service) -> None:
    """Answers, also "not found", are fresh for a month; then they are asked for again."""
    ids = [BUILDER, PLANT, "7707000030"]
    first = made().customers(ids)
    asked = service.number
    assert asked == 4  # three, and one that shows the tariff
    assert made().customers(ids) == first
    assert service.number == asked
    later = made(clock=ManualClock(NOW + 31 * 86_400))
    later.customers(ids)
    assert service.number == 2 * asked


def test_a_better_tariff_is_asked_again(made: Made, service: emulator.Service) -> None:
    """Values that were not paid for are not remembered as unknown."""
    service.records[:] = [record(WELL_KNOWN["inn"], "-", paid=False),
                          record(BUILDER, "-", paid=False)]  # fmt: skip
    assert "turnover" not in made().customers([BUILDER])[BUILDER]
    service.records[:] = [WELL_KNOWN, record(BUILDER, "-")]
    tomorrow = made(clock=ManualClock(NOW + 86_400))
    assert tomorrow.customers([BUILDER])[BUILDER]["turnover"] == 640_000_000.0


def test_few_connections_for_many_numbers(made: Made, service: emulator.Service) -> None:
    """One kept connection, within the pace."""
    many = inns(300)
    service.records += [record(one, "-") for one in many]
    clock = ManualClock(NOW)
    found = made(clock=clock).customers(many)
    assert len(found) == 300
    assert service.connections <= 2
    assert clock.now() - NOW >= 300 / 20 - 1


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        (emulator.status(401), AuthenticationError, r"refuses the key \(status 401\)"),
        (emulator.forbidden, AuthenticationError, r"refuses the key \(status 403\)"),
        (emulator.status(400), BadDataError, "status 400"),
        (emulator.status(405), BadDataError, "status 405"),
        (emulator.status(413), BadDataError, "status 413"),
        (emulator.status(302, Location="http://127.0.0.2/"), BadDataError, "status 302"),
        (emulator.body(b"{}"), BadDataError, "no list of suggestions"),
        (emulator.body(b"[1]"), BadDataError, "no list of suggestions"),
        (emulator.body(b'{"suggestions": "' + b"x" * 10_000_000 + b'"}'), UnavailableError,
         "larger than 4 MB"),
    ],
)  # fmt: skip
def test_a_refusal_of_the_first_request_is_an_error(
    made: Made, service: emulator.Service, fault: emulator.Fault, error: type[AdapterError],
    message: str,
) -> None:  # fmt: skip
    """It is named, once, and no message or traceback holds the key."""
    service.faults = {1: fault}
    with pytest.raises(error, match=message) as caught:
        made().customers([BUILDER])
    assert service.number == 1
    shown = "".join(traceback.format_exception(caught.value))
    assert emulator.KEY not in shown + repr(caught.value) + repr(caught.value.__dict__)


@pytest.mark.parametrize(
    "fault",
    [
        emulator.status(429),
        emulator.status(429, Retry_After="5"),
        emulator.status(500),
        emulator.status(503),
        emulator.body(b"<html><body>maintenance</body></html>"),
        emulator.body(b'{"suggestions": ['),
        emulator.cut,
    ],
)
def test_a_passing_failure_is_repeated(
    made: Made, service: emulator.Service, fault: emulator.Fault
) -> None:
    """Twice it fails, then the answer is taken; after four failures there is an error."""
    service.faults = {1: fault, 2: fault}
    clock = ManualClock(NOW)
    assert BUILDER in made(clock=clock).customers([BUILDER])
    assert clock.now() > NOW + 1
    service.faults = dict.fromkeys(range(service.number + 1, service.number + 50), fault)
    tried = service.number
    enricher = made(token="another-key-0123456789")
    with pytest.raises(AdapterError):
        enricher.customers([BUILDER])
    assert service.number == tried + 4


def test_too_many_requests_halve_the_pace(made: Made, service: emulator.Service) -> None:
    """After a 429 the next requests are slower."""
    many = inns(40)
    service.records += [record(one, "-") for one in many]
    service.faults = {2: emulator.status(429)}
    clock = ManualClock(NOW)
    made(clock=clock).customers(many)
    assert clock.now() - NOW >= 40 / 10 - 1


def test_the_daily_limit_of_the_service_keeps_what_came(
    made: Made, service: emulator.Service
) -> None:
    """A 403 after successes is the limit; the next day the rest is asked for alone."""
    many = inns(10)
    service.records += [record(one, "-") for one in many]
    service.daily = 5
    enricher = made()
    assert len(enricher.customers(many)) == 4
    notes = [*enricher.enrichment_notes()]
    assert any("asked 4 of 10: the daily limit of dadata" in note for note in notes)
    assert emulator.KEY not in str(notes)
    service.day, service.daily, before = "two", 100, service.number
    assert len(made(clock=ManualClock(NOW + 86_400)).customers(many)) == 10
    assert service.number - before == 7


def test_the_own_daily_limit_is_kept_across_runs(made: Made, service: emulator.Service) -> None:
    """The counter is in the file, by the day of Moscow."""
    many = inns(10)
    service.records += [record(one, "-") for one in many]
    assert len(made(daily=6).customers(many)) == 5
    with pytest.raises(AdapterError, match="limit of 6 requests a day"):
        made(daily=6).customers([BUILDER])
    assert service.number == 6
    # 21:00 in London is midnight in Moscow.
    assert len(made(daily=6, clock=ManualClock(NOW + 9.01 * 3600)).customers(many[:8])) == 8


def test_one_refused_number_does_not_stop_the_others(
    made: Made, service: emulator.Service
) -> None:
    """It is counted and left out."""
    service.faults = {2: emulator.status(400)}
    enricher = made()
    assert set(enricher.customers([BUILDER, PLANT])) == {PLANT}
    assert any("1 request was refused" in note for note in enricher.enrichment_notes())


def test_preflight_names_what_the_tariff_gives(made: Made, service: emulator.Service) -> None:
    """One request; empty fields mean "not paid for"."""
    assert list(made().preflight()) == ["the tariff of the key gives turnover and employees"]
    service.records[0] = record(WELL_KNOWN["inn"], "-", paid=False)
    (line,) = made().preflight()
    assert "does not give turnover, employees: empty means not paid for, not small" in line
    assert service.number == 2


def test_stale_values_are_counted(made: Made, service: emulator.Service) -> None:
    """With attribute and year."""
    service.records[1:] = [record(BUILDER, "-", year=2023), record(PLANT, "-")]
    enricher = made()
    enricher.customers([BUILDER, PLANT])
    assert "turnover: 1 of 2 values is of 2023 and left out as too old" in [
        *enricher.enrichment_notes()
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"token": ""}, "token of dadata is empty"),
        ({"token": "ключ"}, "token of dadata is empty or holds signs"),
        ({"by": "inn"}, "by is 'inn'; use"),
        ({"by": ["phone"]}, "by is"),
        ({"accept": 0.8}, "accept is 0.8; use more than 0.9"),
        ({"daily": 0}, "daily is 0; use one or more"),
        ({"industry": "word"}, "industry is 'word'; use section, class, code"),
        ({"base_url": "http://example.com"}, "use https"),
    ],
)
def test_wrong_options_are_refused(made: Made, options: dict[str, Any], message: str) -> None:
    """Before anything is sent; a key goes over https alone."""
    with pytest.raises(ConfigError, match=message):
        made(**options).customers([BUILDER])


# -- by name ---------------------------------------------------------------------------------


def test_an_equal_name_in_an_equal_city_is_taken(made: Made, service: emulator.Service) -> None:
    """The attributes come with the INN, its source and the confidence."""
    lead = {"L1": {"name": "ооо «Пример-Строй»", "city": "Москва"}}
    found = made(by=["inn", "name"]).fill(lead)["L1"]
    assert (found["inn"], found["inn_source"], found["inn_confidence"]) == (
        BUILDER,
        "dadata:name",
        1.0,
    )
    assert found["employees"] == 12
    assert service.queries[0]["locations"] == [{"city": "Москва"}]


@pytest.mark.parametrize(
    "lead",
    [
        {"name": "ООО Пример-Строй"},
        {"name": "ООО Пример-Строймаш", "city": "Москва"},
        {"name": "АО Пример-Заводы", "city": "Новосибирск"},
    ],
)
def test_a_likeness_is_proposed_and_not_taken(made: Made, lead: dict[str, object]) -> None:
    """Without a city, or with another name, the lead gets nothing and people get candidates."""
    enricher = made(by=["inn", "name"])
    assert enricher.fill({"L1": lead}) == {}
    assert any("L1: not sure which organisation" in note for note in enricher.enrichment_notes())


def test_of_two_equal_names_none_is_taken(made: Made, service: emulator.Service) -> None:
    """Twins in one city cannot be told apart."""
    service.records.append(record(TWIN, 'ООО "ПРИМЕР СТРОЙ"', okved="41.20"))
    enricher = made(by=["inn", "name"])
    assert enricher.fill({"L1": {"name": "ООО Пример-Строй", "city": "Москва"}}) == {}
    (note,) = [one for one in enricher.enrichment_notes() if "not sure" in one]
    assert BUILDER in note
    assert f"{TWIN} ООО" in note


@pytest.mark.slow
def test_of_a_thousand_names_none_is_taken_wrongly(made: Made, service: emulator.Service) -> None:
    """With planted twins and misspellings, every accepted match is the right one."""
    chance = random.Random(5)
    letters = "АБВГДЕЖЗИКЛМНОПРСТУФХ"
    numbers = inns(1000)
    names = ["".join(chance.choices(letters, k=7)) for _ in numbers]
    leads, truth = {}, {}
    for place, (inn, name) in enumerate(zip(numbers, names, strict=True)):
        service.records.append(record(inn, f'ООО "{name}"'))
        written = name
        if place % 3 == 1:  # a twin in the same city
            service.records.append(record(numbers[place][::-1], f'ООО "{name}"'))
        elif place % 3 == 2:  # a misspelling
            spot = chance.randrange(7)
            written = name[:spot] + chance.choice(letters) + name[spot + 1 :]
        leads[f"L{place}"] = {"name": f"ООО {written}", "city": "Москва"}
        truth[f"L{place}"] = inn
    found = made(by=["inn", "name"], clock=ManualClock(NOW, step=0.0)).fill(leads)
    assert all(values["inn"] == truth[key] for key, values in found.items())
    assert len(found) > 300


def test_today_is_the_day_of_the_clock() -> None:
    """The constant of the tests is the day that they speak of."""
    assert local_date(ManualClock(NOW)) == date(2026, 11, 29)
