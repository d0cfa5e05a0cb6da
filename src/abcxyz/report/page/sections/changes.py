"""Changes since the previous result: events, paths, customers."""

from __future__ import annotations

from typing import Any

import numpy as np

from abcxyz.core.dynamics.transitions import Transitions
from abcxyz.report.customers import Facts, Move
from abcxyz.report.page.formatter import Formatter
from abcxyz.report.vocabulary import EVENT_NAMES

__all__ = ["changes"]

_PATHS = 30


def changes(facts: Facts, show: Formatter, rows: int) -> dict[str, Any]:
    """Return the transitions: events, paths and customers, with their money."""
    transitions = facts.analysis.transitions
    before = facts.analysis.previous
    paths = [] if transitions is None else _paths(transitions)
    return {
        "before_day": None if before is None else before.dated,
        "overlap": transitions is not None and transitions.overlap,
        "events": _events(facts, show),
        "paths": paths[:_PATHS],
        "paths_left": max(len(paths) - _PATHS, 0),
        "movers": [_plain(one) for one in facts.moves(rows)],
        "movers_left": max(len(facts.moved) - rows, 0),
    }


def _events(facts: Facts, show: Formatter) -> list[dict[str, Any]]:
    return [
        {
            "name": show.say(EVENT_NAMES[one.event]),
            "count": one.customers,
            "before": one.value_before,
            "after": one.value_after,
            "change": one.change,
        }
        for one in facts.totals.events
    ]


def _plain(move: Move) -> dict[str, Any]:
    return {
        "name": move.name,
        "before": move.before,
        "after": move.after,
        "event": move.event,
        "change": round(move.change, 2),
    }


def _paths(transitions: Transitions) -> list[dict[str, Any]]:
    """List the paths between different states, the most money first."""
    if transitions.value_before is None or transitions.value_after is None:
        return []
    rows = []
    for i, j in zip(*np.nonzero(transitions.counts), strict=True):
        if i == j or min(i, j) >= len(transitions.labels):
            continue
        before, after = float(transitions.money_before[i, j]), float(transitions.money_after[i, j])
        rows.append(
            {
                "before": transitions.states[i],
                "after": transitions.states[j],
                "count": int(transitions.counts[i, j]),
                "money_before": round(before, 2),
                "money_after": round(after, 2),
                "change": round(after - before, 2),
            }
        )
    rows.sort(key=lambda row: -max(row["money_before"], row["money_after"]))
    return rows
