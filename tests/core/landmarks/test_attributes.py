"""Attributes of customers as features, by the function and by a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.core.landmarks.worlds import END, made_world
from tests.plugins.test_registry import plugin

from abcxyz import (
    AlertRules,
    Settings,
    Transactions,
    analyze,
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
    """Customers of the south pause for half a year at random, those of the north never."""
    random = np.random.default_rng(8)
    ids, days, money = [], [], []
    regions: dict[int, dict[str, object]] = {}
    for who in range(240):
        south = bool(random.random() < 0.5)
        regions[who] = {"region": "south" if south else "north", "name": f"Firm {who}"}
        size, at = float(np.exp(random.normal(6, 1))), float(random.uniform(0, 60))
        while at < 900:
            ids.append(who)
            days.append(np.datetime64(END) - 900 + int(at))
            money.append(size * float(np.exp(random.normal(0, 0.3))))
            pauses = south and random.random() < 0.15
            at += random.uniform(170, 200) if pauses else random.uniform(15, 35)
    return Transactions(ids, np.array(days), money), regions


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


def test_an_unknown_attribute_is_told_and_left_out(world: tuple[Transactions, Regions]) -> None:
    _, regions = world
    with pytest.warns(AbcxyzWarning, match="no customer has the attribute 'industry'.*region"):
        columns = attribute_columns(list(regions), regions, ["industry", "region"])
    assert list(columns) == ["attribute:region"]


class Paid:
    """Enricher that counts how often it is asked."""

    asked = 0

    def customers(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
        """Return the region of every customer."""
        type(self).asked += 1
        return {one: {"region": "south" if int(one) % 2 else "north"} for one in ids}

    def prospects(self) -> Mapping[str, Mapping[str, object]]:
        """Return no leads."""
        return {}


def test_a_job_learns_from_its_enricher_and_asks_it_once(tmp_path: Path) -> None:
    sales, _ = made_world(3, n=250, days=720, churn=0.25, last=240)
    lines = zip(sales.customer.tolist(), sales.day.tolist(), sales.amount.tolist(), strict=True)
    (tmp_path / "sales.csv").write_text(
        "customer,date,amount\n" + "".join(f"{who},{day},{money}\n" for who, day, money in lines)
    )
    text = (
        '[[source]]\nkind = "file"\npath = "sales.csv"\n[[enricher]]\nkind = "paid"\n'
        '[[sink]]\nkind = "jsonl"\npath = "out.jsonl"\n[alerts]\n'
    )
    registry = load(extra=[plugin("mine", abcxyz_enrichers={"paid": Paid})])
    found = []
    for options in ('attributes = ["region"]\n', ""):
        Paid.asked = 0
        job = parse_job(text + options, tmp_path / "job.toml")
        outcome = run(job, as_of=END, registry=registry)
        assert outcome.exit_code() == 0
        assert Paid.asked == 1
        assert outcome.analysis.lapse is not None
        assert outcome.analysis.calls is not None
        risk = outcome.analysis.lapse
        named = [risk.customers[i] for i in risk.named]
        assert {one.customer for one in outcome.analysis.calls} == set(named)
        found.append(risk)
    columns = attribute_columns(
        found[0].customers.tolist(),
        {who: {"region": "south" if int(who) % 2 else "north"} for who in found[0].customers},
    )
    assert list(columns) == ["attribute:region"]
    assert found[0].probability.tobytes() != found[1].probability.tobytes()
