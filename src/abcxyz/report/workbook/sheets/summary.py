"""Sheets of totals: key figures, classes, events, matrix."""

from __future__ import annotations

from typing import Any

from abcxyz.report.customers import Facts
from abcxyz.report.vocabulary import EVENT_NAMES, METRICS
from abcxyz.report.workbook.writer import SheetWriter

__all__ = ["matrix_sheet", "summary_sheet"]


def summary_sheet(facts: Facts, writer: SheetWriter) -> None:
    """Write the summary: key figures, classes, events."""
    snapshot, summary = facts.analysis.snapshot, facts.totals
    metrics = summary.metrics
    sheet = writer.empty("Summary")
    sheet.set_column(0, 0, 46)
    sheet.set_column(1, 5, 18)
    writer.put(sheet, 0, 0, writer.say("Customers by value and steadiness"), "title")
    window = snapshot.periods.window
    lines: list[tuple[str, object, str]] = [
        ("Date of the result", snapshot.as_of, "day"),
        ("Window from", window.since, "day"),
        ("Window until (not included)", window.until, "day"),
        ("Customers", summary.classified, "count"),
        ("Not classified", summary.unclassified, "count"),
        (METRICS.get(snapshot.settings.metric, "Value"), summary.value, "money"),
        ("Largest 10 % bring", metrics.top_10, "share"),
        ("Gini", metrics.gini, ""),
        ("Steady core AX + AY", metrics.core_value, "share"),
        ("Stayed in AX", metrics.cows_retention, "share"),
        ("Leave A within a year", metrics.a_attrition, "share"),
        ("Alerts", summary.alerts, "count"),
    ]
    row = 1
    for label, cell, style in lines:
        row += 1
        writer.put(sheet, row, 0, writer.say(label), "label")
        writer.put(sheet, row, 1, cell, style)
    for classes, cuts, style in (
        (summary.abc, summary.abc_cuts, "money"),
        (summary.xyz, summary.xyz_cuts, "cv"),
    ):
        row += 2
        for place, head in enumerate(("Class", "Customers", "Value", "Share", "Cut")):
            writer.put(sheet, row, place, writer.say(head), "head")
        for one, cut in zip(classes, cuts, strict=True):
            row += 1
            writer.put(sheet, row, 0, one.label)
            writer.put(sheet, row, 1, one.customers, "count")
            writer.put(sheet, row, 2, one.value, "money")
            writer.put(sheet, row, 3, one.value_share, "share")
            writer.put(sheet, row, 4, cut, style)
    _events(facts, writer, sheet, row + 2)


def _events(facts: Facts, writer: SheetWriter, sheet: Any, row: int) -> None:
    events = facts.totals.events
    if not events:
        return
    heads = ("Event", "Customers", "Money before", "Money now", "Change")
    for place, head in enumerate(heads):
        writer.put(sheet, row, place, writer.say(head), "head")
    for one in events:
        row += 1
        writer.put(sheet, row, 0, writer.say(EVENT_NAMES[one.event]))
        writer.put(sheet, row, 1, one.customers, "count")
        for place, cell in enumerate((one.value_before, one.value_after, one.change), start=2):
            writer.put(sheet, row, place, cell, "money")


def matrix_sheet(facts: Facts, writer: SheetWriter) -> None:
    """Write the matrix of nine segments."""
    rows = [
        (one.segment, one.customers, one.value, one.customers_share, one.value_share)
        for one in facts.totals.segments
    ]
    sheet, last = writer.sheet(
        "Matrix",
        [
            ("Segment", 14, ""),
            ("Customers", 14, "count"),
            ("Value", 20, "money"),
            ("Share of customers", 18, "share"),
            ("Share of value", 18, "share"),
        ],
        rows,
    )
    writer.shade(sheet, last, 4)
