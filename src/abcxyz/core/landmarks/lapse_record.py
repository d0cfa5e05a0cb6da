"""Result record of the lapse risk."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Bools, Codes, Floats, Ints, frozen_map
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.core.landmarks.fit import LEARNED, LandmarkFit
from abcxyz.core.landmarks.model import Judged
from abcxyz.core.landmarks.reasons import is_known, reason
from abcxyz.toolkit.catalogue import Message

__all__ = ["LAPSE_BASES", "NAMED", "LapseRisk"]

LAPSE_BASES = (LEARNED, "silence", "rule")
"""Where probabilities come from: a learned card, a calibrated curve of the silence, or nowhere."""

NAMED = 0.5
"""Probability from which a customer of class A who is silent for longer than usual is named."""

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
        (n,) whether the customer is silent for longer than usual: than the mean gap, and with the
        basis ``rule`` than the 90th percentile of the gaps, see `silence`.
    orders
        (n,) number of orders in a horizon at the pace of the last year.
    months
        (k, 24) money of calendar months of the customers of class A who are late, in their order;
        see `abcxyz.core.landmarks.monthly.monthly_sums`.
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

    def groups(self, i: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return which groups of features speak for a lapse of customer number *i*, and against.

        The strongest group is the first, and three of either side are the most.
        """
        return self._groups(i, self._facts_of(i))

    def _groups(
        self, i: int, facts: Mapping[str, float]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        pushes = self._pushes[i].tolist()
        because = [
            (-push, name)
            for name, push in zip(self.pushes, pushes, strict=True)
            if push >= _TELLING and is_known(name, facts)
        ]
        against = [
            (push, name)
            for name, push in zip(self.pushes, pushes, strict=True)
            if push <= -_TELLING and is_known(name, facts)
        ]
        first, second = ([name for _, name in sorted(one)] for one in (because, against))
        # How long the silence is, is the first question about anybody who is late.
        if self.late[i] and is_known("silence", facts):
            first = ["silence", *(name for name in first if name != "silence")]
            second = [name for name in second if name != "silence"]
        return tuple(first[:_REASONS]), tuple(second[:_REASONS])

    @functools.cached_property
    def _pushes(self) -> Floats:
        """(n, groups) the log-odds of `pushes`."""
        if not self.pushes:
            return np.zeros((len(self), 0))
        return np.stack(list(self.pushes.values()), axis=1)

    def reasons(self, i: int, lang: str = "en") -> list[str]:
        """Return why customer number *i* may not come back, the strongest reason first."""
        facts = self._facts_of(i)
        return [reason(group, facts, lang) for group in self._groups(i, facts)[0]]

    def against(self, i: int, lang: str = "en") -> list[str]:
        """Return what speaks for customer number *i* coming back."""
        facts = self._facts_of(i)
        return [reason(group, facts, lang) for group in self._groups(i, facts)[1]]

    def months_of(self, i: int) -> tuple[float, ...]:
        """Return the money of 24 months of customer number *i*; empty unless late in class A."""
        place = int(np.searchsorted(self._monthly, i))
        if place == len(self._monthly) or self._monthly[place] != i:
            return ()
        return tuple(self.months[place].tolist())

    @functools.cached_property
    def _monthly(self) -> Ints:
        return np.flatnonzero(self.in_a & self.late)

    def _facts_of(self, i: int) -> dict[str, float]:
        return dict(zip(self.facts, self._facts[i].tolist(), strict=True))

    @functools.cached_property
    def _facts(self) -> Floats:
        """(n, facts) the numbers of `facts`."""
        return np.stack(list(self.facts.values()), axis=1)

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
