"""A small ledger, written in the shapes and formats that people have."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np

from abcxyz.tables.sales import Sales

#: Customer, day, amount, document.
LEDGER: list[tuple[str, date, float, str]] = [
    (
        f"ООО Клиент {who}",
        date(2025, month, 28 - who),
        round(1000.5 * who + 7.25 * month, 2),
        f"Р-{who}{month:02}",
    )
    for month in (3, 1, 2, 12, 7)
    for who in (3, 1, 2, 4)
    if not (who == 4 and month in (1, 7))
] + [("ООО Клиент 2", date(2025, 7, 30), -250.0, "В-1")]
HEADING = ("Контрагент", "Дата", "Сумма", "Документ")
MONTHS = (
    *("Январь", "Февраль", "Март", "Апрель", "Май", "Июнь", "Июль", "Август"),
    *("Сентябрь", "Октябрь", "Ноябрь", "Декабрь"),
)


def sums(sales: Sales) -> dict[tuple[str, str], float]:
    """Return (customer, month) to the sum of what was read."""
    made: defaultdict[tuple[str, str], float] = defaultdict(float)
    facts = sales.transactions
    for who, day, amount in zip(facts.customer, facts.day, facts.amount, strict=True):
        made[str(who), str(np.datetime64(day, "M"))] += float(amount)
    return {key: round(value, 2) for key, value in made.items()}


def expected() -> dict[tuple[str, str], float]:
    """Return (customer, month) to the sum in the ledger."""
    made: defaultdict[tuple[str, str], float] = defaultdict(float)
    for who, day, amount, _ in LEDGER:
        made[who, f"{day:%Y-%m}"] += amount
    return {key: round(value, 2) for key, value in made.items()}


def customers() -> list[str]:
    """Return the customers in the order of the ledger."""
    return list(dict.fromkeys(who for who, *_ in LEDGER))


def plain_rows() -> list[list[Any]]:
    """Return the heading and a row per sale."""
    return [list(HEADING), *([who, day, amount, number] for who, day, amount, number in LEDGER)]


def text(cell: Any) -> str:
    """Return a cell as Russian programs write it."""
    if isinstance(cell, date):
        return f"{cell:%d.%m.%Y}"
    if isinstance(cell, float):
        return f"{cell:,.2f}".replace(",", " ").replace(".", ",")
    return "" if cell is None else str(cell)


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    """Return rows as CSV."""
    file = io.StringIO()
    csv.writer(file, delimiter=";", lineterminator="\n").writerows(
        [text(cell) for cell in row] for row in rows
    )
    return file.getvalue()


def write_csv(path: Path, rows: Iterable[Sequence[Any]]) -> Path:
    """Write rows as CSV."""
    path.write_text(csv_text(rows), encoding="utf-8")
    return path


def write_xlsx(path: Path, sheets: dict[str, list[list[Any]]], merged: Sequence[str] = ()) -> Path:
    """Write sheets as .xlsx; merged ranges are those of the first."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    for cells in merged:
        book.worksheets[0].merge_cells(cells)
    book.save(path)
    return path


def write_ods(path: Path, rows: Iterable[Sequence[Any]]) -> Path:
    """Write rows as .ods."""

    def cell(value: Any) -> str:
        if value is None:
            return "<table:table-cell/>"
        if isinstance(value, float):
            return f'<table:table-cell office:value-type="float" office:value="{value}"/>'
        if isinstance(value, date):
            return f'<table:table-cell office:value-type="date" office:date-value="{value}"/>'
        return (
            '<table:table-cell office:value-type="string"><text:p>'
            f"{escape(str(value))}</text:p></table:table-cell>"
        )

    body = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    names = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", kind)
        entry = '<manifest:file-entry manifest:full-path="{}" manifest:media-type="{}"/>'
        space = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
        archive.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{space}">{entry.format("/", kind)}'
            f"{entry.format('content.xml', 'text/xml')}</manifest:manifest>",
        )
        archive.writestr(
            "content.xml",
            f"<office:document-content{names}><office:body><office:spreadsheet>"
            f'<table:table table:name="Продажи">{body}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return path


def write_spreadsheet_xml(path: Path, rows: Iterable[Sequence[Any]]) -> Path:
    """Write rows as SpreadsheetML; blank cells are skipped by an index."""

    def cell(place: int, value: Any) -> str:
        if value is None:
            return ""
        kind, content = "String", str(value)
        if isinstance(value, float):
            kind = "Number"
        elif isinstance(value, date):
            kind, content = "DateTime", f"{value}T00:00:00.000"
        return f'<Cell ss:Index="{place}"><Data ss:Type="{kind}">{escape(content)}</Data></Cell>'

    lines = "".join(
        f"<Row>{''.join(cell(place, value) for place, value in enumerate(row, 1))}</Row>"
        for row in rows
    )
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    path.write_text(
        f'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
        f'<Workbook xmlns="{space}" xmlns:ss="{space}"><Worksheet ss:Name="TDSheet">'
        f"<Table>{lines}</Table></Worksheet></Workbook>",
        encoding="utf-8",
    )
    return path


def write_xls(path: Path, rows: Iterable[Sequence[Any]]) -> Path:
    """Write rows as .xls."""
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("Продажи")
    style = xlwt.easyxf(num_format_str="DD.MM.YYYY")
    for line, row in enumerate(rows):
        for place, value in enumerate(row):
            if isinstance(value, date):
                sheet.write(line, place, value, style)
            elif value is not None:
                sheet.write(line, place, value)
    book.save(str(path))
    return path
