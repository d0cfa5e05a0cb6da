# ruff: noqa: DTZ001 - 1C sends naive local time
"""Tests of customers of sales: identifiers, entities, and customers that are left out."""

from __future__ import annotations

from datetime import datetime

import pytest
from tests.emulators.onec.base import Company
from tests.onec.sales_fixtures import YEAR, Make, lines, sold

from abcxyz_onec.sales.account import KINDS, REASONS


@pytest.mark.parametrize("read", ["records", "turnovers", "documents"])
def test_customers_left_out(source: Make, company: Company, read: str) -> None:
    """Predefined and deleted customers are left out; their money is in the data quality."""
    retail = company.customer("РозничныйПокупатель", Predefined=True)
    gone = company.customer("Старый", DeletionMark=True)
    company.sale(retail, datetime(2026, 3, 1), 1000)
    company.sale(gone, datetime(2026, 3, 1), 300)
    reader = source(read=read)
    sales = lines(reader.transactions(YEAR))
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
    sales = {who for who, *_ in lines(reader.transactions(YEAR))}
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
    sales = lines(source(customer_id=customer_id).transactions(YEAR))
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
    sales = lines(reader.transactions(YEAR))
    whole = sum(each[2] for each in sold(company) if each[0] in (first, second))
    assert round(sum(e[2] for e in sales if e[0] == "7712345678"), 6) == round(whole, 6)
    company.customer("Дубль", DeletionMark=True, inn="7712345678")
    list(reader.transactions(YEAR))
    assert reader.customer_names()["7712345678"] in ("Альфа", "Бета")
    shared = [i.count for i in reader.data_quality().issues if "share" in i.kind]  # type: ignore[union-attr]
    assert shared == [2]
    coded = {who for who, *_ in lines(source(customer_id="code").transactions(YEAR))}
    assert {f"ref:{first}", f"ref:{second}"} <= coded


def test_a_partner_with_several_inn(source: Make, company: Company) -> None:
    """The data quality counts partners whose legal entities have different INN."""
    first = next(iter(company.keys))
    for inn in ("7700000000", "7712345678"):
        company.store.add("Catalog_Контрагенты", Description="ещё", Партнер_Key=first, ИНН=inn)
    reader = source(customer_id="inn")
    sales = lines(reader.transactions(YEAR))
    money = sum(each[2] for each in sold(company) if each[0] == first)
    assert round(sum(each[2] for each in sales if each[0] == "7700000000"), 6) == money
    counts = {issue.kind: issue.count for issue in reader.data_quality().issues}  # type: ignore[union-attr]
    assert counts[KINDS["several"]] == 1
