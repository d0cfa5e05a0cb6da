"""Vectorised 64-bit hashes of cells, and codes of distinct cells by their hashes."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz.loops.compiled import CELL_PAYS, ROW_PAYS, loops

__all__ = ["MISSING", "CellHashes", "CodeTable", "HashCollisionError", "Words", "blocks", "mixed"]

Words = npt.NDArray[np.uint64]

_BLOCK = 1 << 16  # lines whose hashes stay in the CPU cache between passes
_SLOTS = 1 << 18  # of an empty table; a block of new hashes must fit into half of them
_LARGE = 1 << 22  # slots from which a table grows by less at once
#: Multipliers of the finalizer of MurmurHash3.
_FIRST, _SECOND = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(33)
_SEED = secrets.randbits(128)
_BITS = np.uint64(0xFFFFFFFFFFFFFFFF)

MISSING = np.uint64(0x9E3779B97F4A7C15)
"""Hash of a missing cell."""


class HashCollisionError(Exception):
    """Two different cells have the same hash; another seed separates them."""


def blocks(rows: int) -> Iterator[slice]:
    """Yield slices that cover the rows."""
    for start in range(0, rows, _BLOCK):
        yield slice(start, min(start + _BLOCK, rows))


def mixed(words: Words) -> Words:
    """Return a one-to-one mix of 64-bit words, in which every bit depends on every bit.

    Notes
    -----
    The finalizer of MurmurHash3 (A. Appleby, public domain).
    """
    words = words ^ (words >> _SHIFT)
    words *= _FIRST
    words ^= words >> _SHIFT
    words *= _SECOND
    words ^= words >> _SHIFT
    return words


class CellHashes:
    """Hash function of cells with a random seed, so that a file cannot be made to collide.

    Parameters
    ----------
    seed
        Seed; None for that of the process, so that equal cells of any file have equal hashes.

    Notes
    -----
    Every cell has two independent hashes: the first identifies it, the second verifies that cells
    of the same first hash are equal. Together they have 128 bits.
    """

    def __init__(self, seed: int | None = None) -> None:
        draw = np.random.default_rng(_SEED if seed is None else seed)
        self._seed = draw.integers(1, 2**64, dtype=np.uint64)
        self._odd = draw.integers(1, 2**64, 64, dtype=np.uint64) | np.uint64(1)
        self._cells = 0

    def _kernel(self, cells: int) -> ModuleType | None:
        self._cells += cells
        return loops("cells", self._cells, CELL_PAYS)

    def numbers(self, words: Words, factor: int = 1) -> Words:
        """Return one hash of each 64-bit number times a factor; equal only for equal products."""
        kernel = self._kernel(len(words))
        if kernel is None:
            return mixed(words * np.uint64(factor) ^ self._seed)
        hashes = np.empty(len(words), np.uint64)
        kernel.hash_numbers(words, np.uint64(factor), self._seed, hashes)
        return hashes

    def floats(self, values: npt.NDArray[np.float64]) -> Words:
        """Return one hash of each number; a whole one has that of `numbers`."""
        bits, kernel = np.ascontiguousarray(values).view(np.uint64), self._kernel(len(values))
        if kernel is None:
            with np.errstate(invalid="ignore"):
                whole = values.astype(np.int64)
            return mixed(np.where(whole == values, whole.view(np.uint64), bits) ^ self._seed)
        hashes = np.empty(len(values), np.uint64)
        kernel.hash_floats(bits.view(np.float64), bits, self._seed, hashes)
        return hashes

    def add(self, total: Words, hashes: Words, factor: np.uint64) -> None:
        """Add the hashes of a column, times an odd number, to those of the lines."""
        kernel = self._kernel(0)
        if kernel is None:
            total += hashes * factor
        else:
            kernel.add_hashes(np.ascontiguousarray(hashes), factor, total)

    def texts(
        self, data: npt.NDArray[np.uint8], ends: npt.NDArray[np.integer[Any]]
    ) -> tuple[Words, Words]:
        """Return both hashes of texts in one buffer.

        Parameters
        ----------
        data
            Bytes of all texts.
        ends
            (n + 1,) start of every text, and the end of the last.
        """
        hashes = np.empty(len(ends) - 1, np.uint64)
        checks = np.empty(len(ends) - 1, np.uint64)
        kernel = self._kernel(len(hashes))
        # Texts are read by eight bytes, which go beyond the buffer at the last few of them.
        bound = ends.dtype.type(len(data) - 8)  # of another type, all ends would be converted
        last = int(np.searchsorted(ends[1:], bound, side="right"))
        start = ends[last]
        tail = np.concatenate([data[start:], np.zeros(8, np.uint8)])
        for part, places, at in (
            (data, ends[: last + 1], slice(last)),
            (tail, ends[last:] - start, slice(last, None)),
        ):
            if len(places) < 2:
                continue
            if kernel is not None:
                kernel.hash_texts(part, places, self._seed, self._odd, hashes[at], checks[at])
                continue
            words = np.ndarray((len(part) - 7,), "<u8", part, 0, (1,))  # from any byte on
            starts, sizes = places[:-1].astype(np.int64), np.diff(places).astype(np.int64)
            for rows in blocks(len(sizes)):
                hashes[at][rows], checks[at][rows] = self._texts(words, starts[rows], sizes[rows])
        return hashes, checks

    def _texts(
        self, words: Words, starts: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]
    ) -> tuple[Words, Words]:
        size = sizes.astype(np.uint64)
        checks = size * self._odd[0]
        hashes = size * _SECOND ^ self._seed
        longest = int(sizes.max(initial=0))
        for place in range(max(1, -(-longest // 8))):
            left = sizes - 8 * place
            odd = self._odd[1 + place % 63]
            if left.min() >= 8:
                word = words[starts + 8 * place]
                hashes = mixed(hashes ^ word)
                checks += _rolled(word, place) * odd
                continue
            some = left > 0 if place else slice(None)
            rest = left[some]
            at = starts[some] + 8 * place
            shift = ((8 - np.clip(rest, 0, 8)) * 8).astype(np.uint64)
            word = words[at]
            # Shifting by 64 is undefined, so an empty text is masked in two steps.
            half = shift >> np.uint64(1)
            word &= (_BITS >> half) >> (shift - half)
            hashes[some] = mixed(hashes[some] ^ word)
            checks[some] += _rolled(word, place) * odd
        return hashes, checks


def _rolled(word: Words, place: int) -> Words:
    """Rotate by the round of the multipliers, which begin again after 63 words."""
    turn = np.uint64(place // 63 % 63)
    if not turn:
        return word
    return (word << turn) | (word >> (np.uint64(64) - turn))


class CodeTable:
    """Growing table of distinct hashes, each with a code from 0 on.

    Parameters
    ----------
    slots
        Number of slots at first; 0 for a table that stays empty.

    Notes
    -----
    A hash table with open addressing whose look-ups and insertions are vectorised.
    """

    def __init__(self, slots: int = _SLOTS) -> None:
        self._keys = np.zeros(slots, np.uint64)
        self._codes = np.zeros(slots, np.int32)
        self._checks = np.empty(slots, np.uint64)
        self._count = self._added = 0

    def __len__(self) -> int:
        return self._count

    def add(
        self, hashes: Words, checks: Words | None = None
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.intp]]:
        """Return the code of every hash, and the rows whose hashes are new, in order of codes.

        Raises
        ------
        HashCollisionError
            Equal hashes have different checks.
        """
        codes = np.empty(len(hashes), np.int32)
        fresh = []
        self._added += len(hashes)
        kernel = loops("cells", self._added, ROW_PAYS)
        for rows in blocks(len(hashes)):
            if kernel is not None:
                second = np.empty(0, np.uint64) if checks is None else checks[rows]
                new = self._add_compiled(kernel, hashes[rows], second, codes[rows])
                fresh.append(new + rows.start)
                continue
            part = np.maximum(hashes[rows], np.uint64(1))  # 0 marks an empty slot
            codes[rows], new = self._add(part, None if checks is None else checks[rows])
            if checks is not None and (self._checks[codes[rows]] != checks[rows]).any():
                raise HashCollisionError
            fresh.append(new + rows.start)
        return codes, np.concatenate([np.empty(0, np.intp), *fresh])

    def _add_compiled(
        self, kernel: ModuleType, hashes: Words, checks: Words, codes: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.intp]:
        """Fill the codes, and return the rows that are new."""
        start, most = self._count, self._count + len(hashes)
        while most > len(self._keys) // 2:
            self._grow()
        if most > len(self._checks):
            self._checks = np.resize(self._checks, 2 * most)
        fresh = np.empty(len(hashes), np.intp)
        count = kernel.find_codes(
            hashes, checks, self._keys, self._codes, self._checks, start, codes, fresh
        )
        if count < 0:
            raise HashCollisionError
        self._count = count
        return fresh[: count - start]

    def _add(
        self, hashes: Words, checks: Words | None
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.intp]]:
        while self._count + len(hashes) > len(self._keys) // 2:
            self._grow()
        slots = self._slots(hashes)
        codes = self._codes[slots]
        rest = np.flatnonzero(self._keys[slots] != hashes)
        start, fresh, taken = self._count, [], []
        while len(rest):
            key, slot = hashes[rest], slots[rest]
            free = self._keys[slot] == 0
            if free.any():
                rows = rest[free]
                # Of several rows that want one slot, the first gets it: the last assignment.
                self._keys[slot[free][::-1]] = key[free][::-1]
                won = self._keys[slot[free]] == key[free]
                rows, places = rows[won], slot[free][won]
                self._codes[places[::-1]] = rows[::-1]
                first = self._codes[places] == rows
                rows, places = rows[first], places[first]
                new = np.arange(self._count, self._count + len(rows), dtype=np.int32)
                self._codes[places] = new
                self._count += len(rows)
                if self._count > len(self._checks):
                    self._checks = np.resize(self._checks, 2 * self._count)
                if checks is not None:
                    self._checks[new] = checks[rows]
                fresh.append(rows)
                taken.append(places)
            matched = self._keys[slot] == key
            codes[rest[matched]] = self._codes[slot[matched]]
            rest = rest[~matched]
            slots[rest] = (slots[rest] + 1) & (len(self._keys) - 1)
        if not fresh:
            return codes, np.empty(0, np.intp)
        # Codes in the order of the rows, whatever the hashes are.
        new_rows = np.concatenate(fresh)
        order = np.argsort(new_rows)
        rank = np.empty(len(order), np.int32)
        rank[order] = np.arange(start, self._count, dtype=np.int32)
        self._codes[np.concatenate(taken)] = rank
        self._checks[start : self._count] = self._checks[start : self._count][order]
        added = codes >= start
        codes[added] = rank[codes[added] - start]
        return codes, new_rows[order]

    def _slots(self, hashes: Words) -> npt.NDArray[np.intp]:
        bits = len(self._keys).bit_length() - 1
        return (hashes >> np.uint64(64 - bits)).astype(np.intp)

    def _grow(self) -> None:
        used = np.flatnonzero(self._keys)
        keys, codes = self._keys[used], self._codes[used]
        times = 4 if len(self._keys) < _LARGE else 2
        self._keys = np.zeros(times * len(self._keys), np.uint64)
        self._codes = np.zeros(len(self._keys), np.int32)
        slots = self._slots(keys)
        rest = np.arange(len(keys))
        while len(rest):
            free = self._keys[slots[rest]] == 0
            self._keys[slots[rest[free]]] = keys[rest[free]]
            placed = self._keys[slots[rest]] == keys[rest]
            self._codes[slots[rest[placed]]] = codes[rest[placed]]
            rest = rest[~placed]
            slots[rest] = (slots[rest] + 1) & (len(self._keys) - 1)
