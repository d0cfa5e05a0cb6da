"""Lists and charts of the sections of the report as tables for export."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from abcxyz.core.analysis.series import class_series, owner_totals
from abcxyz.core.classes.segments import ABC
from abcxyz.crm.analysis import CrmAnalysis
from abcxyz.crm.reports.base import heading, table_columns
from abcxyz.dashboard.lists import Table, known
from abcxyz.i18n import text
from abcxyz.report.customers import Facts, name_of
from abcxyz.report.page.sections.calls import silent_before
from abcxyz.report.vocabulary import EVENT_NAMES

__all__ = ["SECTION_TABLES", "crm_table"]

_BY_CLASS = (
    ("Customers A", "Value A", "Hours A"),
    ("Customers B", "Value B", "Hours B"),
    ("Customers C", "Value C", "Hours C"),
)


def _calls(facts: Facts, lang: str) -> Table:
    """Return the customers to call."""
    del lang
    calls = list(facts.analysis.calls or ())
    return {
        "Customer": [str(one.customer) for one in calls],
        "Name": [name_of(facts.analysis, one.customer) for one in calls],
        "Segment": [one.segment for one in calls],
        "Days silent": [one.days for one in calls],
        "Last order": [one.last_day for one in calls],
        "Money": [known(one.money) for one in calls],
        "Owner": [one.owner for one in calls],
    }


def _returned(facts: Facts, lang: str) -> Table:
    """Return who is silent, but came back after longer pauses."""
    del lang
    rows = [facts.customer(i) for i in silent_before(facts)]
    return {
        "Customer": [str(one.customer) for one in rows],
        "Name": [one.name for one in rows],
        "Segment": [one.segment for one in rows],
        "Days silent": [math.floor(one.gap) for one in rows],
        "Longest pause, days": [int(facts.longest[one.place]) for one in rows],
        "Value": [known(one.value) for one in rows],
        "Owner": [one.owner or None for one in rows],
    }


def _growth(facts: Facts, lang: str) -> Table:
    """Return who may rise to A."""
    rows = list(facts.analysis.growth or ())
    return {
        "Customer": [str(one.customer) for one in rows],
        "Name": [name_of(facts.analysis, one.customer) for one in rows],
        "Segment": [one.segment for one in rows],
        "Missing": [known(one.missing) for one in rows],
        "Probability": [known(one.probability) for one in rows],
        "Owner": [one.owner for one in rows],
        "Why": ["; ".join(one.reasons(lang)) for one in rows],
    }


def _moves(facts: Facts, lang: str) -> Table:
    """Return the customers who changed their class, the largest change of money first."""
    moves = facts.moves()
    return {
        "Customer": [str(one.customer) for one in moves],
        "Name": [one.name for one in moves],
        "Event": [text(EVENT_NAMES[one.event], lang) for one in moves],
        "Before": [one.before for one in moves],
        "After": [one.after for one in moves],
        "Money before": [known(one.money_before) for one in moves],
        "Money now": [known(one.money_after) for one in moves],
    }


def _owners(facts: Facts, lang: str) -> Table:
    """Return the totals by responsible employee, the most money in question first."""
    del lang
    rows = owner_totals(facts.analysis, facts.owners)
    return {
        "Owner": [one.owner for one in rows],
        "Customers": [one.customers for one in rows],
        "Value": [known(one.value) for one in rows],
        "The window before": [known(one.before) for one in rows],
        "In question": [one.in_question for one in rows],
        "To call": [one.calls for one in rows],
    }


def _months(facts: Facts, lang: str) -> Table:
    """Return the value by bucket and class, and that of the window before."""
    del lang
    series, edges = class_series(facts.analysis), facts.analysis.panel.periods.edges
    return {
        "Period": list(edges[:-1]),
        **dict(zip(ABC, series.classes.tolist(), strict=True)),
        "Together": series.total.tolist(),
        "A window before": [known(one) for one in series.before.tolist()],
    }


def _segments(facts: Facts, lang: str) -> Table:
    """Return the nine cells."""
    del lang
    rows = facts.totals.segments
    return {
        "Segment": [one.segment for one in rows],
        "Customers": [one.customers for one in rows],
        "Share of customers": [known(one.customers_share) for one in rows],
        "Value": [one.value for one in rows],
        "Share of value": [known(one.value_share) for one in rows],
    }


def _results(facts: Facts, lang: str) -> Table:
    """Return the totals of the classes over time."""
    del lang
    past = facts.analysis.past
    table: Table = {"Result": [one.dated for one in past]}
    for k, (customers, value, hours) in enumerate(_BY_CLASS):
        table[customers] = [one.customers[k] for one in past]
        table[value] = [one.value[k] for one in past]
        table[hours] = [None if one.hours is None else one.hours[k] for one in past]
    return table


def _leads(facts: Facts, lang: str) -> Table:
    """Return the scored leads, the most points first."""
    scores = facts.analysis.prospects
    rows = []
    if scores is not None:
        order = np.argsort(-np.nan_to_num(scores.score), kind="stable")
        rows = [(str(scores.ids[i]), scores[i]) for i in order.tolist()]
    return {
        "Lead": [name for name, _ in rows],
        "Grade": [one.grade for _, one in rows],
        "Points": [one.score for _, one in rows],
        "Probability": [one.probability for _, one in rows],
        "For": ["; ".join(one.reasons_in(lang)) for _, one in rows],
        "Against": ["; ".join(one.against_in(lang)) for _, one in rows],
    }


SECTION_TABLES: Mapping[str, Callable[[Facts, str], Table]] = MappingProxyType(
    {
        "calls": _calls,
        "returned": _returned,
        "growth": _growth,
        "moves": _moves,
        "owners": _owners,
        "months": _months,
        "segments": _segments,
        "results": _results,
        "leads": _leads,
    }
)
"""Name of a list -> function that returns it for a language."""


def crm_table(facts: Facts, name: str, lang: str) -> Table | None:
    """Return a CRM report with all its rows and fields; None where there is none."""
    made = facts.analysis.crm
    if not isinstance(made, CrmAnalysis) or name not in made.reports:
        return None
    listed = made.reports[name].rows()
    rows = [row.to_dict() for row in listed]
    table: Table = {
        heading(one): [_cell(row[one], lang) for row in rows] for one in table_columns(rows)
    }
    reasons = [row.evidence(lang) for row in listed]
    return table | {"Reasons": reasons} if any(reasons) else table


def _cell(value: Any, lang: str) -> Any:
    if isinstance(value, bool):
        return text("yes" if value else "no", lang)
    return text(value, lang) if isinstance(value, str) else value
