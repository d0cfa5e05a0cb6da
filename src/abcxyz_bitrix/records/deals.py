"""Deals, leads, product lines and stage changes of a portal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from attrs import frozen

from abcxyz.crm import Deals, Leads, ProductLines, Stage, StageChanges, StageMap
from abcxyz_bitrix.crm.customers import Keys, chooser
from abcxyz_bitrix.crm.entities import DEAL, LEAD, fields_of
from abcxyz_bitrix.crm.stages import Stages, directories
from abcxyz_bitrix.records.values import moments, users
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import (
    Command,
    as_bool,
    as_decimal,
    as_id,
    as_map,
    is_empty,
    rows_at,
)
from abcxyz_bitrix.rest.lists import PAGE, Listing, Row, cursor, first, scan

__all__ = ["DealReader", "funnel_names", "stage_map"]

_DEAL = (
    "ID", "CATEGORY_ID", "STAGE_ID", "STAGE_SEMANTIC_ID", "CREATED_TIME", "CREATED_BY",
    "MOVED_TIME", "CLOSEDATE", "ASSIGNED_BY_ID", "COMPANY_ID", "CONTACT_ID", "CONTACT_IDS",
    "LEAD_ID", "OPPORTUNITY", "CURRENCY_ID", "SOURCE_ID", "TYPE_ID", "IS_RETURN_CUSTOMER",
    "IS_RECURRING", "UTM_CAMPAIGN",
)  # fmt: skip
_LEAD = (
    "ID", "STAGE_ID", "STAGE_SEMANTIC_ID", "CREATED_TIME", "MOVED_TIME", "ASSIGNED_BY_ID",
    "SOURCE_ID", "UTM_CAMPAIGN",
)  # fmt: skip
_HISTORY = "crm.stagehistory.list"
_LONGEST = 21  # characters of a stage in the history
_CAUSES = {1: "created", 2: "moved", 3: "final", 5: "handed_over"}


def funnel_names(stages: Stages) -> dict[int, str]:
    """Return number -> name of every funnel, the number behind a name that two have."""
    names: dict[int, str] = {}
    for number, title in stages.funnels.items():
        name = title.strip() or str(number)
        names[number] = f"{name} ({number})" if name in names.values() else name
    return names


def stage_map(stages: Stages, gone: Mapping[str, tuple[int, str]]) -> StageMap:
    """Return the stages of the funnels in order; deleted ones are outside of it.

    Parameters
    ----------
    stages
        Stages of the portal, in the order of the funnel.
    gone
        Stage of the history that the portal does not list -> its funnel and semantics.

    Notes
    -----
    The reason of a loss is the stage itself, where the portal has several for it.
    """
    names = funnel_names(stages)
    funnels: dict[str, list[Stage]] = {name: [] for name in names.values()}
    for number, name in names.items():
        own = [one for one in stages.by_id.values() if one.funnel == number]
        order = [one.id for letter in "PS" for one in own if one.semantics == letter]
        for one in own:
            place = order.index(one.id) if one.id in order else -1
            reason = one.name if one.semantics == "F" else ""
            funnels[name].append(Stage(one.id, one.name, place, one.semantics, reason))
        funnels[name] += [
            Stage(stage, "", -1, letter)
            for stage, (funnel, letter) in gone.items()
            if funnel == number
        ]
    return StageMap(funnels)


@frozen
class DealReader:
    """Reader of deals and what belongs to them.

    Parameters
    ----------
    client
        Client of the portal.
    stages
        Funnels and stages of the deals.
    customer, customer_id
        As of `BitrixSource`.
    lost_reason
        Code of the field with the reason of a loss; empty for none.
    """

    client: Client
    stages: Stages
    customer: str
    customer_id: str
    lost_reason: str = ""

    def deals(self) -> Deals:
        """Read every deal that is not a template of recurring ones."""
        names = fields_of(self.client, DEAL)
        codes = (*_DEAL, *([self.lost_reason] if self.lost_reason else []))
        if self.lost_reason:
            names.name(self.lost_reason)
        listing = Listing(DEAL, tuple(names.select(codes)))
        recurring = names.find("IS_RECURRING")
        rows = [
            row
            for piece in scan(self.client, listing)
            for row in piece.rows
            if not (recurring and as_bool(row.get(recurring)))
        ]

        def column(code: str) -> list[Any]:
            name = names.find(code)
            return [row.get(name) if name else None for row in rows]

        choose = chooser(self.customer, {code: names.find(code) for code in _DEAL}, set())
        parties = [choose(row) for row in rows]
        keys = Keys(self.client, self.customer_id).of(one for one in parties if one is not None)
        final = [one in ("S", "F") for one in column("STAGE_SEMANTIC_ID")]
        moved = moments(column("MOVED_TIME"))
        funnels = funnel_names(self.stages)
        sources = directories(self.client, ["SOURCE"])
        reasons = self._reasons(names.info, column(self.lost_reason) if self.lost_reason else [])
        return Deals(
            deal=np.array([f"D_{as_id(one)}" for one in column("ID")], dtype=object),
            funnel=[funnels.get(as_id(one), str(as_id(one))) for one in column("CATEGORY_ID")],
            created=moments(column("CREATED_TIME")),
            stage=[str(one or "") for one in column("STAGE_ID")],
            closed=np.where(final, moved, np.datetime64("NaT", "s")),
            amount=[float(as_decimal(one or 0, "OPPORTUNITY")) for one in column("OPPORTUNITY")],
            currency=[str(one or "") for one in column("CURRENCY_ID")],
            owner=users(column("ASSIGNED_BY_ID")),
            customer=np.array(["" if one is None else keys[one] for one in parties], object),
            source=[sources.get(f"SOURCE/{one}", str(one or "")) for one in column("SOURCE_ID")],
            lead=np.array(
                [f"L_{as_id(one)}" if as_id(one) else "" for one in column("LEAD_ID")], object
            ),
            kind=[str(one or "") for one in column("TYPE_ID")],
            lost_reason=reasons,
            planned=[str(one)[:10] if one else "" for one in column("CLOSEDATE")],
            created_by=users(column("CREATED_BY")),
            returning=[as_bool(one) for one in column("IS_RETURN_CUSTOMER")],
            campaign=[str(one or "") for one in column("UTM_CAMPAIGN")],
        )

    def _reasons(
        self, info: Mapping[str, Mapping[str, Any]], values: Sequence[object]
    ) -> list[str] | None:
        """Return the names of the reasons of losses; None where the job names no field."""
        if not self.lost_reason:
            return None
        name = fields_of(self.client, DEAL).name(self.lost_reason)
        items = as_map(info[name].get("items")).values()
        titles = {str(as_map(one).get("ID")): str(as_map(one).get("VALUE")) for one in items}
        return [
            "" if is_empty(one) or one == "0" else titles.get(str(one), str(one)) for one in values
        ]

    def changes(self) -> tuple[StageChanges, dict[str, tuple[int, str]]]:
        """Read the stage history, and the stages in it that the portal does not list.

        The portal answers with the rows of each deal's current funnel alone.
        """
        wanted = ["ID", "TYPE_ID", "OWNER_ID", "CREATED_TIME", "CATEGORY_ID", "STAGE_ID"]
        params = {"entityTypeId": DEAL, "select": [*wanted, "STAGE_SEMANTIC_ID"]}
        rows = list(cursor(self.client, _HISTORY, params, at="items"))
        funnels = funnel_names(self.stages)
        cut = {one[:_LONGEST]: one for one in self.stages.by_id}
        ids = [str(row.get("STAGE_ID") or "") for row in rows]
        ids = [one if one in self.stages.by_id else cut.get(one, one) for one in ids]
        gone = {
            one: (as_id(row.get("CATEGORY_ID")), _letter(row))
            for one, row in zip(ids, rows, strict=True)
            if one and one not in self.stages.by_id
        }
        changes = StageChanges(
            deal=np.array([f"D_{as_id(row.get('OWNER_ID'))}" for row in rows], dtype=object),
            stage=ids,
            entered=moments(row.get("CREATED_TIME") for row in rows),
            funnel=[funnels.get(as_id(row.get("CATEGORY_ID")), "") for row in rows],
            cause=[_CAUSES.get(as_id(row.get("TYPE_ID")), "") for row in rows],
        )
        return changes, gone

    def leads(self) -> Leads:
        """Read every lead."""
        names = fields_of(self.client, LEAD)
        listing = Listing(LEAD, tuple(names.select(_LEAD)))
        rows = [row for piece in scan(self.client, listing) for row in piece.rows]

        def column(code: str) -> list[Any]:
            name = names.find(code)
            return [row.get(name) if name else None for row in rows]

        sources = directories(self.client, ["SOURCE"])
        outcome = [{"S": "converted", "F": "junk"}.get(str(one), "open") for one in
                   column("STAGE_SEMANTIC_ID")]  # fmt: skip
        ended = [one != "open" for one in outcome]
        return Leads(
            lead=np.array([f"L_{as_id(one)}" for one in column("ID")], dtype=object),
            created=moments(column("CREATED_TIME")),
            source=[sources.get(f"SOURCE/{one}", str(one or "")) for one in column("SOURCE_ID")],
            owner=users(column("ASSIGNED_BY_ID")),
            outcome=outcome,
            closed=np.where(ended, moments(column("MOVED_TIME")), np.datetime64("NaT", "s")),
            campaign=[str(one or "") for one in column("UTM_CAMPAIGN")],
        )

    def lines(self, deals: Deals) -> ProductLines:
        """Read the product lines of the deals, net of discount and without VAT."""
        numbers = [int(str(one).removeprefix("D_")) for one in deals.deal.tolist()]
        rows: list[Row] = []
        waiting = {
            f"p{start}": (numbers[start : start + PAGE], 0)
            for start in range(0, len(numbers), PAGE)
        }
        while waiting:
            commands = {key: _lines(*part) for key, part in waiting.items()}
            rest: dict[str, tuple[list[int], int]] = {}
            for key, outcome in self.client.stream(commands.items()):
                owners, start = waiting[key]
                answer = first(outcome, "crm.item.productrow.list")
                page = rows_at(answer.result, "productRows", key)
                rows += [row for row in page if as_id(row.get("ownerId")) in owners]
                if len(page) >= PAGE:
                    rest[key] = (owners, start + PAGE)
            waiting = rest
        price = [float(as_decimal(row.get("priceExclusive") or 0, "price")) for row in rows]
        count = [float(as_decimal(row.get("quantity") or 0, "quantity")) for row in rows]
        return ProductLines(
            deal=np.array([f"D_{as_id(row.get('ownerId'))}" for row in rows], dtype=object),
            product=[str(row.get("productName") or row.get("productId") or "") for row in rows],
            amount=[one * many for one, many in zip(price, count, strict=True)],
            quantity=count,
        )


def _lines(owners: Sequence[int], start: int) -> Command:
    return Command(
        "crm.item.productrow.list",
        {"filter": {"=ownerType": "D", "=ownerId": list(owners)}, "start": start},
    )


def _letter(row: Row) -> str:
    letter = str(row.get("STAGE_SEMANTIC_ID") or "P")[:1].upper()
    return letter if letter in "PSF" else "P"
