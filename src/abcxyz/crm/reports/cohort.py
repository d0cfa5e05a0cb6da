"""Cohorts: which deals a report is about, and their outcomes at one age."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Bools, Ints
from abcxyz.core.sales.calendar import Window
from abcxyz.crm.records.columns import Moments
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.records.keys import run_starts
from abcxyz.crm.records.visits import NOT_A_TIME, OPEN
from abcxyz.errors import InputError

__all__ = ["BY", "HANDED_OVER", "Cohort", "cohort", "funnel_names"]

BY = ("created", "stage", "closed")
"""What places a deal in a window: its creation, entering a stage, or its closing."""

HANDED_OVER = 3
"""Outcome of a deal that went on in another funnel; the others are open, won, lost."""


@frozen
class Cohort:
    """Deals of one funnel in a window, and their visits up to the horizon.

    Parameters
    ----------
    funnel
        The funnel.
    row
        (n,) rows of the deals, ascending.
    start
        (n,) moments at which their age begins.
    outcome
        (n,) 0 open, 1 won, 2 lost, 3 handed over to another funnel.
    closed
        (n,) moment of the outcome; NaT for open deals.
    immature
        Number of deals left out because they are younger than the horizon.
    visits
        (m,) positions of the visits that count.
    of_visit
        (m,) position in the cohort of the deal of each visit.
    """

    __hash__ = None  # type: ignore[assignment]

    funnel: str
    row: Ints = field(eq=SAME_ARRAYS)
    start: Moments = field(eq=SAME_ARRAYS)
    outcome: Ints = field(eq=SAME_ARRAYS)
    closed: Moments = field(eq=SAME_ARRAYS)
    immature: int
    visits: Ints = field(eq=SAME_ARRAYS)
    of_visit: Ints = field(eq=SAME_ARRAYS)

    def __len__(self) -> int:
        return len(self.row)


def funnel_names(crm: CrmData, funnel: str | None) -> tuple[str, ...]:
    """Return the funnels of a report: the named one, or all that have deals."""
    if funnel is not None:
        crm.stages.stages(funnel)
        return (funnel,)
    seen = {*crm.deals.funnel.present(), *crm.visits.funnel.present()}
    return tuple(name for name in crm.stages.funnels if name in seen)


def cohort(
    crm: CrmData,
    funnel: str,
    window: Window | None = None,
    *,
    by: str = "created",
    stage: str | None = None,
    horizon: float | None = None,
    min_stay: float = 0.0,
) -> Cohort:
    """Select the deals of a funnel in a window, with their outcomes at one age.

    Parameters
    ----------
    crm
        The records.
    funnel
        The funnel.
    window
        Days in the time zone of the business; None for all.
    by
        One of `BY`. A deal that came from another funnel begins at the hand-over.
    stage
        The stage of ``by="stage"``.
    horizon
        Days after the start within which an outcome counts; younger deals are left out and
        counted. None: outcomes up to now.
    min_stay
        Visits shorter than so many seconds are left out, except those that still go on.

    Raises
    ------
    InputError
        An unknown *by*, no *stage* for it, or a horizon that is none or longer than the records.
    """
    if by not in BY:
        raise InputError(
            "deals are chosen by {by!r}; use one of {known}", by=by, known=", ".join(BY)
        )
    visits = crm.visits
    here = _of_funnel(visits.funnel.categories, visits.funnel.codes, funnel)
    # Visits are in the order of the deals, so the first ones of the deals begin runs of rows.
    begins = _first_visits(visits.row, here)
    row, start = visits.row[begins], visits.entered[begins]
    native = (begins == 0) | (visits.row[begins - 1] != row)
    start = np.where(native, crm.deals.created[row], start)
    row, start = _with_silent(crm, funnel, row, start)
    if by == "stage":
        if stage is None:
            raise InputError("deals chosen by a stage need its name; give the stage too")
        code = visits.stage.code(crm.stages.find(funnel, stage).id)
        begins = _first_visits(visits.row, here & (visits.stage.codes == code))
        row, start = visits.row[begins], visits.entered[begins]
    place = np.full(len(crm.deals), -1, dtype=np.int32)
    place[row] = np.arange(len(row))
    of_visit = place[visits.row]
    in_time = of_visit >= 0
    limit = np.full(len(row), crm.until)
    mature = np.ones(len(row), dtype=bool)
    if horizon is not None:
        _check_horizon(crm, start, horizon)
        limit = start + np.timedelta64(round(horizon * 86400), "s")
        mature = limit <= crm.until
        if len(row):
            in_time &= visits.entered < limit[of_visit]
    outcome, closed = _outcomes(crm, funnel, row, of_visit, in_time, limit)
    inside = crm.inside(closed if by == "closed" else start, window)
    if by == "closed":
        inside &= outcome != OPEN
    counted = inside & mature
    own = here & in_time
    if min_stay > 0:
        own &= ~(visits.left - visits.entered < np.timedelta64(round(min_stay), "s"))
    if not counted.all():
        # The last place stands for visits of no deal of the cohort.
        number = np.full(len(row) + 1, -1, dtype=np.int32)
        number[:-1][counted] = np.arange(int(counted.sum()))
        of_visit = number[of_visit]
        own &= of_visit >= 0
    return Cohort(
        funnel,
        row[counted],
        start[counted],
        outcome[counted],
        closed[counted],
        int((inside & ~mature).sum()),
        np.flatnonzero(own),
        of_visit[own].astype(np.int64),
    )


def _first_visits(row: Ints, chosen: Bools) -> Ints:
    """Return the positions of the first chosen visit of every deal."""
    places = np.flatnonzero(chosen)
    return places[run_starts(row[places])]


def _of_funnel(categories: tuple[str, ...], codes: Ints, funnel: str) -> Bools:
    code = categories.index(funnel) if funnel in categories else -2
    return np.asarray(codes == code)


def _with_silent(crm: CrmData, funnel: str, row: Ints, start: Moments) -> tuple[Ints, Moments]:
    """Add the deals of the funnel that have no visit at all; they begin at their creation."""
    silent = np.ones(len(crm.deals), dtype=bool)
    silent[crm.visits.row] = False
    deals = crm.deals
    silent &= _of_funnel(deals.funnel.categories, deals.funnel.codes, funnel)
    more = np.flatnonzero(silent)
    if not len(more):
        return row, start
    row, start = np.concatenate([row, more]), np.concatenate([start, deals.created[more]])
    order = np.argsort(row, kind="stable")
    return row[order], start[order]


def _check_horizon(crm: CrmData, start: Moments, horizon: float) -> None:
    if not (math.isfinite(horizon) and horizon > 0):
        raise InputError(
            "the horizon is {horizon}; give a number of days above 0", horizon=horizon
        )
    if not len(start):
        return
    longest = float((crm.until - start.min()) / np.timedelta64(1, "D"))
    if horizon > longest:
        raise InputError(
            "the horizon of {horizon} {horizon:day|days} is longer than the records; the "
            "longest possible is {longest} {longest:day|days}",
            horizon=horizon,
            longest=int(longest),
        )


def _outcomes(
    crm: CrmData, funnel: str, row: Ints, of_visit: Any, in_time: Bools, limit: Moments
) -> tuple[Ints, Moments]:
    """Return the outcome of each deal by its last visit within the limit."""
    visits = crm.visits
    outcome = np.full(len(row), OPEN, dtype=np.int64)
    closed = np.full(len(row), NOT_A_TIME)
    silent = np.ones(len(row), dtype=bool)
    last = np.full(len(row), -1, dtype=np.int64)
    counted = np.flatnonzero(in_time)
    begins = run_starts(visits.row[counted])
    # Visits are in time order: the last one of a deal is the one before the next deal's first.
    ends = counted[np.r_[begins[1:], len(counted)] - 1] if len(counted) else counted
    last[of_visit[ends]] = ends
    seen = last >= 0
    silent[seen] = False
    kind = visits.kind[last[seen]]
    away = ~_of_funnel(visits.funnel.categories, visits.funnel.codes[last[seen]], funnel)
    outcome[seen] = np.where(away, HANDED_OVER, kind)
    closed[seen] = np.where(outcome[seen] == OPEN, NOT_A_TIME, visits.entered[last[seen]])
    # A deal without a history counts by its fields, if its moment of closing allows.
    fields = crm.outcomes
    known = silent & ~(fields.closed[row] >= limit)
    outcome[known] = fields.kind[row][known]
    closed[known] = fields.closed[row][known]
    return outcome, closed
