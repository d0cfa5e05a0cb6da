"""What a history knows beside a result: the structure over time, and what became of alerts."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
from attrs import frozen

from abcxyz.core.minor_units import money_sum
from abcxyz.core.snapshots.snapshot import Snapshot

__all__ = ["AlertRecord", "PastResult", "result_of"]


@frozen(kw_only=True)
class PastResult:
    """Totals of the classes A, B and C in one result.

    Parameters
    ----------
    dated
        Date of the result.
    customers
        (3,) number of customers of each class.
    value
        (3,) the metric of each class.
    """

    dated: date
    customers: tuple[int, int, int]
    value: tuple[float, float, float]

    def shares(self, what: str) -> tuple[float, float, float]:
        """Return the shares of the classes in ``customers`` or ``value``; NaN of nothing.

        Examples
        --------
        >>> PastResult(dated=date(2026, 1, 31), customers=(1, 1, 2),
        ...            value=(80.0, 15.0, 5.0)).shares("customers")
        (0.25, 0.25, 0.5)
        """
        parts: tuple[float, float, float] = getattr(self, what)
        total = math.fsum(parts)
        a, b, c = (one / total if total > 0 else math.nan for one in parts)
        return a, b, c


def result_of(snapshot: Snapshot) -> PastResult:
    """Return the totals of the classes in a snapshot; customers without a class count nowhere."""
    value = np.asarray(snapshot.value, dtype=np.float64)
    chosen = [(snapshot.abc == code) & (snapshot.segment >= 0) for code in range(3)]
    a, b, c = (int(one.sum()) for one in chosen)
    x, y, z = (money_sum(np.nan_to_num(value[one])) for one in chosen)
    return PastResult(dated=snapshot.dated, customers=(a, b, c), value=(x, y, z))


@frozen(kw_only=True)
class AlertRecord:
    """What became of the alerts that runs have raised, by customers.

    Parameters
    ----------
    since
        Day of the first alert.
    raised
        Number of customers with an alert.
    reached
        How many of them have a logged outcome since their alert.
    ordered
        How many of these ordered after the call, or said that they do.
    """

    since: date
    raised: int
    reached: int
    ordered: int
