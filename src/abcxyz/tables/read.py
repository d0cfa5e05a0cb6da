"""Reading of tables in files: CSV, Parquet, JSON lines and workbooks, also packed."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from abcxyz.errors import InputError
from abcxyz.tables.containers.contents import Content, absent, contents_of, damaged
from abcxyz.tables.containers.limits import DEFAULT_LIMITS, Limits
from abcxyz.tables.containers.paths import Files, files_of
from abcxyz.tables.containers.signatures import WORKBOOKS
from abcxyz.tables.formats.json_lines import read_json_lines
from abcxyz.tables.formats.spreadsheet_xml import open_spreadsheet_xml
from abcxyz.tables.formats.workbook import open_workbook
from abcxyz.tables.layout.heading import find_heading
from abcxyz.tables.layout.options import AS_FOUND, ShapeOptions
from abcxyz.tables.layout.periods import is_period
from abcxyz.tables.layout.several import table_of_workbook, unite
from abcxyz.tables.layout.sheet_table import empty_table, heading_remarks, named_columns
from abcxyz.tables.layout.text_head import DELIMITERS, read_head
from abcxyz.tables.shapes.recognise import recognise_shape
from abcxyz.tables.table import FrameTable, Table
from abcxyz.toolkit.catalogue import Catalogue

__all__ = ["decode", "open_table", "read_table", "sniff_delimiter"]

_BOMS = MappingProxyType(
    {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
)


def open_table(
    path: Files,
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | int | None = None,
    shape: ShapeOptions = AS_FOUND,
    limits: Limits = DEFAULT_LIMITS,
    named: Mapping[str, str | None] = MappingProxyType({}),
    decimal: str | None = None,
    undated: date | None = None,
) -> Table:
    """Open the table of a file, or of several files with the same columns.

    Parameters
    ----------
    path
        The file, or several; a folder and a pattern stand for their files. The format is detected
        by the first bytes, not by the name: CSV, Parquet, JSON lines, a workbook; also packed
        (gzip, zip, zstd, bzip2, xz).
    delimiter
        Field separator of a CSV; None detects it.
    encoding
        Encoding of a CSV; None detects it: a byte order mark, then UTF-8, then cp1251.
    sheet
        Name or position of the sheet of a workbook; ``all`` reads all sheets, None finds those
        with a table.
    shape
        How to read a table whose shape cannot be guessed.
    limits
        How much a file may unpack to.
    named
        Role to the column named by the user, or None.
    decimal
        Decimal mark set by the user, for amounts that are a product.
    undated
        Day of the sales of a table that has sums per customer and no dates; None leaves it as it
        is.

    Returns
    -------
    Table
        Cells of a CSV are unchanged text (``00017`` and ``NA`` stay text); those of other formats
        have the types of the file.

    Raises
    ------
    InputError
        A file is absent, empty, damaged or of another format; the message names the cure.
    """
    files = files_of(path)
    contents = [content for file in files for content in contents_of(file, limits)]
    tables = [
        _table_of(content, delimiter, encoding, sheet, shape, limits) for content in contents
    ]
    where = tables[0].where if len(files) > 1 else files[0].name
    table = tables[0] if len(tables) == 1 else unite(where, tables, "files")
    titles = [*getattr(table, "titles", ()), *(one.name for one in files)]
    return recognise_shape(table, shape, named, titles=titles, decimal=decimal, undated=undated)


def read_table(path: Files, **options: Any) -> pd.DataFrame:
    """Read the table of a file into one data frame; parameters and errors as in `open_table`."""
    return pd.concat(open_table(path, **options).batches(), ignore_index=True)


def _table_of(
    content: Content,
    delimiter: str | None,
    encoding: str | None,
    sheet: str | int | None,
    shape: ShapeOptions,
    limits: Limits,
) -> Table:
    if content.kind in WORKBOOKS:
        return _read_workbook(content, sheet, shape, limits)
    if content.kind == "parquet":
        return _read_parquet(content)
    if content.kind == "jsonlines":
        return FrameTable(_name(content), read_json_lines(content), None)
    return _read_csv(content, delimiter, encoding, shape)


def _name(content: Content) -> str:
    """Return the name of a file without its folder, with that of the member of an archive."""
    folder, inner = content.name, ""
    if content.path is None and content.packed == "zip":
        folder, _, inner = content.name.rpartition("/")
    name = Path(folder).name
    return f"{name}/{inner}" if inner else name


def decode(raw: bytes, path: Path, encoding: str | None = None) -> str:
    """Decode the bytes of a text file.

    Raises
    ------
    InputError
        The bytes are not valid in *encoding*, or in any of those tried.
    """
    tried = [encoding] if encoding else _encodings(raw)
    for name in tried:
        try:
            return raw.decode(name).removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
        except UnicodeDecodeError:
            continue
        except LookupError:
            raise InputError(
                "the encoding {encoding!r} is unknown; use a name such as utf-8 or cp1251",
                encoding=name,
            ) from None
    raise InputError(
        "{path} is not text in {encodings}; name its encoding, or save it as UTF-8",
        path=str(path),
        encodings=", ".join(tried),
    )


def _encodings(raw: bytes) -> list[str]:
    for mark, name in _BOMS.items():
        if raw.startswith(mark):
            return [name]
    head = raw[:4096]
    # Separators are ASCII, so UTF-16 without a byte order mark has many zero bytes.
    if head[1::2].count(0) > len(head) // 8:
        return ["utf-16-le"]
    if head[::2].count(0) > len(head) // 8:
        return ["utf-16-be"]
    return ["utf-8", "cp1251"]


def sniff_delimiter(header: str) -> str:
    """Return the field separator of a header line: the most frequent candidate outside quotes.

    Examples
    --------
    >>> sniff_delimiter('client;date;"sum, RUB"')
    ';'
    """
    outside = "".join(header.split('"')[::2])
    counts = {mark: outside.count(mark) for mark in DELIMITERS}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else ","


def _read_csv(
    content: Content, delimiter: str | None, encoding: str | None, shape: ShapeOptions
) -> Table:
    where = _name(content)
    text = decode(content.read(), Path(content.name), encoding)
    if "\0" in text[:4096]:
        raise InputError(
            "{path} is not a table this program knows; use CSV, Parquet or .xlsx",
            path=content.name,
        )
    skipped = 0
    header, _, rest = text.lstrip("\r\n").partition("\n")
    if header.lower().startswith("sep="):  # a hint that Excel writes and reads
        delimiter = delimiter or header[4:5]
        skipped = text.count("\n", 0, len(text) - len(rest))
        text = rest
    if not text.strip():
        raise empty_table(content.name)
    head = read_head(text, delimiter)
    heading = find_heading(head.rows, shape, is_period=is_period)
    lines = head.lines[heading.below]
    body = text.split("\n", lines)
    try:
        frame = pd.read_csv(
            io.StringIO(body[lines] if len(body) > lines else ""),
            sep=head.delimiter,
            header=None,
            names=_unique(named_columns(heading.names)),
            dtype=str,
            keep_default_na=False,
            na_values=[],
            index_col=False,
            quoting=csv.QUOTE_MINIMAL,
        )
    except pd.errors.EmptyDataError:
        frame = pd.DataFrame(columns=_unique(named_columns(heading.names)), dtype=str)
    except (pd.errors.ParserError, ValueError) as problem:
        raise InputError(
            "{path} is not a regular table ({reason}); check the quotes and the delimiter",
            path=content.name,
            reason=str(problem).strip(),
        ) from problem
    frame.columns = pd.Index(named_columns(heading.names), dtype=object)
    remarks = heading_remarks(heading, skipped + 1)
    return FrameTable(where, frame, skipped + lines + 1, remarks, titles=heading.titles)


def _unique(names: Sequence[str]) -> list[str]:
    return [f"{place} {name}" for place, name in enumerate(names)]


def _read_parquet(content: Content) -> Table:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise absent("Parquet", "pyarrow") from None
    try:
        with content.file() as file:
            table = pq.read_table(file)
    except (pa.ArrowException, OSError, ValueError) as problem:
        raise damaged(content.name, problem) from problem
    nested = [one.name for one in table.schema if pa.types.is_nested(one.type)]
    frame = table.drop_columns(nested).to_pandas(ignore_metadata=True)
    remarks = [
        Catalogue().message("the column {column!r} holds lists and is not read", column=column)
        for column in nested
    ]
    return FrameTable(_name(content), frame, remarks=remarks)


def _read_workbook(
    content: Content, sheet: str | int | None, shape: ShapeOptions, limits: Limits
) -> Table:
    where = _name(content)
    if content.kind == "spreadsheetml":
        return table_of_workbook(where, open_spreadsheet_xml(content), sheet, shape)
    with content.file() as file:
        book = open_workbook(content.name, file, content.kind, limits)
        return table_of_workbook(where, book, sheet, shape)
