"""One HTTP exchange with a base: login in UTF-8, time-outs, no secret in any error."""

from __future__ import annotations

import base64
from typing import Protocol

import requests
from attrs import field, frozen
from requests.auth import AuthBase

from abcxyz.errors import ConfigError, UnavailableError

__all__ = ["Answer", "LostError", "Requests", "Transport"]


class LostError(UnavailableError):
    """No answer came: whether the request arrived is not known."""


@frozen
class Answer:
    """Status and body."""

    status: int
    body: bytes = field(repr=False)


class Transport(Protocol):
    """The seam: whoever sends one request and waits for its answer."""

    def send(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        timeout: float = 60.0,
    ) -> Answer:
        """Send once; raise `LostError` when no whole answer comes."""


class _Login(AuthBase):
    """Basic, in UTF-8.

    An auth object also wins over an entry in ``.netrc``; a plain header would not, and a pair
    (user, password) is encoded in latin-1, which has no Cyrillic.
    """

    def __init__(self, user: str, password: str) -> None:
        pair = f"{user}:{password}".encode()
        self._value = "Basic " + base64.b64encode(pair).decode("ascii")

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._value
        return request

    def __repr__(self) -> str:
        return "Login(…)"


class Requests:
    """Send over a session of ``requests``.

    Parameters
    ----------
    user, password
        Of a user of the base; Cyrillic is fine.
    connect_timeout
        Seconds.
    """

    def __init__(self, user: str, password: str, *, connect_timeout: float = 10.0) -> None:
        self._session = requests.Session()
        self._session.auth = _Login(user, password)
        self._connect = connect_timeout

    def __repr__(self) -> str:
        return "Requests(…)"

    def send(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        timeout: float = 60.0,
    ) -> Answer:
        """Send once.

        Raises
        ------
        LostError
            The connection failed, or the answer did not come in time.
        ConfigError
            The server sends elsewhere; following it would hand the password on.
        """
        try:
            answer = self._session.request(
                method,
                url,
                data=body,
                headers=headers,
                timeout=(self._connect, timeout),
                allow_redirects=False,
            )
        except requests.RequestException as problem:
            # Neither chained nor quoted: its text holds the address with names and references.
            raise LostError(
                "no answer from 1C ({kind}); check the network and that the web server runs",
                kind=type(problem).__name__,
            ) from None
        if 300 <= answer.status_code < 400:
            raise ConfigError(
                "the web server of 1C redirects to another address (HTTP {status}); put the final "
                "address, ending with /odata/standard.odata, into url",
                status=answer.status_code,
            )
        return Answer(answer.status_code, answer.content)
