"""Engines under test, and conversion of their results to pandas."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

EAGER = ("pandas", "polars", "pyarrow")
SPARK = pytest.param(
    "pyspark",
    marks=[
        pytest.mark.slow,
        # Py4J leaves sockets to the garbage collector.
        pytest.mark.filterwarnings("ignore::ResourceWarning"),
        pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    ],
)
LAZY = ("polars lazy", "duckdb", SPARK, "dask", "ibis")
ENGINES = (*EAGER, *LAZY)


def arrow(frame: pd.DataFrame) -> Any:
    """Convert to an Arrow table with plain strings, from which the other engines start."""
    pa = pytest.importorskip("pyarrow")
    return pa.Table.from_pandas(frame, preserve_index=False)


def collected(answer: Any) -> pd.DataFrame:
    """Convert a result of any engine to pandas, sorted by customer."""
    match type(answer).__module__.partition(".")[0]:
        case "polars":
            frame = answer.lazy().collect().to_pandas()
        case "pyarrow":
            frame = answer.to_pandas()
        case "_duckdb" | "duckdb":
            frame = answer.to_arrow_table().to_pandas()
        case "ibis":
            frame = answer.to_pyarrow().to_pandas()
        case "pyspark":
            frame = pd.DataFrame([row.asDict() for row in answer.collect()])
        case "dask":
            frame = answer.compute()
        case _:
            frame = answer
    # The column of the customers keeps the name it has in the sales.
    frame = frame.rename(columns={frame.columns[0]: "customer"})
    result: pd.DataFrame = frame.sort_values("customer").reset_index(drop=True)
    return result
