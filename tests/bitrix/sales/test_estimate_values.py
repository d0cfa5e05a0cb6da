"""The numbers of an estimate, by hand."""

from __future__ import annotations

import pytest

from abcxyz_bitrix.rest.limits import Tariff
from abcxyz_bitrix.sales.estimate import Estimate, Load, estimate, reading, updating


@pytest.mark.parametrize(
    ("calls", "seconds", "requests"),
    [
        (0, 0.0, 0),
        (1, 0.0, 1),
        (50, 0.0, 1),
        (51, 0.0, 2),
        # Fifty calls of 0.6 s last half a minute, the most that a batch may take.
        (50, 0.6, 1),
        (51, 0.6, 2),
        (49, 0.61, 1),
        (50, 0.61, 2),
        (42, 0.7, 1),
        (43, 0.7, 2),
        (100, 0.7, 3),
        (3, 10.0, 1),
        (4, 10.0, 2),
        (2, 16.0, 2),
        (2, 30.0, 2),
        # A call that takes longer than half a minute goes alone.
        (3, 31.0, 3),
        (3, 500.0, 3),
    ],
)
def test_batches_of_at_most_half_a_minute(calls: int, seconds: float, requests: int) -> None:
    """Fifty calls to a batch, fewer where they are slow, one at least."""
    assert Load("a", calls, seconds).requests == requests


@pytest.mark.parametrize(
    ("rows", "history", "calls"),
    [
        (0, True, (0, 0)),
        (1, True, (1, 1)),
        (35, True, (1, 1)),
        (36, True, (2, 1)),
        (45, True, (2, 1)),
        (46, True, (2, 2)),
        (90, True, (3, 2)),
        (91, True, (3, 3)),
        (315, True, (9, 7)),
        (316, True, (10, 8)),
        (36, False, (2,)),
    ],
)
def test_calls_of_a_reading(rows: int, history: bool, calls: tuple[int, ...]) -> None:
    """Thirty-five rows to a page, and the history of forty-five deals to a call."""
    loads = reading(rows, history=history, list_seconds=0.25, history_seconds=0.5)
    methods = (("crm.item.list", 0.25), ("crm.stagehistory.list", 0.5))
    assert loads == [
        Load(name, count, seconds) for (name, seconds), count in zip(methods, calls, strict=False)
    ]
    assert updating(7, 0.5) == [Load("crm.item.update", 7, 0.5)]


TARIFF = Tariff(rate=2.0, burst=50.0, operating=480.0)


@pytest.mark.parametrize(
    ("loads", "expected"),
    [
        ([], Estimate(0, 0.0, 0.0)),
        ([Load("a", 0, 9.0)], Estimate(0, 0.0, 0.0)),
        # The burst is free: 50 batches at once, the 51st waits half a second.
        ([Load("a", 2500, 0.0)], Estimate(50, 0.0, 0.0)),
        ([Load("a", 2550, 0.0)], Estimate(51, 0.5, 0.0)),
        ([Load("a", 50, 0.5)], Estimate(1, 0.0, 25.0)),
        # 480 s of a method in ten minutes: the rest of a window follows at once.
        ([Load("a", 960, 0.5)], Estimate(20, 0.0, 600.0)),
        ([Load("a", 958, 0.5)], Estimate(20, 0.0, 479.0)),
        ([Load("a", 962, 0.5)], Estimate(20, 0.0, 601.0)),
        ([Load("a", 1922, 0.5)], Estimate(39, 0.0, 1201.0)),
        # The same method adds up, another one has its own budget.
        ([Load("a", 100, 0.5), Load("a", 60, 0.5)], Estimate(4, 0.0, 80.0)),
        ([Load("a", 100, 0.5), Load("b", 160, 0.25)], Estimate(6, 0.0, 50.0)),
    ],
)
def test_the_two_bounds(loads: list[Load], expected: Estimate) -> None:
    """Requests beyond the burst over the rate, and seconds over the budget of each method."""
    assert estimate(loads, TARIFF) == expected


@pytest.mark.parametrize(
    ("rate", "operating", "sentence"),
    [
        (0.0, 0.0, "3 requests, about 0 h 0 min"),
        (0.5, 0.0, "3 requests, about 0 h 1 min"),
        (60.0, 59.0, "3 requests, about 0 h 1 min"),
        (60.0, 61.0, "3 requests, about 0 h 2 min"),
        (3540.0, 0.0, "3 requests, about 0 h 59 min"),
        (3541.0, 0.0, "3 requests, about 1 h 0 min"),
        (0.0, 7265.0, "3 requests, about 2 h 2 min"),
    ],
)
def test_minutes_are_rounded_up(rate: float, operating: float, sentence: str) -> None:
    """The larger bound in hours and minutes."""
    made = Estimate(3, rate, operating)
    assert made.seconds == max(rate, operating)
    assert made.sentence() == sentence
