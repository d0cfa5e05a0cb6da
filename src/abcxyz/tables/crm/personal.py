"""Attributes of persons, by which no report on a CRM compares."""

from __future__ import annotations

import re
from collections.abc import Iterable

from abcxyz.errors import InputError

__all__ = ["PERSONAL", "check_attributes", "is_personal"]

PERSONAL = frozenset(
    {
        # Name, photograph, and what is derived from them.
        *("first name", "last name", "middle name", "surname", "patronymic", "full name"),
        *("имя", "фамилия", "отчество", "фио", "photo", "photograph", "avatar", "фото"),
        *("sex", "gender", "ethnicity", "race", "nationality", "citizenship"),
        *("пол", "национальность", "раса", "этнос", "гражданство"),
        # Age, family, health, convictions, language.
        *("age", "birth date", "birthday", "birthdate", "date of birth", "year of birth"),
        *("возраст", "дата рождения", "день рождения", "год рождения"),
        *("family", "family status", "marital status", "children", "семья", "дети"),
        *("семейное положение", "health", "disability", "здоровье", "инвалидность"),
        *("religion", "religious affiliation", "politics", "political views"),
        *("религия", "вероисповедание", "политические взгляды"),
        *("language", "mother tongue", "язык", "родной язык"),
        # Home, private contacts and devices.
        *("home address", "address of residence", "домашний адрес", "адрес проживания"),
        *("phone", "mobile", "email", "e-mail", "email domain", "phone operator"),
        *("телефон", "мобильный", "почта", "домен почты", "оператор связи"),
        *("device", "ip", "ip address", "устройство", "ip-адрес"),
        *("credit score", "credit rating", "кредитный рейтинг", "долги"),
        # Of employees.
        *("salary", "wage", "pay", "leave reason", "sick leave", "keystrokes", "presence"),
        *("зарплата", "оклад", "причина отпуска", "больничный", "присутствие"),
    }
)
"""Usual headings of such attributes. Industry, size and region of organisations are none."""


def is_personal(heading: str) -> bool:
    """Return whether a heading names an attribute of a person.

    Examples
    --------
    >>> is_personal("Date_of_birth"), is_personal("Пол"), is_personal("Источник")
    (True, True, False)
    """
    return " ".join(re.split(r"[\s_.]+", heading.strip().casefold())) in PERSONAL


def check_attributes(headings: Iterable[str], where: str) -> None:
    """Refuse columns that would be compared, if they are attributes of persons.

    Raises
    ------
    InputError
        One of *headings* is.
    """
    for heading in headings:
        if is_personal(heading):
            raise InputError(
                "{where}: the column {heading!r} is an attribute of a person, by which no report "
                "compares; choose another column, such as the channel or the product",
                where=where,
                heading=heading,
            )
