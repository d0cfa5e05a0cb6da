"""Rules, groups, and the classes with their cuts."""

from __future__ import annotations

import math
from typing import Any

from abcxyz.charts.tiles import group_name
from abcxyz.core.classes.rules import Tangent
from abcxyz.i18n import money, percent
from abcxyz.report.customers import Facts
from abcxyz.report.page.formatter import Formatter
from abcxyz.report.vocabulary import rule_words

__all__ = ["cuts"]


def cuts(facts: Facts, show: Formatter) -> dict[str, Any]:
    """Return the rules, the cuts of the classes, and the groups."""
    analysis, lang = facts.analysis, show.lang
    settings = analysis.settings
    rule = show.say(
        "ABC: {abc}. XYZ: {xyz}.",
        abc=rule_words(settings.abc, lang),
        xyz=rule_words(settings.xyz, lang),
    )
    note = (
        show.say(
            "K and L are where the curve runs parallel to its chords: whoever brings at least "
            "the mean of the customers still in question stands before them."
        )
        if isinstance(settings.abc, Tangent)
        else show.say("K is where A ends, L is where B ends.")
    )
    return {
        "rule_abc": rule,
        "groups": _groups(facts, show),
        "curve_note": note,
        "cut_tables": [_cut_table(facts, show, "ABC"), _cut_table(facts, show, "XYZ")],
    }


def _groups(facts: Facts, show: Formatter) -> list[dict[str, Any]]:
    return [
        {
            "name": group_name(one.name, show.lang),
            "segments": ", ".join(one.segments),
            "count": one.customers,
            "value": one.value,
            "share": one.value_share,
        }
        for one in facts.totals.groups
    ]


def _cut_table(facts: Facts, show: Formatter, axis: str) -> dict[str, Any]:
    classes, cuts = (
        (facts.totals.abc, facts.totals.abc_cuts)
        if axis == "ABC"
        else (facts.totals.xyz, facts.totals.xyz_cuts)
    )
    rows = [
        {
            "letter": one.label,
            "count": one.customers,
            "count_share": one.customers_share,
            "value": one.value,
            "share": one.value_share,
            "cut": _cut(show, axis, cut),
        }
        for one, cut in zip(classes, cuts, strict=True)
    ]
    caption = (
        show.say("ABC: the cut is the least value of the class")
        if axis == "ABC"
        else show.say("XYZ: the cut is the largest variation of the class")
    )
    return {"caption": caption, "rows": rows}


def _cut(show: Formatter, axis: str, cut: float) -> str:
    if not math.isfinite(cut):
        return "–"
    if axis == "ABC":
        return "≥\N{NO-BREAK SPACE}" + money(
            cut, show.lang, 2 if abs(cut) < 1000 else 0, show.currency
        )
    return "≤\N{NO-BREAK SPACE}" + percent(cut, show.lang, 1)
