"""First rows of a table, by which its shape and columns are recognised."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from abcxyz.tables.read import open_table
from abcxyz.tables.table import SAMPLE, first_rows

pytest.importorskip("pyarrow")

LINES = 600_000  # more than a batch of any format


def frame() -> pd.DataFrame:
    return pd.DataFrame({"customer": "Ann", "date": "2026-01-05", "amount": range(LINES)})


def test_only_the_beginning_of_a_csv_is_read_for_its_first_rows(tmp_path: Path) -> None:
    frame().to_csv(tmp_path / "sales.csv", index=False)
    table = open_table(tmp_path / "sales.csv")
    assert len(next(table.batches(rows=SAMPLE))) < LINES / 2
    first = first_rows(table, ["amount"])
    assert first is not None
    assert first.lines.tolist() == list(range(2, SAMPLE + 2))
    assert first.listed("amount") == [str(number) for number in range(SAMPLE)]
    assert sum(map(len, table.batches())) == LINES


def test_only_the_beginning_of_a_parquet_file_is_read_for_its_first_rows(tmp_path: Path) -> None:
    frame().to_parquet(tmp_path / "sales.parquet")
    table = open_table(tmp_path / "sales.parquet")
    assert len(next(table.batches(rows=SAMPLE))) == SAMPLE
    first = first_rows(table, ["amount"])
    assert first is not None
    assert first.listed("amount") == list(range(SAMPLE))
    assert sum(map(len, table.batches())) == LINES
