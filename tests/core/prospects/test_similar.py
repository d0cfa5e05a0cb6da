"""Customers similar to a lead, by Gower distance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz.core.prospects.similar import nearest_customers, numbers_apart, range_of
from abcxyz.errors import InputError

ROW = st.fixed_dictionaries(
    {
        "turnover": st.none() | st.integers(1, 10**9).map(float),
        "employees": st.none() | st.integers(1, 5000),
        "industry": st.none() | st.sampled_from(["metal", "food", "wood"]),
        "region": st.none() | st.sampled_from(["77", "78"]),
    }
)


def gower(lead: dict[str, Any], rows: list[dict[str, Any]]) -> list[tuple[int, float]]:
    """Reference: Gower distance pair by pair."""
    compared = [name for name, value in lead.items() if value is not None]
    result = []
    for k, row in enumerate(rows):
        parts = []
        for name in compared:
            if row[name] is None:
                continue
            if isinstance(lead[name], str):
                parts.append(0.0 if lead[name] == row[name] else 1.0)
                continue
            known = [math.log(one[name]) for one in rows if one[name] is not None]
            reach = max(known) - min(known)
            apart = abs(math.log(lead[name]) - math.log(row[name]))
            parts.append(min(apart / reach, 1.0) if reach else float(apart > 0))
        if parts and 2 * len(parts) >= len(compared):
            result.append((k, sum(parts) / len(parts)))
    return result


@given(ROW, st.lists(ROW, min_size=1, max_size=12))
def test_equals_the_slow_reference(lead: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """Distances equal the reference, nearest first."""
    table = {str(k): row for k, row in enumerate(rows)}
    expected = dict(gower(lead, rows))
    actual = {int(one.customer): one.distance for one in nearest_customers(lead, table, count=99)}
    assert pytest.approx(expected) == actual
    assert sorted(actual.values()) == list(actual.values())


def test_ties_keep_the_order_and_bad_counts_are_refused() -> None:
    """Ties are in table order, and a count of zero is refused."""
    table = {"id": ["x", "y", "z"], "industry": ["food", "metal", "metal"]}
    result = nearest_customers({"industry": "metal"}, table, count=2)
    assert [one.customer for one in result] == ["y", "z"]
    assert result[0].compared == ("industry",)
    assert nearest_customers({}, table) == ()
    with pytest.raises(InputError, match="count is 0"):
        nearest_customers({}, table, count=0)


def test_distances_by_hand() -> None:
    """Limited to 1 beyond the range of the customers, by ratio also below one."""
    apart = numbers_apart(np.array([1.0, 3.0, 5.0, math.nan]), 11.0, 4.0)
    np.testing.assert_array_equal(apart, [1.0, 1.0, 1.0, math.nan])
    assert numbers_apart(np.array([2.0, 3.0]), 2.5, 4.0).tolist() == [0.125, 0.125]
    # No range, but for rounding: what is equal is near, and all else far.
    same = numbers_apart(np.array([1.0, 1.0 + 1e-13, 1.5, math.nan]), 1.0, 1e-13)
    np.testing.assert_array_equal(same, [0.0, 0.0, 1.0, math.nan])
    assert range_of(np.array([math.nan, 2.0, 5.0])) == 3.0
    assert range_of(np.array([math.nan])) == range_of(np.array([])) == 0.0
    ours = {"id": ["a", "b", "c"], "turnover": [0.25, 4.0, 0.0]}
    first, second = nearest_customers({"turnover": 0.5}, ours)
    assert (first.customer, second.customer) == ("a", "b")
    assert [first.distance, second.distance] == pytest.approx([0.25, 0.75])
    assert nearest_customers({"turnover": 0}, ours) == ()
