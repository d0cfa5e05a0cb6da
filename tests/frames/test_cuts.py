"""Cuts computed by passes over a lazy table, against the core."""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pytest

from abcxyz.core.classes.classify import classify_abc
from abcxyz.core.classes.rules import CountShares, Limits, Rule, Shares, Tangent
from abcxyz.frames import crossing as search
from abcxyz.frames.lazy_cuts import find_marks, table_stats

pl = pytest.importorskip("polars")

RULES: list[Rule] = [
    Tangent(),
    Shares(),
    Shares(0.1, 1.0),
    Shares(1 / 3, 2 / 3),
    CountShares(),
    CountShares(0.01, 1.0),
    Limits(500, 20),
]


def values(seed: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Random values with ties, very large values, zeros and returns."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 400))
    kind = seed % 6
    made = {
        0: rng.lognormal(5, 3, n),
        1: rng.integers(0, 5, n) * 100,
        2: np.full(n, 33),
        3: np.append(rng.integers(1, 50, n), 10**12),
        4: rng.normal(20, 100, n),
        5: -rng.integers(0, 50, n),
    }[kind]
    amounts: np.ndarray[Any, np.dtype[np.int64]] = np.rint(made).astype(np.int64)
    return amounts


@pytest.mark.parametrize("few", [0, 3, 50_000])
@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_cuts_of_whole_numbers(rule: Rule, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Classes equal those of the core, with or without a final sort."""
    monkeypatch.setattr(search, "FEW", few)
    equal_cuts(rule, range(6))


@pytest.mark.slow
@pytest.mark.parametrize("few", [0, 3, 50_000])
@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_cuts_of_many_whole_numbers(rule: Rule, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times as many columns of each kind."""
    monkeypatch.setattr(search, "FEW", few)
    equal_cuts(rule, range(6, 66))


def equal_cuts(rule: Rule, seeds: range) -> None:
    """Compare the classes by the marks found in a lazy table with those of the core."""
    for seed in seeds:
        value = values(seed)
        none = np.zeros(len(value), np.int64)
        frame = pl.LazyFrame({"value": value, "cv": value * 0.0, "size": none})
        table = nw.from_native(frame)
        marks = find_marks(table, table_stats(table, whole=True), rule, Tangent(), 0)
        result = np.where(value >= marks.a, 0, np.where(value >= marks.b, 1, 2))
        assert classify_abc(value, rule).codes.tolist() == result.tolist(), seed


def test_mean_of_variations_does_not_hang_on_the_order() -> None:
    """The mean of the CVs is equal to the last bit in any row order."""
    rng = np.random.default_rng(1)
    cv = rng.lognormal(0, 2, 100_000)
    means = set()
    for order in (np.argsort(cv), np.argsort(-cv), rng.permutation(len(cv))):
        none = np.zeros(len(cv), np.int64)
        frame = pl.LazyFrame({"value": none, "cv": cv[order], "size": none})
        means.add(table_stats(nw.from_native(frame), whole=True).cv_mean)
    (mean,) = means
    assert mean == pytest.approx(float(np.mean(cv)), rel=1e-14)
