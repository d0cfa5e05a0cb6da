"""Sheets of totals: key figures, classes, events, matrix."""

from __future__ import annotations

from typing import Any

from abcxyz.core.classes.segments import ABC, XYZ
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
        ("Largest 10% bring", metrics.top_10, "share"),
        ("Gini", metrics.gini, "ratio"),
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
    writer.one_page(sheet)


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
    """Write the nine segments as tables of three by three, with a chart of the money."""
    segments = facts.totals.segments
    sheet = writer.empty("Matrix")
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 3, 18)
    tables: list[tuple[str, list[float], str]] = [
        ("Value", [one.value for one in segments], "money"),
        ("Share of value", [one.value_share for one in segments], "share"),
        ("Customers", [one.customers for one in segments], "count"),
        ("Share of customers", [one.customers_share for one in segments], "share"),
    ]
    for block, (name, values, style) in enumerate(tables):
        top = block * (len(ABC) + 2)
        writer.put(sheet, top, 0, writer.say(name), "head")
        for column, letter in enumerate(XYZ, start=1):
            writer.put(sheet, top, column, letter, "head")
        for row, letter in enumerate(ABC):
            writer.put(sheet, top + 1 + row, 0, letter, "label")
            for column in range(len(XYZ)):
                cell = values[row * len(XYZ) + column]
                writer.put(sheet, top + 1 + row, 1 + column, cell, style)
        writer.shade_block(sheet, (top + 1, 1), (top + len(ABC), len(XYZ)))
    writer.chart(
        sheet,
        "Matrix",
        "F1",
        title=tables[0][0],
        heads=(1, 0, len(ABC), 0),
        series=[(0, column, 1, column, len(ABC), column) for column in range(1, len(XYZ) + 1)],
    )
    writer.one_page(sheet)
