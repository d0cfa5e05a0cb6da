"""Fitting the win probability to the past of a CRM, and judging it by later time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from attrs import evolve, frozen

from abcxyz._arrays import as_day, frozen_map
from abcxyz.core.landmarks.fit import LEARNED, LandmarkFit, Trial, fit_landmarks
from abcxyz.core.landmarks.model import Card, Examples
from abcxyz.core.prospects.logit import sigmoid
from abcxyz.core.prospects.simple import Rates
from abcxyz.crm.deals.examples import Landmarks, decided_deals, examples_of, horizon_of
from abcxyz.crm.deals.features import DealFeatures
from abcxyz.crm.deals.fields import KnownField, known_fields
from abcxyz.crm.deals.leaks import refuse_leaks
from abcxyz.crm.deals.win_model import (
    LEAST_DECIDED,
    LEAST_OF_EITHER,
    SHARES,
    SLOPE,
    WinModel,
    places_of,
    points_card,
)
from abcxyz.crm.records.data import CrmData, as_local
from abcxyz.errors import InputError

__all__ = ["WinQuestion", "fit_win_model", "fitted", "question_of"]

_TRAIN = 0.6
_MOST = 10
_RECENT = 28
_LEAST_SHARE = 0.05  # of a bin; with less, hours and counts fitted the chance of a few weeks
_STAGE = "stage"
_TRENDS = {"hour": "none"}


@frozen(kw_only=True)
class WinQuestion:
    """Records as of a day, with what is asked of them.

    Parameters
    ----------
    features
        Features of the deals.
    day
        The day.
    landmarks
        When deals become examples.
    horizon
        Days within which a deal is to be won.
    names
        Fields that were named.
    allow
        Fields that are used though they look like the outcome.
    chosen
        Features to use; None for all.
    """

    features: DealFeatures
    day: date
    landmarks: Landmarks
    horizon: float
    names: tuple[str, ...]
    allow: tuple[str, ...]
    chosen: tuple[str, ...] | None


def question_of(
    crm: CrmData,
    as_of: object = None,
    *,
    horizon: float | None = None,
    fields: Sequence[str] | Mapping[str, Any] = (),
    allow: Sequence[str] = (),
    features: Sequence[str] | None = None,
    age_hours: float | None = None,
    known_since: object = None,
) -> WinQuestion | None:
    """Prepare the records for the win probability; None without a history of stages.

    Parameters
    ----------
    crm, as_of, horizon, fields, allow, features, age_hours, known_since
        As in `~abcxyz.crm.deals.win_probability.win_probability`.
    """
    if horizon is not None and not (math.isfinite(horizon) and horizon > 0):
        raise InputError(
            "the horizon is {horizon}; give a number of days above 0", horizon=horizon
        )
    if age_hours is not None and not (math.isfinite(age_hours) and age_hours >= 0):
        raise InputError("the age is {age}; give a number of hours from 0", age=age_hours)
    known = crm if as_of is None else crm.as_of(as_of)
    if isinstance(fields, Mapping) and known is not crm:
        rows = crm.rows_of_deals(known.deals.deal)
        fields = {name: np.asarray(one, dtype=object)[rows] for name, one in fields.items()}
    found: dict[str, KnownField] = known_fields(known, fields, allow)
    if known.changes is None or not len(known.changes):
        return None
    return WinQuestion(
        features=DealFeatures(known, found),
        day=as_local(known.until, known.zone).date() if as_of is None else as_day(as_of, "as_of"),
        landmarks=Landmarks(
            age_hours=age_hours,
            since=None if known_since is None else as_day(known_since, "known_since"),
        ),
        horizon=horizon_of(known) if horizon is None else float(horizon),
        names=tuple(fields),
        allow=tuple(allow),
        chosen=None if features is None else tuple(features),
    )


def fit_win_model(crm: CrmData, as_of: object = None, **options: Any) -> WinModel:
    """Learn the win probability of open deals from the past of a CRM.

    Parameters
    ----------
    crm, as_of, **options
        As in `~abcxyz.crm.deals.win_probability.win_probability`.

    Returns
    -------
    WinModel
        With the basis ``stage_rates`` where nothing learned is better than these.

    Raises
    ------
    InputError
        There is too little to learn from, there is no history of stages, or a field tells the
        outcome.
    """
    question = question_of(crm, as_of, **options)
    if question is None:
        crm.need("changes")
        raise InputError("the table stage_changes is empty; add the history of the stages")
    model = fitted(question)
    if model.verdict in ("few", "lopsided", "too_few", "few_examples", "no_past"):
        raise InputError("{problem}", problem=model.why)
    return model


def fitted(question: WinQuestion) -> WinModel:
    """Fit a model; where it is refused, the basis is ``stage_rates`` or ``none``."""
    crm, landmarks = question.features.crm, question.landmarks
    decided = decided_deals(crm)
    model = WinModel(
        as_of=question.day,
        basis="none",
        verdict="too_few",
        horizon_days=question.horizon,
        age_hours=landmarks.age_hours,
        fields=question.names,
        won=decided.won,
        lost=decided.lost,
    )
    if landmarks.age_hours is None and decided.won + decided.lost < LEAST_DECIDED:
        return model
    examples, _ = examples_of(question.features, landmarks, question.horizon)
    if examples is None:
        return evolve(model, verdict="no_past")
    refuse_leaks(crm, dict(question.features.fields), examples, question.allow)
    if question.chosen is not None:
        examples = _only(examples, question.chosen)
    model = evolve(
        model,
        rows=len(examples),
        events=int(examples.outcome.sum()),
        deals=len(np.unique(examples.unit)),
        won=decided.long_won,
        lost=decided.long_lost,
    )
    # Where every deal is an example once, those that were not won in time are the other outcome.
    if landmarks.age_hours is not None:
        model = evolve(model, won=model.events, lost=model.rows - model.events)
        share = model.events / model.rows
    else:
        share = decided.share
    if model.rows < LEAST_DECIDED:
        # Of deals that are judged at one age each is an example once.
        return model if landmarks.age_hours is not None else evolve(model, verdict="few_examples")
    if min(model.won, model.lost) < LEAST_OF_EITHER:
        return _with_rates(model, examples, "few")
    if not SHARES[0] <= share <= SHARES[1]:
        if landmarks.age_hours is None:
            # The share is that of all decided deals, so these are the numbers that explain it.
            model = evolve(model, won=decided.won, lost=decided.lost)
        return _with_rates(model, examples, "lopsided")
    # A landmark within a day knows its outcome a day later than one at its beginning.
    ahead = math.ceil(question.horizon) + (landmarks.age_hours is not None)
    held_from = int(np.quantile(examples.day, _TRAIN, method="lower")) + ahead
    trial = Trial(
        held_from=held_from,
        apart=True,
        by_brier=True,
        slope=SLOPE,
        most=_MOST,
        recent=_RECENT,
        shrunk=True,
        least_share=_LEAST_SHARE,
    )
    return _of_fit(
        model, examples, fit_landmarks(examples, _TRENDS, {_STAGE: "rates"}, ahead, trial)
    )


def _only(examples: Examples, chosen: Sequence[str]) -> Examples:
    for name in chosen:
        if name not in examples.columns:
            raise InputError(
                "the feature {name!r} is unknown; use some of {known}",
                name=name,
                known=", ".join(examples.columns),
            )
    names = {_STAGE, *chosen}
    columns = {name: one for name, one in examples.columns.items() if name in names}
    return evolve(examples, columns=columns)


def _of_fit(model: WinModel, examples: Examples, fit: LandmarkFit) -> WinModel:
    if fit.model is None or not fit.later:
        return _with_rates(model, examples, "few_outcomes" if fit.model is None else "short")
    if fit.basis != LEARNED:
        card = fit.tried[LEARNED]
        proven = fit.gain is not None and fit.gain.low > 0
        verdict = "slope" if proven and not SLOPE[0] <= card.slope <= SLOPE[1] else "not_better"
        made = _with_rates(model, examples, verdict, fit)
        return evolve(made, tried=fit.tried, gain=fit.gain)
    assert isinstance(fit.model, Card)
    made = _with_rates(model, examples, "learned", None)
    card_of_points = points_card(fit.model, fit.levels)
    learned = evolve(made, basis=LEARNED, card=card_of_points, tried=fit.tried, gain=fit.gain)
    points = learned.points(examples.columns)
    won = examples.outcome
    profile = {}
    for one in card_of_points.attributes:
        places = places_of(examples.columns[one.name], one)
        counts = np.bincount(places, minlength=len(one.bins) + 1)
        profile[one.name] = tuple((counts / len(examples)).round(6).tolist())
    return evolve(
        learned,
        well={name: round(float(one[won].mean()), 6) for name, one in points.items()},
        profile=profile,
    )


def _with_rates(
    model: WinModel, examples: Examples, verdict: str, fit: LandmarkFit | None = None
) -> WinModel:
    """Return a model with the stage rates: calibrated ones of a fit, or the counts."""
    rates = None if fit is None else fit.model
    base, slope = (0.0, 1.0) if fit is None else fit.levels[0]
    if not isinstance(rates, Rates):
        rates, base, slope = (
            Rates.fit(_STAGE, examples.columns[_STAGE], examples.outcome),
            0.0,
            1.0,
        )

    def calibrated(odds: float) -> float:
        return round(float(sigmoid(np.array([base + slope * odds]))[0]), 6)

    return evolve(
        model,
        basis="stage_rates",
        verdict=verdict,
        rates=frozen_map({name: calibrated(odds) for name, odds in rates.odds.items()}),
        base=calibrated(rates.base),
    )
