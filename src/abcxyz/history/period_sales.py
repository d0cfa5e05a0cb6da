"""Sales by customer and period over several snapshots of a history."""

from __future__ import annotations

from collections.abc import Sequence

from abcxyz._arrays import earliest_day
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.forecasts.sales_table import (
    SalesPart,
    SalesTable,
    joined_sales,
    parts_of_analysis,
)
from abcxyz.history.records import SnapshotInfo
from abcxyz.history.store import History

__all__ = ["sales_table"]


def sales_table(
    history: History | None, infos: Sequence[SnapshotInfo], analysis: Analysis | None = None
) -> SalesTable | None:
    """Return the sales by period that snapshots know together.

    Parameters
    ----------
    history
        The history; None without one.
    infos
        Its snapshots of one job and one setting.
    analysis
        A newer analysis of the same sales; None without one.

    Returns
    -------
    SalesTable or None
        None where no sales by period were saved, as by an older version.
    """

    def read(number: int) -> SalesPart | None:
        details = None if history is None else history.details(infos[number])
        if history is None or details is None:
            return None
        snapshot = history.load(infos[number])
        return SalesPart(
            unit=snapshot.periods.bucket,
            edges=snapshot.periods.edges,
            customers=snapshot.customers,
            sales=details.sales,
            first=earliest_day(snapshot.first_day),
        )

    newest = () if analysis is None else parts_of_analysis(analysis)
    return joined_sales(newest, [one.window for one in infos], read)
