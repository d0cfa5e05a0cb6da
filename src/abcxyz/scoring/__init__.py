"""Scorecards fitted to the outcomes of earlier leads; fitting needs the extra ``fit``."""

from abcxyz.core.prospects.metrics import (
    brier_score,
    reliability,
    roc_auc,
    stability_index,
    top_share,
)
from abcxyz.scoring.evaluate import judge, profile, stability
from abcxyz.scoring.fit import FitOptions, fit_scorecard, recalibrate
from abcxyz.scoring.target import Outcomes, attributes_as_of, first_year_outcomes
from abcxyz.scoring.vocabulary import describe, describe_drift, drift_of

__all__ = [
    "FitOptions",
    "Outcomes",
    "attributes_as_of",
    "brier_score",
    "describe",
    "describe_drift",
    "drift_of",
    "first_year_outcomes",
    "fit_scorecard",
    "judge",
    "profile",
    "recalibrate",
    "reliability",
    "roc_auc",
    "stability",
    "stability_index",
    "top_share",
]
