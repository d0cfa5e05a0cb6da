"""Reports with groups in one column: customers, and below each its periods or documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Floats
from abcxyz.errors import InputError
from abcxyz.tables.layout.periods import Period, period_of
from abcxyz.tables.roles import REQUIRED
from abcxyz.tables.shapes.groups import company_share
from abcxyz.tables.table import Batch, MemoryTable, Table, first_rows
from abcxyz.tables.values.amounts import amount_form, parse_amounts
from abcxyz.tables.values.columns import cell_list, objects, taken
from abcxyz.tables.values.text import clean_text, is_missing
from abcxyz.tables.values.totals import rounding_of
from abcxyz.toolkit.catalogue import Catalogue, Figure

__all__ = ["document_day", "grouped_report"]

_SAY = Catalogue()
#: A document of 1C: its kind, its number, and its date after "от".
_DOCUMENT = re.compile(r".*\s(?:от|of|dated|from)\s+(\d{1,2}\.\d{1,2}\.\d{4})\b.*", re.IGNORECASE)
_DAY = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}-\d\d-\d\d")
_YEAR = re.compile(r"\d{4}\s*(?:г\.?|год)", re.IGNORECASE)
_LENGTHS = {"day": 1, "month": 31, "quarter": 92, "year": 366}
_LEAST = 2
_SAMPLE = 2_000  # lines

Leaf = tuple[int, str, date]


def grouped_report(
    table: Table, column: str, amount: str, is_total: Callable[[str], bool]
) -> Table | None:
    """Return a table of the innermost lines of a report with groups, or None if it is none.

    Parameters
    ----------
    table
        The table, without a column of dates.
    column
        Column with customers, periods and documents.
    amount
        Column of amounts.
    is_total
        Cell -> whether it names a total.

    Raises
    ------
    InputError
        The lines do not add up to their groups, so that the nesting is not understood.

    Notes
    -----
    A line is a document («Реализация … от 05.01.2025»), a period («Январь 2025 г.»), or a name.
    Sales are the documents, or else the periods below names, or else the names below periods; the
    goods of a document or a period are left out. Every line of a group, at any level, must be the
    sum of the sales below it, and so must the totals.
    """
    start = first_rows(table)
    if start is None or not _is_report(start.listed(column)[:_SAMPLE]):
        return None
    batch = Batch.concat(list(table.batches()))
    rows = _Rows.of(batch.listed(column), batch.listed(amount), amount, is_total)
    if max(rows.documents.sum(), rows.dated.sum()) < _LEAST or not rows.names.any():
        return None
    problem: tuple[str, float, float] | None = None
    for goods in (False, True):
        if rows.documents.any():
            leaves = _documents(rows, goods=goods)
        else:
            leaves = _periods(rows, goods=goods)
        found = _wrong_sum(rows, leaves, goods=goods)
        if found is None:
            if goods and not rows.documents.any():
                _check_customers(table.where, rows, leaves)
            return _sales(table, batch, column, amount, leaves)
        problem = problem or found
    assert problem is not None
    group, total, below = problem
    raise InputError(
        "{where} looks like a report with groups, but the lines below {group!r} add up to "
        "{found}, not to {total}; export it without groups, one line per sale",
        where=table.where,
        group=group,
        found=round(below, 2),
        total=total,
    )


def _is_report(cells: Sequence[Any]) -> bool:
    """Return whether a column has periods or documents, and other texts."""
    texts = [(cell, clean_text(str(cell))) for cell in cells if not is_missing(cell)]
    dated = sum(
        document_day(text) is not None or _period_of(cell, text) is not None
        for cell, text in texts
    )
    return 0 < dated < len(texts)


def _sales(table: Table, batch: Batch, column: str, amount: str, leaves: Sequence[Leaf]) -> Table:
    places = np.array([place for place, _, _ in leaves], dtype=np.int64)
    columns = {
        column: objects(who for _, who, _ in leaves),
        "date": np.array([day for _, _, day in leaves], dtype="M8[s]"),
        amount: objects(cell_list(taken(batch[amount], places))),
    }
    result = Batch(columns, columns.values(), batch.lines[places])
    remark = _SAY.message(
        "the column {column!r} holds groups: {count} innermost {count:line|lines} {count:is "
        "read as a sale|are read as sales}, the lines of groups and totals are left out",
        column=column,
        count=Figure(len(leaves)),
    )
    return MemoryTable(
        table.where,
        result,
        [remark, *table.remarks],
        roles=dict(zip(REQUIRED, (column, "date", amount), strict=True)),
    )


def document_day(text: str) -> date | None:
    """Return the day in the name of a document, or None.

    Examples
    --------
    >>> document_day("Реализация товаров 17 от 05.01.2025 12:00:00")
    datetime.date(2025, 1, 5)
    """
    match = _DOCUMENT.fullmatch(text)
    period = None if match is None else period_of(match[1])
    return None if period is None else period.start


def _period_of(cell: Any, text: str) -> Period | None:
    period = period_of(cell)
    if period is None or not period.has_year:
        return None
    if period.unit == "year":
        return period if _YEAR.fullmatch(text) else None
    return Period(period.start, "day") if _DAY.fullmatch(text) else period


@frozen(eq=False)
class _Rows:
    """Lines of a report from top to bottom: text, amount, and what the text is."""

    labels: Sequence[str]
    days: Sequence[date | None]
    periods: Sequence[Period | None]
    amounts: Floats
    totals: Bools

    @classmethod
    def of(
        cls,
        cells: Sequence[Any],
        amounts: Sequence[Any],
        name: str,
        is_total: Callable[[str], bool],
    ) -> _Rows:
        labels = [clean_text(str(cell)) if not is_missing(cell) else "" for cell in cells]
        days = [document_day(text) for text in labels]
        periods = [
            None if day is not None or not text else _period_of(cell, text)
            for cell, text, day in zip(cells, labels, days, strict=True)
        ]
        values, _ = parse_amounts(amounts, amount_form(amounts, name=name))
        return cls(labels, days, periods, values, np.array([*map(is_total, labels)], dtype=bool))

    @property
    def documents(self) -> Bools:
        """Lines of documents."""
        return np.array([day is not None for day in self.days], dtype=bool)

    @property
    def dated(self) -> Bools:
        """Lines of periods."""
        return np.array([period is not None for period in self.periods], dtype=bool)

    @property
    def names(self) -> Bools:
        """Lines of anything else, such as customers."""
        named = np.array([bool(text) for text in self.labels], dtype=bool)
        return named & ~self.documents & ~self.dated & ~self.totals

    def holds_next(self, place: int) -> bool:
        """Return whether the line of a period is followed by a smaller one inside it."""
        period = self.periods[place]
        inner = self.periods[place + 1] if place + 1 < len(self.periods) else None
        if period is None or inner is None:
            return False
        size, least = _LENGTHS[period.unit], _LENGTHS[inner.unit]
        end = period.start + timedelta(days=size)
        return least < size and period.start <= inner.start < end

    def goods(self, place: int) -> int:
        """Return the number of names below a line that add up to it."""
        names, found, end = self.names, 0.0, place + 1
        while end < len(self.labels) and names[end] and not np.isnan(self.amounts[end]):
            found += float(self.amounts[end])
            end += 1
            if _close(found, float(self.amounts[place])):
                return end - place - 1
        return 0


def _documents(rows: _Rows, *, goods: bool) -> list[Leaf]:
    """Return place, customer and day of each document."""
    customer, leaves, place = "", list[Leaf](), 0
    names = rows.names
    while place < len(rows.labels):
        day = rows.days[place]
        if day is not None:
            leaves.append((place, customer, day))
            place += rows.goods(place) if goods else 0
        elif names[place]:
            customer = rows.labels[place]
        place += 1
    return leaves


def _periods(rows: _Rows, *, goods: bool) -> list[Leaf]:
    """Return place, customer and day of the periods below names, or of names below periods."""
    first = int(np.flatnonzero(rows.dated | rows.names)[0])
    by_period = rows.periods[first] is not None
    customer, day, leaves, place = "", None, list[Leaf](), first
    names = rows.names
    while place < len(rows.labels):
        period = rows.periods[place]
        if period is not None and not rows.holds_next(place):
            day = period.start
            if not by_period:
                leaves.append((place, customer, day))
                place += rows.goods(place) if goods else 0
        elif names[place]:
            customer = rows.labels[place]
            if by_period and day is not None:
                leaves.append((place, customer, day))
                place += rows.goods(place) if goods else 0
        place += 1
    return leaves


def _check_customers(where: str, rows: _Rows, leaves: Sequence[Leaf]) -> None:
    """Raise an error if the goods of customers may be the customers of something else."""
    parts = [
        rows.labels[place + step]
        for place, _, _ in leaves
        for step in range(1, rows.goods(place) + 1)
    ]
    customers = list(dict.fromkeys(who for _, who, _ in leaves))
    if company_share(customers) < 0.5 or company_share(parts) > 0:
        raise InputError(
            "{where} is a report with groups, and both {group!r} and {part!r} below it may be "
            "customers; export it by customer alone, or with one line per sale",
            where=where,
            group=customers[0],
            part=next(iter(parts), ""),
        )


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= rounding_of(other)


def _wrong_sum(
    rows: _Rows, leaves: Sequence[Leaf], *, goods: bool
) -> tuple[str, float, float] | None:
    """Return name, amount and sum below of a group that is not the sum of its sales.

    The sales below a group end before the next line that is no sale, at one of its levels.
    """
    leaf = np.zeros(len(rows.labels), dtype=bool)
    leaf[[place for place, _, _ in leaves]] = True
    part = np.zeros(len(rows.labels), dtype=bool)
    for start in np.flatnonzero(leaf).tolist() if goods else ():
        part[start + 1 : start + 1 + rows.goods(start)] = True
    sums = np.concatenate(([0.0], np.cumsum(np.where(leaf, np.nan_to_num(rows.amounts), 0.0))))
    group = np.array([bool(text) for text in rows.labels], dtype=bool) & ~leaf & ~part
    ends = np.append(np.flatnonzero(group), len(rows.labels))
    for place in np.flatnonzero(group).tolist():
        value = float(rows.amounts[place])
        if np.isnan(value):
            continue
        after = ends[ends > place]
        below = sums[after] - sums[place]
        if rows.totals[place]:  # a total stands below, or above, its lines
            before = np.append(0, ends[ends < place])
            below = np.concatenate((below, sums[place] - sums[before]))
        elif not rows.names[place] and not rows.dated[place]:
            continue
        if not (np.abs(below - value) <= rounding_of(value)).any():
            return rows.labels[place], value, float(below[0])
    return None
