"""Confidence intervals of a rate, against published figures and SciPy."""

from __future__ import annotations

import numpy as np
import pytest

from abcxyz import InputError
from abcxyz.core.dynamics.rate_interval import INTERVALS, rate_interval


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_as_published(successes: int, trials: int, low: float, high: float) -> None:
    """Wilson equals Newcombe's (1998) four examples, method 3, to the printed digits."""
    interval = rate_interval(successes, trials)
    assert (low, high) == tuple(round(float(bound), 4) for bound in interval)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_wilson_as_elsewhere(level: float) -> None:
    """Wilson agrees with SciPy for every count out of 1 to 30."""
    stats = pytest.importorskip("scipy.stats")
    for trials in (1, 2, 7, 30):
        successes = np.arange(trials + 1)
        low, high = rate_interval(successes, trials, level=level)
        theirs = [
            stats.binomtest(int(k), trials).proportion_ci(level, method="wilson")
            for k in successes
        ]
        np.testing.assert_allclose(low, [one.low for one in theirs], atol=1e-12)
        np.testing.assert_allclose(high, [one.high for one in theirs], atol=1e-12)


def _pair(successes: int, trials: int, method: str) -> tuple[float, ...]:
    return tuple(float(bound) for bound in rate_interval(successes, trials, method=method))


def test_other_methods_by_hand() -> None:
    """Wald and Agresti-Coull bounds follow their formulas for 3 of 10."""
    z = 1.959963984540054
    spread = z * (0.3 * 0.7 / 10) ** 0.5
    assert (0.3 - spread, 0.3 + spread) == pytest.approx(_pair(3, 10, "wald"))
    middle = (3 + z * z / 2) / (10 + z * z)
    spread = z * (middle * (1 - middle) / (10 + z * z)) ** 0.5
    interval = _pair(3, 10, "agresti_coull")
    assert (middle - spread, middle + spread) == pytest.approx(interval)


@pytest.mark.parametrize("method", INTERVALS)
def test_bounds_stay_within_zero_and_one(method: str) -> None:
    """Bounds stay within 0 and 1, and are missing without trials."""
    low, high = rate_interval([0, 5, 0], [5, 5, 0], method=method)
    assert (low[0], high[1]) == (0, 1)
    assert (low[:2] >= 0).all()
    assert (high[:2] <= 1).all()
    assert np.isnan([low[2], high[2]]).all()


def test_wrong_options_are_named() -> None:
    """An unknown method lists the known ones; a level in percent is refused."""
    with pytest.raises(InputError, match="'exact' is unknown; use one of wilson"):
        rate_interval(1, 2, method="exact")
    with pytest.raises(InputError, match="level 95"):
        rate_interval(1, 2, level=95)
