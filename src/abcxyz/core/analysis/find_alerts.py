"""Detection of alerts in an analysis."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from types import MappingProxyType
from typing import Any

import numpy as np

from abcxyz._arrays import Bools
from abcxyz.core.advice.alerts import ALERTS, ANOMALIES, Alert, AlertRules, Alerts
from abcxyz.core.advice.calls import Call, CallList
from abcxyz.core.advice.crm_facts import CrmFacts
from abcxyz.core.advice.growth import GrowthList
from abcxyz.core.analysis.find_calls import find_calls, find_growth, is_learned, owner_of
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.classes.segments import SEGMENTS

__all__ = ["find_alerts"]

_OTHER_KINDS = ("overdue", "no_step")  # risks that sla_overdue and no_next_step tell of
_STEPS = (90, 70)  # per cent from which a lapse is raised again


def find_alerts(
    analysis: Analysis,
    facts: CrmFacts | None = None,
    rules: AlertRules | None = None,
    *,
    calls: CallList | None = None,
    growth: GrowthList | None = None,
) -> Alerts:
    """Find the alerts of an analysis.

    Parameters
    ----------
    analysis
        Alerts about falls require its previous snapshot.
    facts
        CRM facts; None for no alerts on deals, time spent and leads.
    rules
        Thresholds; None for the defaults.
    calls
        What `find_calls` returns for the same arguments; None to find them here.
    growth
        The same of `find_growth`.

    Returns
    -------
    Alerts
        Sorted by money, largest first; among equal money the most urgent kind first.

    Notes
    -----
    Falls out of A and of X are those of the steadied classes, so that a customer who oscillates
    around a limit raises no alert.
    """
    finder = _AlertFinder(analysis, facts or CrmFacts(), rules or AlertRules(), calls, growth)
    alerts = [
        *finder.falls(),
        *finder.lapses(),
        *finder.near(),
        *finder.dead(),
        *finder.deals(),
        *finder.requests(),
        *finder.risks(),
        *finder.next_steps(),
        *finder.leads(),
        *finder.anomalies(),
    ]
    alerts.sort(key=lambda one: (-(one.money or 0.0), ALERTS.index(one.kind), one.key))
    return Alerts(alerts)


class _AlertFinder:
    """Search of one analysis for alerts, kind by kind."""

    def __init__(
        self,
        analysis: Analysis,
        facts: CrmFacts,
        rules: AlertRules,
        calls: CallList | None,
        growth: GrowthList | None,
    ) -> None:
        self._analysis, self._facts, self._rules = analysis, facts, rules
        self._calls = find_calls(analysis, facts, rules) if calls is None else calls
        self._growth = find_growth(analysis, facts, rules) if growth is None else growth
        snapshot = analysis.snapshot
        self._snapshot, self._as_of = snapshot, snapshot.as_of
        self._segment = snapshot.segment
        self._in_a: Bools = (snapshot.steady_abc == 0) | (snapshot.abc == 0)
        self._since = (snapshot.as_of - snapshot.dated).days
        self._alerted: set[str | int] = set()  # deals with an alert already
        self._stalled: set[str | int] = set()  # those of them whose alert is that they are stuck

    def _alert(
        self,
        kind: str,
        i: int,
        occasion: object,
        money: float,
        *,
        age: int,
        before: int | None = None,
        **facts: object,
    ) -> Alert:
        customer = self._snapshot.customers[i]
        customer = customer.item() if isinstance(customer, np.generic) else customer
        moves = self._analysis.transitions
        if before is None and moves is not None:
            before = int(moves.before[i])
        return Alert(
            kind=kind,
            key=":".join([kind, str(customer), *([] if occasion is None else [str(occasion)])]),
            customer=customer,
            money=0.0 if math.isnan(money) else round(money, 2),
            age=age,
            owner=self._owner(customer),
            before="" if before is None else _name(before),
            after=_name(int(self._segment[i])),
            facts=MappingProxyType(facts),
        )

    def _owner(self, customer: Any) -> str | None:
        return owner_of(self._analysis, self._facts, customer)

    def _worth(self, i: int) -> float:
        return float(self._snapshot.value[i])

    def falls(self) -> Iterator[Alert]:
        """Yield falls out of A, and from X to Z within A."""
        moves = self._analysis.moves("segment", steadied=True)
        if moves is None or moves.value_before is None:
            return
        n = len(self._snapshot)
        was, now = moves.before[:n], moves.after[:n]
        in_a = (was >= 0) & (was < 3)
        dated = self._snapshot.dated
        for i in np.flatnonzero(in_a & (self._snapshot.steady_abc != 0)).tolist():
            left = max(float(np.nan_to_num(self._worth(i))), 0.0)
            lacking = max(float(moves.value_before[i]) - left, 0.0)
            yield self._alert(
                "fell_from_a", i, dated, lacking, age=self._since, before=int(was[i])
            )
        unsteady = (was == SEGMENTS.index("AX")) & (now == SEGMENTS.index("AZ"))
        for i in np.flatnonzero(unsteady).tolist():
            yield self._alert(
                "x_became_z", i, dated, self._worth(i), age=self._since, before=int(was[i])
            )

    def lapses(self) -> Iterator[Alert]:
        """Yield the customers to call: who will probably not come back, or are silent too long."""
        calls = self._calls
        if is_learned(self._analysis.lapse, self._rules):
            for call, i in zip(calls, self._rows(calls), strict=True):
                yield self._probable(call, i, calls.horizon_days)
            return
        silence = self._analysis.silence(self._rules.quantile, self._rules.least_gaps)
        for call, i in zip(calls, self._rows(calls), strict=True):
            in_money = not math.isnan(call.money)  # of the missing orders, as in the call list
            yield self._alert(
                "lapsed_a",
                i,
                self._occasion(call, str(self._snapshot.last_day[i])),
                call.money if in_money else self._worth(i),
                age=math.floor(silence.days[i] - silence.usual[i]),
                days=int(silence.days[i]),
                usual=math.floor(silence.usual[i]),
                **({"horizon": calls.horizon_days} if in_money else {}),
            )

    def _probable(self, call: Call, i: int, horizon: int) -> Alert:
        """Return the alert of a learned lapse of customer number *i*.

        A higher probability is another occasion: the same silence is raised again at 70 and 90 %.
        It is the occasion of the highest probability so far, so that one which falls and rises
        again raises nothing.
        """
        silent = self._occasion(call, call.last_day.isoformat())
        before = self._analysis.raised_before
        key = f"lapsed_a:{call.customer}:{silent}:p"
        reached = [
            step
            for step in _STEPS
            if 100 * call.probability >= step or (before and f"{key}{step}" in before)
        ]
        return self._alert(
            "lapsed_a",
            i,
            f"{silent}:p{max(reached)}" if reached else silent,
            call.expected_loss,
            age=max(0, math.floor(call.days - call.usual)),
            days=call.days,
            usual=round(call.usual),
            probability=round(100 * call.probability),
            horizon=horizon,
        )

    @staticmethod
    def _occasion(call: Call, silent_since: str) -> str:
        """Return what the alert is about: a silence, or what follows the outcome of a call."""
        done = call.outcome
        return silent_since if done is None else f"{silent_since}:{done.outcome}-{done.day}"

    def _rows(self, found: CallList | GrowthList) -> list[int]:
        """Return the rows of customers, without a table of all where they are few."""
        customers = np.array([one.customer for one in found], dtype=object)
        rows: list[int] = self._snapshot.rows_of(customers).tolist()
        return rows

    def near(self) -> Iterator[Alert]:
        """Yield customers of B who may reach A: with the best chance, or just below its limit."""
        for one, i in zip(self._growth, self._rows(self._growth), strict=True):
            if math.isnan(one.probability):
                yield self._alert("near_a", i, None, one.missing, age=self._since)
                continue
            yield self._alert(
                "near_a",
                i,
                None,
                one.expected_gain,
                age=self._since,
                missing=round(one.missing, 2),
                probability=round(100 * one.probability),
                horizon=self._growth.horizon_days,
            )

    def dead(self) -> Iterator[Alert]:
        """Yield the customers of C with the most time spent."""
        spent: defaultdict[Any, float] = defaultdict(float)
        for record in self._facts.time_spent:
            spent[record.customer] += record.hours
        if not spent:
            return
        positions = self._snapshot.positions
        hours = {
            positions[customer]: total
            for customer, total in spent.items()
            if total > 0 and customer in positions
        }
        in_c = [i for i in hours if self._snapshot.abc[i] == 2]
        in_c.sort(key=lambda i: (-hours[i], i))
        for i in in_c[: self._rules.dead_top]:
            rounded = round(hours[i], 1)
            yield self._alert(
                "dead_money", i, None, self._worth(i), age=self._since, hours=rounded
            )

    def deals(self) -> Iterator[Alert]:
        """Yield stalled deals of customers of A."""
        for deal in self._facts.deals:
            i = self._snapshot.positions.get(deal.customer)
            days = self._days_since(deal.since)
            stuck = days > self._rules.deal_days if deal.stuck is None else deal.stuck
            if i is None or not self._in_a[i] or not stuck:
                continue
            usual = {} if deal.usual is None else {"usual": deal.usual}
            self._alerted.add(deal.deal)
            self._stalled.add(deal.deal)
            yield Alert(
                kind="stalled_deal",
                key=f"stalled_deal:{deal.deal}:{deal.since}",
                customer=deal.customer,
                money=deal.amount,
                age=days,
                owner=deal.owner or self._owner(deal.customer),
                after=_name(int(self._segment[i])),
                facts=MappingProxyType({"deal": deal.deal, "stage": deal.stage or "-", **usual}),
            )

    def requests(self) -> Iterator[Alert]:
        """Yield requests that were not answered in time."""
        for one in self._facts.requests:
            customer = one.object if one.customer is None else one.customer
            deal = {} if one.deal is None else {"deal": one.deal}
            self._alerted.update(deal.values())
            yield Alert(
                kind="sla_overdue",
                key=f"sla_overdue:{one.rule}:{one.object}:{one.begun}",
                customer=customer,
                money=one.amount,
                age=(self._as_of - one.due).days,
                owner=one.owner or self._owner(customer),
                after=self._class_of(customer),
                facts=MappingProxyType({"rule": one.rule, **deal}),
            )

    def risks(self) -> Iterator[Alert]:
        """Yield why deals are at risk, as far as no other kind of alerts says the same.

        Of those with the most money at risk, so many deals per responsible employee.
        """
        chosen: defaultdict[str | None, set[str | int]] = defaultdict(set)
        for one in self._facts.risks:
            if one.reason in _OTHER_KINDS or (one.reason == "stuck" and one.deal in self._stalled):
                continue
            customer = one.deal if one.customer is None else one.customer
            owner = one.owner or self._owner(customer)
            deals = chosen[owner]
            if one.deal not in deals and 0 < self._rules.risky_deals <= len(deals):
                continue
            deals.add(one.deal)
            self._alerted.add(one.deal)
            yield Alert(
                kind="deal_at_risk",
                # The reason is last: what a day at the end of a key means differs by reason.
                key=f"deal_at_risk:{one.deal}:{one.since}:{one.reason}",
                customer=customer,
                money=one.money,
                age=(self._as_of - one.since).days,
                owner=owner,
                after=self._class_of(customer),
                facts=MappingProxyType(
                    {
                        "deal": one.deal,
                        "stage": one.stage or "-",
                        "reason": one.reason,
                        "details": one.details,
                    }
                ),
            )

    def next_steps(self) -> Iterator[Alert]:
        """Yield open deals without a planned activity that no other alert is about.

        Those of the largest amounts, so many per responsible employee.
        """
        counts: Counter[str | None] = Counter()
        for deal in sorted(self._facts.deals, key=lambda one: -(one.amount or 0.0)):
            if deal.next_step is not False or deal.deal in self._alerted:
                continue
            owner = deal.owner or self._owner(deal.customer)
            if 0 < self._rules.next_steps <= counts[owner]:
                continue
            counts[owner] += 1
            yield Alert(
                kind="no_next_step",
                key=f"no_next_step:{deal.deal}:{deal.since}",
                customer=deal.customer,
                money=deal.amount,
                age=(self._as_of - deal.since).days,
                owner=owner,
                after=self._class_of(deal.customer),
                facts=MappingProxyType({"deal": deal.deal, "stage": deal.stage or "-"}),
            )

    def _class_of(self, customer: Any) -> str:
        i = self._snapshot.positions.get(customer)
        return "N" if i is None else _name(int(self._segment[i]))

    def _days_since(self, day: date) -> int:
        """Return the days since *day*: calendar days, or Monday to Friday with `working_days`."""
        if self._rules.working_days:
            return int(np.busday_count(day, self._as_of))
        return (self._as_of - day).days

    def leads(self) -> Iterator[Alert]:
        """Yield leads of grade P-A that were not contacted in time."""
        scores = self._analysis.prospects
        if scores is None or not self._facts.contacts:
            return
        known = {one.lead: one for one in self._facts.contacts}
        contacts = [known.get(lead) for lead in scores.ids.tolist()]
        # A lead without known dates is not overdue.
        created: list[date] = [one.created if one else self._as_of for one in contacts]
        met = [one.contacted if one else None for one in contacts]
        late = scores.overdue(created, met, as_of=self._as_of, days=self._rules.lead_days)
        for i in late.tolist():
            one = contacts[i]
            assert one is not None
            yield Alert(
                kind="lead_waiting",
                key=f"lead_waiting:{one.lead}",
                customer=one.lead,
                money=None,
                age=(self._as_of - one.created).days,
                owner=one.owner,
            )

    def anomalies(self) -> Iterator[Alert]:
        """Yield the weekly figures of the CRM that are not as usual."""
        for one in self._facts.unusual:
            kind = ANOMALIES[0 if one.fell else 1]
            yield Alert(
                kind=kind,
                key=f"{kind}:{one.key}",
                customer=one.key.rpartition("@")[0],
                money=None if math.isnan(one.money) else round(abs(one.money), 2),
                age=(self._as_of - one.since).days,
                facts=MappingProxyType(one.to_facts()),
            )


def _name(code: int) -> str:
    return SEGMENTS[code] if code >= 0 else "N"
