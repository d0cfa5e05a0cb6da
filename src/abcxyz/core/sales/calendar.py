"""Windows of days, and their division into calendar periods."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import Factory, evolve, field, frozen

from abcxyz._arrays import DayLike, Days, as_day
from abcxyz.core.sales.units import LETTERS, UNITS, PeriodUnit, unit_named
from abcxyz.errors import InputError

__all__ = ["UNITS", "Periods", "Window", "period_start", "shift_period"]


def _since(value: object) -> date:
    return as_day(value, "since")


def _until(value: object) -> date:
    return as_day(value, "until")


@frozen(order=True)
class Window:
    """A half-open range of days: ``since <= day < until``.

    Raises
    ------
    InputError
        *until* is not after *since*.

    Examples
    --------
    >>> october = Window(date(2026, 10, 1), date(2026, 11, 1))
    >>> october.days, october.last
    (31, datetime.date(2026, 10, 31))
    >>> date(2026, 11, 1) in october
    False
    """

    since: date = field(converter=_since)
    until: date = field(converter=_until)

    def __attrs_post_init__(self) -> None:
        if self.until <= self.since:
            raise InputError(
                "a window from {since} until {until} holds no day; until is the first day "
                "after it",
                since=self.since,
                until=self.until,
            )

    def __contains__(self, day: date) -> bool:
        return self.since <= day < self.until

    def __str__(self) -> str:
        return f"[{self.since}, {self.until})"

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.until - self.since).days

    @property
    def last(self) -> date:
        """The last day of the window, which dates a classification."""
        return self.until - timedelta(days=1)

    def holds_all(self, days: Days) -> bool:
        """Return whether all days, at least one, are in the window: faster than one by one."""
        days, since, until = self._comparable(days)
        return bool(days.min() >= since and days.max() < until)

    def holds(self, days: Days) -> npt.NDArray[np.bool_]:
        """Return for every day of an array whether it is in the window."""
        days, since, until = self._comparable(days)
        return np.asarray((days >= since) & (days < until))

    def _comparable(self, days: Days) -> tuple[Any, Any, Any]:
        """Return days, and the ends of the window, as numbers where they can be."""
        since, until = (np.datetime64(day, "D") for day in (self.since, self.until))
        if days.dtype != since.dtype:
            return days, since, until
        # Integers are compared several at once; a missing date is the smallest.
        return days.view(np.int64), since.view(np.int64), until.view(np.int64)


def period_start(day: date, unit: str) -> date:
    """Return the first day of the period of *unit* that contains *day*.

    Parameters
    ----------
    day
        Any day.
    unit
        One of `UNITS`. Weeks start on Monday; ten-day periods on the 1st, 11th and 21st.

    Examples
    --------
    >>> period_start(date(2026, 11, 22), "week")
    datetime.date(2026, 11, 16)
    """
    known = unit_named(unit)
    return known.start(known.index(day))


def shift_period(start: date, unit: str, count: int) -> date:
    """Move the first day of a period by *count* whole periods.

    Examples
    --------
    >>> shift_period(date(2026, 3, 1), "ten_days", -1)
    datetime.date(2026, 2, 21)
    """
    known = unit_named(unit)
    return known.start(known.index(start) + count)


@frozen
class Periods:
    """A window divided into calendar buckets.

    Parameters
    ----------
    window
        The days whose sales count for ABC.
    bucket
        The unit of the buckets, one of `UNITS`.
    edges
        First day of every bucket, and the day after the last one. If the buckets do not align
        with the window, they extend beyond it.
    lookback
        The days whose sales count for anything: known customers, first and last day, and the
        gaps between order days. It ends before the day of the classification. By default all
        days up to the last bucket.

    Examples
    --------
    >>> year = Periods.before(date(2026, 11, 22), 12, "month")
    >>> str(year.window), year.count, year.dated
    ('[2025-11-01, 2026-11-01)', 12, datetime.date(2026, 10, 31))
    >>> weeks = Periods.before(date(2026, 11, 22), 2, "month", bucket="week")
    >>> str(weeks.span), weeks.count
    ('[2026-08-31, 2026-11-02)', 9)
    """

    window: Window
    bucket: str
    edges: tuple[date, ...]
    # Not compared: it changes what is known of the customers, not the window or the buckets.
    lookback: Window = field(
        default=Factory(lambda self: Window(date.min, self.edges[-1]), takes_self=True), eq=False
    )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; `from_dict` reads them back."""
        return {
            "window": {
                "since": self.window.since.isoformat(),
                "until": self.window.until.isoformat(),
                "days": self.window.days,
                "bucket": self.bucket,
                "buckets": self.count,
            },
            "lookback": {
                "since": self.lookback.since.isoformat(),
                "until": self.lookback.until.isoformat(),
            },
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Periods:
        """Build from the result of `to_dict`.

        Examples
        --------
        >>> year = Periods.before(date(2026, 11, 22), 12, "month")
        >>> Periods.from_dict(year.to_dict()) == year
        True
        """
        window, lookback = data["window"], data["lookback"]
        periods = cls.over(Window(window["since"], window["until"]), window["bucket"])
        return evolve(periods, lookback=Window(lookback["since"], lookback["until"]))

    @classmethod
    def over(cls, window: Window, bucket: str) -> Periods:
        """Divide *window* into buckets, extended outwards to whole ones.

        Raises
        ------
        InputError
            *bucket* is not a unit.
        """
        edges = [period_start(window.since, bucket)]
        while edges[-1] < window.until:
            edges.append(shift_period(edges[-1], bucket, 1))
        return cls(window, bucket, tuple(edges))

    @classmethod
    def before(
        cls,
        as_of: DayLike,
        n: int,
        unit: str,
        *,
        bucket: str | None = None,
        lookback: tuple[int, str] | None = None,
    ) -> Periods:
        """Return the *n* complete periods before the one that contains *as_of*.

        Parameters
        ----------
        as_of
            The day of the classification; the period that contains it is incomplete and left out.
        n
            Number of periods, at least 1.
        unit
            Unit of the periods, one of `UNITS`.
        bucket
            The unit of the buckets, not longer than *unit*; None for *unit*.
        lookback
            Number and unit of the periods before the end of the window in which sales are looked
            up for known customers and the order rhythm; None for two windows.

        Raises
        ------
        InputError
            An unknown unit, *n* below 1, a bucket longer than the period, or a lookback shorter
            than the window.

        Notes
        -----
        Rule of 1C: ``until`` is the start of the period that contains the date, ``since`` lies
        *n* periods earlier.
        """
        as_of = as_day(as_of, "as_of")
        bucket = unit if bucket is None else bucket
        length, step = unit_named(unit).mean_days, unit_named(bucket).mean_days
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:  # type: ignore[redundant-expr]
            raise InputError("the number of periods is {n!r}; pass a whole number from 1", n=n)
        if step > length:
            raise InputError(
                "a bucket of one {bucket} is longer than the period of one {unit}; "
                "choose a bucket not longer than the period",
                bucket=bucket,
                unit=unit,
            )
        until = period_start(as_of, unit)
        try:
            since = shift_period(until, unit, -int(n))
        except (ValueError, OverflowError):
            raise InputError(
                "{n} {n:period|periods} of one {unit} before {as_of} {n:begins|begin} before "
                "the year 1; take fewer",
                n=n,
                unit=unit,
                as_of=as_of,
            ) from None
        periods = cls.over(Window(since, until), bucket)
        begins = _lookback_start(until, *(lookback or (2 * int(n), unit)))
        if begins > since:
            raise InputError(
                "the lookback of {n} {n:period|periods} of one {unit} is shorter than the "
                "window {window}; take one at least as long",
                n=lookback[0] if lookback else n,
                unit=lookback[1] if lookback else unit,
                window=periods.window,
            )
        return evolve(periods, lookback=Window(min(begins, periods.edges[0]), as_of))

    @classmethod
    def parse(
        cls,
        period: str,
        as_of: DayLike,
        *,
        bucket: str | None = None,
        lookback: str | None = None,
    ) -> Periods:
        """Parse a period code: ``"12M"`` before *as_of*, in buckets of ``"W"``.

        Parameters
        ----------
        period
            A number and the letter of a unit: one of `LETTERS`, such as D for days, W for weeks
            and M for months.
        as_of
            The day of the classification.
        bucket
            A letter, or the name of a unit.
        lookback
            A period code, such as ``"24M"``: the days before the end of the window whose sales
            count for known customers and the order rhythm; None for two windows.

        Raises
        ------
        InputError
            A code cannot be parsed; as in `before`.

        Examples
        --------
        >>> Periods.parse("8Q", date(2026, 2, 28), bucket="M").count
        24
        >>> str(Periods.parse("12M", date(2026, 11, 22)).lookback)
        '[2024-11-01, 2026-11-22)'
        """
        n, unit = _parsed(period)
        if bucket is not None:
            bucket = LETTERS.get(bucket.strip().upper(), bucket.strip())
        back = None if lookback is None else _parsed(lookback)
        return cls.before(as_of, n, unit, bucket=bucket, lookback=back)

    @property
    def unit(self) -> PeriodUnit:
        """The unit of the buckets."""
        return unit_named(self.bucket)

    @property
    def count(self) -> int:
        """Number of buckets."""
        return len(self.edges) - 1

    @property
    def span(self) -> Window:
        """The days that the buckets cover: the window, extended to whole buckets."""
        return Window(self.edges[0], self.edges[-1])

    @property
    def dated(self) -> date:
        """Date of the result: the last day of the window."""
        return self.window.last

    def index(self, days: Days) -> npt.NDArray[np.int16]:
        """Return the bucket of every day.

        Parameters
        ----------
        days
            (n,) days.

        Returns
        -------
        numpy.ndarray
            (n,) int16, -1 outside the span.

        Notes
        -----
        One look-up per day in a table as long as the span: calendar arithmetic per value is ten
        times slower.
        """
        table = self.lookup
        place = (days.astype("M8[D]") - np.datetime64(self.edges[0])).astype(np.int64)
        inside = (place >= 0) & (place < len(table))
        return np.where(inside, table[np.where(inside, place, 0)], np.int16(-1)).astype(np.int16)

    @property
    def lookup(self) -> npt.NDArray[np.int16]:
        """Bucket of each day of the span, counted from its first day."""
        lengths = np.diff(np.array(self.edges, dtype="M8[D]")).astype(np.int64)
        return np.repeat(np.arange(self.count, dtype=np.int16), lengths)


def _parsed(period: str) -> tuple[int, str]:
    """Return the number and the unit of a period code."""
    match = re.fullmatch(r"\s*(\d{1,4})\s*([A-Za-z])\s*", period)
    if match is None or match[2].upper() not in LETTERS:
        raise InputError(
            "the period {period!r} cannot be read; write a number and one of the letters "
            "{letters}, such as 12M",
            period=period,
            letters=" ".join(LETTERS),
        )
    return int(match[1]), LETTERS[match[2].upper()]


def _lookback_start(until: date, n: int, unit: str) -> date:
    """Return the start of the period *n* periods before the one that contains *until*."""
    try:
        return shift_period(period_start(until, unit), unit, -n)
    except (ValueError, OverflowError):
        return date.min
