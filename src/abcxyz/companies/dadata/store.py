"""File with answers that are still fresh, and with the number of requests of the day."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from abcxyz.errors import AdapterError
from abcxyz.toolkit.files import create_private
from abcxyz.toolkit.parsing import parse_json

__all__ = ["AnswerStore"]

_TABLES = """
CREATE TABLE IF NOT EXISTS answer (
    inn TEXT, tariff TEXT, asked TEXT, attributes TEXT, PRIMARY KEY (inn, tariff));
CREATE TABLE IF NOT EXISTS tariff (key TEXT PRIMARY KEY, tariff TEXT, asked TEXT);
CREATE TABLE IF NOT EXISTS requests (key TEXT, day TEXT, n INTEGER, PRIMARY KEY (key, day));
"""


class AnswerStore:
    """Attributes by INN and tariff; of an answer nothing else is kept.

    Parameters
    ----------
    path
        The file; created, for its owner alone, where it is absent.
    key
        Hash of the service's key.

    Raises
    ------
    AdapterError
        The file cannot be opened.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._path, self._key = path, key
        with self._mapped():
            create_private(path)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30.0)
        try:
            with self._mapped():
                self._db.executescript(_TABLES)
        except AdapterError:
            self.close()
            raise

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        """Convert the errors of SQLite, and those of values that a damaged file may hold."""
        try:
            yield
        except (OSError, sqlite3.Error, TypeError, ValueError) as problem:
            raise AdapterError(
                "the cache {path} cannot be opened ({reason}); check its folder, or remove the "
                "file",
                path=str(self._path),
                reason=str(problem),
            ) from problem

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def tariff(self, today: date) -> str | None:
        """Return the attributes that the key's tariff gives, if that was asked today."""
        query = "SELECT tariff FROM tariff WHERE key = ? AND asked = ?"
        with self._mapped():
            row = self._db.execute(query, (self._key, today.isoformat())).fetchone()
        return None if row is None else str(row[0])

    def save_tariff(self, tariff: str, today: date) -> None:
        """Keep what the key's tariff gives."""
        query = "INSERT OR REPLACE INTO tariff VALUES (?, ?, ?)"
        with self._mapped():
            self._db.execute(query, (self._key, tariff, today.isoformat()))

    def fresh(
        self, inns: Iterable[str], tariff: str, today: date, fresh_days: int
    ) -> dict[str, tuple[date, dict[str, Any] | None]]:
        """Return the answers that are not older, with their day; None is "not found"."""
        oldest = (today - timedelta(days=fresh_days)).isoformat()
        query = "SELECT asked, attributes FROM answer WHERE inn = ? AND tariff = ? AND asked >= ?"
        found = {}
        with self._mapped():
            for inn in inns:
                row = self._db.execute(query, (inn, tariff, oldest)).fetchone()
                if row is not None:
                    found[inn] = (date.fromisoformat(row[0]), _attributes(row[1]))
        return found

    def save(
        self, inn: str, tariff: str, today: date, attributes: Mapping[str, Any] | None
    ) -> None:
        """Keep the attributes of an answer, None for "not found"."""
        written = json.dumps(attributes, ensure_ascii=False)
        query = "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?)"
        with self._mapped():
            self._db.execute(query, (inn, tariff, today.isoformat(), written))

    def count_request(self, day: str, limit: int) -> bool:
        """Count a request of the day before it is sent; False if the limit is reached."""
        query = (
            "INSERT INTO requests VALUES (?, ?, 1) "
            "ON CONFLICT (key, day) DO UPDATE SET n = n + 1 WHERE n < ?"
        )
        with self._mapped():
            return self._db.execute(query, (self._key, day, limit)).rowcount > 0 and limit > 0


def _attributes(written: str) -> dict[str, Any] | None:
    kept = parse_json(written)
    if kept is not None and not isinstance(kept, dict):
        raise TypeError(type(kept).__name__)
    return kept
