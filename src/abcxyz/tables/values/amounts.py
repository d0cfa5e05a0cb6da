"""Amounts of money in any usual notation; the decimal mark is decided per column."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Floats
from abcxyz.errors import InputError
from abcxyz.tables.values.currency_marks import strip_currency
from abcxyz.tables.values.text import clean_text, is_missing

__all__ = ["AmountForm", "amount_form", "parse_amounts"]

_MINUSES = str.maketrans(dict.fromkeys("\u2212\u2013\u2014\u2012\u2010\u2011\ufe63\uff0d", "-"))
_PLAIN = re.compile(r"-?\d+(?:\.(?:\d{1,2}|\d{4,}))?", re.ASCII)
_SCIENTIFIC = re.compile(r"\d+(?:[.,]\d+)?[eE][+-]?\d+", re.ASCII)
_SPACED = re.compile(r"(\d{1,3}(?:[ '’]\d{3})+)(?:[.,](\d*))?", re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*|\d{1,2}(?:,\d{2})+,\d{3}", re.ASCII)
_OPEN = re.compile(r"[1-9]\d{0,2}[.,]\d{3}", re.ASCII)


@frozen
class AmountForm:
    """How a column writes amounts.

    Parameters
    ----------
    decimal
        Decimal mark of the cells that could be read in two ways, such as ``1,234``: ``"."`` or
        ``","``; None where no cell is open.
    thousands
        Marks that separate thousands, as far as the column shows.
    decimals
        Decimal marks, as far as the column shows.
    """

    decimal: str | None = None
    thousands: str = ""
    decimals: str = ""


def amount_form(
    cells: Sequence[Any], *, decimal: str | None = None, name: str = "amount"
) -> AmountForm:
    """Decide from all distinct cells of a column how it writes amounts.

    Parameters
    ----------
    cells
        Distinct cells.
    decimal
        Decimal mark set by the user; None decides it.
    name
        Heading of the column, for errors.

    Returns
    -------
    AmountForm
        The form.

    Raises
    ------
    InputError
        Some cells could be read in two ways, and no other cell settles it.

    Notes
    -----
    ``1,234`` may be 1234 or 1.234. Cells with a single reading settle it: ``1,234,567`` and
    ``1,234.50`` show that the comma separates thousands, ``0,5`` that it is decimal; ``1.5`` shows
    that the point is decimal, and so that the comma is not.

    Examples
    --------
    >>> amount_form(["12,345", "2,010,000"]).decimal
    '.'
    >>> amount_form(["12,345", "0,5"]).decimal
    ','
    """
    decimals, groups, opens = set[str](), set[str](), dict[str, str]()
    for cell in cells:
        if not isinstance(cell, str) or _PLAIN.fullmatch(cell):
            if isinstance(cell, str) and "." in cell:
                decimals.add(".")
            continue
        body = _body(cell)
        if body is None or _SCIENTIFIC.fullmatch(body[1]) or is_missing(cell):
            continue
        text = body[1]
        if spaced := _SPACED.fullmatch(text):
            if spaced[2]:
                decimals.add(text[spaced.end(1)])
        elif _OPEN.fullmatch(text):
            opens.setdefault("," if "," in text else ".", cell)
        elif _number(text, None) is not None:
            marks = [mark for mark in text if mark in ".,"]
            if not marks:
                continue
            if marks.count(marks[-1]) > 1:
                groups.add(marks[-1])
            else:
                decimals.add(marks[-1])
                groups.update(marks[:-1])
    shown = "".join(sorted(groups))
    if decimal is not None:
        return AmountForm(decimal, shown, "".join(sorted(decimals)))
    chosen = {_decimal_mark(mark, decimals, groups, opens, name) for mark in opens}
    if len(chosen) > 1:
        raise _open_amount(next(iter(opens.values())), name)
    return AmountForm(chosen.pop() if chosen else None, shown, "".join(sorted(decimals)))


def _decimal_mark(
    mark: str, decimals: set[str], groups: set[str], opens: dict[str, str], name: str
) -> str:
    """Return the decimal mark of open cells with a mark, or raise an error."""
    other = "." if mark == "," else ","
    if mark in decimals and other in decimals:
        raise _open_amount(opens[mark], name)
    if (mark in decimals) != (mark in groups):
        return mark if mark in decimals else other
    if mark not in decimals and (other in decimals) != (other in groups):
        return other if other in decimals else mark
    raise _open_amount(opens[mark], name)


def _open_amount(cell: str, name: str) -> InputError:
    return InputError(
        "the column {name!r} holds amounts such as {value}, which may have thousands or decimals; "
        "name the decimal mark: --decimal . or --decimal ,",
        name=name,
        value=cell.strip(),
    )


def parse_amounts(cells: Sequence[Any], form: AmountForm) -> tuple[Floats, Bools]:
    """Return the amount of each cell.

    Parameters
    ----------
    cells
        (n,) distinct cells: text or numbers.
    form
        Form of the column.

    Returns
    -------
    amounts : numpy.ndarray
        (n,) float64; NaN where there is none.
    unreadable : numpy.ndarray
        (n,) booleans: cells that are not missing and not an amount.

    Examples
    --------
    >>> cells = ["1 234,50", "(99,90)", "12,30-", "5 ₸", "1.234.567", "-", "ten"]
    >>> amounts, unreadable = parse_amounts(cells, amount_form(cells))
    >>> amounts.tolist()
    [1234.5, -99.9, -12.3, 5.0, 1234567.0, nan, nan]
    >>> unreadable.tolist()
    [False, False, False, False, False, False, True]
    """
    amounts = np.array([_amount(cell, form.decimal) for cell in cells], dtype=np.float64)
    missing = np.array([is_missing(cell) for cell in cells], dtype=bool)
    return amounts, np.isnan(amounts) & ~missing


def _amount(cell: object, decimal: str | None) -> float:
    if isinstance(cell, str):
        if _PLAIN.fullmatch(cell):
            return _finite(float(cell))
        body = _body(cell)
        number = None if body is None else _number(body[1], decimal)
        if body is None or number is None:
            return math.nan
        return _finite(-float(number) if body[0] else float(number))
    if isinstance(cell, (bool, np.bool_)) or is_missing(cell):
        return math.nan
    if isinstance(cell, (int, float, Decimal, np.number)):
        return _finite(float(cell))
    return math.nan


def _finite(value: float) -> float:
    return value if math.isfinite(value) else math.nan


def _body(cell: str) -> tuple[bool, str] | None:
    """Return whether an amount is negative, and its digits and marks; None if it is no amount."""
    text = clean_text(cell).translate(_MINUSES)
    signs, brackets, currencies = "", False, 0
    while True:
        bare = text.strip(" ")
        if bare.startswith("(") and bare.endswith(")") and not brackets:
            brackets, bare = True, bare[1:-1]
        elif bare[:1] in ("-", "+") and bare:
            signs, bare = signs + bare[0], bare[1:]
        elif bare[-1:] in ("-", "+") and bare:
            signs, bare = signs + bare[-1], bare[:-1]
        elif bare.startswith("'"):  # by which a spreadsheet marks text
            bare = bare[1:]
        elif not bare.isascii() or not bare.replace(".", "").replace(",", "").isdigit():
            bare, code = strip_currency(bare)
            currencies += code is not None
        if bare == text:
            break
        text = bare
    if len(signs) + brackets > 1 or currencies > 2 or not text:
        return None
    return brackets or signs == "-", text


def _number(text: str, decimal: str | None) -> str | None:
    """Return digits and marks as a number with a decimal point; None if they are no number.

    An open cell such as ``1,234`` is read by the *decimal* mark.
    """
    if not text.isascii() and "’" not in text:
        return None
    if spaced := _SPACED.fullmatch(text):
        return f"{re.sub(r'[^0-9]', '', spaced[1])}.{spaced[2] or '0'}"
    if _SCIENTIFIC.fullmatch(text):
        return text.replace(",", ".")
    marks = [mark for mark in text if mark in ".,"]
    if not text.replace(".", "").replace(",", "").isdigit():
        return None
    if not marks:
        return text
    grouped = marks.count(marks[-1]) > 1 or (
        len(marks) == 1 and marks[0] != decimal and decimal is not None and _is_open(text)
    )
    if grouped:
        return _ungrouped(text)
    whole, _, fraction = text.rpartition(marks[-1])
    if len(marks) > 1:
        whole = _ungrouped(whole) or "?"
    number = f"{whole or '0'}.{fraction or '0'}"
    return None if "?" in number else number


def _is_open(text: str) -> bool:
    return _OPEN.fullmatch(text) is not None


def _ungrouped(text: str) -> str | None:
    """Remove the marks between groups of digits; None if the groups are wrong."""
    return re.sub(r"[.,]", "", text) if _GROUPED.fullmatch(text) else None
