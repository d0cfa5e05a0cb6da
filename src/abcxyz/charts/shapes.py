"""Geometry of the charts, shared by SVG and matplotlib."""

from __future__ import annotations

import math

import numpy as np
from attrs import frozen

from abcxyz._arrays import Floats
from abcxyz.core.classes.results import AbcResult
from abcxyz.core.classes.rules import Shares, Tangent
from abcxyz.core.dynamics.transitions import Transitions

__all__ = ["Band", "Curve", "Lorenz", "curve_of", "flow_of", "lorenz_of", "thinned", "ticks"]

_MOST = 240  # maximum number of points of a drawn curve
Point = tuple[float, float]
Segment = tuple[Point, Point]


@frozen(kw_only=True)
class Curve:
    """Geometry of the cumulative curve; x in customers, y in shares of the sum of positive values.

    Parameters
    ----------
    x, y
        Points of the curve, thinned out where there are many.
    customers, total
        x and y of the last point.
    k, l
        Points at which class A ends, and class B ends.
    chords, tangents
        Segments of the tangent rule; empty for other rules.
    limits
        Shares at which a rule of fixed shares cuts.
    """

    x: Floats
    y: Floats
    customers: int
    total: float
    k: Point
    l: Point  # noqa: E741 - it is called so
    chords: tuple[Segment, ...] = ()
    tangents: tuple[Segment, ...] = ()
    limits: tuple[float, ...] = ()

    @property
    def top(self) -> float:
        """Maximum of y: above 1 where customers with negative values lower the total."""
        return float(max(1.0, self.y.max()))


def thinned(x: Floats, y: Floats, keep: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Return at most a few hundred points of a curve, those at the places *keep* among them."""
    if len(x) <= _MOST:
        return x, y
    # Half of the points are spaced evenly by customers, half by money.
    along = np.linspace(0, len(x) - 1, _MOST // 2)
    steps = np.interp(np.linspace(0, y.max(), _MOST // 2), np.maximum.accumulate(y), x)
    chosen = np.unique(np.concatenate([along, steps, keep]).round().astype(np.int64))
    return x[chosen], y[chosen]


def curve_of(abc: AbcResult) -> Curve | None:
    """Compute the cumulative curve; None where no value is positive."""
    values = np.asarray(abc.values, dtype=np.float64)
    known = abc.codes >= 0
    if not abc.positive:
        return None
    order = np.argsort(-values[known], kind="stable")
    down, codes = values[known][order], abc.codes[known][order]
    share = np.concatenate([[0.0], np.cumsum(down)]) / abc.positive
    n = len(down)
    k, last = int(np.count_nonzero(codes == 0)), int(np.count_nonzero(codes <= 1))
    at_k, at_l, end = (k, share[k]), (last, share[last]), (n, share[n])
    chords: tuple[Segment, ...] = ()
    tangents: tuple[Segment, ...] = ()
    if isinstance(abc.rule, Tangent):
        chords = (((0.0, 0.0), end), (at_k, end))
        tangents = tuple(
            _along(touch, (end[1] - start[1]) / (end[0] - start[0]), n, float(share.max()))
            for start, touch in (((0, 0.0), at_k), (at_k, at_l))
            if end[0] > start[0] and 0 < touch[0] < n
        )
    x, y = thinned(np.arange(n + 1.0), share, (0, k, last, n))
    return Curve(
        x=x,
        y=y,
        customers=n,
        total=float(share[n]),
        k=(float(k), float(share[k])),
        l=(float(last), float(share[last])),
        chords=chords,
        tangents=tangents,
        limits=(abc.rule.a, abc.rule.b) if isinstance(abc.rule, Shares) else (),
    )


def _along(touch: tuple[int, float], slope: float, n: int, top: float) -> Segment:
    """Return the segment of the line through *touch* that lies inside the chart."""
    x, y = touch
    ends = []
    for direction in (-1, 1):
        reach = 0.22 * n
        if slope > 0:
            room = (top * 1.02 - y if direction > 0 else y) / slope
            reach = min(reach, max(room, 0.0))
        reach = min(reach, n - x if direction > 0 else x)
        ends.append((x + direction * reach, y + direction * reach * slope))
    return ends[0], ends[1]


@frozen(kw_only=True)
class Lorenz:
    """Geometry of the Lorenz curve, from the smallest customer up, both axes from 0 to 1.

    Parameters
    ----------
    x, y
        Points of the curve, thinned out where there are many.
    gini
        Gini coefficient: twice the area between the curve and the line of equality.
    pair
        Share of the customers, and their share of the value.
    """

    x: Floats
    y: Floats
    gini: float
    pair: Point


def lorenz_of(abc: AbcResult) -> Lorenz | None:
    """Compute the Lorenz curve; None where no value is positive."""
    from abcxyz.core.dynamics.core_metrics import gini, pareto_pair

    values = np.asarray(abc.values, dtype=np.float64)
    up = np.sort(np.maximum(values[~np.isnan(values)], 0.0))
    if not len(up) or not up.sum() > 0:
        return None
    n = len(up)
    y = np.concatenate([[0.0], np.cumsum(up)]) / up.sum()
    x, y = thinned(np.arange(n + 1.0), y, (0, n))
    return Lorenz(x=x / n, y=y, gini=gini(values), pair=pareto_pair(values))


@frozen(kw_only=True)
class Band:
    """Band of a flow chart: the customers with one state before and one state after.

    Parameters
    ----------
    before, after
        Indices into `Transitions.states`.
    customers, change
        Number of customers, and the change of their money; NaN without money.
    left, right
        Upper edge of the band on either side, from 0 (top) to 1.
    thickness
        Thickness of the band, as a share of the height.
    """

    before: int
    after: int
    customers: int
    change: float
    left: float
    right: float
    thickness: float


def flow_of(moves: Transitions) -> tuple[Band, ...]:
    """Compute the stacked bands of both sides; customers without sales on both are left out."""
    k = len(moves.labels)
    counts = moves.counts.astype(np.float64).copy()
    counts[k:, k:] = 0  # no money moves between the states without sales
    total = counts.sum()
    if not total:
        return ()
    # A thin band still has a customer, so it gets a visible minimum.
    weights = np.where(counts > 0, np.maximum(counts, total * 0.004), 0.0)
    weights /= weights.sum()
    left = np.concatenate([[0.0], np.cumsum(weights.ravel())])[:-1].reshape(weights.shape)
    right = np.concatenate([[0.0], np.cumsum(weights.T.ravel())])[:-1].reshape(weights.shape).T
    money = None if moves.value_before is None or moves.value_after is None else moves.money_change
    return tuple(
        Band(
            before=int(i),
            after=int(j),
            customers=int(counts[i, j]),
            change=math.nan if money is None else float(money[i, j]),
            left=float(left[i, j]),
            right=float(right[i, j]),
            thickness=float(weights[i, j]),
        )
        for i, j in zip(*np.nonzero(counts), strict=True)
    )


def ticks(top: float, count: int = 5) -> list[float]:
    """Return round tick values from 0 to at most *top*.

    Examples
    --------
    >>> ticks(240)
    [0.0, 50.0, 100.0, 150.0, 200.0]
    """
    if not top > 0:
        return [0.0]
    raw = top / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * part for part in (1, 2, 5, 10) if power * part >= raw * 0.999)
    return [step * i for i in range(int(top / step + 1e-9) + 1)]
