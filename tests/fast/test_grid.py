"""The two routes from raw columns to money per customer."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from abcxyz.core.calendar import Periods
from abcxyz.errors import InputError
from abcxyz.fast import Grid, customer_grid

YEAR = Periods.parse("12M", date(2026, 1, 15))
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


def by_customer(grid: Grid) -> dict[object, tuple[Any, ...]]:
    return {
        who: (grid.value[i], grid.sales[i].tobytes(), grid.rows[i], str(grid.last_day[i]))
        for i, who in enumerate(grid.customers.tolist())
    }


def by_hand(ids: Any, days: Any, amounts: Any, periods: Periods) -> dict[object, tuple[Any, ...]]:
    found: dict[object, Any] = {}
    place = periods.index(days)
    since, until = np.datetime64(periods.window.since), np.datetime64(periods.window.until)
    for who, when, bucket, amount in zip(
        ids.tolist(), days.astype("M8[D]"), place, amounts, strict=True
    ):
        if bucket < 0:
            continue
        fresh = [amounts.dtype.type(0), np.zeros(periods.count, amounts.dtype), 0, "NaT"]
        one = found.setdefault(who, fresh)
        one[1][bucket] += amount
        if since <= when < until:
            one[0] += amount
            one[2] += 1
            one[3] = str(when) if one[3] == "NaT" else max(one[3], str(when))
    return {who: (a, b.tobytes(), c, d) for who, (a, b, c, d) in found.items()}


@pytest.mark.parametrize("periods", [YEAR, WEEKS], ids=["months", "stretched weeks"])
@pytest.mark.parametrize("money", ["int", "float"])
@pytest.mark.parametrize("kind", ["compact", "sparse", "string"])
@pytest.mark.parametrize("route", ROUTES)
def test_route_equals_the_loop(route: str, kind: str, money: str, periods: Periods) -> None:
    """Either route gives, to the last bit, what a plain loop over the rows gives."""
    need(route)
    columns = sample(kind, money)
    assert by_hand(*columns, periods) == by_customer(customer_grid(*columns, periods, route=route))


@pytest.mark.parametrize("route", ROUTES)
def test_arrow_strings(route: str) -> None:
    """A sliced and chunked Arrow column gives what the same strings give as objects."""
    need(route)
    pa = pytest.importorskip("pyarrow")
    ids, days, amounts = sample("string", "int", 3_000)
    column = pa.chunked_array([pa.array(["x", *ids[:999]]).slice(1), pa.array(ids[999:])])
    whole = pa.array(["x", *ids], pa.large_string()).slice(1)
    for one in (column, whole):
        found = customer_grid(one, days, amounts, YEAR, route=route)
        assert by_hand(ids, days, amounts, YEAR) == by_customer(found)
    with pytest.raises(InputError, match="missing in 1 row"):
        customer_grid(pa.array(["a", None]), days[:2], amounts[:2], YEAR, route=route)


def test_threads_do_not_matter() -> None:
    """One thread and two give the same arrays in the same order."""
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
    """Strings that share the first hash are still told apart."""
    pytest.importorskip("numba")
    from abcxyz import _kernel

    honest = _kernel.hash_strings

    def clashing(offsets: Any, data: Any) -> tuple[Any, Any]:
        keys, checks = honest(offsets, data)
        return keys % 3, checks

    columns = sample("string", "int", 3_000)
    monkeypatch.setattr(_kernel, "hash_strings", clashing)
    found = customer_grid(*columns, YEAR, route="numba")
    assert by_hand(*columns, YEAR) == by_customer(found)


@pytest.mark.parametrize("route", ROUTES)
def test_nothing_bought(route: str) -> None:
    """Rows outside the span leave no customer, and no rows at all are no error."""
    need(route)
    old = np.array(["1999-01-01"], "M8[D]")
    assert not customer_grid([1], old, [5], YEAR, route=route).customers.tolist()
    none = np.array([], np.int64)
    assert not customer_grid(none, old[:0], none, YEAR, route=route).customers.tolist()


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
    """What cannot be added up is refused with the reason, never guessed."""
    need(route)
    with pytest.raises(InputError, match=reason):
        customer_grid(ids, np.array(days, "M8[D]"), amounts, YEAR, route=route)


def test_text_is_no_date() -> None:
    """Dates written as strings are refused with the cure."""
    with pytest.raises(InputError, match="convert them to dates"):
        customer_grid([1], ["2025-05-05"], [1], YEAR)


def test_unknown_route() -> None:
    """A route that does not exist is named along with those that do."""
    with pytest.raises(InputError, match="use auto, numpy or numba"):
        customer_grid([1], np.array(["2025-05-05"], "M8[D]"), [1], YEAR, route="gpu")
