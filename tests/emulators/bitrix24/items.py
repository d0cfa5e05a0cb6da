"""The methods ``crm.item.*``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.emulators.bitrix24 import php
from tests.emulators.bitrix24.errors import RefusedError, missing, mistyped, not_found
from tests.emulators.bitrix24.methods import Answer, Call, method
from tests.emulators.bitrix24.schema import (
    COMPANY,
    CONTACT,
    DEAL,
    LEAD,
    SMART,
    Field,
    Kind,
)
from tests.emulators.bitrix24.state import STAGED, State
from tests.emulators.bitrix24.table import Filter, Row, compile_filter, order_of, page_start
from tests.emulators.bitrix24.values import BadValueError, is_empty

__all__ = ["choices_of", "read_values", "shown", "visible"]

_PERSONAL = frozenset({"fm"})
_EVENTS = {LEAD: "ONCRMLEAD", DEAL: "ONCRMDEAL", CONTACT: "ONCRMCONTACT", COMPANY: "ONCRMCOMPANY"}
_ENTITIES = {LEAD: "lead", DEAL: "deal", CONTACT: "contact", COMPANY: "company"}
_MULTI = {"PHONE": "phone", "EMAIL": "email"}


def event_of(type_id: int, what: str) -> str:
    """Return the name of the event that is sent."""
    return _EVENTS.get(type_id, "ONCRMDYNAMICITEM") + what


def _kind(call: Call) -> Kind:
    type_id = call.need_int("entityTypeId")
    if type_id in (5, 14):
        text = "Тип объекта не поддерживается"
        raise RefusedError(400, "ENTITY_TYPE_NOT_SUPPORTED", text)
    kind = call.state.kinds.get(type_id)
    if kind is None:
        raise not_found("Смарт-процесс не найден")
    return kind


def _originals(call: Call) -> bool:
    return call.params.get("useOriginalUfNames") in ("Y", "y", True, "true", 1, "1")


def _finder(kind: Kind, *, originals: bool) -> Callable[[str], Field | None]:
    def find(name: str) -> Field | None:
        known = kind.fields.get(name)
        if known is not None and known.user and originals:
            return None
        if known is None and originals and name.startswith("UF_"):
            return next((f for f in kind.fields.values() if f.upper == name), None)
        return known

    return find


def visible(state: State, kind: Kind, user: int) -> Callable[[Row], bool] | None:
    """Return the test for the rows that a user may read, or None where all are."""
    hidden = state.hidden.get(user)
    if not hidden:
        return None
    return lambda row: (kind.id, row["id"]) not in hidden


def shown(state: State, kind: Kind, row: Row, *, originals: bool = False) -> dict[str, Any]:
    """Show a whole item."""
    item = {
        (known.upper if known.user and originals else name): _value(state, kind, known, row)
        for name, known in kind.fields.items()
    }
    if kind.id in (LEAD, CONTACT, COMPANY):
        item["fm"] = [dict(entry) for entry in row.get("fm", ())]
    item["entityTypeId"] = kind.id
    return item


def _value(state: State, kind: Kind, known: Field, row: Row) -> Any:
    name = known.name
    if name == "searchContent":
        words = (row.get(part) for part in ("id", "title", "name", "lastName", "opportunity"))
        return " ".join(str(word) for word in words if not is_empty(word))
    if known.access == "o" and name.startswith(("phone", "email")):
        return _multifield(row, name)
    return state.zone.out(known, row.get(name, known.default))


def _multifield(row: Row, name: str) -> str:
    kind, place = name[:5].upper(), name[5:].upper()
    for entry in row.get("fm", ()):
        if entry["typeId"] == kind and place in ("", entry["valueType"]):
            return str(entry["value"])
    return ""


@method("crm.item.fields", "crm")
def item_fields(call: Call) -> Answer:
    kind = _kind(call)
    if kind.id in call.state.denied_entities:
        raise call.state.denied_entities[kind.id]
    originals = _originals(call)
    of_kind = (uf for uf in call.state.user_fields.values() if uf.entity == kind.user_fields)
    by_name = {uf.code: uf for uf in of_kind}
    fields: dict[str, Any] = {}
    for name, known in kind.fields.items():
        if known.access == "o":
            continue
        entry: dict[str, Any] = {
            "type": known.type, "isRequired": False, "isReadOnly": known.access == "r",
            "isImmutable": known.access == "i", "isMultiple": known.multiple,
            "isDynamic": known.user,
        }  # fmt: skip
        if known.deprecated:
            entry["isDeprecated"] = True
        if known.status:
            entity = known.status
            if entity.endswith("_"):
                entity += str(call.state.directory.default_category(kind.id))
            entry["statusType"] = entity
        entry["title"] = known.title
        if known.user:
            entry["isRequired"] = by_name[known.upper].mandatory
            if known.type == "enumeration":
                items = by_name[known.upper].items
                entry["items"] = [{"ID": str(i["ID"]), "VALUE": i["VALUE"]} for i in items]
            entry["settings"] = by_name[known.upper].settings
        elif name == "mycompanyId":
            entry["settings"] = {
                "isMyCompany": True,
                "parentEntityTypeId": COMPANY,
                "isEmbeddedEditorEnabled": True,
            }
        elif known.type == "crm_company" and not known.multiple:
            entry["settings"] = {"parentEntityTypeId": COMPANY}
        elif name.startswith("parentId"):
            entry["settings"] = {"parentEntityTypeId": int(name[8:])}
        entry["upperName"] = known.upper
        fields[known.upper if known.user and originals else name] = entry
        if name in ("contactIds", "companyIds"):  # shown, without an effect over REST
            links = name.replace("Ids", "s").replace("ys", "ies")
            fields[links] = {**entry, "title": links.upper(), "upperName": links.upper()}
    return Answer({"fields": fields})


def _selected(call: Call, kind: Kind, *, originals: bool) -> list[Field] | None:
    """Read ``select``; None is everything."""
    select = call.params.get("select")
    if is_empty(select):
        return None
    if not isinstance(select, Mapping | list):
        raise mistyped("select", "array")
    names = [str(name) for _, name in php.entries(select)]
    if "*" in names:
        return None
    find = _finder(kind, originals=originals)
    chosen = {"id": kind.fields["id"]}
    for name in names:
        known = find(name)
        if known is not None:
            chosen[known.name] = known
    return list(chosen.values())


def _filtered(call: Call, kind: Kind, *, originals: bool) -> Filter:
    state = call.state
    source = call.params.get("filter") or {}
    if not isinstance(source, Mapping | list):
        raise mistyped("filter", "array")
    find = _finder(kind, originals=originals)

    def allowed(name: str) -> Field | None:
        if name == "fm":
            raise RefusedError(400, 100, "Unknown field definition `FM`")
        known = find(name)
        return None if known is None or name in state.unfilterable else known

    if state.ignored_filters or state.stuck_cursor:
        source = {
            key: value
            for key, value in php.entries(source)
            if key.lstrip("<>=!@%") not in state.ignored_filters
            and not (state.stuck_cursor and key in (">id", ">ID"))
        }
    return compile_filter(source, allowed, state.zone, strict=True)


@method("crm.item.list", "crm")
def item_list(call: Call) -> Answer:
    kind, state = _kind(call), call.state
    originals = _originals(call)
    chosen = _selected(call, kind, originals=originals)
    where = _filtered(call, kind, originals=originals)
    order = call.params.get("order") or {}
    if not isinstance(order, Mapping | list):
        raise mistyped("order", "array")
    columns = order_of(order, _finder(kind, originals=originals), strict=True)
    if state.order_ignored:
        columns = [(kind.fields["id"], True)]
    if state.select_ignored:
        chosen = [kind.fields["id"]]
    start = page_start(call.params.get("start", 0))
    may = visible(state, kind, call.user)
    page = state.tables[kind.id].select(where, columns, start, may)
    if chosen is None:
        items: list[Any] = [shown(state, kind, row, originals=originals) for row in page.rows]
    elif originals and state.uf_select_fault:
        items = [[] for _ in page.rows]
    else:
        items = [
            {
                (known.upper if known.user and originals else known.name): _value(
                    state, kind, known, row
                )
                for known in chosen
            }
            for row in page.rows
        ]
    return Answer({"items": items}, page.total, page.next)


def _row(call: Call, kind: Kind, number: int) -> Row:
    row = call.state.tables[kind.id].rows.get(number)
    if row is None:
        raise not_found()
    if (kind.id, number) in call.state.hidden.get(call.user, ()):
        raise RefusedError(400, "ACCESS_DENIED", "Доступ запрещен")
    return row


@method("crm.item.get", "crm")
def item_get(call: Call) -> Answer:
    kind = _kind(call)
    row = _row(call, kind, call.need_int("id"))
    return Answer({"item": shown(call.state, kind, row, originals=_originals(call))})


def choices_of(state: State, kind: Kind, known: Field) -> list[int] | None:
    """Return the ids that an enumeration may hold."""
    if not known.user or known.type != "enumeration":
        return None
    return state.user_fields[known.field_id].choices


def read_values(
    state: State, kind: Kind, source: Mapping[str, Any], *, creates: bool, originals: bool = False
) -> dict[str, Any]:
    """Read ``fields``: unknown and closed names are ignored, wrong values refused."""
    find = _finder(kind, originals=originals)
    values: dict[str, Any] = {}
    for name, value in source.items():
        known = find(name)
        if name in ("contacts", "companies"):
            raise RefusedError(400, 100, f"Unknown field definition `{name.upper()}`")
        if known is None or known.access in ("r", "o") or (known.access == "i" and not creates):
            continue
        if known.multiple and value is not None and not isinstance(value, Mapping | list):
            text = "Expected iterable value for multiple field, but got {} instead"
            got = "string" if isinstance(value, str) else type(value).__name__
            raise RefusedError(400, 100, text.format(got))
        try:
            taken = state.zone.take(known, value, choices_of(state, kind, known))
        except BadValueError:
            raise _bad(known) from None
        if known.name == "currencyId" and taken and taken not in state.currencies:
            raise _bad(known)
        values[known.name] = taken
    return values


def _bad(known: Field) -> RefusedError:
    text = f'Неверное значение поля "{known.title}"'
    return RefusedError(400, "CRM_FIELD_ERROR_VALUE_NOT_VALID", text)


def check_stage(state: State, kind: Kind, values: dict[str, Any], category: int) -> None:
    """Refuse a funnel or a stage that does not exist."""
    if kind.id not in STAGED:
        return
    category = values.get("categoryId", category)
    if "categoryId" in values and category not in state.directory.categories.get(kind.id, {}):
        raise _bad(kind.fields["categoryId"])
    stage = values.get("stageId")
    if "stageId" in values and not state.directory.known_stage(kind.id, category, str(stage)):
        raise _bad(kind.fields["stageId"])


def add_fm(row: Row, source: Any) -> bool:
    """Add phones and e-mails; there is no changing them here."""
    added = [
        {"valueType": entry.get("valueType", "WORK"), "value": entry["value"],
         "typeId": entry.get("typeId", "PHONE")}
        for _, entry in php.entries(source)
        if isinstance(entry, Mapping) and not is_empty(entry.get("value"))
    ]  # fmt: skip
    if not added:
        return False
    known = row.setdefault("fm", [])
    for entry in added:
        known.append({"id": len(known) + 101, **entry})
    row["hasPhone"] = "Y" if any(e["typeId"] == "PHONE" for e in known) else "N"
    row["hasEmail"] = "Y" if any(e["typeId"] == "EMAIL" for e in known) else "N"
    return True


@method("crm.item.add", "crm")
def item_add(call: Call) -> Answer:
    kind = _kind(call)
    source = call.need_array("fields")
    row = _create(call, kind, source, originals=_originals(call))
    return Answer({"item": shown(call.state, kind, row, originals=_originals(call))})


def _create(call: Call, kind: Kind, source: dict[str, Any], *, originals: bool = False) -> Row:
    state = call.state
    values = read_values(state, kind, source, creates=True, originals=originals)
    default = state.directory.default_category(kind.id) if kind.id in (DEAL, *SMART) else 0
    check_stage(state, kind, values, default)
    number = state.create(kind.id, values, call.user)
    row: Row = state.tables[kind.id].rows[number]
    add_fm(row, source.get("fm", ()))
    state.log(kind.name, number, values, event_of(kind.id, "ADD"))
    return row


@method("crm.item.update", "crm")
def item_update(call: Call) -> Answer:
    kind, state = _kind(call), call.state
    row = _row(call, kind, call.need_int("id"))
    source = call.need_array("fields")
    if (kind.id, row["id"]) in state.locked:
        raise RefusedError(400, "ACCESS_DENIED", "Доступ запрещен")
    if "id" in source:
        text = "Setting value for Primary ID is not allowed, it is read-only field"
        raise RefusedError(400, 100, text)
    originals = _originals(call)
    if state.keeps_emptied:
        source = {name: value for name, value in php.entries(source) if value not in ("", None)}
    values = read_values(state, kind, source, creates=False, originals=originals)
    check_stage(state, kind, values, row.get("categoryId", 0))
    changed = state.update(kind.id, row, values, call.user)
    if add_fm(row, source.get("fm", ())):
        changed.append("fm")
    if changed:
        state.log(kind.name, row["id"], changed, event_of(kind.id, "UPDATE"))
    return Answer({"item": shown(state, kind, row, originals=originals)})


@method("crm.item.delete", "crm")
def item_delete(call: Call) -> Answer:
    kind = _kind(call)
    row = _row(call, kind, call.need_int("id"))
    call.state.tables[kind.id].remove(row["id"])
    call.state.log(kind.name, row["id"], ("deleted",), event_of(kind.id, "DELETE"))
    return Answer([])


@method("crm.item.batchImport", "crm")
def item_import(call: Call) -> Answer:
    kind = _kind(call)
    if "data" not in call.params:
        raise missing("data")
    rows = [entry for _, entry in php.entries(call.params["data"])]
    if len(rows) > 20:
        text = "Максимальное количество элементов - 20"
        raise RefusedError(400, "MAX_IMPORT_BATCH_SIZE_EXCEEDED", text)
    items: list[dict[str, Any]] = []
    for source in rows:
        try:
            row = _create(call, kind, dict(php.entries(source)))
        except RefusedError as error:
            items.append(error.body)
        else:
            call.state.events.pop()  # an import starts no automation
            items.append({"item": {"id": row["id"]}})
    return Answer({"items": items})
