"""Examples of past landmarks: deals that were open then, and whether they were won in time."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Floats, Ints
from abcxyz.core.landmarks.model import Examples
from abcxyz.core.landmarks.sample import sample_rows
from abcxyz.crm.deals.features import DAY, DealFeatures
from abcxyz.crm.records.data import CrmData, as_local, midnight
from abcxyz.crm.records.visits import LOST, WON

__all__ = ["Decided", "Landmarks", "decided_deals", "examples_of", "horizon_of"]

_HORIZON = (30, 180)
_MOST_ROWS = 40_000
_MOST_LANDMARKS = 104
_WARM_UP = timedelta(days=14)
_LEAST_LIFE = 2 * DAY


@frozen(kw_only=True)
class Landmarks:
    """Moments at which open deals become examples.

    Parameters
    ----------
    age_hours
        Age at which every deal is an example, once; None for each Monday.
    since
        First day; deals that were closed before it are not in the records. None for all.
    """

    age_hours: float | None = None
    since: date | None = None


@frozen(kw_only=True)
class Decided:
    """Number of deals that were won and lost, and of those that lived long enough to learn from.

    Parameters
    ----------
    won, lost
        Decided deals.
    long_won, long_lost
        Those of them with a life of at least two days and two stage changes.
    """

    won: int
    lost: int
    long_won: int
    long_lost: int

    @property
    def share(self) -> float:
        """Won share of the decided deals; NaN without any."""
        return self.won / (self.won + self.lost) if self.won + self.lost else math.nan


def decided_deals(crm: CrmData) -> Decided:
    """Count the decided deals."""
    outcomes, visits = crm.outcomes, crm.visits
    moves = np.bincount(visits.row, minlength=len(crm.deals))
    long_ = (moves >= 2) & (outcomes.closed - crm.deals.created >= _LEAST_LIFE)
    won, lost = outcomes.kind == WON, outcomes.kind == LOST
    return Decided(
        won=int(won.sum()),
        lost=int(lost.sum()),
        long_won=int((won & long_).sum()),
        long_lost=int((lost & long_).sum()),
    )


def horizon_of(crm: CrmData) -> int:
    """Return the 90 % quantile of the days from creation to winning, between 30 and 180."""
    outcomes = crm.outcomes
    won = (outcomes.kind == WON) & ~np.isnat(outcomes.closed)
    days = (outcomes.closed[won] - crm.deals.created[won]) / DAY
    if not len(days):
        return _HORIZON[1]
    return int(np.clip(math.ceil(float(np.quantile(days, 0.9))), *_HORIZON))


def examples_of(
    features: DealFeatures, landmarks: Landmarks, horizon: float
) -> tuple[Examples | None, Floats]:
    """Collect the examples whose outcome is known.

    Parameters
    ----------
    features
        Features of the deals.
    landmarks
        When deals become examples.
    horizon
        Days after a landmark within which a deal has to be won.

    Returns
    -------
    tuple
        The examples, weighed so that every deal counts the same; None without any. And the (n,)
        moments of the landmarks in days since 1970.
    """
    crm = features.crm
    ahead = np.timedelta64(round(horizon * 86400), "s")
    parts: list[tuple[dict[str, Any], Bools, Ints, Floats]] = []
    if landmarks.age_hours is None:
        moments = _mondays(crm, landmarks, ahead)
        chosen = _sample(features, moments)
        for moment in moments:
            rows, visit = features.open_at(moment)
            inside = chosen[rows]
            rows, visit = rows[inside], visit[inside]
            if len(rows):
                won = features.won_within(rows, moment, moment + ahead)
                day = np.full(len(rows), moment.astype(np.int64) / 86400)
                parts.append((features.at(moment, rows, visit), won, rows, day))
    else:
        parts += _at_age(features, landmarks, ahead)
    if not parts:
        return None, np.zeros(0)
    unit = np.concatenate([one[2] for one in parts])
    moment_day = np.concatenate([one[3] for one in parts])
    made = Examples(
        columns={name: np.concatenate([one[0][name] for one in parts]) for name in parts[0][0]},
        outcome=np.concatenate([one[1] for one in parts]),
        unit=unit,
        day=np.floor(moment_day).astype(np.int64),
        focus=np.ones(len(unit), dtype=bool),
        weight=1.0 / np.bincount(unit)[unit],
    )
    return made, moment_day


def _mondays(crm: CrmData, landmarks: Landmarks, ahead: Any) -> list[Any]:
    """Return the Mondays whose outcomes are known, the latest of them at most."""
    if not len(crm.deals):
        return []
    first = as_local(crm.deals.created.min(), crm.zone).date() + _WARM_UP
    if landmarks.since is not None:
        first = max(first, landmarks.since)
    last = as_local(crm.until - ahead, crm.zone).date()
    day = first + timedelta(days=-first.weekday() % 7)
    count = max((last - day).days // 7 + 1, 0)
    skipped = max(count - _MOST_LANDMARKS, 0)
    days = [day + timedelta(weeks=k) for k in range(skipped, count)]
    return [one for one in (midnight(day, crm.zone) for day in days) if one + ahead <= crm.until]


def _sample(features: DealFeatures, moments: list[Any]) -> Bools:
    """Return which deals are examples: all, or so many that about 40,000 examples are made."""
    n = len(features.crm.deals)
    some = moments[:: max(len(moments) // 8, 1)]
    each = np.mean([len(features.open_at(moment)[0]) for moment in some]) if some else 0.0
    total = float(each) * len(moments)
    chosen = np.zeros(n, dtype=bool)
    chosen[sample_rows(n, max(int(n * min(1.0, _MOST_ROWS / max(total, 1))), 1))] = True
    return chosen


def _at_age(
    features: DealFeatures, landmarks: Landmarks, ahead: Any
) -> list[tuple[dict[str, Any], Bools, Ints, Floats]]:
    """Return one example of each deal that is open at an age."""
    crm = features.crm
    assert landmarks.age_hours is not None
    moment = crm.deals.created + np.timedelta64(round(landmarks.age_hours * 3600), "s")
    known = moment + ahead <= crm.until
    if landmarks.since is not None:
        known &= crm.deals.created >= midnight(landmarks.since, crm.zone)
    rows = np.flatnonzero(known)
    rows = rows[sample_rows(len(rows), _MOST_ROWS)]
    open_rows, visit = features.open_at(moment[rows], rows)
    if not len(open_rows):
        return []
    then = moment[open_rows]
    won = features.won_within(open_rows, then, then + ahead)
    day = then.astype(np.int64) / 86400
    return [(features.at(then, open_rows, visit), won, open_rows, day)]
