"""Clocks for tests of code that waits."""

from __future__ import annotations

from datetime import date, datetime, time

from abcxyz.toolkit import ManualClock, SystemClock


class NoWait(SystemClock):
    """System clock whose waiting takes no time."""

    def sleep(self, seconds: float) -> None:
        """Return at once."""


def at_noon(day: date) -> ManualClock:
    """Simulated clock that starts at noon of a day in the local time zone."""
    return ManualClock(datetime.combine(day, time(12)).astimezone().timestamp())
