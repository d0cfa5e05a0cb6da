"""Compiled loops over rows of sales; calling them requires numba.

Every thread passes over all rows and adds those of its customers, so that the rows of a customer
are added in input order: sums are equal to the last bit for any number of threads. Customers are
dealt out to threads in groups of 64, so that no two threads write into one cache line. The time
is that of fetching the sums of random customers from memory; so the addresses of a block of rows
are fetched ahead, all at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz.loops.declared import Kinds, fetch_ahead
from abcxyz.loops.native import native

__all__ = [
    "ROOM",
    "add_documents",
    "add_rows",
    "count_gaps",
    "fill_gaps",
    "gap_quantiles",
    "place_documents",
    "to_minor_units",
    "usual_kinds",
    "warm_up",
]

Array = npt.NDArray[Any]

FIRST, LAST, ORDERS, SEEN = range(4)
"""Columns of the facts of a customer: first and last day of a sale, orders, bits."""

KNOWN, SPANNED, INSIDE = 1, 2, 4
"""Bits of a customer: has a row, has one in a bucket, has one in the window."""

_GROUP = 6  # customers of a group, as a power of two
ROOM = 512
"""Rows of a block, the places of which a thread lists."""

_EMPTY = -1

#: Position of the only bit of a word, by its product with a de Bruijn sequence.
_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
_PLACES = np.zeros(64, np.int64)
_PLACES[[int(_DE_BRUIJN) * (1 << bit) % 2**64 >> 58 for bit in range(64)]] = range(64)


@native
def _rows_of(part: int, parts: int, code: Array, low: int, begin: int, chosen: Array) -> int:
    """List the rows of a block whose customers belong to a thread; *parts* is a power of two."""
    end = min(begin + len(chosen), len(code))
    if parts == 1:
        for i in range(begin, end):
            chosen[i - begin] = i
        return end - begin
    count = 0
    for i in range(begin, end):
        chosen[count] = i
        count += (((code[i] - low) >> _GROUP) & (parts - 1)) == part
    return count


@native
def add_rows(
    part: int,
    parts: int,
    code: Array,
    low: int,
    day: Array,
    money: Array,
    amount: Array,
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
    chosen: Array,
) -> None:
    """Add the rows of the customers of one thread.

    Parameters
    ----------
    part, parts
        Number of the thread, and of all threads.
    code, low
        (rows,) integers, and the one of the customer in row 0 of the sums.
    day, money, amount
        (rows,) days from any day, the metric, and the amount whose sign tells a return.
    bounds
        First day of the buckets; start and end of the lookback and of the window, from it.
    lookup, buckets
        Bucket of every day of the buckets, and their number.
    counted, by_line
        Whether to add up the metric, and whether every row is an order.
    grid, value, facts
        Running sums of the customers; *value* is empty if the buckets equal the window. Of the
        facts every customer has four, see `FIRST`.
    bits, words
        Order days of the customers from the start of the lookback, one bit each in *words*
        words of 64 bits; none if *words* is 0.
    chosen
        Room for `ROOM` integers.
    """
    origin, back_since, back_until, since, until = bounds
    span = len(lookup)
    stretched = len(value) > 0
    for begin in range(0, len(code), ROOM):
        count = _rows_of(part, parts, code, low, begin, chosen)
        for k in range(count):
            place = day[chosen[k]] - origin
            who = np.int64(code[chosen[k]]) - low
            fetch_ahead(facts, 4 * who)
            if counted and 0 <= place < span:
                fetch_ahead(grid, who * buckets + lookup[place])
            if words and back_since <= place < back_until:
                fetch_ahead(bits, who * words + ((place - back_since) >> 6))
        for k in range(count):
            i = chosen[k]
            place = day[i] - origin
            if not back_since <= place < back_until:
                continue
            who = np.int64(code[i]) - low
            sale = amount[i] >= 0
            mark = KNOWN
            if sale:
                facts[4 * who] = min(facts[4 * who], place)
                facts[4 * who + 1] = max(facts[4 * who + 1], place)
                if words:
                    at = place - back_since
                    bits[who * words + (at >> 6)] |= np.uint64(1) << np.uint64(at & 63)
            if 0 <= place < span:
                mark |= SPANNED
                if counted:
                    grid[who * buckets + lookup[place]] += money[i]
                if since <= place < until:
                    mark |= INSIDE
                    if counted and stretched:
                        value[who] += money[i]
                    if by_line and sale:
                        facts[4 * who + 2] += 1
            facts[4 * who + 3] |= mark


@native
def to_minor_units(money: Array, unit: float, near: float, most: float, whole: Array) -> float:
    """Fill integers of the minor unit, and return the sum of their sizes; -1 if one is inexact.

    Parameters
    ----------
    money
        (n,) amounts; NaN is inexact.
    unit
        Minor units per unit of the amounts.
    near, most
        Relative distance up to which an amount is exact, and the largest one in minor units.
    whole
        (n,) integers to fill, for up to 2**15 amounts.
    """
    size, exact = 0, True
    # Without a way out of the loop, so that the compiler can take several numbers at once.
    for i in range(len(money)):
        scaled = money[i] * unit
        rounded = np.rint(scaled)
        length = abs(rounded)
        good = (abs(scaled - rounded) <= length * near) & (length <= most)
        exact &= good
        whole[i] = np.int64(rounded if good else 0.0)
        size += abs(whole[i])
    return float(size) if exact else -1.0


@native
def count_gaps(bits: Array, words: int, counts: Array) -> None:
    """Fill the number of gaps between the order days of every customer."""
    for who in range(len(counts)):
        days = np.uint64(0)
        for word in range(who * words, (who + 1) * words):
            # Bits are added up in pairs, fours and bytes (Hacker's Delight, 5-1).
            x = bits[word]
            x -= (x >> np.uint64(1)) & np.uint64(0x5555555555555555)
            x = (x & np.uint64(0x3333333333333333)) + (
                (x >> np.uint64(2)) & np.uint64(0x3333333333333333)
            )
            x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
            days += (x * np.uint64(0x0101010101010101)) >> np.uint64(56)
        counts[who] = max(np.int64(days) - 1, 0)


@native
def fill_gaps(bits: Array, words: int, starts: Array, gaps: Array) -> None:
    """Fill the gaps between the order days of every customer, from its start on."""
    for who in range(len(starts)):
        before, at = -1, starts[who]
        for word in range(words):
            left = bits[who * words + word]
            while left:
                lowest = left & (~left + np.uint64(1))
                day = 64 * word + _PLACES[(lowest * _DE_BRUIJN) >> np.uint64(58)]
                if before >= 0:
                    gaps[at] = day - before
                    at += 1
                before = day
                left ^= lowest


@native
def gap_quantiles(
    starts: Array, gaps: Array, quantile: float, least: int, counts: Array, days: Array
) -> None:
    """Fill each customer's quantile of gaps, with *least* of them at least.

    Parameters
    ----------
    starts, gaps
        As in `abcxyz.core.sales.rhythm.Rhythm`.
    quantile, least
        As in `abcxyz.core.sales.rhythm.Rhythm.quantiles`.
    counts
        Zeros: as many as days in the longest gap, and one more.
    days
        (n,) results.
    """
    for who in range(len(days)):
        begin, end = starts[who], starts[who + 1]
        if end - begin < least:
            continue
        # Days are few whole numbers, which are counted rather than ordered.
        value = highest = gaps[begin]
        for i in range(begin, end):
            counts[gaps[i]] += 1
            value, highest = min(value, gaps[i]), max(highest, gaps[i])
        place = quantile * (end - begin - 1)
        low = np.int64(np.floor(place))
        seen = counts[value]
        while seen <= low:
            value += 1
            seen += counts[value]
        after = value
        if seen <= min(low + 1, end - begin - 1):
            after += 1
            while counts[after] == 0:
                after += 1
        days[who] = value + (place - low) * (after - value)
        for i in range(begin, end):
            counts[gaps[i]] = 0


@native
def _slot(who: int, number: int, place: int, mask: int) -> Any:
    # The finaliser of MurmurHash3: neighbouring documents must not share a slot.
    h = np.uint64(number) ^ (np.uint64(who) * np.uint64(0x9E3779B97F4A7C15))
    h ^= np.uint64(place) * np.uint64(0xD6E8FEB86659FD93)
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xFF51AFD7ED558CCD)
    h ^= h >> np.uint64(33)
    return np.int64(h & np.uint64(mask))


@native
def place_documents(
    count: int, who: Array, number: Array, place: Array, keyed: bool, slots: Array
) -> None:
    """Fill the empty hash table *slots* with the first *count* documents."""
    mask = len(slots) - 1
    for entry in range(count):
        s = _slot(who[entry], number[entry], place[entry] if keyed else 0, mask)
        while slots[s] != _EMPTY:
            s = (s + 1) & mask
        slots[s] = entry


@native
def add_documents(
    part: int,
    parts: int,
    code: Array,
    low: int,
    day: Array,
    amount: Array,
    magnitude: Array,
    document: Array,
    bounds: tuple[int, int, int, int, int],
    keyed: bool,
    count: int,
    who: Array,
    number: Array,
    place: Array,
    total: Array,
    size: Array,
    slots: Array,
    chosen: Array,
) -> int:
    """Add the rows to the documents of the customers of one thread; return their new number.

    Parameters
    ----------
    part, parts, code, low, day, amount, bounds
        As in `add_rows`.
    magnitude
        (rows,) absolute amounts; empty to compute them.
    document
        (rows,) integers.
    keyed
        Whether the day is a part of the key; otherwise a document has its first day.
    count
        Number of documents so far.
    who, number, place, total, size
        Customer, identifier, day, sum and sum of absolute values of every document, with room
        for as many more as there are rows.
    slots
        Hash table of positions in them; its size is a power of two.
    chosen
        Room for `ROOM` integers.
    """
    origin, back_since, back_until = bounds[:3]
    mask = len(slots) - 1
    entry = -1
    for begin in range(0, len(code), ROOM):
        for k in range(_rows_of(part, parts, code, low, begin, chosen)):
            i = chosen[k]
            at = day[i] - origin
            if not back_since <= at < back_until:
                continue
            one = np.int64(code[i]) - low
            # The lines of a document are mostly adjacent.
            if not (
                entry >= 0
                and who[entry] == one
                and number[entry] == document[i]
                and (not keyed or place[entry] == at)
            ):
                s = _slot(one, document[i], at if keyed else 0, mask)
                entry = slots[s]
                while entry != _EMPTY and not (
                    who[entry] == one
                    and number[entry] == document[i]
                    and (not keyed or place[entry] == at)
                ):
                    s = (s + 1) & mask
                    entry = slots[s]
                if entry == _EMPTY:
                    entry = count
                    slots[s] = entry
                    who[entry], number[entry], place[entry] = one, document[i], at
                    total[entry] = size[entry] = 0.0
                    count += 1
            place[entry] = min(place[entry], at)
            total[entry] += amount[i]
            size[entry] += magnitude[i] if len(magnitude) else abs(amount[i])
    return count


def usual_kinds() -> dict[str, Kinds]:
    """Return the kinds of arguments that the loops are called with for a file of sales."""
    ints, size = "*i8", "i8"
    return {
        "add_rows": (
            size, size, "*i4", size, ints, ints, "*f8", "(5", "*i2", size, size, size,
            ints, ints, "*i4", "*u8", size, ints,
        ),
        "to_minor_units": ("*f8", "f8", "f8", "f8", ints),
        "count_gaps": ("*u8", size, ints),
        "fill_gaps": ("*u8", size, ints, "*i4"),
        "gap_quantiles": (ints, "*i4", "f8", size, ints, "*f8"),
    }  # fmt: skip


def warm_up() -> None:
    """Compile all loops of this module for the types they are mostly called with."""
    ints, none = np.zeros(1, np.int64), np.zeros(0)
    place, facts = np.zeros(1, np.int32), np.zeros(4, np.int32)
    bits, lookup = np.zeros(1, np.uint64), np.zeros(1, np.int16)
    sums, bounds = np.zeros(1), (0, 0, 0, 0, 0)
    for money, amount in ((sums, sums), (ints, sums), (ints, ints)):
        for code in (np.zeros(1, np.int32), ints):
            add_rows(
                0, 1, code, 0, ints, money, amount, bounds, lookup, 1, True, True,
                money, money, facts, bits, 1, np.zeros(ROOM, np.int64),
            )  # fmt: skip
            add_documents(
                0, 1, code, 0, ints, amount, none, ints, bounds, True, 0,
                place, ints, place, sums, sums, np.full(2, _EMPTY, np.int32),
                np.zeros(ROOM, np.int64),
            )  # fmt: skip
    place_documents(0, place, np.zeros(1, np.int64), place, True, np.full(2, _EMPTY, np.int32))
    to_minor_units(np.zeros(1), 1.0, 1.0, 1.0, np.zeros(1, np.int64))
    count_gaps(bits, 1, np.zeros(1, np.int64))
    fill_gaps(bits, 1, np.zeros(1, np.int64), np.zeros(0, np.int32))
    gap_quantiles(np.zeros(2, np.int64), place, 0.5, 1, ints, sums)
