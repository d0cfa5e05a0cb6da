"""Aggregation of raw columns in memory to a panel, by numpy or numba."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import evolve

from abcxyz._arrays import Days, Ints, Numbers, freeze
from abcxyz.core.minor_units import exact_money
from abcxyz.core.sales.calendar import Periods
from abcxyz.core.sales.panel import Panel
from abcxyz.core.sales.sum_tables import in_major_units, with_gaps
from abcxyz.core.sales.transactions import Transactions
from abcxyz.errors import InputError
from abcxyz.fast.columns import as_ids, as_money, as_ticks, has_arrow, is_whole
from abcxyz.fast.numba_route import sums_by_numba
from abcxyz.fast.numpy_route import sums_by_numpy
from abcxyz.fast.sums import (
    NAT,
    NEVER,
    OrderRows,
    Rows,
    RowSums,
    is_stretched,
    no_date,
    origin_of,
)
from abcxyz.loops.compiled import ROUTES

__all__ = ["COMPILE_PAYS", "FAST_PAYS", "customer_grid", "fast_panel"]

COMPILE_PAYS = 2_000_000
"""Number of rows from which compiling (or loading the compiled code) saves time."""

FAST_PAYS = 100_000
"""Number of rows from which encoding all ids at once is faster than one look-up for each."""


def customer_grid(
    customers: Any,
    days: npt.ArrayLike,
    amounts: npt.ArrayLike,
    periods: Periods,
    *,
    costs: npt.ArrayLike | None = None,
    metric: str = "revenue",
    route: str = "auto",
    ordered: bool = True,
    rhythm: bool = False,
) -> Panel:
    """Aggregate the amounts of every customer, per bucket and over the window.

    Parameters
    ----------
    customers
        (rows,) integers or strings, none missing; an Arrow column of strings is not copied.
    days
        (rows,) datetime64 of a unit from days to microseconds.
    amounts
        (rows,) int64 minor units, which add up exactly, or float64.
    periods
        The window, its buckets, and the lookback; rows outside the lookback are ignored.
    costs
        (rows,) like the amounts, for the metric ``profit``.
    metric
        As in `abcxyz.core.sales.panel.aggregate`; every row is a document.
    route
        ``"numpy"``, ``"numba"``, or ``"auto"``: numba from `COMPILE_PAYS` rows if installed.
    ordered
        Whether to sort the customers as `Panel` specifies. Otherwise their order is
        deterministic, but differs between the routes.
    rhythm
        Whether to collect the gaps between order days.

    Returns
    -------
    Panel
        Bit-identical to the result of `abcxyz.core.sales.panel.aggregate` for the same rows.

    Raises
    ------
    InputError
        Columns of different length or of an unsupported type; a missing id, date or amount; an
        overflow; or the route ``"numba"`` without numba.

    Notes
    -----
    Strings are identified by a 64-bit hash and verified by a second one; if two strings share
    the first, the numpy route is used instead.

    Examples
    --------
    >>> from datetime import date
    >>> year = Periods.parse("2M", date(2026, 3, 1))
    >>> days = np.array(["2026-01-05", "2026-02-05", "2026-02-06"], "M8[D]")
    >>> panel = customer_grid([7, 9, 7], days, [100, 50, 25], year)
    >>> panel.customers.tolist(), panel.sales.tolist()
    ([7, 9], [[100, 25], [0, 50]])
    """
    if route not in ROUTES:
        raise InputError("route is {route!r}; use auto, numpy or numba", route=route)
    ids = as_ids(customers)
    ticks, per_day = as_ticks(days)
    amount = as_money(amounts)
    if not len(ids) == len(ticks) == len(amount):
        raise InputError(
            "the columns differ in length: {customers} {customers:customer|customers}, {days} "
            "{days:day|days}, {amounts} {amounts:amount|amounts}; pass one of each per row",
            customers=len(ids),
            days=len(ticks),
            amounts=len(amount),
        )
    whole = _exact(amount, costs, metric)
    money = _metric(amount, costs, metric) if whole is None else whole
    rows = _within(Rows(ids, ticks, per_day, money, amount), periods)
    ids = rows.ids
    able = find_spec("numba") is not None and (is_whole(ids) or has_arrow())
    if route == "numba" and not able:
        raise InputError(
            "route is {route!r}, but numba is absent; install it with: pip install numba",
            route=route,
        )
    compiled = route == "numba" or (route == "auto" and able and len(ids) >= COMPILE_PAYS)
    order_rows = OrderRows() if rhythm else None
    sums = sums_by_numba(rows, periods, order_rows) if compiled and len(ids) else None
    if sums is None:
        sums = sums_by_numpy(rows, periods, order_rows)
    if sums.sales.dtype.kind == "f" and not np.isfinite(sums.sales).all():
        raise InputError(
            "{name} holds a missing or infinite number, or adds up beyond what a number can hold; "
            "leave such rows out",
            name="amounts",
        )
    return _panel(sums, periods, metric, order_rows, ordered=ordered, minor=whole is not None)


def fast_panel(
    sales: Transactions, periods: Periods, *, metric: str, rhythm: bool
) -> Panel | None:
    """Aggregate many lines in memory; None if another implementation is needed or faster.

    Parameters
    ----------
    sales, periods, metric, rhythm
        As in `abcxyz.core.sales.panel.aggregate`.
    """
    ids = sales.customer
    plain = ids.dtype.kind in "iu" and ids.dtype != np.uint64
    if len(sales) < FAST_PAYS or sales.document is not None or not (plain or _all_text(ids)):
        return None
    panel = customer_grid(
        ids, sales.day, sales.amount, periods, costs=sales.cost, metric=metric, rhythm=rhythm
    )
    if sales.labels is None:
        return panel
    return evolve(panel, customers=freeze(sales.labels[panel.customers]))


def _within(rows: Rows, periods: Periods) -> Rows:
    """Select the rows in the lookback; the same object if all rows are in it."""
    since, until = (
        int(np.datetime64(day, "D").astype(np.int64)) * rows.per_day
        for day in (periods.lookback.since, periods.lookback.until)
    )
    # Two numbers tell of most columns that all rows are inside; a missing time is the smallest.
    if not len(rows.ticks) or since <= rows.ticks.min() <= rows.ticks.max() < until:
        return rows
    missing = int(np.count_nonzero(rows.ticks == NAT))
    if missing:
        raise no_date(missing)
    inside = (rows.ticks >= since) & (rows.ticks < until)
    ids = rows.ids[inside] if isinstance(rows.ids, np.ndarray) else rows.ids.filter(inside)
    money = rows.money[inside]
    amount = money if rows.amount is rows.money else rows.amount[inside]
    return Rows(ids, rows.ticks[inside], rows.per_day, money, amount)


def _all_text(ids: npt.NDArray[Any]) -> bool:
    return has_arrow() and all(type(one) is str for one in ids)


def _metric(amount: Numbers, costs: npt.ArrayLike | None, metric: str) -> Numbers:
    if metric == "count":
        return (amount >= 0).astype(np.int64)
    if metric == "revenue":
        return amount
    if metric != "profit" or costs is None:
        raise InputError(
            "the metric profit needs the cost of each sale; give the transactions a cost"
        )
    cost = as_money(costs)
    if len(cost) != len(amount):
        raise InputError(
            "columns differ in length: {lengths}; give every column one value per line",
            lengths=f"amounts {len(amount)}, costs {len(cost)}",
        )
    return as_money(amount - cost)


def _exact(amount: Numbers, costs: npt.ArrayLike | None, metric: str) -> Ints | None:
    """Return the money of every row as integers of the minor unit, if it is exact."""
    if metric == "revenue":
        return exact_money(amount)
    if metric != "profit" or costs is None:
        return None
    cost = as_money(costs)
    return exact_money(amount, cost) if len(cost) == len(amount) else None


def _panel(
    sums: RowSums,
    periods: Periods,
    metric: str,
    order_rows: OrderRows | None,
    *,
    ordered: bool,
    minor: bool,
) -> Panel:
    value, sales = sums.value, sums.sales
    if not is_stretched(periods):
        value = sales.sum(axis=1)
    if minor:
        value, sales = in_major_units(value), in_major_units(sales)
    origin = origin_of(periods)

    def days(place: npt.NDArray[np.int32], empty: int) -> Days:
        dates = (place.astype(np.int64) + origin).astype("M8[D]")
        dates[place == empty] = np.datetime64("NaT", "D")
        return dates

    columns: dict[str, npt.NDArray[Any]] = {
        "customers": sums.customers,
        "value": with_gaps(value, sums.seen & 2 > 0),
        "sales": with_gaps(sales, sums.seen & 1 > 0),
        "orders": sums.orders,
        "first_day": days(sums.first, NEVER.max),
        "last_day": days(sums.last, NEVER.min),
    }
    order = None
    if ordered and sums.rank is not None:
        order = np.argsort(sums.rank, kind="stable")
        columns = {name: column[order] for name, column in columns.items()}
    frozen_columns: dict[str, Any] = {name: freeze(one) for name, one in columns.items()}
    rhythm = None if order_rows is None else order_rows.rhythm(order, len(sums.customers))
    return Panel(periods=periods, metric=metric, rhythm=rhythm, **frozen_columns)
