"""Funnels, stages, and when a deal or invoice was won."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import field, frozen

from abcxyz.errors import ConfigError
from abcxyz_bitrix.crm.entities import DEAL, INVOICE
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import Command, as_id, as_map, as_moment, is_empty, rows_at
from abcxyz_bitrix.rest.errors import (
    EntityTypeNotSupportedError,
    InvalidArgValueError,
    MethodNotFoundError,
    UnnamedError,
)
from abcxyz_bitrix.rest.lists import PAGE, first
from abcxyz_bitrix.rest.row_checks import check_among, check_order

__all__ = ["NO_SUCH_TYPE", "Stage", "Stages", "directories", "load_stages", "won_moments"]

NO_SUCH_TYPE = (EntityTypeNotSupportedError, MethodNotFoundError)
"""Errors by which an older portal says that a method does not know a type of objects."""

_OWNERS = 45  # deals per history request: some were won twice, and a page holds fifty


@frozen
class Stage:
    """One stage of one funnel."""

    id: str
    name: str
    funnel: int
    semantics: str


@frozen
class Stages:
    """All funnels and stages of one type of objects."""

    funnels: Mapping[int, str]
    by_id: Mapping[str, Stage] = field(repr=False)

    def choose(self, names: Sequence[str | int]) -> frozenset[int]:
        """Find funnels by name or number; without names, all.

        Raises
        ------
        ConfigError
            There is no such funnel.
        """
        if not names:
            return frozenset(self.funnels)
        chosen = set()
        for name in names:
            matches = [
                number
                for number, title in self.funnels.items()
                if name == number or str(name).strip().casefold() == title.strip().casefold()
            ]
            if not matches:
                raise ConfigError(
                    "there is no funnel {name!r}; the portal has {known}",
                    name=name,
                    known=", ".join(repr(title) for title in self.funnels.values()),
                )
            chosen.update(matches)
        return frozenset(chosen)

    def exclude(self, names: Sequence[str]) -> frozenset[str]:
        """Find stages by name or id.

        Raises
        ------
        ConfigError
            There is no such stage.
        """
        chosen: set[str] = set()
        for name in names:
            matches = {
                stage.id
                for stage in self.by_id.values()
                if name == stage.id or name.strip().casefold() == stage.name.strip().casefold()
            }
            if not matches:
                raise ConfigError(
                    "there is no stage {name!r}; the portal has {known}",
                    name=name,
                    known=", ".join(sorted({repr(s.name) for s in self.by_id.values()})),
                )
            chosen |= matches
        return frozenset(chosen)


def load_stages(client: Client, entity: int) -> Stages:
    """Read the funnels and stages of deals or smart invoices."""
    funnels = {
        as_id(row.get("id") or row.get("ID")): str(row.get("name") or row.get("NAME") or "")
        for row in _funnels(client, entity)
    }
    if entity == DEAL:
        funnels.setdefault(0, "")
    lists = {_stage_list(entity, number): number for number in funnels}
    answers = client.batch(
        {
            name: Command(
                "crm.status.list", {"filter": {"ENTITY_ID": name}, "order": {"SORT": "ASC"}}
            )
            for name in lists
        }
    )
    stages: dict[str, Stage] = {}
    for name, funnel in lists.items():
        for row in rows_at(first(answers.get(name), "crm.status.list").result, "", name):
            if str(row.get("ENTITY_ID", name)) != name:
                continue
            stage = Stage(
                str(row.get("STATUS_ID")),
                str(row.get("NAME") or ""),
                funnel,
                _semantics(row),
            )
            stages[stage.id] = stage
    return Stages(funnels, stages)


def _funnels(client: Client, entity: int) -> list[Mapping[str, Any]]:
    method = "crm.category.list"
    try:
        return rows_at(client.call(method, {"entityTypeId": entity}).result, "categories", method)
    except MethodNotFoundError:
        if entity != DEAL:
            raise
    # Older portals list the funnels of deals by another method.
    method = "crm.dealcategory.list"
    return rows_at(client.call(method, {"select": ["ID", "NAME"]}).result, "", method)


def _semantics(row: Mapping[str, Any]) -> str:
    """Return ``S``, ``F`` or ``P``; some portals fill in the words of ``EXTRA`` alone."""
    for value in (row.get("SEMANTICS"), as_map(row.get("EXTRA")).get("SEMANTICS")):
        if not is_empty(value):
            letter = str(value)[0].upper()
            # The words are "success", "failure", "apology" (also a failure) and "process".
            return {"S": "S", "F": "F", "A": "F"}.get(letter, "P")
    return "P"


def _stage_list(entity: int, funnel: int) -> str:
    if entity == INVOICE:
        return f"SMART_INVOICE_STAGE_{funnel}"
    if entity == DEAL:
        return f"DEAL_STAGE_{funnel}" if funnel else "DEAL_STAGE"
    return f"DYNAMIC_{entity}_STAGE_{funnel}"


def won_moments(client: Client, entity: int, ids: Sequence[int]) -> dict[int, datetime] | None:
    """Find when each object reached a stage of success for the last time.

    Parameters
    ----------
    ids
        Objects that are won now.

    Returns
    -------
    dict
        Moment by id; objects without such a row in their history are left out. None if this
        portal has no history of this type of objects.

    Notes
    -----
    The whole history is read: within windows a deal won twice would count in two of them.
    """
    requests = {
        f"h{start}": (tuple(ids[start : start + _OWNERS]), 0)
        for start in range(0, len(ids), _OWNERS)
    }
    latest: dict[int, tuple[datetime, int]] = {}
    semantic = True
    while requests:
        repeated: dict[str, tuple[tuple[int, ...], int]] = {}
        commands = {
            key: _history(entity, owners, last, semantic)
            for key, (owners, last) in requests.items()
        }
        for key, outcome in client.stream(commands.items()):
            owners, last = requests[key]
            if isinstance(outcome, InvalidArgValueError) and semantic:
                repeated[key] = (owners, last)
                continue
            # Deals always have a history; for other types an older portal names no code.
            if isinstance(outcome, NO_SUCH_TYPE) or (
                isinstance(outcome, UnnamedError) and entity != DEAL
            ):
                return None
            rows = rows_at(first(outcome, "crm.stagehistory.list").result, "items", key)
            check_among(rows, "OWNER_ID", owners, "crm.stagehistory.list")
            numbers = [as_id(row.get("ID")) for row in rows]
            check_order(numbers, "crm.stagehistory.list")
            for owner, moment, number in _wins(rows, set(owners)):
                latest[owner] = max(latest.get(owner, (moment, number)), (moment, number))
            if len(rows) >= PAGE and max(numbers) > last:
                repeated[key] = (owners, max(numbers))
        if semantic and any(requests[key] == value for key, value in repeated.items()):
            semantic = False
        requests = repeated
    return {owner: moment for owner, (moment, _) in latest.items()}


def _history(entity: int, owners: Iterable[int], last: int, semantic: bool) -> Command:
    where: dict[str, Any] = {"@OWNER_ID": list(owners), "TYPE_ID": 3, ">ID": last}
    if semantic:
        where["STAGE_SEMANTIC_ID"] = "S"
    return Command(
        "crm.stagehistory.list",
        {"entityTypeId": entity, "filter": where, "order": {"ID": "ASC"}},
    )


def _wins(
    rows: Iterable[Mapping[str, Any]], owners: set[int]
) -> Iterator[tuple[int, datetime, int]]:
    for row in rows:
        owner, moment = as_id(row.get("OWNER_ID")), as_moment(row.get("CREATED_TIME"))
        final = as_id(row.get("TYPE_ID", 3)) == 3
        if owner in owners and final and moment and row.get("STAGE_SEMANTIC_ID", "S") == "S":
            yield owner, moment, as_id(row.get("ID"))


def directories(client: Client, names: Sequence[str]) -> dict[str, str]:
    """Read the entries of directories: ``INDUSTRY/IT`` -> displayed name."""
    answers = client.batch(
        {name: Command("crm.status.list", {"filter": {"ENTITY_ID": name}}) for name in names}
    )
    return {
        f"{name}/{row.get('STATUS_ID')}": str(row.get("NAME") or "")
        for name, outcome in answers.items()
        for row in rows_at(first(outcome, "crm.status.list").result, "", name)
        if str(row.get("ENTITY_ID", name)) == name
    }
