"""Structure over time: shares of the classes in the results of a history; result of the alerts."""

from __future__ import annotations

import math
from typing import Any

from abcxyz.core.analysis.past import PastResult
from abcxyz.core.classes.segments import ABC
from abcxyz.i18n import date_text
from abcxyz.report.customers import Facts
from abcxyz.report.page.formatter import Formatter

__all__ = ["past"]


def past(facts: Facts, show: Formatter) -> dict[str, Any]:
    """Return the structure by result, and what became of the alerts; None where not known."""
    record = facts.analysis.record
    results = facts.analysis.past
    return {
        "past": _structure(results, show) if len(results) > 1 else None,
        "result": None
        if record is None
        else {
            "finding": show.say(
                "{raised} had an alert, {reached} of them were reached, {ordered} ordered",
                raised=show.say("{n} customer|{n} customers", n=record.raised),
                reached=show.number(record.reached),
                ordered=show.number(record.ordered),
            ),
            "since": date_text(record.since, show.lang),
            "reached": record.reached,
        },
    }


def _structure(results: tuple[PastResult, ...], show: Formatter) -> dict[str, Any]:
    first, last = (one.shares("value")[0] for one in (results[0], results[-1]))
    points = round(last * 100) - round(first * 100) if first == first and last == last else 0
    fields = {
        "share": show.percent(None if math.isnan(last) else last, 0),
        "day": date_text(results[0].dated, show.lang),
    }
    if points > 0:
        finding = show.say(
            "Class A brings {share}, {n} point more than on {day}|"
            "Class A brings {share}, {n} points more than on {day}",
            n=points,
            **fields,
        )
    elif points < 0:
        finding = show.say(
            "Class A brings {share}, {n} point less than on {day}|"
            "Class A brings {share}, {n} points less than on {day}",
            n=-points,
            **fields,
        )
    else:
        finding = show.say("Class A brings {share}, as on {day}", **fields)
    return {
        "finding": finding,
        "panels": [
            (show.say("Share of value"), [_column(one, "value", show) for one in results]),
            (show.say("Share of customers"), [_column(one, "customers", show) for one in results]),
        ],
        "rows": [
            {
                "day": date_text(one.dated, show.lang),
                "value": [_share(part, show) for part in one.shares("value")],
                "customers": [_share(part, show) for part in one.shares("customers")],
            }
            for one in results
        ],
        "first": date_text(results[0].dated, show.lang),
        "last": date_text(results[-1].dated, show.lang),
        "letters": ABC,
    }


def _column(one: PastResult, what: str, show: Formatter) -> dict[str, Any]:
    shares = one.shares(what)
    parts = ", ".join(
        f"{letter} {_share(part, show)}" for letter, part in zip(ABC, shares, strict=True)
    )
    return {
        "tip": f"{date_text(one.dated, show.lang)}: {parts}",
        "heights": [
            0.0 if math.isnan(part) else round(max(part, 0.0) * 100, 2) for part in shares
        ],
    }


def _share(part: float, show: Formatter) -> str:
    return show.percent(None if math.isnan(part) else part, 0)
