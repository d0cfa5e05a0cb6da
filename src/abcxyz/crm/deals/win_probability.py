"""Win probability: the chance that each open deal is won within a horizon."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from attrs import evolve, frozen

from abcxyz._arrays import Floats, Ints
from abcxyz.crm.deals.features import DealFeatures
from abcxyz.crm.deals.fit_win import WinQuestion, fitted, question_of
from abcxyz.crm.deals.leaks import zero_when_lost
from abcxyz.crm.deals.win_model import WinModel
from abcxyz.crm.deals.win_reasons import pushes_of_deals
from abcxyz.crm.deals.win_record import WinDeal, WinProbability
from abcxyz.crm.records.columns import TextColumn
from abcxyz.crm.records.data import CrmData, as_local
from abcxyz.crm.records.visits import OPEN
from abcxyz.crm.statistics.weighted_sum import weighted_sum_interval
from abcxyz.errors import InputError
from abcxyz.toolkit.catalogue import Catalogue

__all__ = ["Scored", "result_of", "score_open_deals", "win_probability"]

_SAY = Catalogue()


@frozen(eq=False)
class Scored:
    """Open deals with their probabilities at a moment.

    Parameters
    ----------
    rows
        (n,) rows of the deals.
    funnel, stage
        (n,) funnel and stage then.
    probability
        (n,) probabilities; NaN where the model says nothing of a deal.
    columns
        Feature -> (n,) values.
    """

    rows: Ints
    funnel: TextColumn
    stage: TextColumn
    probability: Floats
    columns: Mapping[str, Any]


def score_open_deals(model: WinModel, features: DealFeatures, moment: Any) -> Scored:
    """Return the probabilities of the deals that are open at a moment."""
    crm = features.crm
    rows, visit = features.open_at(moment)
    when: Any = moment
    speaks = np.ones(len(rows), dtype=bool)
    if model.age_hours is not None:
        # Of a deal younger than its landmark nothing is said, nor after the horizon.
        when = crm.deals.created[rows] + np.timedelta64(round(model.age_hours * 3600), "s")
        end = when + np.timedelta64(round(model.horizon_days * 86400), "s")
        speaks = (when <= moment) & (end > moment)
        when = np.minimum(when, moment)
    columns = features.at(when, rows, visit)
    used = () if model.card is None else (one.name for one in model.card.attributes)
    lacking = [name for name in used if name not in columns]
    if lacking:
        raise InputError(
            "the model was fitted with {features}, which these records do not tell; add the table "
            "or column that it was fitted with, or fit again",
            features=", ".join(lacking),
        )
    probability = np.where(speaks, model.probability(columns), np.nan)
    visits = crm.visits
    return Scored(rows, visits.funnel[visit], visits.stage[visit], probability, columns)


def win_probability(
    crm: CrmData,
    as_of: object = None,
    *,
    horizon: float | None = None,
    model: WinModel | None = None,
    fields: Sequence[str] | Mapping[str, Any] = (),
    allow: Sequence[str] = (),
    features: Sequence[str] | None = None,
    age_hours: float | None = None,
    known_since: object = None,
    funnel: str | None = None,
) -> WinProbability:
    """Estimate for every open deal the probability that it is won within a horizon.

    Parameters
    ----------
    crm
        The records; the table ``stage_changes`` is needed.
    as_of
        Day of the state; None for the end of the records.
    horizon
        Days; None for the 90 % quantile of the days to winning, 30 to 180.
    model
        An earlier model, as `fit_win_model` returns it; None fits one. The other options are then
        those of the model.
    fields
        Further fields of the deals to learn from, by name: fields with a history in the table
        ``values``, or columns of the deals that do not change after the creation; or name -> (n,)
        such values.
    allow
        Names of fields that look like the outcome and are known from the start all the same.
    features
        Features to learn from; None for all.
    age_hours
        Age at which every deal is an example and is judged, once; None for every Monday.
    known_since
        First day from which the closed deals are in the records; None for all days.
    funnel
        One pipeline in the result; None for all.

    Returns
    -------
    WinProbability

    Raises
    ------
    InputError
        A field describes a person, tells the outcome, or does not exist.

    Notes
    -----
    Each past Monday is a landmark: every deal open then is an example, with what was known of it
    before, and with whether it was won within the horizon. A binned scorecard with at most ten
    features is fitted and judged on later landmarks, without the deals of earlier ones. It is used
    only if its Brier score is better than that of the won share by stage with the whole 95 %
    interval, and its calibration slope is between 0.7 and 1.3; otherwise the stage rates are. It
    is for ordering work and for a forecast, and decides nothing about a person.

    Examples
    --------
    >>> from abcxyz.crm import CrmData, Deals, StageChanges
    >>> crm = CrmData(
    ...     deals=Deals(deal=[1], funnel=["sales"], stage=["NEW"],
    ...                 created=["2026-05-01T09:00:00+03:00"]),
    ...     changes=StageChanges(deal=[1], stage=["NEW"], entered=["2026-05-01T09:00:00+03:00"]),
    ...     zone="Europe/Moscow")
    >>> made = win_probability(crm, "2026-06-01")
    >>> made.basis, str(made.model.why)[:40]
    ('none', 'no probabilities: 0 decided deals are to')
    """
    if model is not None:
        horizon, age_hours = model.horizon_days, model.age_hours
        fields = fields or model.fields
    question = question_of(
        crm, as_of, horizon=horizon, fields=fields, allow=allow, features=features,
        age_hours=age_hours, known_since=known_since,
    )  # fmt: skip
    if question is None:
        return _without_history(crm if as_of is None else crm.as_of(as_of), model, funnel)
    if model is None:
        return result_of(question, fitted(question), funnel)
    if set(model.fields) - set(question.names):
        raise InputError(
            "the model was fitted with the fields {fields}; pass their values too",
            fields=", ".join(model.fields),
        )
    return result_of(question, model, funnel, saved=True)


def result_of(
    question: WinQuestion, model: WinModel, funnel: str | None = None, *, saved: bool = False
) -> WinProbability:
    """Return the probabilities of the open deals by a model; see `win_probability`.

    A model that was *saved* is compared with the present.
    """
    crm = question.features.crm
    scored = score_open_deals(model, question.features, crm.until)
    made = _result(crm, question.day, model, scored, funnel)
    if not saved:
        return made
    judged = ~np.isnan(scored.probability)
    columns = {name: np.asarray(one)[judged] for name, one in scored.columns.items()}
    return evolve(made, drift=model.drift(columns))


def _without_history(crm: CrmData, model: WinModel | None, funnel: str | None) -> WinProbability:
    """Return the open deals without probabilities."""
    rows = np.flatnonzero(crm.outcomes.kind == OPEN)
    day = as_local(crm.until, crm.zone).date()
    if model is None or model.basis != "none":
        model = WinModel(as_of=day, basis="none", verdict="no_history", horizon_days=0.0)
    scored = Scored(rows, crm.deals.funnel[rows], crm.deals.stage[rows],
                    np.full(len(rows), math.nan), {})  # fmt: skip
    return _result(crm, day, model, scored, funnel)


def _result(
    crm: CrmData, day: date, model: WinModel, scored: Scored, funnel: str | None
) -> WinProbability:
    rows, chance = scored.rows, scored.probability
    amounts = crm.single_amounts()[rows]
    expected = chance * amounts
    rank = np.lexsort((np.arange(len(rows)), -np.nan_to_num(chance), -np.nan_to_num(expected)))
    if funnel is not None:
        crm.stages.stages(funnel)
        rank = rank[(scored.funnel.codes == scored.funnel.code(funnel))[rank]]
    pushes = pushes_of_deals(model, scored.columns)
    titles, customer = crm.stages.titles, crm.deals.customer
    columns = zip(
        crm.deals.deal[rows].tolist(),
        zip(scored.funnel.tolist(), scored.stage.tolist(), strict=True),
        crm.category("owner")[rows].tolist(),
        [""] * len(rows) if customer is None else customer[rows].tolist(),
        amounts.tolist(),
        chance.tolist(),
        expected.tolist(),
        strict=True,
    )
    listed = list(columns)
    facts = {name: column.tolist() for name, column in scored.columns.items()}
    moved = {name: push.tolist() for name, push in pushes.items()}
    deals = []
    for i in rank.tolist():
        deal, stage, owner, who, amount, probability, money = listed[i]
        deals.append(
            WinDeal(
                deal=deal,
                stage=titles.get(stage, stage[1]),
                owner=owner,
                customer=who,
                amount=amount,
                probability=probability,
                expected=money,
                pushes={name: push[i] for name, push in moved.items()},
                facts={name: column[i] for name, column in facts.items()},
                model=model,
            )
        )
    p, sums = chance[rank], amounts[rank]
    known = ~np.isnan(p) & ~np.isnan(sums)
    low, high = weighted_sum_interval(p[known], np.maximum(sums[known], 0.0))
    none = model.basis == "none"
    return WinProbability(
        as_of=day,
        model=model,
        deals=tuple(deals),
        expected=math.nan if none else float(p[known] @ sums[known]),
        low=math.nan if none else low,
        high=math.nan if none else high,
        without_amount=int((~np.isnan(p) & np.isnan(sums)).sum()),
        left_out=_left_out(crm),
    )


def _left_out(crm: CrmData) -> dict[str, str]:
    """Return the columns of the deals that tell the outcome, with the reason."""
    if zero_when_lost(crm, crm.amounts):
        return {
            "amount": _SAY.message(
                "the amounts are 0 for exactly the lost deals, so they are entered after the "
                "outcome: nothing is learned from them, and the forecast needs amounts of open "
                "deals."
            )
        }
    return {}
