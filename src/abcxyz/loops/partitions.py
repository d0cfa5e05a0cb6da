"""Compiled loops over rows dealt out by ranges of customers; calling them requires numba.

The sums of many customers do not fit into the cache of the CPU, and fetching those of a random one
takes longer than all the rest. So the rows of several batches are dealt out to partitions, ranges
of customers whose sums fit, and added up partition by partition. The rows of a customer stay in
input order: sums are equal to the last bit for any number of threads and size of the partitions.

A row is a record of two words: the money, and customer within the partition, day and sign.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz.loops.declared import Kinds
from abcxyz.loops.native import native
from abcxyz.loops.rows import FIRST, INSIDE, KNOWN, LAST, ORDERS, SEEN, SPANNED

__all__ = [
    "add_partitions",
    "count_rows",
    "deal_rows",
    "squeeze",
    "usual_kinds",
    "warm_up",
]

Array = npt.NDArray[Any]

CUSTOMER, DAY = 33, 1
"""Lowest bits of the customer and of the day, from the start of the lookback, in a record."""

_LINE = 8  # words of a cache line


@native
def count_rows(code: Array, low: int, power: int, counts: Array) -> None:
    """Add the rows of every partition to *counts*; a partition is 2**power customers."""
    for i in range(len(code)):
        counts[(np.int64(code[i]) - low) >> power] += 1


@native
def deal_rows(
    code: Array,
    low: int,
    day: Array,
    money: Array,
    amount: Array,
    since: int,
    power: int,
    places: Array,
    records: Array,
    moved: Array,
) -> None:
    """Copy rows to their partitions, in order.

    Parameters
    ----------
    code, low, day, money, amount
        As in ``add_rows`` of `abcxyz.loops.rows`.
    since
        First day of the lookback, in which all rows are.
    power
        As in `count_rows`.
    places
        (partitions,) where the next row of each goes; counted on.
    records, moved
        (rows, 2) the records, as whole numbers and in the type of the money.
    """
    rest = (1 << power) - 1
    for i in range(len(code)):
        who = np.int64(code[i]) - low
        at = places[who >> power]
        places[who >> power] = at + 1
        sale = 1 if amount[i] >= 0 else 0
        records[at, 0] = ((who & rest) << CUSTOMER) | ((day[i] - since) << DAY) | sale
        moved[at, 1] = money[i]


@native
def _fetch(words: Array, begin: int, end: int) -> int:
    """Read one word of every line, in order, which is many times faster than at random."""
    total: Any = 0
    for at in range(begin, min(end, len(words)), _LINE):
        total += np.int64(words[at])
    return total  # type: ignore[no-any-return]


@native
def add_partitions(
    part: int,
    parts: int,
    records: Array,
    moved: Array,
    starts: Array,
    power: int,
    bounds: tuple[int, int, int, int, int],
    lookup: Array,
    buckets: int,
    counted: bool,
    by_line: bool,
    grid: Array,
    value: Array,
    facts: Array,
    bits: Array,
    words: int,
) -> int:
    """Add the rows of every *parts*-th partition, from *part* on.

    Parameters
    ----------
    part, parts
        Number of the thread, and of all threads.
    records, moved, power
        As in `deal_rows`.
    starts
        (batches, partitions + 1) first record of each batch in every partition.
    bounds, lookup, buckets, counted, by_line, grid, value, facts, bits, words
        As in ``add_rows`` of `abcxyz.loops.rows`.
    """
    _, back_since, _, since, until = bounds
    span, stretched, read = len(lookup), len(value) > 0, 0
    for p in range(part, starts.shape[1] - 1, parts):
        rows = 0
        for b in range(len(starts)):
            rows += starts[b, p + 1] - starts[b, p]
        base, size = p << power, 1 << power
        if 4 * rows > size:
            read += _fetch(facts, 4 * base, 4 * (base + size))
            read += _fetch(grid, buckets * base, buckets * (base + size))
            read += _fetch(bits, words * base, words * (base + size))
        for b in range(len(starts)):
            for j in range(starts[b, p], starts[b, p + 1]):
                record = records[j, 0]
                who = base + (record >> CUSTOMER)
                at = (record >> DAY) & 0xFFFFFFFF
                place, sale = at + back_since, record & 1
                own = 4 * who
                mark = KNOWN
                if sale:
                    facts[own + FIRST] = min(facts[own + FIRST], place)
                    facts[own + LAST] = max(facts[own + LAST], place)
                    if words:
                        bits[who * words + (at >> 6)] |= np.uint64(1) << np.uint64(at & 63)
                if 0 <= place < span:
                    mark |= SPANNED
                    if counted:
                        grid[who * buckets + lookup[place]] += moved[j, 1]
                    if since <= place < until:
                        mark |= INSIDE
                        if counted and stretched:
                            value[who] += moved[j, 1]
                        if by_line and sale:
                            facts[own + ORDERS] += 1
                facts[own + SEEN] |= mark
    return read


@native
def squeeze(
    grid: Array,
    facts: Array,
    unit: float,
    origin: int,
    sales: Array,
    value: Array,
    orders: Array,
    first: Array,
    last: Array,
) -> int:
    """Drop the customers without rows, in place; add up the others and divide by the unit.

    Parameters
    ----------
    grid, sales
        (customers, buckets) whole numbers of the minor unit, and the same memory as floats.
    facts
        (customers, 4) as in ``add_rows`` of `abcxyz.loops.rows`.
    unit
        Minor units of a unit.
    origin
        First day of the buckets.
    value, orders, first, last
        (customers,) results: the sums of all buckets, the orders, which are only moved, and the
        days of the first and the last sale, or the smallest number.

    Returns
    -------
    int
        Number of customers left.
    """
    count, none = 0, np.int64(-(2**63))
    empty = np.int32(2**31 - 1)
    for who in range(len(grid)):
        if facts[who, SEEN] == 0:
            continue
        total = 0
        for bucket in range(grid.shape[1]):
            money = grid[who, bucket]
            total += money
            sales[count, bucket] = money / unit
        value[count], orders[count] = total / unit, orders[who]
        sold = facts[who, FIRST]
        first[count] = none if sold == empty else sold + origin
        last[count] = none if sold == empty else facts[who, LAST] + origin
        for one in range(4):
            facts[count, one] = facts[who, one]
        count += 1
    return count


def usual_kinds() -> dict[str, Kinds]:
    """Return the kinds of arguments that the loops are called with for a file of sales."""
    ints, size = "*i8", "i8"
    return {
        "count_rows": ("*i4", size, size, ints),
        "deal_rows": (
            "*i4", size, ints, ints, "*f8", size, size, ints, "**i8", "**i8",
        ),
        "add_partitions": (
            size, size, "**i8", "**i8", "**i8", size, "(5", "*i2", size, size, size,
            ints, ints, "*i4", "*u8", size,
        ),
        "squeeze": ("**i8", "**i4", "f8", size, "**f8", "*f8", ints, ints, ints),
    }  # fmt: skip


def warm_up() -> None:
    """Compile all loops of this module for the types they are mostly called with."""
    ints, lookup = np.zeros(1, np.int64), np.zeros(1, np.int16)
    facts, bits = np.zeros(4, np.int32), np.zeros(1, np.uint64)
    records, starts = np.zeros((1, 2), np.int64), np.zeros((1, 2), np.int64)
    bounds = (0, 0, 0, 0, 0)
    for code in (np.zeros(1, np.int32), np.zeros(1, np.int64)):
        count_rows(code, 0, 1, np.zeros(1, np.int64))
        for money in (np.zeros(1), np.zeros(1, np.int64)):
            for amount in (np.zeros(1), np.zeros(1, np.int64)):
                deal_rows(
                    code, 0, ints, money, amount, 0, 1, np.zeros(1, np.int64),
                    records, records.view(money.dtype),
                )  # fmt: skip
    for kind in (np.float64, np.int64):
        sums = np.zeros(1, kind)
        add_partitions(
            0, 1, records, records.view(kind), starts, 1, bounds, lookup, 1, True, True,
            sums, sums, facts, bits, 1,
        )  # fmt: skip
    grid = np.zeros((1, 1), np.int64)
    ones = np.zeros((3, 1), np.int64)
    squeeze(
        grid, facts.reshape(1, 4), 1.0, 0, grid.view(np.float64), np.zeros(1), ones[0], ones[1],
        ones[2],
    )  # fmt: skip
