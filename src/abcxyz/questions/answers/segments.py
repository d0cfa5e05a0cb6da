"""Questions about segments: one customer, a list, the matrix, the reasons, the advice."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy as np

from abcxyz._arrays import Floats
from abcxyz.core.advice.playbook import default_playbook
from abcxyz.core.classes.classify import classify_abc, classify_cv
from abcxyz.core.classes.matrix import build_matrix
from abcxyz.core.classes.results import AbcResult, XyzResult
from abcxyz.core.classes.segments import ABC, SEGMENTS, XYZ, in_segment, tag
from abcxyz.core.display import percent, plain_number
from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.questions.answer import Answer, Remark
from abcxyz.questions.answers.snapshots import (
    money_or_none,
    money_share,
    place_of,
    plain,
    snapshot_at,
    snapshot_fields,
)
from abcxyz.questions.cleaning import quoted
from abcxyz.questions.data import QuestionData
from abcxyz.questions.parameters import (
    AnySegment,
    AsOf,
    CursorText,
    Customer,
    Flag,
    Language,
    Limit,
    OneCustomer,
    OneSegment,
)
from abcxyz.questions.problems import QuestionError, message
from abcxyz.questions.resolving import first_ids, page_of, start_of
from abcxyz.toolkit.catalogue import plural, text
from abcxyz.toolkit.numbers import date_text

__all__ = ["advice", "customer_segment", "list_segment", "matrix", "why_segment"]


def _segment_name(snapshot: Snapshot, i: int) -> str:
    code = int(snapshot.segment[i])
    return "N" if code < 0 else SEGMENTS[code]


def _since(data: QuestionData, snapshot: Snapshot, customer: Any, segment: str) -> date | None:
    """Return the date of the first of the last snapshots in which a customer has a segment."""
    infos = [one for one in data.snapshots() if one.as_of <= snapshot.as_of]
    since = None
    for info in reversed(infos):
        known = data.state(customer, info)
        if known != segment:
            break
        since = info.dated
    return since


def _days(day: Any) -> str | None:
    return None if np.isnat(day) else str(day.astype("M8[D]"))


def _row(data: QuestionData, snapshot: Snapshot, i: int) -> dict[str, Any]:
    return {
        **data.shown(plain(snapshot.customers[i])),
        "segment": _segment_name(snapshot, i),
        "value": money_or_none(snapshot.value[i]),
        "cv": money_or_none(snapshot.cv[i]),
        "orders": int(snapshot.orders[i]),
        "last_order": _days(snapshot.last_day[i]),
    }


def _advice(segment: str, lang: str) -> str:
    book = default_playbook()
    if segment not in book.advice:
        return text("No sales in the window: there is no advice for it.", lang)
    return book.advice[segment].text.in_language(lang).format_map(_Blank(segment=segment))


class _Blank(dict[str, str]):
    """Fields of a text of the playbook; those that are not known stay empty."""

    def __missing__(self, name: str) -> str:
        return ""


def _definition(snapshot: Snapshot, lang: str) -> str:
    window = snapshot.periods.window
    return text(
        "ABC by {metric} and XYZ by the variation of purchases from {since} to {until}, "
        "not including the last day.",
        lang,
        metric=text(snapshot.settings.metric, lang),
        since=date_text(window.since, lang),
        until=date_text(window.until, lang),
    )


def customer_segment(
    data: QuestionData, *, customer: Customer, as_of: AsOf = None, lang: Language = "en"
) -> Answer:
    """Return segment, value and rhythm of one customer, since when, and the advice for it."""
    snapshot = snapshot_at(data, as_of)
    i = place_of(data, snapshot, customer)
    row = _row(data, snapshot, i)
    who = snapshot.customers[i]
    since = _since(data, snapshot, who, row["segment"])
    name = quoted(data.label(plain(who)))
    if row["segment"] == "N":
        sentence = text("{name} is not classified: no sales in the window.", lang, name=name)
    else:
        sentence = text(
            "{name} is in segment {segment} ({tag}) with {value}.",
            lang,
            name=name,
            segment=row["segment"],
            tag=tag(row["segment"], lang),
            value=plain_number(row["value"] or 0.0, lang),
        )
    if since is not None:
        sentence += " " + text("So since {day} at least.", lang, day=date_text(since, lang))
    return Answer(
        value={
            **row,
            "since": None if since is None else since.isoformat(),
            "advice": _advice(row["segment"], lang),
        },
        sentence=sentence,
        definition=_definition(snapshot, lang),
        rows=1,
        first_ids=(str(row["customer"]),),
        **snapshot_fields(data, snapshot, as_of, lang),
    )


def members(snapshot: Snapshot, segment: str) -> Any:
    """Return the places of the customers of a segment or of a class, the largest value first."""
    inside = in_segment(snapshot.abc, snapshot.xyz, segment)
    places = np.flatnonzero(inside)
    value = snapshot.value[places].astype(float)
    return places[np.argsort(np.where(np.isnan(value), np.inf, -value), kind="stable")]


def list_segment(
    data: QuestionData,
    *,
    segment: AnySegment,
    as_of: AsOf = None,
    limit: Limit = 20,
    cursor: CursorText = None,
    lang: Language = "en",
) -> Answer:
    """Return the customers of a segment, the largest value first."""
    snapshot = snapshot_at(data, as_of)
    start = start_of(data, "list_segment", {"segment": segment}, cursor, snapshot.as_of)
    places = members(snapshot, segment)
    page = page_of(data, start, len(places), limit, lambda i: _row(data, snapshot, int(places[i])))
    value = snapshot.value[places].astype(float)
    return Answer(
        value=page.rows,
        sentence=plural(
            "{n} customer is in {segment}, with {value}.|"
            "{n} customers are in {segment}, with {value} together.",
            len(places),
            lang,
            segment=segment,
            value=plain_number(round(float(np.nansum(value)), 2), lang),
        ),
        definition=_definition(snapshot, lang),
        rows=len(places),
        first_ids=first_ids(page.rows, "customer"),
        next_cursor=page.next_cursor,
        **snapshot_fields(data, snapshot, as_of, lang),
    )


def _classes(data: QuestionData, snapshot: Snapshot) -> tuple[AbcResult, XyzResult]:
    """Return both classifications of a snapshot, with the cuts that its values lead to."""
    if data.analysis is not None and data.analysis.snapshot is snapshot:
        return data.analysis.abc, data.analysis.xyz
    settings = snapshot.settings
    abc = classify_abc(snapshot.value, settings.abc, metric=settings.metric)
    cuts = classify_cv(snapshot.cv, settings.xyz).cuts
    return abc, XyzResult(codes=snapshot.xyz, cv=snapshot.cv, cuts=cuts, rule=settings.xyz)


def matrix(
    data: QuestionData, *, as_of: AsOf = None, share: Flag = False, lang: Language = "en"
) -> Answer:
    """Return customers and money in each of the nine segments."""
    snapshot = snapshot_at(data, as_of)
    abc = AbcResult(
        codes=snapshot.abc,
        values=snapshot.value,
        cuts=_classes(data, snapshot)[0].cuts,
        rule=snapshot.settings.abc,
        metric=snapshot.settings.metric,
    )
    table = build_matrix(abc, _classes(data, snapshot)[1])
    if share:
        counts, values = table.count_shares.ravel(), table.value_shares.ravel()
        cells: dict[str, Any] = {
            name: {"customers": money_share(counts[k]), "value": money_share(values[k])}
            for k, name in enumerate(SEGMENTS)
        }
    else:
        cells = {
            name: {"customers": count, "value": money_or_none(value)}
            for name in SEGMENTS
            for count, value in [table.cell(name)]
        }
    best = int(np.argmax(table.value_shares.ravel()))
    sentence = plural(
        "{n} customer is classified; {segment} holds most of the money, {share}.|"
        "{n} customers are classified; {segment} holds most of the money, {share}.",
        table.customers,
        lang,
        segment=SEGMENTS[best],
        share=percent(float(table.value_shares.ravel()[best]), lang),
    )
    return Answer(
        value={
            "shares": share,
            "cells": cells,
            "not_classified": table.unclassified,
            "not_classified_value": money_or_none(table.unclassified_value),
        },
        sentence=sentence,
        definition=_definition(snapshot, lang),
        rows=len(snapshot),
        **snapshot_fields(data, snapshot, as_of, lang),
    )


def why_segment(
    data: QuestionData, *, customer: Customer, as_of: AsOf = None, lang: Language = "en"
) -> Answer:
    """Return why a customer has its segment: its figures against the thresholds."""
    snapshot = snapshot_at(data, as_of)
    i = place_of(data, snapshot, customer)
    row = _row(data, snapshot, i)
    fields = snapshot_fields(data, snapshot, as_of, lang)
    abc, xyz = _classes(data, snapshot)
    warnings = list(fields.pop("warnings"))
    same = bool((abc.codes == snapshot.abc).all())
    if not same:
        warnings.append(
            Remark(
                "thresholds_unknown",
                text("The thresholds of that snapshot cannot be computed again from it.", lang),
            )
        )
    value: dict[str, Any] = {**row, "abc": None, "xyz": None}
    name = quoted(data.label(plain(snapshot.customers[i])))
    if row["segment"] == "N":
        sentence = text("{name} is not classified: no sales in the window.", lang, name=name)
    else:
        reasons = []
        if same:
            value["abc"] = _nearness(
                float(snapshot.value[i]), abc.cuts.first, abc.cuts.second, ABC
            )
            reasons.append(abc.explain(i, lang))
        value["xyz"] = _nearness(float(snapshot.cv[i]), xyz.cuts.first, xyz.cuts.second, XYZ)
        reasons.append(xyz.explain(i, lang))
        sentence = text(
            "{name} is in segment {segment}. {reasons}.",
            lang,
            name=name,
            segment=row["segment"],
            reasons="; ".join(reasons),
        )
    return Answer(
        value=value,
        sentence=sentence,
        definition=_definition(snapshot, lang),
        rows=1,
        first_ids=(str(row["customer"]),),
        warnings=tuple(warnings),
        **fields,
    )


def _nearness(
    value: float, first: float, second: float, labels: tuple[str, ...]
) -> dict[str, Any]:
    """Return a figure, the thresholds of its axis, and the distance to the nearer one."""
    cuts = {labels[0]: money_share(first), labels[1]: money_share(second)}
    gaps: Floats = np.array([abs(value - one) for one in (first, second) if math.isfinite(one)])
    return {
        "figure": money_share(value),
        "thresholds": cuts,
        "to_nearest": money_share(float(gaps.min())) if len(gaps) else None,
    }


def advice(
    data: QuestionData,
    *,
    customer: OneCustomer = None,
    segment: OneSegment = None,
    lang: Language = "en",
) -> Answer:
    """Return what to do with a customer or a segment, by the playbook."""
    if (customer is None) == (segment is None):
        raise QuestionError(
            "advice is for one customer or for one segment",
            code="bad_argument",
            fix=message("call again with either customer or segment"),
        )
    snapshot = snapshot_at(data, None)
    shown: dict[str, Any] = {"customer": None, "name": None}
    if customer is not None:
        i = place_of(data, snapshot, customer)
        segment = _segment_name(snapshot, i)
        shown = data.shown(plain(snapshot.customers[i]))
    analysis = data.analysis
    if customer is not None and analysis is not None and analysis.actions is not None:
        what = analysis.actions[i].text(lang)
    else:
        what = _advice(segment or "N", lang)
    return Answer(
        value={**shown, "segment": segment, "advice": what},
        sentence=text("{segment}: {advice}.", lang, segment=segment, advice=what.rstrip(".")),
        definition=text("The recommendation of the playbook for the segment.", lang),
        rows=1,
        first_ids=(str(shown["customer"]),) if customer is not None else (),
        **snapshot_fields(data, snapshot, None, lang),
    )
