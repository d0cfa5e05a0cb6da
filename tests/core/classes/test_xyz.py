"""XYZ: coefficients of variation and the cases that override them."""

from __future__ import annotations

import math
import re
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.oracles import classes as twin

from abcxyz import (
    CumulativeMean,
    InputError,
    Limits,
    MeaninglessClassesWarning,
    Shares,
    Tangent,
    classify_cv,
    classify_xyz,
    coefficient_of_variation,
)
from abcxyz.core.classes.meaningless import warn_of_unsteady_x
from abcxyz.core.classes.rules import Rule
from abcxyz.errors import UnsteadyClassWarning

N = math.nan
WEEKS = [
    *(0, 15, 40, 15, 10, 15, 20, 15, 10, 15, 20, 15, 5, 20, 45, 20, 15, 20),
    *(25, 20, 15, 20, 25, 20, 40, 10, 35, 10, 5, 10, 15, 10, 5, 10, 15, 10),
]
SIX = [
    [10] * 12,
    [10] * 11 + [22],
    [0] * 11 + [120],
    [10, 0] * 6,
    [0] * 10 + [5, 5],
    list(range(3, 15)),
]


def classes(sales: object, rule: Rule, **options: object) -> str:
    result = classify_xyz(sales, rule, **options)  # type: ignore[arg-type]
    return "".join(label or "N" for label in result.labels)


@pytest.mark.parametrize(
    ("series", "population", "sample"),
    [
        (WEEKS, 0.5787, 0.5869),
        ([70, 60, 60, 90, 80, 80, 95, 40, 40], 0.2759, 0.2927),
        ([190, 250, 175], 0.1581, 0.1936),
    ],
)
def test_published_example(series: list[float], population: float, sample: float) -> None:
    """The published series gives 59, 29 and 19 % by the sample formula."""
    assert population == pytest.approx(coefficient_of_variation([series])[0], abs=5e-5)
    assert sample == pytest.approx(coefficient_of_variation([series], ddof=1)[0], abs=5e-5)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [(CumulativeMean(), "XXZYYX"), (Tangent(), "XXZYZX"), (Limits(), "XZZZZZ")],
)
def test_six_customers(rule: Rule, expected: str) -> None:
    """Six buying patterns over twelve months have the specified classes."""
    assert expected == classes(SIX, rule)


@pytest.mark.parametrize(
    ("series", "expected"),
    [([9, 11, 9, 11], "X"), ([0.75, 1.25], "Y"), ([5, -5], "Z"), ([-1, -1], "Z"), ([0, 0], "Z")],
)
def test_borders_and_undefined(series: list[float], expected: str) -> None:
    """A CV on a limit belongs to the better class, an undefined CV to Z."""
    assert expected == classes([series], Limits())


def test_walk_knows_no_undefined() -> None:
    """The 1C walk gives CV 0 for a zero mean and ignores the sign of the mean."""
    result = classify_xyz([[5, -5], [-1, -1], [0, 0], [-1, -3]], CumulativeMean())

    assert result.cv.tolist() == [0, 0, 0, 0.5]


def test_gaps_count_as_zero_and_every_customer_is_classified() -> None:
    """A period without sales is 0; a customer without sales has no class and no CV."""
    result = classify_xyz([[10, N], [N, N], [10, 0], [10, 10]], Limits(), orders=[2, 0, 2, 2])

    assert "".join(label or "N" for label in result.labels) == "ZNZX"
    assert np.isnan(result.cv[1])
    assert result.cv[0] == result.cv[2] == 1.0


def test_since_first() -> None:
    """`since_first` drops periods before the first sale; one period is undefined."""
    sales = [[0, 0, 10, 10], [0, N, 0, 10], [4, 0, 0, 0]]

    since = coefficient_of_variation(sales, since_first=True)

    assert since[0] == 0
    assert np.isnan(since[1])
    assert since[2] == coefficient_of_variation(sales)[2]


def test_nothing_but_zeros_has_no_time_since_the_first_sale() -> None:
    """The coefficient is undefined then, also for a rule that takes a mean of zero for steady."""
    sales = [[0, 0, 0], [5, 5, 5], [-5, 5, 0]]
    since = classify_xyz(sales, CumulativeMean(), since_first=True, single_order=False)
    assert np.isnan(since.cv[0])
    assert since.cv[1:].tolist() == [0.0, 0.0]
    assert since.labels[0] == "Z"
    whole = classify_xyz(sales, CumulativeMean(), single_order=False)
    assert whole.cv.tolist() == [0.0, 0.0, 0.0]


def test_single_order() -> None:
    """One document is Z whatever the CV, or one active period without documents."""
    sales = [[7, 7], [7, 0], [7, 6.9]]

    assert classes(sales, Limits()) == "XZX"
    assert classes(sales, Limits(), orders=[1, 1, 2]) == "ZZX"
    assert classes(sales, Limits(), orders=[1, 1, 2], single_order=False) == "XZX"
    assert classes([[7, 0], [7, 0], [0, 7]], CumulativeMean()) == "ZZZ"
    assert classes([[7, 7], [7, 1]], CumulativeMean(), orders=[1, 1]) == classes(
        [[7, 7], [7, 1]], CumulativeMean()
    )


@given(
    st.lists(st.lists(st.integers(-5, 60), min_size=4, max_size=4), min_size=1, max_size=12),
    st.sampled_from([0, 1]),
    st.sampled_from([1, 100, 1000]),
)
def test_cv_equals_the_reference(series: list[list[int]], ddof: int, parts: int) -> None:
    """CVs agree with fifty-digit arithmetic to 12 digits."""
    sales = [[x / parts for x in row] for row in series]

    cvs = coefficient_of_variation(sales, ddof=ddof)

    for row, cv in zip(series, cvs.tolist(), strict=True):
        expected = twin.variation([Fraction(x, parts) for x in row], ddof)
        if expected is None:
            assert math.isnan(cv)
        else:
            assert float(expected) == pytest.approx(cv, rel=1e-12, abs=1e-15)


def test_equal_amounts_have_no_variation() -> None:
    """Equal amounts with an inexact binary mean have CV 0 exactly."""
    amounts = np.array([0.1, 1499.1, 33.33, 1e9 / 3])

    assert coefficient_of_variation(np.tile(amounts[:, None], 7)).tolist() == [0, 0, 0, 0]


def test_large_amounts_keep_their_variation() -> None:
    """A small spread around a large mean survives cancellation."""
    cvs = coefficient_of_variation([[1e9, 1e9 + 1, 1e9 - 1, 1e9]])

    assert math.sqrt(0.5) / 1e9 == pytest.approx(cvs[0], rel=1e-12)


def test_permutation_of_periods_and_customers() -> None:
    """Classes do not depend on the order of periods and customers."""
    rng = np.random.default_rng(2)
    sales = np.round(rng.lognormal(3, 1, (500, 12)) * (rng.random((500, 12)) < 0.6), 2)
    rows, columns = rng.permutation(500), rng.permutation(12)
    for rule in (Tangent(), CumulativeMean(), Limits(1.0, 1.5)):
        codes = classify_xyz(sales, rule).codes
        assert codes[rows].tolist() == classify_xyz(sales[rows][:, columns], rule).codes.tolist()


def test_crowded_class_is_warned_of() -> None:
    """Over 90 % of customers in one class give a warning with the cure."""
    sales = np.diag(np.arange(1.0, 21.0))

    with pytest.warns(MeaninglessClassesWarning, match=r"100% of the customers are Z.*period"):
        result = classify_xyz(sales, Limits())
    assert "100%" in result.warnings[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        classify_xyz(SIX, Limits())


def test_two_levels_are_reported() -> None:
    """Fewer than three distinct CVs under the tangent rule are reported in the result."""
    assert "fewer than three" in classify_cv([0.5, 0.5, 0.1]).warnings[0]
    assert classify_cv([0.5, 0.4, 0.1]).warnings == ()


@pytest.mark.parametrize(
    ("sales", "options", "words"),
    [
        ([[1.0]], {}, "at least two sub-periods"),
        ([1.0, 2.0], {}, r"shape \(2,\)"),
        ([[1, math.inf]], {}, r"holds inf at position \(0, 1\)"),
        ([["a", "b"]], {}, "'a' at position"),
        ([[1, 2]], {"ddof": 2}, "ddof is 2"),
        ([[1, 2]], {"orders": [1, 2]}, "2 values for 1 customer;"),
        ([[1, 2]], {"orders": [-1]}, "holds -1 at position 0"),
        ([[1, 2]], {"rule": Shares()}, "divides amounts"),
        ([[1, 2]], {"rule": Limits(0.5, 0.2)}, "larger one of Y"),
        ([[1, 2]], {"rule": Tangent}, "such as Tangent"),
    ],
)
def test_bad_input(sales: object, options: dict[str, object], words: str) -> None:
    """Input that cannot be classified is refused with its value and the cure."""
    with pytest.raises(InputError, match=words):
        classify_xyz(sales, **options)  # type: ignore[arg-type]


def test_negative_cv_is_refused() -> None:
    """A negative CV is refused."""
    with pytest.raises(InputError, match=r"cv holds -0.1 at position 1"):
        classify_cv([0.1, -0.1])


def test_class_x_counts_among_the_classified() -> None:
    """The first class has code 0, and is counted like the others: warnings, display, shares."""
    even = [[5.0, 5.0, 5.0]] * 10
    with pytest.warns(MeaninglessClassesWarning, match="100% of the customers are X"):
        classify_xyz(even, Limits(0.1, 0.25))
    with pytest.warns(UnsteadyClassWarning, match="up to 200%"):
        warn_of_unsteady_x(classify_cv([1.5] * 5 + [3.0] * 5, Limits(2.0, 4.0)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_unsteady_x(classify_cv([1.5] * 5 + [3.0] * 4, Limits(2.0, 4.0)))

    shown = classify_cv([0.1, 0.15, 0.9, 0.5], Limits(0.2, 0.6))._repr_html_()
    rows = re.findall(r"<td>([XYZ])</td><td>(\d+)</td><td>([\d.]+)", shown)
    assert rows == [("X", "2", "50.0"), ("Y", "1", "25.0"), ("Z", "1", "25.0")]


def test_squares_beyond_all_numbers_are_refused() -> None:
    """Also where the sum is one; of the first customer whose squares are not."""
    with pytest.raises(InputError, match="at position 1;"):
        coefficient_of_variation([[1.0, 2.0], [1e200, 1.0], [1e300, 1.0]])
    assert coefficient_of_variation([[1e150, 1e150]]).tolist() == [0.0]
