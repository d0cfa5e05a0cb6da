"""Transports of the server: standard input and output, and HTTP on the loopback interface."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, redirect_stdout, suppress
from functools import partial
from types import FrameType
from typing import Any

import anyio
from attrs import define
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


@define
class _Stop:
    """The first signal that ends the server, and what wakes the event loop then.

    An exception that a handler of signals raises within the loop ends the task that happens to
    run, of which the loop then complains; so the handler only takes a note, and what it stands
    for is done when the loop has ended.
    """

    number: int = 0
    wake: Callable[[], object] | None = None

    def note(self, number: int) -> None:
        """Handle a signal; a second one ends the process at once."""
        self.number = number
        if self.wake is not None:
            with suppress(RuntimeError):  # the loop has ended by itself
                self.wake()

    async def run_until(self, serve: Callable[[], Awaitable[None]]) -> None:
        """Serve until a signal comes; it may have come before."""
        with anyio.CancelScope() as scope:
            self.wake = partial(asyncio.get_running_loop().call_soon_threadsafe, scope.cancel)
            if not self.number:
                await serve()


@contextmanager
def _input_that_ends(stop: _Stop) -> Iterator[None]:
    """Pass standard input on through a pipe that a signal closes.

    Otherwise the thread that waits for the next message of a client would outlive the signal
    until the client closes its end. At the end the signal is handled as it would have been.
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

    def note(number: int, _frame: FrameType | None) -> None:
        for one in handlers:
            signal.signal(one, signal.SIG_DFL)
        stop.note(number)
        end.close()

    # Every signal that Python handles here, such as that of a time limit.
    numbers = {one: signal.getsignal(one) for one in signal.valid_signals()}
    handlers = {int(number): one for number, one in numbers.items() if callable(one)}
    known = sys.stdin
    threading.Thread(target=pass_on, daemon=True).start()
    with os.fdopen(reader, encoding="utf-8") as sys.stdin:
        for number in handlers:
            signal.signal(number, note)
        try:
            yield
        finally:
            sys.stdin = known
            for number, one in handlers.items():
                signal.signal(number, one)
            if stop.number:
                handlers[stop.number](stop.number, None)


def serve_stdio(data: QuestionData, *, refresh: Refresh | None = None, **options: Any) -> None:
    """Serve one client over standard input and output, until it closes them."""
    server = QuestionServer(data, lifespan=_prints_apart, ahead=True, **options)
    if refresh is not None:
        refresh.start(server.replace)
    stop = _Stop()
    with _input_that_ends(stop):
        anyio.run(stop.run_until, server.run_stdio_async)


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
