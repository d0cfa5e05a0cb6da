"""Custom fields of the adapter: creation, repair, removal."""

from __future__ import annotations

import pytest
from tests.bitrix.sink_helpers import SEGMENTS, item_writes, sink_of
from tests.emulators.bitrix24.harness import Rig, analysis_of
from tests.emulators.bitrix24.portal import COMPANY

from abcxyz.errors import ConfigError
from abcxyz_bitrix.cards.installed import installed, remove
from abcxyz_bitrix.cards.own_fields import PREFIX
from abcxyz_bitrix.cards.specs import SEGMENT_ITEMS, SPECS


def test_fields_are_made_once_with_both_languages(site: Rig) -> None:
    """The first run makes the fields with Russian and English labels; the second none."""
    sink_of(site).write(analysis_of(SEGMENTS), dry_run=False)
    made = dict(site.portal.state.user_fields)
    sink_of(site).write(analysis_of(SEGMENTS), dry_run=False)
    assert site.portal.state.user_fields == made
    segment = site.portal.user_field(COMPANY, f"{PREFIX}SEGMENT")
    assert segment.labels["EDIT_FORM_LABEL"]["ru"] == "Сегмент ABC/XYZ"
    assert segment.labels["EDIT_FORM_LABEL"]["en"] == "ABC/XYZ segment"
    assert [item["XML_ID"] for item in segment.items] == list(SEGMENT_ITEMS)


def test_field_of_another_type_is_left_alone(site: Rig) -> None:
    """A field of the same name and another type stops the sink before it writes."""
    site.client.call(
        "crm.company.userfield.add",
        {"fields": {"FIELD_NAME": "ABCXYZ_VALUE", "USER_TYPE_ID": "string"}},
    )
    with pytest.raises(ConfigError, match="UF_CRM_ABCXYZ_VALUE exists"):
        sink_of(site).write(analysis_of(SEGMENTS), dry_run=False)
    assert item_writes(site) == []
    assert site.portal.user_field(COMPANY, f"{PREFIX}VALUE").type == "string"


@pytest.mark.parametrize("kind", ["reset_after", "truncated", "reset_before"])
def test_lost_answer_makes_no_second_field(site: Rig, kind: str) -> None:
    """If the answer to a new field is lost, the field is searched and created just once."""
    site.portal.faults.add(kind, "crm.company.userfield.add", skip=3)
    sink_of(site).write(analysis_of(SEGMENTS), dry_run=False)
    codes = [
        uf.code for uf in site.portal.state.user_fields.values() if uf.entity == "CRM_COMPANY"
    ]
    assert sorted(codes) == sorted(
        PREFIX + spec.code for spec in SPECS if COMPANY in spec.entities and not spec.optional
    )


def test_deleted_list_item_comes_back(site: Rig) -> None:
    """A deleted item of the list is restored; the others keep their ids."""
    sink_of(site).write(analysis_of(SEGMENTS), dry_run=False)
    segment = site.portal.user_field(COMPANY, f"{PREFIX}SEGMENT")
    before = {item["XML_ID"]: item["ID"] for item in segment.items if item["XML_ID"] != "CX"}
    segment.items = [item for item in segment.items if item["XML_ID"] != "CX"]
    sink_of(site).write(analysis_of(SEGMENTS | {"CO_3": "CX"}), dry_run=False)
    assert site.portal.choice(COMPANY, 3, f"{PREFIX}SEGMENT") == "CX"
    after = {item["XML_ID"]: item["ID"] for item in segment.items}
    assert before.items() <= after.items()


@pytest.mark.parametrize("prefix", ["UF_ABC_", "UF_CRM_abc_", "UF_CRM_" + "A" * 40, "UF_CRM_1_"])
def test_bad_prefix_is_refused(site: Rig, prefix: str) -> None:
    """A prefix that the portal would change or cut is refused at once."""
    with pytest.raises(ConfigError, match="fields_prefix"):
        sink_of(site, fields_prefix=prefix)


def test_other_prefix_is_used(site: Rig) -> None:
    """The job may set another prefix."""
    sink_of(site, fields_prefix="UF_CRM_OUR_").write(analysis_of(SEGMENTS), dry_run=False)
    assert site.portal.choice(COMPANY, 1, "UF_CRM_OUR_SEGMENT") == "AX"


def test_removal_of_the_fields(site: Rig) -> None:
    """The removal deletes the adapter's fields and no other one."""
    sink_of(site, summary=True).write(analysis_of(SEGMENTS), dry_run=False)
    site.client.call(
        "crm.company.userfield.add",
        {"fields": {"FIELD_NAME": "ABCXYZ_FOREIGN", "USER_TYPE_ID": "string"}},
    )
    gone = remove(site.client, COMPANY, PREFIX)
    assert len(gone) == len([spec for spec in SPECS if COMPANY in spec.entities])
    assert installed(site.client, COMPANY, PREFIX) == {}
    fields = site.portal.state.user_fields.values()
    left = [uf.code for uf in fields if uf.entity == "CRM_COMPANY"]
    assert left == ["UF_CRM_ABCXYZ_FOREIGN"]


@pytest.mark.parametrize("kind", ["reset_after", "truncated"])
def test_lost_answers_do_not_stop_the_removal(site: Rig, kind: str) -> None:
    """If the answer to a removal is lost, the field that is gone counts as removed."""
    sink_of(site).write(analysis_of(SEGMENTS), dry_run=False)
    site.portal.faults.add(kind, "crm.company.userfield.delete", skip=2)
    remove(site.client, COMPANY, PREFIX)
    assert installed(site.client, COMPANY, PREFIX) == {}


@pytest.mark.parametrize("kind", ["reset_after", "truncated"])
def test_lost_answer_of_a_restored_list_is_settled(site: Rig, kind: str) -> None:
    """If the answer to a restored list is lost, no item comes twice and the run goes on."""
    sink_of(site).write(analysis_of(SEGMENTS), dry_run=False)
    segment = site.portal.user_field(COMPANY, f"{PREFIX}SEGMENT")
    segment.items = [item for item in segment.items if item["XML_ID"] != "CX"]
    site.portal.faults.add(kind, "crm.company.userfield.update")
    report = sink_of(site).write(analysis_of(SEGMENTS | {"CO_3": "CX"}), dry_run=False)
    assert (report.written, dict(report.failed)) == (1, {})
    assert sorted(item["XML_ID"] for item in segment.items) == sorted(SEGMENT_ITEMS)
