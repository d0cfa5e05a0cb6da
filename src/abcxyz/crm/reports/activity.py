"""Activities by person, and for which class of customers the time goes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Floats
from abcxyz.core.display import percent, plain_number
from abcxyz.core.sales.calendar import Window
from abcxyz.crm.records.columns import blank_column
from abcxyz.crm.records.data import CrmData, midnight
from abcxyz.crm.records.tables import Activities
from abcxyz.crm.reports.base import Report, Row, named
from abcxyz.crm.reports.class_times import (
    BASES,
    COUNTED,
    NO_CLASS,
    ClassTime,
    class_times,
    months_of_classes,
    won_classes,
)
from abcxyz.toolkit.catalogue import Figure, text
from abcxyz.toolkit.numbers import date_text

__all__ = ["ActivityReport", "ActivityRow", "ClassTime", "activity"]

_LONGEST = 8 * 3600


@frozen
class ActivityRow(Row):
    """Activities of one kind by one person.

    Parameters
    ----------
    user, kind
        Person, and kind of activity.
    count, done, planned
        Activities in the window, and those that took place or are planned.
    minutes, planned_minutes
        Known minutes of the done, and of the planned ones: talk time of calls, start to end of
        others.
    without_duration
        Done activities whose duration is not known.
    """

    user: str
    kind: str
    count: int
    done: int
    planned: int
    minutes: float
    planned_minutes: float
    without_duration: int


@frozen
class ActivityReport(Report):
    """Result of `activity`; *cut* activities longer than 8 hours count as 8 hours.

    Parameters
    ----------
    window
        Days of the activities; None for all.
    cut
        Number of activities that were cut.
    measured
        Whether the duration of a done activity is known.
    activities
        Activities by person and kind.
    classes
        Time by class of the customers; empty where no class is known.
    basis
        What the shares of time are of, one of `~abcxyz.crm.reports.class_times.BASES`.
    classes_of
        Days whose won amounts make the classes; None where the classes were given, or are not
        known.
    classes_since
        First day with classes of its own: from it on an activity counts for the class that its
        customer had on that day. None where only one class of each customer is known.
    before_classes
        Done activities before that day that count for the class of the day of the report.
    """

    window: Window | None
    cut: int
    measured: bool
    activities: tuple[ActivityRow, ...]
    classes: tuple[ClassTime, ...]
    basis: str = COUNTED
    classes_of: Window | None = None
    classes_since: date | None = None
    before_classes: int = 0

    def rows(self) -> list[Row]:
        """Return the activities by person and kind."""
        return list(self.activities)

    def title(self, lang: str = "en") -> str:
        """Return the name of the report."""
        return text("Activities", lang)

    def explain(self, lang: str = "en") -> str:
        """Return for which class the time goes."""
        done = sum(row.done for row in self.activities)
        took_place = text(("{n} {n:activity|activities} took place."), lang, n=Figure(done))
        lines = []
        known = [one for one in self.classes if one.customer_class != NO_CLASS]
        if not known:
            lines.append(took_place)
            lines.append(
                text(
                    "For which class the time goes is not known: no deals with a customer and an "
                    "amount were won in the twelve months before.",
                    lang,
                )
            )
            return " ".join(lines)
        most = max(known, key=lambda one: one.time_share)
        lines.append(
            text(
                "{share} {what} went to class {name}, which brings {money} of the amount.",
                lang,
                share=percent(most.time_share, lang),
                what=text(BASES[self.basis], lang),
                name=most.customer_class,
                money=percent(most.amount_share, lang),
            )
        )
        lines.append(took_place)
        lines += [
            text(
                "Class {name}: {share}, for {money} of the amount."
                if one in known
                else "Customers without a class: {share}, for {money} of the amount.",
                lang,
                name=one.customer_class,
                share=percent(one.time_share, lang),
                money=percent(one.amount_share, lang),
            )
            for one in self.classes
            if one is not most
        ]
        lines.append(self._base(lang))
        lines.append(self._day_of_classes(lang))
        return " ".join(lines)

    def _day_of_classes(self, lang: str) -> str:
        """Return of which day the classes are."""
        if self.classes_of is not None:
            return text(
                "The classes are ABC by the amount of the deals won from {since} to {last}.",
                lang,
                since=date_text(self.classes_of.since, lang),
                last=date_text(self.classes_of.last, lang),
            )
        if self.classes_since is None:
            return text("The classes are those of the day of the report.", lang)
        said = text("The class is that of the customer on the day of each activity.", lang)
        if not self.before_classes:
            return said
        note = text(
            "The history of the classes begins on {since}; earlier activities count for the class "
            "of the day of the report: {n}.",
            lang,
            since=date_text(self.classes_since, lang),
            n=plain_number(self.before_classes, lang),
        )
        return f"{said} {note}"

    def _base(self, lang: str) -> str:
        """Return what the shares of time are of."""
        done = sum(one.activities for one in self.classes)
        if self.basis == COUNTED:
            return text(
                "The base is {n} {n:activity|activities}: no duration is known.",
                lang,
                n=Figure(done),
            )
        hours = sum(one.minutes for one in self.classes) / 60
        return text(
            "The base is {hours} {hours:hour|hours} of {n} {n:activity|activities} whose "
            "duration is known.",
            lang,
            hours=Figure(hours, 1),
            n=Figure(sum(one.timed for one in self.classes)),
        )


def activity(
    crm: CrmData,
    window: Window | None = None,
    *,
    classes: Mapping[Any, str] | None = None,
    past_classes: Mapping[date, Mapping[Any, str]] | None = None,
    seed: int = 0,
) -> ActivityReport:
    """Report the activities of a window, by person and by the class of the customer.

    Parameters
    ----------
    crm
        The records; the table ``activities`` is needed.
    window
        Days of the start, in the time zone of the business; None for all.
    classes
        Customer -> class such as ``A``. None, or empty: the ABC classes by the amount of the deals
        won in the twelve complete months before the end of the window.
    past_classes
        Day -> customer -> class from the beginning of that day on, until the next day listed; who
        is not listed has no class. A result of sales holds from the day after its date. What was
        before the first day counts for *classes*, without these for the newest; days at or after
        the end of the records are left out.
    seed
        Seed of the bootstrap.

    Raises
    ------
    InputError
        No activities.
    """
    table: Activities = crm.need("activities")
    inside = crm.inside(table.started, window)
    done = table.took_place
    seconds, cut = _seconds(table, inside & done)
    nobody = blank_column(len(table))
    user = named(table.user or nobody)
    size = len(table.kind.categories)
    total = len(user.categories) * size
    # One count for planned and done: the last figure of the key tells them apart.
    key = (user.codes * size + table.kind.codes) * 2 + done
    timed = inside & ~np.isnan(seconds)
    counts = np.bincount(key[inside], minlength=2 * total).reshape(-1, 2)
    with_time = np.bincount(key[timed], minlength=2 * total).reshape(-1, 2)
    minutes = np.bincount(key[timed], seconds[timed] / 60, minlength=2 * total).reshape(-1, 2)
    rows = [
        ActivityRow(
            user.categories[one // size],
            table.kind.categories[one % size],
            int(counts[one].sum()),
            int(counts[one, 1]),
            int(counts[one, 0]),
            float(minutes[one, 1]),
            float(minutes[one, 0]),
            int(counts[one, 1] - with_time[one, 1]),
        )
        for one in np.flatnonzero(counts.sum(axis=1)).tolist()
    ]
    rows.sort(key=lambda row: (row.user, row.kind))
    months = None
    past = {
        day: known
        for day, known in (past_classes or {}).items()
        if midnight(day, crm.zone) < crm.until
    }
    if not classes and past:
        classes = past[max(past)]
    if not classes:
        months = months_of_classes(crm, window)
        classes = won_classes(crm, months)
        past = {}
    basis, shares, before = COUNTED, tuple[ClassTime, ...](), 0
    if classes:
        basis, shares, before = class_times(
            crm, window, classes, past, inside & done, seconds, seed
        )
    measured = bool(with_time[:, 1].any())
    return ActivityReport(
        window,
        cut,
        measured,
        tuple(rows),
        shares,
        basis,
        months if shares else None,
        min(past, default=None) if shares else None,
        before,
    )


def _seconds(table: Activities, chosen: Bools) -> tuple[Floats, int]:
    """Return the known seconds of every activity, cut at 8 hours, and how many were cut."""
    seconds = table.lengths
    long = chosen & (seconds > _LONGEST)
    return np.minimum(seconds, _LONGEST), int(long.sum())
