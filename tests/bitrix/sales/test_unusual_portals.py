"""Sales of portals that behave in unusual ways."""

from __future__ import annotations

from typing import Any

import pytest
from tests.bitrix.source_helpers import YEAR, lines, many, read
from tests.emulators.bitrix24.harness import Rig
from tests.emulators.bitrix24.portal import COMPANY, CONTACT, DEAL, INVOICE
from tests.emulators.bitrix24.schema import PROCESS

from abcxyz.core.sales.transactions import concat
from abcxyz.errors import BadDataError, ConfigError
from abcxyz_bitrix.source import BitrixSource


@pytest.mark.parametrize("shop", [True, False])
def test_stages_and_templates_hold_for_payments(site: Rig, shop: bool) -> None:
    """Payments of excluded stages and of templates are no sales, in both ways of reading."""
    if not shop:
        site.portal.hook.scopes = frozenset({"crm"})
    funnel = site.portal.add_category("Опт")
    won = site.portal.stage("WON", funnel)
    paid = "2026-02-01T12:00:00+03:00"
    deals = [
        site.portal.add_won_deal(1, paid, company=1),
        site.portal.add_won_deal(1, paid, company=1, category=funnel),
        site.portal.add_won_deal(1, paid, company=1, isRecurring="Y"),
    ]
    for place, deal in enumerate(deals):
        site.portal.add_payment(DEAL, deal, 10**place, paid=paid)
    source = BitrixSource(client=site.client, basis="payments", exclude_stages=[won])
    assert lines(concat(source.transactions(YEAR))) == [("CO_1", "2026-02-01", 1.0)]
    assert source.tally.counts["template"] == source.tally.counts["excluded_stage"] == 1


def test_sales_that_never_moved_are_read(site: Rig) -> None:
    """A won deal without a time of its last move is read and counted, whatever the server does."""
    many(site, 60)
    whole = lines(read(site))
    won = [n for n, row in site.portal.state.tables[DEAL].rows.items() if row["stageId"] == "WON"]
    for number in won[:40:3]:
        site.portal.row(DEAL, number)["movedTime"] = None
    source = BitrixSource(client=site.client)
    assert lines(concat(source.transactions(YEAR))) == whole
    assert source.tally.counts["without_moved_time"] == 14
    site.portal.state.unfilterable.add("movedTime")
    assert lines(read(site)) == whole


def test_stages_that_name_their_semantics_in_extra_alone(site: Rig) -> None:
    """Paid invoices count where the list of stages fills in EXTRA only."""
    site.portal.add_paid_invoice(70, "2026-02-10T09:00:00+03:00", companyId=2)
    site.portal.state.extra_semantics_only = True
    assert lines(read(site, basis="invoices")) == [("CO_2", "2026-02-10", 70.0)]


def test_invoices_without_history_are_dated_by_their_move(site: Rig) -> None:
    """Where the stage history does not know invoices, the last move dates them."""
    site.portal.add_paid_invoice(70, "2026-02-10T09:00:00+03:00", companyId=2)
    site.portal.state.without_history = {INVOICE}
    source = BitrixSource(client=site.client, basis="invoices")
    assert lines(concat(source.transactions(YEAR))) == [("CO_2", "2026-02-10", 70.0)]
    assert [one.kind for one in source.data_quality().issues] == ["deals dated by their last move"]


@pytest.mark.parametrize("switch", ["order_ignored", "select_ignored"])
def test_portal_that_ignores_a_part_of_the_request_is_refused(site: Rig, switch: str) -> None:
    """Where order or selection are ignored nothing is read in part."""
    many(site, 120)
    setattr(site.portal.state, switch, True)
    with pytest.raises(BadDataError, match=r"ignores the (order|selection)"):
        read(site)


def test_portal_without_categories_of_customers(site: Rig) -> None:
    """An older portal has no vendors; its sales are read all the same."""
    site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1)
    site.portal.state.without_categories = {COMPANY, CONTACT}
    site.portal.state.unfilterable.add("isMyCompany")
    site.portal.row(COMPANY, 2)["isMyCompany"] = True
    site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=2)
    assert lines(read(site)) == [("CO_1", "2026-02-02", 1.0)]


def test_companies_need_no_right_to_contacts(site: Rig) -> None:
    """With ``customer = "company"`` nothing of contacts is requested."""
    site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1)
    read(site, customer="company")
    requests = [request.params for request in site.portal.journal.requests]
    assert not any(params.get("entityTypeId") in (CONTACT, str(CONTACT)) for params in requests)
    assert "entityTypeId=3" not in repr(requests)


def imported(site: Rig, count: int = 12) -> None:
    """Add deals of earlier months that were all won on the day of an import."""
    for number in range(count):
        site.portal.add_won_deal(1, "2026-04-20T12:00:00+03:00", company=1)
        row = site.portal.row(DEAL, number + 1)
        row["closedate"] = f"2026-0{number % 3 + 1}-15"


def test_imported_deals_have_their_closing_date(site: Rig) -> None:
    """Deals won on the day of an import are dated by the earlier closing date, and counted."""
    imported(site)
    site.portal.add_won_deal(9, "2026-04-21T12:00:00+03:00", company=2)
    source = BitrixSource(client=site.client)
    days = {day for _, day, _ in lines(concat(source.transactions(YEAR)))}
    assert days == {"2026-01-15", "2026-02-15", "2026-03-15", "2026-04-21"}
    assert source.tally.counts["imported"] == 12


def test_deals_closed_on_a_day_of_their_closing_date_stay(site: Rig) -> None:
    """Many deals won on one day whose closing date is that day were no import."""
    for _ in range(12):
        site.portal.add_won_deal(1, "2026-04-20T12:00:00+03:00", company=1)
    source = BitrixSource(client=site.client)
    assert {day for _, day, _ in lines(concat(source.transactions(YEAR)))} == {"2026-04-20"}
    assert any("12 of 12 sales lie on one day, 2026-04-20" in note for note in source.notes)


@pytest.mark.parametrize("dated_by", ["closed", "begin", "UF_CRM_SOLD"])
def test_a_field_dates_the_sales(site: Rig, dated_by: str) -> None:
    """An option names the field that holds the true day; a sale without it is counted."""
    site.portal.add_user_field(DEAL, "UF_CRM_SOLD", "date")
    field = {"closed": "closedate", "begin": "begindate", "UF_CRM_SOLD": "ufCrmSold"}[dated_by]
    for _ in range(2):
        site.portal.add_won_deal(1, "2026-04-20T12:00:00+03:00", company=1)
    site.portal.row(DEAL, 1)[field] = "2026-02-03"
    site.portal.row(DEAL, 2)[field] = None
    source = BitrixSource(client=site.client, dated_by=dated_by)
    assert lines(concat(source.transactions(YEAR))) == [("CO_1", "2026-02-03", 1.0)]
    assert source.tally.counts["no_date"] == 1


@pytest.mark.parametrize(
    "options", [{"dated_by": "moved"}, {"dated_by": "closed", "basis": "payments"}]
)
def test_wrong_date_field_is_refused(site: Rig, options: dict[str, Any]) -> None:
    """Other words, and payments, are refused before any request."""
    with pytest.raises(ConfigError, match="dated_by"):
        BitrixSource(client=site.client, **options)
    assert site.portal.journal.total == 0


@pytest.mark.parametrize("currency", ["rub", "Rub", "RUB"])
def test_currency_in_any_case(site: Rig, currency: str) -> None:
    """A currency is the same in lower case."""
    site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1)
    assert lines(read(site, currency=currency)) == [("CO_1", "2026-02-02", 1.0)]


def test_counters_survive_an_interruption(site: Rig, tmp_path: Any) -> None:
    """A resumed reading reports the quality of the whole."""
    many(site, 2100)
    whole = BitrixSource(client=site.client)
    list(whole.transactions(YEAR))
    path = tmp_path / "reading.sqlite"
    next(BitrixSource(client=site.client, checkpoint=path).transactions(YEAR))
    resumed = BitrixSource(client=site.client, checkpoint=path)
    list(resumed.transactions(YEAR))
    assert any("continuing" in note for note in resumed.notes)
    assert resumed.data_quality() == whole.data_quality()
    assert resumed.tally.counts == whole.tally.counts


def test_items_of_a_smart_process_are_sales(site: Rig) -> None:
    """Items of a smart process in a success stage count, each under its own document."""
    paid = "2026-02-10T09:00:00+03:00"
    site.portal.add_paid_invoice(70, paid, type_id=PROCESS, companyId=2)
    source = BitrixSource(client=site.client, basis={"process": PROCESS})
    sales = concat(source.transactions(YEAR))
    assert lines(sales) == [("CO_2", "2026-02-10", 70.0)]
    assert sales.document is not None
    assert sales.document.tolist() == ["T408_1"]
    assert source.preflight()


@pytest.mark.parametrize("basis", [{"process": 31}, {"process": 1032, "x": 1}, {}, "orders"])
def test_wrong_basis_lists_the_known_ones(site: Rig, basis: Any) -> None:
    """A basis that is neither known nor a smart process is refused before any request."""
    with pytest.raises(ConfigError, match=r"won, invoices, payments, or \{ process = 1032 \}"):
        BitrixSource(client=site.client, basis=basis)
