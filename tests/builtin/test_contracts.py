"""Our own adapters keep the promises that are asked of a stranger's."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from abcxyz.builtin.csv_sink import CsvSink
from abcxyz.builtin.excel_sink import ExcelSink
from abcxyz.builtin.files import FileSource
from abcxyz.builtin.html_sink import HtmlSink
from abcxyz.builtin.json_sink import JsonSink
from abcxyz.core.transactions import Transactions
from abcxyz.plugins import Sink, Source
from abcxyz.testing import SinkContract, SourceContract, make_transactions


def frame_of(sales: Transactions) -> pd.DataFrame:
    """Lay sales out as a table."""
    return pd.DataFrame(
        {
            "customer": sales.customer,
            "date": sales.day.astype(str),
            "amount": sales.amount,
            "cost": sales.cost,
            "document": sales.document,
        }
    )


class FileContract(SourceContract):
    """The same promises for every kind of file."""

    @pytest.fixture
    def save(self, tmp_path: Path) -> Callable[[pd.DataFrame], Path]:
        """Return what writes a table into a file."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, save: Callable[[pd.DataFrame], Path]) -> Callable[[Transactions], Source]:
        return lambda sales: FileSource(save(frame_of(sales)))

    @pytest.fixture
    def make_source(self, store: Callable[[Transactions], Source]) -> Callable[[], Source]:
        source = store(make_transactions())
        return lambda: source


class TestCsvSource(FileContract):
    @pytest.fixture
    def save(self, tmp_path: Path) -> Callable[[pd.DataFrame], Path]:
        def save(frame: pd.DataFrame) -> Path:
            frame.to_csv(tmp_path / "sales.csv", index=False)
            return tmp_path / "sales.csv"

        return save


class TestParquetSource(FileContract):
    @pytest.fixture
    def save(self, tmp_path: Path) -> Callable[[pd.DataFrame], Path]:
        pytest.importorskip("pyarrow")

        def save(frame: pd.DataFrame) -> Path:
            frame.to_parquet(tmp_path / "sales.parquet", index=False)
            return tmp_path / "sales.parquet"

        return save


class TestExcelSource(FileContract):
    @pytest.fixture
    def save(self, tmp_path: Path) -> Callable[[pd.DataFrame], Path]:
        xlsxwriter = pytest.importorskip("xlsxwriter")

        def save(frame: pd.DataFrame) -> Path:
            # Written as text: pandas would turn names that look like formulas into such.
            book = xlsxwriter.Workbook(
                tmp_path / "sales.xlsx", {"strings_to_formulas": False, "strings_to_urls": False}
            )
            sheet = book.add_worksheet()
            rows = [list(frame.columns), *frame.to_numpy().tolist()]
            for place, row in enumerate(rows):
                for column, cell in enumerate(row):
                    write = sheet.write_string if isinstance(cell, str) else sheet.write_number
                    write(place, column, cell)
            book.close()
            return tmp_path / "sales.xlsx"

        return save


class FileSinkContract(SinkContract):
    """The same promises for every kind of file."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "out" / "result"

    @pytest.fixture
    def state(self, path: Path) -> Callable[[], object]:
        def look() -> object:
            if not path.parent.exists():
                return None
            return {
                one.name: (one.stat().st_mtime_ns, one.read_bytes())
                for one in path.parent.iterdir()
            }

        return look

    @pytest.fixture
    def shown(self) -> Any:
        return None


class TestCsvSink(FileSinkContract):
    @pytest.fixture
    def make_sink(self, path: Path) -> Callable[[], Sink]:
        return lambda: CsvSink(path, escape_formulas=False)

    @pytest.fixture
    def shown(self, path: Path) -> Callable[[], Mapping[str, str]]:
        return lambda: {row["Customer"]: row["Segment"] for row in rows_of(path)}

    @pytest.fixture
    def names(self, path: Path) -> Callable[[], Mapping[str, str]]:
        return lambda: {row["Customer"]: row["Name"] for row in rows_of(path)}


def rows_of(path: Path) -> list[dict[str, str]]:
    """Read a CSV as another program would."""
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline="")))


class TestExcelSink(FileSinkContract):
    @pytest.fixture
    def make_sink(self, path: Path) -> Callable[[], Sink]:
        pytest.importorskip("xlsxwriter")
        return lambda: ExcelSink(path)

    @pytest.fixture
    def shown(self, path: Path) -> Callable[[], Mapping[str, str]]:
        return lambda: sheet_of(path, "Segment")

    @pytest.fixture
    def names(self, path: Path) -> Callable[[], Mapping[str, str]]:
        return lambda: sheet_of(path, "Name")


def sheet_of(path: Path, column: str) -> dict[str, str]:
    """Read customer -> *column* of the workbook's list."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()), read_only=True)
    head, *rows = book["Customers"].iter_rows(values_only=True)
    place = head.index(column)
    return {row[0]: row[place] or "" for row in rows}


class TestJsonSink(FileSinkContract):
    @pytest.fixture
    def make_sink(self, path: Path) -> Callable[[], Sink]:
        return lambda: JsonSink(path)


class TestHtmlSink(FileSinkContract):
    @pytest.fixture
    def make_sink(self, path: Path) -> Callable[[], Sink]:
        pytest.importorskip("jinja2")
        return lambda: HtmlSink(path)
