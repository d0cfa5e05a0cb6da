"""Value of every customer by bucket as one short text, which the page's script adds up."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Floats, Ints
from abcxyz.report.customers import Facts

__all__ = ["BUCKETS", "MANY", "bucket_columns", "fine_rows", "heights_text"]

BUCKETS = 60
"""Most buckets of a window whose amounts the page knows; of more it knows the last of them."""

MANY = 20_000
"""Customers from which on the page holds the amounts of all but the largest only roughly."""

_LARGEST = 2_000  # customers whose amounts are fine in any page

_STRIP = 24  # buckets of the strip of a customer
# Printable characters, which JSON writes as they are; a blank stands for nothing.
_LETTERS = np.frombuffer(bytes(one for one in range(32, 127) if one not in b'"\\'), dtype=np.uint8)
_BASE = len(_LETTERS)
_ROUGH = 12  # levels of a rough amount


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
        ``fine``, the number of customers of two characters per bucket, and for ``now`` and
        ``then`` (None where the window before is not known) the number of buckets, a text, and
        the amounts of customers with a negative one by position.

    Notes
    -----
    A character is a part of the customer's largest bucket, from none to all of it. The amounts
    are these parts of the customer's value, which the page has, so that their sum is exact; one
    amount is off by some 1/17000 of the largest, or by 1/24 of it for one character.
    """
    past = facts.analysis.year_before
    now = np.asarray(facts.analysis.panel.sales, dtype=np.float64)
    return {
        "fine": fine_rows(len(order)),
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
    return {
        "count": series.shape[1],
        "text": heights_text(series, fine_rows(len(order))),
        "odd": {str(i): [round(one, 2) for one in series[i].tolist()] for i in negative.tolist()},
    }


def heights_text(series: Floats, fine: int) -> str:
    """Write rows as parts of their largest number, of the first *fine* rows by two characters.

    Examples
    --------
    >>> heights_text(np.array([[0.0, 1.0, 2.0]]), 0)
    " '-"
    """
    parts = np.maximum(series, 0.0)
    top = parts.max(axis=1, initial=0.0)[:, None]
    parts = np.divide(parts, top, out=np.zeros_like(parts), where=top > 0)
    high = np.rint(parts[:fine] * (_BASE**2 - 1)).astype(np.int64)
    low = np.rint(parts[fine:] * _ROUGH).astype(np.int64)
    pairs = np.stack(np.divmod(high, _BASE), axis=-1)
    return _written(pairs) + _written(low)


def _written(codes: npt.NDArray[np.int64]) -> str:
    return _LETTERS[codes.ravel()].tobytes().decode("ascii")
