"""The record of a sale, and the counters of a reading, as whole values."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from abcxyz import Quality, QualityIssue
from abcxyz_bitrix.crm.entities import COMPANY, CONTACT, DEAL, Fields
from abcxyz_bitrix.sales.sale import _ISSUES, Sale, Tally, day_of, getter


@pytest.mark.parametrize("cost", [None, Decimal(0), Decimal("12.30")])
def test_a_sale_survives_packing(cost: Decimal | None) -> None:
    """All fields come back, money digit by digit; an unknown cost stays unknown."""
    sale = Sale((COMPANY, 5), date(2026, 3, 31), Decimal("1500.50"), "RUB", "D_7", cost)
    packed = sale.pack()
    assert packed == [
        "CO_5", "2026-03-31", "1500.50", "RUB", "D_7", None if cost is None else str(cost),
    ]  # fmt: skip
    assert Sale.unpack(packed) == sale
    assert Sale.unpack(["C_9", *packed[1:]]).party == (CONTACT, 9)


def test_counters_become_quality_issues() -> None:
    """Every counter has its kind and its treatment; rows are those used and those left out."""
    tally = Tally()
    for place, name in enumerate(_ISSUES, start=1):
        tally.add(name, place)
    tally.add("used", 100)
    tally.add("outside_window", 1000)
    tally.add("not_won", 7)
    tally.add("other_funnel", 0)
    assert "other_funnel" not in tally.counts
    expected = [
        ("no_customer", 1, "left_out"),
        ("no_date", 2, "left_out"),
        ("deals in a deleted stage", 3, "left_out"),
        ("templates of recurring deals", 4, "left_out"),
        ("imported deals, dated by their closing date", 5, "kept"),
        ("deals without a time of their last move", 6, "kept"),
        ("sales whose purchase prices have no rate of exchange", 7, "kept"),
        ("customers without the chosen key", 8, "kept"),
        ("deals dated by their last move", 9, "kept"),
        ("deals dated by their closing date", 10, "kept"),
    ]
    assert tally.quality() == Quality(
        rows=1110,
        used=1100,
        issues=[QualityIssue(kind, count, None, treatment) for kind, count, treatment in expected],
    )


@pytest.mark.parametrize(("used", "outside", "lost"), [(3, 0, 1), (1, 1, 3), (0, 0, 0), (6, 3, 5)])
def test_rows_are_a_sum(used: int, outside: int, lost: int) -> None:
    """Numbers that share their bits are added all the same."""
    tally = Tally()
    tally.add("used", used)
    tally.add("outside_window", outside)
    tally.add("no_date", lost)
    for _ in range(lost):
        tally.add("no_customer")
    issues = [QualityIssue(kind, lost, None, "left_out") for kind in ("no_customer", "no_date")]
    assert tally.quality() == Quality(
        rows=used + outside + 2 * lost, used=used + outside, issues=issues if lost else []
    )


def test_the_zone_decides_the_day() -> None:
    """Without one, the day is that of the portal's own offset."""
    moment = datetime(2026, 3, 31, 23, 30, tzinfo=timezone(timedelta(hours=3)))
    assert day_of(moment, None) == date(2026, 3, 31)
    assert day_of(moment, timezone(timedelta(hours=10))) == date(2026, 4, 1)
    assert day_of(moment, UTC) == date(2026, 3, 31)
    assert day_of(moment.replace(hour=2), UTC) == date(2026, 3, 30)


def test_a_field_that_the_portal_lacks_is_empty() -> None:
    """Fields are read by their upper-case code."""
    get = getter(Fields(DEAL, {"stageId": {"upperName": "STAGE_ID"}}))
    row = {"stageId": "WON", "opportunity": 5, "OPPORTUNITY": 6}
    assert (get(row, "STAGE_ID"), get(row, "OPPORTUNITY"), get({}, "STAGE_ID")) == (
        "WON", None, None
    )  # fmt: skip
