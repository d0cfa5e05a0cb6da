"""What was found wrong in the sales, and what was done with it."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import field, frozen

__all__ = ["Quality", "QualityIssue"]


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
