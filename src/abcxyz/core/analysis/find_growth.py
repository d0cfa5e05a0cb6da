"""Search of an analysis for customers of class B who may reach class A."""

from __future__ import annotations

import math

import numpy as np

from abcxyz._arrays import Floats
from abcxyz.core.advice.alerts import AlertRules
from abcxyz.core.advice.crm_facts import CrmFacts
from abcxyz.core.advice.growth import GrowthList, RisingCustomer
from abcxyz.core.analysis.find_calls import owner_of
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.core.landmarks.horizon import USUAL_HORIZON
from abcxyz.core.landmarks.rise import RiseChance
from abcxyz.toolkit.catalogue import Catalogue

__all__ = ["find_growth"]

_SAY = Catalogue()


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
    if not math.isfinite(limit) or limit <= 0:
        near = np.zeros(len(snapshot), dtype=bool)
    chance = np.full(len(snapshot), math.nan)
    chosen = np.flatnonzero(near)
    if rise is not None and learned:
        chance = _chances(analysis, rise)
        able = np.flatnonzero(in_b & ~np.isnan(chance) & (missing > 0))
        order = np.lexsort((able, missing[able], -chance[able]))
        chosen = np.sort(able[order[: len(chosen)]])
    customers = []
    for i, customer in zip(chosen.tolist(), snapshot.customers[chosen].tolist(), strict=True):
        code = int(snapshot.segment[i])
        at = rise.positions[customer] if rise is not None and learned else None
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
            "no chances: those who lack up to {share} % of the limit of A",
            share=round(100 * rules.near),
        )
        if rise is None
        else rise.why,
    )
    return growth.first_of_owners(rules.per_owner)


def _chances(analysis: Analysis, rise: RiseChance) -> Floats:
    """Return the (n,) chances in the order of the snapshot; NaN for the others."""
    chances = np.full(len(analysis.snapshot), math.nan)
    positions = analysis.snapshot.positions
    for customer, chance in zip(rise.customers.tolist(), rise.probability.tolist(), strict=True):
        place = positions.get(customer)
        if place is not None:
            chances[place] = chance
    return chances
