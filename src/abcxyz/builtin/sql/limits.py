"""Limits of a database that does not answer, and what the errors of drivers mean."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any

from attrs import define

from abcxyz.errors import UnavailableError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

__all__ = [
    "driver_limits",
    "is_row_refused",
    "is_timeout",
    "limit_connecting",
    "limit_statements",
]

#: Driver -> name of its limit for connecting, in seconds, which an address may give.
_CONNECT = {
    "psycopg": "connect_timeout",
    "psycopg2": "connect_timeout",
    "pymysql": "connect_timeout",
    "mysqldb": "connect_timeout",
    "mysqlconnector": "connection_timeout",
    "pymssql": "login_timeout",
    "pyodbc": "timeout",
    "oracledb": "tcp_connect_timeout",
}
#: Drivers whose own limit holds until the server has answered; that of others ends earlier.
_WHOLE = ("psycopg", "psycopg2")
#: Driver -> arguments that limit the wait for each statement, in whole seconds.
_WAIT = {
    "pymysql": ("read_timeout", "write_timeout"),
    "mysqldb": ("read_timeout", "write_timeout"),
    "pymssql": ("timeout",),
}
#: Driver -> attribute of a connection that limits each statement, and its units in a second.
_ATTRIBUTE = {"pyodbc": ("timeout", 1), "oracledb": ("call_timeout", 1000)}
_GRACE = 5  # seconds more than the server has, so that it ends a statement itself
#: Codes of errors for a statement that took too long: SQLSTATE of PostgreSQL and ODBC, and those
#: of MySQL, MariaDB and FreeTDS.
_CODES = ("57014", "HYT00", 3024, 1969, 20003)
#: Codes of MySQL and MariaDB for a row that breaks a constraint, which drivers take for a failure
#: of the database: without a default value, and by a check.
_ROW_CODES = (1364, 3819, 4025)
#: Beginnings and ends of messages for the same, of drivers whose code says less.
_PHRASES = ("DPY-4024", "DPI-1067", "during query (timed out)")


def driver_limits(url: Any, seconds: float) -> dict[str, int]:
    """Return the arguments of the driver that limit a statement, but for those in the URL."""
    names = _WAIT.get(url.get_driver_name(), ())
    return {name: math.ceil(seconds) + _GRACE for name in names if name not in url.query}


def limit_connecting(engine: Engine, connect: float, statement: float) -> None:
    """End a connection that is not answered in *connect* seconds; a limit in the URL comes first.

    The limits of most drivers end where the server accepts a connection, so that one that accepts
    and stays silent would be waited for without end. These connect in a thread.
    """
    import sqlalchemy as sa

    driver = engine.url.get_driver_name()
    if engine.dialect.name == "sqlite":
        return
    name = _CONNECT.get(driver)
    given = None if name is None else engine.url.query.get(name)
    seconds = float(str(given)) if given is not None else connect

    def opened(dialect: Any, _record: object, args: Any, options: dict[str, Any]) -> Any:
        if driver in _WHOLE:
            return dialect.connect(*args, **{"connect_timeout": math.ceil(seconds), **options})
        attempt = _Attempt(dialect, args, options)
        connection = attempt.result(seconds)
        if driver in _ATTRIBUTE:
            limit, parts = _ATTRIBUTE[driver]
            setattr(connection, limit, math.ceil(statement * parts))
        return connection

    sa.event.listen(engine, "do_connect", opened)


@define
class _Attempt:
    """A connection that is being opened in a thread."""

    dialect: Any
    args: Any
    options: dict[str, Any]
    connection: Any = None
    problem: BaseException | None = None
    abandoned: bool = False

    def result(self, seconds: float) -> Any:
        """Return the connection, or raise the error of the driver, or one after *seconds*."""
        lock, done = threading.Lock(), threading.Event()

        def run() -> None:
            made, problem = None, None
            try:
                made = self.dialect.connect(*self.args, **self.options)
            except BaseException as caught:  # noqa: BLE001 - raised again by the thread that waits
                problem = caught
            with lock:
                self.connection, self.problem = made, problem
                late = self.abandoned
            if late and made is not None:
                made.close()
            done.set()

        threading.Thread(target=run, name="connecting to a database", daemon=True).start()
        done.wait(seconds)
        with lock:
            self.abandoned = self.connection is None and self.problem is None
        if self.problem is not None:
            raise self.problem
        if self.abandoned:
            raise UnavailableError(
                "the database did not answer in {seconds} s; check its address and that it runs, "
                "or set a larger connect_timeout",
                seconds=seconds,
            )
        return self.connection


def limit_statements(engine: Engine, seconds: float) -> None:
    """Let PostgreSQL, MariaDB and MySQL end statements that take too long; MySQL only reads.

    In each transaction, because poolers of connections keep what is set for a session.
    """
    import sqlalchemy as sa

    def begin(connection: Connection) -> None:
        statement = _statement_limit(connection.dialect, seconds)
        if statement:
            connection.exec_driver_sql(statement)

    sa.event.listen(engine, "begin", begin)


def _statement_limit(dialect: Any, seconds: float) -> str:
    milliseconds = math.ceil(seconds * 1000)
    if dialect.name == "postgresql":
        return f"SET LOCAL statement_timeout = {milliseconds}"
    if dialect.name in ("mysql", "mariadb"):
        version = dialect.server_version_info or ()
        if dialect.is_mariadb and version >= (10, 1):
            return f"SET SESSION max_statement_time = {milliseconds / 1000}"
        if not dialect.is_mariadb and version >= (5, 7, 8):
            return f"SET SESSION max_execution_time = {milliseconds}"
    return ""


def is_timeout(problem: Any) -> bool:
    """Return whether a driver says that a statement took too long."""
    return not _codes(problem).isdisjoint(_CODES) or any(one in str(problem) for one in _PHRASES)


def is_row_refused(problem: Any) -> bool:
    """Return whether a driver means a row that breaks a constraint, by its code."""
    return not _codes(problem).isdisjoint(_ROW_CODES)


def _codes(problem: Any) -> set[object]:
    """Return the codes in an error of a driver: SQLSTATE and numbers."""
    code = next(iter(getattr(problem, "args", ())), None)
    if isinstance(code, dict):  # of pg8000
        code = code.get("C")
    elif isinstance(code, tuple):  # of pymssql
        code = code[0]
    return {code, *(getattr(problem, name, None) for name in ("sqlstate", "pgcode", "errno"))}
