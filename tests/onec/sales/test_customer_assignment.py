"""Assignment of customers to lines: which lines are used, and what is counted of the others."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from abcxyz import Quality, QualityIssue, Transactions
from abcxyz_onec.catalogs.customers import OTHER, Directory
from abcxyz_onec.sales.account import REASONS, UNKNOWN_ORDERS, Account
from abcxyz_onec.sales.customer_assignment import CustomerAssignment
from abcxyz_onec.sales.lines import REFERENCE, LineColumns

DIRECTORY = Directory(
    entity="partner",
    catalog="Catalog_Partners",
    ids={"r1": "Ann", "r2": "Bob", "r3": "Gone"},
    names={},
    excluded={"r3": "deleted"},
    keys={"k1": "r1", "k2": OTHER, "k3": "", "k4": "r3"},
)
DAY = date(2026, 5, 4)

Line = tuple[str, float, float, str, bool]


def columns(*lines: Line, days: list[date] | None = None) -> LineColumns:
    token, revenue, cost, document, counted = zip(*lines, strict=True)
    return LineColumns(
        token=np.array(token, dtype=np.str_),
        day=np.array(days or [DAY] * len(lines), "M8[D]"),
        revenue=np.array(revenue),
        cost=np.array(cost),
        document=np.array(document, dtype=np.str_),
        counted=np.array(counted),
    )


def sold(sales: Transactions) -> list[tuple[Any, ...]]:
    parts = [sales.customer, sales.day, sales.amount, sales.cost, sales.document]
    lists = [[None] * len(sales) if one is None else one.tolist() for one in parts]
    return list(zip(*lists, strict=True))


def left_out(reason: str, count: int, money: float) -> QualityIssue:
    return QualityIssue(REASONS[reason], count, money, "left_out")


def test_lines_without_a_customer_are_counted_by_reason() -> None:
    account = Account()
    assignment = CustomerAssignment(DIRECTORY, by_key=False, metric="profit")
    found = assignment.transactions(
        columns(
            ("r1", 10.0, 4.0, "d1", True),
            ("", 1.0, 0.5, "d2", True),
            ("r3", 20.0, 5.0, "d3", True),
            ("r2", 30.0, 6.0, "d4", True),
            ("r9", 40.0, 7.0, "d5", True),
            ("r3", 50.0, 8.0, "d6", True),
            (OTHER, 60.0, 9.0, "d7", True),
        ),
        account,
    )
    assert sold(found) == [("Ann", DAY, 10.0, 4.0, "d1"), ("Bob", DAY, 30.0, 6.0, "d4")]
    reasons = [("deleted", 2, 70.0), ("empty", 1, 1.0), ("other", 1, 60.0), ("unknown", 1, 40.0)]
    assert account.quality() == Quality(7, 2, tuple(left_out(*one) for one in reasons))
    assert assignment.customers == {"r1", "r2", "r3", "r9", ""}


def test_keys_of_the_register_stand_for_customers() -> None:
    account = Account()
    assignment = CustomerAssignment(DIRECTORY, by_key=True, metric="revenue")
    tokens = ["k1", "k2", "k3", "k4", "k9", "", f"{REFERENCE}r2"]
    lines = [(token, float(n), 0.0, f"d{n}", True) for n, token in enumerate(tokens, 1)]
    found = assignment.transactions(columns(*lines), account)
    assert sold(found) == [("Ann", DAY, 1.0, None, "d1"), ("Bob", DAY, 7.0, None, "d7")]
    reasons = [("dangling", 1, 5.0), ("deleted", 1, 4.0), ("empty", 2, 9.0), ("other", 1, 2.0)]
    assert account.quality() == Quality(7, 2, tuple(left_out(*one) for one in reasons))


def test_nobody_known_leaves_nothing() -> None:
    account = Account()
    assignment = CustomerAssignment(DIRECTORY, by_key=False, metric="revenue")
    assert len(assignment.transactions(columns(("r9", 5.0, 0.0, "d", True)), account)) == 0
    assert account.quality() == Quality(1, 0, (left_out("unknown", 1, 5.0),))


def test_sums_of_a_sub_period_are_counted_and_have_no_documents() -> None:
    account = Account()
    assignment = CustomerAssignment(DIRECTORY, by_key=False, metric="revenue")
    found = assignment.transactions(
        columns(("r1", 5.0, 0.0, "", True), ("r2", 6.0, 0.0, "", True)), account
    )
    assert sold(found) == [("Ann", DAY, 5.0, None, None), ("Bob", DAY, 6.0, None, None)]
    assert account.quality() == Quality(2, 2, (QualityIssue(UNKNOWN_ORDERS, 2, None, "kept"),))


def test_documents_that_are_no_sale_join_the_last_one() -> None:
    """With money they belong to the last sale, without they are lost in the sums."""
    assignment = CustomerAssignment(DIRECTORY, by_key=False, metric="revenue")
    lines: list[Line] = [
        ("r1", 3.0, 0.0, "before", False),
        ("r1", 10.0, 0.0, "first", True),
        ("r2", 20.0, 0.0, "other", True),
        ("r1", 4.0, 0.0, "more", False),
        ("r1", 0.0, 1.0, "cost", False),
        ("r1", -2.0, 0.0, "return", False),
        ("r2", 0.0, 0.0, "free", True),
    ]
    found = sold(assignment.transactions(columns(*lines), Account()))
    assert [(who, money, number) for who, _, money, _, number in found] == [
        ("Ann", 3.0, "before"),
        ("Ann", 10.0, "first"),
        ("Bob", 20.0, "other"),
        ("Ann", 4.0, "first"),
        ("Ann", -5e-324, "cost"),
        ("Ann", -2.0, "return"),
        ("Bob", 0.0, "free"),
    ]
    # The next part of the read goes on from there.
    later = sold(assignment.transactions(columns(("r1", 7.0, 0.0, "late", False)), Account()))
    assert later[0][-1] == "first"


@pytest.mark.parametrize(
    ("money", "cost", "documents", "expected"),
    [
        # The sum of the days stands on the first document of the customer.
        ([5.0, 4.0], 2.0, [(6, "b"), (5, "a")], [(5, 9.0, 2.0, "a"), (6, 0.0, 0.0, "b")]),
        ([0.0], 0.0, [(6, "b")], [(6, 0.0, 0.0, "b")]),
        ([5.0], 2.0, [], [(4, 5.0, 2.0, "Ann 2026-05-04")]),
        ([0.0], 0.0, [], [(4, 0.0, 0.0, "Ann 2026-05-04")]),
        # A negative sum is a return, and the documents are sales of nothing.
        ([-5.0], -2.0, [(6, "b")], [(4, -5.0, -2.0, "Ann 2026-05-04"), (6, 0.0, 0.0, "b")]),
        ([-5.0], 0.0, [], [(4, -5.0, 0.0, "Ann 2026-05-04")]),
        # A cost alone is no sale.
        ([0.0], 3.0, [], [(4, -5e-324, 3.0, "Ann 2026-05-04")]),
        # Documents without a sum are no sales.
        ([], 0.0, [(6, "b")], []),
    ],
)
def test_sums_are_dated_by_the_documents_of_the_customer(
    money: list[float],
    cost: float,
    documents: list[tuple[int, str]],
    expected: list[tuple[int, float, float, str]],
) -> None:
    account = Account()
    assignment = CustomerAssignment(DIRECTORY, by_key=False, metric="profit", by_documents=True)
    lines: list[Line] = [("r2", 1.0, 1.0, "", True)]
    lines += [("r1", one, cost / len(money), "", True) for one in money]
    lines += [("r1", 99.0, 99.0, number, True) for _, number in documents]
    days = [DAY] * (1 + len(money)) + [date(2026, 5, day) for day, _ in documents]
    found = sold(assignment.transactions(columns(*lines, days=days), account))
    assert [one[1:] for one in found if one[0] == "Ann"] == [
        (date(2026, 5, day), *rest) for day, *rest in expected
    ]
    assert [one for one in found if one[0] == "Bob"] == [("Bob", DAY, 1.0, 1.0, f"Bob {DAY}")]
    # Documents are not counted as lines.
    assert account.quality() == Quality(1 + len(money), 1 + len(money))


def test_a_sum_without_documents_belongs_to_the_last_one() -> None:
    assignment = CustomerAssignment(DIRECTORY, by_key=False, metric="revenue", by_documents=True)
    first: list[Line] = [("r1", 5.0, 0.0, "", True), ("r1", 0.0, 0.0, "a", True),
                         ("r1", 0.0, 0.0, "b", True)]  # fmt: skip
    days = [DAY, date(2026, 5, 6), date(2026, 5, 7)]
    assignment.transactions(columns(*first, days=days), Account())
    later = columns(("r1", 2.0, 0.0, "", True), days=[date(2026, 6, 1)])
    assert sold(assignment.transactions(later, Account())) == [
        ("Ann", date(2026, 6, 1), 2.0, None, "b")
    ]
