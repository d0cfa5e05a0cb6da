"""The matrix of nine segments as a whole, its groups, and the names of segments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from abcxyz import Cuts, InputError, Tangent
from abcxyz.core.classes.matrix import GroupSummary, Matrix, build_matrix
from abcxyz.core.classes.results import AbcResult, XyzResult
from abcxyz.core.classes.segments import (
    ABC,
    SEGMENTS,
    TAGS,
    XYZ,
    codes_of,
    labels_of,
    segment_codes,
    segment_number,
    tag,
)

NAN = math.nan


def matrix_of(abc: list[int], xyz: list[int], values: list[float]) -> Matrix:
    cuts, rule = Cuts(1.0, 0.5), Tangent()
    return build_matrix(
        AbcResult(
            codes=np.array(abc, np.int8), values=np.array(values, float), cuts=cuts, rule=rule
        ),
        XyzResult(
            codes=np.array(xyz, np.int8), cv=np.zeros(len(xyz)), cuts=Cuts(0.1, 0.3), rule=rule
        ),
    )


MADE = matrix_of([0, 0, 1, 2, 2, -1, 1], [0, 0, 1, 2, 2, -1, -1], [50, 30, 15, 4, -9, NAN, 1])


def test_customers_and_money_by_segment() -> None:
    """Negative money counts in its cell, and not in what shares are of."""
    assert MADE.counts.tolist() == [[2, 0, 0], [0, 1, 0], [0, 0, 2]]
    assert MADE.values.tolist() == [[80.0, 0.0, 0.0], [0.0, 15.0, 0.0], [0.0, 0.0, -5.0]]
    assert (MADE.positive, MADE.customers) == (100.0, 5)
    assert (MADE.unclassified, MADE.unclassified_value) == (2, 1.0)
    assert MADE.count_shares.tolist() == [[0.4, 0.0, 0.0], [0.0, 0.2, 0.0], [0.0, 0.0, 0.4]]
    assert MADE.value_shares.tolist() == [[0.8, 0.0, 0.0], [0.0, 0.15, 0.0], [0.0, 0.0, -0.05]]
    assert repr(MADE) == (
        "Matrix(AX 2, AY 0, AZ 0, BX 0, BY 1, BZ 0, CX 0, CY 0, CZ 2; not classified 2)"
    )
    assert [MADE.cell(one) for one in ("AX", "by", "СZ")] == [(2, 80.0), (1, 15.0), (2, -5.0)]
    assert MADE.explain("cz") == "CZ: 2 of 5 customers (40.00%), -5 of 100 (-5.00%)"


def test_groups_of_segments() -> None:
    """Stars are unsteady, cows steady customers of A; dogs are C, and questions B."""
    groups = {one.name: one for one in MADE.groups()}
    assert list(groups) == ["stars", "cows", "dogs", "questions"]
    assert sum(one.customers for one in groups.values()) == 5
    assert groups["cows"] == GroupSummary("cows", groups["cows"].segments, 2, 80.0, 0.8)
    assert "AX" in groups["cows"].segments
    assert sorted(one for group in groups.values() for one in group.segments) == [*SEGMENTS]


def test_without_customers_or_money_there_are_no_shares() -> None:
    empty = matrix_of([-1], [-1], [NAN])
    assert (empty.customers, empty.positive, empty.unclassified) == (0, 0.0, 1)
    for shares in (empty.count_shares, empty.value_shares):
        assert np.isnan(shares).all()
        assert shares.shape == (3, 3)
    assert all(math.isnan(one.value_share) for one in empty.groups())
    zero = matrix_of([2], [0], [0.0])
    assert zero.count_shares[2, 0] == 1.0
    assert np.isnan(zero.value_shares).all()
    assert repr(zero).endswith("CZ 0)")


def test_the_table_of_the_matrix() -> None:
    shown = MADE.to_html()
    caption = "customers · value · share of value; 2 not classified"
    for cell in (caption, "2 · 80 · 80", "<th>X</th>"):
        assert cell in shown
    assert "not classified" not in matrix_of([0], [0], [1.0]).to_html()
    assert "1 · 0</td>" in matrix_of([2], [0], [0.0]).to_html()


def test_codes_of_segments() -> None:
    abc, xyz = np.array([0, 1, 2, -1, 0], np.int8), np.array([2, 1, 0, 0, -1], np.int8)
    assert segment_codes(abc, xyz).tolist() == [2, 4, 6, -1, -1]
    with pytest.raises(InputError) as told:
        segment_codes(abc, xyz[:2])
    assert str(told.value) == (
        "ABC has 5 customers and XYZ has 2; classify the same customers on both axes"
    )
    assert [segment_number(one) for one in SEGMENTS] == [*range(9)]
    assert SEGMENTS == ("AX", "AY", "AZ", "BX", "BY", "BZ", "CX", "CY", "CZ")


def test_labels_and_their_codes() -> None:
    """In any case, with Cyrillic letters; nothing and N are no class."""
    assert labels_of([0, 2, -1], XYZ).tolist() == ["X", "Z", ""]
    codes = codes_of([" а", "B", "С", "", "n"], ABC)
    assert codes.tolist() == [0, 1, 2, -1, -1]
    assert codes.dtype == np.int8
    with pytest.raises(InputError) as told:
        codes_of(["A", "D"], ABC, "states")
    assert str(told.value) == "states hold 'D' at position 1; use one of A, B, C"


def test_tags_of_segments() -> None:
    assert {tag(one)[:5] for one in SEGMENTS} == {f"{one} - " for one in SEGMENTS}
    assert [tag(one) for one in ("N", "", "AX")] == ["", "", "AX - Priority customer"]
    assert TAGS["ru"]["AX"] == tag("AX", "ru") != tag("AX")
    assert {"en", "ru"} <= {*TAGS}
    assert len(TAGS) == len([*TAGS])
    unknown: Any = "xx"
    with pytest.raises(KeyError):
        TAGS[unknown]
