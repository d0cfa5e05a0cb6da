"""Value of every customer by bucket as few bits, which the page's script adds up."""

from __future__ import annotations

from typing import Any

import numpy as np

from abcxyz._arrays import Floats, Ints
from abcxyz.report.customers import Facts

__all__ = ["BUCKETS", "MANY", "bucket_columns", "fine_rows", "pairs", "parts"]

BUCKETS = 60
"""Most buckets of a window whose amounts the page knows; of more it knows the last of them."""

MANY = 20_000
"""Customers from which on the page holds the amounts of all but the largest only roughly."""

_LARGEST = 2_000  # customers whose amounts are fine in any page

_STRIP = 24  # buckets of the strip of a customer
_FINE, _ROUGH, _ROUGHEST = 8191, 12, 6  # levels of an amount


def bucket_columns(facts: Facts, order: Ints) -> dict[str, Any]:
    """Return the value by bucket in the window, and in the window before.

    Parameters
    ----------
    facts
        Facts of the analysis.
    order
        Positions of the customers in its snapshot, in the order of the page.

    Returns
    -------
    dict
        ``rows``, the number of customers with fine amounts, and for ``now`` and ``then`` (None
        where the window before is not known) the number of buckets, the levels of the fine
        amounts, those of the others as `pairs`, and the amounts of customers with a negative one
        by position.

    Notes
    -----
    A level is a part of the customer's largest bucket, from none to all of it. The amounts are
    these parts of the customer's value, which the page has, so that their sum is exact; one
    amount is off by some 1/16000 of the largest, by 1/24 of it where it is rough, and by 1/12
    from the customer after `MANY` on.
    """
    past = facts.analysis.year_before
    now = np.asarray(facts.analysis.panel.sales, dtype=np.float64)
    return {
        "rows": fine_rows(len(order)),
        "now": _column(now, order),
        "then": None if past is None else _column(past.sales, order),
    }


def fine_rows(count: int) -> int:
    """Return of how many customers of a page, the largest first, the amounts are fine."""
    return count if count <= MANY else _LARGEST


def _column(sales: Floats, order: Ints) -> dict[str, Any]:
    count = sales.shape[1]
    shown = sales[:, -(count if count <= BUCKETS else _STRIP) :]
    series = np.nan_to_num(shown)[order]
    negative = np.flatnonzero((series < 0).any(axis=1))
    fine = fine_rows(len(order))
    rough = [parts(series[fine:MANY], _ROUGH), parts(series[max(fine, MANY) :], _ROUGHEST)]
    return {
        "count": series.shape[1],
        "fine": parts(series[:fine], _FINE).ravel(),
        "rough": pairs(np.concatenate(rough)),
        "odd": {str(i): [round(one, 2) for one in series[i].tolist()] for i in negative.tolist()},
    }


def parts(series: Floats, levels: int) -> Ints:
    """Return rows as parts of their largest number, which is *levels*.

    Examples
    --------
    >>> parts(np.array([[0.0, 1.0, 2.0], [-1.0, 0.0, 0.0]]), 12).tolist()
    [[0, 6, 12], [0, 0, 0]]
    """
    known = np.maximum(series, 0.0)
    top = known.max(axis=1, initial=0.0)[:, None]
    shares = np.divide(known, top, out=np.zeros_like(known), where=top > 0)
    level: Ints = np.rint(shares * levels).astype(np.int64)
    return level


def pairs(levels: Ints) -> Ints:
    """Return levels below 16, two of a row in a number: neighbours are often alike.

    Examples
    --------
    >>> pairs(np.array([[1, 2, 3], [4, 5, 6]])).tolist()
    [18, 48, 69, 96]
    """
    if levels.shape[1] % 2:
        levels = np.pad(levels, ((0, 0), (0, 1)))
    two: Ints = 16 * levels[:, ::2] + levels[:, 1::2]
    return two.ravel()
