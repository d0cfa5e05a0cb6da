"""Transition counts: pairs of states before and after, numbered, counted and tabulated."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Codes, Numbers
from abcxyz.core.dynamics.events import ABSENT, N

__all__ = ["MOST_CLASSES", "count_paths", "in_order", "path_numbers"]

MOST_CLASSES = 13
"""With N and absent they make 225 pairs of states, which fit in one byte."""

_BLOCK = 1 << 16


def path_numbers(before: Codes, after: Codes, classes: int) -> npt.NDArray[np.uint8]:
    """Return the number of every pair of states, as one byte."""
    paths = (before.view(np.uint8) + np.uint8(2)) * np.uint8(classes + 2)
    paths += after.view(np.uint8)
    paths += np.uint8(2)
    return paths


def count_paths(
    before: Codes, after: Codes, classes: int, *, weights: Numbers | None = None
) -> npt.NDArray[Any]:
    """Count, or sum *weights*, by path; in blocks, because `bincount` copies its input."""
    size = (classes + 2) ** 2
    total = np.zeros(size, dtype=np.int64 if weights is None else np.float64)
    for start in range(0, len(before), _BLOCK):
        rows = slice(start, start + _BLOCK)
        paths = path_numbers(before[rows], after[rows], classes)
        part = None if weights is None else weights[rows]
        total += np.bincount(paths, weights=part, minlength=size)
    return total


def in_order(flat: npt.NDArray[Any], classes: int) -> npt.NDArray[Any]:
    """Arrange totals by path as a table in the order: classes, N, absent."""
    table = flat.reshape(classes + 2, classes + 2)
    order = [*range(2, classes + 2), N + 2, ABSENT + 2]
    return np.ascontiguousarray(table[np.ix_(order, order)])
