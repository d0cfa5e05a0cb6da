"""Result record of the lapse risk."""

from __future__ import annotations

import functools
import math
from bisect import bisect_left
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import evolve, field, frozen

from abcxyz._arrays import SAME_ARRAYS, Bools, Codes, Floats, Ints, freeze, frozen_map
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.core.landmarks.fit import LEARNED, LandmarkFit
from abcxyz.core.landmarks.model import Judged
from abcxyz.core.landmarks.reasons import Reasons
from abcxyz.toolkit.catalogue import Message

__all__ = ["LAPSE_BASES", "NAMED", "LapseRisk"]

LAPSE_BASES = (LEARNED, "silence", "rule")
"""Where probabilities come from: a learned card, a calibrated curve of the silence, or nowhere."""

NAMED = 0.5
"""Probability from which a customer of class A who is silent for longer than usual is named."""


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
        (n,) whether the customer is silent for longer than usual: than the mean of the own gaps,
        and than that mean shrunk to the gaps of all; with the basis ``rule`` than the 90th
        percentile of the gaps, see `silence`.
    orders
        (n,) number of orders in a horizon at the pace of the last year.
    months
        (k, 24) money of calendar months of the customers of class A who are late, in their order;
        see `abcxyz.core.landmarks.orders.monthly.monthly_sums`.
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
    orders: Floats = field(eq=SAME_ARRAYS)
    months: Floats = field(eq=SAME_ARRAYS, repr=False)
    facts: Mapping[str, Floats] = field(eq=False, repr=False, converter=frozen_map)
    pushes: Mapping[str, Floats] = field(eq=False, repr=False, converter=frozen_map)
    fit: LandmarkFit = field(eq=False, repr=False)

    def __len__(self) -> int:
        return len(self.customers)

    @functools.cached_property
    def positions(self) -> Mapping[Any, int]:
        """Customer -> index in the arrays."""
        return frozen_map({who: i for i, who in enumerate(self.customers.tolist())})

    def take(self, rows: Ints) -> LapseRisk:
        """Select customers by their rows, ascending."""
        chosen = np.zeros(len(self), dtype=bool)
        chosen[rows] = True
        return evolve(
            self,
            customers=freeze(self.customers[rows]),
            abc=freeze(self.abc[rows]),
            segment=freeze(self.segment[rows]),
            probability=freeze(self.probability[rows]),
            money=freeze(self.money[rows]),
            expected_loss=freeze(self.expected_loss[rows]),
            late=freeze(self.late[rows]),
            orders=freeze(self.orders[rows]),
            months=freeze(self.months[chosen[self._monthly]]),
            facts={name: one[rows] for name, one in self.facts.items()},
            pushes={name: one[rows] for name, one in self.pushes.items()},
        )

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

    def facts_of(self, i: int) -> dict[str, float]:
        """Return the facts of customer number *i* by name."""
        return self._reasons.facts_of(i)

    def groups(self, i: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return which groups of features speak for a lapse of customer number *i*, and against.

        The strongest group is the first, and three of either side are the most.
        """
        return self._reasons.groups(i)

    def reasons(self, i: int, lang: str = "en") -> list[str]:
        """Return why customer number *i* may not come back, the strongest reason first."""
        return self._reasons.sentences(i, lang)

    def against(self, i: int, lang: str = "en") -> list[str]:
        """Return what speaks for customer number *i* coming back."""
        return self._reasons.sentences(i, lang, against=True)

    @functools.cached_property
    def _reasons(self) -> Reasons:
        # How long the silence is, is the first question about anybody who is late.
        return Reasons(self.pushes, self.facts, first=("silence", self.late))

    @functools.cached_property
    def usual_gaps(self) -> Floats:
        """(n,) usual days between orders.

        The mean of the own gaps; after a single order the median one of all customers.
        """
        own = self.facts["own_gap"]
        return freeze(np.where(np.isnan(own), self.facts["mean_gap"], own))

    def months_of(self, i: int) -> tuple[float, ...]:
        """Return the money of 24 months of customer number *i*; empty unless late in class A."""
        place = bisect_left(self._monthly, i)
        if place == len(self._monthly) or self._monthly[place] != i:
            return ()
        return tuple(self.months[place].tolist())

    @functools.cached_property
    def _monthly(self) -> Ints:
        return np.flatnonzero(self.in_a & self.late)

    def certainty(self, i: int) -> tuple[int, int]:
        """Return how many held-back cases had a like probability, and how many did not buy."""
        return self.fit.of_like(float(self.probability[i]))

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
