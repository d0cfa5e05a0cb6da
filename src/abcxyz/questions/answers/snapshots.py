"""Snapshot that a question is answered from, and a customer in it."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy as np

from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.questions.answer import Answer, Remark
from abcxyz.questions.cleaning import plain_id
from abcxyz.questions.data import QuestionData
from abcxyz.questions.resolving import resolved, shared_fields
from abcxyz.toolkit.catalogue import text
from abcxyz.toolkit.numbers import date_text

__all__ = [
    "NoSnapshotError",
    "money_or_none",
    "money_share",
    "place_of",
    "plain",
    "snapshot_at",
    "snapshot_fields",
]


class NoSnapshotError(Exception):
    """Nothing is known on a day: the history begins later."""

    def __init__(self, as_of: date, begins: date | None) -> None:
        super().__init__(as_of)
        self.as_of = as_of
        self.begins = begins

    def answer(self, lang: str) -> Answer:
        """Return the answer that says since when something is known."""
        return Answer(
            status="unknown",
            sentence=text("Nothing is known on {day}.", lang, day=date_text(self.as_of, lang))
            if self.begins is None
            else text(
                "Nothing is known on {day}: the history begins on {begins}.",
                lang,
                day=date_text(self.as_of, lang),
                begins=date_text(self.begins, lang),
            ),
            definition=text("The newest snapshot that was known on the day asked for.", lang),
            as_of=self.as_of,
            lang=lang,
        )


def snapshot_at(data: QuestionData, as_of: date | None) -> Snapshot:
    """Return the snapshot that a question is answered from."""
    snapshot = data.snapshot(as_of)
    if snapshot is None:
        infos = data.snapshots()
        begins = infos[0].as_of if infos else None
        if begins is None and data.analysis is not None:
            begins = data.analysis.snapshot.as_of
        raise NoSnapshotError(as_of or data.today(), begins)
    return snapshot


def snapshot_fields(
    data: QuestionData, snapshot: Snapshot, as_of: date | None, lang: str
) -> dict[str, Any]:
    """Return the fields of an answer that every question about a snapshot has."""
    warnings = []
    asked = as_of or data.today()
    late = (asked - snapshot.as_of).days
    if late > snapshot.periods.window.days / 12 and late > 7:
        warnings.append(
            Remark(
                "stale_data",
                text(
                    "The newest snapshot is of {day}; later sales are not in it.",
                    lang,
                    day=date_text(snapshot.as_of, lang),
                ),
            )
        )
    if data.analysis is None and data.has_other_jobs():
        warnings.append(
            Remark(
                "several_jobs",
                text("The history holds other jobs or settings; the newest one is used.", lang),
            )
        )
    return shared_fields(snapshot.as_of, snapshot.dated, snapshot.periods.window, warnings, lang)


def money_or_none(value: Any) -> float | None:
    """Return a number rounded to hundredths; None for one that is not finite."""
    number = float(value)
    return round(number, 2) if math.isfinite(number) else None


def money_share(value: float) -> float | None:
    """Return a share rounded to four decimals; None for one that is not finite."""
    return round(float(value), 4) if math.isfinite(value) else None


def plain(value: Any) -> Any:
    """Return a value of an array as a plain one."""
    return value.item() if isinstance(value, np.generic) else value


def place_of(data: QuestionData, snapshot: Snapshot, customer: str) -> int:
    """Return the place of a customer in a snapshot."""
    positions = snapshot.positions
    for who in (customer, int(customer) if customer.isdigit() else None):
        if who in positions:
            return positions[who]
    if customer.startswith("id-"):
        for who, place in positions.items():
            if plain_id(who) == customer:
                return place
    wanted: Any = resolved(
        "customer",
        customer,
        data.customers,
        shown=lambda one: data.shown(one.id)["name"] or plain_id(one.id),
        among=lambda one: one.id in positions,
    )
    return positions[wanted]
