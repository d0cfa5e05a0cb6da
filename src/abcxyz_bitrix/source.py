"""Source of sales: won deals, invoices or payments of a Bitrix24 portal."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta, tzinfo
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import evolve

from abcxyz import CrmFacts, Quality, Transactions, Window
from abcxyz.errors import ConfigError
from abcxyz.plugins import Flat
from abcxyz_bitrix.connection import NO_CONNECTION, Connection
from abcxyz_bitrix.crm.currencies import Money, portal_rates
from abcxyz_bitrix.crm.customers import Keys, Party, check_customer
from abcxyz_bitrix.crm.entities import COMPANY, fields_of
from abcxyz_bitrix.crm.facts import FactsReader, check_facts
from abcxyz_bitrix.preflight import check_access
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import as_id
from abcxyz_bitrix.rest.lists import Listing, by_ids
from abcxyz_bitrix.sales.checkpoint import checkpoints
from abcxyz_bitrix.sales.estimate import Estimate, Load, estimate, reading
from abcxyz_bitrix.sales.reader import (
    BASES,
    DATES,
    SaleOptions,
    SalesReader,
    entities_of,
    portal_offset,
)
from abcxyz_bitrix.sales.sale import Sale, Tally
from abcxyz_bitrix.words import message

__all__ = ["BASES", "BitrixSource"]

_LOG = logging.getLogger("abcxyz_bitrix")

_MANY = 10  # sales, fewer of which may well lie on one day


class BitrixSource:
    """Source of the sales of a portal, and of facts for alerts.

    Parameters
    ----------
    connection
        How to reach the portal; its fields are keys of a job.
    basis
        ``won`` deals, paid ``invoices``, ``payments``, or the items of a smart process:
        ``{process = 1032}``.
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
    dated_by
        Field that dates a won deal or a paid invoice: ``closed`` its closing date, ``begin`` its
        date of beginning, or the code of a field, such as ``UF_CRM_SOLD``. By default the moment
        of winning, and for deals that were imported in bulk the closing date.
    cost
        ``products`` takes the purchase prices of the products as cost; prices in another
        currency are converted by *rates* or by those of the portal.
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
        basis: str | Mapping[str, int] = "won",
        customer: str = "company-or-contact",
        customer_id: str = "id",
        funnels: Sequence[str | int] = (),
        exclude_stages: Sequence[str] = (),
        currency: str = "one",
        rates: Mapping[str, float] | None = None,
        checkpoint: Path | None = None,
        timezone: str | None = None,
        dated_by: str | None = None,
        cost: str | None = None,
        names: bool = False,
        dates_as_shown: bool = False,
        facts: Sequence[str] = ("deals", "time"),
        client: Client | None = None,
    ) -> None:
        if cost not in (None, "products"):
            raise ConfigError(
                'cost = {value!r} is not known; use "products" or leave it out', value=cost
            )
        if rates and currency.casefold() == "portal":
            raise ConfigError('rates and currency = "portal" exclude each other; give one')
        money = Money(currency, dict(rates or {}))
        self._options = SaleOptions(
            basis=basis,
            customer=check_customer(customer),
            funnels=tuple(funnels),
            exclude_stages=tuple(exclude_stages),
            zone=_zone(timezone),
            cost=cost is not None,
            dated_by=_date_code(dated_by, basis),
            money=money,
        )
        self._entities = entities_of(basis)
        self._customer_id = customer_id
        self._checkpoints = checkpoints(checkpoint, self._entities)
        self._as_shown = dates_as_shown
        self._named = names
        self.client = client or connection.client()
        self._facts = FactsReader(
            self.client,
            check_facts(facts),
            customer,
            customer_id,
            dedicated=connection.dedicated_user,
            zone=self._options.zone,
        )
        self.notes: list[str] = []
        self.tally = Tally()
        self._names: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"BitrixSource({self.client.credentials.host!r}, basis={self._options.basis!r})"

    def erase_customer(
        self,
        customer: str,  # noqa: ARG002 - a checkpoint is removed whole
        *,
        dry_run: bool,
    ) -> Mapping[str, int]:
        """Remove the checkpoints: the next reading starts over."""
        files = [file for one in self._checkpoints.values() for file in one.files()]
        if not dry_run:
            for file in files:
                file.unlink()
        return {str(file): 1 for file in files}

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
        money = evolve(self._options.money)
        if money.currency == "portal":
            money = portal_rates(self.client)
            self._note(
                message("amounts are converted by the portal's rates of today, not of the day")
            )
        keys = Keys(self.client, self._customer_id)
        buyers: set[Party] = set()
        days: Counter[date] = Counter()
        reader = SalesReader(self.client, self._options, self._checkpoints, self.tally, self._note)
        for sales in reader.pieces(window):
            inside = [sale for sale in sales if sale.day in window]
            self.tally.add("outside_window", len(sales) - len(inside))
            self.tally.add("used", len(inside))
            for sale in inside:
                money.currencies.add(sale.currency.upper())
                buyers.add(sale.party)
                days[sale.day] += 1
            # After a clash of currencies reading goes on only to list all of them.
            if inside and not money.clashing:
                yield from self._batches(inside, money, keys)
        money.check()
        self._note_crowded(days)
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
        needs = {"crm"} | ({"catalog"} if self._options.cost else set())
        notes = check_access(self.client, needs, entities=self._entities, writes=())
        return [*notes, message("reading everything: {duration}", duration=self.plan().message)]

    def plan(self) -> Estimate:
        """Estimate a reading of all sales, from the counts of the portal."""
        loads: list[Load] = []
        for entity in self._entities:
            semantic = fields_of(self.client, entity).find("STAGE_SEMANTIC_ID")
            won = {semantic: "S"} if semantic and not self._options.payments else {}
            params = {"entityTypeId": entity, "select": ["id"], "filter": won, "start": 0}
            total = self.client.call("crm.item.list", params).total or 0
            loads += reading(
                int(total),
                history=not self._options.payments,
                list_seconds=self.client.seconds_per_call("crm.item.list", 0.05),
                history_seconds=self.client.seconds_per_call("crm.stagehistory.list", 0.02),
            )
            if self._options.payments:
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

    def _batches(self, sales: Sequence[Sale], money: Money, keys: Keys) -> Iterator[Transactions]:
        """Yield sales of known cost, then those without: an unknown cost is not 0."""
        named = keys.of(sale.party for sale in sales)
        for costed in (True, False):
            some = [sale for sale in sales if (sale.cost is not None) == costed]
            if some:
                yield Transactions(
                    [named[sale.party] for sale in some],
                    [sale.day for sale in some],
                    [float(money.convert(sale.amount, sale.currency)) for sale in some],
                    [float(money.convert(sale.cost or Decimal(), sale.currency)) for sale in some]
                    if costed
                    else None,
                    [sale.document for sale in some],
                )

    def _note_crowded(self, days: Counter[date]) -> None:
        """Note a day that holds a third of many sales: they may have been imported on it."""
        total = days.total()
        for day, count in days.most_common(1):
            if total >= _MANY and 3 * count >= total and self._options.dated_by is None:
                self._note(
                    message(
                        "{count} of {total} sales lie on one day, {day}; if they were imported "
                        "on it, set dated_by to the field with the true day",
                        count=count,
                        total=total,
                        day=day.isoformat(),
                    )
                )

    def _check_offset(self) -> None:
        offset = portal_offset(self.client).utcoffset(None) or timedelta()
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


def _date_code(dated_by: str | None, basis: str | Mapping[str, int]) -> str | None:
    """Return the code of the field that dates a sale."""
    if dated_by is None:
        return None
    code = DATES.get(dated_by.casefold(), dated_by.upper())
    if basis == "payments" or not (dated_by.casefold() in DATES or code.startswith("UF_")):
        raise ConfigError(
            "dated_by = {value!r} cannot be used; it is {known} or the code of a field that "
            "begins with UF_, and payments are dated by their payment",
            value=dated_by,
            known=", ".join(DATES),
        )
    return code


def _zone(name: str | None) -> tzinfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError(
            "timezone = {name!r} is not known; write it as Europe/Moscow", name=name
        ) from None
