"""Customers of class B who may reach class A."""

from __future__ import annotations

import math
from typing import Any

from abcxyz.i18n import translate
from abcxyz.report.customers import Facts, name_of
from abcxyz.report.page.formatter import Formatter, isolated

__all__ = ["growth"]

_MOST = 15


def growth(facts: Facts, show: Formatter) -> dict[str, Any]:
    """Return the growth list with its finding."""
    listed = facts.analysis.growth
    if listed is None or not len(listed):
        return {"growth": None}
    first = isolated(name_of(facts.analysis, listed[0].customer), 60)
    return {
        "growth": {
            "finding": show.say("May rise to A: {name}", name=first)
            if len(listed) == 1
            else show.say(
                "May rise to A: {name} and {n} more|May rise to A: {name} and {n} more",
                n=len(listed) - 1,
                name=first,
            ),
            "why": translate(listed.why, show.lang),
            "days": listed.horizon_days,
            "rows": [
                {
                    "id": str(one.customer),
                    "name": name_of(facts.analysis, one.customer),
                    "segment": one.segment,
                    "owner": one.owner or "",
                    "missing": one.missing,
                    "chance": ""
                    if math.isnan(one.probability)
                    else show.percent(one.probability, 0),
                    "gain": one.expected_gain,
                    "why": "; ".join(one.reasons(show.lang)),
                }
                for one in listed[:_MOST]
            ],
            "left": max(len(listed) - _MOST, 0),
            "held_back": listed.held_back,
        }
    }
