"""Nearest customers of class A to a lead, by Gower's distance; no part of the score."""

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

__all__ = ["Resemblance", "nearest_customers"]

_CRUMB = 1e-12


@frozen
class Resemblance:
    """A customer like the lead.

    Parameters
    ----------
    customer
        Its identifier.
    distance
        Gower's, from 0 for the same to 1 for altogether different.
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
        What is known about it.
    customers
        A customers with the same attributes: anything `score_prospects` takes.
    scorecard
        Says which attributes there are, and which of them are numbers.
    ids
        Of the customers, where the table has no column ``lead`` or ``id``.
    count
        How many to find.
    logarithm
        Numbers compared by ratio: 10 and 20 million are as far apart as 1 and 2 billion.

    Returns
    -------
    tuple of Resemblance
        The nearest first; equally near ones in the order of the table. A customer is left out
        where fewer than half of the attributes known of the lead are known of it.

    Raises
    ------
    InputError
        Text in a number's place in the lead, or *count* is below one.

    Notes
    -----
    Gower, Biometrics 27 (1971) 857-871: the mean over attributes known of both of
    ``|x - y| / range`` for numbers and of 0 or 1 for words. The range is that of the customers;
    what lies beyond it is at a distance of 1 at most.

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
    asked = 0
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
        asked += 1
        both = ~np.isnan(apart)
        total[both] += apart[both]
        compared += both
        names.append((one.name, both))
    enough = np.flatnonzero((compared > 0) & (2 * compared >= asked))
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
    known = theirs[~np.isnan(theirs)]
    reach = float(np.ptp(known)) if len(known) else 0.0
    apart = np.abs(theirs - mine)
    # Where all customers are alike, only the same is near.
    if reach > _CRUMB:
        found: Floats = np.minimum(apart / reach, 1.0)
        return found
    # The logarithms of equal numbers may differ in the last bit, one by one or as an array.
    return np.where(np.isnan(apart), np.nan, np.where(apart > _CRUMB, 1.0, 0.0))


def _by_word(value: object, column: Any) -> Floats | None:
    mine = as_words([value])[0][0]
    if not mine:
        return None
    words, codes = as_words(column)
    apart = np.array([math.nan if not one else float(one != mine) for one in words])
    found: Floats = apart[codes] if len(codes) else np.zeros(0)
    return found
