"""Error classes of the OData interface, and decoding of error answers."""

from __future__ import annotations

import html
import re
from xml.etree import ElementTree as ET

from abcxyz.errors import (
    AdapterError,
    AuthenticationError,
    BadDataError,
    ConfigError,
    UnavailableError,
)
from abcxyz.toolkit.parsing import parse_json

__all__ = [
    "ChangedError",
    "ExistsError",
    "GoneError",
    "HiddenRowsError",
    "RefusedError",
    "ShiftedError",
    "UnknownNameError",
    "failure",
    "masked",
    "page_words",
]

_META = "{http://schemas.microsoft.com/ado/2007/08/dataservices/metadata}"
_SECRETS = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|«[^»]*»|\"[^\"]*\"|'[^']*'|“[^”]*”|\d{5,}"
)


class UnknownNameError(ConfigError):
    """A set, field or function is not published, or has another name in this base."""


class GoneError(AdapterError):
    """The object or record does not exist."""


class HiddenRowsError(AuthenticationError):
    """The user has no right to the set, or to some of its rows."""


class ExistsError(AdapterError):
    """A record with this key exists already."""


class ChangedError(AdapterError):
    """The object was changed since it was read."""


class ShiftedError(BadDataError):
    """Rows were added or removed while a set was being read."""

    retryable = True


class RefusedError(BadDataError):
    """The configuration refused the request; repeating it would not help."""


def masked(text: str) -> str:
    """Mask what 1C quotes: values, names, references and long numbers.

    Examples
    --------
    >>> masked("Не найден элемент «Ромашка» с кодом 000012345")
    'Не найден элемент … с кодом …'
    """
    return " ".join(_SECRETS.sub("…", text).split())[:300]


def _shapes(body: bytes) -> tuple[int | None, str]:
    """Return the error code and message of 1C in a JSON, XML or HTML body."""
    content = body.decode("utf-8-sig", errors="replace").strip()
    if content.startswith("{"):
        try:
            answer = parse_json(content)
        except ValueError:
            return None, ""
        error = answer.get("odata.error")
        if isinstance(error, dict):
            message = error.get("message")
            text = message.get("value", "") if isinstance(message, dict) else message
            return _code(error.get("code")), str(text or "")
        inner = answer.get("exception")
        text = ""
        while isinstance(inner, dict):
            text = str(inner.get("descr", text))
            inner = inner.get("inner")
        return None, text
    if content.startswith("<") and "html" not in content[:200].lower():
        try:
            root = ET.fromstring(content)  # noqa: S314 - expat resolves no external entities
        except ET.ParseError:
            return None, _reason(page_words(body))
        message = root.findtext(f"{_META}message")
        return _code(root.findtext(f"{_META}code")), message or _reason(page_words(body))
    return None, _reason(page_words(body))


_UNSEEN = re.compile(r"<!--.*?-->|<(script|style)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_PLATFORM = re.compile(r"(?:by reason|по причине):\s*(.*)", re.DOTALL | re.IGNORECASE)
_PAGE = 1 << 16  # bytes of a page that are looked at


def page_words(body: bytes) -> str:
    """Return the words of a page for people, an HTML page or plain text, without its tags.

    Examples
    --------
    >>> page_words(b"<html><style>p {}</style><b>by reason: </b><br>No space left</html>")
    'by reason: No space left'
    """
    content = body[:_PAGE].decode("utf-8-sig", errors="replace")
    return " ".join(html.unescape(_TAG.sub(" ", _UNSEEN.sub(" ", content))).split())


def _reason(words: str) -> str:
    """Return the reason that the platform gives on a page, or else all words of the page."""
    match = _PLATFORM.search(words)
    return match[1] if match else words


def _is_platform(words: str) -> bool:
    """Return whether a page comes from 1C itself, not from a web server before it."""
    return "1C:Enterprise 8" in words or _PLATFORM.search(words) is not None


def _code(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None


def failure(status: int, body: bytes, what: str) -> Exception:
    """Return the error of an answer with an error status.

    Parameters
    ----------
    status
        HTTP status.
    body
        JSON, XML or HTML body, or empty.
    what
        Name of the queried set.

    Returns
    -------
    Exception
        Returned, not raised: the caller decides about a retry.
    """
    code, text = _shapes(body)
    text = masked(text)
    if code == 20:
        return HiddenRowsError(
            "1C refused {what}: the user has no right to it, or some of its rows are hidden by "
            "row-level security; give the user full reading rights, or set allowed_only = true "
            "and accept that hidden customers are left out",
            what=what,
        )
    platform = code is None and _is_platform(page_words(body))
    if status == 401 and platform and text:
        return AuthenticationError(
            "1C refused the login: {reason}; check user and password in the job, and that the "
            "user may log in to this base",
            reason=text,
        )
    if status == 401:
        return AuthenticationError(
            "1C refused the login or the password; check user and password in the job, and that "
            "the user may log in to this base"
        )
    if platform and status < 500:
        # A dead session, no licence or a locked base, which pass; statuses differ by release.
        return UnavailableError(
            "1C is not available (HTTP {status}: {reason}); wait until its maintenance is over",
            status=status,
            reason=text or "no reason given",
        )
    if status == 404 and code == 9:
        return GoneError("1C no longer has the object asked for in {what}", what=what)
    if code in (6, 8, 10, 11):
        return UnknownNameError(
            "1C does not know {what} or one of its fields ({reason}); publish it in "
            "Администрирование → Настройка стандартного интерфейса OData, or "
            "correct its name in the profile",
            what=what,
            reason=text,
        )
    if code == 15:
        return ExistsError("1C has a record with this key in {what} already", what=what)
    if status == 412:
        return ChangedError("{what} changed in 1C since it was read; run again", what=what)
    if status == 404:
        return ConfigError(
            "the web server knows no page for {what} ({reason}): check url, which ends with "
            "/odata/standard.odata",
            what=what,
            reason=text or "no reason given",
        )
    if status == 403 or status in (502, 503, 504):
        return UnavailableError(
            "1C is not available (HTTP {status}: {reason}); wait until its maintenance is over",
            status=status,
            reason=text or "no reason given",
        )
    if status == 500 and code is None:
        return UnavailableError(
            "1C failed as a whole (HTTP 500: {reason}); look into the log of its web server",
            reason=text or "no reason given",
        )
    if status == 500:
        return RefusedError(
            "1C refused {what}: {reason}", what=what, reason=text or "no reason given"
        )
    return BadDataError(
        "1C did not accept a query of {what} (HTTP {status}, code {code}: {reason}); this is "
        "a fault of the adapter or of the profile, please report it",
        what=what,
        status=status,
        code=code if code is not None else "none",
        reason=text or "no reason given",
    )
