"""Baskets of products: which products stand together in a document, a deal or an order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import evolve, field, frozen

from abcxyz._arrays import SAME_ARRAYS, ArrayLike, Bools, Floats, Ints
from abcxyz.crm.records.columns import TextColumn, text_column
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.records.visits import WON
from abcxyz.errors import InputError

__all__ = ["Purchases", "consecutive", "distinct", "within_groups"]


def distinct(keys: Ints) -> Ints:
    """Return the distinct keys in ascending order, by sorting."""
    ordered = np.sort(keys)
    return np.asarray(ordered[np.r_[True, ordered[1:] != ordered[:-1]][: len(ordered)]])


def within_groups(sizes: Ints) -> Ints:
    """Return the number of each member of consecutive groups, 0 to size - 1.

    Examples
    --------
    >>> within_groups(np.array([2, 0, 3])).tolist()
    [0, 1, 0, 1, 2]
    """
    return np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def consecutive(starts: Ints, sizes: Ints) -> Ints:
    """Return runs of consecutive numbers, each from its start on.

    Examples
    --------
    >>> consecutive(np.array([5, 0, 2]), np.array([2, 0, 3])).tolist()
    [5, 6, 2, 3, 4]
    """
    return np.arange(int(sizes.sum())) + np.repeat(starts - np.cumsum(sizes) + sizes, sizes)


@frozen(eq=False)
class Purchases:
    """n different products in k baskets, in the order of time.

    Parameters
    ----------
    basket
        (n,) basket of each line, 0 to k - 1, ascending; earlier baskets have smaller numbers.
    product
        (n,) product of each line, as an index in *products*; a basket holds each product once.
    products
        Names of the products.
    customer
        (k,) customer of each basket, as an index in *customers*; -1 where not known.
    customers
        Identifiers of the customers.
    day
        (k,) day of each basket, as days since 1970-01-01; None where no days are known.
    money
        (k,) money of each basket, NaN where not known; None where none is.
    """

    basket: Ints = field(eq=SAME_ARRAYS)
    product: Ints = field(eq=SAME_ARRAYS)
    products: tuple[str, ...]
    customer: Ints = field(eq=SAME_ARRAYS)
    customers: npt.NDArray[Any] = field(eq=SAME_ARRAYS)
    day: Ints | None
    money: Floats | None = None

    @classmethod
    def of(
        cls,
        baskets: ArrayLike | Sequence[Any],
        products: ArrayLike | Sequence[Any],
        *,
        customers: ArrayLike | Sequence[Any] | None = None,
        days: ArrayLike | Sequence[Any] | None = None,
    ) -> Purchases:
        """Make baskets of lines.

        Parameters
        ----------
        baskets
            (n,) number of the document, deal or order of each line.
        products
            (n,) product of each line; lines without one are left out.
        customers
            (n,) customer of each line; the first one of a basket counts.
        days
            (n,) day of each line; the earliest of a basket counts. Without days the baskets
            are taken in the order of their first lines.

        Raises
        ------
        InputError
            The columns differ in length, or a day is missing.

        Examples
        --------
        >>> made = Purchases.of([1, 1, 2], ["tea", "milk", "tea"])
        >>> len(made), made.products, made.basket.tolist(), made.product.tolist()
        (2, ('tea', 'milk'), [0, 0, 1], [0, 1, 0])
        """
        numbers = np.asarray(baskets)
        names = text_column(products)
        moments = None if days is None else np.asarray(days, dtype="M8[D]")
        buyers = None if customers is None else np.asarray(customers)
        for what, column in (("products", names), ("customers", buyers), ("days", moments)):
            if column is not None and len(column) != len(numbers):
                raise InputError(
                    "{what} has {count} {count:value|values}, and there {rows:is|are} {rows} "
                    "{rows:line|lines}; give one per line",
                    what=what,
                    count=len(column),
                    rows=len(numbers),
                )
        if moments is not None and np.isnat(moments).any():
            place = int(np.flatnonzero(np.isnat(moments))[0])
            raise InputError(
                "line {line} of the purchases has no day; give one, or leave all days out",
                line=place + 1,
            )
        _, first, number = np.unique(numbers, return_index=True, return_inverse=True)
        day_of = None
        if moments is not None:
            day_of = np.full(len(first), np.iinfo(np.int64).max)
            np.minimum.at(day_of, number, moments.astype(np.int64))
        who = np.full(len(first), -1, dtype=np.int64)
        known = np.empty(0, dtype=object)
        if buyers is not None:
            known, code = np.unique(buyers, return_inverse=True)
            who = code[first]
        return _ordered(cls, number, names, first, day_of, who, known)

    @classmethod
    def of_deals(cls, crm: CrmData) -> Purchases:
        """Make baskets of the products of the won deals, by the day on which they were won.

        Raises
        ------
        InputError
            The records hold no product lines.
        """
        lines = crm.need("lines")
        row = crm.rows_of_deals(lines.deal)
        won = (row >= 0) & (crm.outcomes.kind[row] == WON)
        won &= ~np.isnat(crm.outcomes.closed[row])
        row, names = row[won], lines.product[won]
        rows, first, number = np.unique(row, return_index=True, return_inverse=True)
        day = crm.outcomes.closed[rows].astype("M8[D]").astype(np.int64)
        who, known = np.full(len(rows), -1, dtype=np.int64), np.empty(0, dtype=object)
        if crm.deals.customer is not None:
            known, code = np.unique(crm.deals.customer, return_inverse=True)
            who = code[rows]
        money = crm.single_amounts()[rows]
        return _ordered(cls, number, names, first, day, who, known, money)

    def __len__(self) -> int:
        return len(self.customer)

    @property
    def counts(self) -> Ints:
        """(p,) number of baskets that hold each product."""
        return np.bincount(self.product, minlength=len(self.products))

    def take(self, chosen: Bools) -> Purchases:
        """Return some baskets, by a mask over them; products and customers keep their numbers."""
        number = np.cumsum(chosen) - 1
        lines = chosen[self.basket]
        return evolve(
            self,
            basket=number[self.basket[lines]],
            product=self.product[lines],
            customer=self.customer[chosen],
            day=None if self.day is None else self.day[chosen],
            money=None if self.money is None else self.money[chosen],
        )

    def with_money(self, money: Floats) -> Purchases:
        """Return the baskets with the (k,) money of each."""
        return evolve(self, money=money)

    def money_of_customers(self) -> Floats | None:
        """Return the (len(customers),) money of each customer; None where none is known."""
        if self.money is None or np.isnan(self.money).all():
            return None
        known = (self.customer >= 0) & ~np.isnan(self.money)
        return np.bincount(
            self.customer[known], self.money[known], minlength=len(self.customers)
        ).astype(np.float64, copy=False)

    def by_customer(self) -> Purchases:
        """Return one basket per customer with everything that he has bought, and no days."""
        who = self.customer[self.basket]
        known = who >= 0
        pairs = distinct(who[known] * len(self.products) + self.product[known])
        buyer, product = np.divmod(pairs, max(1, len(self.products)))
        begins = np.r_[True, buyer[1:] != buyer[:-1]][: len(buyer)]
        buyers, number = buyer[begins], np.cumsum(begins) - 1
        return Purchases(number, product, self.products, buyers, self.customers, None)


def _ordered(
    kind: type[Purchases],
    number: Ints,
    names: TextColumn,
    first: Ints,
    day: Ints | None,
    who: Ints,
    known: npt.NDArray[Any],
    money: Floats | None = None,
) -> Purchases:
    """Order the baskets by time, and keep each product of a basket once, at its first line."""
    order = np.lexsort((first,)) if day is None else np.lexsort((first, day))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    lines = np.flatnonzero(names.given())
    basket, product = rank[number[lines]], names.codes[lines]
    key = basket * len(names.categories) + product
    _, places = np.unique(key, return_index=True)
    places = places[np.lexsort((places, basket[places]))]
    # Baskets whose lines name no product are none.
    held, basket = np.unique(basket[places], return_inverse=True)
    return kind(
        basket,
        product[places],
        names.categories,
        who[order][held],
        known,
        None if day is None else day[order][held],
        None if money is None else money[order][held],
    )
