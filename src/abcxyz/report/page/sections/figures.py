"""Top of the page: the finding in one sentence, and four figures with their comparison."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from abcxyz.i18n import date_text
from abcxyz.report.customers import Facts
from abcxyz.report.page.formatter import Formatter
from abcxyz.report.page.sentences import SENTENCES
from abcxyz.report.vocabulary import METRICS, month_name

__all__ = ["CARRIES", "GROWN", "STILL", "WHOLE", "figures", "window_text"]

GROWN: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "revenue": ("Revenue is unchanged", "Revenue rose by {share}", "Revenue fell by {share}"),
        "profit": ("Profit is unchanged", "Profit rose by {share}", "Profit fell by {share}"),
        "count": (
            "The number of orders is unchanged",
            "Orders rose by {share}",
            "Orders fell by {share}",
        ),
    }
)
"""Metric -> sentences of no change, of a rise and of a fall."""

CARRIES: Mapping[str, str] = MappingProxyType(
    {
        "revenue": "{n} customer of class A brings {value} of the revenue|"
        "{n} customers of class A bring {value} of the revenue",
        "profit": "{n} customer of class A brings {value} of the profit|"
        "{n} customers of class A bring {value} of the profit",
        "count": "{n} customer of class A gives {value} of the orders|"
        "{n} customers of class A give {value} of the orders",
    }
)
"""Metric -> sentence of how much class A brings."""

STILL = 0.0005
"""A smaller relative change rounds to 0.0 %."""

WHOLE = 0.0995
"""A larger one is written without decimals."""


def figures(facts: Facts, show: Formatter) -> dict[str, Any]:
    """Return the finding, and the four figures beneath it."""
    analysis, totals = facts.analysis, facts.totals
    bridge, past = analysis.bridge, analysis.year_before
    a_class, core = totals.abc[0], totals.segments[0]
    calls = analysis.calls
    growth = "" if bridge is None else _growth(show, analysis.settings.metric, bridge.growth)
    silent = 0 if calls is None else calls.never_so_long
    silence = show.say(
        SENTENCES["silent"],
        n=silent,
    )
    if growth and silent:
        joined = (
            show.say(SENTENCES["but"], growth=growth, silence=silence)
            if bridge is not None and bridge.after > bridge.before
            else show.say(SENTENCES["and"], growth=growth, silence=silence)
        )
    else:
        joined = growth or (silence if silent else _carries(facts, show))
    against = (
        show.say(
            "compared with the window before, {window}", window=window_text(show, past.window)
        )
        if past is not None and bridge is not None
        else show.say(
            "no comparison with the window before: the sales begin on {day}",
            day=date_text(past.first, show.lang),
        )
        if past is not None and past.first is not None
        else show.say("no comparison with the window before: it has no sales")
        if past is not None
        else show.say("no comparison with the window before: its sales are not known")
    )
    return {
        "finding": joined,
        "compared": against,
        "figures": [
            _figure(
                "value",
                show.say(METRICS.get(analysis.settings.metric, "Value")),
                show.compact(totals.total_value),
                "months",
                change=0.0 if bridge is None else bridge.after - bridge.before,
                note="" if bridge is None else show.say("to the window before"),
                same="" if bridge is None else show.say("as in the window before"),
                show=show,
            ),
            _figure(
                "a",
                show.say("Class A brings"),
                show.percent(_known(a_class.value_share), 0),
                "cells",
                note=show.say(
                    SENTENCES["part"],
                    n=a_class.customers,
                    all=show.number(totals.classified),
                ),
            ),
            _figure(
                "core",
                show.say("Steady AX bring"),
                show.percent(_known(core.value_share), 0),
                "cells",
                note=show.compact(core.value),
            ),
            _figure(
                "doubt",
                show.say("In question"),
                "–" if calls is None else show.compact(calls.money),
                "calls",
                note="" if not calls else show.say(SENTENCES["toCall"], n=len(calls)),
                warn=calls is not None and len(calls) > 0,
            ),
        ],
    }


def _figure(
    name: str,
    label: str,
    value: str,
    link: str,
    *,
    note: str,
    same: str = "",
    change: float = 0.0,
    warn: bool = False,
    show: Formatter | None = None,
) -> dict[str, Any]:
    return {
        "id": name,
        "name": label,
        "value": value,
        "link": link,
        "note": note,
        "same": same,
        "change": "" if show is None or not change else show.compact(change, signed=True),
        "down": change < 0,
        "warn": warn,
    }


def window_text(show: Formatter, window: Any) -> str:
    """Return a window of whole months by their names, and any other by its days."""
    if window.since.day == 1 and window.until.day == 1:
        first, last = (
            month_name(day, show.lang, year=True) for day in (window.since, window.last)
        )
        return first if first == last else show.say("{first} – {last}", first=first, last=last)
    days = (date_text(day, show.lang) for day in (window.since, window.last))
    return show.say("{first} – {last}", **dict(zip(("first", "last"), days, strict=True)))


def _known(share: float) -> float | None:
    return None if math.isnan(share) else share


def _growth(show: Formatter, metric: str, growth: float) -> str:
    if math.isnan(growth):
        return ""
    still, rose, fell = GROWN.get(metric, GROWN["revenue"])
    if abs(growth) < STILL:
        return show.say(still)
    share = show.percent(abs(growth), 1 if abs(growth) < WHOLE else 0)
    return show.say(rose if growth > 0 else fell, share=share)


def _carries(facts: Facts, show: Formatter) -> str:
    """Say how much class A brings, where nothing more urgent is known."""
    a_class = facts.totals.abc[0]
    if not a_class.customers or math.isnan(a_class.value_share):
        return show.say(SENTENCES["nobody"])
    return show.say(
        CARRIES.get(facts.analysis.settings.metric, CARRIES["revenue"]),
        n=a_class.customers,
        value=show.percent(a_class.value_share, 0),
    )
