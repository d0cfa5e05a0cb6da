"""Renewal model: the chance of silence by its formulas, one customer at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest

from abcxyz.core.landmarks.renewal import lapse_log_odds, normal_tail


def tail(z: float) -> float:
    """Return the upper tail by the approximation that the docstring names."""
    if z < 0:
        return 1 - tail(-z)
    density = math.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return density * 2 / (z + math.sqrt(z**2 + 8 / math.pi))


def longer(days: float, gap: float, shape: float) -> float:
    """Return the share of gaps longer than so many days, three in a hundred of them prolonged."""

    def gamma_tail(days: float) -> float:
        cube_root = (max(days, 0.0) / gap) ** (1 / 3)
        return tail((cube_root - (1 - 1 / (9 * shape))) * 3 * math.sqrt(shape))

    return 0.97 * gamma_tail(days) + 0.03 * gamma_tail(days - 3 * gap)


def odds(silence: float, gap: float, shape: float, horizon: float) -> float:
    """Return the log-odds of nothing within the horizon, by the formulas of the docstring."""
    now = longer(silence, gap, shape)
    gone = 0.0006 * silence + 1e-6
    gone = gone / (gone + now)
    quiet = min(longer(silence + horizon, gap, shape) / max(now, 1e-300), 1.0)
    leaving = min(0.0006 * gap, 1.0)
    chance = gone + (1 - gone) * (quiet + (1 - quiet) * leaving)
    chance = min(max(chance, 1e-6), 1 - 1e-6)
    return math.log(chance / (1 - chance))


@pytest.mark.parametrize("z", [-6.0, -1.0, -0.3, 0.0, 0.2, 1.0, 2.5, 6.0])
def test_the_tail_is_near_that_of_the_normal_distribution(z: float) -> None:
    found = float(normal_tail(np.array([z]))[0])
    assert found == pytest.approx(tail(z), rel=1e-12)
    assert found == pytest.approx(math.erfc(z / math.sqrt(2)) / 2, rel=0.06)


CASES = [
    (silence, gap, shape, horizon)
    for silence in (0.0, 3.0, 40.0, 400.0)
    for gap in (2.0, 30.0, 200.0, 5_000.0)
    for shape in (1 / 3, 1.0, 20.0)
    for horizon in (30.0, 180.0)
]


def test_odds_are_those_of_the_formulas() -> None:
    silence, gap, shape, _ = np.array(CASES).T
    for horizon in (30.0, 180.0):
        chosen = np.array([one[3] == horizon for one in CASES])
        found = lapse_log_odds(silence[chosen], gap[chosen], shape[chosen], horizon)
        wanted = [odds(*one) for one in CASES if one[3] == horizon]
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)
    assert math.isnan(lapse_log_odds(np.array([math.nan]), np.ones(1), np.ones(1), 30.0)[0])
