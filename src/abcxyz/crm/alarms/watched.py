"""Watched series: weekly figures of a CRM, in total and by group."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta

import numpy as np
from attrs import evolve, frozen

from abcxyz._arrays import Floats, Ints
from abcxyz.core.classes.classify import classify_abc
from abcxyz.crm.alarms.series import Series, Watched
from abcxyz.crm.changes.metrics import Observations, dimension, observations, stage_passage
from abcxyz.crm.changes.weekly import mature_until, monday, week_of, week_starts
from abcxyz.crm.records.columns import Moments, TextColumn
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.records.visits import LOST, WON
from abcxyz.crm.reports.base import NOT_GIVEN, named
from abcxyz.crm.reports.lost_reasons import reasons_of_deals
from abcxyz.crm.reports.service.levels import STATES, states_of
from abcxyz.crm.reports.service.requests import requests_under
from abcxyz.crm.reports.service.rules import RULES, ServiceRule
from abcxyz.crm.statistics.business_calendar import BusinessCalendar
from abcxyz.errors import InputError

__all__ = ["watched_series"]

_SPLIT = ("source", "owner", "product", "funnel")
_DAY = np.timedelta64(1, "D")
#: Rows that are counted at a time.
_PART = 1 << 20
#: Groups with fewer observations in a usual week are not followed by themselves.
_LEAST_PER_WEEK = 3.0
_CLASS_WEEKS = 52
_SILENT_DAYS = 60.0


def watched_series(
    crm: CrmData,
    *,
    calendar: BusinessCalendar | None = None,
    margin: float = 1.0,
    rules: tuple[ServiceRule, ...] = RULES,
) -> Watched:
    """Build the watched series of a CRM by week.

    Parameters
    ----------
    crm
        The records; series of tables that were not read are left out.
    calendar
        Working time; None for Monday to Friday without holidays.
    margin
        Share of the amount that is profit, for the money of a series.
    rules
        Rules of service.

    Raises
    ------
    InputError
        There is no deal.
    """
    if not len(crm.deals):
        raise InputError("there are no deals to watch; give the source and its window")
    calendar = calendar or BusinessCalendar(crm.zone)
    first = int(week_of(crm, crm.deals.created).min())
    weeks = mature_until(crm, math.nan) - first
    days = _working_days(calendar, first, weeks)
    scale = _Scale(crm, first, max(weeks, 0), days, margin)
    series = [
        *_passages(scale),
        *_closings(scale),
        *_leads(scale),
        *_activities(scale),
        *_services(scale, calendar, rules),
        *_cycles(scale),
        *_classes(scale),
    ]
    return Watched(first, max(weeks, 0), tuple(series), days)


def _working_days(calendar: BusinessCalendar, first: int, weeks: int) -> Ints:
    result = np.zeros(max(weeks, 0), dtype=np.int64)
    for week in range(len(result)):
        for offset in range(7):
            day = monday(first + week) + timedelta(days=offset)
            usual = bool(calendar.hours.get(day.weekday()))
            result[week] += (usual or day in calendar.extra_days) and day not in calendar.holidays
    return result


@frozen(eq=False)
class _Scale:
    """The weeks, and the money of a deal won."""

    crm: CrmData
    first: int
    weeks: int
    days: Ints
    margin: float

    def sums(self, week: Ints, values: Floats | None = None) -> Floats:
        return np.asarray(self._sums(week, None, 1, values)[0])

    def sums_of_groups(
        self, week: Ints, groups: TextColumn, values: Floats | None = None
    ) -> Floats:
        """Return the sums of every group, (categories, weeks): all of them in one pass."""
        return self._sums(week, groups.codes, len(groups.categories), values)

    def _sums(self, week: Ints, codes: Ints | None, size: int, values: Floats | None) -> Floats:
        # Counts add up by parts, which take little memory; sums of values would be rounded anew.
        step = _PART if values is None else max(len(week), 1)
        sums: Floats = np.zeros(size * self.weeks)
        for start in range(0, len(week), step):
            part = slice(start, start + step)
            place = week[part] - self.first
            inside = (place >= 0) & (place < self.weeks)
            place = place[inside]
            if codes is not None:
                place += np.multiply(codes[part][inside], self.weeks, dtype=np.int64)
            weights = None if values is None else values[part][inside]
            sums += np.bincount(place, weights, minlength=len(sums))
        return np.asarray(sums.reshape(size, self.weeks))

    @property
    def cheque(self) -> float:
        """Average profit of a won deal; NaN without amounts, or in several currencies."""
        amounts = self.crm.single_amounts()[self.crm.outcomes.kind == WON]
        known = amounts[~np.isnan(amounts)]
        return float(known.mean()) * self.margin if len(known) else math.nan

    @property
    def won_share(self) -> float:
        kind = self.crm.outcomes.kind
        decided = int(((kind == WON) | (kind == LOST)).sum())
        return int((kind == WON).sum()) / decided if decided else math.nan

    def end(self, horizon: float) -> int:
        return min(max(mature_until(self.crm, horizon) - self.first, 0), self.weeks)


def _of_observations(
    scale: _Scale, counted: Observations, unit: float, stage: str = "", funnel: str = ""
) -> Iterator[Series]:
    """Yield a rate in total and by group; groups of one alone are the total."""
    week, end = week_of(scale.crm, counted.at), scale.end(counted.horizon)
    x, n = scale.sums(week, counted.value), scale.sums(week)
    total = Series(
        counted.metric, "", "", "rate", x, n, end, unit, stage, funnel, observations=counted
    )
    yield total
    for name in _SPLIT:
        column = dimension(scale.crm, name)[counted.row]
        size = np.bincount(column.codes, minlength=len(column.categories))
        if np.count_nonzero(size) < 2:
            continue
        values = scale.sums_of_groups(week, column, counted.value)
        counts = scale.sums_of_groups(week, column)
        for code in np.flatnonzero(size >= max(_LEAST_PER_WEEK * max(end, 1), 1)).tolist():
            yield evolve(
                total,
                dimension=name,
                group=column.categories[code],
                x=values[code],
                n=counts[code],
            )


def _passages(scale: _Scale) -> Iterator[Series]:
    """Yield the passage of every stage at a fixed age, and the conversion of the deals created."""
    crm = scale.crm
    if crm.changes is None or not len(crm.visits):
        return
    for funnel in crm.stages.funnels:
        for one in crm.stages.order(funnel)[:-1]:
            try:
                counted = stage_passage(crm, one.id, None, funnel)
            except InputError:
                continue  # nobody has gone on from this stage
            passed = float(counted.value[counted.mature].mean()) if counted.mature.any() else 0.0
            entered = int(counted.mature.sum())
            won = int((crm.outcomes.kind[counted.row[counted.mature]] == WON).sum())
            # One more that passes is worth what those that passed were won with.
            share = won / (passed * entered) if passed * entered else math.nan
            worth = scale.cheque * share
            counted = evolve(counted, metric=f"passage: {one.title}")
            yield from _of_observations(scale, counted, worth, one.id, funnel)
    try:
        yield from _of_observations(scale, observations(crm, "conversion"), scale.cheque)
    except InputError:
        return  # no deal has been won


def _closings(scale: _Scale) -> Iterator[Series]:
    """Yield the win rate, and the shares of the reasons among the losses."""
    crm = scale.crm
    yield from _of_observations(scale, observations(crm, "win_rate"), scale.cheque)
    kind, closed = crm.outcomes.kind, crm.outcomes.closed
    rows = np.flatnonzero((kind == LOST) & ~np.isnat(closed))
    reasons = reasons_of_deals(crm, {})[rows]
    at, mature = closed[rows], np.ones(len(rows), dtype=bool)
    for code in np.unique(reasons.codes).tolist():
        name = reasons.categories[code]
        if name == NOT_GIVEN or (reasons.codes == code).sum() < _LEAST_PER_WEEK * scale.weeks / 2:
            continue
        value = (reasons.codes == code).astype(np.float64)
        counted = Observations(f"losses: {name}", math.nan, rows, at, value, mature)
        yield from _of_observations(scale, counted, math.nan)


def _counts(
    scale: _Scale, metric: str, at: Moments, groups: dict[str, TextColumn], unit: float
) -> Iterator[Series]:
    """Yield counts per working day, in total and by group."""
    week, days = week_of(scale.crm, at), scale.days.astype(np.float64)
    del at  # The moments of ten million activities are 80 MB.
    yield Series(metric, "", "", "count", scale.sums(week), days, scale.weeks, unit)
    for name, column in groups.items():
        size = np.bincount(column.codes, minlength=len(column.categories))
        if np.count_nonzero(size) < 2:
            continue
        sums = scale.sums_of_groups(week, column)
        for code in np.flatnonzero(size >= _LEAST_PER_WEEK * max(scale.weeks, 1)).tolist():
            x = sums[code]
            # A person without anything in a whole week is away: that is no fall.
            away = (x == 0) if name == "owner" else np.zeros(len(x), dtype=bool)
            exposed = np.where(away, 0.0, days)
            yield Series(
                metric, name, column.categories[code], "count", x, exposed, scale.weeks, unit
            )


def _leads(scale: _Scale) -> Iterator[Series]:
    crm = scale.crm
    leads = crm.leads
    table = crm.deals if leads is None or not len(leads) else leads
    groups = {
        name: named(column)
        for name in ("source", "owner")
        if (column := getattr(table, name)) is not None
    }
    converted = len(crm.deals) / max(len(table), 1)
    unit = scale.cheque * scale.won_share * min(converted, 1.0)
    yield from _counts(scale, "leads", table.created, groups, unit)


def _activities(scale: _Scale) -> Iterator[Series]:
    table = scale.crm.activities
    if table is None or not len(table):
        return
    done = table.by_people & (table.started < scale.crm.until)
    groups = {} if table.user is None else {"owner": named(table.user[done])}
    yield from _counts(scale, "activities", table.started[done], groups, math.nan)


def _services(
    scale: _Scale, calendar: BusinessCalendar, rules: tuple[ServiceRule, ...]
) -> Iterator[Series]:
    """Yield the share answered in time of every rule, by the week in which requests began."""
    crm = scale.crm
    if crm.activities is None:
        return
    for rule in rules:
        if rule.starts == "lead" and crm.leads is None:
            continue
        requests = requests_under(crm, crm.activities, rule)
        if requests is None or not len(requests.start):
            continue
        _, state, _ = states_of(crm, rule, requests, calendar)
        judged = state < STATES.index("running")
        week, met = week_of(crm, requests.start), (state == 0).astype(np.float64)
        # Requests that still run are of the last days: their weeks are not over for the rule.
        end = scale.end(max(7.0, rule.hours / 24 + 4))
        masks = {("", ""): judged}
        names = requests.owner.categories
        for code in np.unique(requests.owner.codes).tolist():
            mine = judged & (requests.owner.codes == code)
            if mine.sum() >= _LEAST_PER_WEEK * max(end, 1):
                masks["owner", names[code] or NOT_GIVEN] = mine
        for (name, group), mask in masks.items():
            yield Series(
                f"in time: {rule.name}",
                name,
                group,
                "rate",
                scale.sums(week[mask], met[mask]),
                scale.sums(week[mask]),
                end,
            )


def _cycles(scale: _Scale) -> Iterator[Series]:
    """Yield the logarithm of the median days to winning, by the week of closing."""
    crm = scale.crm
    rows = np.flatnonzero((crm.outcomes.kind == WON) & ~np.isnat(crm.outcomes.closed))
    days = np.maximum((crm.outcomes.closed - crm.deals.created)[rows] / _DAY, 0.04)
    place = week_of(crm, crm.outcomes.closed[rows]) - scale.first
    x, n = np.zeros(scale.weeks), np.zeros(scale.weeks)
    for week in range(scale.weeks):
        mine = days[place == week]
        if len(mine) >= 3:
            x[week], n[week] = math.log(float(np.median(mine))), 1.0
    yield Series("median cycle", "", "", "value", x, n, scale.weeks)


def _classes(scale: _Scale) -> Iterator[Series]:
    """Yield revenue by class of the customer, and the share of class A that went silent.

    The class of a week is that of the year before it, so that the week itself does not decide it.
    """
    crm = scale.crm
    amounts = crm.single_amounts()
    rows = np.flatnonzero((crm.outcomes.kind == WON) & ~np.isnat(crm.outcomes.closed))
    rows = rows[~np.isnan(amounts[rows])]
    if crm.deals.customer is None or not len(rows):
        return
    ids, customer = np.unique(crm.deals.customer[rows], return_inverse=True)
    closed, money = crm.outcomes.closed[rows], amounts[rows]
    place = week_of(crm, closed) - scale.first
    starts = week_starts(crm.zone, scale.first, scale.first + scale.weeks)
    revenue = np.zeros((4, scale.weeks))
    silent, important = np.zeros(scale.weeks), np.zeros(scale.weeks)
    for week in range(scale.weeks):
        past = (place < week) & (place >= week - _CLASS_WEEKS)
        code = np.full(len(ids), -1)
        last = np.full(len(ids), np.datetime64("NaT", "s"))
        if past.any():
            code = classify_abc(np.bincount(customer[past], money[past], len(ids))).codes
            order = np.flatnonzero(past)[np.argsort(closed[past], kind="stable")]
            last[customer[order]] = closed[order]
        now = place == week
        revenue[:, week] = np.bincount(code[customer[now]] + 1, money[now], minlength=4)
        top = code == 0
        age = (starts[week + 1] - last) / _DAY
        important[week] = (top & (age >= 7)).sum()
        silent[week] = (top & (age >= _SILENT_DAYS) & (age < _SILENT_DAYS + 7)).sum()
    # Before a whole year of purchases the classes still form, which looks like a change.
    ones = (np.arange(scale.weeks) >= _CLASS_WEEKS).astype(np.float64)
    important, silent, revenue = important * ones, silent * ones, revenue * ones
    for row, name in enumerate(("no class", "A", "B", "C")):
        if (revenue[row] > 0).sum() > ones.sum() / 2:
            yield Series("revenue", "class", name, "value", revenue[row], ones, scale.weeks, 1.0)
    if important.sum() >= _LEAST_PER_WEEK * ones.sum() > 0:
        yield Series("class A silent", "", "", "rate", silent, important, scale.weeks)
