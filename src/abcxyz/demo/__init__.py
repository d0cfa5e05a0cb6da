"""Synthetic sales history and CRM of a wholesaler, generated from a seed."""

from abcxyz.demo.deals import demo_records, demo_tables
from abcxyz.demo.sales import DEMO_AS_OF, Demo, DemoCrm, demo_crm, demo_sales

__all__ = [
    "DEMO_AS_OF",
    "Demo",
    "DemoCrm",
    "demo_crm",
    "demo_records",
    "demo_sales",
    "demo_tables",
]
