"""Dates that stand in the names of sheets or files: a sheet per month, a file per month."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from abcxyz.tables.layout.periods import Period, periods_with_measures, year_in
from abcxyz.tables.layout.several import UnitedTable
from abcxyz.tables.shapes.derived import DerivedTable
from abcxyz.tables.table import Batch, Table
from abcxyz.toolkit.catalogue import Catalogue, Figure

__all__ = ["dated_by_names"]

_SUFFIX = re.compile(r"(?:\.[A-Za-z][A-Za-z0-9]{1,6}){1,2}\Z")
_LEAST = 2


def dated_by_names(table: Table, titles: Sequence[str]) -> Table | None:
    """Return a table with the periods that the names of its sheets or files have; None for none.

    Parameters
    ----------
    table
        The table, without a column of dates.
    titles
        Texts that may name the year: title lines, name of the file.
    """
    parts = list(_parts(table))
    if len(parts) < _LEAST:
        return None
    periods = [_period_in(part.where) for part in parts]
    year = year_in(titles)
    dated = [
        period if period is None or period.has_year or year is None else period.in_year(year)
        for period in periods
    ]
    starts = [one.start for one in dated if one is not None and one.has_year]
    if len(starts) < len(parts) or len(set(starts)) < len(starts):
        return None
    name = "date"
    while name in table.columns:
        name += "_"
    columns = [*table.columns, name]
    made = [
        DerivedTable(part, columns, _with_date(name, start), [])
        for part, start in zip(parts, starts, strict=True)
    ]
    remark = Catalogue().message(
        "the dates are those in the names of {count} sheets or files, from {first} to {last}",
        count=Figure(len(parts)),
        first=min(starts),
        last=max(starts),
    )
    return UnitedTable(table.where, columns, made, [remark, *table.remarks], {"date": name})


def _parts(table: Table) -> Iterator[Table]:
    if isinstance(table, UnitedTable):
        for one in table.tables:
            yield from _parts(one)
    else:
        yield table


def _period_in(where: str) -> Period | None:
    name = _SUFFIX.sub("", where.rpartition(", ")[2]).replace("_", " ")
    found = periods_with_measures([name]).get(name)
    return None if found is None else found[0]


def _with_date(name: str, start: object) -> Callable[[], Callable[[Batch], Batch]]:
    day = np.datetime64(str(start), "s")

    def dated(batch: Batch) -> Batch:
        return batch.with_columns({name: np.full(len(batch), day)})

    return lambda: dated
