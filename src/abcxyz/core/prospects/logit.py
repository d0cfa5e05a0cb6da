"""Logistic regression by Newton's method, with numpy alone."""

from __future__ import annotations

import math

import numpy as np

from abcxyz._arrays import Bools, Floats, Ints

__all__ = ["calibrate", "drift_share", "ridge_logit", "shift_to_share", "sigmoid"]

_STEPS = 60
_HALVINGS = 30
_CLOSE = 1e-5  # length of a last step: what is left after it is about its square
_BLOCK = 1024  # rows of a product of matrices that threads would only slow down


def sigmoid(log_odds: Floats) -> Floats:
    """Convert log-odds to probabilities, without overflow."""
    probability: Floats = 0.5 + 0.5 * np.tanh(log_odds / 2)
    return probability


def ridge_logit(
    columns: Floats,
    outcome: Bools,
    *,
    penalty: float = 1.0,
    weights: Floats | None = None,
    start: Floats | None = None,
) -> tuple[float, Floats]:
    """Fit the log-odds of an outcome as an intercept and a weighted sum of columns.

    Parameters
    ----------
    columns
        (n, p) explanatory values of similar scale.
    outcome
        (n,) booleans, of both kinds.
    penalty
        Strength of the ridge on the p coefficients; the intercept is free.
    weights
        (n,) positive weights of the rows; None for 1.
    start
        (p + 1,) intercept and coefficients from which the search begins; None for a constant.

    Returns
    -------
    tuple
        The intercept, and (p,) coefficients.

    Notes
    -----
    Maximises ``sum w (y ln p + (1 - y) ln(1 - p)) - penalty |b|^2 / 2``, which is concave, by
    Newton's method.

    Examples
    --------
    >>> base, slopes = ridge_logit(np.array([[0.0], [0.0], [1.0], [1.0]]),
    ...                            np.array([False, True, True, True]))
    >>> round(base, 2), slopes.round(2).tolist()
    (0.9, [0.42])
    """
    n, p = columns.shape
    weight = np.ones(n) if weights is None else weights
    truth = outcome.astype(np.float64)
    if start is None:
        share = (weight @ truth + 0.5) / (weight.sum() + 1)
        start = np.zeros(p + 1)
        start[0] = math.log(share / (1 - share))
    full = np.ones((p + 1, n))
    full[1:] = columns.T
    # A trace of a penalty on the intercept, so that the equations always have one solution.
    ridge = np.concatenate(([1e-9], np.full(p, float(penalty))))
    point = _newton(full, truth, weight, ridge, np.zeros(p + 1), start)
    return float(point[0]), point[1:]


def calibrate(
    outcome: Bools,
    log_odds: Floats,
    *,
    slope_penalty: float = 1.0,
    weights: Floats | None = None,
) -> tuple[float, float]:
    """Fit the log-odds of an outcome as an intercept and a slope of predicted log-odds.

    Parameters
    ----------
    outcome
        (n,) booleans.
    log_odds
        (n,) predictions.
    slope_penalty
        Strength with which the slope is held at 1: its prior is normal with the variance
        ``1 / slope_penalty``.
    weights
        (n,) positive weights of the rows; None for 1.

    Returns
    -------
    tuple
        Intercept and slope; the slope is at least 0.

    Notes
    -----
    Platt scaling. Half an example of each kind is added at the mean prediction, so that the
    intercept is finite where all outcomes are the same.

    Examples
    --------
    >>> base, slope = calibrate(np.array([False, True]), np.array([-1.0, 1.0]), slope_penalty=1e9)
    >>> round(base, 6), round(slope, 6)
    (0.0, 1.0)
    """
    weight = np.ones(len(log_odds)) if weights is None else weights
    middle = float(weight @ log_odds / weight.sum())
    full = np.stack([np.ones(len(log_odds) + 2), np.append(log_odds, [middle] * 2)])
    truth = np.append(outcome.astype(np.float64), [0.0, 1.0])
    goal = np.array([0.0, 1.0])
    ridge = np.array([1e-9, float(slope_penalty)])
    point = _newton(full, truth, np.append(weight, [0.5, 0.5]), ridge, goal, goal)
    return float(point[0]), max(float(point[1]), 0.0)


def drift_share(span: Ints, lack: Floats, unit: Ints) -> float:
    """Return how much of the move of a share in its last span is drift, and not chance.

    Parameters
    ----------
    span
        (n,) span of time of each example; 0 is the last one.
    lack
        (n,) outcome less its probability.
    unit
        (n,) whose example it is: those of one unit have much the same outcome, and count as one.

    Returns
    -------
    float
        0 to 1; 1 for a single span, of which nothing can be told.

    Notes
    -----
    The means of the spans are a random effect (DerSimonian and Laird, Controlled Clinical Trials
    7, 1986): the part is ``t / (t + e)`` of its variance t and the squared error e of the last
    mean.

    Examples
    --------
    >>> span = np.repeat([0, 1, 2], 100)
    >>> lack = np.tile([0.5, -0.5], 150)
    >>> drift_share(span, lack, np.arange(300)), round(drift_share(span, lack + span, span), 2)
    (0.0, 1.0)
    """
    _, units = np.unique(unit, return_inverse=True)
    size = int(span.max()) + 1
    pair, of_pair = np.unique(units * size + span, return_inverse=True)
    square = np.bincount(pair % size, np.bincount(of_pair, lack) ** 2, minlength=size)
    count = np.bincount(span, minlength=size)
    known = square > 0
    mean, error = np.bincount(span, lack)[known] / count[known], square[known] / count[known] ** 2
    if len(mean) < 2 or not known[0]:
        return 1.0
    weight = 1 / error
    spread = float(weight @ (mean - weight @ mean / weight.sum()) ** 2) - (len(mean) - 1)
    drift = max(0.0, spread / float(weight.sum() - weight @ weight / weight.sum()))
    return drift / (drift + float(error[0]))


def shift_to_share(log_odds: Floats, share: float) -> float:
    """Return the shift of log-odds after which the mean probability is a share.

    Notes
    -----
    By bisection. The share must lie between 0 and 1, both excluded.

    Examples
    --------
    >>> round(shift_to_share(np.array([0.0, 0.0]), 0.75), 4)
    1.0986
    """
    low, high = -40.0, 40.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if sigmoid(log_odds + middle).mean() < share else (low, middle)
    return (low + high) / 2


def _newton(
    full: Floats, truth: Floats, weight: Floats, ridge: Floats, goal: Floats, start: Floats
) -> Floats:
    """Maximise a logistic likelihood less ``ridge @ (point - goal)^2 / 2``.

    The (p, n) *full* holds a column to a row. Newton's method. A step that does not shorten the
    gradient is halved: the direction of Newton always shortens it for a small enough step.
    """

    def at(point: Floats) -> tuple[Floats, Floats, float]:
        # In one thread: sums as short as these only wait for each other in several.
        predicted = sigmoid(np.einsum("pn,p->n", full, point))
        slope = np.einsum("pn,n->p", full, weight * (truth - predicted)) - ridge * (point - goal)
        return predicted, slope, float(np.sqrt(slope @ slope))

    point = start
    predicted, slope, size = at(point)
    for _ in range(_STEPS):
        curvature = _curvature(full, weight * predicted * (1 - predicted))
        # Probabilities that are 0 and 1 to the last bit leave no curvature.
        step = np.linalg.solve(curvature + np.diag(ridge + 1e-9), slope)
        for _ in range(_HALVINGS):
            there = at(point + step)
            if there[2] <= size:
                break
            step = step / 2
        point = point + step
        predicted, slope, size = there
        if np.abs(step).max() <= _CLOSE:
            break
    return point


def _curvature(full: Floats, weight: Floats) -> Floats:
    """Return ``(full * weight) @ full.T``, block by block, which the caches hold."""
    total = np.zeros((len(full), len(full)))
    for start in range(0, full.shape[1], _BLOCK):
        block = full[:, start : start + _BLOCK]
        total += (block * weight[start : start + _BLOCK]) @ block.T
    return total
