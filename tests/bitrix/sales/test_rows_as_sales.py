"""Rows of deals and payments as sales: why one is left out, and where its day comes from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from tests.emulators.bitrix24.harness import Rig
from tests.emulators.bitrix24.portal import COMPANY, CONTACT, DEAL, INVOICE

from abcxyz.errors import BadDataError
from abcxyz_bitrix.crm.customers import chooser
from abcxyz_bitrix.crm.entities import Fields, fields_of
from abcxyz_bitrix.crm.stages import Stage, Stages
from abcxyz_bitrix.rest.lists import Row
from abcxyz_bitrix.sales.payments import _owner, _payment, payments_of, shop_payments
from abcxyz_bitrix.sales.sale import CODES, Sale, SaleFilter, Tally, getter
from abcxyz_bitrix.sales.won import _closed, _day_in, _is_midnight, _left_out, won_sales

MOSCOW = timezone(timedelta(hours=3))
NAMES = Fields(DEAL, {code: {"upperName": code} for code in CODES})
GET = getter(NAMES)
STAGES = Stages(
    {0: "", 4: "Опт"},
    {
        "WON": Stage("WON", "Успех", 0, "S"),
        "C4:WON": Stage("C4:WON", "Успех", 4, "S"),
        "NEW": Stage("NEW", "Новая", 0, "P"),
    },
)
CHOICE = SaleFilter(
    STAGES, frozenset({0}), frozenset({"BAD"}), {(COMPANY, 9)}, "company-or-contact", None
)


def row(**fields: Any) -> Row:
    """A deal that is a sale, but for *fields*."""
    return {
        "id": 7, "STAGE_ID": "WON", "CATEGORY_ID": 0, "IS_RECURRING": "N", "COMPANY_ID": 1,
        "OPPORTUNITY": "10.50|RUB", "CURRENCY_ID": "RUB", "STAGE_SEMANTIC_ID": "S", **fields,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, ""),
        ({"STAGE_SEMANTIC_ID": None}, ""),  # that of the stage then counts
        ({"STAGE_SEMANTIC_ID": ""}, ""),
        ({"STAGE_ID": "GONE"}, "deleted_stage"),
        ({"STAGE_SEMANTIC_ID": "P"}, "not_won"),
        ({"STAGE_SEMANTIC_ID": "F"}, "not_won"),
        ({"STAGE_SEMANTIC_ID": None, "STAGE_ID": "NEW"}, "not_won"),
        ({"STAGE_ID": "NEW"}, ""),  # the deal itself says that it is won
        ({"CATEGORY_ID": "4", "STAGE_ID": "C4:WON"}, "other_funnel"),
        ({"CATEGORY_ID": "0"}, ""),
        ({"IS_RECURRING": "Y"}, "template"),
    ],
)
def test_reasons_why_a_deal_is_no_sale(fields: Mapping[str, Any], reason: str) -> None:
    """The first reason that applies; none for a sale."""
    assert _left_out(row(**fields), GET, CHOICE) == reason
    excluded = evolve(CHOICE, without=frozenset({"WON"}))
    if not reason and fields.get("STAGE_ID", "WON") == "WON":
        assert _left_out(row(**fields), GET, excluded) == "excluded_stage"


WON = datetime(2026, 3, 5, 23, 30, tzinfo=MOSCOW)
MOVED = "2026-03-09T12:00:00+03:00"
EARLY = "2026-02-01T03:00:00+03:00"


@pytest.mark.parametrize(
    ("known", "moved", "closed", "imported", "day", "counted"),
    [
        (True, MOVED, EARLY, (), date(2026, 3, 5), "day_from_history"),
        (True, None, None, (), date(2026, 3, 5), "day_from_history"),
        (False, MOVED, EARLY, (), date(2026, 3, 9), "day_from_moved_time"),
        (False, None, EARLY, (), date(2026, 2, 1), "day_from_closedate"),
        (False, None, None, (), None, None),
        # On a day of an import the closing date counts, where it is earlier.
        (True, MOVED, EARLY, (date(2026, 3, 5),), date(2026, 2, 1), "imported"),
        (False, MOVED, EARLY, (date(2026, 3, 9),), date(2026, 2, 1), "imported"),
        (True, MOVED, EARLY, (date(2026, 3, 9),), date(2026, 3, 5), "day_from_history"),
        (True, MOVED, None, (date(2026, 3, 5),), date(2026, 3, 5), "day_from_history"),
        (True, MOVED, "2026-03-05T03:00:00+03:00", (date(2026, 3, 5),), date(2026, 3, 5),
         "day_from_history"),
        (True, MOVED, "2026-03-04T03:00:00+03:00", (date(2026, 3, 5),), date(2026, 3, 4),
         "imported"),
        (True, MOVED, "2026-03-06T03:00:00+03:00", (date(2026, 3, 5),), date(2026, 3, 5),
         "day_from_history"),
    ],
)  # fmt: skip
def test_the_day_of_a_deal(
    known: bool,
    moved: str | None,
    closed: str | None,
    imported: tuple[date, ...],
    day: date | None,
    counted: str | None,
) -> None:
    """History, last move, closing date, in this order; each is counted."""
    tally = Tally()
    choice = evolve(CHOICE, imported=frozenset(imported))
    deal = row(MOVED_TIME=moved, CLOSEDATE=closed)
    assert _closed(7, deal, {7: WON} if known else {8: WON}, GET, choice, tally) == day
    assert dict(tally.counts) == ({} if counted is None else {counted: 1})


@pytest.mark.parametrize(
    ("value", "zone", "day"),
    [
        (None, MOSCOW, None),
        ("", MOSCOW, None),
        ("2026-03-05", UTC, date(2026, 3, 5)),
        ("2026-03-05T03:00:00+03:00", UTC, date(2026, 3, 5)),  # midnight UTC is a date
        ("2026-03-05T00:00:00+03:00", UTC, date(2026, 3, 5)),  # and so is local midnight
        ("2026-03-05T01:00:00+03:00", UTC, date(2026, 3, 4)),  # any other time is a moment
        ("2026-03-05T01:00:00+03:00", None, date(2026, 3, 5)),
        ("2026-03-05T23:30:00+03:00", timezone(timedelta(hours=10)), date(2026, 3, 6)),
        ("2026-03-05T23:30:00", timezone(timedelta(hours=10)), date(2026, 3, 5)),
    ],
)
def test_the_day_in_a_field(value: str | None, zone: tzinfo | None, day: date | None) -> None:
    """A date is never shifted, a moment always is."""
    assert _day_in(value, zone) == day


def test_midnight() -> None:
    """Of UTC or of the moment's own offset."""
    assert _is_midnight(datetime(2026, 3, 5, 3, tzinfo=MOSCOW))
    assert _is_midnight(datetime(2026, 3, 5, 0, tzinfo=MOSCOW))
    assert not _is_midnight(datetime(2026, 3, 5, 1, tzinfo=MOSCOW))
    assert not _is_midnight(datetime(2026, 3, 5, 3, 0, 1, tzinfo=MOSCOW))


def test_deals_become_sales(site: Rig) -> None:
    """Customer, day, amount, currency and document of each; the others by reason."""
    deals = [
        row(id="7", CLOSEDATE=EARLY),
        row(id=8, CLOSEDATE=EARLY, COMPANY_ID=0, CONTACT_IDS=[0, 5], OPPORTUNITY=None),
        row(id=9, CLOSEDATE=EARLY, COMPANY_ID=9),
        row(id=10, CLOSEDATE=None),
        row(id=11, CLOSEDATE=EARLY, CURRENCY_ID="", OPPORTUNITY=Decimal("0.1")),
        row(id=12, STAGE_ID="GONE"),
    ]
    tally = Tally()
    chosen = evolve(CHOICE, dated_by="CLOSEDATE")
    day = date(2026, 2, 1)
    expected = [
        Sale((COMPANY, 1), day, Decimal("10.50"), "RUB", "D_7"),
        Sale((CONTACT, 5), day, Decimal(0), "RUB", "D_8"),
        Sale((COMPANY, 1), day, Decimal("0.1"), "?", "D_11"),
    ]
    assert won_sales(site.client, DEAL, deals, NAMES, chosen, tally) == expected
    assert dict(tally.counts) == {"no_customer": 1, "no_date": 1, "deleted_stage": 1}
    # By the closing date, nothing of the history is asked for; otherwise it is.
    assert site.portal.journal.run["crm.stagehistory.list"] == 0
    tally = Tally()
    assert won_sales(site.client, DEAL, deals, NAMES, CHOICE, tally) == expected
    assert dict(tally.counts) == {
        "no_customer": 1, "no_date": 1, "deleted_stage": 1, "day_from_closedate": 3,
    }  # fmt: skip
    assert site.portal.journal.run["crm.stagehistory.list"] == 1
    site.portal.state.without_history = {INVOICE}
    tally = Tally()
    assert len(won_sales(site.client, INVOICE, deals, NAMES, CHOICE, tally)) == 3
    assert tally.counts["no_history"] == 4
    for name in ("OPPORTUNITY", "STAGE_ID"):
        lacking = {key: value for key, value in row().items() if key != name}
        with pytest.raises(BadDataError, match=f"lacks the selected fields {name}"):
            won_sales(site.client, DEAL, [lacking], NAMES, chosen, Tally())


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ("no_customer", (COMPANY, 1))),
        ({"COMPANY_ID": 9}, ("no_customer", None)),
        ({"COMPANY_ID": 0, "CONTACT_ID": 5}, ("no_customer", (CONTACT, 5))),
        ({"IS_RECURRING": "Y"}, ("template", None)),
        ({"CATEGORY_ID": 4}, ("other_funnel", None)),
        ({"STAGE_ID": "BAD"}, ("excluded_stage", None)),
        ({"STAGE_ID": "NEW"}, ("no_customer", (COMPANY, 1))),  # paid before it is won
    ],
)
def test_the_customer_of_a_payment(fields: Mapping[str, Any], expected: object) -> None:
    """That of its deal, or the reason why there is none."""
    choose = chooser("company-or-contact", {code: code for code in CODES}, CHOICE.out)
    assert _owner(row(**fields), GET, choose, CHOICE) == expected


@pytest.mark.parametrize(
    ("fields", "day", "counted"),
    [
        ({}, date(2026, 2, 5), None),
        ({"paid": True, "isReturn": "N"}, date(2026, 2, 5), None),
        ({"paid": "N"}, None, "not_paid"),
        ({"isReturn": "Y"}, None, "not_paid"),
        ({"paid": "N", "isReturn": "Y"}, None, "not_paid"),
        ({"datePaid": None}, None, "no_date"),
    ],
)
def test_a_payment_as_a_sale(
    fields: Mapping[str, Any], day: date | None, counted: str | None
) -> None:
    """Paid, dated, and not a return."""
    paid = {
        "id": "3", "paid": "Y", "datePaid": "2026-02-05T23:30:00+03:00", "sum": "30.10",
        "currency": "", **fields,
    }  # fmt: skip
    tally = Tally()
    sale = _payment(paid, (COMPANY, 1), None, tally)
    expected = None if day is None else Sale((COMPANY, 1), day, Decimal("30.10"), "?", "P_3")
    assert sale == expected
    assert dict(tally.counts) == ({} if counted is None else {counted: 1})
    if day is not None:
        named = {**paid, "currency": "USD"}
        east = timezone(timedelta(hours=10))
        assert _payment(named, (COMPANY, 1), east, tally) == Sale(
            (COMPANY, 1), date(2026, 2, 6), Decimal("30.10"), "USD", "P_3"
        )
        for name in ("sum", "datePaid"):
            with pytest.raises(BadDataError, match=f"lacks the selected fields {name}"):
                _payment({k: v for k, v in paid.items() if k != name}, (COMPANY, 1), None, tally)


def choices(site: Rig, out: set[tuple[int, int]]) -> tuple[dict[int, Fields], dict[int, Any]]:
    """Fields and filters of deals and invoices, with all funnels of the portal."""
    names = {entity: fields_of(site.client, entity) for entity in (DEAL, INVOICE)}
    filters = {
        entity: evolve(CHOICE, funnels=frozenset(range(20)), without=frozenset({"LOSE"}), out=out)
        for entity in names
    }
    return names, filters


def test_payments_by_both_ways(site: Rig) -> None:
    """The shop's list, and a command per object, give the same sales and the same counters."""
    site.portal.hook.scopes |= {"sale"}
    paid = "2026-02-01T12:00:00+03:00"
    deals = [site.portal.add_deal("", companyId=1 + n % 3) for n in range(120)]
    invoice = site.portal.add_invoice("", companyId=2)
    numbers = [
        site.portal.add_payment(DEAL, deal, place + 0.5, paid=paid)
        for place, deal in enumerate(deals)
    ]
    numbers.append(site.portal.add_payment(INVOICE, invoice, 7, paid=paid))
    lost, template, nobody = (
        site.portal.add_deal("", companyId=1, stageId="LOSE"),
        site.portal.add_deal("", companyId=1, isRecurring="Y"),
        site.portal.add_deal(""),
    )
    for deal in (lost, template, nobody):
        site.portal.add_payment(DEAL, deal, 9, paid=paid)
    # Returned, and without an order at all: the shop's list has both.
    returned = site.portal.add_payment(DEAL, deals[0], 11, paid=paid)
    site.portal.state.stores["payments"].rows[returned]["isReturn"] = "Y"
    stray = site.portal.add_payment(DEAL, deals[0], 12, paid=paid)
    site.portal.state.stores["payments"].rows[stray]["orderId"] = 0
    names, filters = choices(site, {(COMPANY, 3)})
    tally = Tally()
    pieces = list(shop_payments(site.client, names, filters, tally))
    assert [(after, upto) for after, upto, _ in pieces] == [(0, stray)]
    day = date(2026, 2, 1)
    expected = [
        Sale((COMPANY, 1 + n % 3), day, Decimal(f"{n}.5"), "RUB", f"P_{number}")
        for n, number in enumerate(numbers[:120])
        if n % 3 < 2
    ]
    expected.append(Sale((COMPANY, 2), day, Decimal(7), "RUB", f"P_{numbers[-1]}"))
    by_document = sorted(pieces[0][2], key=lambda one: int(one.document[2:]))
    assert by_document == expected
    assert dict(tally.counts) == {
        "no_customer": 42, "excluded_stage": 1, "template": 1, "not_paid": 1,
    }  # fmt: skip
    tally = Tally()
    rows = [
        {**item, "id": str(number)} for number, item in site.portal.state.tables[DEAL].rows.items()
    ]
    kept = [site.portal.state.stores["payments"].rows[one] for one in (returned, stray)]
    for one in kept:
        one["paid"] = "N"
    found = payments_of(site.client, DEAL, rows, names[DEAL], filters[DEAL], tally)
    assert sorted(found, key=lambda one: int(one.document[2:])) == expected[:-1]
    assert dict(tally.counts) == {
        "no_customer": 41, "excluded_stage": 1, "template": 1, "not_paid": 2,
    }  # fmt: skip
