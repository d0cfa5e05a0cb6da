"""Conversion of amounts to integers of the minor unit: kopecks, cents."""

from __future__ import annotations

import numpy as np

from abcxyz._arrays import ArrayLike, Bools, Floats, Ints, Numbers
from abcxyz.core.exact_sums import BLOCK, rounded_sum
from abcxyz.core.sums import NEAR
from abcxyz.loops.compiled import ROW_PAYS, loops

__all__ = [
    "EXACT",
    "MINOR_PLACES",
    "exact_money",
    "exact_money_and_size",
    "minor_units",
    "money_difference",
    "money_sum",
]

EXACT = 2.0**48
"""Largest amount, in minor units, that is converted to an integer."""

MINOR_PLACES = 4
"""Decimals of the unit in which float amounts are added up, if they have no more: two more than
money has, since prices of some goods do."""


_MINOR: int = 10**MINOR_PLACES


def minor_units(money: Numbers, places: int) -> tuple[Ints, Bools]:
    """Convert to integers of the minor unit, and return which amounts are exact ones.

    Parameters
    ----------
    money
        (n,) amounts.
    places
        Decimals of the minor unit: 2 for kopecks and cents.

    Examples
    --------
    >>> whole, exact = minor_units(np.array([6 * 2.55, 0.001]), 2)
    >>> whole.tolist(), exact.tolist()
    ([1530, 0], [True, False])
    """
    if money.dtype.kind == "i":
        good = np.abs(money.astype(np.float64)) * 10.0**places <= EXACT
        return np.where(good, money, 0) * 10**places, good
    with np.errstate(over="ignore", invalid="ignore"):
        return _scaled(money, places)


def _scaled(money: Numbers, places: int) -> tuple[Ints, Bools]:
    scaled = money * 10.0**places
    whole = np.rint(scaled)
    size = np.abs(whole)
    good = (np.abs(scaled - whole) <= size * NEAR) & (size <= EXACT)
    return np.where(good, whole, 0.0).astype(np.int64), good


def exact_money(amount: Numbers, cost: Numbers | None = None) -> Ints | None:
    """Convert float amounts, less cost, to integers of 1/10,000; None if they are not exact.

    Sums of the integers do not depend on the order of the lines, and amounts that cancel out add
    up to zero. Their absolute sum is below 2**62.
    """
    found = exact_money_and_size(amount, cost)
    return None if found is None else found[0]


def exact_money_and_size(
    amount: Numbers, cost: Numbers | None = None
) -> tuple[Ints, float] | None:
    """Convert as `exact_money` does, and add up the absolute values of the result."""
    total: Ints | None = None
    size = 0.0
    for part in (amount, cost):
        if part is None:
            continue
        if part.dtype.kind != "f":
            return None
        whole, size = np.empty(len(part), np.int64), 0.0
        # Blocks stay in the CPU cache; the first one that is not exact ends the attempt.
        for start in range(0, len(part), BLOCK):
            block = slice(start, start + BLOCK)
            added = _exact_block(part[block], whole[block], len(part))
            if added is None or size + added >= 2.0**61:
                return None
            size += added
        total = whole if total is None else total - whole
    if total is None:
        return None
    return total, size if cost is None else float(np.abs(total).sum(dtype=np.float64))


def _exact_block(money: Floats, whole: Ints, lines: int) -> float | None:
    """Fill the integers of a block and return the sum of their sizes; None if one is inexact."""
    kernel = loops("rows", lines, ROW_PAYS)
    if kernel is not None and money.dtype == np.float64:
        size = kernel.to_minor_units(money, 10.0**MINOR_PLACES, NEAR, EXACT, whole)
        return None if size < 0 else float(size)
    whole[:], exact = minor_units(money, MINOR_PLACES)
    return float(np.abs(whole).sum(dtype=np.float64)) if exact.all() else None


def money_sum(amounts: ArrayLike) -> float:
    """Add up amounts without a binary rounding error; NaN adds nothing.

    Examples
    --------
    >>> 0.1 + 0.2, money_sum([0.1, 0.2])
    (0.30000000000000004, 0.3)

    Notes
    -----
    Amounts of up to four decimals are added up as integers; other ones to the nearest float.
    """
    values: Numbers = np.asarray(amounts)
    if values.dtype.kind == "f":
        values = values[~np.isnan(values)]
        whole = exact_money(values)
        if whole is not None:
            return float(int(whole.sum()) / _MINOR)
    return rounded_sum(values)


def money_difference(after: Numbers, before: Numbers) -> Floats:
    """Subtract amounts without a binary rounding error, where they have up to four decimals.

    Examples
    --------
    >>> money_difference(np.array([1000.3]), np.array([1000.0])).tolist(), 1000.3 - 1000.0
    ([0.3], 0.2999999999999545)
    """
    later, earlier = np.asarray(after, dtype=float), np.asarray(before, dtype=float)
    whole = exact_money(later.ravel(), earlier.ravel())
    if whole is None:
        plain: Floats = later - earlier
        return plain
    exact: Floats = (whole / _MINOR).reshape(later.shape)
    return exact
