"""Tail probabilities: Student's t, and small counts around an estimated rate."""

from __future__ import annotations

import math

__all__ = ["Z_95", "beta_binomial_p", "gamma_poisson_p", "student_p"]

Z_95 = 1.959963984540054
"""Standard errors to either side of a normal estimate that a 95 % interval holds."""

_TINY = 1e-300
_CLOSE = 1e-14


def student_p(t: float, degrees: float) -> float:
    """Return the two-sided p value of Student's t.

    Parameters
    ----------
    t
        The figure; NaN gives NaN.
    degrees
        Degrees of freedom, above 0; infinite is the normal law.

    Notes
    -----
    The regularised incomplete beta function ``I(d / (d + t²); d / 2, 1 / 2)`` by its continued
    fraction (Lentz).

    Examples
    --------
    >>> round(student_p(2.0, 10), 6), round(student_p(1.96, math.inf), 4)
    (0.073388, 0.05)
    """
    if math.isnan(t):
        return math.nan
    if math.isinf(degrees) or degrees > 1e7:
        return math.erfc(abs(t) / math.sqrt(2))
    return _beta_share(degrees / (degrees + t * t), degrees / 2, 0.5)


def _beta_share(x: float, a: float, b: float) -> float:
    if x <= 0 or x >= 1:
        return min(max(x, 0.0), 1.0)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
        + a * math.log(x) + b * math.log1p(-x)
    )  # fmt: skip
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1.0 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1)
    d = 1.0 / (d if abs(d) > _TINY else _TINY)
    result = d
    for m in range(1, 400):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 + step * d
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = 1.0 + step / c
            c = c if abs(c) > _TINY else _TINY
            result *= c * d
        if abs(c * d - 1.0) < _CLOSE:
            break
    return result


def _mid_p(count: int, masses: list[float]) -> float:
    """Return the two-sided mid p value of a count among the probabilities of 0, 1, 2, …."""
    here = masses[count] if count < len(masses) else 0.0
    below = sum(masses[:count])
    lower = below + here / 2
    return min(1.0, 2 * min(lower, max(1.0 - lower, 0.0)))


def beta_binomial_p(successes: int, trials: int, base_successes: int, base_trials: int) -> float:
    """Return the two-sided mid p value of a rate, given the counts of its baseline.

    Notes
    -----
    The predictive law of the baseline with Jeffreys' prior: beta-binomial with
    ``x + 1/2`` and ``n - x + 1/2``.

    Examples
    --------
    >>> round(beta_binomial_p(0, 20, 100, 1000), 3), round(beta_binomial_p(2, 20, 100, 1000), 3)
    (0.123, 0.934)
    """
    a, b = base_successes + 0.5, base_trials - base_successes + 0.5
    start = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) - math.lgamma(a + b + trials)
    masses = [
        math.exp(
            start
            + math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
            + math.lgamma(a + k) + math.lgamma(b + trials - k)
        )
        for k in range(successes + 1)
    ]  # fmt: skip
    return _mid_p(successes, masses)


def gamma_poisson_p(count: int, exposure: float, base_count: int, base_exposure: float) -> float:
    """Return the two-sided mid p value of a count, given that of its baseline.

    Notes
    -----
    The predictive law of the baseline with Jeffreys' prior: negative binomial of the size
    ``x + 1/2``.

    Examples
    --------
    >>> round(gamma_poisson_p(0, 1.0, 52, 26.0), 3)
    0.138
    """
    size = base_count + 0.5
    share = base_exposure / (base_exposure + exposure)
    masses = [
        math.exp(
            math.lgamma(size + k) - math.lgamma(size) - math.lgamma(k + 1)
            + size * math.log(share) + k * math.log1p(-share)
        )
        for k in range(count + 1)
    ]  # fmt: skip
    return _mid_p(count, masses)
