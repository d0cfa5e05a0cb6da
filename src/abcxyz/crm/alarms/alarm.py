"""Alarms: unusual weeks and lasting shifts, in sentences."""

from __future__ import annotations

import functools
from datetime import date

import attrs
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Bools, Floats
from abcxyz.core.advice.unusual import UnusualFigure
from abcxyz.core.display import Drawable
from abcxyz.crm.changes.questions import Question
from abcxyz.crm.changes.why_result import Why
from abcxyz.crm.reports.base import Report, Row
from abcxyz.crm.settings import AnnouncedChange
from abcxyz.toolkit.catalogue import Figure, plural, text

__all__ = ["Alarm", "AlarmChart", "AlarmRow", "Anomalies"]


@frozen
class AlarmChart:
    """The series of an alarm with its limits, for the picture.

    Parameters
    ----------
    title, kind
        Name of the series, and its kind.
    weeks
        (k,) first days of the weeks.
    value, low, high
        (k,) values, and the range in which they are expected.
    centre
        Centre of the baseline.
    marked
        (k,) alarmed weeks.
    changes
        Announced changes, which are marked on the axis.
    """

    __hash__ = None  # type: ignore[assignment]

    title: str
    kind: str
    weeks: tuple[date, ...]
    value: Floats = field(eq=SAME_ARRAYS, repr=False)
    low: Floats = field(eq=SAME_ARRAYS, repr=False)
    high: Floats = field(eq=SAME_ARRAYS, repr=False)
    centre: float
    marked: Bools = field(eq=SAME_ARRAYS, repr=False)
    changes: tuple[AnnouncedChange, ...] = ()


@frozen
class Alarm(Drawable, Row):
    """An alarm.

    Parameters
    ----------
    key
        Series and first week: the same alarm has the same key in every run.
    metric, dimension, group
        The figure, and the group that it is of; empty for the total.
    kind
        ``rate``, ``count`` or ``value``.
    shift
        Whether it is a lasting shift, and not a single week.
    since, until
        First and last day of it as far as it is judged.
    raised, closed
        Day of the run that raised it; of that that closed it, None while it is open.
    value, expected, expected_low, expected_high
        The figure when it was raised, the centre of its baseline, and the range in which 95 %
        of such figures are expected.
    n
        Deals, or working days, that it counts.
    money
        Money of the difference; NaN where it has none.
    q
        P value adjusted over all tests of the run.
    why
        What carries it, in a sentence; a template with *parts*.
    parts
        Groups that carry it, with their share of the difference.
    questions
        What to check: hypotheses as questions, each with the test that would decide it.
    chart
        The series with its limits.
    answer
        The explained change, for the waterfall; None where nothing is counted by deal.
    """

    key: str
    metric: str
    dimension: str
    group: str
    kind: str
    shift: bool
    since: date
    until: date
    raised: date
    closed: date | None
    value: float
    expected: float
    expected_low: float
    expected_high: float
    n: float
    money: float
    q: float
    why: str
    parts: tuple[str, ...]
    questions: tuple[Question, ...]
    chart: AlarmChart = field(eq=False, repr=False)
    answer: Why | None = field(default=None, eq=False, repr=False)

    def to_dict(self) -> dict[str, object]:
        """Return the fields without what the picture needs; the reason is a sentence."""
        fields = super().to_dict()
        del fields["chart"], fields["answer"]
        return fields | {"why": text(self.why, "en", groups=", ".join(self.parts))}

    @functools.cached_property
    def unusual(self) -> UnusualFigure:
        """The facts of the alarm, which its alert carries."""
        return UnusualFigure(
            key=self.key,
            metric=self.metric,
            dimension=self.dimension,
            group=self.group,
            kind=self.kind,
            shift=self.shift,
            since=self.since,
            until=self.until,
            value=self.value,
            expected=self.expected,
            low=self.expected_low,
            high=self.expected_high,
            n=self.n,
            money=self.money,
            why=self.why,
            parts=self.parts,
            questions=[(one.subject, one.question, one.test) for one in self.questions],
        )

    @property
    def fell(self) -> bool:
        """Whether the figure is below its baseline."""
        return self.unusual.fell

    def sentence(self, lang: str = "en") -> str:
        """Return what, since when, how much, why, and what to check, a line for each."""
        facts = self.unusual
        checks = [f"? {one}" for one in facts.checks(lang)]
        return "\n  ".join([facts.finding(lang), *facts.details(lang), *checks])


@frozen
class AlarmRow(Row):
    """An alarm in a line of a table: its figures, as in `Alarm`.

    *sentence* is what the alarm says in English; it is in the records, not in the table.
    """

    key: str
    state: str
    metric: str
    dimension: str
    group: str
    since: date
    until: date
    value: float
    expected: float
    expected_low: float
    expected_high: float
    n: float
    money: float
    q: float
    sentence: str = field(repr=False, eq=False)

    def to_dict(self) -> dict[str, object]:
        """Return the figures by name."""
        fields = super().to_dict()
        del fields["sentence"]
        return fields

    def to_record(self) -> dict[str, object]:
        """Return the figures by name, and the sentence."""
        return super().to_dict()


@frozen
class Anomalies(Report):
    """Result of `anomalies`.

    Parameters
    ----------
    day
        First day that is not judged: the Monday after the last complete week.
    alarms
        Alarms that are open, falls first; with *all* those of the past, too.
    tests, too_short
        Tests of the last run, and series that are too short to be judged.
    holiday
        Whether the last week has too few working days to be judged.
    changes
        Announced changes: no alarm is raised about them.
    """

    day: date
    alarms: tuple[Alarm, ...]
    tests: int
    too_short: int
    holiday: bool
    changes: tuple[AnnouncedChange, ...] = ()

    @property
    def raised(self) -> tuple[Alarm, ...]:
        """Alarms that the last run raised: those to send."""
        return tuple(one for one in self.alarms if one.raised == self.day)

    @property
    def open(self) -> tuple[Alarm, ...]:
        """Alarms that are still open."""
        return tuple(one for one in self.alarms if one.closed is None)

    def rows(self) -> list[Row]:
        """Return a line for every alarm."""
        own = ("state", "sentence")
        names = [one.name for one in attrs.fields(AlarmRow) if one.name not in own]
        return [
            AlarmRow(
                state=self.state(one),
                sentence=one.sentence(),
                **{name: getattr(one, name) for name in names},
            )
            for one in self.alarms
        ]

    def state(self, alarm: Alarm) -> str:
        """Return whether an alarm is ``new``, ``open`` or ``closed``."""
        return "closed" if alarm.closed else "new" if alarm.raised == self.day else "open"

    def to_dict(self) -> dict[str, object]:
        """Return the alarms, ready for JSON."""
        fields = super().to_dict()
        fields["changes"] = [
            {"day": one.day.isoformat(), "what": one.what, "stage": one.stage}
            for one in self.changes
        ]
        return fields

    def title(self, lang: str = "en") -> str:
        """Return the name of the report."""
        return text("What is not as usual", lang)

    def explain(self, lang: str = "en") -> str:
        """Return the alarms in sentences."""
        lines = []
        if self.holiday:
            lines.append(text("The last week is a holiday week, so it is not judged.", lang))
        if not self.alarms and not self.tests:
            lines.append(
                text(
                    "Nothing could be tested: {short} {short:series|series} {short:is|are} "
                    "too short.",
                    lang,
                    short=Figure(self.too_short),
                )
            )
        elif not self.alarms:
            lines.append(
                text(
                    "Everything is as usual: {tests} {tests:test|tests}, {short} "
                    "{short:series|series} {short:is|are} too short.",
                    lang,
                    tests=Figure(self.tests),
                    short=Figure(self.too_short),
                )
            )
        else:
            lines.append(
                plural(
                    "{n} figure is not as usual.|{n} figures are not as usual.",
                    len(self.open),
                    lang,
                )
            )
        lines += [f"[{text(self.state(one), lang)}] {one.sentence(lang)}" for one in self.alarms]
        return "\n".join(lines)
