"""Parsing of columns of cells into amounts, dates and identifiers.

Each *distinct* cell is parsed once: a column of a million lines has a few hundred dates and some
thousands of customers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from abcxyz._arrays import Bools, Days, Floats
from abcxyz.errors import InputError

__all__ = [
    "MONEY_MARKS",
    "distinct",
    "is_blank",
    "read_amounts",
    "read_days",
    "read_ids",
    "spread",
]

_SPACES = re.compile(r"[\s\u00a0\u2009\u202f'’]+")
MONEY_MARKS = re.compile(r"(?:₽|руб(?:лей|ля|\.)?|р\.|\$|€|£|RUB|RUR|USD|EUR)", re.IGNORECASE)
"""Currency sign or code in an amount cell."""

_MINUSES = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2012": "-"})
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_TIME = re.compile(
    r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:Z|UTC|[+-]\d{2}:?\d{2})?(?:\s*[AaPp][Mm])?",
    re.ASCII,
)
_YEAR_FIRST = re.compile(r"(\d{4})([-./])(\d{1,2})\2(\d{1,2})", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})([-./])(\d{1,2})\2(\d{4}|\d{2})", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_CENTURY = MappingProxyType({True: 2000, False: 1900})


def distinct(column: pd.Series[Any]) -> tuple[npt.NDArray[np.int64], list[Any]]:
    """Return a code per cell, and the distinct cells; a missing cell has the code -1."""
    codes, cells = pd.factorize(column, use_na_sentinel=True)
    return np.asarray(codes, np.int64), list(cells)


def spread(codes: npt.NDArray[np.int64], values: npt.NDArray[Any], missing: Any) -> Any:
    """Expand values of distinct cells to all lines."""
    return np.append(values, np.asarray([missing], dtype=values.dtype))[codes]


def is_blank(cell: object) -> bool:
    """Return whether a cell is empty."""
    if cell is None or isinstance(cell, str):
        return not cell or not cell.strip()
    return bool(pd.isna(cell))  # type: ignore[call-overload]


def read_ids(column: pd.Series[Any]) -> npt.NDArray[np.object_]:
    """Parse identifiers as text without surrounding space; ``None`` where empty.

    Parameters
    ----------
    column
        (n,) text or numbers. Whole numbers stored as fractions (``17850.0``) lose the fraction.

    Returns
    -------
    numpy.ndarray
        (n,) of ``str`` or None.
    """
    codes, cells = distinct(column)

    def one(cell: object) -> str | None:
        if is_blank(cell):
            return None
        if isinstance(cell, (float, np.floating)) and float(cell).is_integer():
            return str(int(cell))
        return str(cell).strip() or None

    names = np.empty(len(cells), dtype=object)
    names[:] = [one(cell) for cell in cells]
    ids: npt.NDArray[np.object_] = spread(codes, names, None)
    return ids


def read_amounts(
    column: pd.Series[Any], *, decimal: str | None = None, comma_is_decimal: bool = False
) -> tuple[Floats, Bools]:
    """Parse amounts in any usual notation: ``1 234,50``, ``1,234.50``, ``(99.90)``, ``-12 ₽``.

    Parameters
    ----------
    column
        (n,) text or numbers.
    decimal
        ``"."`` or ``","``; None detects it from the column.
    comma_is_decimal
        Whether ``1,234`` is a decimal fraction where the column leaves it open.

    Returns
    -------
    amounts : numpy.ndarray
        (n,) float64; NaN where there is none.
    unreadable : numpy.ndarray
        (n,) booleans: cells that are not empty and not a number.
    """
    if column.dtype.kind in "iuf":
        amounts = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(np.isinf(amounts), np.nan, amounts), np.isinf(amounts)
    codes, cells = distinct(column)
    blank = np.array([is_blank(cell) for cell in cells], dtype=bool)
    point = decimal or _decimal_mark(cells, comma_is_decimal)
    values = np.array([_amount(cell, point) for cell in cells], dtype=np.float64)
    bad = np.isnan(values) & ~blank
    return spread(codes, values, np.nan), spread(codes, bad, False)


def _amount(cell: object, point: str) -> float:
    if isinstance(cell, (bool, np.bool_)) or is_blank(cell):
        return math.nan
    if isinstance(cell, (int, float, Decimal, np.number)):
        value = float(cell)
        return value if math.isfinite(value) else math.nan
    text = str(cell)
    if point == "." and _NUMBER.fullmatch(text):
        value = float(text)
        return value if math.isfinite(value) else math.nan
    text = MONEY_MARKS.sub("", _SPACES.sub("", text).translate(_MINUSES))
    negative = text.startswith("(") and text.endswith(")")
    if negative:
        text = text[1:-1]
    thousands = "," if point == "." else "."
    if thousands in text:
        grouped = re.fullmatch(
            rf"[+-]?\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+(?:{re.escape(point)}\d*)?", text
        )
        if grouped:
            text = text.replace(thousands, "")
        elif thousands == "." and text.count(".") == 1 and "," not in text:
            pass  # a plain 12.5 among decimal commas still has a decimal point
        else:
            return math.nan
    text = text.replace(",", ".")
    if not _NUMBER.fullmatch(text):
        return math.nan
    value = -float(text) if negative else float(text)
    return value if math.isfinite(value) else math.nan


def _decimal_mark(cells: Sequence[object], comma_is_decimal: bool) -> str:
    """Return the decimal mark of a column: the unambiguous cells decide for all."""
    only_doubtful = False
    for cell in cells:
        if not isinstance(cell, str) or "," not in cell:
            continue
        text = MONEY_MARKS.sub("", _SPACES.sub("", cell)).strip("()+-")
        if "." in text:
            return "," if text.rfind(",") > text.rfind(".") else "."
        if text.count(",") == 1 and not re.fullmatch(r"[1-9]\d{0,2},\d{3}", text):
            return ","
        only_doubtful = only_doubtful or text.count(",") == 1
    return "," if only_doubtful and comma_is_decimal else "."


def read_days(
    column: pd.Series[Any], *, date_format: str | None = None, name: str = "date"
) -> tuple[Days, Bools]:
    """Parse the date of each cell, ignoring the time of day and its zone.

    Parameters
    ----------
    column
        (n,) dates, or text such as ``2026-10-31``, ``31.10.2026 14:05``, ``20261031``.
    date_format
        Format of :func:`time.strptime` for cells in other notations.
    name
        Name of the column, for errors.

    Returns
    -------
    days : numpy.ndarray
        (n,) ``datetime64[D]``; NaT where empty, also for the first day of the year 1, which 1C
        writes for "no date".
    unreadable : numpy.ndarray
        (n,) booleans: cells that are not empty and not a date.

    Raises
    ------
    InputError
        The column is ambiguous: either the day or the month could come first.
    """
    if column.dtype.kind == "M":
        if getattr(column.dtype, "tz", None) is not None:
            column = column.dt.tz_localize(None)
        days = column.to_numpy(dtype="M8[ns]").astype("M8[D]")
        return days, np.zeros(len(days), dtype=bool)
    codes, cells = distinct(column)
    heads = [_day_text(cell) if date_format is None else cell for cell in cells]
    different: dict[object, date | None] = dict.fromkeys(heads)
    parse = _day_parser(different, date_format, name)
    for head in different:
        different[head] = parse(head)
    read = [different[head] for head in heads]
    empty = [is_blank(cell) or day == date.min for cell, day in zip(cells, read, strict=True)]
    bad = np.array([d is None and not e for d, e in zip(read, empty, strict=True)], dtype=bool)
    days = np.array(
        [
            "NaT" if day is None or gone else day.isoformat()
            for day, gone in zip(read, empty, strict=True)
        ],
        dtype="M8[D]",
    )
    return spread(codes, days, "NaT"), spread(codes, bad, False)


def _day_text(cell: object) -> object:
    """Remove the time of day, where the date is followed by a valid time."""
    if not isinstance(cell, str):
        return cell
    text = cell.strip()
    for mark in (" ", "T", "\N{NO-BREAK SPACE}"):
        day, separator, time = text.partition(mark)
        if separator and _TIME.fullmatch(time.strip()):
            return day.rstrip(",")
    return text


def _day_parser(
    cells: dict[object, date | None], date_format: str | None, name: str
) -> Callable[[object], date | None]:
    if date_format is not None:
        return lambda cell: _by_format(cell, date_format)
    day_first = _is_day_first(cells, name)

    def parse(cell: object) -> date | None:
        if isinstance(cell, date):
            return date(cell.year, cell.month, cell.day)
        if isinstance(cell, np.datetime64) and not np.isnat(cell):
            return pd.Timestamp(cell).date()
        if not isinstance(cell, (str, int, np.integer)):
            return None
        text = str(cell)
        if match := _YEAR_FIRST.fullmatch(text):
            return _make(int(match[1]), int(match[3]), int(match[4]))
        if match := _COMPACT.fullmatch(text):
            return _make(int(match[1]), int(match[2]), int(match[3]))
        if match := _YEAR_LAST.fullmatch(text):
            first, second, year = int(match[1]), int(match[3]), int(match[4])
            if len(match[4]) == 2:
                year += _CENTURY[year < 70]
            if match[2] == "." or day_first:
                return _make(year, second, first)
            return _make(year, first, second)
        return None

    return parse


def _is_day_first(cells: dict[object, date | None], name: str) -> bool:
    """Return whether dates with slashes have the day first; dates with dots always have."""
    firsts, seconds = 0, 0
    doubtful = None
    for cell in cells:
        match = _YEAR_LAST.fullmatch(cell) if isinstance(cell, str) else None
        if match is None or match[2] == ".":
            continue
        firsts, seconds = max(firsts, int(match[1])), max(seconds, int(match[3]))
        if match[1] != match[3]:
            doubtful = cell
    if doubtful is not None and (firsts > 12) == (seconds > 12):
        raise InputError(
            "the column {name!r} holds dates such as {value!r}, which may begin with the day or "
            "with the month; give the date format, such as %d/%m/%Y",
            name=name,
            value=doubtful,
        )
    return firsts > 12


def _by_format(cell: object, date_format: str) -> date | None:
    if isinstance(cell, date):
        return date(cell.year, cell.month, cell.day)
    try:
        return datetime.strptime(str(cell).strip(), date_format).date()  # noqa: DTZ007 - a day
    except ValueError:
        return None


def _make(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
