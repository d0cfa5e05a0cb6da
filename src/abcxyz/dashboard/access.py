"""Access to the live page: host, origin, token and cookie of requests, headers of answers."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from abcxyz.toolkit.loopback import check_token, is_token

__all__ = ["POLICY", "Access"]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "connect-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)
"""Content-Security-Policy of every answer: attributes of style hold widths of bars, no text."""

_HEADERS = (
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    # Not no-referrer, with which a browser sends a form of this page with the origin null.
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
)
_SAFE = ("GET", "HEAD")
_LOG = logging.getLogger("abcxyz.dashboard")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Access:
    """ASGI middleware that answers only the person who started the server.

    Parameters
    ----------
    app
        The application.
    token
        Secret that the first request carries as ``?token=``; a cookie replaces it.
    port
        Port of the server.

    Raises
    ------
    ConfigError
        The token is too short.

    Notes
    -----
    The header Host has to name this machine, or a page of another domain that resolves to
    127.0.0.1 could read the answers. A request of another origin is refused, and one that changes
    something has to name its origin. The cookie is not the token: it ends with the process.
    """

    def __init__(self, app: App, *, token: str, port: int) -> None:
        check_token(token)
        self._app, self._token = app, token
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        if port == 80:  # left out by browsers
            self._hosts |= {one.rpartition(":")[0] for one in self._hosts}
        # Cookies are shared by all ports of a host.
        self._cookie, self._session = f"abcxyz-{port}", secrets.token_urlsafe(32)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a permitted request on, and refuse any other."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers: dict[str, str] = {}
        for name, value in scope["headers"]:
            key = name.decode("latin-1")
            # A header given twice matches nothing.
            headers[key] = "," if key in headers else value.decode("latin-1")
        refused = self._refusal(scope["method"], headers)
        if refused is not None:
            await _plain(send, *refused)
            return
        token = parse_qs(scope["query_string"].decode("latin-1")).get("token")
        if token is not None and scope["path"] == "/" and scope["method"] in _SAFE:
            if is_token(token[0], self._token):
                await _plain(send, 303, "", self._welcome())
                return
        elif self._is_known(headers.get("cookie", "")):
            await self._answered(scope, receive, send)
            return
        await _plain(send, 401, "open the address that the command has printed\n")

    def _refusal(self, method: str, headers: dict[str, str]) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if host not in self._hosts:
            return 421, "this server answers to this machine only\n"
        origin = headers.get("origin")
        foreign = method not in _SAFE if origin is None else origin != f"http://{host}"
        if foreign or headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return 403, "a page of another origin may not use this server\n"
        return None

    def _is_known(self, cookies: str) -> bool:
        try:
            sent = SimpleCookie(cookies).get(self._cookie)
        except CookieError:
            return False
        return sent is not None and is_token(sent.value, self._session)

    def _welcome(self) -> list[tuple[str, str]]:
        """Return the headers that lead to the page without the token in the address."""
        cookie = f"{self._cookie}={self._session}; HttpOnly; SameSite=Strict; Path=/"
        return [("location", "/"), ("set-cookie", cookie)]

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                known = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *_encoded(_HEADERS)]
                if b"cache-control" not in known:
                    message["headers"].append((b"cache-control", b"no-store"))
            await send(message)

        try:
            await self._app(scope, receive, with_headers)
        except Exception as problem:  # noqa: BLE001 - its text may hold data
            _LOG.error("a page failed with %s", type(problem).__name__)


def _encoded(headers: Any) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


async def _plain(
    send: Send, status: int, content: str, headers: list[tuple[str, str]] | None = None
) -> None:
    """Send a short text, without anything of the data."""
    sent = [
        *_HEADERS,
        ("content-type", "text/plain; charset=utf-8"),
        ("cache-control", "no-store"),
    ]
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": _encoded([*sent, *(headers or [])]),
        }
    )
    await send({"type": "http.response.body", "body": content.encode()})
