"""The reports by name, and the options that each takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from attrs import frozen

from abcxyz.core.sales.calendar import Window
from abcxyz.crm.baskets.recommendations import recommendations
from abcxyz.crm.deals.risks import deal_risks
from abcxyz.crm.deals.stuck import stuck_deals
from abcxyz.crm.deals.win_probability import win_probability
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.reports.activity import activity
from abcxyz.crm.reports.base import Report
from abcxyz.crm.reports.cycle import cycle
from abcxyz.crm.reports.flow import flow, snapshot
from abcxyz.crm.reports.funnel import funnel
from abcxyz.crm.reports.lost_reasons import losses
from abcxyz.crm.reports.managers import managers
from abcxyz.crm.reports.products import products
from abcxyz.crm.reports.service.levels import service_levels
from abcxyz.crm.reports.sources import sources
from abcxyz.errors import InputError

__all__ = ["REPORTS", "ReportKind", "make_report"]


@frozen
class ReportKind:
    """A report: what it answers, its function, whether it takes a window, and its options."""

    help: str
    function: Callable[..., Report]
    windowed: bool = True
    options: frozenset[str] = frozenset()


REPORTS: Mapping[str, ReportKind] = MappingProxyType(
    {
        "funnel": ReportKind(
            "how many deals reach each stage, and which leak costs most",
            funnel,
            options=frozenset({"funnel", "by", "stage", "horizon", "margin"}),
        ),
        "flow": ReportKind(
            "moves into and out of every stage", flow, options=frozenset({"funnel"})
        ),
        "snapshot": ReportKind(
            "open deals by stage", snapshot, windowed=False, options=frozenset({"funnel"})
        ),
        "managers": ReportKind("what each manager sells, at equal leads too", managers),
        "sources": ReportKind(
            "what the sources of leads bring", sources, options=frozenset({"margin"})
        ),
        "products": ReportKind("revenue, margin and conversion of products", products),
        "activity": ReportKind("calls, meetings and letters by person", activity),
        "losses": ReportKind("why deals are lost", losses, options=frozenset({"by"})),
        "cycle": ReportKind(
            "time to closing and time in stage", cycle, options=frozenset({"funnel"})
        ),
        "stuck": ReportKind(
            "open deals that stay too long",
            stuck_deals,
            windowed=False,
            options=frozenset({"funnel", "deal_days", "silent"}),
        ),
        "win": ReportKind(
            "which open deals will be won, and what they are expected to bring",
            win_probability,
            windowed=False,
            options=frozenset({"funnel", "horizon", "model", "fields", "allow", "known_since"}),
        ),
        "risks": ReportKind(
            "which open deals are at risk, why, and for how much money",
            deal_risks,
            windowed=False,
            options=frozenset(
                {
                    "funnel",
                    "model",
                    "win",
                    "fields",
                    "allow",
                    "known_since",
                    "min_money",
                    "classes",
                    "calendar",
                    "rules",
                }
            ),
        ),
        "sla": ReportKind(
            "requests answered in time", service_levels, options=frozenset({"calendar", "rules"})
        ),
        "offers": ReportKind(
            "what to offer to each customer next, and what is due",
            recommendations,
            windowed=False,
            options=frozenset({"customer", "exclude"}),
        ),
    }
)
"""Name of a report -> the report."""


def make_report(name: str, crm: CrmData, window: Window | None = None, **options: Any) -> Report:
    """Make a report by its name.

    Parameters
    ----------
    name
        One of `REPORTS`.
    crm
        The records.
    window
        Days of the report; None for all. A snapshot has none.
    **options
        Options of the function; None leaves one at its default.

    Raises
    ------
    InputError
        An unknown report, an option that it does not take, or a flow without a window.
    """
    if name not in REPORTS:
        raise InputError(
            "the report {name!r} is unknown; use one of {known}",
            name=name,
            known=", ".join(REPORTS),
        )
    kind = REPORTS[name]
    chosen = {key: value for key, value in options.items() if value is not None}
    for key in chosen:
        if key not in kind.options:
            raise InputError(
                "the report {name} has no option {option}; leave it out", name=name, option=key
            )
    if not kind.windowed:
        return kind.function(crm, **chosen)
    if window is None and name == "flow":
        raise InputError("the report flow needs a window; give its first and last day")
    return kind.function(crm, window, **chosen)
