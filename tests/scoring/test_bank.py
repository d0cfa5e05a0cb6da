"""Scorecard fitted to real outcomes with strong drift."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from attrs import frozen
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from abcxyz.core.prospects.scorecard import Scorecard
from abcxyz.core.prospects.scores import score_prospects
from abcxyz.scoring import FitOptions, drift_of, fit_scorecard, recalibrate, roc_auc

pytestmark = pytest.mark.slow
DAY = date(2010, 11, 30)
OPTIONS = FitOptions(special={"pdays": [-1]}, repeats=1)


@frozen(eq=False)
class Bank:
    """Calls in order of time, and the scorecard fitted to the first 70 % of them."""

    table: pd.DataFrame
    outcome: Any
    cut: int
    card: Scorecard


@pytest.fixture(scope="module")
def bank(shared_data: Path) -> Bank:
    """Fit on the calls before the last 30 %, without the call duration."""
    table = pd.read_csv(shared_data / "bank_marketing.csv.gz", sep=";")
    outcome = (table.pop("y") == "yes").to_numpy()
    card = fit_scorecard(table.drop(columns="duration"), outcome, as_of=DAY, options=OPTIONS)
    return Bank(table, outcome, int(len(table) * 0.7), card)


def test_it_ranks_like_logistic_regression(bank: Bank) -> None:
    """AUC on the last 30 % is within 0.01 of one-hot logistic regression."""
    table = bank.table.drop(columns="duration")
    words = [name for name in table if table[name].dtype.kind not in "iuf"]
    numbers = [name for name in table if name not in words]
    oracle = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), words), (StandardScaler(), numbers)
        ),
        LogisticRegression(max_iter=2000),
    )
    oracle.fit(table[: bank.cut], bank.outcome[: bank.cut])
    truth = bank.outcome[bank.cut :]
    theirs = roc_auc(truth, oracle.predict_proba(table[bank.cut :])[:, 1]).value
    held = bank.card.report["holdout"]
    assert held["n"] == len(truth)
    assert held["auc"] >= theirs - 0.01


def test_the_drift_is_seen(bank: Bank) -> None:
    """The drift check reports that the quadrupled share invalidates probabilities."""
    assert abs(bank.card.report["holdout"]["in_the_large"]) > 0.1
    assert drift_of(bank.card.report["stability"]["holdout"]) == "shifted"


def test_followed_in_time_the_level_is_right(bank: Bank) -> None:
    """Recalibrated every 250 calls on the last 1,000, the level errs below 0.01."""
    predicted = np.empty(len(bank.table) - bank.cut)
    for k in range(bank.cut, len(bank.table), 250):
        before = slice(k - 1000, k)
        now = recalibrate(bank.card, bank.table[before], bank.outcome[before], as_of=DAY)
        part = score_prospects(bank.table[k : k + 250], now).probability
        predicted[k - bank.cut : k - bank.cut + len(part)] = part
    assert abs(predicted.mean() - bank.outcome[bank.cut :].mean()) < 0.01


def test_without_drift_the_level_is_right(bank: Bank) -> None:
    """With a random holdout the level errs by less than 0.01."""
    mixed = np.random.default_rng(0).permutation(len(bank.table))
    table = bank.table.drop(columns="duration").iloc[mixed].reset_index(drop=True)
    card = fit_scorecard(table, bank.outcome[mixed], as_of=DAY, options=OPTIONS)
    assert abs(card.report["holdout"]["in_the_large"]) < 0.01
    assert card.report["holdout"]["calibration_slope"] == pytest.approx(1, abs=0.15)


def test_the_length_of_the_call_is_questioned(bank: Bank) -> None:
    """Call duration is reported as a likely leak without perfect separation."""
    card = fit_scorecard(bank.table, bank.outcome, as_of=DAY, options=OPTIONS)
    assert card.report["suspects"] == ["duration"]
