"""Compiled loops over the cells of a table; importing this module requires numba.

They return exactly what the vectorised functions of `abcxyz.tables.scan.hashing` do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz.loops.compiled import jit
from abcxyz.loops.rows import fetch_ahead

__all__ = ["find_codes", "hash_numbers", "hash_texts", "warm_up"]

Array = npt.NDArray[Any]

_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_FIRST, _SECOND = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(33)
_BLOCK = 512


@jit
def _mixed(word: Any) -> Any:
    word ^= word >> _SHIFT
    word *= _FIRST
    word ^= word >> _SHIFT
    word *= _SECOND
    return word ^ (word >> _SHIFT)


@jit
def hash_numbers(words: Array, seed: Any, hashes: Array) -> None:
    """Fill the hashes of 64-bit numbers."""
    for i in range(len(hashes)):
        hashes[i] = _mixed(words[i] ^ seed)


@jit
def hash_texts(
    words: Array, ends: Array, seed: Any, odd: Array, hashes: Array, checks: Array
) -> None:
    """Fill both hashes of texts.

    Parameters
    ----------
    words
        Eight bytes from any place on, as one number.
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
            word = words[at]
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


@jit
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


def warm_up() -> None:
    """Compile all loops of this module."""
    data, number = np.zeros(16, np.uint8), np.zeros(1, np.uint64)
    words = np.ndarray((9,), "<u8", data, 0, (1,))
    words.flags.writeable = False
    seed, odd = np.uint64(1), np.ones(64, np.uint64)
    hashes, checks = np.empty(1, np.uint64), np.empty(1, np.uint64)
    hash_numbers(number, seed, hashes)
    hash_texts(words, np.array([0, 3]), seed, odd, hashes, checks)
    keys, numbers = np.zeros(4, np.uint64), np.zeros(4, np.int32)
    codes, fresh = np.zeros(1, np.int32), np.zeros(1, np.intp)
    for second in (checks, np.zeros(0, np.uint64)):
        find_codes(hashes, second, keys, numbers, np.zeros(2, np.uint64), 0, codes, fresh)
