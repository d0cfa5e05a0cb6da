"""Total and subtotal rows of a table, which are no sales."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from abcxyz._arrays import Bools, Floats
from abcxyz.tables.values.text import clean_text

__all__ = ["may_hold_totals", "rounding_of", "total_cells"]

T = TypeVar("T", float, Floats)

_TOTAL = re.compile(
    r"(?:(?:общ\w+|промежуточн\w+)\s+)?итог[и]?|итого(?:\s+(?:по|за|с|без|к|на|в)\b.*)?"
    r"|всего(?:\s+(?:по|за|с|без|к|на|в)\b.*)?|(?:grand|sub|sub-|overall|report)?\s*totals?"
    r"|(?:grand |sub|sub-)?total(?:\s+(?:for|by|of|in)\b.*)|итого\s+всего|sum\s+total"
    r"|общая\s+сумма|сумма|sum|gesamt(?:summe|ergebnis)?|zwischensumme|total\s+g[eé]n[eé]ral|totale"
    r"|(?:razem|suma)(?:\s+ca[lł]kowita)?|всього|разом|барлығы|жиыны",
    re.IGNORECASE,
)
#: Parts of the words in `_TOTAL`.
_PARTS = (
    *("total", "итог", "всего", "сумма", "sum", "gesamt", "razem", "всього", "разом"),
    *("барлығы", "жиыны"),
)
_ROUND = re.compile(r"(?:(?:grand )?total|sub-?total|итого|всего|итог)\b[\s:.\-]*", re.IGNORECASE)
_END = re.compile(r"[\s:.\-]+(?:total|subtotal|итого|итог|всего)[\s:.]*\Z", re.IGNORECASE)


def total_cells(cells: Sequence[Any]) -> Bools:
    """Return which cells of a column mark a total or subtotal row.

    Parameters
    ----------
    cells
        (n,) distinct cells of a column of customers, dates or documents.

    Notes
    -----
    ``Total`` and ``Итого`` mark a total, also with what it is of: ``Итого за май``. Together with
    another word they mark one only where that word is a cell of the column itself: ``Ann Total``
    beside ``Ann``, but not the company ``Total Energies``.

    Examples
    --------
    >>> total_cells(["Ann", "Ann Total", "Итого за май:", "Total Energies", "Total"]).tolist()
    [False, True, True, False, True]
    """
    texts = [clean_text(cell).rstrip(" :.") if isinstance(cell, str) else "" for cell in cells]
    others = {text.casefold() for text in texts if text}
    return np.array([bool(text) and _is_total(text, others) for text in texts], dtype=bool)


def may_hold_totals(cells: Sequence[Any]) -> bool:
    """Return whether a word for a total is in any cell: a quick test of many cells."""
    texts = cells if set(map(type, cells)) == {str} else [c for c in cells if isinstance(c, str)]
    text = "\n".join(texts).casefold()
    return any(word in text for word in _PARTS)


def rounding_of(total: T) -> T:
    """Return how far rounded sums may be from a total, alone or in an array, and still be it.

    Examples
    --------
    >>> abs(0.1 + 0.2 - 0.3) <= rounding_of(0.3), abs(0.31 - 0.3) <= rounding_of(0.3)
    (True, False)
    """
    # Half a kopeck, and the error of adding up many floats.
    return 0.005 + 1e-9 * abs(total)


def _is_total(text: str, others: set[str]) -> bool:
    if _TOTAL.fullmatch(text):
        return True
    for pattern in (_ROUND, _END):
        rest = pattern.sub("", text, count=1) if pattern.search(text) else ""
        if rest and rest != text and rest.strip(' "«»').casefold() in others:
            return True
    return False
