"""Open deals with the time of their last movement, except those made by the adapter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from attrs import define, field, frozen

from abcxyz_bitrix.crm.customers import Party, chooser
from abcxyz_bitrix.crm.entities import DEAL, Fields, code_of, fields_of
from abcxyz_bitrix.crm.stages import load_stages
from abcxyz_bitrix.crm.traces import made_by_adapter
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import Command, as_bool, as_decimal, as_id, as_moment, rows_at
from abcxyz_bitrix.rest.lists import Listing, Row, first, narrow, scan

__all__ = ["OpenDeal", "open_deals"]

_CODES = (
    "ID", "COMPANY_ID", "CONTACT_ID", "CONTACT_IDS", "STAGE_ID", "STAGE_SEMANTIC_ID", "CLOSED",
    "MOVED_TIME", "CREATED_TIME", "LAST_ACTIVITY_TIME", "LAST_ACTIVITY_BY", "ASSIGNED_BY_ID",
    "OPPORTUNITY", "CURRENCY_ID", "IS_RECURRING",
)  # fmt: skip


@frozen
class OpenDeal:
    """One open deal.

    Parameters
    ----------
    number
        Id of the deal.
    party
        The customer's object.
    moved
        The last movement, in the portal's time zone or that of the business.
    amount, currency
        Amount of the deal and its currency.
    stage
        Name of the stage.
    responsible
        Id of the employee in charge; 0 where there is none.
    """

    number: int
    party: Party
    moved: datetime
    amount: Decimal
    currency: str
    stage: str
    responsible: int


def open_deals(
    client: Client, *, customer: str, dedicated: bool = False, zone: tzinfo | None = None
) -> list[OpenDeal]:
    """Read the open deals of customers, and when each of them last moved.

    Parameters
    ----------
    customer
        Choice of the customer, as in `BitrixSource`.
    dedicated
        The client's user does no work in the CRM: its activities never count.
    zone
        Time zone of the business; None is that of the portal.

    Notes
    -----
    Movement is the creation, a change of stage, an activity or a comment of another user.
    ``updatedTime`` never counts: fields that the adapter writes move it.
    """
    names = fields_of(client, DEAL)
    user = as_id(client.call("profile").result.get("ID"))
    reader = _MovementReader(client, names, user, dedicated)
    choose = chooser(customer, {code: names.find(code) for code in _CODES}, set())
    candidates: list[tuple[Row, Party, datetime, str]] = []
    for row, stage in _rows(client, names):
        party, moved = choose(row), reader.moved(row)
        if party is not None and moved is not None:
            candidates.append((row, party, moved, stage))
    # The history is read only where the last activity may be the adapter's.
    doubtful = [
        row for row, *_ in candidates if as_id(reader.value(row, "LAST_ACTIVITY_BY")) == user
    ]
    others = reader.moved_by_others(doubtful)
    deals = []
    for row, party, moved_at, stage in candidates:
        number = as_id(row["id"])
        moved = max(moved_at, others.get(number, moved_at).astimezone(moved_at.tzinfo))
        deals.append(
            OpenDeal(
                number,
                party,
                moved if zone is None else moved.astimezone(zone),
                as_decimal(reader.value(row, "OPPORTUNITY"), code_of(DEAL, number)),
                str(reader.value(row, "CURRENCY_ID") or ""),
                stage,
                as_id(reader.value(row, "ASSIGNED_BY_ID")),
            )
        )
    return sorted(deals, key=lambda one: one.number)


def _rows(client: Client, names: Fields) -> Iterator[tuple[Row, str]]:
    """Read open deals with the name of their stage; every filter is checked again."""
    stages = load_stages(client, DEAL)
    where: dict[str, Any] = {}
    for code, value in (("CLOSED", "N"), ("STAGE_SEMANTIC_ID", "P")):
        name = names.find(code)
        if name is not None:
            where[name] = value
    listing = Listing(DEAL, tuple(names.select(_CODES)), where)
    closed, recurring = names.find("CLOSED"), names.find("IS_RECURRING")
    stage_name, semantic = names.name("STAGE_ID"), names.find("STAGE_SEMANTIC_ID")
    for piece in scan(client, narrow(client, listing, note=lambda _text: None)):
        for row in piece.rows:
            stage = stages.by_id.get(str(row.get(stage_name)))
            stage_id = str(row.get(stage_name))
            # The semantics of a deleted stage are known from the deal alone.
            semantics = stage.semantics if stage is not None else row.get(semantic or "", "P")
            if semantics != "P" or as_bool(row.get(closed or "")):
                continue
            if not as_bool(row.get(recurring or "")):
                yield row, stage.name if stage is not None else stage_id


@define
class _MovementReader:
    """Reader of the last movement of deals, except for activities of one user."""

    client: Client = field(repr=False)
    names: Fields = field(repr=False)
    user: int
    dedicated: bool

    def value(self, row: Row, code: str) -> Any:
        """Return a field by its code."""
        name = self.names.find(code)
        return None if name is None else row.get(name)

    def moved(self, row: Row) -> datetime | None:
        """Return the last movement by the fields of the deal."""
        moments = [
            as_moment(self.value(row, "MOVED_TIME")),
            as_moment(self.value(row, "CREATED_TIME")),
        ]
        if as_id(self.value(row, "LAST_ACTIVITY_BY")) != self.user:
            moments.append(as_moment(self.value(row, "LAST_ACTIVITY_TIME")))
        return max((moment for moment in moments if moment is not None), default=None)

    def moved_by_others(self, rows: Sequence[Row]) -> dict[int, datetime]:
        """Find the last activity of other users in the history of deals."""
        commands: dict[str, Command] = {}
        for row in rows:
            number = as_id(row["id"])
            commands[f"a{number}"] = Command(
                "crm.activity.list",
                {
                    "order": {"ID": "DESC"},
                    "filter": {"BINDINGS": [{"OWNER_TYPE_ID": DEAL, "OWNER_ID": number}]},
                    "select": [
                        "ID",
                        "CREATED",
                        "LAST_UPDATED",
                        "AUTHOR_ID",
                        "DESCRIPTION",
                        "SUBJECT",
                        "PROVIDER_ID",
                    ],
                },
            )
            commands[f"c{number}"] = Command(
                "crm.timeline.comment.list",
                {
                    "order": {"ID": "DESC"},
                    "filter": {"ENTITY_ID": number, "ENTITY_TYPE": "deal"},
                    "select": ["ID", "CREATED", "AUTHOR_ID", "COMMENT"],
                },
            )
        latest: dict[int, datetime] = {}
        for key, outcome in self.client.stream(commands.items()):
            number, entries = int(key[1:]), rows_at(first(outcome, key).result, "", key)
            for entry in entries:
                moment = as_moment(entry.get("CREATED"))
                ours = made_by_adapter(entry, number, self.user, dedicated=self.dedicated)
                if moment is not None and not ours:
                    latest[number] = max(latest.get(number, moment), moment)
        return latest
