"""What a CRM knows besides sales, as plain records that a source or an enricher can give."""

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
        Its identifier.
    customer
        Whose it is.
    since
        The day of its last movement.
    amount
        Its money; None where it is not known.
    stage, owner
        Where it stands, and with whom.
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
    """When a lead came, when somebody first got in touch (None: not yet), and whose it is."""

    lead: str | int
    created: date
    contacted: date | None = None
    owner: str | None = None


def _all(found: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(found)


@frozen(kw_only=True)
class CrmFacts:
    """Everything a CRM told; whatever it did not tell raises no alert.

    Parameters
    ----------
    owners
        Customer to the person in charge.
    deals
        Open ones.
    time_spent
        Several records of one customer add up.
    contacts
        Of the leads.
    """

    owners: Mapping[Any, str] = field(factory=dict, converter=frozen_map, hash=False)
    deals: tuple[Deal, ...] = field(default=(), converter=_all)
    time_spent: tuple[TimeSpent, ...] = field(default=(), converter=_all)
    contacts: tuple[LeadContact, ...] = field(default=(), converter=_all)
