"""Clocks for tests of code that waits."""

from __future__ import annotations

from datetime import date, datetime, time
from time import monotonic

import pytest

from abcxyz.toolkit import ManualClock, SystemClock


class NoWait(SystemClock):
    """System clock whose waiting takes no time."""

    def sleep(self, seconds: float) -> None:
        """Return at once."""


def at_noon(day: date) -> ManualClock:
    """Simulated clock that starts at noon of a day in the local time zone."""
    return ManualClock(datetime.combine(day, time(12)).astimezone().timestamp())


def skip_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `SystemClock` jump over every wait, for commands that make their own clock."""
    skipped = 0.0

    def sleep(_: SystemClock, seconds: float) -> None:
        nonlocal skipped
        skipped += max(seconds, 0.0)

    monkeypatch.setattr(SystemClock, "sleep", sleep)
    monkeypatch.setattr(SystemClock, "monotonic", lambda _: monotonic() + skipped)
