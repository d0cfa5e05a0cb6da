"""Windows and periods: complete, half-open, extended to whole buckets."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz import InputError, Periods, Window, period_start, shift_period
from abcxyz.core.sales.calendar import UNITS

days = st.dates(date(1990, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    ("as_of", "n", "unit", "bucket", "since", "until", "count"),
    [
        ("2026-11-22", 12, "month", None, "2025-11-01", "2026-11-01", 12),
        ("2015-01-10", 3, "month", None, "2014-10-01", "2015-01-01", 3),
        ("2026-11-01", 1, "month", None, "2026-10-01", "2026-11-01", 1),
        ("2026-11-22", 12, "week", None, "2026-08-24", "2026-11-16", 12),
        ("2026-11-22", 2, "month", "week", "2026-09-01", "2026-11-01", 9),
        ("2026-02-28", 4, "quarter", "month", "2025-01-01", "2026-01-01", 12),
        ("2026-03-05", 4, "ten_days", None, "2026-01-21", "2026-03-01", 4),
        ("2024-03-01", 1, "month", "day", "2024-02-01", "2024-03-01", 29),
        ("2026-08-15", 1, "half_year", "quarter", "2026-01-01", "2026-07-01", 2),
        ("2026-08-15", 2, "year", "half_year", "2024-01-01", "2026-01-01", 4),
    ],
)
def test_complete_periods(
    as_of: str, n: int, unit: str, bucket: str | None, since: str, until: str, count: int
) -> None:
    """The incomplete period that contains the date is excluded."""
    periods = Periods.before(date.fromisoformat(as_of), n, unit, bucket=bucket)

    assert Window(date.fromisoformat(since), date.fromisoformat(until)) == periods.window
    assert periods.count == count
    assert periods.dated == date.fromisoformat(until) - timedelta(days=1)


@given(days, st.sampled_from(UNITS), st.integers(1, 40))
def test_periods_tile_the_calendar(day: date, unit: str, n: int) -> None:
    """Buckets adjoin without overlap and end before the date's period."""
    periods = Periods.before(day, n, unit)

    assert periods.edges[-1] == period_start(day, unit) <= day
    assert periods.span == periods.window
    assert len(periods.edges) == n + 1
    for since, until in zip(periods.edges, periods.edges[1:], strict=False):
        assert since < until
        assert period_start(until - timedelta(days=1), unit) == since
        assert shift_period(since, unit, 1) == until
        assert shift_period(until, unit, -1) == since


@given(days, st.sampled_from(UNITS), st.sampled_from(UNITS))
def test_stretching_covers_the_window(day: date, unit: str, bucket: str) -> None:
    """Finer buckets cover the window with less than one bucket extra on each side."""
    if UNITS.index(bucket) > UNITS.index(unit):
        with pytest.raises(InputError, match="is longer than the period"):
            Periods.before(day, 3, unit, bucket=bucket)
        return
    periods = Periods.before(day, 3, unit, bucket=bucket)

    assert periods.span.since <= periods.window.since < periods.edges[1]
    assert periods.edges[-2] < periods.window.until <= periods.span.until


@given(st.lists(days, min_size=1, max_size=30), days, st.sampled_from(UNITS))
def test_every_day_has_its_bucket(many: list[date], as_of: date, unit: str) -> None:
    """A day's bucket is the one whose edges contain it, -1 outside."""
    periods = Periods.before(as_of, 6, unit)

    places = periods.index(np.array(many, dtype="M8[D]"))

    for day, place in zip(many, places.tolist(), strict=True):
        expected = [
            i for i in range(periods.count) if periods.edges[i] <= day < periods.edges[i + 1]
        ] or [-1]
        assert expected == [place]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Periods.parse("12", date(2026, 1, 1)), "period '12' cannot be read"),
        (lambda: Periods.parse("0M", date(2026, 1, 1)), "number of periods is 0"),
        (lambda: Periods.parse("12M", date(2026, 1, 1), bucket="X"), "period 'X' is unknown"),
        (lambda: Periods.parse("9999Y", date(2026, 1, 1)), "before the year 1"),
        (lambda: Periods.before("2026", 1, "month"), "as_of is '2026'"),
        (lambda: Periods.before(date(2026, 1, 1), 1.5, "month"), "1.5"),  # type: ignore[arg-type]
        (lambda: Window(date(2026, 1, 2), date(2026, 1, 2)), "holds no day"),
        (lambda: Window(date(2026, 1, 2), date(2026, 1, 1)), "holds no day"),
    ],
)
def test_bad_periods(call: object, words: str) -> None:
    """An invalid period is refused with a valid example."""
    with pytest.raises(InputError, match=words):
        call()  # type: ignore[operator]


def test_a_missing_day_has_no_bucket() -> None:
    """NaT lies in no window and in no bucket, beside days that do."""
    periods = Periods.parse("3M", date(2026, 11, 22))
    days = np.array(["NaT", "2026-08-01", "2026-10-31", "NaT", "2026-11-01"], dtype="M8[D]")

    assert periods.index(days).tolist() == [-1, 0, 2, -1, -1]
    assert periods.window.holds(days).tolist() == [False, True, True, False, False]


@pytest.mark.parametrize(
    "day", [np.datetime64("NaT", "s"), np.datetime64("NaT", "D"), "NaT", None]
)
def test_a_missing_day_is_no_end_of_a_window(day: object) -> None:
    """A window or a date of classification without a day is refused by name."""
    with pytest.raises(InputError, match="until is"):
        Window(date(2026, 1, 1), day)
    with pytest.raises(InputError, match="as_of is"):
        Periods.parse("3M", day)  # type: ignore[arg-type]


def test_a_lookback_before_all_calendars_begins_with_them() -> None:
    periods = Periods.parse("1M", date(2026, 3, 1), lookback="9999Y")
    assert periods.lookback == Window(date.min, date(2026, 3, 1))


def test_the_lookback_is_two_windows_and_at_least_one() -> None:
    assert Periods.parse("3M", date(2026, 5, 10)).lookback.since == date(2025, 11, 1)
    one = Periods.parse("3M", date(2026, 5, 10), lookback="3M")
    assert one.lookback == Window(date(2026, 2, 1), date(2026, 5, 10))
    with pytest.raises(InputError, match="lookback of 2 periods of one month is shorter"):
        Periods.parse("3M", date(2026, 5, 10), lookback="2M")


@pytest.mark.parametrize("unit", ["D", "s"])
def test_days_of_a_window_in_any_unit(unit: str) -> None:
    """The first day is in it, that of the end is not."""
    window = Window(date(2026, 1, 5), date(2026, 2, 5))
    inside = np.array(["2026-01-05", "2026-02-04"], dtype=f"M8[{unit}]")
    assert window.holds_all(inside)
    for day in ("2026-01-04", "2026-02-05", "NaT"):
        with_one = np.append(inside, np.array([day], dtype=f"M8[{unit}]"))
        assert not window.holds_all(with_one)
        assert window.holds(with_one).tolist() == [True, True, False]


def test_the_unit_of_the_buckets_has_a_label() -> None:
    periods = Periods.parse("2Y", date(2026, 5, 10), bucket="half_year")
    assert (periods.unit.label, periods.unit.letter) == ("half year", "H")
    assert (periods.count, periods.dated) == (4, date(2025, 12, 31))
