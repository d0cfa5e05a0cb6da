"""Records of customers and prospects as plain values, serialisable as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from abcxyz._coded import Coded
from abcxyz.core.analysis.customer_columns import by_value
from abcxyz.core.classes.segments import tag
from abcxyz.tables.export.summary import HEADERS, Column, customer_cells, plain

if TYPE_CHECKING:
    from abcxyz._arrays import Days
    from abcxyz.core.analysis.record import Analysis

__all__ = ["customer_records", "prospect_records", "record_cells", "record_columns"]

_KEYS = tuple(head.lower().replace(" ", "_") for head in HEADERS)


def record_cells(analysis: Analysis, lang: str = "en") -> dict[str, Column]:
    """Return the columns of the customers in their compact form, the largest value first.

    Parameters
    ----------
    analysis
        The analysis.
    lang
        Language of the tag and of the recommendation.

    Returns
    -------
    dict
        The columns of `customer_cells` by lower-case names, with ``tag`` and ``recommendation``.
        Days are values with codes: texts of ISO 8601, None where unknown.
    """
    places = by_value(analysis)
    columns = dict(zip(_KEYS, customer_cells(analysis, places).values(), strict=True))
    days, codes = np.unique(cast("Days", columns["last_sale"]), return_inverse=True)
    written = [day and day.isoformat() for day in days.tolist()]
    columns["last_sale"] = Coded(codes, written)
    segment = cast("Coded", columns["segment"])
    columns["tag"] = Coded(segment.codes, [tag(one, lang) for one in segment.values])
    actions = analysis.actions
    columns["recommendation"] = (
        Coded(np.zeros(len(places), np.int8), ("",))
        if actions is None
        else actions.coded_texts(lang, places)
    )
    return columns


def record_columns(analysis: Analysis, lang: str = "en") -> dict[str, list[Any]]:
    """Return the columns of `record_cells` as lists of values that JSON can hold.

    Missing values are None.
    """
    return {name: plain(cells) for name, cells in record_cells(analysis, lang).items()}


def customer_records(analysis: Analysis, lang: str = "en") -> Iterator[dict[str, Any]]:
    """Yield a record per customer: the rows of `record_columns`.

    Parameters
    ----------
    analysis
        The analysis.
    lang
        Language of the tag and of the recommendation.

    Yields
    ------
    dict
        Column -> value.
    """
    columns = record_columns(analysis, lang)
    for row in zip(*columns.values(), strict=True):
        yield dict(zip(columns, row, strict=True))


def prospect_records(analysis: Analysis) -> list[dict[str, Any]]:
    """Return a record per scored lead; an empty list without scores."""
    return [] if analysis.prospects is None else analysis.prospects.to_records()
