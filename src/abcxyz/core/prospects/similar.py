"""Nearest customers of class A to a lead, by Gower's distance; not part of the score."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Floats
from abcxyz.core.prospects.lead_table import as_figures, as_words, columns_of
from abcxyz.core.prospects.scorecard import DEFAULT, Scorecard
from abcxyz.errors import InputError

__all__ = ["Resemblance", "nearest_customers", "numbers_apart", "range_of"]

_ROUNDING = 1e-12


@frozen
class Resemblance:
    """A customer similar to the lead.

    Parameters
    ----------
    customer
        Identifier of the customer.
    distance
        Gower's distance, from 0 for equal to 1 for entirely different.
    compared
        Attributes known of both.
    """

    customer: Any
    distance: float
    compared: tuple[str, ...]


def nearest_customers(
    lead: Mapping[str, object],
    customers: Any,
    *,
    scorecard: Scorecard = DEFAULT,
    ids: Sequence[Any] | None = None,
    count: int = 3,
    logarithm: Sequence[str] = ("turnover", "employees"),
) -> tuple[Resemblance, ...]:
    """Find the customers nearest to a lead.

    Parameters
    ----------
    lead
        Attribute -> value.
    customers
        Class A customers with the same attributes: any table that `score_prospects` accepts.
    scorecard
        Defines the attributes, and which of them are numbers.
    ids
        Identifiers of the customers; None for the column ``lead`` or ``id``, or else positions.
    count
        Number of customers to return.
    logarithm
        Attributes compared by ratio: 10 and 20 million are as far apart as 1 and 2 billion.

    Returns
    -------
    tuple of Resemblance
        The nearest first; equally near ones in the order of the table. A customer is left out if
        fewer than half of the lead's known attributes are known of the customer.

    Raises
    ------
    InputError
        Text in place of a number in the lead, or *count* is below one.

    Notes
    -----
    Gower, Biometrics 27 (1971) 857-871: the mean, over attributes known of both, of
    ``|x - y| / range`` for numbers and of 0 or 1 for categories. The range is that of the
    customers; distances are limited to 1.

    Examples
    --------
    >>> ours = {"id": ["Volga", "Ural"], "turnover": [3e9, 9e7], "industry": ["metal", "food"]}
    >>> nearest_customers({"turnover": 2e9, "industry": "metal"}, ours, count=1)[0].customer
    'Volga'
    """
    if count < 1:
        raise InputError("count is {count}; ask for one or more", count=count)
    table = columns_of(customers, [one.name for one in scorecard.attributes], ids)
    total, compared = np.zeros(len(table)), np.zeros(len(table))
    names: list[tuple[str, Bools]] = []
    comparable = 0
    for one in scorecard.attributes:
        if one.name not in table.columns or one.name not in lead:
            continue
        column = table.columns[one.name]
        if one.kind == "number":
            apart = _by_number(lead[one.name], column, one.name, one.name in logarithm)
        else:
            apart = _by_word(lead[one.name], column)
        if apart is None:
            continue
        comparable += 1
        both = ~np.isnan(apart)
        total[both] += apart[both]
        compared += both
        names.append((one.name, both))
    enough = np.flatnonzero((compared > 0) & (2 * compared >= comparable))
    distance = total[enough] / compared[enough]
    nearest = np.argsort(distance, kind="stable")[:count]
    return tuple(
        Resemblance(
            table.ids[enough[k]],
            float(distance[k]),
            tuple(name for name, both in names if both[enough[k]]),
        )
        for k in nearest
    )


def _by_number(value: object, column: Any, name: str, logarithm: bool) -> Floats | None:
    mine = float(as_figures([value], name)[0][0])
    theirs, _ = as_figures(column, name, strict=False)
    if logarithm:
        mine = math.log(mine) if mine > 0 else math.nan
        theirs = np.log(np.where(theirs > 0, theirs, np.nan))
    if math.isnan(mine):
        return None
    return numbers_apart(theirs, mine, range_of(theirs))


def range_of(figures: Floats) -> float:
    """Return the range of (n,) numbers, NaN left out; 0 without any."""
    known = figures[~np.isnan(figures)]
    return float(np.ptp(known)) if len(known) else 0.0


def numbers_apart(figures: Floats, one: float, reach: float) -> Floats:
    """Return Gower's distance of (n,) numbers from another, 0 to 1, NaN where one is unknown.

    Examples
    --------
    >>> numbers_apart(np.array([1.0, 3.0, 9.0]), 2.0, 4.0).tolist()
    [0.25, 0.25, 1.0]
    """
    apart = np.abs(figures - one)
    # Without a range only equal values are near.
    if reach > _ROUNDING:
        distances: Floats = np.minimum(apart / reach, 1.0)
        return distances
    # The logarithms of equal numbers may differ in the last bit, one by one or as an array.
    return np.where(np.isnan(apart), np.nan, np.where(apart > _ROUNDING, 1.0, 0.0))


def _by_word(value: object, column: Any) -> Floats | None:
    mine = as_words([value])[0][0]
    if not mine:
        return None
    words, codes = as_words(column)
    apart = np.array([math.nan if not one else float(one != mine) for one in words])
    distances: Floats = apart[codes] if len(codes) else np.zeros(0)
    return distances
