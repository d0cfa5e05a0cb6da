"""Records of customers and prospects as plain values, serialisable as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from abcxyz.core.analysis.customer_columns import by_value
from abcxyz.core.classes.segments import tag
from abcxyz.tables.export.summary import HEADERS, customer_table

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis

__all__ = ["customer_records", "prospect_records", "record_columns"]

_KEYS = tuple(head.lower().replace(" ", "_") for head in HEADERS)


def record_columns(analysis: Analysis, lang: str = "en") -> dict[str, list[Any]]:
    """Return the columns of the customers, serialisable as JSON, the largest value first.

    Parameters
    ----------
    analysis
        The analysis.
    lang
        Language of the tag and of the recommendation.

    Returns
    -------
    dict
        The columns of `customer_table` by lower-case names, with ``tag`` and ``recommendation``.
        Missing values are None, days are texts of ISO 8601.
    """
    columns = dict(zip(_KEYS, customer_table(analysis).values(), strict=True))
    segments = columns["segment"]
    days = {day: day and day.isoformat() for day in set(columns["last_sale"])}
    columns["last_sale"] = [days[day] for day in columns["last_sale"]]
    tags = {segment: tag(segment, lang) for segment in set(segments)}
    columns["tag"] = [tags[segment] for segment in segments]
    actions = analysis.actions
    columns["recommendation"] = (
        [""] * len(segments) if actions is None else actions.texts(lang, by_value(analysis))
    )
    return columns


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
