"""Alerts about the deals of a portal, found by its CRM reports: once each, to who is to act."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.bitrix.alerts.test_alert_jobs import JOB, carried_out, portal
from tests.emulators.bitrix24.activities import add_task
from tests.emulators.bitrix24.portal import COMPANY, DEAL, LEAD, Portal

from abcxyz.crm import CrmAnalysis
from abcxyz_bitrix.alerts.ledger import marker
from abcxyz_bitrix.crm.traces import CONFIRMED

__all__ = ["portal"]

CRM = """
tasks = true
notify = true

[crm]
source = "bitrix24"
webhook = { env = "HOOK" }
insecure_loopback = true
plan = "enterprise"
zone = "Europe/Moscow"
"""
KINDS = ("sla_overdue", "stalled_deal", "no_next_step")


@pytest.fixture
def numbers(portal: Portal, tmp_path: Path) -> dict[str, int]:
    """Add a head and a salesman, a lead that waits, a stuck deal of class A and an idle deal."""
    head, salesman = portal.add_user("Мария"), portal.add_user("Иван")
    portal.add_department("Отдел продаж", head=head)
    for company in (1, 20):
        portal.row(COMPANY, company)["assignedById"] = salesman
    mine = {"assignedById": salesman, "opportunity": 5000}
    old, new = "2026-06-20T10:00:00+03:00", "2026-07-14T10:00:00+03:00"
    stuck = portal.add_deal("", companyId=1, createdTime=old, lastActivityTime=old, **mine)
    idle = portal.add_deal("", companyId=20, createdTime=new, lastActivityTime=new, **mine)
    planned = portal.add_deal("", companyId=20, createdTime=new, lastActivityTime=new, **mine)
    portal.add_activity(DEAL, planned, at="2026-07-14T12:00:00+03:00", TYPE_ID=2, COMPLETED="N")
    lead = portal.add_lead("Заявка", createdTime="2026-07-10T10:00:00+03:00", **mine)
    (tmp_path / "job.toml").write_text(JOB + CRM, encoding="utf-8")
    return {"head": head, "salesman": salesman, "stuck": stuck, "idle": idle, "lead": lead}


def test_overdue_stuck_and_idle_deals_reach_the_portal_once(
    portal: Portal, numbers: dict[str, int], tmp_path: Path
) -> None:
    """Each is a comment in its card, a task and a note: the head has the stuck deal of class A."""
    outcome = carried_out(tmp_path)
    found = {one.kind: one for one in outcome.analysis.alerts if one.kind in KINDS}
    carried_out(tmp_path)
    assert set(found) == set(KINDS)
    assert found["stalled_deal"].facts["deal"] == f"D_{numbers['stuck']}"
    assert found["no_next_step"].facts["deal"] == f"D_{numbers['idle']}"
    assert found["sla_overdue"].customer == f"L_{numbers['lead']}"
    assert [found[kind].money for kind in KINDS[1:]] == [5000.0, 5000.0]
    cards = {
        "sla_overdue": (LEAD, numbers["lead"], "lead", f"L_{numbers['lead']}"),
        "stalled_deal": (DEAL, numbers["stuck"], "deal", f"D_{numbers['stuck']}"),
        "no_next_step": (DEAL, numbers["idle"], "deal", f"D_{numbers['idle']}"),
    }
    stores = portal.state.stores
    for kind, alert in found.items():
        _, number, entity, card = cards[kind]
        mark = marker(alert.key)
        receiver = numbers["head" if kind == "stalled_deal" else "salesman"]
        (comment,) = [one for one in stores["comments"].rows.values() if mark in one["COMMENT"]]
        assert (comment["ENTITY_TYPE"], comment["ENTITY_ID"]) == (entity, number)
        (task,) = [one for one in stores["tasks"].rows.values() if mark in one["DESCRIPTION"]]
        assert (task["RESPONSIBLE_ID"], task["UF_CRM_TASK"]) == (receiver, [card])
        notes = [one for one in stores["notifications"].rows.values() if mark in one["MESSAGE"]]
        assert [one["USER_ID"] for one in notes] == [receiver]


def test_the_task_about_a_missing_step_is_no_step(
    portal: Portal, numbers: dict[str, int], tmp_path: Path
) -> None:
    """The alert stays until somebody plans something; a task that a person confirmed is a plan."""
    carried_out(tmp_path)

    def steps() -> dict[object, bool | None]:
        outcome = carried_out(tmp_path)
        assert isinstance(outcome.analysis.crm, CrmAnalysis)
        return {one.deal: one.next_step for one in outcome.analysis.crm.facts().deals}

    idle, stuck = f"D_{numbers['idle']}", f"D_{numbers['stuck']}"
    tasks = len(portal.state.stores["tasks"].rows)
    assert (steps()[idle], steps()[stuck]) == (False, False)
    later = "2026-07-14T12:00:00+03:00"
    portal.add_activity(DEAL, numbers["idle"], at=later, TYPE_ID=1, COMPLETED="N")
    fields = {
        "TITLE": "Позвонить",
        "DESCRIPTION": f"{CONFIRMED}0123456789abcdef]",
        "RESPONSIBLE_ID": numbers["salesman"],
        "UF_CRM_TASK": [stuck],
    }
    add_task(portal.state, 1, fields)
    assert (steps()[idle], steps()[stuck]) == (True, True)
    assert len(portal.state.stores["tasks"].rows) == tasks + 1
