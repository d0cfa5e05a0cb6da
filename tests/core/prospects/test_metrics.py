"""Score metrics, against slow direct formulas."""

from __future__ import annotations

import itertools
import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz.core.prospects.metrics import (
    auc_difference,
    brier_gain,
    brier_score,
    reliability,
    roc_auc,
    stability_index,
    stability_verdict,
    top_share,
)
from abcxyz.errors import InputError

SCORES = st.lists(st.integers(0, 6).map(float), min_size=2, max_size=10)


def compare(x: float, y: float) -> float:
    return 1.0 if x > y else 0.5 if x == y else 0.0


def delong(ours: list[float], others: list[float]) -> tuple[float, float]:
    """Reference: pair by pair, as defined in the paper."""
    m, n = len(ours), len(others)
    auc = sum(compare(x, y) for x, y in itertools.product(ours, others)) / (m * n)
    above = [sum(compare(x, y) for y in others) / n for x in ours]
    below = [sum(compare(x, y) for x in ours) / m for y in others]
    first = sum((one - auc) ** 2 for one in above) / (m - 1)
    second = sum((one - auc) ** 2 for one in below) / (n - 1)
    return auc, math.sqrt(first / m + second / n)


@given(SCORES, SCORES)
def test_delong_pair_by_pair(ours: list[float], others: list[float]) -> None:
    """AUC and its error equal the definition, ties included."""
    result = roc_auc([True] * len(ours) + [False] * len(others), ours + others)
    auc, error = delong(ours, others)
    assert pytest.approx((auc, error), abs=1e-12) == (result.value, result.error)
    reach = NormalDist().inv_cdf(0.975) * error
    assert pytest.approx((max(0, auc - reach), min(1, auc + reach))) == (result.low, result.high)


def test_delong_is_as_wide_as_a_bootstrap() -> None:
    """The error agrees with 2,000 bootstrap resamples."""
    rng = np.random.default_rng(7)
    ours, others = rng.normal(0.8, 1, 120), rng.normal(0, 1, 300)
    truth = np.r_[np.ones(120, bool), np.zeros(300, bool)]
    auc = roc_auc(truth, np.r_[ours, others])
    drawn = [
        roc_auc(truth, np.r_[rng.choice(ours, 120), rng.choice(others, 300)]).value
        for _ in range(2000)
    ]
    assert pytest.approx(np.std(drawn), rel=0.1) == auc.error


def test_auc_needs_both_kinds() -> None:
    """One outcome alone has no AUC; a single lead of an outcome has no interval."""
    with pytest.raises(InputError, match="all 2 outcomes"):
        roc_auc([True, True], [1, 2])
    with pytest.raises(InputError, match="2 outcomes and 1 score;"):
        roc_auc([True, False], [1])
    one = roc_auc([True, False, False], [2, 1, 3])
    assert one.value == 0.5
    assert math.isnan(one.low)
    two = roc_auc([True, True, False, False], [2, 4, 1, 3])
    assert two.value == 0.75
    assert two.error == pytest.approx(math.sqrt(0.125 / 2 + 0.125 / 2))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=12))
def test_top_share_does_not_depend_on_the_order(rows: list[tuple[int, int]]) -> None:
    """The top-tenth share is the mean over all orders of tied leads."""
    score, weight = zip(*rows, strict=True)
    result = top_share(weight, score, 0.25)
    if sum(weight) == 0:
        assert math.isnan(result)
        return
    room, held = 0.25 * len(rows), 0.0
    for level in sorted(set(score), reverse=True):
        tied = [w for w, s in zip(weight, score, strict=True) if s == level]
        part = min(1.0, max(0.0, room / len(tied)))
        held += sum(tied) * part
        room -= len(tied)
    assert pytest.approx(held / sum(weight)) == result
    assert result == top_share(weight[::-1], score[::-1], 0.25)


def test_brier_and_reliability_by_hand() -> None:
    """Four leads of two probabilities make two bins and a Brier score."""
    truth, predicted = [False, True, True, True], [0.2, 0.2, 0.9, 0.9]
    assert brier_score(truth, predicted) == pytest.approx((0.04 + 0.64 + 0.01 + 0.01) / 4)
    bins = reliability(truth, predicted, 2)
    assert [(one.n, one.true) for one in bins] == [(2, 0.5), (2, 1.0)]
    assert [one.said for one in bins] == pytest.approx([0.2, 0.9])
    many = reliability(np.arange(1000) % 2 == 0, np.arange(1000) / 1000)
    assert [one.n for one in many] == [100] * 10


def test_stability_by_hand() -> None:
    """The stability index sums over bins, symmetric and finite for empty bins."""
    by_hand = (0.6 - 0.5) * math.log(0.6 / 0.5) + (0.4 - 0.5) * math.log(0.4 / 0.5)
    assert pytest.approx(by_hand) == stability_index([50, 50], [6, 4])
    assert stability_index([1, 3], [2, 2]) == pytest.approx(stability_index([2, 2], [1, 3]))
    assert stability_index([1, 2, 3], [10, 20, 30]) == 0
    assert 1 < stability_index([10, 0], [0, 10]) < 20
    assert math.isnan(stability_index([1, 1], [0, 0]))


def test_a_large_move_of_the_shares_is_told() -> None:
    """Shares below 0.0001 count as that."""
    moved = 2 * 0.9999 * math.log(1 / 1e-4)
    assert stability_index([10, 0], [0, 10]) == pytest.approx(moved)
    assert math.isnan(stability_index([1, 2], [1, 2, 3]))
    assert math.isnan(stability_index([0, 0], [1, 1]))
    limits = {0.0: "stable", 0.0999: "stable", 0.1: "watch", 0.2499: "watch", 0.25: "shifted",
              math.nan: "unknown"}  # fmt: skip
    assert [stability_verdict(one) for one in limits] == list(limits.values())


def test_a_gain_in_the_brier_score_by_hand() -> None:
    """Per example 0.21, 0.09, 0.09 and 0.21, of three units: their sums differ by 0.06."""
    truth, ours = np.array([True, False, True, False]), np.array([0.8, 0.4, 0.6, 0.2])
    gain = brier_gain(truth, ours, np.full(4, 0.5), np.array([7, 7, 1, 2]))
    reach = NormalDist().inv_cdf(0.975) * math.sqrt(2 * 0.06**2 * 3 / 2) / 4
    assert gain.value == pytest.approx(0.15)
    assert (gain.low, gain.high) == pytest.approx((0.15 - reach, 0.15 + reach))
    one = brier_gain(truth, ours, np.full(4, 0.5), np.zeros(4, int))
    assert (one.low, one.high) == pytest.approx((0.15, 0.15))


@given(SCORES)
def test_difference_of_areas_pair_by_pair(ours: list[float]) -> None:
    rng = np.random.default_rng(len(ours))
    truth = np.r_[[True] * len(ours), [False] * 5]
    first = np.r_[ours, rng.integers(0, 6, 5)].astype(float)
    second = rng.integers(0, 6, len(first)).astype(float)
    found = auc_difference(truth, first, second)
    above, below = [], []
    for score in (first, second):
        mine, others = score[truth].tolist(), score[~truth].tolist()
        above.append([sum(compare(x, y) for y in others) / 5 for x in mine])
        below.append([sum(compare(x, y) for x in mine) / len(mine) for y in others])
    up = np.array(above[0]) - np.array(above[1])
    down = np.array(below[0]) - np.array(below[1])
    error = math.sqrt(up.var(ddof=1) / len(ours) + down.var(ddof=1) / 5)
    assert found.value == pytest.approx(up.mean(), abs=1e-12)
    assert found.error == pytest.approx(error, abs=1e-12)
    reach = NormalDist().inv_cdf(0.975) * error
    assert (found.low, found.high) == pytest.approx((up.mean() - reach, up.mean() + reach))
    wide = auc_difference(truth, first, second, confidence=0.99)
    assert wide.high - wide.value == pytest.approx(NormalDist().inv_cdf(0.995) * error)


def test_bins_of_a_reliability_hold_ten_parts() -> None:
    found = reliability([True, False] * 10, np.repeat(np.arange(1, 11), 2) / 20)
    assert [(one.n, one.true) for one in found] == [(2, 0.5)] * 10
    assert [one.said for one in found] == pytest.approx([k / 20 for k in range(1, 11)])


def test_top_share_by_hand() -> None:
    """A whole level counts once, the one at the cut in part; of nothing there is no share."""
    assert top_share([3, 1, 0, 0], [4, 3, 2, 1], share=0.5) == 1.0
    assert top_share([3, 1, 0, 0], [4, 3, 2, 1], share=0.25) == 0.75
    assert top_share([3, 1, 0, 0], [4, 3, 3, 1], share=0.5) == 0.875
    assert top_share([2] + [1] * 19, [9] * 3 + [1] * 17) == pytest.approx(4 / 21 * 2 / 3)
    assert math.isnan(top_share([], []))
    assert math.isnan(top_share([0.0, 0.0], [1, 2]))


def test_a_gain_of_two_units_by_hand() -> None:
    """Their differences are as far from the mean as the error of the mean."""
    gain = brier_gain(
        np.array([True, False]), np.array([0.5, 0.3]), np.zeros(2),
        np.array([1, 2]),
    )  # fmt: skip
    # 1 - 0.25 = 0.75 and 0 - 0.09 = -0.09: mean 0.33, each 0.42 away.
    assert gain.value == pytest.approx(0.33)
    reach = 1.959963984540054 * 0.42
    assert (gain.low, gain.high) == pytest.approx((0.33 - reach, 0.33 + reach))
    # All examples of one unit: nothing is known of the error.
    one = brier_gain(
        np.array([True, False]), np.array([0.5, 0.3]), np.zeros(2), np.array([1, 1])
    )  # fmt: skip
    assert (one.low, one.high) == pytest.approx((0.33, 0.33))
