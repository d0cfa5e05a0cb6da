"""Frames whose data stay where they are: nothing of the size of the customers is fetched."""

from __future__ import annotations

import math
from typing import Any

import narwhals.stable.v2 as nw

from abcxyz.errors import InputError
from abcxyz.frames.engines import Kept, engine_of, keep, one_row
from abcxyz.frames.lazy_cuts import Marks, Seen, check_rules, find_marks, look
from abcxyz.frames.lazy_rows import ROOM, diagnosis, prepared
from abcxyz.frames.lazy_sums import bucket_sums, customer_table, orders_by_document
from abcxyz.frames.query import Lazy, Query, check_columns

__all__ = ["classified", "explain_odd", "segment_lazy", "summed"]


def segment_lazy(frame: Lazy, query: Query) -> Kept:
    """Divide the customers of a lazy frame; the result is lazy, over a table that is kept."""
    check_rules(frame, query.abc, query.xyz)
    schema = dict(frame.collect_schema())
    check_columns(schema, query)
    places = query.places(schema)
    kept, seen = _kept(frame, query, schema, places)
    if seen.odd and places is not None:
        # Either a row lacks something, or an amount is no whole number of the minor unit.
        kept.release()
        explain_odd(frame, query, schema)
        places = None
        kept, seen = _kept(frame, query, schema, places)
    elif places is not None and seen.size >= ROOM:
        kept.release()
        places = None
        kept, seen = _kept(frame, query, schema, places)
    try:
        if seen.odd:
            explain_odd(frame, query, schema)
        if not seen.customers:
            raise InputError("there are no sales; check the source and its window")
        marks = find_marks(kept.frame, seen, query.abc, query.xyz, places)
    except BaseException:
        kept.release()
        raise
    return Kept(classified(kept.frame, marks, seen, query, places), kept.release)


def _kept(
    frame: Lazy, query: Query, schema: dict[str, Any], places: int | None
) -> tuple[Kept, Seen]:
    kept = keep(summed(frame, query, schema, places))
    try:
        return kept, look(kept.frame, whole=places is not None)
    except BaseException:
        kept.release()
        raise


def summed(frame: Lazy, query: Query, schema: dict[str, Any], places: int | None) -> Lazy:
    """Add up to one row per customer, where the data are."""
    whole = places is not None
    if engine_of(frame) == "dask":
        from abcxyz.frames.dask import dask_table

        return dask_table(frame, query, schema, places)
    rows = prepared(frame, query, schema, places)
    told = None
    if query.document is not None:
        rows, told = orders_by_document(rows, query)
    table = customer_table(bucket_sums(rows, query, whole=whole), query, whole=whole)
    if told is None:
        return table
    return table.drop("orders", "last").join(
        told.select("customer", "last", orders=nw.col("orders").cast(nw.Int64)),
        on="customer",
        how="left",
    )


def explain_odd(frame: Lazy, query: Query, schema: dict[str, Any]) -> None:
    """Raise where a row lacks something that is needed, or holds infinity.

    Raises
    ------
    InputError
        Names the column and the number of rows.
    """
    found, counts = diagnosis(frame, query, schema)
    for (column, trouble), count in zip(found, one_row(counts).values(), strict=True):
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


def classified(table: Lazy, marks: Marks, seen: Seen, query: Query, places: int | None) -> Lazy:
    """Turn the table of customers into the answer."""
    value, cv = nw.col("value"), nw.col("cv")
    money = value.cast(nw.Float64)
    money = money / 10**places if places else money
    abc = _above(value, marks.a, "A", _above(value, marks.b, "B", nw.lit("C")))
    xyz = _below(cv, marks.x, "X", _below(cv, marks.y, "Y", nw.lit("Z")))
    if query.single_order:
        xyz = nw.when(nw.col("orders") <= 1).then(nw.lit("Z")).otherwise(xyz)
    answer = table.select(
        "customer",
        value=money,
        share=value.cast(nw.Float64) / float(seen.positive)
        if seen.positives
        else nw.lit(None, dtype=nw.Float64),
        cv=cv,
        orders=nw.col("orders"),
        last_day=nw.col("last"),
        abc=nw.when(~value.is_null()).then(abc),
        xyz=nw.when(nw.col("spanned") > 0).then(xyz),
    )
    return answer.with_columns(segment=nw.concat_str("abc", "xyz"))


def _above(column: nw.Expr, mark: float, label: str, other: nw.Expr) -> nw.Expr:
    if mark != mark or mark == math.inf:
        return other
    return nw.when(column >= mark).then(nw.lit(label)).otherwise(other)


def _below(column: nw.Expr, mark: float, label: str, other: nw.Expr) -> nw.Expr:
    if mark != mark or mark == -math.inf:
        return other
    return nw.when(column <= mark).then(nw.lit(label)).otherwise(other)
