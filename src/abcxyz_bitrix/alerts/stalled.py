"""Search for stalled deals of class-A customers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from attrs import define, field, frozen

from abcxyz_bitrix.alerts.ledger import Ledger
from abcxyz_bitrix.crm.customers import Party
from abcxyz_bitrix.crm.entities import COMPANY, CONTACT, DEAL, Fields, code_of, fields_of
from abcxyz_bitrix.crm.stages import load_stages
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import Command, as_bool, as_decimal, as_id, as_moment, rows_at
from abcxyz_bitrix.rest.lists import PAGE, Listing, Row, first, narrow, scan

__all__ = ["Stalled", "find_stalled", "idle_days"]

_CODES = (
    "ID", "TITLE", "COMPANY_ID", "CONTACT_ID", "STAGE_ID", "STAGE_SEMANTIC_ID", "CLOSED",
    "MOVED_TIME", "CREATED_TIME", "LAST_ACTIVITY_TIME", "LAST_ACTIVITY_BY", "ASSIGNED_BY_ID",
    "OPPORTUNITY", "CURRENCY_ID", "IS_RECURRING",
)  # fmt: skip


_FEW = 200  # customers up to which it pays to ask for their deals alone


@frozen
class Stalled:
    """A deal without movement."""

    deal: int
    party: Party
    moved: datetime
    responsible: int
    days: float
    money: float
    currency: str

    @property
    def key(self) -> str:
        """Once per deal and movement."""
        return f"stalled:{self.deal}:{self.moved.astimezone(UTC).isoformat(timespec='seconds')}"


def idle_days(moved: datetime, now: datetime, *, working: bool) -> float:
    """Count the days without movement.

    Parameters
    ----------
    working
        Days between the two dates, Saturdays and Sundays left out; else days and parts of days.

    Examples
    --------
    >>> friday, monday = datetime(2026, 5, 22, 18), datetime(2026, 5, 25, 9)
    >>> idle_days(friday, monday, working=True), idle_days(friday, monday, working=False)
    (1.0, 2.625)
    """
    if working:
        return float(np.busday_count(moved.date(), now.astimezone(moved.tzinfo).date()))
    return (now - moved) / timedelta(days=1)


@define
class _Search:
    """One search, and whose traces are our own."""

    client: Client = field(repr=False)
    names: Fields = field(repr=False)
    user: int
    dedicated: bool
    own_comments: set[int]

    def value(self, row: Row, code: str) -> Any:
        """Take a field by its code."""
        name = self.names.find(code)
        return None if name is None else row.get(name)

    def moved(self, row: Row) -> datetime | None:
        """Find the last movement that the deal itself shows."""
        found = [
            as_moment(self.value(row, "MOVED_TIME")),
            as_moment(self.value(row, "CREATED_TIME")),
        ]
        if as_id(self.value(row, "LAST_ACTIVITY_BY")) != self.user:
            found.append(as_moment(self.value(row, "LAST_ACTIVITY_TIME")))
        return max((moment for moment in found if moment is not None), default=None)

    def ask(self, rows: Sequence[Row]) -> dict[int, datetime]:
        """Find what anybody else did, for deals whose last trace may be our own."""
        commands: dict[str, Command] = {}
        for row in rows:
            number = as_id(row["id"])
            commands[f"a{number}"] = Command(
                "crm.activity.list",
                {
                    "order": {"ID": "DESC"},
                    "filter": {"BINDINGS": [{"OWNER_TYPE_ID": DEAL, "OWNER_ID": number}]},
                    "select": ["ID", "CREATED", "LAST_UPDATED", "AUTHOR_ID", "DESCRIPTION"],
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
            number, traces = int(key[1:]), rows_at(first(outcome, key).result, "", key)
            # Tasks of ours stand in the timeline under other numbers; the sign tells them.
            own = self.own_comments if key[0] == "c" else set()
            for trace in traces:
                moment = as_moment(trace.get("CREATED"))
                if moment is None or self._mine(trace, own):
                    continue
                latest[number] = max(latest.get(number, moment), moment)
        return latest

    def _mine(self, trace: Row, own: set[int]) -> bool:
        if as_id(trace.get("ID")) in own:
            return True
        said = f"{trace.get('COMMENT') or ''}{trace.get('DESCRIPTION') or ''}"
        if "[abcxyz:" in said:
            return True
        return self.dedicated and as_id(trace.get("AUTHOR_ID")) == self.user


def find_stalled(
    client: Client,
    parties: Sequence[Party],
    *,
    days: float,
    working: bool,
    dedicated: bool,
    ledger: Ledger,
) -> list[Stalled]:
    """Find open deals of these customers without movement for more than *days*.

    Notes
    -----
    Movement is a change of stage, an activity or a comment of somebody else, or the creation.
    ``updatedTime`` never counts: our own fields move it.
    """
    user = as_id(client.call("profile").result.get("ID"))
    names = fields_of(client, DEAL)
    search = _Search(client, names, user, dedicated, ledger.objects("timeline"))
    now = datetime.fromtimestamp(client.clock.now(), UTC)
    candidates: dict[int, tuple[Row, Party, datetime]] = {}
    for row, party in _open_deals(client, names, parties):
        moved = search.moved(row)
        if moved is not None and idle_days(moved, now, working=working) > days:
            candidates[as_id(row["id"])] = (row, party, moved)
    doubtful = [
        row
        for row, _, _ in candidates.values()
        if as_id(search.value(row, "LAST_ACTIVITY_BY")) == user
    ]
    others = search.ask(doubtful)
    found = []
    for number, (row, party, seen) in sorted(candidates.items()):
        moved = max(seen, others.get(number, seen).astimezone(seen.tzinfo))
        idle = idle_days(moved, now, working=working)
        if idle > days:
            found.append(
                Stalled(
                    number, party, moved, as_id(search.value(row, "ASSIGNED_BY_ID")), idle,
                    float(as_decimal(search.value(row, "OPPORTUNITY"), code_of(DEAL, number))),
                    str(search.value(row, "CURRENCY_ID") or ""),
                )
            )  # fmt: skip
    return found


def _open_deals(
    client: Client, names: Fields, parties: Sequence[Party]
) -> list[tuple[Row, Party]]:
    """Read open deals of these customers; every filter is checked again."""
    stages = load_stages(client, DEAL)
    select = tuple(names.select(code for code in _CODES if code != "TITLE"))
    closed, recurring = names.find("CLOSED"), names.find("IS_RECURRING")
    stage_name = names.name("STAGE_ID")
    owners = [(COMPANY, names.find("COMPANY_ID")), (CONTACT, names.find("CONTACT_ID"))]
    wanted = set(parties)
    found: dict[int, tuple[Row, Party]] = {}
    for where in _questions(names, owners, wanted):
        for row in _rows(client, Listing(DEAL, select, where)):
            stage = stages.by_id.get(str(row.get(stage_name)))
            if stage is None or stage.semantics != "P" or as_bool(row.get(closed or "")):
                continue
            if as_bool(row.get(recurring or "")):
                continue
            for entity, name in owners:
                party = (entity, as_id(row.get(name or "")))
                if party in wanted:
                    found.setdefault(as_id(row["id"]), (row, party))
    return list(found.values())


def _questions(
    names: Fields, owners: Sequence[tuple[int, str | None]], wanted: set[Party]
) -> Iterator[dict[str, Any]]:
    """Ask for the deals of a few customers, or for all open ones where there are many."""
    still: dict[str, Any] = {}
    for code, value in (("CLOSED", "N"), ("STAGE_SEMANTIC_ID", "P")):
        name = names.find(code)
        if name is not None:
            still[name] = value
    if len(wanted) > _FEW:
        yield still
        return
    for entity, name in owners:
        ids = sorted(number for kind, number in wanted if kind == entity)
        if name is not None:
            for at in range(0, len(ids), PAGE):
                yield {f"@{name}": ids[at : at + PAGE], **still}


def _rows(client: Client, listing: Listing) -> list[Row]:
    kept = narrow(client, listing, note=lambda _text: None)
    return [row for piece in scan(client, kept) for row in piece.rows]
