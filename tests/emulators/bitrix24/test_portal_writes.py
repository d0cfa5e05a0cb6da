"""Effects of writes on the emulated portal."""

from __future__ import annotations

from typing import Any

import pytest
from tests.emulators.bitrix24.portal import (
    COMPANY,
    CONTACT,
    DEAL,
    INVOICE,
    LEAD,
    Portal,
    VirtualClock,
)

NOW = 1_764_000_000.0  # 2025-11-24T19:00:00+03:00


@pytest.fixture
def portal() -> Portal:
    return Portal(clock=VirtualClock(NOW))


def _update(portal: Portal, type_id: int, number: int, **fields: Any) -> Any:
    params = {"entityTypeId": type_id, "id": number, "fields": fields}
    return portal.call("crm.item.update", params)


def test_saves_nothing_where_nothing_differs(portal: Portal) -> None:
    """An update to the same values moves no time, starts no automation, and is counted apart."""
    portal.add_user_field(COMPANY, "SEGMENT", "enumeration", items={"AX": "ax"})
    portal.add_user_field(COMPANY, "VALUE", "double")
    portal.add_user_field(COMPANY, "SINCE", "date")
    company = portal.add_company(
        "Ромашка", ufCrmSegment="AX", ufCrmValue=1.5, ufCrmSince="2025-01-01"
    )
    before = portal.value(COMPANY, company, "updatedTime")
    portal.clock.advance(100)
    choice = portal.user_field(COMPANY, "UF_CRM_SEGMENT").choice("AX")
    for fields in (
        {"title": "Ромашка"},
        {"ufCrmSegment": choice},
        {"ufCrmSegment": str(choice), "ufCrmValue": "1.50"},
        {"ufCrmSince": "2025-01-01T03:00:00+03:00", "industry": ""},
        {"bogus": 1, "createdBy": 7},
        {},
    ):
        assert "error" not in _update(portal, COMPANY, company, **fields)
    assert (portal.state.noops, portal.state.writes, portal.state.events) == (6, [], [])
    assert before == portal.value(COMPANY, company, "updatedTime")


def test_notes_who_changed_what_and_when(portal: Portal) -> None:
    """A real change moves the time of update but not the last activity, and sends an event."""
    company = portal.add_company("Ромашка")
    portal.touch(COMPANY, company, at="2025-11-01T10:00:00+03:00", user=2)
    portal.clock.advance(3600)
    _update(portal, COMPANY, company, title="Лютик", industry="IT")
    row = portal.call("crm.item.get", {"entityTypeId": COMPANY, "id": company})["result"]["item"]
    assert (row["title"], row["industry"], row["updatedBy"]) == ("Лютик", "IT", 1)
    assert row["updatedTime"] == "2025-11-24T20:00:00+03:00"
    assert (row["lastActivityTime"], row["lastActivityBy"]) == ("2025-11-01T10:00:00+03:00", 2)
    assert [("ONCRMCOMPANYUPDATE", company)] == portal.state.events
    write = portal.state.writes[0]
    assert ("company", company, ("title", "industry")) == (write.entity, write.id, write.fields)
    assert {("company", company): 1} == dict(portal.state.touched)


def test_closes_a_deal_that_reaches_success(portal: Portal) -> None:
    """A final stage closes the deal, moves it, overwrites the planned day and leaves a trace."""
    deal = portal.add_deal(closedate="2030-01-01")
    portal.clock.advance(86400)
    item = _update(portal, DEAL, deal, stageId="WON")["result"]["item"]
    assert (item["closed"], item["stageSemanticId"]) == ("Y", "S")
    assert item["closedate"] == "2025-11-25T03:00:00+03:00"
    assert item["movedTime"] == "2025-11-25T19:00:00+03:00"
    history = portal.call("crm.stagehistory.list", {"entityTypeId": DEAL})["result"]["items"]
    assert [(row["TYPE_ID"], row["STAGE_ID"]) for row in history] == [(1, "NEW"), (3, "WON")]
    assert _update(portal, DEAL, deal, stageId="NEW")["result"]["item"]["closed"] == "N"


def test_can_leave_the_planned_day_alone(portal: Portal) -> None:
    """With the setting of the funnel off, a final stage keeps the planned day."""
    portal.state.close_date_on_final = False
    deal = portal.add_deal(closedate="2030-01-01")
    item = _update(portal, DEAL, deal, stageId="WON")["result"]["item"]
    assert item["closedate"] == "2030-01-01T03:00:00+03:00"


def test_restarts_in_another_funnel(portal: Portal) -> None:
    """A change of the funnel puts the deal at its head, with a row of type 5."""
    funnel = portal.add_category("Опт")
    deal = portal.add_deal(stageId="EXECUTING")
    item = _update(portal, DEAL, deal, categoryId=funnel)["result"]["item"]
    assert item["stageId"] == "C1:NEW"
    history = portal.call("crm.stagehistory.list", {"entityTypeId": DEAL})["result"]["items"]
    assert [row["TYPE_ID"] for row in history] == [5]


@pytest.mark.parametrize(("on", "types"), [(True, [1, 3]), (False, [1])])
def test_may_leave_no_row_for_a_deal_made_in_success(
    portal: Portal, on: bool, types: list[int]
) -> None:
    """Whether a deal made straight in success has a row of type 3 can be chosen."""
    portal.state.history_on_final_create = on
    answer = portal.call("crm.item.add", {"entityTypeId": DEAL, "fields": {"stageId": "WON"}})
    assert answer["result"]["item"]["closed"] == "Y"
    history = portal.call("crm.stagehistory.list", {"entityTypeId": DEAL})["result"]["items"]
    assert types == [row["TYPE_ID"] for row in history]


def test_stores_the_former_stage_of_an_invoice(portal: Portal) -> None:
    """An invoice has its previous stage, and paid is a success."""
    invoice = portal.add_invoice("Счёт")
    item = _update(portal, INVOICE, invoice, stageId="DT31_9:P")["result"]["item"]
    assert (item["stageId"], item["previousStageId"]) == ("DT31_9:P", "DT31_9:N")
    listing = portal.call(
        "crm.stagehistory.list", {"entityTypeId": INVOICE, "filter": {"TYPE_ID": 3}}
    )
    assert [row["STAGE_SEMANTIC_ID"] for row in listing["result"]["items"]] == ["S"]


@pytest.mark.parametrize(
    ("type_id", "fields"),
    [
        (DEAL, {"stageId": "NOWHERE"}),
        (DEAL, {"categoryId": 77}),
        (DEAL, {"opportunity": "many"}),
        (DEAL, {"companyId": "x"}),
        (DEAL, {"closedate": "soon"}),
        (DEAL, {"currencyId": "XXX"}),
        (DEAL, {"title": ["a"]}),
        (DEAL, {"ufCrmSegment": 1}),
        (DEAL, {"ufCrmSegment": "AX"}),
        (DEAL, {"ufCrmCount": "1.5"}),
        (DEAL, {"ufCrmDay": "31-31-31"}),
        (LEAD, {"stageId": "WON"}),
    ],
)
def test_refuses_a_value_that_a_field_cannot_hold(
    portal: Portal, type_id: int, fields: dict[str, Any]
) -> None:
    """A value of the wrong type is refused with its code, and nothing at all is saved."""
    portal.add_user_field(DEAL, "SEGMENT", "enumeration", items={"AX": "ax"})
    portal.add_user_field(DEAL, "COUNT", "integer")
    portal.add_user_field(DEAL, "DAY", "date")
    number = portal.add(type_id, title="Прежнее")
    answer = _update(portal, type_id, number, comments="новое", **fields)
    assert answer["error"] == "CRM_FIELD_ERROR_VALUE_NOT_VALID"
    assert None is portal.value(type_id, number, "comments")
    assert portal.state.writes == []


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("crm.item.update", {}, 100),
        ("crm.item.update", {"entityTypeId": 2}, 100),
        ("crm.item.update", {"entityTypeId": 2, "id": 1}, 100),
        ("crm.item.update", {"entityTypeId": 2, "id": 1, "fields": "x"}, 100),
        ("crm.item.update", {"entityTypeId": "x", "id": 1, "fields": {}}, 100),
        ("crm.item.update", {"entityTypeId": 2, "id": 1, "fields": {"id": 5}}, 100),
        ("crm.item.update", {"entityTypeId": 2, "id": 9, "fields": {}}, "NOT_FOUND"),
        ("crm.item.update", {"EntityTypeId": 2, "id": 1, "fields": {}}, 100),
        ("crm.item.get", {"entityTypeId": 5, "id": 1}, "ENTITY_TYPE_NOT_SUPPORTED"),
        ("crm.item.add", {"entityTypeId": 2, "fields": {"contacts": []}}, 100),
        ("crm.item.add", {"entityTypeId": 2, "fields": {"contactIds": 1}}, 100),
        ("crm.company.update", {"id": 0, "fields": {}}, ""),
        ("crm.item.batchImport", {"entityTypeId": 2}, 100),
    ],
)
def test_refuses_calls_without_what_they_need(
    portal: Portal, method: str, params: dict[str, Any], code: object
) -> None:
    """Absent, mistyped and misspelt parameters give the codes of the documentation."""
    portal.add_deal()
    assert code == portal.call(method, params)["error"]


def test_synchronises_contacts_and_the_first_of_them(portal: Portal) -> None:
    """Writing the list sets the first contact, and writing the first sets the list."""
    for name in ("Иван", "Пётр"):
        portal.add_contact(name)
    deal = portal.add_deal()
    assert _update(portal, DEAL, deal, contactIds=[2, 1])["result"]["item"]["contactId"] == 2
    assert _update(portal, DEAL, deal, contactId=1)["result"]["item"]["contactIds"] == [1]
    listing = portal.call("crm.item.list", {"entityTypeId": DEAL, "filter": {"contactId": 1}})
    assert [deal] == [item["id"] for item in listing["result"]["items"]]
    assert (
        portal.call("crm.item.list", {"entityTypeId": DEAL, "filter": {"contactId": 2}})["result"][
            "items"
        ]
        == []
    )


def test_refuses_to_change_a_locked_item_alone(portal: Portal) -> None:
    """A missing right stops one command of a batch and not its neighbours."""
    first, second = portal.add_company("Первая"), portal.add_company("Вторая")
    portal.lock(COMPANY, first)
    command = "crm.item.update?entityTypeId=4&fields[title]=X&id="
    answer = portal.call("batch", {"cmd": {f"c{n}": f"{command}{n}" for n in (first, second)}})
    assert answer["result"]["result_error"]["c1"]["error"] == "ACCESS_DENIED"
    assert list(answer["result"]["result"]) == ["c2"]
    assert (
        portal.value(COMPANY, first, "title"),
        portal.value(COMPANY, second, "title"),
    ) == ("Первая", "X")


@pytest.mark.parametrize(
    ("method", "code"), [("crm.item.list", "ACCESS_DENIED"), ("crm.currency.list", "")]
)
def test_denies_a_method_to_one_person(portal: Portal, method: str, code: str) -> None:
    """A person without the right gets the code of the method's kind, another one the answer."""
    portal.deny(method)
    assert code == portal.call(method, {"entityTypeId": DEAL})["error"]
    portal.hook = portal.access.webhook(user=2)
    assert "result" in portal.call(method, {"entityTypeId": DEAL})


def test_changes_the_same_row_by_the_older_method(portal: Portal) -> None:
    """The older update answers true, knows the old names, and also saves only differences."""
    company = portal.add_company("Ромашка")
    fields = {"COMPANY_TYPE": "PARTNER", "REVENUE": "10.5"}
    assert True is portal.call("crm.company.update", {"ID": company, "FIELDS": fields})["result"]
    assert True is portal.call("crm.company.update", {"id": company, "fields": fields})["result"]
    assert (
        portal.value(COMPANY, company, "typeId"),
        portal.value(COMPANY, company, "revenue"),
    ) == ("PARTNER", 10.5)
    assert (len(portal.state.writes), portal.state.noops) == (1, 1)


def test_imports_without_automation(portal: Portal) -> None:
    """An import makes items one by one, reports each, and sends no event; 20 at most."""
    rows = [{"title": "А"}, {"title": "Б", "stageId": "NOWHERE"}]
    answer = portal.call("crm.item.batchImport", {"entityTypeId": DEAL, "data": rows})["result"]
    assert answer["items"][0] == {"item": {"id": 1}}
    assert answer["items"][1]["error"] == "CRM_FIELD_ERROR_VALUE_NOT_VALID"
    assert portal.state.events == []
    answer = portal.call("crm.item.batchImport", {"entityTypeId": DEAL, "data": rows * 11})
    assert answer["error"] == "MAX_IMPORT_BATCH_SIZE_EXCEEDED"


def _field(portal: Portal, owner: str = "company", **fields: Any) -> Any:
    whole = {"USER_TYPE_ID": "string", "FIELD_NAME": "NOTE", "LABEL": "Заметка", **fields}
    return portal.call(f"crm.{owner}.userfield.add", {"fields": whole})


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("NOTE", "UF_CRM_NOTE"),
        ("note", "UF_CRM_NOTE"),
        ("UF_NOTE", "UF_CRM_NOTE"),
        ("UF_CRM_NOTE", "UF_CRM_NOTE"),
        ("N" * 43, "UF_CRM_" + "N" * 43),
    ],
)
def test_completes_the_code_of_a_user_field(portal: Portal, given: str, code: str) -> None:
    """The prefix is added where it is missing, and small letters are raised."""
    number = _field(portal, FIELD_NAME=given)["result"]
    assert code == portal.call("crm.company.userfield.get", {"id": number})["result"]["FIELD_NAME"]


@pytest.mark.parametrize(
    "fields",
    [
        {"FIELD_NAME": "N" * 44},
        {"FIELD_NAME": "ЗАМЕТКА"},
        {"FIELD_NAME": "A-B"},
        {"USER_TYPE_ID": "nonsense"},
        {
            "USER_TYPE_ID": "enumeration",
            "LIST": [{"VALUE": "a", "XML_ID": "X"}, {"VALUE": "b", "XML_ID": "X"}],
        },
    ],
)
def test_refuses_a_bad_user_field(portal: Portal, fields: dict[str, Any]) -> None:
    """Too long, foreign letters, an unknown type and a doubled XML_ID are errors."""
    assert _field(portal, **fields)["error"] == "ERROR_CORE"
    assert portal.state.user_fields == {}


def test_refuses_a_user_field_that_exists(portal: Portal) -> None:
    """A code is unique among the fields of one owner, and free for another."""
    _field(portal)
    assert _field(portal)["error"] == "ERROR_CORE"
    assert "result" in _field(portal, owner="deal")


def test_lets_only_an_administrator_make_user_fields(portal: Portal) -> None:
    """Another user is refused with an empty code."""
    portal.hook = portal.access.webhook(user=2)
    assert _field(portal) == {"error": "", "error_description": "Access denied."}


def test_gives_every_list_its_own_ids(portal: Portal) -> None:
    """The same list of two owners has different numeric ids and the same external codes."""
    items = [{"VALUE": "ax", "XML_ID": "AX", "SORT": 20}, {"VALUE": "ay", "SORT": 10}]
    for owner in ("company", "contact"):
        _field(portal, owner=owner, USER_TYPE_ID="enumeration", LIST=items)
    shown = {}
    for owner in ("company", "contact"):
        fields = portal.call(f"crm.{owner}.userfield.list")["result"]
        shown[owner] = {item["XML_ID"]: item["ID"] for item in fields[0]["LIST"]}
        assert [item["VALUE"] for item in fields[0]["LIST"]] == ["ay", "ax"]
    assert shown["company"]["AX"] != shown["contact"]["AX"]
    described = portal.call("crm.item.fields", {"entityTypeId": CONTACT})["result"]["fields"]
    assert [{"ID", "VALUE"}] * 2 == [set(item) for item in described["ufCrmNote"]["items"]]


def test_changes_a_list_by_the_ids_of_its_items(portal: Portal) -> None:
    """An update renames by id, deletes with DEL, adds without an id, and keeps the rest."""
    number = _field(
        portal, USER_TYPE_ID="enumeration", LIST=[{"VALUE": v, "XML_ID": v} for v in "abc"]
    )["result"]
    ids = {i["VALUE"]: i["ID"] for i in portal.state.user_fields[number].items}
    changes = [{"ID": ids["a"], "VALUE": "А"}, {"ID": ids["b"], "DEL": "Y"}, {"VALUE": "d"}]
    params = {"id": number, "fields": {"LIST": changes}}
    assert True is portal.call("crm.company.userfield.update", params)["result"]
    items = portal.state.user_fields[number].items
    assert [item["VALUE"] for item in items] == ["А", "c", "d"]
    assert [ids["a"], ids["c"]] == [item["ID"] for item in items[:2]]


def test_labels_a_field_in_every_language(portal: Portal) -> None:
    """One label stands for all, a map overrides its languages, and LANG picks one."""
    _field(portal, EDIT_FORM_LABEL={"en": "Note"})
    assert "EDIT_FORM_LABEL" not in portal.call("crm.company.userfield.list")["result"][0]
    for language, label in (("en", "Note"), ("ru", "Заметка")):
        ask = {"filter": {"LANG": language}}
        shown = portal.call("crm.company.userfield.list", ask)["result"][0]
        assert (label, "Заметка") == (shown["EDIT_FORM_LABEL"], shown["LIST_COLUMN_LABEL"])


def test_deletes_a_user_field_with_its_values(portal: Portal) -> None:
    """A deleted field is gone from the description and from the items."""
    number = _field(portal)["result"]
    company = portal.add_company("Ромашка", ufCrmNote="x")
    assert True is portal.call("crm.company.userfield.delete", {"id": number})["result"]
    item = portal.call("crm.item.get", {"entityTypeId": COMPANY, "id": company})["result"]["item"]
    assert "ufCrmNote" not in item
    described = portal.call("crm.item.fields", {"entityTypeId": COMPANY})["result"]["fields"]
    assert "ufCrmNote" not in described
    _field(portal)
    assert None is portal.value(COMPANY, company, "ufCrmNote")


def test_makes_user_fields_of_invoices_by_configuration(portal: Portal) -> None:
    """Invoices get fields under a full name, whose list and filter labels are ignored."""
    field = {
        "entityId": "CRM_SMART_INVOICE",
        "fieldName": "UF_CRM_SMART_INVOICE_TAG",
        "userTypeId": "string",
        "editFormLabel": {"ru": "Метка"},
        "listColumnLabel": {"ru": "Колонка"},
    }
    made = portal.call("userfieldconfig.add", {"moduleId": "crm", "field": field})["result"]
    assert (
        made["field"]["editFormLabel"]["ru"],
        made["field"]["listColumnLabel"]["ru"],
    ) == ("Метка", None)
    described = portal.call("crm.item.fields", {"entityTypeId": INVOICE})["result"]["fields"]
    assert described["ufCrm_SMART_INVOICE_TAG"]["upperName"] == "UF_CRM_SMART_INVOICE_TAG"
    field["fieldName"] = "TAG"
    refused = portal.call("userfieldconfig.add", {"moduleId": "crm", "field": field})
    assert refused["error"] == "ERROR_CORE"


def test_comments_move_the_last_activity_and_no_more(portal: Portal) -> None:
    """A comment moves the last activity of its item but not the stage nor the update."""
    deal = portal.add_deal()
    portal.clock.advance(60)
    fields = {"ENTITY_ID": deal, "ENTITY_TYPE": "deal", "COMMENT": "<b>Привет</b>"}
    number = portal.call("crm.timeline.comment.add", {"fields": fields})["result"]
    item = portal.call("crm.item.get", {"entityTypeId": DEAL, "id": deal})["result"]["item"]
    assert item["lastActivityTime"] == "2025-11-24T19:01:00+03:00"
    assert "2025-11-24T19:00:00+03:00" == item["movedTime"] == item["updatedTime"]
    ask = {"filter": {"ENTITY_ID": deal, "ENTITY_TYPE": "deal"}}
    listed = portal.call("crm.timeline.comment.list", ask)["result"]
    assert [(str(number), "<b>Привет</b>", "1")] == [
        (row["ID"], row["COMMENT"], row["AUTHOR_ID"]) for row in listed
    ]
    assert "error" in portal.call("crm.timeline.comment.add", {"FIELDS": fields})


def test_finds_to_dos_by_what_they_are_bound_to(portal: Portal) -> None:
    """A to-do is an activity of its owner, found by the binding, and needs a good deadline."""
    deal, other = portal.add_deal(), portal.add_deal()
    todo = {"ownerTypeId": DEAL, "ownerId": deal, "deadline": "2025-12-01T12:00:00+03:00"}
    number = portal.call("crm.activity.todo.add", {**todo, "title": "Позвонить"})["result"]["id"]
    bad = portal.call("crm.activity.todo.add", {**todo, "deadline": "soon"})
    assert bad["error"] == "WRONG_DATETIME_FORMAT"

    def activities_of(owner: int) -> list[tuple[str, str, str]]:
        ask = {"filter": {"BINDINGS": [{"OWNER_TYPE_ID": DEAL, "OWNER_ID": owner}]}}
        rows = portal.call("crm.activity.list", ask)["result"]
        return [(row["ID"], row["SUBJECT"], row["PROVIDER_ID"]) for row in rows]

    assert [(str(number), "Позвонить", "CRM_TODO")] == activities_of(deal)
    assert activities_of(other) == []


def test_binds_a_task_to_its_deal(portal: Portal) -> None:
    """A task of a deal is found by its binding and stands in the timeline of the deal."""
    deal = portal.add_deal()
    fields = {"TITLE": "Оживить", "RESPONSIBLE_ID": 2, "UF_CRM_TASK": [f"D_{deal}"]}
    task = portal.call("tasks.task.add", {"fields": fields})["result"]["task"]
    ask = {"filter": {"UF_CRM_TASK": f"D_{deal}"}, "select": ["ID", "TITLE", "UF_CRM_TASK"]}
    listed = portal.call("tasks.task.list", ask)["result"]["tasks"]
    assert [{"id": task["id"], "title": "Оживить", "ufCrmTask": [f"D_{deal}"]}] == listed
    ask = {"filter": {"BINDINGS": [{"OWNER_TYPE_ID": DEAL, "OWNER_ID": deal}]}}
    assert [row["PROVIDER_ID"] for row in portal.call("crm.activity.list", ask)["result"]] == [
        "CRM_TASKS_TASK"
    ]


@pytest.mark.parametrize(("client", "left"), [({}, 2), ({"CLIENT_ID": "app"}, 1)])
def test_replaces_a_notice_of_the_same_tag(
    portal: Portal, client: dict[str, str], left: int
) -> None:
    """From a webhook a tag replaces the older notice only together with CLIENT_ID."""
    for text in ("первое", "второе"):
        params = {"USER_ID": 2, "MESSAGE": text, "TAG": "T", **client}
        assert portal.call("im.notify.personal.add", params)["result"] > 0
    assert left == len(portal.state.stores["notifications"].rows)
    gone = portal.add_user("Олег", active=False)
    assert False is portal.call("im.notify", {"USER_ID": gone, "MESSAGE": "x"})["result"]


def test_counts_creates_that_came_twice(portal: Portal) -> None:
    """The journal names creates that ran more than once with the same content."""
    deal = portal.add_deal()
    fields = {"ENTITY_ID": deal, "ENTITY_TYPE": "deal", "COMMENT": "раз"}
    for _ in range(2):
        portal.call("crm.timeline.comment.add", {"fields": fields})
    portal.call("crm.timeline.comment.add", {"fields": {**fields, "COMMENT": "два"}})
    assert list(portal.journal.duplicates.values()) == [2]
    assert portal.journal.run["crm.timeline.comment.add"] == 3
