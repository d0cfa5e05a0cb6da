"""Workbooks read by calamine, or by openpyxl where calamine is not installed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import evolve

from abcxyz._collection import without_collection
from abcxyz.errors import InputError
from abcxyz.tables.containers.contents import absent, damaged
from abcxyz.tables.containers.limits import UnpackLimits
from abcxyz.tables.formats.bounded_process import read_bounded
from abcxyz.tables.formats.sheet_size import check_ods, read_parts
from abcxyz.tables.formats.sheets import Range, Sheet, Workbook

__all__ = ["open_workbook"]

#: Kind -> how it is called in an error.
_KINDS = {"xlsx": "Excel", "xlsb": ".xlsb", "xls": ".xls", "ods": ".ods"}
#: Kinds whose records may claim any size.
_BINARY = ("xls", "xlsb")


def open_workbook(where: str, path: Path, kind: str, limits: UnpackLimits) -> Workbook:
    """Open a workbook; its sheets are read one by one.

    Parameters
    ----------
    where
        Name of the file, for messages.
    path
        The file.
    kind
        ``xlsx``, ``xlsb``, ``xls`` or ``ods``.
    limits
        How much it may unpack to.

    Raises
    ------
    InputError
        The workbook is damaged, protected by a password, or claims too many cells; or the package
        that reads it is not installed.
    """
    parts = read_parts(where, path, limits) if kind == "xlsx" else None
    if kind == "ods":
        check_ods(where, path, limits)
    try:
        import python_calamine
    except ImportError:
        if kind != "xlsx":
            raise absent(_KINDS[kind], "python-calamine") from None
        book = _by_openpyxl(where, path)
    else:
        if kind in _BINARY:
            return _in_own_process(where, path)
        book = _by_calamine(python_calamine, where, path)
    if parts is None:
        return book

    def checked(name: str) -> Sheet:
        uncached = parts.check(name, limits)
        sheet = book.read(name)
        return evolve(sheet, uncached=uncached)

    return Workbook(where, book.names, book.hidden, checked)


@contextmanager
def _reading(where: str) -> Iterator[None]:
    """Convert errors of a package that reads workbooks."""
    try:
        yield
    except InputError:
        raise
    except BaseException as problem:
        # A panic of Rust is no Exception.
        if isinstance(problem, (KeyboardInterrupt, SystemExit, GeneratorExit)):
            raise
        if "password" in str(problem).lower():
            raise InputError(
                "{path} is protected by a password; open it, save it without one, and try again",
                path=where,
            ) from None
        raise damaged(where, problem) from problem


def _by_calamine(calamine: Any, where: str, path: Path) -> Workbook:
    with _reading(where):
        book = calamine.CalamineWorkbook.from_path(path)
        tables = [one for one in book.sheets_metadata if str(one.typ).endswith(".WorkSheet")]
    hidden = frozenset(one.name for one in tables if not str(one.visible).endswith(".Visible"))

    def read(name: str) -> Sheet:
        with _reading(where), without_collection():
            sheet = book.get_sheet_by_name(name)
            rows = sheet.to_python(skip_empty_area=True)
            top, left = sheet.start or (0, 0)
            merged = tuple(_inside(one, top, left) for one in _merged(sheet))
        return Sheet(name, rows, top + 1, merged, first_column=left)

    return Workbook(where, [one.name for one in tables], hidden, read)


def _in_own_process(where: str, path: Path) -> Workbook:
    sheets = {}
    hidden = set()
    for name, is_hidden, start, rows, merged in read_bounded(where, path):
        top, left = start or (0, 0)
        inside = tuple(_inside(one, top, left) for one in merged)
        sheets[name] = Sheet(name, rows, top + 1, inside, first_column=left)
        if is_hidden:
            hidden.add(name)
    return Workbook(where, list(sheets), frozenset(hidden), sheets.__getitem__)


def _merged(sheet: Any) -> list[Any]:
    return sheet.merged_cell_ranges or []


def _inside(merged: Any, top: int, left: int) -> Range:
    (first_row, first_column), (last_row, last_column) = merged
    return first_row - top, first_column - left, last_row - top, last_column - left


def _by_openpyxl(where: str, path: Path) -> Workbook:
    try:
        import openpyxl
    except ImportError:
        raise absent("Excel", "python-calamine") from None
    with _reading(where):
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        hidden = frozenset(one.title for one in book.worksheets if one.sheet_state != "visible")
        names = [one.title for one in book.worksheets]

    def read(name: str) -> Sheet:
        with _reading(where), without_collection():
            page = book[name]
            # Some programs write a wrong sheet size, which must not truncate the rows.
            page.reset_dimensions()
            rows = [[_plain(cell) for cell in row] for row in page.iter_rows(values_only=True)]
        width = max(map(len, rows), default=0)
        return Sheet(name, [row + [""] * (width - len(row)) for row in rows])

    return Workbook(where, names, hidden, read)


def _plain(cell: Any) -> Any:
    """Return a cell as calamine does: blank as an empty text, a date at midnight as a date."""
    if cell is None:
        return ""
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date()
    return cell
