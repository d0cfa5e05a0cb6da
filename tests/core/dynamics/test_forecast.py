"""Forecast: figures, refusals and errors against the "no change" baseline."""

from __future__ import annotations

import json
import re
import warnings
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from abcxyz import InputError, Settings, Shares, Snapshot, Transactions, backfill, forecast
from abcxyz.core.dynamics.forecast import chain

A, B, C, N = 0, 1, 2, -1
SETTINGS = Settings(period="1M", bucket="W")


def month(number: int, abc: dict[str, int], value: dict[str, float]) -> Snapshot:
    n = len(abc)
    as_of = date(2026, number + 1, 1)
    codes = np.array(list(abc.values()), dtype=np.int8)
    days = np.full(n, np.datetime64("2025-01-01"))
    return Snapshot(
        as_of=as_of,
        periods=SETTINGS.periods(as_of),
        settings=SETTINGS,
        customers=np.array(list(abc), dtype=object),
        abc=codes,
        xyz=np.where(codes < 0, np.int8(-1), np.int8(0)),
        value=np.array([value.get(who, np.nan) for who in abc]),
        cv=np.zeros(n),
        orders=np.ones(n, dtype=np.int64),
        first_day=days,
        last_day=days,
    )


FOUR = [
    month(1, {"p": A, "q": B}, {"p": 100, "q": 40}),
    month(2, {"p": A, "q": N}, {"p": 110}),
    month(3, {"p": B, "q": B, "new": C}, {"p": 50, "q": 60, "new": 7}),
    month(4, {"p": A, "q": B, "new": N}, {"p": 80, "q": 30}),
]


def test_a_forecast_worked_by_hand() -> None:
    """Rates, new customers and money by state equal the hand calculation."""
    result = forecast(FOUR)
    # From A: once A, once B. From B: once N, once A, once B. From C: N. From N: B. New: 1/3 C.
    assert ("A", "B", "C", "N") == result.states
    assert [0.5 + 1 / 3, 0.5 + 1 / 3 + 1, 1 / 3, 1 / 3] == pytest.approx(result.customers.tolist())
    assert [1 / 3, 1 / 3, 0, 1 / 3] == pytest.approx(result.shares_now.tolist())
    # A: 210 became 160. B: 150 became 110. N: the one who came back brought 60. New: 7 in three.
    assert 80 * 160 / 210 + 30 * 110 / 150 + 60 + 7 / 3 == pytest.approx(result.revenue)
    assert (110, 3, ()) == (result.revenue_now, result.transitions, result.held_back)
    assert result.worth_it is None
    json.dumps(result.to_dict())


def test_held_back_periods_know_only_what_was_before() -> None:
    """The fifth month is forecast from the first four only."""
    fifth = month(5, {"p": C, "q": C, "new": C}, {"p": 1, "q": 1, "new": 1})
    result = forecast([*FOUR, fifth])
    (one,) = result.held_back
    assert forecast(FOUR).revenue == one.revenue_forecast
    assert (3, 110) == (one.revenue, one.revenue_unchanged)
    shares = forecast(FOUR).shares
    assert (shares[0] + shares[1] + shares[3]) == pytest.approx(one.share_error)
    assert 1 == pytest.approx(one.share_error_unchanged)
    assert result.worth_it
    assert (107 / 3) == pytest.approx(result.revenue_error[1])


def test_a_state_never_left_stays() -> None:
    """A state without past transitions holds its present customers."""
    calm = [month(i, {"p": A}, {"p": 10}) for i in range(1, 5)]
    shown = [*calm[:3], month(4, {"p": B}, {"p": 10})]
    assert [1.0, 0, 0, 0] == forecast(calm).customers.tolist()
    assert 10 == forecast(calm).revenue
    last = forecast(shown)
    assert [0, 1.0, 0, 0] == last.customers.tolist()


def test_too_little_history_is_refused() -> None:
    """Three snapshots are too few, and the message names the cure."""
    with pytest.raises(InputError, match=r"needs 3 transitions.*4 snapshots.*there are 3"):
        forecast(FOUR[:3])


def test_snapshots_without_any_class_are_refused() -> None:
    """A window whose sales were not read would look as if every customer had left."""
    empty = month(5, {"p": N, "q": N}, {})
    with pytest.raises(InputError, match=r"in 1 of the 5 snapshots, first in that of 2026-05-31"):
        forecast([*FOUR, empty])


def test_overlapping_windows_are_refused() -> None:
    """Overlapping windows and gaps between windows are refused."""
    rolling = Settings(period="2M")
    result = [
        attrs.evolve(one, settings=rolling, periods=rolling.periods(one.as_of)) for one in FOUR
    ]
    with pytest.raises(InputError, match="overlap: customers seem to stay"):
        forecast(result)
    with pytest.raises(InputError, match="do not adjoin"):
        forecast([*FOUR[:2], month(5, {"p": A}, {}), month(6, {"p": A}, {})])
    with pytest.raises(InputError, match="other settings"):
        forecast([*FOUR[:3], attrs.evolve(FOUR[3], settings=attrs.evolve(SETTINGS, abc=Shares()))])


def test_rolling_windows_are_thinned_out() -> None:
    """Of rolling half-years every sixth is used, back from the last to a gap."""
    windows = [Settings(period="6M").periods(date(2024 + m // 12, m % 12 + 1, 1)).window
               for m in range(30)]  # fmt: skip
    assert (5, 11, 17, 23, 29) == chain(windows)
    assert (17, 23, 29) == chain(windows)[2:]
    without = [one for place, one in enumerate(windows) if place != 11]
    assert [windows[i] for i in (17, 23, 29)] == [without[i] for i in chain(without)]


CASES: dict[str, tuple[str, date, date]] = {
    "cdnow": ("1Q", date(1997, 1, 1), date(1998, 7, 1)),
    "online_retail": ("2M", date(2010, 12, 1), date(2011, 12, 1)),
}


@pytest.mark.parametrize("name", CASES)
def test_documentation_has_measured_errors(name: str, request: pytest.FixtureRequest) -> None:
    """Backtest errors on real sales equal those on the documentation page."""
    sales: Transactions = request.getfixturevalue(name)
    period, since, as_of = CASES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        snapshots: list[Any] = list(
            backfill(sales, since=since, as_of=as_of, settings=Settings(period=period, bucket="M"))
        )
        result = forecast([snapshots[i] for i in chain([one.periods.window for one in snapshots])])
    row = [name, period, str(len(result.held_back))]
    row += [f"{100 * x:.1f} %" for x in (*result.error, *result.revenue_error)]
    page = Path(__file__).parents[3] / "docs" / "explanation" / "forecast.md"
    rows = re.findall(r"^\| (.+) \|$", page.read_text("utf-8"), re.MULTILINE)
    assert row in [one.split(" | ") for one in rows]
