# ruff: noqa: DTZ001 - 1C sends naive local time
"""Tests of the source against the emulator, for all ways to read."""

from __future__ import annotations

from datetime import date, datetime

import attrs
import pytest
from tests.emulators.onec.base import Base, Company
from tests.emulators.onec.schema import ref
from tests.onec.sales_fixtures import FLAT, YEAR, Make, lines, sold

from abcxyz import Window
from abcxyz.errors import AbcxyzWarning, ConfigError
from abcxyz.i18n import catalogue
from abcxyz.plugins import ProgressReporter
from abcxyz_onec.sales.account import HIDDEN_SALES, KINDS, REASONS


def test_records_return_every_sale_once(source: Make, company: Company) -> None:
    """Flat records return each sale with day, document and cost; returns are negative."""
    reader = source(metric="profit")
    assert sold(company) == lines(reader.transactions(YEAR))
    left = {issue.kind: (issue.count, issue.amount) for issue in reader.data_quality().issues}  # type: ignore[union-attr]
    assert left == {REASONS["empty"]: (1, 500.0), REASONS["dangling"]: (1, 70.0)}
    assert reader.customer_names()[company.sold[0][0]] == "Альфа"


@pytest.mark.parametrize("read", ["records", "documents", "profit"])
@pytest.mark.parametrize("day", ["2025-12-05", "2026-01-01", "2026-01-02", "2026-02-01"])
def test_halves_add_up(source: Make, company: Company, read: str, day: str) -> None:
    """Two parts of a window return exactly the sales of the whole, for any page size."""
    border = date.fromisoformat(day)
    first = next(iter(company.keys))
    company.sale(first, datetime(2025, 12, 4), 5)  # one record each, so that pages cut documents
    company.sale(first, datetime(2025, 12, 5, 9), 5)  # in one reading and not in the other
    for place in range(61):
        company.sale(first, datetime(2025, 12, 5, 10, place // 3), 0.1, cost=0.7)
    options = {"metric": "profit"} if read == "profit" else {"read": read}
    reader = source(**options, page_mb=1e-6)
    halves = [
        each
        for window in (Window(YEAR.since, border), Window(border, YEAR.until))
        for each in lines(reader.transactions(window))
    ]
    assert sorted(halves) == lines(reader.transactions(YEAR))


def test_keys_that_are_not_published(source: Make, company: Company) -> None:
    """The error names the catalog of keys when only it is missing."""
    company.store.unpublished.add("Catalog_КлючиАналитикиУчетаПоПартнерам")
    with pytest.raises(ConfigError, match="Catalog «Ключи аналитики учета по партнерам»"):
        list(source(read="records").transactions(YEAR))


def test_sales_documents_are_counted_as_in_1c(source: Make, company: Company) -> None:
    """A document is one sale for any number of records; returns and corrections are none."""
    first = next(iter(company.keys))
    key = company.keys[first][0]
    closing = ("Document_РасчетСебестоимостиТоваров", 1)
    company.record(key, datetime(2026, 12, 31), "c" * 36, *closing, Стоимость=5.0)
    sales = lines(source(metric="count").transactions(YEAR))
    expected = {(who, document) for who, _, money, _, document in sold(company) if money > 0}
    assert expected == {(who, document) for who, _, _, _, document in sales}
    whole = lines(source(metric="profit").transactions(YEAR))
    assert {document for who, _, money, _, document in whole if who == first and money > 0} == {
        document for who, document in expected if who == first
    }
    assert sum(cost for who, _, _, cost, _ in whole if who == first) == 5 + sum(
        cost for who, _, _, cost, _ in sold(company) if who == first
    )
    with pytest.raises(ConfigError, match="read = records"):
        list(source(metric="count", read="turnovers").transactions(YEAR))


def test_payments(source: Make, company: Company) -> None:
    """Payments of customers are read with basis payments; other movements are not."""
    first = next(iter(company.keys))
    for line, kind in enumerate(("ПоступлениеОплатыОтКлиента", "ОплатаПоставщику"), 1):
        company.store.add(
            "AccumulationRegister_ДвиженияДенежныеСредстваКонтрагент_RecordType",
            Period="2026-03-05T10:00:00",
            Recorder="d" * 36,
            Recorder_Type="StandardODATA.Document_ПоступлениеБезналичныхДенежныхСредств",
            LineNumber=str(line),
            Active=True,
            ХозяйственнаяОперация=kind,
            Партнер_Key=first,
            СуммаОплаты=line * 100,
        )
    records = lines(source(basis="payments").transactions(YEAR))
    with pytest.warns(AbcxyzWarning, match="neither the number of sales nor their days"):
        turnovers = lines(source(basis="payments", read="turnovers").transactions(YEAR))
    assert records == [(first, date(2026, 3, 5), 100.0, 0.0, "d" * 36)]
    assert turnovers == [(first, date(2026, 3, 1), 100.0, 0.0, "")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"basis": "payments", "read": "documents"}, "no documents of payments"),
        ({"basis": "payments", "metric": "profit"}, "no profit of payments"),
        ({"read": "documents", "metric": "profit"}, "no profit of sales"),
        ({"read": "everything"}, "read is 'everything'"),
        ({"basis": "orders"}, "basis is 'orders'"),
        ({"metric": "margin"}, "metric is 'margin'"),
        ({"entity": "person"}, "entity is 'person'"),
        ({"customer_id": "НетТакого"}, "НетТакого"),
    ],
)
def test_impossible_options_are_refused(
    source: Make, base: Base, options: dict[str, str], message: str
) -> None:
    """Options that cannot be combined are a ConfigError before any request of data."""
    with pytest.raises(ConfigError, match=message):
        list(source(**options).transactions(YEAR))
    assert not any("Catalog" in each.path or "Register" in each.path for each in base.log)


def test_labels_of_quality_in_russian() -> None:
    """Every reason of the data quality has a Russian text."""
    assert {*REASONS.values(), *KINDS.values(), HIDDEN_SALES} - set(catalogue("ru")) == set()


def test_a_register_with_one_type_of_recorder(source: Make, base: Base, company: Company) -> None:
    """A register with one type of recorder has a plain reference to it, and is read as others."""
    expected = [each for each in sold(company, cost=False) if each[2] > 0]
    store = company.store
    flat = store.entities[FLAT]
    fields = [each for each in flat.fields if each.name not in ("Recorder", "Recorder_Type")]
    key = ("Recorder_Key", "LineNumber")
    store.entities[FLAT] = attrs.evolve(
        flat, fields=(*fields, ref("Recorder", "Document_РеализацияТоваровУслуг")), key=key
    )
    store.rows[FLAT] = [
        {**row, "Recorder_Key": row["Recorder"]}
        for row in store.rows[FLAT]
        if (row["СуммаВыручки"] or 0) > 0
    ]
    reader = source(read="records")
    assert expected == lines(reader.transactions(YEAR))
    count = source(read="records", metric="count")
    assert {each[4] for each in expected} == {each[4] for each in lines(count.transactions(YEAR))}


def test_a_release_without_optional_resources(source: Make, company: Company) -> None:
    """Resources that a release of the configuration lacks are left out; others are required."""
    store = company.store
    flat = store.entities[FLAT]
    fields = tuple(each for each in flat.fields if each.name != "ДопРасходы")
    store.entities[FLAT] = attrs.evolve(flat, fields=fields)
    assert sold(company) == lines(source(metric="profit").transactions(YEAR))
    fields = tuple(each for each in fields if each.name != "Стоимость")
    store.entities[FLAT] = attrs.evolve(flat, fields=fields)
    with pytest.raises(ConfigError, match="Стоимость"):
        list(source(metric="profit").transactions(YEAR))


def test_progress_is_reported_while_sales_are_read(source: Make, company: Company) -> None:
    """The number of lines grows during the read, before the first batch is returned."""
    reader = source(read="records")
    assert isinstance(reader, ProgressReporter)
    reported: list[int] = []
    reader.report_progress(lambda done, _total: reported.append(done))
    next(reader.transactions(YEAR))
    assert len(reported) > 20
    assert reported == sorted(reported)
    assert reported[-1] == len(sold(company)) + 2  # lines without a customer are lines, too
