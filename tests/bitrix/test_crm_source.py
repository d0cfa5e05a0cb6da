"""Source of CRM records of a portal: its contract, its limits, and the command's reports."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.bitrix.crm_world import fill, more
from tests.bitrix.source_helpers import broken
from tests.emulators.bitrix24.harness import START, Rig, free, rig
from tests.emulators.bitrix24.portal import DEAL, Portal, VirtualClock

from abcxyz import Window
from abcxyz.cli import main
from abcxyz.crm import funnel
from abcxyz.errors import AuthenticationError, InputError
from abcxyz.plugins import CrmSource
from abcxyz.testing import CrmSourceContract
from abcxyz.toolkit.catalogue import translate
from abcxyz_bitrix.crm_source import BitrixCrm

SPRING = Window(date(2026, 1, 1), date(2026, 5, 1))
REFUSED = {
    "voximplant.statistic.get": ("activities", "calls"),
    "calendar.settings.get": ("activities", "working calendar"),
    "user.get": ("users", "employees"),
    "crm.stagehistory.list": ("changes", "stage history"),
    "crm.item.productrow.list": ("lines", "product rows"),
    "crm.activity.list": ("activities", "activities"),
}


@pytest.fixture
def crm_site() -> Iterator[Rig]:
    """Serve a portal with deals of two funnels and all that belongs to them."""
    portal = Portal(clock=VirtualClock(START), limits=free())
    fill(portal, 60)
    more(portal)
    with rig(portal) as made:
        yield made


def source_of(site: Rig) -> BitrixCrm:
    return BitrixCrm(client=site.client, zone="Europe/Moscow")


class TestContract(CrmSourceContract):
    """The contract of every source of CRM records."""

    @pytest.fixture
    def make_source(self, crm_site: Rig) -> Callable[[], CrmSource]:
        return lambda: source_of(crm_site)

    @pytest.fixture
    def window(self) -> Window:
        return Window(date(2026, 2, 1), date(2026, 4, 1))

    @pytest.fixture
    def requests(self, crm_site: Rig) -> Callable[[], int]:
        return lambda: crm_site.portal.journal.total

    @pytest.fixture
    def secrets(self, crm_site: Rig) -> Sequence[str]:
        return [crm_site.portal.hook.secret]

    @pytest.fixture
    def failures(self, crm_site: Rig, window: Window) -> Sequence[Callable[[], object]]:
        return broken(crm_site, lambda: source_of(crm_site).crm(window))


def test_records_carry_what_the_portal_stores(crm_site: Rig) -> None:
    """Talk time is that of telephony, not the end of the activity; robots and leavers show."""
    source = source_of(crm_site)
    crm = source.crm(SPRING)
    done: Any = crm.activities
    assert done.kind.tolist() == ["call", "call", "letter", "other"]
    assert done.seconds[:2].tolist() == [212, 0]
    assert np.isnat(done.ended).all()
    assert done.deal.tolist() == ["D_1", "D_2", "D_2", "D_2"]
    assert done.customer[0] == "CO_1"
    assert done.answered.tolist() == [True, False, False, False]
    assert done.automatic.tolist() == [False, False, True, False]
    leads: Any = crm.leads
    assert leads.source.tolist() == ["Сайт"] * 3
    lines: Any = crm.lines
    alive = {one for one in crm.deals.deal.tolist() if int(one[2:]) <= 51}
    assert Counter(lines.deal.tolist()) == dict.fromkeys(alive, 2)
    assert lines.amount.tolist() == [200.0] * len(lines)
    users: Any = crm.users
    assert users.active.tolist() == [True, True, False]
    assert "activities of unknown kinds are counted as other: CUSTOM_THING 1" in source.remarks()
    calendar = source.working_calendar()
    assert calendar is not None
    assert sorted(calendar.hours) == [0, 1, 2, 3, 4]
    assert list(calendar.hours[0]) == [(time(9), time(18, 30))]
    assert date(2026, 5, 9) in calendar.holidays


def test_a_deal_moved_between_funnels_has_a_gap(crm_site: Rig) -> None:
    """The portal keeps the history of the current funnel alone; the rest is a counted gap."""
    site = crm_site
    number = site.portal.add_deal("", createdTime="2026-02-01T10:00:00+03:00", companyId=1)
    site.portal.move(DEAL, number, "C1:PREPARATION", at="2026-02-05T10:00:00+03:00")
    crm = source_of(site).crm(SPRING)
    gaps = {issue.kind: issue.count for issue in crm.quality.issues}
    assert gaps["history_gap"] == 1


def test_a_deleted_stage_stays_in_the_history(crm_site: Rig) -> None:
    """A stage that the portal does not list any more is outside of the funnel and named."""
    site = crm_site
    site.portal.delete_stage("EXECUTING")
    source = source_of(site)
    crm = source.crm(SPRING)
    assert any("EXECUTING" in remark for remark in source.remarks())
    (stage,) = [one for one in crm.stages.funnels["Общая"] if one.id == "EXECUTING"]
    assert stage.place == -1


@pytest.mark.parametrize("method", list(REFUSED))
def test_a_part_without_rights_is_off_and_named(crm_site: Rig, method: str) -> None:
    """The other parts are read; a report that needs the part names its table."""
    table, part = REFUSED[method]
    whole = source_of(crm_site).crm(SPRING).tables()
    crm_site.portal.deny(method)
    source = source_of(crm_site)
    crm = source.crm(SPRING)
    (remark,) = [one for one in source.remarks() if "so that part is off" in one]
    assert remark.startswith(f"{part}: ")
    assert crm_site.portal.hook.secret not in remark
    russian = translate(remark, "ru")
    assert "эта часть отключена" in russian
    assert not russian.startswith(part)
    left = crm.tables()
    if method.startswith(("voximplant", "calendar")):
        assert set(left) == set(whole)
    else:
        assert set(whole) - set(left) == {table}
    # Without the history the stage of a deal is today's, not that of the end of the window.
    same = set(left) - {"activities", *(["deals"] if table == "changes" else [])}
    assert {name: left[name] for name in same} == {name: whole[name] for name in same}
    if method == "voximplant.statistic.get":
        done: Any = crm.activities
        assert np.isnan(done.seconds).all()
    if method == "calendar.settings.get":
        assert source.working_calendar() is None
    if table == "changes":
        with pytest.raises(InputError, match="needs the table stage_changes"):
            funnel(crm)


def test_deals_without_rights_are_an_error(crm_site: Rig) -> None:
    crm_site.portal.deny("crm.item.list")
    with pytest.raises(AuthenticationError):
        source_of(crm_site).crm(SPRING)


def test_the_check_names_parts_without_a_scope(crm_site: Rig) -> None:
    portal = crm_site.portal
    assert len(source_of(crm_site).preflight()) == 1
    portal.hook.scopes = frozenset({"crm", "user"})
    _, calls, calendar = source_of(crm_site).preflight()
    assert calls == "no scope telephony: calls will be off"
    assert calendar == "no scope calendar: working calendar will be off"


def test_the_reason_of_a_loss_is_the_text_of_a_list_field(crm_site: Rig) -> None:
    """Without such a field the reason is the name of the stage."""
    portal = crm_site.portal
    portal.add_user_field(
        DEAL, "UF_CRM_REASON", "enumeration", items={"PRICE": "Дорого", "TERM": "Долго"}
    )
    number = portal.add_deal(
        "", createdTime="2026-02-01T10:00:00+03:00", companyId=1, ufCrmReason="TERM"
    )
    portal.move(DEAL, number, "APOLOGY", at="2026-02-05T10:00:00+03:00")
    source = BitrixCrm(client=crm_site.client, zone="Europe/Moscow", lost_reason="UF_CRM_REASON")
    deals: Any = source.crm(SPRING).deals
    reasons = dict(zip(deals.deal.tolist(), deals.lost_reason.tolist(), strict=True))
    assert reasons.pop(f"D_{number}") == "Долго"
    assert set(reasons.values()) == {""}
    # Without the history a deal in a final stage was closed when it moved last.
    deals = source.crm(SPRING, tables=frozenset()).deals
    assert deals.closed[deals.deal == f"D_{number}"] == np.datetime64("2026-02-05T07:00:00")
    (stage,) = [
        one
        for one in source_of(crm_site).crm(SPRING).stages.funnels["Общая"]
        if one.id == "APOLOGY"
    ]
    assert stage.reason == "Анализ причины провала"


JOB = """
[[source]]
kind = "bitrix24"
webhook = { env = "HOOK" }
insecure_loopback = true

[[sink]]
kind = "json"
path = "out.json"

[crm]
source = "bitrix24"
webhook = { env = "HOOK" }
insecure_loopback = true
plan = "enterprise"
zone = "Europe/Moscow"
"""


def test_the_funnel_of_a_portal_equals_that_of_the_same_records_as_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = Portal(limits=free())
    files = fill(portal, 300).write(tmp_path / "crm")
    job = tmp_path / "job.toml"
    job.write_text(JOB, encoding="utf-8")
    options = ("--as-of", "2026-05-01", "--from", "2026-01", "--json")
    portal.hook.scopes = frozenset({"crm", "user_brief"})
    with portal.serve() as server:
        monkeypatch.setenv("HOOK", server.webhook)
        main(["check", str(job)])
        assert "no scope telephony: calls will be off" in capsys.readouterr().out
        code = main(["crm", "funnel", str(job), *options])
        out, err = capsys.readouterr()
    assert code == 0, err
    assert portal.hook.secret not in out + err
    assert "so that part is off" in json.loads(out)["remarks"][0]
    assert main(["crm", "funnel", str(files), "--zone", "Europe/Moscow", *options]) == 0
    expected = json.loads(capsys.readouterr().out)
    assert sum(one["deals"] for one in expected["funnels"].values()) == 300
    assert json.loads(out)["funnels"] == expected["funnels"]
