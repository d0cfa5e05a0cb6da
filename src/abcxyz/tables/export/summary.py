"""Columns of customers and the summary of an analysis as text, for all sinks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from abcxyz._coded import Coded
from abcxyz.core.analysis.customer_columns import (
    by_value,
    customer_columns,
    finite,
    known_or_none,
)
from abcxyz.core.documents import json_parts

if TYPE_CHECKING:
    from abcxyz._arrays import Ints
    from abcxyz.core.analysis.record import Analysis
    from abcxyz.core.sales.quality import Quality

__all__ = [
    "HEADERS",
    "Column",
    "customer_cells",
    "customer_table",
    "plain",
    "quality_object",
    "summary_parts",
    "summary_text",
]

Column = list[Any] | Coded | npt.NDArray[Any]
"""Column of a table: values, values with codes, or an array of numbers or days."""

#: Headings of the columns of `customer_table`.
HEADERS = (
    "Customer",
    "Name",
    "Segment",
    "ABC",
    "XYZ",
    "Value",
    "Share",
    "Cumulative share",
    "CV",
    "Orders",
    "Last sale",
)


def customer_cells(analysis: Analysis, places: Ints) -> dict[str, Column]:
    """Return a column per heading of `HEADERS` for the customers with the indices *places*.

    Numbers are arrays of 15 significant digits with NaN for unknown ones, days are arrays too.
    """
    columns = customer_columns(analysis, places)
    names = analysis.names
    named = list(map(names.get, columns.customer)) if names else _nothing(len(places))
    cells: tuple[Column, ...] = (
        columns.customer,
        named,
        columns.segment,
        columns.abc,
        columns.xyz,
        *map(finite, (columns.value, columns.share, columns.cumulative_share, columns.cv)),
        columns.orders,
        columns.last_day,
    )
    return dict(zip(HEADERS, cells, strict=True))


def customer_table(analysis: Analysis) -> dict[str, list[Any]]:
    """Return a list of plain cells per heading of `HEADERS`, the largest value first.

    Missing cells are None; equal values keep the order of the customers.
    """
    cells = customer_cells(analysis, by_value(analysis))
    return {head: plain(column) for head, column in cells.items()}


def plain(column: Column) -> list[Any]:
    """Return a column of `customer_cells` as plain values, None for those that are missing."""
    if isinstance(column, list):
        return column
    if isinstance(column, np.ndarray) and column.dtype.kind == "f":
        return known_or_none(column)
    return column.tolist()


def _nothing(count: int) -> Coded:
    return Coded(np.zeros(count, np.int8), (None,))


def quality_object(quality: Quality | None) -> dict[str, Any]:
    """Return the account of data quality as plain values."""
    return {} if quality is None else quality.to_dict()


def summary_text(analysis: Analysis) -> str:
    """Return the summary, calls and growth as JSON, an entry of a list to a line; no ``NaN``."""
    return "".join(summary_parts(analysis))


def summary_parts(analysis: Analysis) -> Iterator[str]:
    """Return the pieces of `summary_text`, so that it is not in memory as a whole."""
    document: dict[str, Any] = analysis.summary().to_dict()
    for name in ("calls", "growth", "crm"):
        part = getattr(analysis, name)
        if part is not None:
            document[name] = part.to_dict
    return json_parts(document)
