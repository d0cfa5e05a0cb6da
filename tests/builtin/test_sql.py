"""SQL source and sink, beyond the adapter contract."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from abcxyz.builtin.sql import SqlSink, SqlSource
from abcxyz.builtin.sql.crm import SqlCrm
from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.transactions import concat
from abcxyz.errors import AuthenticationError, BadDataError, ConfigError, UnavailableError
from abcxyz.registry import load
from abcxyz.testing import leaks, make_analysis

sa = pytest.importorskip("sqlalchemy")

OCTOBER = Window(date(2026, 10, 1), date(2026, 11, 1))
TABLE = """
CREATE TABLE {name} (
    "Контрагент" TEXT, "Дата" {day}, "Сумма" {money}, "Документ" TEXT, "Наименование" TEXT
)
"""
ROWS = """
INSERT INTO {name} VALUES
    ('17', '2026-10-01', 100.10, 'D1', 'ООО «Ёлка»'),
    ('17', '2026-10-31', -0.10, NULL, NULL),
    (' 18 ', '2026-10-31', 5, 'D2', 'Ромашка'),
    (NULL, '2026-10-05', 7, 'D3', NULL),
    ('19', NULL, 8, 'D4', NULL),
    ('20', '2026-10-06', NULL, 'D5', NULL),
    ('21', '2026-09-30', 1000, 'D6', NULL),
    ('21', '2026-11-01', 1000, 'D7', NULL)
"""


@pytest.fixture(params=["sqlite", "postgres", pytest.param("mariadb", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Database with a table of sales."""
    made: str
    if request.param == "sqlite":
        made, kinds = f"sqlite:///{tmp_path}/base.db", {"day": "TEXT", "money": "NUMERIC"}
    else:
        made = request.getfixturevalue(request.param)
        kinds = {"day": "DATE", "money": "NUMERIC(14, 2)"}
    execute(made, "DROP VIEW IF EXISTS october", "DROP TABLE IF EXISTS ledger")
    execute(made, TABLE.format(name="ledger", **kinds), ROWS.format(name="ledger"))
    return made


def execute(url: str, *statements: str) -> list[Any]:
    """Run statements independently of the library."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    rows: list[Any] = []
    with engine.begin() as connection:
        for statement in statements:
            result = connection.exec_driver_sql(statement)
            rows = [tuple(row) for row in result] if result.returns_rows else []
    return rows


def read(url: str, window: Window = OCTOBER, **options: Any) -> tuple[Any, SqlSource]:
    """Read a window."""
    with closing(SqlSource(url, **options)) as source:
        return concat(source.transactions(window)), source


def test_a_table_is_read_by_its_usual_names(url: str) -> None:
    """Columns are recognised, values parsed, and names and doubtful lines reported."""
    sales, source = read(url, table="ledger")
    assert ["17", "17", "18"] == sales.identifiers.tolist()
    assert [100.10, -0.10, 5.0] == sales.amount.tolist()
    assert [date(2026, 10, 1), date(2026, 10, 31), date(2026, 10, 31)] == sales.day.tolist()
    assert 3 == len(set(sales.document.tolist()))
    assert {"17": "ООО «Ёлка»", "18": "Ромашка"} == dict(source.customer_names())
    quality = source.data_quality()
    assert quality is not None
    result = {issue.kind: issue.count for issue in quality.issues}
    assert {"no_customer": 1, "no_date": 1, "no_amount": 1, "negative": 1} == result
    assert (6, 3) == (quality.rows, quality.used)


def test_a_view_is_as_good_as_a_table(url: str) -> None:
    """A view is read by its name."""
    execute(url, 'CREATE VIEW october AS SELECT * FROM ledger WHERE "Сумма" > 10')
    assert [100.10] == read(url, table="october")[0].amount.tolist()


def test_a_query_may_name_the_window(url: str) -> None:
    """Days are bound parameters, and lines outside the window never count."""
    text = 'SELECT "Контрагент" AS who, "Дата" AS day, "Сумма" AS money FROM ledger'
    columns: dict[str, Any] = {"customer": "who", "date": "day", "amount": "money"}
    whole, _ = read(url, query=text, **columns)
    bound, source = read(
        url, query=f'{text} WHERE "Дата" >= :since AND "Дата" < :until', **columns
    )
    assert [100.10, -0.10, 5.0] == whole.amount.tolist() == bound.amount.tolist()
    quality = source.data_quality()
    assert quality is not None
    assert 5 == quality.rows


def test_large_numbers_beside_nothing_stay_whole(url: str) -> None:
    """A 17-digit identifier is not rounded when another line has none."""
    execute(
        url, "DROP TABLE IF EXISTS big", "CREATE TABLE big (client_id BIGINT, date DATE, sum INT)"
    )
    execute(url, "INSERT INTO big VALUES (12345678901234567, '2026-10-05', 3), (NULL, NULL, 1)")
    assert ["12345678901234567"] == read(url, table="big")[0].identifiers.tolist()


@pytest.mark.parametrize(
    ("kind", "first", "last", "after"),
    [
        ("TEXT", "01.10.2026", "31.10.2026 23:59", "01.11.2026"),
        ("TEXT", "2026-10-01", "2026-10-31T23:59:59.5", "2026-11-01 00:00"),
        ("TIMESTAMP", "2026-10-01 00:00", "2026-10-31 23:59:59.999", "2026-11-01 00:00"),
        ("DATE", "2026-10-01", "2026-10-31", "2026-11-01"),
    ],
)
def test_days_of_any_make_keep_to_the_window(
    url: str, kind: str, first: str, last: str, after: str
) -> None:
    """Both ends of the window are read for every column type of days."""
    execute(
        url,
        "DROP TABLE IF EXISTS days",
        f"CREATE TABLE days (client TEXT, date {kind}, sum INT)",
        f"INSERT INTO days VALUES ('a', '{first}', 1), ('a', '{last}', 2), ('a', '{after}', 4)",
    )
    assert [1.0, 2.0] == read(url, table="days")[0].amount.tolist()


def test_days_are_filtered_by_the_database(url: str) -> None:
    """The database filters by day where it can."""
    _, source = read(url, Window(date(2026, 10, 5), date(2026, 10, 6)), table="ledger")
    quality = source.data_quality()
    assert quality is not None
    assert 2 == quality.rows


def test_batches_bound_the_memory(url: str) -> None:
    """A batch has no more lines than requested."""
    with closing(SqlSource(url, table="ledger", batch=2)) as source:
        sizes = [len(batch) for batch in source.transactions(OCTOBER)]
    assert max(sizes) <= 2
    assert 3 == sum(sizes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"table": "nowhere"}, "the database has no table 'nowhere'; its tables are: .*ledger"),
        ({"table": "ledger", "customer": "who"}, "ledger has no column 'who' for the option"),
        ({"query": "SELECT 1 AS one"}, "query: no column looks like customer, date, amount"),
        ({}, "a database needs either a table or a query; give one of them"),
        ({"table": "a", "query": "b"}, "a database needs either a table or a query"),
        ({"table": "ledger", "batch": 0}, "batch is 0; give a number of lines from 1"),
    ],
)
def test_a_wrong_option_is_answered(url: str, options: dict[str, Any], message: str) -> None:
    """The error for a wrong option lists what exists."""
    with pytest.raises(ValueError, match=message):
        read(url, **options)


def test_a_wrong_query_is_the_databases_refusal(url: str) -> None:
    """The error has the message of the database."""
    with pytest.raises(BadDataError, match=r"the database refused .*selekt"):
        read(url, query="selekt * from ledger")


def test_a_wrong_password_is_no_rights(postgres: str) -> None:
    """The error points to user and password and repeats neither."""
    wrong = postgres.replace("pg-s3cr3t", "other-s3cr3t")
    with pytest.raises(AuthenticationError, match="the database refused the login") as caught:
        read(wrong, table="ledger")
    assert [] == leaks(caught.value, ["other-s3cr3t", wrong])
    assert caught.value.__suppress_context__


def test_refused_connection_is_unavailable(postgres: str) -> None:
    """A closed port is a temporary outage."""
    host = postgres.rpartition("@")[2].partition("/")[0]
    closed = postgres.replace(host, "127.0.0.1:1")
    with pytest.raises(UnavailableError, match="the database cannot be reached") as caught:
        read(closed, table="ledger")
    assert caught.value.retryable
    assert [] == leaks(caught.value, ["pg-s3cr3t"])


@pytest.fixture
def silent() -> Iterator[str]:
    """Address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("more", ["", "?connect_timeout=2"])
def test_a_database_that_never_answers(silent: str, more: str) -> None:
    """Connecting ends by the limit of the adapter, or by that of the address before it."""
    limit = 99.0 if more else 1.5
    url = f"postgresql+psycopg://ann:pg-s3cr3t@{silent}/base{more}"
    sink, source = (
        SqlSink(url, connect_timeout=limit),
        SqlSource(url, table="ledger", connect_timeout=limit),
    )
    crm = SqlCrm(url, sql={"deals": "SELECT 1"}, connect_timeout=limit)
    ways: tuple[SqlSink | SqlSource | SqlCrm, ...] = (sink, source, crm)
    for one in ways:
        with closing(one), pytest.raises(UnavailableError) as caught:
            one.preflight()
        assert "the database cannot be reached (" in str(caught.value)
        assert "timeout" in str(caught.value)
        assert caught.value.retryable
        assert [] == leaks(caught.value, ["pg-s3cr3t"])


LEFT = """
import json, sys
from contextlib import closing
from abcxyz.builtin.sql import SqlSink
from abcxyz.errors import UnavailableError

for url, seconds in json.load(sys.stdin):
    with closing(SqlSink(url, connect_timeout=seconds)) as sink:
        try:
            sink.preflight()
        except UnavailableError as problem:
            print(problem.retryable, problem)
"""


@pytest.mark.parametrize(
    ("driver", "module", "options", "limit"),
    [
        ("mysql+pymysql", "pymysql", "", "connect_timeout"),
        ("mysql+mysqlconnector", "mysql.connector", "", "connection_timeout"),
        ("oracle+oracledb", "oracledb", "", "tcp_connect_timeout"),
        ("mssql+pymssql", "pymssql", "", "login_timeout"),
        ("mssql+pyodbc", "pyodbc", "driver=FreeTDS", "timeout"),
        ("postgresql+pg8000", "pg8000", "", ""),
    ],
)
def test_a_driver_that_would_wait_for_ever(
    silent: str, driver: str, module: str, options: str, limit: str
) -> None:
    """Drivers whose limit ends with the accepted connection are left after that of the adapter.

    In a process of its own, which ends although the driver still waits.
    """
    pytest.importorskip(module, exc_type=ImportError)
    cases = [(options, 0.5)] + [(f"{options}&{limit}=1", 99.0)] * bool(limit)
    addresses = [
        (f"{driver}://ann:db-s3cr3t@{silent}/b?{more}", seconds) for more, seconds in cases
    ]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LEFT],
        input=json.dumps(addresses),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (0, "") == (done.returncode, done.stderr)
    answers = done.stdout.splitlines()
    assert len(cases) == len(answers)
    for (_, seconds), answer in zip(cases, answers, strict=True):
        # With a limit of its own in the address, the driver may be a little earlier.
        assert answer == (
            f"True the database did not answer in {min(seconds, 1.0)} s; check its address and "
            "that it runs, or set a larger connect_timeout"
        ) or (seconds > 1 and answer.startswith("True the database cannot be reached ("))
    assert "s3cr3t" not in done.stdout


@contextmanager
def forwarded(url: str) -> Iterator[tuple[str, threading.Event]]:
    """Pass connections on to a database; none of its answers once the event is set."""
    host, _, port = url.rpartition("@")[2].partition("/")[0].partition(":")
    silence = threading.Event()

    def pass_on(one: socket.socket, other: socket.socket, *, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while part := one.recv(1 << 16):
                if not (answers and silence.is_set()):
                    other.sendall(part)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = server.accept()
                far = socket.create_connection((host, int(port)))
                for pair, answers in (((near, far), False), ((far, near), True)):
                    threading.Thread(
                        target=pass_on, args=pair, kwargs={"answers": answers}, daemon=True
                    ).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        yield url.replace(f"{host}:{port}", f"127.0.0.1:{server.getsockname()[1]}"), silence


@pytest.mark.slow
def test_mariadb_ends_a_statement_that_takes_too_long(mariadb: str) -> None:
    """It does so itself; where nothing is answered any more, the driver does."""
    query = "SELECT '17' AS customer, '2026-10-01' AS date, {} AS amount"
    batch, _ = read(mariadb, query=query.format("1"), timeout=60)
    assert [1.0] == batch.amount.tolist()
    expected = (
        "the database took over 0.2 s for a statement; make the query cheaper, or set a larger "
        "timeout"
    )
    with pytest.raises(UnavailableError) as caught:
        read(mariadb, query=query.format("SLEEP(600)"), timeout=0.2)
    assert str(caught.value) == expected
    with forwarded(mariadb) as (url, silence):
        source = SqlSource(url, query=query.format("1"), timeout=0.2)
        with closing(source):
            source.preflight()
            silence.set()
            with pytest.raises(UnavailableError) as caught:
                source.preflight()
    assert str(caught.value) == expected
    assert [] == leaks(caught.value, ["my-s3cr3t"])


@pytest.mark.parametrize("driver", ["psycopg", "pg8000"])
def test_a_statement_that_takes_too_long(postgres: str, driver: str) -> None:
    """PostgreSQL ends it after the limit; others of the same connection have the whole limit."""
    url = f"postgresql+{driver}://{postgres.partition('://')[2]}"
    query = "SELECT '17' AS customer, DATE '2026-10-01' AS date, {} AS amount"
    for wait in ("1", "(SELECT 1 FROM pg_sleep(0.1))"):
        batch, _ = read(url, query=query.format(wait), timeout=60)
        assert [1.0] == batch.amount.tolist()
    with pytest.raises(UnavailableError) as caught:
        read(url, query=query.format("(SELECT 1 FROM pg_sleep(600))"), timeout=0.2)
    assert str(caught.value) == (
        "the database took over 0.2 s for a statement; make the query cheaper, or set a larger "
        "timeout"
    )


@pytest.mark.parametrize("name", ["connect_timeout", "timeout"])
@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_limits_are_positive(name: str, seconds: float) -> None:
    with pytest.raises(ConfigError) as caught:
        SqlSource("sqlite://", table="x", **{name: seconds})  # type: ignore[arg-type]
    assert str(caught.value) == f"{name} is {seconds}; give a number of seconds above 0"


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("sales.db", "the address of the database is none; write it as driver://"),
        ("nosuch://u:s3cr3t@h/b", "the driver .* of nosuch is not installed"),
        ("mysql+mysqldb://u:s3cr3t@h/b", "the driver MySQLdb of mysql.mysqldb is not installed"),
    ],
)
def test_a_wrong_address_is_answered(address: str, message: str) -> None:
    """The error does not repeat the URL."""
    with pytest.raises(ConfigError, match=message) as caught:
        SqlSource(address, table="x")
    assert [] == leaks(caught.value, ["s3cr3t"])


@pytest.mark.parametrize(
    ("module", "address", "extra"),
    [
        ("sqlalchemy", "sqlite://", "sql"),
        ("psycopg", "postgresql://u:s3cr3t@h/b", "postgres"),
        ("psycopg", "postgres://u:s3cr3t@h/b", "postgres"),
    ],
)
def test_without_its_package_the_extra_is_named(module: str, address: str, extra: str) -> None:
    """Without SQLAlchemy or the driver of PostgreSQL the error names the extra to install."""
    code = (
        f"import sys; sys.modules['{module}'] = None\n"
        "from abcxyz.registry import load\n"
        "load().get('source', 'sql').build({'url': sys.argv[1], 'table': 'x'})"
    )
    # Later Pythons show the source of -c in a traceback, so that the secret is no part of it.
    done = subprocess.run(
        [sys.executable, "-c", code, address], capture_output=True, text=True, check=False
    )
    assert f"a database needs the extra '{extra}'; install it" in done.stderr
    assert "s3cr3t" not in done.stderr


def test_postgres_by_its_usual_driver(postgres: str) -> None:
    """An address without a driver writes and reads by psycopg."""
    pytest.importorskip("psycopg")
    address = "postgresql:" + postgres.partition(":")[2]
    execute(postgres, "DROP TABLE IF EXISTS abcxyz_segments")
    with closing(SqlSink(address)) as sink:
        analysis = make_analysis(["a", "b", "c"])
        assert 3 == sink.write(analysis, dry_run=False).written
    query = "SELECT customer, changed_on AS date, value AS amount FROM abcxyz_segments"
    with closing(SqlSource(address, query=query)) as source:
        window = Window(date(2000, 1, 1), date(2100, 1, 1))
        # A customer without sales has no amount, and so no line.
        sold = int((~np.isnan(analysis.snapshot.value)).sum())
        assert sold == sum(map(len, source.transactions(window)))


@pytest.fixture
def sink(url: str) -> Iterator[SqlSink]:
    """Build a sink into an empty database."""
    execute(url, "DROP TABLE IF EXISTS abcxyz_segments")
    with closing(SqlSink(url, lang="ru")) as made:
        yield made


def test_a_row_has_every_column(url: str, sink: SqlSink) -> None:
    """A row has segment, tag, recommendation, figures and days."""
    analysis = make_analysis(["a", "b", "c"], names={"a": "ООО «Ёлка»"})
    sink.write(analysis, dry_run=False)
    columns = "customer, name, segment, abc, xyz, value, orders, tag, changed_on"
    row = execute(url, f"SELECT {columns} FROM abcxyz_segments WHERE customer = 'a'")[0]
    assert ("a", "ООО «Ёлка»", "AX", "A", "X") == row[:5]
    assert round(float(analysis.snapshot.value[0]), 4) == float(row[5])
    assert int(analysis.snapshot.orders[0]) == row[6]
    assert "AX - приоритетный клиент" == row[7]
    assert "2026-11-01" == str(row[8])
    rows = execute(url, "SELECT recommendation FROM abcxyz_segments WHERE customer = 'a'")
    assert analysis.actions is not None
    assert [(analysis.actions[0].text("ru"),)] == rows


def test_only_what_differs_is_written(url: str, sink: SqlSink) -> None:
    """Changed rows get the new day, others the old; absent customers are deleted."""
    sink.write(make_analysis(["a", "b", "c"], seed=1), dry_run=False)
    execute(url, "UPDATE abcxyz_segments SET changed_on = '2020-01-01'")
    report = sink.write(
        make_analysis(["a", "b", "c"], seed=1, names={"b": "Ромашка"}), dry_run=False
    )
    assert report.written > 0
    changed = execute(
        url, "SELECT customer FROM abcxyz_segments WHERE changed_on > '2020-01-01' ORDER BY 1"
    )
    assert ["a", "b", "c"] == [one for (one,) in changed]
    report = sink.write(make_analysis(["a", "c"], seed=1), dry_run=False)
    assert ["a", "c"] == [
        one for (one,) in execute(url, "SELECT customer FROM abcxyz_segments ORDER BY 1")
    ]


@pytest.mark.parametrize("pages", [0, 1, 3])
def test_a_full_disk_leaves_the_table_as_it_was(tmp_path: Path, pages: int) -> None:
    """A disk that fills up at any row is not the fault of the row: nothing is written."""
    url = f"sqlite:///{tmp_path}/base.db"
    sink = SqlSink(url)
    old = make_analysis([f"old-{n}" for n in range(30)])
    sink.write(old, dry_run=False)
    before = execute(url, "SELECT * FROM abcxyz_segments ORDER BY 1")
    ((size,),) = execute(url, "PRAGMA page_count")
    sink.close()

    def fill(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {size + pages}")

    sa.event.listen(sink._database.engine, "connect", fill)
    new = make_analysis([f"{kind}-{n}" for kind in ("new", "old") for n in range(1500)])
    with closing(sink), pytest.raises(BadDataError, match="database or disk is full"):
        sink.write(new, dry_run=False)
    assert before == execute(url, "SELECT * FROM abcxyz_segments ORDER BY 1")


def test_a_strangers_table_is_left_alone(url: str) -> None:
    """A foreign table of that name is refused, in a dry run too."""
    with closing(SqlSink(url, table="ledger")) as sink:
        for dry_run in (True, False):
            with pytest.raises(
                ConfigError, match="the table 'ledger' is not one of ours, it lack"
            ):
                sink.write(make_analysis(["a", "b", "c"]), dry_run=dry_run)
    assert 8 == len(execute(url, "SELECT * FROM ledger"))


def test_a_row_that_is_refused_does_not_stop_the_others(url: str, sink: SqlSink) -> None:
    """One row of a thousand refused by the database does not stop the rest."""
    sink.write(make_analysis(["a", "b", "c"]), dry_run=False)
    execute(url, "DROP TABLE abcxyz_segments")
    columns = "name TEXT, segment TEXT, abc TEXT, xyz TEXT, value FLOAT, cv FLOAT, orders INT, "
    execute(
        url,
        f"CREATE TABLE abcxyz_segments (customer_key TEXT, customer TEXT CHECK (customer <> 'b'), "
        f"{columns} last_sale DATE, tag TEXT, recommendation TEXT, changed_on DATE)",
    )
    report = sink.write(make_analysis(["a", "b", "c", "d"]), dry_run=False)
    assert ["b"] == list(report.failed)
    assert re.search("check|constraint", report.failed["b"].lower())
    assert 3 == report.written
    assert ["a", "c", "d"] == [
        one for (one,) in execute(url, "SELECT customer FROM abcxyz_segments ORDER BY 1")
    ]


def test_preflight_names_the_table(url: str, sink: SqlSink) -> None:
    """Preflight hides the password and fails on a missing database."""
    [line] = sink.preflight()
    assert line.endswith("abcxyz_segments +")
    sink.write(make_analysis(["a", "b", "c"]), dry_run=False)
    [line] = sink.preflight()
    assert line.endswith("abcxyz_segments ✓")
    assert [] == leaks(line, ["pg-s3cr3t"])
    with closing(SqlSource(url, table="ledger")) as source:
        where, columns = source.preflight()
    assert [] == leaks(where, ["pg-s3cr3t"])
    assert "customer = Контрагент, date = Дата, amount = Сумма" in columns


def test_a_long_write_reports_progress(
    url: str, sink: SqlSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Progress is reported after every batch up to all rows."""
    monkeypatch.setattr("abcxyz.builtin.sql.sink._AT_ONCE", 100)
    reports: list[tuple[int, int]] = []
    sink.report_progress(lambda done, total: reports.append((done, total)))
    customers = [f"c{n}" for n in range(250)]
    sink.write(make_analysis(customers), dry_run=False)
    assert [(100, 250), (200, 250), (250, 250)] == reports
    reports.clear()
    sink.write(make_analysis(customers[:100]), dry_run=False)
    assert reports[-1][0] == reports[-1][1]
    assert (100, reports[-1][1]) == reports[0]


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")
@pytest.mark.parametrize("count", [2, pytest.param(0, marks=pytest.mark.slow)])
def test_a_killed_write_leaves_the_table_as_it_was(url: str, count: int) -> None:
    """Deletions, insertions and updates of a write are one transaction."""
    execute(url, "DROP TABLE IF EXISTS abcxyz_segments")
    program = Path(__file__).with_name("killed_writes.py")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", program, url, str(count)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    answer = json.loads(done.stdout)
    assert answer["changed"]
    assert [(True, True)] * len(answer["left"]) == [
        (one["killed"], one["as_before"]) for one in answer["left"]
    ]


def test_money_is_decimal(url: str, sink: SqlSink) -> None:
    """Money is stored digit by digit, and the same money is not written again."""
    analysis = make_analysis(["a", "b", "c"])
    snapshot = evolve(analysis.snapshot, value=np.array([1234567890123.45, 0.1 + 0.2, np.nan]))
    analysis = evolve(analysis, snapshot=snapshot)
    sink.write(analysis, dry_run=False)
    rows = execute(url, "SELECT CAST(value AS CHAR(30)) FROM abcxyz_segments ORDER BY customer")
    assert ["1234567890123.45", "0.3", None] == [
        one and one.strip().rstrip("0") for (one,) in rows
    ]
    assert (0, 3) == (lambda one: (one.written, one.unchanged))(
        sink.write(analysis, dry_run=False)
    )


def test_reading_never_creates_a_database(tmp_path: Path) -> None:
    """A relative path begins in the job's folder; only a write creates a private file."""
    options = {"url": "sqlite:///data.db", "table": "t"}
    source = load().get("source", "sql").build(options, folder=tmp_path)
    for read_it in (source.preflight, lambda: list(source.transactions(OCTOBER))):
        with pytest.raises(ConfigError, match=f"there is no database {tmp_path}/data.db"):
            read_it()
    sink = load().get("sink", "sql").build(options, folder=tmp_path)
    assert "+" == sink.preflight()[0][-1]
    analysis = make_analysis(["a", "b", "c"])
    assert 3 == sink.write(analysis, dry_run=True).written
    assert [] == list(tmp_path.iterdir())
    sink.write(analysis, dry_run=False)
    assert ["data.db"] == [one.name for one in tmp_path.iterdir()]
    if os.name == "posix":
        assert 0o600 == stat.S_IMODE((tmp_path / "data.db").stat().st_mode)
    sink.close()
