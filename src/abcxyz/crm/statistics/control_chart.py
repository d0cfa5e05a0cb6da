"""Control charts of weekly series: p and u charts by Laney, XmR, and lasting shifts."""

from __future__ import annotations

import math

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, ArrayLike, Bools, Floats
from abcxyz.crm.statistics.tails import Z_95, beta_binomial_p, gamma_poisson_p, student_p
from abcxyz.errors import InputError
from abcxyz.toolkit.known_names import check_known

__all__ = [
    "BASELINE",
    "KINDS",
    "LEAST_BASELINE",
    "SHIFT",
    "ControlChart",
    "Judgement",
    "control_chart",
    "judge_period",
    "judge_shift",
]

KINDS = ("rate", "count", "value")
"""Kinds of series: successes of trials, counts per exposure, other numbers."""

BASELINE, LEAST_BASELINE = 26, 12
"""Periods that the centre is taken from, and how many are needed."""

SHIFT = 8
"""Periods whose mean is compared with the baseline for a lasting shift."""

#: Periods that the spread is taken from: more than the centre, since a spread needs them.
_SPREAD = 52
_D2 = 1.128  # expected moving range of two normal values, in standard deviations
_DEGREES = 0.62  # degrees of freedom of a mean moving range, per step
_SMALL = 5.0


@frozen
class ControlChart:
    """A control chart: the baseline is all points but the last, which is judged.

    Parameters
    ----------
    centre
        Overall rate, count per exposure, or mean of the baseline.
    sigma_z
        Spread of the baseline in theoretical standard errors; of values, in their unit.
    value, z
        (n,) values, and their distance from the centre in theoretical standard errors.
    low, high
        (n,) theoretical limits at 3 standard errors; XmR limits of values.
    low_laney, high_laney
        (n,) the same times *sigma_z*.
    """

    __hash__ = None  # type: ignore[assignment]

    centre: float
    sigma_z: float
    value: Floats = field(eq=SAME_ARRAYS)
    z: Floats = field(eq=SAME_ARRAYS)
    low: Floats = field(eq=SAME_ARRAYS)
    high: Floats = field(eq=SAME_ARRAYS)
    low_laney: Floats = field(eq=SAME_ARRAYS)
    high_laney: Floats = field(eq=SAME_ARRAYS)


@frozen
class Judgement:
    """What a series says about one period, or about the last eight.

    Parameters
    ----------
    z
        Distance in estimated standard errors.
    p
        Two-sided p value.
    value, centre, low, high
        The judged value, the centre, and the range in which 95 % of such values are expected.
    n
        Trials or exposure of the judged periods.
    """

    z: float
    p: float
    value: float
    centre: float
    low: float
    high: float
    n: float


def _standard_errors(kind: str, centre: float, n: Floats) -> Floats:
    variance = centre * (1 - centre) if kind == "rate" else centre
    with np.errstate(divide="ignore"):
        return np.asarray(np.sqrt(max(variance, 0.0) / n))


def control_chart(kind: str, x: ArrayLike, n: ArrayLike | None = None) -> ControlChart:
    """Compute a control chart whose last point is judged by the ones before.

    Parameters
    ----------
    kind
        One of `KINDS`.
    x
        (n,) successes, counts or values.
    n
        (n,) trials or exposures, above 0; None for 1.

    Raises
    ------
    InputError
        An unknown kind, or fewer than three points.

    Notes
    -----
    Rates: ``centre ± 3 sqrt(p q / n)``; Laney (2002) multiplies by ``sigma_z``, the mean moving
    range of z over 1.128. Counts: the same with ``sqrt(u / n)``. Values: Wheeler's XmR,
    ``mean ± 2.66`` mean moving ranges.

    Examples
    --------
    >>> chart = control_chart("value", [10, 12, 11, 13, 30])
    >>> chart.centre, round(float(chart.high[-1]), 2)
    (11.5, 15.93)
    """
    check_known("there is no chart of the kind {key!r}; known are {known}", key=[kind],
                known=KINDS, error=InputError)  # fmt: skip
    counts = np.asarray(x, dtype=np.float64)
    sizes = np.ones(len(counts)) if n is None else np.asarray(n, dtype=np.float64)
    if len(counts) < 3:
        raise InputError("a chart needs at least 3 points; {n} are there", n=len(counts))
    value = counts / sizes
    if kind == "value":
        centre = float(value[:-1].mean())
        spread = float(np.abs(np.diff(value[:-1])).mean()) / _D2
        reach = np.full(len(value), 2.66 * _D2 * spread)
        with np.errstate(divide="ignore", invalid="ignore"):
            z = (value - centre) / spread
        low, high = centre - reach, centre + reach
        return ControlChart(centre, spread, value, z, low, high, low, high)
    centre = float(counts[:-1].sum() / sizes[:-1].sum())
    error = _standard_errors(kind, centre, sizes)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (value - centre) / error
    sigma = float(np.abs(np.diff(z[:-1])).mean()) / _D2
    top = 1.0 if kind == "rate" else math.inf
    bounds = [
        np.clip(centre + side * 3 * error * scale, 0.0, top)
        for scale in (1.0, sigma)
        for side in (-1, 1)
    ]
    return ControlChart(centre, sigma, value, z, bounds[0], bounds[1], bounds[2], bounds[3])


@frozen
class _Base:
    """Baseline of a series: centre, spread, degrees of freedom, memory, its totals.

    The memory is the factor by which neighbours that move together widen the error of a mean.
    """

    centre: float
    spread: float
    degrees: float
    memory: float
    periods: int
    x: float
    n: float


def _baseline(kind: str, x: Floats, n: Floats, before: Bools) -> _Base | None:
    """Return the baseline from the last usable periods of *before*; None if they are few."""
    places = np.flatnonzero(before)
    near, far = places[-BASELINE:], places[-_SPREAD:]
    if len(near) < LEAST_BASELINE:
        return None
    total, size = float(x[near].sum()), float(n[near].sum())
    steps = len(far) - 1
    if kind == "value":
        values = x[far] / n[far]
        centre = float((x[near] / n[near]).mean())
        spread = float(np.abs(np.diff(values)).mean()) / _D2
        memory = _memory(values - values.mean())
        return _Base(centre, spread, _DEGREES * steps, memory, len(near), total, size)
    centre = total / size
    error = _standard_errors(kind, centre, n[far])
    if not centre > 0 or (kind == "rate" and not centre < 1):
        return _Base(centre, 1.0, math.inf, 1.0, len(near), total, size)
    z = (x[far] / n[far] - centre) / error
    sigma = float(np.abs(np.diff(z)).mean()) / _D2
    # Never narrower than the binomial law, whose scale is known and not estimated.
    degrees = _DEGREES * steps if sigma > 1 else math.inf
    return _Base(centre, max(sigma, 1.0), degrees, _memory(z - z.mean()), len(near), total, size)


def _memory(deviations: Floats) -> float:
    """Return ``sqrt((1 + r) / (1 - r))``, r the correlation of neighbours if it is positive."""
    total = float(deviations @ deviations)
    if not total > 0:
        return 1.0
    r = min(max(float(deviations[1:] @ deviations[:-1]) / total, 0.0), 0.8)
    return math.sqrt((1 + r) / (1 - r))


def judge_period(kind: str, x: Floats, n: Floats, place: int, usable: Bools) -> Judgement | None:
    """Judge one period by the 26 usable ones before it.

    Parameters
    ----------
    kind
        One of `KINDS`.
    x, n
        (k,) successes and trials, counts and exposures, or values and ones.
    place
        The judged period.
    usable
        (k,) periods that may be in the baseline: mature, no holidays, no alarms.

    Returns
    -------
    Judgement or None
        None with fewer than 12 usable periods before, or without anything to judge.

    Notes
    -----
    ``z / (max(1, sigma_z) sqrt(1 + 1/m))`` with m periods in the centre; the p value is that of
    Student's t with ``0.62 (k - 1)`` degrees of freedom where the spread is estimated from k
    periods, of the normal law where it is floored. Expected counts under 5: the mid p value of
    the baseline's predictive law; with an estimated spread, if it is larger.

    Examples
    --------
    >>> passed, entered = np.array([20.0] * 26 + [5.0]), np.full(27, 50.0)
    >>> found = judge_period("rate", passed, entered, 26, np.ones(27, dtype=bool))
    >>> round(found.z, 2), round(found.low, 2), round(found.high, 2)
    (-4.25, 0.26, 0.54)
    """
    if not n[place] > 0:
        return None
    base = _baseline(kind, x, n, usable & (np.arange(len(x)) < place))
    if base is None:
        return None
    value, size = float(x[place] / n[place]), float(n[place])
    error = base.spread * (1.0 if kind == "value" else _error(kind, base.centre, size))
    return _judged(kind, base, value, size, error * math.sqrt(1 + 1 / base.periods))


def _error(kind: str, centre: float, size: float) -> float:
    return float(_standard_errors(kind, centre, np.array([size]))[0])


def _judged(kind: str, base: _Base, value: float, size: float, error: float) -> Judgement:
    z = (value - base.centre) / error if error > 0 else math.nan
    p = student_p(z, base.degrees)
    half = Z_95 * error
    if kind != "value" and _is_small(kind, base.centre, size):
        exact = _exact_p(kind, base, round(value * size), size)
        # Where the spread is estimated the series is wider than the exact law.
        p = exact if math.isinf(base.degrees) or math.isnan(p) else max(p, exact)
    low, high = base.centre - half, base.centre + half
    if kind != "value":
        low = max(low, 0.0)
    if kind == "rate":
        high = min(high, 1.0)
    return Judgement(z, p, value, base.centre, low, high, size)


def _is_small(kind: str, centre: float, size: float) -> bool:
    expected = size * (min(centre, 1 - centre) if kind == "rate" else centre)
    return expected < _SMALL


def _exact_p(kind: str, base: _Base, count: int, size: float) -> float:
    if kind == "count":
        return gamma_poisson_p(count, size, round(base.x), base.n)
    trials, successes, all_x, all_n = round(size), count, round(base.x), round(base.n)
    if base.centre > 0.5:  # the rarer outcome is counted
        successes, all_x = trials - successes, all_n - all_x
    return beta_binomial_p(successes, trials, all_x, all_n)


def judge_shift(
    kind: str, x: Floats, n: Floats, place: int, usable: Bools, judgeable: Bools
) -> Judgement | None:
    """Judge the last eight periods together by the 26 usable ones before them.

    Parameters
    ----------
    kind, x, n, place, usable
        As in `judge_period`.
    judgeable
        (k,) periods that can be among the eight: mature and no holidays; alarmed ones too.

    Notes
    -----
    The mean z of the m = 8 periods times ``sqrt(m) / sqrt(1 + m / b)``, b periods before, and by
    ``sqrt((1 - r) / (1 + r))`` where neighbours have the correlation r > 0: series with a
    memory, such as activities on open deals, wander without a change.

    Examples
    --------
    >>> passed, entered = np.array([20.0] * 26 + [14.0] * 8), np.full(34, 50.0)
    >>> everything = np.ones(34, dtype=bool)
    >>> round(judge_shift("rate", passed, entered, 33, everything, everything).z, 2)
    -4.28
    """
    up_to = judgeable & (n > 0) & (np.arange(len(x)) <= place)
    places = np.flatnonzero(up_to)[-SHIFT:]
    if len(places) < SHIFT:
        return None
    base = _baseline(kind, x, n, usable & (np.arange(len(x)) < places[0]))
    if base is None:
        return None
    values = x[places] / n[places]
    if kind == "value":
        error = np.full(SHIFT, base.spread)
    else:
        error = _standard_errors(kind, base.centre, n[places]) * base.spread
    if not np.all(error > 0):
        return None
    z = float(((values - base.centre) / error).mean()) * math.sqrt(SHIFT)
    widen = math.sqrt(1 + SHIFT / base.periods) * base.memory
    z /= widen
    size = float(n[places].sum())
    value = float(x[places].sum()) / size
    whole = (
        base.spread / math.sqrt(SHIFT)
        if kind == "value"
        else (_error(kind, base.centre, size) * base.spread)
    )
    half = Z_95 * whole * widen
    return Judgement(
        z,
        student_p(z, base.degrees),
        value,
        base.centre,
        base.centre - half,
        base.centre + half,
        size,
    )
