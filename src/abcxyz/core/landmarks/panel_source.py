"""Figures of all customers of a panel: its order days, and money of spans of days."""

from __future__ import annotations

import functools
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Bools, Codes, Floats, Ints
from abcxyz.core.landmarks.features import EARLIER, Features, classes_by, features_of
from abcxyz.core.landmarks.horizon import choose_horizon, day_of
from abcxyz.core.landmarks.orders.customer_figures import (
    MONEY_SPANS,
    ORDER_SPANS,
    SEASON,
    Classes,
    CustomerFigures,
)
from abcxyz.core.landmarks.orders.customer_sums import CustomerSums
from abcxyz.core.landmarks.orders.monthly import MONTHS, first_of_months
from abcxyz.core.landmarks.orders.order_history import OrderHistory, day_number
from abcxyz.core.sales.calendar import Window, shift_period
from abcxyz.core.sales.panel import Panel
from abcxyz.core.sales.rhythm import Rhythm, silence
from abcxyz.core.snapshots.settings import Settings
from abcxyz.core.snapshots.snapshot import rows_among
from abcxyz.loops.compiled import ROW_PAYS, loops

__all__ = ["PanelSource", "gap_figures", "money_edges"]


def money_edges(settings: Settings, as_of: date) -> list[int]:
    """Return the first days of the spans whose money has to be known, and the day after the last.

    The money of months is that of the panel where its buckets are months.
    """
    day = day_number(as_of)
    periods = settings.periods(as_of)
    since = day_number(periods.lookback.since)
    windows = periods.window, _window(settings, day - EARLIER)
    edges = {since, day, *(day - days for days in MONEY_SPANS)}
    edges |= {day_number(one) for each in windows for one in (each.since, each.until)}
    if not _has_months(settings, as_of):
        edges |= set(_month_starts(as_of))
    return sorted(one for one in edges if since <= one <= day)


def _window(settings: Settings, day: int) -> Window:
    return settings.periods(day_of(day)).window


def _month_starts(as_of: date) -> list[int]:
    first = first_of_months(as_of)
    return [day_number(shift_period(first, "month", k)) for k in range(MONTHS)]


def _has_months(settings: Settings, as_of: date) -> bool:
    """Whether the panel and that of the window before hold the money of all months."""
    periods = settings.periods(as_of)
    before = settings.periods(periods.window.since).window
    months = periods.bucket == "month" and before.since == periods.lookback.since
    return months and settings.metric != "count"


class PanelSource:
    """Sales as a panel with the order days of every customer, and money of spans of days.

    Parameters
    ----------
    panel
        Panel of n customers; those who were added to it later had no sales.
    settings, as_of
        Settings of the panel, and its day.
    customers, money
        (m,) customers of the sums.
    rows, sample
        (k,) rows of the customers that are learned from in *customers*, and their order history.
    span
        First and last day of the sales, counted from 1970-01-01.
    """

    def __init__(
        self,
        panel: Panel,
        settings: Settings,
        as_of: date,
        *,
        customers: npt.NDArray[Any],
        money: CustomerSums,
        rows: Ints,
        sample: OrderHistory,
        span: tuple[int, int],
    ) -> None:
        self._panel = panel
        self._settings, self._as_of, self._day = settings, as_of, day_number(as_of)
        self.customers, self.sample = panel.customers, sample
        self.first_day, self._last_day = span
        place = _places(customers, panel.customers)
        whole = len(place) == len(money) and bool((place == np.arange(len(money))).all())
        self._money = money if whole else money.take(place)
        rhythm = panel.rhythm if self._money.rhythm is None else self._money.rhythm
        assert rhythm is not None
        self._rhythm = rhythm
        self.rows = _places(panel.customers, customers[rows])

    @functools.cached_property
    def _ends(self) -> tuple[Floats, Floats, Floats]:
        """Return the (n,) number of order days, and days since the last and since the first."""
        known = self._money.ordered
        first, last = self._money.days()
        count = np.where(known, np.diff(self._rhythm.starts) + 1.0, 0.0)
        silence, tenure = (np.where(known, self._day - day, np.nan) for day in (last, first))
        return count, silence, tenure

    @functools.cached_property
    def _classes(self) -> Classes:
        if self._settings.metric == "count":
            window = self._panel.periods.window
            back = [self._day - day_number(one) for one in (window.since, window.until)]
            within = self._gap_figures(tuple(sorted({max(one, 0) for one in back})))[2]
            orders = within[:, -1] - (within[:, 0] if within.shape[1] > 1 else 0)
            value = np.where(np.isnan(self._panel.value.astype(np.float64)), np.nan, orders)
        else:
            value = self._panel.value.astype(np.float64)
        return classes_by(value, self._settings)

    def _earlier(self, window: Window, orders: Floats) -> Codes:
        """Return the (n,) classes of an earlier day by its window, in which so many orders are."""
        since, until = day_number(window.since), day_number(window.until)
        money = self._money
        value = orders if self._settings.metric == "count" else money.net(since, until)
        some = money.any_lines(since, until)
        return classes_by(np.where(some, value, np.nan), self._settings)[0]

    def _gap_figures(self, edges: tuple[int, ...]) -> tuple[Ints, Ints, Ints]:
        silence = self._ends[1]
        days = np.where(np.isnan(silence), -1, silence).astype(np.int64)
        return gap_figures(self._rhythm, days, edges)

    def horizon(self, as_of: date, horizon: int | None, settings: Settings) -> int:
        """Check a horizon, or choose it; see `choose_horizon`."""
        del settings

        def gaps_and_classes() -> tuple[Floats, Codes]:
            count, silence, tenure = self._ends
            with np.errstate(invalid="ignore", divide="ignore"):
                gaps = np.where(count > 1, (tenure - silence) / (count - 1), np.nan)
            return gaps, self._classes[0]

        return choose_horizon(self.first_day, as_of, horizon, gaps_and_classes)

    def features(self, day: int, horizon: int, settings: Settings) -> Features:
        """Return the features of all customers on the day."""
        del settings
        count, silence, tenure = self._ends
        season = (max(SEASON - horizon, 0), SEASON)
        window = _window(self._settings, day - EARLIER)
        earlier = (day - day_number(window.until), day - day_number(window.since))
        edges = tuple(sorted({*ORDER_SPANS, *season, *earlier}))
        squares, longest, within = self._gap_figures(edges)
        orders = {one: within[:, k].astype(np.float64) for k, one in enumerate(edges)}
        bought, money = {}, self._money
        for days in MONEY_SPANS:
            bought[days] = money.bought(day - days, day)
        start = money.edges[0]
        figures = CustomerFigures(
            day=day,
            known=money.ordered,
            count=count,
            silence=silence,
            tenure=tenure,
            squares=squares.astype(np.float64),
            longest=longest.astype(np.float64),
            orders={one: orders[one] for one in ORDER_SPANS},
            season=orders[season[1]] - orders[season[0]],
            bought=bought,
            total=money.bought(start, day),
            last_money=money.last_money,
            returned=money.returned(day - 180, day),
            net_year=money.net(day - 365, day),
            classes=self._classes,
            earlier=self._earlier(window, orders[earlier[1]] - orders[earlier[0]]),
        )
        return features_of(figures, horizon)

    def months(self, as_of: date, rows: Ints) -> Floats:
        """Return the (k, 24) money of months of some customers; see `monthly_sums`."""
        starts = _month_starts(as_of)
        months = np.zeros((len(rows), MONTHS))
        if not _has_months(self._settings, as_of):
            sums = self._money.take(rows)
            for k, (since, until) in enumerate(pairwise([*starts, self._day])):
                months[:, k] = sums.net(since, until)
            return months
        past = self._panel.earlier
        assert past is not None
        parts = [(self._panel, rows), (past, _places(past.customers, self.customers[rows]))]
        for panel, place in parts:
            there = place >= 0
            for column, edge in enumerate(panel.periods.edges[:-1]):
                start = day_number(edge)
                if start in starts:
                    money = panel.sales[place[there], column]
                    months[there, starts.index(start)] = np.nan_to_num(money)
        end = day_number(self._panel.periods.window.until)
        if end < self._day:  # the month that has begun
            months[:, -1] = self._money.take(rows).net(end, self._day)
        return months

    def late(self, abc: Codes, quantile: float, least: int) -> Bools:
        """Return who is silent beyond a quantile of the own gaps, see `silence`."""
        last = self._money.days()[1].astype("M8[D]")
        last[~self._money.ordered] = np.datetime64("NaT", "D")
        until = np.datetime64(self._last_day, "D")
        return silence(self._rhythm, last, abc, until, quantile=quantile, least=least).late


def _places(customers: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> Ints:
    """Return the place of each of the wanted among the customers; -1 for those not there."""
    size = len(customers)
    if len(wanted) >= size and np.array_equal(wanted[:size], customers):
        # Who is added to a panel, is so at its end.
        return np.append(np.arange(size), np.full(len(wanted) - size, -1))
    return rows_among(customers, wanted)


def gap_figures(rhythm: Rhythm, silence: Ints, edges: tuple[int, ...]) -> tuple[Ints, Ints, Ints]:
    """Return figures of the gaps between the order days of n customers.

    Parameters
    ----------
    silence
        (n,) days since the last order; -1 without one.
    edges
        Numbers of days, ascending.

    Returns
    -------
    tuple
        (n,) sums of the squares of the gaps, (n,) longest gaps, and (n, k) order days within so
        many days.

    Examples
    --------
    >>> rhythm = Rhythm(starts=np.array([0, 2, 2]), gaps=np.array([7, 10], np.int32))
    >>> found = gap_figures(rhythm, np.array([5, 40]), (15, 30))
    >>> [one.tolist() for one in found]
    [[149, 0], [10, 0], [[2, 3], [0, 0]]]
    """
    n, starts, gaps = len(silence), rhythm.starts, rhythm.gaps
    squares, longest = np.zeros(n, np.int64), np.zeros(n, np.int64)
    within = np.zeros((n, len(edges)), np.int64)
    kernel = loops("landmarks", len(gaps), ROW_PAYS)
    if kernel is not None:
        kernel.gap_figures(
            starts, gaps, silence, np.array(edges, np.int64), squares, longest, within
        )
        return squares, longest, within
    days = gaps.astype(np.int64)
    owner = np.repeat(np.arange(n), np.diff(starts))
    np.add.at(squares, owner, days * days)
    np.maximum.at(longest, owner, days)
    passed = np.concatenate(([0], np.cumsum(days)))
    # An order before a gap is as far back as the silence and all gaps from this one on.
    back = silence[owner] + passed[starts[1:]][owner] - passed[:-1]
    for k, edge in enumerate(edges):
        within[:, k] = np.bincount(owner[back <= edge], minlength=n)
        within[:, k] += (silence >= 0) & (silence <= edge)
    return squares, longest, within
