"""Compiled loops over the cells of a table; calling them requires numba.

They return exactly what the vectorised functions of `abcxyz.tables.scan.hashing` do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz.loops.declared import Kinds, fetch_ahead, read_word
from abcxyz.loops.native import native

__all__ = [
    "add_hashes",
    "day_numbers",
    "find_codes",
    "hash_floats",
    "hash_numbers",
    "hash_texts",
    "usual_kinds",
    "warm_up",
]

Array = npt.NDArray[Any]

_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_FIRST, _SECOND = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(33)
_BLOCK = 512
_WHOLE = 2.0**63
_MISSING = np.int64(np.iinfo(np.int64).min)


@native
def _mixed(word: Any) -> Any:
    word ^= word >> _SHIFT
    word *= _FIRST
    word ^= word >> _SHIFT
    word *= _SECOND
    return word ^ (word >> _SHIFT)


@native
def hash_numbers(words: Array, factor: Any, seed: Any, hashes: Array) -> None:
    """Fill the hashes of 64-bit numbers times a factor."""
    for i in range(len(hashes)):
        hashes[i] = _mixed((words[i] * factor) ^ seed)


@native
def hash_floats(values: Array, bits: Array, seed: Any, hashes: Array) -> None:
    """Fill the hashes of numbers, whose *bits* are given as well: those of whole ones are ints."""
    for i in range(len(hashes)):
        word = bits[i]
        if -_WHOLE <= values[i] < _WHOLE:
            whole = np.int64(values[i])
            if whole == values[i]:
                word = np.uint64(whole)
        hashes[i] = _mixed(word ^ seed)


@native
def day_numbers(moments: Array, per_day: int, first: int, none: int, days: Array) -> None:
    """Fill the days of points in time: of missing ones and of those on day *first*, *none*.

    Parameters
    ----------
    moments, per_day
        (n,) points in time, and how many of their units a day has.
    days
        (n,) results.
    """
    part = float(per_day)
    for i in range(len(days)):
        moment = moments[i]
        # Several at once, unlike a division of integers; at most one off, where floats are coarse.
        day = np.int64(np.floor(moment / part))
        rest = moment - day * per_day
        day += np.int64(rest >= per_day) - np.int64(rest < 0)
        days[i] = none if moment == _MISSING or day == first else day


@native
def add_hashes(hashes: Array, factor: Any, total: Array) -> None:
    """Add hashes times an odd number to those of the lines."""
    for i in range(len(total)):
        total[i] += hashes[i] * factor


@native
def hash_texts(
    data: Array, ends: Array, seed: Any, odd: Array, hashes: Array, checks: Array
) -> None:
    """Fill both hashes of texts.

    Parameters
    ----------
    data
        Bytes of all texts, and seven more.
    ends
        (n + 1,) start of every text, and the end of the last.
    seed, odd
        Random numbers, and 64 odd ones.
    hashes, checks
        (n,) results.
    """
    for i in range(len(hashes)):
        at, left = ends[i], ends[i + 1] - ends[i]
        total = np.uint64(left) * _SECOND ^ seed
        check = np.uint64(left) * odd[0]
        place = 0
        while place == 0 or left > 0:
            word = read_word(data, at)
            if left < 8:
                # Shifting by 64 is undefined.
                word = word & (_ALL >> np.uint64(64 - 8 * left)) if left > 0 else np.uint64(0)
            total = _mixed(total ^ word)
            turn = np.uint64(place // 63 % 63)
            if turn:
                word = (word << turn) | (word >> (np.uint64(64) - turn))
            check += word * odd[1 + place % 63]
            place += 1
            at += 8
            left -= 8
        hashes[i], checks[i] = total, check


@native
def find_codes(
    hashes: Array,
    checks: Array,
    keys: Array,
    numbers: Array,
    known: Array,
    count: int,
    codes: Array,
    fresh: Array,
) -> int:
    """Fill the codes of hashes, and enter those that are new.

    Parameters
    ----------
    hashes, checks
        (n,) hashes, and the second ones or nothing.
    keys, numbers
        Hash table with open addressing and room for n more: its hashes, 0 where empty, and codes.
    known
        Second hash of every code, with room for n more.
    count
        Number of codes so far.
    codes, fresh
        (n,) results: the codes, and the places of the hashes that are new, in order of codes.

    Returns
    -------
    int
        Number of codes; -1 where equal hashes have different second ones.
    """
    mask = len(keys) - 1
    bits = 0
    while mask >> bits:
        bits += 1
    shift = np.uint64(64 - bits)
    start = count
    for begin in range(0, len(hashes), _BLOCK):
        end = min(begin + _BLOCK, len(hashes))
        for i in range(begin, end):
            slot = np.int64(max(hashes[i], np.uint64(1)) >> shift)
            fetch_ahead(keys, slot)
            fetch_ahead(numbers, slot)
        for i in range(begin, end):
            key = max(hashes[i], np.uint64(1))
            slot = np.int64(key >> shift)
            while keys[slot] != 0 and keys[slot] != key:
                slot = (slot + 1) & mask
            if keys[slot] == 0:
                keys[slot], numbers[slot] = key, count
                if len(checks):
                    known[count] = checks[i]
                fresh[count - start] = i
                count += 1
            codes[i] = numbers[slot]
            if len(checks):
                fetch_ahead(known, np.int64(codes[i]))
        if len(checks):
            for i in range(begin, end):
                if known[codes[i]] != checks[i]:
                    return -1
    return count


def usual_kinds() -> dict[str, Kinds]:
    """Return the kinds of arguments that each loop is called with."""
    return {
        "hash_numbers": ("*u8", "u8", "u8", "*u8"),
        "hash_floats": ("*f8", "*u8", "u8", "*u8"),
        "day_numbers": ("*i8", "i8", "i8", "i8", "*i4"),
        "add_hashes": ("*u8", "u8", "*u8"),
        "hash_texts": ("*u1", "*i4", "u8", "*u8", "*u8", "*u8"),
        "find_codes": ("*u8", "*u8", "*u8", "*i4", "*u8", "i8", "*i4", "*i8"),
    }


def warm_up() -> None:
    """Compile all loops of this module."""
    data, number = np.zeros(16, np.uint8), np.zeros(1, np.uint64)
    seed, odd = np.uint64(1), np.ones(64, np.uint64)
    hashes, checks = np.empty(1, np.uint64), np.empty(1, np.uint64)
    hash_numbers(number, seed, seed, hashes)
    hash_floats(np.zeros(1), number, seed, hashes)
    day_numbers(np.zeros(1, np.int64), 1, 0, 0, np.zeros(1, np.int32))
    add_hashes(number, seed, hashes)
    hash_texts(data, np.array([0, 3], np.int32), seed, odd, hashes, checks)
    keys, numbers = np.zeros(4, np.uint64), np.zeros(4, np.int32)
    codes, fresh = np.zeros(1, np.int32), np.zeros(1, np.intp)
    find_codes(hashes, checks, keys, numbers, np.zeros(2, np.uint64), 0, codes, fresh)
