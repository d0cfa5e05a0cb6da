"""Features at a landmark: every column and fact of a few customers, worked out by hand."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from abcxyz import Settings, Shares, Transactions
from abcxyz.core.landmarks.features import Features, classes_at, features_at
from abcxyz.core.landmarks.orders.order_history import OrderHistory, collect_orders, day_number
from abcxyz.core.landmarks.renewal import lapse_log_odds

DAY = date(2026, 7, 1)
#: Customer -> (days before the landmark, money) of every line.
LINES = {
    "later": [(0, 1000.0), (-3, 5.0)],
    "new": [(12, 7.0), (3, 9.0)],
    "once": [(365, 60.0)],
    # Eleven orders, with gaps of 30 and 50 days in turn.
    "steady": [(ago, 100.0) for ago in (5, 35, 85, 115, 165, 195, 245, 275, 325, 355, 405)],
    # Gaps of 10, 100 and 60 days, and returns: of 8 and 5 within 180 days, of 1 a day earlier.
    "uneven": [(200, 10.0), (190, 40.0), (90, 20.0), (30, 50.0), (100, -8.0), (180, -5.0),
               (181, -1.0)],
}  # fmt: skip
NAMES = ["later", "new", "once", "steady", "uneven"]


def history(lines: dict[str, list[tuple[int, float]]] = LINES) -> OrderHistory:
    rows = [
        (who, DAY - timedelta(days=ago), money) for who, own in lines.items() for ago, money in own
    ]
    return collect_orders(Transactions(*map(list, zip(*rows, strict=True))))


def stated_classes(day: int) -> tuple[Any, Any, float]:
    """Classes of today, and those of 90 days ago."""
    if day == day_number(DAY):
        value = np.array([np.nan, 16.0, np.nan, 900.0, 106.0])
        return np.array([-1, 2, -1, 0, 1], np.int8), value, 500.0
    assert day == day_number(DAY) - 90
    return np.array([-1, -1, 2, 1, 0], np.int8), np.zeros(5), 1.0


@pytest.fixture
def found() -> Features:
    made = history()
    assert made.customers.tolist() == NAMES
    return features_at(made, day_number(DAY), Settings(), 90, classes=stated_classes)


def of(column: Any) -> dict[str, float]:
    """Return the values of those who had ordered before."""
    return dict(zip(NAMES[1:], np.asarray(column, dtype=float).tolist()[1:], strict=True))


#: The median of the mean gaps 9, 40 and 170 / 3 has the weight of two gaps.
MEAN_GAP = {"new": 89 / 3, "once": 40.0, "steady": 480 / 12, "uneven": 250 / 5}
#: Squared coefficients of variation: of the gaps of 30 and 50, and of 10, 100 and 60; the former,
#: the only one of eight gaps or more, has the weight of eight gaps.
SPREAD = 100 / 1600
UNEVEN = (13_700 / 3 - (170 / 3) ** 2) / (170 / 3) ** 2
VARIATION = {
    "new": 8 * SPREAD / 9,
    "once": SPREAD,
    "steady": SPREAD,
    "uneven": (3 * UNEVEN + 8 * SPREAD) / 11,
}
#: Mean of the customers' mean orders 8, 60, 100 and 30.
TYPICAL = 49.5
#: Days per order of all: 982 days of tenure, and 18 orders.
POOL = 982 / 18
COLUMNS: dict[str, dict[str, float]] = {
    "silence": {"new": 3, "once": 365, "steady": 5, "uneven": 30},
    "silence_to_gap": {
        "new": 4 / (89 / 3 + 1), "once": 366 / 41, "steady": 6 / 41, "uneven": 31 / 51,
    },
    "silence_to_longest": {
        "new": 4 / (89 / 3 + 1), "once": 366 / 41, "steady": 6 / 51, "uneven": 31 / 101,
    },
    "orders_90": {"new": 2, "once": 0, "steady": 3, "uneven": 2},
    "orders_180": {"new": 2, "once": 0, "steady": 5, "uneven": 2},
    "orders_365": {"new": 2, "once": 1, "steady": 10, "uneven": 4},
    # Of six months of 30 days, or of those since the first order, but of one at least.
    "active_months": {"new": 1, "once": 0, "steady": 5 / 6, "uneven": 2 / 6},
    "rate": {
        "new": 3 / (12 + POOL), "once": 2 / (365 + POOL), "steady": 12 / (405 + POOL),
        "uneven": 5 / (200 + POOL),
    },
    "mean_gap": MEAN_GAP,
    "irregularity": {who: math.sqrt(one) for who, one in VARIATION.items()},
    "order_trend": {
        "new": math.log(2.5 / 0.5), "once": 0, "steady": math.log(3.5 / 2.5),
        "uneven": math.log(2.5 / 0.5),
    },
    "money_trend": {
        "new": math.log((16 + TYPICAL) / TYPICAL),
        "once": 0,
        "steady": math.log((300 + TYPICAL) / (200 + TYPICAL)),
        "uneven": math.log((70 + TYPICAL) / TYPICAL),
    },
    "money_90": {"new": 16, "once": 0, "steady": 300, "uneven": 70},
    "money_365": {"new": 16, "once": 60, "steady": 1000, "uneven": 120},
    "mean_order": {"new": 8, "once": 60, "steady": 100, "uneven": 30},
    "last_order": {
        "new": math.log((9 + 4.95) / (8 + 4.95)), "once": 0, "steady": 0,
        "uneven": math.log((50 + 4.95) / (30 + 4.95)),
    },
    "tenure": {"new": 12, "once": 365, "steady": 405, "uneven": 200},
    # Orders 365 to 276 days ago, of those who have been customers for a year.
    "same_season": {"new": math.nan, "once": 1, "steady": 2, "uneven": math.nan},
    "returns": {"new": 0, "once": 0, "steady": 0, "uneven": 13 / (70 + TYPICAL)},
    "abc": {"new": 2, "once": 3, "steady": 0, "uneven": 1},
    "abc_change": {"new": -1, "once": 1, "steady": -1, "uneven": 1},
}  # fmt: skip
FACTS: dict[str, dict[str, float]] = {
    **{name: COLUMNS[name] for name in ("silence", "mean_gap", "mean_order", "irregularity", "abc",
                                        "orders_90", "orders_180", "money_90", "tenure",
                                        "same_season")},
    "own_gap": {"new": 9, "once": math.nan, "steady": 40, "uneven": 170 / 3},
    "late": {"new": 0, "once": 1, "steady": 0, "uneven": 0},
    "longest": {"new": 9, "once": 0, "steady": 50, "uneven": 100},
    "missing": {"new": 484, "once": math.nan, "steady": -400, "uneven": 394},
    "orders": {"new": 2, "once": 1, "steady": 11, "uneven": 4},
    "money_180": {"new": 16, "once": 0, "steady": 500, "uneven": 70},
    # Less what was returned.
    "money_365": {"new": 16, "once": 60, "steady": 1000, "uneven": 106},
    "returned": {"new": 0, "once": 0, "steady": 0, "uneven": 13},
    "before": {"new": 3, "once": 2, "steady": 1, "uneven": 0},
}  # fmt: skip


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_are_those_worked_out(found: Features, name: str) -> None:
    assert of(found.columns[name]) == pytest.approx(COLUMNS[name], rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("name", FACTS)
def test_facts_are_those_worked_out(found: Features, name: str) -> None:
    assert of(found.facts[name]) == pytest.approx(FACTS[name], rel=1e-12, nan_ok=True)


def test_nothing_else_is_told_and_the_rhythm_looks_two_horizons_ahead(found: Features) -> None:
    assert set(found.columns) == {*COLUMNS, "rhythm"}
    assert set(found.facts) == set(FACTS)
    assert found.known.tolist() == [False, True, True, True, True]
    assert (found.day, found.limit, found.abc.tolist()) == (20_635, 500.0, [-1, 2, -1, 0, 1])
    rows = [(COLUMNS["silence"][who], MEAN_GAP[who], VARIATION[who]) for who in NAMES[1:]]
    silence, gap, spread = np.array(rows).T
    wanted = lapse_log_odds(silence, gap, 1 / np.clip(spread, 0.05, 3), 180)
    np.testing.assert_allclose(found.columns["rhythm"][1:], wanted, rtol=1e-12)
    assert found.with_columns({}) is found
    assert found.with_columns({"more": [1]}).columns["more"] == [1]


def test_a_variation_stays_within_its_limits() -> None:
    """Equal gaps count as a variation of 0.05, and no gaps at all as the pooled one of 1."""
    equal = history({"a": [(10 * k, 1.0) for k in range(1, 11)]})
    found = features_at(equal, day_number(DAY), Settings(), 90)
    assert found.columns["irregularity"].tolist() == [0.0]
    row = np.array([10.0])
    wanted = lapse_log_odds(row, row, np.array([1 / 0.05]), 180)
    np.testing.assert_allclose(found.columns["rhythm"], wanted)
    single = history({"a": [(1, 5.0)]})
    found = features_at(single, day_number(DAY), Settings(), 77)
    assert found.columns["irregularity"].tolist() == [1.0]
    # Without a gap of anybody the usual one is the horizon.
    assert found.columns["mean_gap"].tolist() == [77.0]
    # Gaps of a day and of a hundred in turn vary less than the limit of three; gaps of zero do not
    # exist, so that many short ones and one long one exceed it.
    long = history({"a": [*((k, 1.0) for k in range(1, 100)), (2000, 1.0)]})
    found = features_at(long, day_number(DAY), Settings(), 90)
    assert found.columns["irregularity"][0] ** 2 > 3
    wanted = lapse_log_odds(
        found.columns["silence"], found.columns["mean_gap"], np.array([1 / 3]), 180
    )
    np.testing.assert_allclose(found.columns["rhythm"], wanted)


def test_before_the_first_order_nobody_is_known() -> None:
    first = day_number(DAY) - 405
    found = features_at(history(), first, Settings(), 90)
    assert not found.known.any()
    assert np.isnan(found.columns["silence"]).all()
    assert found.abc.tolist() == [-1] * 5
    assert math.isnan(found.limit)
    returns = history({"a": [(5, -3.0)]})
    found = features_at(returns, day_number(DAY), Settings(), 90)
    assert found.known.tolist() == [False]
    assert found.facts["returned"].tolist() == [3.0]


def test_classes_are_those_of_the_value_over_the_window() -> None:
    """Returns are deducted; a day before the window counts no more, and the landmark not yet."""
    lines = {
        "a": [(30, 900.0)],
        "b": [(30, 90.0), (20, -30.0), (100, 1e6)],
        "c": [(30, 1.0), (10, 1.0), (9, 1.0), (8, 1.0), (0, 1e6)],
        "d": [(100, 5.0)],
    }
    day = day_number(DAY)
    settings = Settings(period="3M", abc=Shares(0.8, 0.95))
    codes, value, limit = classes_at(history(lines), day, settings)
    assert value.tolist()[:3] == [900.0, 60.0, 4.0]
    assert math.isnan(value[3])
    assert (codes.tolist(), limit) == ([0, 1, 2, -1], 900.0)
    _, value, _ = classes_at(history(lines), day, Settings(period="3M", metric="count"))
    assert value.tolist()[:3] == [1.0, 1.0, 4.0]
