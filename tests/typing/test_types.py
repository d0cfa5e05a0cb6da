"""Static types of the public API, checked by mypy."""

from __future__ import annotations

from datetime import date
from typing import Any, assert_type

import numpy as np
import numpy.typing as npt

from abcxyz import (
    AbcResult,
    Analysis,
    Cuts,
    Matrix,
    Panel,
    Periods,
    Rule,
    Shares,
    Tangent,
    Transactions,
    XyzResult,
    aggregate,
    analyze,
    build_matrix,
    classify_abc,
    classify_xyz,
    coefficient_of_variation,
)


class Ours:
    """Custom rule with the `cut` method only."""

    def cut(self, values: Any, /) -> Cuts:
        return Cuts(2.0, 1.0)


def test_types() -> None:
    """Results have their annotated types."""
    rule: Rule = Ours()
    abc = classify_abc([3, 2, 1], rule)
    xyz = classify_xyz(np.array([[1.0, 2.0], [2.0, 3.0], [4.0, 4.0]]), Tangent())
    assert_type(abc, AbcResult)
    assert_type(abc.codes, npt.NDArray[np.int8])
    assert_type(abc.cuts, Cuts)
    assert_type(xyz, XyzResult)
    assert_type(build_matrix(abc, xyz), Matrix)
    assert_type(coefficient_of_variation([[1, 2]]), npt.NDArray[np.float64])
    assert_type(Shares(0.7, 0.9).cut([1, 2, 3]), Cuts)
    sales = Transactions(["a", "b"], [date(2026, 1, 5)] * 2, [1, 2])
    periods = Periods.parse("2M", date(2026, 2, 1))
    assert_type(aggregate([sales], periods), Panel)
    assert_type(analyze(sales, as_of=date(2026, 2, 1)), Analysis)
