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
from abcxyz.core.decomposition.sales_change import CustomerChange, PricedLines, SalesPart
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


def four() -> Transactions:
    """Classes by 80 and 95 %: A, B and C with one customer each, and then C with two."""
    return Transactions(
        ["a", "b", "c", "a", "b", "c", "d"],
        [MAY.since] * 3 + [JUNE.since] * 4,
        [800.0, 150.0, 50.0, 900.0, 100.0, 40.0, 10.0],
    )


def test_every_part_by_hand() -> None:
    change = why_sales(four(), MAY, JUNE, rule=Shares(0.8, 0.95))
    number = Fraction(1, 2) * (Fraction(1000, 3) + Fraction(1050, 4))  # one customer more
    parts = [
        ("customers", "gone", 0, 0.0),
        ("customers", "new", 1, 10.0),
        ("customers", "grown", 1, 100.0),
        ("customers", "shrunk", 2, -60.0),
        ("customers", "unchanged", 0, 0.0),
        ("segments", "number_of_customers", -1, round(float(number), 2)),
        # 3.5 customers times: -1/12 x 850 - 1/12 x 125 + 1/6 x 37.5
        ("segments", "segment_mix", -1, -262.5),
        # 3.5 times 7/24 x 100, 7/24 x -50 and 5/12 x -25
        ("segments", "A", 1, 102.08),
        ("segments", "B", 1, -51.04),
        ("segments", "C", 2, -36.46),
        ("orders", "number_of_orders", 4, 297.92),
        ("orders", "average_order", -1, -247.92),
    ]
    assert change.parts == tuple(SalesPart(*one) for one in parts)
    assert (change.revenue_before, change.revenue_after, change.difference) == (1000, 1050, 50)
    assert (change.customers_before, change.customers_after) == (3, 4)
    assert (change.orders_before, change.orders_after) == (3, 4)
    assert change.customers == (
        CustomerChange("a", 800.0, 900.0, 100.0),
        CustomerChange("b", 150.0, 100.0, -50.0),
        CustomerChange("c", 50.0, 40.0, -10.0),
        CustomerChange("d", 0.0, 10.0, 10.0),
    )
    plain = change.to_dict()
    assert plain["before"] == ["2026-05-01", "2026-05-31"]
    assert plain["customers"][0]["customer"] == "a"
    assert plain["parts"][1] == {
        "split": "customers", "part": "new", "count": 1, "difference": 10.0,
    }  # fmt: skip
    first, second, *_ = change.explain().splitlines()
    assert first == "Revenue changed from 1,000 to 1,050: 50 (5.0%)."
    assert second == (
        "By customers: customers gone 0, new customers 10, customers who bought more 100, "
        "customers who bought less -60, customers who bought the same 0."
    )
    heads, rows = change.table()
    assert heads == ["Split", "Part", "Count", "Difference"]
    assert rows[1] == ["By customers", "new customers", "1", "10"]
    assert rows[6] == ["By segments", "mix of the segments", "", "-262.50"]
    assert rows[7] == ["By segments", "A", "1", "102.08"]


def test_prices_of_products_gone_and_new_and_of_lines_without_a_quantity() -> None:
    rows = [
        ("x", MAY, 10.0, 100.0), ("x", JUNE, 12.0, 240.0), ("y", MAY, 5.0, 50.0),
        ("z", JUNE, 2.0, 30.0), ("x", MAY, np.nan, 7.0), ("w", JUNE, 0.0, 9.0),
        ("v", JUNE, -1.0, -4.0),
    ]  # fmt: skip
    outside = ("x", Window(date(2026, 7, 1), date(2026, 8, 1)), 99.0, 99.0)
    product, window, quantity, amount = zip(*rows, outside, strict=True)
    days = [one.since for one in window]
    sales = Transactions(["a"] * len(days), days, list(amount))
    change = why_sales(sales, MAY, JUNE, lines=PricedLines(product, days, quantity, amount))
    parts = {one.part: (one.count, one.difference) for one in change.parts[-5:]}
    assert parts == {
        "price": (1, 110.0),  # 11 x 10
        "quantity": (1, 30.0),  # 15 x 2
        "products_gone": (1, -50.0),
        "products_new": (1, 30.0),
        "without_quantity": (3, -2.0),
    }
    assert change.difference == 118.0


def test_the_ten_largest_changes_are_listed() -> None:
    names = [f"c{i:02}" for i in range(12)]
    money = [*(float(i) for i in range(1, 12)), 5.0]
    sales = Transactions(
        names * 2, [MAY.since] * 12 + [JUNE.since] * 12, [5.0] * 12 + [5.0 + one for one in money]
    )
    change = why_sales(sales, MAY, JUNE)
    assert [one.customer for one in change.customers] == [
        *("c10", "c09", "c08", "c07", "c06", "c05", "c04", "c11", "c03", "c02")
    ]


def test_parts_of_a_kopeck_are_kept_and_finer_ones_rounded() -> None:
    days = [MAY.since, JUNE.since]
    change = why_sales(Transactions(["a", "a"], days, [1.0, 1.0001]), MAY, JUNE)
    assert change.split("customers")["grown"] == change.difference == 0.0001
    change = why_sales(Transactions(["a", "a"], days, [1.00004, 1.00016]), MAY, JUNE)
    assert (change.revenue_before, change.revenue_after) == (1.0, 1.0002)


def test_an_order_is_a_document_of_a_customer_on_a_day() -> None:
    """One of nothing counts; one that adds up to less than nothing does not."""
    other = MAY.since + timedelta(days=1)
    sales = Transactions(
        ["a", "a", "a", "b", "b", "b", "a", "a"],
        [MAY.since, MAY.since, other, MAY.since, MAY.since, other, JUNE.since, JUNE.since],
        [5.0, 6.0, 7.0, 8.0, -8.0, -1.0, 9.0, -10.0],
        document=[1, 1, 1, 1, 1, 2, 1, 1],
    )
    change = why_sales(sales, MAY, JUNE)
    assert (change.orders_before, change.orders_after) == (3, 0)
    assert change.split("orders") == {}
    # Without documents every line that is no return is an order.
    plain = why_sales(Transactions(sales.customer, sales.day, sales.amount), MAY, JUNE)
    assert (plain.orders_before, plain.orders_after) == (4, 1)


def test_windows_may_follow_one_another_in_any_order() -> None:
    forth, back = why_sales(four(), MAY, JUNE), why_sales(four(), JUNE, MAY)
    assert (forth.difference, back.difference) == (50.0, -50.0)
    assert back.split("customers")["gone"] == -10.0
    with pytest.raises(InputError, match="overlap"):
        why_sales(four(), JUNE, Window(date(2026, 5, 1), date(2026, 6, 2)))
    with pytest.raises(InputError, match="no sales before"):
        why_sales(four(), Window(date(2026, 4, 1), date(2026, 5, 1)), JUNE)


def test_a_change_prints_its_explanation() -> None:
    change = why_sales(
        sales_of([("a", 0, 100, 0, "x", 1.0), ("a", 40, 300, 1, "x", 1.0)]), MAY, JUNE
    )
    assert str(change) == change.explain()
    assert str(change).startswith("Revenue changed from 1 to 3: 2 (200.0%).")


def test_documents_of_many_customers_are_apart() -> None:
    """Whatever their numbers: five customers, two days, two documents of each, none twice."""
    lines = [
        (who, MAY.since + timedelta(days=day), document)
        for who in "abcde" for day in (0, 2) for document in (3, 9)
    ]  # fmt: skip
    twice = [*lines, *lines, ("a", JUNE.since, 3)]
    sales = Transactions(
        [one[0] for one in twice], [one[1] for one in twice], [1.0] * len(twice),
        document=[one[2] for one in twice],
    )  # fmt: skip
    change = why_sales(sales, MAY, JUNE)
    assert (change.orders_before, change.orders_after) == (20, 1)
