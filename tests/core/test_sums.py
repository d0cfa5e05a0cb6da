"""Exact sums and summaries of columns, against fractions and against values worked out by hand."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz.core import sums
from abcxyz.core.exact_sums import (
    BLOCK,
    exact_parts,
    exact_sum,
    prefix_sums,
    rounded_sum,
    split_sums,
    sum_of_parts,
)
from abcxyz.core.sums import near, survey
from abcxyz.errors import InputError
from abcxyz.loops import route

WHOLE = st.lists(st.integers(-(2**62), 2**62), max_size=20)
MONEY = st.lists(st.floats(-1e12, 1e12).map(lambda one: round(one, 6)), max_size=60)


def exact(values: list[float]) -> Fraction:
    return sum(map(Fraction, values), Fraction(0))


def test_near_is_up_to_a_relative_distance_of_two_to_the_minus_48() -> None:
    assert near(2.0**48, 2.0**48 - 1)
    assert near(-(2.0**48), 1 - 2.0**48)
    assert not near(2.0**48, 2.0**48 - 2)
    assert not near(1.0, -1.0)
    assert near(0.0, 0.0)
    assert near(10.0, 11.0, tolerance=0.1)
    assert not near(10.0, 11.2, tolerance=0.1)


@given(WHOLE)
def test_integers_add_up_exactly(values: list[int]) -> None:
    found = exact_sum(np.array(values, dtype=np.int64))
    assert type(found) is int
    assert found == sum(values)


@pytest.mark.parametrize(
    "values",
    [
        [2**62, 2**62],
        [-(2**62), -(2**62), -1],
        [2**63 - 1, 2**63 - 1, 5],
        [2**63 - 1, -1],
        [-(2**62), 2**61, -(2**62)],
        [],
    ],
)
def test_integers_add_up_exactly_at_the_limits_of_64_bits(values: list[int]) -> None:
    assert exact_sum(np.array(values, dtype=np.int64)) == sum(values)


@given(MONEY)
def test_floats_add_up_to_the_last_bits(values: list[float]) -> None:
    found, wanted = exact_sum(np.array(values, dtype=float)), exact(values)
    one_sign = not values or min(values) >= 0 or max(values) <= 0
    # Pairwise addition of numbers of one sign loses a little; where signs differ, nothing.
    allowed = 8 if one_sign else 2
    assert abs(Fraction(found) - wanted) <= allowed * Fraction(math.ulp(float(wanted)))


@given(MONEY)
def test_the_rounded_sum_is_the_nearest_float(values: list[float]) -> None:
    assert rounded_sum(np.array([*values, math.nan])) == float(exact(values))


@given(MONEY, st.integers(0, 60))
def test_exact_parts_do_not_depend_on_the_division(values: list[float], place: int) -> None:
    """Parts of both pieces, in the other order, add up to the nearest float of all."""
    one, other = np.array(values[:place], float), np.array(values[place:], float)
    parts = exact_parts(other) + exact_parts(one)
    assert sum(map(Fraction, parts)) == exact(values)
    assert sum_of_parts(parts) == float(exact(values))


def test_exact_parts_of_numbers_far_apart() -> None:
    far = [1e300, 1e-300, 3.0, -1e300, 5e-324, 2.0**-1060, 1e17, -7e-17]
    assert sum(map(Fraction, exact_parts(np.array(far)))) == exact(far)
    many = np.random.default_rng(3).lognormal(7, 3, 3 * BLOCK + 5)
    parts = exact_parts(many)
    assert len(parts) < 20
    assert sum_of_parts(parts) == float(exact(many.tolist()))
    assert sum_of_parts(exact_parts(np.array([1.5e308, 1.5e308]))) == math.inf
    assert exact_parts(np.array([math.nan, 1.0])) == []  # of no use, but an end


def test_what_cancels_out_leaves_the_rest() -> None:
    assert exact_sum(np.array([1e16, 1.0, -1e16])) == 1.0
    assert exact_sum(np.array([1e16, 3.0, 2.0**-60, -1e16, -3.0])) == 2.0**-60
    assert exact_sum(np.array([5.0, -5.0])) == 0.0
    # Splitting numbers as large as these would overflow.
    assert exact_sum(np.array([1.7e308, 1.0, -1.7e308])) == 1.0
    assert exact_sum(np.array([], dtype=float)) == 0.0
    assert rounded_sum(np.array([2**53, 1, -(2**53)])) == 1.0


def test_a_column_is_surveyed_without_its_gaps() -> None:
    column = survey(np.array([3.0, math.nan, -10.0, 0.5]))
    assert (column.count, column.total, column.low, column.high) == (3, -6.5, -10.0, 3.0)
    assert column.zero == 10.0 * 2.0**-48
    assert column.classified().tolist() == [3.0, -10.0, 0.5]
    assert not column.whole
    other = survey(np.array([3.0, -2.0]))
    assert other.zero == 3.0 * 2.0**-48
    assert other.classified() is other.values
    none = survey(np.array([math.nan, math.nan]))
    assert (none.count, none.total) == (0, 0.0)
    assert math.isnan(none.low)
    assert math.isnan(none.high)
    whole = survey(np.array([4, -9, 2]))
    assert (whole.count, whole.total, whole.low, whole.high, whole.zero) == (3, -3, -9, 4, 0.0)
    assert whole.whole


def test_an_amount_without_an_end_is_named_by_its_place() -> None:
    for bad in (math.inf, -math.inf):
        with pytest.raises(InputError, match="position 2"):
            survey(np.array([1.0, math.nan, bad, 2.0]))
    with pytest.raises(InputError, match="add up beyond what a number can hold, at position 2"):
        survey(np.array([math.nan, 1e308, 1.5e308, 1.0]), "revenue")
    with pytest.raises(InputError, match="revenue add up beyond"):
        survey(np.array([-1e308, -1.5e308]), "revenue")
    # Large amounts of both signs are no overflow.
    assert survey(np.array([1e308, -1e308, 7.0])).total == 7.0


def test_blocks_that_cancel_one_another_leave_the_rest() -> None:
    values = np.concatenate([np.full(BLOCK, 0.1), np.full(BLOCK, -0.1), [0.001]])
    assert survey(values).total == 0.001
    values = np.concatenate([np.full(BLOCK, -1e12 / 3), np.full(BLOCK, 1e12 / 3), [-0.25]])
    assert survey(values).total == -0.25


@pytest.mark.parametrize("size", [5, BLOCK, BLOCK + 3, 5 * BLOCK + 3])
@pytest.mark.parametrize("kind", ["float", "gaps", "negative", "int", "negative int"])
def test_what_is_below_a_limit_is_counted_added_and_coded(size: int, kind: str) -> None:
    """The sum is exact: the amounts are multiples of a quarter."""
    random = np.random.default_rng(size)
    whole = random.integers(-40 if "negative" in kind else 0, 200, size)
    whole[:4] = [20, 60, 59, 61]
    values = whole.copy() if "int" in kind else whole / 4
    if kind == "gaps":
        values[[1, -1]] = math.nan
    limits = (60, 20) if "int" in kind else (15.0, 5.0)
    rows = values.tolist()
    below = [one for one in rows if one < limits[0]]
    codes = [-1 if one != one else (one < limits[0]) + (one < limits[1]) for one in rows]
    column = survey(values)
    # Codes come first, and again after the comparison that they may take from `below`.
    assert column.codes(*limits).tolist() == codes
    assert column.below(limits[0]) == (len(below), sum(below))
    assert column.codes(*limits).tolist() == codes
    assert column.below(limits[1]) == (
        sum(one < limits[1] for one in rows),
        sum(one for one in rows if one < limits[1]),
    )
    assert column.codes(*limits).tolist() == codes


@pytest.mark.parametrize("odd", [1.0, math.nan, -1.0])
def test_the_last_digit_does_not_depend_on_how_many_blocks_are_read_at_once(
    odd: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor on where a missing or a negative value is among them."""
    values = np.random.default_rng(1).lognormal(7, 1, 9 * BLOCK + 7)
    values[5 * BLOCK + 1] = odd
    found = []
    for blocks in (1, 4):
        monkeypatch.setattr(sums, "_run_length", lambda _, blocks=blocks: blocks * BLOCK)
        column = survey(values)
        found.append(
            (
                *(column.count, column.total, column.low, column.high),
                column.below(1000.0),
                column.codes(1000.0, 500.0).tobytes(),
            )
        )
    assert found[0] == found[1]


def test_sums_below_a_limit_are_exact_beyond_64_bits() -> None:
    column = survey(np.array([2**62, 2**62, 2**62, 7]))
    assert column.total == 3 * 2**62 + 7
    assert column.below(2.0**63) == (4, 3 * 2**62 + 7)
    assert column.below(8.0) == (1, 7)


def test_sums_below_a_limit_are_exact_where_large_amounts_cancel_out() -> None:
    column = survey(np.array([1e16, 3.0, -1e16, 5e16]))
    assert column.below(4e16) == (3, 3.0)


def test_the_smallest_value_above_zero_is_above_rounding() -> None:
    assert survey(np.array([1e-6, 5.0, 2.0, 1e10, -3.0])).least_positive() == 2.0
    assert survey(np.array([4, 0, 9])).least_positive() == 4
    assert survey(np.array([0.0, -1.0])).least_positive() == math.inf
    first = np.full(BLOCK + 1, 3.0)
    first[0] = 2.0
    assert survey(first).least_positive() == 2.0


@given(MONEY)
def test_prefix_sums_are_those_of_fractions(values: list[float]) -> None:
    found = prefix_sums(np.array(values, dtype=float)).tolist()
    size = sum(map(abs, values))
    assert len(found) == len(values)
    for end, one in enumerate(found, 1):
        wanted = exact(values[:end])
        allowed = 2 * Fraction(math.ulp(float(wanted))) + Fraction(size) / 2**90
        assert abs(Fraction(one) - wanted) <= allowed


def test_prefix_sums_over_blocks_and_of_odd_columns() -> None:
    values = np.full(2 * BLOCK + 5, 0.1)
    wanted = [float(end * Fraction(0.1)) for end in range(1, len(values) + 1)]
    assert prefix_sums(values).tolist() == wanted
    assert prefix_sums(np.array([1e16, 1.0, -1e16, 1.0])).tolist() == [1e16, 1e16, 1.0, 2.0]
    assert prefix_sums(np.array([])).tolist() == []
    assert prefix_sums(np.zeros(3)).tolist() == [0.0, 0.0, 0.0]
    assert prefix_sums(np.array([-3, 1, 7])).tolist() == [-3.0, -2.0, 5.0]
    assert prefix_sums(np.array([1.5e308, -1.5e308, 2.0])).tolist() == [1.5e308, 0.0, 2.0]


def test_a_sum_beyond_all_numbers_is_named_by_its_place() -> None:
    """Also where amounts on both sides of zero would cancel out."""
    with pytest.raises(InputError, match=r"amounts add up beyond .* at position 2;"):
        survey(np.array([1e308, 7e307, 1e308]), "amounts")
    with pytest.raises(InputError, match="at position 1;"):
        survey(np.array([-1.7e308, -1.7e308, math.nan]))


@pytest.mark.parametrize("exponent", [-1000, -60, -5, 0, 2, 6, 11, 31, 52, 400])
def test_parts_of_a_sum_are_exact(exponent: int) -> None:
    """For numbers of any size, and as many as there are: none is rounded away."""
    random = np.random.default_rng(exponent + 1000)
    for count in (1, 2, 5, 13, 60, 250):
        values = np.ldexp(random.uniform(-1, 1, count), exponent)
        values[::3] = np.ldexp(values[::3], -40)
        parts = split_sums(values, float(np.abs(values).max()))
        assert sum(map(Fraction, parts)) == sum(map(Fraction, values.tolist()))
        assert len(parts) <= 12


@pytest.mark.parametrize("way", ["numpy", "numba"])
def test_what_cancels_within_a_block_leaves_the_rest(way: str) -> None:
    """Compiled or not; the whole blocks of one sign beside it are added up as they are."""
    if way == "numba":
        pytest.importorskip("numba")
    mixed = np.tile([1e16, 1.0, -1e16, 1.0], BLOCK // 4)
    with route(way):
        for values, total in (
            (np.concatenate([mixed, np.full(BLOCK, 0.5)]), BLOCK),
            (np.concatenate([np.full(2 * BLOCK, 0.25), [3.0]]), BLOCK / 2 + 3),
            (np.concatenate([np.zeros(BLOCK), [0.0, 2.0]]), 2.0),
        ):
            column = survey(values)
            assert (column.total, column.count) == (total, len(values))
            assert (column.low, column.high) == (values.min(), values.max())
            some = values.copy()
            some[5] = math.nan
            column = survey(some)
            assert (column.total, column.count) == (total - values[5], len(values) - 1)


@pytest.mark.parametrize("way", ["numpy", "numba"])
def test_whole_numbers_that_compiled_sums_could_not_hold_are_added_exactly(way: str) -> None:
    if way == "numba":
        pytest.importorskip("numba")
    with route(way):
        for one in (3 << 60, -(3 << 60), (1 << 61) + 1, 5):
            column = survey(np.array([one, one, one]))
            assert (column.total, column.low, column.high) == (3 * one, one, one)
            assert column.count == 3
