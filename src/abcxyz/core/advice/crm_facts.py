"""Records of CRM data besides sales: owners, open deals, time spent, lead contacts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from attrs import field, frozen

from abcxyz._arrays import frozen_map
from abcxyz.core.advice.unusual import UnusualFigure
from abcxyz.errors import InputError

__all__ = ["CrmFacts", "Deal", "DealReason", "LeadContact", "OverdueRequest", "TimeSpent"]


@frozen(kw_only=True)
class Deal:
    """An open deal.

    Parameters
    ----------
    deal
        Identifier of the deal.
    customer
        Identifier of the customer.
    since
        Day of the last stage change.
    amount
        Amount of the deal; None if not known.
    stage, owner
        Current stage, and responsible employee.
    stuck
        Whether the deal stays longer than nine of ten that went on, and is silent; None where
        that is not known, and the days since the last stage change decide.
    usual
        Days within which nine of ten that went on left the stage; None if not known.
    next_step
        Whether an activity is planned; None if not known.
    """

    deal: str | int
    customer: str | int
    since: date
    amount: float | None = None
    stage: str = ""
    owner: str | None = None
    stuck: bool | None = None
    usual: int | None = None
    next_step: bool | None = None


@frozen(kw_only=True)
class OverdueRequest:
    """A request that was not answered within the limit of a rule of service.

    Parameters
    ----------
    rule
        Name of the rule.
    object
        Identifier of the lead or deal that the request is about.
    begun
        Moment of the request, as ISO text.
    due
        Day of the deadline.
    deal, customer
        The deal and the customer, as far as known.
    amount
        Amount of the deal; None if not known.
    owner
        Responsible employee.
    """

    rule: str
    object: str | int
    begun: str
    due: date
    deal: str | int | None = None
    customer: str | int | None = None
    amount: float | None = None
    owner: str | None = None


@frozen(kw_only=True)
class DealReason:
    """A reason why an open deal is at risk.

    Parameters
    ----------
    deal
        Identifier of the deal.
    reason
        One of `~abcxyz.core.advice.risk_reasons.RISKS`.
    since
        Day that the reason began with: the planned day for ``planned``, otherwise that of the
        last stage change.
    details
        What the reason says, see `~abcxyz.core.advice.risk_reasons.plain_fact`.
    money
        Money at risk; None if not known.
    customer
        Identifier of the customer; None if not known.
    stage, owner
        Current stage, and responsible employee.
    """

    deal: str | int
    reason: str
    since: date
    details: Any = field(hash=False)
    money: float | None = None
    customer: str | int | None = None
    stage: str = ""
    owner: str | None = None


def _hours(value: float) -> float:
    if not (math.isfinite(value) and value >= 0):
        raise InputError(
            "the time spent is {value} hours; give hours from 0, such as 1.5", value=value
        )
    return float(value)


@frozen(kw_only=True)
class TimeSpent:
    """Hours of calls, visits and letters spent on a customer in the window."""

    customer: str | int
    hours: float = field(converter=_hours)


@frozen(kw_only=True)
class LeadContact:
    """Creation, first contact (None: not yet contacted) and owner of a lead."""

    lead: str | int
    created: date
    contacted: date | None = None
    owner: str | None = None


def _all(records: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(records)


@frozen(kw_only=True)
class CrmFacts:
    """Facts from a CRM; a missing fact raises no alert.

    Parameters
    ----------
    owners
        Customer -> responsible employee.
    deals
        Open deals.
    time_spent
        Hours per customer; several records of one customer add up.
    contacts
        Creation and first contact of the leads.
    requests
        Requests that are overdue.
    risks
        Reasons why deals are at risk, the deals with the most money at risk first.
    unusual
        Weekly figures that are not as usual.
    """

    owners: Mapping[Any, str] = field(factory=dict, converter=frozen_map, hash=False)
    deals: tuple[Deal, ...] = field(default=(), converter=_all)
    time_spent: tuple[TimeSpent, ...] = field(default=(), converter=_all)
    contacts: tuple[LeadContact, ...] = field(default=(), converter=_all)
    requests: tuple[OverdueRequest, ...] = field(default=(), converter=_all)
    risks: tuple[DealReason, ...] = field(default=(), converter=_all)
    unusual: tuple[UnusualFigure, ...] = field(default=(), converter=_all)
