"""Segmentation of frames in memory with the numpy core."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
from attrs import frozen

from abcxyz._arrays import Bools, Codes, Days, Floats, Numbers, as_numbers
from abcxyz.core.classes.classify import classify_abc, classify_xyz
from abcxyz.core.classes.meaningless import warn_of_unsteady_x
from abcxyz.core.classes.rules import Limits
from abcxyz.core.classes.segments import ABC, SEGMENTS, XYZ, segment_codes
from abcxyz.core.minor_units import minor_units
from abcxyz.core.sales.coverage import check_panel_coverage
from abcxyz.core.sales.panel import Panel, aggregate
from abcxyz.core.sales.rhythm import LEAST_GAPS, USUAL
from abcxyz.core.sales.transactions import Transactions, as_days, as_ids
from abcxyz.errors import InputError
from abcxyz.fast import FAST_PAYS, customer_grid
from abcxyz.frames.lazy_cuts import LAZY_ABC, LAZY_XYZ, find_marks, table_stats
from abcxyz.frames.query import RHYTHM, Query, check_columns, raise_outside

__all__ = [
    "Columns",
    "aggregated",
    "columns_of",
    "in_units",
    "panel_of",
    "rhythm_columns",
    "segment_eager",
]

_ROOM = 2.0**62  # sum of absolute amounts up to which no partial sum exceeds 64 bits


@frozen(eq=False)
class Columns:
    """Columns of sales as arrays of one length, without missing values.

    Parameters
    ----------
    customer
        Integers, or strings: as objects, or as an Arrow column if there are many.
    day
        datetime64.
    amount, cost, document
        As in the frame; the last two may be None.
    """

    customer: Any
    day: Days
    amount: Numbers
    cost: Numbers | None
    document: npt.NDArray[Any] | None


def columns_of(frame: nw.DataFrame[Any], query: Query) -> Columns:
    """Extract the columns of a query from a frame in memory.

    Raises
    ------
    InputError
        A column is absent, of the wrong type, or has missing values.
    """
    schema = dict(frame.collect_schema())
    check_columns(schema, query)
    frame = frame.select(*dict.fromkeys(query.columns.values()))
    lacking = {name: _lacks(frame[name]) for name in frame.columns}
    for name, rows in lacking.items():
        count = int(np.count_nonzero(rows))
        if count and query.missing == "raise":
            raise InputError(
                "the column {column!r} has no value in {count} row(s); leave them out with "
                "missing='drop', or fill them in",
                column=name,
                count=count,
            )
    anywhere = np.logical_or.reduce(list(lacking.values()))
    if anywhere.any():
        frame = frame.filter((~anywhere).tolist())
    cost = query.cost if query.settings.metric == "profit" else None
    return Columns(
        customer=_ids(frame[query.customer]),
        day=_days(frame[query.date]),
        amount=_money(frame[query.amount]),
        cost=None if cost is None else _money(frame[cost]),
        document=None if query.document is None else _objects(frame[query.document]),
    )


def _lacks(series: nw.Series[Any]) -> Bools:
    rows = series.is_null()
    if series.dtype.is_float():
        rows = rows | series.is_nan()
    elif series.dtype == nw.String:
        rows = rows | (series == "").fill_null(value=True)
    elif series.dtype == nw.Object:
        rows = rows | nw.new_series(
            "blank", [v == "" for v in series.to_list()], nw.Boolean, backend=series.implementation
        )
    return np.asarray(rows.to_numpy(), dtype=np.bool_)


def _ids(series: nw.Series[Any]) -> Any:
    if series.dtype in (nw.Categorical, nw.Enum):
        if series.implementation.is_pandas_like():
            native = series.to_native()
            if native.dtype == "category":
                # The categories may be integers, which stay integers.
                return _ids(
                    nw.from_native(native.astype(native.cat.categories.dtype), series_only=True)
                )
        series = series.cast(nw.String)
    if series.dtype.is_integer():
        return np.asarray(series.to_numpy())
    if series.dtype.is_float():
        numbers = np.asarray(series.to_numpy(), dtype=np.float64)
        if (numbers != np.floor(numbers)).any():
            raise InputError(
                "the column {column!r} is of the type {type}; convert it to whole numbers or "
                "text first",
                column=series.name,
                type=str(series.dtype),
            )
        return as_ids(numbers, series.name)
    if series.dtype == nw.String and len(series) >= FAST_PAYS and find_spec("pyarrow"):
        return _arrow_strings(series)
    ids = np.empty(len(series), dtype=object)
    ids[:] = series.to_list()
    if series.dtype == nw.Object:
        for place, one in enumerate(ids):
            if not isinstance(one, (str, int)) or isinstance(one, bool):
                raise InputError(
                    "{name} holds {value!r} at position {place}, which is no id; "
                    "convert the column to whole numbers or text first",
                    name=series.name,
                    value=one,
                    place=place,
                )
    return ids


def _objects(series: nw.Series[Any]) -> npt.NDArray[Any]:
    ids = _ids(series)
    return ids if isinstance(ids, np.ndarray) else np.array(ids.to_pylist(), dtype=object)


def _arrow_strings(series: nw.Series[Any]) -> Any:
    import pyarrow as pa

    return series.to_arrow().cast(pa.large_string())


def _days(series: nw.Series[Any]) -> Days:
    if series.dtype == nw.Object:
        return as_days(np.array(series.to_list(), dtype=object), series.name)
    if isinstance(series.dtype, nw.Datetime) and series.dtype.time_zone is not None:
        # The day is the local one in the time zone of the column.
        series = series.dt.replace_time_zone(None)
    return np.asarray(series.to_numpy())


def _money(series: nw.Series[Any]) -> Numbers:
    if not len(series):
        return np.empty(0)
    if series.dtype == nw.Object:
        return as_numbers(series.to_list(), series.name)
    if series.dtype.is_integer():
        money = series.to_numpy()
        return np.asarray(money).astype(np.int64 if money.dtype != np.uint64 else np.float64)
    return as_numbers(np.asarray(series.cast(nw.Float64).to_numpy()), series.name)


@frozen(eq=False)
class Amounts:
    """Amounts of the rows.

    Parameters
    ----------
    amount, cost
        int64 minor units, or float64 in the unit of the frame.
    unusable
        Number of amounts that are not integers of the minor unit; they count as zero.
    size
        Sum of all absolute values.
    """

    amount: Numbers
    cost: Numbers | None
    unusable: int
    size: float


def in_units(columns: Columns, query: Query, places: int | None) -> Amounts:
    """Convert the amounts to integers of the minor unit, unless *places* is None."""
    unusable, size = 0, 0.0
    if query.settings.metric == "count":
        places = None  # only the sign of an amount matters
    money: list[Numbers] = []
    for one in (columns.amount, columns.cost):
        if one is None:
            continue
        exact: Numbers = one.astype(np.float64, copy=False)
        if places is not None:
            exact, good = minor_units(one, places)
            unusable += int(np.count_nonzero(~good))
        size += float(np.abs(exact).sum(dtype=np.float64))
        money.append(exact)
    return Amounts(money[0], money[1] if len(money) > 1 else None, unusable, size)


def aggregated(columns: Columns, money: Amounts, query: Query, *, ordered: bool = True) -> Panel:
    """Aggregate sales to a panel, many rows with `customer_grid`."""
    metric = query.settings.metric
    if columns.document is None and _is_fast(columns.customer):
        return customer_grid(
            columns.customer,
            columns.day,
            money.amount,
            query.periods,
            costs=money.cost,
            metric=metric,
            ordered=ordered,
            rhythm=query.rhythm,
        )
    customer = columns.customer
    if not isinstance(customer, np.ndarray):
        customer = np.array(customer.to_pylist(), dtype=object)
    sales = Transactions(customer, columns.day, money.amount, money.cost, columns.document)
    return aggregate(
        [sales],
        query.periods,
        metric=metric,
        rhythm=query.rhythm,
        document_spans_days=query.settings.document_spans_days,
    )


def _is_fast(ids: Any) -> bool:
    if not isinstance(ids, np.ndarray):
        return True
    return len(ids) >= FAST_PAYS and ids.dtype.kind in "iu" and ids.dtype != np.uint64


def panel_of(
    frame: nw.DataFrame[Any], query: Query, *, ordered: bool = True
) -> tuple[Panel, int | None]:
    """Aggregate a frame in memory to a panel.

    Returns
    -------
    tuple
        The panel, and the decimals of its minor unit; None if it contains floats in the unit of
        the frame.
    """
    columns = columns_of(frame, query)
    if not len(columns.day):
        raise InputError("there are no sales; check the source and its window")
    places = query.places(dict(frame.collect_schema()))
    money = in_units(columns, query, places)
    if places is not None and (money.unusable or money.size >= _ROOM):
        places = None
        money = in_units(columns, query, places)
    panel = aggregated(columns, money, query, ordered=ordered)
    if not len(panel):
        raise_outside(query, as_days(columns.day, query.date).max().item())
    return panel, places


def segment_eager(frame: nw.DataFrame[Any], query: Query) -> nw.DataFrame[Any]:
    """Segment the customers of a frame in memory; the result is a frame of the same kind."""
    panel, places = panel_of(frame, query, ordered=False)
    check_panel_coverage(panel, stacklevel=3)
    settings, backend = query.settings, frame.implementation
    unit = 10 ** (places or 0)
    rule = query.abc
    if isinstance(rule, Limits):
        rule = Limits(rule.first * unit, rule.second * unit)
    abc = classify_abc(panel.value, rule, metric=settings.metric)
    xyz = classify_xyz(
        panel.sales,
        query.xyz,
        ddof=settings.ddof,
        since_first=settings.since_first,
        single_order=settings.single_order,
        orders=panel.orders,
    )
    warn_of_unsteady_x(xyz, stacklevel=3)
    codes = abc.codes, xyz.codes
    if places is None and type(query.abc) in LAZY_ABC and type(query.xyz) in LAZY_XYZ:
        codes = _near_codes(panel, xyz.cv, query, backend)
    result = {
        "customer": _series("customer", panel.customers, backend),
        "value": _series("value", panel.value / unit, backend),
        "share": _series("share", abc.share, backend),
        "cv": _series("cv", xyz.cv, backend),
        "orders": _series("orders", panel.orders, backend),
        "last_day": _series("last_day", panel.last_day, backend),
        "abc": _labels("abc", codes[0], ABC, backend),
        "xyz": _labels("xyz", codes[1], XYZ, backend),
        "segment": _labels("segment", segment_codes(*codes), SEGMENTS, backend),
    }
    for name, values in rhythm_columns(panel).items():
        result[name] = _series(name, values, backend)
    return nw.from_dict(result, backend=backend)


def rhythm_columns(panel: Panel) -> dict[str, npt.NDArray[Any]]:
    """Return the columns of the order rhythm; none if the panel has no rhythm."""
    rhythm = panel.rhythm
    if rhythm is None:
        return {}
    columns = (
        panel.first_day,
        np.diff(rhythm.starts),
        rhythm.means(),
        rhythm.quantiles(USUAL, least=LEAST_GAPS),
        rhythm.longest(),
    )
    return dict(zip(RHYTHM, columns, strict=True))


def _near_codes(panel: Panel, cv: Floats, query: Query, backend: Any) -> tuple[Codes, Codes]:
    """Classify floats with the tolerance common to all engines."""
    none = np.zeros(len(panel), np.int64)
    columns = {"value": panel.value, "cv": cv, "size": none}
    series = {name: _series(name, values, backend) for name, values in columns.items()}
    table = nw.from_dict(series, backend=backend).lazy()
    marks = find_marks(table, table_stats(table, whole=False), query.abc, query.xyz, None)
    value = panel.value
    abc = np.where(value >= marks.a, 0, np.where(value >= marks.b, 1, 2)).astype(np.int8)
    xyz = np.where(cv <= marks.x, 0, np.where(cv <= marks.y, 1, 2)).astype(np.int8)
    if query.single_order:
        xyz[panel.orders <= 1] = 2
    abc[np.isnan(value)] = -1
    xyz[np.isnan(panel.sales).all(axis=1)] = -1
    return abc, xyz


def _series(name: str, values: npt.NDArray[Any], backend: Any) -> nw.Series[Any]:
    if values.dtype.kind == "O":
        return nw.new_series(name, values.tolist(), backend=backend)
    series: nw.Series[Any] = nw.new_series(name, np.array(values), backend=backend)
    return series.fill_nan(None) if values.dtype.kind == "f" else series


def _labels(
    name: str, codes: npt.NDArray[np.int8], names: tuple[str, ...], backend: Any
) -> nw.Series[Any]:
    labels: nw.Series[Any] = nw.new_series(name, [*names, None], nw.String, backend=backend)
    column: nw.Series[Any] = labels[
        np.where(codes < 0, len(names), codes).astype(np.int64).tolist()
    ]
    if backend.is_pandas_like():
        # The index would consist of the codes.
        native = column.to_native().reset_index(drop=True)
        column = nw.from_native(native, series_only=True)
    return column
