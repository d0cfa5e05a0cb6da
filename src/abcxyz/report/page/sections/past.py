"""Structure over time: shares of the classes in the results of a history; result of the alerts."""

from __future__ import annotations

import math
from typing import Any

from abcxyz.core.analysis.past import AlertRecord, PastResult, result_of
from abcxyz.core.classes.segments import ABC
from abcxyz.core.landmarks.horizon import LONGEST_HORIZON
from abcxyz.i18n import date_text
from abcxyz.report.customers import Facts
from abcxyz.report.page.formatter import Formatter
from abcxyz.report.page.sentences import SENTENCES

__all__ = ["past"]


def past(facts: Facts, show: Formatter) -> dict[str, Any]:
    """Return the structure by result, and what became of the alerts; None where not known."""
    results = facts.analysis.past
    return {
        "past": _structure(results, show) if len(results) > 1 else None,
        "result": _result(facts, show),
    }


def _result(facts: Facts, show: Formatter) -> dict[str, Any] | None:
    """Return what became of the alerts, and the hours by class; each silent where not known."""
    record, hours = facts.analysis.record, _hours(facts, show)
    if record is None and hours is None:
        return None
    alerts = (
        ""
        if record is None
        else show.say(
            "{raised} had an alert, {reached} of them were reached, {ordered} ordered",
            raised=show.say(SENTENCES["customers"], n=record.raised),
            reached=show.number(record.reached),
            ordered=show.number(record.ordered),
        )
    )
    followed = None if record is None else _followed(record, facts, show)
    parts = (alerts, followed["finding"] if followed else "", hours["finding"] if hours else "")
    return {
        "finding": "; ".join(one for one in parts if one),
        "followed": followed and followed["text"],
        "since": None if record is None else date_text(record.since, show.lang),
        "reached": 0 if record is None else record.reached,
        "hours": hours,
    }


def _followed(record: AlertRecord, facts: Facts, show: Formatter) -> dict[str, str] | None:
    """Return the money of the orders after the calls; None where it is not known, or not money."""
    if record.money is None or facts.analysis.settings.metric == "count":
        return None
    monthly = facts.analysis.panel.periods.bucket == "month"
    return {
        "finding": show.say("orders of {money} followed", money=show.compact(record.money))
        if record.money > 0
        else "",
        "text": show.say(
            "Orders that followed: {money} (known for {followed} of {reached} reached), in the "
            "whole months of the {days} days after the first outcome. Whether the calls brought "
            "them is not known."
            if monthly
            else "Orders that followed: {money} (known for {followed} of {reached} reached), in "
            "the whole periods of the {days} days after the first outcome. Whether the calls "
            "brought them is not known.",
            money=show.money(record.money),
            followed=show.number(record.followed),
            reached=show.number(record.reached),
            days=LONGEST_HORIZON,
        ),
    }


def _hours(facts: Facts, show: Formatter) -> dict[str, Any] | None:
    """Return the hours by class in this result, and in the earliest one that knows them."""
    analysis = facts.analysis
    now = result_of(analysis.snapshot, analysis.hours)
    if now.hours is None or not now.all_hours:
        return None
    known = [one for one in analysis.past if one.hours and one.dated < now.dated]
    then = known[0] if known else now
    before = then.hours or now.hours
    day = date_text(then.dated, show.lang) if known else ""
    hours, values = now.shares("hours"), now.shares("value")
    spared = round(before[2] - now.hours[2])
    if spared > 0:
        finding = show.say(
            "{n} hour less on class C than on {day}|{n} hours less on class C than on {day}",
            n=spared,
            day=day,
        )
    elif spared < 0:
        finding = show.say(
            "{n} hour more on class C than on {day}|{n} hours more on class C than on {day}",
            n=-spared,
            day=day,
        )
    else:
        finding = show.say(
            "Class C takes {hours} of the hours and brings {value} of the money",
            hours=_share(hours[2], show),
            value=_share(values[2], show),
        )
    # Whole hours would not add up where there are few.
    decimals = 0 if max(now.all_hours, then.all_hours) >= 100 else 1
    rows = [*zip(ABC, now.hours, before, hours, values, now.value, strict=True)]
    together = show.say("Together")
    rows.append((together, now.all_hours, then.all_hours, math.nan, math.nan, now.all_value))
    return {
        "finding": finding,
        "day": day,
        "money": analysis.settings.metric != "count",
        "rows": [
            {
                "letter": letter,
                "hours": show.number(spent, decimals),
                "before": show.number(was, decimals),
                "change": ("+" if round(spent - was, decimals) > 0 else "")
                + show.number(round(spent - was, decimals), decimals),
                "share": _share(share, show),
                "value": _share(value, show),
                "money": show.compact(brought / spent) if spent else "–",
            }
            for letter, spent, was, share, value, brought in rows
        ],
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
