"""Reports on managers, sources, losses, products, activities, times and service levels."""

from __future__ import annotations

import json
import math
from collections import Counter
from datetime import date
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from tests.crm.worlds import START, World, read, worlds

from abcxyz.core.sales.calendar import Window
from abcxyz.crm import (
    Activities,
    CrmData,
    Deals,
    Leads,
    ProductLines,
    Spend,
    Stage,
    StageMap,
    TextColumn,
    Users,
    analyze_crm,
)
from abcxyz.crm.deals.stuck import stuck_deals
from abcxyz.crm.records.columns import text_column
from abcxyz.crm.reports.activity import activity
from abcxyz.crm.reports.cycle import cycle
from abcxyz.crm.reports.flow import snapshot
from abcxyz.crm.reports.groups import compare_groups, strata
from abcxyz.crm.reports.lost_reasons import losses
from abcxyz.crm.reports.managers import managers
from abcxyz.crm.reports.products import products
from abcxyz.crm.reports.registry import REPORTS, make_report
from abcxyz.crm.reports.service.levels import service_levels
from abcxyz.crm.reports.service.requests import lead_handlers
from abcxyz.crm.reports.service.rules import ServiceRule
from abcxyz.crm.reports.sources import sources
from abcxyz.crm.statistics.business_calendar import BusinessCalendar
from abcxyz.errors import InputError

STAGES = StageMap(
    {"sales": ["NEW", Stage("WON", semantics="S"), Stage("LOST", semantics="F", reason="stage")]}
)


def crm(n: int = 40, **tables: Any) -> CrmData:
    """Return n closed deals without a history: owner m0 wins half, m1 a quarter."""
    won = [i % 2 == 0 if i % 4 < 2 else i % 8 == 2 for i in range(n)]
    owner = ["m0" if i % 4 < 2 else "m1" for i in range(n)]
    deals = Deals(
        deal=np.arange(n),
        funnel=["sales"] * n,
        created=START + np.arange(n) * np.timedelta64(3600, "s"),
        closed=START + np.arange(n) * np.timedelta64(3600, "s") + np.timedelta64(5, "D"),
        stage=["WON" if one else "LOST" for one in won],
        amount=[100.0] * n,
        currency=["RUB"] * n,
        owner=owner,
        customer=np.arange(n) % 5,
        source=["ads" if i % 3 else "" for i in range(n)],
    )
    return CrmData(deals=deals, stages=STAGES, **tables)


@given(worlds())
def test_parts_add_up_to_the_whole(world: World) -> None:
    data = read(world)
    counts = Counter(data.outcomes.kind.tolist())
    people, channels = managers(data), sources(data)
    assert sum(one.won for one in people.managers) == counts[1]
    assert sum(one.lost for one in people.managers) == counts[2] == losses(data).lost
    assert sum(one.deals for one in channels.sources) == len(data.deals)
    for by in ("stage", "owner", "source", "funnel"):
        assert sum(row.lost for row in losses(data, by=by).reasons) == counts[2]


def test_a_difference_between_managers_needs_evidence() -> None:
    few, many = managers(crm(40)), managers(crm(800))
    assert {one.rate.verdict for one in few.managers} == {"no difference shown"}
    assert (many["m0"].rate.verdict, many["m1"].rate.verdict) == ("higher", "lower")
    assert "No difference" in few.explain()
    assert "m0" in many.explain()


def test_wins_at_equal_leads() -> None:
    """Two people with different leads and equal skill sell as expected."""
    stratum = np.repeat([0, 0, 1, 1], [90, 10, 10, 90])
    group = np.repeat([0, 1, 0, 1], [90, 10, 10, 90])
    won = np.concatenate(
        [np.arange(90) < 45, np.arange(10) < 5, np.arange(10) < 1, np.arange(90) < 9]
    )
    rows = compare_groups(group, 2, won, np.ones(200, dtype=bool), stratum)
    assert rows[0].verdict == "higher"
    assert math.isclose(rows[0].expected, 46.0)
    assert math.isclose(rows[0].ratio, 1.0)
    assert rows[0].ratio_low < 1 < rows[0].ratio_high


def test_small_strata_are_merged_upwards() -> None:
    source = text_column(["a"] * 30 + ["b"] * 30 + ["c"] * 5)
    product = text_column(["x"] * 25 + ["y"] * 5 + ["x"] * 15 + ["y"] * 15 + ["x"] * 5)
    codes = strata([source, product], np.ones(65, dtype=bool))
    groups = [set(np.flatnonzero(codes == one).tolist()) for one in np.unique(codes)]
    assert set(range(25)) in groups  # a with x
    assert set(range(30, 60)) in groups  # b, whatever the product
    assert {*range(25, 30), *range(60, 65)} in groups  # the rest


def test_a_lead_is_of_who_answered_first_else_of_its_owner() -> None:
    """Lead 0: of its deal, m1 called before m0; lead 1: only an incoming call; lead 2: nothing."""
    data = crm(
        3,
        leads=Leads(lead=[0, 1, 2], created=[START] * 3, owner=["m0", "m0", ""], deal=[0, 1, 2]),
        activities=Activities(
            activity=[0, 1, 2, 3],
            kind=["call"] * 4,
            started=START + np.array([7200, 3600, 60, -60]).astype("m8[s]"),
            direction=["out", "out", "in", "out"],
            user=["m0", "m1", "m1", "m2"],
            lead=[-1, -1, 1, 2],
            deal=[0, 0, -1, -1],
        ),
    )
    assert lead_handlers(data).tolist() == ["m1", "m0", "(not given)"]
    assert {one.user: one.leads for one in managers(data).managers} == {
        "m0": 1, "m1": 1, "m2": 0, "(not given)": 1
    }  # fmt: skip


def test_people_who_left_and_unknown_ones() -> None:
    users = Users(user=["m0"], name=["Anna"], active=[False], robot=[False])
    people = managers(crm(users=users))
    assert (people["m0"].name, people["m0"].left) == ("Anna", True)
    assert people["m1"].name == "user m1 (not known)"


def test_sources_without_a_name_forbid_a_ranking() -> None:
    report = sources(crm(30))
    assert not report.ranked
    assert "33.3%" in report.explain()
    assert report["(not given)"].deals == 10


def test_return_on_the_spend_of_a_source() -> None:
    spend = Spend(source=["ads"], day=[date(2026, 3, 2)], amount=[500.0])
    row = sources(crm(spend=spend), margin=0.5)["ads"]
    assert row.spend == 500
    assert math.isclose(row.return_, (row.won_amount * 0.5 - 500) / 500)
    assert math.isclose(row.per_won, 500 / row.won)


def test_losses_name_their_base() -> None:
    report = losses(crm(40))
    (row,) = report.reasons
    assert row.reason == "stage"  # a lost stage that stands for a reason
    assert (row.share, row.of_deals) == (1.0, report.lost / 40)
    assert losses(crm(40), reasons={"stage": "price"}).reasons[0].reason == "price"
    with pytest.raises(InputError, match="use one of stage, owner"):
        losses(crm(), by="moon")


def test_what_a_reason_costs_is_its_incidence() -> None:
    """Of four deals begun one is lost for the price, one is won first, two are still open."""
    deals = (
        ((0, "sales", "NEW"), (10, "sales", "WON")),
        ((0, "sales", "NEW"), (20, "sales", "VISIT"), (30, "sales", "LOST")),
        ((0, "sales", "NEW"), (15, "sales", "VISIT")),
        ((25, "sales", "NEW"),),
    )
    data = read(World(deals, ()), 50)
    (row,) = losses(data).reasons
    # After the win 3/4 are open; of the two at risk after 30 hours (one is 25 old) one is lost.
    assert (row.reason, row.lost, row.share) == ("price", 1, 1.0)
    assert math.isclose(row.incidence, 0.75 / 2)
    assert row.incidence_low < row.incidence < row.incidence_high
    assert "are lost for it in the end" in losses(data).explain()
    (row,) = losses(data, by="stage").reasons
    # Of the two that reached the visit one was lost there after 10 hours.
    assert (row.group, row.incidence) == ("VISIT", 0.5)
    (row,) = losses(data, by="owner").reasons
    assert (row.group, row.incidence) == ("m1", 1.0)


def test_the_snapshot_weighs_by_what_was_won_at_a_stage() -> None:
    """Of the deals in NEW on past Mondays half were won; the CRM's percentages do not count."""
    closed = tuple(
        ((12 * i, "sales", "NEW"), (12 * i + 200, "sales", ("WON", "LOST")[i % 2]))
        for i in range(90)
    )
    data = read(World((*closed, ((1310, "sales", "NEW"),)), ()), 1320)
    win = make_report("win", data, horizon=20)
    report = make_report("snapshot", data, win=win)
    first = report.rows()[0].to_dict()
    assert first["deals"] == 1
    assert math.isclose(first["weighted"], win.rows()[0].to_dict()["expected"])
    assert 0.3 < first["weighted"] / first["amount"] < 0.7
    assert "Weighted by the probability" in report.explain()
    assert math.isnan(snapshot(data).stages[0].weighted)


def test_managers_have_their_requests_and_stuck_deals() -> None:
    hours = (0, 0, 0, 98)
    deals = tuple(((hour, "sales", "NEW"),) for hour in hours)
    data = read(World(deals, ((1, 0, "call"), (30, 1, "letter"))), 99 + 24 * 9)
    calendar = BusinessCalendar("Europe/Moscow")
    rows = {
        row["user"]: row
        for row in (
            one.to_dict() for one in make_report("managers", data, calendar=calendar).rows()
        )
    }
    # Deals 0 and 3 are of m0: one call in time, one never answered; all four are stuck.
    assert (rows["m0"]["sla_met"], rows["m0"]["sla_due"], rows["m0"]["sla_share"]) == (1, 2, 0.5)
    assert rows["m1"]["sla_share"] == 0.0
    assert (rows["m0"]["stuck"], rows["m0"]["stuck_amount"]) == (2, 500.0)
    assert managers(data)["m0"].sla_due == 0  # not said


def test_a_stage_that_the_history_does_not_hold_has_no_duration() -> None:
    """A deal is in VISIT today, where its history does not lead: nobody knows since when."""
    deals = tuple(((i, "sales", "NEW"), (i + 24, "sales", "VISIT")) for i in range(25))
    data = read(World((*deals, ((0, "sales", "NEW"),)), ()), 900)
    moved = data.deals.stage.codes.copy()
    moved[25] = data.deals.stage.code("VISIT")
    data = evolve(
        data, deals=data.deals.with_columns(stage=TextColumn(data.deals.stage.categories, moved))
    )
    assert {one.kind for one in data.quality.issues} >= {"stage_differs"}
    times = cycle(data)["sales"].stages
    assert [(one.stage, one.visits) for one in times[:2]] == [("NEW", 25), ("VISIT", 25)]
    assert all(one.deal != 25 for one in stuck_deals(data).deals)
    new, visit = snapshot(data).stages[:2]
    assert (new.deals, visit.deals) == (0, 26)
    assert visit.median_days == (900 - 36) / 24
    assert data.changes is not None
    few = evolve(data, changes=data.changes.take(data.changes.deal >= 24))
    with pytest.raises(InputError, match="25 of 26 deals have a gap"):
        cycle(few)


def test_the_classes_of_an_analysis_show_for_whom_the_time_goes() -> None:
    n = 10
    calls = Activities(
        activity=np.arange(n),
        kind=["call"] * n,
        started=START + np.arange(n) * np.timedelta64(3600, "s"),
        seconds=[60.0] * n,
        customer=[0] * 8 + [1, 2],
    )
    data = crm(activities=calls)
    made = analyze_crm(
        data, classes={0: "C", 1: "A", 2: "B"}, window=Window("2026-03-01", "2026-05-01")
    )
    sentence = made.reports["activity"].explain()
    assert "80.0% of the measured time went to class C" in sentence
    assert "The classes are those of the day of the report." in sentence


def test_a_missing_cost_is_not_zero() -> None:
    lines = ProductLines(
        deal=[0, 2, 4],
        product=["x", "x", "x"],
        amount=[100.0, 50.0, -10.0],
        cost=[60.0, None, -6.0],
    )
    data = evolve(crm(), lines=lines)
    row = products(data)["x"]
    won = data.outcomes.kind[[0, 4, 8]] == 1
    assert won.tolist() == [True, True, True]
    assert (row.amount, row.cost, row.margin) == (140.0, 54.0, 36.0)
    assert math.isclose(row.coverage, 90 / 140)
    assert "has a cost" in products(data).explain()


def test_time_by_class_of_customers() -> None:
    acts = Activities(
        activity=[1, 2, 3, 4],
        kind=["call"] * 4,
        started=[START + np.timedelta64(i, "h") for i in range(4)],
        seconds=[600.0, 1200.0, 600.0, 40000.0],
        done=[True, True, True, False],
        customer=[0, 1, 1, 1],
        user=["m0"] * 4,
    )
    report = activity(crm(activities=acts), classes={0: "A", 1: "C"})
    by_class = {row.customer_class: row for row in report.classes}
    assert math.isclose(by_class["C"].time_share, 0.75)
    assert by_class["A"].amount > 0
    assert "75.0% of the measured time went to class C" in report.explain()
    assert (report.activities[0].done, report.activities[0].planned) == (3, 1)


def test_long_activities_are_cut_and_counted() -> None:
    acts = Activities(
        activity=[1], kind=["meeting"], started=[START], ended=[START + np.timedelta64(30, "h")]
    )
    report = activity(crm(activities=acts))
    assert (report.cut, report.activities[0].minutes) == (1, 480.0)


def test_currencies_do_not_add_up() -> None:
    data = crm(8)
    mixed = evolve(data, deals=data.deals.with_columns(currency=text_column(["RUB", "USD"] * 4)))
    with pytest.raises(InputError, match=r"RUB \(4\), USD \(4\)"):
        managers(mixed)
    rubles = mixed.in_currency("RUB", {"USD": 90.0})
    assert managers(rubles).managers[0].won_amount > 0
    only = mixed.in_currency("RUB")
    counts = {one.kind: one.count for one in only.quality.issues}
    assert counts == {"other_currency": 4, "lost_with_amount": 1}


def test_a_stuck_deal_is_silent_and_slow() -> None:
    deals = tuple(((i, "sales", "NEW"), (i + 24, "sales", "VISIT")) for i in range(25))
    slow = (((0, "sales", "NEW"),),)
    data = read(World((*deals, *slow), ((400, 0, "call"),)), 500)
    report = stuck_deals(data, funnel="sales")
    stuck = [(one.deal, round(one.usual, 3)) for one in report.deals if one.stage == "NEW"]
    assert stuck == [(25, 1.0)]
    assert all(one.deal != 0 for one in report.deals)  # called 4 days ago
    assert "usually up to 1" in report.explain()


def test_the_cycle_censors_open_deals() -> None:
    deals = (
        ((0, "sales", "NEW"), (24, "sales", "WON")),
        ((0, "sales", "NEW"), (72, "sales", "LOST")),
        ((0, "sales", "NEW"),),
        ((0, "sales", "NEW"),),
    )
    row = cycle(read(World(deals, ()), 240), days=(2, 5))["sales"]
    assert (row.won_by, row.lost_by, row.open_after) == (
        {2: 0.25, 5: 0.25},
        {2: 0.0, 5: 0.25},
        {2: 0.75, 5: 0.5},
    )
    assert (row.median, row.naive_won_mean) == (3.0, 1.0)


def test_states_of_requests() -> None:
    """Answered after 1 and 30 hours, not answered, and begun just now."""
    hours = (0, 0, 0, 98)
    deals = tuple(((hour, "sales", "NEW"),) for hour in hours)
    data = read(World(deals, ((1, 0, "call"), (30, 1, "letter"))), 99)
    calendar = BusinessCalendar("Europe/Moscow", holidays=[date(2026, 3, 3)])
    report = service_levels(data, calendar=calendar)
    row = report["answer"]
    assert (row.met, row.late, row.overdue, row.running) == (1, 1, 1, 1)
    assert row.share == 1 / 3
    assert [one["state"] for one in report.due] == ["overdue"]
    assert "просрочено 1" in report.explain("ru")


def test_impossible_rules_are_refused() -> None:
    with pytest.raises(InputError, match="use one of lead, visit, proposal"):
        ServiceRule("x", "moon", 2)
    with pytest.raises(InputError, match="more than 0"):
        ServiceRule("x", "lead", 0)


def test_results_convert_and_show_in_both_languages() -> None:
    world = World(
        (((0, "sales", "NEW"), (9, "sales", "LOST")), ((3, "sales", "NEW"), (30, "sales", "WON"))),
        ((5, 0, "call"),),
    )
    data = evolve(read(world), lines=ProductLines(deal=[1], product=["<b>x</b>"], amount=[5.0]))
    window = Window(date(2026, 3, 1), date(2026, 4, 1))
    for name, kind in REPORTS.items():
        if name == "offers":  # refused for so few; tests/crm/baskets shows it
            continue
        report = make_report(name, data, window if kind.windowed else None)
        json.dumps(report.to_dict(), allow_nan=False)
        assert len(report.to_frame()) == len(report.rows())
        page = report.to_html("ru")
        assert "<table>" in page
        assert "<b>x" not in page
        assert report.explain("ru") != report.explain("en")


def test_options_of_reports() -> None:
    with pytest.raises(InputError, match="has no option margin"):
        make_report("losses", crm(), margin=1.0)
    with pytest.raises(InputError, match="use one of funnel"):
        make_report("moon", crm())
    with pytest.raises(InputError, match="needs a window"):
        make_report("flow", crm())


def test_without_given_classes_they_are_those_of_the_won_deals() -> None:
    """Customer 0 of these deals wins most of the amount; its ten calls are half of the time."""
    data = crm()
    amount = np.where(data.deals.customer == 0, 1000.0, 10.0)
    calls = Activities(
        activity=[1, 2, 3, 4],
        kind=["call"] * 4,
        started=[START + np.timedelta64(i, "h") for i in range(4)],
        seconds=[600.0, 1200.0, 300.0, math.nan],
        deal=[0, 6, 10, 5],
    )
    data = evolve(data, deals=data.deals.with_columns(amount=amount), activities=calls)
    report = activity(data, Window(date(2026, 3, 1), date(2026, 5, 1)))
    assert report.classes_of == Window(date(2025, 5, 1), date(2026, 5, 1))
    times = {one.customer_class: one for one in report.classes}
    assert (times["A"].activities, times["A"].timed, times["A"].minutes) == (3, 2, 15.0)
    assert math.isclose(times["A"].time_share, 900 / 2100)
    assert math.isclose(times["A"].minutes_per_100000, 15 / times["A"].amount * 1e5)
    assert math.isclose(sum(one.amount_share for one in report.classes), 1.0)
    sentence = report.explain()
    assert "The base is 0.6 hours of 3 activities whose duration is known." in sentence
    assert "ABC by the amount of the deals won from 2025-05-01 to 2026-04-30" in sentence
    # Nothing was won in the year before an earlier window, so there are no classes.
    early = activity(data, Window(date(2026, 2, 1), date(2026, 3, 1)))
    assert (early.classes, early.classes_of) == ((), None)
    assert "is not known" in early.explain()


def test_durations_of_different_bases_are_not_mixed() -> None:
    acts = Activities(
        activity=[1, 2, 3],
        kind=["call", "task", "task"],
        started=[START] * 3,
        seconds=[600.0, 6000.0, 600.0],
        customer=[0, 1, 1],
        basis=["measured", "entered", "assumed"],
    )
    report = activity(crm(activities=acts), classes={0: "A", 1: "C"})
    shares = {one.customer_class: one.time_share for one in report.classes}
    assert (report.basis, shares) == ("measured", {"A": 1.0, "C": 0.0, "N": 0.0})
    entered = activity(crm(activities=acts.take([1, 2])), classes={0: "A", 1: "C"})
    assert entered.basis == "entered"
    assert "100.0% of the entered time went to class C" in entered.explain()


def test_a_young_funnel_tells_the_share_won_by_the_last_day_that_is_known() -> None:
    """Every deal of these closes after five days, and nothing is older than seven."""
    deals = tuple(((i, "sales", "NEW"), (i + 120, "sales", "WON")) for i in range(4))
    data = read(World((*deals, ((0, "sales", "NEW"),)), ()), 180)
    sentence = cycle(data).explain()
    assert "are won within 7 days." in sentence
    assert "–" not in sentence
