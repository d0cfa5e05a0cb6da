"""Secrets: references to environment variables, private files and the keyring."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from attrs import frozen

from abcxyz.errors import ConfigError
from abcxyz.toolkit.files import read_private
from abcxyz.toolkit.redaction import Redactor, looks_secret, secrets_in_url

__all__ = ["KINDS", "Vault", "check_path_name", "in_clear", "is_reference", "read_secret"]

KINDS = ("env", "file", "keyring")
"""Kinds of reference: ``{ env = "NAME" }``, ``{ file = "path" }``, ``{ keyring = "a/b" }``."""

_SOUNDS_SECRET = re.compile(r"(?i)token|secret|passw|api[-_]?key|webhook|credential|authorization")
_SOUNDS_HARMLESS = re.compile(r"(?i)(?:_file|_path|_env)$")
_NO_HOST = re.compile(r"[\w+]+:///")
_ADDRESS = re.compile(r"[\w+]+://")


def is_reference(value: object) -> bool:
    """Return whether a value of a job refers to a secret: a table with exactly one of `KINDS`.

    Examples
    --------
    >>> is_reference({"env": "TOKEN"}), is_reference({"env": "a", "b": 1}), is_reference("TOKEN")
    (True, False, False)
    """
    return isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in KINDS


def in_clear(key: str, value: object, *, declared: bool = False) -> bool:
    """Return whether *value* looks like a secret in plain text.

    Parameters
    ----------
    key
        Name of the option.
    value
        Its value in the job.
    declared
        Whether the adapter declares the option a secret.

    Examples
    --------
    >>> in_clear("password", "1234"), in_clear("token_file", "token"), in_clear("pages", "10")
    (True, False, False)
    >>> in_clear("url", "https://ann:1234@example.com")
    True
    >>> in_clear("url", "sqlite:///sales.db", declared=True)
    False
    >>> in_clear("url", "mssql+pyodbc:///?odbc_connect=PWD%3D1234", declared=True)
    True
    """
    if not isinstance(value, str) or not value:
        return False
    holds = bool(_ADDRESS.match(value)) and (
        bool(secrets_in_url(value)) or Redactor().text(value) != value
    )
    if _NO_HOST.match(value):  # a file, or a string of ODBC
        return holds
    sounds = bool(_SOUNDS_SECRET.search(key)) and not _SOUNDS_HARMLESS.search(key)
    return declared or sounds or holds


def read_secret(value: object, *, where: str = "", folder: Path | None = None) -> str:
    """Read a secret through its reference.

    Parameters
    ----------
    value
        ``{"env": "NAME"}``, ``{"file": "PATH"}`` or ``{"keyring": "SERVICE/USER"}``; or the
        secret itself, where the job has resolved the reference already.
    where
        Prefix of error messages, such as the name of the option and a colon.
    folder
        Base of relative paths; the current folder by default.

    Returns
    -------
    str
        The secret, stripped of surrounding white space.

    Raises
    ------
    ConfigError
        The value is neither, or the secret is absent, empty, or readable by other users. The
        message names the reference, never the secret.

    Examples
    --------
    >>> os.environ["SHOP_TOKEN"] = "s3cr3t"
    >>> read_secret({"env": "SHOP_TOKEN"})
    's3cr3t'
    >>> read_secret({"env": "NO_SUCH"}, where="token: ")
    Traceback (most recent call last):
    ...
    abcxyz.errors.ConfigError: token: the environment variable NO_SUCH is not set; set it to the \
secret
    """
    if isinstance(value, str) and value.strip():
        return value.strip()
    if not isinstance(value, Mapping) or not is_reference(value):
        raise ConfigError(
            '{where}a secret is named by {{ env = "NAME" }}, {{ file = "PATH" }} or '
            '{{ keyring = "SERVICE/USER" }}; write one of them',
            where=where,
        )
    [(kind, name)] = value.items()
    if not isinstance(name, str) or not name:
        raise ConfigError(
            '{where}a secret is named by text, such as {kind} = "NAME", not by {name!r}',
            where=where,
            kind=kind,
            name=name,
        )
    if kind == "file":
        path = (folder or Path()) / Path(name).expanduser()
        plain = re.search(r"[./\\]", name) or not re.search(r"\d", name)
        if not path.exists() and (looks_secret(name) or not plain):
            raise _no_name(kind, where)
        secret = read_private(path, where).strip()
    else:
        secret = (_from_environment if kind == "env" else _from_keyring)(name, where)
    if not secret:
        raise ConfigError(
            "{where}the secret in {kind} {name!r} is empty; put it there",
            where=where,
            kind=kind,
            name=name,
        )
    return secret


@frozen
class Vault:
    """Resolve the secret references of a job, and collect the secrets for redaction.

    Parameters
    ----------
    folder
        Base of relative paths.
    read
        The secrets read so far.
    """

    folder: Path
    read: set[str]

    def __repr__(self) -> str:
        return "Vault(***)"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a vault holds secrets and cannot be pickled; build it again")

    def learn(self, secret: str) -> None:
        """Add a secret, also to those that the outermost messages redact."""
        self.read.add(secret)
        Redactor([secret])

    def reveal(self, value: Any, where: str = "") -> Any:
        """Replace references by secrets, also inside tables and lists.

        Raises
        ------
        ConfigError
            A secret is absent, empty, or readable by other users.

        Examples
        --------
        >>> os.environ["SHOP_TOKEN"] = "s3cr3t"
        >>> Vault(Path(), set()).reveal({"headers": {"X-Key": {"env": "SHOP_TOKEN"}}})
        {'headers': {'X-Key': 's3cr3t'}}
        """
        if is_reference(value):
            secret = read_secret(value, where=where, folder=self.folder)
            self.learn(secret)
            return secret
        if isinstance(value, Mapping):
            return {key: self.reveal(item, where) for key, item in value.items()}
        if isinstance(value, list):
            return [self.reveal(item, where) for item in value]
        return value


def check_path_name(path: Path, where: str = "") -> None:
    """Check that a path that does not exist is no secret put in its place.

    Raises
    ------
    ConfigError
        It may be one; the message does not repeat it.
    """
    if not path.exists() and looks_secret(path.name):
        raise _no_name("file", where)


def _no_name(kind: str, where: str) -> ConfigError:
    """Return the error about a name that may be the secret itself, which is not repeated."""
    if kind == "env":
        return ConfigError(
            "{where}the variable that env names is not set, and its name may be the secret "
            "itself, so it is not shown; write the name of a variable in capitals, such as "
            "BITRIX_WEBHOOK",
            where=where,
        )
    if kind == "file":
        return ConfigError(
            "{where}the file is not there, and its name may be the secret itself, so it is not "
            "shown; write the path of a file, such as secrets/webhook.txt",
            where=where,
        )
    return ConfigError(
        "{where}what keyring names may be the secret itself, so it is not shown; write "
        "SERVICE/USER",
        where=where,
    )


def _from_environment(name: str, where: str) -> str:
    found = os.environ.get(name)
    if found is None and (looks_secret(name) or not re.fullmatch(r"[A-Z_][A-Z0-9_]*", name)):
        raise _no_name("env", where)
    if found is None:
        raise ConfigError(
            "{where}the environment variable {name} is not set; set it to the secret",
            where=where,
            name=name,
        )
    return found.strip()


def _from_keyring(name: str, where: str) -> str:
    service, slash, user = name.rpartition("/")
    if looks_secret(name):
        raise _no_name("keyring", where)
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
