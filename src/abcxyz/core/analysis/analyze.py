"""Analysis of sales: classification, comparison with the previous snapshot, actions, alerts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Protocol

import attrs
import numpy as np

from abcxyz._arrays import DayLike, as_day
from abcxyz.core.advice.actions import advise
from abcxyz.core.advice.alerts import AlertRules
from abcxyz.core.advice.calls import CallOutcome
from abcxyz.core.advice.crm_facts import CrmFacts
from abcxyz.core.advice.playbook import Playbook
from abcxyz.core.analysis.find_alerts import find_alerts
from abcxyz.core.analysis.find_calls import find_calls, find_growth
from abcxyz.core.analysis.learn_lapses import late_customers, learned, with_learned
from abcxyz.core.analysis.past import hours_by_class
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.classes.matrix import build_matrix
from abcxyz.core.classes.meaningless import warn_of_unsteady_x
from abcxyz.core.dynamics.alignment import align
from abcxyz.core.dynamics.carry_over import carry_over
from abcxyz.core.dynamics.comparison import check_comparable
from abcxyz.core.dynamics.hysteresis import BAND, steadied
from abcxyz.core.landmarks.collector import LandmarkCollector
from abcxyz.core.prospects.scores import ProspectScores
from abcxyz.core.sales.calendar import Periods
from abcxyz.core.sales.coverage import check_coverage, check_panel_coverage
from abcxyz.core.sales.panel import Panel, aggregate
from abcxyz.core.sales.quality import Quality
from abcxyz.core.sales.transactions import Transactions
from abcxyz.core.snapshots.classify_panel import classes_of
from abcxyz.core.snapshots.settings import Settings
from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.errors import InputError

__all__ = [
    "SalesReading",
    "aggregate_sales",
    "analyze",
    "analyze_reading",
    "with_facts",
]


def analyze(
    transactions: Transactions | Iterable[Transactions] | Panel,
    *,
    as_of: DayLike,
    settings: Settings | None = None,
    previous: Snapshot | None = None,
    year_ago: Snapshot | None = None,
    playbook: Playbook | None = None,
    facts: CrmFacts | None = None,
    alert_rules: AlertRules | None = None,
    band: float = BAND,
    quality: Quality | None = None,
    names: Mapping[Any, str] | None = None,
    attributes: Mapping[Any, Mapping[str, object]] | None = None,
    prospects: ProspectScores | None = None,
    orders: LandmarkCollector | None = None,
    horizon: int | None = None,
    outcomes: Iterable[CallOutcome] = (),
    raised_before: Iterable[str] = (),
) -> Analysis:
    """Classify every customer on both axes, and find changes, actions and alerts.

    Parameters
    ----------
    transactions
        Sales, at once or in batches; or a panel made of them by `aggregate`.
    as_of
        The day of the classification; the complete periods before it count. Sales of this day
        and later ones count for nothing.
    settings
        Window, metric and rules; None for the defaults.
    previous
        The previous snapshot, made with the same settings. Its customers without sales in this
        window stay in the list, not classified, so that lost and returning customers are
        recognised although only the window was read.
    year_ago
        A snapshot of one year earlier, for the yearly attrition.
    playbook
        Recommendations; None for the default playbook.
    facts
        CRM facts: owners, deals, time spent, contacts.
    alert_rules
        Thresholds of the alerts; None for the defaults.
    band
        Half width of the hysteresis band, as a share of the cut; see `steady`.
    quality
        Data-quality report of the source, stored unchanged.
    names, attributes, prospects
        Stored unchanged, see `Analysis`; an attribute ``owner`` names the responsible employee.
    orders
        Collector of the order days, from which it is learned who will not come back and who of
        class B will reach A; it collects
        *transactions*, or has collected the sales of the panel. None to leave lapses to the rule.
    horizon
        Days of the lapse risk and the rise chance; None for the default of `lapse_risk`.
    outcomes, raised_before
        As in `Analysis`; see `History.outcomes` and `History.raised_keys`.

    Returns
    -------
    Analysis

    Raises
    ------
    InputError
        No sale lies in the window; the panel is of another window or metric; the previous
        snapshot is not earlier, or was made with other settings.

    Warns
    -----
    CoverageWarning
        The sales end long before the window does, or begin after it does.
    MeaninglessClassesWarning
        One class holds nearly all customers.
    UnsteadyClassWarning
        Class X includes coefficients of variation above 100 %.

    Examples
    --------
    >>> sales = Transactions(
    ...     ["a", "a", "b"], [date(2026, 1, 5), date(2026, 2, 5), date(2026, 2, 9)], [50, 50, 10]
    ... )
    >>> result = analyze(sales, as_of=date(2026, 3, 1), settings=Settings(period="2M"))
    >>> result.snapshot.to_frame()["segment"].tolist()
    ['AX', 'BZ']
    >>> result.actions[0].text()
    'Priority service, personal offers, regular calls'
    """
    settings = Settings() if settings is None else settings
    as_of = as_day(as_of, "as_of")
    periods = settings.periods(as_of)
    if isinstance(transactions, Panel):
        panel = transactions
        if (panel.periods, panel.metric) != (periods, settings.metric):
            raise InputError(
                "the panel holds {found} over {window}, and the settings ask for {metric} over "
                "{wanted}; aggregate with the same periods and metric",
                found=panel.metric,
                window=panel.periods.window,
                metric=settings.metric,
                wanted=periods.window,
            )
        _check_no_future(panel, as_of)
    else:
        sales = transactions if orders is None else orders.watch(transactions)
        panel = _aggregated(sales, periods, settings)
    check_panel_coverage(panel)
    if previous is not None:
        panel = carry_over(panel, previous)
    snapshot, abc, xyz = classes_of(panel, as_of=as_of, settings=settings)
    warn_of_unsteady_x(xyz)
    analysis = Analysis(
        snapshot=snapshot, abc=abc, xyz=xyz, matrix=build_matrix(abc, xyz), panel=panel
    )
    if previous is not None:
        check_comparable(previous, analysis.snapshot)
        if previous.dated >= analysis.snapshot.dated:
            raise InputError(
                "the snapshot before is dated {before}, and this one {after}; pass one dated "
                "earlier",
                before=previous.dated,
                after=analysis.snapshot.dated,
            )
        analysis = attrs.evolve(analysis, previous=previous)
        analysis = attrs.evolve(
            analysis,
            snapshot=steadied(
                analysis.snapshot,
                previous,
                align(previous.customers, panel.customers),
                analysis.abc,
                analysis.xyz,
                band=band,
            ),
        )
    analysis = attrs.evolve(
        analysis,
        quality=quality,
        names=names or {},
        attributes=attributes or {},
        prospects=prospects,
        year_ago=year_ago,
        transitions=analysis.moves(),
        outcomes=outcomes,
        raised_before=raised_before,
    )
    rules = AlertRules() if alert_rules is None else alert_rules
    analysis = with_learned(analysis, orders, rules, horizon)
    return _advised(_with_actions(analysis, rules, playbook), facts, rules)


def _with_actions(analysis: Analysis, rules: AlertRules, playbook: Playbook | None) -> Analysis:
    """Recommend an action for each customer."""
    silence = analysis.silence(rules.quantile, rules.least_gaps)
    lapsing, compared = late_customers(analysis, rules, silence)
    actions = advise(
        analysis.snapshot.segment,
        silence,
        analysis.snapshot.customers,
        moves=analysis.transitions,
        playbook=playbook,
        late=lapsing,
        compared=compared,
    )
    return analysis.with_actions(actions)


def _advised(analysis: Analysis, facts: CrmFacts | None, rules: AlertRules | None) -> Analysis:
    """Find the customers to call, those who may rise, and the alerts."""
    calls, growth = find_calls(analysis, facts, rules), find_growth(analysis, facts, rules)
    alerts = find_alerts(analysis, facts, rules, calls=calls, growth=growth)
    hours = (
        analysis.hours if facts is None else hours_by_class(analysis.snapshot, facts.time_spent)
    )
    return attrs.evolve(analysis, calls=calls, growth=growth, alerts=alerts, hours=hours)


class SalesReading(Protocol):
    """Sales of a file or of the sources of a job, with what is known about them."""

    def panel(
        self,
        periods: Periods,
        settings: Settings,
        orders: LandmarkCollector | None = None,
    ) -> Panel:
        """Read and aggregate the sales, as `aggregate_sales` does, and collect the order days."""

    @property
    def last_day(self) -> date | None:
        """Day of the latest sale read, complete after reading; None if not known."""

    @property
    def quality(self) -> Quality | None:
        """The data-quality account, complete after reading."""

    @property
    def names(self) -> Mapping[str, str]:
        """Customer -> name, complete after reading."""


def analyze_reading(
    reading: SalesReading,
    *,
    as_of: DayLike,
    settings: Settings,
    after_reading: Callable[[], None] | None = None,
    orders: LandmarkCollector | None = None,
    **options: Any,
) -> Analysis:
    """Read the sales of the lookback, and analyze them with their account and names.

    Parameters
    ----------
    reading
        The sales of a file or of a job.
    after_reading
        Function called when all sales are read and aggregated.
    as_of, settings, orders, options
        As in `analyze`.

    Raises
    ------
    InputError
        As in `analyze`, or no sale lies in the window.
    """
    as_of = as_day(as_of, "as_of")
    periods = settings.periods(as_of)
    panel = reading.panel(periods, settings, orders)
    _refuse_empty(panel, reading.last_day)
    check_panel_coverage(panel, strict=True)
    if after_reading is not None:
        after_reading()
    return analyze(
        panel,
        as_of=as_of,
        settings=settings,
        quality=reading.quality,
        names=reading.names,
        orders=orders,
        **options,
    )


def aggregate_sales(
    transactions: Transactions | Iterable[Transactions], periods: Periods, settings: Settings
) -> Panel:
    """Aggregate sales as an analysis by *settings* needs them; see `aggregate`."""
    return aggregate(
        transactions,
        periods,
        metric=settings.metric,
        rhythm=True,
        document_spans_days=settings.document_spans_days,
        earlier=_earlier(periods, settings),
    )


def _earlier(periods: Periods, settings: Settings) -> Periods | None:
    """Return the window before that of *periods*; None unless the lookback covers it."""
    past = settings.periods(periods.window.since)
    if past.window.since < periods.lookback.since:
        return None
    return attrs.evolve(past, lookback=past.window)


def _aggregated(
    transactions: Transactions | Iterable[Transactions], periods: Periods, settings: Settings
) -> Panel:
    """Aggregate sales; if none is in the lookback, raise an error with the day of the last one."""
    last: list[date] = []

    def watched(batches: Iterable[Transactions]) -> Iterator[Transactions]:
        for batch in batches:
            if len(batch):
                last[:] = [max([batch.day.max().item(), *last])]
            yield batch

    if isinstance(transactions, Transactions):
        panel = aggregate_sales(transactions, periods, settings)
        if not len(panel):
            list(watched([transactions]))
    else:
        panel = aggregate_sales(watched(transactions), periods, settings)
    _refuse_empty(panel, last[0] if last else None)
    return panel


def _refuse_empty(panel: Panel, last: date | None) -> None:
    """Raise an error if no sale is in the lookback, with the day of the last one before it."""
    if not len(panel):
        early = last is not None and last < panel.periods.lookback.since
        check_coverage(
            panel.periods, first=None, last=last if early else None, inside=False, strict=True
        )


def _check_no_future(panel: Panel, as_of: date) -> None:
    if (panel.last_day >= np.datetime64(as_of)).any():
        raise InputError(
            "the panel holds sales up to {last}, and the day of the classification is {as_of}; "
            "aggregate with the periods before that day",
            last=np.fmax.reduce(panel.last_day.astype("M8[D]")).item(),
            as_of=as_of,
        )


def with_facts(
    analysis: Analysis,
    facts: CrmFacts | None = None,
    *,
    attributes: Mapping[Any, Mapping[str, object]] | None = None,
    prospects: ProspectScores | None = None,
    alert_rules: AlertRules | None = None,
) -> Analysis:
    """Add CRM facts after the classification, and find the alerts again.

    Lapses and rises are learned again where the rules name attributes that are known only now.

    Parameters
    ----------
    analysis
        The analysis to extend.
    facts
        CRM facts: owners, deals, time spent, contacts.
    attributes, prospects
        As in `Analysis`; None to leave those of *analysis*.
    alert_rules
        Thresholds of the alerts; None for the defaults.
    """
    extended = attrs.evolve(
        analysis,
        attributes=analysis.attributes if attributes is None else attributes,
        prospects=analysis.prospects if prospects is None else prospects,
    )
    rules = AlertRules() if alert_rules is None else alert_rules
    if extended.history is not None and rules.attributes and extended.attributes:
        horizon = None if analysis.lapse is None else analysis.lapse.horizon_days
        extended = learned(extended, extended.history, rules, horizon)
        playbook = None if extended.actions is None else extended.actions.playbook
        extended = _with_actions(extended, rules, playbook)
    return _advised(extended, facts, rules)
