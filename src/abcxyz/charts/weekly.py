"""Charts over weeks: control charts with limits and marked weeks, before and after a change."""

from __future__ import annotations

import itertools
import math
import textwrap
from collections.abc import Callable, Sequence
from datetime import date, timedelta

import numpy as np

from abcxyz._arrays import Floats
from abcxyz.charts.bars import before_after_bars
from abcxyz.charts.curves import WIDE, legend
from abcxyz.charts.rows import bar_rows
from abcxyz.charts.shapes import ticks
from abcxyz.charts.svg import (
    AREA,
    CLASS_COLOURS,
    DOWN,
    MUTED,
    SAME,
    TANGENT,
    UP,
    Canvas,
    Picture,
    clean,
    stacked,
)
from abcxyz.charts.waterfalls import waterfall
from abcxyz.crm.alarms.alarm import Alarm, Anomalies
from abcxyz.crm.changes.effect import EffectOfChange
from abcxyz.crm.changes.effects import EffectsOfChanges
from abcxyz.crm.changes.interrupted import InterruptedSeries
from abcxyz.crm.settings import AnnouncedChange
from abcxyz.i18n import compact, date_text, number, percent, text

__all__ = ["alarm_chart", "anomaly_charts", "effect_chart", "effect_charts", "series_chart"]

_LEFT, _RIGHT, _BOTTOM, _HIGH = 62.0, 16.0, 30.0, 190.0
_MOST = 6  # alarms that are drawn, and changes whose names are written
_Values = Sequence[float] | Floats


class _Weeks:
    """A plot of values over time with its axes and the marks of announced changes."""

    def __init__(
        self,
        heading: str,
        x: Sequence[float],
        values: Sequence[_Values],
        entries: list[tuple[str, str, str | None]],
        marks: Sequence[tuple[float, str]],
        *,
        width: float,
        theme: str,
        finding: bool,
        most: float = math.inf,
    ) -> None:
        lines = textwrap.wrap(clean(heading, 400), max(20, int((width - 16) / (WIDE + 0.6))))
        lines = lines if finding else []
        self._marks, named = marks, list(marks)[:_MOST]
        # The legend takes as many lines as the width needs, so it is laid out once to measure it.
        begin = 18.0 + 17 * len(lines)
        self._top = legend(Canvas(width, 1.0, "", theme), begin, entries) + 16 + 15 * len(named)
        height = self._top + _HIGH + _BOTTOM
        self.canvas = Canvas(width, height, heading, theme)
        for place, line in enumerate(lines):
            self.canvas.text((8, 18 + 17 * place), line, size=13, weight=600)
        y = legend(self.canvas, begin, entries)
        known = np.concatenate([np.asarray(one, dtype=np.float64) for one in values])
        known = known[np.isfinite(known)]
        low, high = float(known.min(initial=0.0)), float(known.max(initial=0.0))
        space = (high - low or 1.0) * 0.06
        self._low, self._high = low - (space if low < 0 else 0.0), min(high + space, most)
        self._first, self._last = float(x[0]), max(float(x[-1]), float(x[0]) + 1)
        self._wide = width - _LEFT - _RIGHT
        for _, what in named:
            y += 15
            self.canvas.text((_LEFT, y), clean(what, int(self._wide / WIDE)), size=11,
                             fill=TANGENT)  # fmt: skip

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the place of a point; values beyond the plot are drawn at its edge."""
        share = (min(max(y, self._low), self._high) - self._low) / (self._high - self._low)
        along = (x - self._first) / (self._last - self._first)
        return _LEFT + along * self._wide, self._top + (1 - share) * _HIGH

    def axes(self, x_name: Callable[[float], str], y_name: Callable[[float], str]) -> None:
        """Draw the marks and the axes, with round levels and as many times as fit."""
        for when, _ in self._marks:
            above, below = (self.at(when, one) for one in (self._high, self._low))
            self.canvas.line(above, below, TANGENT, 1.4, "3 3")
        for level in self._round_levels():
            place = self.at(self._first, level)
            self.canvas.line(place, self.at(self._last, level))
            self.canvas.text((place[0] - 5, place[1] + 4), y_name(level), size=11, fill=MUTED,
                             anchor="end")  # fmt: skip
        count = max(2, int(self._wide / 110))
        for tick in range(count):
            x = round(self._first + (self._last - self._first) * tick / (count - 1))
            left, bottom = self.at(x, self._low)
            anchor = "end" if tick == count - 1 else "middle" if tick else None
            self.canvas.text((left, bottom + 18), x_name(x), size=11, fill=MUTED, anchor=anchor)

    def _round_levels(self) -> list[float]:
        """Return the multiples of a round step that the plot shows."""
        step = next((one for one in ticks(self._high - self._low) if one), 1.0)
        first, last = math.ceil(self._low / step - 1e-9), math.floor(self._high / step + 1e-9)
        return [step * place for place in range(first, last + 1)]

    def line(
        self, x: Sequence[float], y: _Values, colour: str, width: float, dash: str | None = None
    ) -> None:
        """Draw a line through the known points, with gaps at the others."""
        points = [(a, float(b)) for a, b in zip(x, y, strict=True)]
        for (a, b), (c, d) in itertools.pairwise(points):
            if math.isfinite(b) and math.isfinite(d):
                self.canvas.line(self.at(a, b), self.at(c, d), colour, width, dash)

    def band(self, x: Sequence[float], low: _Values, high: _Values) -> None:
        """Fill the range between two lines."""
        known = [
            (a, float(b), float(c))
            for a, b, c in zip(x, low, high, strict=True)
            if not math.isnan(b) and not math.isnan(c)
        ]
        if len(known) < 2:
            return
        points = [self.at(a, b) for a, b, _ in known]
        points += [self.at(a, c) for a, _, c in reversed(known)]
        path = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points) + "Z"
        self.canvas.shape(path, AREA)


def _marks(
    changes: Sequence[AnnouncedChange], first: date, last: date, lang: str
) -> list[tuple[float, str]]:
    """Return the announced changes of a time as their week and their name."""
    return [
        ((one.day - first).days / 7, f"{date_text(one.day, lang)}: {one.what}")
        for one in changes
        if first <= one.day <= last + timedelta(days=6)
    ]


def alarm_chart(
    alarm: Alarm,
    lang: str = "en",
    *,
    width: float = 640,
    currency: str = "",
    theme: str = "light",
    finding: bool = True,
) -> Picture:
    """Draw the control chart of an alarm: expected range, marked weeks, announced changes.

    Parameters
    ----------
    alarm
        The alarm.
    lang
        Language of the labels and numbers.
    width
        Width in pixels; below 400 the layout is for a phone.
    currency
        Currency sign of the amounts of the waterfall below.
    theme
        ``light`` or ``dark``.
    finding
        Whether the first sentence of the alarm stands above.

    Returns
    -------
    Picture
        SVG text. Where groups carry the alarm, a waterfall of rate and mix is below.
    """
    chart, heading = alarm.chart, alarm.sentence(lang).partition("\n")[0]
    value, low, high, centre = chart.value, chart.low, chart.high, chart.centre
    if alarm.metric == "median cycle":  # a logarithm of days
        value, low, high, centre = np.exp(value), np.exp(low), np.exp(high), math.exp(centre)
    # A week without deals has no range.
    low, high = (np.where(np.isnan(value), math.nan, one) for one in (low, high))
    x = [float(one) for one in range(len(chart.weeks))]
    mark = DOWN if alarm.fell else UP
    plot = _Weeks(
        heading,
        x,
        [value, np.where(np.isfinite(high), high, math.nan), low, [centre]],
        [
            (text("by week", lang), CLASS_COLOURS[0], None),
            (text("expected range", lang), SAME, None),
            (text("not as usual", lang), mark, None),
        ],
        _marks(chart.changes, chart.weeks[0], chart.weeks[-1], lang),
        width=width,
        theme=theme,
        finding=finding,
        most=1.0 if alarm.kind == "rate" else math.inf,
    )
    plot.band(x, low, high)

    level = _levels(alarm.kind == "rate", lang)
    plot.axes(lambda week: date_text(chart.weeks[0] + timedelta(days=7 * week), lang), level)
    plot.line(x, [centre] * len(x), MUTED, 1.2, "6 4")
    plot.line(x, value, CLASS_COLOURS[0], 2.0)
    for week, one, marked in zip(x, value.tolist(), chart.marked.tolist(), strict=True):
        if math.isfinite(one):
            tip = f"{date_text(chart.weeks[int(week)], lang)}: {level(one)}"
            dot = (5.0, mark) if marked else (2.5, CLASS_COLOURS[0])
            plot.canvas.dot(plot.at(week, one), *dot, title=tip)
    pictures = [plot.canvas.picture()]
    if alarm.answer is not None and alarm.answer.best is not None:
        pictures.append(waterfall(alarm.answer, lang, width=width, currency=currency, theme=theme))
    return stacked(pictures, heading)


def anomaly_charts(
    report: Anomalies,
    lang: str = "en",
    *,
    width: float = 640,
    currency: str = "",
    theme: str = "light",
    finding: bool = True,
) -> Picture:
    """Draw the control charts of the first six alarms, one below another.

    Parameters
    ----------
    report
        The alarms.
    lang, width, currency, theme
        As in `alarm_chart`.
    finding
        Whether the sentence stands above where nothing is unusual; alarms always have theirs.
    """
    pictures = [
        alarm_chart(one, lang, width=width, currency=currency, theme=theme)
        for one in report.alarms[:_MOST]
    ]
    return _one_below_another(pictures, report.explain(lang), lang, width, theme, finding)


def series_chart(
    series: InterruptedSeries,
    lang: str = "en",
    *,
    width: float = 640,
    currency: str = "",  # noqa: ARG001 - as the other charts
    theme: str = "light",
    finding: bool = True,
    heading: str = "",
    first: date | None = None,
    changes: Sequence[AnnouncedChange] = (),
) -> Picture:
    """Draw an interrupted time series: points, fitted line, and the trend without the change.

    Parameters
    ----------
    series
        The series.
    lang, width, currency, theme, finding
        As in `alarm_chart`.
    heading
        Sentence above; that of the series by default.
    first
        Monday of the week 0 of the series; None numbers the periods.
    changes
        Announced changes to mark, where *first* is known.
    """
    heading = heading or series.explain(lang)
    x = [float(one) for one in series.time.tolist()]
    marks = [(series.change - 0.5, text("the change", lang))]
    if first is not None:
        begin, end = (first + timedelta(days=7 * int(one)) for one in (x[0], x[-1]))
        dated = _marks(changes, begin, end, lang)
        marks = [(x[0] + week, name) for week, name in dated] or marks
    plot = _Weeks(
        heading,
        x,
        [series.observed, series.fitted, series.counterfactual],
        [
            (text("by week", lang), SAME, None),
            (text("fitted by the model", lang), CLASS_COLOURS[0], None),
            (text("trend without the change", lang), TANGENT, "6 4"),
        ],
        marks,
        width=width,
        theme=theme,
        finding=finding,
        most=1.0 if series.binary else math.inf,
    )

    level = _levels(series.binary, lang)

    def named(week: float) -> str:
        if first is None:
            return number(week, lang)
        return date_text(first + timedelta(days=7 * int(week)), lang)

    plot.axes(named, level)
    late = [one for one in range(len(x)) if x[one] >= series.change]
    for part in ([one for one in range(len(x)) if x[one] < series.change], late):
        times = [x[one] for one in part]
        plot.line(times, series.fitted[part], CLASS_COLOURS[0], 2.4)
    plot.line([x[one] for one in late], series.counterfactual[late], TANGENT, 2.0, "6 4")
    for week, one in zip(x, series.observed.tolist(), strict=True):
        plot.canvas.dot(plot.at(week, one), 3.2, SAME, title=f"{named(week)}: {level(one)}")
    return plot.canvas.picture()


def effect_chart(
    effect: EffectOfChange,
    lang: str = "en",
    *,
    width: float = 640,
    currency: str = "",
    theme: str = "light",
    finding: bool = True,
) -> Picture:
    """Draw the effect of a change: before and after, and by week against the trend before.

    Parameters
    ----------
    effect
        The effect.
    lang, width, currency, theme, finding
        As in `alarm_chart`.
    """
    heading = effect.explain(lang).partition("\n")[0]
    options = {"width": width, "theme": theme, "finding": finding}
    pictures = [before_after_bars(effect.raw, lang, currency=currency, **options)]  # type: ignore[arg-type]
    if effect.series is not None:
        monday = effect.change.day + timedelta(days=-effect.change.day.weekday() % 7)
        pictures.append(
            series_chart(
                effect.series,
                lang,
                width=width,
                theme=theme,
                first=monday - timedelta(days=7 * effect.series.change),
                changes=effect.register or (effect.change,),
                finding=finding,
            )
        )
    return stacked(pictures, heading)


def effect_charts(
    report: EffectsOfChanges,
    lang: str = "en",
    *,
    width: float = 640,
    currency: str = "",
    theme: str = "light",
    finding: bool = True,
) -> Picture:
    """Draw the effects of the first six changes, one below another.

    Parameters
    ----------
    report
        The effects.
    lang, width, currency, theme
        As in `alarm_chart`.
    finding
        Whether the sentence stands above where nothing is measured; effects always have theirs.
    """
    pictures = [
        effect_chart(one, lang, width=width, currency=currency, theme=theme)
        for one in report.effects[:_MOST]
    ]
    return _one_below_another(pictures, report.explain(lang), lang, width, theme, finding)


def _one_below_another(
    pictures: list[Picture], heading: str, lang: str, width: float, theme: str, finding: bool
) -> Picture:
    """Stack pictures that have their own sentences; without any the heading alone is drawn."""
    if pictures:
        return stacked(pictures, heading)
    return bar_rows(heading, [], lang, width=width, theme=theme, heading=finding)


def _levels(share: bool, lang: str) -> Callable[[float], str]:
    """Return how the levels of an axis are written: shares in percent, or plain numbers."""

    def level(value: float) -> str:
        if share:
            return percent(value, lang, 0 if abs(value * 100 - round(value * 100)) < 1e-9 else 1)
        return compact(value, lang) if abs(value) >= 100 else number(value, lang, 1)

    return level
