"""Total rows that another column than those of the roles tells."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from abcxyz._arrays import Bools, Ints
from abcxyz.tables.scan.columns import CellTable, Column, column_of
from abcxyz.tables.values.columns import objects

__all__ = ["mark_total_rows"]

#: Parts of the words for totals, as they are written in texts.
_WORDS = tuple(word.encode() for word in ("otal", "OTAL", "тог", "ТОГ", "сего", "СЕГО"))
#: ``Total`` alone may be a brand.
_BRAND = re.compile(r"\s*total\s*", re.IGNORECASE)


TotalCells = Callable[[Sequence[Any]], Bools]


def mark_total_rows(
    customers: Any, table: CellTable, others: Sequence[Column], total_cells: TotalCells
) -> set[int]:
    """Give the rows whose other cells tell a total the cell of the total as customer, in place.

    Parameters
    ----------
    customers
        (n,) codes of the customers in *table*.
    table
        The distinct cells of the customers.
    others
        Columns without a role.
    total_cells
        Cells -> which of them mark a total.

    Returns
    -------
    set of int
        Codes of these cells.
    """
    marked: set[int] = set()
    for column in others:
        rows, cells = _totals(column, total_cells)
        if len(rows):
            codes = column_of(objects(cells)).codes(table)
            customers[rows] = codes
            marked.update(codes.tolist())
    return marked


def _totals(column: Column, total_cells: TotalCells) -> tuple[Ints, list[Any]]:
    """Return the rows whose cell is a total, and these cells."""
    none = np.empty(0, np.int64)
    if not column.holds(_WORDS):
        return none, []
    cells = column.distinct()
    total = total_cells(cells)
    if not total.any():
        return none, []
    total &= np.array([not _BRAND.fullmatch(str(cell)) for cell in cells], dtype=bool)
    places = column.places()
    rows = np.flatnonzero(np.append(total, False)[places])
    return rows, [cells[places[row]] for row in rows.tolist()]
