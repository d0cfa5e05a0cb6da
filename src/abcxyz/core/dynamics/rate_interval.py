"""Confidence intervals of a rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from statistics import NormalDist
from types import MappingProxyType

import numpy as np

from abcxyz._arrays import ArrayLike, Floats
from abcxyz.errors import InputError

__all__ = ["INTERVALS", "rate_interval"]


def _wilson(rate: Floats, trials: Floats, z: float) -> tuple[Floats, Floats]:
    centre = (rate + z * z / (2 * trials)) / (1 + z * z / trials)
    spread = np.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    return centre, spread * z / (1 + z * z / trials)


def _agresti_coull(rate: Floats, trials: Floats, z: float) -> tuple[Floats, Floats]:
    more = trials + z * z
    centre = (rate * trials + z * z / 2) / more
    return centre, z * np.sqrt(centre * (1 - centre) / more)


def _wald(rate: Floats, trials: Floats, z: float) -> tuple[Floats, Floats]:
    return rate, z * np.sqrt(rate * (1 - rate) / trials)


INTERVALS: Mapping[str, Callable[[Floats, Floats, float], tuple[Floats, Floats]]] = (
    MappingProxyType({"wilson": _wilson, "agresti_coull": _agresti_coull, "wald": _wald})
)
"""Interval methods by name."""


def rate_interval(
    successes: ArrayLike, trials: ArrayLike, *, method: str = "wilson", level: float = 0.95
) -> tuple[Floats, Floats]:
    """Compute the confidence interval of a binomial rate.

    Parameters
    ----------
    successes, trials
        Counts, of shapes that broadcast.
    method
        One of `INTERVALS`. Wilson's stays within 0 to 1 and is valid for few trials; Wald's, the
        textbook one, is too narrow there.
    level
        Confidence level, 0 to 1.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper bounds; NaN without trials.

    Raises
    ------
    InputError
        An unknown method, or a level outside 0 to 1.

    Notes
    -----
    Wilson (1927): with z the normal quantile of (1 + level) / 2 and p the rate among n,
    ``(p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)``.

    Examples
    --------
    >>> low, high = rate_interval([3], [10])
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.1078], [0.6032])
    """
    if method not in INTERVALS:
        raise InputError(
            "the interval {method!r} is unknown; use one of {known}",
            method=method,
            known=", ".join(INTERVALS),
        )
    if not 0 < level < 1:
        raise InputError("the level {level} is not between 0 and 1; use 0.95", level=level)
    n = np.asarray(trials, dtype=np.float64)
    n = np.where(n > 0, n, math.nan)
    rate = np.asarray(successes, dtype=np.float64) / n
    centre, spread = INTERVALS[method](rate, n, NormalDist().inv_cdf((1 + level) / 2))
    low, high = np.clip(centre - spread, 0.0, 1.0), np.clip(centre + spread, 0.0, 1.0)
    # Without a success, or a failure, the bound is exact; the subtraction may round it off.
    return np.where(rate == 0, 0.0, low), np.where(rate == 1, 1.0, high)
