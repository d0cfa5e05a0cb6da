"""Dates that stand in the names of documents: ``Реализация 17 от 05.01.2025 12:00:00``."""

from __future__ import annotations

from typing import Any

from abcxyz.tables.shapes.derived import DerivedTable
from abcxyz.tables.shapes.outline import document_day
from abcxyz.tables.table import Batch, Table, first_rows
from abcxyz.tables.values.columns import distinct, objects, spread
from abcxyz.tables.values.text import clean_text, is_missing
from abcxyz.toolkit.catalogue import Catalogue

__all__ = ["dates_of_documents"]

_SHARE = 0.9  # of the documents that must have a date


def dates_of_documents(table: Table, column: str) -> Table | None:
    """Return a table with the dates in the names of its documents; None where they have none.

    Parameters
    ----------
    table
        The table, without a column of dates.
    column
        Column of the documents.
    """
    sample = first_rows(table, [column])
    if sample is None:
        return None
    cells = [cell for cell in distinct(sample[column])[1] if not is_missing(cell)]
    if not cells or sum(_day(cell) is not None for cell in cells) < _SHARE * len(cells):
        return None
    name = "date"
    while name in table.columns:
        name += "_"

    def dated(batch: Batch) -> Batch:
        codes, documents = distinct(batch[column])
        return batch.with_columns({name: spread(codes, objects(map(_cell, documents)), None)})

    remark = Catalogue().message(
        "the dates are those in the names of the documents in {column!r}", column=column
    )
    return DerivedTable(
        table,
        [*table.columns, name],
        lambda: dated,
        [column],
        [remark, *table.remarks],
        {**table.roles, "date": name, "document": column},
    )


def _day(cell: Any) -> Any:
    return document_day(clean_text(str(cell)))


def _cell(cell: Any) -> Any:
    """Return the date as text, the document itself where it has none, None where it is missing."""
    if is_missing(cell):
        return None
    day = _day(cell)
    return str(cell) if day is None else day.isoformat()
