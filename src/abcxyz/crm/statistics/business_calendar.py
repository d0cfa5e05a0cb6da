"""Working time: opening hours, holidays, and deadlines in working hours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import ArrayLike, Bools, Ints
from abcxyz._maps import frozen_map
from abcxyz.crm.records.columns import Moments
from abcxyz.errors import InputError

__all__ = ["BusinessCalendar", "usual_week"]

Span = tuple[time, time]


def usual_week(opens: time = time(9), closes: time = time(18)) -> Mapping[int, tuple[Span, ...]]:
    """Return opening hours from Monday (0) to Friday."""
    return dict.fromkeys(range(5), ((opens, closes),))


def _hours(hours: Mapping[int, Iterable[Span]]) -> Mapping[int, tuple[Span, ...]]:
    result: dict[int, tuple[Span, ...]] = {}
    for day, spans in hours.items():
        if day not in range(7):
            raise InputError(
                "{day!r} is no day of the week; use 0 for Monday to 6 for Sunday", day=day
            )
        ordered = tuple(sorted(spans))
        for (_, end), (start, _) in pairwise(ordered):
            if start < end:
                raise InputError(
                    "the opening hours of day {day} overlap at {start}; separate them",
                    day=day,
                    start=start,
                )
        for start, end in ordered:
            if start >= end:
                raise InputError(
                    "the opening hours {start}-{end} hold no time; closing comes after opening",
                    start=start,
                    end=end,
                )
        result[day] = ordered
    return frozen_map(result)


def _days(days: Iterable[date]) -> frozenset[date]:
    return frozenset(days)


@frozen(slots=False)
class BusinessCalendar:
    """Opening hours in a time zone, holidays, and extra working days.

    Parameters
    ----------
    zone
        IANA name of the time zone.
    hours
        Day of the week, 0 for Monday, -> spans of opening; several spans leave a break out.
    holidays
        Days that are closed.
    extra_days
        Days that are open with Monday's hours though the week would close them.

    Examples
    --------
    >>> calendar = BusinessCalendar("Europe/Moscow", holidays=[date(2026, 11, 4)])
    >>> start = np.array(["2026-11-03T13:00"], dtype="M8[s]")  # 16:00 in Moscow
    >>> end = np.array(["2026-11-05T07:00"], dtype="M8[s]")
    >>> calendar.working_seconds(start, end) / 3600
    array([3.])
    >>> calendar.deadline(start, 3 * 3600)
    array(['2026-11-05T07:00:00'], dtype='datetime64[s]')
    """

    zone: str = "UTC"
    hours: Mapping[int, tuple[Span, ...]] = field(factory=usual_week, converter=_hours, hash=False)
    holidays: frozenset[date] = field(default=frozenset(), converter=_days)
    extra_days: frozenset[date] = field(default=frozenset(), converter=_days)

    def __attrs_post_init__(self) -> None:
        if not any(self.hours.values()):
            raise InputError("the calendar has no opening hours; give at least one day of them")
        object.__setattr__(self, "_spans", {})

    def _open_spans(self, first: date, last: date) -> tuple[Ints, Ints]:
        """Return the opening and closing moments of the days, in seconds of UTC, ascending.

        Wall time becomes UTC day by day, so that a day of a clock change has its real length.
        """
        cache: dict[tuple[date, date], tuple[Ints, Ints]] = self.__dict__["_spans"]
        if (first, last) not in cache:
            zone = ZoneInfo(self.zone)
            opens, closes = [], []
            weekday = next(day for day in range(7) if self.hours.get(day))
            for offset in range((last - first).days + 1):
                day = first + timedelta(days=offset)
                spans = self.hours.get(day.weekday(), ())
                if day in self.extra_days and not spans:
                    spans = self.hours[weekday]
                if day in self.holidays:
                    continue
                for start, end in spans:
                    opens.append(_seconds(day, start, zone))
                    closes.append(_seconds(day, end, zone))
            cache.clear()
            cache[first, last] = np.array(opens, np.int64), np.array(closes, np.int64)
        return cache[first, last]

    def _around(self, low: Any, high: Any) -> tuple[Ints, Ints]:
        """Return the spans of whole years around two moments, so that they are computed once."""
        first, last = (one.astype("M8[Y]").astype(int) + 1970 for one in (low, high))
        return self._open_spans(date(max(int(first) - 1, 1), 1, 1), date(int(last) + 1, 12, 31))

    def working_seconds(self, since: Moments, until: Moments) -> Ints:
        """Return the open seconds between two moments.

        Parameters
        ----------
        since, until
            (n,) moments in UTC, ``datetime64[s]``.

        Returns
        -------
        numpy.ndarray
            (n,) seconds; -1 where a moment is missing or *until* is before *since*.

        Notes
        -----
        One running total of open seconds, looked up twice per pair: no loop over days or pairs.
        """
        starts, ends = np.asarray(since, "M8[s]"), np.asarray(until, "M8[s]")
        bad = np.isnat(starts) | np.isnat(ends) | (ends < starts)
        if bad.all():
            return np.full(len(starts), -1, dtype=np.int64)
        opens, closes = self._around(starts[~bad].min(), ends[~bad].max())
        before = np.concatenate([[0], np.cumsum(closes - opens)])
        seconds = _total(opens, closes, before, ends.astype(np.int64))
        seconds -= _total(opens, closes, before, starts.astype(np.int64))
        return np.asarray(np.where(bad, -1, seconds), dtype=np.int64)

    def deadline(self, since: Moments, seconds: ArrayLike) -> Moments:
        """Return the first moment with so many open seconds after *since*; NaT for NaT.

        Parameters
        ----------
        since
            (n,) moments in UTC.
        seconds
            Open seconds, above 0.
        """
        starts = np.asarray(since, "M8[s]")
        result = np.full(len(starts), np.datetime64("NaT", "s"))
        known = ~np.isnat(starts)
        if not known.any():
            return result
        wanted = np.broadcast_to(np.asarray(seconds, np.int64), starts.shape)[known]
        # A week holds open time, so this many days hold enough, with a year for holidays.
        ahead = np.timedelta64(int(wanted.max()) // 3600 + 366, "D")
        opens, closes = self._around(starts[known].min(), starts[known].max() + ahead)
        before = np.concatenate([[0], np.cumsum(closes - opens)])
        target = _total(opens, closes, before, starts[known].astype(np.int64)) + wanted
        place = np.clip(np.searchsorted(before, target, side="left") - 1, 0, len(opens) - 1)
        result[known] = (opens[place] + target - before[place]).astype("M8[s]")
        return result

    def next_opening(self, moments: Moments) -> Moments:
        """Return each moment, or the next opening where it is on a day without opening hours."""
        values = np.asarray(moments, "M8[s]")
        result = values.copy()
        known = np.flatnonzero(~np.isnat(values))
        if not len(known):
            return result
        seconds = values[known].astype(np.int64)
        opens, _ = self._around(values[known].min(), values[known].max())
        midnights, working = self._days(opens, seconds)
        place = np.searchsorted(midnights, seconds, side="right") - 1
        closed = ~working[np.clip(place, 0, len(working) - 1)]
        later = np.searchsorted(opens, seconds[closed], side="left")
        result[known[closed]] = opens[np.minimum(later, len(opens) - 1)].astype("M8[s]")
        return result

    def _days(self, opens: Ints, seconds: Ints) -> tuple[Ints, Bools]:
        """Return when every day around some moments begins, and whether it has opening hours."""
        zone = ZoneInfo(self.zone)
        first, last = (
            datetime.fromtimestamp(int(one), UTC).astimezone(zone).date()
            for one in (seconds.min(), seconds.max())
        )
        count = (last - first).days + 2
        midnights = np.array(
            [_seconds(first + timedelta(days=day), time(0), zone) for day in range(count)],
            np.int64,
        )
        working = np.zeros(count, dtype=bool)
        place = np.searchsorted(midnights, opens, side="right") - 1
        working[place[(place >= 0) & (opens < midnights[-1])]] = True
        return midnights, working

    def is_open(self, moments: Moments) -> Any:
        """Return for every moment whether it is within the opening hours."""
        values = np.asarray(moments, "M8[s]")
        if not len(values):
            return np.zeros(0, dtype=bool)
        opens, closes = self._around(values.min(), values.max())
        place = np.searchsorted(opens, values.astype(np.int64), side="right") - 1
        return (place >= 0) & (values.astype(np.int64) < closes[np.maximum(place, 0)])


def _seconds(day: date, hour: time, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, hour, zone).timestamp())


def _total(opens: Ints, closes: Ints, before: Ints, moments: Ints) -> Ints:
    """Return the open seconds before each moment."""
    place = np.searchsorted(opens, moments, side="right") - 1
    inside = np.maximum(place, 0)
    spent = np.minimum(moments, closes[inside]) - opens[inside]
    return np.asarray(np.where(place < 0, 0, before[inside] + spent), dtype=np.int64)
