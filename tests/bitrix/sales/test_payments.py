"""Invoices and payments as sales."""

from __future__ import annotations

import pytest
from tests.bitrix.source_helpers import EVENING, YEAR, lines, read
from tests.emulators.bitrix24.harness import Rig
from tests.emulators.bitrix24.portal import DEAL, INVOICE

from abcxyz.core.sales.transactions import concat
from abcxyz_bitrix.source import BitrixSource


def test_paid_invoices_count(site: Rig) -> None:
    """A smart invoice counts on the day of its success stage."""
    site.portal.add_paid_invoice(70, "2026-02-10T09:00:00+03:00", companyId=2)
    site.portal.add_invoice("", companyId=2, opportunity=1)
    assert lines(read(site, basis="invoices")) == [("CO_2", "2026-02-10", 70.0)]


@pytest.mark.parametrize("shop", [True, False])
def test_payments_count_on_the_day_of_payment(site: Rig, shop: bool) -> None:
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


def test_orders_are_asked_for_a_page_at_a_time(site: Rig) -> None:
    """Once for deals and once for invoices; a payment without an order is asked for by none."""
    for number in range(50):
        deal = site.portal.add_deal("", companyId=1 + number % 3)
        site.portal.add_payment(DEAL, deal, 1, paid="2026-02-01T12:00:00+03:00")
    site.portal.journal.run.clear()
    assert float(read(site, basis="payments").amount.sum()) == 50.0
    assert site.portal.journal.run["crm.orderentity.list"] == 2
