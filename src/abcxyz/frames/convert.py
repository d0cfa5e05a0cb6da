"""Frames handed over to the numpy core: added up to a panel where they are, or row by row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date as Date  # noqa: N812 - a parameter is called date
from typing import Any

import attrs
import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Numbers, freeze
from abcxyz.core.sales.accumulate import with_gaps
from abcxyz.core.sales.panel import Panel
from abcxyz.core.sales.transactions import Transactions
from abcxyz.core.snapshots.settings import Settings
from abcxyz.errors import InputError
from abcxyz.frames.engines import engine_of, quiet
from abcxyz.frames.in_memory import columns_of, minor_units, panel_of
from abcxyz.frames.lazy import explain_odd
from abcxyz.frames.lazy_rows import ROOM, prepared
from abcxyz.frames.lazy_sums import bucket_sums, orders_by_document, panel_table
from abcxyz.frames.query import Lazy, Query, check_columns

__all__ = ["panel_from_frame", "transactions_from_frame", "understood"]


def understood(frame: object) -> nw.DataFrame[Any] | Lazy:
    """Recognise a frame of any make.

    Raises
    ------
    InputError
        It is none.
    """
    try:
        native = frame.to_native() if _is_narwhals(frame) else frame  # type: ignore[attr-defined]
        found: nw.DataFrame[Any] | Lazy = nw.from_native(native)
    except TypeError:
        raise InputError(
            "{type} is no data frame; pass one of pandas, polars, pyarrow, DuckDB, PySpark, Dask "
            "or Ibis",
            type=f"{type(frame).__module__}.{type(frame).__qualname__}",
        ) from None
    return found


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
    """Take the sales out of a frame; a lazy one is collected, its named columns only.

    Parameters
    ----------
    frame, customer, date, amount, cost, document, missing
        As in `segment`.
    decimals
        Make whole minor units of the amounts: 2 for kopecks and cents. By default they stay as
        they are.

    Returns
    -------
    Transactions

    Raises
    ------
    InputError
        A column is absent, of the wrong type or lacks values, or an amount has more decimals.

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
        as_of=Date(2000, 1, 1),  # a row is taken whatever its date
        decimals=decimals,
        missing=missing,
    )
    with quiet():
        given = understood(frame)
        if isinstance(given, nw.LazyFrame):
            check_columns(dict(given.collect_schema()), query)
            given = _collected(given.select(*dict.fromkeys(query.columns.values())))
        columns = columns_of(given, query)
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
            "decimals; round the amounts, or pass decimals=None",
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
    as_of: Date,
    period: str = "12M",
    bucket: str | None = None,
    metric: str = "revenue",
    cost: str | None = None,
    document: str | None = None,
    decimals: int | None = 2,
    missing: str = "raise",
    minor: bool = False,
) -> Panel:
    """Add a frame up to the panel that the numpy core takes; lazy ones where the data are.

    Parameters
    ----------
    frame, customer, date, amount, as_of, period, bucket, metric, cost, document, missing
        As in `segment`.
    decimals
        As in `segment`: amounts add up as whole minor units where they allow it.
    minor
        Leave the sums in minor units, as whole numbers, instead of the unit of the frame. An
        error where the amounts do not allow it.

    Returns
    -------
    Panel
        Customers in no certain order.

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
        settings=Settings(period=period, bucket=bucket, metric=metric),
        as_of=as_of,
        decimals=decimals,
        missing=missing,
    )
    with quiet():
        given = understood(frame)
        if isinstance(given, nw.DataFrame):
            panel, places = panel_of(given, query)
        else:
            panel, places = _pushed_down(given, query)
    if minor:
        if places is None:
            raise InputError(
                "the amounts are no whole numbers of a minor unit of {decimals} decimals; round "
                "them, or leave out minor=True",
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
    places = query.places(schema)
    found = _fetched(frame, query, schema, places)
    if places is not None and (found["odd"].sum() or found["size"].sum() >= ROOM):
        explain_odd(frame, query, schema)
        places = None
        found = _fetched(frame, query, schema, places)
    if found["odd"].sum():
        explain_odd(frame, query, schema)
    if not len(found["customer"]):
        raise InputError("there are no sales; check the source and its window")
    return _panel(found, query), places


def _fetched(
    frame: Lazy, query: Query, schema: Mapping[str, Any], places: int | None
) -> dict[str, npt.NDArray[Any]]:
    if engine_of(frame) == "dask":
        from abcxyz.frames.dask import dask_panel

        table = nw.from_native(dask_panel(frame, query, schema, places), eager_only=True)
    else:
        rows = prepared(frame, query, schema, places)
        told = None
        if query.document is not None:
            rows, told = orders_by_document(rows, query)
        wide = panel_table(bucket_sums(rows, query, whole=places is not None), query)
        if told is not None:
            wide = wide.drop("orders", "first", "last").join(told, on="customer", how="left")
        table = _collected(wide)
    counts = ("orders", "inside", "spanned", "odd")
    kinds: dict[str, type[np.generic]] = dict.fromkeys(counts, np.int64)
    kinds |= dict.fromkeys(
        ("value", *(f"p{i}" for i in range(query.periods.count))),
        np.float64 if places is None else np.int64,
    )
    found = {}
    for name in table.columns:
        series = table[name]
        if name in kinds:
            found[name] = series.to_numpy().astype(kinds[name])
        elif name == "customer" and not series.dtype.is_integer():
            found[name] = np.empty(len(series), dtype=object)
            found[name][:] = series.to_list()
        else:
            found[name] = series.to_numpy()
    return found


def _panel(found: dict[str, npt.NDArray[Any]], query: Query) -> Panel:
    width = query.periods.count
    sales = np.column_stack([found[f"p{i}"] for i in range(width)])
    return Panel(
        customers=freeze(found["customer"]),
        periods=query.periods,
        metric=query.settings.metric,
        value=freeze(with_gaps(found["value"], found["inside"] > 0)),
        sales=freeze(with_gaps(sales, found["spanned"] > 0)),
        orders=freeze(found["orders"]),
        first_day=freeze(found["first"].astype("M8[D]")),
        last_day=freeze(found["last"].astype("M8[D]")),
    )
