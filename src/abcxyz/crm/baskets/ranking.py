"""Ranked products for baskets: by pairs, by popularity, by what the customer buys anyway."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Floats, Ints
from abcxyz.crm.baskets.pairs import Pairs
from abcxyz.crm.baskets.purchases import Purchases, distinct, within_groups

__all__ = ["Ranked", "is_member", "join_ranked", "rank_again", "rank_by_pairs", "rank_popular"]

_CELLS = 1 << 22  # of the table of scores of one block of baskets


@frozen(eq=False)
class Ranked:
    """m products for baskets, the best of each basket first.

    Parameters
    ----------
    basket, product
        (m,) basket and product.
    pair
        (m,) position of the pair that speaks for the product; -1 for none.
    score
        (m,) by which the products of a basket are ordered.
    """

    basket: Ints
    product: Ints
    pair: Ints
    score: Floats

    @classmethod
    def joined(cls, parts: Iterable[Ranked]) -> Ranked:
        """Return the products of several parts, one after the other."""
        empty = np.empty(0, dtype=np.int64)
        whole = [cls(empty, empty, empty, np.empty(0)), *parts]
        return cls(
            np.concatenate([one.basket for one in whole]),
            np.concatenate([one.product for one in whole]),
            np.concatenate([one.pair for one in whole]),
            np.concatenate([one.score for one in whole]),
        )

    def best(self, top: int) -> Ranked:
        """Return the first *top* products of each basket."""
        if not len(self.basket):
            return self
        sizes = np.bincount(self.basket)
        return self.take(within_groups(sizes) < top)

    def take(self, chosen: Bools | Ints) -> Ranked:
        """Return some of the products, by a mask or by their positions."""
        return Ranked(
            self.basket[chosen], self.product[chosen], self.pair[chosen], self.score[chosen]
        )

    def hits(self, baskets: int, products: int, wanted: Ints) -> Ints:
        """Return the (baskets,) number of products that are among *wanted*.

        *wanted* holds ascending keys, ``basket * products + product``.
        """
        found = is_member(self.basket * products + self.product, wanted)
        return np.bincount(self.basket[found], minlength=baskets)


def is_member(keys: Ints, ascending: Ints) -> Bools:
    """Return which keys are among ascending ones."""
    if not len(ascending):
        return np.zeros(len(keys), dtype=bool)
    place = np.minimum(np.searchsorted(ascending, keys), len(ascending) - 1)
    return np.asarray(ascending[place] == keys)


def rank_by_pairs(
    pairs: Pairs, purchases: Purchases, top: int, worth: Floats, barred: Ints
) -> Ranked:
    """Rank for each basket the products that go with what it holds.

    Parameters
    ----------
    pairs
        The pairs.
    purchases
        The baskets.
    top
        Number of products per basket.
    worth
        (p,) factor of each product; products with 0 are never offered.
    barred
        Ascending keys ``basket * p + product`` that are not offered, beside what a basket holds.

    Notes
    -----
    A product counts by the strongest pair that leads to it: several partners say much the same.
    """
    products = len(purchases.products)
    starts = pairs.starts(products)
    bounds = np.searchsorted(purchases.basket, np.arange(len(purchases) + 1))
    size = max(1, _CELLS // max(1, products))
    parts = []
    for low in range(0, len(purchases), size):
        high = min(len(purchases), low + size)
        lines = slice(bounds[low], bounds[high])
        row, held = purchases.basket[lines] - low, purchases.product[lines]
        degree = starts[held + 1] - starts[held]
        pair = np.repeat(starts[held], degree) + within_groups(degree)
        key = np.repeat(row * products, degree) + pairs.b[pair]
        score = pairs.strength[pair] * worth[pairs.b[pair]]
        table = np.zeros((high - low) * products)
        np.maximum.at(table, key, score)
        reason = np.full(len(table), -1)
        best = np.flatnonzero(score == table[key])[::-1]
        reason[key[best]] = pair[best]
        table[row * products + held] = 0
        edges = np.searchsorted(barred, [low * products, high * products])
        table[barred[edges[0] : edges[1]] - low * products] = 0
        cells, strength = _largest(table.reshape(-1, products), top)
        basket, product = np.divmod(cells, products)
        order = np.lexsort((product, -pairs.with_b[reason[cells]], -strength, basket))
        parts.append(Ranked(basket + low, product, reason[cells], strength).take(order))
    return Ranked.joined(parts)


def _largest(table: Floats, top: int) -> tuple[Ints, Floats]:
    """Return the *top* largest cells above 0 of each row, and their values; the table is used up.

    Most cells are 0: a few passes for the maximum are quicker than partitioning the rows.
    """
    rows = np.arange(len(table))
    cells, values = [], []
    for _ in range(min(top, table.shape[1])):
        product = table.argmax(axis=1)
        value = table[rows, product]
        table[rows, product] = 0
        above = value > 0
        cells.append((rows * table.shape[1] + product)[above])
        values.append(value[above])
    return np.concatenate(cells), np.concatenate(values)


def rank_popular(
    popularity: Floats, purchases: Purchases, top: int, barred: Ints, chosen: Bools | None = None
) -> Ranked:
    """Rank for each basket the bestsellers that it does not hold.

    Parameters
    ----------
    popularity
        (p,) by which products are ordered; those with 0 are never offered.
    purchases, top, barred
        As in `rank_by_pairs`.
    chosen
        (k,) baskets that are served; None for all.
    """
    products, baskets = len(popularity), len(purchases)
    not_offered = distinct(np.r_[purchases.basket * products + purchases.product, barred])
    by_product = np.argsort(not_offered % products, kind="stable")
    bounds = np.searchsorted(not_offered[by_product] % products, np.arange(products + 1))
    needs = np.full(baskets, top) if chosen is None else np.where(chosen, top, 0)
    basket, product = [], []
    for one in np.lexsort((np.arange(products), -popularity)):
        if popularity[one] <= 0 or not needs.any():
            break
        open_ = needs > 0
        open_[not_offered[by_product[bounds[one] : bounds[one + 1]]] // products] = False
        places = np.flatnonzero(open_)
        needs[places] -= 1
        basket.append(places)
        product.append(np.full(len(places), one))
    if not basket:
        return Ranked.joined([])
    where, what = np.concatenate(basket), np.concatenate(product)
    order = np.argsort(where, kind="stable")
    where, what = where[order], what[order]
    return Ranked(where, what, np.full(len(what), -1), popularity[what])


def rank_again(before: Purchases, purchases: Purchases, top: int) -> Ranked:
    """Rank for each basket what its customer bought most often before, and it does not hold."""
    products = len(purchases.products)
    buyer = before.customer[before.basket]
    known = buyer >= 0
    keys = np.sort(buyer[known] * products + before.product[known])
    first = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]][: len(keys)])
    times = np.diff(np.r_[first, len(keys)])
    buyer, product = np.divmod(keys[first], products)
    order = np.lexsort((product, -times, buyer))
    buyer, product, times = buyer[order], product[order], times[order]
    starts = np.searchsorted(buyer, np.arange(len(purchases.customers) + 1))
    who = purchases.customer
    size = np.where(who >= 0, starts[who + 1] - starts[who], 0)
    row = np.repeat(starts[who], size) + within_groups(size)
    basket = np.repeat(np.arange(len(purchases)), size)
    held = np.sort(purchases.basket * products + purchases.product)
    keep = ~is_member(basket * products + product[row], held)
    basket, row = basket[keep], row[keep]
    made = Ranked(basket, product[row], np.full(len(row), -1), times[row].astype(np.float64))
    return made.best(top)


def join_ranked(first: Ranked, second: Ranked, products: int, top: int) -> Ranked:
    """Fill up the products of *first* with those of *second* that are not among them."""
    keys = np.sort(first.basket * products + first.product)
    more = second.take(~is_member(second.basket * products + second.product, keys))
    both = Ranked.joined([first, more])
    return both.take(np.argsort(both.basket, kind="stable")).best(top)
