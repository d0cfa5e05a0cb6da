"""A polite transport over ``requests`` that keeps secrets.

It asks no faster than the host allows, repeats only what may be repeated, follows no redirect,
verifies TLS always, and lets no secret into a message, a log record or a chained exception.
Statuses are left to the adapter: only it knows what a 500 means at its system.
"""

from __future__ import annotations

import json
import logging
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from random import Random
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

import requests
import urllib3
from attrs import field, frozen

from abcxyz.errors import ConfigError, UnavailableError

__all__ = [
    "Answer",
    "Bucket",
    "NotSentError",
    "OutcomeUnknownError",
    "Redactor",
    "TokenBucket",
    "Transport",
]

_BUSY = frozenset({429, 502, 503, 504})
_KEYS = (
    "access_token|refresh_token|client_secret|application_token|authorization|password|token"
    "|secret|sessid|signature|auth|code|key"
)
_PAIR = re.compile(rf"""(?i)(["']?\b(?:{_KEYS})["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s&,;}}]+)""")
_LOGIN = re.compile(r"(?i)\b(basic|bearer)\s+[\w.~+/=-]+")
_HOOK = re.compile(r"(/rest/(?:api/)?)[^/?#\s]+/[^/?#\s]+/")
_ESCAPED = re.compile("%[0-9A-F]{2}")
_UNSAFE = re.compile(r"[\x00-\x20\\]")
_USER = re.compile(r"(://)[^/@\s]+@")


#: Whoever may log an address or a header on the way.
_LOGGERS = (
    "requests",
    "urllib3",
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.poolmanager",
    "urllib3.response",
    "urllib3.util.retry",
)


def _spellings(secret: str) -> set[str]:
    """Return a secret as it may stand in an address, in a form, and in JSON."""
    quoted = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    lower = {_ESCAPED.sub(lambda found: found[0].lower(), one) for one in quoted}
    return {secret, json.dumps(secret)[1:-1], *quoted, *lower}


class NotSentError(UnavailableError):
    """The request certainly did not reach the other side; it may be repeated."""


class OutcomeUnknownError(UnavailableError):
    """The request may have been carried out; look before asking again."""

    retryable = False


class Redactor:
    """Cover secrets in any text.

    Parameters
    ----------
    secrets
        Literal values; their URL-encoded spellings are covered too.

    Examples
    --------
    >>> Redactor(["s3cr3t"]).text("POST /rest/7/s3cr3t/profile?auth=abc")
    'POST /rest/***/profile?auth=***'
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._literal: list[str] = []
        self.learn(*secrets)

    def __repr__(self) -> str:
        return "Redactor(***)"

    def learn(self, *secrets: str) -> None:
        """Cover these values too: a token that was renewed while running."""
        spellings = {one for value in secrets if value for one in _spellings(value)}
        # Longest first: a secret may hold another one.
        self._literal = sorted({*self._literal, *spellings}, key=len, reverse=True)

    def text(self, text: str) -> str:
        """Return *text* with every known or likely secret covered."""
        for secret in self._literal:
            text = text.replace(secret, "***")
        text = _USER.sub(r"\1***@", _HOOK.sub(r"\1***/", text))
        return _PAIR.sub(r"\1***", _LOGIN.sub(r"\1 ***", text))

    def filter(self, record: logging.LogRecord) -> bool:
        """Cover a log record in place and let it pass."""
        record.msg, record.args = self.text(record.getMessage()), ()
        record.exc_info = record.exc_text = None
        return True


class TokenBucket:
    """Rate limiter; share one object per host among all clients.

    Parameters
    ----------
    rate
        Requests per second, on average.
    burst
        Requests that may go at once.
    """

    def __init__(
        self,
        rate: float,
        burst: float = 1.0,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not (rate > 0 and burst >= 1):
            raise ConfigError(
                "rate {rate!r} and burst {burst!r} cannot pace requests; give a rate above 0 and "
                "a burst of at least 1",
                rate=rate,
                burst=burst,
            )
        self._rate, self._burst, self._clock, self._sleep = rate, burst, clock, sleep
        self._lock = threading.Lock()
        self._tokens, self._seen = burst, clock()

    def take(self) -> None:
        """Wait for a turn."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._seen) * self._rate)
            self._seen = now
            # Going below zero books a place in the queue, so the wait needs no lock.
            self._tokens -= 1
            wait = -self._tokens / self._rate
        if wait > 0:
            self._sleep(wait)

    def drain(self) -> None:
        """Empty the bucket: the host says it is too much."""
        with self._lock:
            self._tokens, self._seen = min(self._tokens, 0.0), self._clock()

    def slow_down(self, factor: float) -> None:
        """Multiply rate and burst by *factor*: the host goes on saying it is too much."""
        with self._lock:
            self._rate, self._burst = self._rate * factor, max(1.0, self._burst * factor)
            self._tokens = min(self._tokens, self._burst)


Bucket = TokenBucket
"""Name of `TokenBucket` in version 0.1."""


@frozen
class Answer:
    """Status, headers and body of one exchange; the body and headers stay out of its repr."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def retry_after(self, now: float) -> float | None:
        """Return the seconds the host asks to wait; *now* is POSIX time. None if it is silent."""
        value = self.headers.get("Retry-After", "").strip()
        if value.isascii() and value.isdigit():
            return float(value)
        try:
            return max(0.0, parsedate_to_datetime(value).timestamp() - now)
        except ValueError:
            return None


class _SystemTrust(requests.adapters.HTTPAdapter):
    """Trust the authorities of this machine besides those that come with ``requests``."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, ssl_context=ssl.create_default_context(), **options)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        context = ssl.create_default_context()
        return super().proxy_manager_for(proxy, ssl_context=context, **options)


def _trusting_session() -> requests.Session:
    session = requests.Session()
    session.mount("https://", _SystemTrust())
    return session


class Transport:
    """Send requests politely.

    TLS is always verified, against the authorities of this machine and those of ``requests``.

    Parameters
    ----------
    secrets
        Literal values to keep out of every text.
    bucket
        Pace; share it per host.
    connect_timeout, read_timeout
        Seconds.
    attempts
        How often a request is tried at most.
    longest_wait
        Seconds; a host asking for more gets its answer handed back instead.
    proxy
        Address of a proxy; the environment is not looked at.
    allow_loopback_http
        Accept plain ``http://`` to this very machine.
    allow_http
        Accept plain ``http://`` to any host: only for a network that nobody else can listen to.
    """

    def __init__(
        self,
        *,
        secrets: Iterable[str] = (),
        bucket: TokenBucket | None = None,
        connect_timeout: float = 10.0,
        read_timeout: float = 65.0,
        attempts: int = 3,
        longest_wait: float = 600.0,
        proxy: str | None = None,
        allow_loopback_http: bool = False,
        allow_http: bool = False,
        session: requests.Session | None = None,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] | None = None,
    ) -> None:
        self.redactor = Redactor(secrets)
        self._session = session if session is not None else _trusting_session()
        # A .netrc entry would otherwise add credentials of its own.
        self._session.trust_env = False
        if proxy is not None:
            self._session.proxies = {"https": proxy, "http": proxy}
        self._bucket, self._attempts, self._longest = bucket, max(1, attempts), longest_wait
        self._timeouts = (connect_timeout, read_timeout)
        self._plain, self._any_plain = allow_loopback_http, allow_http
        self._now, self._sleep = now, sleep
        self._random = random if random is not None else Random().random  # noqa: S311 - spreads retries, guards nothing
        # A filter sees what is logged to its own logger alone.
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(self.redactor.filter)

    def __repr__(self) -> str:
        return "Transport(***)"

    def close(self) -> None:
        """Close the connections."""
        self._session.close()
        for name in _LOGGERS:
            logging.getLogger(name).removeFilter(self.redactor.filter)

    def send(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
        timeout: float | None = None,
    ) -> Answer:
        """Send a request and return the whole answer, whatever its status.

        Parameters
        ----------
        repeatable
            Doing it twice does no harm. Others are repeated only if certainly not sent.
        timeout
            Seconds to wait for the answer.

        Raises
        ------
        NotSentError
            Nothing reached the host.
        OutcomeUnknownError
            The request may have been carried out.
        ConfigError
            The address is not acceptable.
        """
        self._check(url)
        for attempt in range(1, self._attempts + 1):
            last = attempt == self._attempts
            outcome = self._once(method, url, body, headers, repeatable, timeout)
            wait = self._random() * min(60.0, 2.0**attempt)
            if isinstance(outcome, Answer):
                asked = outcome.retry_after(self._now())
                if last or not repeatable or outcome.status not in _BUSY:
                    return outcome
                if asked is not None:
                    if asked > self._longest:
                        return outcome
                    wait += asked
                if self._bucket is not None:
                    self._bucket.drain()
            elif isinstance(outcome, ConfigError):
                raise outcome
            elif last or not (outcome.retryable or self._may_repeat(outcome, repeatable)):
                # Outside any `except`: the error has no context that could hold the address.
                raise outcome
            self._sleep(wait)
        raise AssertionError("unreachable")  # pragma: no cover

    @staticmethod
    def _may_repeat(problem: UnavailableError, repeatable: bool) -> bool:
        return repeatable and isinstance(problem, OutcomeUnknownError)

    def _check(self, url: str) -> None:
        # By the parser that will choose the host, so that both see the same one.
        try:
            parts = urllib3.util.parse_url(url)
        except urllib3.exceptions.LocationParseError:
            parts = urllib3.util.Url()
        host = (parts.host or "").strip("[]")
        if not host or _UNSAFE.search(url):
            raise ConfigError("the address is none; check its host and its signs")
        if parts.scheme == "https" or (
            parts.scheme == "http" and (self._any_plain or (self._plain and _loopback(host)))
        ):
            return
        raise ConfigError(
            "{scheme!r} is no safe way to {host!r}; use https",
            scheme=parts.scheme or "",
            host=host,
        )

    def _once(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str] | None,
        repeatable: bool,
        timeout: float | None,
    ) -> Answer | UnavailableError | ConfigError:
        if self._bucket is not None:
            self._bucket.take()
        if not repeatable:
            # A stale kept-alive connection looks like a lost answer: start a fresh one.
            self._session.close()
        read = self._timeouts[1] if timeout is None else timeout
        try:
            got = self._session.request(
                method,
                url,
                data=body,
                headers=dict(headers or {}),
                timeout=(self._timeouts[0], read),
                allow_redirects=False,
                verify=True,
            )
        except ValueError as problem:
            # What is raised, by requests too, for an address or a header that cannot be sent.
            return ConfigError(
                "the request cannot be written ({kind}); check its address and headers",
                kind=type(problem).__name__,
            )
        except requests.RequestException as problem:
            return _judge(problem, urlsplit(url).hostname or "")
        return Answer(got.status_code, got.headers, got.content)


def _judge(problem: requests.RequestException, host: str) -> UnavailableError:
    kind = type(problem).__name__
    reason = getattr(problem.args[0] if problem.args else None, "reason", None)
    if isinstance(problem, requests.exceptions.SSLError) and "CERTIFICATE" in str(problem):
        refused = NotSentError(
            "the certificate of {host} is not trusted; install its authority on this machine",
            host=host,
        )
    elif isinstance(problem, requests.exceptions.ProxyError):
        refused = NotSentError("the proxy did not let through to {host}; check it", host=host)
    elif isinstance(problem, requests.exceptions.ConnectTimeout) or isinstance(
        reason, urllib3.exceptions.NewConnectionError
    ):
        return NotSentError(
            "{host} cannot be reached ({kind}); check the address and the network",
            host=host,
            kind=kind,
        )
    else:
        return OutcomeUnknownError(
            "no whole answer from {host} ({kind}); the request may have been carried out, look "
            "before repeating it",
            host=host,
            kind=kind,
        )
    refused.retryable = False
    return refused


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
