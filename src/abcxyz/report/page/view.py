"""A report in one language: every number and sentence that the page shows."""

from __future__ import annotations

import itertools
import math
from typing import Any

from abcxyz.charts.svg import ink_on, shade
from abcxyz.charts.tiles import scaled
from abcxyz.core.advice.alerts import NO_RISK
from abcxyz.core.classes.segments import ABC, SEGMENTS, TAGS, XYZ
from abcxyz.core.dynamics.events import FALLS
from abcxyz.i18n import date_text, number, percent, plural, text
from abcxyz.report.customers import Customer, Facts, spark
from abcxyz.report.page.formatter import bare
from abcxyz.report.page.tables import MOST, Tables
from abcxyz.report.vocabulary import METRICS

__all__ = ["view"]

_TOP = 5


def view(facts: Facts, lang: str, *, rows: int, currency: str) -> dict[str, Any]:
    """Gather what the template shows."""
    sight = _View(facts, lang, rows=rows, currency=currency)
    return {**sight.helpers(), **sight.head(), **sight.answers(), **sight.segments(),
            **sight.cuts(), **sight.changes(), **sight.lists(), **sight.end()}  # fmt: skip


class _View(Tables):
    """The upper parts of the page: answers, key figures, segments."""

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
            "classified": self._totals.classified,
            "metric_name": self._say(metric),
            "metric_head": self._say("Value"),
            "contents": contents,
        }

    def answers(self) -> dict[str, Any]:
        """Answer who carries the business, who moved, and whom to call."""
        analysis, lang = self._analysis, self._lang
        a_class, metrics = self._totals.abc[0], self._totals.metrics
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
        fell, rose = self._totals.fell, self._totals.rose
        moved = " ".join(
            [
                plural(
                    "{n} customer fell or left.|{n} customers fell or left.", fell.customers, lang
                ),
                plural(
                    "{n} rose or came: {money}.|{n} rose or came: {money}.",
                    rose.customers,
                    lang,
                    money=self._compact(rose.change, signed=True),
                ),
            ]
        )
        losses = sorted(
            (one for one in self._moves if one.event in FALLS and one.change < 0),
            key=lambda one: one.change,
        )
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
            "fell": {"count": fell.customers, "money": fell.change},
            "moved": moved,
            "losses": losses[:_TOP],
            "keys": self._keys(),
            **self._calls(),
        }

    def _calls(self) -> dict[str, Any]:
        alerts = [self._alert(one) for one in self._analysis.alerts]
        # Money at risk before money to be won, as the list of alerts itself is sorted.
        urgent = [one for one in alerts if one["kind"] not in NO_RISK]
        first: list[dict[str, Any]] = []
        for one in itertools.chain(urgent, (one for one in alerts if one["kind"] in NO_RISK)):
            if len(first) == _TOP:
                break
            if all(one["name"] != other["name"] for other in first):
                first.append(one)
        calls = (
            self._say("Nothing needs a person now.")
            if not alerts
            else self._say(
                "{n} alert; money at risk: {money}.|{n} alerts; money at risk: {money}.",
                n=self._totals.alerts,
                money=self._compact(self._totals.money_at_risk),
            )
        )
        return {
            "alerts": alerts,
            "alerts_shown": alerts[:MOST],
            "calls_first": first,
            "calls": calls,
        }

    def _keys(self) -> list[tuple[str, str, str]]:
        totals, lang = self._totals, self._lang
        metrics = totals.metrics
        pair = self._say(
            "{customers} of customers bring {value}",
            customers=percent(metrics.pareto_customers, lang, 0),
            value=percent(metrics.pareto_value, lang, 0),
        )
        found = [
            (self._say(METRICS.get(self._analysis.settings.metric, "Value")),
             self._compact(totals.total_value), ""),
            (self._say("Customers"), number(totals.classified, lang), ""),
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
        totals, lang = self._totals, self._lang
        shares = [one.value_share for one in totals.segments]
        cells = []
        for one in totals.segments:
            paper = shade(scaled(one.value_share, shares))
            cells.append(
                {
                    "segment": one.segment,
                    "count": one.customers,
                    "value": one.value,
                    "value_share": one.value_share,
                    "count_share": one.customers_share,
                    "paper": paper,
                    "ink": ink_on(paper),
                }
            )
        names = (self._say("steady"), self._say("uneven"), self._say("unpredictable"))
        return {
            "heat": [(ABC[i], cells[3 * i : 3 * i + 3]) for i in range(3)],
            "xyz_names": [*zip(XYZ, names, strict=True)],
            "not_classified": {"count": totals.unclassified},
            "panels": [self._panel(code, TAGS[lang][one]) for code, one in enumerate(SEGMENTS)],
        }

    def _panel(self, code: int, tag: str) -> dict[str, Any]:
        totals = self._totals.segments[code]
        segment = totals.segment
        actions = self._analysis.actions
        advice = None if actions is None else actions.playbook.advice[segment]
        # What differs from customer to customer stands in their rows.
        said = dict.fromkeys(("before", "days", "usual"), "…")
        said |= {"segment": segment, "after": segment}
        return {
            "segment": segment,
            "name": _capital(tag.partition(" - ")[2]),
            "count": totals.customers,
            "value": totals.value,
            "late": totals.late,
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
            "borderline": one.certainty == "borderline",
            "id": "" if one.name == str(one.customer) else str(one.customer),
            "value": one.value,
            "value_v": bare(one.value),
            "share": one.share,
            "spark": spark(self._analysis.panel.sales[one.place]),
            "trend": self._change(one.trend),
            "trend_v": bare(one.trend),
            "last": "–" if one.last is None else date_text(one.last, lang),
            "last_v": "" if one.last is None else one.last.toordinal(),
            "gap": number(one.gap, lang) if known else "–",
            "gap_v": bare(one.gap),
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


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
