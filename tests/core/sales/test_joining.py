"""Panels of parts, joined as they come, against one panel of all sales."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pytest

from abcxyz import Panel, Periods, Transactions
from abcxyz.core.sales.joining import join_panels
from abcxyz.core.sales.panel import aggregate

YEAR = Periods.parse("12M", date(2026, 11, 1), lookback="24M")
BEFORE = Periods.parse("12M", date(2025, 11, 1))


def panel_of(sales: Transactions, metric: str) -> Panel:
    return aggregate([sales], YEAR, metric=metric, rhythm=True, earlier=BEFORE)


@pytest.mark.parametrize("metric", ["revenue", "count"])
def test_parts_give_the_panel_of_the_whole(metric: str) -> None:
    """Whole numbers stay whole, gaps and the year before find their customers, some have none."""
    rng = np.random.default_rng(5)
    n, rows = 900, 70
    customer = rng.integers(0, 60, n) + 5  # the first and the last numbers have no sales
    day = np.datetime64("2024-11-01") + rng.integers(0, 730, n)
    sales = Transactions(customer, day, rng.integers(1, 90, n))
    whole = panel_of(sales, metric)

    made: list[Panel] = []

    def parts() -> Iterator[Panel]:
        for part in range(4):
            made.append(panel_of(sales.take(customer % 4 == part), metric))
            yield made[-1]

    joined = join_panels(parts(), rows)
    assert joined == whole
    assert joined.sales.dtype == whole.sales.dtype
    assert joined.earlier is not None
    assert whole.earlier is not None
    assert joined.earlier == whole.earlier
    assert {one.value.dtype.kind for one in made} >= {"i"}


@pytest.mark.parametrize(("longest", "kind"), [(65_535, np.uint16), (65_536, np.int32)])
def test_gaps_take_two_bytes_where_they_fit(longest: int, kind: type[np.generic]) -> None:
    """The joined gaps are as those of the whole, also beyond what two bytes hold."""
    first = np.datetime64("1830-01-01")
    steps = np.array([30_000, 1, 30_000, 2, longest])
    day = first + np.concatenate([[0], np.cumsum(steps)]).astype("m8[D]")
    customer = np.repeat([2, 0, 1], len(day))
    sales = Transactions(customer, np.tile(day, 3), np.ones(len(customer)))
    until = day[-1].item() + timedelta(days=1)
    periods = Periods.parse("2M", until, lookback="500Y")
    whole = aggregate([sales], periods, rhythm=True)
    parts = (aggregate([sales.take(customer == who)], periods, rhythm=True) for who in (1, 0, 2))
    found = join_panels(parts, 3).rhythm
    assert found is not None
    assert found == whole.rhythm
    assert found.gaps.dtype == kind
    expected = [steps.mean(), np.quantile(steps, 0.9), longest]
    for column, one in zip(
        (found.means(), found.quantiles(), found.longest()), expected, strict=True
    ):
        np.testing.assert_allclose(column, one, rtol=1e-15)
    assert found.pooled_quantiles(np.zeros(3, np.int8)) == {0: np.quantile(np.tile(steps, 3), 0.9)}


def test_whole_numbers_join_those_with_gaps() -> None:
    """A part whose customers all bought in the window has whole numbers, and another has not."""
    late = Transactions([3], [date(2026, 5, 1)], [7])
    early = Transactions([0], [date(2025, 5, 1)], [9])
    for first, second in ((late, early), (early, late)):
        joined = join_panels((panel_of(one, "revenue") for one in (first, second)), 4)
        assert joined.customers.tolist() == [0, 3]
        np.testing.assert_array_equal(joined.value, [np.nan, 7])
        assert joined.orders.tolist() == [0, 1]


def test_nothing_to_join_is_an_error() -> None:
    with pytest.raises(ValueError, match="no panel"):
        join_panels(iter(()), 3)
