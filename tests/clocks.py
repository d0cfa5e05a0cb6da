"""Clocks for tests of whatever waits."""

from __future__ import annotations

from datetime import date, datetime, time

from abcxyz.toolkit import ManualClock, SystemClock


class NoWait(SystemClock):
    """The clock of this machine, except that waiting takes no time."""

    def sleep(self, seconds: float) -> None:
        """Return at once."""


def at_noon(day: date) -> ManualClock:
    """Make a simulated clock that begins at noon of a day, in the time zone of this machine."""
    return ManualClock(datetime.combine(day, time(12)).astimezone().timestamp())
