"""Features of open deals at a landmark: what was known of each before that moment."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import Bools, Floats, Ints, frozen_map
from abcxyz.crm.deals.fields import KnownField
from abcxyz.crm.deals.timeline import Timeline
from abcxyz.crm.records.columns import Moments, TextColumn
from abcxyz.crm.records.data import CrmData, local_quarters
from abcxyz.crm.records.keys import packed_order, rows_of, run_starts
from abcxyz.crm.records.visits import EXITS, OPEN, WON

__all__ = ["DAY", "FEATURES", "DealFeatures"]

DAY = np.timedelta64(86400, "s")

FEATURES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "stage": ("stage",),
        "time": ("age", "stage_age", "stage_age_ratio"),
        "moves": ("changes", "returns", "skips"),
        "activity": ("activities_7", "activities_30"),
        "silence": ("silence_us", "silence_them"),
        "people": ("users",),
        "customer": ("past_wins",),
        "begun": ("hour", "weekday"),
        "amount": ("amount",),
        "owner": ("owner_rate",),
        "source": ("source_rate",),
        "planned": ("planned_over", "planned_moves"),
    }
)
"""Group of features that one reason explains -> the features."""

_PSEUDO = 20.0


def _past(fields: Mapping[str, KnownField]) -> Mapping[str, KnownField]:
    return frozen_map(fields)


@frozen(eq=False, slots=False)
class DealFeatures:
    """Features of the deals of a CRM, at any moment.

    Parameters
    ----------
    crm
        The records; the table ``stage_changes`` is there.
    fields
        Name -> a field whose past values are known.
    """

    crm: CrmData
    fields: Mapping[str, KnownField] = field(converter=_past)

    def open_at(self, moment: Any, rows: Ints | None = None) -> tuple[Ints, Ints]:
        """Return which deals were open at a moment, and their visits then.

        Parameters
        ----------
        moment
            ``datetime64[s]`` in UTC; also one for each of *rows*.
        rows
            Deals to look at; None for all.
        """
        if rows is None:
            # A deal that was closed for good before cannot have been open.
            begun = self.crm.deals.created < moment
            rows = np.flatnonzero(begun & ~(self.crm.outcomes.closed < moment))
        visit = self._visits.latest(rows, moment)
        visits = self.crm.visits
        inside = (visit >= 0) & (self.crm.deals.created[rows] < moment)
        inside[inside] = visits.kind[visit[inside]] == OPEN
        return rows[inside], visit[inside]

    def won_within(self, rows: Ints, moment: Any, until: Any) -> Bools:
        """Return whether deals were won from a moment on, and before another."""
        return self._wins.count(rows, until, moment) > 0

    def stages(self, visit: Ints) -> Any:
        """Return the (n,) names of the stages of visits, with the funnel where it matters."""
        visits = self.crm.visits
        size = len(visits.stage.categories)
        names = np.array(
            [
                stage if len(self.crm.stages.funnels) == 1 else f"{funnel}/{stage}"
                for funnel in visits.funnel.categories
                for stage in visits.stage.categories
            ],
            dtype=object,
        )
        return names[
            visits.funnel.codes[visit].astype(np.int64) * size + visits.stage.codes[visit]
        ]

    def at(self, moment: Any, rows: Ints, visit: Ints) -> dict[str, Any]:
        """Return name -> (n,) features of deals at a moment; NaN or an empty text if unknown.

        Parameters
        ----------
        moment
            ``datetime64[s]`` in UTC; only what happened before it is used.
        rows, visit
            (n,) deals that were open then, and the visits that they were in, see `open_at`.
        """
        visits = self.crm.visits
        found: dict[str, Any] = {"stage": self.stages(visit)}
        found["age"] = (moment - self.crm.deals.created[rows]) / DAY
        found["stage_age"] = (moment - visits.entered[visit]) / DAY
        # What had happened to other deals by then is counted once for all deals of a landmark.
        if np.ndim(moment) == 0:
            usual = self._usual_days(moment)[self._stage_keys[visit]]
            found["stage_age_ratio"] = found["stage_age"] / np.maximum(usual, 1 / 24)
        found["changes"] = self._changes.count(rows, moment).astype(np.float64)
        first = self._visits.starts[rows]
        for name, sums in (("returns", self._returns), ("skips", self._skips)):
            found[name] = (sums[visit] - sums[first]).astype(np.float64)
        found |= self._activity(moment, rows)
        if self._users is not None:
            found["users"] = self._users.count(rows, moment).astype(np.float64)
        if self._customers is not None:
            who, wins = self._customers
            found["past_wins"] = np.where(
                who[rows] >= 0, wins.count(np.maximum(who[rows], 0), moment), np.nan
            )
        hour, weekday = self._begun
        found["hour"], found["weekday"] = hour[rows], weekday[rows]
        found |= self._of_fields(moment, rows)
        return found

    def _of_fields(self, moment: Any, rows: Ints) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, one in self.fields.items():
            if name in ("owner", "source") and one.is_history:
                if np.ndim(moment) == 0:
                    found[f"{name}_rate"] = self._past_rate(one, moment, rows)
            elif name == "planned" and one.is_history:
                found["planned_over"] = one.numbers(rows, moment, relative=True)
                found["planned_moves"] = np.maximum(one.times(rows, moment) - 1.0, 0.0)
            elif one.is_number or (name == "amount" and one.is_history):
                found[name] = one.numbers(rows, moment, relative=one.is_moment)
            else:
                found[name] = one.texts(rows, moment)
        return found

    def _past_rate(self, one: KnownField, moment: Any, rows: Ints) -> Floats:
        """Return the won share of the deals of the same owner or source, closed before.

        Twenty deals of the share of all are added to each.
        """
        outcomes = self.crm.outcomes
        decided = np.flatnonzero(~np.isnat(outcomes.closed) & (outcomes.closed < moment))
        won = outcomes.kind[decided] == WON
        names, codes = np.unique(
            np.concatenate(
                [one.texts(decided, outcomes.closed[decided]), one.texts(rows, moment)]
            ).astype(str),
            return_inverse=True,
        )
        past, now = codes[: len(decided)], codes[len(decided) :]
        share = (won.sum() + 0.5) / (len(won) + 1)
        wins = np.bincount(past, won, len(names)) + _PSEUDO * share
        rate = wins / (np.bincount(past, minlength=len(names)) + _PSEUDO)
        result: Floats = np.where(names[now] == "", np.nan, rate[now])
        return result

    def _activity(self, moment: Any, rows: Ints) -> dict[str, Any]:
        if self._activities is None:
            return {}
        ours, theirs = self._activities
        found: dict[str, Any] = {}
        for span in (7, 30):
            since = moment - span * DAY
            count = ours.count(rows, moment, since)
            if theirs is not None:
                count = count + theirs.count(rows, moment, since)
            found[f"activities_{span}"] = count.astype(np.float64)
        table = self.crm.activities
        assert table is not None
        for name, events in (("silence_us", ours), ("silence_them", theirs)):
            if events is None:
                continue
            last = events.latest(rows, moment)
            some = last >= 0
            days = np.full(len(rows), np.nan)
            days[some] = (_each(moment, some) - table.started[last[some]]) / DAY
            found[name] = days
        return found

    @functools.cached_property
    def _visits(self) -> Timeline:
        visits = self.crm.visits
        return Timeline.of(visits.row, visits.entered, len(self.crm.deals))

    @functools.cached_property
    def _wins(self) -> Timeline:
        visits = self.crm.visits
        won = visits.kind == WON
        return Timeline.of(visits.row, visits.entered, len(self.crm.deals), won, counted=True)

    @functools.cached_property
    def _changes(self) -> Timeline:
        changes = self.crm.need("changes")
        row = self.crm.rows_of_deals(changes.deal)
        return Timeline.of(row, changes.entered, len(self.crm.deals), counted=True)

    @functools.cached_property
    def _users(self) -> Timeline | None:
        """Changes by somebody who had not changed the deal before."""
        changes = self.crm.need("changes")
        if changes.user is None:
            return None
        row = self.crm.rows_of_deals(changes.deal)
        key = row * len(changes.user.categories) + changes.user.codes
        order = packed_order(key)
        first = np.zeros(len(key), dtype=bool)
        # The changes are in the order of time, and equal keys stay in it.
        first[order[run_starts(key[order])]] = True
        known = first & changes.user.given()
        return Timeline.of(row, changes.entered, len(self.crm.deals), known, counted=True)

    @functools.cached_property
    def _activities(self) -> tuple[Timeline, Timeline | None] | None:
        """What we did, and what they did, as far as the source tells directions."""
        table = self.crm.activities
        if table is None or table.deal is None:
            return None
        row, done, n = self.crm.deal_of_activity, table.by_people, len(self.crm.deals)
        if table.direction is None:
            return Timeline.of(row, table.started, n, done), None
        ways: TextColumn = table.direction
        theirs = Timeline.of(row, table.started, n, done & (ways.codes == ways.code("in")))
        ours = Timeline.of(row, table.started, n, done & (ways.codes != ways.code("in")))
        return ours, theirs

    @functools.cached_property
    def _customers(self) -> tuple[Ints, Timeline] | None:
        """Customer of every deal, and the moments at which deals of each customer were won."""
        ids = self.crm.deals.customer
        if ids is None:
            return None
        known = np.array([one not in ("", -1) for one in ids.tolist()], dtype=bool)
        names = np.unique(ids[known].astype(str) if ids.dtype.kind == "O" else ids[known])
        who = np.where(known, rows_of(ids, names), -1)
        outcomes = self.crm.outcomes
        won = outcomes.kind == WON
        return who, Timeline.of(who, outcomes.closed, max(len(names), 1), won, counted=True)

    @functools.cached_property
    def _begun(self) -> tuple[Floats, Any]:
        """Hour and weekday of the creation, in the time zone of the business."""
        local, place = local_quarters(self.crm.deals.created, self.crm.zone)
        hour = np.array([one.hour for one in local], dtype=np.float64)
        weekday = np.array([one.weekday() for one in local], dtype=np.int64)
        return hour[place], np.array([str(one) for one in weekday], dtype=object)[place]

    @functools.cached_property
    def _returns(self) -> Any:
        """(visits,) number of moves back before each visit."""
        return _before(self.crm.visits.exit == EXITS.index("backward"))

    @functools.cached_property
    def _skips(self) -> Any:
        """(visits,) number of moves over a stage before each visit."""
        visits = self.crm.visits
        skipped = np.zeros(len(visits), dtype=bool)
        if len(visits):
            place = visits.place.astype(np.int64)
            skipped[:-1] = (
                (place[1:] > place[:-1] + 1)
                & (place[:-1] >= 0)
                & (visits.kind[1:] == OPEN)
                & (visits.row[1:] == visits.row[:-1])
            )
        return _before(skipped)

    @functools.cached_property
    def _stage_keys(self) -> Any:
        visits = self.crm.visits
        size = np.int32(len(visits.stage.categories))
        return visits.funnel.codes * size + visits.stage.codes

    @functools.cached_property
    def _lengths(self) -> tuple[Any, Floats, Moments]:
        """Stage, length and end of the visits that ended, by stage and length."""
        visits = self.crm.visits
        ended = np.flatnonzero((visits.kind == OPEN) & ~np.isnat(visits.left))
        days = (visits.left[ended] - visits.entered[ended]) / DAY
        order = np.lexsort((days, self._stage_keys[ended]))
        days, ended = days[order], ended[order]
        return self._stage_keys[ended], days, visits.left[ended]

    def _usual_days(self, moment: Any) -> Floats:
        """Return the median days in each stage, over the visits that had ended."""
        key, days, left = self._lengths
        known = left < moment
        key, days = key[known], days[known]
        size = int(self._stage_keys.max()) + 1 if len(self._stage_keys) else 1
        counts = np.bincount(key, minlength=size)
        middle = np.cumsum(counts) - counts + counts // 2
        usual = np.full(size, np.nan)
        some = counts > 0
        usual[some] = days[middle[some]]
        return usual


def _each(moment: Any, chosen: Bools) -> Any:
    """Return the moments of some deals: the one of all, or their own."""
    return moment if np.ndim(moment) == 0 else moment[chosen]


def _before(marks: Bools) -> Any:
    """Return for every place the number of marks before it."""
    total: Any = np.cumsum(marks, dtype=np.int32 if len(marks) < 1 << 31 else np.int64)
    total -= marks
    return total
