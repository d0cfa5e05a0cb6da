"""Growth list: its order, its length, the cap per owner, and what stands without chances."""

from __future__ import annotations

import json
import warnings
from datetime import date, timedelta

import attrs
import numpy as np
import pytest
from tests.core.landmarks.worlds import END, made_world

from abcxyz import (
    AlertRules,
    Analysis,
    CrmFacts,
    Settings,
    Transactions,
    analyze,
    find_alerts,
    find_growth,
    rise_chance,
    with_facts,
)
from abcxyz.core.analysis.learn_lapses import learning
from abcxyz.errors import MeaninglessClassesWarning
from abcxyz.report.anonymization import anonymize
from abcxyz.tables.export.summary import summary_text


@pytest.fixture(scope="module")
def sales() -> Transactions:
    return made_world(5, n=500, days=720)[0]


@pytest.fixture(scope="module")
def analysis(sales: Transactions) -> Analysis:
    return analyze(sales, as_of=END, orders=learning(AlertRules(), Settings(), END), horizon=90)


def near_limit(analysis: Analysis) -> set[int]:
    """Customers of B who lack up to a tenth of the limit of A, counted one by one."""
    limit, snapshot = analysis.abc.cuts.first, analysis.snapshot
    rows = zip(snapshot.customers, snapshot.abc, snapshot.value, strict=True)
    return {int(who) for who, code, value in rows if code == 1 and limit - value <= 0.1 * limit}


def test_the_best_chances_stand_by_chance_times_missing_money(
    analysis: Analysis, sales: Transactions
) -> None:
    growth, rise = analysis.growth, analysis.rise
    assert growth is not None
    assert rise is not None
    assert growth.basis == rise.basis != "none"
    assert len(growth) == len(near_limit(analysis)) >= 5
    gains = [one.probability * one.missing for one in growth]
    assert gains == sorted(gains, reverse=True)
    assert [one.expected_gain for one in growth] == pytest.approx(gains)
    named = {one.customer for one in growth}
    others = [
        chance
        for who, chance in zip(rise.customers.tolist(), rise.probability.tolist(), strict=True)
        if who not in named
    ]
    assert max(others) <= min(one.probability for one in growth)
    assert {one.segment for one in growth} <= {"BX", "BY", "BZ"}
    limit = analysis.abc.cuts.first
    for one in growth:
        assert one.missing == pytest.approx(limit - one.value)
        cases, risen = one.like
        assert cases >= risen
        assert not set(one.reasons("ru")) & set(one.against("ru"))
        at = rise.positions[one.customer]
        assert one.like == rise.certainty(at)
        assert (one.reasons(), one.against()) == (rise.reasons(at), rise.against(at))
    assert any(one.reasons() for one in growth)
    # The function for the sales alone gives the same chances.
    alone = rise_chance(sales, END, 90)
    np.testing.assert_allclose(alone.probability, rise.probability)
    assert alone.customers.tolist() == rise.customers.tolist()


def test_alerts_near_a_are_the_list_with_chance_and_missing_money(analysis: Analysis) -> None:
    growth = analysis.growth
    assert growth is not None
    alerts = [one for one in analysis.alerts if one.kind == "near_a"]
    assert [one.customer for one in alerts] == [one.customer for one in growth]
    first, alert = growth[0], alerts[0]
    assert alert.money == pytest.approx(first.expected_gain, abs=0.01)
    assert alert.key == f"near_a:{first.customer}"
    share = round(100 * first.probability)
    assert f"within {growth.horizon_days} days with a probability of {share}%" in alert.sentence()
    said = alert.sentence("ru").replace("\N{NO-BREAK SPACE}", " ")
    assert f"вероятность дойти за {growth.horizon_days} дн. — {share} %" in said
    for one in growth:
        assert str(round(one.missing))[-3:] in next(
            sentence.sentence() for sentence in alerts if sentence.customer == one.customer
        )


def test_without_chances_those_near_the_limit_stand_by_what_they_lack(
    analysis: Analysis, sales: Transactions
) -> None:
    for without in (
        find_growth(analysis, rules=AlertRules(lapse="rule")),
        find_growth(attrs.evolve(analysis, rise=None)),
        analyze(sales, as_of=END).growth,
    ):
        assert without is not None
        assert without.basis == "none"
        assert "up to 10%" in without.why
        assert {one.customer for one in without} == near_limit(analysis)
        missing = [one.missing for one in without]
        assert missing == sorted(missing, reverse=True)
        assert np.isnan([one.probability for one in without]).all()
        assert without[0].reasons() == []
    alerts = find_alerts(attrs.evolve(analysis, rise=None))
    near = [one for one in alerts if one.kind == "near_a"]
    lacking = [one.missing for one in find_growth(attrs.evolve(analysis, rise=None))]
    assert [one.money for one in near] == pytest.approx(lacking, abs=0.01)
    assert near[0].sentence().endswith("to become A")


def test_too_few_examples_leave_the_value_alone_and_say_so() -> None:
    first = END - timedelta(days=160)
    ids = [who for who in range(12) for _ in range(6)]
    days = [first + timedelta(days=30 * k) for _ in range(12) for k in range(6)]
    sales = Transactions(ids, days, [1.5 ** (12 - who) * 100 for who in ids])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MeaninglessClassesWarning)
        found = analyze(sales, as_of=END, orders=learning(AlertRules(), Settings(), END))
    assert found.rise is not None
    assert found.growth is not None
    assert found.growth.basis == "none"
    assert "too few to learn from" in found.growth.why


def test_an_employee_sees_so_many_and_the_rest_is_counted(analysis: Analysis) -> None:
    growth = analysis.growth
    assert growth is not None
    names = [one.customer for one in growth]
    facts = CrmFacts(owners=dict.fromkeys(names[:-1], "Irina"))
    rules = AlertRules(per_owner=2)
    shown = find_growth(analysis, facts, rules)
    assert [one.customer for one in shown] == [*names[:2], names[-1]]
    assert [one.owner for one in shown] == ["Irina", "Irina", None]
    assert shown.held_back == len(names) - 3
    assert with_facts(analysis, facts, alert_rules=rules).growth == shown


def test_json_holds_the_list_and_anonymous_files_no_identifiers(analysis: Analysis) -> None:
    growth = analysis.growth
    assert growth is not None
    written = json.loads(summary_text(analysis))["growth"]
    assert written == json.loads(json.dumps(growth.to_dict()))
    assert written["customers"][0]["customer"] == growth[0].customer
    hidden = anonymize(analysis, b"0123456789abcdef")
    assert hidden.growth is not None
    assert hidden.rise is not None
    plain = {str(one) for one in analysis.snapshot.customers.tolist()}
    masked = [str(one.customer) for one in hidden.growth]
    assert not plain & {*masked, *map(str, hidden.rise.customers.tolist())}
    assert set(masked) <= set(map(str, hidden.snapshot.customers.tolist()))
    assert isinstance(growth.as_of, date)
