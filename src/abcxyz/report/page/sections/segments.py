"""Heat map of the nine segments, and the customers of each."""

from __future__ import annotations

import math
from typing import Any

from abcxyz.charts.svg import ink_on, shade
from abcxyz.charts.tiles import scaled
from abcxyz.core.advice.playbook import CUSTOMER_FIELDS
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.classes.segments import ABC, SEGMENTS, XYZ, tag
from abcxyz.i18n import date_text, number, percent
from abcxyz.report.customers import Customer, Facts, spark
from abcxyz.report.page.formatter import Formatter, bare

__all__ = ["segments"]


def segments(facts: Facts, show: Formatter, rows: int) -> dict[str, Any]:
    """Return the cells of the heat map, and the customers of each cell."""
    totals, lang = facts.totals, show.lang
    shares = [one.value_share for one in totals.segments]
    cells = []
    for one in totals.segments:
        paper = shade(scaled(one.value_share, shares))
        cells.append(
            {
                "segment": one.segment,
                "count": one.customers,
                "value": one.value,
                "value_share": one.value_share,
                "count_share": one.customers_share,
                "paper": paper,
                "ink": ink_on(paper),
            }
        )
    names = (show.say("steady"), show.say("uneven"), show.say("unpredictable"))
    return {
        "heat": [(ABC[i], cells[3 * i : 3 * i + 3]) for i in range(3)],
        "xyz_names": [*zip(XYZ, names, strict=True)],
        "not_classified": {"count": totals.unclassified},
        "panels": [
            _panel(facts, show, rows, code, tag(one, lang)) for code, one in enumerate(SEGMENTS)
        ],
    }


def _panel(facts: Facts, show: Formatter, rows: int, code: int, tag: str) -> dict[str, Any]:
    totals = facts.totals.segments[code]
    segment = totals.segment
    actions = facts.analysis.actions
    advice = None if actions is None else actions.playbook.advice[segment]
    # Fields that differ by customer are shown in the rows.
    fields = dict.fromkeys(CUSTOMER_FIELDS, "…")
    fields |= {"segment": segment, "after": segment}
    return {
        "segment": segment,
        "name": _capital(tag.partition(" - ")[2]),
        "count": totals.customers,
        "value": totals.value,
        "late": totals.late,
        "advice": "" if advice is None else advice.text.in_language(show.lang).format(**fields),
        "hint": "" if advice is None else advice.hint.in_language(show.lang).format(**fields),
        "channel": "" if advice is None else _channel(facts.analysis, show, advice.channel),
        "rows": [_row(facts, show, one) for one in facts.segment(code, rows)],
    }


def _channel(analysis: Analysis, show: Formatter, channel: str) -> str:
    actions = analysis.actions
    if actions is None or channel not in actions.playbook.channels:
        return channel
    return actions.playbook.channels[channel].in_language(show.lang) or channel


def _row(facts: Facts, show: Formatter, one: Customer) -> dict[str, Any]:
    actions, lang = facts.analysis.actions, show.lang
    known = not math.isnan(one.gap)
    return {
        "name": one.name,
        "borderline": one.certainty == "borderline",
        "id": "" if one.name == str(one.customer) else str(one.customer),
        "value": one.value,
        "value_v": bare(one.value),
        "share": one.share,
        "spark": spark(facts.analysis.panel.sales[one.place]),
        "trend": _change(show, one.trend),
        "trend_v": bare(one.trend),
        "last": "–" if one.last is None else date_text(one.last, lang),
        "last_v": "" if one.last is None else one.last.toordinal(),
        "gap": number(one.gap, lang) if known else "–",
        "gap_v": bare(one.gap),
        "usual": "" if math.isnan(one.usual) else number(math.floor(one.usual), lang),
        "late": one.late,
        "owner": one.owner,
        "channel": _channel(facts.analysis, show, one.channel),
        "action": "–" if actions is None else actions[one.place].text(lang),
    }


def _change(show: Formatter, change: float) -> str:
    if math.isnan(change):
        return "–"
    if change > 9.995:
        return show.say("×{times}", times=number(change + 1, show.lang))
    return ("+" if change >= 0.005 else "") + percent(change, show.lang, 0)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
