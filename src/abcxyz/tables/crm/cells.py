"""Cells of CRM files: moments with or without a zone, flags, numbers, texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
from attrs import frozen

from abcxyz._arrays import Bools
from abcxyz.crm.records.columns import Moments, TextColumn, text_column
from abcxyz.errors import InputError
from abcxyz.tables.values.amounts import amount_form, parse_amounts
from abcxyz.tables.values.columns import cells_of, distinct
from abcxyz.tables.values.days import day_form, parse_days
from abcxyz.tables.values.text import clean_text, is_missing

__all__ = ["ColumnForm", "read_column"]

_TIME = re.compile(r"(?<!\d)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*([AaPp]\.?[Mm]\.?)?")
_ZONE = re.compile(r"(?:\d|\s)(Z|UTC|GMT|[+-]\d{2}:?\d{2})\s*\Z")
#: Moments that are put into their zone at a time: the steps between take six times their memory.
_PART = 1 << 19
_TRUE = {"1", "true", "yes", "y", "да", "истина", "t"}
_FALSE = {"0", "false", "no", "n", "нет", "ложь", "f"}


@frozen
class ColumnForm:
    """How a column is written: its heading, the zone of its moments, its decimal mark."""

    name: str
    zone: str | None = None
    decimal: str | None = None


def read_column(cells: pd.Series[Any], kind: str, form: ColumnForm) -> Any:
    """Convert the cells of a column.

    Parameters
    ----------
    cells
        The column, as a file has it.
    kind
        Kind of the column, see `abcxyz.crm.records.columns.REQUIRED`; with a question mark, cells
        may be missing.
    form
        Its heading, for messages; the time zone of moments that do not name one, None refuses
        them; the decimal mark of numbers, None decides it from the cells.

    Raises
    ------
    InputError
        A cell that is no moment, number or flag; a moment without a zone.
    """
    base = kind.rstrip("?")
    typed = _typed(cells, base, form, optional=base != kind)
    if typed is not None:
        return typed
    zoned = getattr(cells.dtype, "tz", None) is not None
    codes, values = distinct(cells_of(cells.astype(object) if zoned else cells))
    parse, missing = _KINDS[base]
    # The code -1 stands for a missing cell.
    if base == "text":
        texts = text_column([*parse(values, form), missing])
        return TextColumn(texts.categories, texts.codes[codes])
    return np.append(parse(values, form), missing)[codes]


def _typed(cells: pd.Series[Any], kind: str, form: ColumnForm, *, optional: bool) -> Any:
    """Convert a column that has the type of its kind already; return None for any other."""
    letter = cells.dtype.kind
    if kind == "id" and letter == "i":
        gaps = cells.isna().to_numpy()
        if not gaps.any():
            return cells.to_numpy(dtype=np.int64)
        return cells.fillna(-1).to_numpy(dtype=np.int64) if optional else None
    if kind == "number" and letter in "iuf":
        numbers = cells.to_numpy(dtype=np.float64, na_value=np.nan)
        return None if np.isinf(numbers).any() else numbers
    if kind == "flag" and letter == "b":
        return cells.to_numpy(dtype=bool, na_value=False)
    if kind == "moment" and letter == "M":
        if getattr(cells.dtype, "tz", None) is not None:
            return cells.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("M8[s]")
        local = cells.to_numpy().astype("M8[s]")
        return _in_zone(local, ~np.isnat(local), form, cells)
    return None


def _texts(values: Sequence[Any], _form: ColumnForm) -> Any:
    texts = np.empty(len(values), dtype=object)
    texts[:] = ["" if is_missing(one) else _text(one) for one in values]
    return texts


def _text(value: Any) -> str:
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return clean_text(str(value))


def _numbers(values: Sequence[Any], form: ColumnForm) -> Any:
    numbers, wrong = parse_amounts(
        values, amount_form(values, decimal=form.decimal, name=form.name)
    )
    _refuse(values, wrong, form.name, "number")
    return numbers


def _flags(values: Sequence[Any], form: ColumnForm) -> Any:
    flags = np.zeros(len(values), dtype=bool)
    wrong = np.zeros(len(values), dtype=bool)
    for place, value in enumerate(values):
        word = "" if is_missing(value) else _text(value).casefold()
        flags[place] = word in _TRUE
        wrong[place] = bool(word) and word not in _TRUE and word not in _FALSE
    _refuse(values, wrong, form.name, "yes or no")
    return flags


def _days(values: Sequence[Any], form: ColumnForm) -> Any:
    days, wrong = parse_days(values, day_form(values, name=form.name))
    _refuse(values, wrong, form.name, "date")
    return days


def _moments(values: Sequence[Any], form: ColumnForm) -> Any:
    """Return moments in UTC: the day by the forms of dates, the time of day, and the zone."""
    days, wrong = parse_days(values, day_form(values, name=form.name))
    _refuse(values, wrong, form.name, "moment")
    seconds = np.array([_seconds(one) for one in values], dtype="m8[s]")
    local = days.astype("M8[s]") + seconds
    offsets = [_offset(one) for one in values]
    naive = np.array([one is None for one in offsets], dtype=bool) & ~np.isnat(local)
    shift = np.array([one or 0 for one in offsets], dtype="m8[s]")
    return _in_zone(local - shift, naive, form, values)


def _in_zone(moments: Moments, naive: Bools, form: ColumnForm, cells: Any) -> Moments:
    """Return moments in UTC: the *naive* ones are of the zone of the form."""
    if not naive.any():
        return moments
    if form.zone is None:
        place = int(np.argmax(naive))
        raise InputError(
            "{name} holds {value}, a moment without a zone; name the zone of the file, such "
            "as --zone Europe/Moscow",
            name=form.name,
            value=str(cells.iloc[place] if isinstance(cells, pd.Series) else cells[place]),
        )
    for start in range(0, len(moments), _PART):
        part, chosen = moments[start : start + _PART], naive[start : start + _PART]
        part[chosen] = _to_utc(part[chosen], form.zone)
    return moments


def _to_utc(local: npt.NDArray[np.datetime64], zone: str) -> Any:
    times = pd.DatetimeIndex(local).tz_localize(
        ZoneInfo(zone), ambiguous=np.zeros(len(local), dtype=bool), nonexistent="shift_forward"
    )
    return times.tz_convert("UTC").tz_localize(None).to_numpy().astype("M8[s]")


def _seconds(value: Any) -> int:
    """Return the seconds of the time of day of a cell."""
    if isinstance(value, str):
        match = _TIME.search(value)
        if match is None:
            return 0
        hour = int(match[1])
        if match[4]:
            hour = hour % 12 + (12 if match[4][0] in "pP" else 0)
        return hour * 3600 + int(match[2]) * 60 + int(match[3] or 0)
    if is_missing(value) or not hasattr(value, "hour"):
        return 0
    return int(value.hour) * 3600 + int(value.minute) * 60 + int(value.second)


def _offset(value: Any) -> int | None:
    """Return the seconds east of UTC that a cell names; None if it names none."""
    if isinstance(value, str):
        match = _ZONE.search(value)
        if match is None or _TIME.search(value) is None:
            return None
        if match[1][0] not in "+-":
            return 0
        sign = -1 if match[1][0] == "-" else 1
        digits = match[1][1:].replace(":", "")
        return sign * (int(digits[:2]) * 3600 + int(digits[2:]) * 60)
    offset = None if is_missing(value) else getattr(value, "utcoffset", lambda: None)()
    return None if offset is None else int(offset.total_seconds())


def _refuse(values: Sequence[Any], wrong: npt.NDArray[np.bool_], name: str, what: str) -> None:
    if wrong.any():
        raise InputError(
            "{name} holds {value!r}, which is no {what}; mend the cell, or leave it empty",
            name=name,
            value=_text(values[int(np.argmax(wrong))])[:60],
            what=what,
        )


#: Kind of a column -> its parser, and what stands for a missing cell.
_KINDS: dict[str, tuple[Callable[[Sequence[Any], ColumnForm], Any], Any]] = {
    "id": (_texts, ""),
    "text": (_texts, ""),
    "number": (_numbers, np.nan),
    "flag": (_flags, False),
    "day": (_days, np.datetime64("NaT", "D")),
    "moment": (_moments, np.datetime64("NaT", "s")),
}
