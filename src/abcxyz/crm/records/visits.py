"""Visits of stages, derived from the stage changes, and the outcome of every deal."""

from __future__ import annotations

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Bools, Ints
from abcxyz.crm.records.columns import Moments, TextColumn, rows_of
from abcxyz.crm.records.stages import StageMap
from abcxyz.crm.records.tables import Deals, StageChanges

__all__ = [
    "EXITS",
    "LOST",
    "OPEN",
    "WON",
    "Outcomes",
    "Visits",
    "funnels_of",
    "outcomes_of",
    "visits_of",
]

OPEN, WON, LOST = range(3)
"""Codes of an outcome, those of the semantics P, S and F."""

EXITS = ("", "forward", "backward", "won", "lost", "handed_over", "aside")
"""How a visit ends; empty while it goes on, ``aside`` into a stage outside of the order."""

NOT_A_TIME = np.datetime64("NaT", "s")


@frozen
class Visits:
    """n visits, sorted by deal and moment: ``entered <= t < left``.

    Parameters
    ----------
    row
        (n,) row of the deal in the deals.
    funnel, stage
        (n,) funnel and stage.
    place, kind
        (n,) place of the stage in the funnel, -1 for side stages; 0 in progress, 1 won, 2 lost.
    entered, left
        (n,) moments; the last visit of a deal is not left (NaT).
    exit
        (n,) index in `EXITS`.
    number
        (n,) 1 for the first visit of this stage by the deal, 2 for the second, ….
    """

    __hash__ = None  # type: ignore[assignment]

    row: Ints = field(eq=SAME_ARRAYS)
    funnel: TextColumn
    stage: TextColumn
    place: Ints = field(eq=SAME_ARRAYS)
    kind: Ints = field(eq=SAME_ARRAYS)
    entered: Moments = field(eq=SAME_ARRAYS)
    left: Moments = field(eq=SAME_ARRAYS)
    exit: Ints = field(eq=SAME_ARRAYS)
    number: Ints = field(eq=SAME_ARRAYS)

    def __len__(self) -> int:
        return len(self.row)

    @property
    def last(self) -> Bools:
        """(n,) whether a visit is the last one of its deal."""
        if not len(self):
            return np.zeros(0, dtype=bool)
        return np.asarray(np.r_[self.row[1:] != self.row[:-1], True])

    @property
    def first(self) -> Bools:
        """(n,) whether a visit is the first one of its deal."""
        if not len(self):
            return np.zeros(0, dtype=bool)
        return np.asarray(np.r_[True, self.row[1:] != self.row[:-1]])


def funnels_of(deals: Deals, changes: StageChanges, row: Ints) -> TextColumn:
    """Return the funnel of every change: its own, or else that of its deal in *row*."""
    if changes.funnel is None:
        return deals.funnel[row]
    names = tuple(dict.fromkeys((*changes.funnel.categories, *deals.funnel.categories)))
    own = deals.funnel[row].codes_in(names)
    return TextColumn(names, np.where(changes.funnel.given(), changes.funnel.codes_in(names), own))


def visits_of(deals: Deals, changes: StageChanges, stages: StageMap) -> Visits:
    """Turn clean changes of known deals and stages into visits.

    Notes
    -----
    Changes of one deal at one moment keep the order of the source. A change into the stage that
    the deal is in already is no change: histories also have rows for changes of other fields.
    """
    row = rows_of(changes.deal, deals.deal)
    funnel = funnels_of(deals, changes, row)
    order = np.lexsort((np.arange(len(row)), changes.entered, row))
    row, entered = row[order], changes.entered[order]
    funnel, stage = funnel[order], changes.stage[order]
    if len(row):
        same = np.r_[
            False,
            (row[1:] == row[:-1])
            & (stage.codes[1:] == stage.codes[:-1])
            & (funnel.codes[1:] == funnel.codes[:-1]),
        ]
        if same.any():
            row, entered, funnel, stage = row[~same], entered[~same], funnel[~same], stage[~same]
    place, kind = stages.lookup(funnel, stage)
    left = np.full(len(row), NOT_A_TIME)
    exit_ = np.zeros(len(row), dtype=np.int64)
    if len(row):
        goes_on = np.flatnonzero(row[1:] == row[:-1])
        after = goes_on + 1
        left[goes_on] = entered[after]
        forward = np.where(place[after] < place[goes_on], 2, 1)
        forward = np.where(place[after] < 0, 6, forward)
        by_kind = np.select([kind[after] == WON, kind[after] == LOST], [3, 4], forward)
        handed = funnel.codes[after] != funnel.codes[goes_on]
        exit_[goes_on] = np.where(handed, 5, by_kind)
    return Visits(
        row, funnel, stage, place, kind, entered, left, exit_, _number(row, funnel, stage)
    )


def _number(row: Ints, funnel: TextColumn, stage: TextColumn) -> Ints:
    """Return the number of each visit among those of its stage by its deal, from 1."""
    if not len(row):
        return np.empty(0, dtype=np.int64)
    key = (row * len(funnel.categories) + funnel.codes) * len(stage.categories) + stage.codes
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    begins = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[begins, len(ordered)])
    number = np.empty(len(row), dtype=np.int64)
    number[order] = np.arange(len(ordered)) - np.repeat(begins, sizes) + 1
    return number


@frozen
class Outcomes:
    """Outcome of every deal at a moment.

    Parameters
    ----------
    kind
        (n,) 0 open, 1 won, 2 lost.
    closed
        (n,) moment of the change into the final stage; NaT for open deals, and where unknown.
    reopened
        (n,) whether the deal went from a lost stage back into one in progress.
    """

    __hash__ = None  # type: ignore[assignment]

    kind: Ints = field(eq=SAME_ARRAYS)
    closed: Moments = field(eq=SAME_ARRAYS)
    reopened: Bools = field(eq=SAME_ARRAYS)

    def __len__(self) -> int:
        return len(self.kind)


def outcomes_of(deals: Deals, visits: Visits | None, stages: StageMap) -> Outcomes:
    """Return the outcomes by the last visit; deals without a history count by their fields."""
    _, kind = stages.lookup(deals.funnel, deals.stage)
    kind = np.where(kind < 0, OPEN, kind)
    closed = np.full(len(deals), NOT_A_TIME) if deals.closed is None else deals.closed.copy()
    reopened = np.zeros(len(deals), dtype=bool)
    if visits is not None and len(visits):
        last = visits.last
        rows = visits.row[last]
        kind[rows] = visits.kind[last]
        closed[rows] = visits.entered[last]
        again = np.flatnonzero(
            (visits.kind[:-1] == LOST) & (visits.kind[1:] == OPEN) & ~visits.first[1:]
        )
        reopened[visits.row[again]] = True
    closed[kind == OPEN] = NOT_A_TIME
    return Outcomes(kind, closed, reopened)
