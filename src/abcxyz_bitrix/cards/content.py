"""Content of a card, and the changes that bring a card up to date."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from attrs import frozen

from abcxyz import SEGMENTS, tag
from abcxyz_bitrix.cards.own_fields import CardFields, Value, canonical
from abcxyz_bitrix.cards.specs import NO_SEGMENT
from abcxyz_bitrix.cards.summary import Summary, summaries

if TYPE_CHECKING:
    from abcxyz import Analysis

__all__ = ["Card", "cards", "changes", "cleared", "lead_cards"]

_CONTENT = (
    "SEGMENT", "TAG", "ADVICE", "ABC", "XYZ", "VALUE", "CV", "PRIORITY", "SCORE", "SUMMARY",
)  # fmt: skip


@frozen
class Card:
    """Content of the card of one customer.

    Parameters
    ----------
    key
        The customer's key in the analysis.
    wanted
        Values by the code of the field.
    worth
        Value of the customer, for the order of writing.
    summary
        The card's line; None for none.
    """

    key: str
    wanted: Mapping[str, Value]
    worth: float
    summary: Summary | None = None


def cards(
    analysis: Analysis, *, lang: str, priority: Sequence[str], summary: str | None = None
) -> Iterator[Card]:
    """Yield the card of every classified customer.

    Parameters
    ----------
    summary
        Currency sign of the card's line; None for no line.
    """
    snapshot = analysis.snapshot
    values, cvs = snapshot.value.tolist(), snapshot.cv.tolist()
    columns = zip(
        snapshot.customers.tolist(), snapshot.segment.tolist(), values, cvs, strict=True,
    )  # fmt: skip
    lines = None if summary is None else summaries(analysis, lang=lang, currency=summary)
    for place, (customer, code, value, cv) in enumerate(columns):
        if code < 0:
            continue
        segment = SEGMENTS[code]
        wanted: dict[str, Value] = {
            "SEGMENT": segment,
            "TAG": canonical("TAG", tag(segment, lang)),
            "ADVICE": canonical("ADVICE", advice(analysis, place, lang)),
            "ABC": segment[0],
            "XYZ": segment[1],
            "VALUE": canonical("VALUE", value),
            "CV": canonical("CV", cv),
            "PRIORITY": 1 if segment in priority else None,
        }
        yield Card(
            str(customer),
            wanted,
            float(value) if value == value else 0.0,
            None if lines is None else lines[place],
        )


def advice(analysis: Analysis, place: int, lang: str) -> str:
    """Return the recommendation for the customer at index *place*; empty without a playbook."""
    actions = analysis.actions
    return actions[place].text(lang) if actions is not None and len(actions) > place else ""


def lead_cards(analysis: Analysis, *, lang: str) -> Iterator[Card]:
    """Yield the card of every scored lead."""
    scores = analysis.prospects
    if scores is None:
        return
    for place, record in enumerate(scores.to_records()):
        grade = record["grade"]
        if grade is None:
            continue
        wanted: dict[str, Value] = {
            "SEGMENT": str(grade).replace("-", ""),
            "ADVICE": canonical("ADVICE", scores[place].sentence(lang)),
            "SCORE": canonical("SCORE", record["score"]),
        }
        yield Card(str(record["lead"]), wanted, float(record["score"]))


def cleared(card_fields: CardFields, *, mark: bool) -> dict[str, Value]:
    """Return the content of the card of a customer who is no longer classified."""
    empty: dict[str, Value] = {code: None for code in card_fields.names if code in _CONTENT}
    if mark:
        empty["SEGMENT"] = NO_SEGMENT
    return empty


def changes(
    card_fields: CardFields,
    row: Mapping[str, Any],
    wanted: Mapping[str, Value],
    day: date,
    summary: Summary | None = None,
) -> dict[str, Value]:
    """Compare a card with what it should show.

    Parameters
    ----------
    card_fields
        The fields.
    row
        The card as it is.
    wanted
        The content.
    day
        Date of a change of segment.
    summary
        The card's line, which also says since when and what was before.

    Returns
    -------
    dict
        New values by code; empty where nothing differs.

    Notes
    -----
    Nothing depends on the run itself: the previous segment and the day change only together with
    the segment, in the same request, so a repeated run finds nothing to do. For the same reason
    an advice that differs only in its numbers is left as it is.
    """
    now = card_fields.read(row)
    full = dict(wanted)
    full["MARK"] = _mark({**wanted, "ADVICE": _without_numbers(wanted.get("ADVICE"))})
    if now.get("SEGMENT") != wanted.get("SEGMENT"):
        full["PREVIOUS"] = now.get("SEGMENT")
        full["SINCE"] = day.isoformat()
    elif _without_numbers(now.get("ADVICE")) == _without_numbers(wanted.get("ADVICE")):
        full["ADVICE"] = now.get("ADVICE")
    if summary is not None:
        shown = {**now, **full}
        full["SUMMARY"] = summary.line(shown.get("SINCE"), shown.get("PREVIOUS"))
    return {
        code: value
        for code, value in full.items()
        if code in card_fields.names and now.get(code) != value
    }


def _without_numbers(text: Value) -> Value:
    """Mask the numbers of an advice, so that "silent for 12 days" equals "13 days"."""
    return re.sub(r"\d+", "#", text) if isinstance(text, str) else text


def _mark(wanted: Mapping[str, Value]) -> Value:
    if all(value is None for value in wanted.values()):
        return None
    text = "\n".join(f"{code}={value}" for code, value in sorted(wanted.items()))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
