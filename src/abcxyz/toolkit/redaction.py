"""Redaction of secrets in text and log records."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

__all__ = ["Redactor", "looks_secret"]

_LONG, _SHORT = 25, 10  # characters of a piece of a name that may be a token
_KEYS = (
    "access_token|refresh_token|client_secret|application_token|authorization|password|token"
    "|secret|sessid|signature|auth|code|key"
)
_PAIR = re.compile(rf"""(?i)(["']?\b(?:{_KEYS})["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s&,;}}]+)""")
_LOGIN = re.compile(r"(?i)\b(basic|bearer)\s+[\w.~+/=-]+")
_HOOK = re.compile(r"(/rest/(?:api/)?)[^/?#\s]+/[^/?#\s]+/")
_ESCAPED = re.compile("%[0-9A-F]{2}")
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
        self.learn(*secrets)

    def __repr__(self) -> str:
        return "Redactor(***)"

    def learn(self, *secrets: str) -> None:
        """Add values to replace, such as a token renewed during a run.

        Examples
        --------
        >>> redactor = Redactor()
        >>> redactor.learn("fresh")
        >>> redactor.text("now fresh")
        'now ***'
        """
        spellings = {one for value in secrets if value for one in _spellings(value)}
        # Longest first: a secret may contain another one.
        self._literal = sorted({*self._literal, *spellings}, key=len, reverse=True)

    def text(self, text: str) -> str:
        """Return *text* with every known or likely secret replaced."""
        for secret in self._literal:
            text = text.replace(secret, "***")
        text = _USER.sub(r"\1***@", _HOOK.sub(r"\1***/", text))
        return _PAIR.sub(r"\1***", _LOGIN.sub(r"\1 ***", text))

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact a log record in place and return True; usable as a filter of `logging`."""
        record.msg, record.args = self.text(record.getMessage()), ()
        record.exc_info = record.exc_text = None
        return True
