"""Lines of sales and their sums, account and customers: the whole of what comes out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import attrs
import numpy as np
import pytest

from abcxyz import Quality, QualityIssue, Transactions
from abcxyz.errors import BadDataError
from abcxyz_onec.catalogs.customers import OTHER, Directory
from abcxyz_onec.sales.account import HIDDEN_SALES, KINDS, REASONS, UNKNOWN_ORDERS, Account
from abcxyz_onec.sales.customer_assignment import CustomerAssignment
from abcxyz_onec.sales.lines import (
    REFERENCE,
    Line,
    LineColumns,
    Party,
    Sums,
    join_columns,
    sum_lines,
)

A, B, C = ("0d4a79cb-9843-4147-bcd9-80ac3ca2b9c7", "b" * 36, "c" * 36)
ZERO = "00000000-0000-0000-0000-000000000000"
FIRST, SECOND, THIRD = (date(2026, 1, day) for day in (5, 6, 7))
NO_SALE = -5e-324


def line(
    token: str, day: date, revenue: float, document: str = "", cost: float = 0, sale: bool = True
) -> Line:
    return token, day, Decimal(str(revenue)), Decimal(str(cost)), document, sale


def columns(*lines: Line) -> LineColumns:
    """Return lines as columns, without sums."""
    return LineColumns(
        np.array([one[0] for one in lines], dtype=np.str_),
        np.array([one[1] for one in lines], dtype="M8[D]"),
        np.array([float(one[2]) for one in lines]),
        np.array([float(one[3]) for one in lines]),
        np.array([one[4] for one in lines], dtype=np.str_),
        np.array([one[5] for one in lines], dtype=bool),
    )


def rows(made: LineColumns) -> list[tuple[Any, ...]]:
    return list(zip(*(one.tolist() for one in made.arrays().values()), strict=True))


def sales(made: Transactions) -> list[tuple[Any, ...]]:
    """Return customer, day, amount, cost and document; None for columns that are missing."""
    n = len(made)
    cost = [None] * n if made.cost is None else made.cost.tolist()
    document = [None] * n if made.document is None else made.document.tolist()
    known = made.customer.tolist(), made.day.tolist(), made.amount.tolist(), cost, document
    return list(zip(*known, strict=True))


def test_the_field_of_a_customer() -> None:
    """A plain reference, and a composite field with the type of its value."""
    plain, mixed = Party("Партнер_Key"), Party("Клиент", "StandardODATA.Catalog_Контрагенты")
    assert (("Партнер_Key",), ("Клиент", "Клиент_Type")) == (plain.fields, mixed.fields)
    assert A == plain.token({"Партнер_Key": A.upper()})
    typed = {"Клиент": A, "Клиент_Type": mixed.kind}
    assert A == mixed.token(typed)
    assert OTHER == mixed.token({**typed, "Клиент_Type": "StandardODATA.Catalog_Организации"})
    assert OTHER == mixed.token({"Клиент": A})
    for nothing in ({}, {"Клиент": ZERO, "Клиент_Type": "x"}, {"Клиент": None}):
        assert "" == mixed.token(nothing) == plain.token(nothing)
    assert [True, False, False] == [plain.names(token) for token in (A, "", OTHER)]
    assert f"Партнер_Key eq guid'{A}'" == plain.equals(A)
    assert f"Клиент eq cast(guid'{A}','Catalog_Контрагенты')" == mixed.equals(A)


def test_sums_wait_for_the_next_page() -> None:
    """Of the last day of each page; every sum is exact and stands where it began."""
    sums = Sums(lambda page: page)  # type: ignore[arg-type,return-value]
    pages: tuple[list[Line], ...] = (
        [line(A, FIRST, 0.1, "d1", 0.3), line(A, FIRST, 0.2, "d1", 0.4, sale=False),
         line(A, FIRST, 1, "d2"), line(B, FIRST, 5, "d1"), line(A, SECOND, 7, "d3", sale=False)],
        [line(A, SECOND, -0.5, "d3", 2)],
        [line(A, THIRD, 1, "d3"), line(A, SECOND, 1, "d4")],
        [],
    )  # fmt: skip
    results = [rows(sums.add(page)) for page in pages]  # type: ignore[arg-type]
    first = [
        (A, FIRST, 0.3, 0.7, "d1", False),
        (A, FIRST, 1.0, 0.0, "d2", True),
        (B, FIRST, 5.0, 0.0, "d1", True),
    ]
    second = [(A, SECOND, 6.5, 2.0, "d3", True), (A, SECOND, 1.0, 0.0, "d4", True)]
    assert [first, [], second, []] == results
    assert [(A, THIRD, 1.0, 0.0, "d3", True)] == rows(sums.close())
    assert [] == rows(sums.close())


def test_columns_are_joined_and_packed() -> None:
    made = sum_lines([line(A, SECOND, 2, "d"), line(B, FIRST, 1), line(A, SECOND, 3, "d")])
    assert [(B, FIRST, 1.0, 0.0, "", True), (A, SECOND, 5.0, 0.0, "d", True)] == rows(made)
    assert 2 == len(made)
    both = join_columns([made, sum_lines([line(C, FIRST, 9)]), made])
    assert [*rows(made), (C, FIRST, 9.0, 0.0, "", True), *rows(made)] == rows(both)
    packed = made.packed()
    assert ("S", "S") == (packed.token.dtype.kind, packed.document.dtype.kind)
    assert rows(made) == rows(packed.unpacked())
    kinds = ["U", "M", "f", "f", "U", "b"]
    assert kinds == [one.dtype.kind for one in packed.unpacked().arrays().values()]
    assert kinds == [one.dtype.kind for one in sum_lines([]).arrays().values()]
    with pytest.raises(BadDataError) as told:
        columns(line("Ж", FIRST, 1)).packed()
    assert str(told.value) == (
        "1C sent text where a reference belongs; check the field's name in the profile"
    )


def test_the_account_adds_up() -> None:
    """Every counter, in the order of the reasons and of the problems of identifiers."""
    account = Account()
    assert Quality(0, 0, ()) == account.quality()
    account.rows(10, 7)
    account.rows(5, 4)
    for reason, count, money in (("unknown", 2, 1.5), ("empty", 1, 3.0), ("unknown", 1, -0.5)):
        account.left_out(reason, count, money)
    known = {A: ("shared", "absent"), B: ("absent",), C: ("several",)}
    account.note_ids(known, {A, B, "x"})
    account.note_sums(3)
    account.note_sums(4)
    account.note_hidden(2)
    issues = (
        QualityIssue(REASONS["empty"], 1, 3.0, "left_out"),
        QualityIssue(REASONS["unknown"], 3, 1.0, "left_out"),
        QualityIssue(KINDS["absent"], 2, None, "kept"),
        QualityIssue(KINDS["shared"], 1, None, "kept"),
        QualityIssue(UNKNOWN_ORDERS, 7, None, "kept"),
        QualityIssue(HIDDEN_SALES, 2, None, "left_out"),
    )
    assert Quality(15, 11, issues) == account.quality()
    account.note_ids(known, {C})
    account.note_hidden(0)
    left = (*issues[:2], QualityIssue(KINDS["several"], 1, None, "kept"), issues[4])
    assert Quality(15, 11, left) == account.quality()


DIRECTORY = Directory(
    entity="partner",
    catalog="Catalog_Партнеры",
    ids={A: "a", B: "b", C: "c"},
    names={},
    excluded={C: "deleted"},
    keys={"k1": A, "k2": OTHER, "k3": ""},
)


def test_lines_get_customers() -> None:
    """Every reason to leave a line out is counted with its money."""
    account = Account()
    made = CustomerAssignment(DIRECTORY, by_key=False, metric="profit")
    result = made.transactions(
        columns(
            line(A, SECOND, 2, "d2", 1), line("", FIRST, 3, "d3"), line(C, FIRST, 4, "d4"),
            line(OTHER, FIRST, 5, "d5"), line("x", FIRST, 6, "d6"), line("x", FIRST, -1, "d7"),
            line(B, FIRST, 7, "d8", 2), line(A, FIRST, -2.5, "d9", -1),
        ),
        account,
    )  # fmt: skip
    assert [("a", SECOND, 2.0, 1.0, "d2"), ("b", FIRST, 7.0, 2.0, "d8"),
            ("a", FIRST, -2.5, -1.0, "d9")] == sales(result)  # fmt: skip
    left = {"deleted": (1, 4.0), "empty": (1, 3.0), "other": (1, 5.0), "unknown": (2, 5.0)}
    assert Quality(8, 3, tuple(
        QualityIssue(REASONS[reason], *known, "left_out") for reason, known in left.items()
    )) == account.quality()  # fmt: skip
    assert {"", A, B, C, "x"} == made.customers
    nobody = Account()
    assert [] == sales(made.transactions(columns(line("", FIRST, 1, "d")), nobody))
    assert Quality(1, 0, (QualityIssue(REASONS["empty"], 1, 1.0, "left_out"),)) == nobody.quality()


def test_keys_get_customers() -> None:
    """A reference among keys is marked; a key may stand for nobody or be missing."""
    account = Account()
    made = CustomerAssignment(DIRECTORY, by_key=True, metric="revenue")
    result = made.transactions(
        columns(
            line("k1", FIRST, 1, "d1", 9), line(REFERENCE + B, FIRST, 2, "d2"),
            line("k2", FIRST, 3, "d3"), line("k3", FIRST, 4, "d4"), line("k9", FIRST, 5, "d5"),
            line("", FIRST, 6, "d6"), line(A, FIRST, 7, "d7"),
        ),
        account,
    )  # fmt: skip
    assert [("a", FIRST, 1.0, None, "d1"), ("b", FIRST, 2.0, None, "d2")] == sales(result)
    left = {"dangling": (2, 12.0), "empty": (2, 10.0), "other": (1, 3.0)}
    assert Quality(7, 2, tuple(
        QualityIssue(REASONS[reason], *known, "left_out") for reason, known in left.items()
    )) == account.quality()  # fmt: skip
    assert {"", A, OTHER} == made.customers


def test_what_1c_counts_as_a_sale() -> None:
    """Other documents join the last sale of their customer, also one of an earlier page."""
    account = Account()
    made = CustomerAssignment(DIRECTORY, by_key=False, metric="profit")
    first = columns(
        line(B, FIRST, 3, "b0", sale=False),  # no sale is known yet
        line(A, FIRST, 10, "a1", 4),
        line(A, FIRST, 2, "x1", 1, sale=False),
        line(A, FIRST, 0, "x2", 5, sale=False),  # cost alone
        line(A, SECOND, -3, "x3", sale=False),
        line(A, SECOND, 0, "a2"),  # a sale of nothing
    )
    assert [
        ("b", FIRST, 3.0, 0.0, "b0"),
        ("a", FIRST, 10.0, 4.0, "a1"),
        ("a", FIRST, 2.0, 1.0, "a1"),
        ("a", FIRST, NO_SALE, 5.0, "x2"),
        ("a", SECOND, -3.0, 0.0, "x3"),
        ("a", SECOND, 0.0, 0.0, "a2"),
    ] == sales(made.transactions(first, account))
    later = columns(line(A, THIRD, 1, "x4", sale=False), line(B, THIRD, 1, "b1"))
    assert [("a", THIRD, 1.0, 0.0, "a2"), ("b", THIRD, 1.0, 0.0, "b1")] == sales(
        made.transactions(later, account)
    )
    assert Quality(8, 8, ()) == account.quality()


def test_sums_without_documents_are_noted() -> None:
    account = Account()
    made = CustomerAssignment(DIRECTORY, by_key=False, metric="revenue")
    whole = columns(line(A, FIRST, 5), line(B, FIRST, 6), line("", FIRST, 1))
    assert [("a", FIRST, 5.0, None, None), ("b", FIRST, 6.0, None, None)] == sales(
        made.transactions(whole, account)
    )
    assert Quality(3, 2, (
        QualityIssue(REASONS["empty"], 1, 1.0, "left_out"),
        QualityIssue(UNKNOWN_ORDERS, 2, None, "kept"),
    )) == account.quality()  # fmt: skip


def test_sums_get_the_days_of_documents() -> None:
    """The first document carries the sum; a return, and cost alone, are no sales."""
    account = Account()
    made = CustomerAssignment(DIRECTORY, by_key=False, metric="profit", by_documents=True)

    def dated(*lines: Line) -> list[tuple[Any, ...]]:
        return sales(made.transactions(columns(*lines), account))

    assert [
        ("a", SECOND, 9.0, 4.0, "d1"),
        ("a", THIRD, 0.0, 0.0, "d2"),
        ("b", FIRST, -2.0, -1.0, f"b {FIRST}"),
        ("b", THIRD, 0.0, 0.0, "d4"),
    ] == dated(
        line(A, FIRST, 5, cost=1),
        line(A, THIRD, 0, "d2"),
        line(A, SECOND, 0, "d1"),
        line(A, FIRST, 4, cost=3),
        line(B, FIRST, -2, cost=-1),
        line(B, THIRD, 0, "d4"),
        line("", FIRST, 1),
        line("", FIRST, 0, "d9"),
    )
    # Without documents of their own: money joins the last one, or stands alone on the first day.
    other = attrs.evolve(DIRECTORY, excluded={})
    made = CustomerAssignment(other, by_key=False, metric="profit", by_documents=True)
    assert [("a", SECOND, 1.0, 0.0, "d1")] == dated(line(A, FIRST, 1), line(A, SECOND, 0, "d1"))
    assert [
        ("a", THIRD, 3.0, 0.0, "d1"),
        ("b", THIRD, 2.0, 0.0, f"b {THIRD}"),
        ("c", THIRD, NO_SALE, 7.0, f"c {THIRD}"),
    ] == dated(line(A, THIRD, 3), line(B, THIRD, 2), line(C, THIRD, 0, cost=7))
    assert [
        ("a", THIRD, 0.0, 0.0, "d1"),
        ("b", THIRD, 0.0, 0.0, f"b {THIRD}"),
    ] == dated(line(A, THIRD, 0), line(B, THIRD, 0), line(C, THIRD, 0, "d5"))
    assert [] == dated(line(C, THIRD, 0, "d5"))
    assert Quality(10, 9, (QualityIssue(REASONS["empty"], 1, 1.0, "left_out"),)) == (
        account.quality()
    )


def test_money_joins_the_last_of_several_documents() -> None:
    """Of the days before; a sum of nothing is a sale on the day of its document."""
    made = CustomerAssignment(DIRECTORY, by_key=False, metric="revenue", by_documents=True)

    def dated(*lines: Line) -> list[tuple[Any, ...]]:
        return sales(made.transactions(columns(*lines), Account()))

    assert dated(line(A, FIRST, 0), line(A, THIRD, 0, "d2"), line(A, SECOND, 0, "d1")) == [
        ("a", SECOND, 0.0, None, "d1"),
        ("a", THIRD, 0.0, None, "d2"),
    ]
    assert dated(line(A, THIRD, 4)) == [("a", THIRD, 4.0, None, "d2")]


def test_documents_are_known_of_all_lines_or_of_none() -> None:
    made = CustomerAssignment(DIRECTORY, by_key=False, metric="revenue")
    some = columns(line(A, FIRST, 5, "a1"), line(B, FIRST, 6))
    assert sales(made.transactions(some, Account())) == [
        ("a", FIRST, 5.0, None, None),
        ("b", FIRST, 6.0, None, None),
    ]
    every = columns(line(A, FIRST, 5, "a1"), line(B, FIRST, 6, "b1"))
    assert [one[-1] for one in sales(made.transactions(every, Account()))] == ["a1", "b1"]
