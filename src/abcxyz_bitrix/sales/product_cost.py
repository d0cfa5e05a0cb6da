"""Cost of sales from the purchase prices of their products."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from attrs import evolve

from abcxyz_bitrix.crm.entities import SHORT
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import Command, as_decimal, as_id, rows_at
from abcxyz_bitrix.rest.lists import PAGE, Row, cursor, first
from abcxyz_bitrix.sales.sale import Sale

__all__ = ["with_cost"]

_OWNERS = 10  # sales per request: their rows should fit a page


def with_cost(client: Client, entity: int, sales: Sequence[Sale]) -> list[Sale]:
    """Return the sales with the cost of their products; without products it is 0.

    Notes
    -----
    The purchase price is the one in the catalogue today; a price in another currency than the
    sale's does not count.
    """
    ids = {int(sale.document.rpartition("_")[2]): sale for sale in sales}
    rows = list(_rows(client, SHORT[entity], sorted(ids)))
    prices = _prices(client, sorted({as_id(row.get("productId")) for row in rows} - {0}))
    costs: dict[int, Decimal] = defaultdict(Decimal)
    for row in rows:
        owner = as_id(row.get("ownerId"))
        price = prices.get(as_id(row.get("productId")))
        if owner in ids and price is not None and price[1] in ("", ids[owner].currency):
            costs[owner] += price[0] * as_decimal(row.get("quantity"), "quantity")
    return [evolve(sale, cost=costs[number]) for number, sale in ids.items()]


def _rows(client: Client, short: str, ids: Sequence[int]) -> Iterable[Row]:
    parts = [list(ids[at : at + _OWNERS]) for at in range(0, len(ids), _OWNERS)]
    commands = {f"r{place}": _command(short, part) for place, part in enumerate(parts)}
    for key, outcome in client.stream(commands.items()):
        method = "crm.item.productrow.list"
        rows = rows_at(first(outcome, method).result, "productRows", method)
        if len(rows) < PAGE:
            yield from rows
        else:
            again = _command(short, parts[int(key[1:])])
            yield from cursor(client, method, again.params, at="productRows", id_name="id")


def _command(short: str, owners: Sequence[int]) -> Command:
    return Command(
        "crm.item.productrow.list",
        {"filter": {"=ownerType": short, "=ownerId": list(owners)}, "order": {"id": "ASC"}},
    )


def _prices(client: Client, products: Sequence[int]) -> dict[int, tuple[Decimal, str]]:
    method = "catalog.product.list"
    commands = {
        f"p{at}": Command(
            method,
            {
                "select": ["id", "iblockId", "purchasingPrice", "purchasingCurrency"],
                "filter": {"@id": list(products[at : at + PAGE])},
                "order": {"id": "ASC"},
            },
        )
        for at in range(0, len(products), PAGE)
    }
    prices: dict[int, tuple[Decimal, str]] = {}
    for _, outcome in client.stream(commands.items()):
        for row in rows_at(first(outcome, method).result, "products", method):
            number = as_id(row.get("id"))
            if row.get("purchasingPrice") not in (None, ""):
                price = as_decimal(row.get("purchasingPrice"), f"product {number}")
                prices[number] = (price, str(row.get("purchasingCurrency") or ""))
    return prices
