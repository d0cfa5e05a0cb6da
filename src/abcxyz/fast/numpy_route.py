"""Sums per customer and bucket with numpy."""

from __future__ import annotations

import numpy as np

from abcxyz.core.sales.calendar import Periods
from abcxyz.fast.columns import as_codes, is_whole
from abcxyz.fast.sums import (
    NAT,
    NEVER,
    OrderRows,
    Rows,
    RowSums,
    is_stretched,
    no_date,
    origin_of,
    window_places,
)

__all__ = ["sums_by_numpy"]

_CHUNK = 1 << 18  # rows whose codes stay in the CPU cache between passes


def sums_by_numpy(rows: Rows, periods: Periods, order_rows: OrderRows | None) -> RowSums:
    """Aggregate the rows, a cache-sized chunk at a time."""
    codes, customers = as_codes(rows.ids)
    n, p, lookup = len(customers), periods.count, periods.lookup
    since, until = window_places(periods)
    origin, stretched = origin_of(periods), is_stretched(periods)
    value = np.zeros(n if stretched else 0, rows.money.dtype)
    sales = np.zeros(n * p, rows.money.dtype)
    orders, seen = np.zeros(n, np.int64), np.zeros(n, np.uint8)
    first, last = np.full(n, NEVER.max, np.int32), np.full(n, NEVER.min, np.int32)
    known = np.zeros(n, np.bool_)
    missing = 0
    for at in range(0, len(rows.ids), _CHUNK):
        part = slice(at, at + _CHUNK)
        tick = rows.ticks[part]
        missing += int(np.count_nonzero(tick == NAT))
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
        inside = (place >= 0) & (place < len(lookup))
        if not inside.all():
            place, code, money, sale = place[inside], code[inside], money[inside], sale[inside]
        with np.errstate(over="ignore"):  # refused by the panel, with the customer
            np.add.at(sales, code * p + lookup[place], money)
        seen[code] |= 1
        if stretched:
            inside = (place >= since) & (place < until)
            code, money, sale = code[inside], money[inside], sale[inside]
            with np.errstate(over="ignore"):
                np.add.at(value, code, money)
        seen[code] |= 2
        np.add.at(orders, code, sale.astype(np.int64))
    if missing:
        raise no_date(missing)
    table = sales.reshape(n, p)
    if not known.all():
        customers, table, orders = customers[known], table[known], orders[known]
        first, last, seen = first[known], last[known], seen[known]
        value = value[known] if stretched else value
    if order_rows is not None:
        sale = rows.amount >= 0
        order_rows.code = (np.cumsum(known) - 1)[codes[sale]]
        order_rows.place = rows.ticks[sale] // rows.per_day - origin
    # Codes of strings are in order of appearance, which needs no rank.
    rank = customers if is_whole(rows.ids) else None
    return RowSums(customers, rank, value, table, orders, first, last, seen)
