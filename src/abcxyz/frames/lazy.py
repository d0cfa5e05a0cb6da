"""Segmentation of lazy frames in their engine; only constant-size results are fetched."""

from __future__ import annotations

import math
from typing import Any

import narwhals.stable.v2 as nw

from abcxyz._arrays import as_day
from abcxyz.core.classes.meaningless import warn_of_xyz
from abcxyz.core.classes.segments import XYZ
from abcxyz.core.minor_units import EXACT
from abcxyz.core.sales.coverage import check_coverage
from abcxyz.core.sales.rhythm import LEAST_GAPS, USUAL
from abcxyz.errors import InputError
from abcxyz.frames.engines import Persisted, engine_of, one_row, persist
from abcxyz.frames.lazy_cuts import Marks, TableStats, check_rules, find_marks, table_stats
from abcxyz.frames.lazy_rows import diagnosis, prepared
from abcxyz.frames.lazy_sums import (
    bucket_sums,
    customer_table,
    order_days,
    orders_by_document,
    rhythm_table,
)
from abcxyz.frames.query import RHYTHM, Lazy, Query, check_columns, raise_outside

__all__ = [
    "customer_sums",
    "raise_no_sales",
    "raise_unusable",
    "segment_lazy",
    "whole_ids",
    "with_classes",
]

_CALLER = 4  # frames of the stack from `_warn` to the caller of `segment`


def segment_lazy(frame: Lazy, query: Query) -> Persisted:
    """Segment the customers of a lazy frame; the result is lazy, over a persisted table."""
    check_rules(frame, query.abc, query.xyz)
    schema = dict(frame.collect_schema())
    check_columns(schema, query)
    frame = whole_ids(frame, query, schema)
    places = query.places(schema)
    table, stats = _persisted(frame, query, schema, places)
    if places is not None and stats.size >= EXACT:
        table.release()
        if stats.unusable:
            # Either a row has a missing value, or an amount is no integer of the minor unit.
            raise_unusable(frame, query, schema)
        places = None
        table, stats = _persisted(frame, query, schema, places)
    try:
        if stats.unusable:
            raise_unusable(frame, query, schema)
        if not stats.customers:
            raise_no_sales(frame, query)
        marks = find_marks(table.frame, stats, query.abc, query.xyz, places)
        result = with_classes(table.frame, marks, stats, query, places)
        _warn(table.frame, stats, marks, query)
    except BaseException:
        table.release()
        raise
    return Persisted(result, table.release)


def raise_no_sales(frame: Lazy, query: Query) -> None:
    """Raise an error that no sale lies in the lookback, with the day of the last one before it.

    Raises
    ------
    InputError
        Always.
    """
    raise_outside(query, one_row(frame.select(last=nw.col(query.date).max()))["last"])


def _warn(table: Lazy, stats: TableStats, marks: Marks, query: Query) -> None:
    """Warn as `analyze` does: of the days of the sales, and of classes that mean nothing."""
    row = one_row(
        table.with_columns(xyz=_xyz(marks, query)).select(
            nw.col("first").min(),
            nw.col("last").max(),
            *(nw.when(nw.col("xyz") == name).then(1).count().alias(name) for name in XYZ),
        )
    )
    first, last = (
        None if row[name] is None else as_day(row[name], name) for name in ("first", "last")
    )
    check_coverage(
        query.periods, first=first, last=last, inside=stats.count > 0, stacklevel=_CALLER
    )
    warn_of_xyz([int(row[name]) for name in XYZ], marks.x_cut, stacklevel=_CALLER)


def _xyz(marks: Marks, query: Query) -> nw.Expr:
    """Return the class of the coefficient of variation; null without a sale in a bucket."""
    cv = nw.col("cv")
    xyz = _below(cv, marks.x, "X", _below(cv, marks.y, "Y", nw.lit("Z")))
    if query.single_order:
        xyz = nw.when(nw.col("orders") <= 1).then(nw.lit("Z")).otherwise(xyz)
    return nw.when(nw.col("spanned") > 0).then(xyz)


def whole_ids(frame: Lazy, query: Query, schema: dict[str, Any]) -> Lazy:
    """Make integers of identifiers that are whole numbers among fractions; update *schema*.

    Raises
    ------
    InputError
        Some are fractions.
    """
    for role in ("customer", "document"):
        name = query.columns.get(role)
        if name is None or not schema[name].is_float():
            continue
        known = nw.when(~nw.col(name).is_nan()).then(nw.col(name))
        whole = known.cast(nw.Int64)
        wrong = (known != whole.cast(nw.Float64)).cast(nw.Int64).sum()
        (count,) = one_row(frame.select(wrong=wrong)).values()
        if count:
            raise InputError(
                "the column {column!r} is of the type {type}; convert it to whole numbers or "
                "text first",
                column=name,
                type=str(schema[name]),
            )
        frame = frame.with_columns(whole.alias(name))
        schema[name] = nw.Int64()
    return frame


def _persisted(
    frame: Lazy, query: Query, schema: dict[str, Any], places: int | None
) -> tuple[Persisted, TableStats]:
    table = persist(customer_sums(frame, query, schema, places))
    try:
        return table, table_stats(table.frame, whole=places is not None)
    except BaseException:
        table.release()
        raise


def customer_sums(frame: Lazy, query: Query, schema: dict[str, Any], places: int | None) -> Lazy:
    """Aggregate to one row per customer, in the engine of the frame."""
    whole = places is not None
    if engine_of(frame) == "dask":
        from abcxyz.frames.dask import dask_table

        return dask_table(frame, query, schema, places)
    rows = prepared(frame, query, schema, places)
    order_totals = None
    days = order_days(rows) if query.rhythm else None
    if query.document is not None:
        rows, order_totals = orders_by_document(rows, query)
    table = customer_table(bucket_sums(rows, query, whole=whole), query, whole=whole)
    if order_totals is not None:
        totals = ("customer", "first", "last")
        orders = nw.col("orders").cast(nw.Int64)
        table = table.drop("orders", "first", "last").join(
            order_totals.select(*totals, orders=orders), on="customer", how="left"
        )
    if days is not None:
        rhythm = rhythm_table(days, USUAL, LEAST_GAPS)
        table = table.join(rhythm, on="customer", how="left")
        table = table.with_columns(nw.col("gaps").fill_null(0))
    return table


def raise_unusable(frame: Lazy, query: Query, schema: dict[str, Any]) -> None:
    """Raise an error if rows have missing or infinite values.

    Raises
    ------
    InputError
        A column has missing or infinite values; the message names it and the number of rows.
    """
    checks, counts = diagnosis(frame, query, schema)
    for (column, trouble), count in zip(checks, one_row(counts).values(), strict=True):
        if not count:
            continue
        if trouble == "infinite":
            raise InputError(
                "the column {column!r} is infinite in {count} row(s); replace it by the amount, "
                "or leave those rows out",
                column=column,
                count=int(count),
            )
        if query.missing == "raise":
            raise InputError(
                "the column {column!r} has no value in {count} row(s); leave them out with "
                "missing='drop', or fill them in",
                column=column,
                count=int(count),
            )


def with_classes(
    table: Lazy, marks: Marks, stats: TableStats, query: Query, places: int | None
) -> Lazy:
    """Add the classes to the table of customers."""
    value = nw.col("value")
    money = value.cast(nw.Float64)
    money = money / 10**places if places else money
    abc = _above(value, marks.a, "A", _above(value, marks.b, "B", nw.lit("C")))
    result = table.select(
        "customer",
        value=money,
        share=value.cast(nw.Float64) / float(stats.positive)
        if stats.positives
        else nw.lit(None, dtype=nw.Float64),
        cv=nw.col("cv"),
        orders=nw.col("orders"),
        last_day=nw.col("last"),
        abc=nw.when(~value.is_null()).then(abc),
        xyz=_xyz(marks, query),
        **({"first_day": nw.col("first")} if query.rhythm else {}),
        **({name: nw.col(name) for name in RHYTHM[1:]} if query.rhythm else {}),
    )
    result = result.with_columns(segment=nw.concat_str("abc", "xyz"))
    if not query.rhythm:
        return result
    # The columns that are always there come first.
    return result.select(nw.exclude(*RHYTHM), *RHYTHM)


def _above(column: nw.Expr, mark: float, label: str, other: nw.Expr) -> nw.Expr:
    if mark != mark or mark == math.inf:
        return other
    return nw.when(column >= mark).then(nw.lit(label)).otherwise(other)


def _below(column: nw.Expr, mark: float, label: str, other: nw.Expr) -> nw.Expr:
    if mark != mark or mark == -math.inf:
        return other
    return nw.when(column <= mark).then(nw.lit(label)).otherwise(other)
