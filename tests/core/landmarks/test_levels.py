"""Level of probabilities: moved by what changed, and not by what chance alone moves."""

from __future__ import annotations

import numpy as np
import pytest

from abcxyz.core.landmarks.model import Examples, calibrated, levels_of


def examples(shares: list[float], *, seed: int, each: int = 300) -> Examples:
    """Make spans of four weeks with these shares of the outcome, the last one last."""
    rng = np.random.default_rng(seed)
    n = each * len(shares)
    span = np.repeat(np.arange(len(shares)), each)
    return Examples(
        columns={},
        outcome=rng.random(n) < np.array(shares)[span],
        unit=np.arange(n),
        day=29 * span + np.arange(n) % 29,
        focus=np.ones(n, dtype=bool),
    )


def level(made: Examples, *, shrunk: bool) -> float:
    """Return the probability of an example of which nothing is known."""
    levels = levels_of(made, np.zeros(len(made)), 28, shrunk)
    return float(calibrated(np.zeros(1), np.ones(1, dtype=bool), levels)[0])


def test_without_a_change_the_last_month_moves_nothing() -> None:
    """Over many companies the level is nearer to the truth than the share of the last month."""
    made = [examples([0.3] * 10, seed=seed) for seed in range(40)]
    plain = np.array([level(one, shrunk=False) for one in made]) - 0.3
    ours = np.array([level(one, shrunk=True) for one in made]) - 0.3
    assert (ours**2).mean() < 0.4 * (plain**2).mean()


@pytest.mark.parametrize("last", [0.15, 0.5])
def test_a_change_moves_it(last: float) -> None:
    shares = [0.3, 0.25, 0.35, 0.2, 0.4, 0.3, 0.45, last]
    for seed in range(5):
        made = examples(shares, seed=seed)
        whole, plain = float(made.outcome.mean()), level(made, shrunk=False)
        assert abs(plain - last) < 0.07
        assert 0.6 < (level(made, shrunk=True) - whole) / (plain - whole) <= 1


def test_the_part_that_is_drift_by_hand() -> None:
    made = examples([0.2, 0.5, 0.3], seed=3)
    whole = made.outcome.mean()
    mean = np.array([made.outcome[600:].mean(), made.outcome[300:600].mean(),
                     made.outcome[:300].mean()])  # fmt: skip
    parts = (made.outcome[600:], made.outcome[300:600], made.outcome[:300])
    base = levels_of(made, np.zeros(len(made)), 10**6, False)[0][0]
    chance = 1 / (1 + np.exp(-base))
    assert chance == pytest.approx(whole, abs=0.01)
    error = np.array([((one - chance) ** 2).sum() / 300**2 for one in parts])
    weight = 1 / error
    centre = (weight * mean).sum() / weight.sum()
    spread = (weight * (mean - centre) ** 2).sum() - 2
    drift = spread / (weight.sum() - (weight**2).sum() / weight.sum())
    moved = drift / (drift + error[0])
    plain = levels_of(made, np.zeros(len(made)), 28, False)[0][0] - base
    ours = levels_of(made, np.zeros(len(made)), 28, True)[0][0] - base
    assert 0.5 < moved < 1
    assert ours / plain == pytest.approx(moved, abs=0.02)


def test_one_month_counts_whole() -> None:
    made = examples([0.3], seed=1)
    assert level(made, shrunk=True) == level(made, shrunk=False)


def test_many_examples_of_a_unit_count_as_one() -> None:
    """Each outcome ten times over is no more certain."""
    made = examples([0.3, 0.36, 0.3, 0.36], seed=2, each=60)
    often = made.take(np.repeat(np.arange(len(made)), 10))
    assert level(often, shrunk=True) == pytest.approx(level(made, shrunk=True), abs=0.03)
