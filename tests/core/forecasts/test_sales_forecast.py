"""Forecast of sales: against a slow twin, its range on made series, and what is refused."""

from __future__ import annotations

import math
from datetime import date
from statistics import median
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz import Settings, Transactions, analyze, classify_abc
from abcxyz.core.forecasts.sales_forecast import HeldBackSales, forecast_sales
from abcxyz.core.forecasts.sales_table import (
    SalesPart,
    SalesTable,
    joined_sales,
    parts_of_analysis,
)
from abcxyz.core.sales.calendar import Window
from abcxyz.errors import InputError


def twin(sales: list[float], periods: int, season: int) -> dict[str, Any] | None:
    """Forecast with loops over plain lists; None where the history is too short."""

    def scale(before: list[float]) -> float:
        last = before[-max(season, 3) :]
        return sum(abs(one) for one in last) / len(last)

    def base(method: str, before: list[float]) -> list[float] | None:
        t = len(before)
        if method == "recent":
            return [sum(before[-3:]) / 3] * periods if t >= 3 else None
        if t < season + (3 if method == "season_growth" else 0):
            return None
        then = [before[t - season + i % season] for i in range(periods)]
        if method == "season":
            return then
        earlier = sum(before[t - season - 3 : t - season])
        growth = sum(before[-3:]) / earlier if earlier > 0 else 1.0
        return [min(max(growth, 0.5), 2.0) * one for one in then]

    errors: dict[str, list[tuple[list[float], float]]] = {}
    for method in ("recent", "season", "season_growth"):
        found = []
        for t in range(3, len(sales) - periods + 1):
            predicted = base(method, sales[:t])
            size = scale(sales[:t])
            if predicted is not None and size > 0:
                came = sales[t : t + periods]
                found.append(
                    ([(a - b) / size for a, b in zip(came, predicted, strict=True)], size)
                )
        least = max(9, 6 + periods)
        if method == "recent":
            least = max(least, min(season, 12))
        if len(found) >= least and base(method, sales) is not None:
            errors[method] = found
    if not errors:
        return None
    common = min(len(one) for one in errors.values())
    sizes = {}
    for method, found in errors.items():
        part = found[-common:]
        middle = [median(one[0][i] for one in part) for i in range(periods)]
        sizes[method] = sum(
            abs(sum(e - m for e, m in zip(one, middle, strict=True)) * size) for one, size in part
        )
    method = min(sizes, key=lambda one: sizes[one])
    found, size = errors[method], scale(sales)
    predicted = base(method, sales)
    assert predicted is not None
    k = max(1, math.floor((len(found) / periods + 1) / 10 + 1e-9))
    columns = [sorted(one[0][i] for one in found) for i in range(periods)]
    result: dict[str, Any] = {
        "method": method,
        "expected": [p + median(c) * size for p, c in zip(predicted, columns, strict=True)],
        "low": [p + c[k - 1] * size for p, c in zip(predicted, columns, strict=True)],
        "high": [p + c[-k] * size for p, c in zip(predicted, columns, strict=True)],
    }
    if min(sales) >= 0:
        for name in ("expected", "low", "high"):
            result[name] = [max(one, 0.0) for one in result[name]]
    return result


@given(
    st.lists(st.integers(-20, 200), min_size=1, max_size=45),
    st.integers(1, 12),
    st.sampled_from([2, 4, 12]),
)
def test_it_is_what_loops_over_lists_give(sales: list[int], periods: int, season: int) -> None:
    if not any(sales[-max(season, 3) :]):
        with pytest.raises(InputError, match="no sales"):
            forecast_sales(sales, periods=periods, season=season)
        return
    expected = twin([float(one) for one in sales], periods, season)
    if expected is None:
        with pytest.raises(InputError, match="history is too short"):
            forecast_sales(sales, periods=periods, season=season)
        return
    found = forecast_sales(sales, periods=periods, season=season)
    if found.method == expected["method"]:  # else two methods with the same error
        for name in ("expected", "low", "high"):
            assert getattr(found, name) == pytest.approx(expected[name], abs=1e-6)
    assert (found.low <= found.high).all()
    assert found.total_low == pytest.approx(found.low.sum())
    assert 0 <= found.inside <= found.judged


def made(kind: str, size: int, random: np.random.Generator) -> np.ndarray:
    """Return a series of a kind."""
    t, noise = np.arange(size), random.normal(size=size)
    if kind == "noise":
        return 100 + 10 * noise
    if kind == "season":
        return 100 + 30 * np.sin(2 * np.pi * t / 12) + 8 * noise
    if kind == "growth":
        return 100 * 1.015**t * (1 + 0.3 * np.sin(2 * np.pi * t / 12)) * np.exp(0.06 * noise)
    return 100 + 2 * t + 10 * noise


@pytest.mark.parametrize("kind", ["noise", "season", "growth", "trend"])
@pytest.mark.parametrize(("known", "periods"), [(24, 3), (24, 6), (36, 12)])
def test_the_range_holds_as_often_as_it_says(kind: str, known: int, periods: int) -> None:
    random = np.random.default_rng(7)
    each, sums = [], []
    for _ in range(25):
        sales = made(kind, known + periods, random)
        found = forecast_sales(sales[:known], periods=periods)
        came = sales[known:]
        each.append(((came >= found.low) & (came <= found.high)).mean())
        sums.append(found.total_low <= came.sum() <= found.total_high)
    assert np.mean(each) >= 0.72
    assert np.mean(sums) >= 0.8


def test_a_season_is_found_and_a_short_history_is_refused() -> None:
    season = [100.0, 200, 50] * 10
    found = forecast_sales(season, periods=2, season=3)
    assert found.method == "season"
    assert found.expected.tolist() == found.low.tolist() == found.high.tolist() == [100.0, 200.0]
    assert found.error == 0
    # What knows no season has to be tried over a whole year of months.
    assert forecast_sales([1.0 + i % 2 for i in range(15)], periods=1).tries == 12
    with pytest.raises(InputError, match="of which 12 are needed"):
        forecast_sales([1.0 + i % 2 for i in range(14)], periods=1)
    for periods in (0, 13):
        with pytest.raises(InputError, match="from 1 to 12"):
            forecast_sales(season, periods=periods)


def part(months: range, rows: dict[str, list[float]], first: date | None = None) -> SalesPart:
    edges = tuple(date(2025 + m // 12, m % 12 + 1, 1) for m in (*months, months[-1] + 1))
    return SalesPart(
        unit="month",
        edges=edges,
        customers=np.array(list(rows), dtype=object),
        sales=np.array(list(rows.values()), dtype=float),
        first=first,
    )


def test_windows_are_joined_and_the_newer_one_holds() -> None:
    newest = part(range(3, 6), {"a": [4.0, 5, 6], "c": [1, 1, 1]}, date(2025, 1, 2))
    older = part(range(1, 4), {"b": [7.0, 8, 9], "a": [1, 2, 99]}, date(2025, 1, 2))
    oldest = part(range(2), {"b": [5.0, 99]}, date(2025, 1, 2))
    gap = part(range(-4, -1), {"a": [1.0, 1, 1]}, date(2024, 1, 2))
    parts = [gap, oldest, older, newest]
    read: list[int] = []

    def reader(i: int) -> SalesPart:
        read.append(i)
        return parts[i]

    windows = [Window(one.edges[0], one.edges[-1]) for one in parts]
    table = joined_sales([], windows, reader)
    assert table is not None
    assert read == [3, 2, 1]
    assert table.edges[0] == date(2025, 1, 1)
    by_name = dict(zip(table.customers.tolist(), table.sales.tolist(), strict=True))
    assert by_name == {
        "a": [0, 1, 2, 4, 5, 6],
        "b": [5, 7, 8, 0, 0, 0],
        "c": [0, 0, 0, 1, 1, 1],
    }
    assert joined_sales([newest]) == SalesTable.of(newest)
    assert joined_sales([], windows, lambda _: None) is None
    # A month that sales began within is not a whole one.
    late = part(range(3), {"a": [0.0, 3, 4]}, date(2025, 2, 12))
    trimmed = joined_sales([late])
    assert trimmed is not None
    assert (trimmed.edges[0], trimmed.sales.tolist()) == (date(2025, 3, 1), [[4.0]])


def sales_of(months: int) -> Transactions:
    random = np.random.default_rng(3)
    rows = [
        (f"c{i}", date(2024 + m // 12, m % 12 + 1, 3), float(random.gamma(2, 100 / (i + 1))))
        for m in range(months)
        for i in range(12)
        if random.random() < 0.8
    ]
    return Transactions(*map(list, zip(*rows, strict=True)))


def test_a_segment_is_held_back_with_the_customers_who_were_in_it() -> None:
    """The past of class A is that of the customers of class A then, by the same rule."""
    analysis = analyze(sales_of(24), as_of=date(2026, 1, 1), settings=Settings(period="6M"))
    table = joined_sales(parts_of_analysis(analysis))
    assert table is not None
    assert len(table) == 12  # the window and the one before it
    months = table.sales
    snapshot = analysis.snapshot
    moments = []
    for t in range(6, 12):
        value = months[:, t - 6 : t].sum(axis=1)
        codes = classify_abc(np.where(value > 0, value, np.nan), snapshot.settings.abc).codes
        one = months[codes == 0].sum(axis=0)
        moments.append(HeldBackSales(one[:t], one[t : t + 1]))
    with pytest.raises(InputError, match="6 past forecasts"):
        table.forecast(1, snapshot=snapshot, segment="A")
    longer = SalesTable(
        unit="month",
        edges=tuple(date(2022 + m // 12, m % 12 + 1, 1) for m in range(25)),
        customers=table.customers,
        sales=np.hstack([months, months[:, ::-1]]),
    )
    held = longer._held_back(1, snapshot, "A")
    for one, expected in zip(held, moments, strict=False):
        assert one.before.tolist() == expected.before.tolist()
    found = longer.forecast(1, snapshot=snapshot, segment="A")
    assert found.tries <= len(held) == 18
    assert found.edges == (date(2024, 1, 1), date(2024, 2, 1))
