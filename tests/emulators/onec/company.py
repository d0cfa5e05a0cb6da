# ruff: noqa: DTZ001 - 1C sends the naive local time of its server
"""Emulated configurations УТ, УНФ and БП, and a company with customers and sales."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from attrs import define, field
from tests.emulators.onec.schema import (
    Entity,
    Field,
    composite,
    constant,
    independent_register,
    number,
    ref,
    reference_object,
    section,
    text,
    turnovers_register,
)
from tests.emulators.onec.store import ZERO, Store

__all__ = ["PROPERTY", "Company", "bp", "filled", "unf", "ut11"]

PROPERTY = "Сегмент ABC/XYZ"
_PROPERTIES = "ChartOfCharacteristicTypes_ДополнительныеРеквизитыИСведения"
_ENUMS = {
    "ABCКлассификация": ("AКласс", "BКласс", "CКласс", "НеКлассифицирован"),
    "XYZКлассификация": ("XКласс", "YКласс", "ZКласс", "НеКлассифицирован"),
}


def _common(customers: str) -> list[Entity]:
    columns = (
        ref("Свойство", _PROPERTIES),
        composite("Значение"),
        text("ТекстоваяСтрока", 500),
    )
    return [
        section(customers, "ДополнительныеРеквизиты", *columns),
        reference_object(
            _PROPERTIES,
            text("Имя"),
            Field("ЭтоДополнительноеСведение", "Edm.Boolean"),
            ref("ВладелецДополнительныхЗначений", _PROPERTIES),
        ),
        reference_object("Catalog_ЗначенияСвойствОбъектов", ref("Owner", _PROPERTIES)),
        independent_register(
            "ДополнительныеСведения",
            (composite("Объект", customers), ref("Свойство", _PROPERTIES)),
            (composite("Значение"),),
        ),
        reference_object("Catalog_Валюты"),
        independent_register(
            "КурсыВалют",
            (ref("Валюта", "Catalog_Валюты"),),
            (number("Курс"), number("Кратность")),
            periodic=True,
        ),
    ]


def ut11() -> Store:
    """Describe УТ 11.5, КА 2 and ERP 2."""
    partners, contractors = "Catalog_Партнеры", "Catalog_Контрагенты"
    keys = "Catalog_КлючиАналитикиУчетаПоПартнерам"
    money = (number("СуммаДокумента"), ref("Валюта", "Catalog_Валюты"))
    rate = (number("КурсЧислитель"), number("КурсЗнаменатель"))
    party = (ref("Партнер", partners), ref("Контрагент", contractors))
    entities = [
        reference_object(
            partners,
            text("Регион"),
            ref("БизнесРегион", "Catalog_БизнесРегионы"),
            text("ЮрФизЛицо"),
            ref("ОсновнойМенеджер", "Catalog_Пользователи"),
            sections=("ДополнительныеРеквизиты",),
        ),
        *_common(partners),
        reference_object("Catalog_Пользователи"),
        reference_object("Catalog_БизнесРегионы"),
        reference_object(
            contractors,
            ref("Партнер", partners),
            text("ИНН", 12),
            text("КПП", 9),
            text("НаименованиеПолное", 0),
            text("ЮридическоеФизическоеЛицо"),
        ),
        reference_object("Catalog_Организации"),
        reference_object(
            keys,
            ref("Партнер", partners),
            composite("Контрагент", contractors, "Catalog_Организации"),
        ),
        *turnovers_register(
            "ВыручкаИСебестоимостьПродаж",
            (ref("АналитикаУчетаПоПартнерам", keys), ref("Подразделение", "Catalog_Организации")),
            ("Количество", "СуммаВыручки", "Стоимость", "ДопРасходы"),
        ),
        *turnovers_register(
            "ДвиженияДенежныеСредстваКонтрагент",
            (text("ХозяйственнаяОперация"), ref("Партнер", partners), composite("Контрагент")),
            ("СуммаОплаты",),
        ),
        reference_object("Document_РеализацияТоваровУслуг", *party, *money, *rate),
        reference_object("Document_ВозвратТоваровОтКлиента", *party, *money, *rate),
        constant(
            "ВалютаУправленческогоУчета",
            Field("Value_Key", "Edm.Guid", targets=("Catalog_Валюты",)),
        ),
        independent_register(
            "ABCXYZКлассификацияКлиентов",
            (
                ref("Партнер", partners),
                text("ТипПараметраКлассификации"),
                text("ТипКлассификации"),
            ),
            (composite("Класс"), number("ЗначениеПараметраКлассификации")),
            periodic=True,
        ),
        reference_object("Catalog_СегментыПартнеров"),
        independent_register(
            "ПартнерыСегмента",
            (ref("Сегмент", "Catalog_СегментыПартнеров"), ref("Партнер", partners)),
            (),
        ),
    ]
    return Store(entities, _ENUMS)


def unf() -> Store:
    """Describe УНФ 3.0."""
    customers = "Catalog_Контрагенты"
    documents = (
        "РасходнаяНакладная",
        "АктВыполненныхРабот",
        "ЧекККМ",
        "ПриходнаяНакладная",
        "ЧекККМВозврат",
    )
    columns = (
        ref("Контрагент", customers),
        number("СуммаДокумента"),
        ref("ВалютаДокумента", "Catalog_Валюты"),
        text("ВидОперации"),
    )
    entities = [
        reference_object(
            customers,
            text("ИНН", 12),
            text("КПП", 9),
            text("НаименованиеПолное", 0),
            text("ВидКонтрагента"),
            sections=("ДополнительныеРеквизиты",),
        ),
        *_common(customers),
        *turnovers_register(
            "Продажи",
            (ref("Контрагент", customers), composite("Документ")),
            ("Количество", "Сумма", "Себестоимость", "СуммаИнт", "СебестоимостьИнт"),
        ),
        *(reference_object(f"Document_{name}", *columns) for name in documents),
        *(
            reference_object(f"Document_{name}", *columns, number("СуммаУчета"))
            for name in ("ПоступлениеНаСчет", "ПоступлениеВКассу")
        ),
        constant(
            "НациональнаяВалюта", Field("Value_Key", "Edm.Guid", targets=("Catalog_Валюты",))
        ),
    ]
    return Store(entities, {})


def bp() -> Store:
    """Describe БП 3.0."""
    customers = "Catalog_Контрагенты"
    columns = (
        ref("Контрагент", customers),
        number("СуммаДокумента"),
        ref("ВалютаДокумента", "Catalog_Валюты"),
        text("ВидОперации"),
    )
    names = (
        "РеализацияТоваровУслуг",
        "АктОбОказанииПроизводственныхУслуг",
        "РеализацияОтгруженныхТоваров",
        "ВозвратТоваровОтПокупателя",
    )
    payment = (
        composite("Контрагент", customers),
        number("СуммаДокумента"),
        ref("ВалютаДокумента", "Catalog_Валюты"),
        text("ВидОперации"),
    )
    entities = [
        reference_object(
            customers,
            text("ИНН", 12),
            text("КПП", 9),
            text("НаименованиеПолное", 0),
            text("ЮридическоеФизическоеЛицо"),
            sections=("ДополнительныеРеквизиты",),
        ),
        *_common(customers),
        *(reference_object(f"Document_{name}", *columns) for name in names),
        *(
            reference_object(f"Document_{name}", *payment)
            for name in ("ПоступлениеНаРасчетныйСчет", "ПриходныйКассовыйОрдер")
        ),
        constant(
            "ВалютаРегламентированногоУчета",
            Field("Value_Key", "Edm.Guid", targets=("Catalog_Валюты",)),
        ),
    ]
    return Store(entities, {})


@define
class Company:
    """Company in a base of УТ: customers, keys and sales.

    ``sold`` lists the sales that a reader must return: (customer, day, revenue, cost, document).
    """

    store: Store = field(factory=ut11)
    sold: list[tuple[str, date, float, float, str]] = field(factory=list)
    keys: dict[str, list[str]] = field(factory=dict)
    inn: dict[str, str] = field(factory=dict)
    rouble: str = ""
    dollar: str = ""

    def __attrs_post_init__(self) -> None:
        add = self.store.add
        self.rouble = add("Catalog_Валюты", Code="643", Description="RUB")
        self.dollar = add("Catalog_Валюты", Code="840", Description="USD")
        add("Constant_ВалютаУправленческогоУчета", SurrogateKey=0, Value_Key=self.rouble)
        rate = {"Валюта_Key": self.dollar, "Курс": 90, "Кратность": 1}
        add("InformationRegister_КурсыВалют", Period="2025-01-01T00:00:00", **rate)
        add(_PROPERTIES, Description=PROPERTY, Имя="СегментABCXYZ", ЭтоДополнительноеСведение=True)

    def customer(self, name: str, *, inn: str = "", keys: int = 1, **fields: Any) -> str:
        """Add a partner with contractors and keys."""
        partner = self.store.add(
            "Catalog_Партнеры", Description=name, Code=f"К-{len(self.keys):05d}", **fields
        )
        self.keys[partner] = []
        for index in range(keys):
            contractor = self.store.add(
                "Catalog_Контрагенты", Description=f"{name} {index}", Партнер_Key=partner, ИНН=inn
            )
            self.keys[partner].append(
                self.store.add(
                    "Catalog_КлючиАналитикиУчетаПоПартнерам",
                    Партнер_Key=partner,
                    Контрагент=contractor,
                    Контрагент_Type="StandardODATA.Catalog_Контрагенты",
                )
            )
        self.inn[partner] = inn
        return partner

    def sale(
        self,
        partner: str,
        moment: datetime,
        revenue: float,
        *,
        cost: float = 0.0,
        key: int = 0,
        currency: str = "",
        returned: bool = False,
    ) -> str:
        """Add a posted document with its records: revenue in one, cost in another."""
        kind = (
            "Document_ВозвратТоваровОтКлиента" if returned else "Document_РеализацияТоваровУслуг"
        )
        sign = -1 if returned else 1
        foreign = bool(currency) and currency != self.rouble
        contractor = self.store.get(
            "Catalog_КлючиАналитикиУчетаПоПартнерам", self.keys[partner][key]
        )
        document = self.store.add(
            kind,
            Date=moment.isoformat(),
            Posted=True,
            Партнер_Key=partner,
            Контрагент_Key=contractor["Контрагент"],
            СуммаДокумента=revenue / 90 if foreign else revenue,
            Валюта_Key=currency or self.rouble,
            КурсЧислитель=90 if foreign else 1,
            КурсЗнаменатель=1,
        )
        self.record(
            self.keys[partner][key], moment, document, kind, 1, СуммаВыручки=sign * revenue
        )
        if cost:
            self.record(self.keys[partner][key], moment, document, kind, 2, Стоимость=sign * cost)
        self.sold.append((partner, moment.date(), sign * revenue, sign * cost, document))
        return document

    def record(
        self,
        key: str,
        moment: datetime,
        document: str,
        kind: str,
        line: int,
        *,
        active: bool = True,
        **money: float,
    ) -> None:
        """Add a flat record; resources without a value are null."""
        resources: dict[str, Any] = dict.fromkeys(
            ("Количество", "СуммаВыручки", "Стоимость", "ДопРасходы")
        )
        self.store.add(
            "AccumulationRegister_ВыручкаИСебестоимостьПродаж_RecordType",
            Period=moment.isoformat(),
            Recorder=document,
            Recorder_Type=f"StandardODATA.{kind}",
            LineNumber=str(line),
            Active=active,
            АналитикаУчетаПоПартнерам_Key=key,
            **(resources | money),
        )

    def noise(self, partner: str) -> None:
        """Add records that must not be counted: inactive, year 209, bad keys, drafts."""
        kind = "Document_РеализацияТоваровУслуг"
        key = self.keys[partner][0]
        moment = datetime(2026, 3, 5, 12)
        other = "11111111-2222-4333-8444-555555555555"
        self.record(key, moment, other, kind, 1, active=False, СуммаВыручки=10**6)
        self.record(key, datetime(209, 3, 5), other, kind, 2, СуммаВыручки=10**6)
        self.record(ZERO, moment, other, kind, 3, СуммаВыручки=500)
        self.record(
            "99999999-2222-4333-8444-555555555555", moment, other, kind, 4, СуммаВыручки=70
        )
        blank = {"Партнер_Key": partner, "Date": moment.isoformat(), "СуммаДокумента": 10**6}
        self.store.add(kind, Posted=False, **blank)
        self.store.add(kind, Posted=True, DeletionMark=True, **blank)


def filled(make: Callable[[], Store] = ut11) -> Company:
    """Make a company of eight customers and a year of sales."""
    company = Company(make())
    names = ["Альфа", "Бета", '=cmd|"x"', "<b>Гамма</b>", "Дельта 🚀", "O'Нил", "Эпсилон", "Зета"]
    partners = [
        company.customer(name, inn=f"77{place:08d}", keys=2 if place < 2 else 1)
        for place, name in enumerate(names)
    ]
    for place, partner in enumerate(partners[:-1]):
        for month in range(1, 13):
            if place > 3 and month % (place - 1):
                continue
            first = datetime(2025 + month // 11, (month + 1) % 12 + 1, 1)
            moment = first + timedelta(days=(place * 5 + month) % 27, hours=month)
            company.sale(
                partner,
                moment,
                (8 - place) ** 3 * 100 + month,
                cost=50.0,
                key=month % len(company.keys[partner]),
            )
    company.sale(partners[0], datetime(2026, 1, 1), 11)
    company.sale(partners[0], datetime(2026, 1, 31, 23, 59, 59), 13)
    company.sale(partners[1], datetime(2026, 2, 3), 700, returned=True)
    company.sale(partners[2], datetime(2026, 2, 4), 9000, currency=company.dollar)
    company.noise(partners[3])
    return company
