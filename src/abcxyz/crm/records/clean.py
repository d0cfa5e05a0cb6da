"""Checks and repairs of CRM records; everything repaired or left out is accounted for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Bools, Codes, Ints
from abcxyz.crm.records.columns import Moments, TextColumn
from abcxyz.crm.records.keys import IN_ORDER, repeated, rows_of, run_starts, time_order
from abcxyz.crm.records.quality import Account
from abcxyz.crm.records.stages import StageMap
from abcxyz.crm.records.tables import Activities, Deals, StageChanges
from abcxyz.crm.records.visits import LOST, WON, funnels_of
from abcxyz.errors import InputError

__all__ = ["LATE_START", "clean", "possible_duplicates", "unique_ids"]

LATE_START = np.timedelta64(60, "s")
"""Time after the creation of a deal from which on the beginning of its history is missing."""

#: Share of the changes into unknown stages above which the map of the stages must be wrong.
_UNKNOWN = 0.01
#: Share of the changes at one moment above which they are reported.
_TIES = 0.001
_NO_TIME = np.datetime64("NaT", "s")
#: Length of an activity beyond which reports cut it.
_LONG = np.timedelta64(8, "h")


def _sortable(ids: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return identifiers as numpy can sort them: numbers, or text of one type."""
    return ids.astype(str) if ids.dtype.kind == "O" else ids


def unique_ids(ids: Any, table: str) -> None:
    """Check that no identifier stands twice.

    Raises
    ------
    InputError
        One does; the message names it.
    """
    if not repeated(ids).any():
        return
    values, counts = np.unique(_sortable(ids), return_counts=True)
    raise InputError(
        "{table} lists {id!r} {n} times; ids must be unique, so leave out the repeated rows",
        table=table,
        id=values[np.argmax(counts)].item(),
        n=int(counts.max()),
    )


def clean(
    tables: Mapping[str, Any], stages: StageMap, until: Any, account: Account
) -> dict[str, Any]:
    """Check and repair the tables that need it.

    Parameters
    ----------
    tables
        Deals, and whichever others were read.
    stages
        Stages of the funnels.
    until
        Moment at and after which nothing is known; None for no limit.
    account
        Where repairs are entered.

    Returns
    -------
    dict
        The changed tables, by name.
    """
    deals: Deals = tables["deals"]
    unique_ids(deals.deal, "deals")
    if until is not None:
        early = deals.created < until
        account.add("future", ~early, deals.deal, deals.amount)
        deals = deals if early.all() else deals.take(early)
    result: dict[str, Any] = {}
    _, outcome = stages.lookup(deals.funnel, deals.stage)
    changes: StageChanges | None = tables.get("changes")
    if changes is not None:
        changes, row = _clean_changes(deals, changes, stages, until, account)
        first = _first_changes(deals, changes, row)
        deals = _created_first(deals, first, account)
        then = _last_outcome(deals, changes, row, stages)
        _gaps(deals, first, account)
        _differences(deals, changes, row, outcome, then, account)
        outcome = np.where(np.isnat(first), outcome, then)
        result["changes"] = changes
    _amounts(deals, outcome, account)
    if deals.closed is not None:
        wrong = deals.closed < deals.created
        if wrong.any():
            account.add("closed_before_created", wrong, deals.deal, deals.amount)
            deals = deals.with_columns(closed=np.where(wrong, _NO_TIME, deals.closed))
    result["deals"] = deals
    if (activities := tables.get("activities")) is not None:
        result["activities"] = _clean_activities(activities, until, account)
    leads = tables.get("leads")
    if leads is not None:
        unique_ids(leads.lead, "leads")
        if until is not None and len(leads) and (leads.created >= until).any():
            early = leads.created < until
            account.add("future", ~early, leads.lead)
            result["leads"] = leads.take(early)
    return result


def _clean_changes(
    deals: Deals, changes: StageChanges, stages: StageMap, until: Any, account: Account
) -> tuple[StageChanges, Ints]:
    """Return the changes that count, by deal and moment, and the row of the deal of each."""
    row = rows_of(changes.deal, deals.deal)

    def leave_out(kind: str, wrong: Bools) -> None:
        nonlocal changes, row
        account.add(kind, wrong, changes.deal)
        if wrong.any():
            changes, row = changes.take(~wrong), row[~wrong]

    leave_out("no_stage", ~changes.stage.given())
    leave_out("unknown_deal", row < 0)
    if until is not None:
        leave_out("future", np.asarray(changes.entered >= until))
    _, kind = stages.lookup(funnels_of(deals, changes, row), changes.stage)
    unknown = kind < 0
    if unknown.sum() > _UNKNOWN * len(changes):
        names = np.unique(changes.stage.texts()[unknown].astype(str)).tolist()
        raise InputError(
            "{n} of {all} stage changes lead into stages that the funnels do not list: {names}; "
            "add them to the stages",
            n=int(unknown.sum()),
            all=len(changes),
            names=", ".join(names[:10]),
        )
    leave_out("unknown_stage", unknown)
    # Sorted once here, so that nobody after has to.
    order = time_order(row, changes.entered)
    if order is not IN_ORDER:
        changes, row = changes.take(order), row[order]
    same = np.zeros(len(row), dtype=bool)
    tied = np.zeros(len(row), dtype=bool)
    if len(row):
        at_once = (row[1:] == row[:-1]) & (changes.entered[1:] == changes.entered[:-1])
        tied[1:] = at_once
        same[1:] = at_once & (changes.stage.codes[1:] == changes.stage.codes[:-1])
    leave_out("duplicate_change", same)
    tied = tied[~same]
    if tied.sum() > _TIES * len(changes):
        account.add("same_moment", tied, changes.deal)
    return changes, row


def _first_changes(deals: Deals, changes: StageChanges, row: Ints) -> Moments:
    """Return the moment of the first change of every deal; NaT without one."""
    first = np.full(len(deals), _NO_TIME)
    begins = run_starts(row)
    first[row[begins]] = changes.entered[begins]
    return first


def _created_first(deals: Deals, first: Moments, account: Account) -> Deals:
    late = first < deals.created
    if not late.any():
        return deals
    account.add("created_late", late, deals.deal)
    return deals.with_columns(created=np.where(late, first, deals.created))


def _gaps(deals: Deals, first: Moments, account: Account) -> None:
    account.add("no_history", np.isnat(first), deals.deal)
    account.add("history_gap", first - deals.created > LATE_START, deals.deal)


def _differences(
    deals: Deals, changes: StageChanges, row: Ints, now: Codes, then: Codes, account: Account
) -> None:
    """Enter the deals whose stage of today is not the last one of their history."""
    last = np.full(len(deals), -1, dtype=np.int64)
    last[row] = changes.stage.codes_in(deals.stage.categories)
    known = (now >= 0) & (then >= 0)
    account.add("outcome_differs", known & (now != then), deals.deal, deals.amount)
    moved = known & (now == then) & (last != deals.stage.codes)
    account.add("stage_differs", moved, deals.deal)


def _amounts(deals: Deals, outcome: Codes, account: Account) -> None:
    """Enter the deals whose amount and outcome do not go together, and possible duplicates."""
    if deals.amount is None:
        return
    unknown = np.isnan(deals.amount)
    account.add("won_without_amount", (outcome == WON) & unknown, deals.deal)
    account.add("lost_with_amount", (outcome == LOST) & ~unknown, deals.deal, deals.amount)
    account.add("possible_duplicate", possible_duplicates(deals), deals.deal, deals.amount)


def _last_outcome(deals: Deals, changes: StageChanges, row: Ints, stages: StageMap) -> Codes:
    """Return the semantics of the stage of every deal's last change; -1 without one."""
    stage = changes.stage
    names = (*stage.categories, "") if "" not in stage.categories else stage.categories
    codes: Ints = np.full(len(deals), names.index(""), dtype=np.int64)
    if len(row):
        ends = np.flatnonzero(np.r_[row[1:] != row[:-1], True])
        codes[row[ends]] = stage.codes[ends]
    _, kind = stages.lookup(deals.funnel, TextColumn(names, codes))
    return kind


def _clean_activities(activities: Activities, until: Any, account: Account) -> Activities:
    ids = activities.activity
    again = repeated(ids)
    account.add("repeated_activity", again, ids)
    if again.any():
        activities = activities.take(~again)
    if until is not None:
        early = activities.started < until
        if activities.done is not None:
            # A planned activity of the future is known; one that is done there is not.
            early = early | ~activities.done
        account.add("future", ~early, activities.activity)
        activities = activities if early.all() else activities.take(early)
    if activities.ended is not None:
        span = activities.ended - activities.started
        wrong = span < np.timedelta64(0, "s")
        account.add("negative_duration", wrong, activities.activity)
        account.add("long_activity", span > _LONG, activities.activity)
        if wrong.any():
            activities = activities.with_columns(ended=np.where(wrong, _NO_TIME, activities.ended))
    if activities.seconds is not None:
        wrong = activities.seconds < 0
        account.add("negative_duration", wrong, activities.activity)
        if wrong.any():
            activities = activities.with_columns(
                seconds=np.where(wrong, np.nan, activities.seconds)
            )
    return activities


def possible_duplicates(deals: Deals) -> Bools:
    """Return for every deal whether another has its customer, amount and day of creation."""
    doubtful = np.zeros(len(deals), dtype=bool)
    if deals.customer is None or deals.amount is None:
        return doubtful
    known = ~np.isnan(deals.amount)
    ids = deals.customer
    known &= (ids != "") if ids.dtype.kind == "O" else (ids != -1)
    rows = np.flatnonzero(known)
    day = deals.created.astype("M8[D]").astype(np.int64)
    # Identifiers cost most to compare, so only those of equal amounts on one day are.
    rows = rows[_shared(deals.amount[rows], day[rows])]
    _, customer = np.unique(_sortable(ids[rows]), return_inverse=True)
    doubtful[rows[_shared(customer, deals.amount[rows], day[rows])]] = True
    return doubtful


def _shared(*keys: npt.NDArray[Any]) -> Bools:
    """Return for every row whether another has the same keys."""
    shared = np.zeros(len(keys[0]), dtype=bool)
    if len(shared) > 1:
        order = np.lexsort(keys)
        same = np.logical_and.reduce([key[order[1:]] == key[order[:-1]] for key in keys])
        shared[order[1:][same]] = True
        shared[order[:-1][same]] = True
    return shared
