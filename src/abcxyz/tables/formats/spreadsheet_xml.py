"""SpreadsheetML: the XML of Excel 2003, which 1C and other programs write with the name .xls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import IO, Any
from xml.etree import ElementTree as ET

from abcxyz.errors import InputError
from abcxyz.tables.containers.contents import Content, damaged
from abcxyz.tables.formats.sheets import Range, Sheet, Workbook

__all__ = ["open_spreadsheet_xml"]

_AREA = 30_000_000
_NAMESPACE = "{urn:schemas-microsoft-com:office:spreadsheet}"


def open_spreadsheet_xml(content: Content) -> Workbook:
    """Read a workbook in SpreadsheetML.

    Raises
    ------
    InputError
        The XML is broken, or claims too many cells.
    """
    sheets: dict[str, Sheet] = {}
    try:
        with content.open() as stream:
            for name, rows, merged in _sheets(stream, content.name):
                sheets.setdefault(name, Sheet(name, rows, 1, merged))
    except ET.ParseError as problem:
        raise damaged(content.name, problem) from problem
    if not sheets:
        raise damaged(content.name, "no sheet")
    return Workbook(content.name, list(sheets), frozenset(), sheets.__getitem__)


def _sheets(stream: IO[bytes], where: str) -> Any:
    rows: list[list[Any]] = []
    row: list[Any] = []
    merged: list[Range] = []
    area = 0
    for event, node in ET.iterparse(stream, events=("start", "end")):  # noqa: S314 - bounded
        tag = node.tag.removeprefix(_NAMESPACE)
        if event == "start":
            if tag == "Worksheet":
                rows, merged = [], []
            elif tag == "Row":
                place = _number(node.get(f"{_NAMESPACE}Index"), len(rows) + 1, where)
                area += max(0, place - len(rows))
                _check(area, where)
                rows.extend([] for _ in range(place - 1 - len(rows)))
                row = []
            continue
        if tag == "Cell":
            place = _number(node.get(f"{_NAMESPACE}Index"), len(row) + 1, where)
            across = _number(node.get(f"{_NAMESPACE}MergeAcross"), 0, where)
            down = _number(node.get(f"{_NAMESPACE}MergeDown"), 0, where)
            area += max(1, place - len(row)) + across
            _check(area, where)
            row.extend([""] * (place - 1 - len(row)))
            if across or down:
                here = len(rows), len(row)
                merged.append((*here, here[0] + down, here[1] + across))
            row.append(_value(node))
            row.extend([""] * across)
        elif tag == "Row":
            rows.append(row)
            node.clear()
        elif tag == "Worksheet":
            yield node.get(f"{_NAMESPACE}Name") or "", _even(rows), tuple(merged)
            node.clear()


def _even(rows: Sequence[list[Any]]) -> list[list[Any]]:
    width = max(map(len, rows), default=0)
    return [row + [""] * (width - len(row)) for row in rows]


def _number(text: str | None, usual: int, where: str) -> int:
    if text is None:
        return usual
    try:
        return int(text)
    except ValueError:
        raise damaged(where, text) from None


def _check(area: int, where: str) -> None:
    if area > _AREA:
        raise InputError(
            "{path} claims more than {limit} cells; save it as CSV", path=where, limit=_AREA
        )


def _value(cell: ET.Element) -> Any:
    data = cell.find(f"{_NAMESPACE}Data")
    if data is None:
        return ""
    text = "".join(data.itertext())
    kind = data.get(f"{_NAMESPACE}Type")
    try:
        if kind == "Number":
            return float(text)
        if kind == "DateTime":
            moment = datetime.fromisoformat(text)
            return moment.date() if moment.time() == datetime.min.time() else moment
    except ValueError:
        return text
    return text
