"""Repeat purchases: products that a customer buys at a rhythm, and that are due."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import field, frozen

from abcxyz.crm.baskets.purchases import Purchases
from abcxyz.crm.reports.base import Row
from abcxyz.toolkit.catalogue import text

__all__ = ["DUE", "DueOffer", "DueProduct", "due_products"]

DUE = "due"
"""Basis of an offer of what the customer buys at a rhythm anyway."""

_OCCASIONS = 3
_STEADY = 0.6  # coefficient of variation of the gaps up to which they are a rhythm
_LOST = 3.0  # usual gaps after which a product is no longer due: it is not bought any more


@frozen
class DueProduct(Row):
    """A product that a customer buys again and again, and that is due.

    Parameters
    ----------
    customer, product
        Customer and product.
    occasions
        Days on which it was bought.
    usual
        Median of the days between them.
    days
        Days since the last one.
    """

    customer: Any
    product: str
    occasions: int
    usual: float
    days: int

    def explain(self, lang: str = "en") -> str:
        """Return the reason in a sentence."""
        return text(
            "bought {n} {n:time|times}, usually every {usual} {usual:day|days}; the last time "
            "{days} {days:day|days} ago",
            lang,
            n=self.occasions,
            usual=round(self.usual),
            days=self.days,
        )


@frozen
class DueOffer(Row):
    """A product that is due, as a row among the offers.

    Parameters
    ----------
    customer, product
        Customer and product.
    basis
        `DUE`.
    because, both, of, share
        As in an offer; nothing but the rhythm of the customer speaks for the product.
    due
        The product and its rhythm.
    """

    customer: Any
    product: str
    basis: str = field(default=DUE, init=False)
    because: str = field(default="", init=False)
    both: None = field(default=None, init=False)
    of: None = field(default=None, init=False)
    share: None = field(default=None, init=False)
    due: DueProduct = field(repr=False)

    @classmethod
    def of_product(cls, due: DueProduct) -> DueOffer:
        """Return the row of a product that is due."""
        return cls(due.customer, due.product, due)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields of an offer by name."""
        plain = super().to_dict()
        del plain["due"]
        return plain

    def evidence(self, lang: str = "en") -> str:
        """Return the rhythm in a sentence."""
        return self.due.explain(lang)


def due_products(purchases: Purchases, today: int) -> list[DueProduct]:
    """List the products that are due, by customer, the most overdue first.

    Parameters
    ----------
    purchases
        The baskets, with days and customers.
    today
        Days since 1970-01-01.

    Notes
    -----
    A product is bought at a rhythm from three days on, if the coefficient of variation of the
    gaps between them is at most 0.6. It is due from the median gap on, up to three of these.
    """
    if purchases.day is None or not len(purchases.customers):
        return []
    products = len(purchases.products)
    who = purchases.customer[purchases.basket]
    known = who >= 0
    owner = who[known] * products + purchases.product[known]
    day = purchases.day[purchases.basket[known]]
    order = np.lexsort((day, owner))
    owner, day = owner[order], day[order]
    if not len(owner):
        return []
    once = np.r_[True, (owner[1:] != owner[:-1]) | (day[1:] != day[:-1])]
    owner, day = owner[once], day[once]
    starts = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    sizes = np.diff(np.r_[starts, len(owner)])
    often = np.repeat(sizes >= _OCCASIONS, sizes)
    owner, day, sizes = owner[often], day[often], sizes[sizes >= _OCCASIONS]
    if not len(owner):
        return []
    starts = np.cumsum(sizes) - sizes
    # The gap before each day, but for the first one of its group.
    inner = np.ones(len(owner), dtype=bool)
    inner[starts] = False
    gap, group = np.diff(day, prepend=day[:1])[inner], np.repeat(np.arange(len(sizes)), sizes - 1)
    count = sizes - 1
    mean = np.bincount(group, gap) / count
    spread = np.sqrt(np.bincount(group, (gap - mean[group]) ** 2) / count)
    gap = gap[np.lexsort((gap, group))]
    first = np.cumsum(count) - count
    usual = (gap[first + (count - 1) // 2] + gap[first + count // 2]) / 2
    silent = today - day[starts + sizes - 1]
    due = (spread <= _STEADY * mean) & (usual <= silent) & (silent <= _LOST * usual)
    customers = purchases.customers.tolist()
    found = []
    for i in np.flatnonzero(due).tolist():
        buyer, product = divmod(int(owner[starts[i]]), products)
        name = purchases.products[product]
        found.append(
            DueProduct(customers[buyer], name, int(sizes[i]), float(usual[i]), int(silent[i]))
        )
    return sorted(found, key=lambda one: (str(one.customer), -one.days / one.usual, one.product))
