"""Conversion of data frames to transactions, or by aggregation to a panel."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date as Date  # noqa: N812 - a parameter is called date
from typing import Any

import attrs
import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt

from abcxyz._arrays import DayLike, Numbers, freeze
from abcxyz.core.minor_units import EXACT, minor_units
from abcxyz.core.sales.panel import Panel
from abcxyz.core.sales.rhythm import OrderDays, Rhythm
from abcxyz.core.sales.sum_tables import with_gaps
from abcxyz.core.sales.transactions import Transactions
from abcxyz.core.snapshots.settings import Settings
from abcxyz.errors import InputError
from abcxyz.frames.engines import engine_of, quiet
from abcxyz.frames.in_memory import columns_of, panel_of
from abcxyz.frames.lazy import raise_no_sales, raise_unusable, whole_ids
from abcxyz.frames.lazy_rows import UNUSABLE, prepared
from abcxyz.frames.lazy_sums import (
    PANEL_COUNTS,
    bucket_sums,
    order_days,
    orders_by_document,
    panel_table,
)
from abcxyz.frames.query import Lazy, Query, check_columns

__all__ = ["as_narwhals", "panel_from_frame", "transactions_from_frame"]


def as_narwhals(frame: object, query: Query) -> nw.DataFrame[Any] | Lazy:
    """Wrap a frame of any supported library with Narwhals.

    Parameters
    ----------
    frame
        The frame.
    query
        The columns that are used; other columns may have any names.

    Raises
    ------
    InputError
        *frame* is not a data frame, or has a column of the query more than once.
    """
    try:
        native = frame.to_native() if _is_narwhals(frame) else frame  # type: ignore[attr-defined]
        native = _without_twins(native, query)
        wrapped: nw.DataFrame[Any] | Lazy = nw.from_native(native)
    except TypeError:
        raise InputError(
            "{type} is no data frame; pass one of pandas, polars, pyarrow, DuckDB, PySpark, Dask "
            "or Ibis",
            type=f"{type(frame).__module__}.{type(frame).__qualname__}",
        ) from None
    return wrapped


def _without_twins(frame: Any, query: Query) -> Any:
    """Leave out the columns that are not used, if some names occur more than once."""
    pandas = hasattr(frame, "iloc")
    names = list(frame.columns) if pandas else list(getattr(frame, "column_names", ()))
    if len(set(map(repr, names))) == len(names):
        return frame
    for name in query.columns.values():
        if names.count(name) > 1:
            raise InputError(
                "the frame has {count} {count:column|columns} {column!r}; rename or drop all "
                "but one",
                count=names.count(name),
                column=name,
            )
    places = [i for i, name in enumerate(names) if name in query.columns.values()]
    return frame.iloc[:, places] if pandas else frame.select(places)


def _is_narwhals(frame: object) -> bool:
    return type(frame).__module__.partition(".")[0] == "narwhals"


def transactions_from_frame(
    frame: object,
    *,
    customer: str,
    date: str,
    amount: str,
    cost: str | None = None,
    document: str | None = None,
    decimals: int | None = None,
    missing: str = "raise",
) -> Transactions:
    """Convert a frame to transactions; of a lazy one the named columns are collected.

    Parameters
    ----------
    frame, customer, date, amount, cost, document, missing
        As in `segment`.
    decimals
        Decimals of the minor unit to which amounts are converted as integers: 2 for kopecks and
        cents. None for no conversion.

    Returns
    -------
    Transactions

    Raises
    ------
    InputError
        A column is absent, of the wrong type or has missing values, or an amount has more
        decimals.

    Examples
    --------
    >>> import pandas as pd
    >>> sales = pd.DataFrame({"who": ["a"], "on": pd.to_datetime(["2026-01-05"]), "sum": [0.5]})
    >>> names = {"customer": "who", "date": "on", "amount": "sum"}
    >>> transactions_from_frame(sales, **names, decimals=2).amount.tolist()
    [50]
    """
    query = Query(
        customer=customer,
        date=date,
        amount=amount,
        cost=cost,
        document=document,
        settings=Settings(metric="revenue" if cost is None else "profit"),
        as_of=Date(2000, 1, 1),  # unused: rows of any date are converted
        decimals=decimals,
        missing=missing,
    )
    with quiet():
        wrapped = as_narwhals(frame, query)
        if isinstance(wrapped, nw.LazyFrame):
            check_columns(dict(wrapped.collect_schema()), query)
            wrapped = _collected(wrapped.select(*dict.fromkeys(query.columns.values())))
        columns = columns_of(wrapped, query)
    money, spent = columns.amount, columns.cost
    if decimals is not None:
        money = _exactly(money, decimals, "amount")
        spent = None if spent is None else _exactly(spent, decimals, "cost")
    customers = columns.customer
    if not isinstance(customers, np.ndarray):
        customers = np.array(customers.to_pylist(), dtype=object)
    return Transactions(customers, columns.day, money, spent, columns.document)


def _exactly(money: Numbers, decimals: int, name: str) -> Numbers:
    exact, good = minor_units(money, decimals)
    if not good.all():
        place = int(np.argmin(good))
        raise InputError(
            "{name} holds {value!r} at position {place}, which has more than {decimals} "
            "{decimals:decimal|decimals}; round the amounts, or pass decimals=None",
            name=name,
            value=money[place].item(),
            place=place,
            decimals=decimals,
        )
    return exact


def _collected(frame: Lazy) -> nw.DataFrame[Any]:
    engine = engine_of(frame)
    if engine in ("polars", "dask"):
        return frame.collect()
    return frame.collect(backend="pyarrow")


def panel_from_frame(
    frame: object,
    *,
    customer: str,
    date: str,
    amount: str,
    as_of: DayLike,
    period: str = "12M",
    bucket: str | None = None,
    metric: str = "revenue",
    cost: str | None = None,
    document: str | None = None,
    document_spans_days: bool = False,
    lookback: str | None = None,
    decimals: int | None = 2,
    missing: str = "raise",
    minor: bool = False,
    rhythm: bool = False,
) -> Panel:
    """Aggregate a frame to a panel; a lazy one in its engine.

    Parameters
    ----------
    frame, customer, date, amount, as_of, period, bucket, metric, cost, document, missing
        As in `segment`.
    document_spans_days, lookback
        As in `Settings`.
    decimals
        As in `segment`: amounts are summed as integers of the minor unit if possible.
    minor
        Whether to return the sums as integers of the minor unit instead of the unit of the
        frame; an error if the amounts have more decimals.
    rhythm
        Whether to collect the gaps between order days, as `analyze` has them of a file; without
        them it estimates the gaps from the buckets. Of a lazy frame one row per customer and
        order day is fetched.

    Returns
    -------
    Panel
        Customers in undefined order.

    Raises
    ------
    InputError
        As in `segment`.

    Examples
    --------
    >>> import pandas as pd
    >>> from abcxyz import analyze, Settings
    >>> sales = pd.DataFrame({"who": ["a", "a", "b"], "sum": [50, 50, 10],
    ...     "on": pd.to_datetime(["2026-01-05", "2026-02-05", "2026-02-09"])})
    >>> panel = panel_from_frame(sales, customer="who", date="on", amount="sum", period="2M",
    ...                          as_of=Date(2026, 3, 1))
    >>> analyze(panel, as_of=Date(2026, 3, 1), settings=Settings(period="2M")).snapshot.segment
    array([0, 5], dtype=int8)
    """
    query = Query(
        customer=customer,
        date=date,
        amount=amount,
        cost=cost,
        document=document,
        settings=Settings(
            period=period,
            bucket=bucket,
            metric=metric,
            lookback=lookback,
            document_spans_days=document_spans_days,
        ),
        as_of=as_of,
        decimals=decimals,
        missing=missing,
        rhythm=rhythm,
    )
    with quiet():
        wrapped = as_narwhals(frame, query)
        if isinstance(wrapped, nw.DataFrame):
            panel, places = panel_of(wrapped, query)
        else:
            panel, places = _pushed_down(wrapped, query)
    if minor:
        if places is None:
            raise InputError(
                "the amounts are no whole numbers of a minor unit of {decimals} "
                "{decimals:decimal|decimals}; round them, or leave out minor=True",
                decimals=decimals,
            )
        return panel
    if not places or metric == "count":
        return panel
    unit = 10**places
    return attrs.evolve(panel, value=freeze(panel.value / unit), sales=freeze(panel.sales / unit))


def _pushed_down(frame: Lazy, query: Query) -> tuple[Panel, int | None]:
    schema = dict(frame.collect_schema())
    check_columns(schema, query)
    frame = whole_ids(frame, query, schema)
    places = query.places(schema)
    columns, rhythm = _fetched(frame, query, schema, places)
    if places is not None and columns["size"].sum() >= EXACT:
        raise_unusable(frame, query, schema)
        places = None
        columns, rhythm = _fetched(frame, query, schema, places)
    if columns["size"].sum() >= UNUSABLE:
        raise_unusable(frame, query, schema)
    if not len(columns["customer"]):
        raise_no_sales(frame, query)
    return _panel(columns, query, rhythm), places


def _fetched(
    frame: Lazy, query: Query, schema: Mapping[str, Any], places: int | None
) -> tuple[dict[str, npt.NDArray[Any]], Rhythm | None]:
    rhythm = None
    if engine_of(frame) == "dask":
        from abcxyz.frames.dask import dask_panel

        wide, gaps = dask_panel(frame, query, schema, places)
        table = nw.from_native(wide, eager_only=True)
        if gaps is not None:
            rhythm = _rhythm_of_gaps(
                _with_rows(nw.from_native(gaps, eager_only=True), table), len(table)
            )
    else:
        rows = prepared(frame, query, schema, places)
        days = order_days(rows) if query.rhythm else None
        order_totals = None
        if query.document is not None:
            rows, order_totals = orders_by_document(rows, query)
        sums = panel_table(bucket_sums(rows, query, whole=places is not None), query)
        if order_totals is not None:
            sums = sums.drop("orders", "first", "last").join(
                order_totals, on="customer", how="left"
            )
        table = _collected(sums)
        if days is not None:
            rhythm = _rhythm_of_days(_with_rows(_collected(days), table), len(table))
    kinds: dict[str, type[np.generic]] = dict.fromkeys(PANEL_COUNTS, np.int64)
    kinds |= dict.fromkeys(
        ("value", *(f"p{i}" for i in range(query.periods.count))),
        np.float64 if places is None else np.int64,
    )
    columns = {}
    for name in table.columns:
        series = table[name]
        if name in kinds:
            columns[name] = series.to_numpy().astype(kinds[name])
        elif name == "customer" and not series.dtype.is_integer():
            columns[name] = np.empty(len(series), dtype=object)
            columns[name][:] = series.to_list()
        else:
            columns[name] = series.to_numpy()
    return columns, rhythm


def _with_rows(frame: nw.DataFrame[Any], table: nw.DataFrame[Any]) -> nw.DataFrame[Any]:
    """Add the rows (row) of the customers in *table*; the order of *frame* may change."""
    rows = table.select("customer").with_row_index("row")
    return frame.with_row_index("place").join(rows, on="customer", how="inner")


def _rhythm_of_days(days: nw.DataFrame[Any], customers: int) -> Rhythm:
    order_days = OrderDays()
    row, day = (days[name].to_numpy() for name in ("row", "day"))
    order_days.add(row.astype(np.intp), day.astype(np.int32))
    return order_days.close(np.ones(customers, dtype=bool))


def _rhythm_of_gaps(gaps: nw.DataFrame[Any], customers: int) -> Rhythm:
    row, place, gap = (gaps[name].to_numpy() for name in ("row", "place", "gap"))
    counts = np.bincount(row, minlength=customers)
    order = np.lexsort((place, row))
    starts = np.concatenate(([0], np.cumsum(counts)))
    return Rhythm(starts=freeze(starts), gaps=freeze(gap[order].astype(np.int32)))


def _panel(columns: dict[str, npt.NDArray[Any]], query: Query, rhythm: Rhythm | None) -> Panel:
    width = query.periods.count
    sales = np.column_stack([columns[f"p{i}"] for i in range(width)])
    return Panel(
        customers=freeze(columns["customer"]),
        periods=query.periods,
        metric=query.settings.metric,
        value=freeze(with_gaps(columns["value"], columns["inside"] > 0)),
        sales=freeze(with_gaps(sales, columns["spanned"] > 0)),
        orders=freeze(columns["orders"]),
        first_day=freeze(columns["first"].astype("M8[D]")),
        last_day=freeze(columns["last"].astype("M8[D]")),
        rhythm=rhythm,
    )
