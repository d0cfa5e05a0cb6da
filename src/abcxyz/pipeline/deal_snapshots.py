"""Daily snapshots of a job's deals: saved by every run, shown where the CRM keeps no history."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from abcxyz.config import Job, Part
from abcxyz.crm.records.columns import TextColumn, text_column
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.records.tables import Deals, Values
from abcxyz.pipeline.reading import CommonNames
from abcxyz.toolkit.clock import Clock, SystemClock

if TYPE_CHECKING:
    from abcxyz.history import History

__all__ = ["DealMemory"]

_EPOCH = np.datetime64(0, "D")


class DealMemory:
    """The daily snapshots of the deals of one job.

    Parameters
    ----------
    history
        The open history.
    job
        The job.
    day
        Day of the state that is read: nothing of it or later is known.
    clock
        Clock that tells whether this is the state of today.

    Notes
    -----
    A source shows the amounts and owners of the moment at which it is read. So only a state that
    ends today, or tomorrow, is saved; one that ended earlier shows the values that the snapshots
    of its days hold, instead of those of today.
    """

    def __init__(self, history: History, job: Job, day: date, clock: Clock | None = None) -> None:
        self._history, self._job, self._day = history, job.crm_identity, day
        self._clock = clock or SystemClock()
        self._state: tuple[list[tuple[Any, ...]], int] | None = None

    def shown(self, crm: CrmData, part: Part) -> CrmData:
        """Return the records with the values of the snapshots, and remember their state."""
        days = self._today(crm.zone)
        past = self._day < min(days)
        states = self._history.deal_states(self._job)
        if not past and self._day <= max(days) + timedelta(days=1):
            end = int(crm.until.astype(np.int64)) - 1
            rows = _rows(crm.deals, CommonNames(part))
            self._state = rows, end
            # As later runs will see it, so that their report of this day is the same.
            states = [one for one in states if one[1] != end]
            states += [(deal, end, *fields) for deal, _, *fields in rows]
            states.sort(key=lambda one: (isinstance(one[0], str), one[0], one[1]))
        values = _values(states, crm)
        return crm if values is None else crm.with_values(values, shown=past)

    def save(self) -> bool:
        """Save the state that was read; return whether there was one that is of today."""
        if self._state is None or self._later_days():
            return False
        rows, end = self._state
        self._history.save_deals(rows, day=self._day, at=end, job=self._job)
        return True

    def _later_days(self) -> bool:
        return any(day > self._day for day in self._history.deal_days(self._job))

    def _today(self, zone: str) -> tuple[date, date]:
        """Return the day here, and that of the business."""
        moment = datetime.fromtimestamp(self._clock.now(), tz=ZoneInfo(zone))
        return moment.astimezone().date(), moment.date()


def _rows(deals: Deals, names: CommonNames) -> list[tuple[Any, ...]]:
    """Return the deals as rows of the history."""
    from abcxyz.history.deals import DEAL_FIELDS

    customers: list[str | None] = [None] * len(deals)
    if deals.customer is not None:
        listed = deals.customer.tolist()
        customers = [None if one in ("", -1) else names[one] for one in listed]
    held = deals.columns()
    columns = (_plain(held.get(name), len(deals)) for name in DEAL_FIELDS)
    return list(zip(deals.deal.tolist(), customers, *columns, strict=True))


def _plain(column: Any, n: int) -> list[Any]:
    """Return a column as values of Python: texts, numbers, days and seconds since 1970."""
    if column is None:
        return [None] * n
    if isinstance(column, TextColumn):
        return column.tolist()
    gaps = np.isnan(column) if column.dtype.kind == "f" else np.isnat(column)
    numbers = column if column.dtype.kind == "f" else column.astype(np.int64)
    return [None if gap else one for one, gap in zip(numbers.tolist(), gaps, strict=True)]


def _values(states: list[tuple[Any, ...]], crm: CrmData) -> Values | None:
    """Return the states as a history of values: of each deal the changes of every field."""
    if not states:
        return None
    from abcxyz.history.deals import DEAL_FIELDS

    deal, at, *fields = zip(*states, strict=True)
    first = np.array([True, *(one != before for before, one in itertools.pairwise(deal))])
    whole = all(type(one) is int for one in deal)
    ids = np.array(deal, dtype=np.int64 if whole else object)
    moments = np.array(at, dtype=np.int64).astype("M8[s]")
    held = {"stage", "funnel", *crm.deals.columns()}
    rows, kinds, written = [], [], []
    for number, (name, column) in enumerate(zip(DEAL_FIELDS, fields, strict=True)):
        if name not in held:
            continue
        texts = text_column([_text(name, one) for one in column])
        new = first | np.r_[True, texts.codes[1:] != texts.codes[:-1]]
        chosen = np.flatnonzero(new)
        rows.append(chosen)
        kinds.append(np.full(len(chosen), number))
        written += texts[chosen].tolist()
    every = np.concatenate(rows)
    return Values(
        kind=TextColumn(("deal",), np.zeros(len(every), dtype=np.int64)),
        id=ids[every],
        field=TextColumn(DEAL_FIELDS, np.concatenate(kinds)),
        at=moments[every],
        value=text_column(written),
    )


def _text(name: str, value: Any) -> str:
    """Return a value as the table of values writes it."""
    if value is None:
        return ""
    if name == "planned":
        return str(_EPOCH + np.timedelta64(int(value), "D"))
    if name == "closed":
        return str(np.datetime64(value, "s"))
    return repr(value) if name == "amount" else str(value)
