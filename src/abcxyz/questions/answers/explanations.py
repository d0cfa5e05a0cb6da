"""Questions about reasons and next steps: why a figure changed, what to offer a customer."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.core.sales.calendar import Window
from abcxyz.crm.baskets.recommendations import BESTSELLER, Offer, recommendations
from abcxyz.crm.changes.counts import COUNTS
from abcxyz.crm.changes.dimensions import DimensionChange, GroupChange
from abcxyz.crm.changes.metrics import DIMENSIONS, FIGURES
from abcxyz.crm.changes.why import why
from abcxyz.crm.changes.why_result import Why
from abcxyz.crm.records.columns import TextColumn
from abcxyz.crm.records.data import CrmData
from abcxyz.errors import InputError
from abcxyz.questions.answer import Answer, Remark
from abcxyz.questions.answers.deals import crm_fields
from abcxyz.questions.answers.selection import window_of
from abcxyz.questions.answers.snapshots import money_or_none, money_share
from abcxyz.questions.cleaning import clean_name, plain_id, quoted
from abcxyz.questions.data import QuestionData
from abcxyz.questions.parameters import (
    BeforeSince,
    BeforeUntil,
    Customer,
    FirstDay,
    Language,
    LastDay,
    OfferCount,
    choose,
)
from abcxyz.questions.problems import QuestionError, message
from abcxyz.questions.resolving import definition_of, resolved
from abcxyz.toolkit.catalogue import plural, text, translate

__all__ = ["offers", "why_changed"]

_SUMS = ("revenue",)
_STAGE, _SEGMENT = "stage", "segment"

#: Count -> what is counted.
_MEANINGS = dict(
    zip(
        COUNTS,
        (
            message("Deals won in the window; the parts of the groups add up to the change."),
            message(
                "Different customers with a deal won in the window, each in the group of the "
                "first; the parts of the groups add up to the change."
            ),
            message("Leads created in the window; the parts of the groups add up to the change."),
            message(
                "Activities that took place in the window and were done by people; the parts of "
                "the groups add up to the change."
            ),
        ),
        strict=True,
    )
)

Metric = Annotated[str, choose(message("The figure"), *FIGURES, *COUNTS)]
Dimension = Annotated[
    str,
    choose(
        message("Dimension; auto: the one that explains most"),
        "auto",
        *DIMENSIONS,
        _STAGE,
        _SEGMENT,
    ),
]


def why_changed(
    data: QuestionData,
    *,
    metric: Metric,
    before_since: BeforeSince,
    before_until: BeforeUntil,
    since: FirstDay,
    until: LastDay,
    by: Dimension = "auto",
    lang: Language = "en",
) -> Answer:
    """Return why a figure changed between two windows: parts that add up to the change."""
    crm = data.records(None)
    today = data.crm_day(crm)
    before, after = window_of(before_since, before_until, today), window_of(since, until, today)
    assert before is not None
    assert after is not None
    segments = _segments(data, crm, before)
    if by == _SEGMENT and segments is None:
        raise QuestionError(
            "the segments before both windows are not known",
            code="unavailable",
            fix=message("call again with another by, or with windows that the history precedes"),
        )
    found = why(
        crm,
        metric,
        before,
        after,
        by=None if by in ("auto", _STAGE) else by,
        groups=None if segments is None else {_SEGMENT: segments},
    )
    if by == _STAGE and not found.stages:
        raise QuestionError(
            "only the conversion of one funnel with a history of stages is split by stage",
            code="bad_argument",
            fix=message("call again with another by, or with metric conversion"),
        )
    split = None if by == _STAGE else found.best or next(iter(found.dimensions), None)
    fields = crm_fields(data, crm, after, lang)
    fields["warnings"] += _limits(found, lang)
    if metric in COUNTS and before.days != after.days:
        fields["warnings"] += (
            Remark("lengths_differ", text("The windows differ in length.", lang)),
        )
    sentence = text(
        "{metric}: {before}, then {after}.",
        lang,
        metric=text(metric.replace("_", " "), lang),
        before=found.figure(found.value_before, lang),
        after=found.figure(found.value_after, lang),
    )
    if found.best is not None and split is not None:
        sentence += " " + _carried(data, split, lang)
    return Answer(
        value={
            "metric": metric,
            "window_before": _days(before),
            "before": _figure(found.value_before, metric),
            "after": _figure(found.value_after, metric),
            "difference": _figure(found.difference, metric),
            "low": _figure(found.low, metric),
            "high": _figure(found.high, metric),
            "deals_before": None if metric in COUNTS else found.n_before,
            "deals_after": None if metric in COUNTS else found.n_after,
            "too_young": found.immature,
            "factors": [
                {
                    "factor": text(one.factor, lang) if found.factors else clean_name(one.factor),
                    "before": money_share(one.value_before),
                    "after": money_share(one.value_after),
                    "effect": _figure(one.effect, metric),
                }
                for one in (*found.factors, *found.stages)
            ],
            "by": by if by == _STAGE else None if split is None else split.dimension,
            "carried_beyond_chance": split is not None and found.best is not None,
            "parts": [] if split is None else [_part(data, one, metric) for one in split.groups],
        },
        sentence=sentence,
        definition=definition_of(
            text(_MEANINGS[metric], lang)
            if metric in COUNTS
            else text(
                "Deals of the same age in both windows; the effects of the groups' own rates and "
                "of their shares add up to the change of the figure per deal. They are "
                "arithmetic and show no cause.",
                lang,
            ),
            {"metric": metric, "by": None if by == "auto" else by},
            lang,
        ),
        rows=0 if split is None else len(split.groups),
        **fields,
    )


def _limits(found: Why, lang: str) -> tuple[Remark, ...]:
    remarks = []
    if found.metric not in _SUMS and not found.shown:
        remarks.append(
            Remark("not_shown", text("With these numbers a change is not shown.", lang))
        )
    if found.immature:
        remarks.append(
            Remark(
                "too_young",
                plural(
                    "{n} deal is too young to count.|{n} deals are too young to count.",
                    found.immature,
                    lang,
                ),
            )
        )
    return tuple(remarks)


def _carried(data: QuestionData, split: DimensionChange, lang: str) -> str:
    what = text(split.dimension, lang)
    if split.carried_by == ("mix",):
        return text(
            "It comes from other shares of the groups of {dimension}.", lang, dimension=what
        )
    groups = [_group_name(data, split.dimension, one) for one in split.carried_by]
    return text(
        "Most of it is in {dimension}: {groups}.",
        lang,
        dimension=what,
        groups=", ".join(quoted(one) for one in groups),
    )


def _group_name(data: QuestionData, dimension: str, group: str) -> str:
    if dimension != "owner":
        return clean_name(group)
    return data.owner_name(group) or plain_id(group)


def _segments(data: QuestionData, crm: CrmData, before: Window) -> TextColumn | None:
    """Return the segment that the customer of every deal was in when the first window began."""
    if crm.deals.customer is None or "segments" not in data.offers:
        return None
    snapshot = data.snapshot(before.since)
    if snapshot is None:
        return None
    names = (*SEGMENTS, "N")
    known = {
        str(who): code
        for who, code in zip(snapshot.customers.tolist(), snapshot.segment.tolist(), strict=True)
    }
    codes = [known.get(str(who), -1) for who in crm.deals.customer.tolist()]
    return TextColumn(names, np.array(codes) % len(names))


def _part(data: QuestionData, group: GroupChange, metric: str) -> dict[str, Any]:
    who = {
        "group": plain_id(group.group) if group.dimension == "owner" else clean_name(group.group),
        "name": _group_name(data, group.dimension, group.group),
    }
    if metric in COUNTS:
        return {
            **who,
            "before": group.n_before,
            "after": group.n_after,
            "effect": group.n_after - group.n_before,
        }
    return {
        **who,
        "deals_before": group.n_before,
        "deals_after": group.n_after,
        "before": money_share(group.rate_before),
        "after": money_share(group.rate_after),
        "rate_effect": _rounded(group.rate_effect),
        "mix_effect": _rounded(group.mix_effect),
    }


def _rounded(value: float) -> float | None:
    """Return a part, with so many places that the parts still add up as shown."""
    shown = money_share(value * 1000)
    return None if shown is None else shown / 1000


def _figure(value: float, metric: str) -> float | None:
    plain = metric in ("revenue", "cheque", "cycle", *COUNTS)
    return money_or_none(value) if plain else _rounded(value)


def _days(window: Window) -> dict[str, str]:
    return {"since": window.since.isoformat(), "until": window.until.isoformat()}


def offers(
    data: QuestionData, *, customer: Customer, limit: OfferCount = 5, lang: Language = "en"
) -> Answer:
    """Return what to offer a customer next, with the evidence."""
    crm = data.records(None)
    if crm.deals.customer is None:
        raise QuestionError(
            "the deals of this CRM name no customers",
            code="unavailable",
            fix=message("ask about something else than offers"),
        )
    who = resolved(
        "customer",
        customer,
        data.customers,
        shown=lambda one: data.shown(one.id)["name"] or plain_id(one.id),
    )
    fields = crm_fields(data, crm, None, lang)
    definition = text(
        "Products of won deals that the customer has not bought: those that customers with the "
        "same products buy, where this was right more often than the bestsellers on the last "
        "fifth of the time; otherwise the bestsellers. Products due at the customer's own rhythm "
        "come first.",
        lang,
    )
    try:
        found = recommendations(crm, customer=who, top=limit)
    except InputError as problem:
        sentence = (
            text("No purchase of {name} is known.", lang, name=quoted(data.label(who)))
            if "customer" in problem.details
            else text("It is not known what to offer: {reason}.", lang, reason=problem)
        )
        return Answer(status="unknown", sentence=sentence, definition=definition, **fields)
    rows: list[dict[str, Any]] = [
        {
            "product": clean_name(one.product),
            "basis": "due",
            "occasions": one.occasions,
            "usual_days": round(one.usual, 1),
            "days": one.days,
        }
        for one in found.due
    ]
    rows += [_offer(one) for one in found.offers]
    rows = rows[:limit]
    names = ", ".join(quoted(row["product"]) for row in rows[:3])
    sentence = (
        text("To offer {name}: {products}.", lang, name=quoted(data.label(who)), products=names)
        if rows
        else text("There is nothing to offer {name}.", lang, name=quoted(data.label(who)))
    )
    if found.offers and found.basis == BESTSELLER:
        sentence += " " + translate(
            message("Products that fit the customer's own are no better here than bestsellers."),
            lang,
        )
    return Answer(
        value=rows,
        sentence=sentence,
        definition=definition,
        rows=len(rows),
        **fields,
    )


def _offer(offer: Offer) -> dict[str, Any]:
    return {
        "product": clean_name(offer.product),
        "basis": offer.basis,
        "because": clean_name(offer.because) or None,
        "both": offer.both,
        "of": offer.of,
        "share": money_share(offer.share),
    }
