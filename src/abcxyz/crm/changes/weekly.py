"""Weeks of the business: sums of observations by week."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Bools, Floats, Ints
from abcxyz.crm.changes.metrics import Observations
from abcxyz.crm.records.columns import Moments
from abcxyz.crm.records.data import CrmData, as_local, midnight

__all__ = ["WeeklySums", "monday", "week_of", "week_starts", "weekly_sums"]

_EPOCH = date(1970, 1, 5)
"""The first Monday that weeks are counted from."""


def monday(week: int) -> date:
    """Return the first day of a week."""
    return _EPOCH + timedelta(days=7 * week)


def week_starts(zone: str, first: int, last: int) -> Moments:
    """Return the moments at which the weeks *first* to *last* begin, in UTC."""
    return np.array([midnight(monday(week), zone) for week in range(first, last + 1)], "M8[s]")


def week_of(crm: CrmData, moments: Moments) -> Ints:
    """Return the number of the week of every moment, in the time zone of the business."""
    if not len(moments):
        return np.zeros(0, dtype=np.int64)
    low, high = (
        (as_local(one, crm.zone).date() - _EPOCH).days // 7
        for one in (moments.min(), moments.max())
    )
    starts = week_starts(crm.zone, low, high)
    week = np.asarray(np.searchsorted(starts, moments, side="right"), dtype=np.int64)
    week += low - 1
    return week


@frozen
class WeeklySums:
    """Successes and trials of consecutive weeks, all of them mature.

    Parameters
    ----------
    first
        Number of the first week.
    successes, trials
        (k,) sums of values, and numbers of observations.
    """

    __hash__ = None  # type: ignore[assignment]

    first: int
    successes: Floats = field(eq=SAME_ARRAYS)
    trials: Floats = field(eq=SAME_ARRAYS)

    def index_of(self, day: date) -> int:
        """Return the place of the week of a day."""
        return (day - _EPOCH).days // 7 - self.first

    def months(self) -> Ints:
        """Return the month of the Thursday of every week."""
        return np.array(
            [(monday(self.first + i) + timedelta(days=3)).month for i in range(len(self.trials))],
            dtype=np.int64,
        )


def mature_until(crm: CrmData, horizon: float) -> int:
    """Return the first week that is not over, or whose observations are not all mature."""
    age = 0 if math.isnan(horizon) else round(horizon * 86400)
    return int(week_of(crm, np.array([crm.until - np.timedelta64(age, "s")], "M8[s]"))[0])


def weekly_sums(crm: CrmData, counted: Observations, chosen: Bools | None = None) -> WeeklySums:
    """Add up observations by week, up to the last week whose observations are all mature."""
    week = week_of(crm, counted.at)
    end = mature_until(crm, counted.horizon)
    first = int(week.min(initial=end))
    size = max(end - first, 0)
    use = week < end
    if chosen is not None:
        use &= chosen
    place = week[use] - first
    return WeeklySums(
        first,
        np.asarray(np.bincount(place, counted.value[use], minlength=size), dtype=np.float64),
        np.asarray(np.bincount(place, minlength=size), dtype=np.float64),
    )
