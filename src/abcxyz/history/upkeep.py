"""Upkeep of a history: erase a customer, drop what is old, check, copy and shrink the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import date
from os import PathLike
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np

from abcxyz._arrays import Ints
from abcxyz.errors import HistoryError
from abcxyz.history.database import Database, write_database
from abcxyz.history.deals import DealSnapshots
from abcxyz.history.details import Details, StoredDetails, details_digest
from abcxyz.history.packed.columns import (
    drop_unused,
    numbers_in,
    read_arrays,
    read_columns,
    write_columns,
    write_details,
)
from abcxyz.history.rows import delete_snapshot, digest

__all__ = ["Upkeep"]

_OF_KEY = "instr(key || ':', ':' || ? || ':') > 0"  # the customer is a part of an alert's key


class Upkeep(DealSnapshots, StoredDetails):
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
            known = numbers_in(self._db, names)
            rows = self._snapshots_with(known.values())
            counts = {"snapshots": sum(len(places) for _, places in rows)}
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
                for number, places in rows:
                    self._erase_rows(number, places)
                if known:
                    drop_unused(self._db)
        if not dry_run:
            self.vacuum()
        return MappingProxyType(counts)

    def _snapshots_with(self, customers: Iterable[int]) -> list[tuple[int, Ints]]:
        """List the snapshots that hold customers of the file, with their places there."""
        wanted = [*customers]
        if not wanted:
            return []
        found = []
        for number, count in self._db.execute("SELECT number, customers FROM snapshot").fetchall():
            try:
                (known,) = read_arrays(self._db, number, count, "customer")
            except (LookupError, TypeError, ValueError):
                raise self._db.damaged() from None
            places = np.flatnonzero(np.isin(known, wanted))
            if len(places):
                found.append((number, places))
        return found

    def _erase_rows(self, number: int, places: Ints) -> None:
        columns = self._verified(number)
        details = self._checked_details(number)
        for place in places.tolist():
            self._db.execute(
                "INSERT INTO forgotten VALUES (?, ?, ?, 1) "
                "ON CONFLICT (snapshot, abc, xyz) DO UPDATE SET customers = customers + 1",
                (number, int(columns.abc[place]), int(columns.xyz[place])),
            )
        left = SimpleNamespace(
            **{name: np.delete(column, places) for name, column in vars(columns).items()}
        )
        customers = write_columns(self._db, number, left)
        extra = None
        if details is not None:
            chosen = np.delete(np.arange(len(columns.customers)), places)
            owners = [details.owners[i] for i in chosen.tolist()]
            write_details(self._db, number, customers, details.sales[chosen], owners)
            extra = details_digest(details.sales[chosen], owners)
        self._db.execute(
            "UPDATE snapshot SET customers = ?, digest = ?, details = ? WHERE number = ?",
            (len(customers), digest(left), extra, number),
        )

    def _columns(self, number: int) -> SimpleNamespace:
        """Read the columns of a snapshot."""
        count, whole_ids = self._db.execute(
            "SELECT customers, whole_ids FROM snapshot WHERE number = ?", (number,)
        ).fetchone()
        try:
            columns = read_columns(self._db, number, count, whole_ids=whole_ids)
        except (LookupError, TypeError, ValueError):
            raise self._db.damaged() from None
        return SimpleNamespace(**columns)

    def _verified(self, number: int) -> SimpleNamespace:
        """Read the columns of a snapshot, and compare their hash with that of the save."""
        columns = self._columns(number)
        (content,) = self._db.execute(
            "SELECT digest FROM snapshot WHERE number = ?", (number,)
        ).fetchone()
        if digest(columns) != content:
            raise self._db.damaged()
        return columns

    def _checked_details(self, number: int) -> Details | None:
        """Read sales and owners of a snapshot, and compare their hash with that of the save."""
        details, content = self._details(number)
        if details is not None and details.digest != content:
            raise self._db.damaged()
        return details

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
            if old:
                drop_unused(self._db)
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
                    self._checked_details(number)
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

        def fill(copy: sqlite3.Connection) -> None:
            self._db.copy_to(copy)
            copy.execute("PRAGMA journal_mode = DELETE")

        return write_database(target, fill)

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
