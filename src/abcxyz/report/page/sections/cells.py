"""The nine cells: money over customers, the change of their number, and the customers of each."""

from __future__ import annotations

import math
from typing import Any

from abcxyz.charts.tiles import group_name
from abcxyz.core.advice.playbook import CUSTOMER_FIELDS
from abcxyz.core.analysis.series import segment_counts
from abcxyz.core.classes.segments import ABC, BCG, SEGMENTS, XYZ, tag
from abcxyz.i18n import date_text
from abcxyz.report.customers import Customer, Facts, doubtful_letters
from abcxyz.report.page.formatter import Formatter, prose
from abcxyz.report.page.sentences import SENTENCES

__all__ = ["cells", "segment_advice"]


def cells(facts: Facts, show: Formatter, rows: int) -> dict[str, Any]:
    """Return the cells with their finding, and the largest customers of each."""
    totals = facts.totals
    previous = facts.analysis.previous
    before = None if previous is None else segment_counts(previous)
    most = max((max(one.value_share, one.customers_share) for one in totals.segments
                if not math.isnan(one.value_share)), default=0.0) or 1.0  # fmt: skip
    listed = []
    for code, one in enumerate(totals.segments):
        share = 0.0 if math.isnan(one.value_share) else max(one.value_share, 0.0)
        listed.append(
            {
                "segment": one.segment,
                "group": group_name(BCG.of(one.segment), show.lang),
                "count": one.customers,
                "value": one.value,
                "value_share": share,
                "count_share": one.customers_share,
                "money_width": round(share / most * 100, 1),
                "count_width": round(_number(one.customers_share) / most * 100, 1),
                "change": None if before is None else one.customers - before[code],
            }
        )
    top = max(totals.segments, key=lambda one: _number(one.value_share))
    finding = show.say(
        SENTENCES["cells"],
        n=top.customers,
        segment=top.segment,
        base=show.percent(_known(top.customers_share), 0),
        money=show.percent(_known(top.value_share), 0),
    )
    names = (show.say("steady"), show.say("uneven"), show.say("unpredictable"))
    return {
        "cells": {
            "finding": finding,
            "rows": [(ABC[i], listed[3 * i : 3 * i + 3]) for i in range(3)],
            "xyz": [*zip(XYZ, names, strict=True)],
            "compared": before is not None,
            "without": totals.unclassified,
        },
        "panels": [_panel(facts, show, rows, code, name) for code, name in enumerate(SEGMENTS)],
    }


def segment_advice(facts: Facts, show: Formatter) -> list[dict[str, str]]:
    """Return the name, the advice and the sentence to say of each segment."""
    return [_advice(facts, show, name) for name in SEGMENTS]


def _advice(facts: Facts, show: Formatter, segment: str) -> dict[str, str]:
    actions = facts.analysis.actions
    name = tag(segment, show.lang).partition(" - ")[2]
    name = name[:1].upper() + name[1:]
    advice = None if actions is None else actions.playbook.advice[segment]
    if advice is None or actions is None:
        return dict.fromkeys(("advice", "hint", "channel"), "") | {"name": name}
    # Fields that differ by customer have no value for a whole segment.
    fields = dict.fromkeys(CUSTOMER_FIELDS, "…") | {"segment": segment, "after": segment}
    known = actions.playbook.channels
    channel = advice.channel
    if channel in known:
        channel = known[channel].in_language(show.lang) or channel
    return {
        "name": name,
        "advice": advice.text.in_language(show.lang).format(**fields),
        "hint": advice.hint.in_language(show.lang).format(**fields),
        "channel": channel,
    }


def _panel(facts: Facts, show: Formatter, rows: int, code: int, segment: str) -> dict[str, Any]:
    totals = facts.totals.segments[code]
    about = _advice(facts, show, segment)
    listed = [_row(facts, show, one, about["advice"]) for one in facts.segment(code, rows)]
    return {
        "segment": segment,
        **about,
        "count": totals.customers,
        "value": totals.value,
        "late": totals.late,
        "rows": listed,
        "other": any(one["action"] for one in listed),
    }


def _row(facts: Facts, show: Formatter, one: Customer, advice: str) -> dict[str, Any]:
    """Return a row; what to do, where it is not the *advice* of the whole segment."""
    actions = facts.analysis.actions
    action = advice if actions is None else actions[one.place].text(show.lang)
    return {
        "name": one.name,
        "id": "" if one.name == str(one.customer) else str(one.customer),
        "doubt": _doubt(show, one),
        "value": one.value,
        "share": one.share,
        "trend": _change(show, one.trend),
        "last": "–" if one.last is None else date_text(one.last, show.lang),
        "gap": "–" if math.isnan(one.gap) else show.number(one.gap),
        "usual": "" if math.isnan(one.usual) else show.number(one.usual),
        "late": one.late,
        "owner": one.owner,
        "action": "" if action == advice else prose(action),
    }


def _doubt(show: Formatter, one: Customer) -> str:
    """Say which letter of a borderline segment is in question."""
    letters = doubtful_letters(one.segment, one.doubtful)
    return show.say("{letters} in question", letters=letters) if letters else ""


def _change(show: Formatter, change: float) -> str:
    if math.isnan(change):
        return "–"
    if change > 9.995:
        return show.say("×{times}", times=show.number(change + 1))
    return ("+" if change >= 0.005 else "") + show.percent(change, 0)


def _number(share: float) -> float:
    return 0.0 if math.isnan(share) else share


def _known(share: float) -> float | None:
    return None if math.isnan(share) else share
