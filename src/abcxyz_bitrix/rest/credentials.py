"""Credentials of a portal: incoming webhook, or OAuth tokens of an application."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlencode, urlsplit

from attrs import field, frozen

from abcxyz.errors import AdapterError, ConfigError, UnavailableError
from abcxyz.http import OutcomeUnknownError, Transport
from abcxyz.plugins import Secret
from abcxyz.toolkit import (
    Backoff,
    Clock,
    SystemClock,
    file_lock,
    is_loopback,
    read_private,
    write_atomic,
)
from abcxyz.toolkit.parsing import parse_json
from abcxyz.toolkit.secrets import check_path_name
from abcxyz_bitrix.rest.errors import NotJsonError
from abcxyz_bitrix.rest.refusals import refusal

__all__ = [
    "AUTH_SERVERS",
    "Credentials",
    "OAuth",
    "SecretOrReference",
    "Webhook",
    "auth_server",
    "portal_base",
    "request_tokens",
    "store_tokens",
]

AUTH_SERVERS = ("https://oauth.bitrix24.tech", "https://oauth.bitrix.info")
"""The only hosts that may see a client secret."""

_REQUIRED = ("access_token", "refresh_token")
_STORED = (*_REQUIRED, "client_endpoint", "server_endpoint", "expires", "member_id", "scope")
_BACKOFF = Backoff(attempts=3)

SecretOrReference = Secret | Mapping[str, str]
"""A secret, or a reference to it as `read_secret` takes it; a job must not hold the secret."""


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
        answer = parse_json(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


class _Unpicklable:
    """Base class that refuses pickling: a secret must not reach a file or another process."""

    def __reduce__(self) -> NoReturn:
        raise TypeError("credentials are not picklable")


def portal_base(url: str, loopback: bool) -> str:
    """Check an address and return ``https://host[:port]``."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host or parts.username or parts.scheme not in ("https", "http"):
        raise ConfigError(
            "the address of the portal cannot be used; it looks like https://name.bitrix24.ru"
        )
    if parts.scheme == "http" and not (loopback and is_loopback(host)):
        raise ConfigError(
            "{host} is addressed without https; use https (plain http only goes to this machine, "
            "with insecure_loopback = true)",
            host=host,
        )
    return f"{parts.scheme}://{parts.netloc}"


@frozen
class Webhook(_Unpicklable):
    """An incoming webhook.

    Parameters
    ----------
    base
        ``https://host``.
    user
        Id of the user who made it.
    """

    base: str
    user: int
    _secret: str = field(repr=False)

    @classmethod
    def parse(cls, url: str, *, loopback: bool = False) -> Webhook:
        """Read the address that Bitrix24 shows when a webhook is made.

        Raises
        ------
        ConfigError
            It is not such an address. The message does not repeat it.
        """
        base = portal_base(url, loopback)
        parts = [part for part in urlsplit(url).path.split("/") if part]
        if len(parts) < 3 or parts[0] != "rest" or not parts[1].isdigit():
            raise ConfigError(
                "webhook is no address of an incoming webhook; it looks like "
                "https://name.bitrix24.ru/rest/7/SECRET/"
            )
        return cls(base, int(parts[1]), parts[2])

    @property
    def host(self) -> str:
        """Host with its port."""
        return urlsplit(self.base).netloc

    @property
    def secrets(self) -> tuple[str, ...]:
        """Strings to remove from every text."""
        return (self._secret,)

    @property
    def identity(self) -> str:
        """Name of the credentials, without the secret."""
        return f"webhook {self.user}"

    def path(self, method: str, *, version: int = 2) -> str:
        """Return the URL path of a method."""
        inside = "api/" if version == 3 else ""
        return f"/rest/{inside}{self.user}/{self._secret}/{method}"

    def token(self) -> str | None:
        """Return None: the secret is in the path, and the body holds no token."""
        return None

    def renew(self, _stale: str | None) -> bool:
        """Return False: a webhook has no tokens to renew."""
        return False


@frozen(eq=False)
class OAuth(_Unpicklable):
    """Tokens of an application, stored in one file.

    Parameters
    ----------
    client_id
        Id of the application.
    file
        The token file, mode 0600: a JSON object as the authorisation server answers it.
    loopback
        Allow an authorisation server on this machine.
    clock
        Clock of the pauses between attempts.

    Notes
    -----
    The refresh token changes with every use, so the new pair is on disk before it is used. One
    refresh happens at a time, in this process and among processes; a caller that waited reads
    the file again.
    """

    base: str
    client_id: str
    _client_secret: str = field(repr=False)
    file: Path
    _transport: Transport = field(repr=False)
    loopback: bool = False
    clock: Clock = field(factory=SystemClock, repr=False)
    _lock: threading.RLock = field(factory=threading.RLock, repr=False, init=False)

    @classmethod
    def open(
        cls,
        portal: str,
        client_id: str,
        client_secret: str,
        file: Path,
        transport: Transport,
        *,
        loopback: bool = False,
        clock: Clock | None = None,
    ) -> OAuth:
        """Check the address and the token file.

        Raises
        ------
        ConfigError
            One of them cannot be used.
        """
        url = portal if "://" in portal else f"https://{portal}"
        made = cls(
            portal_base(url, loopback), client_id, client_secret, Path(file), transport, loopback,
            clock or SystemClock(),
        )  # fmt: skip
        made.token()
        return made

    @property
    def host(self) -> str:
        """Host with its port."""
        return urlsplit(self.base).netloc

    @property
    def secrets(self) -> tuple[str, ...]:
        """Strings to remove from every text."""
        tokens = self._read()
        return (self._client_secret, tokens["access_token"], tokens["refresh_token"])

    @property
    def identity(self) -> str:
        """Name of the credentials, without the secret."""
        return f"application {self.client_id}"

    def path(self, method: str, *, version: int = 2) -> str:
        """Return the URL path of a method."""
        return f"/rest/{'api/' if version == 3 else ''}{method}"

    def token(self) -> str | None:
        """Return the current access token."""
        return self._read()["access_token"]

    def renew(self, stale: str | None) -> bool:
        """Replace the *stale* pair of tokens, unless another caller already did.

        Raises
        ------
        AuthenticationError
            The application has to be authorised again.
        """
        with self._lock, file_lock(self.file.with_name(self.file.name + ".lock")):
            tokens = self._read()
            if tokens["access_token"] != stale:
                return True
            fresh = self._refresh(tokens)
            self._transport.redactor.learn(fresh["access_token"], fresh["refresh_token"])
            store_tokens(self.file, {**tokens, **fresh})
            return True

    def _refresh(self, tokens: Mapping[str, str]) -> dict[str, str]:
        server = self._server(tokens.get("server_endpoint", ""))
        parameters = urlencode(
            {
                "grant_type": "refresh_token",
                "client_id": self.client_id,
                "client_secret": self._client_secret,
                "refresh_token": tokens["refresh_token"],
            }
        )
        hide = (self._client_secret, *tokens.values())
        # A repeated request with the old token is safe: it works, or fails with invalid_grant.
        return request_tokens(self._transport, server, parameters, hide=hide, clock=self.clock)

    def _server(self, endpoint: str) -> str:
        return auth_server(endpoint, loopback=self.loopback)

    def _read(self) -> dict[str, str]:
        check_path_name(self.file, "token_file: ")
        content = read_private(self.file, "token_file: ")
        try:
            tokens = parse_json(content)
        except ValueError:
            tokens = None
        if not isinstance(tokens, dict) or not {"access_token", "refresh_token"} <= set(tokens):
            raise ConfigError(
                "{path} holds no tokens; store the answer of the authorisation server there, "
                "with access_token and refresh_token",
                path=str(self.file),
            )
        return {str(name): str(value) for name, value in tokens.items()}


Credentials = Webhook | OAuth


def store_tokens(path: Path, tokens: Mapping[str, str]) -> None:
    """Replace the token file atomically, readable by its owner only."""
    try:
        write_atomic(path, json.dumps(dict(tokens)).encode(), private=True)
    except AdapterError as problem:
        raise UnavailableError(
            "the new tokens cannot be stored in {path} ({reason}); make the folder writable and "
            "authorise the application again",
            path=str(path),
            reason=problem.details["reason"],
        ) from None
