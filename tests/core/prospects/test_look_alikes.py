"""Look-alikes of the customers of class A, against a slow twin."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz.core.prospects import look_alikes
from abcxyz.core.prospects.look_alikes import COMPARED, find_look_alikes
from abcxyz.errors import InputError

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "employees": st.sampled_from([None, 0, 1, 12, 120, 900]),
            "turnover": st.sampled_from([None, 0.0, 1e6, 3e7, 9e9]),
            "industry": st.sampled_from([None, "C", "F", "G"]),
            "region": st.sampled_from([None, "50", "77"]),
        }
    ),
    max_size=12,
)
Row = dict[str, object]


def number(row: Row, name: str) -> float | None:
    value = row[name]
    return math.log(value) if isinstance(value, (int, float)) and value > 0 else None


def slow(customers: list[Row], companies: list[Row]) -> list[tuple[float, int, int, int]]:
    """Return distance, minus the number compared, company and customer, by definition."""
    reach = {}
    for name in ("employees", "turnover"):
        known = [one for row in customers if (one := number(row, name)) is not None]
        reach[name] = max(max(known) - min(known) if known else 0.0, math.log(10))
    found = []
    for i, theirs in enumerate(companies):
        ranked = []
        for k, ours in enumerate(customers):
            parts: list[float] = []
            needed = 0
            for name in reach:
                mine, other = number(ours, name), number(theirs, name)
                needed += mine is not None
                if mine is not None and other is not None:
                    apart = abs(mine - other)
                    parts.append(min(apart / reach[name], 1.0))
            for name in ("industry", "region"):
                needed += ours[name] is not None
                if ours[name] is not None and theirs[name] is not None:
                    parts.append(float(ours[name] != theirs[name]))
            if 2 * len(parts) > needed:
                ranked.append((round(sum(parts) / len(parts), 12), -len(parts), k))
        if ranked:
            distance, compared, k = min(ranked)
            found.append((distance, compared, i, k))
    return sorted(found)


@given(ROWS, ROWS, st.integers(1, 4), st.integers(1, 5))
def test_the_nearest_are_those_of_the_definition(
    customers: list[Row], companies: list[Row], count: int, batch: int
) -> None:
    """Distances, order, counts and the split in compared and unknown, in batches of any size."""
    if not any(number(row, "employees") or number(row, "turnover") or row["industry"]
               or row["region"] for row in customers):  # fmt: skip
        return
    expected = slow(customers, companies)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(look_alikes, "_BATCH", batch)
        found = find_look_alikes(
            dict(enumerate(customers)), list(enumerate(companies)), count=count
        )
    assert found.compared == len(expected)
    assert found.too_little == len(companies) - len(expected)
    assert [one.distance for one in found.nearest] == pytest.approx(
        [one[0] for one in expected[:count]]
    )
    for one in found.nearest:
        assert (one.company, -len(one.compared)) in [(i, n) for _, n, i, _ in expected]
        assert {*one.compared} | {*one.unknown} == {*COMPARED}
        assert not {*one.compared} & {*one.unknown}


def test_unknown_is_not_small_and_more_known_comes_first() -> None:
    """An unknown turnover is left out of the mean; of equal distances more attributes win."""
    ours = {"A": {"employees": 10, "turnover": 1e8, "industry": "G", "region": "50"},
            "B": {"employees": 100, "turnover": 1e9, "industry": "G", "region": "50"}}  # fmt: skip
    others: list[tuple[str, Row]] = [
        ("1", {"employees": 100, "industry": "G", "region": "50"}),
        ("2", {"employees": 100, "turnover": 1e9, "industry": "G", "region": "50"}),
        ("3", {"employees": 10, "turnover": 1e9, "industry": "F", "region": "50"}),
        ("4", {"industry": "G", "region": "50"}),
    ]
    found = find_look_alikes(ours, others)
    rows = [(one.company, one.customer, one.distance, one.unknown) for one in found.nearest]
    assert rows == [
        ("2", "B", 0.0, ()),
        ("1", "B", 0.0, ("turnover",)),
        ("3", "A", 0.5, ()),
    ]
    assert found.too_little == 1


@pytest.mark.parametrize(
    ("customers", "count", "message"),
    [
        ({"A": {"industry": "G"}}, 0, "count is 0; ask for one or more"),
        ({"A": {"employees": 0}}, 1, "nothing is known of any customer of class A"),
        ({}, 1, "nothing is known of any customer of class A"),
    ],
)
def test_wrong_input_is_refused(customers: dict[str, Row], count: int, message: str) -> None:
    """With the cure."""
    with pytest.raises(InputError, match=message):
        find_look_alikes(customers, [], count=count)
