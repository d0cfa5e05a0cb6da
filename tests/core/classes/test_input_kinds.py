"""Inputs of analysts: labels survive, text is refused, results stand on their own."""

from __future__ import annotations

import copy
import pickle
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import abcxyz
from abcxyz import Transactions, analyze, build_matrix, classify_abc, classify_cv, classify_xyz
from abcxyz.errors import InputError

DAY = date(2025, 3, 1)


@given(st.permutations(range(6)))
def test_labels_of_a_series_survive(order: list[int]) -> None:
    """Joining the classes to the table they came from attaches each to its own row."""
    frame = pd.DataFrame({"value": [5.0, 500.0, 30.0, 300.0, 7.0, 90.0]}).iloc[order]
    classified = classify_abc(frame["value"]).to_frame().add_prefix("abc_")
    joined = frame.join(classified)
    assert (joined["value"] == joined["abc_value"]).all()
    cv = classify_cv(frame["value"] / 100)
    assert cv.to_frame().index.equals(frame.index)


@given(st.permutations("abcdef"))
def test_a_matrix_matches_labels(order: list[str]) -> None:
    value = pd.Series([5, 500, 30, 300, 7, 90], index=list("abcdef"))
    grid = pd.DataFrame(np.arange(18).reshape(6, 3) % 7 + 1, index=list("abcdef"))
    expected = build_matrix(classify_abc(value), classify_xyz(grid))
    assert build_matrix(classify_abc(value), classify_xyz(grid.loc[order])) == expected


def test_a_matrix_of_other_labels_is_refused() -> None:
    value = pd.Series([5, 500], index=["a", "b"])
    with pytest.raises(InputError, match="such as 'b'"):
        build_matrix(classify_abc(value), classify_cv(pd.Series([0.1, 0.2], index=["a", "c"])))
    doubled = pd.Series([0.1, 0.2], index=["a", "a"])
    with pytest.raises(InputError, match="more than once"):
        build_matrix(classify_abc(value), classify_cv(doubled))


def test_a_matrix_of_labels_and_none_goes_by_position() -> None:
    value = pd.Series([5, 500], index=["a", "b"])
    assert build_matrix(classify_abc(value), classify_cv([0.1, 0.2])).counts.sum() == 2


@pytest.mark.parametrize("letters", ["ax", "AX", " Ax ", "АХ"])
def test_a_cell_by_any_spelling(letters: str) -> None:
    matrix = build_matrix(classify_abc([90, 10]), classify_cv([0.1, 0.9]))
    assert matrix.cell(letters) == (1, 90.0)
    with pytest.raises(InputError, match="use one of AX"):
        matrix.cell("DX")


@pytest.mark.parametrize(
    "values",
    [
        (500, 300, 7),
        range(500, 506, 2),
        {"a": 500, "b": 300, "c": 7}.values(),
        [500, None, 7],
        [Decimal("5.5"), pd.NA, 3],
        pd.Series([500, None, 7], dtype="Int64"),
        pd.Series([5.5, None, 7], dtype="Float64"),
        np.ma.masked_array([500, 300, 7], [False, True, False]),
    ],
)
def test_numbers_of_every_kind(values: Any) -> None:
    check_numbers(values)


def test_numbers_of_pyarrow() -> None:
    pytest.importorskip("pyarrow")
    check_numbers(pd.Series([500, None, 7], dtype="int64[pyarrow]"))


def check_numbers(values: Any) -> None:
    result = classify_abc(values)
    listed = list(values)
    known = [not (one is None or one is pd.NA or one is np.ma.masked) for one in listed]
    assert (result.codes >= 0).tolist() == known
    kept = [float(one) for one, there in zip(listed, known, strict=True) if there]
    assert result.values[np.array(known)].tolist() == kept


@pytest.mark.parametrize(
    ("values", "place"),
    [
        (["10", "30"], 0),
        ([10, "30"], 1),
        (pd.Series(["10", "nan", "30"]), 0),
        (pd.Series(["10", "30"], dtype="string"), 0),
        (pd.Series([1, True, "x"], dtype=object), 1),
        ([1, 10**400], 1),
        (pd.Series([True, None], dtype="boolean"), 0),
    ],
)
def test_what_is_no_number_is_refused_with_its_position(values: object, place: int) -> None:
    with pytest.raises(InputError, match=f"at position {place}"):
        classify_abc(values)  # type: ignore[arg-type]


def test_rows_of_different_lengths_are_refused() -> None:
    with pytest.raises(InputError, match="same number of values"):
        classify_xyz([[1, 2], [1]])


@pytest.mark.parametrize("values", [np.array([1.0, 2.0, 3.0]), pd.Series([1.0, 2.0, 3.0])])
def test_a_result_keeps_its_values(values: np.ndarray | pd.Series) -> None:
    result, spread = classify_abc(values), classify_cv(values)
    held = result.values.copy(), spread.cv.copy()
    if isinstance(values, pd.Series):
        values.iloc[0] = 999.0
    else:
        values[0] = 999.0
    assert (result.values == held[0]).all()
    assert (spread.cv == held[1]).all()


def test_values_are_shared_by_option() -> None:
    values = np.array([1.0, 2.0, 3.0])
    assert np.shares_memory(classify_abc(values, copy=False).values, values)
    assert not np.shares_memory(classify_abc(values, copy=True).values, values)


@pytest.mark.parametrize(
    ("customers", "days", "message"),
    [
        (
            pd.Series(["a", pd.NA], dtype="string"),
            [DAY] * 2,
            "customer has no value at position 1",
        ),
        (["a", None], [DAY] * 2, "customer has no value at position 1"),
        (pd.Series([17850.0, None]), [DAY] * 2, "customer has no value at position 1"),
        ([1.5, 2.0], [DAY] * 2, "fractional numbers such as 1.5"),
        (["a", "b"], [DAY, pd.NaT], "day has no date at position 1"),
        (["a", "b"], [DAY, pd.NA], "day has no date at position 1"),
        (["a", "b"], [DAY, None], "day has no date at position 1"),
        (["a", "b"], [DAY, "2025-03-01"], "holds '2025-03-01' at position 1"),
    ],
)
def test_missing_customers_and_days_are_named(customers: Any, days: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Transactions(customers, days, [1, 2])


def test_whole_fractions_are_identifiers() -> None:
    sales = Transactions(pd.Series([17850.0, 13047.0]), [DAY] * 2, [1, 2])
    assert sales.customer.tolist() == [17850, 13047]


@pytest.mark.parametrize(
    "as_of",
    [
        date(2026, 1, 1),
        datetime(2026, 1, 1, 5),  # noqa: DTZ001 - a day of the calendar
        pd.Timestamp("2026-01-01 05:00"),
        np.datetime64("2026-01-01T05"),
        "2026-01-01",
        "2026-01-01T05:00",
    ],
)
def test_the_day_of_the_result_in_any_type(as_of: date) -> None:
    analysis = analyze(Transactions(["a"], [DAY], [1]), as_of=as_of)
    assert (analysis.snapshot.as_of, type(analysis.snapshot.as_of)) == (date(2026, 1, 1), date)


@pytest.mark.parametrize("as_of", ["soon", None, pd.NaT, 20260101])
def test_what_is_no_day_is_refused(as_of: object) -> None:
    with pytest.raises(InputError, match="as_of is"):
        analyze(Transactions(["a"], [DAY], [1]), as_of=as_of)  # type: ignore[arg-type]


def test_results_can_be_pickled_and_copied() -> None:
    sales = Transactions(["a", "b"], [DAY, DAY], [1, 5])
    first = analyze(sales, as_of=date(2026, 1, 1), names={"a": "Ann"})
    whole = analyze(sales, as_of=date(2026, 2, 1), previous=first.snapshot)
    for one in (first, whole, whole.transitions, whole.actions, whole.matrix, whole.panel):
        for other in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one)):
            assert other == one
    leads = abcxyz.score_prospects({"L_7": {"turnover": 3e9}})
    assert pickle.loads(pickle.dumps(leads)).to_records() == leads.to_records()


def test_results_with_arrays_have_no_hash() -> None:
    sales = Transactions(["a", "b"], [DAY, DAY], [1, 5])
    analysis = analyze(sales, as_of=date(2026, 1, 1))
    parts = (sales, analysis, analysis.snapshot, analysis.abc, analysis.xyz, analysis.matrix)
    for one in (*parts, analysis.panel, analysis.panel.rhythm, analysis.actions):
        with pytest.raises(TypeError, match=f"unhashable type: '{type(one).__name__}'"):
            hash(one)


def test_a_row_of_leads_is_scored() -> None:
    row = pd.Series({"turnover": 3e9, "employees": 900})
    assert abcxyz.score_prospect(row) == abcxyz.score_prospect(row.to_dict())
    with pytest.raises(InputError, match="mapping of attribute to value"):
        abcxyz.score_prospect([3e9])
