"""Evaluation of scores against outcomes, and profiles of leads for drift checks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from abcxyz._arrays import Bools, Floats
from abcxyz.core.prospects.metrics import (
    brier_score,
    reliability,
    roc_auc,
    stability_index,
    top_share,
)
from abcxyz.core.prospects.scorecard import Scorecard
from abcxyz.core.prospects.scores import ProspectScores
from abcxyz.scoring.model import sigmoid_fit

__all__ = ["judge", "profile", "profile_of", "stability"]

_BINS = 10


def judge(scores: ProspectScores, outcome: Bools, revenue: Floats | None = None) -> dict[str, Any]:
    """Return quality metrics of scores against outcomes.

    Parameters
    ----------
    scores
        Scores of n leads.
    outcome
        (n,) booleans: whether the lead reached class A.
    revenue
        (n,) revenue from each lead.

    Returns
    -------
    dict
        Metric to value, serialisable as JSON; ``None`` where a metric is undefined.

    Notes
    -----
    ``in_the_large`` is the mean probability minus the observed share of class A. Calibration
    intercept and slope are those of a logistic regression of the outcome on the log-odds of the
    probability: 0 and 1 for a calibrated score.
    """
    metrics: dict[str, Any] = {"n": len(outcome), "a": int(outcome.sum())}
    if 0 < metrics["a"] < metrics["n"]:
        auc = roc_auc(outcome, scores.score)
        metrics |= {"auc": auc.value, "auc_low": auc.low, "auc_high": auc.high}
        metrics["top_decile_lift"] = top_share(outcome, scores.score) / 0.1
    if revenue is not None:
        metrics["top_decile_revenue"] = top_share(np.maximum(revenue, 0), scores.score)
    predicted = scores.probability
    usual = ~np.isnan(predicted)
    if usual.any():
        p, truth = np.clip(predicted[usual], 1e-9, 1 - 1e-9), outcome[usual]
        metrics["in_the_large"] = float(p.mean() - truth.mean())
        metrics["brier"] = brier_score(truth, p)
        if 0 < truth.sum() < len(truth):
            intercept, slope = sigmoid_fit(truth, np.log(p / (1 - p)))
            metrics |= {"calibration_intercept": intercept, "calibration_slope": slope}
        metrics["reliability"] = [attrs.asdict(one) for one in reliability(truth, p)]
    return {key: plain(value) for key, value in metrics.items()}


def plain(value: Any) -> Any:
    """Return ``None`` for a number that JSON cannot represent, and other values unchanged."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def profile(scores: ProspectScores) -> dict[str, Any]:
    """Count leads per tenth of the score, and per bin of each attribute.

    Returns
    -------
    dict
        Counts, serialisable as JSON; `stability` compares new leads with them.
    """
    inner = np.linspace(0, 1, _BINS + 1)[1:-1]
    edges = np.unique(np.quantile(scores.score, inner, method="lower"))
    result: dict[str, Any] = {"score": {"edges": edges.tolist()}}
    result["score"]["counts"] = _per_edge(scores.score, edges)
    result["attributes"] = _per_bin(scores)
    return result


def _per_edge(score: Floats, edges: Floats) -> list[int]:
    place = np.searchsorted(edges, score, side="left")
    counts: list[int] = np.bincount(place, minlength=len(edges) + 1).tolist()
    return counts


def _per_bin(scores: ProspectScores) -> dict[str, list[int]]:
    counts: dict[str, list[int]] = {}
    for j, one in enumerate(scores.scorecard.attributes):
        size = len(one.bins)
        # A known value outside all bins is counted apart from an unknown one.
        place = np.where(scores.bins[:, j] >= 0, scores.bins[:, j], size + scores.known[:, j])
        counts[one.name] = np.bincount(place, minlength=size + 2).tolist()
    return counts


def stability(expected: Mapping[str, Any], scores: ProspectScores) -> dict[str, Any]:
    """Return the stability index of the score and of each attribute, against a profile.

    Parameters
    ----------
    expected
        Result of `profile` for the leads of the fit.
    scores
        Scores of new leads by the same scorecard.
    """
    edges = np.asarray(expected["score"]["edges"], dtype=float)
    now = _per_edge(scores.score, edges)
    per_bin = _per_bin(scores)
    return {
        "n": len(scores),
        "score": plain(stability_index(expected["score"]["counts"], now)),
        "attributes": {
            name: plain(stability_index(counts, per_bin[name]))
            for name, counts in expected["attributes"].items()
            if name in per_bin
        },
    }


def profile_of(card: Scorecard) -> Mapping[str, Any] | None:
    """Return the profile stored in a scorecard, or None."""
    stored = card.report.get("profile")
    return stored if isinstance(stored, Mapping) else None
