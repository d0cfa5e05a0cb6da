"""Requests to the authorisation server: tokens for a code, or for a refresh token."""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import urlsplit

from abcxyz.errors import ConfigError
from abcxyz.http import OutcomeUnknownError, Transport
from abcxyz.toolkit import Backoff, Clock, is_loopback
from abcxyz_bitrix.rest.errors import NotJsonError
from abcxyz_bitrix.rest.refusals import refusal

__all__ = ["AUTH_SERVERS", "auth_server", "request_tokens"]

AUTH_SERVERS = ("https://oauth.bitrix24.tech", "https://oauth.bitrix.info")
"""The only hosts that may see a client secret."""

_REQUIRED = ("access_token", "refresh_token")
_STORED = (*_REQUIRED, "client_endpoint", "server_endpoint", "expires", "member_id", "scope")
_BACKOFF = Backoff(attempts=3)


def auth_server(endpoint: str, *, loopback: bool) -> str:
    """Return the authorisation server of an endpoint; the first known one without it.

    Parameters
    ----------
    endpoint
        Address from a token file or a redirect; only its host counts.
    loopback
        Allow a server on this machine.

    Raises
    ------
    ConfigError
        The server is not known, so that it must not see a client secret.
    """
    if not endpoint:
        return AUTH_SERVERS[0]
    parts = urlsplit(endpoint)
    server = f"{parts.scheme}://{parts.netloc}"
    if server in AUTH_SERVERS or (loopback and is_loopback(parts.hostname or "")):
        return server
    raise ConfigError(
        "the token file names the authorisation server {server!r}; only {known} may see the "
        "client secret",
        server=server,
        known=", ".join(AUTH_SERVERS),
    )


def request_tokens(
    transport: Transport, server: str, parameters: str, *, hide: Iterable[str], clock: Clock
) -> dict[str, str]:
    """Request tokens, again after a page or a lost answer.

    Parameters
    ----------
    parameters
        Encoded query of the request.
    hide
        Secrets that a message must not repeat.

    Raises
    ------
    AuthenticationError
        The server refuses.
    NotJsonError
        It answers without tokens.
    """
    url = f"{server}/oauth/token/?{parameters}"
    attempt = 0
    while True:
        attempt += 1
        problem: OutcomeUnknownError
        try:
            response = transport.send("GET", url, repeatable=True)
        except OutcomeUnknownError as lost:
            problem = lost
        else:
            answer = _decoded(response.body)
            if "error" in answer:
                raise refusal(
                    answer["error"],
                    answer.get("error_description", ""),
                    status=response.status,
                    method="oauth/token",
                    hide=hide,
                )
            if all(name in answer for name in _REQUIRED):
                return {name: str(answer[name]) for name in _STORED if name in answer}
            problem = NotJsonError(
                "the authorisation server answered HTTP {status} without JSON; try again later",
                status=response.status,
            )
        wait = _BACKOFF.wait(attempt)
        if wait is None:
            raise problem from None
        clock.sleep(wait)


def _decoded(body: bytes) -> dict[str, object]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
