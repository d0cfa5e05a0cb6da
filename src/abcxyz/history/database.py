"""Connection to the SQLite file: checks, schema migrations, transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from abcxyz.errors import HistoryError

__all__ = ["SCHEMA_VERSION", "Database"]

_APPLICATION = 0x61627879  # "abxy", which identifies our files among SQLite files

MIGRATIONS = (
    # 1: snapshots. A key that begins with the snapshot stores the rows of a snapshot together
    # and also serves lookups of one customer, so no second index is needed.
    """
    CREATE TABLE snapshot (
        number INTEGER PRIMARY KEY,
        dated TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        as_of TEXT NOT NULL,
        since TEXT NOT NULL,
        until TEXT NOT NULL,
        bucket TEXT NOT NULL,
        settings TEXT NOT NULL,
        customers INTEGER NOT NULL,
        whole_ids INTEGER NOT NULL,
        whole_values INTEGER NOT NULL,
        digest TEXT NOT NULL,
        UNIQUE (dated, fingerprint)
    );
    CREATE TABLE customer_state (
        snapshot INTEGER NOT NULL,
        customer NOT NULL,
        place INTEGER NOT NULL,
        abc INTEGER NOT NULL,
        xyz INTEGER NOT NULL,
        steady_abc INTEGER NOT NULL,
        steady_xyz INTEGER NOT NULL,
        value NUMERIC,
        cv REAL,
        orders INTEGER NOT NULL,
        first_day INTEGER,
        last_day INTEGER,
        PRIMARY KEY (snapshot, customer)
    ) WITHOUT ROWID;
    CREATE VIEW customer_history AS
    SELECT dated, fingerprint, customer,
           CASE WHEN abc < 0 OR xyz < 0 THEN 'N'
                ELSE substr('ABC', abc + 1, 1) || substr('XYZ', xyz + 1, 1) END AS segment,
           CASE WHEN steady_abc < 0 OR steady_xyz < 0 THEN 'N'
                ELSE substr('ABC', steady_abc + 1, 1) || substr('XYZ', steady_xyz + 1, 1)
           END AS steady_segment,
           value, cv, orders,
           date(first_day * 86400, 'unixepoch') AS first_day,
           date(last_day * 86400, 'unixepoch') AS last_day
    FROM customer_state JOIN snapshot ON number = snapshot;
    """,
    # 2: alerts that were raised already, and alerts that are snoozed.
    """
    CREATE TABLE alert (
        reader TEXT NOT NULL,
        key TEXT NOT NULL,
        since TEXT NOT NULL,
        PRIMARY KEY (reader, key)
    ) WITHOUT ROWID;
    CREATE TABLE snooze (key TEXT PRIMARY KEY, until TEXT NOT NULL) WITHOUT ROWID;
    """,
)

SCHEMA_VERSION = len(MIGRATIONS)
"""Version of the schema; an older file is migrated when it is opened."""


class Database:
    """A connection with transactions and translated errors."""

    def __init__(self, path: Path, *, timeout: float) -> None:
        self.path = path
        with self.mapped():
            self._db = sqlite3.connect(path, timeout=timeout, isolation_level=None)
            self.execute = self._db.execute
            self.executemany = self._db.executemany
        try:
            with self.mapped():
                self._check()
                self.execute("PRAGMA journal_mode = WAL")
                # In WAL mode a power failure can then lose the last commit, not corrupt the file.
                self.execute("PRAGMA synchronous = NORMAL")
                self.execute("PRAGMA cache_size = -65536")
            self._migrate()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @property
    def version(self) -> int:
        """Version of the schema."""
        return int(self.execute("PRAGMA user_version").fetchone()[0])

    @contextmanager
    def mapped(self) -> Iterator[None]:
        """Convert errors of SQLite to `HistoryError`."""
        try:
            yield
        except sqlite3.OperationalError as problem:
            raise HistoryError(
                "the history {file} cannot be used ({reason}); check the folder and its rights, "
                "or wait until the other process is done",
                file=str(self.path),
                reason=str(problem),
            ) from problem
        except sqlite3.DatabaseError as problem:
            raise HistoryError(
                "{file} is not a history, or is damaged ({reason}); restore it from a copy, or "
                "delete it and fill it again with backfill",
                file=str(self.path),
                reason=str(problem),
            ) from problem

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read transaction: several queries see one state of the file."""
        with self.mapped():
            self.execute("BEGIN")
            try:
                yield
            finally:
                self._db.rollback()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write transaction, rolled back on any error."""
        with self.mapped():
            self.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.rollback()
                raise
            self.execute("COMMIT")

    def _check(self) -> None:
        """Raise an error for a file of another program or a newer version, before any change."""
        (application,) = self.execute("PRAGMA application_id").fetchone()
        (tables,) = self.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application != _APPLICATION and tables:
            raise HistoryError(
                "{file} is a database of another program; name another file", file=str(self.path)
            )
        if self.version > SCHEMA_VERSION:
            raise HistoryError(
                "{file} has the version {found}, and this program reads up to {known}; install "
                "a newer abcxyz",
                file=str(self.path),
                found=self.version,
                known=SCHEMA_VERSION,
            )

    def _migrate(self) -> None:
        if self.version == SCHEMA_VERSION:
            return
        with self.writing():
            # Another process may have migrated while this one waited, so read the version again.
            for step in MIGRATIONS[self.version :]:
                for statement in step.split(";\n"):
                    self.execute(statement)
            self.execute(f"PRAGMA application_id = {_APPLICATION}")
            self.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
