"""Carry-over of customers of the previous snapshot who have no sales in this window."""

from __future__ import annotations

import attrs
import numpy as np

from abcxyz._arrays import Days, freeze
from abcxyz.core.dynamics.alignment import align
from abcxyz.core.sales.panel import Panel
from abcxyz.core.snapshots.snapshot import Snapshot

__all__ = ["carry_over"]


def carry_over(panel: Panel, previous: Snapshot) -> Panel:
    """Add customers of the previous snapshot without sales, and extend the first and last days.

    Parameters
    ----------
    panel
        Panel of this run.
    previous
        The previous snapshot.

    Returns
    -------
    Panel
        Customers of the panel first, in their order; then those of the snapshot only, without
        sales.

    Notes
    -----
    1C does the same: a customer with a record keeps one for the whole history, "not classified"
    without sales; a customer who never bought has none.
    """
    aligned = align(previous.customers, panel.customers)
    gone = len(aligned.customers) - len(panel)
    never = np.datetime64("NaT", "D")

    def both(name: str, choose: np.ufunc) -> Days:
        columns = [
            getattr(aligned, f"of_{when}")(getattr(part, name).astype("M8[D]"), never)
            for when, part in (("before", previous), ("after", panel))
        ]
        chosen: Days = choose(*columns)
        return freeze(chosen)

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
