"""Localised formatting of numbers, amounts of money, percentages and dates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from numbers import Integral

from abcxyz.toolkit.language import language

__all__ = [
    "Figure",
    "compact",
    "date_text",
    "field_value",
    "filled",
    "money",
    "number",
    "percent",
]

_NOTHING = "–"


def number(value: float, lang: str, decimals: int = 0) -> str:
    r"""Format a number: ``1 234 567,89`` in Russian, ``1,234,567.89`` in English.

    Examples
    --------
    >>> number(-1234567.891, "en", 2)
    '-1,234,567.89'
    >>> number(1234567.891, "ru", 2).replace("\N{NO-BREAK SPACE}", " ")
    '1 234 567,89'
    """
    if math.isnan(value):
        return _NOTHING
    rules = language(lang)
    plain = f"{abs(value):,.{decimals}f}"
    negative = value < 0 and float(plain.replace(",", "")) != 0
    if (rules.group, rules.decimal) != (",", "."):
        plain = plain.translate({ord(","): rules.group, ord("."): rules.decimal})
    return rules.minus + plain if negative else plain


def money(value: float, lang: str, decimals: int = 0, currency: str = "") -> str:
    """Format an amount with its currency sign, before it in English, after it in Russian.

    Examples
    --------
    >>> money(58140, "en"), money(-58140, "en", currency="$")
    ('58,140', '-$58,140')
    """
    return _with_currency(number(value, lang, decimals), lang, currency)


def _with_currency(plain: str, lang: str, currency: str) -> str:
    if not currency or plain == _NOTHING:
        return plain
    rules = language(lang)
    sign = next((one for one in (rules.minus, "+") if plain.startswith(one)), "")
    pattern = rules.money if len(currency) == 1 else rules.money_word
    return sign + pattern.format(number=plain.removeprefix(sign), currency=currency)


def compact(
    value: float,
    lang: str,
    currency: str = "",
    *,
    signed: bool = False,
    decimals: int | None = None,
) -> str:
    r"""Abbreviate a large number, for charts and key figures.

    Parameters
    ----------
    decimals
        Decimals of an abbreviated number; None for one below a hundred, so that parts add up to
        their sum as far as it shows.

    Examples
    --------
    >>> compact(1_234_567, "en"), compact(-950, "en"), compact(15_400, "en", signed=True)
    ('1.2M', '-950', '+15.4K')
    >>> compact(1_234_567, "ru", "₽").replace("\N{NO-BREAK SPACE}", " ")
    '1,2 млн ₽'
    """
    if math.isnan(value):
        return _NOTHING
    units = ("", *language(lang).short)
    power, scaled = 0, value
    # 999.6 thousand rounds to 1 million, not to 1000 thousand.
    while abs(scaled) >= 999.5 and power < len(units) - 1:
        power, scaled = power + 1, scaled / 1000
    if decimals is None:
        decimals = 1 if power and abs(scaled) < 99.95 and round(abs(scaled), 1) % 1 else 0
    decimals = decimals if power else 0
    plain = number(scaled, lang, decimals) + units[power]
    if signed and scaled > 0 and float(f"{scaled:.{decimals}f}"):
        plain = "+" + plain
    return _with_currency(plain, lang, currency)


def percent(share: float, lang: str, decimals: int = 1) -> str:
    """Format a fraction (0 to 1) as a percentage.

    Examples
    --------
    >>> percent(0.1433, "en", 2)
    '14.33%'
    """
    plain = number(share * 100, lang, decimals)
    return plain if math.isnan(share) else language(lang).percent.format(number=plain)


def date_text(day: date, lang: str) -> str:
    """Format a date: ``31.10.2026`` in Russian, ``2026-10-31`` in English.

    Examples
    --------
    >>> date_text(date(2026, 10, 31), "ru")
    '31.10.2026'
    """
    pattern = language(lang).date
    for part, value in (("yyyy", f"{day.year:04d}"), ("mm", f"{day:%m}"), ("dd", f"{day:%d}")):
        pattern = pattern.replace(part, value)
    return pattern


class _Number:
    """A number that its place in a template formats as usual, written as a language does.

    ``{n:deal|deals}`` is the form of a word for it, of as many as the language has.
    """

    def __init__(self, value: float | Decimal, lang: str, decimals: int | None = None) -> None:
        self._value = value if decimals is None else round(float(value), decimals)
        self._rules = language(lang)
        #: As `number` writes it with so many decimals; None to format it as its place says.
        self._written = None if decimals is None else number(float(value), lang, decimals)

    def __format__(self, spec: str) -> str:
        if "|" in spec:
            return self._rules.chosen(spec, self._value)
        if self._written is not None:
            return format(self._written, spec)
        plain, exponent, power = format(self._value, spec).partition("e")
        plain = plain.translate({ord(","): self._rules.group, ord("."): self._rules.decimal})
        if plain.startswith("-"):
            plain = self._rules.minus + plain[1:]
        if plain.endswith("%"):
            plain = self._rules.percent.format(number=plain[:-1])
        return plain + exponent + power

    def __str__(self) -> str:
        return format(self, "")

    def __repr__(self) -> str:
        # As it was passed: a value to find again in the data or the code.
        return repr(self._value if self._written is None else self._written)


@dataclass(frozen=True)
class Figure:
    """A number in a message, formatted by the reader's language with *decimals* decimals."""

    value: float
    decimals: int = 0


def field_value(value: object, lang: str) -> object:
    """Return the value of a field of a message: numbers and days are written as in *lang*.

    Examples
    --------
    >>> "{share:.0%} from {limit}".format(
    ...     share=field_value(0.25, "ru"), limit=field_value(1.5, "ru")
    ... ).replace("\N{NO-BREAK SPACE}", " ")
    '25 % from 1,5'
    """
    if isinstance(value, Figure):
        return _Number(value.value, lang, value.decimals)
    if isinstance(value, date) and not isinstance(value, datetime):
        return date_text(value, lang)
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, (bool, Enum)):
        return _Number(value, lang)
    if type(value).__module__ == "numpy" and isinstance(value, Integral):
        return _Number(int(value), lang)
    return value


def filled(template: str, fields: Mapping[str, object], lang: str) -> str:
    """Fill in the fields of a sentence; the point of a unit is also that of the sentence.

    Examples
    --------
    >>> filled("{money}.", {"money": compact(554_000, "ru")}, "ru").endswith("тыс.")
    True
    """
    said = template.format(**fields)
    for unit in language(lang).dotted:
        said = said.replace(f"{unit}.", unit)
    return said
