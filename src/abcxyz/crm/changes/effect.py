"""Effect of an announced change: before and after at equal groups, and in money."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import numpy as np
from attrs import asdict, field, frozen

from abcxyz._arrays import Ints
from abcxyz.core.display import plain_number
from abcxyz.core.sales.calendar import Window
from abcxyz.crm.changes.before_after import (
    BeforeAfter,
    before_after,
    before_after_means,
    verdict_of,
    verdict_text,
)
from abcxyz.crm.changes.dimensions import change_of_groups, whole_effect
from abcxyz.crm.changes.interrupted import InterruptedSeries, interrupted_time_series
from abcxyz.crm.changes.metrics import Observations, dimension, observations
from abcxyz.crm.changes.weekly import week_of, weekly_sums
from abcxyz.crm.profit import ChangeLine, ChangeOfProfit, profit_of_change
from abcxyz.crm.records.columns import TextColumn
from abcxyz.crm.records.data import CrmData, as_local
from abcxyz.crm.reports.base import Report, Row
from abcxyz.crm.reports.funnel import funnel as funnel_report
from abcxyz.crm.reports.groups import strata
from abcxyz.crm.settings import AnnouncedChange
from abcxyz.errors import InputError
from abcxyz.toolkit.catalogue import text, translate
from abcxyz.toolkit.numbers import date_text

__all__ = ["BASELINE_WEEKS", "EffectOfChange", "effect_of_change", "find_change"]

BASELINE_WEEKS = 26
"""Whole weeks before the change that it is compared with."""


@frozen
class EffectOfChange(Report):
    """Result of `effect_of_change`.

    Parameters
    ----------
    change
        The announced change.
    metric, horizon
        The figure, and the days within which outcomes count.
    before, after
        Whole weeks on each side.
    raw
        The figure before and after.
    rate_effect, low, high
        Change of the rates at equal groups (source x product), with its 95 % interval: the figure
        to multiply.
    mix_effect
        What the groups' shares changed, which is no effect of the change.
    verdict
        ``improved``, ``worse`` or ``not shown``, of the rate effect.
    series
        Interrupted time series by week; None with too few weeks, see *refusal*.
    refusal
        Why there is no time series.
    profit
        The rate effect in money over the weeks after; None without amounts.
    register
        All announced changes, which the picture marks.
    """

    change: AnnouncedChange
    metric: str
    horizon: float
    before: Window
    after: Window
    raw: BeforeAfter
    rate_effect: float
    low: float
    high: float
    mix_effect: float
    verdict: str
    series: InterruptedSeries | None = field(repr=False)
    refusal: Any
    profit: ChangeOfProfit | None
    register: tuple[AnnouncedChange, ...] = field(default=(), repr=False)

    def rows(self) -> list[Row]:
        """Return the comparison, or the terms of the time series."""
        return [self.raw] if self.series is None else list(self.series.terms)

    def to_dict(self) -> dict[str, Any]:
        """Return all figures, ready for JSON."""
        fields = super().to_dict()
        fields["change"] = asdict(self.change) | {"day": self.change.day.isoformat()}
        del fields["register"]
        return fields | {"refusal": str(self.refusal)}

    def title(self, lang: str = "en") -> str:
        """Return the name of the report."""
        return text("Effect of the change", lang)

    def finding(self, lang: str = "en") -> str:
        """Return the change, the figure before and after, and the verdict in a sentence."""
        return text(
            "{what}, from {day} on: {metric} {before} → {after}, {verdict}.",
            lang,
            what=self.change.what,
            day=date_text(self.change.day, lang),
            metric=text(self.metric.replace("_", " "), lang),
            before=self.raw.figure(self.raw.value_before, lang),
            after=self.raw.figure(self.raw.value_after, lang),
            verdict=verdict_text(self.verdict, lang),
        )

    def explain(self, lang: str = "en") -> str:
        """Return what changed, at equal groups, against the trend, and in money."""
        shown = self.raw.difference
        lines = [
            self.finding(lang),
            self.raw.explain(lang),
            text(
                "At equal sources and products: {effect} ({low} to {high}), {verdict}; the mix "
                "alone made {mix}.",
                lang,
                effect=shown(self.rate_effect, lang),
                low=shown(self.low, lang),
                high=shown(self.high, lang),
                verdict=verdict_text(self.verdict, lang),
                mix=shown(self.mix_effect, lang),
            ),
        ]
        if self.series is not None:
            lines.append(self.series.explain(lang))
        elif self.refusal:
            lines.append(_sentence(translate(self.refusal, lang)))
        if self.profit is not None:
            (line,) = self.profit.lines
            lines.append(
                text(
                    "In money over the weeks after: {profit} ({low} to {high}).",
                    lang,
                    profit=plain_number(round(float(line.extra_profit)), lang),
                    low=plain_number(round(line.profit_low), lang),
                    high=plain_number(round(line.profit_high), lang),
                )
            )
        lines.append(
            text(
                "This is what changed since that day; that the change is the cause needs a "
                "control, or a trial by lot.",
                lang,
            )
        )
        return "\n".join(lines)


def _sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:].removesuffix('.')}."


def find_change(changes: tuple[AnnouncedChange, ...], name: str) -> AnnouncedChange:
    """Return the announced change of a day or with a text.

    Parameters
    ----------
    changes
        The register.
    name
        Its day as ``2026-06-01``, its text, or a part of the text that no other one has.

    Raises
    ------
    InputError
        None or several fit; the message lists them.
    """
    wanted = name.strip().casefold()
    exact = [one for one in changes if wanted in (str(one.day), one.what.casefold())]
    fit = exact or [one for one in changes if wanted in one.what.casefold()]
    if len(fit) == 1:
        return fit[0]
    raise InputError(
        "{n} announced changes fit {name!r}; name one of: {known}",
        n=len(fit),
        name=name,
        known="; ".join(f"{one.day} {one.what}" for one in fit or changes) or "–",
    )


def effect_of_change(
    crm: CrmData,
    change: AnnouncedChange,
    *,
    metric: str | None = None,
    horizon: float | None = None,
    margin: float = 1.0,
    better: str = "higher",
    chosen_because_bad: bool = False,
    register: tuple[AnnouncedChange, ...] = (),
) -> EffectOfChange:
    """Measure what followed an announced change.

    Parameters
    ----------
    crm
        The records.
    change
        The change, as a job's register holds it.
    metric
        The figure; None for the passage of the change's stage, or else the conversion.
    horizon
        Days within which outcomes count on both sides; None for the usual ones.
    margin
        Share of the amount that is profit.
    better
        ``higher`` or ``lower``: which way of the figure is the better one.
    chosen_because_bad
        Whether the change was made because the last weeks were bad: they are then the time
        before, drawn to the longer baseline.
    register
        All announced changes, which the picture marks.

    Raises
    ------
    InputError
        No mature deals on one side of the day.

    Notes
    -----
    Whole weeks on both sides; up to 26 before. The first week counts as after only if the change
    began on its Monday; a week that the change falls into is left out. The rate effect is that of
    Kitagawa (1955) over source x product, merged to at least 20 deals.
    """
    name = metric or change.stage or "conversion"
    counted = observations(crm, name, horizon)
    windows = _windows(crm, counted, change.day)
    sides = tuple(counted.within(crm, one)[0] for one in windows)
    for which, rows in zip(("before", "after"), sides, strict=True):
        if not len(rows):
            raise InputError(
                "no deals {which} the change of {day} are older than {horizon} "
                "{horizon:day|days}; wait, or give a shorter horizon",
                which=which,
                day=change.day,
                horizon=counted.horizon,
            )
    groups = _strata(crm, counted, sides)
    rate, low, high, mix = whole_effect(
        change_of_groups("source", groups, sides[0], sides[1], counted.value)
    )
    series, refusal = _series(crm, counted, change.day, better)
    return EffectOfChange(
        change,
        counted.metric,
        counted.horizon,
        *windows,
        _raw(counted, sides, better, chosen_because_bad=chosen_because_bad, crm=crm),
        rate,
        low,
        high,
        mix,
        verdict_of(low, high, better),
        series,
        refusal,
        _profit(crm, counted, sides, windows[0], (rate, low, high), margin),
        register,
    )


def _windows(crm: CrmData, counted: Observations, day: date) -> tuple[Window, Window]:
    """Return whole weeks before and after the day, as far as the deals are mature."""
    before = day - timedelta(days=day.weekday())
    after = before if before == day else before + timedelta(days=7)
    if not math.isnan(counted.horizon):
        limit = crm.until - np.timedelta64(round(counted.horizon * 86400), "s")
    else:
        limit = crm.until
    last = as_local(limit, crm.zone).date()
    end = last - timedelta(days=last.weekday())
    if end <= after:
        raise InputError(
            "no whole week after the change of {day} is older than {horizon} "
            "{horizon:day|days} yet; wait, or give a shorter horizon",
            day=day,
            horizon=0 if math.isnan(counted.horizon) else counted.horizon,
        )
    return Window(before - timedelta(days=7 * BASELINE_WEEKS), before), Window(after, end)


def _strata(crm: CrmData, counted: Observations, sides: tuple[Ints, ...]) -> TextColumn:
    """Return source x product of every observation, merged to at least 20 of them."""
    used = np.zeros(len(counted.row), dtype=bool)
    used[np.concatenate(sides)] = True
    columns = [dimension(crm, name)[counted.row] for name in ("source", "product")]
    codes = strata(columns, used)
    _, codes = np.unique(codes, return_inverse=True)
    return TextColumn(tuple(map(str, range(int(codes.max()) + 1))), codes)


def _raw(
    counted: Observations,
    sides: tuple[Ints, ...],
    better: str,
    *,
    chosen_because_bad: bool,
    crm: CrmData,
) -> BeforeAfter:
    before, after = (counted.value[side] for side in sides)
    if not counted.binary:
        return before_after_means(before, after, better=better)
    baseline = None
    if chosen_because_bad:
        # The last eight weeks were the bad ones; the rest is the longer baseline.
        week = week_of(crm, counted.at[sides[0]])
        late = week > week.max() - 8
        baseline = int(before[~late].sum()), int((~late).sum())
        before = before[late]
    return before_after(
        (int(before.sum()), len(before)),
        (int(after.sum()), len(after)),
        better=better,
        baseline=baseline,
    )


def _series(
    crm: CrmData, counted: Observations, day: date, better: str
) -> tuple[InterruptedSeries | None, Any]:
    if not counted.binary:
        return None, ""
    weeks = weekly_sums(crm, counted)
    begin = weeks.index_of(day)
    if day.weekday():
        begin += 1
    keep = np.ones(len(weeks.trials), dtype=bool)
    if day.weekday():
        keep[begin - 1 : begin] = False  # the change falls into this week
    try:
        return (
            interrupted_time_series(
                weeks.successes,
                np.where(keep, weeks.trials, 0),
                begin,
                months=weeks.months(),
                better=better,
            ),
            "",
        )
    except InputError as refusal:
        return None, refusal.with_traceback(None)


def _profit(
    crm: CrmData,
    counted: Observations,
    sides: tuple[Ints, ...],
    before: Window,
    effect: tuple[float, float, float],
    margin: float,
) -> ChangeOfProfit | None:
    """Carry the rate effect through the later stages to money."""
    currencies = crm.currencies()
    if not counted.binary or len(currencies) != 1 or counted.metric == "win_rate":
        return None
    then, cheque = 1.0, math.nan
    for table in funnel_report(crm, before).funnels if crm.changes is not None else ():
        names = [row.stage for row in table.stages]
        if counted.metric in names:
            place = names.index(counted.metric)
            later = [row.conversion for row in table.stages[place + 1 : -1]]
            then, cheque = float(np.prod(later)), table.average_cheque
        elif counted.metric == "conversion" and math.isnan(cheque):
            cheque = table.average_cheque
    if math.isnan(cheque) or math.isnan(then):
        return None
    rate = float(counted.value[sides[0]].mean())
    n = len(sides[1])
    line = ChangeLine(
        counted.metric,
        entered=(n, n),
        rate=(rate, min(max(rate + effect[0], 0.0), 1.0)),
        then=then,
        cheque=cheque,
        margin=margin,
        interval=(effect[1], effect[2]),
    )
    return profit_of_change([line], currency=next(iter(currencies)) or None, period="")
