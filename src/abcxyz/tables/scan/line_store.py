"""Lines of a table as arrays, in memory or in partition files by customer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Bools, Ints
from abcxyz.toolkit.temporary import TemporaryFolder

__all__ = ["Arrays", "LineStore", "Owners", "marked_lines", "repeated"]

Arrays = Mapping[str, npt.NDArray[Any]]

_PARTITIONS = 64
_POSITIVE = (1 << 31) - 1


class LineStore:
    """Collect the lines of a table in batches; those past a memory budget go to files.

    Parameters
    ----------
    budget
        Bytes of lines to keep in memory; None for no limit.
    folder
        Folder for temporary files; None for the system's.

    Notes
    -----
    All lines of a customer are in one partition, so the partitions can be added up one after the
    other. Inside a partition the lines keep their order.
    """

    def __init__(self, budget: float | None = None, folder: str | None = None) -> None:
        self._budget, self._folder = budget, folder
        self._chunks: list[dict[str, npt.NDArray[Any]]] = []
        self._bytes = 0
        self._files: TemporaryFolder | None = None
        self._types: dict[str, np.dtype[Any]] = {}
        self._sizes: list[list[int]] = [[] for _ in range(_PARTITIONS)]  # lines of each piece
        self.rows = 0
        """Number of lines."""

    @property
    def spilled(self) -> bool:
        """Whether lines are in files."""
        return self._files is not None

    @property
    def part_count(self) -> int:
        """Number of lists that `parts` yields."""
        return sum(map(bool, self._sizes)) if self.spilled else bool(self._chunks)

    def add(
        self,
        chunk: dict[str, npt.NDArray[Any]],
        owners: Callable[[], npt.NDArray[np.integer[Any]]],
    ) -> None:
        """Add a batch.

        Parameters
        ----------
        chunk
            Name -> column; the same names and types in every batch.
        owners
            Returns the number of the customer of every cell of the column ``customer``; called
            when lines are written to files.
        """
        self._chunks.append(chunk)
        self.rows += len(chunk["customer"])
        self._bytes += sum(column.nbytes for column in chunk.values())
        full = self._budget is not None and self._bytes > self._budget
        if full or self.spilled:
            self._spill(np.append(owners(), -1))

    def _spill(self, owners: npt.NDArray[np.integer[Any]]) -> None:
        if self._files is None:
            self._files = TemporaryFolder(self._folder)
            self._types = {name: column.dtype for name, column in self._chunks[0].items()}
        for chunk in self._chunks:
            part = (owners[chunk["customer"]] % _PARTITIONS).astype(np.uint8)
            order = np.argsort(part, kind="stable")
            columns = [chunk[name][order] for name in self._types]
            ends = np.cumsum(np.bincount(part, minlength=_PARTITIONS)).tolist()
            for number, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
                if end > start:
                    self._sizes[number].append(end - start)
                    with self._file(number).open("ab") as file:
                        for column in columns:
                            file.write(column[start:end].view(np.uint8).data)
        self._chunks, self._bytes = [], 0

    def _file(self, number: int) -> Path:
        assert self._files is not None
        return self._files.path / f"{number}.lines"

    def parts(self, *, last: bool = False) -> Iterator[list[Arrays]]:
        """Yield all lines as lists of batches: one list, or one per partition.

        With *last*, which is for the last reading, the lists alone hold the lines in memory, so
        that a batch removed from its list is freed.
        """
        if self._files is None:
            chunks: list[Arrays] = list(self._chunks)
            if last:
                self._chunks = []
            if chunks:
                yield chunks
            return
        for number in range(_PARTITIONS):
            if self._sizes[number]:
                yield [self._read(number)]

    def _read(self, number: int) -> Arrays:
        """Return the lines of a partition, whose pieces hold one column after the other."""
        sizes = self._sizes[number]
        lines = {name: np.empty(sum(sizes), kind) for name, kind in self._types.items()}
        start = 0
        with self._file(number).open("rb") as file:
            for size in sizes:
                for column in lines.values():
                    place = column[start : start + size].view(np.uint8)
                    if file.readinto(place.data) < place.nbytes:
                        raise EOFError(self._file(number))
                start += size
        return lines

    def close(self) -> None:
        """Remove the lines and their files."""
        self._chunks = []
        if self._files is not None:
            self._files.remove()
            self._files = None


class Owners:
    """Number of the customer of every distinct cell, extended as cells come.

    Cells of one identifier have one number; two identifiers may share one, which does no harm
    where the numbers only deal the customers out. Numbers from a table of the identifiers would
    need several times their memory.

    Parameters
    ----------
    cells
        The cells, a list that grows.
    read_ids
        Cells -> identifiers.
    """

    def __init__(
        self, cells: list[Any], read_ids: Callable[[list[Any]], npt.NDArray[np.object_]]
    ) -> None:
        self._cells, self._read_ids = cells, read_ids
        self._numbers = np.empty(0, np.int32)

    def __call__(self) -> npt.NDArray[np.int32]:
        """Return the numbers of all cells there are by now."""
        fresh = self._cells[len(self._numbers) :]
        if fresh:
            ids = self._read_ids(fresh).tolist()
            numbers = np.fromiter(map(hash, ids), np.int64, len(ids)) & _POSITIVE
            self._numbers = np.concatenate([self._numbers, numbers.astype(np.int32)])
        return self._numbers


def marked_lines(marks: Mapping[str, Bools | None], arrays: Arrays) -> Bools | None:
    """Return the lines in which a marked cell stands, by the columns' codes; None for none."""
    lines = None
    for name, cells in marks.items():
        if cells is not None and name in arrays:
            found = cells[arrays[name]]
            lines = found if lines is None else lines | found
    return lines


def repeated(batches: Sequence[npt.NDArray[np.uint64]]) -> list[Ints]:
    """Return the rows of each batch whose hash occurs more than once in all, ascending."""
    ordered = np.concatenate([np.empty(0, np.uint64), *batches])
    ordered.sort()
    again = ordered[1:][ordered[1:] == ordered[:-1]]
    if not len(again):
        return [np.empty(0, np.int64) for _ in batches]
    again = again[np.concatenate(([True], again[1:] != again[:-1]))]
    # A filter by some bits leaves few rows for the exact search.
    mask = np.zeros(1 << 20, dtype=bool)
    mask[again >> np.uint64(44)] = True
    found: list[Ints] = []
    for hashes in batches:
        rows = np.flatnonzero(mask[hashes >> np.uint64(44)])
        place = np.searchsorted(again, hashes[rows])
        place[place == len(again)] = 0
        found.append(rows[again[place] == hashes[rows]].astype(np.int64))
    return found
