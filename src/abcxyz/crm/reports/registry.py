"""The reports by name, and the options that each takes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from attrs import field, frozen

from abcxyz._maps import frozen_map
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

__all__ = ["REPORTS", "ReportKind", "in_order", "make_report", "parts_of"]


@frozen
class ReportKind:
    """A report: what it answers, its function, whether it takes a window, and its options.

    *parts* are options that are results of other reports: option -> name of the report.
    """

    help: str
    function: Callable[..., Report]
    windowed: bool = True
    options: frozenset[str] = frozenset()
    parts: Mapping[str, str] = field(factory=dict, converter=frozen_map)

    @property
    def accepted(self) -> frozenset[str]:
        """Options of the report, and of those that it is made from."""
        return self.options.union(
            self.parts, *(REPORTS[one].options for one in self.parts.values())
        )


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
            "open deals by stage",
            snapshot,
            windowed=False,
            options=frozenset({"funnel"}),
            parts={"win": "win"},
        ),
        "managers": ReportKind(
            "what each manager sells, at equal leads too",
            managers,
            parts={"service": "sla", "stuck": "stuck"},
        ),
        "sources": ReportKind(
            "what the sources of leads bring", sources, options=frozenset({"margin"})
        ),
        "products": ReportKind("revenue, margin and conversion of products", products),
        "activity": ReportKind(
            "calls, meetings and letters by person, and for which class the time goes",
            activity,
            options=frozenset({"classes", "past_classes"}),
        ),
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
                    "fields",
                    "allow",
                    "known_since",
                    "min_money",
                    "classes",
                    "calendar",
                    "rules",
                }
            ),
            parts={"win": "win"},
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


def in_order(names: Iterable[str]) -> list[str]:
    """Return the names of reports so that those that others are made from come first."""
    return sorted(names, key=lambda name: name in REPORTS and bool(REPORTS[name].parts))


def parts_of(name: str, made: Mapping[str, Report]) -> dict[str, Report]:
    """Return what a report is made from, of the reports that are made already."""
    parts = REPORTS[name].parts if name in REPORTS else {}
    return {option: made[other] for option, other in parts.items() if other in made}


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
        Options of the function, and of the reports that it is made from; None leaves one at its
        default. Results of those reports that are not given are made, where the records allow.

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
        if key not in kind.accepted:
            raise InputError(
                "the report {name} has no option {option}; leave it out", name=name, option=key
            )
    if window is None and name == "flow":
        raise InputError("the report flow needs a window; give its first and last day")
    parts = {option: chosen.pop(option) for option in kind.parts if option in chosen}
    for option, other in kind.parts.items():
        if option not in parts:
            shared = {key: one for key, one in chosen.items() if key in REPORTS[other].options}
            with contextlib.suppress(InputError):  # these records do not allow it
                parts[option] = make_report(other, crm, window, **shared)
    chosen = {key: value for key, value in chosen.items() if key in kind.options} | parts
    return kind.function(crm, window, **chosen) if kind.windowed else kind.function(crm, **chosen)
