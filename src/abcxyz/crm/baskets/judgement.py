"""Proof of recommendations on purchases of a later time, against simple ways to recommend."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import evolve, frozen

from abcxyz._arrays import Bools, Ints
from abcxyz.crm.baskets.next_products import class_of_customers, rank_next
from abcxyz.crm.baskets.pairs import LEAST, PARTNERS, find_pairs
from abcxyz.crm.baskets.purchases import Purchases
from abcxyz.crm.baskets.ranking import (
    Ranked,
    is_member,
    join_ranked,
    rank_again,
    rank_by_pairs,
    rank_popular,
)
from abcxyz.crm.reports.base import Row

__all__ = ["TOP", "Judgement", "judge_next", "judge_together", "split_by_time"]

TOP = 5
"""Number of products that are offered, and by which recommendations are judged."""

_SHARE = 0.8
_DRAWS = 4000
_NO_KEYS = np.empty(0, dtype=np.int64)


@frozen
class Judgement(Row):
    """Hit rates on the purchases of the last fifth of the time.

    Parameters
    ----------
    task
        ``together``: a hidden product of a basket is to be named from the others; ``next``: a
        product that a customer then bought for the first time, from all that he had bought.
    tried
        Baskets, or customers, that were tried.
    hit_rate
        Share of them of which at least one of five named products was right.
    precision
        Share of the named products that were right.
    coverage
        Share of all products that were named at least once.
    popularity
        Hit rate of the five bestsellers that are not in the basket.
    again
        Hit rate of what the customer had bought most often; NaN where it cannot be right.
    difference, low, high
        Hit rate less that of the bestsellers, with its 95 % interval.
    """

    task: str
    tried: int
    hit_rate: float
    precision: float
    coverage: float
    popularity: float
    again: float
    difference: float
    low: float
    high: float

    @property
    def proven(self) -> bool:
        """Whether the hit rate is above that of the bestsellers with its whole interval."""
        return self.low > 0


def split_by_time(purchases: Purchases) -> tuple[Purchases, Purchases]:
    """Return the baskets of the first four fifths of the time, and the rest.

    Without days the baskets are taken by their number.
    """
    when = np.arange(len(purchases)) if purchases.day is None else purchases.day
    first, last = (int(when.min()), int(when.max()) + 1) if len(when) else (0, 1)
    early = when < first + _SHARE * (last - first)
    return purchases.take(early), purchases.take(~early)


def judge_together(
    purchases: Purchases,
    *,
    least: int = LEAST,
    level: float | None = 0.95,
    partners: int = PARTNERS,
) -> Judgement:
    """Judge by the last product of each later basket with two products or more.

    *least*, *level* and *partners* are those of `abcxyz.crm.baskets.pairs.find_pairs`.
    """
    before, after = split_by_time(purchases)
    known = (before.counts > 0)[after.product]
    after = _lines(after, known)
    sizes = np.bincount(after.basket, minlength=len(after))
    ends = np.cumsum(sizes) - 1
    tried = sizes >= 2
    hidden = np.zeros(len(after.basket), dtype=bool)
    hidden[ends[tried]] = True
    number = np.cumsum(tried) - 1
    wanted = np.sort(number[after.basket[hidden]] * len(after.products) + after.product[hidden])
    shown = _lines(after, ~hidden).take(tried)
    pairs = find_pairs(before, least=least, level=level, partners=partners)
    worth = np.ones(len(purchases.products))
    popular = rank_popular(before.counts.astype(np.float64), shown, TOP, _NO_KEYS)
    by_pairs = rank_by_pairs(pairs, shown, TOP, worth, _NO_KEYS)
    ours = join_ranked(by_pairs, popular, len(worth), TOP)
    again = rank_again(before, shown, TOP) if len(before.customers) else None
    return _judged("together", ours, popular, again, shown, wanted, before)


def judge_next(
    purchases: Purchases, classes: Mapping[Any, str] | None = None, *, least: int = LEAST
) -> Judgement:
    """Judge by the products that customers later bought for the first time.

    Classes that are made of money are made of what was bought before.
    """
    before, after = split_by_time(purchases)
    products = len(purchases.products)
    history, later = before.by_customer(), after.by_customer()
    had = history.customer[history.basket] * products + history.product
    new = later.customer[later.basket] * products + later.product
    new = new[~is_member(new, had)]
    new = new[(before.counts > 0)[new % products]]
    tried = np.isin(history.customer, new // products)
    shown = history.take(tried)
    number = np.full(len(purchases.customers), -1, dtype=np.int64)
    number[shown.customer] = np.arange(len(shown))
    new = new[number[new // products] >= 0]
    wanted = np.sort(number[new // products] * products + new % products)
    of, _ = class_of_customers(before, classes)
    kind = of[history.customer]
    parts = rank_next(history, kind, tried, TOP, np.ones(products), _NO_KEYS, least=least)
    place = np.cumsum(tried) - 1
    ours = Ranked.joined(evolve(one.ranked, basket=place[one.ranked.basket]) for one in parts)
    popular = rank_popular(history.counts.astype(np.float64), shown, TOP, _NO_KEYS)
    return _judged("next", ours, popular, None, shown, wanted, before)


def _lines(purchases: Purchases, chosen: Bools) -> Purchases:
    """Return all baskets with some of their lines."""
    return evolve(purchases, basket=purchases.basket[chosen], product=purchases.product[chosen])


def _judged(
    task: str,
    ours: Ranked,
    popular: Ranked,
    again: Ranked | None,
    shown: Purchases,
    wanted: Ints,
    before: Purchases,
) -> Judgement:
    tried, products = len(shown), len(shown.products)
    if not tried:
        return Judgement(task, 0, *[math.nan] * 8)
    right = ours.hits(tried, products, wanted)
    other = popular.hits(tried, products, wanted) > 0
    low, high = _interval((right > 0).astype(np.int64) - other)
    sold = int((before.counts > 0).sum())
    return Judgement(
        task=task,
        tried=tried,
        hit_rate=float((right > 0).mean()),
        precision=float(right.sum() / len(ours.basket)) if len(ours.basket) else math.nan,
        coverage=len(np.unique(ours.product)) / sold if sold else math.nan,
        popularity=float(other.mean()),
        again=math.nan
        if again is None
        else float((again.hits(tried, products, wanted) > 0).mean()),
        difference=float((right > 0).mean() - other.mean()),
        low=low,
        high=high,
    )


def _interval(differences: Ints) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of a mean of -1, 0 and 1, with fixed random numbers."""
    shares = np.bincount(differences + 1, minlength=3) / len(differences)
    draws = np.random.default_rng(0).multinomial(len(differences), shares, size=_DRAWS)
    low, high = np.quantile((draws[:, 2] - draws[:, 0]) / len(differences), [0.025, 0.975])
    return float(low), float(high)
