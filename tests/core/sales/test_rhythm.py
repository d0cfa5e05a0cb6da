"""Purchase rhythm: gaps between order days and overdue customers."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz import Settings, Transactions, aggregate
from abcxyz.core.sales import rhythm as rhythm_module
from abcxyz.core.sales.rhythm import Rhythm, bucket_rhythm, silence

ORIGIN = date(2025, 6, 1)
PERIODS = Settings(lookback="99Y").periods(date(2026, 1, 1))


def gaps(rhythm: Rhythm) -> list[list[int]]:
    """Split the gaps by customer."""
    return [
        rhythm.gaps[a:b].tolist()
        for a, b in zip(rhythm.starts[:-1], rhythm.starts[1:], strict=True)
    ]


def twin(sales: Transactions, customers: list[Any]) -> list[list[int]]:
    """Reference: gaps customer by customer."""
    result = []
    for customer in customers:
        days = sorted(
            {
                day.item()
                for who, day, amount in zip(sales.customer, sales.day, sales.amount, strict=True)
                if who == customer and amount >= 0
            }
        )
        result.append([(b - a).days for a, b in itertools.pairwise(days)])
    return result


lines = st.lists(
    st.tuples(st.integers(0, 6), st.integers(-400, 300), st.sampled_from([5.0, 0.0, -1.0])),
    min_size=1,
    max_size=60,
)


@pytest.mark.parametrize("named", [False, True])
@given(orders=lines, cut=st.integers(0, 60))
def test_gaps_are_those_between_order_days(
    named: bool, orders: list[tuple[int, int, float]], cut: int
) -> None:
    """Gaps equal hand counts for any order of lines, two batches and falling ids."""
    customers: list[Any] = [f"c{who}" if named else 100_000 - who * 7 for who, *_ in orders]
    days = [ORIGIN + timedelta(days=day) for _, day, _ in orders]
    sales = Transactions(customers, days, [amount for *_, amount in orders])
    places = np.arange(len(sales))
    batches = [sales.take(places < cut), sales.take(places >= cut)]
    panel = aggregate(batches, PERIODS, rhythm=True)
    assert panel.rhythm is not None
    # Sales from the day of the classification on do not count.
    known = sales.within(PERIODS.lookback)
    assert twin(known, panel.customers.tolist()) == gaps(panel.rhythm)


def test_dense_and_sparse_days_agree() -> None:
    """The dense table and the sort give the same gaps."""
    rng = np.random.default_rng(3)
    dense = Transactions(
        rng.integers(0, 20, 3000),
        np.datetime64("2025-01-01") + rng.integers(0, 300, 3000),
        np.ones(3000),
    )
    far = Transactions([19], [date(1950, 1, 1)], [1.0])
    one = aggregate([dense], PERIODS, rhythm=True).rhythm
    two = aggregate([dense, far], PERIODS, rhythm=True).rhythm
    assert one is not None
    assert two is not None
    assert gaps(one)[:19] == gaps(two)[:19]
    assert gaps(one)[19] == gaps(two)[19][1:]


def test_quantile_equals_numpys() -> None:
    """A customer's 90th percentile equals NumPy's; few gaps give none."""
    rng = np.random.default_rng(1)
    counts = [0, 3, 5, 8, 30]
    pieces = [rng.integers(1, 90, count) for count in counts]
    rhythm = Rhythm(
        starts=np.concatenate([[0], np.cumsum(counts)]),
        gaps=np.concatenate(pieces).astype(np.int32),
    )
    expected = [np.nan, np.nan, *(np.quantile(piece, 0.9) for piece in pieces[2:])]
    np.testing.assert_allclose(rhythm.quantiles(0.9, least=5), expected)
    pool = np.concatenate([pieces[0], pieces[1], pieces[4]])
    pooled = rhythm.pooled_quantiles(np.array([7, 7, 5, 5, 7], np.int8))
    assert np.quantile(pool, 0.9) == pooled[7]
    assert [5] == list(rhythm.pooled_quantiles(np.array([7, 5, 5, 5, 5], np.int8)))


def test_quantiles_of_many_gaps_equal_numpys(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are made part by part; one customer may have more gaps than a part."""
    monkeypatch.setattr(rhythm_module, "_PART", 50)
    rng = np.random.default_rng(2)
    counts = rng.integers(0, 30, 40)
    counts[[7, 39]] = 170, 120
    gaps = rng.integers(1, 400, counts.sum()).astype(np.int32)
    pieces = np.split(gaps, np.cumsum(counts)[:-1])
    rhythm = Rhythm(starts=np.concatenate([[0], np.cumsum(counts)]), gaps=gaps)
    expected = [np.quantile(one, 0.8) if len(one) > 2 else np.nan for one in pieces]
    np.testing.assert_array_equal(rhythm.quantiles(0.8, least=3), expected)
    means = [one.mean() if len(one) else np.nan for one in pieces]
    np.testing.assert_array_equal(rhythm.means(), means)
    group = (np.arange(40) % 3).astype(np.int8)
    pooled = rhythm.pooled_quantiles(group, 0.8)
    assert pooled == {
        one: np.quantile(np.concatenate([pieces[i] for i in np.flatnonzero(group == one)]), 0.8)
        for one in range(3)
    }


def test_the_class_stands_in_for_few_gaps() -> None:
    """With few gaps the quantile of the class is used, not of all customers."""
    rhythm = Rhythm(
        starts=np.array([0, 5, 6, 11, 11]),
        gaps=np.array([10] * 5 + [2] + [100] * 5, dtype=np.int32),
    )
    last = np.array(["2026-01-01", "2026-01-01", "2026-01-01", "NaT"], dtype="M8[D]")
    codes = np.array([0, 0, 2, 2], dtype=np.int8)
    result = silence(rhythm, last, codes, np.datetime64("2026-01-21"))
    assert [10.0, 10.0, 100.0, 100.0] == result.usual.tolist()
    assert [True, True, False, False] == result.late.tolist()
    assert np.isnan(result.days[3])
    # Of a class whose customers have no gaps nothing is usual.
    alone = silence(rhythm, last, np.array([0, 0, 0, 1], np.int8), np.datetime64("2026-01-21"))
    assert np.isnan(alone.usual[3])
    assert not alone.late[3]


def test_buckets_stand_in_for_unknown_days() -> None:
    """Without order days gaps are distances between buckets with sales."""
    sales = Transactions(
        ["a"] * 3, [date(2025, 1, 5), date(2025, 2, 20), date(2025, 6, 2)], [1.0] * 3
    )
    panel = aggregate([sales], PERIODS)
    assert panel.rhythm is None
    assert [[30, 122]] == gaps(bucket_rhythm(panel.sales, panel.periods))


@given(
    days=st.lists(st.lists(st.integers(1, 400), max_size=9), min_size=1, max_size=9),
    quantile=st.floats(0, 1),
    data=st.data(),
)
def test_pooled_quantiles_are_those_of_the_gaps_of_a_group(
    days: list[list[int]], quantile: float, data: st.DataObject
) -> None:
    """To the last bit those of numpy over the gaps of the customers of each group."""
    every = [gap for one in days for gap in one]
    starts = np.cumsum([0, *map(len, days)])
    rhythm = Rhythm(starts=starts, gaps=np.array(every, np.int32))
    group = data.draw(st.lists(st.integers(-1, 2), min_size=len(days), max_size=len(days)))
    pooled = {
        code: [gap for one, own in zip(days, group, strict=True) if own == code for gap in one]
        for code in set(group)
    }
    wanted = {code: float(np.quantile(some, quantile)) for code, some in pooled.items() if some}
    assert wanted == rhythm.pooled_quantiles(np.array(group, np.int8), quantile)


def test_quantiles_that_are_kept_cannot_be_changed() -> None:
    """The answer is kept for the next call, so nobody may write into it."""
    weekly = Rhythm(starts=np.array([0, 6]), gaps=np.array([7, 7, 7, 8, 7, 9], np.int32))
    for _ in range(2):
        with pytest.raises(ValueError, match="read-only"):
            weekly.quantiles()[0] = 1
