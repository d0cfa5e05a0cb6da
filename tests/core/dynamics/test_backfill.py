"""Backfilled snapshots, against separate runs on past dates."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import date, timedelta

import attrs
import numpy as np
import pytest

from abcxyz import (
    InputError,
    Limits,
    Settings,
    Shares,
    Snapshot,
    Transactions,
    Window,
    analyze,
    backfill,
    backfill_window,
)
from abcxyz.core.dynamics.backfill import backfill_dates
from abcxyz.demo import DEMO_AS_OF, demo_sales
from abcxyz.errors import AbcxyzWarning

SINCE = date(2026, 1, 1)


def kopecks(sales: Transactions, *, documents: bool = True, cost: bool = False) -> Transactions:
    """Round money to integers so that sums do not depend on their order."""
    amount = np.rint(sales.amount * 100).astype(np.int64)
    return Transactions(
        sales.customer,
        sales.day,
        amount,
        cost=amount // 2 + 7 if cost else None,
        document=sales.document if documents else None,
    )


def sorted_by_customer(snapshot: Snapshot) -> Snapshot:
    order = np.argsort(snapshot.customers.astype(str), kind="stable")
    columns = [one.name for one in attrs.fields(Snapshot)][3:]
    result = attrs.evolve(snapshot, **{name: getattr(snapshot, name)[order] for name in columns})
    return attrs.evolve(result, value=result.value.astype(np.float64))


def runs(sales: Transactions, settings: Settings, since: date, as_of: date) -> Iterator[Snapshot]:
    """Snapshots of separate monthly runs."""
    previous = None
    for day in backfill_dates(since, as_of, settings):
        previous = analyze(sales, as_of=day, settings=settings, previous=previous).snapshot
        yield previous


@pytest.mark.parametrize(
    ("settings", "documents"),
    [
        (Settings(period="3M"), True),
        (Settings(period="2M", bucket="W", abc=Shares(), xyz=Limits(0.5, 1)), True),
        (Settings(period="2Q", bucket="M", metric="count"), True),
        (Settings(period="3M", metric="profit", since_first=True), False),
    ],
    ids=["months", "months by weeks", "quarters, documents", "profit, lines"],
)
def test_the_past_is_what_it_was(settings: Settings, documents: bool) -> None:
    """Every snapshot equals that of a run at its date, steadied classes included."""
    sales = kopecks(demo_sales(customers=60).transactions, documents=documents, cost=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AbcxyzWarning)
        expected = [sorted_by_customer(one) for one in runs(sales, settings, SINCE, DEMO_AS_OF)]
        halves = [sales.take(np.arange(len(sales)) % 2 == i) for i in (0, 1)]
        result = [
            sorted_by_customer(one)
            for one in backfill(iter(halves), since=SINCE, as_of=DEMO_AS_OF, settings=settings)
        ]
    assert len(expected) >= 3
    for theirs, ours in zip(expected, result, strict=True):
        assert theirs == ours
    if settings.metric == "revenue":
        assert any((one.abc != one.steady_abc).any() for one in result)


def test_real_sales_give_the_same_classes(online_retail: Transactions) -> None:
    """Real sales with credit notes give the same classes as separate runs."""
    settings = Settings(period="3M")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AbcxyzWarning)
        args = (online_retail, settings, date(2011, 2, 1), date(2011, 12, 1))
        expected = [sorted_by_customer(one) for one in runs(*args)]
        snapshots = backfill(args[0], since=args[2], as_of=args[3], settings=settings)
        for theirs, ours in zip(expected, map(sorted_by_customer, snapshots), strict=True):
            assert theirs.customers.tolist() == ours.customers.tolist()
            assert theirs.segment.tolist() == ours.segment.tolist()
            assert theirs.steady_segment.tolist() == ours.steady_segment.tolist()
            np.testing.assert_allclose(theirs.value, ours.value, rtol=1e-9, atol=1e-6)


def test_dates_and_the_window_they_need() -> None:
    """Sales are needed from two windows before the first date to the day before the last."""
    settings = Settings()
    days = backfill_dates(date(2026, 1, 15), date(2026, 4, 20), settings)
    assert (date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 20)) == days
    assert Window(date(2024, 2, 1), date(2026, 4, 20)) == backfill_window(
        date(2026, 1, 15), date(2026, 4, 20), settings
    )
    with pytest.raises(InputError, match="no complete period from 2026-04-01"):
        backfill_dates(date(2026, 4, 1), date(2026, 4, 20), settings)


def test_too_short_a_history_is_reported() -> None:
    """A first window that begins before the sales raises a warning."""
    days = [date(2026, 2, 3) + timedelta(days=10 * i) for i in range(9)]
    sales = Transactions(["a", "b", "c"] * 3, days, [5.0] * 9)
    with pytest.warns(AbcxyzWarning, match="begin on 2026-02-03, and the first window on 2025-1"):
        snapshots = list(
            backfill(
                sales,
                since=date(2026, 2, 1),
                as_of=date(2026, 5, 1),
                settings=Settings(period="4M"),
            )
        )
    assert [3, 3, 3] == [len(one) for one in snapshots]


def test_it_ends_at_the_last_sale_with_a_warning() -> None:
    """No snapshot is made of periods that begin after the last sale; the warning counts them."""
    days = [date(2026, 1, 5) + timedelta(days=7 * i) for i in range(9)]
    sales = Transactions(["a", "b", "c"] * 3, days, [5.0] * 9)
    as_of, settings = date(2026, 7, 1), Settings(period="1M", bucket="W")
    with pytest.warns(
        AbcxyzWarning,
        match=r"end on 2026-03-02; the last snapshot is that of 2026-03-31, and the 3 after it",
    ):
        snapshots = list(backfill(sales, since=date(2026, 1, 1), as_of=as_of, settings=settings))
    assert [one.dated.month for one in snapshots] == [1, 2, 3]
    with pytest.raises(InputError, match="of 2026-03-02, before the first period to compute"):
        backfill(sales, since=date(2026, 4, 1), as_of=as_of, settings=settings)


def test_a_customer_appears_with_the_first_sale() -> None:
    """A customer is absent from snapshots dated before the first sale."""
    sales = Transactions(
        ["a", "b", "r"],
        [date(2026, 1, 3), date(2026, 3, 3), date(2026, 2, 3)],
        [5.0, 5.0, -1.0],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AbcxyzWarning)
        snapshots = backfill(
            sales, since=date(2026, 1, 1), as_of=date(2026, 4, 1), settings=Settings(period="2M")
        )
        assert [["a"], ["a", "r"], ["a", "b", "r"]] == [sorted(one.customers) for one in snapshots]


def test_no_sales_are_an_error() -> None:
    """A backfill without sales fails at once, not at the first snapshot."""
    with pytest.raises(InputError, match="there are no sales"):
        backfill([], since=date(2026, 1, 1), as_of=date(2026, 4, 1))


def test_it_goes_on_from_a_snapshot(online_retail: Transactions) -> None:
    """A backfill resumed from a snapshot gives the same rest without older sales."""
    settings = Settings(period="3M")
    sales = kopecks(online_retail)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AbcxyzWarning)
        whole = list(
            backfill(sales, since=date(2011, 5, 1), as_of=date(2011, 11, 1), settings=settings)
        )
        late = date(2011, 9, 1)
        window = backfill_window(late, date(2011, 11, 1), settings)
        rest = backfill(
            sales.within(window),
            since=late,
            as_of=date(2011, 11, 1),
            settings=settings,
            previous=whole[3],
        )
        for theirs, ours in zip(whole[4:], rest, strict=True):
            assert sorted_by_customer(theirs) == sorted_by_customer(ours)
    assert 6 == len(whole)


def test_made_up_sales_go_on_from_a_snapshot() -> None:
    """Of the rest of the sales alone, with the customers and the steadied classes of before."""
    sales, settings = kopecks(demo_sales().transactions), Settings(period="3M")
    whole = list(backfill(sales, since=SINCE, as_of=date(2026, 7, 1), settings=settings))
    late = date(2026, 4, 1)
    window = backfill_window(late, date(2026, 7, 1), settings)
    place = [one.dated for one in whole].index(date(2026, 3, 31))
    rest = backfill(
        sales.within(window), since=late, as_of=date(2026, 7, 1), settings=settings,
        previous=whole[place],
    )  # fmt: skip
    for theirs, ours in zip(whole[place + 1 :], rest, strict=True):
        assert sorted_by_customer(theirs) == sorted_by_customer(ours)
    with pytest.raises(InputError, match="were made with other settings"):
        list(
            backfill(
                sales, since=late, as_of=date(2026, 7, 1), settings=Settings(period="2M"),
                previous=whole[place],
            )
        )  # fmt: skip


def test_a_second_filling_changes_nothing(online_retail: Transactions) -> None:
    """A customer with old returns only is known wherever the backfill begins."""
    settings = Settings(period="2M", lookback="12M")
    sales = kopecks(online_retail)
    last = []
    for since in (date(2011, 3, 1), date(2011, 8, 1)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AbcxyzWarning)
            snapshots = backfill(sales, since=since, as_of=date(2011, 10, 1), settings=settings)
            last.append([one.customers.tolist() for one in snapshots][-1])
    assert last[0] == last[1]


@pytest.mark.filterwarnings("ignore::abcxyz.errors.AbcxyzWarning")
def test_a_single_order_is_the_first_and_the_last() -> None:
    day = date(2026, 1, 5)
    (one,) = backfill(
        Transactions(["a"], [day], [5.0]), since=date(2026, 1, 1), as_of=date(2026, 2, 1),
        settings=Settings(period="1M", bucket="W"),
    )  # fmt: skip
    assert [one.first_day[0].item(), one.last_day[0].item()] == [day, day]
    assert (one.orders.tolist(), one.value.tolist()) == ([1], [5.0])


@pytest.mark.filterwarnings("ignore::abcxyz.errors.AbcxyzWarning")
def test_dates_before_the_first_sale_have_no_snapshot() -> None:
    """The others follow, and a customer is compared with the snapshot before, if there is one."""
    sales = Transactions(["a", "b"], [date(2026, 3, 9), date(2026, 4, 9)], [50, 40])
    made = backfill(
        sales,
        since=date(2026, 2, 1),
        as_of=date(2026, 5, 1),
        settings=Settings(period="1M", bucket="W"),
    )
    assert [(one.dated, one.customers.tolist()) for one in made] == [
        (date(2026, 3, 31), ["a"]),
        (date(2026, 4, 30), ["a", "b"]),
    ]
