"""Helpers of the tests of the source: lines of sales, read and expected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from tests.emulators.onec.base import Company

from abcxyz import Transactions, Window
from abcxyz_onec.source import OneCSource

Make = Callable[..., OneCSource]

YEAR = Window(date(2025, 1, 1), date(2027, 1, 1))
FLAT = "AccumulationRegister_ВыручкаИСебестоимостьПродаж_RecordType"
SALE = "Document_РеализацияТоваровУслуг"


def lines(batches: Iterable[Transactions]) -> list[tuple[Any, ...]]:
    """Return the lines of batches: customer, day, money, cost, document."""
    out = []
    for batch in batches:
        count = len(batch)
        cost = [0.0] * count if batch.cost is None else batch.cost.tolist()
        document = [""] * count if batch.document is None else batch.document.tolist()
        out += list(
            zip(
                batch.customer.tolist(),
                batch.day.tolist(),
                [round(each, 6) for each in batch.amount.tolist()],
                cost,
                document,
                strict=True,
            )
        )
    return sorted(out)


def by_month(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[str, int, int], float]:
    """Return the sums of money per customer and month."""
    sums: defaultdict[tuple[str, int, int], float] = defaultdict(float)
    for customer, day, money, *_ in rows:
        sums[customer, day.year, day.month] += money
    return {key: round(value, 6) for key, value in sums.items()}


def by_day(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the sums of money per customer and day."""
    sums: defaultdict[tuple[str, date], float] = defaultdict(float)
    for customer, day, money, *_ in rows:
        sums[customer, day] += money
    return [(*key, value) for key, value in sums.items()]


def sold(company: Company, window: Window = YEAR, *, cost: bool = True) -> list[tuple[Any, ...]]:
    """Return the lines that a reader must return."""
    return sorted(
        (who, day, float(money), spent if cost else 0.0, document)
        for who, day, money, spent, document in company.sold
        if day in window
    )
