"""Weekly figures of a CRM that are not as usual: their facts, and the sentences about them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import attrs
from attrs import field, frozen

from abcxyz.core.display import percent, plain_number
from abcxyz.toolkit.catalogue import text
from abcxyz.toolkit.numbers import date_text

__all__ = ["UnusualFigure", "series_name"]

#: Beginning of a metric with a name in it -> how it is shown.
_NAMED = {
    "in time: ": ("in time: {rule}", "rule"),
    "losses: ": ("losses: {reason}", "reason"),
    "passage: ": ("passage of {stage}", "stage"),
}


def series_name(metric: str, lang: str = "en") -> str:
    """Return the name of a watched figure in a language."""
    for start, (template, field_name) in _NAMED.items():
        if metric.startswith(start):
            name = metric.removeprefix(start)
            return text(template, lang, **{field_name: text(name, lang)})
    return text(metric.replace("_", " "), lang)


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


def _questions(values: Iterable[Iterable[str]]) -> tuple[tuple[str, str, str], ...]:
    return tuple((subject, question, test) for subject, question, test in values)


def _day(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _known(value: float | None) -> float:
    return math.nan if value is None else float(value)


@frozen(kw_only=True)
class UnusualFigure:
    """A weekly figure that is not as usual: a week, or a lasting shift.

    Parameters
    ----------
    key
        Series and first week: the same in every run.
    metric, dimension, group
        The figure, and the group that it is of; empty for the total.
    kind
        ``rate``, ``count`` or ``value``.
    shift
        Whether it is a lasting shift, and not a single week.
    since, until
        First and last day of it.
    value, expected, low, high
        The figure, the centre of its baseline, and the range in which it is expected.
    n
        Deals, or working days, that it counts.
    money
        Money of the difference; NaN where it has none.
    why, parts
        What carries it: a template, and the groups for its field ``groups``.
    questions
        What to check: subject, question, and the test that would decide it.
    """

    key: str
    metric: str
    dimension: str
    group: str
    kind: str
    shift: bool
    since: date = field(converter=_day)
    until: date = field(converter=_day)
    value: float
    expected: float
    low: float
    high: float
    n: float
    money: float = field(default=math.nan, converter=_known)
    why: str = ""
    parts: tuple[str, ...] = field(default=(), converter=_texts)
    questions: tuple[tuple[str, str, str], ...] = field(default=(), converter=_questions)

    @property
    def fell(self) -> bool:
        """Whether the figure is below its baseline."""
        return self.value < self.expected

    def name(self, lang: str = "en") -> str:
        """Return the name of the figure, with its group."""
        name = series_name(self.metric, lang)
        return f"{name} ({text(self.dimension, lang)}: {self.group})" if self.group else name

    def written(self, value: float, lang: str = "en") -> str:
        """Format a value of the figure."""
        if self.kind == "rate":
            return percent(value, lang)
        if self.metric == "median cycle":  # a logarithm of days
            value = math.exp(value)
        return plain_number(round(value, 2), lang)

    def finding(self, lang: str = "en") -> str:
        """Return what, from when to when, and the expected range, in a sentence."""
        return text(
            "{name}: {value} from {since} to {until}, expected {expected} ({low} to {high}), "
            "n {n}."
            if not self.shift
            else "{name}: since {since} at another level: {value} until {until}, expected "
            "{expected} ({low} to {high}), n {n}.",
            lang,
            name=self.name(lang),
            value=self.written(self.value, lang),
            since=date_text(self.since, lang),
            until=date_text(self.until, lang),
            expected=self.written(self.expected, lang),
            low=self.written(self.low, lang),
            high=self.written(self.high, lang),
            n=plain_number(self.n, lang),
        )

    def details(self, lang: str = "en") -> list[str]:
        """Return the money and what carries it, a sentence each."""
        lines = []
        if not math.isnan(self.money):
            lines.append(
                text("Money: {money}.", lang, money=plain_number(round(self.money), lang))
            )
        if self.why:
            lines.append(text(self.why, lang, groups=", ".join(self.parts)))
        return lines

    def checks(self, lang: str = "en") -> list[str]:
        """Return what to check: questions, each with the test that would decide it."""
        return [
            " ".join(text(one, lang, subject=text(subject, lang)) for one in templates)
            for subject, *templates in self.questions
        ]

    def sentence(self, lang: str = "en") -> str:
        """Return everything about it in one line."""
        return " ".join([self.finding(lang), *self.details(lang), *self.checks(lang)])

    def to_facts(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; `from_facts` reads them back."""
        facts = attrs.asdict(self, recurse=False)
        return facts | {
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "money": None if math.isnan(self.money) else self.money,
            "parts": list(self.parts),
            "questions": [list(one) for one in self.questions],
        }

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> UnusualFigure:
        """Build from the result of `to_facts`; other fields are ignored."""
        names = [one.name for one in attrs.fields(cls)]
        return cls(**{name: facts[name] for name in names if name in facts})
