"""Sheets of customers: ABC, XYZ, all columns, transitions."""

from __future__ import annotations

import math

from abcxyz.i18n import date_text
from abcxyz.report.customers import Customer, Facts
from abcxyz.report.vocabulary import EVENT_NAMES
from abcxyz.report.workbook.writer import AMBER, SheetWriter

__all__ = ["MANY", "abc_sheet", "customers_sheet", "transitions_sheet", "xyz_sheet"]

#: Above this number, customers are written row by row, without the sums of sub-periods.
MANY = 20_000


def abc_sheet(writer: SheetWriter, customers: list[Customer]) -> None:
    """Write the customers sorted by value."""
    writer.sheet(
        "ABC",
        [
            ("Customer", 24, ""),
            ("Name", 40, ""),
            ("Value", 20, "money"),
            ("Share", 14, "share"),
            ("Cumulative share", 18, "share"),
            ("ABC", 8, ""),
        ],
        (
            (one.customer, one.name, one.value, one.share, one.cumulative, one.abc)
            for one in customers
        ),
    )


def xyz_sheet(facts: Facts, writer: SheetWriter, customers: list[Customer]) -> None:
    """Write the customers sorted by variation, with the sums of the sub-periods."""
    panel = facts.analysis.panel
    many = len(customers) > MANY or panel.periods.count > 60
    edges = [] if many else panel.periods.edges[:-1]
    columns: list[tuple[str, float, str]] = [
        ("Customer", 24, ""),
        ("Name", 40, ""),
        ("CV", 12, "cv"),
        ("XYZ", 8, ""),
        ("Orders", 10, "count"),
        *((date_text(edge, writer.lang), 14.0, "money") for edge in edges),
    ]
    by_cv = sorted(customers, key=lambda one: (math.isnan(one.cv), one.cv))
    writer.sheet(
        "XYZ",
        columns,
        (
            (one.customer, one.name, one.cv, one.xyz, one.orders)
            + (() if many else tuple(map(float, panel.sales[one.place])))
            for one in by_cv
        ),
    )


def customers_sheet(facts: Facts, writer: SheetWriter, customers: list[Customer]) -> None:
    """Write all columns of each customer."""
    actions = facts.analysis.actions
    say = writer.say
    yes = say("overdue")
    certain = {"firm": say("firm"), "borderline": say("borderline")}

    def channel(name: str) -> str:
        if actions is None or name not in actions.playbook.channels:
            return name
        return actions.playbook.channels[name].in_language(writer.lang) or name

    columns = [
        ("Customer", 24, ""),
        ("Name", 40, ""),
        ("Segment", 10, ""),
        ("ABC", 7, ""),
        ("XYZ", 7, ""),
        ("Value", 20, "money"),
        ("Share", 12, "share"),
        ("Cumulative share", 14, "share"),
        ("CV", 12, "cv"),
        ("Orders", 10, "count"),
        ("First sale", 13, "day"),
        ("Last sale", 13, "day"),
        ("Gap, days", 10, "count"),
        ("Usual gap, days", 12, "count"),
        ("Overdue", 12, ""),
        ("Trend", 10, "change"),
        ("Certainty", 12, ""),
        ("Owner", 22, ""),
        ("Channel", 18, ""),
        ("Recommendation", 60, ""),
    ]
    rows = (
        (
            one.customer,
            one.name,
            one.segment,
            one.abc,
            one.xyz,
            one.value,
            one.share,
            one.cumulative,
            one.cv,
            one.orders,
            one.first,
            one.last,
            one.gap,
            math.floor(one.usual) if math.isfinite(one.usual) else None,
            yes if one.late else None,
            one.trend,
            certain.get(one.certainty),
            one.owner or None,
            channel(one.channel),
            None if actions is None else actions[one.place].text(writer.lang),
        )
        for one in customers
    )
    sheet, last = writer.sheet("Customers", columns, rows)
    sheet.freeze_panes(1, 2)
    writer.shade(sheet, last, 5)
    writer.shade(sheet, last, 8, high=AMBER)


def transitions_sheet(facts: Facts, writer: SheetWriter) -> None:
    """Write the transitions since the previous result."""
    columns = [
        ("Customer", 24, ""),
        ("Name", 40, ""),
        ("Before", 12, ""),
        ("Now", 12, ""),
        ("Event", 20, ""),
        ("Money before", 18, "money"),
        ("Money now", 18, "money"),
        ("Change", 18, "money"),
    ]
    states = {"N": writer.say("no sales"), "absent": writer.say("not listed")}
    rows = [
        (
            one.customer,
            one.name,
            states.get(one.before, one.before),
            states.get(one.after, one.after),
            writer.say(EVENT_NAMES[one.event]),
            one.money_before,
            one.money_after,
            one.change,
        )
        for one in facts.moves()
    ]
    sheet, _ = writer.sheet("Transitions", columns, rows)
    sheet.freeze_panes(1, 2)
    if facts.analysis.transitions is None:
        writer.put(sheet, 1, 0, writer.say("There is no earlier result to compare with."))
