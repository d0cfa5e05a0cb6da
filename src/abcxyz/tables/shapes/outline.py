"""Reports with groups in one column: customers, and below each its periods or documents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from abcxyz.errors import InputError
from abcxyz.tables.layout.periods import is_period, period_of
from abcxyz.tables.roles import REQUIRED
from abcxyz.tables.table import FrameTable, Table
from abcxyz.tables.values.amounts import amount_form, parse_amounts
from abcxyz.tables.values.text import clean_text, is_missing
from abcxyz.toolkit.catalogue import Catalogue, Figure

__all__ = ["grouped_report"]

_SAY = Catalogue()
#: A document of 1C: its kind, its number, and its date after "от".
_DOCUMENT = re.compile(r".*\s(?:от|of|dated|from)\s+(\d{1,2}\.\d{1,2}\.\d{4})\b.*", re.IGNORECASE)
_TOLERANCE = 0.005
_LEAST = 2


def grouped_report(table: Table, column: str, amount: str, totals: Any) -> Table | None:
    """Return a table of the innermost lines of a report with groups, or None if it is none.

    Parameters
    ----------
    table
        The table, without a column of dates.
    column
        Column with customers, periods and documents.
    amount
        Column of amounts.
    totals
        Cell -> whether it names a total.

    Raises
    ------
    InputError
        The lines do not add up to their groups, so that the nesting is not understood.

    Notes
    -----
    A line is a document («Реализация … от 05.01.2025»), a period («Январь 2025 г.»), or a name.
    Sales are the documents, or else the periods below names, or else the names below periods.
    """
    frame = pd.concat(list(table.batches()))
    labels = [clean_text(str(cell)) if not is_missing(cell) else "" for cell in frame[column]]
    cells = list(frame[column])
    days = [_document_day(text) for text in labels]
    periods = [
        None if day is not None or not text else _period_day(cell)
        for cell, text, day in zip(cells, labels, days, strict=True)
    ]
    documents = sum(day is not None for day in days)
    dated = sum(day is not None for day in periods)
    names = sum(bool(text) for text in labels) - documents - dated
    if max(documents, dated) < _LEAST or not names:
        return None
    values, _ = parse_amounts(list(frame[amount]), amount_form(list(frame[amount]), name=amount))
    reader = _Reader(labels, days, periods, values, totals)
    rows = reader.documents() if documents else reader.periods_or_names()
    _check_total(table.where, reader, rows)
    customer = [who for _, who, _ in rows]
    result = pd.DataFrame(
        {
            column: np.array(customer, dtype=object),
            "date": np.array([day for _, _, day in rows], dtype="M8[s]"),
            amount: frame[amount].to_numpy(dtype=object)[[place for place, _, _ in rows]],
        },
        index=frame.index[[place for place, _, _ in rows]],
    )
    remark = _SAY.message(
        "the column {column!r} holds groups: {count} innermost lines are read as sales, the lines "
        "of groups and totals are left out",
        column=column,
        count=Figure(len(rows)),
    )
    return FrameTable(
        table.where,
        result,
        None,
        [remark, *table.remarks],
        roles=dict(zip(REQUIRED, (column, "date", amount), strict=True)),
    )


def _document_day(text: str) -> date | None:
    match = _DOCUMENT.fullmatch(text)
    period = None if match is None else period_of(match[1])
    return None if period is None else period.start


def _period_day(cell: Any) -> date | None:
    period = period_of(cell) if is_period(cell) else None
    return period.start if period is not None and period.has_year else None


class _Reader:
    """Reader of the lines of a report, from top to bottom."""

    def __init__(
        self,
        labels: Sequence[str],
        days: Sequence[date | None],
        periods: Sequence[date | None],
        values: Any,
        totals: Any,
    ) -> None:
        self.labels, self.days, self.periods, self.amounts = labels, days, periods, values
        self.is_total = [totals(text) for text in labels]

    def documents(self) -> list[tuple[int, str, date]]:
        """Return place, customer and day of each document."""
        customer, rows = "", []
        for place, text in enumerate(self.labels):
            day = self.days[place]
            if day is not None:
                rows.append((place, customer, day))
            elif text and self.periods[place] is None and not self.is_total[place]:
                customer = text
        return rows

    def periods_or_names(self) -> list[tuple[int, str, date]]:
        """Return place, customer and day of the periods below names, or of names below periods."""
        first = next(
            place for place, text in enumerate(self.labels) if text and not self.is_total[place]
        )
        customer, day = "", None
        rows: list[tuple[int, str, date]] = []
        by_period = self.periods[first] is not None
        for place, text in enumerate(self.labels):
            if not text or self.is_total[place]:
                continue
            period = self.periods[place]
            if period is None:
                customer = text
                if by_period and day is not None:
                    rows.append((place, text, day))
            else:
                day = period
                if not by_period:
                    rows.append((place, customer, period))
        return rows


def _check_total(where: str, reader: _Reader, rows: Sequence[tuple[int, str, date]]) -> None:
    """Check the sums of the groups: what is above a sale is the sum of the sales below it."""
    leaves = {place for place, _, _ in rows}
    values = reader.amounts
    place = 0
    while place < len(values):
        if place in leaves or not reader.labels[place] or reader.is_total[place]:
            place += 1
            continue
        if place + 1 in leaves and not np.isnan(values[place]):
            end = place + 1
            while end in leaves:
                end += 1
            found = float(np.nansum(values[place + 1 : end]))
            if abs(found - values[place]) > _TOLERANCE + 1e-9 * abs(found):
                raise InputError(
                    "{where} looks like a report with groups, but the lines below "
                    "{group!r} add up to {found}, not to {total}; export it without groups, one "
                    "line per sale",
                    where=where,
                    group=reader.labels[place],
                    found=round(found, 2),
                    total=float(values[place]),
                )
        place += 1
