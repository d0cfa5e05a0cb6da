"""Sums of customers between days, by hand: sales, returns, costs and lines without money."""

from __future__ import annotations

import numpy as np
import pytest

from abcxyz.core.landmarks.orders.customer_sums import CustomerSums
from abcxyz.loops import route


@pytest.mark.parametrize("costs", [False, True])
@pytest.mark.parametrize("name", ["numpy", "numba"])
def test_sums_between_edges_by_hand(name: str, costs: bool) -> None:
    """Three spans of ten days; customers with a free line, a sale and a return, and with none."""
    if name == "numba":
        pytest.importorskip("numba")
    lines = [(0, 5, 0.0, 1.0), (1, 12, 30.0, 4.0), (1, 12, 6.0, 2.0), (1, 25, -8.0, -3.0),
             (3, 29, 0.0, 0.0), (3, 9, 7.0, 5.0)]  # fmt: skip
    code, day, amount, cost = (np.array(one) for one in zip(*lines, strict=True))
    with route(name):
        sums = CustomerSums((0, 10, 20, 30), costs=costs)
        sums.grow(4, 0)
        sums.add(code, 0, day, amount, cost if costs else None)
        closed = sums.close(np.ones(4, dtype=bool))
    lies = {(0, 10): [1, 0, 0, 1], (10, 20): [0, 1, 0, 0], (20, 30): [0, 1, 0, 1],
            (0, 30): [1, 1, 0, 1], (10, 30): [0, 1, 0, 1]}  # fmt: skip
    for (since, until), any_line in lies.items():
        assert closed.any_lines(since, until).tolist() == [bool(one) for one in any_line]
    assert closed.bought(0, 30).tolist() == [0, 36, 0, 7]
    assert closed.bought(0, 10).tolist() == [0, 0, 0, 7]
    assert closed.returned(10, 30).tolist() == [0, 8, 0, 0]
    spent = [-1, 28 - 3, 0, 7 - 5] if costs else [0, 28, 0, 7]
    assert closed.net(0, 30).tolist() == spent
    assert closed.ordered.tolist() == [False, True, False, True]
    assert closed.last_money[[1, 3]].tolist() == [36, 7]
    first, last = closed.days()
    assert (first[[1, 3]].tolist(), last[[1, 3]].tolist()) == ([12, 9], [12, 9])
    taken = closed.take(np.array([3, -1, 0]))
    assert taken.bought(0, 30).tolist() == [7, 0, 0]
    assert taken.any_lines(0, 10).tolist() == [True, False, True]
