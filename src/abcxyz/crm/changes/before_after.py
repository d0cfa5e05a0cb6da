"""Comparison of a figure before and after: interval, verdict, and what would have been seen."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from attrs import frozen

from abcxyz._arrays import ArrayLike, Floats
from abcxyz.core.display import percent, plain_number, points
from abcxyz.crm.reports.base import Report, Row
from abcxyz.crm.statistics.proportions import newcombe_interval, two_proportion_test
from abcxyz.crm.statistics.regression import two_sided_p
from abcxyz.errors import InputError
from abcxyz.toolkit.catalogue import text
from abcxyz.toolkit.known_names import check_known

__all__ = [
    "BETTER",
    "VERDICTS",
    "BeforeAfter",
    "before_after",
    "before_after_means",
    "mean_interval",
    "verdict_of",
]

VERDICTS = ("improved", "worse", "not shown")
"""What a comparison can say."""

BETTER = ("higher", "lower")
"""Which way of a figure is the better one."""

_NORMAL = NormalDist()
_Z = _NORMAL.inv_cdf(0.975)
_POWER = _NORMAL.inv_cdf(0.8)


@frozen
class BeforeAfter(Report):
    """Result of `before_after` and `before_after_means`.

    Parameters
    ----------
    kind
        ``rate`` or ``mean``.
    n_before, n_after
        Deals on each side.
    value_before, value_after, change, interval_low, interval_high
        The figure, its change, and the 95 % interval of the change.
    ratio
        ``value_after / value_before``; NaN from nothing.
    p
        P value of no change.
    verdict
        One of `VERDICTS`: a change is shown only if the interval excludes none.
    detectable
        Change that would have been seen with a probability of 80 %.
    shrunk
        Whether the figure before is drawn to a longer baseline.
    """

    kind: str
    n_before: int
    n_after: int
    value_before: float
    value_after: float
    change: float
    interval_low: float
    interval_high: float
    ratio: float
    p: float
    verdict: str
    detectable: float
    shrunk: bool

    def rows(self) -> list[Row]:
        """Return the comparison itself as the only row."""
        return [self]

    def title(self, lang: str = "en") -> str:
        """Return the name of the report."""
        return text("Before and after", lang)

    def figure(self, value: float, lang: str) -> str:
        """Format a value of the figure."""
        return percent(value, lang) if self.kind == "rate" else plain_number(round(value), lang)

    def difference(self, value: float, lang: str) -> str:
        """Format a difference of two values of the figure: of rates in percentage points."""
        return difference_text(value, lang, rates=self.kind == "rate")

    def explain(self, lang: str = "en") -> str:
        """Return the change, its interval and the verdict."""
        lines = [
            text(
                "{before} before ({n_before}), {after} after ({n_after}): a change of {change} "
                "({low} to {high}), {verdict}.",
                lang,
                before=self.figure(self.value_before, lang),
                after=self.figure(self.value_after, lang),
                n_before=plain_number(self.n_before, lang),
                n_after=plain_number(self.n_after, lang),
                change=self.difference(self.change, lang),
                low=self.difference(self.interval_low, lang),
                high=self.difference(self.interval_high, lang),
                verdict=verdict_text(self.verdict, lang),
            ),
            text(
                "With these numbers only a change of {size} or more would show.",
                lang,
                size=self.difference(self.detectable, lang).removeprefix("+"),
            ),
        ]
        if self.shrunk:
            lines.append(
                text(
                    "The time before was chosen because it was bad, so it is drawn to the longer "
                    "baseline: bad times get better by themselves.",
                    lang,
                )
            )
        return " ".join(lines)


def difference_text(value: float, lang: str, *, rates: bool) -> str:
    """Format a difference of rates in percentage points, or of amounts, with its sign.

    Examples
    --------
    >>> difference_text(0.023, "en", rates=True), difference_text(-1234.0, "en", rates=False)
    ('+2.3 points', '-1,234')
    """
    if rates:
        return points(value, lang)
    written = plain_number(round(value), lang)
    return f"+{written}" if round(value) > 0 else written


def verdict_text(verdict: str, lang: str) -> str:
    """Return a verdict in words: a change that is not shown may be chance.

    Examples
    --------
    >>> verdict_text("not shown", "en"), verdict_text("worse", "en")
    ('may be chance', 'worse')
    """
    return text("may be chance" if verdict == "not shown" else verdict, lang)


def verdict_of(low: float, high: float, better: str = "higher") -> str:
    """Return the verdict about an interval of a change.

    Examples
    --------
    >>> verdict_of(0.01, 0.05), verdict_of(0.01, 0.05, "lower"), verdict_of(-0.01, 0.05)
    ('improved', 'worse', 'not shown')
    """
    check_known("{key!r} is no way to be better; use one of {known}", key=[better], known=BETTER,
                error=InputError)  # fmt: skip
    if not (low > 0 or high < 0):
        return "not shown"
    return "improved" if (low > 0) == (better == "higher") else "worse"


def before_after(
    before: tuple[int, int],
    after: tuple[int, int],
    *,
    better: str = "higher",
    baseline: tuple[int, int] | None = None,
) -> BeforeAfter:
    """Compare a rate before and after a change.

    Parameters
    ----------
    before, after
        Successes and trials of each side, at the same age.
    better
        ``higher`` or ``lower``.
    baseline
        Successes and trials of a longer time before, if *before* was chosen because it was bad:
        the two are pooled, against the regression to the mean.

    Raises
    ------
    InputError
        No trials on one side, or more successes than trials.

    Notes
    -----
    Interval: Newcombe (1998), method 10. P value: pooled z test. Detectable at 80 % power:
    ``(z(0.975) + z(0.8)) sqrt(p q (1/n0 + 1/n1))``.

    Examples
    --------
    >>> result = before_after((20, 100), (35, 100))
    >>> result.verdict, round(result.interval_low, 3), round(result.interval_high, 3)
    ('improved', 0.026, 0.268)
    """
    (x0, n0), (x1, n1) = before, after
    for which, x, n in (("before", x0, n0), ("after", x1, n1)):
        if n <= 0:
            raise InputError("no deals {which} the change; choose another window", which=which)
        if not 0 <= x <= n:
            raise InputError(
                "{x} of {n} succeeded {which} the change; successes are between 0 and the trials",
                x=x,
                n=n,
                which=which,
            )
    if baseline is not None:
        x0, n0 = x0 + baseline[0], n0 + baseline[1]
    low, high = (float(one) for one in newcombe_interval(x1, n1, x0, n0))
    pooled = (x0 + x1) / (n0 + n1)
    error = math.sqrt(pooled * (1 - pooled) * (1 / n0 + 1 / n1))
    return BeforeAfter(
        "rate",
        n0,
        n1,
        x0 / n0,
        x1 / n1,
        x1 / n1 - x0 / n0,
        low,
        high,
        (x1 / n1) / (x0 / n0) if x0 else math.nan,
        float(two_proportion_test(x1, n1, x0, n0)),
        verdict_of(low, high, better),
        (_Z + _POWER) * error,
        baseline is not None,
    )


def mean_interval(before: Floats, after: Floats) -> tuple[float, float]:
    """Return the 95 % interval of the difference of two means, variances unequal."""
    error = _error(before, after)
    difference = float(after.mean() - before.mean())
    return difference - _Z * error, difference + _Z * error


def _error(before: Floats, after: Floats) -> float:
    return math.sqrt(
        sum(
            float(one.var(ddof=1)) / len(one) if len(one) > 1 else math.inf
            for one in (before, after)
        )
    )


def before_after_means(
    before: ArrayLike, after: ArrayLike, *, better: str = "higher"
) -> BeforeAfter:
    """Compare a mean before and after a change, such as the average amount or the days.

    Parameters
    ----------
    before, after
        Values of each side; NaN is left out.
    better
        ``higher`` or ``lower``.

    Raises
    ------
    InputError
        Fewer than two values on one side.

    Examples
    --------
    >>> result = before_after_means([10, 12, 11, 9], [15, 14, 16, 13], better="lower")
    >>> result.change, result.verdict
    (4.0, 'worse')
    """
    sides = [np.asarray(one, dtype=np.float64) for one in (before, after)]
    values0, values1 = (one[~np.isnan(one)] for one in sides)
    if min(len(values0), len(values1)) < 2:
        raise InputError(
            "{before} {before:value|values} before and {after} after cannot be compared; give "
            "at least two each",
            before=len(values0),
            after=len(values1),
        )
    low, high = mean_interval(values0, values1)
    mean0, mean1, error = float(values0.mean()), float(values1.mean()), _error(values0, values1)
    difference = mean1 - mean0
    return BeforeAfter(
        "mean",
        len(values0),
        len(values1),
        mean0,
        mean1,
        difference,
        low,
        high,
        mean1 / mean0 if mean0 else math.nan,
        two_sided_p(difference / error) if error else math.nan,
        verdict_of(low, high, better),
        (_Z + _POWER) * error,
        False,
    )
