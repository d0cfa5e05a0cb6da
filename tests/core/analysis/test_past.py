"""Totals of classes over time, hours by class, and the money that followed calls."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from abcxyz import Analysis, Settings, TimeSpent, Transactions, analyze
from abcxyz.core.advice.calls import Call
from abcxyz.core.analysis.past import (
    PastClasses,
    PastResult,
    hours_by_class,
    money_after,
    result_of,
)
from abcxyz.core.analysis.series import class_series, owner_totals, segment_counts
from abcxyz.core.landmarks.horizon import LONGEST_HORIZON

MONTHS = [date(2026, month, 10) for month in range(1, 7)]
AS_OF = date(2026, 7, 1)


def made(period: str = "6M", **options: Any) -> Analysis:
    """Customers a of class A, b of B, and 3 and d of C; d returned more than it bought."""
    sums = {"a": 100.0, "b": 20.0, "3": 2.0}
    lines = [(who, day, money) for who, money in sums.items() for day in MONTHS]
    lines += [("d", MONTHS[-1], 1.0), ("d", MONTHS[-1], -5.0)]
    sales = Transactions(*map(list, zip(*lines, strict=True)))
    return analyze(sales, as_of=AS_OF, settings=Settings(period=period), **options)


def test_shares_of_the_classes() -> None:
    """Of what is positive in all; hours that are not known have none."""
    result = PastResult(
        dated=AS_OF, customers=(1, 1, 2), value=(80.0, 30.0, -10.0), hours=(1.0, 0.0, 3.0)
    )
    assert result.shares("customers") == (0.25, 0.25, 0.5)
    assert result.shares("value") == (0.8, 0.3, -0.1)
    assert result.shares("hours") == (0.25, 0.0, 0.75)
    assert (result.all_hours, result.all_value) == (4.0, 100.0)
    unknown = evolve(result, hours=None, value=(1.0, 0.0, -1.0))
    assert all(map(math.isnan, (*unknown.shares("hours"), *unknown.shares("value"))))
    assert (unknown.all_hours, unknown.all_value) == (0.0, 0.0)


def test_hours_go_to_the_class_of_today() -> None:
    """Rounded to hundredths; of nobody known they are none, and without records not known."""
    snapshot = made().snapshot
    assert snapshot.abc.tolist() == [0, 1, 2, 2]
    hours = [("a", 1.004), ("b", 0.004), ("b", 0.004), ("3", 2.0), ("d", 0.5), ("x", 9.0)]
    spent = [TimeSpent(customer=who, hours=one) for who, one in hours]
    assert hours_by_class(snapshot, spent) == (1.0, 0.01, 2.5)
    assert hours_by_class(snapshot, spent[-1:]) == (0.0, 0.0, 0.0)
    assert hours_by_class(snapshot, []) is None
    without = evolve(snapshot, abc=np.array([-1, 1, 2, 2], np.int8))
    assert hours_by_class(without, spent) == (0.0, 0.01, 2.5)


def test_totals_of_a_result() -> None:
    snapshot = made().snapshot
    hours = (1.0, 2.0, 3.0)
    assert result_of(snapshot, hours) == PastResult(
        dated=snapshot.dated, customers=(1, 1, 2), value=(600.0, 120.0, 8.0), hours=hours
    )
    odd = evolve(
        snapshot,
        value=np.array([math.nan, 120.0, 12.0, -4.0]),
        xyz=np.array([0, 0, -1, 0], np.int8),
    )
    assert result_of(odd) == PastResult(
        dated=snapshot.dated, customers=(1, 1, 1), value=(0.0, 120.0, -4.0)
    )


def test_where_a_segment_begins() -> None:
    past = PastClasses(dates=MONTHS[:3], codes=np.array([[0, 0, 1], [4, -1, 4], [2, 2, 2]]))
    customers, dates = past.changes()
    assert list(zip(customers.tolist(), dates.tolist(), strict=True)) == [
        *((0, 0), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0)),
    ]
    assert past.dates == tuple(MONTHS[:3])


#: A hundred a month from January to June, in the window of three months and the one before.
PANEL = made("3M").panel


@pytest.mark.parametrize(
    ("day", "calls", "money"),
    [
        # The bucket in which the call was is not whole, but one that begins the day after is.
        (date(2026, 5, 20), 1, 100.0),
        (date(2026, 4, 30), 1, 200.0),
        (date(2026, 5, 1), 1, 100.0),
        # Buckets of the window before count too.
        (date(2026, 3, 15), 1, 300.0),
        (date(2026, 2, 28), 1, 400.0),
        (date(2025, 12, 31), 1, 500.0),
        # Of a day before all that is known, and of the last bucket, nothing can be said.
        (date(2025, 12, 30), 0, 0.0),
        (date(2026, 6, 1), 0, 0.0),
        (date(2026, 5, 31), 1, 100.0),
    ],
)
def test_money_after_a_call(day: date, calls: int, money: float) -> None:
    assert money_after(PANEL, {"a": day}) == (calls, money)


def test_money_after_a_call_is_of_so_many_days() -> None:
    """Of the whole months that end within 180 days after the day of the call."""
    assert LONGEST_HORIZON == 180
    # 30 June is the 180th day after 1 January, and the 181st after the day before.
    assert money_after(PANEL, {"a": date(2026, 1, 1)}) == (1, 500.0)  # February to June
    assert money_after(PANEL, {"a": date(2025, 12, 31)}) == (1, 500.0)  # January to May


def test_money_after_calls_is_of_all_who_were_called() -> None:
    """By the text of the identifier; who is not known counts as a call without money."""
    day = date(2026, 5, 20)
    assert money_after(PANEL, {"a": day, "3": day, "x": day}) == (3, 102.0)
    assert money_after(PANEL, {"d": day}) == (1, -4.0)
    assert money_after(PANEL, {}) == (0, 0.0)


def test_value_by_bucket_and_class() -> None:
    series = class_series(made("3M"))
    assert series.total.tolist() == [122.0, 122.0, 118.0]
    assert series.classes.tolist() == [[100.0] * 3, [20.0] * 3, [2.0, 2.0, -2.0]]
    assert series.before.tolist() == [122.0, 122.0, 122.0]
    assert segment_counts(made().snapshot) == [1, 0, 0, 1, 0, 0, 1, 0, 1]


def test_totals_of_owners() -> None:
    """Customers with both classes, by money; who has no owner is in none."""
    analysis = made("3M")
    rows = owner_totals(analysis, ["eve", "bob", "", "eve"])
    assert [(one.owner, one.customers, one.value, one.calls) for one in rows] == [
        ("eve", 2, 296.0, 0),
        ("bob", 1, 60.0, 0),
    ]
    assert [one.in_question for one in rows] == [0.0, 0.0]
    assert owner_totals(analysis, [""] * 4) == []
    (one, *_) = rows
    assert evolve(one, value=120.0, before=100.0).growth == pytest.approx(0.2)
    assert math.isnan(evolve(one, before=0.0).growth)
    assert math.isnan(evolve(one, before=math.nan).growth)


def test_small_totals_have_shares_too() -> None:
    """A quarter of an hour, and half a ruble."""
    small = PastResult(
        dated=AS_OF, customers=(0, 1, 0), value=(0.25, 0.125, 0.125), hours=(0.0, 0.0, 0.25)
    )
    assert small.shares("value") == (0.5, 0.25, 0.25)
    assert small.shares("hours") == (0.0, 0.0, 1.0)
    assert small.shares("customers") == (0.0, 1.0, 0.0)
    empty = evolve(small, customers=(0, 0, 0), value=(-1.0, 0.0, 0.0))
    assert all(map(math.isnan, (*empty.shares("customers"), *empty.shares("value"))))


def test_who_has_no_class_is_in_no_segment() -> None:
    snapshot = made().snapshot
    gone = evolve(snapshot, abc=np.array([-1, 1, 2, 2], np.int8))
    assert segment_counts(gone) == [0, 0, 0, 1, 0, 0, 1, 0, 1]


def test_totals_of_owners_by_money_in_question() -> None:
    """Calls whose money is not known count as calls alone; growth of any small sum."""
    analysis = made("3M")
    assert analysis.calls is not None
    known = Call(
        customer="b", segment="BX", last_day=MONTHS[0], days=5, usual=3.0, longest=4.0, money=7.5,
        owner="Bob",
    )  # fmt: skip
    other = evolve(known, customer="a", owner="Ann", money=2.0)
    calls = [known, evolve(known, money=math.nan), other]
    asked = evolve(analysis, calls=evolve(analysis.calls, calls=tuple(calls)))
    owners = ["Ann" if who == "a" else "Bob" for who in analysis.snapshot.customers]
    bob, ann = owner_totals(asked, owners)
    assert (bob.owner, bob.calls, bob.in_question) == ("Bob", 2, 7.5)
    assert (ann.owner, ann.calls, ann.in_question) == ("Ann", 1, 2.0)
    assert evolve(ann, value=0.75, before=0.5).growth == 0.5
    assert math.isnan(evolve(ann, value=0.75, before=0.0).growth)
