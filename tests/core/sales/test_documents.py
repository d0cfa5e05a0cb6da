"""Documents whose lines come in several batches, and customers that move to other rows."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from abcxyz import Periods, Transactions, aggregate
from abcxyz.core.sales.documents import Documents

YEAR = Periods.parse("2M", date(2026, 3, 1))
JANUARY, FEBRUARY = date(2026, 1, 5), date(2026, 2, 5)


def counted(
    documents: Documents, rows: int, buckets: int = 2
) -> tuple[list[int], list[list[int]], list[int]]:
    """Return sales documents of every row: in the window, by bucket, and in the window again."""
    orders, grid = np.zeros(rows, np.int64), np.zeros((rows, buckets), np.int64)
    value = np.zeros(rows, np.int64)
    documents.close(orders, grid, value)
    return orders.tolist(), grid.tolist(), value.tolist()


def lines(documents: Documents, rows: list[tuple[int, object, int, float]]) -> None:
    code, number, place, amount = zip(*rows, strict=True)
    documents.add(
        np.array(code),
        np.array(number, dtype=object) if isinstance(number[0], str) else np.array(number),
        np.array(place),
        np.array(amount),
    )


@pytest.mark.parametrize("names", [(7, 8), ("x", "y")])
def test_rows_that_move_keep_their_documents(names: tuple[object, object]) -> None:
    """Lines before and after a shift are of one document."""
    documents = Documents(np.array([0, 0, 1, 1]), (0, 4))
    one, other = names
    lines(documents, [(0, one, 1, 5.0), (1, other, 2, 6.0), (1, one, 1, 1.0)])
    documents.shift(3)
    lines(documents, [(3, one, 1, -9.0), (0, one, 3, 2.0), (4, other, 2, -6.0)])
    orders, grid, value = counted(documents, 6)
    # That of row 3 is a return; that of row 4 cancels out, which is a sale of nothing.
    assert orders == value == [1, 0, 0, 0, 2, 0]
    assert grid == [[0, 1], [0, 0], [0, 0], [0, 0], [1, 1], [0, 0]]


@pytest.mark.parametrize("spans_days", [False, True])
def test_a_document_of_several_days(spans_days: bool) -> None:
    """It is one on its first day, or one of each day."""
    documents = Documents(np.array([0, 0, 1, 1]), (0, 4), spans_days=spans_days)
    lines(documents, [(0, 7, 3, 4.0), (0, 7, 1, -3.0), (0, 8, 2, 0.0)])
    orders, grid, _ = counted(documents, 1)
    assert (orders, grid) == (([2], [[1, 1]]) if spans_days else ([2], [[0, 2]]))


def test_documents_at_the_edges_of_window_and_span() -> None:
    """The first and the last day of each count, and the days beside them do not."""
    documents = Documents(np.array([0, 0, 1, 1]), (1, 3))
    lines(documents, [(0, n, place, 1.0) for n, place in enumerate((-1, 0, 1, 2, 3, 4))])
    assert counted(documents, 1) == ([2], [[2, 2]], [2])


def test_what_is_no_whole_number_of_64_bits_is_told_apart() -> None:
    """Text and large numbers get numbers of their own, small ones stay."""
    documents = Documents(np.zeros(2, int), (0, 2))
    least, most = -(2**63), 2**63 - 1
    wanted = np.array(["x", 5, most, 2**63, "x", "5", least + 9, True], dtype=object)
    found = documents.numbers(wanted).tolist()
    assert found[1:3] == [5, most]
    assert found[4] == found[0]
    assert found[6] == least + 9
    assert found[7] == 1
    assert len({*found}) == 7
    assert documents.numbers(np.array([3, 4], np.uint8)).dtype == np.int64


@pytest.mark.parametrize("metric", ["count", "revenue"])
def test_a_line_of_zero_is_a_sale(metric: str) -> None:
    """And one below zero is none, but a line all the same."""
    day = [JANUARY, JANUARY, FEBRUARY, FEBRUARY]
    sales = Transactions([1, 1, 1, 2], day, [0.0, -2.0, 5.0, -1.0])
    panel = aggregate([sales], YEAR, metric=metric)
    rows = {
        "count": ([2, 0], [[1, 1], [0, 0]]),
        "revenue": ([3.0, -1.0], [[-2.0, 5.0], [0.0, -1.0]]),
    }
    assert (panel.value.tolist(), panel.sales.tolist()) == rows[metric]


def test_customers_with_smaller_numbers_later() -> None:
    """Documents go with the customer, also where all rows move."""
    batches = [
        Transactions([9000, 9001], [JANUARY] * 2, [5.0, 6.0], document=[7, 7]),
        Transactions([1, 9000], [FEBRUARY, JANUARY], [4.0, -9.0], document=[7, 7]),
    ]
    panel = aggregate(iter(batches), YEAR, metric="count")
    assert dict(zip(panel.customers.tolist(), panel.sales.tolist(), strict=True)) == {
        1: [0, 1], 9000: [0, 0], 9001: [1, 0],
    }  # fmt: skip
    assert panel.orders.tolist() == [1, 0, 1]
