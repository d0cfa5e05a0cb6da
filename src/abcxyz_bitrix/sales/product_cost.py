"""Cost of sales from the purchase prices of their products."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from attrs import evolve

from abcxyz_bitrix.crm.currencies import Money
from abcxyz_bitrix.crm.entities import short_of
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import Command, as_decimal, as_id, rows_at
from abcxyz_bitrix.rest.errors import MethodNotFoundError
from abcxyz_bitrix.rest.lists import PAGE, Row, cursor, first
from abcxyz_bitrix.rest.row_checks import check_among
from abcxyz_bitrix.sales.sale import Sale, Tally

__all__ = ["with_cost"]

_OWNERS = 10  # sales per request: their rows should fit a page


def with_cost(
    client: Client, entity: int, sales: Sequence[Sale], money: Money, tally: Tally
) -> list[Sale]:
    """Return the sales with the cost of their products; without products it is 0.

    Parameters
    ----------
    money
        Rates by which a purchase price in another currency is converted.
    tally
        Counts the sales whose cost is not known, for lack of a rate; it is None, not 0.

    Notes
    -----
    The purchase price is the one in the catalogue today.
    """
    ids = {int(sale.document.rpartition("_")[2]): sale for sale in sales}
    rows = list(_rows(client, short_of(entity), sorted(ids)))
    prices = _prices(client, sorted({as_id(row.get("productId")) for row in rows} - {0}))
    costs: dict[int, Decimal] = defaultdict(Decimal)
    unknown: set[int] = set()
    for row in rows:
        owner = as_id(row.get("ownerId"))
        price = prices.get(as_id(row.get("productId")))
        if owner not in ids or price is None:
            continue
        converted = money.between(*price, ids[owner].currency)
        if converted is None:
            unknown.add(owner)
        else:
            costs[owner] += converted * as_decimal(row.get("quantity"), "quantity")
    tally.add("unknown_cost", len(unknown))
    return [
        evolve(sale, cost=None if number in unknown else costs[number])
        for number, sale in ids.items()
    ]


def _rows(client: Client, short: str, ids: Sequence[int]) -> Iterable[Row]:
    parts = [list(ids[at : at + _OWNERS]) for at in range(0, len(ids), _OWNERS)]
    commands = {f"r{place}": _command(short, part) for place, part in enumerate(parts)}
    for key, outcome in client.stream(commands.items()):
        method = "crm.item.productrow.list"
        rows = rows_at(first(outcome, method).result, "productRows", method)
        check_among(rows, "ownerId", parts[int(key[1:])], method)
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


def _catalogs(client: Client) -> list[int]:
    """Return the numbers of the catalogues; [0] on a portal that lists none."""
    method = "catalog.catalog.list"
    try:
        answer = client.call(method, {"select": ["id", "iblockId"]})
    except MethodNotFoundError:
        return [0]
    rows = rows_at(answer.result, "catalogs", method)
    return sorted({as_id(row.get("iblockId")) for row in rows} - {0}) or [0]


def _prices(client: Client, products: Sequence[int]) -> dict[int, tuple[Decimal, str]]:
    method = "catalog.product.list"
    parts = [list(products[at : at + PAGE]) for at in range(0, len(products), PAGE)]
    catalogs = _catalogs(client) if parts else []
    commands = {
        f"{place}:{number}": Command(
            method,
            {
                "select": ["id", "iblockId", "purchasingPrice", "purchasingCurrency"],
                # A plain array means "one of"; the prefix @ is not known to every portal.
                "filter": {"id": part, **({"iblockId": number} if number else {})},
                "order": {"id": "ASC"},
            },
        )
        for place, part in enumerate(parts)
        for number in catalogs
    }
    prices: dict[int, tuple[Decimal, str]] = {}
    for key, outcome in client.stream(commands.items()):
        rows = rows_at(first(outcome, method).result, "products", method)
        check_among(rows, "id", parts[int(key.partition(":")[0])], method)
        for row in rows:
            number = as_id(row.get("id"))
            if row.get("purchasingPrice") not in (None, ""):
                price = as_decimal(row.get("purchasingPrice"), f"product {number}")
                prices[number] = (price, str(row.get("purchasingCurrency") or ""))
    return prices
