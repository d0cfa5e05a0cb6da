"""Summary of an analysis: the totals that sinks and reports show."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from attrs import frozen

from abcxyz.core.advice.alerts import NO_RISK, Alert
from abcxyz.core.classes.matrix import GroupSummary, Matrix
from abcxyz.core.classes.results import AbcResult, ClassSummary, XyzResult, class_summaries
from abcxyz.core.classes.segments import SEGMENTS, XYZ, segment_codes
from abcxyz.core.dynamics.core_metrics import CoreMetrics
from abcxyz.core.dynamics.event_totals import EventTotal, event_totals
from abcxyz.core.dynamics.events import FALLS, RISES
from abcxyz.core.dynamics.transitions import Transitions
from abcxyz.core.sales.quality import Quality
from abcxyz.core.sales.rhythm import Silence

__all__ = ["MoveTotal", "SegmentSummary", "Summary", "summarize"]


@frozen
class SegmentSummary:
    """Totals of one of the nine segments; a share is NaN if its denominator is zero.

    Parameters
    ----------
    segment
        Name, such as ``AX``.
    customers, customers_share
        Number of customers, and their share of the classified ones.
    value, value_share
        Their money, and its share of the sum of positive values.
    late
        Number of them who are silent for longer than usual.
    """

    segment: str
    customers: int
    value: float
    customers_share: float
    value_share: float
    late: int


@frozen
class MoveTotal:
    """Customers of several events together, and the change of their money."""

    customers: int
    change: float


@frozen(kw_only=True)
class Summary:
    """Totals of an analysis; money is in the unit of the data, shares are fractions.

    Parameters
    ----------
    customers
        Customers with sales in the window.
    classified, value
        Customers with both classes, and their money.
    unclassified, unclassified_value
        Customers without one of the classes, and their money.
    abc, xyz
        Totals of the three classes of either axis.
    abc_cuts, xyz_cuts
        Cut of each class: its least value, or its largest coefficient of variation; NaN for the
        last class, which has none.
    segments
        Totals of the nine segments, from ``AX`` to ``CZ``.
    groups
        Totals of the four groups of `BCG`.
    events
        Totals per event since the previous snapshot; empty if there is none.
    fell, rose
        Totals of the events `FALLS` and `RISES`.
    alerts
        Number of alerts.
    money_at_risk
        Sum of the money of all alerts but those of `NO_RISK`.
    prospects
        Number of scored leads.
    metrics
        Key figures of concentration and stability.
    quality
        Data-quality report of the sales; None if there is none.
    """

    customers: int
    classified: int
    value: float
    unclassified: int
    unclassified_value: float
    abc: tuple[ClassSummary, ...]
    xyz: tuple[ClassSummary, ...]
    abc_cuts: tuple[float, ...]
    xyz_cuts: tuple[float, ...]
    segments: tuple[SegmentSummary, ...]
    groups: tuple[GroupSummary, ...]
    events: tuple[EventTotal, ...]
    fell: MoveTotal
    rose: MoveTotal
    alerts: int
    money_at_risk: float
    prospects: int
    metrics: CoreMetrics
    quality: Quality | None

    @property
    def total_value(self) -> float:
        """Money of all customers."""
        return self.value + self.unclassified_value


def summarize(
    *,
    abc: AbcResult,
    xyz: XyzResult,
    matrix: Matrix,
    transitions: Transitions | None,
    silence: Silence,
    alerts: Sequence[Alert],
    prospects: int,
    metrics: CoreMetrics,
    quality: Quality | None,
) -> Summary:
    """Compute the summary of the parts of an analysis.

    Parameters
    ----------
    abc, xyz, matrix, transitions, alerts, metrics, quality
        As in `Analysis`.
    silence
        Silence of the customers of *abc*, in their order.
    prospects
        Number of scored leads.
    """
    segments = segment_codes(abc.codes, xyz.codes)
    late = np.bincount(segments[silence.late] + 1, minlength=len(SEGMENTS) + 1)[1:]
    events = () if transitions is None else event_totals(transitions)
    return Summary(
        customers=int(np.count_nonzero(abc.codes >= 0)),
        classified=matrix.customers,
        value=float(matrix.values.sum()),
        unclassified=matrix.unclassified,
        unclassified_value=matrix.unclassified_value,
        abc=abc.summary(),
        xyz=class_summaries(xyz.codes, XYZ, abc.values),
        abc_cuts=(float(abc.cuts.first), float(abc.cuts.second), math.nan),
        xyz_cuts=(float(xyz.cuts.first), float(xyz.cuts.second), math.nan),
        segments=tuple(
            SegmentSummary(segment, *cell)
            for segment, *cell in zip(
                SEGMENTS,
                matrix.counts.ravel().tolist(),
                matrix.values.ravel().tolist(),
                matrix.count_shares.ravel().tolist(),
                matrix.value_shares.ravel().tolist(),
                late.tolist(),
                strict=True,
            )
        ),
        groups=matrix.groups(),
        events=events,
        fell=_together(events, FALLS),
        rose=_together(events, RISES),
        alerts=len(alerts),
        money_at_risk=math.fsum(one.money or 0.0 for one in alerts if one.kind not in NO_RISK),
        prospects=prospects,
        metrics=metrics,
        quality=quality,
    )


def _together(events: Sequence[EventTotal], names: Sequence[str]) -> MoveTotal:
    chosen = [one for one in events if one.event in names]
    return MoveTotal(sum(one.customers for one in chosen), math.fsum(one.change for one in chosen))
