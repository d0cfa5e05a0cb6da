"""Choice among a learned card and simple models, by examples of a later time."""

from __future__ import annotations

import functools
import math
from bisect import bisect_left
from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import Bools, Floats, Ints, frozen_map
from abcxyz.core.landmarks.model import (
    LEAST_EVENTS,
    LEAST_SHARE,
    Binned,
    Card,
    Examples,
    Judged,
    Levels,
    age_weights,
    calibrated,
    levels_of,
)
from abcxyz.core.prospects.metrics import Gain, auc_difference, brier_gain
from abcxyz.core.prospects.simple import Simple, fit_simple

__all__ = ["LEARNED", "Evidence", "LandmarkFit", "Trial", "fit_landmarks"]

LEARNED = "learned"
_FOLDS = 4
_GROUPS = 10
_LEAST_LANDMARKS = 3  # whose outcome was known on the held-back day


@frozen(kw_only=True)
class Trial:
    """How a card has to prove itself against the simple models.

    Parameters
    ----------
    held_from
        Landmark from which examples are held back; None for the last one.
    apart
        Whether held-back examples of units that have earlier ones too are left out.
    by_brier
        Whether the Brier score has to be better with its whole interval; otherwise it may be the
        AUC instead, where the Brier score is not worse and the held-back examples are of a later
        time and in focus.
    slope
        Limits of the calibration slope of the card on the held-back examples; None for none.
    most
        Number of features of the card at most; None for all.
    recent
        Days before the last landmark whose examples set the level of the probabilities with it.
    shrunk
        Whether these set the level only as far as chance does not explain it, see `levels_of`.
    least_share
        Share of the examples that a bin holds at least; half of it for categories.
    """

    held_from: int | None = None
    apart: bool = False
    by_brier: bool = False
    slope: tuple[float, float] | None = None
    most: int | None = None
    recent: int = 0
    shrunk: bool = False
    least_share: float = LEAST_SHARE


_USUAL = Trial()


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
        place = bisect_left(self.edges, probability)
        return int(self.rows[place]), int(self.events[place])


@frozen(kw_only=True, eq=False)
class LandmarkFit:
    """What the past gives: a calibrated model, its quality, and why it was chosen.

    Parameters
    ----------
    basis
        ``learned``, the feature of the simple model, or an empty string where there are too few
        examples.
    model
        A card or a simple model; None where there are too few examples.
    levels
        The calibration.
    judged
        Quality on the held-back examples; None without any.
    gain
        How much the Brier score of the card is below that of the best simple model, with its
        interval; None if they were not compared.
    ranking
        The same of the AUC.
    rows, events, units
        Number of examples, of those with the outcome, and of the customers or deals they are of.
    later
        Whether the held-back examples are of a later time than all others; otherwise they are of
        other customers.
    evidence
        The held-back examples by their probability.
    tried
        ``learned`` or the feature of a simple model -> its quality on the held-back examples.
    """

    basis: str
    model: Card | Simple | None
    levels: Levels = ((0.0, 1.0), (0.0, 1.0))
    judged: Judged | None = None
    gain: Gain | None = None
    ranking: Gain | None = None
    rows: int = 0
    events: int = 0
    units: int = 0
    later: bool = False
    evidence: Evidence | None = None
    tried: Mapping[str, Judged] = field(factory=dict, converter=frozen_map)

    def probability(self, columns: Mapping[str, Any], focus: Bools) -> Floats:
        """Return the (n,) calibrated probabilities; NaN without a model."""
        if self.model is None:
            return np.full(len(focus), math.nan)
        return calibrated(self.model.log_odds(columns, len(focus)), focus, self.levels)

    def of_like(self, probability: float) -> tuple[int, int]:
        """Return the number of held-back examples with a like probability, and of outcomes."""
        return (0, 0) if self.evidence is None else self.evidence.of_like(probability)


def fit_landmarks(
    examples: Examples,
    trends: Mapping[str, str],
    simple: Mapping[str, str],
    horizon: int,
    trial: Trial = _USUAL,
) -> LandmarkFit:
    """Fit a card and simple models to examples, and choose by held-back examples.

    Parameters
    ----------
    examples
        Examples of all landmarks whose outcome is known.
    trends
        Feature -> direction, see `Binned.of`.
    simple
        Feature of a simple model -> its kind, see `fit_simple`; the first one stands unless
        another is proven.
    horizon
        Days after a landmark that the outcome covers.
    trial
        How the card has to prove itself.

    Returns
    -------
    LandmarkFit

    Notes
    -----
    1. The examples of the last landmarks are held back. A card and the simple models are fitted
       to those whose outcome was known on the first of these days, and calibrated on the last
       landmark among these.
    2. If these are too few, the last landmark of a quarter of the units is held back from fits
       to the other three quarters, at all landmarks.
    3. The first simple model stands, unless another one is better in Brier score and AUC on
       examples of a later time with enough of either outcome, or proves itself better as the card
       has to, against the one that stands: its Brier score or its AUC is better with the whole
       95 % interval of the difference, and the other of the two is not worse in the same sense.
       Where the held-back examples are of no later time or not in focus, the Brier
       score of the card has to be better. *trial* may ask for more.
    4. The chosen one is fitted to all examples and calibrated on the last landmark, on
       predictions made without the unit itself.

    The examples in focus are compared if there are enough of either outcome among them, and else
    all.
    """
    events = int(examples.outcome.sum())
    if not examples.enough:
        return LandmarkFit(basis="", model=None, rows=len(examples), events=events)
    held_from = int(examples.day.max()) if trial.held_from is None else trial.held_from
    earlier = examples.take(examples.day + horizon <= held_from)
    held = examples.day >= held_from
    if trial.apart:
        held &= ~np.isin(examples.unit, earlier.unit)
    final = examples.take(held)
    learner = _Learner(examples, trends, simple, trial)
    later = earlier.enough and len(np.unique(earlier.day)) >= _LEAST_LANDMARKS and len(final) > 0
    if later:
        before = _Learner(earlier, trends, simple, trial)
        test, outside = final, {name: before.calibrated(name, final) for name in before.names}
    else:
        test, outside = examples, {name: learner.left_out(name) for name in learner.names}
    scope = test.focus if _both(test.outcome[test.focus]) else np.ones(len(test), dtype=bool)
    truth = test.outcome[scope]
    inside = {name: one[scope] for name, one in outside.items()}
    past = earlier if later else examples
    known = past.outcome[past.focus] if scope is test.focus and past.focus.any() else past.outcome
    tried = {name: Judged.of(truth, one, float(known.mean())) for name, one in inside.items()}
    # A card may fit other customers, or those it knows, better than a curve and these worse.
    card_by_brier = trial.by_brier or not later or scope is not test.focus
    chosen, *others = simple
    gain, ranking = None, None
    for name in (*others, LEARNED):
        gain = brier_gain(truth, inside[name], inside[chosen], test.unit[scope])
        if truth.all() or not truth.any():
            continue
        ranking = _ranking_gain(truth, inside[name], inside[chosen], test.unit[scope])
        if name == LEARNED:
            proven = _is_proven(gain, ranking, by_brier=card_by_brier)
            proven &= _is_within(tried[name].slope, trial.slope)
        else:
            proven = _is_proven(gain, ranking, by_brier=False)
            proven |= later and _both(truth) and min(gain.value, ranking.value) > 0
        if proven:
            chosen = name
    model, levels = learner.fit(chosen)
    return LandmarkFit(
        basis=chosen,
        model=model,
        levels=levels,
        judged=tried[chosen],
        gain=gain,
        ranking=ranking,
        rows=len(examples),
        events=events,
        units=len(np.unique(examples.unit)),
        later=later,
        evidence=Evidence.of(truth, inside[chosen]),
        tried=tried,
    )


def _is_proven(gain: Gain, ranking: Gain, *, by_brier: bool) -> bool:
    better = gain.low if by_brier else max(gain.low, ranking.low)
    return better > 0 and min(gain.high, ranking.high) > 0


def _is_within(slope: float, limits: tuple[float, float] | None) -> bool:
    return limits is None or limits[0] <= slope <= limits[1]


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
    """Fits of a card and of simple models to the same examples."""

    def __init__(
        self,
        examples: Examples,
        trends: Mapping[str, str],
        simple: Mapping[str, str],
        trial: Trial,
    ) -> None:
        self.names = (LEARNED, *simple)
        self._trial = trial
        self._examples, self._simple = examples, simple
        self._weights = age_weights(examples.day)
        self._of_card = self._weights
        if examples.weight is not None:
            self._of_card = self._weights * examples.weight
        self._trends = trends
        self._raw: dict[str, Floats] = {}
        self._whole: dict[str, Simple] = {}

    @functools.cached_property
    def _binned(self) -> Binned:
        return Binned.of(self._examples, self._trends, self._trial.most, self._trial.least_share)

    @functools.cached_property
    def _card(self) -> Card:
        return self._binned.fit(self._examples.outcome, weights=self._of_card)

    def _model(self, name: str, rows: Ints | None = None) -> Card | Simple:
        """Fit to some examples; None for all."""
        if name == LEARNED:
            if rows is None:
                return self._card
            return self._binned.fit(self._examples.outcome, rows, self._of_card, self._card)
        if name not in self._whole:
            self._whole[name] = self._fit_simple(name, slice(None))
        whole = self._whole[name]
        return whole if rows is None else self._fit_simple(name, rows, whole)

    def _fit_simple(self, name: str, rows: Ints | slice, near: Simple | None = None) -> Simple:
        values, outcome = self._examples.columns[name][rows], self._examples.outcome[rows]
        return fit_simple(name, self._simple[name], values, outcome, self._weights[rows], near)

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
        trial = self._trial
        return levels_of(self._examples, self._left_out(name), trial.recent, trial.shrunk)

    def fit(self, name: str) -> tuple[Card | Simple, Levels]:
        """Fit to all examples, and calibrate on the last landmark."""
        return self._model(name), self._levels(name)

    def calibrated(self, name: str, examples: Examples) -> Floats:
        """Return the probabilities of later examples."""
        model, levels = self.fit(name)
        return calibrated(model.log_odds(examples.columns, len(examples)), examples.focus, levels)

    def left_out(self, name: str) -> Floats:
        """Return probabilities of all examples, from models fitted without the example's unit."""
        return calibrated(self._left_out(name), self._examples.focus, self._levels(name))
