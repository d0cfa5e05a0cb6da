"""Lapse risk and rise chance of an analysis: collection of the order days, and who is late."""

from __future__ import annotations

from datetime import date

import numpy as np

from abcxyz._arrays import Bools, freeze
from abcxyz.core.advice.alerts import AlertRules
from abcxyz.core.analysis.find_calls import is_learned
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.landmarks.horizon import STALE
from abcxyz.core.landmarks.lapse import lapse_from, lapse_outcome
from abcxyz.core.landmarks.lapse_record import NAMED, LapseRisk
from abcxyz.core.landmarks.order_history import OrderHistoryCollector, day_number
from abcxyz.core.landmarks.rise import RiseChance, rise_from, rise_outcome
from abcxyz.core.landmarks.sample import LandmarkStudy
from abcxyz.core.sales.rhythm import Silence
from abcxyz.core.snapshots.settings import Settings
from abcxyz.core.snapshots.snapshot import Snapshot

__all__ = ["late_customers", "learned_of_orders", "learning"]


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


def learned_of_orders(
    orders: OrderHistoryCollector | None, snapshot: Snapshot, horizon: int | None = None
) -> tuple[LapseRisk | None, RiseChance | None]:
    """Estimate who will not come back and who will rise, unless the sales end too early."""
    history = None if orders is None else orders.close()
    if history is None or not len(history):
        return None, None
    if day_number(snapshot.as_of) - history.span[1] - 1 > STALE:
        return None, None
    study = LandmarkStudy.of(history, snapshot.as_of, horizon, snapshot.settings, snapshot)
    lapses, rises = study.examples(lapse_outcome(study), rise_outcome(study))
    return lapse_from(study, lapses), rise_from(study, rises)


def late_customers(
    analysis: Analysis, rules: AlertRules, silence: Silence
) -> tuple[Bools, Silence] | None:
    """Return who is late as to the lapse risk, and the silences of these as it counts them.

    None where the rule of the quantile decides. The silences of the others are those given, of the
    rule.
    """
    risk = analysis.lapse
    if risk is None or not is_learned(risk, rules):
        return None
    late = np.zeros(len(analysis.snapshot), dtype=bool)
    days, usual = np.array(silence.days), np.array(silence.usual)
    positions = analysis.snapshot.positions
    for i in np.flatnonzero(risk.late & (risk.probability >= NAMED)).tolist():
        place = positions.get(risk.customers[i])
        if place is not None:
            late[place] = True
            days[place], usual[place] = risk.facts["silence"][i], risk.usual_gap(i)
    return late, Silence(days=freeze(days), usual=freeze(usual))
