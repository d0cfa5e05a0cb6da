"""Customers of sales, and the keys that join them with other systems."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from attrs import define, field

from abcxyz.errors import AuthenticationError, ConfigError
from abcxyz.toolkit.known_names import check_known
from abcxyz_bitrix.crm.entities import COMPANY, CONTACT, LEAD, SHORT, code_of, fields_of
from abcxyz_bitrix.crm.stages import NO_SUCH_TYPE
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import Command, as_bool, as_id, as_map, is_empty, rows_at
from abcxyz_bitrix.rest.errors import MethodNotFoundError
from abcxyz_bitrix.rest.lists import (
    PAGE,
    Listing,
    Row,
    by_ids,
    cursor,
    first,
    narrow,
    scan,
)
from abcxyz_bitrix.rest.row_checks import check_among

__all__ = ["CUSTOMERS", "PREFIX", "Keys", "Party", "excluded", "key_of", "party_of"]

Party = tuple[int, int]
"""Type of the object and its id."""

PREFIX: Mapping[int, str] = MappingProxyType(
    {entity: f"{SHORT[entity]}_" for entity in (COMPANY, CONTACT, LEAD)}
)
CUSTOMERS = ("company", "contact", "company-or-contact")

_CONTRACTORS = MappingProxyType(
    {COMPANY: "CATALOG_CONTRACTOR_COMPANY", CONTACT: "CATALOG_CONTRACTOR_CONTACT"}
)


def key_of(party: Party) -> str:
    """Return the key of a customer; company 5 and contact 5 have different keys.

    Examples
    --------
    >>> key_of((COMPANY, 5)), party_of("C_5")
    ('CO_5', (3, 5))
    """
    return code_of(*party)


def party_of(key: str) -> Party | None:
    """Parse such a key; None if it has another form."""
    for entity, prefix in PREFIX.items():
        rest = key.removeprefix(prefix)
        if rest != key and rest.isdecimal() and rest.isascii() and int(rest) > 0:
            return entity, int(rest)
    return None


def check_customer(customer: str) -> str:
    """Check the choice of the customer.

    Raises
    ------
    ConfigError
        The choice is none of `CUSTOMERS`.
    """
    if customer not in CUSTOMERS:
        raise ConfigError(
            "customer = {value!r} is not known; use one of {known}",
            value=customer,
            known=", ".join(CUSTOMERS),
        )
    return customer


def excluded(client: Client, entities: Iterable[int]) -> set[Party]:
    """Find the portal's own companies and vendors, which are never customers."""
    parties: set[Party] = set()
    for entity in entities:
        names = fields_of(client, entity)
        wanted: list[tuple[str, Any]] = []
        my_company, category = names.find("IS_MY_COMPANY"), names.find("CATEGORY_ID")
        if entity == COMPANY and my_company is not None:
            wanted.append((my_company, "Y"))
        rows = _categories(client, entity)
        wanted += [
            (category, as_id(row.get("id")))
            for row in rows
            if category is not None and row.get("code") == _CONTRACTORS[entity]
        ]
        for name, value in wanted:
            listing = narrow(
                client, Listing(entity, (name,), {name: value}), note=lambda _text: None
            )
            for piece in scan(client, listing):
                parties.update(
                    (entity, as_id(row["id"]))
                    for row in piece.rows
                    if (as_bool(row.get(name)) if value == "Y" else as_id(row.get(name)) == value)
                )
    return parties


def _categories(client: Client, entity: int) -> list[Row]:
    """Read the categories of companies or contacts; an older portal has none."""
    try:
        answer = client.call("crm.category.list", {"entityTypeId": entity})
    except NO_SUCH_TYPE:
        return []
    return rows_at(answer.result, "categories", "crm.category.list")


@define
class Keys:
    """Keys of customers, by which other systems such as 1C identify them.

    Parameters
    ----------
    kind
        ``id``: CO_5, C_5. ``inn`` or ``requisite:RQ_KPP``: a requisite. ``origin_id``, or the
        upper-case code of any field of the customer, such as ``UF_CRM_CODE_1C``.
    """

    client: Client = field(repr=False)
    kind: str = "id"
    without: int = field(default=0, init=False)
    _known: dict[Party, str] = field(factory=dict, init=False, repr=False)
    _checked: bool = field(default=False, init=False, repr=False)

    def _check_once(self) -> None:
        if not self._checked:
            self.check()
            self._checked = True

    def of(self, parties: Iterable[Party]) -> dict[Party, str]:
        """Return the key of each customer; one without a key gets its Bitrix24 id."""
        wanted = list(dict.fromkeys(parties))
        if self.kind == "id":
            return {party: key_of(party) for party in wanted}
        self._check_once()
        for entity in PREFIX:
            missing = [n for kind, n in wanted if kind == entity and (kind, n) not in self._known]
            if missing:
                self._known.update(self._look_up(entity, missing))
        return {party: self._known[party] for party in wanted}

    def check(self) -> None:
        """Check the name of a requisite.

        Raises
        ------
        ConfigError
            The portal has no such requisite; those it has are listed.
        """
        name = self._requisite
        if not name:
            return
        try:
            known = as_map(self.client.call("crm.requisite.fields").result)
        except (MethodNotFoundError, AuthenticationError):
            known = {}
        # Without the list only the form of the name can be checked.
        names = sorted(one for one in known if one.startswith("RQ_"))
        if names or not re.fullmatch(r"RQ_[A-Z0-9_]+", name):
            check_known(
                "there is no requisite {key!r}; known are {known}",
                key=[name],
                known=names or ["RQ_INN", "RQ_KPP", "RQ_OGRN"],
            )

    def _look_up(self, entity: int, ids: Sequence[int]) -> dict[Party, str]:
        keys = self._requisites(entity, ids) if self._requisite else self._fields(entity, ids)
        self.without += sum(not keys.get(number) for number in ids)
        return {(entity, number): keys.get(number) or key_of((entity, number)) for number in ids}

    @property
    def _requisite(self) -> str:
        if self.kind.lower() == "inn":
            return "RQ_INN"
        name, _, rest = self.kind.partition(":")
        return rest if name == "requisite" else ""

    def _fields(self, entity: int, ids: Sequence[int]) -> dict[int, str]:
        name = self._field(entity)
        if name is None:
            return {}
        rows = by_ids(self.client, Listing(entity, (name,)), ids)
        return {as_id(row["id"]): _text(row.get(name)) for row in rows}

    def _field(self, entity: int) -> str | None:
        """Find the field that holds the key; either companies or contacts may lack it.

        Raises
        ------
        BadDataError
            Both lack it.
        """
        code = self.kind.upper()
        name = fields_of(self.client, entity).find(code)
        other = CONTACT if entity == COMPANY else COMPANY
        if name is None and fields_of(self.client, other).find(code) is None:
            return fields_of(self.client, entity).name(code)
        return name

    def _requisites(self, entity: int, ids: Sequence[int]) -> dict[int, str]:
        name = self._requisite
        oldest: dict[int, tuple[int, str]] = {}
        parts = [list(ids[at : at + PAGE // 2]) for at in range(0, len(ids), PAGE // 2)]
        commands = {
            f"r{place}": _requisite_list(entity, {"@ENTITY_ID": part}, name)
            for place, part in enumerate(parts)
        }
        for key, outcome in self.client.stream(commands.items()):
            rows: Iterable[Row] = rows_at(first(outcome, "crm.requisite.list").result, "", key)
            part = parts[int(key[1:])]
            check_among(rows, "ENTITY_ID", part, "crm.requisite.list")
            if len(list(rows)) >= PAGE:
                command = _requisite_list(entity, {"@ENTITY_ID": part}, name)
                rows = cursor(self.client, command.method, command.params, at="")
            for row in rows:
                owner, value = as_id(row.get("ENTITY_ID")), _text(row.get(name))
                number = as_id(row.get("ID"))
                # Of several requisites the oldest filled one, so that the key is stable.
                if value and (owner not in oldest or number < oldest[owner][0]):
                    oldest[owner] = (number, value)
        return {owner: value for owner, (_, value) in oldest.items()}

    def parties(self, wanted: Iterable[str], entities: Sequence[int]) -> dict[str, list[Party]]:
        """Find the objects of each key; several objects may share one."""
        keys = set(wanted)
        direct = {key: [party] for key in keys if (party := party_of(key)) is not None}
        direct = {key: objects for key, objects in direct.items() if objects[0][0] in entities}
        if self.kind == "id" or not keys - set(direct):
            return direct
        self._check_once()
        for party, key in self._all_keys(entities):
            if key in keys:
                direct.setdefault(key, []).append(party)
        return direct

    def _all_keys(self, entities: Sequence[int]) -> Iterator[tuple[Party, str]]:
        for entity in entities:
            if self._requisite:
                wanted = ("ID", "ENTITY_ID", "ENTITY_TYPE_ID", self._requisite)
                every = Listing(
                    entity, wanted, {"ENTITY_TYPE_ID": entity}, "crm.requisite.list", "", "ID"
                )
                seen: set[int] = set()
                for row in (row for piece in scan(self.client, every) for row in piece.rows):
                    owner, value = as_id(row.get("ENTITY_ID")), _text(row.get(self._requisite))
                    same_type = as_id(row.get("ENTITY_TYPE_ID")) == entity
                    if same_type and value and owner and owner not in seen:
                        seen.add(owner)
                        yield (entity, owner), value
            else:
                name = self._field(entity)
                listing = Listing(entity, (name,)) if name is not None else None
                for piece in scan(self.client, listing) if listing is not None else ():
                    for row in piece.rows:
                        if value := _text(row.get(name or "")):
                            yield (entity, as_id(row["id"])), value


def _requisite_list(entity: int, where: Mapping[str, Any], name: str) -> Command:
    return Command(
        "crm.requisite.list",
        {
            "filter": {"ENTITY_TYPE_ID": entity, **where},
            "select": ["ID", "ENTITY_ID", name],
            "order": {"ID": "ASC"},
        },
    )


def _text(value: object) -> str:
    if isinstance(value, list):
        value = value[0] if value else None
    return "" if is_empty(value) else str(value).strip()


def chooser(
    customer: str, names: Mapping[str, str | None], out: set[Party]
) -> Callable[[Row], Party | None]:
    """Return the function that finds the customer of a sale.

    Parameters
    ----------
    customer
        One of `CUSTOMERS`.
    names
        Field by its code: COMPANY_ID, CONTACT_ID, CONTACT_IDS.
    out
        Objects that are no customers.
    """
    company_name = names.get("COMPANY_ID")
    contact_name, contacts_name = names.get("CONTACT_ID"), names.get("CONTACT_IDS")

    def company(row: Row) -> Party | None:
        number = as_id(row.get(company_name)) if company_name else 0
        return (COMPANY, number) if number else None

    def contact(row: Row) -> Party | None:
        many = as_map(row.get(contacts_name)) if contacts_name else {}
        number = next((as_id(value) for value in many.values() if as_id(value)), 0)
        number = number or (as_id(row.get(contact_name)) if contact_name else 0)
        return (CONTACT, number) if number else None

    def choose(row: Row) -> Party | None:
        party = company(row) if customer != "contact" else None
        if party is None and customer != "company":
            party = contact(row)
        return None if party is None or party in out else party

    return choose
