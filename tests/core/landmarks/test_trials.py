"""How a model has to prove itself: limits of the gains, and which examples are held back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from attrs import evolve

from abcxyz.core.landmarks.fit import (
    LEARNED,
    Trial,
    _is_proven,
    _is_within,
    _ranking_gain,
    fit_landmarks,
)
from abcxyz.core.landmarks.model import Examples
from abcxyz.core.prospects.metrics import Gain, auc_difference


def gain(low: float, high: float) -> Gain:
    return Gain(value=(low + high) / 2, low=low, high=high)


@pytest.mark.parametrize(
    ("brier", "auc", "by_brier", "either"),
    [
        (gain(0.1, 0.3), gain(-0.1, 0.2), True, True),
        (gain(0.1, 0.3), gain(-0.3, 0.0), False, False),
        (gain(0.1, 0.3), gain(-0.3, -0.1), False, False),
        (gain(-0.1, 0.3), gain(0.1, 0.2), False, True),
        (gain(-0.3, -0.1), gain(0.1, 0.2), False, False),
        (gain(0.0, 0.3), gain(0.0, 0.2), False, False),
        (gain(0.01, 0.3), gain(-0.1, 0.01), True, True),
    ],
)
def test_the_whole_interval_of_one_has_to_be_better_and_the_other_not_worse(
    brier: Gain, auc: Gain, by_brier: bool, either: bool
) -> None:
    assert _is_proven(brier, auc, by_brier=True) is by_brier
    assert _is_proven(brier, auc, by_brier=False) is either


def test_a_slope_is_within_its_limits() -> None:
    assert _is_within(math.nan, None)
    slopes = (0.49, 0.5, 1.0, 2.0, 2.01)
    assert [_is_within(one, (0.5, 2.0)) for one in slopes] == [False, True, True, True, False]


def test_examples_of_one_unit_widen_the_interval() -> None:
    rng = np.random.default_rng(3)
    truth = np.arange(60) % 3 == 0
    ours, other = rng.normal(size=(2, 60)) + truth
    alone = auc_difference(truth, ours, other)
    same = _ranking_gain(truth, ours, other, np.arange(60))
    assert (same.value, same.low, same.high) == pytest.approx((alone.value, alone.low, alone.high))
    pairs = _ranking_gain(truth, ours, other, np.arange(60) // 4)
    assert pairs.value == alone.value
    assert pairs.high - pairs.value == pytest.approx(2 * (alone.high - alone.value))
    assert pairs.value - pairs.low == pytest.approx(2 * (alone.value - alone.low))


def made(landmarks: int, each: int = 300) -> Examples:
    """Make examples whose outcome follows a bent curve, which only a card can draw."""
    rng = np.random.default_rng(5)
    n = landmarks * each
    x, other = rng.normal(size=(2, n))
    odds = 2.5 * np.abs(x) - 2.5 + 1.5 * np.abs(other)
    return Examples(
        columns={"x": x, "other": other},
        outcome=rng.random(n) < 1 / (1 + np.exp(-odds)),
        unit=np.arange(n) % (each + 50),
        day=np.repeat(np.arange(landmarks) * 30, each),
        focus=np.ones(n, dtype=bool),
    )


TRENDS = {"x": "none", "other": "none"}
SIMPLE = {"x": "line"}


def test_the_examples_of_the_last_landmark_are_held_back() -> None:
    """Later ones, where three landmarks had known outcomes by then; else a part of the units."""
    whole = made(6)
    fit = fit_landmarks(whole, TRENDS, SIMPLE, 60)
    assert (fit.basis, fit.later, fit.rows) == (LEARNED, True, 1800)
    assert fit.events == int(whole.outcome.sum())
    assert fit.judged is not None
    assert fit.judged.rows == 300
    assert fit.evidence is not None
    assert fit.evidence.rows.sum() == 300
    assert fit.tried[LEARNED] == fit.judged
    assert fit.tried["x"].brier > fit.judged.brier
    assert fit.judged.brier_base == pytest.approx(
        float(np.mean((whole.outcome[1500:] - whole.outcome[:1200].mean()) ** 2))
    )
    assert fit.gain is not None
    assert fit.gain.value == pytest.approx(fit.tried["x"].brier - fit.judged.brier)
    assert fit.gain.low > 0
    two = fit_landmarks(whole, TRENDS, SIMPLE, 120)
    assert not two.later
    assert two.judged is not None
    assert two.judged.rows == 1800
    known = fit_landmarks(whole, TRENDS, SIMPLE, 90)
    assert known.later


def test_a_trial_holds_back_from_a_day_and_units_without_earlier_examples() -> None:
    whole = made(6)
    fit = fit_landmarks(whole, TRENDS, SIMPLE, 30, Trial(held_from=120))
    assert fit.judged is not None
    assert fit.judged.rows == 600
    apart = fit_landmarks(whole, TRENDS, SIMPLE, 30, Trial(apart=True))
    earlier = set(whole.unit[whole.day <= 120].tolist())
    assert apart.judged is not None
    left = [one for one in whole.unit[whole.day == 150].tolist() if one not in earlier]
    assert (apart.later, apart.judged.rows) == (bool(left), len(left) or 1800)
    steep = fit_landmarks(whole, TRENDS, SIMPLE, 60, Trial(slope=(50.0, 60.0)))
    assert steep.basis == "x"
    few = fit_landmarks(whole, TRENDS, SIMPLE, 60, Trial(most=1))
    assert len(few.model.parts) == 1  # type: ignore[union-attr]


def test_those_in_focus_are_compared_where_they_are_enough() -> None:
    """Twenty of either outcome: half of what is needed to learn."""
    whole = made(6)
    last = whole.day == 150
    for events, rows in ((20, 20 + 25), (19, 300)):
        focus = np.zeros(len(whole), dtype=bool)
        focus[np.flatnonzero(last & whole.outcome)[:events]] = True
        focus[np.flatnonzero(last & ~whole.outcome)[:25]] = True
        fit = fit_landmarks(evolve(whole, focus=focus), TRENDS, SIMPLE, 60)
        assert fit.judged is not None
        assert fit.judged.rows == rows
        # Nobody was in focus before: the share of all stands in for theirs.
        scope = focus if rows == 45 else last
        share = whole.outcome[: 4 * 300].mean()
        assert fit.judged.brier_base == pytest.approx(
            float(np.mean((whole.outcome[scope] - share) ** 2))
        )
