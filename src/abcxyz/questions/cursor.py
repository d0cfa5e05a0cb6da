"""Signed cursors: place in a list, bound to its question, arguments, day and data."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from attrs import frozen

from abcxyz.questions.problems import QuestionError, message
from abcxyz.toolkit.parsing import parse_json

__all__ = ["Cursor", "fingerprint_of"]

_SIGNATURE = 16


def fingerprint_of(arguments: Mapping[str, Any]) -> str:
    """Return a hash of the arguments that select the rows: all but page and language."""
    chosen = {
        name: str(value)
        for name, value in sorted(arguments.items())
        if name not in ("cursor", "limit", "lang", "as_of") and value is not None
    }
    return hashlib.sha256(json.dumps(chosen).encode()).hexdigest()[:16]


@frozen
class Cursor:
    """Place of the next page.

    Parameters
    ----------
    question
        Name of the question.
    arguments
        Hash of its arguments, see `fingerprint_of`.
    as_of
        Day of the answer, the same for every page.
    version
        State of the data; pages of different states would not add up.
    place
        Number of rows before the page.
    """

    question: str
    arguments: str
    as_of: date
    version: str
    place: int

    def sealed(self, key: bytes) -> str:
        """Return the cursor as opaque text, signed by *key*.

        Examples
        --------
        >>> cursor = Cursor("alerts", "a1", date(2026, 11, 28), "v", 20)
        >>> Cursor.opened(cursor.sealed(b"key"), b"key") == cursor
        True
        """
        fields = [self.question, self.arguments, self.as_of.isoformat(), self.version, self.place]
        body = base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")
        return f"{body}.{_signature(body, key)}"

    @classmethod
    def opened(cls, written: str, key: bytes) -> Cursor:
        """Read `sealed` text.

        Raises
        ------
        QuestionError
            It was not signed by *key*: code ``stale_cursor``.
        """
        body, _, signature = written.partition(".")
        if not hmac.compare_digest(signature.encode(), _signature(body, key).encode()):
            raise stale()
        fields = parse_json(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        question, arguments, as_of, version, place = fields
        return cls(question, arguments, date.fromisoformat(as_of), version, place)


def _signature(body: str, key: bytes) -> str:
    return hmac.new(key, body.encode(), hashlib.sha256).hexdigest()[:_SIGNATURE]


def stale() -> QuestionError:
    """Return the error for a cursor of another question, other arguments or older data."""
    return QuestionError(
        "the cursor belongs to another question, other arguments or older data",
        code="stale_cursor",
        fix=message("ask again without cursor, then follow next_cursor with the same arguments"),
    )
