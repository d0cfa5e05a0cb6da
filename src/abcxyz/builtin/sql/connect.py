"""A database, and what its failures mean."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from abcxyz.errors import (
    AbcxyzError,
    AdapterError,
    AuthenticationError,
    BadDataError,
    ConfigError,
    UnavailableError,
)
from abcxyz.toolkit.redaction import Redactor

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["Database"]

_LONGEST = 500
#: Words by which databases refuse a login; SQLAlchemy has no error of its own for it.
_LOGIN = ("password", "authentication", "access denied", "login failed", "permission denied")


class Database:
    """One database.

    Parameters
    ----------
    url
        An address of SQLAlchemy, such as ``postgresql+psycopg://user:password@host/base``.

    Raises
    ------
    ConfigError
        It is no such address, its driver is not installed, or SQLAlchemy is not.
    """

    def __init__(self, url: str) -> None:
        try:
            import sqlalchemy as sa
        except ImportError:
            raise ConfigError(
                "a database needs the extra {extra!r}; install it", extra="sql"
            ) from None
        problem: ConfigError | None = None
        try:
            parsed = sa.make_url(url)
            password = parsed.password
            self.redactor = Redactor([one for one in (url, password) if one])
            # No echo, whatever the log's level is: statements may hold names.
            self._engine: Engine = sa.create_engine(parsed, hide_parameters=True)
        except (sa.exc.NoSuchModuleError, ImportError) as missing:
            kind = sa.make_url(url).drivername
            name = getattr(missing, "name", None) or kind
            problem = ConfigError(
                "the driver {name} of {kind} is not installed; install its package",
                name=name,
                kind=kind,
            )
        except sa.exc.ArgumentError:
            problem = ConfigError(
                "the address of the database is none; write it as "
                "driver://user:password@host/base, such as sqlite:///sales.db"
            )
        # Outside `except`: what SQLAlchemy says repeats the address.
        if problem is not None:
            raise problem
        self.name = parsed.render_as_string(hide_password=True)

    def __repr__(self) -> str:
        return "Database(***)"

    @property
    def engine(self) -> Engine:
        """What SQLAlchemy works with."""
        return self._engine

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    @contextlib.contextmanager
    def failures(self) -> Iterator[None]:
        """Turn what a database says of its failures into errors of ours.

        Raises
        ------
        UnavailableError
            It cannot be reached, or the connection broke.
        AuthenticationError
            It refuses the login, or the rights are not there.
        BadDataError
            It refuses the statement.
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
        # An error of a driver may hold the address and the data.
        raise failure from None

    def _judge(self, problem: Any) -> AdapterError:
        import sqlalchemy as sa

        reason = self._reason(problem.orig)
        if any(word in reason.lower() for word in _LOGIN):
            return AuthenticationError(
                "the database refused the login or the rights ({reason}); check user, password "
                "and grants",
                reason=reason,
            )
        lost = isinstance(problem, (sa.exc.OperationalError, sa.exc.InterfaceError))
        if problem.connection_invalidated or (lost and self._engine.dialect.name != "sqlite"):
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
