"""Points in time of a column as numbers of days, and as 64-bit patterns like its numbers."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz.loops.compiled import ROW_PAYS, loops
from abcxyz.tables.scan.hashing import Words

__all__ = ["NO_DAY", "day_numbers", "words_of"]

NO_DAY = int(np.iinfo(np.int32).min)
"""Number of a day that is not known."""

_FIRST_DAY = (date.min - date(1970, 1, 1)).days  # written by 1C for "no date"
_PER_DAY = {
    "D": 1,
    "s": 86_400,
    "ms": 86_400_000,
    "us": 86_400_000_000,
    "ns": 86_400_000_000_000,
}


def day_numbers(moments: npt.NDArray[Any], lines: int) -> npt.NDArray[np.int32]:
    """Return the (n,) days of points in time, counted from 1970-01-01; `NO_DAY` where unknown.

    Parameters
    ----------
    moments
        (n,) ``datetime64``; the first day of the calendar is unknown as well.
    lines
        Number of lines of the file so far, on which it depends whether compiled loops pay.

    Examples
    --------
    >>> moments = np.array(["1969-12-31T23:59", "1970-01-02", "NaT"], "M8[s]")
    >>> (day_numbers(moments, 3) == [-1, 1, NO_DAY]).tolist()
    [True, True, True]
    """
    per_day = _units_of_day(moments.dtype)
    kernel = loops("cells", lines, ROW_PAYS)
    if kernel is not None and per_day:
        found = np.empty(len(moments), np.int32)
        whole = np.ascontiguousarray(moments).view(np.int64)
        kernel.day_numbers(whole, per_day, _FIRST_DAY, NO_DAY, found)
        return found
    days = moments.astype("M8[D]").view(np.int64)
    unknown = np.isnat(moments) | (days == _FIRST_DAY)
    found = days.astype(np.int32)
    if unknown.any():
        found[unknown] = NO_DAY
    return found


def words_of(typed: npt.NDArray[Any]) -> tuple[Words, int]:
    """Return numbers as 64-bit patterns, and what they are to be multiplied by.

    The product of points in time is microseconds. A conversion by numpy, which looks at every
    cell, takes several times as long.
    """
    factor = 1
    if typed.dtype.kind == "M":
        per_day = _units_of_day(typed.dtype)
        factor = _PER_DAY["us"] // per_day if per_day else 0
        if not factor:  # of nanoseconds, say
            typed, factor = typed.astype("M8[us]"), 1
    else:
        typed = typed.astype(np.uint64 if typed.dtype.kind == "u" else np.int64, copy=False)
    return np.ascontiguousarray(typed).view(np.uint64), factor


def _units_of_day(kind: np.dtype[Any]) -> int:
    """Return how many units of a type of moments a day has; 0 for one such as three seconds."""
    unit, count = np.datetime_data(kind)
    return _PER_DAY.get(unit, 0) if count == 1 else 0
