"""Look-alikes: which of many companies resemble the customers of class A."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from attrs import frozen

from abcxyz._arrays import Floats, Ints
from abcxyz.core.prospects.similar import numbers_apart, range_of
from abcxyz.errors import InputError

__all__ = ["COMPARED", "LookAlike", "LookAlikes", "find_look_alikes"]

_NUMBERS = ("employees", "turnover")
_WORDS = ("industry", "region")
COMPARED = (*_NUMBERS, *_WORDS)
"""Attributes that are compared."""

_LEAST_RANGE = math.log(10)  # else the only customer would resemble nobody but its equals
_DIGITS = 12  # so that noise in the last bits decides no order
_BATCH = 1 << 16


@frozen
class LookAlike:
    """A company that resembles a customer of class A.

    Parameters
    ----------
    company
        Its identifier.
    distance
        Gower's distance to that customer, from 0 for equal to 1 for entirely different.
    customer
        The nearest customer.
    compared, unknown
        Attributes known of both, and the others of `COMPARED`.
    """

    company: Any
    distance: float
    customer: Any
    compared: tuple[str, ...]
    unknown: tuple[str, ...]


@frozen
class LookAlikes:
    """The nearest companies, the nearest first.

    Parameters
    ----------
    nearest
        The companies.
    compared, too_little
        Number of companies that were compared, and of those of which too little is known.
    """

    nearest: tuple[LookAlike, ...]
    compared: int
    too_little: int


@frozen
class _Table:
    """Attributes of (n,) companies: logarithms of numbers, codes of words, -1 for unknown."""

    ids: list[Any]
    numbers: dict[str, Floats]
    words: dict[str, Ints]


def find_look_alikes(
    customers: Mapping[Any, Mapping[str, object]],
    companies: Iterable[tuple[Any, Mapping[str, object]]],
    *,
    count: int = 20,
) -> LookAlikes:
    """Find the companies that are nearest to any of the customers.

    Parameters
    ----------
    customers
        Customer of class A -> attributes.
    companies
        Identifier and attributes of each company, one after another; only *count* are kept.
    count
        Number of companies to return.

    Returns
    -------
    LookAlikes
        Of equally near ones those with more attributes compared come first, then by identifier.

    Raises
    ------
    InputError
        *count* is below one, or nothing is known of any customer.

    Notes
    -----
    Gower, Biometrics 27 (1971) 857-871: the mean, over attributes known of both, of
    ``|x - y| / range`` of the logarithms of turnover and employees, and of 0 or 1 for equal or
    different industry and region. The range is that of the customers, but at least a factor of
    ten; distances are limited to 1.
    A company is compared with a customer if more than half of what is known of the customer is
    known of the company. Unknown is never small: it is left out of the mean. A number of 0 has no
    logarithm and counts as unknown.

    Examples
    --------
    >>> ours = {"Volga": {"turnover": 9e8, "employees": 120, "industry": "G", "region": "63"}}
    >>> others = [("5406000025", {"turnover": 9e8, "employees": 120, "industry": "G"}),
    ...           ("7709000010", {"turnover": 1e6})]
    >>> found = find_look_alikes(ours, others)
    >>> found.nearest[0].company, found.nearest[0].distance, found.nearest[0].unknown
    ('5406000025', 0.0, ('region',))
    >>> found.compared, found.too_little
    (1, 1)
    """
    if count < 1:
        raise InputError("count is {count}; ask for one or more", count=count)
    codes: dict[str, dict[object, int]] = {name: {} for name in _WORDS}
    models = _table(list(customers.items()), codes)
    reach = {name: max(range_of(models.numbers[name]), _LEAST_RANGE) for name in _NUMBERS}
    different = _different(models)
    if not different:
        raise InputError(
            "nothing is known of any customer of class A, so that nothing resembles them; name "
            "their INN"
        )
    nearest: list[LookAlike] = []
    compared = too_little = 0
    for batch in _batches(companies):
        table = _table(batch, codes)
        distance, which, shared = _nearest(table, models, different, reach)
        known = np.flatnonzero(np.isfinite(distance))
        compared += len(known)
        too_little += len(batch) - len(known)
        # The identifiers decide last, so that the order of the companies does not matter.
        best = sorted(
            known[distance[known] <= _limit(distance[known], count)].tolist(),
            key=lambda i: (distance[i], -shared[i], table.ids[i]),
        )
        found = [_look_alike(i, table, models, which, distance) for i in best[:count]]
        nearest = sorted([*nearest, *found], key=_rank)[:count]
    return LookAlikes(tuple(nearest), compared, too_little)


def _rank(one: LookAlike) -> tuple[float, int, Any]:
    return one.distance, -len(one.compared), one.company


def _limit(distances: Floats, count: int) -> float:
    """Return the distance of the last that may be among the nearest."""
    if len(distances) <= count:
        return math.inf
    return float(np.partition(distances, count - 1)[count - 1])


def _batches(
    companies: Iterable[tuple[Any, Mapping[str, object]]],
) -> Iterator[list[tuple[Any, Mapping[str, object]]]]:
    rest = iter(companies)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def _table(
    rows: Sequence[tuple[Any, Mapping[str, object]]], codes: dict[str, dict[object, int]]
) -> _Table:
    numbers = {
        name: np.array([_logarithm(values.get(name)) for _, values in rows], dtype=float)
        for name in _NUMBERS
    }
    words = {}
    for name in _WORDS:
        code = codes[name]
        places = (values.get(name) for _, values in rows)
        words[name] = np.array(
            [-1 if not one else code.setdefault(one, len(code)) for one in places], dtype=np.int64
        )
    return _Table([key for key, _ in rows], numbers, words)


def _logarithm(value: object) -> float:
    return math.log(value) if isinstance(value, (int, float)) and value > 0 else math.nan


def _different(models: _Table) -> list[int]:
    """Return the first of equal customers; those of which nothing is known are left out."""
    columns = [*models.numbers.values(), *models.words.values()]
    rows = [tuple(map(str, row)) for row in zip(*columns, strict=True)]
    nothing = ("nan",) * len(_NUMBERS) + ("-1",) * len(_WORDS)
    first = {row: i for i, row in reversed(list(enumerate(rows))) if row != nothing}
    return sorted(first.values())


def _nearest(
    table: _Table, models: _Table, different: Sequence[int], reach: Mapping[str, float]
) -> tuple[Floats, Ints, Ints]:
    """Return the distance to the nearest customer, which it is, and how much was compared."""
    n = len(table.ids)
    best = np.full(n, np.inf)
    which, shared = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    for k in different:
        total, compared, known = np.zeros(n), np.zeros(n, dtype=np.int64), 0
        for name in _NUMBERS:
            mine = float(models.numbers[name][k])
            if math.isnan(mine):
                continue
            known += 1
            apart = numbers_apart(table.numbers[name], mine, reach[name])
            both = ~np.isnan(apart)
            total[both] += apart[both]
            compared += both
        for name in _WORDS:
            word = models.words[name][k]
            if word < 0:
                continue
            known += 1
            theirs = table.words[name]
            total += (theirs >= 0) & (theirs != word)
            compared += theirs >= 0
        distance = np.full(n, np.inf)
        enough = 2 * compared > known
        distance[enough] = np.round(total[enough] / compared[enough], _DIGITS)
        nearer = (distance < best) | ((distance == best) & enough & (compared > shared))
        best[nearer], which[nearer], shared[nearer] = distance[nearer], k, compared[nearer]
    return best, which, shared


def _look_alike(i: int, table: _Table, models: _Table, which: Ints, distance: Floats) -> LookAlike:
    k = which[i]
    compared = [
        name
        for name in _NUMBERS
        if not math.isnan(table.numbers[name][i] + models.numbers[name][k])
    ]
    compared += [name for name in _WORDS if min(table.words[name][i], models.words[name][k]) >= 0]
    return LookAlike(
        company=table.ids[i],
        distance=float(distance[i]),
        customer=models.ids[k],
        compared=tuple(compared),
        unknown=tuple(name for name in COMPARED if name not in compared),
    )
