"""Waits between requests: backoff, the ``Retry-After`` header, and a rate limiter."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from random import Random

from attrs import field, frozen

from abcxyz.errors import ConfigError
from abcxyz.toolkit.clock import Clock, SystemClock

__all__ = ["Backoff", "TokenBucket", "retry_after"]


def retry_after(header: str, now: float) -> float | None:
    """Parse the header ``Retry-After``.

    Parameters
    ----------
    header
        Value of the header: seconds, or an HTTP date (RFC 9110, section 10.2.3).
    now
        POSIX time in seconds.

    Returns
    -------
    float or None
        Seconds to wait from *now*, at least 0; None where the header is neither.

    Examples
    --------
    >>> retry_after("120", 0.0), retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 50.0)
    (120.0, 10.0)
    >>> retry_after("soon", 0.0) is None
    True
    """
    value = header.strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except ValueError:
        return None


def _randomness() -> Callable[[], float]:
    return Random().random  # noqa: S311 - spreads retries, guards nothing


@frozen
class Backoff:
    """Exponential backoff with jitter, bounds and a deadline.

    It computes waiting times only. The caller decides whether a request may be repeated, because
    only the caller knows whether the first attempt may have taken effect.

    Parameters
    ----------
    attempts
        Maximum number of attempts, the first included; None where the caller counts them.
    first
        Seconds before the second attempt.
    factor
        Ratio of each pause to the one before.
    longest
        Upper bound of a computed pause, in seconds.
    jitter
        Bounds of a random factor, drawn uniformly for each pause: ``(0, 1)`` is "full jitter",
        ``(1, 1)`` is no jitter.
    longest_requested
        Seconds; if the server requests a longer pause, `wait` gives up.
    deadline
        Seconds since the first attempt; no pause may end later.
    random
        Returns a random number from 0 (included) to 1 (excluded).

    Notes
    -----
    Pause *n* is ``min(longest, first · factor**(n − 1)) · j``, with *j* drawn from *jitter*, and
    never above *longest*. The pause requested by the server is added, so that clients that
    received the same ``Retry-After`` return at different moments. Full jitter: Marc Brooker,
    "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

    Examples
    --------
    >>> steady = Backoff(attempts=4, first=1.0, factor=3.0, jitter=(1.0, 1.0))
    >>> [steady.wait(attempt) for attempt in (1, 2, 3, 4)]
    [1.0, 3.0, 9.0, None]
    >>> steady.wait(1, requested=30.0), steady.wait(1, requested=3600.0)
    (31.0, None)
    """

    attempts: int | None = 3
    first: float = 2.0
    factor: float = 2.0
    longest: float = 60.0
    jitter: tuple[float, float] = (0.0, 1.0)
    longest_requested: float = 600.0
    deadline: float = math.inf
    random: Callable[[], float] = field(factory=_randomness, repr=False, eq=False)

    def pause(self, attempt: int) -> float:
        """Return the pause in seconds after *attempt* (from 1), ignoring the limit on attempts.

        Examples
        --------
        >>> Backoff(jitter=(1.0, 1.0)).pause(3)
        8.0
        """
        low, high = self.jitter
        # After very many attempts the power would overflow.
        steps = min(attempt - 1, 1_000)
        try:
            grown = self.first * self.factor**steps
        except OverflowError:
            grown = self.longest
        return min(self.longest, min(self.longest, grown) * (low + (high - low) * self.random()))

    def wait(
        self, attempt: int, *, requested: float | None = None, elapsed: float = 0.0
    ) -> float | None:
        """Return the seconds to wait after *attempt*, or None to give up.

        Parameters
        ----------
        attempt
            Number of the attempt that failed, from 1.
        requested
            Seconds that the server requests to wait, see `retry_after`.
        elapsed
            Seconds since the first attempt began.

        Returns
        -------
        float or None
            None after the last attempt, where the server requests more than *longest_requested*,
            and where the pause would end after *deadline*.
        """
        if self.attempts is not None and attempt >= self.attempts:
            return None
        if requested is not None and requested > self.longest_requested:
            return None
        seconds = self.pause(attempt) + (requested or 0.0)
        return seconds if elapsed + seconds <= self.deadline else None


class TokenBucket:
    """Token bucket rate limiter, to be shared by all clients of a host.

    Parameters
    ----------
    rate
        Requests per second, on average.
    burst
        Maximum number of requests without a wait in between.
    clock
        Clock for measuring and waiting; the system clock by default.
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
        """Take a token, waiting until one is available."""
        with self._lock:
            now = self._clock.monotonic()
            self._tokens = min(self._burst, self._tokens + (now - self._seen) * self._rate)
            self._seen = now
            # A negative balance reserves a place in the queue, so the wait needs no lock.
            self._tokens -= 1
            wait = -self._tokens / self._rate
        if wait > 0:
            self._clock.sleep(wait)

    def drain(self) -> None:
        """Empty the bucket, after the host refused a request for its rate."""
        with self._lock:
            self._tokens, self._seen = min(self._tokens, 0.0), self._clock.monotonic()

    def slow_down(self, factor: float) -> None:
        """Multiply rate and burst by *factor*, after the host refused requests repeatedly."""
        with self._lock:
            self._rate, self._burst = self._rate * factor, max(1.0, self._burst * factor)
            self._tokens = min(self._tokens, self._burst)
