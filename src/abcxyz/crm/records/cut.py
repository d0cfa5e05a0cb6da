"""Records as they were known at an earlier moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np

from abcxyz._arrays import Bools
from abcxyz.crm.records.columns import TextColumn
from abcxyz.crm.records.field_values import placed, with_values
from abcxyz.crm.records.keys import rows_of
from abcxyz.crm.records.stages import StageMap
from abcxyz.crm.records.tables import Activities, Deals, Leads, Values
from abcxyz.crm.records.visits import LOST, NOT_A_TIME, Outcomes, Visits, outcomes_of, visits_of

__all__ = ["cut"]


def cut(tables: Mapping[str, Any], stages: StageMap, moment: Any, day: date) -> dict[str, Any]:
    """Return every table as it was just before a moment.

    Parameters
    ----------
    tables
        The tables, cleaned.
    stages
        Stages of the funnels.
    moment
        ``datetime64[s]`` in UTC.
    day
        The day of *moment* in the time zone of the business.

    Notes
    -----
    Stage, funnel, outcome and reason follow from the history of stages. Amount, owner, source and
    planned day are those of the latest record before the moment in the table of values, if there
    is one; most systems keep no history of them, and then today's are used. Without a history of
    stages the values serve for them too.
    """
    result: dict[str, Any] = {}
    deals: Deals = tables["deals"]
    deals = deals.take(deals.created < moment)
    values: Values | None = tables.get("values")
    if values is not None:
        result["values"] = values = values.take(values.at < moment)
        deals = with_values(deals, values)
    changes = tables.get("changes")
    visits = None
    if changes is not None:
        changes = changes.take(
            np.asarray(changes.entered < moment) & (rows_of(changes.deal, deals.deal) >= 0)
        )
        result["changes"] = changes
        visits = visits_of(deals, changes, stages)
    deals = _deals_then(deals, visits, stages, moment)
    result["deals"] = deals
    if (activities := tables.get("activities")) is not None:
        result["activities"] = _activities_then(activities, moment)
    if (leads := tables.get("leads")) is not None:
        result["leads"] = _leads_then(leads, deals, moment)
    if (lines := tables.get("lines")) is not None:
        inside = rows_of(lines.deal, deals.deal) >= 0
        if lines.day is not None:
            inside &= np.isnat(lines.day) | (lines.day < np.datetime64(day))
        result["lines"] = lines.take(inside)
    if (spend := tables.get("spend")) is not None and spend.day is not None:
        result["spend"] = spend.take(spend.day < np.datetime64(day))
    return result


def _deals_then(deals: Deals, visits: Visits | None, stages: StageMap, moment: Any) -> Deals:
    changed: dict[str, Any] = {}
    stage, funnel = deals.stage, deals.funnel
    _, kind = stages.lookup(funnel, stage)
    names = stage.categories if "" in stage.categories else (*stage.categories, "")
    codes = stage.codes.copy()
    closed = deals.closed
    if closed is not None:
        # Without a history the stage before the closing is not known.
        codes[(kind > 0) & (closed >= moment)] = names.index("")
        changed["closed"] = np.where(closed >= moment, NOT_A_TIME, closed)
    stage = TextColumn(names, codes)
    if visits is not None and len(visits):
        last = visits.last
        stage = placed(stage, visits.stage[last], visits.row[last])
        funnel = placed(funnel, visits.funnel[last], visits.row[last])
    changed |= {"stage": stage, "funnel": funnel}
    made = deals.with_columns(**changed)
    if made.lost_reason is not None:
        outcomes: Outcomes = outcomes_of(made, visits, stages)
        lost = outcomes.kind == LOST
        if visits is not None:
            # A deal that was opened again keeps the reason: an earlier day still needs it.
            lost[visits.row[visits.kind == LOST]] = True
        made = made.with_columns(lost_reason=_blank(made.lost_reason, ~lost))
    return made


def _blank(column: TextColumn, rows: Bools) -> TextColumn:
    names = column.categories if "" in column.categories else (*column.categories, "")
    return TextColumn(names, np.where(rows, names.index(""), column.codes))


def _activities_then(activities: Activities, moment: Any) -> Activities:
    known = np.asarray(activities.started < moment)
    if activities.done is None:
        return activities.take(known)
    # A plan for the future is known; that it took place is not.
    activities = activities.take(known | ~activities.done)
    if activities.ended is None or activities.done is None:
        return activities
    running = activities.ended >= moment
    changed: dict[str, Any] = {
        "ended": np.where(running, NOT_A_TIME, activities.ended),
        "done": activities.done & ~running,
    }
    if activities.seconds is not None:
        changed["seconds"] = np.where(running, np.nan, activities.seconds)
    return activities.with_columns(**changed)


def _leads_then(leads: Leads, deals: Deals, moment: Any) -> Leads:
    leads = leads.take(leads.created < moment)
    changed: dict[str, Any] = {}
    pending = np.zeros(len(leads), dtype=bool)
    if leads.closed is not None:
        pending = leads.closed >= moment
        changed["closed"] = np.where(pending, NOT_A_TIME, leads.closed)
    if leads.answered is not None:
        changed["answered"] = np.where(leads.answered >= moment, NOT_A_TIME, leads.answered)
    if leads.deal is not None:
        # The deal of a lead that was converted later does not exist yet.
        nothing = "" if leads.deal.dtype.kind == "O" else -1
        later = (leads.deal != nothing) & (rows_of(leads.deal, deals.deal) < 0)
        pending = pending | later
        changed["deal"] = np.where(later, nothing, leads.deal)
    if leads.outcome is not None and pending.any():
        names = tuple(dict.fromkeys((*leads.outcome.categories, "open")))
        codes = leads.outcome.codes_in(names)
        changed["outcome"] = TextColumn(names, np.where(pending, names.index("open"), codes))
    return leads.with_columns(**changed) if changed else leads
