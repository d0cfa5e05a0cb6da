"""Codes of distinct cells: in the order of appearance, whatever the seed of the hashes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from abcxyz.tables import sales
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


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("spilled", [False, True], ids=["in memory", "in files"])
@pytest.mark.parametrize(
    "documents",
    [
        [1, 2, 3, 4, 5, 6, 7, 8, 9],  # each above the one before: nothing is looked for
        [1, 1, 3, 4, 5, 6, 7, 8, 9],
        [1, 2, 3, 4, 5, 6, 7, 7, 9],  # which shows in a late batch only
        [1, 2, 3, 4, 5, 6, 7, 8, 2],
        [1, 2, 3, 4, 5, 6, 4, 5, 6],
        [-2, -1, 0, 1, 2, 3, -1, 8, 9],
        [2, 3, 7, 8, 9, 10, 11, 1, 2],
    ],
)
def test_equal_lines_are_found_whether_documents_rise_or_not(
    kind: str, spilled: bool, documents: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read in batches of a few lines, and compared with what pandas finds."""
    monkeypatch.setattr("abcxyz.tables.formats.parquet._ROWS", 2)
    monkeypatch.setattr("abcxyz.tables.formats.csv._BLOCK", 40)
    frame = pd.DataFrame(
        {
            "document": documents,
            "customer": "a",
            "date": pd.Timestamp("2026-01-05"),
            "amount": 5.0,
        }
    )
    file = tmp_path / f"sales.{kind}"
    if kind == "csv":
        frame.to_csv(file, index=False)
    else:
        frame.to_parquet(file, index=False)
    if spilled:
        monkeypatch.setattr(sales, "_lines_budget", lambda _: 1.0)
    with scan_sales(file, memory="2GB" if spilled else None) as scan:
        orders = [batch.document for part in scan.parts() for batch in part]
        issues = {one.kind: one.count for one in scan.quality.issues}
    repeated = int(frame.duplicated().sum())
    assert issues.get("duplicate", 0) == repeated
    assert (orders[0] is None) == (repeated == 0)
    numbers = read_sales(file).transactions.document  # all of them are kept
    assert numbers is not None
    assert len(np.unique(numbers)) == len(set(documents))


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl", "xlsx"])
@pytest.mark.parametrize("number", ["7", "№ 7"], ids=["plain", "text"])
@pytest.mark.parametrize("spilled", [False, True], ids=["in memory", "in files"])
def test_equal_lines_without_a_document_are_duplicates(
    kind: str, number: str, spilled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is an order of its own, as in a table without documents, and equal in every column."""
    rows = [
        ("a", "2026-01-05", 5.0, None),
        ("a", "2026-01-05", 5.0, None),
        ("a", "2026-01-05", 5.0, number),
        ("a", "2026-01-05", 6.0, None),
        ("b", "2026-01-05", 5.0, None),
        ("a", "2026-01-05", 5.0, None),
    ]
    frame = pd.DataFrame(rows, columns=["customer", "date", "amount", "document"])
    file = tmp_path / f"sales.{kind}"
    write = {
        "csv": lambda: frame.to_csv(file, index=False),
        "parquet": lambda: frame.to_parquet(file, index=False),
        "jsonl": lambda: frame.to_json(file, orient="records", lines=True),
        "xlsx": lambda: frame.to_excel(file, index=False),
    }
    write[kind]()
    if spilled:
        monkeypatch.setattr(sales, "_lines_budget", lambda _: 1.0)
    with scan_sales(file, memory="2GB" if spilled else None) as scan:
        orders = [batch.document for part in scan.parts() for batch in part]
        issues = {one.kind: one.count for one in scan.quality.issues}
    assert issues == {"duplicate": 2}
    # Without a repeated document every line is an order.
    assert all(one is None or len(np.unique(one)) == len(one) for one in orders)
