"""A table made from another, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from attrs import field, frozen

from abcxyz.tables.table import Batch, Table

__all__ = ["DerivedTable"]

Make = Callable[[Batch], Batch]


@frozen(eq=False)
class DerivedTable:
    """A table whose batches are computed from those of another.

    Parameters
    ----------
    source
        The other table.
    columns
        Headings.
    begin
        Function that returns the function of a batch; it is called at the start of each reading,
        so that a function may keep what it has seen.
    needs
        Columns of the source that every batch is computed from; the others are passed on.
    remarks
        How the file was understood.
    roles
        Role to the column that has it by the shape.
    dated
        Whether the dates are those of the file.
    """

    source: Table
    columns: Sequence[str]
    begin: Callable[[], Make]
    needs: Sequence[str]
    _remarks: Sequence[str] = ()
    roles: Mapping[str, str] = field(factory=dict)
    dated: bool = True

    @property
    def remarks(self) -> Sequence[str]:
        """How the file was understood, with what its source learnt while it was read."""
        known = list(self._remarks)
        return [*known, *(text for text in self.source.remarks if text not in known)]

    @property
    def where(self) -> str:
        """Name of the file, for messages."""
        return self.source.where

    def batches(
        self, columns: Sequence[str] | None = None, *, rows: int | None = None
    ) -> Iterator[Batch]:
        """Yield the rows in batches; see `abcxyz.tables.table.Table.batches`."""
        wanted = list(self.columns if columns is None else columns)
        known = set(self.source.columns)
        read = list(dict.fromkeys([*self.needs, *(name for name in wanted if name in known)]))
        make = self.begin()
        for batch in self.source.batches(read, rows=rows):
            yield make(batch).select(wanted)
