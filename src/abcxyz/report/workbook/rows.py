"""Rows of large sheets as XML, put into a workbook that XlsxWriter has made."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from math import isfinite
from typing import cast

import numpy as np

__all__ = ["filled", "printable"]

#: Excel's limit of characters in a cell.
_CELL = 32_767
#: Characters that XML cannot represent.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_MARKUP = re.compile(r"[&<>\r]|_x[0-9A-Fa-f]{4}_")
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "_x000D_"}
#: Excel holds 15 digits of a number; a longer identifier would change.
_LONGEST = 10**15
_FIRST_DAY, _EPOCH = date(1900, 3, 1), date(1899, 12, 30)
_AT_ONCE = 4096  # rows that are put together at once: a compromise of memory and speed
_SAMPLE = re.compile(rb'<row r="2"[^>]*?(?:/>|>.*?</row>)', re.DOTALL)


def printable(cell: str) -> str:
    r"""Replace characters that XML forbids, and truncate text to the size of a cell.

    Examples
    --------
    >>> printable("bell\x07")
    'bell�'
    """
    clean = _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", cell)
    return clean if len(clean) <= _CELL else clean[: _CELL - 1] + "…"


def filled(workbook: bytes, tables: Mapping[int, Sequence[Sequence[object]]]) -> bytes:
    """Put the rows of tables below the headings of their sheets.

    Parameters
    ----------
    workbook
        An ``.xlsx`` whose second row holds, in these sheets, empty cells with the formats of the
        columns.
    tables
        Number of a sheet, from 1 -> its columns, each a list of cells.

    Returns
    -------
    bytes
        The workbook with the rows in place of the second row.

    Notes
    -----
    The XML of a row is put together here, because a method call per cell takes most of the time of
    a large workbook. Text is stored inline, so that it is always text: never a formula or a link.
    """
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as source,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for entry in source.infolist():
            copy = zipfile.ZipInfo(entry.filename, entry.date_time)
            copy.compress_type, copy.external_attr = entry.compress_type, entry.external_attr
            match = re.fullmatch(r"xl/worksheets/sheet(\d+)\.xml", entry.filename)
            columns = tables.get(int(match[1])) if match else None
            if not columns or not columns[0]:
                target.writestr(copy, source.read(entry))
                continue
            with target.open(copy, "w") as sheet:
                for part in _sheet(source.read(entry), columns):
                    sheet.write(part)
    return stream.getvalue()


def _sheet(xml: bytes, columns: Sequence[Sequence[object]]) -> Iterator[bytes]:
    sample = _SAMPLE.search(xml)
    styles = dict(re.findall(rb'<c r="([A-Z]+)2" s="(\d+)"', b"" if sample is None else sample[0]))
    start = xml.index(b"</sheetData>") if sample is None else sample.start()
    end = start if sample is None else sample.end()
    names = [_letters(place) for place in range(len(columns))]
    count = len(columns[0])
    size = f'<dimension ref="A1:{names[-1]}{count + 1}"/>'.encode()
    yield re.sub(rb'<dimension ref="[^"]*"/>', size, xml[:start], count=1)
    writers = []
    for name in names:
        style = styles.get(name.encode())
        writers.append(_Column(name, "" if style is None else f' s="{style.decode()}"'))
    for first in range(0, count, _AT_ONCE):
        rows = range(first + 2, min(first + _AT_ONCE, count) + 2)
        heads = [f'<row r="{row}">' for row in rows]
        cells = [
            writer.cells(rows, column[first : first + _AT_ONCE])
            for writer, column in zip(writers, columns, strict=True)
        ]
        tails = ["</row>"] * len(rows)
        yield "".join(map("".join, zip(heads, *cells, tails, strict=True))).encode()
    yield xml[end:]


def _letters(place: int) -> str:
    """Return the letters of a column: A, …, Z, AA, …."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


class _Column:
    """Writer of the cells of one column."""

    def __init__(self, name: str, style: str) -> None:
        self._name, self._style = name, style
        self._known: dict[object, str] = {}

    def cells(self, rows: range, values: Sequence[object]) -> list[str]:
        """Return the cells of some rows; an empty text where there is no value."""
        start, style = f'<c r="{self._name}', self._style
        kinds = set(map(type, values)) - {type(None)}
        if kinds == {float}:
            numbers = cast("Sequence[float | None]", values)
            return [
                "" if value is None or not isfinite(value)
                else f'{start}{row}"{style}><v>{value:.15g}</v></c>'
                for row, value in zip(rows, numbers, strict=True)
            ]  # fmt: skip
        known = self._known
        if kinds <= {str, date} or kinds == {int}:
            for value in set(values) - known.keys():
                known[value] = self._value(value)
            ends = [known[value] for value in values]
            if len(known) > _AT_ONCE:
                known.clear()
        else:
            ends = [self._value(value) for value in values]
        return [f"{start}{row}{end}" if end else "" for row, end in zip(rows, ends, strict=True)]

    def _value(self, value: object) -> str:
        """Return what follows the row number: a number, a day or text; empty for no value."""
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, date) and value >= _FIRST_DAY:
            value = (value - _EPOCH).days
        if isinstance(value, float) and not isfinite(value):
            return ""
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if is_number and (isinstance(value, float) or -_LONGEST < value < _LONGEST):  # type: ignore[operator]
            return f'"{self._style}><v>{value:.15g}</v></c>'
        text = "" if value is None else printable(str(value))
        if not text:
            return ""
        space = ' xml:space="preserve"' if text != text.strip() or "\n" in text else ""
        return (
            f'"{self._style} t="inlineStr"><is><t{space}>{_MARKUP.sub(_escape, text)}</t></is></c>'
        )


def _escape(match: re.Match[str]) -> str:
    found = match[0]
    # Excel reads _x0041_ as a letter: an escaped underscore keeps it text.
    return _ESCAPED.get(found) or f"_x005F{found}"
