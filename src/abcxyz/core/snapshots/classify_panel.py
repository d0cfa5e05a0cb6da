"""Classification of a panel on both axes."""

from __future__ import annotations

from datetime import date

from abcxyz.core.classes.classify import classify_abc, classify_xyz
from abcxyz.core.classes.results import AbcResult, XyzResult
from abcxyz.core.sales.panel import Panel
from abcxyz.core.snapshots.settings import Settings
from abcxyz.core.snapshots.snapshot import Snapshot

__all__ = ["classes_of"]


def classes_of(
    panel: Panel, *, as_of: date, settings: Settings
) -> tuple[Snapshot, AbcResult, XyzResult]:
    """Classify the customers of a panel."""
    abc = classify_abc(panel.value, settings.abc, metric=settings.metric)
    xyz = classify_xyz(
        panel.sales,
        settings.xyz,
        ddof=settings.ddof,
        since_first=settings.since_first,
        single_order=settings.single_order,
        orders=panel.orders,
    )
    snapshot = Snapshot(
        as_of=as_of,
        periods=panel.periods,
        settings=settings,
        customers=panel.customers,
        abc=abc.codes,
        xyz=xyz.codes,
        value=panel.value,
        cv=xyz.cv,
        orders=panel.orders,
        first_day=panel.first_day,
        last_day=panel.last_day,
    )
    return snapshot, abc, xyz
