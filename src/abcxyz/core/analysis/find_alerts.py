"""Search of an analysis for alerts."""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from types import MappingProxyType
from typing import Any

import numpy as np

from abcxyz._arrays import Bools
from abcxyz.core.advice.alerts import ALERTS, Alert, AlertRules
from abcxyz.core.advice.crm_facts import CrmFacts
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.classes.segments import SEGMENTS

__all__ = ["find_alerts"]


def find_alerts(
    analysis: Analysis, facts: CrmFacts | None = None, rules: AlertRules | None = None
) -> tuple[Alert, ...]:
    """Find everything that needs a person.

    Parameters
    ----------
    analysis
        With its snapshot before, where there is one: falls need it.
    facts
        What a CRM told; without it there are no alerts on deals, time spent and leads.
    rules
        The default ones when not given.

    Returns
    -------
    tuple of Alert
        The most money first, within equal money the most urgent kind.

    Notes
    -----
    Falls out of A and of X are those of the steadied classes, so that a customer who dances on a
    limit raises no alarm.
    """
    finder = _AlertFinder(analysis, facts or CrmFacts(), rules or AlertRules())
    found = [
        *finder.falls(),
        *finder.lapses(),
        *finder.near(),
        *finder.dead(),
        *finder.deals(),
        *finder.leads(),
    ]
    found.sort(key=lambda one: (-(one.money or 0.0), ALERTS.index(one.kind), one.key))
    return tuple(found)


class _AlertFinder:
    """Find the alerts of one analysis, one kind at a time."""

    def __init__(self, analysis: Analysis, facts: CrmFacts, rules: AlertRules) -> None:
        self._analysis, self._facts, self._rules = analysis, facts, rules
        snapshot = analysis.snapshot
        self._snapshot, self._as_of = snapshot, snapshot.as_of
        self._segment = snapshot.segment
        self._in_a: Bools = (snapshot.steady_abc == 0) | (snapshot.abc == 0)
        self._since = (snapshot.as_of - snapshot.dated).days

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
            money=0.0 if math.isnan(money) else money,
            age=age,
            owner=self._owner(customer),
            before="" if before is None else _name(before),
            after=_name(int(self._segment[i])),
            facts=MappingProxyType(facts),
        )

    def _owner(self, customer: Any) -> str | None:
        if customer in self._facts.owners:
            return self._facts.owners[customer]
        known = self._analysis.attributes.get(customer, {}).get("owner")
        return None if known in (None, "") else str(known)

    def _worth(self, i: int) -> float:
        return float(self._snapshot.value[i])

    def falls(self) -> Iterator[Alert]:
        """Look for falls out of A, and out of X inside A."""
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
        """Look for customers of A that are silent for longer than usual."""
        silence = self._analysis.silence(self._rules.quantile, self._rules.least_gaps)
        for i in np.flatnonzero(self._in_a & silence.late).tolist():
            days, usual = silence.days[i], silence.usual[i]
            yield self._alert(
                "lapsed_a",
                i,
                self._snapshot.last_day[i],
                self._worth(i),
                age=math.floor(days - usual),
                days=int(days),
                usual=math.floor(usual),
            )

    def near(self) -> Iterator[Alert]:
        """Look for customers of B that lack little to A."""
        limit = self._analysis.abc.cuts.first
        if not math.isfinite(limit) or limit <= 0:
            return
        missing = limit - self._snapshot.value
        with np.errstate(invalid="ignore"):
            close = (self._snapshot.abc == 1) & (missing <= self._rules.near * limit)
        for i in np.flatnonzero(close & ~self._in_a).tolist():
            yield self._alert("near_a", i, None, float(missing[i]), age=self._since)

    def dead(self) -> Iterator[Alert]:
        """Look for customers of C that take the most time."""
        spent: defaultdict[Any, float] = defaultdict(float)
        for record in self._facts.time_spent:
            spent[record.customer] += record.hours
        hours = {
            self._places[customer]: total
            for customer, total in spent.items()
            if total > 0 and customer in self._places
        }
        in_c = [i for i in hours if self._snapshot.abc[i] == 2]
        in_c.sort(key=lambda i: (-hours[i], i))
        for i in in_c[: self._rules.dead_top]:
            told = round(hours[i], 1)
            yield self._alert("dead_money", i, None, self._worth(i), age=self._since, hours=told)

    def deals(self) -> Iterator[Alert]:
        """Look for deals of customers of A that do not move."""
        for deal in self._facts.deals:
            i = self._places.get(deal.customer)
            days = self._days_since(deal.since)
            if i is None or not self._in_a[i] or days <= self._rules.deal_days:
                continue
            yield Alert(
                kind="stalled_deal",
                key=f"stalled_deal:{deal.deal}:{deal.since}",
                customer=deal.customer,
                money=deal.amount,
                age=days,
                owner=deal.owner or self._owner(deal.customer),
                after=_name(int(self._segment[i])),
                facts=MappingProxyType({"deal": deal.deal, "stage": deal.stage or "-"}),
            )

    def _days_since(self, day: date) -> int:
        """Count the days without movement: all of them, or those of the working week."""
        if self._rules.working_days:
            return int(np.busday_count(day, self._as_of))
        return (self._as_of - day).days

    def leads(self) -> Iterator[Alert]:
        """Look for leads of grade P-A whom nobody got in touch with in time."""
        scores = self._analysis.prospects
        if scores is None or not self._facts.contacts:
            return
        known = {one.lead: one for one in self._facts.contacts}
        contacts = [known.get(lead) for lead in scores.ids.tolist()]
        # Of whom no date is known, nothing is overdue.
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

    @functools.cached_property
    def _places(self) -> dict[Any, int]:
        return {who: i for i, who in enumerate(self._snapshot.customers.tolist())}


def _name(code: int) -> str:
    return SEGMENTS[code] if code >= 0 else "N"
