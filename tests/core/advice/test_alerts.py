"""Alerts: which customers are reported, with which money and key."""

from __future__ import annotations

import json
import math
from datetime import date, timedelta
from typing import Any

import attrs
import numpy as np
import pytest

from abcxyz import (
    ALERTS,
    Alert,
    AlertRules,
    Alerts,
    Analysis,
    CrmFacts,
    Deal,
    InputError,
    LeadContact,
    Settings,
    TimeSpent,
    Transactions,
    analyze,
    concat,
    find_alerts,
    score_prospects,
    with_facts,
)

SETTINGS = Settings(period="3M")
FIRST, SECOND = date(2026, 4, 1), date(2026, 5, 10)


def buys(customer: str, amounts: list[float], *, start: date = date(2026, 1, 1)) -> Transactions:
    """One customer's months: each amount is two orders, two weeks apart."""
    days, money = [], []
    for month, amount in enumerate(amounts):
        day = date(start.year, start.month + month, 5)
        for later in (0, 14):
            if amount:
                days.append(day + timedelta(days=later))
                money.append(amount / 2)
    return Transactions([customer] * len(days), days, money)


#: January to April. The mean of the first quarter, and of the months from February, is A's limit.
BASE = concat(
    [
        buys("steady", [1000, 1000, 1000, 1000]),
        buys("falling", [1000, 1000, 500, 100]),
        buys("jumpy", [1200, 1200, 1200, 3600]),
        buys("silent", [1200, 1200, 1200, 0]),
        buys("near", [400, 700, 700, 680]),
        buys("small", [20, 20, 20, 20]),
        buys("tiny", [10, 12, 9, 10]),
        buys("gone", [1000, 0, 0, 0]),
    ]
)


def both(**options: Any) -> tuple[Analysis, Analysis]:
    """Analyses of two consecutive months, each on the sales known at its date."""
    march = BASE.take(BASE.day < np.datetime64("2026-04-01"))
    before = analyze(march, as_of=FIRST, settings=SETTINGS)
    # As a source does: only the window is read.
    window = BASE.take(BASE.day >= np.datetime64("2026-02-01"))
    after = analyze(window, as_of=SECOND, settings=SETTINGS, previous=before.snapshot, **options)
    return before, after


def raised(analysis: Analysis, kind: str) -> dict[Any, Alert]:
    return {one.customer: one for one in analysis.alerts if one.kind == kind}


def test_a_fall_out_of_a_is_raised_with_the_money_lost() -> None:
    """A customer down from 2,500 to 1,600 raises an alert, a steady one does not."""
    _, after = both()
    alerts = raised(after, "fell_from_a")
    assert {"falling"} == set(alerts)
    one = alerts["falling"]
    assert (900.0, 10, "fell_from_a:falling:2026-04-30") == (one.money, one.age, one.key)
    assert (one.before[0], one.after[0]) == ("A", "B")
    assert "на 900 меньше" in one.sentence("ru")
    assert "falling was A" in one.sentence()


def test_a_customer_near_the_cut_raises_no_alert() -> None:
    """A customer within the hysteresis band keeps the class and raises no alert."""
    _, after = both(band=0.5)
    assert "A" != "ABC"[after.snapshot.abc[after.snapshot.customers == "falling"][0]]
    assert {} == raised(after, "fell_from_a")


def test_lost_customers_of_a_are_falls() -> None:
    """An A customer without purchases raises an alert although the window lacks them."""
    sales = concat([BASE.take(BASE.customer != "steady"), buys("steady", [1000])])
    january = sales.take(sales.day < np.datetime64("2026-02-01"))
    settings = Settings(period="1M", bucket="W")
    before = analyze(january, as_of=date(2026, 2, 1), settings=settings)
    february = sales.take(
        (sales.day >= np.datetime64("2026-02-01")) & (sales.day < np.datetime64("2026-03-01"))
    )
    after = analyze(february, as_of=date(2026, 3, 1), settings=settings, previous=before.snapshot)
    alerts = raised(after, "fell_from_a")
    assert (1000.0, "N") == (alerts["steady"].money, alerts["steady"].after)
    assert after.transitions is not None
    assert {"steady", "gone"} == set(after.transitions.lost.tolist())


def test_a_lapse_is_measured_by_the_rhythm_of_the_customer() -> None:
    """Six weeks without an order are a lapse for a fortnightly buyer of class A only."""
    _, after = both()
    alerts = raised(after, "lapsed_a")
    assert {"silent"} == set(alerts)
    # The last order on 19 March, sales known until 30 April; gaps of 14, 17 and 14 days and more.
    assert 42 == alerts["silent"].facts["days"]
    assert alerts["silent"].facts["usual"] in (16, 17)
    assert 42 - 17 <= alerts["silent"].age <= 42 - 16
    assert "lapsed_a:silent:2026-03-19" == alerts["silent"].key


def test_the_money_of_a_lapse_is_that_of_the_missing_orders() -> None:
    """As in the call list, and the sentence says so; not the sales of the whole window."""
    _, after = both()
    assert after.calls is not None
    (call,) = after.calls
    alert = raised(after, "lapsed_a")["silent"]
    assert round(call.money, 2) == alert.money
    assert call.money != float(after.snapshot.value[after.snapshot.positions["silent"]])
    days = after.calls.horizon_days
    assert alert.in_question
    assert f"in question, that of its orders in {days} days" in alert.sentence()
    assert f"заказы за {days} дн." in alert.sentence("ru")
    again = Alert.from_dict(json.loads(json.dumps(alert.to_dict())))
    assert alert.sentence() == again.sentence()


def test_where_no_money_is_known_a_lapse_has_the_value_of_the_window() -> None:
    """As where orders are counted."""
    _, after = both()
    assert after.calls is not None
    (call,) = after.calls
    calls = attrs.evolve(after.calls, calls=(attrs.evolve(call, money=math.nan),))
    (alert,) = [one for one in find_alerts(after, calls=calls) if one.kind == "lapsed_a"]
    assert alert.money == float(after.snapshot.value[after.snapshot.positions["silent"]])
    assert not alert.in_question
    assert "in the period" in alert.sentence()


def test_who_is_near_a_lacks_so_much() -> None:
    """A B customer within a tenth of the limit is reported with the money missing to it."""
    _, after = both()
    limit = after.abc.cuts.first
    alerts = raised(after, "near_a")
    assert {"near"} == set(alerts)
    # The money of an alert is rounded to two decimals.
    assert limit - 2080 == pytest.approx(alerts["near"].money, abs=0.005)
    assert "near_a:near" == alerts["near"].key
    _, strict = both(alert_rules=AlertRules(near=0.01))
    assert {} == raised(strict, "near_a")


def test_x_that_became_z_inside_a_is_raised() -> None:
    """An A customer whose class went from X to Z raises an alert."""
    _, after = both()
    assert {"jumpy", "silent"} == set(raised(after, "x_became_z"))
    assert ("AX", "AZ") == (
        raised(after, "x_became_z")["jumpy"].before,
        raised(after, "x_became_z")["jumpy"].after,
    )


def test_dead_money_are_the_most_time_consuming_of_c() -> None:
    """Activity of C customers is summed by customer; A and unknown customers are ignored."""
    spent = [
        TimeSpent(customer="small", hours=3),
        TimeSpent(customer="small", hours=4.25),
        TimeSpent(customer="tiny", hours=7),
        TimeSpent(customer="steady", hours=90),
        TimeSpent(customer="stranger", hours=90),
    ]
    before, _ = both()
    analysis = with_facts(before, CrmFacts(time_spent=spent), alert_rules=AlertRules(dead_top=1))
    alerts = raised(analysis, "dead_money")
    assert {"small": 7.2} == {who: one.facts["hours"] for who, one in alerts.items()}
    assert "отнимает 7,2\N{NO-BREAK SPACE}ч, а принёс 60" in alerts["small"].sentence("ru")
    with pytest.raises(InputError, match="-1 hours"):
        TimeSpent(customer="small", hours=-1)


def test_deals_of_a_that_stand_still_are_raised() -> None:
    """A's deals without movement for more than three days raise an alert."""
    deals = [
        Deal(deal=7, customer="steady", since=SECOND - timedelta(days=4), amount=500, owner="Ira"),
        Deal(deal=8, customer="steady", since=SECOND - timedelta(days=3)),
        Deal(deal=9, customer="small", since=SECOND - timedelta(days=90)),
        Deal(deal=10, customer="stranger", since=SECOND - timedelta(days=90)),
        Deal(deal=11, customer="jumpy", since=SECOND - timedelta(days=10), stage="offer"),
    ]
    _, after = both(facts=CrmFacts(deals=deals, owners={"jumpy": "Oleg", "steady": "Ivan"}))
    result = {one.facts["deal"]: one for one in after.alerts if one.kind == "stalled_deal"}
    assert {7: (4, 500, "Ira"), 11: (10, None, "Oleg")} == {
        deal: (one.age, one.money, one.owner) for deal, one in result.items()
    }
    assert "stalled_deal:7:2026-05-06" == result[7].key
    assert "(offer)" in result[11].sentence()


def test_good_leads_that_wait_are_raised() -> None:
    """P-A leads without timely contact raise an alert; leads without dates do not."""
    leads: dict[str, list[object]] = {"id": ["hot", "met", "new", "dateless", "cold"]}
    leads |= {"turnover": [3e9, 3e9, 3e9, 3e9, 1e6], "employees": [900, 900, 900, 900, 1]}
    scores = score_prospects(leads)
    old = SECOND - timedelta(days=5)
    contacts = [
        LeadContact(lead="hot", created=old, owner="Ira"),
        LeadContact(lead="met", created=old, contacted=old),
        LeadContact(lead="new", created=SECOND),
        LeadContact(lead="cold", created=old),
    ]
    _, after = both()
    analysis = with_facts(after, CrmFacts(contacts=contacts), prospects=scores)
    alerts = raised(analysis, "lead_waiting")
    assert {"hot": (5, "Ira", None, "lead_waiting:hot")} == {
        lead: (one.age, one.owner, one.money, one.key) for lead, one in alerts.items()
    }
    assert {} == raised(after, "lead_waiting")


def test_the_largest_money_comes_first() -> None:
    """Alerts of all kinds are sorted by money, unknown money last."""
    facts = CrmFacts(deals=[Deal(deal=1, customer="steady", since=FIRST)])
    _, after = both(facts=facts)
    money = [one.money for one in after.alerts]
    assert money[-1] is None
    known = [one for one in money if one is not None]
    assert sorted(known, reverse=True) == known
    assert len({one.kind for one in after.alerts}) >= 3
    assert len({one.key for one in after.alerts}) == len(after.alerts)


def test_an_enricher_names_the_owner() -> None:
    """The attribute ``owner`` is the fallback where the CRM facts have no owner."""
    _, after = both()
    analysis = with_facts(after, attributes={"silent": {"owner": "Ira"}, "falling": {"owner": ""}})
    owners = {one.customer: one.owner for one in analysis.alerts}
    assert "Ira" == owners["silent"]
    assert owners["falling"] is None


def test_names_of_customers_cannot_break_a_sentence() -> None:
    """Braces, markup and formulas in a customer's name are plain text."""
    _, after = both()
    one = raised(after, "fell_from_a")["falling"]
    for name in ("{money}", "<b>", "=1+1", "{0.__class__}"):
        assert name in one.sentence("ru", name=name)
        assert name in attrs.evolve(one, customer=name).sentence()


def test_who_left_a_for_nothing_has_no_segment() -> None:
    """No letter stands for the lack of sales, and money has its currency where it is known."""
    _, after = both()
    one = attrs.evolve(raised(after, "fell_from_a")["falling"], after="N", money=1234.5)
    said = one.sentence(currency="$")
    assert said.endswith("has no sales any more; $1,234 less than in the period before")
    assert "теперь без продаж" in one.sentence("ru")
    deal = Alert(kind="no_next_step", key="k", customer="c", money=None, age=1, after="N")
    assert " (no sales) " in deal.sentence()


def test_every_kind_says_something_in_both_languages() -> None:
    """Every kind of alert has its sentences in English and Russian."""
    for kind in ALERTS:
        one = Alert(kind=kind, key=kind, customer="c", money=None, age=1)
        assert one.sentence("en") != one.sentence("ru")
        assert {"kind", "key", "customer", "money", "age", "owner"} <= set(one.to_dict())


def test_wrong_rules_are_named() -> None:
    """Shares in percent and negative days are refused."""
    with pytest.raises(InputError, match="near is 10; give a share"):
        AlertRules(near=10)
    with pytest.raises(InputError, match="deal_days is -1"):
        AlertRules(deal_days=-1)


def test_alerts_need_no_former_snapshot() -> None:
    """A first run raises the alerts that need one date only."""
    before, _ = both()
    assert before.alerts == find_alerts(before)
    assert {"near"} == {one.customer for one in before.alerts if one.kind == "near_a"}
    assert {"near_a"} == {one.kind for one in before.alerts}


def test_thresholds_are_those_of_the_reference() -> None:
    """What is told without any option."""
    assert attrs.asdict(AlertRules()) == {
        "lapse": "learned", "per_owner": 20, "attributes": (), "backtest": 0, "near": 0.10,
        "quantile": 0.9, "least_gaps": 5, "deal_days": 3, "working_days": False, "dead_top": 10,
        "lead_days": 1, "next_steps": 10, "risky_deals": 10,
    }  # fmt: skip
    counts = ("per_owner", "backtest", "least_gaps", "deal_days", "dead_top", "lead_days",
              "next_steps", "risky_deals")  # fmt: skip
    for name in counts:
        assert getattr(AlertRules(**{name: 0}), name) == 0  # type: ignore[arg-type]
        with pytest.raises(InputError, match=f"{name} is -1; give a number from 0"):
            AlertRules(**{name: -1})  # type: ignore[arg-type]
    for name in ("near", "quantile"):
        for wrong in (0.0, 1.0, -0.1, 1.1):
            with pytest.raises(InputError, match=f"{name} is {wrong}; give a share between"):
                AlertRules(**{name: wrong})  # type: ignore[arg-type]
    with pytest.raises(InputError, match="lapse is 'none'; use one of learned, rule"):
        AlertRules(lapse="none")


FIRM = Alert(kind="lapsed_a", key="k", customer=np.int64(7), money=1234.5, age=40, after="AX",
             facts={"days": 41, "usual": 20.25})  # fmt: skip


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"kind": "near_a", "after": "BX", "facts": {"missing": 99.5, "probability": 34,
                                                     "horizon": 60}},
         ("7 (BX) lacks $100 to become A and reaches it within 60 days with a probability of 34%; "
         "$1,234 expected to be gained")),
        ({"facts": {"days": 41, "usual": 20, "horizon": 60, "probability": 70}},
         ("7 (AX) has not ordered for 41 days, usual are 20; nothing within 60 days with a "
         "probability of 70%, $1,234 expected to be lost")),
        ({"facts": {"days": 41, "usual": 20, "horizon": 60}},
         ("7 (AX) has not ordered for 41 days; nine of ten gaps are up to 20 days; $1,234 in "
         "question, that of its orders in 60 days")),
        ({"kind": "stalled_deal", "facts": {"deal": 5, "stage": "NEW", "usual": 9}},
         "Deal 5 of 7 (AX) has been in NEW for 40 days, usual are up to 9; $1,234"),
        ({"kind": "fell_from_a", "before": "AX", "after": "N", "facts": {}},
         "7 was AX and has no sales any more; $1,234 less than in the period before"),
    ],
)  # fmt: skip
def test_an_alert_in_a_sentence(change: dict[str, Any], sentence: str) -> None:
    one = attrs.evolve(FIRM, **change)
    assert one.sentence(currency="$") == sentence
    named = one.sentence(name="Ann", currency="$")
    assert named == sentence.replace("7 ", "Ann ", 1)
    unknown = attrs.evolve(one, money=None).sentence(currency="$")
    assert unknown == sentence.replace("$1,234", "?")


def test_money_in_question_is_that_of_the_missing_orders() -> None:
    assert not FIRM.in_question
    asked = attrs.evolve(FIRM, facts={"days": 41, "usual": 20, "horizon": 60})
    assert asked.in_question
    assert not attrs.evolve(asked, kind="near_a").in_question
    assert not attrs.evolve(asked, facts={**asked.facts, "probability": 70}).in_question
    assert (FIRM.about_figure, attrs.evolve(FIRM, kind="anomaly_fall").about_figure) == (
        False,
        True,
    )
    assert (FIRM.subject(), FIRM.subject(name="Ann")) == ("7", "Ann")
    assert type(FIRM.to_dict()["customer"]) is int
    assert {FIRM: 1}[attrs.evolve(FIRM)] == 1
    assert FIRM != attrs.evolve(FIRM, facts={})
    assert Alert.from_dict({**FIRM.to_dict(), "more": 1}) == FIRM


def test_a_table_holds_the_first_twenty_alerts() -> None:
    alerts = Alerts(attrs.evolve(FIRM, key=f"k{i}", customer=f"c{i}") for i in range(21))
    page = alerts.to_html()
    assert "<caption>21 alerts</caption>" in page
    assert "<td>c19</td>" in page
    assert "<td>c20</td>" not in page
    assert repr(Alerts([*alerts, attrs.evolve(FIRM, kind="near_a")])) == (
        "Alerts(lapsed_a 21, near_a 1)"
    )
    frame = alerts.to_frame()
    assert list(frame.columns) == [
        *("kind", "key", "customer", "money", "age", "owner", "before", "after", "sentence")
    ]
    assert frame["sentence"][3].startswith("c3 (AX)")
