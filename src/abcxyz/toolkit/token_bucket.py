"""Rate limiter of requests: a token bucket."""

from __future__ import annotations

import threading

from abcxyz.errors import ConfigError
from abcxyz.toolkit.clock import Clock, SystemClock

__all__ = ["TokenBucket"]


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
