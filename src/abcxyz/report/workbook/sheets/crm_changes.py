"""Sheets with native charts: control charts of what is not as usual, and effects of changes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from abcxyz._arrays import Floats
from abcxyz.charts.waterfalls import Step, steps_of_dimension
from abcxyz.crm.alarms.alarm import Alarm, Anomalies
from abcxyz.crm.changes.effect import EffectOfChange
from abcxyz.crm.changes.effects import EffectsOfChanges
from abcxyz.crm.settings import AnnouncedChange
from abcxyz.report.workbook.writer import SheetWriter

__all__ = ["control_charts_sheet", "effects_sheet"]

#: Headings of a mark of announced changes: its height in the chart, and their names.
_CHANGE = ("Announced change", "What was changed")
_MOST = 20  # charts of a sheet
_LEAST_ROWS = 18  # rows that a chart covers


def control_charts_sheet(report: Anomalies, writer: SheetWriter) -> None:
    """Write the weeks of each alarm with its limits, a control chart, and a waterfall."""
    if not report.alarms:
        return
    sheet = _sheet("Control charts", writer)
    row = 0
    for alarm in report.alarms[:_MOST]:
        row = _alarm(alarm, sheet, row, writer)


def effects_sheet(report: EffectsOfChanges, writer: SheetWriter) -> None:
    """Write the weeks around each change with the trend without it, and a chart."""
    if not report.effects:
        return
    sheet = _sheet("Before and after", writer)
    row = 0
    for effect in report.effects[:_MOST]:
        row = _effect(effect, sheet, row, writer)


def _sheet(name: str, writer: SheetWriter) -> Any:
    sheet = writer.empty(name)
    sheet.set_column(0, 8, 14)
    return sheet


def _alarm(alarm: Alarm, sheet: Any, top: int, writer: SheetWriter) -> int:
    """Write one alarm from a row on, and return the row after it."""
    chart, facts, lang = alarm.chart, alarm.unusual, writer.lang
    writer.put(sheet, top, 0, facts.finding(lang), "title")
    lines = [*facts.details(lang), *facts.checks(lang)]
    for place, line in enumerate(lines, start=1):
        writer.put(sheet, top + place, 0, line)
    head = top + len(lines) + 2
    share = "share" if alarm.kind == "rate" else "ratio"
    heads = ("Week from", "Value", "From", "To", "Expected", "Not as usual", *_CHANGE)
    top_level = _highest([chart.value, chart.high], alarm)
    rows: list[list[object]] = []
    for place, week in enumerate(chart.weeks):
        known = not math.isnan(chart.value[place])
        limits = [_days(alarm, one[place]) if known else None for one in (chart.low, chart.high)]
        value = _days(alarm, chart.value[place]) if known else None
        rows.append(
            [
                week,
                value,
                *limits,
                _days(alarm, chart.centre),
                value if chart.marked[place] else None,
                *_mark(chart.changes, week, top_level),
            ]
        )
    bottom = _table(sheet, head, heads, ["day", *[share] * 6, ""], rows, writer)
    writer.lines(
        sheet,
        "Control charts",
        f"J{top + 2}",
        title=facts.name(lang),
        rows=(head, bottom - 1),
        series=[
            (1, "#0B4A82", "solid"),
            (2, "#7F7F7F", "dash"),
            (3, "#7F7F7F", "dash"),
            (4, "#B3BFCC", "solid"),
            (5, "#C00000", "marks"),
            (6, "#C55A11", "change"),
        ],
        labels=[str(row[7]) for row in rows],
    )
    answer = alarm.answer
    if answer is None or answer.best is None:
        return max(bottom, top + 2 + _LEAST_ROWS) + 2
    steps = steps_of_dimension(answer.best, lang)
    return _waterfall(sheet, bottom + 1, answer.value_before, steps, answer.value_after, writer)


def _days(alarm: Alarm, value: float) -> float:
    """Return a value as it is shown: the median cycle is a logarithm of days."""
    return math.exp(value) if alarm.metric == "median cycle" else float(value)


def _waterfall(
    sheet: Any, head: int, before: float, steps: Sequence[Step], after: float, writer: SheetWriter
) -> int:
    levels = list(itertools.accumulate((size for _, size in steps), initial=before))
    rows: list[list[object]] = [[writer.say("before"), 0.0, before]]
    rows += [
        [name, level, level + size] for (name, size), level in zip(steps, levels, strict=False)
    ]
    rows.append([writer.say("after"), 0.0, after])
    heads = ("Step", "From", "To")
    bottom = _table(sheet, head, heads, ["", "share", "share"], rows, writer)
    writer.waterfall(
        sheet,
        "Control charts",
        f"J{head + 3}",
        title="Rate and mix",
        rows=(head, bottom - 1),
    )
    return max(bottom, head + 3 + _LEAST_ROWS) + 2


def _effect(effect: EffectOfChange, sheet: Any, top: int, writer: SheetWriter) -> int:
    """Write one effect from a row on, and return the row after it."""
    lines = effect.explain(writer.lang).splitlines()
    writer.put(sheet, top, 0, lines[0], "title")
    for place, line in enumerate(lines[1:], start=1):
        writer.put(sheet, top + place, 0, line)
    head = top + len(lines) + 1
    style = "share" if effect.raw.kind == "rate" else "money"
    sides = [
        [writer.say("before"), effect.raw.value_before],
        [writer.say("after"), effect.raw.value_after],
    ]
    head = _table(sheet, head, ("Step", "Value"), ["", style], sides, writer) + 1
    series = effect.series
    if series is None:
        return head + 1
    monday = effect.change.day + timedelta(days=-effect.change.day.weekday() % 7)
    begin = monday - timedelta(days=7 * series.change)
    weeks = [begin + timedelta(days=7 * int(one)) for one in series.time.tolist()]
    late = series.time >= series.change
    register = effect.register or (effect.change,)
    top_level = float(np.nanmax(np.concatenate([series.observed, series.counterfactual])))
    rows: list[list[object]] = [
        [
            week,
            float(series.observed[place]),
            float(series.fitted[place]),
            float(series.counterfactual[place]) if late[place] else None,
            *_mark(register, week, top_level),
        ]
        for place, week in enumerate(weeks)
    ]
    heads = (
        "Week from",
        "Value",
        "fitted by the model",
        "trend without the change",
        *_CHANGE,
    )
    bottom = _table(sheet, head, heads, ["day", *[style] * 4, ""], rows, writer)
    writer.lines(
        sheet,
        "Before and after",
        f"J{top + 2}",
        title=effect.change.what,
        rows=(head, bottom - 1),
        series=[
            (1, "#7F7F7F", "marks"),
            (2, "#0B4A82", "solid"),
            (3, "#C55A11", "dash"),
            (4, "#C55A11", "change"),
        ],
        labels=[str(row[5]) for row in rows],
    )
    return max(bottom, top + 2 + _LEAST_ROWS) + 2


def _mark(
    changes: Sequence[AnnouncedChange], week: date, level: float
) -> tuple[float | None, str]:
    """Return the height of the mark of the changes of a week, and their names."""
    named = "; ".join(one.what for one in changes if 0 <= (one.day - week).days < 7)
    return (level if named else None), named


def _highest(values: Sequence[Floats], alarm: Alarm) -> float:
    known = np.concatenate(values)
    known = known[np.isfinite(known)]
    return _days(alarm, float(known.max(initial=alarm.chart.centre)))


def _table(
    sheet: Any,
    head: int,
    heads: Sequence[str],
    styles: Sequence[str],
    rows: Sequence[Sequence[object]],
    writer: SheetWriter,
) -> int:
    """Write a table, and return the row after it."""
    for column, name in enumerate(heads):
        writer.put(sheet, head, column, writer.say(name), "head")
    for place, row in enumerate(rows, start=head + 1):
        for column, (cell, style) in enumerate(zip(row, styles, strict=True)):
            writer.put(sheet, place, column, cell, style)
    return head + 1 + len(rows)
