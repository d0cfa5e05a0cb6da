"""The CRM reports that the page and the workbook show, and the columns of the page's tables."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from abcxyz.crm.reports.registry import REPORTS
from abcxyz.i18n import text

__all__ = ["FIRST_REPORTS", "PAGE_COLUMNS", "report_subject"]

#: Name of a report, the most important first -> fields of its rows that the page shows.
PAGE_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "funnel": (
            *("name", "touched", "reached", "conversion", "low", "high"),
            *("lost_here", "open_here", "handed_here", "worth"),
        ),
        "losses": ("reason", "lost", "amount", "share", "low", "high", "of_deals", "incidence"),
        "sla": ("rule", "owner", "met", "late", "overdue", "share", "low", "high"),
        "anomalies": (
            *("state", "metric", "dimension", "group", "since", "until", "value", "expected"),
            *("expected_low", "expected_high", "n", "money"),
        ),
        "effects": (
            *("day", "what", "figure", "value_before", "value_after"),
            *("rate_effect", "effect_low", "effect_high", "verdict", "profit"),
        ),
        "managers": (
            *("name", "created", "won", "won_amount", "average_cheque"),
            *("rate", "low", "high", "ratio", "verdict", "sla_share", "stuck"),
        ),
        "sources": ("source", "leads", "deals", "won", "won_amount", "rate", "per_lead"),
        "cycle": ("funnel", "deals", "won", "lost", "open", "median", "p90"),
        "stuck": ("deal", "stage", "owner", "days", "usual", "silent", "amount"),
        "risks": ("deal", "stage", "owner", "amount", "probability", "at_risk"),
        "win": ("deal", "stage", "owner", "amount", "probability", "expected"),
        "offers": ("customer", "product", "share"),
        "snapshot": ("stage", "deals", "amount", "weighted", "median_days", "p90_days"),
        "products": ("product", "lines", "amount", "margin_share", "coverage", "conversion"),
        "activity": ("user", "kind", "done", "minutes"),
    }
)

#: Reports that the page shows at once; the others are folded beneath their findings.
FIRST_REPORTS = ("funnel", "losses", "sla", "anomalies", "effects")

#: What the reports answer that are made from a history of weeks.
_WEEKLY = {"anomalies": "What is not as usual", "effects": "What the changes did"}


def report_subject(name: str, lang: str) -> str:
    """Return what a report answers, for one that could not be made and has no title."""
    said = text(REPORTS[name].help if name in REPORTS else _WEEKLY.get(name, name), lang)
    return said[:1].upper() + said[1:]
