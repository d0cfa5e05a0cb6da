"""Sheets of lists: alerts, prospects, data quality, settings."""

from __future__ import annotations

import numpy as np

from abcxyz.core.sales.quality import KINDS, TREATMENTS
from abcxyz.i18n import translate
from abcxyz.report.customers import Facts, name_of
from abcxyz.report.method import settings_rows
from abcxyz.report.vocabulary import ALERT_KINDS, GLOSSARY
from abcxyz.report.workbook.writer import SheetWriter

__all__ = ["alerts_sheet", "glossary_sheet", "prospects_sheet", "quality_sheet", "settings_sheet"]


def alerts_sheet(facts: Facts, writer: SheetWriter) -> None:
    """Write the alerts."""
    writer.sheet(
        "Alerts",
        [
            ("What", 26, ""),
            ("Customer", 24, ""),
            ("Name", 40, ""),
            ("Before", 10, ""),
            ("Now", 10, ""),
            ("Money", 18, "money"),
            ("Days", 10, "count"),
            ("Owner", 22, ""),
            ("Why", 80, ""),
            ("Key", 40, ""),
        ],
        (
            (
                writer.say(ALERT_KINDS[one.kind]),
                one.customer,
                one.subject(writer.lang, name=name_of(facts.analysis, one.customer)),
                one.before or None,
                one.after or None,
                one.money,
                one.age,
                one.owner,
                one.sentence(writer.lang, name=name_of(facts.analysis, one.customer)),
                one.key,
            )
            for one in facts.analysis.alerts
        ),
    )


def prospects_sheet(facts: Facts, writer: SheetWriter) -> None:
    """Write the scored leads."""
    scores = facts.analysis.prospects
    points = np.empty(0) if scores is None else np.nan_to_num(scores.score)
    order = np.argsort(-points, kind="stable").tolist()

    def row(i: int) -> tuple[object, ...]:
        assert scores is not None
        one = scores[i]
        lead = scores.ids[i]
        return (
            lead.item() if isinstance(lead, np.generic) else lead,
            name_of(facts.analysis, lead),
            one.grade or writer.say("not scored"),
            one.score,
            one.probability,
            one.coverage,
            "; ".join(one.reasons_in(writer.lang)),
            "; ".join(one.against_in(writer.lang)),
            one.sentence(writer.lang),
        )

    sheet, last = writer.sheet(
        "Prospects",
        [
            ("Lead", 24, ""),
            ("Name", 40, ""),
            ("Grade", 12, ""),
            ("Points", 12, "count"),
            ("Probability", 14, "share"),
            ("Known", 12, "share"),
            ("For", 50, ""),
            ("Against", 50, ""),
            ("Advice", 70, ""),
        ],
        (row(i) for i in order),
    )
    writer.shade(sheet, last, 3)


def quality_sheet(facts: Facts, writer: SheetWriter) -> None:
    """Write the account of data quality."""
    quality = facts.totals.quality
    rows: list[tuple[object, ...]] = []
    if quality is not None:
        attention = writer.say("Attention")
        rows += [
            (attention, None, None, None, translate(one, writer.lang)) for one in quality.notices
        ]
        rows += [
            (writer.say("all lines"), quality.rows, None, None, None),
            (writer.say("lines used"), quality.used, None, None, None),
        ]
        rows += [
            (
                writer.say(KINDS.get(one.kind, one.kind)),
                one.count,
                one.amount,
                writer.say(TREATMENTS.get(one.treatment, one.treatment)),
                "; ".join(one.examples),
            )
            for one in quality.issues
        ]
        heading = writer.say("How the data were read")
        rows += [
            (heading, None, None, None, translate(one, writer.lang)) for one in quality.remarks
        ]
    writer.sheet(
        "Quality",
        [
            ("Found", 36, ""),
            ("Lines", 12, "count"),
            ("Value", 18, "money"),
            ("What was done", 36, ""),
            ("For example", 60, ""),
        ],
        rows,
    )


def settings_sheet(facts: Facts, writer: SheetWriter) -> None:
    """Write the settings."""
    writer.sheet(
        "Settings",
        [("Setting", 40, "label"), ("Value", 90, "")],
        settings_rows(facts, writer.lang),
    )


def glossary_sheet(facts: Facts, writer: SheetWriter) -> None:
    """Write what the words of the sheets mean."""
    del facts
    rows = [(writer.say(term), writer.say(meaning)) for term, meaning in GLOSSARY.items()]
    writer.sheet("What the words mean", [("Word", 30, "label"), ("Meaning", 110, "")], rows)
