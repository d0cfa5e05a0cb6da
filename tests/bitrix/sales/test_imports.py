"""Days of an import, found in a sample: both sides of every threshold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from tests.emulators.bitrix24.harness import Rig
from tests.emulators.bitrix24.portal import DEAL

from abcxyz_bitrix.crm.entities import Fields, fields_of
from abcxyz_bitrix.rest.lists import Listing
from abcxyz_bitrix.sales.imports import Probe, _import_days, probe_sales

DAY = date(2026, 4, 20)
Row = tuple[date, date | None]


def rows(count: int, closed: Sequence[int | None], *, day: date = DAY) -> list[Row]:
    """Sales moved on a day; those of *closed* closed so many days before it, the others on it."""
    rest: list[int | None] = [0] * (count - len(closed))
    return [
        # Every row has a day of its own: equal days of a portal are never one object.
        (
            date(day.year, day.month, day.day),
            None if before is None else day - timedelta(days=before),
        )
        for before in [*closed, *rest]
    ]


def elsewhere(count: int) -> list[Row]:
    """Sales moved on days of their own."""
    return [(date(2025, 1, 1) + timedelta(days=n), None) for n in range(count)]


@pytest.mark.parametrize(
    ("moved", "found"),
    [
        # Five sales at least.
        (rows(4, [1, 2, 3, 4]), False),
        (rows(5, [1, 2, 3, 4, 5]), True),
        # Four of five have closed earlier; the same day, a later one and none are not earlier.
        (rows(5, [1, 2, 3, 3]), True),
        (rows(10, [1, 2, 3, 4, 5, 6, 7]), False),
        (rows(10, [1, 2, 3, 4, 5, 6, 7, 8]), True),
        (rows(10, [1, 2, 3, 4, 5, 6, 7, None, -1, 0]), False),
        (rows(100, [1, 2, 3]), False),
        # On three days at least.
        (rows(6, [1, 1, 1, 2, 2, 2]), False),
        (rows(6, [1, 1, 1, 2, 2, 3]), True),
        # A third of all sales.
        (rows(5, [1, 2, 3, 4, 5]) + elsewhere(10), True),
        (rows(5, [1, 2, 3, 4, 5]) + elsewhere(11), False),
        (rows(7, [1, 2, 3, 4, 5, 6, 7]) + elsewhere(14), True),
        (rows(7, [1, 2, 3, 4, 5, 6, 7]) + elsewhere(15), False),
        ([], False),
    ],
)
def test_a_day_of_an_import(moved: list[Row], found: bool) -> None:
    """Every condition has to hold, each at its own edge."""
    assert _import_days(moved) == (frozenset({DAY}) if found else frozenset())


def test_closings_count_for_their_own_day() -> None:
    """Two days are judged apart, one from the closings of the other."""
    other = DAY + timedelta(days=1)
    closed, open_ = rows(6, [1, 2, 3, 4, 5, 6]), rows(6, [], day=other)
    assert _import_days(closed + open_) == {DAY}
    assert _import_days(closed + rows(6, [2, 3, 4, 5, 6, 7], day=other)) == {DAY, other}
    # The same object for all rows, as a cache of days would make it.
    assert _import_days([(DAY, DAY - timedelta(days=n)) for n in range(1, 7)]) == {DAY}


def test_a_sample_of_the_portal(site: Rig) -> None:
    """Days come from the last move in the time zone, and those that never moved are named."""
    for number in range(6):
        site.portal.add_won_deal(1, "2026-04-20T23:30:00+03:00", company=1)
        site.portal.row(DEAL, number + 1)["closedate"] = f"2026-0{number % 3 + 1}-15"
    site.portal.add_won_deal(1, "2026-02-20T12:00:00+03:00", company=1)
    site.portal.row(DEAL, 7)["movedTime"] = None
    names = fields_of(site.client, DEAL)
    listing = Listing(DEAL, tuple(names.select(("MOVED_TIME", "CLOSEDATE"))))
    assert probe_sales(site.client, listing, names, None) == Probe(frozenset({DAY}), (7,))
    east = probe_sales(site.client, listing, names, site.portal.state.zone.zone)
    assert east == Probe(frozenset({DAY}), (7,))
    # Without a field of the last move, or of closing, nothing is known.
    moved = names.name("MOVED_TIME")
    assert probe_sales(site.client, listing, Fields(DEAL, {}), None) == Probe()
    only = Fields(DEAL, {moved: names.info[moved]})
    assert probe_sales(site.client, listing, only, None) == Probe(frozenset(), (7,))
