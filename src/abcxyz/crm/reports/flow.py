"""Flow through the stages of a window, and the snapshot at its end."""

from __future__ import annotations

import math

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Codes, Ints
from abcxyz.core.display import plain_number
from abcxyz.core.sales.calendar import Window
from abcxyz.crm.deals.win_record import WinProbability
from abcxyz.crm.records.data import CrmData, midnight
from abcxyz.crm.records.visits import EXITS, LOST, OPEN, Visits
from abcxyz.crm.reports.base import Report, Row
from abcxyz.crm.reports.cohort import funnel_names
from abcxyz.toolkit.catalogue import Figure, text

__all__ = ["FlowReport", "FlowRow", "SnapshotReport", "SnapshotRow", "flow", "snapshot"]

_DAY = np.timedelta64(86400, "s")
#: How a visit begins, in the order of the fields of `FlowRow`.
_WAYS_IN = ("created", "in_forward", "in_backward", "reopened", "handed_in")


@frozen
class FlowRow(Row):
    """What happened to one stage in the window, whenever the deals began.

    ``at_start + created + in_forward + in_backward + reopened + handed_in`` equals
    ``out_forward + out_backward + won + lost + handed_out + aside + at_end``.
    """

    funnel: str
    stage: str
    at_start: int
    created: int
    in_forward: int
    in_backward: int
    reopened: int
    handed_in: int
    out_forward: int
    out_backward: int
    won: int
    lost: int
    handed_out: int
    aside: int
    at_end: int


@frozen
class FlowReport(Report):
    """Result of `flow`: a count of moves, without conversions."""

    window: Window
    stages: tuple[FlowRow, ...]

    def rows(self) -> list[Row]:
        """Return the stages."""
        return list(self.stages)

    def title(self, lang: str = "en") -> str:
        """Return the name of the report."""
        return text("Flow through the stages", lang)

    def explain(self, lang: str = "en") -> str:
        """Return how many deals came, were won and were lost."""
        return text(
            "In the window {created} {created:deal|deals} {created:was|were} created, {won} "
            "won and {lost} lost.",
            lang,
            created=Figure(sum(one.created for one in self.stages)),
            won=plain_number(sum(one.won for one in self.stages), lang),
            lost=plain_number(sum(one.lost for one in self.stages), lang),
        )


def flow(crm: CrmData, window: Window, *, funnel: str | None = None) -> FlowReport:
    """Count the moves into and out of every stage in a window; the counts balance exactly.

    Parameters
    ----------
    crm
        The records; the table ``stage_changes`` is needed.
    window
        Days in the time zone of the business.
    funnel
        One pipeline; None for all.
    """
    crm.need("changes")
    visits = crm.visits
    since, until = midnight(window.since, crm.zone), midnight(window.until, crm.zone)
    stages, size = visits.stage.categories, len(visits.stage.categories)
    pair = visits.funnel.codes * size + visits.stage.codes
    total = len(visits.funnel.categories) * size
    came = (visits.entered >= since) & (visits.entered < until)
    went = (visits.left >= since) & (visits.left < until)
    ways, exits = len(_WAYS_IN), len(EXITS)
    entries = _counted(pair * ways + _way_in(visits), came, total * ways).reshape(-1, ways)
    leaves = _counted(pair * exits + visits.exit, went, total * exits).reshape(-1, exits)
    begun = _counted(pair, (visits.entered < since) & ~(visits.left < since), total)
    left = _counted(pair, (visits.entered < until) & ~(visits.left < until), total)
    rows = []
    for name in funnel_names(crm, funnel):
        for stage in crm.stages.stages(name):
            if stage.semantics != "P":
                continue
            known = stage.id in stages and name in visits.funnel.categories
            one = visits.funnel.code(name) * size + visits.stage.code(stage.id) if known else -1
            begins: list[int] = entries[one].tolist() if known else [0] * ways
            gone: list[int] = leaves[one].tolist() if known else [0] * exits
            rows.append(
                FlowRow(
                    name,
                    stage.title,
                    int(begun[one]) if known else 0,
                    begins[0],
                    begins[1],
                    begins[2],
                    begins[3],
                    begins[4],
                    gone[EXITS.index("forward")],
                    gone[EXITS.index("backward")],
                    gone[EXITS.index("won")],
                    gone[EXITS.index("lost")],
                    gone[EXITS.index("handed_over")],
                    gone[EXITS.index("aside")],
                    int(left[one]) if known else 0,
                )
            )
    return FlowReport(window, tuple(rows))


def _counted(keys: Ints, chosen: Bools, count: int) -> Ints:
    return np.bincount(keys[chosen], minlength=count)


def _way_in(visits: Visits) -> Codes:
    """Return how every visit began, as an index in `_WAYS_IN`."""
    way = np.zeros(len(visits), dtype=np.int8)
    if not len(visits):
        return way
    before = visits.exit[:-1]
    # A later rule stands above an earlier one.
    way[1:] = np.where(before == EXITS.index("backward"), 2, 1)
    way[1:][visits.kind[:-1] == LOST] = 3
    way[1:][before == EXITS.index("handed_over")] = 4
    way[visits.first] = 0
    return way


@frozen
class SnapshotRow(Row):
    """Open deals in one stage: count, money, and quantiles of the days in the stage.

    *weighted* is the sum of the amounts times the probability that the deal is won; NaN where no
    probability is known.
    """

    funnel: str
    stage: str
    deals: int
    amount: float
    weighted: float
    without_amount: int
    median_days: float
    p90_days: float


@frozen
class SnapshotReport(Report):
    """Result of `snapshot`."""

    stages: tuple[SnapshotRow, ...]

    def rows(self) -> list[Row]:
        """Return the stages."""
        return list(self.stages)

    def title(self, lang: str = "en") -> str:
        """Return the name of the report."""
        return text("Open deals by stage", lang)

    def explain(self, lang: str = "en") -> str:
        """Return how many deals are open, their money, and what of it is likely."""
        whole = text(
            "{n} {n:deal|deals} {n:is|are} open, worth {money}.",
            lang,
            n=Figure(sum(one.deals for one in self.stages)),
            money=plain_number(round(sum(one.amount for one in self.stages)), lang),
        )
        known = [one.weighted for one in self.stages if not math.isnan(one.weighted)]
        if not known:
            return whole
        likely = text(
            "Weighted by the probability that each is won: {money}.",
            lang,
            money=plain_number(round(sum(known)), lang),
        )
        return f"{whole} {likely}"


def snapshot(
    crm: CrmData, *, funnel: str | None = None, win: WinProbability | None = None
) -> SnapshotReport:
    """Count the open deals in every stage, with their money and age.

    Parameters
    ----------
    crm
        The records. Ages need the table ``stage_changes``.
    funnel
        One pipeline; None for all.
    win
        The probabilities of these records' open deals, for the weighted amounts: those that
        `win_probability` learns from the records, not percentages that a CRM gives its stages.

    Raises
    ------
    InputError
        Amounts in more than one currency.

    Notes
    -----
    A deal whose stage is not the last one of its history counts in its stage, with no age.
    """
    amounts = crm.single_amounts(required=True)
    deals = crm.deals
    open_ = crm.outcomes.kind == OPEN
    stage, age = deals.stage, np.full(len(deals), math.nan)
    if crm.changes is not None and len(crm.visits):
        visits = crm.visits
        last = visits.last & ~visits.end_unknown
        names = tuple(dict.fromkeys((*stage.categories, *visits.stage.categories)))
        codes = stage.codes_in(names).copy()
        codes[visits.row[last]] = visits.stage.codes_in(names)[last]
        age[visits.row[last]] = (crm.until - visits.entered[last]) / _DAY
        stage = type(stage)(names, codes)
    expected = np.full(len(deals), math.nan)
    if win is not None and win.deals:
        found = crm.rows_of_deals(np.array([one.deal for one in win.deals], deals.deal.dtype))
        expected[found] = [one.expected for one in win.deals]
    rows = []
    for name in funnel_names(crm, funnel):
        for one in crm.stages.stages(name):
            here = (
                open_
                & (deals.funnel.codes == deals.funnel.code(name))
                & (stage.codes == stage.code(one.id))
            )
            if one.semantics != "P":
                continue
            days = age[here & ~np.isnan(age)]
            likely = expected[here & ~np.isnan(expected)]
            rows.append(
                SnapshotRow(
                    name,
                    one.title,
                    int(here.sum()),
                    float(np.nansum(amounts[here])),
                    float(likely.sum()) if len(likely) else math.nan,
                    int(np.isnan(amounts[here]).sum()),
                    float(np.median(days)) if len(days) else math.nan,
                    float(np.quantile(days, 0.9)) if len(days) else math.nan,
                )
            )
    return SnapshotReport(tuple(rows))
