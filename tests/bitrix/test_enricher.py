"""The enricher, against an emulated portal over TCP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from tests.emulators.bitrix24.errors import RefusedError
from tests.emulators.bitrix24.harness import Rig, free, rig
from tests.emulators.bitrix24.portal import COMPANY, LEAD

from abcxyz import Window, score_prospects
from abcxyz.errors import ConfigError
from abcxyz.plugins import Enricher
from abcxyz_bitrix.enricher import BitrixEnricher


@pytest.fixture
def site() -> Iterator[Rig]:
    """Serve a portal with two companies and two leads."""
    with rig(limits=free()) as made:
        made.portal.add_company("Ромашка", employees="EMPLOYEES_2", revenue=9e8, industry="IT",
                                fm=[{"typeId": "PHONE", "value": "+79990000000"}])  # fmt: skip
        made.portal.add_company("Лютик")
        made.portal.add_lead("первый", companyId=1, sourceId="WEB")
        made.portal.add_lead("второй")
        yield made


def make(site: Rig, **options: Any) -> BitrixEnricher:
    """Make an enricher."""
    return BitrixEnricher(client=site.client, **options)


def test_is_an_enricher(site: Rig) -> None:
    """The enricher implements the protocol."""
    assert isinstance(make(site), Enricher)


def test_customers_have_display_values(site: Rig) -> None:
    """Directory entries have their display names; empty fields are left out."""
    attributes_by_id = make(site).customers(["CO_1", "CO_2", "CO_9", "ghost"])
    assert set(attributes_by_id) == {"CO_1", "CO_2"}
    attributes = dict(attributes_by_id["CO_1"])
    assert attributes["turnover"] == 9e8
    assert isinstance(attributes["employees"], str)
    assert not str(attributes["employees"]).startswith("EMPLOYEES_")
    assert "industry" not in attributes_by_id["CO_2"]


def test_job_maps_fields_and_values(site: Rig) -> None:
    """The job maps fields to attributes, and values to replacements."""
    attributes_by_id = make(
        site,
        attributes={"employees": "EMPLOYEES", "size": "revenue"},
        values={"employees": {"EMPLOYEES_2": 100}},
    ).customers(["CO_1"])
    assert dict(attributes_by_id["CO_1"]) == {"employees": 100, "size": 9e8}


def test_user_field_is_an_attribute(site: Rig) -> None:
    """An item of a list field is returned by its text."""
    site.client.call(
        "crm.company.userfield.add",
        {"fields": {"FIELD_NAME": "REGION", "USER_TYPE_ID": "enumeration",
                    "LIST": [{"VALUE": "Урал", "XML_ID": "URAL"}]}},
    )  # fmt: skip
    field = site.portal.user_field(COMPANY, "UF_CRM_REGION")
    site.portal.row(COMPANY, 1)["ufCrmRegion"] = field.choice("URAL")
    attributes_by_id = make(site, attributes={"region": "UF_CRM_REGION"}).customers(["CO_1"])
    assert dict(attributes_by_id["CO_1"]) == {"region": "Урал"}
    for item in ("URAL", "Урал"):
        attributes_by_id = make(
            site, attributes={"region": "UF_CRM_REGION"}, values={"region": {item: "66"}}
        ).customers(["CO_1"])
        assert dict(attributes_by_id["CO_1"]) == {"region": "66"}


def test_leads_take_what_they_lack_from_their_company(site: Rig) -> None:
    """A lead is scored by the figures of its company; converted and repeated ones stay out."""
    done = site.portal.add_lead("третий")
    site.portal.move(LEAD, done, "CONVERTED", at=site.clock())
    again = site.portal.add_lead("четвёртый")
    site.portal.row(LEAD, again)["isReturnCustomer"] = "Y"
    attributes_by_id = make(site, values={"employees": {"EMPLOYEES_2": 100}}).prospects()
    assert set(attributes_by_id) == {"L_1", "L_2"}
    first = dict(attributes_by_id["L_1"])
    assert (first["turnover"], first["employees"]) == (9e8, 100)
    assert first["source"] == "Сайт"
    assert "turnover" not in attributes_by_id["L_2"]


def test_prospects_can_be_scored(site: Rig) -> None:
    """The attributes of leads are the input of the scorecard."""
    attributes_by_id = make(site, values={"employees": {"EMPLOYEES_2": 100}}).prospects()
    keys = list(attributes_by_id)
    table = {
        name: [attributes_by_id[key].get(name) for key in keys]
        for name in ("turnover", "employees")
    }
    grades = [record["grade"] for record in score_prospects({"id": keys, **table}).to_records()]
    assert grades[keys.index("L_2")] is None
    assert grades[keys.index("L_1")] is not None


def test_customers_by_tax_number(site: Rig) -> None:
    """Customers requested by tax number are returned by tax number."""
    site.portal.add_requisite(COMPANY, 1, inn="7707083893")
    attributes_by_id = make(site, customer_id="inn").customers(["7707083893", "000"])
    assert set(attributes_by_id) == {"7707083893"}


@pytest.mark.parametrize("code", ["*", "phone", "EMAIL_WORK", "FM", "COMMENTS", "LAST_NAME"])
def test_personal_data_needs_an_option(site: Rig, code: str) -> None:
    """Phones, addresses and free text are refused without ``personal = true``."""
    with pytest.raises(ConfigError, match="personal"):
        make(site, attributes={"x": code})
    make(site, attributes={"x": code}, personal=True)


def test_people_are_not_read(site: Rig) -> None:
    """Only the listed fields are requested."""
    enricher = make(site)
    enricher.customers(["CO_1"])
    enricher.prospects()
    requested = repr([request.params for request in site.portal.journal.requests]).lower()
    for word in ("phone", "email", "comments", "title", "*"):
        assert word not in requested.replace("%2a", "*")


@pytest.mark.parametrize("how", ["off", "denied"])
def test_portal_without_leads(site: Rig, how: str) -> None:
    """Where leads are off or may not be read, companies are enriched and a note says so."""
    if how == "off":
        site.portal.state.lead_mode = 2
    else:
        fields = RefusedError(400, "ACCESS_DENIED", "")
        site.portal.state.denied_entities[LEAD] = fields
    enricher = make(site, attributes={"turnover": "REVENUE"}, facts=("leads",))
    assert any("leads are switched off" in note for note in enricher.preflight())
    assert enricher.prospects() == {}
    assert enricher.facts(Window(date(2026, 1, 1), date(2026, 2, 1))).contacts == ()
    assert dict(enricher.customers(["CO_1"])["CO_1"])
