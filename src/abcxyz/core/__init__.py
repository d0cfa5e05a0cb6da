"""Core algorithms of segmentation; depends on numpy, attrs and the standard library only."""

from abcxyz.core.advice.actions import Action, Actions, advise
from abcxyz.core.advice.alerts import ALERTS, Alert, AlertRules, Alerts
from abcxyz.core.advice.backtest import Backtest, backtest_lapse
from abcxyz.core.advice.calls import Call, CallList, CallOutcome
from abcxyz.core.advice.crm_facts import CrmFacts, Deal, LeadContact, TimeSpent
from abcxyz.core.advice.growth import GrowthList, RisingCustomer
from abcxyz.core.advice.playbook import Playbook, default_playbook
from abcxyz.core.analysis.analyze import analyze, with_facts
from abcxyz.core.analysis.find_alerts import find_alerts
from abcxyz.core.analysis.find_calls import find_calls, find_growth
from abcxyz.core.analysis.record import Analysis, summary_object
from abcxyz.core.analysis.summary import Summary
from abcxyz.core.analysis.webhook_document import WebhookDocument
from abcxyz.core.classes.classify import (
    classify_abc,
    classify_cv,
    classify_xyz,
    coefficient_of_variation,
)
from abcxyz.core.classes.matrix import Matrix, build_matrix
from abcxyz.core.classes.results import AbcResult, ClassSummary, XyzResult
from abcxyz.core.classes.rules import (
    CountShares,
    CumulativeMean,
    Cuts,
    Limits,
    Rule,
    Shares,
    Tangent,
)
from abcxyz.core.classes.segments import BCG, SEGMENTS, TAGS, Grouping, tag
from abcxyz.core.documents import json_schema
from abcxyz.core.dynamics.backfill import backfill, backfill_window
from abcxyz.core.dynamics.comparison import OverlappingWindowsWarning, compare
from abcxyz.core.dynamics.core_metrics import CoreMetrics, core_metrics
from abcxyz.core.dynamics.events import EVENTS, event
from abcxyz.core.dynamics.forecast import Forecast, forecast
from abcxyz.core.dynamics.hysteresis import steady
from abcxyz.core.dynamics.rate_interval import rate_interval
from abcxyz.core.dynamics.transitions import Transitions, transitions
from abcxyz.core.landmarks.lapse import lapse_risk
from abcxyz.core.landmarks.lapse_record import LapseRisk
from abcxyz.core.landmarks.rise import RiseChance, rise_chance
from abcxyz.core.prospects.scorecard import Scorecard, default_scorecard
from abcxyz.core.prospects.scores import (
    ProspectScore,
    ProspectScores,
    score_prospect,
    score_prospects,
)
from abcxyz.core.sales.calendar import UNITS, Periods, Window, period_start, shift_period
from abcxyz.core.sales.panel import METRICS, Panel, aggregate
from abcxyz.core.sales.quality import Quality, QualityIssue
from abcxyz.core.sales.transactions import Transactions, concat
from abcxyz.core.snapshots.confidence import Confidence, class_confidence
from abcxyz.core.snapshots.groups import customer_groups, group_names
from abcxyz.core.snapshots.settings import Settings
from abcxyz.core.snapshots.snapshot import Snapshot

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
    "Alerts",
    "Analysis",
    "Backtest",
    "Call",
    "CallList",
    "CallOutcome",
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
    "GrowthList",
    "LapseRisk",
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
    "RiseChance",
    "RisingCustomer",
    "Rule",
    "Scorecard",
    "Settings",
    "Shares",
    "Snapshot",
    "Summary",
    "Tangent",
    "TimeSpent",
    "Transactions",
    "Transitions",
    "WebhookDocument",
    "Window",
    "XyzResult",
    "advise",
    "aggregate",
    "analyze",
    "backfill",
    "backfill_window",
    "backtest_lapse",
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
    "find_calls",
    "find_growth",
    "forecast",
    "group_names",
    "json_schema",
    "lapse_risk",
    "period_start",
    "rate_interval",
    "rise_chance",
    "score_prospect",
    "score_prospects",
    "shift_period",
    "steady",
    "summary_object",
    "tag",
    "transitions",
    "with_facts",
]
