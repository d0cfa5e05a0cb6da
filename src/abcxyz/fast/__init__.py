"""From raw columns in memory to money per customer and bucket, in one pass over the rows.

Two routes give one result: numpy alone, and compiled loops where numba is installed (the extra
``fast``). Both add the rows of a customer in input order, so they agree to the last bit.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import define, field, frozen

from abcxyz._arrays import Days, Ints, Numbers, freeze
from abcxyz.core.sales.accumulate import with_gaps
from abcxyz.core.sales.calendar import Periods
from abcxyz.core.sales.panel import Panel, aggregate
from abcxyz.core.sales.rhythm import OrderDays, Rhythm
from abcxyz.core.sales.transactions import Transactions
from abcxyz.errors import InputError
from abcxyz.fast.columns import as_codes, as_ids, as_money, as_ticks, has_arrow, is_whole

__all__ = ["COMPILE_PAYS", "FAST_PAYS", "customer_grid", "fast_aggregate"]

COMPILE_PAYS = 2_000_000
"""Rows from which compiling (or loading what was compiled) costs less than it saves."""

FAST_PAYS = 100_000
"""Rows from which numbering ids at once beats one look-up for each."""

_CHUNK = 1 << 18  # rows whose codes stay in the cache between two passes
_PART_ROWS = 1 << 15
_NAT = np.iinfo(np.int64).min
_NEVER = np.iinfo(np.int32)  # its ends stand for no day at all


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
    """Add up the amounts of every customer, per bucket and over the window.

    Parameters
    ----------
    customers
        (rows,) whole numbers or strings, none missing; an Arrow column of strings is read in
        place.
    days
        (rows,) datetime64 of a unit from days to microseconds.
    amounts
        (rows,) int64 minor units, which add up exactly, or float64.
    periods
        The window and its buckets.
    costs
        (rows,) like the amounts, for the metric ``profit``.
    metric
        As in `abcxyz.core.sales.panel.aggregate`; every row is a document.
    route
        ``"numpy"``, ``"numba"``, or ``"auto"``: numba from `COMPILE_PAYS` rows where installed.
    ordered
        Put the customers into the order that a panel promises. Without it their order is the
        same in every run too, but differs between routes.
    rhythm
        Keep the gaps between order days too, as `abcxyz.core.sales.panel.aggregate` does.

    Returns
    -------
    Panel
        What `abcxyz.core.sales.panel.aggregate` returns for the same rows, to the last bit.

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
    >>> panel = customer_grid([7, 9, 7], days, [100, 50, 25], year)
    >>> panel.customers.tolist(), panel.sales.tolist()
    ([7, 9], [[100, 25], [0, 50]])
    """
    if route not in ("auto", "numpy", "numba"):
        raise InputError("route is {route!r}; use auto, numpy or numba", route=route)
    ids = as_ids(customers)
    ticks, per_day = as_ticks(days)
    amount = as_money(amounts)
    if not len(ids) == len(ticks) == len(amount):
        raise InputError(
            "the columns differ in length: {customers} customers, {days} days, {amounts} "
            "amounts; pass one of each per row",
            customers=len(ids),
            days=len(ticks),
            amounts=len(amount),
        )
    rows = _Rows(ids, ticks, per_day, _metric(amount, costs, metric), amount)
    able = find_spec("numba") is not None and (is_whole(ids) or has_arrow())
    if route == "numba" and not able:
        raise InputError(
            "route is {route!r}, but numba is absent; install it with: pip install numba",
            route=route,
        )
    compiled = route == "numba" or (route == "auto" and able and len(ids) >= COMPILE_PAYS)
    days_of = _OrderRows() if rhythm else None
    sums = _by_numba(rows, periods, days_of) if compiled and len(ids) else None
    if sums is None:
        sums = _by_numpy(rows, periods, days_of)
    if sums.sales.dtype.kind == "f" and not np.isfinite(sums.sales).all():
        raise InputError(
            "{name} holds a missing or infinite number, or adds up beyond what a number can hold; "
            "leave such rows out",
            name="amounts",
        )
    return _panel(sums, periods, metric, days_of, ordered=ordered)


def fast_aggregate(sales: Transactions, periods: Periods, *, metric: str = "revenue") -> Panel:
    """Add sales up as `abcxyz.analyze` does, by the faster way where there are many.

    Parameters
    ----------
    sales
        All at once.
    periods, metric
        As in `abcxyz.core.sales.panel.aggregate`.

    Returns
    -------
    Panel
        The same whichever way was taken.

    Raises
    ------
    InputError
        As in `abcxyz.core.sales.panel.aggregate`.
    """
    ids = sales.customer
    plain = ids.dtype.kind in "iu" and ids.dtype != np.uint64
    if len(sales) < FAST_PAYS or sales.document is not None or not (plain or _all_text(ids)):
        return aggregate([sales], periods, metric=metric, rhythm=True)
    return customer_grid(
        ids, sales.day, sales.amount, periods, costs=sales.cost, metric=metric, rhythm=True
    )


def _all_text(ids: npt.NDArray[Any]) -> bool:
    return has_arrow() and all(type(one) is str for one in ids)


@frozen(eq=False)
class _Rows:
    """Checked columns; *money* is what is added up, *amount* says what is a sale."""

    ids: Any
    ticks: Ints
    per_day: int
    money: Numbers
    amount: Numbers


@define
class _OrderRows:
    """Rows for the rhythm: the number of the customer, the place of the day, whether a sale."""

    code: npt.NDArray[Any] = field(factory=lambda: np.empty(0, np.int64))
    place: npt.NDArray[Any] = field(factory=lambda: np.empty(0, np.int64))

    def rhythm(self, order: npt.NDArray[Any] | None, customers: int) -> Rhythm:
        """Find the gaps of the customers, put into *order*."""
        code = self.code
        if order is not None:
            ranks = np.empty(customers, np.int64)
            ranks[order] = np.arange(customers)
            code = ranks[code]
        collected = OrderDays()
        collected.add(code.astype(np.intp, copy=False), self.place.astype(np.int64, copy=False))
        return collected.close(np.ones(customers, np.bool_))


@frozen(eq=False)
class _Sums:
    """Sums per customer; *rank* orders them, *seen* is 1 for buckets and 2 for the window."""

    customers: npt.NDArray[Any]
    rank: npt.NDArray[Any] | None
    value: Numbers
    sales: Numbers
    orders: Ints
    first: npt.NDArray[np.int32]
    last: npt.NDArray[np.int32]
    seen: npt.NDArray[np.uint8]


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


def _panel(
    sums: _Sums, periods: Periods, metric: str, days_of: _OrderRows | None, *, ordered: bool
) -> Panel:
    value, sales = sums.value, sums.sales
    if not _stretched(periods):
        value = sales.sum(axis=1)
    origin = _origin(periods)

    def days(place: npt.NDArray[np.int32], empty: int) -> Days:
        found = (place.astype(np.int64) + origin).astype("M8[D]")
        found[place == empty] = np.datetime64("NaT", "D")
        return found

    columns: dict[str, npt.NDArray[Any]] = {
        "customers": sums.customers,
        "value": with_gaps(value, sums.seen & 2 > 0),
        "sales": with_gaps(sales, sums.seen & 1 > 0),
        "orders": sums.orders,
        "first_day": days(sums.first, _NEVER.max),
        "last_day": days(sums.last, _NEVER.min),
    }
    order = None
    if ordered and sums.rank is not None:
        order = np.argsort(sums.rank, kind="stable")
        columns = {name: column[order] for name, column in columns.items()}
    frozen_columns: dict[str, Any] = {name: freeze(one) for name, one in columns.items()}
    rhythm = None if days_of is None else days_of.rhythm(order, len(sums.customers))
    return Panel(periods=periods, metric=metric, rhythm=rhythm, **frozen_columns)


def _stretched(periods: Periods) -> bool:
    return periods.span != periods.window


def _inside(periods: Periods) -> tuple[int, int]:
    start = periods.edges[0]
    return (periods.window.since - start).days, (periods.window.until - start).days


def _origin(periods: Periods) -> int:
    return int(np.datetime64(periods.edges[0], "D").astype(np.int64))


def _no_date(count: int) -> InputError:
    return InputError(
        "{name} are missing in {count} row(s); leave those rows out", name="days", count=count
    )


def _by_numpy(rows: _Rows, periods: Periods, days_of: _OrderRows | None) -> _Sums:
    codes, customers = as_codes(rows.ids)
    n, p, lookup = len(customers), periods.count, periods.lookup
    since, until = _inside(periods)
    origin, stretched = _origin(periods), _stretched(periods)
    value = np.zeros(n if stretched else 0, rows.money.dtype)
    sales = np.zeros(n * p, rows.money.dtype)
    orders, seen = np.zeros(n, np.int64), np.zeros(n, np.uint8)
    first, last = np.full(n, _NEVER.max, np.int32), np.full(n, _NEVER.min, np.int32)
    known = np.zeros(n, np.bool_)
    missing = 0
    for at in range(0, len(rows.ids), _CHUNK):
        part = slice(at, at + _CHUNK)
        tick = rows.ticks[part]
        missing += int(np.count_nonzero(tick == _NAT))
        place = (tick // rows.per_day - origin).astype(np.int32)
        code, money = codes[part].astype(np.int64, copy=False), rows.money[part]
        sale = rows.amount[part] >= 0
        known[code] = True
        if sale.all():
            np.minimum.at(first, code, place)
            np.maximum.at(last, code, place)
        else:
            np.minimum.at(first, code[sale], place[sale])
            np.maximum.at(last, code[sale], place[sale])
        kept = (place >= 0) & (place < len(lookup))
        if not kept.all():
            place, code, money, sale = place[kept], code[kept], money[kept], sale[kept]
        np.add.at(sales, code * p + lookup[place], money)
        seen[code] |= 1
        if stretched:
            kept = (place >= since) & (place < until)
            code, money, sale = code[kept], money[kept], sale[kept]
            np.add.at(value, code, money)
        seen[code] |= 2
        np.add.at(orders, code, sale.astype(np.int64))
    if missing:
        raise _no_date(missing)
    table = sales.reshape(n, p)
    if not known.all():
        customers, table, orders = customers[known], table[known], orders[known]
        first, last, seen = first[known], last[known], seen[known]
        value = value[known] if stretched else value
    if days_of is not None:
        sale = rows.amount >= 0
        days_of.code = (np.cumsum(known) - 1)[codes[sale]]
        days_of.place = rows.ticks[sale] // rows.per_day - origin
    # Strings were numbered in order of appearance, compact ids by themselves.
    rank = customers if is_whole(rows.ids) else None
    return _Sums(customers, rank, value, table, orders, first, last, seen)


def _by_numba(rows: _Rows, periods: Periods, days_of: _OrderRows | None) -> _Sums | None:
    """Take the compiled route; None where two strings share a hash."""
    import numba

    from abcxyz.fast import kernel as _kernel

    ids = rows.ids
    checks = np.empty(0, np.int64)
    keys = ids
    if not is_whole(ids):
        import pyarrow as pa

        ids = ids if isinstance(ids, pa.Array) else pa.array(ids, type=pa.large_string())
        _, ends, data = ids.buffers()
        keys, checks = _kernel.hash_strings(
            np.frombuffer(ends, np.int64)[ids.offset : ids.offset + len(ids) + 1],
            np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8),
        )
    # From the rows alone, never from the threads: the order of the result hangs on it.
    bits = min(11, max(4, (len(ids) // _PART_ROWS).bit_length()))
    places, starts = _kernel.deal(keys, bits, numba.get_num_threads())
    count, proofs = len(ids), len(checks)
    key, day = np.empty(count, np.int64), np.empty(count, np.int32)
    money, row = np.empty(count, rows.money.dtype), np.empty(proofs, np.int64)
    missing = _kernel.scatter(
        keys, bits, places, rows.ticks, rows.per_day, _origin(periods), rows.money, rows.amount,
        key, day, money, row,
    )  # fmt: skip
    if missing:
        raise _no_date(missing)
    code, heads, firsts = np.empty(count, np.int32), np.empty(count, np.int64), row
    if proofs:
        firsts = np.empty(count, np.int64)
    found, clashes = _kernel.number(key, row, checks, starts, code, heads, firsts)
    if clashes:
        return None
    del key, row
    offsets = np.concatenate(([0], np.cumsum(found)))
    n, p, stretched = int(offsets[-1]), periods.count, _stretched(periods)
    value = np.zeros(n if stretched else 0, money.dtype)
    sales = np.zeros((n, p), money.dtype)
    orders, seen = np.zeros(n, np.int64), np.zeros(n, np.uint8)
    first, last = np.full(n, _NEVER.max, np.int32), np.full(n, _NEVER.min, np.int32)
    _kernel.fill(
        code, day, money, starts, offsets, periods.lookup, _inside(periods), stretched,
        value, sales, orders, first, last, seen,
    )  # fmt: skip
    if days_of is not None:
        sale = day & 1 > 0
        parts = np.repeat(offsets[:-1], np.diff(starts))
        days_of.code, days_of.place = (parts + code)[sale], day[sale] >> 1
    at = np.repeat(starts[:-1] - offsets[:-1], found) + np.arange(n)
    customers = rank = heads[at]
    if len(checks):
        rank = firsts[at]
        customers = ids.take(pa.array(rank)).to_numpy(zero_copy_only=False)
    return _Sums(customers, rank, value, sales, orders, first, last, seen)
