"""Tables of running sums, one row per customer: growth, closing, conversion."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Bools, Days, Floats, Ints, Numbers
from abcxyz.core.minor_units import MINOR_PLACES

__all__ = [
    "EMPTY_FACTS",
    "NEVER",
    "as_floats",
    "dates",
    "empty_facts",
    "first_rows",
    "grown",
    "in_major_units",
    "squeeze",
    "with_gaps",
]

_CHUNK = 1 << 17  # rows that stay in the CPU cache
NEVER = np.iinfo(np.int32)
"""Its limits mark a missing first (`max`) or last (`min`) day."""

EMPTY_FACTS = np.array([NEVER.max, NEVER.min, 0, 0], np.int32)
"""First and last day, orders and bits of a customer without rows."""


def empty_facts(rows: int, *, packed: bool) -> npt.NDArray[np.int32]:
    """Return facts of customers without rows: of one in a line of memory, or column by column."""
    facts = np.empty((rows, 4), np.int32, order="C" if packed else "F")
    if packed:
        # Rows as one item each are filled several times faster than rows of four.
        facts.view("V16")[:] = EMPTY_FACTS.view("V16")
    else:
        facts[:] = EMPTY_FACTS
    return facts


def dates(place: npt.NDArray[np.int32], empty: int, origin: int) -> Days:
    """Return days from *origin* on as dates; NaT where they are *empty*."""
    days = place.astype(np.int64)
    days += origin
    result = days.view("M8[D]")
    result[place == empty] = np.datetime64("NaT", "D")
    return result


def grown(array: npt.NDArray[Any], rows: int, shift: int) -> npt.NDArray[Any]:
    """Add rows of zeros, *shift* of them in front; in place if there are none in front."""
    if shift == 0 and len(array):
        # The system extends the memory, mostly without a copy.
        array.resize((rows, *array.shape[1:]), refcheck=False)
        return array
    # The pages of zeros() are not allocated until written.
    fresh = np.zeros((rows, *array.shape[1:]), array.dtype)
    fresh[shift : shift + len(array)] = array[: max(0, rows - shift)]
    return fresh


def as_floats(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a table of floats; the same one if it is."""
    return array.astype(np.float64, copy=False)


def squeeze(array: npt.NDArray[Any], known: Bools) -> npt.NDArray[Any]:
    """Compact the known rows in place: a copy of a full table would double the memory."""
    end = 0
    for start in range(0, len(array), _CHUNK):
        rows = slice(start, start + _CHUNK)
        part = array[rows][known[rows]]
        array[end : end + len(part)] = part
        end += len(part)
    return first_rows(array, end)


def first_rows(array: npt.NDArray[Any], end: int) -> npt.NDArray[Any]:
    """Return the first rows; a copy if they are less than half, so that the rest is freed."""
    # A part of a file has few customers of all: it must not hold the table of all.
    return array[:end].copy() if 2 * end < len(array) else array[:end]


def in_major_units(money: Ints) -> Floats:
    """Divide by the unit, reusing the memory: a copy of the table would double it."""
    result: Floats = money.view(np.float64)
    flat, target = money.reshape(-1), result.reshape(-1)
    for start in range(0, len(flat), _CHUNK):
        rows = slice(start, start + _CHUNK)
        target[rows] = flat[rows] / 10**MINOR_PLACES
    return result


def with_gaps(money: Numbers, present: Bools) -> Numbers:
    """Put NaN where nothing was sold; integers stay integers if all customers have sales."""
    if present.all():
        return money
    money = money.astype(np.float64)
    money[~present] = np.nan
    return money
