"""Lapse risk: the probability that a customer orders nothing within the horizon."""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Bools, Codes, Floats, Ints, as_day, freeze, frozen_map
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.core.landmarks.features import TRENDS, Features, features_at
from abcxyz.core.landmarks.fit import LEARNED, LandmarkFit, fit_landmarks
from abcxyz.core.landmarks.horizon import choose_horizon, covered_until
from abcxyz.core.landmarks.model import LEAST_EVENTS, LEAST_ROWS, Judged
from abcxyz.core.landmarks.order_history import OrderHistory, collect_orders, day_number
from abcxyz.core.landmarks.reasons import pushes_of, reason
from abcxyz.core.landmarks.sample import landmark_days, past_examples, sample_rows
from abcxyz.core.sales.panel import aggregate
from abcxyz.core.sales.transactions import Transactions, concat
from abcxyz.core.snapshots.classify_panel import classes_of
from abcxyz.core.snapshots.settings import Settings
from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.errors import AbcxyzWarning
from abcxyz.toolkit.catalogue import Catalogue, Message

__all__ = ["LAPSE_BASES", "NAMED", "LapseRisk", "lapse_of", "lapse_risk"]

LAPSE_BASES = (LEARNED, "silence", "rule")
"""Where probabilities come from: a learned card, a calibrated curve of the silence, or nowhere."""

NAMED = 0.5
"""Probability from which a customer of class A who is silent for longer than usual is named."""

_CURVES = {"rhythm": False, "silence": True}
_SAY = Catalogue()
_YEAR, _QUARTER = 365, 90
_REASONS = 3
_TELLING = 0.15  # log-odds from which a group of features is a reason


@frozen(kw_only=True)
class LapseRisk:
    """Probability of no purchase within the horizon, for n customers who have ordered before.

    Parameters
    ----------
    as_of
        The day before which everything is known; the horizon begins on it.
    horizon_days
        Length of the horizon.
    basis
        One of `LAPSE_BASES`.
    why
        Why this basis, as a sentence that `abcxyz.toolkit.translate` translates.
    judged
        Quality on held-back examples; None for the basis ``rule``.
    customers
        (n,) identifiers, in the order of `order`.
    abc
        (n,) class codes; -1 = not classified.
    segment
        (n,) segment codes; -1 = not classified, or no snapshot was passed.
    probability
        (n,) probability of no purchase; NaN for the basis ``rule``.
    money
        (n,) money of a horizon at the pace of the last year.
    expected_loss
        (n,) probability times money; NaN for the basis ``rule``.
    late
        (n,) whether the customer is silent for longer than usual.
    facts, pushes
        Behind the reasons: facts by name, and log-odds by group of features.
    """

    __hash__ = None  # type: ignore[assignment]

    as_of: date
    horizon_days: int
    basis: str
    why: Message
    judged: Judged | None
    customers: npt.NDArray[Any] = field(eq=SAME_ARRAYS)
    abc: Codes = field(eq=SAME_ARRAYS)
    segment: Codes = field(eq=SAME_ARRAYS)
    probability: Floats = field(eq=SAME_ARRAYS)
    money: Floats = field(eq=SAME_ARRAYS)
    expected_loss: Floats = field(eq=SAME_ARRAYS)
    late: Bools = field(eq=SAME_ARRAYS)
    facts: Mapping[str, Floats] = field(eq=False, repr=False, converter=frozen_map)
    pushes: Mapping[str, Floats] = field(eq=False, repr=False, converter=frozen_map)
    fit: LandmarkFit = field(eq=False, repr=False)

    def __len__(self) -> int:
        return len(self.customers)

    @functools.cached_property
    def positions(self) -> Mapping[Any, int]:
        """Customer -> index in the arrays."""
        return frozen_map({who: i for i, who in enumerate(self.customers.tolist())})

    @property
    def in_a(self) -> Bools:
        """(n,) whether the customer is of class A."""
        return np.asarray(self.abc == 0)

    @property
    def named(self) -> Ints:
        """Customers to call: of class A, late, and more likely not to come back than to.

        With the basis ``rule`` all late ones of class A, by their money.
        """
        chosen = self.in_a & self.late
        if self.basis != "rule":
            chosen &= self.probability >= NAMED
        return np.flatnonzero(chosen)

    def reasons(self, i: int, lang: str = "en") -> list[str]:
        """Return why customer number *i* may not come back, the strongest reason first."""
        sentences = self._sentences(i, lang, sign=1.0)
        silent = reason("silence", self._facts_of(i), lang)
        # How long the silence is, is the first question about anybody who is late.
        if silent and self.late[i]:
            sentences = [silent, *(one for one in sentences if one != silent)][:_REASONS]
        return sentences

    def against(self, i: int, lang: str = "en") -> list[str]:
        """Return what speaks for customer number *i* coming back."""
        taken = set(self.reasons(i, lang))
        return [one for one in self._sentences(i, lang, sign=-1.0) if one not in taken]

    def _sentences(self, i: int, lang: str, *, sign: float) -> list[str]:
        strength = {group: sign * float(each[i]) for group, each in self.pushes.items()}
        groups = sorted(
            (group for group in strength if strength[group] >= _TELLING),
            key=lambda group: (-strength[group], group),
        )
        facts = self._facts_of(i)
        sentences = [reason(group, facts, lang) for group in groups]
        return [one for one in sentences if one][:_REASONS]

    def _facts_of(self, i: int) -> dict[str, float]:
        return {name: float(each[i]) for name, each in self.facts.items()}

    def certainty(self, i: int) -> tuple[int, int]:
        """Return how many held-back cases had a like probability, and how many did not buy."""
        if self.fit.evidence is None:
            return 0, 0
        return self.fit.evidence.of_like(float(self.probability[i]))

    def to_dict(self, lang: str = "en") -> dict[str, Any]:
        """Return plain values, ready for JSON; reasons in *lang*."""
        judged = self.judged
        return {
            "basis": self.basis,
            "horizon_days": self.horizon_days,
            "judged": None
            if judged is None
            else {
                "auc": _plain(judged.auc, 4),
                "auc_low": _plain(judged.auc_low, 4),
                "auc_high": _plain(judged.auc_high, 4),
                "brier": _plain(judged.brier, 5),
                "brier_base": _plain(judged.brier_base, 5),
                "rows": judged.rows,
            },
            "customers": [
                {
                    "customer": customer,
                    "segment": SEGMENTS[code] if code >= 0 else "N",
                    "probability": _plain(probability, 4),
                    "money": _plain(money, 2),
                    "expected_loss": _plain(loss, 2),
                    "reasons": self.reasons(i, lang),
                }
                for i, (customer, code, probability, money, loss) in enumerate(
                    zip(
                        self.customers.tolist(),
                        self.segment.tolist(),
                        self.probability.tolist(),
                        self.money.tolist(),
                        self.expected_loss.tolist(),
                        strict=True,
                    )
                )
            ],
        }


def _plain(value: float, decimals: int) -> float | None:
    return None if math.isnan(value) else round(value, decimals)


def lapse_risk(
    sales: Transactions | Iterable[Transactions],
    as_of: date,
    horizon: int | None = None,
    *,
    settings: Settings | None = None,
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
    until = covered_until(history, as_of)
    panel = aggregate(
        lines, settings.periods(as_of), metric=settings.metric,
        document_spans_days=settings.document_spans_days,
    )  # fmt: skip
    snapshot = None
    if not np.isnan(panel.value.astype(np.float64)).all():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AbcxyzWarning)  # `analyze` is where classes are judged
            snapshot, _, _ = classes_of(panel, as_of=as_of, settings=settings)
    return lapse_of(history, until, horizon, settings=settings, snapshot=snapshot)


def lapse_of(
    history: OrderHistory,
    as_of: date,
    horizon: int | None = None,
    *,
    settings: Settings,
    snapshot: Snapshot | None = None,
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
    """
    day = day_number(as_of)
    first, _ = history.span
    horizon = choose_horizon(history, as_of, horizon, settings)
    now = features_at(history, day, settings, horizon)
    fit = _fitted(history, landmark_days(first, day, horizon), settings, horizon)
    segment = _segments(history, snapshot)
    abc = now.abc if snapshot is None else np.where(segment < 0, -1, segment // 3).astype(np.int8)
    probability = fit.probability(now.columns, abc == 0)
    pace = np.minimum(_YEAR, np.maximum(np.nan_to_num(now.facts["tenure"]), _QUARTER))
    money = np.maximum(now.facts["money_365"], 0.0) * horizon / pace
    loss = probability * money
    rank = np.lexsort((np.arange(len(money)), -np.nan_to_num(money), -np.nan_to_num(loss),
                       abc != 0))  # fmt: skip
    order = rank[now.known[rank]]
    basis = LEARNED if fit.basis == LEARNED else "silence" if fit.model is not None else "rule"
    return LapseRisk(
        as_of=as_of,
        horizon_days=horizon,
        basis=basis,
        why=_why(fit, basis),
        judged=fit.judged,
        customers=freeze(history.customers[order]),
        abc=freeze(abc[order]),
        segment=freeze(segment[order]),
        probability=freeze(probability[order]),
        money=freeze(money[order]),
        expected_loss=freeze(loss[order]),
        late=freeze(now.facts["late"][order] > 0),
        facts={name: each[order] for name, each in now.facts.items()},
        pushes={name: each[order] for name, each in pushes_of(fit.model, now.columns).items()},
        fit=fit,
    )


def _fitted(
    history: OrderHistory, days: list[int], settings: Settings, horizon: int
) -> LandmarkFit:
    part = history.take(sample_rows(len(history)))

    def outcome(features: Features) -> tuple[Bools, Bools]:
        orders = part.sums.orders
        after, before = part.before(features.day + horizon), part.before(features.day)
        return features.known, np.asarray(orders[after] == orders[before])

    examples = past_examples(
        part, days, settings, horizon, outcome, lambda features: features.abc == 0
    )
    if examples is None:
        return LandmarkFit(basis="", model=None)
    return fit_landmarks(examples, TRENDS, _CURVES, horizon)


def _segments(history: OrderHistory, snapshot: Snapshot | None) -> Codes:
    if snapshot is None:
        return np.full(len(history), -1, dtype=np.int8)
    codes = dict(zip(snapshot.customers.tolist(), snapshot.segment.tolist(), strict=True))
    found = (codes.get(who, -1) for who in history.customers.tolist())
    return np.fromiter(found, np.int8, len(history))


def _why(fit: LandmarkFit, basis: str) -> Message:
    if basis == LEARNED:
        return _SAY.message(
            "learned from {rows} examples of this history; on held-back ones better than silence "
            "alone",
            rows=fit.rows,
        )
    if basis == "silence":
        return _SAY.message(
            "a calibrated curve of the silence: on held-back examples learning did not beat it "
            "with its interval",
        )
    return _SAY.message(
        "no probabilities: {rows} past examples with {events} lapses are too few to learn from; "
        "{least} and {least_events} of either outcome are needed",
        rows=fit.rows,
        events=fit.events,
        least=LEAST_ROWS,
        least_events=LEAST_EVENTS,
    )
