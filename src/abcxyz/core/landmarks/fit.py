"""Choice among a learned card and simple curves, by examples of a later time."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Floats, Ints
from abcxyz.core.landmarks.model import (
    LEAST_EVENTS,
    Binned,
    Card,
    Examples,
    Gain,
    Judged,
    Levels,
    age_weights,
    brier_gain,
    calibrated,
    levels_of,
)
from abcxyz.core.prospects.logit import ridge_logit
from abcxyz.core.prospects.metrics import auc_difference, brier_score

__all__ = ["LEARNED", "Curve", "Evidence", "LandmarkFit", "fit_landmarks"]

LEARNED = "learned"
_FOLDS = 4
_GROUPS = 10
_LEAST_LANDMARKS = 3  # whose outcome was known on the held-back day


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
        examples: Examples,
        rows: Ints | slice = slice(None),
        weights: Floats | None = None,
    ) -> Curve:
        """Fit the line to examples."""
        values = examples.columns[feature][rows]
        known = values[~np.isnan(values)]
        middle = float(np.median(known)) if len(known) else 1.0
        curve = cls(feature, logarithm, middle, 0.0, 1.0)
        intercept, (slope,) = ridge_logit(
            curve.scale(values)[:, None],
            examples.outcome[rows],
            penalty=1e-3,
            weights=None if weights is None else weights[rows],
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
class Evidence:
    """Held-back examples by their probability: how many, and how many had the outcome.

    Parameters
    ----------
    edges
        (k - 1,) probabilities between k groups of similar size.
    rows, events
        (k,) number of examples, and of those with the outcome.
    """

    edges: Floats
    rows: Ints
    events: Ints

    @classmethod
    def of(cls, outcome: Bools, probability: Floats) -> Evidence:
        """Group examples by probability."""
        cuts = np.linspace(0, 1, _GROUPS + 1)[1:-1]
        edges = np.unique(np.quantile(probability, cuts, method="lower"))
        place = np.searchsorted(edges, probability, side="left")
        size = len(edges) + 1
        pair = np.bincount(2 * place + outcome, minlength=2 * size).reshape(size, 2)
        return cls(edges, pair.sum(axis=1), pair[:, 1])

    def of_like(self, probability: float) -> tuple[int, int]:
        """Return the number of examples with a like probability, and of those with the outcome."""
        place = int(np.searchsorted(self.edges, probability, side="left"))
        return int(self.rows[place]), int(self.events[place])


@frozen(kw_only=True, eq=False)
class LandmarkFit:
    """What the past gives: a calibrated model, its quality, and why it was chosen.

    Parameters
    ----------
    basis
        ``learned``, the feature of the simple curve, or an empty string where there are too few
        examples.
    model
        A card or a curve; None where there are too few examples.
    levels
        The calibration.
    judged
        Quality on the held-back examples; None without any.
    gain
        How much the Brier score of the card is below that of the best simple curve, with its
        interval; None if they were not compared.
    ranking
        The same of the AUC.
    rows, events
        Number of examples, and of those with the outcome.
    later
        Whether the held-back examples are of a later time than all others; otherwise they are of
        other customers.
    evidence
        The held-back examples by their probability.
    """

    basis: str
    model: Card | Curve | None
    levels: Levels = ((0.0, 1.0), (0.0, 1.0))
    judged: Judged | None = None
    gain: Gain | None = None
    ranking: Gain | None = None
    rows: int = 0
    events: int = 0
    later: bool = False
    evidence: Evidence | None = None

    def probability(self, columns: Mapping[str, Any], focus: Bools) -> Floats:
        """Return the (n,) calibrated probabilities; NaN without a model."""
        if self.model is None:
            return np.full(len(focus), math.nan)
        return calibrated(self.model.log_odds(columns, len(focus)), focus, self.levels)


def fit_landmarks(
    examples: Examples, trends: Mapping[str, str], simple: Mapping[str, bool], horizon: int
) -> LandmarkFit:
    """Fit a card and simple curves to examples, and choose by held-back examples.

    Parameters
    ----------
    examples
        Examples of all landmarks whose outcome is known.
    trends
        Feature -> direction, see `Binned.of`.
    simple
        Feature of a simple curve -> whether it is drawn over the logarithm.
    horizon
        Days after a landmark that the outcome covers.

    Returns
    -------
    LandmarkFit

    Notes
    -----
    1. The examples of the last landmark are held back. A card and the curves are fitted to those
       whose outcome was known on that day, and calibrated on the last landmark among these.
    2. If these are too few, the last landmark of a quarter of the units is held back from fits
       to the other three quarters, at all landmarks.
    3. The curve with the lower Brier score on the held-back examples stands for simplicity. The
       card is chosen if its Brier score or its AUC is better with the whole 95 % interval of the
       difference, and the other of the two is not worse in the same sense; otherwise the curve.
    4. The chosen one is fitted to all examples and calibrated on the last landmark, on
       predictions made without the unit itself.

    The examples in focus are compared if there are enough of either outcome among them, and else
    all.
    """
    events = int(examples.outcome.sum())
    if not examples.enough:
        return LandmarkFit(basis="", model=None, rows=len(examples), events=events)
    last = int(examples.day.max())
    final = examples.take(examples.day == last)
    earlier = examples.take(examples.day + horizon <= last)
    learner = _Learner(examples, trends, simple)
    later = earlier.enough and len(np.unique(earlier.day)) >= _LEAST_LANDMARKS
    if later:
        before = _Learner(earlier, trends, simple)
        test, outside = final, {name: before.calibrated(name, final) for name in before.names}
    else:
        test, outside = examples, {name: learner.left_out(name) for name in learner.names}
    scope = test.focus if _both(test.outcome[test.focus]) else np.ones(len(test), dtype=bool)
    truth = test.outcome[scope]
    inside = {name: one[scope] for name, one in outside.items()}
    chosen = min(simple, key=lambda name: brier_score(truth, inside[name]))
    gain = brier_gain(truth, inside[LEARNED], inside[chosen], test.unit[scope])
    ranking = None
    if truth.any() and not truth.all():
        ranking = _ranking_gain(truth, inside[LEARNED], inside[chosen], test.unit[scope])
        if max(gain.low, ranking.low) > 0 and min(gain.high, ranking.high) > 0:
            chosen = LEARNED
    model, levels = learner.fit(chosen)
    past = earlier if later else examples
    known = past.outcome[past.focus] if scope is test.focus else past.outcome
    return LandmarkFit(
        basis=chosen,
        model=model,
        levels=levels,
        judged=Judged.of(truth, inside[chosen], float(known.mean())),
        gain=gain,
        ranking=ranking,
        rows=len(examples),
        events=events,
        later=later,
        evidence=Evidence.of(truth, inside[chosen]),
    )


def _ranking_gain(truth: Bools, ours: Floats, other: Floats, unit: Ints) -> Gain:
    """Return by how much one AUC exceeds another; examples of one unit count as one for it."""
    gain = auc_difference(truth, ours, other)
    widened = math.sqrt(len(unit) / len(np.unique(unit)))
    return Gain(
        value=gain.value,
        low=gain.value - widened * (gain.value - gain.low),
        high=gain.value + widened * (gain.high - gain.value),
    )


def _both(outcome: Bools) -> bool:
    """Whether there are enough of either outcome for a comparison."""
    events = int(outcome.sum())
    return min(events, len(outcome) - events) >= LEAST_EVENTS // 2


class _Learner:
    """Fits of a card and of simple curves to the same examples."""

    def __init__(
        self, examples: Examples, trends: Mapping[str, str], simple: Mapping[str, bool]
    ) -> None:
        self.names = (LEARNED, *simple)
        self._examples, self._simple = examples, simple
        self._weights = age_weights(examples.day)
        self._binned = Binned.of(examples, trends)
        self._raw: dict[str, Floats] = {}

    @functools.cached_property
    def _card(self) -> Card:
        return self._binned.fit(self._examples.outcome, weights=self._weights)

    def _model(self, name: str, rows: Ints | None = None) -> Card | Curve:
        """Fit to some examples; None for all."""
        if name != LEARNED:
            part = slice(None) if rows is None else rows
            return Curve.fit(name, self._simple[name], self._examples, part, self._weights)
        if rows is None:
            return self._card
        return self._binned.fit(self._examples.outcome, rows, self._weights, self._card)

    def _left_out(self, name: str) -> Floats:
        """Return log-odds of all examples, by models fitted without the example's unit."""
        if name not in self._raw:
            fold, raw = self._examples.unit % _FOLDS, np.zeros(len(self._examples))
            for k in range(_FOLDS):
                rows = np.flatnonzero(fold == k)
                model = self._model(name, np.flatnonzero(fold != k))
                if isinstance(model, Card):
                    raw[rows] = self._binned.log_odds(model, rows)
                else:
                    column = {name: self._examples.columns[name][rows]}
                    raw[rows] = model.log_odds(column, len(rows))
            self._raw[name] = raw
        return self._raw[name]

    def _levels(self, name: str) -> Levels:
        return levels_of(self._examples, self._left_out(name))

    def fit(self, name: str) -> tuple[Card | Curve, Levels]:
        """Fit to all examples, and calibrate on the last landmark."""
        return self._model(name), self._levels(name)

    def calibrated(self, name: str, examples: Examples) -> Floats:
        """Return the probabilities of later examples."""
        model, levels = self.fit(name)
        return calibrated(model.log_odds(examples.columns, len(examples)), examples.focus, levels)

    def left_out(self, name: str) -> Floats:
        """Return probabilities of all examples, from models fitted without the example's unit."""
        return calibrated(self._left_out(name), self._examples.focus, self._levels(name))
