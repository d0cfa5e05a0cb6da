"""Facts of a CRM for the alerts: owners, open deals, overdue requests."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import numpy as np

from abcxyz.core.advice.crm_facts import CrmFacts, Deal, DealReason, OverdueRequest
from abcxyz.core.advice.risk_reasons import plain_fact
from abcxyz.core.advice.unusual import UnusualFigure
from abcxyz.crm.deals.risk_record import DealRisks
from abcxyz.crm.deals.stuck import StuckReport, has_next_step
from abcxyz.crm.records.columns import Moments
from abcxyz.crm.records.data import CrmData, as_local
from abcxyz.crm.records.visits import OPEN
from abcxyz.crm.reports.base import NOT_GIVEN
from abcxyz.crm.reports.service.levels import ServiceReport

__all__ = ["crm_facts"]


def crm_facts(
    crm: CrmData,
    *,
    stuck: StuckReport | None = None,
    service: ServiceReport | None = None,
    risks: DealRisks | None = None,
    unusual: Iterable[UnusualFigure] = (),
) -> CrmFacts:
    """Return what the alerts need to know of a CRM.

    Parameters
    ----------
    crm
        The records as of the day of the alerts.
    stuck
        The stuck deals; None where they are not known: then the days since the last stage
        change decide.
    service
        The service levels; None where they are not known.
    risks
        The deals at risk; None where they are not known.
    unusual
        Weekly figures that are not as usual.

    Returns
    -------
    CrmFacts
        Open deals of known customers, overdue requests, and deals at risk. Whether a deal has a
        next step is known where the source has planned activities.
    """
    return CrmFacts(
        deals=_open_deals(crm, stuck),
        requests=() if service is None else _overdue(crm, service),
        risks=() if risks is None else _reasons(crm, risks),
        unusual=unusual,
    )


def _open_deals(crm: CrmData, stuck: StuckReport | None) -> list[Deal]:
    deals = crm.deals
    if deals.customer is None:
        return []
    moved = _last_moves(crm)
    planned = has_next_step(crm)
    known = {} if stuck is None else {one.deal: one for one in stuck.deals}
    amounts, owner = crm.single_amounts(), crm.category("owner")
    titles = crm.stages.titles
    result = []
    for row in np.flatnonzero(crm.outcomes.kind == OPEN).tolist():
        customer = _plain(deals.customer[row])
        if customer in ("", -1):
            continue
        number = _plain(deals.deal[row])
        found = known.get(deals.deal[row])
        stage = deals.stage.categories[deals.stage.codes[row]]
        funnel = deals.funnel.categories[deals.funnel.codes[row]]
        result.append(
            Deal(
                deal=number,
                customer=customer,
                since=_day(crm, moved[row]),
                amount=_amount(amounts[row]),
                stage=titles.get((funnel, stage), stage),
                owner=owner.categories[owner.codes[row]] or None,
                stuck=None if stuck is None else found is not None,
                usual=None if found is None else math.floor(found.usual),
                next_step=None if planned is None else bool(planned[row]),
            )
        )
    return result


def _last_moves(crm: CrmData) -> Moments:
    """Return the (n,) moments of the last stage change of the deals."""
    moved = crm.deals.created.copy()
    visits = crm.visits
    moved[visits.row[visits.last]] = visits.entered[visits.last]
    return moved


def _reasons(crm: CrmData, risks: DealRisks) -> list[DealReason]:
    moved = dict(zip(crm.deals.deal.tolist(), _last_moves(crm), strict=True))
    return [
        DealReason(
            deal=one.deal,
            reason=kind,
            since=one.facts[kind] if kind == "planned" else _day(crm, moved[one.deal]),
            details=plain_fact(one.facts[kind]),
            money=None if math.isnan(one.at_risk) else round(one.at_risk, 2),
            customer=None if one.customer in ("", -1) else one.customer,
            stage=one.stage,
            owner=None if one.owner in ("", NOT_GIVEN) else one.owner,
        )
        for one in risks.deals
        for kind in one.kinds
    ]


def _overdue(crm: CrmData, service: ServiceReport) -> list[OverdueRequest]:
    """Return the overdue requests that somebody can still answer: of open deals and leads."""
    ended: set[Any] = {_plain(one) for one in crm.deals.deal[crm.outcomes.kind != OPEN]}
    junk: set[Any] = set()
    if crm.leads is not None and crm.leads.closed is not None:
        junk = {_plain(one) for one in crm.leads.lead[crm.leads.closed < crm.until]}

    def is_open(request: Mapping[str, Any]) -> bool:
        if request["deal"] is None:
            return _plain(request["object"]) not in junk
        return request["deal"] not in ended

    return [
        OverdueRequest(
            rule=one["rule"],
            object=_plain(one["object"]),
            begun=one["start"],
            due=_day(crm, np.datetime64(one["deadline"], "s")),
            deal=one["deal"],
            customer=one["customer"],
            amount=one["amount"],
            owner=None if one["owner"] in ("", NOT_GIVEN) else one["owner"],
        )
        for one in service.due
        if one["state"] == "overdue" and is_open(one)
    ]


def _day(crm: CrmData, moment: Any) -> date:
    return as_local(moment, crm.zone).date()


def _amount(amount: Any) -> float | None:
    return None if math.isnan(amount) else float(amount)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
