"""Simple models of one feature, with which a learned card has to compete."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import Bools, Floats, frozen_map
from abcxyz.core.prospects.logit import ridge_logit

__all__ = ["Curve", "Rates", "Simple", "fit_simple"]

_PSEUDO = 20.0


@frozen(eq=False)
class Curve:
    """Log-odds as a straight line over one feature.

    Parameters
    ----------
    feature
        Name of the feature.
    logarithm
        Whether the line is over the logarithm of the feature, which is not negative.
    middle
        Value that stands for an unknown one.
    intercept, slope
        Of the line.
    """

    feature: str
    logarithm: bool
    middle: float
    intercept: float
    slope: float

    @classmethod
    def fit(
        cls,
        feature: str,
        logarithm: bool,
        values: Floats,
        outcome: Bools,
        weights: Floats | None = None,
        near: Curve | None = None,
    ) -> Curve:
        """Fit the line to (n,) values with their outcomes; the search begins with *near*."""
        known = values[~np.isnan(values)]
        middle = float(np.median(known)) if len(known) else 1.0
        curve = cls(feature, logarithm, middle, 0.0, 1.0)
        intercept, (slope,) = ridge_logit(
            curve.scale(values)[:, None],
            outcome,
            penalty=1e-3,
            weights=weights,
            start=None if near is None else np.array([near.intercept, near.slope]),
        )
        return cls(feature, logarithm, middle, intercept, float(slope))

    def scale(self, values: Floats) -> Floats:
        """Return the values over which the line is drawn."""
        known: Floats = np.where(np.isnan(values), self.middle, values)
        return np.log1p(np.maximum(known, 0)) if self.logarithm else known

    def log_odds(self, columns: Mapping[str, Any], n: int) -> Floats:
        """Return the (n,) log-odds of examples."""
        del n
        return self.intercept + self.slope * self.scale(columns[self.feature])


@frozen(eq=False)
class Rates:
    """Log-odds of the share of the outcome in each category of one feature.

    Parameters
    ----------
    feature
        Name of the feature.
    odds
        Category -> log-odds.
    base
        Log-odds of a category without examples: those of the share of all.
    """

    feature: str
    odds: Mapping[str, float] = field(converter=frozen_map)
    base: float

    @classmethod
    def fit(
        cls,
        feature: str,
        values: Any,
        outcome: Bools,
        weights: Floats | None = None,
    ) -> Rates:
        """Count the shares of (n,) categories, each with 20 average examples added."""
        truth = outcome.astype(np.float64)
        weight = np.ones(len(truth)) if weights is None else weights
        names, place = np.unique(values.astype(str), return_inverse=True)
        share = (weight @ truth + 0.5) / (weight.sum() + 1)
        events = np.bincount(place, weight * truth, len(names)) + _PSEUDO * share
        others = np.bincount(place, weight * (1 - truth), len(names)) + _PSEUDO * (1 - share)
        odds = dict(zip(names.tolist(), np.log(events / others).tolist(), strict=True))
        return cls(feature, odds, math.log(share / (1 - share)))

    def log_odds(self, columns: Mapping[str, Any], n: int) -> Floats:
        """Return the (n,) log-odds of examples."""
        names = [str(one) for one in columns[self.feature].tolist()]
        return np.fromiter((self.odds.get(one, self.base) for one in names), np.float64, n)


Simple = Curve | Rates
"""A model of one feature."""


def fit_simple(
    feature: str,
    kind: str,
    values: Any,
    outcome: Bools,
    weights: Floats | None = None,
    near: Simple | None = None,
) -> Simple:
    """Fit a simple model.

    Parameters
    ----------
    feature
        Name of the feature.
    kind
        ``line``, ``logarithm`` (a line over the logarithm) or ``rates`` (a share per category).
    values, outcome, weights
        (n,) values of the feature, outcomes, and weights; None for 1.
    near
        A fit to more examples, with which the search begins; None for a constant.
    """
    if kind == "rates":
        return Rates.fit(feature, values, outcome, weights)
    line = near if isinstance(near, Curve) else None
    return Curve.fit(feature, kind == "logarithm", values, outcome, weights, line)
