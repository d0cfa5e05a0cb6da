"""Sales out of rows: what was won, when, by whom, for how much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from attrs import define, field, frozen

from abcxyz_bitrix.crm.customers import Party, chooser, key_of, party_of
from abcxyz_bitrix.crm.entities import DEAL, INVOICE, Fields
from abcxyz_bitrix.crm.stages import Stages, won_moments
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import (
    Command,
    as_bool,
    as_day,
    as_decimal,
    as_id,
    as_moment,
    rows_at,
)
from abcxyz_bitrix.rest.lists import PAGE, Listing, Row, by_ids, first, scan

__all__ = ["CODES", "SHORT", "Sale", "Tally", "day_of", "payments_of", "won_sales"]

CODES = (
    "ID", "CATEGORY_ID", "STAGE_ID", "STAGE_SEMANTIC_ID", "COMPANY_ID", "CONTACT_ID",
    "CONTACT_IDS", "OPPORTUNITY", "CURRENCY_ID", "MOVED_TIME", "CLOSEDATE", "IS_RECURRING",
)  # fmt: skip
"""Fields that are read of a sale; nothing about people among them."""

SHORT: Mapping[int, str] = {DEAL: "D", INVOICE: "SI"}


@frozen
class Sale:
    """One sale, ready to be kept."""

    party: Party
    day: date
    amount: Decimal
    currency: str
    document: str
    cost: Decimal | None = None

    def pack(self) -> list[Any]:
        """Write it as plain values."""
        cost = None if self.cost is None else str(self.cost)
        return [
            key_of(self.party), self.day.isoformat(), str(self.amount), self.currency,
            self.document, cost,
        ]  # fmt: skip

    @classmethod
    def unpack(cls, kept: Sequence[Any]) -> Sale:
        """Read what `pack` wrote."""
        party = party_of(kept[0])
        assert party is not None
        cost = None if kept[5] is None else Decimal(kept[5])
        return cls(party, date.fromisoformat(kept[1]), Decimal(kept[2]), kept[3], kept[4], cost)


@define
class Tally:
    """What was left out and why, and where the day of a sale came from."""

    counts: Counter[str] = field(factory=Counter)

    def add(self, kind: str, many: int = 1) -> None:
        """Count."""
        if many:
            self.counts[kind] += many


def day_of(moment: datetime, zone: tzinfo | None) -> date:
    """Take the day of a moment in the business time zone; None is the portal's own."""
    return (moment if zone is None else moment.astimezone(zone)).date()


@frozen
class Choice:
    """Which objects count as sales.

    Parameters
    ----------
    funnels
        Numbers of the funnels.
    stages
        With their semantics.
    without
        Ids of stages that do not count.
    """

    stages: Stages
    funnels: frozenset[int]
    without: frozenset[str]
    out: set[Party]
    customer: str
    zone: tzinfo | None


def won_sales(
    client: Client, entity: int, rows: Iterable[Row], names: Fields, choice: Choice, tally: Tally
) -> list[Sale]:
    """Turn rows into sales with the real moment of closing.

    Parameters
    ----------
    rows
        Of ``crm.item.list``, whatever the server's filters let through.

    Notes
    -----
    The day comes from the last row of the stage history that says "won", else from the last
    move, else from the closing date, which the portal shows as midnight UTC.
    """
    get = _getter(names)
    choose = chooser(choice.customer, {code: names.find(code) for code in CODES}, choice.out)
    kept: list[tuple[int, Row, Party]] = []
    for row in rows:
        reason = _left_out(row, get, choice)
        if reason:
            tally.add(reason)
            continue
        party = choose(row)
        if party is None:
            tally.add("no_customer")
            continue
        kept.append((as_id(row["id"]), row, party))
    moments = won_moments(client, entity, [number for number, _, _ in kept])
    sales = []
    for number, row, party in kept:
        day = _closed(number, row, moments, get, choice.zone, tally)
        if day is None:
            tally.add("no_date")
            continue
        sales.append(
            Sale(
                party,
                day,
                as_decimal(get(row, "OPPORTUNITY"), f"{SHORT.get(entity, entity)}_{number}"),
                str(get(row, "CURRENCY_ID") or "?"),
                f"{SHORT.get(entity, f'T{entity:x}')}_{number}",
            )
        )
    return sales


def _getter(names: Fields) -> Callable[[Row, str], Any]:
    known = {code: names.find(code) for code in CODES}

    def get(row: Row, code: str) -> Any:
        name = known[code]
        return row.get(name) if name is not None else None

    return get


def _left_out(row: Row, get: Callable[[Row, str], Any], choice: Choice) -> str:
    """Say why a row is no sale; empty if it is one."""
    stage = choice.stages.by_id.get(str(get(row, "STAGE_ID")))
    if stage is None:
        return "deleted_stage"
    if (get(row, "STAGE_SEMANTIC_ID") or stage.semantics) != "S":
        return "not_won"
    if as_id(get(row, "CATEGORY_ID")) not in choice.funnels:
        return "other_funnel"
    if stage.id in choice.without:
        return "excluded_stage"
    if as_bool(get(row, "IS_RECURRING")):
        return "template"
    return ""


def _closed(
    number: int,
    row: Row,
    moments: Mapping[int, datetime],
    get: Callable[[Row, str], Any],
    zone: tzinfo | None,
    tally: Tally,
) -> date | None:
    if number in moments:
        tally.add("day_from_history")
        return day_of(moments[number], zone)
    moved = as_moment(get(row, "MOVED_TIME"))
    if moved is not None:
        tally.add("day_from_moved_time")
        return day_of(moved, zone)
    day = as_day(get(row, "CLOSEDATE"))
    if day is not None:
        tally.add("day_from_closedate")
    return day


# -- payments ---------------------------------------------------------------------------------


def payments_of(
    client: Client, entity: int, rows: Iterable[Row], names: Fields, choice: Choice, tally: Tally
) -> list[Sale]:
    """Read the payments of deals or invoices; one question per object, fifty to a request."""
    choose = chooser(choice.customer, {code: names.find(code) for code in CODES}, choice.out)
    get = _getter(names)
    owners: dict[int, Party] = {}
    for row in rows:
        party = choose(row)
        if party is None:
            tally.add("no_customer")
        elif as_bool(get(row, "IS_RECURRING")):
            tally.add("template")
        elif as_id(get(row, "CATEGORY_ID")) not in choice.funnels:
            tally.add("other_funnel")
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
        found = rows_at(first(outcome, "crm.item.payment.list").result, "", key)
        for row in found:
            sale = _payment(row, owners[int(key[1:])], choice.zone, tally)
            if sale is not None:
                sales[sale.document] = sale
    return list(sales.values())


def _payment(row: Row, party: Party, zone: tzinfo | None, tally: Tally) -> Sale | None:
    if not as_bool(row.get("paid")) or as_bool(row.get("isReturn")):
        tally.add("not_paid")
        return None
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
    choices: Mapping[int, Choice],
    tally: Tally,
) -> Iterable[tuple[int, int, list[Sale]]]:
    """Read payments of the shop by ascending id, and join them to deals over their orders.

    Yields
    ------
    tuple
        Id before the piece, id at its end, and its sales.
    """
    select = ("id", "orderId", "paid", "datePaid", "sum", "currency", "isReturn")
    listing = Listing(0, select, {"paid": "Y"}, "sale.payment.list", "payments")
    for piece in scan(client, listing):
        yield piece.after, piece.upto, _joined(client, piece.rows, names, choices, tally)


def _joined(
    client: Client,
    page: Sequence[Row],
    names: Mapping[int, Fields],
    choices: Mapping[int, Choice],
    tally: Tally,
) -> list[Sale]:
    orders = sorted({as_id(row.get("orderId")) for row in page} - {0})
    parties: dict[int, Party] = {}
    for entity, choice in choices.items():
        owners = _owners(client, entity, orders)
        fields, listing = names[entity], Listing(entity, tuple(names[entity].select(CODES)))
        choose = chooser(choice.customer, {code: fields.find(code) for code in CODES}, choice.out)
        get = _getter(fields)
        found = {
            as_id(row["id"]): party
            for row in by_ids(client, listing, sorted(set(owners.values())))
            if as_id(get(row, "CATEGORY_ID")) in choice.funnels
            and (party := choose(row)) is not None
        }
        parties.update({order: found[owner] for order, owner in owners.items() if owner in found})
    sales = []
    zone = next(iter(choices.values())).zone
    for row in page:
        party = parties.get(as_id(row.get("orderId")))
        if party is None:
            tally.add("no_customer")
            continue
        sale = _payment(row, party, zone, tally)
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
    found: dict[int, int] = {}
    for key, outcome in client.stream(commands.items()):
        result = first(outcome, "crm.orderentity.list").result
        for row in rows_at(result, "orderEntity", key):
            found[as_id(row.get("orderId"))] = as_id(row.get("ownerId"))
    return found
