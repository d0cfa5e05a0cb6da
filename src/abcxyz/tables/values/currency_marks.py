"""Signs, codes and words of currencies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from abcxyz.tables.values.text import clean_text, is_missing

__all__ = ["currency_code", "currency_in_amount", "is_currency", "strip_currency"]

#: Code -> its signs and words in cells; the code itself and its lower case count too.
_MARKS: Mapping[str, str] = MappingProxyType(
    {
        "RUB": "₽ RUR руб руб. рубль рубля рублей р р. р.р.",
        "USD": "$ US$ долл долл. доллар доллара долларов",
        "EUR": "€ евро",
        "GBP": "£",
        "CNY": "¥ CN¥ RMB юань юаней",
        "JPY": "円 JP¥",
        "KZT": "₸ тг тг. тенге",
        "UAH": "₴ грн грн. гривна гривен",
        "BYN": "Br бел.руб бел.руб. BYR",
        "INR": "₹ Rs Rs.",
        "PLN": "zł zl",
        "TRY": "₺ TL",
        "ILS": "₪ NIS",
        "KRW": "₩",
        "VND": "₫",
        "AZN": "₼ ман ман.",
        "GEL": "₾",
        "AMD": "֏",
        "UZS": "сум so'm",
        "KGS": "сом",
        "CZK": "Kč",
        "HUF": "Ft",
        "RON": "lei",
        "BGN": "лв лв.",
        "MNT": "₮",
        "THB": "฿",
        "PHP": "₱",
        "NGN": "₦",
        "BRL": "R$",
        "CHF": "Fr.",
        "DKK": "",
        "NOK": "",
        "SEK": "",
        "RSD": "",
        "MDL": "",
        "TJS": "",
        "TMT": "",
        "AED": "",
        "SAR": "",
        "CAD": "C$",
        "AUD": "A$",
        "NZD": "NZ$",
        "HKD": "HK$",
        "SGD": "S$",
        "MXN": "",
        "ZAR": "",
        "EGP": "",
        "IDR": "Rp",
        "MYR": "RM",
    }
)
_CODES: Mapping[str, str] = MappingProxyType(
    {mark.casefold(): code for code, marks in _MARKS.items() for mark in (code, *marks.split())}
)
#: ISO numbers of the currencies of 1C and banks.
_NUMBERS = MappingProxyType(
    {"643": "RUB", "810": "RUB", "840": "USD", "978": "EUR", "398": "KZT", "980": "UAH"}
    | {"933": "BYN", "156": "CNY", "826": "GBP", "356": "INR", "985": "PLN", "949": "TRY"}
)
_ANY = "|".join(re.escape(mark) for mark in sorted(_CODES, key=len, reverse=True))
# A word next to a letter is part of another word; a sign is a mark anywhere.
_FIRST = re.compile(rf"(?:{_ANY})(?![^\W\d_])", re.IGNORECASE)
_LAST = re.compile(rf"(?<![^\W\d_])(?:{_ANY})\Z", re.IGNORECASE)


def strip_currency(text: str) -> tuple[str, str | None]:
    """Split a text into an amount and the code of the currency before or after it.

    Examples
    --------
    >>> strip_currency("1 234,50 ₽"), strip_currency("$5"), strip_currency("7")
    (('1 234,50', 'RUB'), ('5', 'USD'), ('7', None))
    """
    if match := _FIRST.match(text):
        return text[match.end() :].strip(), _CODES[match[0].casefold()]
    if match := _LAST.search(text):
        return text[: match.start()].strip(), _CODES[match[0].casefold()]
    return text, None


def is_currency(word: str) -> bool:
    """Return whether a word is the code, the sign or the name of a currency.

    Examples
    --------
    >>> is_currency("usd"), is_currency("₽"), is_currency("pieces")
    (True, True, False)
    """
    return word.casefold() in _CODES


def currency_in_amount(cell: object) -> str:
    """Return the code of the currency beside an amount; empty where there is none.

    Examples
    --------
    >>> [currency_in_amount(cell) for cell in ("-250,00 ₸", "($5)", "643", "5", None)]
    ['KZT', 'USD', '', '', '']
    """
    if not isinstance(cell, str) or is_missing(cell):
        return ""
    bare = clean_text(cell)
    for _ in range(4):  # a sign of the number may stand outside that of the currency
        bare, code = strip_currency(bare.strip(" +-()\u2212\u2013"))
        if code is not None:
            return code
    return ""


def currency_code(cell: object) -> str:
    """Return the code in a cell of a column of currencies: a code, a number, a sign or a word.

    Returns
    -------
    str
        Code in upper case; empty where the cell has none.

    Examples
    --------
    >>> [currency_code(cell) for cell in ("rub", "руб.", "643", "XYZ", None)]
    ['RUB', 'RUB', 'RUB', 'XYZ', '']
    """
    if is_missing(cell):
        return ""
    text = clean_text(str(cell))
    return _NUMBERS.get(text) or _CODES.get(text.casefold()) or text.upper()
