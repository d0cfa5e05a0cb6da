"""Labels of rows of any frame: where they come from, and how values are put into their order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from abcxyz.core.labels import aligned, labelled
from abcxyz.errors import InputError

FRAME = pd.DataFrame({"who": ["a", "b"], "sum": [1.0, 2.0]})


def read(values: Any, **options: Any) -> tuple[list[Any], list[Any] | None]:
    found, index = labelled(values, "sales", **options)
    return np.asarray(found).tolist(), None if index is None else index.tolist()


def test_labels_are_the_index_of_pandas_or_a_key() -> None:
    assert read([1.0, 2.0]) == ([1.0, 2.0], None)
    assert read(FRAME.set_index("who")["sum"]) == ([1.0, 2.0], ["a", "b"])
    assert read(FRAME.set_index("who")) == ([1.0, 2.0], ["a", "b"])
    assert read(FRAME, key="who") == ([1.0, 2.0], ["a", "b"])
    wide = FRAME.assign(more=[3.0, 4.0])
    assert read(wide, key="who", ndim=2) == ([[1.0, 3.0], [2.0, 4.0]], ["a", "b"])
    with pytest.raises(InputError, match="sales is no data frame, so that it has no column 'who'"):
        read([1.0], key="who")
    with pytest.raises(InputError, match="sales has no column 'name'; its columns are who, sum"):
        read(FRAME, key="name")
    with pytest.raises(InputError, match="sales has the columns sum, more, and one is needed"):
        read(wide, key="who")


def test_labels_of_frames_without_an_index_are_the_column_of_text() -> None:
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"who": ["a", "b"], "sum": [1, 2]})
    assert read(frame) == ([1, 2], ["a", "b"])
    assert read(frame, key="sum", ndim=2) == ([["a"], ["b"]], [1, 2])
    assert read(frame.select("sum")) == ([1, 2], None)
    with pytest.raises(InputError, match=r"columns who, city without numbers; name the one"):
        read(frame.with_columns(city=pl.lit("x")))
    with pytest.raises(InputError, match=r"LazyFrame is not computed yet"):
        read(frame.lazy())


def test_values_are_put_into_the_order_of_other_labels() -> None:
    values, labels = np.array([1, 2, 3]), pd.Index(["a", "b", "c"])
    assert aligned(values, labels, pd.Index(["c", "a", "b"]), "x").tolist() == [3, 1, 2]
    assert aligned(values, labels, pd.Index(["a", "b", "c"]), "x") is values
    assert aligned(values, None, labels, "x") is aligned(values, labels, None, "x") is values
    same = pd.Index(["a", "a", "b"])
    assert aligned(values, same, same, "x") is values
    for index, other in ((same, labels), (labels, same)):
        with pytest.raises(InputError, match="some of them more than once"):
            aligned(values, index, other, "x")
    with pytest.raises(InputError, match=r"the rows of x have other labels .* such as 'd'"):
        aligned(values, labels, pd.Index(["d", "b", "a"]), "x")
    with pytest.raises(InputError, match="such as 'c'"):
        aligned(values, labels, pd.Index(["b", "a"]), "x")
    with pytest.raises(InputError, match="such as 'd'"):
        aligned(values, labels, pd.Index(["a", "b", "c", "d"]), "x")
