"""The emulated portal against the example answers of the documentation and of real portals."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.emulators.bitrix24.faults import CODED
from tests.emulators.bitrix24.portal import (
    COMPANY,
    CONTACT,
    DEAL,
    INVOICE,
    LEAD,
    Portal,
    VirtualClock,
)

NOW = 1_764_000_000.0
Params = dict[str, Any]


def filled() -> Portal:
    """Create a portal with the objects of the examples."""
    portal = Portal(clock=VirtualClock(NOW))
    portal.add_category("Девятая", category_id=9)
    portal.state.directory.stage(DEAL, 9, "DEAL_STAGE_9", "UC_KN8KFI", "Первая")
    portal.state.directory.stage(DEAL, 9, "DEAL_STAGE_9", "UC_NYL06U", "Вторая")
    portal.add_user_field(DEAL, "1721244707107", "double")
    portal.add_currency("USD", 92.5)
    for _ in range(6):
        portal.add_user("Имя", "Фамилия")
    portal.add_department("R&D", parent=1, head=2)
    for type_id, number in ((LEAD, 250), (DEAL, 351), (DEAL, 10), (COMPANY, 43), (COMPANY, 5)):
        portal.add(type_id, id=number, title="Образец", fm=[{"value": "+79998887766"}])
    mail = {"typeId": "EMAIL", "value": "special-for@example.com"}
    portal.add_contact("Анастасия", id=4, fm=[mail])
    portal.add_deal("Первая", id=1)
    portal.add_lead(
        "Лид", stageId="NEW", sourceId="WEB", opportunity=19000, name="Админ",
        isManualOpportunity="Y", assignedById=6,
    )  # fmt: skip
    deal = portal.add_deal("Платёж", id=13123)
    portal.add_payment(DEAL, deal, 0, paid=NOW)
    goods = portal.add_deal("Товары", id=13142)
    product = portal.add_product("iphone 14", 60000)
    portal.add_product_row("D", goods, product, price=90000, quantity=3)
    for number in (6933, 6937, 6938):
        portal.add_payment(DEAL, portal.add_deal(id=number), 10)
    portal.add_activity(CONTACT, 4, at=NOW)
    industry = {"ENTITY_TYPE": "INDUSTRY"}
    flags: dict[str, Any] = {"MULTIPLE": "Y", "MANDATORY": "Y"}
    portal.add_user_field(COMPANY, "PLAIN", "string", LABEL="Текст")
    portal.add_user_field(COMPANY, "A", "crm_status", SETTINGS=industry, **flags)
    portal.add_user_field(
        INVOICE, "SMART_INVOICE_1", "enumeration", items={"X": "Первый"}, MULTIPLE="Y"
    )
    for text in ("New comment was added", "Test comment"):
        portal.call(
            "crm.timeline.comment.add",
            {"fields": {"ENTITY_ID": 10, "ENTITY_TYPE": "deal", "COMMENT": text}},
        )
    return portal


@pytest.fixture
def portal() -> Portal:
    return filled()


@pytest.fixture
def docs(shared_spec: Path) -> Path:
    return shared_spec / "bitrix24_examples" / "docs"


def _load(folder: Path, name: str) -> Any:
    return json.loads((folder / f"{name}.json").read_text("utf-8"))


def kind(value: object) -> str:
    """Return the JSON type of a value."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return {str: "text", list: "array", dict: "object", type(None): "null"}[type(value)]


def differences(expected: Any, actual: Any, path: str = "") -> Iterator[str]:
    """List the parts of the example that the answer lacks, or has in another type."""
    if expected is None or actual is None:
        return
    if kind(expected) != kind(actual):
        yield f"{path}: {kind(expected)} in the example, {kind(actual)} in the answer"
    elif isinstance(expected, dict):
        for key, value in expected.items():
            if key not in actual:
                yield f"{path}/{key}: absent"
            else:
                yield from differences(value, actual[key], f"{path}/{key}")
    elif isinstance(expected, list) and expected and actual:
        yield from differences(expected[0], actual[0], f"{path}[]")


def _with(request: Params, **more: Any) -> Params:
    return {**request, **more}


def _dated(request: Params) -> Params:
    """Replace the placeholders of dates in an example."""
    text = json.dumps(request, ensure_ascii=False)
    text = text.replace("formatDate(monthAgo)", "2025-10-31")
    text = text.replace("formatDate(twelveDaysInAdvance)", "2025-12-12")
    return dict(json.loads(text))


def _invoice_field(request: Params) -> Params:
    field = {**request["field"], "entityId": "CRM_SMART_INVOICE"}
    return {**request, "field": field}


# example of a request -> example of its answer, and what is changed in the request before
PAIRS: dict[str, tuple[str, str, Callable[[Params], Params]]] = {
    "crm.item.fields.request": (
        "crm.item.fields",
        "crm.item.fields.success",
        lambda r: _with(r, entityTypeId=INVOICE),
    ),
    "crm.item.get.request": ("crm.item.get", "crm.item.get.success", dict),
    "crm.item.add.request": ("crm.item.add", "crm.item.add.success", _dated),
    "crm.item.update.request": (
        "crm.item.update",
        "crm.item.update.success",
        lambda r: _with(r, fields={k: v for k, v in r["fields"].items() if k != "stageId"}),
    ),
    "crm.item.list.request.1": ("crm.item.list", "crm.item.list.success", dict),
    "crm.item.list.request.2": ("crm.item.list", "crm.item.list.success", dict),
    "crm.item.batchImport.request": (
        "crm.item.batchImport",
        "crm.item.batchImport.success",
        _dated,
    ),
    "crm.item.payment.list.request": (
        "crm.item.payment.list",
        "crm.item.payment.list.success",
        lambda r: _with(r, filter={}),
    ),
    "crm.item.productrow.list.request": (
        "crm.item.productrow.list",
        "crm.item.productrow.list.success",
        dict,
    ),
    "crm.category.list.request": ("crm.category.list", "crm.category.list.success", dict),
    "crm.status.list.request": ("crm.status.list", "crm.status.list.success", dict),
    "crm.stagehistory.list.request.1": (
        "crm.stagehistory.list",
        "crm.stagehistory.list.success",
        lambda r: _with(r, select=["*"]),
    ),
    "crm.stagehistory.list.request.2": (
        "crm.stagehistory.list",
        "",
        lambda r: _with(r, entityTypeId=INVOICE),
    ),
    "crm.currency.list.request": ("crm.currency.list", "crm.currency.list.success", dict),
    "crm.currency.base.get.request": (
        "crm.currency.base.get",
        "crm.currency.base.get.success",
        dict,
    ),
    "crm.company.list.request": ("crm.company.list", "crm.company.list.success", dict),
    "crm.company.update.request": ("crm.company.update", "crm.company.update.success", dict),
    "crm.contact.list.request": (
        "crm.contact.list",
        "crm.contact.list.success",
        lambda r: _with(r, FILTER={}),
    ),
    "crm.lead.list.request": ("crm.lead.list", "", dict),
    "crm.company.userfield.add.request.1": (
        "crm.company.userfield.add",
        "crm.company.userfield.add.success",
        dict,
    ),
    "crm.company.userfield.add.request.2": (
        "crm.company.userfield.add",
        "crm.company.userfield.add.success",
        dict,
    ),
    "crm.company.userfield.get.request": (
        "crm.company.userfield.get",
        "crm.company.userfield.get.success",
        lambda r: _with(r, id=5816),
    ),
    "crm.company.userfield.update.request": (
        "crm.company.userfield.update",
        "crm.company.userfield.update.success",
        lambda r: _with(r, id=5816),
    ),
    "crm.company.userfield.list.request": (
        "crm.company.userfield.list",
        "crm.company.userfield.list.success",
        dict,
    ),
    "crm.contact.userfield.add.request": (
        "crm.contact.userfield.add",
        "crm.contact.userfield.add.success",
        dict,
    ),
    "crm.deal.userfield.add.request.1": (
        "crm.deal.userfield.add",
        "crm.deal.userfield.add.success",
        dict,
    ),
    "crm.deal.userfield.add.request.2": (
        "crm.deal.userfield.add",
        "crm.deal.userfield.add.success",
        dict,
    ),
    "crm.lead.userfield.add.request.1": (
        "crm.lead.userfield.add",
        "crm.lead.userfield.add.success",
        dict,
    ),
    "crm.lead.userfield.add.request.2": (
        "crm.lead.userfield.add",
        "crm.lead.userfield.add.success",
        dict,
    ),
    "crm.orderentity.list.request": (
        "crm.orderentity.list",
        "crm.orderentity.list.success",
        dict,
    ),
    "crm.activity.list.request.1": (
        "crm.activity.list",
        "crm.activity.list.success.1",
        lambda r: _with(r, filter={"OWNER_TYPE_ID": 3, "OWNER_ID": 4}),
    ),
    "crm.activity.list.request.2": ("crm.activity.list", "", dict),
    "crm.activity.list.request.3": ("crm.activity.list", "", dict),
    "crm.activity.list.request.4": ("crm.activity.list", "", dict),
    "crm.activity.todo.add.request": (
        "crm.activity.todo.add",
        "crm.activity.todo.add.success",
        dict,
    ),
    "crm.timeline.comment.add.request": (
        "crm.timeline.comment.add",
        "crm.timeline.comment.add.success",
        dict,
    ),
    "crm.timeline.comment.list.request": (
        "crm.timeline.comment.list",
        "crm.timeline.comment.list.success",
        dict,
    ),
    "tasks.task.add.request": (
        "tasks.task.add",
        "tasks.task.add.success",
        lambda r: _with(r, fields={**r["fields"], "RESPONSIBLE_ID": 1, "CREATED_BY": 1}),
    ),
    "im.notify.request": ("im.notify", "im.notify.success", dict),
    "im.notify.personal.add.request": (
        "im.notify.personal.add",
        "im.notify.personal.add.success",
        dict,
    ),
    "im.notify.system.add.request": (
        "im.notify.system.add",
        "im.notify.system.add.success",
        dict,
    ),
    "user.get.request.1": ("user.get", "user.get.success", lambda r: _with(r, filter={})),
    "user.get.request.2": ("user.get", "", dict),
    "user.get.request.3": ("user.get", "", dict),
    "sale.payment.list.request": ("sale.payment.list", "", dict),
    "method.get.request": ("method.get", "method.get.success", dict),
    "userfieldconfig.add.request": (
        "userfieldconfig.add",
        "userfieldconfig.add.success",
        _invoice_field,
    ),
    "userfieldconfig.get.request": (
        "userfieldconfig.get",
        "userfieldconfig.get.success",
        lambda r: _with(r, id=5818),
    ),
    "userfieldconfig.list.request": (
        "userfieldconfig.list",
        "userfieldconfig.list.success",
        dict,
    ),
    "userfieldconfig.update.request": (
        "userfieldconfig.update",
        "userfieldconfig.update.success",
        lambda r: _with(r, id=5818),
    ),
    "batch.request.1": ("batch", "", dict),
    "batch.request.2": ("batch", "batch.success", dict),
}
# keys of the examples that belong to other smart processes, or to one person of the sample
FOREIGN = ("parentId", "ufCrm_1720019876534", "PERSONAL_", "UF_EMPLOYMENT", "LIST", "/FILES/")


@pytest.mark.parametrize("name", PAIRS)
def test_answers_as_the_example_does(portal: Portal, docs: Path, name: str) -> None:
    """A documented request is accepted, and its answer has the documented keys and types."""
    method, example, change = PAIRS[name]
    answer = portal.call(method, change(_load(docs, name)))
    assert "error" not in answer, answer
    if example:
        lacking = [
            text
            for text in differences(_load(docs, example), answer)
            if not any(key in text for key in FOREIGN) and not text.startswith("/next")
        ]
        if name.startswith(("batch", "tasks")):
            known = ("result/result/get", "/action/", "/checkListTree/", "/operating_reset_at")
            lacking = [text for text in lacking if not any(key in text for key in known)]
        assert not lacking


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("profile", {}),
        ("scope", {}),
        ("server.time", {}),
        ("user.current", {}),
        ("department.get", {"PARENT": 1}),
        ("feature.get", {"CODE": "rest_auth_connector"}),
    ],
)
def test_answers_small_questions_as_the_example_does(
    portal: Portal, docs: Path, method: str, params: Params
) -> None:
    """Methods without an example of a request answer with the documented keys and types."""
    answer = portal.call(method, params)
    assert list(differences(_load(docs, f"{method}.success"), answer)) == []


REFUSED: dict[str, tuple[str, Params, Callable[[Portal], object]]] = {
    "app.info": ("app.info", {}, bool),
    "crm.item.add": ("crm.item.add", {"entityTypeId": 1268, "fields": {}}, bool),
    "crm.item.batchImport": ("crm.item.batchImport", {"entityTypeId": 1268, "data": []}, bool),
    "crm.item.fields": ("crm.item.fields", {"entityTypeId": 1268}, bool),
    "crm.item.get": ("crm.item.get", {"entityTypeId": 1, "id": 999}, bool),
    "crm.item.list": ("crm.item.list", {"entityTypeId": 1, "filter": {"FIELD": 1}}, bool),
    "crm.item.update": ("crm.item.update", {"entityTypeId": 9, "id": 1, "fields": {}}, bool),
    "crm.item.payment.list": (
        "crm.item.payment.list",
        {"entityTypeId": 2, "entityId": 13123},
        lambda p: p.hide(DEAL, 13123),
    ),
    "crm.item.productrow.list": (
        "crm.item.productrow.list",
        {"filter": {"=ownerType": "D", "=ownerId": 13142}},
        lambda p: p.hide(DEAL, 13142),
    ),
    "crm.category.list": ("crm.category.list", {"entityTypeId": 1268}, bool),
    "crm.status.list": ("crm.status.list", {"filter": "DEAL_STAGE"}, bool),
    "crm.stagehistory.list": ("crm.stagehistory.list", {"entityTypeId": 14}, bool),
    "crm.company.list": ("crm.company.list", {}, lambda p: p.deny("crm.company.list")),
    "crm.contact.list": ("crm.contact.list", {}, lambda p: p.deny("crm.contact.list")),
    "crm.lead.list": ("crm.lead.list", {}, lambda p: p.deny("crm.lead.list")),
    "crm.deal.list": ("crm.deal.list", {"filter": "x"}, bool),
    "crm.company.update": ("crm.company.update", {"id": 999, "fields": {}}, bool),
    "crm.currency.list": ("crm.currency.list", {}, lambda p: p.deny("crm.currency.list")),
    "crm.company.userfield.add": (
        "crm.company.userfield.add",
        {"fields": {"FIELD_NAME": "X"}},
        bool,
    ),
    "crm.company.userfield.get": ("crm.company.userfield.get", {}, bool),
    "crm.company.userfield.list": ("crm.company.userfield.list", {"filter": "x"}, bool),
    "crm.company.userfield.update": (
        "crm.company.userfield.update",
        {"id": 5816, "fields": {}},
        lambda p: p.deny("crm.company.userfield.update"),
    ),
    "crm.timeline.comment.add": (
        "crm.timeline.comment.add",
        {"fields": {"ENTITY_ID": 999, "ENTITY_TYPE": "deal", "COMMENT": "x"}},
        bool,
    ),
    "crm.timeline.comment.list": (
        "crm.timeline.comment.list",
        {"filter": {"ENTITY_ID": 10, "ENTITY_TYPE": "deal"}},
        lambda p: p.hide(DEAL, 10),
    ),
    "crm.activity.todo.add": (
        "crm.activity.todo.add",
        {"ownerTypeId": 2, "ownerId": 999, "deadline": "2025-12-01T12:00:00+03:00"},
        bool,
    ),
    "crm.activity.list": (
        "crm.activity.list",
        {},
        lambda p: setattr(p, "https_only", True),
    ),
    "tasks.task.add": ("tasks.task.add", {"fields": {}}, bool),
    "feature.get": ("feature.get", {}, bool),
    "im.notify": ("im.notify", {}, bool),
    "im.notify.personal.add": ("im.notify.personal.add", {}, bool),
    "im.notify.system.add": ("im.notify.system.add", {}, bool),
    "userfieldconfig.add": (
        "userfieldconfig.add",
        {"moduleId": "crm", "field": {"entityId": "CRM_SMART_INVOICE"}},
        bool,
    ),
    "userfieldconfig.get": ("userfieldconfig.get", {"moduleId": "x", "id": 1}, bool),
    "userfieldconfig.list": ("userfieldconfig.list", {"moduleId": "x"}, bool),
    "userfieldconfig.update": ("userfieldconfig.update", {"moduleId": "x", "id": 1}, bool),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_as_the_example_does(portal: Portal, docs: Path, name: str) -> None:
    """A refused call has the documented status and the documented code, in its JSON type."""
    method, params, prepare = REFUSED[name]
    prepare(portal)
    body = json.dumps(params).encode()
    headers = {"Content-Type": "application/json"}
    status, _, answer = portal.handle("POST", portal.webhook_path + method, headers, body)
    example = _load(docs, f"{name}.error")
    assert status == 400
    assert example["error"] == json.loads(answer)["error"]
    assert set(example) == set(json.loads(answer))


def test_knows_the_statuses_of_the_system_codes(portal: Portal, docs: Path) -> None:
    """A fault with a code has the status that the table of system errors gives it."""
    table = {row["error"]: row["status"] for row in _load(docs, "system_errors.table")}
    table["PORTAL_DELETED"] = 403  # what the server really sends
    table["OPERATION_TIME_LIMIT"] = 429
    seen: dict[str, int] = {}
    for fault in sorted(CODED - {"refuse"}):
        portal.faults.add(fault)
        status, _, body = portal.handle("POST", portal.webhook_path + "profile")
        seen[json.loads(body)["error"]] = status
    assert {code: table[code] for code in seen} == seen


def test_reports_a_missing_scope_inside_a_batch(portal: Portal, docs: Path) -> None:
    """Commands without their scope fail one by one, and every other map is an empty list."""
    portal.hook.scopes = frozenset({"crm"})
    answer = portal.call("batch", {"cmd": {"get_user": "user.current"}})
    example = _load(docs, "batch.partial.2")["result"]
    assert answer["result"]["result_error"]["get_user"]["error"] == "insufficient_scope"
    assert {k: v for k, v in example.items() if k != "result_error"} == {
        k: v for k, v in answer["result"].items() if k != "result_error"
    }


def test_gives_tokens_as_the_example_does(portal: Portal, docs: Path) -> None:
    """The authorisation server answers a code, and a refresh token, with the documented keys."""
    app = portal.access.application()
    code = portal.access.authorize(app.client_id)
    ask = f"/oauth/token/?client_id={app.client_id}&client_secret={app.client_secret}&grant_type="
    first = json.loads(portal.handle("GET", f"{ask}authorization_code&code={code}")[2])
    again = f"{ask}refresh_token&refresh_token={first['refresh_token']}"
    second = json.loads(portal.handle("GET", again)[2])
    for example, answer in (("authorization_code", first), ("refresh_token", second)):
        wanted = _load(docs, f"oauth.token.{example}.success")
        assert list(differences(wanted, answer)) == []
        assert set(wanted) == set(answer)
    app.blocked = "PAYMENT_REQUIRED"
    refused = json.loads(portal.handle("GET", again)[2])
    assert set(_load(docs, "oauth.token.error")) == set(refused)
    assert _load(docs, "oauth.token.error")["error"] == refused["error"]


def test_shapes_numeric_keys_as_a_real_portal_does(portal: Portal, shared_spec: Path) -> None:
    """With numeric keys the errors of a batch lose their keys and become a list."""
    captured = shared_spec / "bitrix24_examples" / "captured"
    portal.add_lead("Лид", id=35943)
    commands = {
        "35943": "crm.lead.get?ID=35943",
        "35944": "crm.lead.get?ID=",
        "35945": "crm.lead.get?ID=777",
    }
    real = _load(captured, "crm_get_batch_mix_success_and_errors.response")["result"]
    made = portal.call("batch", {"halt": 0, "cmd": commands})["result"]
    assert real["result_error"] == made["result_error"]
    assert [*real["result"]] == [*made["result"]]
    assert [*real["result_time"]] == [*made["result_time"]]
    del commands["35943"]
    real = _load(captured, "crm_get_batch_of_two_error.response")["result"]
    assert real == portal.call("batch", {"halt": 0, "cmd": commands})["result"]


@pytest.mark.parametrize("name", ["crm_stagehistory_list", "crm_item_productrow_list"])
def test_shapes_a_batch_of_one_list_as_a_real_portal_does(
    portal: Portal, shared_spec: Path, name: str
) -> None:
    """A batch of one list has totals and times by key, and empty lists for the rest."""
    real = _load(shared_spec / "bitrix24_examples" / "captured", f"{name}.response")
    key = next(iter(real["result"]["result"]))
    portal.state.history_texts = True
    query = {
        "crm_stagehistory_list": "crm.stagehistory.list?entityTypeId=2&filter[OWNER_ID]=10",
        "crm_item_productrow_list": "crm.item.productrow.list?filter[%3DownerType]=D"
        "&filter[%3DownerId]=13142",
    }[name]
    made = portal.call("batch", {"halt": 0, "cmd": {key: query}})
    assert list(differences(real, made)) == []
    assert list(real["result"]) == list(made["result"])


def test_turns_a_single_command_zero_into_lists(portal: Portal, shared_spec: Path) -> None:
    """The only command has the key 0, so that results and times are lists."""
    captured = shared_spec / "bitrix24_examples" / "captured"
    real = _load(captured, "crm_dealcategory_stage_list_batch_of_one.response")["result"]
    command = "crm.status.list?filter[ENTITY_ID]=DEAL_STAGE"
    made = portal.call("batch", {"halt": 0, "cmd": {"0": command}})["result"]
    assert {name: kind(part) for name, part in real.items() if name != "result_total"} == {
        name: kind(part) for name, part in made.items() if name != "result_total"
    }


def test_answers_rest_3_as_the_example_does(portal: Portal, docs: Path) -> None:
    """A task of REST 3.0 is answered in its envelope, and so is a refusal."""
    path = portal.webhook_path.replace("/rest/", "/rest/api/") + "tasks.task.add"
    headers = {"Content-Type": "application/json"}

    def post(params: Params) -> tuple[int, Any]:
        status, _, body = portal.handle("POST", path, headers, json.dumps(params).encode())
        return status, json.loads(body)

    for number in (1, 2):
        request = _load(docs, f"rest_v3.tasks.task.add.request.{number}")
        status, answer = post(request)
        assert status == 200
        assert request["fields"]["title"] == answer["result"]["item"]["title"]
    example = _load(docs, "rest_v3.tasks.task.add.success")
    shown = {key: example["result"]["item"][key] for key in answer["result"]["item"]}
    assert list(differences({**example, "result": {"item": shown}}, answer)) == []
    status, answer = post({"fields": {**request["fields"], "deadline": "soon"}})
    assert (400, _load(docs, "rest_v3.tasks.task.add.error")) == (status, answer)
