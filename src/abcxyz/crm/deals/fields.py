"""Fields of deals whose past values are known, and the names that are refused."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Floats, Ints
from abcxyz.crm.deals.timeline import Timeline
from abcxyz.crm.records.columns import Moments, TextColumn, text_column
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.records.personal import describes_person, words_of
from abcxyz.errors import InputError

__all__ = ["HISTORIES", "KnownField", "check_field", "known_fields"]

HISTORIES = ("amount", "owner", "source", "planned")
"""Fields of a deal that are features wherever the table of values has their history."""

#: Words in the name of a field that becomes known only when a deal is decided.
_OUTCOME = frozenset(
    [
        *("close", "closed", "closing", "resolve", "resolved", "resolution", "won", "lost"),
        *("win", "loss", "outcome", "result", "reopen", "reopened", "reason", "updated", "sla"),
        *("modified", "закрыта", "закрыто", "закрытия", "исход", "результат", "причина"),
        *("проигран", "выигран", "изменена", "изменено"),
    ]
)
#: Different numbers up to which a field is a code of categories.
_CODES = 10
_AT_START = 0.9


@frozen(eq=False, slots=False)
class KnownField:
    """A field of n deals, with its values over time.

    Parameters
    ----------
    events
        Moments at which it got a value, by deal.
    value
        Values of the table that the events are places of.
    is_history
        Whether these are values over time; otherwise one that is known from the creation on.
    """

    events: Timeline
    value: TextColumn
    is_history: bool = True

    @functools.cached_property
    def _numbers(self) -> Floats:
        """Value of each category as a number, moments as seconds since 1970; NaN if none."""
        figures = []
        for one in self.value.categories:
            try:
                figures.append(float(one))
            except ValueError:
                figures.append(_seconds(one))
        return np.array(figures, dtype=np.float64)

    @functools.cached_property
    def is_moment(self) -> bool:
        """Whether every known value is a day or a moment."""
        known = self._known
        return bool(known) and all(not np.isnan(_seconds(one)) for one in known)

    @functools.cached_property
    def is_number(self) -> bool:
        """Whether every known value is a number, and there are more than a few; or a moment."""
        if self.is_moment:
            return True
        known = [self.value.code(one) for one in self._known]
        return len(known) > _CODES and not np.isnan(self._numbers[known]).any()

    @functools.cached_property
    def _known(self) -> list[str]:
        """Different values of the field; the table may hold those of other fields too."""
        return [one for one in self.value[self.events.order].present() if one]

    def texts(self, rows: Ints, moment: Any) -> Any:
        """Return the (n,) values of deals before a moment; an empty text if unknown."""
        place = self.events.latest(rows, moment)
        found = np.full(len(rows), "", dtype=object)
        some = place >= 0
        found[some] = self.value[place[some]].texts()
        return found

    def numbers(self, rows: Ints, moment: Any, *, relative: bool = False) -> Floats:
        """Return the (n,) values as numbers; as days from a value to the moment if *relative*."""
        place = self.events.latest(rows, moment)
        found = np.full(len(rows), np.nan)
        some = place >= 0
        found[some] = self._numbers[self.value.codes[place[some]]]
        if relative:
            seconds = np.asarray(moment).astype("M8[s]").astype(np.float64)
            found = (seconds - found) / 86400
        return found

    def times(self, rows: Ints, moment: Any) -> Ints:
        """Return how often the field of each deal had got a value."""
        return self.events.count(rows, moment)


def _seconds(value: str) -> float:
    """Return a day or moment in ISO form as seconds since 1970; NaN if it is none."""
    if len(value) < 8 or value[4:5] != "-":
        return float("nan")
    try:
        return float(np.datetime64(value.removesuffix("Z").replace(" ", "T"), "s").astype(int))
    except ValueError:
        return float("nan")


def check_field(name: str, allow: Sequence[str] = ()) -> None:
    """Check by its name that a field may be used.

    Raises
    ------
    InputError
        It describes a person, or becomes known only when a deal is decided.
    """
    if describes_person(name):
        raise InputError(
            "the field {name!r} describes a person, and no probability may rest on that; leave it "
            "out",
            name=name,
        )
    if name in allow:
        return
    if words_of(name) & _OUTCOME:
        raise InputError(
            "the field {name!r} becomes known only when a deal is decided, so it tells the "
            "outcome instead of predicting it; leave it out, or allow it by name if it is known "
            "from the start",
            name=name,
        )


def known_fields(
    crm: CrmData, names: Sequence[str] | Mapping[str, Any] = (), allow: Sequence[str] = ()
) -> dict[str, KnownField]:
    """Return the fields whose past values are known.

    Parameters
    ----------
    crm
        The records. Histories of `HISTORIES` in the table of values are always used.
    names
        Further fields: names of fields in the table of values, or of columns of the deals that
        do not change after the creation; or name -> (n,) such values of the deals.
    allow
        Names that look like the outcome and are known from the start all the same.

    Raises
    ------
    InputError
        A name is refused, or is no field of the records.
    """
    found = {name: one for name in HISTORIES if (one := _history(crm, name)) is not None}
    n = len(crm.deals)
    for name in names:
        check_field(name, allow)
        if isinstance(names, Mapping):
            column: Any = names[name]
        else:
            history = _history(crm, name)
            if history is not None:
                found[name] = history
                continue
            column = getattr(crm.deals, name, None) if name in _text_columns(crm) else None
            if column is None:
                raise InputError(
                    "the records have no field {name!r} of deals; name a column of the deals or a "
                    "field of the table values",
                    name=name,
                )
        texts = text_column(column)
        if len(texts) != n:
            raise InputError(
                "the field {name!r} has {count} {count:value|values}, and there {n:is|are} "
                "{n} {n:deal|deals}; give one per deal",
                name=name,
                count=len(texts),
                n=n,
            )
        start: Moments = np.full(n, np.datetime64("1678-01-01", "s"))
        found[name] = KnownField(Timeline.of(np.arange(n), start, n, texts.given()), texts, False)
    return found


def _text_columns(crm: CrmData) -> set[str]:
    fields = attrs.fields(type(crm.deals))
    return {one.name for one in fields if isinstance(getattr(crm.deals, one.name), TextColumn)}


def _history(crm: CrmData, name: str) -> KnownField | None:
    values = crm.values
    if values is None:
        return None
    chosen: Bools = (values.kind.codes == values.kind.code("deal")) & (
        values.field.codes == values.field.code(name)
    )
    if not chosen.any():
        return None
    row = crm.rows_of_deals(values.id)
    events = Timeline.of(row, values.at, len(crm.deals), chosen)
    # Values that all stand at the creation are a column of the deals, not its history.
    starts = crm.deals.created[row[events.order]] == values.at[events.order]
    is_history = not len(starts) or float(starts.mean()) < _AT_START
    return KnownField(events, values.value, is_history)
