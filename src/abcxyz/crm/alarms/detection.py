"""Detection of anomalies: one run over the watched series, in one false-discovery pool."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools
from abcxyz.crm.alarms.series import Series
from abcxyz.crm.statistics.control_chart import SHIFT, Judgement, judge_period, judge_shift
from abcxyz.crm.statistics.proportions import benjamini_hochberg

__all__ = ["FALSE_DISCOVERIES", "LEAST_POINTS", "LEAST_SHARE", "Finding", "Usable", "detect"]

FALSE_DISCOVERIES = 0.05
"""Rate of false discoveries among the alarms of one run."""

LEAST_POINTS, LEAST_SHARE = 0.05, 0.20
"""Smallest change that is an alarm: so many points of a rate, or that share of the level."""

_CHANGE_SPAN = 16


@frozen
class Usable:
    """Which periods of a series count, up to the judged one.

    Parameters
    ----------
    place
        The judged period.
    baseline
        (k,) periods that may be in the baseline.
    judgeable
        (k,) periods that may be judged: mature, no holidays, not before an announced change.
    """

    __hash__ = None  # type: ignore[assignment]

    place: int
    baseline: Bools
    judgeable: Bools


@frozen
class Finding:
    """An unusual period, or a lasting shift, of a series.

    Parameters
    ----------
    series
        Number of the series.
    shift
        Whether it is the mean of the last eight periods, and not one period.
    since
        First period of it.
    judgement
        The judgement.
    q
        P value adjusted over all tests of the run.
    """

    series: int
    shift: bool
    since: int
    judgement: Judgement
    q: float


def detect(
    series: Sequence[Series],
    usable: Mapping[int, Usable],
    parents: Mapping[int, int],
    *,
    min_money: float = 0.0,
    q: float = FALSE_DISCOVERIES,
) -> tuple[list[Finding], int]:
    """Judge the last period of every series.

    Parameters
    ----------
    series
        The series.
    usable
        Number of a series -> its periods; those that are left out are not judged.
    parents
        Number of the series of a group -> that of its total.
    min_money
        Money from which a change is an alarm where money is known, and from which a group is
        tested although its total is as usual; 0 tests groups of alarmed totals only.
    q
        Rate of false discoveries.

    Returns
    -------
    tuple
        Findings, and the number of tests.

    Notes
    -----
    Totals first: Benjamini and Hochberg (1995) over their p values. Then the groups of alarmed
    totals join the same pool.
    """
    tests: dict[tuple[int, bool], tuple[Judgement, int]] = {}
    tops = [number for number in usable if number not in parents]
    _judge(series, usable, tops, tests)
    found = _discoveries(tests, q)
    alarmed = {number for number, _ in found}
    groups = [number for number in usable if parents.get(number) in alarmed]
    if min_money > 0:
        rest = [one for one in usable if one in parents and parents[one] not in alarmed]
        groups += [one for one in rest if _own_money(series[one], usable[one]) >= min_money]
    if groups:
        _judge(series, usable, groups, tests)
        found |= _discoveries(tests, q)
    findings = [
        Finding(number, shift, tests[number, shift][1], tests[number, shift][0], value)
        for (number, shift), value in sorted(found.items())
        if _is_large(series[number], tests[number, shift][0], min_money)
    ]
    return findings, len(tests)


def _judge(
    series: Sequence[Series],
    usable: Mapping[int, Usable],
    numbers: Iterable[int],
    tests: dict[tuple[int, bool], tuple[Judgement, int]],
) -> None:
    for number in numbers:
        one, span = series[number], usable[number]
        if not span.judgeable[span.place]:
            continue
        period = judge_period(one.kind, one.x, one.n, span.place, span.baseline)
        if period is not None and not math.isnan(period.p):
            tests[number, False] = period, span.place
        shift = judge_shift(one.kind, one.x, one.n, span.place, span.baseline, span.judgeable)
        if shift is not None and not math.isnan(shift.p):
            tests[number, True] = shift, _change_point(one, span, shift)


def _discoveries(
    tests: Mapping[tuple[int, bool], tuple[Judgement, int]], q: float
) -> dict[tuple[int, bool], float]:
    keys = list(tests)
    adjusted = benjamini_hochberg([tests[key][0].p for key in keys]).tolist()
    return {key: value for key, value in zip(keys, adjusted, strict=True) if value <= q}


def _own_money(one: Series, span: Usable) -> float:
    period = judge_period(one.kind, one.x, one.n, span.place, span.baseline)
    if period is None or math.isnan(one.unit):
        return 0.0
    return abs(period.value - period.centre) * period.n * one.unit


def _is_large(one: Series, judgement: Judgement, min_money: float) -> bool:
    change = abs(judgement.value - judgement.centre)
    if one.kind == "value" and one.metric == "median cycle":
        large = math.expm1(change) >= LEAST_SHARE  # a logarithm of days
    else:
        large = change >= LEAST_SHARE * abs(judgement.centre)
        large |= one.kind == "rate" and change >= LEAST_POINTS
    if not large or math.isnan(one.unit):
        return large
    return change * judgement.n * one.unit >= min_money


def _change_point(one: Series, span: Usable, shift: Judgement) -> int:
    """Return the period since which a shift holds: the split of the last 16 that fits best."""
    places = np.flatnonzero(span.judgeable & (one.n > 0) & (np.arange(len(one.x)) <= span.place))
    places = places[-_CHANGE_SPAN:]
    off = (one.x[places] / one.n[places] - shift.centre) * np.sqrt(one.n[places])
    side = 1.0 if shift.z > 0 else -1.0
    best, since = -math.inf, int(places[-SHIFT])
    for back in range(2, len(places) + 1):
        score = side * float(off[-back:].sum()) / math.sqrt(back)
        if score > best:
            best, since = score, int(places[-back])
    return since
