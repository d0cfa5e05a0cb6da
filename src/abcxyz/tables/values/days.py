"""Dates in any usual notation; the order of day and month is decided per column."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Days
from abcxyz.tables.values.day_order import DayOrder, Triple, decide_order
from abcxyz.tables.values.months import NamedMonth, named_month
from abcxyz.tables.values.text import clean_text, is_missing

__all__ = ["NOTATIONS", "DayForm", "day_form", "exchanged_cells", "notation_of", "parse_days"]

NOTATIONS: Mapping[str, str] = MappingProxyType(
    {
        "date": "date cells",
        "iso": "year, month, day",
        "triple": "day, month and year as numbers",
        "compact": "year, month and day together",
        "month": "year and month",
        "name": "months in words",
        "serial": "days since 1900, as spreadsheets count",
        "epoch": "seconds since 1970",
    }
)
"""Notation of dates -> description."""

_TIME = re.compile(
    r"[ T,]*(?<!\d)(?:[01]?[0-9]|2[0-4]):[0-5][0-9](?::[0-6][0-9](?:[.,][0-9]+)?)?"
    r"(?:\s*[AaPp]\.?[Mm]\.?)?(?:\s*(?:Z|UTC|GMT|MSK|МСК|[A-Z]{2,3}T|[+-][0-9]{2}:?[0-9]{2})(?:\s*\([^)]*\))?)?",
)
_YEAR_MARK = re.compile(r"\s*(?:г\.?|года?|year)\s*\Z", re.IGNORECASE)
_ISO = re.compile(r"(\d{4})([-./ ])(\d{1,2})\2(\d{1,2})", re.ASCII)
_TRIPLE = re.compile(r"(\d{1,2})([-./ ])(\d{1,2})\2(\d{4}|\d{2})", re.ASCII)
_YEAR_MONTH = re.compile(r"(\d{4})[-/.](\d{2})", re.ASCII)
_MONTH_YEAR = re.compile(r"(\d{1,2})[-/.](\d{4})", re.ASCII)
_INTEGER = re.compile(r"(\d+)(?:[.,]0+)?", re.ASCII)
_SERIAL = re.compile(r"(\d{5})(?:[.,]\d+)?", re.ASCII)
_COMPACT_TIME = re.compile(r"(\d{8})[T ]\d{4}(?:\d{2})?Z?", re.ASCII)
#: How 1C and databases write that there is no date.
_EMPTY = re.compile(
    r"0{4}[-./]0?[01][-./]0?[01]|0?[01][-./]0?[01][-./]000[01]|[ ./-]+|0+", re.ASCII
)
_EXCEL = date(1899, 12, 30)
#: Digits of a moment since 1970 -> units in a second.
_EPOCH = {9: 1, 10: 1, 13: 10**3, 16: 10**6, 19: 10**9}
_SERIALS = range(20_000, 80_000)  # 1954 to 2119


@frozen
class _Reading:
    """One reading of a cell, before the order of day and month is known."""

    kind: str
    day: date | None = None
    triple: Triple | None = None
    named: NamedMonth | None = None


@frozen
class DayForm:
    """How a column writes dates.

    Parameters
    ----------
    order
        Order of day, month and year, where the cells leave it open.
    date_format
        Format of :func:`time.strptime` set by the user.
    swapped
        Whether a spreadsheet exchanged day and month of the dates it recognised.
    year_after_month
        Whether the number after the name of a month, as in ``Jan-25``, is a year.
    kinds
        Notations of the column, of `NOTATIONS`.
    """

    order: DayOrder
    date_format: str | None = None
    swapped: bool = False
    year_after_month: bool = True
    kinds: tuple[str, ...] = ()


def day_form(
    cells: Sequence[Any], *, date_format: str | None = None, name: str = "date"
) -> DayForm:
    """Decide from all distinct cells of a column how it writes dates.

    Parameters
    ----------
    cells
        Distinct cells: dates, text or numbers.
    date_format
        Format of :func:`time.strptime` set by the user; None decides.
    name
        Heading of the column, for errors.

    Raises
    ------
    InputError
        The column is ambiguous: either the day or the month could come first.

    Examples
    --------
    >>> day_form(["03/04/2026", "25/06/2026"]).order.day_first("/")
    True
    """
    if date_format is not None:
        return DayForm(DayOrder(), date_format)
    readings = [one for one in {_read(head) for head in {*map(_head, cells)}} if one is not None]
    kinds = tuple(sorted({one.kind for one in readings}))
    order = decide_order([one.triple for one in readings if one.triple is not None], name)
    shorts = {one.named.year for one in readings if one.named is not None and one.named.short}
    return DayForm(
        order,
        swapped=_is_swapped(readings, order),
        year_after_month=len(shorts) <= 6,
        kinds=kinds,
    )


def _is_swapped(readings: Sequence[_Reading], order: DayOrder) -> bool:
    """Return whether dates were recognised by a spreadsheet only where the day could be a month.

    A spreadsheet with the month first that is shown ``05.07.2025`` and ``16.07.2025`` takes the
    former for the 7th of May and leaves the latter as text.
    """
    recognised = {_in_order(one, order) for one in readings if one.kind in ("date", "iso")}
    texts = {_in_order(one, order) for one in readings if one.kind == "triple"}
    recognised -= {None, date.min}
    if not recognised or not texts:
        return False
    if not all(day is not None and day.day <= 12 for day in recognised):
        return False
    if not all(day is not None and day.day > 12 for day in texts):
        return False
    # By chance 12 of 30 days are below 13, and 18 above 12.
    return bool(0.4 ** len(recognised) * 0.6 ** len(texts) < 0.01)


def _in_order(reading: _Reading, order: DayOrder) -> date | None:
    return reading.day if reading.triple is None else order.date_of(reading.triple)


def parse_days(cells: Sequence[Any], form: DayForm) -> tuple[Days, Bools]:
    """Return the day of each cell, ignoring the time of day and its zone.

    Parameters
    ----------
    cells
        (n,) distinct cells.
    form
        Form of the column.

    Returns
    -------
    days : numpy.ndarray
        (n,) ``datetime64[D]``; NaT where there is none, also for the empty date of 1C and of
        databases (``0001-01-01``, ``0000-00-00``). A cell that names a month is its first day.
    unreadable : numpy.ndarray
        (n,) booleans: cells that are not missing and not a date.

    Examples
    --------
    >>> cells = ["15.01.2025 г.", "Январь 2025 г.", "15 Jan 2025", "45672", "20250115", "soon"]
    >>> days, unreadable = parse_days(cells, day_form(cells))
    >>> [str(day) for day in days], unreadable.tolist()
    (['2025-01-15', '2025-01-01', '2025-01-15', '2025-01-15', '2025-01-15', 'NaT'], \
[False, False, False, False, False, True])
    """
    heads = [_head(cell) if form.date_format is None else cell for cell in cells]
    known: dict[object, date | None] = {}
    for head in heads:
        if head not in known:
            known[head] = _day(head, form)
    read = [known[head] for head in heads]
    days = np.array(
        ["NaT" if day is None or day == date.min else day.isoformat() for day in read],
        dtype="M8[D]",
    )
    unreadable = [
        day is None and not is_missing(cell) and not _is_empty(cell)
        for cell, day in zip(cells, read, strict=True)
    ]
    return days, np.array(unreadable, dtype=bool)


def notation_of(cell: object) -> str | None:
    """Return the notation of a date, one of `NOTATIONS`; None if a cell is no date.

    Examples
    --------
    >>> notation_of("31.12.2025"), notation_of("2025-12"), notation_of("Ann")
    ('triple', 'month', None)
    """
    reading = _read(_head(cell))
    return None if reading is None else reading.kind


def exchanged_cells(cells: Sequence[Any], form: DayForm) -> Bools:
    """Return which of (n,) distinct cells have day and month exchanged, see `DayForm.swapped`."""
    readings = [_read(_head(cell)) if form.swapped else None for cell in cells]
    return np.array([one is not None and one.kind in ("date", "iso") for one in readings], bool)


def _is_empty(cell: object) -> bool:
    head = _head(cell)
    return isinstance(head, str) and _EMPTY.fullmatch(head) is not None


def _head(cell: object) -> object:
    """Return a cell without the time of day."""
    if isinstance(cell, str):
        text = clean_text(cell)
        if ":" in text:
            text = _TIME.sub("", text, count=1).lstrip(" ,").rstrip(" ,T")
        return text
    if isinstance(cell, (date, np.datetime64)):
        return _calendar_day(cell)
    if isinstance(cell, (float, np.floating)) and np.isfinite(cell):
        return int(cell)
    return cell


def _calendar_day(cell: object) -> date | None:
    """Return the day of a typed date; None for its missing value, which is a date too."""
    if is_missing(cell):
        return None
    moment = cell.astype("M8[D]").item() if isinstance(cell, np.datetime64) else cell
    return date(moment.year, moment.month, moment.day) if isinstance(moment, date) else None


def _day(head: object, form: DayForm) -> date | None:
    if form.date_format is not None:
        return _by_format(head, form.date_format)
    reading = _read(head)
    if reading is None:
        return None
    day = _in_order(reading, form.order)
    if reading.named is not None:
        if reading.named.short and not form.year_after_month:
            return None
        day = _make(reading.named.year, reading.named.month, reading.named.day or 1)
    if form.swapped and day is not None and reading.kind in ("date", "iso"):
        return date(day.year, day.day, day.month)
    return day


def _read(head: object) -> _Reading | None:
    if isinstance(head, date):
        return _Reading("date", head)
    if isinstance(head, (int, np.integer)) and not isinstance(head, bool):
        return _read_number(str(head))
    if not isinstance(head, str) or not head or _EMPTY.fullmatch(head):
        return None
    text = _YEAR_MARK.sub("", head) if head[-1] in ".гГаАrR" else head
    if match := _ISO.fullmatch(text):
        numbers = int(match[1]), int(match[3]), int(match[4])
        return _Reading("iso", triple=Triple("year", match[2], *numbers))
    if match := _TRIPLE.fullmatch(text):
        shape = "last" if len(match[4]) == 4 else "short"
        numbers = int(match[1]), int(match[3]), int(match[4])
        return _Reading("triple", triple=Triple(shape, match[2], *numbers))
    if match := _COMPACT_TIME.fullmatch(text):
        return _read_number(match[1])
    if match := _YEAR_MONTH.fullmatch(text):
        return _Reading("month", _make(int(match[1]), int(match[2]), 1))
    if match := _MONTH_YEAR.fullmatch(text):
        return _Reading("month", _make(int(match[2]), int(match[1]), 1))
    if text[:1].isdigit() and (reading := _read_number(text)) is not None:
        return reading
    named = named_month(text)
    return None if named is None else _Reading("name", named=named)


def _read_number(text: str) -> _Reading | None:
    """Read a number: year, month and day together, days since 1900, or seconds since 1970."""
    if (match := _SERIAL.fullmatch(text)) and int(match[1]) in _SERIALS:
        return _Reading("serial", _EXCEL + timedelta(days=int(match[1])))
    whole = _INTEGER.fullmatch(text)
    if whole is None:
        return None
    digits = whole[1]
    if len(digits) == 8:
        day = _make(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        if day is None or not 1900 <= day.year <= 2100:
            day = _make(int(digits[4:]), int(digits[2:4]), int(digits[:2]))
        return None if day is None else _Reading("compact", day)
    if len(digits) == 6 and 1950 <= int(digits[:4]) <= 2100:
        month = _make(int(digits[:4]), int(digits[4:]), 1)
        return None if month is None else _Reading("month", month)
    if len(digits) in _EPOCH:
        seconds = int(digits) // _EPOCH[len(digits)]
        return _Reading("epoch", date(1970, 1, 1) + timedelta(days=seconds // 86_400))
    return None


def _by_format(cell: object, date_format: str) -> date | None:
    if isinstance(cell, date):
        return _calendar_day(cell)
    try:
        return datetime.strptime(str(cell).strip(), date_format).date()  # noqa: DTZ007 - a day
    except ValueError:
        return None


def _make(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
