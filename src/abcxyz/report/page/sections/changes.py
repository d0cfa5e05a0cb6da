"""What changed: the bridge between two windows, and the customers behind each of its steps."""

from __future__ import annotations

from typing import Any

from abcxyz.core.analysis.bridge import STEPS, Bridge
from abcxyz.i18n import date_text
from abcxyz.report.customers import Facts, name_of
from abcxyz.report.page.formatter import Formatter
from abcxyz.report.page.sections.figures import window_text
from abcxyz.report.page.sentences import SENTENCES
from abcxyz.report.vocabulary import EVENT_NAMES, STEP_NAMES

__all__ = ["MOST_NAMES", "changes"]

#: Maximum names of a step, and of the moves.
MOST_NAMES = 10


def changes(facts: Facts, show: Formatter) -> dict[str, Any]:
    """Return the bridge with its finding, and what happened since the previous result."""
    analysis, previous = facts.analysis, facts.analysis.previous
    bridge, past = analysis.bridge, analysis.year_before
    return {
        "bridge": None if bridge is None or past is None else _bridge(facts, show, bridge),
        "windows": None
        if past is None
        else show.say(
            "{before} against {now}. The windows share no day.",
            before=window_text(show, past.window),
            now=window_text(show, analysis.snapshot.periods.window),
        ),
        "before_day": None if previous is None else date_text(previous.dated, show.lang),
        "events": [
            {
                "name": show.say(EVENT_NAMES[one.event]),
                "count": one.customers,
                "before": one.value_before,
                "after": one.value_after,
                "change": one.change,
            }
            for one in facts.totals.events
        ],
        "movers": facts.moves(MOST_NAMES),
        "structure": show.say(
            SENTENCES["moved"],
            n=facts.totals.fell.customers,
            rose=show.number(facts.totals.rose.customers),
        )
        if facts.totals.fell.customers or facts.totals.rose.customers
        else show.say(SENTENCES["stayed"]),
    }


def _bridge(facts: Facts, show: Formatter, bridge: Bridge) -> dict[str, Any]:
    widest = max((abs(one.change) for one in bridge.steps), default=0.0) or 1.0
    lost = -(bridge.of("shrunk").change + bridge.of("gone").change)
    old, new = bridge.of("grown").change, bridge.of("new").change
    fields = {"lost": show.compact(lost), "won": show.compact(old + new)}
    if old + new <= 0 and lost <= 0:
        finding = show.say(SENTENCES["unchanged"])
    elif lost <= 0:
        finding = show.say(SENTENCES["onlyMore"], **fields)
    elif old + new <= 0:
        finding = show.say(SENTENCES["onlyLess"], **fields)
    elif old >= new:
        finding = show.say(
            SENTENCES["byOld"],
            **fields,
        )
    else:
        finding = show.say(
            SENTENCES["byNew"],
            **fields,
        )
    return {
        "finding": finding,
        "before": bridge.before,
        "after": bridge.after,
        "steps": [
            {
                "step": step,
                "name": show.say(STEP_NAMES[step]),
                "count": one.customers,
                "change": one.change,
                "width": round(abs(one.change) / widest * 100, 2),
                "names": [
                    {
                        "id": _identifier(facts, i),
                        "name": name_of(facts.analysis, facts.analysis.snapshot.customers[i]),
                        "change": float(bridge.change[i]),
                    }
                    for i in bridge.places(step)[:MOST_NAMES].tolist()
                ],
                "more": max(one.customers - MOST_NAMES, 0),
            }
            for step, one in zip(STEPS, bridge.steps, strict=True)
        ],
    }


def _identifier(facts: Facts, i: int) -> str:
    return str(facts.analysis.snapshot.customers[i])
