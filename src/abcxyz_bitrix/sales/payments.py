"""Payments of deals, invoices and the online shop as sales."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import Any

from abcxyz_bitrix.crm.customers import Party, chooser
from abcxyz_bitrix.crm.entities import Fields
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import Command, as_bool, as_decimal, as_id, as_moment, rows_at
from abcxyz_bitrix.rest.lists import PAGE, Listing, Row, by_ids, first, scan
from abcxyz_bitrix.rest.row_checks import check_among, check_fields
from abcxyz_bitrix.sales.sale import CODES, Sale, SaleFilter, Tally, day_of, getter

__all__ = ["payments_of", "shop_payments"]


def payments_of(
    client: Client,
    entity: int,
    rows: Iterable[Row],
    names: Fields,
    choice: SaleFilter,
    tally: Tally,
) -> list[Sale]:
    """Read the payments of deals or invoices: one command per object, fifty to a batch."""
    choose = chooser(choice.customer, {code: names.find(code) for code in CODES}, choice.out)
    get = getter(names)
    owners: dict[int, Party] = {}
    for row in rows:
        reason, party = _owner(row, get, choose, choice)
        if party is None:
            tally.add(reason)
        else:
            owners[as_id(row["id"])] = party
    commands = {
        f"p{number}": Command(
            "crm.item.payment.list", {"entityId": number, "entityTypeId": entity}
        )
        for number in owners
    }
    sales: dict[str, Sale] = {}
    for key, outcome in client.stream(commands.items()):
        for row in rows_at(first(outcome, "crm.item.payment.list").result, "", key):
            sale = _payment(row, owners[int(key[1:])], choice.zone, tally)
            if sale is not None:
                sales[sale.document] = sale
    return list(sales.values())


def _owner(
    row: Row,
    get: Callable[[Row, str], Any],
    choose: Callable[[Row], Party | None],
    choice: SaleFilter,
) -> tuple[str, Party | None]:
    """Return the customer of a payment's deal or invoice, or the reason why it is no sale."""
    if as_bool(get(row, "IS_RECURRING")):
        return "template", None
    if as_id(get(row, "CATEGORY_ID")) not in choice.funnels:
        return "other_funnel", None
    if str(get(row, "STAGE_ID")) in choice.without:
        return "excluded_stage", None
    return "no_customer", choose(row)


def _payment(row: Row, party: Party, zone: tzinfo | None, tally: Tally) -> Sale | None:
    if not as_bool(row.get("paid")) or as_bool(row.get("isReturn")):
        tally.add("not_paid")
        return None
    check_fields([row], ("sum", "datePaid"), "crm.item.payment.list")
    moment = as_moment(row.get("datePaid"))
    if moment is None:
        tally.add("no_date")
        return None
    number = as_id(row.get("id"))
    return Sale(
        party,
        day_of(moment, zone),
        as_decimal(row.get("sum"), f"P_{number}"),
        str(row.get("currency") or "?"),
        f"P_{number}",
    )


def shop_payments(
    client: Client,
    names: Mapping[int, Fields],
    choices: Mapping[int, SaleFilter],
    tally: Tally,
) -> Iterable[tuple[int, int, list[Sale]]]:
    """Read payments of the shop by ascending id, and join them to deals by their orders.

    Yields
    ------
    tuple
        Id before the piece, last id of the piece, and its sales.
    """
    select = ("id", "orderId", "paid", "datePaid", "sum", "currency", "isReturn")
    listing = Listing(0, select, {"paid": "Y"}, "sale.payment.list", "payments")
    for piece in scan(client, listing):
        yield piece.after, piece.upto, _joined(client, piece.rows, names, choices, tally)


def _joined(
    client: Client,
    page: Sequence[Row],
    names: Mapping[int, Fields],
    choices: Mapping[int, SaleFilter],
    tally: Tally,
) -> list[Sale]:
    orders = sorted({as_id(row.get("orderId")) for row in page} - {0})
    parties: dict[int, Party] = {}
    reasons: dict[int, str] = {}
    for entity, choice in choices.items():
        owners = _owners(client, entity, orders)
        fields, listing = names[entity], Listing(entity, tuple(names[entity].select(CODES)))
        choose = chooser(choice.customer, {code: fields.find(code) for code in CODES}, choice.out)
        get = getter(fields)
        by_owner = {
            as_id(row["id"]): _owner(row, get, choose, choice)
            for row in by_ids(client, listing, sorted(set(owners.values())))
        }
        for order, owner in owners.items():
            if owner in by_owner:
                reasons[order], party = by_owner[owner]
                if party is not None:
                    parties[order] = party
    sales = []
    zone = next(iter(choices.values())).zone
    for row in page:
        order = as_id(row.get("orderId"))
        if order not in parties:
            tally.add(reasons.get(order, "no_customer"))
            continue
        sale = _payment(row, parties[order], zone, tally)
        if sale is not None:
            sales.append(sale)
    return sales


def _owners(client: Client, entity: int, orders: Sequence[int]) -> dict[int, int]:
    """Find the deal or invoice behind each order."""
    commands = {
        f"o{at}": Command(
            "crm.orderentity.list",
            {
                "select": ["orderId", "ownerId"],
                "filter": {"=ownerTypeId": entity, "@orderId": list(orders[at : at + PAGE])},
                "order": {"orderId": "asc"},
            },
        )
        for at in range(0, len(orders), PAGE)
    }
    owners: dict[int, int] = {}
    for key, outcome in client.stream(commands.items()):
        result = first(outcome, "crm.orderentity.list").result
        rows = rows_at(result, "orderEntity", key)
        at = int(key[1:])
        check_among(rows, "orderId", orders[at : at + PAGE], "crm.orderentity.list")
        for row in rows:
            owners[as_id(row.get("orderId"))] = as_id(row.get("ownerId"))
    return owners
