"""Summary statistics of a column in one pass, and its classes between two limits."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain
from types import ModuleType

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import Bools, Codes, Floats, Numbers, infinity_error
from abcxyz.core.exact_sums import BLOCK, exact_sum, split_sums
from abcxyz.errors import InputError
from abcxyz.loops.compiled import COLUMN_PAYS, loops
from abcxyz.loops.threads import run_blocks, threads_for

__all__ = ["NEAR", "Survey", "near", "survey"]

#: Blocks that numpy works on at once in several threads, which wait for each other at each call.
_BLOCKS = 16

NEAR = 2.0**-48
"""Relative distance at which two amounts count as equal: 16 units in the last place."""


def _compiled(values: Numbers) -> ModuleType | None:
    """Return the compiled loops over columns if they save time and fit the memory layout."""
    return loops("columns", len(values), COLUMN_PAYS) if values.flags.c_contiguous else None


def near(a: float, b: float, tolerance: float = NEAR) -> bool:
    """Return whether two numbers are equal up to a relative tolerance.

    Examples
    --------
    >>> near(0.1 + 0.2, 0.3), near(1.0, 1.1)
    (True, False)
    """
    return abs(a - b) <= tolerance * max(abs(a), abs(b))


@frozen(eq=False)
class Survey:
    """A column of values and its summary statistics.

    Parameters
    ----------
    values
        (n,) float64 or int64; NaN means "no sales".
    count
        Number of classified customers: values that are not NaN.
    total
        Sum of these values; exact for integers.
    low, high
        Minimum and maximum; NaN if no customer is classified.
    """

    values: Numbers
    count: int
    total: float | int
    low: float | int
    high: float | int
    _below: dict[float, Codes] = field(factory=dict, init=False, repr=False)

    @property
    def whole(self) -> bool:
        """Whether the values are integers, so that comparisons are exact."""
        return self.values.dtype.kind == "i"

    @property
    def zero(self) -> float:
        """Absolute value up to which a value counts as zero."""
        return 0.0 if self.whole else NEAR * max(abs(self.low), abs(self.high))

    def masked_sum(self, block: Numbers, mask: Bools) -> float | int:
        """Add up the values of a block where *mask* is true."""
        return self.gather(self._masked_sums(block, mask, np.empty_like(block)))

    def _masked_sums(
        self, values: Numbers, mask: Bools, product: Numbers
    ) -> Sequence[float | int]:
        """Add up the values where *mask* is true, by blocks; *product* is scratch memory."""
        safe = self.high < 2.0**46 if self.whole else True
        if self.low >= 0 and safe:
            # A product is faster than boolean indexing, and adds only zeros; one of numbers alone
            # is faster than one of numbers and booleans.
            some = product[: len(values)]
            np.copyto(some, mask)
            return _block_sums(np.multiply(some, values, out=some))
        starts = range(0, len(values), BLOCK)
        parts = [slice(start, start + BLOCK) for start in starts]
        return [exact_sum(values[rows][mask[rows]]) for rows in parts]

    def gather(self, sums: Sequence[float | int]) -> float | int:
        """Add up the sums of blocks."""
        return sum(map(int, sums)) if self.whole else math.fsum(sums)

    def blocks(self) -> Iterator[Numbers]:
        """Yield the classified values, a cache-sized block at a time."""
        gaps = self.count < len(self.values)
        for start in range(0, len(self.values), BLOCK):
            block = self.values[start : start + BLOCK]
            yield block[~np.isnan(block)] if gaps else block

    def below(self, limit: float) -> tuple[int, float | int]:
        """Return the number and the sum of the classified values below a limit."""
        gaps = self.count < len(self.values)
        kernel = _compiled(self.values) if self.low >= 0 and not gaps else None
        if self.whole and len(self.values) * self.high >= 2**63:
            kernel = None  # the compiled sum would overflow
        marks = None
        if kernel is None and not gaps:
            # The comparison with the first limit is half of the classes.
            marks = self._below[limit] = np.empty(len(self.values), np.int8)

        def part(rows: slice) -> tuple[int, list[float | int]]:
            start, count = rows.start, 0
            sums: list[float | int] = []
            step = BLOCK if gaps else _run_length(len(self.values))
            product = np.empty(step, self.values.dtype)
            if kernel is not None:
                count, sums, start = _below_blocks(kernel, self.values, rows, limit)
            for at in range(start, rows.stop, step):
                block = self.values[at : min(at + step, rows.stop)]
                if gaps:
                    block = block[~np.isnan(block)]
                rest = None if marks is None else marks[at : at + len(block)].view(np.bool_)
                rest = np.less(block, limit, out=rest)
                count += int(np.count_nonzero(rest))
                sums += self._masked_sums(block, rest, product)
            return count, sums

        parts = run_blocks(len(self.values), BLOCK, part)
        return (
            sum(count for count, _ in parts),
            self.gather([one for _, sums in parts for one in sums]),
        )

    def codes(self, first: float, second: float) -> Codes:
        """Return 0 for values from *first* on, 1 from *second* on, else 2; -1 for NaN."""
        gaps = self.count < len(self.values)
        kernel = None if gaps else _compiled(self.values)
        marks = self._below.pop(first, None)
        codes = np.empty(len(self.values), dtype=np.int8) if marks is None else marks

        def part(rows: slice) -> None:
            if kernel is not None:
                mark = kernel.mark if self.whole else kernel.mark_floats
                mark(self.values[rows], first, second, codes[rows])
                return
            step = _run_length(len(codes))
            below_second = np.empty(step, dtype=np.bool_)
            for at in range(rows.start, rows.stop, step):
                block = self.values[at : min(at + step, rows.stop)]
                part = codes[at : at + len(block)]
                if marks is None:
                    np.less(block, first, out=part.view(np.bool_))
                part += np.less(block, second, out=below_second[: len(block)]).view(np.int8)
                if gaps:
                    part[np.isnan(block)] = -1

        run_blocks(len(codes), BLOCK, part)
        return codes

    def least_positive(self) -> float | int:
        """Return the smallest value above zero; infinity if there is none."""
        least: float | int = math.inf
        for block in self.blocks():
            positive = block[block > self.zero]
            if len(positive):
                least = min(least, positive.min().item())
        return least

    def classified(self) -> Numbers:
        """Return the classified values as one array; the column itself if none is missing."""
        if self.count == len(self.values):
            return self.values
        return self.values[~np.isnan(self.values)]


def _run_length(values: int) -> int:
    """Return the number of values that numpy works on at once, of a column of so many."""
    return BLOCK if threads_for(values) == 1 else _BLOCKS * BLOCK


def _block_sums(values: Numbers) -> list[float | int]:
    """Return the sum of each block, which is the same whatever other blocks are given with it."""
    whole = len(values) // BLOCK * BLOCK
    sums: list[float | int] = np.add.reduce(values[:whole].reshape(-1, BLOCK), axis=1).tolist()
    return sums if whole == len(values) else [*sums, np.add.reduce(values[whole:]).item()]


def survey(values: Numbers, name: str = "values") -> Survey:
    """Compute the count, sum, minimum and maximum of a column in one pass.

    Raises
    ------
    InputError
        A value is infinite, or the sum overflows a float.
    """
    if values.dtype.kind == "i":
        return _survey_ints(values)
    kernel = _compiled(values)
    step = _run_length(len(values))
    found = run_blocks(len(values), BLOCK, lambda rows: _survey_parts(kernel, values[rows], step))
    parts = list(chain.from_iterable(found))
    count, low, high = 0, math.inf, -math.inf
    sums: list[float] = []
    for part in parts:
        count, low, high = count + part.count, min(low, part.low), max(high, part.high)
        sums += part.sums
    if math.inf in (high, -low):
        raise infinity_error(values, name)
    if not count:
        return Survey(values, 0, 0.0, math.nan, math.nan)
    try:
        total = math.fsum(sums)
    except (OverflowError, ValueError):
        total = math.inf
    if not math.isfinite(total):
        with np.errstate(over="ignore"):
            running = np.cumsum(np.abs(np.nan_to_num(values)))
        raise InputError(
            "{name} add up beyond what a number can hold, at position {place}; pass them in a "
            "larger unit",
            name=name,
            place=int(np.argmax(np.isinf(running))),
        )
    if low < 0 < high and math.fsum(map(abs, sums)) > 2 * abs(total):
        # Blocks of one sign each cancel one another, so each is split as well.
        total = math.fsum(
            part
            for block in Survey(values, count, total, low, high).blocks()
            if len(block)
            for part in split_sums(block, float(np.abs(block).max()))
        )
    return Survey(values, count, total, low, high)


@frozen(eq=False)
class _Part:
    sums: list[float]
    low: float
    high: float
    count: int


def _survey_parts(kernel: ModuleType | None, values: Floats, step: int) -> list[_Part]:
    blocks = len(values) // BLOCK if kernel is not None else 0
    sums, lows, highs = np.empty((3, blocks))
    if kernel is not None and blocks:
        kernel.survey_floats(values[: blocks * BLOCK], sums, lows, highs)
        if not np.isfinite(sums).all() or lows.min() < 0:
            blocks = 0  # missing values and sums that cancel need numpy's way
    parts: list[_Part] = []
    if blocks:
        parts.append(_Part(sums.tolist(), float(lows.min()), float(highs.max()), blocks * BLOCK))
    starts = range(blocks * BLOCK, len(values), step)
    return [*parts, *(_survey_run(values[start : start + step]) for start in starts)]


def _survey_run(values: Floats) -> _Part:
    with np.errstate(over="ignore", invalid="ignore"):
        least = float(np.minimum.reduce(values))
        totals = _block_sums(values) if least >= 0 else []
        if totals and all(map(math.isfinite, totals)):
            return _Part(totals, least, float(np.maximum.reduce(values)), len(values))
        totals, count, low, high = [], 0, math.inf, -math.inf
        for start in range(0, len(values), BLOCK):
            block = values[start : start + BLOCK]
            total = float(np.add.reduce(block))
            if not math.isfinite(total):
                block = block[~np.isnan(block)]
                if not len(block):
                    continue
            least = float(np.minimum.reduce(block))
            low, count = min(low, least), count + len(block)
            high = max(high, float(np.maximum.reduce(block)))
            if math.inf in (high, -low):
                break
            exact = least < 0 or not math.isfinite(total)
            totals.append(float(exact_sum(block)) if exact else total)
    return _Part(totals, low, high, count)


def _survey_ints(values: Numbers) -> Survey:
    kernel = _compiled(values)
    if kernel is None:
        low, high = int(values.min()), int(values.max())
    else:
        parts = run_blocks(len(values), BLOCK, lambda rows: kernel.survey_ints(values[rows]))
        low, high = min(one[1] for one in parts), max(one[2] for one in parts)
        if max(abs(low), abs(high)) * len(values) < 2**63:
            return Survey(values, len(values), sum(one[0] for one in parts), low, high)
    return Survey(values, len(values), exact_sum(values), low, high)


def _below_blocks(
    kernel: ModuleType, values: Numbers, rows: slice, limit: float
) -> tuple[int, list[float | int], int]:
    """Return the number and the sums of whole blocks, and where the rest starts."""
    if values.dtype.kind == "i":
        total, count = kernel.below_ints(values[rows], limit)
        return count, [total], rows.stop
    blocks = (rows.stop - rows.start) // BLOCK
    end = rows.start + blocks * BLOCK
    sums, counts = np.empty(blocks), np.empty(blocks, np.int64)
    if blocks:
        kernel.below_floats(values[rows.start : end], limit, sums, counts)
    return int(counts.sum()), sums.tolist(), end
