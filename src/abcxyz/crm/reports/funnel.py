"""Cohort funnel: how many deals reach each stage, and which leak costs most."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Bools, Floats, Ints
from abcxyz.core.display import percent, plain_number
from abcxyz.core.dynamics.rate_interval import rate_interval
from abcxyz.core.sales.calendar import Window
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.records.visits import LOST, OPEN, WON
from abcxyz.crm.reports.base import FEW, Report, Row, check_margin, find
from abcxyz.crm.reports.cohort import HANDED_OVER, Cohort, cohort, funnel_names
from abcxyz.toolkit.catalogue import Figure, text

__all__ = ["FunnelReport", "FunnelTable", "StageRow", "funnel"]


@frozen
class StageRow(Row):
    """One stage of a funnel.

    Parameters
    ----------
    stage, name
        Identifier and name.
    touched, reached, all
        Deals with a visit of the stage; with a visit of it or of a later stage; with a visit of
        every stage up to it.
    skipped
        ``reached - touched``.
    conversion, low, high
        Share of the deals that reached the stage that reached the next one, with its 95 %
        interval (Wilson); NaN for the last stage.
    cumulative
        Share of all deals that reached the stage.
    lost_here, open_here, handed_here
        Deals whose furthest stage it is, by outcome. With those of the next stage they add up.
    returned
        Deals that came back to the stage from a later one.
    worth
        Money of one percentage point of the conversion; NaN without amounts.
    gap, leak
        Percentage points below the target, and their money; NaN without a target.
    few
        Whether fewer than 30 deals reached the stage.
    """

    stage: str
    name: str
    touched: int
    reached: int
    all: int
    skipped: int
    conversion: float
    low: float
    high: float
    cumulative: float
    lost_here: int
    open_here: int
    handed_here: int
    returned: int
    worth: float
    gap: float
    leak: float
    few: bool


@frozen
class FunnelTable(Row):
    """Funnel of one pipeline; counts of deals, and the average amount of the won ones.

    Parameters
    ----------
    funnel
        The pipeline.
    deals, won, lost, open, handed_over
        Deals of the cohort, by outcome.
    immature
        Deals left out because they are younger than the horizon.
    reopened, reopened_won
        Deals that went back from a lost stage into one in progress, and how many were won.
    returned_won, straight_won
        Share won among the deals that ever went back a stage, and among the others.
    average_cheque
        Mean amount of the won deals that have one; NaN without.
    stages
        One row per stage.
    """

    funnel: str
    deals: int
    won: int
    lost: int
    open: int
    handed_over: int
    immature: int
    reopened: int
    reopened_won: int
    returned_won: float
    straight_won: float
    average_cheque: float
    stages: tuple[StageRow, ...]

    def worst(self) -> StageRow | None:
        """Return the stage whose leak costs most; without targets, the one whose point does."""
        for name in ("leak", "worth"):
            known = [row for row in self.stages if not math.isnan(getattr(row, name))]
            if known:
                return max(known, key=lambda row: float(getattr(row, name)))
        return None


@frozen
class FunnelReport(Report):
    """Result of `funnel`.

    Parameters
    ----------
    window, by, horizon
        What was selected, see `funnel`.
    funnels
        One table per pipeline; stages of different pipelines are never merged.
    """

    window: Window | None
    by: str
    horizon: float | None
    funnels: tuple[FunnelTable, ...]

    def __getitem__(self, name: str) -> FunnelTable:
        """Return the table of a pipeline."""
        return find(self.funnels, funnel=name)

    def rows(self) -> list[Row]:
        """Return the stages of all pipelines."""
        return [row for one in self.funnels for row in one.stages]

    def to_dict(self) -> dict[str, Any]:
        """Return ``{"funnels": {name: {"deals": n, …, "stages": […]}}}`` and the selection."""
        tables = {one.funnel: one.to_dict() for one in self.funnels}
        return super().to_dict() | {"funnels": tables}

    def title(self, lang: str = "en") -> str:
        """Return the name of the report."""
        return text("Funnel", lang)

    def explain(self, lang: str = "en") -> str:
        """Return the finding of every pipeline in sentences."""
        if not self.funnels:
            return text("No deal began in this window.", lang)
        return "\n".join(self._sentence(one, lang) for one in self.funnels)

    def _sentence(self, one: FunnelTable, lang: str) -> str:
        lines = [
            text(
                "{funnel}: {deals} {deals:deal|deals} begun, {won} of them won, {lost} lost, "
                "{open} open."
                if self.by == "created"
                else "{funnel}: {deals} {deals:deal|deals}, {won} won, {lost} lost, {open} open.",
                lang,
                funnel=one.funnel,
                deals=Figure(one.deals),
                won=plain_number(one.won, lang),
                lost=plain_number(one.lost, lang),
                open=plain_number(one.open, lang),
            )
        ]
        if one.open and self.horizon is None:
            lines.append(text("Open deals are neither won nor lost yet.", lang))
        worst = one.worst()
        if worst is not None and not math.isnan(worst.conversion):
            lines.append(
                text(
                    "The costliest step is {stage}: {share} of {n} deals go on "
                    "({low} to {high}); one point more would bring {money}.",
                    lang,
                    stage=worst.name,
                    share=percent(worst.conversion, lang),
                    n=plain_number(worst.reached, lang),
                    low=percent(worst.low, lang),
                    high=percent(worst.high, lang),
                    money=plain_number(round(worst.worth), lang),
                )
            )
        return " ".join(lines)


def funnel(
    crm: CrmData,
    window: Window | None = None,
    *,
    by: str = "created",
    stage: str | None = None,
    horizon: float | None = None,
    funnel: str | None = None,
    min_stay: float = 0.0,
    margin: float = 1.0,
    targets: Mapping[str, float] | None = None,
) -> FunnelReport:
    """Compute the cohort funnel of every pipeline.

    Parameters
    ----------
    crm
        The records; the table ``stage_changes`` is needed.
    window
        Days in which the deals began; None for all.
    by, stage, horizon, min_stay
        Which deals count, at which age, see `~abcxyz.crm.reports.cohort.cohort`.
    funnel
        One pipeline; None for all.
    margin
        Share of the amount that is profit, for `StageRow.worth`; 1 counts revenue.
    targets
        Stage -> conversion to reach, for `StageRow.gap` and `StageRow.leak`.

    Returns
    -------
    FunnelReport

    Raises
    ------
    InputError
        No stage changes, a horizon longer than the records, or a margin outside 0 to 1.

    Notes
    -----
    A deal reaches a stage if it visits it or any later one, so that skipped stages count. The
    conversion of stage j is ``N(j+1) / N(j)``; the worth of one point is ``N(j) / 100`` times the
    conversions of the later stages, the average amount of a won deal and the margin.

    Examples
    --------
    >>> from abcxyz.crm import CrmData, Deals, Stage, StageChanges, StageMap
    >>> start = "2026-05-04T09:00:00+03:00"
    >>> crm = CrmData(
    ...     deals=Deals(deal=[1, 2], funnel=["sales"] * 2, stage=["WON", "VISIT"],
    ...                 created=[start, start], amount=[100.0, 50.0]),
    ...     changes=StageChanges(deal=[1, 1, 2, 2], stage=["NEW", "WON", "NEW", "VISIT"],
    ...                          entered=[start, "2026-05-06T12:00:00+03:00"] * 2),
    ...     stages=StageMap({"sales": ["NEW", "VISIT", Stage("WON", semantics="S")]}))
    >>> [(row.stage, row.touched, row.reached) for row in funnel(crm)["sales"].stages]
    [('NEW', 2, 2), ('VISIT', 1, 2), ('WON', 1, 1)]
    """
    crm.need("changes")
    check_margin(margin)
    tables = []
    for name in funnel_names(crm, funnel):
        chosen = cohort(crm, name, window, by=by, stage=stage, horizon=horizon, min_stay=min_stay)
        tables.append(_table(crm, chosen, margin, targets or {}))
    return FunnelReport(window, by, horizon, tuple(tables))


@frozen
class _Steps:
    """Visits of a cohort by stage of the order: (k, n) visited, (n,) furthest, (k, n) returned."""

    visited: Bools = field(eq=SAME_ARRAYS)
    furthest: Ints = field(eq=SAME_ARRAYS)
    returned: Bools = field(eq=SAME_ARRAYS)


def _steps(crm: CrmData, chosen: Cohort, places: int) -> _Steps:
    visits = crm.visits
    place = visits.place[chosen.visits]
    placed = place >= 0
    deal, step = chosen.of_visit[placed], place[placed]
    visited = np.zeros((places, len(chosen)), dtype=bool)
    visited[step, deal] = True
    furthest = np.zeros(len(chosen), dtype=np.int64)
    for j in range(places):
        furthest[visited[j]] = j
    # A deal without any visit stands where its field says.
    silent = np.ones(len(chosen), dtype=bool)
    silent[chosen.of_visit] = False
    if silent.any():
        rows = chosen.row[silent]
        now, _ = crm.stages.lookup(crm.deals.funnel[rows], crm.deals.stage[rows])
        furthest[silent] = np.maximum(now, 0)
    returned = np.zeros((places, len(chosen)), dtype=bool)
    if len(deal):
        same = deal[1:] == deal[:-1]
        back = np.flatnonzero(same & (step[1:] < step[:-1])) + 1
        returned[step[back], deal[back]] = True
    return _Steps(visited, furthest, returned)


def _table(
    crm: CrmData, chosen: Cohort, margin: float, targets: Mapping[str, float]
) -> FunnelTable:
    order = crm.stages.order(chosen.funnel)
    steps = _steps(crm, chosen, len(order))
    n = len(chosen)
    # (k, 4) deals by furthest stage and outcome.
    ends = np.bincount(steps.furthest * 4 + chosen.outcome, minlength=len(order) * 4)
    ends = ends.reshape(-1, 4)
    reached = ends.sum(axis=1)[::-1].cumsum()[::-1]
    strict, every = [], np.ones(n, dtype=bool)
    for visited in steps.visited:
        every &= visited
        strict.append(int(every.sum()))
    touched = steps.visited.sum(axis=1)
    returns = steps.returned.sum(axis=1)
    amounts = crm.single_amounts()[chosen.row]
    won = chosen.outcome == WON
    cheque = float(np.nanmean(amounts[won])) if (won & ~np.isnan(amounts)).any() else math.nan
    conversion = _ratio(reached[1:], reached[:-1])
    low, high = rate_interval(reached[1:], reached[:-1])
    rows = []
    for j, one in enumerate(order):
        last = j == len(order) - 1
        rate = math.nan if last else float(conversion[j])
        worth = math.nan
        if not last:
            worth = float(reached[j]) / 100 * float(np.prod(conversion[j + 1 :])) * cheque * margin
        goal = targets.get(one.id, targets.get(one.title, math.nan))
        gap = max(0.0, (goal - rate) * 100) if not math.isnan(goal + rate) else math.nan
        rows.append(
            StageRow(
                one.id,
                one.title,
                int(touched[j]),
                int(reached[j]),
                int(strict[j]),
                int(reached[j] - touched[j]),
                rate,
                math.nan if last else float(low[j]),
                math.nan if last else float(high[j]),
                float(reached[j]) / n if n else math.nan,
                int(ends[j, LOST]),
                int(ends[j, OPEN]),
                int(ends[j, HANDED_OVER]),
                int(returns[j]),
                worth,
                gap,
                gap * worth,
                bool(reached[j] < FEW),
            )
        )
    again = crm.outcomes.reopened[chosen.row]
    back: Bools = np.asarray(steps.returned.any(axis=0))
    counts = np.bincount(chosen.outcome, minlength=4)
    return FunnelTable(
        chosen.funnel,
        n,
        int(counts[WON]),
        int(counts[LOST]),
        int(counts[OPEN]),
        int(counts[HANDED_OVER]),
        chosen.immature,
        int(again.sum()),
        int((again & won).sum()),
        _share(won & back, back),
        _share(won & ~back, ~back),
        cheque,
        tuple(rows),
    )


def _ratio(part: Ints, whole: Ints) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(whole > 0, part / whole, math.nan))


def _share(part: Bools, whole: Bools) -> float:
    count = int(whole.sum())
    return int(part.sum()) / count if count else math.nan
