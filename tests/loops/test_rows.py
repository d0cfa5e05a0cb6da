"""Aggregation by numpy and by compiled loops, against an obvious twin in plain Python."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from abcxyz import Panel, Periods, Transactions, aggregate
from abcxyz.core.minor_units import exact_money_and_size
from abcxyz.core.sales import accumulate, partitioned_rows, rhythm
from abcxyz.core.sales.panel import aggregate_all
from abcxyz.core.sales.partitioned_rows import PartitionedRows
from abcxyz.loops import route
from abcxyz.loops.compiled import ROW_PAYS, loops

pytest.importorskip("numba")

AS_OF = date(2026, 1, 15)
PERIODS = (
    Periods.parse("3M", AS_OF),
    Periods.parse("2M", AS_OF, bucket="W", lookback="5M"),
    Periods.over(Periods.parse("2M", AS_OF).window, "month"),
)
METRICS = ("revenue", "profit", "count", "lines")


@st.composite
def lines(draw: st.DrawFn) -> list[tuple[int, date, int, int, int]]:
    """Draw lines of customer, day, amount, cost and document."""
    line = st.tuples(
        st.integers(0, 5),
        st.integers(-200, 20).map(lambda days: AS_OF + timedelta(days)),
        st.integers(-30, 100),
        st.integers(0, 50),
        st.integers(0, 3),
    )
    return draw(st.lists(line, min_size=1, max_size=60))


def twin(
    rows: list[Any], periods: Periods, metric: str, *, documents: bool, spans_days: bool
) -> dict[Any, dict[str, Any]]:
    """Add up line by line: customer -> what a panel holds."""
    back = periods.lookback
    facts: dict[Any, dict[str, Any]] = {}
    totals: dict[Any, list[Any]] = defaultdict(lambda: [0, date.max])
    for who, day, amount, cost, document in rows:
        if not back.since <= day < back.until:
            continue
        one = facts.setdefault(
            who, {"value": None, "sales": None, "orders": 0, "days": set(), "buckets": {}}
        )
        sale = amount >= 0 or metric == "lines"
        if sale:
            one["days"].add(day)
        key: Any = len(totals)
        if documents and metric != "lines":
            key = (who, document) if spans_days else (who, document, day)
        total = totals[key, who]
        total[0] += amount if metric != "lines" else 1
        total[1] = min(total[1], day)
        place = bisect_right(periods.edges, day) - 1
        if not 0 <= place < periods.count:
            continue
        money = {"revenue": amount, "profit": amount - cost, "count": 0, "lines": 1}[metric]
        one["sales"] = one["sales"] or [0] * periods.count
        one["sales"][place] += money
        if periods.window.since <= day < periods.window.until:
            one["value"] = (one["value"] or 0) + money
    for (_, who), (total, day) in totals.items():
        place = bisect_right(periods.edges, day) - 1
        if total < 0 or not 0 <= place < periods.count:
            continue
        if metric == "count":
            facts[who]["sales"][place] += 1
        if periods.window.since <= day < periods.window.until:
            facts[who]["orders"] += 1
            if metric == "count":
                facts[who]["value"] += 1
    return facts


def check(panel: Panel, expected: dict[Any, dict[str, Any]]) -> None:
    assert sorted(expected, key=str) == sorted(panel.customers.tolist(), key=str)
    for row, who in enumerate(panel.customers.tolist()):
        one = expected[who]
        missing = [np.nan] * panel.periods.count
        np.testing.assert_array_equal(panel.sales[row], one["sales"] or missing)
        np.testing.assert_array_equal(
            panel.value[row], np.nan if one["value"] is None else one["value"]
        )
        assert panel.orders[row] == one["orders"]
        days = sorted(one["days"])
        ends = [panel.first_day[row].item(), panel.last_day[row].item()]
        assert ends == ([days[0], days[-1]] if days else [None, None])
        if panel.rhythm is not None:
            start, stop = panel.rhythm.starts[row : row + 2]
            gaps = [(b - a).days for a, b in pairwise(days)]
            assert panel.rhythm.gaps[start:stop].tolist() == gaps


KINDS: dict[str, Any] = {
    "codes": lambda who: np.array(who, np.int32),
    "shifting": lambda who: np.array([70_000 - 9_000 * one for one in who]),
    "sparse": lambda who: np.array([(-1) ** one * 10**17 * one for one in who]),
    "unsigned": lambda who: np.array(who, np.uint8),
    "text": lambda who: np.array([f"c{one}" for one in who], object),
}
DOCUMENTS: dict[str, Any] = {
    "none": lambda _: None,
    "numbers": lambda documents: np.array(documents),
    "hashes": lambda documents: np.array([one * 2**62 - 2**63 + 5 for one in documents]),
    "text": lambda documents: np.array([f"n{one}" for one in documents], object),
}


def partitions_of(size: int, patch: pytest.MonkeyPatch) -> None:
    """Deal rows out to partitions of so many bytes, however small the sums are."""
    patch.setattr(accumulate, "LARGE", 0)
    patch.setattr(partitioned_rows, "_PARTITION", size)


@given(
    rows=lines(),
    periods=st.sampled_from(PERIODS),
    metric=st.sampled_from(METRICS),
    kind=st.sampled_from(sorted(KINDS)),
    document=st.sampled_from(sorted(DOCUMENTS)),
    spans_days=st.booleans(),
    floats=st.booleans(),
    sizes=st.lists(st.integers(1, 20), min_size=1, max_size=4),
    routes=st.lists(st.sampled_from(["numpy", "numba"]), min_size=1, max_size=4),
    large=st.sampled_from([None, 1, 300]),
)
def test_any_batches_on_any_route(
    rows: Any, periods: Any, metric: str, kind: str, document: str,
    spans_days: bool, floats: bool, sizes: list[int], routes: list[str], large: int | None,
) -> None:  # fmt: skip
    """Batches of any size, on a route that may change between them, give the obvious panel."""
    who, day, amount, cost, number = zip(*rows, strict=True)
    ids, numbers = KINDS[kind](who), DOCUMENTS[document](number)
    whole = Transactions(
        ids,
        np.array(day, "M8[D]"),
        np.array(amount, float if floats else int),
        np.array(cost, float if floats else int),
        numbers,
    )

    def batches() -> Any:
        start = turn = 0
        while start < len(whole):
            size = sizes[turn % len(sizes)]
            with route(routes[turn % len(routes)]):
                yield whole.take(np.arange(start, min(start + size, len(whole))))
            start, turn = start + size, turn + 1

    expected = twin(
        [(one, *rest[1:]) for one, rest in zip(ids.tolist(), rows, strict=True)],
        periods, metric, documents=numbers is not None, spans_days=spans_days,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        if large is not None:
            partitions_of(large, patch)
        panels = aggregate_all(
            batches(), periods, (metric,), rhythm=True, document_spans_days=spans_days
        )
    check(panels[0], expected)


@pytest.mark.parametrize("routes", [("numba", "numpy"), ("numpy", "numba")])
@pytest.mark.parametrize("periods", PERIODS)
def test_order_days_of_both_routes_are_joined(routes: tuple[str, str], periods: Periods) -> None:
    """Also those before the window, where days are counted from an earlier one."""
    agos = {0: (3, 40, 104, 41, 41), 1: (17, 81), 2: (150,), 3: (5, 5, 60, 61)}
    rows = [
        (who, AS_OF - timedelta(ago), 5, 1, 0) for who, own in agos.items() for ago in (0, *own)
    ]
    who, day, amount, cost, _ = zip(*rows, strict=True)
    whole = Transactions(np.array(who), np.array(day, "M8[D]"), np.array(amount), np.array(cost))

    def batches() -> Any:
        for part, name in enumerate(routes):
            with route(name):
                yield whole.take(np.arange(part, len(whole), 2))

    expected = twin(rows, periods, "revenue", documents=False, spans_days=False)
    check(aggregate(batches(), periods, rhythm=True), expected)


def sample(n: int, *, documents: bool = False) -> Transactions:
    rng = np.random.default_rng(5)
    who = rng.integers(0, 3_000, n).astype(np.int32)
    day = np.datetime64("2024-02-01") + rng.integers(0, 720, n)
    amount = np.round(rng.normal(300, 400, n), 2)
    number = rng.integers(-(2**62), 2**62, n // 3)[rng.integers(0, n // 3, n)]
    return Transactions(who, day, amount, amount / 3, number if documents else None)


@pytest.mark.parametrize("large", [None, 1, 4_000, 1 << 19])
@pytest.mark.parametrize("documents", [False, True])
@pytest.mark.parametrize("metric", METRICS[:3])
def test_routes_are_equal_to_the_last_bit(
    metric: str, large: int | None, *, documents: bool
) -> None:
    """Sums of floats do not depend on the route, the number of threads or the partitions."""
    sales = sample(30_000, documents=documents)
    periods = Periods.parse("12M", AS_OF)
    panels = []
    for name in ("numpy", "numba"):
        for threads in (1, 4):
            with pytest.MonkeyPatch.context() as patch, route(name):
                patch.setattr(accumulate, "thread_count", lambda threads=threads: threads)
                if large is not None:
                    partitions_of(large, patch)
                panels.append(aggregate(iter([sales]), periods, metric=metric, rhythm=True))
    for other in panels[1:]:
        assert panels[0] == other
        assert panels[0].sales.tobytes() == other.sales.tobytes()


AMOUNTS: dict[str, Any] = {
    "kopecks": lambda money: money,
    "a third": lambda money: np.append(money, 1 / 3),
    "missing": lambda money: np.append(money, np.nan),
    "infinite": lambda money: np.append(-np.inf, money),
    "large": lambda money: np.append(money, 2.0**48),
    "many large ones": lambda money: np.append(money, np.full(2**15, 2.0**34)),
    "none": lambda money: money[:0],
}


@pytest.mark.parametrize("kind", AMOUNTS)
def test_minor_units_are_equal_by_either_route(kind: str) -> None:
    """Amounts are the same whole numbers of the minor unit, or inexact, with the same size."""
    money = AMOUNTS[kind](np.round(np.random.default_rng(3).normal(0, 900, 70_000), 2))
    answers = []
    for name in ("numpy", "numba"):
        with route(name):
            answers.append(exact_money_and_size(money))
    by_numpy, by_numba = answers
    if by_numpy is None or by_numba is None:
        assert by_numpy is by_numba is None
        assert kind not in ("kopecks", "none")
        return
    assert kind in ("kopecks", "none")
    assert by_numpy[0].tolist() == by_numba[0].tolist()
    assert by_numpy[1] == by_numba[1] == float(np.abs(by_numpy[0]).sum())
    whole = [int(Decimal(repr(float(one))) * 10_000) for one in money.tolist()]
    assert by_numpy[0].tolist() == whole


@pytest.mark.parametrize("large", [None, 4_000, 1 << 19])
def test_order_days_without_room_for_a_table(
    large: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where bits for all customers would take too much memory, the gaps are the same."""
    sales, periods = sample(20_000), Periods.parse("12M", AS_OF)
    parts = [sales.take(np.flatnonzero(sales.customer < limit)) for limit in (500, 3_000)]
    with route("numba"):
        expected = aggregate(parts, periods, rhythm=True).rhythm
        if large is not None:
            partitions_of(large, monkeypatch)
        monkeypatch.setattr(rhythm, "_TABLE", 600 * 8 * 12)
        assert expected == aggregate(parts, periods, rhythm=True).rhythm


def test_a_table_that_was_given_up_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Customers that move the others up come after a table of days has become too large."""
    monkeypatch.setattr(rhythm, "_TABLE", 1)
    whole = Transactions(
        np.array([70_000, 70_000, 61_000]),
        np.array(["2025-12-05", "2025-12-31", "2025-12-31"], "M8[D]"),
        np.array([5, 5, 5]),
    )
    with route("numba"):
        panel = aggregate(
            iter([whole.take(np.array([i])) for i in range(3)]), PERIODS[2], rhythm=True
        )
    assert panel.rhythm is not None
    assert panel.customers.tolist() == [61_000, 70_000]
    assert panel.rhythm.gaps.tolist() == [26]


@given(st.lists(st.lists(st.integers(1, 700), max_size=12), min_size=1), st.floats(0, 1))
def test_quantiles_of_gaps(gaps: list[list[int]], quantile: float) -> None:
    """By either route as numpy finds them, customer by customer."""
    flat = np.array([one for each in gaps for one in each], np.int32)
    starts = np.cumsum([0, *map(len, gaps)])
    found = []
    for name in ("numpy", "numba"):
        with route(name):
            days = rhythm.Rhythm(starts=starts, gaps=flat).quantiles(quantile, least=3)
            found.append(days.tolist())
    expected = [np.quantile(one, quantile) if len(one) >= 3 else np.nan for one in gaps]
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_allclose(found[0], expected, rtol=1e-12)


def test_the_loop_has_room_for_the_longest_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts the gaps of a customer by their length, and does not look at the end of memory."""
    gaps = np.array([3, 9, 4, 9, 1], np.int32)
    with route("numba"):
        kernel = loops("rows", len(gaps), ROW_PAYS)
        assert kernel is not None
        rooms: list[int] = []
        plain = kernel.gap_quantiles

        def watched(*words: Any) -> None:
            rooms.append(len(words[4]))
            plain(*words)

        monkeypatch.setattr(kernel, "gap_quantiles", watched)
        days = rhythm.Rhythm(starts=np.array([0, 5]), gaps=gaps).quantiles(1.0, least=1)
    assert days.tolist() == [9.0]
    assert rooms[0] >= 9 + 1


@pytest.mark.parametrize("change", ["to floats", "to numbers without end", "to whole ones"])
def test_rows_that_wait_are_added_before_the_money_changes(
    change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches of kopecks, of whole numbers and of any floats follow one another."""
    partitions_of(1 << 19, monkeypatch)
    first, second = sample(20_000), sample(10_000)
    kopecks = np.round(first.amount * 100).astype(np.int64)
    batches = {
        "to floats": [evolve(first, amount=kopecks), evolve(second, amount=second.amount / 3)],
        "to numbers without end": [first, evolve(second, amount=second.amount / 3)],
        "to whole ones": [
            evolve(first, amount=first.amount / 3),
            evolve(second, amount=kopecks[:10_000]),
        ],
    }[change]
    panels = []
    for name in ("numpy", "numba"):
        with route(name):
            panels.append(aggregate(iter(batches), Periods.parse("12M", AS_OF), rhythm=True))
    assert panels[0] == panels[1]
    assert panels[0].sales.tobytes() == panels[1].sales.tobytes()


def test_large_sums_are_added_up_by_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sums of half a million customers are large as they are: the rows of batches wait."""
    rng = np.random.default_rng(6)
    who = rng.integers(0, 500_000, 1_200_000)
    day = np.datetime64("2025-02-01") + rng.integers(0, 300, len(who))
    sales = Transactions(who, day, np.round(rng.normal(300, 400, len(who)), 2))
    parts = [sales.take(np.arange(at, at + 200_000)) for at in range(0, len(who), 200_000)]
    added: list[int] = []
    plain = PartitionedRows.add_up

    def counted(*args: Any, **named: Any) -> None:
        added.append(len(args))
        plain(*args, **named)

    monkeypatch.setattr(PartitionedRows, "add_up", counted)
    with route("numba"):
        ours = aggregate(iter(parts), Periods.parse("12M", AS_OF))
    assert 0 < len(added) < len(parts)
    with route("numpy"):
        assert ours == aggregate(iter(parts), Periods.parse("12M", AS_OF))
