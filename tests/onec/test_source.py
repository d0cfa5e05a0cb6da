# ruff: noqa: DTZ001 - 1C speaks naive local time
"""The source against the emulator: every way to read finds the same sales."""

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
    AuthenticationError,
    BadDataError,
    ConfigError,
    UnavailableError,
)
from abcxyz.i18n import catalogue
from abcxyz.toolkit import ManualClock
from abcxyz_onec.sales.account import KINDS, REASONS
from abcxyz_onec.source import OneCSource

Make = Callable[..., OneCSource]

_YEAR = Window(date(2025, 1, 1), date(2027, 1, 1))
_FLAT = "AccumulationRegister_ВыручкаИСебестоимостьПродаж_RecordType"
_SALE = "Document_РеализацияТоваровУслуг"


def lines(batches: Iterable[Transactions]) -> list[tuple[Any, ...]]:
    """List what was read: customer, day, money, cost, document."""
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


def by_month(found: Iterable[tuple[Any, ...]]) -> dict[tuple[str, int, int], float]:
    """Add up money per customer and month."""
    sums: defaultdict[tuple[str, int, int], float] = defaultdict(float)
    for customer, day, money, *_ in found:
        sums[customer, day.year, day.month] += money
    return {key: round(value, 6) for key, value in sums.items()}


def by_day(found: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Add up money per customer and day."""
    sums: defaultdict[tuple[str, date], float] = defaultdict(float)
    for customer, day, money, *_ in found:
        sums[customer, day] += money
    return [(*key, value) for key, value in sums.items()]


def sold(company: Company, window: Window = _YEAR, *, cost: bool = True) -> list[tuple[Any, ...]]:
    """List what a right reader must find."""
    return sorted(
        (who, day, float(money), spent if cost else 0.0, document)
        for who, day, money, spent, document in company.sold
        if day in window
    )


def test_records_hold_every_sale_once(source: Make, company: Company) -> None:
    """Flat records give each sale with its day, document and cost; returns are negative."""
    reader = source(metric="profit")
    assert sold(company) == lines(reader.transactions(_YEAR))
    left = {issue.kind: (issue.count, issue.amount) for issue in reader.data_quality().issues}  # type: ignore[union-attr]
    assert left == {REASONS["empty"]: (1, 500.0), REASONS["dangling"]: (1, 70.0)}
    assert reader.customer_names()[company.sold[0][0]] == "Альфа"


@pytest.mark.parametrize("read", ["records", "documents", "profit"])
@pytest.mark.parametrize("day", ["2025-12-05", "2026-01-01", "2026-01-02", "2026-02-01"])
def test_halves_add_up(source: Make, company: Company, read: str, day: str) -> None:
    """Wherever the window is split and pages end, the parts hold exactly the whole."""
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
    """Turnovers hold the same money per month, dated by its first day, without documents."""
    found = lines(source(read="turnovers", bucket="month").transactions(_YEAR))
    assert by_month(sold(company)) == by_month(found)
    assert {(day.day, document) for _, day, _, _, document in found} == {(1, "")}


@pytest.mark.parametrize("read", ["records", "turnovers"])
@pytest.mark.parametrize("revenue", [None, 0.0])
def test_cost_alone_is_no_sale(
    source: Make, company: Company, read: str, revenue: float | None
) -> None:
    """A correction of cost makes nobody a customer, but for the profit."""
    idle = list(company.keys)[7]
    closing = ("Document_РасчетСебестоимостиТоваров", 1)
    money: Any = {"Стоимость": 5.0} | ({} if revenue is None else {"СуммаВыручки": revenue})
    company.record(company.keys[idle][0], datetime(2026, 1, 31), "c" * 36, *closing, **money)
    found = lines(source(read=read).transactions(_YEAR))
    assert by_month(sold(company)) == by_month(found)
    profit = lines(source(read=read, metric="profit").transactions(_YEAR))
    assert [each[2:4] for each in profit if each[0] == idle] == [(0.0, 5.0)]


def test_turnovers_of_weeks(source: Make, company: Company) -> None:
    """Weeks are cut where months and their thirds begin, so that ABC's window stays exact."""
    window = Window(date(2026, 1, 1), date(2026, 3, 1))
    found = lines(source(read="turnovers", bucket="week").transactions(window))
    sums: defaultdict[tuple[str, date], float] = defaultdict(float)
    for who, day, money, *_ in sold(company, window):
        starts = (window.since, period_start(day, "week"), period_start(day, "ten_days"))
        sums[who, max(starts)] += money
    assert dict(sums) == {(who, day): money for who, day, money, *_ in by_day(found)}


def test_documents_where_the_register_is_not_published(source: Make, company: Company) -> None:
    """Without the register documents are read, and the user is told what to publish."""
    company.store.unpublished |= {_FLAT, _FLAT.removesuffix("_RecordType")}
    with pytest.warns(AbcxyzWarning, match="Выручка и себестоимость продаж") as told:
        found = lines(source().transactions(_YEAR))
    assert sold(company, cost=False) == found
    assert "Документ" not in str(told[0].message)
    assert "Document «Реализация товаров услуг»" in str(told[0].message)
    with pytest.raises(ConfigError, match="Выручка и себестоимость продаж"):
        list(source(metric="profit").transactions(_YEAR))
    with pytest.raises(ConfigError, match="Выручка и себестоимость продаж"):
        list(source(read="records").transactions(_YEAR))


def test_a_kind_of_document_that_is_not_published(source: Make, company: Company) -> None:
    """Returns that are not published are named, for revenue is too high without them."""
    company.store.unpublished.add("Document_ВозвратТоваровОтКлиента")
    with pytest.warns(AbcxyzWarning, match="Возврат товаров от клиента"):
        found = lines(source(read="documents").transactions(_YEAR))
    assert [each for each in sold(company, cost=False) if each[2] > 0] == found


def test_keys_that_are_not_published(source: Make, company: Company) -> None:
    """The catalog of keys is named when it alone is missing."""
    company.store.unpublished.add("Catalog_КлючиАналитикиУчетаПоПартнерам")
    with pytest.raises(ConfigError, match="Catalog «Ключи аналитики учета по партнерам»"):
        list(source(read="records").transactions(_YEAR))


def test_rates_of_the_day(source: Make, company: Company) -> None:
    """A document without a rate of its own is converted at the last rate before it."""
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
    found = lines(source(read="documents").transactions(_YEAR))
    assert [money for _, day, money, *_ in found if day == date(2026, 2, 4)] == [8000.0]


def test_a_missing_rate_is_an_error(source: Make, company: Company) -> None:
    """No rate is taken for granted."""
    company.store.rows["InformationRegister_КурсыВалют"].clear()
    for row in company.store.rows[_SALE]:
        row["КурсЗнаменатель"] = 0
    with pytest.raises(BadDataError, match=r"no rate of the currency .* 2026-02-04"):
        list(source(read="documents").transactions(_YEAR))


@pytest.mark.parametrize("read", ["records", "turnovers", "documents"])
def test_customers_left_out(source: Make, company: Company, read: str) -> None:
    """Predefined customers and deleted ones are left out, and their money is told."""
    retail = company.customer("РозничныйПокупатель", Predefined=True)
    gone = company.customer("Старый", DeletionMark=True)
    company.sale(retail, datetime(2026, 3, 1), 1000)
    company.sale(gone, datetime(2026, 3, 1), 300)
    reader = source(read=read)
    found = lines(reader.transactions(_YEAR))
    assert {retail, gone} & {who for who, *_ in found} == set()
    left = {issue.kind: issue.amount for issue in reader.data_quality().issues}  # type: ignore[union-attr]
    assert (left[REASONS["predefined"]], left[REASONS["deleted"]]) == (1000.0, 300.0)


def test_counterparties(source: Make, company: Company) -> None:
    """Per counterparty each legal entity counts for itself, and own organisations for none."""
    partner = company.sold[0][0]
    organisation = company.store.add("Catalog_Организации", Description="Мы")
    key = company.store.get("Catalog_КлючиАналитикиУчетаПоПартнерам", company.keys[partner][1])
    key |= {"Контрагент": organisation, "Контрагент_Type": "StandardODATA.Catalog_Организации"}
    reader = source(entity="counterparty")
    found = {who for who, *_ in lines(reader.transactions(_YEAR))}
    legal = {
        row["Ref_Key"]: row["Партнер_Key"] for row in company.store.rows["Catalog_Контрагенты"]
    }
    assert found <= set(legal)
    assert [legal[who] for who in found].count(partner) == 1
    other = next(i for i in reader.data_quality().issues if i.kind == REASONS["other"])  # type: ignore[union-attr]
    assert other.count > 3


@pytest.mark.parametrize(
    ("customer_id", "expected"),
    [("code", "К-00000"), ("inn", "7700000000"), ("Регион", "Север")],
)
def test_identifiers(source: Make, company: Company, customer_id: str, expected: str) -> None:
    """Customers may be called by code, INN or any attribute; without it by their reference."""
    first, second = list(company.keys)[:2]
    company.store.get("Catalog_Партнеры", first)["Регион"] = "Север"
    for row in company.store.rows["Catalog_Контрагенты"]:
        if row["Партнер_Key"] == second:
            row["ИНН"] = "не знаю"
    found = lines(source(customer_id=customer_id).transactions(_YEAR))
    money = sum(each[2] for each in sold(company) if each[0] == first)
    assert round(sum(each[2] for each in found if each[0] == expected), 6) == money
    called = {who for who, *_ in found}
    assert (f"ref:{second}" in called) == (customer_id != "code")


def test_one_inn_is_one_customer(source: Make, company: Company) -> None:
    """Partners that share an INN are one customer, and that is told; a shared code is not."""
    first, second = list(company.keys)[:2]
    for row in company.store.rows["Catalog_Контрагенты"]:
        if row["Партнер_Key"] in (first, second):
            row["ИНН"] = "7712345678"
    company.store.get("Catalog_Партнеры", second)["Code"] = "К-00000"
    reader = source(customer_id="inn")
    found = lines(reader.transactions(_YEAR))
    whole = sum(each[2] for each in sold(company) if each[0] in (first, second))
    assert round(sum(e[2] for e in found if e[0] == "7712345678"), 6) == round(whole, 6)
    company.customer("Дубль", DeletionMark=True, inn="7712345678")
    list(reader.transactions(_YEAR))
    assert reader.customer_names()["7712345678"] in ("Альфа", "Бета")
    shared = [i.count for i in reader.data_quality().issues if "share" in i.kind]  # type: ignore[union-attr]
    assert shared == [2]
    coded = {who for who, *_ in lines(source(customer_id="code").transactions(_YEAR))}
    assert {f"ref:{first}", f"ref:{second}"} <= coded


def test_sales_documents_are_counted_as_in_1c(source: Make, company: Company) -> None:
    """A document is one sale whatever its records; returns and corrections are none."""
    first = next(iter(company.keys))
    key = company.keys[first][0]
    closing = ("Document_РасчетСебестоимостиТоваров", 1)
    company.record(key, datetime(2026, 12, 31), "c" * 36, *closing, Стоимость=5.0)
    found = lines(source(metric="count").transactions(_YEAR))
    expected = {(who, document) for who, _, money, _, document in sold(company) if money > 0}
    assert expected == {(who, document) for who, _, _, _, document in found}
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
    """Payments of customers are a basis of their own; other movements of money are not."""
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
    ("options", "said"),
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
def test_what_cannot_be_read_is_refused(
    source: Make, base: Base, options: dict[str, str], said: str
) -> None:
    """A question without an answer is an error of the job, before any sale is read."""
    with pytest.raises(ConfigError, match=said):
        list(source(**options).transactions(_YEAR))
    assert not any("Catalog" in each.path or "Register" in each.path for each in base.log)


def test_hidden_customers(source: Make, base: Base, company: Company) -> None:
    """Hidden rows stop the read; with allowed_only they are left out with a warning."""
    base.restricted.add("Робот")
    first = next(iter(company.keys))
    company.store.hidden["Catalog_Партнеры"] = {first}
    with pytest.raises(AuthenticationError, match="allowed_only"):
        list(source().transactions(_YEAR))
    with pytest.raises(AuthenticationError, match="Catalog «Партнеры»"):
        source().preflight()
    reader = source(allowed_only=True)
    with pytest.warns(AbcxyzWarning, match="may not see"):
        found = lines(reader.transactions(_YEAR))
    assert first not in {who for who, *_ in found}
    unknown = [i.amount for i in reader.data_quality().issues if i.kind == REASONS["unknown"]]  # type: ignore[union-attr]
    assert unknown == [sum(each[2] for each in sold(company) if each[0] == first)]


def test_an_interrupted_read_goes_on(
    source: Make, base: Base, company: Company, tmp_path: Path
) -> None:
    """What was read before an outage is not read again, and the result is the same."""
    outage = attrs.evolve(FAULTS["busy"], when="ge datetime'2025-09", times=99)
    base.faults.append(outage)
    with pytest.raises(UnavailableError):
        list(source(checkpoint=tmp_path).transactions(_YEAR))
    base.faults.clear()
    base.log.clear()
    assert sold(company, cost=False) == lines(source(checkpoint=tmp_path).transactions(_YEAR))
    assert not any("ge%20datetime'2025-01-01" in each.query for each in base.log)
    assert list(tmp_path.glob("onec-read-*")) == []


def test_a_checkpoint_is_not_trusted_blindly(
    source: Make, base: Base, company: Company, tmp_path: Path
) -> None:
    """Damaged parts and those of another question are read again."""
    base.faults.append(attrs.evolve(FAULTS["busy"], when="ge datetime'2025-09", times=99))
    with pytest.raises(UnavailableError):
        list(source(checkpoint=tmp_path).transactions(_YEAR))
    base.faults.clear()
    kept = sorted(tmp_path.glob("onec-read-*/*/*.npz"))
    assert len(kept) > 3
    kept[0].write_bytes(b"PK\x03\x04 torn")
    (kept[0].parent / "foreign.npz").write_bytes(b"?")
    base.log.clear()
    profit = source(checkpoint=tmp_path, metric="profit")
    assert sold(company) == lines(profit.transactions(_YEAR))
    assert any("ge%20datetime'2025-01-01" in each.query for each in base.log)
    base.log.clear()
    assert sold(company, cost=False) == lines(source(checkpoint=tmp_path).transactions(_YEAR))
    asked = [each.query for each in base.log if "Period" in each.query]
    assert any("ge%20datetime'2025-01-01" in each for each in asked)
    assert not any("ge%20datetime'2025-01-31" in each for each in asked)


def test_a_checkpoint_of_yesterday(
    source: Make, base: Base, company: Company, tmp_path: Path
) -> None:
    """What was read more than a day ago may have changed since, and is read again."""
    base.faults.append(attrs.evolve(FAULTS["busy"], when="ge datetime'2025-09", times=99))
    with pytest.raises(UnavailableError):
        list(source(checkpoint=tmp_path).transactions(_YEAR))
    base.faults.clear()
    for hours, again in ((23, False), (25, True)):
        base.log.clear()
        later = source(checkpoint=tmp_path, clock=ManualClock(time.time() + hours * 3600))
        next(later.transactions(_YEAR))
        assert any("ge%20datetime'2025-01-01" in each.query for each in base.log) == again


def test_records_unless_told_otherwise(source: Make, base: Base, company: Company) -> None:
    """Turnovers are chosen only where far cheaper, and the sub-period is known."""
    first = next(iter(company.keys))
    for place in range(400):
        company.sale(first, datetime(2026, 1, 1 + place % 28, 10, place % 60), 1)
    list(source().transactions(_YEAR))
    assert not any("Turnovers" in each.path for each in base.log)
    with pytest.warns(AbcxyzWarning, match="summed by month"):
        found = lines(source(bucket="month").transactions(_YEAR))
    assert by_month(sold(company)) == by_month(found)


def test_empty_reference_of_a_document(source: Make, company: Company) -> None:
    """A document without a customer is left out and its money told."""
    company.store.add(
        _SALE, Date="2026-03-03T03:03:03", Posted=True, Партнер_Key=ZERO, СуммаДокумента=42
    )
    reader = source(read="documents")
    assert sold(company, cost=False) == lines(reader.transactions(_YEAR))
    assert [i.amount for i in reader.data_quality().issues if i.kind == REASONS["empty"]] == [42.0]  # type: ignore[union-attr]


def test_labels_of_quality_in_russian() -> None:
    """What is told of the lines left out has a Russian twin."""
    assert {*REASONS.values(), *KINDS.values()} - set(catalogue("ru")) == set()
