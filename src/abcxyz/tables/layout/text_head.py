"""First rows of a CSV, and its field separator."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence

from attrs import frozen

from abcxyz.tables.layout.heading import HEAD_ROWS

__all__ = ["DELIMITERS", "TextHead", "read_head"]

DELIMITERS = (";", "\t", ",", "|")
"""Field separators that are recognised."""

_HEAD = 1 << 17  # characters


@frozen
class TextHead:
    """First rows of a CSV.

    Parameters
    ----------
    delimiter
        Field separator.
    rows
        Rows of cells.
    lines
        (rows + 1,) lines of the file before each row, and after the last.
    """

    delimiter: str
    rows: Sequence[Sequence[str]]
    lines: Sequence[int]


def read_head(text: str, delimiter: str | None = None) -> TextHead:
    r"""Read the first rows of a CSV.

    Parameters
    ----------
    text
        Text of the file, or its beginning.
    delimiter
        Field separator; None detects that by which most rows have the same number of cells.

    Examples
    --------
    >>> head = read_head("Sales of 2025\ncustomer;sum, RUB\nAnn;1,5\nBob;2,5\n")
    >>> head.delimiter, head.rows[1], head.lines
    (';', ['customer', 'sum, RUB'], [0, 1, 2, 3, 4])
    """
    start = text[:_HEAD]
    if len(text) > _HEAD:  # the last line may not be whole
        start = start[: start.rfind("\n") + 1] or start
    if delimiter is not None:
        return _split(start, delimiter)
    heads = [_split(start, mark) for mark in DELIMITERS]
    return max(heads, key=_regularity)


def _split(text: str, delimiter: str) -> TextHead:
    rows: list[list[str]] = []
    lines = [0]
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    try:
        for row in reader:
            rows.append(row)
            lines.append(reader.line_num)
            if len(rows) == HEAD_ROWS:
                break
    except csv.Error:
        pass  # the rest is read, and refused, with the whole
    return TextHead(delimiter, rows, lines)


def _regularity(head: TextHead) -> tuple[float, int, int]:
    """Return how many rows have the usual number of cells, if that is more than one."""
    widths = Counter(len(row) for row in head.rows if any(cell.strip() for cell in row))
    several = {width: count for width, count in widths.items() if width > 1}
    if not several:
        return 0.0, 0, -DELIMITERS.index(head.delimiter)
    width = max(several, key=lambda one: (several[one], one))
    share = several[width] / sum(widths.values())
    # A separator of a few cells more or less, as of decimal commas, has less regular rows.
    return round(share, 1), width, -DELIMITERS.index(head.delimiter)
