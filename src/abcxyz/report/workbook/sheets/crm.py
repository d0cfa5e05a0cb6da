"""Sheets of the CRM reports: their findings, and one sheet for each."""

from __future__ import annotations

from typing import Any

from abcxyz.core.analysis.record import Analysis
from abcxyz.crm.alarms.alarm import Anomalies
from abcxyz.crm.analysis import CrmAnalysis
from abcxyz.crm.changes.effects import EffectsOfChanges
from abcxyz.crm.reports.base import Report, heading, is_share, table_columns
from abcxyz.i18n import text, translate
from abcxyz.report.crm_columns import PAGE_COLUMNS, report_subject
from abcxyz.report.customers import Facts, name_of
from abcxyz.report.workbook.sheets.crm_changes import control_charts_sheet, effects_sheet
from abcxyz.report.workbook.writer import MOST_LINES, SheetWriter

__all__ = ["crm_sheets"]

#: Endings of the names of fields that hold money.
_MONEY = (
    "amount",
    "expected",
    "at_risk",
    "cheque",
    "spend",
    "cost",
    "worth",
    "leak",
    "per_lead",
    "per_won",
)


def crm_sheets(facts: Facts, writer: SheetWriter) -> None:
    """Write the CRM reports; nothing where no CRM was read."""
    made = facts.analysis.crm
    if not isinstance(made, CrmAnalysis):
        return
    reports = {name: made.reports[name] for name in PAGE_COLUMNS if name in made.reports}
    rows: list[tuple[object, ...]] = [
        (report.title(writer.lang), report.explain(writer.lang)) for report in reports.values()
    ]
    rows += [
        (report_subject(name, writer.lang), translate(reason, writer.lang))
        for name, reason in made.missing.items()
    ]
    writer.sheet("CRM", [("Report", 30, "label"), ("Finding", 120, "")], rows)
    for report in reports.values():
        _report_sheet(report, writer, facts.analysis)
        if isinstance(report, Anomalies):
            control_charts_sheet(report, writer)
        if isinstance(report, EffectsOfChanges):
            effects_sheet(report, writer)


def _report_sheet(report: Report, writer: SheetWriter, analysis: Analysis) -> None:
    every = report.rows()
    # The heading and a note on the rest take two of the lines of a sheet.
    listed = every if len(every) < MOST_LINES else every[: MOST_LINES - 2]
    rows = [row.to_dict() for row in listed]
    names = table_columns(rows)
    reasons = [row.evidence(writer.lang) for row in listed]
    columns = [(heading(name), 18, _style(name, rows)) for name in names] or [("Report", 30, "")]
    cells: list[list[object]] = [[_cell(row[name], writer.lang) for name in names] for row in rows]
    if "customer" in names and analysis.names:
        place = names.index("customer") + 1
        columns.insert(place, ("Name", 30, ""))
        for line, row in zip(cells, rows, strict=True):
            line.insert(place, name_of(analysis, row["customer"]))
    if any(reasons):
        columns.append(("Reasons", 80, ""))
        cells = [[*line, reason] for line, reason in zip(cells, reasons, strict=True)]
    if len(listed) < len(every):
        left = text("and {n} more", writer.lang, n=len(every) - len(listed))
        cells.append([left, *[None] * (len(columns) - 1)])
    writer.sheet(report.title(writer.lang)[:31], columns, cells)


def _style(name: str, rows: list[dict[str, Any]]) -> str:
    values = [row[name] for row in rows if row[name] is not None]
    if any(isinstance(one, float) for one in values):
        if is_share(name):
            return "share"
        return "money" if name.endswith(_MONEY) else ""
    return "count" if values and all(type(one) is int for one in values) else ""


def _cell(value: object, lang: str) -> object:
    if isinstance(value, bool):
        return text("yes" if value else "no", lang)
    return text(value, lang) if isinstance(value, str) else value
