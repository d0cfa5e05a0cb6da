"""What was found wrong in the sales, and what was done with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from attrs import field, frozen

__all__ = ["KINDS", "TREATMENTS", "TREATMENT_OF", "Quality", "QualityIssue"]

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "no_customer": "lines without a customer",
        "no_date": "lines without a date",
        "unreadable_date": "unreadable dates",
        "no_amount": "lines without an amount",
        "unreadable_amount": "unreadable amounts",
        "future_date": "dates in the future",
        "other_currency": "lines in another currency",
        "converted": "lines in a foreign currency",
        "no_cost": "lines without a cost",
        "zero": "zero amounts",
        "negative": "negative amounts (returns)",
        "duplicate": "exact duplicate lines",
        "outside_window": "lines outside the window",
        "not_in_id_map": "lines of customers not in the id map",
    }
)
"""What may be wrong with a line -> the words for it."""

TREATMENTS: Mapping[str, str] = MappingProxyType(
    {
        "left_out": "left out",
        "kept": "kept",
        "converted": "converted by the rate given",
        "cost_zero": "kept with the cost 0",
        "not_counted": "not counted in this window",
        "own_customer": "kept as customers of their own",
    }
)
"""What is done with such lines -> the words for it."""

TREATMENT_OF: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(KINDS, "left_out"),
        "converted": "converted",
        "no_cost": "cost_zero",
        "zero": "kept",
        "negative": "kept",
        "duplicate": "kept",
        "outside_window": "not_counted",
        "not_in_id_map": "own_customer",
    }
)
"""What is wrong with a line -> what is done with it."""


def _texts(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(found)


def _issues(found: Iterable[QualityIssue]) -> tuple[QualityIssue, ...]:
    return tuple(found)


@frozen
class QualityIssue:
    """Lines of one kind.

    Parameters
    ----------
    kind
        A short name, such as ``no_customer``.
    count
        How many lines.
    amount
        Their money; None where it cannot be told.
    treatment
        What was done: ``left_out``, ``kept``, ``converted``, ….
    examples
        A few of them, as they are written.
    """

    kind: str
    count: int
    amount: float | None
    treatment: str
    examples: tuple[str, ...] = field(default=(), converter=_texts)


@frozen
class Quality:
    """The account of one reading.

    Parameters
    ----------
    rows
        Lines met.
    used
        Lines that are in the result, or would be if they lay in the window.
    issues
        What was doubtful.
    """

    rows: int
    used: int
    issues: tuple[QualityIssue, ...] = field(default=(), converter=_issues)
