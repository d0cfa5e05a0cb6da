"""Benchmark of lead scoring: speed, and quality of a fitted scorecard on real outcomes.

Run ``python benchmarks/bench_prospects.py [bank_marketing.csv.gz]``. The file is UCI's "Bank
Marketing" (Moro, Cortez and Rita 2014, CC BY 4.0): 45,211 calls in chronological order. The last
30 % are held out; ``duration``, known only after the call, is left out; ``pdays = -1`` means
never contacted. Nothing is chosen by the outcomes of the held-out calls.
"""

from __future__ import annotations

import sys
import time
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from attrs import evolve
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from abcxyz.core.prospects.scores import score_prospects
from abcxyz.scoring import FitOptions, brier_score, describe, fit_scorecard, recalibrate, roc_auc

OPTIONS = FitOptions(special={"pdays": [-1]})
DAY = date(2010, 11, 30)


def speed(n: int = 1_000_000) -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "lead": np.arange(n),
            "turnover": rng.lognormal(18, 2, n),
            "employees": rng.integers(1, 2000, n),
            "industry": rng.choice(["a", "b", "c"], n),
            "status": rng.choice(["active", "bankrupt"], n),
        }
    )
    for name, table in (
        ("numbers as numbers", frame),
        ("numbers as text", frame.astype({"turnover": str, "employees": str})),
    ):
        start = time.perf_counter()
        score_prospects(table)
        print(f"score {n:,} leads, {name}: {time.perf_counter() - start:.2f} s")


def one_hot(table: pd.DataFrame, outcome: Any, cut: int) -> Any:
    """Return probabilities of scikit-learn's logistic regression for the rows from *cut* on."""
    words = [name for name in table if table[name].dtype.kind not in "iuf"]
    numbers = [name for name in table if name not in words]
    model = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), words), (StandardScaler(), numbers)
        ),
        LogisticRegression(max_iter=2000),
    )
    model.fit(table[:cut], outcome[:cut])
    return model.predict_proba(table[cut:])[:, 1]


def followed(card: Any, table: pd.DataFrame, outcome: Any, cut: int, step: int, last: int) -> Any:
    """Recalibrate every *step* calls on the *last* calls, whose outcome is known by then."""
    probability = np.empty(len(table) - cut)
    for k in range(cut, len(table), step):
        before = slice(k - last, k)
        now = recalibrate(card, table[before], outcome[before], as_of=DAY)
        probability[k - cut : k - cut + step] = score_prospects(
            table[k : k + step], now
        ).probability
    return probability


def print_quality(name: str, truth: Any, probability: Any) -> None:
    auc = roc_auc(truth, probability)
    print(
        f"{name}: AUC {auc.value:.4f} ({auc.low:.4f} … {auc.high:.4f}), mean minus truth "
        f"{probability.mean() - truth.mean():+.4f}, Brier {brier_score(truth, probability):.4f}"
    )


def bank(path: str) -> None:
    table = pd.read_csv(path, sep=";").drop(columns="duration")
    outcome = (table.pop("y") == "yes").to_numpy()
    cut = int(len(table) * 0.7)
    truth = outcome[cut:]
    print(f"share of yes: {outcome[:cut].mean():.4f} fitted on, {truth.mean():.4f} held out")
    print_quality("one-hot logistic regression", truth, one_hot(table, outcome, cut))
    start = time.perf_counter()
    card = fit_scorecard(table, outcome, as_of=DAY, options=OPTIONS)
    print(f"fitted in {time.perf_counter() - start:.1f} s")
    print("\n".join(describe(card)))
    print("drift:", card.report["stability"]["holdout"]["score"])
    print_quality("fitted card, as it is", truth, score_prospects(table[cut:], card).probability)
    for recent in (0.1, 0.2, 0.3):
        other = fit_scorecard(table, outcome, as_of=DAY, options=evolve(OPTIONS, recent=recent))
        print_quality(f"level by the latest {recent:.0%}", truth,
             score_prospects(table[cut:], other).probability)  # fmt: skip
    for step, last in ((100, 500), (250, 1000), (500, 2000)):
        print_quality(
            f"followed every {step} by the last {last}",
            truth,
            followed(card, table, outcome, cut, step, last),
        )
    for seed in range(3):
        mixed = np.random.default_rng(seed).permutation(len(table))
        shuffled = table.iloc[mixed].reset_index(drop=True)
        other = fit_scorecard(shuffled, outcome[mixed], as_of=DAY, options=OPTIONS)
        print_quality(
            f"held out at random, seed {seed}",
            outcome[mixed][cut:],
            score_prospects(shuffled[cut:], other).probability,
        )
        print_quality(
            "  one-hot there", outcome[mixed][cut:], one_hot(shuffled, outcome[mixed], cut)
        )


if __name__ == "__main__":
    speed()
    if len(sys.argv) > 1:
        bank(sys.argv[1])
