"""An analysis as rows of customers and as one summary object, for every sink alike."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis
    from abcxyz.core.sales.quality import Quality

__all__ = ["HEADERS", "customer_rows", "quality_object", "summary_object", "summary_text"]

#: Column of `customer_rows` -> its heading.
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


def customer_rows(analysis: Analysis) -> Iterator[tuple[object, ...]]:
    """Yield one row per customer with the cells of `HEADERS`, the largest value first.

    Missing cells are None; equal values keep the order of the customers.
    """
    from abcxyz.core.classes.segments import ABC, SEGMENTS, XYZ

    snapshot = analysis.snapshot
    names = analysis.names or {}
    values = np.asarray(snapshot.value, dtype=float)
    order = np.argsort(np.where(np.isnan(values), np.inf, -values), kind="stable")
    share = analysis.abc.share
    cumulative = analysis.abc.cumulative_share
    # Computed at each access, and so once for all rows.
    segments = snapshot.segment
    for i in order.tolist():
        customer = snapshot.customers[i]
        segment, abc, xyz = segments[i], snapshot.abc[i], snapshot.xyz[i]
        last = snapshot.last_day[i]
        yield (
            customer.item() if isinstance(customer, np.generic) else customer,
            names.get(customer),
            SEGMENTS[segment] if segment >= 0 else "",
            ABC[abc] if abc >= 0 else "",
            XYZ[xyz] if xyz >= 0 else "",
            _number(values[i]),
            _number(share[i]),
            _number(cumulative[i]),
            _number(snapshot.cv[i]),
            int(snapshot.orders[i]),
            None if np.isnat(last) else last.astype("M8[D]").item(),
        )


def _number(value: float) -> float | None:
    """Replace what JSON and a spreadsheet cannot hold."""
    return float(value) if math.isfinite(value) else None


def quality_object(quality: Quality | None) -> dict[str, Any]:
    """Describe the account of data quality as plain objects."""
    if quality is None:
        return {}
    return {
        "rows": quality.rows,
        "used": quality.used,
        "issues": [
            {
                "kind": issue.kind,
                "count": issue.count,
                "amount": None if issue.amount is None else _number(issue.amount),
                "treatment": issue.treatment,
                "examples": list(issue.examples),
            }
            for issue in quality.issues
        ],
    }


def summary_object(analysis: Analysis) -> dict[str, Any]:
    """Describe the whole result as one object of plain values, ready for JSON.

    Parameters
    ----------
    analysis
        The result.

    Returns
    -------
    dict
        ``as_of``, ``window``, ``settings``, ``customers``, ``quality``, ``abc``, ``xyz``,
        ``matrix`` and ``bcg``. Money is in the unit of the data, shares are of one, and what
        does not exist is null.
    """
    from abcxyz.core.classes.segments import ABC, BCG, SEGMENTS, XYZ

    snapshot, matrix = analysis.snapshot, analysis.matrix
    window = snapshot.periods.window
    values = np.asarray(snapshot.value, dtype=float)
    groups: dict[str, dict[str, float]] = {}
    cells: dict[str, dict[str, Any]] = {}
    for code, segment in enumerate(SEGMENTS):
        row, column = divmod(code, 3)
        cells[segment] = {
            "customers": int(matrix.counts[row, column]),
            "value": _number(matrix.values[row, column]),
            "customers_share": _number(matrix.count_shares[row, column]),
            "value_share": _number(matrix.value_shares[row, column]),
        }
    for group, members in BCG.groups.items():
        groups[group] = {
            "customers": sum(cells[segment]["customers"] for segment in members),
            "value": math.fsum(cells[segment]["value"] or 0.0 for segment in members),
        }
    return {
        "as_of": snapshot.as_of.isoformat(),
        "window": {
            "since": window.since.isoformat(),
            "until": window.until.isoformat(),
            "days": window.days,
            "bucket": snapshot.periods.bucket,
            "buckets": snapshot.periods.count,
        },
        "settings": _plain(snapshot.settings.to_dict()),
        "customers": int(np.count_nonzero(snapshot.abc >= 0)),
        "quality": quality_object(analysis.quality),
        "abc": {
            "cuts": {
                "A": _number(analysis.abc.cuts.first),
                "B": _number(analysis.abc.cuts.second),
            },
            "classes": _classes(ABC, snapshot.abc, values),
        },
        "xyz": {
            "cuts": {
                "X": _number(analysis.xyz.cuts.first),
                "Y": _number(analysis.xyz.cuts.second),
            },
            "classes": _classes(XYZ, snapshot.xyz, values),
        },
        "matrix": cells,
        "bcg": groups,
    }


def summary_text(analysis: Analysis) -> str:
    """Write the summary as indented JSON; ``NaN`` never occurs in it."""
    return json.dumps(summary_object(analysis), ensure_ascii=False, indent=2, allow_nan=False)


def _classes(letters: tuple[str, ...], codes: Any, values: Any) -> dict[str, Any]:
    known = ~np.isnan(values)
    positive = math.fsum(values[known & (values > 0)])
    found: dict[str, Any] = {}
    for code, letter in enumerate(letters):
        inside = (codes == code) & known
        value = math.fsum(values[inside])
        found[letter] = {
            "customers": int(np.count_nonzero(codes == code)),
            "value": value,
            "share": value / positive if positive else None,
        }
    return found


def _plain(value: Any) -> Any:
    """Reduce settings to what JSON can say."""
    convert: tuple[tuple[type, Callable[[Any], Any]], ...] = (
        (dict, lambda v: {str(key): _plain(item) for key, item in v.items()}),
        (list, lambda v: [_plain(item) for item in v]),
        (tuple, lambda v: [_plain(item) for item in v]),
        (date, lambda v: v.isoformat()),
        (float, _number),
        (np.generic, lambda v: _plain(v.item())),
    )
    for kind, change in convert:
        if isinstance(value, kind):
            return change(value)
    return value
