"""Transports of the server: standard input and output, and HTTP on the loopback interface."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, redirect_stdout, suppress
from types import FrameType
from typing import Any

from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from pydantic import AnyHttpUrl

from abcxyz.mcp.confirming import READ, WRITE
from abcxyz.mcp.refreshing import Refresh
from abcxyz.mcp.server import QuestionServer
from abcxyz.questions import QuestionData
from abcxyz.toolkit.loopback import check_loopback, check_token, is_token, listen, serve_loopback

__all__ = ["http_app", "serve_http", "serve_stdio"]


class _OneToken:
    """Verifier that knows one token."""

    def __init__(self, token: str, scopes: list[str]) -> None:
        self._token = token
        self._scopes = scopes

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the access of the token; None for any other."""
        if not is_token(token, self._token):
            return None
        return AccessToken(token=token, client_id="abcxyz", scopes=self._scopes)


@asynccontextmanager
async def _prints_apart(_: Any) -> AsyncIterator[None]:
    """Send what a library prints to standard error, not between the messages.

    It begins after the transport has taken the true standard output.
    """
    with redirect_stdout(sys.stderr):
        yield


@contextmanager
def _input_that_ends() -> Iterator[None]:
    """Pass standard input on through a pipe that Ctrl-C and SIGTERM close.

    Otherwise the thread that waits for the next message of a client would outlive the signal
    until the client closes its end.
    """
    try:
        source = sys.stdin.fileno()
    except (OSError, ValueError):  # no file, as in some embedding programs
        yield
        return
    reader, writer = os.pipe()
    end = os.fdopen(writer, "wb", buffering=0)

    def pass_on() -> None:
        with suppress(OSError, ValueError), end:
            while piece := os.read(source, 1 << 16):
                while piece:
                    piece = piece[end.write(piece) :]

    def stop(number: int, frame: FrameType | None) -> None:
        end.close()
        handlers[number](number, frame)

    numbers = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    handlers = {int(number): one for number, one in numbers.items() if callable(one)}
    known = sys.stdin
    threading.Thread(target=pass_on, daemon=True).start()
    with os.fdopen(reader, encoding="utf-8") as sys.stdin:
        for number in handlers:
            signal.signal(number, stop)
        try:
            yield
        finally:
            sys.stdin = known
            for number, one in handlers.items():
                signal.signal(number, one)


def serve_stdio(data: QuestionData, *, refresh: Refresh | None = None, **options: Any) -> None:
    """Serve one client over standard input and output, until it closes them."""
    server = QuestionServer(data, lifespan=_prints_apart, ahead=True, **options)
    if refresh is not None:
        refresh.start(server.replace)
    with _input_that_ends():
        server.run()


def http_app(
    data: QuestionData,
    *,
    token: str,
    host: str,
    port: int,
    refresh: Refresh | None = None,
    **options: Any,
) -> Any:
    """Return the application that serves over HTTP with a token.

    Raises
    ------
    ConfigError
        The host is not the loopback interface, or the token is too short.
    """
    check_loopback(host)
    check_token(token)
    address = AnyHttpUrl(f"http://{host}:{port}")
    server = QuestionServer(
        data,
        token_verifier=_OneToken(token, [READ] if data.tasks is None else [READ, WRITE]),
        auth=AuthSettings(
            issuer_url=address,
            resource_server_url=address,
            required_scopes=[READ],
            validate_token_resource=False,
        ),
        **options,
    )
    if refresh is not None:
        refresh.start(server.replace)
    return server.streamable_http_app(host=host)


def serve_http(data: QuestionData, *, token: str, host: str, port: int, **options: Any) -> None:
    """Serve over HTTP until the process is stopped; errors as in `http_app`."""
    app = http_app(data, token=token, host=host, port=port, **options)
    serve_loopback(app, listen(host, port))
