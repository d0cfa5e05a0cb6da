"""Built-in adapters, against the public adapter contracts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.builtin.conftest import Receiver
from tests.clocks import NoWait

from abcxyz.builtin.csv_sink import CsvSink
from abcxyz.builtin.excel_sink import ExcelSink
from abcxyz.builtin.file_source import FileSource
from abcxyz.builtin.html_sink import HtmlSink
from abcxyz.builtin.json_sink import JsonSink
from abcxyz.builtin.jsonl_sink import JsonLinesSink
from abcxyz.builtin.sql import SqlSink, SqlSource
from abcxyz.builtin.webhook_sink import WebhookSink
from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.transactions import Transactions
from abcxyz.plugins import Sink, Source
from abcxyz.tables.values.ids import IdForm
from abcxyz.testing import SinkContract, SourceContract, make_analysis, make_transactions
from abcxyz.testing.synthetic import YEAR


def frame_of(sales: Transactions) -> pd.DataFrame:
    """Convert sales to a table."""
    return pd.DataFrame(
        {
            "customer": sales.customer,
            "date": sales.day.astype(str),
            "amount": sales.amount,
            "cost": sales.cost,
            "document": sales.document,
        }
    )


class CleanIdentifiers(SourceContract):
    """Source contract of tables, whose identifiers have one spelling."""

    def identifier(self, customer: str) -> str | None:
        return IdForm().name_of(customer)


class FileContract(CleanIdentifiers):
    """Source contract for every file format."""

    @pytest.fixture
    def save(self, tmp_path: Path) -> Callable[[pd.DataFrame], Path]:
        """Function that writes a table to a file."""
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
            # Written as text: pandas would turn names that look like formulas into formulas.
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
    """Sink contract for every file format."""

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
    """Read a CSV independently of the library."""
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


class TestJsonLinesSink(FileSinkContract):
    @pytest.fixture
    def make_sink(self, path: Path) -> Callable[[], Sink]:
        return lambda: JsonLinesSink(path, prospects=path.with_name("leads"))

    @pytest.fixture
    def shown(self, path: Path) -> Callable[[], Mapping[str, str]]:
        return lambda: {one["customer"]: one["segment"] for one in lines_of(path)}

    @pytest.fixture
    def names(self, path: Path) -> Callable[[], Mapping[str, str]]:
        return lambda: {one["customer"]: one["name"] for one in lines_of(path)}


def lines_of(path: Path) -> list[dict[str, Any]]:
    """Read a JSON Lines file independently of the library."""
    return [json.loads(line) for line in path.read_bytes().decode().split("\n") if line]


class TestWebhookSink(SinkContract):
    @pytest.fixture
    def make_sink(self, receiver: Receiver, tmp_path: Path) -> Iterator[Callable[[], Sink]]:
        made: list[WebhookSink] = []

        def make() -> Sink:
            made.append(
                WebhookSink(
                    receiver.url,
                    secret="wh-s3cr3t",
                    customers=True,
                    state=tmp_path / "sent",
                    insecure_loopback=True,
                    clock=NoWait(),
                )
            )
            return made[-1]

        yield make
        for one in made:
            one.close()

    @pytest.fixture
    def state(self, receiver: Receiver) -> Callable[[], object]:
        return lambda: len(receiver.taken)

    @pytest.fixture
    def shown(self, receiver: Receiver) -> Callable[[], Mapping[str, str]]:
        return lambda: {one["customer"]: one["segment"] for one in self.sent(receiver)}

    @pytest.fixture
    def names(self, receiver: Receiver) -> Callable[[], Mapping[str, str]]:
        return lambda: {one["customer"]: one["name"] for one in self.sent(receiver)}

    @staticmethod
    def sent(receiver: Receiver) -> list[dict[str, Any]]:
        data: list[dict[str, Any]] = json.loads(receiver.taken[-1][1])["customers"]
        return data

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return ["wh-s3cr3t", "s3cr3t-path"]

    @pytest.fixture
    def failures(
        self, receiver: Receiver, make_sink: Callable[[], Sink]
    ) -> Sequence[Callable[[], object]]:
        def fail(*plan: int) -> Callable[[], object]:
            def write() -> object:
                receiver.plan = list(plan)
                return make_sink().write(make_analysis(seed=9), dry_run=False)

            return write

        return [fail(0), fail(401), fail(404), fail(500), fail(503, 503, 503, 503), fail(302)]


class SqlSourceContract(CleanIdentifiers):
    """Source contract for every database."""

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        raise NotImplementedError

    @pytest.fixture
    def store(self, url: str) -> Iterator[Callable[[Transactions], Source]]:
        made: list[SqlSource] = []

        def store(sales: Transactions) -> Source:
            save_sales(url, sales)
            made.append(SqlSource(url, table="sales", batch=120))
            return made[-1]

        yield store
        for one in made:
            one.close()

    @pytest.fixture
    def make_source(self, store: Callable[[Transactions], Source]) -> Callable[[], Source]:
        wide = Window(date(2025, 9, 1), date(2027, 1, 1))
        source = store(make_transactions(window=wide, lines=250))
        return lambda: source


def save_sales(url: str, sales: Transactions) -> None:
    """Write sales to a new table."""
    import sqlalchemy as sa

    engine = sa.create_engine(url, poolclass=sa.NullPool)
    table = sa.Table(
        "sales",
        sa.MetaData(),
        sa.Column("customer", sa.Text),
        sa.Column("date", sa.DateTime),
        sa.Column("amount", sa.Numeric(14, 2)),
        sa.Column("cost", sa.Float),
        sa.Column("document", sa.Text),
        sa.Column("unasked", sa.LargeBinary),
    )
    noon = time(23, 59, 59)
    rows = [
        {
            "customer": customer,
            "date": datetime.combine(day, noon),
            "amount": Decimal(str(amount)),
            "cost": cost,
            "document": document,
        }
        for customer, day, amount, cost, document in zip(
            sales.customer.tolist(),
            sales.day.tolist(),
            sales.amount.tolist(),
            [] if sales.cost is None else sales.cost.tolist(),
            [] if sales.document is None else sales.document.tolist(),
            strict=True,
        )
    ]
    with engine.begin() as connection:
        table.drop(connection, checkfirst=True)
        table.create(connection)
        connection.execute(table.insert(), rows)


class TestSqliteSource(SqlSourceContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        pytest.importorskip("sqlalchemy")
        return f"sqlite:///{tmp_path}/base.db"


class TestPostgresSource(SqlSourceContract):
    @pytest.fixture
    def url(self, postgres: str) -> str:
        return postgres

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return ["pg-s3cr3t"]

    @pytest.fixture
    def failures(
        self, url: str, make_source: Callable[[], Source]
    ) -> Sequence[Callable[[], object]]:
        def read(address: str, **options: Any) -> Callable[[], object]:
            def reading() -> None:
                with closing(SqlSource(address, **options)) as source:
                    list(source.transactions(YEAR))

            return reading

        wrong = url.replace("pg-s3cr3t", "pg-s3cr3t%21")
        closed = url.replace("127.0.0.1", "127.0.0.2")
        return [
            read(url, table="nowhere"),
            read(url, query="SELECT customer FROM sales WHERE"),
            read(wrong, table="sales"),
            read(closed, table="sales"),
        ]


class SqlSinkContract(SinkContract):
    """Sink contract for every database."""

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        raise NotImplementedError

    @pytest.fixture
    def fresh(self, url: str) -> str:
        import sqlalchemy as sa

        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.execute(sa.text("DROP TABLE IF EXISTS abcxyz_segments"))
            return url

    @pytest.fixture
    def make_sink(self, fresh: str) -> Iterator[Callable[[], Sink]]:
        made: list[SqlSink] = []

        def make() -> Sink:
            made.append(SqlSink(fresh))
            return made[-1]

        yield make
        for one in made:
            one.close()

    @pytest.fixture
    def state(self, url: str) -> Callable[[], object]:
        return lambda: rows_in(url, "*")

    @pytest.fixture
    def shown(self, url: str) -> Callable[[], Mapping[str, str]]:
        return lambda: dict(rows_in(url, "customer, segment"))

    @pytest.fixture
    def names(self, url: str) -> Callable[[], Mapping[str, str]]:
        return lambda: dict(rows_in(url, "customer, name"))

    @pytest.fixture
    def bad_customer(self) -> str:
        return "with a \0 inside"


def rows_in(url: str, columns: str) -> list[Any]:
    """Read the table of segments independently of the library."""
    import sqlalchemy as sa

    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("abcxyz_segments"):
            return []
        statement = sa.text(f"SELECT {columns} FROM abcxyz_segments ORDER BY customer")
        return [tuple(row) for row in connection.execute(statement)]


class TestSqliteSink(SqlSinkContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        pytest.importorskip("sqlalchemy")
        return f"sqlite:///{tmp_path}/base.db"


class TestPostgresSink(SqlSinkContract):
    @pytest.fixture
    def url(self, postgres: str) -> str:
        return postgres

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return ["pg-s3cr3t"]

    @pytest.fixture
    def failures(self, url: str) -> Sequence[Callable[[], object]]:
        wrong = url.replace("pg-s3cr3t", "pg-s3cr3t%21")

        def write(address: str, **options: Any) -> Callable[[], object]:
            def writing() -> None:
                with closing(SqlSink(address, **options)) as sink:
                    sink.write(make_analysis(), dry_run=False)

            return writing

        return [write(wrong), write(url, schema="nowhere")]
