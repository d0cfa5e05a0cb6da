"""Facts of a report about each customer and transition, independent of the language."""

from __future__ import annotations

import copy
import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import numpy as np
from attrs import evolve, frozen

from abcxyz._arrays import Codes, Floats, Ints
from abcxyz.core.advice.calls import CallList
from abcxyz.core.analysis.customer_columns import by_value
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.analysis.subset import subset
from abcxyz.core.classes.segments import ABC, SEGMENTS, XYZ
from abcxyz.core.dynamics.events import EVENTS, UNCHANGED
from abcxyz.core.sales.panel import Panel

__all__ = [
    "Customer",
    "Facts",
    "Move",
    "doubtful_letters",
    "name_of",
    "names_of",
    "result_hash",
    "trend",
]


def trend(panel: Panel) -> Floats:
    """Return the relative change of the window's last quarter against the mean before it.

    Returns
    -------
    numpy.ndarray
        (n,) relative change of the mean; NaN where there are no sales before.
    """
    sales = np.nan_to_num(np.asarray(panel.sales, dtype=np.float64))
    count = sales.shape[1]
    last = max(1, round(count / 4))
    if count <= last:
        return np.full(len(sales), np.nan)
    before, now = sales[:, :-last].mean(axis=1), sales[:, -last:].mean(axis=1)
    change: Floats = np.divide(now, before, out=np.full(len(sales), np.nan), where=before > 0) - 1
    return change


@frozen(kw_only=True)
class Customer:
    """Facts about one customer; NaN, None or empty text where unknown.

    ``gap`` is the days since the last order, ``late`` whether they are more than usual, and
    ``doubtful`` the axes in doubt, as in `Confidence`.
    """

    place: int
    customer: Any
    name: str
    segment: str
    abc: str
    xyz: str
    value: float
    share: float
    cumulative: float
    cv: float
    orders: int
    first: date | None
    last: date | None
    gap: float
    usual: float
    trend: float
    owner: str
    channel: str
    doubtful: int
    late: bool


@frozen(kw_only=True)
class Move:
    """Transition of one customer, with the money before and after."""

    customer: Any
    name: str
    before: str
    after: str
    event: str
    money_before: float
    money_after: float

    @property
    def change(self) -> float:
        """Change of the money."""
        return self.money_after - self.money_before


def name_of(analysis: Analysis, customer: Any) -> str:
    """Return the name of a customer, or the identifier where it has none."""
    name = analysis.names.get(customer)
    if name is None:
        name = analysis.names.get(str(customer))
    return str(customer) if name in (None, "") else str(name)


def names_of(analysis: Analysis, customers: Iterable[Any]) -> list[str]:
    """Return the names of many customers, each as `name_of` does."""
    known = dict(analysis.names)
    if not known:
        return [str(one) for one in customers]
    return [str(name) if (name := known.get(one)) else name_of(analysis, one) for one in customers]


def doubtful_letters(segment: str, axes: int) -> str:
    """Return the letters of a segment that are in doubt, by the number of `Confidence.doubtful`.

    Examples
    --------
    >>> [doubtful_letters("AX", axes) for axes in range(4)]
    ['', 'A', 'X', 'AX']
    """
    return segment[:1] * (axes & 1) + segment[1:] * (axes >> 1)


class Facts:
    """Facts of an analysis by customer.

    Parameters
    ----------
    analysis
        The analysis.
    """

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self.totals = analysis.summary()
        snapshot = analysis.snapshot
        actions = analysis.actions
        #: Days since the last order of each customer.
        self.silence = analysis.silence() if actions is None else actions.silence
        self._segment = snapshot.segment
        #: (n,) relative change of each customer, see `trend`.
        self.trend = trend(analysis.panel)
        self._values = np.asarray(snapshot.value, dtype=float)
        #: Indices of the customers, the largest value first.
        self.order: Ints = by_value(analysis)
        self.hash = result_hash(analysis)

    def with_calls(self, calls: CallList) -> Facts:
        """Return the same facts with another call list, without computing anything again."""
        other = copy.copy(self)
        other.analysis = evolve(self.analysis, calls=calls)
        return other

    def only(self, places: Ints) -> Facts:
        """Return the facts about some customers, by the classes of all."""
        other = Facts(subset(self.analysis, places))
        # Resampling some customers alone would cut the classes elsewhere.
        other.doubtful = self.doubtful[places]
        return other

    def customer(self, i: int) -> Customer:
        """Return the facts about the customer with index *i*."""
        analysis, snapshot = self.analysis, self.analysis.snapshot
        who = snapshot.customers[i]
        who = who.item() if isinstance(who, np.generic) else who
        code = int(self._segment[i])
        action = None if analysis.actions is None else analysis.actions[i]
        return Customer(
            place=i,
            customer=who,
            name=name_of(analysis, who),
            segment=SEGMENTS[code] if code >= 0 else "",
            abc=ABC[snapshot.abc[i]] if snapshot.abc[i] >= 0 else "",
            xyz=XYZ[snapshot.xyz[i]] if snapshot.xyz[i] >= 0 else "",
            value=float(self._values[i]),
            share=float(analysis.abc.share[i]),
            cumulative=float(analysis.abc.cumulative_share[i]),
            cv=float(snapshot.cv[i]),
            orders=int(snapshot.orders[i]),
            first=_day(snapshot.first_day[i]),
            last=_day(snapshot.last_day[i]),
            gap=float(self.days[i]),
            usual=float(self.analysis.usual_gaps[i]),
            trend=float(self.trend[i]),
            owner=self.owner(who),
            channel="" if action is None else action.channel,
            doubtful=int(self.doubtful[i]),
            late=bool(self.silence.late[i]),
        )

    def owner(self, customer: Any) -> str:
        """Return the responsible employee of a customer; empty text where unknown."""
        return _owner(_row_of(self.analysis.attributes, customer))

    def segment(self, code: int, most: int | None = None) -> Iterator[Customer]:
        """Yield the customers of a segment, the largest value first; -1 is not classified."""
        inside = self.order[self._segment[self.order] == code]
        for i in inside[:most].tolist():
            yield self.customer(i)

    @functools.cached_property
    def days(self) -> Floats:
        """(n,) days since the last order, counted as in the call list."""
        calls = self.analysis.calls
        if calls is None or calls.basis == "rule":
            return self.silence.days
        last = self.analysis.snapshot.last_day.astype("M8[D]")
        passed: Floats = (np.datetime64(calls.as_of) - last).astype(np.float64)
        passed[np.isnat(last)] = np.nan
        return passed

    @functools.cached_property
    def longest(self) -> Floats:
        """(n,) longest gap between two orders, in days; NaN without one."""
        return self.analysis.rhythm.longest()

    @functools.cached_property
    def places(self) -> dict[Any, int]:
        """Customer -> index in the arrays."""
        return {who: i for i, who in enumerate(self.analysis.snapshot.customers.tolist())}

    @functools.cached_property
    def doubtful(self) -> Codes:
        """(n,) axes in doubt of each customer, see `Confidence.doubtful`."""
        return self.analysis.confidence.doubtful

    @functools.cached_property
    def owners(self) -> list[str]:
        """Responsible employee of each customer; empty text where unknown."""
        return [_owner(row) for row in self.attributes]

    @functools.cached_property
    def attributes(self) -> list[Mapping[str, object]]:
        """(n,) attributes of each customer."""
        known = dict(self.analysis.attributes)
        if not known:
            return [{}] * len(self.analysis.snapshot)
        return [_row_of(known, one) for one in self.analysis.snapshot.customers.tolist()]

    @functools.cached_property
    def moved(self) -> Ints:
        """(m,) positions of the transitions to another class, the largest change first."""
        changes = self.analysis.transitions
        if changes is None or changes.value_before is None or changes.value_after is None:
            return np.empty(0, np.int64)
        quiet = [EVENTS.index(name) for name in UNCHANGED]
        chosen = np.flatnonzero(~np.isin(changes.events, [-1, *quiet]))
        change = np.abs(changes.value_after - changes.value_before)[chosen]
        return chosen[np.argsort(-change, kind="stable")]

    def moves(self, most: int | None = None) -> list[Move]:
        """List the transitions since the previous snapshot, the largest change of money first."""
        return self._moves(self.moved[:most])

    def _moves(self, places: Ints) -> list[Move]:
        changes = self.analysis.transitions
        if changes is None or changes.value_before is None or changes.value_after is None:
            return []
        who = places if changes.customers is None else changes.customers[places]
        return [
            Move(
                customer=customer,
                name=name_of(self.analysis, customer),
                before=_state(before),
                after=_state(after),
                event=EVENTS[event],
                money_before=money_before,
                money_after=money_after,
            )
            for customer, before, after, event, money_before, money_after in zip(
                who.tolist(),
                changes.before[places].tolist(),
                changes.after[places].tolist(),
                changes.events[places].tolist(),
                changes.value_before[places].tolist(),
                changes.value_after[places].tolist(),
                strict=True,
            )
        ]


def _row_of(attributes: Mapping[Any, Mapping[str, object]], customer: Any) -> Mapping[str, object]:
    return attributes.get(customer) or attributes.get(str(customer)) or {}


def _owner(row: Mapping[str, object]) -> str:
    owner = row.get("owner")
    return "" if owner is None else str(owner)


def _state(code: int) -> str:
    return SEGMENTS[code] if code >= 0 else "N" if code == -1 else "absent"


def _day(day: Any) -> date | None:
    if np.isnat(day):
        return None
    result: date = day.astype("M8[D]").item()
    return result


def result_hash(analysis: Analysis) -> str:
    """Return 12 hexadecimal digits of a hash over customers, classes and sums."""
    snapshot = analysis.snapshot
    hashed = hashlib.sha256(f"{snapshot.as_of} {snapshot.settings.fingerprint}".encode())
    rows = zip(
        snapshot.customers.tolist(),
        snapshot.segment.tolist(),
        np.asarray(snapshot.value, dtype=float).tolist(),
        strict=True,
    )
    lines = [
        f"{who!r}\t{code}\t{value:.2f}\n" if value == value else f"{who!r}\t{code}\t\n"
        for who, code, value in rows
    ]
    hashed.update("".join(lines).encode("utf-8", "replace"))
    return hashed.hexdigest()[:12]
