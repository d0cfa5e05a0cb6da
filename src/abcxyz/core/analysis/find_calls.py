"""Search of an analysis for customers to call."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np

from abcxyz.core.advice.alerts import AlertRules
from abcxyz.core.advice.calls import Call, CallList, call_list, calls_of_risk
from abcxyz.core.advice.crm_facts import CrmFacts
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.core.landmarks.horizon import USUAL_HORIZON
from abcxyz.core.landmarks.lapse_record import LapseRisk
from abcxyz.toolkit.catalogue import Catalogue

__all__ = ["find_calls", "is_learned", "owner_of"]

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
            "no probabilities: a silence beyond the {share} % quantile of the own gaps",
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
    for i in np.flatnonzero(in_a & silence.late).tolist():
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
