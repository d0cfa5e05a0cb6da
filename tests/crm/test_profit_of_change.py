"""Profit of a change: four business cases, exactly, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz.crm.profit import ChangeLine, profit_of_change
from abcxyz.errors import InputError


def line(name: str, n: tuple[int, int], r: tuple[Any, Any], **more: Any) -> ChangeLine:
    return ChangeLine(name, entered=n, rate=r, **more)


CASES = [
    # Measurements of air conditioners from 20 % to 35 %, every second one buys.
    (
        [
            line(
                "a",
                (100, 100),
                (Fraction(1, 5), Fraction(7, 20)),
                then=Fraction(1, 2),
                cheque=1000,
                margin=Fraction(3, 10),
            )
        ],
        [(15, Fraction(15, 2), 2250, 0, 2250)],
        2250,
    ),
    # Furniture: economy from 15 % to 20 %, premium from 40 % to 45 % with half as many leads more.
    (
        [
            line(
                "economy",
                (100, 100),
                (Fraction(3, 20), Fraction(1, 5)),
                cheque=2000,
                margin=Fraction(3, 10),
            ),
            line(
                "premium",
                (10, 15),
                (Fraction(2, 5), Fraction(9, 20)),
                cheque=8000,
                margin=Fraction(3, 10),
            ),
        ],
        [(5, 5, 3000, 0, 3000), (Fraction(11, 4), Fraction(11, 4), 6600, 5100, 1500)],
        9600,
    ),
    # Construction: 30 instead of 40 of 100 leave to competitors.
    (
        [
            line(
                "kept",
                (100, 100),
                (Fraction(3, 5), Fraction(7, 10)),
                cheque=50000,
                margin=Fraction(3, 20),
            )
        ],
        [(10, 10, 75000, 0, 75000)],
        75000,
    ),
    # The same, where two thirds of those kept also buy.
    (
        [
            line(
                "kept",
                (100, 100),
                (Fraction(3, 5), Fraction(7, 10)),
                then=Fraction(2, 3),
                cheque=50000,
                margin=Fraction(3, 20),
            )
        ],
        [(10, Fraction(20, 3), 50000, 0, 50000)],
        50000,
    ),
    # Security systems: 12 instead of 10 deals of one manager.
    (
        [line("manager", (10, 12), (1, 1), cheque=2000, margin=Fraction(2, 5))],
        [(2, 2, 1600, 1600, 0)],
        1600,
    ),
]


@pytest.mark.parametrize(("lines", "expected", "total"), CASES)
def test_business_cases(lines: list[ChangeLine], expected: list[Any], total: int) -> None:
    result = profit_of_change(lines, currency="USD", period="month")
    assert result.extra_profit == total
    for one, figures in zip(result.lines, expected, strict=True):
        got = (
            one.extra_reached,
            one.extra_sales,
            one.extra_profit,
            one.of_it_by_volume,
            one.of_it_by_rate,
        )
        assert got == figures


def test_the_change_of_the_whole_splits_into_rate_and_mix() -> None:
    conversion = profit_of_change(CASES[1][0]).conversion
    assert conversion is not None
    assert conversion.difference == Fraction(303, 5060)
    assert (conversion.rate_effect, conversion.mix_effect) == (Fraction(1, 20), Fraction(5, 506))


def test_decimals_stay_exact_and_costs_are_deducted() -> None:
    one = line(
        "a", (100, 100), (Decimal("0.20"), Decimal("0.35")), then=Decimal("0.5"), cheque=1000
    )
    assert profit_of_change([one], cost=Decimal("500.10")).extra_profit == Fraction(69999, 10)


def test_the_interval_goes_through_to_money() -> None:
    (one,) = profit_of_change(CASES[0][0]).lines
    assert round(one.profit_low, 6) == 391.679700
    assert round(one.profit_high, 6) == 4020.861218
    assert one.proven
    told = profit_of_change(CASES[1][0]).explain()
    assert "is not shown: economy, premium" in told
    assert "Costs of the change are not deducted." in told
    assert "Расходы" in profit_of_change(CASES[1][0]).explain("ru")


shares = st.fractions(0, 1)
counts = st.integers(0, 1000)


@given(counts, counts, shares, shares, shares, st.fractions(0, 1000), shares)
def test_volume_and_rate_add_up(
    n0: int,
    n1: int,
    r0: Fraction,
    r1: Fraction,
    then: Fraction,
    cheque: Fraction,
    margin: Fraction,
) -> None:
    one = ChangeLine("x", (n0, n1), (r0, r1), then=then, cheque=cheque, margin=margin)
    (result,) = profit_of_change([one]).lines
    assert result.of_it_by_volume + result.of_it_by_rate == result.extra_profit
    assert result.extra_profit == (n1 * r1 - n0 * r0) * then * cheque * margin


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"rate": (0.2, 35)}, r"write 35% as 0\.35"),
        ({"margin": 30}, r"so write 30% as 0\.30"),
        ({"entered": (-1, 5)}, "cannot be negative"),
        ({"entered": (5,)}, "two numbers, before and after"),
        ({"entered": (5, None)}, "give a number"),
        ({"cheque": float("nan")}, "give a finite number"),
        ({"cheque": True}, "give a number"),
    ],
)
def test_impossible_lines_are_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ChangeLine(**{"name": "x", "entered": (1, 1), "rate": (0.1, 0.2), **changed})


def test_currencies_do_not_mix() -> None:
    with pytest.raises(InputError, match="different currencies"):
        profit_of_change(
            [line("a", (1, 1), (0, 1), currency="USD"), line("b", (1, 1), (0, 1), currency="EUR")]
        )
    with pytest.raises(InputError, match="at least one"):
        profit_of_change([])
