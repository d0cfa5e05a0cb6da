"""Transitions, against hand-worked tables, shared vectors and a dictionary reference."""

from __future__ import annotations

import json
import warnings
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.oracles.transitions import Moves

from abcxyz import (
    BCG,
    SEGMENTS,
    InputError,
    Settings,
    Shares,
    Snapshot,
    Transactions,
    analyze,
    customer_groups,
    group_names,
)
from abcxyz.core.dynamics.alignment import align
from abcxyz.core.dynamics.comparison import OverlappingWindowsWarning, compare
from abcxyz.core.dynamics.events import EVENTS, event
from abcxyz.core.dynamics.transitions import transitions

A, B, C, N, ABSENT = 0, 1, 2, -1, -2
SETTINGS = Settings(period="2M")


def snapshot(
    as_of: date, customers: list[Any], abc: list[int], value: list[float], **changes: Any
) -> Snapshot:
    """Build a snapshot whose customers are all X."""
    n = len(customers)
    codes = np.array(abc, dtype=np.int8)
    columns: dict[str, Any] = {
        "customers": np.array(customers, dtype=object),
        "abc": codes,
        "xyz": np.where(codes < 0, np.int8(-1), np.int8(0)),
        "value": np.array(value),
        "cv": np.zeros(n),
        "orders": np.ones(n, dtype=np.int64),
        "first_day": np.full(n, np.datetime64("2025-01-01")),
        "last_day": np.full(n, np.datetime64("2025-12-01")),
        "settings": SETTINGS,
        "periods": SETTINGS.periods(as_of),
    }
    return Snapshot(as_of=as_of, **(columns | changes))


BEFORE = snapshot(
    date(2026, 1, 1), ["a", "b", "c", "d", "e"], [A, A, B, C, N], [100, 90, 50, 5, np.nan]
)
AFTER = snapshot(
    date(2026, 3, 1),
    ["e", "b", "c", "d", "f", "g"],
    [B, B, A, N, C, N],
    [40, 45, 120, np.nan, 3, np.nan],
    first_day=np.array(["2025-01-01"] * 4 + ["2026-02-02", "NaT"], dtype="M8[D]"),
)


def test_a_table_worked_by_hand() -> None:
    """Counts, rates and money along each transition equal the hand calculation."""
    moves = compare(BEFORE, AFTER, by="abc")

    assert ("A", "B", "C", "N", "absent") == moves.states
    assert moves.counts.tolist() == [
        [0, 1, 0, 0, 1],
        [1, 0, 0, 0, 0],
        [0, 0, 0, 1, 0],
        [0, 1, 0, 0, 0],
        [0, 0, 1, 1, 0],
    ]
    assert [0.0, 0.5, 0.0, 0.0, 0.5] == moves.rates[0].tolist()
    assert (1, 0.5) == moves.path("A", "B")
    paths = {
        ("A", "B"): (90, 45, -45),
        ("A", "absent"): (100, 0, -100),
        ("B", "A"): (50, 120, 70),
        ("C", "N"): (5, 0, -5),
        ("N", "B"): (0, 40, 40),
        ("absent", "C"): (0, 3, 3),
        ("absent", "N"): (0, 0, 0),
    }
    frame = moves.to_frame()
    assert paths == {
        (row.before, row.after): (row.money_before, row.money_after, row.money_change)
        for row in frame.itertuples()
    }
    assert {
        customer: EVENTS[code]
        for customer, code in zip("ebcdfga", moves.events, strict=True)
    } == {
        "e": "returned", "b": "down", "c": "up", "d": "lost", "f": "new", "g": "registered",
        "a": "removed",
    }  # fmt: skip
    assert tuple(result.tolist() for result in (moves.new, moves.reactivated, moves.lost)) == (
        ["f"],
        ["e"],
        ["d"],
    )


def test_intervals_bound_the_rates() -> None:
    """The interval of a transition is that of its count within its row."""
    moves = transitions([0] * 10, [0] * 7 + [1] * 3)
    low, high = moves.intervals
    assert tuple(round(float(result[0, 1]), 4) for result in (low, moves.rates, high)) == (
        0.1078,
        0.3,
        0.6032,
    )
    assert np.isnan(low[1]).all()
    narrow = transitions([0] * 10, [0] * 7 + [1] * 3, method="wald", level=0.5)
    assert narrow.intervals[0][0, 1] > low[0, 1]


def test_vectors_of_events(shared_spec: Path) -> None:
    """Every pair of states has the event of the shared vectors."""
    vectors = json.loads((shared_spec / "vectors" / "methods.json").read_text("utf-8"))["vectors"]
    result = {v["id"]: event(v["before"], v["after"]) for v in vectors if v["kind"] == "event"}
    assert {v["id"]: v["expected"] for v in vectors if v["kind"] == "event"} == result
    assert len(result) >= 10
    (groups,) = (v["expected"] for v in vectors if v["kind"] == "bcg")
    assert groups == {segment: BCG.of(segment) for segment in SEGMENTS}


def test_steadiness_has_events_too() -> None:
    """X is better than Z; a customer in neither list has no event."""
    assert (event("X", "Z", ("X", "Y", "Z")), event("Z", "Y", ("X", "Y", "Z"))) == ("down", "up")
    with pytest.raises(InputError, match="absent on both dates"):
        event(None, None)


def test_nothing_moves_against_itself() -> None:
    """A snapshot compared with itself has no moves, new or lost customers."""
    with pytest.warns(OverlappingWindowsWarning, match="no transition probabilities"):
        moves = compare(BEFORE, BEFORE)
    counts = {name: moves.count(name) for name in EVENTS if moves.count(name)}
    assert {"same": 4, "idle": 1} == counts
    assert moves.overlap


def test_groups_move_without_better_or_worse() -> None:
    """A move between groups is neither up nor down."""
    moves = compare(BEFORE, AFTER, by="group")
    assert (*BCG.names, "N", "absent") == moves.states
    assert (0, 0, 2) == tuple(moves.count(name) for name in ("up", "down", "moved"))


def test_the_tests_of_the_report_in_their_order() -> None:
    """Without XYZ: potential if never sold to, else lost; XYZ without ABC: questions."""
    result = snapshot(
        date(2026, 1, 1),
        ["star", "cow", "dog", "b", "no abc", "lost", "potential"],
        [A, A, C, B, N, N, N],
        [9, 9, 1, 3, 2, np.nan, np.nan],
        xyz=np.array([2, 0, 0, 1, 1, -1, -1], dtype=np.int8),
        first_day=np.array(["2025-01-01"] * 6 + ["NaT"], dtype="M8[D]"),
    )
    names = group_names()
    assert ["stars", "cows", "dogs", "questions", "questions", "lost", "potential"] == [
        names[code] for code in customer_groups(result)
    ]


def test_a_customer_is_explained() -> None:
    """The explanation of a customer has the event, both segments and the money."""
    moves = compare(BEFORE, AFTER, by="abc")
    assert "down: A, then B; 90, then 45" == moves.explain("b")
    assert "removed: A, then absent; 100, then 0" == moves.explain("a")
    with pytest.raises(InputError, match="no customer 'z'"):
        moves.explain("z")


def test_the_steadied_classes_can_be_compared() -> None:
    """Raw and steadied transitions differ where hysteresis held a class."""
    calm = attrs.evolve(AFTER, steady_abc=np.array([B, A, A, N, C, N], dtype=np.int8))
    assert 1 == compare(BEFORE, calm, by="abc").count("down")
    assert 0 == compare(BEFORE, calm, by="abc", steadied=True).count("down")
    assert 0 == compare(BEFORE, calm, steadied=True).count("down")


def test_a_registered_customer_who_buys_at_last_is_new() -> None:
    """The first sale of a customer known without sales is new, not returned."""
    before = attrs.evolve(BEFORE, first_day=np.array(["2025-01-01"] * 4 + ["NaT"], dtype="M8[D]"))
    days = AFTER.first_day.copy()
    days[0] = np.datetime64("2026-02-10")
    moves = compare(before, attrs.evolve(AFTER, first_day=days), by="abc")
    assert (moves.new.tolist(), moves.reactivated.tolist()) == (["e", "f"], [])


def test_other_settings_are_refused_without_the_option() -> None:
    """Different settings are refused by name unless explicitly allowed."""
    other = attrs.evolve(AFTER, settings=Settings(period="2M", abc=Shares()))
    with pytest.raises(InputError, match=r"other settings \(abc: .*tangent.* and .*shares"):
        compare(BEFORE, other)
    assert 7 == compare(BEFORE, other, any_settings=True).counts.sum()
    spelled = attrs.evolve(AFTER, settings=Settings(period="2m", bucket="M"))
    assert 7 == compare(BEFORE, spelled).counts.sum()


def test_wrong_input_is_named() -> None:
    """Order, axis, lengths and codes are validated."""
    with pytest.raises(InputError, match="pass the earlier first"):
        compare(AFTER, BEFORE)
    with pytest.raises(InputError, match="'cv'; use one of abc"):
        compare(BEFORE, AFTER, by="cv")
    with pytest.raises(InputError, match="after has 1 value for 2 customers"):
        transitions([0, 1], [0])
    with pytest.raises(InputError, match="money_after has 1 value "):
        transitions([0, 1], [0, 1], money_after=[5.0])
    with pytest.raises(InputError, match="code 3 at position 1; there are 3 classes"):
        transitions([0, 3], [0, 1])
    with pytest.raises(InputError, match=r"code 3 at position 2; .* run from -2 to 2"):
        transitions([-2, -1, 3], [0, 1, 2])
    with pytest.raises(InputError, match="after holds the code -3 at position 1"):
        transitions([-2, 2], [-2, -3])
    with pytest.raises(InputError, match="pass one whole number per customer"):
        transitions(["A"], ["B"])
    with pytest.raises(InputError, match="sold_before has no value at position 1"):
        transitions([0, 1], [0, 1], sold_before=[True, None])
    with pytest.raises(InputError, match="event 'gone' is unknown"):
        transitions([0], [1]).who("gone")
    with pytest.raises(InputError, match="money is not known"):
        transitions([0], [1]).money_before  # noqa: B018
    with pytest.raises(InputError, match="state 'D' is unknown"):
        transitions([0], [1]).path("D", "A")
    with pytest.raises(InputError, match="14 classes"):
        transitions([0], [1], labels=tuple("abcdefghijklmn"))


def test_a_row_of_one_customer_has_rates() -> None:
    """One customer is enough for a share; only an empty row has none."""
    rates = transitions(np.array([A, B, B]), np.array([B, B, C])).rates
    assert rates[0].tolist() == [0.0, 1.0, 0.0, 0.0, 0.0]
    assert rates[1].tolist() == [0.0, 0.5, 0.5, 0.0, 0.0]
    assert np.isnan(rates[2:]).all()


def test_no_customers_give_a_table_of_zeros() -> None:
    """Two empty arrays give no moves and no rates."""
    moves = transitions(np.array([], dtype=int), np.array([], dtype=int), money_before=[])
    assert 0 == moves.counts.sum()
    assert np.isnan(moves.rates).all()


codes_strategy = st.lists(st.tuples(st.integers(-2, 8), st.integers(-2, 8)), max_size=60)


@given(codes_strategy)
def test_paths_are_counted_one_by_one(pairs: list[tuple[int, int]]) -> None:
    """Counts equal those of a loop for any codes and add up to the customers."""
    before = np.array([pair[0] for pair in pairs], dtype=np.int64)
    after = np.array([pair[1] for pair in pairs], dtype=np.int64)
    moves = transitions(before, after, labels=SEGMENTS, money_before=np.arange(len(pairs)))
    names = (*SEGMENTS, "absent", "N")
    expected: dict[tuple[str, str], list[int]] = {}
    for i, (b, a) in enumerate(pairs):
        result = expected.setdefault((names[b], names[a]), [0, 0])
        result[0] += 1
        result[1] += i
    rows, columns = np.nonzero(moves.counts)
    assert expected == {
        (moves.states[r], moves.states[c]): [moves.counts[r, c], moves.money_before[r, c]]
        for r, c in zip(rows, columns, strict=True)
    }
    for place, (b, a) in enumerate(pairs):
        code = moves.events[place]
        was, now = (None if x == ABSENT else names[x] for x in (b, a))
        nothing = was is now is None
        assert code == (-1 if nothing else EVENTS.index(event(was, now, SEGMENTS)))


ids = st.lists(st.integers(0, 20), unique=True)


@given(ids, ids, st.sampled_from([np.int64, np.str_, object]))
def test_lists_are_aligned_like_sets(first: list[int], second: list[int], kind: Any) -> None:
    """Each customer of either list is aligned once with its positions."""
    before, after = (np.array(one, dtype=np.int64).astype(kind) for one in (first, second))
    alignment = align(before, after)
    union = alignment.customers.tolist()
    assert sorted({*before.tolist(), *after.tolist()}) == sorted(union)
    assert union[: len(after)] == after.tolist()
    assert [before.tolist().index(c) if c in before.tolist() else -1 for c in union] == (
        alignment.before.tolist()
    )
    assert [after.tolist().index(c) if c in after.tolist() else -1 for c in union] == (
        alignment.after.tolist()
    )


@pytest.mark.parametrize("by", ["abc", "xyz", "segment"])
def test_real_sales_agree_with_the_reference(cdnow: Transactions, by: str) -> None:
    """Half-years of 23,570 customers give the counts of the dictionary reference."""
    settings = Settings(period="6M")
    days = (date(1997, 7, 1), date(1998, 1, 1), date(1998, 7, 1))
    snapshots = [analyze(cdnow, as_of=day, settings=settings).snapshot for day in days]
    for before, after in ((snapshots[0], snapshots[1]), (snapshots[1], snapshots[2])):
        moves, twin = compare(before, after, by=by), Moves(before, after, by)
        counted = {
            (moves.states[r], moves.states[c]): int(moves.counts[r, c])
            for r, c in zip(*np.nonzero(moves.counts), strict=True)
        }
        assert dict(twin.paths) == counted
        for path in counted:
            row, column = (moves.states.index(state) for state in path)
            assert twin.rate(path) == pytest.approx(moves.rates[row, column])
            money = [moves.money_before[row, column], moves.money_after[row, column]]
            assert twin.money[path] == pytest.approx(money)
        assert [twin.new, twin.returned, twin.lost] == [
            set(one.tolist()) for one in (moves.new, moves.reactivated, moves.lost)
        ]
        assert len(twin.returned) + len(twin.lost) > 1000


def test_adjoining_windows_do_not_warn() -> None:
    """Adjoining windows share no day and raise no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not compare(BEFORE, AFTER).overlap


def test_a_table_shows_itself() -> None:
    """The HTML display has states, customers and shares."""
    page = compare(BEFORE, AFTER, by="abc")._repr_html_()
    assert "<th>absent</th>" in page
    assert "1 · 50.0%" in page


def test_a_move_without_money_is_explained() -> None:
    moves = transitions([0, 1, -1], [1, 1, 0])
    assert moves.explain(0) == "down: A, then B"
    assert moves.explain(1) == "same: B, then B"
    with pytest.raises(InputError, match="there is no customer 3 here"):
        moves.explain(3)
