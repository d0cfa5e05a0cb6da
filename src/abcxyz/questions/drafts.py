"""Drafts of tasks: stored with their state, and each recognised by a token of its content."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import attrs
from attrs import frozen

from abcxyz.errors import ConfigError
from abcxyz.plugins import Task
from abcxyz.toolkit.files import create_private, read_private, write_atomic
from abcxyz.toolkit.locks import file_lock
from abcxyz.toolkit.parsing import parse_json

__all__ = ["LIFETIME", "Draft", "Drafts"]

LIFETIME = 24 * 3600.0
"""Seconds after which a draft that nobody confirmed expires."""

_SCHEMA = """
create table if not exists drafts (
    token text primary key, system text not null, principal text not null, fields text not null,
    names text not null, state text not null, drafted real not null, number text
);
"""


@frozen(kw_only=True)
class Draft:
    """A drafted task.

    Parameters
    ----------
    token
        What it is confirmed by: the same content has the same token.
    system
        System and account that it would be written to.
    task
        Its fields.
    names
        Names of ``owner`` and ``customer`` as they may be shown; without those that may not.
    state
        ``drafted``, ``writing`` (a write was begun; whether it took effect is to be looked up),
        or ``done``.
    drafted
        POSIX time at which it was drafted.
    number
        Identifier of the task that was written; None before.
    """

    token: str
    system: str
    task: Task
    names: Mapping[str, str]
    state: str
    drafted: float
    number: str | None = None


class Drafts:
    """SQLite file of drafts, and beside it the key of their tokens.

    Parameters
    ----------
    path
        The file; it and its key are created with mode 0600.

    Raises
    ------
    ConfigError
        The file or the key cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._open():
            pass
        key = path.with_name(f"{path.name}.key")
        if not key.is_file():
            with file_lock(self.lock):
                if not key.is_file():
                    write_atomic(key, secrets.token_hex(32).encode(), private=True)
        self._key = read_private(key).encode()

    @property
    def lock(self) -> Path:
        """File of the lock that a write holds."""
        return self.path.with_name(f"{self.path.name}.lock")

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            create_private(self.path)
            base = sqlite3.connect(self.path, isolation_level=None)
            try:
                base.executescript(_SCHEMA)
                yield base
            finally:
                base.close()
        except (sqlite3.Error, OSError, ValueError, TypeError) as problem:
            raise ConfigError(
                "the drafts {path} cannot be used ({reason}); move the file away",
                path=str(self.path),
                reason=str(problem),
            ) from None

    def token_of(self, system: str, principal: str, fields: str) -> str:
        """Return the token of a content."""
        content = json.dumps([system, principal, fields])
        return hmac.new(self._key, content.encode(), hashlib.sha256).hexdigest()[:32]

    def save(
        self, system: str, principal: str, task: Task, names: Mapping[str, str], now: float
    ) -> Draft:
        """Store a draft, and return it; one of the same content that is in progress is kept.

        One that was written or has expired more than a day ago begins anew.
        """
        fields = _written(task)
        token = self.token_of(system, principal, fields)
        with self._open() as base:
            base.execute("begin immediate")
            base.execute(
                "delete from drafts where state <> 'writing' and drafted < ?", (now - LIFETIME,)
            )
            base.execute(
                "insert or ignore into drafts values (?, ?, ?, ?, ?, 'drafted', ?, null)",
                (token, system, principal, fields, json.dumps(dict(names)), now),
            )
            base.execute("commit")
        known = self.find(token, now)
        assert known is not None
        return known

    def find(self, token: str, now: float) -> Draft | None:
        """Return the draft of a token; None if there is none, or if it has expired.

        A row whose content does not fit its token, because it was changed, counts as none.
        """
        with self._open() as base:
            row = base.execute(
                "select system, principal, fields, names, state, drafted, number from drafts "
                "where token = ?",
                (token,),
            ).fetchone()
        if row is None:
            return None
        system, principal, fields, names, state, drafted, number = row
        genuine = self.token_of(system, principal, fields)
        expired = state == "drafted" and drafted < now - LIFETIME
        if expired or not hmac.compare_digest(genuine, token):
            return None
        return Draft(
            token=token,
            system=system,
            task=_task(fields),
            names=parse_json(names),
            state=state,
            drafted=drafted,
            number=number,
        )

    def begin(self, token: str) -> None:
        """Record that a write begins; from here on it is looked for before it is repeated."""
        with self._open() as base:
            base.execute("update drafts set state = 'writing' where token = ?", (token,))

    def done(self, token: str, number: str) -> None:
        """Record what was written."""
        with self._open() as base:
            base.execute(
                "update drafts set state = 'done', number = ? where token = ?", (number, token)
            )


def _written(task: Task) -> str:
    fields = attrs.asdict(task)
    fields["due"] = None if task.due is None else task.due.isoformat()
    return json.dumps(fields, sort_keys=True, ensure_ascii=False)


def _task(fields: str) -> Task:
    known: dict[str, Any] = parse_json(fields)
    due = known.pop("due")
    return Task(**known, due=None if due is None else date.fromisoformat(due))
