"""Source of sales: won deals, invoices or payments of a Bitrix24 portal."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from abcxyz import CrmFacts, Quality, Transactions, Window
from abcxyz.errors import AuthenticationError, ConfigError
from abcxyz.plugins import Flat
from abcxyz_bitrix.connection import NO_CONNECTION, Connection
from abcxyz_bitrix.crm.currencies import Money, portal_rates
from abcxyz_bitrix.crm.customers import Keys, Party, check_customer, excluded
from abcxyz_bitrix.crm.entities import COMPANY, CONTACT, DEAL, INVOICE, Fields, fields_of
from abcxyz_bitrix.crm.facts import FactsReader, check_facts
from abcxyz_bitrix.crm.stages import load_stages
from abcxyz_bitrix.preflight import check_access
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import as_id, as_moment
from abcxyz_bitrix.rest.errors import MethodNotFoundError
from abcxyz_bitrix.rest.lists import Listing, bounds, by_ids, narrow, scan
from abcxyz_bitrix.sales.checkpoint import checkpoints, fingerprint
from abcxyz_bitrix.sales.estimate import Estimate, Load, estimate, reading
from abcxyz_bitrix.sales.payments import payments_of, shop_payments
from abcxyz_bitrix.sales.product_cost import with_cost
from abcxyz_bitrix.sales.sale import CODES, Sale, SaleFilter, Tally
from abcxyz_bitrix.sales.won import won_sales
from abcxyz_bitrix.words import message

__all__ = ["BASES", "BitrixSource"]

_LOG = logging.getLogger("abcxyz_bitrix")

BASES: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {"won": (DEAL,), "invoices": (INVOICE,), "payments": (DEAL, INVOICE)}
)
"""Basis of sales -> types of objects to read."""

_Piece = tuple[int, int, int, list[Sale]]  # type of objects, after, up to, sales


class BitrixSource:
    """Source of the sales of a portal, and of facts for alerts.

    Parameters
    ----------
    connection
        How to reach the portal; its fields are keys of a job.
    basis
        ``won`` deals, paid ``invoices``, or ``payments``.
    customer
        ``company``, ``contact`` or ``company-or-contact``.
    customer_id
        ``id``, ``inn``, ``requisite:RQ_…``, ``origin_id`` or the code of a field, so that other
        systems use the same key.
    funnels
        Names or numbers; empty means all.
    exclude_stages
        Names or ids of won stages that do not count.
    currency, rates
        ``one`` refuses a second currency; a code such as ``RUB`` with rates converts;
        ``portal`` uses the rates of the portal, which are those of today.
    checkpoint
        File by which an interrupted reading is resumed within a day.
    timezone
        Time zone of the business, such as ``Europe/Moscow``; by default that of the portal.
    cost
        ``products`` takes the purchase prices of the products as cost.
    names
        Read the titles of companies for reports; people are never named.
    dates_as_shown
        Accept that a portal west of Greenwich may show dates a day early.
    facts
        Facts for alerts, as in `BitrixEnricher`, which is read instead where there is one.
    client
        A ready client instead of a connection.

    Raises
    ------
    ConfigError
        An option is not understood.
    """

    def __init__(
        self,
        connection: Flat[Connection] = NO_CONNECTION,
        *,
        basis: str = "won",
        customer: str = "company-or-contact",
        customer_id: str = "id",
        funnels: Sequence[str | int] = (),
        exclude_stages: Sequence[str] = (),
        currency: str = "one",
        rates: Mapping[str, float] | None = None,
        checkpoint: Path | None = None,
        timezone: str | None = None,
        cost: str | None = None,
        names: bool = False,
        dates_as_shown: bool = False,
        facts: Sequence[str] = ("deals", "time"),
        client: Client | None = None,
    ) -> None:
        if basis not in BASES:
            raise ConfigError(
                "basis = {value!r} is not known; use one of {known}",
                value=basis,
                known=", ".join(BASES),
            )
        if cost not in (None, "products"):
            raise ConfigError(
                'cost = {value!r} is not known; use "products" or leave it out', value=cost
            )
        if rates and currency == "portal":
            raise ConfigError('rates and currency = "portal" exclude each other; give one')
        self._basis, self._customer = basis, check_customer(customer)
        self._customer_id, self._funnels = customer_id, tuple(funnels)
        self._without, self._currency = tuple(exclude_stages), currency
        self._rates, self._cost = Money(currency, dict(rates or {})).rates, cost
        self._checkpoints = checkpoints(checkpoint, BASES[basis])
        self._zone, self._as_shown = _zone(timezone), dates_as_shown
        self._named = names
        self.client = client or connection.client()
        self._facts = FactsReader(
            self.client,
            check_facts(facts),
            self._customer,
            customer_id,
            dedicated=connection.dedicated_user,
            zone=self._zone,
        )
        self.notes: list[str] = []
        self.tally = Tally()
        self._names: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"BitrixSource({self.client.credentials.host!r}, basis={self._basis!r})"

    def close(self) -> None:
        """Close the connections."""
        self.client.transport.close()

    # -- source interface --------------------------------------------------------------------

    def transactions(self, window: Window) -> Iterator[Transactions]:
        """Yield every sale of the half-open *window*, each exactly once, in batches.

        Raises
        ------
        BadDataError
            Several currencies and no rates; all currencies are listed.
        """
        self.notes, self.tally, self._names = [], Tally(), {}
        self._check_offset()
        money = portal_rates(self.client) if self._currency == "portal" else self._money()
        if self._currency == "portal":
            self._note(
                message("amounts are converted by the portal's rates of today, not of the day")
            )
        keys = Keys(self.client, self._customer_id)
        buyers: set[Party] = set()
        for _, _, _, sales in self._pieces(window):
            inside = [sale for sale in sales if sale.day in window]
            self.tally.add("outside_window", len(sales) - len(inside))
            self.tally.add("used", len(inside))
            for sale in inside:
                money.currencies.add(sale.currency)
                buyers.add(sale.party)
            # After a clash of currencies reading goes on only to list all of them.
            if inside and not money.clashing:
                yield self._batch(inside, money, keys)
        money.check()
        self.tally.add("without_key", keys.without)
        if self._named:
            self._names = self._titles(buyers, keys)
        for checkpoint in self._checkpoints.values():
            checkpoint.close()
        for kind, count in sorted(self.tally.counts.items()):
            _LOG.info("bitrix24 source: %s: %d", kind, count)

    def customer_names(self) -> Mapping[str, str]:
        """Return customer to title of the company; empty without ``names = true``."""
        return self._names

    def data_quality(self) -> Quality:
        """Return the quality issues of the last reading."""
        return self.tally.quality()

    def facts(self, window: Window) -> CrmFacts:
        """Read what alerts need besides sales: deals of now, time spent within the *window*."""
        return self._facts.read(window)

    def system_identity(self) -> str:
        """Return the name of the portal, by which adapters of one portal are recognised."""
        return self._facts.identity

    def preflight(self) -> Sequence[str]:
        """Check scopes and rights, list all that are missing, and estimate a run.

        Raises
        ------
        AuthenticationError
            Something is missing.
        """
        needs = {"crm"} | ({"catalog"} if self._cost else set())
        notes = check_access(self.client, needs, entities=BASES[self._basis], writes=())
        return [*notes, message("reading everything: {duration}", duration=self.plan().message)]

    def plan(self) -> Estimate:
        """Estimate a reading of all sales, from the counts of the portal."""
        loads: list[Load] = []
        for entity in BASES[self._basis]:
            semantic = fields_of(self.client, entity).find("STAGE_SEMANTIC_ID")
            won = {semantic: "S"} if semantic and self._basis != "payments" else {}
            params = {"entityTypeId": entity, "select": ["id"], "filter": won, "start": 0}
            total = self.client.call("crm.item.list", params).total or 0
            loads += reading(
                int(total),
                history=self._basis != "payments",
                list_seconds=self.client.seconds_per_call("crm.item.list", 0.05),
                history_seconds=self.client.seconds_per_call("crm.stagehistory.list", 0.02),
            )
            if self._basis == "payments":
                loads.append(Load("crm.item.payment.list", int(total), 0.02))
        return estimate(loads, self.client.tariff)

    def _titles(self, buyers: set[Party], keys: Keys) -> dict[str, str]:
        """Read the titles of companies; contacts are people and have no name here."""
        companies = sorted(number for entity, number in buyers if entity == COMPANY)
        if not companies:
            return {}
        title = fields_of(self.client, COMPANY).name("TITLE")
        named = keys.of((COMPANY, number) for number in companies)
        rows = by_ids(self.client, Listing(COMPANY, (title,)), companies)
        return {named[COMPANY, as_id(row["id"])]: str(row.get(title) or "") for row in rows}

    # -- the pieces --------------------------------------------------------------------------

    def _money(self) -> Money:
        return Money(self._currency, dict(self._rates))

    def _batch(self, sales: Sequence[Sale], money: Money, keys: Keys) -> Transactions:
        named = keys.of(sale.party for sale in sales)
        costs = [sale.cost for sale in sales]
        return Transactions(
            [named[sale.party] for sale in sales],
            [sale.day for sale in sales],
            [float(money.convert(sale.amount, sale.currency)) for sale in sales],
            [
                float(money.convert(sale.cost, sale.currency)) if sale.cost is not None else 0.0
                for sale in sales
            ]
            if any(cost is not None for cost in costs)
            else None,
            [sale.document for sale in sales],
        )

    def _pieces(self, window: Window) -> Iterator[_Piece]:
        """Read the sales piece by piece, first those that a checkpoint holds."""
        entities = BASES[self._basis]
        parties = [COMPANY, CONTACT] if self._customer != "contact" else [CONTACT]
        out = excluded(self.client, parties)
        names = {entity: fields_of(self.client, entity) for entity in entities}
        choices = {entity: self._choice(entity, out) for entity in entities}
        if self._basis == "payments" and self._has_shop():
            for after, upto, sales in shop_payments(self.client, names, choices, self.tally):
                yield 0, after, upto, sales
            return
        for entity in entities:
            yield from self._pieces_of(entity, names[entity], choices[entity], window)

    def _pieces_of(
        self, entity: int, names: Fields, choice: SaleFilter, window: Window
    ) -> Iterator[_Piece]:
        listing = self._listing(entity, names, window)
        ends = bounds(self.client, listing)
        if ends is None:
            return
        after, upto = ends[0] - 1, ends[1]
        checkpoint = self._checkpoints.get(entity)
        if checkpoint is not None:
            name = fingerprint(self._reading_options(entity, listing, window))
            resumed, stop = checkpoint.begin(name, upto, self.client.clock.now())
            if resumed is not None and stop is not None:
                self._note(message("continuing an earlier reading behind id {id}", id=resumed))
                for packed in checkpoint.pieces():
                    yield entity, 0, resumed, [Sale.unpack(sale) for sale in packed]
                after, upto = resumed, stop
        for piece in scan(self.client, listing, after=after, upto=upto):
            convert = payments_of if self._basis == "payments" else won_sales
            sales = convert(self.client, entity, piece.rows, names, choice, self.tally)
            if self._cost and self._basis != "payments":
                sales = with_cost(self.client, entity, sales)
            if checkpoint is not None:
                checkpoint.add(piece.after, piece.upto, [sale.pack() for sale in sales])
            yield entity, piece.after, piece.upto, sales

    def _choice(self, entity: int, out: set[tuple[int, int]]) -> SaleFilter:
        stages = load_stages(self.client, entity)
        # Names apply to the first type of objects; all funnels of the others count.
        named = entity == BASES[self._basis][0]
        return SaleFilter(
            stages,
            stages.choose(self._funnels if named else ()),
            stages.exclude(self._without if named else ()),
            out,
            self._customer,
            self._zone,
        )

    def _listing(self, entity: int, names: Fields, window: Window) -> Listing:
        """Return the list of objects with the conditions that the server honours."""
        listing = Listing(entity, tuple(names.select(CODES)))
        if self._basis == "payments":
            return listing
        where: dict[str, Any] = {}
        semantic = names.find("STAGE_SEMANTIC_ID")
        if semantic is not None:
            where[semantic] = "S"
        wanted = Listing(entity, listing.select, where)
        moved = names.find("MOVED_TIME")
        # One day more than needed: the portal may interpret the offset differently.
        since = datetime.combine(
            window.since - timedelta(days=1), time.min, self._zone or self._offset()
        )
        return narrow(
            self.client, wanted, note=self._note, since=since if moved else None,
            moment=moved or "",
        )  # fmt: skip

    def _reading_options(self, entity: int, listing: Listing, window: Window) -> dict[str, Any]:
        return {
            "host": self.client.credentials.host,
            "who": self.client.credentials.identity,
            "entity": entity,
            "select": listing.select,
            "where": listing.where,
            "window": str(window),
            "basis": self._basis,
            "funnels": self._funnels,
            "without": self._without,
            "customer": self._customer,
            "cost": self._cost,
            "zone": str(self._zone),
        }

    def _has_shop(self) -> bool:
        """Whether payments may be read in one list instead of deal by deal."""
        try:
            self.client.call("sale.payment.list", {"select": ["id"], "filter": {"<id": 1}})
        except AuthenticationError:
            self._note(
                message("no scope sale: payments are read deal by deal, which takes longer")
            )
            return False
        except MethodNotFoundError:
            return False
        return True

    def _offset(self) -> tzinfo:
        moment = as_moment(self.client.call("server.time").result)
        if moment is None or moment.utcoffset() is None:
            return UTC
        return timezone(moment.utcoffset() or timedelta())

    def _check_offset(self) -> None:
        offset = self._offset().utcoffset(None) or timedelta()
        if offset < timedelta() and not self._as_shown:
            raise ConfigError(
                "the portal's clock is at {offset}, west of Greenwich, where it may show dates a "
                "day early; compare a deal's date with the source's, then set "
                "dates_as_shown = true",
                offset=str(offset),
            )

    def _note(self, text: str) -> None:
        self.notes.append(text)
        _LOG.warning("%s", text)


def _zone(name: str | None) -> tzinfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError(
            "timezone = {name!r} is not known; write it as Europe/Moscow", name=name
        ) from None
