"""What needs a person now, with the money at risk and a key by which it is raised once."""

from __future__ import annotations

import functools
import math
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from attrs import field, frozen

from abcxyz._arrays import Bools
from abcxyz.core.advice.crm_facts import CrmFacts
from abcxyz.core.classes.results import plain_number
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.errors import InputError

if TYPE_CHECKING:
    from abcxyz.core.analysis.analyze import Analysis

__all__ = ["ALERTS", "Alert", "AlertRules", "find_alerts"]

ALERTS = (
    "fell_from_a", "lapsed_a", "x_became_z", "stalled_deal", "near_a", "dead_money",
    "lead_waiting",
)  # fmt: skip
"""Kinds of alerts, the most urgent first."""


@functools.cache
def _words() -> Mapping[str, Mapping[str, str]]:
    file = resources.files("abcxyz.core.advice") / "alerts.toml"
    return MappingProxyType(tomllib.loads(file.read_text(encoding="utf-8")))


@frozen(kw_only=True)
class Alert:
    """One thing to do something about.

    Parameters
    ----------
    kind
        One of `ALERTS`.
    key
        The same for the same occasion, in every run and on every machine.
    customer
        Whom it is about; the lead for ``lead_waiting``.
    money
        At risk, or to be won (``near_a``), or brought (``dead_money``); None where not known.
    age
        Days since the occasion.
    owner
        The person in charge, where a CRM told.
    before, after
        Segments; ``N`` is not classified, empty where there is none.
    facts
        What else the sentence tells.
    """

    kind: str
    key: str
    customer: Any
    money: float | None
    age: int
    owner: str | None = None
    before: str = ""
    after: str = ""
    facts: Mapping[str, object] = field(factory=dict, hash=False)

    def sentence(self, lang: str = "en", *, name: str | None = None) -> str:
        """Say it; *name* stands for the customer's identifier."""
        return _words()[self.kind][lang].format(
            customer=self.customer if name is None else name,
            before=self.before,
            after=self.after,
            money="?" if self.money is None else plain_number(round(self.money)),
            **{"days": self.age, "usual": "", "hours": "", "deal": "", "stage": "", **self.facts},
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        customer = self.customer
        return {
            "kind": self.kind,
            "key": self.key,
            "customer": customer.item() if isinstance(customer, np.generic) else customer,
            "money": self.money,
            "age": self.age,
            "owner": self.owner,
            "before": self.before,
            "after": self.after,
            "facts": dict(self.facts),
        }


def _is_share(_: object, option: attrs.Attribute[float], value: float) -> None:
    if not 0 < value < 1:
        raise InputError(
            "the alert option {name} is {value}; give a share between 0 and 1",
            name=option.name,
            value=value,
        )


def _is_count(_: object, option: attrs.Attribute[int], value: int) -> None:
    if value < 0:
        raise InputError(
            "the alert option {name} is {value}; give a number from 0",
            name=option.name,
            value=value,
        )


@frozen(kw_only=True)
class AlertRules:
    """When something is worth an alert.

    Parameters
    ----------
    near
        A customer of class B that lacks up to this share of the limit of A is near it.
    quantile
        Of the customer's own gaps: a longer silence is a lapse.
    least_gaps
        With fewer gaps those of the class count.
    deal_days
        A deal without movement for more days is stalled.
    dead_top
        So many customers of class C, by time spent.
    lead_days
        A lead of grade P-A is to be contacted within so many days.
    """

    near: float = field(
        default=0.10,
        validator=_is_share,
        metadata={"help": "a B that lacks up to this share of A's limit is near it"},
    )
    quantile: float = field(
        default=0.9,
        validator=_is_share,
        metadata={"help": "a silence beyond this quantile of own gaps is a lapse"},
    )
    least_gaps: int = field(
        default=5,
        validator=_is_count,
        metadata={"help": "with fewer gaps those of the class count"},
    )
    deal_days: int = field(
        default=3,
        validator=_is_count,
        metadata={"help": "a deal without movement for more days is stalled"},
    )
    dead_top: int = field(
        default=10,
        validator=_is_count,
        metadata={"help": "so many customers of class C, by time spent"},
    )
    lead_days: int = field(
        default=1,
        validator=_is_count,
        metadata={"help": "a P-A lead is to be contacted within so many days"},
    )


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
    watch = _Watch(analysis, facts or CrmFacts(), rules or AlertRules())
    found = [
        *watch.falls(),
        *watch.lapses(),
        *watch.near(),
        *watch.dead(),
        *watch.deals(),
        *watch.leads(),
    ]
    found.sort(key=lambda one: (-(one.money or 0.0), ALERTS.index(one.kind), one.key))
    return tuple(found)


class _Watch:
    """One analysis, looked at in several ways."""

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
            days = (self._as_of - deal.since).days
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
