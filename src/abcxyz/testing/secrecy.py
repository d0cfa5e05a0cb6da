"""Search of exceptions and text for leaked secrets."""

from __future__ import annotations

import base64
import json
import re
import traceback
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import quote, quote_plus

import pytest

from abcxyz.errors import AbcxyzError

__all__ = ["check_failures", "leaks"]

_ESCAPE = re.compile("%[0-9A-F]{2}")


def leaks(shown: BaseException | str, secrets: Iterable[str]) -> list[str]:
    """Return the secrets that appear in *shown*, in any of their usual encodings.

    Parameters
    ----------
    shown
        Text, or an exception: its full traceback with every cause, its repr, arguments and
        fields are searched.
    secrets
        Literal values.

    Returns
    -------
    list of str
        The secrets that appear, in the order of *secrets*.

    Examples
    --------
    >>> leaks("GET /rest/1/top%20secret/", ["top secret", "other"])
    ['top secret']
    """
    text = shown if isinstance(shown, str) else _everything(shown)
    return [secret for secret in secrets if any(one in text for one in _spellings(secret))]


def _spellings(secret: str) -> set[str]:
    raw = secret.encode()
    quoted = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    return {
        secret,
        *quoted,
        *(_ESCAPE.sub(lambda found: found[0].lower(), one) for one in quoted),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        base64.b64encode(raw).decode(),
        raw.hex(),
    }


def _everything(problem: BaseException) -> str:
    parts = traceback.format_exception(problem)
    seen: BaseException | None = problem
    while seen is not None:
        details = seen.details if isinstance(seen, AbcxyzError) else ""
        parts += [repr(seen), repr(seen.args), repr(details)]
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return "".join(parts)


def check_failures(
    failures: Sequence[Callable[[], object]],
    secrets: Sequence[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Run every failing call; each must raise an `AbcxyzError` that shows no secret."""
    with caplog.at_level("DEBUG"):
        for fail in failures:
            with pytest.raises(AbcxyzError) as caught:
                fail()
            assert leaks(caught.value, secrets) == [], "the error gives a secret away"
    assert leaks(caplog.text, secrets) == [], "the log gives a secret away"
