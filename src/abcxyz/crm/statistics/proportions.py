"""Comparison of proportions and counts: intervals, tests, false-discovery control."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from abcxyz._arrays import ArrayLike, Floats
from abcxyz.core.dynamics.rate_interval import rate_interval
from abcxyz.errors import InputError

#: Count from which the interval of a Poisson mean is found by Newton's method.
_LARGE = 200

__all__ = [
    "benjamini_hochberg",
    "newcombe_interval",
    "poisson_interval",
    "stratified_difference",
    "two_proportion_test",
]


def newcombe_interval(
    successes: ArrayLike,
    trials: ArrayLike,
    base_successes: ArrayLike,
    base_trials: ArrayLike,
    *,
    level: float = 0.95,
) -> tuple[Floats, Floats]:
    """Compute the confidence interval of the difference of two proportions.

    Parameters
    ----------
    successes, trials
        Counts of the first proportion, of shapes that broadcast.
    base_successes, base_trials
        Counts of the one that is subtracted.
    level
        Confidence level, 0 to 1.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper bounds of the difference; NaN without trials.

    Notes
    -----
    Method 10 of Newcombe (1998): with the Wilson bounds l, u of both proportions,
    ``d - sqrt((p1-l1)² + (u2-p2)²)`` to ``d + sqrt((u1-p1)² + (p2-l2)²)``.

    Examples
    --------
    >>> low, high = newcombe_interval(56, 70, 48, 80)
    >>> round(float(low), 4), round(float(high), 4)
    (0.0524, 0.3339)
    """
    x1, n1, x0, n0 = (
        np.asarray(one, dtype=np.float64)
        for one in (successes, trials, base_successes, base_trials)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        p1, p0 = x1 / n1, x0 / n0
    low1, high1 = rate_interval(x1, n1, level=level)
    low0, high0 = rate_interval(x0, n0, level=level)
    difference = p1 - p0
    below = np.sqrt((p1 - low1) ** 2 + (high0 - p0) ** 2)
    above = np.sqrt((high1 - p1) ** 2 + (p0 - low0) ** 2)
    return np.asarray(difference - below), np.asarray(difference + above)


def stratified_difference(
    successes: ArrayLike, trials: ArrayLike, base_successes: ArrayLike, base_trials: ArrayLike
) -> tuple[float, float, float]:
    """Compare two proportions within strata, and average the differences.

    Parameters
    ----------
    successes, trials
        (n,) counts of the first proportion in each stratum.
    base_successes, base_trials
        (n,) counts of the one that is subtracted.

    Returns
    -------
    tuple of float
        The difference, and the bounds of its 95 % interval; NaN where no stratum has trials of
        both.

    Notes
    -----
    Weights of Mantel and Haenszel, ``n1 n0 / (n1 + n0)``; a stratum with trials on one side only
    has none. The bounds are those of Newcombe in each stratum, whose distances from the difference
    are combined by their squares (MOVER, Zou and Donner 2008); of one stratum they are Newcombe's.

    Examples
    --------
    >>> one = stratified_difference([56], [70], [48], [80])
    >>> [round(number, 4) for number in one]
    [0.2, 0.0524, 0.3339]
    >>> two = stratified_difference([8, 20], [10, 100], [80, 2], [100, 10])  # 0.25 against 0.75
    >>> [round(number, 4) for number in two]
    [0.0, -0.2241, 0.1192]
    """
    x1, n1, x0, n0 = (
        np.asarray(one, dtype=np.float64)
        for one in (successes, trials, base_successes, base_trials)
    )
    both = (n1 > 0) & (n0 > 0)
    if not both.any():
        return math.nan, math.nan, math.nan
    x1, n1, x0, n0 = x1[both], n1[both], x0[both], n0[both]
    weight = n1 * n0 / (n1 + n0)
    weight /= weight.sum()
    each = x1 / n1 - x0 / n0
    low, high = newcombe_interval(x1, n1, x0, n0)
    difference = float(weight @ each)
    below = math.sqrt(float(weight**2 @ (each - low) ** 2))
    above = math.sqrt(float(weight**2 @ (high - each) ** 2))
    return difference, difference - below, difference + above


def two_proportion_test(
    successes: ArrayLike, trials: ArrayLike, base_successes: ArrayLike, base_trials: ArrayLike
) -> Floats:
    """Return the two-sided p value of equal proportions by the pooled z test.

    Examples
    --------
    >>> round(float(two_proportion_test(56, 70, 48, 80)), 4)
    0.008
    """
    x1, n1, x0, n0 = (
        np.asarray(one, dtype=np.float64)
        for one in (successes, trials, base_successes, base_trials)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        pooled = (x1 + x0) / (n1 + n0)
        error = np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n0))
        z = np.abs(x1 / n1 - x0 / n0) / error
    return np.asarray(np.vectorize(_two_sided, otypes=[float])(z))


def _two_sided(z: float) -> float:
    return math.erfc(z / math.sqrt(2)) if not math.isnan(z) else math.nan


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """Return the p values adjusted for the false-discovery rate; NaN stays NaN.

    Notes
    -----
    Benjamini and Hochberg (1995): ``q(i) = min over j >= i of m p(j) / j`` in ascending order.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.04, 0.04]
    """
    values = np.asarray(p, dtype=np.float64)
    adjusted = np.full(values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return adjusted
    order = known[np.argsort(values[known], kind="stable")]
    count = len(order)
    scaled = values[order] * count / np.arange(1, count + 1)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted


def poisson_interval(count: int, level: float = 0.95) -> tuple[float, float]:
    """Compute the exact confidence interval of the mean of a Poisson count.

    Raises
    ------
    InputError
        A negative count.

    Notes
    -----
    Garwood (1936): the means at which the count, or fewer, and the count, or more, have the
    probability (1 - level) / 2.

    Examples
    --------
    >>> low, high = poisson_interval(10)
    >>> round(low, 4), round(high, 4)
    (4.7954, 18.3904)
    """
    if count < 0:
        raise InputError("the count {count} is negative; counts begin at 0", count=count)
    tail = (1 - level) / 2
    if count >= _LARGE:
        return _poisson_mean(count - 1, 1 - tail), _poisson_mean(count, tail)
    spread = -NormalDist().inv_cdf(tail / 10) * math.sqrt(count + 1) + 10
    low = 0.0
    if count:
        low = _bisect(lambda mean: _poisson_cdf(count - 1, mean) - (1 - tail), 0.0, float(count))
    high = _bisect(lambda mean: _poisson_cdf(count, mean) - tail, float(count), count + 3 * spread)
    return low, high


def _poisson_mean(count: int, chance: float) -> float:
    """Return the mean at which at most *count*, a large one, has a probability.

    Newton's method from the approximation of Wilson and Hilferty. Only terms that are near the
    count are added up: the others are 0 in floating point.
    """
    first = max(0, count - math.ceil(45 * math.sqrt(count)))
    terms = np.arange(first, count + 1, dtype=np.float64)
    logs = math.lgamma(first + 1) + np.concatenate([[0.0], np.cumsum(np.log(terms[1:]))])
    n = count + 1
    mean = n * (1 - 1 / (9 * n) - NormalDist().inv_cdf(chance) / (3 * math.sqrt(n))) ** 3
    for _ in range(20):
        masses = np.exp(terms * math.log(mean) - mean - logs)
        step = (float(masses.sum()) - chance) / float(masses[-1])
        mean += step
        if abs(step) < 1e-12 * mean:
            break
    return mean


def _bisect(falling: object, low: float, high: float) -> float:
    """Find the zero of a falling function."""
    assert callable(falling)
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if falling(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _poisson_cdf(count: int, mean: float) -> float:
    """Return the probability of at most *count*."""
    if mean <= 0:
        return 1.0
    terms = np.arange(count + 1, dtype=np.float64)
    logs = terms * math.log(mean) - mean - _log_factorials(count)
    return float(min(1.0, np.exp(logs).sum()))


def _log_factorials(count: int) -> Floats:
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, count + 1)))])
