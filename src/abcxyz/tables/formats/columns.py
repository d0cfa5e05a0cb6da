"""Columns of a table from rows of cells, with the types that the cells have."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["frame_of_columns", "typed_column"]


def frame_of_columns(columns: Sequence[Sequence[Any]], lines: Sequence[int]) -> pd.DataFrame:
    """Return columns of cells as a data frame.

    Parameters
    ----------
    columns
        Columns of the same length; blank cells are None or an empty text.
    lines
        Line numbers of the rows.

    Returns
    -------
    pandas.DataFrame
        Text columns as objects, columns of numbers and of dates with their types; indexed by the
        line numbers. The columns are numbered from 0.
    """
    data = {place: typed_column(cells) for place, cells in enumerate(columns)}
    return pd.DataFrame(data, index=pd.Index(np.asarray(lines, np.int64)), copy=False)


def typed_column(cells: Sequence[Any]) -> Any:
    """Return cells as an array: of floats, of integers, of moments, or of objects."""
    kinds = set(map(type, cells))
    kinds.discard(type(None))
    if str in kinds:
        if len(kinds) == 1 or any(cell for cell in cells if isinstance(cell, str)):
            return _objects(cells)
        kinds.discard(str)
    blank = [None if cell == "" else cell for cell in cells] if len(kinds) == 1 else cells
    if kinds <= {float, int} and kinds:
        if kinds == {int} and not any(cell is None for cell in blank):
            try:
                return np.array(blank, dtype=np.int64)
            except OverflowError:
                return _objects(cells)
        values = [math.nan if cell is None or cell == "" else cell for cell in blank]
        return np.array(values, dtype=np.float64)
    if kinds and kinds <= {dt.date, dt.datetime}:
        return _moments([None if cell == "" else cell for cell in cells])
    return _objects(cells)


def _moments(cells: Sequence[Any]) -> Any:
    try:
        import pyarrow as pa

        whole = all(type(cell) is not dt.datetime for cell in cells)
        if whole:
            return pa.array(cells, pa.date32()).to_numpy(zero_copy_only=False).astype("M8[s]")
        return pa.array(cells, pa.timestamp("us")).to_numpy(zero_copy_only=False)
    except ImportError:
        return np.array(cells, dtype="M8[us]")
    except (pa.ArrowException, OverflowError, ValueError):
        return _objects(cells)


def _objects(cells: Sequence[Any]) -> Any:
    values = np.empty(len(cells), dtype=object)
    values[:] = cells
    return values
