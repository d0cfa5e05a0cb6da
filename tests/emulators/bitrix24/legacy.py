"""The older methods ``crm.deal|company|contact|lead.*``: upper-case names, everything a text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.emulators.bitrix24 import php
from tests.emulators.bitrix24.errors import RefusedError
from tests.emulators.bitrix24.items import add_fm, choices_of, event_of, visible
from tests.emulators.bitrix24.methods import Answer, Call, method
from tests.emulators.bitrix24.schema import COMPANY, CONTACT, DEAL, LEAD, Field, Kind
from tests.emulators.bitrix24.table import Row, compile_filter, order_of, page_start
from tests.emulators.bitrix24.values import BadValueError, is_empty

_OWNERS = {"lead": LEAD, "deal": DEAL, "contact": CONTACT, "company": COMPANY}
_MULTI = ("PHONE", "EMAIL", "WEB", "IM")


def _finder(kind: Kind) -> Callable[[str], Field | None]:
    by_name = {f.legacy: f for f in kind.fields.values() if f.access != "o" and not f.multiple}
    by_name |= {f.legacy: f for f in kind.fields.values() if f.user}
    return lambda name: by_name.get(name.upper())


def _shown(call: Call, kind: Kind, row: Row, names: set[str] | None) -> dict[str, Any]:
    """Show a row; None is every field and the phones, as ``get`` does."""
    zone = call.state.zone
    shown: dict[str, Any] = {}
    for known in kind.fields.values():
        if known.access == "o" or (known.multiple and not known.user):
            continue
        if names is None or known.legacy in names:
            shown[known.legacy] = zone.legacy(known, row.get(known.name, known.default))
    for multi in _MULTI:
        entries = [entry for entry in row.get("fm", ()) if entry["typeId"] == multi]
        if entries and (names is None or multi in names):
            shown[multi] = [
                {"ID": str(e["id"]), "VALUE_TYPE": e["valueType"], "VALUE": e["value"],
                 "TYPE_ID": multi}
                for e in entries
            ]  # fmt: skip
    return shown


def _names(call: Call, kind: Kind) -> set[str]:
    """Read ``select``: ``*`` is the standard fields, ``UF_*`` the user fields."""
    select = [str(name).upper() for _, name in php.entries(call.array("select"))] or ["*"]
    names = set(select) | {"ID"}
    for known in kind.fields.values():
        if known.access != "o" and ("UF_*" if known.user else "*") in select:
            names.add(known.legacy)
    return names


def _row(call: Call, kind: Kind, absent: str) -> Row:
    number = php.integer(call.get("id", 0))
    if number <= 0:
        raise RefusedError(400, "", "ID is not defined or invalid.")
    row = call.state.tables[kind.id].rows.get(number)
    if row is None:
        raise RefusedError(400, "", absent)
    if (kind.id, number) in call.state.hidden.get(call.user, ()):
        raise RefusedError(400, "", "Access denied.")
    return row


def _values(call: Call, kind: Kind, source: Mapping[str, Any]) -> dict[str, Any]:
    find, values = _finder(kind), {}
    for name, value in source.items():
        known = find(name)
        if known is None or known.access in ("r", "o"):
            continue
        try:
            taken = call.state.zone.take(known, value, choices_of(call.state, kind, known))
        except BadValueError:
            text = f'Недопустимое значение поля "{known.title}".<br>'
            raise RefusedError(400, "", text) from None
        values[known.name] = taken
    return values


def _phones(source: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"typeId": multi, "valueType": entry.get("VALUE_TYPE", "WORK"), "value": entry["VALUE"]}
        for multi in _MULTI
        for _, entry in php.entries(source.get(multi))
        if isinstance(entry, Mapping) and not is_empty(entry.get("VALUE"))
    ]


def _declare(name: str, type_id: int) -> None:
    absent = f"{name.capitalize()} is not found"

    @method(f"crm.{name}.list", "crm")
    def find(call: Call) -> Answer:
        kind = call.state.kinds[type_id]
        finder = _finder(kind)
        where = compile_filter(call.array("filter"), finder, call.state.zone, strict=False)
        order = order_of(call.array("order"), finder, strict=False)
        start, may = page_start(call.get("start", 0)), visible(call.state, kind, call.user)
        page = call.state.tables[type_id].select(where, order, start, may)
        names = _names(call, kind)
        rows = [_shown(call, kind, row, names) for row in page.rows]
        return Answer(rows, page.total, page.next)

    @method(f"crm.{name}.get", "crm")
    def get(call: Call) -> Answer:
        kind = call.state.kinds[type_id]
        return Answer(_shown(call, kind, _row(call, kind, "Not found"), None))

    @method(f"crm.{name}.add", "crm")
    def add(call: Call) -> Answer:
        state, kind = call.state, call.state.kinds[type_id]
        source = {k.upper(): v for k, v in php.entries(call.array("fields"))}
        values = _values(call, kind, source)
        number = state.create(type_id, values, call.user)
        add_fm(state.tables[type_id].rows[number], _phones(source))
        state.log(kind.name, number, values, event_of(type_id, "ADD"))
        return Answer(number)

    @method(f"crm.{name}.update", "crm")
    def update(call: Call) -> Answer:
        state, kind = call.state, call.state.kinds[type_id]
        row = _row(call, kind, absent)
        if (type_id, row["id"]) in state.locked:
            raise RefusedError(400, "", "Access denied.")
        source = {k.upper(): v for k, v in php.entries(call.array("fields"))}
        changed = state.update(type_id, row, _values(call, kind, source), call.user)
        if changed:
            state.log(kind.name, row["id"], changed, event_of(type_id, "UPDATE"))
        return Answer(True)

    @method(f"crm.{name}.fields", "crm")
    def fields(call: Call) -> Answer:
        kind = call.state.kinds[type_id]
        return Answer(
            {
                known.legacy: {
                    "type": known.type, "isRequired": False, "isReadOnly": known.access == "r",
                    "isImmutable": known.access == "i", "isMultiple": known.multiple,
                    "isDynamic": known.user, "title": known.upper if known.user else known.title,
                }
                for known in kind.fields.values()
                if known.access != "o" and (known.user or not known.multiple)
            }
        )  # fmt: skip


for _name, _type in _OWNERS.items():
    _declare(_name, _type)
