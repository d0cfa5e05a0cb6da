"""Order-independent exact sums, and summary statistics of a column."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Floats, Numbers, infinity_error
from abcxyz.errors import InputError

__all__ = ["BLOCK", "NEAR", "Survey", "exact_sum", "near", "prefix_sums", "rounded_sum", "survey"]

BLOCK = 1 << 16
"""Values per block: half a megabyte of doubles stays in the CPU cache between passes."""

NEAR = 2.0**-48
"""Relative distance at which two amounts count as equal: 16 units in the last place."""

_LARGE = 2.0**960  # above it, splitting a number could overflow


def near(a: float, b: float, tolerance: float = NEAR) -> bool:
    """Return whether two numbers are equal up to a relative tolerance.

    Examples
    --------
    >>> near(0.1 + 0.2, 0.3), near(1.0, 1.1)
    (True, False)
    """
    return abs(a - b) <= tolerance * max(abs(a), abs(b))


def exact_sum(values: Numbers) -> float | int:
    """Add up a block of values: integers exactly, floats to the last bit or two.

    Parameters
    ----------
    values
        (n,) without NaN or infinity.

    Returns
    -------
    float or int
        An exact int for integers of any size.

    Notes
    -----
    Where signs differ, every number is split by adding and subtracting one large power of two;
    the high parts then add up without any rounding (the extraction of S. M. Rump, T. Ogita and
    S. Oishi, "Accurate floating-point summation", 2008).
    """
    if values.dtype.kind == "i":
        if not len(values):
            return 0
        largest = max(abs(int(values.max())), abs(int(values.min())))
        if largest * len(values) < 2**63:
            return int(values.sum())
        return (int((values >> 32).sum()) << 32) + int((values & 0xFFFFFFFF).sum())
    if not len(values):
        return 0.0
    low, high = float(values.min()), float(values.max())
    if low >= 0 or high <= 0:
        return float(values.sum())
    return math.fsum(_split_sums(values, max(high, -low)))


def rounded_sum(values: Numbers) -> float:
    """Add up values to the nearest float; NaN adds nothing.

    Parameters
    ----------
    values
        (n,) of any size; slower than `exact_sum`, and right to the last bit.

    Examples
    --------
    >>> rounded_sum(np.array([1e16, 1.0, np.nan, -1e16])), float(np.sum([1e16, 1.0, -1e16]))
    (1.0, 0.0)
    """
    if values.dtype.kind == "i":
        return float(exact_sum(values))
    return math.fsum(values[~np.isnan(values)].tolist())


def _split_sums(values: Numbers, largest: float) -> list[float]:
    if largest > _LARGE:
        return [float(value) for value in values]
    parts: list[float] = []
    rest = values
    for _ in range(3):
        if largest == 0:
            return parts
        anchor = 2.0 ** (math.frexp(largest)[1] + (len(values) + 2).bit_length())
        heads = (rest + anchor) - anchor
        parts.append(float(heads.sum()))
        rest = rest - heads
        largest = float(np.abs(rest).max())
    parts.append(float(rest.sum()))
    return parts


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
        safe = self.high < 2.0**46 if self.whole else True
        if self.low >= 0 and safe:
            # A product is faster than boolean indexing, and adds only zeros.
            product = np.multiply(block, mask, out=np.empty_like(block))
            total: float | int = product.sum().item()
            return total
        return exact_sum(block[mask])

    def gather(self, sums: Sequence[float | int]) -> float | int:
        """Add up the sums of blocks."""
        return sum(map(int, sums)) if self.whole else math.fsum(sums)

    def blocks(self) -> Iterator[Numbers]:
        """Yield the classified values, a cache-sized block at a time."""
        gaps = self.count < len(self.values)
        for start in range(0, len(self.values), BLOCK):
            block = self.values[start : start + BLOCK]
            yield block[~np.isnan(block)] if gaps else block

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


def survey(values: Numbers, name: str = "values") -> Survey:
    """Compute the count, sum, minimum and maximum of a column in one pass.

    Raises
    ------
    InputError
        A value is infinite, or the sum overflows a float.
    """
    if values.dtype.kind == "i":
        return Survey(values, len(values), exact_sum(values), int(values.min()), int(values.max()))
    count, low, high = 0, math.inf, -math.inf
    sums: list[float] = []
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(values), BLOCK):
            block = values[start : start + BLOCK]
            part = float(block.sum())
            if not math.isfinite(part):
                block = block[~np.isnan(block)]
                if not len(block):
                    continue
            least, most = float(block.min()), float(block.max())
            if math.isinf(least) or math.isinf(most):
                raise infinity_error(values, name)
            low, high, count = min(low, least), max(high, most), count + len(block)
            sums.append(part if least >= 0 and math.isfinite(part) else float(exact_sum(block)))
    if not count:
        return Survey(values, 0, 0.0, math.nan, math.nan)
    try:
        total = math.fsum(sums)
    except (OverflowError, ValueError):
        total = math.inf
    if not math.isfinite(total):
        raise InputError(
            "{name} add up beyond what a number can hold; pass them in a larger unit", name=name
        )
    if low < 0 < high:
        # Blocks of one sign each may still cancel one another, so each is split as well.
        total = math.fsum(
            part
            for block in Survey(values, count, total, low, high).blocks()
            if len(block)
            for part in _split_sums(block, float(np.abs(block).max()))
        )
    return Survey(values, count, total, low, high)


def prefix_sums(values: Numbers) -> Floats:
    """Return the cumulative sums, far more precise than ``cumsum`` alone.

    Parameters
    ----------
    values
        (n,) without NaN or infinity.

    Returns
    -------
    numpy.ndarray
        (n,) float64.

    Notes
    -----
    The high parts of the numbers add up without rounding, and the rounding of the low parts is
    negligible: the split of `exact_sum`.
    """
    sums = np.empty(len(values))
    largest = max(abs(float(values.max())), abs(float(values.min()))) if len(values) else 0.0
    if largest == 0 or largest > _LARGE:
        return np.cumsum(values, out=sums)
    anchor = 2.0 ** (math.frexp(largest)[1] + (len(values) + 2).bit_length())
    high = low = 0.0
    for start in range(0, len(values), BLOCK):
        block = values[start : start + BLOCK].astype(np.float64, copy=False)
        heads = (block + anchor) - anchor
        tails = np.cumsum(block - heads)
        tails += low
        part = np.cumsum(heads, out=sums[start : start + BLOCK])
        part += high
        high, low = float(part[-1]), float(tails[-1])
        part += tails
    return sums
