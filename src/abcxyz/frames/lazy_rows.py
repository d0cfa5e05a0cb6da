"""Preparation of the rows of a lazy frame: amounts in minor units, bucket numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals.stable.v2 as nw

from abcxyz.core.minor_units import EXACT
from abcxyz.core.sales.calendar import Periods
from abcxyz.core.sales.units import DayUnit, MonthPartUnit, MonthUnit
from abcxyz.core.sums import NEAR
from abcxyz.errors import InputError
from abcxyz.frames.query import Lazy, Query

__all__ = ["UNUSABLE", "bucket_of", "day_number", "day_of", "diagnosis", "prepared"]

_HUGE = 1e300

UNUSABLE = 2.0**60
"""Size of a row that cannot be used: beyond that of all amounts that are added up exactly."""


def day_of(name: str, kind: Any) -> nw.Expr:
    """Return the day of a column; of times the local one of their time zone or session."""
    column = nw.col(name)
    return column if kind == nw.Date else column.dt.date()


def day_number(day: nw.Expr) -> nw.Expr:
    """Return the number of a day as `datetime.date.toordinal`: engines subtract dates unlike."""
    year, month = day.dt.year().cast(nw.Int32), day.dt.month().cast(nw.Int32)
    # Days of the proleptic Gregorian calendar, counted in years that begin in March.
    early = nw.when(month < 3).then(1).otherwise(0)
    march_year, march_month = year - early, month + early * 12 - 3
    leap = march_year // 4 - march_year // 100 + march_year // 400
    return march_year * 365 + leap + (march_month * 153 + 2) // 5 + day.dt.day() - 306


def bucket_of(day: nw.Expr, periods: Periods) -> nw.Expr:
    """Return the number of a day's bucket, from 0; -1 outside.

    Raises
    ------
    InputError
        The kind of unit is not supported.

    Notes
    -----
    Arithmetic on years, months and days is equal in all engines; differences of dates and
    truncation are not. It depends on the kind of the unit, not its name.
    """
    first = periods.edges[0]
    year, month = day.dt.year().cast(nw.Int32), day.dt.month().cast(nw.Int32)
    months = year * 12 + month - (first.year * 12 + first.month)
    match periods.unit:
        case MonthUnit(months=size):
            place = months // size if size > 1 else months
        case MonthPartUnit(first_days=first_days):
            part = sum(
                (
                    nw.when(day.dt.day() >= begins).then(1).otherwise(0)
                    for begins in first_days[1:]
                ),
                start=nw.lit(-first_days.index(first.day)),
            )
            place = months * len(first_days) + part
        case DayUnit(days=size):
            place = day_number(day) - first.toordinal()
            place = place // size if size > 1 else place
        case _:
            raise InputError(
                "data that are not in memory cannot be cut into buckets of one {bucket}; fetch "
                "them first, or choose another bucket",
                bucket=periods.bucket,
            )
    inside = (day >= nw.lit(first)) & (day < nw.lit(periods.edges[-1]))
    return nw.when(inside).then(place).otherwise(-1).cast(nw.Int32)


def _text(name: str, kind: Any) -> nw.Expr:
    return nw.col(name).cast(nw.String) if kind in (nw.Categorical, nw.Enum) else nw.col(name)


def _lacks(name: str, kind: Any) -> nw.Expr:
    lacks = nw.col(name).is_null()
    if kind.is_float():
        return lacks | nw.col(name).is_nan()
    if kind == nw.String:
        return lacks | (nw.col(name) == "")
    return lacks


def _scaled(name: str, places: int | None) -> nw.Expr:
    """Return the amount in minor units, null if it is missing or too large."""
    number = nw.col(name).cast(nw.Float64)
    if places is None:
        return nw.when(number.abs() <= _HUGE).then(number)
    # The range is checked before rounding: some engines round to 64-bit integers.
    return nw.when(number.abs() < EXACT / 10**places).then(number * 10**places)


def prepared(frame: Lazy, query: Query, schema: Mapping[str, Any], places: int | None) -> Lazy:
    """Reduce a frame to the columns for aggregation.

    Returns
    -------
    narwhals.LazyFrame
        customer, day, money (the metric) and amount (Float64, in whole minor units unless
        *places* is None), sale (1, 0 for a return), unusable (1 for a missing or invalid value,
        else 0), document if the query has one.

    Notes
    -----
    Floats hold whole numbers and their sums exactly up to 2**53, and are added several times as
    fast as integers by engines that add these in 128 bits. The work is done in steps, so that
    every engine computes an expression once.
    """
    if query.missing == "drop":
        for name in query.columns.values():
            frame = frame.filter(~_lacks(name, schema[name]))
    if query.settings.metric == "count":
        places = None  # only the sign of an amount matters
    keys = {"customer": query.customer, "document": query.document}
    columns = {role: _text(name, schema[name]) for role, name in keys.items() if name is not None}
    columns["day"] = day_of(query.date, schema[query.date])
    known = ~_lacks(query.date, schema[query.date])
    for key in keys.values():
        if key is not None:
            known = known & ~_lacks(key, schema[key])
    columns["known"] = known
    columns["amount"] = _scaled(query.amount, places)
    moneys = ["amount"]
    if query.settings.metric == "profit" and query.cost is not None:
        columns["cost"] = _scaled(query.cost, places)
        moneys.append("cost")
    rows = frame.select(**columns)
    good = nw.col("known")
    if places is None:
        for name in moneys:
            good = good & ~nw.col(name).is_null()
        amount, *cost = (nw.col(name) for name in moneys)
    else:
        # Ibis rounds to integers, which some engines add up in 128 bits.
        whole_ones = {f"whole_{name}": nw.col(name).round(0).cast(nw.Float64) for name in moneys}
        rows = rows.with_columns(**whole_ones)
        for name in moneys:
            whole = nw.col(f"whole_{name}")
            good = good & ((nw.col(name) - whole).abs() <= whole.abs() * NEAR)
        amount, *cost = (nw.col(f"whole_{name}") for name in moneys)
    sale = nw.when(amount >= 0).then(1).otherwise(0).cast(nw.Int64)
    money = amount - cost[0] if cost else amount
    rows = rows.select(
        *columns.keys() - {"known", *moneys},
        money=sale.cast(nw.Float64) if query.settings.metric == "count" else money,
        amount=amount,
        sale=sale,
        unusable=nw.when(good).then(0).otherwise(1).cast(nw.Int64),
    )
    lookback = query.periods.lookback
    counts = (nw.col("day") >= nw.lit(lookback.since)) & (nw.col("day") < nw.lit(lookback.until))
    # Unusable rows stay, so that they are reported.
    return rows.filter(counts | (nw.col("unusable") == 1))


def diagnosis(
    frame: Lazy, query: Query, schema: Mapping[str, Any]
) -> tuple[list[tuple[str, str]], Lazy]:
    """Return checks (column, ``missing`` or ``infinite``), and a frame of one row of counts."""
    checks: list[tuple[str, str]] = []
    counts: list[nw.Expr] = []

    def count(name: str, trouble: str, rows: nw.Expr) -> None:
        checks.append((name, trouble))
        counts.append(nw.when(rows).then(1).otherwise(0).sum().alias(f"c{len(counts)}"))

    for name in query.columns.values():
        count(name, "missing", _lacks(name, schema[name]))
    for name in query.money:
        if schema[name].is_float():
            far = nw.col(name).abs() > _HUGE
            count(name, "infinite", ~_lacks(name, schema[name]) & far)
    return checks, frame.select(*counts)
