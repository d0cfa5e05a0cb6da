"""Sheets of the customers to call, and of those who may rise to class A."""

from __future__ import annotations

from abcxyz.core.advice.calls import OUTCOMES
from abcxyz.report.customers import Facts, name_of
from abcxyz.report.workbook.writer import AMBER, SheetWriter

__all__ = ["calls_sheet", "growth_sheet"]


def calls_sheet(facts: Facts, writer: SheetWriter) -> None:
    """Write the call list in its order."""
    analysis = facts.analysis
    sheet, last = writer.sheet(
        "Calls",
        [
            ("Customer", 24, ""),
            ("Name", 40, ""),
            ("Segment", 10, ""),
            ("Owner", 22, ""),
            ("Last sale", 13, "day"),
            ("Days silent", 10, "count"),
            ("Usual gap, days", 12, "count"),
            ("Longest pause, days", 12, "count"),
            ("Probability", 14, "share"),
            ("Money", 18, "money"),
            ("Expected loss", 18, "money"),
            ("Like cases", 10, "count"),
            ("Did not come back", 12, "count"),
            ("Outcome", 18, ""),
            ("Logged", 13, "day"),
            ("Why", 80, ""),
            ("Against", 60, ""),
        ],
        (
            (
                one.customer,
                name_of(analysis, one.customer),
                one.segment,
                one.owner,
                one.last_day,
                one.days,
                one.usual,
                one.longest,
                one.probability,
                one.money,
                one.expected_loss,
                *(one.like if one.like[0] else (None, None)),
                None if one.outcome is None else writer.say(OUTCOMES[one.outcome.outcome]),
                None if one.outcome is None else one.outcome.day,
                "; ".join(one.reasons(writer.lang)),
                "; ".join(one.against(writer.lang)),
            )
            for one in analysis.calls or ()
        ),
    )
    writer.shade(sheet, last, 10, high=AMBER)


def growth_sheet(facts: Facts, writer: SheetWriter) -> None:
    """Write the growth list in its order."""
    analysis = facts.analysis
    sheet, last = writer.sheet(
        "Growth",
        [
            ("Customer", 24, ""),
            ("Name", 40, ""),
            ("Segment", 10, ""),
            ("Owner", 22, ""),
            ("Value", 20, "money"),
            ("Missing", 18, "money"),
            ("Probability", 14, "share"),
            ("Expected gain", 18, "money"),
            ("Like cases", 10, "count"),
            ("Risen", 12, "count"),
            ("Why", 80, ""),
            ("Against", 60, ""),
        ],
        (
            (
                one.customer,
                name_of(analysis, one.customer),
                one.segment,
                one.owner,
                one.value,
                one.missing,
                one.probability,
                one.expected_gain,
                *(one.like if one.like[0] else (None, None)),
                "; ".join(one.reasons(writer.lang)),
                "; ".join(one.against(writer.lang)),
            )
            for one in analysis.growth or ()
        ),
    )
    writer.shade(sheet, last, 7)
