"""Interval of a sum of amounts, each of which comes with a probability of its own."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from abcxyz._arrays import Floats

__all__ = ["weighted_sum_interval"]

_CELLS = 8192
_MANY = 4000


def weighted_sum_interval(
    probability: Floats, amount: Floats, level: float = 0.9
) -> tuple[float, float]:
    """Return the central interval of the sum of amounts that come independently of each other.

    Parameters
    ----------
    probability
        (n,) probabilities.
    amount
        (n,) amounts from 0.
    level
        Share of the distribution inside of the interval.

    Returns
    -------
    tuple of float
        Lower and upper bound.

    Notes
    -----
    The distribution (Poisson-binomial for equal amounts) is convolved on a grid of 8,192 parts of
    the whole; over 4,000 amounts it is taken as normal, after the central limit theorem.

    Examples
    --------
    >>> weighted_sum_interval(np.array([0.5, 0.5]), np.array([100.0, 100.0]))
    (0.0, 200.0)
    """
    total = float(amount.sum())
    if not len(amount) or total <= 0:
        return 0.0, 0.0
    tail = (1 - level) / 2
    if len(amount) > _MANY:
        mean = float(probability @ amount)
        reach = NormalDist().inv_cdf(1 - tail) * math.sqrt(
            float((probability * (1 - probability)) @ amount**2)
        )
        return max(0.0, mean - reach), min(total, mean + reach)
    unit = total / (_CELLS - 1)
    # The ends of the cumulative sums are rounded, so that the errors do not add up.
    steps = np.diff(np.rint(np.cumsum(np.sort(amount)) / unit), prepend=0.0).astype(np.int64)
    chance = np.zeros(_CELLS)
    chance[0] = 1.0
    reached = 0
    for step, p in zip(steps.tolist(), probability[np.argsort(amount)].tolist(), strict=True):
        if step:
            moved = p * chance[: reached + 1]
            chance[: reached + 1] *= 1 - p
            chance[step : step + reached + 1] += moved
            reached += step
    below = np.cumsum(chance)
    low = int(np.searchsorted(below, tail, side="left"))
    high = int(np.searchsorted(below, 1 - tail - 1e-12, side="left"))
    return min(low, _CELLS - 1) * unit, min(high, _CELLS - 1) * unit
