"""Charts of the CRM reports, each with its finding as the heading."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from abcxyz.charts.rows import BarRow, bar_rows
from abcxyz.charts.svg import CLASS_COLOURS, DOWN, SAME, TANGENT, UP, Picture
from abcxyz.crm.baskets.recommendations import Recommendations
from abcxyz.crm.deals.risk_record import DealRisks
from abcxyz.crm.deals.stuck import StuckReport
from abcxyz.crm.deals.win_record import WinProbability
from abcxyz.crm.reports.activity import ActivityReport
from abcxyz.crm.reports.base import NOT_GIVEN, Report
from abcxyz.crm.reports.cycle import CycleReport
from abcxyz.crm.reports.flow import FlowReport, SnapshotReport
from abcxyz.crm.reports.funnel import FunnelReport
from abcxyz.crm.reports.groups import GroupRate
from abcxyz.crm.reports.lost_reasons import LossesReport
from abcxyz.crm.reports.managers import ManagersReport
from abcxyz.crm.reports.products import ProductsReport
from abcxyz.crm.reports.service.levels import ServiceReport
from abcxyz.crm.reports.sources import SourcesReport
from abcxyz.errors import InputError
from abcxyz.i18n import compact, number, percent, plural, text

__all__ = ["crm_report"]

_DARK, _MIDDLE, _LIGHT = CLASS_COLOURS
_LISTED = 20
_Chart = tuple[list[BarRow], list[tuple[str, str]]]


def crm_report(
    report: Report,
    lang: str = "en",
    *,
    width: float = 640,
    currency: str = "",
    theme: str = "light",
    finding: bool = True,
) -> Picture:
    """Draw a CRM report as rows of bars, with the finding above.

    Parameters
    ----------
    report
        Result of a report such as `abcxyz.crm.funnel`.
    lang
        Language of the labels and numbers.
    width
        Width in pixels; below 400 the layout is for a phone.
    currency
        Currency sign of the amounts.
    theme
        ``light`` or ``dark``.
    finding
        Whether the finding stands above; it always is the description for a screen reader.

    Raises
    ------
    InputError
        The report has no chart.
    """
    for kind, chart in _CHARTS.items():
        if isinstance(report, kind):
            rows, legend = chart(report, lang, currency)
            return bar_rows(
                report.explain(lang),
                rows,
                lang,
                legend=legend,
                width=width,
                theme=theme,
                heading=finding,
            )
    raise InputError(
        "there is no picture of {kind}; known are {known}",
        kind=type(report).__name__,
        known=", ".join(kind.__name__ for kind in _CHARTS),
    )


def _funnel(report: FunnelReport, lang: str, _currency: str) -> _Chart:
    several = len(report.funnels) > 1
    rows = []
    for one in report.funnels:
        for row in one.stages:
            on = row.reached - row.lost_here - row.open_here - row.handed_here
            parts = (
                (float(on), _DARK),
                (float(row.lost_here), DOWN),
                (float(row.open_here), SAME),
                (float(row.handed_here), _LIGHT),
            )
            note = number(row.reached, lang)
            if not math.isnan(row.conversion):
                note += f" → {percent(row.conversion, lang)}"
            name = f"{one.funnel}: {row.name}" if several else row.name
            rows.append(BarRow(name, parts, note))
    legend = [("went on", _DARK), ("lost here", DOWN), ("still here", SAME)]
    if any(row.handed_here for one in report.funnels for row in one.stages):
        legend.append(("in another funnel", _LIGHT))
    return rows, _translated(legend, lang)


def _flow(report: FlowReport, lang: str, _currency: str) -> _Chart:
    rows = [
        BarRow(
            row.stage,
            (
                (float(row.out_forward + row.won), _DARK),
                (float(row.out_backward + row.aside + row.handed_out), _LIGHT),
                (float(row.lost), DOWN),
                (float(row.at_end), SAME),
            ),
            number(
                row.out_forward
                + row.won
                + row.out_backward
                + row.aside
                + row.handed_out
                + row.lost
                + row.at_end,
                lang,
            ),
        )
        for row in report.stages
    ]
    legend = [
        ("went on", _DARK),
        ("back or aside", _LIGHT),
        ("lost here", DOWN),
        ("still here", SAME),
    ]
    return rows, _translated(legend, lang)


def _snapshot(report: SnapshotReport, lang: str, currency: str) -> _Chart:
    return [
        BarRow(
            row.stage,
            ((row.amount, _DARK),),
            f"{compact(row.amount, lang, currency)} · {number(row.deals, lang)}",
        )
        for row in report.stages
    ], []


def _rate_row(label: str, rate: GroupRate, lang: str) -> BarRow:
    colour = {"higher": UP, "lower": DOWN}.get(rate.verdict, _LIGHT)
    note = f"{percent(rate.rate, lang)} · {number(rate.won, lang)}/{number(rate.decided, lang)}"
    return BarRow(label, ((rate.rate, colour),), note, (rate.low, rate.high), _rest(rate))


def _rest(rate: GroupRate) -> float:
    return rate.rate - rate.difference


def _rates(lang: str) -> list[tuple[str, str]]:
    names = [
        ("above the rest", UP),
        ("below the rest", DOWN),
        ("no difference shown", _LIGHT),
        ("the rest of the team", TANGENT),
    ]
    return _translated(names, lang)


def _managers(report: ManagersReport, lang: str, _currency: str) -> _Chart:
    rows = [
        _rate_row(_name(one.name, lang), one.rate, lang)
        for one in report.managers
        if one.rate.decided
    ]
    return rows, _rates(lang)


def _sources(report: SourcesReport, lang: str, currency: str) -> _Chart:
    return [
        BarRow(
            _name(one.source, lang),
            ((one.per_lead, _DARK),),
            f"{compact(one.per_lead, lang, currency)} · {percent(one.rate.rate, lang)}",
            (one.per_lead_low, one.per_lead_high),
        )
        for one in report.sources
        if not math.isnan(one.per_lead)
    ], []


def _products(report: ProductsReport, lang: str, currency: str) -> _Chart:
    rows = []
    for one in report.products:
        margin = max(one.margin, 0.0) if not math.isnan(one.margin) else 0.0
        rest = max(one.amount - margin, 0.0)
        note = compact(one.amount, lang, currency)
        if not math.isnan(one.margin_share):
            note += f" · {percent(one.margin_share, lang)}"
        rows.append(BarRow(one.product, ((margin, _DARK), (rest, SAME)), note))
    return rows, _translated([("margin", _DARK), ("rest of the revenue", SAME)], lang)


def _activity(report: ActivityReport, lang: str, _currency: str) -> _Chart:
    if report.classes:
        rows = []
        for one in report.classes:
            share, money = one.time_share, one.amount_share
            rows += [
                BarRow(one.customer_class, ((share, _DARK),), percent(share, lang),
                       (one.low, one.high)),
                BarRow("", ((money, SAME),), percent(money, lang)),
            ]  # fmt: skip
        return rows, _translated(
            [("share of the time", _DARK), ("share of the amount", SAME)], lang
        )
    done: dict[str, int] = {}
    for row in report.activities:
        done[row.user] = done.get(row.user, 0) + row.done
    ordered = sorted(done.items(), key=lambda pair: (-pair[1], pair[0]))
    return [
        BarRow(_name(user, lang), ((float(n), _DARK),), number(n, lang)) for user, n in ordered
    ], []


def _losses(report: LossesReport, lang: str, _currency: str) -> _Chart:
    return [
        BarRow(
            " · ".join(_name(one, lang) for one in (row.group, row.reason) if one),
            ((row.share, DOWN),),
            f"{percent(row.share, lang)} · {number(row.lost, lang)}",
            (row.low, row.high),
        )
        for row in report.reasons
    ], []


def _cycle(report: CycleReport, lang: str, _currency: str) -> _Chart:
    rows = []
    for one in report.funnels:
        for day, won in one.won_by.items():
            lost, still = one.lost_by[day], one.open_after[day]
            if math.isnan(won + lost + still):
                continue
            label = plural("{n} day|{n} days", day, lang)
            if len(report.funnels) > 1:
                label = f"{one.funnel}: {label}"
            other = max(0.0, 1 - won - lost - still)
            parts = ((won, _DARK), (lost, DOWN), (other, _LIGHT), (still, SAME))
            rows.append(BarRow(label, parts, percent(won, lang)))
    return rows, _translated(
        [("won by then", _DARK), ("lost by then", DOWN), ("still open", SAME)], lang
    )


def _stuck(report: StuckReport, lang: str, currency: str) -> _Chart:
    rows = []
    for one in report.deals:
        note = plural("{n} day|{n} days", round(one.days), lang)
        if not math.isnan(one.amount):
            note += f" · {compact(one.amount, lang, currency)}"
        label = f"{one.deal}, {one.stage}"
        rows.append(BarRow(label, ((one.days, _MIDDLE),), note, mark=one.usual))
    return rows, _translated([("days in the stage", _MIDDLE), ("usual limit", TANGENT)], lang)


def _service(report: ServiceReport, lang: str, _currency: str) -> _Chart:
    rows = []
    for one in report.levels:
        n = one.met + one.late + one.overdue
        if one.owner or not n:
            continue
        parts = ((one.met / n, _DARK), (one.late / n, SAME), (one.overdue / n, DOWN))
        note = f"{percent(one.share, lang)} · {number(n, lang)}"
        rows.append(BarRow(text(one.rule, lang), parts, note, (one.low, one.high)))
    return rows, _translated([("in time", _DARK), ("late", SAME), ("overdue", DOWN)], lang)


def _win(report: WinProbability, lang: str, currency: str) -> _Chart:
    rows = []
    for one in report.deals[:_LISTED]:
        known = not math.isnan(one.probability)
        chance = one.probability if known else 0.0
        note = percent(chance, lang) if known else "–"
        if not math.isnan(one.expected):
            note += f" · {compact(one.expected, lang, currency)}"
        rows.append(
            BarRow(f"{one.deal}, {one.stage}", ((chance, _DARK), (1 - chance, SAME)), note)
        )
    return rows, _translated([("probability to be won", _DARK)], lang)


def _risks(report: DealRisks, lang: str, currency: str) -> _Chart:
    return [
        BarRow(
            f"{one.deal}, {one.stage}",
            ((0.0 if math.isnan(one.at_risk) else one.at_risk, DOWN),),
            "–" if math.isnan(one.at_risk) else compact(one.at_risk, lang, currency),
        )
        for one in report.deals[:_LISTED]
    ], _translated([("money at risk", DOWN)], lang)


def _offers(report: Recommendations, lang: str, _currency: str) -> _Chart:
    """Draw which products are offered to how many customers."""
    counts: dict[str, int] = {}
    for one in report.offers:
        counts[one.product] = counts.get(one.product, 0) + 1
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:_LISTED]
    return [BarRow(product, ((float(n), _DARK),), number(n, lang)) for product, n in ordered], (
        _translated([("customers to whom it is offered", _DARK)], lang)
    )


def _name(name: str, lang: str) -> str:
    """Return a name from the data as it is; only the words for "none" are translated."""
    return text(name, lang) if name == NOT_GIVEN else name


def _translated(entries: list[tuple[str, str]], lang: str) -> list[tuple[str, str]]:
    return [(text(name, lang), colour) for name, colour in entries]


_CHARTS: dict[type[Report], Callable[[Any, str, str], _Chart]] = {
    FunnelReport: _funnel,
    FlowReport: _flow,
    SnapshotReport: _snapshot,
    ManagersReport: _managers,
    SourcesReport: _sources,
    ProductsReport: _products,
    ActivityReport: _activity,
    LossesReport: _losses,
    CycleReport: _cycle,
    StuckReport: _stuck,
    ServiceReport: _service,
    WinProbability: _win,
    DealRisks: _risks,
    Recommendations: _offers,
}
