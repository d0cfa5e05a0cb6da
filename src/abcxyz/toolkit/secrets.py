"""Secrets of a job: named in it, kept elsewhere."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from abcxyz.errors import ConfigError
from abcxyz.http import Redactor

__all__ = ["KINDS", "Vault", "in_clear", "is_reference"]

KINDS = ("env", "file", "keyring")
"""Where a secret may be: ``{ env = "NAME" }``, ``{ file = "path" }``, ``{ keyring = "a/b" }``."""

_SOUNDS_SECRET = re.compile(r"(?i)token|secret|passw|api[-_]?key|webhook|credential|authorization")
_SOUNDS_HARMLESS = re.compile(r"(?i)(?:_file|_path|_env)$")
_NO_HOST = re.compile(r"[\w+]+:///")
_ADDRESS = re.compile(r"\w+://")


def is_reference(value: object) -> bool:
    """Say whether a value of a job names a secret: a table of exactly one of `KINDS`.

    Examples
    --------
    >>> is_reference({"env": "TOKEN"}), is_reference({"env": "a", "b": 1}), is_reference("TOKEN")
    (True, False, False)
    """
    return isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in KINDS


def in_clear(key: str, value: object, *, declared: bool = False) -> bool:
    """Say whether *value* looks like a secret that anybody may read in the job.

    Parameters
    ----------
    key
        Name of the option.
    value
        As it stands in the job.
    declared
        Whether the adapter says that the option is a secret.

    Examples
    --------
    >>> in_clear("password", "1234"), in_clear("token_file", "token"), in_clear("pages", "10")
    (True, False, False)
    >>> in_clear("url", "https://ann:1234@example.com")
    True
    >>> in_clear("url", "sqlite:///sales.db", declared=True)
    False
    """
    if not isinstance(value, str) or not value or _NO_HOST.match(value):
        return False
    sounds = bool(_SOUNDS_SECRET.search(key)) and not _SOUNDS_HARMLESS.search(key)
    holds = bool(_ADDRESS.match(value)) and Redactor().text(value) != value
    return declared or sounds or holds


@frozen
class Vault:
    """Read secrets, and remember what they were, so that they can be kept out of every text.

    Parameters
    ----------
    folder
        What relative paths are relative to.
    read
        The secrets read so far.
    """

    folder: Path
    read: set[str]

    def __repr__(self) -> str:
        return "Vault(***)"

    def reveal(self, value: Any, where: str = "") -> Any:
        """Put secrets in the place of their names, in tables and lists too.

        Raises
        ------
        ConfigError
            One is not there, is empty, or can be read by others.
        """
        if is_reference(value):
            [(kind, name)] = value.items()
            found = self._fetch(kind, name, where)
            self.read.add(found)
            return found
        if isinstance(value, Mapping):
            return {key: self.reveal(item, where) for key, item in value.items()}
        if isinstance(value, list):
            return [self.reveal(item, where) for item in value]
        return value

    def _fetch(self, kind: str, name: object, where: str) -> str:
        if not isinstance(name, str) or not name:
            raise ConfigError(
                '{where}a secret is named by text, such as {kind} = "NAME", not by {name!r}',
                where=where,
                kind=kind,
                name=name,
            )
        fetch: Callable[[str, str], str] = {
            "env": _from_environment,
            "file": self._from_file,
            "keyring": _from_keyring,
        }[kind]
        found = fetch(name, where)
        if not found:
            raise ConfigError(
                "{where}the secret in {kind} {name!r} is empty; put it there",
                where=where,
                kind=kind,
                name=name,
            )
        return found

    def _from_file(self, name: str, where: str) -> str:
        path = self.folder / Path(name).expanduser()
        try:
            mode = path.stat().st_mode
            if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise ConfigError(
                    "{where}others may read the secret in {path} (its rights are {mode}); run: "
                    "chmod 600 {path}",
                    where=where,
                    path=str(path),
                    mode=f"{stat.S_IMODE(mode):03o}",
                )
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as problem:
            reason = getattr(problem, "strerror", None) or "it is not text in UTF-8"
        # Outside `except`: an error of decoding holds what it could not decode.
        raise ConfigError(
            "{where}the secret in {path} cannot be read ({reason}); check the path",
            where=where,
            path=str(path),
            reason=reason,
        )


def _from_environment(name: str, where: str) -> str:
    found = os.environ.get(name)
    if found is None:
        raise ConfigError(
            "{where}the environment variable {name} is not set; set it to the secret",
            where=where,
            name=name,
        )
    return found.strip()


def _from_keyring(name: str, where: str) -> str:
    service, slash, user = name.rpartition("/")
    if not (service and slash and user):
        raise ConfigError(
            "{where}keyring = {name!r} is not SERVICE/USER; write it so",
            where=where,
            name=name,
        )
    try:
        import keyring
    except ImportError:
        raise ConfigError(
            "{where}a secret in the keyring needs the extra {extra!r}; install it",
            where=where,
            extra="keyring",
        ) from None
    try:
        found = keyring.get_password(service, user)
    except keyring.errors.KeyringError as problem:
        kind = type(problem).__name__
    else:
        if found is None:
            raise ConfigError(
                "{where}the keyring holds no {name!r}; put it there with: "
                "keyring set {service} {user}",
                where=where,
                name=name,
                service=service,
                user=user,
            )
        return str(found).strip()
    raise ConfigError(
        "{where}the keyring cannot be read ({kind}); unlock it, or use env or file",
        where=where,
        kind=kind,
    )
