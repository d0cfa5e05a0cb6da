"""The source, against an emulated portal over TCP."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.emulators.bitrix24.harness import START, Rig, free, rig
from tests.emulators.bitrix24.portal import COMPANY, CONTACT, DEAL, INVOICE, Portal, VirtualClock

from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.transactions import Transactions, concat
from abcxyz.errors import AuthenticationError, BadDataError, ConfigError
from abcxyz_bitrix.source import BitrixSource

YEAR = Window(date(2026, 1, 1), date(2026, 5, 1))
EVENING = "T23:30:00+03:00"


@pytest.fixture
def site() -> Iterator[Rig]:
    """Serve a portal with three companies and a contact."""
    with rig(limits=free()) as made:
        for title in ("Ромашка", "Лютик", "Василёк"):
            made.portal.add_company(title)
        made.portal.add_contact("Иван")
        yield made


def read(site: Rig, window: Window = YEAR, **options: Any) -> Transactions:
    """Read everything."""
    return concat(BitrixSource(client=site.client, **options).transactions(window))


def lines(found: Transactions) -> list[tuple[str, str, float]]:
    """Write transactions short."""
    days = [str(day) for day in found.day]
    return sorted(zip(found.customer.tolist(), days, found.amount.tolist(), strict=True))


# -- what counts --------------------------------------------------------------------------------


def test_won_deal_counts_on_its_day(site: Rig) -> None:
    """A deal won late in the evening belongs to that day of the portal."""
    site.portal.add_won_deal(1500.5, f"2026-03-31{EVENING}", company=1)
    assert lines(read(site)) == [("CO_1", "2026-03-31", 1500.5)]


def test_business_zone_decides_the_day(site: Rig) -> None:
    """With a time zone of the business the day is counted there."""
    site.portal.add_won_deal(10, f"2026-03-31{EVENING}", company=1)
    found = read(site, timezone="Asia/Vladivostok")
    assert lines(found) == [("CO_1", "2026-04-01", 10.0)]


def test_open_and_lost_deals_do_not_count(site: Rig) -> None:
    """Only deals that are won now are sales."""
    site.portal.add_deal("открыта", companyId=1, opportunity=5)
    lost = site.portal.add_won_deal(7, "2026-02-02T10:00:00+03:00", company=1)
    site.portal.move(DEAL, lost, "LOSE", at="2026-02-03T10:00:00+03:00")
    assert lines(read(site)) == []


def test_deal_won_twice_counts_once_at_the_last_win(site: Rig) -> None:
    """A deal reopened and won again counts in one window only, the later one."""
    deal = site.portal.add_won_deal(9, "2026-01-15T10:00:00+03:00", company=2)
    site.portal.move(DEAL, deal, "NEW", at="2026-02-01T10:00:00+03:00")
    site.portal.move(DEAL, deal, "WON", at="2026-03-15T10:00:00+03:00")
    january = Window(date(2026, 1, 1), date(2026, 2, 1))
    assert lines(read(site, january)) == []
    assert lines(read(site)) == [("CO_2", "2026-03-15", 9.0)]


def test_later_move_between_won_stages_keeps_the_day(site: Rig) -> None:
    """The stage history wins over the last move of the deal."""
    deal = site.portal.add_won_deal(9, "2026-01-15T10:00:00+03:00", company=2)
    site.portal.row(DEAL, deal)["movedTime"] += 40 * 86400.0
    assert lines(read(site)) == [("CO_2", "2026-01-15", 9.0)]


def test_move_stands_in_for_missing_history(site: Rig) -> None:
    """Without a row in the history the last move dates the sale, and this is counted."""
    site.portal.state.history_on_final_create = False
    moment = site.portal.state.zone.seconds("2026-02-20T01:00:00+03:00")
    site.portal.add_deal("", companyId=1, opportunity=3, stageId="WON", createdTime=moment)
    source = BitrixSource(client=site.client)
    assert lines(concat(source.transactions(YEAR))) == [("CO_1", "2026-02-20", 3.0)]
    assert source.tally.counts["day_from_moved_time"] == 1


def test_closing_date_is_never_shifted(site: Rig) -> None:
    """As a last resort the closing date counts as it is written: midnight UTC is no evening."""
    site.portal.state.history_on_final_create = False
    deal = site.portal.add_deal(
        "", companyId=1, opportunity=3, stageId="WON", closedate="2026-02-20"
    )
    site.portal.row(DEAL, deal)["movedTime"] = None
    site.portal.state.ignored_filters.add("movedTime")
    source = BitrixSource(client=site.client, timezone="America/New_York")
    assert lines(concat(source.transactions(YEAR))) == [("CO_1", "2026-02-20", 3.0)]
    assert source.tally.counts["day_from_closedate"] == 1


def test_funnels_are_chosen_by_name(site: Rig) -> None:
    """Only the named funnels count, whatever the case of the name."""
    funnel = site.portal.add_category("Опт")
    site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1)
    site.portal.add_won_deal(2, "2026-02-02T10:00:00+03:00", company=1, category=funnel)
    assert lines(read(site, funnels=["опт"])) == [("CO_1", "2026-02-02", 2.0)]
    assert lines(read(site, funnels=[0])) == [("CO_1", "2026-02-02", 1.0)]
    assert len(read(site)) == 2


def test_unknown_funnel_names_the_known_ones(site: Rig) -> None:
    """A typo in a funnel lists what the portal has."""
    site.portal.add_category("Опт")
    with pytest.raises(ConfigError, match="'Опт'"):
        read(site, funnels=["Опту"])


def test_stages_are_excluded(site: Rig) -> None:
    """A won stage can be left out by its id or its name."""
    site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1)
    assert lines(read(site, exclude_stages=["WON"])) == []
    with pytest.raises(ConfigError, match="there is no stage 'Won'"):
        read(site, exclude_stages=["Won"])


def test_deleted_stage_is_left_out_and_counted(site: Rig) -> None:
    """A deal in a stage that no longer exists is not guessed at."""
    funnel = site.portal.add_category("Опт")
    site.portal.add_won_deal(2, "2026-02-02T10:00:00+03:00", company=1, category=funnel)
    site.portal.delete_stage(site.portal.stage("WON", funnel))
    source = BitrixSource(client=site.client)
    assert len(concat(source.transactions(YEAR))) == 0
    assert source.tally.counts["deleted_stage"] == 1


def test_templates_do_not_count(site: Rig) -> None:
    """A template of recurring deals is no sale."""
    site.portal.add_won_deal(2, "2026-02-02T10:00:00+03:00", company=1, isRecurring="Y")
    assert lines(read(site)) == []


# -- who the customer is ------------------------------------------------------------------------


def test_company_and_contact_stay_apart(site: Rig) -> None:
    """Company 1 and contact 1 are two customers; a deal without either is counted."""
    site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1, contact=1)
    site.portal.add_won_deal(2, "2026-02-03T10:00:00+03:00", contact=1)
    site.portal.add_won_deal(4, "2026-02-04T10:00:00+03:00")
    source = BitrixSource(client=site.client)
    assert lines(concat(source.transactions(YEAR))) == [
        ("CO_1", "2026-02-02", 1.0),
        ("C_1", "2026-02-03", 2.0),
    ]
    assert source.tally.counts["no_customer"] == 1


@pytest.mark.parametrize(("customer", "amounts"), [("company", [1.0]), ("contact", [1.0, 2.0])])
def test_customer_is_chosen(site: Rig, customer: str, amounts: list[float]) -> None:
    """Sales may be counted for companies only, or for contacts only."""
    site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1, contact=1)
    site.portal.add_won_deal(2, "2026-02-03T10:00:00+03:00", contact=1)
    assert sorted(read(site, customer=customer).amount.tolist()) == amounts


def test_own_companies_are_no_customers(site: Rig) -> None:
    """Sales to one's own company, or to a vendor, are left out."""
    own = site.portal.add_company("Мы", isMyCompany="Y")
    vendors = site.portal.add_category(
        "Поставщики", type_id=COMPANY, code="CATALOG_CONTRACTOR_COMPANY"
    )
    vendor = site.portal.add_company("Поставщик", categoryId=vendors)
    for company in (own, vendor, 1):
        site.portal.add_won_deal(company, "2026-02-02T10:00:00+03:00", company=company)
    assert lines(read(site)) == [("CO_1", "2026-02-02", 1.0)]


def test_field_may_be_the_key(site: Rig) -> None:
    """A field of the customer can be the key; who lacks it keeps the id."""
    site.portal.row(COMPANY, 1)["originId"] = "1С-000017"
    for company in (1, 2):
        site.portal.add_won_deal(company, "2026-02-02T10:00:00+03:00", company=company)
    source = BitrixSource(client=site.client, customer_id="origin_id")
    found = concat(source.transactions(YEAR))
    assert sorted(found.customer.tolist()) == ["1С-000017", "CO_2"]
    assert source.tally.counts["without_key"] == 1


def test_contacts_may_lack_the_field_of_the_key(site: Rig) -> None:
    """A key field of companies alone leaves contacts under their ids; none at all is an error."""
    site.client.call(
        "crm.company.userfield.add",
        {"fields": {"FIELD_NAME": "CODE_1C", "USER_TYPE_ID": "string"}},
    )
    name = next(f for f in site.portal.state.kinds[COMPANY].fields.values() if f.user).name
    site.portal.row(COMPANY, 1)[name] = "17"
    site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1)
    site.portal.add_won_deal(2, "2026-02-02T10:00:00+03:00", contact=1)
    found = read(site, customer_id="UF_CRM_CODE_1C")
    assert sorted(found.customer.tolist()) == ["17", "C_1"]
    with pytest.raises(BadDataError, match="UF_CRM_CODE_1D"):
        read(site, customer_id="UF_CRM_CODE_1D")


# -- money --------------------------------------------------------------------------------------


def test_second_currency_is_refused_by_name(site: Rig) -> None:
    """Amounts in several currencies are never added; the error names all that were found."""
    for code in ("USD", "EUR"):
        site.portal.add_currency(code, 90)
    for n, code in enumerate(("RUB", "USD", "EUR")):
        site.portal.add_won_deal(n, "2026-02-02T10:00:00+03:00", company=1, currencyId=code)
    with pytest.raises(BadDataError, match="EUR, RUB, USD"):
        read(site)


def test_table_of_rates_converts(site: Rig) -> None:
    """An explicit table converts; a currency that is not in it is refused."""
    site.portal.add_currency("USD", 1)
    site.portal.add_won_deal(2, "2026-02-02T10:00:00+03:00", company=1, currencyId="USD")
    site.portal.add_won_deal(3, "2026-02-03T10:00:00+03:00", company=1)
    found = read(site, currency="RUB", rates={"USD": 92.5})
    assert lines(found) == [("CO_1", "2026-02-02", 185.0), ("CO_1", "2026-02-03", 3.0)]
    with pytest.raises(BadDataError, match="USD"):
        read(site, currency="RUB")


def test_portal_rates_convert_with_a_warning(site: Rig) -> None:
    """The portal's rates count per their number of units, and are said to be today's."""
    site.portal.add_currency("KZT", 18.0, count=100)
    site.portal.add_won_deal(1000, "2026-02-02T10:00:00+03:00", company=1, currencyId="KZT")
    source = BitrixSource(client=site.client, currency="portal")
    assert concat(source.transactions(YEAR)).amount.tolist() == [180.0]
    assert any("not of the day" in note for note in source.notes)


@pytest.mark.parametrize("rate", [0, -1, "nan", True, "ten"])
def test_nonsense_rates_are_refused(site: Rig, rate: object) -> None:
    """A rate is a positive number."""
    with pytest.raises(ConfigError, match="the rate of USD"):
        BitrixSource(client=site.client, currency="RUB", rates={"USD": rate})  # type: ignore[dict-item]


# -- invoices and payments ----------------------------------------------------------------------


def test_paid_invoices_count(site: Rig) -> None:
    """A smart invoice counts on the day of its success stage."""
    site.portal.add_paid_invoice(70, "2026-02-10T09:00:00+03:00", companyId=2)
    site.portal.add_invoice("", companyId=2, opportunity=1)
    assert lines(read(site, basis="invoices")) == [("CO_2", "2026-02-10", 70.0)]


@pytest.mark.parametrize("shop", [True, False])
def test_payments_count_on_their_own_day(site: Rig, shop: bool) -> None:
    """Paid payments of deals and invoices count, whether the shop's list may be read or not."""
    if not shop:
        site.portal.hook.scopes = frozenset({"crm"})
    deal = site.portal.add_deal("", companyId=1, opportunity=100)
    invoice = site.portal.add_invoice("", companyId=2, opportunity=7)
    site.portal.add_payment(DEAL, deal, 30, paid=f"2026-02-01{EVENING}")
    site.portal.add_payment(DEAL, deal, 20, paid=f"2026-05-01{EVENING}")
    site.portal.add_payment(DEAL, deal, 50)
    undone = site.portal.add_payment(DEAL, deal, 60, paid="2026-02-05T12:00:00+03:00")
    site.portal.state.stores["payments"].rows[undone]["paid"] = "N"
    site.portal.add_payment(INVOICE, invoice, 7, paid="2026-03-01T00:00:00+03:00")
    source = BitrixSource(client=site.client, basis="payments")
    assert lines(concat(source.transactions(YEAR))) == [
        ("CO_1", "2026-02-01", 30.0),
        ("CO_2", "2026-03-01", 7.0),
    ]
    assert any("no scope sale" in note for note in source.notes) == (not shop)


def test_many_payments_are_joined_to_their_deals(site: Rig) -> None:
    """Hundreds of payments, several to a deal, are each counted once."""
    for number in range(600):
        deal = site.portal.add_deal("", companyId=1 + number % 3)
        for _ in range(1 + number % 2):
            site.portal.add_payment(DEAL, deal, 1, paid="2026-02-01T12:00:00+03:00")
    assert float(read(site, basis="payments").amount.sum()) == 900.0


def test_purchase_prices_become_cost(site: Rig) -> None:
    """With cost = products, a sale costs its goods at their purchase prices."""
    site.portal.hook.scopes |= {"catalog"}
    nail = site.portal.add_product("гвоздь", 1.5)
    abroad = site.portal.add_product("винт", 9, currency="USD")
    for number in (1, 2):
        deal = site.portal.add_won_deal(100, f"2026-02-0{number}T12:00:00+03:00", company=number)
        for _ in range(60 if number == 1 else 0):
            site.portal.add_product_row("D", deal, nail, price=3, quantity=2)
        site.portal.add_product_row("D", deal, abroad, price=3)
    found = read(site, cost="products")
    assert found.cost is not None
    assert found.cost.tolist() == [180.0, 0.0]


def test_tax_number_may_be_the_key(site: Rig) -> None:
    """Requisites give the key; of several the oldest filled one, so that it never changes."""
    site.portal.add_requisite(COMPANY, 1, inn="")
    site.portal.add_requisite(COMPANY, 1, inn="7707083893")
    site.portal.add_requisite(COMPANY, 1, inn="1111111111")
    site.portal.add_requisite(CONTACT, 1, inn="500100732259")
    site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1)
    site.portal.add_won_deal(2, "2026-02-02T10:00:00+03:00", company=2)
    site.portal.add_won_deal(3, "2026-02-02T10:00:00+03:00", contact=1)
    assert lines(read(site, customer_id="inn")) == [
        ("500100732259", "2026-02-02", 3.0),
        ("7707083893", "2026-02-02", 1.0),
        ("CO_2", "2026-02-02", 2.0),
    ]


def test_account_of_quality_tells_what_was_left_out(site: Rig) -> None:
    """After a reading the source tells what it met, what it left out and how it dated sales."""
    site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1)
    site.portal.add_won_deal(2, "2025-02-02T10:00:00+03:00", company=1)
    site.portal.add_won_deal(4, "2026-02-04T10:00:00+03:00")
    site.portal.state.ignored_filters.add("movedTime")
    source = BitrixSource(client=site.client)
    assert len(concat(source.transactions(YEAR))) == 1
    quality = source.data_quality()
    assert (quality.rows, quality.used) == (3, 2)
    assert [(one.kind, one.count, one.treatment) for one in quality.issues] == [
        ("no_customer", 1, "left_out")
    ]


def test_companies_are_named_and_people_are_not(site: Rig) -> None:
    """On request the titles of companies that bought come along; contacts stay numbers."""
    site.portal.add_requisite(COMPANY, 1, inn="7707083893")
    site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1)
    site.portal.add_won_deal(2, "2026-02-02T10:00:00+03:00", contact=1)
    source = BitrixSource(client=site.client, names=True, customer_id="inn")
    list(source.transactions(YEAR))
    assert source.customer_names() == {"7707083893": "Ромашка"}


# -- windows, filters, interruptions ------------------------------------------------------------


def many(site: Rig, count: int, seed: int = 5) -> None:
    """Make won deals on random days, with gaps among their ids."""
    random_ = random.Random(seed)
    for number in range(count):
        day = date(2025, 12, 20) + timedelta(days=random_.randrange(150))
        if random_.random() < 0.3:
            site.portal.add_deal("", companyId=1)
        site.portal.add_won_deal(
            number + 1, f"{day}T{random_.randrange(24):02}:59:59+03:00",
            company=random_.randint(1, 3),
        )  # fmt: skip


def test_halves_add_up_to_the_whole(site: Rig) -> None:
    """Split anywhere, two windows hold exactly the sales of the whole one."""
    many(site, 400)
    whole = lines(read(site))
    assert len(whole) > 250
    for day in (date(2026, 1, 2), date(2026, 2, 28), date(2026, 4, 30)):
        halves = read(site, Window(YEAR.since, day)), read(site, Window(day, YEAR.until))
        assert sorted(lines(halves[0]) + lines(halves[1])) == whole


@pytest.mark.parametrize("name", ["stageSemanticId", "movedTime"])
@pytest.mark.parametrize("how", ["refused", "ignored"])
def test_server_filters_only_save_traffic(site: Rig, name: str, how: str) -> None:
    """A filter that the portal refuses or ignores changes no result, and is noted."""
    many(site, 200)
    expected = lines(read(site))
    (
        site.portal.state.unfilterable if how == "refused" else site.portal.state.ignored_filters
    ).add(name)
    source = BitrixSource(client=site.client)
    assert lines(concat(source.transactions(YEAR))) == expected
    assert bool(source.notes) == (how == "refused" or name == "movedTime")


def test_stuck_cursor_is_an_error(site: Rig) -> None:
    """A portal that ignores the condition on the id is refused, not read for ever."""
    many(site, 120)
    site.portal.state.stuck_cursor = True
    with pytest.raises(BadDataError, match="ignores the condition on the id"):
        read(site)


def test_dense_history_is_read_whole(site: Rig) -> None:
    """Deals won so often that their history fills several pages still get their last win."""
    for _ in range(3):
        site.portal.add_won_deal(1, "2026-01-05T10:00:00+03:00", company=1)
    for turn in range(40):
        day = date(2026, 1, 6) + timedelta(days=turn)
        for deal in (1, 2, 3):
            site.portal.move(DEAL, deal, "NEW", at=f"{day}T10:00:00+03:00")
            site.portal.move(DEAL, deal, "WON", at=f"{day}T11:00:00+03:00")
    assert {day for _, day, _ in lines(read(site))} == {"2026-02-14"}


def test_texts_and_numbers_are_both_read(site: Rig) -> None:
    """A stage history of texts gives the same result as one of numbers."""
    many(site, 60)
    expected = lines(read(site))
    site.portal.state.history_texts = True
    assert lines(read(site)) == expected


def test_reading_resumes_behind_a_crash(site: Rig, tmp_path: Path) -> None:
    """After a crash at any piece, reading goes on there; no deal is lost or doubled."""
    many(site, 9000)
    path = tmp_path / "kept" / "reading.sqlite"
    expected = lines(read(site))
    before = site.portal.journal.run["crm.stagehistory.list"]
    for crash in (1, 2, 3):
        broken = BitrixSource(client=site.client, checkpoint=path).transactions(YEAR)
        for _ in range(crash):
            next(broken)
        del broken
    source = BitrixSource(client=site.client, checkpoint=path)
    start = site.portal.journal.run["crm.stagehistory.list"]
    assert lines(concat(source.transactions(YEAR))) == expected
    assert any("continuing" in note for note in source.notes)
    assert site.portal.journal.run["crm.stagehistory.list"] - start < before / 2
    assert not path.exists()


def test_checkpoint_of_another_question_is_not_used(site: Rig, tmp_path: Path) -> None:
    """A checkpoint fits only the same question, and only for a day."""
    many(site, 3000)
    path = tmp_path / "reading.sqlite"
    next(BitrixSource(client=site.client, checkpoint=path).transactions(YEAR))
    other = Window(YEAR.since, date(2026, 3, 1))
    assert lines(read(site, other, checkpoint=path)) == lines(read(site, other))
    next(BitrixSource(client=site.client, checkpoint=path).transactions(YEAR))
    site.clock.advance(86400.0)
    source = BitrixSource(client=site.client, checkpoint=path)
    assert lines(concat(source.transactions(YEAR))) == lines(read(site))
    assert source.notes == []


def test_checkpoint_holds_no_secret(site: Rig, tmp_path: Path) -> None:
    """The checkpoint on disk knows nothing of the webhook's secret."""
    many(site, 3000)
    path = tmp_path / "reading.sqlite"
    next(BitrixSource(client=site.client, checkpoint=path).transactions(YEAR))
    assert site.portal.hook.secret.encode() not in path.read_bytes()


def test_sudden_density_loses_nothing(site: Rig) -> None:
    """Behind a stretch of sparse ids the windows are wide; where ids get dense, none is cut."""
    for number in range(9000):
        site.portal.add_deal("", companyId=1)
        if number % 300 == 0:
            site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=2)
    for _ in range(1500):
        site.portal.add_won_deal(1, "2026-02-03T10:00:00+03:00", company=1)
    start = site.portal.journal.total
    assert float(read(site).amount.sum()) == 1530.0
    assert site.portal.journal.total - start < 40


def test_new_deals_shift_nothing(site: Rig) -> None:
    """Deals won while the reading goes on neither double nor hide any other."""
    many(site, 6000)
    expected = lines(read(site))
    found = []
    for batch in BitrixSource(client=site.client).transactions(YEAR):
        found += lines(batch)
        site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1)
    assert sorted(found) == expected


# -- options and rights -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"basis": "orders"}, "won, invoices, payments"),
        ({"customer": "person"}, "company-or-contact"),
        ({"timezone": "Mars/Olympus"}, "Europe/Moscow"),
        ({"cost": "guess"}, "products"),
        ({"currency": "portal", "rates": {"USD": 1}}, "exclude each other"),
    ],
)
def test_wrong_options_say_what_is_right(site: Rig, options: dict[str, Any], said: str) -> None:
    """An option that is not understood is refused before any request."""
    with pytest.raises(ConfigError, match=said):
        BitrixSource(client=site.client, **options)
    assert site.portal.journal.total == 0


def test_missing_scope_is_named() -> None:
    """The preflight names the scope that the webhook lacks."""
    portal = Portal(clock=VirtualClock(START))
    portal.hook.scopes = frozenset({"im"})
    with rig(portal) as site, pytest.raises(AuthenticationError, match="scope crm"):
        BitrixSource(client=site.client).preflight()


def test_clock_west_of_greenwich_needs_consent() -> None:
    """Where the portal may show dates a day early, somebody has to look first."""
    with rig(zone=-5) as site:
        with pytest.raises(ConfigError, match="dates_as_shown"):
            read(site)
        assert len(read(site, dates_as_shown=True)) == 0


def test_repr_shows_no_secret(site: Rig) -> None:
    """A source names its portal and no more."""
    shown = repr(BitrixSource(client=site.client))
    assert "won" in shown
    assert site.portal.hook.secret not in shown


def test_names_of_fields_are_asked_once(site: Rig) -> None:
    """The names of fields are taken from the portal, once for each type of objects."""
    many(site, 100)
    read(site, names=True, customer_id="origin_id")
    assert site.portal.journal.run["crm.item.fields"] == 3  # deals, companies, contacts


def test_people_are_not_read(site: Rig) -> None:
    """Nothing about people is asked for, and never everything."""
    site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1)
    site.portal.add_paid_invoice(2, "2026-02-10T09:00:00+03:00", companyId=2)
    read(site)
    read(site, basis="invoices")
    asked = repr([request.params for request in site.portal.journal.requests])
    assert "*" not in asked.replace("%2A", "*")
    for word in ("phone", "email", "comments", "title"):
        assert word not in asked.lower()
    assert site.portal.row(CONTACT, 1) is not None
    assert site.portal.row(INVOICE, 1) is not None
