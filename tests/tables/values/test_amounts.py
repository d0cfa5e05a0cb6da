"""Amounts: notations are decided per column, and every printed number is read back."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz.errors import InputError
from abcxyz.tables.values.amounts import amount_form, parse_amounts

CURRENCIES = ("", "₽", "руб.", "₸", "₴", "₹", "zł", "€", "$", "RUB", "kzt", "Br", "грн.")
NEGATIVES = ("-{}", "\u2212{}", "{}-", "({})", "- {}", "{} -")


def read(*cells: object, decimal: str | None = None) -> list[float]:
    """Read a column whose cells are all amounts."""
    amounts, unreadable = parse_amounts(cells, amount_form(cells, decimal=decimal))
    assert not unreadable.any(), [cell for cell, bad in zip(cells, unreadable, strict=True) if bad]
    return [float(amount) for amount in amounts]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["952,500", "2,010,000"], [952_500, 2_010_000]),
        (["952.500", "2.010.000", "-25.000"], [952_500, 2_010_000, -25_000]),
        (["1,234", "1234.5"], [1234, 1234.5]),
        (["1.234", "0,5"], [1234, 0.5]),
        (["1,234", "0,5"], [1.234, 0.5]),
        (["1.234", "12345.678"], [1.234, 12345.678]),
        (["1.234", "2,010,000"], [1.234, 2_010_000]),
        (["1,00,000", "12,34,567.50", "1,234"], [100_000, 1_234_567.5, 1234]),
        (["1 234,567", "9,525"], [1234.567, 9.525]),
        (["1'234.50", "1’234’567.25"], [1234.5, 1_234_567.25]),
        (["123,45-", "- 5 ₽", "($7.50)"], [-123.45, -5, -7.5]),
        (["1 234,50 ₸", "₴ 5", "7 zł", "8 EUR", "US$9"], [1234.5, 5, 7, 8, 9]),
        (["1,5E+06", "2e3"], [1_500_000, 2000]),
        ([".5", "5.", "+7"], [0.5, 5, 7]),
        ([5, 2.5, Decimal("1.25"), np.int64(3)], [5, 2.5, 1.25, 3]),
        (['="12,50"', "'7"], [12.5, 7]),
    ],
)
def test_notations(cells: list[object], expected: list[float]) -> None:
    """The cells of a column with one reading decide the others."""
    assert expected == read(*cells)


@pytest.mark.parametrize(
    "cells",
    [["1,234"], ["1.234"], ["12,345", "7"], ["1,234", "1.234"], ["1,234", "1,5", "1,234,567"]],
)
def test_an_open_decimal_mark_is_a_question(cells: list[str]) -> None:
    """What stays open is an error that names the option, and the option settles it."""
    with pytest.raises(InputError, match="--decimal"):
        amount_form(cells)
    with_comma, with_point = (amount_form(cells, decimal=mark).decimal for mark in ",.")
    assert (with_comma, with_point) == (",", ".")


def test_the_option_settles_the_decimal_mark() -> None:
    """The same cell is a thousand or a fraction, as the option says."""
    assert read("1,234", decimal=",") == [1.234]
    assert read("1,234", decimal=".") == [1234]
    assert read("1.234", decimal=",") == [1234]
    assert read("1.234", decimal=".") == [1.234]


@pytest.mark.parametrize(
    "cell",
    [
        *("1.2.3", "12 34", "1 2345", "1,23,4", "5 руб. 30 коп.", "5р.30", "12%", "--5", "-(5)"),
        *("1 234 тыс.", "1.234,567,890", "100 200 USD EUR GBP", "10:30", "0x10", True, "٣", "5/6"),
    ],
)
def test_what_is_no_amount(cell: object) -> None:
    """A cell that is no amount is unreadable, never a part of its digits."""
    amounts, unreadable = parse_amounts([cell, "1"], amount_form([cell, "1"]))

    assert np.isnan(amounts[0])
    assert unreadable.tolist() == [True, False]


@pytest.mark.parametrize("cell", ["", " ", "-", "—", "NULL", r"\N", "#N/A", "nan", "\u00a0", None])
def test_missing_amounts(cell: object) -> None:
    """A marker of a missing value is no unreadable cell."""
    amounts, unreadable = parse_amounts([cell], amount_form([cell]))

    assert np.isnan(amounts[0])
    assert not unreadable[0]


def printed(cents: int, decimals: int, notation: tuple[str, str], negative: str, mark: str) -> str:
    """Print a number slowly and plainly: groups of three digits, a decimal mark, a currency."""
    group, decimal = notation
    digits = str(abs(cents)).rjust(decimals + 1, "0")
    whole, fraction = digits[: len(digits) - decimals], digits[len(digits) - decimals :]
    groups: list[str] = []
    while whole:
        whole, last = whole[:-3], whole[-3:]
        groups.insert(0, last)
    text = group.join(groups) + (decimal + fraction if fraction else "")
    text = f"{text} {mark}".strip() if mark else text
    return negative.format(text) if cents < 0 else text


@given(
    st.lists(st.integers(-(10**11), 10**11), min_size=1, max_size=12),
    st.integers(0, 4),
    st.sampled_from(
        [(group, mark) for group in (*",. '\u00a0\u202f", "") for mark in ",." if group != mark]
    ),
    st.sampled_from(NEGATIVES),
    st.sampled_from(CURRENCIES),
)
def test_printed_numbers_are_read_back(
    cents: list[int], decimals: int, notation: tuple[str, str], negative: str, mark: str
) -> None:
    """A column printed in one notation is read exactly, or its decimal mark is a question."""
    cells = [printed(one, decimals, notation, negative, mark) for one in cents]
    expected = [float(Decimal(one).scaleb(-decimals)) for one in cents]

    assert read(*cells, decimal=notation[1]) == expected
    try:
        assert read(*cells) == expected
    except InputError as problem:
        assert "--decimal" in str(problem)  # noqa: PT017 - it may also be read


def test_two_decimal_marks_settle_nothing() -> None:
    """Where the column has both decimal marks, an open cell is asked about."""
    assert amount_form(["10,5", "10.5"]).decimal is None
    with pytest.raises(InputError, match="--decimal"):
        amount_form(["10,5", "10.5", "1.234"])
