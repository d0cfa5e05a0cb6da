"""Regression of a time series: binomial and Poisson with dispersion, Newey-West errors."""

from __future__ import annotations

import math

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Floats
from abcxyz.core.prospects.logit import sigmoid
from abcxyz.errors import InputError

__all__ = ["Fit", "binomial_fit", "durbin_watson", "newey_west_fit", "poisson_fit", "two_sided_p"]

_STEPS = 60
_CLOSE = 1e-12
_FAR = 30.0


def two_sided_p(z: float) -> float:
    """Return the two-sided p value of a standard normal figure; NaN stays NaN."""
    return math.erfc(abs(z) / math.sqrt(2)) if not math.isnan(z) else math.nan


@frozen
class Fit:
    """A fitted regression.

    Parameters
    ----------
    coefficients
        (k,) coefficients of the columns.
    covariance
        (k, k) covariance without the dispersion.
    dispersion
        Pearson's chi-squared by its degrees of freedom; 1 for a linear model.
    fitted
        (n,) fitted means.
    """

    __hash__ = None  # type: ignore[assignment]

    coefficients: Floats = field(eq=SAME_ARRAYS)
    covariance: Floats = field(eq=SAME_ARRAYS)
    dispersion: float
    fitted: Floats = field(eq=SAME_ARRAYS)

    @property
    def errors(self) -> Floats:
        """(k,) standard errors, never narrower than the model's: dispersion below 1 is 1."""
        return np.asarray(np.sqrt(np.diag(self.scaled_covariance)))

    @property
    def scaled_covariance(self) -> Floats:
        """(k, k) covariance times the dispersion, which is at least 1."""
        return np.asarray(self.covariance * max(1.0, self.dispersion))


def _check(columns: Floats, n: int) -> None:
    if np.linalg.matrix_rank(columns) < columns.shape[1] or n <= columns.shape[1]:
        raise InputError(
            "{n} {n:point|points} cannot tell {k} {k:effect|effects} apart; give more points "
            "on both sides",
            n=n,
            k=columns.shape[1],
        )


def binomial_fit(successes: Floats, trials: Floats, columns: Floats) -> Fit:
    """Fit the log-odds of a rate by Newton's method.

    Parameters
    ----------
    successes, trials
        (n,) counts; all trials above 0.
    columns
        (n, k) explanatory columns, the constant among them.

    Raises
    ------
    InputError
        Columns that depend on each other, or rates that are all 0 or all 1.

    Notes
    -----
    The weights are the trials, so the errors shrink with them. The dispersion is Pearson's
    chi-squared over n - k.

    Examples
    --------
    >>> fit = binomial_fit(np.array([10.0, 20.0]), np.array([40.0, 40.0]), np.ones((2, 1)))
    >>> fit.coefficients.round(4).tolist(), round(fit.dispersion, 2)
    ([-0.5108], 5.33)
    """
    _check(columns, len(trials))
    total = float(successes.sum())
    if not 0 < total < float(trials.sum()):
        raise InputError("every rate is the same extreme, so there is nothing to fit; widen it")
    point = np.zeros(columns.shape[1])
    for _ in range(_STEPS):
        mean = sigmoid(np.clip(columns @ point, -_FAR, _FAR))
        weight = trials * mean * (1 - mean)
        information = columns.T @ (columns * weight[:, None])
        step = np.linalg.lstsq(information, columns.T @ (successes - trials * mean), rcond=None)[0]
        point = point + step
        if float(np.abs(step).max()) < _CLOSE:
            break
    mean = sigmoid(np.clip(columns @ point, -_FAR, _FAR))
    variance = trials * mean * (1 - mean)
    return _fit(columns, point, variance, (successes - trials * mean) ** 2 / variance, mean)


def poisson_fit(counts: Floats, columns: Floats, exposure: Floats | None = None) -> Fit:
    """Fit the logarithm of a count by Newton's method.

    Parameters
    ----------
    counts
        (n,) counts.
    columns
        (n, k) explanatory columns, the constant among them.
    exposure
        (n,) what the counts grow with, such as working days; None for 1.

    Raises
    ------
    InputError
        Columns that depend on each other, or no count above 0.

    Examples
    --------
    >>> fit = poisson_fit(np.array([8.0, 12.0]), np.ones((2, 1)))
    >>> np.exp(fit.coefficients).round(6).tolist()
    [10.0]
    """
    _check(columns, len(counts))
    if not counts.sum() > 0:
        raise InputError("every count is 0, so there is nothing to fit; widen the window")
    offset = np.zeros(len(counts)) if exposure is None else np.log(exposure)
    point = np.linalg.lstsq(columns, np.log(np.maximum(counts, 0.5)) - offset, rcond=None)[0]
    for _ in range(_STEPS):
        mean = np.exp(np.clip(columns @ point + offset, -_FAR, _FAR))
        information = columns.T @ (columns * mean[:, None])
        step = np.linalg.lstsq(information, columns.T @ (counts - mean), rcond=None)[0]
        point = point + step
        if float(np.abs(step).max()) < _CLOSE:
            break
    mean = np.exp(np.clip(columns @ point + offset, -_FAR, _FAR))
    return _fit(columns, point, mean, (counts - mean) ** 2 / mean, mean)


def _fit(columns: Floats, point: Floats, variance: Floats, squares: Floats, mean: Floats) -> Fit:
    information = columns.T @ (columns * variance[:, None])
    free = len(mean) - columns.shape[1]
    inverse: Floats = np.asarray(np.linalg.pinv(information), dtype=np.float64)
    return Fit(point, inverse, float(squares.sum()) / free, mean)


def newey_west_fit(values: Floats, columns: Floats, lags: int = 4) -> Fit:
    """Fit values by least squares, with errors that allow for autocorrelation.

    Parameters
    ----------
    values
        (n,) values.
    columns
        (n, k) explanatory columns, the constant among them.
    lags
        Number of lags; 0 gives White's errors.

    Notes
    -----
    Newey and West (1987), weights ``1 - l / (lags + 1)``, with the small-sample factor
    ``n / (n - k)``.

    Examples
    --------
    >>> fit = newey_west_fit(np.array([1.0, 2.0, 3.0, 4.5]), np.ones((4, 1)), lags=0)
    >>> fit.coefficients.round(4).tolist(), fit.errors.round(4).tolist()
    ([2.625], [0.7465])
    """
    n, k = columns.shape
    _check(columns, n)
    point: Floats = np.asarray(np.linalg.lstsq(columns, values, rcond=None)[0], np.float64)
    rest = values - columns @ point
    scores = columns * rest[:, None]
    middle = scores.T @ scores
    for lag in range(1, min(lags, n - 1) + 1):
        shifted = scores[lag:].T @ scores[:-lag]
        middle = middle + (1 - lag / (lags + 1)) * (shifted + shifted.T)
    inverse = np.linalg.pinv(columns.T @ columns)
    covariance = inverse @ middle @ inverse * (n / (n - k))
    return Fit(point, covariance, 1.0, columns @ point)


def durbin_watson(residuals: Floats) -> float:
    """Return Durbin and Watson's figure: 2 without autocorrelation, NaN for zeros.

    Examples
    --------
    >>> durbin_watson(np.array([1.0, -1.0, 1.0, -1.0]))
    3.0
    """
    total = float(residuals @ residuals)
    return float((np.diff(residuals) ** 2).sum()) / total if total else math.nan
