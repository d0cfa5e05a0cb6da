"""Aggregation of Dask frames: partitions by customer, each processed by the numpy core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from abcxyz._arrays import Floats
from abcxyz.core.classes.classify import coefficient_of_variation
from abcxyz.core.sales.panel import Panel
from abcxyz.frames.engines import quiet
from abcxyz.frames.in_memory import aggregated, columns_of, in_units, rhythm_columns
from abcxyz.frames.lazy_rows import UNUSABLE
from abcxyz.frames.lazy_sums import PANEL_COUNTS
from abcxyz.frames.query import RHYTHM, Lazy, Query

__all__ = ["dask_panel", "dask_table"]


def dask_table(frame: Lazy, query: Query, schema: Mapping[str, Any], places: int | None) -> Lazy:
    """Aggregate to one row per customer.

    The core computes the variance, since the group variance of Dask subtracts squares, which
    loses precision by cancellation.
    """
    whole = pd.Series(dtype="Float64" if places is None else "Int64")
    meta = {"customer": _key(schema[query.customer]), "value": whole}
    meta |= {n: pd.Series(dtype="M8[s]") for n in ("first", "last")}
    meta |= {n: pd.Series(dtype=np.int64) for n in ("spanned", "orders")}
    meta |= {n: pd.Series(dtype=np.float64) for n in ("cv", "size")}
    if query.rhythm:
        meta |= {n: pd.Series(dtype=np.float64) for n in RHYTHM[1:]} | {
            "gaps": pd.Series(dtype=np.int64)
        }
    table = _shuffled(frame, query).map_partitions(
        _table_of_part, query, places, pd.DataFrame(meta), meta=pd.DataFrame(meta)
    )
    with quiet():
        wrapped: Lazy = nw.from_native(table)
    return wrapped


def dask_panel(
    frame: Lazy, query: Query, schema: Mapping[str, Any], places: int | None
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Aggregate to one row per customer, with a column per bucket, and compute it.

    The second frame has the gaps (customer, gap), one after the other; None without rhythm.
    """
    kind = np.float64 if places is None else np.int64
    meta = {"customer": _key(schema[query.customer])}
    meta |= {n: pd.Series(dtype="M8[s]") for n in ("first", "last")}
    meta |= {n: pd.Series(dtype=np.int64) for n in PANEL_COUNTS}
    meta |= {n: pd.Series(dtype=kind) for n in ("value", *_buckets(query))}
    meta["size"] = pd.Series(dtype=np.float64)
    gaps = {"customer": meta["customer"], "gap": pd.Series(dtype=np.int32)}
    import dask

    untyped: Any = dask
    part_of, compute = untyped.delayed(_panel_of_part), untyped.compute
    empty = pd.DataFrame(meta), pd.DataFrame(gaps)
    # Both in one pass over a part: its rows are aggregated once.
    parts = _shuffled(frame, query).to_delayed()
    made = compute(*(part_of(part, query, places, *empty) for part in parts))
    table, others = (_joined([both[place] for both in made], empty[place]) for place in (0, 1))
    return table, others if query.rhythm else None


def _joined(parts: list[pd.DataFrame], empty: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([one for one in parts if len(one)] or [empty], ignore_index=True)


def _buckets(query: Query) -> list[str]:
    return [f"p{i}" for i in range(query.periods.count)]


def _key(kind: Any) -> pd.Series[Any]:
    return pd.Series(dtype=np.int64 if kind.is_integer() else "str")


def _shuffled(frame: Lazy, query: Query) -> Any:
    native = frame.to_native()[list(dict.fromkeys(query.columns.values()))]
    return native.shuffle(on=query.customer, npartitions=native.npartitions)


def _aggregated(part: pd.DataFrame, query: Query, places: int | None) -> tuple[Panel, float]:
    """Return the panel of a part, and its size as of `abcxyz.frames.lazy_sums.bucket_sums`."""
    columns = columns_of(nw.from_native(part, eager_only=True), query)
    money = in_units(columns, query, places)
    size = 0.0 if places is None else money.size
    return aggregated(columns, money, query), UNUSABLE if money.unusable else size


def _table_of_part(
    part: pd.DataFrame, query: Query, places: int | None, empty: pd.DataFrame
) -> pd.DataFrame:
    panel, size = _aggregated(part, query, places)
    if not len(panel):
        return empty.assign()
    settings = query.settings
    kind = "Float64" if places is None else "Int64"
    return pd.DataFrame(
        {
            "customer": pd.Series(panel.customers, dtype=empty["customer"].dtype),
            "spanned": (~np.isnan(panel.sales).all(axis=1)).astype(np.int64),
            "first": panel.first_day.astype("M8[s]"),
            "last": panel.last_day.astype("M8[s]"),
            "value": pd.array(_nullable(panel.value), dtype=kind),
            "cv": coefficient_of_variation(
                panel.sales, ddof=settings.ddof, since_first=settings.since_first
            ),
            "orders": panel.orders,
            "size": _size(size, len(panel)),
            **rhythm_columns(panel),
        }
    )[[*empty]]


def _panel_of_part(
    part: pd.DataFrame, query: Query, places: int | None, empty: pd.DataFrame, gaps: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the columns of a panel, and the gaps if there is a rhythm."""
    panel, size = _aggregated(part, query, places)
    if not len(panel):
        return empty, gaps
    kind = np.float64 if places is None else np.int64
    customers = pd.Series(panel.customers, dtype=empty["customer"].dtype)
    table = pd.DataFrame(
        {
            "customer": customers,
            "first": panel.first_day.astype("M8[s]"),
            "last": panel.last_day.astype("M8[s]"),
            "spanned": (~np.isnan(panel.sales).all(axis=1)).astype(np.int64),
            "inside": (~np.isnan(panel.value)).astype(np.int64),
            "orders": panel.orders,
            "value": np.nan_to_num(panel.value).astype(kind),
            **dict(zip(_buckets(query), np.nan_to_num(panel.sales).astype(kind).T, strict=True)),
            "size": _size(size, len(panel)),
        }
    )
    if panel.rhythm is None:
        return table, gaps
    owners = customers.take(np.repeat(np.arange(len(panel)), np.diff(panel.rhythm.starts)))
    return table, pd.DataFrame({"customer": owners, "gap": panel.rhythm.gaps})


def _nullable(value: Any) -> Any:
    column = pd.array(np.nan_to_num(value))
    column[np.isnan(value)] = pd.NA
    return column


def _size(size: float, n: int) -> Floats:
    """Return a column with the size of the whole partition in its first row."""
    column = np.zeros(n)
    column[0] = size
    return column
