"""Logistic regression, calibration, monotone fits and differences of AUC."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz.core.prospects.binning import isotonic
from abcxyz.core.prospects.logit import (
    calibrate,
    drift_share,
    ridge_logit,
    shift_to_share,
    sigmoid,
)
from abcxyz.core.prospects.metrics import auc_difference, roc_auc


@given(st.integers(0, 10**6), st.integers(8, 60), st.floats(0.01, 10))
def test_gradient_is_zero_at_the_fitted_coefficients(seed: int, n: int, penalty: float) -> None:
    random = np.random.default_rng(seed)
    columns = random.normal(size=(n, 3)) * 3
    outcome = random.random(n) < sigmoid(columns[:, 0])
    outcome[:2] = True, False
    weights = random.uniform(0.1, 2, n)
    base, slopes = ridge_logit(columns, outcome, penalty=penalty, weights=weights)
    error = weights * (outcome - sigmoid(base + columns @ slopes))
    assert abs(error.sum()) < 1e-5
    np.testing.assert_allclose(error @ columns, penalty * slopes, atol=1e-5)


def test_coefficients_are_those_of_scikit_learn() -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    random = np.random.default_rng(4)
    columns = random.normal(size=(500, 5))
    outcome = random.random(500) < sigmoid(columns @ np.array([1.0, -1, 0.5, 0, 0]) - 1)
    theirs = linear.LogisticRegression(C=0.5, tol=1e-10, max_iter=5000).fit(columns, outcome)
    base, slopes = ridge_logit(columns, outcome, penalty=2.0)
    np.testing.assert_allclose(slopes, theirs.coef_[0], atol=1e-5)
    assert base == pytest.approx(float(theirs.intercept_[0]), abs=1e-5)


def test_separated_outcomes_have_finite_coefficients() -> None:
    columns = np.arange(10.0)[:, None]
    base, slopes = ridge_logit(columns, columns[:, 0] > 4, penalty=1e-3)
    assert np.isfinite([base, *slopes]).all()


def test_calibration_undoes_a_known_distortion() -> None:
    random = np.random.default_rng(1)
    raw = random.normal(size=40_000) * 2
    outcome = random.random(len(raw)) < sigmoid(0.5 * raw - 1)
    base, slope = calibrate(outcome, raw)
    assert base == pytest.approx(-1, abs=0.05)
    assert slope == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("truth", [True, False])
def test_calibration_of_one_kind_of_outcome_is_finite(truth: bool) -> None:
    base, slope = calibrate(np.full(30, truth), np.linspace(-1, 1, 30))
    assert np.isfinite([base, slope]).all()


def test_shift_reaches_the_share() -> None:
    raw = np.linspace(-3, 3, 50)
    assert sigmoid(raw + shift_to_share(raw, 0.2)).mean() == pytest.approx(0.2)


@given(
    st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 9)), min_size=1, max_size=25),
    st.booleans(),
)
def test_monotone_fit_is_that_of_scikit_learn(
    pairs: list[tuple[int, int]], increasing: bool
) -> None:
    theirs = pytest.importorskip("sklearn.isotonic").isotonic_regression
    values, weights = (np.array(one, dtype=float) for one in zip(*pairs, strict=True))
    ours = isotonic(values, weights, increasing=increasing)
    other = theirs(values, sample_weight=weights, increasing=increasing)
    np.testing.assert_allclose(ours, other, atol=1e-9)


def test_difference_of_paired_areas_is_surer_than_of_each() -> None:
    random = np.random.default_rng(7)
    truth = random.random(400) < 0.4
    score = truth + random.normal(size=400)
    other = score + random.normal(size=400) * 0.3
    gain = auc_difference(truth, score, other)
    ours, theirs = roc_auc(truth, score), roc_auc(truth, other)
    assert gain.value == pytest.approx(ours.value - theirs.value)
    assert 0 < gain.error < ours.error
    # The bootstrap gives the same spread.
    rows = (random.integers(400, size=400) for _ in range(300))
    drawn = [roc_auc(truth[r], score[r]).value - roc_auc(truth[r], other[r]).value for r in rows]
    assert np.std(drawn) == pytest.approx(gain.error, rel=0.25)


@pytest.mark.parametrize("penalty", [0.5, 4.0])
def test_a_calibration_is_the_optimum_with_half_an_example_of_each_kind(penalty: float) -> None:
    """At the mean prediction by weight, and with the slope held at one."""
    random = np.random.default_rng(9)
    raw = random.normal(size=120) * 1.5 + 0.5
    outcome = random.random(120) < sigmoid(0.7 * raw - 1)
    weights = random.uniform(0.2, 1, 120)
    middle = float((weights * raw).sum() / weights.sum())

    def loss(point: np.ndarray) -> float:
        odds = point[0] + point[1] * np.append(raw, [middle, middle])
        truth = np.append(outcome, [False, True])
        gain = np.where(truth, -np.logaddexp(0, -odds), -np.logaddexp(0, odds))
        held = penalty * (point[1] - 1) ** 2 / 2
        return float(held - np.append(weights, [0.5, 0.5]) @ gain)

    minimize = pytest.importorskip("scipy.optimize").minimize
    wanted = minimize(loss, np.array([0.0, 1.0]), tol=1e-12).x
    found = calibrate(outcome, raw, slope_penalty=penalty, weights=weights)
    assert found == pytest.approx(wanted, abs=1e-5)


def test_a_slope_is_never_negative() -> None:
    raw = np.linspace(-2, 2, 400)
    base, slope = calibrate(raw < 0, raw, slope_penalty=1e-3)
    assert slope == 0.0
    assert np.isfinite(base)


@pytest.mark.parametrize("seed", range(6))
def test_the_part_of_a_move_that_is_drift_by_loops(seed: int) -> None:
    random = np.random.default_rng(seed)
    n = 60
    span, unit = random.integers(0, 4, n), random.integers(0, 20, n)
    lack = random.normal(size=n) + 0.8 * (span == 1)
    means, errors = [], []
    for one in range(int(span.max()) + 1):
        inside = span == one
        count = int(inside.sum())
        squares = sum(float(lack[inside & (unit == who)].sum()) ** 2 for who in set(unit.tolist()))
        means.append(float(lack[inside].sum()) / count)
        errors.append(squares / count**2)
    weights = [1 / one for one in errors]
    centre = sum(w * m for w, m in zip(weights, means, strict=True)) / sum(weights)
    spread = sum(w * (m - centre) ** 2 for w, m in zip(weights, means, strict=True))
    scale = sum(weights) - sum(w * w for w in weights) / sum(weights)
    drift = max(0.0, (spread - (len(means) - 1)) / scale)
    assert drift_share(span, lack, unit) == pytest.approx(drift / (drift + errors[0]))


def test_of_one_span_or_of_none_with_errors_nothing_is_told() -> None:
    assert drift_share(np.zeros(3, int), np.array([1.0, -1.0, 0.5]), np.arange(3)) == 1.0
    assert drift_share(np.array([0, 0, 1, 1]), np.array([0.0, 0, 1, -0.5]), np.arange(4)) == 1.0
    assert drift_share(np.array([0, 0, 1, 1]), np.array([1.0, 0, 0, 0]), np.arange(4)) == 1.0
