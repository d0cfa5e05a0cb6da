"""Alarm of a finding: what carries it, its money, its questions, its picture."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
from attrs import frozen

from abcxyz._arrays import Floats, Ints
from abcxyz.core.sales.calendar import Window
from abcxyz.crm.alarms.alarm import Alarm, AlarmChart
from abcxyz.crm.alarms.detection import Finding
from abcxyz.crm.alarms.series import Series, Watched
from abcxyz.crm.changes.metrics import dimension
from abcxyz.crm.changes.questions import Question, questions_about
from abcxyz.crm.changes.weekly import monday, week_of
from abcxyz.crm.changes.why import explained
from abcxyz.crm.changes.why_result import Why
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.settings import AnnouncedChange
from abcxyz.crm.statistics.control_chart import BASELINE, SHIFT

__all__ = ["Raised", "alarm_of"]


@frozen
class Raised:
    """A finding that was raised.

    Parameters
    ----------
    finding
        The finding as it was judged last.
    named
        First week of it when it was raised, which its key names.
    run, judged, closed
        The run that raised it, the one that judged it, and the one that closed it.
    """

    finding: Finding
    named: int
    run: int
    judged: int
    closed: int | None


def alarm_of(
    crm: CrmData, watched: Watched, raised: Raised, changes: tuple[AnnouncedChange, ...]
) -> Alarm:
    """Describe a finding as an alarm, with what carries it and what to check."""
    finding = raised.finding
    one, judged = watched.series[finding.series], finding.judgement
    place = raised.judged - (watched.weeks - one.end)
    since = monday(watched.first + finding.since)
    money = (judged.value - judged.centre) * judged.n * one.unit
    why, parts, questions, answer = _why(crm, watched, raised, place)
    return Alarm(
        f"{one.name}@{monday(watched.first + raised.named)}",
        one.metric,
        one.dimension,
        one.group,
        one.kind,
        finding.shift,
        since,
        monday(watched.first + place + 1) - timedelta(days=1),
        monday(watched.first + raised.run + 1),
        None if raised.closed is None else monday(watched.first + raised.closed + 1),
        judged.value,
        judged.centre,
        judged.low,
        judged.high,
        judged.n,
        money,
        finding.q,
        why,
        parts,
        questions,
        _chart(watched, one, finding, place, changes),
        answer,
    )


#: What carries an alarm: a template, its groups, questions, and the explained change.
_Reason = tuple[str, tuple[str, ...], tuple[Question, ...], Why | None]

_EVENLY = "It is spread evenly: no group explains it."
_CARRIED = "Carried by {groups}."
_BY_MIX = "The mix carries it: {groups}."
_UNKNOWN = "Its groups are not known."


def _why(crm: CrmData, watched: Watched, raised: Raised, place: int) -> _Reason:
    """Return what carries an alarm: a template, its groups, and questions."""
    finding = raised.finding
    one = watched.series[finding.series]
    subject = one.stage or one.metric
    if one.observations is not None:
        return _why_of_rate(crm, watched, one, finding.since, place, subject)
    children = [
        child
        for child in watched.series
        if child.group
        and not one.group
        and (child.funnel, child.metric) == (one.funnel, one.metric)
    ]
    if one.kind == "value" or not children:
        return _UNKNOWN, (), questions_about("group", [one.group or subject]), None
    side = finding.judgement.value - finding.judgement.centre
    late = slice(finding.since, place + 1)
    early = slice(max(finding.since - BASELINE, 0), finding.since)
    moved = {}
    for child in children:
        if child.n[early].sum() > 0:
            rate = child.x[early].sum() / child.n[early].sum()
            moved[child.dimension, child.group] = float(
                child.x[late].sum() - rate * watched.working[late].sum()
            )
    whole = _moved(one, early, late)
    carriers = sorted(
        (
            key
            for key, value in moved.items()
            if value * side > 0 and abs(value) > 0.3 * abs(whole)
        ),
        key=lambda key: (-abs(moved[key]), key),
    )[:2]
    if not carriers:
        return _EVENLY, (), questions_about("even", [""]), None
    parts = tuple(f"{group} {moved[name, group]:+.0f} / {whole:+.0f}" for name, group in carriers)
    return _CARRIED, parts, questions_about(carriers[0][0], [group for _, group in carriers]), None


def _moved(one: Series, early: slice, late: slice) -> float:
    rate = one.x[early].sum() / one.n[early].sum()
    return float(one.x[late].sum() - rate * one.n[late].sum())


def _why_of_rate(
    crm: CrmData, watched: Watched, one: Series, since: int, place: int, subject: str
) -> _Reason:
    counted = one.observations
    assert counted is not None
    if one.group:
        column = dimension(crm, one.dimension)
        counted = counted.take(column.codes[counted.row] == column.code(one.group))
    week: Ints = week_of(crm, counted.at) - watched.first
    early = np.flatnonzero((week >= since - BASELINE) & (week < since))
    late = np.flatnonzero((week >= since) & (week <= place))
    if not len(early) or not len(late):
        return _UNKNOWN, (), questions_about("group", [subject]), None
    windows = tuple(
        Window(monday(watched.first + first), monday(watched.first + last))
        for first, last in ((max(since - BASELINE, 0), since), (since, place + 1))
    )
    answer = explained(crm, counted, (early, late), (windows[0], windows[1]))
    asked = questions_about("stage", [one.stage]) if one.stage else ()
    best = answer.best
    if best is None:
        return _EVENLY, (), asked or questions_about("even", [""]), answer
    if best.carried_by == ("mix",):
        n0, n1 = answer.n_before, answer.n_after
        grown = max(best.groups, key=lambda group: abs(group.n_after / n1 - group.n_before / n0))
        part = f"{grown.group} {grown.n_before / n0:.0%} → {grown.n_after / n1:.0%}"
        return _BY_MIX, (part,), asked + questions_about("mix", [best.dimension]), answer
    groups = [group for group in best.groups if group.group in best.carried_by]
    parts = tuple(
        f"{group.group} {group.rate_before:.0%} → {group.rate_after:.0%}" for group in groups
    )
    return _CARRIED, parts, asked + questions_about(best.dimension, best.carried_by), answer


def _chart(
    watched: Watched,
    one: Series,
    finding: Finding,
    place: int,
    changes: tuple[AnnouncedChange, ...],
) -> AlarmChart:
    begin = max(finding.since - BASELINE, 0)
    span = np.arange(begin, one.end)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(one.n > 0, one.x / one.n, math.nan)[span]
    judged = finding.judgement
    # The range of the alarm, scaled to the trials of every week.
    half = max(judged.high - judged.centre, judged.centre - judged.low)
    reach: Floats = np.full(len(span), half * math.sqrt(SHIFT) if finding.shift else half)
    if one.kind != "value":
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = np.asarray(half * np.sqrt(judged.n / one.n[span]))
    floor = -math.inf if one.kind == "value" else 0.0
    top = 1.0 if one.kind == "rate" else math.inf
    return AlarmChart(
        one.name,
        one.kind,
        tuple(monday(watched.first + int(week)) for week in span),
        value,
        np.clip(judged.centre - reach, floor, top),
        np.clip(judged.centre + reach, floor, top),
        judged.centre,
        (span >= finding.since) & (span <= place),
        changes,
    )
