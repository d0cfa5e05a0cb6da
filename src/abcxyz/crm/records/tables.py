"""Tables of a CRM: deals, stage changes, activities, leads, product lines, users and more."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
from attrs import frozen

from abcxyz._arrays import SAME_ARRAYS, Bools, Floats
from abcxyz.crm.records.columns import (
    OPTIONAL,
    REQUIRED,
    Columns,
    Moments,
    TextColumn,
    as_given,
)

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

    deal: npt.NDArray[Any] = attrs.field(
        converter=as_given, eq=SAME_ARRAYS, metadata=REQUIRED["id"]
    )
    funnel: TextColumn = attrs.field(converter=as_given, metadata=REQUIRED["text"])
    created: Moments = attrs.field(converter=as_given, eq=SAME_ARRAYS, metadata=REQUIRED["moment"])
    stage: TextColumn = attrs.field(converter=as_given, metadata=REQUIRED["text"])
    closed: Moments | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["moment"]
    )
    amount: Floats | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["number"]
    )
    currency: TextColumn | None = attrs.field(
        default=None, converter=as_given, metadata=OPTIONAL["text"]
    )
    owner: TextColumn | None = attrs.field(
        default=None, converter=as_given, metadata=OPTIONAL["text"]
    )
    customer: npt.NDArray[Any] | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["id"]
    )
    source: TextColumn | None = attrs.field(
        default=None, converter=as_given, metadata=OPTIONAL["text"]
    )
    lead: npt.NDArray[Any] | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["id"]
    )
    kind: TextColumn | None = attrs.field(
        default=None, converter=as_given, metadata=OPTIONAL["text"]
    )
    lost_reason: TextColumn | None = attrs.field(
        default=None, converter=as_given, metadata=OPTIONAL["text"]
    )
    planned: Moments | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["day"]
    )
    created_by: TextColumn | None = attrs.field(
        default=None, converter=as_given, metadata=OPTIONAL["text"]
    )
    returning: Bools | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["flag"]
    )
    campaign: TextColumn | None = attrs.field(
        default=None, converter=as_given, metadata=OPTIONAL["text"]
    )


@frozen(kw_only=True)
class StageChanges(Columns):
    """n entries of deals into stages: deal, stage, moment; optionally funnel, user, cause.

    *cause* is ``created``, ``moved``, ``final`` or ``handed_over``. Without *funnel* a change
    belongs to the deal's funnel.
    """

    deal: npt.NDArray[Any] = attrs.field(
        converter=as_given, eq=SAME_ARRAYS, metadata=REQUIRED["id"]
    )
    stage: TextColumn = attrs.field(default=None, converter=as_given, metadata=OPTIONAL["text"])
    entered: Moments = attrs.field(converter=as_given, eq=SAME_ARRAYS, metadata=REQUIRED["moment"])
    funnel: TextColumn | None = attrs.field(
        default=None, converter=as_given, metadata=OPTIONAL["text"]
    )
    user: TextColumn | None = attrs.field(
        default=None, converter=as_given, metadata=OPTIONAL["text"]
    )
    cause: TextColumn | None = attrs.field(
        default=None, converter=as_given, metadata=OPTIONAL["text"]
    )


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
        (n,) whether a robot did it; of a planned one, whether it is the reminder of a program.
    basis
        (n,) basis of the duration: ``measured``, ``entered`` or ``assumed``.
    """

    activity: npt.NDArray[Any] = attrs.field(
        converter=as_given, eq=SAME_ARRAYS, metadata=REQUIRED["id"]
    )
    kind: TextColumn = attrs.field(converter=as_given, metadata=REQUIRED["text"])
    started: Moments = attrs.field(converter=as_given, eq=SAME_ARRAYS, metadata=REQUIRED["moment"])
    ended: Moments | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["moment"]
    )
    seconds: Floats | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["number"]
    )
    direction: TextColumn | None = attrs.field(
        default=None, converter=as_given, metadata=OPTIONAL["text"]
    )
    done: Bools | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["flag"]
    )
    user: TextColumn | None = attrs.field(
        default=None, converter=as_given, metadata=OPTIONAL["text"]
    )
    deal: npt.NDArray[Any] | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["id"]
    )
    lead: npt.NDArray[Any] | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["id"]
    )
    customer: npt.NDArray[Any] | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["id"]
    )
    due: Moments | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["moment"]
    )
    answered: Bools | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["flag"]
    )
    automatic: Bools | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["flag"]
    )
    basis: TextColumn | None = attrs.field(
        default=None, converter=as_given, metadata=OPTIONAL["text"]
    )

    @property
    def took_place(self) -> Bools:
        """(n,) whether an activity is done; all are where the source does not tell."""
        return np.ones(len(self), dtype=bool) if self.done is None else self.done

    @property
    def lengths(self) -> Floats:
        """(n,) seconds: talk time, or else the time from start to end; NaN where not known."""
        return self.lengths_of(slice(None))

    def lengths_of(self, rows: Any) -> Floats:
        """Return the `lengths` of some activities, by positions or a slice."""
        started = self.started[rows]
        seconds = np.full(len(started), np.nan)
        if self.seconds is not None:
            seconds[:] = self.seconds[rows]
        if self.ended is not None:
            ended = self.ended[rows]
            gaps = np.flatnonzero(np.isnan(seconds) & ~np.isnat(ended))
            seconds[gaps] = (ended[gaps] - started[gaps]) / np.timedelta64(1, "s")
        return seconds

    @property
    def by_people(self) -> Bools:
        """(n,) whether a done activity is a person's, not a robot's."""
        done = self.took_place
        return done if self.automatic is None else done & ~self.automatic


@frozen(kw_only=True)
class Leads(Columns):
    """n leads: lead, created; optionally source, owner, outcome, closed, deal, customer.

    *outcome* is ``open``, ``converted`` or ``junk``; *answered* is the moment of the first answer.
    """

    lead: npt.NDArray[Any] = attrs.field(
        converter=as_given, eq=SAME_ARRAYS, metadata=REQUIRED["id"]
    )
    created: Moments = attrs.field(converter=as_given, eq=SAME_ARRAYS, metadata=REQUIRED["moment"])
    source: TextColumn | None = attrs.field(
        default=None, converter=as_given, metadata=OPTIONAL["text"]
    )
    owner: TextColumn | None = attrs.field(
        default=None, converter=as_given, metadata=OPTIONAL["text"]
    )
    outcome: TextColumn | None = attrs.field(
        default=None, converter=as_given, metadata=OPTIONAL["text"]
    )
    closed: Moments | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["moment"]
    )
    deal: npt.NDArray[Any] | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["id"]
    )
    customer: npt.NDArray[Any] | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["id"]
    )
    answered: Moments | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["moment"]
    )
    campaign: TextColumn | None = attrs.field(
        default=None, converter=as_given, metadata=OPTIONAL["text"]
    )


@frozen(kw_only=True)
class ProductLines(Columns):
    """n product lines of deals: deal, product, amount; optionally quantity, cost, category."""

    deal: npt.NDArray[Any] = attrs.field(
        converter=as_given, eq=SAME_ARRAYS, metadata=REQUIRED["id"]
    )
    product: TextColumn = attrs.field(converter=as_given, metadata=REQUIRED["text"])
    amount: Floats | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["number"]
    )
    quantity: Floats | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["number"]
    )
    cost: Floats | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["number"]
    )
    category: TextColumn | None = attrs.field(
        default=None, converter=as_given, metadata=OPTIONAL["text"]
    )
    day: Moments | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["day"]
    )


@frozen(kw_only=True)
class Users(Columns):
    """n employees: user; optionally name, active, department, head, since, until, robot."""

    user: TextColumn = attrs.field(converter=as_given, metadata=REQUIRED["text"])
    name: TextColumn | None = attrs.field(
        default=None, converter=as_given, metadata=OPTIONAL["text"]
    )
    active: Bools | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["flag"]
    )
    department: TextColumn | None = attrs.field(
        default=None, converter=as_given, metadata=OPTIONAL["text"]
    )
    head: TextColumn | None = attrs.field(
        default=None, converter=as_given, metadata=OPTIONAL["text"]
    )
    since: Moments | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["day"]
    )
    until: Moments | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["day"]
    )
    robot: Bools | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["flag"]
    )


@frozen(kw_only=True)
class Values(Columns):
    """n values of fields over time: kind (such as ``deal``), id, field, moment, value."""

    kind: TextColumn = attrs.field(converter=as_given, metadata=REQUIRED["text"])
    id: npt.NDArray[Any] = attrs.field(converter=as_given, eq=SAME_ARRAYS, metadata=REQUIRED["id"])
    field: TextColumn = attrs.field(converter=as_given, metadata=REQUIRED["text"])
    at: Moments = attrs.field(converter=as_given, eq=SAME_ARRAYS, metadata=REQUIRED["moment"])
    value: TextColumn = attrs.field(default=None, converter=as_given, metadata=OPTIONAL["text"])


@frozen(kw_only=True)
class Spend(Columns):
    """n amounts spent on sources: source, day, amount; optionally currency, campaign."""

    source: TextColumn = attrs.field(converter=as_given, metadata=REQUIRED["text"])
    day: Moments | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["day"]
    )
    amount: Floats | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["number"]
    )
    currency: TextColumn | None = attrs.field(
        default=None, converter=as_given, metadata=OPTIONAL["text"]
    )
    campaign: TextColumn | None = attrs.field(
        default=None, converter=as_given, metadata=OPTIONAL["text"]
    )


@frozen(kw_only=True)
class Plans(Columns):
    """n plans of employees: user, period (its first day), metric, value."""

    user: TextColumn = attrs.field(converter=as_given, metadata=REQUIRED["text"])
    period: Moments | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["day"]
    )
    metric: TextColumn | None = attrs.field(
        default=None, converter=as_given, metadata=OPTIONAL["text"]
    )
    value: Floats | None = attrs.field(
        default=None, converter=as_given, eq=SAME_ARRAYS, metadata=OPTIONAL["number"]
    )


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
