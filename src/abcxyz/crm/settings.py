"""Settings of the CRM half of a job: working calendar, service levels, announced changes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import date, time
from typing import Any

from attrs import field, frozen

from abcxyz._arrays import as_day
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.reports.service.rules import RULES, ServiceRule
from abcxyz.crm.statistics.business_calendar import BusinessCalendar
from abcxyz.crm.statistics.country_days import country_days
from abcxyz.errors import InputError
from abcxyz.toolkit.known_names import check_known

__all__ = [
    "ANOMALIES",
    "EFFECTS",
    "WEEKDAYS",
    "AnnouncedChange",
    "CalendarSettings",
    "CrmSettings",
]

ANOMALIES, EFFECTS = "anomalies", "effects"
"""Names of the reports on what is not as usual and on announced changes, beside `REPORTS`."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Days of the week, as a job names them."""

_SPAN = re.compile(r"\s*(\d{1,2})[:.](\d{2})\s*[-–]\s*(\d{1,2})[:.](\d{2})\s*")


def _tuple(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(values)


def _day(value: object) -> date:
    return as_day(value, "day")


@frozen(kw_only=True)
class AnnouncedChange:
    """A change in the work that was announced: reports mark its day, and no alarm is raised.

    Parameters
    ----------
    day
        First day of the change.
    what
        What was changed, in a few words.
    stage
        Stage that it concerns; empty for all.
    funnel
        Funnel that it concerns; empty for all.

    Examples
    --------
    >>> AnnouncedChange(day="2026-05-01", what="proposals by video", stage="OFFER").day.month
    5
    """

    day: date = field(converter=_day, metadata={"help": "first day of the change"})
    what: str = field(metadata={"help": "what was changed, in a few words"})
    stage: str = field(default="", metadata={"help": "stage that it concerns; all by default"})
    funnel: str = field(default="", metadata={"help": "funnel that it concerns; all by default"})

    def __attrs_post_init__(self) -> None:
        if not self.what.strip():
            raise InputError(
                "the change of {day} does not say what was changed; name it", day=self.day
            )


@frozen(kw_only=True)
class CalendarSettings:
    """Working calendar as a job writes it.

    Parameters
    ----------
    days
        Working days of the week, some of `WEEKDAYS`.
    hours
        Opening hours of such a day; several spans leave a break out.
    country
        Code of a country such as ``RU`` whose holidays and moved working days count too; empty
        for none. It needs the package ``holidays``.
    closed, open
        Days that are closed or open against the week and the country.

    Raises
    ------
    InputError
        A day of the week or a span of hours that is none, a country that is not known, or the
        package for it is missing.

    Examples
    --------
    >>> settings = CalendarSettings(hours=["09:00-13:00", "14:00-18:00"], closed=["2026-11-04"])
    >>> calendar = settings.calendar("Europe/Moscow")
    >>> len(calendar.hours[0]), calendar.holidays
    (2, frozenset({datetime.date(2026, 11, 4)}))
    """

    days: tuple[str, ...] = field(
        default=WEEKDAYS[:5], converter=_tuple, metadata={"help": "working days of the week"}
    )
    hours: tuple[str, ...] = field(
        default=("09:00-18:00",),
        converter=_tuple,
        metadata={"help": "opening hours; several spans leave a break out"},
    )
    country: str = field(
        default="",
        metadata={"help": "country such as RU whose holidays and moved working days count"},
    )
    closed: tuple[date, ...] = field(
        default=(), converter=_tuple, metadata={"help": "days off, such as holidays"}
    )
    open: tuple[date, ...] = field(
        default=(), converter=_tuple, metadata={"help": "working days outside of the week"}
    )

    def __attrs_post_init__(self) -> None:
        check_known(
            "{key!r} is no working day of the week; use some of {known}",
            key=self.days,
            known=WEEKDAYS,
            error=InputError,
        )
        self.calendar("UTC")

    def calendar(self, zone: str) -> BusinessCalendar:
        """Return the calendar in a time zone."""
        spans = tuple(map(_span, self.hours))
        closed, open_ = (frozenset(map(_day, days)) for days in (self.closed, self.open))
        days_off, worked = country_days(self.country) if self.country else (closed, open_)
        return BusinessCalendar(
            zone,
            hours={WEEKDAYS.index(day): spans for day in self.days},
            holidays=(days_off - open_) | closed,
            extra_days=(worked - closed) | open_,
        )


def _span(written: str) -> tuple[time, time]:
    match = _SPAN.fullmatch(written)
    try:
        if match is not None:
            start, end = (int(match[1]), int(match[2])), (int(match[3]), int(match[4]))
            return time(*start), time(23, 59, 59) if end == (24, 0) else time(*end)
    except ValueError:
        pass
    raise InputError("the opening hours are {value!r}; write them as 09:00-18:00", value=written)


@frozen(kw_only=True)
class CrmSettings:
    """Settings of `analyze_crm`.

    Parameters
    ----------
    currency
        Currency of the money; deals in others are left out of sums and counted. None: that of
        the deals, if there is one.
    funnel
        Funnel of the reports that take one; None for all.
    margin
        Share of the amount that is profit; None leaves money as sales.
    min_money
        Money from which a figure that is not as usual is an alarm, where its money is known, and
        from which a low probability is a reason why a deal is at risk.
    reports
        Names of the reports, `ANOMALIES` or `EFFECTS`; empty makes all that the records allow.
    calendar
        Working time; None is that of the source, or else Monday to Friday, 9 to 18.
    rules
        Rules of service.
    changes
        Announced changes.

    Examples
    --------
    >>> [rule.name for rule in CrmSettings().rules]
    ['answer', 'proposal', 'call']
    """

    currency: str | None = field(
        default=None, metadata={"help": "currency of the money; deals in others are left out"}
    )
    funnel: str | None = field(
        default=None, metadata={"help": "funnel of the reports; all by default"}
    )
    margin: float | None = field(
        default=None, metadata={"help": "share of the amount that is profit, such as 0.3"}
    )
    min_money: float = field(
        default=0.0,
        metadata={"help": "money from which an unusual figure or a low probability is an alert"},
    )
    reports: tuple[str, ...] = field(
        default=(),
        converter=_tuple,
        metadata={"help": "reports to make; all that the records allow by default"},
    )
    calendar: CalendarSettings | None = None
    rules: tuple[ServiceRule, ...] = field(default=RULES, converter=_tuple)
    changes: tuple[AnnouncedChange, ...] = field(default=(), converter=_tuple)

    def __attrs_post_init__(self) -> None:
        if self.reports:
            # Loads all reports, of which a job without a CRM makes none.
            from abcxyz.crm.reports.registry import REPORTS

            check_known(
                "the report {key!r} is unknown; use some of {known}",
                key=self.reports,
                known=(*REPORTS, ANOMALIES, EFFECTS),
                error=InputError,
            )
        if not 0 <= self.min_money < math.inf:
            raise InputError(
                "min_money is {value}; give a sum of money from 0", value=self.min_money
            )
        if self.margin is not None and not 0 < self.margin <= 1:
            raise InputError(
                "the margin is {margin}; give a share between 0 and 1", margin=self.margin
            )

    @property
    def profit_share(self) -> float:
        """The margin; without one, money is counted whole."""
        return 1.0 if self.margin is None else self.margin

    def options(self, calendar: BusinessCalendar | None, **known: Any) -> dict[str, Any]:
        """Return the options of reports that the settings decide, and what else is *known*."""
        return known | {
            "funnel": self.funnel,
            "margin": self.margin,
            "calendar": calendar,
            "rules": self.rules,
            "min_money": self.min_money,
        }

    def calendar_for(
        self, crm: CrmData, of_source: BusinessCalendar | None = None
    ) -> BusinessCalendar:
        """Return the working calendar: that of the settings, of the source, or the usual one."""
        if self.calendar is not None:
            return self.calendar.calendar(crm.zone)
        return of_source or BusinessCalendar(crm.zone)
