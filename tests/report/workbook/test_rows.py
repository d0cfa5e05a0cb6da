"""Rows of large sheets, read back by openpyxl and calamine."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import attrs
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz import Analysis
from abcxyz.report import render_workbook
from abcxyz.report.workbook.rows import filled, printable

openpyxl = pytest.importorskip("openpyxl")
xlsxwriter = pytest.importorskip("xlsxwriter")

CELLS = st.one_of(
    st.none(),
    st.text(max_size=6),
    st.sampled_from(
        ["=1+1", "_x0041_", " padded ", "a\nb", "a\rb", "<&>]]>", "\ufeff", "http://a"]
    ),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=True, allow_infinity=True, width=32),
    st.dates(date(1890, 1, 1), date(2100, 1, 1)),
)


def workbook(columns: list[list[object]]) -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet, money = book.add_worksheet(), book.add_format({"num_format": "0.00"})
        for place in range(len(columns)):
            sheet.write_string(0, place, f"head {place}")
            sheet.write_blank(1, place, None, money if place % 2 else None)
    return filled(stream.getvalue(), {1: columns})


def shown(cell: Any) -> Any:
    """Return what a reader of the workbook sees for a cell."""
    if isinstance(cell, float):
        return float(f"{cell:.15g}") if np.isfinite(cell) else None
    if isinstance(cell, int):
        return cell if abs(cell) < 10**15 else str(cell)
    if isinstance(cell, date):
        late = cell >= date(1900, 3, 1)
        return (cell - date(1899, 12, 30)).days if late else cell.isoformat()
    return None if cell is None or cell == "" else printable(cell)


def literal(text: Any) -> Any:
    """Undo the escapes of Excel, which openpyxl leaves in inline text."""
    from openpyxl.utils.escape import unescape

    return unescape(text).replace("\r\n", "\n") if isinstance(text, str) else text


@given(st.integers(1, 3).flatmap(
    lambda width: st.lists(st.tuples(*[CELLS] * width), min_size=1, max_size=8)
))  # fmt: skip
def test_any_cells_are_read_back(rows: list[tuple[object, ...]]) -> None:
    """Each cell is read back as its text, number or day, and none is a formula."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    sheet = openpyxl.load_workbook(io.BytesIO(workbook(columns))).active
    for row, cells in enumerate(rows, start=2):
        for place, cell in enumerate(cells, start=1):
            read = sheet.cell(row, place)
            assert read.data_type != "f"
            assert literal(read.value) == shown(cell)


def test_columns_past_z_and_many_rows() -> None:
    """The letters of columns and the borders between portions of rows are right."""
    columns: list[list[object]] = [[float(i * 100 + j) for j in range(5000)] for i in range(30)]
    sheet = openpyxl.load_workbook(io.BytesIO(workbook(columns)), read_only=True).active
    assert sheet.calculate_dimension() == "A1:AD5001"
    read = list(sheet.iter_rows(min_row=2, values_only=True))
    assert read == list(zip(*columns, strict=True))


def test_every_column_keeps_its_format() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(workbook([[1.0, 2.0], [3.0, 4.0]]))).active
    assert [cell.number_format for cell in sheet[3]] == ["General", "0.00"]


def test_sums_of_kopecks_are_exact(demo: Analysis) -> None:
    """Amounts hold 15 digits: the binary error of a sum is not shown."""
    value = np.array(demo.snapshot.value, dtype=float)
    value[:2] = [9061220.680000002, 0.1 + 0.2]
    changed = attrs.evolve(demo, snapshot=attrs.evolve(demo.snapshot, value=value))
    content = render_workbook(changed)
    cells = {row[5] for row in openpyxl.load_workbook(io.BytesIO(content))["Customers"].values}
    assert {9061220.68, 0.3} <= cells
    assert b"9061220.680000002" not in content


def test_calamine_reads_the_same(demo: Analysis) -> None:
    """The Rust reader of workbooks sees the cells that openpyxl sees."""
    pytest.importorskip("python_calamine")
    content = render_workbook(demo)
    for name in ("Customers", "Transitions", "Alerts"):
        one, other = (
            pd.read_excel(io.BytesIO(content), sheet_name=name, engine=engine)
            for engine in ("openpyxl", "calamine")
        )
        pd.testing.assert_frame_equal(one, other, check_dtype=False)
        assert len(one)
    days = pd.read_excel(io.BytesIO(content), sheet_name="Customers", engine="calamine")
    last = max(day for day in demo.snapshot.last_day.astype("M8[D]").tolist() if day)
    assert days["Last sale"].max() == datetime.combine(last, datetime.min.time())
