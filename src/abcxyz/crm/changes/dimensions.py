"""Change of a figure by a dimension: rate and mix of its groups, against chance."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Floats, Ints
from abcxyz.core.decomposition.rate_mix import rate_and_mix
from abcxyz.crm.records.columns import TextColumn
from abcxyz.crm.reports.base import Row
from abcxyz.crm.statistics.tails import Z_95

__all__ = [
    "PERMUTATIONS",
    "DimensionChange",
    "GroupChange",
    "carried_groups",
    "change_by",
    "change_of_groups",
    "whole_effect",
]

PERMUTATIONS = 200
"""Number of shuffles that say what chance explains."""


@frozen
class GroupChange(Row):
    """One group of a dimension.

    Parameters
    ----------
    dimension, group
        The dimension and the group.
    n_before, n_after
        Deals that count.
    rate_before, rate_after
        The figure in the group; NaN without deals.
    rate_effect, rate_effect_low, rate_effect_high
        Part of the change by the group's own rate, with its 95 % interval (delta method).
    mix_effect
        Part of the change by its share of the deals.
    """

    dimension: str
    group: str
    n_before: int
    n_after: int
    rate_before: float
    rate_after: float
    rate_effect: float
    rate_effect_low: float
    rate_effect_high: float
    mix_effect: float


@frozen
class DimensionChange(Row):
    """Change of a figure split by one dimension.

    Parameters
    ----------
    dimension
        The dimension.
    rate_effect, rate_effect_low, rate_effect_high, mix_effect
        Sums over the groups; rate and mix add up to the change.
    beyond_chance
        Share of the change that one or two groups, or the mix, carry beyond what they would if it
        were spread evenly, less the same where the periods are shuffled.
    p
        P value of the rarer of the two, doubled: the share of the shuffles that carry as much.
    carried_by
        ``mix``, the groups whose rates carry it, or empty if it is spread evenly.
    simpson
        Whether no group moves the way of the whole, and one moves the other way.
    groups
        The groups, the largest part first.
    """

    dimension: str
    rate_effect: float
    rate_effect_low: float
    rate_effect_high: float
    mix_effect: float
    beyond_chance: float
    p: float
    carried_by: tuple[str, ...]
    simpson: bool
    groups: tuple[GroupChange, ...]


def change_of_groups(
    name: str, column: TextColumn, before: Ints, after: Ints, value: Floats
) -> tuple[GroupChange, ...]:
    """Split the change of a mean into rate and mix of every group.

    Parameters
    ----------
    name, column
        The dimension, and the group of every observation.
    before, after
        Positions of the observations of each side.
    value
        (n,) values, 0 and 1 for a rate.
    """
    count = len(column.categories)
    sums = [_cells(column.codes, side, value, count) for side in (before, after)]
    seen = np.flatnonzero(sums[0][0] + sums[1][0])
    (n0, x0, s0), (n1, x1, s1) = (tuple(part[seen] for part in one) for one in sums)
    parts = rate_and_mix(x0, n0, x1, n1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean0, mean1 = x0 / n0, x1 / n1
        noise = np.nan_to_num((s0 / n0 - mean0**2) / n0) + np.nan_to_num((s1 / n1 - mean1**2) / n1)
    error = parts.weight * np.sqrt(np.maximum(noise, 0.0)) * ((n0 > 0) & (n1 > 0))
    rows = [
        GroupChange(
            name,
            column.categories[int(code)],
            int(n0[i]),
            int(n1[i]),
            float(mean0[i]),
            float(mean1[i]),
            float(parts.rate[i]),
            float(parts.rate[i] - Z_95 * error[i]),
            float(parts.rate[i] + Z_95 * error[i]),
            float(parts.mix[i]),
        )
        for i, code in enumerate(seen)
    ]
    return tuple(sorted(rows, key=lambda row: (-abs(row.rate_effect + row.mix_effect), row.group)))


def _cells(codes: Ints, side: Ints, value: Floats, count: int) -> tuple[Floats, Floats, Floats]:
    group, chosen = codes[side], value[side]
    n = np.bincount(group, minlength=count).astype(np.float64)
    x: Floats = np.asarray(np.bincount(group, chosen, minlength=count), dtype=np.float64)
    squares: Floats = np.asarray(
        np.bincount(group, chosen * chosen, minlength=count), dtype=np.float64
    )
    return n, x, squares


def change_by(
    name: str,
    column: TextColumn,
    before: Ints,
    after: Ints,
    value: Floats,
    *,
    comparisons: int = 1,
    seed: int = 0,
) -> DimensionChange:
    """Split the change of a mean by one dimension, and compare it with chance.

    Parameters
    ----------
    name, column, before, after, value
        As in `change_of_groups`.
    comparisons
        Number of dimensions that are looked at: a change is carried by groups only if fewer than
        5 % of the shuffles do as well, divided by it.
    seed
        Seed of the shuffles.

    Notes
    -----
    What one or two groups carry beyond an even spread is ``|rate_i - w_i sum(rate)|``, w the mean
    shares; with the size of the mix it is compared with 200 shuffles of the period labels.
    """
    groups = change_of_groups(name, column, before, after, value)
    rate, low, high, mix = whole_effect(groups)
    observed = _carried(column, before, after, value)
    shuffles = _shuffled(column, before, after, value, np.random.default_rng(seed))
    size = abs(rate + mix)
    chance = (1 + (shuffles >= observed).sum(axis=0)) / (1 + len(shuffles))
    p = float(min(2 * chance.min(), 1.0))
    # Of two equally rare ones the larger part explains more.
    by_mix = (chance[0], -observed[0]) <= (chance[1], -observed[1])
    kind = 0 if by_mix else 1
    excess = observed[kind] - shuffles[:, kind].mean()
    carried: tuple[str, ...] = ()
    if p <= max(0.05 / comparisons, 2 / (1 + len(shuffles))) and len(groups) > 1:
        carried = ("mix",) if by_mix else carried_groups(groups, rate)
    return DimensionChange(
        name,
        rate,
        low,
        high,
        mix,
        float(excess / size) if size else math.nan,
        p,
        carried,
        _simpson(groups, rate + mix),
        groups,
    )


def whole_effect(groups: tuple[GroupChange, ...]) -> tuple[float, float, float, float]:
    """Return the rate effect of all groups, its 95 % interval, and the mix effect."""
    rate = sum(one.rate_effect for one in groups)
    half = math.sqrt(
        sum(((one.rate_effect_high - one.rate_effect_low) / 2) ** 2 for one in groups)
    )
    return rate, rate - half, rate + half, sum(one.mix_effect for one in groups)


def carried_groups(groups: tuple[GroupChange, ...], rate: float) -> tuple[str, ...]:
    """Return the one or two groups whose rates carry most beyond an even spread."""
    whole = sum(one.n_before for one in groups), sum(one.n_after for one in groups)
    beyond = {
        one.group: one.rate_effect - (one.n_before / whole[0] + one.n_after / whole[1]) / 2 * rate
        for one in groups
    }
    first, *rest = sorted(beyond, key=lambda one: (-abs(beyond[one]), one))
    second = [one for one in rest if beyond[one] * beyond[first] > 0][:1]
    return (first, *(one for one in second if abs(beyond[one]) > abs(beyond[first]) / 2))


def _simpson(groups: tuple[GroupChange, ...], difference: float) -> bool:
    moves = [one.rate_after - one.rate_before for one in groups if one.n_before and one.n_after]
    against = [one * difference for one in moves]
    return bool(against) and max(against) <= 0 and min(against) < 0


def _statistics(x0: Floats, n0: Floats, x1: Floats, n1: Floats) -> Floats:
    """Return (…, 2): size of the mix, and what one or two groups' rates carry beyond even."""
    parts = rate_and_mix(x0, n0, x1, n1)
    beyond = parts.rate - parts.weight * parts.rate.sum(axis=-1, keepdims=True)
    ends = np.sort(beyond, axis=-1)
    both = np.stack([np.abs(ends[..., :2].sum(axis=-1)), np.abs(ends[..., -2:].sum(axis=-1))])
    alone = np.abs(beyond).max(axis=-1)
    # Two groups carry nothing beyond each other: their excess is one of opposite signs.
    carried = alone if beyond.shape[-1] < 3 else np.maximum(alone, both.max(axis=0))
    return np.stack([np.abs(parts.mix.sum(axis=-1)), carried], axis=-1)


def _carried(column: TextColumn, before: Ints, after: Ints, value: Floats) -> Floats:
    count = len(column.categories)
    (n0, x0, _), (n1, x1, _) = (
        _cells(column.codes, side, value, count) for side in (before, after)
    )
    seen = n0 + n1 > 0
    return _statistics(x0[seen], n0[seen], x1[seen], n1[seen])


def _shuffled(
    column: TextColumn, before: Ints, after: Ints, value: Floats, random: np.random.Generator
) -> Floats:
    """Return (200, 2) statistics with the labels of the periods shuffled."""
    both = np.concatenate([before, after])
    _, group = np.unique(column.codes[both], return_inverse=True)
    values, count = value[both], int(group.max()) + 1
    draw = _binary_draw if np.isin(values, (0.0, 1.0)).all() else _plain_draw
    n1, x1 = draw(group, values, count, len(after), random)
    n = np.bincount(group, minlength=count)
    x = np.bincount(group, values, minlength=count)
    return _statistics(x - x1, n - n1, x1, n1)


Draw = Callable[[Ints, Floats, int, int, np.random.Generator], tuple[Floats, Floats]]


def _binary_draw(
    group: Ints, values: Floats, count: int, size: int, random: np.random.Generator
) -> tuple[Floats, Floats]:
    """Shuffle counts instead of rows: the cells of a shuffle are hypergeometric."""
    cells = np.bincount(group * 2 + values.astype(np.int64), minlength=2 * count)
    drawn = random.multivariate_hypergeometric(cells, size, PERMUTATIONS, method="marginals")
    drawn = drawn.reshape(PERMUTATIONS, count, 2)
    return drawn.sum(axis=2).astype(float), drawn[..., 1].astype(float)


def _plain_draw(
    group: Ints, values: Floats, count: int, size: int, random: np.random.Generator
) -> tuple[Floats, Floats]:
    n1, x1 = np.empty((PERMUTATIONS, count)), np.empty((PERMUTATIONS, count))
    chosen: Bools = np.zeros(len(group), dtype=bool)
    chosen[:size] = True
    for one in range(PERMUTATIONS):
        random.shuffle(chosen)
        n1[one] = np.bincount(group[chosen], minlength=count)
        x1[one] = np.bincount(group[chosen], values[chosen], minlength=count)
    return n1, x1
