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

__all__ = ["add_rows", "encode", "hash_strings", "partition", "scatter"]

Array = npt.NDArray[Any]


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
    bits: int,
    places: Array,
    days: Array,
    per_day: int,
    origin: int,
    money: Array,
    amounts: Array,
    key: Array,
    day: Array,
    moved: Array,
    row: Array,
) -> int:
    """Copy the rows into their partitions, in order; a day becomes 2 * its position + is a sale.

    The copy saves time: reading rows through an index would fetch a cache line for each. It fills
    *key*, *day*, *moved* (money) and *row* (row numbers, only if it is not empty: if ids are
    verified by a second hash), and returns the number of rows without a date. The caller
    allocates these arrays with numpy, which requests huge pages.
    """
    n = len(keys)
    chunks = len(places)
    shift = np.uint64(64 - bits)
    proved = len(row) > 0
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
            place -= origin
            key[at] = keys[i]
            day[at] = 2 * place + (1 if amounts[i] >= 0 else 0)
            moved[at] = money[i]
            if proved:
                row[at] = i
    return int(missing.sum())


@njit(cache=True, parallel=True)
def encode(
    key: Array, row: Array, checks: Array, starts: Array, code: Array, heads: Array, first: Array
) -> tuple[Array, int]:
    """Assign codes to the customers of every partition, in order of appearance.

    It fills *code* (code of each row's customer within its partition), *heads* and *first* (key
    and first row of each customer, at the start of its partition), and returns the number of
    customers per partition, and the number of rows with another second hash than their customer.
    """
    parts = len(starts) - 1
    proved = len(checks) > 0
    sizes = np.zeros(parts, np.int64)
    clashes = np.zeros(parts, np.int64)
    for p in prange(parts):
        low, high = starts[p], starts[p + 1]
        size = 1024
        slots = np.full(size, -1, np.int32)
        known = np.empty(size, np.int64)
        count = 0
        for j in range(low, high):
            one = key[j]
            s = np.int64(_mix(one) & np.uint64(size - 1))
            while slots[s] >= 0 and known[s] != one:
                s = (s + 1) & (size - 1)
            if slots[s] >= 0:
                code[j] = slots[s]
                if proved and checks[row[j]] != checks[first[low + slots[s]]]:
                    clashes[p] += 1
                continue
            slots[s] = count
            known[s] = one
            code[j] = count
            heads[low + count] = one
            if proved:
                first[low + count] = row[j]
            count += 1
            if 2 * count > size:
                size *= 4
                slots = np.full(size, -1, np.int32)
                known = np.empty(size, np.int64)
                for k in range(count):
                    one = heads[low + k]
                    s = np.int64(_mix(one) & np.uint64(size - 1))
                    while slots[s] >= 0:
                        s = (s + 1) & (size - 1)
                    slots[s] = k
                    known[s] = one
        sizes[p] = count
    return sizes, int(clashes.sum())


@njit(cache=True, parallel=True)
def add_rows(
    code: Array,
    day: Array,
    money: Array,
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
            place = day[j] >> 1
            sale = day[j] & 1
            who = offsets[p] + code[j]
            if sale:
                first[who] = min(first[who], place)
                last[who] = max(last[who], place)
            if not 0 <= place < span:
                continue
            sales[who, lookup[place]] += money[j]
            seen[who] |= 1
            if inside[0] <= place < inside[1]:
                seen[who] |= 2
                orders[who] += sale
                if stretched:
                    value[who] += money[j]


@njit(cache=True, parallel=True)
def hash_strings(offsets: Array, data: Array) -> tuple[Array, Array]:
    """Return two independent hashes of every string: the key, and a check of the key."""
    n = len(offsets) - 1
    keys = np.empty(n, np.int64)
    checks = np.empty(n, np.int64)
    for i in prange(n):
        at, end = offsets[i], offsets[i + 1]
        a = np.uint64(0xCBF29CE484222325) ^ np.uint64(end - at)
        b = np.uint64(0x9E3779B97F4A7C15) + np.uint64(end - at)
        while at < end:
            word = np.uint64(0)
            if at + 8 <= end:
                for k in range(8):
                    word |= np.uint64(data[at + k]) << np.uint64(8 * k)
            else:
                for k in range(end - at):
                    word |= np.uint64(data[at + k]) << np.uint64(8 * k)
            a = (a ^ word) * np.uint64(0xFF51AFD7ED558CCD)
            a ^= a >> np.uint64(32)
            b = (b + word) * np.uint64(0xD6E8FEB86659FD93)
            b ^= b >> np.uint64(29)
            at += 8
        keys[i] = np.int64(_mix(a))
        checks[i] = np.int64(_mix(b))
    return keys, checks
