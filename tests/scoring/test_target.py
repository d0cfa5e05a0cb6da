"""Outcomes of new customers within a year, and attributes known beforehand."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from abcxyz.core.classes.classify import classify_abc
from abcxyz.core.classes.rules import Shares, Tangent
from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.transactions import Transactions
from abcxyz.demo import demo_sales
from abcxyz.errors import InputError
from abcxyz.scoring.target import attributes_as_of, first_year_outcomes


def a_year_later(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


def slow(sales: Transactions, as_of: date) -> dict[str, bool]:
    """Reference: classify every month with plain dictionaries."""
    rows = list(
        zip(sales.customer.tolist(), sales.day.tolist(), sales.amount.tolist(), strict=True)
    )
    first: dict[str, date] = {}
    for customer, day, _ in rows:
        first[customer] = min(day, first.get(customer, day))
    reached = dict.fromkeys(first, False)
    ends = sorted({(day.replace(day=1) + timedelta(days=32)).replace(day=1) for _, day, _ in rows})
    month = min(ends)
    while month <= as_of.replace(day=1):
        start = month.replace(year=month.year - 1)
        money: dict[str, float] = {}
        for customer, day, amount in rows:
            if start <= day < month:
                money[customer] = money.get(customer, 0.0) + amount
        if money:
            codes = classify_abc(list(money.values()), Tangent()).codes
            for customer, code in zip(money, codes, strict=True):
                if code == 0 and month <= a_year_later(first[customer]):
                    reached[customer] = True
        month = (month + timedelta(days=32)).replace(day=1)
    return {name: reached[name] for name in reached if a_year_later(first[name]) <= as_of}


def test_equals_the_slow_reference() -> None:
    """Outcomes of synthetic sales equal the monthly reference."""
    sales = demo_sales(seed=3, customers=60).transactions
    as_of = date(2026, 11, 1)
    outcomes = first_year_outcomes(sales, as_of=as_of)
    expected = slow(sales, as_of)
    assert expected == dict(
        zip(outcomes.customers.tolist(), outcomes.reached.tolist(), strict=True)
    )
    assert 0 < outcomes.reached.sum() < len(outcomes)
    assert outcomes.immature == len(set(sales.customer.tolist())) - len(outcomes)


def test_only_whole_years_count() -> None:
    """A year that ends on the last day of the data is complete, a day later not."""
    days = [date(2024, 2, 29), date(2024, 3, 1), date(2024, 3, 2)]
    sales = Transactions(["leap", "whole", "short"], days, [5.0, 5.0, 5.0])
    outcomes = first_year_outcomes(sales, as_of=date(2025, 3, 1), rule=Shares())
    assert outcomes.customers.tolist() == ["leap", "whole"]
    assert outcomes.immature == 1


def test_a_leap_day_is_followed_by_a_shorter_year() -> None:
    """The year from 29 February ends on 28 February."""
    sales = Transactions(["leap"], [date(2024, 2, 29)], [5.0])
    assert len(first_year_outcomes(sales, as_of=date(2025, 2, 28))) == 1
    with pytest.raises(InputError, match="no customer had 12 months"):
        first_year_outcomes(sales, as_of=date(2025, 2, 27))


def test_long_gone_giants_do_not_raise_the_bar() -> None:
    """Classes use the last twelve months, not all sales."""
    days = [date(2020, 1, 10), date(2023, 1, 10), date(2023, 1, 10)]
    sales = Transactions(["giant", "large", "small"], days, [1e9, 100.0, 1.0])
    outcomes = first_year_outcomes(sales, as_of=date(2024, 6, 1))
    reached = dict(zip(outcomes.customers.tolist(), outcomes.reached.tolist(), strict=True))
    assert reached == {"giant": True, "large": True, "small": False}


def test_late_success_does_not_count() -> None:
    """Class A in the fourteenth month is not an outcome, nor is its money."""
    days = [date(2024, 1, 10), date(2025, 3, 5), *(date(2024, m, 1) for m in range(1, 13))]
    sales = Transactions(["late", "late"] + ["big"] * 12, days, [1.0, 1e6] + [100.0] * 12)
    outcomes = first_year_outcomes(sales, as_of=date(2025, 6, 1))
    reached = dict(zip(outcomes.customers.tolist(), outcomes.reached.tolist(), strict=True))
    assert reached == {"late": False, "big": True}
    assert outcomes.revenue.tolist() == [1200.0, 1.0]


def test_nothing_after_the_end_is_looked_at() -> None:
    """Sales from as_of on change nothing."""
    sales = demo_sales(seed=3, customers=60).transactions
    as_of = date(2026, 5, 1)
    whole = first_year_outcomes(sales, as_of=as_of)
    part = first_year_outcomes(sales.within(Window(date(2000, 1, 1), as_of)), as_of=as_of)
    assert whole.customers.tolist() == part.customers.tolist()
    assert whole.reached.tolist() == part.reached.tolist()


def test_old_customers_can_be_left_out() -> None:
    """Customers with sales before *since* are not new."""
    sales = Transactions(["old", "new"], [date(2024, 1, 1), date(2024, 3, 1)], [1.0, 1.0])
    outcomes = first_year_outcomes(sales, as_of=date(2025, 6, 1), since=date(2024, 2, 1))
    assert (outcomes.customers.tolist(), outcomes.older) == (["new"], 1)
    with pytest.raises(InputError, match="no customer had 24 months"):
        first_year_outcomes(sales, as_of=date(2025, 6, 1), months=24)
    with pytest.raises(InputError, match="no sales before 2020"):
        first_year_outcomes(sales, as_of=date(2020, 6, 1))
    with pytest.raises(InputError, match="months is 0"):
        first_year_outcomes(sales, as_of=date(2025, 6, 1), months=0)


def test_attributes_as_of_the_day() -> None:
    """The newest row not later than the day counts."""
    table = {"staff": [10, 20, 30, 7], "city": ["x", "y", "z", "w"]}
    known = [date(2024, 1, 1), date(2024, 6, 1), date(2024, 3, 1), date(2024, 1, 1)]
    days = np.array(["2024-05-01", "2023-12-31", "2024-01-01"], dtype="M8[D]")
    result = attributes_as_of(table, [1, 1, 1, 2], known, np.array([1, 3, 2], dtype=object), days)
    assert result.columns["city"].tolist() == ["z", None, "w"]
    assert result.columns["staff"][0] == 30
    assert np.isnan(result.columns["staff"][1])
    with pytest.raises(InputError, match="4 rows of attributes and 1 day "):
        attributes_as_of(table, [1, 1, 1, 2], known[:1], np.array([1]), days[:1])
