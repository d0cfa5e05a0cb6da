"""A polite transport over ``requests`` that keeps secrets.

It asks no faster than the host allows, repeats only what may be repeated, follows no redirect,
verifies TLS always, and lets no secret into a message, a log record or a chained exception.
Statuses are left to the adapter: only it knows what a 500 means at its system.
"""

from __future__ import annotations

import logging
import re
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from attrs import evolve, field, frozen

from abcxyz.errors import ConfigError, UnavailableError
from abcxyz.toolkit.backoff import Backoff, retry_after
from abcxyz.toolkit.clock import Clock, SystemClock
from abcxyz.toolkit.loopback import is_loopback
from abcxyz.toolkit.redaction import Redactor

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
_UNSAFE = re.compile(r"[\x00-\x20\\]")

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


class NotSentError(UnavailableError):
    """The request certainly did not reach the other side; it may be repeated."""


class OutcomeUnknownError(UnavailableError):
    """The request may have been carried out; look before asking again."""

    retryable = False


class TokenBucket:
    """Rate limiter; share one object per host among all clients.

    Parameters
    ----------
    rate
        Requests per second, on average.
    burst
        Requests that may go at once.
    clock
        Measures and waits; the system clock by default.
    """

    def __init__(
        self,
        rate: float,
        burst: float = 1.0,
        *,
        clock: Clock | None = None,
    ) -> None:
        if not (rate > 0 and burst >= 1):
            raise ConfigError(
                "rate {rate!r} and burst {burst!r} cannot pace requests; give a rate above 0 and "
                "a burst of at least 1",
                rate=rate,
                burst=burst,
            )
        self._rate, self._burst = rate, burst
        self._clock = clock if clock is not None else SystemClock()
        self._lock = threading.Lock()
        self._tokens, self._seen = burst, self._clock.monotonic()

    def take(self) -> None:
        """Wait for a turn."""
        with self._lock:
            now = self._clock.monotonic()
            self._tokens = min(self._burst, self._tokens + (now - self._seen) * self._rate)
            self._seen = now
            # Going below zero books a place in the queue, so the wait needs no lock.
            self._tokens -= 1
            wait = -self._tokens / self._rate
        if wait > 0:
            self._clock.sleep(wait)

    def drain(self) -> None:
        """Empty the bucket: the host says it is too much."""
        with self._lock:
            self._tokens, self._seen = min(self._tokens, 0.0), self._clock.monotonic()

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
        return retry_after(self.headers.get("Retry-After", ""), now)


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
    clock
        Waits between attempts; the system clock by default.
    random
        Draws the jitter of those waits, from 0 (included) to 1 (excluded).
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
        clock: Clock | None = None,
        random: Callable[[], float] | None = None,
    ) -> None:
        self.redactor = Redactor(secrets)
        self._session = session if session is not None else _trusting_session()
        # A .netrc entry would otherwise add credentials of its own.
        self._session.trust_env = False
        if proxy is not None:
            self._session.proxies = {"https": proxy, "http": proxy}
        backoff = Backoff(attempts=max(1, attempts), longest_asked=longest_wait)
        self._backoff = backoff if random is None else evolve(backoff, random=random)
        self._bucket = bucket
        self._timeouts = (connect_timeout, read_timeout)
        self._plain, self._any_plain = allow_loopback_http, allow_http
        self._clock = clock if clock is not None else SystemClock()
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
        for attempt in count(1):
            outcome = self._once(method, url, body, headers, repeatable, timeout)
            if isinstance(outcome, Answer):
                asked = outcome.retry_after(self._clock.now())
                wait = self._backoff.wait(attempt, asked=asked)
                if wait is None or not repeatable or outcome.status not in _BUSY:
                    return outcome
                if self._bucket is not None:
                    self._bucket.drain()
            else:
                wait = self._backoff.wait(attempt)
                if wait is None or not self._may_repeat(outcome, repeatable):
                    # Outside any `except`: the error has no context that could hold the address.
                    raise outcome
            self._clock.sleep(wait)
        raise AssertionError("unreachable")  # pragma: no cover

    @staticmethod
    def _may_repeat(problem: UnavailableError | ConfigError, repeatable: bool) -> bool:
        if isinstance(problem, ConfigError):
            return False
        return problem.retryable or (repeatable and isinstance(problem, OutcomeUnknownError))

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
            parts.scheme == "http" and (self._any_plain or (self._plain and is_loopback(host)))
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
