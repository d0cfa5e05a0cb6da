"""Compiled loops of `abcxyz.fast`; importing this module requires numba.

Rows are first partitioned, in order, by a hash of the customer, so that the customers of a
partition fit into the CPU cache. Every partition is processed by one thread, and the rows of a
customer stay in input order: sums are bit-identical for any number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit, prange

__all__ = [
    "CHECK",
    "DAY",
    "KEY",
    "MONEY",
    "add_rows",
    "encode",
    "hash_strings",
    "partition",
    "scatter",
]

Array = npt.NDArray[Any]

KEY, MONEY, DAY, CHECK = range(4)
"""Words of a record: the key, later the code, of the customer; the money; the number of the row
and, in the lower half, 2 * position of the day + is a sale; the second hash, if there is one, and
later what tells the customers of the partition."""


@njit(cache=True, inline="always")
def _mix(key: Any) -> Any:
    # The finaliser of MurmurHash3: neighbouring ids must not share a partition or a slot.
    h = np.uint64(key)
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xFF51AFD7ED558CCD)
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xC4CEB9FE1A85EC53)
    return h ^ (h >> np.uint64(33))


@njit(cache=True, parallel=True)
def partition(keys: Array, bits: int, chunks: int) -> tuple[Array, Array]:
    """Return the start of every chunk's rows in each partition, and of the partitions."""
    n = len(keys)
    parts = 1 << bits
    shift = np.uint64(64 - bits)
    counts = np.zeros((chunks, parts), np.int64)
    for c in prange(chunks):
        mine = np.zeros(parts, np.int64)
        for i in range(n * c // chunks, n * (c + 1) // chunks):
            mine[_mix(keys[i]) >> shift] += 1
        counts[c] = mine
    starts = np.empty(parts + 1, np.int64)
    at = 0
    for p in range(parts):
        starts[p] = at
        for c in range(chunks):
            size = counts[c, p]
            counts[c, p] = at
            at += size
    starts[parts] = at
    return counts, starts


@njit(cache=True, parallel=True)
def scatter(
    keys: Array,
    checks: Array,
    bits: int,
    places: Array,
    days: Array,
    per_day: int,
    origin: int,
    money: Array,
    amounts: Array,
    records: Array,
    moved: Array,
) -> int:
    """Copy the rows into their partitions, in order, as records; return the rows without a date.

    The copy saves time: reading rows through an index would fetch a cache line for each. A record
    is one piece of memory, so that a partition is written at one place, not at one per column. The
    caller allocates the records with numpy, which requests huge pages.

    Parameters
    ----------
    keys, checks
        (rows,) keys of the customers, and second hashes or none.
    bits, places
        Number of bits of a partition, and what `partition` returned.
    days, per_day, origin
        (rows,) times, their number per day, and the first day of the buckets.
    money, amounts
        (rows,) the metric, and the amount whose sign tells a return.
    records, moved
        (rows, 4) results, as whole numbers and in the type of the money; see `KEY`.
    """
    n = len(keys)
    chunks = len(places)
    shift = np.uint64(64 - bits)
    proved = len(checks) > 0
    missing = np.zeros(chunks, np.int64)
    nat = np.int64(-(2**63))
    inverse = 1.0 / per_day
    for c in prange(chunks):
        put = places[c].copy()
        for i in range(n * c // chunks, n * (c + 1) // chunks):
            p = _mix(keys[i]) >> shift
            at = put[p]
            put[p] = at + 1
            tick = days[i]
            if tick == nat:
                missing[c] += 1
            # A product, corrected by at most one day, is several times faster than a division.
            place = np.int64(tick * inverse)
            rest = tick - place * per_day
            if rest < 0:
                place -= 1
            elif rest >= per_day:
                place += 1
            place = 2 * (place - origin) + (1 if amounts[i] >= 0 else 0)
            records[at, KEY] = keys[i]
            moved[at, MONEY] = money[i]
            records[at, DAY] = (i << 32) | (place & 0xFFFFFFFF)
            if proved:
                records[at, CHECK] = checks[i]
    return int(missing.sum())


@njit(cache=True, inline="always")
def _slot(key: Any, mask: Any) -> Any:
    return np.int64(_mix(key) & np.uint64(mask))


@njit(cache=True)
def _larger(slots: Array, known: Array, proofs: Array, size: int) -> tuple[Array, Array, Array]:
    """Move a hash table to one of another size; a function of its own, for its arrays are new.

    Within the parallel loop the compiler would allocate them once for all calls.
    """
    new_slots = np.full(size, -1, np.int32)
    new_known = np.empty(size, np.int64)
    new_proofs = np.empty(size if len(proofs) else 0, np.int64)
    for k in range(len(slots)):
        if slots[k] < 0:
            continue
        s = _slot(known[k], size - 1)
        while new_slots[s] >= 0:
            s = (s + 1) & (size - 1)
        new_slots[s], new_known[s] = slots[k], known[k]
        if len(proofs):
            new_proofs[s] = proofs[k]
    return new_slots, new_known, new_proofs


@njit(cache=True, parallel=True)
def encode(records: Array, starts: Array, proved: bool) -> tuple[Array, int]:
    """Replace the keys by codes of the customers of a partition, in order of appearance.

    The first records of a partition get, in place of second hashes, of each customer the key, or
    if it is *proved* by a second hash the first row. It returns the number of customers per
    partition, and the number of rows with another second hash than their customer.
    """
    parts = len(starts) - 1
    sizes = np.zeros(parts, np.int64)
    clashes = np.zeros(parts, np.int64)
    for p in prange(parts):
        low, high = starts[p], starts[p + 1]
        size = 1024
        slots = np.full(size, -1, np.int32)
        known = np.empty(size, np.int64)
        proofs = np.empty(size if proved else 0, np.int64)
        count = 0
        for j in range(low, high):
            one = records[j, KEY]
            s = _slot(one, size - 1)
            while slots[s] >= 0 and known[s] != one:
                s = (s + 1) & (size - 1)
            if slots[s] >= 0:
                records[j, KEY] = slots[s]
                if proved and records[j, CHECK] != proofs[s]:
                    clashes[p] += 1
                continue
            slots[s] = count
            known[s] = one
            if proved:
                proofs[s] = records[j, CHECK]
            # No later than at its own row, whose second hash is not needed any more.
            records[low + count, CHECK] = records[j, DAY] >> 32 if proved else one
            records[j, KEY] = count
            count += 1
            if 2 * count > size:
                size *= 4
                slots, known, proofs = _larger(slots, known, proofs, size)
        sizes[p] = count
    return sizes, int(clashes.sum())


@njit(cache=True, parallel=True)
def add_rows(
    records: Array,
    moved: Array,
    starts: Array,
    offsets: Array,
    lookup: Array,
    inside: tuple[int, int],
    stretched: bool,
    value: Array,
    sales: Array,
    orders: Array,
    first: Array,
    last: Array,
    seen: Array,
) -> None:
    """Add every row to its customer; customers of a partition are adjacent in the results.

    Bits of *seen*: 1 for a row in a bucket, 2 for a row in the window.
    """
    span = len(lookup)
    for p in prange(len(starts) - 1):
        for j in range(starts[p], starts[p + 1]):
            word = records[j, DAY]
            place = (word << 32) >> 33
            sale = word & 1
            who = offsets[p] + records[j, KEY]
            if sale:
                first[who] = min(first[who], place)
                last[who] = max(last[who], place)
            if not 0 <= place < span:
                continue
            sales[who, lookup[place]] += moved[j, MONEY]
            seen[who] |= 1
            if inside[0] <= place < inside[1]:
                seen[who] |= 2
                orders[who] += sale
                if stretched:
                    value[who] += moved[j, MONEY]


@njit(cache=True, parallel=True)
def hash_strings(offsets: Array, data: Array, words: Array) -> tuple[Array, Array]:
    """Return two independent hashes of every string: the key, and a check of the key.

    Parameters
    ----------
    offsets, data
        (strings + 1,) first byte of every string, and the bytes.
    words
        The eight bytes from any one on as a number; there are none for the last seven.
    """
    n = len(offsets) - 1
    whole = np.uint64(0xFFFFFFFFFFFFFFFF)
    keys = np.empty(n, np.int64)
    checks = np.empty(n, np.int64)
    for i in prange(n):
        at, end = offsets[i], offsets[i + 1]
        a = np.uint64(0xCBF29CE484222325) ^ np.uint64(end - at)
        b = np.uint64(0x9E3779B97F4A7C15) + np.uint64(end - at)
        while at < end:
            word = np.uint64(0)
            if at < len(words):
                word = words[at]
                if end - at < 8:
                    word &= whole >> np.uint64(64 - 8 * (end - at))
            else:
                for k in range(min(end - at, 8)):
                    word |= np.uint64(data[at + k]) << np.uint64(8 * k)
            a = (a ^ word) * np.uint64(0xFF51AFD7ED558CCD)
            a ^= a >> np.uint64(32)
            b = (b + word) * np.uint64(0xD6E8FEB86659FD93)
            b ^= b >> np.uint64(29)
            at += 8
        keys[i] = np.int64(_mix(a))
        checks[i] = np.int64(_mix(b))
    return keys, checks
