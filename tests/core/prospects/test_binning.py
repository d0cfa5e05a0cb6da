"""Binning and weight of evidence."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abcxyz.core.prospects.attributes import Attribute, Bin
from abcxyz.core.prospects.binning import (
    bin_attribute,
    count,
    kind_of,
    merge_small,
    weight_of_evidence,
)
from abcxyz.core.prospects.lead_table import place_values
from abcxyz.scoring.combine import Valued, combine, labelled, monotone
from abcxyz.toolkit.catalogue import Texts


def test_weight_of_evidence_by_hand() -> None:
    """Five average leads are added to each bin before its odds are compared."""
    # 20 A of 100; the first bin holds 12 A and 8 others, the second 8 and 72.
    counts = np.array([[8, 12], [72, 8], [0, 0]])
    first = math.log((12 + 5 * 0.2) / (8 + 5 * 0.8)) - math.log(0.2 / 0.8)
    second = math.log((8 + 5 * 0.2) / (72 + 5 * 0.8)) - math.log(0.2 / 0.8)
    assert pytest.approx([first, second, 0.0]) == weight_of_evidence(counts, 5).tolist()


@settings(deadline=None)  # the first call loads scikit-learn
@given(st.integers(0, 2**32 - 1), st.sampled_from(["auto", "up", "down"]))
def test_bins_are_monotone(seed: int, trend: str) -> None:
    """The share of A is monotone over the bins for any data."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 60, 400).astype(float)
    outcome = rng.random(400) < rng.random()
    outcome[:2] = True, False
    one = bin_attribute("x", values, outcome, kind="number", trend=trend, smoothing=1e-9)
    rate = one.counts[:-1, 1] / one.counts[:-1].sum(axis=1)
    steps = np.diff(rate)
    rising, falling = bool((steps >= -1e-12).all()), bool((steps <= 1e-12).all())
    assert {"auto": rising or falling, "up": rising, "down": falling}[trend]
    assert one.counts.sum() == 400
    assert one.counts[:-1].sum(axis=1).min() >= 0.05 * 400


def test_any_shape_by_option() -> None:
    """With the trend "none" bins may be non-monotone."""
    values = np.repeat(np.arange(3.0), 100)
    outcome = np.r_[np.arange(100) < 10, np.arange(100) < 90, np.arange(100) < 10]
    one = bin_attribute("x", values, outcome, kind="number", trend="none")
    assert one.woe[1] > max(one.woe[0], one.woe[2])


def test_special_unknown_and_rare_values() -> None:
    """-1 and unknown values have separate bins, and rare categories share one."""
    values = np.array([-1.0] * 50 + [1.0] * 50 + [9.0] * 50 + [math.nan] * 10)
    outcome = np.arange(160) % 3 == 0
    one = bin_attribute("pdays", values, outcome, kind="number", special=[-1])
    assert one.attribute.bins[0].values == ("-1",)
    assert (one.counts[0].sum(), one.counts[-1].sum()) == (50, 10)
    words = np.array(["site"] * 80 + ["fair"] * 60 + ["rare"] * 5 + [""] * 15, dtype=object)
    two = bin_attribute("source", words, outcome, kind="category")
    assert [part.values for part in two.attribute.bins] == [("site",), ("fair",), ()]
    assert two.counts.sum(axis=1).tolist() == [80, 60, 5, 15]


@pytest.mark.parametrize(
    ("rates", "trend", "edges"),
    [
        ((10, 10, 50, 90), "up", [2.0, 3.0]),
        ((10, 10, 50, 90), "auto", [2.0, 3.0]),
        ((90, 50, 50, 10), "auto", [1.0, 3.0]),
        ((90, 50, 50, 10), "up", []),
        # 60 and 40 are in the wrong order, so that both are 50.
        ((10, 60, 40, 90), "up", [1.0, 3.0]),
        ((10, 60, 40, 90), "none", [1.0, 2.0, 3.0]),
        ((30, 30, 30, 30), "auto", []),
    ],
)
def test_bins_of_a_number_by_hand(rates: tuple[int, ...], trend: str, edges: list[float]) -> None:
    """A hundred leads of each of four numbers, so many of whom are of class A."""
    values = np.repeat([1.0, 2.0, 3.0, 4.0], 100)
    outcome = np.concatenate([np.arange(100) < one for one in rates])
    one = bin_attribute("x", values, outcome, kind="number", trend=trend)
    assert [part.upto for part in one.attribute.bins] == [*edges, math.inf]
    place = np.searchsorted(edges, values, side="left")
    assert one.places.tolist() == place.tolist()
    ours = [int(outcome[place == k].sum()) for k in range(len(edges) + 1)]
    sizes = [int((place == k).sum()) for k in range(len(edges) + 1)]
    counts = [[n - a, a] for n, a in zip(sizes, ours, strict=True)]
    assert one.counts.tolist() == [*counts, [0, 0]]
    assert one.woe.tolist() == pytest.approx(weight_of_evidence(one.counts, 10.0).tolist())
    later = count(one.attribute, np.array([1.0, 4.0, math.nan]), np.array([True, False, True]))
    assert later.sum() == 3
    assert later[-1].tolist() == [0, 1]


def test_bins_of_too_few_leads_are_merged_with_the_more_alike_neighbour() -> None:
    counts = np.array([[5, 5], [1, 0], [8, 2], [0, 1]])
    alone = np.arange(4)
    # Rates of 0.5, 0, 0.2 and 1: the second joins the third, the last its only neighbour.
    assert merge_small(counts, alone, 2) == [0, 3]
    assert merge_small(counts, alone, 1) == [0, 1, 2, 3]
    assert merge_small(counts, np.array([0, 0, 1, 1]), 1) == [1, 3]
    assert merge_small(counts, alone, 100) == [3]
    assert merge_small(np.array([[9, 1], [1, 1], [1, 9]]), np.arange(3), 3) == [1, 2]


def test_a_bin_holds_a_twentieth_and_a_word_half_of_that() -> None:
    """Of 400 leads 20 and ten, and never fewer than ten."""
    for few, edges in ((20, [1.0, math.inf]), (19, [math.inf])):
        values = np.repeat([1.0, 2.0], [few, 400 - few])
        outcome = np.r_[np.ones(few, bool), np.arange(400 - few) % 10 == 0]
        one = bin_attribute("x", values, outcome, kind="number")
        assert [part.upto for part in one.attribute.bins] == edges
    for size in (400, 800):
        least = max(size // 40, 10)
        words = np.array(["a"] * (size - 2 * least + 1) + ["b"] * least + ["c"] * (least - 1))
        two = bin_attribute("x", words.astype(object), np.arange(size) % 3 == 0, kind="category")
        assert [part.values for part in two.attribute.bins] == [("a",), ("b",), ()]


def test_information_value_by_hand() -> None:
    """Information value sums share differences times weights of evidence."""
    words = np.array(["a"] * 40 + ["b"] * 60, dtype=object)
    outcome = np.r_[np.arange(40) < 20, np.arange(60) < 10]
    one = bin_attribute("x", words, outcome, kind="category", smoothing=1e-12)
    by_hand = (10 / 30 - 50 / 70) * math.log((10 / 50) / (30 / 70))  # b comes first
    by_hand += (20 / 30 - 20 / 70) * math.log((20 / 20) / (30 / 70))
    assert pytest.approx(by_hand) == one.information


def test_information_of_a_single_lead_of_class_a() -> None:
    words = np.array(["a"] * 20 + ["b"] * 20, dtype=object)
    one = bin_attribute("x", words, np.arange(40) == 0, kind="category", smoothing=10.0)
    share = [0.0, 1.0, 20 / 39, 19 / 39]  # of A and of others, in b and in a
    first = math.log((0 + 10 / 40) / (20 + 390 / 40)) - math.log(1 / 39)
    second = math.log((1 + 10 / 40) / (19 + 390 / 40)) - math.log(1 / 39)
    woe = dict(zip([part.values[0] for part in one.attribute.bins], one.woe, strict=False))
    assert (woe["b"], woe["a"]) == pytest.approx((first, second))
    by_hand = (share[0] - share[2]) * first + (share[1] - share[3]) * second
    assert one.information == pytest.approx(by_hand)


def test_kinds() -> None:
    """Text is numeric only if all of it is, with many distinct values."""
    digits = [str(k) for k in range(30)]
    assert kind_of(digits, "x", {}) == "number"
    assert kind_of(digits, "region", {"region": "category"}) == "category"
    assert kind_of(["77", "78"] * 20, "x", {}) == "category"
    assert kind_of([*digits, "many"], "x", {}) == "category"
    assert kind_of(np.array([1.5, 2.5]), "x", {}) == "number"
    assert kind_of(np.array([True, False]), "x", {}) == "category"


VALUES = st.lists(st.none() | st.integers(-3, 30).map(float), min_size=1, max_size=20)
EDGES = st.lists(st.integers(0, 25).map(float), max_size=5, unique=True).map(sorted)


@given(VALUES, EDGES, EDGES, st.booleans(), st.integers(0, 99))
def test_two_valuations_add_up(
    values: list[float | None], first: list[float], second: list[float], special: bool, seed: int
) -> None:
    """Combined bins give every value the sum of both scorings."""
    rng = np.random.default_rng(seed)

    def make(edges: list[float], own: bool) -> Valued:
        bins = [
            *([Bin(0, values=["-1"])] if own else []),
            *(Bin(0, upto=e) for e in edges),
            Bin(0),
        ]
        return Valued(Attribute("x", "number", 0, bins), rng.normal(size=len(bins) + 1))

    def points(one: Valued) -> np.ndarray:
        return one.values[place_values(values, one.attribute)[0]]

    a, b = make(first, special), make(second, False)
    assert pytest.approx(points(a) + points(b)) == points(combine(a, b))


def test_two_valuations_of_words() -> None:
    """Categories that one scoring lacks still add up."""
    a = Valued(
        Attribute("x", "category", 0, [Bin(0, values=["food"]), Bin(0)]), np.array([1.0, 2, 3])
    )
    b = Valued(Attribute("x", "category", 0, [Bin(0, values=["metal"])]), np.array([10.0, 20.0]))
    both = combine(a, b)
    places = place_values(["food", "metal", "wood", None], both.attribute)[0]
    assert both.values[places].tolist() == [21, 12, 22, 23]


def test_a_blend_is_made_monotone() -> None:
    """Non-monotone ranges are levelled, and equal ones merged."""
    bins = [Bin(0, upto=1), Bin(0, upto=2), Bin(0, upto=3), Bin(0)]
    one = Valued(Attribute("x", "number", 0, bins), np.array([0.0, 2.0, 1.0, 5.0, 9.0]))
    counts = np.array([[10, 0]] * 4 + [[0, 0]])
    result = monotone(one, counts, "auto")
    assert result.values.tolist() == [0.0, 1.5, 5.0, 9.0]
    assert [1, 3, math.inf] == [part.upto for part in result.attribute.bins]


def test_reasons_in_both_languages() -> None:
    """Every bin has its range or value in English and Russian."""
    bins = [Bin(0, values=["-1"]), Bin(0, upto=1.2e8), Bin(0, upto=2e9), Bin(0)]
    one = labelled(
        Attribute("turnover", "number", 0, bins),
        {"turnover": Texts({"en": "turnover", "ru": "оборот"})},
    )
    assert [part.text["en"] for part in one.bins] == [
        "turnover: -1",
        "turnover up to 120 m",
        "turnover from 120 m to 2 bn",
        "turnover above 2 bn",
    ]  # fmt: skip
    assert [part.text["ru"] for part in one.bins] == [
        "оборот: -1", "оборот до 120 млн", "оборот от 120 млн до 2 млрд", "оборот свыше 2 млрд",
    ]  # fmt: skip
    two = labelled(Attribute("source", "category", 0, [Bin(0, values=["w" * 999]), Bin(0)]), {})
    assert len(two.bins[0].text["en"]) < 70
    assert two.bins[1].text["ru"] == "источник: прочее"


def test_shares_of_the_bins_add_up_to_one() -> None:
    """The last is that of the unknown values."""
    found = bin_attribute(
        "size", [1.0, 2.0, math.nan, 4.0], np.array([False, True, True, False]),
        kind="number", trend="none", min_share=0.0,
    )  # fmt: skip
    assert found.shares.tolist() == [0.25, 0.25, 0.25, 0.25]


def test_special_values_alone_leave_one_bin_for_all_others() -> None:
    """A number not seen yet falls into it."""
    outcome = np.array([True, False, False])
    found = bin_attribute(
        "size", [-1.0, 0.0, -1.0], outcome, kind="number", special=(-1.0, 0.0)
    )  # fmt: skip
    assert [one.values for one in found.attribute.bins] == [("-1",), ("0",), ()]
    assert found.counts.tolist() == [[1, 1], [1, 0], [0, 0], [0, 0]]
    nothing = bin_attribute("size", [math.nan] * 3, outcome, kind="number")
    assert nothing.attribute.bins == ()


def test_objects_that_are_numbers_are_numbers() -> None:
    assert kind_of(np.array([1, 2.5, None], dtype=object), "size", {}) == "number"
    assert kind_of(np.array([True, None], dtype=object), "size", {}) == "category"
    assert kind_of(np.array([None, None], dtype=object), "size", {}) == "category"


def test_texts_of_digits_are_numbers_beyond_ten_different_ones() -> None:
    ten = [str(one) for one in range(10)]
    assert kind_of(ten * 3, "x", {}) == "category"
    assert kind_of([*ten, "10"], "x", {}) == "number"
    assert kind_of([*ten, "10", "ten"], "x", {}) == "category"


def test_shares_that_differ_a_little_have_bins_of_their_own() -> None:
    """Half of the smaller, and three in five of the larger."""
    values = np.repeat([1.0, 2.0], 100)
    outcome = np.concatenate([np.arange(100) % 2 == 0, np.arange(100) % 5 < 3])
    found = bin_attribute("size", values, outcome, kind="number", trend="up")
    assert [one.upto for one in found.attribute.bins] == [1.0, math.inf]
    assert found.counts.tolist() == [[50, 50], [40, 60], [0, 0]]


def test_a_single_lead_joins_the_neighbour_most_like_it() -> None:
    """Its own share is one or nothing."""
    # Shares of class A: 0.45, then 1 of a single lead, then 0.9.
    counts = np.array([[11, 9], [0, 1], [1, 9]])
    assert merge_small(counts, np.arange(3), 2) == [0, 2]
    # 0.2, none of a single lead, 0.7.
    assert merge_small(np.array([[8, 2], [1, 0], [3, 7]]), np.arange(3), 2) == [1, 2]
