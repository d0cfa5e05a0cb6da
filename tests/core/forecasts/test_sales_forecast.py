"""Forecast of sales: against a slow twin, its range on made series, and what is refused."""

from __future__ import annotations

import math
from datetime import date
from statistics import median
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz import Settings, Transactions, analyze, classify_abc
from abcxyz.core.forecasts.sales_forecast import (
    HeldBackSales,
    SalesForecast,
    forecast_sales,
)
from abcxyz.core.forecasts.sales_table import (
    SalesPart,
    SalesTable,
    joined_sales,
    known_sales,
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
        if season < 2 or t < season + (3 if method == "season_growth" else 0):
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
    came = [abs(sum(sales[t : t + periods])) for t in range(3, len(sales) - periods + 1)
            if scale(sales[:t]) > 0 and base(method, sales[:t]) is not None][-common:]  # fmt: skip
    result["tries"] = len(found)
    result["error"] = sizes[method] / sum(came)
    result["error_recent"] = sizes["recent"] / sum(came) if "recent" in sizes else math.nan
    return result


def record(sales: list[float], periods: int, season: int) -> tuple[int, int]:
    """Forecast at every past moment; return how many can be judged, and how many held."""
    judged = inside = 0
    for t in range(3, len(sales) - periods + 1):
        before = sales[:t]
        then = twin(before, periods, season) if any(before[-max(season, 3) :]) else None
        if then is not None:
            judged += 1
            inside += sum(then["low"]) <= sum(sales[t : t + periods]) <= sum(then["high"])
    return judged, inside


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


@pytest.mark.parametrize(
    ("periods", "season", "kinds"),
    [
        (1, 4, {"recent", "season", "season_growth"}),
        (2, 4, {"recent", "season", "season_growth"}),
        (5, 4, {"recent", "season", "season_growth"}),
        (3, 12, {"recent", "season", "season_growth"}),
        (2, 1, {"recent"}),
        (2, 2, {"recent", "season", "season_growth"}),
    ],
)
def test_every_figure_is_that_of_loops_over_lists(
    periods: int, season: int, kinds: set[str]
) -> None:
    """Of series of several kinds, so that each method is the best of one."""
    random = np.random.default_rng(11)
    methods = set()
    t = np.arange(41)
    wave = np.tile(random.uniform(20, 200, season), 41)[:41]
    for series in [
        100 + 10 * random.normal(size=41),
        wave + random.normal(size=41),
        wave * 1.4 ** (t // season) * np.exp(0.05 * random.normal(size=41)),
        wave * 2.5 ** (-(t // season) / 1) + 0.01 * random.random(41),
        60 * random.normal(size=41),
        np.where(t < 3, 0, np.maximum(wave - 90, 0) + random.integers(0, 2, 41)),
        np.cumsum(random.normal(size=41)) + 20,
    ]:
        sales = [float(one) for one in series]
        expected, found = twin(sales, periods, season), forecast_sales(
            sales, periods=periods, season=season
        )  # fmt: skip
        assert expected is not None
        for name in ("expected", "low", "high"):
            assert getattr(found, name) == pytest.approx(expected[name], rel=1e-9, abs=1e-9)
        assert (found.method, found.tries) == (expected["method"], expected["tries"])
        errors = (expected["error"], expected["error_recent"])
        assert (found.error, found.error_recent) == pytest.approx(errors, rel=1e-9, nan_ok=True)
        assert (found.judged, found.inside) == record(sales, periods, season)
        assert found.known == 41
        assert found.total == pytest.approx(sum(expected["expected"]))
        methods.add(found.method)
    assert methods == kinds


def test_plain_values_round_money_and_have_no_share_without_a_meaning() -> None:
    found = SalesForecast(
        expected=np.array([10.126, 20.0]),
        low=np.array([1.004, 2.0]),
        high=np.array([99.999, 100.0]),
        total_low=3.004,
        total_high=199.999,
        method="season",
        known=30,
        tries=12,
        error=0.12345,
        error_recent=math.nan,
        judged=4,
        inside=3,
    )
    rows = [
        {"expected": 10.13, "low": 1.0, "high": 100.0},
        {"expected": 20.0, "low": 2.0, "high": 100.0},
    ]
    plain = found.to_dict()
    assert plain.pop("periods") == rows
    assert plain == {
        "expected": 30.13, "low": 3.0, "high": 200.0, "method": "season", "known": 30,
        "tries": 12, "error": 0.1235, "error_recent": None, "judged": 4, "inside": 3,
    }  # fmt: skip
    days = (date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1))
    assert attrs.evolve(found, edges=days).to_dict()["periods"] == [
        {"since": "2026-01-01", "until": "2026-02-01", **rows[0]},
        {"since": "2026-02-01", "until": "2026-03-01", **rows[1]},
    ]


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


def test_periods_before_the_first_sale_or_that_it_began_late_within_are_left_out() -> None:
    """June has 30 days: sales that begin within its first fifth, six days, miss little of it."""
    table = SalesTable(
        unit="month",
        edges=tuple(date(2026, month, 1) for month in range(5, 9)),
        customers=np.array(["a", "b"], dtype=object),
        sales=np.array([[0.0, 1, 2], [0, 3, 4]]),
    )
    for first, since in [(7, 6), (8, 7)]:
        left = table.since_first(date(2026, 6, first))
        assert left.edges == tuple(date(2026, month, 1) for month in range(since, 9))
        assert left.sales.tolist() == [[1.0, 2], [3, 4]] if since == 6 else [[2.0], [4]]
    assert table.since_first(None).edges[0] == date(2026, 6, 1)
    assert len(table.since_first(date(2027, 1, 1))) == 0
    long = SalesTable(
        unit="month",
        edges=tuple(date(2020 + m // 12, m % 12 + 1, 1) for m in range(63)),
        customers=np.array(["a"]),
        sales=np.arange(1.0, 63)[None],
    )
    assert long.since_first(date(2020, 1, 1)).sales[0, :2].tolist() == [3.0, 4.0]
    assert len(long.since_first(date(2020, 1, 1))) == 60


def test_a_table_without_sales_and_parts_that_do_not_fit() -> None:
    table = SalesTable.of(part(range(2, 4), {"a": [1.0, math.nan]}))
    assert known_sales(table) is table
    assert table.sales.tolist() == [[1.0, 0.0]]
    with pytest.raises(InputError, match="the snapshots hold no sales by period"):
        known_sales(None)
    # Of other units, of later periods alone, and with a period between that would be missing.
    weeks = attrs.evolve(part(range(2), {"a": [5.0, 6.0]}), unit="week")
    for other in (weeks, part(range(2, 4), {"a": [7.0, 8.0]}), part(range(1), {"a": [9.0]})):
        assert table.extended(other) is table
    both = table.extended(part(range(1, 3), {"b": [2.0, 99.0]}))
    assert both.edges[0] == date(2025, 2, 1)
    assert dict(zip(both.customers.tolist(), both.sales.tolist(), strict=True)) == {
        "a": [0.0, 1.0, 0.0],
        "b": [2.0, 0.0, 0.0],
    }
    assert table.next_edges(2) == (date(2025, 5, 1), date(2025, 6, 1), date(2025, 7, 1))


def test_of_windows_that_begin_together_that_of_the_newest_snapshot_is_read() -> None:
    newest = part(range(3, 6), {"a": [4.0, 5, 6]}, date(2025, 1, 2))
    parts = [
        part(range(3), {"a": [1.0, 2, 3]}, date(2025, 1, 2)),
        part(range(4), {"a": [10.0, 20, 30, 99]}, date(2025, 1, 2)),
        part(range(1, 4), {"a": [7.0, 7, 7]}, date(2025, 1, 2)),
        part(range(3), {"a": [40.0, 50, 60]}, date(2025, 1, 2)),
    ]
    read: list[int] = []

    def reader(i: int) -> SalesPart:
        read.append(i)
        return parts[i]

    table = joined_sales([newest], [Window(one.edges[0], one.edges[-1]) for one in parts], reader)
    assert table is not None
    assert read == [3]
    assert table.sales.tolist() == [[40, 50, 60, 4, 5, 6]]
