"""Additive log-odds model of becoming an A customer, and its conversion to a scorecard."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import evolve, field, frozen

from abcxyz._arrays import Bools, Floats, Ints, frozen_map
from abcxyz.core.prospects.attributes import GRAIN, Attribute
from abcxyz.core.prospects.binning import WAYS, Binning, bin_attribute, count, kind_of
from abcxyz.core.prospects.lead_table import Words, as_figures, as_words, place_values
from abcxyz.core.prospects.scorecard import Scorecard
from abcxyz.core.prospects.scores import score_prospects
from abcxyz.errors import ConfigError
from abcxyz.scoring.combine import Valued, combine, labelled, monotone
from abcxyz.toolkit.catalogue import Texts

__all__ = ["Design", "FitOptions", "LogOdds", "fit_log_odds", "sigmoid_fit"]


_TRENDS = frozenset({*WAYS, "none"})


def _labels(written: Mapping[str, str | Mapping[str, str]]) -> Mapping[str, Texts]:
    return MappingProxyType({name: Texts(words) for name, words in written.items()})


@frozen(kw_only=True)
class FitOptions:
    """Parameters of a scorecard fit.

    Parameters
    ----------
    kinds
        Attribute to ``number`` or ``category``, where the values do not show it.
    trends
        Numeric attribute to ``up``, ``down``, ``none`` (any shape), or ``auto`` (the default).
    special
        Numeric attribute to its codes, such as ``{"pdays": [-1]}`` for "never".
    labels
        Attribute to its label in each language.
    min_share
        Smallest share of the leads in a bin; never fewer than ten leads.
    smoothing
        Number of average leads added to every bin before its weight of evidence is computed.
    strength
        Inverse strength of the ridge penalty, scikit-learn's ``C``.
    least
        Minimum number of leads of class A, and of others, for a fit.
    holdout
        Share of the leads, the latest ones, that are set aside for evaluation.
    folds, repeats, seed
        Number of folds, number of repeats, and random seed of the cross-validation.
    recent
        Share of the leads of the fit, the latest ones, that set the level of the probabilities;
        all of them by default.
    grade_shares
        Share of the leads of the fit graded P-A, and P-A or P-B.
    leak_auc
        An attribute with at least this AUC by itself counts as known only after the outcome.

    Raises
    ------
    ConfigError
        A parameter is out of its range.
    """

    kinds: Mapping[str, str] = field(factory=dict, converter=frozen_map, hash=False)
    trends: Mapping[str, str] = field(factory=dict, converter=frozen_map, hash=False)
    special: Mapping[str, Sequence[float]] = field(factory=dict, converter=frozen_map, hash=False)
    labels: Mapping[str, Texts] = field(factory=dict, converter=_labels, hash=False)
    min_share: float = 0.01
    smoothing: float = 10.0
    strength: float = 1.0
    least: int = 40
    holdout: float = 0.3
    folds: int = 5
    repeats: int = 3
    seed: int = 0
    recent: float | None = None
    grade_shares: tuple[float, float] = (0.2, 0.5)
    leak_auc: float = 0.95

    def __attrs_post_init__(self) -> None:
        first, both = self.grade_shares
        for name, right, wanted in (
            ("kinds", set(self.kinds.values()) <= {"number", "category"}, "number, category"),
            ("trends", set(self.trends.values()) <= _TRENDS, "auto, up, down, none"),
            ("min_share", 0 < self.min_share <= 0.5, "(0, 0.5]"),
            ("smoothing", self.smoothing > 0, "> 0"),
            ("strength", self.strength > 0, "> 0"),
            ("least", self.least >= 1, ">= 1"),
            ("holdout", 0 <= self.holdout < 1, "[0, 1)"),
            ("folds", self.folds >= 2, ">= 2"),
            ("repeats", self.repeats >= 1, ">= 1"),
            ("recent", self.recent is None or 0 < self.recent <= 1, "(0, 1]"),
            ("grade_shares", 0 <= first <= both <= 1, "0 <= P-A <= P-B <= 1"),
            ("leak_auc", 0.5 < self.leak_auc <= 1, "(0.5, 1]"),
        ):
            if not right:
                value = getattr(self, name)
                shown = dict(value) if isinstance(value, Mapping) else value
                raise ConfigError(
                    "the option {name} of a fit is {value!r}; use {wanted}",
                    name=name,
                    value=shown,
                    wanted=wanted,
                )


@frozen(eq=False)
class Design:
    """Attributes of leads, parsed once: numbers as float64, categories as text.

    Parameters
    ----------
    columns
        Attribute to (n,) values.
    kinds
        Attribute to ``number`` or ``category``.
    """

    columns: Mapping[str, npt.NDArray[Any] | Words]
    kinds: Mapping[str, str]

    @classmethod
    def read(cls, columns: Mapping[str, Any], kinds: Mapping[str, str]) -> Design:
        """Parse raw columns; text among numbers is an error."""
        parsed: dict[str, npt.NDArray[Any] | Words] = {}
        known: dict[str, str] = {}
        for name, column in columns.items():
            known[name] = kind_of(column, name, kinds)
            if known[name] == "number":
                parsed[name], _ = as_figures(column, name)
            else:
                parsed[name] = Words(*as_words(column))
        return cls(parsed, known)

    def take(self, rows: Ints) -> Design:
        """Select leads by position."""
        return Design({name: one[rows] for name, one in self.columns.items()}, self.kinds)

    def only(self, names: Sequence[str]) -> Design:
        """Select attributes by name."""
        return Design({name: self.columns[name] for name in names}, self.kinds)


@frozen(eq=False)
class LogOdds:
    """Additive model: an intercept, and the log-odds that each bin of each attribute adds.

    Parameters
    ----------
    intercept
        Log-odds of a lead whose attributes add 0.
    parts
        One entry per attribute.
    dropped
        Attribute to the reason why it is left out.
    """

    intercept: float
    parts: tuple[Valued, ...]
    dropped: Mapping[str, str]

    def predict(self, design: Design) -> Floats:
        """Return (n,) log-odds."""
        n = len(next(iter(design.columns.values())))
        total = np.full(n, self.intercept)
        for part in self.parts:
            name = part.attribute.name
            if name in design.columns:
                places, _, _ = place_values(design.columns[name], part.attribute, strict=False)
                total += part.values[places]
            else:
                total += part.values[-1]
        return total

    def scale(self) -> tuple[float, float]:
        """Return the log-odds of score 0, and the log-odds per point."""
        lowest = sum(float(part.values.min()) for part in self.parts)
        reach = sum(float(np.ptp(part.values)) for part in self.parts)
        return self.intercept + lowest, reach / 100

    def attributes(self, design: Design, labels: Mapping[str, Texts]) -> tuple[Attribute, ...]:
        """Convert log-odds to points: each attribute's minimum is 0, the maximum sum is 100.

        Parameters
        ----------
        design
            The leads of the fit.
        labels
            Attribute to its label in each language.

        Notes
        -----
        The intercept and each attribute's minimum are moved into the calibration, so that points
        are never negative. Points are rounded down to the step of a scorecard, so that their sum
        stays within 100 and is exact.
        """
        _, worth = self.scale()
        scored: list[Attribute] = []
        for part in self.parts:
            above = part.values - part.values.min()
            points = np.floor(above / worth * GRAIN) / GRAIN
            one = labelled(part.attribute, labels)
            typical = float(points[-1])
            if one.name in design.columns:
                places, _, _ = place_values(design.columns[one.name], one, strict=False)
                typical = float(points[places].mean())
            bins = [evolve(b, points=p) for b, p in zip(one.bins, points[:-1], strict=True)]
            scored.append(evolve(one, bins=bins, neutral=float(points[-1]), typical=typical))
        return tuple(scored)


def sigmoid_fit(outcome: Bools, values: Floats) -> tuple[float, float]:
    """Fit the log-odds of *outcome* as intercept + slope * *values*.

    Notes
    -----
    Platt scaling. The values are standardised for the solver only.
    """
    from sklearn.linear_model import LogisticRegression

    spread = float(values.std())
    if spread < 1e-9 * (1 + float(np.abs(values).max())):
        share = (outcome.sum() + 0.5) / (len(outcome) + 1)
        return math.log(share / (1 - share)), 0.0
    middle = float(values.mean())
    # A negligible penalty, which makes the slope of perfectly separated outcomes finite.
    fitted = LogisticRegression(C=1e6, max_iter=1000, tol=1e-8)
    fitted.fit(((values - middle) / spread)[:, None], outcome)
    slope = float(fitted.coef_[0, 0]) / spread
    return float(fitted.intercept_[0]) - slope * middle, slope


def fit_log_odds(
    design: Design, outcome: Bools, options: FitOptions, rules: Scorecard | None
) -> LogOdds:
    """Fit a logistic regression on weights of evidence, and blend it with the rules.

    Parameters
    ----------
    design, outcome
        Leads of both outcomes, and their outcomes.
    options
        See `FitOptions`.
    rules
        Scorecard to blend with; None for no blending.

    Notes
    -----
    The fit has the weight ``m / (m + least)``, with *m* the number of the rarer outcome: 0.5 at
    the minimum for a fit, nearly 1 with thousands. An attribute with a negative coefficient would
    contradict its bins, so it is left out and the rest is fitted again.
    """
    from sklearn.linear_model import LogisticRegression

    dropped: dict[str, str] = {}
    binnings: list[Binning] = []
    least = max(options.min_share, 10 / len(outcome))
    for name, column in design.columns.items():
        one = bin_attribute(
            name,
            column,
            outcome,
            kind=design.kinds[name],
            trend=options.trends.get(name, "auto"),
            special=options.special.get(name, ()),
            min_share=least,
            smoothing=options.smoothing,
        )
        if np.ptp(one.woe) < 1e-9 or one.information < 1e-4:
            dropped[name] = "tells nothing"
        else:
            binnings.append(one)
    intercept, weights = 0.0, np.zeros(0)
    while binnings:
        evidence = np.stack(
            [
                one.woe[place_values(design.columns[one.attribute.name], one.attribute)[0]]
                for one in binnings
            ],
            axis=1,
        )
        fitted = LogisticRegression(C=options.strength, max_iter=1000).fit(evidence, outcome)
        weights, intercept = fitted.coef_[0], float(fitted.intercept_[0])
        if weights.min() > 0:
            break
        dropped |= {
            one.attribute.name: "adds nothing to the others"
            for one, weight in zip(binnings, weights, strict=True)
            if weight <= 0
        }
        binnings = [one for one, weight in zip(binnings, weights, strict=True) if weight > 0]
    if not binnings:
        share = outcome.mean()
        intercept = math.log(share / (1 - share))
    parts = {
        one.attribute.name: Valued(one.attribute, weight * one.woe)
        for one, weight in zip(binnings, weights, strict=False)
    }
    if rules is not None:
        parts, intercept = _blend(parts, intercept, design, outcome, options, rules)
    return LogOdds(intercept, tuple(parts.values()), dropped)


def _blend(
    parts: dict[str, Valued],
    intercept: float,
    design: Design,
    outcome: Bools,
    options: FitOptions,
    rules: Scorecard,
) -> tuple[dict[str, Valued], float]:
    score = score_prospects(design.columns, rules, strict=False).score
    base, slope = sigmoid_fit(outcome, score)
    if slope <= 0:  # the rules do not separate these leads, or rank them in reverse
        return parts, intercept
    rarer = int(min(outcome.sum(), (~outcome).sum()))
    ours = rarer / (rarer + options.least)
    theirs = {
        one.name: Valued(
            evolve(one, neutral=0.0, typical=None),
            (1 - ours) * slope * np.array([*(b.points for b in one.bins), one.neutral]),
        )
        for one in rules.attributes
        if one.bins and design.kinds.get(one.name, one.kind) == one.kind
    }
    rest = sum(one.neutral for one in rules.attributes if one.name not in theirs)
    mixed = {name: Valued(one.attribute, ours * one.values) for name, one in parts.items()}
    for name, one in theirs.items():
        mixed[name] = combine(mixed[name], one) if name in mixed else one
    for name, one in mixed.items():
        if one.attribute.kind == "number" and name in design.columns:
            counts = count(one.attribute, design.columns[name], outcome)
            mixed[name] = monotone(one, counts, options.trends.get(name, "auto"))
    return mixed, ours * intercept + (1 - ours) * (base + slope * rest)
