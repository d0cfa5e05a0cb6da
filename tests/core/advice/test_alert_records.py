"""Alerts about the CRM as whole records, reasons of a risk and figures that are not as usual."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from abcxyz import (
    Alert,
    AlertRules,
    Analysis,
    CrmFacts,
    Deal,
    LeadContact,
    Settings,
    TimeSpent,
    Transactions,
    analyze,
    find_alerts,
    score_prospects,
)
from abcxyz.core.advice.alerts import ALERTS_EXIT_CODE
from abcxyz.core.advice.crm_facts import DealReason, OverdueRequest
from abcxyz.core.advice.owner_cap import first_of_owners
from abcxyz.core.advice.risk_reasons import RISKS, plain_fact, reason_text
from abcxyz.core.advice.unusual import UnusualFigure, series_name

AS_OF = date(2026, 3, 4)  # a Wednesday
NBSP = "\N{NO-BREAK SPACE}"


@functools.cache
def classified() -> Analysis:
    """Customers a of class A, b of class B, c and d of class C."""
    days = [date(2026, month, 20) for month in (1, 2)]
    names, money = ["a", "b", "c", "d"], [1000.0, 200.0, 10.0, 9.0]
    sales = Transactions(
        [one for one in names for _ in days], days * 4, [one for one in money for _ in days]
    )
    return analyze(sales, as_of=AS_OF, settings=Settings(period="2M"))


def found(*kinds: str, rules: AlertRules | None = None, **facts: Any) -> list[Alert]:
    """Return the alerts of some kinds, in their order."""
    alerts = find_alerts(classified(), CrmFacts(**facts), rules)
    return [one for one in alerts if one.kind in kinds]


def ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


def test_the_classes_are_as_written() -> None:
    assert classified().abc.labels.tolist() == ["A", "B", "C", "C"]
    assert classified().matrix is not None


def alert(kind: str, key: str, customer: Any, money: Any, age: int, **more: Any) -> Alert:
    return Alert(kind=kind, key=f"{kind}:{key}", customer=customer, money=money, age=age, **more)


def test_stalled_deals_of_a() -> None:
    """By the days alone, or by how long others stayed; owners of the deal before those known."""
    deals = [
        Deal(deal=1, customer="a", since=ago(4), amount=5.0, stage="NEW", owner="ann"),
        Deal(deal=2, customer="a", since=ago(3)),
        Deal(deal=3, customer="a", since=ago(1), stuck=True, usual=7),
        Deal(deal=4, customer="a", since=ago(90), stuck=False),
        Deal(deal=5, customer="b", since=ago(90)),
        Deal(deal=6, customer="x", since=ago(90)),
    ]
    first = alert("stalled_deal", f"1:{ago(4)}", "a", 5.0, 4, owner="ann", after="AX",
                  facts={"deal": 1, "stage": "NEW"})  # fmt: skip
    last = alert("stalled_deal", f"3:{ago(1)}", "a", None, 1, owner="bob", after="AX",
                 facts={"deal": 3, "stage": "-", "usual": 7})  # fmt: skip
    assert found("stalled_deal", deals=deals, owners={"a": "bob"}) == [first, last]
    zero = found("stalled_deal", deals=deals[:2], rules=AlertRules(deal_days=2))
    assert [one.facts["deal"] for one in zero] == [1, 2]


@pytest.mark.parametrize(("days", "told"), [(3, False), (4, False), (5, False), (6, True)])
def test_working_days_are_monday_to_friday(days: int, told: bool) -> None:
    """From Thursday, Friday, or a day of the weekend to Wednesday it is three or four of them."""
    rules = AlertRules(working_days=True)
    deals = [Deal(deal=1, customer="a", since=ago(days))]
    alerts = found("stalled_deal", deals=deals, rules=rules)
    assert [one.age for one in alerts] == ([4] if told else [])


def request(customer: str | None, deal: int | None = None, **more: Any) -> OverdueRequest:
    return OverdueRequest(rule="answer", object="o7", begun="day", due=ago(5), customer=customer,
                          deal=deal, **more)  # fmt: skip


def test_requests_without_an_answer() -> None:
    """About the customer, or what was requested; with the deal if there is one."""
    requests = [
        request("a", 7, amount=9.0, owner="eve"),
        evolve(request(None), object="o8"),
        evolve(request("d"), rule="call"),
    ]
    common = {"age": 5}
    assert found("sla_overdue", requests=requests, owners={"o8": "bob", "d": "dan"}) == [
        alert("sla_overdue", "answer:o7:day", "a", 9.0, owner="eve", after="AX",
              facts={"rule": "answer", "deal": 7}, **common),
        alert("sla_overdue", "answer:o8:day", "o8", None, owner="bob", after="N",
              facts={"rule": "answer"}, **common),
        alert("sla_overdue", "call:o7:day", "d", None, owner="dan", after="CX",
              facts={"rule": "call"}, **common),
    ]  # fmt: skip


def risk(
    deal: int, reason: str, money: float, customer: str | None = None, **more: Any
) -> DealReason:
    return DealReason(
        deal=deal,
        reason=reason,
        since=ago(6),
        details=[1.0],
        money=money,
        customer=customer,
        **more,
    )


def test_deals_at_risk() -> None:
    """But what other alerts tell of; so many deals of each employee, with all of their reasons."""
    stalled = Deal(deal=1, customer="a", since=ago(9), next_step=False)
    risks = [
        risk(1, "stuck", 90.0, "a"), risk(1, "fell", 80.0, "a", stage="NEW", owner="ann"),
        risk(2, "overdue", 70.0), risk(2, "no_step", 70.0), risk(2, "planned", 60.0),
        risk(3, "fell", 50.0), risk(2, "below", 40.0), risk(4, "fell", 30.0, "b", owner="ann"),
    ]  # fmt: skip
    options: dict[str, Any] = {"risks": risks, "deals": [stalled]}
    every = found("deal_at_risk", **options, rules=AlertRules(risky_deals=0))
    assert [(one.facts["deal"], one.facts["reason"]) for one in every] == [
        (1, "fell"), (2, "planned"), (3, "fell"), (2, "below"), (4, "fell"),
    ]  # fmt: skip
    assert every[0] == alert(
        "deal_at_risk", f"1:{ago(6)}:fell", "a", 80.0, 6, owner="ann", after="AX",
        facts={"deal": 1, "stage": "NEW", "reason": "fell", "details": [1.0]},
    )  # fmt: skip
    assert every[1] == alert(
        "deal_at_risk", f"2:{ago(6)}:planned", 2, 60.0, 6, after="N",
        facts={"deal": 2, "stage": "-", "reason": "planned", "details": [1.0]},
    )  # fmt: skip
    for most, deals in ((1, [1, 2, 2]), (2, [1, 2, 3, 2, 4])):
        alerts = found("deal_at_risk", **options, rules=AlertRules(risky_deals=most))
        assert [one.facts["deal"] for one in alerts] == deals


def test_deals_without_a_next_step() -> None:
    """Where it is known that there is none, and no other alert is about the deal; by amount."""

    def deal(number: int, amount: float | None, **more: Any) -> Deal:
        return Deal(deal=number, customer="b", since=ago(8), amount=amount,
                    **({"next_step": False} | more))  # fmt: skip

    deals = [
        deal(1, None), deal(2, 5.0), deal(3, 9.0, stage="NEW", owner="ann"), deal(4, 7.0),
        deal(5, 99.0, next_step=None), deal(6, 99.0, next_step=True), deal(7, 99.0),
        deal(8, 99.0), evolve(deal(9, 99.0), customer="a"), deal(10, 1.0, owner="ann"),
    ]  # fmt: skip
    others: dict[str, Any] = {
        "requests": [request("b", 7)], "risks": [risk(8, "fell", 1.0)], "owners": {"b": "bob"},
    }  # fmt: skip
    alerts = found("no_next_step", deals=deals, **others)
    assert [one.facts["deal"] for one in alerts] == [3, 4, 2, 10, 1]
    assert alerts[0] == alert("no_next_step", f"3:{ago(8)}", "b", 9.0, 8, owner="ann", after="BX",
                              facts={"deal": 3, "stage": "NEW"})  # fmt: skip
    assert (alerts[1].owner, alerts[1].facts["stage"]) == ("bob", "-")
    for most, numbers in ((0, [3, 4, 2, 10, 1]), (1, [3, 4]), (2, [3, 4, 2, 10])):
        few = found("no_next_step", deals=deals, **others, rules=AlertRules(next_steps=most))
        assert [one.facts["deal"] for one in few] == numbers


def test_time_spent_on_c() -> None:
    """The most of it first, equal ones in the order of the customers; nothing is no time."""
    spent = [("d", 2.0), ("c", 1.0), ("c", 1.0), ("a", 90.0), ("b", 9.0), ("x", 9.0)]
    times = [TimeSpent(customer=who, hours=hours) for who, hours in spent]
    alerts = found("dead_money", time_spent=times)
    assert alerts == [
        alert("dead_money", "c", "c", 20.0, 4, after="CX", facts={"hours": 2.0}),
        alert("dead_money", "d", "d", 18.0, 4, after="CX", facts={"hours": 2.0}),
    ]
    one = found("dead_money", time_spent=times, rules=AlertRules(dead_top=1))
    assert [found.customer for found in one] == ["c"]
    none = [TimeSpent(customer="c", hours=0.0), TimeSpent(customer="d", hours=0.04)]
    assert [
        (one.customer, one.facts["hours"]) for one in found("dead_money", time_spent=none)
    ] == [("d", 0.0)]


def test_leads_that_wait() -> None:
    scores = score_prospects({"id": ["l", "m"], "turnover": [3e9] * 2, "employees": [900] * 2})
    contacts = [LeadContact(lead="l", created=ago(2), owner="ann"),
                LeadContact(lead="m", created=ago(1))]  # fmt: skip
    made = evolve(classified(), prospects=scores)
    alerts = [one for one in find_alerts(made, CrmFacts(contacts=contacts))
              if one.kind == "lead_waiting"]  # fmt: skip
    assert alerts == [alert("lead_waiting", "l", "l", None, 2, owner="ann")]
    assert not [one for one in find_alerts(made, CrmFacts()) if one.kind == "lead_waiting"]


FIGURE = UnusualFigure(
    key="won@2026-02-23", metric="win_rate", dimension="", group="", kind="rate", shift=False,
    since=date(2026, 2, 23), until=date(2026, 3, 1), value=0.25, expected=0.5, low=0.4, high=0.61,
    n=1234.0, money=-1000.456,
)  # fmt: skip


def test_figures_that_are_not_as_usual() -> None:
    rise = evolve(FIGURE, key="a@b@2026-02-23", value=0.7, money=None)
    fall, up = found("anomaly_fall", "anomaly_rise", unusual=[rise, FIGURE])
    assert fall == alert("anomaly_fall", "won@2026-02-23", "won", 1000.46, 9,
                         facts=FIGURE.to_facts())  # fmt: skip
    assert up == alert("anomaly_rise", "a@b@2026-02-23", "a@b", None, 9, facts=rise.to_facts())
    assert not evolve(FIGURE, value=0.5).fell
    assert FIGURE.fell
    assert fall.sentence() == FIGURE.sentence()
    assert (fall.subject(), fall.about_figure) == ("win rate", True)


def test_a_figure_in_words() -> None:
    """One week, or a lasting shift; with money, what carries it, and what to check."""
    assert FIGURE.finding().replace(NBSP, " ") == (
        "win rate: 25.0% from 2026-02-23 to 2026-03-01, expected 50.0% (40.0% to 61.0%), n 1,234."
    )
    shift = evolve(FIGURE, shift=True)
    assert shift.finding() == (
        "win rate: since 2026-02-23 at another level: 25.0% until 2026-03-01, expected 50.0% "
        "(40.0% to 61.0%), n 1,234."
    )
    assert [one.replace(NBSP, " ") for one in FIGURE.details()] == ["Money: -1,000."]
    assert evolve(FIGURE, money=None).details() == []
    told = evolve(FIGURE, why="Carried by {groups}.", parts=["ads", "fair"], money=math.nan)
    assert told.details() == ["Carried by ads, fair."]
    asked = evolve(FIGURE, questions=[("ads", "Did {subject} change?", "Compare {subject}.")])
    assert asked.checks() == ["Did ads change? Compare ads."]
    both = evolve(told, questions=asked.questions)
    assert both.sentence() == f"{FIGURE.finding()} Carried by ads, fair. {asked.checks()[0]}"


@pytest.mark.parametrize(
    ("metric", "kind", "value", "text"),
    [
        ("win_rate", "rate", 0.12378, "12.4%"),
        ("leads", "count", 12.348, "12.35"),
        ("median cycle", "value", math.log(20.0), "20"),
        ("median cycle", "rate", 0.5, "50.0%"),
    ],
)
def test_values_of_a_figure(metric: str, kind: str, value: float, text: str) -> None:
    figure = evolve(FIGURE, metric=metric, kind=kind)
    assert figure.written(value).replace(NBSP, " ") == text


def test_names_of_figures() -> None:
    assert evolve(FIGURE, dimension="source", group="ads").name() == "win rate (source: ads)"
    names = ("in time: call", "losses: price", "passage: NEW", "a_b")
    assert [series_name(one) for one in names] == [
        "in time: call", "losses: price", "passage of NEW", "a b",
    ]  # fmt: skip
    assert series_name("losses: price", "ru") != series_name("losses: price")


def test_facts_of_a_figure_come_back() -> None:
    for one in (
        FIGURE,
        evolve(FIGURE, money=None, parts=["a"], questions=[("s", "q", "t")], why="w"),
    ):
        facts: Mapping[str, Any] = one.to_facts()
        assert (facts["since"], facts["until"]) == ("2026-02-23", "2026-03-01")
        assert facts["money"] == (None if math.isnan(one.money) else one.money)
        back = UnusualFigure.from_facts({**facts, "other": 1})
        assert back.to_facts() == facts
        assert (back.since, back.questions, back.parts) == (one.since, one.questions, one.parts)


def test_reasons_in_words() -> None:
    day = date(2026, 3, 1)
    facts: list[Any] = [(0.5, 0.25), (0.1, 0.9), ("answer", day), (36.26, 3.0), day, None]
    texts = [
        "the probability fell from 50.0% to 25.0% within 7 days",
        "a probability of 10.0%; deals at this stage and age that were won had 90.0%",
        "no answer within the limit of answer, due on 2026-03-01",
        "36 days in the stage, usual are up to 3",
        "the planned day 2026-03-01 is past",
        "no next step is planned",
    ]
    for kind, fact, words in zip(RISKS, facts, texts, strict=True):
        for given in (fact, plain_fact(fact)):
            assert reason_text(kind, given).replace(NBSP, " ") == words
            assert reason_text(kind, given, "ru") != words
    assert plain_fact((0.123456, ("answer", day), 3)) == [0.1235, ["answer", "2026-03-01"], 3]


def test_the_first_of_every_owner() -> None:
    """Who has none is not counted."""
    deals = [
        Deal(deal=n, customer="a", since=AS_OF, owner=owner)
        for n, owner in enumerate(["x", None, "x", "y", None, "x", "y"])
    ]
    chosen = {most: [one.deal for one in first_of_owners(iter(deals), most)] for most in range(4)}
    assert chosen == {0: [*range(7)], 1: [0, 1, 3, 4], 2: [0, 1, 2, 3, 4, 6], 3: [*range(7)]}


def test_the_reason_of_a_deal_at_risk_is_in_its_sentence() -> None:
    """In words of the reader's language, with the days of the fact."""
    alert = Alert(
        kind="deal_at_risk", key="k", customer="a", money=1500.4, age=3, after="AX",
        facts={"deal": 7, "reason": "stuck", "details": (36.26, 3.0), "stage": "Offer"},
    )  # fmt: skip
    assert "36 days in the stage, usual are up to 3" in alert.sentence()
    assert "36 дн. на стадии, обычно до 3" in alert.sentence("ru")


def test_the_most_time_is_told_first() -> None:
    """Whatever the order of the customers, and of their money."""
    times = [TimeSpent(customer="c", hours=1.5), TimeSpent(customer="d", hours=5.0)]
    assert [one.customer for one in found("dead_money", time_spent=times)] == ["c", "d"]
    few = found("dead_money", time_spent=times, rules=AlertRules(dead_top=1))
    assert [one.customer for one in few] == ["d"]


def test_who_is_steadily_of_class_a_is_so_in_alerts() -> None:
    """As is who is of class A today."""
    known = classified()
    codes = np.array([1, 0, 2, 2], np.int8)
    steady = evolve(known, snapshot=evolve(known.snapshot, steady_abc=codes))
    deals = [
        Deal(deal=i, customer=who, since=ago(400), stage="NEW", amount=5.0)
        for i, who in enumerate("abcd")
    ]
    alerts = find_alerts(steady, CrmFacts(deals=deals))
    assert {one.customer for one in alerts if one.kind == "stalled_deal"} == {"a", "b"}


def test_the_exit_code_of_alerts_is_the_documented_one() -> None:
    """Schedulers go by it."""
    assert ALERTS_EXIT_CODE == 10
