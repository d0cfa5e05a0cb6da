"""Confidence of classes: bootstrap over periods."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Bools, Codes, Floats, freeze
from abcxyz.core.classes.classify import classify_abc, classify_cv
from abcxyz.core.classes.rule_traits import is_signless, single_order_is_z
from abcxyz.core.display import Drawable, brief
from abcxyz.core.sales.panel import Panel
from abcxyz.core.snapshots.settings import Settings
from abcxyz.core.sums import NEAR
from abcxyz.errors import InputError, MeaninglessClassesWarning

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FIRM", "Confidence", "class_confidence"]

FIRM = 0.8
"""Least probability of a class that counts as firm."""

_BATCH = 16  # resamples per matrix product: a compromise of memory and speed


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
    with warnings.catch_warnings():
        # A resample may have a crowded class; the classification itself already warned.
        warnings.simplefilter("ignore", MeaninglessClassesWarning)
        ((abc, xyz),) = series.codes(np.ones((1, p)))
        same = np.zeros((3, len(panel)), dtype=np.int64)
        for start in range(0, resamples, _BATCH):
            for abc_now, xyz_now in series.codes(drawn[start : start + _BATCH].astype(float)):
                equal = abc_now == abc, xyz_now == xyz
                same[0] += equal[0]
                same[1] += equal[1]
                same[2] += equal[0] & equal[1]
    missing = np.stack([abc < 0, xyz < 0, (abc < 0) | (xyz < 0)])
    shares = np.where(missing, np.nan, same / resamples)
    return Confidence(
        abc=freeze(shares[0]),
        xyz=freeze(shares[1]),
        segment=freeze(shares[2]),
        resamples=resamples,
        firm_from=firm_from,
        customers=panel.customers,
    )


class _Series:
    """A panel prepared for repeated classification with different weights of its buckets."""

    def __init__(self, panel: Panel, settings: Settings) -> None:
        self._settings = settings
        rule = settings.xyz
        self._single = single_order_is_z(rule, settings.single_order)
        self._signless = is_signless(rule)
        # Buckets in rows: products with the counts of many resamples are then contiguous.
        sales = np.array(panel.sales.T, dtype=np.float64, order="C")
        self._known = ~np.isnan(sales).all(axis=0)
        sales[np.isnan(sales)] = 0.0
        self._sales = sales
        self._few = self._known & (panel.orders <= 1)
        # If the buckets extend beyond the window, only the share of the money inside it counts.
        sums = sales.sum(axis=0)
        self._part = np.ones(len(panel))
        if panel.periods.span != panel.periods.window:
            np.divide(panel.value, sums, out=self._part, where=sums > 0)
        self._part[~self._known] = np.nan
        p = len(sales)
        self._inside: Floats = np.ones((p, 1))
        if settings.since_first:
            active = sales != 0
            begun = np.where(active.any(axis=0), active.argmax(axis=0), p)
            self._inside = (np.arange(p)[:, None] >= begun).astype(np.float64)
        self._middle = (sales * self._inside).sum(axis=0) / np.maximum(self._inside.sum(axis=0), 1)
        # Squares of differences to the customer's mean: equal amounts give exactly zero.
        self._off = (sales - self._middle) * self._inside
        self._square = self._off * self._off
        self._size = np.abs(sales).max(axis=0)

    def codes(self, weights: Floats) -> Iterator[tuple[Codes, Codes]]:
        """Yield, for every r, the classes with bucket j counted ``weights[r, j]`` times."""
        products = [weights @ part for part in (self._sales, self._off, self._square)]
        counted = weights @ self._inside
        for total, shift, square, count in zip(*products, counted, strict=True):
            abc = classify_abc(total * self._part, self._settings.abc).codes
            cv = self._variation(shift, square, count)
            xyz = np.full(len(cv), -1, dtype=np.int8)
            if self._known.any():
                xyz[self._known] = classify_cv(cv[self._known], self._settings.xyz).codes
            if self._single:
                xyz[self._few] = 2
            yield abc, xyz

    def _variation(self, shift: Floats, square: Floats, counted: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            shift = shift / counted
            mean = self._middle + shift
            spread = np.maximum(square - counted * shift * shift, 0.0)
            deviation = np.sqrt(spread / (counted - self._settings.ddof))
            cv: Floats = deviation / (np.abs(mean) if self._signless else mean)
        zero = np.abs(mean) <= NEAR * self._size
        if self._signless:
            cv[zero] = 0.0
        else:
            cv[zero | (mean < 0) | (counted < 2)] = np.nan
        return cv
