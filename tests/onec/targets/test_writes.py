"""Tests of writes: refusals, lost answers, values that 1C did not store."""

from __future__ import annotations

import attrs
import pytest
from tests.emulators.onec.base import FAULTS, Base, Company, Fault
from tests.onec.sink_fixtures import (
    EXTRA,
    PLACE,
    PROPERTIES,
    Make,
    analysis,
    expected_segments,
    shown,
)

from abcxyz_onec.sink import PLACES


@pytest.mark.parametrize("into", PLACES)
def test_one_refusal_does_not_stop_the_others(
    sink: Make, base: Base, company: Company, into: str
) -> None:
    """A refused customer is tried once and reported; others are written."""
    result = analysis(company)
    one = next(iter(expected_segments(result)))
    company.store.refuses[PLACE[into], one] = "Клиент «Секрет» закрыт для изменений"
    report = sink(into).write(result, dry_run=False)
    assert list(report.failed) == [one]
    assert "закрыт для изменений" in report.failed[one]
    assert "Секрет" not in report.failed[one]
    assert {who: s for who, s in expected_segments(result).items() if who != one} == shown(
        company, into
    )
    # The first card is also sent with another version, which 1C refuses with 412.
    tried = [each for each in base.writes if each.status != 412]
    assert sum(one.encode() in each.body or one in each.path for each in tried) == 1


@pytest.mark.parametrize("into", PLACES)
@pytest.mark.parametrize("fault", ["reset_before", "reset_after", "busy", "gateway"])
def test_a_write_with_a_lost_answer_is_not_repeated(
    sink: Make, base: Base, company: Company, into: str, fault: str
) -> None:
    """After a lost answer the sink reads; a write not applied is left to the next run."""
    result = analysis(company)
    method = "PATCH" if into == "attributes" else "POST"
    if into == "attributes":
        base.faults.append(Fault(when=method))  # the test of versions, which 1C refuses
    base.faults.append(attrs.evolve(FAULTS[fault], when=method))
    report = sink(into).write(result, dry_run=False)
    tried = [each for each in base.writes if each.status != 412]
    sent = [(each.path, each.body) for each in tried if each.method == method]
    assert len(sent) == len(set(sent))
    arrived = fault == "reset_after"
    assert len(report.failed) == (0 if arrived else 1)
    last = sink(into).write(result, dry_run=False)
    assert last.failed == {}
    assert expected_segments(result) == shown(company, into)


@pytest.mark.parametrize("into", PLACES)
def test_writes_that_1c_ignores_are_reported(
    sink: Make, base: Base, company: Company, into: str
) -> None:
    """A successful answer without a stored value is detected by reading back."""
    company.store.ignores_writes.add(PLACE[into])
    result = analysis(company)
    report = sink(into).write(result, dry_run=False)
    assert report.failed.keys() == expected_segments(result).keys()
    assert report.written == 0
    assert shown(company, into) == {}


@pytest.mark.parametrize(
    ("break_it", "tries"), [("outage", 3), ("no right", 3)], ids=["outage", "no right"]
)
def test_three_failures_in_a_row_stop_the_writes(
    sink: Make, base: Base, company: Company, break_it: str, tries: int
) -> None:
    """Three outages or refusals for lack of rights in a row stop the writes; all are reported."""
    if break_it == "outage":
        base.faults.append(attrs.evolve(FAULTS["busy"], when="POST", times=99))
    base.read_only = break_it == "no right"
    result = analysis(company)
    report = sink().write(result, dry_run=False)
    assert len(base.writes) == tries
    if base.read_only:
        reason = next(iter(report.failed.values()))
        assert "may not change InformationRegister «Дополнительные сведения»" in reason
    assert report.failed.keys() == expected_segments(result).keys()
    assert (
        sum(reason.startswith("not tried") for reason in report.failed.values())
        == len(report.failed) - tries
    )


def test_a_record_that_appears_meanwhile(sink: Make, base: Base, company: Company) -> None:
    """A record created meanwhile is changed instead of created."""
    result = analysis(company)
    one = next(iter(expected_segments(result)))
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
    assert expected_segments(result) == shown(company, "extra")
