"""Reading of the sales of a portal piece by piece, resumable after an interruption."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from types import MappingProxyType
from typing import Any

from attrs import define, evolve, field, frozen

from abcxyz import Window
from abcxyz.errors import AuthenticationError, BadDataError, ConfigError
from abcxyz_bitrix.crm.currencies import Money, portal_rates
from abcxyz_bitrix.crm.customers import Party, excluded
from abcxyz_bitrix.crm.entities import COMPANY, CONTACT, DEAL, INVOICE, Fields, fields_of
from abcxyz_bitrix.crm.stages import load_stages
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import as_moment
from abcxyz_bitrix.rest.errors import InvalidArgValueError, MethodNotFoundError
from abcxyz_bitrix.rest.lists import PAGE, Listing, Row, bounds, narrow, scan
from abcxyz_bitrix.sales.checkpoint import Checkpoint, fingerprint
from abcxyz_bitrix.sales.imports import Probe, probe_sales
from abcxyz_bitrix.sales.payments import payments_of, shop_payments
from abcxyz_bitrix.sales.product_cost import with_cost
from abcxyz_bitrix.sales.sale import CODES, Sale, SaleFilter, Tally
from abcxyz_bitrix.sales.won import won_sales
from abcxyz_bitrix.words import message

__all__ = ["BASES", "DATES", "SaleOptions", "SalesReader", "entities_of", "portal_offset"]

BASES: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {"won": (DEAL,), "invoices": (INVOICE,), "payments": (DEAL, INVOICE)}
)
"""Basis of sales -> types of objects to read."""

DATES: Mapping[str, str] = MappingProxyType({"closed": "CLOSEDATE", "begin": "BEGINDATE"})
"""Choice of the date of a sale -> code of the field."""

_FIRST_PROCESS = 128  # smallest number of a smart process


def entities_of(basis: str | Mapping[str, int]) -> tuple[int, ...]:
    """Return the types of objects that are sales.

    Raises
    ------
    ConfigError
        The basis is neither one of `BASES` nor the number of a smart process.

    Examples
    --------
    >>> entities_of("won"), entities_of({"process": 1032})
    ((2,), (1032,))
    """
    if isinstance(basis, str) and basis in BASES:
        return BASES[basis]
    process = basis.get("process", 0) if isinstance(basis, Mapping) else 0
    if process >= _FIRST_PROCESS and len(basis) == 1:
        return (process,)
    raise ConfigError(
        "basis = {value!r} is not known; use one of {known}, or {{ process = 1032 }} with the "
        "entityTypeId of a smart process",
        value=basis,
        known=", ".join(BASES),
    )


def portal_offset(client: Client) -> tzinfo:
    """Return the offset of the portal's clock."""
    moment = as_moment(client.call("server.time").result)
    if moment is None or moment.utcoffset() is None:
        return UTC
    return timezone(moment.utcoffset() or timedelta())


@frozen
class SaleOptions:
    """Options of a reading; see `BitrixSource`."""

    basis: str | Mapping[str, int]
    customer: str
    funnels: tuple[str | int, ...]
    exclude_stages: tuple[str, ...]
    zone: tzinfo | None
    cost: bool
    dated_by: str | None
    money: Money

    @property
    def payments(self) -> bool:
        """Whether payments are the sales."""
        return self.basis == "payments"


@define
class SalesReader:
    """Reader of the sales.

    Parameters
    ----------
    options
        Options of the source.
    checkpoints
        Checkpoint of each type of objects.
    tally
        Filled with counters of omitted objects.
    note
        Called with messages for the user.
    """

    client: Client = field(repr=False)
    options: SaleOptions
    checkpoints: Mapping[int, Checkpoint]
    tally: Tally
    note: Callable[[str], None] = field(repr=False)
    _cost_money: Money | None = field(default=None, init=False)

    def pieces(self, window: Window) -> Iterator[list[Sale]]:
        """Read the sales piece by piece, first those that a checkpoint holds.

        Parameters
        ----------
        window
            Sales outside may be among them.
        """
        entities = entities_of(self.options.basis)
        parties = {"company": [COMPANY], "contact": [CONTACT]}
        out = excluded(self.client, parties.get(self.options.customer, [COMPANY, CONTACT]))
        names = {entity: fields_of(self.client, entity) for entity in entities}
        choices = {entity: self._choice(entity, names[entity], out) for entity in entities}
        if self.options.payments and self._has_shop():
            for _, _, sales in shop_payments(self.client, names, choices, self.tally):
                yield sales
            return
        for entity in entities:
            yield from self._of_entity(entity, names[entity], choices[entity], window)

    def _of_entity(
        self, entity: int, names: Fields, choice: SaleFilter, window: Window
    ) -> Iterator[list[Sale]]:
        listing, probe, unmoved = self._listing(entity, names, window)
        choice = evolve(choice, imported=probe.imported)
        ends = bounds(self.client, listing)
        if ends is not None:
            # Those that never moved follow, so that a portal that ignores a filter doubles none.
            apart = unmoved is not None
            yield from self._listed(entity, names, choice, listing, window, ends, moved_only=apart)
        if unmoved is not None:
            for piece in scan(self.client, unmoved):
                rows = [row for row in piece.rows if not _has_moved(row, names)]
                self.tally.add("without_moved_time", len(rows))
                yield self._sales_of(entity, rows, names, choice, self.tally)

    def _listed(
        self,
        entity: int,
        names: Fields,
        choice: SaleFilter,
        listing: Listing,
        window: Window,
        ends: tuple[int, int],
        *,
        moved_only: bool,
    ) -> Iterator[list[Sale]]:
        after, upto = ends[0] - 1, ends[1]
        checkpoint = self.checkpoints.get(entity)
        if checkpoint is not None:
            name = fingerprint(self._print_of(entity, listing, choice, window))
            resumed, stop = checkpoint.begin(name, upto, self.client.clock.now())
            if resumed is not None and stop is not None:
                self.note(message("continuing an earlier reading behind id {id}", id=resumed))
                for stored, counts in checkpoint.pieces():
                    self.tally.counts.update(counts)
                    yield [Sale.unpack(sale) for sale in stored]
                after, upto = resumed, stop
        for piece in scan(self.client, listing, after=after, upto=upto):
            tally = Tally()
            rows = [row for row in piece.rows if not moved_only or _has_moved(row, names)]
            sales = self._sales_of(entity, rows, names, choice, tally)
            if checkpoint is not None:
                packed = [sale.pack() for sale in sales]
                checkpoint.add(piece.after, piece.upto, packed, tally.counts)
            self.tally.counts.update(tally.counts)
            yield sales

    def _sales_of(
        self, entity: int, rows: Sequence[Row], names: Fields, choice: SaleFilter, tally: Tally
    ) -> list[Sale]:
        convert = payments_of if self.options.payments else won_sales
        sales = convert(self.client, entity, rows, names, choice, tally)
        if self.options.cost and not self.options.payments:
            sales = with_cost(self.client, entity, sales, self._cost_rates(), tally)
        return sales

    def _cost_rates(self) -> Money:
        """Return the rates for purchase prices: those of the job, else those of the portal."""
        if self._cost_money is None:
            self._cost_money = self.options.money
            if not self.options.money.rates:
                with contextlib.suppress(BadDataError, AuthenticationError):
                    self._cost_money = portal_rates(self.client)
        return self._cost_money

    def _choice(self, entity: int, names: Fields, out: set[Party]) -> SaleFilter:
        options = self.options
        stages = load_stages(self.client, entity)
        # Names apply to the first type of objects; all funnels of the others count.
        named = entity == entities_of(options.basis)[0]
        return SaleFilter(
            stages,
            stages.choose(options.funnels if named else ()),
            stages.exclude(options.exclude_stages if named else ()),
            out,
            options.customer,
            options.zone,
            None if options.dated_by is None else names.name(options.dated_by),
        )

    # -- the list that is read ---------------------------------------------------------------

    def _listing(
        self, entity: int, names: Fields, window: Window
    ) -> tuple[Listing, Probe, Listing | None]:
        """Return the list of objects with the conditions that the server honours.

        Returns
        -------
        listing
            The list, without the objects that never moved where the server lists these apart.
        probe
            What a sample of all won objects shows.
        unmoved
            The objects that never moved; None where the list holds them, or there are none.
        """
        dated_by = self.options.dated_by
        codes = CODES if dated_by is None else (*CODES, dated_by)
        listing = Listing(entity, tuple(names.select(codes)))
        if self.options.payments:
            return listing, Probe(), None
        semantic, moved = names.find("STAGE_SEMANTIC_ID"), names.find("MOVED_TIME")
        where: dict[str, Any] = {} if semantic is None else {semantic: "S"}
        every = narrow(self.client, evolve(listing, where=where), note=self.note)
        if moved is None or dated_by is not None:
            # The date in another field may lie in the window although the object moved before.
            return every, Probe(), None
        probe = probe_sales(self.client, every, names, self.options.zone)
        unmoved = evolve(every, where={**every.where, f"={moved}": None})
        apart = self._honoured(unmoved, moved, probe)
        if probe.unmoved and not apart:
            self.note(
                message("the portal does not list objects that never moved; everything is read")
            )
            return every, probe, None
        # One day more than needed: the portal may interpret the offset differently.
        since = datetime.combine(
            window.since - timedelta(days=1),
            time.min,
            self.options.zone or portal_offset(self.client),
        )
        narrowed = narrow(self.client, every, note=self.note, since=since, moment=moved)
        return narrowed, probe, unmoved if apart and f">={moved}" in narrowed.where else None

    def _honoured(self, listing: Listing, moved: str, probe: Probe) -> bool:
        """Whether the server lists the objects that never moved, and no others."""
        some = list(probe.unmoved[:PAGE])
        command = listing.command({f"@{listing.id_name}": some} if some else {})
        # In a batch, as the list is read: an absent value is written differently there.
        outcome = self.client.batch({"unmoved": command})["unmoved"]
        if isinstance(outcome, InvalidArgValueError):
            return False
        rows = listing.rows(outcome)
        empty = all(as_moment(row.get(moved)) is None for row in rows)
        return empty and {listing.number(row) for row in rows} >= set(some)

    def _print_of(
        self, entity: int, listing: Listing, choice: SaleFilter, window: Window
    ) -> dict[str, Any]:
        options = self.options
        return {
            "host": self.client.credentials.host,
            "who": self.client.credentials.identity,
            "entity": entity,
            "select": listing.select,
            "where": listing.where,
            "window": str(window),
            "basis": str(options.basis),
            "funnels": options.funnels,
            "without": options.exclude_stages,
            "customer": options.customer,
            "cost": options.cost,
            "rates": str(sorted(options.money.rates.items())) if options.cost else "",
            "dated_by": options.dated_by,
            "imported": sorted(map(str, choice.imported)),
            "zone": str(options.zone),
        }

    def _has_shop(self) -> bool:
        """Whether payments may be read in one list instead of deal by deal."""
        try:
            self.client.call("sale.payment.list", {"select": ["id"], "filter": {"<id": 1}})
        except AuthenticationError:
            self.note(message("no scope sale: payments are read deal by deal, which takes longer"))
            return False
        except MethodNotFoundError:
            return False
        return True


def _has_moved(row: Row, names: Fields) -> bool:
    return as_moment(row.get(names.name("MOVED_TIME"))) is not None
