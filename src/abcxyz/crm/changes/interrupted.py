"""Interrupted time series: level and slope of a change, counterfactual, and a control."""

from __future__ import annotations

import math

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, ArrayLike, Bools, Floats, Ints
from abcxyz.core.prospects.logit import sigmoid
from abcxyz.crm.changes.before_after import difference_text, verdict_of, verdict_text
from abcxyz.crm.reports.base import Report, Row
from abcxyz.crm.statistics.regression import (
    Fit,
    binomial_fit,
    durbin_watson,
    newey_west_fit,
    poisson_fit,
    two_sided_p,
)
from abcxyz.crm.statistics.tails import Z_95
from abcxyz.errors import InputError
from abcxyz.toolkit.catalogue import text

__all__ = ["LEAST_POINTS", "Control", "InterruptedSeries", "Term", "interrupted_time_series"]

LEAST_POINTS = 8
"""Points that are needed on each side of the change; 12 are advised."""

_ADVISED = 12
_TERMS = ("start", "trend", "level", "slope")


@frozen
class Term(Row):
    """A term of a model of the series.

    Parameters
    ----------
    model
        ``glm`` (log-odds or logarithm, with dispersion), or ``ols`` (Newey-West errors).
    term
        ``start``, ``trend`` before, ``level`` and ``slope`` of the change.
    estimate, error, interval_low, interval_high, p
        Coefficient, standard error, 95 % interval, p value.
    """

    model: str
    term: str
    estimate: float
    error: float
    interval_low: float
    interval_high: float
    p: float


@frozen
class Control(Row):
    """Difference in differences with a series that the change does not touch.

    Parameters
    ----------
    estimate, low, high
        Change of the log-odds (logarithm) beyond that of the control, with its 95 % interval.
    trend_p
        P value of parallel trends before the change.
    parallel
        Whether no difference of the trends before is visible; otherwise no effect is claimed.
    """

    estimate: float
    low: float
    high: float
    trend_p: float
    parallel: bool


@frozen
class InterruptedSeries(Report):
    """Result of `interrupted_time_series`.

    Parameters
    ----------
    points_before, points_after
        Points with data on each side.
    terms
        Terms of both models.
    dispersion
        Pearson's chi-squared by its degrees of freedom; errors use it where it is above 1.
    durbin_watson
        Of the residuals of the linear model: 2 without autocorrelation.
    effect, low, high
        Successes (or counts) after the change beyond the counterfactual, with the 95 % interval.
    rate_effect, rate_low, rate_high
        The same per trial (or period).
    verdict
        ``improved``, ``worse`` or ``not shown``.
    control
        Comparison with the control; None without one.
    time, observed, fitted, counterfactual, change
        (n,) points for the picture, and the time of the change.
    """

    __hash__ = None  # type: ignore[assignment]

    points_before: int
    points_after: int
    terms: tuple[Term, ...]
    dispersion: float
    durbin_watson: float
    effect: float
    low: float
    high: float
    rate_effect: float
    rate_low: float
    rate_high: float
    verdict: str
    control: Control | None
    binary: bool
    time: Ints = field(eq=SAME_ARRAYS, repr=False)
    observed: Floats = field(eq=SAME_ARRAYS, repr=False)
    fitted: Floats = field(eq=SAME_ARRAYS, repr=False)
    counterfactual: Floats = field(eq=SAME_ARRAYS, repr=False)
    change: int

    def __getitem__(self, name: tuple[str, str]) -> Term:
        """Return a term by its model and name."""
        return next(one for one in self.terms if (one.model, one.term) == name)

    def rows(self) -> list[Row]:
        """Return the terms."""
        return list(self.terms)

    def title(self, lang: str = "en") -> str:
        """Return the name of the report."""
        return text("Interrupted time series", lang)

    def explain(self, lang: str = "en") -> str:
        """Return the effect with its interval, and what limits it."""
        lines = [
            text(
                "Against the trend before, {effect} ({low} to {high}) on average after the "
                "change, {verdict}.",
                lang,
                effect=difference_text(self.rate_effect, lang, rates=self.binary),
                low=difference_text(self.rate_low, lang, rates=self.binary),
                high=difference_text(self.rate_high, lang, rates=self.binary),
                verdict=verdict_text(self.verdict, lang),
            )
        ]
        if min(self.points_before, self.points_after) < _ADVISED:
            lines.append(
                text(
                    "{before} {before:point|points} before and {after} after are few; "
                    "{advised} are advised.",
                    lang,
                    before=self.points_before,
                    after=self.points_after,
                    advised=_ADVISED,
                )
            )
        if self.control is None:
            lines.append(
                text("Without a control, anything else of that time may be behind it.", lang)
            )
        elif not self.control.parallel:
            lines.append(
                text(
                    "The control went another way before the change already, so the difference "
                    "is no effect of the change.",
                    lang,
                )
            )
        else:
            verdict = verdict_of(self.control.low, self.control.high)
            lines.append(
                text("Against the control: {verdict}.", lang, verdict=verdict_text(verdict, lang))
            )
        return " ".join(lines)


def interrupted_time_series(
    successes: ArrayLike,
    trials: ArrayLike | None,
    change: int,
    *,
    time: ArrayLike | None = None,
    months: ArrayLike | None = None,
    control: tuple[ArrayLike, ArrayLike | None] | None = None,
    better: str = "higher",
) -> InterruptedSeries:
    """Estimate what a change did to a series, against the trend before it.

    Parameters
    ----------
    successes
        (n,) successes, or counts.
    trials
        (n,) trials; None if *successes* are counts. Periods without trials are left out.
    change
        Time of the first period of the change.
    time
        (n,) numbers of the periods; 0 … n - 1 by default. Gaps keep counting.
    months
        (n,) month of each period, 1 to 12, for the season: used with two years or more.
    control
        Successes and trials of a series that the change does not touch, of the same periods.
    better
        ``higher`` or ``lower``.

    Raises
    ------
    InputError
        Fewer than 8 periods with data on one side.

    Notes
    -----
    ``start + trend t + level [t >= c] + slope (t - c) [t >= c]`` (Bernal et al. 2017), for
    rates as a binomial model of the log-odds with weights n, for counts as a Poisson model, errors
    times the root of the dispersion if above 1; beside it least squares with the errors of
    Newey and West, lag 4. The effect is the fitted mean less the counterfactual, the model
    with level and slope 0, summed over the periods after the change; its interval is by the
    delta method.

    Examples
    --------
    >>> passed = [20] * 10 + [30] * 10
    >>> series = interrupted_time_series(passed, [50] * 20, 10)
    >>> series.verdict, round(series.rate_effect, 3)
    ('improved', 0.2)
    """
    x = np.asarray(successes, dtype=np.float64)
    n = np.ones(len(x)) if trials is None else np.asarray(trials, dtype=np.float64)
    t = np.arange(len(x)) if time is None else np.asarray(time, dtype=np.int64)
    known = (n > 0) & ~np.isnan(x)
    before, after = int((known & (t < change)).sum()), int((known & (t >= change)).sum())
    if min(before, after) < LEAST_POINTS:
        raise InputError(
            "the series has {before} {before:point|points} before the change and {after} "
            "after it; at least {least} are needed on each side",
            before=before,
            after=after,
            least=LEAST_POINTS,
        )
    columns, plain = _columns(t, change, months)
    x, n, t, columns, plain = x[known], n[known], t[known], columns[known], plain[known]
    binary = trials is not None
    glm = binomial_fit(x, n, columns) if binary else poisson_fit(x, columns)
    rate = x / n
    ols = newey_west_fit(rate, columns)
    late = t >= change
    weight = np.where(late, n, 0.0)
    mean, slope = _means(glm, columns, binary)
    counter, slope0 = _means(glm, plain, binary)
    gradient = (weight * slope) @ columns - (weight * slope0) @ plain
    effect = float(weight @ (mean - counter))
    error = math.sqrt(max(float(gradient @ glm.scaled_covariance @ gradient), 0.0))
    low, high = effect - Z_95 * error, effect + Z_95 * error
    total = float(weight.sum())
    return InterruptedSeries(
        before,
        after,
        (*_terms("glm", glm), *_terms("ols", ols)),
        glm.dispersion,
        durbin_watson(rate - ols.fitted),
        effect,
        low,
        high,
        effect / total,
        low / total,
        high / total,
        verdict_of(low, high, better),
        None if control is None else _control(x, n, t, change, known, control),
        binary,
        t,
        rate,
        mean,
        counter,
        change,
    )


def _columns(t: Ints, change: int, months: ArrayLike | None) -> tuple[Floats, Floats]:
    """Return the columns of the model, and the same without the change."""
    late = (t >= change).astype(np.float64)
    parts = [np.ones(len(t)), t.astype(np.float64), late, late * (t - change)]
    season: Ints = np.asarray([] if months is None else months, dtype=np.int64)
    if len(season) and float(t.max() - t.min()) >= 2 * 52:
        present = np.unique(season)
        parts += [(season == one).astype(np.float64) for one in present[1:].tolist()]
    columns = np.stack(parts, axis=1)
    plain = columns.copy()
    plain[:, 2:4] = 0.0
    return columns, plain


def _means(fit: Fit, columns: Floats, binary: bool) -> tuple[Floats, Floats]:
    """Return the means of a model, and their derivatives by the linear figure."""
    linear = columns @ fit.coefficients
    mean = sigmoid(linear) if binary else np.exp(linear)
    return mean, mean * (1 - mean) if binary else mean


def _terms(model: str, fit: Fit) -> list[Term]:
    return [
        Term(model, name, b, e, b - Z_95 * e, b + Z_95 * e, two_sided_p(b / e) if e else math.nan)
        for name, b, e in zip(_TERMS, fit.coefficients.tolist(), fit.errors.tolist(), strict=False)
    ]


def _control(
    x: Floats,
    n: Floats,
    t: Ints,
    change: int,
    known: Bools,
    control: tuple[ArrayLike, ArrayLike | None],
) -> Control:
    """Compare the log-odds with those of the control, period by period.

    The difference of the two series of one period is one observation, so what moves both in a
    period falls out; its errors allow for autocorrelation.
    """
    other = np.asarray(control[0], dtype=np.float64)[known]
    trials = control[1]
    size = np.ones(len(other)) if trials is None else np.asarray(trials, dtype=np.float64)[known]
    gap = _log_odds(x, n, binary=trials is not None) - _log_odds(
        other, size, binary=trials is not None
    )
    use = size > 0
    gap, t = gap[use], t[use]
    late = (t >= change).astype(np.float64)
    fit = newey_west_fit(gap, np.stack([np.ones(len(t)), late], axis=1))
    early = t < change
    trend = newey_west_fit(gap[early], np.stack([np.ones(int(early.sum())), t[early]], axis=1))
    p = two_sided_p(float(trend.coefficients[1] / trend.errors[1]))
    estimate, error = float(fit.coefficients[1]), float(fit.errors[1])
    return Control(estimate, estimate - Z_95 * error, estimate + Z_95 * error, p, p >= 0.05)


def _log_odds(x: Floats, n: Floats, *, binary: bool) -> Floats:
    if not binary:
        return np.asarray(np.log(x + 0.5))
    return np.asarray(np.log((x + 0.5) / (n - x + 0.5)))
