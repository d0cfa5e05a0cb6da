"""Lapse risk and rise chance of an analysis: collection of the order days, and who is late."""

from __future__ import annotations

from datetime import date
from typing import Any

import attrs
import numpy as np

from abcxyz._arrays import Bools, freeze
from abcxyz.core.advice.alerts import AlertRules
from abcxyz.core.advice.backtest import backtest_of
from abcxyz.core.analysis.find_calls import is_learned
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.landmarks.features import attribute_columns
from abcxyz.core.landmarks.horizon import STALE
from abcxyz.core.landmarks.lapse import lapse_from, lapse_outcome
from abcxyz.core.landmarks.lapse_record import NAMED
from abcxyz.core.landmarks.order_history import (
    OrderHistory,
    OrderHistoryCollector,
    day_number,
)
from abcxyz.core.landmarks.rise import rise_from, rise_outcome
from abcxyz.core.landmarks.sample import LandmarkStudy
from abcxyz.core.sales.rhythm import Silence
from abcxyz.core.snapshots.settings import Settings

__all__ = ["late_customers", "learned", "learned_attributes", "learning", "with_learned"]


def learning(
    rules: AlertRules, settings: Settings, as_of: date, **limits: int
) -> OrderHistoryCollector | None:
    """Return a collector of the lookback for `analyze` if the rules ask for learned lapses.

    Parameters
    ----------
    limits
        ``most``, as in `OrderHistoryCollector`.
    """
    if rules.lapse != "learned":
        return None
    since = settings.periods(as_of).lookback.since
    return OrderHistoryCollector(settings.metric, as_of, since=since, **limits)


def with_learned(
    analysis: Analysis,
    orders: OrderHistoryCollector | None,
    rules: AlertRules,
    horizon: int | None = None,
) -> Analysis:
    """Estimate who will not come back and who will rise, unless the sales end too early."""
    history = None if orders is None else orders.close()
    if history is None or not len(history):
        return analysis
    if day_number(analysis.snapshot.as_of) - history.span[1] - 1 > STALE:
        return analysis
    return learned(analysis, history, rules, horizon)


def learned(
    analysis: Analysis, history: OrderHistory, rules: AlertRules, horizon: int | None = None
) -> Analysis:
    """Learn from an order history, and from the attributes that the rules name if any are known.

    Where they are not known yet, the history is stored until they are.
    """
    snapshot = analysis.snapshot
    waiting = bool(rules.attributes) and not analysis.attributes
    columns = learned_attributes(analysis, history, rules)
    study = LandmarkStudy.of(
        history, snapshot.as_of, horizon, snapshot.settings, snapshot, columns
    )
    lapses, rises = study.examples(lapse_outcome(study), rise_outcome(study))
    tried = analysis.backtest
    if rules.backtest:
        tried = backtest_of(
            history,
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
        history=history if waiting else None,
    )


def learned_attributes(
    analysis: Analysis, history: OrderHistory, rules: AlertRules
) -> dict[str, Any]:
    """Return the attributes that the rules name as features, if any attributes are known."""
    if not rules.attributes or not analysis.attributes:
        return {}
    customers = history.customers.tolist()
    return attribute_columns(customers, analysis.attributes, rules.attributes)


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
    place = analysis.snapshot.rows_of(risk.customers[chosen])
    chosen, place = chosen[place >= 0], place[place >= 0]
    late[place] = True
    days[place], usual[place] = risk.facts["silence"][chosen], risk.usual_gaps[chosen]
    return late, Silence(days=freeze(days), usual=freeze(usual))
