"""Table of a file: headings, and batches of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import pandas as pd
from attrs import field, frozen

__all__ = ["SAMPLE", "FrameTable", "Table", "first_rows"]

SAMPLE = 20_000
"""Number of rows by which the shape of a table and its columns are recognised."""


class Table(Protocol):
    """Table of a file, whatever its format and shape."""

    @property
    def where(self) -> str:
        """Name of the file, and of the sheet where there are several, for messages."""
        ...

    @property
    def columns(self) -> Sequence[str]:
        """Headings, in the order of the file."""
        ...

    @property
    def remarks(self) -> Sequence[str]:
        """How the file was understood: sentences for the reader, in order of importance."""
        ...

    @property
    def roles(self) -> Mapping[str, str]:
        """Role to the column that has it by the shape of the table, such as months across."""
        ...

    def batches(
        self, columns: Sequence[str] | None = None, *, rows: int | None = None
    ) -> Iterator[pd.DataFrame]:
        """Yield the rows in batches, each exactly once, in the order of the file.

        Parameters
        ----------
        columns
            Headings of the wanted columns; None yields all.
        rows
            Number of rows that are wanted, so that no more need be read; more may be yielded.

        Yields
        ------
        pandas.DataFrame
            Cells as text where the file holds text, else with the types of the file. The index
            holds the line number of each row in the file, counted from 1 as an editor does.
        """
        ...


@frozen(eq=False)
class FrameTable:
    """A table in memory.

    Parameters
    ----------
    where
        Name of the file, for messages.
    frame
        The table.
    first_line
        Line number of its first row; None where the index holds the line numbers.
    remarks
        How the file was understood.
    roles
        Role to the column that has it by the shape of the table.
    titles
        Texts above the heading.
    uncached
        Column to the first of its formulas without a stored value.

    Examples
    --------
    >>> table = FrameTable("sales.csv", pd.DataFrame({"customer": ["Ann"], "amount": [5]}))
    >>> [(*batch.index, *batch["customer"]) for batch in table.batches(["customer"])]
    [(2, 'Ann')]
    """

    where: str
    frame: pd.DataFrame
    first_line: int | None = 2
    remarks: Sequence[str] = ()
    roles: Mapping[str, str] = field(factory=dict)
    titles: Sequence[str] = ()
    uncached: Mapping[str, str] = field(factory=dict)

    @property
    def columns(self) -> Sequence[str]:
        """Headings, in the order of the table."""
        return list(self.frame.columns)

    def batches(
        self, columns: Sequence[str] | None = None, *, rows: int | None = None
    ) -> Iterator[pd.DataFrame]:
        """Yield the table as one batch; see `Table.batches`."""
        part = self.frame if columns is None else self.frame[list(columns)]
        if rows is not None:
            part = part.head(rows)
        if self.first_line is not None:
            index = pd.RangeIndex(self.first_line, self.first_line + len(part))
            part = part.set_axis(index, axis="index")
        yield part


def first_rows(table: Table, columns: Sequence[str] | None = None) -> pd.DataFrame | None:
    """Return the first rows of a table, at most `SAMPLE`; None if it is empty."""
    first = next(iter(table.batches(columns, rows=SAMPLE)), None)
    return None if first is None else first.head(SAMPLE)
