"""Binning of attributes by weight of evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from abcxyz._arrays import Bools, Floats, Ints
from abcxyz.core.prospects.attributes import Attribute, Bin
from abcxyz.core.prospects.lead_table import as_array, as_figures, as_words, place_values

__all__ = ["WAYS", "Binning", "bin_attribute", "isotonic", "merge_small", "weight_of_evidence"]

_FINE = 32
_OBJECTS = 10

WAYS = MappingProxyType({"auto": (True, False), "up": (True,), "down": (False,)})
"""Trend of an attribute -> directions to try; True is a rising rate of class A."""


@frozen(eq=False)
class Binning:
    """Bins of one attribute, with the counts of the leads they were fitted to.

    Parameters
    ----------
    attribute
        The attribute and its bins, without points.
    counts
        (bins + 1, 2) number of leads per bin: others, class A. The last row is unknown values.
    woe
        (bins + 1,) weight of evidence.
    places
        (n,) bin of each lead they were fitted to, the last for unknown values.
    """

    attribute: Attribute
    counts: Ints
    woe: Floats
    places: Ints

    @property
    def shares(self) -> Floats:
        """(bins + 1,) share of the leads in each bin; the last is unknown values."""
        rows = self.counts.sum(axis=1)
        found: Floats = rows / rows.sum()
        return found

    @property
    def information(self) -> float:
        """Information value of the attribute."""
        share = self.counts / np.maximum(self.counts.sum(axis=0), 1)
        return float((share[:, 1] - share[:, 0]) @ self.woe)


def weight_of_evidence(counts: Ints, smoothing: float) -> Floats:
    """Return the weight of evidence of each bin: log-odds of class A above the average.

    Parameters
    ----------
    counts
        (bins, 2) number of leads: others, class A.
    smoothing
        Number of average leads added to every bin, which shrinks the weights of small bins to 0.

    Notes
    -----
    ``ln((a + s p) / (o + s (1 - p))) - ln(p / (1 - p))`` with *p* the share of A overall.

    Examples
    --------
    >>> weight_of_evidence(np.array([[30, 10], [10, 30], [0, 0]]), 0.0001).round(3).tolist()
    [-1.099, 1.099, 0.0]
    """
    others, ours = counts.sum(axis=0)
    share = ours / (others + ours)
    odds = (counts[:, 1] + smoothing * share) / (counts[:, 0] + smoothing * (1 - share))
    found: Floats = np.log(odds) - math.log(share / (1 - share))
    return found


def bin_attribute(
    name: str,
    column: Any,
    outcome: Bools,
    *,
    kind: str,
    trend: str = "auto",
    special: Sequence[float] = (),
    min_share: float = 0.05,
    smoothing: float = 10.0,
) -> Binning:
    """Bin one attribute by the rate of class A among its values.

    Parameters
    ----------
    name
        Name of the attribute.
    column
        (n,) values of the attribute.
    outcome
        (n,) booleans: whether the lead reached class A.
    kind
        ``number`` or ``category``.
    trend
        Direction of a number: ``up``, ``down``, ``auto`` for the better of the two, ``none`` for
        any shape.
    special
        Codes among the numbers, such as -1 for "never"; each gets its own bin.
    min_share
        Smallest share of the leads in a bin.
    smoothing
        See `weight_of_evidence`.
    """
    places: Ints | None = None
    if kind == "number":
        bins, places = _number_bins(name, column, outcome, trend, special, min_share)
    else:
        bins = _word_bins(column, min_share)
    attribute = Attribute(name, kind, 0.0, bins)
    if places is None:
        places = _places(attribute, column)
    counts = _counts(attribute, places, outcome)
    return Binning(attribute, counts, weight_of_evidence(counts, smoothing), places)


def count(attribute: Attribute, column: Any, outcome: Bools) -> Ints:
    """Count the others and class A per bin; the last row is unknown values."""
    return _counts(attribute, _places(attribute, column), outcome)


def _places(attribute: Attribute, column: Any) -> Ints:
    places, _, _ = place_values(column, attribute, strict=False)
    return np.where(places < 0, len(attribute.bins), places)


def _counts(attribute: Attribute, places: Ints, outcome: Bools) -> Ints:
    size = len(attribute.bins) + 1
    return np.bincount(2 * places + outcome, minlength=2 * size).reshape(size, 2)


def _number_bins(
    name: str,
    column: Any,
    outcome: Bools,
    trend: str,
    special: Sequence[float],
    min_share: float,
) -> tuple[list[Bin], Ints | None]:
    """Return the bins, and the (n,) bin of each value; None for the latter with *special*."""
    figures, _ = as_figures(column, name, strict=False)
    specials = [Bin(0.0, values=(f"{value:g}",)) for value in special]
    usual = ~np.isnan(figures) & ~np.isin(figures, special)
    values, truth = figures[usual], outcome[usual]
    if not len(values):
        return [*specials, Bin(0.0)] if specials else [], None
    # The lower of two neighbours where a quantile lies between them.
    ascending, shares = np.sort(values), np.linspace(0, 1, _FINE + 1)[1:-1]
    edges = np.unique(ascending[np.floor((len(values) - 1) * shares).astype(np.intp)])
    edges = edges[edges < ascending[-1]]
    place = np.searchsorted(edges, values, side="left")
    size = len(edges) + 1
    counts = np.bincount(2 * place + truth, minlength=2 * size).reshape(size, 2)
    rows = counts.sum(axis=1)
    rate = counts[:, 1] / rows
    if trend == "none":
        group = np.arange(size)
    else:
        shapes = [isotonic(rate, rows, increasing=way) for way in WAYS[trend]]
        # Of two equally good shapes the rising one: more of a quantity is usually better.
        best = min(shapes, key=lambda shape: round(float(rows @ (rate - shape) ** 2), 9))
        group = np.concatenate([[0], np.cumsum(np.abs(np.diff(best)) > 1e-12)])
    ends = merge_small(counts, group, min_share * len(figures))
    cuts = [float(edges[end]) for end in ends[:-1]]
    bins = [*specials, *(Bin(0.0, upto=edge) for edge in cuts), Bin(0.0)]
    if specials:
        return bins, None
    places = np.full(len(figures), len(bins))
    places[usual] = np.searchsorted(ends, np.arange(size))[place]
    return bins, places


def isotonic(values: npt.ArrayLike, weights: npt.ArrayLike, *, increasing: bool = True) -> Floats:
    """Fit the monotone sequence with the least weighted squared distance.

    Parameters
    ----------
    values
        (n,) values.
    weights
        (n,) positive weights.
    increasing
        Whether the fitted sequence rises; it falls otherwise.

    Notes
    -----
    Pool-adjacent-violators algorithm: neighbours in the wrong order are replaced by their mean.

    Examples
    --------
    >>> isotonic([1, 3, 2, 4], [1, 1, 1, 1]).tolist()
    [1.0, 2.5, 2.5, 4.0]
    """
    sign = 1.0 if increasing else -1.0
    blocks: list[list[float]] = []
    pairs = zip(np.asarray(values).tolist(), np.asarray(weights).tolist(), strict=True)
    for value, weight in pairs:
        blocks.append([sign * value, float(weight), 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            later, earlier = blocks.pop(), blocks[-1]
            total = earlier[1] + later[1]
            earlier[0] = (earlier[0] * earlier[1] + later[0] * later[1]) / total
            earlier[1], earlier[2] = total, earlier[2] + later[2]
    fitted: Floats = np.repeat([sign * one[0] for one in blocks], [int(one[2]) for one in blocks])
    return fitted


def merge_small(counts: Ints, group: Ints, least: float) -> list[int]:
    """Merge adjacent fine bins of one group, then bins with fewer than *least* leads.

    Returns
    -------
    list of int
        Index of the last fine bin of each merged bin.
    """
    ends = [int(end) for end in np.flatnonzero(np.diff(group, append=group[-1] + 1))]
    starts = [0, *(end + 1 for end in ends[:-1])]
    sums = [counts[a : b + 1].sum(axis=0) for a, b in zip(starts, ends, strict=True)]
    while len(sums) > 1:
        sizes = [int(one.sum()) for one in sums]
        k = int(np.argmin(sizes))
        if sizes[k] >= least:
            break
        rate = [one[1] / max(one.sum(), 1) for one in sums]
        near = [j for j in (k - 1, k + 1) if 0 <= j < len(sums)]
        other = min(near, key=lambda j: abs(rate[j] - rate[k]))
        low, high = min(k, other), max(k, other)
        sums[low] = sums[low] + sums[high]
        ends[low] = ends[high]
        del sums[high], ends[high]
    return ends


def _word_bins(column: Any, min_share: float) -> list[Bin]:
    words, codes = as_words(column)
    sizes = np.bincount(codes, minlength=len(words))
    known = [k for k in range(len(words)) if words[k] and sizes[k]]
    often = [k for k in known if sizes[k] >= max(min_share * len(codes) / 2, _OBJECTS)]
    if not often:
        return []
    bins = [Bin(0.0, values=(words[k],)) for k in sorted(often, key=lambda k: (-sizes[k], k))]
    # Rare values share a bin, which also takes values that are absent from the sample.
    return [*bins, Bin(0.0)] if len(often) < len(known) else bins


def kind_of(column: Any, name: str, kinds: Mapping[str, str]) -> str:
    """Return whether an attribute is a ``number`` or a ``category``.

    Notes
    -----
    Text counts as numbers only where every known value is one and more than ten differ: codes of
    regions and branches are digits as well. An entry of *kinds* takes precedence.
    """
    if name in kinds:
        return kinds[name]
    array = as_array(column)
    if array.dtype.kind in "iuf":
        return "number"
    if array.dtype.kind == "b":
        return "category"
    makes = {type(value) for value in array.tolist() if value is not None}
    if makes and all(issubclass(one, (int, float)) and one is not bool for one in makes):
        return "number"
    words, _ = as_words(column)
    known = [one for one in words if one]
    _, bad = as_figures(known, name, strict=False)
    return "number" if not bad and len(known) > _OBJECTS else "category"
