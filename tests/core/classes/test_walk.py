"""Walk along cumulative percentages: amounts that differ by rounding are one group."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from abcxyz.core.classes.cumulative_walk import _equal, walk
from abcxyz.core.classes.rules import _at_least

NEAR = 2.0**-48


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e9])
def test_equal_is_up_to_a_relative_distance(scale: float) -> None:
    """Eight units in the last place of 3 are near, sixty-four are not; whole numbers are exact."""
    amount = 3.0 * scale
    assert _equal(amount, amount, 0.0)
    assert _equal(amount * (1 + 2.0**-49), amount, NEAR)
    assert _equal(amount, amount * (1 + 2.0**-49), NEAR)
    assert not _equal(amount * (1 + 2.0**-46), amount, NEAR)
    assert not _equal(amount * (1 + 2.0**-49), amount, 0.0)
    assert not _equal(amount, -amount, NEAR)


@pytest.mark.parametrize("apart", [0.0, 2.0**-49])
def test_a_border_moves_behind_a_group(apart: float) -> None:
    """By hand: percentages 30, 60, 90, 100 with a mean of 56, beyond which is the second."""
    down = np.array([3.0 * (1 + apart), 3.0, 3.0, 1.0])
    # The first border, after one of three equal amounts, moves behind all of them.
    assert walk(down, float(down.sum()), NEAR) == (3, 3)
    assert walk(np.array([4.0, 3.0, 2.0, 1.0]), 10.0, NEAR) == (1, 2)


def test_a_total_that_is_a_rounding_error_is_none() -> None:
    """Shares of 0.2 + 0.1 - 0.3, which is 5.6e-17 as floats, would be noise: nobody stands out."""
    down = np.array([0.2, 0.1, -0.3])
    total = float(down.sum())
    assert 0 < abs(total) < 1e-16
    assert walk(down, total, NEAR) == walk(down, 0.0, NEAR) == (2, 2)


@pytest.mark.parametrize("count", [1, 3, 7])
@pytest.mark.parametrize(
    "base", [0, 5, 2**51, 2**52 - 1, 2**53 - 1, 2**53 + 1, 2**62 + 1, -(2**53) - 1]
)
def test_a_mean_as_a_lower_limit_divides_whole_numbers_as_the_true_one(
    count: int, base: int
) -> None:
    """Of any size: what is at least the true mean is at least the limit, and nothing else is."""
    for more in range(count):
        total = base * count + more
        limit = _at_least(total, count, whole=True)
        for value in range(base - 2, base + 3):
            assert (value >= limit) is (value >= Fraction(total, count))
    assert _at_least(10.0, 4, whole=False) == 2.5
