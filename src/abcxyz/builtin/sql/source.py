"""Source of transactions from a database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date, datetime, time
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from abcxyz.builtin.sql.connect import Database
from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.quality import Quality
from abcxyz.core.sales.transactions import Transactions
from abcxyz.errors import ConfigError
from abcxyz.plugins import Secret
from abcxyz.tables.account import merged
from abcxyz.tables.lines import SalesLines
from abcxyz.tables.roles import choose_columns
from abcxyz.tables.table import Batch, MemoryTable
from abcxyz.tables.table_scan import TableScan
from abcxyz.tables.values.columns import objects

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select, TextClause

__all__ = ["SqlSource"]


class SqlSource:
    """Read sales from a table, a view, or a query.

    Parameters
    ----------
    url
        URL of SQLAlchemy; it holds the password.
    table
        Table or view with one line per sale. Only the window's lines and the needed columns are
        queried.
    query
        SQL query instead of *table*; it may use ``:since`` and ``:until`` (the day after the
        last).
    schema
        Schema of the table.
    customer, date, amount, document, cost, name
        Names of the columns; None recognises a column by its usual names.
    batch
        Maximum number of lines in memory.
    connect_timeout, timeout
        Seconds until a connection is answered, and for each statement; the second not with every
        driver.

    Notes
    -----
    The date of a timestamp is used without conversion of time zones. Lines without a customer, a
    date or an amount are left out and counted in `data_quality`.
    """

    def __init__(
        self,
        url: Secret,
        *,
        table: str | None = None,
        query: str | None = None,
        schema: str | None = None,
        customer: str | None = None,
        date: str | None = None,
        amount: str | None = None,
        document: str | None = None,
        cost: str | None = None,
        name: str | None = None,
        batch: int = 50_000,
        connect_timeout: float = 10.0,
        timeout: float = 900.0,
    ) -> None:
        if (table is None) == (query is None):
            raise ConfigError("a database needs either a table or a query; give one of them")
        if batch < 1:
            raise ConfigError("batch is {batch}; give a number of lines from 1", batch=batch)
        self._database = Database(url, connect_timeout=connect_timeout, timeout=timeout)
        self._table, self._query, self._schema, self._batch = table, query, schema, batch
        self._named = {
            "customer": customer,
            "date": date,
            "amount": amount,
            "document": document,
            "cost": cost,
            "name": name,
        }
        self._quality: Quality | None = None
        self._names: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"SqlSource({self._table or 'query'})"

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def data_quality(self) -> Quality | None:
        """Return the account of the last reading; None before the first."""
        return self._quality

    def customer_names(self) -> Mapping[str, str]:
        """Return customer to name, of the lines read so far."""
        return MappingProxyType(self._names)

    def preflight(self) -> Sequence[str]:
        """Connect, check that the columns exist, and read one line."""
        day = date(2000, 1, 1)
        self._database.check_exists()
        with self._database.failures(), self._database.engine.connect() as connection:
            statement, values = self._statement(connection, Window(day, day.replace(day=2)))
            with closing(connection.execute(statement, values)) as result:
                columns = self._chosen(list(result.keys()))
        return [
            self._database.name,
            ", ".join(f"{role} = {column}" for role, column in columns.items()),
        ]

    def transactions(self, window: Window) -> Iterator[Transactions]:
        """Yield every sale of the half-open *window*, each exactly once, in batches.

        A single statement reads all of them, so that concurrent sales do not shift lines.
        """
        self._quality, self._names = None, {}
        accounts: list[Quality] = []
        self._database.check_exists()
        with self._database.failures(), self._database.engine.connect() as connection:
            statement, values = self._statement(connection, window)
            options = {"yield_per": self._batch}
            found = connection.execute(statement, values, execution_options=options)
            # Closed before the connection, whose driver may want to read the other rows first.
            with closing(found) as result:
                keys = list(result.keys())
                columns = self._chosen(keys)
                first = 1
                for rows in result.partitions():
                    # As objects, because a NULL would turn large integer identifiers into floats.
                    cells = map(objects, zip(*rows, strict=True))
                    batch = Batch(keys, cells, np.arange(first, first + len(rows)))
                    scan = TableScan(
                        MemoryTable(self._database.name, batch),
                        columns,
                        duplicates=False,
                    )
                    first += len(rows)
                    for columns_read in chain.from_iterable(scan.parts()):
                        sales = SalesLines(columns_read)
                        sales.note_signs()
                        accounts.append(sales.account.quality())
                        self._names.update(sales.names())
                        yield sales.transactions().within(window)
        self._quality = merged(accounts)

    def _chosen(self, columns: Sequence[str]) -> dict[str, str]:
        where = self._table or "query"
        return choose_columns(columns, self._named, where)

    def _statement(
        self, connection: Connection, window: Window
    ) -> tuple[Select[Any] | TextClause, dict[str, object]]:
        import sqlalchemy as sa

        if self._query is not None:
            text = sa.text(self._query)
            bound: dict[str, object] = {"since": window.since, "until": window.until}
            # A query without these parameters is read whole.
            names = [name for name in bound if name in text.compile().params]
            typed = text.bindparams(*(sa.bindparam(name, type_=sa.Date) for name in names))
            return typed, {name: bound[name] for name in names}
        table = self._reflected(connection)
        columns = self._chosen([column.name for column in table.columns])
        day = table.columns[columns["date"]]
        chosen = [table.columns[name] for name in dict.fromkeys(columns.values())]
        if connection.dialect.name == "sqlite":
            # Column types of SQLite are not enforced: a date column may hold any text.
            chosen = [sa.type_coerce(one, sa.types.NullType()).label(one.name) for one in chosen]
        statement = sa.select(*chosen)
        limits = self._limits(connection, day, window)
        if limits is not None:
            # Lines without a date are in no window; they are read only to be counted.
            statement = statement.where(sa.or_(limits, day.is_(None)))
        return statement, {}

    def _limits(self, connection: Connection, day: Any, window: Window) -> Any:
        """Return the SQL condition of the window; None where the column does not allow one."""
        import sqlalchemy as sa

        since, until = window.since, window.until
        as_text = connection.dialect.name == "sqlite" or isinstance(day.type, sa.String)
        if as_text:
            written = sa.type_coerce(day, sa.Text)
            odd = sa.select(sa.literal(1)).where(written.not_like("____-__-__%")).limit(1)
            if connection.execute(odd).first() is not None:
                return None
            return sa.and_(written >= since.isoformat(), written < until.isoformat())
        if isinstance(day.type, sa.DateTime):
            midnight = [datetime.combine(one, time.min) for one in (since, until)]
            return sa.and_(day >= midnight[0], day < midnight[1])
        return sa.and_(day >= since, day < until) if isinstance(day.type, sa.Date) else None

    def _reflected(self, connection: Connection) -> Any:
        import sqlalchemy as sa

        try:
            return sa.Table(
                str(self._table), sa.MetaData(), schema=self._schema, autoload_with=connection
            )
        except sa.exc.NoSuchTableError:
            inspector = sa.inspect(connection)
            known = [
                *inspector.get_table_names(self._schema),
                *inspector.get_view_names(self._schema),
            ]
        raise ConfigError(
            "the database has no table {table!r}; its tables are: {known}",
            table=self._table,
            known=", ".join(known[:50]) or "none",
        )
