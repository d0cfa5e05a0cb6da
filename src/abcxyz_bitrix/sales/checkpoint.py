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

__all__ = ["Checkpoint", "checkpoints", "fingerprint"]

_FRESH = 24 * 3600.0  # seconds after which half a reading is too old to be finished
_SCHEMA = """
create table if not exists run (print text not null, upto integer not null, began real not null);
create table if not exists piece (after integer primary key, upto integer not null, sales text);
"""


def fingerprint(question: Mapping[str, Any]) -> str:
    """Make a short name of a question; equal questions have equal names. No secret goes in."""
    text = json.dumps(question, sort_keys=True, ensure_ascii=True, default=str)
    return sha256(text.encode()).hexdigest()[:16]


class Checkpoint:
    """Keep finished pieces of one reading in a file of SQLite.

    A piece and the place behind it are stored in one transaction, so a crash leaves it there or
    not there, never half. Only ids, days and amounts are kept.

    Parameters
    ----------
    path
        The file; it is removed when the reading is complete.

    Raises
    ------
    ConfigError
        The file is something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def _open(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
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
        """Take up a reading, or start one.

        Parameters
        ----------
        print_
            Fingerprint of the question.
        upto
            The largest id at the moment, for a new reading; None only looks.
        now
            POSIX time.

        Returns
        -------
        tuple
            Where to go on and where to stop; None where there is nothing to take up.
        """
        with closing(self._open()) as base:
            kept = base.execute("select print, upto, began from run").fetchone()
            if kept is not None and kept[0] == print_ and 0 <= now - kept[2] < _FRESH:
                after = base.execute("select max(upto) from piece").fetchone()[0]
                return after, kept[1]
            if upto is not None:
                base.execute("begin immediate")
                base.execute("delete from run")
                base.execute("delete from piece")
                base.execute("insert into run values (?, ?, ?)", (print_, upto, now))
                base.execute("commit")
            return None, upto

    def add(self, after: int, upto: int, sales: list[Any]) -> None:
        """Store one finished piece."""
        with closing(self._open()) as base:
            base.execute(
                "insert or replace into piece values (?, ?, ?)",
                (after, upto, json.dumps(sales, default=str)),
            )

    def pieces(self) -> Iterator[list[Any]]:
        """Hand out the stored pieces by ascending id."""
        with closing(self._open()) as base:
            for (sales,) in base.execute("select sales from piece order by after"):
                yield json.loads(sales)

    def close(self) -> None:
        """Remove the file: the reading is complete."""
        self.path.unlink(missing_ok=True)


def checkpoints(path: Path | None, entities: Sequence[int]) -> dict[int, Checkpoint]:
    """Name the checkpoint of each type of objects; several types have a file each."""
    if path is None:
        return {}
    if len(entities) == 1:
        return {entities[0]: Checkpoint(Path(path))}
    return {entity: Checkpoint(Path(f"{path}.{entity}")) for entity in entities}
