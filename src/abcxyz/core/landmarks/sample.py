"""Landmark study: past days, a sample of customers, and their outcomes as examples."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from abcxyz._arrays import Bools, Floats, Ints, freeze
from abcxyz.core.landmarks.features import Features, classes_at, features_at
from abcxyz.core.landmarks.horizon import WARM_UP
from abcxyz.core.landmarks.model import Examples
from abcxyz.core.landmarks.orders.customer_sample import MOST_CUSTOMERS, identifier_hashes
from abcxyz.core.landmarks.orders.order_history import OrderHistory, day_number
from abcxyz.core.landmarks.sources import LandmarkSource
from abcxyz.core.snapshots.settings import Settings
from abcxyz.core.snapshots.snapshot import Snapshot

__all__ = ["STEP", "LandmarkStudy", "Outcome", "descending", "landmark_days", "sample_rows"]

STEP = 30
"""Days from one landmark to the next."""

_MOST_ROWS = 16_000
_MOST_LANDMARKS = 24
_SPREAD = 4  # neighbouring numbers that are examples at the same landmarks, one of each fold


def sample_rows(n: int, most: int = MOST_CUSTOMERS) -> Ints:
    """Return a sample of rows, ascending; the same in every run.

    Notes
    -----
    Rows are ordered by a multiplicative hash (Knuth), which does not follow the order of ids.
    """
    if n <= most:
        return np.arange(n)
    order = np.argsort((np.arange(n, dtype=np.uint64) * 2654435761) & 0xFFFFFFFF, kind="stable")
    return np.sort(order[:most])


def landmark_days(first: int, as_of: int, horizon: int) -> list[int]:
    """Return the landmarks whose outcome is known on a day, the latest first.

    Parameters
    ----------
    first, as_of
        First day of the sales, and the day before which outcomes are known.
    horizon
        Days after a landmark that the outcome covers.
    """
    days = range(as_of - horizon, first + WARM_UP - 1, -STEP)
    return list(days)[:_MOST_LANDMARKS]


@frozen(eq=False)
class Outcome:
    """What is learned at the landmarks.

    Parameters
    ----------
    of
        Features -> (n,) whether the customer is an example, and (n,) the outcome.
    focus
        Features -> (n,) whether decisions are made about the customer.
    more
        Features -> the same with further columns.
    """

    of: Callable[[Features], tuple[Bools, Bools]]
    focus: Callable[[Features], Bools]
    more: Callable[[Features], Features] = lambda features: features


class _Collected:
    """Examples of one outcome, a landmark at a time."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._columns: list[dict[str, Any]] = []
        self._rest: list[tuple[Bools, Ints, Ints, Bools]] = []

    def add(self, features: Features, rank: Ints, thin: tuple[int, int]) -> None:
        k, every = thin
        features = self._outcome.more(features)
        eligible, truth = self._outcome.of(features)
        chosen = np.flatnonzero(eligible)
        if k and every > 1:
            chosen = chosen[(rank[chosen] // _SPREAD + k) % every == 0]
        self._columns.append({name: one[chosen] for name, one in features.columns.items()})
        focus = self._outcome.focus(features)[chosen]
        self._rest.append((truth[chosen], rank[chosen], np.full(len(chosen), features.day), focus))

    def examples(self) -> Examples | None:
        if not self._rest:
            return None
        truth, unit, day, focus = (np.concatenate(each) for each in zip(*self._rest, strict=True))
        columns = {
            name: np.concatenate([one[name] for one in self._columns]) for name in self._columns[0]
        }
        return Examples(columns=columns, outcome=truth, unit=unit, day=day, focus=focus)


@frozen(kw_only=True, eq=False)
class LandmarkStudy:
    """What is known on a day, and the past days from which it is learned what follows.

    Parameters
    ----------
    source
        Sales before *as_of*, of n customers.
    as_of, horizon, settings
        As in `lapse_risk`; the horizon is chosen.
    snapshot
        Classes on that day; None for those of the history.
    attributes
        Name -> (n,) values that do not change; further features.
    now
        Features on that day, with the attributes.
    """

    source: LandmarkSource
    as_of: date
    horizon: int
    settings: Settings
    snapshot: Snapshot | None
    attributes: Mapping[str, Any]
    now: Features

    @classmethod
    def of(
        cls,
        source: LandmarkSource,
        as_of: date,
        horizon: int | None,
        settings: Settings,
        snapshot: Snapshot | None = None,
        attributes: Mapping[str, Any] = MappingProxyType({}),
    ) -> LandmarkStudy:
        """Choose the horizon, and compute the features on the day."""
        chosen = source.horizon(as_of, horizon, settings)
        now = source.features(day_number(as_of), chosen, settings)
        return cls(
            source=source,
            as_of=as_of,
            horizon=chosen,
            settings=settings,
            snapshot=snapshot,
            attributes=attributes,
            now=now.with_columns(attributes),
        )

    @property
    def sample(self) -> OrderHistory:
        """The customers that are learned from."""
        return self.source.sample

    def listed(self, rows: Ints) -> npt.NDArray[Any]:
        """Return the customers of some rows, whose places the snapshot notes."""
        customers = freeze(self.source.customers[rows])
        if self.snapshot is not None:
            self.snapshot.note_rows(customers, self.places[rows])
        return customers

    @functools.cached_property
    def places(self) -> Ints:
        """(n,) rows of the customers in the snapshot; -1 for those who are in none."""
        if self.snapshot is None:
            return np.full(len(self.source.customers), -1)
        return self.snapshot.rows_of(self.source.customers)

    def examples(self, *outcomes: Outcome) -> list[Examples | None]:
        """Collect the examples of the past landmarks, for each outcome.

        Parameters
        ----------
        outcomes
            What is learned; the features are computed once for all of them.

        Returns
        -------
        list of Examples or None
            About 16,000 at most of each: many customers are examples at some of the earlier
            landmarks only. None without any.
        """
        days = landmark_days(self.source.first_day, day_number(self.as_of), self.horizon)
        rows = max(len(self.sample) * len(days), 1)
        thin = -(-rows // _MOST_ROWS)
        fixed = {name: one[self.source.rows] for name, one in self.attributes.items()}
        classes = functools.cache(
            functools.partial(classes_at, self.sample, settings=self.settings)
        )
        rank = _numbers(self.sample)
        collected = [_Collected(one) for one in outcomes]
        for k, day in enumerate(days):
            features = features_at(
                self.sample, day, self.settings, self.horizon, classes=classes
            ).with_columns(fixed)
            for each in collected:
                each.add(features, rank, (k, thin))
        return [each.examples() for each in collected]


def _numbers(history: OrderHistory) -> Ints:
    """Return numbers of customers by first day and hash: their order does not matter.

    Neighbours, who are in different folds and at different landmarks, have been customers for
    about as long.
    """
    first = history.days[history.starts]
    order = np.lexsort((identifier_hashes(history.customers), first))
    numbers: Ints = np.empty(len(order), np.int64)
    numbers[order] = np.arange(len(order))
    return numbers


def descending(first: Floats, second: Floats) -> Ints:
    """Return the places by two columns, the largest first; those equal in both as they stand.

    Two sorts that keep the order of equals take several times as long, and few are equal.
    """
    order = np.argsort(-first)
    ordered = first[order]
    same = ordered[1:] == ordered[:-1]
    tied = np.zeros(len(order), dtype=bool)
    tied[1:] |= same
    tied[:-1] |= same
    places = np.sort(order[tied])
    order[tied] = places[np.lexsort((-second[places], -first[places]))]
    return order
