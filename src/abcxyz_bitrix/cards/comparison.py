"""Comparison of a portal's cards with an analysis: what has to be written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from abcxyz.errors import ConfigError
from abcxyz.plugins import WritePlan
from abcxyz_bitrix.cards.content import Card, cards, changes, cleared, lead_cards
from abcxyz_bitrix.cards.own_fields import CardFields, Value, ensure, none_value
from abcxyz_bitrix.cards.specs import NO_SEGMENT
from abcxyz_bitrix.cards.win_field import WIN, WinField
from abcxyz_bitrix.crm.customers import Keys, Party, key_of
from abcxyz_bitrix.crm.entities import DEAL, ENTITIES, LEAD, code_of
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import Command, as_id
from abcxyz_bitrix.rest.lists import Listing, Row, by_ids, scan
from abcxyz_bitrix.words import text

if TYPE_CHECKING:
    from abcxyz import Analysis

__all__ = ["UPDATE", "Comparison", "Work", "Write"]

UPDATE = "crm.item.update"

_DEALS_LAST = -2.0  # after the customers: those without a class are worth -1


@frozen
class Write:
    """One card to be changed.

    Parameters
    ----------
    key, party
        The customer's key and card.
    card_fields, values
        The fields, and their new values by code.
    worth
        Value of the customer, for the order of writing.
    shows_none
        The card shows values that mean none, in fields that a portal once did not empty.
    """

    key: str
    party: Party
    card_fields: CardFields = field(repr=False)
    values: Mapping[str, Value] = field(repr=False)
    worth: float
    shows_none: bool = False

    @property
    def command(self) -> Command:
        """Update command of the card."""
        entity, number = self.party
        return Command(
            UPDATE,
            {"entityTypeId": entity, "id": number, "fields": self.card_fields.write(self.values)},
        )


@define
class Work:
    """Result of a comparison."""

    parties: Mapping[str, Sequence[Party]]
    writes: list[Write] = field(factory=list)
    unchanged: int = 0
    failed: dict[str, str] = field(factory=dict)
    notes: list[str] = field(factory=list)
    needs_fields: bool = False
    plan: WritePlan = field(factory=lambda: WritePlan(customers=0, matched=0))


@frozen
class Comparison:
    """Comparison of cards with an analysis; the parameters are those of the sink.

    *summary* is the currency sign of the card's line, or None for no line; *win* compares the
    win probabilities of deals too.
    """

    client: Client = field(repr=False)
    entities: tuple[int, ...]
    customer_id: str
    prefix: str
    priority: tuple[str, ...]
    mark: bool
    leads: bool
    lang: str
    summary: str | None = None
    win: bool = False

    def run(
        self, analysis: Analysis, *, dry_run: bool, only: Collection[str] | None = None
    ) -> Work:
        """Find the cards to write, the most valuable customers first.

        Parameters
        ----------
        dry_run
            Create no field.
        only
            Customers whose cards alone are compared; by default every card of the portal, so
            that those of former customers are cleared.

        Raises
        ------
        ConfigError
            The fields are not there and cannot be made.
        """
        all_cards = list(
            cards(analysis, lang=self.lang, priority=self.priority, summary=self.summary)
        )
        customers = [str(customer) for customer in analysis.snapshot.customers.tolist()]
        if only is not None:
            all_cards = [card for card in all_cards if card.key in only]
            customers = [customer for customer in customers if customer in only]
        parties = self.parties(customers)
        work = Work(parties)
        wanted: dict[Party, Card] = {}
        unknown = 0
        for card in all_cards:
            for party in parties.get(card.key, ()):
                wanted[party] = card
            unknown += card.key not in parties
        work.plan = WritePlan(customers=len(all_cards), matched=len(all_cards) - unknown)
        if unknown:
            work.notes.append(
                text(
                    "{count} {count:customer|customers} {count:has no card on this portal "
                    "under its|have no card on this portal under their} key",
                    self.lang,
                    count=unknown,
                )
            )
        for entity in self.entities:
            of_entity = {party: card for party, card in wanted.items() if party[0] == entity}
            self._compare_entity(
                entity, of_entity, analysis, work, dry_run=dry_run, others=only is None
            )
        if only is None and self.leads and analysis.prospects is not None:
            scored = {}
            for card in lead_cards(analysis, lang=self.lang):
                number = as_id(card.key.removeprefix("L_"))
                if number:
                    scored[LEAD, number] = card
            self._compare_entity(LEAD, scored, analysis, work, dry_run=dry_run)
        if only is None and self.win:
            self._compare_deals(analysis, work, dry_run=dry_run)
        work.writes.sort(key=lambda write: (-write.worth, write.party))
        return work

    @property
    def optional_fields(self) -> tuple[str, ...]:
        """Codes of the optional fields that are written."""
        written = {"SUMMARY": self.summary is not None, WIN: self.win}
        return tuple(code for code, wanted in written.items() if wanted)

    def parties(self, customers: Iterable[str]) -> dict[str, list[Party]]:
        """Find the cards of customers by their keys."""
        return Keys(self.client, self.customer_id).parties(customers, self.entities)

    def shown(self, parties: Iterable[Party]) -> dict[Party, tuple[CardFields, dict[str, Value]]]:
        """Read what the adapter's fields show on cards; no field is created."""
        chosen = set(parties)
        content: dict[Party, tuple[CardFields, dict[str, Value]]] = {}
        for entity in self.entities:
            ids = sorted(number for kind, number in chosen if kind == entity)
            if ids:
                card_fields = ensure(self.client, entity, self.prefix, self.lang, dry_run=True)
                for row in self._rows(entity, card_fields, ids):
                    content[entity, as_id(row["id"])] = card_fields, card_fields.read(row)
        return content

    def _compare_deals(self, analysis: Analysis, work: Work, *, dry_run: bool) -> None:
        """Find the deals whose win probability has to be written; they come last."""
        field = WinField(self.client, prefix=self.prefix, lang=self.lang, dry_run=dry_run)
        for one in field.compare(analysis):
            assert field.card_fields is not None
            work.writes.append(
                Write(
                    code_of(DEAL, one.number),
                    (DEAL, one.number),
                    field.card_fields,
                    one.values,
                    _DEALS_LAST,
                    one.shows_none,
                )
            )
        work.unchanged += field.unchanged
        work.notes += field.notes
        if field.card_fields is not None:
            self._check_fields(field.card_fields, work, dry_run=dry_run)

    def _compare_entity(
        self,
        entity: int,
        wanted: Mapping[Party, Card],
        analysis: Analysis,
        work: Work,
        *,
        dry_run: bool,
        others: bool = True,
    ) -> None:
        card_fields = ensure(
            self.client,
            entity,
            self.prefix,
            self.lang,
            dry_run=dry_run,
            optional=self.optional_fields,
        )
        self._check_fields(card_fields, work, dry_run=dry_run)
        day = analysis.snapshot.as_of
        seen: set[Party] = set()
        ids = None if others else sorted(number for _, number in wanted)
        classified = changed = cleared_count = 0
        for row in self._rows(entity, card_fields, ids):
            party = (entity, as_id(row["id"]))
            card = wanted.get(party)
            segment = card_fields.read(row).get("SEGMENT")
            if segment not in (None, NO_SEGMENT):
                classified += 1
                changed += card is None or card.wanted["SEGMENT"] != segment
                cleared_count += card is None
            if card is None:
                write = self._cleared_card(card_fields, party, row, analysis)
            else:
                seen.add(party)
                different = changes(card_fields, row, card.wanted, day, card.summary)
                # Before the fields exist every classified card would be written.
                differs = bool(different) or bool(card_fields.missing)
                write = None
                if differs:
                    none = _shows_none(card_fields, row, different)
                    write = Write(card.key, party, card_fields, different, card.worth, none)
                work.unchanged += not differs
            if write is not None:
                work.writes.append(write)
        if entity != LEAD:
            deleted = {card.key for party, card in wanted.items() if party not in seen}
            plan = work.plan
            work.plan = WritePlan(
                customers=plan.customers,
                matched=plan.matched - len(deleted),
                classified=plan.classified + classified,
                changed=plan.changed + changed,
                cleared=plan.cleared + cleared_count,
            )
        for party, card in wanted.items():
            if party not in seen:
                work.failed[card.key] = text(
                    "{card} is not there: it was deleted, or the webhook may not read it",
                    self.lang,
                    card=key_of(party),
                )

    def _check_fields(self, card_fields: CardFields, work: Work, *, dry_run: bool) -> None:
        """Note the fields that have to be made.

        Raises
        ------
        ConfigError
            They had to be made by now.
        """
        if card_fields.missing and not dry_run:
            raise ConfigError(
                "Bitrix24 did not make the fields {names}; make the owner of the webhook an "
                "administrator of the CRM",
                names=", ".join(card_fields.missing),
            )
        work.needs_fields |= bool(card_fields.missing) or card_fields.incomplete
        if card_fields.missing:
            note = text(
                "fields to be made ({entity}): {names}",
                self.lang,
                entity=ENTITIES[card_fields.entity],
                names=", ".join(card_fields.missing),
            )
            work.notes.append(note)

    def _rows(
        self, entity: int, card_fields: CardFields, ids: Sequence[int] | None
    ) -> Iterator[Row]:
        """Read these cards, or every card of the portal."""
        listing = Listing(entity, tuple(card_fields.names.values()))
        if ids is not None:
            yield from by_ids(self.client, listing, ids)
            return
        for piece in scan(self.client, listing):
            yield from piece.rows

    def _cleared_card(
        self, card_fields: CardFields, party: Party, row: Row, analysis: Analysis
    ) -> Write | None:
        """Clear the card of a customer who is no longer classified."""
        now = card_fields.read(row)
        wanted = cleared(card_fields, mark=self.mark)
        filled = any(now.get(code) is not None for code in wanted if code != "SEGMENT")
        segment = now.get("SEGMENT")
        if not filled and (segment is None or (segment == NO_SEGMENT and self.mark)):
            return None
        different = changes(card_fields, row, wanted, analysis.snapshot.as_of)
        if not different:
            return None
        none = _shows_none(card_fields, row, different)
        return Write(key_of(party), party, card_fields, different, -1.0, none)


def _shows_none(card_fields: CardFields, row: Row, different: Mapping[str, Value]) -> bool:
    """Whether a card differs only where it shows values that mean none."""
    now = card_fields.read(row)
    return bool(different) and all(
        value is None and now.get(code) == none_value(code) for code, value in different.items()
    )
