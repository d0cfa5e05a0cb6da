"""Logistic regression, calibration, monotone fits and differences of AUC."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz.core.prospects.binning import isotonic
from abcxyz.core.prospects.logit import calibrate, ridge_logit, shift_to_share, sigmoid
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
