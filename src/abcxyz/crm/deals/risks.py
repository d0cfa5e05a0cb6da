"""Deals at risk: which open deals need attention, for which reasons, and for how much money."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import Floats
from abcxyz.core.display import percent, plain_number
from abcxyz.core.landmarks.fit import LEARNED
from abcxyz.crm.deals.fit_win import question_of
from abcxyz.crm.deals.stuck import StuckDeal, has_next_step, stuck_deals
from abcxyz.crm.deals.win_model import WinModel
from abcxyz.crm.deals.win_probability import (
    WinProbability,
    score_open_deals,
    win_probability,
)
from abcxyz.crm.records.data import CrmData, as_local
from abcxyz.crm.reports.base import Report, Row
from abcxyz.crm.reports.service.levels import service_levels
from abcxyz.crm.reports.service.rules import RULES, ServiceRule
from abcxyz.crm.statistics.business_calendar import BusinessCalendar
from abcxyz.errors import InputError
from abcxyz.toolkit.catalogue import plural, text
from abcxyz.toolkit.numbers import date_text

__all__ = ["RISKS", "DealRisk", "DealRisks", "deal_risks"]

RISKS = ("fell", "below", "overdue", "stuck", "planned", "no_step")
"""Reasons why a deal is at risk, the most urgent first."""

_FELL = 0.15
_FALL_DAYS = 7
_GIVEN = ("stage", "age")


@frozen(kw_only=True)
class DealRisk(Row):
    """One open deal at risk.

    Parameters
    ----------
    deal, stage, owner, customer
        The deal, and where it stands.
    amount
        Amount; NaN if not known.
    probability
        Probability that it is won within the horizon; NaN if there is none.
    at_risk
        Money at risk: the amount times what lacks of the probability that won deals at the same
        stage and age had; without such a lack the expected amount, and without a probability the
        amount. NaN if the amount is not known.
    kinds
        Some of `RISKS`, in their order.
    important
        Whether the customer is of class A.
    facts
        What the reasons say.
    """

    deal: Any
    stage: str
    owner: str
    customer: Any
    amount: float
    probability: float
    at_risk: float
    kinds: tuple[str, ...]
    important: bool
    facts: Mapping[str, Any] = field(repr=False, eq=False)

    def reasons(self, lang: str = "en") -> list[str]:
        """Return why the deal is at risk, the most urgent reason first."""
        listed = [_reason(kind, self.facts, lang) for kind in self.kinds]
        if self.important:
            listed.append(text("the customer is of class A", lang))
        return listed

    def evidence(self, lang: str = "en") -> str:
        """Return the reasons in one line."""
        return "; ".join(self.reasons(lang))

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, ready for JSON, with the reasons in English."""
        plain = super().to_dict()
        del plain["facts"]
        return {**plain, "reasons": self.reasons()}


@frozen(kw_only=True, slots=False)
class DealRisks(Report):
    """Result of `deal_risks`.

    Parameters
    ----------
    as_of
        The day before which everything is known.
    deals
        Deals at risk, the most money first.
    open_deals
        Number of open deals.
    win
        The win probability of all open deals, and its model.
    """

    as_of: date
    deals: tuple[DealRisk, ...]
    open_deals: int
    win: WinProbability

    __hash__ = None  # type: ignore[assignment]

    @property
    def money(self) -> float:
        """Sum of the money at risk, as far as amounts are known."""
        return math.fsum(one.at_risk for one in self.deals if not math.isnan(one.at_risk))

    def rows(self) -> list[Row]:
        """Return the deals."""
        return list(self.deals)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, ready for JSON."""
        return {
            "as_of": self.as_of.isoformat(),
            "basis": self.win.basis,
            "why": str(self.win.model.why),
            "open_deals": self.open_deals,
            "money": round(self.money, 2),
            "deals": [one.to_dict() for one in self.deals],
        }

    def title(self, lang: str = "en") -> str:
        """Return the name of the report."""
        return text("Deals at risk", lang)

    def explain(self, lang: str = "en") -> str:
        """Return the number of deals at risk, their money, and the largest."""
        if not self.deals:
            return plural(
                "Of {n} open deal none is at risk.|Of {n} open deals none is at risk.",
                self.open_deals,
                lang,
            )
        head = plural(
            "{n} of {all} open deals is at risk, and with it {money}.|"
            "{n} of {all} open deals are at risk, and with them {money}.",
            len(self.deals),
            lang,
            all=self.open_deals,
            money=plain_number(round(self.money), lang),
        )
        first = self.deals[0]
        lines = [
            head,
            text(
                "The largest is {deal}: {reasons}.",
                lang,
                deal=first.deal,
                reasons="; ".join(first.reasons(lang)),
            ),
        ]
        return "\n".join(lines)


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

    for one in _stuck(known, funnel):
        note(one.deal, "stuck", (one.days, one.usual))
    _note_plans(known, note)
    _note_overdue(known, note, calendar, rules)
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
    if deals.planned is not None:
        day = deals.planned.astype("M8[D]")
        for row in np.flatnonzero(~np.isnat(day) & (day < today)).tolist():
            note(_plain(deals.deal[row]), "planned", day[row].item())
    planned = has_next_step(crm)
    if planned is not None:
        for row in np.flatnonzero(~planned).tolist():
            note(_plain(deals.deal[row]), "no_step", True)


def _note_overdue(
    crm: CrmData, note: Any, calendar: BusinessCalendar | None, rules: tuple[ServiceRule, ...]
) -> None:
    if crm.activities is None:
        return
    rules = tuple(one for one in rules if one.starts != "lead" or crm.leads is not None)
    service = service_levels(crm, calendar=calendar, rules=rules)
    for one in service.due:
        if one["state"] == "overdue" and one["deal"] is not None:
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
    moment = crm.until - np.timedelta64(_FALL_DAYS, "D")
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


def _reason(kind: str, facts: Mapping[str, Any], lang: str) -> str:
    fact = facts[kind]
    if kind == "fell":
        return text(
            "the probability fell from {before} to {now} within {days} days",
            lang,
            before=percent(fact[0], lang),
            now=percent(fact[1], lang),
            days=_FALL_DAYS,
        )
    if kind == "below":
        return text(
            "a probability of {now}; deals at this stage and age that were won had {well}",
            lang,
            now=percent(fact[0], lang),
            well=percent(fact[1], lang),
        )
    if kind == "overdue":
        return text(
            "no answer within the limit of {rule}, due on {day}",
            lang,
            rule=text(fact[0], lang),
            day=date_text(fact[1], lang),
        )
    if kind == "stuck":
        return text(
            "{days} days in the stage, usual are up to {usual}",
            lang,
            days=plain_number(round(fact[0], 1), lang),
            usual=plain_number(round(fact[1], 1), lang),
        )
    if kind == "planned":
        return text("the planned day {day} is past", lang, day=date_text(fact, lang))
    return text("no next step is planned", lang)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
