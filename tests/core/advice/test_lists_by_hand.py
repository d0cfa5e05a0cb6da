"""Call list, growth list and the lists of past days: every figure worked out by hand."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from abcxyz import (
    Alert,
    AlertRules,
    Analysis,
    Limits,
    Settings,
    Shares,
    Transactions,
    analyze,
    find_alerts,
    find_calls,
    find_growth,
    lapse_risk,
)
from abcxyz.core.advice.backtest import Backtest, BacktestDay, Naming, backtest_lapse
from abcxyz.core.advice.calls import Call, CallList, CallOutcome, call_list, calls_of_risk
from abcxyz.core.advice.growth import GrowthList, RisingCustomer
from abcxyz.core.analysis.series import owner_totals
from abcxyz.errors import InputError
from abcxyz.toolkit.catalogue import Catalogue, translate

DAY = date(2026, 11, 1)
WHY = Catalogue().message("learned from {rows} examples", rows=300)


def ago(days: int) -> date:
    return DAY - timedelta(days=days)


def call(customer: Any, days: int = 40, **more: Any) -> Call:
    values = {"segment": "AX", "usual": 10.0, "longest": 30.0, "money": 100.0, **more}
    return Call(customer=customer, last_day=ago(days), days=days, **values)


def listed(*calls: Call, outcomes: Any = (), per_owner: int = 0) -> CallList:
    return call_list(
        calls, as_of=DAY, horizon_days=60, basis="learned", why=WHY, outcomes=outcomes,
        per_owner=per_owner,
    )  # fmt: skip


def test_the_largest_expected_loss_is_called_first() -> None:
    found = listed(
        call("a", expected_loss=5.0, money=100.0),
        call("b", expected_loss=9.0, money=10.0),
        call("c", expected_loss=5.0, money=200.0),
        call("d", expected_loss=5.0, money=math.nan),
    )
    assert [one.customer for one in found] == ["b", "c", "a", "d"]
    assert found.money == 310.0
    assert found[1].customer == "c"
    assert (len(found), found.held_back, found.waiting) == (4, 0, 0)


def test_by_the_rule_those_never_silent_for_so_long_come_first() -> None:
    found = listed(
        call("before", days=30, money=900.0),
        call("never", days=31, money=1.0),
        call("unknown", days=31, longest=math.nan, money=800.0),
        call("large", days=31, money=2.0),
    )
    assert [one.customer for one in found] == ["large", "never", "before", "unknown"]
    assert (found.never_so_long, found.silent_before) == (2, 1)
    assert repr(found) == "CallList(4 to call; 2 never so long)"


@pytest.mark.parametrize(
    ("usual", "called", "waits"),
    [
        (20.0, 19, True), (20.0, 20, False),
        # A week at the earliest, and within the horizon of 60 days.
        (3.0, 6, True), (3.0, 7, False), (90.0, 59, True), (90.0, 60, False),
        (math.nan, 59, True), (math.nan, 60, False),
    ],
)  # fmt: skip
def test_the_next_call_is_due_after_another_usual_gap(
    usual: float, called: int, waits: bool
) -> None:
    outcome = CallOutcome(customer="a", day=ago(called), outcome="called")
    found = listed(call("a", days=100, usual=usual), outcomes=[outcome])
    assert (len(found), found.waiting) == ((0, 1) if waits else (1, 0))
    if not waits:
        assert found[0].outcome == outcome


def test_an_outcome_counts_while_no_order_follows_it() -> None:
    """The latest one by the day counts; those after the day of the list are not known yet."""
    lost = CallOutcome(customer=7, day=ago(40), outcome="lost")
    assert len(listed(call(7, days=40), outcomes=[lost])) == 1
    assert listed(call(7, days=40), outcomes=[lost])[0].outcome is None
    assert listed(call(7, days=41), outcomes=[lost]).waiting == 1
    assert listed(call("7", days=41), outcomes=[lost]).waiting == 1
    called = CallOutcome(customer=7, day=ago(30), outcome="called")
    for order in ([lost, called], [called, lost]):
        found = listed(call(7, days=90), outcomes=order)
        assert (found.waiting, found[0].outcome) == (0, called)
    later = CallOutcome(customer=7, day=ago(-1), outcome="lost")
    assert listed(call(7, days=90), outcomes=[later])[0].outcome is None
    today = CallOutcome(customer=7, day=DAY, outcome="lost")
    assert listed(call(7, days=90), outcomes=[today]).waiting == 1
    with pytest.raises(InputError, match="'gone'"):
        CallOutcome(customer=7, day=DAY, outcome="gone")


def test_who_waits_keeps_nobody_else_from_the_list() -> None:
    """Money that is not known counts as none."""
    lost = [CallOutcome(customer=who, day=ago(20), outcome="lost") for who in ("a", "c")]
    found = listed(
        call("a"), call("b", money=math.nan), call("c"), call("d", money=0.5), call("e"),
        outcomes=lost,
    )  # fmt: skip
    assert [one.customer for one in found] == ["e", "d", "b"]
    assert found.waiting == 2


def test_an_employee_has_so_many_calls() -> None:
    calls = [
        call(i, expected_loss=float(10 - i), owner=owner)
        for i, owner in enumerate(["ann", "ann", "bob", None, "ann", None])
    ]
    assert [one.customer for one in listed(*calls, per_owner=1)] == [0, 2, 3, 5]
    assert listed(*calls, per_owner=1).held_back == 2
    assert [one.customer for one in listed(*calls, per_owner=2)] == [0, 1, 2, 3, 5]
    assert len(listed(*calls)) == 6
    many = [call(i, expected_loss=1.0, owner="ann") for i in range(302)]
    assert (len(listed(*many, per_owner=300)), len(listed(*many))) == (300, 302)
    assert len(listed(*many, per_owner=-1)) == 302


def test_a_call_as_plain_values() -> None:
    one = call(
        np.int64(5), days=41, usual=20.44, longest=33.0, money=1234.567, owner="ann",
        probability=0.654321, orders=2.25, expected_loss=807.8049, like=(40, 26),
        months=(0.0, 10.126), facts={"silence": 41.0, "orders": 5.0, "own_gap": 20.44,
                                     "longest": 33.0, "mean_order": 450.0},
        because=("silence",), against=("size",),
    )  # fmt: skip
    plain = {
        "customer": 5, "segment": "AX", "owner": "ann", "last_day": "2026-09-21", "days": 41,
        "usual": 20.4, "longest": 33.0, "never_so_long": True, "probability": 0.6543,
        "money": 1234.57, "orders": 2.2, "expected_loss": 807.8, "like_cases": 40,
        "like_gone": 26, "outcome": None, "outcome_day": None,
        "reasons": ["41 days silent, usual 20, longest 33"], "against": ["mean order: 450"],
        "months": [0.0, 10.13],
    }  # fmt: skip
    assert one.to_dict() == plain
    outcome = CallOutcome(customer=5, day=ago(3), outcome="ordered")
    bare = evolve(
        one, outcome=outcome, usual=math.nan, longest=math.nan, probability=math.nan,
        orders=math.nan, expected_loss=math.nan,
    ).to_dict()  # fmt: skip
    assert (bare["outcome"], bare["outcome_day"]) == ("ordered", "2026-10-29")
    names = ("usual", "longest", "probability", "orders", "expected_loss")
    assert [bare[name] for name in names] == [None] * 5
    assert bare["never_so_long"] is False
    assert listed(one).to_dict() == {
        "as_of": "2026-11-01", "horizon_days": 60, "basis": "learned",
        "why": "learned from 300 examples", "first_month": "2024-11-01", "held_back": 0,
        "waiting": 0, "customers": [plain],
    }  # fmt: skip


def rising(customer: str, **more: Any) -> RisingCustomer:
    return RisingCustomer(customer=customer, segment="BX", value=10.0, missing=5.0, **more)


def growth(*customers: RisingCustomer, held_back: int = 0) -> GrowthList:
    return GrowthList(
        as_of=DAY, horizon_days=60, basis="learned", why=WHY, customers=customers,
        held_back=held_back,
    )  # fmt: skip


def test_the_largest_expected_gain_stands_first() -> None:
    found = growth(
        rising("a", expected_gain=1.0),
        evolve(rising("b"), missing=7.0),
        rising("c", expected_gain=2.0, owner="ann"),
        evolve(rising("d", expected_gain=1.0, owner="ann"), missing=9.0),
        rising("e"),
        held_back=3,
    )
    assert [one.customer for one in found.first_of_owners(0)] == ["c", "d", "a", "b", "e"]
    part = found.first_of_owners(1)
    assert [one.customer for one in part] == ["c", "a", "b", "e"]
    assert (part.held_back, found.first_of_owners(0).held_back) == (4, 3)
    assert repr(part) == "GrowthList(4 may reach A)"


def test_a_rising_customer_as_plain_values() -> None:
    one = RisingCustomer(
        customer="a", segment="BX", owner="ann", value=10.126, missing=5.004,
        probability=0.33336, expected_gain=1.66813, like=(30, 9),
        facts={"mean_order": 450.0, "tenure": 700.0, "missing": 5.0},
        because=("size", "value"), against=("tenure",),
    )  # fmt: skip
    assert one.to_dict() == {
        "customer": "a", "segment": "BX", "owner": "ann", "value": 10.13, "missing": 5.0,
        "probability": 0.3334, "expected_gain": 1.67, "like_cases": 30, "like_risen": 9,
        "reasons": ["mean order: 450", "5 short of class A"],
        "against": ["a customer for 700 days"],
    }  # fmt: skip
    assert growth(one, held_back=2).to_dict() == {
        "as_of": "2026-11-01", "horizon_days": 60, "basis": "learned",
        "why": "learned from 300 examples", "held_back": 2, "customers": [one.to_dict()],
    }  # fmt: skip


def tried(**more: Any) -> BacktestDay:
    values = {
        "customers": 9, "lapsed": 4, "named": 5, "came_back": 2, "money_named": 50.126,
        "money_back": 20.0, "money_lost": 30.0, **more,
    }  # fmt: skip
    return BacktestDay(day=ago(60), basis="rule", **values)


def test_what_came_of_a_list_in_shares_and_in_words() -> None:
    assert (tried().precision, tried().recall) == (0.6, 0.75)
    assert math.isnan(tried(named=0, came_back=0).precision)
    assert math.isnan(tried(lapsed=0).recall)
    silence = Naming(customer="a", day=ago(60), money=5.0, came_back=True, called=True)
    namings = (
        silence,
        evolve(silence, customer="b", called=False),
        evolve(silence, customer="c", came_back=False),
        evolve(silence, customer="d", came_back=False, called=False),
        evolve(silence, customer="e", called=False),
    )
    whole = Backtest(horizon_days=30, days=(tried(), tried()), namings=namings)
    assert (whole.named, whole.came_back, whole.called, whole.after_call) == (5, 3, 2, 1)
    since = "Of 5 named since 2026-09-02 3 came back"
    assert whole.sentence() == f"{since}, 1 of them after a call"
    calls = tuple(evolve(one, called=False) for one in namings)
    assert evolve(whole, namings=calls).sentence() == since
    empty = Backtest(horizon_days=30, days=())
    assert empty.sentence() == "The sales are too short to try it on the past"
    assert whole.to_dict() == {
        "horizon_days": 30, "named": 5, "came_back": 3, "called": 2, "after_call": 1,
        "days": [{"day": "2026-09-02", "basis": "rule", "customers": 9, "lapsed": 4, "named": 5,
                  "came_back": 2, "money_named": 50.13, "money_back": 20.0,
                  "money_lost": 30.0}] * 2,
    }  # fmt: skip


RULES = AlertRules(lapse="rule")
SETTINGS = Settings(abc=Shares(0.8, 0.95))


def sold(first: int = 180) -> Transactions:
    """Two of class A fall silent 66 days before the day; one comes back 25 days before it."""
    lines = {
        "gone": [(k, 1000.0) for k in range(66, 166, 10)],
        "back": [*((k, 500.0) for k in range(66, 166, 10)), (25, 700.0)],
        "other": [*((k, 1.0) for k in range(10, 171, 10)), (first, 1.0)],
    }
    rows = [(who, ago(k), money) for who, own in lines.items() for k, money in own]
    return Transactions(*map(list, zip(*rows, strict=True)))


def test_the_lists_of_past_days_by_hand() -> None:
    found = backtest_lapse(sold(), DAY, 30, settings=SETTINGS, alert_rules=RULES)
    days = {one.day: one for one in found.days}
    # Every 30 days, from 60 days after the first sale on.
    assert list(days) == [ago(120), ago(90), ago(60), ago(30)]
    last = days[ago(30)]
    assert (last.customers, last.lapsed, last.named, last.came_back) == (2, 1, 2, 1)
    pace = 30 / 126  # of those who first bought 126 days before
    assert last.money_named == pytest.approx(15_000 * pace)
    assert last.money_lost == pytest.approx(10_000 * pace)
    assert last.money_back == 700.0
    before = days[ago(60)]
    assert (before.customers, before.lapsed, before.named) == (2, 2, 0)
    assert (before.recall, days[ago(90)].lapsed) == (0, 0)
    assert {one.customer: one.came_back for one in found.namings} == {"gone": False, "back": True}
    later = backtest_lapse(sold(179), DAY, 30, settings=SETTINGS, alert_rules=RULES)
    assert [one.day for one in later.days] == [ago(90), ago(60), ago(30)]
    two = backtest_lapse(sold(), DAY, 30, settings=SETTINGS, alert_rules=RULES, most=2)
    assert [one.day for one in two.days] == [ago(60), ago(30)]


@pytest.mark.parametrize(
    ("customer", "day", "outcome", "called"),
    [
        ("gone", 30, "called", True), ("gone", 0, "ordered", True), ("gone", -1, "called", False),
        ("gone", 20, "lost", False), ("gone", 41, "called", False),
        ("back", 30, "called", True), ("back", 25, "called", True), ("back", 24, "called", False),
    ],
)  # fmt: skip
def test_a_call_belongs_to_a_silence_until_it_ends(
    customer: str, day: int, outcome: str, called: bool
) -> None:
    """With the purchase, or with the horizon."""
    logged = CallOutcome(customer=customer, day=ago(day), outcome=outcome)
    found = backtest_lapse(
        sold(), DAY, 30, settings=SETTINGS, alert_rules=RULES, outcomes=[logged]
    )
    assert {one.customer: one.called for one in found.namings} == {
        "gone": False,
        "back": False,
        customer: called,
    }


def learned() -> Analysis:
    """Five customers, and a lapse risk that counts as learned."""
    names = ["a", "b", "c", "d", "e"]
    sales = Transactions(names * 2, [ago(40)] * 5 + [ago(5)] * 5, [50.0] * 10)
    return evolve(
        analyze(sales, as_of=DAY, settings=Settings(period="2M")),
        lapse=evolve(lapse_risk(sales, DAY), basis="silence"),
        raised_before=frozenset(),
    )


def told(analysis: Analysis, calls: CallList, grown: GrowthList) -> dict[Any, Alert]:
    alerts = find_alerts(analysis, calls=calls, growth=grown)
    return {one.customer: one for one in alerts}


def test_a_learned_lapse_is_raised_again_at_70_and_90_percent() -> None:
    """Its key is of the highest probability so far, and of the outcome of a call."""
    outcome = CallOutcome(customer="e", day=ago(20), outcome="called")
    shares = {"a": 0.694, "b": 0.7, "c": 0.899, "d": 0.9, "e": 0.696}
    calls = listed(
        *(
            call(who, usual=10.6, probability=share, expected_loss=50.126, days=40)
            for who, share in shares.items()
        ),
        outcomes=[outcome],
    )
    found = told(learned(), calls, growth())
    last = ago(40).isoformat()
    assert {who: one.key for who, one in found.items()} == {
        "a": f"lapsed_a:a:{last}",
        "b": f"lapsed_a:b:{last}:p70",
        "c": f"lapsed_a:c:{last}:p70",
        "d": f"lapsed_a:d:{last}:p90",
        "e": f"lapsed_a:e:{last}:called-{ago(20)}",
    }
    one = found["a"]
    assert (one.kind, one.money, one.age, one.before) == ("lapsed_a", 50.13, 29, "")
    assert dict(one.facts) == {"days": 40, "usual": 11, "probability": 69, "horizon": 60}
    assert [found[who].facts["probability"] for who in "bcde"] == [70, 90, 90, 70]
    known = frozenset({f"lapsed_a:a:{last}:p70", f"lapsed_a:b:{last}:p90", "lapsed_a:c:x:p90"})
    found = told(evolve(learned(), raised_before=known), calls, growth())
    assert [found[who].key[-3:] for who in "abc"] == ["p70", "p90", "p70"]
    early = listed(call("a", days=10, usual=10.6, probability=0.5, expected_loss=1.0))
    assert told(learned(), early, growth())["a"].age == 0


def test_a_rise_is_told_with_its_chance_or_with_what_is_missing() -> None:
    grown = growth(
        rising("b"), evolve(rising("a", probability=0.336, expected_gain=1.666), missing=5.126)
    )
    found = told(learned(), listed(), grown)
    assert {who: (one.kind, one.key, one.money) for who, one in found.items()} == {
        "a": ("near_a", "near_a:a", 1.67),
        "b": ("near_a", "near_a:b", 5.0),
    }
    assert dict(found["a"].facts) == {"missing": 5.13, "probability": 34, "horizon": 60}
    assert dict(found["b"].facts) == {}


def test_calls_of_owners_and_their_money() -> None:
    """The most money in question first, then the largest value, then by name."""
    calls = listed(
        call("a", owner="eve", money=10.0), call("b", owner="eve", money=math.nan),
        call("c", owner="bob", money=5.0), call("d", owner=None, money=99.0),
    )  # fmt: skip
    analysis = evolve(learned(), calls=calls)
    rows = owner_totals(analysis, ["eve", "eve", "bob", "zoe", "amy"])
    assert [(one.owner, one.calls, one.in_question) for one in rows] == [
        ("eve", 2, 10.0),
        ("bob", 1, 5.0),
        ("amy", 0, 0.0),
        ("zoe", 0, 0.0),
    ]
    rows = owner_totals(evolve(analysis, calls=None), ["amy", "zoe", "zoe", "", ""])
    assert [(one.owner, one.value) for one in rows] == [("zoe", 200.0), ("amy", 100.0)]


def test_lists_without_probabilities_say_by_what_they_are() -> None:
    plain = evolve(learned(), lapse=None)
    found = find_calls(plain)
    assert (found.basis, found.horizon_days) == ("rule", 90)
    assert translate(found.why, "en") == (
        "no probabilities: a silence beyond the 90% quantile of the own gaps"
    )
    grown = find_growth(plain)
    assert (grown.basis, grown.horizon_days) == ("none", 90)
    assert translate(grown.why, "en") == (
        "no probabilities could be learned: those who lack up to 10% of the limit of A"
    )
    wide = find_growth(plain, rules=AlertRules(near=0.33))
    assert "up to 33% of" in translate(wide.why, "en")
    later = find_calls(plain, rules=AlertRules(quantile=0.75))
    assert "beyond the 75% quantile" in translate(later.why, "en")


def test_a_gap_is_known_from_the_second_order_on() -> None:
    lines = {"two": [50, 60], "one": [55], "last": [2]}
    rows = [(who, ago(k), 100.0) for who, own in lines.items() for k in own]
    rows += [("last", ago(2), 1.0)]
    risk = lapse_risk(
        Transactions(*map(list, zip(*rows, strict=True))),
        DAY,
        settings=Settings(abc=Limits(50, 5)),
    )
    calls = {one.customer: one for one in calls_of_risk(risk)}
    assert (calls["two"].longest, calls["two"].usual, calls["two"].days) == (10.0, 10.0, 50)
    assert math.isnan(calls["one"].longest)
    assert calls["one"].last_day == ago(55)
    assert calls["two"].segment == "AX"
    named = calls_of_risk(risk, owners={"two": "ann"})
    assert {one.customer: one.owner for one in named} == {"two": "ann", "one": None}


def test_who_is_of_a_by_either_class_may_not_rise_to_it() -> None:
    """Only b, of class B by both, lacks at most a third of the limit of A."""
    names = ["a", "b", "was", "c"]
    sales = Transactions(names * 2, [ago(40)] * 4 + [ago(5)] * 4, [90.0, 40, 40, 1] * 2)
    plain = analyze(sales, as_of=DAY, settings=Settings(period="2M", abc=Limits(100, 10)))
    snapshot = evolve(
        plain.snapshot,
        abc=np.array([0, 1, 1, 2], np.int8),
        steady_abc=np.array([1, 1, 0, 2], np.int8),
    )
    grown = find_growth(evolve(plain, snapshot=snapshot), rules=AlertRules(near=0.33))
    assert [(one.customer, one.missing) for one in grown] == [("b", 20.0)]


def test_a_silence_by_the_rule_names_the_orders_it_follows() -> None:
    """The gaps of class A stand in for those of who has fewer than five; a return is no order."""
    lines = {"steady": range(5, 200, 10), "once": [100], "twice": [90, 110]}
    rows = [(who, ago(k), 100.0) for who, own in lines.items() for k in own]
    sales = Transactions(*map(list, zip(*rows, strict=True)))
    plain = analyze(sales, as_of=DAY, settings=Settings(abc=Limits(50, 5)))
    calls = {one.customer: one for one in find_calls(plain)}
    assert set(calls) == {"once", "twice"}
    # Up to the last sale, or the end of the window: the day before.
    assert calls["once"].reasons() == ["99 days silent after a single order"]
    assert calls["twice"].reasons() == ["89 days silent, usual 20, longest 20"]
    assert (calls["twice"].usual, calls["twice"].longest, calls["twice"].days) == (20.0, 20.0, 89)
    assert math.isnan(calls["once"].usual)
    assert calls["once"].last_day == ago(100)
    # Money and orders of 90 days, of a window of a year.
    assert calls["twice"].money == pytest.approx(200 * 90 / 365)
    assert calls["twice"].orders == pytest.approx(2 * 90 / 365)
    assert calls["twice"].segment == "AZ"


def test_a_backtest_begins_on_its_first_day() -> None:
    later = evolve(tried(), day=date(2026, 10, 5))
    assert Backtest(horizon_days=30, days=(tried(), later)).since == tried().day
    assert Backtest(horizon_days=30, days=(tried(),)).since == tried().day
    assert Backtest(horizon_days=30, days=()).since is None
