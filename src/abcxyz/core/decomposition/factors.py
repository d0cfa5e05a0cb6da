"""Decomposition of the change of a product into its factors; rounding that adds up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

from abcxyz.errors import InputError

__all__ = ["factor_effects", "logarithmic_mean", "round_parts"]

_MOST = 12


def logarithmic_mean(one: float, other: float) -> float:
    """Compute the logarithmic mean ``(a - b) / ln(a / b)`` of two positive numbers.

    Examples
    --------
    >>> round(logarithmic_mean(1, math.e), 6), logarithmic_mean(2, 2)
    (1.718282, 2.0)
    """
    if one == other:
        return float(one)
    # Near each other the quotient loses its digits; the series in their relative distance does not
    distance = (one - other) / (one + other)
    if abs(distance) < 1e-4:
        return float((one + other) / 2 / (1 + distance**2 / 3 + distance**4 / 5))
    return float((one - other) / math.log(one / other))


def factor_effects(before: Sequence[Any], after: Sequence[Any]) -> list[Any]:
    """Split the change of a product into the parts of its factors.

    Parameters
    ----------
    before, after
        k factors, such as the conversions of stages, or leads, conversion and average amount.

    Returns
    -------
    list
        k parts that add up to the change of the product.

    Raises
    ------
    InputError
        Different numbers of factors, none, or more than 12 with a zero among them.

    Notes
    -----
    With positive factors the part of j is ``L(P1, P0) * ln(after[j] / before[j])``, L the
    logarithmic mean (Vartia 1976). With a zero or a negative one: Shapley's value, the mean part
    over all orders in which the factors can change.

    Examples
    --------
    >>> [round(one, 4) for one in factor_effects([100, 0.30, 50.0], [120, 0.25, 50.0])]
    [273.4823, -273.4823, 0.0]
    >>> factor_effects([Fraction(2), Fraction(0)], [Fraction(4), Fraction(3)])
    [Fraction(3, 1), Fraction(9, 1)]
    """
    if len(before) != len(after) or not before:
        raise InputError(
            "{before} {before:factor|factors} before and {after} after; give the same ones, "
            "at least one",
            before=len(before),
            after=len(after),
        )
    if min(*before, *after) > 0:
        first, last = float(math.prod(before)), float(math.prod(after))
        mean = logarithmic_mean(last, first)
        return [mean * math.log(b / a) for a, b in zip(before, after, strict=True)]
    if len(before) > _MOST:
        raise InputError(
            "{n} {n:factor|factors} with a zero among them cannot be split; merge them to "
            "{most} or fewer",
            n=len(before),
            most=_MOST,
        )
    return _shapley(before, after)


def _shapley(before: Sequence[Any], after: Sequence[Any]) -> list[Any]:
    count = len(before)
    exact = all(isinstance(one, (int, Fraction)) for one in (*before, *after))
    parts = []
    for own in range(count):
        others = [one for one in range(count) if one != own]
        part: Any = Fraction(0) if exact else 0.0
        for size in range(count):
            share: Any = Fraction(1, count * math.comb(count - 1, size))
            share = share if exact else float(share)
            for changed in combinations(others, size):
                rest = math.prod(after[one] if one in changed else before[one] for one in others)
                part += share * rest * (after[own] - before[own])
        parts.append(part)
    return parts


def round_parts(parts: Sequence[Any], total: int) -> list[int]:
    """Round parts to whole numbers that add up to a total.

    Parameters
    ----------
    parts
        Numbers that add up to *total*, but for a rounding error.
    total
        Sum of the result.

    Notes
    -----
    Largest remainder: every part is rounded down, and the units that are missing go to the
    largest fractions.

    Examples
    --------
    >>> round_parts([33.4, 33.3, 33.3], 100), round_parts([-1.5, 1.5], 0)
    ([34, 33, 33], [-1, 1])
    """
    lower = [math.floor(one) for one in parts]
    missing = total - sum(lower)
    order = sorted(range(len(parts)), key=lambda one: (-(parts[one] - lower[one]), one))
    for place in range(abs(missing)):
        lower[order[place % len(order)]] += 1 if missing > 0 else -1
    return lower
