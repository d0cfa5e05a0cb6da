"""Table of sales by customer and period, and the forecast of all or of one segment from it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import evolve, field, frozen

from abcxyz._arrays import SAME_ARRAYS, Bools, Codes, Floats, earliest_day, freeze
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.classes.classify import classify_abc, classify_xyz
from abcxyz.core.classes.segments import in_segment
from abcxyz.core.dynamics.alignment import align
from abcxyz.core.forecasts.sales_forecast import (
    HeldBackSales,
    SalesForecast,
    forecast_sales,
)
from abcxyz.core.sales.calendar import Window, shift_period
from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.errors import InputError, MeaninglessClassesWarning

__all__ = [
    "MOST_KNOWN",
    "SalesPart",
    "SalesTable",
    "joined_sales",
    "known_sales",
    "parts_of_analysis",
]

MOST_KNOWN = 60
"""Largest number of periods that a forecast looks at."""

#: Unit of the periods -> number of them after which a season repeats.
_SEASONS = MappingProxyType(
    {"day": 7, "week": 52, "ten_days": 36, "month": 12, "quarter": 4, "half_year": 2, "year": 1}
)


@frozen(kw_only=True, eq=False)
class SalesPart:
    """Sales by period of one window.

    Parameters
    ----------
    unit, edges
        As in `SalesTable`.
    customers
        (n,) identifiers, each once.
    sales
        (n, t) the metric of each period; NaN without sales.
    first
        Day of the first sale known when it was made; None without one.
    """

    unit: str
    edges: tuple[date, ...]
    customers: npt.NDArray[Any]
    sales: npt.NDArray[Any]
    first: date | None


@frozen(kw_only=True)
class SalesTable:
    """Sales of customers by consecutive periods.

    Parameters
    ----------
    unit
        Unit of the periods, such as ``month``.
    edges
        First day of every period, and the day after the last one.
    customers
        (n,) identifiers, each once.
    sales
        (n, t) the metric of each period; 0 without sales.
    """

    __hash__ = None  # type: ignore[assignment]

    unit: str
    edges: tuple[date, ...]
    customers: npt.NDArray[Any] = field(eq=SAME_ARRAYS)
    sales: Floats = field(eq=SAME_ARRAYS)

    def __len__(self) -> int:
        return int(self.sales.shape[1])

    @classmethod
    def of(cls, part: SalesPart) -> SalesTable:
        """Return the table of one part."""
        return cls(
            unit=part.unit,
            edges=part.edges,
            customers=part.customers,
            sales=freeze(_filled(part.sales)),
        )

    def extended(self, part: SalesPart) -> SalesTable:
        """Return the table with the earlier periods of a part that it adjoins or overlaps.

        Where both know a period, this table holds. Nothing is added where a period between them
        would be missing.
        """
        same = part.unit == self.unit and self.edges[0] in part.edges
        here = part.edges.index(self.edges[0]) if same else 0
        if not here:
            return self
        both = align(part.customers, self.customers)
        earlier = both.of_before(_filled(part.sales)[:, :here], 0.0)
        return SalesTable(
            unit=self.unit,
            edges=(*part.edges[:here], *self.edges),
            customers=both.customers,
            sales=freeze(np.hstack([earlier, both.of_after(self.sales, 0.0)])),
        )

    def since_first(self, first: date | None) -> SalesTable:
        """Return the table without the periods before the first sale, or that it began within.

        Parameters
        ----------
        first
            Day of the first sale known; None if there is none.
        """
        start = 0
        while start < len(self) and (
            not self.sales[:, start].any()
            or (first is not None and _late(first, self.edges[start], self.edges[start + 1]))
        ):
            start += 1
        start = max(start, len(self) - MOST_KNOWN)
        return evolve(
            self,
            edges=self.edges[start:],
            sales=freeze(np.ascontiguousarray(self.sales[:, start:])),
        )

    def next_edges(self, periods: int) -> tuple[date, ...]:
        """Return the first day of each of the next periods, and the day after the last one."""
        return tuple(shift_period(self.edges[-1], self.unit, i) for i in range(periods + 1))

    def forecast(
        self, periods: int = 3, *, snapshot: Snapshot | None = None, segment: str | None = None
    ) -> SalesForecast:
        """Forecast the sales of the next periods.

        Parameters
        ----------
        periods
            Number of periods ahead.
        snapshot, segment
            Newest snapshot, and the segment or class in it whose customers are meant: what those
            customers will buy, whatever becomes of their class. None for all customers.

        Raises
        ------
        InputError
            As in `forecast_sales`.

        Notes
        -----
        The customers of a segment were chosen by what they bought, so that they do not go on as
        they did before. The held-back moments are therefore those of the customers who were in the
        segment *then*: they are classified anew at each, by the rules of the snapshot.

        Examples
        --------
        >>> from datetime import date
        >>> from abcxyz import Transactions, analyze
        >>> rows = [(who, date(2025, month, 5), money) for who, money in (("a", 90), ("b", 10))
        ...         for month in range(1, 13)]
        >>> rows += [(who, date(2026, month, 5), money + month) for who, _, money in rows[::12]
        ...          for month in range(1, 11)]
        >>> sales = Transactions(*map(list, zip(*rows)))
        >>> analysis = analyze(sales, as_of=date(2026, 11, 1))
        >>> table = joined_sales(parts_of_analysis(analysis))
        >>> len(table), round(table.forecast(1).total, 2)
        (22, 120.18)
        """
        series, moments = self.sales.sum(axis=0), None
        if segment is not None and snapshot is not None:
            inside = in_segment(snapshot.abc, snapshot.xyz, segment)
            chosen = set(snapshot.customers[inside].tolist())  # np.isin is slow for objects
            now = np.array([who in chosen for who in self.customers.tolist()], dtype=bool)
            series = self.sales[now].sum(axis=0)
            moments = self._held_back(periods, snapshot, segment)
        found = forecast_sales(
            series, periods=periods, season=_SEASONS[self.unit], held_back=moments
        )
        return evolve(found, edges=self.next_edges(periods))

    def _held_back(
        self, periods: int, snapshot: Snapshot, segment: str
    ) -> tuple[HeldBackSales, ...]:
        """Return the past moments of a segment, each with the customers who were in it then."""
        span = snapshot.periods.count
        moments = []
        for t in range(span, len(self) - periods + 1):
            members = in_segment(*self._classes(t, span, snapshot), segment)
            # Those who had not bought by then were not known.
            members &= self.sales[:, :t].any(axis=1)
            one = self.sales[members].sum(axis=0)
            moments.append(HeldBackSales(one[:t], one[t : t + periods]))
        return tuple(moments)

    def _classes(self, t: int, span: int, snapshot: Snapshot) -> tuple[Codes, Codes]:
        """Return the classes by the *span* periods before one, by the rules of the snapshot."""
        settings = snapshot.settings
        sales = self.sales[:, t - span : t]
        absent: Bools = np.asarray(~sales.any(axis=1))
        sales = np.where(absent[:, None], np.nan, sales)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MeaninglessClassesWarning)
            abc = classify_abc(
                np.where(absent, np.nan, sales.sum(axis=1)), settings.abc, metric=settings.metric
            )
            xyz = classify_xyz(
                sales,
                settings.xyz,
                ddof=settings.ddof,
                since_first=settings.since_first,
                single_order=settings.single_order,
            )
        return abc.codes, xyz.codes


def known_sales(table: SalesTable | None) -> SalesTable:
    """Return the table.

    Raises
    ------
    InputError
        There is none.
    """
    if table is None:
        raise InputError(
            "the snapshots hold no sales by period; save them again with abcxyz run or "
            "abcxyz backfill"
        )
    return table


def _late(first: date, since: date, until: date) -> bool:
    """Return whether sales that begin on a day miss more than a fifth of a period."""
    return (first - since).days > (until - since).days / 5


def _filled(sales: npt.NDArray[Any]) -> Floats:
    return np.nan_to_num(np.asarray(sales, dtype=np.float64))


def parts_of_analysis(analysis: Analysis) -> tuple[SalesPart, ...]:
    """Return the sales by period of the window of an analysis, and of the window before it."""
    panel, past = analysis.panel, analysis.year_before
    unit, customers = panel.periods.bucket, panel.customers
    first = earliest_day(analysis.snapshot.first_day)
    parts = [
        SalesPart(
            unit=unit,
            edges=panel.periods.edges,
            customers=customers,
            sales=panel.sales,
            first=first,
        )
    ]
    if past is not None and past.first is not None:
        parts.append(
            SalesPart(
                unit=unit,
                edges=past.edges,
                customers=customers,
                sales=past.sales,
                first=past.first,
            )
        )
    return tuple(parts)


def joined_sales(
    newest: Iterable[SalesPart],
    windows: Sequence[Window] = (),
    read: Callable[[int], SalesPart | None] | None = None,
) -> SalesTable | None:
    """Join the sales by period of windows that adjoin or overlap; None where there are none.

    Parameters
    ----------
    newest
        Parts at hand, the newest first; may be empty.
    windows
        Windows of snapshots that can be read.
    read
        Function that reads the sales of a window by its number; None where it has none.
    """
    table: SalesTable | None = None
    first: date | None = None
    for part in newest:
        table = SalesTable.of(part) if table is None else table.extended(part)
        first = min((one for one in (first, part.first) if one is not None), default=None)
    left = set(range(len(windows)))
    while read is not None and left and (table is None or len(table) < MOST_KNOWN):
        if table is None:
            number = max(left, key=lambda i: (windows[i].until, i))
        else:
            start = table.edges[0]
            fitting = [i for i in left if windows[i].since < start <= windows[i].until]
            if not fitting:
                break
            number = min(fitting, key=lambda i: (windows[i].since, -i))
        left.remove(number)
        read_part = read(number)
        if read_part is None:
            continue
        table = SalesTable.of(read_part) if table is None else table.extended(read_part)
        first = min((one for one in (first, read_part.first) if one is not None), default=None)
    return None if table is None else table.since_first(first)
