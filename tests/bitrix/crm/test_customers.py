"""Customers of sales and their keys."""

from __future__ import annotations

import pytest
from tests.bitrix.source_helpers import YEAR, lines, read
from tests.emulators.bitrix24.harness import Rig
from tests.emulators.bitrix24.methods import METHODS
from tests.emulators.bitrix24.portal import COMPANY, CONTACT

from abcxyz.core.sales.transactions import concat
from abcxyz.errors import BadDataError, ConfigError
from abcxyz_bitrix.source import BitrixSource


def test_company_and_contact_stay_apart(site: Rig) -> None:
    """Company 1 and contact 1 are two customers; a deal without either is counted."""
    site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1, contact=1)
    site.portal.add_won_deal(2, "2026-02-03T10:00:00+03:00", contact=1)
    site.portal.add_won_deal(4, "2026-02-04T10:00:00+03:00")
    source = BitrixSource(client=site.client)
    assert lines(concat(source.transactions(YEAR))) == [
        ("CO_1", "2026-02-02", 1.0),
        ("C_1", "2026-02-03", 2.0),
    ]
    assert source.tally.counts["no_customer"] == 1


@pytest.mark.parametrize(("customer", "amounts"), [("company", [1.0]), ("contact", [1.0, 2.0])])
def test_customer_is_chosen(site: Rig, customer: str, amounts: list[float]) -> None:
    """Sales may be counted for companies only, or for contacts only."""
    site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1, contact=1)
    site.portal.add_won_deal(2, "2026-02-03T10:00:00+03:00", contact=1)
    assert sorted(read(site, customer=customer).amount.tolist()) == amounts


def test_companies_of_the_portal_owner_are_no_customers(site: Rig) -> None:
    """Sales to the portal's own company, or to a vendor, are left out."""
    own = site.portal.add_company("Мы", isMyCompany="Y")
    vendors = site.portal.add_category(
        "Поставщики", type_id=COMPANY, code="CATALOG_CONTRACTOR_COMPANY"
    )
    vendor = site.portal.add_company("Поставщик", categoryId=vendors)
    for company in (own, vendor, 1):
        site.portal.add_won_deal(company, "2026-02-02T10:00:00+03:00", company=company)
    assert lines(read(site)) == [("CO_1", "2026-02-02", 1.0)]


def test_field_may_be_the_key(site: Rig) -> None:
    """A field of the customer can be the key; one without it keeps the id."""
    site.portal.row(COMPANY, 1)["originId"] = "1С-000017"
    for company in (1, 2):
        site.portal.add_won_deal(company, "2026-02-02T10:00:00+03:00", company=company)
    source = BitrixSource(client=site.client, customer_id="origin_id")
    sales = concat(source.transactions(YEAR))
    assert sorted(sales.customer.tolist()) == ["1С-000017", "CO_2"]
    assert source.tally.counts["without_key"] == 1


def test_contacts_may_lack_the_field_of_the_key(site: Rig) -> None:
    """A key field of companies alone leaves contacts under their ids; none at all is an error."""
    site.client.call(
        "crm.company.userfield.add",
        {"fields": {"FIELD_NAME": "CODE_1C", "USER_TYPE_ID": "string"}},
    )
    name = next(f for f in site.portal.state.kinds[COMPANY].fields.values() if f.user).name
    site.portal.row(COMPANY, 1)[name] = "17"
    site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1)
    site.portal.add_won_deal(2, "2026-02-02T10:00:00+03:00", contact=1)
    sales = read(site, customer_id="UF_CRM_CODE_1C")
    assert sorted(sales.customer.tolist()) == ["17", "C_1"]
    with pytest.raises(BadDataError, match="UF_CRM_CODE_1D"):
        read(site, customer_id="UF_CRM_CODE_1D")


def test_tax_number_may_be_the_key(site: Rig) -> None:
    """The key comes from the oldest filled requisite, so that it is stable."""
    site.portal.add_requisite(COMPANY, 1, inn="")
    site.portal.add_requisite(COMPANY, 1, inn="7707083893")
    site.portal.add_requisite(COMPANY, 1, inn="1111111111")
    site.portal.add_requisite(CONTACT, 1, inn="500100732259")
    site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1)
    site.portal.add_won_deal(2, "2026-02-02T10:00:00+03:00", company=2)
    site.portal.add_won_deal(3, "2026-02-02T10:00:00+03:00", contact=1)
    assert lines(read(site, customer_id="inn")) == [
        ("500100732259", "2026-02-02", 3.0),
        ("7707083893", "2026-02-02", 1.0),
        ("CO_2", "2026-02-02", 2.0),
    ]


@pytest.mark.parametrize("name", ["RQ_INNN", "rq_kpp", "KPP"])
@pytest.mark.parametrize("listed", [True, False])
def test_misspelt_requisite_is_refused_with_the_list(
    site: Rig, name: str, listed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A requisite that the portal lacks is an error with those it has, not an empty key."""
    site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1)
    if not listed:
        monkeypatch.delitem(METHODS, "crm.requisite.fields")
    if listed or name != "RQ_INNN":
        with pytest.raises(ConfigError, match=f"no requisite '{name}'.*RQ_INN"):
            read(site, customer_id=f"requisite:{name}")
    else:
        assert lines(read(site, customer_id=f"requisite:{name}")) == [("CO_1", "2026-02-02", 1.0)]
