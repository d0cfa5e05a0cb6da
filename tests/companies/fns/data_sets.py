"""Made data sets in the form of the tax service: four organisations and one person."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

BUILDER, PLANT, SLEEPER, DEBTOR = "7709000010", "5406000025", "0230000083", "6601000038"
PERSON, PERSON_OGRN, PERSON_NAME = "770900001057", "317770000000019", "ПРИМЕРОВ"
MEMBER = "VO_00000000-0000-0000-0000-00000000000{}.xml"

FILES = {
    "rsmp": "data-10112026-structure-12052026.zip",
    "sshr2019": "data-20260425-structure-20250425.zip",
    "revexp": "data-20260525-structure-20260425.zip",
    "snr": "data-20261125-structure-20260425.zip",
    "paytax": "data-20260401-structure-20260401.zip",
    "debtam": "data-20261125-structure-20260325.zip",
}


def element(name: str, inner: str = "", /, **attributes: object) -> str:
    """Write an element."""
    written = "".join(f" {key}={quoteattr(str(value))}" for key, value in attributes.items())
    return f"<{name}{written}>{inner}</{name}>" if inner else f"<{name}{written}/>"


def document(*inner: str, stated: str, dated: str | None = None, **attributes: Any) -> str:
    """Write a document."""
    dates = {"ДатаСост": stated} | ({} if dated is None else {"ДатаДок": dated})
    return element("Документ", "".join(inner), ИдДок="example", **dates, **attributes)


def member(*documents: str, declared: int | None = None, encoding: str = "UTF-8") -> bytes:
    """Write a member with its declaration and the person who sent it."""
    sender = element("ИдОтпр", element("ФИООтв", Фамилия=PERSON_NAME, Имя="-"))
    count = len(documents) if declared is None else declared
    root = element("Файл", sender + "".join(documents), ИдФайл="x", КолДок=count)
    return f'<?xml version="1.0" encoding="{encoding}"?>\n{root}'.encode(encoding)


def taxpayer(inn: str, name: str) -> str:
    """Write who a document is about."""
    return element("СведНП", НаимОрг=name, ИННЮЛ=inn)


def headcount(
    inn: str, name: str, count: object, *, stated: str = "31.12.2025", dated: str = "25.04.2026"
) -> str:
    """Write a document of the numbers of employees."""
    return document(
        taxpayer(inn, name), element("СведССЧР", КолРаб=count), stated=stated, dated=dated
    )


def statement(
    inn: str, name: str, income: object, expense: object = "0.00", *, stated: str = "31.12.2025"
) -> str:
    """Write a document of income and expense."""
    return document(
        taxpayer(inn, name),
        element("СведДохРасх", СумДоход=income, СумРасход=expense),
        stated=stated,
        dated="25.05.2026",
    )


def firm(
    inn: str,
    ogrn: str,
    name: str,
    region: str,
    okved: str,
    *,
    stated: str = "10.11.2026",
    category: int = 1,
    staff: int | None = None,
    short: str | None = None,
    version: str = "2014",
    activity: str = "СвОКВЭД",
) -> str:
    """Write a document of the register of small firms on an organisation."""
    names = {"НаимОрг": name} | ({} if short is None else {"НаимОргСокр": short})
    main = element("СвОКВЭДОсн", КодОКВЭД=okved, НаимОКВЭД="-", ВерсОКВЭД=version)
    other = element("СвОКВЭДДоп", КодОКВЭД="43.29", НаимОКВЭД="-", ВерсОКВЭД="2014")
    attributes: dict[str, Any] = {} if staff is None else {"ССЧР": staff}
    return document(
        element("ОргВклМСП", **names, ИННЮЛ=inn, ОГРН=ogrn),
        element("СведМН", element("Регион", Тип="ГОРОД", Наим="-"), КодРегион=region),
        element(activity, main + other),
        stated=stated,
        ДатаВклМСП="10.08.2018",
        ВидСубМСП=1,
        КатСубМСП=category,
        **attributes,
    )


def sole_trader() -> str:
    """Write a document of the register of small firms on a natural person."""
    name = element("ФИОИП", Фамилия=PERSON_NAME, Имя="ПРИМЕР", Отчество="ПРИМЕРОВИЧ")
    return document(
        element("ИПВклМСП", name, ИННФЛ=PERSON, ОГРНИП=PERSON_OGRN),
        element("СведМН", КодРегион="77"),
        element("СвОКВЭД", element("СвОКВЭДОсн", КодОКВЭД="47.91", ВерсОКВЭД="2014")),
        stated="10.11.2026",
        ВидСубМСП=2,
        КатСубМСП=1,
    )


def example_members() -> dict[str, list[bytes]]:
    """Write the members of the six sets."""
    build, plant = 'ООО "ПРИМЕР-СТРОЙ"', 'АО "ПРИМЕР-ЗАВОД"'
    sleeper, debtor = 'ООО "ПРИМЕР-СПЯЩИЙ"', 'ООО "ПРИМЕР-ЁЛКА"'
    long = 'ОБЩЕСТВО С ОГРАНИЧЕННОЙ ОТВЕТСТВЕННОСТЬЮ "ПРИМЕР-СТРОЙ"'
    ogrn = "1177700000103"
    taxes = [
        element("СвУплСумНал", НаимНалог=name, СумУплНал=paid)
        for name, paid in (("взносы", "2519000.50"), ("УСН", "3832748.00"), ("НДС", "0.00"))
    ]
    debts = [
        element("СведНедоим", НаимНалог=name, СумНедНалог=owed, ОбщСумНедоим=owed)
        for name, owed in (("прибыль", "40817.89"), ("взносы", "94805.94"))
    ]
    no_regime = {"ПризнЕСХН": 0, "ПризнУСН": 0, "ПризнАУСН": 0, "ПризнСРП": 0}
    first: dict[str, str] = {"stated": "01.11.2026", "dated": "25.11.2026"}
    return {
        "rsmp": [
            member(
                firm(BUILDER, ogrn, long, "77", "41.20", staff=9, short=build),
                firm(
                    PLANT, "1025400000108", 'АКЦИОНЕРНОЕ ОБЩЕСТВО "ПРИМЕР-ЗАВОД"', "54", "25.11",
                    category=3, activity="СвОКВЭДотч",
                ),
                sole_trader(),
                firm(
                    BUILDER, ogrn, long, "77", "45.21", staff=31, short=build, version="2001",
                    stated="10.10.2026", category=2,
                ),
            )
        ],
        "sshr2019": [
            member(
                headcount(BUILDER, build, 12),
                headcount(PLANT, plant, 231),
                headcount(SLEEPER, sleeper, 0),
            )
        ],
        "revexp": [
            member(
                statement(BUILDER, build, "118250000.00", "103900000.00"),
                statement(PLANT, plant, "1904630000.00", "1710415000.00"),
                statement(SLEEPER, sleeper, "0.00", "14000.00"),
            )
        ],
        "snr": [
            member(
                document(
                    taxpayer(BUILDER, build), element("СведСНР", **no_regime | {"ПризнУСН": 1}),
                    **first,
                ),
                document(taxpayer(DEBTOR, debtor), element("СведСНР", **no_regime), **first),
                encoding="windows-1251",
            )
        ],
        "paytax": [
            member(document(taxpayer(BUILDER, build), *taxes, stated="31.12.2025"))
        ],
        "debtam": [member(document(taxpayer(DEBTOR, debtor), *debts, **first))],
    }  # fmt: skip


def write_zip(path: Path, members: Iterable[bytes]) -> Path:
    """Write a zip of members."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, one in enumerate(members):
            archive.writestr(zipfile.ZipInfo(MEMBER.format(place)), one)
    return path


def write_sets(folder: Path, sets: Mapping[str, list[bytes]] | None = None) -> Path:
    """Write data sets as the tax service names their files, each in a folder of its own."""
    for name, members in (example_members() if sets is None else sets).items():
        write_zip(folder / name / FILES[name], members)
    return folder
