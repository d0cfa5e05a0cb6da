"""Upkeep of a history: erase a customer, drop what is old, check, copy and shrink the file."""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
from collections.abc import Mapping
from datetime import date
from os import PathLike
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

from abcxyz.errors import HistoryError
from abcxyz.history.database import Database
from abcxyz.history.deals import DealSnapshots
from abcxyz.history.details import details_digest, stored_texts
from abcxyz.history.rows import arrays_of, delete_snapshot, digest, stored_rows
from abcxyz.toolkit.files import create_private

__all__ = ["Upkeep"]

_OF_KEY = "instr(key || ':', ':' || ? || ':') > 0"  # the customer is a part of an alert's key


class Upkeep(DealSnapshots):
    """Methods of a history for its upkeep."""

    _db: Database

    def erase(self, customer: str | int, *, dry_run: bool = False) -> Mapping[str, int]:
        """Erase a customer from snapshots, alerts, snoozes, outcomes and deals.

        Parameters
        ----------
        customer
            The identifier; text that is a whole number also means that number.
        dry_run
            Only count.

        Returns
        -------
        mapping
            ``snapshots``, ``alerts``, ``snoozes``, ``outcomes`` and ``deals`` -> number of rows.

        Raises
        ------
        HistoryError
            A snapshot is damaged, or the file cannot be written; nothing was erased.

        Notes
        -----
        Each snapshot goes on to tell how many customers of each class were erased, without their
        money. The freed space is overwritten with zeros, and the file is rewritten.
        """
        names: tuple[Any, ...] = (customer, str(customer))
        if isinstance(customer, str) and customer.isascii() and customer.isdecimal():
            names = (int(customer), customer)
        with self._db.mapped():
            self._db.execute("PRAGMA secure_delete = ON")
        with self._db.reading() if dry_run else self._db.writing():
            rows = self._db.execute(
                "SELECT number, customer, place, abc, xyz FROM snapshot CROSS JOIN customer_state "
                # The last place first, so that the other places stay right.
                "ON snapshot = number AND customer IN (?, ?) ORDER BY number, place DESC",
                names,
            ).fetchall()
            counts = {"snapshots": len(rows)}
            for name, table, rule in (
                ("alerts", "raised", f"customer IN (?, ?) OR {_OF_KEY}"),
                ("snoozes", "snooze", _OF_KEY),
                ("outcomes", "outcome", f"customer IN (?, ?) OR {_OF_KEY}"),
            ):
                values = (*names, names[1]) if rule.startswith("customer") else names[1:]
                counts[name] = self._db.execute(
                    f"SELECT count(*) FROM {table} WHERE {rule}",  # noqa: S608 - constants
                    values,
                ).fetchone()[0]
                if not dry_run:
                    self._db.execute(f"DELETE FROM {table} WHERE {rule}", values)  # noqa: S608
            counts["deals"] = self._erase_deals(names, dry_run=dry_run)
            if not dry_run:
                self._db.execute(
                    "DELETE FROM delivery WHERE alert NOT IN (SELECT number FROM raised)"
                )
                for row in rows:
                    self._erase_row(*row)
        if not dry_run:
            self.vacuum()
        return MappingProxyType(counts)

    def _erase_row(self, number: int, customer: str | int, place: int, abc: int, xyz: int) -> None:
        self._verified(number)
        self._check_details(number)
        key = (number, customer)
        self._db.execute("DELETE FROM customer_state WHERE snapshot = ? AND customer = ?", key)
        self._db.execute(
            "UPDATE customer_state SET place = place - 1 WHERE snapshot = ? AND place > ?",
            (number, place),
        )
        self._db.execute(
            "UPDATE snapshot SET customers = customers - 1 WHERE number = ?", (number,)
        )
        self._db.execute(
            "INSERT INTO forgotten VALUES (?, ?, ?, 1) "
            "ON CONFLICT (snapshot, abc, xyz) DO UPDATE SET customers = customers + 1",
            (number, abc, xyz),
        )
        self._db.execute(
            "UPDATE snapshot SET digest = ?, details = iif(details IS NULL, NULL, ?) "
            "WHERE number = ?",
            (
                digest(self._columns(number)),
                details_digest(stored_texts(self._db, number)),
                number,
            ),
        )

    def _columns(self, number: int) -> SimpleNamespace:
        """Read the columns of a snapshot."""
        count, *whole = self._db.execute(
            "SELECT customers, whole_ids, whole_values FROM snapshot WHERE number = ?", (number,)
        ).fetchone()
        try:
            rows = stored_rows(self._db, number, count, whole)
            return SimpleNamespace(**arrays_of(rows))
        except (ValueError, TypeError, IndexError):
            raise self._db.damaged() from None

    def _verified(self, number: int) -> SimpleNamespace:
        """Read the columns of a snapshot, and compare their hash with that of the save."""
        columns = self._columns(number)
        (content,) = self._db.execute(
            "SELECT digest FROM snapshot WHERE number = ?", (number,)
        ).fetchone()
        if digest(columns) != content:
            raise self._db.damaged()
        return columns

    def _check_details(self, number: int) -> None:
        """Compare the sales and owners of a snapshot with their hash of the save."""
        (content,) = self._db.execute(
            "SELECT details FROM snapshot WHERE number = ?", (number,)
        ).fetchone()
        if content is not None and details_digest(stored_texts(self._db, number)) != content:
            raise self._db.damaged()

    def prune(self, before: date, *, job: str) -> int:
        """Delete a job's snapshots dated before a day, and its alerts that ended before it.

        Returns
        -------
        int
            Number of snapshots deleted.
        """
        day = before.isoformat()
        with self._db.writing():
            old = self._db.execute(
                "SELECT number FROM snapshot WHERE job = ? AND dated < ?", (job, day)
            ).fetchall()
            for (number,) in old:
                delete_snapshot(self._db, number)
            self._db.execute(
                "DELETE FROM delivery WHERE alert IN "
                "(SELECT number FROM raised WHERE job = ? AND ended AND seen < ?)",
                (job, day),
            )
            self._db.execute("DELETE FROM raised WHERE job = ? AND ended AND seen < ?", (job, day))
            self._db.execute("DELETE FROM outcome WHERE job = ? AND dated < ?", (job, day))
            self._db.execute("DELETE FROM snooze WHERE until < ?", (day,))
        return len(old)

    def check(self) -> tuple[str, ...]:
        """Check the file and every snapshot in it.

        Returns
        -------
        tuple of str
            What is wrong; empty for a sound file.
        """
        with self._db.reading():
            lines = [row[0] for row in self._db.execute("PRAGMA integrity_check")]
            problems = [] if lines == ["ok"] else lines
            for number, dated, job in self._db.execute(
                "SELECT number, dated, job FROM snapshot ORDER BY dated, number"
            ).fetchall():
                try:
                    self._verified(number)
                    self._check_details(number)
                except HistoryError:
                    problems.append(f"{dated} {job}".strip())
        return tuple(problems)

    def backup(self, target: str | PathLike[str]) -> Path:
        """Copy the file to *target*, also while others write; the copy is whole or not there.

        Raises
        ------
        HistoryError
            The copy cannot be written.
        """
        path = Path(target)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            create_private(temporary)
            copy = sqlite3.connect(temporary)
            try:
                self._db.copy_to(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
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

    def vacuum(self) -> int:
        """Rewrite the file without unused space, and return its size in bytes.

        Raises
        ------
        HistoryError
            Another process uses the file, or the disk is full.
        """
        with self._db.mapped():
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return self._db.path.stat().st_size
