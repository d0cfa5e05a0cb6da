"""Rows of identifiers, orders by deal and moment, beside slow obvious ways."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from abcxyz.crm.records.keys import IN_ORDER, packed_order, repeated, rows_of, time_order
from abcxyz.crm.statistics.proportions import poisson_interval
from abcxyz.crm.statistics.survival import competing_risks, kaplan_meier

small = st.integers(-5, 40)
wide = st.sampled_from([-(2**62), -3, 0, 7, 2**40, 2**62])


@given(st.lists(small | wide, unique=True), st.lists(small | wide))
def test_rows_are_those_of_a_dictionary(table: list[int], ids: list[int]) -> None:
    expected = [table.index(one) if one in table else -1 for one in ids]
    numbers = np.array(table, np.int64), np.array(ids, np.int64)
    assert rows_of(numbers[1], numbers[0]).tolist() == expected
    texts = np.array([str(one) for one in table], object)
    assert rows_of(numbers[1], texts).tolist() == expected


def test_more_ids_than_one_part_have_their_rows() -> None:
    table = np.array([7, 3, 5], np.int64)
    ids = np.arange(600_000) % 11
    expected = np.array([-1, -1, -1, 1, -1, 2, -1, 0, -1, -1, -1])[ids]
    assert (rows_of(ids, table) == expected).all()


@given(st.lists(small | wide))
def test_repeated_ids_are_those_that_a_set_has_seen(ids: list[int]) -> None:
    expected = [one in ids[:place] for place, one in enumerate(ids)]
    assert repeated(np.array(ids, np.int64)).tolist() == expected
    assert repeated(np.array([str(one) for one in ids], object)).tolist() == expected


@given(st.lists(st.tuples(st.integers(0, 4), small | wide)))
@example([(1, 3), (0, 5), (0, 5), (0, 2)])
@example([(0, 1), (0, 1), (1, 0)])
def test_the_order_by_row_and_moment_is_stable(pairs: list[tuple[int, int]]) -> None:
    rows = np.array([row for row, _ in pairs], np.int64)
    moments = np.array([moment for _, moment in pairs], np.int64).astype("M8[s]")
    expected = sorted(range(len(pairs)), key=lambda place: pairs[place])
    order = time_order(rows, moments)
    assert np.arange(len(pairs))[order].tolist() == expected
    assert (order is IN_ORDER) == (expected == list(range(len(pairs))))
    assert packed_order(moments.astype(np.int64)).tolist() == sorted(
        range(len(pairs)), key=lambda place: pairs[place][1]
    )


@pytest.mark.parametrize(
    ("count", "low", "high"),
    # scipy: chi2.ppf(0.025, 2 n) / 2, chi2.ppf(0.975, 2 n + 2) / 2
    [
        (199, 172.31029341278176, 228.6527409830325),
        (200, 173.24088268145732, 229.72198166544987),
        (86_000, 85426.17347103248, 86576.72417496883),
    ],
)
def test_the_interval_of_a_large_count_is_exact(count: int, low: float, high: float) -> None:
    assert poisson_interval(count) == pytest.approx((low, high), rel=1e-10)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2)), min_size=1))
def test_competing_shares_and_the_open_share_make_one(lives: list[tuple[int, int]]) -> None:
    durations, outcomes = (np.array(one) for one in zip(*lives, strict=True))
    curve, shares = competing_risks(durations, outcomes, 2)
    assert curve == kaplan_meier(durations, outcomes > 0)
    assert np.allclose(shares.sum(axis=0) + curve.survival, 1.0, atol=1e-12)
