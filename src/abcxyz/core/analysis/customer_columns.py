"""Columns of the customers of an analysis in the order of a list, for sinks and reports."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from attrs import frozen

from abcxyz._arrays import Days, Floats, Ints
from abcxyz._coded import Coded
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.classes.segments import ABC, SEGMENTS, XYZ

__all__ = [
    "CustomerColumns",
    "by_value",
    "customer_columns",
    "finite",
    "known_or_none",
    "plain_days",
    "rounded",
]


@frozen(kw_only=True)
class CustomerColumns:
    """Columns of n customers: identifiers as a list, labels as codes, the rest as arrays.

    Parameters
    ----------
    customer
        Identifiers as plain values.
    segment, abc, xyz
        Labels; an empty text where a customer is not classified.
    value, share, cumulative_share, cv
        (n,) numbers; NaN where unknown.
    orders
        (n,) sales documents in the window.
    first_day, last_day
        (n,) days; NaT where unknown.
    """

    customer: list[Any]
    segment: Coded
    abc: Coded
    xyz: Coded
    value: Floats
    share: Floats
    cumulative_share: Floats
    cv: Floats
    orders: Ints
    first_day: Days
    last_day: Days


def by_value(analysis: Analysis) -> Ints:
    """Return (n,) indices of the customers, the largest value first.

    Equal values keep the order of the customers; customers without a value come last.
    """
    values = np.asarray(analysis.snapshot.value, dtype=float)
    order: Ints = np.argsort(np.where(np.isnan(values), np.inf, -values), kind="stable")
    return order


def customer_columns(analysis: Analysis, places: Ints) -> CustomerColumns:
    """Return the columns of the customers with the indices *places*, in this order."""
    snapshot, abc = analysis.snapshot, analysis.abc
    return CustomerColumns(
        customer=snapshot.customers[places].tolist(),
        segment=Coded(snapshot.segment[places], (*SEGMENTS, "")),
        abc=Coded(snapshot.abc[places], (*ABC, "")),
        xyz=Coded(snapshot.xyz[places], (*XYZ, "")),
        value=np.asarray(snapshot.value, dtype=float)[places],
        share=np.asarray(abc.share, dtype=float)[places],
        cumulative_share=np.asarray(abc.cumulative_share, dtype=float)[places],
        cv=np.asarray(snapshot.cv, dtype=float)[places],
        orders=np.asarray(snapshot.orders)[places],
        first_day=snapshot.first_day[places].astype("M8[D]"),
        last_day=snapshot.last_day[places].astype("M8[D]"),
    )


def rounded(numbers: Floats) -> Floats:
    """Round to 15 significant digits, the precision of Excel, to drop binary rounding errors.

    Examples
    --------
    >>> rounded(np.array([9061220.680000002, 0.1 + 0.2, 0.0, np.nan])).tolist()
    [9061220.68, 0.3, 0.0, nan]
    """
    size = np.abs(numbers)
    # Powers of ten above 10**22 are no exact floats; such numbers stay as they are.
    plain = (size >= 1e-7) & (size < 1e15)
    result: Floats = np.array(numbers, dtype=np.float64)
    chosen = result[plain]
    digits = 14 - np.floor(np.log10(size[plain]))
    scale = np.power(10.0, np.clip(digits, 0, 22))
    result[plain] = np.rint(chosen * scale) / scale
    return result


def finite(numbers: Floats) -> Floats:
    """Return numbers of 15 significant digits, with NaN for infinity."""
    return rounded(np.where(np.isfinite(numbers), numbers, np.nan))


def known_or_none(numbers: Floats) -> list[float | None]:
    """Return numbers as a list, with None for NaN: JSON and Excel have no NaN.

    Examples
    --------
    >>> known_or_none(finite(np.array([1.5, 9061220.680000002, np.nan, np.inf])))
    [1.5, 9061220.68, None, None]
    """
    cells = numbers.astype(object)
    cells[np.isnan(numbers)] = None
    plain: list[float | None] = cells.tolist()
    return plain


def plain_days(days: Days) -> list[date | None]:
    """Return days as a list, with None for NaT.

    Examples
    --------
    >>> plain_days(np.array(["2026-05-01", "NaT"], dtype="M8[D]"))
    [datetime.date(2026, 5, 1), None]
    """
    plain: list[date | None] = days.astype("M8[D]").tolist()
    return plain
