"""Columns of customers and the summary of an analysis as text, for all sinks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from abcxyz.core.analysis.customer_columns import (
    by_value,
    customer_columns,
    plain_days,
    plain_numbers,
)
from abcxyz.core.documents import json_text

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis
    from abcxyz.core.sales.quality import Quality

__all__ = ["HEADERS", "customer_table", "quality_object", "summary_text"]

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


def customer_table(analysis: Analysis) -> dict[str, list[Any]]:
    """Return a list of plain cells per heading of `HEADERS`, the largest value first.

    Missing cells are None; equal values keep the order of the customers.
    """
    columns = customer_columns(analysis, by_value(analysis))
    names = analysis.names
    cells = (
        columns.customer,
        list(map(names.get, columns.customer)),
        columns.segment,
        columns.abc,
        columns.xyz,
        plain_numbers(columns.value),
        plain_numbers(columns.share),
        plain_numbers(columns.cumulative_share),
        plain_numbers(columns.cv),
        columns.orders.tolist(),
        plain_days(columns.last_day),
    )
    return dict(zip(HEADERS, cells, strict=True))


def quality_object(quality: Quality | None) -> dict[str, Any]:
    """Return the account of data quality as plain values."""
    return {} if quality is None else quality.to_dict()


def summary_text(analysis: Analysis) -> str:
    """Return the summary, calls and growth as JSON, an entry of a list to a line; no ``NaN``."""
    document = analysis.summary().to_dict()
    if analysis.calls is not None:
        document["calls"] = analysis.calls.to_dict()
    if analysis.growth is not None:
        document["growth"] = analysis.growth.to_dict()
    if analysis.crm is not None:
        document["crm"] = analysis.crm.to_dict()
    return json_text(document)
