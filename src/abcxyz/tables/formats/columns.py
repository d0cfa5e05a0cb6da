"""Columns of a table from rows of cells, with the types that the cells have."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from abcxyz.tables.table import Batch
from abcxyz.tables.values.columns import objects

__all__ = ["batch_of_columns", "typed_column"]

_EPOCH = dt.date(1970, 1, 1).toordinal()


def batch_of_columns(
    names: Sequence[str], columns: Sequence[Sequence[Any]], lines: Sequence[int]
) -> Batch:
    """Return columns of cells as a batch.

    Parameters
    ----------
    names
        Headings.
    columns
        Columns of the same length; blank cells are None or an empty text.
    lines
        Line numbers of the rows.

    Returns
    -------
    Batch
        Text columns as objects, columns of numbers and of dates with their types.
    """
    return Batch(names, map(typed_column, columns), np.asarray(lines, np.int64))


def typed_column(cells: Sequence[Any]) -> Any:
    """Return cells as an array: of floats, of integers, of moments, or of objects."""
    kinds = set(map(type, cells))
    kinds.discard(type(None))
    if str in kinds:
        if len(kinds) == 1 or any(cell for cell in cells if isinstance(cell, str)):
            return objects(cells)
        kinds.discard(str)
    blank = [None if cell == "" else cell for cell in cells] if len(kinds) == 1 else cells
    if kinds <= {float, int} and kinds:
        if kinds == {int} and not any(cell is None for cell in blank):
            try:
                return np.array(blank, dtype=np.int64)
            except OverflowError:
                return objects(cells)
        values = [math.nan if cell is None or cell == "" else cell for cell in blank]
        return np.array(values, dtype=np.float64)
    if kinds and kinds <= {dt.date, dt.datetime}:
        return _moments([None if cell == "" else cell for cell in cells])
    return objects(cells)


def _moments(cells: Sequence[Any]) -> Any:
    if any(type(cell) is dt.datetime for cell in cells):
        return np.array(cells, dtype="M8[us]")
    # Many times faster than NumPy turns dates into days.
    days = np.array([0 if cell is None else cell.toordinal() for cell in cells], dtype=np.int64)
    moments = (days - _EPOCH).astype("M8[D]").astype("M8[s]")
    moments[days == 0] = np.datetime64("NaT", "s")
    return moments
