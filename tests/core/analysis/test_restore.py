"""Analysis of a stored snapshot, and the columns of lists."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from attrs import evolve

from abcxyz import Analysis, InputError, Settings, Transactions, analyze
from abcxyz.core.analysis.customer_columns import (
    by_value,
    customer_columns,
    finite,
    known_or_none,
    rounded,
)
from abcxyz.core.analysis.restore import restored_analysis

SETTINGS = Settings(period="3M")


def made() -> Analysis:
    days = [date(2026, month, 5) for month in (1, 2, 3)]
    names = ["b", "a", "c", "d"]
    money = [[50.0] * 3, [400.0, 0.0, 900.0], [1.0, 2.0, 0.0], [-5.0, 0.0, 0.0]]
    rows = [
        (who, day, one) for who, own in zip(names, money, strict=True)
        for day, one in zip(days, own, strict=True) if one
    ]  # fmt: skip
    sales = Transactions(*map(list, zip(*rows, strict=True)))
    before = analyze(sales, as_of=date(2026, 3, 1), settings=SETTINGS).snapshot
    return analyze(sales, as_of=date(2026, 4, 1), settings=SETTINGS, previous=before)


def test_the_analysis_of_a_snapshot_is_made_again() -> None:
    was = made()
    again = restored_analysis(
        was.snapshot, was.panel, previous=was.previous, names={"a": "Ann"},
        attributes={"a": {"owner": "eve"}},
    )  # fmt: skip
    for name in ("snapshot", "abc", "xyz", "matrix", "transitions", "previous"):
        assert getattr(again, name) == getattr(was, name)
    assert (again.names, again.attributes) == ({"a": "Ann"}, {"a": {"owner": "eve"}})
    assert (again.calls, list(again.alerts)) == (None, [])
    assert again.actions is not None
    assert np.isnan(again.actions.silence.usual).all()
    # Until the end of March; of returns alone nothing is known.
    np.testing.assert_array_equal(again.actions.silence.days, [26, 26, 54, math.nan])
    plain = restored_analysis(was.snapshot, was.panel)
    assert (plain.previous, plain.transitions, dict(plain.names)) == (None, None, {})


def test_sales_that_make_other_classes_are_refused() -> None:
    was = made()
    money = was.panel.value.copy()
    money[was.snapshot.positions["a"]] = 0.5
    with pytest.raises(InputError, match=r"the sales of 2026-03-31 in the history make other"):
        restored_analysis(was.snapshot, evolve(was.panel, value=money))


def test_customers_stand_by_their_value() -> None:
    was = made()
    order = by_value(was)
    names = was.snapshot.customers[order].tolist()
    assert names == ["a", "b", "c", "d"]
    columns = customer_columns(was, order)
    assert columns.customer == names
    assert columns.value.tolist() == [1300.0, 150.0, 3.0, -5.0]
    assert columns.share.tolist()[:3] == pytest.approx([1300 / 1453, 150 / 1453, 3 / 1453])
    assert columns.cumulative_share.tolist()[:3] == pytest.approx([1300 / 1453, 1450 / 1453, 1])
    assert columns.segment.tolist()[:2] == ["AZ", "BX"]
    assert columns.segment[1:2].tolist() == ["BX"]
    assert [columns.abc.tolist()[0], columns.xyz.tolist()[1]] == ["A", "X"]
    assert len(columns.abc) == 4
    assert columns.orders.tolist() == [2, 3, 2, 0]
    assert columns.first_day.astype(str).tolist()[:2] == ["2026-01-05", "2026-01-05"]
    assert columns.last_day.astype(str).tolist()[:3] == ["2026-03-05", "2026-03-05", "2026-02-05"]
    assert math.isnan(columns.cv[3])


def test_numbers_have_15_digits() -> None:
    numbers = [
        0.1 + 0.2,
        9061220.680000002,
        1e-7 / 3,
        1e-6 / 3,
        2e15 + 0.25,
        0.0,
        -0.1 - 0.2,
        123456789012345.75,
    ]
    found = rounded(np.array(numbers)).tolist()
    assert found == [
        0.3,
        9061220.68,
        1e-7 / 3,
        3.33333333333333e-7,
        2e15 + 0.25,
        0.0,
        -0.3,
        123456789012346.0,
    ]
    assert known_or_none(finite(np.array([math.inf, 0.1 + 0.2, math.nan]))) == [None, 0.3, None]
