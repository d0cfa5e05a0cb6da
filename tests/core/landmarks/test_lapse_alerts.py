"""Alerts and analysis with a learned lapse risk."""

from __future__ import annotations

from datetime import timedelta

import attrs
import numpy as np
import pytest
from tests.core.landmarks.worlds import END, made_world

from abcxyz import (
    Alert,
    AlertRules,
    Analysis,
    CrmFacts,
    InputError,
    Settings,
    analyze,
    find_alerts,
)
from abcxyz.core.analysis.learn_lapses import learning
from abcxyz.core.landmarks.collector import LandmarkCollector


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    sales, _ = made_world(3, n=500, days=720, churn=0.25, last=240)
    rules = AlertRules()
    orders = learning(rules, Settings(), END)
    return analyze(sales, as_of=END, orders=orders)


def test_lapses_are_the_named_customers_with_their_expected_loss(analysis: Analysis) -> None:
    risk = analysis.lapse
    assert risk is not None
    lapses = [one for one in analysis.alerts if one.kind == "lapsed_a"]
    assert [one.customer for one in lapses] == risk.customers[risk.named].tolist()
    first, row = lapses[0], int(risk.named[0])
    assert first.money == pytest.approx(float(risk.expected_loss[row]))
    assert first.facts["probability"] == round(100 * float(risk.probability[row]))
    assert f"probability of {first.facts['probability']}%" in first.sentence()
    assert f"за {risk.horizon_days} дн." in first.sentence("ru")


def _but_money(alert: Alert) -> Alert:
    """The alert without its money, which is that of the orders within a horizon."""
    assert alert.in_question
    assert alert.money
    return attrs.evolve(alert, money=None, facts={**alert.facts, "horizon": None})


def test_the_rule_stays_an_option(analysis: Analysis) -> None:
    by_rule = find_alerts(analysis, rules=AlertRules(lapse="rule"))
    without = find_alerts(attrs.evolve(analysis, lapse=None))
    kinds = [one for one in by_rule if one.kind == "lapsed_a"]
    assert kinds
    # The same silences; the money is that of the orders within the horizon of each call list.
    alike = [one for one in without if one.kind == "lapsed_a"]
    assert {one.key: _but_money(one) for one in kinds} == {
        one.key: _but_money(one) for one in alike
    }
    assert "probability" not in kinds[0].facts
    assert learning(AlertRules(lapse="rule"), analysis.settings, END) is None
    with pytest.raises(InputError, match="use one of learned, rule"):
        AlertRules(lapse="guess")


def test_an_owner_gets_so_many_of_the_largest_expected_loss(analysis: Analysis) -> None:
    risk = analysis.lapse
    assert risk is not None
    named = risk.customers[risk.named].tolist()
    facts = CrmFacts(owners=dict.fromkeys(named[:-1], "Irina"))
    alerts = find_alerts(analysis, facts, AlertRules(per_owner=2))
    assert [one.customer for one in alerts if one.owner == "Irina" and one.kind == "lapsed_a"] == (
        named[:2]
    )
    assert named[-1] in [one.customer for one in alerts if one.kind == "lapsed_a"]


def test_a_silence_is_raised_again_only_at_a_higher_probability(analysis: Analysis) -> None:
    risk = analysis.lapse
    assert risk is not None
    row = int(risk.named[0])

    def key(probability: float) -> str:
        changed = np.array(risk.probability)
        changed[row] = probability
        other = attrs.evolve(analysis, lapse=attrs.evolve(risk, probability=changed))
        customer = risk.customers[row]
        (alert,) = (
            one
            for one in find_alerts(other)
            if one.kind == "lapsed_a" and one.customer == customer
        )
        return alert.key

    assert key(0.55) == key(0.65)
    assert len({key(0.65), key(0.75), key(0.95)}) == 3


def test_sales_that_end_too_early_leave_the_lapses_to_the_rule() -> None:
    sales, _ = made_world(3, n=60, days=720)
    as_of = END + timedelta(days=40)
    late = analyze(sales, as_of=as_of, orders=LandmarkCollector(Settings(), as_of))
    assert late.lapse is None
