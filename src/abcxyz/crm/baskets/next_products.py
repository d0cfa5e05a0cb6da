"""Ranked products that customers have not bought, from their whole histories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Floats, Ints
from abcxyz.core.classes.classify import classify_abc
from abcxyz.core.classes.segments import ABC
from abcxyz.crm.baskets.pairs import LEAST, Pairs, find_pairs, within_class
from abcxyz.crm.baskets.purchases import Purchases
from abcxyz.crm.baskets.ranking import Ranked, join_ranked, rank_by_pairs, rank_popular

__all__ = ["Part", "class_of_customers", "rank_next"]


@frozen(eq=False)
class Part:
    """Products for the customers of one class: the pairs they rest on, and their order."""

    pairs: Pairs
    ranked: Ranked


def class_of_customers(
    purchases: Purchases, classes: Mapping[Any, str] | None
) -> tuple[Ints, Sequence[str]]:
    """Return the (len(customers),) class of each customer, -1 for none, and the names of all.

    Without *classes* they are the ABC classes by the money of the baskets, where it is known.
    """
    if classes is not None:
        names = sorted({*classes.values()})
        code = {name: i for i, name in enumerate(names)}
        found = [code.get(classes.get(one, ""), -1) for one in purchases.customers.tolist()]
        return np.array(found, dtype=np.int64), names
    money = purchases.money_of_customers()
    if money is None or not (money > 0).any():
        return np.full(len(purchases.customers), -1, dtype=np.int64), []
    bought = np.zeros(len(money), dtype=bool)
    bought[purchases.customer[purchases.customer >= 0]] = True
    abc = classify_abc(np.where(bought, money, np.nan)).codes
    return abc.astype(np.int64), ABC


def rank_next(
    history: Purchases,
    kind: Ints,
    served: Bools,
    top: int,
    worth: Floats,
    barred: Ints,
    *,
    least: int = LEAST,
) -> list[Part]:
    """Rank for customers the products that others with the same products have bought.

    Parameters
    ----------
    history
        One basket per customer with all that he has bought.
    kind
        (k,) class of each of these; -1 for none.
    served
        (k,) for whom products are ranked.
    top
        Number of products.
    worth, barred
        As in `abcxyz.crm.baskets.ranking.rank_by_pairs`.
    least
        As in `abcxyz.crm.baskets.pairs.find_pairs`.
    """
    pairs = find_pairs(history, least=least)
    parts = []
    for label in np.unique(kind[served]).tolist():
        chosen = served & (kind == label)
        own = pairs if label < 0 else within_class(pairs, history, kind == label)
        rows = np.flatnonzero(chosen)
        part = history.take(chosen)
        # Keys of the part: its baskets are numbered anew.
        number = np.cumsum(chosen) - 1
        products = len(history.products)
        inside = chosen[barred // products] if len(barred) else np.empty(0, dtype=bool)
        here = barred[inside]
        keys = number[here // products] * products + here % products
        popular = rank_popular(history.counts * worth, part, top, keys)
        found = join_ranked(rank_by_pairs(own, part, top, worth, keys), popular, products, top)
        parts.append(Part(own, Ranked(rows[found.basket], found.product, found.pair, found.score)))
    return parts
