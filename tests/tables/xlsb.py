"""Workbooks in the binary format of Excel, written record by record."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

__all__ = ["write_xlsb"]

_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "application/vnd.ms-excel.sheet.binary.macroEnabled.main"
_EPOCH = date(1899, 12, 30)


def write_xlsb(path: Path, rows: Sequence[Sequence[Any]]) -> Path:
    """Write rows as .xlsb, as [MS-XLSB] describes its parts and records."""
    cells = []
    for place, row in enumerate(rows):
        cells.append(_record(0, struct.pack("<IIHBBBI", place, 0, 300, 0, 0, 0, 0)))  # BrtRowHdr
        cells += [_cell(column, value) for column, value in enumerate(row) if value is not None]
    area = struct.pack("<4I", 0, len(rows) - 1, 0, max(map(len, rows)) - 1)
    sheet = [_record(129), _record(148, area), _record(145), *cells, _record(146), _record(130)]
    bundle = struct.pack("<II", 0, 1) + _wide("rId1") + _wide("S")
    book = [_record(131), _record(143), _record(156, bundle), _record(144), _record(132)]
    formats = [_record(47, struct.pack("<8H", 0, code, 0, 0, 0, 0, 0, 0)) for code in (0, 14)]
    styles = [_record(278), _record(617, struct.pack("<I", 2)), *formats, _record(618)]
    parts: dict[str, bytes | str] = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        f'<Default Extension="bin" ContentType="{_MAIN}"/></Types>',
        "_rels/.rels": _links(officeDocument="xl/workbook.bin"),
        "xl/_rels/workbook.bin.rels": _links(
            worksheet="worksheets/sheet1.bin", styles="styles.bin"
        ),
        "xl/workbook.bin": b"".join(book),
        "xl/styles.bin": b"".join([*styles, _record(279)]),
        "xl/worksheets/sheet1.bin": b"".join(sheet),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def _record(kind: int, data: bytes = b"") -> bytes:
    """Return a record: its type and size in groups of 7 bits, and its data."""
    code = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size = bytearray()
    left = len(data)
    while left > 0x7F:
        size.append(left & 0x7F | 0x80)
        left >>= 7
    return code + bytes([*size, left]) + data


def _cell(column: int, value: Any) -> bytes:
    """Return a BrtCellReal or a BrtCellSt; dates have the second style."""
    if isinstance(value, date):
        return _record(5, struct.pack("<IId", column, 1, (value - _EPOCH).days))
    if isinstance(value, (int, float)):
        return _record(5, struct.pack("<IId", column, 0, value))
    return _record(6, struct.pack("<II", column, 0) + _wide(str(value)))


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _links(**targets: str) -> str:
    links = "".join(
        f'<Relationship Id="rId{place}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for place, (kind, target) in enumerate(targets.items(), 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>'
