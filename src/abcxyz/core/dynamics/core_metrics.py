"""Key figures of a snapshot: concentration of the value, and stability of the core."""

from __future__ import annotations

import math
from typing import Any

import attrs
import numpy as np
from attrs import frozen

from abcxyz._arrays import Floats, same_numbers
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.core.dynamics.alignment import Alignment, align
from abcxyz.core.dynamics.comparison import compare_aligned
from abcxyz.core.snapshots.snapshot import Snapshot

__all__ = ["CoreMetrics", "core_metrics", "gini", "pareto_pair"]

_YEAR = 365.25


@frozen(kw_only=True, field_transformer=same_numbers)
class CoreMetrics:
    """Key figures of one snapshot; shares are fractions, NaN where undefined.

    Parameters
    ----------
    pareto_customers, pareto_value
        Actual counterpart of "20 / 80": share of the largest customers, and of their value, that
        together make one.
    gini
        Gini coefficient: 0 for equal values, near 1 if one customer brings everything.
    top_1, top_5, top_10
        Share of the value of the largest 1, 5 and 10 % of the customers.
    hhi
        Herfindahl-Hirschman index: the sum of squared shares, 1 for a single customer.
    core_customers, core_value
        AX and AY together: their share of the classified customers and of the value.
    cows_inflow
        Share of the customers in AX who were not in AX in the previous snapshot.
    cows_retention
        Share of the customers of AX in the previous snapshot who are still in AX.
    a_attrition
        Yearly share of the customers of A who leave A: measured from a year ago, or annualised
        from another earlier snapshot.
    a_attrition_days
        Days between the two snapshots of the attrition; 0 without an earlier snapshot.
    """

    pareto_customers: float
    pareto_value: float
    gini: float
    top_1: float
    top_5: float
    top_10: float
    hhi: float
    core_customers: float
    core_value: float
    cows_inflow: float = math.nan
    cows_retention: float = math.nan
    a_attrition: float = math.nan
    a_attrition_days: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON: None for NaN."""
        return {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in attrs.asdict(self).items()
        }


def _falling(values: Floats) -> Floats:
    """Return the classified values in descending order, negative ones as zero."""
    amounts = np.asarray(values, dtype=np.float64)
    amounts = np.maximum(amounts[~np.isnan(amounts)], 0.0)
    return np.sort(amounts)[::-1]


def gini(values: Floats) -> float:
    """Compute the Gini coefficient; values below zero count as zero.

    Notes
    -----
    ``G = (n + 1 - 2 Σ W_k) / n`` with the cumulative shares ``W_k`` from the smallest value up.

    Examples
    --------
    >>> round(gini([1, 1, 1, 1]), 9), gini([0, 0, 0, 4])
    (0.0, 0.75)
    """
    down = _falling(values)
    total = down.sum()
    if not total > 0:
        return math.nan
    n = len(down)
    share = np.cumsum(down[::-1]) / total
    return float((n + 1 - 2 * share.sum()) / n)


def pareto_pair(values: Floats) -> tuple[float, float]:
    """Find the share of the largest customers that, with their share of the value, makes one.

    Returns
    -------
    tuple of float
        Share of customers, share of value; interpolated linearly along the cumulative curve.

    Examples
    --------
    >>> pareto_pair([1, 1, 1, 1]), [round(x, 3) for x in pareto_pair([80, 5, 5, 5, 5])]
    ((0.5, 0.5), [0.2, 0.8])
    """
    down = _falling(values)
    total = down.sum()
    if not total > 0:
        return math.nan, math.nan
    n = len(down)
    customers = np.arange(n + 1) / n
    both = customers + np.concatenate([[0.0], np.cumsum(down)]) / total
    share = float(np.interp(1.0, both, customers))
    return share, 1.0 - share


def core_metrics(
    snapshot: Snapshot,
    previous: Snapshot | None = None,
    year_ago: Snapshot | None = None,
    *,
    aligned: Alignment | None = None,
) -> CoreMetrics:
    """Compute the key figures of a snapshot.

    Parameters
    ----------
    snapshot
        The snapshot to describe.
    previous
        The previous snapshot, for inflow and retention of AX.
    year_ago
        A snapshot of one year earlier, for the attrition of A; None for the previous one.
    aligned
        The customers of *previous* and *snapshot*, if they are aligned already.

    Returns
    -------
    CoreMetrics

    Notes
    -----
    The attrition q over d days is annualised as ``1 - (1 - q)^(365.25 / d)``. It is too small for
    overlapping windows, which share most of their sales.
    """
    down = _falling(snapshot.value)
    total = float(down.sum())
    known = total > 0
    shares = down / total if known else down
    customers, value = pareto_pair(snapshot.value)
    segment = snapshot.segment
    core = (segment == SEGMENTS.index("AX")) | (segment == SEGMENTS.index("AY"))
    classified = int(np.count_nonzero(segment >= 0))
    if previous is not None and aligned is None:
        aligned = align(previous.customers, snapshot.customers)
    inflow, retention = _cows(snapshot, previous, aligned)
    attrition, days = (
        _attrition(snapshot, previous, aligned)
        if year_ago is None
        else _attrition(snapshot, year_ago, align(year_ago.customers, snapshot.customers))
    )
    tops = [math.ceil(len(down) * percent / 100) for percent in (1, 5, 10)]
    top_1, top_5, top_10 = (float(shares[:count].sum()) if known else math.nan for count in tops)
    return CoreMetrics(
        pareto_customers=customers,
        pareto_value=value,
        gini=gini(snapshot.value),
        top_1=top_1,
        top_5=top_5,
        top_10=top_10,
        hhi=float(np.dot(shares, shares)) if known else math.nan,
        core_customers=float(np.count_nonzero(core)) / classified if classified else math.nan,
        core_value=float(snapshot.value[core].sum()) / total if known else math.nan,
        cows_inflow=inflow,
        cows_retention=retention,
        a_attrition=attrition,
        a_attrition_days=days,
    )


def _cows(
    snapshot: Snapshot, previous: Snapshot | None, aligned: Alignment | None
) -> tuple[float, float]:
    if previous is None or aligned is None:
        return math.nan, math.nan
    moves = compare_aligned(previous, snapshot, aligned)
    cow = SEGMENTS.index("AX")
    was, now = moves.before == cow, moves.after == cow
    stayed = int(np.count_nonzero(was & now))
    before, after = int(np.count_nonzero(was)), int(np.count_nonzero(now))
    return (
        (after - stayed) / after if after else math.nan,
        stayed / before if before else math.nan,
    )


def _attrition(
    snapshot: Snapshot, before: Snapshot | None, aligned: Alignment | None
) -> tuple[float, int]:
    if before is None or aligned is None:
        return math.nan, 0
    days = (snapshot.dated - before.dated).days
    moves = compare_aligned(before, snapshot, aligned, by="abc")
    was = moves.before == 0
    count = int(np.count_nonzero(was))
    if not count or days <= 0:
        return math.nan, days
    left = int(np.count_nonzero(was & (moves.after != 0))) / count
    return 1.0 - (1.0 - left) ** (_YEAR / days), days
