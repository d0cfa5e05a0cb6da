"""Pairs of products against a plain count, and ranked products against a plain search."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz.crm.baskets import pairs as module
from abcxyz.crm.baskets.due import due_products
from abcxyz.crm.baskets.pairs import find_pairs, pair_counts, within_class
from abcxyz.crm.baskets.purchases import Purchases
from abcxyz.crm.baskets.ranking import rank_again, rank_by_pairs, rank_popular
from abcxyz.errors import InputError

LINES = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 5), st.integers(0, 6)), min_size=1, max_size=60
)
NO_KEYS = np.empty(0, dtype=np.int64)


def purchases(lines: list[tuple[int, int, int]]) -> Purchases:
    """Lines of (document, product, customer); document n is of day n."""
    return Purchases.of(
        [one[0] for one in lines],
        [f"p{one[1]}" for one in lines],
        customers=[one[2] for one in lines],
        days=np.array([one[0] for one in lines], dtype="M8[D]"),
    )


def contents(made: Purchases) -> list[set[int]]:
    return [set(made.product[made.basket == i].tolist()) for i in range(len(made))]


@given(LINES)
def test_pairs_are_counted_as_by_hand(lines: list[tuple[int, int, int]]) -> None:
    made = purchases(lines)
    expected: Counter[tuple[int, int]] = Counter()
    for basket in contents(made):
        expected.update(combinations(sorted(basket), 2))
    a, b, both = pair_counts(made)
    assert dict(zip(zip(a.tolist(), b.tolist(), strict=True), both.tolist(), strict=True)) == dict(
        expected
    )


def test_small_blocks_count_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    made = Purchases.of(rng.integers(0, 80, 600), [f"p{i}" for i in rng.integers(0, 40, 600)])
    before = pair_counts(made)
    monkeypatch.setattr(module, "_PAIRS", 100)
    for one, other in zip(before, pair_counts(made), strict=True):
        assert one.tolist() == other.tolist()


@given(LINES)
def test_strength_is_the_shrunk_confidence(lines: list[tuple[int, int, int]]) -> None:
    made = purchases(lines)
    baskets = contents(made)
    pairs = find_pairs(made, least=1, level=None)
    for i in range(len(pairs)):
        a, b = int(pairs.a[i]), int(pairs.b[i])
        both = sum({a, b} <= basket for basket in baskets)
        n_a, n_b = (sum(one in basket for basket in baskets) for one in (a, b))
        assert (pairs.both[i], pairs.with_a[i], pairs.with_b[i]) == (both, n_a, n_b)
        expected = (both + 5 * n_b / len(baskets)) / (n_a + 5)
        assert pairs.strength[i] == pytest.approx(expected, rel=1e-12)
    assert sorted(pairs.a.tolist()) == pairs.a.tolist()


def test_a_class_counts_by_its_size() -> None:
    # Of the 30 baskets of the class with tea 24 hold milk; of all 60 with tea 30 do.
    lines = []
    for i in range(60):
        lines.append((i, "tea"))
        if i < 24 or 30 <= i < 36:
            lines.append((i, "milk"))
    lines += [(100 + i, "salt") for i in range(60)]
    made = Purchases.of([one[0] for one in lines], [one[1] for one in lines])
    inside = np.arange(len(made)) < 30
    pairs = find_pairs(made, least=1, level=None)
    mixed = within_class(pairs, made, inside)
    tea, milk = made.products.index("tea"), made.products.index("milk")
    (row,) = np.flatnonzero((mixed.a == tea) & (mixed.b == milk))
    weight, shrunk = 30 / 80, (30 + 5 * 30 / 120) / 65
    assert mixed.strength[row] == pytest.approx(weight * 24 / 30 + (1 - weight) * shrunk)


def test_chance_is_no_pair() -> None:
    rng = np.random.default_rng(5)
    n, products = 4000, 30
    held = rng.random((n, products)) < 0.1
    held[:, 1] = np.where(rng.random(n) < 0.5, held[:, 0], held[:, 1])
    basket, product = np.nonzero(held)
    pairs = find_pairs(Purchases.of(basket, [f"p{i}" for i in product]))
    names = {
        frozenset(map(int, one)) for one in zip(pairs.a.tolist(), pairs.b.tolist(), strict=True)
    }
    assert len(names) <= 2
    best = int(np.argmax(pairs.lift))
    made = Purchases.of(basket, [f"p{i}" for i in product])
    assert {made.products[int(pairs.a[best])], made.products[int(pairs.b[best])]} == {"p0", "p1"}


def test_the_interval_of_the_lift_holds_the_lift_as_often_as_it_says() -> None:
    # Drawn from known shares; the standard error of the logarithm is that of the draws.
    rng = np.random.default_rng(11)
    shares = np.array([0.06, 0.14, 0.09, 0.71])
    draws = rng.multinomial(2000, shares, size=4000)
    n_a, n_b = draws[:, 0] + draws[:, 1], draws[:, 0] + draws[:, 2]
    logs = np.log(draws[:, 0] * 2000 / (n_a * n_b))
    p, q, r = 0.06, 0.20, 0.15
    variance = (1 / p - 1 / q - 1 / r + 2 * p / (q * r) - 1) / 2000
    assert math.sqrt(variance) == pytest.approx(float(logs.std()), rel=0.05)


@given(LINES, st.integers(1, 4))
def test_ranked_by_pairs_as_by_hand(lines: list[tuple[int, int, int]], top: int) -> None:
    check_ranked(lines, top)


def test_partners_are_looked_at_until_enough_are_open() -> None:
    """Most baskets hold the strongest partners of each product themselves."""
    rng = np.random.default_rng(4)
    lines = [(i, int(one), 0) for i in range(40) for one in rng.choice(14, 9, replace=False)]
    check_ranked(lines, 1)


def check_ranked(lines: list[tuple[int, int, int]], top: int) -> None:
    """Compare the ranked products of every basket with a plain search."""
    made = purchases(lines)
    pairs = find_pairs(made, least=1, level=None)
    worth = np.linspace(0.5, 1.5, len(made.products))
    worth[0] = 0.0
    ranked = rank_by_pairs(pairs, made, top, worth, NO_KEYS)
    for i, basket in enumerate(contents(made)):
        scores: dict[int, float] = {}
        for row in range(len(pairs)):
            a, b = int(pairs.a[row]), int(pairs.b[row])
            if a in basket and b not in basket and worth[b] > 0:
                scores[b] = max(scores.get(b, 0.0), float(pairs.strength[row] * worth[b]))
        expected = sorted(scores.values(), reverse=True)[:top]
        mine = ranked.basket == i
        assert ranked.score[mine].tolist() == pytest.approx(expected)
        for product, pair, score in zip(
            ranked.product[mine], ranked.pair[mine], ranked.score[mine], strict=True
        ):
            assert scores[int(product)] == pytest.approx(score)
            assert int(pairs.b[pair]) == product
            assert int(pairs.a[pair]) in basket


@given(LINES, st.integers(1, 4))
def test_bestsellers_as_by_hand(lines: list[tuple[int, int, int]], top: int) -> None:
    made = purchases(lines)
    popularity = made.counts.astype(float)
    ranked = rank_popular(popularity, made, top, NO_KEYS)
    order = sorted(range(len(popularity)), key=lambda one: (-popularity[one], one))
    for i, basket in enumerate(contents(made)):
        expected = [one for one in order if one not in basket and popularity[one] > 0][:top]
        assert ranked.product[ranked.basket == i].tolist() == expected


@given(LINES, st.integers(1, 4))
def test_again_is_what_was_bought_most_often(lines: list[tuple[int, int, int]], top: int) -> None:
    made = purchases(lines)
    ranked = rank_again(made, made, top)
    for i, basket in enumerate(contents(made)):
        times: Counter[int] = Counter()
        for j, other in enumerate(contents(made)):
            if made.customer[j] == made.customer[i]:
                times.update(other)
        order = sorted(times, key=lambda one: (-times[one], one))
        expected = [one for one in order if one not in basket][:top]
        assert ranked.product[ranked.basket == i].tolist() == expected


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60)), min_size=1, max_size=30),
    st.integers(60, 120),
)
def test_due_products_as_by_hand(bought: list[tuple[int, int]], today: int) -> None:
    made = Purchases.of(
        list(range(len(bought))),
        ["tea"] * len(bought),
        customers=[one[0] for one in bought],
        days=np.array([one[1] for one in bought], dtype="M8[D]"),
    )
    expected = {}
    for who in {one[0] for one in bought}:
        days = sorted({one[1] for one in bought if one[0] == who})
        gaps = np.diff(days)
        if len(days) < 3 or gaps.std() > 0.6 * gaps.mean():
            continue
        usual, silent = float(np.median(gaps)), today - days[-1]
        if usual <= silent <= 3 * usual:
            expected[who] = (len(days), usual, silent)
    found = due_products(made, today)
    assert {one.customer: (one.occasions, one.usual, one.days) for one in found} == expected


def test_baskets_are_in_the_order_of_time() -> None:
    made = Purchases.of(
        ["late", "early", "late", "late"],
        ["a", "b", "a", ""],
        days=np.array(["2026-02-01", "2026-01-01", "2026-02-01", "2026-02-01"], dtype="M8[D]"),
    )
    assert [made.products[i] for i in made.product] == ["b", "a"]
    assert made.basket.tolist() == [0, 1]


def test_columns_of_other_lengths_are_refused() -> None:
    with pytest.raises(InputError, match="customers has 1 value, and there are 2 lines"):
        Purchases.of([1, 2], ["a", "b"], customers=[1])
    with pytest.raises(InputError, match="line 2 of the purchases has no day"):
        Purchases.of([1, 2], ["a", "b"], days=np.array(["2026-01-01", "NaT"], dtype="M8[D]"))
