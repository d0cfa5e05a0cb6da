"""Parsing of columns of cells into amounts, dates and identifiers.

Each *distinct* cell is parsed once: a column of a million lines has a few hundred dates and some
thousands of customers. `abcxyz.tables.values` decides the form of a column and parses its cells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from abcxyz._arrays import Bools, Days, Floats
from abcxyz.tables.values.amounts import amount_form, parse_amounts
from abcxyz.tables.values.days import day_form, exchanged_cells, parse_days
from abcxyz.tables.values.ids import are_plain, id_form, parse_ids

__all__ = [
    "distinct",
    "read_amounts",
    "read_days",
    "read_distinct_ids",
    "read_ids",
    "spread",
    "swapped_days",
    "where",
]


def distinct(column: pd.Series[Any]) -> tuple[npt.NDArray[np.int64], list[Any]]:
    """Return a code per cell, and the distinct cells; a missing cell has the code -1."""
    codes, cells = pd.factorize(column, use_na_sentinel=True)
    return np.asarray(codes, np.int64), list(cells)


def spread(codes: npt.NDArray[np.int64], values: npt.NDArray[Any], missing: Any) -> Any:
    """Expand values of distinct cells to all lines."""
    return np.append(values, np.asarray([missing], dtype=values.dtype))[codes]


def read_ids(column: pd.Series[Any], *, name: str = "customer") -> npt.NDArray[np.object_]:
    """Parse identifiers: one text for each, ``None`` where missing.

    Parameters
    ----------
    column
        (n,) text or numbers. Whole numbers stored as fractions (``17850.0``) lose the fraction.
    name
        Name of the column, for errors.

    Returns
    -------
    numpy.ndarray
        (n,) of ``str`` or None.

    Raises
    ------
    InputError
        An identifier has lost digits, see `abcxyz.tables.values.ids.id_form`.
    """
    codes, cells = distinct(column)
    ids: npt.NDArray[np.object_] = spread(codes, parse_ids(cells, id_form(cells, name=name)), None)
    return ids


def read_distinct_ids(cells: Sequence[Any], name: str) -> npt.NDArray[np.object_]:
    """Parse distinct identifiers as `read_ids` does; plain ones need no parsing."""
    if not are_plain(cells):
        return read_ids(pd.Series(cells, dtype=object), name=name)
    ids = np.empty(len(cells), dtype=object)
    ids[:] = cells
    return ids


def read_amounts(
    column: pd.Series[Any], *, decimal: str | None = None, name: str = "amount"
) -> tuple[Floats, Bools]:
    """Parse amounts in any usual notation: ``1 234,50``, ``1,234.50``, ``(99.90)``, ``-12 ₽``.

    Parameters
    ----------
    column
        (n,) text or numbers.
    decimal
        ``"."`` or ``","``; None detects it from the column.
    name
        Name of the column, for errors.

    Returns
    -------
    amounts : numpy.ndarray
        (n,) float64; NaN where there is none.
    unreadable : numpy.ndarray
        (n,) booleans: cells that are not missing and not a number.

    Raises
    ------
    InputError
        The decimal mark stays open, see `abcxyz.tables.values.amounts.amount_form`.
    """
    if column.dtype.kind in "iuf":
        amounts = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(np.isinf(amounts), np.nan, amounts), np.isinf(amounts)
    codes, cells = distinct(column)
    values, bad = parse_amounts(cells, amount_form(cells, decimal=decimal, name=name))
    return spread(codes, values, np.nan), spread(codes, bad, False)


def read_days(
    column: pd.Series[Any], *, date_format: str | None = None, name: str = "date"
) -> tuple[Days, Bools]:
    """Parse the date of each cell, ignoring the time of day and its zone.

    Parameters
    ----------
    column
        (n,) dates, or text such as ``2026-10-31``, ``31.10.2026 14:05``, ``20261031``.
    date_format
        Format of :func:`time.strptime` for cells in other notations.
    name
        Name of the column, for errors.

    Returns
    -------
    days : numpy.ndarray
        (n,) ``datetime64[D]``; NaT where empty, also for the first day of the year 1, which 1C
        writes for "no date".
    unreadable : numpy.ndarray
        (n,) booleans: cells that are not missing and not a date.

    Raises
    ------
    InputError
        The column is ambiguous: either the day or the month could come first.
    """
    if column.dtype.kind == "M":
        if getattr(column.dtype, "tz", None) is not None:
            column = column.dt.tz_localize(None)
        days = column.to_numpy(dtype="M8[ns]").astype("M8[D]")
        return days, np.zeros(len(days), dtype=bool)
    codes, cells = distinct(column)
    days, bad = parse_days(cells, day_form(cells, date_format=date_format, name=name))
    return spread(codes, days, "NaT"), spread(codes, bad, False)


def where(column: pd.Series[Any], test: Callable[[Sequence[Any]], npt.NDArray[np.bool_]]) -> Bools:
    """Return which cells of a column pass a test of its distinct cells."""
    codes, cells = distinct(column)
    lines: Bools = spread(codes, test(cells), False)
    return lines


def swapped_days(column: pd.Series[Any], *, date_format: str | None = None) -> Bools:
    """Return which dates had day and month exchanged by a spreadsheet."""
    if column.dtype.kind == "M" or date_format is not None:
        return np.zeros(len(column), dtype=bool)
    codes, cells = distinct(column)
    swapped = exchanged_cells(cells, day_form(cells))
    lines: Bools = spread(codes, swapped, False)
    return lines
