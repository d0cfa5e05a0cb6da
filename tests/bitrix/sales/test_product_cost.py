"""Cost of sales from purchase prices."""

from __future__ import annotations

from tests.bitrix.source_helpers import read
from tests.emulators.bitrix24.harness import Rig


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
    sales = read(site, cost="products")
    assert sales.cost is not None
    assert sales.cost.tolist() == [180.0, 0.0]
