"""Aggregation of sales batches into a panel, against a dictionary reference."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz import InputError, Periods, Transactions, aggregate, concat
from abcxyz.core.exact_sums import BLOCK
from abcxyz.core.sales import customer_numbers as module
from abcxyz.core.sales.panel import Panel
from abcxyz.fast import grid
from abcxyz.loops import route

YEAR = Periods.parse("6M", date(2026, 1, 15))
WEEKS = Periods.parse("2M", date(2026, 1, 15), bucket="W")
FIRST = date(2025, 5, 1).toordinal()

lines = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.integers(0, 300),
        st.integers(-500, 900),
        st.integers(0, 5),
    ),
    max_size=40,
)


def by_hand(
    rows: list[Any], periods: Periods, metric: str, *, documents: bool, spans_days: bool = False
) -> dict[Any, Any]:
    """Reference: add up line by line and document by document."""
    result: dict[Any, Any] = {}
    papers: Any = defaultdict(lambda: [None, 0])
    for number, (who, offset, amount, paper) in enumerate(rows):
        day = date.fromordinal(FIRST + offset)
        if day not in periods.lookback:
            continue
        one = result.setdefault(
            who,
            {"value": None, "sales": None, "orders": 0, "first": None, "last": None},
        )
        if amount >= 0:
            one["first"] = min(day, one["first"] or day)
            one["last"] = max(day, one["last"] or day)
        sheet = papers[(who, paper if documents else -number, None if spans_days else day)]
        sheet[0], sheet[1] = min(day, sheet[0] or day), sheet[1] + amount
        if day in periods.window:
            one["value"] = (one["value"] or 0) + (amount if metric == "revenue" else 0)
        if day in periods.span:
            one["sales"] = one["sales"] or [0] * periods.count
            place = int(periods.index(np.array([day], "M8[D]"))[0])
            one["sales"][place] += amount if metric == "revenue" else 0
    for (who, *_), (day, total) in papers.items():
        if total < 0:
            continue
        result[who]["orders"] += day in periods.window
        if metric == "count":
            result[who]["value"] = (
                None
                if result[who]["value"] is None
                else (result[who]["value"] + (day in periods.window))
            )
            if day in periods.span:
                result[who]["sales"][int(periods.index(np.array([day], "M8[D]"))[0])] += 1
    return result


def totals_of(panel: Panel) -> dict[Any, Any]:
    result = {}
    for i, who in enumerate(panel.customers.tolist()):
        value, sales = float(panel.value[i]), panel.sales[i].tolist()
        first, last = panel.first_day[i].item(), panel.last_day[i].item()
        result[who] = {
            "value": None if math.isnan(value) else value,
            "sales": None if any(map(math.isnan, sales)) else sales,
            "orders": int(panel.orders[i]),
            "first": first,
            "last": last,
        }
    return result


def names_of(ids: str) -> list[Any]:
    if ids == "text":
        return [f"<клиент {i}> 🙂" for i in range(7)]
    return [i * 10**12 - 5 if ids == "sparse" else i for i in range(7)]


def batches(rows: list[Any], sizes: list[int], ids: str, *, documents: bool) -> list[Transactions]:
    names = names_of(ids)
    made, at = [], 0
    for size in [*sizes, len(rows)]:
        part, at = rows[at : at + size], at + size
        if part:
            made.append(
                Transactions(
                    np.array([names[r[0]] for r in part], dtype=object if ids == "text" else int),
                    [date.fromordinal(FIRST + r[1]) for r in part],
                    np.array([r[2] for r in part]),
                    document=[f"Д-{r[3]}" for r in part] if documents else None,
                )
            )
    return made


@pytest.mark.parametrize("periods", [YEAR, WEEKS], ids=["months", "stretched weeks"])
@pytest.mark.parametrize(
    ("documents", "spans_days"),
    [(True, False), (True, True), (False, False)],
    ids=["documents of a day", "documents of several days", "lines"],
)
@pytest.mark.parametrize("metric", ["revenue", "count"])
@given(
    rows=lines,
    sizes=st.lists(st.integers(0, 9), max_size=4),
    ids=st.sampled_from(["compact", "sparse", "text"]),
)
def test_panel_equals_the_loop(
    rows: list[Any],
    sizes: list[int],
    ids: str,
    metric: str,
    documents: bool,
    spans_days: bool,
    periods: Periods,
) -> None:
    """The panel equals the reference for any batches and customer ids."""
    names = names_of(ids)
    totals = by_hand(rows, periods, metric, documents=documents, spans_days=spans_days)
    expected = {names[who]: one for who, one in totals.items()}

    panel = aggregate(
        batches(rows, sizes, ids, documents=documents),
        periods,
        metric=metric,
        document_spans_days=spans_days,
    )

    assert expected == totals_of(panel)


@given(rows=lines, sizes=st.lists(st.integers(0, 9), max_size=4))
def test_batches_do_not_matter(rows: list[Any], sizes: list[int]) -> None:
    """Integer amounts give the same panel in one batch or many."""
    many = aggregate(batches(rows, sizes, "compact", documents=True), YEAR)
    one = aggregate(batches(rows, [], "compact", documents=True), YEAR)

    assert one == many


def test_ids_that_grow_sparse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums stay correct when compact ids become sparse in either direction."""
    monkeypatch.setattr(module, "_SMALL", 8)
    monkeypatch.setattr(module, "_ROOM", 64)
    day = [date(2025, 8, 1)]
    steps = [5, 3, 9, 1, 10**9, 4, -(10**12), 5]
    parts = [Transactions([who], day, [1 << i]) for i, who in enumerate(steps)]

    panel = aggregate(parts, YEAR)

    assert dict(zip(panel.customers.tolist(), panel.value.tolist(), strict=True)) == {
        5: 1 + 128, 3: 2, 9: 4, 1: 8, 10**9: 16, 4: 32, -(10**12): 64
    }  # fmt: skip


def test_numbers_and_text_side_by_side() -> None:
    """Integer id 1 and text id "1" are different customers."""
    day = [date(2025, 8, 1)]
    panel = aggregate([Transactions([1], day, [5.0]), Transactions(["1"], day, [7.5])], YEAR)

    assert panel.customers.tolist() == [1, "1"]
    assert panel.value.tolist() == [5.0, 7.5]


def test_profit() -> None:
    """Profit is amount less cost, and is refused without a cost."""
    day = [date(2025, 8, 1)] * 2
    sales = Transactions(["a", "b"], day, [100, 50], cost=[60, 55])

    assert aggregate([sales], YEAR, metric="profit").value.tolist() == [40, -5]
    with pytest.raises(InputError, match="needs the cost of each sale"):
        aggregate([Transactions(["a"], day[:1], [1])], YEAR, metric="profit")


def test_cancelled_document_of_kopecks() -> None:
    """A document whose lines cancel to float residue is a zero sale, not a return."""
    day = [date(2025, 8, 1)] * 3
    sales = Transactions(["a"] * 3, day, [0.1, 0.2, -0.3], document=["1"] * 3)

    assert aggregate([sales], YEAR, metric="count").value.tolist() == [1]


def test_whole_numbers_stay_whole() -> None:
    """Integers beyond 2**53 add up exactly; beyond 64 bits they are refused."""
    large, day = 2**53 + 1, [date(2025, 8, 1)]
    panel = aggregate([Transactions(["a"], day, [large])] * 3, YEAR)

    assert panel.value.tolist() == [3 * large]
    assert panel.sales.dtype == np.int64
    with pytest.raises(InputError, match="beyond 64 bits"):
        aggregate([Transactions(["a"], day, [2**62])] * 2, YEAR)


def test_memory_is_bounded_by_customers() -> None:
    """Batches are released while the generator is consumed."""
    alive = 0
    most = 0

    def source() -> Any:
        nonlocal alive, most
        for _ in range(20):
            alive += 1
            most = max(most, alive)
            yield Transactions(np.arange(1000), [date(2025, 8, 1)] * 1000, np.ones(1000))
            alive -= 1

    panel = aggregate(source(), YEAR)

    assert most == 1
    assert set(panel.value.tolist()) == {20.0}


def test_no_customers() -> None:
    """No sales give an empty panel, not an error."""
    assert len(aggregate([], YEAR)) == 0
    assert len(concat([])) == 0
    with pytest.raises(InputError, match="metric 'money' is unknown"):
        aggregate([], YEAR, metric="money")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ((["a"], [date(2026, 1, 1)] * 2, [1]), "differ in length: customer 1, day 2, amount 1"),
        (([None], [date(2026, 1, 1)], [1]), "customer has no value at position 0"),
        (([1.5], [date(2026, 1, 1)], [1]), "fractional numbers such as 1.5"),
        ((["a"], ["2026-01-01"], [1]), "day holds '2026-01-01' at position 0"),
        ((["a"], [np.datetime64("NaT", "D")], [1]), "day has no date at position 0"),
        ((["a"], [date(2026, 1, 1)], [math.nan]), "amount has no value at position 0"),
        ((["a"], [date(2026, 1, 1)], ["x"]), "amount holds 'x'"),
    ],
)
def test_bad_transactions(columns: Any, words: str) -> None:
    """An invalid line is refused with its position."""
    with pytest.raises(InputError, match=words):
        Transactions(*columns)


def test_take_and_concat() -> None:
    """Selected lines have all columns; concatenated ones only the common columns."""
    day = [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]
    sales = Transactions([3, 1, 2], day, [1, 2, 3], cost=[0, 1, 2], document=["x", "y", "z"])
    parts = [sales.take([place]) for place in range(3)]

    assert sales == concat(parts)
    assert sales.take(np.array([False, True, True])) == sales.take(slice(1, None))
    assert sales.take([True, False, True]) == concat([parts[0], parts[2]])
    assert len(sales.take([])) == len(sales.take(np.zeros(3, dtype=bool))) == 0
    assert concat([*parts, Transactions(["a"], day[:1], [1])]).document is None


def test_a_part_does_not_hold_the_table_of_all_customers() -> None:
    """Of some customers among many numbers, a panel keeps the rows of these customers alone."""
    who = np.arange(0, 60_000, 64)
    sales = Transactions(who, np.full(len(who), "2026-01-05", "M8[D]"), np.ones(len(who)))
    panel = aggregate(iter([sales]), Periods.parse("12M", date(2026, 2, 1)))
    assert panel.customers.tolist() == who.tolist()
    for column in (panel.sales, panel.value, panel.orders):
        held = column
        while isinstance(held.base, np.ndarray):
            held = held.base
        assert held.nbytes <= 2 * column.nbytes


def test_customers_below_the_first_ones_move_all_the_others() -> None:
    """Days, orders and money of more than a thousand customers stay theirs."""
    some = np.arange(10_000, 11_101)
    batches = [
        Transactions(some, np.full(len(some), np.datetime64("2026-01-05")), some * 1.0),
        Transactions([9_000, 10_001], [date(2026, 1, 7), date(2026, 2, 3)], [5.0, 7.0]),
        Transactions([3_000, 9_000], [date(2026, 2, 9), date(2026, 2, 8)], [1.0, -2.0]),
    ]
    panel = aggregate(batches, Periods.parse("2M", date(2026, 3, 1)), rhythm=True)
    assert panel.customers.tolist() == [3_000, 9_000, *some.tolist()]
    assert panel.sales[:4].tolist() == [[0, 1], [5, -2], [10_000, 0], [10_001, 7]]
    assert (panel.sales[4:, 0] == some[2:]).all()
    first, last = (
        column.astype("M8[D]").astype(str) for column in (panel.first_day, panel.last_day)
    )
    assert first[:4].tolist() == ["2026-02-09", "2026-01-07", "2026-01-05", "2026-01-05"]
    assert last[:4].tolist() == ["2026-02-09", "2026-01-07", "2026-01-05", "2026-02-03"]
    assert {*first[4:], *last[4:]} == {"2026-01-05"}
    assert panel.rhythm is not None
    assert (panel.rhythm.gaps.tolist(), panel.rhythm.starts[3:6].tolist()) == ([29], [0, 1, 1])


def test_whole_amounts_may_add_up_to_63_bits() -> None:
    """Exactly, and not a unit more."""
    periods, days = Periods.parse("1M", date(2026, 2, 1)), [date(2026, 1, 5), date(2026, 1, 6)]
    for one, other in (((1 << 61) + 1, (1 << 61) + 1), ((1 << 62) - 1, (1 << 62) - 1)):
        panel = aggregate([Transactions(["a", "a"], days, [one, other])], periods)
        assert panel.value.tolist() == [one + other]
    for sign in (1, -1):
        largest = sign * (1 << 62)
        with pytest.raises(InputError, match="may add up beyond 64 bits"):
            aggregate([Transactions(["a", "a"], days, [largest, largest])], periods)


@pytest.mark.parametrize("rows", [7, BLOCK // 2, 1 << 20])
def test_sums_without_an_end_name_their_customer(rows: int) -> None:
    """Wherever the customer stands: in the first block, or in the last one of a thread."""
    sales = np.zeros((rows, 2))
    fields: dict[str, Any] = {
        "customers": np.arange(rows),
        "periods": Periods.parse("2M", date(2026, 3, 1)),
        "metric": "revenue",
        "orders": np.ones(rows, np.int64),
        "first_day": np.full(rows, np.datetime64("2026-01-05")),
        "last_day": np.full(rows, np.datetime64("2026-01-05")),
    }
    Panel(value=sales[:, 0], sales=sales, **fields)
    sales[rows - 2, 1] = -math.inf
    for value in (sales[:, 0], sales[:, 1]):
        with pytest.raises(
            InputError, match=f"the sales of customer .*{rows - 2}.* add up beyond"
        ):
            Panel(value=value, sales=sales, **fields)


@pytest.mark.parametrize("bucket", [None, "W"])
def test_sums_beyond_numbers_are_refused_by_every_route(
    bucket: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a warning of numpy first, also where the buckets extend beyond the window."""
    sales = Transactions(["a", "b", "b"], [date(2026, 2, 20)] * 3, [1.0, 1.5e308, 1.5e308])
    periods = Periods.parse("2M", date(2026, 3, 1), bucket=bucket)
    for least in (grid.FAST_PAYS, 1):
        monkeypatch.setattr(grid, "FAST_PAYS", least)
        with route("numpy"), pytest.raises(InputError, match="up beyond what a number can"):
            aggregate(sales, periods)
