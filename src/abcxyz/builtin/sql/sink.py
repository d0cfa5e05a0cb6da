"""Sink that writes segments into a database table."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from abcxyz.builtin.sql.connect import Database
from abcxyz.errors import ConfigError
from abcxyz.i18n import text
from abcxyz.plugins import ProgressCallback, Secret, WriteReport
from abcxyz.tables.export.records import record_columns

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

    from abcxyz.core.analysis.record import Analysis

__all__ = ["SqlSink"]

_AT_ONCE = 1000
_KEY = "customer_key"
_DIGITS, _DECIMALS = 28, 4  # of money


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
    ) -> None:
        self._database = Database(url)
        self._lang = lang
        self._target = _table(table, schema)
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
                failed |= {
                    key: (changed.pop(key)["customer"], why) for key, why in refused.items()
                }
        return WriteReport(
            written=len(changed) + len(gone),
            unchanged=len(rows) - len(changed) - len(failed.keys() & rows.keys()),
            failed=dict(failed.values()),
        )

    def _wanted(
        self, analysis: Analysis
    ) -> tuple[dict[str, dict[str, Any]], dict[str, tuple[str, str]]]:
        known = {one.name for one in self._target.columns}
        columns = {
            name: values
            for name, values in record_columns(analysis, self._lang).items()
            if name in known
        }
        written = [str(customer) for customer in columns["customer"]]
        columns["customer"] = [_storable(customer) for customer in written]
        for name in ("name", "tag", "recommendation"):
            texts = {one: one and _storable(one) for one in set(columns[name])}
            columns[name] = [texts[one] for one in columns[name]]
        columns["value"] = [one and round(one, _DECIMALS) for one in columns["value"]]
        days = {day: day and date.fromisoformat(day) for day in set(columns["last_sale"])}
        columns["last_sale"] = [days[day] for day in columns["last_sale"]]
        rows: dict[str, dict[str, Any]] = {}
        failed: dict[str, tuple[str, str]] = {}
        refusal = text("no database can store this identifier (NUL or no text)", self._lang)
        names = tuple(columns)
        for customer, row in zip(written, zip(*columns.values(), strict=True), strict=True):
            key = hashlib.sha256(customer.encode("utf-8", "surrogatepass")).hexdigest()
            record = dict(zip(names, row, strict=True))
            if record["customer"] == customer:
                rows[key] = record
            else:
                failed[key] = customer, refusal
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

    def _rows(self, connection: Connection) -> dict[str, dict[str, Any]]:
        compared = [one for one in self._target.columns if one.name != "changed_on"]
        rows: dict[str, dict[str, Any]] = {}
        result = connection.execute(
            self._target.select().with_only_columns(*compared),
            # An option of this statement alone: set on the connection, it would give every later
            # statement a server-side cursor.
            execution_options={"yield_per": _AT_ONCE},
        )
        for row in result.mappings():
            values = dict(row)
            rows[values.pop(_KEY)] = values
        return rows

    def _change(
        self,
        connection: Connection,
        changed: Mapping[str, dict[str, Any]],
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

        key = self._target.columns[_KEY]
        bound = key == sa.bindparam("the_key")
        for some in _portions(gone):
            connection.execute(
                self._target.delete().where(bound), [{"the_key": one} for one in some]
            )
            report(len(some))
        refused: dict[str, str] = {}
        # In the order of the key: the index then grows at its end, and is read from its beginning.
        fresh = sorted(one for one in changed if one not in had)
        stale = sorted(one for one in changed if one in had)
        insert, update = self._target.insert(), self._target.update().where(bound)
        for statement, name, keys in ((insert, _KEY, fresh), (update, "the_key", stale)):
            for some in _portions(keys):
                rows = [{name: one, **_bound(changed[one]), "changed_on": day} for one in some]
                refused |= self._portion(connection, statement, rows, name)
                report(len(some))
        return refused

    def _portion(
        self, connection: Connection, statement: Any, rows: list[dict[str, Any]], name: str
    ) -> dict[str, str]:
        """Write several rows at once, or one by one where one of them is rejected."""
        import sqlalchemy as sa

        try:
            with connection.begin_nested():
                connection.execute(statement, rows)
        except (sa.exc.DataError, sa.exc.IntegrityError, sa.exc.StatementError) as problem:
            if isinstance(problem, sa.exc.DBAPIError) and problem.connection_invalidated:
                raise
            if len(rows) == 1:
                message = str(getattr(problem, "orig", None) or problem)
                reason = " ".join(self._database.redactor.text(message).split())[:200]
                return {rows[0][name]: reason}
        else:
            return {}
        refused: dict[str, str] = {}
        for row in rows:
            refused |= self._portion(connection, statement, [row], name)
        return refused


def _portions(keys: Sequence[str]) -> Iterator[list[str]]:
    rest = iter(keys)
    while some := list(islice(rest, _AT_ONCE)):
        yield some


def _bound(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with its money as a decimal, which a database stores digit by digit."""
    value = row["value"]
    return {**row, "value": None if value is None else Decimal(repr(value))}


def _storable(text: str) -> str:
    """Replace characters that a database cannot store."""
    if text.isprintable() and text.isascii():
        return text
    plain = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return plain.encode("utf-8", "replace").decode()


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
