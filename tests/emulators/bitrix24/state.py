"""State of a portal, and the effects of writes."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from attrs import define, field, frozen
from tests.emulators.bitrix24.directory import Directory
from tests.emulators.bitrix24.errors import RefusedError
from tests.emulators.bitrix24.limits import Clock
from tests.emulators.bitrix24.schema import (
    COMPANY,
    CONTACT,
    DEAL,
    INVOICE,
    LEAD,
    PROCESS,
    SMART,
    Field,
    Kind,
    object_types,
)
from tests.emulators.bitrix24.table import Row, Table
from tests.emulators.bitrix24.values import Zone, is_empty

__all__ = ["HistoryRow", "State", "UserField", "Write"]

STAGED = frozenset({LEAD, DEAL, *SMART})
_NAMES = {LEAD: "Лид", DEAL: "Сделка", CONTACT: "Контакт", COMPANY: "Компания", INVOICE: "Счет",
          PROCESS: "Элемент"}  # fmt: skip


def _stores() -> defaultdict[str, Table]:
    """Create the plain lists; those that are queried by owner have an index."""
    owners = {
        "comments": "ENTITY_ID",
        "requisites": "ENTITY_ID",
        "product rows": "ownerId",
        "payments": "ownerId",
        "orders": "ownerId",
    }
    known = {name: Table((column,)) for name, column in owners.items()}
    return defaultdict(Table, known)


@define
class HistoryRow:
    """One move of an item between stages; a quarter of the memory of a dictionary."""

    id: int
    TYPE_ID: int
    OWNER_ID: int
    CREATED_TIME: float
    CATEGORY_ID: int
    STAGE_SEMANTIC_ID: str
    STAGE_ID: str

    def get(self, name: str, default: Any = None) -> Any:
        """Return a field as a mapping does."""
        return getattr(self, name, default)

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def __setitem__(self, name: str, value: Any) -> None:
        setattr(self, name, value)


@define
class UserField:
    """A user field with its list items."""

    id: int
    entity: str
    code: str
    type: str
    multiple: bool = False
    mandatory: bool = False
    show_filter: str = "N"
    show_in_list: str = "Y"
    edit_in_list: str = "Y"
    sort: int = 100
    xml_id: str | None = None
    settings: dict[str, Any] = field(factory=dict)
    labels: dict[str, dict[str, str | None]] = field(factory=dict)
    items: list[dict[str, Any]] = field(factory=list)

    @property
    def choices(self) -> list[int] | None:
        """Return the ids of the list items, or None for a field without a list."""
        return [item["ID"] for item in self.items] if self.type == "enumeration" else None

    def choice(self, xml_id: str) -> int:
        """Return the id of the item with an external code."""
        return next(int(item["ID"]) for item in self.items if item["XML_ID"] == xml_id)


@frozen
class Write:
    """One change that took effect."""

    request: int
    moment: float
    method: str
    entity: str
    id: int
    fields: tuple[str, ...]


@define(repr=False, eq=False)
class State:
    """State of one portal.

    Parameters
    ----------
    clock, zone
        Time and how it is shown.
    unfilterable
        Names that ``crm.item.list`` refuses in a filter.
    ignored_filters
        Names whose conditions are silently dropped.
    stuck_cursor
        Conditions ``>id`` are dropped, so that a cursor does not grow.
    uf_select_fault
        ``useOriginalUfNames`` with ``select`` gives empty items, as on real portals.
    current_funnel_history
        Only the history of the current funnel is answered.
    history_on_final_create
        An item created straight in a final stage gets a row of type 3.
    close_date_on_final
        Reaching a final stage overwrites ``closedate``.
    history_texts
        Stage history answers texts instead of numbers.
    lead_mode
        1: leads are on; 2: they are off.
    order_ignored, select_ignored
        ``crm.item.list`` answers the newest first, or the ids alone.
    keeps_emptied
        ``crm.item.update`` leaves out fields that are to be emptied.
    extra_semantics_only
        Stages name their semantics in ``EXTRA`` alone.
    without_history
        Types of objects that ``crm.stagehistory.list`` does not know.
    without_categories
        Types of objects that ``crm.category.list`` does not know.
    catalog_wants_iblock
        ``catalog.product.list`` requires ``iblockId`` and knows no prefix ``@``.
    notifications_fail
        So many notifications are answered with false.
    task_entries_without_text
        Entries of tasks in the timeline have no description.
    denied_entities
        Types of objects whose fields may not be read.
    rest3_route
        False: every call below ``/rest/api/`` is answered with 401.
    """

    clock: Clock
    zone: Zone
    seed: int = 1
    base_currency: str = "RUB"
    kinds: dict[int, Kind] = field(factory=object_types)
    tables: dict[int, Table] = field(init=False)
    history: dict[int, Table] = field(init=False)
    directory: Directory = field(factory=Directory)
    user_fields: dict[int, UserField] = field(factory=dict)
    stores: defaultdict[str, Table] = field(factory=_stores)
    currencies: dict[str, Row] = field(factory=dict)
    hidden: defaultdict[int, set[tuple[int, int]]] = field(factory=lambda: defaultdict(set))
    locked: set[tuple[int, int]] = field(factory=set)
    bound: defaultdict[tuple[int, int], set[int]] = field(factory=lambda: defaultdict(set))
    lead_mode: int = 1
    order_ignored: bool = False
    select_ignored: bool = False
    keeps_emptied: bool = False
    extra_semantics_only: bool = False
    without_history: set[int] = field(factory=set)
    without_categories: set[int] = field(factory=set)
    catalog_wants_iblock: bool = True
    notifications_fail: int = 0
    task_entries_without_text: bool = False
    rest3_route: bool = True
    denied_entities: dict[int, RefusedError] = field(factory=dict)
    denied: dict[tuple[str, int], RefusedError] = field(factory=dict)
    writes: list[Write] = field(factory=list)
    touched: Counter[tuple[str, int]] = field(factory=Counter)
    noops: int = 0
    events: list[tuple[str, int]] = field(factory=list)
    request: int = 0
    method: str = ""
    unfilterable: set[str] = field(factory=set)
    ignored_filters: set[str] = field(factory=set)
    stuck_cursor: bool = False
    uf_select_fault: bool = True
    current_funnel_history: bool = True
    history_on_final_create: bool = True
    close_date_on_final: bool = True
    history_texts: bool = False
    random: random.Random = field(init=False)
    _last: Counter[str] = field(factory=Counter)

    def __attrs_post_init__(self) -> None:
        """Make the empty tables."""
        self.random = random.Random(self.seed)
        links = ("companyId", "contactId")
        self.tables = {number: Table(links if number != COMPANY else ()) for number in self.kinds}
        self.history = {number: Table(("OWNER_ID",)) for number in STAGED}
        self.currencies["RUB"] = _currency("RUB", "Российский рубль", 1.0, 1, 100, base=True)

    def next_id(self, of: str, first: int = 1) -> int:
        """Return the next number of a sequence."""
        self._last[of] = max(self._last[of] + 1, first)
        return self._last[of]

    def log(self, entity: str, row_id: int, fields: Iterable[str], event: str = "") -> None:
        """Record a change, and the event that is sent with it."""
        names = tuple(fields)
        self.writes.append(Write(self.request, self.clock(), self.method, entity, row_id, names))
        self.touched[entity, row_id] += 1
        if event:
            self.events.append((event, row_id))

    def today(self) -> str:
        """Return the day on the server."""
        moment = self.zone.iso(self.clock())
        return str(moment)[:10]

    def create(self, type_id: int, values: dict[str, Any], user: int, **system: Any) -> int:
        """Make an item; *system* sets what a writer may not (moments, authors)."""
        now = self.clock()
        created = system.get("createdTime", now)
        row: Row = {
            "createdTime": created, "updatedTime": created, "createdBy": user, "updatedBy": user,
            "assignedById": user, "opened": "Y", "lastActivityBy": user,
            "lastActivityTime": created,
        }  # fmt: skip
        row.update(values)
        if type_id in STAGED:
            self._start(type_id, row, values, user, created)
        if type_id in (DEAL, LEAD, COMPANY, *SMART):
            row.setdefault("currencyId", self.base_currency)
        self._link(type_id, row, values)
        row.update(system)
        table = self.tables[type_id]
        number = table.add(row, row.pop("id", None))
        name = "lastName" if type_id == CONTACT else "title"
        if is_empty(row.get(name)) and (type_id != CONTACT or is_empty(row.get("name"))):
            row[name] = f"{_NAMES[type_id]} #{number}"
        if type_id in STAGED:
            semantic, stage = row["stageSemanticId"], row["stageId"]
            category, moved = row.get("categoryId", 0), row["movedTime"]
            self.moved(type_id, number, 1, created, category, semantic, stage)
            if semantic != "P" and self.history_on_final_create:
                self.moved(type_id, number, 3, moved, category, semantic, stage)
        return number

    def _start(
        self, type_id: int, row: Row, values: dict[str, Any], user: int, created: float
    ) -> None:
        if type_id != LEAD:
            default = self.directory.default_category(type_id)
            row["categoryId"] = values.get("categoryId", default)
        category = row.get("categoryId", 0)
        if is_empty(row.get("stageId")):
            row["stageId"] = self.directory.first_stage(type_id, category)
        semantic = self.directory.semantic(type_id, row["stageId"])
        row["stageSemanticId"] = semantic
        row.update(movedBy=user, movedTime=created)
        self._finish(type_id, row, semantic, created, stated="closedate" in values)
        if type_id != LEAD:
            row.setdefault("begindate", str(self.zone.iso(created))[:10])
            week = self.zone.iso(created + timedelta(days=7).total_seconds())
            row.setdefault("closedate", str(week)[:10])

    def _finish(
        self, type_id: int, row: Row, semantic: str, moment: float, *, stated: bool = False
    ) -> None:
        """Set what depends on whether a stage is final."""
        final = semantic in ("S", "F")
        if type_id == DEAL:
            row["closed"] = "Y" if final else "N"
        if type_id == LEAD:
            row["dateClosed"] = moment if final else None
        elif final and self.close_date_on_final and not stated:
            row["closedate"] = str(self.zone.iso(moment))[:10]

    def _link(self, type_id: int, row: Row, values: dict[str, Any]) -> None:
        """Synchronise the first contact with the list of contacts, and so for companies."""
        one, many = (
            ("companyId", "companyIds") if type_id == CONTACT else ("contactId", "contactIds")
        )
        if type_id == COMPANY:
            return
        table = self.tables[type_id]
        known = row.get("id") in table.rows
        if many in values:
            first = values[many][0] if values[many] else 0
            if known:
                table.set(row, one, first)
            else:
                row[one] = first
        elif one in values:
            row[many] = [values[one]] if values[one] else []

    def moved(
        self,
        type_id: int,
        owner: int,
        move: int,
        at: float,
        category: int,
        semantic: str,
        stage: str,
    ) -> None:
        """Add a row to the stage history."""
        row = HistoryRow(0, move, owner, at, category, semantic, stage)
        self.history[type_id].add(row)

    def update(self, type_id: int, row: Row, values: dict[str, Any], user: int) -> list[str]:
        """Change an item and return the names of what really differs; nothing is no change."""
        fields = self.kinds[type_id].fields
        changed = [name for name, value in values.items() if _differs(fields[name], row, value)]
        if not changed:
            self.noops += 1
            return []
        now = self.clock()
        table = self.tables[type_id]
        before, category = row.get("stageId"), row.get("categoryId", 0)
        for name in changed:
            table.set(row, name, values[name])
        self._link(type_id, row, {name: values[name] for name in changed})
        if type_id in STAGED and ("stageId" in changed or "categoryId" in changed):
            self._move(type_id, row, before, category, user, stated="closedate" in changed)
        row["updatedTime"] = now
        row["updatedBy"] = user
        return changed

    def _move(
        self, type_id: int, row: Row, before: Any, category: int, user: int, *, stated: bool
    ) -> None:
        now = self.clock()
        funnel = row.get("categoryId", 0) != category
        if funnel and row.get("stageId") == before:
            row["stageId"] = self.directory.first_stage(type_id, row["categoryId"])
        semantic = self.directory.semantic(type_id, row["stageId"])
        row.update(stageSemanticId=semantic, movedTime=now, movedBy=user)
        if type_id in SMART:
            row["previousStageId"] = before
        self._finish(type_id, row, semantic, now, stated=stated)
        move = 5 if funnel else (3 if semantic in ("S", "F") else 2)
        category = row.get("categoryId", 0)
        self.moved(type_id, row["id"], move, now, category, semantic, row["stageId"])

    def activity(self, type_id: int, row_id: int, user: int) -> None:
        """Move the last activity of an item, as a comment or a to-do does."""
        row = self.tables[type_id].rows.get(row_id)
        if row is not None:
            row.update(lastActivityBy=user, lastActivityTime=self.clock())


def _differs(known: Field, row: Row, value: Any) -> bool:
    old = row.get(known.name, known.default)
    return not (old == value or (is_empty(old) and is_empty(value)))


def _currency(
    code: str, name: str, amount: float, count: int, sort: int, *, base: bool = False
) -> Row:
    return {
        "CURRENCY": code, "AMOUNT_CNT": str(count), "AMOUNT": f"{amount:.4f}",
        "SORT": str(sort), "BASE": "Y" if base else "N", "FULL_NAME": name, "LID": "ru",
        "FORMAT_STRING": "# &#8381;" if code == "RUB" else f"# {code}", "DEC_POINT": ".",
        "THOUSANDS_SEP": "&nbsp;", "DECIMALS": "2", "DATE_UPDATE": None,
    }  # fmt: skip
