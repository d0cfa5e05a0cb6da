"""Headings that name a period: ``Январь 2025``, ``Jan-25``, ``2025-01``, ``Q1 2025``, dates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from attrs import evolve, frozen

from abcxyz.errors import InputError
from abcxyz.tables.values.days import DayForm, day_form, notation_of, parse_days
from abcxyz.tables.values.months import named_month, year_of
from abcxyz.tables.values.text import clean_text

__all__ = ["Period", "is_period", "period_of", "periods_with_measures", "year_in"]

_QUARTERS = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "1": 1, "2": 2, "3": 3, "4": 4}
_QUARTER = re.compile(
    r"(?:q\s*(?P<a>[1-4])|(?P<b>[1-4]|i{1,3}|iv)[\s-]*(?:й|ый|ой)?\s*(?:q|кв\.?|квартал\w*))"
    r"[\s./'-]*(?P<year>(?:19|20)?\d\d)\s*(?:г\.?|год\w*)?"
    r"|(?P<year2>(?:19|20)\d\d)[\s./-]*q\s*(?P<c>[1-4])",
    re.IGNORECASE,
)
_SPAN = re.compile(r"(.*?\d)\s*(?:-|\u2013|\u2014|\.\.|по|to)\s*(\d.*)", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
_YEAR_ALONE = re.compile(r"((?:19|20)\d\d)\s*(?:г\.?|год\w*)?", re.IGNORECASE)
_DIGITS = re.compile(r"\d")
#: Notations of a column of dates that a heading may have; a bare number is no date.
_KINDS = {"date", "iso", "triple", "month", "name"}


@frozen
class Period:
    """Period that a heading names.

    Parameters
    ----------
    start
        First day; of the year 1 where the heading names a month without its year.
    unit
        ``day``, ``month``, ``quarter`` or ``year``.
    """

    start: date
    unit: str

    @property
    def has_year(self) -> bool:
        """Return whether the year is known."""
        return self.start.year > 1

    def in_year(self, year: int) -> Period:
        """Return the period in a year, if its own is not known."""
        return self if self.has_year else Period(self.start.replace(year=year), self.unit)


def period_of(cell: Any, form: DayForm | None = None) -> Period | None:
    """Return the period that a heading names, or None.

    Parameters
    ----------
    cell
        The heading.
    form
        How the headings of the table write dates; None decides by this heading alone.

    Raises
    ------
    InputError
        Either the day or the month could come first.

    Examples
    --------
    >>> [str(period_of(text).start) for text in ("янв.25", "Jan-25", "Январь 2025 г.", "Q2 2025")]
    ['2025-01-01', '2025-01-01', '2025-01-01', '2025-04-01']
    >>> period_of("Итого"), period_of("Март")
    (None, Period(start=datetime.date(1, 3, 1), unit='month'))
    """
    if isinstance(cell, date):
        return _period(date(cell.year, cell.month, cell.day))
    if isinstance(cell, (int, float)) or cell is None:
        return None
    text = clean_text(str(cell))
    if not text or len(text) > 40:
        return None
    if match := _QUARTER.fullmatch(text):
        quarter = _QUARTERS[(match["a"] or match["b"] or match["c"]).lower()]
        year = year_of(match["year"] or match["year2"])
        return Period(date(year, 3 * quarter - 2, 1), "quarter")
    if not _DIGITS.search(text):
        bare = named_month(f"{text} 0001")
        return None if bare is None else Period(date(1, bare.month, 1), "month")
    if match := _YEAR_ALONE.fullmatch(text):
        return Period(date(int(match[1]), 1, 1), "year")
    return _dated(text, form)


def _dated(text: str, form: DayForm | None) -> Period | None:
    named = named_month(text)
    if named is not None and named.day is None:
        return Period(date(named.year, named.month, 1), "month")
    if not re.search(r"\d\D+\d|[^\W\d_]", text) and len(text) != 6:
        return None
    if form is not None and form.date_format is not None:
        days, bad = parse_days([text], form)
        if not bad[0]:
            return _period(days[0].item())
        form = None  # some headings may name their periods otherwise
    notation = notation_of(text)
    if notation not in _KINDS:
        return None
    days, bad = parse_days([text], form or day_form([text]))
    if bad[0] or days[0] != days[0]:  # NaT differs from itself
        span = _SPAN.fullmatch(text)
        first = None if span is None else period_of(span[1], form)
        return None if first is None else Period(first.start, "month")
    return _period(days[0].item())


def _period(day: date) -> Period:
    return Period(day, "month" if day.day == 1 else "day")


def is_period(cell: Any) -> bool:
    """Return whether a heading names a period smaller than a year."""
    try:
        period = period_of(cell)
    except InputError:
        return True  # a date, whose order other headings decide
    except ValueError:
        return False
    return period is not None and period.unit != "year"


def year_in(texts: Iterable[str]) -> int | None:
    """Return the only year named in texts, such as a title; None where there are several.

    Examples
    --------
    >>> year_in(["Sales from 01.01.2025 to 31.12.2025"]), year_in(["2024 and 2025"])
    (2025, None)
    """
    years = {int(year) for text in texts for year in _YEAR.findall(text)}
    return years.pop() if len(years) == 1 else None


def _form_of_headings(columns: Sequence[str], date_format: str | None) -> DayForm:
    """Decide from all headings how they write dates."""
    if date_format is not None:
        return day_form([], date_format=date_format)
    words = [word for column in columns for word in str(column).split()]
    try:
        return evolve(day_form(words), swapped=False)
    except InputError:
        value = next(word for word in words if notation_of(word) == "triple")
        raise InputError(
            "the headings hold dates such as {value!r}, which may begin with the day or with the "
            "month; give the date format, such as --date-format %m/%d/%Y",
            value=value,
        ) from None


def periods_with_measures(
    columns: Sequence[str], date_format: str | None = None
) -> dict[str, tuple[Period, str]]:
    """Return the columns of periods with what they measure; empty where the heading is a period.

    Parameters
    ----------
    columns
        Headings; a measure stands after or before the period, as in ``Январь 2025 Выручка``.
    date_format
        Format of :func:`time.strptime` for headings that are dates; None decides by all headings.

    Raises
    ------
    InputError
        Either the day or the month could come first.

    Examples
    --------
    >>> found = periods_with_measures(["Client", "Jan 2025 Revenue", "Jan 2025 Pieces"])
    >>> {column: measure for column, (_, measure) in found.items()}
    {'Jan 2025 Revenue': 'Revenue', 'Jan 2025 Pieces': 'Pieces'}
    """
    form = _form_of_headings(columns, date_format)
    found: dict[str, tuple[Period, str]] = {}
    for column in columns:
        words = str(column).split()
        for size in range(len(words), 0, -1):
            for start in {0, len(words) - size}:
                text = " ".join(words[start : start + size])
                period = period_of(text, form)
                # A single word of several is rather a part of a name: "May sales".
                if period is None or (size < len(words) and not period.has_year):
                    continue
                rest = " ".join(words[:start] + words[start + size :])
                if rest and period.unit == "year":
                    continue
                found[column] = period, rest
                break
            if column in found:
                break
    return found
