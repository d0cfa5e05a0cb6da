"""Change of the revenue: parts that add up to the kopeck, whatever the sales."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz import InputError, Shares, Transactions, Window
from abcxyz.core.decomposition.sales_change import PricedLines
from abcxyz.core.decomposition.why_sales import why_sales

MAY = Window(date(2026, 5, 1), date(2026, 6, 1))
JUNE = Window(date(2026, 6, 1), date(2026, 7, 1))
LINES = st.lists(
    st.tuples(
        st.sampled_from("abcdef"),
        st.integers(0, 60),
        st.integers(-5_000_00, 90_000_00),
        st.integers(0, 3),
        st.sampled_from("xyz"),
        st.sampled_from([0.0, 1.0, 2.5, 7.0]),
    ),
    max_size=25,
)


def sales_of(lines: list[tuple[str, int, int, int, str, float]]) -> Transactions:
    """Return lines: customer, day of the two months, kopecks, document, product, quantity."""
    return Transactions(
        [one[0] for one in lines],
        [MAY.since + timedelta(days=one[1]) for one in lines],
        [one[2] / 100 for one in lines],
        document=[one[3] for one in lines],
    )


@given(LINES)
def test_every_split_adds_up_to_the_kopeck(
    drawn: list[tuple[str, int, int, int, str, float]],
) -> None:
    lines = [("a", 0, 100, 0, "x", 1.0), ("b", 31, 250, 0, "x", 2.0), *drawn]
    priced = PricedLines(
        [one[4] for one in lines],
        [MAY.since + timedelta(days=one[1]) for one in lines],
        [one[5] for one in lines],
        [one[2] / 100 for one in lines],
    )
    change = why_sales(sales_of(lines), MAY, JUNE, rule=Shares(0.8, 0.95), lines=priced)
    total = sum(one[2] * (1 if one[1] >= 31 else -1) for one in lines)
    assert round(change.difference * 100) == total
    for split in ("customers", "segments", "orders", "prices"):
        parts = change.split(split)
        assert (not parts and split == "orders") or sum(
            round(p * 100) for p in parts.values()
        ) == total
    # A slow twin of the customers: exact sums one by one.
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    seen: dict[str, set[int]] = defaultdict(set)
    for who, day, kopecks, *_ in lines:
        sums[who][day >= 31] += kopecks
        seen[who].add(int(day >= 31))
    gone = sum(-sums[who][0] for who in sums if seen[who] == {0})
    grown = sum(max(sums[who][1] - sums[who][0], 0) for who in sums if seen[who] == {0, 1})
    assert round(change.split("customers")["gone"] * 100) == gone
    assert round(change.split("customers")["grown"] * 100) == grown


def test_orders_are_documents_and_returns_are_none() -> None:
    sales = Transactions(
        ["a", "a", "a", "b"],
        [MAY.since, MAY.since, JUNE.since, JUNE.since],
        [100.0, 20.0, 200.0, -10.0],
        document=[1, 1, 1, 2],
    )
    change = why_sales(sales, MAY, JUNE)
    assert (change.orders_before, change.orders_after) == (1, 1)
    assert change.split("orders") == {"number_of_orders": 0.0, "average_order": 70.0}


def test_price_and_quantity_of_one_product() -> None:
    sales = Transactions(["a", "a"], [MAY.since, JUNE.since], [100.0, 240.0])
    lines = PricedLines(["x", "x"], [MAY.since, JUNE.since], [10, 12], [100.0, 240.0])
    parts = why_sales(sales, MAY, JUNE, lines=lines).split("prices")
    assert (parts["price"], parts["quantity"]) == (110.0, 30.0)  # 11 x 10, and 15 x 2


def test_segments_follow_their_definition() -> None:
    """Revenue is customers times average; the average is a mix of the classes."""
    sales = Transactions(
        ["a", "b", "c", "a", "b", "c", "d"],
        [MAY.since] * 3 + [JUNE.since] * 4,
        [800.0, 150.0, 50.0, 900.0, 100.0, 40.0, 10.0],
    )
    parts = why_sales(sales, MAY, JUNE, rule=Shares(0.8, 0.95)).split("segments")
    mean = (Fraction(1000, 3) + Fraction(1050, 4)) / 2
    assert parts["number_of_customers"] == pytest.approx(float(mean), abs=0.01)
    assert sum(parts.values()) == pytest.approx(50.0)


def test_windows_must_not_overlap_nor_be_empty() -> None:
    sales = Transactions(["a"], [MAY.since], [1.0])
    with pytest.raises(InputError, match="overlap"):
        why_sales(sales, MAY, Window(date(2026, 5, 31), date(2026, 7, 1)))
    with pytest.raises(InputError, match="no sales after"):
        why_sales(sales, MAY, JUNE)


def test_explanation_names_every_split() -> None:
    sales = Transactions(["a", "b"], [MAY.since, JUNE.since], np.array([100.0, 40.0]))
    change = why_sales(sales, MAY, JUNE)
    assert "customers gone -100" in change.explain()
    assert "Ушедшие" in change.explain("ru") or "ушедшие" in change.explain("ru")
    assert len(change.to_frame()) == len(change.parts)
    assert "<table>" in change._repr_html_()
