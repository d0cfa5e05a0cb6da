"""A report in one language: every number and sentence that the page shows."""

from __future__ import annotations

import functools
import math
import re
from typing import Any

import numpy as np
from markupsafe import Markup, escape

from abcxyz import charts
from abcxyz.charts.svg import clean, ink_on, shade
from abcxyz.charts.tiles import group_name, scaled
from abcxyz.core.alerts import Alert
from abcxyz.core.analysis import Analysis
from abcxyz.core.events import EVENTS
from abcxyz.core.migration import Transitions
from abcxyz.core.rules import Tangent
from abcxyz.core.segments import ABC, BCG, SEGMENTS, TAGS, XYZ
from abcxyz.i18n import compact, date_text, money, number, percent, plural, text
from abcxyz.report.facts import Customer, Facts, Move, name_of, spark
from abcxyz.report.settings import settings_rows
from abcxyz.report.words import (
    ALERT_KINDS,
    EVENT_NAMES,
    GLOSSARY,
    KINDS,
    METRICS,
    TREATMENTS,
    rule_words,
)

__all__ = ["view"]

_TOP = 5
_GAP = re.compile(r"(?<=\d) (?=\d{3}(?!\d))")
_MOST = 50


def view(facts: Facts, lang: str, *, rows: int, currency: str) -> dict[str, Any]:
    """Gather what the template shows."""
    sight = _View(facts, lang, rows=rows, currency=currency)
    return {**sight.helpers(), **sight.head(), **sight.answers(), **sight.segments(),
            **sight.cuts(), **sight.changes(), **sight.lists(), **sight.end()}  # fmt: skip


class _View:
    """One analysis in one language."""

    def __init__(self, facts: Facts, lang: str, *, rows: int, currency: str) -> None:
        self._facts, self._analysis, self._lang = facts, facts.analysis, lang
        self._rows = rows
        # Orders are counted, not paid.
        self._currency = "" if self._analysis.settings.metric == "count" else clean(currency, 8)
        self._moves = facts.moves()

    def _say(self, english: str, **fields: Any) -> str:
        if "|" in english:
            return plural(english, fields.pop("n"), self._lang, **fields)
        return text(english, self._lang, **fields)

    def _number(self, value: float | None, decimals: int = 0) -> str:
        return "–" if value is None else number(value, self._lang, decimals)

    def _percent(self, share: float | None, decimals: int = 1) -> str:
        return "–" if share is None else percent(share, self._lang, decimals)

    def _money(self, value: float | None, *, signed: bool = False) -> str:
        if value is None or math.isnan(value):
            return "–"
        plus = "+" if signed and round(value) > 0 else ""
        return plus + money(value, self._lang, 0, self._currency)

    def _compact(self, value: float | None, *, signed: bool = False) -> str:
        found = math.nan if value is None else value
        return compact(found, self._lang, self._currency, signed=signed)

    def _state(self, state: str) -> str:
        return {"N": self._say("no sales"), "absent": self._say("not listed")}.get(state, state)

    def helpers(self) -> dict[str, Any]:
        """Give the template its words and numbers."""
        return {
            "say": self._say,
            "number": self._number,
            "percent": self._percent,
            "money": self._money,
            "compact": self._compact,
            "day": lambda day: date_text(day, self._lang),
            "bdi": _isolated,
            "state": self._state,
            "event": lambda name: self._say(EVENT_NAMES[name]),
            "picture": functools.partial(_picture, self._analysis, self._lang, self._currency),
        }

    def head(self) -> dict[str, Any]:
        """Title, window, contents."""
        snapshot = self._analysis.snapshot
        window = snapshot.periods.window
        metric = METRICS.get(snapshot.settings.metric, snapshot.settings.metric)
        contents = (
            ("matrix", self._say("Nine segments")),
            ("curve", self._say("Where the classes are cut")),
            ("groups", self._say("Groups")),
            ("moves", self._say("Who moved")),
            ("alerts", self._say("Alerts")),
            ("prospects", self._say("Prospects")),
            ("quality", self._say("Data quality")),
            ("how", self._say("How this was computed")),
        )
        return {
            "first_day": date_text(window.since, self._lang),
            "last_day": date_text(window.last, self._lang),
            "classified": self._analysis.matrix.customers,
            "metric_name": self._say(metric),
            "metric_head": self._say("Value"),
            "contents": contents,
        }

    def answers(self) -> dict[str, Any]:
        """Answer who carries the business, who moved, and whom to call."""
        analysis, lang = self._analysis, self._lang
        a_class = analysis.abc.summary()[0]
        metrics = analysis.metrics
        bring = {
            "revenue": "{n} customer of class A ({share} of all) brings {value} of the revenue.|"
            "{n} customers of class A ({share} of all) bring {value} of the revenue.",
            "profit": "{n} customer of class A ({share} of all) brings {value} of the profit.|"
            "{n} customers of class A ({share} of all) bring {value} of the profit.",
        }.get(
            analysis.settings.metric,
            "{n} customer of class A ({share} of all) gives {value} of the orders.|"
            "{n} customers of class A ({share} of all) give {value} of the orders.",
        )
        carries = plural(
            bring,
            a_class.customers,
            lang,
            share=percent(a_class.customers_share, lang, 0),
            value=percent(a_class.value_share, lang, 0),
        )
        if metrics.core_value == metrics.core_value:
            carries += " " + text(
                "The steady core, AX and AY, brings {value}.",
                lang,
                value=percent(metrics.core_value, lang, 0),
            )
        fell = [one for one in self._moves if one.event in ("down", "lost")]
        rose = [one for one in self._moves if one.event in ("up", "new", "returned")]
        lost = {"count": len(fell), "money": math.fsum(one.change for one in fell)}
        won = {"count": len(rose), "money": math.fsum(one.change for one in rose)}
        moved = " ".join(
            [
                plural("{n} customer fell or left.|{n} customers fell or left.", len(fell), lang),
                plural(
                    "{n} rose or came: {money}.|{n} rose or came: {money}.",
                    len(rose),
                    lang,
                    money=self._compact(won["money"], signed=True),
                ),
            ]
        )
        losses = sorted((one for one in fell if one.change < 0), key=lambda one: one.change)
        largest = [
            one
            for one in map(self._facts.customer, self._facts.order[:_TOP].tolist())
            if not math.isnan(one.value)
        ]
        return {
            "a_share": a_class.value_share,
            "carries": carries,
            "largest": largest,
            "moves": analysis.transitions,
            "fell": lost,
            "moved": moved,
            "losses": losses[:_TOP],
            "keys": self._keys(),
            **self._calls(),
        }

    def _calls(self) -> dict[str, Any]:
        alerts = [self._alert(one) for one in self._analysis.alerts]
        # Money at risk before money to be won, as the list of alerts itself is sorted.
        urgent = [one for one in alerts if one["kind"] not in ("near_a", "dead_money")]
        first: list[dict[str, Any]] = []
        for one in urgent + [one for one in alerts if one not in urgent]:
            if len(first) < _TOP and all(one["name"] != other["name"] for other in first):
                first.append(one)
        risk = math.fsum(one["money"] or 0.0 for one in urgent)
        calls = (
            self._say("Nothing needs a person now.")
            if not alerts
            else self._say(
                "{n} alert; money at risk: {money}.|{n} alerts; money at risk: {money}.",
                n=len(alerts),
                money=self._compact(risk),
            )
        )
        return {
            "alerts": alerts,
            "alerts_shown": alerts[:_MOST],
            "calls_first": first,
            "calls": calls,
        }

    def _keys(self) -> list[tuple[str, str, str]]:
        metrics, matrix, lang = self._analysis.metrics, self._analysis.matrix, self._lang
        total = float(matrix.values.sum() + np.nan_to_num(matrix.unclassified_value))
        pair = self._say(
            "{customers} of customers bring {value}",
            customers=percent(metrics.pareto_customers, lang, 0),
            value=percent(metrics.pareto_value, lang, 0),
        )
        found = [
            (self._say(METRICS.get(self._analysis.settings.metric, "Value")),
             self._compact(total), ""),
            (self._say("Customers"), number(matrix.customers, lang), ""),
            (self._say("Largest 10 % bring"), self._percent(metrics.top_10, 0), ""),
            (self._say("Gini"), number(metrics.gini, lang, 2), pair),
            (self._say("Steady core AX + AY"), self._percent(metrics.core_value, 0),
             self._say("{share} of customers", share=percent(metrics.core_customers, lang, 0))),
        ]  # fmt: skip
        if not math.isnan(metrics.cows_retention):
            found.append(
                (self._say("Stayed in AX"), self._percent(metrics.cows_retention, 0),
                 self._say("since the result before"))
            )  # fmt: skip
        if not math.isnan(metrics.a_attrition):
            found.append(
                (self._say("Leave A within a year"), self._percent(metrics.a_attrition, 0),
                 self._say("measured over {n} day|measured over {n} days",
                           n=metrics.a_attrition_days))
            )  # fmt: skip
        return found

    def segments(self) -> dict[str, Any]:
        """Show the heat map, and the customers behind every cell."""
        matrix, lang = self._analysis.matrix, self._lang
        shares = matrix.value_shares.ravel().tolist()
        cells = []
        for code, segment in enumerate(SEGMENTS):
            count, value = matrix.cell(segment)
            paper = shade(scaled(shares[code], shares))
            cells.append(
                {
                    "segment": segment,
                    "count": count,
                    "value": value,
                    "value_share": shares[code],
                    "count_share": float(matrix.count_shares.ravel()[code]),
                    "paper": paper,
                    "ink": ink_on(paper),
                }
            )
        names = (self._say("steady"), self._say("uneven"), self._say("unpredictable"))
        return {
            "heat": [(ABC[i], cells[3 * i : 3 * i + 3]) for i in range(3)],
            "xyz_names": [*zip(XYZ, names, strict=True)],
            "not_classified": {"count": matrix.unclassified},
            "panels": [self._panel(code, TAGS[lang][one]) for code, one in enumerate(SEGMENTS)],
        }

    def _panel(self, code: int, tag: str) -> dict[str, Any]:
        segment = SEGMENTS[code]
        count, value = self._analysis.matrix.cell(segment)
        actions = self._analysis.actions
        advice = None if actions is None else actions.playbook.advice[segment]
        # What differs from customer to customer stands in their rows.
        said = dict.fromkeys(("before", "days", "usual"), "…")
        said |= {"segment": segment, "after": segment}
        return {
            "segment": segment,
            "name": _capital(tag.partition(" - ")[2]),
            "count": count,
            "value": value,
            "late": self._facts.late(code),
            "advice": "" if advice is None else advice.text[self._lang].format(**said),
            "hint": "" if advice is None else advice.hint[self._lang].format(**said),
            "channel": "" if advice is None else self._channel(advice.channel),
            "rows": [self._row(one) for one in self._facts.segment(code, self._rows)],
        }

    def _channel(self, channel: str) -> str:
        actions = self._analysis.actions
        if actions is None or channel not in actions.playbook.channels:
            return channel
        return actions.playbook.channels[channel].get(self._lang, channel)

    def _row(self, one: Customer) -> dict[str, Any]:
        actions, lang = self._analysis.actions, self._lang
        known = not math.isnan(one.gap)
        return {
            "name": one.name,
            "id": "" if one.name == str(one.customer) else str(one.customer),
            "value": one.value,
            "value_v": _bare(one.value),
            "share": one.share,
            "spark": spark(self._analysis.panel.sales[one.place]),
            "trend": self._change(one.trend),
            "trend_v": _bare(one.trend),
            "last": "–" if one.last is None else date_text(one.last, lang),
            "last_v": "" if one.last is None else one.last.toordinal(),
            "gap": number(one.gap, lang) if known else "–",
            "gap_v": _bare(one.gap),
            "usual": "" if math.isnan(one.usual) else number(math.floor(one.usual), lang),
            "late": one.late,
            "owner": one.owner,
            "channel": self._channel(one.channel),
            "action": "–" if actions is None else actions[one.place].text(lang),
        }

    def _change(self, change: float) -> str:
        if math.isnan(change):
            return "–"
        if change > 9.995:
            return self._say("×{times}", times=number(change + 1, self._lang))
        return ("+" if change >= 0.005 else "") + percent(change, self._lang, 0)

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
        matrix = self._analysis.matrix
        rows = []
        for name, members in BCG.groups.items():
            cells = [matrix.cell(segment) for segment in members]
            value = math.fsum(cell[1] for cell in cells)
            rows.append(
                {
                    "name": group_name(name, self._lang),
                    "segments": ", ".join(members),
                    "count": sum(cell[0] for cell in cells),
                    "value": value,
                    "share": value / matrix.positive if matrix.positive else math.nan,
                }
            )
        return rows

    def _cut_table(self, axis: str) -> dict[str, Any]:
        snapshot = self._analysis.snapshot
        result = self._analysis.abc if axis == "ABC" else self._analysis.xyz
        codes = snapshot.abc if axis == "ABC" else snapshot.xyz
        values = np.asarray(snapshot.value, dtype=float)
        classified = int(np.count_nonzero(codes >= 0))
        positive = self._analysis.abc.positive
        rows = []
        for code, letter in enumerate(axis):
            inside = codes == code
            value = float(np.nansum(values[inside]))
            count = int(np.count_nonzero(inside))
            cut = (result.cuts.first, result.cuts.second, math.nan)[code]
            rows.append(
                {
                    "letter": letter,
                    "count": count,
                    "count_share": count / classified if classified else math.nan,
                    "value": value,
                    "share": value / positive if positive else math.nan,
                    "cut": self._cut(axis, cut),
                }
            )
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
            "paths": paths[:30],
            "paths_left": max(len(paths) - 30, 0),
            "movers": movers[: self._rows],
            "movers_left": max(len(movers) - self._rows, 0),
        }

    def _events(self) -> list[dict[str, Any]]:
        found = self._analysis.transitions
        if found is None or found.value_before is None or found.value_after is None:
            return []
        rows = []
        for code, name in enumerate(EVENTS):
            inside = found.events == code
            if not inside.any():
                continue
            before = float(found.value_before[inside].sum())
            after = float(found.value_after[inside].sum())
            rows.append(
                {
                    "name": self._say(EVENT_NAMES[name]),
                    "count": int(np.count_nonzero(inside)),
                    "before": before,
                    "after": after,
                    "change": after - before,
                }
            )
        return rows

    def _alert(self, one: Alert) -> dict[str, Any]:
        name = name_of(self._analysis, one.customer)
        return {
            "kind": one.kind,
            "kind_name": self._say(ALERT_KINDS[one.kind]),
            "name": name,
            "before": one.before,
            "after": one.after,
            "money": one.money,
            "money_v": "" if one.money is None else _bare(one.money),
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
        scores, quality = self._analysis.prospects, self._analysis.quality
        rows = []
        if scores is not None:
            order = np.argsort(-np.nan_to_num(scores.score), kind="stable")[:_MOST]
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
            "prospects_count": 0 if scores is None else len(scores),
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


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _bare(value: float) -> str:
    """Write a number for sorting; nothing where there is none."""
    return "" if math.isnan(value) else f"{value:.6g}" if abs(value) < 1 else f"{value:.2f}"


def _isolated(written: object, limit: int = 80) -> Markup:
    """Show text from the data: escaped, cut, and unable to turn its surroundings around."""
    plain = clean(written, 10_000)
    shown = escape(clean(plain, limit))
    tip = Markup(' title="{}"').format(plain[:300]) if len(plain) > limit else Markup("")
    return Markup("<bdi{}>{}</bdi>").format(tip, shown)


def _picture(
    analysis: Analysis, lang: str, currency: str, name: str, width: float | None = None
) -> Markup:
    """Draw a picture of the page; a chart escapes what it writes."""
    if name == "curve":
        found = charts.curve(analysis.abc, lang, width=width or 680)
    elif name == "lorenz":
        found = charts.lorenz(analysis.abc, lang, width=width or 440)
    elif name == "quadrant":
        found = charts.quadrant(analysis.matrix, lang, width=width or 760, currency=currency)
    else:
        moves = analysis.moves("abc")
        assert moves is not None
        found = charts.flow(moves, lang, width=width or 640, currency=currency)
    return Markup(found)  # noqa: S704
