"""Figures of all customers beside the history, which knows every day, and the sample."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from tests.core.landmarks.worlds import END, made_world

from abcxyz import AlertRules, Analysis, Settings, Transactions, analyze
from abcxyz.config.reader import parse_job
from abcxyz.core.analysis.analyze import aggregate_sales
from abcxyz.core.analysis.learn_lapses import learning
from abcxyz.core.landmarks import collector
from abcxyz.core.landmarks.collector import LandmarkCollector
from abcxyz.core.landmarks.orders import customer_sample
from abcxyz.core.landmarks.orders.customer_sample import identifier_hashes, sample_of
from abcxyz.core.landmarks.orders.order_history import day_number
from abcxyz.core.landmarks.panel_source import PanelSource, gap_figures
from abcxyz.core.landmarks.sources import HistorySource
from abcxyz.core.sales.rhythm import Rhythm
from abcxyz.loops import route
from abcxyz.pipeline import run
from abcxyz.tables.analyze_file import analyze_file

AS_OF = date(2026, 3, 17)
SETTINGS = {
    "months": Settings(),
    "short": Settings(period="2M", bucket="week", lookback="5M"),
    "profit": Settings(period="3M", metric="profit"),
    "count": Settings(period="4M", metric="count"),
}
Line = tuple[int, int, int]
LINES = st.lists(
    st.tuples(st.integers(0, 7), st.integers(-20, 800), st.sampled_from([-5, 0, 3, 10, 40])),
    min_size=1,
    max_size=80,
)


def test_of_too_many_customers_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the limit the rule of the quantile decides, in whatever batches the lines come."""
    monkeypatch.setattr(customer_sample, "MOST_CUSTOMERS", 100)
    sales, _ = made_world(seed=4, n=300)
    customers = len(np.unique(sales.customer))
    for most, learns in ((customers, True), (customers - 1, False)):
        monkeypatch.setattr(collector, "MOST_SCORED", most)
        found = []
        for size in (len(sales), 700):
            parts = [
                sales.take(np.arange(start, min(start + size, len(sales))))
                for start in range(0, len(sales), size)
            ]
            orders = learning(AlertRules(), Settings(), END)
            analysis = analyze(iter(parts), as_of=END, settings=Settings(), orders=orders)
            assert (analysis.lapse is not None) is learns
            assert analysis.calls is not None
            assert (analysis.calls.basis == "rule") is not learns
            found.append([one.customer for one in analysis.calls])
        assert found[0] == found[1]
    whole = LandmarkCollector(Settings(), END, whole=True)
    whole.add(sales)
    assert len(whole.close().customers) == customers  # with all order days, at any size


def test_a_part_of_too_many_customers_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """A random part shows whether all are too many, and a part of few enough ends nothing."""
    monkeypatch.setattr(collector, "MOST_SCORED", 1000)
    sales, _ = made_world(seed=4, n=300)
    customers = len(np.unique(sales.customer))
    for share, ends in ((0.2, True), (0.3, False)):
        assert (customers > 1100 * share) is ends
        for whole in (False, True):
            orders = LandmarkCollector(Settings(), END, whole=whole)
            orders.add(sales)
            orders.foresee(share)
            orders.add(sales)
            assert len(orders.close().customers) == (0 if ends and not whole else customers)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Learn from 100 customers at most."""
    monkeypatch.setattr(customer_sample, "MOST_CUSTOMERS", 100)


def sales_of(lines: list[Line], *, as_text: bool) -> Transactions:
    amount = np.array([float(money) for *_, money in lines])
    return Transactions(
        [f"c{who}" if as_text else who for who, _, _ in lines],
        [AS_OF - timedelta(days=days) for _, days, _ in lines],
        amount,
        amount * 0.5,
    )


def sources(
    batches: list[Transactions], settings: Settings
) -> tuple[PanelSource, HistorySource] | None:
    """What is known from a panel and sums, and from the days of every customer."""
    every = LandmarkCollector(settings, AS_OF, whole=True)
    some = LandmarkCollector(settings, AS_OF)
    watched = some.watch(every.watch(iter(batches)))
    panel = aggregate_sales(watched, settings.periods(AS_OF), settings)
    whole, sums = every.close(), some.close()
    if sums.money is None:
        return None
    assert whole.history is not None
    assert sums.history is None
    source = PanelSource(
        panel, settings, AS_OF, customers=sums.customers, money=sums.money, rows=sums.rows,
        sample=sums.sample, span=sums.span,
    )  # fmt: skip
    assert whole.span == sums.span == whole.history.span
    return source, HistorySource(whole.history)


@pytest.mark.parametrize("way", ["numpy", "numba"])
@given(LINES, st.sampled_from(sorted(SETTINGS)), st.booleans(), st.integers(1, 3))
def test_figures_of_a_panel_are_those_of_the_history(
    way: str, lines: list[Line], name: str, as_text: bool, count: int
) -> None:
    if way == "numba":
        pytest.importorskip("numba")
    settings, sales = SETTINGS[name], sales_of(lines, as_text=as_text)
    batches = [sales.take(np.arange(len(sales)) % count == k) for k in range(count)]
    with pytest.MonkeyPatch.context() as patch, route(way):
        patch.setattr(customer_sample, "MOST_CUSTOMERS", 2)
        both = sources(batches, settings)
        if both is None:
            return
        ours, theirs = both
        assert ours.customers.tolist() == theirs.customers.tolist()
        assert ours.rows.tolist() == theirs.rows.tolist()
        assert ours.sample == theirs.sample
        day = day_number(AS_OF)
        horizon = ours.horizon(AS_OF, None, settings)
        assert horizon == theirs.horizon(AS_OF, None, settings)
        for days in (horizon, 400):
            one, other = (each.features(day, days, settings) for each in both)
            np.testing.assert_array_equal(one.known, other.known)
            np.testing.assert_array_equal(one.abc, other.abc)
            for table in ("columns", "facts"):
                found, expected = getattr(one, table), getattr(other, table)
                assert list(found) == list(expected)
                for column, values in expected.items():
                    np.testing.assert_array_equal(
                        found[column][one.known], values[one.known], err_msg=column
                    )
        every = np.arange(len(ours.customers))
        np.testing.assert_array_equal(
            ours.months(AS_OF, every), theirs.months(AS_OF, every), strict=True
        )
        np.testing.assert_array_equal(
            ours.late(one.abc, 0.9, 2), theirs.late(one.abc, 0.9, 2), strict=True
        )


def test_customers_of_the_previous_snapshot_have_not_ordered(few: None) -> None:
    """They are in the panel, and the days in their last snapshot are no orders of the lookback."""
    sales, _ = made_world(3, n=160, days=720)
    before = analyze(
        Transactions(["gone", "c1"], [END - timedelta(900)] * 2, [9.0, 9.0]),
        as_of=END - timedelta(days=800),
    ).snapshot
    rules, settings = AlertRules(), Settings()
    plain, carried = (
        analyze([sales], as_of=END, previous=one, orders=learning(rules, settings, END))
        for one in (None, before)
    )
    assert "gone" in carried.snapshot.customers.tolist()
    same_risks(plain, carried)


def same_risks(one: Analysis, other: Analysis) -> None:
    """Compare what is learned, whatever the order of the customers."""
    for name, columns in (
        ("lapse", ("probability", "money", "late", "orders", "abc")),
        ("rise", ("probability", "missing")),
    ):
        ours, theirs = getattr(one, name), getattr(other, name)
        assert (ours.basis, ours.horizon_days) == (theirs.basis, theirs.horizon_days)
        assert ours.fit.rows == theirs.fit.rows
        assert {*map(str, ours.customers)} == {*map(str, theirs.customers)}
        order = [np.argsort(np.array(list(map(str, each.customers)))) for each in (ours, theirs)]
        for column in columns:
            left, right = getattr(ours, column)[order[0]], getattr(theirs, column)[order[1]]
            np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-9, err_msg=column)
        np.testing.assert_allclose(
            sorted(map(tuple, getattr(ours, "months", []))),
            sorted(map(tuple, getattr(theirs, "months", []))),
            atol=1e-6,
        )


def doors(frame: pd.DataFrame, folder: Path, batches: int) -> Iterator[tuple[str, Analysis]]:
    """What is learned through each door."""
    frame.to_csv(folder / "sales.csv", index=False)
    frame.to_parquet(folder / "sales.parquet", index=False)
    sales = Transactions(
        frame["customer"].to_numpy(object),
        frame["date"].to_numpy().astype("M8[D]"),
        frame["amount"].to_numpy(),
    )
    parts = [sales.take(np.arange(len(sales)) % batches == k) for k in range(batches)]
    orders = learning(AlertRules(), Settings(), END)
    yield "batches", analyze(parts, as_of=END, orders=orders)
    whole = learning(AlertRules(), Settings(), END, whole=True)
    yield "history", analyze(parts, as_of=END, orders=whole)
    for kind in ("csv", "parquet"):
        path = folder / f"sales.{kind}"
        yield kind, analyze_file(path, as_of=END, settings=Settings())
        text = f'[history]\npath = "{kind}.db"\n[[source]]\nkind = "{kind}"\npath = "{path}"\n'
        job = parse_job(text, folder / f"{kind}.toml")
        yield f"job over {kind}", run(job, as_of=END).analysis
    yield "in files", analyze_file(path, as_of=END, settings=Settings(), memory="100MB")


@pytest.mark.parametrize("most", [100, 4_000], ids=["sample", "all"])
@pytest.mark.filterwarnings("ignore::abcxyz.errors.AbcxyzWarning")
def test_every_door_learns_the_same(
    most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file, a job and the library, with all customers to learn from and with a sample."""
    monkeypatch.setattr(customer_sample, "MOST_CUSTOMERS", most)
    sales, _ = made_world(3, n=600, days=720, churn=0.25, last=240)
    frame = pd.DataFrame(
        {"customer": sales.identifiers, "date": sales.day, "amount": sales.amount}
    )
    (_, first), *others = doors(frame, tmp_path, 3)
    assert first.lapse is not None
    assert first.lapse.fit.rows > 200
    assert len(first.lapse) > 500
    for name, answer in others:
        assert answer.lapse is not None, name
        same_risks(first, answer)


def test_the_sample_depends_on_nothing_but_the_identifiers(few: None) -> None:
    """Not on the order of the lines, batches, the kind of identifiers, nor other sales."""
    rng = np.random.default_rng(2)
    who = rng.integers(0, 3_000, 9_000)
    texts = who.astype(str).astype(object)
    expected = {str(one) for one in np.unique(who)[sample_of(np.unique(who))]}
    assert len(expected) == 100
    day = np.full(len(who), np.datetime64(AS_OF - timedelta(days=40)))

    def chosen(customers: Any, **rest: Any) -> set[str]:
        collector = LandmarkCollector(Settings(), AS_OF)
        sales = Transactions(customers, day, np.ones(len(day)), **rest)
        for part in np.array_split(rng.permutation(len(sales)), 7):
            collector.add(sales.take(part))
        found = collector.close()
        assert found.customers[found.rows].tolist() == found.sample.customers.tolist()
        # Every line of a customer in the sample is there, one order day of each here.
        lines = {str(one): int((who == int(one)).sum()) for one in found.sample.customers}
        assert found.sample.net.tolist() == list(lines.values())
        return set(lines)

    assert chosen(who) == expected
    assert chosen(texts) == expected
    labels, codes = np.unique(texts, return_inverse=True)
    assert chosen(codes, labels=labels) == expected


def test_hashes_of_identifiers() -> None:
    """Of text; the characters after a long beginning count too, and so does every one before."""
    long = ["x" * 200, "x" * 199 + "y", "x" * 64, "x" * 65, "x" * 63, "", "яч", "я", 12, -3]
    hashes = identifier_hashes(np.array(long, dtype=object))
    assert len({*hashes.tolist()}) == len(long)
    # Whatever is hashed beside them.
    alone = [int(identifier_hashes(np.array([one], dtype=object))[0]) for one in long]
    assert hashes.tolist() == alone
    assert identifier_hashes(np.array(["12", "-3"])).tolist() == alone[-2:]
    assert identifier_hashes(np.array([12, -3])).tolist() == alone[-2:]
    # One in two is in the lower half, also of numbers that follow each other.
    share = (identifier_hashes(np.arange(20_000)) >> np.uint64(63)).mean()
    assert abs(share - 0.5) < 0.02


def test_sums_of_customers_whose_numbers_shift(few: None) -> None:
    """Identifiers below those met before move the rows of all."""
    settings = Settings()
    low = [(who, 30 + who % 300, 10) for who in range(200)]
    high = [(who + 70_000, 40 + who % 200, -5 if who % 7 == 0 else 40) for who in range(200)]
    batches = [sales_of(high, as_text=False), sales_of([*low, *high], as_text=False)]
    both = sources(batches, settings)
    assert both is not None
    one, other = (each.features(day_number(AS_OF), 90, settings) for each in both)
    known = other.known
    assert 300 < known.sum() < len(known) == 400
    for name, values in other.columns.items():
        np.testing.assert_array_equal(one.columns[name][known], values[known], err_msg=name)


def test_a_panel_in_another_order(few: None) -> None:
    sales = sales_of(
        [(who, 5 + who * 7 % 600, 10 * (who % 3)) for who in range(300)] * 2, as_text=True
    )
    settings = Settings()
    collector = LandmarkCollector(settings, AS_OF)
    panel = aggregate_sales(collector.watch(sales), settings.periods(AS_OF), settings)
    found = collector.close()
    assert found.money is not None
    back = np.arange(len(panel))[::-1]
    rhythm = panel.rhythm
    assert rhythm is not None
    turned = evolve(
        panel,
        customers=panel.customers[back], value=panel.value[back], sales=panel.sales[back],
        orders=panel.orders[back], first_day=panel.first_day[back], last_day=panel.last_day[back],
    )  # fmt: skip
    one, other = (
        PanelSource(
            each, settings, AS_OF, customers=found.customers, money=found.money, rows=found.rows,
            sample=found.sample, span=found.span,
        )
        for each in (panel, turned)
    )  # fmt: skip
    assert {*one.customers[one.rows]} == {*other.customers[other.rows]}
    left, right = (each.features(day_number(AS_OF), 90, settings) for each in (one, other))
    for name, values in left.columns.items():
        np.testing.assert_array_equal(right.columns[name], values[back], err_msg=name)


def test_orders_after_the_window_are_not_in_the_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """The window of four months ends on the first of the month, sixteen days before the day."""
    monkeypatch.setattr(customer_sample, "MOST_CUSTOMERS", 2)
    ago = {0: (1, 5, 9, 20, 40, 60, 80), 1: (2,), 2: (30, 700), 3: (16, 17), 4: (136, 137)}
    lines = [(who, days, 10) for who, own in ago.items() for days in own]
    both = sources([sales_of(lines, as_text=False)], SETTINGS["count"])
    assert both is not None
    for one in both:
        found = one.features(day_number(AS_OF), 90, SETTINGS["count"])
        np.testing.assert_array_equal(found.value, [4.0, np.nan, 1.0, 1.0, 1.0])


EDGES = {
    0: [(1, 10), (180, -4), (181, -8), (365, 100), (366, 1000)],
    1: [(30, -7)],  # returns alone
    2: [(2, 5), (3, 5), (60, 5), (61, 5)],
    3: [(364, 20), (500, 20), (1, 7)],
    4: [(90, 3), (700, 3)],
}


def at_edges(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> tuple[Any, Any]:
    monkeypatch.setattr(customer_sample, "MOST_CUSTOMERS", 2)
    lines = [(who, days, money) for who, own in EDGES.items() for days, money in own]
    both = sources([sales_of(lines, as_text=False)], settings)
    assert both is not None
    return both


def test_spans_of_days_end_where_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a year of returns, a year of money; who only returned has no orders."""
    for one in at_edges(monkeypatch, Settings(period="12M", lookback="36M")):
        facts = one.features(day_number(AS_OF), 90, Settings(period="12M", lookback="36M")).facts
        assert facts["returned"].tolist()[:2] == [4.0, 7.0]
        assert facts["money_365"].tolist() == [98.0, -7.0, 20.0, 27.0, 3.0]
        assert facts["orders"].tolist() == [3.0, 0.0, 4.0, 3.0, 2.0]
        assert facts["money_90"].tolist() == [10.0, 0.0, 20.0, 7.0, 3.0]
        longer = one.features(day_number(AS_OF), 400, Settings(period="12M", lookback="36M")).facts
        np.testing.assert_array_equal(longer["same_season"], [2.0, np.nan, np.nan, 2.0, 1.0])


def test_orders_up_to_the_day_itself_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window of days ends on the day: yesterday's orders are in it."""
    settings = Settings(period="60D", metric="count")
    for one in at_edges(monkeypatch, settings):
        found = one.features(day_number(AS_OF), 30, settings)
        np.testing.assert_array_equal(found.value, [1.0, 0.0, 3.0, 1.0, np.nan])


def test_months_are_money_whatever_the_metric(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(period="12M", metric="count")
    for one in at_edges(monkeypatch, settings):
        months = one.months(AS_OF, np.arange(5))
        assert months[:, -1].tolist() == [10.0, 0.0, 10.0, 7.0, 0.0]
        assert months[2].sum() == 20.0
        assert months[1, -2:].tolist() == [-7.0, 0.0]


def test_nobody_without_an_order_is_late_by_a_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    for one in at_edges(monkeypatch, Settings(period="12M", lookback="36M")):
        late = one.late(np.zeros(5, np.int8), 0.5, 1)
        assert not late[1]


def test_an_order_of_today_is_within_any_number_of_days() -> None:
    rhythm = Rhythm(starts=np.array([0, 1, 1, 1]), gaps=np.array([7], np.int32))
    squares, longest, within = gap_figures(rhythm, np.array([0, 3, -1]), (0, 3, 7))
    assert (squares.tolist(), longest.tolist()) == ([49, 0, 0], [7, 0, 0])
    assert within.tolist() == [[1, 1, 2], [0, 1, 1], [0, 0, 0]]


def test_months_reach_back_as_far_as_the_lookback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the panel and the window before it hold fewer."""
    for one in at_edges(monkeypatch, Settings(period="3M", lookback="24M")):
        months = one.months(AS_OF, np.arange(5))
        assert months.sum(axis=1).tolist()[2:] == [20.0, 47.0, 6.0]
        assert months[4, 0] == 3.0  # 700 days before, in April 2024
        assert months[0, -1] == 10.0
