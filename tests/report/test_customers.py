"""Customer figures and result fingerprint."""

from __future__ import annotations

import math
from datetime import timedelta

import attrs
import numpy as np

from abcxyz import Analysis
from abcxyz.report.customers import Facts, trend


def test_the_fingerprint_follows_the_result(demo: Analysis) -> None:
    """Changing one customer's sum changes the fingerprint."""
    from abcxyz.report.customers import result_hash

    value = np.array(demo.snapshot.value)
    value[3] += 0.01
    other = attrs.evolve(demo, snapshot=attrs.evolve(demo.snapshot, value=value))
    assert result_hash(demo) == result_hash(demo)
    assert result_hash(demo) != result_hash(other)


def test_trend_compares_the_last_quarter(demo: Analysis) -> None:
    """Nine months at 10 and three at 15 are +50 %; without earlier sales there is no trend."""
    panel = attrs.evolve(
        demo.panel,
        customers=np.array(["a", "b"]),
        sales=np.array([[10.0] * 9 + [15.0] * 3, [0.0] * 9 + [5.0] * 3]),
    )
    assert [0.5] == trend(panel)[:1].tolist()
    assert np.isnan(trend(panel)[1])


def test_days_without_an_order_are_those_of_the_call_list(demo: Analysis) -> None:
    """Where the sales end before the day of the list, the card counts to that day, too."""
    assert demo.calls is not None
    day = demo.calls.as_of + timedelta(days=28)
    facts = Facts(attrs.evolve(demo, calls=attrs.evolve(demo.calls, as_of=day, basis="learned")))
    last = demo.snapshot.last_day.astype("M8[D]")
    for i in range(len(demo.snapshot)):
        passed = math.nan if np.isnat(last[i]) else float((day - last[i].item()).days)
        assert facts.days[i] == passed or math.isnan(passed)
