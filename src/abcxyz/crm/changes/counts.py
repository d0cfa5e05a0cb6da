"""Why a count changed between two windows: orders, customers, leads, activities by group."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Floats, Ints
from abcxyz.core.sales.calendar import Window
from abcxyz.crm.changes.dimensions import (
    PERMUTATIONS,
    DimensionChange,
    GroupChange,
    carried_groups,
)
from abcxyz.crm.changes.metrics import DIMENSIONS, dimension
from abcxyz.crm.records.columns import Moments, TextColumn
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.records.visits import WON
from abcxyz.crm.reports.base import named
from abcxyz.crm.statistics.tails import Z_95
from abcxyz.errors import InputError

__all__ = ["COUNTS", "Counted", "count_dimensions", "count_interval", "counted", "counted_sides"]


@frozen(eq=False)
class Counted:
    """What a count counts.

    Parameters
    ----------
    at
        (n,) moments that place the counted in a window.
    groups
        Dimension -> group of each.
    once
        (n,) number of whom is counted once a window, by the first; None to count each.
    """

    at: Moments = field(eq=SAME_ARRAYS)
    groups: Mapping[str, TextColumn]
    once: Ints | None = None


_Groups = Mapping[str, TextColumn]


def _orders(crm: CrmData, groups: _Groups) -> Counted:
    rows = _won(crm)
    return Counted(crm.outcomes.closed[rows], _of_deals(crm, rows, groups))


def _customers(crm: CrmData, groups: _Groups) -> Counted:
    if crm.deals.customer is None:
        raise InputError(
            "the deals name no customers, so none can be counted; choose another figure"
        )
    rows = _won(crm)
    rows = rows[crm.deals.customer[rows] != (-1 if crm.deals.customer.dtype.kind in "iu" else "")]
    rows = rows[np.argsort(crm.outcomes.closed[rows], kind="stable")]
    texts = crm.deals.customer[rows].astype(str)
    _, who = np.unique(texts, return_inverse=True)
    return Counted(crm.outcomes.closed[rows], _of_deals(crm, rows, groups), np.asarray(who))


def _leads(crm: CrmData, _groups: _Groups) -> Counted:
    table = crm.need("leads")
    columns = {"source": table.source, "owner": table.owner}
    return Counted(table.created, _known(columns, None))


def _activities(crm: CrmData, _groups: _Groups) -> Counted:
    table = crm.need("activities")
    done = np.flatnonzero(table.by_people)
    columns = {"owner": table.user, "kind": table.kind}
    return Counted(table.started[done], _known(columns, done))


def _won(crm: CrmData) -> Ints:
    kind, closed = crm.outcomes.kind, crm.outcomes.closed
    return np.flatnonzero((kind == WON) & ~np.isnat(closed))


def _of_deals(crm: CrmData, rows: Ints, groups: _Groups) -> dict[str, TextColumn]:
    columns = {name: dimension(crm, name) for name in DIMENSIONS} | dict(groups)
    return {name: column[rows] for name, column in columns.items()}


def _known(columns: Mapping[str, TextColumn | None], rows: Ints | None) -> dict[str, TextColumn]:
    found = {}
    for name, column in columns.items():
        if column is not None:
            whole = named(column)
            unique = tuple(dict.fromkeys(whole.categories))
            each = TextColumn(unique, whole.codes_in(unique))
            found[name] = each if rows is None else each[rows]
    return found


_COUNTED: Mapping[str, Callable[[CrmData, _Groups], Counted]] = MappingProxyType(
    {"orders": _orders, "customers": _customers, "leads": _leads, "activities": _activities}
)

COUNTS = tuple(_COUNTED)
"""Figures that are counts: deals won, different customers who won one, leads created, activities
of people that took place."""


def counted(crm: CrmData, metric: str, groups: Mapping[str, TextColumn]) -> Counted:
    """Return what a count counts.

    Parameters
    ----------
    crm
        The records.
    metric
        One of `COUNTS`.
    groups
        Further dimensions of the deals.

    Raises
    ------
    InputError
        It needs a table that was not read.
    """
    return _COUNTED[metric](crm, groups)


def counted_sides(crm: CrmData, things: Counted, windows: tuple[Window, Window]) -> list[Ints]:
    """Return the positions that are counted in each window."""
    sides = []
    for window in windows:
        inside = np.flatnonzero(crm.inside(things.at, window))
        if things.once is not None:
            # The first of each, as the positions are in the order of time.
            _, first = np.unique(things.once[inside], return_index=True)
            inside = inside[np.sort(first)]
        sides.append(inside)
    return sides


def count_interval(before: int, after: int, windows: tuple[Window, Window]) -> tuple[float, float]:
    """Return the 95 % interval of the change, as of two Poisson counts.

    For windows of different lengths it is that of the change at the rate per day, and so holds the
    change that the lengths alone explain no more than by chance.
    """
    share = windows[1].days / windows[0].days
    change = after - before * share
    half = Z_95 * math.sqrt(after + before * share * share)
    return change - half, change + half


def count_dimensions(
    things: Counted, sides: list[Ints], by: str | None, seed: int
) -> tuple[DimensionChange, ...]:
    """Split the change of a count by every dimension; the parts of each add up to it.

    Parameters
    ----------
    things, sides
        Of `counted` and `counted_sides`.
    by
        One dimension; None for all in which something differs.
    seed
        Seed of the shuffles.

    Raises
    ------
    InputError
        Nothing is known of that dimension.
    """
    if by is not None and by not in things.groups:
        raise InputError(
            "this count is split by {known}, not by {by!r}; choose one of these",
            known=", ".join(things.groups),
            by=by,
        )
    both = np.concatenate(sides)
    names = [
        name
        for name, column in things.groups.items()
        if by == name or (by is None and len(np.unique(column.codes[both])) > 1)
    ]
    found = [_change(name, things.groups[name], sides, max(len(names), 1), seed) for name in names]
    return tuple(
        sorted(found, key=lambda one: (not one.carried_by, -np.nan_to_num(one.beyond_chance)))
    )


def _change(
    name: str, column: TextColumn, sides: list[Ints], comparisons: int, seed: int
) -> DimensionChange:
    """Compare what one group carries beyond its share with 200 shuffles of the windows."""
    size = len(column.categories)
    before, after = (np.bincount(column.codes[one], minlength=size) for one in sides)
    seen = np.flatnonzero(before + after)
    before, after = before[seen], after[seen]
    groups = [
        GroupChange(
            name,
            column.categories[int(code)],
            int(n0),
            int(n1),
            float(n0),
            float(n1),
            float(n1 - n0),
            float(n1 - n0 - Z_95 * math.sqrt(n0 + n1)),
            float(n1 - n0 + Z_95 * math.sqrt(n0 + n1)),
            0.0,
        )
        for code, n0, n1 in zip(seen, before, after, strict=True)
    ]
    rows = tuple(sorted(groups, key=lambda row: (-abs(row.rate_effect), row.group)))
    whole = before + after
    drawn = np.random.default_rng(seed).multivariate_hypergeometric(
        whole, int(after.sum()), PERMUTATIONS, method="marginals"
    )
    observed, shuffles = _largest(whole, after[None, :])[0], _largest(whole, drawn)
    p = float((1 + (shuffles >= observed - 1e-9).sum()) / (1 + PERMUTATIONS))
    change = int(after.sum() - before.sum())
    carried: tuple[str, ...] = ()
    if len(rows) > 1 and p <= max(0.05 / comparisons, 1 / (1 + PERMUTATIONS)):
        carried = carried_groups(rows, change)
    half = Z_95 * math.sqrt(whole.sum())
    excess = float((observed - shuffles.mean()) / abs(change)) if change else math.nan
    return DimensionChange(
        name, float(change), change - half, change + half, 0.0, excess, p, carried, False, rows
    )


def _largest(whole: Ints, after: Ints) -> Floats:
    """Return (s,) the largest deviation of a group's count after from its share of all."""
    share = whole / whole.sum()
    beyond = after - share * after.sum(axis=-1, keepdims=True)
    return np.asarray(np.abs(2 * beyond).max(axis=-1))
