"""Sums of floats and integers that depend on no order of the values."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from abcxyz._arrays import Floats, Numbers

__all__ = [
    "BLOCK",
    "exact_parts",
    "exact_sum",
    "prefix_sums",
    "rounded_sum",
    "split_sums",
    "sum_of_parts",
]

BLOCK = 1 << 15
"""Values per block: a quarter of a megabyte of doubles stays in the CPU cache between passes."""

_LARGE = 2.0**960  # above it, splitting a number could overflow


def exact_sum(values: Numbers) -> float | int:
    """Add up a block of values: integers exactly, floats of one sign to the last bit or two.

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
    return math.fsum(split_sums(values, max(high, -low)))


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
    return math.fsum(exact_parts(values[~np.isnan(values)]))


def exact_parts(values: Floats) -> list[float]:
    """Return a few numbers with the exact sum of the values.

    The sum of such numbers depends on no order of the values, and not on how they are divided.

    Parameters
    ----------
    values
        (n,) without NaN or infinity.

    Examples
    --------
    >>> math.fsum(exact_parts(np.array([1e16, 1.0])) + exact_parts(np.array([1.0, -1e16])))
    2.0
    """
    blocks = (values[start : start + BLOCK] for start in range(0, len(values), BLOCK))
    return [part for block in blocks for part in split_sums(block, float(np.abs(block).max()))]


def sum_of_parts(parts: Iterable[float]) -> float:
    """Return the nearest float to the sum of numbers by `exact_parts`; infinity if none is."""
    try:
        return math.fsum(parts)
    except OverflowError:
        return math.inf


def split_sums(values: Numbers, largest: float) -> list[float]:
    """Return a few numbers with the exact sum of a block, whose largest size is given."""
    if largest > _LARGE:
        return [float(value) for value in values]
    parts: list[float] = []
    rest = values
    while largest > 0:
        anchor = 2.0 ** (math.frexp(largest)[1] + (len(values) + 2).bit_length())
        heads = (rest + anchor) - anchor
        parts.append(float(heads.sum()))
        rest = rest - heads
        largest = float(np.abs(rest).max())
    return parts


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
