"""Taxpayer numbers (INN) and registration numbers (OGRN) of organisations."""

from __future__ import annotations

import re

from abcxyz.errors import InputError

__all__ = [
    "check_inn",
    "clean_number",
    "format_inn",
    "founded_year",
    "is_person",
    "organisation_inn",
]

_SEPARATORS = re.compile(r"[\s\-\N{NO-BREAK SPACE}]")
_ORGANISATION, _PERSON, _OGRN = 10, 12, 13
_BEFORE_THE_REGISTER = 2  # the year "2002" of an OGRN means "2002 or before"


def clean_number(value: object) -> str:
    """Return a number as text, without spaces and the ``.0`` of a spreadsheet.

    Examples
    --------
    >>> clean_number(7709000010.0), clean_number(" 77 0900 0010 "), clean_number(None)
    ('7709000010', '7709000010', '')
    """
    if isinstance(value, str):
        if value.isalnum():
            return value
        return _SEPARATORS.sub("", value.removesuffix(".0"))
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else ""
    # NumPy's integers are no `int`, but are written alike.
    return "" if value is None else str(value)


def organisation_inn(value: object) -> str | None:
    """Return the INN of an organisation, None if the value is none.

    Notes
    -----
    The last of 10 digits is ``sum(d · (2 4 10 3 5 9 4 6 8)) mod 11 mod 10`` of the others. Ten
    zeros satisfy this and are refused.

    Examples
    --------
    >>> organisation_inn(7709000010), organisation_inn("7709000011"), organisation_inn("0" * 10)
    ('7709000010', None, None)
    """
    text = value if isinstance(value, str) and len(value) == _ORGANISATION else clean_number(value)
    if len(text) != _ORGANISATION or not (text.isascii() and text.isdigit()):
        return None
    return text if int(text[9]) == _check_digit(text) and text != "0" * _ORGANISATION else None


def format_inn(number: int) -> str:
    """Return the INN of an organisation with its leading zeros.

    Examples
    --------
    >>> format_inn(230000083)
    '0230000083'
    """
    return f"{number:0{_ORGANISATION}}"


def _check_digit(text: str) -> int:
    # Written out, since it is computed for every number that is looked up. The sum is that of the
    # signs; 2448 is that of nine zeros.
    a, b, c, d, e, f, g, h, i, _ = text.encode()
    total = 2 * a + 4 * b + 10 * c + 3 * d + 5 * e + 9 * f + 4 * g + 6 * h + 8 * i - 2448
    return total % 11 % 10


def is_person(value: object) -> bool:
    """Return whether a value has the 12 digits of a natural person's INN, valid or not.

    Examples
    --------
    >>> is_person("770900001057"), is_person("7709000010")
    (True, False)
    """
    text = clean_number(value)
    return len(text) == _PERSON and text.isascii() and text.isdigit()


def check_inn(value: object) -> str:
    """Return the INN of an organisation.

    Raises
    ------
    InputError
        It is none. The message names no number that may be a natural person's.

    Examples
    --------
    >>> check_inn("230000083")
    Traceback (most recent call last):
    abcxyz.errors.InputError: '230000083' has 9 digits; if a spreadsheet lost the zero at its \
beginning, write 0230000083
    """
    inn = organisation_inn(value)
    if inn is not None:
        return inn
    text = clean_number(value)
    plain = text.isascii() and text.isdigit()
    if plain and len(text) == _PERSON:
        raise InputError(
            "a number of 12 digits belongs to a natural person, and only organisations are looked "
            "up; write an INN of 10 digits"
        )
    if plain and len(text) == _PERSON - 1:
        raise InputError(
            "a number of 11 digits is no INN; with a zero lost by a spreadsheet it would be a "
            "natural person's, and only organisations are looked up"
        )
    if plain and len(text) == _ORGANISATION - 1 and organisation_inn(f"0{text}"):
        raise InputError(
            "{value!r} has 9 digits; if a spreadsheet lost the zero at its beginning, write "
            "{proposal}",
            value=text,
            proposal=f"0{text}",
        )
    if plain and len(text) == _ORGANISATION and text != "0" * _ORGANISATION:
        raise InputError(
            "{value!r} is no INN: by its other digits the last one would be {digit}; compare it "
            "with the document",
            value=text,
            digit=_check_digit(text),
        )
    raise InputError(
        "{value!r} is no INN; an organisation's has 10 digits, not all of them zero",
        value=str(value)[:40],
    )


def founded_year(ogrn: object) -> int | None:
    """Return the year in which an organisation was entered in the register, by its OGRN.

    Notes
    -----
    The second and third of the 13 digits are the year; 02 is the year in which the register
    began, for every older firm. The last digit is the first 12 as a number mod 11 mod 10.

    Examples
    --------
    >>> founded_year("1177700000103"), founded_year("1025400000108"), founded_year("1177700000104")
    (2017, None, None)
    """
    text = clean_number(ogrn)
    if len(text) != _OGRN or not (text.isascii() and text.isdigit()):
        return None
    year = int(text[1:3])
    valid = int(text[:12]) % 11 % 10 == int(text[12])
    return 2000 + year if valid and year > _BEFORE_THE_REGISTER else None
