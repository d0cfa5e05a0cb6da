"""Ledger of sent alerts: an entry before each call, confirmed after it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from abcxyz.errors import ConfigError
from abcxyz.toolkit.files import create_private

__all__ = ["Ledger", "marker"]

_SCHEMA = """
create table if not exists raised (
    key text not null, channel text not null, done integer not null, object integer,
    primary key (key, channel)
);
"""


def marker(key: str) -> str:
    """Return the marker by which a sent alert is recognised on the portal.

    Examples
    --------
    >>> marker("stalled:7:2026-05-01")
    '[abcxyz:8393ec28381a7659]'
    """
    return f"[abcxyz:{sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}]"


class Ledger:
    """SQLite file of the alerts that were sent, by key and channel.

    Parameters
    ----------
    path
        Path of the file. If it is new, the portal has to be searched.

    Raises
    ------
    ConfigError
        The file cannot be opened as SQLite.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fresh = not path.exists()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            create_private(self.path)
            base = sqlite3.connect(self.path, isolation_level=None)
            try:
                base.executescript(_SCHEMA)
                yield base
            finally:
                base.close()
        except (sqlite3.Error, OSError, ValueError, TypeError, OverflowError) as problem:
            raise ConfigError(
                "ledger = {path} cannot be used ({reason}); name a file of its own",
                path=str(self.path),
                reason=str(problem),
            ) from None

    def state(self, key: str, channel: str) -> bool | None:
        """Return True if it was sent, False if it may have been, None if it was not."""
        with self._open() as base:
            row = base.execute(
                "select done from raised where key = ? and channel = ?", (key, channel)
            ).fetchone()
            if row is not None and row[0] not in (0, 1):
                raise ValueError(f"done = {row[0]!r}")
        return None if row is None else bool(row[0])

    def objects(self, prefix: str, channel: str) -> set[int]:
        """Return the ids of what was sent for keys that begin with *prefix*."""
        with self._open() as base:
            rows = base.execute(
                "select object from raised where channel = ? and done = 1 and object > 0 "
                "and substr(key, 1, ?) = ?",
                (channel, len(prefix), prefix),
            ).fetchall()
            return {int(number) for (number,) in rows}

    def intended_at(self, key: str, channel: str) -> float | None:
        """Return the POSIX time at which an uncertain alert was to be sent; None if unknown."""
        with self._open() as base:
            row = base.execute(
                "select object from raised where key = ? and channel = ? and done = 0",
                (key, channel),
            ).fetchone()
            return None if row is None or row[0] is None else float(row[0])

    def intend(self, key: str, channel: str, now: float) -> None:
        """Record that an alert is about to be sent, and when."""
        with self._open() as base:
            base.execute(
                "insert or ignore into raised values (?, ?, 0, ?)", (key, channel, int(now))
            )

    def confirm(self, key: str, channel: str, number: int | None) -> None:
        """Record that an alert was sent, with its id on the portal."""
        with self._open() as base:
            base.execute(
                "insert or replace into raised values (?, ?, 1, ?)", (key, channel, number)
            )

    def withdraw(self, key: str, channel: str) -> None:
        """Remove the entry of an alert that certainly was not sent."""
        with self._open() as base:
            base.execute(
                "delete from raised where key = ? and channel = ? and done = 0", (key, channel)
            )

    def erase(self, customer: str, *, dry_run: bool) -> int:
        """Erase the entries about a customer, and return their number."""
        if self.fresh:
            return 0
        rule = "instr(key || ':', ':' || ? || ':') > 0"
        with self._open() as base:
            base.execute("pragma secure_delete = on")
            (count,) = base.execute(
                f"select count(*) from raised where {rule}",  # noqa: S608 - a constant
                (customer,),
            ).fetchone()
            if count and not dry_run:
                base.execute(f"delete from raised where {rule}", (customer,))  # noqa: S608
                base.execute("vacuum")
        return int(count)
