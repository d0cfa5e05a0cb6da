"""Crossing values of cumulative shares, by successively finer histograms.

A sort or a cumulative sum over all customers would collect them on one machine; a histogram with
some thousand buckets does not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import narwhals.stable.v2 as nw
from attrs import evolve, frozen

from abcxyz.frames.engines import fetch
from abcxyz.frames.query import Lazy

__all__ = ["FEW", "crossing_values"]

FEW = 50_000
"""Largest number of customers around a crossing that are fetched and sorted."""

_BUCKETS = 1024


@frozen
class _Bracket:
    """Range of values that contains the crossing; *above* is the weight of larger values."""

    low: float
    high: float
    above: float = 0
    count: int = FEW + 1

    def narrow(self, near: float) -> bool:
        """Return whether all values of the range count as equal."""
        return self.high - self.low <= near * abs(self.high)


def crossing_values(
    table: Lazy,
    targets: Sequence[float],
    low: float,
    high: float,
    *,
    near: float,
    weight: str | None,
) -> list[float]:
    """Find, for each target, the smallest value above which the target is not reached.

    Parameters
    ----------
    table
        Table with the column ``value``.
    targets
        Cumulative weights, from the largest value down.
    low, high
        Range of the search, both above zero.
    near
        Relative distance up to which values count as equal.
    weight
        The column to sum, or None to count.

    Returns
    -------
    list
        One value per target.
    """
    if not targets:
        return []
    whole = _Bracket(low, high)
    brackets = [whole] * len(targets)
    if not whole.narrow(near):
        # Money is skewed, so the buckets of the first histogram have equal ratios.
        buckets = _histogram(table, whole, weight, ratio=True)
        brackets = [_bucket(buckets, whole, target, near) for target in targets]
    return [
        _narrowed(table, bracket, target, near, weight)
        for bracket, target in zip(brackets, targets, strict=True)
    ]


def _narrowed(
    table: Lazy, bracket: _Bracket, target: float, near: float, weight: str | None
) -> float:
    while not bracket.narrow(near):
        if bracket.count <= FEW:
            return _sorted(table, bracket, target, near, weight)
        buckets = _histogram(table, bracket, weight, ratio=False)
        bracket = _bucket(buckets, bracket, target, near)
    return bracket.low


def _within(table: Lazy, bracket: _Bracket) -> Lazy:
    value = nw.col("value")
    return table.filter((value >= bracket.low) & (value <= bracket.high))


def _histogram(
    table: Lazy, bracket: _Bracket, weight: str | None, *, ratio: bool
) -> list[_Bracket]:
    """Return the buckets that are not empty, from the largest values down.

    ``above`` is the weight of the bucket itself.
    """
    place = nw.col("value").cast(nw.Float64)
    low, high = float(bracket.low), float(bracket.high)
    if ratio:
        place, low, high = place.log(), math.log(low), math.log(high)
    place = (place - low) * (_BUCKETS / (high - low))
    columns = {
        "place": place.floor().cast(nw.Int64),
        "low": nw.col("value"),
        "high": nw.col("value"),
        "count": nw.col("value"),
        "sum": nw.col("value"),
    }
    fetched = fetch(
        _within(table, bracket)
        .select(**columns)
        .group_by("place")
        .agg(
            nw.col("low").min(), nw.col("high").max(), nw.col("count").count(), nw.col("sum").sum()
        )
    )
    rows = sorted(
        zip(fetched["low"], fetched["high"], fetched["count"], fetched["sum"], strict=True),
        reverse=True,
    )
    buckets: list[_Bracket] = []
    for least, most, count, total in rows:
        one = _Bracket(least, most, total if weight else int(count), int(count))
        if buckets and buckets[-1].low <= most:
            # A logarithm may be off by a rounding error; overlapping buckets are merged.
            last = buckets.pop()
            one = _Bracket(
                least, max(most, last.high), one.above + last.above, one.count + last.count
            )
        buckets.append(one)
    return buckets


def _bucket(
    buckets: Sequence[_Bracket], bracket: _Bracket, target: float, near: float
) -> _Bracket:
    above = bracket.above
    for one in buckets:
        if above + one.above >= target - near * abs(target):
            break
        above += one.above
    else:
        one = buckets[-1]
        above -= one.above
    return evolve(one, above=above)


def _sorted(
    table: Lazy, bracket: _Bracket, target: float, near: float, weight: str | None
) -> float:
    """Fetch the values of a range, and find the crossing among groups of equal values."""
    columns = fetch(
        _within(table, bracket)
        .select("value", count=nw.col("value"))
        .group_by("value")
        .agg(nw.col("count").count())
    )
    above: Any = bracket.above
    groups: list[list[Any]] = []
    for value, count in sorted(zip(columns["value"], columns["count"], strict=True), reverse=True):
        mass = value * count if weight else int(count)
        if groups and groups[-1][0] - value <= near * abs(value):
            groups[-1] = [value, groups[-1][1] + mass]
        else:
            groups.append([value, mass])
    cut: float = groups[-1][0]
    for value, mass in groups:
        above += mass
        if above >= target - near * abs(target):
            return float(value) if near else int(value)
    return cut
