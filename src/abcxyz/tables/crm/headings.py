"""Recognition of the columns of CRM files by their headings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import attrs

from abcxyz.crm.records.tables import TABLES
from abcxyz.errors import InputError
from abcxyz.tables.roles import same_heading

__all__ = ["HEADINGS", "bare", "choose_headings", "is_heading", "kind_of", "missing_columns"]

_DEAL = (
    *("deal id", "record id", "opportunity id", "opportunity number", "opportunity", "id"),
    *("lead id", "ид сделки", "id сделки", "номер сделки", "сделка", "case:concept:name"),
    *("incident", "entity id", "id объекта"),
)

#: Column of a record -> usual headings in exports, besides the name of the column itself.
HEADINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "deal": _DEAL,
        "lead": ("lead id", "id", "ид лида", "лид", "номер лида"),
        "activity": ("activity id", "id", "ид дела", "дело"),
        "stage": (
            *("deal stage", "stagename", "stage name", "to stage", "status", "state"),
            *("стадия", "стадия сделки", "этап", "этап сделки", "статус", "concept:name"),
        ),
        "funnel": ("pipeline", "deal pipeline", "pipeline name", "воронка", "направление"),
        "created": (
            *("create date", "created date", "created at", "createdate", "engage date"),
            *(
                "date created",
                "add time",
                "deal created",
                "дата создания",
                "создана",
                "создано",
                "opened at",
            ),
        ),
        "closed": (
            *("close date", "closed date", "closedate", "closed at", "won date"),
            *("дата закрытия", "дата завершения", "закрыта"),
        ),
        "amount": (
            *("deal value", "value", "close value", "opportunity amount", "budget", "price"),
            *("бюджет", "сумма", "сумма сделки", "revenue"),
        ),
        "owner": (
            *("deal owner", "opportunity owner", "sales agent", "responsible", "assigned to"),
            *("ответственный", "менеджер"),
        ),
        "customer": (
            *("company", "associated company", "account", "account name", "organization"),
            *("компания", "клиент", "контрагент"),
        ),
        "source": (
            *("lead source", "original source", "utm source", "origin"),
            *("источник", "источник лида"),
        ),
        "lost_reason": (
            *("closed lost reason", "loss reason", "lost reason", "reason"),
            *("причина отказа", "причина проигрыша", "причина провала"),
        ),
        "entered": (
            *("changed at", "timestamp", "time:timestamp", "created date", "last modified"),
            *("date", "created at", "дата изменения", "время перехода", "дата"),
        ),
        "user": (
            *("changed by", "edited by", "org:resource", "updated by", "user id", "employee"),
            *("created by", "кто изменил", "автор", "сотрудник", "ответственный"),
        ),
        "kind": ("type", "activity type", "тип", "вид"),
        "started": ("start", "start time", "date", "дата", "начало"),
        "ended": ("end", "end time", "окончание", "завершено"),
        "seconds": ("duration", "talk time", "длительность"),
        "due": ("deadline", "due date", "срок", "крайний срок"),
        "product": ("product name", "товар", "номенклатура", "продукт"),
        "quantity": ("qty", "количество", "кол-во"),
        "cost": ("cost price", "себестоимость"),
        "planned": ("expected close date", "планируемая дата", "предполагаемая дата закрытия"),
        "currency": ("deal currency", "валюта"),
        "outcome": ("result", "исход", "результат"),
    }
)

#: Name of the record that Pipedrive writes before every heading of an export.
_RECORD = re.compile(r"^\s*(?:deal|сделка) - ", re.IGNORECASE)

#: Words that tell which table a file holds, by the columns it has.
_TELLING: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "deals": ("deal", "stage", "created"),
        "stage_changes": ("entered", "deal", "stage"),
        "activities": ("kind", "started"),
        "leads": ("lead", "created"),
        "product_lines": ("deal", "product", "amount"),
    }
)


def bare(heading: str) -> str:
    """Return a heading without the name of the record before it.

    Examples
    --------
    >>> bare("Deal - Stage"), bare("Deal - Deal created"), bare("Deal stage")
    ('Stage', 'Deal created', 'Deal stage')
    """
    return _RECORD.sub("", heading)


def choose_headings(table: str, headings: Sequence[str]) -> dict[str, str]:
    """Return the column of the record -> heading of the file, as far as they are recognised."""
    chosen: dict[str, str] = {}
    for one in attrs.fields(TABLES[table]):
        # A heading of the record's own name stands before every other word for it.
        for word in (one.name, *HEADINGS.get(one.name, ())):
            match = next(
                (h for h in headings if same_heading(bare(h), word) and h not in chosen.values()),
                None,
            )
            if match is not None:
                chosen[one.name] = match
                break
    return chosen


def is_heading(cells: Sequence[str]) -> bool:
    """Return whether at least two cells are headings of one table of a CRM, or all of them."""
    return any(len(choose_headings(table, cells)) >= min(2, len(cells)) for table in TABLES)


def missing_columns(table: str, chosen: Mapping[str, str]) -> list[str]:
    """Return the required columns of a table that no heading was recognised as."""
    return [
        one.name
        for one in attrs.fields(TABLES[table])
        if one.default is attrs.NOTHING and one.name not in chosen
    ]


def kind_of(headings: Sequence[str], where: str) -> str:
    """Return which table a file holds, by its headings.

    Raises
    ------
    InputError
        It holds none of them.
    """
    for table, needed in _TELLING.items():
        chosen = choose_headings(table, headings)
        if all(name in chosen for name in needed):
            return table
    raise InputError(
        "{where} is no table of a CRM: it has the columns {columns}; name the file after its "
        "table, such as deals.csv or stage_changes.csv",
        where=where,
        columns=", ".join(headings),
    )
