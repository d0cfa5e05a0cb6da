"""Dates in two columns: year and month."""

from __future__ import annotations

import re
from collections.abc import Sequence

from abcxyz.tables.layout.periods import period_of
from abcxyz.tables.shapes.derived import DerivedTable
from abcxyz.tables.table import Batch, Table, first_rows
from abcxyz.tables.values.columns import distinct, objects, spread
from abcxyz.tables.values.text import clean_text, is_missing
from abcxyz.toolkit.catalogue import Catalogue

__all__ = ["year_and_month"]

_SAY = Catalogue()
_YEARS = ("год", "year", "yr", "годпродажи", "salesyear", "orderyear", "invoiceyear")
_MONTHS = ("месяц", "month", "mon", "мес", "номермесяца", "monthnumber", "salesmonth")
_DAYS = ("день", "day", "деньмесяца", "dayofmonth", "число")
_QUARTERS = ("квартал", "quarter", "кв")


def year_and_month(table: Table) -> Table | None:
    """Return a table with a date, if year and month stand in two columns; else None."""
    year = _find(table.columns, _YEARS)
    month = _find(table.columns, _MONTHS) or _find(table.columns, _QUARTERS)
    if year is None or month is None:
        return None
    sample = first_rows(table, [year, month])
    if sample is None or not _are_parts(sample, year, month):
        return None
    day = _find(table.columns, _DAYS)
    quarters = _find([month], _QUARTERS) is not None
    parts = [year, month] if day is None else [year, month, day]
    name = " ".join(parts)

    def dated(batch: Batch) -> Batch:
        cells = (
            ["" if one is None or one != one else one for one in batch.listed(part)]
            for part in parts
        )
        codes, keys = distinct(objects(zip(*cells, strict=True)))
        dates = objects(_date(key, quarters=quarters) for key in keys)
        return batch.with_columns({name: spread(codes, dates, None)})

    remark = _SAY.message("the date is made of the columns {columns}", columns=", ".join(parts))
    return DerivedTable(
        table,
        [*table.columns, name],
        lambda: dated,
        parts,
        [remark, *table.remarks],
        {**table.roles, "date": name},
    )


def _find(columns: Sequence[str], names: Sequence[str]) -> str | None:
    plain = {re.sub(r"[\W\d_]+", "", str(column).casefold()): column for column in columns}
    return next((plain[name] for name in names if name in plain), None)


def _are_parts(sample: Batch, year: str, month: str) -> bool:
    """Return whether the cells are years, and months without a year."""
    years = [_whole(cell) for cell in distinct(sample[year])[1][:50]]
    months = distinct(sample[month])[1][:50]
    return (
        bool(years)
        and bool(months)
        and sum(one is not None and 1950 <= one <= 2100 for one in years) >= 0.9 * len(years)
        and sum(_month(cell) is not None for cell in months) >= 0.9 * len(months)
    )


def _whole(cell: object) -> int | None:
    text = clean_text(str(cell)).removesuffix(".0").rstrip("гГ. ")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None


def _month(cell: object) -> int | None:
    """Return the number of a month: ``7``, ``07``, ``Июль``, ``Jul``, ``07 - Июль``."""
    number = _whole(cell)
    if number is not None:
        return number if 1 <= number <= 12 else None
    period = period_of(re.sub(r"^[\W\d_]+|[\W\d_]+$", "", str(cell)))
    return None if period is None or period.has_year else period.start.month


def _date(key: tuple[object, ...], *, quarters: bool) -> object:
    """Return a date as text, the cells themselves where they are no date, None where blank."""
    if all(is_missing(cell) for cell in key):
        return None
    year, month = _whole(key[0]), _month(key[1])
    day = _whole(key[2]) if len(key) > 2 else 1
    if year is None or month is None or day is None:
        return " ".join(str(cell) for cell in key)
    if quarters:
        month = 3 * month - 2
    return f"{year:04}-{month:02}-{day:02}"
