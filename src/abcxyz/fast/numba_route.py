"""Sums per customer and bucket with numba."""

from __future__ import annotations

import numpy as np

from abcxyz.core.sales.calendar import Periods
from abcxyz.fast.columns import is_whole
from abcxyz.fast.sums import (
    NEVER,
    OrderRows,
    Rows,
    RowSums,
    is_stretched,
    no_date,
    origin_of,
    window_places,
)

__all__ = ["sums_by_numba"]

_PART_ROWS = 1 << 15


def sums_by_numba(rows: Rows, periods: Periods, order_rows: OrderRows | None) -> RowSums | None:
    """Aggregate the rows with compiled loops; None if two strings share a hash."""
    import numba

    from abcxyz.fast import kernel

    ids = rows.ids
    checks = np.empty(0, np.int64)
    keys = ids
    if not is_whole(ids):
        import pyarrow as pa

        ids = ids if isinstance(ids, pa.Array) else pa.array(ids, type=pa.large_string())
        _, ends, data = ids.buffers()
        keys, checks = kernel.hash_strings(
            np.frombuffer(ends, np.int64)[ids.offset : ids.offset + len(ids) + 1],
            np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8),
        )
    # By the rows alone, not the threads: the order of the result depends on it.
    bits = min(11, max(4, (len(ids) // _PART_ROWS).bit_length()))
    places, starts = kernel.partition(keys, bits, numba.get_num_threads())
    count, proofs = len(ids), len(checks)
    key, day = np.empty(count, np.int64), np.empty(count, np.int32)
    money, row = np.empty(count, rows.money.dtype), np.empty(proofs, np.int64)
    missing = kernel.scatter(
        keys, bits, places, rows.ticks, rows.per_day, origin_of(periods), rows.money, rows.amount,
        key, day, money, row,
    )  # fmt: skip
    if missing:
        raise no_date(missing)
    code, heads, firsts = np.empty(count, np.int32), np.empty(count, np.int64), row
    if proofs:
        firsts = np.empty(count, np.int64)
    sizes, clashes = kernel.encode(key, row, checks, starts, code, heads, firsts)
    if clashes:
        return None
    del key, row
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    n, p, stretched = int(offsets[-1]), periods.count, is_stretched(periods)
    value = np.zeros(n if stretched else 0, money.dtype)
    sales = np.zeros((n, p), money.dtype)
    orders, seen = np.zeros(n, np.int64), np.zeros(n, np.uint8)
    first, last = np.full(n, NEVER.max, np.int32), np.full(n, NEVER.min, np.int32)
    kernel.add_rows(
        code, day, money, starts, offsets, periods.lookup, window_places(periods), stretched,
        value, sales, orders, first, last, seen,
    )  # fmt: skip
    if order_rows is not None:
        sale = day & 1 > 0
        parts = np.repeat(offsets[:-1], np.diff(starts))
        order_rows.code, order_rows.place = (parts + code)[sale], day[sale] >> 1
    at = np.repeat(starts[:-1] - offsets[:-1], sizes) + np.arange(n)
    customers = rank = heads[at]
    if len(checks):
        rank = firsts[at]
        customers = ids.take(pa.array(rank)).to_numpy(zero_copy_only=False)
    return RowSums(customers, rank, value, sales, orders, first, last, seen)
