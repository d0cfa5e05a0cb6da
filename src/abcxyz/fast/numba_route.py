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
    """Aggregate the rows with compiled loops; None if two strings share a hash.

    None as well for more rows than 31 bits can number.
    """
    if len(rows.ids) >= 1 << 31:
        return None
    import numba

    from abcxyz.fast import kernel

    ids = rows.ids
    checks = np.empty(0, np.int64)
    keys = ids
    if not is_whole(ids):
        import pyarrow as pa

        ids = ids if isinstance(ids, pa.Array) else pa.array(ids, type=pa.large_string())
        _, ends, data = ids.buffers()
        text = np.frombuffer(data or b"", np.uint8)
        words = np.ndarray((max(0, len(text) - 7),), "<u8", text, 0, (1,))
        starts = np.frombuffer(ends, np.int64)[ids.offset : ids.offset + len(ids) + 1]
        keys, checks = kernel.hash_strings(starts, text, words)
    # By the rows alone, not the threads: the order of the result depends on it.
    bits = min(11, max(4, (len(ids) // _PART_ROWS).bit_length()))
    places, starts = kernel.partition(keys, bits, numba.get_num_threads())
    records = np.empty((len(ids), 4), np.int64)
    moved = records.view(rows.money.dtype)
    missing = kernel.scatter(
        keys, checks, bits, places, rows.ticks, rows.per_day, origin_of(periods), rows.money,
        rows.amount, records, moved,
    )  # fmt: skip
    if missing:
        raise no_date(missing)
    del keys
    sizes, clashes = kernel.encode(records, starts, len(checks) > 0)
    if clashes:
        return None
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    n, p, stretched = int(offsets[-1]), periods.count, is_stretched(periods)
    value = np.zeros(n if stretched else 0, moved.dtype)
    sales = np.zeros((n, p), moved.dtype)
    orders, seen = np.zeros(n, np.int64), np.zeros(n, np.uint8)
    first, last = np.full(n, NEVER.max, np.int32), np.full(n, NEVER.min, np.int32)
    kernel.add_rows(
        records, moved, starts, offsets, periods.lookup, window_places(periods), stretched,
        value, sales, orders, first, last, seen,
    )  # fmt: skip
    if order_rows is not None:
        word = records[:, kernel.DAY]
        sale = word & 1 > 0
        code = np.repeat(offsets[:-1], np.diff(starts)) + records[:, kernel.KEY]
        order_rows.code, order_rows.place = code[sale], (word[sale] << 32) >> 33
    at = np.repeat(starts[:-1] - offsets[:-1], sizes) + np.arange(n)
    customers = rank = records[at, kernel.CHECK]
    if len(checks):
        customers = ids.take(pa.array(rank)).to_numpy(zero_copy_only=False)
    return RowSums(customers, rank, value, sales, orders, first, last, seen)
