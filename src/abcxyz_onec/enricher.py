"""Enricher: attributes of customers from cards and additional properties of a 1C base."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial

from abcxyz import Window
from abcxyz.errors import ConfigError
from abcxyz.plugins import Attributes, Flat
from abcxyz.toolkit import local_date
from abcxyz_onec.catalogs.customers import (
    Directory,
    catalog_of,
    clean_inn,
    published,
    read_directory,
)
from abcxyz_onec.catalogs.publication import customer_queries, lacking, refuse
from abcxyz_onec.connection import Connection
from abcxyz_onec.odata.answers import as_reference
from abcxyz_onec.odata.client import Client, Row
from abcxyz_onec.odata.paging import table
from abcxyz_onec.odata.query import Query, guid, split
from abcxyz_onec.source import OneCSource
from abcxyz_onec.targets.additional_info import texts_of

__all__ = ["OneCEnricher"]

_PROPERTY = "property:"
_FEW = 200  # customers who are asked for one by one rather than all


class OneCEnricher:
    """Know customers from their cards in 1C.

    Parameters
    ----------
    connection
        How to reach the base; its fields are keys of a job.
    entity, customer_id
        As of `OneCSource`.
    fields
        What to read, and nothing else: ``name``, ``inn``, ``kpp``, ``region``, ``legal_form``,
        and others that the profile knows, names of attributes in 1C, or ``property:`` and the
        name of an additional property, such as ``property:Отрасль``.
    not_bought_for
        Customers without a sale for so many days are prospects; without it nobody is.

    Notes
    -----
    A partner's own card is looked at first, then the cards of its legal entities. References are
    read as the text that 1C shows for them.
    """

    def __init__(
        self,
        connection: Flat[Connection],
        *,
        fields: Sequence[str],
        entity: str | None = None,
        customer_id: str = "ref",
        not_bought_for: int | None = None,
    ) -> None:
        if isinstance(fields, str) or not fields:
            raise ConfigError(
                "fields of the enricher must be a list of what to read, such as "
                '["inn", "region"]; nothing else is read'
            )
        self._profile = connection.load_profile()
        self._entity = entity or ("partner" if self._profile.partner else "counterparty")
        self._catalog = catalog_of(self._profile, self._entity)
        self._fields = tuple(dict.fromkeys(fields))
        self._customer_id, self._days = customer_id, not_bought_for
        self._clock = connection.clock
        self._client = connection.client()
        self._sales: Callable[..., OneCSource] = partial(
            OneCSource, connection, entity=self._entity, customer_id=customer_id
        )

    def __repr__(self) -> str:
        return f"OneCEnricher({self._client.url!r})"

    @property
    def client(self) -> Client:
        """The base, with the account of its traffic."""
        return self._client

    def close(self) -> None:
        """Close the connection."""
        self._client.transport.close()

    def customers(self, ids: Sequence[str]) -> Attributes:
        """Return what the cards of *ids* say; unknown and ambiguous ones are left out."""
        directory = self._directory()
        of_name = directory.references()
        of_name = {**{f"ref:{each}": (each,) for each in directory.names}, **of_name}
        wanted = {
            of_name[str(each)][0]: str(each)
            for each in ids
            if len(of_name.get(str(each), ())) == 1
        }
        return self._known(wanted)

    def prospects(self) -> Attributes:
        """Return the cards of those who have not bought for the days asked for."""
        if self._days is None:
            return {}
        until = local_date(self._clock) + timedelta(days=1)
        window = Window(until - timedelta(days=self._days), until)
        bought = {
            str(each)
            for batch in self._source().transactions(window)
            for each in batch.customer.tolist()
        }
        directory = self._directory()
        wanted = {
            each: name
            for each, name in directory.ids.items()
            if each not in directory.barred and name not in bought
        }
        return self._known(wanted)

    def _source(self) -> OneCSource:
        """Sum up by the year where that is possible: only who bought matters."""
        turnovers = self._sales(read="turnovers", bucket="year")
        try:
            turnovers.check()
        except ConfigError:
            return self._sales()
        return turnovers

    def preflight(self) -> Sequence[str]:
        """Look whether the fields are published.

        Raises
        ------
        ConfigError
            Some are not.
        """
        self._directory_ready()
        for field in self._fields:
            name = self._profile.attributes.get(field, field)
            if name.startswith(_PROPERTY):
                self._property(name.removeprefix(_PROPERTY))
        return [f"{self._catalog}: {', '.join(self._fields)}"]

    # -- cards -------------------------------------------------------------------------------

    def _directory_ready(self) -> None:
        asked = customer_queries(self._profile, self._entity, self._customer_id, keys=False)
        refuse(lacking(self._client, asked))
        self._places()

    def _directory(self) -> Directory:
        self._directory_ready()
        return read_directory(
            self._client, self._profile, self._entity, self._customer_id, keys=False
        )

    def _places(self) -> dict[str, tuple[str, str]]:
        """Find the set and the name to select for every field."""
        legal = self._profile.counterparty.entity
        sets = dict.fromkeys((self._catalog, legal))
        places = {}
        for field in self._fields:
            name = self._profile.attributes.get(field, field)
            if name.startswith(_PROPERTY):
                continue
            found = [
                (entity, select)
                for entity in sets
                if (select := self._selected(entity, name)) is not None
            ]
            if not found:
                raise ConfigError(
                    "1C publishes no field {name!r} of {catalog}; correct fields, or say in the "
                    "profile under [attributes] what {field} is called",
                    name=name,
                    catalog=" / ".join(sets),
                    field=field,
                )
            places[field] = found[0]
        return places

    def _selected(self, entity: str, name: str) -> str | None:
        known = self._client.metadata().sets.get(entity)
        if known is None:
            return None
        if f"{name}_Key" in known.fields:
            return f"{name}____Presentation"
        return name if name in known.fields else None

    def _known(self, wanted: Mapping[str, str]) -> Attributes:
        places = self._places()
        known: dict[str, dict[str, object]] = {name: {} for name in wanted.values()}
        own = {field: select for field, (at, select) in places.items() if at == self._catalog}
        other = {field: select for field, (at, select) in places.items() if at != self._catalog}
        if own:
            for card in self._cards(self._catalog, "Ref_Key", tuple(own.values()), wanted):
                name = wanted[str(card["Ref_Key"]).lower()]
                known[name] |= self._read(card, own)
        for field in self._fields:
            name = self._profile.attributes.get(field, field)
            if name.startswith(_PROPERTY):
                said = self._property(name.removeprefix(_PROPERTY))
                for reference in said.keys() & wanted.keys():
                    known[wanted[reference]] |= {field: said[reference]} if said[reference] else {}
        if other:
            place = self._profile.counterparty
            select = (place.partner, place.inn, *other.values())
            cards = sorted(
                self._cards(place.entity, place.partner, select, wanted),
                # The entity with an INN speaks for its partner; the smallest reference of several.
                key=lambda card: (not clean_inn(card.get(place.inn)), str(card["Ref_Key"])),
            )
            for card in cards:
                name = wanted[as_reference(card[place.partner]) or ""]
                for field, value in self._read(card, other).items():
                    known[name].setdefault(field, value)
        return known

    def _property(self, name: str) -> Mapping[str, str]:
        return texts_of(self._client, self._profile.targets, self._catalog, name)

    def _cards(
        self, entity: str, name: str, select: tuple[str, ...], wanted: Mapping[str, str]
    ) -> Iterator[Row]:
        """Read cards: a few by reference, many by reading all."""
        flags = published(self._client.metadata(), entity, ("DeletionMark",))
        query = Query(entity, tuple(dict.fromkeys(("Ref_Key", *select, *flags))))
        queries = [query]
        if len(wanted) <= _FEW:
            queries = list(split(query, [f"{name} eq {guid(each)}" for each in sorted(wanted)]))
        for each in queries:
            for card in table(self._client, each):
                about = as_reference(card.get(name)) or ""
                if about in wanted and (entity == self._catalog or not card.get("DeletionMark")):
                    yield card

    def _read(self, card: Row, fields: Mapping[str, str]) -> dict[str, object]:
        """Take what is filled in; an INN only where it is one."""
        out: dict[str, object] = {}
        for field, select in fields.items():
            value = card.get(select)
            if select == self._profile.counterparty.inn:
                value = clean_inn(value)
            value = value.strip() if isinstance(value, str) else value
            if value not in (None, ""):
                out[field] = value
        return out
