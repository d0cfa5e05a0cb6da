"""Stuck deals: open longer in their stage than those that went on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Floats, Ints
from abcxyz.core.display import plain_number
from abcxyz.crm.records.clean import LATE_START
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.records.visits import EXITS, OPEN
from abcxyz.crm.reports.base import Report, Row
from abcxyz.crm.statistics.survival import cumulative_incidence
from abcxyz.errors import InputError
from abcxyz.toolkit.catalogue import plural, text

__all__ = ["StuckDeal", "StuckReport", "check_history", "has_next_step", "stuck_deals"]

_DAY = np.timedelta64(86400, "s")
_EXITS = 20
_GAPS = 0.2


@frozen
class StuckDeal(Row):
    """One open deal that stays longer than usual and is silent.

    Parameters
    ----------
    deal, funnel, stage, owner, customer
        The deal, and where it stands.
    days
        Days in the stage.
    usual
        Days within which nine of ten deals that went on left the stage.
    silent
        Days since the last done activity; NaN if none is recorded.
    amount
        Amount of the deal; NaN if not known.
    """

    deal: Any
    funnel: str
    stage: str
    owner: str
    customer: Any
    days: float
    usual: float
    silent: float
    amount: float


@frozen
class StuckReport(Report):
    """Result of `stuck_deals`, the largest amount first."""

    deals: tuple[StuckDeal, ...]

    def rows(self) -> list[Row]:
        """Return the deals."""
        return list(self.deals)

    def title(self, lang: str = "en") -> str:
        """Return the name of the report."""
        return text("Stuck deals", lang)

    def explain(self, lang: str = "en") -> str:
        """Return the number of stuck deals and their money."""
        if not self.deals:
            return text("No deal is stuck.", lang)
        money = sum(one.amount for one in self.deals if not math.isnan(one.amount))
        first = self.deals[0]
        head = plural(
            "{n} deal is stuck, worth {money}.|{n} deals are stuck, worth {money}.",
            len(self.deals),
            lang,
            money=plain_number(round(money), lang),
        )
        return (
            head
            + " "
            + text(
                "The largest is {deal}: {days} days in {stage}, usually up to {usual}.",
                lang,
                deal=first.deal,
                days=plain_number(round(first.days), lang),
                stage=first.stage,
                usual=plain_number(round(first.usual), lang),
            )
        )


def check_history(crm: CrmData) -> None:
    """Check that the histories of the deals are whole enough for durations.

    Raises
    ------
    InputError
        More than a fifth of the deals have a gap in their history.
    """
    visits = crm.visits
    gap = np.ones(len(crm.deals), dtype=bool)
    first = visits.first
    rows = visits.row[first]
    gap[rows] = visits.entered[first] - crm.deals.created[rows] > LATE_START
    gap[visits.row[visits.end_unknown]] = True
    gaps = int(gap.sum())
    if len(crm.deals) and gaps > _GAPS * len(crm.deals):
        raise InputError(
            "{n} of {all} deals {n:has a gap in its|have a gap in their} history of stages, "
            "so {n:its|their} times are not known; read the whole history",
            n=gaps,
            all=len(crm.deals),
        )


def stuck_deals(
    crm: CrmData, *, deal_days: float = 3.0, silent: float = 7.0, funnel: str | None = None
) -> StuckReport:
    """List the open deals that stay in their stage longer than usual and are silent.

    Parameters
    ----------
    crm
        The records; the table ``stage_changes`` is needed.
    deal_days
        Usual days where fewer than 20 deals have gone on from a stage.
    silent
        Days without a done activity; without the table of activities every deal is silent.
    funnel
        One pipeline; None for all.

    Notes
    -----
    The usual time is the shortest t with ``F(t) >= 0.9 F(t_max)``, F the Aalen-Johansen share
    that has gone forward from the stage by t.
    """
    crm.need("changes")
    check_history(crm)
    visits = crm.visits
    current = np.flatnonzero(visits.last & (visits.kind == OPEN) & ~visits.end_unknown)
    if funnel is not None:
        crm.stages.stages(funnel)
        current = current[visits.funnel.codes[current] == visits.funnel.code(funnel)]
    row = visits.row[current]
    days = (crm.until - visits.entered[current]) / _DAY
    quiet = _silence(crm)[row]
    usual = _usual_days(crm, current, deal_days)
    stuck = (days > usual) & (quiet >= silent)
    current, row = current[stuck], row[stuck]
    amounts = crm.single_amounts()[row]
    order = np.lexsort((-days[stuck], -np.where(np.isnan(amounts), -1.0, amounts)))
    current, row = current[order], row[order]
    customer = crm.deals.customer
    columns = (
        crm.deals.deal[row].tolist(),
        visits.funnel[current].tolist(),
        visits.stage[current].tolist(),
        crm.category("owner")[row].tolist(),
        [""] * len(row) if customer is None else customer[row].tolist(),
        days[stuck][order].tolist(),
        usual[stuck][order].tolist(),
        np.where(np.isfinite(quiet), quiet, math.nan)[stuck][order].tolist(),
        amounts[order].tolist(),
    )
    titles = crm.stages.titles
    return StuckReport(
        tuple(
            StuckDeal(deal, name, titles.get((name, stage), stage), *rest)
            for deal, name, stage, *rest in zip(*columns, strict=True)
        )
    )


def _usual_days(crm: CrmData, current: Ints, default: float) -> Floats:
    """Return the usual days in the stage of every current visit."""
    visits = crm.visits
    size = len(visits.stage.categories)
    pair = visits.funnel.codes * size + visits.stage.codes
    usual = np.full(len(current), default)
    for key in np.unique(pair[current]).tolist():
        here = np.flatnonzero((pair == key) & ~visits.end_unknown)
        usual[pair[current] == key] = _usual(crm, here, default)
    return usual


def _usual(crm: CrmData, here: Ints, default: float) -> float:
    """Return the days within which nine of ten that went on left, by visits of one stage."""
    visits = crm.visits
    way = visits.exit[here]
    on = (way == EXITS.index("forward")) | (way == EXITS.index("won"))
    if on.sum() < _EXITS:
        return default
    end = np.where(np.isnat(visits.left[here]), crm.until, visits.left[here])
    ways = np.where(on, 1, np.where(way > 0, 2, 0))
    times, shares = cumulative_incidence(end - visits.entered[here], ways, 2)
    return float(times[np.argmax(shares[0] >= 0.9 * shares[0][-1])])


def _silence(crm: CrmData) -> Floats:
    """Return the days since the last done activity of every deal; infinity without one."""
    quiet = np.full(len(crm.deals), math.inf)
    table = crm.activities
    if table is None or table.deal is None:
        return quiet
    row = crm.deal_of_activity
    inside = table.by_people & (row >= 0) & (table.started < crm.until)
    last = np.full(len(quiet), np.iinfo(np.int64).min)
    np.maximum.at(last, row[inside], table.started[inside].astype(np.int64))
    known = last > np.iinfo(np.int64).min
    quiet[known] = (crm.until - last[known].astype("M8[s]")) / _DAY
    return quiet


def has_next_step(crm: CrmData) -> Bools | None:
    """Return for every deal whether somebody planned an activity; None where no plans are known.

    Notes
    -----
    A reminder that a program made by itself is no step: otherwise the task that reports a missing
    step would be the step, and nobody would see that there still is none.
    """
    table = crm.activities
    if table is None or table.done is None or table.deal is None:
        return None
    row = crm.deal_of_activity
    waiting = (row >= 0) & ~table.done
    if table.automatic is not None:
        waiting &= ~table.automatic
    planned = np.zeros(len(crm.deals), dtype=bool)
    planned[row[waiting]] = True
    return planned
