"""Order history: running sums against a slow obvious twin, batches, and past days."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.landmarks.worlds import made_world

from abcxyz import InputError, Settings, Transactions
from abcxyz.core.landmarks.features import features_at
from abcxyz.core.landmarks.orders import order_history
from abcxyz.core.landmarks.orders.order_history import (
    OrderHistoryCollector,
    collect_orders,
    day_number,
)

FIRST = date(2025, 1, 1)
Line = tuple[int, int, int]
LINES = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 200), st.sampled_from([-5, 0, 3, 10, 40])),
    min_size=1,
    max_size=40,
)


@given(LINES, st.integers(1, 220), st.booleans())
def test_features_are_those_counted_by_hand(lines: list[Line], offset: int, as_text: bool) -> None:
    ids = [f"c{who}" if as_text else who for who, _, _ in lines]
    sales = Transactions(
        ids,
        [FIRST + timedelta(days=day) for _, day, _ in lines],
        [float(money) for *_, money in lines],
    )
    day = day_number(FIRST) + offset
    history = collect_orders([sales.take(np.array([i])) for i in range(len(sales))])
    features = features_at(history, day, Settings(), 90)
    for row, who in enumerate(history.customers.tolist()):
        own = [(d, m) for one, (_, d, m) in zip(ids, lines, strict=True) if one == who]
        days = sorted({d for d, m in own if m > 0 and d < offset})
        assert features.known[row] == bool(days)
        if not days:
            continue
        gaps = np.diff(days)
        assert features.facts["silence"][row] == offset - days[-1]
        assert features.facts["tenure"][row] == offset - days[0]
        assert features.facts["orders"][row] == len(days)
        assert features.facts["longest"][row] == (gaps.max() if len(gaps) else 0)
        assert features.columns["orders_90"][row] == sum(d >= offset - 90 for d in days)
        bought = sum(m for d, m in own if m > 0 and offset - 90 <= d < offset)
        assert features.facts["money_90"][row] == bought
        returned = -sum(m for d, m in own if m < 0 and offset - 180 <= d < offset)
        assert features.facts["returned"][row] == returned
        if len(gaps):
            assert features.facts["own_gap"][row] == gaps.mean()


@given(LINES, st.integers(1, 220))
def test_nothing_of_a_later_day_reaches_the_features(lines: list[Line], offset: int) -> None:
    sales = Transactions(
        [who for who, _, _ in lines],
        [FIRST + timedelta(days=day) for _, day, _ in lines],
        [float(money) for *_, money in lines],
    )
    day = day_number(FIRST) + offset
    whole = collect_orders(sales)
    early = whole.until(day)
    both = np.isin(whole.customers, early.customers)
    now, then = features_at(whole, day, Settings(), 90), features_at(early, day, Settings(), 90)
    known = then.known
    np.testing.assert_array_equal(now.known[both], known)
    for name in now.columns:
        np.testing.assert_array_equal(now.columns[name][both][known], then.columns[name][known])
    assert not now.known[~both].any()


def test_integer_ids_that_begin_lower_in_a_later_batch_keep_their_days() -> None:
    first = Transactions([5000, 5001], [FIRST, FIRST], [1.0, 2.0])
    second = Transactions([10, 5000], [FIRST, FIRST + timedelta(days=3)], [3.0, 4.0])
    history = collect_orders([first, second])
    assert history.customers.tolist() == [10, 5000, 5001]
    assert history.bought.tolist() == [3.0, 1.0, 4.0, 2.0]


@pytest.mark.parametrize(("table", "sparse"), [(1 << 24, 16), (0, 16), (0, 0)])
def test_first_entries_from_a_day_are_those_counted_one_by_one(
    monkeypatch: pytest.MonkeyPatch, table: int, sparse: int
) -> None:
    """By a table, by counting and by search: also for a customer without entries."""
    monkeypatch.setattr(order_history, "_TABLE", table)
    monkeypatch.setattr(order_history, "_SPARSE", sparse)
    whole = collect_orders(made_world(5, n=40, days=200)[0])
    few = whole.keys[(whole.keys >> 32) != 7]
    history = order_history.OrderHistory(
        customers=whole.customers, keys=few, net=few * 0.0, bought=few * 0.0, returned=few * 0.0
    )
    first, last = history.span
    for day in range(first - 2, last + 3, 7):
        earlier = [[key for key in few.tolist() if key >> 32 == row] for row in range(len(whole))]
        counted = [
            sum(len(one) for one in earlier[:row])
            + sum((key & 0xFFFFFFFF) - (1 << 31) < day for key in earlier[row])
            for row in range(len(whole))
        ]
        assert history.before(day).tolist() == counted


@pytest.mark.parametrize("width", [1, 7, 3 * 2**28, 2**29, 2**30, 2**31 - 1])
@pytest.mark.parametrize("rows", [1, 3, 2**29, 2**30, 2**31 - 1])
def test_keys_are_ordered_however_far_apart_they_are(rows: int, width: int) -> None:
    """By numbers that hold their places where these fit into 63 bits, and else by themselves."""
    random = np.random.default_rng(1)
    row, day = random.integers(0, rows, 30), random.integers(0, width, 30)
    row[:3], day[:3] = [rows - 1, 0, rows - 1], [width - 1, 0, width - 1]
    keys = (row << 32) | day
    assert order_history._order(keys).tolist() == np.argsort(keys, kind="stable").tolist()


def test_profit_is_money_less_cost_and_days_outside_are_left_out() -> None:
    days = [FIRST + timedelta(days=one) for one in (0, 1, 1, 5, 9)]
    batch = Transactions(["a"] * 5, days, [10.0, 20.0, -4.0, 7.0, 9.0], [1.0, 2.0, -3.0, 9.0, 1.0])
    collector = OrderHistoryCollector("profit", days[4], since=days[1])
    collector.add(batch)
    history = collector.close()
    assert history is not None
    assert history.net.tolist() == [17.0, -2.0]  # 20 - 2 - 4 + 3, and 7 - 9
    assert history.bought.tolist() == [20.0, 7.0]
    assert history.returned.tolist() == [4.0, 0.0]
    assert history.span == (day_number(days[1]), day_number(days[3]))
    with pytest.raises(InputError, match="the metric profit needs the cost"):
        collect_orders(Transactions(["a"], days[:1], [1.0]), metric="profit")
    named = OrderHistoryCollector()
    named.name(np.array(["x", "y", "z"]))
    named.add(Transactions(np.array([2, 0, 2]), days[:3], [1.0, 2.0, 3.0]))
    closed = named.close()
    assert closed.customers.tolist() == ["x", "z"]


def test_sums_over_orders_by_hand() -> None:
    """Two customers, of whom the second has a return and a free line between two orders."""
    lines = [("a", 0, 5.0), ("a", 3, 6.0), ("a", 10, 7.0), ("b", 1, 1.0), ("b", 2, -1.0),
             ("b", 3, 0.0), ("b", 21, 4.0)]  # fmt: skip
    history = collect_orders(
        Transactions(
            [who for who, *_ in lines],
            [FIRST + timedelta(days=day) for _, day, _ in lines],
            [money for *_, money in lines],
        )
    )
    sums, start = history.sums, day_number(FIRST)
    assert sums.orders.tolist() == [0, 1, 2, 3, 4, 4, 4, 5]
    assert (sums.day - start).tolist() == [0, 3, 10, 1, 21]
    assert sums.gap.tolist() == [0, 0, 3, 10, 10, 30]
    assert sums.gap_square.tolist() == [0, 0, 9, 58, 58, 458]
    assert sums.longest.tolist() == [0, 3, 7, 0, 20]
    assert sums.money.tolist() == [5, 6, 7, 1, 4]
    assert sums.net.tolist() == [0, 5, 11, 18, 19, 18, 18, 22]
    assert sums.returned.tolist() == [0, 0, 0, 0, 0, 1, 1, 1]
    np.testing.assert_array_equal(history.mean_gaps(start + 11), [5.0, np.nan])
    np.testing.assert_array_equal(history.mean_gaps(start + 22), [5.0, 20.0])
    part = history.until(start + 2)
    assert part.customers.tolist() == ["a", "b"]
    assert part.bought.tolist() == [5.0, 1.0]
    assert history.until(start + 1).customers.tolist() == ["a"]
    assert history.until(start).span == (0, -1)
    assert history.take(np.array([1])).bought.tolist() == [1.0, 0.0, 0.0, 4.0]


def test_keys_too_large_to_hold_their_places_are_sorted_too() -> None:
    """A row times the days, shifted by the bits of a place, would not fit into 63 bits."""
    rows, days = 1 << 30, (1 << 31) - 1
    keys = np.array([rows << 32, days, 5, 5, 0])
    assert order_history._order(keys).tolist() == [4, 2, 3, 1, 0]
    assert order_history._order(keys[1:]).tolist() == [3, 1, 2, 0]
    assert order_history._order(np.array([rows << 32, days, 5])).tolist() == [2, 1, 0]
