"""Search of an analysis for customers to call, and for those who may rise to class A."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np

from abcxyz.core.advice.alerts import AlertRules
from abcxyz.core.advice.calls import Call, CallList, call_list, calls_of_risk
from abcxyz.core.advice.crm_facts import CrmFacts
from abcxyz.core.advice.growth import GrowthList, RisingCustomer
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.core.landmarks.horizon import USUAL_HORIZON
from abcxyz.core.landmarks.lapse_record import LapseRisk
from abcxyz.toolkit.catalogue import Catalogue

__all__ = ["find_calls", "find_growth", "is_learned", "owner_of"]

_SAY = Catalogue()


def owner_of(analysis: Analysis, facts: CrmFacts, customer: Any) -> str | None:
    """Return the responsible employee of a customer; None if not known."""
    if customer in facts.owners:
        return facts.owners[customer]
    known = analysis.attributes.get(customer, {}).get("owner")
    return None if known in (None, "") else str(known)


def is_learned(risk: LapseRisk | None, rules: AlertRules) -> bool:
    """Return whether lapses are found by probabilities, and not by the rule of the quantile."""
    return rules.lapse == "learned" and risk is not None and risk.basis != "rule"


def find_calls(
    analysis: Analysis, facts: CrmFacts | None = None, rules: AlertRules | None = None
) -> CallList:
    """Find the customers of class A to call: those who will probably not come back.

    Parameters
    ----------
    analysis
        By its lapse risk; without one, or where nothing was learned, by the rule of the quantile
        of the customers' gaps.
    facts
        Owners of the customers, besides those of the attributes.
    rules
        Thresholds; None for the defaults.
    """
    facts, rules = facts or CrmFacts(), rules or AlertRules()
    risk = analysis.lapse
    if risk is not None and is_learned(risk, rules):
        named = risk.customers[risk.named].tolist()
        return calls_of_risk(
            risk,
            owners={who: owner_of(analysis, facts, who) for who in named},
            outcomes=analysis.outcomes,
            per_owner=rules.per_owner,
        )
    return call_list(
        _by_quantile(analysis, facts, rules),
        as_of=analysis.snapshot.as_of,
        horizon_days=USUAL_HORIZON if risk is None else risk.horizon_days,
        basis="rule",
        why=_SAY.message(
            "no probabilities: a silence beyond the {share}% quantile of the own gaps",
            share=round(100 * rules.quantile),
        )
        if risk is None or risk.basis != "rule"
        else risk.why,
        outcomes=analysis.outcomes,
        per_owner=rules.per_owner,
    )


def _by_quantile(analysis: Analysis, facts: CrmFacts, rules: AlertRules) -> Iterator[Call]:
    snapshot, risk = analysis.snapshot, analysis.lapse
    silence = analysis.silence(rules.quantile, rules.least_gaps)
    in_a = (snapshot.steady_abc == 0) | (snapshot.abc == 0)
    longest, usual = analysis.rhythm.longest(), analysis.usual_gaps
    window = snapshot.periods.window.days
    horizon = USUAL_HORIZON if risk is None else risk.horizon_days
    in_money = snapshot.settings.metric != "count"
    counts = np.diff(analysis.rhythm.starts) + 1
    segment = snapshot.segment
    # With few gaps the quantile is that of the class; whose own gaps are longer is not silent for
    # longer than usual yet.
    late = silence.late & ~(silence.days <= usual)
    for i in np.flatnonzero(in_a & late).tolist():
        customer = snapshot.customers[i]
        customer = customer.item() if isinstance(customer, np.generic) else customer
        row = None if risk is None else risk.positions.get(customer)
        code = int(segment[i])
        last: date = snapshot.last_day[i].astype("M8[D]").item()
        money = float(snapshot.value[i]) * horizon / window if in_money else float("nan")
        yield Call(
            customer=customer,
            segment=SEGMENTS[code] if code >= 0 else "N",
            owner=owner_of(analysis, facts, customer),
            last_day=last,
            days=int(silence.days[i]),
            usual=float(usual[i]),
            longest=float(longest[i]),
            months=() if risk is None or row is None else risk.months_of(row),
            money=money if risk is None or row is None else float(risk.money[row]),
            orders=float(snapshot.orders[i]) * horizon / window,
            facts={
                "silence": float(silence.days[i]),
                "orders": float(counts[i]),
                "own_gap": float(usual[i]),
                "longest": float(longest[i]),
            },
        )


def find_growth(
    analysis: Analysis, facts: CrmFacts | None = None, rules: AlertRules | None = None
) -> GrowthList:
    """Find the customers of class B with the best chance to reach class A.

    Parameters
    ----------
    analysis
        By its rise chance; without one, or where nothing was learned, those near the limit of A.
    facts
        Owners of the customers, besides those of the attributes.
    rules
        Thresholds; None for the defaults.

    Notes
    -----
    The list is as long as the number of customers of class B who lack up to a share `near` of the
    limit of A. With chances these are replaced by as many customers with the largest ones, and
    ordered by chance times missing value. Where the chance follows the value alone, they are the
    same customers.
    """
    facts, rules = facts or CrmFacts(), rules or AlertRules()
    rise = analysis.rise if rules.lapse == "learned" else None
    learned = rise is not None and rise.basis != "none"
    snapshot, limit = analysis.snapshot, analysis.abc.cuts.first
    missing = limit - snapshot.value
    in_b = (snapshot.abc == 1) & (snapshot.steady_abc != 0)
    with np.errstate(invalid="ignore"):
        near = in_b & (missing <= rules.near * limit)
    if not math.isfinite(limit):
        near = np.zeros(len(snapshot), dtype=bool)
    chance = np.full(len(snapshot), math.nan)
    place = np.full(len(snapshot), -1)  # of a customer among those with a chance
    chosen = np.flatnonzero(near)
    if rise is not None and learned:
        rows = snapshot.rows_of(rise.customers)
        there = rows >= 0
        chance[rows[there]], place[rows[there]] = rise.probability[there], np.flatnonzero(there)
        able = np.flatnonzero(in_b & ~np.isnan(chance) & (missing > 0))
        order = np.lexsort((able, missing[able], -chance[able]))
        chosen = np.sort(able[order[: len(chosen)]])
    customers = []
    for i, customer in zip(chosen.tolist(), snapshot.customers[chosen].tolist(), strict=True):
        code = int(snapshot.segment[i])
        at = int(place[i]) if learned else None
        because, against = ((), ()) if rise is None or at is None else rise.groups(at)
        customers.append(
            RisingCustomer(
                customer=customer,
                segment=SEGMENTS[code] if code >= 0 else "N",
                owner=owner_of(analysis, facts, customer),
                value=float(snapshot.value[i]),
                missing=float(missing[i]),
                probability=float(chance[i]),
                expected_gain=float(chance[i] * missing[i]),
                like=(0, 0) if rise is None or at is None else rise.certainty(at),
                facts={} if rise is None or at is None else rise.facts_of(at),
                because=because,
                against=against,
            )
        )
    growth = GrowthList(
        customers=tuple(customers),
        as_of=snapshot.as_of,
        horizon_days=USUAL_HORIZON if rise is None else rise.horizon_days,
        basis="none" if rise is None else rise.basis,
        why=_SAY.message(
            "no probabilities could be learned: those who lack up to {share}% of the limit of A",
            share=round(100 * rules.near),
        )
        if rise is None
        else rise.why,
    )
    return growth.first_of_owners(rules.per_owner)
