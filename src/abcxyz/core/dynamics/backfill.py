"""Backfill: snapshots of past dates, computed in one pass over the sales."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterable, Iterator
from datetime import date

import numpy as np

from abcxyz._arrays import Bools, DayLike, Days, Ints, as_day, freeze
from abcxyz.core.dynamics.alignment import Alignment, align
from abcxyz.core.dynamics.carry_over import carry_over
from abcxyz.core.dynamics.comparison import check_comparable
from abcxyz.core.dynamics.hysteresis import BAND, steadied
from abcxyz.core.sales.calendar import Periods, Window, period_start, shift_period
from abcxyz.core.sales.panel import Panel, aggregate_all
from abcxyz.core.sales.sum_tables import with_gaps
from abcxyz.core.sales.transactions import Transactions
from abcxyz.core.snapshots.classify_panel import classes_of
from abcxyz.core.snapshots.settings import Settings
from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.errors import AbcxyzWarning, InputError

__all__ = ["backfill", "backfill_dates", "backfill_panels", "backfill_window"]


def backfill_dates(since: DayLike, as_of: DayLike, settings: Settings) -> tuple[date, ...]:
    """Return the classification days whose results are dated from *since* on.

    Parameters
    ----------
    since
        A day in the first period; its result is dated by the last day of that period.
    as_of
        The day of the last classification.
    settings
        The unit of their period is the step: a month for ``12M``.

    Raises
    ------
    InputError
        *since* lies in the period of *as_of* or later.

    Examples
    --------
    >>> [str(day) for day in backfill_dates(date(2026, 1, 1), date(2026, 4, 15), Settings())]
    ['2026-02-01', '2026-03-01', '2026-04-15']
    """
    since, as_of = as_day(since, "since"), as_day(as_of, "as_of")
    unit = Periods.parse(settings.period, as_of).bucket
    last = period_start(as_of, unit)
    day = shift_period(period_start(since, unit), unit, 1)
    if day > last:
        raise InputError(
            "there is no complete period from {since} until {as_of}; begin earlier",
            since=since,
            as_of=as_of,
        )
    days = []
    while day < last:
        days.append(day)
        day = shift_period(day, unit, 1)
    return (*days, as_of)


def backfill_window(since: DayLike, as_of: DayLike, settings: Settings) -> Window:
    """Return the window of sales required: the lookbacks of all dates together."""
    spans = [settings.periods(day).lookback for day in backfill_dates(since, as_of, settings)]
    return Window(min(span.since for span in spans), max(span.until for span in spans))


def backfill(
    transactions: Transactions | Iterable[Transactions],
    *,
    since: DayLike,
    as_of: DayLike,
    settings: Settings | None = None,
    previous: Snapshot | None = None,
    band: float = BAND,
) -> Iterator[Snapshot]:
    """Compute snapshots for past dates, one per period.

    Parameters
    ----------
    transactions
        Sales, at once or in batches, over `backfill_window`.
    since
        A day in the first period to be dated.
    as_of
        The day of the last classification.
    settings
        Window, metric and rules; None for the defaults.
    previous
        The snapshot before the first one, or None; as in `analyze`.
    band
        Half width of the hysteresis band, see `steady`.

    Yields
    ------
    Snapshot
        The oldest first. Each contains the customers known by its date; its classes are steadied
        by the preceding snapshot.

    Raises
    ------
    InputError
        No complete period, no sales, or an unusable metric.

    Warns
    -----
    AbcxyzWarning
        The sales begin after the first window does, or end before the last date. The last
        snapshot is then that of the period of the last sale.

    Notes
    -----
    The sales are aggregated once, into atomic periods between all days on which a window, bucket
    or lookback begins or ends; each date is a slice of that table, equal to what `analyze` makes
    on that date. Memory is three tables of customers x atomic periods.

    Examples
    --------
    >>> sales = Transactions(
    ...     ["a", "a", "b"], [date(2026, 1, 5), date(2026, 2, 5), date(2026, 3, 9)], [50, 50, 10]
    ... )
    >>> snapshots = backfill(sales, since=date(2026, 2, 1), as_of=date(2026, 4, 1),
    ...                      settings=Settings(period="2M"))
    >>> [(str(one.dated), one.customers.tolist(), one.segment.tolist()) for one in snapshots]
    [('2026-02-28', ['a'], [0]), ('2026-03-31', ['a', 'b'], [2, 5])]
    """
    made = backfill_panels(
        transactions,
        since=since,
        as_of=as_of,
        settings=settings,
        previous=previous,
        band=band,
        stacklevel=3,
    )
    return (snapshot for snapshot, _ in made)


def backfill_panels(
    transactions: Transactions | Iterable[Transactions],
    *,
    since: DayLike,
    as_of: DayLike,
    settings: Settings | None = None,
    previous: Snapshot | None = None,
    band: float = BAND,
    stacklevel: int = 2,
) -> Iterator[tuple[Snapshot, Panel]]:
    """Compute snapshots as `backfill` does, each with the panel that it was made of.

    Parameters
    ----------
    transactions, since, as_of, settings, previous, band
        As in `backfill`; so are errors and warnings.
    stacklevel
        As in :func:`warnings.warn`, counted from the caller.
    """
    settings = Settings() if settings is None else settings
    days = backfill_dates(since, as_of, settings)
    runs = [settings.periods(day) for day in days]
    read = backfill_window(since, as_of, settings)
    edges = sorted({read.since, read.until, *itertools.chain.from_iterable(map(_edges, runs))})
    atoms = Periods(Window(edges[0], edges[-1]), runs[0].bucket, tuple(edges), read)
    metrics = dict.fromkeys((settings.metric, "count", "lines"))
    panels = aggregate_all(
        transactions,
        atoms,
        metrics,
        rhythm=True,
        document_spans_days=settings.document_spans_days,
    )
    by_metric = dict(zip(metrics, panels, strict=True))
    money = by_metric[settings.metric]
    if not len(money):
        raise InputError("there are no sales; check the source and its window")
    begun = np.fmin.reduce(money.first_day)
    if begun > np.datetime64(shift_period(runs[0].edges[0], runs[0].bucket, 1)):
        warnings.warn(
            AbcxyzWarning(
                "the sales begin on {first}, and the first window on {since}; results dated "
                "before a whole window has passed rest on less than they should",
                first=begun.item(),
                since=runs[0].window.since,
            ),
            stacklevel=stacklevel,
        )
    dates = _until_last_sale(list(zip(days, runs, strict=True)), money, settings, stacklevel)
    table = _Table(money, by_metric["count"], by_metric["lines"])
    if previous is not None:
        return _follow(table, dates, settings, previous, band)
    return _slide(table, dates, settings, band)


def _edges(run: Periods) -> Iterator[date]:
    """List the days on which the slices of a date begin or end."""
    yield from (*run.edges, run.window.since, run.window.until, run.lookback.until)


def _until_last_sale(
    dates: list[tuple[date, Periods]], sales: Panel, settings: Settings, stacklevel: int
) -> list[tuple[date, Periods]]:
    """Leave out the dates whose last period begins after the last sale, with a warning."""
    unit = Periods.parse(settings.period, dates[0][0]).bucket
    last = np.fmax.reduce(sales.last_day.astype("M8[D]"))
    covered = [
        one for one in dates if np.datetime64(shift_period(one[1].window.until, unit, -1)) <= last
    ]
    if not covered:
        raise InputError(
            "the last sale is of {last}, before the first period to compute; begin earlier",
            last=last.item(),
        )
    if len(covered) < len(dates):
        warnings.warn(
            AbcxyzWarning(
                "the sales end on {last}; the last snapshot is that of {dated}, and the {count} "
                "after it are not computed",
                last=last.item(),
                dated=covered[-1][1].dated,
                count=len(dates) - len(covered),
            ),
            stacklevel=stacklevel + 1,
        )
    return covered


def _follow(
    table: _Table,
    dates: list[tuple[date, Periods]],
    settings: Settings,
    previous: Snapshot,
    band: float,
) -> Iterator[tuple[Snapshot, Panel]]:
    """Continue from a snapshot, whose customers may be missing from the sales."""
    for day, periods in dates:
        _, panel = table.until(periods)
        panel = carry_over(panel, previous)
        snapshot, abc, xyz = classes_of(panel, as_of=day, settings=settings)
        check_comparable(previous, snapshot)
        aligned = align(previous.customers, snapshot.customers)
        previous = steadied(snapshot, previous, aligned, abc, xyz, band=band)
        yield previous, panel


def _slide(
    table: _Table, dates: list[tuple[date, Periods]], settings: Settings, band: float
) -> Iterator[tuple[Snapshot, Panel]]:
    """Start without a snapshot: the customers known on a date are among those of the next."""
    before: tuple[Bools, Snapshot] | None = None
    for day, periods in dates:
        known, panel = table.until(periods)
        if not len(panel):
            continue
        snapshot, abc, xyz = classes_of(panel, as_of=day, settings=settings)
        if before is not None:
            known_before, previous = before
            places = np.where(known_before, np.cumsum(known_before) - 1, -1)[known]
            aligned = Alignment(snapshot.customers, places, np.arange(len(snapshot)))
            snapshot = steadied(snapshot, previous, aligned, abc, xyz, band=band)
        before = known, snapshot
        yield snapshot, panel


class _Table:
    """All sales by customer and atomic period, from which the panel of any date is sliced."""

    def __init__(self, money: Panel, count: Panel, lines: Panel) -> None:
        self._money = money
        # The periods cover all lines read, so that nobody is without any: there is no NaN.
        self._sales, self._count, self._lines = money.sales, count.sales, lines.sales
        self._edges = np.array(money.periods.edges, dtype="M8[D]")
        self._first = money.first_day.astype("M8[D]")
        self._rows, self._keys, self._days = _order_days(money)

    def until(self, periods: Periods) -> tuple[Bools, Panel]:
        """Return which customers are known by a date, and their panel."""
        start, stop = self._places(periods.window.since, periods.window.until)
        (today,) = self._places(periods.lookback.until)
        steps = np.array(self._places(*periods.edges))
        first, last = int(steps[0]), int(steps[-1])
        # The last bucket may extend beyond the day of the classification.
        end = min(last, today)
        inside = np.asarray(self._lines[:, start:stop].any(axis=1))
        spanned = np.asarray(self._lines[:, first:end].any(axis=1))
        # From the lookback of the first date on: each date keeps the customers of the one before.
        known = np.asarray(self._lines[:, :today].any(axis=1))
        starts = steps[:-1] - first
        series = self._sales[known, first:last]
        if end < last:
            series[:, end - first :] = 0
        if len(starts) < last - first:
            series = np.add.reduceat(series, starts, axis=1)
        value = self._sales[known, start:stop].sum(axis=1)
        first_day, last_day = self._order_span(np.flatnonzero(known), periods.lookback.until)
        panel = Panel(
            customers=freeze(self._money.customers[known]),
            periods=periods,
            metric=self._money.metric,
            value=freeze(with_gaps(value, inside[known])),
            sales=freeze(with_gaps(series, spanned[known])),
            orders=freeze(self._count[known, start:stop].sum(axis=1).astype(np.int64)),
            first_day=first_day,
            last_day=last_day,
        )
        return known, panel

    def _places(self, *days: date) -> list[int]:
        places: list[int] = np.searchsorted(self._edges, np.array(days, dtype="M8[D]")).tolist()
        return places

    def _order_span(self, rows: Ints, until: date) -> tuple[Days, Days]:
        """Return the first and the last order day of customers before a day."""
        after = np.datetime64(until, "D")
        place = np.searchsorted(self._keys, _key(rows, np.full(len(rows), after.astype(int)))) - 1
        last = np.full(len(rows), np.datetime64("NaT", "D"))
        ordered = (place >= 0) & (self._rows[np.maximum(place, 0)] == rows)
        last[ordered] = self._days[place[ordered]].astype("M8[D]")
        first = np.where(ordered, self._first[rows], np.datetime64("NaT", "D"))
        return freeze(first), freeze(last)


def _key(rows: Ints, days: Ints) -> Ints:
    return (rows.astype(np.int64) << 32) | (days + (1 << 31))


def _order_days(panel: Panel) -> tuple[Ints, Ints, Ints]:
    """Concatenate all order days: row of the customer, sortable key, and day."""
    assert panel.rhythm is not None
    first = panel.first_day.astype("M8[D]")
    has = ~np.isnat(first)
    counts = np.where(has, np.diff(panel.rhythm.starts) + 1, 0)
    rows = np.repeat(np.arange(len(panel)), counts)
    steps = np.ones(len(rows), dtype=np.int64)
    heads = (np.cumsum(counts) - counts)[has]
    begins = np.zeros(len(rows), dtype=bool)
    begins[heads] = True
    steps[~begins] = panel.rhythm.gaps
    steps[begins] = 0
    run = np.cumsum(steps)
    days = run + np.repeat(first[has].astype(np.int64) - run[heads], counts[has])
    return rows, _key(rows, days), days
