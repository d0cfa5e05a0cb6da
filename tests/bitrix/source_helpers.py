"""Helpers of the tests of the source: readings and sample deals."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from tests.emulators.bitrix24.harness import Rig

from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.transactions import Transactions, concat
from abcxyz_bitrix.source import BitrixSource

YEAR = Window(date(2026, 1, 1), date(2026, 5, 1))
EVENING = "T23:30:00+03:00"


def read(site: Rig, window: Window = YEAR, **options: Any) -> Transactions:
    """Read all sales of a window."""
    return concat(BitrixSource(client=site.client, **options).transactions(window))


def lines(sales: Transactions) -> list[tuple[str, str, float]]:
    """Return transactions as sorted tuples of customer, day and amount."""
    days = [str(day) for day in sales.day]
    return sorted(zip(sales.customer.tolist(), days, sales.amount.tolist(), strict=True))


def many(site: Rig, count: int, seed: int = 5) -> None:
    """Add won deals on random days, with gaps among their ids."""
    random_ = random.Random(seed)
    for number in range(count):
        day = date(2025, 12, 20) + timedelta(days=random_.randrange(150))
        if random_.random() < 0.3:
            site.portal.add_deal("", companyId=1)
        site.portal.add_won_deal(
            number + 1, f"{day}T{random_.randrange(24):02}:59:59+03:00",
            company=random_.randint(1, 3),
        )  # fmt: skip


def broken(site: Rig, call: Callable[[], object]) -> Sequence[Callable[[], object]]:
    """Return calls that fail, each in another way."""

    def with_fault(kind: str) -> Callable[[], object]:
        def fail() -> object:
            site.portal.faults.clear()
            site.portal.faults.add(kind, times=None)
            return call()

        return fail

    def without_rights() -> object:
        site.portal.faults.clear()
        site.portal.hook.secret = "another"
        return call()

    kinds = ("bad_gateway", "truncated", "reset_after", "internal", "overload", "query_limit")
    return [*(with_fault(kind) for kind in kinds), without_rights]
