"""Redaction of secrets in text and log records."""

from __future__ import annotations

import contextlib
import json
import logging
import re
from collections.abc import Iterable, Iterator
from typing import NoReturn
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

__all__ = [
    "LINE_ENDS",
    "Redactor",
    "collecting_secrets",
    "escaped",
    "looks_secret",
    "secrets_in_url",
]

LINE_ENDS = "\n\t"
"""Characters that `escaped` may leave alone, for text of several lines."""

#: Control characters, the line ends of Unicode, marks of direction, and characters of no width.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)


def escaped(text: str, keep: str = "") -> str:
    r"""Write hidden characters as ``\uXXXX``, as JSON does.

    Parameters
    ----------
    text
        Text from outside.
    keep
        Characters to leave as they are.

    Examples
    --------
    >>> print(escaped("red \x1b[31m and \u202ereversed"))
    red \u001b[31m and \u202ereversed
    """
    if text.isascii() and text.isprintable():
        return text

    def shown(match: re.Match[str]) -> str:
        return match[0] if match[0] in keep else f"\\u{ord(match[0]):04x}"

    return _HIDDEN.sub(shown, text)


_LONG, _SHORT = 25, 10  # characters of a piece of a name that may be a token
_KEYS = (
    "access_token|refresh_token|client_secret|application_token|authorization|password|passwd|pwd"
    "|token|secret|sessid"
)
_WORDS = "signature|auth|code|key"  # also words of plain messages
_PARTS = "password|passwd|pwd|secret|token"  # ends of longer names, such as ssl_key_password


def _pairs(keys: str) -> re.Pattern[str]:
    """Return a pattern of a name and its value; the name is the first group."""
    return re.compile(
        rf"""(?i)(["']?(?:(?:\b|(?<=%3B))(?:{keys})|\b\w{{1,40}}(?:{_PARTS}))["']?"""
        r"""\s*(?:[=:]|%3D)\s*)"""
        # A reference such as { env = "NAME" } is no secret.
        r"""(?!\{\s*(?:env|file|keyring)\b)("[^"]*"|'[^']*'|\{[^}]*\}|[^\s&,;}]+)"""
    )


_PAIR, _CERTAIN_PAIR = _pairs(f"{_KEYS}|{_WORDS}"), _pairs(_KEYS)
_LOGIN = re.compile(r"(?i)\b(basic|bearer)\s+[\w.~+/=-]+")
_HOOK = re.compile(r"(/rest/(?:api/)?)[^/?#\s]+/[^/?#\s]+/")
_ESCAPED = re.compile("%[0-9A-F]{2}")
_SECRET_NAME = re.compile(r"(?i)passw|pwd|secret|token|api_?key")
_ODBC = re.compile(r"(?i)\b(?:pwd|password)\s*=\s*(?:\{((?:[^}]|\}\})*)\}|([^;]*))")
_SHORTEST = 4  # characters of a secret that may be replaced inside other words
_LONG_ENOUGH = 8  # characters of a secret that is no word of data
_USER = re.compile(r"(://)[^/@\s]+@")


def looks_secret(name: str) -> bool:
    """Return whether text in the place of a name may be an address or a token instead.

    Examples
    --------
    >>> looks_secret("BITRIX_WEBHOOK"), looks_secret("secrets/bitrix24-webhook.txt")
    (False, False)
    >>> looks_secret("https://example.bitrix24.ru/rest/7/k3y/"), looks_secret("x7Gh29dKq81LmN")
    (True, True)
    """
    if "://" in name or "/rest/" in name or set(name) & set("@=?&% \t\n"):
        return True
    pieces = re.split(r"[^0-9A-Za-z]+", name)
    return any(len(piece) >= _LONG or _is_mixed(piece) for piece in pieces)


def _is_mixed(piece: str) -> bool:
    """Whether a piece of a name mixes letters and digits as tokens do."""
    digits = sum(char.isdigit() for char in piece)
    return len(piece) >= _SHORT and digits >= 2 and digits < len(piece)


def secrets_in_url(url: str) -> list[str]:
    """Return the passwords of a URL, also those in its query and in a string of ODBC.

    Examples
    --------
    >>> secrets_in_url("postgresql://ann:s3cr3t@host/base?sslpassword=t0p")
    ['s3cr3t', 't0p']
    >>> secrets_in_url("mssql+pyodbc:///?odbc_connect=SERVER%3Dhost%3BPWD%3Ds3cr3t%3B")
    ['s3cr3t']
    """
    found: list[str] = []
    with contextlib.suppress(ValueError):
        parts = urlsplit(url)
        if parts.password:
            found += [parts.password, unquote(parts.password)]
        for name, value in parse_qsl(parts.query):
            if name.lower() == "odbc_connect":
                found += [match[1] or match[2] for match in _ODBC.finditer(value)]
            elif _SECRET_NAME.search(name):
                found.append(value)
    return list(dict.fromkeys(one for one in found if one))


_collector: Redactor | None = None


@contextlib.contextmanager
def collecting_secrets() -> Iterator[Redactor]:
    """Collect every secret of the process for the duration of a ``with`` statement.

    Yields
    ------
    Redactor
        It learns what any other redactor learns meanwhile, for the outermost messages of a
        command.

    Examples
    --------
    >>> with collecting_secrets() as everything:
    ...     _ = Redactor(["s3cr3t"])
    ...     everything.text("no s3cr3t here")
    'no *** here'
    """
    global _collector
    before, _collector = _collector, None
    collector = Redactor()
    _collector = collector
    try:
        yield collector
    finally:
        _collector = before


def _spellings(secret: str) -> set[str]:
    """Return the encodings of a secret in a URL, in a form, and in JSON."""
    quoted = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    lower = {_ESCAPED.sub(lambda match: match[0].lower(), one) for one in quoted}
    return {secret, json.dumps(secret)[1:-1], *quoted, *lower}


class Redactor:
    """Replace secrets in any text by ``***``.

    Parameters
    ----------
    secrets
        Literal values; their URL-encoded forms are replaced too.

    Notes
    -----
    Values after names such as ``token``, ``password`` or ``key``, credentials in URLs and
    ``Authorization`` headers are always replaced, even if not listed.

    Examples
    --------
    >>> Redactor(["s3cr3t"]).text("POST /rest/7/s3cr3t/profile?auth=abc")
    'POST /rest/***/profile?auth=***'
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._literal: list[str] = []
        self._short: list[re.Pattern[str]] = []
        self.learn(*secrets)

    def __repr__(self) -> str:
        return "Redactor(***)"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a redactor holds secrets and cannot be pickled; build it again")

    def learn(self, *secrets: str) -> None:
        """Add values to replace, such as a token renewed during a run.

        Examples
        --------
        >>> redactor = Redactor()
        >>> redactor.learn("fresh")
        >>> redactor.text("now fresh")
        'now ***'
        """
        every = [value for value in secrets if value]
        every += [inner for value in every if "://" in value for inner in secrets_in_url(value)]
        if _collector is not None and _collector is not self:
            _collector.learn(*every)
        spellings = {one for value in every for one in _spellings(value)}
        # Longest first: a secret may contain another one.
        known = sorted({*self._literal, *spellings}, key=len, reverse=True)
        self._literal = known
        # As a value alone: a letter replaced inside words would garble every message.
        self._short = [
            re.compile(rf"""(?<=[=:/@"']){re.escape(one)}(?=[\s&/@"',;]|$)""")
            for one in known
            if len(one) < _SHORTEST
        ]

    def text(self, text: str) -> str:
        """Return *text* with every known or likely secret replaced."""
        return _PAIR.sub(r"\1***", self._known(text))

    def message(self, text: str) -> str:
        """Return a message of this program with known and likely secrets replaced.

        The values of words that plain messages hold, such as ``code`` and ``key``, stay.
        """
        return _CERTAIN_PAIR.sub(r"\1***", self._known(text))

    def _known(self, text: str) -> str:
        for secret in self._literal:
            if len(secret) >= _SHORTEST:
                text = text.replace(secret, "***")
        for pattern in self._short:
            text = pattern.sub("***", text)
        text = _USER.sub(r"\1***@", _HOOK.sub(r"\1***/", text))
        return _LOGIN.sub(r"\1 ***", text)

    def data(self, text: str) -> str:
        """Return *text* with known secrets replaced that are too long for a word of the data."""
        for secret in self._literal:
            if len(secret) >= _LONG_ENOUGH:
                text = text.replace(secret, "***")
        return text

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact a log record in place and return True; usable as a filter of `logging`."""
        record.msg, record.args = self.text(record.getMessage()), ()
        record.exc_info = record.exc_text = None
        return True
