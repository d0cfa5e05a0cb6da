"""Table of a file: headings, and batches of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
from attrs import evolve, field, frozen

from abcxyz._arrays import Bools, Ints
from abcxyz.tables.values.columns import (
    Cells,
    cell_list,
    cells_of,
    concatenated,
    objects,
    same_cells,
    taken,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SAMPLE", "Batch", "MemoryTable", "Table", "consecutive", "first_rows"]

SAMPLE = 20_000
"""Number of rows by which the shape of a table and its columns are recognised."""


_MOST = 1 << 32


def consecutive(line: int, rows: int) -> npt.NDArray[np.integer[Any]]:
    """Return the numbers of consecutive lines, in 32 bits where they fit.

    Examples
    --------
    >>> consecutive(2, 3).tolist()
    [2, 3, 4]
    """
    kind = np.uint32 if line + rows <= _MOST else np.int64
    return np.arange(line, line + rows, dtype=kind)


def _names(names: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(names)


@frozen(eq=False)
class Batch:
    """Rows of a table, by columns.

    Parameters
    ----------
    names
        Headings.
    cells
        The columns: text where the file holds text, else with the types of the file.
    lines
        (n,) line number of each row in the file, counted from 1 as an editor does.

    Examples
    --------
    >>> batch = Batch.of({"customer": ["Ann", "Bob"], "amount": [5, None]})
    >>> len(batch), batch.lines.tolist(), batch.listed("amount")
    (2, [2, 3], [5, None])
    """

    names: tuple[Any, ...] = field(converter=_names)
    cells: tuple[Cells, ...] = field(converter=_names)
    lines: npt.NDArray[np.integer[Any]]

    @classmethod
    def of(cls, columns: Mapping[Any, Iterable[Any]], *, first_line: int = 2) -> Batch:
        """Make a batch of cells as they are, on consecutive lines."""
        cells = [cells_of(column) for column in columns.values()]
        rows = len(cells[0]) if cells else 0
        return cls(columns, cells, np.arange(first_line, first_line + rows))

    @classmethod
    def empty(cls, names: Sequence[Any]) -> Batch:
        """Make a batch without rows."""
        return cls(names, [objects(())] * len(names), np.arange(0))

    @classmethod
    def concat(cls, batches: Sequence[Batch]) -> Batch:
        """Join batches with the same headings, of which there is at least one."""
        columns = zip(*(one.cells for one in batches), strict=True)
        lines = np.concatenate([one.lines for one in batches])
        return cls(batches[0].names, map(concatenated, columns), lines)

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, name: Any) -> Cells:
        """Return the cells of a column."""
        return self.cells[self.names.index(name)]

    def listed(self, name: Any) -> list[Any]:
        """Return the cells of a column as Python objects."""
        return cell_list(self[name])

    def select(self, names: Iterable[Any]) -> Batch:
        """Return some of the columns, in this order."""
        places = [place for name in names for place in self._places(name)]
        return Batch(
            [self.names[place] for place in places],
            [self.cells[place] for place in places],
            self.lines,
        )

    def _places(self, name: Any) -> list[int]:
        return [place for place, one in enumerate(self.names) if one == name]

    def rows(self, wanted: slice | Ints | Bools) -> Batch:
        """Return some of the rows: a slice of them, their places, or where a mask is True."""
        if isinstance(wanted, slice):
            return Batch(self.names, [column[wanted] for column in self.cells], self.lines[wanted])
        places: Any = np.flatnonzero(wanted) if wanted.dtype == bool else wanted
        return Batch(
            self.names, [taken(column, places) for column in self.cells], self.lines[places]
        )

    def head(self, rows: int) -> Batch:
        """Return the first rows."""
        return self.rows(slice(rows))

    def with_columns(self, columns: Mapping[Any, Cells]) -> Batch:
        """Return the rows with columns replaced, and new ones at the end."""
        new = [name for name in columns if name not in self.names]
        cells = [columns.get(name, old) for name, old in zip(self.names, self.cells, strict=True)]
        return Batch((*self.names, *new), (*cells, *(columns[name] for name in new)), self.lines)

    def as_objects(self) -> Batch:
        """Return the rows with Python objects as cells."""
        return evolve(self, cells=[objects(cell_list(column)) for column in self.cells])

    def same_cells(self, other: Batch) -> bool:
        """Return whether another batch has the same headings and cells, on whatever lines."""
        return (
            self.names == other.names
            and len(self) == len(other)
            and all(map(same_cells, self.cells, other.cells))
        )

    def frame(self) -> pd.DataFrame:
        """Return the rows as a data frame that is indexed by their line numbers.

        Text is Arrow text, and whole numbers with missing cells are nullable integers.
        """
        import pandas as pd

        data = {
            place: pd.Series(column, dtype=column.dtype, copy=False)
            if isinstance(column, np.ndarray)
            else column.to_pandas(types_mapper=_pandas_type, date_as_object=False)
            for place, column in enumerate(self.cells)
        }
        frame = pd.DataFrame(data, index=pd.RangeIndex(len(self)), copy=False)
        frame.columns = pd.Index(self.names, dtype=object)
        return frame.set_axis(pd.Index(self.lines), axis="index")


def _pandas_type(kind: Any) -> Any:
    """Return the type of pandas for text and whole numbers in Arrow; None for the usual one."""
    import pandas as pd
    import pyarrow as pa

    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind):
        return pd.ArrowDtype(kind)
    # Whole numbers with missing cells never become floats, which lose digits of identifiers.
    name = str(kind)
    if name.startswith(("int", "uint")):
        return pd.api.types.pandas_dtype(name.replace("i", "I").replace("u", "U"))
    return None


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
    ) -> Iterator[Batch]:
        """Yield the rows in batches, each exactly once, in the order of the file.

        Parameters
        ----------
        columns
            Headings of the wanted columns; None yields all.
        rows
            Number of rows that are wanted, so that no more need be read; more may be yielded.

        Yields
        ------
        Batch
            The rows.
        """
        ...


@frozen(eq=False)
class MemoryTable:
    """A table in memory.

    Parameters
    ----------
    where
        Name of the file, for messages.
    batch
        The rows.
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
    >>> table = MemoryTable("sales.csv", Batch.of({"customer": ["Ann"], "amount": [5]}))
    >>> next(table.batches(["customer"])).listed("customer")
    ['Ann']
    """

    where: str
    batch: Batch
    remarks: Sequence[str] = ()
    roles: Mapping[str, str] = field(factory=dict)
    titles: Sequence[str] = ()
    uncached: Mapping[str, str] = field(factory=dict)

    @property
    def columns(self) -> Sequence[str]:
        """Headings, in the order of the table."""
        return list(self.batch.names)

    def batches(
        self, columns: Sequence[str] | None = None, *, rows: int | None = None
    ) -> Iterator[Batch]:
        """Yield the table as one batch; see `Table.batches`."""
        part = self.batch if columns is None else self.batch.select(columns)
        yield part if rows is None else part.head(rows)


def first_rows(table: Table, columns: Sequence[str] | None = None) -> Batch | None:
    """Return the first rows of a table, at most `SAMPLE`; None if it is empty."""
    first = next(iter(table.batches(columns, rows=SAMPLE)), None)
    return None if first is None else first.head(SAMPLE)
