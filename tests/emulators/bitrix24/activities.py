"""Timeline comments, activities, tasks and notifications."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.emulators.bitrix24 import php
from tests.emulators.bitrix24.errors import RefusedError, missing, mistyped, not_found
from tests.emulators.bitrix24.lists import columns
from tests.emulators.bitrix24.methods import Answer, Call, method
from tests.emulators.bitrix24.schema import COMPANY, CONTACT, DEAL, LEAD, Field
from tests.emulators.bitrix24.state import State
from tests.emulators.bitrix24.table import Row, compile_filter, order_of, page_start
from tests.emulators.bitrix24.values import BadValueError, is_empty

__all__ = ["add_activity", "add_task", "task_shown"]

_TYPES = {"lead": LEAD, "deal": DEAL, "contact": CONTACT, "company": COMPANY}
_PREFIXES = {"L": LEAD, "D": DEAL, "C": CONTACT, "CO": COMPANY, "SI": 31}


def _owner(name: object) -> int:
    """Read an entity type such as ``deal`` or ``dynamic_31``."""
    text = str(name).lower()
    return _TYPES.get(text) or php.integer(text.removeprefix("dynamic_"))


def _exists(call: Call, type_id: int, row_id: int) -> bool:
    table = call.state.tables.get(type_id)
    hidden = call.state.hidden.get(call.user, set())
    return table is not None and row_id in table.rows and (type_id, row_id) not in hidden


_COMMENT = {"ID": Field("id", "integer")} | columns(
    "ENTITY_ID:integer ENTITY_TYPE CREATED:datetime COMMENT AUTHOR_ID:integer"
)


@method("crm.timeline.comment.add", "crm")
def comment_add(call: Call) -> Answer:
    fields = call.need_array("fields")
    type_id, row_id = _owner(fields.get("ENTITY_TYPE")), php.integer(fields.get("ENTITY_ID"))
    if not _exists(call, type_id, row_id):
        raise not_found("Not found.")
    if is_empty(fields.get("COMMENT")):
        raise RefusedError(400, "", "Empty comment message.")
    row: Row = {
        "ENTITY_ID": row_id, "ENTITY_TYPE": str(fields["ENTITY_TYPE"]).lower(),
        "CREATED": call.state.clock(), "COMMENT": str(fields["COMMENT"]), "AUTHOR_ID": call.user,
    }  # fmt: skip
    number = call.state.stores["comments"].add(row)
    call.state.activity(type_id, row_id, call.user)
    call.state.log("comment", number, ("created",))
    return Answer(number)


@method("crm.timeline.comment.list", "crm")
def comment_list(call: Call) -> Answer:
    source = dict(php.entries(call.array("filter")))
    if "ENTITY_ID" not in source or "ENTITY_TYPE" not in source:
        raise RefusedError(400, "", "Required fields: ENTITY_ID, ENTITY_TYPE")
    if not _exists(call, _owner(source["ENTITY_TYPE"]), php.integer(source["ENTITY_ID"])):
        raise RefusedError(400, "", "Access denied.")
    where = compile_filter(source, _COMMENT.get, call.state.zone, strict=False)
    order = order_of(call.array("order"), _COMMENT.get, strict=False)
    start = page_start(call.get("start", 0))
    page = call.state.stores["comments"].select(where, order, start, None)
    select = [str(name) for _, name in php.entries(call.array("select"))]
    rows = []
    for row in page.rows:
        shown = {
            name: call.state.zone.legacy(known, row[known.name])
            for name, known in _COMMENT.items()
            if not select or "*" in select or name in select or name == "ID"
        }
        if not select or "FILES" in select:
            shown["FILES"] = {}
        rows.append(shown)
    return Answer(rows, page.total, page.next)


@method("crm.timeline.comment.delete", "crm")
def comment_delete(call: Call) -> Answer:
    number = php.integer(call.get("id", 0))
    store = call.state.stores["comments"]
    if number not in store.rows:
        raise not_found("Not found.")
    store.remove(number)
    call.state.log("comment", number, ("deleted",))
    return Answer(True)


_ACTIVITY = {"ID": Field("id", "integer")} | columns(
    "OWNER_ID:integer OWNER_TYPE_ID:integer TYPE_ID:integer PROVIDER_ID PROVIDER_TYPE_ID "
    "ASSOCIATED_ENTITY_ID:integer SUBJECT DESCRIPTION CREATED:datetime LAST_UPDATED:datetime "
    "START_TIME:datetime END_TIME:datetime DEADLINE:datetime COMPLETED:boolean STATUS:integer "
    "RESPONSIBLE_ID:integer AUTHOR_ID:integer EDITOR_ID:integer DIRECTION:integer "
    "PRIORITY:integer"
)


def add_activity(state: State, type_id: int, owner: int, user: int, **fields: Any) -> int:
    """Add an activity to the timeline; it moves the owner's last activity."""
    now = fields.pop("CREATED", state.clock())
    row: Row = {
        "OWNER_ID": owner, "OWNER_TYPE_ID": type_id, "TYPE_ID": 6, "PROVIDER_ID": "CRM_TODO",
        "PROVIDER_TYPE_ID": "TODO", "SUBJECT": "", "DESCRIPTION": "", "CREATED": now,
        "LAST_UPDATED": now, "COMPLETED": "N", "STATUS": 1, "RESPONSIBLE_ID": user,
        "AUTHOR_ID": user, "EDITOR_ID": user, "DIRECTION": 0, "PRIORITY": 2,
        "bindings": [(type_id, owner)], **fields,
    }  # fmt: skip
    number = state.stores["activities"].add(row)
    for kind, bound in row["bindings"]:
        state.bound[kind, bound].add(number)
        state.activity(kind, bound, user)
        item = state.tables[kind].rows.get(bound)
        if item is not None:
            item["lastActivityTime"] = now
    return number


@method("crm.activity.list", "crm")
def activity_list(call: Call) -> Answer:
    source = dict(php.entries(call.array("filter")))
    wanted = source.pop("BINDINGS", None)
    where = compile_filter(source, _ACTIVITY.get, call.state.zone, strict=False)
    if wanted is not None:
        pairs = [dict(php.entries(pair)) for _, pair in php.entries(wanted)]
        where.tests.append(lambda row: any(_bound(row, pair) for pair in pairs))
        if all("OWNER_TYPE_ID" in pair and "OWNER_ID" in pair for pair in pairs):
            owners = [_pair(pair) for pair in pairs]
            ids = set().union(*(call.state.bound.get(owner, ()) for owner in owners))
            where.ids = ids if where.ids is None else where.ids & ids
    order = order_of(call.array("order"), _ACTIVITY.get, strict=False)
    start = page_start(call.get("start", 0))
    page = call.state.stores["activities"].select(where, order, start, None)
    select = [str(name) for _, name in php.entries(call.array("select"))]
    rows = []
    for row in page.rows:
        shown = {
            name: call.state.zone.legacy(known, row.get(known.name))
            for name, known in _ACTIVITY.items()
            if not select or "*" in select or name in select or name == "ID"
        }
        if "COMMUNICATIONS" in select:
            shown["COMMUNICATIONS"] = []
        if "BINDINGS" in select:
            shown["BINDINGS"] = [
                {"OWNER_TYPE_ID": str(kind), "OWNER_ID": str(owner)}
                for kind, owner in row["bindings"]
            ]
        rows.append(shown)
    return Answer(rows, page.total, page.next)


def _pair(pair: Mapping[str, Any]) -> tuple[int, int]:
    return php.integer(pair["OWNER_TYPE_ID"]), php.integer(pair["OWNER_ID"])


def _bound(row: Row, pair: Mapping[str, Any]) -> bool:
    kind, owner = pair.get("OWNER_TYPE_ID"), pair.get("OWNER_ID")
    return any(
        (kind is None or php.integer(kind) == bound[0])
        and (owner is None or php.integer(owner) == bound[1])
        for bound in row["bindings"]
    )


@method("crm.activity.todo.add", "crm")
def todo_add(call: Call) -> Answer:
    type_id, owner = call.need_int("ownerTypeId"), call.need_int("ownerId")
    if "deadline" not in call.params:
        raise missing("deadline")
    if not _exists(call, type_id, owner):
        raise not_found("Not found.")
    try:
        deadline = call.state.zone.seconds(str(call.params["deadline"]))
    except BadValueError:
        text = "Invalid datetime format"
        raise RefusedError(400, "WRONG_DATETIME_FORMAT", text) from None
    responsible = php.integer(call.params.get("responsibleId")) or call.user
    number = add_activity(
        call.state, type_id, owner, call.user, RESPONSIBLE_ID=responsible, DEADLINE=deadline,
        SUBJECT=str(call.params.get("title") or "Дело"),
        DESCRIPTION=str(call.params.get("description") or ""),
    )  # fmt: skip
    call.state.log("todo", number, ("created",))
    return Answer({"id": number})


_TASK_NULL = [
    "parentId",
    "mark",
    "statusChangedBy",
    "closedBy",
    "closedDate",
    "dateStart",
    "startDatePlan",
    "endDatePlan",
    "xmlId",
    "commentsCount",
    "serviceCommentsCount",
    "forkedByTemplateId",
    "timeSpentInLogs",
    "forumTopicId",
    "forumId",
    "exchangeModified",
    "exchangeId",
    "viewedDate",
    "sorting",
    "durationFact",
    "flowId",
    "durationPlan",
]
_TASK_NO = [
    "multitask",
    "notViewed",
    "replicate",
    "allowChangeDeadline",
    "allowTimeTracking",
    "taskControl",
    "addInReport",
    "matchWorkTime",
    "isMuted",
    "isPinned",
    "isPinnedInGroup",
    "favorite",
]


def add_task(state: State, user: int, fields: Mapping[str, Any]) -> int:
    """Create a task; its CRM bindings move the last activity of the items."""
    now = state.clock()
    bound = [str(item) for _, item in php.entries(fields.get("UF_CRM_TASK"))]
    row: Row = {
        "TITLE": str(fields["TITLE"]), "DESCRIPTION": str(fields.get("DESCRIPTION") or ""),
        "RESPONSIBLE_ID": php.integer(fields.get("RESPONSIBLE_ID")),
        "CREATED_BY": php.integer(fields.get("CREATED_BY")) or user, "CREATED_DATE": now,
        "STATUS": 2, "UF_CRM_TASK": bound, "DEADLINE": fields.get("deadline"),
        "GROUP_ID": php.integer(fields.get("GROUP_ID")),
    }  # fmt: skip
    number = state.stores["tasks"].add(row)
    pairs = [_binding(item) for item in bound]
    pairs = [(kind, owner) for kind, owner in pairs if kind in state.tables]
    if pairs:
        add_activity(
            state, *pairs[0], user, bindings=pairs, PROVIDER_ID="CRM_TASKS_TASK",
            PROVIDER_TYPE_ID="TASKS_TASK", SUBJECT=row["TITLE"], ASSOCIATED_ENTITY_ID=number,
            DESCRIPTION="" if state.task_entries_without_text else row["DESCRIPTION"],
        )  # fmt: skip
    state.log("task", number, ("created",))
    return number


def _binding(text: str) -> tuple[int, int]:
    prefix, _, number = text.partition("_")
    return _PREFIXES.get(prefix, 0), php.integer(number)


def task_shown(state: State, number: int) -> dict[str, Any]:
    """Show a task as ``tasks.task.add`` answers it."""
    row = state.stores["tasks"].rows[number]
    created = state.zone.iso(row["CREATED_DATE"])
    shown: dict[str, Any] = {"id": str(number), "title": row["TITLE"]}
    shown["description"] = row["DESCRIPTION"]
    shown |= dict.fromkeys(_TASK_NULL) | dict.fromkeys(_TASK_NO, "N")
    shown |= {
        "priority": "1", "stageId": "0", "createdBy": str(row["CREATED_BY"]),
        "createdDate": created, "responsibleId": str(row["RESPONSIBLE_ID"]),
        "changedBy": str(row["CREATED_BY"]), "changedDate": created, "activityDate": created,
        "deadline": state.zone.iso(row["DEADLINE"]), "guid": f"{{{number:032x}}}",
        "timeEstimate": "0", "siteId": "s1", "subordinate": "Y", "outlookVersion": "1",
        "descriptionInBbcode": "Y", "status": str(row["STATUS"]), "statusChangedDate": created,
        "durationType": "days", "groupId": str(row["GROUP_ID"]), "auditors": [],
        "accomplices": [], "checklist": [], "group": [], "accomplicesData": [],
        "auditorsData": [], "newCommentsCount": 0, "action": {"accept": False, "edit": True},
        "checkListTree": {"nodeId": 0, "fields": {}, "action": [], "descendants": []},
        "checkListCanAdd": True,
    }  # fmt: skip
    for role, person in (("creator", "CREATED_BY"), ("responsible", "RESPONSIBLE_ID")):
        user = state.stores["users"].rows.get(row[person], {"NAME": ""})
        shown[role] = {
            "id": str(row[person]), "name": user["NAME"], "icon": "/bitrix/images/1.gif",
            "link": f"/company/personal/user/{row[person]}/", "workPosition": "",
        }  # fmt: skip
    return shown


def _deadline(call: Call, value: object) -> float | None:
    if is_empty(value):
        return None
    try:
        return call.state.zone.seconds(str(value))
    except BadValueError:
        raise RefusedError(400, "ERROR_CORE", "Неверный формат даты крайнего срока<br>") from None


@method("tasks.task.add", "task")
def task_add(call: Call) -> Answer:
    fields = {key.upper(): value for key, value in call.need_array("fields").items()}
    if is_empty(fields.get("TITLE")):
        raise RefusedError(400, "ERROR_CORE", "Не указано название задачи<br>")
    if php.integer(fields.get("RESPONSIBLE_ID")) not in call.state.stores["users"].rows:
        raise RefusedError(400, "ERROR_CORE", "Не указан исполнитель<br>")
    deadline = _deadline(call, fields.get("DEADLINE"))
    number = add_task(call.state, call.user, {**fields, "deadline": deadline})
    return Answer({"task": task_shown(call.state, number)})


_TASK = {"ID": Field("id", "integer"), "REAL_STATUS": Field("STATUS", "integer")} | columns(
    "TITLE DESCRIPTION RESPONSIBLE_ID:integer CREATED_BY:integer CREATED_DATE:datetime "
    "DEADLINE:datetime STATUS:integer GROUP_ID:integer"
)
_TASK["UF_CRM_TASK"] = Field("UF_CRM_TASK", "string", multiple=True, default=[])


@method("tasks.task.list", "task")
def task_list(call: Call) -> Answer:
    where = compile_filter(call.array("filter"), _TASK.get, call.state.zone, strict=False)
    order = order_of(call.array("order"), _TASK.get, strict=False)
    start = page_start(call.get("start", 0))
    page = call.state.stores["tasks"].select(where, order, start, None)
    select = [str(name).upper() for _, name in php.entries(call.array("select"))]
    tasks = []
    for row in page.rows:
        whole = task_shown(call.state, row["id"])
        if "UF_CRM_TASK" in select or "UF_*" in select:
            whole["ufCrmTask"] = list(row["UF_CRM_TASK"])
        wanted = {_camel(name) for name in select} | {"id"}
        everything = not select or "*" in select
        tasks.append({k: v for k, v in whole.items() if everything or k in wanted})
    return Answer({"tasks": tasks}, page.total, page.next)


def _camel(name: str) -> str:
    return re.sub(r"_(.)", lambda ids: ids[1].upper(), name.lower())


def _notify(call: Call) -> Answer:
    user = php.integer(call.get("USER_ID", 0))
    if user <= 0:
        raise RefusedError(400, "USER_ID_EMPTY", "User ID can't be empty")
    message = call.get("MESSAGE", "")
    if not isinstance(message, str):
        raise mistyped("MESSAGE", "string")
    if not message.strip():
        raise RefusedError(400, "MESSAGE_EMPTY", "Message can't be empty")
    store = call.state.stores["notifications"]
    known = call.state.stores["users"].rows.get(user)
    if known is None or known["ACTIVE"] != "Y":
        return Answer(False)
    if call.state.notifications_fail:
        call.state.notifications_fail -= 1
        return Answer(False)
    # From a webhook a tag counts only together with the id of an application.
    tagged = call.application or not is_empty(call.get("CLIENT_ID"))
    tag = str(call.get("TAG") or "") if tagged else ""
    if tag:
        for number in [n for n in store.ids if store.rows[n]["TAG"] == tag]:
            store.remove(number)
    row: Row = {
        "USER_ID": user, "MESSAGE": message.strip(), "TAG": tag, "AUTHOR_ID": call.user,
        "CREATED": call.state.clock(), "METHOD": call.state.method,
        "SUB_TAG": str(call.get("SUB_TAG") or "") if tagged else "",
    }  # fmt: skip
    number = store.add(row)
    call.state.log("notification", number, ("created",))
    return Answer(number)


for _name in ("im.notify", "im.notify.personal.add", "im.notify.system.add"):
    method(_name, "im")(_notify)
