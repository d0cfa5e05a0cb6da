"""Requests under a rule of service: when each started, and when it was answered."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Ints
from abcxyz.crm.records.columns import Moments, TextColumn, blank_column
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.records.field_values import placed
from abcxyz.crm.records.keys import rows_of, time_order
from abcxyz.crm.records.tables import Activities, Leads
from abcxyz.crm.records.visits import NOT_A_TIME
from abcxyz.crm.reports.base import named
from abcxyz.crm.reports.service.rules import ServiceRule

__all__ = ["Requests", "lead_handlers", "requests_under"]

_CALL = 20
_LATEST = np.iinfo(np.int64).max


@frozen
class Requests:
    """Requests under one rule: what started, when, and when it was answered."""

    deal: Ints  # row of the deal, -1 for none
    object: Any  # identifiers of leads or deals
    owner: TextColumn
    start: Moments
    stop: Moments
    closed: Moments
    source: TextColumn  # of the lead, or else of the deal

    def take(self, rows: Any) -> Requests:
        """Return some of the requests."""
        return Requests(
            self.deal[rows],
            self.object[rows],
            self.owner[rows],
            self.start[rows],
            self.stop[rows],
            self.closed[rows],
            self.source[rows],
        )


def _answers(activities: Activities, *, calls: bool = False) -> Bools:
    """Return which activities answer: done, by a person, outgoing or an answered call.

    With *calls* only an outgoing call of at least 20 seconds, or a meeting, does.
    """
    n = len(activities)
    done = activities.by_people
    kind = activities.kind
    meeting = kind.codes == kind.code("meeting")
    if activities.direction is None:
        outgoing = np.ones(n, dtype=bool)
    else:
        outgoing = activities.direction.codes == activities.direction.code("out")
    call = kind.codes == kind.code("call")
    if calls:
        result = done & meeting
        called = np.flatnonzero(done & call & outgoing)
        result[called] = ~(activities.lengths_of(called) < _CALL)
    else:
        answered = np.zeros(n, dtype=bool)
        if activities.answered is not None:
            answered = call & activities.answered
        result = done & (outgoing | answered)
    return np.asarray(result)


def _smallest(size: int, row: Ints, seconds: Ints) -> Ints:
    """Return the smallest number of each row; `_LATEST` of none."""
    first = np.full(size, _LATEST)
    np.minimum.at(first, row, seconds)
    return first


def _first_after(
    row: Ints, moments: Moments, wanted: Ints, since: Moments, *, strict: bool = False
) -> Moments:
    """Return for every request the first moment of its deal that is not before its start."""
    seconds, begins = moments.view(np.int64), since.view(np.int64)
    known = np.flatnonzero(wanted >= 0)
    size = int(max(row.max(initial=-1), wanted.max(initial=-1))) + 1
    if len(known) and np.bincount(wanted[known]).max() > 1:
        return _first_of_several(row, moments, wanted, since, strict=strict)
    # One request per deal: the answers are the smallest moments after its start.
    start = np.full(size, _LATEST)
    start[wanted[known]] = begins[known] + strict
    after = seconds >= start[row]
    first = _smallest(size, row[after], seconds[after])
    result = np.full(len(wanted), NOT_A_TIME)
    answered = known[first[wanted[known]] < _LATEST]
    result[answered] = first[wanted[answered]].astype("M8[s]")
    return result


def _first_of_several(
    row: Ints, moments: Moments, wanted: Ints, since: Moments, *, strict: bool
) -> Moments:
    """Return the same where a deal has several requests."""
    order = time_order(row, moments)
    row, moments = row[order], moments[order].astype(np.int64)
    result = np.full(len(wanted), NOT_A_TIME)
    if not len(row):
        return result
    # Deal and moment make one ascending number, so one search finds all answers.
    low = int(min(moments.min(), since.astype(np.int64).min(initial=moments.min())))
    span = int(max(moments.max(), since.astype(np.int64).max(initial=moments.max()))) - low + 2
    keys = row * span + (moments - low)
    place = np.searchsorted(
        keys, wanted * span + (since.astype(np.int64) - low), side="right" if strict else "left"
    )
    safe = np.minimum(place, len(row) - 1)
    found = (place < len(row)) & (row[safe] == wanted) & (wanted >= 0)
    result[found] = moments[safe[found]].astype("M8[s]")
    return result


def requests_under(crm: CrmData, activities: Activities, rule: ServiceRule) -> Requests | None:
    """Return the requests under a rule; None where the funnels do not have its stages."""
    if rule.starts == "lead":
        return _lead_requests(crm, activities)
    ends, sent = _visit_ends(crm, activities, rule), _proposals(crm, rule)
    if ends is None or sent is None:
        return None
    if rule.starts == "visit":
        row, start = ends
        stop = _first_after(*sent, row, start)
    else:
        row, start = sent
        chosen = _answers(activities, calls=True)
        of_deal = crm.deal_of_activity
        chosen = chosen & (of_deal >= 0)
        stop = _first_after(of_deal[chosen], activities.started[chosen], row, start, strict=True)
    owner = named(crm.category("owner"))[row]
    source = crm.category("source")[row]
    return Requests(row, crm.deals.deal[row], owner, start, stop, crm.outcomes.closed[row], source)


def _lead_requests(crm: CrmData, activities: Activities) -> Requests:
    leads: Leads = crm.need("leads")
    row = np.full(len(leads), -1, dtype=np.int64)
    if leads.deal is not None:
        row = crm.rows_of_deals(leads.deal)
    answers = _answers(activities)
    chosen = answers & (crm.deal_of_activity >= 0)
    of_deal = crm.deal_of_activity[chosen]
    stop = _first_after(of_deal, activities.started[chosen], row, leads.created)
    if activities.lead is not None:
        of_lead = rows_of(activities.lead, leads.lead)
        chosen = answers & (of_lead >= 0)
        every = np.arange(len(leads))
        met = _first_after(of_lead[chosen], activities.started[chosen], every, leads.created)
        stop = np.where(~np.isnat(met) & ~(stop <= met), met, stop)
    if leads.answered is not None:
        earlier = ~np.isnat(leads.answered) & ~(stop <= leads.answered)
        stop = np.where(earlier, leads.answered, stop)
    owner = leads.owner
    if owner is None:
        owner = blank_column(len(leads))
    closed: Moments = np.full(len(leads), NOT_A_TIME)
    if leads.closed is not None:
        closed = leads.closed.copy()
    if len(crm.deals):
        closed = np.where(row >= 0, crm.outcomes.closed[row], closed)
    source = leads.source or blank_column(len(leads))
    missing = np.flatnonzero(~source.given() & (row >= 0))
    source = placed(source, crm.category("source")[row[missing]], missing)
    return Requests(row, leads.lead, named(owner), leads.created, stop, closed, source)


def lead_handlers(crm: CrmData) -> TextColumn:
    """Return who handled every lead: the person of the first outgoing activity, else the owner."""
    leads: Leads = crm.need("leads")
    owner = named(blank_column(len(leads)) if leads.owner is None else leads.owner)
    table = crm.activities
    if table is None or table.user is None:
        return owner
    lead: Ints | None = None
    if table.lead is not None:
        lead = rows_of(table.lead, leads.lead)
    if leads.deal is not None:
        # Of several leads of a deal the earliest counts, which is written last.
        of_deal = np.full(len(crm.deals) + 1, -1, dtype=np.int64)
        order = np.argsort(leads.created, kind="stable")[::-1]
        of_deal[crm.rows_of_deals(leads.deal)[order]] = order
        of_deal[-1] = -1
        by_deal = of_deal[crm.deal_of_activity]
        lead = by_deal if lead is None else np.where(lead < 0, by_deal, lead)
    if lead is None:
        return owner
    outgoing = table.by_people & table.user.given() & (lead >= 0)
    if table.direction is not None:
        outgoing &= table.direction.codes == table.direction.code("out")
    chosen = np.flatnonzero(outgoing)
    chosen = chosen[table.started[chosen] >= leads.created[lead[chosen]]]
    moment, lead = table.started[chosen].astype(np.int64), lead[chosen]
    first = _smallest(len(leads), lead, moment)
    earliest = np.flatnonzero(moment == first[lead])[::-1]
    who = table.user[chosen[earliest]]
    return placed(owner, who, lead[earliest])


def _has_stage(crm: CrmData, name: str) -> bool:
    return any(name in (one.id, one.name) for all_ in crm.stages.funnels.values() for one in all_)


def _visit_ends(
    crm: CrmData, activities: Activities, rule: ServiceRule
) -> tuple[Ints, Moments] | None:
    """Return the deals that were visited, and when their first visit ended."""
    if not _has_stage(crm, rule.visit):
        return None
    visits = crm.visits
    here = (visits.stage.codes == visits.stage.code(rule.visit)) & ~np.isnat(visits.left)
    forward = here & ((visits.exit == 1) | (visits.exit == 3))
    row, moment = visits.row[forward], visits.left[forward]
    if activities.ended is not None:
        meeting = activities.kind.codes == activities.kind.code("meeting")
        met = (
            activities.took_place
            & meeting
            & ~np.isnat(activities.ended)
            & (crm.deal_of_activity >= 0)
        )
        row = np.concatenate([row, crm.deal_of_activity[met]])
        moment = np.concatenate([moment, activities.ended[met]])
    return _earliest(row, moment)


def _proposals(crm: CrmData, rule: ServiceRule) -> tuple[Ints, Moments] | None:
    """Return the deals that got a proposal, and when the first one was sent."""
    if not _has_stage(crm, rule.proposal):
        return None
    visits = crm.visits
    here = visits.stage.codes == visits.stage.code(rule.proposal)
    return _earliest(visits.row[here], visits.entered[here])


def _earliest(row: Ints, moment: Moments) -> tuple[Ints, Moments]:
    first = _smallest(int(row.max(initial=-1)) + 1, row, moment.astype(np.int64))
    rows = np.flatnonzero(first < _LATEST)
    return rows, first[rows].astype("M8[s]")
