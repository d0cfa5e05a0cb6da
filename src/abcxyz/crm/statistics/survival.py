"""Survival analysis: Kaplan-Meier, Aalen-Johansen, restricted mean, log-rank test."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import NormalDist

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, ArrayLike, Bools, Floats, Ints
from abcxyz.crm.records.keys import run_starts
from abcxyz.errors import InputError

__all__ = [
    "SurvivalCurve",
    "competing_risks",
    "cumulative_incidence",
    "final_incidence",
    "kaplan_meier",
    "log_rank",
    "restricted_mean_difference",
]


@frozen
class SurvivalCurve:
    """Kaplan-Meier curve: the share still open after a time.

    Parameters
    ----------
    times
        (k,) times of events, ascending.
    at_risk, events
        (k,) number at risk just before, and number of events at, each time.
    survival
        (k,) share still open after each time.
    n
        Number of durations.
    last
        Longest duration.
    durations, entries
        (n,) durations, and the durations from which each was observed, both sorted.
    """

    __hash__ = None  # type: ignore[assignment]

    times: Floats = field(eq=SAME_ARRAYS)
    at_risk: Ints = field(eq=SAME_ARRAYS)
    events: Ints = field(eq=SAME_ARRAYS)
    survival: Floats = field(eq=SAME_ARRAYS)
    n: int
    last: float
    durations: Floats = field(eq=SAME_ARRAYS, repr=False)
    entries: Floats | None = field(default=None, eq=SAME_ARRAYS, repr=False)

    def at_risk_at(self, times: Floats) -> Ints:
        """Return the number at risk just before each of *times*."""
        risk = self.n - np.searchsorted(self.durations, times, side="left")
        if self.entries is not None:
            risk = risk - (self.n - np.searchsorted(self.entries, times, side="left"))
        return np.asarray(risk, dtype=np.int64)

    def at(self, time: ArrayLike) -> Floats:
        """Return the share still open after each of *time*; NaN beyond the longest duration."""
        moments = np.asarray(time, dtype=np.float64)
        values = _step(self.times, self.survival, moments, 1.0)
        return np.asarray(np.where(moments > self.last, _beyond(values), values))

    def interval(self, time: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
        """Return the confidence interval of the share still open, log(-log) by Greenwood."""
        moments = np.asarray(time, dtype=np.float64)
        survival = _step(self.times, self.survival, moments, 1.0)
        return _bounds(survival, _step(self.times, self._greenwood(), moments, 0.0), level)

    def median_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the times at which the interval of the curve crosses one half."""
        crossings = []
        for bound in _bounds(self.survival, self._greenwood(), level):
            below = np.flatnonzero(bound <= 0.5)
            crossings.append(float(self.times[below[0]]) if len(below) else math.nan)
        return crossings[0], crossings[1]

    def _greenwood(self) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = self.events / (self.at_risk * (self.at_risk - self.events))
        return np.cumsum(np.where(self.at_risk > self.events, terms, 0.0))

    @property
    def median(self) -> float:
        """The shortest time after which at most half are open; NaN if it is not reached."""
        return self.quantile(0.5)

    def quantile(self, share: float) -> float:
        """Return the shortest time after which at least *share* are closed; NaN if never."""
        reached = np.flatnonzero(self.survival <= 1 - share + 1e-12)
        return float(self.times[reached[0]]) if len(reached) else math.nan

    def restricted_mean(self, horizon: float) -> tuple[float, float]:
        """Return the mean duration up to *horizon*, and its variance.

        Notes
        -----
        The area under the curve from 0 to the horizon; the variance is
        ``Σ A(t)² d / (n (n - d))`` over the event times, A(t) the area from t to the horizon.
        """
        inside = self.times < horizon
        times = self.times[inside]
        edges = np.concatenate([[0.0], times, [horizon]])
        heights = np.concatenate([[1.0], self.survival[inside]])
        areas = heights * np.diff(edges)
        rest = areas[::-1].cumsum()[::-1][1:]  # area from every event time on
        n, d = self.at_risk[inside], self.events[inside]
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(n > d, rest**2 * d / (n * (n - d)), 0.0)
        return float(areas.sum()), float(terms.sum())


def _bounds(survival: Floats, spread: Floats, level: float) -> tuple[Floats, Floats]:
    """Return the log(-log) interval of shares with Greenwood's sums."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        half = z * np.sqrt(spread) / np.log(survival)
        low, high = survival ** np.exp(-half), survival ** np.exp(half)
    settled = (survival <= 0) | (survival >= 1)
    return np.where(settled, survival, low), np.where(settled, survival, high)


def _step(times: Floats, values: Floats, moments: Floats, before: float) -> Floats:
    """Evaluate a right-continuous step function."""
    steps = np.concatenate([[before], values])
    return np.asarray(steps[np.searchsorted(times, moments, side="right")])


def _beyond(values: Floats) -> Floats:
    # After the longest duration the curve is known only where it has come down to zero.
    return np.where(values > 0, np.nan, values)


_DAY = 86400.0


def _sorted(durations: ArrayLike, outcomes: ArrayLike) -> tuple[Floats, Ints]:
    """Return the durations in ascending order, and how each of them ended.

    Notes
    -----
    Whole seconds are packed with their outcome into one number, which sorts several times as
    quickly as positions by a float.
    """
    given, kinds = np.asarray(durations), np.asarray(outcomes).astype(np.int64)
    if given.shape != kinds.shape:
        raise InputError(
            "{n} {n:duration|durations} and {m} {m:outcome|outcomes}; give one outcome per "
            "duration",
            n=given.size,
            m=kinds.size,
        )
    if given.dtype.kind == "m":
        packed: Ints = given.astype("m8[s]").astype(np.int64)
        _check(packed / _DAY)
        bits = int(kinds.max(initial=0)).bit_length()
        packed <<= bits
        packed |= kinds
        packed.sort()
        return (packed >> bits) / _DAY, packed & ((1 << bits) - 1)
    times = given.astype(np.float64)
    _check(times)
    order = np.argsort(times)
    return times[order], kinds[order]


def _check(times: Floats) -> None:
    if times.size and not (times >= 0).all():
        place = int(np.argmin(times >= 0))
        raise InputError(
            "the duration at position {place} is {value}; durations are 0 or longer",
            place=place,
            value=float(times[place]),
        )


def kaplan_meier(
    durations: ArrayLike, events: ArrayLike, *, entries: ArrayLike | None = None
) -> SurvivalCurve:
    """Estimate the share still open after each time; open ones are right-censored.

    Parameters
    ----------
    durations
        (n,) durations, 0 or longer, in any unit; ``timedelta64`` are counted in days.
    events
        (n,) whether each ended; otherwise it is still going on.
    entries
        (n,) durations from which each is observed (left truncation); None for 0.

    Returns
    -------
    SurvivalCurve

    Raises
    ------
    InputError
        A negative or missing duration.

    Notes
    -----
    Kaplan and Meier (1958): ``S(t) = Π over t_i <= t of (1 - d_i / n_i)``; events come before
    censorings of the same time.

    Examples
    --------
    >>> curve = kaplan_meier([1, 2, 2, 4], [True, True, False, True])
    >>> curve.times.tolist(), curve.survival.tolist(), curve.median
    ([1.0, 2.0, 4.0], [0.75, 0.5, 0.0], 2.0)
    """
    times, kinds = _sorted(durations, events)
    return _curve(times, kinds, run_starts(times), entries)[0]


def _curve(
    times: Floats, kinds: Ints, starts: Ints, entries: ArrayLike | None = None
) -> tuple[SurvivalCurve, Bools]:
    """Return the curve of sorted durations, and which of the different ones are events."""
    counts = _per_run(kinds > 0, starts)
    happens = counts > 0
    begins, counts = starts[happens], counts[happens]
    moments, risk = times[begins], len(times) - begins
    later = None if entries is None else np.sort(np.asarray(entries, dtype=np.float64))
    if later is not None:
        risk = risk - (len(times) - np.searchsorted(later, moments, side="left"))
    survival = np.cumprod(1.0 - counts / risk, dtype=np.float64)
    last = float(times[-1]) if len(times) else math.nan
    curve = SurvivalCurve(moments, risk, counts, survival, len(times), last, times, later)
    return curve, happens


def _per_run(chosen: Bools, starts: Ints) -> Ints:
    """Count the chosen rows of every run of equal durations."""
    if not len(starts):
        return np.empty(0, dtype=np.int64)
    return np.add.reduceat(chosen.view(np.int8), starts, dtype=np.int64)


def cumulative_incidence(
    durations: ArrayLike, outcomes: ArrayLike, kinds: int
) -> tuple[Floats, Floats]:
    """Estimate the share that has ended in each way by each time, the others competing.

    Parameters
    ----------
    durations
        (n,) durations; ``timedelta64`` are counted in days.
    outcomes
        (n,) 0 for still going on, else 1 … *kinds* for the way it ended.
    kinds
        Number of ways to end.

    Returns
    -------
    tuple of numpy.ndarray
        (k,) times of events; (kinds, k) shares. Their sum and the share still open make one.

    Notes
    -----
    Aalen and Johansen (1978): ``F_q(t) = Σ over t_i <= t of S(t_i-) d_iq / n_i``. One minus
    Kaplan-Meier with the other outcomes censored overstates each share.

    Examples
    --------
    >>> times, shares = cumulative_incidence([1, 2, 3, 4], [1, 2, 0, 1], 2)
    >>> shares.tolist()
    [[0.25, 0.25, 0.75], [0.0, 0.25, 0.25]]
    """
    curve, shares = competing_risks(durations, outcomes, kinds)
    return curve.times, shares


def competing_risks(
    durations: ArrayLike, outcomes: ArrayLike, kinds: int
) -> tuple[SurvivalCurve, Floats]:
    """Estimate the share still open and, as `cumulative_incidence`, how the others ended.

    Returns
    -------
    tuple
        The curve of all ends together, and the (kinds, k) shares at its times.
    """
    curve, before, counted = _ways(durations, outcomes, range(1, kinds + 1))
    shares = np.zeros((kinds, len(curve.times)))
    for kind, counts in counted.items():
        with np.errstate(divide="ignore", invalid="ignore"):
            shares[kind - 1] = np.cumsum(before * counts / curve.at_risk)
    return curve, shares


def _ways(
    durations: ArrayLike, outcomes: ArrayLike, kinds: Iterable[int]
) -> tuple[SurvivalCurve, Floats, dict[int, Ints]]:
    """Return the curve of all ends, the share open before each, and the ends of each kind."""
    lengths, ends = _sorted(durations, outcomes)
    starts = run_starts(lengths)
    curve, happens = _curve(lengths, ends, starts)
    before = np.concatenate([[1.0], curve.survival])[: len(curve.times)]
    return curve, before, {kind: _per_run(ends == kind, starts)[happens] for kind in kinds}


def final_incidence(
    durations: ArrayLike, outcomes: ArrayLike, kinds: Sequence[int], level: float = 0.95
) -> dict[int, tuple[float, float, float]]:
    """Estimate the share that has ended in some ways by the longest time.

    Parameters
    ----------
    durations, outcomes
        As in `cumulative_incidence`.
    kinds
        The ways to end of interest; the others compete with them.
    level
        Confidence level.

    Returns
    -------
    dict
        Way to end -> share, and its confidence interval; NaN where nothing ended so.

    Notes
    -----
    The variance is that of Marubini and Valsecchi (1995), eq. 10.12; the interval is taken on the
    scale of log(-log).

    Examples
    --------
    >>> share, low, high = final_incidence([1, 2, 3, 4], [1, 2, 0, 1], [1, 2])[2]
    >>> share, round(low, 3), round(high, 3)
    (0.25, 0.009, 0.665)
    """
    curve, before, counted = _ways(durations, outcomes, kinds)
    n, d = curve.at_risk.astype(np.float64), curve.events
    z = NormalDist().inv_cdf((1 + level) / 2)
    result = {}
    for kind, c in counted.items():
        shares = np.cumsum(before * c / n)
        none = 0.0 if curve.n else math.nan
        share = float(shares[-1]) if len(shares) else none
        if not 0 < share < 1:
            result[kind] = (share, math.nan, math.nan)
            continue
        rest = share - shares
        with np.errstate(divide="ignore", invalid="ignore"):
            left = np.where(n > d, rest**2 * d / (n * (n - d)), 0.0)
        terms = left + before**2 * c * (n - c) / n**3 - 2 * rest * before * c / n**2
        half = z * math.sqrt(max(float(terms.sum()), 0.0)) / (share * math.log(share))
        result[kind] = (share, share ** math.exp(-half), share ** math.exp(half))
    return result


def restricted_mean_difference(
    after: SurvivalCurve, before: SurvivalCurve, horizon: float, level: float = 0.95
) -> tuple[float, float, float]:
    """Return the difference of two restricted means with its confidence interval."""
    mean1, variance1 = after.restricted_mean(horizon)
    mean0, variance0 = before.restricted_mean(horizon)
    half = NormalDist().inv_cdf((1 + level) / 2) * math.sqrt(variance1 + variance0)
    return mean1 - mean0, mean1 - mean0 - half, mean1 - mean0 + half


def log_rank(after: SurvivalCurve, before: SurvivalCurve) -> float:
    """Return the p value of the log-rank test that two curves are equal; NaN without events."""
    times = np.union1d(after.times, before.times)
    n1, d1 = after.at_risk_at(times), _events_at(after, times)
    n0, d0 = before.at_risk_at(times), _events_at(before, times)
    n, d = n1 + n0, d1 + d0
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = n1 * d / n
        variance = np.where(n > 1, n1 * n0 * d * (n - d) / (n**2 * (n - 1)), 0.0)
    total = float(np.nansum(variance))
    if not total > 0:
        return math.nan
    z = float(np.nansum(d1 - expected)) / math.sqrt(total)
    return math.erfc(abs(z) / math.sqrt(2))


def _events_at(curve: SurvivalCurve, times: Floats) -> Ints:
    events = np.zeros(len(times), dtype=np.int64)
    events[np.searchsorted(times, curve.times)] = curve.events
    return events
