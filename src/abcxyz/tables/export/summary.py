"""Columns of customers and summary object of an analysis, for all sinks."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from abcxyz.core.analysis.customer_columns import (
    by_value,
    customer_columns,
    plain_days,
    plain_numbers,
)

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis
    from abcxyz.core.classes.results import ClassSummary
    from abcxyz.core.sales.quality import Quality

__all__ = ["HEADERS", "customer_table", "quality_object", "summary_object", "summary_text"]

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


def _number(value: float) -> float | None:
    """Return None for NaN and infinity, which JSON and spreadsheets cannot hold."""
    return float(value) if math.isfinite(value) else None


def quality_object(quality: Quality | None) -> dict[str, Any]:
    """Return the account of data quality as plain values."""
    if quality is None:
        return {}
    plain: dict[str, Any] = _plain(attrs.asdict(quality))
    return plain


def summary_object(analysis: Analysis) -> dict[str, Any]:
    """Return the summary of an analysis as plain values, serialisable as JSON.

    Parameters
    ----------
    analysis
        The analysis.

    Returns
    -------
    dict
        ``as_of``, ``window``, ``lookback``, ``settings``, ``customers``, ``quality``, ``abc``,
        ``xyz``, ``matrix`` and ``bcg``. Money is in the unit of the data, shares are
        fractions, and missing values are None.
    """
    snapshot, summary = analysis.snapshot, analysis.summary()
    window = snapshot.periods.window
    return {
        "as_of": snapshot.as_of.isoformat(),
        "window": {
            "since": window.since.isoformat(),
            "until": window.until.isoformat(),
            "days": window.days,
            "bucket": snapshot.periods.bucket,
            "buckets": snapshot.periods.count,
        },
        "lookback": {
            "since": snapshot.periods.lookback.since.isoformat(),
            "until": snapshot.periods.lookback.until.isoformat(),
        },
        "settings": _plain(snapshot.settings.to_dict()),
        "customers": summary.customers,
        "quality": quality_object(summary.quality),
        "abc": _axis(summary.abc, summary.abc_cuts),
        "xyz": _axis(summary.xyz, summary.xyz_cuts),
        "matrix": {
            one.segment: {
                "customers": one.customers,
                "value": _number(one.value),
                "customers_share": _number(one.customers_share),
                "value_share": _number(one.value_share),
            }
            for one in summary.segments
        },
        "bcg": {
            one.name: {"customers": one.customers, "value": one.value} for one in summary.groups
        },
    }


def _axis(classes: Sequence[ClassSummary], cuts: Sequence[float]) -> dict[str, Any]:
    labels = [one.label for one in classes[:-1]]  # the last class has no cut
    return {
        "cuts": dict(zip(labels, map(_number, cuts[:-1]), strict=True)),
        "classes": {
            one.label: {
                "customers": one.customers,
                "value": one.value,
                "share": _number(one.value_share),
            }
            for one in classes
        },
    }


def summary_text(analysis: Analysis) -> str:
    """Return the summary as indented JSON, without ``NaN``."""
    return json.dumps(summary_object(analysis), ensure_ascii=False, indent=2, allow_nan=False)


def _plain(value: Any) -> Any:
    """Convert records to plain values, serialisable as JSON."""
    convert: tuple[tuple[type, Callable[[Any], Any]], ...] = (
        (dict, lambda v: {str(key): _plain(item) for key, item in v.items()}),
        (list, lambda v: [_plain(item) for item in v]),
        (tuple, lambda v: [_plain(item) for item in v]),
        (date, lambda v: v.isoformat()),
        (float, _number),
        (str, str),  # a Message is its English sentence
        (np.generic, lambda v: _plain(v.item())),
    )
    for kind, change in convert:
        if isinstance(value, kind):
            return change(value)
    return value
