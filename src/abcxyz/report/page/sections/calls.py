"""Customers to call today, those silent for longer before, and those who may rise to A."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from abcxyz.core.advice.alerts import Alert
from abcxyz.core.advice.calls import Call
from abcxyz.i18n import date_text, translate
from abcxyz.report.customers import Facts, name_of
from abcxyz.report.page.formatter import Formatter, isolated, prose, themed
from abcxyz.report.page.sentences import SENTENCES
from abcxyz.report.vocabulary import ALERT_KINDS

__all__ = ["MOST_CALLS", "OPEN_CALLS", "calls", "chosen_lists", "growth", "silent_before"]

#: Maximum calls on the page, and those of them that are not folded.
MOST_CALLS, OPEN_CALLS = 30, 10
_FEW = 15
_STRIP = 12  # the last months of a strip, which are drawn strongly
#: Kinds of alerts that the call list and the growth list replace.
_CALLED = ("lapsed_a", "near_a")


def calls(facts: Facts, show: Formatter) -> dict[str, Any]:
    """Return the call list with its finding, and the lists of other alerts."""
    listed, tried = facts.analysis.calls, facts.analysis.backtest
    found, returned = _called(facts)
    longest = max(
        [one.days for one in found]
        + [one.longest for one in found if not math.isnan(one.longest)],
        default=1.0,
    )
    rows = [_row(facts, show, one, max(longest, 1.0)) for one in found[:MOST_CALLS]]
    return {
        "calls": {
            "finding": show.say("No call list: it needs the days of all orders")
            if listed is None
            else _finding(facts, show, found, returned),
            "horizon": 0 if listed is None else listed.horizon_days,
            "rows": rows[:OPEN_CALLS],
            "folded": rows[OPEN_CALLS:],
            "left": max(len(found) - MOST_CALLS, 0),
            "held_back": 0 if listed is None else listed.held_back,
            "waiting": 0 if listed is None else listed.waiting,
            "returned": [_returned_row(facts, i) for i in returned[:MOST_CALLS]],
            "returned_count": len(returned),
        },
        "backtest": None
        if tried is None or not tried.namings
        else {
            "sentence": prose(tried.sentence(show.lang)),
            "picture": themed(
                tried.plot(show.lang, width=600, currency=show.currency, finding=False)
            ),
            "days": tried.horizon_days,
        },
        "alert_lists": _lists(facts, show),
    }


def _called(facts: Facts) -> tuple[list[Call], list[int]]:
    """Return the calls in the order of the page, and who was silent for longer and came back."""
    listed = facts.analysis.calls
    # First those who have never been silent for so long; among them the order of the list.
    found = sorted(listed or (), key=lambda one: not one.never_so_long)
    # Without a call list the days of the orders are not known, but by month.
    named = {one.customer for one in found}
    return found, [] if listed is None else _returned(facts, named)


def silent_before(facts: Facts) -> list[int]:
    """Return the positions of those who are silent, but came back after longer pauses."""
    return _called(facts)[1]


def chosen_lists(facts: Facts) -> dict[str, Any]:
    """Return the lists of customers for the script, by their positions in the page's order."""
    found, returned = _called(facts)
    growing = facts.analysis.growth or ()
    place = np.empty(len(facts.order), dtype=np.int64)
    place[facts.order] = np.arange(len(facts.order))

    def at(customer: Any) -> int:
        known = facts.places.get(customer)
        return -1 if known is None else int(place[known])

    return {
        "calls": None
        if facts.analysis.calls is None
        else [
            [
                at(one.customer),
                one.days,
                None if math.isnan(one.usual) else round(one.usual),
                None if math.isnan(one.longest) else int(one.longest),
                None if math.isnan(one.money) else round(one.money, 2),
                None if math.isnan(one.probability) else round(one.probability, 4),
                int(one.never_so_long),
            ]
            for one in found
        ],
        "returned": [
            [int(place[i]), math.floor(facts.days[i]), int(facts.longest[i])] for i in returned
        ],
        "growth": [at(one.customer) for one in growing],
        "alerts": {
            kind: [at(one.customer) for one in alerts] for kind, alerts in _kinds(facts).items()
        },
    }


def _finding(facts: Facts, show: Formatter, found: Sequence[Call], returned: list[int]) -> str:
    if not found:
        if returned:
            return show.say(
                SENTENCES["onlyReturned"],
                n=len(returned),
            )
        return show.say(SENTENCES["noCalls"])
    first = isolated(name_of(facts.analysis, found[0].customer), 60)
    if len(found) == 1:
        begun = show.say(SENTENCES["call"], name=first)
    else:
        begun = show.say(
            SENTENCES["calls"],
            n=len(found) - 1,
            name=first,
        )
    listed = facts.analysis.calls
    before = 0 if listed is None else listed.silent_before
    if before and len(found) > 1:
        return show.say(
            SENTENCES["ofThem"],
            n=before,
            begun=begun,
        )
    if not returned:
        return begun
    return show.say(
        SENTENCES["returned"],
        n=len(returned),
        begun=begun,
    )


def _returned(facts: Facts, named: set[Any]) -> list[int]:
    """List silent customers of class A who came back after a longer silence, by their value."""
    analysis = facts.analysis
    silent = (analysis.snapshot.abc == 0) & facts.silence.late & (facts.days <= facts.longest)
    chosen = np.zeros(len(silent), dtype=bool)
    chosen[silent] = [one not in named for one in analysis.snapshot.customers[silent].tolist()]
    listed: list[int] = facts.order[chosen[facts.order]].tolist()
    return listed


def _row(facts: Facts, show: Formatter, one: Call, most: float) -> dict[str, Any]:
    name = name_of(facts.analysis, one.customer)
    known = not math.isnan(one.longest)
    return {
        "id": str(one.customer),
        "name": name,
        "segment": one.segment,
        "owner": one.owner or "",
        "never": one.never_so_long,
        "past": show.say(SENTENCES["never"])
        if one.never_so_long
        else show.say(SENTENCES["once"])
        if not known
        else show.say(SENTENCES["pause"],
                      n=int(one.longest)),
        "days": one.days,
        "usual": None if math.isnan(one.usual) else round(one.usual),
        "bar": round(one.days / most * 100, 2),
        "tick": None if math.isnan(one.usual) else round(min(one.usual / most, 1.0) * 100, 2),
        "pause": round(min(one.longest / most, 1.0) * 100, 2) if known else None,
        "money": one.money,
        "last": date_text(one.last_day, show.lang),
        "months": _heights(one.months or _buckets(facts, one.customer)),
        "reasons": "; ".join(one.reasons(show.lang)),
        "chance": "" if math.isnan(one.probability) else show.percent(one.probability, 0),
        "like": one.like,
        "hint": _hint(facts, show, one.customer),
        "outcome": "" if one.outcome is None else date_text(one.outcome.day, show.lang),
    }  # fmt: skip


def _hint(facts: Facts, show: Formatter, customer: Any) -> str:
    actions = facts.analysis.actions
    place = facts.places.get(customer)
    return "" if actions is None or place is None else actions[place].hint(show.lang)


def _buckets(facts: Facts, customer: Any) -> list[float]:
    """Return the last buckets of a customer, where the days of the orders are not known."""
    place, past = facts.places.get(customer), facts.analysis.year_before
    if place is None:
        return []
    earlier = [] if past is None else past.sales[place].tolist()
    series = [*earlier, *facts.analysis.panel.sales[place].tolist()]
    return [0.0 if math.isnan(one) else one for one in series[-2 * _STRIP :]]


def _heights(months: Sequence[float]) -> list[tuple[float, bool]]:
    """Return the relative height of each month, and whether it is one of the last twelve."""
    top = max([*months, 0.0])
    if not top > 0:
        return []
    recent = len(months) - _STRIP
    return [(round(max(one, 0.0) / top * 24, 1), i >= recent) for i, one in enumerate(months)]


def _returned_row(facts: Facts, i: int) -> dict[str, Any]:
    one = facts.customer(i)
    return {
        "id": str(one.customer),
        "name": one.name,
        "segment": one.segment,
        "owner": one.owner,
        "days": math.floor(one.gap),
        "longest": int(facts.longest[i]),
        "value": one.value,
    }


def _lists(facts: Facts, show: Formatter) -> list[dict[str, Any]]:
    """List the alerts by kind, other than those of the call list."""
    return [
        {
            "name": kind,
            "kind": show.say(ALERT_KINDS[kind]),
            "count": len(alerts),
            "rows": [
                {
                    "id": "" if one.about_figure else str(one.customer),
                    "name": one.subject(show.lang, name=name_of(facts.analysis, one.customer)),
                    "money": one.money,
                    "owner": one.owner or "",
                    "why": _sentence(facts, show, one),
                }
                for one in alerts[:_FEW]
            ],
        }
        for kind, alerts in _kinds(facts).items()
    ]


def _kinds(facts: Facts) -> dict[str, list[Alert]]:
    kinds: dict[str, list[Alert]] = {}
    for one in facts.analysis.alerts:
        if one.kind not in _CALLED:
            kinds.setdefault(one.kind, []).append(one)
    return kinds


def _sentence(facts: Facts, show: Formatter, one: Alert) -> str:
    # Isolated, because a name may change the writing direction of the text after it.
    name = isolated(name_of(facts.analysis, one.customer), 60)
    return prose(one.sentence(show.lang, name=name, currency=show.currency))


def growth(facts: Facts, show: Formatter) -> dict[str, Any]:
    """Return the growth list with its finding."""
    listed = facts.analysis.growth
    if listed is None or not len(listed):
        return {"growth": None}
    first = isolated(name_of(facts.analysis, listed[0].customer), 60)
    return {
        "growth": {
            "finding": show.say(SENTENCES["rise"], name=first)
            if len(listed) == 1
            else show.say(
                SENTENCES["rises"],
                n=len(listed) - 1,
                name=first,
            ),
            "why": prose(translate(listed.why, show.lang)),
            "days": listed.horizon_days,
            # Without chances there is nothing to order by but what is missing.
            "learned": any(not math.isnan(one.probability) for one in listed),
            "reasons": any(one.reasons(show.lang) for one in listed[:_FEW]),
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
                    "why": prose("; ".join(one.reasons(show.lang))),
                }
                for one in listed[:_FEW]
            ],
            "left": max(len(listed) - _FEW, 0),
            "held_back": listed.held_back,
        }
    }
