"""Tests of row-level security: hidden rows are left out, and hidden customers keep their class."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import attrs
import pytest
from tests.emulators.onec.base import FAULTS, Base, Company
from tests.onec.sales_fixtures import by_month, lines, sold
from tests.onec.sink_fixtures import (
    AS_OF,
    NATIVE,
    Make,
    analysis,
    company,
    expected_segments,
    shown,
    sink,
)

from abcxyz import Quality, QualityIssue, Settings, Window, analyze
from abcxyz.errors import AbcxyzWarning, AuthenticationError
from abcxyz_onec.sales.account import HIDDEN_SALES, REASONS
from abcxyz_onec.sink import PLACES
from abcxyz_onec.source import OneCSource

__all__ = ["company", "sink"]

YEAR = Window(date(2025, 1, 1), date(2027, 1, 1))
_SALES = "AccumulationRegister_ВыручкаИСебестоимостьПродаж"
_HIDES = "ignore:.*may not see"
Source = Callable[..., OneCSource]


def hide(base: Base, customer: str, *, card: bool = True) -> None:
    """Hide a customer's sales from the robot, and the card with the keys."""
    store, keys = base.store, set()
    for key in store.rows["Catalog_КлючиАналитикиУчетаПоПартнерам"]:
        if key["Партнер_Key"] == customer:
            keys.add(key["Ref_Key"])
    base.restricted.add("Робот")
    store.hidden[f"{_SALES}_RecordType"] = keys
    if card:
        store.hidden["Catalog_Партнеры"] = {customer}
        store.hidden["Catalog_КлючиАналитикиУчетаПоПартнерам"] = keys


def test_hidden_customers(source: Source, base: Base, company: Company) -> None:
    """Hidden rows stop the read; with allowed_only they are left out with a warning."""
    base.restricted.add("Робот")
    first = next(iter(company.keys))
    company.store.hidden["Catalog_Партнеры"] = {first}
    with pytest.raises(AuthenticationError, match="allowed_only"):
        list(source().transactions(YEAR))
    with pytest.raises(AuthenticationError, match="Catalog «Партнеры»"):
        source().preflight()
    reader = source(allowed_only=True)
    with pytest.warns(AbcxyzWarning, match="may not see"):
        sales = lines(reader.transactions(YEAR))
    assert first not in {who for who, *_ in sales}
    left = {issue.kind: issue.amount for issue in reader.data_quality().issues}  # type: ignore[union-attr]
    assert left[REASONS["unknown"]] == sum(each[2] for each in sold(company) if each[0] == first)
    assert HIDDEN_SALES not in left


@pytest.mark.filterwarnings(_HIDES)
@pytest.mark.parametrize("served", [True, False])
@pytest.mark.parametrize("read", ["auto", "turnovers"])
def test_turnovers_with_hidden_rows(
    source: Source, base: Base, company: Company, read: str, served: bool
) -> None:
    """Turnovers leave hidden rows out, and where the base cannot do so, auto takes records."""
    first = next(iter(company.keys))
    hide(base, first)
    base.virtual_allowed_only = served
    reader = source(read=read, bucket="month", allowed_only=True)
    if read == "turnovers" and not served:
        with pytest.raises(AuthenticationError, match="read = records"):
            list(reader.transactions(YEAR))
        return
    sales = lines(reader.transactions(YEAR))
    assert by_month(each for each in sold(company) if each[0] != first) == by_month(sales)
    kinds = {issue.kind: issue.count for issue in reader.data_quality().issues}  # type: ignore[union-attr]
    assert kinds[HIDDEN_SALES] >= 1


@pytest.mark.filterwarnings(_HIDES)
@pytest.mark.parametrize("into", PLACES)
@pytest.mark.parametrize("card", [True, False])
def test_hidden_customers_keep_their_class(
    sink: Make, source: Source, base: Base, company: Company, into: str, card: bool
) -> None:
    """A customer whose card or sales are hidden from the robot keeps the class it shows."""
    sink(into).write(analysis(company), dry_run=False)
    before = shown(company, into)
    first = next(iter(company.keys))
    hide(base, first, card=card)
    settings = Settings(period="12M")
    sales = source(allowed_only=True).transactions(settings.periods(AS_OF).span)
    seen = analyze(sales, as_of=AS_OF, settings=settings)
    assert first not in expected_segments(seen)
    report = sink(into, allowed_only=True).write(seen, dry_run=False)
    assert report.failed == {}
    assert shown(company, into)[first] == before[first]
    assert any("hidden from the user" in note for note in report.notes)


@pytest.mark.parametrize("into", PLACES)
def test_sales_read_in_part_take_no_class_away(sink: Make, company: Company, into: str) -> None:
    """Where the source could not see every sale, a customer without sales keeps the class."""
    sink(into).write(analysis(company), dry_run=False)
    first = next(iter(company.keys))
    before = shown(company, into)[first]
    company.sold[:] = [each for each in company.sold if each[0] != first]
    issue = QualityIssue(HIDDEN_SALES, 1, None, "left_out")
    partial = attrs.evolve(analysis(company), quality=Quality(9, 9, (issue,)))
    sink(into).write(partial, dry_run=False)
    assert shown(company, into)[first] == before
    sink(into).write(analysis(company), dry_run=False)
    assert shown(company, into).get(first) != before


@pytest.mark.filterwarnings(_HIDES)
def test_the_register_of_classes_may_be_hidden(sink: Make, base: Base, company: Company) -> None:
    """With allowed_only the last classes are read even where 1C refuses the slice of them."""
    result = analysis(company)
    sink("ut11").write(result, dry_run=False)
    first = next(iter(company.keys))
    base.restricted.add("Робот")
    base.virtual_allowed_only = False
    company.store.hidden[NATIVE] = {first}
    before = len(base.writes)
    report = sink("ut11", allowed_only=True).write(result, dry_run=True)
    assert (report.written, report.failed) == (1, {})
    assert len(base.writes) == before


@pytest.mark.filterwarnings(_HIDES)
def test_no_right_to_read_at_all(source: Source, base: Base) -> None:
    """A set without any right to it is an error that does not advise what is set already."""
    refused = b'{"odata.error": {"code": "20", "message": {"value": "no"}}}'
    fault = attrs.evolve(
        FAULTS["busy"], status=401, kind="application/json", body=refused, times=99
    )
    base.faults.append(attrs.evolve(fault, when="Catalog_Партнеры"))
    with pytest.raises(AuthenticationError, match="allowed_only or not"):
        list(source(allowed_only=True).transactions(YEAR))
