"""Rate limits of a portal: requests per second, and seconds of each method per ten minutes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

from attrs import define, evolve, field, frozen

from abcxyz.errors import ConfigError
from abcxyz.http import TokenBucket
from abcxyz.toolkit import Backoff, Clock, SystemClock
from abcxyz_bitrix.rest.dialect import Times

__all__ = ["Budget", "Operating", "RateLimiter", "Tariff", "rate_limiter_of"]

_MARGIN = 5.0  # seconds below the limit at which waiting begins
_DEFAULT_WAIT = 5.0  # seconds to wait where the portal does not say how long
_SPREAD_FROM = 0.8  # share of the limit above which calls are spread out
_LONGEST, _SHORTEST = 600.0, 10.0
_MINUTE = 60.0
_MAX_REFUSALS = 5  # refusals within a minute after which the rate is lowered
_GROWTH = 1.5
_JITTER = (1.0, 1.25)


@frozen
class Tariff:
    """Rate limits of a tariff of Bitrix24.

    Parameters
    ----------
    rate, burst
        Requests per second on average, and at once.
    operating
        Seconds of one method within ten minutes.

    Examples
    --------
    >>> Tariff.named("enterprise").rate
    5.0
    """

    rate: float = 2.0
    burst: float = 50.0
    operating: float = 480.0

    @classmethod
    def named(cls, name: str) -> Tariff:
        """Return the tariff of a name.

        Raises
        ------
        ConfigError
            There is no such tariff.
        """
        known = {
            "standard": cls(),
            "enterprise": cls(5.0, 250.0),
            "self-hosted": cls(operating=420.0),
        }
        if name not in known:
            raise ConfigError(
                "plan = {name!r} is not known; use one of {known}",
                name=name,
                known=", ".join(known),
            )
        return known[name]


class RateLimiter:
    """Rate limiter shared by all clients of one portal in this process."""

    def __init__(self, tariff: Tariff, clock: Clock) -> None:
        self.tariff = tariff
        self._clock = clock
        self.tokens = TokenBucket(tariff.rate, tariff.burst, clock=clock)
        self._refused: deque[float] = deque(maxlen=_MAX_REFUSALS)
        self._rate = tariff.rate
        self._backoff = Backoff(
            attempts=None,
            first=1 / tariff.rate + 1.0,
            factor=_GROWTH,
            longest=_LONGEST,
            jitter=_JITTER,
        )
        self._lock = threading.Lock()

    def refused(self, attempt: int) -> float:
        """Record a refusal for too many requests; return the seconds before *attempt* + 1."""
        self.tokens.drain()
        with self._lock:
            now = self._clock.monotonic()
            self._refused.append(now)
            if len(self._refused) == _MAX_REFUSALS and now - self._refused[0] <= _MINUTE:
                self.tokens.slow_down(0.8)
                self._rate *= 0.8
                self._refused.clear()
                self._backoff = evolve(self._backoff, first=1 / self._rate + 1.0)
            return self._backoff.pause(attempt + 1)


_limiters: dict[tuple[str, int], RateLimiter] = {}
_limiters_lock = threading.Lock()


def rate_limiter_of(host: str, tariff: Tariff, clock: Clock) -> RateLimiter:
    """Return the one rate limiter of a portal in this process.

    Parameters
    ----------
    host
        Host with its port.
    tariff
        Limits; those of the first caller stay.
    clock
        Each simulated clock has a separate limiter.
    """
    # All real clocks share a limiter. It refers to a simulated clock, whose id is not reused.
    key = (host.lower(), 0 if isinstance(clock, SystemClock) else id(clock))
    with _limiters_lock:
        if key not in _limiters:
            _limiters[key] = RateLimiter(tariff, clock)
        return _limiters[key]


@define
class _Use:
    """Execution time of one method, as the portal reports it."""

    operating: float = 0.0
    free_at: float | None = None
    blocked_until: float = 0.0


class Operating:
    """Limiter of the execution time of methods: seconds per ten minutes for each method.

    Parameters
    ----------
    limit
        Seconds of one method within ten minutes.
    """

    def __init__(self, limit: float, clock: Clock) -> None:
        self.limit = limit
        self._clock = clock
        self._uses: dict[str, _Use] = {}
        self._lock = threading.Lock()

    def note(self, method: str, times: Times) -> None:
        """Store the time that an answer reports; it is cumulative and replaces the last one."""
        if times.operating is None:
            return
        with self._lock:
            use = self._uses.setdefault(method.lower(), _Use())
            use.operating = times.operating
            use.free_at = None if times.rest is None else self._clock.monotonic() + times.rest

    def refused(self, method: str, times: Times | None = None) -> float:
        """Record that the portal refused *method*; return the seconds it stays parked."""
        with self._lock:
            use = self._uses.setdefault(method.lower(), _Use())
            now = self._clock.monotonic()
            if use.blocked_until > now:  # several commands of one batch were refused
                return use.blocked_until - now
            rest = times.rest if times is not None else None
            if rest is None and use.free_at is not None:
                rest = use.free_at - now
            # An answer may be older than the refusal: then one more minute has to pass.
            wait = rest + 1.0 if rest is not None and rest > 0 else _MINUTE
            wait = min(_LONGEST, max(_SHORTEST, wait))
            use.blocked_until = now + wait
            use.operating, use.free_at = 0.0, None
            return wait

    def wait(self, methods: Iterable[str]) -> float:
        """Return the seconds to wait before calling all of *methods*."""
        return max((self._wait(method.lower()) for method in methods), default=0.0)

    def parked(self, method: str) -> float:
        """Return the seconds for which *method* must not be called; short pauses do not count."""
        with self._lock:
            use = self._uses.get(method.lower())
            if use is None:
                return 0.0
            now = self._clock.monotonic()
            return max(self._full(use, now), use.blocked_until - now, 0.0)

    def _full(self, use: _Use, now: float) -> float:
        if use.operating < self.limit - _MARGIN:
            return 0.0
        if use.free_at is None:
            use.operating = 0.0  # wait once: the next answer holds a new figure
            return _DEFAULT_WAIT
        return use.free_at + 1.0 - now

    def _wait(self, method: str) -> float:
        with self._lock:
            use = self._uses.get(method)
            if use is None:
                return 0.0
            now = self._clock.monotonic()
            wait = max(self._full(use, now), use.blocked_until - now, 0.0)
            if (
                wait == 0.0
                and use.free_at is not None
                and use.operating > _SPREAD_FROM * self.limit
            ):
                wait = min(7.0, 0.01 * max(0.0, use.free_at - now))
            return wait

    def left(self, method: str) -> float:
        """Return the seconds that *method* may still use, as far as is known."""
        with self._lock:
            use = self._uses.get(method.lower())
            if use is None or (use.free_at is not None and self._clock.monotonic() > use.free_at):
                return self.limit - _MARGIN
            return max(0.0, self.limit - _MARGIN - use.operating)


@define
class Budget:
    """Time budget of one run; once it is `spent`, the rest is left to the next run.

    Parameters
    ----------
    seconds
        Length of the budget; None is unlimited.
    """

    clock: Clock
    seconds: float | None = None
    _start: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._start = self.clock.monotonic()

    @property
    def spent(self) -> bool:
        """Whether the time is over."""
        return self.seconds is not None and self.clock.monotonic() - self._start >= self.seconds
