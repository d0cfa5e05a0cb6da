"""Sink that writes segments into a database table."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from abcxyz.builtin.sql.connect import Database
from abcxyz.builtin.sql.limits import is_row_refused
from abcxyz.errors import ConfigError
from abcxyz.i18n import text
from abcxyz.plugins import ProgressCallback, Secret, WriteReport
from abcxyz.tables.export.records import record_columns

if TYPE_CHECKING:
    from sqlalchemy import Connection, Dialect, Table

    from abcxyz.core.analysis.record import Analysis

__all__ = ["SqlSink"]

_AT_ONCE = 1000
_DIGITS, _DECIMALS = 28, 4  # of money
_KEY, _DAY = "customer_key", "changed_on"
_SAVED = "saved_key"  # the parameter of a statement that names the row
Row = tuple[Any, ...]


class SqlSink:
    """Write one row per customer into a table, with the latest result.

    Parameters
    ----------
    url
        URL of SQLAlchemy; it holds the password.
    table
        Name of the table; created at the first write where it is absent.
    schema
        Schema of the table.
    lang
        Language of ``tag`` and ``recommendation``.
    connect_timeout, timeout
        Seconds until a connection is answered, and for each statement; the second not with every
        driver.

    Notes
    -----
    Columns: ``customer_key`` (SHA-256 of the customer, the key), ``customer``, ``name``,
    ``segment``, ``abc``, ``xyz``, ``value``, ``cv``, ``orders``, ``last_sale``, ``tag``,
    ``recommendation``, and ``changed_on``: the day of the classification that changed the row.
    Rows of customers who are no longer in the result are deleted. A write is one transaction.
    ``value`` is ``NUMERIC(28, 4)``; a table of an older version keeps its type.
    """

    def __init__(
        self,
        url: Secret,
        *,
        table: str = "abcxyz_segments",
        schema: str | None = None,
        lang: str = "en",
        connect_timeout: float = 10.0,
        timeout: float = 900.0,
    ) -> None:
        self._database = Database(url, connect_timeout=connect_timeout, timeout=timeout)
        self._lang = lang
        self._target = _table(table, schema)
        #: Columns of the row of a customer, in order.
        self._names = [one.name for one in self._target.columns if one.name not in (_KEY, _DAY)]
        self._progress: ProgressCallback | None = None

    def __repr__(self) -> str:
        return f"SqlSink({self._target.name})"

    def report_progress(self, callback: ProgressCallback) -> None:
        """Call *callback* after every thousand rows of a later write."""
        self._progress = callback

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def preflight(self) -> Sequence[str]:
        """Connect, and check that the table is absent or has the columns of this sink."""
        known = False
        if not self._database.is_absent:
            with self._database.failures(), self._database.engine.connect() as connection:
                known = self._is_there(connection)
        return [f"{self._database.name}: {self._target.name} {'✓' if known else '+'}"]

    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        """Insert, update and delete the rows that differ."""
        rows, failed = self._wanted(analysis)
        if self._database.is_absent:
            if dry_run:
                return WriteReport(written=len(rows), failed=dict(failed.values()))
            self._database.create_file()
        with self._database.failures(), self._database.engine.begin() as connection:
            known = self._is_there(connection)
            had = self._rows(connection) if known else {}
            changed = {key: row for key, row in rows.items() if had.get(key) != row}
            gone = [key for key in had if key not in rows and key not in failed]
            if not dry_run and (changed or gone):
                if not known:
                    self._target.create(connection)
                day = analysis.snapshot.as_of
                refused = self._change(connection, changed, had, gone, day)
                place = self._names.index("customer")
                failed |= {key: (changed.pop(key)[place], why) for key, why in refused.items()}
        return WriteReport(
            written=len(changed) + len(gone),
            unchanged=len(rows) - len(changed) - len(failed.keys() & rows.keys()),
            failed=dict(failed.values()),
        )

    def _wanted(self, analysis: Analysis) -> tuple[dict[str, Row], dict[str, tuple[str, str]]]:
        """Return the rows by key, and the customers that cannot be stored with the reason."""
        columns = record_columns(analysis, self._lang)
        written = list(map(str, columns["customer"]))
        columns["customer"] = _storable(written)
        for name in ("name", "tag", "recommendation"):
            distinct = [*{one for one in columns[name] if one is not None}]
            texts = dict(zip(distinct, _storable(distinct), strict=True))
            columns[name] = list(map(texts.get, columns[name]))
        columns["value"] = [one and round(one, _DECIMALS) for one in columns["value"]]
        days = {day: day and date.fromisoformat(day) for day in set(columns["last_sale"])}
        columns["last_sale"] = list(map(days.__getitem__, columns["last_sale"]))
        keys = [
            hashlib.sha256(one.encode("utf-8", "surrogatepass")).hexdigest() for one in written
        ]
        table = zip(*(columns[name] for name in self._names), strict=True)
        rows: dict[str, Row] = dict(zip(keys, table, strict=True))
        refusal = text("no database can store this identifier (NUL or no text)", self._lang)
        failed: dict[str, tuple[str, str]] = {}
        if columns["customer"] != written:
            for key, customer, stored in zip(keys, written, columns["customer"], strict=True):
                if stored != customer:
                    failed[key] = customer, refusal
                    del rows[key]
        return rows, failed

    def _is_there(self, connection: Connection) -> bool:
        import sqlalchemy as sa

        inspector = sa.inspect(connection)
        if not inspector.has_table(self._target.name, schema=self._target.schema):
            return False
        existing = inspector.get_columns(self._target.name, schema=self._target.schema)
        lacking = {one.name for one in self._target.columns} - {one["name"] for one in existing}
        if lacking:
            raise ConfigError(
                "the table {table!r} is not one of ours, it lacks {lacking}; give another name "
                "with table = …",
                table=self._target.name,
                lacking=", ".join(sorted(lacking)),
            )
        return True

    def _rows(self, connection: Connection) -> dict[str, Row]:
        compared = [self._target.columns[name] for name in (_KEY, *self._names)]
        result = connection.execute(
            self._target.select().with_only_columns(*compared),
            # An option of this statement alone: set on the connection, it would give every later
            # statement a server-side cursor.
            execution_options={"yield_per": _AT_ONCE},
        )
        return {key: tuple(row) for key, *row in result}

    def _change(
        self,
        connection: Connection,
        changed: Mapping[str, Row],
        had: Mapping[str, object],
        gone: Sequence[str],
        day: date,
    ) -> dict[str, str]:
        """Write the changes, and return the keys of rejected rows with the reason."""
        import sqlalchemy as sa

        done, total = 0, len(gone) + len(changed)

        def report(count: int) -> None:
            nonlocal done
            done += count
            if self._progress is not None:
                self._progress(done, total)

        bound = self._target.columns[_KEY] == sa.bindparam(_SAVED)
        for some in _portions(gone):
            connection.execute(self._target.delete().where(bound), [{_SAVED: one} for one in some])
            report(len(some))
        refused: dict[str, str] = {}
        # In the order of the key: the index then grows at its end, and is read from its beginning.
        fresh = sorted(one for one in changed if one not in had)
        stale = sorted(one for one in changed if one in had)
        columns = (*self._names, _DAY)
        insert = _Prepared(self._target.insert(), connection.dialect, (_KEY, *columns), _KEY)
        update = _Prepared(self._target.update().where(bound), connection.dialect, columns, _SAVED)
        for statement, keys in ((insert, fresh), (update, stale)):
            for some in _portions(keys):
                rows = statement.parameters(some, [(*changed[one], day) for one in some], columns)
                refused |= self._portion(connection, statement.sql, some, rows)
                report(len(some))
        return refused

    def _portion(
        self, connection: Connection, sql: str, keys: list[str], rows: list[Any]
    ) -> dict[str, str]:
        """Write several rows at once, or one by one where one of them is rejected."""
        import sqlalchemy as sa

        part = connection.begin_nested()
        try:
            connection.exec_driver_sql(sql, rows)
        except (sa.exc.DataError, sa.exc.IntegrityError, sa.exc.StatementError) as problem:
            # A full disk or a lock is not the fault of a row: the whole is undone, which SQLite
            # may have done already, with its savepoint.
            failed = isinstance(problem, sa.exc.OperationalError)
            if failed and not is_row_refused(problem.orig):
                raise
            if isinstance(problem, sa.exc.DBAPIError) and problem.connection_invalidated:
                raise
            part.rollback()
            if len(rows) == 1:
                message = str(getattr(problem, "orig", None) or problem)
                reason = " ".join(self._database.redactor.text(message).split())[:200]
                return {keys[0]: reason}
        else:
            part.commit()
            return {}
        refused: dict[str, str] = {}
        for key, row in zip(keys, rows, strict=True):
            refused |= self._portion(connection, sql, [key], [row])
        return refused


class _Prepared:
    """A statement compiled once for a driver, and its parameters column by column.

    SQLAlchemy builds the parameters of every row anew, which takes longer than writing them.

    Parameters
    ----------
    statement
        Insert or update of rows.
    dialect
        Dialect of the connection.
    columns
        Columns that the statement sets.
    key
        Name of the parameter for the key.
    """

    def __init__(self, statement: Any, dialect: Dialect, columns: Sequence[str], key: str) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        self.sql = str(compiled)
        self._key = key
        names = {key, *columns}
        self._order = compiled.positiontup if compiled.positional else None
        self._change = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect)
            for name, bind in compiled.binds.items()
            if name in names
        }

    def parameters(
        self, keys: Sequence[str], rows: Sequence[Row], columns: Sequence[str]
    ) -> list[Any]:
        """Return the parameters of every row, as the driver takes them."""
        values = {self._key: keys, **dict(zip(columns, zip(*rows, strict=True), strict=True))}
        # As decimals, which a database stores digit by digit.
        values["value"] = [None if one is None else Decimal(repr(one)) for one in values["value"]]
        for name, change in self._change.items():
            if change is not None:
                known = {one: change(one) for one in set(values[name])}
                values[name] = list(map(known.__getitem__, values[name]))
        if self._order is not None:
            return list(zip(*(values[name] for name in self._order), strict=True))
        return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]


def _portions(keys: Sequence[str]) -> Iterator[list[str]]:
    rest = iter(keys)
    while some := list(islice(rest, _AT_ONCE)):
        yield some


def _storable(texts: list[str]) -> list[str]:
    """Replace characters that a database cannot store."""
    whole = "".join(texts)
    plain = whole.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
    if plain == whole:
        return texts
    return [
        one.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
        for one in texts
    ]


def _table(name: str, schema: str | None) -> Table:
    """Return the definition of the table."""
    import sqlalchemy as sa

    long = sa.Text
    return sa.Table(
        name,
        sa.MetaData(),
        sa.Column(_KEY, sa.String(64), primary_key=True),
        sa.Column("customer", long, nullable=False),
        sa.Column("name", long),
        sa.Column("segment", sa.String(2)),
        sa.Column("abc", sa.String(1)),
        sa.Column("xyz", sa.String(1)),
        # Bound as decimals; read as floats, because SQLite has no decimals.
        sa.Column("value", sa.Numeric(_DIGITS, _DECIMALS, asdecimal=False)),
        sa.Column("cv", sa.Double),
        sa.Column("orders", sa.BigInteger),
        sa.Column("last_sale", sa.Date),
        sa.Column("tag", long),
        sa.Column("recommendation", long),
        sa.Column("changed_on", sa.Date),
        schema=schema,
        # The rows themselves are kept in the order of the key, without an index beside them.
        sqlite_with_rowid=False,
    )
