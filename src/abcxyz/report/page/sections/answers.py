"""Top of the page: three answers (largest customers, transitions, calls) and key figures."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

from abcxyz.charts.svg import clean
from abcxyz.core.advice.alerts import NO_RISK, Alert
from abcxyz.core.analysis.record import Analysis
from abcxyz.i18n import number, percent, plural, text
from abcxyz.report.customers import Facts, name_of
from abcxyz.report.page.formatter import MOST, Formatter, bare
from abcxyz.report.vocabulary import ALERT_KINDS, METRICS

__all__ = ["answers"]

_TOP = 5
_GAP = re.compile(r"(?<=\d) (?=\d{3}(?!\d))")


def answers(facts: Facts, show: Formatter) -> dict[str, Any]:
    """Return the three answers, the key figures and the alerts."""
    analysis, lang = facts.analysis, show.lang
    a_class, metrics = facts.totals.abc[0], facts.totals.metrics
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
    fell, rose = facts.totals.fell, facts.totals.rose
    moved = " ".join(
        [
            plural("{n} customer fell or left.|{n} customers fell or left.", fell.customers, lang),
            plural(
                "{n} rose or came: {money}.|{n} rose or came: {money}.",
                rose.customers,
                lang,
                money=show.compact(rose.change, signed=True),
            ),
        ]
    )
    largest = [
        one
        for one in map(facts.customer, facts.order[:_TOP].tolist())
        if not math.isnan(one.value)
    ]
    return {
        "a_share": a_class.value_share,
        "carries": carries,
        "largest": largest,
        "moves": analysis.transitions,
        "fell": {"count": fell.customers, "money": fell.change},
        "moved": moved,
        "losses": facts.losses(_TOP),
        "keys": _key_figures(facts, show),
        **_calls(facts, show),
    }


def _calls(facts: Facts, show: Formatter) -> dict[str, Any]:
    analysis, alerts = facts.analysis, facts.analysis.alerts
    # Money at risk before money to gain, like the sorting of the alerts.
    urgent = (one for one in alerts if one.kind not in NO_RISK)
    first: dict[str, Alert] = {}
    for one in itertools.chain(urgent, (one for one in alerts if one.kind in NO_RISK)):
        if len(first) == _TOP:
            break
        first.setdefault(name_of(analysis, one.customer), one)
    calls = (
        show.say("Nothing needs a person now.")
        if not alerts
        else show.say(
            "{n} alert; money at risk: {money}.|{n} alerts; money at risk: {money}.",
            n=facts.totals.alerts,
            money=show.compact(facts.totals.money_at_risk),
        )
    )
    return {
        "alerts_count": len(alerts),
        "alerts_shown": [_alert(analysis, show, one) for one in alerts[:MOST]],
        "calls_first": [_alert(analysis, show, one) for one in first.values()],
        "calls": calls,
    }


def _key_figures(facts: Facts, show: Formatter) -> list[tuple[str, str, str]]:
    totals, lang = facts.totals, show.lang
    metrics = totals.metrics
    pair = show.say(
        "{customers} of customers bring {value}",
        customers=percent(metrics.pareto_customers, lang, 0),
        value=percent(metrics.pareto_value, lang, 0),
    )
    figures = [
        (show.say(METRICS.get(facts.analysis.settings.metric, "Value")),
         show.compact(totals.total_value), ""),
        (show.say("Customers"), number(totals.classified, lang), ""),
        (show.say("Largest 10 % bring"), show.percent(metrics.top_10, 0), ""),
        (show.say("Gini"), number(metrics.gini, lang, 2), pair),
        (show.say("Steady core AX + AY"), show.percent(metrics.core_value, 0),
         show.say("{share} of customers", share=percent(metrics.core_customers, lang, 0))),
    ]  # fmt: skip
    if not math.isnan(metrics.cows_retention):
        figures.append(
            (show.say("Stayed in AX"), show.percent(metrics.cows_retention, 0),
             show.say("since the result before"))
        )  # fmt: skip
    if not math.isnan(metrics.a_attrition):
        figures.append(
            (show.say("Leave A within a year"), show.percent(metrics.a_attrition, 0),
             show.say("measured over {n} day|measured over {n} days",
                       n=metrics.a_attrition_days))
        )  # fmt: skip
    return figures


def _alert(analysis: Analysis, show: Formatter, one: Alert) -> dict[str, Any]:
    name = name_of(analysis, one.customer)
    return {
        "kind": one.kind,
        "kind_name": show.say(ALERT_KINDS[one.kind]),
        "name": name,
        "before": one.before,
        "after": one.after,
        "money": one.money,
        "money_v": "" if one.money is None else bare(one.money),
        "age": one.age,
        "owner": one.owner or "",
        "sentence": _sentence(show, one, name),
    }


def _sentence(show: Formatter, one: Alert, name: str) -> str:
    # Isolated, because a name may change the writing direction of the text after it.
    sentence = one.sentence(show.lang, name=f"\N{FIRST STRONG ISOLATE}{clean(name, 60)}\u2069")
    return _GAP.sub("\N{NO-BREAK SPACE}", sentence)
