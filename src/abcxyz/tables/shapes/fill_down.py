"""Values given only on the first line of a group: blank cells hold the value above."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from abcxyz._arrays import Bools
from abcxyz.errors import InputError
from abcxyz.tables.shapes.derived import DerivedTable
from abcxyz.tables.table import Batch, Table, first_rows
from abcxyz.tables.values.amounts import amount_form, parse_amounts
from abcxyz.tables.values.columns import (
    Cells,
    cell_list,
    distinct,
    end_with_digits,
    objects,
    spread,
)
from abcxyz.tables.values.text import clean_text, is_missing
from abcxyz.tables.values.totals import rounding_of
from abcxyz.toolkit.catalogue import Catalogue

__all__ = ["fill_groups", "fill_named", "missing_cells"]

_SAY = Catalogue()
#: Share of blank cells from which a column may be given once per group: below it, single cells
#: are rather missing.
_BLANK = 0.5
#: Share of distinct values among those given, of a column given once per group.
_DISTINCT = 0.95


@frozen
class _Groups:
    """How a table is grouped by a column: the others given with it, and the lines of groups."""

    column: str
    filled: tuple[str, ...]
    marker: str | None


def missing_cells(column: Cells) -> Bools:
    """Return which cells of a column are blank or mark a missing value."""
    if end_with_digits(column):  # as identifiers, dates and amounts mostly do
        return np.zeros(len(column), dtype=bool)
    codes, cells = distinct(column)
    result: Bools = spread(codes, np.array([*map(is_missing, cells)], dtype=bool), True)
    return result


def fill_named(table: Table, columns: Sequence[str]) -> Table:
    """Return a table whose columns are filled down, as the user wants.

    Raises
    ------
    InputError
        A column is absent.
    """
    for column in columns:
        if column not in table.columns:
            raise InputError(
                "{where} has no column {column!r} for the option {role}; its columns are: "
                "{columns}",
                where=table.where,
                column=column,
                role="fill-down",
                columns=", ".join(map(str, table.columns)),
            )
    remark = _SAY.message(
        "blank cells of {columns} hold the value above", columns=", ".join(columns)
    )
    return _filled(table, tuple(columns), None, remark)


def fill_groups(table: Table, roles: Mapping[str, str]) -> Table | None:
    """Return a table whose customers are filled down, if they stand on first lines only.

    Parameters
    ----------
    table
        The table.
    roles
        Role to column, as far as known; without a customer nothing is filled.

    Returns
    -------
    Table or None
        The filled table, without the lines that hold the sum of a group; None where the blank
        customers are missing ones: those given repeat, or the dates go on through the table.

    Raises
    ------
    InputError
        A line with the customer has an amount that is not the sum of the lines below.
    """
    customer = roles.get("customer")
    if customer is None:
        return None
    used = list(roles.values())
    sample = first_rows(table, list(dict.fromkeys(used)))
    if sample is None or len(sample) < 2:
        return None
    groups = _groups(sample, roles, customer)
    if groups is None:
        return None
    if groups.marker is not None and "amount" in roles:
        _check_sums(table, customer, groups.marker, roles["amount"])
    if groups.marker is None:
        remark = _SAY.message(
            "the cells of {columns} are given on the first line of a group, and are filled down; "
            "switch it off with --fill-down no",
            columns=", ".join(groups.filled),
        )
    else:
        remark = _SAY.message(
            "the cells of {columns} are given on the line of a group, and are filled down; the "
            "lines of groups hold subtotals and are left out",
            columns=", ".join(groups.filled),
        )
    return _filled(table, groups.filled, groups.marker, remark)


def _groups(sample: Batch, roles: Mapping[str, str], customer: str) -> _Groups | None:
    blank = missing_cells(sample[customer])
    if not blank.any():
        return None
    date, amount = roles.get("date"), roles.get("amount")
    full = np.ones(len(sample), dtype=bool)
    if amount is not None:
        full = ~missing_cells(sample[amount])
    dated = None if date is None else ~missing_cells(sample[date])
    inner = blank & full
    if not inner.any() or np.count_nonzero(inner) < _BLANK * np.count_nonzero(full):
        return None
    first = np.flatnonzero(~blank)
    if not len(first) or first[0] > np.flatnonzero(inner)[0]:
        return None
    if dated is not None and date is not None:
        # Lines of groups have no date, the lines below have one.
        heads = ~blank & ~dated
        if heads.sum() >= _DISTINCT * (~blank).sum() and (inner & dated).sum() > 0.9 * inner.sum():
            return _Groups(customer, (customer,), date)
        if (inner & dated).sum() < 0.05 * inner.sum() and (~blank & dated).any():
            others = [
                column
                for column in (date, roles.get("document"))
                if column is not None and missing_cells(sample[column])[inner].mean() > 0.95
            ]
            return _distinct(sample, blank, customer, (customer, *others))
        if _goes_on(sample.rows(dated).listed(date)):
            return None
    return _distinct(sample, blank, customer, (customer,))


def _distinct(
    sample: Batch, blank: Bools, customer: str, filled: tuple[str, ...]
) -> _Groups | None:
    """Return the groups if hardly a customer is given twice: each group is given once."""
    names = [clean_text(str(cell)) for cell in sample.rows(~blank).listed(customer)]
    if len(set(names)) < _DISTINCT * len(names):
        return None
    return _Groups(customer, filled, None)


def _goes_on(days: Sequence[Any]) -> bool:
    """Return whether the lines are in the order of their dates, as no grouped ones are."""
    from abcxyz.tables.values.days import day_form, parse_days

    if len(days) < 4:
        return False
    try:
        read, _ = parse_days(days, day_form(days))
    except InputError:
        return False
    steps = np.diff(read[~np.isnat(read)].astype(np.int64))
    steps = steps[steps != 0]
    if not len(steps):
        return False
    return bool(max((steps > 0).mean(), (steps < 0).mean()) > 0.95)


def _filled(table: Table, columns: tuple[str, ...], marker: str | None, remark: str) -> Table:
    needs = list(dict.fromkeys([*columns, *([] if marker is None else [marker])]))

    def begin() -> Callable[[Batch], Batch]:
        last: dict[str, Any] = dict.fromkeys(columns)

        def fill(batch: Batch) -> Batch:
            changed: dict[str, Any] = {}
            blank = missing_cells(batch[columns[0]])
            for column in columns:
                changed[column], last[column] = _fill(batch[column], last[column])
            part = batch.with_columns(changed)
            if marker is None:
                return part
            return part.rows(blank | ~missing_cells(batch[marker]))

        return fill

    return DerivedTable(
        table,
        list(table.columns),
        begin,
        needs,
        [remark, *table.remarks],
        dict(table.roles),
    )


def _fill(column: Cells, above: Any) -> tuple[npt.NDArray[Any], Any]:
    """Return the cells of a column with the value above in blank ones, and the last value."""
    cells = objects(cell_list(column))
    missing = missing_cells(column)
    place = np.where(missing, -1, np.arange(len(cells)))
    place = np.maximum.accumulate(place) if len(place) else place
    values = np.append(cells, np.array([None], dtype=object))
    values[-1] = above
    filled = values[place]
    return filled, (filled[-1] if len(filled) else above)


def _check_sums(table: Table, customer: str, marker: str, amount: str) -> None:
    """Check that the amount on the line of a group is the sum of its lines."""
    group: list[float | None] = []
    sums: list[float] = []
    heads: list[tuple[Any, str]] = []
    cells: dict[Any, None] = {}
    parts = []
    for batch in table.batches([customer, marker, amount]):
        cells.update(dict.fromkeys(distinct(batch[amount])[1]))
        parts.append(batch)
    form = amount_form(list(cells), name=amount)
    for batch in parts:
        values, _ = parse_amounts(batch.listed(amount), form)
        is_head = ~missing_cells(batch[customer]) & missing_cells(batch[marker])
        for line, head, name, value in zip(
            batch.lines.tolist(), is_head, batch.listed(customer), values, strict=True
        ):
            if head:
                group.append(None if math.isnan(value) else float(value))
                sums.append(0.0)
                heads.append((line, str(name)))
            elif sums and not math.isnan(value):
                sums[-1] += float(value)
    for total, found, (line, name) in zip(group, sums, heads, strict=True):
        last_total = total is not None and sums[-1] == found == 0.0
        if total is not None and not last_total and abs(total - found) > rounding_of(total):
            raise InputError(
                "line {line} of {where} is a group ({group}) with the amount {total}, but the "
                "lines below add up to {found}; correct it, or read the lines as they are with "
                "--fill-down no",
                line=line,
                where=table.where,
                group=name,
                total=total,
                found=round(found, 2),
            )
