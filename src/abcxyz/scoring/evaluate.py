"""Judge scores by what became of the leads, and describe the leads for a later drift check."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from abcxyz._arrays import Bools, Floats
from abcxyz.core.prospects.scorecard import Scorecard
from abcxyz.core.prospects.scores import ProspectScores
from abcxyz.scoring.metrics import brier_score, reliability, roc_auc, stability_index, top_share
from abcxyz.scoring.model import sigmoid_fit

__all__ = ["judge", "profile", "profile_of", "stability"]

_BINS = 10


def judge(scores: ProspectScores, outcome: Bools, revenue: Floats | None = None) -> dict[str, Any]:
    """Measure scores against outcomes.

    Parameters
    ----------
    scores
        Of n leads.
    outcome
        (n,) whether A was reached.
    revenue
        (n,) money that came of the leads.

    Returns
    -------
    dict
        Ready for JSON; ``None`` where a figure has no meaning.

    Notes
    -----
    ``in_the_large`` is the mean probability minus the share that came true. Calibration
    intercept and slope are those of a logistic regression of the outcome on the log-odds of the
    probability: 0 and 1 where it is right.
    """
    found: dict[str, Any] = {"n": len(outcome), "a": int(outcome.sum())}
    if 0 < found["a"] < found["n"]:
        auc = roc_auc(outcome, scores.score)
        found |= {"auc": auc.value, "auc_low": auc.low, "auc_high": auc.high}
        found["top_decile_lift"] = top_share(outcome, scores.score) / 0.1
    if revenue is not None:
        found["top_decile_revenue"] = top_share(np.maximum(revenue, 0), scores.score)
    said = scores.probability
    usual = ~np.isnan(said)
    if usual.any():
        p, truth = np.clip(said[usual], 1e-9, 1 - 1e-9), outcome[usual]
        found["in_the_large"] = float(p.mean() - truth.mean())
        found["brier"] = brier_score(truth, p)
        if 0 < truth.sum() < len(truth):
            intercept, slope = sigmoid_fit(truth, np.log(p / (1 - p)))
            found |= {"calibration_intercept": intercept, "calibration_slope": slope}
        found["reliability"] = [attrs.asdict(one) for one in reliability(truth, p)]
    return {key: plain(value) for key, value in found.items()}


def plain(value: Any) -> Any:
    """Turn a number that JSON cannot hold into ``None``."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def profile(scores: ProspectScores) -> dict[str, Any]:
    """Count leads per tenth of the score, and per bin of each attribute.

    Returns
    -------
    dict
        Ready for JSON; compare two with `stability`.
    """
    inner = np.linspace(0, 1, _BINS + 1)[1:-1]
    edges = np.unique(np.quantile(scores.score, inner, method="lower"))
    found: dict[str, Any] = {"score": {"edges": edges.tolist()}}
    found["score"]["counts"] = _per_edge(scores.score, edges)
    found["attributes"] = _per_bin(scores)
    return found


def _per_edge(score: Floats, edges: Floats) -> list[int]:
    place = np.searchsorted(edges, score, side="left")
    counts: list[int] = np.bincount(place, minlength=len(edges) + 1).tolist()
    return counts


def _per_bin(scores: ProspectScores) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for j, one in enumerate(scores.scorecard.attributes):
        size = len(one.bins)
        # In no bin though known is not the same as unknown.
        place = np.where(scores.bins[:, j] >= 0, scores.bins[:, j], size + scores.known[:, j])
        found[one.name] = np.bincount(place, minlength=size + 2).tolist()
    return found


def stability(expected: Mapping[str, Any], scores: ProspectScores) -> dict[str, Any]:
    """Compare new leads with those of a profile: stability index of the score and attributes.

    Parameters
    ----------
    expected
        What `profile` returned for the leads fitted on.
    scores
        New leads, by the same scorecard.
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
    """Return the profile a scorecard carries, if it does."""
    found = card.report.get("profile")
    return found if isinstance(found, Mapping) else None
