"""Anomalies of a CRM: weekly runs over all series, alarms raised once and closed when quiet."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from attrs import define, evolve

from abcxyz._arrays import Bools
from abcxyz.crm.alarms.alarm import Alarm, Anomalies
from abcxyz.crm.alarms.alarm_reasons import Raised, alarm_of
from abcxyz.crm.alarms.detection import Finding, Usable, detect
from abcxyz.crm.alarms.series import Series, Watched
from abcxyz.crm.alarms.watched import watched_series
from abcxyz.crm.changes.weekly import monday
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.reports.service.rules import RULES, ServiceRule
from abcxyz.crm.settings import AnnouncedChange
from abcxyz.crm.statistics.business_calendar import BusinessCalendar
from abcxyz.crm.statistics.control_chart import LEAST_BASELINE, judge_period

__all__ = ["NEW_LEVEL", "QUIET", "anomalies", "replay"]

QUIET = 2
"""Periods within the expected range that close an alarm."""

NEW_LEVEL = 13
"""Periods after which an open alarm becomes the new level."""

#: Figures that a change of one stage moves, too.
_TOTALS = frozenset(["conversion", "win_rate", "revenue"])


@define
class _Open:
    """An alarm that is open: how long, and for how many quiet periods."""

    alarm: int
    first: int
    quiet: int = 0


@define
class _State:
    """State of a series between the runs."""

    alarmed: Bools
    since: int = 0
    open: _Open | None = None
    closed: _Open | None = None
    closed_at: int = -1


def anomalies(
    crm: CrmData,
    *,
    calendar: BusinessCalendar | None = None,
    changes: Sequence[AnnouncedChange] = (),
    margin: float = 1.0,
    min_money: float = 0.0,
    rules: tuple[ServiceRule, ...] = RULES,
    closed: bool = False,
) -> Anomalies:
    """Find what is not as usual in the last complete week, and what has been since earlier ones.

    Parameters
    ----------
    crm
        The records, as known on the day of the run.
    calendar
        Working time with its holidays: weeks with fewer than four working days are not judged.
    changes
        Announced changes: the series that they concern begin anew at that week.
    margin
        Share of the amount that is profit, for the money of an alarm.
    min_money
        Money from which a change is an alarm; groups are watched by themselves from it, too.
    rules
        Rules of service, whose shares answered in time are watched.
    closed
        Whether alarms that are closed are listed, too.

    Returns
    -------
    Anomalies

    Raises
    ------
    InputError
        There is no deal.

    Notes
    -----
    All weekly runs are replayed from the beginning of the records, so that the result is a
    function of the records alone: an alarm has the same key in every run, is raised once, and is
    closed by two periods within the expected range. The periods of an open alarm are not in
    the baseline; after 13 of them it is the new level.
    """
    watched = watched_series(crm, calendar=calendar, margin=margin, rules=rules)
    raised, tests, short = replay(watched, changes=changes, min_money=min_money)
    last = watched.weeks - 1
    alarms = [
        alarm_of(crm, watched, one, tuple(changes))
        for one in raised
        if closed or one.closed is None
    ]
    alarms.sort(key=_order)
    return Anomalies(
        monday(watched.first + watched.weeks),
        tuple(alarms),
        tests,
        short,
        bool(watched.weeks and watched.holidays[last]),
        tuple(changes),
    )


def _order(one: Alarm) -> tuple[bool, bool, float, str]:
    """Sort open alarms before closed ones, falls first, the most money first."""
    money = 0.0 if math.isnan(one.money) else abs(one.money)
    return one.closed is not None, not one.fell, -money, one.key


def replay(
    watched: Watched,
    *,
    changes: Sequence[AnnouncedChange] = (),
    min_money: float = 0.0,
) -> tuple[list[Raised], int, int]:
    """Run the detection for every week, and keep the alarms.

    Returns
    -------
    tuple
        Alarms in the order in which they were raised, the number of tests of the last run, and
        the number of series that were too short in it.
    """
    parents = _parents(watched.series)
    states = [_State(np.zeros(watched.weeks, dtype=bool)) for _ in watched.series]
    starts = [_starts(one, watched, changes) for one in watched.series]
    raised: list[Raised] = []
    tests = short = 0
    for run in range(LEAST_BASELINE, watched.weeks):
        usable = _usable(watched, states, starts, run)
        short = sum(
            int(span.baseline[: span.place].sum()) < LEAST_BASELINE for span in usable.values()
        )
        findings, tests = detect(watched.series, usable, parents, min_money=min_money)
        found = {one.series: one for one in findings}  # a shift comes after the single period
        for number, one in enumerate(watched.series):
            _follow(one, states[number], found.get(number), usable.get(number), run, raised)
        for number, finding in found.items():
            parent, state = parents.get(number), states[number]
            if state.open is not None:
                continue  # raised already
            if parent is not None and (states[parent].open is not None or parent in found):
                continue  # a part of its total
            if state.closed is not None and finding.since <= state.closed_at:
                # The same event again, such as a week that turns out to be a lasting shift.
                old = raised[state.closed.alarm]
                again = evolve(finding, since=min(finding.since, old.finding.since))
                raised[state.closed.alarm] = Raised(again, old.named, old.run, run, None)
                state.open = _Open(state.closed.alarm, again.since)
            else:
                raised.append(Raised(finding, finding.since, run, run, None))
                state.open = _Open(len(raised) - 1, finding.since)
            state.alarmed[state.open.first : usable[number].place + 1] = True
    return raised, tests, short


def _follow(
    one: Series,
    state: _State,
    finding: Finding | None,
    span: Usable | None,
    run: int,
    raised: list[Raised],
) -> None:
    """Keep an open alarm, close it after two quiet periods, or make it the new level."""
    if state.open is None or span is None or not span.judgeable[span.place]:
        return
    state.alarmed[span.place] = True
    old = raised[state.open.alarm]
    inside = _is_inside(one, span, old.finding)
    state.open.quiet = state.open.quiet + 1 if inside and finding is None else 0
    new_level = span.place - state.open.first >= NEW_LEVEL
    if state.open.quiet < QUIET and not new_level:
        return
    raised[state.open.alarm] = evolve(old, closed=run)
    if new_level:
        state.since = state.open.first
        state.alarmed[state.open.first :] = False
    else:
        state.alarmed[span.place - QUIET + 1 : span.place + 1] = False
    state.closed, state.closed_at, state.open = state.open, span.place, None


def _is_inside(one: Series, span: Usable, finding: Finding) -> bool:
    """Return whether the last period is within the range of the alarm, or beyond it.

    The range of a shift is that of a mean of eight periods, so a shift does not hide in the noise
    of single periods.
    """
    if not finding.shift:
        period = judge_period(one.kind, one.x, one.n, span.place, span.baseline)
        return period is not None and period.low <= period.value <= period.high
    judged, value = finding.judgement, one.x[span.place] / one.n[span.place]
    return bool(value >= judged.low if judged.value < judged.centre else value <= judged.high)


def _parents(series: Sequence[Series]) -> dict[int, int]:
    totals = {
        (one.funnel, one.metric): number for number, one in enumerate(series) if not one.group
    }
    return {
        number: totals[one.funnel, one.metric]
        for number, one in enumerate(series)
        if one.group and (one.funnel, one.metric) in totals
    }


def _starts(one: Series, watched: Watched, changes: Sequence[AnnouncedChange]) -> list[int]:
    """Return the weeks of the announced changes that concern a series."""
    concerned = [
        change
        for change in changes
        if (not change.funnel or not one.funnel or change.funnel == one.funnel)
        and (not change.stage or change.stage == one.stage or one.metric in _TOTALS)
    ]
    return sorted((change.day - monday(watched.first)).days // 7 for change in concerned)


def _usable(
    watched: Watched, states: Sequence[_State], starts: Sequence[Sequence[int]], run: int
) -> dict[int, Usable]:
    """Return the periods of every series as they are known in a run."""
    result = {}
    for number, one in enumerate(watched.series):
        place = run - (watched.weeks - one.end)
        if place < 1:
            continue
        judgeable = ~watched.holidays & (one.n > 0)
        begin = max([states[number].since, *(week for week in starts[number] if week <= place)])
        judgeable[: max(begin, 0)] = False
        result[number] = Usable(place, judgeable & ~states[number].alarmed, judgeable)
    return result
