"""Receivers of alerts: the responsible employee, or the head of sales."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.bitrix.alert_helpers import run, standing, store, stuck, warned
from tests.emulators.bitrix24.harness import Rig, alert_of
from tests.emulators.bitrix24.portal import COMPANY

from abcxyz import Alert
from abcxyz.errors import ConfigError
from abcxyz_bitrix.sink import BitrixSink


def test_inactive_employee_is_skipped(site: Rig, ledger: Path) -> None:
    """An alert for an employee who has left goes to the head."""
    left = site.portal.add_user("Пётр", "Ушедший", active=False)
    site.portal.row(COMPANY, 1)["assignedById"] = left
    run(site, ledger, warned(alert_of("k1", "CO_1")), tasks=True)
    assert [task["RESPONSIBLE_ID"] for task in store(site, "tasks")] == [2]


def test_waiting_lead_is_bound_to_the_lead(site: Rig, ledger: Path) -> None:
    """An alert about a lead is bound to the lead and goes to its responsible employee."""
    lead = site.portal.add_lead("Новый", assignedById=1)
    run(
        site, ledger, warned(alert_of("w", f"L_{lead}", "lead_waiting")), tasks=True, timeline=True
    )
    assert [(task["RESPONSIBLE_ID"], task["UF_CRM_TASK"]) for task in store(site, "tasks")] == [
        (1, [f"L_{lead}"])
    ]
    assert [row["ENTITY_TYPE"] for row in store(site, "comments")] == ["lead"]


def test_head_of_sales_receives_stalled_deals(site: Rig, ledger: Path) -> None:
    """A class-A customer's deal without movement is reported to the head once; class C is not."""
    deal = stuck(site)
    stuck(site, company=2)
    for _ in range(2):
        run(site, ledger, standing(site), notify=True, tasks=True)
    assert [note["USER_ID"] for note in store(site, "notifications")] == [2]
    assert [task["UF_CRM_TASK"] for task in store(site, "tasks")] == [[f"D_{deal}"]]


def test_head_from_the_job_receives_stalled_deals(site: Rig, ledger: Path) -> None:
    """The job may name the head; one who has left is refused."""
    stuck(site)
    run(site, ledger, standing(site), notify=True, head=1)
    assert [note["USER_ID"] for note in store(site, "notifications")] == [1]
    left = site.portal.add_user("Пётр", active=False)
    stuck(site)
    with pytest.raises(ConfigError, match="has left"):
        run(site, ledger, standing(site), notify=True, head=left)


def test_inactive_head_is_skipped(site: Rig, ledger: Path) -> None:
    """A head of sales who has left is replaced by the head of the parent department."""
    left = site.portal.add_user("Пётр", active=False)
    site.portal.state.stores["departments"].rows[2]["UF_HEAD"] = left
    stuck(site)
    run(site, ledger, standing(site), notify=True)
    assert [note["USER_ID"] for note in store(site, "notifications")] == [1]


def test_parent_department_supplies_the_head(site: Rig, ledger: Path) -> None:
    """Where sales have no head, the head of the parent department receives the alert."""
    site.portal.state.stores["departments"].rows[2]["UF_HEAD"] = 0
    stuck(site)
    run(site, ledger, standing(site), notify=True)
    assert [note["USER_ID"] for note in store(site, "notifications")] == [1]


@pytest.mark.parametrize(
    "title", ["Послепродажное обслуживание", "Отдел после продаж", "After-sales service"]
)
def test_after_sales_service_is_no_sales(site: Rig, ledger: Path, title: str) -> None:
    """A department of after-sales service is not the one of sales, wherever it stands."""
    departments = site.portal.state.stores["departments"].rows
    departments[2] = {**departments[2], "NAME": title, "UF_HEAD": 1}
    site.portal.add_department("Отдел продаж", head=2)
    stuck(site)
    run(site, ledger, standing(site), notify=True)
    assert [note["USER_ID"] for note in store(site, "notifications")] == [2]


def test_sales_of_the_responsible_employee_come_first(site: Rig, ledger: Path) -> None:
    """Of several sales departments the one above the responsible employee is chosen."""
    chief = site.portal.add_user("Анна")
    own = site.portal.add_department("Продажи: Урал", head=chief)
    employee = site.portal.add_user("Олег", UF_DEPARTMENT=[own])
    stuck(site, assignedById=employee)
    run(site, ledger, standing(site), notify=True)
    assert [note["USER_ID"] for note in store(site, "notifications")] == [chief]


@pytest.mark.parametrize("named", ["развитие", 3, "3"])
def test_sales_department_from_the_job(site: Rig, ledger: Path, named: Any) -> None:
    """The job may name the department by its name or number; an unknown one is refused."""
    chief = site.portal.add_user("Анна")
    assert site.portal.add_department("Развитие", head=chief) == 3
    stuck(site)
    run(site, ledger, standing(site), notify=True, sales_department=named)
    assert [note["USER_ID"] for note in store(site, "notifications")] == [chief]
    stuck(site)
    with pytest.raises(ConfigError, match="'Отдел продаж'"):
        run(site, ledger, standing(site), notify=True, sales_department="Рост")


def test_an_unusual_figure_is_a_task_of_the_head_without_a_card(
    site: Rig, ledger: Path, tmp_path: Path
) -> None:
    """No card is about it: the head gets a task and a note once, and nothing is commented.

    A ledger that was lost finds the task by its text.
    """
    analysis = warned(alert_of("anomaly_fall:win_rate@2026-06-22", "win_rate", "anomaly_fall"))
    for where in (ledger, ledger, tmp_path / "lost.sqlite"):
        run(site, where, analysis, tasks=True, notify=True, timeline=True)
    tasks = store(site, "tasks")
    assert [(task["RESPONSIBLE_ID"], task.get("UF_CRM_TASK") or []) for task in tasks] == [(2, [])]
    assert {note["USER_ID"] for note in store(site, "notifications")} == {2}
    assert store(site, "comments") == []


def test_an_unusual_figure_waits_where_there_is_no_head(site: Rig, ledger: Path) -> None:
    """The other alerts are sent; this one is left to the next run, with the reason."""
    site.portal.state.stores["departments"].rows[2]["UF_HEAD"] = 0
    site.portal.state.stores["departments"].rows[1]["UF_HEAD"] = 0
    figure = alert_of("anomaly_fall:leads@2026-06-22", "leads", "anomaly_fall")
    sink = BitrixSink(client=site.client, ledger=ledger, tasks=True, lang="en")
    report = sink.write(warned(figure, alert_of("k1", "CO_1")), dry_run=False)
    assert list(report.alerts_left) == [figure.key]
    assert "set head to the number of a user" in report.failed["leads"]
    assert len(store(site, "tasks")) == 1


def test_a_deal_at_risk_is_a_task_in_its_card_for_its_employee(site: Rig, ledger: Path) -> None:
    """Each reason once; another reason of the same deal is another task."""
    deal = stuck(site, assignedById=1)

    def alert(reason: str, since: str, details: Any) -> Alert:
        return Alert(
            kind="deal_at_risk",
            key=f"deal_at_risk:D_{deal}:{since}:{reason}",
            customer="CO_1",
            money=5000.0,
            age=3,
            after="AX",
            facts={"deal": f"D_{deal}", "stage": "NEW", "reason": reason, "details": details},
        )

    late = alert("planned", "2026-05-20", "2026-05-20")
    for _ in range(2):
        run(site, ledger, warned(late), tasks=True, notify=True, timeline=True, lang="en")
    assert [(one["RESPONSIBLE_ID"], one["UF_CRM_TASK"]) for one in store(site, "tasks")] == [
        (1, [f"D_{deal}"])
    ]
    assert "the planned day 2026-05-20 is past" in store(site, "tasks")[0]["TITLE"]
    assert {note["USER_ID"] for note in store(site, "notifications")} == {1}
    assert [row["ENTITY_TYPE"] for row in store(site, "comments")] == ["deal"]
    run(site, ledger, warned(late, alert("fell", "2026-05-20", [0.6, 0.4])), tasks=True, lang="en")
    assert len(store(site, "tasks")) == 2
