"""Cuts at cumulative shares, by selection around the cut instead of a full sort."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from attrs import define, field

from abcxyz._arrays import Bools, Numbers
from abcxyz.core.exact_sums import BLOCK, prefix_sums
from abcxyz.core.sums import NEAR, Survey

__all__ = ["count_cut", "share_cut"]

_SORT_ALL = BLOCK
_SAMPLE = 1 << 16
_SIGMAS = 4.0


@define
class _Bracket:
    """Range of values that contains the crossing; *above* is the sum or count above the range."""

    low: float
    high: float
    above: float | int = 0
    parts: list[Numbers] = field(factory=list)

    def inside(self) -> Numbers:
        """Return the values of the range, descending."""
        return np.sort(np.concatenate(self.parts))[::-1]


def share_cut(column: Survey, shares: tuple[float, float]) -> tuple[float, float]:
    """Find the smallest values above which the shares of the positive sum are not reached.

    Parameters
    ----------
    column
        Values with their summary statistics.
    shares
        Cumulative shares, as fractions.

    Returns
    -------
    tuple
        One limit per share; infinity if no value is positive.
    """
    if column.high <= column.zero:
        return math.inf, math.inf
    total = column.total
    if column.low < 0:
        total = column.gather([column.masked_sum(block, block > 0) for block in column.blocks()])
    targets = [_target(share, total, whole=column.whole) for share in shares]
    first, second = _crossings(column, targets, by_value=True, total=total)
    return first, second


def count_cut(column: Survey, shares: tuple[float, float]) -> tuple[float, float]:
    """Find the smallest values above which the shares of the customers are not reached.

    Parameters and result are those of `share_cut`.
    """
    if column.high <= column.zero:
        return math.inf, math.inf
    targets = [_target(share, column.count, whole=True) for share in shares]
    first, second = _crossings(column, targets, by_value=False, total=column.count)
    if second > column.zero:
        return first, second
    least = column.least_positive()
    return first if first > column.zero else least, least


def _target(share: float, total: float, *, whole: bool) -> float | int:
    """Return the sum that the values above a group must stay below."""
    if whole:
        return math.ceil(Fraction(str(float(share))) * int(total))
    return share * total


def _crossings(
    column: Survey, targets: list[float | int], *, by_value: bool, total: float
) -> list[float]:
    brackets: list[_Bracket] = []
    if column.count > _SORT_ALL:
        brackets = [_bracket(column, float(t), float(total), by_value=by_value) for t in targets]
        _gather(column, brackets, by_value=by_value)
    cuts = [_crossing(b, t, by_value=by_value) for b, t in zip(brackets, targets, strict=False)]
    if not cuts or None in cuts:
        everything = column.classified()
        if by_value:
            everything = everything[everything > column.zero]
        whole = _Bracket(-math.inf, math.inf, 0, [everything])
        cuts = [_crossing(whole, target, by_value=by_value) for target in targets]
    return [math.inf if cut is None else cut for cut in cuts]


def _bracket(column: Survey, target: float, total: float, *, by_value: bool) -> _Bracket:
    """Estimate from a sample a range around the crossing, counted from the smallest values.

    The sum of the small values varies little from sample to sample, that of the large ones
    much: counting from below keeps the range narrow even if a few customers hold most money.
    """
    step = max(1, len(column.values) // min(_SAMPLE, len(column.values) // 16))
    sample = column.values[::step]
    sample = np.sort(sample[~np.isnan(sample)] if column.count < len(column.values) else sample)
    if by_value:
        sample = sample[sample > column.zero]
    if not len(sample):
        return _Bracket(-math.inf, math.inf)
    weights = sample.astype(np.float64) if by_value else np.ones(len(sample))
    scale = column.count / max(1, len(column.values[::step]))
    below = np.cumsum(weights) * scale
    spread = np.sqrt(np.cumsum(weights**2)) * scale * _SIGMAS + scale * weights
    wanted = total - target
    low = int(np.searchsorted(below + spread, wanted)) - 1
    high = int(np.searchsorted(below - spread, wanted, side="right")) + 1
    return _Bracket(
        float(sample[low]) if low >= 0 else -math.inf,
        float(sample[high]) if high < len(sample) else math.inf,
    )


def _gather(column: Survey, brackets: list[_Bracket], *, by_value: bool) -> None:
    """Sum the values above each range and collect those inside, in one pass."""
    sums: list[list[float | int]] = [[] for _ in brackets]
    for block in column.blocks():
        for bracket, above in zip(brackets, sums, strict=True):
            over = block > bracket.high
            above.append(
                column.masked_sum(block, over) if by_value else int(np.count_nonzero(over))
            )
            inside = block >= max(bracket.low, column.zero) if by_value else block >= bracket.low
            inside ^= over
            part = block[inside]
            bracket.parts.append(part[part > column.zero] if by_value else part)
    for bracket, above in zip(brackets, sums, strict=True):
        bracket.above = column.gather(above) if by_value else sum(map(int, above))


def _crossing(bracket: _Bracket, target: float, *, by_value: bool) -> float | None:
    """Find the smallest value of the last group of equals above which the target is not reached.

    Returns None if that group may not lie entirely inside the range.
    """
    down = bracket.inside()
    if not len(down):
        return None
    whole = down.dtype.kind == "i"
    starts = np.flatnonzero(_differs(down[:-1], down[1:], whole=whole)) + 1
    starts = np.concatenate(([0], starts))
    if not by_value:
        before = bracket.above + starts
        reached = before >= target
    elif whole:
        sums = np.cumsum(down) if _fits(down) else np.cumsum(down.astype(object))
        before = np.concatenate(([0], sums))[starts] + bracket.above
        reached = before >= target
    else:
        before = np.concatenate(([0.0], prefix_sums(down)))[starts] + bracket.above
        reached = before >= target - NEAR * abs(target)
    group = int(np.argmax(reached)) - 1 if reached.any() else len(starts) - 1
    end = int(starts[group + 1]) if group + 1 < len(starts) else len(down)
    # At an edge of the range the group may go on outside it.
    at_top = group <= 0 and math.isfinite(bracket.high)
    at_bottom = group == len(starts) - 1 and math.isfinite(bracket.low)
    if group < 0 or at_top or at_bottom:
        return None
    cut: float = down[end - 1].item()
    return cut


def _differs(larger: Numbers, smaller: Numbers, *, whole: bool) -> Bools:
    if whole:
        return np.asarray(larger != smaller)
    scale = np.maximum(np.abs(larger), np.abs(smaller))
    return np.asarray(larger - smaller > NEAR * scale)


def _fits(down: Numbers) -> bool:
    return max(abs(int(down[0])), abs(int(down[-1]))) * len(down) < 2**62
