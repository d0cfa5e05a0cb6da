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
    published_fields,
    read_directory,
)
from abcxyz_onec.catalogs.publication import customer_queries, raise_if_missing, unpublished
from abcxyz_onec.connection import Connection
from abcxyz_onec.odata.answers import as_reference
from abcxyz_onec.odata.client import Client, Row
from abcxyz_onec.odata.paging import table
from abcxyz_onec.odata.query import Query, guid, split
from abcxyz_onec.source import OneCSource
from abcxyz_onec.targets.additional_info import read_property

__all__ = ["OneCEnricher"]

_PROPERTY = "property:"
_FEW = 200  # up to so many customers are read by reference, more by reading the catalog


class OneCEnricher:
    """Read attributes of customers from their cards in 1C.

    Parameters
    ----------
    connection
        Connection of the base; its fields are keys of a job.
    entity, customer_id
        As in `OneCSource`.
    fields
        Fields to read; no others are read: ``name``, ``inn``, ``kpp``, ``region``, ``legal_form``,
        and others that the profile knows, names of attributes in 1C, or ``property:`` and the
        name of an additional property, such as ``property:Отрасль``.
    not_bought_for
        Customers without a sale for so many days are prospects; without it there are none.

    Notes
    -----
    A field is read from the card of the partner, else from the cards of its legal entities.
    References are read as their presentation in 1C.
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
        """Client of the base, with its traffic."""
        return self._client

    def close(self) -> None:
        """Close the connection."""
        self._client.transport.close()

    def customers(self, ids: Sequence[str]) -> Attributes:
        """Return the attributes of *ids*; unknown and ambiguous identifiers are left out."""
        return self._client.with_current_names(lambda: self._customers(ids))

    def _customers(self, ids: Sequence[str]) -> Attributes:
        directory = self._directory()
        of_name = directory.references()
        of_name = {**{f"ref:{each}": (each,) for each in directory.names}, **of_name}
        wanted = {
            of_name[str(each)][0]: str(each)
            for each in ids
            if len(of_name.get(str(each), ())) == 1
        }
        return self._attributes(wanted)

    def prospects(self) -> Attributes:
        """Return the attributes of customers without a sale in the last *not_bought_for* days."""
        if self._days is None:
            return {}
        until = local_date(self._clock) + timedelta(days=1)
        window = Window(until - timedelta(days=self._days), until)
        bought = {
            str(each)
            for batch in self._source().transactions(window)
            for each in batch.customer.tolist()
        }
        return self._client.with_current_names(lambda: self._prospects(bought))

    def _prospects(self, bought: set[str]) -> Attributes:
        directory = self._directory()
        wanted = {
            each: name
            for each, name in directory.ids.items()
            if each not in directory.excluded and name not in bought
        }
        return self._attributes(wanted)

    def _source(self) -> OneCSource:
        """Return a source of yearly turnovers where published: neither days nor orders matter."""
        turnovers = self._sales(read="turnovers", bucket="year")
        turnovers.needs_orders = False
        try:
            turnovers.check()
        except ConfigError:
            return self._sales()
        return turnovers

    def preflight(self) -> Sequence[str]:
        """Check that the fields are published.

        Raises
        ------
        ConfigError
            Some are not.
        """
        names = [self._profile.attributes.get(field, field) for field in self._fields]
        properties = [each for each in names if each.startswith(_PROPERTY)]
        self._check_published(properties=bool(properties))
        for name in properties:
            self._property(name.removeprefix(_PROPERTY))
        return [f"{self._catalog}: {', '.join(self._fields)}"]

    # -- cards -------------------------------------------------------------------------------

    def _check_published(self, *, properties: bool = False) -> None:
        queries = customer_queries(self._profile, self._entity, self._customer_id, keys=False)
        if properties:
            queries.append(Query(self._profile.targets.properties, ("Ref_Key", "Description")))
        raise_if_missing(unpublished(self._client, queries))
        self._places()

    def _directory(self) -> Directory:
        self._check_published()
        return read_directory(
            self._client, self._profile, self._entity, self._customer_id, keys=False
        )

    def _places(self) -> dict[str, tuple[str, str]]:
        """Return the set and the name to select for every field."""
        legal = self._profile.counterparty.entity
        sets = dict.fromkeys((self._catalog, legal))
        places = {}
        for field in self._fields:
            name = self._profile.attributes.get(field, field)
            if name.startswith(_PROPERTY):
                continue
            candidates = [
                (entity, select)
                for entity in sets
                if (select := self._selected(entity, name)) is not None
            ]
            if not candidates:
                raise ConfigError(
                    "1C publishes no field {name!r} of {catalog}; correct fields, or say in the "
                    "profile under [attributes] what {field} is called",
                    name=name,
                    catalog=" / ".join(sets),
                    field=field,
                )
            places[field] = candidates[0]
        return places

    def _selected(self, entity: str, name: str) -> str | None:
        known = self._client.metadata().sets.get(entity)
        if known is None:
            return None
        if f"{name}_Key" in known.fields:
            return f"{name}____Presentation"
        return name if name in known.fields else None

    def _attributes(self, wanted: Mapping[str, str]) -> Attributes:
        places = self._places()
        attributes: dict[str, dict[str, object]] = {name: {} for name in wanted.values()}
        direct = {field: select for field, (at, select) in places.items() if at == self._catalog}
        legal = {field: select for field, (at, select) in places.items() if at != self._catalog}
        if direct:
            for card in self._cards(self._catalog, "Ref_Key", tuple(direct.values()), wanted):
                name = wanted[str(card["Ref_Key"]).lower()]
                attributes[name] |= self._read(card, direct)
        for field in self._fields:
            name = self._profile.attributes.get(field, field)
            if name.startswith(_PROPERTY):
                texts = self._property(name.removeprefix(_PROPERTY))
                for reference in texts.keys() & wanted.keys():
                    if texts[reference]:
                        attributes[wanted[reference]][field] = texts[reference]
        if legal:
            names = self._profile.counterparty
            select = (names.partner, names.inn, *legal.values())
            cards = sorted(
                self._cards(names.entity, names.partner, select, wanted),
                # Entities with an INN come first, then the smallest reference.
                key=lambda card: (not clean_inn(card.get(names.inn)), str(card["Ref_Key"])),
            )
            for card in cards:
                name = wanted[as_reference(card[names.partner]) or ""]
                for field, value in self._read(card, legal).items():
                    attributes[name].setdefault(field, value)
        return attributes

    def _property(self, name: str) -> Mapping[str, str]:
        return read_property(self._client, self._profile.targets, self._catalog, name)

    def _cards(
        self, entity: str, name: str, select: tuple[str, ...], wanted: Mapping[str, str]
    ) -> Iterator[Row]:
        """Yield cards: a few by reference, many by reading the whole set."""
        flags = published_fields(self._client.metadata(), entity, ("DeletionMark",))
        query = Query(entity, tuple(dict.fromkeys(("Ref_Key", *select, *flags))))
        queries = [query]
        if len(wanted) <= _FEW:
            queries = list(split(query, [f"{name} eq {guid(each)}" for each in sorted(wanted)]))
        for each in queries:
            for card in table(self._client, each):
                reference = as_reference(card.get(name)) or ""
                if reference in wanted and (
                    entity == self._catalog or not card.get("DeletionMark")
                ):
                    yield card

    def _read(self, card: Row, fields: Mapping[str, str]) -> dict[str, object]:
        """Return the fields that are filled in; an INN only where it is valid."""
        out: dict[str, object] = {}
        for field, select in fields.items():
            value = card.get(select)
            if select == self._profile.counterparty.inn:
                value = clean_inn(value)
            value = value.strip() if isinstance(value, str) else value
            if value not in (None, ""):
                out[field] = value
        return out
