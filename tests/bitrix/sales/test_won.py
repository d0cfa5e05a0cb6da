"""Won deals as sales, dated by their stage history."""

from __future__ import annotations

from datetime import date

from tests.bitrix.source_helpers import EVENING, YEAR, lines, read
from tests.emulators.bitrix24.harness import Rig
from tests.emulators.bitrix24.portal import DEAL

from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.transactions import concat
from abcxyz_bitrix.source import BitrixSource


def test_won_deal_counts_on_its_day(site: Rig) -> None:
    """A deal won late in the evening belongs to that day of the portal."""
    site.portal.add_won_deal(1500.5, f"2026-03-31{EVENING}", company=1)
    assert lines(read(site)) == [("CO_1", "2026-03-31", 1500.5)]


def test_business_zone_decides_the_day(site: Rig) -> None:
    """With a time zone of the business the day is counted there."""
    site.portal.add_won_deal(10, f"2026-03-31{EVENING}", company=1)
    sales = read(site, timezone="Asia/Vladivostok")
    assert lines(sales) == [("CO_1", "2026-04-01", 10.0)]


def test_open_and_lost_deals_do_not_count(site: Rig) -> None:
    """Only deals that are won now are sales."""
    site.portal.add_deal("открыта", companyId=1, opportunity=5)
    lost = site.portal.add_won_deal(7, "2026-02-02T10:00:00+03:00", company=1)
    site.portal.move(DEAL, lost, "LOSE", at="2026-02-03T10:00:00+03:00")
    assert lines(read(site)) == []


def test_deal_won_twice_counts_once_at_the_last_win(site: Rig) -> None:
    """A deal reopened and won again counts in one window only, the later one."""
    deal = site.portal.add_won_deal(9, "2026-01-15T10:00:00+03:00", company=2)
    site.portal.move(DEAL, deal, "NEW", at="2026-02-01T10:00:00+03:00")
    site.portal.move(DEAL, deal, "WON", at="2026-03-15T10:00:00+03:00")
    january = Window(date(2026, 1, 1), date(2026, 2, 1))
    assert lines(read(site, january)) == []
    assert lines(read(site)) == [("CO_2", "2026-03-15", 9.0)]


def test_later_move_between_won_stages_keeps_the_day(site: Rig) -> None:
    """The stage history wins over the last move of the deal."""
    deal = site.portal.add_won_deal(9, "2026-01-15T10:00:00+03:00", company=2)
    site.portal.row(DEAL, deal)["movedTime"] += 40 * 86400.0
    assert lines(read(site)) == [("CO_2", "2026-01-15", 9.0)]


def test_move_stands_in_for_missing_history(site: Rig) -> None:
    """Without a row in the history the last move dates the sale, and this is counted."""
    site.portal.state.history_on_final_create = False
    moment = site.portal.state.zone.seconds("2026-02-20T01:00:00+03:00")
    site.portal.add_deal("", companyId=1, opportunity=3, stageId="WON", createdTime=moment)
    source = BitrixSource(client=site.client)
    assert lines(concat(source.transactions(YEAR))) == [("CO_1", "2026-02-20", 3.0)]
    assert source.tally.counts["day_from_moved_time"] == 1


def test_closing_date_is_never_shifted(site: Rig) -> None:
    """As a last resort the closing date counts as it is written: midnight UTC is no evening."""
    site.portal.state.history_on_final_create = False
    deal = site.portal.add_deal(
        "", companyId=1, opportunity=3, stageId="WON", closedate="2026-02-20"
    )
    site.portal.row(DEAL, deal)["movedTime"] = None
    site.portal.state.ignored_filters.add("movedTime")
    source = BitrixSource(client=site.client, timezone="America/New_York")
    assert lines(concat(source.transactions(YEAR))) == [("CO_1", "2026-02-20", 3.0)]
    assert source.tally.counts["day_from_closedate"] == 1


def test_deleted_stage_is_left_out_and_counted(site: Rig) -> None:
    """A deal in a stage that no longer exists is left out and counted."""
    funnel = site.portal.add_category("Опт")
    site.portal.add_won_deal(2, "2026-02-02T10:00:00+03:00", company=1, category=funnel)
    site.portal.delete_stage(site.portal.stage("WON", funnel))
    source = BitrixSource(client=site.client)
    assert len(concat(source.transactions(YEAR))) == 0
    assert source.tally.counts["deleted_stage"] == 1


def test_templates_do_not_count(site: Rig) -> None:
    """A template of recurring deals is no sale."""
    site.portal.add_won_deal(2, "2026-02-02T10:00:00+03:00", company=1, isRecurring="Y")
    assert lines(read(site)) == []
