"""Owners: the value of their customers, its change, and what of it is in question."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from abcxyz.report.customers import Facts
from abcxyz.report.page.formatter import Formatter

__all__ = ["owners"]

_MOST = 40


def owners(facts: Facts, show: Formatter) -> dict[str, Any]:
    """Return a row for each responsible employee, the most money in question first."""
    analysis = facts.analysis
    names = sorted({one for one in facts.owners if one})
    if not names:
        return {"owners": None}
    place = {name: i for i, name in enumerate(names)}
    code = np.array([place.get(one, -1) for one in facts.owners])
    known = code >= 0

    def sums(values: Any) -> list[float]:
        weights = np.nan_to_num(np.asarray(values, dtype=float)[known])
        totals: list[float] = np.bincount(code[known], weights, len(names)).tolist()
        return totals

    value = sums(analysis.panel.value)
    counts = np.bincount(code[known & (analysis.snapshot.segment >= 0)], minlength=len(names))
    past = analysis.year_before
    compared = analysis.bridge is not None and past is not None
    before = sums(past.value) if compared and past is not None else [math.nan] * len(names)
    question, waiting = [0.0] * len(names), [0] * len(names)
    for one in analysis.calls or ():
        if one.owner in place:
            question[place[one.owner]] += one.money
            waiting[place[one.owner]] += 1
    rows = [
        {
            "name": name,
            "customers": int(counts[i]),
            "value": value[i],
            "growth": _growth(show, value[i], before[i]),
            "down": value[i] < before[i],
            "question": question[i],
            "waiting": waiting[i],
        }
        for name, i in place.items()
    ]
    rows.sort(key=lambda row: (-row["question"], -row["value"], row["name"]))
    first = rows[0]
    finding = (
        show.say("Most is in question with {owner}: {money}",
                 owner=first["name"], money=show.compact(first["question"]))
        if first["question"] > 0
        else show.say("No owner has a customer in question")
    )  # fmt: skip
    return {
        "owners": {
            "finding": finding,
            "rows": rows[:_MOST],
            "left": max(len(rows) - _MOST, 0),
            "compared": compared,
        }
    }


def _growth(show: Formatter, value: float, before: float) -> str:
    if math.isnan(before) or before <= 0:
        return "–"
    change = value / before - 1
    return ("+" if change >= 0.005 else "") + show.percent(change, 0)
