"""Aggregation of a lazy frame to one row per customer, in its engine."""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw

from abcxyz.core.sums import NEAR
from abcxyz.frames.lazy_rows import UNUSABLE, bucket_of, day_number
from abcxyz.frames.query import Lazy, Query

__all__ = [
    "PANEL_COUNTS",
    "bucket_sums",
    "customer_table",
    "order_days",
    "orders_by_document",
    "panel_table",
    "rhythm_table",
]

PANEL_COUNTS = ("orders", "inside", "spanned")
"""Columns of a panel that count: orders and rows in the window, and 1 with a row in a bucket."""

_OF_WINDOW = ("value", "orders", "inside")  # of the window only, if buckets extend beyond it


def orders_by_document(rows: Lazy, query: Query) -> tuple[Lazy, Lazy]:
    """Count each document once; returns do not count.

    A document is identified by customer, number and day; if documents span days, by customer and
    number, and it belongs to the day of its first line.

    Returns
    -------
    tuple
        Rows for `bucket_sums` (documents instead of lines for the metric ``count``), and the
        orders and the first and last day of every customer, which those rows do not contain.
    """
    totals = [nw.col(name).sum() for name in ("amount", "size", "unusable")]
    keys = ["customer", "document"]
    if query.settings.document_spans_days:
        totals.append(nw.col("day").min())
    else:
        keys.append("day")
    documents = (
        rows.with_columns(size=nw.col("amount").abs().cast(nw.Float64))
        .group_by(*keys)
        .agg(*totals)
    )
    is_sale = nw.col("amount").cast(nw.Float64) >= -NEAR * nw.col("size")
    documents = documents.with_columns(sale=nw.when(is_sale).then(1).otherwise(0).cast(nw.Int64))
    window = query.periods.window
    inside = (nw.col("day") >= nw.lit(window.since)) & (nw.col("day") < nw.lit(window.until))
    orders = (
        documents.with_columns(orders=nw.when(inside).then(nw.col("sale")).otherwise(0))
        .group_by("customer")
        .agg(nw.col("orders").sum())
    )
    days = (
        rows.with_columns(day=nw.when(nw.col("sale") == 1).then(nw.col("day")))
        .group_by("customer")
        .agg(nw.col("day").max().alias("last"), nw.col("day").min().alias("first"))
    )
    order_totals = orders.join(days, on="customer", how="left")
    if query.settings.metric != "count":
        return rows, order_totals
    counted = documents.with_columns(money=nw.col("sale"), amount=nw.col("sale"))
    if not query.settings.document_spans_days:
        return counted, order_totals
    # A customer has sales in a bucket by the days of the lines, also without the first line.
    zero = nw.lit(0.0)
    lines = rows.with_columns(money=zero, amount=zero, sale=zero)
    counts = [nw.col(name).cast(nw.Float64) for name in ("money", "amount")]
    counts += [nw.col(name).cast(nw.Int64) for name in ("sale", "unusable")]
    parts = [part.select("customer", "day", *counts) for part in (counted, lines)]
    return nw.concat(parts), order_totals


def order_days(rows: Lazy) -> Lazy:
    """Return customer and day (as `day_number`) of the lines that are sales, each pair once."""
    days = rows.filter(nw.col("sale") == 1).select(
        "customer", day=day_number(nw.col("day")).cast(nw.Int64)
    )
    return days.group_by("customer", "day").agg(nw.len().alias("lines")).select("customer", "day")


def rhythm_table(days: Lazy, quantile: float, least: int) -> Lazy:
    """Summarise the gaps between the order days of every customer that has any.

    Parameters
    ----------
    days
        As of `order_days`.
    quantile, least
        As in `abcxyz.core.sales.rhythm.Rhythm.quantiles`.

    Returns
    -------
    narwhals.LazyFrame
        customer, gaps (number), mean_gap, gap_90 (null with too few gaps), longest_gap.

    Notes
    -----
    The two gaps around the quantile are picked by their ranks: quantiles of engines differ in
    their interpolation, and some have none.
    """
    gap, rank, count = nw.col("gap"), nw.col("rank"), nw.col("count")
    before = nw.col("day").shift(1).over("customer", order_by="day")
    gaps = days.with_columns(gap=nw.col("day") - before).filter(~gap.is_null())
    gaps = gaps.with_columns(
        rank=gap.rank("ordinal").over("customer").cast(nw.Int64) - 1,
        count=gap.count().over("customer").cast(nw.Int64),
    )
    gaps = gaps.with_columns(place=(count - 1).cast(nw.Float64) * quantile)
    gaps = gaps.with_columns(low=nw.col("place").floor().cast(nw.Int64))
    low, place = nw.col("low"), nw.col("place")
    last = low + 1 >= count  # the highest gap of all
    table = (
        gaps.select(
            "customer",
            gaps=gap,
            total=gap,
            longest=gap,
            lower=nw.when(rank == low).then(gap),
            upper=nw.when((rank == low + 1) | (last & (rank == low))).then(gap),
            above=place - low.cast(nw.Float64),
        )
        .group_by("customer")
        .agg(
            nw.col("gaps").count(),
            nw.col("total").sum(),
            *(nw.col(name).max() for name in ("longest", "lower", "upper", "above")),
        )
    )
    total, lower, upper = (nw.col(n).cast(nw.Float64) for n in ("total", "lower", "upper"))
    found = lower + nw.col("above") * (upper - lower)
    return table.select(
        "customer",
        gaps=nw.col("gaps").cast(nw.Int64),
        mean_gap=total / nw.col("gaps").cast(nw.Float64),
        gap_90=nw.when(nw.col("gaps") >= least).then(found),
        longest_gap=nw.col("longest").cast(nw.Float64),
    )


def _size(query: Query, *, whole: bool) -> nw.Expr:
    """Return the absolute values of what is added up, if it is *whole*; `UNUSABLE` marks rows.

    One column for both: a column that marks unusable rows alone takes a fifth of the time.
    """
    amount = nw.col("amount")
    size = amount.abs().cast(nw.Float64) if whole else nw.lit(0.0)
    if whole and query.settings.metric == "profit":
        size = amount.abs() + (amount - nw.col("money")).abs()
    return nw.when(nw.col("unusable") == 0).then(size).otherwise(UNUSABLE)


def bucket_sums(rows: Lazy, query: Query, *, whole: bool) -> Lazy:
    """Aggregate per customer and bucket.

    Returns
    -------
    narwhals.LazyFrame
        customer, bucket, money, size (of `_size`), first, last, sale
        (number); if the buckets extend beyond the window also value, orders and inside (number
        of rows) of the window only.

    Notes
    -----
    Sales are counted, not summed: some engines sum integers in 128 bits, which is slow.
    """
    sold = nw.when(nw.col("sale") == 1).then(nw.col("day"))
    columns = {
        "customer": nw.col("customer"),
        "bucket": bucket_of(nw.col("day"), query.periods),
        "money": nw.col("money"),
        "size": _size(query, whole=whole),
        "first": sold,
        "last": sold,
        "sale": sold,
    }
    sums, counts = ["money", "size"], ["sale"]
    if query.stretched:
        window = query.periods.window
        inside = (nw.col("day") >= nw.lit(window.since)) & (nw.col("day") < nw.lit(window.until))
        value = nw.when(inside).then(nw.col("money")).otherwise(0)
        rest = (nw.when(inside).then(one) for one in (sold, nw.col("day")))
        columns |= dict(zip(_OF_WINDOW, (value, *rest), strict=True))
        sums, counts = [*sums, _OF_WINDOW[0]], [*counts, *_OF_WINDOW[1:]]
    grouped = (
        rows.select(**columns)
        .group_by("customer", "bucket")
        .agg(
            *(nw.col(name).sum() for name in sums),
            *(nw.col(name).count() for name in counts),
            nw.col("first").min(),
            nw.col("last").max(),
        )
    )
    kinds: dict[str, Any] = dict.fromkeys(counts, nw.Int64) | {"size": nw.Float64}
    kinds |= dict.fromkeys(sums[:1] + sums[2:], nw.Int64 if whole else nw.Float64)
    return grouped.with_columns(nw.col(name).cast(kind) for name, kind in kinds.items())


def customer_table(sums: Lazy, query: Query, *, whole: bool) -> Lazy:
    """Aggregate buckets to customers.

    Returns
    -------
    narwhals.LazyFrame
        customer, value (null without sales in the window), spanned (1 with a row in any bucket),
        cv (null if undefined), orders, first, last, size.

    Notes
    -----
    With k of P buckets nonzero, of sum s and variance v, the squared CV of all P is
    P k v / s² + (P - k) / k: without a subtraction, which could cancel.
    """
    bucketed = nw.col("bucket") >= 0
    filled = bucketed & (nw.col("money") != 0)
    columns = {
        "customer": nw.col("customer"),
        "spanned": nw.when(bucketed).then(1).otherwise(0).cast(nw.Int64),
        "span": nw.when(bucketed).then(nw.col("money")).otherwise(0),
        "x": nw.when(filled).then(nw.col("money").cast(nw.Float64)),
        "first": nw.col("first"),
        "last": nw.col("last"),
        "size": nw.col("size"),
    }
    if query.stretched:
        columns |= {name: nw.col(name) for name in _OF_WINDOW}
    else:
        columns["orders"] = nw.when(bucketed).then(nw.col("sale")).otherwise(0)
    if query.settings.since_first:
        columns["begun"] = nw.when(filled).then(nw.col("bucket"))
    if not whole:
        columns["top"] = nw.when(bucketed).then(nw.col("money").abs())
    totals = ["span", "orders", "size", *(["value", "inside"] if query.stretched else [])]
    extremes = [nw.col("begun").min()] if "begun" in columns else []
    extremes += [nw.col("top").max()] if "top" in columns else []
    table = sums.select(**columns).with_columns(k=nw.col("x"))
    table = table.group_by("customer").agg(
        *(nw.col(name).sum() for name in totals),
        nw.col("x").var(ddof=0),
        nw.col("k").count(),
        nw.col("spanned").max(),
        nw.col("first").min(),
        nw.col("last").max(),
        *extremes,
    )
    value, present = ("value", "inside") if query.stretched else ("span", "spanned")
    kind = nw.Int64() if whole else nw.Float64()
    return _with_variation(table, query, whole=whole).select(
        "customer",
        "spanned",
        "first",
        "last",
        "cv",
        value=nw.when(nw.col(present) > 0).then(nw.col(value)).cast(kind),
        orders=nw.col("orders").cast(nw.Int64),
        size=nw.col("size").cast(nw.Float64),
    )


def _with_variation(table: Lazy, query: Query, *, whole: bool) -> Lazy:
    """Add the CV column in small steps.

    On Spark a division is a long expression with a check for zero; nested ones would grow
    exponentially.
    """
    width = float(query.periods.count)
    total, k, p = nw.col("total"), nw.col("filled"), nw.col("counted")
    begun = nw.col("begun").cast(nw.Float64) if query.settings.since_first else nw.lit(0.0)
    table = table.with_columns(
        total=nw.col("span").cast(nw.Float64),
        filled=nw.col("k").cast(nw.Float64),
        counted=width - begun,
    )
    defined = (total > 0) & (k > 0)
    if not whole:
        defined = defined & (total > nw.col("top") * (NEAR * width))
    if query.settings.since_first:
        defined = defined & (p >= 2.0)
    table = table.with_columns(defined=defined, beside=(p - k) / k, squared=total * total)
    table = table.with_columns(square=p * k * nw.col("x") / nw.col("squared"))
    square = nw.col("square") + nw.col("beside")
    if query.settings.ddof:
        table = table.with_columns(square=square, fewer=p - 1.0)
        square = p * nw.col("square") / nw.col("fewer")
    # Undefined values, and rounding errors below zero, must not reach the square root.
    table = table.with_columns(square=nw.when(nw.col("defined")).then(square))
    return table.with_columns(cv=nw.col("square").sqrt())


def panel_table(sums: Lazy, query: Query) -> Lazy:
    """Pivot the buckets of a customer to columns, for the core."""
    bucketed = nw.col("bucket") >= 0
    width = query.periods.count
    buckets = {
        f"p{i}": nw.when(nw.col("bucket") == i).then(nw.col("money")).otherwise(0)
        for i in range(width)
    }
    columns = {name: nw.col(name) for name in ("customer", "first", "last", "size")}
    columns["spanned"] = nw.when(bucketed).then(1).otherwise(0).cast(nw.Int64)
    if query.stretched:
        columns |= {name: nw.col(name) for name in _OF_WINDOW}
    else:
        whole = (nw.when(bucketed).then(nw.col(one)).otherwise(0) for one in ("money", "sale"))
        columns |= dict(zip(_OF_WINDOW, (*whole, columns["spanned"]), strict=True))
    totals = (*_OF_WINDOW, "spanned", "size", *buckets)
    return (
        sums.select(**columns, **buckets)
        .group_by("customer")
        .agg(*(nw.col(n).sum() for n in totals), nw.col("first").min(), nw.col("last").max())
    )
