"""Clock interface, the system clock, a simulated clock for tests, and durations as text."""

from __future__ import annotations

import io
import re
import socket
import time
from datetime import UTC, date, datetime
from typing import Any, Protocol, runtime_checkable

from attrs import frozen

from abcxyz.errors import ConfigError

__all__ = [
    "Clock",
    "DeadlineReader",
    "ManualClock",
    "SystemClock",
    "local_date",
    "parse_duration",
]

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])\s*")


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


class DeadlineReader(io.RawIOBase):
    """Read a socket until a deadline, however small the pieces in which it answers.

    The timeout of a socket begins again with each piece, so it alone does not bound the whole.

    Parameters
    ----------
    raw
        Unbuffered file of the socket.
    sock
        The socket, whose own timeout bounds each piece.
    clock
        Clock of the deadline.
    end
        The deadline, in seconds of ``clock.monotonic()``.
    """

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, clock: Clock, end: float) -> None:
        super().__init__()
        self._raw, self._sock, self._clock, self._end = raw, sock, clock, end
        self._piece = sock.gettimeout()

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read a piece; raise TimeoutError at the deadline."""
        left = self._end - self._clock.monotonic()
        if left <= 0:
            raise TimeoutError("timed out as a whole")
        self._sock.settimeout(left if self._piece is None else min(left, self._piece))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Close the file, not the socket."""
        self._raw.close()
        super().close()


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


def parse_duration(text: str, name: str) -> float:
    """Read a duration such as ``6h``, ``90m`` or ``1h30m``.

    Parameters
    ----------
    text
        Numbers, each with its unit: ``s``, ``m``, ``h`` or ``d``.
    name
        Name of the option, for the error.

    Returns
    -------
    float
        Seconds, more than 0.

    Raises
    ------
    ConfigError
        It cannot be read.

    Examples
    --------
    >>> parse_duration("1h30m", "budget")
    5400.0
    """
    written = text.strip().lower()
    parts = _PART.findall(written)
    total = sum(float(count) * _UNITS[unit] for count, unit in parts)
    if _PART.sub("", written) or not 0 < total < float("inf"):
        raise ConfigError(
            "{name} = {value!r} cannot be read; write 6h or 90m", name=name, value=text
        )
    return total
