"""Tests of the profiles УНФ and БП, and of a profile in a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.clocks import NoWait
from tests.emulators.onec.base import Base, Store, bp, unf
from tests.onec.adapter import adapter
from tests.onec.sales_fixtures import lines

from abcxyz import Transactions, Window, analyze
from abcxyz.errors import AbcxyzWarning, ConfigError
from abcxyz_onec.sales.account import REASONS
from abcxyz_onec.sink import OneCSink
from abcxyz_onec.source import OneCSource

YEAR = Window(date(2026, 1, 1), date(2027, 1, 1))
_DAY = date(2026, 3, 5)
_MOMENT = "2026-03-05T10:00:00"
_COMMON: dict[str, Any] = {"clock": NoWait(), "timeout": 5}


def _source(base: Base, profile: str, **options: Any) -> OneCSource:
    return adapter(
        OneCSource, base.url, "Робот", "пароль-7Щ", profile=profile, **(_COMMON | options)
    )


def _shop(store: Store, constant: str) -> tuple[str, str, str, str]:
    """Add a customer, a folder of customers, and two currencies."""
    rouble = store.add("Catalog_Валюты", Description="RUB")
    dollar = store.add("Catalog_Валюты", Description="USD")
    store.add(constant, SurrogateKey=0, Value_Key=rouble)
    store.add(
        "InformationRegister_КурсыВалют",
        Валюта_Key=dollar,
        Period="1980-01-01T00:00:00",
        Курс=900,
        Кратность=10,
    )
    customer = store.add("Catalog_Контрагенты", Description="ООО «Ёж»", ИНН="7701234567")
    folder = store.add("Catalog_Контрагенты", Description="Группа", IsFolder=True)
    return customer, folder, rouble, dollar


@pytest.fixture
def small() -> Iterator[tuple[Base, Store, str, str]]:
    """Serve a base of УНФ: a sale, an internet sale, a cost, a return."""
    store = unf()
    customer, folder, rouble, dollar = _shop(store, "Constant_НациональнаяВалюта")
    lines_ = [
        ("a", "Document_РасходнаяНакладная", customer, {"Сумма": 100, "Себестоимость": 60}),
        ("b", "Document_ЧекККМ", customer, {"СуммаИнт": 50, "СебестоимостьИнт": 20}),
        ("c", "Document_ПриходнаяНакладная", customer, {"Сумма": -30}),
        ("d", "Document_ЗакрытиеМесяца", customer, {"Себестоимость": 5}),
        ("e", "Document_ЧекККМ", folder, {"Сумма": 7}),
    ]
    empty = dict.fromkeys(("Количество", "Сумма", "Себестоимость", "СуммаИнт", "СебестоимостьИнт"))
    for letter, kind, who, money in lines_:
        store.add(
            "AccumulationRegister_Продажи_RecordType",
            Period=_MOMENT,
            Recorder=letter * 36,
            Recorder_Type=f"StandardODATA.{kind}",
            LineNumber="1",
            Active=True,
            Контрагент_Key=who,
            **(empty | money),
        )
    for kind, amount, operation, currency in (
        ("РасходнаяНакладная", 100, "ПродажаПокупателю", rouble),
        ("РасходнаяНакладная", 999, "ПередачаНаКомиссию", rouble),
        ("ЧекККМ", 1, "", dollar),
        ("ПриходнаяНакладная", 30, "ВозвратОтПокупателя", rouble),
        ("ПриходнаяНакладная", 888, "ПоступлениеОтПоставщика", rouble),
    ):
        store.add(
            f"Document_{kind}",
            Date=_MOMENT,
            Posted=True,
            Контрагент_Key=customer,
            СуммаДокумента=amount,
            ВидОперации=operation,
            ВалютаДокумента_Key=currency,
        )
    for kind, operation in (
        ("ПоступлениеНаСчет", "ОтПокупателя"),
        ("ПоступлениеВКассу", "Прочее"),
    ):
        store.add(
            f"Document_{kind}",
            Date=_MOMENT,
            Posted=True,
            Контрагент_Key=customer,
            СуммаУчета=70,
            ВидОперации=operation,
        )
    with Base(store).serving() as base:
        yield base, store, customer, folder


def test_unf(small: tuple[Base, Store, str, str]) -> None:
    """УНФ: internet sales are included, returns are negative, folders are left out."""
    base, _, customer, _ = small
    reader = _source(base, "unf", metric="profit")
    rows = lines(reader.transactions(YEAR))
    assert [(who, money, cost) for who, _, money, cost, _ in rows] == [
        (customer, -30.0, 0.0),
        (customer, 0.0, 5.0),
        (customer, 50.0, 20.0),
        (customer, 100.0, 60.0),
    ]
    assert len({document for _, _, money, _, document in rows if money}) == 3
    left = {issue.kind: issue.amount for issue in reader.data_quality().issues}  # type: ignore[union-attr]
    assert left == {REASONS["folder"]: 7.0}
    with pytest.warns(AbcxyzWarning, match="Чек ККМ"):
        months = lines(_source(base, "unf", read="turnovers").transactions(YEAR))
    assert months == [(customer, date(2026, 3, 1), 120.0, 0.0, "")]


def test_unf_without_internet_sums(small: tuple[Base, Store, str, str]) -> None:
    """A release of УНФ without sums of internet sales is read by its other sums."""
    base, store, customer, _ = small
    flat = "AccumulationRegister_Продажи_RecordType"
    kind = store.entities[flat]
    fields = tuple(each for each in kind.fields if not each.name.endswith("Инт"))
    store.entities[flat] = attrs.evolve(kind, fields=fields)
    rows = lines(_source(base, "unf", metric="profit").transactions(YEAR))
    assert [(who, money, cost) for who, _, money, cost, _ in rows if money] == [
        (customer, -30.0, 0.0),
        (customer, 100.0, 60.0),
    ]


def test_unf_documents(small: tuple[Base, Store, str, str]) -> None:
    """Without the register its documents are read: sales of goods, cheques, returns."""
    base, store, customer, _ = small
    store.unpublished.add("AccumulationRegister_Продажи_RecordType")
    with pytest.warns(AbcxyzWarning, match="AccumulationRegister «Продажи»"):
        rows = lines(_source(base, "unf").transactions(YEAR))
    assert [(who, money) for who, _, money, *_ in rows] == [
        (customer, -30.0),
        (customer, 90.0),
        (customer, 100.0),
    ]


def test_unf_payments(small: tuple[Base, Store, str, str]) -> None:
    """Only payments of customers are read, in the currency of the accounts."""
    base, _, customer, _ = small
    rows = lines(_source(base, "unf", basis="payments").transactions(YEAR))
    assert [each[:3] for each in rows] == [(customer, _DAY, 70.0)]


@pytest.fixture
def accounts() -> Iterator[tuple[Base, Store, str]]:
    """Serve a base of БП: sales, a return, goods shipped and not sold, payments."""
    store = bp()
    customer, _, rouble, dollar = _shop(store, "Constant_ВалютаРегламентированногоУчета")
    for kind, amount, operation, currency in (
        ("РеализацияТоваровУслуг", 100, "Товары", rouble),
        ("РеализацияТоваровУслуг", 2, "Товары", dollar),
        ("РеализацияТоваровУслуг", 999, "ОтгрузкаБезПереходаПраваСобственности", rouble),
        ("АктОбОказанииПроизводственныхУслуг", 10, "", rouble),
        ("РеализацияОтгруженныхТоваров", 11, "", rouble),
        ("ВозвратТоваровОтПокупателя", 40, "", rouble),
    ):
        store.add(
            f"Document_{kind}",
            Date=_MOMENT,
            Posted=True,
            Контрагент_Key=customer,
            СуммаДокумента=amount,
            ВидОперации=operation,
            ВалютаДокумента_Key=currency,
        )
    person = "abcdefab-0000-4000-8000-000000000000"
    for who, kind, operation in (
        (customer, "Catalog_Контрагенты", "ОплатаПокупателя"),
        (customer, "Catalog_Контрагенты", "Прочее"),
        (person, "Catalog_ФизическиеЛица", "ОплатаПокупателя"),
    ):
        store.add(
            "Document_ПоступлениеНаРасчетныйСчет",
            Date=_MOMENT,
            Posted=True,
            Контрагент=who,
            Контрагент_Type=f"StandardODATA.{kind}",
            СуммаДокумента=60,
            ВидОперации=operation,
            ВалютаДокумента_Key=rouble,
        )
    with Base(store).serving() as base:
        yield base, store, customer


def test_bp(accounts: tuple[Base, Store, str]) -> None:
    """БП has documents only: foreign currency at the rate, returns negative, no profit."""
    base, _, customer = accounts
    rows = lines(_source(base, "bp", customer_id="inn").transactions(YEAR))
    assert [(who, money) for who, _, money, *_ in rows] == [
        ("7701234567", -40.0),
        ("7701234567", 10.0),
        ("7701234567", 11.0),
        ("7701234567", 100.0),
        ("7701234567", 180.0),
    ]
    with pytest.raises(ConfigError, match="no profit of sales"):
        list(_source(base, "bp", metric="profit").transactions(YEAR))
    with pytest.raises(ConfigError, match="keeps no register"):
        list(_source(base, "bp", read="records").transactions(YEAR))
    assert customer


def test_bp_payments(accounts: tuple[Base, Store, str]) -> None:
    """Payers that are customers are read; money of other payers is in the data quality."""
    base, _, customer = accounts
    reader = _source(base, "bp", basis="payments")
    rows = lines(reader.transactions(YEAR))
    assert [each[:3] for each in rows] == [(customer, _DAY, 60.0)]
    left = {issue.kind: issue.amount for issue in reader.data_quality().issues}  # type: ignore[union-attr]
    assert left == {REASONS["other"]: 60.0}


def test_a_profile_in_a_file(accounts: tuple[Base, Store, str], tmp_path: Path) -> None:
    """Another configuration is a file of names: object, date, customer, money, filter, sign."""
    base, _, customer = accounts
    file = tmp_path / "crm.toml"
    file.write_text(
        """
        title = "CRM"
        [counterparty]
        entity = "Catalog_Контрагенты"
        [[sales.documents]]
        entity = "Document_АктОбОказанииПроизводственныхУслуг"
        counterparty = "Контрагент_Key"
        amount = "СуммаДокумента"
        """,
        encoding="utf-8",
    )
    rows = lines(_source(base, str(file)).transactions(YEAR))
    assert [each[:3] for each in rows] == [(customer, _DAY, 10.0)]
    broken = {
        "sales": {"documents": [{"entity": "Document_Нет", "counterparty": "К", "amount": "С"}]}
    }
    with pytest.raises(ConfigError, match="Document «Нет»"):
        list(_source(base, str(file), names=broken).transactions(YEAR))


def test_classes_are_written_into_bp(accounts: tuple[Base, Store, str]) -> None:
    """The register of additional information is the same in all three configurations."""
    base, store, customer = accounts
    name = "ChartOfCharacteristicTypes_ДополнительныеРеквизитыИСведения"
    store.add(name, Description="ABC/XYZ", ЭтоДополнительноеСведение=True)
    sales = Transactions(["7701234567"] * 3, [date(2026, 1, n + 1) for n in range(3)], [1, 2, 3])
    result = analyze(sales, as_of=date(2026, 3, 10))
    sink = adapter(
        OneCSink, base.url, "Робот", "пароль-7Щ", profile="bp", customer_id="inn", **_COMMON
    )
    assert sink.write(result, dry_run=False).failed == {}
    rows = store.rows["InformationRegister_ДополнительныеСведения"]
    assert [(row["Объект"], row["Объект_Type"]) for row in rows] == [
        (customer, "StandardODATA.Catalog_Контрагенты")
    ]
