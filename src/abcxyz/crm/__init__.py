"""CRM analytics: funnel, losses, managers, cycle time, service levels over a CRM's events."""

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

__all__ = [
    "TABLES",
    "Activities",
    "CrmData",
    "Deals",
    "Leads",
    "Outcomes",
    "Plans",
    "ProductLines",
    "Spend",
    "Stage",
    "StageChanges",
    "StageMap",
    "TextColumn",
    "Users",
    "Values",
    "Visits",
    "guess_stages",
    "text_column",
]
