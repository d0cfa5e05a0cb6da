"""Customers of a 1C base and their identifiers: reference, code, INN or attribute."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType

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
    "published_fields",
    "read_directory",
]

ENTITIES = ("partner", "counterparty")
FLAGS = ("DeletionMark", "IsFolder", "Predefined")

#: Token of a reference to an object that is not a customer.
OTHER = "other"


@frozen(kw_only=True)
class Directory:
    """The customers of a base.

    Parameters
    ----------
    entity
        ``partner`` or ``counterparty``.
    catalog
        Name of the set with their cards.
    ids
        Reference to the identifier.
    names
        Reference to the name.
    excluded
        Reference to the reason why the customer is not classified: ``predefined``, ``deleted``
        or ``folder``.
    keys
        Key of the register to the reference of its customer; `OTHER` where it is not a customer.
    id_problems
        Reference to the problems of the identifier: ``absent``, ``shared``, ``several``.
    """

    entity: str
    catalog: str
    ids: Mapping[str, str] = field(converter=frozen_map, repr=False)
    names: Mapping[str, str] = field(converter=frozen_map, repr=False)
    excluded: Mapping[str, str] = field(converter=frozen_map, repr=False)
    keys: Mapping[str, str] = field(factory=dict, converter=frozen_map, repr=False)
    id_problems: Mapping[str, tuple[str, ...]] = field(factory=dict, repr=False)

    def identify(self, reference: str | None) -> tuple[str, str]:
        """Return the identifier of a customer and '', or '' and the reason why it has none."""
        if reference is None:
            return "", "empty"
        if reference in self.excluded:
            return "", self.excluded[reference]
        name = self.ids.get(reference)
        return (name, "") if name else ("", "unknown")

    def identify_key(self, key: str | None) -> tuple[str, str]:
        """Return the same as `identify` for the customer of a key of the register."""
        if key is None:
            return "", "empty"
        if key not in self.keys:
            return "", "dangling"
        if self.keys[key] == OTHER:
            return "", "other"
        return self.identify(self.keys[key] or None)

    def references(self) -> Mapping[str, tuple[str, ...]]:
        """Return identifier to references; several references where it is not unique."""
        references: defaultdict[str, list[str]] = defaultdict(list)
        for reference, name in self.ids.items():
            if reference not in self.excluded:
                references[name].append(reference)
        return {name: tuple(sorted(each)) for name, each in references.items()}


def catalog_of(profile: Profile, entity: str) -> str:
    """Return the name of the set with the customers' cards.

    Raises
    ------
    ConfigError
        *entity* is unknown, or the configuration has no partners.
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
    """Return *value* as a taxpayer number (INN), empty when it is not one.

    Examples
    --------
    >>> clean_inn(" 7701234567 "), clean_inn("нет"), clean_inn("123")
    ('7701234567', '', '')
    """
    text = "".join(str(value or "").split())
    return text if text.isascii() and text.isdigit() and len(text) in (10, 12) else ""


def published_fields(metadata: Metadata, entity: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return the fields among *names* that the published set has."""
    known = metadata.sets[entity].fields if entity in metadata.sets else {}
    return tuple(name for name in names if name in known)


def read_directory(
    client: Client, profile: Profile, entity: str, customer_id: str, *, keys: bool = True
) -> Directory:
    """Read the customers, and the catalog of keys where the register needs it.

    Parameters
    ----------
    client
        Client of the base.
    profile
        Names of the configuration.
    entity
        ``partner`` or ``counterparty``.
    customer_id
        ``ref``, ``code``, ``inn`` or an attribute of the card.
    keys
        Whether to read the catalog of keys.

    Notes
    -----
    A customer without the identifier is named ``ref:`` and its reference, so that its sales are
    still counted. Legal entities with one INN are one customer; two cards with the same code or
    attribute are two customers, named by their references.
    """
    catalog = catalog_of(profile, entity)
    metadata = client.metadata()
    id_field = {"ref": "", "code": "Code", "inn": ""}.get(customer_id, customer_id)
    if customer_id == "inn" and entity == "counterparty":
        id_field = profile.counterparty.inn
    fields = ("Ref_Key", "Description", *published_fields(metadata, catalog, FLAGS))
    select = tuple(dict.fromkeys((*fields, id_field))) if id_field else fields
    cards = table(client, Query(catalog, select))
    names, excluded, raw_ids = {}, {}, {}
    for card in cards:
        reference = str(card["Ref_Key"]).lower()
        names[reference] = str(card.get("Description") or "").strip()
        reason = _reason(card)
        if reason:
            excluded[reference] = reason
        raw_ids[reference] = str(card.get(id_field) or "").strip() if id_field else ""
    several: set[str] = set()
    if customer_id == "inn":
        if entity == "partner":
            raw_ids, several = _inn_of_partners(client, profile)
        else:
            raw_ids = {reference: clean_inn(text) for reference, text in raw_ids.items()}
    ids, id_problems = _identified(names, excluded, raw_ids, customer_id, several)
    return Directory(
        entity=entity,
        catalog=catalog,
        ids=ids,
        names=names,
        excluded=excluded,
        keys=_keys(client, profile, entity) if keys and profile.keys is not None else {},
        id_problems=MappingProxyType(id_problems),
    )


def _reason(card: Row) -> str:
    if card.get("Predefined") is True:
        return "predefined"
    if card.get("IsFolder") is True:
        return "folder"
    return "deleted" if card.get("DeletionMark") is True else ""


def _identified(
    names: Mapping[str, str],
    excluded: Mapping[str, str],
    raw_ids: Mapping[str, str],
    customer_id: str,
    several: set[str],
) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    if customer_id == "ref":
        return {reference: reference for reference in names}, {}
    times = Counter(raw_ids.get(reference, "") for reference in names if reference not in excluded)
    ids: dict[str, str] = {}
    id_problems: dict[str, tuple[str, ...]] = {}
    for reference in names:
        raw_id = raw_ids.get(reference, "")
        shared = customer_id != "inn" and times[raw_id] > 1
        ids[reference] = f"ref:{reference}" if not raw_id or shared else raw_id
        if reference in excluded:
            continue
        problems = []
        if not raw_id or times[raw_id] > 1:
            problems.append("shared" if raw_id else "absent")
        if reference in several:
            problems.append("several")
        if problems:
            id_problems[reference] = tuple(problems)
    return ids, id_problems


def _inn_of_partners(client: Client, profile: Profile) -> tuple[dict[str, str], set[str]]:
    """Return the INN of each partner, and the partners with several.

    The INN of a partner is the most frequent one among its legal entities.
    """
    legal = profile.counterparty
    flags = published_fields(client.metadata(), legal.entity, FLAGS)
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for card in table(client, Query(legal.entity, ("Ref_Key", legal.partner, legal.inn, *flags))):
        partner = as_reference(card.get(legal.partner))
        inn = clean_inn(card.get(legal.inn))
        if partner and inn and not _reason(card):
            counts[partner][inn] += 1
    most_frequent = {
        partner: min(by_inn, key=lambda inn: (-by_inn[inn], inn))
        for partner, by_inn in counts.items()
    }
    return most_frequent, {partner for partner, by_inn in counts.items() if len(by_inn) > 1}


def _keys(client: Client, profile: Profile, entity: str) -> dict[str, str]:
    names = profile.keys
    assert names is not None
    name = names.partner if entity == "partner" else names.counterparty
    composite = published_fields(client.metadata(), names.entity, (f"{name}_Type",))
    kind = f"StandardODATA.{profile.counterparty.entity}"
    customers = {}
    for row in table(client, Query(names.entity, ("Ref_Key", name, *composite))):
        reference = as_reference(row.get(name)) or ""
        if reference and composite and row.get(composite[0]) != kind:
            reference = OTHER  # an organisation of the company itself, for example
        customers[str(row["Ref_Key"]).lower()] = reference
    return customers
