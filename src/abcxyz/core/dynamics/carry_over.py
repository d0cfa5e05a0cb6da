"""Customers of the snapshot before stay known, though only a window of sales was read."""

from __future__ import annotations

import attrs
import numpy as np

from abcxyz._arrays import Days, freeze
from abcxyz.core.dynamics.alignment import align
from abcxyz.core.sales.panel import Panel
from abcxyz.core.snapshots.snapshot import Snapshot

__all__ = ["carry_over"]


def carry_over(panel: Panel, previous: Snapshot) -> Panel:
    """Add the customers of a former snapshot who bought nothing, and the former first days.

    Parameters
    ----------
    panel
        Of this run.
    previous
        The snapshot before.

    Returns
    -------
    Panel
        Its own customers first, in their order; then those who are only in the snapshot, without
        sales.

    Notes
    -----
    So does 1C: who had a record gets one as long as the history lasts, "not classified" where
    there are no sales; who never bought has none.
    """
    aligned = align(previous.customers, panel.customers)
    gone = len(aligned.customers) - len(panel)
    never = np.datetime64("NaT", "D")

    def both(name: str, choose: np.ufunc) -> Days:
        columns = [
            getattr(aligned, f"of_{when}")(getattr(part, name).astype("M8[D]"), never)
            for when, part in (("before", previous), ("after", panel))
        ]
        found: Days = choose(*columns)
        return freeze(found)

    first_day, last_day = both("first_day", np.fmin), both("last_day", np.fmax)
    if not gone:
        return attrs.evolve(panel, first_day=first_day, last_day=last_day)
    return attrs.evolve(
        panel,
        customers=freeze(aligned.customers),
        value=freeze(aligned.of_after(panel.value.astype(np.float64), np.nan)),
        sales=freeze(aligned.of_after(panel.sales.astype(np.float64), np.nan)),
        orders=freeze(aligned.of_after(panel.orders, 0)),
        first_day=first_day,
        last_day=last_day,
        rhythm=None if panel.rhythm is None else panel.rhythm.extended(gone),
    )
