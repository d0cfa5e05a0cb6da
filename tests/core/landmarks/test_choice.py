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
        unit=np.tile(np.arange(CUSTOMERS), LANDMARKS),
        day=np.repeat(np.arange(LANDMARKS) * 30, CUSTOMERS),
        focus=np.ones(n, dtype=bool),
    )
    return fit_landmarks(examples, {}, SIMPLE, 30)


@pytest.fixture(name="truth")
def _truth() -> Floats:
    return np.random.default_rng(0).normal(size=CUSTOMERS * LANDMARKS)


def test_silence_stands_where_another_curve_is_better_by_chance_alone(truth: Floats) -> None:
    noise = np.random.default_rng(2).normal(0, 0.05, len(truth))
    fit = fitted(truth + noise, truth, truth)
    assert fit.later
    assert fit.tried["rhythm"].brier < fit.tried["silence"].brier
    assert fit.basis == "silence"


def test_another_curve_that_proves_itself_is_used(truth: Floats) -> None:
    noise = np.random.default_rng(2).normal(size=len(truth))
    assert fitted(noise, truth, truth).basis == "rhythm"
