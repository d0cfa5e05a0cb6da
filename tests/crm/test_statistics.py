"""Statistics: published examples, slow twins, figures of other programs."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz.crm.statistics.business_calendar import BusinessCalendar
from abcxyz.crm.statistics.proportions import (
    benjamini_hochberg,
    newcombe_interval,
    poisson_interval,
    two_proportion_test,
)
from abcxyz.crm.statistics.survival import (
    cumulative_incidence,
    final_incidence,
    kaplan_meier,
    log_rank,
    restricted_mean_difference,
)
from abcxyz.errors import InputError

#: Remission of leukaemia under 6-MP and placebo, weeks; Freireich 1963, in every textbook.
TREATED = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
ENDED = [True] * 9 + [False] * 12
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]

lengths = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 2)), min_size=1, max_size=30)


def test_kaplan_meier_of_the_textbook() -> None:
    curve = kaplan_meier(TREATED, ENDED)
    assert curve.times.tolist() == [6, 7, 10, 13, 16, 22, 23]
    expected = [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert curve.survival.round(3).tolist() == expected
    assert curve.median == 23
    assert math.isnan(curve.quantile(0.9))
    placebo = kaplan_meier(PLACEBO, [True] * 21)
    assert placebo.median == 8
    assert round(log_rank(curve, placebo), 6) == 4.2e-05


@given(lengths)
def test_shares_and_survival_make_one(rows: list[tuple[int, int]]) -> None:
    durations, ends = [one for one, _ in rows], np.array([end for _, end in rows])
    times, shares = cumulative_incidence(durations, ends, 2)
    curve = kaplan_meier(durations, ends > 0)
    assert times.tolist() == curve.times.tolist()
    np.testing.assert_allclose(shares.sum(axis=0) + curve.survival, 1.0, atol=1e-12)


@given(lengths)
def test_survival_equals_a_slow_product(rows: list[tuple[int, int]]) -> None:
    curve = kaplan_meier([one for one, _ in rows], [end > 0 for _, end in rows])
    share = 1.0
    for place, moment in enumerate(curve.times):
        risk = sum(length >= moment for length, _ in rows)
        share *= 1 - sum(length == moment and end > 0 for length, end in rows) / risk
        assert math.isclose(curve.survival[place], share, abs_tol=1e-12)


@given(lengths)
def test_the_final_incidence_equals_a_slow_sum(rows: list[tuple[int, int]]) -> None:
    """Whole seconds are sorted another way, and have the same shares."""
    survival, shares = 1.0, {1: 0.0, 2: 0.0}
    for moment in sorted({length for length, _ in rows}):
        risk = sum(length >= moment for length, _ in rows)
        for kind in shares:
            shares[kind] += survival * rows.count((moment, kind)) / risk
        survival *= 1 - sum(length == moment and end > 0 for length, end in rows) / risk
    durations, ends = np.array([one for one, _ in rows]), [end for _, end in rows]
    for given_as in (durations, durations.astype("m8[s]")):
        found = final_incidence(given_as, ends, [1, 2])
        for kind, share in shares.items():
            assert math.isclose(found[kind][0], share, abs_tol=1e-12)
            low, high = found[kind][1:]
            assert math.isnan(low) or 0 <= low <= share <= high <= 1
    seconds = kaplan_meier(durations.astype("m8[s]"), np.array(ends) > 0)
    assert seconds == kaplan_meier(durations / 86400, np.array(ends) > 0)


def test_without_censoring_the_interval_is_that_of_a_share() -> None:
    """With all ended the variance is F (1 - F) / n, on the scale of log(-log)."""
    (share, low, high) = final_incidence(range(40), [1, 2, 2, 2] * 10, [1])[1]
    assert math.isclose(share, 0.25)
    spread = math.sqrt(0.25 * 0.75 / 40) / (0.25 * math.log(0.25))
    expected = sorted(0.25 ** math.exp(sign * 1.959963984540054 * spread) for sign in (1, -1))
    np.testing.assert_allclose((low, high), expected, atol=1e-9)


@given(lengths, st.integers(1, 20))
def test_the_restricted_mean_is_an_area(rows: list[tuple[int, int]], horizon: int) -> None:
    curve = kaplan_meier([one for one, _ in rows], [end > 0 for _, end in rows])
    steps = np.concatenate([[1.0], curve.survival])
    area = sum(steps[np.searchsorted(curve.times, t, side="right")] for t in range(horizon))
    assert math.isclose(curve.restricted_mean(horizon)[0], area, abs_tol=1e-9)


def test_a_late_entry_is_not_at_risk_before() -> None:
    curve = kaplan_meier([2.0, 4.0, 5.0], [True, True, True], entries=[0.0, 3.0, 0.0])
    assert curve.at_risk.tolist() == [2, 2, 1]


def test_unknown_beyond_the_longest_duration() -> None:
    curve = kaplan_meier([1, 2, 3], [True, False, False])
    assert math.isnan(float(curve.at(4)))
    assert float(kaplan_meier([1], [True]).at(4)) == 0.0


def test_negative_durations_are_refused() -> None:
    with pytest.raises(InputError, match="position 1 is -2"):
        kaplan_meier([1, -2], [True, True])


def test_difference_of_restricted_means() -> None:
    fast, slow = kaplan_meier([1, 2], [True, True]), kaplan_meier([3, 4], [True, True])
    difference, low, high = restricted_mean_difference(fast, slow, 4)
    assert difference == -2.0
    assert low < -2.0 < high


def test_newcombe_of_the_paper() -> None:
    low, high = newcombe_interval([56, 9], [70, 10], [48, 3], [80, 10])
    assert low.round(4).tolist() == [0.0524, 0.1705]
    assert high.round(4).tolist() == [0.3339, 0.8090]


def test_equal_proportions_have_a_p_of_one() -> None:
    assert float(two_proportion_test(5, 10, 50, 100)) == 1.0
    assert math.isnan(float(two_proportion_test(0, 0, 5, 10)))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_adjusted_p_values_equal_a_slow_search(p: list[float]) -> None:
    ranked = sorted(p)
    expected = [
        min(ranked[j] * len(p) / (j + 1) for j in range(len(p)) if ranked[j] >= one) for one in p
    ]
    np.testing.assert_allclose(benjamini_hochberg(p), np.minimum(expected, 1.0), atol=1e-12)


def test_exact_poisson_limits() -> None:
    assert [round(one, 4) for one in poisson_interval(0)] == [0.0, 3.6889]
    assert [round(one, 4) for one in poisson_interval(10)] == [4.7954, 18.3904]
    assert [round(one, 2) for one in poisson_interval(1000)] == [938.97, 1063.95]


CALENDAR = BusinessCalendar(
    "Europe/Berlin",
    {**{day: ((time(9), time(13)), (time(14), time(18))) for day in range(5)}},
    holidays=[date(2026, 3, 27)],
    extra_days=[date(2026, 3, 28)],
)


def slow_seconds(since: datetime, until: datetime) -> int:
    """Count the open minutes one by one, in wall time."""
    total, moment = 0, since
    while moment < until:
        wall = moment.astimezone(ZoneInfo("Europe/Berlin"))
        day, clock = wall.date(), wall.time()
        works = (day.weekday() < 5 or day == date(2026, 3, 28)) and day != date(2026, 3, 27)
        total += works and (time(9) <= clock < time(13) or time(14) <= clock < time(18))
        moment += timedelta(minutes=1)
    return total * 60


@given(st.integers(0, 10_000), st.integers(0, 5_000))
def test_working_time_equals_a_count_of_minutes(start: int, length: int) -> None:
    """The clock changes on 29 March 2026 in Berlin."""
    since = datetime(2026, 3, 25, tzinfo=UTC) + timedelta(minutes=start)
    until = since + timedelta(minutes=length)
    a, b = (np.array([one.replace(tzinfo=None)], dtype="M8[s]") for one in (since, until))
    assert CALENDAR.working_seconds(a, b).tolist() == [slow_seconds(since, until)]


@given(st.integers(0, 10_000), st.integers(1, 200_000))
def test_a_deadline_has_its_working_time_before_it(start: int, seconds: int) -> None:
    since = np.array([np.datetime64("2026-03-25T00:00:00") + np.timedelta64(start, "m")])
    due = CALENDAR.deadline(since, seconds)
    assert CALENDAR.working_seconds(since, due).tolist() == [seconds]
    assert CALENDAR.working_seconds(since, due - np.timedelta64(1, "s")).tolist() == [seconds - 1]


def test_bad_times_are_marked() -> None:
    moments = np.array(["2026-03-25T10:00", "2026-03-25T09:00", "NaT"], dtype="M8[s]")
    assert CALENDAR.working_seconds(moments[:2], moments[1:]).tolist() == [-1, -1]
    assert np.isnat(CALENDAR.deadline(moments[2:], 60)).all()


@pytest.mark.parametrize(
    ("hours", "message"),
    [
        ({0: [(time(9), time(13)), (time(12), time(18))]}, "overlap at 12:00"),
        ({0: [(time(18), time(9))]}, "hold no time"),
        ({7: [(time(9), time(18))]}, "no day of the week"),
        ({}, "no opening hours"),
    ],
)
def test_impossible_hours_are_refused(hours: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        BusinessCalendar("UTC", hours)  # type: ignore[arg-type]


def test_figures_of_other_programs(shared_spec: Path) -> None:
    """Working time of businesstimedelta, intervals of statsmodels."""
    folder = shared_spec / "crm_oracles"
    work = json.loads((folder / "worktime.json").read_text("utf-8"))["figures"]
    holidays = [date.fromisoformat(one) for one in work["holidays"]]
    for pair in work["pairs"]:
        since, until = (
            np.array([int(datetime.fromisoformat(pair[key]).timestamp())]).astype("M8[s]")
            for key in ("from", "to")
        )
        calendar = BusinessCalendar(pair["zone"], holidays=holidays)
        seconds = calendar.working_seconds(since, until)
        assert math.isclose(seconds[0] / 3600, pair["working_hours"], abs_tol=1e-9)
    newcombe = json.loads((folder / "intervals.json").read_text("utf-8"))["figures"]["newcombe"]
    for pair, one in newcombe.items():
        counts = [int(n) for part in pair.split(" - ") for n in part.split("/")]
        np.testing.assert_allclose(newcombe_interval(*counts), one["newcombe95"], atol=1e-11)


@pytest.mark.parametrize("zone", ["Europe/Moscow", "America/New_York", "Pacific/Apia"])
def test_a_moment_on_a_closed_day_moves_to_the_next_opening(zone: str) -> None:
    calendar = BusinessCalendar(zone, holidays=[date(2026, 3, day) for day in (9, 10, 27)])
    hours = np.datetime64("2026-02-20T00:30", "s") + np.arange(0, 60 * 24, 7).astype("m8[h]")
    moved = calendar.next_opening(hours.astype("M8[s]"))
    for before, after in zip(hours.tolist(), moved.tolist(), strict=True):
        local = before.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
        day = local.date()
        while day.weekday() > 4 or day in calendar.holidays:
            day += timedelta(days=1)
        opening = datetime.combine(day, time(9), ZoneInfo(zone)).astimezone(UTC)
        expected = before if day == local.date() else opening.replace(tzinfo=None)
        assert after == expected
