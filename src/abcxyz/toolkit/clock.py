"""Clock interface, the system clock, and a simulated clock for tests."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from typing import Protocol, runtime_checkable

from attrs import frozen

__all__ = ["Clock", "ManualClock", "SystemClock", "local_date"]


@runtime_checkable
class Clock(Protocol):
    """Time as a dependency: code that waits takes a clock, so that tests need not wait."""

    def now(self) -> float:
        """Return POSIX time in seconds."""

    def monotonic(self) -> float:
        """Return monotonic seconds; only differences are meaningful."""

    def sleep(self, seconds: float) -> None:
        """Wait for *seconds*."""


@frozen
class SystemClock:
    """The clock of this machine.

    Examples
    --------
    >>> clock = SystemClock()
    >>> start = clock.monotonic()
    >>> clock.sleep(0.001)
    >>> clock.monotonic() > start
    True
    """

    def now(self) -> float:
        """Return POSIX time in seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Return monotonic seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for *seconds*."""
        time.sleep(seconds)


class ManualClock:
    """A simulated clock: `sleep` records the pause and advances the time, without waiting.

    Parameters
    ----------
    start
        POSIX time at the beginning, in seconds.
    step
        Seconds by which the clock advances per second slept; 0 stops the clock.

    Attributes
    ----------
    pauses : list of float
        Seconds of every call of `sleep`, in order.

    Examples
    --------
    >>> clock = ManualClock(1_000.0)
    >>> clock.sleep(30.0)
    >>> clock.now(), clock.pauses
    (1030.0, [30.0])
    """

    def __init__(self, start: float = 0.0, *, step: float = 1.0) -> None:
        self._time, self._step = start, step
        self.pauses: list[float] = []

    def now(self) -> float:
        """Return the simulated POSIX time in seconds."""
        return self._time

    def monotonic(self) -> float:
        """Return the same as `now`."""
        return self._time

    def sleep(self, seconds: float) -> None:
        """Record the pause and advance the time at once."""
        self.pauses.append(seconds)
        self._time += seconds * self._step


def local_date(clock: Clock) -> date:
    """Return the current date of a clock in the time zone of this machine.

    Examples
    --------
    >>> local_date(SystemClock()) == date.today()
    True
    """
    return datetime.fromtimestamp(clock.now(), UTC).astimezone().date()
