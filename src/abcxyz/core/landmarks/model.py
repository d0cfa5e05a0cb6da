"""Landmark model: a binned scorecard fitted to examples of past days, calibrated and judged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Floats, Ints
from abcxyz.core.prospects.attributes import Attribute
from abcxyz.core.prospects.binning import bin_attribute, weight_of_evidence
from abcxyz.core.prospects.lead_table import place_values
from abcxyz.core.prospects.logit import (
    calibrate,
    drift_share,
    ridge_logit,
    shift_to_share,
    sigmoid,
)
from abcxyz.core.prospects.metrics import ReliabilityBin, brier_score, reliability, roc_auc

__all__ = [
    "LEAST_EVENTS",
    "LEAST_ROWS",
    "LEAST_SHARE",
    "Binned",
    "Card",
    "Examples",
    "Judged",
    "Levels",
    "Part",
    "age_weights",
    "calibrated",
    "levels_of",
]

LEAST_ROWS = 200
"""Examples below which nothing is learned."""

LEAST_EVENTS = 40
"""Examples of the rarer outcome below which nothing is learned."""

LEAST_SHARE = 0.02
"""Share of the examples that a bin holds at least, where nothing else is chosen."""

_SMOOTHING = 20.0
_PENALTY = 2.0
_LEAST_INFORMATION = 1e-3
_SLOPE_PENALTY = 4.0
_LEVEL_EVENTS = 20
_HALF_LIFE = 365.0


@frozen(kw_only=True, eq=False)
class Examples:
    """n examples: features at a landmark, and the outcome within the horizon after it.

    Parameters
    ----------
    columns
        Feature -> (n,) numbers or categories; NaN or an empty text where unknown.
    outcome
        (n,) booleans.
    unit
        (n,) whose example it is: a customer, or a deal.
    day
        (n,) landmark, counted from 1970-01-01.
    focus
        (n,) whether the example belongs to those about whom decisions are made (class A).
    weight
        (n,) positive weights in the fit of a card; None for 1.
    """

    columns: Mapping[str, Any]
    outcome: Bools
    unit: Ints
    day: Ints
    focus: Bools
    weight: Floats | None = None

    def __len__(self) -> int:
        return len(self.outcome)

    def take(self, rows: Ints | Bools) -> Examples:
        """Select examples."""
        return Examples(
            columns={name: one[rows] for name, one in self.columns.items()},
            outcome=self.outcome[rows],
            unit=self.unit[rows],
            day=self.day[rows],
            focus=self.focus[rows],
            weight=None if self.weight is None else self.weight[rows],
        )

    @property
    def enough(self) -> bool:
        """Whether there are enough examples of both outcomes to learn from."""
        events = int(self.outcome.sum())
        return len(self) >= LEAST_ROWS and min(events, len(self) - events) >= LEAST_EVENTS


@frozen(eq=False)
class Part:
    """One feature of a fitted card: its bins, and the log-odds that each adds.

    Parameters
    ----------
    attribute
        The feature and its bins.
    values
        (bins + 1,) log-odds; the last is for unknown values.
    mean
        Log-odds that the average example gets, with which a reason is compared.
    slope
        Coefficient of the weights of evidence.
    """

    attribute: Attribute
    values: Floats
    mean: float
    slope: float

    def of(self, column: Any) -> Floats:
        """Return (n,) log-odds of a column of values."""
        places, _, _ = place_values(column, self.attribute, strict=False)
        added: Floats = self.values[places]
        return added


@frozen(eq=False)
class Binned:
    """Features of n examples as bins, which every fit to a part of the examples shares.

    Parameters
    ----------
    attributes
        The features and their bins.
    places
        (features, n) bin of each example; the last bin of a feature is for unknown values.
    """

    attributes: tuple[Attribute, ...]
    places: tuple[Ints, ...]

    @classmethod
    def of(
        cls,
        examples: Examples,
        trends: Mapping[str, str],
        most: int | None = None,
        least_share: float = LEAST_SHARE,
    ) -> Binned:
        """Bin the features by their weights of evidence.

        Parameters
        ----------
        examples
            Examples of both outcomes.
        trends
            Feature -> ``up``, ``down``, ``auto`` or ``none`` (any shape); a feature whose values
            are not numbers is a category.
        most
            Number of features, those of the largest information value; None for all that hold
            any.
        least_share
            Share of the examples that a bin holds at least; half of it for categories.
        """
        found: list[tuple[float, Attribute, Ints]] = []
        for name, column in examples.columns.items():
            number = getattr(column, "dtype", None) == np.float64
            one = bin_attribute(
                name,
                column,
                examples.outcome,
                kind="number" if number else "category",
                trend=trends.get(name, "auto"),
                min_share=least_share,
                smoothing=_SMOOTHING,
            )
            if one.information > _LEAST_INFORMATION:
                found.append((one.information, one.attribute, one.places))
        if most is not None and len(found) > most:
            least = sorted((one[0] for one in found), reverse=True)[most - 1]
            found = [one for one in found if one[0] >= least][:most]
        return cls(tuple(one[1] for one in found), tuple(one[2] for one in found))

    def fit(
        self,
        outcome: Bools,
        rows: Ints | slice = slice(None),
        weights: Floats | None = None,
        near: Card | None = None,
    ) -> Card:
        """Fit a ridge logistic regression on the weights of evidence of the bins.

        Parameters
        ----------
        outcome
            (n,) booleans.
        rows
            Examples to fit to.
        weights
            (n,) positive weights of the examples; None for 1.
        near
            A fit to all examples, whose features alone are taken and whose coefficients the
            search begins with; None to choose the features.

        Notes
        -----
        A feature whose coefficient is negative would contradict its bins; it is left out, and
        the rest is fitted again.
        """
        truth = outcome[rows]
        weight = None if weights is None else weights[rows]
        share = (truth.sum() + 0.5) / (len(truth) + 1)
        intercept, slopes = math.log(share / (1 - share)), np.zeros(0)
        if truth.all() or not truth.any():
            return Card(intercept, ())
        chosen = []
        for attribute, place in zip(self.attributes, self.places, strict=True):
            size = len(attribute.bins) + 1
            pair = np.bincount(2 * place[rows] + truth, minlength=2 * size).reshape(size, 2)
            chosen.append((attribute, weight_of_evidence(pair, _SMOOTHING), place[rows]))
        start: Floats | None = None
        if near is not None:
            names = {part.attribute.name: part.slope for part in near.parts}
            chosen = [one for one in chosen if one[0].name in names]
            start = np.array([near.intercept, *(names[one[0].name] for one in chosen)])
        while chosen:
            evidence = np.stack([woe[place] for _, woe, place in chosen]).T
            intercept, slopes = ridge_logit(
                evidence, truth, penalty=_PENALTY, weights=weight, start=start
            )
            if slopes.min() > 0:
                break
            chosen = [one for one, slope in zip(chosen, slopes, strict=True) if slope > 0]
            start = np.concatenate(([intercept], slopes[slopes > 0]))
        return Card(
            intercept,
            tuple(
                Part(attribute, slope * woe, float(slope * woe[place].mean()), float(slope))
                for (attribute, woe, place), slope in zip(chosen, slopes, strict=False)
            ),
        )

    def log_odds(self, card: Card, rows: Ints) -> Floats:
        """Return the log-odds of some of the examples by a card of these bins."""
        place = {one.name: bins for one, bins in zip(self.attributes, self.places, strict=True)}
        total = np.full(len(rows), card.intercept)
        for part in card.parts:
            total += part.values[place[part.attribute.name][rows]]
        return total


@frozen(eq=False)
class Card:
    """Additive log-odds: an intercept, and what the bins of each feature add."""

    intercept: float
    parts: tuple[Part, ...]

    def log_odds(self, columns: Mapping[str, Any], n: int) -> Floats:
        """Return the (n,) log-odds of examples."""
        total = np.full(n, self.intercept)
        for part in self.parts:
            total += part.of(columns[part.attribute.name])
        return total


@frozen(kw_only=True)
class Judged:
    """Quality of probabilities on held-back examples.

    Parameters
    ----------
    auc, auc_low, auc_high
        Area under the ROC curve, and its 95 % interval; NaN if all outcomes are the same.
    brier
        Mean squared error of the probabilities.
    brier_base
        That of the share of the outcome among the earlier examples, for everyone.
    slope, intercept
        Calibration: of the outcome's log-odds over the predicted ones; 1 and 0 are right.
    rows
        Number of held-back examples.
    log_loss
        Mean negative log-likelihood.
    deciles
        Predicted and observed share, over groups of similar probability.
    """

    auc: float
    auc_low: float
    auc_high: float
    brier: float
    brier_base: float
    slope: float
    rows: int
    intercept: float = math.nan
    log_loss: float = math.nan
    deciles: tuple[ReliabilityBin, ...] = ()

    @classmethod
    def of(cls, outcome: Bools, probability: Floats, base: float) -> Judged:
        """Judge probabilities against outcomes; *base* is the share known before."""
        auc = low = high = slope = intercept = math.nan
        near = np.clip(probability, 1e-4, 1 - 1e-4)
        if outcome.any() and not outcome.all():
            area = roc_auc(outcome, probability)
            auc, low, high = area.value, area.low, area.high
            intercept, slope = calibrate(outcome, np.log(near / (1 - near)), slope_penalty=1e-6)
        return cls(
            auc=auc,
            auc_low=low,
            auc_high=high,
            brier=brier_score(outcome, probability),
            brier_base=brier_score(outcome, np.full(len(outcome), base)),
            slope=slope,
            rows=len(outcome),
            intercept=intercept,
            log_loss=-float(np.log(np.where(outcome, near, 1 - near)).mean()),
            deciles=reliability(outcome, probability),
        )


Levels = tuple[tuple[float, float], tuple[float, float]]
"""Intercept and slope of a calibration: of the examples in focus, and of the others."""


def calibrated(raw: Floats, focus: Bools, levels: Levels) -> Floats:
    """Return the (n,) probabilities of log-odds."""
    (base, slope), (other_base, other_slope) = levels
    return sigmoid(np.where(focus, base + slope * raw, other_base + other_slope * raw))


def levels_of(examples: Examples, raw: Floats, recent: int = 0, shrunk: bool = False) -> Levels:
    """Calibrate log-odds on examples, those in focus apart from the others.

    Parameters
    ----------
    examples
        Examples with their outcomes.
    raw
        (n,) log-odds.
    recent
        Days before the last landmark whose examples count as its own.
    shrunk
        Whether the intercepts are moved less, the more chance alone may have moved the share.

    Notes
    -----
    The slopes are those over all landmarks, which hold more outcomes. The intercepts are moved
    so that the mean probability at the last landmark is the share observed there, as far as its
    outcomes allow: as many as 20 count half of what the others say. The share of a month moves
    even where nothing changes: *shrunk* moves them by the part of it that is drift, as the spans
    of *recent* days differ from each other by more than chance.
    """
    weights = age_weights(examples.day)
    base, slope = calibrate(examples.outcome, raw, slope_penalty=_SLOPE_PENALTY, weights=weights)
    last = examples.day >= examples.day.max() - recent
    levels = []
    for rows in (examples.focus, ~examples.focus):
        own_base, own_slope = 0.0, 1.0
        if rows.any():
            own_base, own_slope = calibrate(
                examples.outcome[rows],
                base + slope * raw[rows],
                slope_penalty=_SLOPE_PENALTY,
                weights=weights[rows],
            )
        own_base, own_slope = own_base + own_slope * base, own_slope * slope
        final = rows & last
        if final.any():
            events = int(examples.outcome[final].sum())
            rarer = min(events, int(final.sum()) - events)
            share = (events + 0.5) / (int(final.sum()) + 1)
            odds = own_base + own_slope * raw[final]
            shift = shift_to_share(odds, share)
            if shrunk:
                span = (examples.day.max() - examples.day[rows]) // (recent + 1)
                lack = examples.outcome[rows] - sigmoid(own_base + own_slope * raw[rows])
                shift *= drift_share(span, lack, examples.unit[rows])
            own_base += shift * rarer / (rarer + _LEVEL_EVENTS)
        levels.append((own_base, own_slope))
    return levels[0], levels[1]


def age_weights(day: Ints) -> Floats:
    """Weigh examples by age: one that is a year older counts half."""
    weights: Floats = 0.5 ** ((day.max() - day) / _HALF_LIFE)
    return weights
