"""Core metrics: concentration and moves, against hand calculation."""

from __future__ import annotations

import json
import math
from datetime import date

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz import Settings, Snapshot, core_metrics
from abcxyz.core.dynamics.core_metrics import gini, pareto_pair


def snapshot(as_of: date, segments: list[int], value: list[float]) -> Snapshot:
    n = len(segments)
    codes = np.array(segments)
    days = np.full(n, np.datetime64("2025-01-01"))
    settings = Settings()
    return Snapshot(
        as_of=as_of,
        periods=settings.periods(as_of),
        settings=settings,
        customers=np.arange(n),
        abc=np.where(codes < 0, -1, codes // 3).astype(np.int8),
        xyz=np.where(codes < 0, -1, codes % 3).astype(np.int8),
        value=np.array(value),
        cv=np.zeros(n),
        orders=np.ones(n, dtype=np.int64),
        first_day=days,
        last_day=days,
    )


AX, AY, AZ, BX, CZ, N = 0, 1, 2, 3, 8, -1
NOW = snapshot(date(2026, 1, 1), [AX, AX, AY, BX, CZ, N], [40.0, 20, 20, 15, 5, np.nan])
BEFORE = snapshot(date(2025, 1, 1), [AX, AY, AX, AX, CZ, AX], [9.0] * 6)


def test_concentration_by_hand() -> None:
    """Concentration of shares 40, 20, 20, 15 and 5 equals the hand calculation."""
    metrics = core_metrics(NOW)
    # The curve: 20 % bring 40, 40 % bring 60: customers and value add up to one.
    assert (0.4, 0.6) == pytest.approx((metrics.pareto_customers, metrics.pareto_value))
    assert 0.4**2 + 2 * 0.2**2 + 0.15**2 + 0.05**2 == pytest.approx(metrics.hhi)
    # From the smallest up 5, 20, 40, 60, 100: (5 + 1 - 2 * 2.25) / 5.
    assert 0.3 == pytest.approx(metrics.gini)
    assert (0.4, 0.4, 0.4) == pytest.approx((metrics.top_1, metrics.top_5, metrics.top_10))
    assert (0.6, 0.8) == pytest.approx((metrics.core_customers, metrics.core_value))
    assert math.isnan(metrics.a_attrition)


def test_the_largest_customers_are_rounded_up() -> None:
    """Of a hundred customers one, five and ten; of a hundred and one two, six and eleven."""
    hundred = np.arange(1.0, 101)
    for values, counts in ((hundred, (1, 5, 10)), (np.append(hundred, 0.0), (2, 6, 11))):
        metrics = core_metrics(snapshot(date(2026, 1, 1), [CZ] * len(values), [*values]))
        wanted = [sum(range(101 - count, 101)) / 5050 for count in counts]
        found = (metrics.top_1, metrics.top_5, metrics.top_10)
        assert found == pytest.approx(wanted)


def test_attrition_needs_days_and_customers_of_a() -> None:
    same = core_metrics(NOW, NOW)
    assert math.isnan(same.a_attrition)
    assert same.a_attrition_days == 0
    nobody = snapshot(date(2025, 1, 1), [CZ] * 6, [1.0] * 6)
    found = core_metrics(NOW, nobody)
    assert math.isnan(found.a_attrition)
    assert math.isnan(found.cows_retention)
    assert (found.a_attrition_days, found.cows_inflow) == (365, 1.0)
    day = attrs.evolve(BEFORE, periods=Settings().periods(date(2025, 12, 1)))
    assert core_metrics(NOW, day).a_attrition_days == 31


def test_moves_by_hand() -> None:
    """Of four cows two stay and one of three is new; two of five A customers leave."""
    now = snapshot(date(2026, 1, 1), [AX, AX, AX, BX, CZ, N], [5.0] * 6)
    metrics = core_metrics(now, BEFORE)
    assert (0.5, 1 / 3) == pytest.approx((metrics.cows_retention, metrics.cows_inflow))
    assert 365 == metrics.a_attrition_days
    assert 1 - 0.6 ** (365.25 / 365) == pytest.approx(metrics.a_attrition)
    half = attrs.evolve(BEFORE, periods=Settings().periods(date(2025, 7, 1)))
    assert 1 - 0.6 ** (365.25 / 184) == pytest.approx(core_metrics(now, half).a_attrition)
    assert metrics.a_attrition == core_metrics(now, half, BEFORE).a_attrition


def test_nothing_sold_has_no_figures() -> None:
    """Without a positive value every metric is missing, without division by zero."""
    empty = snapshot(date(2026, 1, 1), [N, N], [np.nan, np.nan])
    metrics = core_metrics(empty, empty).to_dict()
    assert {0, None} == set(metrics.values())
    json.dumps(metrics, allow_nan=False)
    losses = snapshot(date(2026, 1, 1), [CZ, CZ], [-5.0, 0.0])
    assert math.isnan(core_metrics(losses).gini)


def test_returns_count_as_nothing() -> None:
    """A net return counts as zero in the shares."""
    assert gini(np.array([0.0, 0.0, 4.0])) == gini(np.array([-9.0, 0.0, 4.0]))
    assert (1 / 3, 2 / 3) != pareto_pair(np.array([-9.0, 0.0, 4.0]))


amounts = st.lists(st.floats(0.01, 1e6), min_size=1, max_size=50)


@given(amounts)
def test_gini_is_the_mean_difference(values: list[float]) -> None:
    """Gini is half the mean absolute difference over the mean."""
    array = np.array(values)
    expected = np.abs(array[:, None] - array).mean() / (2 * array.mean())
    assert expected == pytest.approx(gini(array), abs=1e-9)


@given(amounts)
def test_the_pair_lies_on_the_curve(values: list[float]) -> None:
    """Customers and value of the pair add up to one and lie on the curve."""
    customers, value = pareto_pair(np.array(values))
    assert 1 == pytest.approx(customers + value)
    down = np.sort(values)[::-1]
    curve = np.interp(
        customers,
        np.arange(len(values) + 1) / len(values),
        np.append(0, down.cumsum()) / down.sum(),
    )
    assert value == pytest.approx(curve, abs=1e-9)
