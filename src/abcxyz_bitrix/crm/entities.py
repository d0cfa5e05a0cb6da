"""Types of CRM objects, and the fields that a portal has on each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any
from weakref import WeakKeyDictionary

from attrs import field, frozen

from abcxyz.errors import BadDataError
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import as_map

__all__ = [
    "COMPANY",
    "CONTACT",
    "DEAL",
    "ENTITIES",
    "INVOICE",
    "LEAD",
    "SHORT",
    "Fields",
    "code_of",
    "fields_of",
    "short_of",
]

LEAD, DEAL, CONTACT, COMPANY, INVOICE = 1, 2, 3, 4, 31

ENTITIES: Mapping[int, str] = MappingProxyType(
    {LEAD: "lead", DEAL: "deal", CONTACT: "contact", COMPANY: "company", INVOICE: "invoice"}
)
"""Types of CRM objects by their number."""

SHORT: Mapping[int, str] = MappingProxyType(
    {LEAD: "L", DEAL: "D", CONTACT: "C", COMPANY: "CO", INVOICE: "SI"}
)
"""Short codes of the types, as Bitrix24 writes them in bindings and owner types."""


def code_of(entity: int, number: int) -> str:
    """Return the type and the id of an object in the notation of Bitrix24.

    Examples
    --------
    >>> code_of(DEAL, 5), code_of(COMPANY, 5)
    ('D_5', 'CO_5')
    """
    return f"{short_of(entity)}_{number}"


def short_of(entity: int) -> str:
    """Return the short code of a type; that of a smart process is its number in base 16.

    Examples
    --------
    >>> short_of(DEAL), short_of(1032)
    ('D', 'T408')
    """
    return SHORT.get(entity) or f"T{entity:x}"


@frozen
class Fields:
    """The fields of one type of objects.

    Parameters
    ----------
    entity
        Number of the type.
    info
        Descriptions from ``crm.item.fields``, by field name.
    """

    entity: int
    info: Mapping[str, Mapping[str, Any]] = field(repr=False)
    _names: Mapping[str, str] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        names = {str(one.get("upperName", "")).upper(): name for name, one in self.info.items()}
        object.__setattr__(self, "_names", names)

    def find(self, code: str) -> str | None:
        """Return the name of a field by its upper-case code, or None if the portal has none."""
        return self._names.get(code.upper()) or (code if code in self.info else None)

    def name(self, code: str) -> str:
        """Return the name of a field by its upper-case code.

        Raises
        ------
        BadDataError
            This portal has no such field.
        """
        field_name = self.find(code)
        if field_name is None:
            raise BadDataError(
                "the portal has no field {code} on a {entity}; correct the name, or check the "
                "rights of the webhook",
                code=code,
                entity=ENTITIES.get(self.entity, str(self.entity)),
            )
        return field_name

    def select(self, codes: Iterable[str]) -> list[str]:
        """Return the names of those fields that the portal has."""
        return [name for code in codes if (name := self.find(code)) is not None]


_CACHE: WeakKeyDictionary[Client, dict[int, Fields]] = WeakKeyDictionary()


def fields_of(client: Client, entity: int, *, fresh: bool = False) -> Fields:
    """Read the fields of one type, once for each client.

    Parameters
    ----------
    fresh
        Read again, after fields were created.
    """
    cache = _CACHE.setdefault(client, {})
    if entity not in cache or fresh:
        answer = client.call("crm.item.fields", {"entityTypeId": entity})
        cache[entity] = Fields(entity, as_map(as_map(answer.result).get("fields")))
    return cache[entity]
