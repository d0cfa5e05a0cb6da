"""From raw columns in memory to money per customer and bucket, in one pass over the rows.

Two routes give one result: numpy alone, and compiled loops where numba is installed (the extra
``fast``). Both add the rows of a customer in input order, so they agree to the last bit.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from abcxyz._typing import Days, Floats, Ints
from abcxyz.core.calendar import Periods
from abcxyz.errors import InputError

__all__ = ["COMPILE_PAYS", "Grid", "customer_grid"]

COMPILE_PAYS = 2_000_000
"""Rows from which compiling (or loading what was compiled) costs less than it saves."""

_CHUNK = 1 << 18  # rows whose codes stay in the cache between two passes
_PART_ROWS = 1 << 15
_TICKS = {"D": 1, "h": 24, "m": 1440, "s": 86_400, "ms": 86_400_000, "us": 86_400_000_000}
_NAT = np.iinfo(np.int64).min


@frozen(eq=False)
class Grid:
    """Money of every customer that bought within the span of the buckets.

    Parameters
    ----------
    customers
        (n,) ids, each once. Their order is the same in every run, but differs between routes.
    value
        (n,) money within the window, in the type of the amounts.
    sales
        (n, p) money per bucket.
    rows
        (n,) rows within the window.
    last_day
        (n,) last day with a row within the window, NaT where there is none.
    """

    customers: npt.NDArray[Any]
    value: Floats | Ints
    sales: Floats | Ints
    rows: Ints
    last_day: Days


def customer_grid(
    customers: Any,
    days: npt.ArrayLike,
    amounts: npt.ArrayLike,
    periods: Periods,
    *,
    route: str = "auto",
) -> Grid:
    """Add up the amounts of every customer, per bucket and over the window.

    Parameters
    ----------
    customers
        (rows,) whole numbers or strings, none missing; an Arrow column of strings is read in
        place.
    days
        (rows,) datetime64 of a unit from days to microseconds; days outside the span are left
        out.
    amounts
        (rows,) int64 minor units, which add up exactly, or float64.
    periods
        The window and its buckets.
    route
        ``"numpy"``, ``"numba"``, or ``"auto"``: numba from `COMPILE_PAYS` rows where installed.

    Returns
    -------
    Grid
        Only customers with a row in the span of the buckets.

    Raises
    ------
    InputError
        Columns of different length or of a type that cannot be used, a missing id, date or
        amount, a sum that would not fit, or numba asked for and absent.

    Notes
    -----
    Strings are told apart by one 64-bit hash and proved by a second one; where two strings
    share the first, the numpy route answers instead.

    Examples
    --------
    >>> from datetime import date
    >>> year = Periods.parse("2M", date(2026, 3, 1))
    >>> days = np.array(["2026-01-05", "2026-02-05", "2026-02-06"], "M8[D]")
    >>> grid = customer_grid([7, 9, 7], days, [100, 50, 25], year)
    >>> grid.customers.tolist(), grid.sales.tolist()
    ([7, 9], [[100, 25], [0, 50]])
    """
    if route not in ("auto", "numpy", "numba"):
        raise InputError("route is {route!r}; use auto, numpy or numba", route=route)
    ids = _ids(customers)
    ticks, per_day = _ticks(days)
    money = _money(amounts)
    if not len(ids) == len(ticks) == len(money):
        raise InputError(
            "the columns differ in length: {customers} customers, {days} days, {amounts} "
            "amounts; pass one of each per row",
            customers=len(ids),
            days=len(ticks),
            amounts=len(money),
        )
    able = find_spec("numba") is not None and (_whole(ids) or _has_arrow())
    if route == "numba" and not able:
        raise InputError(
            "route is {route!r}, but numba is absent; install it with: pip install numba",
            route=route,
        )
    compiled = route == "numba" or (route == "auto" and able and len(ids) >= COMPILE_PAYS)
    grid = _by_numba(ids, ticks, per_day, money, periods) if compiled and len(ids) else None
    if grid is None:
        grid = _by_numpy(ids, ticks, per_day, money, periods)
    if grid.sales.dtype.kind == "f" and not np.isfinite(grid.sales).all():
        raise InputError(
            "{name} holds a missing or infinite number, or adds up beyond what a number can hold; "
            "leave such rows out",
            name="amounts",
        )
    return grid


def _has_arrow() -> bool:
    return find_spec("pyarrow") is not None


def _ids(customers: Any) -> Any:
    """Return int64, or strings: as they came from Arrow, else as Python objects."""
    arrow = _arrow_strings(customers)
    if arrow is not None:
        return arrow
    ids = np.asarray(customers)
    if ids.dtype.kind in "iu" and ids.dtype != np.uint64:
        return ids.astype(np.int64, copy=False)
    if ids.dtype.kind in "UT":
        ids = ids.astype(object)
    if ids.dtype.kind != "O" or ids.ndim != 1:
        raise InputError(
            "{name} are of the type {type}; pass whole numbers or strings",
            name="customers",
            type=str(ids.dtype),
        )
    for place, one in enumerate(ids):
        if not isinstance(one, str):
            raise InputError(
                "{name} holds {value!r} at position {place}, which is not a string; "
                "give every row an id of one type",
                name="customers",
                value=one,
                place=place,
            )
    return ids


def _arrow_strings(customers: Any) -> Any:
    """Recognise an Arrow column of strings without importing Arrow for anything else."""
    pa = sys.modules.get("pyarrow")
    if pa is None or not isinstance(customers, (pa.Array, pa.ChunkedArray)):
        return None
    if not (pa.types.is_string(customers.type) or pa.types.is_large_string(customers.type)):
        return None
    if customers.null_count:
        raise InputError(
            "{name} are missing in {count} row(s); leave those rows out",
            name="customers",
            count=customers.null_count,
        )
    if isinstance(customers, pa.ChunkedArray):
        customers = customers.cast(pa.large_string()).combine_chunks()
    return customers.cast(pa.large_string())


def _whole(ids: Any) -> bool:
    return isinstance(ids, np.ndarray) and ids.dtype.kind == "i"


def _ticks(days: npt.ArrayLike) -> tuple[Ints, int]:
    array = np.asarray(days)
    unit = np.datetime_data(array.dtype)[0] if array.dtype.kind == "M" else None
    if unit == "ns":
        array, unit = array.astype("M8[us]"), "us"
    if unit not in _TICKS:
        raise InputError(
            "{name} are of the type {type}; convert them to dates first",
            name="days",
            type=str(array.dtype),
        )
    return np.ascontiguousarray(array).view(np.int64), _TICKS[unit]


def _money(amounts: npt.ArrayLike) -> Floats | Ints:
    array = np.asarray(amounts)
    if array.dtype.kind == "f":
        return array.astype(np.float64, copy=False)
    if array.dtype.kind not in "iu" or array.dtype == np.uint64:
        raise InputError(
            "{name} are of the type {type}; convert them to float64, or to int64 minor units",
            name="amounts",
            type=str(array.dtype),
        )
    money = array.astype(np.int64, copy=False)
    if len(money):
        largest = max(abs(int(money.max())), abs(int(money.min())))
        # The exact bound is free; only where it fails is every amount added up.
        if largest * len(money) >= 2**63 and float(np.abs(money.astype(np.float64)).sum()) > 2**62:
            raise InputError(
                "{name} may add up beyond 64 bits; pass them as float64", name="amounts"
            )
    return money


def _finish(
    customers: npt.NDArray[Any],
    arrays: tuple[npt.NDArray[Any], ...],
    seen: npt.NDArray[np.bool_],
    periods: Periods,
) -> Grid:
    value, sales, rows, last = arrays
    if not seen.all():
        customers, value, sales, rows, last = (
            one[seen] for one in (customers, value, sales, rows, last)
        )
    day = np.full(len(last), np.datetime64("NaT", "D"))
    known = last >= 0
    day[known] = np.datetime64(periods.edges[0], "D") + last[known].astype(np.int64)
    return Grid(customers=customers, value=value, sales=sales, rows=rows, last_day=day)


def _inside(periods: Periods) -> tuple[int, int]:
    start = periods.edges[0]
    return (periods.window.since - start).days, (periods.window.until - start).days


def _origin(periods: Periods) -> int:
    return int(np.datetime64(periods.edges[0], "D").astype(np.int64))


def _no_date(count: int) -> InputError:
    return InputError(
        "{name} are missing in {count} row(s); leave those rows out", name="days", count=count
    )


def _codes(ids: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Give every id a number; compact whole numbers number themselves."""
    if _whole(ids) and len(ids):
        low, high = int(ids.min()), int(ids.max())
        if high - low < max(1024, len(ids) // 4):
            return ids - low, np.arange(low, high + 1)
    if _has_arrow():
        import pyarrow as pa

        coded = ids if isinstance(ids, pa.Array) else pa.array(ids)
        coded = coded.dictionary_encode()
        return (
            coded.indices.to_numpy(zero_copy_only=False),
            coded.dictionary.to_numpy(zero_copy_only=False),
        )
    import pandas as pd

    codes, known = pd.factorize(ids)
    return codes, np.asarray(known)


def _by_numpy(ids: Any, ticks: Ints, per_day: int, money: Floats | Ints, periods: Periods) -> Grid:
    codes, customers = _codes(ids)
    n, p, lookup = len(customers), periods.count, periods.lookup
    since, until = _inside(periods)
    origin = _origin(periods)
    value, sales = np.zeros(n, money.dtype), np.zeros(n * p, money.dtype)
    rows, last = np.zeros(n, np.int64), np.full(n, -1, np.int32)
    seen = np.zeros(n, np.bool_)
    plain = (since, until) == (0, len(lookup))
    missing = 0
    for at in range(0, len(ids), _CHUNK):
        tick = ticks[at : at + _CHUNK]
        missing += int(np.count_nonzero(tick == _NAT))
        day = tick // per_day - origin
        kept = (day >= 0) & (day < len(lookup))
        code, amount = codes[at : at + _CHUNK], money[at : at + _CHUNK]
        if not kept.all():
            day, code, amount = day[kept], code[kept], amount[kept]
        code = code.astype(np.int64, copy=False)
        np.add.at(sales, code * p + lookup[day], amount)
        seen[code] = True
        if not plain:
            kept = (day >= since) & (day < until)
            day, code, amount = day[kept], code[kept], amount[kept]
        np.add.at(value, code, amount)
        np.add.at(rows, code, 1)
        np.maximum.at(last, code, day.astype(np.int32))
    if missing:
        raise _no_date(missing)
    return _finish(customers, (value, sales.reshape(n, p), rows, last), seen, periods)


def _by_numba(
    ids: Any, ticks: Ints, per_day: int, money: Floats | Ints, periods: Periods
) -> Grid | None:
    """Take the compiled route; None where two strings share a hash."""
    import numba

    from abcxyz import _kernel

    checks = np.empty(0, np.int64)
    keys = ids
    if not _whole(ids):
        import pyarrow as pa

        ids = ids if isinstance(ids, pa.Array) else pa.array(ids, type=pa.large_string())
        _, ends, data = ids.buffers()
        keys, checks = _kernel.hash_strings(
            np.frombuffer(ends, np.int64)[ids.offset : ids.offset + len(ids) + 1],
            np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8),
        )
    # From the rows alone, never from the threads: the order of the result hangs on it.
    bits = min(11, max(4, (len(ids) // _PART_ROWS).bit_length()))
    lookup = periods.lookup
    places, starts = _kernel.deal(keys, bits, numba.get_num_threads())
    key, day, amount, row, missing = _kernel.scatter(
        keys, bits, places, ticks, per_day, _origin(periods), len(lookup), money,
        len(checks) > 0,
    )  # fmt: skip
    if missing:
        raise _no_date(missing)
    code, heads, first, found, clashes = _kernel.number(key, day, row, checks, starts)
    if clashes:
        return None
    del key, row
    offsets = np.concatenate(([0], np.cumsum(found)))
    n, p = int(offsets[-1]), periods.count
    value, sales = np.zeros(n, money.dtype), np.zeros((n, p), money.dtype)
    rows, last = np.zeros(n, np.int64), np.full(n, -1, np.int32)
    _kernel.fill(
        code, day, amount, starts, offsets, lookup, _inside(periods), value, sales, rows, last
    )
    at = np.repeat(starts[:-1] - offsets[:-1], found) + np.arange(n)
    customers = heads[at]
    if len(checks):
        customers = ids.take(pa.array(first[at])).to_numpy(zero_copy_only=False)
    return _finish(customers, (value, sales, rows, last), np.ones(n, np.bool_), periods)
