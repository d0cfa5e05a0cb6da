"""Text of a cell: invisible characters, blanks, and markers of a missing value."""

from __future__ import annotations

import re
import unicodedata

from abcxyz import _arrays

__all__ = ["MISSING_MARKERS", "clean_text", "is_missing"]

MISSING_MARKERS = frozenset(
    {
        *("NULL", "null", "(null)", "<null>", "[NULL]", "\\N", "nan", "NaN", "NAN", "-nan"),
        *("None", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaT", "NIL", "-", "--", "—", "–", "−"),
        *("(blank)", "(пусто)", "<пусто>", "<>", "#Н/Д", "#ЗНАЧ!", "#ССЫЛКА!", "#ДЕЛ/0!", "#ИМЯ?"),
        *("#VALUE!", "#REF!", "#DIV/0!", "#NAME?", "#NUM!", "#ЧИСЛО!", "#NULL!", "#ПУСТО!"),
    }
)
"""Texts by which databases, spreadsheets and programs mark a missing value."""

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_BLANKS = re.compile(r"\s+")
#: A formula that keeps a number as text, which spreadsheets read from CSV: ``="00012"``.
_TEXT_FORMULA = re.compile(r'="([^"]*)"')
#: The apostrophe by which spreadsheets keep a number, and exports a formula, as text.
_TEXT_MARK = re.compile(r"'(?=\d[\d\s.,:/-]*\Z|[=+@-])")


def clean_text(text: str) -> str:
    r"""Return a text without invisible characters, with single blanks, in composed form.

    Examples
    --------
    >>> clean_text(" OOO\u00a0 \u200bElka "), clean_text('="00012"'), clean_text("'00012")
    ('OOO Elka', '00012', '00012')
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    text = _BLANKS.sub(" ", text).strip()
    if text[:1] not in ("=", "'"):
        return text
    formula = _TEXT_FORMULA.fullmatch(text)
    return formula[1].strip() if formula else _TEXT_MARK.sub("", text, count=1)


def is_missing(cell: object) -> bool:
    r"""Return whether a cell is empty or holds a marker of a missing value.

    Examples
    --------
    >>> [is_missing(cell) for cell in (None, " ", "NULL", r"\N", "-", "0", 0)]
    [True, True, True, True, True, False, False]
    """
    if isinstance(cell, str):
        text = cell if cell.isalnum() else clean_text(cell)
        return not text or text in MISSING_MARKERS
    return _arrays.is_missing(cell)
