"""Error classes of the OData interface, and the error of a refused answer."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

from abcxyz.errors import (
    AdapterError,
    AuthenticationError,
    BadDataError,
    ConfigError,
    UnavailableError,
)

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
]

_META = "{http://schemas.microsoft.com/ado/2007/08/dataservices/metadata}"
_SECRETS = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|«[^»]*»|\"[^\"]*\"|'[^']*'|“[^”]*”|\d{5,}"
)


class UnknownNameError(ConfigError):
    """A set, field or function is not published, or is called otherwise in this base."""


class GoneError(AdapterError):
    """The object or record is not there."""


class HiddenRowsError(AuthenticationError):
    """The user has no right to the set, or to some of its rows."""


class ExistsError(AdapterError):
    """A record with this key is there already."""


class ChangedError(AdapterError):
    """Somebody changed the object since it was read."""


class ShiftedError(BadDataError):
    """Rows came or went while a set was being read."""

    retryable = True


class RefusedError(BadDataError):
    """The configuration refused; the same request would be refused again."""


def masked(text: str) -> str:
    """Hide what 1C quotes: values, names, references and long numbers.

    Examples
    --------
    >>> masked("Не найден элемент «Ромашка» с кодом 000012345")
    'Не найден элемент … с кодом …'
    """
    return " ".join(_SECRETS.sub("…", text).split())[:300]


def _shapes(body: bytes) -> tuple[int | None, str]:
    """Find 1C's code and message in a body of any shape."""
    content = body.decode("utf-8-sig", errors="replace").strip()
    if content.startswith("{"):
        try:
            answer = json.loads(content)
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
            root = ET.fromstring(content)  # noqa: S314 - expat resolves no outside entities
        except ET.ParseError:
            return None, ""
        return _code(root.findtext(f"{_META}code")), root.findtext(f"{_META}message") or ""
    reason = re.search(r"(?:by reason|по причине):\s*(.*?)(?:<|$)", content, re.DOTALL)
    return None, reason[1] if reason else ""


def _code(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None


def failure(status: int, body: bytes, what: str) -> Exception:
    """Make the error that an answer stands for.

    Parameters
    ----------
    status
        Of HTTP.
    body
        In any of the shapes, or empty.
    what
        Name of the set that was asked.

    Returns
    -------
    Exception
        Not raised, so that the caller decides about a second try.
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
    if status == 401:
        return AuthenticationError(
            "1C refused the login or the password; check user and password in the job, and that "
            "the user may log in to this base"
        )
    if status == 404 and code == 9:
        return GoneError("1C no longer has the object asked for in {what}", what=what)
    if code in (6, 8, 10, 11):
        return UnknownNameError(
            "1C does not know {what} or one of its fields ({said}); publish it in "
            "Администрирование → Настройка стандартного интерфейса OData, or "
            "correct its name in the profile",
            what=what,
            said=text,
        )
    if code == 15:
        return ExistsError("1C has a record with this key in {what} already", what=what)
    if status == 412:
        return ChangedError("{what} changed in 1C since it was read; run again", what=what)
    if status == 404:
        return ConfigError(
            "the web server knows no page for {what}: check url, which ends with "
            "/odata/standard.odata",
            what=what,
        )
    if status == 403 or status in (502, 503, 504):
        return UnavailableError(
            "1C is not available (HTTP {status}: {said}); wait until its maintenance is over",
            status=status,
            said=text or "no reason given",
        )
    if status == 500 and code is None:
        return UnavailableError(
            "1C failed as a whole (HTTP 500: {said}); look into the log of its web server",
            said=text or "no reason given",
        )
    if status == 500:
        return RefusedError("1C refused {what}: {said}", what=what, said=text or "no reason given")
    return BadDataError(
        "1C did not accept a question to {what} (HTTP {status}, code {code}: {said}); this is "
        "a fault of the adapter or of the profile, please report it",
        what=what,
        status=status,
        code=code if code is not None else "none",
        said=text or "no reason given",
    )
