"""Database connection over SQLAlchemy, with translated errors."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcxyz.builtin.sql.limits import (
    driver_limits,
    is_row_refused,
    is_timeout,
    limit_connecting,
    limit_statements,
)
from abcxyz.errors import (
    AbcxyzError,
    AdapterError,
    AuthenticationError,
    BadDataError,
    ConfigError,
    UnavailableError,
)
from abcxyz.toolkit.files import create_private
from abcxyz.toolkit.redaction import Redactor

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

__all__ = ["Database"]

_LONGEST = 500
#: Names of PostgreSQL without a driver.
_POSTGRES = ("postgresql", "postgres")
#: Phrases of rejected logins in database errors; SQLAlchemy has no separate error class.
_LOGIN = ("password", "authentication", "access denied", "login failed", "permission denied")


class Database:
    """Connection to one database.

    Parameters
    ----------
    url
        URL of SQLAlchemy, such as ``postgresql://user:password@host/base``, which takes
        the driver psycopg.
    connect_timeout
        Seconds until the database has answered a connection; a limit in the URL comes first.
    timeout
        Seconds for each statement, where `abcxyz.builtin.sql.limits` knows how the driver or
        the server ends it.

    Raises
    ------
    ConfigError
        The URL is invalid, a limit is not positive, or the driver or SQLAlchemy is not installed.
    """

    def __init__(self, url: str, *, connect_timeout: float, timeout: float) -> None:
        for name, seconds in (("connect_timeout", connect_timeout), ("timeout", timeout)):
            if not 0 < seconds < math.inf:
                raise ConfigError(
                    "{name} is {seconds}; give a number of seconds above 0",
                    name=name,
                    seconds=seconds,
                )
        self._seconds = timeout
        try:
            import sqlalchemy as sa
        except ImportError:
            raise ConfigError(
                "a database needs the extra {extra!r}; install it", extra="sql"
            ) from None
        problem: ConfigError | None = None
        try:
            parsed = sa.make_url(url)
            if parsed.drivername in _POSTGRES:
                parsed = parsed.set(drivername="postgresql+psycopg")
            self.redactor = Redactor([url])
            # No echo at any log level, because statements may hold names.
            self._engine: Engine = sa.create_engine(
                parsed, hide_parameters=True, connect_args=driver_limits(parsed, timeout)
            )
            _own_transactions(self._engine)
            limit_connecting(self._engine, connect_timeout, timeout)
            limit_statements(self._engine, timeout)
        except (sa.exc.NoSuchModuleError, ImportError) as missing:
            kind = parsed.drivername
            name = getattr(missing, "name", None) or kind
            problem = (
                ConfigError("a database needs the extra {extra!r}; install it", extra="postgres")
                if name == "psycopg"
                else ConfigError(
                    "the driver {name} of {kind} is not installed; install its package",
                    name=name,
                    kind=kind,
                )
            )
        except sa.exc.ArgumentError:
            problem = ConfigError(
                "the address of the database is none; write it as "
                "driver://user:password@host/base, such as sqlite:///sales.db"
            )
        # Outside `except`: the message of SQLAlchemy repeats the URL.
        if problem is not None:
            raise problem
        self.name = self.redactor.text(parsed.render_as_string(hide_password=True))
        local = parsed.database if self._engine.dialect.name == "sqlite" else None
        self._file = (
            None if local in (None, "", ":memory:") or "uri" in parsed.query else Path(str(local))
        )

    def __repr__(self) -> str:
        return "Database(***)"

    @property
    def engine(self) -> Engine:
        """Engine of SQLAlchemy."""
        return self._engine

    @property
    def is_absent(self) -> bool:
        """Whether it is a file of SQLite that does not exist; a connection would create it."""
        return self._file is not None and not self._file.exists()

    def check_exists(self) -> None:
        """Raise an error where a connection would create an empty database.

        Raises
        ------
        ConfigError
            The file of SQLite is absent.
        """
        if self.is_absent:
            raise ConfigError(
                "there is no database {path}; check the path, which begins in the folder of the "
                "job",
                path=str(self._file),
            )

    def create_file(self) -> None:
        """Create an absent file of SQLite, so that only its owner may read it."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # the database gives the reason
                create_private(self._file)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    @contextlib.contextmanager
    def failures(self) -> Iterator[None]:
        """Convert errors of SQLAlchemy to errors of this library.

        Raises
        ------
        UnavailableError
            The database cannot be reached, or the connection broke.
        AuthenticationError
            The login is rejected, or permissions are missing.
        BadDataError
            The statement is rejected.
        """
        import sqlalchemy as sa

        failure: AbcxyzError
        try:
            yield
        except sa.exc.DBAPIError as problem:
            failure = self._judge(problem)
        except sa.exc.SQLAlchemyError as problem:
            failure = BadDataError(
                "the database failed ({reason}); check the query and the table",
                reason=self._reason(problem),
            )
        else:
            return
        # The error of a driver may hold the URL and the data.
        raise failure from None

    def _judge(self, problem: Any) -> AdapterError:
        import sqlalchemy as sa

        reason = self._reason(problem.orig)
        if problem.statement is not None and is_timeout(problem.orig):
            return UnavailableError(
                "the database took over {seconds} s for a statement; make the query cheaper, or "
                "set a larger timeout",
                seconds=self._seconds,
            )
        if any(word in reason.lower() for word in _LOGIN):
            return AuthenticationError(
                "the database refused the login or the rights ({reason}); check user, password "
                "and grants",
                reason=reason,
            )
        lost = isinstance(problem, (sa.exc.OperationalError, sa.exc.InterfaceError))
        lost = lost and self._engine.dialect.name != "sqlite" and not is_row_refused(problem.orig)
        if problem.connection_invalidated or lost:
            return UnavailableError(
                "the database cannot be reached ({reason}); check its address and that it runs",
                reason=reason,
            )
        return BadDataError(
            "the database refused ({reason}); check the query and the table", reason=reason
        )

    def _reason(self, problem: object) -> str:
        message = " ".join(str(problem).split())
        return self.redactor.text(message)[:_LONGEST]


def _own_transactions(engine: Engine) -> None:
    """Let SQLAlchemy begin the transactions of SQLite.

    The driver would begin one only before the first change, and savepoints before it would be
    committed one by one.
    """
    import sqlalchemy as sa

    if engine.dialect.name != "sqlite":
        return

    def leave_to_us(connection: Any, _record: object) -> None:
        connection.isolation_level = None

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    sa.event.listen(engine, "connect", leave_to_us)
    sa.event.listen(engine, "begin", begin)
