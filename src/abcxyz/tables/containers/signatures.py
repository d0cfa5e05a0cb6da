"""Recognition of the format of a file by its first bytes."""

from __future__ import annotations

from collections.abc import Iterable

from abcxyz.errors import InputError
from abcxyz.toolkit.parsing import parse_json

__all__ = ["HEAD", "WORKBOOKS", "kind_of_bytes", "kind_of_zip", "refusal"]

HEAD = 65_536
"""Bytes that are looked at."""

WORKBOOKS = ("xlsx", "xlsb", "xls", "ods", "spreadsheetml")
"""Kinds of workbooks."""

_SIGNATURES = (
    (b"PAR1", "parquet"),
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"\xd0\xcf\x11\xe0", "ole"),
    (b"%PDF", "PDF"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!", "RAR"),
    (b"SQLite format 3\x00", "SQLite"),
    (b"ARROW1", "Arrow"),
    (b"ORC", "ORC"),
    (b"Obj\x01", "Avro"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"{\\rtf", "RTF"),
    (b"MIME-Version:", "HTML"),
)
_BOM = b"\xef\xbb\xbf"


def kind_of_bytes(head: bytes) -> str:
    r"""Return the kind of a file by its first bytes.

    Returns
    -------
    str
        ``text`` where nothing else is recognised.

    Examples
    --------
    >>> [kind_of_bytes(head) for head in (b"PAR1", b"<html>", b'{"a": 1}\n', b"[1]", b"a;b")]
    ['parquet', 'HTML', 'jsonlines', 'JSON', 'text']
    """
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return _kind_of_ole(head) if kind == "ole" else kind
    text = _ascii(head).removeprefix(_BOM).lstrip()
    if text[:1] == b"<":
        return _kind_of_markup(text)
    if text[:1] in (b"{", b"["):
        return _kind_of_json(text, whole=len(head) < HEAD)
    return "text"


def _ascii(head: bytes) -> bytes:
    """Return UTF-16 as bytes of its ASCII letters, all else unchanged."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head[2:].replace(b"\0", b"")
    return head


def _kind_of_ole(head: bytes) -> str:
    """Return the kind of an OLE file, which Excel 97 and password protection use."""
    if "EncryptedPackage".encode("utf-16-le") in head:
        return "encrypted"
    return "xls"


def _kind_of_markup(text: bytes) -> str:
    start = text[:4096].lower()
    if b"urn:schemas-microsoft-com:office:spreadsheet" in start:
        return "spreadsheetml"
    if any(mark in start for mark in (b"<html", b"<!doctype html", b"<table", b"<meta", b"<body")):
        return "HTML"
    return "XML" if start.startswith(b"<?xml") else "text"


def _kind_of_json(text: bytes, *, whole: bool) -> str:
    """Tell JSON lines, one object on each line, from JSON and from text in brackets."""
    line, newline, _ = text.partition(b"\n")
    try:
        first = parse_json(line)
    except (ValueError, RecursionError):
        # One value on several lines, or on a line longer than the head.
        after = text[1:].lstrip()[:1]
        starts = {b"{": (b'"', b"}"), b"[": (b"{", b"[", b"]", b'"')}[text[:1]]
        return "JSON" if after in starts and (newline or not whole) else "text"
    return "jsonlines" if isinstance(first, dict) and not _wraps(first) else "JSON"


def _wraps(first: dict[str, object]) -> bool:
    """Return whether an object holds a table, as answers of servers do."""
    return any(isinstance(value, list) and value for value in first.values()) and all(
        isinstance(value, (list, dict)) or len(first) == 1 for value in first.values()
    )


def kind_of_zip(names: Iterable[str]) -> str:
    """Return the kind of a ZIP file by the names of its members.

    Examples
    --------
    >>> kind_of_zip(["[Content_Types].xml", "xl/workbook.xml"]), kind_of_zip(["sales.csv"])
    ('xlsx', 'zip')
    """
    listed = {name.replace("\\", "/").lower() for name in names}
    if "xl/workbook.bin" in listed:
        return "xlsb"
    if "xl/workbook.xml" in listed:
        return "xlsx"
    if "content.xml" in listed and "mimetype" in listed:
        return "ods"
    for part, kind in (("word/document.xml", "Word"), ("ppt/presentation.xml", "PowerPoint")):
        if part in listed:
            return kind
    if "[content_types].xml" in listed:
        return "xlsx"
    return "zip"


def refusal(kind: str, path: str) -> InputError:
    """Return the error for a file of a kind that is no table of sales."""
    if kind == "encrypted":
        return InputError(
            "{path} is protected by a password; open it, save it without one, and try again",
            path=path,
        )
    if kind == "HTML":
        return InputError(
            "{path} is an HTML page, whatever its name says; open it in a spreadsheet and save "
            "it as .xlsx or CSV",
            path=path,
        )
    if kind == "JSON":
        return InputError(
            "{path} is JSON, not a table; write one object per line (JSON lines), or CSV",
            path=path,
        )
    return InputError(
        "{path} is a file of the kind {kind}, not a table; use CSV, Parquet, JSON lines or a "
        "workbook (.xlsx, .xls, .xlsb, .ods)",
        path=path,
        kind=kind,
    )
