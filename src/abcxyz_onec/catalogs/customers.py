"""Customers of a base, and the identifiers by which other systems know them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from attrs import field, frozen

from abcxyz.errors import ConfigError
from abcxyz_onec.odata.answers import as_reference
from abcxyz_onec.odata.client import Client, Row
from abcxyz_onec.odata.metadata import Metadata, frozen_map
from abcxyz_onec.odata.paging import table
from abcxyz_onec.odata.query import Query
from abcxyz_onec.profiles.schema import Profile

__all__ = [
    "ENTITIES",
    "FLAGS",
    "OTHER",
    "Directory",
    "catalog_of",
    "clean_inn",
    "published",
    "read_directory",
]

ENTITIES = ("partner", "counterparty")
FLAGS = ("DeletionMark", "IsFolder", "Predefined")

#: Stands where a reference is to something else than a customer.
OTHER = "other"


@frozen(kw_only=True)
class Directory:
    """The customers of a base.

    Parameters
    ----------
    entity
        ``partner`` or ``counterparty``.
    catalog
        The set their cards stand in.
    ids
        Reference to the identifier asked for.
    names
        Reference to the name.
    barred
        Reference to the reason why the customer is not classified: ``predefined``, ``deleted``
        or ``folder``.
    keys
        Key of the register to the reference of its customer; `OTHER` where it names somebody else.
    lacking
        Reference to what is wrong with the identifier: it is ``absent``, or ``shared``.
    """

    entity: str
    catalog: str
    ids: Mapping[str, str] = field(converter=frozen_map, repr=False)
    names: Mapping[str, str] = field(converter=frozen_map, repr=False)
    barred: Mapping[str, str] = field(converter=frozen_map, repr=False)
    keys: Mapping[str, str] = field(factory=dict, converter=frozen_map, repr=False)
    lacking: Mapping[str, str] = field(factory=dict, converter=frozen_map, repr=False)

    def place(self, reference: str | None) -> tuple[str, str]:
        """Find the identifier of a customer; or none, and the reason."""
        if reference is None:
            return "", "empty"
        if reference in self.barred:
            return "", self.barred[reference]
        found = self.ids.get(reference)
        return (found, "") if found else ("", "unknown")

    def place_key(self, key: str | None) -> tuple[str, str]:
        """Find the identifier of the customer that a key of the register stands for."""
        if key is None:
            return "", "empty"
        if key not in self.keys:
            return "", "dangling"
        if self.keys[key] == OTHER:
            return "", "other"
        return self.place(self.keys[key] or None)

    def references(self) -> Mapping[str, tuple[str, ...]]:
        """Turn around: identifier to references, several where it is not unique."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for reference, name in self.ids.items():
            if reference not in self.barred:
                found[name].append(reference)
        return {name: tuple(sorted(those)) for name, those in found.items()}


def catalog_of(profile: Profile, entity: str) -> str:
    """Name the set of the customers' cards.

    Raises
    ------
    ConfigError
        The configuration has no partners.
    """
    if entity not in ENTITIES:
        raise ConfigError(
            "entity is {value!r}; use one of {known}", value=entity, known=", ".join(ENTITIES)
        )
    if entity == "counterparty":
        return profile.counterparty.entity
    if profile.partner is None:
        raise ConfigError(
            "{title} has no partners; set entity = counterparty, or leave it out",
            title=profile.title,
        )
    return profile.partner.entity


def clean_inn(value: object) -> str:
    """Read a taxpayer number; empty when it is none.

    Examples
    --------
    >>> clean_inn(" 7701234567 "), clean_inn("нет"), clean_inn("123")
    ('7701234567', '', '')
    """
    text = "".join(str(value or "").split())
    return text if text.isascii() and text.isdigit() and len(text) in (10, 12) else ""


def published(metadata: Metadata, entity: str, names: Iterable[str]) -> tuple[str, ...]:
    """Keep those of the fields that the set has."""
    known = metadata.sets[entity].fields if entity in metadata.sets else {}
    return tuple(name for name in names if name in known)


def read_directory(
    client: Client, profile: Profile, entity: str, customer_id: str, *, keys: bool = True
) -> Directory:
    """Read the customers, and the catalog of keys where the register needs it.

    Parameters
    ----------
    client
        The base.
    profile
        The names.
    entity
        ``partner`` or ``counterparty``.
    customer_id
        ``ref``, ``code``, ``inn`` or an attribute of the card.
    keys
        Whether the keys are needed.

    Notes
    -----
    A customer without the identifier is called ``ref:`` and its reference, so that no money is
    lost and nobody takes it for an identifier. Legal entities with one INN are one customer; two
    cards with the same code or attribute are not, and keep their references.
    """
    catalog = catalog_of(profile, entity)
    metadata = client.metadata()
    wanted = {"ref": "", "code": "Code", "inn": ""}.get(customer_id, customer_id)
    if customer_id == "inn" and entity == "counterparty":
        wanted = profile.counterparty.inn
    fields = ("Ref_Key", "Description", *published(metadata, catalog, FLAGS))
    select = tuple(dict.fromkeys((*fields, wanted))) if wanted else fields
    cards = table(client, Query(catalog, select))
    names, barred, own = {}, {}, {}
    for card in cards:
        reference = str(card["Ref_Key"]).lower()
        names[reference] = str(card.get("Description") or "").strip()
        reason = _reason(card)
        if reason:
            barred[reference] = reason
        own[reference] = str(card.get(wanted) or "").strip() if wanted else ""
    if customer_id == "inn":
        if entity == "partner":
            own = _inn_of_partners(client, profile)
        else:
            own = {reference: clean_inn(text) for reference, text in own.items()}
    ids, lacking = _identified(names, barred, own, customer_id)
    return Directory(
        entity=entity,
        catalog=catalog,
        ids=ids,
        names=names,
        barred=barred,
        keys=_keys(client, profile, entity) if keys and profile.keys is not None else {},
        lacking=lacking,
    )


def _reason(card: Row) -> str:
    if card.get("Predefined") is True:
        return "predefined"
    if card.get("IsFolder") is True:
        return "folder"
    return "deleted" if card.get("DeletionMark") is True else ""


def _identified(
    names: Mapping[str, str], barred: Mapping[str, str], own: Mapping[str, str], customer_id: str
) -> tuple[dict[str, str], dict[str, str]]:
    if customer_id == "ref":
        return {reference: reference for reference in names}, {}
    times = Counter(own.get(reference, "") for reference in names if reference not in barred)
    ids, lacking = {}, {}
    for reference in names:
        found = own.get(reference, "")
        shared = customer_id != "inn" and times[found] > 1
        ids[reference] = f"ref:{reference}" if not found or shared else found
        if reference not in barred and (not found or times[found] > 1):
            lacking[reference] = "shared" if found else "absent"
    return ids, lacking


def _inn_of_partners(client: Client, profile: Profile) -> dict[str, str]:
    """Join the legal entities of every partner; the INN most of them bear is the partner's."""
    place = profile.counterparty
    flags = published(client.metadata(), place.entity, FLAGS)
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for card in table(client, Query(place.entity, ("Ref_Key", place.partner, place.inn, *flags))):
        partner = as_reference(card.get(place.partner))
        inn = clean_inn(card.get(place.inn))
        if partner and inn and not _reason(card):
            found[partner][inn] += 1
    return {
        partner: min(several, key=lambda inn: (-several[inn], inn))
        for partner, several in found.items()
    }


def _keys(client: Client, profile: Profile, entity: str) -> dict[str, str]:
    place = profile.keys
    assert place is not None
    name = place.partner if entity == "partner" else place.counterparty
    composite = published(client.metadata(), place.entity, (f"{name}_Type",))
    kind = f"StandardODATA.{profile.counterparty.entity}"
    found = {}
    for row in table(client, Query(place.entity, ("Ref_Key", name, *composite))):
        reference = as_reference(row.get(name)) or ""
        if reference and composite and row.get(composite[0]) != kind:
            reference = OTHER  # an own organisation, for example
        found[str(row["Ref_Key"]).lower()] = reference
    return found
