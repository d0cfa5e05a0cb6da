"""Aggregation of Dask frames: partitions by customer, each processed by the numpy core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from abcxyz.core.classes.classify import coefficient_of_variation
from abcxyz.core.sales.panel import Panel
from abcxyz.frames.engines import quiet
from abcxyz.frames.in_memory import aggregated, columns_of, in_units, rhythm_columns
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
    meta |= {n: pd.Series(dtype=np.int64) for n in ("spanned", "orders", "unusable")}
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
    meta |= {n: pd.Series(dtype=np.int64) for n in ("spanned", "inside", "orders", "unusable")}
    meta |= {n: pd.Series(dtype=kind) for n in ("value", *_buckets(query))}
    meta["size"] = pd.Series(dtype=np.float64)
    shuffled = _shuffled(frame, query)
    table = shuffled.map_partitions(
        _panel_of_part, query, places, pd.DataFrame(meta), meta=pd.DataFrame(meta)
    )
    if not query.rhythm:
        return table.compute(), None
    gaps = {"customer": meta["customer"], "gap": pd.Series(dtype=np.int32)}
    others = shuffled.map_partitions(
        _gaps_of_part, query, places, pd.DataFrame(gaps), meta=pd.DataFrame(gaps)
    )
    from dask import base

    compute: Any = base.compute  # together, so that the rows are shuffled once
    both: tuple[pd.DataFrame, pd.DataFrame] = compute(table, others)
    return both


def _buckets(query: Query) -> list[str]:
    return [f"p{i}" for i in range(query.periods.count)]


def _key(kind: Any) -> pd.Series[Any]:
    return pd.Series(dtype=np.int64 if kind.is_integer() else "str")


def _shuffled(frame: Lazy, query: Query) -> Any:
    native = frame.to_native()[list(dict.fromkeys(query.columns.values()))]
    return native.shuffle(on=query.customer, npartitions=native.npartitions)


def _aggregated(part: pd.DataFrame, query: Query, places: int | None) -> tuple[Panel, int, float]:
    columns = columns_of(nw.from_native(part, eager_only=True), query)
    money = in_units(columns, query, places)
    return aggregated(columns, money, query), money.unusable, money.size


def _table_of_part(
    part: pd.DataFrame, query: Query, places: int | None, empty: pd.DataFrame
) -> pd.DataFrame:
    panel, unusable, size = _aggregated(part, query, places)
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
            "unusable": _first(unusable, len(panel), np.int64),
            "size": _first(size, len(panel), np.float64),
            **rhythm_columns(panel),
        }
    )[[*empty]]


def _panel_of_part(
    part: pd.DataFrame, query: Query, places: int | None, empty: pd.DataFrame
) -> pd.DataFrame:
    panel, unusable, size = _aggregated(part, query, places)
    if not len(panel):
        return empty.assign()
    kind = np.float64 if places is None else np.int64
    spanned = ~np.isnan(panel.sales).all(axis=1)
    return pd.DataFrame(
        {
            "customer": pd.Series(panel.customers, dtype=empty["customer"].dtype),
            "first": panel.first_day.astype("M8[s]"),
            "last": panel.last_day.astype("M8[s]"),
            "spanned": spanned.astype(np.int64),
            "inside": (~np.isnan(panel.value)).astype(np.int64),
            "orders": panel.orders,
            "unusable": _first(unusable, len(panel), np.int64),
            "value": np.nan_to_num(panel.value).astype(kind),
            **dict(zip(_buckets(query), np.nan_to_num(panel.sales).astype(kind).T, strict=True)),
            "size": _first(size, len(panel), np.float64),
        }
    )


def _gaps_of_part(
    part: pd.DataFrame, query: Query, places: int | None, empty: pd.DataFrame
) -> pd.DataFrame:
    panel, _, _ = _aggregated(part, query, places)
    if panel.rhythm is None or not len(panel):
        return empty.assign()
    owners = np.repeat(panel.customers, np.diff(panel.rhythm.starts))
    customers = pd.Series(owners, dtype=empty["customer"].dtype)
    return pd.DataFrame({"customer": customers, "gap": panel.rhythm.gaps})


def _nullable(value: Any) -> Any:
    column = pd.array(np.nan_to_num(value))
    column[np.isnan(value)] = pd.NA
    return column


def _first(one: float, n: int, kind: Any) -> Any:
    """Return a column with a number of the whole partition in its first row."""
    column = np.zeros(n, kind)
    column[0] = one
    return column
