"""Lapse risk of an analysis: collection of the order days, and who is late by it."""

from __future__ import annotations

from datetime import date

import numpy as np

from abcxyz._arrays import Bools, freeze
from abcxyz.core.advice.alerts import AlertRules
from abcxyz.core.analysis.find_calls import is_learned
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.landmarks.horizon import STALE
from abcxyz.core.landmarks.lapse import lapse_of
from abcxyz.core.landmarks.lapse_record import NAMED, LapseRisk
from abcxyz.core.landmarks.order_history import OrderHistoryCollector, day_number
from abcxyz.core.sales.rhythm import Silence
from abcxyz.core.snapshots.settings import Settings
from abcxyz.core.snapshots.snapshot import Snapshot

__all__ = ["lapse_of_orders", "late_customers", "learning"]


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


def lapse_of_orders(
    orders: OrderHistoryCollector | None, snapshot: Snapshot, horizon: int | None = None
) -> LapseRisk | None:
    """Estimate who will not come back, unless the sales end too early for that."""
    history = None if orders is None else orders.close()
    if history is None or not len(history):
        return None
    if day_number(snapshot.as_of) - history.span[1] - 1 > STALE:
        return None
    return lapse_of(
        history, snapshot.as_of, horizon, settings=snapshot.settings, snapshot=snapshot
    )


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
    chosen = np.flatnonzero(risk.late & (risk.probability >= NAMED))
    positions = analysis.snapshot.positions
    places = [positions.get(who, -1) for who in risk.customers[chosen].tolist()]
    place = np.array(places, dtype=np.int64)
    chosen, place = chosen[place >= 0], place[place >= 0]
    late[place] = True
    days[place], usual[place] = risk.facts["silence"][chosen], risk.usual_gaps[chosen]
    return late, Silence(days=freeze(days), usual=freeze(usual))
