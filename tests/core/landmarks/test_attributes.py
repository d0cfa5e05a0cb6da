"""Attributes of customers as features, by the function and by a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import attrs
import numpy as np
import pytest
from tests.core.landmarks.worlds import END, pausing_world
from tests.plugins.test_registry import plugin

from abcxyz import (
    AlertRules,
    Settings,
    Transactions,
    analyze,
    backtest_lapse,
    lapse_risk,
    rise_chance,
    with_facts,
)
from abcxyz.config import parse_job
from abcxyz.core.analysis.learn_lapses import learning
from abcxyz.core.landmarks.features import attribute_columns
from abcxyz.errors import AbcxyzWarning
from abcxyz.pipeline import run
from abcxyz.registry import load

RULES = AlertRules(attributes=["region"])
Regions = Mapping[int, Mapping[str, object]]


@pytest.fixture(scope="module")
def world() -> tuple[Transactions, Regions]:
    return pausing_world()


def test_an_attribute_that_tells_is_learned_and_named(
    world: tuple[Transactions, Regions],
) -> None:
    sales, regions = world
    plain = lapse_risk(sales, END, 60)
    only = {who: {"region": one["region"]} for who, one in regions.items()}
    risk = lapse_risk(sales, END, 60, attributes=only)
    assert risk.basis == "learned"
    assert plain.judged is not None
    assert risk.judged is not None
    assert risk.judged.brier < plain.judged.brier
    by_region = {
        region: np.mean(
            [
                chance
                for who, chance in zip(
                    risk.customers.tolist(), risk.probability.tolist(), strict=True
                )
                if only[who]["region"] == region
            ]
        )
        for region in ("south", "north")
    }
    assert by_region["south"] > 1.5 * by_region["north"]
    said = [risk.reasons(i) for i in range(len(risk))]
    assert any("the attribute region" in one for one in said)
    assert any("признак «region»" in risk.reasons(i, "ru") for i in range(len(risk)))
    # A number per customer and unknown values are features too.
    numbers = {
        who: {"staff": 5.0 if one["region"] == "south" else 900} for who, one in only.items()
    }
    del numbers[0], numbers[1]
    assert rise_chance(sales, END, 60, attributes=numbers).basis in ("learned", "value")


def test_a_name_that_tells_nothing_changes_little(world: tuple[Transactions, Regions]) -> None:
    sales, regions = world
    names = {who: {"name": one["name"]} for who, one in regions.items()}
    plain, named = lapse_risk(sales, END, 60), lapse_risk(sales, END, 60, attributes=names)
    np.testing.assert_allclose(np.sort(named.probability), np.sort(plain.probability), atol=0.05)


def test_attributes_known_only_later_are_learned_from_then(
    world: tuple[Transactions, Regions],
) -> None:
    sales, regions = world
    orders = learning(RULES, Settings(), END)
    before = analyze(sales, as_of=END, orders=orders, alert_rules=RULES, horizon=60)
    after = with_facts(before, attributes=regions, alert_rules=RULES)
    at_once = analyze(
        sales, as_of=END, orders=learning(RULES, Settings(), END), alert_rules=RULES, horizon=60,
        attributes=regions,
    )  # fmt: skip
    assert before.lapse is not None
    assert after.lapse is not None
    assert at_once.lapse is not None
    assert after.lapse.probability.tobytes() == at_once.lapse.probability.tobytes()
    assert after.lapse.probability.tobytes() != before.lapse.probability.tobytes()
    assert (after.calls, after.growth) == (at_once.calls, at_once.growth)
    assert after.actions is not None
    assert at_once.actions is not None
    assert after.actions.texts() == at_once.actions.texts()
    assert after.history is None
    same = with_facts(before, attributes=regions)
    assert same.lapse is not None
    assert same.lapse.probability.tobytes() == before.lapse.probability.tobytes()


def test_lists_of_past_days_are_learned_from_the_attributes_too(
    world: tuple[Transactions, Regions],
) -> None:
    sales, regions = world
    only = {who: {"region": one["region"]} for who, one in regions.items()}
    tried = backtest_lapse(sales, END, 60, most=1, attributes=only)
    day = tried.days[0].day
    then = lapse_risk(sales, day, 60, attributes=only)
    assert {one.customer for one in tried.namings} == set(then.customers[then.named].tolist())
    assert tried.namings != backtest_lapse(sales, END, 60, most=1).namings
    # Attributes that are known only later change the lists of the past as well.
    rules = attrs.evolve(RULES, backtest=1)
    before = analyze(
        sales, as_of=END, orders=learning(rules, Settings(lookback="36M"), END),
        settings=Settings(lookback="36M"), alert_rules=rules, horizon=60,
    )  # fmt: skip
    assert with_facts(before, attributes=only, alert_rules=rules).backtest == tried


def test_an_unknown_attribute_is_told_and_left_out(world: tuple[Transactions, Regions]) -> None:
    _, regions = world
    with pytest.warns(AbcxyzWarning, match="no customer has the attribute 'industry'.*region"):
        columns = attribute_columns(list(regions), regions, ["industry", "region"])
    assert list(columns) == ["attribute:region"]


class Paid:
    """Enricher that counts how often it is asked."""

    asked = 0
    regions: Regions = MappingProxyType({})

    def customers(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
        """Return the region of every customer."""
        type(self).asked += 1
        return {one: self.regions[int(one)] for one in ids}

    def prospects(self) -> Mapping[str, Mapping[str, object]]:
        """Return no leads."""
        return {}


def test_a_job_learns_from_its_enricher_and_asks_it_once(
    tmp_path: Path, world: tuple[Transactions, Regions]
) -> None:
    sales, Paid.regions = world
    lines = zip(sales.customer.tolist(), sales.day.tolist(), sales.amount.tolist(), strict=True)
    (tmp_path / "sales.csv").write_text(
        "customer,date,amount\n" + "".join(f"{who},{day},{money}\n" for who, day, money in lines)
    )
    text = (
        '[[source]]\nkind = "file"\npath = "sales.csv"\n[[enricher]]\nkind = "paid"\n'
        '[[sink]]\nkind = "jsonl"\npath = "out.jsonl"\n[alerts]\n'
    )
    registry = load(extra=[plugin("mine", abcxyz_enrichers={"paid": Paid})])
    risks = []
    for options in ('attributes = ["region"]\n', ""):
        Paid.asked = 0
        job = parse_job(text + options, tmp_path / "job.toml")
        outcome = run(job, as_of=END, registry=registry)
        assert outcome.exit_code() == 0
        assert Paid.asked == 1
        risk, calls = outcome.analysis.lapse, outcome.analysis.calls
        assert risk is not None
        assert calls is not None
        assert {one.customer for one in calls} == {risk.customers[i] for i in risk.named}
        risks.append(risk)
    assert risks[0].customers.tolist() != [] != risks[1].customers.tolist()
    pushed = [set(risk.pushes) for risk in risks]
    assert "attribute:region" in pushed[0] - pushed[1]
