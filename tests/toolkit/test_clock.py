"""System and simulated clocks, and durations."""

from __future__ import annotations

import time
from datetime import date

import pytest
from tests.clocks import at_noon

from abcxyz.errors import ConfigError
from abcxyz.toolkit import Clock, ManualClock, SystemClock, local_date, parse_duration


@pytest.mark.parametrize("clock", [SystemClock(), ManualClock()])
def test_both_are_clocks(clock: Clock) -> None:
    """Each clock satisfies the protocol, and its time advances while it sleeps."""
    assert isinstance(clock, Clock)
    start = clock.monotonic()
    clock.sleep(0.01)
    assert clock.monotonic() - start >= 0.0099


def test_the_system_clock_is_that_of_this_machine() -> None:
    """The system clock is POSIX time in seconds."""
    assert abs(SystemClock().now() - time.time()) < 5


def test_a_simulated_clock_does_not_wait() -> None:
    """An hour passes at once and is recorded."""
    clock = ManualClock(100.0)
    began = time.monotonic()
    clock.sleep(3600.0)
    clock.sleep(60.0)
    assert time.monotonic() - began < 60
    assert (clock.now(), clock.monotonic(), clock.pauses) == (3760.0, 3760.0, [3600.0, 60.0])


def test_a_simulated_clock_may_stand_still() -> None:
    """With a step of 0 pauses are only recorded."""
    clock = ManualClock(100.0, step=0.0)
    clock.sleep(60.0)
    assert (clock.now(), clock.pauses) == (100.0, [60.0])


@pytest.mark.parametrize("zone", ["UTC", "Asia/Vladivostok", "America/Los_Angeles"])
def test_the_day_is_that_of_this_machine(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The day of an instant is local to the machine's time zone."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        evening = 1_772_395_200.0  # 1 March 2026, 20:00 UTC
        assert local_date(ManualClock(evening)).day == (2 if zone.startswith("Asia") else 1)
        assert local_date(at_noon(date(2026, 3, 1))) == date(2026, 3, 1)
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("text", "seconds"), [("6h", 21600), ("90m", 5400), ("1h 30m", 5400), (" 1.5D", 129600)]
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    """Numbers with units are added up."""
    assert parse_duration(text, "budget") == seconds


@pytest.mark.parametrize("text", ["", "6", "h", "6 parsecs", "-1h", "0h", "90m5", "9" * 400 + "h"])
def test_another_duration_is_refused(text: str) -> None:
    """Anything else is refused by the name of its option, with an example."""
    with pytest.raises(ConfigError, match=r"^--timeout = .* write 6h or 90m"):
        parse_duration(text, "--timeout")
