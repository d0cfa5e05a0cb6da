"""Fixtures and helpers of the tests of the sink: sinks, analyses, stored segments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from tests.clocks import NoWait
from tests.emulators.onec.base import PROPERTY, Base, Company
from tests.onec.adapter import adapter

from abcxyz import SEGMENTS, Analysis, Settings, Transactions, analyze
from abcxyz_onec.sink import OneCSink

EXTRA = "InformationRegister_ДополнительныеСведения"
PROPERTIES = "ChartOfCharacteristicTypes_ДополнительныеРеквизитыИСведения"
NATIVE = "InformationRegister_ABCXYZКлассификацияКлиентов"
MEMBERS = "InformationRegister_ПартнерыСегмента"
AS_OF = date(2026, 3, 10)
PLACE = {
    "extra": EXTRA,
    "attributes": "Catalog_Партнеры",
    "segment": MEMBERS,
    "ut11": NATIVE,
}
LETTERS = {f"{letter}Класс": letter for letter in "ABCXYZ"} | {"НеКлассифицирован": "-"}
Make = Callable[..., OneCSink]


@pytest.fixture
def company(company: Company) -> Company:
    """Add a property for the cards and nine segments of partners."""
    add = company.store.add
    add(PROPERTIES, Description=PROPERTY, Имя="СегментКарточка", ЭтоДополнительноеСведение=False)
    for segment in SEGMENTS:
        add("Catalog_СегментыПартнеров", Description=f"{PROPERTY} {segment}")
    return company


@pytest.fixture
def sink(base: Base) -> Make:
    def make(into: str = "extra", **options: Any) -> OneCSink:
        common: dict[str, Any] = {
            "property": PROPERTY,
            "timeout": 5,
            "clock": NoWait(),
            "native_jobs_off": True,
        }
        return adapter(OneCSink, base.url, "Робот", "пароль-7Щ", into=into, **(common | options))

    return make


def analysis(company: Company, **changed: float) -> Analysis:
    """Classify the sales; *changed* maps the index of a customer (``p3``) to added money."""
    who, day, money, cost, document = (list(each) for each in zip(*company.sold, strict=True))
    partners = list(company.keys)
    for place, more in changed.items():
        who.append(partners[int(place[1:])])
        day.append(date(2026, 2, 20))
        money.append(more)
        cost.append(0.0)
        document.append(f"more {place}")
    sales = Transactions(who, day, money, cost, document)
    return analyze(sales, as_of=AS_OF, settings=Settings(period="12M"))


def expected_segments(result: Analysis) -> dict[str, str]:
    """Return customer to the segment that 1C should store."""
    snapshot = result.snapshot
    return {
        who: SEGMENTS[code]
        for who, code in zip(snapshot.customers.tolist(), snapshot.segment.tolist(), strict=True)
        if code >= 0
    }


def shown(company: Company, into: str) -> dict[str, str]:
    """Return customer to the segment that the base stores."""
    store = company.store
    if into == "extra":
        return {row["Объект"]: row["Значение"] for row in store.rows[EXTRA]}
    if into == "attributes":
        return {
            card["Ref_Key"]: row["Значение"]
            for card in store.rows["Catalog_Партнеры"]
            for row in card["ДополнительныеРеквизиты"]
            if store.get(PROPERTIES, row["Свойство_Key"])["Имя"] == "СегментКарточка"
        }
    if into == "segment":
        names = {
            row["Ref_Key"]: row["Description"][-2:]
            for row in store.rows["Catalog_СегментыПартнеров"]
        }
        return {row["Партнер_Key"]: names[row["Сегмент_Key"]] for row in store.rows[MEMBERS]}
    last: dict[tuple[str, str], dict[str, Any]] = {}
    for row in sorted(store.rows[NATIVE], key=lambda each: str(each["Period"])):
        last[row["Партнер_Key"], row["ТипКлассификации"]] = row
    return {
        who: LETTERS[row["Класс"]] + LETTERS[last[who, "XYZ"]["Класс"]]
        for (who, axis), row in last.items()
        if axis == "ABC"
    }
