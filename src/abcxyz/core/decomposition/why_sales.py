"""Why the revenue changed between two windows: customers, segments, orders, prices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from abcxyz._arrays import Ints, Numbers
from abcxyz.core.classes.classify import classify_abc
from abcxyz.core.classes.rules import Tangent
from abcxyz.core.classes.segments import ABC
from abcxyz.core.decomposition.factors import round_parts
from abcxyz.core.decomposition.rate_mix import rate_and_mix
from abcxyz.core.decomposition.sales_change import (
    CustomerChange,
    PricedLines,
    SalesChange,
    SalesPart,
)
from abcxyz.core.minor_units import MINOR_PLACES, exact_money
from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.transactions import Transactions
from abcxyz.errors import InputError

if TYPE_CHECKING:
    from abcxyz.core.classes.rules import Rule

__all__ = ["prices_of_lines", "why_sales"]

#: Number of customers that are listed by name.
_LISTED = 10

#: Unit of the sums: 1 / 10,000 of the currency, as in `exact_money`; a kopeck is 100 of them.
_UNIT, _KOPECK = 10**MINOR_PLACES, 10 ** (MINOR_PLACES - 2)

_OUTSIDE, _BEFORE, _AFTER = range(3)


def why_sales(
    sales: Transactions,
    before: Window,
    after: Window,
    *,
    rule: Rule | None = None,
    lines: PricedLines | None = None,
) -> SalesChange:
    """Split the change of the revenue between two windows in several ways.

    Parameters
    ----------
    sales
        Sales of both windows; other days are left out.
    before, after
        Windows that do not overlap.
    rule
        Rule of the classes A, B and C, taken in each window by itself; tangents by default.
    lines
        Lines with quantities, for the split into price and quantity.

    Returns
    -------
    SalesChange

    Raises
    ------
    InputError
        The windows overlap, or one of them has no sales.

    Notes
    -----
    *Customers*: those who bought in one window only are gone or new; the others bought more or
    less. *Segments*: revenue is customers times average revenue; the average is split into rate
    and mix of the classes (Kitagawa 1955). *Orders*: orders times average order. *Prices*: per
    product sold in both windows, ``(q0 + q1) / 2 (p1 - p0)`` and ``(p0 + p1) / 2 (q1 - q0)``.
    Every split is rounded to kopecks so that its parts add up to the change.

    Examples
    --------
    >>> from datetime import date
    >>> may = Window(date(2026, 5, 1), date(2026, 6, 1))
    >>> june = Window(date(2026, 6, 1), date(2026, 7, 1))
    >>> days = [date(2026, 5, 4), date(2026, 5, 5), date(2026, 6, 8), date(2026, 6, 9)]
    >>> sales = Transactions(["a", "b", "b", "c"], days, [100.0, 50.0, 80.0, 10.0])
    >>> change = why_sales(sales, may, june)
    >>> change.difference, change.split("customers")
    (-60.0, {'gone': -100.0, 'new': 10.0, 'grown': 30.0, 'shrunk': 0.0, 'unchanged': 0.0})
    """
    if before.since < after.until and after.since < before.until:
        raise InputError(
            "the windows {before} and {after} overlap; choose two without a common day",
            before=before,
            after=after,
        )
    side = _side(sales.day, before, after)
    for which, code, window in (("before", _BEFORE, before), ("after", _AFTER, after)):
        if not (side == code).any():
            raise InputError(
                "there are no sales {which} the change, in {window}; choose another window",
                which=which,
                window=window,
            )
    sales, side = sales.take(side != _OUTSIDE), side[side != _OUTSIDE]
    ids, customer = np.unique(sales.identifiers, return_inverse=True)
    money = _units(sales.amount)
    sums = _by_side(customer, side, money, len(ids))
    present = _by_side(customer, side, np.ones(len(side), dtype=np.int64), len(ids)) > 0
    total = int(sums[1].sum() - sums[0].sum())
    orders = _orders(sales, customer, side, money)
    parts = [
        *_by_customers(sums, present, total),
        *_by_segments(sums, present, total, rule or Tangent()),
        *_by_orders(sums.sum(axis=1), orders, total),
    ]
    if lines is not None:
        parts += prices_of_lines(lines, before, after, total)
    changed = sums[1] - sums[0]
    largest = np.argsort(-np.abs(changed), kind="stable")[:_LISTED]
    return SalesChange(
        before,
        after,
        int(sums[0].sum()) / _UNIT,
        int(sums[1].sum()) / _UNIT,
        total / _UNIT,
        int(present[0].sum()),
        int(present[1].sum()),
        *orders,
        tuple(parts),
        tuple(
            CustomerChange(
                ids[one].item() if isinstance(ids[one], np.generic) else ids[one],
                int(sums[0][one]) / _UNIT,
                int(sums[1][one]) / _UNIT,
                int(changed[one]) / _UNIT,
            )
            for one in largest.tolist()
            if changed[one]
        ),
    )


def _side(day: Any, before: Window, after: Window) -> Ints:
    """Return for every day whether it is before, after or outside."""
    return np.where(before.holds(day), _BEFORE, np.where(after.holds(day), _AFTER, _OUTSIDE))


def _units(amount: Numbers) -> Ints:
    """Convert amounts to units; those with more decimals are rounded to one each."""
    whole = exact_money(amount)
    if whole is None:
        whole = np.rint(np.asarray(amount, dtype=np.float64) * _UNIT).astype(np.int64)
    return whole


def _by_side(group: Ints, side: Ints, values: Ints, count: int) -> Ints:
    """Return (2, count) sums of whole numbers of each group, before and after."""
    result = np.zeros((2, count), dtype=np.int64)
    np.add.at(result, (side - 1, group), values)
    return result


def _parts(split: str, named: dict[str, tuple[int, Any]], total: int) -> list[SalesPart]:
    """Round the parts of one split, name -> (count, units), so that they add up."""
    step = _KOPECK if total % _KOPECK == 0 else 1
    rounded = round_parts([units / step for _, units in named.values()], total // step)
    return [
        SalesPart(split, name, count, units * step / _UNIT)
        for (name, (count, _)), units in zip(named.items(), rounded, strict=True)
    ]


def _by_customers(sums: Ints, present: Any, total: int) -> list[SalesPart]:
    change = sums[1] - sums[0]
    both = present[0] & present[1]
    masks = {
        "gone": present[0] & ~present[1],
        "new": present[1] & ~present[0],
        "grown": both & (change > 0),
        "shrunk": both & (change < 0),
        "unchanged": both & (change == 0),
    }
    named = {
        name: (int(mask.sum()), Fraction(int(change[mask].sum()))) for name, mask in masks.items()
    }
    return _parts("customers", named, total)


def _by_segments(sums: Ints, present: Any, total: int, rule: Rule) -> list[SalesPart]:
    counts, money = np.zeros((2, len(ABC)), dtype=object), np.zeros((2, len(ABC)), dtype=object)
    for side in (0, 1):
        values = sums[side][present[side]]
        codes = classify_abc(values / _UNIT, rule).codes
        for code in range(len(ABC)):
            mine = codes == code
            # Customers without a positive revenue have no class; they count as the last one.
            if code == len(ABC) - 1:
                mine |= codes < 0
            counts[side, code], money[side, code] = int(mine.sum()), int(values[mine].sum())
    mean = rate_and_mix(money[0], counts[0], money[1], counts[1])
    customers = [Fraction(int(counts[side].sum())) for side in (0, 1)]
    middle = (customers[0] + customers[1]) / 2
    named: dict[str, tuple[int, Any]] = {
        "number_of_customers": (
            -1,
            (customers[1] - customers[0]) * (mean.before + mean.after) / 2,
        ),
        "segment_mix": (-1, middle * mean.mix.sum()),
    }
    named |= {
        letter: (int(counts[1, code]), middle * mean.rate[code]) for code, letter in enumerate(ABC)
    }
    return _parts("segments", named, total)


def _orders(sales: Transactions, customer: Ints, side: Ints, money: Ints) -> tuple[int, int]:
    """Count the orders: customer, day and document; without documents every line is one.

    What adds up to less than zero is a return, and no order.
    """
    order = np.arange(len(side))
    if sales.document is not None:
        _, document = np.unique(sales.document, return_inverse=True)
        days = sales.day.astype("M8[D]").astype(np.int64)
        span = int(days.max() - days.min()) + 1
        _, owner = np.unique(customer * span + days - days.min(), return_inverse=True)
        _, order = np.unique(owner * (int(document.max()) + 1) + document, return_inverse=True)
    sums = np.zeros(int(order.max()) + 1, dtype=np.int64)
    np.add.at(sums, order, money)
    sides = np.empty(len(sums), dtype=np.int64)
    sides[order] = side
    counts = np.bincount(sides[sums >= 0], minlength=3)
    return int(counts[_BEFORE]), int(counts[_AFTER])


def _by_orders(money: Sequence[int], orders: tuple[int, int], total: int) -> list[SalesPart]:
    if not min(orders):
        return []  # only returns on one side: there is no average order
    mean = [Fraction(int(money[side])) / orders[side] for side in (0, 1)]
    named = {
        "number_of_orders": (orders[1], (orders[1] - orders[0]) * (mean[0] + mean[1]) / 2),
        "average_order": (-1, (mean[1] - mean[0]) * Fraction(orders[0] + orders[1], 2)),
    }
    return _parts("orders", named, total)


def prices_of_lines(
    lines: PricedLines, before: Window, after: Window, total: int
) -> list[SalesPart]:
    """Split a change of money into price, quantity, products gone and new, and the rest.

    Parameters
    ----------
    lines
        Lines with products and quantities.
    before, after
        The windows.
    total
        The change to split, in 1/10,000 of the currency. What the lines do not explain is
        the part ``without_quantity``.
    """
    side = _side(lines.day, before, after)
    inside = side != _OUTSIDE
    names, product = np.unique(lines.product[inside], return_inverse=True)
    side, units = side[inside], _units(lines.amount[inside])
    quantity = lines.quantity[inside]
    known = quantity > 0
    money = _by_side(product[known], side[known], units[known], len(names))
    sold = np.zeros((2, len(names)))
    np.add.at(sold, (side[known] - 1, product[known]), quantity[known])
    both, only = sold.min(axis=0) > 0, sold.max(axis=0) > 0
    gone, new = only & ~both & (sold[0] > 0), only & ~both & (sold[1] > 0)
    price = np.divide(money, sold, out=np.zeros_like(sold), where=sold > 0)
    by_price = sold[:, both].mean(axis=0) * (price[1] - price[0])[both]
    by_quantity = price[:, both].mean(axis=0) * (sold[1] - sold[0])[both]
    bare = np.zeros(2, dtype=np.int64)
    np.add.at(bare, side[~known] - 1, units[~known])
    change = money[1] - money[0]
    listed: Callable[[Any], Fraction] = lambda mask: Fraction(int(change[mask].sum()))  # noqa: E731
    rest = total - int(change.sum())
    named: dict[str, tuple[int, Any]] = {
        "price": (int(both.sum()), Fraction(float(by_price.sum()))),
        "quantity": (int(both.sum()), Fraction(float(by_quantity.sum()))),
        "products_gone": (int(gone.sum()), listed(gone)),
        "products_new": (int(new.sum()), listed(new)),
        "without_quantity": (int((~known).sum()), Fraction(rest)),
    }
    return _parts("prices", named, total)
