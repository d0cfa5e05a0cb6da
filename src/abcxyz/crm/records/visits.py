"""Visits of stages, derived from the stage changes, and the outcome of every deal."""

from __future__ import annotations

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Bools, Codes, Ints
from abcxyz.crm.records.columns import Moments, TextColumn
from abcxyz.crm.records.keys import rows_of, time_order
from abcxyz.crm.records.stages import Places, StageMap
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


@frozen(slots=False)
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
    end_unknown
        (n,) whether the deal is in another stage today, so that it has left this one at a moment
        that the history does not hold: such a visit has no duration.
    """

    __hash__ = None  # type: ignore[assignment]

    row: Ints = field(eq=SAME_ARRAYS)
    funnel: TextColumn
    stage: TextColumn
    place: Places = field(eq=SAME_ARRAYS)
    kind: Codes = field(eq=SAME_ARRAYS)
    entered: Moments = field(eq=SAME_ARRAYS)
    left: Moments = field(eq=SAME_ARRAYS)
    exit: Codes = field(eq=SAME_ARRAYS)
    end_unknown: Bools = field(eq=SAME_ARRAYS)

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
    order = time_order(row, changes.entered)
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
    exit_ = np.zeros(len(row), dtype=np.int8)
    if len(row):
        goes_on = row[1:] == row[:-1]
        np.copyto(left[:-1], entered[1:], where=goes_on)
        way = np.where(place[1:] < place[:-1], np.int8(2), np.int8(1))
        # A later rule stands above an earlier one.
        way[place[1:] < 0] = 6
        way[kind[1:] == WON] = 3
        way[kind[1:] == LOST] = 4
        if len(funnel.categories) > 1:
            way[funnel.codes[1:] != funnel.codes[:-1]] = 5
        np.copyto(exit_[:-1], way, where=goes_on)
    end_unknown = _ends_unknown(deals, stages, row, stage, kind)
    return Visits(row, funnel, stage, place, kind, entered, left, exit_, end_unknown)


def _ends_unknown(
    deals: Deals, stages: StageMap, row: Ints, stage: TextColumn, kind: Codes
) -> Bools:
    """Return the last visits of deals that are in another stage of the same outcome today."""
    result = np.zeros(len(row), dtype=bool)
    if not len(row):
        return result
    last = np.flatnonzero(np.r_[row[1:] != row[:-1], True])
    today = deals.stage[row[last]]
    _, listed = stages.lookup(deals.funnel[row[last]], today)
    names = tuple(dict.fromkeys((*today.categories, *stage.categories)))
    differs = today.codes_in(names) != stage[last].codes_in(names)
    result[last] = differs & (listed == kind[last])
    return result


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
    _, listed = stages.lookup(deals.funnel, deals.stage)
    kind: Ints = np.where(listed < 0, OPEN, listed).astype(np.int64)
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
