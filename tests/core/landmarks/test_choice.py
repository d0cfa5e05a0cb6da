"""Choice among a card and simple models by held-back examples."""

from __future__ import annotations

import numpy as np
import pytest

from abcxyz._arrays import Floats
from abcxyz.core.landmarks.fit import LandmarkFit, fit_landmarks
from abcxyz.core.landmarks.model import Examples

SIMPLE = {"silence": "line", "rhythm": "line"}
CUSTOMERS, LANDMARKS = 400, 6


def fitted(
    silence: Floats, rhythm: Floats, truth: Floats, landmarks: int = LANDMARKS
) -> LandmarkFit:
    """Fit to examples whose outcome follows *truth*, at landmarks 30 days apart."""
    n = len(truth)
    random = np.random.default_rng(1)
    examples = Examples(
        columns={"silence": silence, "rhythm": rhythm},
        outcome=random.random(n) < 1 / (1 + np.exp(-truth)),
        unit=np.tile(np.arange(CUSTOMERS), n // CUSTOMERS),
        day=np.repeat(np.arange(n // CUSTOMERS) * 30, CUSTOMERS),
        focus=np.ones(n, dtype=bool),
    )
    return fit_landmarks(examples, {}, SIMPLE, 30)


@pytest.fixture(name="truth")
def _truth() -> Floats:
    return np.random.default_rng(0).normal(size=CUSTOMERS * LANDMARKS)


def test_the_first_curve_stands_where_too_few_landmarks_judge_another(truth: Floats) -> None:
    """The other one is better, but by chance alone."""
    noise = np.random.default_rng(2).normal(0, 0.05, len(truth))
    n = 2 * CUSTOMERS
    short = fitted((truth + noise)[:n], truth[:n], truth[:n])
    assert not short.later
    assert short.tried["rhythm"].brier < short.tried["silence"].brier
    assert short.basis == "silence"
    fit = fitted(truth, truth + noise, truth)
    assert fit.later
    assert fit.basis == "silence"


def test_another_curve_that_is_better_at_a_later_time_is_used(truth: Floats) -> None:
    noise = np.random.default_rng(2).normal(size=len(truth))
    assert fitted(noise, truth, truth).basis == "rhythm"
    little = fitted(truth + noise / 20, truth, truth)
    better = little.tried["rhythm"], little.tried["silence"]
    assert better[0].brier < better[1].brier
    assert (little.basis == "rhythm") == (better[0].auc > better[1].auc)
