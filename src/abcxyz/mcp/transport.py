"""Transports of the server: standard input and output, and HTTP on the loopback interface."""

from __future__ import annotations

import hmac
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, redirect_stdout
from typing import Any

from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from pydantic import AnyHttpUrl

from abcxyz.errors import ConfigError
from abcxyz.mcp.confirming import READ, WRITE
from abcxyz.mcp.server import QuestionServer
from abcxyz.questions import QuestionData
from abcxyz.toolkit.loopback import is_loopback

__all__ = ["http_app", "serve_http", "serve_stdio"]

_SHORTEST = 16


class _OneToken:
    """Verifier that knows one token."""

    def __init__(self, token: str, scopes: list[str]) -> None:
        self._token = token.encode()
        self._scopes = scopes

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the access of the token; None for any other."""
        if not hmac.compare_digest(token.encode(), self._token):
            return None
        return AccessToken(token=token, client_id="abcxyz", scopes=self._scopes)


@asynccontextmanager
async def _prints_apart(_: Any) -> AsyncIterator[None]:
    """Send what a library prints to standard error, not between the messages.

    It begins after the transport has taken the true standard output.
    """
    with redirect_stdout(sys.stderr):
        yield


def serve_stdio(data: QuestionData, **options: Any) -> None:
    """Serve one client over standard input and output, until it closes them."""
    QuestionServer(data, lifespan=_prints_apart, **options).run()


def http_app(data: QuestionData, *, token: str, host: str, port: int, **options: Any) -> Any:
    """Return the application that serves over HTTP with a token.

    Raises
    ------
    ConfigError
        The host is not the loopback interface, or the token is too short.
    """
    if not is_loopback(host):
        raise ConfigError(
            "the server listens on this machine only, not on {host}; use 127.0.0.1", host=host
        )
    if len(token) < _SHORTEST:
        raise ConfigError(
            "the token has fewer than {least} characters; make a random one", least=_SHORTEST
        )
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
    return server.streamable_http_app(host=host)


def serve_http(data: QuestionData, *, token: str, host: str, port: int, **options: Any) -> None:
    """Serve over HTTP until the process is stopped; errors as in `http_app`."""
    import uvicorn

    app = http_app(data, token=token, host=host, port=port, **options)
    # The log names no query, no argument and no token.
    logging.getLogger("uvicorn.access").disabled = True
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False)
