"""Comparison of groups, such as managers or sources, by their win rates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Floats, Ints
from abcxyz.core.dynamics.rate_interval import rate_interval
from abcxyz.crm.records.columns import TextColumn
from abcxyz.crm.reports.base import RANKED, Row
from abcxyz.crm.statistics.proportions import (
    benjamini_hochberg,
    newcombe_interval,
    poisson_interval,
    two_proportion_test,
)

__all__ = [
    "FALSE_DISCOVERY",
    "LEAST_DIFFERENCE",
    "GroupRate",
    "RatedRow",
    "compare_groups",
    "strata",
]

FALSE_DISCOVERY = 0.10
"""Adjusted p value up to which a difference is worded as one."""

LEAST_DIFFERENCE = 0.05
"""Smallest difference of two rates that is worded as one."""

_LEAST_STRATUM = 20


@frozen
class GroupRate(Row):
    """Win rate of one group, against the rest and at equal conditions.

    Parameters
    ----------
    won, decided
        Deals won, and won or lost.
    rate, low, high
        ``won / decided`` and its 95 % interval (Wilson).
    difference, difference_low, difference_high
        Rate minus the rate of all other groups together, with Newcombe's interval.
    p, q
        P value of that difference, and the same adjusted over all groups.
    expected, ratio, ratio_low, ratio_high
        Wins at the overall rates of the group's strata; won over expected with its exact
        interval.
    verdict
        ``higher``, ``lower``, ``no difference shown``, or ``few`` under 10 decided deals.
    """

    won: int
    decided: int
    rate: float
    low: float
    high: float
    difference: float
    difference_low: float
    difference_high: float
    p: float
    q: float
    expected: float
    ratio: float
    ratio_low: float
    ratio_high: float
    verdict: str


class RatedRow(Row):
    """Base of rows with a field ``rate`` of `GroupRate`, whose figures stand beside their own."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, those of the rate among them."""
        fields = super().to_dict()
        rate = fields.pop("rate")
        return fields | {key: value for key, value in rate.items() if key != "won"}


def compare_groups(
    group: Ints, count: int, won: Bools, decided: Bools, stratum: Ints | None = None
) -> list[GroupRate]:
    """Compare the win rate of every group with that of the rest.

    Parameters
    ----------
    group
        (n,) code of the group of each deal, 0 … *count* - 1; -1 for none.
    count
        Number of groups.
    won, decided
        (n,) whether a deal is won, and whether it is won or lost.
    stratum
        (n,) code of the conditions that the expected wins are taken at, see `strata`; None for
        one stratum of all.

    Notes
    -----
    A difference is worded as one only with q of at most 0.10 (Benjamini and Hochberg over the
    groups) and at least 5 percentage points.
    """
    inside = decided & (group >= 0)
    n = np.bincount(group[inside], minlength=count)
    x = np.bincount(group[inside & won], minlength=count)
    all_n, all_x = int(n.sum()), int(x.sum())
    low, high = rate_interval(x, n)
    low_d, high_d = newcombe_interval(x, n, all_x - x, all_n - n)
    p = two_proportion_test(x, n, all_x - x, all_n - n)
    q = benjamini_hochberg(p)
    expected = _expected(group, count, won, inside, stratum)
    rows = []
    for i in range(count):
        rate = int(x[i]) / int(n[i]) if n[i] else math.nan
        rest = (all_x - int(x[i])) / (all_n - int(n[i])) if all_n > n[i] else math.nan
        bounds = poisson_interval(int(x[i]))
        over = float(expected[i])
        rows.append(
            GroupRate(
                int(x[i]),
                int(n[i]),
                rate,
                float(low[i]),
                float(high[i]),
                rate - rest,
                float(low_d[i]),
                float(high_d[i]),
                float(p[i]),
                float(q[i]),
                over,
                int(x[i]) / over if over else math.nan,
                bounds[0] / over if over else math.nan,
                bounds[1] / over if over else math.nan,
                _verdict(int(n[i]), rate - rest, float(q[i])),
            )
        )
    return rows


def _verdict(n: int, difference: float, q: float) -> str:
    if n < RANKED:
        return "few"
    if not q <= FALSE_DISCOVERY or not abs(difference) >= LEAST_DIFFERENCE:
        return "no difference shown"
    return "higher" if difference > 0 else "lower"


def _expected(group: Ints, count: int, won: Bools, inside: Bools, stratum: Ints | None) -> Floats:
    layer = np.zeros(len(group), dtype=np.int64) if stratum is None else stratum
    size = int(layer.max(initial=0)) + 1
    n = np.bincount(layer[inside], minlength=size)
    x = np.bincount(layer[inside & won], minlength=size)
    rate = np.divide(x, n, out=np.zeros(size), where=n > 0)
    expected: Floats = np.bincount(group[inside], rate[layer[inside]], minlength=count).astype(
        np.float64, copy=False
    )
    return expected


def strata(columns: Sequence[TextColumn], decided: Bools) -> Ints:
    """Combine columns into strata, merged upwards to at least 20 decided deals each.

    Parameters
    ----------
    columns
        Conditions, the most important first, such as source and product.
    decided
        (n,) whether a deal is won or lost.

    Returns
    -------
    numpy.ndarray
        (n,) code of the stratum.

    Notes
    -----
    A combination with too few decided deals falls back to that without its last column, down to
    one stratum of all the rest.
    """
    n = len(decided)
    result = np.zeros(n, dtype=np.int64)
    open_ = np.ones(n, dtype=bool)
    offset = 1
    for depth in range(len(columns), 0, -1):
        key = np.zeros(n, dtype=np.int64)
        for column in columns[:depth]:
            key = key * len(column.categories) + column.codes
        _, key = np.unique(key, return_inverse=True)
        counts = np.bincount(key[open_ & decided], minlength=int(key.max(initial=0)) + 1)
        enough = open_ & (counts[key] >= _LEAST_STRATUM)
        result[enough] = offset + key[enough]
        offset += int(key.max(initial=0)) + 1
        open_ &= ~enough
    return result
