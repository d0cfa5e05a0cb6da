"""Records of customers and prospects as plain values, serialisable as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from abcxyz.core.classes.segments import tag
from abcxyz.tables.export.summary import HEADERS, customer_rows

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis

__all__ = ["customer_records", "prospect_records"]

_KEYS = tuple(head.lower().replace(" ", "_") for head in HEADERS)


def customer_records(analysis: Analysis, lang: str = "en") -> Iterator[dict[str, Any]]:
    """Yield a record per customer, the largest value first, serialisable as JSON.

    Parameters
    ----------
    analysis
        The analysis.
    lang
        Language of the tag and of the recommendation.

    Yields
    ------
    dict
        The columns of `customer_rows` by lower-case names, with ``tag`` and ``recommendation``.
        Missing values are None.
    """
    advice = _recommendations(analysis, lang)
    for row in customer_rows(analysis):
        record: dict[str, Any] = dict(zip(_KEYS, row, strict=True))
        if record["last_sale"] is not None:
            record["last_sale"] = record["last_sale"].isoformat()
        segment = record["segment"]
        yield {
            **record,
            "tag": tag(segment, lang),
            "recommendation": advice.get(record["customer"], ""),
        }


def _recommendations(analysis: Analysis, lang: str) -> dict[Any, str]:
    actions = analysis.actions
    if actions is None:
        return {}
    every = (actions[place] for place in range(len(actions)))
    return {action.customer: action.text(lang) for action in every}


def prospect_records(analysis: Analysis) -> list[dict[str, Any]]:
    """Return a record per scored lead; an empty list without scores."""
    return [] if analysis.prospects is None else analysis.prospects.to_records()
