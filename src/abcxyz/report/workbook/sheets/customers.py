"""Sheets of customers: all columns, transitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from abcxyz.core.analysis.customer_columns import customer_columns, plain_days
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.i18n import date_text, text
from abcxyz.report.customers import Facts, doubtful_letters, names_of
from abcxyz.report.vocabulary import EVENT_NAMES
from abcxyz.report.workbook.writer import AMBER, SheetWriter

__all__ = ["MANY", "customers_sheet", "transitions_sheet"]

#: Above this number of customers, the sums of sub-periods are omitted.
MANY = 20_000
_PERIODS = 60  # more sub-periods are omitted


def customers_sheet(facts: Facts, writer: SheetWriter) -> None:
    """Write one row per customer with all columns, the largest value first."""
    analysis, order = facts.analysis, facts.order
    columns = customer_columns(analysis, order)
    late, yes = facts.silence.late[order], writer.say("overdue")
    table: list[tuple[tuple[str, float, str], Sequence[object]]] = [
        (("Customer", 24, ""), columns.customer),
        (("Name", 40, ""), names_of(analysis, columns.customer)),
        (("Segment", 10, ""), columns.segment.tolist()),
        (("ABC", 7, ""), columns.abc.tolist()),
        (("XYZ", 7, ""), columns.xyz.tolist()),
        (("Value", 20, "money"), columns.value.tolist()),
        (("Share", 12, "share"), columns.share.tolist()),
        (("Cumulative share", 14, "share"), columns.cumulative_share.tolist()),
        (("CV", 12, "cv"), columns.cv.tolist()),
        (("Orders", 10, "count"), columns.orders.tolist()),
        (("First sale", 13, "day"), plain_days(columns.first_day)),
        (("Last sale", 13, "day"), plain_days(columns.last_day)),
        (("Gap, days", 10, "count"), facts.days[order].astype(float).tolist()),
        (("Usual gap, days", 12, "count"), np.round(analysis.usual_gaps[order]).tolist()),
        (("Overdue", 12, ""), [yes if one else None for one in late.tolist()]),
        (("Trend", 10, "change"), facts.trend[order].tolist()),
        (("Certainty", 12, ""), _certainty(facts, writer)),
        (("Owner", 22, ""), [facts.owner(one) or None for one in columns.customer]),
        (("Channel", 18, ""), _channels(facts, writer)),
        (("Recommendation", 60, ""), _recommendations(facts, writer)),
        *_periods(facts, writer),
    ]
    heads, cells = [head for head, _ in table], [cells for _, cells in table]
    sheet, last = writer.table("Customers", heads, cells)
    sheet.freeze_panes(1, 2)
    # All columns on one page could not be read: what a person reads is printed.
    owner = next(place for place, (name, _, _) in enumerate(heads) if name == "Owner")
    sheet.print_area(0, 0, max(last, 1), owner)
    writer.shade(sheet, last, 5)
    writer.shade(sheet, last, 8, high=AMBER)


def _certainty(facts: Facts, writer: SheetWriter) -> list[str | None]:
    """Say of each customer whether the segment is firm, or else which letter is in question."""
    firm, confidence = writer.say("firm"), facts.analysis.confidence
    snapshot, doubtful = facts.analysis.snapshot, facts.doubtful
    said: dict[tuple[int, int], str] = {}

    def one(i: int) -> str | None:
        if np.isnan(confidence.segment[i]):
            return None
        axes, segment = int(doubtful[i]), int(snapshot.segment[i])
        if not axes:
            return firm
        if (axes, segment) not in said:
            letters = doubtful_letters(SEGMENTS[segment], axes)
            said[axes, segment] = text("{letters} in question", writer.lang, letters=letters)
        return said[axes, segment]

    return [one(i) for i in facts.order.tolist()]


def _channels(facts: Facts, writer: SheetWriter) -> Sequence[str | None]:
    actions = facts.analysis.actions
    if actions is None:
        return [None] * len(facts.order)
    names = actions.channels(facts.order)
    known = actions.playbook.channels
    shown = {
        name: (known[name].in_language(writer.lang) if name in known else "") or name
        for name in set(names)
    }
    return [shown[name] for name in names]


def _recommendations(facts: Facts, writer: SheetWriter) -> Sequence[str | None]:
    actions = facts.analysis.actions
    if actions is None:
        return [None] * len(facts.order)
    return actions.texts(writer.lang, facts.order)


def _periods(
    facts: Facts, writer: SheetWriter
) -> Iterator[tuple[tuple[str, float, str], Sequence[object]]]:
    """Yield the sums of the sub-periods, where customers and sub-periods are few."""
    panel = facts.analysis.panel
    if len(facts.order) > MANY or panel.periods.count > _PERIODS:
        return
    sales = panel.sales[facts.order].astype(float)
    for place, edge in enumerate(panel.periods.edges[:-1]):
        yield (date_text(edge, writer.lang), 14.0, "money"), sales[:, place].tolist()


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
