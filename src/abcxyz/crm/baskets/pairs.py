"""Pairs of products that are bought together more often than chance puts them together."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from attrs import evolve, frozen

from abcxyz._arrays import Bools, Floats, Ints
from abcxyz.crm.baskets.purchases import Purchases, consecutive, distinct, within_groups
from abcxyz.crm.records.keys import packed_order, run_starts
from abcxyz.crm.statistics.proportions import benjamini_hochberg

__all__ = ["LEAST", "PARTNERS", "PRIOR", "Pairs", "find_pairs", "pair_counts", "within_class"]

PRIOR = 5.0
"""Baskets of chance that are added to every pair, so that a few baskets prove little."""

LEAST = 10
"""Baskets with both products from which a pair counts."""

_CLASS_PRIOR = 50.0
PARTNERS = 50
"""Partners of a product that are looked at, the strongest ones."""

_CERTAIN = 20.0  # standard errors from which a p value is 0 for every purpose
_PAIRS = 1 << 20  # of products in baskets that are counted at once, about


@frozen(eq=False)
class Pairs:
    """m directed pairs "who has *a* also has *b*", sorted by *a*, the strongest partner first.

    Parameters
    ----------
    a, b
        (m,) products.
    both
        (m,) baskets with both.
    with_a, with_b
        (m,) baskets with either one.
    baskets
        Number of all baskets.
    strength
        (m,) shrunk confidence, by which partners are ordered.
    """

    a: Ints
    b: Ints
    both: Ints
    with_a: Ints
    with_b: Ints
    baskets: int
    strength: Floats

    def __len__(self) -> int:
        return len(self.a)

    @property
    def confidence(self) -> Floats:
        """(m,) share of the baskets with *a* that hold *b*."""
        return np.asarray(self.both / self.with_a)

    @property
    def lift(self) -> Floats:
        """(m,) confidence over the share of all baskets that hold *b*."""
        return np.asarray(self.both * self.baskets / (self.with_a * self.with_b))

    @property
    def shrunk_lift(self) -> Floats:
        """(m,) lift, pulled towards 1 where little is expected."""
        expected = self.with_a * self.with_b / self.baskets
        return np.asarray((self.both + PRIOR) / (expected + PRIOR))

    def strongest(self, partners: int) -> Pairs:
        """Return the strongest partners of each product, in order."""
        order = np.lexsort((self.b, -self.with_b, -self.strength, self.a))
        order = order[within_groups(np.bincount(self.a, minlength=1)) < partners]
        return Pairs(
            self.a[order],
            self.b[order],
            self.both[order],
            self.with_a[order],
            self.with_b[order],
            self.baskets,
            self.strength[order],
        )

    def starts(self, products: int) -> Ints:
        """Return the (products + 1,) positions at which the pairs of each product begin."""
        return np.searchsorted(self.a, np.arange(products + 1))


def find_pairs(
    purchases: Purchases,
    *,
    least: int = LEAST,
    level: float | None = 0.95,
    partners: int = PARTNERS,
) -> Pairs:
    """Find the pairs of products that are bought together more often than by chance.

    Parameters
    ----------
    purchases
        The baskets.
    least
        Baskets that must hold both products.
    level
        Confidence at which the lift must exceed 1, over all pairs; None for every pair.
    partners
        Number of partners of a product, the strongest ones.

    Notes
    -----
    Of n baskets n_A hold A, n_B hold B and n_AB both. The shrunk confidence is
    ``(n_AB + 5 n_B / n) / (n_A + 5)``. The logarithm of the lift ``n_AB n / (n_A n_B)`` is taken
    as normal with the variance of the delta method, and the p values of all pairs are adjusted
    for their number (Benjamini and Hochberg 1995).

    Examples
    --------
    >>> baskets = [i for i in range(40) for _ in range(2)]
    >>> products = ["tea", "milk"] * 20 + ["salt", "bread"] * 20
    >>> pairs = find_pairs(Purchases.of(baskets, products))
    >>> pairs.both.tolist(), pairs.lift.tolist()
    ([20, 20, 20, 20], [2.0, 2.0, 2.0, 2.0])
    """
    counts, n = purchases.counts, len(purchases)
    a, b, both = pair_counts(purchases, least=least)
    if level is not None:
        keep = _beyond_chance(both, counts[a], counts[b], n, 1 - level)
        a, b, both = a[keep], b[keep], both[keep]
    a, b, both = np.r_[a, b], np.r_[b, a], np.r_[both, both]
    with_a, with_b = counts[a], counts[b]
    strength = (both + PRIOR * with_b / max(1, n)) / (with_a + PRIOR)
    return Pairs(a, b, both, with_a, with_b, n, strength).strongest(partners)


def within_class(pairs: Pairs, purchases: Purchases, inside: Bools) -> Pairs:
    """Return the pairs with their strength in a part of the baskets.

    Parameters
    ----------
    pairs
        Pairs of all baskets.
    purchases
        The baskets.
    inside
        (k,) baskets of the part, such as those of customers of one class.

    Notes
    -----
    The strength is ``w n_ABc / n_Ac + (1 - w) s`` of the strength s in all baskets, with the
    weight ``w = n_Ac / (n_Ac + 50)`` of the n_Ac baskets of the part that hold A.
    """
    part = purchases.take(inside)
    products = len(purchases.products)
    with_a = part.counts[pairs.a]
    keys = np.minimum(pairs.a, pairs.b) * products + np.maximum(pairs.a, pairs.b)
    wanted = distinct(keys)
    _, _, counts = pair_counts(part, wanted=wanted)
    both = counts[np.searchsorted(wanted, keys)]
    weight = with_a / (with_a + _CLASS_PRIOR)
    own = np.divide(both, with_a, out=np.zeros(len(pairs)), where=with_a > 0)
    strength = weight * own + (1 - weight) * pairs.strength
    return evolve(pairs, strength=strength).strongest(len(pairs))


def pair_counts(
    purchases: Purchases, *, least: int = 1, wanted: Ints | None = None
) -> tuple[Ints, Ints, Ints]:
    """Count the baskets that hold both products of each pair.

    Parameters
    ----------
    purchases
        The baskets.
    least
        Number of baskets from which a pair is returned.
    wanted
        Pairs that are returned, with any number: ascending keys ``a * p + b``, a < b.

    Returns
    -------
    tuple of numpy.ndarray
        (m,) products *a*, products *b* with larger numbers, and baskets with both, where there
        are at least *least*; ascending.

    Notes
    -----
    Products are taken in blocks of about a million pairs, so that memory stays bounded; the work
    is the sum of the squares of the sizes of the baskets, halved.
    """
    products = len(purchases.products)
    key = np.sort(purchases.basket * products + purchases.product)
    basket, product = np.divmod(key, max(1, products))
    sizes = np.bincount(basket, minlength=len(purchases))
    # Each product meets those behind it in its basket, so that a pair is met once.
    behind = np.repeat(np.cumsum(sizes), sizes) - np.arange(len(basket)) - 1
    order = packed_order(product)
    bounds = np.searchsorted(product[order], np.arange(products + 1))
    met = np.r_[0, np.cumsum(behind[order])][bounds]
    if products * products < 1 << 31:
        product = product.astype(np.int32)  # half the bytes are sorted in half the time
    none = np.empty(0, dtype=np.int64)
    found: list[tuple[Ints, Ints, Ints]] = [(none, none, none)]
    low = 0
    while low < products:
        high = max(low + 1, int(np.searchsorted(met, met[low] + _PAIRS, side="right")) - 1)
        lines = order[bounds[low] : bounds[high]]
        cells, counts = _count_cells(product, lines, behind[lines], low, products)
        if wanted is None:
            often = counts >= least
            cells, counts = cells[often], counts[often]
        else:
            edges = np.searchsorted(wanted, [low * products, high * products])
            of_block = wanted[edges[0] : edges[1]] - low * products
            place = np.minimum(np.searchsorted(cells, of_block), max(len(cells) - 1, 0))
            held = cells[place] == of_block if len(cells) else np.zeros(len(of_block), dtype=bool)
            counts = np.where(held, counts[place], 0) if len(cells) else np.zeros_like(of_block)
            cells = of_block
        a, b = np.divmod(cells, products)
        found.append((a + low, b, counts))
        low = high
    a, b, both = (np.concatenate(each) for each in zip(*found, strict=True))
    return a, b, both


def _count_cells(
    product: Ints, lines: Ints, behind: Ints, low: int, products: int
) -> tuple[Ints, Ints]:
    """Count how often the products of some lines meet each of those behind them.

    Returns
    -------
    tuple of numpy.ndarray
        (m,) ascending cells ``(a - low) * products + b`` that were met, and how often.
    """
    parts: list[tuple[Ints, Ints]] = []
    ends = np.cumsum(behind)
    total = int(ends[-1]) if len(ends) else 0
    # A single product that is in very many baskets is counted in several steps.
    steps = np.searchsorted(ends, np.arange(2 * _PAIRS, total, 2 * _PAIRS))
    for part, size in zip(np.split(lines, steps), np.split(behind, steps), strict=True):
        cells = np.repeat((product[part] - low) * products, size)
        cells += product[consecutive(part + 1, size)]
        # Sorted as runs: a table of all cells would be mostly empty.
        cells.sort()
        starts = run_starts(cells)
        parts.append((cells[starts].astype(np.int64), np.diff(np.r_[starts, len(cells)])))
    if len(parts) == 1:
        return parts[0]
    cells, counts = (np.concatenate(each) for each in zip(*parts, strict=True))
    by_cell = packed_order(cells)
    cells, counts = cells[by_cell], counts[by_cell]
    starts = run_starts(cells)
    return cells[starts], np.add.reduceat(counts, starts) if len(starts) else counts


def _beyond_chance(both: Ints, with_a: Ints, with_b: Ints, n: int, share: float) -> Bools:
    """Return which lifts are above 1 when at most *share* of those named may be so by chance."""
    p, q, r = both / n, with_a / n, with_b / n
    variance = (1 / p - 1 / q - 1 / r + 2 * p / (q * r) - 1) / n
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.log(p / (q * r)) / np.sqrt(np.maximum(variance, 0))
    # The adjusted value of a pair is at least its own, so that others need no exact one.
    value = np.where(z > 0, 0.0, 1.0)
    value[(z > 0) & (z < NormalDist().inv_cdf(1 - share / 2))] = 1.0
    close = np.flatnonzero((value < 1) & (z < _CERTAIN))
    value[close] = [math.erfc(one / math.sqrt(2)) for one in z[close].tolist()]
    return np.asarray(benjamini_hochberg(value) <= share)
