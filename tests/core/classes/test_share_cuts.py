"""Share cuts of large columns by selection, against full sorting."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest

from abcxyz import CountShares, Shares, classify_abc
from abcxyz.core.classes.rules import Rule

N = 200_003


def sorted_cut(values: npt.NDArray[np.float64], a: float, *, by_value: bool) -> float:
    """Reference: sort integers, sum exactly and find where the share is passed."""
    cents = np.round(values[~np.isnan(values)] * 100).astype(np.int64)
    down = np.sort(cents[cents > 0] if by_value else cents)[::-1]
    weights = down if by_value else np.ones(len(down), np.int64)
    before = np.concatenate(([0], np.cumsum(weights)[:-1]))
    starts = np.flatnonzero(np.concatenate(([True], down[1:] != down[:-1])))
    target = Fraction(str(a)) * int(weights.sum())
    inside = before[starts] < math.ceil(target)
    cut = int(down[starts[int(np.count_nonzero(inside)) - 1]])
    positive = down[down > 0]
    if not by_value and cut <= 0:
        cut = int(positive.min())
    return cut / 100


def columns() -> dict[str, npt.NDArray[np.float64]]:
    rng = np.random.default_rng(7)
    heavy = np.round(rng.pareto(1.1, N) * 1000, 2)
    return {
        "log-normal": np.round(rng.lognormal(6, 2, N), 2),
        "heavy tail": heavy,
        "one giant": np.concatenate([[1e12], np.round(rng.uniform(1, 2, N), 2)]),
        "few levels": rng.choice([1.0, 2.5, 2.5, 10.0, 1000.0], N),
        "all equal": np.full(N, 33.33),
        "returns": np.round(rng.normal(50, 200, N), 2),
        "sorted": np.sort(np.round(rng.lognormal(6, 2, N), 2)),
        "gaps": np.where(rng.random(N) < 0.3, np.nan, np.round(rng.lognormal(6, 1, N), 2)),
        "a period of the sample": np.tile([1.0, 1.0, 1.0, 1e6], N // 4),
        "mostly returns": np.where(rng.random(N) < 0.1, 5.0, -1.0) * (1 + np.arange(N) % 7),
    }


@pytest.mark.parametrize("shares", [(0.80, 0.95), (0.2, 0.5), (0.001, 0.999)])
@pytest.mark.parametrize("kind", columns())
@pytest.mark.parametrize("by_value", [True, False], ids=["money", "customers"])
def test_selection_equals_sorting(kind: str, shares: tuple[float, float], by_value: bool) -> None:
    """Limits of a large column equal those of full sorting."""
    values = columns()[kind]
    rule: Rule = Shares(*shares) if by_value else CountShares(*shares)
    first, second = (sorted_cut(values, share, by_value=by_value) for share in shares)

    cuts = classify_abc(values, rule).cuts
    whole = np.round(np.nan_to_num(values, nan=0.0) * 100).astype(np.int64)

    assert (first, second) == pytest.approx((cuts.first, cuts.second), rel=1e-14)
    if kind != "gaps":
        exact = classify_abc(whole, rule).cuts
        assert (round(first * 100), round(second * 100)) == (exact.first, exact.second)


@pytest.mark.parametrize("many", [0, N])
def test_amounts_that_differ_by_rounding_are_one_group_with_its_smallest_as_the_cut(
    many: int,
) -> None:
    """Two and three customers of the same amount: the share is passed within the three."""
    same = 0.1 + 0.2
    assert same > 0.3
    values = np.array([1.0, 1.0, same, 0.3, 0.3, 0.2, *[0.0] * many])
    cuts = classify_abc(values, Shares(0.75, 0.9)).cuts  # 2 of 3.1 before the group, 2.9 after it
    assert (cuts.first, cuts.second) == (0.3, 0.3)
    small = classify_abc(values[:6], CountShares(0.5, 0.7)).cuts
    assert (small.first, small.second) == (0.3, 0.3)


def test_most_values_are_not_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a sample and the values near the cuts are sorted."""
    sizes: list[int] = []
    honest = np.sort

    def counting(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        sizes.append(len(values))
        return honest(values)

    monkeypatch.setattr("abcxyz.core.classes.share_cuts.np.sort", counting)
    values = np.random.default_rng(1).lognormal(6, 2, 2_000_000)
    classify_abc(values, Shares())

    assert sizes
    assert sum(sizes) < len(values) // 5


def test_the_only_buyer_of_many_is_found() -> None:
    """The sample by which a cut is looked for may hold nobody who bought."""
    values = np.zeros(N)
    values[7], values[8] = 5.0, 3.0
    result = classify_abc(values, Shares(0.5, 0.7))
    assert (result.cuts.first, result.cuts.second) == (5.0, 3.0)
    assert (int(result.codes[7]), int(result.codes[8]), int(result.codes[9])) == (0, 1, 2)
