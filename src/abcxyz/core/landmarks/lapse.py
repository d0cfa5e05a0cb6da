"""Lapse risk: the probability that a customer orders nothing within the horizon."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

import numpy as np

from abcxyz._arrays import Bools, Codes, as_day, freeze
from abcxyz.core.landmarks.features import TRENDS, Features, attribute_columns
from abcxyz.core.landmarks.fit import LEARNED, LandmarkFit, fit_landmarks
from abcxyz.core.landmarks.horizon import covered_until
from abcxyz.core.landmarks.lapse_record import LapseRisk
from abcxyz.core.landmarks.model import LEAST_EVENTS, LEAST_ROWS, Examples
from abcxyz.core.landmarks.orders.order_history import OrderHistory, collect_orders
from abcxyz.core.landmarks.reasons import pushes_of
from abcxyz.core.landmarks.sample import LandmarkStudy, Outcome, descending
from abcxyz.core.landmarks.sources import HistorySource
from abcxyz.core.sales.panel import aggregate
from abcxyz.core.sales.transactions import Transactions, concat
from abcxyz.core.snapshots.classify_panel import classes_of
from abcxyz.core.snapshots.settings import Settings
from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.errors import AbcxyzWarning
from abcxyz.toolkit.catalogue import Catalogue, Message

__all__ = ["lapse_from", "lapse_of", "lapse_outcome", "lapse_risk"]

_CURVES = {"silence": "logarithm", "rhythm": "line"}
_SAY = Catalogue()
_YEAR, _QUARTER = 365, 90


def lapse_risk(
    sales: Transactions | Iterable[Transactions],
    as_of: date,
    horizon: int | None = None,
    *,
    settings: Settings | None = None,
    attributes: Mapping[Any, Mapping[str, object]] = MappingProxyType({}),
) -> LapseRisk:
    """Estimate for every customer the probability of no purchase within a horizon.

    Parameters
    ----------
    sales
        All sales known, at once or in batches; those from *as_of* on count for nothing.
    as_of
        The day from which the horizon begins.
    horizon
        Days; None for three times the median gap between orders of class A, 30 to 180 days.
    settings
        Window, metric and rules of the classes; None for the defaults.
    attributes
        Customer -> attributes to learn from besides the sales, such as the industry. Those that
        change with the customer's purchases would tell the past what it could not know.

    Returns
    -------
    LapseRisk
        Class A first; in either part the largest expected loss first.

    Raises
    ------
    InputError
        There are no sales before *as_of*; they end more than a month before it; or *horizon* is
        so long that no past day has a known outcome.

    Notes
    -----
    Learned from the sales themselves. Every 30 days in the past is a landmark: what was known of
    each customer before that day, and whether a purchase followed within the horizon. A binned
    scorecard is fitted to landmarks whose outcome is known, and judged on later ones (see
    `abcxyz.core.landmarks.fit`); where it does not beat a calibrated curve of the silence, this
    curve is used, and with under 200 examples, or 40 of either outcome, nothing is estimated.

    It says that no purchase follows, not why, and not whether a call would change it.

    Examples
    --------
    >>> sales = Transactions(["a", "a", "b"], [date(2026, 1, 5), date(2026, 2, 5),
    ...                      date(2026, 2, 9)], [50, 50, 10])
    >>> risk = lapse_risk(sales, date(2026, 3, 1))
    >>> risk.basis, risk.horizon_days, risk.customers.tolist()
    ('rule', 93, ['a', 'b'])
    """
    settings = Settings() if settings is None else settings
    as_of = as_day(as_of, "as_of")
    lines = sales if isinstance(sales, Transactions) else concat(sales)
    earlier = lines.day < np.datetime64(as_of)
    lines = lines if earlier.all() else lines.take(earlier)
    history = collect_orders(lines, metric=settings.metric)
    until = covered_until(history.span, as_of)
    panel = aggregate(
        lines, settings.periods(as_of), metric=settings.metric,
        document_spans_days=settings.document_spans_days,
    )  # fmt: skip
    snapshot = None
    if not np.isnan(panel.value.astype(np.float64)).all():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AbcxyzWarning)  # `analyze` is where classes are judged
            snapshot, _, _ = classes_of(panel, as_of=as_of, settings=settings)
    columns = attribute_columns(history.customers.tolist(), attributes)
    return lapse_of(
        history, until, horizon, settings=settings, snapshot=snapshot, attributes=columns
    )


def lapse_of(
    history: OrderHistory,
    as_of: date,
    horizon: int | None = None,
    *,
    settings: Settings,
    snapshot: Snapshot | None = None,
    attributes: Mapping[str, Any] = MappingProxyType({}),
    learn: bool = True,
    quantile: float = 0.9,
    least_gaps: int = 5,
) -> LapseRisk:
    """Estimate the lapse risk from an order history; see `lapse_risk`.

    Parameters
    ----------
    history
        All sales before *as_of*.
    as_of, horizon, settings
        As in `lapse_risk`.
    snapshot
        Classes on that day; None for those of the history.
    attributes
        Further features, as `attribute_columns` returns them.
    learn
        Whether to learn; otherwise the basis is ``rule``.
    quantile, least_gaps
        Of the rule, as in `AlertRules`.
    """
    study = LandmarkStudy.of(
        HistorySource(history), as_of, horizon, settings, snapshot, attributes
    )
    examples = study.examples(lapse_outcome(study))[0] if learn else None
    return lapse_from(study, examples, quantile=quantile, least_gaps=least_gaps)


def lapse_outcome(study: LandmarkStudy) -> Outcome:
    """Return the outcome that is learned: no order within the horizon."""
    part, horizon = study.sample, study.horizon

    def outcome(features: Features) -> tuple[Bools, Bools]:
        orders = part.sums.orders
        after, before = part.before(features.day + horizon), part.before(features.day)
        return features.known, np.asarray(orders[after] == orders[before])

    return Outcome(outcome, lambda features: features.abc == 0)


def lapse_from(
    study: LandmarkStudy,
    examples: Examples | None,
    *,
    quantile: float = 0.9,
    least_gaps: int = 5,
) -> LapseRisk:
    """Fit to the examples of `lapse_outcome`, and estimate the lapse risk on the day.

    Where nothing can be learned, those are late who are silent beyond a quantile of their gaps,
    with the options of `AlertRules`.
    """
    source, now, horizon, snapshot = study.source, study.now, study.horizon, study.snapshot
    fit = LandmarkFit(basis="", model=None)
    if examples is not None:
        fit = fit_landmarks(examples, TRENDS, _CURVES, horizon)
    segment = _segments(study)
    abc = now.abc if snapshot is None else np.where(segment < 0, -1, segment // 3).astype(np.int8)
    probability = fit.probability(now.columns, abc == 0)
    pace = np.minimum(_YEAR, np.maximum(np.nan_to_num(now.facts["tenure"]), _QUARTER))
    money = np.maximum(now.facts["money_365"], 0.0) * horizon / pace
    loss = probability * money
    rank = descending(np.nan_to_num(loss), np.nan_to_num(money))
    rank = np.concatenate([rank[part[rank]] for part in (abc == 0, abc != 0)])
    order = rank[now.known[rank]]
    late = now.facts["late"] > 0
    if fit.model is None:
        late = source.late(abc, quantile, least_gaps)
    orders = now.columns["orders_365"] * horizon / pace
    listed = order[(abc == 0)[order] & late[order]]
    rows = np.sort(listed)
    months = source.months(study.as_of, rows)[np.searchsorted(rows, listed)]
    basis = LEARNED if fit.basis == LEARNED else "silence" if fit.model is not None else "rule"
    return LapseRisk(
        as_of=study.as_of,
        horizon_days=horizon,
        basis=basis,
        why=_why(fit, basis),
        judged=fit.judged,
        customers=study.listed(order),
        abc=freeze(abc[order]),
        segment=freeze(segment[order]),
        probability=freeze(probability[order]),
        money=freeze(money[order]),
        expected_loss=freeze(loss[order]),
        late=freeze(late[order]),
        orders=freeze(orders[order]),
        months=freeze(months),
        facts={name: each[order] for name, each in now.facts.items()},
        pushes={name: each[order] for name, each in pushes_of(fit.model, now.columns).items()},
        fit=fit,
    )


def _segments(study: LandmarkStudy) -> Codes:
    rows, snapshot = study.places, study.snapshot
    if snapshot is None:
        return np.full(len(rows), -1, dtype=np.int8)
    return np.where(rows < 0, np.int8(-1), snapshot.segment[rows])


def _why(fit: LandmarkFit, basis: str) -> Message:
    if basis == LEARNED:
        return _SAY.message(
            "learned from {rows} examples of {customers} customers; on held-back ones better than "
            "silence alone",
            rows=fit.rows,
            customers=fit.units,
        )
    if basis == "silence":
        return _SAY.message(
            "a calibrated curve of the silence: on held-back examples learning did not beat it "
            "with its interval",
        )
    return _SAY.message(
        "no probabilities: {rows} past {rows:example|examples} with {events} "
        "{events:lapse|lapses} {rows:is|are} too few to learn from; {least} and "
        "{least_events} of either outcome are needed",
        rows=fit.rows,
        events=fit.events,
        least=LEAST_ROWS,
        least_events=LEAST_EVENTS,
    )
