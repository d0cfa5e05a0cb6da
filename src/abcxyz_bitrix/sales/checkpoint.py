"""Checkpoint on disk: an interrupted reading is resumed where it stopped."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

from abcxyz.errors import ConfigError
from abcxyz.toolkit.files import create_private

__all__ = ["Checkpoint", "checkpoints", "fingerprint"]

_MAX_AGE = 24 * 3600.0  # seconds within which an interrupted reading is resumed
_SCHEMA = """
create table if not exists run (print text not null, upto integer not null, began real not null);
create table if not exists counted (
    after integer primary key, upto integer not null, sales text, counts text
);
"""


def fingerprint(options: Mapping[str, Any]) -> str:
    """Return a hash of the options of a reading, which must hold no secret."""
    text = json.dumps(options, sort_keys=True, ensure_ascii=True, default=str)
    return sha256(text.encode()).hexdigest()[:16]


class Checkpoint:
    """Finished pieces of one reading in a SQLite file.

    A piece and its last id are stored in one transaction, so a crash never leaves half a piece.
    Only ids, days and amounts are stored.

    Parameters
    ----------
    path
        The file; it is removed when the reading is complete.

    Raises
    ------
    ConfigError
        The file cannot be opened as SQLite.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def _open(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            create_private(self.path)
            base = sqlite3.connect(self.path, isolation_level=None)
            try:
                base.executescript(_SCHEMA)
            except sqlite3.Error:
                base.close()
                raise
        except (sqlite3.Error, OSError) as problem:
            raise ConfigError(
                "checkpoint = {path} cannot be used ({reason}); name a file of its own",
                path=str(self.path),
                reason=str(problem),
            ) from None
        return base

    def begin(self, print_: str, upto: int | None, now: float) -> tuple[int | None, int | None]:
        """Resume a reading, or start one.

        Parameters
        ----------
        print_
            Fingerprint of the options.
        upto
            Largest id of the list, for a new reading; None only looks for an old one.
        now
            POSIX time.

        Returns
        -------
        tuple
            Id after which to go on, and last id; None where there is nothing to resume.
        """
        with closing(self._open()) as base:
            run_row = base.execute("select print, upto, began from run").fetchone()
            if run_row is not None and run_row[0] == print_ and 0 <= now - run_row[2] < _MAX_AGE:
                after = base.execute("select max(upto) from counted").fetchone()[0]
                return after, run_row[1]
            if upto is not None:
                base.execute("begin immediate")
                base.execute("delete from run")
                base.execute("delete from counted")
                base.execute("insert into run values (?, ?, ?)", (print_, upto, now))
                base.execute("commit")
            return None, upto

    def add(self, after: int, upto: int, sales: list[Any], counts: Mapping[str, int]) -> None:
        """Store one finished piece, with its counters of omitted objects."""
        with closing(self._open()) as base:
            base.execute(
                "insert or replace into counted values (?, ?, ?, ?)",
                (after, upto, json.dumps(sales, default=str), json.dumps(counts)),
            )

    def pieces(self) -> Iterator[tuple[list[Any], dict[str, int]]]:
        """Yield the sales and the counters of the stored pieces by ascending id."""
        with closing(self._open()) as base:
            for sales, counts in base.execute("select sales, counts from counted order by after"):
                yield json.loads(sales), json.loads(counts)

    def close(self) -> None:
        """Remove the file: the reading is complete."""
        self.path.unlink(missing_ok=True)


def checkpoints(path: Path | None, entities: Sequence[int]) -> dict[int, Checkpoint]:
    """Return the checkpoint of each type of objects; each of several types has its file."""
    if path is None:
        return {}
    if len(entities) == 1:
        return {entities[0]: Checkpoint(Path(path))}
    return {entity: Checkpoint(Path(f"{path}.{entity}")) for entity in entities}
