"""Rows of a lazy frame, made ready for adding up: whole minor units, places of the buckets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals.stable.v2 as nw

from abcxyz.core.sales.calendar import Periods
from abcxyz.core.sales.units import DayUnit, MonthPartUnit, MonthUnit
from abcxyz.errors import InputError
from abcxyz.frames.query import Lazy, Query

__all__ = ["EXACT", "ROOM", "bucket_of", "day_of", "diagnosis", "prepared"]

EXACT = 2.0**48
"""Largest amount in minor units that is taken for a whole number of them."""

ROOM = 2.0**62
"""Sum of amounts without their signs up to which no sum of them leaves 64 bits."""

_NOISE = 2.0**-48  # up to here a product such as 6 * 2.55 misses its decimals
_HUGE = 1e300


def day_of(name: str, kind: Any) -> nw.Expr:
    """Take the day; of an instant that which its own time zone, or the session, shows."""
    column = nw.col(name)
    return column if kind == nw.Date else column.dt.date()


def bucket_of(day: nw.Expr, periods: Periods) -> nw.Expr:
    """Give a day the number of its bucket, from 0; -1 outside.

    Raises
    ------
    InputError
        The unit is of a kind that has no such arithmetic here.

    Notes
    -----
    Calendar arithmetic on years, months and days is the one thing every engine does alike;
    differences of dates and truncation are not. It follows the kind of the unit, not its name.
    """
    first = periods.edges[0]
    year, month = day.dt.year().cast(nw.Int64), day.dt.month().cast(nw.Int64)
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
            # Days of the proleptic Gregorian calendar, counted in years that begin in March.
            early = nw.when(month < 3).then(1).otherwise(0)
            march_year, march_month = year - early, month + early * 12 - 3
            leap = march_year // 4 - march_year // 100 + march_year // 400
            number = march_year * 365 + leap + (march_month * 153 + 2) // 5 + day.dt.day()
            place = number - (first.toordinal() + 306)
            place = place // size if size > 1 else place
        case _:
            raise InputError(
                "data that are not in memory cannot be cut into buckets of one {bucket}; fetch "
                "them first, or choose another bucket",
                bucket=periods.bucket,
            )
    inside = (day >= nw.lit(first)) & (day < nw.lit(periods.edges[-1]))
    return nw.when(inside).then(place).otherwise(-1).cast(nw.Int64)


def _text(name: str, kind: Any) -> nw.Expr:
    return nw.col(name).cast(nw.String) if kind in (nw.Categorical, nw.Enum) else nw.col(name)


def _lacks(name: str, kind: Any) -> nw.Expr:
    lacks = nw.col(name).is_null()
    if kind.is_float():
        return lacks | nw.col(name).is_nan()
    if kind == nw.String:
        return lacks | (nw.col(name) == "")
    return lacks


def _money(name: str, kind: Any, places: int | None) -> tuple[nw.Expr, nw.Expr]:
    """Return the money and whether it is what it should be; zero where not."""
    number = nw.col(name).cast(nw.Float64)
    if places is None:
        good = number.abs() <= _HUGE
        return nw.when(good).then(number).otherwise(0.0), good
    if kind.is_integer():
        good = number.abs() * 10**places <= EXACT
        exact = nw.when(good).then(nw.col(name)).otherwise(0).cast(nw.Int64)
        return (exact * 10**places if places else exact), good
    # Out of range is out before it is rounded: some engines round to 64-bit integers.
    near = number.abs() <= EXACT / 10**places
    scaled = nw.when(near).then(number).otherwise(0.0) * 10**places
    whole = scaled.round(0)
    good = near & ((scaled - whole).abs() <= whole.abs() * _NOISE)
    return nw.when(good).then(whole).otherwise(0.0).cast(nw.Int64), good


def prepared(frame: Lazy, query: Query, schema: Mapping[str, Any], places: int | None) -> Lazy:
    """Reduce a frame to what is added up.

    Returns
    -------
    narwhals.LazyFrame
        customer, day, money (Int64 minor units, Float64 where *places* is None), size (its
        amount without sign), sale (1 or 0), odd (1 where the row cannot be taken), document
        where there is one.
    """
    if query.missing == "drop":
        for name in query.columns.values():
            frame = frame.filter(~_lacks(name, schema[name]))
    if query.settings.metric == "count":
        places = None  # only the sign of an amount matters
    amount, good = _money(query.amount, schema[query.amount], places)
    money = amount
    if query.settings.metric == "profit" and query.cost is not None:
        cost, fine = _money(query.cost, schema[query.cost], places)
        money, good = amount - cost, good & fine
    day = day_of(query.date, schema[query.date])
    for key in (query.customer, query.date, query.document):
        if key is not None:
            good = good & ~_lacks(key, schema[key])
    sale = nw.when(amount >= 0).then(1).otherwise(0).cast(nw.Int64)
    columns = {
        "customer": _text(query.customer, schema[query.customer]),
        "day": day,
        "money": sale if query.settings.metric == "count" else money,
        "amount": amount,
        "sale": sale,
        "odd": nw.when(good).then(0).otherwise(1).cast(nw.Int64),
    }
    if query.document is not None:
        columns["document"] = _text(query.document, schema[query.document])
    return frame.select(**columns)


def diagnosis(
    frame: Lazy, query: Query, schema: Mapping[str, Any]
) -> tuple[list[tuple[str, str]], Lazy]:
    """Count what stands in the way: column and kind of trouble, and a frame of one row."""
    found: list[tuple[str, str]] = []
    counts: list[nw.Expr] = []

    def count(name: str, trouble: str, rows: nw.Expr) -> None:
        found.append((name, trouble))
        counts.append(nw.when(rows).then(1).otherwise(0).sum().alias(f"c{len(counts)}"))

    for name in query.columns.values():
        count(name, "missing", _lacks(name, schema[name]))
    for name in query.money:
        if schema[name].is_float():
            far = nw.col(name).abs() > _HUGE
            count(name, "infinite", ~_lacks(name, schema[name]) & far)
    return found, frame.select(*counts)
