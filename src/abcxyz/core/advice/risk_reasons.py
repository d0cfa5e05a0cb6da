"""Reasons why an open deal is at risk, and their words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from abcxyz.core.display import percent
from abcxyz.toolkit.catalogue import Figure, text
from abcxyz.toolkit.numbers import date_text, number

__all__ = ["FALL_DAYS", "RISKS", "plain_fact", "reason_text"]

RISKS = ("fell", "below", "overdue", "stuck", "planned", "no_step")
"""Reasons why a deal is at risk, the most urgent first."""

FALL_DAYS = 7
"""Days within which a fall of the probability counts."""


def reason_text(kind: str, fact: Any, lang: str = "en") -> str:
    """Return a reason in words.

    Parameters
    ----------
    kind
        One of `RISKS`.
    fact
        What it says: for ``fell`` the probability before and now; for ``below`` the probability
        and that of won deals; for ``overdue`` the rule and the day; for ``stuck`` the days and
        the usual ones; for ``planned`` the day; for ``no_step`` anything. Days may be ISO text.
    lang
        Language of the words.

    Examples
    --------
    >>> reason_text("stuck", (36.26, 3.0), "ru")
    '36 дн. на стадии, обычно до 3'
    >>> reason_text("planned", "2026-05-20")
    'the planned day 2026-05-20 is past'
    """
    if kind == "fell":
        return text(
            "the probability fell from {before} to {now} within {days} days",
            lang,
            before=percent(fact[0], lang),
            now=percent(fact[1], lang),
            days=FALL_DAYS,
        )
    if kind == "below":
        return text(
            "a probability of {now}; deals at this stage and age that were won had {well}",
            lang,
            now=percent(fact[0], lang),
            well=percent(fact[1], lang),
        )
    if kind == "overdue":
        return text(
            "no answer within the limit of {rule}, due on {day}",
            lang,
            rule=text(fact[0], lang),
            day=date_text(_day(fact[1]), lang),
        )
    if kind == "stuck":
        return text(
            "{days} {days:day|days} in the stage, usual are up to {usual}",
            lang,
            days=Figure(fact[0]),
            usual=number(fact[1], lang),
        )
    if kind == "planned":
        return text("the planned day {day} is past", lang, day=date_text(_day(fact), lang))
    return text("no next step is planned", lang)


def plain_fact(fact: Any) -> Any:
    """Return what a reason says as plain values, ready for JSON; `reason_text` takes them too.

    Examples
    --------
    >>> plain_fact((0.512345, 0.25)), plain_fact(date(2026, 5, 20))
    ([0.5123, 0.25], '2026-05-20')
    """
    if isinstance(fact, date):
        return fact.isoformat()
    if isinstance(fact, float):
        return round(fact, 4)
    if isinstance(fact, Sequence) and not isinstance(fact, str):
        return [plain_fact(one) for one in fact]
    return fact


def _day(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value
