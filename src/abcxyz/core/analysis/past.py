"""What a history knows beside a result: the structure over time, and what became of alerts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Codes, Ints
from abcxyz.core.advice.crm_facts import TimeSpent
from abcxyz.core.analysis.bridge import year_before
from abcxyz.core.landmarks.horizon import LONGEST_HORIZON
from abcxyz.core.minor_units import money_sum
from abcxyz.core.sales.panel import Panel
from abcxyz.core.snapshots.snapshot import Snapshot

__all__ = [
    "AlertRecord",
    "PastClasses",
    "PastResult",
    "hours_by_class",
    "money_after",
    "result_of",
]


@frozen(kw_only=True)
class PastResult:
    """Totals of the classes A, B and C in one result.

    Parameters
    ----------
    dated
        Date of the result.
    customers
        (3,) number of customers of each class.
    value
        (3,) the metric of each class.
    hours
        (3,) hours spent on the customers of each class in the window; None if not known.
    """

    dated: date
    customers: tuple[int, int, int]
    value: tuple[float, float, float]
    hours: tuple[float, float, float] | None = None

    def shares(self, what: str) -> tuple[float, float, float]:
        """Return the shares of the classes in ``customers``, ``value`` or ``hours``; or NaN.

        Examples
        --------
        >>> PastResult(dated=date(2026, 1, 31), customers=(1, 1, 2),
        ...            value=(80.0, 15.0, 5.0)).shares("customers")
        (0.25, 0.25, 0.5)
        """
        parts: tuple[float, float, float] = getattr(self, what) or (0.0, 0.0, 0.0)
        total = math.fsum(parts)
        a, b, c = (one / total if total > 0 else math.nan for one in parts)
        return a, b, c

    @property
    def all_hours(self) -> float:
        """Hours spent on the customers of all classes; 0 if not known."""
        return math.fsum(self.hours or ())

    @property
    def all_value(self) -> float:
        """Value of the customers of all classes."""
        return math.fsum(self.value)


@frozen(kw_only=True)
class PastClasses:
    """Segments of the n customers of a result in d results, that one included.

    Parameters
    ----------
    dates
        (d,) dates of the results, the oldest first.
    codes
        (n, d) segment of each customer, in the order of the snapshot; -1 without sales, -2 where
        the customer was not listed.
    """

    __hash__ = None  # type: ignore[assignment]

    dates: tuple[date, ...] = field(converter=tuple[date, ...])
    codes: Codes = field(eq=SAME_ARRAYS)

    def changes(self) -> tuple[Ints, Ints]:
        """Return where a segment begins: (m,) positions of customers, and (m,) of dates.

        Examples
        --------
        >>> days = [date(2026, month, 28) for month in (1, 2, 3)]
        >>> past = PastClasses(dates=days, codes=np.array([[0, 0, 1], [4, 4, 4]]))
        >>> [one.tolist() for one in past.changes()]
        [[0, 0, 1], [0, 2, 0]]
        """
        fresh = np.ones(self.codes.shape, dtype=bool)
        fresh[:, 1:] = self.codes[:, 1:] != self.codes[:, :-1]
        customers, dates = np.nonzero(fresh)
        return customers, dates


def hours_by_class(
    snapshot: Snapshot, spent: Iterable[TimeSpent]
) -> tuple[float, float, float] | None:
    """Add up the hours spent on the customers of each class; None where no time is recorded.

    Examples
    --------
    >>> from abcxyz import Settings, Transactions, analyze
    >>> sales = Transactions(["a", "a", "b"], [date(2026, 1, 5), date(2026, 2, 5),
    ...                      date(2026, 2, 9)], [50, 50, 10])
    >>> made = analyze(sales, as_of=date(2026, 3, 1), settings=Settings(period="2M"))
    >>> hours_by_class(made.snapshot, [TimeSpent(customer="b", hours=1.5)])
    (0.0, 1.5, 0.0)
    """
    hours, known = [0.0, 0.0, 0.0], False
    positions = snapshot.positions
    for one in spent:
        known = True
        place = positions.get(one.customer)
        if place is not None and snapshot.abc[place] >= 0:
            hours[int(snapshot.abc[place])] += one.hours
    a, b, c = (round(one, 2) for one in hours)
    return (a, b, c) if known else None


def result_of(snapshot: Snapshot, hours: tuple[float, float, float] | None = None) -> PastResult:
    """Return the totals of the classes in a snapshot; customers without a class count nowhere."""
    value = np.asarray(snapshot.value, dtype=np.float64)
    chosen = [(snapshot.abc == code) & (snapshot.segment >= 0) for code in range(3)]
    a, b, c = (int(one.sum()) for one in chosen)
    x, y, z = (money_sum(np.nan_to_num(value[one])) for one in chosen)
    return PastResult(dated=snapshot.dated, customers=(a, b, c), value=(x, y, z), hours=hours)


def money_after(panel: Panel, called: Mapping[str, date]) -> tuple[int, float]:
    """Add up the metric of the orders that followed calls to customers.

    Parameters
    ----------
    panel
        Sales by bucket; those of `Panel.earlier` count too.
    called
        Customer as text -> day of the call.

    Returns
    -------
    (int, float)
        Number of calls after which at least one whole bucket is known, and the metric of these
        customers in the whole buckets of the `LONGEST_HORIZON` days after the call. What was
        ordered between the call and the next bucket is not in it: a panel does not know the days.

    Examples
    --------
    >>> from abcxyz import Settings, Transactions, analyze
    >>> sales = Transactions(["a", "a", "a"], [date(2026, 1, 5), date(2026, 2, 5),
    ...                      date(2026, 3, 9)], [50, 60, 70])
    >>> made = analyze(sales, as_of=date(2026, 4, 1), settings=Settings(period="3M"))
    >>> money_after(made.panel, {"a": date(2026, 1, 20)})
    (1, 130.0)
    """
    if not called:
        return 0, 0.0
    edges, sales = panel.periods.edges, panel.sales.astype(np.float64)
    past = year_before(panel)
    if past is not None and past.edges[-1] >= edges[0]:
        # Buckets that extend beyond their window are in both.
        fresh = [k for k, since in enumerate(past.edges[:-1]) if since < edges[0]]
        edges = (*(past.edges[k] for k in fresh), *edges)
        sales = np.hstack([past.sales[:, fresh], sales])
    since = np.array(edges[:-1], dtype="M8[D]")
    until = np.array(edges[1:], dtype="M8[D]")
    # Buckets that extend beyond the lookback are not whole.
    lookback = panel.periods.lookback
    begun, known = max(edges[0], lookback.since), min(edges[-1], lookback.until)
    counted: dict[str, np.ndarray] = {}
    for who, day in called.items():
        last = min(known, day + timedelta(days=LONGEST_HORIZON + 1))
        after = (since > np.datetime64(day)) & (until <= np.datetime64(last))
        if after.any() and day + timedelta(days=1) >= begun:
            counted[who] = after
    found = [
        sales[row, counted[str(who)]]
        for row, who in enumerate(panel.customers.tolist())
        if str(who) in counted
    ]
    return len(counted), money_sum(np.nan_to_num(np.concatenate([np.empty(0), *found])))


@frozen(kw_only=True)
class AlertRecord:
    """What became of the alerts that runs have raised, by customers.

    Parameters
    ----------
    since
        Day of the first alert.
    raised
        Number of customers with an alert.
    reached
        How many of them have a logged outcome since their alert.
    ordered
        How many of these ordered after the call, or said that they do.
    followed
        How many of those reached have sales that are known after the call; see `money_after`.
    money
        The metric of the orders that followed these calls; None where none is known.
    """

    since: date
    raised: int
    reached: int
    ordered: int
    followed: int = 0
    money: float | None = None
