"""Checkpoint on disk: an interrupted reading is resumed where it stopped."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from abcxyz.errors import ConfigError
from abcxyz.toolkit.files import create_private
from abcxyz.toolkit.parsing import parse_json

__all__ = ["Checkpoint", "checkpoints", "fingerprint"]

_MAX_AGE = 24 * 3600.0  # seconds within which an interrupted reading is resumed
_SCHEMA = """
create table if not exists run (print text not null, upto integer not null, began real not null);
create table if not exists piece (
    after integer primary key, upto integer not null, sales text, counts text, digest text
);
"""
#: What a damaged file may cause: its rows have any type and content.
_DAMAGE = (sqlite3.Error, OSError, ValueError, TypeError, KeyError, OverflowError)


def fingerprint(options: Mapping[str, Any]) -> str:
    """Return a hash of the options of a reading, which must hold no secret."""
    text = json.dumps(options, sort_keys=True, ensure_ascii=True, default=str)
    return sha256(text.encode()).hexdigest()[:16]


class Checkpoint:
    """Finished pieces of one reading in a SQLite file.

    A piece and its last id are stored in one transaction, so a crash never leaves half a piece.
    Only ids, days and amounts are stored. Each piece has a hash of itself and of the pieces
    before it, so that a damaged file is not taken for sales.

    Parameters
    ----------
    path
        The file; it is removed when the reading is complete.

    Raises
    ------
    ConfigError
        The file cannot be opened as SQLite, or is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            create_private(self.path)
            with closing(sqlite3.connect(self.path, isolation_level=None)) as base:
                base.executescript(_SCHEMA)
                yield base
        except _DAMAGE as problem:
            raise ConfigError(
                "checkpoint = {path} cannot be used ({reason}); name a file of its own, or delete "
                "it, and the reading begins anew",
                path=str(self.path),
                reason=str(problem),
            ) from None

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
        with self._open() as base:
            run = base.execute("select print, upto, began from run").fetchone()
            if run is not None and run[0] == print_ and 0 <= now - float(run[2]) < _MAX_AGE:
                after = base.execute("select max(upto) from piece").fetchone()[0]
                return None if after is None else int(after), int(run[1])
            if upto is not None:
                base.execute("begin immediate")
                base.execute("delete from run")
                base.execute("delete from piece")
                base.execute("insert into run values (?, ?, ?)", (print_, upto, now))
                base.execute("commit")
            return None, upto

    def add(self, after: int, upto: int, sales: list[Any], counts: Mapping[str, int]) -> None:
        """Store one finished piece, with its counters of omitted objects."""
        with self._open() as base:
            last = base.execute("select digest from piece order by after desc limit 1").fetchone()
            row = (after, upto, json.dumps(sales, default=str), json.dumps(counts))
            digest = _digest(_start(base) if last is None else last[0], row)
            base.execute("insert or replace into piece values (?, ?, ?, ?, ?)", (*row, digest))

    def pieces(self) -> list[tuple[list[Any], dict[str, int]]]:
        """Return the sales and the counters of the stored pieces by ascending id."""
        pieces = []
        with self._open() as base:
            known = _start(base)
            for *row, digest in base.execute(
                "select after, upto, sales, counts, digest from piece order by after"
            ):
                known = _digest(known, row)
                if digest != known:
                    raise ValueError("a piece does not hold what was stored")
                pieces.append((parse_json(row[2]), parse_json(row[3])))
        return pieces

    def files(self) -> list[Path]:
        """Return the file, and what SQLite leaves beside it when a process is killed."""
        beside = self.path.with_name(f"{self.path.name}-journal")
        return [file for file in (self.path, beside) if file.exists()]

    def close(self) -> None:
        """Remove the file: the reading is complete."""
        self.path.unlink(missing_ok=True)


def _start(base: sqlite3.Connection) -> str:
    """Return the hash of the run, with which the chain of its pieces begins."""
    return _digest("", base.execute("select print, upto, began from run").fetchone())


def _digest(before: str, row: Sequence[object]) -> str:
    return sha256(json.dumps([before, *row]).encode()).hexdigest()


def checkpoints(path: Path | None, entities: Sequence[int]) -> dict[int, Checkpoint]:
    """Return the checkpoint of each type of objects; each of several types has its file."""
    if path is None:
        return {}
    if len(entities) == 1:
        return {entities[0]: Checkpoint(Path(path))}
    return {entity: Checkpoint(Path(f"{path}.{entity}")) for entity in entities}
