"""Analysis: the result record that sinks and reports read."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from attrs import evolve, field, frozen

from abcxyz._arrays import Floats, freeze, frozen_map
from abcxyz.core.advice.actions import Actions
from abcxyz.core.advice.alerts import Alert, Alerts
from abcxyz.core.advice.backtest import Backtest
from abcxyz.core.advice.calls import CallList, CallOutcome
from abcxyz.core.advice.growth import GrowthList
from abcxyz.core.analysis.bridge import Bridge, YearBefore, bridge_between, year_before
from abcxyz.core.analysis.past import AlertRecord, PastClasses, PastResult
from abcxyz.core.analysis.summary import Summary, summarize
from abcxyz.core.classes.matrix import Matrix
from abcxyz.core.classes.results import AbcResult, XyzResult
from abcxyz.core.classes.segments import ABC, SEGMENTS, XYZ, labels_of
from abcxyz.core.display import Drawable, Tabular, brief, class_counts
from abcxyz.core.dynamics.alignment import Alignment, align
from abcxyz.core.dynamics.comparison import compare_aligned
from abcxyz.core.dynamics.core_metrics import CoreMetrics, core_metrics
from abcxyz.core.dynamics.transitions import Transitions
from abcxyz.core.landmarks.collector import CollectedSales
from abcxyz.core.landmarks.lapse_record import LapseRisk
from abcxyz.core.landmarks.rise import RiseChance
from abcxyz.core.prospects.scores import ProspectScores
from abcxyz.core.sales.panel import Panel
from abcxyz.core.sales.quality import Quality
from abcxyz.core.sales.rhythm import Rhythm, Silence, bucket_rhythm, silence
from abcxyz.core.snapshots.confidence import Confidence, class_confidence
from abcxyz.core.snapshots.settings import Settings
from abcxyz.core.snapshots.snapshot import Snapshot

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Analysis", "summary_object"]


def _frozen_maps(
    maps: Mapping[Any, Mapping[str, object]],
) -> Mapping[Any, Mapping[str, object]]:
    if isinstance(maps, MappingProxyType) and set(map(type, maps.values())) <= {MappingProxyType}:
        return maps  # frozen before: a copy of an analysis need not freeze all customers again
    # Customers of one owner may share a map.
    inner = {id(one): one for one in maps.values()}
    frozen = {number: frozen_map(one) for number, one in inner.items()}
    return frozen_map({key: frozen[id(one)] for key, one in maps.items()})


def _alerts(alerts: Iterable[Alert]) -> Alerts:
    return alerts if isinstance(alerts, Alerts) else Alerts(alerts)


def _tuple(outcomes: Iterable[CallOutcome]) -> tuple[CallOutcome, ...]:
    return tuple(outcomes)


def _results(results: Iterable[PastResult]) -> tuple[PastResult, ...]:
    return tuple(results)


def _keys(keys: Iterable[str]) -> frozenset[str]:
    return frozenset(keys)


class CrmResult(Protocol):
    """Reports on a CRM beside the analysis of the sales; `abcxyz.crm.analysis` makes them."""

    def to_dict(self) -> dict[str, Any]:
        """Return a document of plain values, ready for JSON."""
        ...

    def records(self) -> list[dict[str, Any]]:
        """Return one record of plain values per row of every report."""
        ...


@frozen(kw_only=True)
class Analysis(Drawable, Tabular):
    """Result of an analysis, passed to every sink.

    Parameters
    ----------
    snapshot
        Customers and their classes. Customers of the previous snapshot only come last.
    abc, xyz
        Both classifications, in the snapshot's order.
    matrix
        Totals of the nine segments.
    panel
        Money per customer and bucket, in the snapshot's order.
    quality
        Data-quality report of the sales; None if there is none.
    names
        Customer -> name, as far as known.
    attributes
        Customer -> attributes from enrichers.
    prospects
        Lead scores; None if there are none.
    previous
        The previous snapshot; None if there is none.
    year_ago
        A snapshot of one year earlier, for the yearly attrition.
    transitions
        Moves between segments since the previous snapshot.
    actions
        Recommended action for each customer.
    lapse
        Probability that a customer does not come back; None if it was not estimated.
    outcomes
        What became of earlier calls to customers, of the history.
    rise
        Chance that a customer of class B reaches class A; None if it was not estimated.
    calls
        Customers of class A to call; None if they were not sought.
    history
        Sales from which more can be learned once attributes are known; None where
        everything was.
    backtest
        The call list tried on past days; None if it was not.
    growth
        Customers of class B who may reach class A; None if they were not sought.
    alerts
        Events that need attention.
    past
        Totals of the classes in earlier results and this one, of the history; the oldest first.
    classes
        Segments of the customers in earlier results and this one, of the history; None without.
    hours
        (3,) hours spent on the customers of each class in the window; None if no time is recorded.
    record
        What became of the alerts of earlier runs, of the history; None if not known.
    crm
        Reports on the CRM, a `~abcxyz.crm.analysis.CrmAnalysis`; None without a CRM.
    raised_before
        Keys of the alerts of earlier runs, so that none is raised again by another key. Set from
        the history; empty without one.
    quiet
        Keys of alerts that are not raised in this run: raised before, or snoozed. Set by the
        history before any sink runs; empty without a history.
    """

    __hash__ = None  # type: ignore[assignment]

    snapshot: Snapshot
    abc: AbcResult
    xyz: XyzResult
    matrix: Matrix
    panel: Panel
    quality: Quality | None = None
    names: Mapping[Any, str] = field(factory=dict, converter=frozen_map)
    attributes: Mapping[Any, Mapping[str, object]] = field(factory=dict, converter=_frozen_maps)
    prospects: ProspectScores | None = None
    previous: Snapshot | None = None
    year_ago: Snapshot | None = None
    transitions: Transitions | None = None
    actions: Actions | None = None
    lapse: LapseRisk | None = None
    rise: RiseChance | None = None
    outcomes: tuple[CallOutcome, ...] = field(default=(), converter=_tuple)
    calls: CallList | None = None
    history: CollectedSales | None = field(default=None, eq=False, repr=False)
    backtest: Backtest | None = None
    growth: GrowthList | None = None
    alerts: Alerts = field(default=Alerts(), converter=_alerts)
    past: tuple[PastResult, ...] = field(default=(), converter=_results)
    classes: PastClasses | None = field(default=None, repr=False)
    hours: tuple[float, float, float] | None = None
    record: AlertRecord | None = None
    crm: CrmResult | None = None
    raised_before: frozenset[str] = field(default=frozenset(), converter=_keys, repr=False)
    quiet: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        snapshot = self.snapshot
        return brief(
            self,
            str(snapshot.periods.window),
            f"{len(snapshot):,} customers",
            class_counts(snapshot.segment, SEGMENTS),
            f"{len(self.alerts):,} alerts" if self.alerts else "",
        )

    @property
    def settings(self) -> Settings:
        """Settings of the classification."""
        return self.snapshot.settings

    @property
    def raised(self) -> Alerts:
        """Alerts to notify people about in this run: those not in `quiet`."""
        return Alerts(alert for alert in self.alerts if alert.key not in self.quiet)

    @functools.cached_property
    def confidence(self) -> Confidence:
        """Probability of every class; computed on first access, seconds per 100,000 customers."""
        return class_confidence(self.panel, self.settings)

    @functools.cached_property
    def metrics(self) -> CoreMetrics:
        """Key figures: concentration of the value and stability of the core."""
        return core_metrics(self.snapshot, self.previous, self.year_ago, aligned=self._aligned)

    @functools.cached_property
    def _aligned(self) -> Alignment | None:
        if self.previous is None:
            return None
        return align(self.previous.customers, self.snapshot.customers)

    @functools.cached_property
    def year_before(self) -> YearBefore | None:
        """The window before this one, which shares no day with it; None if it was not read."""
        return year_before(self.panel)

    @functools.cached_property
    def bridge(self) -> Bridge | None:
        """From the value of the window before to that of this one; None without a comparison."""
        past = self.year_before
        if past is None or not past.covered:
            return None
        return bridge_between(past.value, self.panel.value)

    def moves(self, by: str = "segment", *, steadied: bool = False) -> Transitions | None:
        """Compare with the previous snapshot as `compare` does; None if there is none.

        The first customers are those of the snapshot, in its order.
        """
        if self.previous is None or self._aligned is None:
            return None
        return compare_aligned(
            self.previous, self.snapshot, self._aligned, by=by, steadied=steadied
        )

    @property
    def rhythm(self) -> Rhythm:
        """Gaps between order days; those between buckets if the panel does not know the days."""
        rhythm = self.panel.rhythm
        return bucket_rhythm(self.panel.sales, self.panel.periods) if rhythm is None else rhythm

    @functools.cached_property
    def usual_gaps(self) -> Floats:
        """(n,) usual days between orders: the mean of each customer's gaps; NaN without one."""
        gaps = np.array(self.rhythm.means())
        if self.lapse is not None:
            rows = self.snapshot.rows_of(self.lapse.customers)
            gaps[rows[rows >= 0]] = self.lapse.facts["own_gap"][rows >= 0]
        return freeze(gaps)

    def silence(self, quantile: float = 0.9, least: int = 5) -> Silence:
        """Measure the days since each customer's last order against the customer's usual gaps.

        Parameters
        ----------
        quantile
            Quantile of the customer's gaps between orders: a longer silence is unusual.
        least
            Number of gaps below which the gaps of the class are used.

        Notes
        -----
        Silence is counted up to the last day covered by the data: the end of the window, or the
        last sale if sales beyond the window were read.
        """
        known = self.silences.get((quantile, least))
        if known is not None:
            return known
        panel = self.panel
        last = panel.last_day.astype("M8[D]")
        last = last[~np.isnat(last)]
        until = np.datetime64(self.snapshot.dated)
        if len(last):
            until = max(until, min(last.max(), np.datetime64(self.snapshot.as_of)))
        found = silence(
            self.rhythm, panel.last_day, self.snapshot.abc, until, quantile=quantile, least=least
        )
        self.silences[quantile, least] = found
        return found

    @functools.cached_property
    def silences(self) -> dict[tuple[float, int], Silence]:
        """Quantile and least number of gaps -> answer of `silence`, which several ask for."""
        return {}

    def with_actions(self, actions: Actions) -> Analysis:
        """Return the analysis with recommended actions; the silences it measured are kept."""
        extended = evolve(self, actions=actions)
        extended.silences.update(self.silences)
        return extended

    def summary(self) -> Summary:
        """Compute all totals that sinks and reports show."""
        return summarize(
            as_of=self.snapshot.as_of,
            periods=self.snapshot.periods,
            settings=self.settings,
            abc=self.abc,
            xyz=self.xyz,
            matrix=self.matrix,
            transitions=self.transitions,
            silence=self.silence() if self.actions is None else self.actions.silence,
            alerts=self.alerts,
            prospects=0 if self.prospects is None else len(self.prospects),
            metrics=self.metrics,
            quality=self.quality,
        )

    def to_frame(self, lang: str = "en") -> pd.DataFrame:
        """Return a pandas data frame, one row per customer, in the order of the snapshot.

        Parameters
        ----------
        lang
            Language of the recommended actions.
        """
        import pandas as pd

        snapshot = self.snapshot
        names = [self.names.get(one) for one in snapshot.customers.tolist()]
        columns = {
            "customer": snapshot.customers,
            "name": pd.Series(names, dtype=object),
            "segment": labels_of(snapshot.segment, SEGMENTS),
            "abc": labels_of(snapshot.abc, ABC),
            "xyz": labels_of(snapshot.xyz, XYZ),
            "value": snapshot.value,
            "share": self.abc.share,
            "cumulative_share": self.abc.cumulative_share,
            "cv": snapshot.cv,
            "orders": snapshot.orders,
            "first_day": snapshot.first_day,
            "last_day": snapshot.last_day,
        }
        if self.actions is not None:
            columns["channel"] = np.array(self.actions.channels(), dtype=object)
            columns["action"] = np.array(self.actions.texts(lang), dtype=object)
        return pd.DataFrame(columns)

    def to_html(self, lang: str = "en") -> str:
        """Return customers, money and its share by segment as a table in HTML."""
        return self.matrix.to_html(lang)


def summary_object(analysis: Analysis) -> dict[str, Any]:
    """Return the summary of an analysis as plain values: ``analysis.summary().to_dict()``.

    Parameters
    ----------
    analysis
        The analysis.

    Returns
    -------
    dict
        ``as_of``, ``window``, ``lookback``, ``settings``, ``customers``, ``quality``, ``abc``,
        ``xyz``, ``matrix``, ``bcg`` and the other totals of `Summary`. Money is in the unit of
        the data, shares are fractions, and missing values are None. `json_schema` describes it.
    """
    return analysis.summary().to_dict()
