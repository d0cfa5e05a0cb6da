# ruff: noqa: DTZ001 - 1C sends naive local time
"""Tests of documents as sales: fallback, currencies, rates."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import attrs
import pytest
from tests.emulators.onec.base import ZERO, Company
from tests.onec.sales_fixtures import FLAT, SALE, YEAR, Make, lines, sold

from abcxyz.errors import (
    AbcxyzWarning,
    BadDataError,
    ConfigError,
)
from abcxyz_onec.profiles.schema import Basis, Document
from abcxyz_onec.sales.account import REASONS
from abcxyz_onec.sales.documents import Documents
from abcxyz_onec.sales.lines import Party


def test_documents_where_the_register_is_not_published(source: Make, company: Company) -> None:
    """Without the register documents are read, with a warning of what to publish."""
    company.store.unpublished |= {FLAT, FLAT.removesuffix("_RecordType")}
    with pytest.warns(AbcxyzWarning, match="Выручка и себестоимость продаж") as caught:
        sales = lines(source().transactions(YEAR))
    assert sold(company, cost=False) == sales
    assert "Документ" not in str(caught[0].message)
    assert "Document «Реализация товаров услуг»" in str(caught[0].message)
    with pytest.raises(ConfigError, match="Выручка и себестоимость продаж"):
        list(source(metric="profit").transactions(YEAR))
    with pytest.raises(ConfigError, match="Выручка и себестоимость продаж"):
        list(source(read="records").transactions(YEAR))


def test_a_kind_of_document_that_is_not_published(source: Make, company: Company) -> None:
    """A warning names unpublished documents of returns."""
    company.store.unpublished.add("Document_ВозвратТоваровОтКлиента")
    with pytest.warns(AbcxyzWarning, match="Возврат товаров от клиента"):
        sales = lines(source(read="documents").transactions(YEAR))
    assert [each for each in sold(company, cost=False) if each[2] > 0] == sales


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
    for row in company.store.rows[SALE]:
        row["КурсЗнаменатель"] = 0
    sales = lines(source(read="documents").transactions(YEAR))
    assert [money for _, day, money, *_ in sales if day == date(2026, 2, 4)] == [8000.0]


def test_accounts_in_another_currency_than_rates(source: Make, company: Company) -> None:
    """Rates to the rouble are divided by that of the currency of the accounts."""
    store = company.store
    euro = store.add("Catalog_Валюты", Description="EUR")
    names = {"Валюта_Key": euro, "Period": "2025-01-01T00:00:00", "Курс": 180, "Кратность": 2}
    store.add("InformationRegister_КурсыВалют", **names)
    names = {"Валюта_Key": company.rouble, "Курс": 1, "Кратность": 1}
    store.add("InformationRegister_КурсыВалют", Period="2025-01-01T00:00:00", **names)
    store.rows["Constant_ВалютаУправленческогоУчета"][0]["Value_Key"] = company.dollar
    store.rows[SALE].clear()
    store.rows["Document_ВозвратТоваровОтКлиента"].clear()
    rated = {"КурсЧислитель": 180, "КурсЗнаменатель": 1}  # the rate in the document is preferred
    for currency, amount, stored in (
        (company.rouble, 9000, {}),
        (company.dollar, 100, {}),
        (euro, 100, {}),
        (euro, 50, rated),
        (ZERO, 100, {}),  # no currency: that of the accounts
    ):
        store.add(
            SALE,
            Date="2026-02-04T10:00:00",
            Posted=True,
            Партнер_Key=next(iter(company.keys)),
            Валюта_Key=currency,
            СуммаДокумента=amount,
            **stored,
        )
    sales = lines(source(read="documents").transactions(YEAR))
    assert [money for _, _, money, *_ in sales] == [100.0] * 5
    early = [row for row in store.rows["InformationRegister_КурсыВалют"] if row["Курс"] == 90]
    early[0]["Period"] = "2026-03-01T00:00:00"
    with pytest.raises(BadDataError, match=r"no rate of the currency .* 2026-02-04"):
        list(source(read="documents").transactions(YEAR))


def test_returns_without_a_rate_of_their_own(source: Make, company: Company) -> None:
    """Returns that store no rate are converted by the register of rates."""
    returns = "Document_ВозвратТоваровОтКлиента"
    store, first = company.store, next(iter(company.keys))
    company.sale(first, datetime(2026, 2, 5), 900, currency=company.dollar, returned=True)
    kind = store.entities[returns]
    fields = tuple(each for each in kind.fields if not each.name.startswith("Курс"))
    store.entities[returns] = attrs.evolve(kind, fields=fields)
    assert sold(company, cost=False) == lines(source(read="documents").transactions(YEAR))


def test_a_missing_rate_is_an_error(source: Make, company: Company) -> None:
    """A document without any rate is an error."""
    company.store.rows["InformationRegister_КурсыВалют"].clear()
    for row in company.store.rows[SALE]:
        row["КурсЗнаменатель"] = 0
    with pytest.raises(BadDataError, match=r"no rate of the currency .* 2026-02-04"):
        list(source(read="documents").transactions(YEAR))


def test_empty_reference_of_a_document(source: Make, company: Company) -> None:
    """A document without a customer is left out; its money is in the data quality."""
    company.store.add(
        SALE, Date="2026-03-03T03:03:03", Posted=True, Партнер_Key=ZERO, СуммаДокумента=42
    )
    reader = source(read="documents")
    assert sold(company, cost=False) == lines(reader.transactions(YEAR))
    assert [i.amount for i in reader.data_quality().issues if i.kind == REASONS["empty"]] == [42.0]  # type: ignore[union-attr]


def test_lines_of_documents_by_hand() -> None:
    """One without a day is left out alone; a return takes away, and is no order."""
    sale = Document(entity="Document_Sale", amount="Sum", partner="Partner_Key")
    rows = [
        {"Date": day, "Sum": money, "Partner_Key": one * 36, "Ref_Key": one * 35 + "F"}
        for day, money, one in (
            ("2026-01-05T10:00:00", 10.5, "a"),
            ("0001-01-01T00:00:00", 99, "b"),
            ("2026-01-06T23:59:59", "20.25", "c"),
        )
    ]
    none = Decimal(0)
    rates: Any = None  # for another currency only
    profile: Any = None
    for metric, sign in (("revenue", 1), ("revenue", -1), ("count", 1), ("count", -1)):
        each = attrs.evolve(sale, sign=sign)
        reader = Documents(Basis(documents=(each,)), profile, (Party("Partner_Key"),), metric)
        assert list(reader._lines(each, reader.parties[0], rates)(rows)) == (
            []
            if (metric, sign) == ("count", -1)
            else [
                (
                    "a" * 36,
                    date(2026, 1, 5),
                    sign * Decimal("10.5"),
                    none,
                    "a" * 35 + "f",
                    sign > 0,
                ),
                (
                    "c" * 36,
                    date(2026, 1, 6),
                    sign * Decimal("20.25"),
                    none,
                    "c" * 35 + "f",
                    sign > 0,
                ),
            ]
        )
