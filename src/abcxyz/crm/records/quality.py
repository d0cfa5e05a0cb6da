"""Kinds of problems in CRM records, and the account of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Bools, Floats
from abcxyz.core.sales.quality import Quality, QualityIssue

__all__ = ["CRM_PROBLEMS", "Account"]

#: Treatments that leave the records as they are.
_STAYING = ("kept", "cut", "history_wins", "gap_left_out", "by_fields")

CRM_PROBLEMS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "no_moment": ("rows without the moment that places them in time", "left_out"),
        "no_stage": ("stage changes without a stage", "left_out"),
        "unknown_stage": ("stage changes into a stage that the funnels do not list", "left_out"),
        "unknown_deal": ("stage changes of deals that are not in the deals", "left_out"),
        "duplicate_change": ("repeated stage changes", "left_out"),
        "same_moment": ("stage changes of one deal at one moment", "kept"),
        "future": ("moments on or after the day of the report", "left_out"),
        "created_late": ("deals with a change before their creation", "repaired"),
        "negative_duration": ("activities that end before they start", "duration_left_out"),
        "closed_before_created": ("deals closed before their creation", "duration_left_out"),
        "long_activity": ("activities longer than 8 hours", "cut"),
        "outcome_differs": ("deals whose field and history disagree on the stage", "history_wins"),
        "stage_differs": (
            "deals whose stage is not the last one of their history",
            "gap_left_out",
        ),
        "history_gap": (
            "deals whose history does not begin at their creation",
            "gap_left_out",
        ),
        "no_history": ("deals without a stage change", "by_fields"),
        "won_without_amount": ("won deals without an amount", "kept"),
        "lost_with_amount": ("lost deals with an amount", "kept"),
        "possible_duplicate": ("deals of one customer, amount and day", "kept"),
        "repeated_activity": ("activities listed more than once", "left_out"),
        "other_currency": ("deals in another currency", "left_out"),
    }
)
"""Kind of problem -> description and treatment."""


#: Kinds that a repair does not remove: they are found again in records made of these.
_LASTING = frozenset(kind for kind, (_, done) in CRM_PROBLEMS.items() if done in _STAYING)
_EXAMPLES = 3


class Account:
    """Collects the issues of one reading."""

    def __init__(self, issues: tuple[QualityIssue, ...] = ()) -> None:
        self._issues = {issue.kind: issue for issue in issues if issue.kind not in _LASTING}

    def add(
        self,
        kind: str,
        affected: Bools,
        ids: npt.NDArray[np.object_] | None = None,
        amount: Floats | None = None,
    ) -> None:
        """Enter the affected rows of a table; nothing is entered if there are none."""
        count = int(np.count_nonzero(affected))
        if not count:
            return
        money = None
        if amount is not None:
            money = float(np.nansum(amount[affected]))
        examples: tuple[str, ...] = ()
        if ids is not None:
            examples = tuple(str(one) for one in ids[affected][:_EXAMPLES].tolist())
        known = self._issues.get(kind)
        if known is not None:
            count += known.count
            money = known.amount if money is None else money + (known.amount or 0.0)
            examples = (*known.examples, *examples)[:_EXAMPLES]
        self._issues[kind] = QualityIssue(kind, count, money, CRM_PROBLEMS[kind][1], examples)

    def quality(self, rows: int, used: int) -> Quality:
        """Return the account of *rows* stage changes or deals, of which *used* count."""
        return Quality(rows, used, tuple(self._issues.values()))
