"""Dask: its partitions are pandas frames; dealt by customer, the core works on each of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from abcxyz.core.classes.classify import coefficient_of_variation
from abcxyz.core.sales.panel import Panel
from abcxyz.frames.engines import quiet
from abcxyz.frames.in_memory import added, columns_of, in_units
from abcxyz.frames.query import Lazy, Query

__all__ = ["dask_panel", "dask_table"]


def dask_table(frame: Lazy, query: Query, schema: Mapping[str, Any], places: int | None) -> Lazy:
    """Add up to one row per customer.

    Dask's own variance of groups subtracts squares, which cancels; here the core computes it.
    """
    whole = pd.Series(dtype="Float64" if places is None else "Int64")
    meta = {
        "customer": _key(schema[query.customer]),
        "spanned": pd.Series(dtype=np.int64),
        "last": pd.Series(dtype="M8[s]"),
        "value": whole,
        "cv": pd.Series(dtype=np.float64),
        "orders": pd.Series(dtype=np.int64),
        "odd": pd.Series(dtype=np.int64),
        "size": pd.Series(dtype=np.float64),
    }
    table = _dealt(frame, query).map_partitions(
        _table_of_part, query, places, pd.DataFrame(meta), meta=pd.DataFrame(meta)
    )
    with quiet():
        found: Lazy = nw.from_native(table)
    return found


def dask_panel(
    frame: Lazy, query: Query, schema: Mapping[str, Any], places: int | None
) -> pd.DataFrame:
    """Add up to one row per customer, with the buckets side by side, and fetch it."""
    kind = np.float64 if places is None else np.int64
    meta = {"customer": _key(schema[query.customer])}
    meta |= {n: pd.Series(dtype="M8[s]") for n in ("first", "last")}
    meta |= {n: pd.Series(dtype=np.int64) for n in ("spanned", "inside", "orders", "odd")}
    meta |= {n: pd.Series(dtype=kind) for n in ("value", *_buckets(query))}
    meta["size"] = pd.Series(dtype=np.float64)
    table = _dealt(frame, query).map_partitions(
        _panel_of_part, query, places, pd.DataFrame(meta), meta=pd.DataFrame(meta)
    )
    found: pd.DataFrame = table.compute()
    return found


def _buckets(query: Query) -> list[str]:
    return [f"p{i}" for i in range(query.periods.count)]


def _key(kind: Any) -> pd.Series[Any]:
    return pd.Series(dtype=np.int64 if kind.is_integer() else "str")


def _dealt(frame: Lazy, query: Query) -> Any:
    native = frame.to_native()[list(dict.fromkeys(query.columns.values()))]
    return native.shuffle(on=query.customer, npartitions=native.npartitions)


def _added(part: pd.DataFrame, query: Query, places: int | None) -> tuple[Panel, int, float]:
    columns = columns_of(nw.from_native(part, eager_only=True), query)
    money = in_units(columns, query, places)
    return added(columns, money, query), money.odd, money.size


def _table_of_part(
    part: pd.DataFrame, query: Query, places: int | None, empty: pd.DataFrame
) -> pd.DataFrame:
    panel, odd, size = _added(part, query, places)
    if not len(panel):
        return empty.assign()
    settings = query.settings
    kind = "Float64" if places is None else "Int64"
    return pd.DataFrame(
        {
            "customer": pd.Series(panel.customers, dtype=empty["customer"].dtype),
            "spanned": (~np.isnan(panel.sales).all(axis=1)).astype(np.int64),
            "last": panel.last_day.astype("M8[s]"),
            "value": pd.array(_nullable(panel.value), dtype=kind),
            "cv": coefficient_of_variation(
                panel.sales, ddof=settings.ddof, since_first=settings.since_first
            ),
            "orders": panel.orders,
            "odd": _first(odd, len(panel), np.int64),
            "size": _first(size, len(panel), np.float64),
        }
    )


def _panel_of_part(
    part: pd.DataFrame, query: Query, places: int | None, empty: pd.DataFrame
) -> pd.DataFrame:
    panel, odd, size = _added(part, query, places)
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
            "odd": _first(odd, len(panel), np.int64),
            "value": np.nan_to_num(panel.value).astype(kind),
            **dict(zip(_buckets(query), np.nan_to_num(panel.sales).astype(kind).T, strict=True)),
            "size": _first(size, len(panel), np.float64),
        }
    )


def _nullable(value: Any) -> Any:
    found = pd.array(np.nan_to_num(value))
    found[np.isnan(value)] = pd.NA
    return found


def _first(one: float, n: int, kind: Any) -> Any:
    """Carry a number of the whole partition in its first row."""
    found = np.zeros(n, kind)
    found[0] = one
    return found
