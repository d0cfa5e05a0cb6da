"""Codes of distinct cells: in the order of appearance, whatever the seed of the hashes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from abcxyz.tables.sales import read_sales, scan_sales
from abcxyz.tables.scan.columns import CellTable, column_of
from abcxyz.tables.scan.hashing import CellHashes
from abcxyz.tables.values.columns import objects


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_codes_follow_the_first_cells(seed: int) -> None:
    draw = np.random.default_rng(seed)
    cells = objects(f"c{number}" for number in draw.integers(0, 60_000, 90_000))
    table = CellTable(CellHashes(seed))
    codes = [column_of(cells[start : start + 30_000]).codes(table) for start in (0, 30_000)]
    expected, distinct = pd.factorize(cells[:60_000])
    assert np.concatenate(codes).tolist() == expected.tolist()
    assert table.cells == distinct.tolist()


def test_a_text_has_one_hash_wherever_it_stands() -> None:
    """Alone, between others, and at the end of a buffer, whose bytes are read by eight."""
    texts = [*("x" * size for size in range(40)), "", "я" * 9, "", ""]
    hashing = CellHashes(1)
    together = column_of(np.array(texts, dtype=object)).hashes(hashing)
    alone = [column_of(np.array([one], dtype=object)).hashes(hashing)[0] for one in texts]
    assert together.tolist() == alone
    assert len(set(alone)) == len(set(texts))


@pytest.mark.parametrize(("documents", "found"), [("1234", 0), ("1233", 1)])
def test_equal_lines_are_found_by_their_documents(
    documents: str, found: int, tmp_path: Path
) -> None:
    """Lines of different documents differ in a column."""
    rows = ["a,2026-01-05,5", "b,2026-01-05,5", "a,2026-01-07,9", "a,2026-01-07,9"]
    lines = [f"{one},{row}" for one, row in zip(documents, rows, strict=True)]
    file = tmp_path / "sales.csv"
    file.write_text("\n".join(["document,customer,date,amount", *lines, ""]), "utf-8")
    issues = {one.kind: one.count for one in read_sales(file).quality.issues}
    with scan_sales(file) as scan:
        for part in scan.parts():
            list(part)
        issues |= {one.kind: one.count for one in scan.quality.issues}
    assert found == issues.get("duplicate", 0)
