"""One column of a batch: its cells as hashes, codes, numbers or days."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from abcxyz._arrays import EXACT, Bools, Floats
from abcxyz.tables.scan.hashing import MISSING, CellHashes, CodeTable, Words, blocks, mixed
from abcxyz.tables.scan.moments import words_of
from abcxyz.tables.values.arrow import text_ends
from abcxyz.tables.values.columns import (
    Cells,
    are_text,
    arrow_missing,
    arrow_values,
    distinct,
    taken,
    without_arrow,
    without_empty,
)
from abcxyz.tables.values.ids import PLAIN

__all__ = [
    "CellTable",
    "Column",
    "NotPlainError",
    "are_gaps",
    "column_of",
    "line_hashes",
    "without_gaps",
]

Ends = npt.NDArray[np.int32] | npt.NDArray[np.int64]
_INT32 = np.iinfo(np.int32).max


@frozen(eq=False)
class Texts:
    """Texts in one buffer: (n + 1,) start of each in *data*, and the end of the last."""

    data: npt.NDArray[np.uint8]
    ends: Ends

    @classmethod
    def of(cls, cells: Sequence[str]) -> Texts:
        """Encode Python texts."""
        encoded = [cell.encode("utf-8", "surrogatepass") for cell in cells]
        ends = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)), out=ends[1:])
        return cls(np.frombuffer(b"".join(encoded), np.uint8), _narrow(ends))

    @classmethod
    def of_arrow(cls, array: Any) -> Texts:
        """Take the buffers of an Arrow array of strings without copying the texts."""
        if not len(array):
            return cls(np.empty(0, np.uint8), np.zeros(1, np.int32))
        data = array.buffers()[2]
        places = text_ends(array)[array.offset :]
        low, high = int(places[0]), int(places[-1])
        held = np.empty(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)
        return cls(held[low:high], _narrow(places - low if low else places))

    @property
    def sizes(self) -> Ends:
        """(n,) bytes of each text."""
        return np.diff(self.ends)


def _narrow(ends: Ends) -> Ends:
    """Return the ends of texts in 32 bits, in which those of a batch fit."""
    return ends.astype(np.int32, copy=False) if ends[-1] <= _INT32 else ends


class Column:
    """Cells of one column of a batch.

    Parameters
    ----------
    rows
        Number of cells.
    texts
        The cells, or the distinct ones of them, as text; None for numbers.
    places
        (rows,) position of each cell among the distinct ones, -1 if missing; None if every cell
        stands for itself.
    missing
        (rows,) whether a cell is missing; None if none is.
    source
        The cells, by position among the distinct ones.
    """

    def __init__(
        self,
        rows: int,
        *,
        texts: Texts | None = None,
        places: npt.NDArray[np.integer[Any]] | None = None,
        missing: Bools | None = None,
        source: Any = None,
        typed: npt.NDArray[Any] | None = None,
    ) -> None:
        self._rows, self._texts = rows, texts
        self._places, self._missing, self._source = places, missing, source
        self.typed = typed
        """(rows,) numbers or ``datetime64`` where the column has such a type, else None."""
        self._hashed: tuple[Words, Words | None] | None = None

    def __len__(self) -> int:
        return self._rows

    @property
    def is_dated(self) -> bool:
        """Whether the type of the column is one of dates."""
        return self.typed is not None and self.typed.dtype.kind == "M"

    def encoded(self) -> Column:
        """Return a column of text with its distinct cells alone, of which there should be few."""
        pa = sys.modules.get("pyarrow")
        if self._places is not None or pa is None or not isinstance(self._source, pa.Array):
            return self
        return _of_text(self._source.dictionary_encode())

    def _distinct_hashes(self, hashing: CellHashes) -> tuple[Words, Words | None]:
        if self._hashed is None:
            if self._texts is not None:
                self._hashed = hashing.texts(self._texts.data, self._texts.ends)
            else:
                self._hashed = self._hashes_of_typed(hashing, slice(None)), None
        return self._hashed

    def _hashes_of_typed(self, hashing: CellHashes, rows: slice) -> Words:
        assert self.typed is not None
        # A column of whole numbers has fractions in a batch with missing cells.
        if self.typed.dtype.kind == "f":
            return hashing.floats(self.typed[rows])
        return hashing.numbers(*words_of(self.typed[rows]))

    def add_hashes(self, total: Words, hashing: CellHashes, factor: np.uint64) -> None:
        """Add the hashes of the cells, times an odd number, to those of the lines."""
        if self._hashed is None and self._texts is None and self._missing is None:
            for rows in blocks(self._rows):  # which nothing else needs
                hashing.add(total[rows], self._hashes_of_typed(hashing, rows), factor)
        else:
            hashing.add(total, self.hashes(hashing), factor)

    def hashes(self, hashing: CellHashes) -> Words:
        """Return the (rows,) hashes of the cells."""
        hashes, _ = self._distinct_hashes(hashing)
        if self._places is not None:
            spread: Words = np.append(hashes, MISSING)[self._places]
            return spread
        if self._missing is not None:
            return np.where(self._missing, MISSING, hashes)
        return hashes

    def codes(self, table: CellTable) -> npt.NDArray[np.int32]:
        """Return the (rows,) codes of the cells in a growing table; -1 if missing."""
        hashes, checks = self._distinct_hashes(table.hashing)
        if self._missing is not None and self._places is None:
            codes = np.full(self._rows, -1, np.int32)
            here = np.flatnonzero(~self._missing)
            coded, fresh = table.codes.add(hashes[here], None if checks is None else checks[here])
            codes[here] = coded
            table.cells.extend(self._cells(here[fresh]))
            return codes
        codes, fresh = table.codes.add(hashes, checks)
        table.cells.extend(self._cells(fresh))
        if self._places is not None:
            spread: npt.NDArray[np.int32] = np.append(codes, np.int32(-1))[self._places]
            return spread
        return codes

    def _cells(self, places: npt.NDArray[np.intp]) -> Iterator[Any]:
        if not len(places):
            return iter(())
        pa = sys.modules.get("pyarrow")
        if pa is not None and isinstance(self._source, pa.Array):
            return iter(taken(self._source, places).to_pylist())
        if isinstance(self._source, np.ndarray):
            cells = self._source[places]
            return iter((cells.astype("M8[us]") if cells.dtype.kind == "M" else cells).tolist())
        return (self._source[place] for place in places.tolist())

    def holds(self, words: Sequence[bytes]) -> bool:
        """Return whether a word is anywhere in the text of the cells."""
        if self._texts is None:
            return False
        data = self._texts.data.tobytes()
        return any(word in data for word in words)

    def distinct(self) -> list[Any]:
        """Return the cells, or the distinct ones of them."""
        assert self._texts is not None
        return list(self._cells(np.arange(len(self._texts.ends) - 1)))

    def places(self) -> npt.NDArray[np.integer[Any]]:
        """Return the (rows,) positions of the cells in `distinct`; -1 where one is missing."""
        if self._places is not None:
            return self._places
        places = np.arange(self._rows)
        return places if self._missing is None else np.where(self._missing, -1, places)

    def floats(self) -> Floats | None:
        """Return the cells as numbers if each is plainly one or empty; NaN where empty.

        None where a cell is text other than a plain number, or the number is not finite.
        """
        if self.typed is not None:
            return None if self.typed.dtype.kind == "M" else self.typed.astype(np.float64)
        pa = sys.modules.get("pyarrow")
        if pa is None or self._texts is None or not isinstance(self._source, pa.Array):
            return None
        cells = self._source
        if (self._texts.sizes == 0).any():
            cells = without_empty(cells)
        try:
            parsed = cells.cast(pa.float64())
        except pa.ArrowInvalid:
            return None
        values, missing = arrow_values(parsed)
        if not np.isfinite(values if missing is None else values[~missing]).all():
            return None
        if missing is not None:
            values = np.where(missing, np.nan, values)
        if self._places is not None:
            return np.asarray(np.append(values, np.nan)[self._places])
        return np.asarray(values)

    def moments(self) -> npt.NDArray[np.datetime64] | None:
        """Return the cells as points in time if each is a date of ISO 8601 or empty, else None."""
        if self.typed is not None:
            return self.typed if self.typed.dtype.kind == "M" else None
        pa = sys.modules.get("pyarrow")
        if pa is None or self._texts is None or not isinstance(self._source, pa.Array):
            return None
        cells = self._source
        if (self._texts.sizes == 0).any():
            cells = without_empty(cells)
        try:
            parsed = without_arrow(cells.cast(pa.timestamp("us")))
        except pa.ArrowInvalid:
            return None
        if self._places is not None:
            return np.asarray(np.append(parsed, np.datetime64("NaT", "us"))[self._places])
        return np.asarray(parsed)

    def blank(self) -> Bools | None:
        """Return which cells are missing or empty; None for none."""
        missing = self._missing
        if self._places is not None and (self._places < 0).any():
            missing = self._places < 0
        if self._texts is not None:
            empty = self._texts.sizes == 0
            if empty.any():
                if self._places is not None:
                    empty = np.append(empty, True)[self._places]
                missing = empty if missing is None else missing | empty
        return missing

    def fractions(self) -> tuple[bool, bool]:
        """Return whether cells have decimal points, and whether any has not three digits after."""
        assert self._texts is not None
        data, ends = self._texts.data, self._texts.ends[1:]
        points = np.flatnonzero(data[: self._texts.ends[-1]] == ord("."))
        if not len(points):
            return False, False
        end = ends[np.searchsorted(ends, points, side="right")]
        return True, bool((end - points != 4).any())

    def is_plain(self) -> bool:
        """Return whether every cell is empty, or an identifier that is taken as it is written.

        It consists of ASCII letters, digits and few other characters, and ends with a digit, so
        that it is no marker of a missing value; or it is a whole number with all its digits.
        """
        if self._texts is None:
            if self.typed is None or self.typed.dtype.kind != "f":
                return self.typed is not None and self.typed.dtype.kind in "iu"
            known = self.typed[~np.isnan(self.typed)]
            return bool(((np.abs(known) < EXACT) & (known == np.floor(known))).all())
        data, ends = self._texts.data, self._texts.ends
        if ((data[: ends[-1]] - np.uint8(ord("0"))) < 10).all():
            return True
        if data[: ends[-1]].tobytes().translate(None, PLAIN):
            return False
        last = data[ends[1:][np.diff(ends) > 0] - 1]
        return bool(((last >= ord("0")) & (last <= ord("9"))).all())


class NotPlainError(Exception):
    """The column of a role has to be read in another way: by its cells, say."""

    def __init__(self, role: str, mode: str = "cells") -> None:
        super().__init__(role)
        self.role, self.mode = role, mode


class CellTable:
    """Growing table of the distinct cells of one column.

    Attributes
    ----------
    cells
        The distinct cells, by code.
    """

    def __init__(self, hashing: CellHashes) -> None:
        self.hashing, self.codes = hashing, CodeTable()
        self.cells: list[Any] = []

    def finish(self) -> None:
        """Free what finds the codes: no more cells will come."""
        self.codes = CodeTable(0)


def column_of(cells: Cells) -> Column:
    """Return the cells of one column of a batch, without copies where they are Arrow text."""
    if are_text(cells):
        return _of_text(cells)
    held = without_arrow(cells)
    return _of_numbers(held) if held.dtype.kind in "iufM" else _of_objects(held)


def _of_text(array: Any) -> Column:
    if hasattr(array, "dictionary"):
        held = array.dictionary
        numbers, absent = arrow_values(array.indices)
        if absent is not None:
            numbers = np.where(absent, -1, numbers)
        return Column(len(array), texts=Texts.of_arrow(held), places=numbers, source=held)
    return Column(
        len(array), texts=Texts.of_arrow(array), missing=arrow_missing(array), source=array
    )


def _of_numbers(cells: npt.NDArray[Any]) -> Column:
    typed: npt.NDArray[Any] = cells
    missing: Bools | None = None
    if cells.dtype.kind == "M":
        missing = np.isnat(cells)
    elif cells.dtype.kind == "f":
        typed = cells.astype(np.float64, copy=False)
        missing = np.isnan(typed)
    if missing is not None and not missing.any():
        missing = None
    return Column(len(cells), missing=missing, source=typed, typed=typed)


def _of_objects(cells: npt.NDArray[Any]) -> Column:
    places, held = distinct(cells)
    texts = Texts.of([one if isinstance(one, str) else _OBJECT + _shown(one) for one in held])
    return Column(len(cells), texts=texts, places=places, source=held)


_OBJECT = "\0"  # before the text of a cell that is not text, so that 5 and "5" differ


def _shown(cell: object) -> str:
    """Return a text that is the same for equal cells, such as 5 and 5.0."""
    if isinstance(cell, (int, float, np.number)):
        return repr(float(cell)) if abs(float(cell)) < EXACT else str(cell)
    return str(cell)


_NO_DOCUMENT = np.uint64(0xA0761D6478BD642F)


def without_gaps(
    keys: npt.NDArray[np.uint64], missing: Bools | None, lines: npt.NDArray[np.uint32]
) -> npt.NDArray[np.uint64]:
    """Give each line without a document a document, as in a table without documents."""
    if missing is None or not missing.any():
        return keys
    keys = keys.copy()
    keys[missing] = _keys_of_gaps(lines[missing])
    return keys


def are_gaps(keys: npt.NDArray[np.uint64], lines: npt.NDArray[Any]) -> Bools:
    """Return which keys are those that `without_gaps` gave."""
    return np.asarray(keys == _keys_of_gaps(lines))


def _keys_of_gaps(lines: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    return mixed(lines.astype(np.uint64) ^ _NO_DOCUMENT)


def line_hashes(columns: Sequence[Column], hashing: CellHashes) -> Words:
    """Return the (rows,) hashes of the lines over all columns."""
    total = np.zeros(len(columns[0]), np.uint64)
    for place, column in enumerate(columns):
        column.add_hashes(total, hashing, np.uint64(2 * place + 1))
    return total
