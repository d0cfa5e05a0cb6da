"""Figures whose change is explained: which deals count, when, and with which value."""

from __future__ import annotations

import math

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Bools, Floats, Ints
from abcxyz.core.sales.calendar import Window
from abcxyz.crm.records.columns import Moments, TextColumn
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.records.visits import LOST, NOT_A_TIME, WON
from abcxyz.crm.reports.base import named
from abcxyz.crm.reports.managers import product_of_deals
from abcxyz.crm.reports.sources import source_of_deals
from abcxyz.errors import InputError

__all__ = [
    "DIMENSIONS",
    "FIGURES",
    "Observations",
    "default_horizon",
    "dimension",
    "observations",
    "stage_passage",
]

FIGURES = {
    "conversion": "share of the deals created that are won within the horizon",
    "win_rate": "share won of the deals that were closed",
    "cheque": "average amount of the deals won",
    "cycle": "average number of days from creation to winning",
    "revenue": "won amount of the deals created, within the horizon",
}
"""Name of a figure -> its meaning. A stage is another one: the share that goes on from it."""

DIMENSIONS = ("source", "product", "owner", "funnel", "campaign", "kind")
"""By what a change can be split."""

_DAY = np.timedelta64(1, "D")
_SECOND = np.timedelta64(1, "s")


@frozen
class Observations:
    """What a figure counts: one observation per deal.

    Parameters
    ----------
    metric
        The figure.
    horizon
        Days within which an outcome counts; NaN where it does not wait.
    row
        (n,) rows of the deals.
    at
        (n,) moments that place them in a window.
    value
        (n,) 1 for success, or money; the figure is their mean.
    mature
        (n,) whether the horizon of a deal is over.
    """

    __hash__ = None  # type: ignore[assignment]

    metric: str
    horizon: float
    row: Ints = field(eq=SAME_ARRAYS)
    at: Moments = field(eq=SAME_ARRAYS)
    value: Floats = field(eq=SAME_ARRAYS)
    mature: Bools = field(eq=SAME_ARRAYS)

    @property
    def binary(self) -> bool:
        """Whether every value is 0 or 1."""
        return self.metric not in ("cheque", "cycle", "revenue")

    def take(self, chosen: Bools) -> Observations:
        """Return some of the observations."""
        return Observations(
            self.metric,
            self.horizon,
            self.row[chosen],
            self.at[chosen],
            self.value[chosen],
            self.mature[chosen],
        )

    def within(self, crm: CrmData, window: Window) -> tuple[Ints, int]:
        """Return the mature observations of a window, and the number of immature ones."""
        inside = crm.inside(self.at, window)
        return np.flatnonzero(inside & self.mature), int((inside & ~self.mature).sum())


def default_horizon(crm: CrmData) -> float:
    """Return the 90 % quantile of the days from creation to winning, 1 to 180.

    Raises
    ------
    InputError
        No deal has been won.
    """
    won = crm.outcomes.kind == WON
    days = (crm.outcomes.closed - crm.deals.created)[won] / _DAY
    return _quantile(days[days >= 0])


def _quantile(days: Floats) -> float:
    if not len(days):
        raise InputError(
            "no deal has gone on so far, so there is no usual time to wait for; give the horizon"
        )
    return float(min(max(math.ceil(np.quantile(days, 0.9)), 1), 180))


def observations(crm: CrmData, metric: str, horizon: float | None = None) -> Observations:
    """Return what a figure counts.

    Parameters
    ----------
    crm
        The records.
    metric
        One of `FIGURES`; or a stage, by identifier or name, for the share that goes on from it.
    horizon
        Days within which an outcome counts; None for the 90 % quantile of past ones.

    Raises
    ------
    InputError
        An unknown figure, or one that needs a table that was not read.
    """
    if metric not in FIGURES:
        return stage_passage(crm, metric, horizon)
    kind, closed, created = crm.outcomes.kind, crm.outcomes.closed, crm.deals.created
    everything = np.ones(len(crm.deals), dtype=bool)
    if metric == "win_rate":
        rows = np.flatnonzero(((kind == WON) | (kind == LOST)) & ~np.isnat(closed))
        return Observations(
            metric,
            math.nan,
            rows,
            closed[rows],
            (kind[rows] == WON).astype(float),
            everything[rows],
        )
    if metric == "cheque":
        amounts = crm.single_amounts(required=True)
        rows = np.flatnonzero((kind == WON) & ~np.isnat(closed) & ~np.isnan(amounts))
        return Observations(metric, math.nan, rows, closed[rows], amounts[rows], everything[rows])
    if metric == "cycle":
        age = (closed - created) / _DAY
        rows = np.flatnonzero((kind == WON) & (age >= 0))
        return Observations(metric, math.nan, rows, closed[rows], age[rows], everything[rows])
    days = default_horizon(crm) if horizon is None else horizon
    limit = created + np.timedelta64(round(days * 86400), "s")
    won = (kind == WON) & (closed < limit)
    value = won.astype(np.float64)
    if metric == "revenue":
        value = np.where(won, np.nan_to_num(crm.single_amounts(required=True)), 0.0)
    return Observations(
        metric, days, np.arange(len(created)), created, value, np.asarray(limit <= crm.until)
    )


def stage_passage(
    crm: CrmData, stage: str, horizon: float | None = None, funnel: str | None = None
) -> Observations:
    """Return whether deals go on from a stage within a horizon of first entering it.

    Parameters
    ----------
    crm
        The records; stage changes are needed.
    stage
        Identifier or name of the stage.
    horizon
        Days; None for the 90 % quantile of those that went on.
    funnel
        Its funnel; None if it is in one only.

    Raises
    ------
    InputError
        No such stage, several, or one that nothing follows.
    """
    funnel, place = _find_stage(crm, stage, funnel)
    crm.need("changes")
    visits = crm.visits
    here = visits.funnel.codes == visits.funnel.code(funnel)
    entered = _first_entry(
        len(crm.deals), visits.row, visits.entered, here & (visits.place == place)
    )
    # A later stage counts only after this one was entered; a lost stage has no place.
    since = entered[visits.row]
    beyond = here & (visits.place > place) & (visits.entered >= since)
    passed = _first_entry(len(crm.deals), visits.row, visits.entered, beyond)
    rows = np.flatnonzero(~np.isnat(entered))
    start, went = entered[rows], passed[rows]
    if horizon is None:
        horizon = _quantile((went - start)[~np.isnat(went)] / _DAY)
    limit = start + np.timedelta64(round(horizon * 86400), "s")
    return Observations(
        stage,
        horizon,
        rows,
        start,
        (went < limit).astype(np.float64),
        np.asarray(limit <= crm.until),
    )


def _first_entry(n: int, row: Ints, entered: Moments, chosen: Bools) -> Moments:
    """Return the first moment of each deal among the chosen visits, which are in time order."""
    result = np.full(n, NOT_A_TIME)
    places = np.flatnonzero(chosen)[::-1]  # the first one is written last
    result[row[places]] = entered[places]
    return result


def _find_stage(crm: CrmData, stage: str, funnel: str | None) -> tuple[str, int]:
    places = []
    known = []
    for name in crm.stages.funnels if funnel is None else (funnel,):
        order = crm.stages.order(name)
        known += [one.id for one in order[:-1]]
        places += [
            (name, place) for place, one in enumerate(order[:-1]) if stage in (one.id, one.title)
        ]
    if not places:
        raise InputError(
            "the figure {metric!r} is unknown; use one of {known}",
            metric=stage,
            known=", ".join((*FIGURES, *dict.fromkeys(known))),
        )
    if len(places) > 1:
        raise InputError(
            "the stage {stage!r} is in several funnels ({funnels}); name one with --funnel",
            stage=stage,
            funnels=", ".join(name for name, _ in places),
        )
    return places[0]


def dimension(crm: CrmData, name: str) -> TextColumn:
    """Return the group of every deal in a dimension.

    Raises
    ------
    InputError
        An unknown dimension.
    """
    if name not in DIMENSIONS:
        raise InputError(
            "changes are split by {by!r}; use one of {known}", by=name, known=", ".join(DIMENSIONS)
        )
    if name == "source":
        return source_of_deals(crm)
    if name == "product":
        column = product_of_deals(crm)
    else:
        column = crm.deals.funnel if name == "funnel" else crm.category(name)
    column = named(column)
    unique = tuple(dict.fromkeys(column.categories))
    return TextColumn(unique, column.codes_in(unique))
