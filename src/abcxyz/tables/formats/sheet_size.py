"""Check of a sheet of .xlsx, .xlsb or .ods before it is read: size, and formulas without value."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from attrs import field, frozen

from abcxyz.errors import InputError
from abcxyz.tables.containers.contents import reading
from abcxyz.tables.containers.limits import UnpackLimits

__all__ = ["SheetParts", "check_ods", "column_of", "read_parts"]

#: Cells of a sheet, full or not, that are read without a further look.
_AREA = 30_000_000
#: Times of its cells that the area of a larger sheet may have.
_SPARSE = 5
_BLOCK = 4 << 20
_OVERLAP = 4096
_ROWS, _COLUMNS = 1_048_576, 16_384

_LAST_ROW = re.compile(rb'<row\b[^>]*?\br="(\d+)"|<c\b[^>]*?\br="[A-Z]+(\d+)"')
_WIDE = re.compile(rb' r="([A-Z]{2,})\d')
_UNCACHED = re.compile(
    rb"<c\b([^>]*)>\s*<f\b[^>]*(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>"
)
_REPEATED = re.compile(rb'number-(rows|columns)-repeated="(\d+)"')
_REF = re.compile(rb'\br="([A-Z]+)(\d+)"')
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@frozen
class SheetParts:
    """Parts of an .xlsx file with its sheets.

    Parameters
    ----------
    names
        Name of a sheet -> part of the archive.
    """

    where: str
    path: Path
    names: dict[str, str] = field(factory=dict)

    def check(self, name: str, limits: UnpackLimits) -> dict[int, str]:
        """Check the size of a sheet; return its columns with formulas without a value.

        Raises
        ------
        InputError
            The sheet claims more cells than the memory should hold, or unpacks to too much.
        """
        part = self.names.get(name)
        if part is None:
            return {}
        return _check_xlsx(self.where, self.path, part, limits)


def read_parts(where: str, path: Path, limits: UnpackLimits) -> SheetParts:
    """Return the parts of an .xlsx file; none where the file does not say."""
    with reading(where), zipfile.ZipFile(path) as archive:
        if any(one.flag_bits & 1 for one in archive.infolist()):
            raise InputError(
                "{path} is protected by a password; open it, save it without one, and try again",
                path=where,
            )
        for part in archive.infolist():
            # Deflate packs at most 1032 times, so only a large part can be larger than it says.
            if part.compress_size > 10**6 and not part.filename.startswith("xl/worksheets/"):
                for _ in _blocks(archive, part.filename, where, path, limits):
                    pass
        try:
            book = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - expat is bounded
            links = ET.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
        except (KeyError, ET.ParseError):
            return SheetParts(where, path)
        targets = {one.get("Id"): one.get("Target", "") for one in links}
        names = {}
        for sheet in book.iter():
            if sheet.tag.rpartition("}")[2] == "sheet" and sheet.get("name"):
                target = targets.get(sheet.get(_REL) or "", "")
                names[sheet.attrib["name"]] = (
                    target.lstrip("/") if target.startswith("/") else f"xl/{target}"
                )
        listed = set(archive.namelist())
    return SheetParts(where, path, {key: part for key, part in names.items() if part in listed})


def _blocks(
    archive: zipfile.ZipFile, part: str, where: str, path: Path, limits: UnpackLimits
) -> Iterator[bytes]:
    size, packed = 0, path.stat().st_size
    with archive.open(part) as stream:
        rest = b""
        while block := stream.read(_BLOCK):
            size += len(block)
            problem = limits.problem(where, packed=packed, unpacked=size)
            if problem is not None:
                raise problem
            yield rest + block
            rest = block[-_OVERLAP:]


def _check_xlsx(where: str, path: Path, part: str, limits: UnpackLimits) -> dict[int, str]:
    last, width = 0, 26
    uncached: dict[int, str] = {}
    with reading(where), zipfile.ZipFile(path) as archive:
        for block in _blocks(archive, part, where, path, limits):
            tail = block[-_OVERLAP:]
            for match in _LAST_ROW.finditer(tail):
                last = max(last, int((match[1] or match[2])[:12]))
            if width < _COLUMNS and (wide := _WIDE.search(block)):
                width = max(width, 702 if len(wide[1]) == 2 else _COLUMNS)
                if re.search(rb' r="[A-Z]{3,}\d', block):
                    width = _COLUMNS
            if b"<f" in block:
                _note_uncached(block, uncached)
    if last > _ROWS or last * width > _AREA:
        _check_area(where, path, part, limits, last)
    return uncached


def _note_uncached(block: bytes, uncached: dict[int, str]) -> None:
    for match in _UNCACHED.finditer(block):
        if b't="str"' in match[1]:  # the formula has an empty text for its value
            continue
        if place := _REF.search(match[1]):
            name = place[1].decode()
            uncached.setdefault(column_of(name), name + place[2].decode())


def _check_area(where: str, path: Path, part: str, limits: UnpackLimits, last: int) -> None:
    """Find the exact area of a sheet that may be large, and refuse one that is mostly empty."""
    cells, rows, columns = 0, 0, 0
    with zipfile.ZipFile(path) as archive:
        for block in _blocks(archive, part, where, path, limits):
            cells += block.count(b"<c ") + block.count(b"<c>")
            found = {match[1] for match in _REF.finditer(block)}
            columns = max([columns, *(column_of(name[:4].decode()) + 1 for name in found)])
            rows = max([rows, *(int(match[2][:12]) for match in _REF.finditer(block[-_OVERLAP:]))])
    if last > _ROWS:  # a row without a cell counts as well
        rows = max(rows, last)
    elif rows * columns <= max(_AREA, _SPARSE * cells):
        return
    raise _too_large(where, rows, columns, cells)


def _too_large(where: str, rows: int, columns: int, cells: int) -> InputError:
    return InputError(
        "a sheet of {path} claims {rows} rows and {columns} columns, but holds {cells} cells; "
        "delete the empty rows and columns below and beside the table, or save it as CSV",
        path=where,
        rows=rows,
        columns=columns,
        cells=cells,
    )


def column_of(letters: str) -> int:
    """Return the place of a column, counted from 0, by its letters.

    Examples
    --------
    >>> column_of("A"), column_of("Z"), column_of("AA")
    (0, 25, 26)
    """
    place = 0
    for letter in letters:
        place = 26 * place + ord(letter) - 64
    return place - 1


def check_ods(where: str, path: Path, limits: UnpackLimits) -> None:
    """Check that the repeated rows and columns of an .ods file do not fill the memory.

    Raises
    ------
    InputError
        They claim more cells than the memory should hold, or it unpacks to too much.
    """
    area = 0
    with reading(where), zipfile.ZipFile(path) as archive:
        for block in _blocks(archive, "content.xml", where, path, limits):
            # A row without a value is stored once, however often it is repeated.
            for row in block.split(b"<table:table-row")[1:]:
                body = row.partition(b"</table:table-row>")[0]
                if b"office:value" not in body and b"<text:p" not in body:
                    continue
                rows, columns = 1, 1
                for match in _REPEATED.finditer(body):
                    times = int(match[2][:12])
                    if match[1] == b"rows":
                        rows = max(rows, times)
                    else:
                        columns += times
                if rows > 1 or columns > _COLUMNS:
                    area += rows * columns
                if rows > _ROWS or area > _AREA:
                    raise _too_large(where, rows, columns, body.count(b"office:value-type"))
