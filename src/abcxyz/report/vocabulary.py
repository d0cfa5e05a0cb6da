"""Labels of rules, metrics, alerts and other codes of an analysis, and the glossary."""

from __future__ import annotations

from datetime import date
from types import MappingProxyType

from abcxyz.core.analysis.bridge import STEPS
from abcxyz.core.classes.rules import (
    CountShares,
    CumulativeMean,
    CvRule,
    Limits,
    Rule,
    Shares,
    Tangent,
)
from abcxyz.i18n import number, percent, text

__all__ = [
    "ALERT_KINDS",
    "EVENT_NAMES",
    "GLOSSARY",
    "METRICS",
    "MONTHS",
    "STEP_NAMES",
    "WHOLE_MONTHS",
    "month_name",
    "rule_words",
]

METRICS = MappingProxyType({"revenue": "Revenue", "profit": "Gross profit", "count": "Orders"})

MONTHS = MappingProxyType(
    {1: "Jan", 2: "Feb", 3: "Mar", 4: "Apr", 5: "May", 6: "Jun",
     7: "Jul", 8: "Aug", 9: "Sep", 10: "Oct", 11: "Nov", 12: "Dec"}
)  # fmt: skip

#: Number of a month -> its name in a sentence. The fifth is the same as the short one.
WHOLE_MONTHS = MappingProxyType(
    {1: "January", 2: "February", 3: "March", 4: "April", 5: "May", 6: "June",
     7: "July", 8: "August", 9: "September", 10: "October", 11: "November", 12: "December"}
)  # fmt: skip

#: Step of a bridge -> its name.
STEP_NAMES = MappingProxyType(
    dict(zip(STEPS, ("New customers", "Bought more", "Bought less", "Gone"), strict=True))
)

EVENT_NAMES = MappingProxyType(
    {
        "same": "Stayed",
        "up": "Rose",
        "down": "Fell",
        "moved": "Moved",
        "new": "New",
        "returned": "Returned",
        "lost": "Lost",
        "registered": "Listed, no sales yet",
        "idle": "Still without sales",
        "removed": "No longer listed",
    }
)

ALERT_KINDS = MappingProxyType(
    {
        "fell_from_a": "Fell from A",
        "lapsed_a": "A, silent for long",
        "x_became_z": "Steady no more",
        "sla_overdue": "Answer overdue",
        "stalled_deal": "Deal without movement",
        "deal_at_risk": "Deal at risk",
        "no_next_step": "Deal without next step",
        "anomaly_fall": "Figure below the usual",
        "anomaly_rise": "Figure above the usual",
        "near_a": "Close to A",
        "dead_money": "Much time, little money",
        "lead_waiting": "Lead waits",
    }
)

#: Term -> definition.
GLOSSARY = MappingProxyType(
    {
        "A, B, C": "Classes by money over the window: A brings the most, C the least.",
        "X, Y, Z": "Classes by steadiness: X buys evenly, Y less so, Z now and then.",
        "CV": "Coefficient of variation: the standard deviation of the sub-periods' sums over "
        "their mean. 0% is perfectly even.",
        "Segment": "Both letters together, such as AX.",
        "Cut": "The value at which one class ends and the next begins. Equal customers always "
        "share a class.",
        "K and L": "On the curve: K is where A ends, L is where B ends. By the rule of the "
        "tangent they are where the curve runs parallel to its chord: there a customer "
        "brings exactly the mean.",
        "Gini": "Inequality: 0 where all customers bring the same, near 1 where one brings all.",
        "Cows, stars, dogs, questions": "Groups: AX, AZ, CX, and the rest.",
        "Gap": "Days since the last order. The usual gap is the mean of the customer's own; "
        "overdue is who is silent for longer than 90% of these, or of the class's where there "
        "are few.",
        "A letter in question": "The class would change if other months of the window had "
        "counted: less than 80% of 200 drawings of the months gave the same one. All others are "
        "firm.",
        "Trend": "Mean of the last quarter of the window against the mean before it; the line "
        "shows the window.",
        "Not classified": "Known from before, without sales in the window.",
    }
)


def month_name(day: date, lang: str, *, year: bool = False) -> str:
    """Return the name of a day's month: the short ``Oct``, or ``October 2026`` with the year."""
    if year:
        return f"{text(WHOLE_MONTHS[day.month], lang)}\N{NO-BREAK SPACE}{day.year}"
    return text(MONTHS[day.month], lang)


def rule_words(rule: Rule | CvRule, lang: str) -> str:
    """Return the description of a rule."""
    if isinstance(rule, Tangent):
        return text("rule of the tangent: the mean of all, then the mean of those below it", lang)
    if isinstance(rule, CumulativeMean):
        return text("cumulative percentages against their mean", lang)
    if isinstance(rule, (Shares, CountShares)):
        template = (
            "{a} and {b} of the value, cumulative"
            if isinstance(rule, Shares)
            else "{a} and {b} of the customers, cumulative"
        )
        return text(template, lang, a=percent(rule.a, lang, 0), b=percent(rule.b, lang, 0))
    if isinstance(rule, Limits):
        first, second = (number(one, lang, 2) for one in (rule.first, rule.second))
        return text("limits set by hand: {first} and {second}", lang, first=first, second=second)
    return str(rule)
