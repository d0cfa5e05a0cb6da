"""What counts as a missing value, in arrays and in cells of a table."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from abcxyz import _arrays
from abcxyz.tables.values import text

NOTHING = [
    None,
    float("nan"),
    np.float64("nan"),
    np.float32("nan"),
    Decimal("NaN"),
    Decimal("sNaN"),
    np.datetime64("NaT", "s"),
    np.timedelta64("NaT", "D"),
    pd.NaT,
    pd.NA,
]
SOMETHING = [0, 0.0, False, Decimal(0), np.datetime64("2026-01-01"), float("inf"), "0", b"", ()]


@pytest.mark.parametrize("value", NOTHING, ids=repr)
def test_no_value(value: object) -> None:
    """A value of any library that stands for none is missing in arrays and in cells."""
    assert _arrays.is_missing(value)
    assert text.is_missing(value)


@pytest.mark.parametrize("value", SOMETHING, ids=repr)
def test_a_value(value: object) -> None:
    """Zero, infinity and what is empty but no text are values."""
    assert not _arrays.is_missing(value)
    assert not text.is_missing(value)


@pytest.mark.parametrize("cell", ["", " ", "NULL", r"\N", "-", "\u00a0", "#Н/Д"])
def test_markers_count_in_cells_only(cell: str) -> None:
    """A text that marks a missing value does so in a table, not in an array."""
    assert text.is_missing(cell)
    assert not _arrays.is_missing(cell)
