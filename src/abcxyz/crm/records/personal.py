"""Attributes of persons, by which no report on a CRM compares and from which none learns."""

from __future__ import annotations

import re
from collections.abc import Iterable

from abcxyz.errors import InputError

__all__ = ["PERSONAL", "check_attributes", "describes_person", "is_personal", "words_of"]

_SINGLE = frozenset(
    {
        # Name, photograph, and what is derived from them.
        *("surname", "patronymic", "имя", "фамилия", "отчество", "photo", "фото"),
        *("sex", "gender", "ethnicity", "race", "nationality", "пол", "национальность"),
        # Age, family, health, convictions, language.
        *("age", "birthday", "birthdate", "возраст", "family", "children", "семья"),
        *("health", "здоровье", "religion", "politics", "религия", "language", "язык"),
        # Private contacts and devices; pay.
        *("phone", "mobile", "email", "телефон", "почта", "device", "ip", "salary", "зарплата"),
    }
)
"""Words that name such an attribute alone as well as within the name of a field."""

PERSONAL = _SINGLE | {
    *("first name", "last name", "middle name", "full name", "фио", "photograph", "avatar"),
    *("citizenship", "гражданство", "раса", "этнос"),
    *("birth date", "date of birth", "year of birth"),
    *("дата рождения", "день рождения", "год рождения"),
    *("family status", "marital status", "дети", "семейное положение"),
    *("disability", "инвалидность"),
    *("religious affiliation", "political views", "вероисповедание", "политические взгляды"),
    *("mother tongue", "родной язык"),
    # Home, private contacts and devices.
    *("home address", "address of residence", "домашний адрес", "адрес проживания"),
    *("e-mail", "email domain", "phone operator", "мобильный", "домен почты", "оператор связи"),
    *("ip address", "устройство", "ip-адрес"),
    *("credit score", "credit rating", "кредитный рейтинг", "долги"),
    # Of employees.
    *("wage", "pay", "leave reason", "sick leave", "keystrokes", "presence"),
    *("оклад", "причина отпуска", "больничный", "присутствие"),
}
"""Usual headings of such attributes. Industry, size and region of organisations are none."""

_WORDS = _SINGLE | {
    *("name", "firstname", "lastname", "mail", "birth", "address", "marital", "credit"),
    *("passport", "рождения", "адрес", "паспорт"),
}
_SPLIT = re.compile(r"[^0-9a-zа-яё]+|(?<=[a-z])(?=[A-Z])")


def words_of(name: str) -> set[str]:
    """Return the words of the name of a field, also of one in camel case.

    Examples
    --------
    >>> sorted(words_of("birth_date"))
    ['birth', 'date']
    """
    words = {one.casefold() for one in _SPLIT.split(name) if one}
    return words | {one for one in _SPLIT.split(name.casefold()) if one}


def describes_person(name: str) -> bool:
    """Return whether the name of a field has a word for an attribute of a natural person.

    Examples
    --------
    >>> describes_person("birthDate"), describes_person("industry")
    (True, False)
    """
    return not words_of(name).isdisjoint(_WORDS)


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
