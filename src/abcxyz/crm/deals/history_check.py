"""Check that histories of deals are whole enough for durations."""

from __future__ import annotations

from abcxyz.crm.records.data import CrmData
from abcxyz.errors import InputError

__all__ = ["check_history"]

_GAPS = 0.2


def check_history(crm: CrmData) -> None:
    """Check that the histories of the deals are whole enough for durations.

    Raises
    ------
    InputError
        More than a fifth of the deals have a gap in their history.
    """
    gaps = sum(
        issue.count for issue in crm.quality.issues if issue.kind in ("history_gap", "no_history")
    )
    if len(crm.deals) and gaps > _GAPS * len(crm.deals):
        raise InputError(
            "{n} of {all} deals have a gap in their history of stages, so their times are not "
            "known; read the whole history",
            n=gaps,
            all=len(crm.deals),
        )
