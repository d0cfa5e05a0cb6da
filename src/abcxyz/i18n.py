"""Russian and English words, numbers and dates for what people read.

English is the key: ``text("Customers", "ru")`` looks the phrase up in ``locale/ru/*.toml``.
A phrase without a twin stays English rather than failing; a test keeps the catalogue complete.
"""

from __future__ import annotations

import functools
import gettext
import math
import tomllib
from collections.abc import Mapping
from datetime import date
from importlib import resources
from types import MappingProxyType

from abcxyz.errors import AbcxyzError, AbcxyzWarning

__all__ = [
    "LANGUAGES",
    "Translations",
    "catalogue",
    "compact",
    "date_text",
    "money",
    "number",
    "percent",
    "plural",
    "text",
    "translate",
]

LANGUAGES = ("en", "ru")

_NO_BREAK = "\N{NO-BREAK SPACE}"


@functools.cache
def catalogue(lang: str) -> Mapping[str, str]:
    """Read all phrases of *lang*, English to its twin.

    Parameters
    ----------
    lang
        One of `LANGUAGES`; English is empty, for it is its own key.

    Returns
    -------
    Mapping
        Read-only.
    """
    phrases: dict[str, str] = {}
    folder = resources.files("abcxyz") / "locale" / lang
    if folder.is_dir():
        for file in sorted(folder.iterdir(), key=lambda item: item.name):
            if file.name.endswith(".toml"):
                phrases.update(tomllib.loads(file.read_text(encoding="utf-8")))
    return MappingProxyType(phrases)


def text(english: str, lang: str, /, **fields: object) -> str:
    """Say *english* in *lang*, with its named ``{fields}`` filled in.

    Examples
    --------
    >>> text("Customers", "ru")
    'Клиенты'
    """
    template = catalogue(lang).get(english, english)
    return template.format(**fields) if fields else template


class Translations(gettext.NullTranslations):
    """The catalogue of a language behind the interface of `gettext`.

    Jinja2 and whoever else speaks gettext can use it; ``LANGUAGES`` are the known ones.

    Examples
    --------
    >>> Translations("ru").gettext("Customers")
    'Клиенты'
    >>> Translations("ru").ngettext("{n} customer", "{n} customers", 5).format(n=5)
    '5 клиентов'
    """

    def __init__(self, lang: str) -> None:
        super().__init__()
        self._lang = lang

    def gettext(self, message: str) -> str:
        """Look a phrase up."""
        return text(message, self._lang)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Look the form for a number up."""
        both = "|".join((msgid1, msgid2))
        forms = text(both, self._lang).split("|")
        return forms[_form(n, self._lang, len(forms))]


def _form(n: int, lang: str, forms: int) -> int:
    """Choose the form as the CLDR does: one and other in English; one, few, many in Russian."""
    n = abs(n)
    if lang != "ru" or forms < 3:
        return int(n != 1)
    if n % 10 == 1 and n % 100 != 11:
        return 0
    return 1 if n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14) else 2


def plural(english: str, n: int, lang: str, /, **fields: object) -> str:
    """Say a number of things: *english* is ``one|other``, with ``{n}`` and other fields.

    Examples
    --------
    >>> plural("{n} customer|{n} customers", 1, "en"), plural(
    ...     "{n} customer|{n} customers", 22, "ru"
    ... )
    ('1 customer', '22 клиента')
    """
    one, _, other = english.partition("|")
    return Translations(lang).ngettext(one, other, n).format(n=number(n, lang), **fields)


def translate(problem: BaseException, lang: str) -> str:
    """Say an error or a warning in *lang*; foreign exceptions keep their own words."""
    if isinstance(problem, (AbcxyzError, AbcxyzWarning)):
        # A detail may be the error that this one is about.
        details = {
            name: translate(value, lang) if isinstance(value, BaseException) else value
            for name, value in problem.details.items()
        }
        return text(problem.template, lang, **details)
    return str(problem)


def number(value: float, lang: str, decimals: int = 0) -> str:
    r"""Write a number as *lang* does: ``1 234 567,89`` in Russian, ``1,234,567.89`` in English.

    Examples
    --------
    >>> number(-1234567.891, "en", 2)
    '-1,234,567.89'
    >>> number(1234567.891, "ru", 2).replace("\N{NO-BREAK SPACE}", " ")
    '1 234 567,89'
    """
    if math.isnan(value):
        return "–"
    plain = f"{value:,.{decimals}f}"
    if float(plain.replace(",", "")) == 0:
        plain = plain.lstrip("-")
    if lang == "ru":
        plain = plain.replace(",", _NO_BREAK).replace(".", ",")
    return plain


def money(value: float, lang: str, decimals: int = 0, currency: str = "") -> str:
    """Write an amount with its currency: a sign before it in English, behind it in Russian.

    Examples
    --------
    >>> money(58140, "en"), money(-58140, "en", currency="$")
    ('58,140', '-$58,140')
    """
    return _with_currency(number(value, lang, decimals), lang, currency)


def _with_currency(plain: str, lang: str, currency: str) -> str:
    if not currency or plain == "–":
        return plain
    if lang == "ru" or len(currency) > 1:
        return f"{plain}{_NO_BREAK}{currency}"
    sign = plain[0] if plain[0] in "+-" else ""
    return f"{sign}{currency}{plain.removeprefix(sign)}"


#: Thousands, millions, milliards and so on, as the CLDR shortens them.
_SHORT = {"en": ("", "K", "M", "B", "T"), "ru": ("", "тыс.", "млн", "млрд", "трлн")}


def compact(value: float, lang: str, currency: str = "", *, signed: bool = False) -> str:
    r"""Write a large number short, for pictures and key figures.

    Examples
    --------
    >>> compact(1_234_567, "en"), compact(-950, "en"), compact(15_400, "en", signed=True)
    ('1.2M', '-950', '+15K')
    >>> compact(1_234_567, "ru", "₽").replace("\N{NO-BREAK SPACE}", " ")
    '1,2 млн ₽'
    """
    if math.isnan(value):
        return "–"
    power, scaled = 0, value
    # 999.6 thousand is a million, and not 1000 thousand.
    while abs(scaled) >= 999.5 and power < 4:
        power, scaled = power + 1, scaled / 1000
    decimals = 1 if power and abs(scaled) < 9.95 and round(abs(scaled), 1) % 1 else 0
    plain = number(scaled, lang, decimals)
    if signed and not plain.startswith("-") and float(f"{scaled:.{decimals}f}"):
        plain = "+" + plain
    if power:
        plain += (_NO_BREAK if lang == "ru" else "") + _SHORT[lang][power]
    return _with_currency(plain, lang, currency)


def percent(share: float, lang: str, decimals: int = 1) -> str:
    """Write a share of one as a percentage.

    Examples
    --------
    >>> percent(0.1433, "en", 2)
    '14.33%'
    """
    plain = number(share * 100, lang, decimals)
    if math.isnan(share):
        return plain
    return f"{plain}{_NO_BREAK}%" if lang == "ru" else f"{plain}%"


def date_text(day: date, lang: str) -> str:
    """Write a date: ``31.10.2026`` in Russian, ``2026-10-31`` in English.

    Examples
    --------
    >>> date_text(date(2026, 10, 31), "ru")
    '31.10.2026'
    """
    return f"{day:%d.%m}.{day.year:04d}" if lang == "ru" else day.isoformat()
