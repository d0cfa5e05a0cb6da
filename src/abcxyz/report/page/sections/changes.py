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


def changes(facts: Facts, show: Formatter, moves: list[Move], rows: int) -> dict[str, Any]:
    """Show who moved, along which path, with how much money."""
    found = facts.analysis.transitions
    movers = [_plain(one) for one in moves]
    before = facts.analysis.previous
    paths = [] if found is None else _paths(found)
    return {
        "before_day": None if before is None else before.dated,
        "overlap": found is not None and found.overlap,
        "events": _events(facts, show),
        "paths": paths[:_PATHS],
        "paths_left": max(len(paths) - _PATHS, 0),
        "movers": movers[:rows],
        "movers_left": max(len(movers) - rows, 0),
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


def _paths(found: Transitions) -> list[dict[str, Any]]:
    """List the paths that led elsewhere, the most money first."""
    if found.value_before is None or found.value_after is None:
        return []
    rows = []
    for i, j in zip(*np.nonzero(found.counts), strict=True):
        if i == j or min(i, j) >= len(found.labels):
            continue
        before, after = float(found.money_before[i, j]), float(found.money_after[i, j])
        rows.append(
            {
                "before": found.states[i],
                "after": found.states[j],
                "count": int(found.counts[i, j]),
                "money_before": round(before, 2),
                "money_after": round(after, 2),
                "change": round(after - before, 2),
            }
        )
    rows.sort(key=lambda row: -max(row["money_before"], row["money_after"]))
    return rows
