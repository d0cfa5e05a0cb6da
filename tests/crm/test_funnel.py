"""Cohort funnel: a slow count of every deal, identities, figures of other programs."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from tests.crm.worlds import STAGES, World, moment, read, worlds

from abcxyz.core.sales.calendar import Window
from abcxyz.crm import CrmData
from abcxyz.crm.reports.flow import flow
from abcxyz.crm.reports.funnel import funnel
from abcxyz.errors import ConfigError, InputError


def slow(world: World, name: str) -> dict[str, tuple[int, int, int]]:
    """Count touched, reached and every stage so far, deal by deal."""
    order = [one.id for one in STAGES.order(name)]
    touched, reached, every = (dict.fromkeys(order, 0) for _ in range(3))
    for history in world.deals:
        stages = [stage for _, where, stage in history if where == name]
        if not stages:
            continue
        places = [order.index(stage) for stage in stages if stage in order] or [0]
        for place, stage in enumerate(order):
            touched[stage] += stage in stages
            reached[stage] += max(places) >= place
            every[stage] += all(one in stages for one in order[: place + 1])
    return {stage: (touched[stage], reached[stage], every[stage]) for stage in order}


@given(worlds())
def test_counts_equal_a_slow_count(world: World) -> None:
    for table in funnel(read(world)).funnels:
        rows = {row.stage: (row.touched, row.reached, row.all) for row in table.stages}
        assert rows == slow(world, table.funnel)


@given(worlds())
def test_the_rest_adds_up(world: World) -> None:
    """Those who do not go on are lost, open or handed over; outcomes add up to the deals."""
    for table in funnel(read(world)).funnels:
        assert table.deals == table.won + table.lost + table.open + table.handed_over
        for here, after in zip(table.stages, table.stages[1:], strict=False):
            rest = here.lost_here + here.open_here + here.handed_here
            assert here.reached - after.reached == rest
            assert here.skipped == here.reached - here.touched
            if here.reached:
                assert here.conversion == after.reached / here.reached
                assert here.low <= here.conversion <= here.high


@given(worlds())
def test_flows_balance(world: World) -> None:
    for row in flow(read(world), Window(date(2026, 3, 10), date(2026, 3, 20))).stages:
        before = row.at_start + row.created + row.in_forward + row.in_backward
        after = row.out_forward + row.out_backward + row.won + row.lost + row.handed_out
        assert before + row.reopened + row.handed_in == after + row.aside + row.at_end


@given(worlds())
def test_a_horizon_leaves_young_deals_out(world: World) -> None:
    crm = read(world, 700)
    whole = {one.funnel: one.deals for one in funnel(crm).funnels}
    for one in funnel(crm, horizon=2.0).funnels:
        assert one.deals + one.immature == whole[one.funnel]


def test_a_horizon_counts_outcomes_at_one_age() -> None:
    history = ((0, "sales", "NEW"), (47, "sales", "VISIT"), (49, "sales", "WON"))
    crm = read(World((history,), ()), 800)
    early, late = funnel(crm, horizon=2.0)["sales"], funnel(crm, horizon=3.0)["sales"]
    assert (early.won, early.open, late.won) == (0, 1, 1)
    assert [row.reached for row in early.stages] == [1, 1, 0, 0]


def test_worth_and_leak_of_a_stage() -> None:
    deals = tuple(
        ((i, "sales", "NEW"), (i + 30, "sales", "WON" if i < 2 else "LOST")) for i in range(8)
    )
    table = funnel(read(World(deals, ()), 700), margin=0.5, targets={"NEW": 0.5})["sales"]
    first = table.stages[0]
    assert table.average_cheque == 150.0
    # One point of 8 deals is 0.08 deals; all later stages pass all of them.
    assert math.isclose(first.worth, 0.08 * 150 * 0.5)
    assert math.isclose(first.leak, 25 * first.worth)
    assert table.worst() is first


def test_a_window_without_a_deal_is_empty() -> None:
    report = funnel(
        read(World((((0, "sales", "NEW"),),), ())), Window(date(2020, 1, 1), date(2020, 2, 1))
    )
    row = report["sales"].stages[0]
    assert (row.reached, row.to_dict()["conversion"]) == (0, None)


def test_wrong_options_are_refused() -> None:
    crm = read(World((((0, "sales", "NEW"),),), ()), 240)
    with pytest.raises(InputError, match="longest possible is 10 days"):
        funnel(crm, horizon=11)
    with pytest.raises(InputError, match=r"write 30% as 0\.30"):
        funnel(crm, margin=30)
    with pytest.raises(ConfigError, match="use one of NEW, VISIT"):
        funnel(crm, by="stage", stage="nowhere", funnel="sales")
    with pytest.raises(ConfigError, match="use one of sales, service"):
        funnel(crm, funnel="other")
    with pytest.raises(InputError, match="stage_changes"):
        funnel(CrmData(deals=crm.deals, stages=STAGES))


def test_deals_by_a_stage_and_by_closing() -> None:
    deals = (
        ((0, "sales", "NEW"), (100, "sales", "VISIT"), (400, "sales", "WON")),
        ((0, "sales", "NEW"), (30, "sales", "LOST")),
    )
    crm = read(World(deals, ()))
    days = Window(date(2026, 3, 5), date(2026, 3, 10))
    assert funnel(crm, days, by="stage", stage="VISIT", funnel="sales")["sales"].won == 1
    closed = Window(date(2026, 3, 18), date(2026, 3, 20))
    assert funnel(crm, closed, by="closed")["sales"].deals == 1
    assert np.datetime64("2026-03-18T22:00:00") == moment(400)
