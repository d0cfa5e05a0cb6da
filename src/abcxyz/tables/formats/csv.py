"""CSV in blocks: regular rows are split by Arrow while the block before is used."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from abcxyz.errors import InputError
from abcxyz.tables.containers.contents import Content
from abcxyz.tables.formats.csv_quotes import damaged_rows
from abcxyz.tables.formats.csv_rows import has_long_line, swallows_rows
from abcxyz.tables.table import Batch, Table, consecutive

__all__ = ["CsvTable", "can_stream"]

_BLOCK = 1 << 24  # bytes
_START = 1 << 22  # bytes of which the first rows are taken
_CACHED = 1 << 17  # bytes that the caches hold
_LARGEST = 1 << 26  # a row of this size is a quote without its twin


class _IrregularError(Exception):
    """Rows that the regular reader cannot split as the careful one does."""


class _EndlessRowError(Exception):
    """A row without an end."""


@frozen(eq=False, kw_only=True)
class CsvTable:
    """Table of a CSV that is read in blocks.

    Parameters
    ----------
    where, columns
        As in `abcxyz.tables.table.Table`.
    first_remarks
        How the beginning was understood.
    content
        The file.
    delimiter
        Field separator.
    skipped
        Number of lines above the first row.
    careful
        Returns the whole table, read row by row: used from the first row on that is not regular.
    titles, roles
        As in `abcxyz.tables.table.MemoryTable`.
    """

    where: str
    columns: Sequence[str]
    first_remarks: Sequence[str]
    content: Content
    delimiter: str
    skipped: int
    careful: Callable[[], Table]
    titles: Sequence[str] = ()
    roles: Mapping[str, str] = field(factory=dict)
    _decided: dict[str, Any] = field(factory=dict, init=False)

    @property
    def remarks(self) -> Sequence[str]:
        """How the file was understood; complete when all rows were read."""
        remarks: Sequence[str] = self._decided.get("remarks", self.first_remarks)
        return remarks

    def batches(
        self, columns: Sequence[str] | None = None, *, rows: int | None = None
    ) -> Iterator[Batch]:
        """Yield the rows in blocks; see `abcxyz.tables.table.Table.batches`."""
        done = 0
        try:
            for batch in self._regular(columns, rows):
                yield batch
                done += len(batch)
        except _IrregularError:
            table = self.careful()
            self._decided["remarks"] = table.remarks
            for batch in table.batches(columns):
                if len(batch) > done:
                    yield batch.rows(slice(done, None))
                done = max(0, done - len(batch))

    def _regular(self, columns: Sequence[str] | None, rows: int | None) -> Iterator[Batch]:
        with self.content.open() as stream, ThreadPoolExecutor(1) as ahead:
            blocks = self._numbered(stream, rows)
            # Nothing is read ahead of the first rows, after which a reader may stop.
            batch = self._next(blocks, columns)
            if batch is not None and len(batch):
                yield batch
            waiting = ahead.submit(self._next, blocks, columns)
            while (batch := waiting.result()) is not None:
                waiting = ahead.submit(self._next, blocks, columns)
                if len(batch):
                    yield batch

    def _next(
        self, blocks: Iterator[tuple[bytearray, int, int]], columns: Sequence[str] | None
    ) -> Batch | None:
        for block, line, lines in blocks:
            return self._split(block, line, lines, columns)
        return None

    def _numbered(
        self, stream: IO[bytes], rows: int | None
    ) -> Iterator[tuple[bytearray, int, int]]:
        """Yield the blocks of rows, each with the number of its first line and of its lines."""
        line = 1 + self.skipped
        try:
            for block in _blocks(stream, self.skipped, rows):
                breaks = _count(block, "\n")
                yield block, line, breaks + (not block.endswith(b"\n"))
                line += breaks
        except _EndlessRowError:
            raise InputError(
                "{path}, line {line} begins a row of over {size} MB; check the quotes and the "
                "delimiter",
                path=self.where,
                line=line,
                size=_LARGEST >> 20,
            ) from None

    def _is_utf8(self) -> bool:
        """Return whether the whole file is UTF-8; asked at the first byte outside ASCII."""
        if "utf-8" not in self._decided:
            self._decided["utf-8"] = _is_utf8(self.content)
        return bool(self._decided["utf-8"])

    def _swallows_rows(self, block: bytearray) -> bool:
        """Return whether a quote without its twin makes one cell of several rows."""
        return any(
            swallows_rows(row, self.delimiter, len(self.columns))
            for text in _rows_of_several_lines(block)
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter)
        )

    def _split(
        self, block: bytearray, line: int, ends: int, columns: Sequence[str] | None
    ) -> Batch:
        import pyarrow as pa
        from pyarrow import csv as arrow_csv

        names = [str(place) for place in range(len(self.columns))]
        wanted = [
            name
            for name, column in zip(names, self.columns, strict=True)
            if columns is None or column in columns
        ]
        if block[0] in b"\r\n" and not block.strip(b"\r\n"):
            return Batch.empty(self.columns if columns is None else columns)
        if not block.isascii() and not self._is_utf8():
            raise _IrregularError
        quoted = b'"' in block
        if has_long_line(block) or (quoted and damaged_rows(block, self.delimiter)):
            raise _IrregularError

        def split(*, several_lines: bool) -> Any:
            return arrow_csv.read_csv(
                pa.BufferReader(block),
                # In one piece, because the cells of a column are needed in one buffer.
                read_options=arrow_csv.ReadOptions(column_names=names, block_size=len(block) + 1),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=self.delimiter, newlines_in_values=several_lines
                ),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    strings_can_be_null=False,
                    check_utf8=False,  # the block is ASCII, or the whole file was decoded
                    include_columns=wanted,
                ),
            )

        try:
            try:
                table = split(several_lines=False)
            except pa.ArrowInvalid:
                if not quoted:
                    raise
                table = split(several_lines=True)
            else:
                if quoted and table.num_rows != ends:
                    table = split(several_lines=True)
        except pa.ArrowInvalid as problem:
            raise _IrregularError from problem
        numbers = consecutive(line, ends)
        if table.num_rows != ends:  # as many rows as lines: no row has several
            if quoted and self._swallows_rows(block):
                raise _IrregularError
            numbers = line + _line_numbers(block)
            if len(numbers) != table.num_rows:
                raise _IrregularError
        cells = [_in_one_piece(column) for column in table.columns]
        return Batch([self.columns[int(name)] for name in wanted], cells, numbers)


def _in_one_piece(column: Any) -> Any:
    import pyarrow as pa

    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _rows_of_several_lines(block: bytearray) -> Iterator[str]:
    """Yield the rows that have line breaks between quotes."""
    data = np.frombuffer(block if block.endswith(b"\n") else block + b"\n", np.uint8)
    breaks = np.flatnonzero(data == ord("\n"))
    quotes = np.cumsum(data == ord('"'))[breaks]
    inside = np.flatnonzero(quotes % 2)
    if len(inside):
        ends = breaks[quotes % 2 == 0]
        starts = np.concatenate(([0], ends + 1))
        for row in np.unique(np.searchsorted(ends, breaks[inside])).tolist():
            end = int(ends[row]) if row < len(ends) else len(block)
            yield block[int(starts[row]) : end].decode("utf-8", "replace")


def can_stream(encoding: str) -> bool:
    """Return whether text in an encoding is read in blocks.

    Examples
    --------
    >>> can_stream("UTF8"), can_stream("cp1251")
    (True, False)
    """
    try:
        return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
    except LookupError:
        return False


def _is_utf8(content: Content) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with content.open() as stream:
        try:
            while block := stream.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _blocks(stream: IO[bytes], skipped: int, rows: int | None) -> Iterator[bytearray]:
    """Yield whole rows, about a block at a time, without the first lines.

    The first block has about so many *rows*, where nobody reads on after them.
    """
    rest = b"".join(islice(_after_mark(stream), skipped, skipped + 1))
    size = _BLOCK if rows is None else _START
    while True:
        # Read behind the rest of the last block: nothing is copied but this.
        block = bytearray(len(rest) + size)
        block[: len(rest)] = rest
        with memoryview(block) as room:
            count = stream.readinto(room[len(rest) :])  # type: ignore[attr-defined]
        if not count:
            break
        del block[len(rest) + count :]
        if rows is None or b'"' in block:
            end = _last_row_end(block)
        else:
            end = _end_of_rows(block, rows, len(rest))
            rows = None
        if not end and len(block) > _LARGEST:
            raise _EndlessRowError
        rest = bytes(memoryview(block)[end:])
        del block[end:]
        if end:
            yield block
    if rest:
        yield bytearray(rest)


def _after_mark(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines without a byte order mark."""
    first = stream.readline()
    yield first.removeprefix(codecs.BOM_UTF8)
    while line := stream.readline():
        yield line


def _end_of_rows(block: bytearray, rows: int, start: int) -> int:
    """Return the end of so many rows after *start*, or of the last one; 0 if none ends."""
    breaks = np.flatnonzero(np.frombuffer(block, np.uint8, offset=start) == ord("\n"))
    if not len(breaks):
        return block.rfind(b"\n") + 1
    return start + int(breaks[min(rows, len(breaks)) - 1]) + 1


def _last_row_end(block: bytearray) -> int:
    """Return the end of the last whole row; a line break between quotes ends no row."""
    end = block.rfind(b"\n") + 1
    quotes = _count(block, '"', end) if b'"' in block else 0
    while end and quotes % 2:
        if len(block) - end > _BLOCK:
            return 0
        before = block.rfind(b"\n", 0, end - 1) + 1
        quotes -= block.count(b'"', before, end)
        end = before
    return end


def _count(block: bytearray, character: str, end: int | None = None) -> int:
    """Count a frequent character up to an end: `bytes.count` takes three times as long."""
    data = np.frombuffer(block, np.uint8)[:end]
    parts = (data[start : start + _CACHED] for start in range(0, len(data), _CACHED))
    return sum(int(np.count_nonzero(part == ord(character))) for part in parts)


def _line_numbers(block: bytearray) -> npt.NDArray[np.int64]:
    """Return the line of every row, from 0 on; empty lines are no rows."""
    data = np.frombuffer(block if block.endswith(b"\n") else block + b"\n", np.uint8)
    breaks = np.flatnonzero(data == ord("\n"))
    quotes = np.cumsum(data == ord('"'))[breaks]
    ends = breaks[quotes % 2 == 0]
    starts = np.concatenate(([0], ends[:-1] + 1))
    empty = (ends == starts) | ((ends == starts + 1) & (data[starts] == ord("\r")))
    numbers: npt.NDArray[np.int64] = np.searchsorted(breaks, starts[~empty]).astype(np.int64)
    return numbers
