"""Dates with a month in words: ``15 Jan 2025``, ``Январь 2025 г.``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from attrs import frozen

__all__ = ["NamedMonth", "named_month", "year_of"]

#: Beginnings of the names of months, January first; a name may go on with other letters.
_STEMS = (
    ("jan", "янв"),
    ("feb", "фев"),
    ("mar", "мар"),
    ("apr", "апр"),
    ("may", "май", "мая", "мае"),
    ("jun", "июн"),
    ("jul", "июл"),
    ("aug", "авг"),
    ("sep", "сен"),
    ("oct", "окт"),
    ("nov", "ноя"),
    ("dec", "дек"),
)
_FULL = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december", "sept"),
    *("январь", "января", "январе", "февраль", "февраля", "феврале", "март", "марта", "марте"),
    *("апрель", "апреля", "апреле", "июнь", "июня", "июне", "июль", "июля", "июле"),
    *("август", "августа", "августе", "сентябрь", "сентября", "сентябре", "сент"),
    *("октябрь", "октября", "октябре", "ноябрь", "ноября", "ноябре", "нояб"),
    *("декабрь", "декабря", "декабре"),
)
_MONTHS: Mapping[str, int] = MappingProxyType(
    {stem: place for place, stems in enumerate(_STEMS, 1) for stem in stems}
    | {
        name: place
        for name in _FULL
        for place, stems in enumerate(_STEMS, 1)
        if name.startswith(stems)
    }
)
_IGNORED = frozenset(
    {
        *("г", "год", "года", "году", "of", "the", "st", "nd", "rd", "th", "y", "yr"),
        *("mon", "monday", "tue", "tues", "tuesday", "wed", "wednesday", "thu", "thur", "thurs"),
        *("thursday", "fri", "friday", "sat", "saturday", "sun", "sunday"),
        *("пн", "понедельник", "вт", "вторник", "ср", "среда", "чт", "четверг", "пт", "пятница"),
        *("сб", "суббота", "вс", "воскресенье"),
    }
)
_TOKEN = re.compile(r"\d+|[^\W\d_]+")
_MARKS = " .,-/()'\"«»“”„’"
_CENTURY = MappingProxyType({True: 2000, False: 1900})


@frozen
class NamedMonth:
    """A date with a month in words.

    Parameters
    ----------
    year, month
        Year of four digits, and number of the month.
    day
        Day; None where the cell names a month.
    short
        Whether the year was written with two digits after the month, as in ``Jan-25``, where it
        may be a day.
    """

    year: int
    month: int
    day: int | None
    short: bool = False


def year_of(text: str) -> int:
    """Return a year of two or four digits; two digits below 70 are of this century."""
    year = int(text)
    return year if len(text) == 4 else year + _CENTURY[year < 70]


def named_month(text: str) -> NamedMonth | None:
    """Parse a date with a month in words; None if it is none.

    Examples
    --------
    >>> named_month("Январь 2025 г."), named_month("«15» января 2025 г.")
    (NamedMonth(year=2025, month=1, day=None, short=False), \
NamedMonth(year=2025, month=1, day=15, short=False))
    """
    rest = _TOKEN.sub("", text)
    if rest.strip(_MARKS):
        return None
    before: list[str] = []
    after: list[str] = []
    month = None
    for token in _TOKEN.findall(text.casefold()):
        if token.isdigit():
            (before if month is None else after).append(token)
        elif month is None and token in _MONTHS:
            month = _MONTHS[token]
        elif token not in _IGNORED:
            return None
    if month is None:
        return None
    match [*map(len, before)], [*map(len, after)]:
        case [], [4 | 2]:
            return NamedMonth(year_of(after[0]), month, None, short=len(after[0]) == 2)
        case [4], []:
            return NamedMonth(int(before[0]), month, None)
        case ([1 | 2], [4 | 2]):
            return NamedMonth(year_of(after[0]), month, int(before[0]))
        case [4], [1 | 2]:
            return NamedMonth(int(before[0]), month, int(after[0]))
        case [], [1 | 2, 4 | 2]:
            return NamedMonth(year_of(after[1]), month, int(after[0]))
    return None
