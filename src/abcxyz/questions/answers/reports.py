"""Questions that the CRM reports answer: funnel, managers, losses, stuck deals, service levels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from abcxyz.core.display import percent, plain_number
from abcxyz.crm.deals.stuck import stuck_deals as stuck_report
from abcxyz.crm.reports import funnel as funnel_report
from abcxyz.crm.reports import lost_reasons
from abcxyz.crm.reports import managers as managers_report
from abcxyz.crm.reports.base import NOT_GIVEN
from abcxyz.crm.reports.service.levels import service_levels
from abcxyz.crm.reports.service.rules import RULES as SERVICE_RULES
from abcxyz.questions.answer import Answer
from abcxyz.questions.answers.deals import crm_fields
from abcxyz.questions.answers.selection import deal_columns, filter_deals, subset, window_of
from abcxyz.questions.answers.snapshots import money_or_none
from abcxyz.questions.cleaning import clean_name, plain_id, quoted
from abcxyz.questions.data import QuestionData
from abcxyz.questions.parameters import (
    RULES,
    AsOf,
    CursorText,
    Days,
    Funnel,
    Language,
    Limit,
    Owner,
    Rule,
    Since,
    SourceName,
    Stage,
    Until,
)
from abcxyz.questions.resolving import definition_of, first_ids, page_of, start_of
from abcxyz.toolkit.catalogue import plural, text

__all__ = ["funnel", "losses", "managers", "sla", "stuck_deals"]


def _plain(value: Any) -> Any:
    """Return a value of a report for JSON, its texts cleaned and its floats rounded."""
    if isinstance(value, str):
        return clean_name(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    return value


def funnel(
    data: QuestionData,
    *,
    funnel: Funnel = None,
    source: SourceName = None,
    owner: Owner = None,
    since: Since = None,
    until: Until = None,
    as_of: AsOf = None,
    lang: Language = "en",
) -> Answer:
    """Return the stages of the funnels with conversion, and the leak that costs most."""
    crm = data.records(as_of)
    window = window_of(since, until, data.crm_day(crm))
    chosen = filter_deals(data, crm, funnel=funnel, source=source, owner=owner)
    report = funnel_report.funnel(
        subset(crm, chosen.mask), window, funnel=chosen.used.get("funnel")
    )
    sentences = []
    for one in report.funnels:
        sentences.append(
            plural(
                "{name}: {n} deal, {won} won, {lost} lost, {open} open.|"
                "{name}: {n} deals, {won} won, {lost} lost, {open} open.",
                one.deals,
                lang,
                name=quoted(one.funnel),
                won=plain_number(one.won, lang),
                lost=plain_number(one.lost, lang),
                open=plain_number(one.open, lang),
            )
        )
        worst = one.worst()
        if worst is not None and not math.isnan(worst.conversion):
            sentences.append(
                text(
                    "The costliest step is {stage}: {share} go on.",
                    lang,
                    stage=quoted(worst.name),
                    share=percent(worst.conversion, lang),
                )
            )
    columns = (
        "stage", "name", "reached", "conversion", "low", "high", "lost_here", "open_here",
        "worth", "few",
    )  # fmt: skip
    value = {
        "funnels": [
            {
                "funnel": clean_name(one.funnel),
                "deals": one.deals,
                "won": one.won,
                "lost": one.lost,
                "open": one.open,
                "stages": [
                    {name: _plain(row.to_dict()[name]) for name in columns} for row in one.stages
                ],
            }
            for one in report.funnels
        ]
    }
    return Answer(
        value=value,
        sentence=" ".join(sentences) or text("No deal began in this window.", lang),
        definition=definition_of(
            text(
                "Deals that began in the window; of those that reached a stage, the share that "
                "reached the next one, with 95% intervals.",
                lang,
            ),
            chosen.used,
            lang,
        ),
        rows=sum(one.deals for one in report.funnels),
        **crm_fields(data, crm, window, lang),
    )


def managers(
    data: QuestionData,
    *,
    owner: Owner = None,
    funnel: Funnel = None,
    since: Since = None,
    until: Until = None,
    as_of: AsOf = None,
    lang: Language = "en",
) -> Answer:
    """Return the managers compared, also at equal leads."""
    crm = data.records(as_of)
    window = window_of(since, until, data.crm_day(crm))
    chosen = filter_deals(data, crm, funnel=funnel, owner=owner)
    of_funnel = filter_deals(data, crm, funnel=funnel).mask
    report = managers_report.managers(subset(crm, of_funnel), window)
    people = [one for one in report.managers if owner is None or one.user == chosen.used["owner"]]
    rows = []
    for one in people:
        known = one.user != NOT_GIVEN
        rows.append(
            {
                "owner": plain_id(one.user) if known else None,
                "name": data.owner_name(one.user) if known else None,
                "created": one.created,
                "won": one.won,
                "lost": one.lost,
                "won_amount": money_or_none(one.won_amount),
                "win_rate": _plain(one.rate.rate),
                "low": _plain(one.rate.low),
                "high": _plain(one.rate.high),
                "ratio_at_equal_leads": _plain(one.rate.ratio),
                "verdict": one.rate.verdict,
            }
        )
    shown = [one for one in people if one.rate.verdict in ("higher", "lower")]
    sentences = [
        text(
            "{name} wins {rate} of {n} decided deals, {ratio} times what is expected at equal "
            "leads.",
            lang,
            name=quoted(data.owner_name(one.user) or plain_id(one.user)),
            rate=percent(one.rate.rate, lang),
            n=plain_number(one.rate.decided, lang),
            ratio=plain_number(one.rate.ratio, lang),
        )
        for one in shown[:3]
        if one.user != NOT_GIVEN
    ]
    return Answer(
        value=rows,
        sentence=" ".join(sentences)
        or text("No difference between the win rates of the managers is shown.", lang),
        definition=definition_of(
            text(
                "Deals created in the window, and deals closed in it, by manager; a difference "
                "is named only where it is larger than chance explains.",
                lang,
            ),
            chosen.used,
            lang,
        ),
        rows=len(rows),
        first_ids=tuple(row["owner"] for row in rows if row["owner"])[:10],
        **crm_fields(data, crm, window, lang),
    )


def losses(
    data: QuestionData,
    *,
    funnel: Funnel = None,
    stage: Stage = None,
    owner: Owner = None,
    source: SourceName = None,
    since: Since = None,
    until: Until = None,
    as_of: AsOf = None,
    lang: Language = "en",
) -> Answer:
    """Return why deals were lost: number and money by reason."""
    crm = data.records(as_of)
    window = window_of(since, until, data.crm_day(crm))
    chosen = filter_deals(data, crm, funnel=funnel, owner=owner, source=source)
    named = dict(chosen.used)
    group = None
    if stage is not None:
        named["stage"] = filter_deals(data, crm, stage=stage, funnel=funnel).used["stage"]
        group = named["stage"]
    report = lost_reasons.losses(
        subset(crm, chosen.mask), window, by=None if group is None else "stage"
    )
    # The report shows a stage by its title.
    shown = {group, *(one.name for one in data.stages.things if one.id == group)}
    rows = [
        {
            "reason": clean_name(one.reason) if one.reason != NOT_GIVEN else None,
            "lost": one.lost,
            "amount": money_or_none(one.amount),
            "without_amount": one.without_amount,
            "share": _plain(one.share),
            "low": _plain(one.low),
            "high": _plain(one.high),
        }
        for one in report.reasons
        if group is None or one.group in shown
    ]
    rows.sort(key=lambda row: -int(row["lost"] or 0))
    total = sum(int(row["lost"] or 0) for row in rows)
    best = next((row for row in rows if row["reason"] is not None), None)
    sentence = plural("{n} deal was lost.|{n} deals were lost.", total, lang)
    if best is not None:
        sentence += " " + text(
            "The most frequent reason is {reason}: {n}.",
            lang,
            reason=quoted(str(best["reason"])),
            n=plain_number(best["lost"], lang),
        )
    return Answer(
        value=rows,
        sentence=sentence,
        definition=definition_of(
            text("Deals lost in the window by their reason; the stage is the last one.", lang),
            named,
            lang,
        ),
        rows=len(rows),
        **crm_fields(data, crm, window, lang),
    )


def stuck_deals(
    data: QuestionData,
    *,
    funnel: Funnel = None,
    stage: Stage = None,
    owner: Owner = None,
    days: Days = None,
    as_of: AsOf = None,
    limit: Limit = 20,
    cursor: CursorText = None,
    lang: Language = "en",
) -> Answer:
    """Return open deals that stand longer in their stage than usual, and are silent."""
    crm = data.records(as_of)
    chosen = filter_deals(data, crm, funnel=funnel, stage=stage, owner=owner)
    inside = {str(one) for one in crm.deals.deal[chosen.mask].tolist()}
    # The usual time is that of all deals, so the report is made of all of them.
    found = [
        one
        for one in stuck_report(crm).deals
        if str(one.deal) in inside and (days is None or one.days >= days)
    ]
    arguments = {"funnel": funnel, "stage": stage, "owner": owner, "days": days}
    start = start_of(data, "stuck_deals", arguments, cursor, data.crm_day(crm))

    def row(i: int) -> dict[str, Any]:
        one = found[i]
        return {
            **deal_columns(
                data,
                str(one.deal),
                funnel=one.funnel,
                stage=one.stage,
                owner=one.owner,
                customer=one.customer,
            ),
            "days": _plain(one.days),
            "usual_days": _plain(one.usual),
            "silent_days": _plain(one.silent),
            "amount": money_or_none(one.amount),
        }

    page = page_of(data, start, len(found), limit, row)
    return Answer(
        value=page.rows,
        sentence=plural("{n} deal is stuck.|{n} deals are stuck.", len(found), lang),
        definition=definition_of(
            text(
                "Open deals that stand longer in their stage than nine in ten that went on, "
                "without an activity for 7 days.",
                lang,
            ),
            {**chosen.used, "days": days},
            lang,
        ),
        rows=len(found),
        first_ids=first_ids(page.rows, "deal"),
        next_cursor=page.next_cursor,
        **crm_fields(data, crm, None, lang),
    )


def sla(
    data: QuestionData,
    *,
    rule: Rule = "answer",
    owner: Owner = None,
    since: Since = None,
    until: Until = None,
    as_of: AsOf = None,
    lang: Language = "en",
) -> Answer:
    """Return the share of requests that were served in time."""
    crm = data.records(as_of)
    window = window_of(since, until, data.crm_day(crm))
    who = filter_deals(data, crm, owner=owner).used.get("owner", "")
    kept = tuple(one for one in SERVICE_RULES if one.name == RULES[rule])
    report = service_levels(crm, window, rules=kept)
    level = next(
        (one for one in report.levels if one.rule == RULES[rule] and one.owner == who), None
    )
    fields = crm_fields(data, crm, window, lang)
    definition = definition_of(
        text(
            "Requests that began in the window: in time among those served or overdue, by the "
            "working hours of the rule.",
            lang,
        ),
        {"rule": rule, "owner": who or None},
        lang,
    )
    if level is None or not level.requests:
        return Answer(
            status="unknown",
            sentence=text("No request of this rule is known in the window.", lang),
            definition=definition,
            **fields,
        )
    value = {name: _plain(one) for name, one in level.to_dict().items() if name != "owner"}
    value["by_person"] = [
        {
            "owner": plain_id(one.owner),
            "name": data.owner_name(one.owner),
            "requests": one.requests,
            "share": _plain(one.share),
            "overdue": one.overdue,
        }
        for one in report.levels
        if one.rule == RULES[rule] and one.owner and who in ("", one.owner)
    ]
    served = level.met + level.late + level.overdue
    return Answer(
        value=value,
        sentence=plural(
            "{share} of {n} request is in time; {overdue} overdue.|"
            "{share} of {n} requests are in time; {overdue} overdue.",
            served,
            lang,
            share=percent(level.share, lang),
            overdue=plain_number(level.overdue, lang),
        ),
        definition=definition,
        rows=level.requests,
        **fields,
    )
