"""Pairs of states, before and after: numbered, counted, laid out as a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Codes, Numbers
from abcxyz.core.dynamics.events import ABSENT, N

__all__ = ["MOST_CLASSES", "count_paths", "in_order", "path_numbers"]

MOST_CLASSES = 13
"""With N and absent they make 225 pairs, which one byte can number."""

_BLOCK = 1 << 16


def path_numbers(before: Codes, after: Codes, classes: int) -> npt.NDArray[np.uint8]:
    """Give every pair of states a number that fits in one byte."""
    paths = (before.view(np.uint8) + np.uint8(2)) * np.uint8(classes + 2)
    paths += after.view(np.uint8)
    paths += np.uint8(2)
    return paths


def count_paths(
    before: Codes, after: Codes, classes: int, *, weights: Numbers | None = None
) -> npt.NDArray[Any]:
    """Count, or add up, by path; in blocks, for `bincount` copies what it is given."""
    size = (classes + 2) ** 2
    total = np.zeros(size, dtype=np.int64 if weights is None else np.float64)
    for start in range(0, len(before), _BLOCK):
        rows = slice(start, start + _BLOCK)
        paths = path_numbers(before[rows], after[rows], classes)
        part = None if weights is None else weights[rows]
        total += np.bincount(paths, weights=part, minlength=size)
    return total


def in_order(flat: npt.NDArray[Any], classes: int) -> npt.NDArray[Any]:
    """Lay a table out by the classes, N, absent instead of by the number of the path."""
    table = flat.reshape(classes + 2, classes + 2)
    order = [*range(2, classes + 2), N + 2, ABSENT + 2]
    return np.ascontiguousarray(table[np.ix_(order, order)])
