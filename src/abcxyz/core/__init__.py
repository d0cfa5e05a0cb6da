"""The pure core: numpy, attrs and the standard library only."""

from abcxyz.core.analysis import Analysis, analyze
from abcxyz.core.calendar import UNITS, Periods, Window, period_start, shift_period
from abcxyz.core.classify import (
    classify_abc,
    classify_cv,
    classify_xyz,
    coefficient_of_variation,
)
from abcxyz.core.matrix import Matrix, build_matrix
from abcxyz.core.panel import METRICS, Panel, aggregate
from abcxyz.core.prospect_card import Scorecard, default_scorecard
from abcxyz.core.prospects import (
    ProspectScore,
    ProspectScores,
    score_prospect,
    score_prospects,
)
from abcxyz.core.quality import Quality, QualityIssue
from abcxyz.core.results import AbcResult, ClassSummary, XyzResult
from abcxyz.core.rules import CountShares, CumulativeMean, Cuts, Limits, Rule, Shares, Tangent
from abcxyz.core.segments import BCG, SEGMENTS, TAGS, Grouping, tag
from abcxyz.core.snapshot import Settings, Snapshot
from abcxyz.core.transactions import Transactions, concat

__all__ = [
    "BCG",
    "METRICS",
    "SEGMENTS",
    "TAGS",
    "UNITS",
    "AbcResult",
    "Analysis",
    "ClassSummary",
    "CountShares",
    "CumulativeMean",
    "Cuts",
    "Grouping",
    "Limits",
    "Matrix",
    "Panel",
    "Periods",
    "ProspectScore",
    "ProspectScores",
    "Quality",
    "QualityIssue",
    "Rule",
    "Scorecard",
    "Settings",
    "Shares",
    "Snapshot",
    "Tangent",
    "Transactions",
    "Window",
    "XyzResult",
    "aggregate",
    "analyze",
    "build_matrix",
    "classify_abc",
    "classify_cv",
    "classify_xyz",
    "coefficient_of_variation",
    "concat",
    "default_scorecard",
    "period_start",
    "score_prospect",
    "score_prospects",
    "shift_period",
    "tag",
]
