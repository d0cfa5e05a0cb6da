"""Question about deals at risk: which open deals are likely to be lost, and for what money."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

from attrs import evolve

from abcxyz.core.classes.segments import ABC
from abcxyz.core.display import plain_number
from abcxyz.core.landmarks.fit import LEARNED
from abcxyz.crm.deals.risk_record import DealRisk
from abcxyz.crm.deals.risks import deal_risks
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.records.visits import OPEN
from abcxyz.questions.answer import Answer, Remark
from abcxyz.questions.answers.deals import crm_fields, money_warnings
from abcxyz.questions.answers.selection import deal_columns, filter_deals
from abcxyz.questions.answers.snapshots import money_or_none, money_share
from abcxyz.questions.cleaning import plain_id
from abcxyz.questions.data import QuestionData
from abcxyz.questions.parameters import (
    AsOf,
    CursorText,
    Funnel,
    Language,
    Limit,
    MinMoney,
    Owner,
)
from abcxyz.questions.problems import QuestionError, message
from abcxyz.questions.resolving import definition_of, first_ids, page_of, start_of
from abcxyz.toolkit.catalogue import plural, text, translate

__all__ = ["risk_deals"]


def risk_deals(
    data: QuestionData,
    *,
    funnel: Funnel = None,
    owner: Owner = None,
    min_money: MinMoney = None,
    as_of: AsOf = None,
    limit: Limit = 20,
    cursor: CursorText = None,
    lang: Language = "en",
) -> Answer:
    """Return open deals that are likely to be lost, with reasons, the most money first."""
    crm = data.records(as_of)
    if min_money is not None and len(crm.currencies()) > 1:
        raise QuestionError(
            "the amounts are in several currencies, and min_money is an amount in one",
            code="bad_argument",
            fix=message("call again without min_money"),
        )
    chosen = filter_deals(data, crm, funnel=funnel, owner=owner)
    funnels = dict(
        zip(
            map(str, crm.deals.deal[chosen.mask].tolist()),
            crm.deals.funnel[chosen.mask].tolist(),
            strict=True,
        )
    )
    # The probabilities are learned from all deals, whichever are asked for.
    report = data.report("risk_deals", as_of, deal_risks)
    inside = [one for one in report.deals if str(one.deal) in funnels]
    found = [one for one in inside if min_money is None or one.at_risk >= min_money]
    arguments = {"funnel": funnel, "owner": owner, "min_money": min_money}
    start = start_of(data, "risk_deals", arguments, cursor, data.crm_day(crm))

    def row(i: int) -> dict[str, Any]:
        one = _ranked(data, found[i], as_of)
        deal = str(one.deal)
        return {
            **deal_columns(
                data,
                deal,
                funnel=funnels[deal],
                stage=one.stage,
                owner=one.owner,
                customer=one.customer,
            ),
            "at_risk": money_or_none(one.at_risk),
            "amount": money_or_none(one.amount),
            "probability": money_share(one.probability),
            "reasons": one.reasons(lang),
        }

    page = page_of(data, start, len(found), limit, row)
    fields = crm_fields(data, crm, None, lang)
    fields["warnings"] += _warnings(crm, report.win.model, inside, lang)
    open_deals = int((chosen.mask & (crm.outcomes.kind == OPEN)).sum())
    sentence = _counted(found, open_deals, min_money, lang)
    if found:
        sentence += " " + text(
            "First comes deal {deal}: {reasons}.",
            lang,
            deal=plain_id(str(found[0].deal)),
            reasons="; ".join(_ranked(data, found[0], as_of).reasons(lang)),
        )
    return Answer(
        value=page.rows,
        sentence=sentence,
        definition=definition_of(
            text(
                "Open deals whose probability to be won fell by 15 points in a week or is 15 "
                "points below that of won deals at their stage and age, or which wait for an "
                "overdue answer, are stuck, are past their planned day, or have no next step. "
                "Money at risk: amount times that lack, else expected amount, else amount.",
                lang,
            ),
            {**chosen.used, "min_money": _figure(min_money)},
            lang,
        ),
        rows=len(found),
        first_ids=first_ids(page.rows, "deal"),
        next_cursor=page.next_cursor,
        **fields,
    )


def _figure(value: float | None) -> float | None:
    """Return a number, a whole one without decimals."""
    return int(value) if value is not None and value.is_integer() else value


def _ranked(data: QuestionData, one: DealRisk, as_of: date | None) -> DealRisk:
    """Return a deal at risk with whether its customer is of class A, as far as known."""
    snapshot = data.snapshot(as_of) if "segments" in data.offers else None
    if snapshot is None:
        return one
    place = snapshot.positions.get(one.customer, snapshot.positions.get(str(one.customer)))
    return evolve(one, important=place is not None and snapshot.abc[place] == ABC.index("A"))


def _counted(found: list[DealRisk], open_deals: int, least: float | None, lang: str) -> str:
    """Return how many of the open deals are at risk, and with how much money."""
    if not found and least is None:
        return plural(
            "Of {n} open deal none is at risk.|Of {n} open deals none is at risk.",
            open_deals,
            lang,
        )
    known = [one.at_risk for one in found if not math.isnan(one.at_risk)]
    fields = {
        "all": plain_number(open_deals, lang),
        "money": plain_number(round(math.fsum(known)), lang),
    }
    if least is not None:
        return plural(
            "{n} of {all} open deals has at least {least} at risk, {money} in all.|"
            "{n} of {all} open deals have at least {least} at risk, {money} in all.",
            len(found),
            lang,
            least=plain_number(round(least), lang),
            **fields,
        )
    if not known:
        return plural(
            "{n} of {all} open deals is at risk.|{n} of {all} open deals are at risk.",
            len(found),
            lang,
            **fields,
        )
    return plural(
        "{n} of {all} open deals is at risk, and with it {money}.|"
        "{n} of {all} open deals are at risk, and with them {money}.",
        len(found),
        lang,
        **fields,
    )


def _warnings(crm: CrmData, model: Any, listed: list[DealRisk], lang: str) -> tuple[Remark, ...]:
    """Return what the amounts lack, and why no probability is learned."""
    several = len(crm.currencies()) > 1
    missing = 0 if several else sum(math.isnan(one.amount) for one in listed)
    found = money_warnings(None if several else 0.0, missing, lang)
    if model.basis == LEARNED:
        return found
    return (*found, Remark("no_learned_probability", translate(model.why, lang)))
