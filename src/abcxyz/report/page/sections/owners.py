"""Owners: the value of their customers, its change, and what of it is in question."""

from __future__ import annotations

import math
from typing import Any

from abcxyz.core.analysis.series import OwnerTotal, owner_totals
from abcxyz.report.customers import Facts
from abcxyz.report.page.formatter import Formatter
from abcxyz.report.page.sentences import SENTENCES

__all__ = ["MOST_OWNERS", "owners"]

#: Maximum owners on the page.
MOST_OWNERS = 40


def owners(facts: Facts, show: Formatter) -> dict[str, Any]:
    """Return a row for each responsible employee, the most money in question first."""
    rows = owner_totals(facts.analysis, facts.owners)
    if not rows:
        return {"owners": None}
    first = rows[0]
    finding = (
        show.say(SENTENCES["question"],
                 owner=first.owner, money=show.compact(first.in_question))
        if first.in_question > 0
        else show.say(SENTENCES["noQuestion"])
    )  # fmt: skip
    return {
        "owners": {
            "finding": finding,
            "rows": [_row(show, one) for one in rows[:MOST_OWNERS]],
            "left": max(len(rows) - MOST_OWNERS, 0),
        }
    }


def _row(show: Formatter, one: OwnerTotal) -> dict[str, Any]:
    growth = one.growth
    return {
        "name": one.owner,
        "customers": one.customers,
        "value": one.value,
        "growth": "–"
        if math.isnan(growth)
        else ("+" if growth >= 0.005 else "") + show.percent(growth, 0),
        "down": one.value < one.before,
        "question": one.in_question,
        "waiting": one.calls,
    }
