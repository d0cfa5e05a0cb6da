"""Rate and mix, factors of a product, rounding that adds up."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz.core.decomposition.factors import factor_effects, logarithmic_mean, round_parts
from abcxyz.core.decomposition.rate_mix import rate_and_mix
from abcxyz.errors import InputError

ORACLE = Path(__file__).resolve().parents[4] / "shared/spec/crm_oracles/change.json"
CELLS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30), st.integers(0, 30)),
    min_size=1,
    max_size=6,
)


@pytest.mark.skipif(not ORACLE.exists(), reason="no oracle here")
def test_published_splits_are_reproduced_exactly() -> None:
    figures = json.loads(ORACLE.read_text())["figures"]
    assert len(figures) == 4
    for one in figures.values():
        cells = [group[side] for side in ("before", "after") for group in one["groups"].values()]
        before, after = np.array(cells).reshape(2, -1, 2)
        parts = rate_and_mix(before[:, 0], before[:, 1], after[:, 0], after[:, 1])
        assert parts.difference == Fraction(one["exact"]["difference"])
        assert parts.rate.sum() == Fraction(one["exact"]["rate"])
        assert parts.mix.sum() == Fraction(one["exact"]["mix"])
        for place, group in enumerate(one["groups"].values()):
            assert parts.rate[place] == Fraction(group["rate_exact"])
            assert parts.mix[place] == Fraction(group["mix_exact"])


@given(CELLS)
def test_rate_and_mix_add_up_exactly(cells: list[tuple[int, int, int, int]]) -> None:
    x0, n0, x1, n1 = zip(*[(a, a + b, c, c + d) for a, b, c, d in cells], strict=True)
    if not sum(n0) or not sum(n1):
        with pytest.raises(InputError, match="nothing is counted"):
            rate_and_mix(x0, n0, x1, n1)
        return
    parts = rate_and_mix(x0, n0, x1, n1)
    difference = Fraction(sum(x1), sum(n1)) - Fraction(sum(x0), sum(n0))
    assert parts.rate.sum() + parts.mix.sum() == parts.difference == difference
    for place, (before, after) in enumerate(zip(n0, n1, strict=True)):
        if not before or not after:
            assert parts.rate[place] == 0
    floats = rate_and_mix(*(np.array(one, dtype=float) for one in (x0, n0, x1, n1)))
    assert np.allclose(floats.rate.astype(float), parts.rate.astype(float))


FACTORS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=5)


@given(FACTORS)
def test_factors_add_up(pairs: list[tuple[int, int]]) -> None:
    before, after = zip(*pairs, strict=True)
    parts = factor_effects(before, after)
    change = math.prod(after) - math.prod(before)
    assert sum(parts) == pytest.approx(change, abs=1e-6 * (1 + abs(change)))
    if min(before + after) > 0:
        return
    assert sum(parts) == change  # fractions
    # Shapley by its definition: the mean over all orders in which the factors change.
    orders = list(permutations(range(len(before))))
    for own in range(len(before)):
        total = 0
        for order in orders:
            done = order[: order.index(own)]
            rest = math.prod(
                after[one] if one in done else before[one]
                for one in range(len(before))
                if one != own
            )
            total += rest * (after[own] - before[own])
        assert parts[own] == Fraction(total, len(orders))


@given(st.floats(0.01, 100), st.floats(-1e-3, 1e-3))
def test_logarithmic_mean_of_near_numbers(value: float, step: float) -> None:
    other = value * (1 + step)
    mean = logarithmic_mean(value, other)
    assert min(value, other) <= mean <= max(value, other)
    assert mean == pytest.approx((value + other) / 2 - (value - other) ** 2 / 12 / value, rel=1e-7)


@given(st.lists(st.fractions(-50, 50, max_denominator=40), min_size=1, max_size=9))
def test_rounded_parts_add_up(parts: list[Fraction]) -> None:
    total = round(sum(parts))
    rounded = round_parts(parts, total)
    assert sum(rounded) == total
    assert all(abs(one - part) <= 1 for one, part in zip(rounded, parts, strict=True))


def test_factors_of_different_lengths_are_refused() -> None:
    with pytest.raises(InputError, match="2 factors before and 1 after"):
        factor_effects([1, 2], [1])


@pytest.mark.parametrize("count", [12, 13, 14])
def test_many_factors_with_a_zero_are_refused(count: int) -> None:
    """Shapley's value looks at every set of factors: up to 12, and positive ones at any number."""
    before = [Fraction(0), *[Fraction(1)] * (count - 1)]
    after = [Fraction(3), *[Fraction(1)] * (count - 1)]
    if count > 12:
        with pytest.raises(InputError, match=f"{count} factors with a zero"):
            factor_effects(before, after)
    else:
        assert factor_effects(before, after) == [3, *[0] * (count - 1)]
    many = factor_effects([1.0] * count, [2.0, *[1.0] * (count - 1)])
    assert many == pytest.approx([1.0, *[0.0] * (count - 1)])


def test_rates_of_floats_are_floats_and_of_whole_numbers_exact() -> None:
    for kind in (np.float64, np.float32):
        totals, counts = np.array([1.0, 3.0], kind), np.array([2.0, 4.0], kind)
        found = rate_and_mix(totals, counts, totals[::-1], counts)
        assert {one.dtype for one in (found.rate, found.mix, found.weight)} == {
            np.dtype(np.float64)
        }
        assert float(found.rate.sum() + found.mix.sum()) == pytest.approx(found.difference)
    whole = rate_and_mix([1, 3], [2, 4], [3, 1], [2, 4])
    assert {type(one) for one in whole.rate} == {Fraction}
    assert sum(whole.rate) + sum(whole.mix) == whole.difference == 0
