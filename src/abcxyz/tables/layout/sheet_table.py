"""Layout of a sheet: its heading, its table, and what stands around it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from abcxyz._collection import without_collection
from abcxyz.errors import InputError
from abcxyz.tables.formats.columns import batch_of_columns
from abcxyz.tables.formats.sheets import Sheet
from abcxyz.tables.layout.heading import HEAD_ROWS, Heading, find_heading
from abcxyz.tables.layout.options import OFF, ShapeOptions
from abcxyz.tables.layout.periods import is_period
from abcxyz.tables.table import MemoryTable
from abcxyz.toolkit.catalogue import Catalogue, Figure

__all__ = ["empty_table", "heading_remarks", "is_unnamed", "named_columns", "table_of_sheet"]

_SAY = Catalogue()


def empty_table(where: str) -> InputError:
    """Return the error for a file without a table."""
    return InputError("{path} is empty; it needs a line of column names", path=where)


def named_columns(names: Sequence[str]) -> list[str]:
    """Return names for all columns: one without a heading is called by its number.

    Examples
    --------
    >>> named_columns(["customer", "", "amount"])
    ['customer', 'column 2', 'amount']
    """
    return [name or f"column {place}" for place, name in enumerate(names, 1)]


def is_unnamed(name: str) -> bool:
    """Return whether a column has no heading, see `named_columns`."""
    return re.fullmatch(r"column \d+", name) is not None


def heading_remarks(heading: Heading, first_line: int) -> list[str]:
    """Return what there is to say of a heading that is not the first line alone.

    Parameters
    ----------
    heading
        The heading.
    first_line
        Line number of the row 0.
    """
    remarks: list[str] = []
    if heading.titles:
        remarks.append(
            _SAY.message(
                "{count} {count:line|lines} above the heading {count:is|are} a title; the "
                "heading is line {line}",
                count=Figure(heading.place),
                line=Figure(first_line + heading.place),
            )
        )
    if heading.levels > 1:
        remarks.append(
            _SAY.message(
                "the heading has {count} rows, which are joined", count=Figure(heading.levels)
            )
        )
    return remarks


_BLANK = ("", None)


@without_collection()
def table_of_sheet(where: str, sheet: Sheet, options: ShapeOptions) -> MemoryTable:
    """Return the table of a sheet.

    Raises
    ------
    InputError
        The sheet is empty.
    """
    if sheet.is_empty:
        raise empty_table(where)
    rows = sheet.rows
    heading = find_heading(rows[:HEAD_ROWS], options, is_period=is_period, merged=sheet.merged)
    width = max(len(heading.names), len(rows[-1]))
    names = [*heading.names, *[""] * (width - len(heading.names))]
    first = sheet.first_line + heading.below
    merged = 0
    if options.fill_down != OFF:
        rows, merged = _unmerged(sheet, heading.below)
    lines, body = [], []
    for line, row in enumerate(rows[heading.below :], first):
        # Mostly the first cell decides, without a search through the others.
        if (row and row[0] not in _BLANK) or any(cell not in _BLANK for cell in row):
            lines.append(line)
            body.append(row)
    columns: list[Sequence[Any]] = list(zip(*body, strict=True)) if body else [()] * width
    used = [
        place
        for place, name in enumerate(names)
        if name or any(cell not in _BLANK for cell in columns[place])
    ]
    headings = named_columns([names[place] for place in used])
    batch = batch_of_columns(headings, [columns[place] for place in used], lines)
    remarks = heading_remarks(heading, sheet.first_line)
    if merged:
        remarks.append(
            _SAY.message(
                (
                    "{count} merged {count:cell|cells} {count:is filled with its|are filled with "
                    "their} value"
                ),
                count=Figure(merged),
            )
        )
    uncached = {
        name: sheet.uncached[place + sheet.first_column]
        for place, name in zip(used, headings, strict=True)
        if place + sheet.first_column in sheet.uncached
    }
    titles = [*heading.titles, sheet.name]
    return MemoryTable(where, batch, remarks, titles=titles, uncached=uncached)


def _unmerged(sheet: Sheet, below: int) -> tuple[list[Sequence[Any]], int]:
    """Return the rows with the value of cells merged downwards in each of them."""
    rows = list(sheet.rows)
    count = 0
    for top, left, bottom, _ in sheet.merged:
        if not below <= top < bottom < len(rows) or not 0 <= left < len(rows[top]):
            continue
        value = rows[top][left]
        if value in _BLANK:
            continue
        count += 1
        for place in range(top + 1, bottom + 1):
            row = list(rows[place])
            if any(cell not in _BLANK for cell in row):
                row[left] = value
                rows[place] = row
    return rows, count
