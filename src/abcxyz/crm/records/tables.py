"""Tables of a CRM: deals, stage changes, activities, leads, product lines, users and more."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
from attrs import frozen

from abcxyz._arrays import Bools, Floats
from abcxyz.crm.records.columns import Columns, Moments, TextColumn, column

__all__ = [
    "TABLES",
    "Activities",
    "Deals",
    "Leads",
    "Plans",
    "ProductLines",
    "Spend",
    "StageChanges",
    "Users",
    "Values",
]


@frozen(kw_only=True)
class Deals(Columns):
    """n deals.

    Parameters
    ----------
    deal
        (n,) identifiers, unique.
    funnel
        (n,) funnel (pipeline) that the deal is in.
    created
        (n,) moments, UTC.
    stage
        (n,) current stage by the source.
    closed
        (n,) moment of closing by the source; may be a plan for open deals.
    amount, currency
        (n,) money, NaN if not known, and its currency.
    owner, customer, source, lead, kind, lost_reason
        (n,) responsible employee, customer, source, lead that the deal came from, kind of deal,
        reason of the loss.
    planned
        (n,) planned day of closing.
    created_by
        (n,) user who created the deal.
    returning
        (n,) whether the customer had bought before, by the source.
    campaign
        (n,) advertising campaign.

    Examples
    --------
    >>> deals = Deals(deal=[1], funnel=["sales"], created=["2026-05-31T09:00:00+03:00"],
    ...               stage=["NEW"], amount=[1200.0])
    >>> len(deals), str(deals.created[0])
    (1, '2026-05-31T06:00:00')
    """

    deal: npt.NDArray[Any] = column("id")
    funnel: TextColumn = column("text")
    created: Moments = column("moment")
    stage: TextColumn = column("text")
    closed: Moments | None = column("moment?")
    amount: Floats | None = column("number?")
    currency: TextColumn | None = column("text?")
    owner: TextColumn | None = column("text?")
    customer: npt.NDArray[Any] | None = column("id?")
    source: TextColumn | None = column("text?")
    lead: npt.NDArray[Any] | None = column("id?")
    kind: TextColumn | None = column("text?")
    lost_reason: TextColumn | None = column("text?")
    planned: Moments | None = column("day?")
    created_by: TextColumn | None = column("text?")
    returning: Bools | None = column("flag?")
    campaign: TextColumn | None = column("text?")


@frozen(kw_only=True)
class StageChanges(Columns):
    """n entries of deals into stages: deal, stage, moment; optionally funnel, user, cause.

    *cause* is ``created``, ``moved``, ``final`` or ``handed_over``. Without *funnel* a change
    belongs to the deal's funnel.
    """

    deal: npt.NDArray[Any] = column("id")
    stage: TextColumn = column("text?")
    entered: Moments = column("moment")
    funnel: TextColumn | None = column("text?")
    user: TextColumn | None = column("text?")
    cause: TextColumn | None = column("text?")


@frozen(kw_only=True)
class Activities(Columns):
    """n activities: calls, meetings, letters, messages, tasks.

    Parameters
    ----------
    activity
        (n,) identifiers.
    kind
        (n,) ``call``, ``meeting``, ``letter``, ``message``, ``task`` or another word.
    started, ended
        (n,) moments, UTC.
    seconds
        (n,) talk time in seconds.
    direction
        (n,) ``in``, ``out`` or empty.
    done
        (n,) whether it took place; planned ones are not done.
    user, deal, lead, customer
        (n,) whom it belongs to.
    due
        (n,) moment by which a planned activity is due.
    answered
        (n,) whether a call was answered.
    automatic
        (n,) whether a robot did it.
    basis
        (n,) basis of the duration: ``measured``, ``entered`` or ``assumed``.
    """

    activity: npt.NDArray[Any] = column("id")
    kind: TextColumn = column("text")
    started: Moments = column("moment")
    ended: Moments | None = column("moment?")
    seconds: Floats | None = column("number?")
    direction: TextColumn | None = column("text?")
    done: Bools | None = column("flag?")
    user: TextColumn | None = column("text?")
    deal: npt.NDArray[Any] | None = column("id?")
    lead: npt.NDArray[Any] | None = column("id?")
    customer: npt.NDArray[Any] | None = column("id?")
    due: Moments | None = column("moment?")
    answered: Bools | None = column("flag?")
    automatic: Bools | None = column("flag?")
    basis: TextColumn | None = column("text?")


@frozen(kw_only=True)
class Leads(Columns):
    """n leads: lead, created; optionally source, owner, outcome, closed, deal, customer.

    *outcome* is ``open``, ``converted`` or ``junk``; *answered* is the moment of the first answer.
    """

    lead: npt.NDArray[Any] = column("id")
    created: Moments = column("moment")
    source: TextColumn | None = column("text?")
    owner: TextColumn | None = column("text?")
    outcome: TextColumn | None = column("text?")
    closed: Moments | None = column("moment?")
    deal: npt.NDArray[Any] | None = column("id?")
    customer: npt.NDArray[Any] | None = column("id?")
    answered: Moments | None = column("moment?")
    campaign: TextColumn | None = column("text?")


@frozen(kw_only=True)
class ProductLines(Columns):
    """n product lines of deals: deal, product, amount; optionally quantity, cost, category."""

    deal: npt.NDArray[Any] = column("id")
    product: TextColumn = column("text")
    amount: Floats | None = column("number?")
    quantity: Floats | None = column("number?")
    cost: Floats | None = column("number?")
    category: TextColumn | None = column("text?")
    day: Moments | None = column("day?")


@frozen(kw_only=True)
class Users(Columns):
    """n employees: user; optionally name, active, department, head, since, until, robot."""

    user: TextColumn = column("text")
    name: TextColumn | None = column("text?")
    active: Bools | None = column("flag?")
    department: TextColumn | None = column("text?")
    head: TextColumn | None = column("text?")
    since: Moments | None = column("day?")
    until: Moments | None = column("day?")
    robot: Bools | None = column("flag?")


@frozen(kw_only=True)
class Values(Columns):
    """n values of fields over time: kind (such as ``deal``), id, field, moment, value."""

    kind: TextColumn = column("text")
    id: npt.NDArray[Any] = column("id")
    field: TextColumn = column("text")
    at: Moments = column("moment")
    value: TextColumn = column("text?")


@frozen(kw_only=True)
class Spend(Columns):
    """n amounts spent on sources: source, day, amount; optionally currency, campaign."""

    source: TextColumn = column("text")
    day: Moments | None = column("day?")
    amount: Floats | None = column("number?")
    currency: TextColumn | None = column("text?")
    campaign: TextColumn | None = column("text?")


@frozen(kw_only=True)
class Plans(Columns):
    """n plans of employees: user, period (its first day), metric, value."""

    user: TextColumn = column("text")
    period: Moments | None = column("day?")
    metric: TextColumn | None = column("text?")
    value: Floats | None = column("number?")


TABLES: dict[str, type[Columns]] = {
    "deals": Deals,
    "stage_changes": StageChanges,
    "activities": Activities,
    "leads": Leads,
    "product_lines": ProductLines,
    "users": Users,
    "values": Values,
    "spend": Spend,
    "plans": Plans,
}
"""Name of a table, also of its file -> its record."""
