"""HTTP transport over ``requests`` with rate limits, retries and redaction of secrets.

It repeats only requests that are safe to repeat, follows no redirects, always verifies TLS, and
keeps secrets out of messages, log records and chained exceptions. It does not interpret statuses:
the meaning of a 500 depends on the system, so the adapter handles it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import NoReturn
from urllib.parse import urlsplit

import requests
import urllib3
from attrs import evolve, field, frozen

from abcxyz.errors import ConfigError, UnavailableError
from abcxyz.http.session import DEADLINES, TrustingSession
from abcxyz.toolkit.backoff import Backoff, TokenBucket, retry_after
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
_PIECE = 1 << 16  # bytes of an answer read at a time
_UNSAFE = re.compile(r"[\x00-\x20\\]")

#: Loggers that may log a URL or a header of a request.
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
    """The request certainly did not reach the server; it may be repeated."""


class OutcomeUnknownError(UnavailableError):
    """The request may have taken effect; check before repeating it."""

    retryable = False


class _EndlessError(OutcomeUnknownError):
    """The answer did not end; another one would not either."""


Bucket = TokenBucket
"""Name of `TokenBucket` in version 0.1."""


@frozen
class Answer:
    """Response: status, headers and body; its repr shows neither headers nor body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def retry_after(self, now: float) -> float | None:
        """Return the seconds of ``Retry-After`` from *now* (POSIX time); None without it."""
        return retry_after(self.headers.get("Retry-After", ""), now)


class Transport:
    """Send HTTP requests within a rate limit, with retries and redacted errors.

    TLS is always verified, against the certificate authorities of this machine and those of
    ``requests``.

    Parameters
    ----------
    secrets
        Literal values to redact in every message and log record.
    bucket
        Rate limiter, shared per host.
    connect_timeout, read_timeout
        Seconds; the second for each piece of the answer.
    total_timeout
        Seconds for the whole answer with its headers, however steadily it trickles in.
    largest
        Maximum size of an answer in bytes, unpacked.
    attempts
        Maximum number of attempts per request.
    longest_wait
        Seconds; if the host requests a longer wait, its response is returned without a retry.
    proxy
        URL of a proxy; environment variables are ignored.
    allow_loopback_http
        Accept plain ``http://`` to this machine.
    allow_http
        Accept plain ``http://`` to any host; safe only on a trusted network.
    clock
        Clock for waits between attempts; the system clock by default.
    random
        Returns the jitter of those waits, from 0 (included) to 1 (excluded).
    """

    def __init__(
        self,
        *,
        secrets: Iterable[str] = (),
        bucket: TokenBucket | None = None,
        connect_timeout: float = 10.0,
        read_timeout: float = 65.0,
        total_timeout: float = 900.0,
        largest: int = 1 << 29,
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
        self._session = session if session is not None else TrustingSession()
        # Otherwise requests would add credentials from a .netrc file.
        self._session.trust_env = False
        if proxy is not None:
            self._session.proxies = {"https": proxy, "http": proxy}
        backoff = Backoff(attempts=max(1, attempts), longest_requested=longest_wait)
        self._backoff = backoff if random is None else evolve(backoff, random=random)
        self._bucket = bucket
        self._timeouts = (connect_timeout, read_timeout)
        self._total, self._largest = total_timeout, largest
        self._plain, self._any_plain = allow_loopback_http, allow_http
        self._clock = clock if clock is not None else SystemClock()
        # A filter applies only to records logged through its logger, not through child loggers.
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(self.redactor.filter)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a transport holds secrets and cannot be pickled")

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
        """Send a request and return the response, with any status.

        Parameters
        ----------
        repeatable
            Whether sending the request twice is safe. Other requests are repeated only if they
            were certainly not sent.
        timeout
            Seconds to wait for the response.

        Raises
        ------
        NotSentError
            The request did not reach the host.
        OutcomeUnknownError
            The request may have taken effect.
        ConfigError
            The URL is not acceptable.
        """
        self._check(url)
        for attempt in count(1):
            outcome = self._once(method, url, body, headers, repeatable, timeout)
            if isinstance(outcome, Answer):
                requested = outcome.retry_after(self._clock.now())
                wait = self._backoff.wait(attempt, requested=requested)
                if wait is None or not repeatable or outcome.status not in _BUSY:
                    return outcome
                if self._bucket is not None:
                    self._bucket.drain()
            else:
                wait = self._backoff.wait(attempt)
                if wait is None or not self._may_repeat(outcome, repeatable):
                    # Outside any `except`: the error has no context that could hold the URL.
                    raise outcome
            self._clock.sleep(wait)
        raise AssertionError("unreachable")  # pragma: no cover

    @staticmethod
    def _may_repeat(problem: UnavailableError | ConfigError, repeatable: bool) -> bool:
        if isinstance(problem, (ConfigError, _EndlessError)):
            return False
        return problem.retryable or (repeatable and isinstance(problem, OutcomeUnknownError))

    def _check(self, url: str) -> None:
        # By the parser that also chooses the host, so that both see the same host.
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
            # A stale keep-alive connection looks like a lost response: open a new one.
            self._session.close()
        read = self._timeouts[1] if timeout is None else timeout
        started = self._clock.monotonic()
        DEADLINES.end = self._clock, started + self._total
        host = urlsplit(url).hostname or ""
        try:
            got = self._session.request(
                method,
                url,
                data=body,
                headers=dict(headers or {}),
                timeout=(self._timeouts[0], read),
                allow_redirects=False,
                verify=True,
                stream=True,
            )
            with got:
                content: bytes | None = self._content(got, started)
        except ValueError as problem:
            # Raised, also by requests, for a URL or a header that cannot be sent.
            return ConfigError(
                "the request cannot be written ({kind}); check its address and headers",
                kind=type(problem).__name__,
            )
        except requests.RequestException as problem:
            if self._clock.monotonic() - started < self._total:
                return _judge(problem, host)
            content = None
        finally:
            DEADLINES.end = None
        if content is None:
            return _EndlessError(
                "the answer of {host} took over {seconds} s as a whole; the request may have been "
                "carried out, look before repeating it",
                host=host,
                seconds=self._total,
            )
        if len(content) > self._largest:
            large = UnavailableError(
                "the answer of {host} is larger than {megabytes} MB unpacked; ask for less",
                host=host,
                megabytes=self._largest >> 20,
            )
            large.retryable = False
            return large
        return Answer(got.status_code, got.headers, content)

    def _content(self, got: requests.Response, started: float) -> bytes | None:
        """Read the body up to the limit; None after the deadline, which ends an endless one."""
        parts: list[bytes] = []
        size = 0
        for part in got.iter_content(_PIECE):
            if self._clock.monotonic() - started > self._total:
                return None
            parts.append(part)
            size += len(part)
            if size > self._largest:
                break
        return b"".join(parts)


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
