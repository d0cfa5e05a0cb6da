"""Compiled loops over the lines and the order days of customers; calling them requires numba."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz.loops.declared import Kinds, fetch_ahead
from abcxyz.loops.native import native
from abcxyz.loops.rows import ROOM

__all__ = ["ROOM", "add_money", "gap_figures", "usual_kinds", "warm_up"]

Array = npt.NDArray[Any]


@native
def add_money(
    code: Array,
    low: int,
    day: Array,
    since: int,
    amount: Array,
    cost: Array,
    lookup: Array,
    spans: int,
    columns: int,
    sums: Array,
    marks: Array,
    zeros: Array,
    bits: Array,
    words: int,
    places: Array,
) -> int:
    """Add the money of lines to the sums of their customers; return the lines without an amount.

    Parameters
    ----------
    code, low
        (lines,) integers, and the one of the customer in row 0.
    day, amount, cost
        (lines,) days from any day, money, and costs, which are empty without them.
    since, lookup
        First of the days, and the span of each of them.
    spans, columns
        Number of spans, and of the sums for each: of sales, of returns, and of costs if any.
    sums, marks, zeros
        Running sums; of each customer the first and the last order day and the sales of the last;
        bits of the spans with a line without an amount.
    bits, words
        Order days, one bit each in *words* words of 64 bits; none if *words* is 0.
    places
        Room for `ROOM` integers.
    """
    empty = 0
    for begin in range(0, len(code), ROOM):
        end = min(begin + ROOM, len(code))
        for i in range(begin, end):
            who = np.int64(code[i]) - low
            cell = (who * spans + lookup[day[i] - since]) * columns
            places[i - begin] = cell
            fetch_ahead(sums, cell)
            fetch_ahead(marks, 3 * who)
            if words:
                fetch_ahead(bits, who * words + ((day[i] - since) >> 6))
        for i in range(begin, end):
            who = np.int64(code[i]) - low
            cell = places[i - begin]
            if len(cost):
                sums[cell + 2] += cost[i]
            if amount[i] < 0:
                sums[cell + 1] -= amount[i]
                continue
            at = day[i] - since
            if not amount[i] > 0:
                zeros[who] |= np.uint64(1) << np.uint64(lookup[at])
                empty += 1
                continue
            sums[cell] += amount[i]
            if words:
                bits[who * words + (at >> 6)] |= np.uint64(1) << np.uint64(at & 63)
            mark = 3 * who
            marks[mark] = min(marks[mark], day[i])
            if day[i] > marks[mark + 1]:
                marks[mark + 1] = day[i]
                marks[mark + 2] = 0.0
            if day[i] == marks[mark + 1]:
                marks[mark + 2] += amount[i]
    return empty


@native
def gap_figures(
    starts: Array, gaps: Array, silence: Array, edges: Array, squares: Array, longest: Array,
    within: Array,
) -> None:  # fmt: skip
    """Fill figures of the gaps between the order days of every customer.

    Parameters
    ----------
    starts, gaps
        As in `abcxyz.core.sales.rhythm.Rhythm`.
    silence
        (n,) days since the last order; -1 without one.
    edges
        (k,) numbers of days, ascending.
    squares, longest
        (n,) zeros to fill: the sum of the squares of the gaps, and the longest.
    within
        (n, k) zeros to fill: order days within so many days.
    """
    for who in range(len(silence)):
        if silence[who] < 0:
            continue
        begin, i = starts[who], starts[who + 1]
        back, slot = silence[who], 0
        while slot < len(edges):
            if back > edges[slot]:
                slot += 1
                continue
            within[who, slot] += 1
            if i == begin:
                break
            i -= 1
            back += gaps[i]
        for slot in range(1, len(edges)):
            within[who, slot] += within[who, slot - 1]
        total: Any = 0
        most: Any = 0
        for i in range(begin, starts[who + 1]):
            gap = np.int64(gaps[i])
            total += gap * gap
            most = max(most, gap)
        squares[who], longest[who] = total, most


def usual_kinds() -> dict[str, Kinds]:
    """Return the kinds of arguments that the loops are called with for a file of sales."""
    ints, floats, size = "*i8", "*f8", "i8"
    return {
        "add_money": (
            "*i4", size, ints, size, floats, floats, ints, size, size, floats, floats, "*u8",
            "*u8", size, ints,
        ),
        "gap_figures": (ints, "*i4", ints, ints, ints, ints, "**i8"),
    }  # fmt: skip


def warm_up() -> None:
    """Compile all loops of this module for the types they are mostly called with."""
    ints, floats, days = np.zeros(1, np.int64), np.zeros(3), np.zeros(1, np.int32)
    bits = np.zeros(1, np.uint64)
    for code in (np.zeros(1, np.int32), ints):
        add_money(
            code, 0, ints, 0, floats[:1], floats[:0], ints, 1, 2, floats, floats, bits,
            bits, 1, np.zeros(ROOM, np.int64),
        )  # fmt: skip
    gap_figures(
        np.zeros(2, np.int64), days[:0], ints, ints, np.zeros(1, np.int64), np.zeros(1, np.int64),
        np.zeros((1, 1), np.int64),
    )  # fmt: skip
