"""Call list: its facts counted by hand, its order, the cap per owner, and outcomes of calls."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date, timedelta

import attrs
import numpy as np
import pytest
from tests.core.landmarks.worlds import END, made_world, pausing_world
from tests.report.page.unpack import whole_page

from abcxyz import (
    SEGMENTS,
    AlertRules,
    Analysis,
    CallOutcome,
    CrmFacts,
    InputError,
    Settings,
    Transactions,
    analyze,
    backtest_lapse,
    find_alerts,
    find_calls,
    lapse_risk,
    with_facts,
)
from abcxyz.core.advice.backtest import Naming
from abcxyz.core.analysis.learn_lapses import learning
from abcxyz.core.sales.calendar import period_start
from abcxyz.report.anonymization import anonymize
from abcxyz.report.customers import Facts
from abcxyz.report.page.render import render_html
from abcxyz.tables.export.summary import summary_parts, summary_text
from abcxyz.toolkit.numbers import compact

RULE = AlertRules(lapse="rule")


@pytest.fixture(scope="module")
def sales() -> Transactions:
    return made_world(3, n=500, days=720, churn=0.25, last=240)[0]


@pytest.fixture(scope="module")
def analysis(sales: Transactions) -> Analysis:
    return analyze(sales, as_of=END, orders=learning(AlertRules(), Settings(), END))


def test_facts_of_every_call_are_those_counted_by_hand(
    analysis: Analysis, sales: Transactions
) -> None:
    calls = analysis.calls
    assert calls is not None
    assert calls.basis != "rule"
    assert len(calls) >= 5
    for call in calls:
        own = sales.take(np.asarray(sales.customer == call.customer))
        days = np.unique(own.day)
        gaps = np.diff(days).astype(int)
        assert call.last_day == days[-1].item()
        assert call.days == (END - call.last_day).days
        assert call.usual == pytest.approx(gaps.mean())
        assert call.longest == gaps.max()
        assert call.never_so_long == (call.days > gaps.max())
        sums: Counter[date] = Counter()
        for day, amount in zip(own.day.tolist(), own.amount.tolist(), strict=True):
            sums[period_start(day, "month")] += amount
        months = [
            date(calls.first_month.year + k // 12, k % 12 + 1, 1)
            for k in range(calls.first_month.month - 1, calls.first_month.month + 23)
        ]
        assert months[-1] == period_start(END - timedelta(days=1), "month")
        np.testing.assert_allclose(call.months, [sums[month] for month in months], atol=1e-6)
        year = own.amount[own.day >= np.datetime64(END - timedelta(days=365))].sum()
        pace = min(365, max((END - days[0].item()).days, 90))
        assert call.money == pytest.approx(year * calls.horizon_days / pace)
        in_year = (days >= np.datetime64(END - timedelta(days=365))).sum()
        assert call.orders == pytest.approx(in_year * calls.horizon_days / pace)
        assert call.expected_loss == pytest.approx(call.probability * call.money)
        assert call.reasons()[0].startswith(f"{call.days} days silent")
        assert not set(call.reasons("ru")) & set(call.against("ru"))


def test_largest_expected_loss_comes_first(analysis: Analysis) -> None:
    calls, risk = analysis.calls, analysis.lapse
    assert calls is not None
    assert risk is not None
    assert [one.customer for one in calls] == risk.customers[risk.named].tolist()
    losses = [one.expected_loss for one in calls]
    assert losses == sorted(losses, reverse=True)
    assert calls.money == pytest.approx(sum(one.money for one in calls))
    assert calls.never_so_long == sum(one.never_so_long for one in calls) > 0


def test_by_the_rule_those_never_silent_for_so_long_come_first(analysis: Analysis) -> None:
    calls = find_calls(analysis, rules=RULE)
    assert calls.basis == "rule"
    flags = [one.never_so_long for one in calls]
    assert flags == sorted(flags, reverse=True)
    assert 0 < calls.never_so_long < len(calls)
    first = [one.money for one in calls if one.never_so_long]
    assert first == sorted(first, reverse=True)
    assert np.isnan([one.probability for one in calls]).all()
    silence = analysis.silence()
    late = analysis.snapshot.customers[(analysis.snapshot.abc == 0) & silence.late]
    assert {one.customer for one in calls} == set(late.tolist())


def test_without_an_order_history_the_list_knows_no_months(sales: Transactions) -> None:
    plain = analyze(sales, as_of=END)
    assert plain.calls is not None
    assert plain.calls.basis == "rule"
    assert "90% quantile" in plain.calls.why
    assert {one.months for one in plain.calls} == {()}
    days = np.unique(sales.day[sales.customer == plain.calls[0].customer])
    assert plain.calls[0].longest == np.diff(days).astype(int).max()


def test_an_owner_is_given_so_many_and_the_rest_is_counted(analysis: Analysis) -> None:
    risk = analysis.lapse
    assert risk is not None
    named = risk.customers[risk.named].tolist()
    facts = CrmFacts(owners=dict.fromkeys(named[:-1], "Irina"))
    calls = find_calls(analysis, facts, AlertRules(per_owner=2))
    assert [one.customer for one in calls] == [*named[:2], named[-1]]
    assert [one.owner for one in calls] == ["Irina", "Irina", None]
    assert calls.held_back == len(named) - 3
    assert with_facts(analysis, facts, alert_rules=AlertRules(per_owner=2)).calls == calls


def test_outcome_of_a_call_postpones_the_next_and_makes_it_a_new_alert(
    analysis: Analysis,
) -> None:
    calls = analysis.calls
    assert calls is not None
    first = calls[0]

    def after(outcome: str, days_ago: int, customer: object = first.customer) -> Analysis:
        day = END - timedelta(days=days_ago)
        done = CallOutcome(customer=customer, day=day, outcome=outcome)
        return with_facts(attrs.evolve(analysis, outcomes=[done]))

    def key(of: Analysis) -> list[str]:
        alerts = (one for one in of.alerts if one.kind == "lapsed_a")
        return [one.key for one in alerts if one.customer == first.customer]

    wait = min(max(first.usual, 7), calls.horizon_days)
    recent = after("called", int(wait) - 1)
    assert recent.calls is not None
    assert recent.calls.waiting == 1
    assert first.customer not in {one.customer for one in recent.calls}
    assert key(recent) == []
    due = after("called", int(wait) + 1, str(first.customer))
    assert due.calls is not None
    assert due.calls[0].outcome is not None
    silent = f"lapsed_a:{first.customer}:{first.last_day}"
    assert key(due) == [f"{silent}:called-{due.calls[0].outcome.day}"]
    assert key(after("lost", first.days - 1)) == []
    # An outcome of the time before the last order says nothing about this silence.
    assert key(after("lost", first.days)) == key(analysis)
    with pytest.raises(InputError, match="use one of called, ordered, lost"):
        after("gone", 1)


def test_a_probability_that_falls_and_rises_again_is_no_new_alert(analysis: Analysis) -> None:
    risk = analysis.lapse
    assert risk is not None
    row = int(risk.named[0])

    def key(probability: float, before: tuple[str, ...] = ()) -> str:
        changed = np.array(risk.probability)
        changed[row] = probability
        other = attrs.evolve(
            analysis, lapse=attrs.evolve(risk, probability=changed), raised_before=before
        )
        who = risk.customers[row]
        (found,) = (
            one for one in find_alerts(other) if (one.kind, one.customer) == ("lapsed_a", who)
        )
        return found.key

    high = key(0.72)
    assert key(0.68) != high
    assert key(0.68, (high,)) == high
    assert key(0.91, (high,)) not in (high, key(0.68))


def test_actions_follow_the_call_list(analysis: Analysis) -> None:
    risk, actions = analysis.lapse, analysis.actions
    assert risk is not None
    assert actions is not None
    late = {
        actions[i].customer
        for i in np.flatnonzero(analysis.snapshot.abc == 0).tolist()
        if actions[i].refinement == "late_a"
    }
    assert late == set(risk.customers[risk.named].tolist())
    assert analysis.calls is not None
    for call in analysis.calls:
        # Advice, call and reasons name the same days, and nobody is late within the usual gap.
        said = actions[analysis.snapshot.positions[call.customer]].text()
        assert said.startswith(f"No order for {call.days} days, usual are {call.usual:.0f}: ")
        assert call.days > call.usual


def test_usual_is_the_mean_gap_wherever_it_is_named(
    analysis: Analysis, sales: Transactions
) -> None:
    """Call, advice, page and workbook name one figure, by the rule as well."""
    facts = Facts(analysis)
    for i, who in enumerate(analysis.snapshot.customers.tolist()):
        days = np.unique(sales.day[sales.customer == who])
        days = days[days < np.datetime64(END)]
        gaps = np.diff(days[days >= np.datetime64(analysis.snapshot.periods.lookback.since)])
        if len(gaps):
            assert analysis.usual_gaps[i] == pytest.approx(gaps.astype(int).mean())
        np.testing.assert_equal(facts.customer(i).usual, analysis.usual_gaps[i])
    places = analysis.snapshot.positions
    by_rule = with_facts(analysis, alert_rules=RULE)
    for made in (analysis, by_rule, analyze(sales, as_of=END)):
        assert made.calls is not None
        assert made.actions is not None
        for call in made.calls:
            assert call.usual == pytest.approx(analysis.usual_gaps[places[call.customer]])
    plain = analyze(sales, as_of=END)
    assert plain.actions is not None
    assert plain.calls is not None
    for call in plain.calls:
        said = plain.actions[places[call.customer]].text()
        assert f"usual are {call.usual:.0f}: " in said


def test_nobody_is_late_within_the_own_usual_gap() -> None:
    """A long own gap is not shortened by those of the others."""
    random = np.random.default_rng(4)
    ids, days = [], []
    for who in range(60):
        gap = 240 if who < 3 else 20
        at = 100 + float(random.uniform(0, gap))
        while at < 720:
            ids.append(who)
            days.append(END - timedelta(days=720 - int(at)))
            at += gap * float(random.uniform(0.9, 1.1))
    sales = Transactions(ids, days, np.where(np.array(ids) < 3, 9000.0, 100.0))
    risk = lapse_risk(sales, END)
    own, shrunk = risk.facts["own_gap"], risk.facts["mean_gap"]
    silence, late = risk.facts["silence"], risk.facts["late"] > 0
    assert ((silence > shrunk) & (silence <= own)).any()
    np.testing.assert_array_equal(late, (silence > shrunk) & (silence > own))


def test_json_holds_the_list_and_anonymous_files_no_identifiers(analysis: Analysis) -> None:
    calls = analysis.calls
    assert calls is not None
    written = json.loads(summary_text(analysis))["calls"]
    assert written == json.loads(json.dumps(calls.to_dict()))
    assert written["customers"][0]["customer"] == calls[0].customer
    # In pieces of a customer each, so that the text is never in memory as a whole.
    pieces = list(summary_parts(analysis))
    assert "".join(pieces) == summary_text(analysis)
    assert max(map(len, pieces)) * len(calls) < len(summary_text(analysis)) * 4
    assert written["customers"][0]["months"] == [round(one, 2) for one in calls[0].months]
    assert calls.to_dict("ru")["customers"][0]["reasons"] == calls[0].reasons("ru")
    done = CallOutcome(customer=calls[0].customer, day=END - timedelta(days=60), outcome="called")
    full = with_facts(attrs.evolve(analysis, outcomes=[done]))
    hidden = anonymize(full, b"0123456789abcdef")
    assert hidden.calls is not None
    assert hidden.lapse is not None
    plain = {str(one) for one in analysis.snapshot.customers.tolist()}
    of_calls = [str(one.customer) for one in hidden.calls]
    of_outcomes = [str(one.customer) for one in hidden.outcomes]
    assert not plain & {*of_calls, *of_outcomes, *map(str, hidden.lapse.customers.tolist())}
    assert set(of_calls) <= set(map(str, hidden.snapshot.customers.tolist()))


def test_past_lists_leave_out_who_was_called_lately_or_is_lost() -> None:
    sales, _ = pausing_world()
    named = backtest_lapse(sales, END, 60, most=2)
    first = named.days[0]
    lost, called = [one.customer for one in named.namings if one.day == first.day][:2]
    done = [
        CallOutcome(customer=lost, day=first.day - timedelta(days=1), outcome="lost"),
        CallOutcome(customer=called, day=first.day, outcome="called"),
    ]
    tried = backtest_lapse(sales, END, 60, most=2, outcomes=done)
    assert lost not in {one.customer for one in tried.namings}
    assert tried.days[0].named == first.named - 1
    # The list of a day is made before its calls.
    assert [one.called for one in tried.namings if one.customer == called] == [True]


def test_past_lists_of_the_rule_are_those_of_the_rule() -> None:
    sales, _ = pausing_world()
    for rules in (RULE, attrs.evolve(RULE, quantile=0.95, least_gaps=12)):
        tried = backtest_lapse(sales, END, 60, most=1, alert_rules=rules)
        day, settings = tried.days[0].day, Settings(lookback="36M")
        then = analyze(sales, as_of=day, settings=settings, alert_rules=rules)
        assert tried.days[0].basis == "rule"
        assert then.calls
        assert {one.customer for one in tried.namings} == {one.customer for one in then.calls}


def test_backtest_of_an_analysis_is_that_of_the_command_and_draws_itself() -> None:
    """The page holds the picture: each silence once, by the day on which it was named first."""
    sales, _ = pausing_world()
    rules, settings = AlertRules(backtest=2), Settings(lookback="36M")
    plain = analyze(
        sales,
        as_of=END,
        settings=settings,
        orders=learning(rules, settings, END),
        alert_rules=rules,
    )
    named = plain.backtest
    assert named is not None
    alone = backtest_lapse(sales, END, named.horizon_days, settings=settings, most=2)
    assert [one.named for one in named.days] == [one.named for one in alone.days]
    back = next(one for one in named.namings if one.came_back)
    done = CallOutcome(customer=back.customer, day=back.day, outcome="called")
    again = analyze(
        sales,
        as_of=END,
        settings=settings,
        orders=learning(rules, settings, END),
        alert_rules=rules,
        outcomes=[done],
    )
    tried = again.backtest
    assert tried is not None
    assert (tried.named, tried.came_back, tried.after_call) == (
        named.named, named.came_back, 1,
    )  # fmt: skip
    picture = str(tried.plot(currency="$"))
    assert tried.sentence() in picture
    assert "came back after a call" in picture
    assert "came back after a call" not in str(named.plot())
    for day in tried.days:
        first = [one for one in tried.namings if one.day == day.day]
        returned = sum(one.came_back for one in first)
        lost = sum(one.money for one in first if not one.came_back)
        assert f"{returned} of {len(first)}, lost {compact(lost, 'en', '$')}" in picture
    # A bar is as long as the customers that it stands for.
    widths = [float(one) for one in re.findall(r'width="([0-9.]+)"[^>]*><title>', picture)]
    counts = [
        count
        for day in tried.days
        for count in _parts([one for one in tried.namings if one.day == day.day])
        if count
    ]
    assert len(widths) == len(counts)
    scale = widths[0] / counts[0]
    np.testing.assert_allclose(widths, [scale * one for one in counts], rtol=0.02)
    page = whole_page(render_html(again, languages=["en", "ru"], lang="en"))
    assert tried.sentence() in page
    assert tried.sentence("ru") in page
    hidden = anonymize(again, b"0123456789abcdef")
    assert hidden.backtest is not None
    assert not {str(one.customer) for one in hidden.backtest.namings} & set(
        map(str, sales.customer.tolist())
    )


def _parts(named: list[Naming]) -> tuple[int, int, int]:
    """Those who came back after a call, those who did without one, and the others."""
    back = [one for one in named if one.came_back]
    called = sum(one.called for one in back)
    return called, len(back) - called, len(named) - len(back)


def test_by_the_rule_months_and_money_are_those_of_the_risk(analysis: Analysis) -> None:
    """Where probabilities were learned, whichever way the customers are found."""
    risk = analysis.lapse
    assert risk is not None
    calls = find_calls(analysis, rules=RULE)
    rows = [risk.positions[one.customer] for one in calls]
    assert [one.months for one in calls] == [risk.months_of(row) for row in rows]
    assert any(len(one.months) == 24 for one in calls)
    assert [one.money for one in calls] == risk.money[rows].tolist()
    places = [analysis.snapshot.positions[one.customer] for one in calls]
    segments = [SEGMENTS[analysis.snapshot.segment[place]] for place in places]
    assert [one.segment for one in calls] == segments
    assert {"AX", "AZ"} <= {*segments}


def test_who_has_no_class_is_not_called(analysis: Analysis) -> None:
    """However likely it is that they do not come back."""
    risk = analysis.lapse
    assert risk is not None
    assert {*risk.segment[risk.named].tolist()} <= {0, 1, 2}
    gone = risk.segment < 0
    assert gone.any()
    assert (risk.probability[gone] > 0.5).all()
