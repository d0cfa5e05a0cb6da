"""Amounts as integers of the minor unit: which are exact, and what they add up to."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from abcxyz._arrays import Numbers
from abcxyz.core.exact_sums import BLOCK
from abcxyz.core.minor_units import (
    exact_money,
    exact_money_and_size,
    minor_units,
    money_difference,
    money_sum,
)
from abcxyz.loops import route

MOST = 2**48
"""Largest amount in minor units."""


@pytest.mark.parametrize("kind", [np.int64, np.float64])
def test_amounts_are_exact_up_to_the_largest(kind: Any) -> None:
    amounts: Numbers = np.array([0, 7, -7, MOST, -MOST, MOST + 1, -MOST - 1]).astype(kind)
    whole, exact = minor_units(amounts, 0)
    assert exact.tolist() == [True] * 5 + [False] * 2
    assert whole.tolist() == [0, 7, -7, MOST, -MOST, 0, 0]
    # 2,814,749,767,106.56 are the most kopecks.
    whole, exact = minor_units(np.array([MOST // 100, MOST // 100 + 1]).astype(kind), 2)
    assert exact.tolist() == [True, False]
    assert whole.tolist() == [MOST // 100 * 100, 0]


def test_amounts_with_more_decimals_are_not_exact() -> None:
    amounts = [6 * 2.55, 0.001, -0.29, 1.005, math.nan, math.inf, 0.0]
    whole, exact = minor_units(np.array(amounts), 2)
    assert exact.tolist() == [True, False, True, False, False, False, True]
    assert whole.tolist() == [1530, 0, -29, 0, 0, 0, 0]


def test_money_less_cost_is_exact_or_none() -> None:
    amount, cost = np.array([10.1, -0.0003, 2.0]), np.array([0.2, 1.0, 2.0])
    for found, wanted, size in [
        (exact_money_and_size(amount), [101_000, -3, 20_000], 121_003.0),
        (exact_money_and_size(amount, cost), [99_000, -10_003, 0], 109_003.0),
    ]:
        assert found is not None
        assert found[0].tolist() == wanted
        assert found[1] == size
    assert exact_money(np.array([1, 2])) is None
    assert exact_money(amount, np.array([1, 2, 3])) is None
    assert exact_money(np.array([1.0, 0.00001])) is None
    assert exact_money(amount, np.array([0.1, 0.2, 0.00001])) is None


@pytest.mark.parametrize("lines", [1 << 13, 2 * BLOCK])
def test_sums_of_the_integers_fit_into_64_bits(lines: int) -> None:
    """In one block and over several: from 2**61 units on there is no exact money."""
    each = (1 << 61) // lines
    amounts = np.full(lines, each / 10_000)
    assert exact_money(amounts) is None
    found = exact_money(amounts[1:])
    assert found is not None
    assert int(found.sum()) == (lines - 1) * each
    assert exact_money(amounts[1:], -amounts) is None


def test_money_adds_up_with_gaps_and_without_exactness() -> None:
    assert money_sum([0.1, math.nan, 0.2]) == 0.3
    assert money_sum([5, -7, 2**53]) == 2**53 - 2
    assert money_sum([]) == 0.0
    # One of more than four decimals: the nearest float of the sum of the floats.
    assert money_sum([1e16, 0.00001, -1e16]) == 0.00001


def test_differences_keep_the_shape_and_the_rest_of_inexact_amounts() -> None:
    found = money_difference(np.array([[1000.3, 5.0], [0.3, -1.1]]), np.full((2, 2), 0.1))
    assert found.tolist() == [[1000.2, 4.9], [0.2, -1.2]]
    found = money_difference(np.array([7, 1]), np.array([2, 4]))
    assert found.tolist() == [5.0, -3.0]
    found = money_difference(np.array([0.12345, 3.0]), np.array([0.00002, math.nan]))
    assert found[0] == 0.12345 - 0.00002
    assert math.isnan(found[1])


@pytest.mark.parametrize("name", ["numpy", "numba"])
def test_amounts_of_half_the_precision_are_exact_or_none_too(name: str) -> None:
    """The compiled loops read doubles alone."""
    if name == "numba":
        pytest.importorskip("numba")
    with route(name):
        found = exact_money_and_size(np.array([0.5, -1.25, 3.0], np.float32))
        doubles = exact_money_and_size(np.array([0.5, -1.25, 3.0]))
        assert exact_money(np.array([0.5, 0.00001], np.float32)) is None
        tenth = exact_money(np.array([0.1], np.float32))
    # A tenth as near as half the precision holds it.
    assert tenth is not None
    assert tenth.tolist() == [1_000]
    for one in (found, doubles):
        assert one is not None
        assert (one[0].tolist(), one[1]) == ([5_000, -12_500, 30_000], 47_500.0)


def test_whole_numbers_are_left_to_the_sum_of_integers() -> None:
    assert exact_money(np.array([1, 2])) is None
    assert exact_money(np.array([1.0]), np.array([1])) is None
