"""Connection to the SQLite file: checks, schema migrations, transactions."""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from os import PathLike
from pathlib import Path

from abcxyz.errors import AbcxyzError, HistoryError
from abcxyz.history.schema import APPLICATION, MIGRATIONS, PACKED_VERSION, SCHEMA_VERSION
from abcxyz.toolkit.files import create_private

__all__ = ["Database", "write_database"]


class Database:
    """A connection with transactions and translated errors.

    *pack_rows* converts the rows of snapshots of a file of an older version.
    """

    def __init__(
        self,
        path: Path,
        *,
        timeout: float,
        pack_rows: Callable[[Database], None],
        read_only: bool = False,
    ) -> None:
        self.path, self._pack_rows = path, pack_rows
        self._writing = False
        with self.mapped():
            if read_only:
                address = f"{path.absolute().as_uri()}?mode=ro"
            else:
                address = str(path)
                with contextlib.suppress(OSError):  # SQLite gives the reason
                    create_private(path)
            self._db = sqlite3.connect(
                address, timeout=timeout, isolation_level=None, uri=read_only
            )
            self.execute = self._db.execute
            self.executemany = self._db.executemany
        try:
            with self.mapped():
                self._check()
                self.execute("PRAGMA cache_size = -65536")
                if not read_only:
                    self.execute("PRAGMA journal_mode = WAL")
                    # A sink writes what a commit says was saved, so no power failure may undo one.
                    self.execute("PRAGMA synchronous = FULL")
            if read_only:
                self._refuse_older()
            else:
                self._migrate()
        except BaseException:
            self.close()
            raise

    def copy_to(self, target: sqlite3.Connection) -> None:
        """Copy the whole database into another connection."""
        self._db.backup(target)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @property
    def state(self) -> tuple[int, int]:
        """Two numbers, one of which is another after any change of the file."""
        (by_others,) = self.execute("PRAGMA data_version").fetchone()
        return by_others, self._db.total_changes

    @property
    def version(self) -> int:
        """Version of the schema."""
        return int(self.execute("PRAGMA user_version").fetchone()[0])

    @contextlib.contextmanager
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
        except UnicodeEncodeError as problem:
            raise HistoryError(
                "the history {file} cannot hold the text {value!r}: it has half of a character; "
                "correct it where it comes from",
                file=str(self.path),
                value=problem.object,
            ) from problem
        # SQLite quotes a damaged schema, and Python fails to decode what it quotes.
        except (sqlite3.DatabaseError, UnicodeDecodeError) as problem:
            raise HistoryError(
                "{file} is not a history, or is damaged ({reason}); restore it from a copy, or "
                "delete it and fill it again with backfill",
                file=str(self.path),
                reason=str(problem),
            ) from problem

    @contextlib.contextmanager
    def decoding(self) -> Iterator[None]:
        """Convert what values of any type in a damaged file cause to `HistoryError`."""
        try:
            yield
        except AbcxyzError:
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as problem:
            raise HistoryError(
                "{file} is not a history, or is damaged ({reason}); restore it from a copy, or "
                "delete it and fill it again with backfill",
                file=str(self.path),
                reason=str(problem),
            ) from problem

    def damaged(self) -> HistoryError:
        """Return the error for a snapshot that is not what was saved."""
        return HistoryError(
            "{file} is damaged: a snapshot does not hold what was saved; restore it from a "
            "copy, or delete it and fill it again with backfill",
            file=str(self.path),
        )

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Read transaction: several queries see one state of the file."""
        with self.mapped():
            self.execute("BEGIN")
            try:
                yield
            finally:
                self._db.rollback()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Write transaction, rolled back on any error; one inside another is part of it."""
        with self.mapped():
            if self._writing:
                yield
                return
            self.execute("BEGIN IMMEDIATE")
            self._writing = True
            try:
                yield
                self.execute("COMMIT")
            except BaseException:
                self._db.rollback()
                raise
            finally:
                self._writing = False

    def _check(self) -> None:
        """Raise an error for a file of another program or a newer version, before any change."""
        (application,) = self.execute("PRAGMA application_id").fetchone()
        (tables,) = self.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application != APPLICATION and tables:
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

    def _refuse_older(self) -> None:
        """Raise an error for a file that would have to be migrated first."""
        if self.version != SCHEMA_VERSION:
            raise HistoryError(
                "{file} is of an older version and is opened for reading only; run abcxyz history "
                "on it once, which updates it",
                file=str(self.path),
            )

    def _migrate(self) -> None:
        if self.version == SCHEMA_VERSION:
            return
        with self.writing():
            # Another process may have migrated while this one waited, so read the version again.
            older = self.version
            for version, step in enumerate(MIGRATIONS[older:], older + 1):
                for statement in step.split(";\n"):
                    self.execute(statement)
                if version == PACKED_VERSION:
                    with self.decoding():
                        self._pack_rows(self)
            self.execute(f"PRAGMA application_id = {APPLICATION}")
            self.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        if 0 < older < PACKED_VERSION:
            # The rows took most of the file; another process that reads it only leaves it large.
            with contextlib.suppress(sqlite3.OperationalError):
                self.execute("VACUUM")


def write_database(
    target: str | PathLike[str], fill: Callable[[sqlite3.Connection], None]
) -> Path:
    """Write a SQLite file with *fill*; it is whole or not there.

    Raises
    ------
    HistoryError
        The file cannot be written.
    """
    path = Path(target)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        create_private(temporary)
        copy = sqlite3.connect(temporary)
        try:
            fill(copy)
        finally:
            copy.close()
        temporary.replace(path)
    except (OSError, sqlite3.Error) as problem:
        raise HistoryError(
            "the copy {file} cannot be written ({reason}); check the folder and its rights",
            file=str(path),
            reason=getattr(problem, "strerror", None) or str(problem),
        ) from problem
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    return path
