"""Cumulative-percentage cuts of 1C "Управление торговлей" 11.5."""

from __future__ import annotations

from typing import Any

import numpy as np

from abcxyz._arrays import Floats, Numbers
from abcxyz.core.exact_sums import prefix_sums
from abcxyz.core.sums import NEAR, survey

__all__ = ["walk"]


def walk(down: Numbers, total: float, tolerance: float) -> tuple[int, int]:
    """Find where the cumulative percentages exceed their mean, and the mean of the rest.

    Parameters
    ----------
    down
        (n,) values, descending.
    total
        Sum of the values.
    tolerance
        Relative distance up to which two values are equal; 0 for integers.

    Returns
    -------
    tuple
        Number of values, from the top, in the first class and in the first two classes.
    """
    n = len(down)
    slack = max(tolerance, NEAR)
    size = abs(total) if down[-1] >= 0 else float(np.abs(down).sum(dtype=np.float64))
    if total == 0 or abs(total) <= NEAR * size:
        share = np.zeros(n)
    else:
        share = prefix_sums(down)
        # Not by 100 / total: amounts may be too small to divide by.
        share /= total
        share *= 100
    first = _exceeds(share, survey(share).total / (n + 1), 0, slack)
    if first == n - 1:
        second = first
    else:
        rest = survey(share[first:])
        second = _exceeds(share, rest.total / rest.count, first + 1, slack)
    return _whole_group(down, first, tolerance), _whole_group(down, second, tolerance)


def _exceeds(share: Floats, mean: float, start: int, slack: float) -> int:
    """Return the first position from *start* whose share exceeds the mean, else the last one."""
    above = share[start:-1] > mean + slack * abs(mean)
    return start + int(np.argmax(above)) if above.any() else len(share) - 1


def _whole_group(down: Numbers, count: int, tolerance: float) -> int:
    """Move a border behind the group of equal values that it would divide."""
    while 0 < count < len(down) and _equal(down[count - 1], down[count], tolerance):
        count += 1
    return count


def _equal(a: Any, b: Any, tolerance: float) -> bool:
    return bool(a == b or (tolerance and abs(a - b) <= tolerance * max(abs(a), abs(b))))
