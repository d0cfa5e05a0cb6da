"""Deals at risk: which open deals need attention, for which reasons, and for how much money."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from abcxyz._arrays import Floats
from abcxyz._collection import free_memory
from abcxyz.core.advice.risk_reasons import FALL_DAYS, RISKS
from abcxyz.core.landmarks.fit import LEARNED
from abcxyz.crm.deals.fit_win import question_of
from abcxyz.crm.deals.risk_record import DealRisk, DealRisks
from abcxyz.crm.deals.stuck import StuckDeal, has_next_step, stuck_deals
from abcxyz.crm.deals.win_model import WinModel
from abcxyz.crm.deals.win_probability import score_open_deals, win_probability
from abcxyz.crm.deals.win_record import WinProbability
from abcxyz.crm.records.data import CrmData, as_local
from abcxyz.crm.records.visits import OPEN
from abcxyz.crm.reports.service.levels import service_levels
from abcxyz.crm.reports.service.rules import RULES, ServiceRule
from abcxyz.crm.statistics.business_calendar import BusinessCalendar
from abcxyz.errors import InputError

__all__ = ["deal_risks"]

_FELL = 0.15
_GIVEN = ("stage", "age")


def deal_risks(
    crm: CrmData,
    as_of: object = None,
    *,
    model: WinModel | None = None,
    win: WinProbability | None = None,
    classes: Mapping[Any, str] | None = None,
    min_money: float = 0.0,
    calendar: BusinessCalendar | None = None,
    rules: tuple[ServiceRule, ...] = RULES,
    funnel: str | None = None,
    known_since: object = None,
    fields: Sequence[str] | Mapping[str, Any] = (),
    allow: Sequence[str] = (),
) -> DealRisks:
    """List the open deals that are at risk, with the reasons and the money.

    Parameters
    ----------
    crm
        The records; the table ``stage_changes`` is needed.
    as_of
        Day of the state; None for the end of the records.
    model
        A model of the win probability; None fits one.
    win
        Its result for these records, if it is at hand.
    classes
        Customer -> ABC class; those of class A are named.
    min_money
        Money that a low probability puts at risk from which it is a reason.
    calendar, rules
        Working time, and rules of service.
    funnel
        One pipeline; None for all.
    known_since, fields, allow
        As in `win_probability`.

    Returns
    -------
    DealRisks

    Raises
    ------
    InputError
        There is no history of stages.

    Notes
    -----
    A deal is at risk if its probability fell by 15 points within 7 days (``fell``); if a learned
    card gives it 15 points less than won deals at its stage and age had, and *min_money* hangs
    on that (``below``); if a request is overdue (``overdue``); if it is stuck (``stuck``); if its
    planned day is past (``planned``); or if no activity is planned, where the source has plans
    (``no_step``).

    Examples
    --------
    >>> from abcxyz.crm import CrmData, Deals, StageChanges
    >>> crm = CrmData(
    ...     deals=Deals(deal=[1], funnel=["sales"], stage=["NEW"], planned=["2026-05-20"],
    ...                 amount=[500.0], created=["2026-05-01T09:00:00+03:00"]),
    ...     changes=StageChanges(deal=[1], stage=["NEW"], entered=["2026-05-01T09:00:00+03:00"]),
    ...     zone="Europe/Moscow")
    >>> deal_risks(crm, "2026-06-01").deals[0].kinds
    ('stuck', 'planned')
    """
    crm.need("changes")
    known = crm if as_of is None else crm.as_of(as_of)
    if win is None:
        win = win_probability(
            known,
            model=model,
            funnel=funnel,
            known_since=known_since,
            fields=fields,
            allow=allow,
        )
    found: dict[Any, dict[str, Any]] = {one.deal: {} for one in win.deals}

    def note(deal: Any, kind: str, fact: Any) -> None:
        if deal in found:
            found[deal][kind] = fact

    for slow in _stuck(known, funnel):
        note(slow.deal, "stuck", (slow.days, slow.usual))
    _note_plans(known, note)
    _note_overdue(known, found, note, calendar, rules)
    # The features of all deals come next, which take the most memory of any report.
    free_memory()
    _note_falls(known, win, note, fields, allow)
    risks = []
    for one, well in zip(win.deals, _well(win).tolist(), strict=True):
        facts = found[one.deal]
        lack = np.nan_to_num((well - one.probability) * one.amount)
        if well - one.probability >= _FELL and lack >= min_money:
            facts["below"] = (one.probability, well)
        kinds = tuple(kind for kind in RISKS if kind in facts)
        if not kinds:
            continue
        risks.append(
            DealRisk(
                deal=one.deal,
                stage=one.stage,
                owner=one.owner,
                customer=one.customer,
                amount=one.amount,
                probability=one.probability,
                at_risk=_money(one.amount, one.expected, float(lack)),
                kinds=kinds,
                important=classes is not None and classes.get(one.customer) == "A",
                facts=facts,
            )
        )
    risks.sort(key=lambda one: (-_sortable(one.at_risk), RISKS.index(one.kinds[0]), str(one.deal)))
    return DealRisks(as_of=win.as_of, deals=tuple(risks), open_deals=len(win.deals), win=win)


def _sortable(money: float) -> float:
    return -1.0 if math.isnan(money) else money


def _money(amount: float, expected: float, lack: float) -> float:
    if lack > 0:
        return lack
    return amount if math.isnan(expected) else expected


def _stuck(crm: CrmData, funnel: str | None) -> tuple[StuckDeal, ...]:
    try:
        return stuck_deals(crm, funnel=funnel).deals
    except InputError:  # histories with gaps: how long a deal stays is not known
        return ()


def _note_plans(crm: CrmData, note: Any) -> None:
    """Note deals whose planned day is past, and those without a next step."""
    deals = crm.deals
    today = np.datetime64(as_local(crm.until, crm.zone).date(), "D")
    open_ = crm.outcomes.kind == OPEN
    if deals.planned is not None:
        day = deals.planned.astype("M8[D]")
        for row in np.flatnonzero(open_ & ~np.isnat(day) & (day < today)).tolist():
            note(_plain(deals.deal[row]), "planned", day[row].item())
    planned = has_next_step(crm)
    # A source of done activities alone says nothing of plans.
    if planned is not None and planned.any():
        for row in np.flatnonzero(open_ & ~planned).tolist():
            note(_plain(deals.deal[row]), "no_step", True)


def _note_overdue(
    crm: CrmData,
    open_deals: Mapping[Any, Any],
    note: Any,
    calendar: BusinessCalendar | None,
    rules: tuple[ServiceRule, ...],
) -> None:
    if crm.activities is None:
        return
    rules = tuple(one for one in rules if one.starts != "lead" or crm.leads is not None)
    service = service_levels(crm, calendar=calendar, rules=rules)
    for one in service.due:
        if one["state"] == "overdue" and one["deal"] in open_deals:
            due = as_local(np.datetime64(one["deadline"], "s"), crm.zone).date()
            note(one["deal"], "overdue", (one["rule"], due))


def _note_falls(
    crm: CrmData, win: WinProbability, note: Any, fields: Any, allow: Sequence[str]
) -> None:
    """Note deals whose probability by the same model was higher a week ago."""
    if win.basis == "none":
        return
    question = question_of(crm, horizon=win.model.horizon_days, fields=fields, allow=allow)
    if question is None:
        return
    moment = crm.until - np.timedelta64(FALL_DAYS, "D")
    earlier = score_open_deals(win.model, question.features, moment)
    before = dict(
        zip(crm.deals.deal[earlier.rows].tolist(), earlier.probability.tolist(), strict=True)
    )
    for one in win.deals:
        then = before.get(one.deal, math.nan)
        if then - one.probability >= _FELL:
            note(one.deal, "fell", (then, one.probability))


def _well(win: WinProbability) -> Floats:
    """Return the probabilities at the stage and age of each deal if all else were as for won ones.

    What is better for a deal than for those stays as it is. NaN without a learned card.
    """
    model = win.model
    if win.basis != LEARNED or model.card is None:
        return np.full(len(win.deals), math.nan)
    columns = {
        one.name: np.array([deal.facts[one.name] for deal in win.deals])
        for one in model.card.attributes
    }
    score = np.zeros(len(win.deals))
    for name, points in model.points(columns).items():
        score += points if name in _GIVEN else np.maximum(points, model.well[name])
    return model.of_score(score)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
