"""Backoff: waiting times between attempts, and the ``Retry-After`` header."""

from __future__ import annotations

import math
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from random import Random

from attrs import field, frozen

__all__ = ["Backoff", "retry_after"]


def retry_after(header: str, now: float) -> float | None:
    """Read the header ``Retry-After``.

    Parameters
    ----------
    header
        Seconds or a date of HTTP (RFC 9110, section 10.2.3).
    now
        POSIX time in seconds.

    Returns
    -------
    float or None
        Seconds to wait from *now*, at least 0; None where the header says neither.

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

    It computes waiting times only: whether a request may be repeated at all is decided by the
    caller, who knows whether the first one may have been carried out.

    Parameters
    ----------
    attempts
        Attempts in all, the first included; None where the caller counts.
    first
        Seconds before the second attempt.
    factor
        Growth from one pause to the next.
    longest
        Upper bound of a computed pause, in seconds.
    jitter
        Lowest and highest factor of a pause, drawn evenly: ``(0, 1)`` is "full jitter",
        ``(1, 1)`` none.
    longest_asked
        Seconds; a server that asks for more is not waited for.
    deadline
        Seconds from the first attempt after which no pause may end.
    random
        Returns a number from 0 (included) to 1 (excluded).

    Notes
    -----
    Pause *n* is ``min(longest, first · factor**(n − 1)) · j``, with *j* drawn from *jitter*, and
    never above *longest*. What the server asks for is added, so that clients told the same
    moment come back spread out. Full jitter: Marc Brooker, "Exponential Backoff And Jitter",
    AWS Architecture Blog, 2015.

    Examples
    --------
    >>> steady = Backoff(attempts=4, first=1.0, factor=3.0, jitter=(1.0, 1.0))
    >>> [steady.wait(attempt) for attempt in (1, 2, 3, 4)]
    [1.0, 3.0, 9.0, None]
    >>> steady.wait(1, asked=30.0), steady.wait(1, asked=3600.0)
    (31.0, None)
    """

    attempts: int | None = 3
    first: float = 2.0
    factor: float = 2.0
    longest: float = 60.0
    jitter: tuple[float, float] = (0.0, 1.0)
    longest_asked: float = 600.0
    deadline: float = math.inf
    random: Callable[[], float] = field(factory=_randomness, repr=False, eq=False)

    def pause(self, attempt: int) -> float:
        """Return the seconds to wait after *attempt* (from 1), whatever the number of attempts.

        Examples
        --------
        >>> Backoff(jitter=(1.0, 1.0)).pause(3)
        8.0
        """
        low, high = self.jitter
        # A long outage must not end in an overflow.
        steps = min(attempt - 1, 1_000)
        try:
            grown = self.first * self.factor**steps
        except OverflowError:
            grown = self.longest
        return min(self.longest, min(self.longest, grown) * (low + (high - low) * self.random()))

    def wait(
        self, attempt: int, *, asked: float | None = None, elapsed: float = 0.0
    ) -> float | None:
        """Return the seconds to wait after *attempt*, or None to give up.

        Parameters
        ----------
        attempt
            Number of the attempt that failed, from 1.
        asked
            Seconds that the server asks to wait, see `retry_after`.
        elapsed
            Seconds since the first attempt began.

        Returns
        -------
        float or None
            None after the last attempt, where the server asks for more than *longest_asked*, and
            where the pause would end after *deadline*.
        """
        if self.attempts is not None and attempt >= self.attempts:
            return None
        if asked is not None and asked > self.longest_asked:
            return None
        seconds = self.pause(attempt) + (asked or 0.0)
        return seconds if elapsed + seconds <= self.deadline else None
