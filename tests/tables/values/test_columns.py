"""Columns of cells: what Arrow, pandas and Python hold, read without loading pandas."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz._arrays import is_missing
from abcxyz.tables.table import Batch
from abcxyz.tables.values.columns import (
    cell_list,
    cells_of,
    concatenated,
    distinct,
    end_with_digits,
    numbers,
    objects,
    same_cells,
    taken,
    without_arrow,
    without_empty,
)
from abcxyz.tables.values.text import MISSING_MARKERS

pa = pytest.importorskip("pyarrow")


def at(text: str) -> datetime:
    """Return a moment without a zone, as files have it."""
    return datetime.fromisoformat(text)


NOON = at("2026-01-05T12:30")
#: Arrow type -> cells of it.
CELLS: dict[Any, list[Any]] = {
    pa.string(): ["b", "a", "", "c"],
    pa.large_string(): ["b", "a", "\u20ac", "b"],
    pa.dictionary(pa.int8(), pa.string()): ["b", "a", "b", "c"],
    pa.dictionary(pa.int32(), pa.int64()): [7, 5, 7, 2**60],
    pa.int8(): [1, -2, 1, 127],
    pa.int64(): [2**60 + 1, 5, 2**60 + 1, -7],
    pa.uint64(): [2**63, 5, 2**63, 0],
    pa.float32(): [1.5, 0.0, 1.5, -2.0],
    pa.float64(): [0.1, 1e300, 0.1, -2.0],
    pa.bool_(): [True, False, True, True],
    pa.decimal128(12, 2): [Decimal("1.10"), Decimal("2.00"), Decimal("1.10"), Decimal("-3.00")],
    pa.timestamp("s"): [NOON, at("1969-05-01T01:00"), NOON, at("9999-12-31")],
    pa.timestamp("us"): [NOON, at("0001-01-01"), NOON, at("1969-05-01T01:00:00.000007")],
    pa.timestamp("ns"): [NOON, at("1969-05-01T01:00"), NOON, at("2100-01-01")],
    pa.date32(): [date(2026, 1, 5), date(1, 1, 1), date(2026, 1, 5), date(9999, 12, 31)],
    pa.date64(): [date(2026, 1, 5), date(1969, 1, 1), date(2026, 1, 5), date(2100, 1, 1)],
}


def listed(cells: list[Any]) -> list[Any]:
    """Return cells with one mark for what is missing, and days as moments."""
    return [
        None if is_missing(one) else at(one.isoformat()) if type(one) is date else one
        for one in cells
    ]


@pytest.mark.parametrize("kind", CELLS, ids=str)
@given(data=st.data())
def test_arrow_columns_hold_their_cells(kind: Any, data: st.DataObject) -> None:
    """Slices with and without missing cells are read as Arrow itself lists them."""
    values = data.draw(st.lists(st.sampled_from([*CELLS[kind], None]), max_size=20))
    start = data.draw(st.integers(0, len(values)))
    array = pa.array(values, kind)[start:]
    expected = values[start:]
    assert listed(cell_list(array)) == listed(expected)
    codes, found = distinct(array)
    assert [None if code < 0 else listed(found)[code] for code in codes] == listed(expected)
    appeared = [one for one in dict.fromkeys(listed(expected)) if one is not None]
    assert listed(found) == appeared
    places = np.array(data.draw(st.permutations(range(len(expected)))), dtype=np.int64)
    assert listed(cell_list(taken(array, places))) == [listed(expected)[one] for one in places]
    if kind in (pa.string(), pa.large_string()):
        filled = [one or None for one in expected]
        assert without_empty(array).to_pylist() == filled
    joined = concatenated([array, pa.array(values, kind)])
    assert listed(cell_list(joined)) == listed(expected + values)
    assert same_cells(array, pa.array(expected, kind))
    if any(one is not None for one in expected):
        assert not same_cells(array, pa.array([None] * len(expected), kind))


@pytest.mark.parametrize("kind", CELLS, ids=str)
def test_a_frame_has_the_cells_of_the_columns(kind: Any) -> None:
    """A data frame made of columns, and columns made of it, have the same cells."""
    array = pa.array([*CELLS[kind], None], kind)
    frame = Batch(["one", "one"], [array, array], np.arange(3, 8)).frame()
    assert frame.index.tolist() == [3, 4, 5, 6, 7]
    for place in range(2):
        again = cell_list(cells_of(frame.iloc[:, place]))
        assert listed(again) == listed(array.to_pylist())


def test_whole_numbers_with_gaps_keep_their_digits() -> None:
    array = pa.array([2**60 + 1, None, 5])
    assert without_arrow(array).tolist() == [2**60 + 1, None, 5]
    assert numbers(array) is None
    assert numbers(pa.array([1, 2])) is not None


def test_moments_with_a_zone_are_those_of_a_clock_there() -> None:
    array = pa.array([at("2026-01-04T22:30"), None], pa.timestamp("us", "Europe/Moscow"))
    assert listed(cell_list(array)) == [at("2026-01-05T01:30"), None]


@given(
    st.lists(
        st.sampled_from(["a", "b", None, 5, 5.0, float("nan"), True, pd.NA, pd.NaT, NOON, (1, 2)])
    )
)
def test_distinct_cells_are_those_of_pandas(cells: list[Any]) -> None:
    codes, found = distinct(objects(cells))
    expected, values = pd.factorize(objects(cells), use_na_sentinel=True)
    assert codes.tolist() == expected.tolist()
    assert found == list(values)


@pytest.mark.parametrize("large", [False, True])
def test_cells_that_end_with_a_digit_are_looked_at_within_their_slice(large: bool) -> None:
    kind = pa.large_string() if large else pa.string()
    cells = pa.array(["-", "12", "C0", "x9", "", "7"], kind)
    assert end_with_digits(cells.slice(1, 3))
    assert not end_with_digits(cells.slice(0, 2))
    assert not end_with_digits(cells.slice(3, 2))
    assert end_with_digits(cells.slice(5))
    assert not end_with_digits(pa.array(["1:", "2/"], kind))
    assert not end_with_digits(pa.array(["1", None], kind))
    assert not end_with_digits(pa.array(["1", "2"]).dictionary_encode())
    assert not end_with_digits(pa.array([1, 2]))
    assert not end_with_digits(np.array([1, 2]))


def test_no_mark_of_a_missing_value_ends_with_a_digit() -> None:
    assert not any(mark[-1].isdigit() for mark in MISSING_MARKERS)
