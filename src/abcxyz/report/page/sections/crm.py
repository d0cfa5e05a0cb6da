"""Sections of the CRM reports: the finding as the heading, a chart, and a table."""

from __future__ import annotations

import re
from typing import Any

from abcxyz.charts.crm import crm_report
from abcxyz.charts.svg import clean
from abcxyz.core.analysis.record import Analysis
from abcxyz.crm.analysis import CrmAnalysis
from abcxyz.crm.changes.effects import EffectsOfChanges
from abcxyz.crm.reports.base import Report, heading
from abcxyz.i18n import date_text, text, translate
from abcxyz.report.crm_columns import FIRST_REPORTS, PAGE_COLUMNS, report_subject
from abcxyz.report.customers import Facts, name_of
from abcxyz.report.page.formatter import Formatter, minus, prose, themed
from abcxyz.report.page.sections.crm_changes import WIDTHS, as_heading, change_parts

__all__ = ["crm"]

_FINDING = 300
_ROWS = 15
_END = re.compile(r"(?<=[.!?]) (?=.)")
#: A short word with a point, after which a number is no new sentence.
_SHORT = re.compile(r"\b[^\W\d]{1,3}\.$")
#: A sentence that begins with the name of a rule.
_LABEL = re.compile(r"\w+: ")


def crm(facts: Facts, show: Formatter) -> dict[str, Any]:
    """Return the sections of the CRM reports; none where no CRM was read."""
    made = facts.analysis.crm
    sections: list[dict[str, Any]] = []
    missing: list[str] = []
    window = ""
    if isinstance(made, CrmAnalysis):
        lang = show.lang
        sections = [
            _section(name, made.reports[name], show, facts.analysis)
            for name in PAGE_COLUMNS
            if name in made.reports
        ]
        missing = [
            prose(f"{report_subject(name, lang)}: {clean(translate(reason, lang), 300)}")
            for name, reason in made.missing.items()
        ]
        window = text(
            "{since} to {until}",
            lang,
            since=date_text(made.window.since, lang),
            until=date_text(made.window.last, lang),
        )
    return {
        "crm": sections,
        "crm_missing": missing,
        "crm_window": window,
        "currency": show.currency,
    }


def _first_sentence(explained: str) -> tuple[str, str]:
    """Return the first sentence, and the rest; an abbreviation does not end a sentence."""
    for end in _END.finditer(explained):
        rest = explained[end.end() :]
        begins = rest[0].isupper() or _LABEL.match(rest)
        if begins or (rest[0].isdigit() and not _SHORT.search(explained[: end.start()])):
            return explained[: end.start()], rest
    return explained, ""


def _section(name: str, report: Report, show: Formatter, analysis: Analysis) -> dict[str, Any]:
    lang = show.lang
    changed = change_parts(report, show)
    explained = report.explain(lang)
    if changed is None:
        finding, rest = _first_sentence(clean(explained, 1200))
    else:  # each part says its own finding, with its own picture
        said = report.finding(lang) if isinstance(report, EffectsOfChanges) else explained
        finding, rest = clean(said.partition("\n")[0], _FINDING), ""
    fields = PAGE_COLUMNS[name]
    listed = report.rows()[:_ROWS]
    rows = [row.to_dict() for row in listed]
    if "customer" in fields:
        rows = [{**row, "customer": name_of(analysis, row["customer"])} for row in rows]
    heads = [text(heading(one), lang) for one in fields]
    cells = [
        [minus(row.cell(one, values[one], lang)) for one in fields]
        for row, values in zip(listed, rows, strict=True)
    ]
    reasons = [clean(row.evidence(lang), _FINDING) for row in listed]
    if any(reasons):
        heads.append(text("Reasons", lang))
        cells = [[*line, reason] for line, reason in zip(cells, reasons, strict=True)]
    return {
        "id": f"crm-{name}",
        "first": name in FIRST_REPORTS,
        "title": report.title(lang),
        "finding": prose(as_heading(clean(finding, _FINDING), lang)),
        **({"parts": [], "parts_left": ""} if changed is None else changed),
        "rest": prose(rest),
        # Drawn twice, because the letters of a wide picture are too small on a phone.
        "pictures": {
            kind: themed(
                crm_report(report, lang, width=width, currency=show.currency, finding=False)
            )
            for kind, width in WIDTHS.items()
        }
        if changed is None
        else {},
        "heads": heads,
        "numeric": [
            place
            for place, one in enumerate(fields)
            if any(isinstance(row[one], int | float) for row in rows)
        ],
        "rows": cells,
        "left": len(report.rows()) - len(rows),
    }
