"""Compiled loops behind `abcxyz.fast`; importing this module needs numba.

Rows are first dealt, in order, into parts by a hash of the customer, so that a part's customers
fit the cache. Every part then belongs to one thread, and a customer's rows stay in input order:
sums come out the same to the last bit, whatever the number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit, prange

__all__ = ["deal", "fill", "hash_strings", "number"]

Array = npt.NDArray[Any]


@njit(cache=True, inline="always")
def _mix(key: Any) -> Any:
    # The finisher of MurmurHash3: neighbouring ids must not share a part or a slot.
    h = np.uint64(key)
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xFF51AFD7ED558CCD)
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xC4CEB9FE1A85EC53)
    return h ^ (h >> np.uint64(33))


@njit(cache=True, parallel=True)
def deal(keys: Array, bits: int, chunks: int) -> tuple[Array, Array]:
    """Count the rows of every part in every chunk; return the start of each and of the parts."""
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
def number(
    keys: Array, bits: int, places: Array, starts: Array
) -> tuple[Array, Array, Array, Array]:
    """Give the customers of every part numbers in order of appearance.

    Returns the rows dealt into parts, the number of each row's customer within its part, the
    first row of each of them (kept at the head of its part), and how many there are per part.
    """
    n = len(keys)
    chunks = len(places)
    parts = len(starts) - 1
    shift = np.uint64(64 - bits)
    dealt = np.empty(n, np.int64)
    for c in prange(chunks):
        put = places[c].copy()
        for i in range(n * c // chunks, n * (c + 1) // chunks):
            p = _mix(keys[i]) >> shift
            dealt[put[p]] = i
            put[p] += 1
    code = np.empty(n, np.int32)
    first = np.empty(n, np.int64)
    found = np.zeros(parts, np.int64)
    for p in prange(parts):
        low, high = starts[p], starts[p + 1]
        size = 1024
        slots = np.full(size, -1, np.int32)
        known = np.empty(size, np.int64)
        count = 0
        for j in range(low, high):
            key = keys[dealt[j]]
            s = np.int64(_mix(key) & np.uint64(size - 1))
            while slots[s] >= 0 and known[slots[s]] != key:
                s = (s + 1) & (size - 1)
            if slots[s] >= 0:
                code[j] = slots[s]
                continue
            slots[s] = count
            known[count] = key
            code[j] = count
            first[low + count] = dealt[j]
            count += 1
            if 2 * count > size:
                size *= 4
                slots = np.full(size, -1, np.int32)
                more = np.empty(size, np.int64)
                more[:count] = known[:count]
                known = more
                for k in range(count):
                    s = np.int64(_mix(known[k]) & np.uint64(size - 1))
                    while slots[s] >= 0:
                        s = (s + 1) & (size - 1)
                    slots[s] = k
        found[p] = count
    return dealt, code, first, found


@njit(cache=True, parallel=True)
def fill(
    dealt: Array,
    code: Array,
    starts: Array,
    offsets: Array,
    days: Array,
    per_day: int,
    origin: int,
    lookup: Array,
    inside: tuple[int, int],
    amounts: Array,
    checks: Array,
    rows: Array,
    last: Array,
    value: Array,
    sales: Array,
    seen: Array,
    first: Array,
) -> tuple[int, int]:
    """Add every row to its customer; return the numbers of dateless rows and of clashes."""
    parts = len(starts) - 1
    missing = np.zeros(parts, np.int64)
    clashes = np.zeros(parts, np.int64)
    span = len(lookup)
    nat = np.int64(-(2**63))
    for p in prange(parts):
        low = starts[p]
        for j in range(low, starts[p + 1]):
            i = dealt[j]
            if len(checks) and checks[i] != checks[first[low + code[j]]]:
                clashes[p] += 1
            tick = days[i]
            if tick == nat:
                missing[p] += 1
                continue
            day = tick // per_day - origin
            if day < 0 or day >= span:
                continue
            who = offsets[p] + code[j]
            seen[who] = True
            sales[who, lookup[day]] += amounts[i]
            if day >= inside[0] and day < inside[1]:
                value[who] += amounts[i]
                rows[who] += 1
                if day > last[who]:
                    last[who] = day
    return missing.sum(), clashes.sum()


@njit(cache=True, parallel=True)
def hash_strings(offsets: Array, data: Array) -> tuple[Array, Array]:
    """Hash every string twice, independently: one is the key, the other proves it."""
    n = len(offsets) - 1
    keys = np.empty(n, np.int64)
    checks = np.empty(n, np.int64)
    for i in prange(n):
        a = np.uint64(0xCBF29CE484222325)
        b = np.uint64(0x9E3779B97F4A7C15)
        for j in range(offsets[i], offsets[i + 1]):
            byte = np.uint64(data[j])
            a = (a ^ byte) * np.uint64(0x100000001B3)
            b = (b + byte + np.uint64(1)) * np.uint64(0xD6E8FEB86659FD93)
            b ^= b >> np.uint64(32)
        keys[i] = np.int64(_mix(a))
        checks[i] = np.int64(b)
    return keys, checks
