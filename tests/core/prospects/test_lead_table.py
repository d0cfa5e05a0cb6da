"""Lead tables from columns, data frames and attributes."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from abcxyz.core.prospects.attributes import Attribute, Bin
from abcxyz.core.prospects.lead_table import (
    Words,
    as_array,
    as_figures,
    as_words,
    columns_of,
    place_values,
)
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


def test_attributes_by_id_may_differ_from_lead_to_lead() -> None:
    """Columns are in the order in which they first appear, with None where a lead lacks one."""
    table = columns_of({7: {"b": 1, "a": 2}, 9: {"c": 3, "b": 4}})
    assert table.ids.tolist() == [7, 9]
    assert dict(table.columns) == {"b": [1, 4], "a": [2, None], "c": [None, 3]}
    assert len(table) == 2


def test_ids_of_a_table() -> None:
    """Given ones come first, then a column, then the index of pandas, then positions."""
    frame = pd.DataFrame({"inn": ["x", "y"]}, index=pd.Index([5, 6], name="card"))
    given = columns_of(frame, ids=["p", "q"])
    assert (given.ids.tolist(), given.id_name) == (["p", "q"], "lead")
    indexed = columns_of(frame)
    assert (indexed.ids.tolist(), indexed.id_name) == ([5, 6], "card")
    assert columns_of(frame.set_axis([8, 9])).id_name == "lead"
    placed = columns_of({"inn": ["x", "y"]})
    assert (placed.ids.tolist(), placed.id_name) == ([0, 1], "lead")
    assert len(columns_of({"size": []})) == 0
    with pytest.raises(InputError, match="make them equal"):
        columns_of({"size": [1, 2]}, ids=[1])


def test_whole_numbers_with_a_gap_are_ids_all_the_same() -> None:
    """Pandas reads them as fractions."""
    ids = columns_of({"id": [1.0, 2.5, None]}).ids.tolist()
    assert (ids[:2], type(ids[0])) == ([1, 2.5], int)
    assert ids[2] is None


def test_a_table_of_spark_is_read_through_pandas() -> None:
    class OfSpark:
        def toPandas(self) -> pd.DataFrame:
            return pd.DataFrame({"size": [3, 4]})

    assert columns_of(OfSpark()).columns["size"].tolist() == [3, 4]


def test_encoded_words_are_taken_as_they_are() -> None:
    words = Words(("", "a", "b"), np.array([2, 0, 1, 2]))
    assert len(words) == 4
    some = words[np.array([0, 3])]
    assert (some.words, some.codes.tolist()) == (("", "a", "b"), [2, 2])
    known, codes = as_words(some)
    assert (known, codes.tolist()) == (("", "a", "b"), [2, 2])


def test_columns_as_arrays() -> None:
    """Masked values are None; a list is never made a square or text."""
    masked = np.ma.masked_array([1, 2, 3], mask=[False, True, False])
    assert as_array(masked).tolist() == [1, None, 3]
    assert as_array([[1], [2]]).tolist() == [[1], [2]]
    assert as_array((1, "x")).tolist() == [1, "x"]
    assert as_array(np.array([[1, 2], [3, 4]])).shape == (2,)


def test_values_find_their_bins() -> None:
    """Up to an edge and with it the lower bin; special values first; unknown ones in none."""
    sizes = Attribute(
        name="size", kind="number", neutral=0.0,
        bins=(Bin(0.0, values=("-1",)), Bin(0.0, upto=10.0), Bin(0.0, upto=20.0), Bin(0.0)),
    )  # fmt: skip
    places, known, bad = place_values(["-1", 10, 10.5, 20, "20,5", None, "x"], sizes, strict=False)
    assert places.tolist() == [0, 1, 2, 2, 3, -1, -1]
    assert known.tolist() == [True, True, True, True, True, False, False]
    assert [(one.position, one.attribute, one.value) for one in bad] == [(6, "size", "x")]
    with pytest.raises(InputError, match="size holds 'x' at position 1"):
        place_values([1, "x"], sizes)
    only = Attribute(name="size", kind="number", neutral=0.0, bins=(Bin(0.0, values=("7",)),))
    assert place_values([7, 8], only)[0].tolist() == [0, -1]
    status = Attribute(
        name="status", kind="category", neutral=0.0,
        bins=(Bin(0.0, values=("active", "new")), Bin(0.0, values=("old",))),
    )  # fmt: skip
    places, known, bad = place_values([" Active", "old", "gone", "", None, "NEW"], status)
    assert (places.tolist(), bad) == ([0, 1, -1, -1, -1, 0], ())
    assert known.tolist() == [True, True, True, False, False, True]
    others = Attribute(
        name="status", kind="category", neutral=0.0,
        bins=(Bin(0.0, values=("active",)), Bin(0.0)),
    )  # fmt: skip
    assert place_values(["gone", "", "active"], others)[0].tolist() == [1, -1, 0]
    places, known, bad = place_values([], others)
    assert (len(places), len(known), bad) == (0, 0, ())
