"""Lost deals by reason, stage, manager, source and product."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Ints
from abcxyz.core.display import percent, plain_number
from abcxyz.core.dynamics.rate_interval import rate_interval
from abcxyz.core.sales.calendar import Window
from abcxyz.crm.records.columns import Moments, TextColumn, blank_column
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.records.keys import run_starts
from abcxyz.crm.records.visits import LOST, OPEN
from abcxyz.crm.reports.base import NOT_GIVEN, Report, Row, named
from abcxyz.crm.reports.managers import product_of_deals
from abcxyz.crm.statistics.survival import final_incidence
from abcxyz.errors import InputError
from abcxyz.toolkit.catalogue import text

__all__ = ["DIMENSIONS", "LossRow", "LossesReport", "losses", "reasons_of_deals"]

DIMENSIONS = ("stage", "owner", "source", "product", "funnel")
"""What the reasons can be crossed with."""

#: Share of the losses without a reason above which this is the first finding.
_MISSING = 0.1


@frozen
class LossRow(Row):
    """Losses with one reason, and in one group if the report is crossed.

    Parameters
    ----------
    reason, group
        The reason, and the value of the dimension; empty without one.
    lost
        Number of lost deals.
    amount, without_amount
        Their money, and the number of those without an amount.
    share, low, high
        Share of the losses of the group, with its 95 % interval.
    of_deals
        Share of all deals that began in the window: another base, so another number.
    incidence, incidence_low, incidence_high
        Share of the deals begun in the window that is lost for the reason by the longest time of
        the records, open deals censored and other outcomes competing, with its 95 % interval: of
        the group, and of a stage the deals that reached it. Without the reason the others would
        still act.
    """

    reason: str
    group: str
    lost: int
    amount: float
    without_amount: int
    share: float
    low: float
    high: float
    of_deals: float
    incidence: float
    incidence_low: float
    incidence_high: float


@frozen
class LossesReport(Report):
    """Result of `losses`; *lost* losses in the window, *deals* deals that began in it."""

    window: Window | None
    by: str
    lost: int
    deals: int
    reasons: tuple[LossRow, ...]

    def rows(self) -> list[Row]:
        """Return the reasons."""
        return list(self.reasons)

    def title(self, lang: str = "en") -> str:
        """Return the name of the report."""
        return text("Lost deals", lang)

    def explain(self, lang: str = "en") -> str:
        """Return the most frequent reason with its base."""
        if not self.lost:
            return text("No deal was lost in this window.", lang)
        lines = []
        by_reason: dict[str, int] = {}
        for row in self.reasons:
            by_reason[row.reason] = by_reason.get(row.reason, 0) + row.lost
        missing = by_reason.get(NOT_GIVEN, 0) / self.lost
        if missing > _MISSING:
            lines.append(
                text("{share} of the losses have no reason.", lang, share=percent(missing, lang))
            )
        known = {name: n for name, n in by_reason.items() if name != NOT_GIVEN}
        if known:
            name = max(known, key=lambda one: known[one])
            low, high = rate_interval(known[name], self.lost)
            lines.append(
                text(
                    "The most frequent reason is {reason}: {n} of {lost} losses, {share} "
                    "({low} to {high}).",
                    lang,
                    reason=name,
                    n=plain_number(known[name], lang),
                    lost=plain_number(self.lost, lang),
                    share=percent(known[name] / self.lost, lang),
                    low=percent(float(low), lang),
                    high=percent(float(high), lang),
                )
            )
            lines += [
                text(
                    "Of the deals begun in this window {share} ({low} to {high}) are lost for it "
                    "in the end.",
                    lang,
                    share=percent(row.incidence, lang),
                    low=percent(row.incidence_low, lang),
                    high=percent(row.incidence_high, lang),
                )
                for row in self.reasons
                if row.reason == name and not self.by and not math.isnan(row.incidence_low)
            ]
        return " ".join(lines)


def losses(
    crm: CrmData,
    window: Window | None = None,
    *,
    by: str | None = None,
    reasons: Mapping[str, str] | None = None,
) -> LossesReport:
    """Count the deals lost in a window by reason.

    Parameters
    ----------
    crm
        The records.
    window
        Days of the closing, in the time zone of the business; None for all.
    by
        Cross the reasons with one of `DIMENSIONS`.
    reasons
        Reason as entered -> group of reasons; reasons that are not listed stay.

    Returns
    -------
    LossesReport
        The base of the shares is the losses, not the deals; what a reason costs is its incidence.

    Raises
    ------
    InputError
        An unknown dimension.
    """
    if by is not None and by not in DIMENSIONS:
        raise InputError(
            "losses are crossed by {by!r}; use one of {known}", by=by, known=", ".join(DIMENSIONS)
        )
    kind, closed = crm.outcomes.kind, crm.outcomes.closed
    lost = kind == LOST
    if window is not None:
        lost &= crm.inside(closed, window)
    reason = reasons_of_deals(crm, reasons or {})
    group = _groups(crm, by)
    began = int(crm.inside(crm.deals.created, window).sum())
    amounts = crm.single_amounts()
    size = len(group.categories)
    pair = reason.codes * size + group.codes
    counts = np.bincount(pair[lost], minlength=len(reason.categories) * size)
    per_group = np.bincount(group.codes[lost], minlength=size)
    priced: Bools = lost & ~np.isnan(amounts)
    money = np.bincount(pair[priced], amounts[priced], minlength=len(counts))
    with_amount = np.bincount(pair[priced], minlength=len(counts))
    present = np.flatnonzero(counts).tolist()
    incidence = _incidences(crm, window, by, reason, group, present)
    titles = _stage_titles(crm) if by == "stage" else {}
    rows = []
    for one in present:
        n, whole = int(counts[one]), int(per_group[one % size])
        low, high = rate_interval(n, whole)
        rows.append(
            LossRow(
                reason.categories[one // size],
                titles.get(group.categories[one % size], group.categories[one % size]),
                n,
                float(money[one]),
                n - int(with_amount[one]),
                n / whole,
                float(low),
                float(high),
                n / began if began else math.nan,
                *incidence[one],
            )
        )
    missing_first = (
        sum(row.lost for row in rows if row.reason == NOT_GIVEN) > _MISSING * lost.sum()
    )
    rows.sort(
        key=lambda row: (
            row.group,
            (row.reason != NOT_GIVEN) if missing_first else (row.reason == NOT_GIVEN),
            -row.lost,
            row.reason,
        )
    )
    return LossesReport(window, by or "", int(lost.sum()), began, tuple(rows))


def _unique(column: TextColumn) -> TextColumn:
    names = tuple(dict.fromkeys(column.categories))
    return TextColumn(names, column.codes_in(names))


def reasons_of_deals(crm: CrmData, groups: Mapping[str, str]) -> TextColumn:
    """Return the reason of every deal: its field, else what its lost stage stands for."""
    field = crm.category("lost_reason")
    stages = {
        one.id: one.reason
        for listed in crm.stages.funnels.values()
        for one in listed
        if one.reason
    }
    names = [*field.categories, *(one for one in stages.values() if one not in field.categories)]
    codes = field.codes_in(names)
    if stages and "" in names:
        by_stage = np.array(
            [names.index(stages.get(one, "")) for one in crm.deals.stage.categories],
            dtype=np.int64,
        )[crm.deals.stage.codes]
        codes = np.where(codes == names.index(""), by_stage, codes)
    renamed = TextColumn(tuple(groups.get(one, one) for one in names), codes)
    return _unique(named(_unique(renamed)))


def _groups(crm: CrmData, by: str | None) -> TextColumn:
    if by is None:
        return blank_column(len(crm.deals))
    if by == "product":
        return _unique(named(product_of_deals(crm)))
    if by == "stage":
        return _stage_of_loss(crm)
    return _unique(named(crm.deals.funnel if by == "funnel" else crm.category(by)))


def _stage_of_loss(crm: CrmData) -> TextColumn:
    """Return the stage that every lost deal was in before it was lost."""
    visits = crm.need("changes") and crm.visits
    last = np.flatnonzero(visits.last)
    before = last[~visits.first[last]] - 1
    names = tuple(dict.fromkeys((*visits.stage.categories, NOT_GIVEN)))
    codes: Ints = np.full(len(crm.deals), names.index(NOT_GIVEN), dtype=np.int64)
    codes[visits.row[before]] = visits.stage.codes_in(names)[before]
    return TextColumn(names, codes)


def _stage_titles(crm: CrmData) -> dict[str, str]:
    """Return the titles of the stages whose id has the same title in every funnel."""
    titles: dict[str, set[str]] = {}
    for (_, stage), title in crm.stages.titles.items():
        titles.setdefault(stage, set()).add(title)
    return {stage: min(found) for stage, found in titles.items() if len(found) == 1}


def _incidences(
    crm: CrmData,
    window: Window | None,
    by: str | None,
    reason: TextColumn,
    group: TextColumn,
    pairs: list[int],
) -> dict[int, tuple[float, float, float]]:
    """Return the incidence and its interval of every pair of a reason and a group."""
    outcomes, size = crm.outcomes, len(group.categories)
    ended = outcomes.kind != OPEN
    begun = crm.inside(crm.deals.created, window) & ~(ended & np.isnat(outcomes.closed))
    end = np.where(ended, outcomes.closed, crm.until)
    # A way to end for each reason, and one for everything else.
    other = len(reason.categories) + 1
    way = np.where(outcomes.kind == LOST, reason.codes + 1, np.where(ended, other, 0))
    result: dict[int, tuple[float, float, float]] = {}
    for code in sorted({one % size for one in pairs}):
        mine = [one for one in pairs if one % size == code]
        if by == "stage":
            rows, start = _entries(crm, group.categories[code])
            ways = np.where(
                (way[rows] > 0) & (way[rows] < other) & (group.codes[rows] != code),
                other,
                way[rows],
            )
        else:
            rows = np.flatnonzero(group.codes == code)
            start, ways = crm.deals.created[rows], way[rows]
        known = begun[rows]
        length = np.maximum(end[rows] - start, np.timedelta64(0, "s"))[known]
        shares = final_incidence(length, ways[known], [one // size + 1 for one in mine])
        result |= {one: shares[one // size + 1] for one in mine}
    return result


def _entries(crm: CrmData, stage: str) -> tuple[Ints, Moments]:
    """Return the deals that entered a stage, and when first; all of them for no stage."""
    visits = crm.visits
    if stage == NOT_GIVEN:
        return np.arange(len(crm.deals)), crm.deals.created
    here = np.flatnonzero(visits.stage.codes == visits.stage.code(stage))
    first = here[run_starts(visits.row[here])]
    return visits.row[first], visits.entered[first]
