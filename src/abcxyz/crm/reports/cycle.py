"""Cycle time and time in stage, with open deals censored."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import frozen

from abcxyz._arrays import Floats
from abcxyz.core.display import percent
from abcxyz.core.sales.calendar import Window
from abcxyz.crm.deals.stuck import check_history
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.records.keys import run_starts
from abcxyz.crm.records.visits import EXITS, LOST, OPEN, WON
from abcxyz.crm.reports.base import Report, Row, find
from abcxyz.crm.reports.cohort import cohort, funnel_names
from abcxyz.crm.statistics.survival import (
    SurvivalCurve,
    competing_risks,
    log_rank,
    restricted_mean_difference,
)
from abcxyz.toolkit.catalogue import text
from abcxyz.toolkit.numbers import number

__all__ = ["CycleChange", "CycleReport", "CycleRow", "StageTime", "cycle"]

_DAY, _NONE = np.timedelta64(86400, "s"), np.timedelta64(0, "s")
#: Ways to leave a stage, in the order of the fields of `StageTime`.
_ORDER = ("forward", "backward", "lost", "handed_over", "aside")
#: Exit of a visit -> number of the way from 1, 0 while it goes on; a win goes forward.
_ENDS = np.array(
    [0 if not one else 1 + _ORDER.index("forward" if one == "won" else one) for one in EXITS]
)


@frozen
class StageTime(Row):
    """Time in one stage: first visits of the deals of the cohort.

    Parameters
    ----------
    stage
        The stage.
    visits, running
        First visits, and those that still go on (censored).
    median, p90
        Days after which half, and nine tenths, have left; NaN if not reached.
    forward, backward, lost, handed_over, aside
        Share that has left in each way by the longest time, the others competing.
    """

    stage: str
    visits: int
    running: int
    median: float
    p90: float
    forward: float
    backward: float
    lost: float
    handed_over: float
    aside: float


@frozen
class CycleRow(Row):
    """Cycle time of one pipeline, in days of 24 hours from creation to closing.

    Parameters
    ----------
    funnel
        The pipeline.
    deals, won, lost, open
        Deals of the cohort, by outcome; open ones are censored.
    left_out
        Deals whose duration is not known.
    median, median_low, median_high, p90
        Median and 90 % quantile of the time to closing; NaN if not reached.
    won_by, lost_by
        Days -> share won, lost by then, the other outcome competing; NaN beyond the records.
    open_after
        Days -> share still open after them.
    naive_won_mean
        Mean days of the won deals alone; young and stuck deals are missing in it.
    stages
        Time in every stage.
    """

    funnel: str
    deals: int
    won: int
    lost: int
    open: int
    left_out: int
    median: float
    median_low: float
    median_high: float
    p90: float
    won_by: Mapping[int, float]
    lost_by: Mapping[int, float]
    open_after: Mapping[int, float]
    naive_won_mean: float
    stages: tuple[StageTime, ...]
    curve: SurvivalCurve

    def to_dict(self) -> dict[str, Any]:
        """Return the figures by name, without the curve."""
        fields = super().to_dict()
        del fields["curve"]
        return fields


@frozen
class CycleChange(Row):
    """Change of the cycle between two cohorts: restricted mean days, log-rank p value."""

    horizon: float
    before: float
    after: float
    difference: float
    low: float
    high: float
    p: float


@frozen
class CycleReport(Report):
    """Result of `cycle`."""

    window: Window | None
    funnels: tuple[CycleRow, ...]

    def rows(self) -> list[Row]:
        """Return the pipelines."""
        return list(self.funnels)

    def __getitem__(self, name: str) -> CycleRow:
        """Return one pipeline."""
        return find(self.funnels, funnel=name)

    def title(self, lang: str = "en") -> str:
        """Return the name of the report."""
        return text("Cycle time", lang)

    def explain(self, lang: str = "en") -> str:
        """Return the median cycle, and the stage in which deals stay longest."""
        lines = []
        for one in self.funnels:
            if math.isnan(one.median):
                lines.append(
                    text(
                        "{funnel}: fewer than half of the deals are closed.",
                        lang,
                        funnel=one.funnel,
                    )
                )
                continue
            # No deal is old enough for the later of the days in a young pipeline.
            day = max((day for day, won in one.won_by.items() if not math.isnan(won)), default=0)
            lines.append(
                text(
                    "{funnel}: half of the deals are closed after {days} days; {share} are won "
                    "within {by} days."
                    if day
                    else "{funnel}: half of the deals are closed after {days} days.",
                    lang,
                    funnel=one.funnel,
                    days=number(one.median, lang, 1),
                    share=percent(one.won_by.get(day, math.nan), lang),
                    by=day,
                )
            )
            known = [stage for stage in one.stages if not math.isnan(stage.median)]
            if known:
                slow = max(known, key=lambda stage: stage.median)
                lines.append(
                    text(
                        "Deals stay longest in {stage}: half of them leave after {days} days.",
                        lang,
                        stage=slow.stage,
                        days=number(slow.median, lang, 1),
                    )
                )
        return " ".join(lines)

    def change_from(self, before: CycleReport, funnel: str) -> CycleChange:
        """Compare the cycle of a pipeline with that of an earlier report.

        Notes
        -----
        Restricted means up to the smaller of the two longest times and twice the median before.
        """
        new, old = self[funnel].curve, before[funnel].curve
        horizon = min(new.last, old.last)
        if not math.isnan(old.median):
            horizon = min(horizon, 2 * old.median)
        difference, low, high = restricted_mean_difference(new, old, horizon)
        return CycleChange(
            horizon,
            old.restricted_mean(horizon)[0],
            new.restricted_mean(horizon)[0],
            difference,
            low,
            high,
            log_rank(new, old),
        )


def cycle(
    crm: CrmData,
    window: Window | None = None,
    *,
    funnel: str | None = None,
    days: tuple[int, ...] = (7, 14, 30, 60, 90, 120),
) -> CycleReport:
    """Estimate the time from creation to closing, and the time in every stage.

    Parameters
    ----------
    crm
        The records; the table ``stage_changes`` is needed.
    window
        Days of the creation, in the time zone of the business; None for all.
    funnel
        One pipeline; None for all.
    days
        Ages for `CycleRow.won_by` and its neighbours.

    Raises
    ------
    InputError
        No stage changes, or more than a fifth of the histories have gaps.

    Notes
    -----
    Open deals are right-censored: Kaplan-Meier for the time to closing, Aalen-Johansen for won
    and lost as competing outcomes. Means of closed deals alone are too short.
    """
    crm.need("changes")
    check_history(crm)
    return CycleReport(
        window, tuple(_row(crm, name, window, days) for name in funnel_names(crm, funnel))
    )


def _row(crm: CrmData, name: str, window: Window | None, days: tuple[int, ...]) -> CycleRow:
    chosen = cohort(crm, name, window)
    ended = chosen.outcome != OPEN
    known = ~(ended & np.isnat(chosen.closed))
    end = np.where(ended, chosen.closed, crm.until)
    length = np.maximum(end - chosen.start, _NONE)[known]
    outcome = chosen.outcome[known]
    # The codes of the outcomes are those of competing ends: won 1, lost 2, handed over 3.
    curve, shares = competing_risks(length, outcome, 3)
    low, high = curve.median_interval()
    won = length[outcome == WON] / _DAY
    counts = np.bincount(chosen.outcome, minlength=4)
    return CycleRow(
        name,
        len(chosen),
        int(counts[WON]),
        int(counts[LOST]),
        int(counts[OPEN]),
        int((~known).sum()),
        curve.median,
        low,
        high,
        curve.quantile(0.9),
        _by(curve.times, shares[0], days, curve.last),
        _by(curve.times, shares[1], days, curve.last),
        {day: float(curve.at(float(day))) for day in days},
        float(won.mean()) if len(won) else math.nan,
        _stage_times(crm, name, chosen.visits),
        curve,
    )


def _by(times: Floats, shares: Floats, days: tuple[int, ...], last: float) -> dict[int, float]:
    steps = np.concatenate([[0.0], shares])
    result = {}
    for day in days:
        value = float(steps[np.searchsorted(times, day, side="right")])
        result[day] = value if day <= last else math.nan
    return result


def _stage_times(crm: CrmData, funnel: str, chosen: Any) -> tuple[StageTime, ...]:
    visits = crm.visits
    stages = visits.stage.codes[chosen]
    result = []
    for stage in crm.stages.order(funnel):
        if stage.semantics != "P":
            continue
        rows = chosen[stages == visits.stage.code(stage.id)]
        # Visits are in the order of the deals, so the first ones of the deals begin runs.
        rows = rows[run_starts(visits.row[rows])]
        rows = rows[~visits.end_unknown[rows]]
        running = np.isnat(visits.left[rows])
        end = np.where(running, crm.until, visits.left[rows])
        codes = _ENDS[visits.exit[rows]]
        curve, shares = competing_risks(end - visits.entered[rows], codes, len(_ORDER))
        last = shares[:, -1] if shares.shape[1] else np.full(len(_ORDER), math.nan)
        result.append(
            StageTime(
                stage.title,
                len(rows),
                int(running.sum()),
                curve.median,
                curve.quantile(0.9),
                *(float(one) for one in last),
            )
        )
    return tuple(result)
