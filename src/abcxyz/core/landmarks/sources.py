"""What landmarks are learned from: the figures of all customers, and the days of a sample."""

from __future__ import annotations

import functools
from datetime import date
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Bools, Codes, Floats, Ints
from abcxyz.core.landmarks.features import Features, classes_at, features_at
from abcxyz.core.landmarks.horizon import choose_horizon
from abcxyz.core.landmarks.orders.customer_sample import sample_of
from abcxyz.core.landmarks.orders.monthly import monthly_sums
from abcxyz.core.landmarks.orders.order_history import OrderHistory, day_number
from abcxyz.core.sales.rhythm import Rhythm, silence
from abcxyz.core.snapshots.settings import Settings

__all__ = ["HistorySource", "LandmarkSource"]


class LandmarkSource(Protocol):
    """Sales of n customers before a day."""

    @property
    def customers(self) -> npt.NDArray[Any]:
        """(n,) identifiers."""

    @property
    def first_day(self) -> int:
        """First day of the sales, counted from 1970-01-01."""

    @property
    def rows(self) -> Ints:
        """(k,) rows of the customers that are learned from, ascending."""

    @property
    def sample(self) -> OrderHistory:
        """Their order history."""

    def horizon(self, as_of: date, horizon: int | None, settings: Settings) -> int:
        """Check a horizon, or choose it; see `choose_horizon`."""

    def features(self, day: int, horizon: int, settings: Settings) -> Features:
        """Return the features of all customers on the day."""

    def months(self, as_of: date, rows: Ints) -> Floats:
        """Return the (k, 24) money of months of some customers; see `monthly_sums`."""

    def late(self, abc: Codes, quantile: float, least: int) -> Bools:
        """Return who is silent beyond a quantile of the own gaps, see `silence`."""


class HistorySource:
    """Sales as the order days of every customer, which is the past of any day."""

    def __init__(self, history: OrderHistory) -> None:
        self.history = history
        self.customers = history.customers
        self.first_day = history.span[0]

    @functools.cached_property
    def rows(self) -> Ints:
        """(k,) rows of the customers that are learned from, ascending."""
        return sample_of(self.customers)

    @functools.cached_property
    def sample(self) -> OrderHistory:
        """Their order history."""
        return self.history.take(self.rows)

    def horizon(self, as_of: date, horizon: int | None, settings: Settings) -> int:
        """Check a horizon, or choose it; see `choose_horizon`."""
        day = day_number(as_of)

        def gaps_and_classes() -> tuple[Floats, Codes]:
            return self.history.mean_gaps(day), classes_at(self.history, day, settings)[0]

        return choose_horizon(self.first_day, as_of, horizon, gaps_and_classes)

    def features(self, day: int, horizon: int, settings: Settings) -> Features:
        """Return the features of all customers on the day."""
        return features_at(self.history, day, settings, horizon)

    def months(self, as_of: date, rows: Ints) -> Floats:
        """Return the (k, 24) money of months of some customers; see `monthly_sums`."""
        return monthly_sums(self.history, as_of, rows)

    def late(self, abc: Codes, quantile: float, least: int) -> Bools:
        """Return who is silent beyond a quantile of the own gaps, see `silence`."""
        sums, history = self.history.sums, self.history
        counts = np.diff(np.append(sums.orders[history.starts], sums.orders[-1]))
        gaps = np.diff(sums.gap)
        starts = np.concatenate(([0], np.cumsum(np.maximum(counts - 1, 0))))
        rhythm = Rhythm(starts=starts, gaps=gaps[gaps > 0].astype(np.int32))
        last = np.full(len(history), "NaT", dtype="M8[D]")
        some = counts > 0
        last[some] = sums.day[np.cumsum(counts)[some] - 1].astype("M8[D]")
        until = np.datetime64(history.span[1], "D")
        return silence(rhythm, last, abc, until, quantile=quantile, least=least).late
