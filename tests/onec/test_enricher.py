"""Tests of the enricher against the emulator."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from tests.clocks import NoWait, at_noon
from tests.emulators.onec.base import Base, Company
from tests.onec.adapter import adapter

from abcxyz.errors import ConfigError
from abcxyz_onec.enricher import OneCEnricher

Make = Callable[..., OneCEnricher]


@pytest.fixture
def enricher(base: Base) -> Make:
    def make(*fields: str, **options: Any) -> OneCEnricher:
        common: dict[str, Any] = {"timeout": 5, "clock": NoWait()}
        return adapter(
            OneCEnricher, base.url, "Робот", "пароль-7Щ", fields=fields, **(common | options)
        )

    return make


@pytest.fixture
def first(company: Company) -> str:
    """Fill the cards of the first partner; its smallest legal entity has no INN."""
    partner = next(iter(company.keys))
    region = company.store.add("Catalog_БизнесРегионы", Description="Север ")
    company.store.get("Catalog_Партнеры", partner)["БизнесРегион_Key"] = region
    cards = [r for r in company.store.rows["Catalog_Контрагенты"] if r["Партнер_Key"] == partner]
    cards.sort(key=lambda row: str(row["Ref_Key"]))
    for number, row in enumerate(cards):
        row |= {
            "КПП": f"77010100{number}",
            "ЮридическоеФизическоеЛицо": "ЮридическоеЛицо",
            "НаименованиеПолное": f"ООО <b>«Альфа {number}»</b>",
        }
    cards[0]["ИНН"] = "-"
    return partner


def test_only_the_listed_fields_are_read(enricher: Make, base: Base, first: str) -> None:
    """Fields are read from the partner's card, else from its legal entity with an INN."""
    reader = enricher("region", "inn", "kpp", "legal_form", "full_name")
    assert reader.customers([first, "никто"]) == {
        first: {
            "region": "Север",
            "inn": "7700000000",
            "kpp": "770101001",
            "legal_form": "ЮридическоеЛицо",
            "full_name": "ООО <b>«Альфа 1»</b>",
        }
    }
    selected = {each.query.partition("$select=")[2].partition("&")[0] for each in base.log}
    assert not any("%D0%A0%D0%B5%D0%B3%D0%B8%D0%BE%D0%BD%2C" in each for each in selected)


def test_few_customers_are_read_by_reference(enricher: Make, base: Base, company: Company) -> None:
    """A few cards are read by reference; empty fields are left out."""
    one, other = list(company.keys)[:2]
    company.store.get("Catalog_Партнеры", one)["Регион"] = "Юг"
    attributes = enricher("Регион", customer_id="code").customers(["К-00000", "К-00001"])
    assert attributes == {"К-00000": {"Регион": "Юг"}, "К-00001": {}}
    assert any(one in each.query and other in each.query for each in base.log)


@pytest.mark.parametrize("extra", [True, False])
def test_additional_properties(enricher: Make, company: Company, extra: bool) -> None:
    """An additional property is read from the register or the card, with texts of its list."""
    add = company.store.add
    kind = add(
        "ChartOfCharacteristicTypes_ДополнительныеРеквизитыИСведения",
        Description="Отрасль",
        ЭтоДополнительноеСведение=extra,
    )
    trade = add("Catalog_ЗначенияСвойствОбъектов", Description="Торговля", Owner_Key=kind)
    one, other = list(company.keys)[:2]
    value = {
        "Свойство_Key": kind,
        "Значение": trade,
        "Значение_Type": "StandardODATA.Catalog_ЗначенияСвойствОбъектов",
    }
    if extra:
        about = {"Объект": one, "Объект_Type": "StandardODATA.Catalog_Партнеры"}
        add("InformationRegister_ДополнительныеСведения", **about, **value)
    else:
        rows = company.store.get("Catalog_Партнеры", one)["ДополнительныеРеквизиты"]
        rows.append({"Ref_Key": one, "LineNumber": "1", **value})
    reader = enricher("activity", names={"attributes": {"activity": "property:Отрасль"}})
    assert reader.customers([one, other]) == {one: {"activity": "Торговля"}, other: {}}
    reader.preflight()
    with pytest.raises(ConfigError, match="'Цвет'"):
        enricher("property:Цвет").preflight()


def test_prospects(enricher: Make, base: Base, company: Company) -> None:
    """Customers without a sale in the days are prospects, except deleted cards."""
    names = dict(zip(company.keys, range(8), strict=True))
    company.customer("Удалён", DeletionMark=True)
    reader = enricher("name", not_bought_for=100, clock=at_noon(date(2026, 3, 1)))
    bought = {who for who, day, *_ in company.sold if day >= date(2025, 11, 22)}
    assert set(reader.prospects()) == set(names) - bought
    assert any("Turnovers" in each.path for each in base.log)
    assert not any("Document" in each.path for each in base.log)  # their days do not matter
    assert {"name": "Зета"} in reader.prospects().values()
    assert enricher("name").prospects() == {}


def test_prospects_without_the_register(enricher: Make, company: Company) -> None:
    """Without published turnovers documents are read for the prospects."""
    name = "AccumulationRegister_ВыручкаИСебестоимостьПродаж"
    reader = enricher("name", not_bought_for=100, clock=at_noon(date(2026, 3, 1)))
    expected = reader.prospects()
    company.store.unpublished |= {name, f"{name}_RecordType"}
    with pytest.warns(UserWarning, match="read from documents"):
        prospects = enricher(
            "name", not_bought_for=100, clock=at_noon(date(2026, 3, 1))
        ).prospects()
    assert expected == prospects


def test_all_objects_are_named_at_once(enricher: Make, company: Company) -> None:
    """The first message names the customers and the objects of properties."""
    properties = "ChartOfCharacteristicTypes_ДополнительныеРеквизитыИСведения"
    company.store.unpublished |= {"Catalog_Партнеры", properties}
    with pytest.raises(ConfigError, match=r"«Партнеры».*«Дополнительные реквизиты и сведения»"):
        enricher("name", "property:Отрасль").preflight()


def test_fields_are_an_allow_list(enricher: Make, base: Base) -> None:
    """Without fields, or with an unpublished field, nothing is read."""
    with pytest.raises(ConfigError, match="list"):
        enricher()
    with pytest.raises(ConfigError, match="list"):
        adapter(OneCEnricher, base.url, "u", "p", fields="inn")
    with pytest.raises(ConfigError, match="activity"):
        enricher("activity").preflight()
    assert not any("Catalog" in each.path for each in base.log)
    assert enricher("inn").preflight() == ["Catalog_Партнеры: inn"]
