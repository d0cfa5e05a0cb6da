"""Sections of the CRM reports: the finding as the heading, a chart, and a table."""

from __future__ import annotations

import re
from typing import Any

from abcxyz.charts.crm import crm_report
from abcxyz.charts.svg import clean
from abcxyz.crm.analysis import CrmAnalysis
from abcxyz.crm.reports.base import Report, heading, shown
from abcxyz.i18n import date_text, text, translate
from abcxyz.report.crm_columns import PAGE_COLUMNS
from abcxyz.report.customers import Facts
from abcxyz.report.page.formatter import Formatter, themed

__all__ = ["crm"]

_ROWS = 15
_SENTENCE = re.compile(r"(?<=[.!?]) (?=[A-ZА-ЯЁ«]|\w+: )")


def crm(facts: Facts, show: Formatter) -> dict[str, Any]:
    """Return the sections of the CRM reports; none where no CRM was read."""
    made = facts.analysis.crm
    if not isinstance(made, CrmAnalysis):
        return {"crm": [], "crm_missing": [], "crm_window": ""}
    lang = show.lang
    return {
        "crm": [
            _section(name, made.reports[name], show)
            for name in PAGE_COLUMNS
            if name in made.reports
        ],
        "crm_missing": [
            f"{name}: {clean(translate(reason, lang), 300)}"
            for name, reason in made.missing.items()
        ],
        "crm_window": text(
            "{since} to {until}",
            lang,
            since=date_text(made.window.since, lang),
            until=date_text(made.window.last, lang),
        ),
    }


def _section(name: str, report: Report, show: Formatter) -> dict[str, Any]:
    lang = show.lang
    finding, *rest = _SENTENCE.split(clean(report.explain(lang), 1200))
    fields = PAGE_COLUMNS[name]
    rows = [row.to_dict() for row in report.rows()[:_ROWS]]
    return {
        "id": f"crm-{name}",
        "title": report.title(lang),
        "finding": finding,
        "rest": " ".join(rest),
        "picture": themed(
            crm_report(report, lang, width=720, currency=show.currency, finding=False)
        ),
        "heads": [text(heading(one), lang) for one in fields],
        "numeric": [
            place
            for place, one in enumerate(fields)
            if any(isinstance(row[one], int | float) for row in rows)
        ],
        "rows": [[shown(one, row[one], lang) for one in fields] for row in rows],
        "left": len(report.rows()) - len(rows),
    }
