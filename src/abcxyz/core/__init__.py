"""The pure core: numpy, attrs and the standard library only."""

from abcxyz.core.actions import Action, Actions, advise
from abcxyz.core.alerts import ALERTS, Alert, AlertRules, find_alerts
from abcxyz.core.analysis import Analysis, analyze, with_facts
from abcxyz.core.calendar import UNITS, Periods, Window, period_start, shift_period
from abcxyz.core.classify import (
    classify_abc,
    classify_cv,
    classify_xyz,
    coefficient_of_variation,
)
from abcxyz.core.comparison import OverlappingWindowsWarning, compare
from abcxyz.core.confidence import Confidence, class_confidence
from abcxyz.core.crm import CrmFacts, Deal, LeadContact, TimeSpent
from abcxyz.core.events import EVENTS, event
from abcxyz.core.forecasting import Forecast, forecast
from abcxyz.core.groups import customer_groups, group_names
from abcxyz.core.hysteresis import steady
from abcxyz.core.intervals import rate_interval
from abcxyz.core.matrix import Matrix, build_matrix
from abcxyz.core.metrics import CoreMetrics, core_metrics
from abcxyz.core.migration import Transitions, transitions
from abcxyz.core.panel import METRICS, Panel, aggregate
from abcxyz.core.past import backfill, backfill_window
from abcxyz.core.playbook import Playbook, default_playbook
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
    "ALERTS",
    "BCG",
    "EVENTS",
    "METRICS",
    "SEGMENTS",
    "TAGS",
    "UNITS",
    "AbcResult",
    "Action",
    "Actions",
    "Alert",
    "AlertRules",
    "Analysis",
    "ClassSummary",
    "Confidence",
    "CoreMetrics",
    "CountShares",
    "CrmFacts",
    "CumulativeMean",
    "Cuts",
    "Deal",
    "Forecast",
    "Grouping",
    "LeadContact",
    "Limits",
    "Matrix",
    "OverlappingWindowsWarning",
    "Panel",
    "Periods",
    "Playbook",
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
    "TimeSpent",
    "Transactions",
    "Transitions",
    "Window",
    "XyzResult",
    "advise",
    "aggregate",
    "analyze",
    "backfill",
    "backfill_window",
    "build_matrix",
    "class_confidence",
    "classify_abc",
    "classify_cv",
    "classify_xyz",
    "coefficient_of_variation",
    "compare",
    "concat",
    "core_metrics",
    "customer_groups",
    "default_playbook",
    "default_scorecard",
    "event",
    "find_alerts",
    "forecast",
    "group_names",
    "period_start",
    "rate_interval",
    "score_prospect",
    "score_prospects",
    "shift_period",
    "steady",
    "tag",
    "transitions",
    "with_facts",
]
