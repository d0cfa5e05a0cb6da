"""Ranked products for baskets: by pairs, by popularity, by what the customer buys anyway."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Floats, Ints
from abcxyz.crm.baskets.pairs import Pairs
from abcxyz.crm.baskets.purchases import Purchases, consecutive, distinct, within_groups
from abcxyz.crm.records.keys import packed_order

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
    Of products that are equally strong the more popular one is first. No more than the *top*
    strongest partners of a product that may be offered can be among the *top* of a basket, so
    that most partners are not looked at.
    """
    products, near = len(purchases.products), 2 * top
    score = pairs.strength * worth[pairs.b]
    # The pairs have one order for all baskets: numbers of basket and place are sorted.
    best = np.lexsort((pairs.a, pairs.b, -pairs.with_b, -score))
    best = best[score[best] > 0]
    place = packed_order(pairs.a[best])
    starts = np.searchsorted(pairs.a[best[place]], np.arange(products + 1))
    partner = pairs.b[best[place]]
    bounds = np.searchsorted(purchases.basket, np.arange(len(purchases) + 1))
    size = max(1, _CELLS // max(1, products))
    closed = np.zeros(size * products, dtype=bool)
    first = np.empty(size * products, dtype=np.int32)

    def open_pairs(row: Ints, start: Ints, degree: Ints) -> tuple[Ints, Ints]:
        """Return the line and the sorted number of each pair whose product may be offered."""
        line = np.repeat(np.arange(len(row)), degree)
        pair = consecutive(start, degree)
        row = row[line]
        usable = ~closed[row * products + partner[pair]]
        return line[usable], row[usable] * len(best) + place[pair[usable]]

    parts = []
    for low in range(0, len(purchases), size):
        high = min(len(purchases), low + size)
        lines = slice(bounds[low], bounds[high])
        row, held = purchases.basket[lines] - low, purchases.product[lines]
        edges = np.searchsorted(barred, [low * products, high * products])
        shut = np.r_[row * products + held, barred[edges[0] : edges[1]] - low * products]
        closed[shut] = True
        start, degree = starts[held], starts[held + 1] - starts[held]
        line, key = open_pairs(row, start, np.minimum(degree, near))
        few = np.bincount(line, minlength=len(row)) < top
        few &= degree > near
        _, more = open_pairs(row[few], start[few] + near, degree[few] - near)
        key = np.sort(np.r_[key, more])
        closed[shut] = False
        basket, number = np.divmod(key, max(1, len(best)))
        reason = best[number]
        cell = basket * products + pairs.b[reason]
        # The last value written stays: that of the strongest pair to a product.
        count = np.arange(len(cell), dtype=np.int32)
        first[cell[::-1]] = count[::-1]
        kept = first[cell] == count
        basket, reason = basket[kept], reason[kept]
        parts.append(Ranked(basket + low, pairs.b[reason], reason, score[reason]).best(top))
    return Ranked.joined(parts)


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
    by_product = packed_order(not_offered % products)
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
    order = packed_order(where)
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
    row = consecutive(starts[who], size)
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
    return both.take(packed_order(both.basket)).best(top)
