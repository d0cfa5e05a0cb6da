"""Enricher: attributes of companies, contacts and leads from the CRM fields that a job lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from abcxyz import CrmFacts, Window
from abcxyz.errors import ConfigError
from abcxyz.plugins import Attributes, Flat
from abcxyz_bitrix.cards.installed import item_codes
from abcxyz_bitrix.connection import NO_CONNECTION, Connection
from abcxyz_bitrix.crm.customers import Keys, Party, check_customer, key_of
from abcxyz_bitrix.crm.entities import COMPANY, CONTACT, LEAD, Fields, fields_of
from abcxyz_bitrix.crm.facts import FACTS, FactsReader, check_facts
from abcxyz_bitrix.crm.leads import NO_LEADS, leads_on, open_leads
from abcxyz_bitrix.crm.stages import directories
from abcxyz_bitrix.preflight import check_access
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import as_day, as_id, as_moment, is_empty
from abcxyz_bitrix.rest.lists import Listing, Row, by_ids
from abcxyz_bitrix.words import message

__all__ = ["ATTRIBUTES", "BitrixEnricher"]

ATTRIBUTES: Mapping[str, str] = MappingProxyType(
    {
        "turnover": "REVENUE",
        "employees": "EMPLOYEES",
        "industry": "INDUSTRY",
        "type": "TYPE_ID",
        "source": "SOURCE_ID",
        "created": "CREATED_TIME",
    }
)
"""Attribute -> code of the field, the default of the option *attributes*."""

_PERSONAL = (
    "PHONE", "EMAIL", "FM", "COMMENTS", "ADDRESS", "BIRTHDATE", "NAME", "LAST_NAME",
    "SECOND_NAME", "PHOTO", "IM", "WEB", "SEARCH_CONTENT", "SOURCE_DESCRIPTION",
    "BANKING_DETAILS", "POST",
)  # fmt: skip


class BitrixEnricher:
    """Enricher: attributes of companies, contacts and open leads, and facts for alerts.

    Parameters
    ----------
    connection
        How to reach the portal; its fields are keys of a job.
    customer, customer_id
        As in `BitrixSource`.
    attributes
        Attribute -> code of the field, such as ``{region = "UF_CRM_REGION"}``. Only these are
        read; a lead takes missing attributes from its company.
    values
        Attribute -> value on the portal -> replacement, such as
        ``{employees = {EMPLOYEES_2 = 100}}``. Items of a list field are named by their external
        code (``XML_ID``) or by their text.
    personal
        Allow fields that hold personal data.
    facts
        What alerts need: ``deals`` open deals and their last movement, ``time`` hours of meetings
        and calls, ``leads`` creation of leads and first contact with them.
    client
        A ready client instead of a connection.

    Raises
    ------
    ConfigError
        An option is not understood, or a field holds personal data.
    """

    def __init__(
        self,
        connection: Flat[Connection] = NO_CONNECTION,
        *,
        customer: str = "company-or-contact",
        customer_id: str = "id",
        attributes: Mapping[str, str] | None = None,
        values: Mapping[str, Mapping[str, Any]] | None = None,
        personal: bool = False,
        facts: Sequence[str] = FACTS,
        client: Client | None = None,
    ) -> None:
        self._customer, self._customer_id = check_customer(customer), customer_id
        self._codes = {name: code.upper() for name, code in (attributes or ATTRIBUTES).items()}
        self._values = values or {}
        for name, code in self._codes.items():
            if not personal and (code == "*" or any(_is(code, part) for part in _PERSONAL)):
                raise ConfigError(
                    "{name} = {code!r} holds personal data; leave it out, or set personal = true",
                    name=name,
                    code=code,
                )
        self.client = client or connection.client()
        self._facts = FactsReader(
            self.client,
            check_facts(facts),
            self._customer,
            customer_id,
            dedicated=connection.dedicated_user,
        )

    def __repr__(self) -> str:
        return f"BitrixEnricher({self.client.credentials.host!r})"

    def close(self) -> None:
        """Close the connections."""
        self.client.transport.close()

    # -- enricher interface ------------------------------------------------------------------

    def customers(self, ids: Sequence[str]) -> Attributes:
        """Return the attributes of customers by id; unknown ids are left out."""
        entities = self._entities
        parties = Keys(self.client, self._customer_id).parties(ids, entities)
        by_party: dict[Party, dict[str, object]] = {}
        for entity in entities:
            of_entity = sorted(
                {n for many in parties.values() for kind, n in many if kind == entity}
            )
            if of_entity:
                by_party.update(self._read(entity, of_entity))
        attributes: dict[str, Mapping[str, object]] = {}
        for key, many in parties.items():
            known = [by_party[party] for party in many if party in by_party]
            if known:
                # Several cards under one key are merged; the oldest one takes precedence.
                attributes[key] = {k: v for one in reversed(known) for k, v in one.items()}
        return attributes

    def prospects(self) -> Attributes:
        """Return the attributes of every open lead that is not a repeated one, by ``L_5``."""
        if not self._reads_leads():
            return {}
        names = fields_of(self.client, LEAD)
        company = names.find("COMPANY_ID")
        fields = self._fields(names)
        rows = open_leads(self.client, [*fields.values(), *([company] if company else [])])
        owners = {as_id(row["id"]): as_id(row.get(company or "")) for row in rows}
        companies = sorted(set(owners.values()) - {0})
        of_company = self._read(COMPANY, companies) if companies else {}
        entries = self._entries(names, fields)
        return {
            key_of((LEAD, number)): {
                **of_company.get((COMPANY, owners[number]), {}),
                **self._attributes(row, fields, names, entries),
            }
            for row in rows
            if (number := as_id(row["id"]))
        }

    def facts(self, window: Window) -> CrmFacts:
        """Read what alerts need besides sales: deals and leads of now, time of the *window*."""
        return self._facts.read(window)

    def system_identity(self) -> str:
        """Return the name of the portal, by which adapters of one portal are recognised."""
        return self._facts.identity

    def preflight(self) -> Sequence[str]:
        """Name every scope and right that is missing, all at once.

        Raises
        ------
        AuthenticationError
            Something is missing.
        """
        leads = [LEAD] if self._reads_leads() else []
        notes = check_access(self.client, {"crm"}, entities=(*self._entities, *leads), writes=())
        return notes if leads else [*notes, message(NO_LEADS)]

    def _reads_leads(self) -> bool:
        """Whether leads are on, and the webhook may read them."""
        return leads_on(self.client)

    # -- reading -----------------------------------------------------------------------------

    @property
    def _entities(self) -> tuple[int, ...]:
        return {"company": (COMPANY,), "contact": (CONTACT,)}.get(
            self._customer, (COMPANY, CONTACT)
        )

    def _fields(self, names: Fields) -> dict[str, str]:
        """Find the fields; a type of objects may lack some of them."""
        names_by_attribute = {name: names.find(code) for name, code in self._codes.items()}
        return {name: code for name, code in names_by_attribute.items() if code is not None}

    def _read(self, entity: int, ids: Sequence[int]) -> dict[Party, dict[str, object]]:
        names = fields_of(self.client, entity)
        fields = self._fields(names)
        entries = self._entries(names, fields)
        listing = Listing(entity, tuple(fields.values()))
        return {
            (entity, as_id(row["id"])): self._attributes(row, fields, names, entries)
            for row in by_ids(self.client, listing, ids)
        }

    def _entries(self, names: Fields, fields: Mapping[str, str]) -> Mapping[str, str]:
        """Read the display names of those directory entries that the fields need."""
        wanted = {
            str(names.info[name]["statusType"])
            for name in fields.values()
            if names.info.get(name, {}).get("statusType")
        }
        entries = directories(self.client, sorted(wanted)) if wanted else {}
        if any(names.info.get(name, {}).get("type") == "enumeration" for name in fields.values()):
            entries |= item_codes(self.client, names.entity)
        return entries

    def _attributes(
        self, row: Row, fields: Mapping[str, str], names: Fields, entries: Mapping[str, str]
    ) -> dict[str, object]:
        return dict(self._attribute_pairs(row, fields, names, entries))

    def _attribute_pairs(
        self, row: Row, fields: Mapping[str, str], names: Fields, entries: Mapping[str, str]
    ) -> Iterator[tuple[str, object]]:
        for attribute, name in fields.items():
            value = row.get(name)
            info = names.info.get(name, {})
            if is_empty(value) or (info.get("type") == "double" and not value):
                continue
            mapped, plain = self._values.get(attribute, {}), _displayed(value, info, entries)
            # A list item's id differs from portal to portal, so its external code is used.
            code = entries.get(f"code/{info.get('upperName')}/{value}", str(value))
            yield attribute, mapped.get(code, mapped.get(str(plain), plain))


def _displayed(value: Any, info: Mapping[str, Any], entries: Mapping[str, str]) -> object:
    """Convert a value for display: the name of a directory entry, a day, a number."""
    kind = info.get("type")
    if kind in ("crm_status", "enumeration"):
        chosen = value if isinstance(value, list) else [value]
        items = {str(item.get("ID")): str(item.get("VALUE")) for item in info.get("items") or ()}
        labels = [
            entries.get(f"{info.get('statusType')}/{one}") or items.get(str(one)) or str(one)
            for one in chosen
        ]
        return labels[0] if len(labels) == 1 else ", ".join(labels)
    if kind == "date":
        return as_day(value)
    if kind == "datetime":
        moment = as_moment(value)
        return None if moment is None else moment.date()
    if kind == "double":
        return float(value)
    return value


def _is(code: str, personal: str) -> bool:
    return code == personal or code.startswith(personal + "_")
