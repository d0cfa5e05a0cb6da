"""Leads of grade P-A that were not contacted in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np

from abcxyz._arrays import Codes, DayLike, Ints, as_day
from abcxyz.errors import InputError

__all__ = ["overdue_leads"]


def overdue_leads(
    grade: Codes,
    created: Sequence[object],
    contacted: Sequence[object],
    *,
    as_of: DayLike,
    days: int,
) -> Ints:
    """Return the positions of the overdue leads; see `ProspectScores.overdue`."""
    if len(created) != len(grade) or len(contacted) != len(grade):
        raise InputError(
            "there {leads:is|are} {leads} {leads:lead|leads}, {created} {created:date|dates} "
            "of creation and {contacted} of contact; pass one of each per lead",
            leads=len(grade),
            created=len(created),
            contacted=len(contacted),
        )
    as_of = as_day(as_of, "as_of")
    due = as_of - timedelta(days=days)
    late: list[int] = []
    for i in np.flatnonzero(grade == 0).tolist():
        born, met = _day(created[i], "created", i), _day(contacted[i], "contacted", i)
        if born is not None and born < due and (met is None or met > as_of):
            late.append(i)
    return np.array(late, dtype=np.int64)


def _day(value: object, name: str, place: int) -> date | None:
    # NaT and NaN are unequal to themselves.
    if value is None or value != value or not str(value).strip():
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value).strip()[:10])
    except ValueError:
        raise InputError(
            "{name} holds {value!r} at position {place}, which is not a date; write it as "
            "2026-11-01",
            name=name,
            value=str(value)[:60],
            place=place,
        ) from None
