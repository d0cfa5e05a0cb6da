"""Clock of a portal and its two limits: request rate and run time."""

from __future__ import annotations

import time
from collections import defaultdict, deque

from attrs import define, field

__all__ = ["Bucket", "Clock", "Limits", "Operating", "VirtualClock"]


class Clock:
    """The real time, which a test may push ahead.

    Work costs no waiting here: a portal says how long it was busy, and answers at once.
    """

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        """Return the seconds since 1970."""
        return time.time() + self.ahead

    def advance(self, seconds: float) -> None:
        """Move the clock without waiting."""
        self.ahead += seconds

    def spend(self, seconds: float) -> None:
        """Advance the clock by the duration of work."""


class VirtualClock(Clock):
    """Virtual time that moves only by waits and work.

    Give ``clock`` and ``clock.sleep`` to the client as well, to simulate hours at once.
    """

    def __init__(self, start: float) -> None:
        super().__init__()
        self.now = float(start)
        self.slept = 0.0
        self.worked = 0.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds

    def sleep(self, seconds: float) -> None:
        """Stand in for ``time.sleep``."""
        self.now += max(0.0, seconds)
        self.slept += max(0.0, seconds)

    def spend(self, seconds: float) -> None:
        self.now += seconds
        self.worked += seconds


@define
class Limits:
    """Limits of a portal; every value may be changed while it runs.

    Parameters
    ----------
    rate, burst
        Requests per second that leak out of the bucket, and what it holds.
        ``rate = None`` switches the bucket off.
    operating
        Seconds one method may run in the window for one credential; ``None`` is off.
    window, bucket_seconds
        Length of the window and of the buckets that it consists of.
    floor
        Calls of at most so many seconds are not counted.
    charge
        Methods that a batch charges: ``"inner"`` methods, ``"batch"`` itself, or ``"both"``.
    request
        Seconds after which the server cuts a request.
    batch
        Commands in one batch.
    """

    rate: float | None = 2.0
    burst: float = 50.0
    operating: float | None = 480.0
    window: float = 600.0
    bucket_seconds: float = 60.0
    floor: float = 0.1
    charge: str = "inner"
    request: float = 60.0
    batch: int = 50


@define
class Bucket:
    """A leaky bucket per source of requests."""

    limits: Limits
    clock: Clock
    levels: dict[str, tuple[float, float]] = field(factory=dict)
    refused: int = 0

    def admit(self, source: str) -> bool:
        """Admit one request, or refuse it without counting it."""
        rate = self.limits.rate
        if rate is None:
            return True
        now = self.clock()
        level, then = self.levels.get(source, (0.0, now))
        level = max(0.0, level - (now - then) * rate)
        # Tolerate a rounding error: the client sends exactly at the limit.
        if level + 1.0 > self.limits.burst + 1e-6:
            self.levels[source] = (level, now)
            self.refused += 1
            return False
        self.levels[source] = (level + 1.0, now)
        return True


@define
class Operating:
    """Run time of each method, per credential, in buckets of a minute."""

    limits: Limits
    clock: Clock
    used: defaultdict[tuple[str, str], deque[list[float]]] = field(
        factory=lambda: defaultdict(deque)
    )
    total: defaultdict[tuple[str, str], float] = field(factory=lambda: defaultdict(float))
    refused: int = 0

    def blocked(self, credential: str, method: str) -> bool:
        """Return whether the budget is spent; checked before a call, never during it."""
        limit = self.limits.operating
        if limit is None or self.seconds(credential, method) < limit - 1e-9:
            return False
        self.refused += 1
        return True

    def charge(self, credential: str, method: str, seconds: float) -> None:
        """Count a finished call."""
        if seconds <= self.limits.floor:
            return
        size = self.limits.bucket_seconds
        minute = self.clock() // size * size
        buckets = self.used[credential, method]
        if buckets and buckets[-1][0] == minute:
            buckets[-1][1] += seconds
        else:
            buckets.append([minute, seconds])
        self.total[credential, method] += seconds

    def seconds(self, credential: str, method: str) -> float:
        """Return what the window holds now."""
        return sum(bucket[1] for bucket in self._current(credential, method))

    def reset_at(self, credential: str, method: str) -> int:
        """Return the moment when the oldest bucket leaves the window."""
        buckets = self._current(credential, method)
        start = buckets[0][0] if buckets else self.clock()
        return int(start + self.limits.window)

    def _current(self, credential: str, method: str) -> deque[list[float]]:
        buckets = self.used[credential, method]
        gone = self.clock() - self.limits.window
        while buckets and buckets[0][0] <= gone:
            buckets.popleft()
        return buckets
