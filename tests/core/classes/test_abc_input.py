"""ABC input: accepted columns, refused values and custom rules."""

from __future__ import annotations

import decimal
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

from abcxyz import CountShares, Cuts, InputError, Limits, Shares, Tangent, classify_abc

pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

D = decimal.Decimal


@pytest.mark.parametrize(
    "values",
    [
        [500, 300, None, 10],
        (500.0, 300.0, math.nan, 10.0),
        np.array([500, 300, np.nan, 10], dtype=np.float32),
        np.ma.masked_array([500, 300, 7, 10], [False, False, True, False]),
        pd.Series([500, 300, pd.NA, 10], dtype="Int64"),
        pd.Series([500, 300, np.nan, 10], index=[9, 8, 7, 6]),
        pl.Series([500, 300, None, 10]),
        pa.array([500, 300, None, 10]),
        [D("500"), D("300.00"), None, Fraction(10)],
    ],
    ids=lambda v: type(v).__module__.split(".")[0] + "." + type(v).__name__,
)
def test_any_column(values: Any) -> None:
    """Numeric columns of any type are accepted; a missing value has no class."""
    assert classify_abc(values).labels.tolist() == ["A", "A", "", "C"] or (
        classify_abc(values).labels.tolist() == ["A", "A", "", "B"]
    )
    assert classify_abc(values).codes.tolist() == classify_abc([500, 300, None, 10]).codes.tolist()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1, math.inf], r"holds inf at position 1; replace it"),
        ([math.nan, -math.inf], r"holds -inf at position 1"),
        (["ten", 2], r"holds 'ten' at position 0, which is not a number"),
        ([1, "2"], r"holds '(1|2)' at position"),
        ([[1, 2]], r"has the shape \(1, 2\), but 1 dimension"),
        ([], r"values is empty; pass at least one customer"),
        ([True, False], r"holds True at position 0"),
        ([1e308] * 20, r"add up beyond what a number can hold"),
    ],
)
def test_bad_values(values: object, words: str) -> None:
    """A value that is not an amount is refused with its position and the cure."""
    with pytest.raises(InputError, match=words):
        classify_abc(values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Shares(0.95, 0.80), r"shares 0.95 and 0.8; they are cumulative"),
        (lambda: Shares(80, 95), r"0 < a < b <= 1"),
        (lambda: CountShares(0, 0.5), r"CountShares got the shares 0 and 0.5"),
        (lambda: Shares("0.8"), r"got the share '0.8'"),  # type: ignore[arg-type]
        (lambda: Limits(math.nan, 1), r"the limit nan is not finite"),
        (lambda: Limits(10, "x"), r"the limit 'x' is not a number"),
        (lambda: classify_abc([1], Limits(10, 20)), r"smaller one of B"),
        (lambda: classify_abc([1], Tangent), r"pass an object with .cut"),  # type: ignore[arg-type]
        (lambda: classify_abc([1], "tangent"), r"the rule is 'tangent'"),  # type: ignore[arg-type]
    ],
)
def test_bad_rules(build: Any, words: str) -> None:
    """Thresholds out of order are refused with the required order."""
    with pytest.raises(InputError, match=words):
        build()


class TopTwo:
    """Custom rule: the two largest are A, the next two B."""

    def cut(self, values: Any, /) -> Cuts:
        down = sorted(values, reverse=True)
        return Cuts(down[min(1, len(down) - 1)], down[min(3, len(down) - 1)])


class Upside:
    """Custom rule whose cuts are in the wrong order."""

    def cut(self, values: Any, /) -> Cuts:
        return Cuts(1, 2)


def test_a_rule_is_anything_that_cuts() -> None:
    """An object with a `cut` method is a rule; cuts in the wrong order are refused."""
    assert "".join(classify_abc([5, 9, 1, 7, 3], TopTwo()).labels) == "BACAB"
    with pytest.raises(InputError, match="must not be below that of B"):
        classify_abc([5, 9], Upside())


def test_input_is_not_touched() -> None:
    """The caller's array stays unchanged and writable."""
    values = np.array([3.0, np.nan, 1.0])
    before = values.copy()
    result = classify_abc(values)

    assert np.array_equal(before, values, equal_nan=True)
    assert values.flags.writeable
    assert not result.values.flags.writeable
    assert not result.codes.flags.writeable
