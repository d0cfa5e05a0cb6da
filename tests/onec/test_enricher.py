"""The enricher against the emulator: what was asked for, and nothing else."""

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


def test_only_what_was_asked_for(enricher: Make, base: Base, first: str) -> None:
    """The partner's card answers first, then its legal entity with an INN; no more is read."""
    asked = enricher("region", "inn", "kpp", "legal_form", "full_name")
    assert asked.customers([first, "никто"]) == {
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


def test_few_customers_are_asked_for_one_by_one(
    enricher: Make, base: Base, company: Company
) -> None:
    """A few cards are asked for by reference; what one customer lacks is left out."""
    one, other = list(company.keys)[:2]
    company.store.get("Catalog_Партнеры", one)["Регион"] = "Юг"
    found = enricher("Регион", customer_id="code").customers(["К-00000", "К-00001"])
    assert found == {"К-00000": {"Регион": "Юг"}, "К-00001": {}}
    assert any(one in each.query and other in each.query for each in base.log)


@pytest.mark.parametrize("extra", [True, False])
def test_additional_properties(enricher: Make, company: Company, extra: bool) -> None:
    """An additional property is read wherever it stands, its list looked up; others are not."""
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
    asked = enricher("activity", names={"attributes": {"activity": "property:Отрасль"}})
    assert asked.customers([one, other]) == {one: {"activity": "Торговля"}, other: {}}
    asked.preflight()
    with pytest.raises(ConfigError, match="'Цвет'"):
        enricher("property:Цвет").preflight()


def test_prospects(enricher: Make, company: Company) -> None:
    """Who has not bought for so long is a prospect, deleted cards apart; nobody unless asked."""
    names = dict(zip(company.keys, range(8), strict=True))
    company.customer("Удалён", DeletionMark=True)
    asked = enricher("name", not_bought_for=100, clock=at_noon(date(2026, 3, 1)))
    bought = {who for who, day, *_ in company.sold if day >= date(2025, 11, 22)}
    assert set(asked.prospects()) == set(names) - bought
    assert {"name": "Зета"} in asked.prospects().values()
    assert enricher("name").prospects() == {}


def test_prospects_without_the_register(enricher: Make, company: Company) -> None:
    """Where no turnovers are published documents tell who bought."""
    name = "AccumulationRegister_ВыручкаИСебестоимостьПродаж"
    asked = enricher("name", not_bought_for=100, clock=at_noon(date(2026, 3, 1)))
    expected = asked.prospects()
    company.store.unpublished |= {name, f"{name}_RecordType"}
    with pytest.warns(UserWarning, match="read from documents"):
        found = enricher("name", not_bought_for=100, clock=at_noon(date(2026, 3, 1))).prospects()
    assert expected == found


def test_fields_are_an_allow_list(enricher: Make, base: Base) -> None:
    """Without fields, or with one that is not published, nothing is read."""
    with pytest.raises(ConfigError, match="list"):
        enricher()
    with pytest.raises(ConfigError, match="list"):
        adapter(OneCEnricher, base.url, "u", "p", fields="inn")
    with pytest.raises(ConfigError, match="activity"):
        enricher("activity").preflight()
    assert not any("Catalog" in each.path for each in base.log)
    assert enricher("inn").preflight() == ["Catalog_Партнеры: inn"]
