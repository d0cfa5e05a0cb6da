"""Records of a past day equal those that were read on that day."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.crm.worlds import World, moment, read, worlds

from abcxyz.core.sales.calendar import Window
from abcxyz.crm import analyze_crm
from abcxyz.crm.reports.registry import REPORTS, make_report
from abcxyz.crm.settings import AnnouncedChange, CrmSettings

WINDOW = Window(date(2026, 3, 5), date(2026, 3, 25))


@pytest.mark.parametrize("name", [name for name in REPORTS if name not in ("products", "offers")])
@given(world=worlds(), hour=st.integers(1, 900))
def test_a_report_of_a_past_day_equals_the_one_of_that_day(
    name: str, world: World, hour: int
) -> None:
    past, then = read(world).as_of(moment(hour)), read(world, hour)
    for window in (None, WINDOW):
        if name == "flow" and window is None:
            continue
        report = make_report(name, past, window)
        assert report.to_dict() == make_report(name, then, window).to_dict()


@settings(max_examples=6)
@given(world=worlds(), hour=st.integers(200, 900))
def test_all_reports_of_a_past_day_equal_those_of_that_day(world: World, hour: int) -> None:
    """Products, anomalies, effects of announced changes, and what is refused, among them."""
    changes = [AnnouncedChange(day="2026-03-10", what="videos")]
    classes = {"": "A"}
    past, then = (
        analyze_crm(
            crm, window=WINDOW, settings=CrmSettings(changes=changes), classes=classes
        ).to_dict()
        for crm in (
            read(world, lines=True).as_of(moment(hour)),
            read(world, hour, lines=True),
        )
    )
    if any(history[0][0] < hour for history in world.deals):
        assert {"products", "anomalies", "effects", "managers"} <= set(past["reports"])
    for part in ("as_of", "reports", "missing"):
        assert past[part] == then[part]


@given(world=worlds(), hours=st.lists(st.integers(1, 900), min_size=2, max_size=2))
def test_cutting_twice_equals_cutting_once(world: World, hours: list[int]) -> None:
    earlier, later = sorted(hours)
    crm = read(world)
    assert (
        crm.as_of(moment(later)).as_of(moment(earlier)).deals == crm.as_of(moment(earlier)).deals
    )


def test_days_begin_in_the_zone_of_the_business() -> None:
    crm = read(World((((0, "sales", "NEW"), (20, "sales", "WON")),), ()))
    # 06:00 UTC and 20 hours is 02:00 UTC, 05:00 in Moscow, on the 3rd of March.
    assert crm.as_of(date(2026, 3, 3)).outcomes.kind.tolist() == [0]
    assert crm.as_of(date(2026, 3, 4)).outcomes.kind.tolist() == [1]
    assert len(crm.as_of(date(2026, 3, 2)).deals) == 0
