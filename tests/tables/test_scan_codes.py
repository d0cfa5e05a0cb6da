"""Codes of distinct cells: in the order of appearance, whatever the seed of the hashes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

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
