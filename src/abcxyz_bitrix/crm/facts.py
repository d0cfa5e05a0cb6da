"""Facts of a portal for alerts: open deals, time spent on customers, contacts with leads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import tzinfo

from attrs import define, field

from abcxyz import CrmFacts, Deal, LeadContact, TimeSpent, Window
from abcxyz.errors import ConfigError
from abcxyz_bitrix.crm.activities import contacted_leads, hours_spent
from abcxyz_bitrix.crm.currencies import portal_rates
from abcxyz_bitrix.crm.customers import Keys, key_of
from abcxyz_bitrix.crm.entities import DEAL, LEAD, code_of, fields_of
from abcxyz_bitrix.crm.leads import leads_on, open_leads
from abcxyz_bitrix.crm.open_deals import OpenDeal, open_deals
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import as_id, as_moment

__all__ = ["FACTS", "FactsReader", "check_facts"]

FACTS = ("deals", "time", "leads")
"""Kinds of facts, as a job names them."""


def check_facts(kinds: Sequence[str]) -> tuple[str, ...]:
    """Check the kinds of facts.

    Raises
    ------
    ConfigError
        A kind is none of `FACTS`.
    """
    for kind in kinds:
        if kind not in FACTS:
            raise ConfigError(
                "{name} = {value!r} is not known; use one of {known}",
                name="facts",
                value=kind,
                known=", ".join(FACTS),
            )
    return tuple(kinds)


@define
class FactsReader:
    """Reader of the facts that a job names.

    Parameters
    ----------
    kinds
        Some of `FACTS`.
    customer, customer_id
        As of the source.
    dedicated
        The client's user does no work in the CRM.
    zone
        Time zone of the business; None is that of the portal.
    """

    client: Client = field(repr=False)
    kinds: tuple[str, ...]
    customer: str
    customer_id: str
    dedicated: bool = False
    zone: tzinfo | None = None

    @property
    def identity(self) -> str:
        """Name of the portal, equal for every adapter that reads it."""
        return f"bitrix24 {self.client.credentials.host}"

    def read(self, window: Window) -> CrmFacts:
        """Read open deals of now, time spent within the window, and contacts with open leads."""
        return CrmFacts(
            deals=self._deals() if "deals" in self.kinds else (),
            time_spent=self._time(window) if "time" in self.kinds else (),
            contacts=self._contacts() if "leads" in self.kinds else (),
        )

    def _deals(self) -> list[Deal]:
        deals = open_deals(
            self.client, customer=self.customer, dedicated=self.dedicated, zone=self.zone
        )
        keys = Keys(self.client, self.customer_id).of(one.party for one in deals)
        amounts = self._amounts(deals)
        return [
            Deal(
                deal=code_of(DEAL, one.number),
                customer=keys[one.party],
                since=one.moved.date(),
                amount=amount,
                stage=one.stage,
                owner=str(one.responsible) if one.responsible else None,
            )
            for one, amount in zip(deals, amounts, strict=True)
        ]

    def _amounts(self, deals: Iterable[OpenDeal]) -> list[float | None]:
        """Convert all amounts to one currency; None where the portal has no rate."""
        every = list(deals)
        if len({one.currency for one in every}) < 2:
            return [float(one.amount) for one in every]
        money = portal_rates(self.client)
        known = {money.currency, *money.rates}
        return [
            float(money.convert(one.amount, one.currency)) if one.currency in known else None
            for one in every
        ]

    def _time(self, window: Window) -> list[TimeSpent]:
        hours = hours_spent(self.client, window, customer=self.customer, zone=self.zone)
        keys = Keys(self.client, self.customer_id).of(hours)
        return [TimeSpent(customer=keys[party], hours=hours[party]) for party in sorted(hours)]

    def _contacts(self) -> list[LeadContact]:
        if not leads_on(self.client):
            return []
        names = fields_of(self.client, LEAD)
        created, responsible = names.name("CREATED_TIME"), names.name("ASSIGNED_BY_ID")
        leads = {as_id(row["id"]): row for row in open_leads(self.client, (created, responsible))}
        first_contacts = contacted_leads(self.client, sorted(leads), zone=self.zone)
        contacts = []
        for number, row in sorted(leads.items()):
            moment = as_moment(row.get(created))
            if moment is not None:
                day = moment if self.zone is None else moment.astimezone(self.zone)
                owner = as_id(row.get(responsible))
                contacts.append(
                    LeadContact(
                        lead=key_of((LEAD, number)),
                        created=day.date(),
                        contacted=first_contacts[number].date()
                        if number in first_contacts
                        else None,
                        owner=str(owner) if owner else None,
                    )
                )
        return contacts
