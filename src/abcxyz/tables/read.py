"""Reading of tables in files: CSV, Parquet, JSON lines and workbooks, also packed."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from attrs import evolve, fields, frozen

from abcxyz.errors import InputError
from abcxyz.tables.containers.contents import Content, contents_of
from abcxyz.tables.containers.limits import DEFAULT_LIMITS, UnpackLimits
from abcxyz.tables.containers.paths import Files, files_of
from abcxyz.tables.containers.signatures import WORKBOOKS
from abcxyz.tables.formats.csv import CsvTable, can_stream
from abcxyz.tables.formats.csv_rows import CsvRows, read_rows, refuse_long_cells
from abcxyz.tables.formats.encodings import DecodedText, decode_text
from abcxyz.tables.formats.json_lines import read_json_lines
from abcxyz.tables.formats.parquet import ParquetTable
from abcxyz.tables.formats.spreadsheet_xml import open_spreadsheet_xml
from abcxyz.tables.formats.workbook import open_workbook
from abcxyz.tables.layout.heading import find_heading
from abcxyz.tables.layout.options import AS_FOUND, ShapeOptions
from abcxyz.tables.layout.periods import is_period
from abcxyz.tables.layout.several import table_of_workbook, unite
from abcxyz.tables.layout.sheet_table import empty_table, heading_remarks, named_columns
from abcxyz.tables.layout.text_head import DELIMITERS, read_head
from abcxyz.tables.roles import ROLES
from abcxyz.tables.shapes.recognise import recognise_shape
from abcxyz.tables.table import MemoryTable, Table
from abcxyz.toolkit.catalogue import Catalogue

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["decode", "open_sales_table", "open_table", "read_table", "sniff_delimiter"]

_WORDS = Catalogue()
_START = 1 << 18  # bytes in which the headings of a CSV are looked for
_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
_OPENING = ("delimiter", "encoding", "sheet", "decimal", "date_format")
_SHAPE = tuple(one.name for one in fields(ShapeOptions))
_OPTION_OF = MappingProxyType({"currency": "currency_column"})


def open_table(
    path: Files,
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | int | None = None,
    shape: ShapeOptions = AS_FOUND,
    limits: UnpackLimits = DEFAULT_LIMITS,
    named: Mapping[str, str | None] = MappingProxyType({}),
    decimal: str | None = None,
    date_format: str | None = None,
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
    date_format
        Format of dates set by the user, for headings that are dates.
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
    if encoding is not None and not encoding.isprintable():
        raise InputError(
            "the encoding {encoding!r} is unknown; use a name such as utf-8 or cp1251",
            encoding=encoding,
        )
    files = files_of(path)
    contents = [content for file in files for content in contents_of(file, limits)]
    tables = [
        _table_of(content, delimiter, encoding, sheet, shape, limits) for content in contents
    ]
    where = tables[0].where if len(files) > 1 else files[0].name
    table = tables[0] if len(tables) == 1 else unite(where, tables, "files")
    titles = [*getattr(table, "titles", ()), *(one.name for one in files)]
    return recognise_shape(
        table,
        shape,
        named,
        titles=titles,
        decimal=decimal,
        date_format=date_format,
        undated=undated,
    )


def open_sales_table(
    path: Files, *, undated: date | None = None, **reading: Any
) -> tuple[Table, dict[str, str | None]]:
    """Open the table of a file of sales; return it with role -> column named or made by its shape.

    Parameters
    ----------
    path, undated
        As in `scan_sales`.
    reading
        As in `read_sales`; those that do not concern the table are ignored.
    """
    named = {role: reading.get(_OPTION_OF.get(role, role)) for role in ROLES}
    table = open_table(
        path,
        **{name: reading[name] for name in _OPENING if name in reading},
        shape=ShapeOptions(**{name: reading[name] for name in _SHAPE if name in reading}),
        limits=UnpackLimits.of(reading.get("unpack_limit")),
        named=named,
        undated=undated,
    )
    return table, {role: column or table.roles.get(role) for role, column in named.items()}


def read_table(path: Files, **options: Any) -> pd.DataFrame:
    """Read the table of a file into one data frame; parameters and errors as in `open_table`."""
    import pandas as pd

    frames = [batch.frame() for batch in open_table(path, **options).batches()]
    return pd.concat(frames, ignore_index=True)


def _table_of(
    content: Content,
    delimiter: str | None,
    encoding: str | None,
    sheet: str | int | None,
    shape: ShapeOptions,
    limits: UnpackLimits,
) -> Table:
    if content.kind in WORKBOOKS:
        return _read_workbook(content, sheet, shape, limits)
    if content.kind == "parquet":
        table = ParquetTable(_name(content), content)
        table.columns  # noqa: B018 - a damaged file is refused at once
        return table
    if content.kind == "jsonlines":
        return MemoryTable(_name(content), read_json_lines(content))
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
    decoded = decode_text(raw, str(path), encoding)
    if decoded.bad_lines:
        raise InputError(
            "{path} is not text in {encoding}: line {line} has other bytes; name its encoding "
            "with --encoding, or save it as UTF-8",
            path=str(path),
            encoding=decoded.encoding,
            line=decoded.bad_lines[0],
        )
    if "\0" in decoded.text:
        raise InputError(
            "{path} is not a table this program knows; use CSV, Parquet or .xlsx", path=str(path)
        )
    return decoded.text


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
    """Open a CSV in blocks where its beginning allows it, else read the whole."""

    def careful() -> Table:
        return _read_whole_csv(content, delimiter, encoding, shape)

    with content.open() as stream:
        start = stream.read(_START)
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return careful()
    plain = encoding is None or can_stream(encoding)
    if not plain or "\0" in text or "\n" not in text or find_spec("pyarrow") is None:
        return careful()
    head = _CsvHead.of(content.name, text.removeprefix(_MARK), delimiter, shape)
    if head.lines >= text.count("\n"):
        return careful()
    marked = "utf-8-sig" if text.startswith(_MARK) else "utf-8"
    decoded = DecodedText(text, encoding or marked)
    return CsvTable(
        where=_name(content),
        columns=head.names,
        first_remarks=[*head.remarks, *_text_remarks(decoded, head.delimiter, None, head.names)],
        content=content,
        delimiter=head.delimiter,
        skipped=head.lines,
        careful=careful,
        titles=head.titles,
    )


@frozen
class _CsvHead:
    """Beginning of a CSV: separator, headings, and the number of lines above the first row."""

    delimiter: str
    names: Sequence[str]
    lines: int
    remarks: Sequence[str]
    titles: Sequence[str]

    @classmethod
    def of(cls, name: str, text: str, delimiter: str | None, shape: ShapeOptions) -> _CsvHead:
        """Find the headings in the text of a file, or in its beginning."""
        skipped = 0
        header, _, rest = text.lstrip("\r\n").partition("\n")
        if header.lower().startswith("sep="):  # a hint that Excel writes and reads
            delimiter = delimiter or header[4:5]
            skipped = text.count("\n", 0, len(text) - len(rest))
            text = rest
        if not text.strip():
            raise empty_table(name)
        head = read_head(text, delimiter)
        heading = find_heading(head.rows, shape, is_period=is_period)
        # Rows with more cells than the heading are damaged, and no reason for more columns.
        width = max(map(len, head.rows[heading.place : heading.below]), default=0)
        return cls(
            head.delimiter,
            named_columns(heading.names[:width]),
            skipped + head.lines[heading.below],
            heading_remarks(heading, skipped + 1),
            heading.titles,
        )


def _read_whole_csv(
    content: Content, delimiter: str | None, encoding: str | None, shape: ShapeOptions
) -> Table:
    where = _name(content)
    decoded = decode_text(content.read(), content.name, encoding)
    if "\0" in decoded.text[:4096]:
        raise InputError(
            "{path} is not a table this program knows; use CSV, Parquet or .xlsx",
            path=content.name,
        )
    head = _CsvHead.of(content.name, decoded.text, delimiter, shape)
    refuse_long_cells(decoded.text, head.delimiter, where)
    body = decoded.text.split("\n", head.lines)
    rest = body[head.lines] if len(body) > head.lines else ""
    rows = read_rows(rest, head.delimiter, _unique(head.names), where, head.lines + 1)
    batch = evolve(rows.batch, names=head.names)
    remarks = [*head.remarks, *_text_remarks(decoded, head.delimiter, rows, head.names)]
    return MemoryTable(where, batch, remarks, titles=head.titles)


def _text_remarks(
    decoded: DecodedText, delimiter: str, rows: CsvRows | None, names: Sequence[str]
) -> list[str]:
    """Return how a text was decoded and split."""
    mark = {"\t": "Tab"}.get(delimiter, delimiter)
    remarks: list[str] = [
        _WORDS.message(
            "encoding {encoding}, delimiter {mark}", encoding=decoded.encoding, mark=mark
        )
    ]
    if decoded.bad_lines:
        remarks.append(
            _WORDS.message(
                "{count} {count:line|lines} {count:has|have} bytes that are not {encoding}, "
                "shown as �: {lines}",
                count=len(decoded.bad_lines),
                encoding=decoded.encoding.upper(),
                lines=decoded.bad_examples,
            )
        )
    if rows is not None and rows.column is not None:
        remarks.append(
            _WORDS.message(
                "{count} {count:line|lines} {count:has|have} a comma in the number of "
                "{column}, whose parts were joined",
                count=rows.joined,
                column=names[rows.column],
            )
        )
    if rows is not None and rows.requoted:
        remarks.append(
            _WORDS.message(
                "{count} {count:line|lines} {count:has|have} quotes inside quotes that are "
                "not doubled, which are read as part of the cell",
                count=rows.requoted,
            )
        )
    return remarks


def _unique(names: Sequence[str]) -> list[str]:
    return [f"{place} {name}" for place, name in enumerate(names)]


def _read_workbook(
    content: Content, sheet: str | int | None, shape: ShapeOptions, limits: UnpackLimits
) -> Table:
    where = _name(content)
    if content.kind == "spreadsheetml":
        return table_of_workbook(where, open_spreadsheet_xml(content), sheet, shape)
    with content.file() as file:
        book = open_workbook(content.name, file, content.kind, limits)
        return table_of_workbook(where, book, sheet, shape)
