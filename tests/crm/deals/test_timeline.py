"""Events of units by moment, beside slow obvious ways."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from abcxyz.crm.deals.timeline import Timeline

_EVENT = st.tuples(st.integers(-1, 3), st.none() | st.integers(-5, 5))


@given(st.lists(_EVENT), st.booleans(), st.integers(-6, 6))
def test_events_before_a_moment_are_counted_and_the_last_is_found(
    events: list[tuple[int, int | None]], ordered: bool, moment: int
) -> None:
    if ordered:  # nothing has to be moved then
        events = sorted(events, key=lambda one: (one[0], one[1] is None, one[1] or 0))
    unit = np.array([one for one, _ in events], np.int64)
    at = np.array([np.datetime64("NaT") if one is None else one for _, one in events], "M8[s]")
    units, when = np.arange(4), np.datetime64(moment, "s")
    before = [
        [
            place
            for place, (one, second) in enumerate(events)
            if one == wanted and second is not None and second < moment
        ]
        for wanted in units
    ]
    made = Timeline.of(unit, at, len(units))
    counted = Timeline.of(unit, at, len(units), counted=True)
    expected = [len(places) for places in before]
    assert made.count(units, when).tolist() == expected
    assert counted.count(units, when).tolist() == expected
    assert (
        made.count(units, when, when - 3).tolist() == counted.count(units, when, when - 3).tolist()
    )
    # Of events at one moment the later one of the table is the last.
    last = [
        max(places, key=lambda place: (events[place][1], place), default=-1) for places in before
    ]
    assert made.latest(units, when).tolist() == last
