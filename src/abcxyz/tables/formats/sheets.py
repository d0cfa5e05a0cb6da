"""Sheets of a workbook: rows of cells, as the format stores them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import field, frozen

__all__ = ["Sheet", "Workbook"]

Range = tuple[int, int, int, int]


@frozen(eq=False)
class Sheet:
    """Cells of a sheet.

    Parameters
    ----------
    name
        Name of the sheet; empty for a table that is no sheet of a workbook.
    rows
        Rows of cells: text, numbers, dates, or blank (None or an empty text).
    first_line
        Line number of the first row, counted from 1.
    merged
        Merged cells: first row, first column, last row, last column, counted from 0 in *rows*.
    uncached
        Column of the sheet, counted from 0, to the first of its formulas without a stored value,
        such as ``C3``.
    first_column
        Place in the sheet of the first column in *rows*, counted from 0.
    """

    name: str
    rows: Sequence[Sequence[Any]]
    first_line: int = 1
    merged: Sequence[Range] = ()
    uncached: Mapping[int, str] = field(factory=dict)
    first_column: int = 0

    @property
    def is_empty(self) -> bool:
        """Return whether no cell holds anything."""
        return not any(cell not in (None, "") for row in self.rows for cell in row)


@frozen(eq=False)
class Workbook:
    """Sheets of a workbook, read one by one.

    Parameters
    ----------
    where
        Name of the file, for messages.
    names
        Names of the sheets, in their order.
    hidden
        Names of the hidden sheets.
    read
        Name of a sheet -> the sheet.
    """

    where: str
    names: Sequence[str]
    hidden: frozenset[str]
    read: Callable[[str], Sheet]
