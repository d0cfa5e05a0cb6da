# ruff: noqa: DTZ001 - 1C sends naive local time
"""Tests of turnovers: sums of sub-periods, dated and counted by documents."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from typing import Any

import numpy as np
import pytest
from tests.emulators.onec.base import Base, Company
from tests.onec.sales_fixtures import YEAR, Make, by_day, by_month, lines, sold

from abcxyz import Periods, Window, aggregate, period_start
from abcxyz.errors import AbcxyzWarning
from abcxyz_onec.sales.account import UNKNOWN_ORDERS


def test_turnovers_are_the_months_of_the_records(source: Make, company: Company) -> None:
    """Turnovers return the money of each month, on the days and documents of its sales."""
    sales = lines(source(read="turnovers", bucket="month").transactions(YEAR))
    assert by_month(sold(company)) == by_month(sales)
    dated = {(who, day, document) for who, day, money, _, document in sold(company) if money > 0}
    assert dated == {(who, day, document) for who, day, money, _, document in sales if money >= 0}


@pytest.mark.parametrize("read", ["records", "turnovers"])
@pytest.mark.parametrize("revenue", [None, 0.0])
def test_cost_alone_is_no_sale(
    source: Make, company: Company, read: str, revenue: float | None
) -> None:
    """A correction of cost is not a sale, and changes the profit only."""
    idle = list(company.keys)[7]
    closing = ("Document_РасчетСебестоимостиТоваров", 1)
    money: Any = {"Стоимость": 5.0} | ({} if revenue is None else {"СуммаВыручки": revenue})
    company.record(company.keys[idle][0], datetime(2026, 1, 31), "c" * 36, *closing, **money)
    sales = lines(source(read=read).transactions(YEAR))
    assert by_month(sold(company)) == by_month(sales)
    profit = lines(source(read=read, metric="profit").transactions(YEAR))
    assert [each[2:4] for each in profit if each[0] == idle] == [(0.0, 5.0)]


def test_turnovers_of_weeks(source: Make, company: Company) -> None:
    """Weeks are cut at the borders of months and ten-day periods."""
    window = Window(date(2026, 1, 1), date(2026, 3, 1))
    sales = lines(source(read="turnovers", bucket="week").transactions(window))
    sums: defaultdict[tuple[str, date], float] = defaultdict(float)
    for who, day, money, *_ in sold(company, window):
        starts = (window.since, period_start(day, "week"), period_start(day, "ten_days"))
        sums[who, max(starts)] += money
    assert dict(sums) == {
        (who, day): money
        for who, day, money in by_day(
            (who, max(window.since, period_start(day, "week"), period_start(day, "ten_days")), m)
            for who, day, m, *_ in sales
        )
    }


def test_auto_prefers_records(source: Make, base: Base, company: Company) -> None:
    """Turnovers are chosen only with a bucket, where they move far fewer bytes."""
    first = next(iter(company.keys))
    for place in range(120):
        moment = datetime(2026, 1, 1 + place % 28, 10, place % 60)
        document = company.sale(first, moment, 1)
        for line in range(2, 12):
            company.record(
                company.keys[first][0],
                moment,
                document,
                "Document_РеализацияТоваровУслуг",
                line,
                СуммаВыручки=0.0,
            )
    list(source().transactions(YEAR))
    assert not any("Turnovers" in each.path for each in base.log)
    reader = source(bucket="month")
    sales = lines(reader.transactions(YEAR))
    assert by_month(sold(company)) == by_month(sales)
    assert "summed by month" in reader.notes[0]
    assert "Document «Реализация товаров услуг»" in reader.notes[0]


@pytest.mark.parametrize(
    ("metric", "bucket"),
    [
        ("revenue", "week"),
        ("profit", "month"),
        pytest.param("revenue", "month", marks=pytest.mark.slow),
        pytest.param("profit", "week", marks=pytest.mark.slow),
    ],
)
def test_orders_days_and_rhythm_are_those_of_the_records(
    source: Make, company: Company, bucket: str, metric: str
) -> None:
    """Orders, last sale and gaps between sales do not depend on the way to read."""
    partners = list(company.keys)
    for day in (3, 9, 17, 28):
        company.sale(partners[4], datetime(2026, 2, day, 9), 50.0, cost=7.0)
    company.sale(partners[4], datetime(2026, 3, 9, 9), 400.0, returned=True)  # without a sale
    company.sale(partners[5], datetime(2026, 3, 2, 9), 300.0, cost=10.0)
    company.sale(partners[5], datetime(2026, 3, 20, 9), 900.0, returned=True)  # more than sold
    company.sale(partners[7], datetime(2026, 3, 2, 9), 300.0, cost=10.0)
    company.sale(partners[7], datetime(2026, 3, 5, 9), 300.0, returned=True)  # all that was sold
    closing = ("Document_РасчетСебестоимостиТоваров", 1)
    company.record(
        company.keys[partners[6]][0], datetime(2026, 5, 31), "c" * 36, *closing, Стоимость=5.0
    )
    periods = Periods.over(Window(date(2025, 1, 1), date(2026, 7, 1)), bucket)
    panels = [
        aggregate(
            source(read=read, bucket=bucket, metric=metric).transactions(periods.span),
            periods,
            metric=metric,
            rhythm=True,
        )
        for read in ("records", "turnovers")
    ]
    found = []
    for panel in panels:
        assert panel.rhythm is not None
        gaps = np.split(panel.rhythm.gaps, panel.rhythm.starts[1:-1])
        columns = (panel.orders, panel.first_day, panel.last_day, gaps, panel.value)
        found.append(
            {
                str(who): (orders, first, last, gap.tolist(), round(float(value), 6))
                for who, orders, first, last, gap, value in zip(
                    panel.customers.tolist(), *columns, strict=True
                )
            }
        )
    assert found[0] == found[1]
    expected = dict.fromkeys(partners, 0)
    for who, day, money, *_ in sold(company):
        expected[who] += money > 0 and day in periods.window
    assert {who: int(row[0]) for who, row in found[0].items()} == expected
    last = {w: max(d for who, d, m, *_ in sold(company) if who == w and m > 0) for w in partners}
    assert {who: row[2].item() for who, row in found[0].items()} == last


def test_a_sale_returned_in_the_same_month(source: Make, company: Company) -> None:
    """A sale and its whole return in one month remain a sale, though a cost remains."""
    idle = list(company.keys)[7]
    company.sale(idle, datetime(2026, 3, 2), 300.0, cost=10.0)
    company.sale(idle, datetime(2026, 3, 5), 300.0, returned=True)
    for read in ("records", "turnovers"):
        sales = lines(source(read=read, bucket="month").transactions(YEAR))
        assert sum(money for who, _, money, *_ in sales if who == idle) == 0
        assert [who for who, _, money, *_ in sales if who == idle]
    company.store.unpublished.add("Document_РеализацияТоваровУслуг")
    with pytest.warns(AbcxyzWarning, match="neither the number"):
        sales = lines(source(read="turnovers", bucket="month").transactions(YEAR))
    assert [each[1:3] for each in sales if each[0] == idle] == [(date(2026, 3, 1), 0.0)]


def test_auto_takes_records_where_documents_are_not_published(
    source: Make, base: Base, company: Company
) -> None:
    """Without documents auto reads records, and turnovers warn and mark the data quality."""
    first = next(iter(company.keys))
    for place in range(400):
        company.sale(first, datetime(2026, 1, 1 + place % 28, 10, place % 60), 1)
    company.store.unpublished.add("Document_РеализацияТоваровУслуг")
    assert sold(company, cost=False) == lines(source(bucket="month").transactions(YEAR))
    assert not any("Turnovers" in each.path for each in base.log)
    reader = source(read="turnovers", bucket="month")
    with pytest.warns(AbcxyzWarning, match="Document «Реализация товаров услуг»"):
        sales = lines(reader.transactions(YEAR))
    quality = reader.data_quality()
    assert quality is not None
    assert {i.kind: i.count for i in quality.issues}[UNKNOWN_ORDERS] == len(sales)
