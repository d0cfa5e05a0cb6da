"""Service levels: are requests answered, proposals sent and calls made in time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Floats, Ints
from abcxyz.core.display import percent, plain_number, points
from abcxyz.core.dynamics.rate_interval import rate_interval
from abcxyz.core.sales.calendar import Window
from abcxyz.crm.records.columns import Moments, TextColumn
from abcxyz.crm.records.data import CrmData, hours_of_day
from abcxyz.crm.records.keys import packed_order, run_starts
from abcxyz.crm.records.tables import Activities
from abcxyz.crm.records.visits import WON
from abcxyz.crm.reports.base import RANKED, Report, Row, find
from abcxyz.crm.reports.groups import strata
from abcxyz.crm.reports.service.requests import Requests, requests_under
from abcxyz.crm.reports.service.rules import RULES, ServiceRule
from abcxyz.crm.reports.service.waiting import WaitingRequests
from abcxyz.crm.statistics.business_calendar import BusinessCalendar
from abcxyz.crm.statistics.proportions import newcombe_interval, stratified_difference
from abcxyz.crm.statistics.survival import kaplan_meier
from abcxyz.toolkit.catalogue import text

__all__ = ["STATES", "ServiceReport", "ServiceRow", "service_levels", "states_of"]

_MOVED = 2 * 3600

STATES = ("met", "late", "overdue", "running", "not_applicable")
"""States of a request: answered in time, answered late, not answered and late, not due yet."""


@frozen
class ServiceRow(Row):
    """One rule, in total or for one person.

    Parameters
    ----------
    rule, owner
        The rule, and the person responsible; empty for the total.
    requests
        Requests in the window.
    met, late, overdue, running, not_applicable
        Requests by state.
    share, low, high
        ``met / (met + late + overdue)`` with its 95 % interval.
    median, p90, p95
        Hours by the clock of the rule until half, nine tenths, 95 % are answered; unanswered
        ones censored.
    outside
        Requests outside of the opening hours.
    won_met, won_late, difference_low, difference_high
        Share won of the deals answered in time, and of those answered late, with the interval
        of the difference: what lateness goes with, not what it causes.
    adjusted, adjusted_low, adjusted_high
        The difference at the same source and hour of the day, with its 95 % interval, see
        `~abcxyz.crm.statistics.proportions.stratified_difference`; NaN where no stratum has
        requests of both.
    compared, strata
        Requests in strata with answers in time and late ones, and the number of these strata:
        source x hour of the start, merged upwards to at least 20 requests.
    """

    rule: str
    owner: str
    requests: int
    met: int
    late: int
    overdue: int
    running: int
    not_applicable: int
    share: float
    low: float
    high: float
    median: float
    p90: float
    p95: float
    outside: int
    won_met: float
    won_late: float
    difference_low: float
    difference_high: float
    adjusted: float
    adjusted_low: float
    adjusted_high: float
    compared: int
    strata: int

    def cell(self, name: str, value: Any, lang: str = "en") -> str:
        """Return a field as text for a table; the row of all together says so."""
        if name == "owner" and not value:
            return text("together", lang)
        return super().cell(name, value, lang)

    def lateness(self, lang: str = "en") -> str:
        """Return what lateness goes with; empty under 10 requests in time, or late."""
        if min(self.met, self.late + self.overdue) < RANKED:
            return ""
        said = text(
            "{met} of those answered in time are won, {late} of the late ones: {low} to {high} of "
            "difference.",
            lang,
            met=percent(self.won_met, lang),
            late=percent(self.won_late, lang),
            low=points(self.difference_low, lang),
            high=points(self.difference_high, lang),
        )
        if not self.strata:
            return said + " " + text("No source and hour has both.", lang)
        within = text(
            "At the same source and hour the difference is {difference} ({low} to {high}), by "
            "{n} requests. Lateness goes with it; that it is the cause is not shown.",
            lang,
            difference=points(self.adjusted, lang),
            low=points(self.adjusted_low, lang),
            high=points(self.adjusted_high, lang),
            n=plain_number(self.compared, lang),
        )
        return f"{said} {within}"


@frozen(eq=False)
class ServiceReport(Report):
    """Result of `service_levels`.

    Parameters
    ----------
    window
        Days in which the requests began.
    levels
        Every rule in total, then by person.
    due
        Open requests that are overdue or due soon: rule, object, owner, start, deadline, state,
        and the deal, customer and amount as far as known, else None.
    """

    window: Window | None
    levels: tuple[ServiceRow, ...]
    due: WaitingRequests

    def rows(self) -> list[Row]:
        """Return the rules."""
        return list(self.levels)

    def __getitem__(self, rule: str) -> ServiceRow:
        """Return a rule in total."""
        return find(self.levels, rule=rule, owner="")

    def title(self, lang: str = "en") -> str:
        """Return the name of the report."""
        return text("Service levels", lang)

    def explain(self, lang: str = "en") -> str:
        """Return the share answered in time, rule by rule, and what lateness goes with."""
        return " ".join(
            sentence
            for one in self.levels
            if not one.owner
            for sentence in (_in_time(one, lang), one.lateness(lang))
            if sentence
        )


def _in_time(one: ServiceRow, lang: str) -> str:
    return text(
        "{rule}: {share} in time ({low} to {high}) of {n}; {overdue} are overdue.",
        lang,
        rule=text(one.rule, lang),
        share=percent(one.share, lang),
        low=percent(one.low, lang),
        high=percent(one.high, lang),
        n=plain_number(one.met + one.late + one.overdue, lang),
        overdue=plain_number(one.overdue, lang),
    )


def service_levels(
    crm: CrmData,
    window: Window | None = None,
    *,
    calendar: BusinessCalendar | None = None,
    rules: tuple[ServiceRule, ...] = RULES,
) -> ServiceReport:
    """Check the rules of service over a window.

    Parameters
    ----------
    crm
        The records; the table ``activities`` is needed, and ``leads`` for rules that start with
        a lead.
    window
        Days in which the requests began, in the time zone of the business; None for all.
    calendar
        Working time; None for Monday to Friday, 9 to 18, without holidays.
    rules
        The rules; those whose stages the funnels do not have are left out.

    Raises
    ------
    InputError
        A table is missing.

    Notes
    -----
    Only done outgoing activities of a person answer; what a robot sends is no answer.
    """
    calendar = calendar or BusinessCalendar(crm.zone)
    activities: Activities = crm.need("activities")
    levels: list[ServiceRow] = []
    due: list[Mapping[str, Any]] = []
    for rule in rules:
        requests = requests_under(crm, activities, rule)
        if requests is None:
            continue
        inside = crm.inside(requests.start, window)
        requests = requests.take(inside)
        rows, waiting = _judge(crm, rule, requests, calendar)
        levels += rows
        due.append(waiting)
    return ServiceReport(window, tuple(levels), WaitingRequests(due))


def states_of(
    crm: CrmData, rule: ServiceRule, requests: Requests, calendar: BusinessCalendar
) -> tuple[Moments, Ints, Bools]:
    """Return of every request the deadline, the index in `STATES`, and whether it is answered."""
    seconds = round(rule.hours * 3600)
    if rule.clock == "working":
        deadline = calendar.deadline(requests.start, seconds)
    else:
        late = requests.start + np.timedelta64(seconds, "s")
        moved = calendar.next_opening(late)
        deadline = np.where(moved > late, moved + np.timedelta64(_MOVED, "s"), late)
    now = crm.until
    answered = ~np.isnat(requests.stop) & (requests.stop < now)
    closed = ~answered & (requests.closed < deadline)
    state = np.select(
        [answered & (requests.stop <= deadline), answered, closed, deadline < now],
        [0, 1, 4, 2],
        default=3,
    )
    return np.asarray(deadline), np.asarray(state), np.asarray(answered)


def _judge(
    crm: CrmData, rule: ServiceRule, requests: Requests, calendar: BusinessCalendar
) -> tuple[list[ServiceRow], Mapping[str, Any]]:
    deadline, state, answered = states_of(crm, rule, requests, calendar)
    now = crm.until
    end = np.where(answered, requests.stop, now)
    if rule.clock == "working":
        hours = calendar.working_seconds(requests.start, end) / 3600
    else:
        hours = (end - requests.start) / np.timedelta64(3600, "s")
    outside = ~calendar.is_open(requests.start)
    won = np.zeros(len(state), dtype=bool)
    if len(crm.deals):
        won = (requests.deal >= 0) & (crm.outcomes.kind[requests.deal] == WON)
    hour = hours_of_day(requests.start, crm.zone)
    hour_names = TextColumn(tuple(map(str, range(24))), hour)
    layer = strata([requests.source, hour_names], state < 3)
    judged = _Judged(state, hours, answered, outside, won, layer)
    rows = [_row(rule, "", judged)]
    order = packed_order(requests.owner.codes)
    starts = run_starts(requests.owner.codes[order])
    people = {
        requests.owner.categories[requests.owner.codes[part[0]]]: part
        for part in np.split(order, starts[1:])
        if len(part)
    }
    rows += [_row(rule, name, judged.take(people[name])) for name in sorted(people)]
    allowed = (deadline - requests.start).astype(np.int64)
    soon = requests.start + (allowed * 4 // 5).astype("m8[s]")
    waiting = np.flatnonzero((state == 2) | ((state == 3) & (soon <= now)))
    return rows, {
        "rule": [rule.name] * len(waiting),
        "object": requests.object[waiting],
        "owner": requests.owner[waiting],
        "start": requests.start[waiting],
        "deadline": deadline[waiting],
        "state": [STATES[one] for one in state[waiting].tolist()],
        **_about(crm, requests.deal[waiting]),
    }


def _about(crm: CrmData, row: Ints) -> dict[str, Any]:
    """Return the deals in these rows, their customers and amounts."""
    deals, n = crm.deals, len(row)
    nothing: dict[str, Any] = {
        "deal": [""] * n,
        "customer": [""] * n,
        "amount": np.full(n, math.nan),
    }
    if not len(deals):
        return nothing
    known = row >= 0
    found = {"deal": deals.deal[row], "amount": np.where(known, crm.single_amounts()[row], np.nan)}
    if deals.customer is not None:
        found["customer"] = deals.customer[row]
    for name in ("deal", "customer"):
        if name in found:
            missing = "" if found[name].dtype.kind == "O" else -1
            found[name] = np.where(known, found[name], missing)
    return {**nothing, **found}


@frozen
class _Judged:
    """Requests as judged: state, hours, answered, outside of opening hours, won, stratum."""

    state: Ints
    hours: Floats
    answered: Bools
    outside: Bools
    won: Bools
    stratum: Ints

    def take(self, rows: Ints) -> _Judged:
        return _Judged(
            self.state[rows],
            self.hours[rows],
            self.answered[rows],
            self.outside[rows],
            self.won[rows],
            self.stratum[rows],
        )


def _row(rule: ServiceRule, owner: str, mine: _Judged) -> ServiceRow:
    state, won = mine.state, mine.won
    counts = np.bincount(state, minlength=len(STATES))
    met, late, overdue, running, not_applicable = (int(one) for one in counts)
    low, high = rate_interval(met, met + late + overdue)
    judged = (state != 4) & (mine.hours >= 0)
    curve = kaplan_meier(mine.hours[judged], mine.answered[judged])
    in_time, too_late = state == 0, (state == 1) | (state == 2)
    x1, n1 = int((won & in_time).sum()), int(in_time.sum())
    x0, n0 = int((won & too_late).sum()), int(too_late.sum())
    low_d, high_d = newcombe_interval(x1, n1, x0, n0)
    wins, trials, base_wins, base_trials = (
        np.bincount(mine.stratum[one], minlength=int(mine.stratum.max(initial=0)) + 1)
        for one in (won & in_time, in_time, won & too_late, too_late)
    )
    both = (trials > 0) & (base_trials > 0)
    return ServiceRow(
        rule.name,
        owner,
        len(state),
        met,
        late,
        overdue,
        running,
        not_applicable,
        met / (met + late + overdue) if met + late + overdue else math.nan,
        float(low),
        float(high),
        curve.median,
        curve.quantile(0.9),
        curve.quantile(0.95),
        int(mine.outside.sum()),
        x1 / n1 if n1 else math.nan,
        x0 / n0 if n0 else math.nan,
        float(low_d),
        float(high_d),
        *stratified_difference(wins, trials, base_wins, base_trials),
        int((trials + base_trials)[both].sum()),
        int(both.sum()),
    )
