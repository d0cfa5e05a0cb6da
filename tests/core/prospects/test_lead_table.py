"""Lead tables from columns, data frames and attributes."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from abcxyz.core.prospects.lead_table import as_figures, as_words, columns_of
from abcxyz.core.prospects.scores import score_prospects
from abcxyz.errors import InputError

duckdb = pytest.importorskip("duckdb")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

ROWS = {
    "id": ["a", "b", "c"],
    "turnover": [3e9, None, 1e6],
    "employees": [900, 20, None],
    "status": [None, "active", "Bankrupt"],
}


def _duck(frame: pd.DataFrame) -> Any:
    return duckdb.connect().from_df(frame)


@pytest.mark.parametrize(
    "make",
    [
        dict,
        pd.DataFrame,
        lambda rows: pd.DataFrame(rows).convert_dtypes(),
        lambda rows: pd.DataFrame(rows).astype({"status": "category"}),
        pl.DataFrame,
        lambda rows: pl.DataFrame(rows).lazy(),
        pa.table,
        lambda rows: pa.table(rows).to_batches()[0],
        lambda rows: pa.table(rows).to_reader(),
        lambda rows: duckdb.connect().from_arrow(pa.table(rows)),
        lambda rows: {
            key: {name: rows[name][i] for name in rows if name != "id"}
            for i, key in enumerate(rows["id"])
        },
    ],
    ids=["dict", "pandas", "nullable", "categorical", "polars", "lazy", "arrow", "batch",
         "reader", "duckdb", "by-id"],
)  # fmt: skip
def test_any_table_gives_the_same(make: Any) -> None:
    """Columns, frames of any library and attributes by id get equal scores."""
    scores = score_prospects(make(ROWS))
    assert scores.ids.tolist() == ["a", "b", "c"]
    assert scores.score.tolist() == [85.0, 47.0, 0.0]
    assert scores.grade.tolist() == [0, 1, 2]
    assert scores.known[:, :2].tolist() == [[True, True], [False, True], [True, False]]


@pytest.mark.parametrize(
    ("written", "figure"),
    [
        ("1 200,5", 1200.5),
        ("1\u00a0200\u202f300", 1200300.0),
        ("1,200,300", 1200300.0),
        ("1,200.50", 1200.5),
        ("1.200,50", 1200.5),
        ("1.200.300", 1200300.0),
        ("0,125", 0.125),
        ("-7", -7.0),
        ("3e9", 3e9),
        (Decimal("1.5"), 1.5),
        (np.float32(2), 2.0),
    ],
)
def test_numbers_as_people_write_them(written: object, figure: float) -> None:
    """Spaces, commas and points of formatted numbers are parsed."""
    assert figure == as_figures([written], "turnover")[0][0]


@pytest.mark.parametrize(
    "written", ["", " ", "nan", None, "NULL", pd.NA, pd.NaT, math.inf, "-inf"]
)
def test_unknown_numbers(written: object) -> None:
    """Placeholders of unknown and infinite numbers are missing values."""
    assert np.isnan(as_figures([written], "turnover")[0][0])


@pytest.mark.parametrize("written", ["many", "1,200", "12-15", "=1+1", True, "1;2", [1]])
def test_no_number(written: object) -> None:
    """Non-numeric or ambiguous text is refused with column, value and position."""
    with pytest.raises(InputError, match=r"employees holds .* at position 1"):
        as_figures([5, written], "employees")


def test_an_endless_cell_stays_small() -> None:
    """A ten-million-character cell is not copied, and an error shows its start."""
    words, codes = as_words(["x" * 10_000_000, "a", "A "] * 10)
    assert [len(word) for word in words] == [10_000_000, 1]
    assert codes[:3].tolist() == [0, 1, 1]
    with pytest.raises(InputError) as caught:
        as_figures(["x" * 10_000], "employees")
    assert len(str(caught.value)) < 300


def test_words_of_any_make() -> None:
    """Booleans, numbers and lists are converted to categories."""
    words, codes = as_words([True, 77, "77", ["a"], float("nan"), None])
    assert (words, codes.tolist()) == (["true", "77", "['a']", ""], [0, 1, 1, 2, 3, 3])


def test_uneven_and_strange_tables() -> None:
    """Unequal columns, too few ids and non-tables are refused."""
    with pytest.raises(InputError, match="lengths"):
        score_prospects({"employees": [1], "turnover": [1, 2]})
    with pytest.raises(InputError, match="lengths"):
        score_prospects({"employees": [1, 2]}, ids=["a"])
    with pytest.raises(InputError, match="come as int"):
        score_prospects(5)


def test_rows_without_any_known_column() -> None:
    """A table without known columns still has its rows."""
    assert [one.grade for one in score_prospects({"colour": ["red", "blue"]})] == [None] * 2
    assert columns_of({"id": ["a", "b"]}, ["turnover"]).ids.tolist() == ["a", "b"]
