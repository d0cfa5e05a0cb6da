"""Public names of `abcxyz.crm`, which are all loaded with the first of them."""

from abcxyz.crm.alarms.alarm import Alarm, Anomalies
from abcxyz.crm.alarms.anomalies import anomalies
from abcxyz.crm.analysis import CrmAnalysis, analyze_crm
from abcxyz.crm.baskets.purchases import Purchases
from abcxyz.crm.baskets.recommendations import recommend, recommendations
from abcxyz.crm.changes.before_after import BeforeAfter, before_after, before_after_means
from abcxyz.crm.changes.effect import EffectOfChange, effect_of_change
from abcxyz.crm.changes.interrupted import InterruptedSeries, interrupted_time_series
from abcxyz.crm.changes.why import why
from abcxyz.crm.changes.why_result import Why
from abcxyz.crm.deals.fit_win import fit_win_model
from abcxyz.crm.deals.risk_record import DealRisk, DealRisks
from abcxyz.crm.deals.risks import deal_risks
from abcxyz.crm.deals.stuck import stuck_deals
from abcxyz.crm.deals.win_model import WinModel
from abcxyz.crm.deals.win_probability import win_probability
from abcxyz.crm.deals.win_record import WinDeal, WinProbability
from abcxyz.crm.profit import ChangeLine, ChangeOfProfit, profit_of_change
from abcxyz.crm.records.columns import TextColumn, text_column
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.records.stages import Stage, StageMap, guess_stages
from abcxyz.crm.records.tables import (
    TABLES,
    Activities,
    Deals,
    Leads,
    Plans,
    ProductLines,
    Spend,
    StageChanges,
    Users,
    Values,
)
from abcxyz.crm.records.visits import Outcomes, Visits
from abcxyz.crm.reports.activity import activity
from abcxyz.crm.reports.base import Report
from abcxyz.crm.reports.cycle import cycle
from abcxyz.crm.reports.flow import flow, snapshot
from abcxyz.crm.reports.funnel import funnel
from abcxyz.crm.reports.lost_reasons import losses
from abcxyz.crm.reports.managers import managers
from abcxyz.crm.reports.products import products
from abcxyz.crm.reports.registry import REPORTS, make_report
from abcxyz.crm.reports.service.levels import service_levels
from abcxyz.crm.reports.service.rules import ServiceRule
from abcxyz.crm.reports.sources import sources
from abcxyz.crm.settings import AnnouncedChange, CalendarSettings, CrmSettings
from abcxyz.crm.statistics.business_calendar import BusinessCalendar
from abcxyz.crm.statistics.survival import cumulative_incidence, kaplan_meier

__all__ = [
    "REPORTS",
    "TABLES",
    "Activities",
    "Alarm",
    "AnnouncedChange",
    "Anomalies",
    "BeforeAfter",
    "BusinessCalendar",
    "CalendarSettings",
    "ChangeLine",
    "ChangeOfProfit",
    "CrmAnalysis",
    "CrmData",
    "CrmSettings",
    "DealRisk",
    "DealRisks",
    "Deals",
    "EffectOfChange",
    "InterruptedSeries",
    "Leads",
    "Outcomes",
    "Plans",
    "ProductLines",
    "Purchases",
    "Report",
    "ServiceRule",
    "Spend",
    "Stage",
    "StageChanges",
    "StageMap",
    "TextColumn",
    "Users",
    "Values",
    "Visits",
    "Why",
    "WinDeal",
    "WinModel",
    "WinProbability",
    "activity",
    "analyze_crm",
    "anomalies",
    "before_after",
    "before_after_means",
    "cumulative_incidence",
    "cycle",
    "deal_risks",
    "effect_of_change",
    "fit_win_model",
    "flow",
    "funnel",
    "guess_stages",
    "interrupted_time_series",
    "kaplan_meier",
    "losses",
    "make_report",
    "managers",
    "products",
    "profit_of_change",
    "recommend",
    "recommendations",
    "service_levels",
    "snapshot",
    "sources",
    "stuck_deals",
    "text_column",
    "why",
    "win_probability",
]
