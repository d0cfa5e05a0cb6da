"""Analysis of some customers: the parts of all, by the classes of all."""

from __future__ import annotations

import math
from datetime import date

import attrs
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from abcxyz import Analysis, Settings, Transactions, analyze
from abcxyz.core.analysis.subset import subset


def made() -> Analysis:
    """Sales of 30 customers in two windows, some of them in one only."""
    random = np.random.default_rng(5)
    rows = 600
    who = random.integers(0, 30, rows)
    days = np.datetime64("2025-09-01") + random.integers(0, 180, rows).astype("m8[D]")
    late = (who < 5) & (days < np.datetime64("2025-12-01"))
    sales = Transactions(
        np.array([f"c{i:02}" for i in who[~late]], dtype=object),
        days[~late],
        random.lognormal(4, 1, rows).round(2)[~late],
    )
    settings = Settings(period="3M")
    before = analyze(sales, as_of=date(2026, 2, 1), settings=settings)
    return analyze(
        sales, as_of=date(2026, 3, 1), settings=settings, previous=before.snapshot,
        attributes={"c01": {"owner": "A"}},
    )  # fmt: skip


WHOLE = made()


@example([11])  # without sales in the window before
@given(st.lists(st.integers(0, 29), min_size=1, unique=True).map(sorted))
def test_parts_add_up_to_the_whole(places: list[int]) -> None:
    """Customers keep classes, gaps, actions and moves; those left out are the rest of all sums."""
    chosen = np.array(places)
    rest = np.setdiff1d(np.arange(len(WHOLE.snapshot)), chosen)
    part = subset(WHOLE, chosen)
    np.testing.assert_array_equal(part.snapshot.segment, WHOLE.snapshot.segment[chosen])
    for i, place in enumerate(places):
        assert WHOLE.actions is not None
        assert part.actions is not None
        assert WHOLE.actions[place].text() == part.actions[i].text()
        gaps = WHOLE.rhythm.gaps[WHOLE.rhythm.starts[place] : WHOLE.rhythm.starts[place + 1]]
        mine = part.rhythm.gaps[part.rhythm.starts[i] : part.rhythm.starts[i + 1]]
        np.testing.assert_array_equal(gaps, mine)
    if not len(rest):
        assert part.summary().total_value == pytest.approx(WHOLE.summary().total_value)
        return
    other = subset(WHOLE, rest)
    total = part.summary().total_value + other.summary().total_value
    assert total == pytest.approx(WHOLE.summary().total_value)
    assert len(part.alerts) + len(other.alerts) == len(WHOLE.alerts)
    assert WHOLE.bridge is not None
    for one in (part, other):
        assert one.bridge is not None
    changes = [
        math.fsum(step.change for step in one.bridge.steps)
        for one in (part, other)
        if one.bridge is not None
    ]
    whole = math.fsum(step.change for step in WHOLE.bridge.steps)
    assert math.fsum(changes) == pytest.approx(whole)
    moves = WHOLE.transitions, part.transitions, other.transitions
    assert all(one is not None for one in moves)
    counts = [np.bincount(one.events + 1, minlength=12) for one in moves if one is not None]
    np.testing.assert_array_equal(counts[0], counts[1] + counts[2])


def test_lists_that_an_analysis_lacks_stay_absent() -> None:
    bare = attrs.evolve(WHOLE, growth=None, calls=None, actions=None, classes=None)
    part = subset(bare, np.array([1, 2]))
    assert (part.growth, part.calls, part.actions, part.classes) == (None, None, None, None)


def test_lists_of_some_customers_hold_them_alone() -> None:
    """Nobody of them is held back or waits: that is about all customers."""
    chosen = np.array([0, 3, 4, 11])
    names = set(WHOLE.snapshot.customers[chosen].tolist())
    part = subset(WHOLE, chosen)
    assert WHOLE.calls is not None
    assert part.calls is not None
    assert [one.customer for one in part.calls.calls] == [
        one.customer for one in WHOLE.calls.calls if one.customer in names
    ]
    assert (part.calls.held_back, part.calls.waiting) == (0, 0)
    assert {one.customer for one in part.alerts} <= names
