"""First OAuth exchange of an application: consent in a browser, redirect to this machine."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlencode, urlsplit

from attrs import define, field

from abcxyz.errors import AuthenticationError, ConfigError, UnavailableError
from abcxyz.http import Transport
from abcxyz.toolkit import Clock, SystemClock
from abcxyz.toolkit.catalogue import languages
from abcxyz_bitrix.rest.credentials import (
    auth_server,
    portal_base,
    request_tokens,
    store_tokens,
)
from abcxyz_bitrix.words import text

__all__ = ["PORT", "WAIT", "authorize"]

PORT = 8917
"""Port of the redirect, as in the settings of the application."""
WAIT = 300.0
"""Seconds within which the user has to consent."""

_DONE = "abcxyz has received the answer of Bitrix24. You may close this page."


def _page() -> bytes:
    """Return the page after the consent; the language of the user is not known."""
    lines = "".join(f"<p>{text(_DONE, lang)}" for lang in languages())
    return f"<!doctype html><meta charset=utf-8><title>abcxyz</title>{lines}".encode()


class _Handler(BaseHTTPRequestHandler):
    """Accept the redirect; any other request is refused."""

    server: _Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        good = hmac.compare_digest(query.get("state", ""), self.server.state)
        body = _page() if good else b""
        self.send_response(200 if good else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)
        if good:
            self.server.query = query
            self.server.arrived.set()

    def log_message(self, *_: object) -> None:
        """Log nothing: the address holds the code."""


class _Server(HTTPServer):
    """Server of the redirect on this machine."""

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.state = secrets.token_urlsafe(24)
        self.query: Mapping[str, str] = {}
        self.arrived = threading.Event()


@define
class _Redirect:
    """The server of the redirect, for the duration of a ``with`` statement."""

    port: int
    server: _Server = field(init=False, repr=False)

    def __enter__(self) -> Self:
        try:
            self.server = _Server(self.port)
        except OSError as problem:
            raise ConfigError(
                "port {port} of this machine is taken ({reason}); choose another with --port, and "
                "write it into the settings of the application",
                port=self.port,
                reason=problem.strerror or "unknown",
            ) from None
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _problem: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.server.shutdown()
        self.server.server_close()


def authorize(
    portal: str,
    client_id: str,
    client_secret: str,
    file: Path,
    *,
    show: Callable[[str], None],
    port: int = PORT,
    wait: float = WAIT,
    loopback: bool = False,
    clock: Clock | None = None,
) -> str:
    """Let a user consent in a browser, and store the first pair of tokens.

    Parameters
    ----------
    portal
        Address of the portal.
    client_id, client_secret
        Id and key of the application.
    file
        Token file to write, mode 0600.
    show
        Called with the address that the user has to open.
    port
        Port of the redirect; 0 takes a free one.
    wait
        Seconds to wait for the consent.
    loopback
        Allow a portal and an authorisation server on this machine.
    clock
        Clock of the pauses between attempts.

    Returns
    -------
    str
        Scopes of the application, as the server lists them.

    Raises
    ------
    AuthenticationError
        The user or the server refused.
    UnavailableError
        Nobody consented in time.
    ConfigError
        The port is taken, or an address cannot be used.

    Notes
    -----
    The code of the redirect is valid for 30 seconds and is exchanged at once. The state protects
    against a redirect that somebody else caused.
    """
    base = portal_base(portal if "://" in portal else f"https://{portal}", loopback)
    timer = clock or SystemClock()
    transport = Transport(
        secrets=[client_secret], attempts=1, allow_loopback_http=loopback, clock=timer
    )
    try:
        with _Redirect(port) as redirect:
            address = f"http://127.0.0.1:{redirect.server.server_port}/"
            parameters = urlencode(
                {
                    "client_id": client_id,
                    "response_type": "code",
                    "state": redirect.server.state,
                    "redirect_uri": address,
                }
            )
            show(f"{base}/oauth/authorize/?{parameters}")
            if not redirect.server.arrived.wait(wait):
                raise UnavailableError(
                    "nobody consented within {seconds} s; the address of the application's "
                    "handler has to be {address}, try again",
                    seconds=round(wait),
                    address=address,
                )
            query = redirect.server.query
        code = query.get("code", "")
        if not code:
            raise AuthenticationError(
                "Bitrix24 gave no code ({reason}); open the address as a user who may use the "
                "application",
                reason=query.get("error", "no reason")[:80],
            )
        transport.redactor.learn(code)
        endpoint = query.get("server_domain", "")
        server = auth_server(
            endpoint if "://" in endpoint or not endpoint else f"https://{endpoint}",
            loopback=loopback,
        )
        request = urlencode(
            {
                "grant_type": "authorization_code",
                "client_id": client_id,
                "client_secret": client_secret,
                "code": code,
            }
        )
        tokens = request_tokens(
            transport, server, request, hide=(client_secret, code), clock=timer
        )
        store_tokens(file, tokens)
        return tokens.get("scope", "")
    finally:
        transport.close()
