"""Totals over the customers of an analysis by bucket and class, and by responsible employee."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Floats, freeze
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.minor_units import money_sum
from abcxyz.core.snapshots.snapshot import Snapshot

__all__ = ["ClassSeries", "OwnerTotal", "class_series", "owner_totals", "segment_counts"]


@frozen(kw_only=True)
class ClassSeries:
    """Value of all customers by bucket.

    Parameters
    ----------
    total
        (p,) value of all customers.
    classes
        (3, p) value of the customers who are of class A, B and C today.
    before
        (p,) value of the window before, bucket by bucket; NaN where it cannot be compared.
    """

    __hash__ = None  # type: ignore[assignment]

    total: Floats = field(eq=SAME_ARRAYS)
    classes: Floats = field(eq=SAME_ARRAYS)
    before: Floats = field(eq=SAME_ARRAYS)


def class_series(analysis: Analysis) -> ClassSeries:
    """Add up the value of all customers by bucket, and by their class of today.

    Examples
    --------
    >>> from datetime import date
    >>> from abcxyz import Settings, Transactions, analyze
    >>> sales = Transactions(["a", "a", "b"], [date(2026, 1, 5), date(2026, 2, 5),
    ...                      date(2026, 2, 9)], [50, 50, 10])
    >>> analysis = analyze(sales, as_of=date(2026, 3, 1), settings=Settings(period="2M"))
    >>> series = class_series(analysis)
    >>> series.total.tolist(), series.classes[0].tolist()
    ([50.0, 60.0], [50.0, 50.0])
    """
    sales = np.nan_to_num(np.asarray(analysis.panel.sales, dtype=np.float64))
    past, count = analysis.year_before, sales.shape[1]
    before = np.full(count, np.nan)
    if past is not None and past.covered and past.sales.shape[1] == count:
        before = np.nansum(past.sales, axis=0)
    classes = [sales[analysis.snapshot.abc == code].sum(axis=0) for code in range(3)]
    return ClassSeries(
        total=freeze(sales.sum(axis=0)), classes=freeze(np.array(classes)), before=freeze(before)
    )


@frozen
class OwnerTotal:
    """Totals of the customers of one responsible employee.

    Parameters
    ----------
    owner
        Name.
    customers, value
        Number of customers with both classes, and the value of all.
    before
        Value of the window before; NaN without a comparison.
    calls, in_question
        Number of customers to call, and the money of their missing orders.
    """

    owner: str
    customers: int
    value: float
    before: float
    calls: int
    in_question: float

    @property
    def growth(self) -> float:
        """Relative change of the value; NaN where there was none before."""
        return self.value / self.before - 1 if self.before > 0 else math.nan


def owner_totals(analysis: Analysis, owners: Sequence[str]) -> list[OwnerTotal]:
    """Return the totals by responsible employee, the most money in question first.

    Parameters
    ----------
    analysis
        The analysis.
    owners
        Responsible employee of each customer, in the snapshot's order; empty where unknown.
    """
    names = sorted({one for one in owners if one})
    place = {name: i for i, name in enumerate(names)}
    code = np.array([place.get(one, -1) for one in owners], dtype=np.int64)
    order = np.argsort(code, kind="stable")
    ends = np.searchsorted(code[order], np.arange(len(names) + 1))
    past = analysis.year_before if analysis.bridge is not None else None
    rows = []
    for i, name in enumerate(names):
        whose = order[ends[i] : ends[i + 1]]
        calls = [one for one in analysis.calls or () if one.owner == name]
        rows.append(
            OwnerTotal(
                owner=name,
                customers=int((analysis.snapshot.segment[whose] >= 0).sum()),
                value=money_sum(analysis.panel.value[whose]),
                before=math.nan if past is None else money_sum(past.value[whose]),
                calls=len(calls),
                in_question=math.fsum(one.money for one in calls if not math.isnan(one.money)),
            )
        )
    rows.sort(key=lambda row: (-row.in_question, -row.value, row.owner))
    return rows


def segment_counts(snapshot: Snapshot) -> list[int]:
    """Return the number of customers of each of the nine segments, from ``AX`` to ``CZ``."""
    segment = snapshot.segment
    counts: list[int] = np.bincount(segment[segment >= 0], minlength=9).tolist()
    return counts
