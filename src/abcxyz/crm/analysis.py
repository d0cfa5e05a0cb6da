"""All reports on a CRM together: the CRM half of an analysis."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any

import attrs
from attrs import field, frozen

from abcxyz._arrays import as_day
from abcxyz._maps import frozen_map
from abcxyz.core.advice.crm_facts import CrmFacts
from abcxyz.core.documents import head
from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.quality import Quality
from abcxyz.crm.alarms.alarm import Anomalies
from abcxyz.crm.alarms.anomalies import anomalies
from abcxyz.crm.changes.effects import effects_of_changes
from abcxyz.crm.deals.risk_record import DealRisks
from abcxyz.crm.deals.stuck import StuckReport
from abcxyz.crm.facts import crm_facts
from abcxyz.crm.records.data import CrmData, as_local
from abcxyz.crm.reports.base import Report
from abcxyz.crm.reports.registry import REPORTS, in_order, make_report, parts_of
from abcxyz.crm.reports.service.levels import ServiceReport
from abcxyz.crm.settings import ANOMALIES, EFFECTS, CrmSettings
from abcxyz.crm.statistics.business_calendar import BusinessCalendar
from abcxyz.errors import InputError
from abcxyz.toolkit.catalogue import Catalogue

__all__ = ["CrmAnalysis", "analyze_crm"]

_WORDS = Catalogue()


def _texts(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(texts)


@frozen(kw_only=True, eq=False)
class CrmAnalysis:
    """Reports on a CRM, as sinks see them beside the analysis of the sales.

    Parameters
    ----------
    as_of
        Day of the state: nothing of it or later is in the reports.
    window
        Days of the reports that take a window.
    crm
        The records as known on that day, in one currency if the settings name one.
    settings, calendar
        Settings of the reports, and the working calendar.
    reports
        Name of a report -> the report, in the order of `REPORTS`, then the anomalies, and
        the effects of announced changes where there are some.
    missing
        Name of a report -> why it cannot be made of these records.
    remarks
        What the source guessed, derived, or does not hold.
    """

    as_of: date
    window: Window
    crm: CrmData = field(repr=False)
    settings: CrmSettings = field(repr=False)
    calendar: BusinessCalendar = field(repr=False)
    reports: Mapping[str, Report] = field(converter=frozen_map, repr=False)
    missing: Mapping[str, str] = field(factory=dict, converter=frozen_map)
    remarks: tuple[str, ...] = field(default=(), converter=_texts)

    @property
    def quality(self) -> Quality:
        """What was repaired or left out of the records."""
        return self.crm.quality

    @property
    def anomalies(self) -> Anomalies | None:
        """What is not as usual; None where it was not sought, or cannot be."""
        made = self.reports.get(ANOMALIES)
        return made if isinstance(made, Anomalies) else None

    def facts(self) -> CrmFacts:
        """Return the facts for alerts: open deals, overdue requests, deals at risk, anomalies."""
        stuck, service = self.reports.get("stuck"), self.reports.get("sla")
        risks = self.reports.get("risks")
        return crm_facts(
            self.crm,
            stuck=stuck if isinstance(stuck, StuckReport) else None,
            service=service if isinstance(service, ServiceReport) else None,
            risks=risks if isinstance(risks, DealRisks) else None,
            unusual=[] if self.anomalies is None else [one.unusual for one in self.anomalies.open],
        )

    def records(self) -> list[dict[str, Any]]:
        """Return one record of plain values per row of every report, with its finding in words."""
        shared = {"as_of": self.as_of.isoformat()}
        return [
            {"report": name, **shared, **row.to_record()}
            for name, report in self.reports.items()
            for row in report.rows()
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return a document of plain values, ready for JSON."""
        return head("crm") | {
            "as_of": self.as_of.isoformat(),
            "window": [self.window.since.isoformat(), self.window.until.isoformat()],
            "reports": {name: report.to_dict() for name, report in self.reports.items()},
            "missing": {name: str(reason) for name, reason in self.missing.items()},
            "remarks": [str(remark) for remark in self.remarks],
            "changes": [
                {**attrs.asdict(one), "day": one.day.isoformat()} for one in self.settings.changes
            ],
            "quality": self.quality.to_dict(),
        }


def analyze_crm(
    crm: CrmData,
    *,
    as_of: object = None,
    window: Window | None = None,
    settings: CrmSettings | None = None,
    calendar: BusinessCalendar | None = None,
    classes: Mapping[Any, str] | None = None,
    past_classes: Mapping[date, Mapping[Any, str]] | None = None,
    remarks: Iterable[str] = (),
) -> CrmAnalysis:
    """Make every report that the records of a CRM allow.

    Parameters
    ----------
    crm
        The records.
    as_of
        Day of the state; None for the end of the records.
    window
        Days of the reports; None for the year before *as_of*.
    settings
        Currency, funnel, margin, rules of service, and which reports; None for the defaults.
    calendar
        Working calendar; None is that of the settings.
    classes
        Customer of the records -> ABC class: for which class the time goes, and which deals at
        risk are of class A.
    past_classes
        Day -> customer -> ABC class from that day on, see `activity`: for which class the time
        went on each day.
    remarks
        What the source says about the records.

    Returns
    -------
    CrmAnalysis

    Raises
    ------
    InputError
        A report that the settings name cannot be made of these records.

    Examples
    --------
    >>> from abcxyz.crm import Deals
    >>> crm = CrmData(deals=Deals(deal=[1], funnel=["sales"], stage=["NEW"],
    ...                           created=["2026-05-01T09:00:00+03:00"]), zone="Europe/Moscow")
    >>> made = analyze_crm(crm, as_of=date(2026, 6, 1))
    >>> list(made.reports)
    ['snapshot', 'managers', 'sources', 'losses', 'win', 'anomalies']
    >>> made.missing["funnel"]
    'this report needs the table stage_changes; add it to the source'
    """
    settings = settings or CrmSettings()
    if settings.currency is not None:
        crm = crm.in_currency(settings.currency)
    if as_of is not None:
        crm = crm.as_of(as_of)
    day = as_local(crm.until, crm.zone).date() if as_of is None else as_day(as_of, "as_of")
    if window is None:
        window = Window(day - timedelta(days=365), day)
    calendar = calendar or settings.calendar_for(crm)
    # Deals closed before the window may be missing, so nothing is learned from days before it.
    chosen = settings.options(
        calendar, known_since=window.since, classes=classes, past_classes=past_classes
    )
    makers: dict[str, Callable[..., Report]] = {}
    for name, kind in REPORTS.items():
        options = {key: value for key, value in chosen.items() if key in kind.accepted}
        makers[name] = partial(make_report, name, crm, window, **options)
    margin = settings.profit_share
    makers[ANOMALIES] = partial(
        anomalies,
        crm,
        calendar=calendar,
        changes=settings.changes,
        margin=margin,
        min_money=settings.min_money,
        rules=settings.rules,
    )
    if settings.changes:
        makers[EFFECTS] = partial(effects_of_changes, crm, settings.changes, margin=margin)
    wanted = [name for name in makers if not settings.reports or name in settings.reports]
    made: dict[str, Report] = {}
    missing: dict[str, str] = {}
    for name in in_order(wanted):
        try:
            made[name] = makers[name](**parts_of(name, made))
        except InputError as problem:
            if settings.reports:
                raise
            missing[name] = _WORDS.message("{problem}", problem=problem)
    reports = {name: made[name] for name in wanted if name in made}
    missing = {name: missing[name] for name in wanted if name in missing}
    return CrmAnalysis(
        as_of=day,
        window=window,
        crm=crm,
        settings=settings,
        calendar=calendar,
        reports=reports,
        missing=missing,
        remarks=remarks,
    )
