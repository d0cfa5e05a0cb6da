"""Cost of sales from purchase prices."""

from __future__ import annotations

from tests.bitrix.source_helpers import YEAR, read
from tests.emulators.bitrix24.harness import Rig

from abcxyz_bitrix.source import BitrixSource


def sold(site: Rig) -> None:
    """Sell nails of the country, and screws bought in dollars."""
    site.portal.hook.scopes |= {"catalog"}
    nail = site.portal.add_product("гвоздь", 1.5)
    abroad = site.portal.add_product("винт", 9, currency="USD")
    for number in (1, 2):
        deal = site.portal.add_won_deal(100, f"2026-02-0{number}T12:00:00+03:00", company=number)
        for _ in range(60 if number == 1 else 0):
            site.portal.add_product_row("D", deal, nail, price=3, quantity=2)
        if number == 2:
            site.portal.add_product_row("D", deal, abroad, price=3, quantity=2)


def test_purchase_prices_become_cost(site: Rig) -> None:
    """With cost = products, a sale costs its goods at their purchase prices, by the rates."""
    sold(site)
    sales = read(site, cost="products", currency="RUB", rates={"USD": 90})
    assert sales.cost is not None
    assert sales.cost.tolist() == [180.0, 1620.0]


def test_purchase_prices_are_converted_by_the_rates_of_the_portal(site: Rig) -> None:
    """Without rates in the job those of the portal convert a purchase price."""
    sold(site)
    site.portal.add_currency("USD", 80)
    sales = read(site, cost="products")
    assert sales.cost is not None
    assert sales.cost.tolist() == [180.0, 1440.0]


def test_cost_without_a_rate_is_unknown_and_not_zero(site: Rig) -> None:
    """Without any rate the sale has no cost, which is counted, and its revenue stays."""
    sold(site)
    source = BitrixSource(client=site.client, cost="products")
    costed, other = list(source.transactions(YEAR))
    assert costed.cost is not None
    assert (costed.cost.tolist(), other.cost, other.amount.tolist()) == ([180.0], None, [100.0])
    assert [(one.kind, one.count) for one in source.data_quality().issues] == [
        ("sales whose purchase prices have no rate of exchange", 1)
    ]
