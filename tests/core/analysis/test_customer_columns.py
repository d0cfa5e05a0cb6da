"""Columns of customers: order, missing values, 15 significant digits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from abcxyz.core.analysis.customer_columns import finite, known_or_none, plain_days, rounded


@given(arrays.arrays(np.float64, st.integers(0, 20), elements=st.floats(width=64)))
def test_numbers_keep_15_digits(numbers: np.ndarray) -> None:
    """Numbers stay within half a unit of the 15th digit; NaN and infinity become None."""
    for before, after in zip(numbers.tolist(), known_or_none(finite(numbers)), strict=True):
        if not math.isfinite(before):
            assert after is None
        else:
            assert after == pytest.approx(before, rel=1e-14)


@given(st.integers(-(10**14), 10**14), st.integers(0, 4))
def test_amounts_of_kopecks_show_no_binary_error(units: int, decimals: int) -> None:
    """A decimal of up to 15 digits, plus an error of addition, is written as that decimal."""
    amount = units / 10**decimals
    nearby = np.array([amount, np.nextafter(amount, math.inf), np.nextafter(amount, -math.inf)])
    if 1e-7 <= abs(amount) < 1e14:
        assert set(rounded(nearby).tolist()) == {float(f"{amount:.15g}")}


def test_days_are_plain() -> None:
    days = np.array(["2026-05-01", "NaT"], dtype="M8[D]")
    assert [str(day) for day in plain_days(days)] == ["2026-05-01", "None"]
