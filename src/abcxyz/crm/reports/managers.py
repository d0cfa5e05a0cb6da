"""Managers: what they do, what they sell, and whether that is due to the person or the leads."""

from __future__ import annotations

import math

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Floats, Ints
from abcxyz.core.display import percent, plain_number
from abcxyz.core.dynamics.rate_interval import rate_interval
from abcxyz.core.sales.calendar import Window
from abcxyz.crm.deals.stuck import StuckReport
from abcxyz.crm.records.columns import TextColumn, blank_column
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.records.field_values import text_at
from abcxyz.crm.records.keys import packed_order
from abcxyz.crm.records.visits import LOST, OPEN, WON
from abcxyz.crm.reports.base import NOT_GIVEN, Report, Row, find, named
from abcxyz.crm.reports.groups import GroupRate, RatedRow, compare_groups, strata
from abcxyz.crm.reports.service.levels import ServiceReport
from abcxyz.crm.reports.service.requests import lead_handlers
from abcxyz.crm.statistics.survival import kaplan_meier
from abcxyz.toolkit.catalogue import text

__all__ = ["ManagerRow", "ManagersReport", "managers", "product_of_deals"]

_DAY = np.timedelta64(86400, "s")
#: Number of the kinds of activities that are counted; what is left has this code.
_OTHER = 6


@frozen
class ManagerRow(RatedRow):
    """One manager; deals created in the window, and deals closed in it.

    Parameters
    ----------
    user, name
        Identifier and name; ``(not given)`` for deals without an owner.
    left, robot
        Whether the person has left, or is a robot.
    calls_out, calls_in, calls_missed, meetings, letters, tasks
        Done activities in the window.
    leads
        Leads created in the window that the person handled: made the first outgoing activity, or
        else is responsible for.
    created, open
        Deals created in the window, and those of them that are open.
    won, lost
        Deals closed in the window.
    won_amount, average_cheque, median_cheque
        Money of the won deals that have an amount.
    without_amount
        Won deals without an amount, left out of the money.
    cycle_days
        Median days from creation to closing, open deals censored; NaN if not reached.
    sla_met, sla_due
        Requests of the person that were answered in time, and all that are decided: answered, or
        overdue; over all rules of service.
    sla_share, sla_low, sla_high
        The share of them with its 95 % interval; NaN where the records hold no requests.
    stuck, stuck_amount
        Open deals of the person that are stuck, and their known money.
    rate
        Win rate of the closed deals, compared with the rest of the team.
    """

    user: str
    name: str
    left: bool
    robot: bool
    calls_out: int
    calls_in: int
    calls_missed: int
    meetings: int
    letters: int
    tasks: int
    leads: int
    created: int
    open: int
    won: int
    lost: int
    won_amount: float
    average_cheque: float
    median_cheque: float
    without_amount: int
    cycle_days: float
    sla_met: int
    sla_due: int
    sla_share: float
    sla_low: float
    sla_high: float
    stuck: int
    stuck_amount: float
    rate: GroupRate


@frozen
class ManagersReport(Report):
    """Result of `managers`, the largest amount first."""

    window: Window | None
    owner_is_current: bool
    managers: tuple[ManagerRow, ...]

    def rows(self) -> list[Row]:
        """Return the managers."""
        return list(self.managers)

    def __getitem__(self, user: str) -> ManagerRow:
        """Return one manager."""
        return find(self.managers, user=user)

    def title(self, lang: str = "en") -> str:
        """Return the name of the report."""
        return text("Managers", lang)

    def explain(self, lang: str = "en") -> str:
        """Return what differs between the managers, and what is not shown to differ."""
        people = [one for one in self.managers if not one.robot and one.user != NOT_GIVEN]
        lines = [
            text(
                "{name}: {rate} of {n} decided deals are won, the rest of the team {rest}; at "
                "equal leads {ratio} times the expected number.",
                lang,
                name=one.name,
                rate=percent(one.rate.rate, lang),
                n=plain_number(one.rate.decided, lang),
                rest=percent(one.rate.rate - one.rate.difference, lang),
                ratio=plain_number(one.rate.ratio, lang),
            )
            for one in people
            if one.rate.verdict in ("higher", "lower")
        ]
        if not lines:
            lines.append(
                text("No difference between the win rates of the managers is shown.", lang)
            )
        if self.owner_is_current:
            lines.append(
                text("Deals count for the owner of today: the source keeps no history.", lang)
            )
        return " ".join(lines)


def managers(
    crm: CrmData,
    window: Window | None = None,
    *,
    service: ServiceReport | None = None,
    stuck: StuckReport | None = None,
) -> ManagersReport:
    """Compare the managers over a window.

    Parameters
    ----------
    crm
        The records. Activities, leads, users and product lines are used if they were read.
    window
        Days in the time zone of the business; None for all.
    service, stuck
        The service levels and stuck deals of these records, for the columns about them, which
        are empty without.

    Returns
    -------
    ManagersReport

    Raises
    ------
    InputError
        Amounts in more than one currency.

    Notes
    -----
    Deals created count by their creation, for the owner of that moment; deals won and lost by
    their closing in the window, for the owner of that moment. Owners of the past are known as far
    as the records hold a history of values; of earlier moments the first owner in it counts, and
    without one the owner of today.
    The expected wins are those of the whole team's rates in the strata source x product, merged
    upwards to at least 20 decided deals.
    """
    deals, outcomes = crm.deals, crm.outcomes
    (begun_by, owner), users = _people(crm)
    count = len(users)
    amounts = crm.single_amounts(required=True)
    created = crm.inside(deals.created, window)
    closed = crm.inside(outcomes.closed, window) if window else outcomes.kind != OPEN
    won, lost = closed & (outcomes.kind == WON), closed & (outcomes.kind == LOST)
    layer = strata([crm.category("source"), product_of_deals(crm)], won | lost)
    rates = compare_groups(owner, count, won, won | lost, layer)
    acts = _activities(crm, window, users)
    leads = _leads(crm, window, users)
    about = _about(crm, users)
    counts = [
        np.bincount(people[chosen], minlength=count).tolist()
        for people, chosen in (
            (begun_by, created),
            (begun_by, created & (outcomes.kind == OPEN)),
            (owner, won),
            (owner, lost),
        )
    ]
    closed_by, started_by = _positions(owner, count), _positions(begun_by, count)
    days, ended = _lengths(crm, created)
    met, due = _answered(service, users)
    low, high = rate_interval(met, due)
    slow, slow_money = _stuck(stuck, users)
    rows = []
    for i, user in enumerate(users):
        name, left, robot = about[i]
        paid = amounts[closed_by[i][won[closed_by[i]]]]
        paid = paid[~np.isnan(paid)]
        aged = started_by[i][~np.isnan(days[started_by[i]])]
        began, still, wins, losses = (one[i] for one in counts)
        rows.append(
            ManagerRow(
                user,
                name,
                left,
                robot,
                *_counts(acts, i),
                int(leads[i]),
                began,
                still,
                wins,
                losses,
                float(paid.sum()),
                float(paid.mean()) if len(paid) else math.nan,
                float(np.median(paid)) if len(paid) else math.nan,
                wins - len(paid),
                kaplan_meier(days[aged], ended[aged]).median if len(aged) else math.nan,
                int(met[i]),
                int(due[i]),
                int(met[i]) / int(due[i]) if due[i] else math.nan,
                float(low[i]),
                float(high[i]),
                slow[i],
                slow_money[i],
                rates[i],
            )
        )
    busy = [
        row
        for row in rows
        if row.created
        or row.won
        or row.lost
        or row.leads
        or row.calls_out + row.calls_in
        or row.calls_missed + row.meetings + row.letters + row.tasks
        or row.sla_due
        or row.stuck
    ]
    busy.sort(key=lambda row: (-row.won_amount, row.user))
    has_owners = crm.values is not None and "owner" in crm.values.field.present()
    return ManagersReport(window, not has_owners, tuple(busy))


def product_of_deals(crm: CrmData) -> TextColumn:
    """Return the product of the first line of every deal; the empty text without lines."""
    n = len(crm.deals)
    if crm.lines is None or not len(crm.lines):
        return blank_column(n)
    names = tuple(dict.fromkeys((*crm.lines.product.categories, "")))
    row = crm.rows_of_deals(crm.lines.deal)
    codes = np.full(n, names.index(""), dtype=np.int64)
    known = np.flatnonzero(row >= 0)[::-1]  # the first line is written last
    codes[row[known]] = crm.lines.product.codes_in(names)[known]
    return TextColumn(names, codes)


def _people(crm: CrmData) -> tuple[tuple[Ints, Ints], tuple[str, ...]]:
    """Return the codes of every deal's owner at its creation and its closing, and all users."""
    owners = [
        named(text_at(crm.values, crm.deals, "owner", moments))
        for moments in (crm.deals.created, crm.outcomes.closed)
    ]
    names = list(dict.fromkeys(name for one in owners for name in one.categories))
    for column in (
        crm.category("owner"),
        None if crm.activities is None else crm.activities.user,
        None if crm.leads is None else crm.leads.owner,
        None if crm.users is None else crm.users.user,
    ):
        if column is not None:
            names += [one for one in named(column).categories if one not in names]
    begun_by, closed_by = (one.codes_in(names) for one in owners)
    return (begun_by, closed_by), tuple(names)


def _about(crm: CrmData, users: tuple[str, ...]) -> list[tuple[str, bool, bool]]:
    """Return name, whether the person left, and whether it is a robot, of every user."""
    table = crm.users
    if table is None:
        return [(user, False, False) for user in users]
    row = {user: i for i, user in enumerate(table.user.tolist())}
    names = [""] * len(table) if table.name is None else table.name.tolist()
    result = []
    for user in users:
        i = row.get(user)
        if i is None:
            unknown = user if user == NOT_GIVEN else f"user {user} (not known)"
            result.append((unknown, False, False))
            continue
        left = table.active is not None and not bool(table.active[i])
        robot = table.robot is not None and bool(table.robot[i])
        result.append((names[i] or user, left, robot))
    return result


def _activities(crm: CrmData, window: Window | None, users: tuple[str, ...]) -> list[Ints]:
    """Count the done activities of every user: calls out, in, missed, meetings, letters, tasks."""
    table = crm.activities
    if table is None or table.user is None:
        return [np.zeros(len(users), dtype=np.int64)] * 6
    kinds = table.kind.categories
    numbers = {"call": 0, "meeting": 3, "letter": 4, "task": 5}
    # One small number per activity, so that ten million of them are counted in one pass.
    what = np.array([numbers.get(one, _OTHER) for one in kinds] or [_OTHER], np.int8)[
        table.kind.codes
    ]
    if table.direction is not None:
        way = table.direction
        incoming = (what == 0) & (way.codes == way.code("in"))
        what[incoming] = 1
        if table.answered is not None:
            what[incoming & ~table.answered] = 2
    what[~(table.by_people & crm.inside(table.started, window))] = _OTHER
    names = named(table.user).categories
    counts = np.bincount(
        table.user.codes * (_OTHER + 1) + what, minlength=(_OTHER + 1) * len(names)
    ).reshape(-1, _OTHER + 1)
    result = np.zeros((len(users), _OTHER), dtype=np.int64)
    place = {user: row for row, user in enumerate(users)}
    for name, row in zip(names, counts, strict=True):
        result[place[name]] += row[:_OTHER]
    return list(result.T)


def _counts(acts: list[Ints], user: int) -> tuple[int, int, int, int, int, int]:
    out, answered, missed, meetings, letters, tasks = (int(one[user]) for one in acts)
    return out, answered, missed, meetings, letters, tasks


def _leads(crm: CrmData, window: Window | None, users: tuple[str, ...]) -> Ints:
    if crm.leads is None:
        return np.zeros(len(users), dtype=np.int64)
    inside = crm.inside(crm.leads.created, window)
    return np.bincount(lead_handlers(crm).codes_in(users)[inside], minlength=len(users))


def _answered(service: ServiceReport | None, users: tuple[str, ...]) -> tuple[Ints, Ints]:
    """Return the requests of every user that were answered in time, and those decided."""
    met, due = np.zeros(len(users), dtype=np.int64), np.zeros(len(users), dtype=np.int64)
    place = {user: row for row, user in enumerate(users)}
    for one in () if service is None else service.levels:
        if one.owner in place:
            met[place[one.owner]] += one.met
            due[place[one.owner]] += one.met + one.late + one.overdue
    return met, due


def _stuck(stuck: StuckReport | None, users: tuple[str, ...]) -> tuple[list[int], list[float]]:
    """Return the number of stuck deals of every user, and their known money."""
    count = dict.fromkeys(users, 0)
    money = dict.fromkeys(users, 0.0)
    for one in () if stuck is None else stuck.deals:
        owner = one.owner or NOT_GIVEN
        count[owner] += 1
        money[owner] += 0.0 if math.isnan(one.amount) else one.amount
    return list(count.values()), list(money.values())


def _positions(owner: Ints, count: int) -> list[Ints]:
    """Return the positions of the deals of every owner."""
    order = packed_order(owner)
    return np.split(order, np.searchsorted(owner[order], np.arange(1, count)))


def _lengths(crm: CrmData, chosen: Bools) -> tuple[Floats, Bools]:
    """Return the days from creation to closing or now, NaN where not known, and which ended."""
    outcomes = crm.outcomes
    open_ = outcomes.kind == OPEN
    ended: Bools = ~open_ & ~np.isnat(outcomes.closed)
    days = (np.where(ended, outcomes.closed, crm.until) - crm.deals.created) / _DAY
    return np.where(chosen & (ended | open_), np.maximum(days, 0.0), math.nan), ended
