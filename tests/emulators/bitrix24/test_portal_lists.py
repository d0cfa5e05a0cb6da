"""Lists of the emulated portal: pages, filters, order, dates, rights, history."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
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


@pytest.fixture
def portal() -> Portal:
    return Portal(clock=VirtualClock(NOW))


def _ids(portal: Portal, **params: Any) -> list[int]:
    params = {"entityTypeId": DEAL, "select": ["id"], **params}
    answer = portal.call("crm.item.list", params)
    assert "error" not in answer, answer
    return [item["id"] for item in answer["result"]["items"]]


def test_gives_pages_of_fifty_and_says_where_the_next_begins(portal: Portal) -> None:
    """Offsets are floored to a whole page, and only a page that has a follower names it."""
    for _ in range(120):
        portal.add_deal()
    seen = []
    for start in (0, 50, 60, 100, 150):
        answer = portal.call("crm.item.list", {"entityTypeId": DEAL, "start": start})
        items = answer["result"]["items"]
        seen.append((items[0]["id"] if items else None, len(items), answer.get("next")))
        assert answer["total"] == 120
    assert seen == [(1, 50, 50), (51, 50, 100), (51, 50, 100), (101, 20, None), (None, 0, None)]


@pytest.mark.parametrize("where", [{}, {"stageSemanticId": "P"}])
@pytest.mark.parametrize("order", [{}, {"title": "ASC"}])
def test_names_no_page_after_a_full_last_one(
    portal: Portal, where: dict[str, str], order: dict[str, str]
) -> None:
    """A hundred rows are two pages, in any filter and order."""
    for _ in range(100):
        portal.add_deal()
    params = {"entityTypeId": DEAL, "filter": where, "order": order}
    answers = [portal.call("crm.item.list", {**params, "start": start}) for start in (0, 50)]
    assert [answer.get("next") for answer in answers] == [50, None]
    assert [(a["total"], len(a["result"]["items"])) for a in answers] == [(100, 50)] * 2


def test_does_not_count_with_start_minus_one(portal: Portal) -> None:
    """With start -1 a page has no next and a total of 0, and a cursor over ids reads it all."""
    for _ in range(120):
        portal.add_deal()
    last, seen = 0, []
    while True:
        answer = portal.call(
            "crm.item.list",
            {"entityTypeId": DEAL, "filter": {">id": last}, "order": {"id": "ASC"}, "start": -1},
        )
        assert (answer["total"], answer.get("next")) == (0, None)
        page = [item["id"] for item in answer["result"]["items"]]
        seen += page
        if len(page) < 50:
            break
        last = page[-1]
    assert [*range(1, 121)] == seen


def test_returns_the_newest_first_by_option(portal: Portal) -> None:
    """Descending order by id with start -1 begins at the largest id that fits the filter."""
    for _ in range(70):
        portal.add_deal()
    ids = _ids(portal, filter={"<=id": 60}, order={"id": "DESC"}, start=-1)
    assert [*range(60, 10, -1)] == ids


@pytest.fixture
def mixed(portal: Portal) -> Portal:
    company, contact = portal.add_company("Ромашка"), portal.add_contact("Иван")
    portal.add_user_field(DEAL, "FLAG", "boolean")
    portal.add_user_field(DEAL, "SEGMENT", "enumeration", items={"AX": "ax", "AY": "ay"})
    portal.add_user_field(DEAL, "DAY", "date")
    portal.add_deal("Альфа", companyId=company, opportunity=100, ufCrmFlag="Y", sourceId="WEB")
    portal.add_deal("альфа бета", contactId=contact, opportunity=200.5, ufCrmSegment="AX")
    portal.add_deal("Гамма", companyId=company, stageId="WON", ufCrmSegment="AY")
    portal.add_deal("100%_ x", currencyId="USD", sourceId="CALL", ufCrmDay="2025-10-31")
    portal.add_deal("Дельта", stageId="LOSE", contactIds=[contact], opportunity=5)
    return portal


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"id": 2}, [2]),
        ({"=id": "2"}, [2]),
        ({"@id": [5, 1, 99]}, [1, 5]),
        ({"id": [5, 1]}, [1, 5]),
        ({"!@id": [1, 2]}, [3, 4, 5]),
        ({"!id": 1}, [2, 3, 4, 5]),
        ({">id": 2, "<=id": 4}, [3, 4]),
        ({">=id": 2, "<id": 4}, [2, 3]),
        ({"companyId": 1}, [1, 3]),
        ({"@companyId": [1], "stageSemanticId": "P"}, [1]),
        ({"companyId": 0}, [2, 4, 5]),
        ({"contactId": 1}, [2, 5]),
        ({"contactIds": 1}, [2, 5]),
        ({"stageSemanticId": "S"}, [3]),
        ({"closed": "Y"}, [3, 5]),
        ({"closed": "N", "!sourceId": "WEB"}, [2, 4]),
        ({"title": "АЛЬФА"}, [1]),
        ({"%title": "альфа"}, [1, 2]),
        ({"=%title": "альфа%"}, [1, 2]),
        ({"%=title": "%бета"}, [2]),
        ({"!%title": "а"}, [4]),
        ({"%title": "_ x"}, [4]),
        ({"sourceId": ""}, [2, 3, 5]),
        ({"!sourceId": ""}, [1, 4]),
        ({"sourceId": None}, [2, 3, 5]),
        ({">opportunity": 100}, [2]),
        ({">=opportunity": "5", "<opportunity": "200.5"}, [1, 5]),
        ({"currencyId": "USD"}, [4]),
        ({"ufCrmFlag": 1}, [1]),
        ({"ufCrmFlag": "Y"}, []),
        ({"ufCrmDay": "2025-10-31"}, [4]),
        ({">=ufCrmDay": "2025-10-31T00:00:00+03:00"}, [4]),
        ({"0": {"logic": "OR", "0": {"id": 1}, "1": {"title": "Гамма"}}}, [1, 3]),
        ([{"logic": "OR", "0": {"<id": 2}, "1": {">id": 4}}], [1, 5]),
        ({"0": {"logic": "OR", "id": 1, "sourceId": "CALL"}}, [1, 4]),
        ({"0": {"0": {"logic": "OR", "0": {"id": 1}, "1": {"id": 2}}, ">id": 1}}, [2]),
    ],
)
def test_filters_as_documented(mixed: Portal, where: Any, expected: list[int]) -> None:
    """Every prefix, arrays, empties, nested groups and user fields select what they should."""
    assert expected == _ids(mixed, filter=where)
    assert expected == _ids(mixed, filter=where, start=-1)


def test_filters_an_enumeration_by_the_id_of_its_item(mixed: Portal) -> None:
    """A list field is filtered by the numeric id, not by the external code."""
    field = mixed.user_field(DEAL, "UF_CRM_SEGMENT")
    assert _ids(mixed, filter={"ufCrmSegment": field.choice("AX")}) == [2]
    assert _ids(mixed, filter={"@ufCrmSegment": field.choices}) == [2, 3]


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=130),
    st.integers(-1, 140),
    st.integers(-1, 140),
    st.sets(st.integers(0, 4), min_size=1),
    st.booleans(),
)
def test_reads_the_same_by_index_as_by_looking_at_every_row(
    companies: list[int], low: int, high: int, wanted: set[int], reverse: bool
) -> None:
    """Id bounds, an indexed field and the order give what a plain loop gives."""
    portal = Portal(clock=VirtualClock(NOW))
    for company in companies:
        portal.add_deal(companyId=company)
    expected = [
        number
        for number, company in enumerate(companies, 1)
        if low < number <= high and company in wanted
    ]
    expected = expected[::-1] if reverse else expected
    where = {">id": low, "<=id": high, "@companyId": sorted(wanted)}
    order = {"id": "DESC" if reverse else "ASC"}
    assert expected[:50] == _ids(portal, filter=where, order=order, start=-1)
    assert expected[50:100] == _ids(portal, filter=where, order=order, start=50)


@pytest.mark.parametrize(
    "params",
    [
        {"filter": {"bogus": 1}},
        {"filter": {"0": {"logic": "OR", "0": {"bogus": 1}}}},
        {"filter": {"COMPANY_ID": 1}},
        {"order": {"bogus": "ASC"}},
        {"order": {"id": "SIDEWAYS"}},
        {"filter": {">createdTime": "yesterday"}},
    ],
)
def test_refuses_a_filter_or_an_order_that_it_does_not_know(
    portal: Portal, params: dict[str, Any]
) -> None:
    """An unknown name or a bad date is refused with INVALID_ARG_VALUE."""
    answer = portal.call("crm.item.list", {"entityTypeId": DEAL, **params})
    assert answer["error"] == "INVALID_ARG_VALUE"


def test_can_refuse_or_ignore_a_condition(mixed: Portal) -> None:
    """A field may be barred from filters, and a condition may be silently dropped."""
    mixed.state.unfilterable.add("movedTime")
    answer = mixed.call(
        "crm.item.list", {"entityTypeId": DEAL, "filter": {">=movedTime": "2025-01-01"}}
    )
    assert answer["error"] == "INVALID_ARG_VALUE"
    mixed.state.ignored_filters.add("stageSemanticId")
    assert _ids(mixed, filter={"stageSemanticId": "S"}) == [1, 2, 3, 4, 5]
    mixed.state.stuck_cursor = True
    assert _ids(mixed, filter={">id": 3}) == [1, 2, 3, 4, 5]


def test_selects_the_id_and_the_requested_fields(mixed: Portal) -> None:
    """Unknown names in select are left out, the id never is, and a star gives all."""
    ask = {"entityTypeId": DEAL, "filter": {"id": 1}, "select": ["title", "bogus", "ufCrmFlag"]}
    item = mixed.call("crm.item.list", ask)["result"]["items"][0]
    assert item == {"id": 1, "title": "Альфа", "ufCrmFlag": "Y"}
    whole = mixed.call("crm.item.list", {**ask, "select": ["*"]})["result"]["items"][0]
    assert {"entityTypeId", "companyId", "ufCrmSegment"} <= set(whole)


def test_shows_original_names_and_the_known_fault(mixed: Portal) -> None:
    """Original names of user fields work without select, and give empty items with it."""
    ask = {"entityTypeId": DEAL, "filter": {"id": 1}, "useOriginalUfNames": "Y"}
    assert mixed.call("crm.item.list", ask)["result"]["items"][0]["UF_CRM_FLAG"] == "Y"
    ask["select"] = ["id", "UF_CRM_FLAG"]
    assert mixed.call("crm.item.list", ask)["result"]["items"] == [[]]
    mixed.state.uf_select_fault = False
    items = mixed.call("crm.item.list", ask)["result"]["items"]
    assert items == [{"id": 1, "UF_CRM_FLAG": "Y"}]


@pytest.mark.parametrize(
    ("zone", "date_as", "expected"),
    [
        (3, "utc", "2025-10-31T03:00:00+03:00"),
        (0, "utc", "2025-10-31T00:00:00+00:00"),
        (-5, "utc", "2025-10-30T19:00:00-05:00"),
        (-5, "local", "2025-10-31T00:00:00-05:00"),
        (3, "local", "2025-10-31T00:00:00+03:00"),
    ],
)
def test_shows_a_day_as_midnight_utc_in_its_own_offset(
    zone: float, date_as: str, expected: str
) -> None:
    """A date is midnight UTC in the server's offset, which west of it is the evening before."""
    portal = Portal(clock=VirtualClock(NOW), zone=zone)
    portal.state.zone.date_as = date_as
    deal = portal.add_deal(closedate=date(2025, 10, 31))
    assert expected == portal.value(DEAL, deal, "closedate")


@pytest.mark.parametrize(
    ("forms", "text", "expected"),
    [
        ({"iso", "space"}, "2025-10-31T00:00:00+03:00", [2]),
        ({"iso", "space"}, "2025-10-30T21:00:00+00:00", [2]),
        ({"iso", "space"}, "2025-10-31 00:00:00", [2]),
        ({"iso", "space"}, "31.10.2025 00:00:00", [2]),
        ({"space"}, "2025-10-31T00:00:00+03:00", [1, 2]),
        ({"iso"}, "2025-10-31 00:00:00", [1, 2]),
        ({"iso"}, "2025-10-31", [2]),
    ],
)
def test_honours_the_configured_formats_of_a_date(
    portal: Portal, forms: set[str], text: str, expected: list[int]
) -> None:
    """A form that a portal does not honour drops the condition without an error."""
    portal.add_deal(createdTime="2025-10-30T23:59:59+03:00")
    portal.add_deal(createdTime="2025-10-31T00:00:00+03:00")
    portal.state.zone.forms = frozenset(forms)
    assert expected == _ids(portal, filter={">=createdTime": text})


def test_leaves_out_rows_that_may_not_be_read(mixed: Portal) -> None:
    """A row without the right to read is absent from lists and refused by its id."""
    mixed.hide(DEAL, 3)
    assert _ids(mixed) == [1, 2, 4, 5]
    assert mixed.call("crm.item.list", {"entityTypeId": DEAL})["total"] == 4
    refused = mixed.call("crm.item.get", {"entityTypeId": DEAL, "id": 3})
    assert refused["error"] == "ACCESS_DENIED"
    assert (
        mixed.call("crm.stagehistory.list", {"entityTypeId": DEAL, "filter": {"OWNER_ID": 3}})[
            "result"
        ]["items"]
        == []
    )


def test_keeps_the_history_of_a_deal(portal: Portal) -> None:
    """Creation, moves, success and a second funnel are rows of the types 1, 2, 3 and 5."""
    funnel = portal.add_category("Опт")
    deal = portal.add_deal(createdTime="2025-01-01T10:00:00+03:00")
    portal.move(DEAL, deal, "EXECUTING", at="2025-01-02T10:00:00+03:00")
    portal.move(DEAL, deal, "WON", at="2025-01-03T10:00:00+03:00")
    portal.move(DEAL, deal, portal.stage("NEW", funnel), at="2025-01-04T10:00:00+03:00")

    def rows(**more: Any) -> list[tuple[int, str, str]]:
        params = {"entityTypeId": DEAL, "order": {"ID": "ASC"}, **more}
        items = portal.call("crm.stagehistory.list", params)["result"]["items"]
        return [(r["TYPE_ID"], r["STAGE_ID"], r["STAGE_SEMANTIC_ID"]) for r in items]

    assert rows() == [(5, "C1:NEW", "P")]
    portal.state.current_funnel_history = False
    assert rows() == [(1, "NEW", "P"), (2, "EXECUTING", "P"), (3, "WON", "S"), (5, "C1:NEW", "P")]
    assert rows(filter={"TYPE_ID": 3, "@OWNER_ID": [deal], ">ID": 0}) == [(3, "WON", "S")]
    assert portal.value(DEAL, deal, "movedTime") == "2025-01-04T10:00:00+03:00"


def test_names_the_stages_of_leads_otherwise(portal: Portal) -> None:
    """The history of leads has STATUS_ID, and knows neither STAGE_ID nor a funnel."""
    lead = portal.add_lead("Лид")
    portal.move(LEAD, lead, "CONVERTED", at=NOW)
    items = portal.call("crm.stagehistory.list", {"entityTypeId": LEAD})["result"]["items"]
    assert [(row["STATUS_ID"], row["STATUS_SEMANTIC_ID"]) for row in items] == [
        ("NEW", "P"),
        ("CONVERTED", "S"),
    ]
    assert {"STAGE_ID", "CATEGORY_ID"}.isdisjoint(items[0])
    refused = portal.call(
        "crm.stagehistory.list", {"entityTypeId": LEAD, "filter": {"STAGE_ID": "NEW"}}
    )
    assert refused["error"] == "INVALID_ARG_VALUE"


def test_cuts_the_codes_of_stages_at_21_characters(portal: Portal) -> None:
    """A stage of a far funnel has a cut code, in the directory and on its deals alike."""
    funnel = portal.add_category("Десятая", category_id=10)
    stage = portal.stage("PREPAYMENT_INVOICE", funnel)
    assert stage == "C10:PREPAYMENT_INVOIC"
    listed = portal.call("crm.status.list", {"filter": {"ENTITY_ID": "DEAL_STAGE_10"}})["result"]
    assert stage in [row["STATUS_ID"] for row in listed]
    assert len(listed) == 8


def test_removes_a_deleted_stage_but_not_its_deals(portal: Portal) -> None:
    """A deleted stage is gone from the directory while its deals keep their state."""
    deal = portal.add_won_deal(10, NOW)
    portal.delete_stage("WON")
    listed = portal.call("crm.status.list", {"filter": {"ENTITY_ID": "DEAL_STAGE"}})["result"]
    assert "WON" not in [row["STATUS_ID"] for row in listed]
    assert [deal] == _ids(portal, filter={"stageSemanticId": "S"})


def test_gives_the_older_view_of_the_same_rows(mixed: Portal) -> None:
    """The older methods show the same values as texts, under upper-case names."""
    row = mixed.call("crm.deal.list", {"filter": {"ID": 2}, "select": ["*", "UF_*"]})["result"][0]
    item = mixed.call("crm.item.get", {"entityTypeId": DEAL, "id": 2})["result"]["item"]
    assert (row["ID"], row["OPPORTUNITY"], row["CLOSED"]) == ("2", "200.50", "N")
    assert str(item["ufCrmSegment"]) == row["UF_CRM_SEGMENT"]
    assert item["createdTime"] == row["DATE_CREATE"]
    assert "UF_CRM_SEGMENT" not in mixed.call("crm.deal.list", {})["result"][0]


def test_shows_phones_only_when_they_are_named(portal: Portal) -> None:
    """Phones come with a star in the new lists, and by their name in the old ones."""
    portal.add_company("Ромашка", fm=[{"value": "+7999", "typeId": "PHONE"}])
    ask = {"entityTypeId": COMPANY, "select": ["id", "fm", "title"]}
    assert "fm" not in portal.call("crm.item.list", ask)["result"]["items"][0]
    whole = portal.call("crm.item.list", {"entityTypeId": COMPANY})["result"]["items"][0]
    assert whole["fm"][0]["value"] == "+7999"
    assert "PHONE" not in portal.call("crm.company.list", {})["result"][0]
    named = portal.call("crm.company.list", {"select": ["ID", "PHONE"]})["result"][0]
    assert named["PHONE"][0]["VALUE"] == "+7999"
    refused = portal.call("crm.item.list", {"entityTypeId": COMPANY, "filter": {"fm": 1}})
    assert refused["error"] == 100


def test_lists_payments_orders_and_goods_by_their_owners(portal: Portal) -> None:
    """Payments belong to deals and invoices through orders, goods through the owner's letters."""
    deal, invoice = portal.add_deal(), portal.add_invoice()
    portal.add_payment(DEAL, deal, 100, paid=NOW)
    portal.add_payment(DEAL, deal, 50)
    portal.add_payment(INVOICE, invoice, 70, paid=NOW)
    paid = portal.call("crm.item.payment.list", {"entityId": deal, "entityTypeId": DEAL})["result"]
    assert [(row["sum"], row["paid"]) for row in paid] == [(100, "Y"), (50, "N")]
    everything = portal.call("sale.payment.list", {"filter": {"paid": "Y"}})["result"]["payments"]
    orders = portal.call("crm.orderentity.list", {"start": -1})["result"]["orderEntity"]
    owner = {row["orderId"]: (row["ownerTypeId"], row["ownerId"]) for row in orders}
    assert [(DEAL, deal), (INVOICE, invoice)] == [owner[row["orderId"]] for row in everything]
    goods = portal.add_product("Стол", 60)
    portal.add_product_row("SI", invoice, goods, price=90, quantity=2)
    where = {"=ownerType": "SI", "=ownerId": [invoice, 77]}
    rows = portal.call("crm.item.productrow.list", {"filter": where})["result"]["productRows"]
    assert [(r["productName"], r["quantity"], r["price"]) for r in rows] == [("Стол", 2, 90)]


def test_gives_all_ties_of_orders_at_once(portal: Portal) -> None:
    """For orders alone start -1 is every record; otherwise they come in pages."""
    for _ in range(60):
        portal.add_payment(DEAL, portal.add_deal(), 1)
    seen = []
    for start in (-1, 0, 50):
        answer = portal.call("crm.orderentity.list", {"start": start})
        seen.append((len(answer["result"]["orderEntity"]), answer["total"], answer.get("next")))
    assert seen == [(60, 60, None), (50, 60, 50), (10, 60, None)]


def test_finds_companies_by_their_requisites(portal: Portal) -> None:
    """Requisites can be filtered by owner or by the tax number."""
    first, second = portal.add_company("Первая"), portal.add_company("Вторая")
    portal.add_requisite(COMPANY, first, inn="7701234567", kpp="770101001")
    portal.add_requisite(COMPANY, second, inn="7707654321")
    portal.add_requisite(CONTACT, second, inn="500100732259")
    ask = {"filter": {"RQ_INN": "7701234567"}, "select": ["ENTITY_TYPE_ID", "ENTITY_ID"]}
    requisites = portal.call("crm.requisite.list", ask)["result"]
    assert requisites == [{"ENTITY_TYPE_ID": "4", "ENTITY_ID": "1"}]
    ask = {"filter": {"ENTITY_TYPE_ID": 4, "@ENTITY_ID": [1, 2]}, "select": ["RQ_INN"]}
    requisites = portal.call("crm.requisite.list", ask)["result"]
    assert [row["RQ_INN"] for row in requisites] == ["7701234567", "7707654321"]


def test_lists_users_and_heads_of_departments(portal: Portal) -> None:
    """Departments name their head and parent, and users can be filtered by id and activity."""
    head = portal.add_user("Пётр", "Главный")
    gone = portal.add_user("Олег", "Ушедший", active=False)
    sales = portal.add_department("Продажи", head=head)
    rows = portal.call("department.get", {"NAME": "Продажи"})["result"]
    expected = {"ID": str(sales), "NAME": "Продажи", "SORT": 500}
    assert [{**expected, "PARENT": "1", "UF_HEAD": str(head)}] == rows
    active = portal.call("user.get", {"FILTER": {"ACTIVE": True}})["result"]
    assert str(gone) not in [row["ID"] for row in active]
    employees = portal.call("user.get", {"ID": [head, gone]})["result"]
    assert [(r["LAST_NAME"], r["ACTIVE"]) for r in employees] == [
        ("Главный", True),
        ("Ушедший", False),
    ]


def test_returns_rates_as_texts(portal: Portal) -> None:
    """A currency has its rate and its count as texts, and the base is marked."""
    portal.add_currency("KZT", 18.5, count=100)
    rows = portal.call("crm.currency.list")["result"]
    assert [(row["CURRENCY"], row["AMOUNT"], row["AMOUNT_CNT"], row["BASE"]) for row in rows] == [
        ("RUB", "1.0000", "1", "Y"),
        ("KZT", "18.5000", "100", "N"),
    ]
