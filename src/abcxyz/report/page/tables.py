"""The lower parts of the page: cuts, moves, alerts, leads, quality, method."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from abcxyz.charts.svg import clean
from abcxyz.charts.tiles import group_name
from abcxyz.core.advice.alerts import Alert
from abcxyz.core.classes.rules import Tangent
from abcxyz.core.dynamics.transitions import Transitions
from abcxyz.core.sales.quality import KINDS, TREATMENTS
from abcxyz.i18n import money, percent
from abcxyz.report.customers import Move, name_of
from abcxyz.report.method import settings_rows
from abcxyz.report.page.formatter import Sight, bare
from abcxyz.report.vocabulary import ALERT_KINDS, EVENT_NAMES, GLOSSARY, rule_words

__all__ = ["MOST", "Tables"]

MOST = 50
_PATHS = 30
_GAP = re.compile(r"(?<=\d) (?=\d{3}(?!\d))")


class Tables(Sight):
    """What stands below the matrix."""

    def cuts(self) -> dict[str, Any]:
        """Say where the classes are cut."""
        analysis, lang = self._analysis, self._lang
        settings = analysis.settings
        rule = self._say(
            "ABC: {abc}. XYZ: {xyz}.",
            abc=rule_words(settings.abc, lang),
            xyz=rule_words(settings.xyz, lang),
        )
        note = (
            self._say(
                "K and L are where the curve runs parallel to its chords: whoever brings at least "
                "the mean of the customers still in question stands before them."
            )
            if isinstance(settings.abc, Tangent)
            else self._say("K is where A ends, L is where B ends.")
        )
        return {
            "rule_abc": rule,
            "groups": self._groups(),
            "curve_note": note,
            "cut_tables": [self._cut_table("ABC"), self._cut_table("XYZ")],
        }

    def _groups(self) -> list[dict[str, Any]]:
        return [
            {
                "name": group_name(one.name, self._lang),
                "segments": ", ".join(one.segments),
                "count": one.customers,
                "value": one.value,
                "share": one.value_share,
            }
            for one in self._totals.groups
        ]

    def _cut_table(self, axis: str) -> dict[str, Any]:
        classes, cuts = (
            (self._totals.abc, self._totals.abc_cuts)
            if axis == "ABC"
            else (self._totals.xyz, self._totals.xyz_cuts)
        )
        rows = [
            {
                "letter": one.label,
                "count": one.customers,
                "count_share": one.customers_share,
                "value": one.value,
                "share": one.value_share,
                "cut": self._cut(axis, cut),
            }
            for one, cut in zip(classes, cuts, strict=True)
        ]
        caption = (
            self._say("ABC: the cut is the least value of the class")
            if axis == "ABC"
            else self._say("XYZ: the cut is the largest variation of the class")
        )
        return {"caption": caption, "rows": rows}

    def _cut(self, axis: str, cut: float) -> str:
        if not math.isfinite(cut):
            return "–"
        if axis == "ABC":
            return "≥\N{NO-BREAK SPACE}" + money(
                cut, self._lang, 2 if abs(cut) < 1000 else 0, self._currency
            )
        return "≤\N{NO-BREAK SPACE}" + percent(cut, self._lang, 1)

    def changes(self) -> dict[str, Any]:
        """Show who moved, along which path, with how much money."""
        found = self._analysis.transitions
        movers = [_plain(one) for one in self._moves]
        before = self._analysis.previous
        paths = [] if found is None else _paths(found)
        return {
            "before_day": None if before is None else before.dated,
            "overlap": found is not None and found.overlap,
            "events": self._events(),
            "paths": paths[:_PATHS],
            "paths_left": max(len(paths) - _PATHS, 0),
            "movers": movers[: self._rows],
            "movers_left": max(len(movers) - self._rows, 0),
        }

    def _events(self) -> list[dict[str, Any]]:
        return [
            {
                "name": self._say(EVENT_NAMES[one.event]),
                "count": one.customers,
                "before": one.value_before,
                "after": one.value_after,
                "change": one.change,
            }
            for one in self._totals.events
        ]

    def _alert(self, one: Alert) -> dict[str, Any]:
        name = name_of(self._analysis, one.customer)
        return {
            "kind": one.kind,
            "kind_name": self._say(ALERT_KINDS[one.kind]),
            "name": name,
            "before": one.before,
            "after": one.after,
            "money": one.money,
            "money_v": "" if one.money is None else bare(one.money),
            "age": one.age,
            "owner": one.owner or "",
            "sentence": self._sentence(one, name),
        }

    def _sentence(self, one: Alert, name: str) -> str:
        # Isolated, for a name may turn the direction of what follows.
        told = one.sentence(self._lang, name=f"\N{FIRST STRONG ISOLATE}{clean(name, 60)}\u2069")
        return _GAP.sub("\N{NO-BREAK SPACE}", told)

    def lists(self) -> dict[str, Any]:
        """Show the prospects and the account of data quality."""
        scores, quality = self._analysis.prospects, self._totals.quality
        rows = []
        if scores is not None:
            order = np.argsort(-np.nan_to_num(scores.score), kind="stable")[:MOST]
            rows = [self._prospect(int(i)) for i in order]
        issues = [
            {
                "kind": self._say(KINDS.get(one.kind, one.kind)),
                "count": one.count,
                "amount": one.amount,
                "treatment": self._say(TREATMENTS.get(one.treatment, one.treatment)),
                "examples": "; ".join(clean(example, 60) for example in one.examples),
            }
            for one in (() if quality is None else quality.issues)
        ]
        return {
            "prospects": rows,
            "prospects_count": self._totals.prospects,
            "quality": quality,
            "issues": issues,
        }

    def _prospect(self, i: int) -> dict[str, Any]:
        scores = self._analysis.prospects
        assert scores is not None
        one, russian = scores[i], self._lang == "ru"
        verdict = one.verdict
        good = one.reasons_ru if russian else one.reasons
        bad = one.against_ru if russian else one.against
        chance = one.probability
        return {
            "name": name_of(self._analysis, scores.ids[i]),
            "grade": one.grade or self._say("not scored"),
            "letter": (one.grade or "N")[-1:],
            "score": one.score,
            "chance": "" if chance is None else percent(chance, self._lang, 0),
            "good": "; ".join(good) or "–",
            "bad": "; ".join(bad) or "–",
            "advice": (verdict.advice_ru if russian else verdict.advice_en) or "–",
        }

    def end(self) -> dict[str, Any]:
        """Say how it was computed, and what the words mean."""
        return {
            "settings": settings_rows(self._analysis, self._lang),
            "glossary": [(self._say(term), self._say(what)) for term, what in GLOSSARY.items()],
        }


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
