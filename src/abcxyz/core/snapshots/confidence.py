"""Confidence of classes: bootstrap over periods."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Bools, Codes, Floats, Ints, freeze
from abcxyz.core.classes.classify import cut_amounts, cut_variations
from abcxyz.core.classes.rule_traits import is_signless, single_order_is_z
from abcxyz.core.classes.rules import CumulativeMean
from abcxyz.core.display import Drawable, brief
from abcxyz.core.sales.panel import Panel
from abcxyz.core.snapshots.settings import Settings
from abcxyz.core.sums import NEAR, survey
from abcxyz.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FIRM", "Confidence", "class_confidence"]

FIRM = 0.8
"""Least probability of a class that counts as firm."""

_BATCH = 16  # resamples per matrix product: a compromise of memory and speed
_COLUMNS = 1 << 10  # customers per matrix product, whose numbers stay in the CPU cache


@frozen(kw_only=True)
class Confidence(Drawable):
    """Bootstrap probabilities of the classes of n customers.

    Parameters
    ----------
    abc, xyz, segment
        (n,) share of the resamples with the same class; NaN where not classified.
    resamples
        Number of resamples.
    firm_from
        Least probability of a firm class.
    customers
        (n,) identifiers; None if not known.
    """

    __hash__ = None  # type: ignore[assignment]

    abc: Floats = field(eq=SAME_ARRAYS)
    xyz: Floats = field(eq=SAME_ARRAYS)
    segment: Floats = field(eq=SAME_ARRAYS)
    resamples: int
    firm_from: float = FIRM
    customers: npt.NDArray[Any] | None = field(default=None, eq=SAME_ARRAYS)

    def __len__(self) -> int:
        return len(self.segment)

    def __repr__(self) -> str:
        firm = f"firm {int(self.firm.sum()):,}, borderline {int(self.borderline.sum()):,}"
        return brief(self, f"{len(self):,} customers", firm, f"{self.resamples} resamples")

    @property
    def firm(self) -> Bools:
        """(n,) whether the segment is firm; the other classified ones are borderline."""
        return np.asarray(self.segment >= self.firm_from)

    @property
    def borderline(self) -> Bools:
        """(n,) whether the customer is classified, and the segment is not firm."""
        return np.asarray(self.segment < self.firm_from)

    @property
    def doubtful(self) -> Codes:
        """(n,) axes that make a segment borderline: 0 = none, 1 = ABC, 2 = XYZ, 3 = both.

        Where each class alone is firm and the two together are not, the less certain axis.
        """
        abc, xyz = self.abc < self.firm_from, self.xyz < self.firm_from
        neither = ~(abc | xyz)
        abc = abc | (neither & (self.abc <= self.xyz))
        xyz = xyz | (neither & (self.xyz < self.abc))
        return np.where(self.borderline, abc + 2 * xyz, 0).astype(np.int8)

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame, one row per customer: probabilities, and the label."""
        import pandas as pd

        columns = {} if self.customers is None else {"customer": self.customers}
        label = np.where(self.firm, "firm", np.where(self.borderline, "borderline", ""))
        return pd.DataFrame(
            {
                **columns,
                "abc": self.abc,
                "xyz": self.xyz,
                "segment": self.segment,
                "label": label.astype(object),
            }
        )

    def label(self, i: int) -> str:
        """Return ``firm`` or ``borderline`` for customer number *i*; empty if not classified."""
        if math.isnan(self.segment[i]):
            return ""
        return "firm" if self.firm[i] else "borderline"


def class_confidence(
    panel: Panel,
    settings: Settings | None = None,
    *,
    resamples: int = 200,
    seed: int = 0,
    firm_from: float = FIRM,
) -> Confidence:
    """Estimate the probability of each customer's class by bootstrap over periods.

    Parameters
    ----------
    panel
        Money per customer and bucket.
    settings
        Rules of the classification; None for the defaults.
    resamples
        Number of resamples.
    seed
        Seed of the random generator: the same seed gives the same probabilities.
    firm_from
        Least probability of a firm class.

    Returns
    -------
    Confidence

    Raises
    ------
    InputError
        *resamples* is below one.

    Notes
    -----
    Bootstrap over periods (Efron 1979): p buckets are drawn with replacement from the p buckets,
    the same for all customers, so that effects common to a month are preserved; then all
    customers are classified again, with new cuts. Sums and squares over a resample are one
    product of the panel with the counts of the buckets. Seasons and trends are not preserved:
    the buckets count as exchangeable.

    Examples
    --------
    >>> from datetime import date
    >>> from abcxyz.core.sales.panel import aggregate
    >>> from abcxyz.core.sales.transactions import Transactions
    >>> sales = Transactions(
    ...     ["big", "big", "once", "small", "small"],
    ...     [date(2026, m, 1) for m in (1, 2, 2, 1, 2)], [50, 50, 60, 10, 10]
    ... )
    >>> settings = Settings(period="2M")
    >>> panel = aggregate([sales], settings.periods(date(2026, 3, 1)))
    >>> confidence = class_confidence(panel, settings)
    >>> confidence.abc.round(2).tolist(), confidence.label(2)
    ([1.0, 0.69, 1.0], 'firm')
    """
    if resamples < 1:
        raise InputError("the number of resamples is {count}; take 200", count=resamples)
    settings = Settings() if settings is None else settings
    p = panel.periods.count
    drawn = np.random.default_rng(seed).multinomial(p, np.full(p, 1 / p), size=resamples)
    series = _Series(panel, settings)
    ((abc, xyz),) = series.codes(np.ones((1, p)))
    # As narrow as the counts are: three additions per resample of all customers.
    same = np.zeros((3, len(abc)), dtype=np.uint8 if resamples <= 255 else np.int32)
    for start in range(0, resamples, _BATCH):
        for abc_now, xyz_now in series.codes(drawn[start : start + _BATCH].astype(float)):
            equal = (abc_now == abc).view(np.uint8), (xyz_now == xyz).view(np.uint8)
            same[0] += equal[0]
            same[1] += equal[1]
            same[2] += equal[0] & equal[1]
    shares = np.full((3, len(panel)), np.nan)
    shares[:, series.places] = same / resamples
    return Confidence(
        abc=freeze(shares[0]),
        xyz=freeze(shares[1]),
        segment=freeze(shares[2]),
        resamples=resamples,
        firm_from=firm_from,
        customers=panel.customers,
    )


class _Series:
    """A panel prepared for repeated classification with different weights of its buckets.

    ``places`` are the customers with sales, those with returns last: the sums of the others, in
    blocks without a negative number, are faster.
    """

    def __init__(self, panel: Panel, settings: Settings) -> None:
        self._settings = settings
        rule = settings.xyz
        self._single = single_order_is_z(rule, settings.single_order)
        self._signless = is_signless(rule)
        table = np.asarray(panel.sales, dtype=np.float64)
        known = np.flatnonzero(~np.isnan(table).all(axis=1))
        back = (table[known] < 0).any(axis=1)
        self.places: Ints = np.concatenate([known[~back], known[back]])
        # Buckets in rows: products with the counts of many resamples are then contiguous.
        sales = np.nan_to_num(table[self.places].T).copy()
        p, n = sales.shape
        # Z for a single order; the code of Z is the largest one.
        self._few = np.where(panel.orders[self.places] <= 1, 2, 0).astype(np.int8)
        # If the buckets extend beyond the window, only the share of the money inside it counts.
        self._money = sales
        if panel.periods.span != panel.periods.window:
            sums = sales.sum(axis=0)
            part = np.ones(n)
            np.divide(panel.value[self.places], sums, out=part, where=sums > 0)
            self._money = sales * part
        self._inside: Floats = np.ones((p, 1))
        if settings.since_first:
            active = sales != 0
            begun = np.where(active.any(axis=0), active.argmax(axis=0), p)
            self._inside = (np.arange(p)[:, None] >= begun).astype(np.float64)
        self._middle = (sales * self._inside).sum(axis=0) / np.maximum(self._inside.sum(axis=0), 1)
        # Squares of differences to the customer's mean: equal amounts give exactly zero.
        self._off = (sales - self._middle) * self._inside
        self._square = self._off * self._off
        self._zero = NEAR * np.abs(sales).max(axis=0, initial=0.0)

    def codes(self, weights: Floats) -> Iterator[tuple[Codes, Codes]]:
        """Yield, for every r, the classes with bucket j counted ``weights[r, j]`` times."""
        rule = self._settings.xyz
        for values, cv in zip(*self._resampled(weights), strict=True):
            _, abc = cut_amounts(survey(values), self._settings.abc)
            if isinstance(rule, CumulativeMean):
                cv = rule.rounded(cv)
            _, xyz = cut_variations(cv, cv[~np.isnan(cv)], rule)
            if self._single:
                np.maximum(xyz, self._few, out=xyz)
            yield abc, xyz

    def _resampled(self, weights: Floats) -> tuple[Floats, Floats]:
        """Return the (resamples, n) sums, and the coefficients of variation."""
        counted = weights @ self._inside
        fewer = counted - self._settings.ddof
        n = len(self.places)
        total, cv = np.empty((len(weights), n)), np.empty((len(weights), n))
        with np.errstate(divide="ignore", invalid="ignore"):
            for start in range(0, n, _COLUMNS):
                some = slice(start, start + _COLUMNS)
                each = some if counted.shape[1] > 1 else slice(None)
                np.matmul(weights, self._money[:, some], out=total[:, some])
                shift = weights @ self._off[:, some]
                spread = weights @ self._square[:, some]
                shift /= counted[:, each]
                mean = shift + self._middle[some]
                shift *= shift
                shift *= counted[:, each]
                spread -= shift
                spread /= fewer[:, each]
                np.maximum(spread, 0.0, out=spread)
                np.sqrt(spread, out=spread)
                if self._signless:
                    np.abs(mean, out=mean)
                part = np.divide(spread, mean, out=cv[:, some])
                undefined = mean <= self._zero[some]
                if not self._signless:
                    undefined |= counted[:, each] < 2
                part[undefined] = 0.0 if self._signless else np.nan
        return total, cv
