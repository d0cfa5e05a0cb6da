"""Reading of CSV, Parquet and Excel files into data frames."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from abcxyz.errors import InputError
from abcxyz.tables.table import FrameTable, Table

__all__ = ["decode", "open_table", "read_table", "sniff_delimiter"]

_DELIMITERS = (";", "\t", ",", "|")
_BOMS = MappingProxyType(
    {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
)


def open_table(
    path: Path,
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | int = 0,
) -> Table:
    """Open the table of a file; parameters and errors as in `read_table`."""
    frame = read_table(path, delimiter=delimiter, encoding=encoding, sheet=sheet)
    return FrameTable(path.name, frame)


def read_table(
    path: Path,
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | int = 0,
) -> pd.DataFrame:
    """Read the table of a file: CSV, plain or gzipped, Parquet, or Excel.

    Parameters
    ----------
    path
        The file; its format is detected by its first bytes, not by its name.
    delimiter
        Field separator of a CSV; None detects it.
    encoding
        Encoding of a CSV; None detects it: a byte order mark, then UTF-8, then cp1251.
    sheet
        Name or position of the sheet of a workbook.

    Returns
    -------
    pandas.DataFrame
        Cells of a CSV are unchanged text (``00017`` and ``NA`` stay text); those of Parquet and
        Excel have the types of the file.

    Raises
    ------
    InputError
        The file is absent, empty, damaged or of another format; the message names the cure.
    """
    try:
        raw = path.read_bytes()
        if raw.startswith(b"\x1f\x8b"):
            raw = gzip.decompress(raw)
    except FileNotFoundError:
        raise InputError("there is no file {path}; check the path", path=str(path)) from None
    except (OSError, EOFError, zlib.error) as problem:
        raise InputError(
            "the file {path} cannot be read ({reason}); check that it is whole and may be read",
            path=str(path),
            reason=str(problem),
        ) from problem
    if raw.startswith(b"PAR1"):
        return _read_parquet(raw, path)
    if raw.startswith(b"PK\x03\x04"):
        return _read_excel(raw, path, sheet)
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError(
            "{path} is a workbook of the old .xls kind; save it as .xlsx or CSV", path=str(path)
        )
    return _read_csv(raw, path, delimiter, encoding)


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
    counts = {mark: outside.count(mark) for mark in _DELIMITERS}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else ","


def _read_csv(raw: bytes, path: Path, delimiter: str | None, encoding: str | None) -> pd.DataFrame:
    text = decode(raw, path, encoding)
    if "\0" in text[:4096]:
        raise InputError(
            "{path} is not a table this program knows; use CSV, Parquet or .xlsx", path=str(path)
        )
    header, _, rest = text.lstrip("\r\n").partition("\n")
    if header.lower().startswith("sep="):  # a hint that Excel writes and reads
        delimiter = delimiter or header[4:5]
        text = rest
        header = rest.partition("\n")[0]
    if not header.strip():
        raise InputError("{path} is empty; it needs a line of column names", path=str(path))
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=delimiter or sniff_delimiter(header),
            dtype=str,
            keep_default_na=False,
            na_values=[],
            index_col=False,
            quoting=csv.QUOTE_MINIMAL,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as problem:
        raise InputError(
            "{path} is not a regular table ({reason}); check the quotes and the delimiter",
            path=str(path),
            reason=str(problem).strip(),
        ) from problem
    return frame


def _read_parquet(raw: bytes, path: Path) -> pd.DataFrame:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise _absent("Parquet", "pyarrow") from None
    try:
        table = pq.read_table(pa.BufferReader(raw))
    except (pa.ArrowException, OSError) as problem:
        raise InputError(
            "the file {path} cannot be read ({reason}); check that it is whole and may be read",
            path=str(path),
            reason=str(problem),
        ) from problem
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _read_excel(raw: bytes, path: Path, sheet: str | int) -> pd.DataFrame:
    try:
        import openpyxl
    except ImportError:
        raise _absent("Excel", "openpyxl") from None
    try:
        book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    except Exception as problem:
        raise InputError(
            "the file {path} cannot be read ({reason}); check that it is whole and may be read",
            path=str(path),
            reason=str(problem),
        ) from problem
    names = book.sheetnames
    if isinstance(sheet, int) and 0 <= sheet < len(names):
        sheet = names[sheet]
    if sheet not in names:
        book.close()
        raise InputError(
            "{path} has no sheet {sheet!r}; its sheets are {sheets}",
            path=str(path),
            sheet=sheet,
            sheets=", ".join(names),
        )
    page = book[str(sheet)]
    # Some programs write a wrong sheet size, which must not truncate the rows.
    page.reset_dimensions()
    lines = [list(row) for row in page.iter_rows(values_only=True)]
    book.close()
    lines = [row for row in lines if any(cell not in (None, "") for cell in row)]
    if not lines:
        raise InputError("{path} is empty; it needs a line of column names", path=str(path))
    width = max(map(len, lines))
    padded = [row + [None] * (width - len(row)) for row in lines]
    header = ["" if cell is None else str(cell) for cell in padded[0]]
    return pd.DataFrame(padded[1:], columns=pd.Index(header, dtype=object), dtype=object)


def _absent(kind: str, package: str) -> InputError:
    return InputError(
        "reading {kind} needs {package}; install it with: pip install {package}",
        kind=kind,
        package=package,
    )
