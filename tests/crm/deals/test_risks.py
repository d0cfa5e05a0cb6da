"""Deals at risk: their reasons, their money, and the interval of the weighted pipeline."""

from __future__ import annotations

import functools
import itertools
import json
import math
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from abcxyz.cli import main
from abcxyz.core.advice.risk_reasons import RISKS
from abcxyz.crm import (
    Activities,
    CrmSettings,
    DealRisks,
    ServiceRule,
    analyze_crm,
    deal_risks,
    service_levels,
    win_probability,
)
from abcxyz.crm.statistics.weighted_sum import weighted_sum_interval
from abcxyz.errors import InputError

from .portals import portal
from .test_win_probability import telling, write


@functools.cache
def risks() -> DealRisks:
    crm = telling()
    planned = np.full(len(crm.deals), np.datetime64("2099-01-01", "D"))
    planned[-40:] = np.datetime64("2026-06-01", "D")
    deals = crm.deals.with_columns(planned=planned)
    assert deals.customer is not None
    return deal_risks(evolve(crm, deals=deals), classes={deals.customer[-1].item(): "A"})


def test_every_reason_is_true_of_its_deal() -> None:
    made = risks()
    assert {kind for one in made.deals for kind in one.kinds} >= {"below", "stuck", "planned"}
    for one in made.deals:
        assert list(one.kinds) == [kind for kind in RISKS if kind in one.kinds]
        assert len(one.reasons()) == len(one.kinds) + one.important
        if "below" in one.kinds:
            now, well = one.facts["below"]
            assert now == one.probability
            assert well - now >= 0.15
            assert one.at_risk == pytest.approx((well - now) * one.amount)
        if "stuck" in one.kinds:
            assert one.facts["stuck"][0] > one.facts["stuck"][1]


def test_the_most_money_is_first_and_adds_up() -> None:
    made = risks()
    money = [one.at_risk for one in made.deals]
    assert money == sorted(money, reverse=True)
    assert made.money == pytest.approx(sum(money))
    assert made.open_deals == len(made.win.deals)
    assert str(made.deals[0].deal) in made.explain()
    assert made.explain("ru") != made.explain()


def test_a_fall_is_found_by_the_same_model_a_week_earlier() -> None:
    crm = telling()
    made = risks()
    before = win_probability(
        crm.as_of(crm.until - np.timedelta64(7, "D")), model=made.win.model
    ).positions
    earlier = win_probability(crm.as_of(crm.until - np.timedelta64(7, "D")), model=made.win.model)
    found = {one.deal for one in made.deals if "fell" in one.kinds}
    for one in made.win.deals:
        place = before.get(one.deal)
        fell = place is not None and earlier.deals[place].probability - one.probability >= 0.15
        assert (one.deal in found) == fell
    assert found


def test_the_least_money_leaves_out_low_probabilities_alone() -> None:
    crm = telling()
    few = deal_risks(crm, win=risks().win, min_money=1e12)
    assert not any("below" in one.kinds for one in few.deals)
    assert any("stuck" in one.kinds for one in few.deals)


def test_plans_are_a_reason_only_where_the_source_has_plans() -> None:
    crm = portal(120, weeks=12)
    assert not any("no_step" in one.kinds for one in deal_risks(crm).deals)
    table = crm.activities
    assert table is not None
    assert table.deal is not None
    open_deal = crm.deals.deal[crm.outcomes.kind == 0][0]
    planned = Activities(
        activity=np.append(table.activity, 10**6),
        kind=[*table.kind.tolist(), "call"],
        started=np.append(table.started, crm.until + np.timedelta64(1, "D")),
        done=np.append(np.ones(len(table), dtype=bool), False),
        deal=np.append(table.deal, open_deal),
    )
    found = deal_risks(evolve(crm, activities=planned))
    without = {one.deal for one in found.deals if "no_step" in one.kinds}
    assert without == {one.deal for one in found.win.deals} - {open_deal}


def test_overdue_requests_are_a_reason() -> None:
    crm = telling()
    rules = (ServiceRule("call", "proposal", 24.0, visit="VISIT", proposal="OFFER"),)
    made = deal_risks(crm, win=risks().win, rules=rules)
    requests = service_levels(crm, rules=rules).due
    due = {one["deal"] for one in requests if one["state"] == "overdue"}
    assert due
    listed = {one.deal for one in made.deals if "overdue" in one.kinds}
    assert listed == due & {one.deal for one in made.win.deals}


def test_without_a_history_it_is_refused() -> None:
    with pytest.raises(InputError, match="stage_changes"):
        deal_risks(evolve(portal(50, weeks=8), changes=None))


def test_frame_html_chart_and_command(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    made = risks()
    assert {"at_risk", "kinds", "reasons"} <= set(made.to_frame().columns)
    assert "<table" in made._repr_html_()
    assert str(made.deals[0].deal) in str(made.plot("ru"))
    write(portal(120, weeks=12), tmp_path)
    assert main(["crm", "risks", str(tmp_path), "--zone", "UTC", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["deals"]
    assert {"deal", "kinds", "reasons", "at_risk"} <= set(shown["deals"][0])
    assert main(["crm", "risks", str(tmp_path), "--zone", "UTC", "--lang", "ru"]) == 0
    assert "дн. на стадии" in capsys.readouterr().out


@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(1, 50)), min_size=1, max_size=8),
    st.sampled_from([0.5, 0.8, 0.9]),
)
def test_the_interval_of_a_weighted_sum_is_that_of_all_outcomes(
    pairs: list[tuple[float, int]], level: float
) -> None:
    """Every combination of outcomes, weighed by its chance, gives the same quantiles."""
    chance = np.array([p for p, _ in pairs])
    amount = np.array([float(a) for _, a in pairs])
    sums: dict[float, float] = {}
    for taken in itertools.product([0, 1], repeat=len(pairs)):
        weight = math.prod(p if t else 1 - p for t, p in zip(taken, chance, strict=True))
        total = float(np.array(taken) @ amount)
        sums[total] = sums.get(total, 0.0) + weight
    low, high = weighted_sum_interval(chance, amount, level)
    unit = float(amount.sum()) / 8191

    def below(bound: float) -> float:
        return sum(weight for total, weight in sums.items() if total <= bound)

    tail, near = (1 - level) / 2, unit * (len(pairs) + 1)
    assert below(low + near) >= tail - 1e-9
    assert below(low - near) <= tail + 1e-9
    assert below(high + near) >= 1 - tail - 1e-9
    assert below(high - near) <= 1 - tail + 1e-9


def test_many_amounts_have_a_normal_interval() -> None:
    rng = np.random.default_rng(5)
    chance, amount = rng.random(4500), rng.lognormal(8, 1, 4500)
    drawn = (rng.random((2000, 4500)) < chance) @ amount
    low, high = weighted_sum_interval(chance, amount)
    assert low == pytest.approx(np.quantile(drawn, 0.05), rel=0.01)
    assert high == pytest.approx(np.quantile(drawn, 0.95), rel=0.01)


def test_no_amounts_have_no_interval() -> None:
    none = np.zeros(0)
    assert weighted_sum_interval(none, none) == (0.0, 0.0)


def test_few_deals_have_no_probability_and_their_amounts_are_at_risk() -> None:
    made = deal_risks(portal(60, weeks=8).as_of("2025-02-03"))
    assert made.win.basis == "none"
    assert all(one.at_risk == one.amount for one in made.deals)


def test_an_analysis_fits_the_probabilities_once() -> None:
    """The risks of an analysis rest on the probabilities that it reports."""
    settings = CrmSettings(reports=("win", "risks"))
    made = analyze_crm(portal(400), settings=settings)
    found, alone = (
        made.reports["risks"],
        analyze_crm(portal(400), settings=evolve(settings, reports=("risks",))).reports["risks"],
    )
    assert isinstance(found, DealRisks)
    assert found.win is made.reports["win"]
    assert found.to_dict() == alone.to_dict()
