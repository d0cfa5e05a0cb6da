"""Tables with one column per month: each cell is the sales of a customer in a month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz.errors import InputError
from abcxyz.tables.layout.heading import roles_of_heading
from abcxyz.tables.layout.options import ShapeOptions
from abcxyz.tables.layout.periods import Period, periods_with_measures, year_in
from abcxyz.tables.roles import ROLES
from abcxyz.tables.shapes.derived import DerivedTable
from abcxyz.tables.table import Batch, Table
from abcxyz.tables.values.columns import Cells, cell_list, distinct, numbers, objects, spread
from abcxyz.tables.values.text import is_missing
from abcxyz.toolkit.catalogue import Catalogue, Figure

__all__ = ["melt_months", "months_across"]

_SAY = Catalogue()
_LEAST = 2


def months_across(
    table: Table,
    options: ShapeOptions,
    *,
    titles: Sequence[str],
    amount: str | None,
    date_format: str | None = None,
) -> Table | None:
    """Return a table with one line per customer and period, if its columns are periods.

    Parameters
    ----------
    table
        The table.
    options
        Options set by the user; with ``melt`` the columns are these.
    titles
        Texts that may name the year: title lines, names of sheet and file.
    amount
        Measure chosen by the user, where there are several per period.
    date_format
        Format of headings that are dates, set by the user.

    Returns
    -------
    Table or None
        Lines with a date and an amount; blank and zero cells are no sale. None where the columns
        are no periods.

    Raises
    ------
    InputError
        The year of the months is not known, or a column named by the user is no period.
    """
    columns = [str(column) for column in table.columns]
    named = _named(columns, options.melt, table.where)
    found = periods_with_measures(named, date_format)
    if options.melt is not None:
        lacking = [column for column in named if column not in found]
        if lacking:
            raise InputError(
                "the heading {column!r} in {where} names no period; write it as 2025-01 or "
                "January 2025",
                column=lacking[0],
                where=table.where,
            )
    else:
        found = _alike(found)
    if len(found) < _LEAST and options.melt is None:
        return None
    chosen, measure = _one_measure(found, amount, table.where)
    periods = _with_years(chosen, titles, table.where)
    keys = [column for column in columns if column not in found]
    return melt_months(table, keys, periods, measure)


def _named(columns: Sequence[str], melt: Sequence[str] | None, where: str) -> list[str]:
    """Return the columns that the user names: one by one, or the first and the last."""
    if melt is None:
        return list(columns)
    named: list[str] = []
    for item in melt:
        first, colon, last = item.partition(":")
        ends = [first.strip(), last.strip()] if colon and item not in columns else [item.strip()]
        for end in ends:
            if end not in columns:
                raise InputError(
                    "{where} has no column {column!r} for the option {role}; its columns are: "
                    "{columns}",
                    where=where,
                    column=end,
                    role="melt",
                    columns=", ".join(columns),
                )
        named += columns[columns.index(ends[0]) : columns.index(ends[-1]) + 1]
    return named


def _alike(found: Mapping[str, tuple[Period, str]]) -> dict[str, tuple[Period, str]]:
    """Return the periods of the commonest unit; a column for the year is a total beside months."""
    units = [period.unit for period, _ in found.values() if period.unit != "year"]
    if not units:
        return {}
    unit = max(set(units), key=units.count)
    smaller = {"day": ("day", "month"), "month": ("month",), "quarter": ("quarter",)}[unit]
    return {
        column: (period, measure)
        for column, (period, measure) in found.items()
        if period.unit in smaller
    }


def _one_measure(
    found: Mapping[str, tuple[Period, str]], amount: str | None, where: str
) -> tuple[dict[str, Period], str]:
    """Choose the measure that is an amount, where every period has several."""
    measures = list(dict.fromkeys(measure for _, measure in found.values()))
    if amount is not None and amount in measures:
        measure = amount
    elif len(measures) == 1:
        measure = measures[0]
    else:
        usual = [name.casefold() for name in ROLES["amount"]]
        likely = [one for one in measures if "amount" in roles_of_heading(one)]
        exact = sorted(
            (one for one in likely if one.casefold() in usual),
            key=lambda one: usual.index(one.casefold()),
        )
        if not likely:
            raise InputError(
                "{where} has several columns for each period: {measures}; name the one with the "
                "money with --amount",
                where=where,
                measures=", ".join(measures),
            )
        measure = (exact or likely)[0]
    chosen: dict[str, Period] = {}
    starts: set[date] = set()
    for column, (period, name) in found.items():
        if name != measure:
            continue
        if period.start in starts:
            raise InputError(
                "{where} has several columns named {column!r}; rename all but one",
                where=where,
                column=column,
            )
        starts.add(period.start)
        chosen[column] = period
    return chosen, measure


def _with_years(
    chosen: Mapping[str, Period], titles: Sequence[str], where: str
) -> dict[str, Period]:
    if all(period.has_year for period in chosen.values()):
        return dict(chosen)
    year = year_in(titles)
    if year is None:
        raise InputError(
            "the headings of {where} name months without a year ({column}); write the year in "
            "the headings, such as 2025-01",
            where=where,
            column=next(iter(chosen)),
        )
    return {column: period.in_year(year) for column, period in chosen.items()}


def melt_months(
    table: Table, keys: Sequence[str], periods: Mapping[str, Period], measure: str
) -> Table:
    """Return a table with one line for each cell of the columns of periods that is not blank."""
    day, money = _free("date", keys), _free(measure or "amount", keys)
    days = np.array([period.start for period in periods.values()], dtype="M8[s]")
    wide = list(periods)

    def melted(batch: Batch) -> Batch:
        cells = _matrix([batch[column] for column in wide])
        rows, places = np.nonzero(_is_sale(cells))
        part = batch.select(key for key in keys if key in batch.names).rows(rows)
        return part.with_columns({day: days[places], money: cells[rows, places]})

    first, last = min(days).item().date(), max(days).item().date()
    units = {period.unit for period in periods.values()}
    remark = _SAY.message(
        "{count} {count:column|columns} {count:is a period|are periods}, from {first} to "
        "{last}: each cell is read as a sale, blank and zero cells as none",
        count=Figure(len(wide)),
        first=first,
        last=last,
    )
    remarks = [remark, *table.remarks]
    if measure:
        remarks.insert(1, _SAY.message("of each period {measure!r} is read", measure=measure))
    if "quarter" in units:
        remarks.insert(
            1,
            _SAY.message("the periods are quarters: choose --bucket quarter for the series"),
        )
    return DerivedTable(
        table, [*keys, day, money], lambda: melted, wide, remarks, {"date": day, "amount": money}
    )


def _free(name: str, taken: Sequence[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _matrix(columns: Sequence[Cells]) -> npt.NDArray[Any]:
    """Return (n, m) cells of m columns: numbers if all are, else objects."""
    known = [numbers(column) for column in columns]
    if not any(one is None for one in known):
        return np.stack([one for one in known if one is not None], axis=1)
    return np.stack([objects(cell_list(column)) for column in columns], axis=1)


def _is_sale(cells: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return which cells are neither blank nor zero."""
    if cells.dtype != object:
        sale: npt.NDArray[np.bool_] = (cells != 0) & (cells == cells)
        return sale
    codes, found = distinct(cells.ravel())
    some = np.array([not is_missing(cell) and not _is_zero(cell) for cell in found], dtype=bool)
    sales: npt.NDArray[np.bool_] = spread(codes, some, False)
    return sales.reshape(cells.shape)


def _is_zero(cell: Any) -> bool:
    if isinstance(cell, str):
        return bool(cell.strip()) and not cell.strip(" 0.,\u00a0\u202f-+")
    return bool(cell == 0)
