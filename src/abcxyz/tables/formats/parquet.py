"""Parquet in batches of rows."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cached_property
from typing import Any

from attrs import Factory, define

from abcxyz.tables.containers.contents import Content, absent, damaged
from abcxyz.tables.table import Batch, consecutive
from abcxyz.toolkit.catalogue import Catalogue

__all__ = ["ParquetTable"]

_WORDS = Catalogue()
_ROWS = 1 << 19


@define(eq=False, slots=False)
class ParquetTable:
    """Table of a Parquet file that is read in batches.

    Parameters
    ----------
    where
        Name of the file, for messages.
    content
        The file.
    titles, roles
        As in `abcxyz.tables.table.MemoryTable`.

    Raises
    ------
    InputError
        The file is damaged, or pyarrow is not installed.
    """

    where: str
    content: Content
    titles: Sequence[str] = ()
    roles: Mapping[str, str] = Factory(dict)

    @cached_property
    def columns(self) -> Sequence[str]:
        """Headings, in the order of the file."""
        nested = self._nested
        return [name for name in self._schema.names if name not in nested]

    @property
    def remarks(self) -> Sequence[str]:
        """How the file was understood."""
        return [
            _WORDS.message("the column {column!r} holds lists and is not read", column=column)
            for column in self._nested
        ]

    @cached_property
    def _nested(self) -> list[str]:
        from pyarrow.types import is_nested

        return [one.name for one in self._schema if is_nested(one.type)]

    @cached_property
    def _schema(self) -> Any:
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError:
            raise absent("Parquet", "pyarrow") from None
        try:
            with self.content.file() as path:
                return pq.read_schema(path)
        except (pa.ArrowException, OSError, ValueError) as problem:
            raise damaged(self.content.name, problem) from problem

    def batches(
        self, columns: Sequence[str] | None = None, *, rows: int | None = None
    ) -> Iterator[Batch]:
        """Yield the rows in batches; see `abcxyz.tables.table.Table.batches`."""
        schema = self._schema
        import pyarrow as pa
        import pyarrow.parquet as pq

        texts = [one.name for one in schema if pa.types.is_string(one.type)]
        line = 1
        try:
            with (
                self.content.file() as path,
                pq.ParquetFile(path, read_dictionary=_repeated(path, texts)) as file,
            ):
                wanted = [one for one in self.columns if columns is None or one in columns]
                batches = file.iter_batches(batch_size=min(rows or _ROWS, _ROWS), columns=wanted)
                # Who wants the first rows only does not wait for more of them.
                with closing(batches if rows is not None else _ahead(batches)) as read:
                    for batch in read:
                        lines = consecutive(line, batch.num_rows)
                        line += batch.num_rows
                        yield Batch(batch.schema.names, batch.columns, lines)
        except (pa.ArrowException, OSError, ValueError) as problem:
            raise damaged(self.content.name, problem) from problem


def _ahead(batches: Iterator[Any]) -> Generator[Any, None, None]:
    """Yield each batch while the one after it is being read."""
    with ThreadPoolExecutor(1) as ahead:
        waiting = ahead.submit(next, batches, None)
        while (batch := waiting.result()) is not None:
            waiting = ahead.submit(next, batches, None)
            yield batch


def _repeated(path: Any, texts: Sequence[str]) -> list[str]:
    """Return the columns of text that the file stores as a dictionary throughout."""
    import pyarrow.parquet as pq

    groups = pq.read_metadata(path)
    if not groups.num_row_groups:
        return []
    first = groups.row_group(0)
    chunks = {first.column(i).path_in_schema: first.column(i) for i in range(first.num_columns)}
    return [
        name
        for name in texts
        if name in chunks
        and "RLE_DICTIONARY" in chunks[name].encodings
        and chunks[name].total_uncompressed_size < 4 * first.num_rows
    ]
