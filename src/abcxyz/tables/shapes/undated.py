"""Sums per customer without dates: they tell ABC, and nothing of XYZ."""

from __future__ import annotations

from datetime import date

import numpy as np

from abcxyz.tables.shapes.derived import DerivedTable
from abcxyz.tables.table import Batch, Table
from abcxyz.toolkit.catalogue import Catalogue

__all__ = ["is_dated", "on_one_day"]

_NAME = "no date"


def on_one_day(table: Table, day: date) -> Table:
    """Return a table without dates as sales of one day.

    Notes
    -----
    The day lies in the window, so that the sums are in the values of the customers; their XYZ
    classes have no meaning and must not be shown.
    """
    name = _NAME
    while name in table.columns:
        name += "_"

    def dated(batch: Batch) -> Batch:
        return batch.with_columns({name: np.full(len(batch), np.datetime64(day, "s"))})

    remark = Catalogue().message(
        "the table has no dates: customers are classified by ABC alone, XYZ needs the date of "
        "each sale"
    )
    needs = list(table.columns)[:1]
    return DerivedTable(
        table,
        [*table.columns, name],
        lambda: dated,
        needs,
        [remark, *table.remarks],
        {**table.roles, "date": name},
        dated=False,
    )


def is_dated(table: Table) -> bool:
    """Return whether a table has dates of its own."""
    return not isinstance(table, DerivedTable) or table.dated
