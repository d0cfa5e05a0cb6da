"""List methods: directories, stage history, currencies, users, profile and scopes."""

from __future__ import annotations

from typing import Any

from tests.emulators.bitrix24 import php
from tests.emulators.bitrix24.errors import RefusedError, missing, not_found
from tests.emulators.bitrix24.methods import METHODS, Answer, Call, method
from tests.emulators.bitrix24.schema import DEAL, LEAD, Field
from tests.emulators.bitrix24.state import State
from tests.emulators.bitrix24.table import Row, Table, compile_filter, order_of, page_start

__all__ = ["columns", "paged"]


def columns(declarations: str) -> dict[str, Field]:
    """Declare the columns of a plain list: ``NAME:type NAME:type``."""
    pairs = (word.partition(":") for word in declarations.split())
    return {
        name: Field(name, kind or "string", legacy=name, upper=name) for name, _, kind in pairs
    }


def paged(call: Call, table: Table, known: dict[str, Field], *, strict: bool = False) -> Any:
    """Return one page of a plain list."""
    where = compile_filter(call.array("filter"), known.get, call.state.zone, strict=strict)
    order = order_of(call.array("order"), known.get, strict=strict)
    return table.select(where, order, page_start(call.get("start", 0)), None)


@method("crm.category.list", "crm")
def category_list(call: Call) -> Answer:
    type_id = call.need_int("entityTypeId")
    if type_id not in call.state.kinds:
        raise not_found("Смарт-процесс не найден")
    if type_id == LEAD or type_id in call.state.without_categories:
        text = "Тип объекта не поддерживается"
        raise RefusedError(400, "ENTITY_TYPE_NOT_SUPPORTED", text)
    wanted = dict(php.entries(call.array("filter"))).get("code")
    shown: list[dict[str, Any]] = []
    for category in sorted(
        call.state.directory.categories.get(type_id, {}).values(), key=lambda c: (c.sort, c.id)
    ):
        if wanted is not None and category.code != wanted:
            continue
        entry: dict[str, Any] = {
            "id": category.id, "name": category.name, "sort": category.sort,
            "entityTypeId": type_id, "isDefault": "Y" if category.default else "N",
        }  # fmt: skip
        if not category.default:
            entry.update(originId="", originatorId="")
        if category.code:
            entry["code"] = category.code
        shown.append(entry)
    return Answer({"categories": shown}, len(shown))


@method("crm.dealcategory.list", "crm")
def deal_category_list(call: Call) -> Answer:
    others = [one for one in call.state.directory.categories[DEAL].values() if one.id]
    rows = [{"ID": str(one.id), "NAME": one.name, "SORT": str(one.sort)} for one in others]
    return Answer(rows, len(rows))


_STATUS = columns("ID:integer ENTITY_ID STATUS_ID NAME SORT:integer SYSTEM SEMANTICS")
_EXTRA = {"": "process", "S": "success", "F": "failure"}


@method("crm.status.list", "crm")
def status_list(call: Call) -> Answer:
    for name in ("filter", "order"):
        if not isinstance(call.get(name, {}), dict | list):
            text = "Переданы некорректные параметры."
            raise RefusedError(400, "Invalid parameters.", text)
    where = compile_filter(call.array("filter"), _STATUS.get, call.state.zone, strict=False)
    order = order_of(call.array("order"), _STATUS.get, strict=False)
    matches: list[Row] = []
    for entry in call.state.directory.statuses:
        staged = "STAGE" in entry.entity or entry.entity == "STATUS"
        row: Row = {
            "ID": str(entry.id), "ENTITY_ID": entry.entity, "STATUS_ID": entry.code,
            "NAME": entry.name, "NAME_INIT": entry.name if entry.system else "",
            "SORT": str(entry.sort), "SYSTEM": "Y" if entry.system else "N",
            "CATEGORY_ID": None if entry.category is None else str(entry.category),
            "COLOR": entry.color or None, "SEMANTICS": entry.semantics or None,
        }  # fmt: skip
        if staged:
            kind = "apology" if entry.code.endswith("APOLOGY") else _EXTRA[entry.semantics]
            row["EXTRA"] = {"SEMANTICS": kind, "COLOR": entry.color}
            if call.state.extra_semantics_only:
                row["SEMANTICS"] = None
        if all(test(_numbers(row)) for test in where.tests):
            matches.append(row)
    for known, descending in reversed(order or [(_STATUS["SORT"], False)]):
        matches.sort(key=lambda row, known=known: _key(known, row), reverse=descending)  # type: ignore[misc]
    return Answer(matches, len(matches))


def _numbers(row: Row) -> Row:
    return {**row, "ID": int(row["ID"]), "SORT": int(row["SORT"])}


def _key(known: Field, row: Row) -> Any:
    value = row[known.name]
    return int(value) if known.type == "integer" else str(value or "")


_HISTORY = columns(
    "ID:integer TYPE_ID:integer OWNER_ID:integer CREATED_TIME:datetime CATEGORY_ID:integer "
    "STAGE_SEMANTIC_ID STAGE_ID STATUS_SEMANTIC_ID STATUS_ID"
)
_HISTORY["ID"] = Field("id", "integer")
_LEADS = {"STAGE_SEMANTIC_ID": "STATUS_SEMANTIC_ID", "STAGE_ID": "STATUS_ID"}


@method("crm.stagehistory.list", "crm")
def stage_history(call: Call) -> Answer:
    state, type_id = call.state, php.integer(call.params.get("entityTypeId"))
    if type_id in state.without_history:
        raise RefusedError(400, 0, "SMART_INVOICE entity is not supported")
    table = state.history.get(type_id)
    if table is None:
        raise RefusedError(400, 0, f"{type_id} entity is not supported")
    leads = type_id == LEAD

    def find(name: str) -> Field | None:
        if leads and name in _LEADS.values():
            return _HISTORY[next(k for k, v in _LEADS.items() if v == name)]
        wrong = ("CATEGORY_ID", *_LEADS) if leads else tuple(_LEADS.values())
        return None if name in wrong else _HISTORY.get(name)

    where = compile_filter(call.array("filter"), find, state.zone, strict=True)
    order = order_of(call.array("order"), find, strict=True)
    page = table.select(where, order, page_start(call.get("start", 0)), _seen(call, type_id))
    names = ["ID", "TYPE_ID", "OWNER_ID", "CREATED_TIME"]
    names += list(_LEADS.values()) if leads else ["CATEGORY_ID", *_LEADS]
    select = [str(name) for _, name in php.entries(call.array("select"))]
    if select and "*" not in select:
        names = [name for name in names if name in select]
    items = [_history_row(state, row, names) for row in page.rows]
    return Answer({"items": items}, page.total, page.next)


def _seen(call: Call, type_id: int) -> Any:
    """Leave out the rows of deleted and hidden items, and of former funnels."""
    state, rows = call.state, call.state.tables[type_id].rows
    hidden = state.hidden.get(call.user, set())

    def seen(row: Row) -> bool:
        owner = rows.get(row["OWNER_ID"])
        if owner is None or (hidden and (type_id, row["OWNER_ID"]) in hidden):
            return False
        return not state.current_funnel_history or owner.get("categoryId", 0) == row["CATEGORY_ID"]

    return seen


def _history_row(state: State, row: Row, names: list[str]) -> dict[str, Any]:
    back = {new: old for old, new in _LEADS.items()}
    shown: dict[str, Any] = {}
    for name in names:
        value = row["id"] if name == "ID" else row[back.get(name, name)]
        if name == "CREATED_TIME":
            shown[name] = state.zone.iso(value)
        else:
            shown[name] = str(value) if state.history_texts else value
    return shown


@method("crm.currency.list", "crm")
def currency_list(call: Call) -> Answer:
    order = [(n.upper(), str(d).upper() == "DESC") for n, d in php.entries(call.array("order"))]
    rows = list(call.state.currencies.values())
    for name, descending in reversed(order or [("SORT", False)]):
        rows.sort(
            key=lambda row, name=name: float(row[name]) if name == "SORT" else str(row.get(name)),  # type: ignore[misc]
            reverse=descending,
        )
    return Answer([dict(row) for row in rows], 0)


@method("crm.currency.base.get", "crm")
def currency_base(call: Call) -> Answer:
    return Answer(call.state.base_currency)


_USERS = columns(
    "ID:integer ACTIVE:boolean NAME LAST_NAME SECOND_NAME EMAIL WORK_POSITION PERSONAL_CITY "
    "UF_DEPARTMENT:integer USER_TYPE"
)
_USERS["UF_DEPARTMENT"] = Field("UF_DEPARTMENT", "integer", multiple=True, default=[])
_USERS["ID"] = Field("id", "integer")
_BRIEF = ("ID", "ACTIVE", "NAME", "LAST_NAME", "SECOND_NAME", "UF_DEPARTMENT", "WORK_POSITION")


def _person(call: Call, row: Row) -> dict[str, Any]:
    zone = call.state.zone
    brief = "user" not in call.scopes and "user_basic" not in call.scopes
    shown: dict[str, Any] = {
        "ID": str(row["id"]), "ACTIVE": row["ACTIVE"] == "Y", "NAME": row["NAME"],
        "LAST_NAME": row["LAST_NAME"], "SECOND_NAME": "", "EMAIL": row.get("EMAIL", ""),
        "LAST_LOGIN": zone.iso(row["created"]), "DATE_REGISTER": zone.iso(row["created"]),
        "TIME_ZONE": "", "IS_ONLINE": "N", "TIMESTAMP_X": {}, "LAST_ACTIVITY_DATE": {},
        "PERSONAL_GENDER": "", "PERSONAL_WWW": "", "PERSONAL_BIRTHDAY": "", "PERSONAL_MOBILE": "",
        "PERSONAL_CITY": row.get("PERSONAL_CITY", ""), "WORK_PHONE": "",
        "WORK_POSITION": row.get("WORK_POSITION", ""), "UF_EMPLOYMENT_DATE": "",
        "UF_DEPARTMENT": list(row.get("UF_DEPARTMENT", [])), "USER_TYPE": "employee",
    }  # fmt: skip
    return {key: shown[key] for key in _BRIEF} if brief else shown


@method("user.get", "user_brief")
def user_get(call: Call) -> Answer:
    flat = {
        name.upper(): value
        for name, value in call.params.items()
        if name.upper().lstrip("!=%@<>") in _USERS
    }
    source = {**flat, **dict(php.entries(call.array("filter")))}
    source = {key.upper(): _flag(key, value) for key, value in source.items()}
    where = compile_filter(source, _USERS.get, call.state.zone, strict=False)
    sort, direction = str(call.get("sort", "ID")).upper(), str(call.get("order", "ASC"))
    order = order_of({sort: direction}, _USERS.get, strict=False)
    start = page_start(call.get("start", 0))
    page = call.state.stores["users"].select(where, order, start, None)
    return Answer([_person(call, row) for row in page.rows], page.total, page.next)


def _flag(key: str, value: Any) -> Any:
    if key.upper() == "ACTIVE" and not isinstance(value, str):
        return "Y" if value else "N"
    return value


@method("user.current", "user_brief")
def user_current(call: Call) -> Answer:
    return Answer(_person(call, call.state.stores["users"].rows[call.user]))


_DEPARTMENTS = {
    "ID": Field("id", "integer"),
    **columns("NAME SORT:integer PARENT:integer UF_HEAD:integer"),
}


@method("department.get", "department")
def department_get(call: Call) -> Answer:
    source = {
        name.upper(): value for name, value in call.params.items() if name.upper() in _DEPARTMENTS
    }
    where = compile_filter(source, _DEPARTMENTS.get, call.state.zone, strict=False)
    sort = str(call.get("sort", "ID")).upper()
    order = order_of({sort: call.get("order", "ASC")}, _DEPARTMENTS.get, strict=False)
    start = page_start(call.get("start", 0))
    page = call.state.stores["departments"].select(where, order, start, None)
    shown: list[dict[str, Any]] = []
    for row in page.rows:
        entry: dict[str, Any] = {"ID": str(row["id"]), "NAME": row["NAME"], "SORT": row["SORT"]}
        if row["PARENT"]:
            entry["PARENT"] = str(row["PARENT"])
        if row["UF_HEAD"]:
            entry["UF_HEAD"] = str(row["UF_HEAD"])
        shown.append(entry)
    return Answer(shown, page.total, page.next)


@method("scope")
def scope(call: Call) -> Answer:
    if php.truthy(call.params.get("full")):
        return Answer(sorted({known.scope for known in METHODS.values() if known.scope}))
    return Answer(sorted(call.scopes))


@method("profile")
def profile(call: Call) -> Answer:
    row = call.state.stores["users"].rows[call.user]
    return Answer(
        {
            "ID": str(call.user), "ADMIN": bool(row.get("ADMIN")), "NAME": row["NAME"],
            "LAST_NAME": row["LAST_NAME"], "PERSONAL_GENDER": "", "TIME_ZONE": "",
        }
    )  # fmt: skip


@method("server.time")
def server_time(call: Call) -> Answer:
    return Answer(call.state.zone.iso(call.state.clock()))


@method("method.get")
def method_get(call: Call) -> Answer:
    if "name" not in call.params:
        raise missing("name")
    known = METHODS.get(str(call.params["name"]).lower())
    available = known is not None and (not known.scope or known.scope in call.scopes)
    return Answer({"isExisting": known is not None, "isAvailable": available})


@method("app.info")
def app_info(call: Call) -> Answer:
    if not call.application:
        text = "Access denied! Application context required"
        raise RefusedError(400, "ACCESS_DENIED", text)
    return Answer(
        {
            "ID": 5, "CODE": "local.app", "VERSION": 1, "STATUS": "L", "INSTALLED": True,
            "PAYMENT_EXPIRED": "N", "DAYS": None, "LANGUAGE_ID": "ru", "LICENSE": "ru_basic",
            "LICENSE_TYPE": "basic", "LICENSE_FAMILY": "basic",
        }
    )  # fmt: skip


@method("feature.get")
def feature_get(call: Call) -> Answer:
    if not call.get("CODE"):
        raise RefusedError(400, "CODE_EMPTY", "CODE can't be empty")
    return Answer({"value": "Y"})


@method("crm.settings.mode.get", "crm")
def settings_mode(call: Call) -> Answer:
    return Answer(call.state.lead_mode)
