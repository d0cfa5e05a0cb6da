"""When lapses are learned, from which sales, and who counts as late then."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pytest
from attrs import evolve

from abcxyz import AlertRules, Analysis, Settings, Transactions, analyze
from abcxyz.core.analysis.learn_lapses import late_customers, learned, learning, with_learned
from abcxyz.core.landmarks.collector import CollectedSales, LandmarkCollector
from abcxyz.core.landmarks.orders.order_history import day_number
from abcxyz.core.sales.rhythm import Silence

DAY = date(2026, 11, 1)
SETTINGS = Settings(period="12M")
RULES = AlertRules()


def sold(lines: dict[str, list[int]]) -> Transactions:
    """Return sales of 50 each: customer -> days before the day."""
    rows = [(who, DAY - timedelta(days=ago), 50.0) for who, own in lines.items() for ago in own]
    return Transactions(*map(list, zip(*rows, strict=True)))


LINES = {"a": [5, 15, 25, 40], "b": [2, 300], "c": [100]}


def made(lines: dict[str, list[int]] = LINES) -> Analysis:
    return analyze(sold(lines), as_of=DAY, settings=SETTINGS)


def test_orders_of_the_lookback_are_collected_where_lapses_are_learned() -> None:
    assert learning(AlertRules(lapse="rule"), SETTINGS, DAY) is None
    collector = learning(RULES, SETTINGS, DAY)
    assert collector is not None
    first = SETTINGS.periods(DAY).lookback.since
    assert first == date(2024, 11, 1)
    days = [first - timedelta(days=1), first, DAY - timedelta(days=1), DAY]
    collector.add(Transactions(["a"] * 4, days, [1.0, 2.0, 3.0, 4.0]))
    found = collector.close()
    assert found.history is not None
    assert found.span == found.history.span == (day_number(first), day_number(DAY) - 1)


def collected(lines: dict[str, list[int]] = LINES) -> CollectedSales:
    collector = LandmarkCollector(SETTINGS, DAY)
    collector.add(sold(lines))
    return collector.close()


@pytest.mark.parametrize(("last", "known"), [(32, True), (33, False)])
def test_sales_that_end_a_month_before_leave_nothing_to_learn(last: int, known: bool) -> None:
    analysis = made({"a": [last, last + 99]})
    collector = learning(RULES, SETTINGS, DAY)
    assert collector is not None
    collector.add(sold({"a": [last, last + 99]}))
    found = with_learned(analysis, collector, RULES, 60)
    assert (found.lapse is not None) is known
    if not known:
        assert found is analysis
    assert with_learned(analysis, None, RULES) is analysis
    assert with_learned(analysis, learning(RULES, SETTINGS, DAY), RULES) is analysis


def test_a_history_is_kept_until_its_attributes_are_known() -> None:
    history = collected()
    plain = learned(made(), history, RULES, 60)
    assert plain.history is None
    assert plain.lapse is not None
    assert (plain.lapse.horizon_days, plain.backtest) == (60, None)
    asked = AlertRules(attributes=("region",), backtest=2)
    waiting = learned(made(), history, asked, 60)
    assert waiting.history is history
    assert waiting.backtest is not None
    assert len(waiting.backtest.days) == 2
    known = evolve(made(), attributes={"a": {"region": "50"}})
    assert learned(known, history, asked, 60).history is None


def test_who_is_late_as_to_the_risk() -> None:
    """From a probability of one half on, and where the risk itself counts as learned."""
    analysis = learned(made(), collected(), RULES, 60)
    silence = Silence(days=np.array([5.0, 2, 100]), usual=np.array([11.0, 12.0, 13.0]))
    late, named = late_customers(analysis, RULES, silence)
    assert late is None
    # The mean of the own gaps, and that of the rule after a single order.
    assert named.usual.tolist() == [pytest.approx(35 / 3), 298.0, 13.0]
    assert named.days.tolist() == [5.0, 2.0, 100.0]
    assert analysis.lapse is not None
    order = [analysis.lapse.positions[who] for who in "abc"]
    chances = np.empty(3)
    chances[order] = [0.5, 0.49, 0.9]
    overdue = np.empty(3, dtype=bool)
    overdue[order] = [True, True, False]
    risk = evolve(analysis.lapse, basis="silence", probability=chances, late=overdue)
    late, named = late_customers(evolve(analysis, lapse=risk), RULES, silence)
    assert late is not None
    assert late.tolist() == [True, False, False]
    assert named.days.tolist() == [5.0, 2.0, 100.0]
    assert (
        late_customers(evolve(analysis, lapse=risk), AlertRules(lapse="rule"), silence)[0] is None
    )
    assert math.isnan(analysis.usual_gaps[2])
    assert late_customers(evolve(analysis, lapse=None), RULES, silence)[0] is None
