"""Stalled deals: what counts as movement."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.bitrix.alert_helpers import run, standing, store, stuck
from tests.emulators.bitrix24.harness import Rig
from tests.emulators.bitrix24.portal import DEAL

from abcxyz import AlertRules
from abcxyz.http import TokenBucket
from abcxyz_bitrix.sink import BitrixSink


@pytest.mark.parametrize(("days", "sent"), [(3, 0), (4, 1), (2.9, 0)])
def test_three_days_are_strict(site: Rig, ledger: Path, days: float, sent: int) -> None:
    """Three calendar days are not more than three days."""
    site.portal.costs["*"] = 0.0
    site.client.caller.limiter.tokens = TokenBucket(1e6, 1e6)
    stuck(site, days=days)
    run(site, ledger, standing(site), notify=True)
    assert len(store(site, "notifications")) == sent


def test_weekends_do_not_count_as_working_days(site: Rig, ledger: Path) -> None:
    """In working days a weekend is no time."""
    stuck(site, days=6.0)  # from a Friday to the Thursday after next weekend: four working days
    four, three = (AlertRules(deal_days=days, working_days=True) for days in (4, 3))
    run(site, ledger, standing(site, rules=four), notify=True)
    assert store(site, "notifications") == []
    run(site, ledger, standing(site, rules=three), notify=True)
    assert len(store(site, "notifications")) == 1


def test_comments_of_the_adapter_are_no_movement(site: Rig, ledger: Path) -> None:
    """The adapter's comment on a stalled deal is no movement, and raises no second alert."""
    stuck(site)
    for _ in range(3):
        run(site, ledger, standing(site), timeline=True)
        site.clock.advance(5 * 86400)
    assert len(store(site, "comments")) == 1


def test_comments_of_the_adapter_are_recognised_by_their_mark(site: Rig, ledger: Path) -> None:
    """Without the ledger the adapter's comment is recognised by its mark."""
    stuck(site)
    run(site, ledger, standing(site), timeline=True)
    ledger.unlink()
    site.clock.advance(5 * 86400)
    run(site, ledger, standing(site), timeline=True)
    assert len(store(site, "comments")) == 1


def test_activity_of_another_user_is_movement(site: Rig, ledger: Path) -> None:
    """A call yesterday is movement, even if the adapter's comment came after it."""
    deal = stuck(site)
    run(site, ledger, standing(site), timeline=True)
    site.clock.advance(5 * 86400)
    site.portal.add_activity(DEAL, deal, at=site.clock() - 86400, user=2)
    site.portal.touch(DEAL, deal, at=site.clock(), user=1)
    run(site, ledger, standing(site), timeline=True)
    assert len(store(site, "comments")) == 1
    site.clock.advance(3 * 86400)
    run(site, ledger, standing(site), timeline=True)
    assert len(store(site, "comments")) == 2


@pytest.mark.parametrize(("dedicated", "sent"), [(False, 0), (True, 1)])
def test_activities_of_a_dedicated_user_are_no_movement(
    site: Rig, ledger: Path, dedicated: bool, sent: int
) -> None:
    """A call by the webhook's user counts, unless that user works for the adapter alone."""
    deal = stuck(site)
    site.portal.add_activity(DEAL, deal, at=site.clock() - 86400, user=1)
    run(site, ledger, standing(site, dedicated=dedicated), notify=True)
    assert len(store(site, "notifications")) == sent


def test_money_at_stake_is_in_one_currency(site: Rig, ledger: Path) -> None:
    """Deals in several currencies are converted by the portal's rates; None without a rate."""
    site.portal.add_currency("USD", 90.0)
    stuck(site)
    stuck(site, currencyId="USD")
    stuck(site, currencyId="XAU")
    assert [one.money for one in standing(site).alerts] == [450_000.0, 5_000.0, None]


def test_changed_field_is_no_movement(site: Rig, ledger: Path) -> None:
    """An update of a field, which moves updatedTime, does not count as movement."""
    deal = stuck(site)
    site.portal.row(DEAL, deal)["updatedTime"] = site.clock()
    run(site, ledger, standing(site), notify=True)
    assert len(store(site, "notifications")) == 1


def test_new_movement_allows_a_new_alert(site: Rig, ledger: Path) -> None:
    """A deal that moved and stalled again raises a new alert; a won deal does not."""
    deal = stuck(site)
    run(site, ledger, standing(site), timeline=True)
    site.portal.move(DEAL, deal, "PREPARATION", at=site.clock())
    site.clock.advance(4 * 86400)
    run(site, ledger, standing(site), timeline=True)
    assert len(store(site, "comments")) == 2
    site.portal.move(DEAL, deal, "WON", at=site.clock())
    site.clock.advance(4 * 86400)
    run(site, ledger, standing(site), timeline=True)
    assert len(store(site, "comments")) == 2


@pytest.mark.parametrize("name", ["companyId", "closed", "stageSemanticId"])
def test_stalled_deals_survive_ignored_filters(site: Rig, ledger: Path, name: str) -> None:
    """Filters that the portal ignores or refuses change nothing."""
    stuck(site)
    stuck(site, company=2)
    won = stuck(site)
    site.portal.move(DEAL, won, "WON", at=site.clock() - 8 * 86400)
    site.portal.state.ignored_filters.add(name)
    run(site, ledger, standing(site), notify=True)
    assert len(store(site, "notifications")) == 1


def test_open_deals_of_many_customers_are_one_list(site: Rig, ledger: Path) -> None:
    """With hundreds of class-A customers the open deals are read as one list, contacts' too."""
    segments = {f"CO_{site.portal.add_company()}": "AX" for _ in range(300)}
    contact = site.portal.add_contact("Иван")
    deals = [stuck(site, company=int(key[3:])) for key in segments]
    deals.append(stuck(site, company=0, contactId=contact))
    stuck(site, company=2)
    before = site.portal.journal.total
    analysis = standing(site, segments=segments | {f"C_{contact}": "AZ", "CO_2": "CZ"})
    sink = BitrixSink(client=site.client, ledger=ledger, notify=True)
    sink.write(analysis, dry_run=True)
    assert f"пробный запуск: сигналов {len(deals)}" in sink.notes
    assert site.portal.journal.total - before < 40


def test_deals_in_a_deleted_stage_are_told(site: Rig, ledger: Path) -> None:
    """A deal that stands in a stage that was deleted is reported with the id of the stage."""
    stuck(site)
    site.portal.delete_stage("NEW")
    run(site, ledger, standing(site), notify=True)
    assert "(NEW)" in store(site, "notifications")[0]["MESSAGE"]


@pytest.mark.parametrize("title", [True, False])
def test_tasks_of_the_adapter_are_no_movement(
    site: Rig, ledger: Path, title: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The adapter's task is no movement, even if its entry shows neither text nor title."""
    site.portal.state.task_entries_without_text = True
    stuck(site)
    for _ in range(4):
        run(site, ledger, standing(site), tasks=True)
        if not title:
            for row in store(site, "activities"):
                row["SUBJECT"] = ""
        site.clock.advance(5 * 86400)
    assert len(store(site, "tasks")) == 1


def test_activity_beside_the_task_of_the_adapter_is_movement(site: Rig, ledger: Path) -> None:
    """A call on the day of the adapter's task is movement."""
    site.portal.state.task_entries_without_text = True
    deal = stuck(site)
    run(site, ledger, standing(site), tasks=True)
    site.portal.add_activity(DEAL, deal, at=site.clock() + 60, user=2)
    site.clock.advance(5 * 86400)
    run(site, ledger, standing(site), tasks=True)
    assert len(store(site, "tasks")) == 2
