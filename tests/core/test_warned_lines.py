"""Warnings point at the line of the caller, as people look for it there."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import date

import numpy as np
import pytest

from abcxyz import Periods, Settings, Transactions, analyze, classify_xyz, compare
from abcxyz.core.classes.meaningless import warn_of_xyz
from abcxyz.core.dynamics.backfill import backfill
from abcxyz.core.landmarks.features import attribute_columns
from abcxyz.core.sales.coverage import check_coverage

AS_OF = date(2026, 11, 1)
YEAR = Periods.parse("12M", AS_OF)


def sold(*days: date) -> Transactions:
    return Transactions(["a"] * len(days), list(days), [5.0] * len(days))


def crowd() -> object:
    return classify_xyz(np.tile([5.0, 5.0, 5.0], (20, 1)))


def old_file() -> object:
    return analyze(sold(date(2026, 1, 5)), as_of=AS_OF)


def unsteady() -> object:
    names = [f"c{i}" for i in range(12)]
    days = [date(2026, 10 - i // 6, 1 + i) for i in range(12)]
    sales = Transactions(names * 2, days * 2, [float(i * i) for i in range(24)])
    return analyze(sales, as_of=AS_OF, settings=Settings(period="12M"))


def overlap() -> object:
    before, after = (
        analyze(sold(date(2026, 9, 5)), as_of=day, settings=Settings(period="6M")).snapshot
        for day in (date(2026, 10, 1), AS_OF)
    )
    return compare(before, after)


def late_beginning() -> object:
    return backfill(sold(date(2026, 9, 5), date(2026, 10, 5)), since="2026-10-01", as_of=AS_OF)


def early_end() -> object:
    sales = sold(date(2026, 7, 5), date(2026, 8, 5))
    return backfill(sales, since="2026-08-01", as_of=AS_OF, settings=Settings(period="1M"))


def unknown_attribute() -> object:
    return attribute_columns(["a"], {"a": {"staff": 1}}, ["region"])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (crowd, "of the customers are"),
        (old_file, "the last sale is of"),
        (unsteady, "class X includes"),
        (overlap, "share days"),
        (late_beginning, "the sales begin on"),
        (early_end, "the sales end on"),
        (unknown_attribute, "no customer has the attribute"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_public_function_warns_at_the_line_that_calls_it(
    call: Callable[[], object], words: str
) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        call()
    places = [(one.filename, one.lineno) for one in told if words in str(one.message)]
    lines = [line for *_, line in call.__code__.co_lines() if line is not None]
    assert places
    for file, line in places:
        assert file == __file__
        assert min(lines) < line <= max(lines)


@pytest.mark.parametrize(
    ("counts", "cut", "words"),
    [
        ([5, 2, 2], 1.5, []),
        ([9, 0, 0], 1.5, []),
        ([5, 3, 2], 1.5, ["class X includes coefficients of variation up to 150%"]),
        ([5, 3, 2], 1.0, []),
        ([0, 8, 3], 1.5, []),
        ([0, 9, 1], 0.5, []),
        ([0, 10, 1], 0.5, ["91% of the customers are Y"]),
        ([10, 1, 0], 1.5, ["91% of the customers are X", "class X includes"]),
    ],
)
def test_classes_of_ten_or_more_customers_are_judged(
    counts: list[int], cut: float, words: list[str]
) -> None:
    """Crowded is more than nine of ten, and unsteady a class X above 100 %."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        warn_of_xyz(counts, cut)
    assert [str(one.message).startswith(each) for one, each in zip(told, words, strict=True)] == (
        [True] * len(words)
    )


def from_one_pass() -> None:
    warn_of_xyz([20, 0, 0], 1.5)


def from_a_panel() -> None:
    check_coverage(YEAR, first=None, last=date(2026, 1, 5), inside=True)


def without_sales() -> None:
    check_coverage(YEAR, first=None, last=None, inside=False)


def begun_late() -> None:
    check_coverage(YEAR, first=date(2026, 8, 1), last=None, inside=True)


@pytest.mark.parametrize("call", [from_one_pass, from_a_panel, without_sales, begun_late])
def test_a_check_warns_at_the_line_that_called_its_caller(call: Callable[[], None]) -> None:
    def user() -> None:
        call()

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        user()
    lines = [(one.filename, one.lineno) for one in told]
    assert lines == [(__file__, user.__code__.co_firstlineno + 1)] * len(lines) != []
    with warnings.catch_warnings(record=True) as deeper:
        warnings.simplefilter("always")
        check_coverage(YEAR, first=None, last=None, inside=False, stacklevel=1)
    assert [one.filename for one in deeper] == [__file__]
