"""Lapse risk and rise chance of an analysis: collection of the order days, and who is late."""

from __future__ import annotations

from datetime import date
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Bools, freeze
from abcxyz.core.advice.alerts import AlertRules
from abcxyz.core.advice.backtest import backtest_of
from abcxyz.core.analysis.find_calls import is_learned
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.landmarks.collector import CollectedSales, LandmarkCollector
from abcxyz.core.landmarks.features import attribute_columns
from abcxyz.core.landmarks.horizon import STALE
from abcxyz.core.landmarks.lapse import lapse_from, lapse_outcome
from abcxyz.core.landmarks.lapse_record import NAMED
from abcxyz.core.landmarks.orders.order_history import day_number
from abcxyz.core.landmarks.panel_source import PanelSource
from abcxyz.core.landmarks.rise import rise_from, rise_outcome
from abcxyz.core.landmarks.sample import LandmarkStudy
from abcxyz.core.landmarks.sources import HistorySource, LandmarkSource
from abcxyz.core.sales.rhythm import Silence
from abcxyz.core.snapshots.settings import Settings

__all__ = ["late_customers", "learned", "learned_attributes", "learning", "with_learned"]


def learning(
    rules: AlertRules, settings: Settings, as_of: date, *, whole: bool = False
) -> LandmarkCollector | None:
    """Return a collector of the lookback for `analyze` if the rules ask for learned lapses.

    Parameters
    ----------
    whole
        Whether to keep the order days of all customers even without a backtest.
    """
    if rules.lapse != "learned":
        return None
    return LandmarkCollector(settings, as_of, whole=whole or rules.backtest > 0)


def with_learned(
    analysis: Analysis,
    orders: LandmarkCollector | None,
    rules: AlertRules,
    horizon: int | None = None,
) -> Analysis:
    """Estimate who will not come back and who will rise, unless the sales end too early."""
    if orders is None:
        return analysis
    sales = orders.close()
    _, last = sales.span
    if not len(sales.customers) or day_number(analysis.snapshot.as_of) - last - 1 > STALE:
        return analysis
    return learned(analysis, sales, rules, horizon)


def learned(
    analysis: Analysis, sales: CollectedSales, rules: AlertRules, horizon: int | None = None
) -> Analysis:
    """Learn from collected sales, and from the attributes that the rules name if any are known.

    Where they are not known yet, the sales are stored until they are.
    """
    snapshot = analysis.snapshot
    waiting = bool(rules.attributes) and not analysis.attributes
    source = _source(analysis, sales)
    columns = learned_attributes(analysis, source.customers, rules)
    study = LandmarkStudy.of(source, snapshot.as_of, horizon, snapshot.settings, snapshot, columns)
    lapses, rises = study.examples(lapse_outcome(study), rise_outcome(study))
    tried = analysis.backtest
    if rules.backtest and sales.history is not None:
        tried = backtest_of(
            sales.history,
            snapshot.as_of,
            study.horizon,
            settings=snapshot.settings,
            most=rules.backtest,
            outcomes=analysis.outcomes,
            attributes=columns,
            rules=rules,
        )
    return attrs.evolve(
        analysis,
        lapse=lapse_from(study, lapses, quantile=rules.quantile, least_gaps=rules.least_gaps),
        rise=rise_from(study, rises),
        backtest=tried,
        history=sales if waiting else None,
    )


def _source(analysis: Analysis, sales: CollectedSales) -> LandmarkSource:
    if sales.history is not None:
        return HistorySource(sales.history)
    assert sales.money is not None
    return PanelSource(
        analysis.panel,
        analysis.snapshot.settings,
        analysis.snapshot.as_of,
        customers=sales.customers,
        money=sales.money,
        rows=sales.rows,
        sample=sales.sample,
        span=sales.span,
    )


def learned_attributes(
    analysis: Analysis, customers: npt.NDArray[Any], rules: AlertRules
) -> dict[str, Any]:
    """Return the attributes that the rules name as features, if any attributes are known."""
    if not rules.attributes or not analysis.attributes:
        return {}
    return attribute_columns(customers.tolist(), analysis.attributes, rules.attributes)


def late_customers(
    analysis: Analysis, rules: AlertRules, silence: Silence
) -> tuple[Bools | None, Silence]:
    """Return who is late as to the lapse risk, and the silences that texts name.

    None instead of who is late where the rule of the quantile decides. The usual gaps are those
    of `Analysis.usual_gaps`; a customer with a single order has that of the rule.
    """
    risk, usual = analysis.lapse, np.array(analysis.usual_gaps)
    usual = np.where(np.isnan(usual), silence.usual, usual)
    if risk is None or not is_learned(risk, rules):
        return None, Silence(days=silence.days, usual=freeze(usual))
    late = np.zeros(len(analysis.snapshot), dtype=bool)
    days = np.array(silence.days)
    chosen = np.flatnonzero(risk.late & (risk.probability >= NAMED))
    place = analysis.snapshot.rows_of(risk.customers)[chosen]
    chosen, place = chosen[place >= 0], place[place >= 0]
    late[place] = True
    days[place], usual[place] = risk.facts["silence"][chosen], risk.usual_gaps[chosen]
    return late, Silence(days=freeze(days), usual=freeze(usual))
