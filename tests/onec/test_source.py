# ruff: noqa: DTZ001 - 1C sends naive local time
"""Tests of the source against the emulator, for all ways to read."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.emulators.onec.base import FAULTS, ZERO, Base, Company

from abcxyz import Transactions, Window, period_start
from abcxyz.errors import (
    AbcxyzWarning,
    BadDataError,
    ConfigError,
    UnavailableError,
)
from abcxyz.i18n import catalogue
from abcxyz.toolkit import ManualClock
from abcxyz_onec.sales.account import HIDDEN_SALES, KINDS, REASONS
from abcxyz_onec.source import OneCSource

Make = Callable[..., OneCSource]

_YEAR = Window(date(2025, 1, 1), date(2027, 1, 1))
_FLAT = "AccumulationRegister_ВыручкаИСебестоимостьПродаж_RecordType"
_SALE = "Document_РеализацияТоваровУслуг"


def lines(batches: Iterable[Transactions]) -> list[tuple[Any, ...]]:
    """Return the lines of batches: customer, day, money, cost, document."""
    out = []
    for batch in batches:
        count = len(batch)
        cost = [0.0] * count if batch.cost is None else batch.cost.tolist()
        document = [""] * count if batch.document is None else batch.document.tolist()
        out += list(
            zip(
                batch.customer.tolist(),
                batch.day.tolist(),
                [round(each, 6) for each in batch.amount.tolist()],
                cost,
                document,
                strict=True,
            )
        )
    return sorted(out)


def by_month(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[str, int, int], float]:
    """Return the sums of money per customer and month."""
    sums: defaultdict[tuple[str, int, int], float] = defaultdict(float)
    for customer, day, money, *_ in rows:
        sums[customer, day.year, day.month] += money
    return {key: round(value, 6) for key, value in sums.items()}


def by_day(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the sums of money per customer and day."""
    sums: defaultdict[tuple[str, date], float] = defaultdict(float)
    for customer, day, money, *_ in rows:
        sums[customer, day] += money
    return [(*key, value) for key, value in sums.items()]


def sold(company: Company, window: Window = _YEAR, *, cost: bool = True) -> list[tuple[Any, ...]]:
    """Return the lines that a reader must return."""
    return sorted(
        (who, day, float(money), spent if cost else 0.0, document)
        for who, day, money, spent, document in company.sold
        if day in window
    )


def test_records_return_every_sale_once(source: Make, company: Company) -> None:
    """Flat records return each sale with day, document and cost; returns are negative."""
    reader = source(metric="profit")
    assert sold(company) == lines(reader.transactions(_YEAR))
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
        for window in (Window(_YEAR.since, border), Window(border, _YEAR.until))
        for each in lines(reader.transactions(window))
    ]
    assert sorted(halves) == lines(reader.transactions(_YEAR))


def test_turnovers_are_the_months_of_the_records(source: Make, company: Company) -> None:
    """Turnovers return the money of each month, dated by its first day, without documents."""
    sales = lines(source(read="turnovers", bucket="month").transactions(_YEAR))
    assert by_month(sold(company)) == by_month(sales)
    assert {(day.day, document) for _, day, _, _, document in sales} == {(1, "")}


@pytest.mark.parametrize("read", ["records", "turnovers"])
@pytest.mark.parametrize("revenue", [None, 0.0])
def test_cost_alone_is_no_sale(
    source: Make, company: Company, read: str, revenue: float | None
) -> None:
    """A correction of cost is not a sale, and changes the profit only."""
    idle = list(company.keys)[7]
    closing = ("Document_РасчетСебестоимостиТоваров", 1)
    money: Any = {"Стоимость": 5.0} | ({} if revenue is None else {"СуммаВыручки": revenue})
    company.record(company.keys[idle][0], datetime(2026, 1, 31), "c" * 36, *closing, **money)
    sales = lines(source(read=read).transactions(_YEAR))
    assert by_month(sold(company)) == by_month(sales)
    profit = lines(source(read=read, metric="profit").transactions(_YEAR))
    assert [each[2:4] for each in profit if each[0] == idle] == [(0.0, 5.0)]


def test_turnovers_of_weeks(source: Make, company: Company) -> None:
    """Weeks are cut at the borders of months and ten-day periods."""
    window = Window(date(2026, 1, 1), date(2026, 3, 1))
    sales = lines(source(read="turnovers", bucket="week").transactions(window))
    sums: defaultdict[tuple[str, date], float] = defaultdict(float)
    for who, day, money, *_ in sold(company, window):
        starts = (window.since, period_start(day, "week"), period_start(day, "ten_days"))
        sums[who, max(starts)] += money
    assert dict(sums) == {(who, day): money for who, day, money, *_ in by_day(sales)}


def test_documents_where_the_register_is_not_published(source: Make, company: Company) -> None:
    """Without the register documents are read, with a warning of what to publish."""
    company.store.unpublished |= {_FLAT, _FLAT.removesuffix("_RecordType")}
    with pytest.warns(AbcxyzWarning, match="Выручка и себестоимость продаж") as caught:
        sales = lines(source().transactions(_YEAR))
    assert sold(company, cost=False) == sales
    assert "Документ" not in str(caught[0].message)
    assert "Document «Реализация товаров услуг»" in str(caught[0].message)
    with pytest.raises(ConfigError, match="Выручка и себестоимость продаж"):
        list(source(metric="profit").transactions(_YEAR))
    with pytest.raises(ConfigError, match="Выручка и себестоимость продаж"):
        list(source(read="records").transactions(_YEAR))


def test_a_kind_of_document_that_is_not_published(source: Make, company: Company) -> None:
    """A warning names unpublished documents of returns."""
    company.store.unpublished.add("Document_ВозвратТоваровОтКлиента")
    with pytest.warns(AbcxyzWarning, match="Возврат товаров от клиента"):
        sales = lines(source(read="documents").transactions(_YEAR))
    assert [each for each in sold(company, cost=False) if each[2] > 0] == sales


def test_keys_that_are_not_published(source: Make, company: Company) -> None:
    """The error names the catalog of keys when only it is missing."""
    company.store.unpublished.add("Catalog_КлючиАналитикиУчетаПоПартнерам")
    with pytest.raises(ConfigError, match="Catalog «Ключи аналитики учета по партнерам»"):
        list(source(read="records").transactions(_YEAR))


def test_rates_of_the_day(source: Make, company: Company) -> None:
    """A document without a rate is converted at the last rate before it."""
    place = "InformationRegister_КурсыВалют"
    for day, rate in (("2026-02-01", 80), ("2026-02-05", 100)):
        company.store.add(
            place,
            Валюта_Key=company.dollar,
            Period=f"{day}T00:00:00",
            Курс=rate * 10,
            Кратность=10,
        )
    for row in company.store.rows[_SALE]:
        row["КурсЗнаменатель"] = 0
    sales = lines(source(read="documents").transactions(_YEAR))
    assert [money for _, day, money, *_ in sales if day == date(2026, 2, 4)] == [8000.0]


def test_a_missing_rate_is_an_error(source: Make, company: Company) -> None:
    """A document without any rate is an error."""
    company.store.rows["InformationRegister_КурсыВалют"].clear()
    for row in company.store.rows[_SALE]:
        row["КурсЗнаменатель"] = 0
    with pytest.raises(BadDataError, match=r"no rate of the currency .* 2026-02-04"):
        list(source(read="documents").transactions(_YEAR))


@pytest.mark.parametrize("read", ["records", "turnovers", "documents"])
def test_customers_left_out(source: Make, company: Company, read: str) -> None:
    """Predefined and deleted customers are left out; their money is in the data quality."""
    retail = company.customer("РозничныйПокупатель", Predefined=True)
    gone = company.customer("Старый", DeletionMark=True)
    company.sale(retail, datetime(2026, 3, 1), 1000)
    company.sale(gone, datetime(2026, 3, 1), 300)
    reader = source(read=read)
    sales = lines(reader.transactions(_YEAR))
    assert {retail, gone} & {who for who, *_ in sales} == set()
    left = {issue.kind: issue.amount for issue in reader.data_quality().issues}  # type: ignore[union-attr]
    assert (left[REASONS["predefined"]], left[REASONS["deleted"]]) == (1000.0, 300.0)


def test_counterparties(source: Make, company: Company) -> None:
    """Each counterparty is a customer; organisations of the company are not."""
    partner = company.sold[0][0]
    organisation = company.store.add("Catalog_Организации", Description="Мы")
    key = company.store.get("Catalog_КлючиАналитикиУчетаПоПартнерам", company.keys[partner][1])
    key |= {"Контрагент": organisation, "Контрагент_Type": "StandardODATA.Catalog_Организации"}
    reader = source(entity="counterparty")
    sales = {who for who, *_ in lines(reader.transactions(_YEAR))}
    legal = {
        row["Ref_Key"]: row["Партнер_Key"] for row in company.store.rows["Catalog_Контрагенты"]
    }
    assert sales <= set(legal)
    assert [legal[who] for who in sales].count(partner) == 1
    other = next(i for i in reader.data_quality().issues if i.kind == REASONS["other"])  # type: ignore[union-attr]
    assert other.count > 3


@pytest.mark.parametrize(
    ("customer_id", "expected"),
    [("code", "К-00000"), ("inn", "7700000000"), ("Регион", "Север")],
)
def test_identifiers(source: Make, company: Company, customer_id: str, expected: str) -> None:
    """Customers are identified by code, INN or any attribute, else by their reference."""
    first, second = list(company.keys)[:2]
    company.store.get("Catalog_Партнеры", first)["Регион"] = "Север"
    for row in company.store.rows["Catalog_Контрагенты"]:
        if row["Партнер_Key"] == second:
            row["ИНН"] = "не знаю"
    sales = lines(source(customer_id=customer_id).transactions(_YEAR))
    money = sum(each[2] for each in sold(company) if each[0] == first)
    assert round(sum(each[2] for each in sales if each[0] == expected), 6) == money
    names = {who for who, *_ in sales}
    assert (f"ref:{second}" in names) == (customer_id != "code")


def test_one_inn_is_one_customer(source: Make, company: Company) -> None:
    """Partners with one INN are one customer, which is reported; with one code they are two."""
    first, second = list(company.keys)[:2]
    for row in company.store.rows["Catalog_Контрагенты"]:
        if row["Партнер_Key"] in (first, second):
            row["ИНН"] = "7712345678"
    company.store.get("Catalog_Партнеры", second)["Code"] = "К-00000"
    reader = source(customer_id="inn")
    sales = lines(reader.transactions(_YEAR))
    whole = sum(each[2] for each in sold(company) if each[0] in (first, second))
    assert round(sum(e[2] for e in sales if e[0] == "7712345678"), 6) == round(whole, 6)
    company.customer("Дубль", DeletionMark=True, inn="7712345678")
    list(reader.transactions(_YEAR))
    assert reader.customer_names()["7712345678"] in ("Альфа", "Бета")
    shared = [i.count for i in reader.data_quality().issues if "share" in i.kind]  # type: ignore[union-attr]
    assert shared == [2]
    coded = {who for who, *_ in lines(source(customer_id="code").transactions(_YEAR))}
    assert {f"ref:{first}", f"ref:{second}"} <= coded


def test_sales_documents_are_counted_as_in_1c(source: Make, company: Company) -> None:
    """A document is one sale for any number of records; returns and corrections are none."""
    first = next(iter(company.keys))
    key = company.keys[first][0]
    closing = ("Document_РасчетСебестоимостиТоваров", 1)
    company.record(key, datetime(2026, 12, 31), "c" * 36, *closing, Стоимость=5.0)
    sales = lines(source(metric="count").transactions(_YEAR))
    expected = {(who, document) for who, _, money, _, document in sold(company) if money > 0}
    assert expected == {(who, document) for who, _, _, _, document in sales}
    whole = lines(source(metric="profit").transactions(_YEAR))
    assert {document for who, _, money, _, document in whole if who == first} == {
        document for who, document in expected if who == first
    }
    assert sum(cost for who, _, _, cost, _ in whole if who == first) == 5 + sum(
        cost for who, _, _, cost, _ in sold(company) if who == first
    )
    with pytest.raises(ConfigError, match="read = records"):
        list(source(metric="count", read="turnovers").transactions(_YEAR))


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
    records = lines(source(basis="payments").transactions(_YEAR))
    turnovers = lines(source(basis="payments", read="turnovers").transactions(_YEAR))
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
        list(source(**options).transactions(_YEAR))
    assert not any("Catalog" in each.path or "Register" in each.path for each in base.log)


def test_an_interrupted_read_is_resumed(
    source: Make, base: Base, company: Company, tmp_path: Path
) -> None:
    """Parts read before an outage are not read again, and the result is the same."""
    outage = attrs.evolve(FAULTS["busy"], when="ge datetime'2025-09", times=99)
    base.faults.append(outage)
    with pytest.raises(UnavailableError):
        list(source(checkpoint=tmp_path).transactions(_YEAR))
    base.faults.clear()
    base.log.clear()
    assert sold(company, cost=False) == lines(source(checkpoint=tmp_path).transactions(_YEAR))
    assert not any("ge%20datetime'2025-01-01" in each.query for each in base.log)
    assert list(tmp_path.glob("onec-read-*")) == []


def test_damaged_and_foreign_checkpoints_are_not_used(
    source: Make, base: Base, company: Company, tmp_path: Path
) -> None:
    """Damaged parts and parts of another read are read again."""
    base.faults.append(attrs.evolve(FAULTS["busy"], when="ge datetime'2025-09", times=99))
    with pytest.raises(UnavailableError):
        list(source(checkpoint=tmp_path).transactions(_YEAR))
    base.faults.clear()
    parts = sorted(tmp_path.glob("onec-read-*/*/*.npz"))
    assert len(parts) > 3
    parts[0].write_bytes(b"PK\x03\x04 torn")
    (parts[0].parent / "foreign.npz").write_bytes(b"?")
    base.log.clear()
    profit = source(checkpoint=tmp_path, metric="profit")
    assert sold(company) == lines(profit.transactions(_YEAR))
    assert any("ge%20datetime'2025-01-01" in each.query for each in base.log)
    base.log.clear()
    assert sold(company, cost=False) == lines(source(checkpoint=tmp_path).transactions(_YEAR))
    queries = [each.query for each in base.log if "Period" in each.query]
    assert any("ge%20datetime'2025-01-01" in each for each in queries)
    assert not any("ge%20datetime'2025-01-31" in each for each in queries)


def test_a_checkpoint_of_yesterday(
    source: Make, base: Base, company: Company, tmp_path: Path
) -> None:
    """Parts older than a day are read again."""
    base.faults.append(attrs.evolve(FAULTS["busy"], when="ge datetime'2025-09", times=99))
    with pytest.raises(UnavailableError):
        list(source(checkpoint=tmp_path).transactions(_YEAR))
    base.faults.clear()
    for hours, again in ((23, False), (25, True)):
        base.log.clear()
        later = source(checkpoint=tmp_path, clock=ManualClock(time.time() + hours * 3600))
        next(later.transactions(_YEAR))
        assert any("ge%20datetime'2025-01-01" in each.query for each in base.log) == again


def test_auto_prefers_records(source: Make, base: Base, company: Company) -> None:
    """Turnovers are chosen only with a bucket, where they are far cheaper."""
    first = next(iter(company.keys))
    for place in range(400):
        company.sale(first, datetime(2026, 1, 1 + place % 28, 10, place % 60), 1)
    list(source().transactions(_YEAR))
    assert not any("Turnovers" in each.path for each in base.log)
    with pytest.warns(AbcxyzWarning, match="summed by month"):
        sales = lines(source(bucket="month").transactions(_YEAR))
    assert by_month(sold(company)) == by_month(sales)


def test_empty_reference_of_a_document(source: Make, company: Company) -> None:
    """A document without a customer is left out; its money is in the data quality."""
    company.store.add(
        _SALE, Date="2026-03-03T03:03:03", Posted=True, Партнер_Key=ZERO, СуммаДокумента=42
    )
    reader = source(read="documents")
    assert sold(company, cost=False) == lines(reader.transactions(_YEAR))
    assert [i.amount for i in reader.data_quality().issues if i.kind == REASONS["empty"]] == [42.0]  # type: ignore[union-attr]


def test_labels_of_quality_in_russian() -> None:
    """Every reason of the data quality has a Russian text."""
    assert {*REASONS.values(), *KINDS.values(), HIDDEN_SALES} - set(catalogue("ru")) == set()
