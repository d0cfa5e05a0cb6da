"""Records of CRM data besides sales: owners, open deals, time spent, lead contacts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from attrs import field, frozen

from abcxyz._arrays import frozen_map
from abcxyz.errors import InputError

__all__ = ["CrmFacts", "Deal", "LeadContact", "TimeSpent"]


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
    """

    deal: str | int
    customer: str | int
    since: date
    amount: float | None = None
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
    """

    owners: Mapping[Any, str] = field(factory=dict, converter=frozen_map, hash=False)
    deals: tuple[Deal, ...] = field(default=(), converter=_all)
    time_spent: tuple[TimeSpent, ...] = field(default=(), converter=_all)
    contacts: tuple[LeadContact, ...] = field(default=(), converter=_all)
