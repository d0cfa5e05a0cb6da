"""Writes one by one: refusals, lost answers, values that 1C did not keep."""

from __future__ import annotations

import attrs
import pytest
from tests.emulators.onec.base import FAULTS, Base, Company, Fault
from tests.onec.writings import (
    EXTRA,
    PLACE,
    PROPERTIES,
    Make,
    analysis,
    shown,
    wished,
)

from abcxyz_onec.sink import PLACES


@pytest.mark.parametrize("into", PLACES)
def test_one_refusal_does_not_stop_the_others(
    sink: Make, base: Base, company: Company, into: str
) -> None:
    """A customer that the configuration refuses is tried once and reported; others are written."""
    result = analysis(company)
    one = next(iter(wished(result)))
    company.store.refuses[PLACE[into], one] = "Клиент «Секрет» закрыт для изменений"
    report = sink(into).write(result, dry_run=False)
    assert list(report.failed) == [one]
    assert "закрыт для изменений" in report.failed[one]
    assert "Секрет" not in report.failed[one]
    assert {who: s for who, s in wished(result).items() if who != one} == shown(company, into)
    assert sum(one.encode() in each.body or one in each.path for each in base.writes) == 1


@pytest.mark.parametrize("into", PLACES)
@pytest.mark.parametrize("fault", ["reset_before", "reset_after", "busy", "gateway"])
def test_a_lost_answer_is_never_followed_by_the_same_request(
    sink: Make, base: Base, company: Company, into: str, fault: str
) -> None:
    """When an answer is lost the sink looks; what has not arrived waits for the next run."""
    result = analysis(company)
    method = "PATCH" if into == "attributes" else "POST"
    base.faults.append(attrs.evolve(FAULTS[fault], when=method))
    report = sink(into).write(result, dry_run=False)
    sent = [(each.path, each.body) for each in base.writes if each.method == method]
    assert len(sent) == len(set(sent))
    arrived = fault == "reset_after"
    assert len(report.failed) == (0 if arrived else 1)
    last = sink(into).write(result, dry_run=False)
    assert last.failed == {}
    assert wished(result) == shown(company, into)


@pytest.mark.parametrize("into", PLACES)
def test_what_1c_only_says_it_wrote(sink: Make, base: Base, company: Company, into: str) -> None:
    """An answer of success with nothing behind it is found out by reading once more."""
    company.store.deaf.add(PLACE[into])
    result = analysis(company)
    report = sink(into).write(result, dry_run=False)
    assert report.failed.keys() == wished(result).keys()
    assert report.written == 0
    assert shown(company, into) == {}


@pytest.mark.parametrize(
    ("break_it", "tries"), [("outage", 3), ("no right", 3)], ids=["outage", "no right"]
)
def test_pointless_work_is_given_up(
    sink: Make, base: Base, company: Company, break_it: str, tries: int
) -> None:
    """Three outages in a row, or three refusals of the right, end the work; all is reported."""
    if break_it == "outage":
        base.faults.append(attrs.evolve(FAULTS["busy"], when="POST", times=99))
    base.read_only = break_it == "no right"
    result = analysis(company)
    report = sink().write(result, dry_run=False)
    assert len(base.writes) == tries
    if base.read_only:
        reason = next(iter(report.failed.values()))
        assert "may not change InformationRegister «Дополнительные сведения»" in reason
    assert report.failed.keys() == wished(result).keys()
    assert (
        sum(reason.startswith("not tried") for reason in report.failed.values())
        == len(report.failed) - tries
    )


def test_a_record_that_appears_meanwhile(sink: Make, base: Base, company: Company) -> None:
    """A key that exists already is changed instead of created."""
    result = analysis(company)
    one = next(iter(wished(result)))
    prop = next(r for r in company.store.rows[PROPERTIES] if r["ЭтоДополнительноеСведение"])
    base.faults.append(
        Fault(
            when="POST",
            then=lambda: company.store.add(
                EXTRA,
                Объект=one,
                Объект_Type="StandardODATA.Catalog_Партнеры",
                Свойство_Key=prop["Ref_Key"],
                Значение="??",
                Значение_Type="Edm.String",
            ),
        )
    )
    report = sink().write(result, dry_run=False)
    assert report.failed == {}
    assert wished(result) == shown(company, "extra")
