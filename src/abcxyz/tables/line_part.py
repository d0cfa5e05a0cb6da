"""Lines of one part of a table, decoded batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Bools, Ints
from abcxyz.tables.lines import LineColumns
from abcxyz.tables.scan.columns import are_gaps
from abcxyz.tables.scan.line_store import Arrays, repeated

__all__ = ["LinePart"]


class LinePart:
    """Lines of a part of a table: all lines, or those of some of the customers.

    Parameters
    ----------
    batches
        The coded lines; emptied by iteration, so that every batch is freed after its use.
    decode
        Coded lines -> decoded columns.
    documents
        Coded lines -> keys of the documents; None without documents.
    gaps
        Whether a line may have no document.
    unlike
        Whether every line is known to have a document of its own.
    """

    def __init__(
        self,
        batches: list[Arrays],
        decode: Callable[[Arrays], LineColumns],
        documents: Callable[[Arrays], Ints | None],
        *,
        gaps: bool = True,
        unlike: bool = False,
    ) -> None:
        self._batches, self._decode, self._documents = batches, decode, documents
        self._gaps, self._all_unlike = gaps, unlike

    def __iter__(self) -> Iterator[LineColumns]:
        self._batches.reverse()
        while self._batches:
            yield self._decode(self._batches.pop())

    def take_duplicates(self) -> list[Bools | None]:
        """Return for each batch which lines equal an earlier line of the part in every column.

        None stands for no such line. The hashes of the lines are not needed later, and are freed.
        """
        if "hash" not in self._batches[0]:
            return [None] * len(self._batches)
        again: list[Bools | None] = [None] * len(self._batches)
        if not self._all_unlike:
            found = repeated([batch["hash"] for batch in self._batches])
            if any(map(len, found)):
                again = self._verified(found)
        self._batches[:] = [
            {name: column for name, column in batch.items() if name != "hash"}
            for batch in self._batches
        ]
        return again

    def _verified(self, found: list[Ints]) -> list[Bools | None]:
        """Compare the columns of lines with equal hashes, which are no proof."""
        alike: dict[str, npt.NDArray[np.generic]] = {
            name: np.concatenate(
                [batch[name][rows] for batch, rows in zip(self._batches, found, strict=True)]
            )
            for name in self._batches[0]
        }
        columns = self._decode(alike)
        amount, _ = columns.amount
        day, _ = columns.day
        parts = [alike["hash"], columns.customer, day.view(np.int64), amount.view(np.int64)]
        if columns.document is not None:
            gap = are_gaps(columns.document.view(np.uint64), alike["line"])
            # Without a document each line has one of its own, and may equal another all the same.
            parts.append(np.where(gap, 0, columns.document))
        order = np.lexsort(parts)  # which is stable: the first of equal lines stays first
        same = np.ones(len(order) - 1, dtype=bool)
        for part in parts:
            values = part[order]
            same &= values[1:] == values[:-1]
        repeats = np.zeros(len(order), dtype=bool)
        repeats[order[1:][same]] = True
        again: list[Bools | None] = []
        ends = np.cumsum([len(rows) for rows in found])
        for batch, rows, flags in zip(
            self._batches, found, np.split(repeats, ends[:-1]), strict=True
        ):
            lines = np.zeros(len(batch["hash"]), dtype=bool)
            lines[rows[flags]] = True
            again.append(lines)
        return again

    def has_repeated_documents(self) -> bool:
        """Return whether any document has several lines; False without documents."""
        if self._all_unlike:
            return False
        keys: list[Ints] = []
        for batch in self._batches:
            batch_keys = self._documents(batch)
            if batch_keys is None:
                return False
            if not keys:  # mostly the first batch shows it
                batch_keys = np.sort(batch_keys)
                if _repeat(batch_keys):
                    return True
            keys.append(batch_keys)
        found = False
        if len(keys) > 1:
            every = np.concatenate(keys)
            keys.clear()
            every.sort()
            found = _repeat(every)
        # Lines of different documents are not equal in every column.
        self._all_unlike = not found and not self._gaps
        return found


def _repeat(ordered: Ints) -> bool:
    return bool((ordered[1:] == ordered[:-1]).any())
