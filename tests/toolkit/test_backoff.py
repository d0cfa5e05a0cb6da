"""Backoff: pauses between attempts."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz.toolkit import Backoff, retry_after

STEADY = (1.0, 1.0)
pauses = st.floats(0.01, 100.0)


def test_pauses_grow_up_to_the_longest() -> None:
    """Each pause is the previous one times the factor, up to the maximum."""
    backoff = Backoff(attempts=8, first=2.0, factor=2.0, longest=60.0, jitter=STEADY)
    assert [backoff.wait(attempt) for attempt in range(1, 9)] == [
        2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, None,
    ]  # fmt: skip


def test_a_very_long_outage_is_no_overflow() -> None:
    """The pause after the ten-thousandth attempt is the maximum."""
    assert Backoff(attempts=None, jitter=STEADY).wait(10_000) == 60.0
    assert Backoff(attempts=None, factor=1e300, jitter=STEADY).wait(500) == 60.0


@pytest.mark.parametrize(("drawn", "pause"), [(0.0, 0.0), (0.5, 4.0), (0.75, 6.0)])
def test_full_jitter_draws_from_nothing_to_the_whole_pause(drawn: float, pause: float) -> None:
    """With full jitter the random number is the share of the pause."""
    assert Backoff(random=lambda: drawn).pause(3) == pause


def test_jitter_may_only_lengthen() -> None:
    """A pause with jitter does not exceed the maximum either."""
    backoff = Backoff(
        first=10.0, factor=3.0, longest=100.0, jitter=(1.0, 1.25), random=lambda: 0.8
    )
    assert [backoff.pause(attempt) for attempt in (1, 2, 3)] == [12.0, 36.0, 100.0]


def test_attempts_end() -> None:
    """After the last attempt there is no pause; without a limit there is always one."""
    assert Backoff(attempts=1).wait(1) is None
    assert Backoff(attempts=2, jitter=STEADY).wait(1) == 2.0
    assert Backoff(attempts=2).wait(2) is None
    assert Backoff(attempts=None).wait(1_000) is not None


def test_what_the_server_asks_for_is_added() -> None:
    """Jitter is added to the pause that the server requests."""
    backoff = Backoff(longest_requested=600.0, random=lambda: 0.5)
    assert backoff.wait(1, requested=7.0) == 8.0
    assert backoff.wait(1, requested=600.0) == 601.0
    assert backoff.wait(1, requested=600.1) is None


def test_no_pause_ends_after_the_deadline() -> None:
    """A pause beyond the deadline is refused before waiting."""
    backoff = Backoff(attempts=None, jitter=STEADY, deadline=10.0)
    assert backoff.wait(1, elapsed=8.0) == 2.0
    assert backoff.wait(1, elapsed=8.1) is None
    assert backoff.wait(1, requested=9.0) is None


@given(
    attempt=st.integers(1, 10**6),
    first=pauses,
    factor=st.floats(1.0, 1e3),
    longest=pauses,
    low=st.floats(0.0, 1.0),
    span=st.floats(0.0, 1.0),
    drawn=st.floats(0.0, 1.0, exclude_max=True),
)
def test_bounds(
    attempt: int,
    first: float,
    factor: float,
    longest: float,
    low: float,
    span: float,
    drawn: float,
) -> None:
    """Every pause is between the minimum of its jitter and the maximum."""
    backoff = Backoff(
        None, first, factor, longest, (low, low + span), math.inf, random=lambda: drawn
    )
    pause = backoff.pause(attempt)
    assert low * min(first, longest) <= pause * (1 + 1e-12)
    assert pause <= longest


@pytest.mark.parametrize(
    ("header", "now", "seconds"),
    [
        ("0", 0.0, 0.0),
        (" 120 ", 5.0, 120.0),
        ("Thu, 01 Jan 1970 00:01:00 GMT", 50.0, 10.0),
        ("Thu, 01 Jan 1970 00:01:00 GMT", 90.0, 0.0),
        ("", 0.0, None),
        ("-5", 0.0, None),
        ("1.5", 0.0, None),
        ("٣", 0.0, None),
        ("soon", 0.0, None),
    ],
)
def test_retry_after(header: str, now: float, seconds: float | None) -> None:
    """Retry-After is parsed as seconds or a date, anything else as missing."""
    assert retry_after(header, now) == seconds
