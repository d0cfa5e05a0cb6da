"""Explanations, shares and sums of classes, each as a whole."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from abcxyz import CountShares, Cuts, InputError, Limits, Shares, Tangent
from abcxyz.core.classes.results import AbcResult, ClassSummary, XyzResult, class_summaries
from abcxyz.core.classes.rules import CumulativeMean

NAN = math.nan
CUTS = Cuts(40.0, 10.0)


def abc(codes: list[int], values: list[Any], rule: Any, cuts: Cuts = CUTS) -> AbcResult:
    return AbcResult(
        codes=np.array(codes, dtype=np.int8), values=np.array(values), cuts=cuts, rule=rule
    )


def test_classes_by_means() -> None:
    """Above a mean or at it; the smallest class by its sign."""
    result = abc(
        [0, 0, 1, 1, 2, 2, 2, -1], [60.0, 40.0, 30.0, 10.0, 5.0, 0.0, -3.0, NAN], Tangent()
    )
    share = "; {}% of revenue".format
    assert [result.explain(i) for i in range(8)] == [
        f"A: 60 is above the mean 40{share('41.38')}",
        f"A: 40 is at the mean 40{share('27.59')}",
        f"B: 30 is below the mean 40 and above the mean of the rest 10{share('20.69')}",
        f"B: 10 is below the mean 40 and at the mean of the rest 10{share('6.90')}",
        f"C: 5 is below the mean of the rest 10{share('3.45')}",
        f"C: 0 is not above zero{share('0.00')}",
        f"C: -3 is not above zero{share('-2.07')}",
        "not classified: no sales in the period",
    ]


class Own:
    """Rule of one's own."""

    def cut(self, _values: Any) -> Cuts:
        return CUTS


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        (Shares(), "of the value"),
        (CountShares(), "of the customers"),
        (CumulativeMean(), "of the walk"),
        (Limits(first=40.0, second=10.0), "set by hand"),
        (Own(), "of the rule"),
    ],
)
def test_classes_by_limits(rule: Any, kind: str) -> None:
    result = abc([0, 1, 2], [40.0, 10.0, 0.0], rule)
    second: Any = np.int64(1)
    assert [result.explain(i) for i in (-3, second, -1)] == [
        f"A: 40 reaches the limit of A {kind}, 40; 80.00% of revenue",
        f"B: 10 is below the limit of A {kind}, 40, and reaches that of B, 10; 20.00% of revenue",
        f"C: 0 is below the limit of B {kind}, 10; 0.00% of revenue",
    ]


def test_without_positive_values_there_is_no_share() -> None:
    result = abc([2, 2], [-1.0, 0.0], Tangent())
    assert result.positive == 0.0
    assert np.isnan(result.share).tolist() == [True, True]
    assert np.isnan(result.cumulative_share).tolist() == [True, True]
    assert result.explain(0) == "C: -1 is not above zero"


@pytest.mark.parametrize("i", [3, -4, True, 1.0, "1", None])
def test_a_customer_that_is_not_there_is_named(i: Any) -> None:
    for result in (
        abc([0, 1, 2], [40.0, 10.0, 0.0], Tangent()),
        XyzResult(
            codes=np.array([0, 1, 2], np.int8), cv=np.zeros(3), cuts=Cuts(0.1, 0.3), rule=Tangent()
        ),
    ):
        with pytest.raises(InputError) as told:
            result.explain(i)
        assert str(told.value) == f"there is no customer {i!r}; pass a position from 0 to 2"


def test_cumulative_shares_go_from_the_largest_on() -> None:
    """Equal values in their order; what is not known has none."""
    result = abc([2, 0, -1, 1, 1, 2], [-10.0, 50.0, NAN, 20.0, 20.0, 10.0], Tangent())
    assert result.positive == 100.0
    assert str(result.share.tolist()) == "[-0.1, 0.5, nan, 0.2, 0.2, 0.1]"
    rounded = [round(one, 12) for one in result.cumulative_share.tolist()]
    assert str(rounded) == "[0.9, 0.5, nan, 0.7, 0.9, 1.0]"
    assert result.labels.tolist() == ["C", "A", "", "B", "B", "C"]
    assert (
        repr(result)
        == "AbcResult(6 customers; A 1, B 2, C 2, not classified 1; revenue; Tangent())"
    )
    pytest.importorskip("pandas")
    frame = result.to_frame()
    assert list(frame.columns) == ["value", "share", "cumulative_share", "abc"]


def test_sums_of_classes() -> None:
    """Customers are counted among the classified, money among what is positive."""
    codes, values = np.array([0, 1, -1, 1, 2]), np.array([50.0, 30.0, NAN, 20.0, -10.0])
    assert class_summaries(codes, ("A", "B", "C"), values) == (
        ClassSummary(label="A", customers=1, value=50.0, customers_share=0.25, value_share=0.5),
        ClassSummary(label="B", customers=2, value=50.0, customers_share=0.5, value_share=0.5),
        ClassSummary(label="C", customers=1, value=-10.0, customers_share=0.25, value_share=-0.1),
    )
    (one,) = class_summaries(np.array([-1]), ("A",), np.array([NAN]))
    assert (one.customers, one.value) == (0, 0.0)
    assert math.isnan(one.customers_share)
    assert math.isnan(one.value_share)
    (zero,) = class_summaries(np.array([0]), ("A",), np.array([0.0]))
    assert (zero.customers_share, math.isnan(zero.value_share)) == (1.0, True)


def xyz(codes: list[int], cv: list[float]) -> XyzResult:
    cuts = Cuts(0.1, 0.3)
    return XyzResult(codes=np.array(codes, np.int8), cv=np.array(cv), cuts=cuts, rule=Tangent())


def test_classes_by_variation() -> None:
    """A single order is of class Z, whatever its coefficient."""
    result = xyz([0, 0, 1, 1, 2, 2, 2, 2, -1], [0.0, 0.1, 0.11, 0.3, 0.31, 0.3, 0.2, NAN, NAN])
    one = "the coefficient of variation {}"
    assert [result.explain(i) for i in range(9)] == [
        f"X: {one.format('0.00%')} is not above 10.00%",
        f"X: {one.format('10.00%')} is not above 10.00%",
        f"Y: {one.format('11.00%')} is above 10.00% and not above 30.00%",
        f"Y: {one.format('30.00%')} is above 10.00% and not above 30.00%",
        f"Z: {one.format('31.00%')} is above 30.00%",
        f"Z: {one.format('30.00%')} rests on at most one order",
        f"Z: {one.format('20.00%')} rests on at most one order",
        "Z: the coefficient of variation is undefined, no sales remain",
        "not classified: no sales in the period",
    ]
    assert result.labels.tolist() == [*"XXYYZZZZ", ""]
    assert repr(result) == "XyzResult(9 customers; X 2, Y 2, Z 4, not classified 1; Tangent())"
    shown = result.to_html()
    for cell in ("<td>2</td>", "<td>4</td>", "25.0%", "50.0%", "X up to 10.00%"):
        assert cell in shown
    assert "%" not in xyz([-1], [NAN]).to_html().split("</caption>")[1]
