"""Parsing of columns of cells into amounts, dates and identifiers.

Each *distinct* cell is parsed once: a column of a million lines has a few hundred dates and some
thousands of customers. `abcxyz.tables.values` decides the form of a column and parses its cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Bools, Days, Floats
from abcxyz.tables.values.amounts import amount_form, parse_amounts
from abcxyz.tables.values.columns import cells_of, distinct, numbers, spread, without_arrow
from abcxyz.tables.values.days import day_form, parse_days
from abcxyz.tables.values.ids import are_plain, id_form, parse_ids

__all__ = [
    "read_amounts",
    "read_days",
    "read_distinct_ids",
    "read_ids",
]


def read_ids(column: Any, *, name: str = "customer") -> npt.NDArray[np.object_]:
    """Parse identifiers: one text for each, ``None`` where missing.

    Parameters
    ----------
    column
        (n,) text or numbers: a sequence, an array, or a column of a data frame. Whole numbers
        stored as fractions (``17850.0``) lose the fraction.
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
    codes, cells = distinct(cells_of(column))
    ids: npt.NDArray[np.object_] = spread(codes, parse_ids(cells, id_form(cells, name=name)), None)
    return ids


def read_distinct_ids(cells: Sequence[Any], name: str) -> npt.NDArray[np.object_]:
    """Parse distinct identifiers as `read_ids` does; plain ones need no parsing."""
    if not are_plain(cells):
        return read_ids(cells, name=name)
    ids = np.empty(len(cells), dtype=object)
    ids[:] = cells
    return ids


def read_amounts(
    column: Any, *, decimal: str | None = None, name: str = "amount"
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
    held = cells_of(column)
    amounts = numbers(held)
    if amounts is not None:
        return np.where(np.isinf(amounts), np.nan, amounts), np.isinf(amounts)
    codes, cells = distinct(held)
    values, bad = parse_amounts(cells, amount_form(cells, decimal=decimal, name=name))
    return spread(codes, values, np.nan), spread(codes, bad, False)


def read_days(
    column: Any, *, date_format: str | None = None, name: str = "date"
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
    held = without_arrow(cells_of(column))
    if getattr(held, "dtype", None) is not None and held.dtype.kind == "M":
        return held.astype("M8[D]"), np.zeros(len(held), dtype=bool)
    codes, cells = distinct(held)
    days, bad = parse_days(cells, day_form(cells, date_format=date_format, name=name))
    return spread(codes, days, "NaT"), spread(codes, bad, False)
