"""Coefficient of variation of sales series."""

from __future__ import annotations

from typing import Any

import numpy as np

from abcxyz._arrays import ArrayLike, Bools, Floats, Ints, Numbers, as_numbers
from abcxyz.core.exact_sums import BLOCK
from abcxyz.core.labels import aligned, labelled
from abcxyz.core.sums import NEAR
from abcxyz.errors import InputError

__all__ = ["coefficient_of_variation", "order_counts", "series", "variation"]


def coefficient_of_variation(
    sales: ArrayLike, *, ddof: int = 0, since_first: bool = False
) -> Floats:
    """Compute each customer's coefficient of variation: standard deviation over mean.

    Parameters
    ----------
    sales
        (customers, periods), at least two periods. NaN is a period without sales and counts
        as 0.
    ddof
        0 divides by the number of periods as 1C does, 1 by one less.
    since_first
        Leave out the periods before the customer's first sale that is not zero.

    Returns
    -------
    numpy.ndarray
        (customers,) as fractions, not percent. NaN where undefined: the mean is not above zero,
        fewer than two periods are left, or all periods are missing.

    Raises
    ------
    InputError
        The values are not numbers or infinite; fewer than two periods; a *ddof* other than 0
        and 1.

    Examples
    --------
    >>> coefficient_of_variation([[9, 11, 9, 11], [0, 0, 0, 40]]).round(4).tolist()
    [0.1, 1.7321]
    """
    return variation(series(sales), ddof, since_first)[0]


def series(sales: ArrayLike) -> Numbers:
    """Check a table of customers by periods.

    Raises
    ------
    InputError
        The values are not numbers, infinite or not two-dimensional; fewer than two periods.
    """
    array = as_numbers(sales, "sales", ndim=2)
    if array.shape[1] < 2:
        raise InputError(
            "XYZ needs at least two sub-periods, and sales has {count}; take a longer period or "
            "a finer bucket",
            count=array.shape[1],
        )
    return array


def variation(
    sales: Numbers, ddof: int, since_first: bool, *, signless: bool = False
) -> tuple[Floats, Bools, Ints]:
    """Compute coefficients of variation of checked series.

    Parameters
    ----------
    sales
        (n, p) as `series` returns it.
    ddof, since_first
        As in `coefficient_of_variation`.
    signless
        Whether a mean of zero gives CV 0 and the sign of the mean is ignored, as in 1C.

    Returns
    -------
    tuple
        (n,) CVs, (n,) whether the customer has any sales, (n,) number of nonzero periods.
    """
    if ddof not in (0, 1) or isinstance(ddof, bool):
        raise InputError("ddof is {ddof!r}; use 0 (as 1C does) or 1", ddof=ddof)
    customers, periods = sales.shape
    cv = np.empty(customers)
    known = np.ones(customers, dtype=bool)
    active = np.empty(customers, dtype=np.int64)
    step = max(1, BLOCK // 2 // periods)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for start in range(0, customers, step):
            rows = slice(start, min(start + step, customers))
            # One row per period: long passes along the customers are fast, short ones are slow.
            block = np.array(sales[rows].T, dtype=np.float64, order="C")
            if np.isnan(block.sum()):
                gaps = np.isnan(block)
                known[rows] = ~gaps.all(axis=0)
                block[gaps] = 0.0
            nonzero = block != 0
            active[rows] = np.count_nonzero(nonzero, axis=0)
            size = np.maximum(block.max(axis=0), -block.min(axis=0))
            counted: Any = periods
            if since_first:
                skipped = np.where(active[rows] > 0, nonzero.argmax(axis=0), periods)
                counted = periods - skipped
                inside = np.arange(periods)[:, None] >= skipped
            # Differences to the last period instead of to zero: equal amounts give exactly 0.
            anchor = block[-1].copy()
            block -= anchor
            if since_first:
                block *= inside
            total = block.sum(axis=0)
            shift = total / counted
            mean = shift + anchor
            block -= shift
            if since_first:
                block *= inside
            block *= block
            squares = block.sum(axis=0)
            # Infinite squares make NaN, which means that a CV is undefined.
            if not np.isfinite(total + squares).all():
                _refuse_overflow(total, squares, np.asarray(counted), start)
            deviation = np.sqrt(squares / (counted - ddof))
            zero = np.abs(mean) <= NEAR * size
            if signless:
                part = deviation / np.abs(mean)
                part[zero] = 0.0
            else:
                part = deviation / mean
                part[zero | (mean < 0) | (counted < 2)] = np.nan
            part[~known[rows]] = np.nan
            cv[rows] = part
    return cv, known, active


def _refuse_overflow(total: Floats, squares: Floats, counted: Ints, start: int) -> None:
    wrong = ~(np.isfinite(total) & np.isfinite(squares)) & (counted > 0)
    if wrong.any():
        raise InputError(
            "{name} add up beyond what a number can hold, at position {place}; pass them in a "
            "larger unit",
            name="sales",
            place=start + int(np.argmax(wrong)),
        )


def order_counts(orders: ArrayLike, customers: int, index: Any) -> Numbers:
    """Check numbers of sales documents, and put them in the order of the labels *index*.

    Raises
    ------
    InputError
        There is not one count per customer, or one is negative.
    """
    orders, labels = labelled(orders, "orders")
    counted: Numbers = as_numbers(orders, "orders")
    if len(counted) != customers:
        raise InputError(
            "orders has {orders} {orders:value|values} for {customers} "
            "{customers:customer|customers}; give one count per customer",
            orders=len(counted),
            customers=customers,
        )
    negative = counted < 0
    if negative.any():
        place = int(np.argmax(negative))
        raise InputError(
            "orders holds {value} at position {place}; a number of documents is not negative",
            value=counted[place].item(),
            place=place,
        )
    return aligned(counted, labels, index, "orders")  # type: ignore[no-any-return]
