"""Metrics of scores: ranking, calibration, and drift, computed by numpy alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from abcxyz._arrays import Bools, Floats, Ints
from abcxyz.errors import InputError

__all__ = [
    "Auc",
    "Gain",
    "ReliabilityBin",
    "auc_difference",
    "brier_gain",
    "brier_score",
    "reliability",
    "roc_auc",
    "stability_index",
    "stability_verdict",
    "top_share",
]


_WATCH, _SHIFTED = 0.1, 0.25  # stability index from which a change is to be watched, and is large


@frozen
class Auc:
    """Area under the ROC curve, with its confidence interval."""

    value: float
    low: float
    high: float
    error: float


@frozen
class ReliabilityBin:
    """Mean predicted and observed share of class A among *n* leads of similar probability."""

    n: int
    said: float
    true: float


def _checked(outcome: npt.ArrayLike, score: npt.ArrayLike) -> tuple[Bools, Floats]:
    truth, figures = np.asarray(outcome, dtype=bool), np.asarray(score, dtype=np.float64)
    if truth.shape != figures.shape or truth.ndim != 1:
        raise InputError(
            "there {outcomes:is|are} {outcomes} {outcomes:outcome|outcomes} and {scores} "
            "{scores:score|scores}; pass one of each per lead",
            outcomes=truth.size,
            scores=figures.size,
        )
    return truth, figures


def _midranks(values: Floats) -> Floats:
    """Return ranks from 1; ties get the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Floats = (last - (counts - 1) / 2)[inverse]
    return ranks


def roc_auc(outcome: npt.ArrayLike, score: npt.ArrayLike, *, confidence: float = 0.95) -> Auc:
    """Return the share of pairs in which the A customer has the higher score; ties count half.

    Parameters
    ----------
    outcome
        (n,) booleans.
    score
        (n,) scores, higher for likelier.
    confidence
        Confidence level of the interval.

    Raises
    ------
    InputError
        All outcomes are the same.

    Notes
    -----
    DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988) 837-845, through mid-ranks as in
    Sun and Xu, IEEE Signal Processing Letters 21 (2014) 1389-1393. The interval is normal and
    clipped to 0..1; with a single lead of a class it is NaN.

    Examples
    --------
    >>> roc_auc([False, False, True, True], [1, 3, 2, 4]).value
    0.75
    """
    above, below = _placements(*_checked(outcome, score))
    value = float(above.mean())
    error = _placement_error(above, below)
    if math.isnan(error):
        return Auc(value, math.nan, math.nan, math.nan)
    reach = NormalDist().inv_cdf(0.5 + confidence / 2) * error
    return Auc(value, max(0.0, value - reach), min(1.0, value + reach), error)


def auc_difference(
    outcome: npt.ArrayLike,
    score: npt.ArrayLike,
    other: npt.ArrayLike,
    *,
    confidence: float = 0.95,
) -> Auc:
    """Return how much the AUC of one score exceeds that of another on the same outcomes.

    Parameters
    ----------
    outcome
        (n,) booleans.
    score, other
        (n,) scores of the same n.
    confidence
        Confidence level of the interval, which is not clipped.

    Raises
    ------
    InputError
        All outcomes are the same.

    Notes
    -----
    The paired form of the interval of `roc_auc`: the two areas rest on the same examples, so
    their errors are correlated, and the difference is more certain than either.

    Examples
    --------
    >>> truth = [False, False, True, True]
    >>> auc_difference(truth, [1, 2, 3, 4], [1, 3, 2, 4]).value
    0.25
    """
    above, below = _placements(*_checked(outcome, score))
    other_above, other_below = _placements(*_checked(outcome, other))
    value = float(above.mean() - other_above.mean())
    error = _placement_error(above - other_above, below - other_below)
    reach = NormalDist().inv_cdf(0.5 + confidence / 2) * error
    return Auc(value, value - reach, value + reach, error)


def _placements(truth: Bools, figures: Floats) -> tuple[Floats, Floats]:
    """Return, for each of either kind, the share of the other kind that it is ordered right to."""
    ours, others = figures[truth], figures[~truth]
    m, n = len(ours), len(others)
    if not m or not n:
        raise InputError(
            "all {n} outcomes are the same; an AUC needs leads of both kinds", n=m + n
        )
    ranks = _midranks(figures)
    above: Floats = (ranks[truth] - _midranks(ours)) / n
    below: Floats = 1 - (ranks[~truth] - _midranks(others)) / m
    return above, below


def _placement_error(above: Floats, below: Floats) -> float:
    m, n = len(above), len(below)
    if m < 2 or n < 2:
        return math.nan
    return math.sqrt(float(above.var(ddof=1)) / m + float(below.var(ddof=1)) / n)


def top_share(weight: npt.ArrayLike, score: npt.ArrayLike, share: float = 0.1) -> float:
    """Return the share of *weight* (A customers, revenue) in the best *share* of the leads.

    Notes
    -----
    Leads tied at the cut are counted in proportion, so that their order does not matter.

    Examples
    --------
    >>> top_share([0, 1, 0, 3], [1, 2, 3, 4], share=0.25)
    0.75
    """
    weights = np.asarray(weight, dtype=np.float64)
    figures = np.asarray(score, dtype=np.float64)
    total = float(weights.sum())
    if total == 0:
        return math.nan
    levels, inverse, counts = np.unique(-figures, return_inverse=True, return_counts=True)
    held = np.bincount(inverse, weights=weights, minlength=len(levels))
    room = share * len(figures) - (np.cumsum(counts) - counts)
    part = np.clip(room / counts, 0, 1)
    return float(held @ part) / total


def brier_score(outcome: npt.ArrayLike, probability: npt.ArrayLike) -> float:
    """Return the mean squared difference between probability and outcome."""
    truth, predicted = _checked(outcome, probability)
    return float(np.mean((predicted - truth) ** 2))


def reliability(
    outcome: npt.ArrayLike, probability: npt.ArrayLike, bins: int = 10
) -> tuple[ReliabilityBin, ...]:
    """Compare predicted and observed shares of class A, over bins of equal size.

    Notes
    -----
    Leads of equal probability share a bin, so bins may be larger and fewer.
    """
    truth, predicted = _checked(outcome, probability)
    edges = np.unique(np.quantile(predicted, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
    place = np.searchsorted(edges, predicted, side="left")
    return tuple(
        ReliabilityBin(
            int(np.sum(place == k)),
            float(predicted[place == k].mean()),
            float(truth[place == k].mean()),
        )
        for k in np.unique(place)
    )


def stability_index(expected: Sequence[float] | npt.NDArray[Any], actual: Any) -> float:
    """Return the population stability index of two distributions over the same bins.

    Parameters
    ----------
    expected, actual
        (bins,) counts or shares.

    Notes
    -----
    ``sum((a - e) ln(a / e))``. Shares below 0.0001 count as 0.0001, so that an empty bin gives a
    finite value. Below 0.1 the change is small; above 0.25 the leads differ in kind from those of
    the fit.

    Examples
    --------
    >>> round(stability_index([50, 50], [60, 40]), 4)
    0.0405
    """
    first, second = np.asarray(expected, dtype=float), np.asarray(actual, dtype=float)
    if first.shape != second.shape or first.sum() <= 0 or second.sum() <= 0:
        return math.nan
    e = np.maximum(first / first.sum(), 1e-4)
    a = np.maximum(second / second.sum(), 1e-4)
    return float(np.sum((a - e) * np.log(a / e)))


def stability_verdict(value: float) -> str:
    """Return ``stable``, ``watch`` or ``shifted`` by a stability index, ``unknown`` for NaN.

    Examples
    --------
    >>> stability_verdict(0.05), stability_verdict(0.1), stability_verdict(0.3)
    ('stable', 'watch', 'shifted')
    """
    if math.isnan(value):
        return "unknown"
    return "stable" if value < _WATCH else "watch" if value < _SHIFTED else "shifted"


@frozen(kw_only=True)
class Gain:
    """How much one error is below another, with the 95 % interval of the difference."""

    value: float
    low: float
    high: float


def brier_gain(outcome: Bools, probability: Floats, other: Floats, unit: Ints) -> Gain:
    """Return how much the Brier score of one prediction is below that of another.

    Parameters
    ----------
    outcome
        (n,) booleans.
    probability, other
        (n,) predictions of the same outcomes.
    unit
        (n,) whose example each is; examples of one unit are not independent.

    Notes
    -----
    The interval is that of a mean over units (a ratio estimate), normal.
    """
    difference = (other - outcome) ** 2 - (probability - outcome) ** 2
    value = float(difference.mean())
    _, place = np.unique(unit, return_inverse=True)
    sums = np.bincount(place, weights=difference - value)
    n = len(sums)
    error = math.sqrt(float(sums @ sums) * n / max(n - 1, 1)) / len(difference)
    reach = NormalDist().inv_cdf(0.975) * error
    return Gain(value=value, low=value - reach, high=value + reach)
