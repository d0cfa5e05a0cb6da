"""NumPy and Numba routes from raw columns to money per customer, against the core."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from abcxyz.core.sales import panel
from abcxyz.core.sales.calendar import Periods
from abcxyz.core.sales.panel import Panel, aggregate
from abcxyz.core.sales.transactions import Transactions
from abcxyz.errors import InputError
from abcxyz.fast import customer_grid, grid

YEAR = Periods.parse("12M", date(2026, 1, 15), lookback="40Y")
WEEKS = Periods.parse("2M", date(2026, 1, 15), bucket="W")
ROUTES = ("numpy", "numba")


def need(route: str) -> None:
    if route == "numba":
        pytest.importorskip("numba")


def sample(kind: str, money: str, n: int = 60_000) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(5)
    who = rng.integers(0, 5_000, n)
    ids: npt.NDArray[Any] = {
        "compact": who + 17,
        "sparse": rng.integers(-(2**62), 2**62, 5_000)[who],
        "string": np.array([f"клиент <{i}> 🙂" for i in range(5_000)], object)[who],
    }[kind]
    days = np.datetime64("2024-11-01", "us") + rng.integers(0, 450 * 86_400_000_000, n)
    cents = rng.integers(-50_000, 900_000, n)
    return ids, days, cents if money == "int" else cents / 100


def by_core(
    ids: Any, days: Any, amounts: Any, periods: Periods, metric: str = "revenue", costs: Any = None
) -> Panel:
    sales = Transactions(np.asarray(ids, object).tolist(), days.astype("M8[D]"), amounts, costs)
    if isinstance(ids[0], (int, np.integer)):
        sales = Transactions(ids, days.astype("M8[D]"), amounts, costs)
    return aggregate([sales], periods, metric=metric)


def same(expected: Panel, actual: Panel) -> None:
    """Compare to the last bit; sparse ids may be in another order."""
    order, other = np.argsort(expected.customers), np.argsort(actual.customers)
    for name in ("customers", "value", "sales", "orders", "first_day", "last_day"):
        one, two = getattr(expected, name), getattr(actual, name)
        assert one.dtype == two.dtype, name
        assert one[order].tobytes() == two[other].tobytes() or name == "customers", name
    assert expected.customers[order].tolist() == actual.customers[other].tolist()
    assert (expected.periods, expected.metric) == (actual.periods, actual.metric)


@pytest.mark.parametrize("periods", [YEAR, WEEKS], ids=["months", "stretched weeks"])
@pytest.mark.parametrize("money", ["int", "float"])
@pytest.mark.parametrize("kind", ["compact", "sparse", "string"])
@pytest.mark.parametrize("route", ROUTES)
def test_route_equals_the_core(route: str, kind: str, money: str, periods: Periods) -> None:
    """Either route equals the core's batch aggregation to the last bit."""
    need(route)
    columns = sample(kind, money)
    same(by_core(*columns, periods), customer_grid(*columns, periods, route=route))


@pytest.mark.parametrize("metric", ["profit", "count"])
@pytest.mark.parametrize("route", ROUTES)
def test_metrics(route: str, metric: str) -> None:
    """Profit subtracts the cost, and counts exclude returns."""
    need(route)
    ids, days, amounts = sample("sparse", "int")
    costs = amounts // 3 + 100
    expected = by_core(ids, days, amounts, WEEKS, metric, costs)
    columns = (ids, days, amounts, WEEKS)
    same(expected, customer_grid(*columns, costs=costs, metric=metric, route=route))


@pytest.mark.parametrize("kind", ["compact", "sparse", "string"])
@pytest.mark.parametrize("route", ROUTES)
def test_order(route: str, kind: str) -> None:
    """Integer ids ascend and strings are in order of appearance."""
    need(route)
    columns = sample(kind, "int", 5_000)
    result = customer_grid(*columns, YEAR, route=route).customers.tolist()
    expected = dict.fromkeys(columns[0][YEAR.lookback.holds(columns[1])].tolist())
    assert (sorted(expected) if kind != "string" else list(expected)) == result
    free = customer_grid(*columns, YEAR, route=route, ordered=False)
    assert set(expected) == set(free.customers.tolist())


@pytest.mark.parametrize("route", ROUTES)
def test_customers_of_other_times(route: str) -> None:
    """A customer with sales outside the buckets is listed without money."""
    need(route)
    days = np.array(["1999-01-01", "2025-05-05", "2031-07-07", "1999-01-02"], "M8[D]")
    columns = (np.array([5, 7, 5, 9]), days, np.array([3, 4, 6, -1]))
    result = customer_grid(*columns, YEAR, route=route)
    same(by_core(*columns, YEAR), result)
    assert result.first_day.astype(str).tolist() == ["1999-01-01", "2025-05-05", "NaT"]
    assert result.last_day.astype(str).tolist() == ["1999-01-01", "2025-05-05", "NaT"]


@pytest.mark.parametrize("periods", [YEAR, WEEKS], ids=["lookback of years", "two windows"])
@pytest.mark.parametrize("unit", ["D", "s", "us"])
@pytest.mark.parametrize("kind", ["compact", "string"])
@pytest.mark.parametrize("route", ROUTES)
def test_only_the_lookback_counts(route: str, kind: str, unit: str, periods: Periods) -> None:
    """Rows before the lookback, on the day of the classification and later count for nothing."""
    need(route)
    ids, days, amounts = sample(kind, "int", 4_000)
    days = days.astype("M8[D]").astype(f"M8[{unit}]")
    inside = periods.lookback.holds(days)
    expected = by_core(ids[inside], days[inside], amounts[inside], periods)
    ends = np.array([periods.lookback.since, periods.lookback.until], "M8[D]").astype(
        f"M8[{unit}]"
    )
    step = np.array(1, f"m8[{unit}]")
    days = np.concatenate([days, ends - [step, -step], ends[1:]])
    ids, amounts = np.concatenate([ids, ids[:3]]), np.concatenate([amounts, [9**9] * 3])
    same(expected, customer_grid(ids, days, amounts, periods, route=route))


@pytest.mark.parametrize("route", ROUTES)
def test_arrow_strings(route: str) -> None:
    """A sliced, chunked Arrow column equals the same strings as objects."""
    need(route)
    pa = pytest.importorskip("pyarrow")
    ids, days, amounts = sample("string", "int", 3_000)
    column = pa.chunked_array([pa.array(["x", *ids[:999]]).slice(1), pa.array(ids[999:])])
    whole = pa.array(["x", *ids], pa.large_string()).slice(1)
    for one in (column, whole):
        result = customer_grid(one, days, amounts, YEAR, route=route)
        same(by_core(ids, days, amounts, YEAR), result)
    with pytest.raises(InputError, match="missing in 1 row"):
        customer_grid(pa.array(["a", None]), days[:2], amounts[:2], YEAR, route=route)


def test_threads_do_not_matter() -> None:
    """One thread and two give equal arrays in equal order."""
    numba = pytest.importorskip("numba")
    columns = sample("sparse", "float")
    before = numba.get_num_threads()
    results = []
    for threads in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
        numba.set_num_threads(threads)
        results.append(customer_grid(*columns, YEAR, route="numba"))
    numba.set_num_threads(before)
    one, two = results
    assert one.customers.tolist() == two.customers.tolist()
    assert one.sales.tobytes() == two.sales.tobytes()


def test_shared_hash_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strings with a colliding first hash are distinguished."""
    pytest.importorskip("numba")
    from abcxyz.fast import kernel as _kernel

    honest = _kernel.hash_strings

    def clashing(*text: Any) -> tuple[Any, Any]:
        keys, checks = honest(*text)
        return keys % 3, checks

    columns = sample("string", "int", 3_000)
    monkeypatch.setattr(_kernel, "hash_strings", clashing)
    result = customer_grid(*columns, YEAR, route="numba")
    same(by_core(*columns, YEAR), result)


@pytest.mark.parametrize("kind", ["sparse", "string"])
def test_many_customers_of_a_partition(kind: str) -> None:
    """The tables of customers grow twice; every customer is still one."""
    need("numba")
    who = np.tile(np.random.default_rng(7).permutation(60_000), 2)
    ids: Any = who * 10**12 if kind == "sparse" else np.array([f"c{one}" for one in who], object)
    days, cents = np.full(len(who), np.datetime64("2025-05-05")), np.arange(len(who))
    panel = customer_grid(ids, days, cents, YEAR, route="numba")
    assert len(panel) == 60_000
    same(customer_grid(ids, days, cents, YEAR, route="numpy"), panel)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_short_texts_at_the_end_of_the_memory(count: int) -> None:
    """Texts of up to seventeen bytes are told apart, also the last ones and those of a slice."""
    need("numba")
    pa = pytest.importorskip("pyarrow")
    texts = ["x" * length + end for length in range(17) for end in ("", "y", "\0")]
    texts = list(dict.fromkeys(text for text in texts if text))
    ids = pa.array([*texts[::-1], *texts, *texts[:count]], pa.large_string())[1:]
    days = np.full(len(ids), np.datetime64("2025-05-05"))
    cents = np.arange(len(ids))
    panel = customer_grid(ids, days, cents, YEAR, route="numba")
    twin = customer_grid(ids, days, cents, YEAR, route="numpy")
    assert sorted(panel.customers.tolist()) == sorted(texts)
    same(twin, panel)


@pytest.mark.parametrize("route", ROUTES)
def test_no_rows(route: str) -> None:
    """Empty columns are not an error."""
    need(route)
    none = np.array([], np.int64)
    assert not len(customer_grid(none, np.array([], "M8[D]"), none, YEAR, route=route))


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("ids", "days", "amounts", "reason"),
    [
        ([1, 2], ["2025-05-05", "NaT"], [1, 2], "missing in 1 row"),
        ([1, 2], ["2025-05-05", "2025-05-06"], [1.0, np.nan], "missing or infinite"),
        ([1, 2], ["2025-05-05", "2025-05-06"], [2**62, 2**62], "beyond 64 bits"),
        (["a", None], ["2025-05-05", "2025-05-06"], [1, 2], "holds None at position 1"),
        ([1.5, 2], ["2025-05-05", "2025-05-06"], [1, 2], "whole numbers or strings"),
        ([1], ["2025-05-05", "2025-05-06"], [1, 2], "differ in length"),
        ([1, 2], ["2025-05-05", "2025-05-06"], ["1", "2"], "convert them to float64"),
    ],
)
def test_unusable_input_is_refused(
    route: str, ids: Any, days: Any, amounts: Any, reason: str
) -> None:
    """Unusable input is refused with the reason."""
    need(route)
    with pytest.raises(InputError, match=reason):
        customer_grid(ids, np.array(days, "M8[D]"), amounts, YEAR, route=route)


def test_text_is_no_date() -> None:
    """Dates written as strings are refused with the cure."""
    with pytest.raises(InputError, match="convert them to dates"):
        customer_grid([1], ["2025-05-05"], [1], YEAR)


def test_unknown_route() -> None:
    """An unknown route is refused with the known ones."""
    with pytest.raises(InputError, match="use auto, numpy or numba"):
        customer_grid([1], np.array(["2025-05-05"], "M8[D]"), [1], YEAR, route="gpu")


@pytest.mark.parametrize("kind", ["compact", "sparse", "string"])
@pytest.mark.parametrize("route", ROUTES)
def test_rhythm(route: str, kind: str) -> None:
    """Gaps between order days equal the core's customer by customer."""
    need(route)
    ids, days, amounts = sample(kind, "int", 20_000)
    expected = by_core(ids, days, amounts, YEAR)
    sales = Transactions(ids, days.astype("M8[D]"), amounts)
    wanted = aggregate([sales], YEAR, rhythm=True).rhythm
    assert wanted is not None
    result = customer_grid(ids, days, amounts, YEAR, route=route, rhythm=True)
    order, other = np.argsort(expected.customers), np.argsort(result.customers)
    assert result.rhythm is not None
    counts = np.diff(wanted.starts)[order], np.diff(result.rhythm.starts)[other]
    assert counts[0].tolist() == counts[1].tolist()
    # A quantile is located by its rank among all gaps, which rounds.
    gaps = wanted.quantiles(least=1)[order], result.rhythm.quantiles(least=1)[other]
    np.testing.assert_allclose(*gaps, rtol=1e-9)


@pytest.mark.parametrize("kind", ["compact", "sparse", "string"])
def test_many_sales_take_the_fast_way(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many lines at once are added up by the fast implementation, with an equal panel."""
    ids, days, amounts = sample(kind, "float", 3_000)
    sales = Transactions(ids, days.astype("M8[D]"), amounts, amounts / 3)
    expected = aggregate([sales], YEAR, metric="profit", rhythm=True)
    same(expected, aggregate(sales, YEAR, metric="profit", rhythm=True))
    monkeypatch.setattr(grid, "FAST_PAYS", 3_000)
    monkeypatch.setattr(panel, "aggregate_all", None)
    same(expected, aggregate(sales, YEAR, metric="profit", rhythm=True))


def test_documents_stay_with_the_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sales with documents or customers of mixed types use the core."""
    monkeypatch.setattr(grid, "FAST_PAYS", 1)
    days = np.array(["2025-05-05", "2025-05-06"], "M8[D]")
    for sales in (
        Transactions([1, 1], days, [5.0, 6.0], document=["a", "a"]),
        Transactions(["a", 1], days, [5.0, 6.0]),
    ):
        assert aggregate([sales], YEAR, rhythm=True) == aggregate(sales, YEAR, rhythm=True)
