"""Rise chance: the probability that a customer of class B reaches class A within the horizon."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Bools, Codes, Floats, Ints, as_day, freeze, frozen_map
from abcxyz.core.landmarks.features import Features, attribute_columns, classes_at
from abcxyz.core.landmarks.fit import LEARNED, LandmarkFit, fit_landmarks
from abcxyz.core.landmarks.horizon import covered_until
from abcxyz.core.landmarks.model import Examples, Judged
from abcxyz.core.landmarks.orders.order_history import OrderHistory, collect_orders
from abcxyz.core.landmarks.reasons import Reasons, pushes_of
from abcxyz.core.landmarks.sample import STEP, LandmarkStudy, Outcome, descending
from abcxyz.core.landmarks.sources import HistorySource
from abcxyz.core.sales.transactions import Transactions
from abcxyz.core.snapshots.settings import Settings
from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.toolkit.catalogue import Catalogue, Message

__all__ = ["RISE_BASES", "RiseChance", "rise_chance", "rise_from", "rise_of", "rise_outcome"]

RISE_BASES = (LEARNED, "value", "none")
"""Where chances come from: a learned card, a calibrated curve of the value, or nowhere."""

_SAY = Catalogue()
_VALUE = "value_to_limit"
_TRENDS = {_VALUE: "up"}


@frozen(kw_only=True)
class RiseChance:
    """Chance of class A within the horizon, for n customers of class B.

    Parameters
    ----------
    as_of, horizon_days
        As in `LapseRisk`.
    basis
        One of `RISE_BASES`.
    why
        Why this basis, as a sentence that `abcxyz.toolkit.translate` translates.
    judged
        Quality on held-back examples; None for the basis ``none``.
    customers
        (n,) identifiers: the largest product of chance and missing money first; by the value for
        the basis ``none``.
    probability
        (n,) chance; NaN for the basis ``none``.
    missing
        (n,) money that lacks to class A today.
    facts, pushes, fit
        Behind the reasons and the certainty.
    """

    __hash__ = None  # type: ignore[assignment]

    as_of: date
    horizon_days: int
    basis: str
    why: Message
    judged: Judged | None
    customers: npt.NDArray[Any] = field(eq=SAME_ARRAYS)
    probability: Floats = field(eq=SAME_ARRAYS)
    missing: Floats = field(eq=SAME_ARRAYS)
    facts: Mapping[str, Floats] = field(eq=False, repr=False, converter=frozen_map)
    pushes: Mapping[str, Floats] = field(eq=False, repr=False, converter=frozen_map)
    fit: LandmarkFit = field(eq=False, repr=False)

    def __len__(self) -> int:
        return len(self.customers)

    @functools.cached_property
    def positions(self) -> Mapping[Any, int]:
        """Customer -> index in the arrays."""
        return frozen_map({who: i for i, who in enumerate(self.customers.tolist())})

    def certainty(self, i: int) -> tuple[int, int]:
        """Return how many held-back cases had a like chance, and how many of them rose."""
        return self.fit.of_like(float(self.probability[i]))

    def facts_of(self, i: int) -> dict[str, float]:
        """Return the facts behind the reasons of customer number *i*."""
        return self._reasons.facts_of(i)

    def groups(self, i: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return which groups of features speak for a rise of customer number *i*, and against."""
        return self._reasons.groups(i)

    def reasons(self, i: int, lang: str = "en") -> list[str]:
        """Return what speaks for a rise of customer number *i*, the strongest reason first."""
        return self._reasons.sentences(i, lang)

    def against(self, i: int, lang: str = "en") -> list[str]:
        """Return what speaks against a rise of customer number *i*."""
        return self._reasons.sentences(i, lang, against=True)

    @functools.cached_property
    def _reasons(self) -> Reasons:
        return Reasons(self.pushes, self.facts)


def rise_chance(
    sales: Transactions | Iterable[Transactions],
    as_of: date,
    horizon: int | None = None,
    *,
    settings: Settings | None = None,
    attributes: Mapping[Any, Mapping[str, object]] = MappingProxyType({}),
) -> RiseChance:
    """Estimate for every customer of class B the chance to be of class A within a horizon.

    Parameters
    ----------
    sales, as_of, horizon, settings, attributes
        As in `lapse_risk`.

    Returns
    -------
    RiseChance

    Raises
    ------
    InputError
        As `lapse_risk`.

    Notes
    -----
    As `lapse_risk`: examples are the customers of class B at past landmarks, the outcome is class
    A at one of the ends of 30 days within the horizon, and the simple curve is that of the value
    against the limit of A.

    Examples
    --------
    >>> sales = Transactions(["a", "a", "b"], [date(2026, 1, 5), date(2026, 2, 5),
    ...                      date(2026, 2, 9)], [50, 50, 10])
    >>> rise_chance(sales, date(2026, 3, 1)).basis
    'none'
    """
    settings = Settings() if settings is None else settings
    as_of = as_day(as_of, "as_of")
    history = collect_orders(sales, until=as_of, metric=settings.metric)
    columns = attribute_columns(history.customers.tolist(), attributes)
    until = covered_until(history.span, as_of)
    return rise_of(history, until, horizon, settings=settings, attributes=columns)


def rise_of(
    history: OrderHistory,
    as_of: date,
    horizon: int | None = None,
    *,
    settings: Settings,
    snapshot: Snapshot | None = None,
    attributes: Mapping[str, Any] = MappingProxyType({}),
) -> RiseChance:
    """Estimate the rise chance from an order history; see `rise_chance`.

    Parameters
    ----------
    snapshot
        Classes on the day; None for those of the history.
    attributes
        Further features, as `attribute_columns` returns them.
    """
    study = LandmarkStudy.of(
        HistorySource(history), as_of, horizon, settings, snapshot, attributes
    )
    return rise_from(study, *study.examples(rise_outcome(study)))


def rise_outcome(study: LandmarkStudy) -> Outcome:
    """Return the outcome that is learned: class A at an end of 30 days within the horizon."""
    horizon = study.horizon
    codes: dict[int, Codes] = {}  # of landmarks before, which are later days

    def in_a(on: int) -> Bools:
        if on not in codes:
            codes[on] = classes_at(study.sample, on, study.settings)[0]
        return np.asarray(codes[on] == 0)

    def outcome(features: Features) -> tuple[Bools, Bools]:
        codes[features.day] = features.abc
        ends = {features.day + k for k in range(STEP, horizon, STEP)} | {features.day + horizon}
        risen = np.logical_or.reduce([in_a(end) for end in sorted(ends)])
        return features.known & (features.abc == 1), risen

    return Outcome(
        outcome, lambda features: np.ones(len(features.abc), dtype=bool), more=_with_value
    )


def rise_from(study: LandmarkStudy, examples: Examples | None) -> RiseChance:
    """Fit to the examples of `rise_outcome`, and estimate the rise chance on the day."""
    snapshot, horizon = study.snapshot, study.horizon
    fit = LandmarkFit(basis="", model=None)
    if examples is not None:
        fit = fit_landmarks(examples, _TRENDS, {_VALUE: "logarithm"}, horizon)
    now = _with_value(study.now)
    abc, value, limit = now.abc, now.value, now.limit
    if snapshot is not None:
        abc, value = _aligned(study.places, snapshot)
    rows = np.flatnonzero(now.known & (abc == 1))
    columns = {name: each[rows] for name, each in now.columns.items()}
    chance = fit.probability(columns, np.ones(len(rows), dtype=bool))
    missing = np.maximum(np.nan_to_num(limit - value[rows]), 0.0)
    rank = descending(np.nan_to_num(chance * missing), value[rows])
    pushes = pushes_of(fit.model, columns)
    basis = LEARNED if fit.basis == LEARNED else "value" if fit.model is not None else "none"
    return RiseChance(
        as_of=study.as_of,
        horizon_days=horizon,
        basis=basis,
        why=_why(fit, basis),
        judged=fit.judged,
        customers=study.listed(rows[rank]),
        probability=freeze(chance[rank]),
        missing=freeze(missing[rank]),
        facts={name: each[rows][rank] for name, each in now.facts.items()},
        pushes={name: each[rank] for name, each in pushes.items()},
        fit=fit,
    )


def _with_value(features: Features) -> Features:
    return features.with_columns({_VALUE: np.maximum(features.value / features.limit, 0.0)})


def _aligned(rows: Ints, snapshot: Snapshot) -> tuple[Codes, Floats]:
    inside = rows >= 0
    abc = np.where(inside, snapshot.abc[rows], -1).astype(np.int8)
    return abc, np.where(inside, snapshot.value[rows].astype(np.float64), np.nan)


def _why(fit: LandmarkFit, basis: str) -> Message:
    if basis == LEARNED:
        return _SAY.message(
            "learned from {rows} examples of {customers} customers; on held-back ones better than "
            "the value alone",
            rows=fit.rows,
            customers=fit.units,
        )
    if basis == "value":
        return _SAY.message(
            "a calibrated curve of the value: on held-back examples learning did not beat it with "
            "its interval"
        )
    return _SAY.message(
        "no chances: {rows} past {rows:example|examples} with {events} {events:rise|rises} "
        "{rows:is|are} too few to learn from",
        rows=fit.rows,
        events=fit.events,
    )
