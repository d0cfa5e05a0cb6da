"""Sources of leads and deals: what they bring and what they cost."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from attrs import frozen

from abcxyz._arrays import Floats, Ints
from abcxyz.core.display import percent, plain_number
from abcxyz.core.dynamics.rate_interval import rate_interval
from abcxyz.core.sales.calendar import Window
from abcxyz.crm.records.columns import TextColumn
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.records.visits import LOST, OPEN, WON
from abcxyz.crm.reports.base import NOT_GIVEN, Report, Row, check_margin, find, named
from abcxyz.crm.reports.groups import GroupRate, RatedRow, compare_groups
from abcxyz.toolkit.catalogue import text

__all__ = ["SourceRow", "SourcesReport", "source_of_deals", "sources"]

#: Share of the deals without a source above which sources are not ranked.
_UNKNOWN = 0.2
_RESAMPLES = 400
#: Won deals from which the law of the resampled sums is taken instead of samples.
_MANY = 5000


@frozen
class SourceRow(RatedRow):
    """One source: leads and deals that began in the window, and what became of them.

    Parameters
    ----------
    source
        The source of the lead; of the deal where there is no lead.
    leads, deals, won, lost, open
        Counts.
    won_amount, average_cheque
        Money of the won deals that have an amount.
    to_deal, to_deal_low, to_deal_high
        Share of the leads with a deal, and its interval.
    per_lead, per_lead_low, per_lead_high
        Won money per lead (per deal where there are no leads), with a bootstrap interval.
    spend, per_won, return_
        Money spent, per won deal, and ``(won amount x margin - spend) / spend``; NaN without.
    rate
        Win rate of the decided deals, against the other sources.
    """

    source: str
    leads: int
    deals: int
    won: int
    lost: int
    open: int
    won_amount: float
    average_cheque: float
    to_deal: float
    to_deal_low: float
    to_deal_high: float
    per_lead: float
    per_lead_low: float
    per_lead_high: float
    spend: float
    per_won: float
    return_: float
    rate: GroupRate


@frozen
class SourcesReport(Report):
    """Result of `sources`, the most money per lead first; unordered if too many lack a source."""

    window: Window | None
    not_given: float
    sources: tuple[SourceRow, ...]

    @property
    def ranked(self) -> bool:
        """Whether enough deals have a source to rank them."""
        return self.not_given <= _UNKNOWN

    def rows(self) -> list[Row]:
        """Return the sources."""
        return list(self.sources)

    def __getitem__(self, source: str) -> SourceRow:
        """Return one source."""
        return find(self.sources, source=source)

    def title(self, lang: str = "en") -> str:
        """Return the name of the report."""
        return text("Sources", lang)

    def explain(self, lang: str = "en") -> str:
        """Return which source brings most per lead."""
        if not self.ranked:
            return text(
                "{share} of the deals have no source, so the sources are not ranked.",
                lang,
                share=percent(self.not_given, lang),
            )
        known = [one for one in self.sources if one.source != NOT_GIVEN]
        if not known:
            return text("No deal began in this window.", lang)
        best = known[0]
        return text(
            "{source} brings most per lead: {money} ({low} to {high}); {rate} of its decided "
            "deals are won.",
            lang,
            source=best.source,
            money=plain_number(round(best.per_lead), lang),
            low=plain_number(round(best.per_lead_low), lang),
            high=plain_number(round(best.per_lead_high), lang),
            rate=percent(best.rate.rate, lang),
        )


def sources(
    crm: CrmData, window: Window | None = None, *, margin: float = 1.0, seed: int = 0
) -> SourcesReport:
    """Compare the sources of the leads and deals that began in a window.

    Parameters
    ----------
    crm
        The records; leads and spend are used if they were read.
    window
        Days in the time zone of the business; None for all.
    margin
        Share of the amount that is profit, for the return on the spend.
    seed
        Seed of the bootstrap.

    Raises
    ------
    InputError
        Amounts in more than one currency, or a margin that is no share.
    """
    check_margin(margin)
    amounts = crm.single_amounts(required=True)
    column = source_of_deals(crm)
    source, names = column.codes, column.categories
    inside = crm.inside(crm.deals.created, window)
    kind = crm.outcomes.kind
    won, lost = inside & (kind == WON), inside & (kind == LOST)
    rates = compare_groups(source, len(names), won, won | lost)
    leads, converted, has_leads = _leads(crm, window, names)
    spend = _spend(crm, window, names)
    paid = np.where(won & ~np.isnan(amounts), amounts, 0.0)
    random = np.random.default_rng(seed)
    rows = []
    for i, name in enumerate(names):
        own = (source == i) & inside
        base = int(leads[i]) if has_leads else int(own.sum())
        money = float(paid[own].sum())
        priced = int((own & won & ~np.isnan(amounts)).sum())
        low, high = rate_interval(converted[i], leads[i])
        per_low, per_high = _bootstrap(paid[own], base, random)
        rows.append(
            SourceRow(
                name,
                int(leads[i]),
                int(own.sum()),
                int((own & won).sum()),
                int((own & lost).sum()),
                int((own & (kind == OPEN)).sum()),
                money,
                money / priced if priced else math.nan,
                int(converted[i]) / int(leads[i]) if leads[i] else math.nan,
                float(low),
                float(high),
                money / base if base else math.nan,
                per_low,
                per_high,
                float(spend[i]),
                float(spend[i]) / int((own & won).sum()) if (own & won).any() else math.nan,
                (money * margin - float(spend[i])) / float(spend[i]) if spend[i] else math.nan,
                rates[i],
            )
        )
    rows = [row for row in rows if row.deals or row.leads]
    total = sum(row.deals for row in rows)
    missing = sum(row.deals for row in rows if row.source == NOT_GIVEN)
    share = missing / total if total else 0.0
    key = (lambda row: row.source) if share > _UNKNOWN else _by_money
    return SourcesReport(window, share, tuple(sorted(rows, key=key)))


def _by_money(row: SourceRow) -> tuple[bool, float, str]:
    return (
        row.source == NOT_GIVEN,
        -row.per_lead if not math.isnan(row.per_lead) else 0.0,
        row.source,
    )


def source_of_deals(crm: CrmData) -> TextColumn:
    """Return the source of every deal: that of its first lead, or else its own."""
    own = crm.category("source")
    names = list(own.categories)
    codes = own.codes
    leads = crm.leads
    if leads is not None and leads.source is not None:
        names += [one for one in leads.source.categories if one not in names]
        codes = own.codes_in(names).copy()
        if leads.deal is not None:
            row = crm.rows_of_deals(leads.deal)
            known = np.flatnonzero(row >= 0)
            known = known[np.argsort(leads.created[known], kind="stable")[::-1]]
            codes[row[known]] = leads.source.codes_in(names)[known]
    column = named(TextColumn(tuple(names), codes))
    unique = tuple(dict.fromkeys(column.categories))
    return TextColumn(unique, column.codes_in(unique))


def _leads(crm: CrmData, window: Window | None, names: tuple[str, ...]) -> tuple[Ints, Ints, bool]:
    nothing = np.zeros(len(names), dtype=np.int64)
    table = crm.leads
    if table is None:
        return nothing, nothing, False
    inside = crm.inside(table.created, window)
    if table.source is None:
        return nothing, nothing, False
    source = named(table.source).codes_in(names)
    to_deal = np.zeros(len(table), dtype=bool)
    if table.deal is not None:
        to_deal = crm.rows_of_deals(table.deal) >= 0
    counts = np.bincount(source[inside], minlength=len(names))
    return counts, np.bincount(source[inside & to_deal], minlength=len(names)), True


def _spend(crm: CrmData, window: Window | None, names: tuple[str, ...]) -> Floats:
    table = crm.spend
    if table is None or table.amount is None:
        return np.full(len(names), np.nan)
    inside = np.ones(len(table), dtype=bool)
    if window is not None and table.day is not None:
        inside = window.holds(table.day)
    code = named(table.source).codes_in(names)
    inside &= code >= 0
    amounts = np.nan_to_num(table.amount)
    sums: Floats = np.bincount(code[inside], amounts[inside], minlength=len(names)).astype(
        np.float64, copy=False
    )
    return sums


def _bootstrap(paid: Floats, base: int, random: np.random.Generator) -> tuple[float, float]:
    """Return the 95 % interval of the money per lead; leads without a deal brought nothing."""
    if not base or not len(paid):
        return math.nan, math.nan
    values = paid[paid != 0]
    chance = len(values) / max(base, len(paid))
    counts = random.binomial(max(base, len(paid)), chance, _RESAMPLES)
    if not len(values):
        return 0.0, 0.0
    if len(values) >= _MANY:
        # So many draws sum to a normal law: that of the bootstrap itself, without drawing.
        tries = max(base, len(paid))
        spread = math.sqrt(float((values**2).sum()) - float(values.sum()) ** 2 / tries)
        half = NormalDist().inv_cdf(0.975) * spread
        total = float(values.sum())
        return (total - half) / base, (total + half) / base
    sums = [float(random.choice(values, n).sum()) for n in counts.tolist()]
    low, high = np.quantile(sums, [0.025, 0.975]) / base
    return float(low), float(high)
